package trace

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"highwater/engine"
	"highwater/sim/result"
)

// Which is which instant of a replay to explain.
type Which uint8

// The instants.
const (
	AtTime         Which = iota // after everything that happens then
	AtPeak                      // after the very event that made the peak
	AtFirstRefusal              // when somebody is refused for the first time
)

func (w Which) String() string { return [...]string{"time", "peak", "first-refusal"}[w] }

// A Moment is an instant of a replay.
type Moment struct {
	Which Which
	At    engine.Time // AtTime; AtPeak: what was in use before does not count
	Units int         // AtPeak: the peak; its first instant is meant
}

// An Explainer replays a trace and says who holds license units at a moment,
// and why. What a connection is doing then depends on how it goes on, so that
// the trace is read to its end.
type Explainer struct {
	r       *Replay
	moment  Moment
	res     result.Explanation
	looked  bool
	callers []caller // by ConnID
	asking  caller   // whose connection or login is tried
	cohorts map[string]string
	tenures map[engine.UserID]*tenure
	refused int64                                // attempts so far
	first   string                               // cohort of the first refused
	silence engine.Time                          // the longest that a web session was silent and then heard of again
	next    map[engine.ConnID]*result.HolderConn // of the moment, that wait for their next event
}

// A caller is who has a connection, as far as the trace tells.
type caller struct {
	conn, cohort, who string
	via               engine.Via
	web               bool
	request           bool // its end is known from the begin
	last              engine.Time
}

// A tenure is the time since a license user ID has held units without a break.
type tenure struct {
	units      int
	since      engine.Time
	cohort     string // of the connection that left last
	via        engine.Via
	transition result.HolderTransition
}

// usualTimeout is the time-out of a web session unless its application says
// otherwise: silence for less tells nothing.
const usualTimeout = 900 * engine.Second

// Explain replays all of a trace and explains a moment of it.
func Explain(r Reader, o Options, m Moment) (*result.Explanation, error) {
	x := NewExplainer(o, m)
	if err := x.r.All(r); err != nil {
		return nil, err
	}
	return x.Finish(nil), nil
}

// NewExplainer makes an explainer with nobody connected.
func NewExplainer(o Options, m Moment) *Explainer {
	if m.Which == AtPeak && m.Units == 0 {
		m.At = 0 // none ever was in use
	}
	o.End = max(o.End, m.At)
	x := &Explainer{
		r: NewReplay(o), moment: m, silence: usualTimeout, cohorts: map[string]string{}, tenures: map[engine.UserID]*tenure{}, next: map[engine.ConnID]*result.HolderConn{},
		res: result.Explanation{
			Schema: result.Schema, Kind: "explanation", Policy: o.Policy.Name, Base: o.Policy.Base, Options: o.Policy.Changed, Units: o.Units,
			LimitOn: o.Policy.LimitOn.String(), Enforced: o.Policy.Enforce, Which: m.Which.String(),
			Split: []result.CategoryUnits{}, ByCohort: []result.CohortSplit{}, Holders: []result.UnitHolder{}, Notes: []string{},
		},
	}
	x.r.x = x
	return x
}

// Apply does one event, as [Replay.Apply] does.
func (x *Explainer) Apply(ev *Event) error { return x.r.Apply(ev) }

// timed reports whether the moment is an instant by itself.
func (x *Explainer) timed() bool {
	return x.moment.Which == AtTime || x.moment.Which == AtPeak && x.moment.Units == 0
}

// before hears of each event before it is done. The slot is that of its
// connection, or negative.
func (x *Explainer) before(at engine.Time, ev *Event, slot int32) {
	if x.timed() && at > x.moment.At {
		x.lookThen()
	}
	if ev.Op == Connect || ev.Op == Request {
		x.asking = x.callerOf(at, ev)
		return
	}
	if slot < 0 {
		return
	}
	id := x.r.open.list[slot].conn
	if c, ok := x.next[id]; ok {
		delete(x.next, id)
		c.State = result.Working
		if ev.Op == Disconnect && ev.How == engine.Timeout {
			c.State, c.Until = result.Idle, until(at+x.r.o.Policy.TimeoutLag)
		}
	}
	if int(id) < len(x.callers) {
		c := &x.callers[id]
		if c.web {
			x.silence = max(x.silence, at-c.last)
		}
		c.last = at
		x.asking = *c
	}
}

func (x *Explainer) callerOf(at engine.Time, ev *Event) caller {
	c := caller{conn: lineName(ev.Line), via: ev.Via, web: ev.Via == engine.CSP || ev.Sessionful, request: ev.Op == Request, last: at}
	if ev.named() {
		c.conn = strings.Clone(ev.Conn)
	}
	c.who = strings.Clone(cmp.Or(ev.Person, ev.Device, ev.User, ev.Addr))
	cohort, ok := x.cohorts[ev.Cohort]
	if !ok {
		cohort = strings.Clone(ev.Cohort)
		x.cohorts[cohort] = cohort
	}
	c.cohort = cohort
	return c
}

