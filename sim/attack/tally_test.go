package attack

import (
	"math"
	"slices"
	"testing"
	"time"

	"highwater/engine"
	"highwater/scenario"
	"highwater/sim/attack/record"
	"highwater/sim/result"
	"highwater/sim/wire"

	"pgregory.net/rapid"
)

// Limits of quantiles are order statistics. Of times of 1 us to n us the k-th
// is k us. The largest is an upper limit of the 99 % quantile with 95 % from
// 299 times on, as 0.99^298 is 0.05003 and 0.99^299 is 0.0495; the least and the
// largest are limits of the median from 5 times on, as 0.5^4 is 0.0625 and 0.5^5
// is 0.031.
func TestLimitsOfQuantiles(t *testing.T) {
	of := func(n int) map[float64][2]engine.Time {
		var l latency
		for i := range n {
			l.add(time.Duration(i+1) * time.Microsecond)
		}
		limits := map[float64][2]engine.Time{}
		for _, q := range l.limited().Limits {
			pair := [2]engine.Time{-1, -1}
			for i, limit := range []*engine.Time{q.Low, q.High} {
				if limit != nil {
					pair[i] = *limit
				}
			}
			limits[q.Share] = pair
		}
		return limits
	}
	if got := of(4)[0.5]; got != [2]engine.Time{-1, -1} {
		t.Errorf("the median of 4 times has limits %v", got)
	}
	if got := of(5)[0.5]; got != [2]engine.Time{1, 5} {
		t.Errorf("the median of 5 times has limits %v, want 1 to 5", got)
	}
	if got := of(298)[0.99]; got[0] < 1 || got[1] != -1 {
		t.Errorf("the 99 %% quantile of 298 times has limits %v, want no upper one", got)
	}
	if got := of(299)[0.99]; got[0] < 1 || got[0] >= 296 || got[1] != 299 {
		t.Errorf("the 99 %% quantile of 299 times, which is 297, has limits %v, want less to 299", got)
	}
	if got := of(299)[0.999]; got[1] != -1 {
		t.Errorf("the 99.9 %% quantile of 299 times has an upper limit, %v", got[1])
	}
	if len(of(0)) > 0 {
		t.Error("no times have limits")
	}
}

// Attempts are counted in the part of the window in which they were sent, by
// the scenario's time: of a minute in 60 parts at twice its speed, what is sent
// after 0.75 s belongs to the second that begins at 1 s.
func TestAttemptsOverTime(t *testing.T) {
	tl := newTally(&Schedule{From: engine.Hour, To: engine.Hour + engine.Minute, Clock: 2})
	for _, e := range []record.Entry{
		{Planned: 0, Sent: 250 * time.Millisecond, Done: 350 * time.Millisecond, Outcome: record.Served},
		{Sent: 750 * time.Millisecond, Done: 760 * time.Millisecond, Outcome: record.Refused},
		{Sent: 900 * time.Millisecond, Done: 950 * time.Millisecond, Attempt: 1, Outcome: record.Failed}, // no response
		{Planned: 40 * time.Second, Sent: 40 * time.Second, Done: 42 * time.Second, Outcome: record.Served},
		{Sent: 10 * time.Second, Done: 11 * time.Second, Outcome: record.Cut},
	} {
		tl.spread(&e, e.Attempt == 0)
	}
	near := func(got, want engine.Time) bool { return math.Abs(float64(got-want)) <= 0.01*float64(want) } // two digits
	want := []result.AttackStretch{
		{At: engine.Hour, Requests: 1, P50: 350 * engine.Millisecond, P99: 350 * engine.Millisecond},
		{At: engine.Hour + engine.Second, Requests: 2, Refused: 1, Failed: 1, P50: 760 * engine.Millisecond, P99: 760 * engine.Millisecond},
		{At: engine.Hour + 59*engine.Second, Requests: 1, P50: 2 * engine.Second, P99: 2 * engine.Second},
	}
	same := func(x, y result.AttackStretch) bool {
		return x.At == y.At && x.Requests == y.Requests && x.Refused == y.Refused && x.Failed == y.Failed && near(x.P50, y.P50) && near(x.P99, y.P99)
	}
	if got := tl.overTime(); tl.stretch() != engine.Second || !slices.EqualFunc(got, want, same) {
		t.Errorf("each %v: %+v, want %+v", tl.stretch(), got, want)
	}
}

