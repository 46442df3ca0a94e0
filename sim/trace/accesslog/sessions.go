package accesslog

import (
	"bytes"
	"cmp"
	"io"
	"slices"

	"highwater/engine"
	"highwater/sim/trace"
)

// assets are the extensions of files that a web server sends by itself.
var assets = []string{
	"css", "js", "mjs", "map", "wasm", "png", "jpg", "jpeg", "gif", "svg", "ico", "webp", "avif", "bmp", "tif", "tiff", "cur",
	"woff", "woff2", "ttf", "otf", "eot", "mp3", "mp4", "webm", "ogg", "wav", "swf", "webmanifest",
}

// page reports whether a request is a page of a session: no asset, and not
// refused for want of a name and password (the same request follows with
// them). What is none begins no session and keeps none alive.
func (m *importer) page(r *record) bool {
	if m.o.AllPages {
		return true
	}
	if r.status == 401 {
		return false
	}
	file := r.path[bytes.LastIndexByte(r.path, '/')+1:]
	dot := bytes.LastIndexByte(file, '.')
	if dot < 0 || len(file)-dot > 16 {
		return true
	}
	m.lower = append(m.lower[:0], file[dot+1:]...)
	for i, c := range m.lower {
		if c >= 'A' && c <= 'Z' {
			m.lower[i] = c | 0x20
		}
	}
	return !m.assets[string(m.lower)]
}

// logsOut reports whether a query ends the session.
func logsOut(query []byte) bool {
	for len(query) > 0 {
		var one []byte
		one, query, _ = bytes.Cut(query, []byte("&"))
		if string(one) == "CacheLogout=end" || string(one) == "IRISLogout=end" {
			return true
		}
	}
	return false
}

// sessions are web sessions, and what happens in them.
//
// A session is the pages of one caller: of one session cookie, else of one
// user, address and X-Forwarded-For (and user agent). It ends when no page is
// running for as long as the timeout, or when a logout begins. The first
// pages of a session have no cookie yet: a new cookie takes over the session
// that its caller began without one.
type sessions struct {
	list  []webSession
	steps []step   // connects, pages and logouts in order
	byEnd []uint32 // the sessions that time out, in that order
}

type webSession struct {
	who   uint32 // number of the caller
	user  uint32 // known from one of its pages
	pages uint32
	out   bool  // ended by a logout
	end   int64 // when it ends
}

// A step is something in a session.
type step struct {
	at  int64
	who uint32 // number of the session
	op  trace.Op
}

// joiner assigns requests to sessions.
type joiner struct {
	*sessions
	m        *importer
	timeout  int64
	byCaller []uint32 // the open session of a caller, from 1
	byCookie []uint32 // the open session of a cookie, from 1
	seen     []bool   // cookies that had a session
}

// newSessions makes sessions of requests, which are in order.
func newSessions(m *importer, requests []request) sessions {
	var s sessions
	j := &joiner{sessions: &s, m: m, timeout: int64(m.o.timeout()),
		byCaller: make([]uint32, len(m.callers.list)), byCookie: make([]uint32, len(m.sessions.list)), seen: make([]bool, len(m.sessions.list))}
	for _, q := range requests {
		if q.who&(pageBit|logoutBit) != 0 {
			j.request(q)
		}
	}
	for i := range s.list {
		if !s.list[i].out {
			s.byEnd = append(s.byEnd, uint32(i))
		}
	}
	slices.SortFunc(s.byEnd, func(a, b uint32) int {
		return cmp.Or(cmp.Compare(s.list[a].end, s.list[b].end), cmp.Compare(a, b))
	})
	return s
}

func (j *joiner) request(q request) {
	who := q.who & whoMask
	c := j.m.callers.list[who]
	open := &j.byCaller[who]
	if c.session != 0 {
		open = &j.byCookie[c.session]
		if !j.seen[c.session] {
			j.seen[c.session] = true
			*open = j.begun(c, q.at)
		}
	}
	if *open != 0 && j.list[*open-1].end <= q.at {
		*open = 0
	}
	if q.who&logoutBit != 0 {
		if *open != 0 {
			s := &j.list[*open-1]
			s.out, s.end = true, q.at
			j.steps = append(j.steps, step{q.at, *open - 1, trace.Disconnect})
			*open = 0
		}
		return
	}
	op := trace.Page
	if *open == 0 {
		op = trace.Connect
		j.list = append(j.list, webSession{who: who})
		*open = uint32(len(j.list))
	}
	s := &j.list[*open-1]
	s.pages++
	s.end = max(s.end, q.at+q.took+j.timeout)
	if s.user == 0 {
		s.user = c.user
	}
	j.steps = append(j.steps, step{q.at, *open - 1, op})
}

// begun takes the session that a caller began without its cookie, 0 for none.
func (j *joiner) begun(c caller, at int64) uint32 {
	c.session = 0
	for range 2 {
		if who, ok := j.m.callers.ids[c]; ok && j.byCaller[who] != 0 {
			n := j.byCaller[who]
			j.byCaller[who] = 0
			if j.list[n-1].end > at {
				return n
			}
		}
		c.user = 0 // nor its user
	}
	return 0
}

// count fills the report. The log ends at last.
func (s *sessions) count(r *Report, last int64) {
	r.Sessions = len(s.list)
	for i := range s.list {
		w := &s.list[i]
		r.Pages += int(w.pages)
		switch {
		case w.out:
			r.Logouts++
		case w.end > last:
			r.Open++
		}
		if w.pages == 1 {
			r.OnePage++
		}
	}
	r.Assets = r.Requests - r.Pages - r.LogoutRequests
}

// step is the next event of the CSP view. Sessions that time out do so before
// anything else of that instant.
func (l *Log) step() (*trace.Event, error) {
	w := &l.web
	s, how := step{op: trace.Disconnect}, engine.Timeout
	switch timeouts := l.ended < len(w.byEnd); {
	case l.next < len(w.steps) && (!timeouts || w.steps[l.next].at < w.list[w.byEnd[l.ended]].end):
		s, how = w.steps[l.next], engine.Logout
		l.next++
	case timeouts:
		s.who = w.byEnd[l.ended]
		s.at = w.list[s.who].end
		l.ended++
	default:
		return nil, io.EOF
	}
	e := &l.event
	*e = trace.Event{Op: s.op, Line: int64(l.next+l.ended) + 1, At: engine.Time(s.at - l.epoch), Conn: sessionName(s.who + 1)}
	switch s.op {
	case trace.Disconnect:
		e.How = how
	case trace.Connect:
		c := &l.callers[w.list[s.who].who]
		e.Via, e.Session = engine.CSP, e.Conn
		e.Addr, e.User, e.Forwarded = l.text[c.addr], l.text[w.list[s.who].user], l.text[c.forwarded]
	}
	return e, nil
}
