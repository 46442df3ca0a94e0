package attack

import (
	"context"
	"math"
	"sync"
	"time"

	"highwater/engine"
)

// A due is an attempt that can be sent from an instant on.
type due struct {
	at      time.Duration // since the start
	ready   time.Duration // from when on the user could
	request uint32
	attempt uint32
	let     bool // has a place at its proxy
}

// An agenda knows what is to be sent next. It is vegeta's pacer, and gives the
// targeter the attempts that are due, in their order.
//
// A request is not on the agenda until the one before it in its visit has its
// answer and the think time has passed. So order within a visit needs no lock,
// nobody waits while holding a worker, and a visit that ends early holds up
// nobody.
type agenda struct {
	s     *Schedule
	wait  Waiter
	since func() time.Duration // the time since the start

	mu       sync.Mutex
	stopped  bool
	next     int // of the schedule's first requests of a visit
	later    []due
	ready    []due // taken by the pacer, not yet by a worker
	head     int
	sleeping time.Duration // until when the pacer waits
	inFlight int           // from the pacer to the answer
	most     int           // in flight
	peak     int           // in flight so far
	capped   bool          // waits for one of them
	held     int           // attempts that had to

	doors  *Doors // nil without caps
	lost   []due  // gave up at one, which is yet to be told
	gaveUp func(*due) (follow due, follows bool)

	rate   *rate
	slow   bool // waits for it
	slowed int  // attempts that had to
}

// When the pacer wakes that waits for an answer, and when all is over.
const (
	forever = time.Duration(math.MaxInt64)
	ended   = time.Duration(-1)
)

// Pace waits until an attempt is due. It is vegeta's interface; vegeta calls
// it from one goroutine.
func (a *agenda) Pace(time.Duration, uint64) (time.Duration, bool) {
	for {
		wait, found, over := a.step()
		switch {
		case found || over:
			return 0, over
		case wait == 0:
			a.leave()
		default:
			a.wait.Wait(wait)
		}
	}
}

// Rate is vegeta's interface; nothing asks it.
func (a *agenda) Rate(time.Duration) float64 { return 0 }

// step takes what is due now for a worker, or says how long to wait for it.
func (a *agenda) step() (wait time.Duration, found, over bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.since()
	d, until, found := a.pick(now)
	a.sleeping = until
	switch {
	case found:
		a.ready = append(a.ready, d)
	case until == forever:
		return forever, false, false
	}
	return max(0, until-now), found, until == ended
}

// pick takes off the agenda what is due now and may be sent, or says until
// when there is nothing. When who gave up is yet to be told, that is 0.
func (a *agenda) pick(now time.Duration) (d due, until time.Duration, found bool) {
	a.line(now)
	d, fromPlan, ok := a.first()
	switch {
	case a.stopped:
		return d, ended, false
	case len(a.lost) > 0:
		return d, 0, false
	case !ok && a.inFlight == 0 && a.doors.empty():
		return d, ended, false
	case !ok:
		return d, a.unlessDoor(forever), false
	case d.at > now:
		return d, a.unlessDoor(d.at), false
	case a.inFlight >= a.most:
		if !a.capped {
			a.capped = true
			a.held++
		}
		return d, forever, false
	case a.rate.next(now) > now:
		if !a.slow {
			a.slow = true
			a.slowed++
		}
		return d, a.rate.next(now), false
	}
	a.remove(fromPlan)
	a.rate.take(now)
	a.capped, a.slow = false, false
	a.inFlight++
	a.peak = max(a.peak, a.inFlight)
	return d, now, true
}

// unlessDoor is an instant, or when something happens at a door before it.
func (a *agenda) unlessDoor(until time.Duration) time.Duration {
	if next, ok := a.doors.Next(); ok && !a.doors.empty() {
		until = min(until, time.Duration(next))
	}
	return until
}

// remove takes what is due first off the agenda.
func (a *agenda) remove(fromPlan bool) {
	if fromPlan {
		a.next++
	} else {
		a.pop()
	}
}

// A rate lets so many requests go in any second. Nil lets all go.
type rate struct {
	sent []time.Duration // the last ones, a ring
	i    int             // of the oldest
	last time.Duration
}

// newRate is a rate of n requests in any second; 0 is no limit.
func newRate(n int) *rate {
	if n == 0 {
		return nil
	}
	r := &rate{sent: make([]time.Duration, n)}
	for i := range r.sent {
		r.sent[i] = -time.Second
	}
	return r
}

// next is when one more may go.
func (r *rate) next(now time.Duration) time.Duration {
	if r == nil {
		return now
	}
	return max(now, r.last, r.sent[r.i]+time.Second)
}

