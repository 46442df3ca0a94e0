package sim

import (
	"highwater/engine"
	"highwater/sim/result"
	"highwater/sim/stats"
)

// mostHighs bounds the stretches of a run whose highs are taken: each costs an
// event.
const mostHighs = 100

// lengths that a stretch may have, in seconds; longer ones are whole weeks.
var lengths = []engine.Time{1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 604800}

// Highs are the most units, or connections where the policy limits those, that
// are in use in each stretch of a run.
type highs struct {
	length engine.Time // of a stretch; the last one may be shorter
	list   []int32
}

// lengthFor is how long the stretches of a run are.
func lengthFor(duration engine.Time) engine.Time {
	for _, l := range lengths {
		if duration <= mostHighs*l*engine.Second {
			return l * engine.Second
		}
	}
	week := 7 * engine.Day
	return week * ((duration + mostHighs*week - 1) / (mostHighs * week))
}

// watchHighs looks at the use at the end of each stretch.
func (w *world) watchHighs() {
	w.highs = highs{lengthFor(w.end), w.highs.list[:0]}
	if !w.brief {
		w.schedule(w.highs.length, ends, w.newActor(core{role: surveyor}))
	}
}

// survey takes the high of the stretch that ends.
func (w *world) survey(at engine.Time, id int32) {
	w.table.Advance(at)
	w.highs.list = append(w.highs.list, int32(w.table.TakeHigh()))
	w.schedule(at+w.highs.length, ends, id)
}

// The shares of the replications between which a range lies.
const (
	rangeLow  = 0.05
	rangeHigh = 0.95
)

// ranges are what the replications need in each stretch.
func (s *Sample) ranges() []result.Range {
	list := []result.Range{}
	length := lengthFor(s.Scenario.Duration)
	counts := []int{} // of replications by what they need, which is faster than sorting
	for i := 0; s.N > 0 && i < len(s.highs[0]); i++ {
		clear(counts)
		sum := 0
		for _, highs := range s.highs {
			high := int(highs[i])
			for high >= len(counts) {
				counts = append(counts, 0)
			}
			counts[high]++
			sum += high
		}
		list = append(list, result.Range{
			At: engine.Time(i) * length, Low: quantileBy(counts, s.N, rangeLow), Mean: float64(sum) / float64(s.N), High: quantileBy(counts, s.N, rangeHigh),
		})
	}
	return list
}

// quantileBy is the p-quantile of n values of which there are so many by
// value.
func quantileBy(counts []int, n int, p float64) int {
	left := stats.QuantileRank(n, p)
	for value, count := range counts {
		if left -= count; left <= 0 {
			return value
		}
	}
	panic("sim: fewer values than were counted")
}
