package attack

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"highwater/sim"
	"highwater/sim/attack/record"
	"highwater/sim/queue"

	vegeta "github.com/tsenart/vegeta/v12/lib"
)

// ticketHeader is how an attempt finds its way through vegeta from the
// targeter to the round trip. It is not sent.
const ticketHeader = "X-Highwater-Ticket"

// mostRedirects is how many redirects a request follows.
const mostRedirects = 5

// Redirects that are not followed: to another host, and after too many.
var (
	errElsewhere = errors.New("redirected elsewhere")
	errTooOften  = errors.New("too many redirects")
)

// A sender sends attempts: it is vegeta's targeter and round trip.
type sender struct {
	s       *Schedule
	o       *Options
	agenda  *agenda
	base    *url.URL
	root    string // of it
	address netip.AddrPort
	tls     *tls.Config // nil without TLS
	dial    dialer
	pool    *pool
	home    *addresses
	asks    []asked // by cohort
	hear    func(*record.Entry)

	context context.Context // ends when everything is cut
	since   func() time.Duration

	mu      sync.Mutex
	tickets queue.Refs[due] // attempts under way
	peers   []*peer         // by user, while it has requests
	proxies []*peer
	visits  []visit

	cut atomic.Bool
}

// A visit is where a visit stands.
type visit struct {
	jar      http.CookieJar // nil until there is a cookie
	current  string         // cookie of the web session
	sessions uint32         // so far
}

// mostCookies is how many cookies a visit takes at once, and has before it
// takes no more.
const mostCookies = 50

// Target gives a worker what is due. It is vegeta's interface.
func (s *sender) Target(t *vegeta.Target) error {
	d := s.agenda.take()
	s.mu.Lock()
	n := s.tickets.Add(d)
	s.mu.Unlock()
	*t = vegeta.Target{Method: http.MethodGet, URL: s.root, Header: http.Header{ticketHeader: {strconv.Itoa(n)}}} // the ticket says all
	return nil
}

func (s *sender) cohortOf(r *Request) int32 { return s.s.Users[s.s.Visits[r.Visit].User].Cohort }

// RoundTrip sends an attempt, and those that are due when it is done. Vegeta
// gets an answer that says nothing. It is the interface of
// [http.RoundTripper].
func (s *sender) RoundTrip(req *http.Request) (*http.Response, error) {
	n, err := strconv.Atoi(req.Header.Get(ticketHeader))
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	d := s.tickets.Take(n)
	s.mu.Unlock()
	for more := true; more; {
		var e record.Entry
		s.attempt(&d, &e)
		follow, follows := s.follow(&d, &e)
		s.hear(&e)
		d, more = s.agenda.done(d.request, follow, follows)
	}
	return &http.Response{StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{}, Body: http.NoBody, Request: req}, nil
}

// attempt sends an attempt and says what came of it.
func (s *sender) attempt(d *due, e *record.Entry) {
	*e = s.entry(d)
	a, user := &s.asks[e.Cohort], s.s.Visits[e.Visit].User
	v := &s.visits[e.Visit] // only one request of it is under way
	e.Sent = s.since()
	ans, err := s.exchange(a, s.peer(user, a), v, e)
	e.Done = s.since()
	e.In, e.Status = ans.in, ans.status
	switch {
	case err != nil && s.cut.Load():
		e.Outcome = record.Cut
	case err != nil:
		e.Cause = causeOf(err)
	case a.refused(&ans):
		e.Outcome = record.Refused
	case !a.served(ans.status):
		e.Cause = record.BadStatus
	default:
		e.Outcome = record.Served
	}
	e.Session = v.sessions
}

// entry is what is known of an attempt before it is sent.
func (s *sender) entry(d *due) record.Entry {
	r := &s.s.Requests[d.request]
	user := s.s.Visits[r.Visit].User
	e := record.Entry{
		Request: d.request, Attempt: d.attempt, Visit: r.Visit, Cohort: uint32(s.cohortOf(r)), Member: s.s.Users[user].Member, Kind: r.Kind,
		Planned: d.at, Ready: d.ready, Outcome: record.Failed,
	}
	if d.attempt == 0 {
		e.Planned = s.s.wall(r.At)
	}
	e.Address, e.Forwarded = s.home.of(user)
	return e
}

