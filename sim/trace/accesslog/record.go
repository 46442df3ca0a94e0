package accesslog

import (
	"bytes"
	"strconv"
	"time"

	"highwater/engine"
)

// A record is what a line says, as slices of the line.
type record struct {
	at      int64 // µs since 1970, as written
	created int64 // ALB: when the request came in
	took    int64 // µs
	status  int
	dated   bool // at is known
	fine    bool // at came from a finer clock than the others of the line
	ends    bool // at is the end
	pending bool // ALB: one of the times says that it did not come to that
	sent    bool // ALB: one of them says that it did
	nowhere bool // the line says that no server got the request
	unnamed bool // Envoy: the line has a place for the server, and none there
	flagged bool // Envoy: a response flag says what went wrong
	asks    bool // the line has a place for a request
	odd     bool // what stands there is no request as HTTP has them
	cut     bool // the line was cut short
	coarse  bool // the written time is a whole second

	addr, user, forwarded, cookie, session, agent []byte
	method, path, query                           []byte
	given                                         []byte // what a reason is about
}

// A reason says why a line is not one of a log: what it should have had. The
// value it had instead is the record's given.
type reason string

const (
	good    reason = ""
	comment reason = "comment"

	wantAddr   reason = "want a client address"
	wantTime   reason = "want a time"
	wantTook   reason = "want the time the request took"
	wantStatus reason = "want a status"
	wantShape  reason = "want a line of the format"
	wantShort  reason = "want less than 1 MiB"
	wantText   reason = "want text without NUL bytes"
)

// bad is why, about what was given.
func (r *record) bad(why reason, given []byte) reason {
	r.given = given
	return why
}

// A kind is what a field of a line means.
type kind uint8

const (
	kSkip       kind = iota
	kNumber          // a number or - that does not matter
	kAddr            // client address
	kAddrPort        // client address, colon, port
	kSomeAddr        // client address unless the line has a better one
	kClient          // Traefik: the whole X-Forwarded-For, else the client address
	kUser            //
	kCommonUser      // Caddy once: the user in a line of the common format
	kForwarded       // X-Forwarded-For or Forwarded
	kTraced          // the same, and its last address is the client's
	kStampCLF        // 02/Jan/2006:15:04:05 -0700
	kStampISO        // 2006-01-02T15:04:05Z
	kStampUnix       // since 1970
	kStampAny        //
	kCreated         // ALB: when the request came in, ISO
	kTook            // how long, in the field's unit
	kPhase           // ALB: one of several parts of it
	kRequest         // GET /path?query HTTP/1.1
	kURI             // /path?query
	kPath            //
	kQuery           // with or without ?
	kMethod          //
	kFlags           // Envoy: response flags
	kUpstream        // Envoy: the server that got the request
	kStatus          //
	kAgent           //
	kCookie          // the whole Cookie header
	kSession         // the session itself
	kHostPort        // the server's name and port, which do not matter
	kRest            // whatever follows
)

// A field is one value of a line.
type field struct {
	kind kind
	unit Unit
}

// set puts a value into the record.
func (f field) set(c *clock, r *record, v []byte) reason {
	switch f.kind {
	case kSkip, kRest:
	case kNumber:
		if !isNumber(v) {
			return r.bad(wantShape, v)
		}
	case kHostPort:
		if i := bytes.LastIndexByte(v, ':'); i < 1 || !isNumber(v[i+1:]) {
			return r.bad(wantShape, v)
		}
	case kAddr, kAddrPort, kSomeAddr, kClient, kForwarded, kTraced:
		return f.setAddr(r, v)
	case kUser:
		r.user = unquoted(v)
	case kCommonUser:
		_, v = token(v)
		_, v = token(v)
		v, _ = token(v)
		r.user = unquoted(v)
	case kAgent:
		r.agent = value(v)
	case kCookie:
		r.cookie = value(v)
	case kSession:
		if v = value(v); v != nil {
			r.session = v
		}
	case kStampCLF, kStampISO, kStampUnix, kStampAny, kCreated:
		return f.setTime(c, r, v)
	case kTook, kPhase:
		return f.setTook(r, v)
	case kStatus:
		return r.setStatus(v)
	case kFlags:
		r.flagged = value(v) != nil
	case kUpstream:
		r.unnamed = value(v) == nil
	default:
		f.setRequest(r, v)
	}
	return good
}

