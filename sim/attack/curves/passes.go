package curves

import (
	"cmp"
	"math"
	"slices"
	"time"

	"highwater/engine"
	"highwater/scenario"
	"highwater/sim"
	"highwater/sim/attack/record"
	"highwater/sim/trace"
)

// A pass says at which instants of what was sent and done requests are
// counted.
type pass uint8

const (
	asRun   pass = iota // from sent to done, by the key; refused is who finds no unit free
	highest             // those that the target did not refuse, as early and as long as can be
	lowest              // those that it served, as late and as short as can be
)

// A step is the begin or end of an attempt in a pass.
type step struct {
	at    engine.Time
	rest  engine.Time // from when on a web session rests
	entry int32
	end   bool
	later bool // the end of what began before
}

// steps are those of a pass, in order.
func (l *Log) steps(p pass, a axis, policy *engine.Policy) []step {
	list := make([]step, 0, 2*len(l.Entries))
	for i := range l.Entries {
		e := &l.Entries[i]
		sent, done := a.at(e.Sent), max(a.at(e.Sent), a.at(e.Done))
		from, rest := sent, done
		switch {
		case !e.Reached():
			continue
		case p == highest && e.Outcome == record.Refused && e.Kind != sim.LoginRequest:
			continue
		case p == highest && e.Kind == sim.LogoutRequest:
			if e.Outcome != record.Served {
				continue
			}
			from = done
		case p == lowest && e.Kind == sim.LogoutRequest:
			done = sent
		case p == lowest && e.Outcome != record.Served && !(e.Outcome == record.Refused && e.Kind == sim.LoginRequest):
			continue
		case p == lowest:
			from, rest = a.at(l.latest(e)), a.at(l.earliest(e))
			done = from
			if l.Reach > 0 {
				done = max(from, rest)
			}
			if policy.HoldCountsConnection && l.holds(e, policy) { // a connection until its hold ends
				done = max(done, l.heldFrom(e, policy, a)+policy.HoldSeconds)
			}
		}
		list = append(list, step{at: from, entry: int32(i)}, step{at: done, rest: rest, entry: int32(i), end: true, later: done > from})
	}
	slices.SortStableFunc(list, func(x, y step) int { // stable: each begins before it ends
		return cmp.Or(cmp.Compare(x.at, y.at), x.class(p)-y.class(p), cmp.Compare(x.entry, y.entry))
	})
	return list
}

// class orders the steps of one instant: by what was sent as run, and else so
// that most or fewest are there at once.
func (s *step) class(p pass) int {
	if p == highest && s.end || p == lowest && !s.later {
		return 1
	}
	return 0
}

// pass counts a log in one of the ways.
func (l *Log) pass(p pass, policy engine.Policy, units int, others func(*scenario.Cohort) bool, tape func(*trace.Event)) *curve {
	if p != asRun {
		policy, units = policy.WithoutLimit(), 0
		policy.ConnectionLimit = 0
	}
	if p == highest && l.Reach == 0 {
		_ = policy.Set("hold_from", "end") // which is never earlier than from the start
	}
	a := l.axis()
	steps := l.steps(p, a, &policy)
	if p == lowest {
		policy.GraceKeepsTransition = policy.GraceKeepsTransition && l.Reach > 0 // a hold that lasts too long must keep none
		if policy.HoldCountsConnection {
			policy.HoldSeconds = 0 // the steps have them
		}
	}
	c := l.run(policy, units, others, tape)
	c.most = p == highest
	if p == lowest && policy.GraceOn == engine.TimeoutOnly {
		c.leaves = l.leaves()
	}
	last := l.last()
	for _, s := range steps {
		e := l.Entries[s.entry]
		if i, ok := last[sessionKey(&e)]; ok && i != s.entry && e.Session != 0 {
			s.rest = engine.MaxTime // the target let it go on
		}
		refused := e.Outcome == record.Refused
		if refused && e.Kind != sim.LoginRequest {
			e.Session = math.MaxUint32 - e.Attempt // none that goes on
		}
		if refused && p != asRun {
			e.Kind = sim.PageRequest // which had its session before
		}
		switch {
		case !s.end:
			c.start(s.at, &e)
		case refused && e.Kind != sim.LoginRequest:
			c.finish(s.at, s.rest, &e)
			c.drop(s.at, &e)
		default:
			c.finish(s.at, s.rest, &e)
		}
	}
	return c.finishAt(l.end() + a.ahead)
}

