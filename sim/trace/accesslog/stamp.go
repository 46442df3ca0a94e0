package accesslog

import (
	"time"
)

// A clock reads written times as microseconds since 1970. Logs say the same
// second many times in a row: it remembers the last one.
type clock struct {
	loc      *time.Location
	last     [32]byte // the last second and its zone, as written
	n        int      // length of last
	zoneless bool     // a time had no zone
	unix     int64    // that second
	zone     int      // its zone, seconds east
	minute   civil    // the last minute without a zone
	local    int64
}

// civil is a date and a time of day.
type civil struct{ year, month, day, hour, min, sec int }

const months = "janfebmaraprmayjunjulaugsepoctnovdec"

var monthDays = [13]int{0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31}

// valid accepts a leap second, and years that a trace can span.
func (t civil) valid() bool {
	return t.year >= 1970 && t.year < 2200 && t.month >= 1 && t.month <= 12 && t.day >= 1 && t.day <= monthDays[t.month] &&
		t.hour < 24 && t.min < 60 && t.sec <= 60
}

// utc is the second since 1970 of t in UTC. February 29 of other years is March 1.
func (t civil) utc() int64 {
	y, m := t.year, t.month
	if m <= 2 {
		y--
		m += 12
	}
	days := 365*y + y/4 - y/100 + y/400 + (153*(m-3)+2)/5 + t.day - 719469
	return int64(days)*86400 + int64(t.hour*3600+t.min*60+t.sec)
}

// clf reads 02/Jan/2006:15:04:05 -0700, and 02/Jan/2006:15:04:05.000 in the
// clock's own zone.
func (c *clock) clf(b []byte) (int64, bool) {
	if len(b) == c.n && string(b) == string(c.last[:c.n]) {
		return c.unix * 1e6, true
	}
	if len(b) < 20 || b[2] != '/' || b[6] != '/' || b[11] != ':' || b[14] != ':' || b[17] != ':' {
		return 0, false
	}
	t := civil{num(b[7:11]), month(b[3:6]), num(b[:2]), num(b[12:14]), num(b[15:17]), num(b[18:20])}
	if !t.valid() {
		return 0, false
	}
	switch rest := b[20:]; {
	case len(rest) == 6 && rest[0] == ' ':
		zone, ok := offset(rest[1:])
		if !ok {
			return 0, false
		}
		c.keep(b, t.utc()-int64(zone), zone)
		return c.unix * 1e6, true
	case len(rest) == 0 || rest[0] == '.':
		micro, ok := fraction(rest)
		return c.here(t)*1e6 + micro, ok
	}
	return 0, false
}

// iso reads 2006-01-02T15:04:05, with a blank or / as well, with or without
// a fraction and a zone. Without one it is the clock's own.
func (c *clock) iso(b []byte) (int64, bool) {
	if len(b) < 19 {
		return 0, false
	}
	frac, zone := b[19:], b[19:]
	for len(zone) > 0 && (isDigit(zone[0]) || zone[0] == '.' || zone[0] == ',') {
		zone = zone[1:]
	}
	frac = frac[:len(frac)-len(zone)]
	micro, ok := fraction(frac)
	if !ok || len(zone) > 7 {
		return 0, false
	}
	n := 19 + len(zone)
	if n == c.n && string(b[:19]) == string(c.last[:19]) && string(zone) == string(c.last[19:n]) {
		return c.unix*1e6 + micro, true
	}
	t, ok := date(b)
	if !ok || b[10] != 'T' && b[10] != 't' && b[10] != ' ' || !t.clock(b[11:19]) || !t.valid() {
		return 0, false
	}
	if len(zone) == 0 {
		return c.here(t)*1e6 + micro, true
	}
	if zone[0] == ' ' {
		zone = zone[1:]
	}
	east, ok := offset(zone)
	if !ok {
		return 0, false
	}
	c.keep(b[:19], t.utc()-int64(east), east)
	c.n += copy(c.last[19:], b[len(b)-(n-19):])
	return c.unix*1e6 + micro, true
}

// pair reads a date and a time of day, both UTC.
func (c *clock) pair(day, clock []byte) (int64, bool) {
	t, ok := date(day)
	if !ok || len(day) != 10 || len(clock) < 8 || !t.clock(clock[:8]) || !t.valid() {
		return 0, false
	}
	micro, ok := fraction(clock[8:])
	return t.utc()*1e6 + micro, ok
}