// peer is who has the connections that a user uses.
func (s *sender) peer(user uint32, a *asked) *peer {
	s.mu.Lock()
	defer s.mu.Unlock()
	if a.proxy != nil {
		return s.proxies[a.Through-1]
	}
	if s.peers[user] == nil {
		s.peers[user] = &peer{left: s.s.Users[user].Requests, most: mostOfUser}
	}
	return s.peers[user]
}

// follow is what an attempt brings: a retry, or the next request of the visit.
func (s *sender) follow(d *due, e *record.Entry) (next due, ok bool) {
	r := &s.s.Requests[d.request]
	v := &s.s.Visits[r.Visit]
	a := &s.asks[e.Cohort]
	ended := uint32(1) // requests of the user that are over
	switch {
	case e.Outcome == record.Cut:
	case (e.Outcome == record.Refused || e.Outcome == record.Impatient) && r.Kind != sim.LogoutRequest:
		if wait, again := sim.RetryWait(a.Cohort, s.s.Seed, s.s.Rep, d.request, d.attempt); again {
			at := e.Done + s.s.length(wait)
			return due{at: at, ready: at, request: d.request, attempt: d.attempt + 1}, true
		}
		e.GaveUp = true
		ended = s.s.left(d.request)
	case r.next != 0:
		q := &s.s.Requests[r.next]
		ready := e.Done + s.s.length(q.Think)
		next, ok = due{at: max(ready, s.s.wall(q.At)), ready: ready, request: r.next}, true
	}
	if !ok {
		s.visits[r.Visit] = visit{}
	}
	s.leave(v.User, a, ended)
	return next, ok
}

// left is how many requests a visit has from one on.
func (s *Schedule) left(request uint32) (n uint32) {
	for i := request; ; i = s.Requests[i].next {
		n++
		if s.Requests[i].next == 0 {
			return n
		}
	}
}

func (s *sender) leave(user uint32, a *asked, n uint32) {
	if a.proxy != nil {
		return
	}
	if s.pool.leave(s.peer(user, a), n) {
		s.mu.Lock()
		s.peers[user] = nil
		s.mu.Unlock()
	}
}

// exchange sends a request, on an idle connection or a new one, and follows
// redirects to the same host.
func (s *sender) exchange(a *asked, p *peer, v *visit, e *record.Entry) (answer, error) {
	q := s.question(a, e)
	until := time.Now().Add(s.o.Timeout)
	for {
		ans, err := s.once(a, p, e, q.method, s.request(a, v, e, &q), until)
		if err != nil {
			return ans, err
		}
		s.taste(a, v, q.url, ans.header)
		if a.expects(ans.status) {
			return ans, nil
		}
		to, err := redirect(q.url, &ans)
		if to == nil || err != nil {
			return ans, err
		}
		if e.Redirects++; e.Redirects > mostRedirects {
			return ans, errTooOften
		}
		until = until.Add(s.agenda.more(s.context))
		q.url = to
		if ans.status < 307 && q.method != http.MethodHead {
			q.method, q.body, q.kind = http.MethodGet, nil, ""
		}
	}
}

// redirect is where an answer sends the client, nil when it does not.
func redirect(from *url.URL, ans *answer) (*url.URL, error) {
	switch ans.status {
	case 301, 302, 303, 307, 308:
	default:
		return nil, nil
	}
	where := ans.header.Get("Location")
	if where == "" {
		return nil, nil
	}
	to, err := from.Parse(where)
	if err != nil || to.Scheme != from.Scheme || to.Host != from.Host {
		return nil, errElsewhere
	}
	return to, nil
}

// once sends a request once. An idle connection may have ended before the
// target saw the request; then it is sent on a new one.
func (s *sender) once(a *asked, p *peer, e *record.Entry, method string, request []byte, until time.Time) (answer, error) {
	for c := s.pool.take(p); ; c = nil {
		if c == nil {
			var err error
			if c, err = s.connect(s.context, e.Address); err != nil {
				return answer{}, err
			}
			e.Dialed = true
			if !s.pool.opened(c) {
				s.pool.close(c)
				return answer{}, context.Canceled
			}
		}
		ans, err := c.ask(method, request, until, s.o.MostBody)
		e.Out += int64(len(request))
		if err == nil && ans.keep {
			s.pool.put(p, c)
			return ans, nil
		}
		s.pool.close(c)
		stale := c.used && (errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE))
		if err == nil || !stale || s.cut.Load() {
			return ans, err
		}
		e.Resent = true
	}
}
