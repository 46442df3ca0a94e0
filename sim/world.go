package sim

import (
	"context"
	"math"
	"time"

	"highwater/engine"
	"highwater/scenario"
	"highwater/sim/queue"
	"highwater/sim/trace"
)

// An Accountant counts license units.
type Accountant interface {
	AddUser(tag uint64) engine.UserID
	Retire(engine.UserID)
	UserOf(engine.ConnID) engine.UserID
	Connect(at engine.Time, q engine.Request) (engine.ConnID, *engine.Refusal)
	Page(at engine.Time, id engine.ConnID)
	Login(at engine.Time, id engine.ConnID, user engine.UserID, label uint32) *engine.Refusal
	Disconnect(at engine.Time, id engine.ConnID, how engine.How)
}

// Classes of events of one instant: ends come before starts, so that a unit
// that is given back can be taken again.
const (
	ends queue.Class = iota
	goesOn
	starts
)

// A world is one replication of a scenario under one policy.
type world struct {
	sc     *scenario.Scenario
	policy *engine.Policy
	units  int // of the key; 0 is unlimited
	table  *engine.Table
	acct   Accountant
	tape   *tape    // nil when nobody wants a trace
	plan   *planner // nil when nobody wants a plan
	end    engine.Time
	start  time.Time
	scale  float64 // how many times the scenario's people there are

	watch     *engine.Watch // of a demand; nil when the key's limit is on
	key       int           // and the key that it looks at, with its policy
	keyPolicy *engine.Policy
	brief     bool // ends when the key is exceeded
	hours     hours
	highs     highs

	q        queue.Queue
	conns    []engine.ConnID // see near
	cohorts  []cohort
	pools    []pool    // by proxy
	gateways []gateway // by proxy

	actors     []actor
	freeActor  int32
	people     []person
	freePerson int32

	texts  map[string]int // by name, in shared
	shared []sharedID

	first    *firstRefusal
	byVia    map[string]int64
	counts   refusals
	lists    bool // keeps each refusal
	refusals []Refusal
}

// A cohort is a scenario's cohort at work.
type cohort struct {
	*scenario.Cohort
	label   uint32
	slug    string // its name, fit for addresses
	stream  uint64
	idents  idents
	fresh   uint64 // license user IDs of a single connection so far
	webs    uint64 // web sessions so far, refused ones included
	proxy   *scenario.Proxy
	gateway *gateway // that its sessions or calls pass; nil when none has a cap
	pooled  bool     // the proxy's pool connects for it
	free    bool     // its policy does not count its connections
	alone   bool     // one connection each, after which nobody asks who it was
	shortID bool     // no member's login is too long

	layers  []layer // of arrivals that no member makes
	moments []engine.Time
	members []int32 // people, by member, of a finite cohort
	lane    *queue.Lane
	steady  engine.Time // the length, when it is constant

	onSession, onPage []int32 // cohorts of jobs that it starts

	stats tally
}

// A tally counts what came of a cohort's sessions.
type tally struct {
	Sessions int64 // that somebody wanted; calls and tasks count as one each unless they belong together
	Started  int64
	Refused  int64 // refused attempts, logins and retries included
	Lost     int64 // given up, at the start or in the middle
	TimedOut int64 // waits at a gateway that were too long, of retries too
}

// A layer is the arrivals of as many people as the scenario has. Larger
// traffic has several, so that it has all arrivals of smaller traffic.
type layer struct {
	arrivals poisson
	stream   uint64
	nth      uint64 // next arrival's number
}

// firstRefusal is the first refused attempt of a replication.
type firstRefusal struct {
	engine.Refusal
	Cohort int
	user   string // its license user ID
}

// role tells actors apart.
type role uint8

const (
	generator role = iota + 1 // makes the arrivals of an open cohort
	member                    // begins the sessions of one member
	visit                     // a session
	sampler                   // strikes the hours
	surveyor                  // takes the highs
)

