package curves

import (
	"context"
	"slices"

	"highwater/engine"
	"highwater/sim"
	"highwater/sim/attack"
	"highwater/sim/attack/record"
	"highwater/sim/queue"
	"highwater/sim/trace"
)

// A prediction sends a schedule in virtual time, to a target that takes as
// long as planned.
type prediction struct {
	s       *attack.Schedule
	c       *counter
	ahead   engine.Time // of the scenario
	until   engine.Time // nothing is sent after it
	next    []int32     // request of the same visit; 0 is none
	attempt []uint32    // by visit
	events  queue.Queue // requests, three times as high, and what comes of them
	doors   *attack.Doors
	e       record.Entry
	sources func(user uint32) (e record.Entry)
}

// Classes of events of one instant, of which a request has several.
const (
	ends   queue.Class = iota
	passes             // a proxy lets in who waited there
	begins
	numClasses
)

func (p *prediction) push(at engine.Time, class queue.Class, i uint32) {
	p.events.Push(int64(at), class, int(numClasses)*int(i)+int(class))
}

// predict counts a schedule that is sent in virtual time, up to when sending
// ended where the attack was cut short. The error is the context's.
func (l *Log) predict(ctx context.Context, policy engine.Policy, units int, tape func(*trace.Event)) (*curve, error) {
	s := l.Schedule
	p := &prediction{
		s: s, c: l.run(policy, units, everybody, tape), ahead: l.axis().ahead, until: engine.MaxTime, next: make([]int32, len(s.Requests)), attempt: make([]uint32, len(s.Visits)),
	}
	if l.Partial {
		p.until = l.sent() + p.ahead
	}
	of := s.Sources(l.local())
	p.sources = func(user uint32) (e record.Entry) {
		e.Address, e.Forwarded = of(user)
		return e
	}
	last := make([]int32, len(s.Visits))
	for i := len(s.Requests) - 1; i >= 0; i-- {
		v := s.Requests[i].Visit
		p.next[i], last[v] = last[v], int32(i)
	}
	for _, i := range slices.Sorted(slices.Values(last)) {
		p.push(s.Requests[i].At+p.ahead, begins, uint32(i))
	}
	p.enter()
	for n := 0; n%1024 != 0 || ctx.Err() == nil; n++ {
		at, ok := p.events.Next()
		if next, any := p.doors.Next(); any && (!ok || next < at) {
			p.doors.Advance(next)
			continue
		}
		_, ref, ok := p.events.Pop()
		if !ok {
			break
		}
		p.step(engine.Time(at), queue.Class(ref%int(numClasses)), uint32(ref/int(numClasses)))
	}
	return p.c.finishAt(l.end() + p.ahead), ctx.Err()
}

// enter opens the doors of the proxies with a cap.
func (p *prediction) enter() {
	p.doors = p.s.Doors(func(at engine.Time) int64 { return int64(at + p.ahead) }, func(t engine.Time) int64 { return int64(t) })
	if p.doors == nil {
		return
	}
	p.doors.Pass = func(at, _ int64, request, _ uint32) { p.push(engine.Time(at), passes, request) }
	p.doors.Lose = func(at, _ int64, request, _ uint32) {
		if at := engine.Time(at); at <= p.until {
			p.c.curve.impatient = append(p.c.curve.impatient, at)
			p.again(at, request)
		}
	}
}

// step has a request begin or end.
func (p *prediction) step(at engine.Time, class queue.Class, i uint32) {
	if class != ends && at > p.until {
		return
	}
	switch class {
	case ends:
		p.end(at, i)
	case passes:
		p.begin(at, i)
	case begins:
		if next, ok := p.doors.Next(); ok && next == int64(at) { // nobody comes before what ends at the same instant
			p.doors.Advance(next)
		}
		if !p.doors.Has(i) || p.doors.Come(int64(at), i, p.attempt[p.s.Requests[i].Visit]) {
			p.begin(at, i)
		}
	}
}

// local reports whether each user had an address of its own.
func (l *Log) local() bool {
	return len(l.Entries) == 0 || slices.ContainsFunc(l.Entries, func(e record.Entry) bool { return e.Address.IsValid() })
}

// entry is the present attempt of a request.
func (p *prediction) entry(i uint32) *record.Entry {
	r := &p.s.Requests[i]
	user := p.s.Visits[r.Visit].User
	u := &p.s.Users[user]
	p.e = p.sources(user)
	p.e.Request, p.e.Visit, p.e.Kind, p.e.Attempt = i, r.Visit, r.Kind, p.attempt[r.Visit]
	p.e.Cohort, p.e.Member = uint32(u.Cohort), u.Member
	if p.c.cohorts[u.Cohort].DropsCookies {
		p.e.Session = i // each is one of its own
	}
	return &p.e
}

func (p *prediction) begin(at engine.Time, i uint32) {
	r := &p.s.Requests[i]
	e := p.entry(i)
	if !p.c.start(at, e) {
		p.refused(at, i)
		return
	}
	if r.Service == 0 {
		p.end(at, i)
		return
	}
	p.push(at+r.Service, ends, i)
}

// refused has a request tried again, or its visit given up.
func (p *prediction) refused(at engine.Time, i uint32) {
	if e := p.entry(i); e.Kind == sim.LoginRequest {
		p.c.finish(at, at, e) // its session goes on
	}
	p.leave(at, i)
	p.again(at, i)
}

// again has a request tried again, unless its visit is given up.
func (p *prediction) again(at engine.Time, i uint32) {
	r := &p.s.Requests[i]
	k := &p.s.Scenario.Cohorts[p.s.Users[p.s.Visits[r.Visit].User].Cohort]
	wait, again := sim.RetryWait(k, p.s.Seed, p.s.Rep, i, p.attempt[r.Visit])
	if !again {
		return
	}
	p.attempt[r.Visit]++
	p.push(at+wait, begins, i)
}

// leave gives back the place of a request, if it had one.
func (p *prediction) leave(at engine.Time, i uint32) {
	if p.doors.Has(i) {
		p.doors.Leave(int64(at), i)
	}
}

func (p *prediction) end(at engine.Time, i uint32) {
	p.c.finish(at, at, p.entry(i))
	p.leave(at, i)
	r := &p.s.Requests[i]
	p.attempt[r.Visit] = 0
	if n := p.next[i]; n != 0 {
		q := &p.s.Requests[n]
		p.push(max(at+q.Think, q.At+p.ahead), begins, uint32(n))
	}
}
