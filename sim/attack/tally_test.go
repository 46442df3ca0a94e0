package attack

import (
	"testing"
	"time"

	"highwater/engine"
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