// phase is what a visit does next.
type phase uint8

const (
	trying    phase = iota // opens its connections
	ending                 // closes them: how says how
	paging                 // visits its next page, or makes its next call in a session
	loggingIn              // tries its explicit login again
	timingOut              // times out and comes back at until
	calling                // a call ends, more may follow
	waiting                // waits at a gateway

	// What one of a gateway's own actors does, none of which has connections.
	admitting      // lets in who waits
	leaving        // a call in a web session ends
	losingPatience // a wait has been too long
	lapsing        // the web session of a waiting call times out
)

// An actor is who has an event to come.
type actor struct {
	core
	until      engine.Time
	span       engine.Time     // browser: of the whole session, when Lasts rules
	more       []engine.ConnID // visit: its other connections, when there are many
	parent     int32           // job: the actor that started it
	parentBorn uint32
	came       engine.Time // to its gateway
	places     int32       // there, that it has or waits for
	ticket     uint32      // of its wait
}

// A core is what every session needs, in one cache line: a run with many
// sessions jumps from one to another. The rest of an actor is set before it is
// used, and not cleared for the next one.
type core struct {
	role   role
	phase  phase
	how    engine.How
	many   bool // visit: it has more connections than conn
	cohort int32
	person int32         // visit: who it is, by index; member: its number
	conn   engine.ConnID // visit: its first connection
	stream uint64        // of its draws
	page   int32         // visit: pages or calls so far
	pages  int32
	since  int32 // the page that began the present web session
	tries  int32
	owner  int32 // visit: the member to wake at the end; 0 is none
	shared int32 // visit: connections of a pool in use; member: sessions under way
	born   uint32
	next   int32  // free list
	nth    uint64 // member: next session's or period's number
}

// connected reports whether a visit has connections.
func (v *actor) connected() bool { return v.conn != 0 }

// add gives a visit one more connection.
func (v *actor) add(id engine.ConnID) {
	if v.conn == 0 {
		v.conn = id
		return
	}
	if !v.many {
		v.more, v.many = v.more[:0], true
	}
	v.more = append(v.more, id)
}

// conns yields a visit's connections in the order of their begin.
func (v *actor) conns(yield func(engine.ConnID) bool) {
	if v.conn == 0 || !yield(v.conn) || !v.many {
		return
	}
	for _, id := range v.more {
		if !yield(id) {
			return
		}
	}
}

// drop makes a visit forget its connections.
func (v *actor) drop() {
	v.conn, v.many = 0, false
}

func (w *world) newActor(c core) int32 {
	id := w.freeActor
	if id == 0 {
		id = int32(len(w.actors))
		w.actors = append(w.actors, actor{core: c})
		return id
	}
	old := &w.actors[id]
	w.freeActor = old.next
	c.born = old.born
	old.core = c
	return id
}

func (w *world) freeActorSlot(id int32) {
	a := &w.actors[id]
	a.role, a.conn, a.born, a.next = 0, 0, a.born+1, w.freeActor
	w.freeActor = id
}

// A tick hears what share of a run has been done since the last one.
type tick func(share float64)

// run goes on to the end, or until the context ends. The tick may be nil.
func (w *world) run(ctx context.Context, t tick) {
	told := engine.Time(0)
	tell := func(at engine.Time) {
		if t != nil {
			t(float64(at-told) / float64(w.end))
			told = at
		}
	}
	for n := 1; ; n++ {
		at, ref, ok := w.q.PopBefore(int64(w.end))
		if !ok {
			break
		}
		if n%(1<<16) == 0 {
			if ctx.Err() != nil {
				return
			}
			tell(engine.Time(at))
		}
		w.act(engine.Time(at), int32(ref))
		if w.brief && w.watch.Exceeded.Reason != 0 {
			return
		}
	}
	w.table.Advance(w.end)
	if w.watch != nil {
		w.sumHour(w.end)
		w.highs.list = append(w.highs.list, int32(w.table.TakeHigh()))
	}
	if w.tape != nil {
		w.tape.endLost(w.end - 1)
	}
	tell(w.end)
}