func (f field) setAddr(r *record, v []byte) reason {
	switch f.kind {
	case kForwarded:
		if v = value(v); v != nil {
			r.forwarded = v
		}
		return good
	case kTraced:
		r.forwarded = value(v)
		r.addr = choose(r.forwarded, Last)
		return good
	case kSomeAddr:
		if r.addr != nil {
			return good
		}
	case kClient:
		if r.addr != nil && !bytes.Equal(r.addr, v) || bytes.IndexByte(v, ',') >= 0 {
			r.forwarded = value(v)
		}
		if r.addr != nil {
			return good
		}
		v = choose(v, First)
	case kAddrPort:
		if i := bytes.LastIndexByte(v, ':'); i > 0 {
			v = bare(v[:i])
		}
	}
	if value(v) == nil || f.kind != kSomeAddr && bytes.IndexByte(v, ' ') >= 0 {
		return r.bad(wantAddr, v)
	}
	r.addr = v
	return good
}

func (f field) setTime(c *clock, r *record, v []byte) reason {
	var at int64
	var ok bool
	switch f.kind {
	case kStampCLF:
		at, ok = c.clf(v)
	case kStampISO, kCreated:
		at, ok = c.iso(v)
	case kStampUnix:
		at, ok = since(v, f.unit)
	default:
		at, ok = c.any(v)
	}
	if !ok {
		return r.bad(wantTime, v)
	}
	switch {
	case f.kind == kCreated:
		r.created = at
	case !r.fine:
		r.at, r.dated, r.fine = at, true, f.kind == kStampUnix
	}
	return good
}

// longest is the longest time that a request can have taken.
const longest = 366 * int64(engine.Day)

func (f field) setTook(r *record, v []byte) reason {
	if v = value(v); v == nil {
		return good
	}
	if v[0] == '+' {
		v = v[1:]
	}
	d, ok := amount(v, f.unit)
	if !ok && len(v) > 0 && v[len(v)-1] == 's' { // 1.5ms, as Go writes it
		span, err := time.ParseDuration(string(v))
		d, ok = span.Microseconds(), err == nil
	}
	if !ok || d > longest || d < -longest {
		return r.bad(wantTook, v)
	}
	switch {
	case f.kind == kPhase && d < 0:
		r.pending = true
	case f.kind == kPhase:
		r.took += d
		r.sent = true
	default:
		r.took = max(d, 0)
	}
	return good
}

func (r *record) setStatus(v []byte) reason {
	if value(v) == nil || v[0] == '-' {
		return good
	}
	if r.status = num(v); r.status > 999 {
		return r.bad(wantStatus, v)
	}
	return good
}

// missing notes that the place of a value is there and holds nothing.
func (f field) missing(r *record) {
	switch f.kind {
	case kRequest, kURI, kPath:
		r.asks = true
	case kUpstream:
		r.unnamed = true
	}
}

func (f field) setRequest(r *record, v []byte) {
	r.asks = r.asks || f.kind != kQuery
	switch v = value(v); f.kind {
	case kMethod:
		r.method = v
	case kQuery:
		r.query = bytes.TrimPrefix(v, []byte("?"))
	case kPath:
		r.path = v
	case kURI:
		r.setURI(v)
	case kRequest:
		m, target, found := bytes.Cut(v, []byte(" "))
		if !found {
			r.odd = v != nil && string(v) != "<BADREQ>"
			if r.odd && v[0] == '/' {
				r.setURI(v)
			}
			return
		}
		if i := bytes.LastIndexByte(target, ' '); i >= 0 && bytes.HasPrefix(target[i:], []byte(" HTTP/")) {
			target = target[:i]
		}
		r.method = value(m)
		r.setURI(bytes.TrimSpace(target))
	}
}

// setURI splits /path?query, and leaves out a scheme and host before it.
func (r *record) setURI(v []byte) {
	if len(v) > 0 && v[0] != '/' {
		if _, after, found := bytes.Cut(v, []byte("://")); found {
			v = after[max(0, bytes.IndexByte(after, '/')):]
		}
	}
	if len(v) == 1 && v[0] == '-' {
		v = nil
	}
	if i := bytes.IndexByte(v, '?'); i >= 0 {
		r.path, r.query = v[:i], v[i+1:]
		return
	}
	r.path = v
}

