package engine

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// A step is one call of a table, and what it is called with.
type step struct {
	what  string
	wait  Time // since the step before
	user  int
	times int
	conn  int // which of the open connections
	via   Via
	how   How
	n     int
	flag  bool // sessionful
	anon  bool
	label uint32
}

var (
	whats = []string{
		"connect", "connect", "call", "call", "call", "call", "call", "session", "session", "session", "session", "fresh",
		"disconnect", "disconnect", "disconnect", "disconnect", "disconnect", "disconnect", "disconnect", "disconnect",
		"disconnect", "disconnect", "wait", "wait", "login", "login", "page", "retire", "key", "limits", "reset peak",
	}
	users  = []int{0, 0, 0, 0, 0, 1, 1, 2}
	waits  = []Time{0, 0, 0, 1, 1, 2, 3, 5}
	counts = []int{1, 1, 1, 1, 1, 2, 4, 14}
	hows   = []How{0, 0, Timeout, Timeout, Logout, Exit, EndSession, Kill}
	// charged comes before what is not, so that failures shrink to it.
	vias = []Via{Terminal, CSP, REST, SOAP, REST, CSP, System, Diagnostic}
)

// pick draws one of a list, all of them equally often: rapid's own numbers
// are mostly small ones. Failures shrink to the first.
func pick[T any](t *rapid.T, list []T) T {
	i := 0
	for span := 1; span < len(list); span *= 2 {
		i *= 2
		if rapid.Bool().Draw(t, "bit") {
			i++
		}
	}
	return list[i%len(list)]
}

func below(t *rapid.T, n int) int {
	list := make([]int, n)
	for i := range list {
		list[i] = i
	}
	return pick(t, list)
}

var steps = rapid.Custom(func(t *rapid.T) step {
	return step{
		what: pick(t, whats), wait: pick(t, waits), user: pick(t, users), times: pick(t, counts), conn: below(t, 16),
		via: pick(t, vias), how: pick(t, hows), n: below(t, 16), flag: below(t, 4) == 3, anon: below(t, 2) == 1, label: uint32(below(t, 2)),
	}
})

// randomly changes the options that counting depends on.
func randomly(t *rapid.T, p Policy) Policy {
	some := func(name string, values ...string) {
		if err := p.Set(name, pick(t, values)); err != nil {
			t.Fatal(err)
		}
	}
	few := []string{"0.000009", "0.000005", "0.000003", "0"}
	some("max_connections", "3", "1", "2", "4")
	some("transition_at", "gt_max", "ge_max")
	some("transition_short", "refuse", "overcommit")
	some("refused_attempt_sticks", "false", "true")
	some("hold_seconds", few...)
	some("hold_scope", "all_sessionless", "anonymous_only")
	some("hold_from", "start", "end")
	some("hold_extend", "true", "false")
	some("hold_counts_connection", "false", "true")
	some("grace_seconds", few...)
	some("grace_on", "logout_or_timeout", "timeout_only")
	some("grace_reuse", "true", "false")
	some("grace_keeps_transition", "false", "true")
	some("timeout_lag", "0", "0", "0.000002")
	some("connection_limit", "0", "0", "0", "5")
	some("user_limit", "0", "0", "0", "3")
	some("limit_on", p.LimitOn.name(), "units", "connections")
	some("enforce", fmt.Sprint(p.Enforce), "true", "false")
	some("contract_over", "ceil_div", "flag_only")
	some("uncharged", p.Uncharged.String(), "none", "rest,terminal", "diagnostic")
	return p
}

func (l LimitOn) name() string { return [...]string{"units", "connections"}[l] }

// A race is a table and its model, driven by the same steps.
type race struct {
	t     *rapid.T
	table *Table
	m     *model
	users []UserID
	tags  []uint64
	open  []*modelConn // that may be disconnected
	tag   uint64       // of the last license user ID

	heard, heardConns, heardTransitions int
	granted, released                   map[ConnID]int // by the listener
	lastHeard                           Time
	refusal                             *Refusal // the last heard
}

func (r *race) start(p Policy, units int) {
	r.table.Reset(p, units)
	r.m = newModel(p, units)
	r.users, r.tags, r.open, r.tag = nil, nil, nil, 0
	r.heard, r.heardConns, r.heardTransitions, r.lastHeard = 0, 0, 0, 0
	r.granted, r.released = map[ConnID]int{}, map[ConnID]int{}
	for range 3 {
		r.tag++
		r.users, r.tags = append(r.users, r.table.AddUser(r.tag)), append(r.tags, r.tag)
	}
}