// tried looks whether the connection or login that was tried made the peak.
func (x *Explainer) tried() {
	if x.moment.Which == AtPeak && !x.timed() && x.r.in.Now() >= x.moment.At && x.r.in.InUse() >= x.moment.Units {
		x.look()
	}
}

// hear notes what the table does not keep.
func (x *Explainer) hear(e engine.Event) {
	if e.Kind == engine.Refused {
		x.refused++
		if x.refused == 1 {
			x.first = x.asking.cohort
			if x.moment.Which == AtFirstRefusal {
				x.look()
			}
		}
		return
	}
	t, ok := x.tenures[e.User]
	if !ok {
		t = &tenure{since: e.At}
		x.tenures[e.User] = t
	}
	t.units += e.Units
	switch e.Kind {
	case engine.Granted:
		for int(e.Conn) >= len(x.callers) {
			x.callers = append(x.callers, caller{})
		}
		x.callers[e.Conn] = x.asking
	case engine.Transitioned:
		t.transition = result.HolderTransition{
			At: e.At, Conn: x.asking.conn, Via: x.asking.via.String(), Cohort: x.asking.cohort, Who: x.asking.who, Connections: e.RowConnections}
	case engine.Released:
		if e.Conn != 0 {
			t.cohort, t.via = x.callers[e.Conn].cohort, e.Via
		}
	}
	if t.units == 0 {
		delete(x.tenures, e.User)
	}
}

// lookThen goes on to the end of the moment's instant and looks.
func (x *Explainer) lookThen() {
	if x.looked {
		return
	}
	x.r.endRequests(x.moment.At)
	x.r.in.Advance(x.moment.At)
	x.look()
}

// look notes who holds units now, unless that has been done.
func (x *Explainer) look() {
	if x.looked {
		return
	}
	x.looked = true
	in := x.r.in
	x.res.At, x.res.Units, x.res.Refused = until(in.Now()), in.Units(), x.refused
	x.res.InUse, x.res.Connections = in.InUse(), in.Connections()
	for _, row := range in.Rows() {
		x.res.Holders = append(x.res.Holders, x.holder(&row))
	}
}

// holder says who has a row, and how its units split but for the one that
// depends on what comes next.
func (x *Explainer) holder(row *engine.RowState) result.UnitHolder {
	t := x.tenures[row.User]
	h := result.UnitHolder{
		LicenseUserID: x.r.in.UserName(row.Tag), Units: row.Units + len(row.Apart), Connections: len(row.Conns), Since: t.since,
		Conns: make([]result.HolderConn, len(row.Conns)),
	}
	var cohorts []string
	ends, open := max(row.Hold, row.Grace), false
	for _, at := range row.Apart {
		ends = max(ends, at)
	}
	for i := range row.Conns {
		s := &row.Conns[i]
		c := &x.callers[s.ID]
		h.Conns[i] = result.HolderConn{
			Conn: c.conn, Via: s.Via.String(), Cohort: c.cohort, Who: c.who, Start: s.Start, Last: c.last, State: result.Working}
		h.Vias, cohorts = with(h.Vias, s.Via.String()), with(cohorts, c.cohort)
		x.wait(&h.Conns[i], s)
		ends, open = max(ends, s.Until), open || s.Open
	}
	if len(h.Conns) == 0 {
		h.Vias, cohorts = []string{t.via.String()}, []string{t.cohort}
	}
	h.Cohort = strings.Join(cohorts, " + ")
	if !open {
		h.Until = until(ends)
	}
	if row.Transitioned {
		transition := t.transition
		h.Transitioned = &transition
	}
	h.Split = x.known(row)
	return h
}

// wait finds what a connection is doing, or has it wait for its next event.
func (x *Explainer) wait(c *result.HolderConn, s *engine.ConnState) {
	switch {
	case !s.Open:
		c.State, c.Until = result.Held, until(s.Until)
	case s.Until != 0:
		c.State, c.Until = result.Idle, until(s.Until) // it has timed out, which has yet to take effect
	case s.Web && !x.callers[s.ID].request:
		c.State = ""
		x.next[s.ID] = c
	}
}

// known splits the units of a row but for the first one of a row with
// connections.
func (x *Explainer) known(row *engine.RowState) []result.CategoryUnits {
	units := map[string]int{result.Graced: len(row.Apart)}
	switch {
	case len(row.Conns) > 0 && x.r.o.Policy.Contract:
		units[result.ContractSurplus] = row.Units - 1
	case len(row.Conns) > 0:
		units[result.TransitionSurplus] = row.Units - 1
	case row.Hold > row.Grace:
		units[result.Held] += row.Units
	default:
		units[result.Graced] += row.Units
	}
	return splitOf(units)
}

