package accesslog

import (
	"bytes"
	"fmt"
	"strings"
)

// A layout is the shape of a line of text: fields, and the characters between.
type layout struct {
	before []byte // the first field
	fields []slot
	open   bool // anything may follow the last field's end
}

// A slot is a field and what ends it: these characters, or the line's end.
type slot struct {
	field
	end    []byte
	quoted bool
}

// text reads lines by a layout.
type text struct {
	*layout
	clock *clock
	ends  bool // the written time is the end

	tail int     // the slot that is a time of unknown unit, else -1
	seen []int64 // what the first lines have there, in millionths
	dots int     // how many of them have decimals
}

// parse takes a line that ends inside quotes for one that was cut short.
func (t *text) parse(line []byte, r *record) reason {
	whole := line
	if !bytes.HasPrefix(line, t.before) {
		return r.bad(wantShape, line)
	}
	line = line[len(t.before):]
	r.ends = t.ends
	for i := range t.fields {
		s := &t.fields[i]
		n := s.length(line)
		if n < 0 && s.quoted && r.dated && bytes.IndexByte(line, '"') < 0 {
			r.cut = true
			return s.set(t.clock, r, line)
		}
		if n < 0 {
			return r.bad(wantShape, whole)
		}
		v := line[:n]
		line = line[n+len(s.end):]
		if i == t.tail && s.unit == 0 {
			if !isNumber(v) {
				return r.bad(wantTook, v)
			}
			t.sample(v)
			continue
		}
		if s.kind == kSkip {
			continue
		}
		if why := s.set(t.clock, r, v); why != good {
			return why
		}
	}
	if len(line) > 0 && !t.open {
		return r.bad(wantShape, whole)
	}
	return good
}

// length is where the value at the beginning of a line ends, -1 when it does
// not. A value in quotes may have quotes after a backslash in it, and a last
// one no blanks.
func (s *slot) length(line []byte) int {
	switch {
	case len(s.end) == 0 && s.kind != kRest && s.kind != kStampCLF && bytes.IndexByte(line, ' ') >= 0:
		return -1
	case len(s.end) == 0:
		return len(line)
	case s.quoted:
		return s.quote(line)
	case len(s.end) == 1:
		return bytes.IndexByte(line, s.end[0])
	}
	for from := 0; ; from++ { // most often the first hit is it
		i := bytes.IndexByte(line[from:], s.end[0])
		if i < 0 {
			return -1
		}
		if from += i; bytes.HasPrefix(line[from:], s.end) {
			return from
		}
	}
}

func (s *slot) quote(line []byte) int {
	for from := 0; ; {
		i := bytes.IndexByte(line[from:], '"')
		if i < 0 {
			return bytes.Index(line, s.end) // it ends with a backslash
		}
		i += from
		slashes := 0
		for slashes < i && line[i-1-slashes] == '\\' {
			slashes++
		}
		if slashes%2 == 0 && bytes.HasPrefix(line[i:], s.end) {
			return i
		}
		from = i + 1
	}
}

// sample remembers a time of unknown unit. The first lines settle what it is.
func (t *text) sample(v []byte) {
	if bytes.IndexByte(v, '.') >= 0 {
		t.dots++
	}
	if n, ok := amount(v, Seconds); ok {
		t.seen = append(t.seen, n)
	}
}

// A variable is what a name in a format string stands for.
type variable struct {
	field
	name string
}

// build joins variables and the characters between them to a layout.
type builder struct {
	layout
	given string
}

func (b *builder) literal(s string) {
	if n := len(b.fields); n > 0 {
		b.fields[n-1].end = append(b.fields[n-1].end, s...)
		return
	}
	b.before = append(b.before, s...)
}

func (b *builder) add(v variable) error {
	n := len(b.fields)
	if n > 0 && len(b.fields[n-1].end) == 0 {
		last := &b.fields[n-1]
		if last.kind == kPath && v.kind == kQuery {
			last.kind = kURI
			return nil
		}
		return fmt.Errorf("log format %q: want something between %s and the value before it", b.given, v.name)
	}
	before := b.before
	if n > 0 {
		before = b.fields[n-1].end
	}
	b.fields = append(b.fields, slot{field: v.field, quoted: bytes.HasSuffix(before, []byte{'"'})})
	return nil
}

// done checks the layout and finishes it.
func (b *builder) done() (*layout, error) {
	var dated, placed bool
	for i := range b.fields {
		s := &b.fields[i]
		s.quoted = s.quoted && len(s.end) > 0 && s.end[0] == '"'
		switch s.kind {
		case kStampCLF, kStampISO, kStampUnix, kStampAny:
			dated = true
		case kAddr, kAddrPort, kSomeAddr, kClient, kTraced, kForwarded, kUser, kSession, kCookie:
			placed = true
		}
	}
	if !dated {
		return nil, fmt.Errorf("log format %q: must have a time, such as $time_local, $time_iso8601, $msec or %%t", b.given)
	}
	if !placed {
		return nil, fmt.Errorf("log format %q: must have who asks, such as $remote_addr or %%h", b.given)
	}
	return &b.layout, nil
}

// compile makes a layout of a log_format of nginx, with $names, or a
// LogFormat of Apache: the format alone or the whole directive.
func compile(format string, o *Options) (l *layout, ends bool, err error) {
	b := &builder{given: format}
	format = strings.TrimSpace(format)
	switch {
	case strings.HasPrefix(format, "log_format "):
		format = pieces(format)
	case strings.HasPrefix(format, "LogFormat ") && strings.Contains(format, `"`):
		format = format[strings.IndexByte(format, '"')+1:]
		if end := strings.LastIndexByte(format, '"'); end >= 0 {
			format = format[:end]
		}
	}
	if strings.Contains(format, "$") {
		ends = true
		err = b.nginx(format, func(name string) field { return nginxField(name, o) })
	} else {
		err = b.apache(format, o)
	}
	if err != nil {
		return nil, false, err
	}
	l, err = b.done()
	return l, ends, err
}

// pieces joins what stands in quotes in a directive of nginx.
func pieces(directive string) string {
	var all strings.Builder
	for {
		i := strings.IndexAny(directive, `'"`)
		if i < 0 {
			return all.String()
		}
		piece, after, _ := strings.Cut(directive[i+1:], directive[i:i+1])
		all.WriteString(piece)
		directive = after
	}
}
