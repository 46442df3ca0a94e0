package sim

import (
	"context"
	"fmt"
	"math"
	"testing"

	"highwater/engine"
)

// A watch follows the only license user ID of a run: its busy periods, and the
// time in which it costs a unit for each connection.
type watch struct {
	busy, trips    int // periods begun, and those that went over
	since          engine.Time
	over           engine.Time
	transitionedAt bool
}

func (s *watch) hear(e engine.Event) {
	switch e.Kind {
	case engine.Granted:
		if e.Connections == 1 {
			s.busy++
		}
	case engine.Transitioned:
		s.trips++
		s.since, s.transitionedAt = e.At, true
	case engine.Reset:
		s.over += e.At - s.since
		s.transitionedAt = false
	}
}

// All connections of one address are an M/M/inf queue with load a. Its busy
// period goes over M with probability 1 / sum of k!/a^k for k from 0 to M, the
// first passage of a birth-death chain, and then costs a unit for each
// connection until nobody is left. The shares of time and the means are the
// stationary ones of the chain with memory, solved by elimination. Without
// memory the means would be 0.399, 0.693, 1.368 and 2.328.
func TestTransitionSticks(t *testing.T) {
	tests := []struct {
		max               int
		load              string
		trips, over, mean float64
		long              bool
	}{
		{3, "0.5", 0.01694915254, 0.0131026553828, 0.407478373942, false},
		{3, "1", 0.1, 0.117089341189, 0.779272335297, false},
		{3, "2", 0.3636363636, 0.520174904888, 1.77854226379, false},
		{3, "3", 0.5625, 0.800851726529, 2.88797909617, false},
		{25, "10", 0.264707202696, 0.299570538067, 3.69921404166, true}, // a cycle takes six hours
	}
	for _, tt := range tests {
		t.Run(fmt.Sprintf("%s on %d", tt.load, tt.max), func(t *testing.T) {
			duration := "1d"
			if tt.long {
				if !*long {
					t.Skip("takes minutes: run with -long")
				}
				duration = "120d"
			}
			sc := oracle(t, "sticky.yaml", "2/10s", tt.load+"/10s", "max_connections: 3", fmt.Sprint("max_connections: ", tt.max), "10d", duration)
			var trips, over, means []float64
			for rep := range 24 {
				var s watch
				w := newWorld(sc, &sc.License.Policy, 0, s.hear, nil)
				w.reset(streamOf(1, 0, t.Name()), rep)
				w.run(context.Background(), nil)
				if s.transitionedAt {
					s.over += sc.Duration - s.since
				}
				trips = append(trips, float64(s.trips)/float64(s.busy))
				over = append(over, s.over.Seconds()/sc.Duration.Seconds())
				means = append(means, w.table.UnitTime().Seconds()/sc.Duration.Seconds())
			}
			estimateFrom(trips).check(t, "busy periods that go over", tt.trips, 0.05)
			estimateFrom(over).check(t, "share of time over", tt.over, 0.05)
			estimateFrom(means).check(t, "mean units", tt.mean, 0.03)
		})
	}
}

// A one-page session holds its unit ten minutes longer. Each is somebody new:
// the units are an M/G/inf queue with load 0.05/s (0.4 * 660 s + 0.6 * 420 s)
// = 25.8, and with a limit Erlang's loss system. Without a grace the load
// would be 13.8, with one for everybody 43.8.
func TestGraceAddsLoad(t *testing.T) {
	t.Run("unlimited", func(t *testing.T) {
		_, outs := replicate(t, oracle(t, "grace.yaml", "30d", "10d"), 24)
		estimateOf(outs, meanUnits).check(t, "mean units", 25.8, 0.005)
		estimateOf(outs, above(30)).check(t, "P(N > 30)", 0.175883626071, 0.03)
		estimateOf(outs, above(40)).check(t, "P(N > 40)", 0.00347046684987, 0.10)
	})
	for _, tt := range []struct {
		units    int
		duration string
		want     float64
		share    float64 // most standard error
	}{
		{30, "2d", 0.0637008060617, 0.03},
		{40, "4d", 0.00223797568276, 0.10},
	} {
		t.Run(fmt.Sprint(tt.units), func(t *testing.T) {
			_, outs := replicate(t, oracle(t, "grace.yaml", "unlimited", fmt.Sprint(tt.units), "30d", tt.duration), 24)
			estimateOf(outs, blocked).check(t, "blocking", tt.want, tt.share)
		})
	}
}

// A visitor with a name is the same one next time, and has one unit for all of
// the time that visits and graces cover: P = 1 - exp(-r (d + G)), and the
// units of U people are binomial.
//
// With units set apart, busy periods of visits begin at rate r exp(-rd), last
// (exp(rd) - 1) / r on average, and each holds a unit and then another G:
// U (1 - exp(-rd) + rG exp(-rd)). Visits that overlap still share a unit; a
// unit for each visit and its grace would be Ur (d + G) = 36.67.
func TestGraceOverlaps(t *testing.T) {
	const rate, visit, grace, people = 1.0 / 1800, 60.0, 600.0, 100.0
	t.Run("reused", func(t *testing.T) {
		_, outs := replicate(t, oracle(t, "named.yaml", "60d", "15d"), 24)
		p := 1 - math.Exp(-rate*(visit+grace))
		estimateOf(outs, meanUnits).check(t, "mean units", people*p, 0.002)
		estimateOf(outs, func(o *outcome) float64 { return variance(o, people*p) }).check(t, "variance", people*p*(1-p), 0.02)
		estimateOf(outs, above(44)).check(t, "P(N > 44)", 0.001814613362, 0.15)
	})
	t.Run("set apart", func(t *testing.T) {
		_, outs := replicate(t, oracle(t, "named.yaml", "60d", "15d", "grace_reuse: true", "grace_reuse: false"), 24)
		idle := math.Exp(-rate * visit)
		estimateOf(outs, meanUnits).check(t, "mean units", people*(1-idle+rate*grace*idle), 0.002)
	})
}

// variance is the mean square of the distance of the units from their mean.
func variance(o *outcome, mean float64) float64 {
	all, sum := engine.Time(0), 0.0
	for units, d := range o.timeAt {
		all += d
		sum += (float64(units) - mean) * (float64(units) - mean) * float64(d)
	}
	return sum / float64(all)
}
