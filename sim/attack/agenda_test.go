package attack

import (
	"slices"
	"testing"
	"time"

	"highwater/engine"
	"highwater/scenario"
	"highwater/sim"

	"pgregory.net/rapid"
)

// A jumper is a clock that jumps to where the pacer waits until.
type jumper struct {
	now  time.Duration
	woke bool
}

func (j *jumper) Wait(d time.Duration) {
	if d == forever {
		panic("waits forever")
	}
	j.now += d
}
func (j *jumper) Wake()        { j.woke = true }
func (j *jumper) Close() error { return nil }

// drawSchedule draws visits with requests at some seconds.
func drawSchedule(t *rapid.T) *Schedule {
	s := &Schedule{Clock: 1}
	type step struct {
		at, think engine.Time
		visit     uint32
	}
	var steps []step
	visits := rapid.IntRange(1, 12).Draw(t, "visits")
	for v := range visits {
		at := engine.Time(rapid.IntRange(0, 30).Draw(t, "begin")) * engine.Second
		for i := range rapid.IntRange(1, 6).Draw(t, "requests") {
			think := engine.Time(0)
			if i > 0 {
				think = engine.Time(rapid.IntRange(0, 5).Draw(t, "think")) * engine.Second
				at += think + engine.Time(rapid.IntRange(0, 2).Draw(t, "service"))*engine.Second
			}
			steps = append(steps, step{at, think, uint32(v)})
		}
	}
	slices.SortStableFunc(steps, func(a, b step) int { return int(a.at - b.at) })
	s.Visits, s.Users = make([]Visit, visits), make([]User, visits)
	for i, x := range steps {
		s.Visits[x.visit].User = x.visit
		s.Requests = append(s.Requests, Request{At: x.at, Think: x.think, Visit: x.visit})
		s.chain(uint32(i))
	}
	return s
}

// However long answers take, every request is sent, those of a visit in their
// order, none before its plan or before the answer to the one before and the
// think time, and never more at once than are let. Who waits at a proxy is let
// in while its patience lasts, or gives up when it ends.
func TestAgendaKeepsOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawSchedule(t)
		clock := new(jumper)
		a := &agenda{s: s, wait: clock, most: rapid.IntRange(1, 5).Draw(t, "in flight"), since: func() time.Duration { return clock.now }}
		through, patience := len(s.Requests), forever
		if rapid.Bool().Draw(t, "through a proxy") {
			through = rapid.IntRange(1, 4).Draw(t, "cap")
			s.Scenario = &scenario.Scenario{
				Proxies: []scenario.Proxy{{Cap: through, Patience: scenario.Dist{Law: scenario.Forever}}}, Cohorts: []scenario.Cohort{{Kind: scenario.Callers, Through: 1}},
			}
			if rapid.Bool().Draw(t, "with patience") {
				patience = time.Duration(rapid.IntRange(0, 15).Draw(t, "patience")) * time.Second
				s.Scenario.Proxies[0].Patience = scenario.Dist{Law: scenario.Constant, Mean: patience.Seconds()}
			}
			for i := range s.Requests {
				s.Requests[i].Kind = sim.CallRequest
			}
			a.enter(s.realDoors())
		}
		type flight struct {
			d    due
			ends time.Duration
		}
		var flights []flight
		sent := map[uint32]int{}             // requests of a visit
		ready := map[uint32]time.Duration{}  // from when on its next may go
		position := map[uint32]map[int]int{} // by visit and order, the request
		for i, r := range s.Requests {
			if position[r.Visit] == nil {
				position[r.Visit] = map[int]int{}
			}
			position[r.Visit][len(position[r.Visit])] = i
		}
		lost := map[uint32]bool{} // visits
		a.gaveUp = func(d *due) (due, bool) {
			if d.ready != d.at+patience || clock.now < d.ready {
				t.Fatalf("request %d came at %v and gave up at %v, told at %v", d.request, d.at, d.ready, clock.now)
			}
			lost[s.Requests[d.request].Visit] = true
			return due{}, false
		}
		begin := func(d due) {
			r := &s.Requests[d.request]
			if want := position[r.Visit][sent[r.Visit]]; int(d.request) != want {
				t.Fatalf("visit %d sends request %d, want %d", r.Visit, d.request, want)
			}
			if clock.now < s.wall(r.At) || clock.now < ready[r.Visit] {
				t.Fatalf("request %d is sent at %v, planned at %v, ready at %v", d.request, clock.now, s.wall(r.At), ready[r.Visit])
			}
			sent[r.Visit]++
			flights = append(flights, flight{d, clock.now + time.Duration(rapid.IntRange(0, 20).Draw(t, "takes"))*time.Second})
			if len(flights) > min(a.most, through) {
				t.Fatalf("%d in flight, %d are let", len(flights), min(a.most, through))
			}
			if lost[r.Visit] || d.let && d.ready-d.at > patience {
				t.Fatalf("request %d came at %v and was let in at %v", d.request, d.at, d.ready)
			}
			if d.ready > clock.now {
				t.Fatalf("request %d is sent at %v, before it is ready at %v", d.request, clock.now, d.ready)
			}
		}
		finish := func() {
			i := 0
			for j := range flights {
				if flights[j].ends < flights[i].ends {
					i = j
				}
			}
			f := flights[i]
			flights = slices.Delete(flights, i, i+1)
			clock.now = max(clock.now, f.ends)
			r := &s.Requests[f.d.request]
			if r.next == 0 {
				if d, more := a.done(f.d.request, due{}, false); more {
					begin(d)
				}
				return
			}
			q := &s.Requests[r.next]
			at := clock.now + s.length(q.Think)
			ready[r.Visit] = at
			if d, more := a.done(f.d.request, due{at: max(at, s.wall(q.At)), ready: at, request: r.next}, true); more {
				begin(d)
			}
		}
		for n := 0; ; n++ {
			wait, found, over := a.step()
			switch {
			case over:
				if n := len(flights); n != 0 {
					t.Fatalf("over with %d in flight", n)
				}
				for v, x := range s.Visits {
					if n := sent[uint32(v)]; n != int(x.Requests) && !lost[uint32(v)] {
						t.Fatalf("visit %d has sent %d of %d", v, sent[uint32(v)], x.Requests)
					}
				}
				return
			case found:
				begin(a.take())
			case wait == 0:
				a.leave()
			case wait == forever, len(flights) > 0 && rapid.Bool().Draw(t, "answers first"):
				finish()
			default:
				clock.now += wait
			}
		}
	})
}

