package accesslog

import (
	"strconv"
	"unicode/utf8"
)

// objects reads logs that have one JSON object a line. Which of its members
// matter, a tree of names says.
type objects struct {
	keys  *keys
	clock *clock
	opt   *Options
	scan  scanner
}

// keys are the names in an object that matter.
type keys struct {
	values  map[string]field
	objects map[string]*keys // nested ones
	cookies bool             // names cookie_NAME are cookies
	ends    bool             // the written time is the end
}

func newObjects(k *keys, o *Options, c *clock) parser {
	return &objects{keys: k, clock: c, opt: o}
}

func (p *objects) parse(line []byte, r *record) reason {
	p.scan = scanner{b: line, buf: p.scan.buf[:0]}
	p.scan.blanks()
	if why := p.object(p.keys, r, 0); why != good {
		return why
	}
	if p.scan.blanks(); p.scan.i != len(line) {
		return r.bad("want one JSON object a line", line)
	}
	if r.addr == nil {
		return r.bad(wantAddr, line)
	}
	r.ends = p.keys.ends
	return good
}

const wantJSON reason = "want a JSON object"

// deepest is how deep objects can be in one another.
const deepest = 64

// object reads an object, taking the members in k (nil takes none).
func (p *objects) object(k *keys, r *record, depth int) reason {
	s := &p.scan
	if depth > deepest || !s.eat('{') {
		return r.bad(wantJSON, s.b)
	}
	for s.blanks(); !s.eat('}'); s.blanks() {
		name, ok := s.text()
		s.blanks()
		if !ok || !s.eat(':') {
			return r.bad(wantJSON, s.b)
		}
		s.blanks()
		if why := p.member(k, name, r, depth); why != good {
			return why
		}
		if s.blanks(); !s.eat(',') {
			if !s.is('}') {
				return r.bad(wantJSON, s.b)
			}
			continue
		}
		if s.blanks(); s.is('}') {
			return r.bad(wantJSON, s.b)
		}
	}
	return good
}

// member reads one value.
func (p *objects) member(k *keys, name []byte, r *record, depth int) reason {
	s := &p.scan
	var f field
	var sub *keys
	if k != nil {
		f, sub = p.find(k, name), k.objects[string(name)]
	}
	if s.is('{') {
		return p.object(sub, r, depth+1)
	}
	if s.is('[') { // of a header's values the first
		v, ok := p.array(depth + 1)
		if !ok {
			return r.bad(wantJSON, s.b)
		}
		if len(v) == 0 {
			return good
		}
		return f.set(p.clock, r, v)
	}
	v, ok := s.scalar()
	if !ok {
		return r.bad(wantJSON, s.b)
	}
	if len(v) == 0 || string(v) == "null" {
		f.missing(r)
		return good
	}
	if f.kind == kSkip {
		return good
	}
	return f.set(p.clock, r, v)
}

// array reads an array: its first value, when that is a scalar.
func (p *objects) array(depth int) (first []byte, ok bool) {
	s := &p.scan
	if depth > deepest || !s.eat('[') {
		return nil, false
	}
	for n := 0; ; n++ {
		s.blanks()
		if n == 0 && s.eat(']') {
			return nil, true
		}
		var v []byte
		switch {
		case s.is('['):
			_, ok = p.array(depth + 1)
		case s.is('{'):
			ok = p.object(nil, &record{}, depth+1) == good
		default:
			v, ok = s.scalar()
		}
		if !ok {
			return nil, false
		}
		if n == 0 {
			first = v
		}
		if s.blanks(); s.eat(']') {
			return first, true
		}
		if !s.eat(',') {
			return nil, false
		}
	}
}

func (p *objects) find(k *keys, name []byte) field {
	if f, ok := k.values[string(name)]; ok {
		return f
	}
	if p.opt.Session != "" && string(name) == p.opt.Session {
		return field{kind: kSession}
	}
	const prefix = "cookie_"
	if k.cookies && len(name) > len(prefix) && string(name[:len(prefix)]) == prefix && p.opt.isCookie(string(name[len(prefix):])) {
		return field{kind: kSession}
	}
	return field{}
}

// A scanner goes through a line of JSON.
type scanner struct {
	b   []byte
	i   int
	buf []byte // strings that had escapes
}

func (s *scanner) is(c byte) bool { return s.i < len(s.b) && s.b[s.i] == c }

func (s *scanner) eat(c byte) bool {
	if s.is(c) {
		s.i++
		return true
	}
	return false
}

func (s *scanner) blanks() {
	for s.i < len(s.b) && (s.b[s.i] == ' ' || s.b[s.i] == '\t' || s.b[s.i] == '\r') {
		s.i++
	}
}

// scalar reads a string, or a number or word as written.
func (s *scanner) scalar() ([]byte, bool) {
	if s.is('"') {
		return s.text()
	}
	from := s.i
	for s.i < len(s.b) && (isDigit(s.b[s.i]) || s.b[s.i]|0x20 >= 'a' && s.b[s.i]|0x20 <= 'z' ||
		s.b[s.i] == '-' || s.b[s.i] == '+' || s.b[s.i] == '.') {
		s.i++
	}
	return s.b[from:s.i], s.i > from
}

// text reads a string. Without escapes it is a slice of the line.
func (s *scanner) text() ([]byte, bool) {
	if !s.eat('"') {
		return nil, false
	}
	from := s.i
	for s.i < len(s.b) && s.b[s.i] != '"' && s.b[s.i] != '\\' {
		s.i++
	}
	if s.is('"') {
		s.i++
		return s.b[from : s.i-1], true
	}
	start := len(s.buf)
	s.buf = append(s.buf, s.b[from:s.i]...)
	for s.i < len(s.b) {
		switch c := s.b[s.i]; c {
		case '"':
			s.i++
			return s.buf[start:], true
		case '\\':
			if !s.escape() {
				return nil, false
			}
		default:
			s.buf = append(s.buf, c)
			s.i++
		}
	}
	return nil, false
}

// escape reads a backslash and what follows.
func (s *scanner) escape() bool {
	if s.i+1 >= len(s.b) {
		return false
	}
	c := s.b[s.i+1]
	s.i += 2
	switch c {
	case 'n':
		c = '\n'
	case 't':
		c = '\t'
	case 'r':
		c = '\r'
	case 'b':
		c = '\b'
	case 'f':
		c = '\f'
	case 'u':
		if s.i+4 > len(s.b) {
			return false
		}
		v, err := strconv.ParseUint(string(s.b[s.i:s.i+4]), 16, 16)
		s.buf = utf8.AppendRune(s.buf, rune(v)) // half of a pair becomes U+FFFD
		s.i += 4
		return err == nil
	case 'x': // nginx without escape=json
		if s.i+2 > len(s.b) {
			return false
		}
		v, err := strconv.ParseUint(string(s.b[s.i:s.i+2]), 16, 8)
		s.buf = append(s.buf, byte(v))
		s.i += 2
		return err == nil
	}
	s.buf = append(s.buf, c)
	return true
}