// act lets an actor do what is next.
func (w *world) act(at engine.Time, id int32) {
	switch w.actors[id].role {
	case generator:
		w.arrive(at, id)
	case member:
		w.begin(at, id)
	case sampler:
		w.strike(at, id)
	case surveyor:
		w.survey(at, id)
	default:
		w.visit(at, id)
	}
}

// near fetches what the actors of coming events will need, for many at once.
func (w *world) near(actors []int32) {
	w.conns = w.conns[:0]
	for _, id := range actors {
		w.conns = append(w.conns, w.actors[id].conn)
	}
	w.table.Fetch(w.conns)
}

// schedule has an actor act at an instant, if that comes before the end.
func (w *world) schedule(at engine.Time, class queue.Class, id int32) {
	if at < w.end {
		w.q.Push(int64(at), class, int(id))
	}
}

// reset makes the world new for a replication.
func (w *world) reset(seed uint64, replication int) {
	w.q.Reset()
	w.actors, w.freeActor = append(w.actors[:0], actor{}), 0
	w.people, w.freePerson = append(w.people[:0], person{}), 0
	clear(w.texts)
	w.shared = w.shared[:0]
	w.first = nil
	clear(w.byVia)
	w.counts = refusals{}
	w.refusals = w.refusals[:0]
	w.table.Reset(*w.policy, w.units)
	for i := range w.pools {
		w.pools[i].reset()
		w.gateways[i].reset()
	}
	for i := range w.cohorts {
		c := &w.cohorts[i]
		c.stream = streamOf(seed, replication, c.Name)
		c.layers, c.fresh, c.webs, c.members, c.stats, c.lane = c.layers[:0], 0, 0, c.members[:0], tally{}, nil
		c.idents.shared, c.idents.other = [numOwn]engine.UserID{}, 0
		if c.steady > 0 {
			c.lane = w.q.Lane(ends)
		}
	}
	for i := range w.cohorts {
		w.populate(&w.cohorts[i])
	}
	if w.watch != nil {
		w.table.Watch(w.watch, w.keyPolicy, w.key)
		w.watchHours()
		w.watchHighs()
	}
}

// newWorld prepares a scenario for replications under a policy and a key.
// Listener and tap may be nil; the tap gets everything as a trace.
func newWorld(sc *scenario.Scenario, p *engine.Policy, units int, listener engine.Listener, tap func(*trace.Event)) *world {
	w := &world{
		sc: sc, policy: p, units: units, table: engine.NewTable(*p, units, listener), end: sc.Duration, start: sc.Start, scale: 1,
		texts: map[string]int{}, byVia: map[string]int64{},
		pools: make([]pool, len(sc.Proxies)), gateways: make([]gateway, len(sc.Proxies)), cohorts: make([]cohort, len(sc.Cohorts)),
	}
	w.acct = w.table
	w.q.Near = w.near
	if tap != nil {
		w.tape = &tape{tap: tap}
	}
	for i := range sc.Proxies {
		w.gateways[i].Proxy = &sc.Proxies[i]
	}
	names := slugs(sc.Cohorts)
	for i := range sc.Cohorts {
		c := &w.cohorts[i]
		c.Cohort, c.label, c.slug = &sc.Cohorts[i], uint32(i), names[i]
		if c.Through > 0 {
			c.proxy = &sc.Proxies[c.Through-1]
			c.pooled = c.proxy.Pool > 0 && !p.Contract && (c.Kind == scenario.Users || c.Kind == scenario.Devices)
			c.gateway = w.gatewayOf(c)
		}
		c.idents = w.identsOf(c)
		c.free = p.Uncharged.Has(c.Via) || c.Via == engine.System || c.Via == engine.Diagnostic
		c.alone = !c.web() && c.Kind != scenario.Callers
		longest := w.client(c, math.MaxUint64-1, 0)
		_, err := w.loginID(c, &longest, math.MaxUint64-1)
		c.shortID = err == nil
		if c.Lasts.Law == scenario.Constant && c.Lasts.Mean > 0 && len(w.cohorts) <= maxLanes {
			c.steady = instant(c.Lasts.Mean)
		}
		c.moments = occurrences(c.Arrivals.Moments, sc.Start, -c.Arrivals.Spread, sc.Duration)
	}
	for i := range w.cohorts {
		if c := &w.cohorts[i]; c.Kind == scenario.Jobs {
			by := &w.cohorts[c.StartedBy] // before the jobs or after them
			if c.OnPage {
				by.onPage = append(by.onPage, int32(i))
			} else {
				by.onSession = append(by.onSession, int32(i))
			}
			by.alone = false
		}
	}
	return w
}

