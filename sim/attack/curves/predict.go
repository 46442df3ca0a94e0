package curves

import (
	"context"
	"slices"

	"highwater/engine"
	"highwater/sim"
	"highwater/sim/attack"
	"highwater/sim/attack/record"
	"highwater/sim/queue"
)

// A prediction sends a schedule in virtual time, to a target that takes as
// long as planned.
type prediction struct {
	s       *attack.Schedule
	c       *counter
	ahead   engine.Time // of the scenario
	next    []int32     // request of the same visit; 0 is none
	attempt []uint32    // by visit
	events  queue.Queue // requests, twice as high when they end
	e       record.Entry
	sources func(user uint32) (e record.Entry)
}

// Classes of events of one instant.
const (
	ends queue.Class = iota
	begins
)

// predict counts a schedule that is sent in virtual time. The error is the
// context's.
func (l *Log) predict(ctx context.Context, policy engine.Policy, units int) (*curve, error) {
	s := l.Schedule
	p := &prediction{
		s: s, c: l.run(policy, units, true, nil), ahead: l.axis().ahead, next: make([]int32, len(s.Requests)), attempt: make([]uint32, len(s.Visits)),
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
		p.events.Push(int64(s.Requests[i].At+p.ahead), begins, 2*int(i))
	}
	for n := 0; ; n++ {
		at, ref, ok := p.events.Pop()
		if !ok || n%1024 == 0 && ctx.Err() != nil {
			break
		}
		if i := uint32(ref / 2); ref%2 == 0 {
			p.begin(engine.Time(at), i)
		} else {
			p.end(engine.Time(at), i)
		}
	}
	p.c.advance(max(p.c.in.Now(), l.end()+p.ahead))
	return &p.c.curve, ctx.Err()
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
	p.events.Push(int64(at+r.Service), ends, 2*int(i)+1)
}

// refused has a request tried again, or its visit given up.
func (p *prediction) refused(at engine.Time, i uint32) {
	r := &p.s.Requests[i]
	if e := p.entry(i); e.Kind == sim.LoginRequest {
		p.c.finish(at, at, e) // its session goes on
	}
	k := &p.s.Scenario.Cohorts[p.s.Users[p.s.Visits[r.Visit].User].Cohort]
	wait, again := sim.RetryWait(k, p.s.Seed, p.s.Rep, i, p.attempt[r.Visit])
	if !again {
		return
	}
	p.attempt[r.Visit]++
	p.events.Push(int64(at+wait), begins, 2*int(i))
}

func (p *prediction) end(at engine.Time, i uint32) {
	p.c.finish(at, at, p.entry(i))
	r := &p.s.Requests[i]
	p.attempt[r.Visit] = 0
	if n := p.next[i]; n != 0 {
		q := &p.s.Requests[n]
		p.events.Push(int64(max(at+q.Think, q.At+p.ahead)), begins, 2*int(n))
	}
}