// any reads a time of whatever shape: one of the others, or seconds,
// milliseconds, microseconds or nanoseconds since 1970.
func (c *clock) any(b []byte) (int64, bool) {
	if len(b) > 6 && b[2] == '/' && b[6] == '/' {
		return c.clf(b)
	}
	if len(b) >= 19 && (b[4] == '-' || b[4] == '/') {
		return c.iso(b)
	}
	whole := 0
	for whole < len(b) && isDigit(b[whole]) {
		whole++
	}
	switch unit := Seconds; {
	case whole > 17:
		return since(b, Nanoseconds)
	case whole > 14:
		return since(b, Microseconds)
	case whole > 11:
		return since(b, Milliseconds)
	default:
		return since(b, unit)
	}
}

// since reads a count since 1970 with or without decimals.
func since(b []byte, unit Unit) (int64, bool) {
	v, ok := amount(b, unit)
	if !ok || v < 0 || v >= (civil{year: 2200, month: 1, day: 1}).utc()*1e6 {
		return 0, false
	}
	return v, true
}

// keep remembers a second.
func (c *clock) keep(b []byte, unix int64, zone int) {
	c.n = copy(c.last[:], b)
	c.unix, c.zone = unix, zone
}

// here is the second since 1970 of t in the clock's own zone. An hour that a
// zone repeats in autumn is read as one of the two.
func (c *clock) here(t civil) int64 {
	sec := t.sec
	t.sec, c.zoneless = 0, true
	if t != c.minute {
		if c.loc == nil {
			c.loc = time.UTC
		}
		at := time.Date(t.year, time.Month(t.month), t.day, t.hour, t.min, 0, 0, c.loc)
		c.minute, c.local = t, at.Unix()
		_, c.zone = at.Zone()
	}
	return c.local + int64(sec)
}

// date reads 2006-01-02 or 2006/01/02.
func date(b []byte) (t civil, ok bool) {
	if len(b) < 10 || b[4] != b[7] || b[4] != '-' && b[4] != '/' {
		return t, false
	}
	t.year, t.month, t.day = num(b[:4]), num(b[5:7]), num(b[8:10])
	return t, true
}

// clock reads 15:04:05 into t.
func (t *civil) clock(b []byte) bool {
	if b[2] != ':' || b[5] != ':' {
		return false
	}
	t.hour, t.min, t.sec = num(b[:2]), num(b[3:5]), num(b[6:8])
	return true
}

// offset reads a zone: Z, +0100 or +01:00.
func offset(b []byte) (int, bool) {
	if len(b) == 1 && (b[0] == 'Z' || b[0] == 'z') {
		return 0, true
	}
	if len(b) == 6 && b[3] == ':' {
		b = []byte{b[0], b[1], b[2], b[4], b[5]}
	}
	if len(b) != 5 || b[0] != '+' && b[0] != '-' {
		return 0, false
	}
	h, m := num(b[1:3]), num(b[3:5])
	if h > 24 || m > 59 {
		return 0, false
	}
	if b[0] == '-' {
		return -h*3600 - m*60, true
	}
	return h*3600 + m*60, true
}

// fraction reads .123 as microseconds, further digits left out.
func fraction(b []byte) (int64, bool) {
	if len(b) == 0 {
		return 0, true
	}
	if len(b) < 2 || len(b) > 20 {
		return 0, false
	}
	v, scale := int64(0), int64(100_000)
	for _, d := range b[1:] {
		if !isDigit(d) {
			return 0, false
		}
		v += int64(d-'0') * scale
		scale /= 10
	}
	return v, true
}

// month is 1 to 12 for Jan to Dec, else 0.
func month(b []byte) int {
	for i := 0; i < len(months); i += 3 {
		if months[i] == b[0]|0x20 && months[i+1] == b[1]|0x20 && months[i+2] == b[2]|0x20 {
			return i/3 + 1
		}
	}
	return 0
}

// num reads digits; what is none makes it larger than any part of a time.
func num(b []byte) int {
	v := 0
	for _, d := range b {
		if !isDigit(d) {
			return 1 << 20
		}
		v = v*10 + int(d-'0')
	}
	return v
}

func isDigit(b byte) bool { return b >= '0' && b <= '9' }