// maxLanes is up to how many cohorts constant lengths go through lanes of
// their own; each look at the queue costs one comparison a lane.
const maxLanes = 8

// populate sets up the arrivals of a cohort.
func (w *world) populate(c *cohort) {
	if c.Kind == scenario.Jobs {
		return
	}
	a := &c.Arrivals
	for i := range w.grown(c) {
		c.members = append(c.members, w.newPerson(c, uint64(i), true))
	}
	if a.Form == scenario.Poisson || c.Count == 0 {
		w.layer(c)
		return
	}
	for i := range c.members {
		id := w.newActor(core{role: member, cohort: int32(c.label), person: int32(i), stream: of(c.stream, uint64(i))})
		w.nextBegin(0, id)
	}
}

// Grows reports whether a cohort grows with the traffic: people, devices and
// callers do, what the server itself starts does not.
func Grows(c *scenario.Cohort) bool {
	return c.Kind == scenario.Users || c.Kind == scenario.Devices || c.Kind == scenario.Callers || c.Kind == scenario.Browsers
}

// grown is how many members a cohort has.
func (w *world) grown(c *cohort) int {
	if !Grows(c.Cohort) {
		return c.Count
	}
	return int(math.Round(float64(c.Count) * w.scale))
}

// MaxScale is how many times a scenario's traffic can be.
const MaxScale = 64

// MaxClock is how many times as fast as a real clock a target's can go, and
// with it an attack.
const MaxClock = 100_000

// layerBits is where the number of an arrival's layer stands in its own.
const layerBits = 32

// layer sets up the arrivals that no member makes.
func (w *world) layer(c *cohort) {
	rate := 1.0
	if c.Arrivals.Each {
		rate = float64(c.Count)
	}
	n := 1
	if Grows(c.Cohort) {
		n = int(math.Ceil(w.scale))
	}
	for i := range n {
		l := layer{stream: c.stream}
		if i > 0 {
			l.stream = of(mix(c.stream), uint64(i))
		}
		if c.Arrivals.Form == scenario.Poisson {
			l.arrivals = newPoisson(&c.Arrivals, w.start, rate, newBursts(c.Arrivals.Bursts, c.stream, l.stream))
		}
		c.layers = append(c.layers, l)
		w.nextArrival(w.newActor(core{role: generator, cohort: int32(c.label), person: int32(i)}))
	}
}

// nextArrival schedules a generator's next arrival.
func (w *world) nextArrival(id int32) {
	c := &w.cohorts[w.actors[id].cohort]
	l := &c.layers[w.actors[id].person]
	switch {
	case c.Arrivals.Form == scenario.Poisson:
		e := -math.Log(1 - draw(l.stream, forArrival, l.nth))
		w.schedule(instant(l.arrivals.next(e, w.end.Seconds())), starts, id)
	case int(l.nth) < len(c.moments):
		w.schedule(c.moments[l.nth], starts, id)
	}
}

