package accesslog

import (
	"bytes"
	"strings"
)

// w3c reads W3C extended logs. #Fields says what the lines after it have.
type w3c struct {
	clock   *clock
	session string // the field that holds the session
	fields  []field
	day     [10]byte // of #Date, for lines that have only a time
	buf     []byte
}

// w3cFields are the fields that matter here, in lower case. The date and time
// of a line come from two of them.
var w3cFields = map[string]field{
	"c-ip":                {kind: kAddr},
	"cs-username":         {kind: kUser},
	"cs-method":           {kind: kMethod},
	"cs-uri":              {kind: kURI},
	"cs-uri-stem":         {kind: kPath},
	"cs-uri-query":        {kind: kQuery},
	"sc-status":           {kind: kStatus},
	"time-taken":          {kind: kTook},
	"cs(user-agent)":      {kind: kAgent},
	"cs(cookie)":          {kind: kCookie},
	"x-forwarded-for":     {kind: kForwarded},
	"cs(x-forwarded-for)": {kind: kForwarded},
	"date":                {kind: kStampISO},
	"time":                {kind: kStampCLF},
}

func (w *w3c) parse(line []byte, r *record) reason {
	if line[0] == '#' {
		w.directive(line)
		return comment
	}
	if w.fields == nil {
		return r.bad("want #Fields: before the first line", line)
	}
	w.buf = w.buf[:0]
	day, clock := w.day[:], []byte(nil)
	whole, n := line, 0
	for len(line) > 0 {
		v, after := token(line)
		line = after
		if n == len(w.fields) {
			return r.bad("want as many values as #Fields says", whole)
		}
		switch f := w.fields[n]; f.kind {
		case kStampISO:
			day = v
		case kStampCLF:
			clock = v
		default:
			if why := w.set(f, r, v); why != good {
				return why
			}
		}
		n++
	}
	if n != len(w.fields) {
		return r.bad("want as many values as #Fields says", whole)
	}
	var ok bool
	if r.at, ok = w.clock.pair(day, clock); !ok {
		return r.bad(wantTime, whole[:min(len(whole), 20)])
	}
	r.dated, r.ends = true, true
	if r.addr == nil {
		return r.bad(wantAddr, whole)
	}
	return good
}

func (w *w3c) set(f field, r *record, v []byte) reason {
	switch f.kind {
	case kTook: // seconds with decimals elsewhere, whole milliseconds in IIS
		f.unit = Milliseconds
		if bytes.IndexByte(v, '.') >= 0 {
			f.unit = Seconds
		}
	case kUser, kForwarded, kCookie: // + stands for a blank
		if bytes.IndexByte(v, '+') >= 0 {
			from := len(w.buf)
			w.buf = append(w.buf, v...)
			v = w.buf[from:]
			for i := range v {
				if v[i] == '+' {
					v[i] = ' '
				}
			}
		}
	}
	return f.set(w.clock, r, v)
}

// directive reads a line that begins with #.
func (w *w3c) directive(line []byte) {
	name, value, _ := bytes.Cut(line, []byte(":"))
	switch strings.ToLower(string(name)) {
	case "#fields":
		w.fields = []field{}
		for _, f := range strings.Fields(strings.ToLower(string(value))) {
			known := w3cFields[f]
			if f == w.session {
				known = field{kind: kSession}
			}
			w.fields = append(w.fields, known)
		}
	case "#date":
		copy(w.day[:], bytes.TrimSpace(value))
	}
}

// token is the first value of a line and what follows the blanks after it.
func token(line []byte) (v, after []byte) {
	i := 0
	for i < len(line) && line[i] != ' ' && line[i] != '\t' {
		i++
	}
	v = line[:i]
	for i < len(line) && (line[i] == ' ' || line[i] == '\t') {
		i++
	}
	return v, line[i:]
}
