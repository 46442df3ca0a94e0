package trace

import (
	"errors"
	"unicode/utf16"
	"unicode/utf8"
)

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

// A scanner walks over one line of JSON. It exists because a replay reads
// millions of small objects of known fields: this is the path that runs once
// an event.
type scanner struct {
	line string
	i    int
}

func (s *scanner) reset(line string) { s.line, s.i = line, 0 }

func (s *scanner) space() {
	for s.i < len(s.line) {
		switch s.line[s.i] {
		case ' ', '\t', '\r', '\n':
			s.i++
		default:
			return
		}
	}
}

// eat skips space and then c, if it is there.
func (s *scanner) eat(c byte) bool {
	if s.i < len(s.line) && s.line[s.i] != c {
		s.space()
	}
	if s.i < len(s.line) && s.line[s.i] == c {
		s.i++
		return true
	}
	return false
}

// end reports whether nothing but space is left.
func (s *scanner) end() bool {
	s.space()
	return s.i == len(s.line)
}

// member scans the next member of an object after its opening brace; first
// says that there was none yet. It is false at the closing brace.
func (s *scanner) member(first bool) (key string, v value, ok bool, err error) {
	if s.eat('}') {
		return "", v, false, nil
	}
	if !first && !s.eat(',') {
		return "", v, false, errJSON
	}
	if !s.eat('"') {
		return "", v, false, errJSON
	}
	if key, err = s.str(); err != nil {
		return "", v, false, err
	}
	if !s.eat(':') {
		return "", v, false, errJSON
	}
	v, err = s.value(0)
	return key, v, true, err
}

// maxDepth bounds the nesting of values, which a trace has no use for.
const maxDepth = 32

func (s *scanner) value(depth int) (value, error) {
	s.space()
	if s.i == len(s.line) || depth > maxDepth {
		return value{}, errJSON
	}
	start := s.i
	switch c := s.line[s.i]; {
	case c == '"':
		s.i++
		b, err := s.str()
		return value{text, b}, err
	case c == '-' || c >= '0' && c <= '9':
		err := s.number()
		return value{number, s.line[start:s.i]}, err
	case c == '[':
		err := s.array(depth)
		return value{array, s.line[start:s.i]}, err
	case c == '{':
		err := s.object(depth)
		return value{object, s.line[start:s.i]}, err
	}
	for _, w := range [...]struct {
		word string
		kind kindOf
	}{{"true", boolean}, {"false", boolean}, {"null", null}} {
		if len(s.line)-s.i >= len(w.word) && s.line[s.i:s.i+len(w.word)] == w.word {
			s.i += len(w.word)
			return value{w.kind, s.line[start:s.i]}, nil
		}
	}
	return value{}, errJSON
}

func (s *scanner) array(depth int) error {
	s.i++
	if s.eat(']') {
		return nil
	}
	for {
		if _, err := s.value(depth + 1); err != nil {
			return err
		}
		if s.eat(']') {
			return nil
		}
		if !s.eat(',') {
			return errJSON
		}
	}
}

func (s *scanner) object(depth int) error {
	s.i++
	if s.eat('}') {
		return nil
	}
	for {
		if !s.eat('"') {
			return errJSON
		}
		if _, err := s.str(); err != nil {
			return err
		}
		if !s.eat(':') {
			return errJSON
		}
		if _, err := s.value(depth + 1); err != nil {
			return err
		}
		if s.eat('}') {
			return nil
		}
		if !s.eat(',') {
			return errJSON
		}
	}
}

func (s *scanner) digits() bool {
	start := s.i
	for s.i < len(s.line) && s.line[s.i] >= '0' && s.line[s.i] <= '9' {
		s.i++
	}
	return s.i > start
}

func (s *scanner) number() error {
	if s.line[s.i] == '-' {
		s.i++
	}
	start := s.i
	if !s.digits() || s.line[start] == '0' && s.i > start+1 {
		return errJSON
	}
	if s.i < len(s.line) && s.line[s.i] == '.' {
		s.i++
		if !s.digits() {
			return errJSON
		}
	}
	if s.i < len(s.line) && (s.line[s.i] == 'e' || s.line[s.i] == 'E') {
		s.i++
		if s.i < len(s.line) && (s.line[s.i] == '+' || s.line[s.i] == '-') {
			s.i++
		}
		if !s.digits() {
			return errJSON
		}
	}
	return nil
}

// plain marks the bytes that a string may have as they are: ASCII but for the
// quote, the backslash and control characters.
var plain = func() (set [256]bool) {
	for c := ' '; c < utf8.RuneSelf; c++ {
		set[c] = c != '"' && c != '\\'
	}
	return set
}()

// str scans a string after its opening quote. What has no escapes is a part of
// the line.
func (s *scanner) str() (string, error) {
	start, ascii := s.i, true
	for s.i < len(s.line) {
		c := s.line[s.i]
		switch {
		case plain[c]:
		case c == '"':
			b := s.line[start:s.i]
			s.i++
			if !ascii && !utf8.ValidString(b) {
				return "", errUTF8
			}
			return b, nil
		case c == '\\':
			return s.escaped(start)
		case c < ' ':
			return "", errJSON
		default:
			ascii = false
		}
		s.i++
	}
	return "", errJSON
}

// escaped scans the rest of a string that has an escape at s.i.
func (s *scanner) escaped(start int) (string, error) {
	b := []byte(s.line[start:s.i])
	for s.i < len(s.line) {
		c := s.line[s.i]
		s.i++
		switch {
		case c == '"':
			if !utf8.Valid(b) {
				return "", errUTF8
			}
			return string(b), nil
		case c < ' ':
			return "", errJSON
		case c != '\\':
			b = append(b, c)
		default:
			var err error
			if b, err = s.escape(b); err != nil {
				return "", err
			}
		}
	}
	return "", errJSON
}

var escapes = [256]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

// escape appends what the escape at s.i stands for.
func (s *scanner) escape(b []byte) ([]byte, error) {
	if s.i == len(s.line) {
		return nil, errJSON
	}
	c := s.line[s.i]
	s.i++
	if c != 'u' {
		if escapes[c] == 0 {
			return nil, errJSON
		}
		return append(b, escapes[c]), nil
	}
	r, ok := s.hex()
	if !ok {
		return nil, errJSON
	}
	if utf16.IsSurrogate(r) && s.i+1 < len(s.line) && s.line[s.i] == '\\' && s.line[s.i+1] == 'u' {
		back := s.i
		s.i += 2
		low, ok := s.hex()
		if !ok {
			return nil, errJSON
		}
		if pair := utf16.DecodeRune(r, low); pair != utf8.RuneError {
			r = pair
		} else {
			s.i = back
		}
	}
	return utf8.AppendRune(b, r), nil
}

func (s *scanner) hex() (rune, bool) {
	if s.i+4 > len(s.line) {
		return 0, false
	}
	r := rune(0)
	for _, c := range []byte(s.line[s.i : s.i+4]) {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			c = c | 0x20 - 'a' + 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	s.i += 4
	return r, true
}