// arrive lets somebody arrive: somebody new, or a member drawn at random. Of
// the highest layer only a part does.
func (w *world) arrive(at engine.Time, id int32) {
	c := &w.cohorts[w.actors[id].cohort]
	nth := w.actors[id].person
	l := &c.layers[nth]
	n := l.nth
	l.nth++
	stream := of(l.stream, n)
	switch {
	case c.Count > 0:
		i := int(nth)*c.Count + int(draw(stream, forWho, 0)*float64(c.Count))
		if i < len(c.members) {
			w.enter(at, c, c.members[i], stream, 0)
		}
	case !Grows(c.Cohort) || float64(nth)+1 <= w.scale || float64(nth)+draw(stream, forMark, 0) <= w.scale:
		w.enter(at, c, w.newPerson(c, uint64(nth)<<layerBits|n, false), stream, 0)
	}
	w.nextArrival(id)
}

// nextBegin schedules a member's next session.
func (w *world) nextBegin(now engine.Time, id int32) {
	m := &w.actors[id]
	c := &w.cohorts[m.cohort]
	a := &c.Arrivals
	n := m.nth
	switch a.Form {
	case scenario.AtStart:
		if n == 0 {
			w.schedule(0, starts, id)
		}
	case scenario.Periodic:
		w.schedule(max(now, w.period(c, m, n)), starts, id)
	case scenario.Storm, scenario.Explicit:
		for ; int(m.nth) < len(c.moments); m.nth++ {
			at := c.moments[m.nth]
			if a.Spread > 0 {
				at += engine.Time(draw(m.stream, forSpread, m.nth) * float64(a.Spread))
			}
			if at >= 0 { // others came before the start, and are not simulated
				w.schedule(max(now, at), starts, id)
				return
			}
		}
	case scenario.Alternating:
		idle := quantile(&a.Idle, draw(m.stream, forIdle, n))
		if n == 0 && a.Idle.Law == scenario.Constant {
			idle *= draw(m.stream, forPhase, 0) // or all would come at once
		}
		w.schedule(now+max(engine.Microsecond, instant(idle)), starts, id)
	}
}

// period is when a member's nth period begins, jitter included. Constant
// periods lie on a grid of whole microseconds.
func (w *world) period(c *cohort, m *actor, n uint64) engine.Time {
	a := &c.Arrivals
	if n == 0 {
		m.until = w.phase(c, m)
	} else if a.Every.Law == scenario.Constant {
		m.until += instant(a.Every.Mean)
	} else {
		m.until += instant(quantile(&a.Every, draw(m.stream, forPeriod, n)))
	}
	if a.Jitter.Law == scenario.Unset {
		return m.until
	}
	return m.until + instant(quantile(&a.Jitter, draw(m.stream, forJitter, n)))
}

func (w *world) phase(c *cohort, m *actor) engine.Time {
	every := instant(quantile(&c.Arrivals.Every, draw(m.stream, forPeriod, 0)))
	switch c.Arrivals.Phase {
	case scenario.AlignedPhase:
		return 0
	case scenario.EvenPhase: // members beyond the count come between the others
		n, of := int(m.person), engine.Time(c.Count)
		return every*engine.Time(n%c.Count)/of + engine.Time(float64(every/of)*between(n/c.Count))
	}
	return engine.Time(draw(m.stream, forPhase, 0) * float64(every))
}

// begin starts a member's session. Alternating members go on when it ends.
func (w *world) begin(at engine.Time, id int32) {
	m := &w.actors[id]
	c := &w.cohorts[m.cohort]
	stream := of(m.stream, m.nth)
	m.nth++
	if c.Arrivals.Form == scenario.Alternating {
		w.enter(at, c, c.members[m.person], stream, id)
		return
	}
	w.enter(at, c, c.members[m.person], stream, 0)
	w.nextBegin(at, id)
}
