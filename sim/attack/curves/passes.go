package curves

import (
	"cmp"
	"math"
	"slices"
	"time"

	"highwater/engine"
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
}

// steps are those of a pass, in order.
func (l *Log) steps(p pass, a axis) []step {
	list := make([]step, 0, 2*len(l.Entries))
	for i := range l.Entries {
		e := &l.Entries[i]
		sent, done := a.at(e.Sent), max(a.at(e.Sent), a.at(e.Done))
		from, rest := sent, done
		switch {
		case p == highest && e.Outcome == record.Refused && e.Kind != sim.LoginRequest:
			continue
		case p == highest && e.Kind == sim.LogoutRequest:
			if e.Outcome != record.Served {
				continue
			}
			from = done
		case p == lowest && e.Kind == sim.LogoutRequest:
			done = sent
		case p == lowest && e.Outcome != record.Served:
			continue
		case p == lowest:
			from, rest = a.at(l.latest(e)), a.at(l.earliest(e))
			done = from
			if l.Reach > 0 {
				done = max(from, rest)
			}
		}
		list = append(list, step{at: from, entry: int32(i)}, step{at: done, rest: rest, entry: int32(i), end: true})
	}
	slices.SortStableFunc(list, func(x, y step) int { return cmp.Or(cmp.Compare(x.at, y.at), x.order(l)-y.order(l)) })
	return list
}

// order puts the steps of one instant into the order in which they were sent.
func (s *step) order(l *Log) int {
	n := 2 * int(s.entry)
	if s.end {
		return n + 1
	}
	return n
}

// pass counts a log in one of the ways.
func (l *Log) pass(p pass, policy engine.Policy, units int, others bool, tape func(*trace.Event)) *curve {
	if p != asRun {
		policy, units = policy.WithoutLimit(), 0
		policy.ConnectionLimit = 0
	}
	if p == highest && l.Reach == 0 {
		_ = policy.Set("hold_from", "end") // which is never earlier than from the start
	}
	a := l.axis()
	c := l.run(policy, units, others)
	c.tape = tape
	for _, s := range l.steps(p, a) {
		e := l.Entries[s.entry]
		refused := e.Outcome == record.Refused
		if refused && e.Kind != sim.LoginRequest {
			e.Session = math.MaxUint32 - e.Attempt // none that goes on
		}
		if refused && p == highest {
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
	c.advance(max(c.in.Now(), l.end()+a.ahead))
	return &c.curve
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

// doubts are when a call's hold may have ended or not, which the lowest pass
// takes for the latest, and when a login may have been or not.
func (l *Log) doubts(policy *engine.Policy) (holds, logins doubts) {
	a := l.axis()
	for i := range l.Entries {
		e := &l.Entries[i]
		k := &l.Header.Cohorts[e.Cohort]
		sent, done := a.at(e.Sent), a.at(e.Done)
		switch {
		case e.Kind == sim.LoginRequest:
			logins.add(sent, done)
		case e.Outcome == record.Served && !k.Session && policy.HoldSeconds > 0 && (policy.HoldScope == engine.AllSessionless || k.User == ""):
			from, to := sent, a.at(l.latest(e))
			if policy.HoldFrom == engine.FromEnd {
				from, to = a.at(l.earliest(e)), max(to, a.at(l.earliest(e)))
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