// hear checks what the listener hears against what it has heard before.
func (r *race) hear(e Event) {
	r.heard += e.Units
	if e.InUse != r.heard || e.At < r.lastHeard {
		r.t.Fatalf("event %v: InUse %d at %d; the events until then sum up to %d, at %d", e, e.InUse, e.At, r.heard, r.lastHeard)
	}
	r.lastHeard = e.At
	switch e.Kind {
	case Granted:
		r.granted[e.Conn]++
	case Released:
		if e.Conn != 0 && e.Cause != HoldEnded {
			r.released[e.Conn]++ // a finished call whose hold has ended was released before
		}
	case Transitioned:
		r.heardTransitions++
	case Refused:
		copied := *e.Refusal
		r.refusal = &copied
	}
	r.heardConns = e.Connections
}

func TestTheTableAgreesWithASlowRecount(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := &race{t: t}
		r.table = NewTable(defaults, 0, r.hear)
		for range 2 { // the second run uses the memory of the first
			p, _ := NamedPolicy(pick(t, []string{"iris-2022.3", "iris-2022.3", "community", "contract"}))
			r.start(randomly(t, p), below(t, 8))
			for _, day := range rapid.SliceOfN(rapid.SliceOf(rapid.SliceOf(steps)), 1, -1).Draw(t, "steps") { // lists of rapid's are short
				for _, hour := range day {
					for _, s := range hour {
						r.step(s)
					}
				}
			}
		}
	})
}

// step does one step with the table and the model, and compares them.
func (r *race) step(s step) {
	at := r.m.now + s.wait
	r.checkNextExpiry(at)
	before, transitions := r.m.inUse(), r.m.transitions
	q := Request{Via: s.via, Sessionful: s.flag, Anonymous: s.anon, Label: s.label}
	switch s.what {
	case "call":
		q.Via, q.Sessionful = REST, false
		r.connect(at, q, s.user, s.times)
	case "session":
		q.Via = CSP
		r.connect(at, q, s.user, 1)
	case "connect":
		r.connect(at, q, s.user, s.times)
	case "fresh":
		r.connect(at, q, -1, 1)
	case "retire":
		r.table.Retire(r.users[s.user])
		r.tag++
		r.users[s.user], r.tags[s.user] = r.table.AddUser(r.tag), r.tag
	case "wait":
		r.table.Advance(at)
		r.m.advance(at)
	case "key":
		r.table.SetKey(at, s.n)
		r.m.advance(at)
		r.m.units = s.n
	case "limits":
		r.limits(at, s)
	case "reset peak":
		r.table.ResetPeak(at)
		r.m.resetPeak(at)
		r.heardTransitions = 0
	default:
		if len(r.open) > 0 {
			r.use(at, s, s.conn%len(r.open))
		}
	}
	r.compare()
	r.invariants(before, r.m.transitions > transitions)
}

func (r *race) connect(at Time, q Request, user, times int) {
	for range times {
		tag := uint64(0)
		if user < 0 {
			r.tag++
			tag = r.tag
			q.User = r.table.AddUser(tag)
		} else {
			tag, q.User = r.tags[user], r.users[user]
		}
		id, got := r.table.Connect(at, q)
		c, want := r.m.connect(at, q, tag)
		r.refused(got, want)
		if user < 0 && !(got == nil && !r.table.Charged(id)) {
			r.table.Retire(q.User)
		}
		if got == nil {
			c.id = id
			r.open = append(r.open, c)
		}
	}
}

// limits sets one of the limits, or lifts it.
func (r *race) limits(at Time, s step) {
	r.table.Advance(at)
	r.m.advance(at)
	set, field := r.table.SetConnectionLimit, &r.m.p.ConnectionLimit
	if s.anon {
		set, field = r.table.SetUserLimit, &r.m.p.UserLimit
	}
	limit := max(0, s.n-8)
	if former := set(limit); former != *field {
		r.t.Fatalf("former limit %d, want %d", former, *field)
	}
	*field = limit
}

// use does something with an open connection.
func (r *race) use(at Time, s step, i int) {
	c := r.open[i]
	switch s.what {
	case "page":
		r.table.Page(at, c.id)
		r.m.advance(at)
		c.pages++
	case "login":
		got := r.table.Login(at, c.id, r.users[s.user], s.label)
		r.refused(got, r.m.login(at, c, r.tags[s.user], s.label))
	case "disconnect":
		r.table.Disconnect(at, c.id, s.how)
		r.m.disconnect(at, c, s.how)
		r.open = slices.Delete(r.open, i, i+1)
	}
}

// refused compares what the table refused with what the model refused.
func (r *race) refused(got, want *Refusal) {
	if (got == nil) != (want == nil) {
		r.t.Fatalf("refusal %+v, want %+v", got, want)
	}
	if got == nil {
		return
	}
	g := *got
	g.User, g.csp = 0, 0
	if g != *want {
		r.t.Fatalf("refusal %+v, want %+v", g, *want)
	}
	if *r.refusal != *got {
		r.t.Fatalf("heard refusal %+v, want %+v", *r.refusal, *got)
	}
}

