package trace

import (
	"errors"
	"unicode/utf16"
	"unicode/utf8"
)

// These functions scan one line of JSON from a place on, and tell where they
// stopped. They exist because a replay reads millions of small objects of
// known fields: this is the path that runs once an event.

// kindOf tells the JSON values apart.
type kindOf uint8

const (
	null kindOf = iota
	boolean
	number
	text
	array
	object
)

var kindNames = [...]string{null: "null", boolean: "true or false", number: "a number", text: "a string", array: "a list", object: "an object"}

// A value is a scanned JSON value.
type value struct {
	kind kindOf
	text string // of a string, decoded; of a number, a boolean, a list or an object, as written
}

var (
	errJSON = errors.New("not a JSON object")
	errUTF8 = errors.New("not UTF-8")
)

// space skips white space.
func space(line string, i int) int {
	for i < len(line) && (line[i] == ' ' || line[i] == '\t' || line[i] == '\r' || line[i] == '\n') {
		i++
	}
	return i
}

// eachMember calls found with the members of the object that begins at i.
func eachMember(line string, i int, found func(key string, v value) error) (int, error) {
	i = space(line, i)
	if i == len(line) || line[i] != '{' {
		return i, errJSON
	}
	i = space(line, i+1)
	if i < len(line) && line[i] == '}' {
		return i + 1, nil
	}
	for {
		var key string
		var v value
		var err error
		if key, i, err = scanKey(line, i); err != nil {
			return i, err
		}
		if v, i, err = scanValue(line, i, 0); err != nil {
			return i, err
		}
		if err := found(key, v); err != nil {
			return i, err
		}
		i = space(line, i)
		switch {
		case i < len(line) && line[i] == ',':
			i = space(line, i+1)
		case i < len(line) && line[i] == '}':
			return i + 1, nil
		default:
			return i, errJSON
		}
	}
}

// scanKey scans a key and the colon after it.
func scanKey(line string, i int) (string, int, error) {
	if i >= len(line) || line[i] != '"' {
		return "", i, errJSON
	}
	key, i, err := scanString(line, i+1)
	if err != nil {
		return "", i, err
	}
	i = space(line, i)
	if i == len(line) || line[i] != ':' {
		return "", i, errJSON
	}
	return key, space(line, i+1), nil
}

// maxDepth bounds the nesting of values, which a trace has no use for.
const maxDepth = 32

func scanValue(line string, i, depth int) (value, int, error) {
	if i >= len(line) || depth > maxDepth {
		return value{}, i, errJSON
	}
	var err error
	start := i
	switch c := line[i]; {
	case c == '"':
		s, i, err := scanString(line, i+1)
		return value{text, s}, i, err
	case c == '-' || c >= '0' && c <= '9':
		i, err = scanNumber(line, i)
		return value{number, line[start:i]}, i, err
	case c == '[':
		i, err = scanArray(line, i+1, depth+1, func(value) error { return nil })
		return value{array, line[start:i]}, i, err
	case c == '{':
		i, err = scanObject(line, i+1, depth+1)
		return value{object, line[start:i]}, i, err
	}
	for _, w := range [...]struct {
		word string
		kind kindOf
	}{{"true", boolean}, {"false", boolean}, {"null", null}} {
		if len(line)-i >= len(w.word) && line[i:i+len(w.word)] == w.word {
			return value{w.kind, w.word}, i + len(w.word), nil
		}
	}
	return value{}, i, errJSON
}

// scanArray scans a list after its opening bracket.
func scanArray(line string, i, depth int, found func(value) error) (int, error) {
	i = space(line, i)
	if i < len(line) && line[i] == ']' {
		return i + 1, nil
	}
	for {
		v, next, err := scanValue(line, space(line, i), depth)
		if err != nil {
			return next, err
		}
		if err := found(v); err != nil {
			return next, err
		}
		i = space(line, next)
		switch {
		case i < len(line) && line[i] == ']':
			return i + 1, nil
		case i < len(line) && line[i] == ',':
			i++
		default:
			return i, errJSON
		}
	}
}

