// Package fit makes scenarios of real traffic: how often visits begin in each
// hour of the week, what happens in them, who comes again, and how bursty it
// all is.
//
// It is for whoever has an access log or a trace and wants to ask what would
// happen if. An [Observer] looks at the events of a trace as they pass; its
// [Model] is written as a scenario that the rest of the program reads. [Use]
// is for comparing what the log used with what the scenario uses.
//
// It fits calls and web sessions: what comes in by other ways is counted and
// left out. Memory grows with the number of different callers, not of events.
package fit

import (
	"cmp"
	"io"
	"time"

	"highwater/engine"
	"highwater/sim/stats"
	"highwater/sim/trace"
)

// Options say how to look at a trace. The zero Options is for most.
type Options struct {
	// Alone makes every request somebody of its own, for logs that do not say
	// who came.
	Alone bool
	// Timeout is the inactivity that ends a caller's visit; 0 is 900 s.
	Timeout engine.Time
}

// grace is how long a unit can outlive its web session.
const grace = 600 * engine.Second

// unknownStart is the clock at the start of a trace that does not say it, a
// Monday.
var unknownStart = time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)

// windowLengths are the windows in which visits are counted.
var windowLengths = []engine.Time{
	engine.Second, 10 * engine.Second, engine.Minute, 10 * engine.Minute, engine.Hour, 6 * engine.Hour, engine.Day,
}

// An Observer looks at the events of a trace.
type Observer struct {
	o      Options
	start  time.Time
	dated  bool        // the trace says when it began
	edge   engine.Time // what begins before may have begun before the trace
	last   engine.Time // end of the last event
	clock  int64       // ns since 1970 at instant 0
	ticks  bool        // the clock is known
	groups [numWays]*group
	conns  map[string]*conn
	other  int64 // connections by ways that are not fitted
	events int64
	key    []byte
}

// A way is how visits come.
type way uint8

const (
	rest way = iota
	soap
	sessionful // calls in web sessions
	csp
	numWays
)

// A conn is an open connection, or a session.
type conn struct {
	g     *group
	v     *visit
	begun engine.Time
}

// NewObserver makes an observer of a trace with that header.
func NewObserver(h *trace.Header, o Options) *Observer {
	if o.Timeout == 0 {
		o.Timeout = 900 * engine.Second
	}
	b := &Observer{o: o, start: h.Epoch, dated: !h.Epoch.IsZero(), conns: map[string]*conn{}}
	if b.dated {
		b.clock, b.ticks = h.Epoch.UnixNano(), true
	} else {
		b.start = unknownStart
	}
	if edge := o.Timeout + grace; !o.Alone && h.End > 4*edge {
		b.edge = edge
	}
	return b
}

// Watch lets a trace pass, and looks at its events.
func (b *Observer) Watch(r trace.Reader) trace.Reader { return &watched{r, b} }

type watched struct {
	r trace.Reader
	b *Observer
}

func (w *watched) Next() (*trace.Event, error) {
	ev, err := w.r.Next()
	if err == nil {
		w.b.Event(ev)
	}
	return ev, err
}

// Read looks at a whole trace.
func (b *Observer) Read(r trace.Reader) error {
	for {
		ev, err := r.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		b.Event(ev)
	}
}

// Event looks at an event. They come in order of time.
func (b *Observer) Event(ev *trace.Event) {
	at := b.instant(ev)
	b.last = max(b.last, at+ev.For)
	b.events++
	switch ev.Op {
	case trace.Request:
		if g := b.group(ev); g != nil {
			v := g.call(b, at, ev)
			g.hangUp(v, at, at+ev.For)
		}
	case trace.Connect:
		b.connect(at, ev)
	case trace.Page:
		if c := b.conns[ev.Conn]; c != nil {
			c.g.page(c.v, at)
		}
	case trace.Disconnect:
		if c := b.conns[ev.Conn]; c != nil {
			delete(b.conns, ev.Conn)
			if c.g.web() {
				c.g.leave(c.v, at, ev.How)
			} else {
				c.g.hangUp(c.v, c.begun, at)
			}
		}
	}
}

func (b *Observer) connect(at engine.Time, ev *trace.Event) {
	g := b.group(ev)
	switch {
	case g == nil:
	case g.web():
		b.conns[ev.Conn] = &conn{g, g.enter(b, at, ev), at}
	default:
		b.conns[ev.Conn] = &conn{g, g.call(b, at, ev), at}
	}
}

// instant is an event's time since the start.
func (b *Observer) instant(ev *trace.Event) engine.Time {
	if !ev.HasClock {
		return ev.At
	}
	if !b.ticks {
		b.clock, b.ticks = ev.Clock, true
		b.start, b.dated = time.Unix(0, ev.Clock).UTC(), true
	}
	return engine.Time((ev.Clock - b.clock + 500) / 1000)
}

// group is the group of a connection, nil when it is not fitted.
func (b *Observer) group(ev *trace.Event) *group {
	w := rest
	switch {
	case ev.Via == engine.CSP:
		w = csp
	case ev.Via != engine.REST && ev.Via != engine.SOAP:
		b.other++
		return nil
	case ev.Sessionful:
		w = sessionful
	case ev.Via == engine.SOAP:
		w = soap
	}
	if b.groups[w] == nil {
		b.groups[w] = newGroup(w, ev.Via, b)
	}
	return b.groups[w]
}