// checkNextExpiry: nothing changes before the time that NextExpiry tells.
func (r *race) checkNextExpiry(at Time) {
	for {
		next, ok := r.table.NextExpiry()
		want, changes := r.m.nextEnd()
		if changes && (!ok || next > want) || ok && next <= r.m.now {
			r.t.Fatalf("at %d: NextExpiry() = %d, %v; want at most %d, %v", r.m.now, next, ok, want, changes)
		}
		if !ok || next > at {
			return
		}
		r.table.Advance(next)
		r.m.advance(next)
		r.compare()
	}
}

func (r *race) compare() {
	t, m := r.table, r.m
	is := func(what string, got, want any) {
		if got != want {
			r.t.Fatalf("at %d: %s %v, want %v", m.now, what, got, want)
		}
	}
	is("Now", t.Now(), m.now)
	is("InUse", t.InUse(), m.inUse())
	is("Connections", t.Connections(), m.connections())
	is("Peak", t.Peak(), m.peak)
	is("PeakConnections", t.PeakConnections(), m.peakConns)
	is("Transitions", t.Transitions(), m.transitions)
	for i, id := range r.users {
		tag := r.tags[i]
		row := &t.rows[id]
		is("a user's connections", t.RowConnections(id), m.count(tag))
		is("a user's units", int(row.units), m.row(tag))
		is("a user's units set apart", int(row.apart), m.setApart(tag))
		is("a user's transitioned", row.transitioned, m.id(tag).transitioned)
	}
	for _, c := range r.open {
		is("charged", t.Charged(c.id), c.charged)
		if c.charged {
			is("tag of a connection", t.Tag(t.UserOf(c.id)), c.tag)
		}
	}
	r.compareTime()
	r.compareHolders()
	r.compareRows()
	r.compareHeard()
}

func (r *race) compareTime() {
	unitTime := Time(0)
	for units, d := range r.table.Usage() {
		if d != r.m.usage[units] {
			r.t.Fatalf("at %d: %d units in use for %d, want %d", r.m.now, units, d, r.m.usage[units])
		}
		unitTime += Time(units) * d
	}
	sum := Time(0)
	for _, d := range r.m.usage {
		sum += d
	}
	if sum != r.m.now || r.table.UnitTime() != (UnitTime{lo: uint64(unitTime)}) {
		r.t.Fatalf("at %d: UnitTime %v, want %d", r.m.now, r.table.UnitTime(), unitTime)
	}
}

func (r *race) compareHolders() {
	byTag := func(a, b Holder) int { return int(a.Tag) - int(b.Tag) }
	got := r.table.Holders()
	slices.SortFunc(got, byTag)
	var want []Holder
	for tag, h := range r.m.holders {
		h.UnitTime = r.m.id(tag).unitTime
		want = append(want, h)
	}
	slices.SortFunc(want, byTag)
	if !slices.Equal(got, want) {
		r.t.Fatalf("at %d: Holders() (-want +got):\n%s", r.m.now, cmp.Diff(want, got))
	}
}

// compareHeard: the events tell all of it.
func (r *race) compareHeard() {
	running, finished := 0, 0
	for _, c := range r.m.list {
		if c.charged && c.finished {
			finished++
		} else if c.charged {
			running++
		}
	}
	heard := 0
	for id, n := range r.granted {
		heard += n - r.released[id]
	}
	if heard != running || r.heard != r.table.InUse() || r.heardConns != running+finished {
		r.t.Fatalf("heard %d running, %d connections, %d units; want %d, %d, %d", heard, r.heardConns, r.heard, running, running+finished, r.table.InUse())
	}
	if r.heardTransitions != r.table.Transitions() {
		r.t.Fatalf("heard %d transitions, want %d", r.heardTransitions, r.table.Transitions())
	}
}

// invariants hold by themselves, whatever the model says. Only a transition
// may bring use above the limit: overcommitted, or of a refused attempt.
func (r *race) invariants(before int, transition bool) {
	inUse, held := r.table.InUse(), 0
	for _, h := range r.table.Holders() {
		held += h.Units
	}
	if peak := r.table.Peak(); inUse < 0 || peak.Units < inUse || peak.At > r.m.now || held != peak.Units {
		r.t.Fatalf("in use %d, peak %v, holders of the peak %d", inUse, peak, held)
	}
	limit, _, limited := r.m.cap()
	if limited && r.m.p.LimitOn == LimitUnits && !transition && inUse > max(limit, before) {
		r.t.Fatalf("in use %d after %d, limit %d", inUse, before, limit)
	}
}