// latest is when the target had begun an attempt.
func (l *Log) latest(e *record.Entry) time.Duration {
	if l.Reach == 0 {
		return max(e.Sent, e.Done)
	}
	return max(e.Sent, min(e.Done, e.Sent+l.Reach))
}

// earliest is until when the target had not ended an attempt.
func (l *Log) earliest(e *record.Entry) time.Duration {
	if l.Reach == 0 {
		return e.Sent
	}
	return max(e.Sent, e.Done-l.Reach)
}

// end is when the curves end, in the scenario's time.
func (l *Log) end() engine.Time {
	a := l.axis()
	a.ahead = 0
	end := l.Header.To
	for i := range l.Entries {
		end = max(end, a.at(l.Entries[i].Done))
	}
	for i := range l.Samples {
		end = max(end, a.at(l.Samples[i].Done))
	}
	return end
}

// answered is when the last attempt was over, in the scenario's time.
func (l *Log) answered() engine.Time {
	return l.latestOf(func(e *record.Entry) time.Duration { return e.Done })
}

// sent is when the last attempt was sent, or gave up at a proxy, in the
// scenario's time.
func (l *Log) sent() engine.Time {
	return l.latestOf(func(e *record.Entry) time.Duration { return e.Sent })
}

// latestOf is the latest instant of an attempt, in the scenario's time.
func (l *Log) latestOf(instant func(*record.Entry) time.Duration) engine.Time {
	a := l.axis()
	a.ahead = 0
	end := l.Header.From
	for i := range l.Entries {
		end = max(end, a.at(instant(&l.Entries[i])))
	}
	return end
}

// impatient are when attempts gave up at a proxy, in the target's time.
func (l *Log) impatient() (list []engine.Time) {
	a := l.axis()
	for i := range l.Entries {
		if e := &l.Entries[i]; e.Outcome == record.Impatient {
			list = append(list, a.at(e.Done))
		}
	}
	return list
}

// last are the last requests of web sessions.
func (l *Log) last() map[uint64]int32 {
	list := map[uint64]int32{}
	for i := range l.Entries {
		e := &l.Entries[i]
		if e.Session == 0 || e.Outcome != record.Served || e.Kind == sim.LogoutRequest { // a logout comes too late without notice
			continue
		}
		if j, ok := list[sessionKey(e)]; !ok || e.Sent >= l.Entries[j].Sent {
			list[sessionKey(e)] = int32(i)
		}
	}
	return list
}

// leaves are the web sessions with a logout.
func (l *Log) leaves() map[uint64]bool {
	list := map[uint64]bool{}
	for i := range l.Entries {
		if e := &l.Entries[i]; e.Kind == sim.LogoutRequest {
			list[sessionKey(e)] = true
		}
	}
	return list
}

// holds reports whether an attempt was a call that holds its unit.
func (l *Log) holds(e *record.Entry, p *engine.Policy) bool {
	k := &l.Header.Cohorts[e.Cohort]
	return e.Outcome == record.Served && !k.Session && p.HoldSeconds > 0 && (p.HoldScope == engine.AllSessionless || k.User == "")
}

// heldFrom is the earliest instant from which a call's hold counts.
func (l *Log) heldFrom(e *record.Entry, p *engine.Policy, a axis) engine.Time {
	if p.HoldFrom == engine.FromEnd {
		return a.at(l.earliest(e))
	}
	return a.at(e.Sent)
}

// doubts are when a call's hold may have ended or not, which the lowest pass
// takes for the latest, and when a login may have been or not.
func (l *Log) doubts(policy *engine.Policy) (holds, logins doubts) {
	a := l.axis()
	for i := range l.Entries {
		e := &l.Entries[i]
		switch {
		case !e.Reached():
		case e.Kind == sim.LoginRequest:
			logins.add(a.at(e.Sent), a.at(e.Done))
		case l.holds(e, policy):
			from := l.heldFrom(e, policy, a)
			to := a.at(l.latest(e))
			if policy.HoldFrom == engine.FromEnd {
				to = max(to, from)
			}
			holds.add(from+policy.HoldSeconds, to+policy.HoldSeconds)
		}
	}
	for _, d := range []*doubts{&holds, &logins} {
		slices.Sort(d.from)
		slices.Sort(d.to)
	}
	return holds, logins
}
