package curves

import (
	"cmp"
	"net/netip"
	"strconv"

	"highwater/engine"
	"highwater/sim"
	"highwater/sim/attack/record"
	"highwater/sim/queue"
	"highwater/sim/result"
	"highwater/sim/trace"
	"highwater/sim/wire"
)

// A counter counts the units of requests, each at the instants that it is
// told: a target in virtual time. Its time is the target's own.
type counter struct {
	cohorts []cohort
	in      *engine.Instance
	live    *sim.Live // nil when the target holds nobody itself
	jobs    *jobs     // nil when none are started

	sessions map[uint64]*session
	open     []*session // by reference of the queue
	ends     queue.Queue
	calls    map[uint64]*link // by request and attempt
	n        int64            // connections

	tape func(*trace.Event)
	line int64 // last one of the trace
	most bool  // what may have been is counted as what takes most units

	leaves map[uint64]bool // sessions that may have logged out before they timed out, which takes fewer

	from  engine.Time // what comes before counts for nothing but the units in use
	curve curve
}

// A curve is how the units in use went, and who was refused.
type curve struct {
	series    []result.Sample // each change; the first is at the begin
	refused   []refusal
	first     *result.CurveRefusal
	impatient []engine.Time // when attempts gave up at a proxy

	states map[string]string // at the end, what open web sessions do, by their names in the trace
}

// A refusal is when one was, and of what.
type refusal struct {
	at  engine.Time
	via string
}

// A cohort is who sends requests, as the license sees them.
type cohort struct {
	record.Cohort
	via  engine.Via
	slug string
}

// A link is a connection.
type link struct {
	id   engine.ConnID
	name string
	open bool
}

// A session is an open web session.
type session struct {
	*link
	key   uint64
	busy  int
	began engine.Time // its last page
	until engine.Time // when it times out; 0 is never
	over  bool
}

// cohortsOf reads the cohorts of a record.
func cohortsOf(h *record.Header) []cohort {
	list := make([]cohort, len(h.Cohorts))
	for i, c := range h.Cohorts {
		list[i].Cohort = c
		list[i].via, _ = engine.ParseVia(c.Via)
		list[i].slug = c.Slug
		if e, _, ok := wire.ParsePath(c.Path); ok && c.Slug == "" { // an older record
			list[i].slug = e.Slug
		}
	}
	return list
}

// newCounter makes a counter that begins at an instant.
func newCounter(cohorts []cohort, p engine.Policy, units int, from engine.Time) *counter {
	c := &counter{cohorts: cohorts, sessions: map[uint64]*session{}, calls: map[uint64]*link{}, from: from, line: 1}
	c.in = engine.NewInstance(p, units, c.hear)
	return c
}

// begin brings the counter to its begin, with those whom the target holds
// already there.
func (c *counter) begin() {
	c.advance(c.from)
	c.in.ResetPeak(c.from)
	c.curve.series = []result.Sample{{At: c.from, Units: c.in.InUse(), Connections: c.in.Connections()}}
}

// hear notes what is in use, and who is refused.
func (c *counter) hear(e engine.Event) {
	if e.At < c.from || c.curve.series == nil {
		return
	}
	if e.Kind == engine.Refused {
		c.curve.refused = append(c.curve.refused, refusal{e.At, e.Refusal.ViaName()})
		if c.curve.first == nil {
			c.curve.first = &result.CurveRefusal{At: e.At, Via: e.Refusal.ViaName(), InUse: e.Refusal.InUse}
		}
		return
	}
	if last := &c.curve.series[len(c.curve.series)-1]; last.Units != e.InUse || last.Connections != e.Connections {
		c.curve.series = append(c.curve.series, result.Sample{At: e.At, Units: e.InUse, Connections: e.Connections})
	}
}

// write writes an event down.
func (c *counter) write(ev *trace.Event) {
	c.line++
	if c.tape != nil {
		c.tape(ev)
	}
}