// scanObject scans an object that has no meaning here, after its opening
// brace.
func scanObject(line string, i, depth int) (int, error) {
	i = space(line, i)
	if i < len(line) && line[i] == '}' {
		return i + 1, nil
	}
	for {
		_, next, err := scanKey(line, space(line, i))
		if err != nil {
			return next, err
		}
		if _, next, err = scanValue(line, next, depth); err != nil {
			return next, err
		}
		i = space(line, next)
		switch {
		case i < len(line) && line[i] == '}':
			return i + 1, nil
		case i < len(line) && line[i] == ',':
			i++
		default:
			return i, errJSON
		}
	}
}

// digits skips digits.
func digits(line string, i int) int {
	for i < len(line) && line[i] >= '0' && line[i] <= '9' {
		i++
	}
	return i
}

func scanNumber(line string, i int) (int, error) {
	if line[i] == '-' {
		i++
	}
	start := i
	i = digits(line, i)
	if i == start || line[start] == '0' && i > start+1 {
		return i, errJSON
	}
	if i < len(line) && line[i] == '.' {
		start, i = i+1, digits(line, i+1)
		if i == start {
			return i, errJSON
		}
	}
	if i < len(line) && (line[i] == 'e' || line[i] == 'E') {
		i++
		if i < len(line) && (line[i] == '+' || line[i] == '-') {
			i++
		}
		start, i = i, digits(line, i)
		if i == start {
			return i, errJSON
		}
	}
	return i, nil
}

// plain marks the bytes that a string may have as they are: ASCII but for the
// quote, the backslash and control characters.
var plain = func() (set [256]bool) {
	for c := ' '; c < utf8.RuneSelf; c++ {
		set[c] = c != '"' && c != '\\'
	}
	return set
}()

// scanString scans a string after its opening quote. What has no escapes is a
// part of the line.
func scanString(line string, i int) (string, int, error) {
	start := i
	for i < len(line) && plain[line[i]] {
		i++
	}
	if i < len(line) && line[i] == '"' {
		return line[start:i], i + 1, nil
	}
	return scanOddString(line, start, i)
}

// scanOddString scans a string that is more than plain ASCII: at i it is not.
func scanOddString(line string, start, i int) (string, int, error) {
	b := []byte(line[start:i])
	for i < len(line) {
		c := line[i]
		i++
		switch {
		case c == '"':
			if !utf8.Valid(b) {
				return "", i, errUTF8
			}
			return string(b), i, nil
		case c < ' ':
			return "", i, errJSON
		case c != '\\':
			b = append(b, c)
		default:
			var err error
			if b, i, err = scanEscape(b, line, i); err != nil {
				return "", i, err
			}
		}
	}
	return "", i, errJSON
}

var escapes = [256]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

// scanEscape appends what the escape after a backslash stands for.
func scanEscape(b []byte, line string, i int) ([]byte, int, error) {
	if i == len(line) {
		return nil, i, errJSON
	}
	if c := line[i]; c != 'u' {
		if escapes[c] == 0 {
			return nil, i, errJSON
		}
		return append(b, escapes[c]), i + 1, nil
	}
	r, i, ok := scanHex(line, i+1)
	if !ok {
		return nil, i, errJSON
	}
	if utf16.IsSurrogate(r) && i+1 < len(line) && line[i] == '\\' && line[i+1] == 'u' {
		low, next, ok := scanHex(line, i+2)
		if !ok {
			return nil, next, errJSON
		}
		if pair := utf16.DecodeRune(r, low); pair != utf8.RuneError {
			r, i = pair, next
		}
	}
	return utf8.AppendRune(b, r), i, nil
}

// scanHex scans four hexadecimal digits.
func scanHex(line string, i int) (rune, int, bool) {
	if i+4 > len(line) {
		return 0, i, false
	}
	r := rune(0)
	for _, c := range []byte(line[i : i+4]) {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			c = c | 0x20 - 'a' + 10
		default:
			return 0, i, false
		}
		r = r<<4 | rune(c)
	}
	return r, i + 4, true
}