// read reads a line with a parser, and settles what takes more than one
// field. The stamp is 0 for the format's own.
func (r *record) read(p parser, stamp Stamp, line []byte) reason {
	*r = record{}
	if why := p.parse(line, r); why != good {
		return why
	}
	if !r.dated {
		return r.bad(wantTime, line)
	}
	if stamp != 0 {
		r.ends = stamp == End
	}
	if r.created != 0 {
		if r.pending || r.took == 0 {
			r.took = min(max(0, r.at-r.created), longest)
		}
		r.at, r.ends = r.created, false
	}
	r.coarse = r.at%1e6 == 0
	if r.ends {
		r.at -= r.took
	}
	if r.status == 401 {
		r.user = nil // it was not checked yet
	}
	return good
}

// unquoted is a value without the quotes around it.
func unquoted(v []byte) []byte {
	if len(v) > 2 && v[0] == '"' && v[len(v)-1] == '"' {
		v = v[1 : len(v)-1]
	}
	return value(v)
}

// empty reports whether the line is of a connection without a request. A
// request that the line does not describe is one if it was answered; what is
// no HTTP, servers refuse by themselves.
func (r *record) empty() bool {
	switch {
	case !r.asks || r.cut || len(r.method) > 0 || len(r.path) > 0:
		return false
	case r.odd:
		return r.status == 400 || r.status == 408
	}
	return r.status == 0 || r.status/100 == 4
}

// undispatched reports whether the line says that no server got the request.
func (r *record) undispatched() bool {
	return !r.cut && (r.nowhere || r.unnamed && r.flagged || r.pending && !r.sent)
}

// value is v, nil for what logs write for nothing.
func value(v []byte) []byte {
	if len(v) == 0 || len(v) == 1 && v[0] == '-' || len(v) == 2 && v[0] == '"' && v[1] == '"' {
		return nil
	}
	return v
}

func isNumber(v []byte) bool {
	if len(v) == 1 && v[0] == '-' {
		return true
	}
	if len(v) > 0 && (v[0] == '-' || v[0] == '+') {
		v = v[1:]
	}
	for _, d := range v {
		if !isDigit(d) && d != '.' {
			return false
		}
	}
	return len(v) > 0
}

// amount reads a decimal number of units as microseconds, rounded.
func amount(b []byte, unit Unit) (int64, bool) {
	sign, v := int64(1), b
	if len(v) > 0 && v[0] == '-' {
		sign, v = -1, v[1:]
	}
	var whole, frac, scale int64 = 0, 0, 1
	i := 0
	for ; i < len(v) && isDigit(v[i]); i++ {
		if whole > 1<<62/nano[unit]/10 {
			return 0, false
		}
		whole = whole*10 + int64(v[i]-'0')
	}
	if i == 0 {
		return 0, false
	}
	if i < len(v) && v[i] == '.' {
		for i++; i < len(v) && isDigit(v[i]); i++ {
			if scale < 1e9 {
				frac, scale = frac*10+int64(v[i]-'0'), scale*10
			}
		}
	}
	if i < len(v) {
		return exponent(b, unit)
	}
	return sign * ((whole*nano[unit] + frac*nano[unit]/scale + 500) / 1000), true
}

// exponent reads numbers such as 2.5e-05.
func exponent(b []byte, unit Unit) (int64, bool) {
	v, err := strconv.ParseFloat(string(b), 64)
	v *= float64(nano[unit]) / 1e3
	if err != nil || v > 1<<53 || v < -1<<53 {
		return 0, false
	}
	return int64(v + 0.5), true
}

// choose is the client's address in an X-Forwarded-For or Forwarded.
func choose(v []byte, p Pick) []byte {
	if p == Whole {
		return value(v)
	}
	if i := bytes.IndexByte(v, ','); i >= 0 && p == First {
		v = v[:i]
	}
	if i := bytes.LastIndexByte(v, ','); i >= 0 {
		v = v[i+1:]
	}
	if i := bytes.Index(bytes.ToLower(v), []byte("for=")); i >= 0 {
		v, _, _ = bytes.Cut(v[i+4:], []byte(";"))
	}
	v = bytes.Trim(v, " \"\\")
	if i := bytes.LastIndexByte(v, ':'); i > 0 && (v[0] == '[' || bytes.IndexByte(v, ':') == i) && v[len(v)-1] != ']' {
		v = v[:i]
	}
	return value(bare(v))
}

// bare takes the brackets off [::1].
func bare(v []byte) []byte {
	if len(v) > 2 && v[0] == '[' && v[len(v)-1] == ']' {
		return v[1 : len(v)-1]
	}
	return v
}