// In no second are more sent than a permission lets.
func TestAgendaKeepsTheRate(t *testing.T) {
	s := &Schedule{Clock: 1, Visits: make([]Visit, 100), Users: make([]User, 100)}
	for i := range s.Visits {
		s.Requests = append(s.Requests, Request{At: engine.Second, Visit: uint32(i)})
		s.chain(uint32(i))
	}
	clock := new(jumper)
	a := &agenda{s: s, wait: clock, most: 1000, rate: newRate(30), since: func() time.Duration { return clock.now }}
	count := map[time.Duration]int{}
	for {
		wait, found, over := a.step()
		if over {
			break
		}
		if !found {
			clock.now += wait
			continue
		}
		for d, more := a.take(), true; more; d, more = a.done(d.request, due{}, false) {
			count[clock.now.Truncate(time.Second)]++
		}
	}
	for second, want := range map[time.Duration]int{1: 30, 2: 30, 3: 30, 4: 10} {
		if got := count[second*time.Second]; got != want {
			t.Errorf("second %d has %d requests, want %d", second, got, want)
		}
	}
}

// In no second at all are more sent, redirects included.
func TestRate(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 5).Draw(t, "rate")
		r := newRate(n)
		var sent []time.Duration
		now := time.Duration(0)
		for range rapid.IntRange(1, 60).Draw(t, "requests") {
			now += time.Duration(rapid.IntRange(0, 900).Draw(t, "wait")) * time.Millisecond
			switch may := r.next(now); {
			case may <= now: // the agenda waits
				sent = append(sent, r.take(now))
			case rapid.Bool().Draw(t, "a redirect"):
				sent = append(sent, r.take(now))
			default:
				now = may
			}
		}
		for i := n; i < len(sent); i++ {
			if d := sent[i] - sent[i-n]; d < time.Second {
				t.Fatalf("%d requests in %v, %d may be sent in a second", n+1, d, n)
			}
		}
	})
}

// What is stopped sends no more at once, whatever it waits for.
func TestAgendaStops(t *testing.T) {
	s := &Schedule{Clock: 1, Visits: make([]Visit, 1), Users: make([]User, 1), Requests: []Request{{At: engine.Day}}}
	s.chain(0)
	for name, w := range map[string]Waiter{"timer": newTimerWaiter(), "precise": NewWaiter()} {
		start := time.Now()
		a := &agenda{s: s, wait: w, most: 1, since: func() time.Duration { return time.Since(start) }}
		over := make(chan bool)
		go func() {
			_, stop := a.Pace(0, 0)
			over <- stop
		}()
		a.stop()
		if stop := <-over; !stop {
			t.Errorf("%s: the pacer goes on", name)
		}
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	}
}

// A waiter waits about as long as it is asked to, and not at all after a wake.
func TestWaiters(t *testing.T) {
	for name, w := range map[string]Waiter{"timer": newTimerWaiter(), "precise": NewWaiter()} {
		start := time.Now()
		for time.Since(start) < 20*time.Millisecond {
			w.Wait(20*time.Millisecond - time.Since(start))
		}
		w.Wake()
		w.Wait(time.Hour)
		w.Wake()
		w.Wake()
		w.Wait(forever)
		if d := time.Since(start); d > 10*time.Second {
			t.Errorf("%s: waited %v, want 20 ms", name, d)
		}
		_ = w.Close()
	}
}
