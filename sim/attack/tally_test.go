package attack

import (
	"math"
	"slices"
	"testing"
	"time"

	"highwater/engine"
	"highwater/sim/attack/record"
	"highwater/sim/result"
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
		tl.spread(&e)
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