// advance lets everything happen that is due by an instant, each at its own.
func (c *counter) advance(at engine.Time) {
	for {
		next, ok := c.next()
		if !ok || next > at {
			break
		}
		switch t, any := c.ends.Next(); {
		case any && engine.Time(t) == next:
			_, ref, _ := c.ends.Pop()
			c.timeOut(next, c.open[ref])
		case c.jobs.due(next):
			c.jobs.do(next)
		default:
			c.live.Advance(next)
		}
	}
	c.in.Advance(at)
}

// next is when something happens next that is no expiry.
func (c *counter) next() (at engine.Time, ok bool) {
	if t, any := c.ends.Next(); any {
		at, ok = engine.Time(t), true
	}
	if c.live != nil {
		if t, any := c.live.Next(); any && (!ok || t < at) {
			at, ok = t, true
		}
	}
	if c.jobs != nil {
		if t, any := c.jobs.later.Next(); any && (!ok || engine.Time(t) < at) {
			at, ok = engine.Time(t), true
		}
	}
	return at, ok
}

// client is who sends an attempt.
func (c *counter) client(e *record.Entry) engine.Client {
	k := &c.cohorts[e.Cohort]
	who := engine.Client{Via: k.via, Addr: addressText(e.Address), Sessionful: k.Session && k.via != engine.CSP}
	if !k.Login {
		who.User = k.userName(e.Member)
	}
	switch {
	case !e.Forwarded.IsValid():
	case k.Forwards == "Forwarded":
		who.Forwarded = "for=" + e.Forwarded.String()
	case k.Forwards != "":
		who.Forwarded = e.Forwarded.String()
	}
	return who
}

// unknownAddress stands for the one address that the generator has where the
// system chooses it.
const unknownAddress = "192.0.2.1"

func addressText(a netip.Addr) string {
	if !a.IsValid() {
		return unknownAddress
	}
	return a.String()
}

// userName is the name by which a member is known, "" when it has none.
func (c *cohort) userName(member uint64) string {
	if c.User == "own" {
		return wire.UserName(c.slug, member+1)
	}
	return c.User
}

func callKey(e *record.Entry) uint64    { return uint64(e.Request)<<32 | uint64(e.Attempt) }
func sessionKey(e *record.Entry) uint64 { return uint64(e.Visit)<<32 | uint64(e.Session) }

// start begins an attempt; false is a refusal. Nothing stays of a page that
// brings no web session.
func (c *counter) start(at engine.Time, e *record.Entry) bool {
	c.advance(at)
	k := &c.cohorts[e.Cohort]
	if !k.Session {
		l := c.connect(at, e)
		if l != nil {
			c.calls[callKey(e)] = l
			c.jobs.start(c, at, e.Cohort, l, true)
		}
		return l != nil
	}
	s := c.sessions[sessionKey(e)]
	switch {
	case e.Kind == sim.LogoutRequest:
		if s != nil {
			c.end(at, s, c.ending(at, k, s))
		}
		return true
	case s != nil:
		c.in.Page(at, s.id)
		c.write(&trace.Event{Op: trace.Page, At: at, Conn: s.name})
		c.jobs.start(c, at, e.Cohort, s.link, false)
	default:
		l := c.connect(at, e)
		if l == nil {
			return false
		}
		s = &session{link: l, key: sessionKey(e)}
		c.sessions[s.key] = s
		c.jobs.start(c, at, e.Cohort, l, true)
	}
	s.busy++
	s.began = at
	return e.Kind != sim.LoginRequest || c.login(at, s, k.userName(e.Member))
}

func (c *counter) connect(at engine.Time, e *record.Entry) *link {
	return c.attach(at, c.client(e), nil, c.cohorts[e.Cohort].Name)
}