// What becomes of a planned request.
const (
	waits     = iota // was never sent
	sent             // once or more
	abandoned        // never sent, and its user gave up
)

// anyVisits is a schedule of visits, one request a millisecond.
func anyVisits(t *rapid.T) *Schedule {
	s := &Schedule{Clock: 1, Endpoints: []wire.Endpoint{{}}, Scenario: &scenario.Scenario{Cohorts: []scenario.Cohort{{Name: "calls"}}}}
	for visit := range uint32(rapid.IntRange(0, 6).Draw(t, "visits")) {
		s.Visits = append(s.Visits, Visit{})
		for left := rapid.IntRange(0, 3).Draw(t, "more requests"); left >= 0; left-- {
			n := uint32(len(s.Requests))
			r := Request{At: engine.Time(n) * engine.Millisecond, Visit: visit, first: n == 0 || s.Requests[n-1].next == 0}
			if left > 0 {
				r.next = n + 1
			}
			s.Requests = append(s.Requests, r)
		}
	}
	return s
}

// giveUp ends a visit with a request.
func giveUp(s *Schedule, fates []int, request uint32) {
	for i := range s.left(request) { // a visit's are one after another
		if fates[request+i] == waits {
			fates[request+i] = abandoned
		}
	}
}

// Whatever becomes of attempts, each planned request is sent, never sent as its
// user gave up, or not sent as the attack ended before, and only one of these;
// what is sent again is counted apart. A response is from the request's plan to
// the end of its first attempt that was sent, however many before it waited in
// vain, and as many were counted as were sent and not cut.
func TestEachRequestIsCountedOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := anyVisits(t)
		var due []record.Entry // the next attempt of each visit that goes on
		for i := range s.Requests {
			if s.Requests[i].first {
				due = append(due, record.Entry{Request: uint32(i), Visit: s.Requests[i].Visit})
			}
		}
		tl, fates := newTally(s), make([]int, len(s.Requests))
		attempts, cut, longest := int64(0), int64(0), time.Duration(0)
		now := time.Second
		for range rapid.IntRange(0, 40).Draw(t, "attempts") { // it may end before all is sent
			if len(due) == 0 {
				break
			}
			now += time.Second
			i := rapid.IntRange(0, len(due)-1).Draw(t, "whose")
			e, plan := due[i], s.wall(s.Requests[due[i].Request].At)
			e.Outcome = record.Outcome(rapid.IntRange(0, len(record.Outcomes)-1).Draw(t, "outcome"))
			e.Planned, e.Ready, e.Sent, e.Done = now, now, now, now
			if e.Attempt == 0 {
				e.Planned = plan
			}
			if e.Outcome != record.Impatient {
				attempts++
				if fates[e.Request] == waits {
					longest = max(longest, now-plan)
				}
				fates[e.Request] = sent
			}
			next, again := s.Requests[e.Request].next, e.Outcome == record.Refused || e.Outcome == record.Impatient
			switch {
			case again && rapid.Bool().Draw(t, "again"):
				due[i].Attempt++
			case again:
				e.GaveUp = true
				giveUp(s, fates, e.Request)
				due = slices.Delete(due, i, i+1)
			case e.Outcome == record.Cut || next == 0:
				due = slices.Delete(due, i, i+1)
			default:
				due[i].Request, due[i].Attempt = next, 0
			}
			if e.Outcome == record.Cut {
				cut++
			}
			tl.add(&e)
		}
		var want [3]int64
		for _, f := range fates {
			want[f]++
		}
		r := tl.result()
		if got := [3]int64{r.Unsent, r.First, r.Abandoned}; got != want || r.First+r.Retries != attempts || r.First+r.Abandoned+r.Unsent != int64(len(s.Requests)) {
			t.Fatalf("not sent, sent, given up: %v, want %v of %d; %d retries in %d attempts", got, want, len(s.Requests), r.Retries, attempts)
		}
		if r.Served+r.Refused+r.Failed+r.Cut != attempts || r.Queue.N != r.First {
			t.Fatalf("%d attempts came to %+v", attempts, r)
		}
		if cut == 0 && (r.Response.N != r.First || r.Response.Max != engine.Time(longest.Microseconds())) {
			t.Fatalf("%d responses, the longest %v; want %d and %v", r.Response.N, r.Response.Max, r.First, longest)
		}
	})
}
