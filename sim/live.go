package sim

import (
	"cmp"

	"highwater/engine"
	"highwater/scenario"
	"highwater/sim/trace"
)

// LiveOptions say what of a scenario is run live. The zero LiveOptions run all
// cohorts of the first replication with the scenario's own seed.
type LiveOptions struct {
	Seed uint64 // 0 means the scenario's

	// Keep tells which cohorts are run; nil runs all. Jobs are run with the
	// cohort that starts them.
	Keep func(*scenario.Cohort) bool
	// Trace gets what happens, in order; an event is valid during the call.
	Trace func(*trace.Event)
	// Number is the line number of the next event in the trace, which names
	// license user IDs that equal no other.
	Number func() int64
}

// A Live is a scenario's cohorts in an instance that others use, too. They do
// what they do in a simulation, but their time is that of who drives them:
// [Live.Next] says when something happens, and [Live.Advance] lets it happen.
// It goes on for a year of the scenario's time, however long the scenario.
type Live struct {
	w      *world
	in     *engine.Instance
	number func() int64
	now    engine.Time
}

// liveEnd is when a live scenario ends: nobody rehearses for so long.
const liveEnd = 366 * engine.Day

// NewLive prepares the cohorts of a scenario for an instance that is new.
func NewLive(sc *scenario.Scenario, in *engine.Instance, o LiveOptions) *Live {
	own := *sc
	own.Duration = max(sc.Duration, liveEnd)
	own.Cohorts = append([]scenario.Cohort(nil), sc.Cohorts...)
	for i := range own.Cohorts {
		if c := &own.Cohorts[i]; o.Keep != nil && !o.Keep(c) { // its place stays, for those who refer to it
			c.Arrivals, c.Count = scenario.Arrivals{}, 0
		}
	}
	l := &Live{in: in, number: o.Number}
	w := newWorld(&own, in.Policy(), in.Units(), nil, o.Trace)
	w.table, w.acct = in.Table, (*guest)(l)
	w.reset(cmp.Or(o.Seed, sc.Seed), 0)
	w.first = new(firstRefusal) // whoever has the instance knows the first
	l.w = w
	return l
}

// Next is when something happens next; false when nothing does any more.
func (l *Live) Next() (engine.Time, bool) {
	at, ok := l.w.q.Next()
	if l.w.tape != nil {
		if lost, any := l.w.tape.unheld.Next(); any && (!ok || lost < at) {
			at, ok = lost, true
		}
	}
	return engine.Time(at), ok
}

// Advance lets everything happen that is due at or before an instant, each
// at its own.
func (l *Live) Advance(at engine.Time) {
	for {
		next, id, ok := l.w.q.PopBefore(int64(at) + 1)
		if !ok {
			break
		}
		l.now = engine.Time(next)
		l.w.act(l.now, int32(id))
	}
	l.now = at
	l.endLost()
}

// endLost writes down the refused connections that have ended by now.
func (l *Live) endLost() {
	if l.w.tape != nil {
		l.w.tape.endLost(l.now)
	}
}

// A guest is an [Accountant] that counts in an instance of others. Equal texts
// are one license user ID there, whoever has them.
type guest Live

// AddUser makes a row of the instance for a license user ID of the world, or
// finds the one that others have.
func (g *guest) AddUser(t uint64) engine.UserID {
	if tag(t>>(numberBits+deviceBits+cohortBits)) == tagFresh {
		(*Live)(g).endLost() // which are lines before the one that is to come
		return g.in.Fresh(g.number())
	}
	return g.in.User(g.w.userName(t))
}

// Retire forgets a license user ID that nobody else can have.
func (g *guest) Retire(id engine.UserID) { g.in.RetireFresh(id) }

func (g *guest) UserOf(id engine.ConnID) engine.UserID { return g.in.UserOf(id) }

func (g *guest) Connect(at engine.Time, q engine.Request) (engine.ConnID, *engine.Refusal) {
	return g.in.Table.Connect(at, q)
}

func (g *guest) Page(at engine.Time, id engine.ConnID) { g.in.Page(at, id) }

func (g *guest) Login(at engine.Time, id engine.ConnID, user engine.UserID, label uint32) *engine.Refusal {
	return g.in.Table.Login(at, id, user, label)
}

func (g *guest) Disconnect(at engine.Time, id engine.ConnID, how engine.How) {
	g.in.Table.Disconnect(at, id, how)
}