// with is a list with a text, once.
func with(list []string, text string) []string {
	if slices.Contains(list, text) {
		return list
	}
	return append(list, text)
}

// splitOf lists the categories that have units.
func splitOf(units map[string]int) (list []result.CategoryUnits) {
	for _, c := range result.Categories() {
		if units[c] > 0 {
			list = append(list, result.CategoryUnits{Category: c, Units: units[c]})
		}
	}
	return list
}

// Finish goes on to the end of the trace and explains the moment. Known are
// the states of the web sessions that nothing more is heard of, by name, if
// somebody knows them.
func (x *Explainer) Finish(known map[string]string) *result.Explanation {
	if x.timed() {
		x.lookThen()
	}
	replay, res := x.r.Finish(), &x.res
	res.End = replay.End
	if f := replay.FirstRefusal; f != nil {
		res.FirstRefusal = &result.CohortRefusal{Refusal: *f, Cohort: x.first}
	}
	if epoch := x.r.Epoch(); !epoch.IsZero() && res.At != nil {
		clock := epoch.Add(time.Duration(*res.At) * time.Microsecond)
		res.Clock = &clock
	}
	x.guess(known)
	x.sumUp()
	return res
}

// guess says what the web sessions do that nothing more is heard of. When it
// is not known they are leaked, if the trace is silent of them for longer than
// the usual time-out and than of any that it tells more of; else it may just be
// too short.
func (x *Explainer) guess(known map[string]string) {
	leaked, unclear := 0, 0
	for _, c := range x.next {
		switch state, ok := known[c.Conn]; {
		case ok:
			c.State = state
		case x.res.End-c.Last > x.silence:
			c.State = result.Leaked
			leaked++
		default:
			c.State = result.Working
			unclear++
		}
	}
	note := func(n int, as string) {
		if n > 0 {
			left := x.res.End - *x.res.At
			x.res.Notes = append(x.res.Notes, fmt.Sprintf(
				"web sessions that nothing more is heard of until the trace ends, %s s later: %d, counted as %s", left.AppendSeconds(nil), n, as))
		}
	}
	note(leaked, "leaked: no other was silent for so long and then heard of again")
	note(unclear, "working: the trace may be too short to tell")
}

// sumUp splits all units, now that it is known what every connection does.
func (x *Explainer) sumUp() {
	res := &x.res
	all, cohorts := map[string]int{}, map[string]*cohortSum{}
	for i := range res.Holders {
		h := &res.Holders[i]
		units := map[string]int{}
		for _, s := range h.Split {
			units[s.Category] = s.Units
		}
		if len(h.Conns) > 0 {
			units[busiest(h.Conns)]++
		}
		h.Split = splitOf(units)
		c, ok := cohorts[h.Cohort]
		if !ok {
			c = &cohortSum{result.CohortUnits{Cohort: h.Cohort}, map[string]int{}}
			cohorts[h.Cohort] = c
		}
		c.Units += h.Units
		c.Users++
		for _, s := range h.Split {
			all[s.Category] += s.Units
			c.split[s.Category] += s.Units
		}
	}
	for _, name := range result.Categories() {
		res.Split = append(res.Split, result.CategoryUnits{Category: name, Units: all[name]})
	}
	for _, c := range cohorts {
		res.ByCohort = append(res.ByCohort, result.CohortSplit{CohortUnits: c.CohortUnits, Split: splitOf(c.split)})
	}
	slices.SortFunc(res.ByCohort, func(a, b result.CohortSplit) int {
		return cmp.Or(b.Units-a.Units, cmp.Compare(a.Cohort, b.Cohort))
	})
	slices.SortStableFunc(res.Holders, func(a, b result.UnitHolder) int {
		return cmp.Or(b.Units-a.Units, order(&b)-order(&a), cmp.Compare(a.Since, b.Since), cmp.Compare(a.LicenseUserID, b.LicenseUserID))
	})
}

// order is the higher the less a holder's units are needed.
func order(h *result.UnitHolder) int {
	return slices.Index(result.Categories(), h.Split[len(h.Split)-1].Category)
}

// A cohortSum is the units of a cohort.
type cohortSum struct {
	result.CohortUnits
	split map[string]int
}

// busiest is what the connections of a row do: work if one of them works.
func busiest(conns []result.HolderConn) string {
	for _, state := range []string{result.Working, result.Idle, result.Leaked} {
		if slices.ContainsFunc(conns, func(c result.HolderConn) bool { return c.State == state }) {
			return state
		}
	}
	return result.Held
}

// until is an instant that is known.
func until(at engine.Time) *engine.Time { return &at }