// attach asks for a connection, nil when it is refused.
func (c *counter) attach(at engine.Time, who engine.Client, parent *link, cohort string) *link {
	c.n++
	l := &link{name: "h" + strconv.FormatInt(c.n, 10)}
	ev := trace.Event{
		Op: trace.Connect, At: at, Conn: l.name, HasConn: true, Via: who.Via, Addr: who.Addr, User: who.User, Sessionful: who.Sessionful,
		Forwarded: who.Forwarded, Cohort: cohort,
	}
	up := engine.ConnID(0)
	if parent != nil && parent.open {
		up, ev.Parent = parent.id, parent.name
	}
	id, refusal := c.in.Connect(at, &who, up, c.line+1, 0)
	if refusal != nil {
		if f := c.curve.first; f != nil && f.At == at {
			f.Cohort = cmp.Or(f.Cohort, cohort)
		}
		ev.Op = trace.Request
		c.write(&ev)
		return nil
	}
	l.id, l.open = id, true
	c.write(&ev)
	return l
}

func (c *counter) login(at engine.Time, s *session, user string) bool {
	err := c.in.Login(at, s.id, user)
	c.write(&trace.Event{Op: trace.Login, At: at, Conn: s.name, ID: user})
	_, refused := err.(*engine.Refusal)
	return !refused
}

// finish ends an attempt that was begun: a web session rests from an instant
// on, which may be another one; from MaxTime, when it goes on.
func (c *counter) finish(at, rest engine.Time, e *record.Entry) {
	c.advance(at)
	k := &c.cohorts[e.Cohort]
	if l := c.calls[callKey(e)]; l != nil {
		delete(c.calls, callKey(e))
		c.disconnect(at, l, engine.Exit)
		return
	}
	s := c.sessions[sessionKey(e)]
	if s == nil || !k.Session || e.Kind == sim.LogoutRequest {
		return
	}
	if s.busy = max(0, s.busy-1); s.busy > 0 || k.Timeout == 0 || rest == engine.MaxTime {
		return
	}
	s.until = max(at, rest+k.Timeout)
	c.ends.Push(int64(s.until), 0, len(c.open))
	c.open = append(c.open, s)
}

// timeOut ends a web session that has rested for as long as it may.
func (c *counter) timeOut(at engine.Time, s *session) {
	if s.over || s.busy > 0 || s.until != at {
		return
	}
	how := engine.Timeout
	if c.leaves[s.key] {
		how = engine.Kill // it may have logged out, for which nothing is kept
	}
	c.end(at, s, how)
}

// ending is how a session ends that logs out: it may have timed out just
// before, and be kept by a grace period for that.
func (c *counter) ending(at engine.Time, k *cohort, s *session) engine.How {
	if c.most && k.Timeout > 0 && at >= s.began+k.Timeout {
		return engine.Timeout
	}
	return engine.Logout
}

// drop ends a web session that the target has not made.
func (c *counter) drop(at engine.Time, e *record.Entry) {
	if s := c.sessions[sessionKey(e)]; s != nil {
		c.end(at, s, engine.Kill)
	}
}

func (c *counter) end(at engine.Time, s *session, how engine.How) {
	s.over = true
	delete(c.sessions, s.key)
	c.disconnect(at, s.link, how)
}

func (c *counter) disconnect(at engine.Time, l *link, how engine.How) {
	l.open = false
	c.in.Disconnect(at, l.id, how)
	c.write(&trace.Event{Op: trace.Disconnect, At: at, Conn: l.name, How: how})
}

// finishAt goes on to an instant, and notes what web sessions do that are open
// then.
func (c *counter) finishAt(at engine.Time) *curve {
	c.advance(max(c.in.Now(), at))
	c.curve.states = map[string]string{}
	for _, s := range c.sessions {
		state := result.Idle
		switch {
		case s.busy > 0:
			state = result.Working
		case s.until == 0:
			state = result.Leaked
		}
		c.curve.states[s.name] = state
	}
	return &c.curve
}