// take counts one that goes when it may, and says when that is.
func (r *rate) take(now time.Duration) time.Duration {
	if r == nil {
		return now
	}
	r.last = r.next(now)
	r.sent[r.i] = r.last
	r.i = (r.i + 1) % len(r.sent)
	return r.last
}

// more waits until one more request may go, of one that is under way, and says
// how long that was.
func (a *agenda) more(ctx context.Context) (wait time.Duration) {
	a.mu.Lock()
	now := a.since()
	wait = a.rate.take(now) - now
	a.mu.Unlock()
	if wait > 0 {
		select {
		case <-time.After(wait):
		case <-ctx.Done():
		}
	}
	return wait
}

// first is what is due first: the begin of a visit, or what comes later in one.
func (a *agenda) first() (d due, fromPlan, ok bool) {
	list := a.s.Requests
	for a.next < len(list) && !list[a.next].first {
		a.next++
	}
	if a.next < len(list) {
		at := a.s.wall(list[a.next].At)
		d, fromPlan, ok = due{at: at, ready: at, request: uint32(a.next)}, true, true
	}
	if len(a.later) > 0 && (!ok || a.later[0].at < d.at) {
		return a.later[0], false, true
	}
	return d, fromPlan, ok
}

// take gives a worker the next attempt. There is one for each of the pacer's
// ticks.
func (a *agenda) take() due {
	a.mu.Lock()
	defer a.mu.Unlock()
	d := a.ready[a.head]
	if a.head++; a.head == len(a.ready) {
		a.ready, a.head = a.ready[:0], 0
	} else if a.head >= 1024 && 2*a.head >= len(a.ready) {
		a.ready, a.head = a.ready[:copy(a.ready, a.ready[a.head:])], 0
	}
	return d
}

// done ends an attempt of a request, and puts on the agenda what follows, when
// something does. If another attempt is due, the worker goes on with it: to
// have the pacer hand it over costs as much as to send it.
func (a *agenda) done(request uint32, follow due, follows bool) (d due, more bool) {
	a.mu.Lock()
	now := a.since()
	a.inFlight--
	if a.doors.Has(request) {
		a.doors.Advance(int64(now) - 1) // at one instant places are given back first
		a.doors.Leave(int64(now), request)
	}
	if follows {
		a.push(follow)
	}
	d, until, more := a.pick(now)
	wake := !more && until < a.sleeping
	a.mu.Unlock()
	if wake {
		a.wait.Wake()
	}
	return d, more
}

// stop has the pacer end. What is in flight goes on.
func (a *agenda) stop() {
	a.mu.Lock()
	a.stopped = true
	a.mu.Unlock()
	a.wait.Wake()
}

// state is how many attempts are in flight now and were at the most, and how
// many that, and the rate, held up.
func (a *agenda) state() (now, peak, held, slowed int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.inFlight, a.peak, a.held, a.slowed
}

// before orders by time; of one instant, what was planned first comes first.
func (d *due) before(e *due) bool { return d.at < e.at || d.at == e.at && d.request < e.request }

func (a *agenda) push(d due) {
	a.later = append(a.later, d)
	h := a.later
	i := len(h) - 1
	for i > 0 && d.before(&h[(i-1)/2]) {
		h[i] = h[(i-1)/2]
		i = (i - 1) / 2
	}
	h[i] = d
}

func (a *agenda) pop() {
	h := a.later
	last := h[len(h)-1]
	h = h[:len(h)-1]
	a.later = h
	for i := 0; len(h) > 0; {
		c := 2*i + 1
		if c+1 < len(h) && h[c+1].before(&h[c]) {
			c++
		}
		if c >= len(h) || !h[c].before(&last) {
			h[i] = last
			return
		}
		h[i] = h[c]
		i = c
	}
}

// wall is when an instant of the scenario comes, since the start.
func (s *Schedule) wall(at engine.Time) time.Duration { return s.length(at - s.From) }

// length is how long a time of the scenario takes. What is longer than any run
// is cut.
func (s *Schedule) length(t engine.Time) time.Duration {
	if t > engine.MaxTime/2000 {
		t = engine.MaxTime / 2000
	}
	if s.Clock == 1 {
		return time.Duration(t) * time.Microsecond
	}
	return time.Duration(math.Round(float64(t) * float64(time.Microsecond) / s.Clock))
}

// scenarioTime is the instant of the scenario that comes at a time since the
// start.
func (s *Schedule) scenarioTime(d time.Duration) engine.Time {
	return s.From + engine.Time(math.Round(float64(d)/float64(time.Microsecond)*s.Clock))
}