// sinceMonday is an instant since 00:00 of the Monday before the start.
func (b *Observer) sinceMonday(at engine.Time) int64 {
	days := (int(b.start.Weekday()) + 6) % 7
	return int64(engine.Time(days)*engine.Day + sinceMidnight(b.start) + at)
}

func sinceMidnight(t time.Time) engine.Time {
	h, m, s := t.Clock()
	return engine.Time(h)*engine.Hour + engine.Time(m)*engine.Minute + engine.Time(s)*engine.Second + engine.Time(t.Nanosecond()/1000)
}

// A group is visits that come by one way.
type group struct {
	way     way
	via     engine.Via
	alone   bool
	edge    engine.Time
	visits  int64 // that began after the edge
	calls   int64 // or pages, in those
	onePage int64
	logouts int64
	left    int64             // web sessions that ended
	named   int64             // visits with a user name
	timeout engine.Time       // inactivity that ends a visit
	visitor map[string]*visit // by caller: the present visit, nil in csp
	came    map[string]bool   // callers whose visits were counted
	addr    string            // of all of them, when single
	single  bool

	pages, gaps, takes histogram
	shortest           engine.Time // from a page to the time-out
	length             float64     // seconds of all visits, first call to last
	windows            []*stats.Windows
}

// A visit is a visit or a web session that may go on.
type visit struct {
	early bool        // began before the edge
	open  int         // calls that run
	last  engine.Time // end of the last call, or the last page
	begun engine.Time
	calls int64
}

func newGroup(w way, via engine.Via, b *Observer) *group {
	g := &group{way: w, via: via, alone: b.o.Alone, edge: b.edge, timeout: b.o.Timeout, visitor: map[string]*visit{}, came: map[string]bool{}, single: true}
	for _, length := range windowLengths {
		g.windows = append(g.windows, stats.NewWindows(int64(length), b.sinceMonday(b.edge)))
	}
	return g
}

// web reports whether connections of the group are web sessions, which go on
// between their pages.
func (g *group) web() bool { return g.way == csp || g.way == sessionful }

// begin counts a visit that begins.
func (g *group) begin(b *Observer, at engine.Time, ev *trace.Event) visit {
	v := visit{begun: at, last: at, early: at < g.edge}
	if v.early {
		return v
	}
	g.visits++
	for _, w := range g.windows {
		w.Add(b.sinceMonday(at))
	}
	if ev.User != "" {
		g.named++
	}
	if g.visits == 1 {
		g.addr = ev.Addr
	}
	g.single = g.single && ev.Addr == g.addr
	return v
}

// name is the key of who sent an event.
func (b *Observer) name(ev *trace.Event) []byte {
	b.key = b.key[:0]
	for _, s := range []string{ev.Addr, ev.User, ev.Forwarded, ev.Session} {
		b.key = append(append(b.key, s...), 0)
	}
	return b.key
}

// call begins a call, and perhaps a visit.
func (g *group) call(b *Observer, at engine.Time, ev *trace.Event) *visit {
	if g.alone {
		v := g.begin(b, at, ev)
		g.calls++
		return &v
	}
	key := b.name(ev)
	v := g.visitor[string(key)]
	if v == nil {
		v = new(visit)
		g.visitor[string(key)] = v
	}
	switch idle := at - v.last; {
	case v.calls == 0 || v.open == 0 && idle >= g.timeout:
		g.over(v)
		*v = g.begin(b, at, ev)
		if !v.early {
			g.came[string(key)] = true
		}
	case v.early:
	case v.open > 0:
		g.gaps.add(0)
	default:
		g.gaps.add(max(0, idle))
	}
	v.calls++
	v.open++
	return v
}

// hangUp ends a call.
func (g *group) hangUp(v *visit, begun, at engine.Time) {
	v.open--
	v.last = max(v.last, at)
	if !v.early {
		g.takes.add(at - begun)
	}
}

// over counts what a visit was, when the next one begins.
func (g *group) over(v *visit) {
	if v.early || v.calls == 0 {
		return
	}
	g.pages.add(engine.Time(v.calls))
	g.calls += v.calls
	g.length += (v.last - v.begun).Seconds()
	if v.calls == 1 {
		g.onePage++
	}
}

// enter begins a web session.
func (g *group) enter(b *Observer, at engine.Time, ev *trace.Event) *visit {
	v := g.begin(b, at, ev)
	v.calls = 1
	if !v.early {
		session := ev.Session
		ev.Session = "" // it is of this visit alone
		g.came[string(b.name(ev))] = true
		ev.Session = session
	}
	return &v
}

// page visits a page of a web session.
func (g *group) page(v *visit, at engine.Time) {
	if !v.early {
		g.gaps.add(at - v.last)
	}
	v.calls++
	v.last = at
}

// leave ends a web session.
func (g *group) leave(v *visit, at engine.Time, how engine.How) {
	g.over(v)
	if v.early {
		return
	}
	g.left++
	switch idle := at - v.last; {
	case how == engine.Logout:
		g.logouts++
		g.gaps.add(idle)
	case g.shortest == 0 || idle < g.shortest:
		g.shortest = idle
	}
}

// finish ends what goes on at the end of the trace.
func (g *group) finish(b *Observer, end engine.Time) {
	for _, v := range g.visitor {
		g.over(v)
	}
	for _, c := range b.conns {
		if c.g == g && g.web() {
			g.over(c.v)
		}
	}
	for _, w := range g.windows {
		w.Finish(b.sinceMonday(end))
	}
	if g.alone {
		g.onePage = g.visits
	}
	g.timeout = cmp.Or(g.shortest, g.timeout)
}
