package sizing

import (
	"context"
	"maps"
	"math"
	"slices"

	"highwater/scenario"
	"highwater/sim"
	"highwater/sim/result"
	"highwater/sim/stats"
)

// mostBroken is how many replications the growth is looked for in: each takes
// several runs.
const mostBroken = 200

// fine is how exactly a break scale is found, relative to itself.
const fine = 0.001

// Scales between which a break scale is looked for.
const (
	leastScale = 0.001
	mostScale  = 10
)

// growth finds by what factor the traffic can grow before the key breaks.
//
// Larger traffic has all arrivals of smaller traffic and more, and without a
// limit what it needs never shrinks with it, unless [sim.Case.Shrinks] says
// why. So each replication has one scale at which it first needs more than the
// key, found by halving without noise, and those scales are an independent
// sample.
func growth(ctx context.Context, s *sim.Sample, o sim.Options, q *Question) (*result.Growth, error) {
	b := newBreaking(ctx, s, o)
	g := &result.Growth{Curve: []result.ScaleRisk{}, N: len(b.reps), Risk: q.Risks[0], Least: leastScale, Most: mostScale, People: people(s.Scenario, 1), Yearly: q.Yearly}
	if float64(g.N)*g.Risk < 1 {
		g.Wanted = int(math.Ceil(1 / g.Risk))
		return g, nil
	}
	low, high, _ := stats.QuantileRanks(g.N, g.Risk, q.Confidence)
	g.Factor = b.rank(int(math.Ceil(float64(g.N)*g.Risk - 1e-9)))
	if low >= 1 {
		g.Low = b.rank(low)
	}
	if high <= g.N {
		g.High = b.rank(high)
	}
	if b.err != nil {
		return nil, b.err
	}
	g.Curve = b.curve(q.Confidence)
	switch {
	case g.Factor != nil:
		g.Extra = people(s.Scenario, *g.Factor/(1+fine)) - g.People // one more breaks the key
		g.Month, g.MonthLow, g.MonthHigh = month(s, g.Factor, q), month(s, g.Low, q), month(s, g.High, q)
	case b.broken(mostScale) < int(math.Ceil(float64(g.N)*g.Risk-1e-9)):
		g.Beyond = result.Above
	default:
		g.Beyond = result.Below
	}
	return g, nil
}

// people are the members of cohorts that grow, at a scale.
func people(sc *scenario.Scenario, scale float64) int {
	n := 0
	for i := range sc.Cohorts {
		if c := &sc.Cohorts[i]; sim.Grows(c) {
			n += int(math.Round(float64(c.Count) * scale))
		}
	}
	return n
}

// daysInYear on average.
const daysInYear = 365.2425

// month is when traffic that grows by a share each year has grown by a factor,
// if that is to come.
func month(s *sim.Sample, factor *float64, q *Question) string {
	if factor == nil || *factor < 1 || q.Yearly == 0 {
		return ""
	}
	days := math.Log(*factor) / math.Log1p(q.Yearly) * daysInYear
	return s.Scenario.Start.AddDate(0, 0, int(days)).Format("2006-01")
}

// A breaking is the search for break scales. Of each replication it knows a
// scale at which the key is enough and one at which it is not.
type breaking struct {
	ctx          context.Context
	c            sim.Case
	o            sim.Options
	key          int
	peaks        []int // what the replications need at scale 1, in order
	reps         []int
	enough, more []float64       // scales, by replication
	seen         map[float64]int // replications that need more, by scale
	err          error
}

func newBreaking(ctx context.Context, s *sim.Sample, o sim.Options) *breaking {
	o.Enough, o.Progress = nil, nil
	b := &breaking{ctx: ctx, c: s.Case, o: o, key: s.Cap(), seen: map[float64]int{}}
	for i := range min(s.N, mostBroken) {
		b.reps = append(b.reps, i)
		enough, more := 1.0, math.Inf(1)
		if s.Needed[i].Units > b.key {
			enough, more = 0, 1
		}
		b.peaks = append(b.peaks, s.Needed[i].Units)
		b.enough, b.more = append(b.enough, enough), append(b.more, more)
	}
	slices.Sort(b.peaks)
	b.broken(1) // which is known
	return b
}

// broken is how many replications need more than the key at a scale.
func (b *breaking) broken(scale float64) int {
	var unknown []int
	for i := range b.reps {
		if b.enough[i] < scale && scale < b.more[i] {
			unknown = append(unknown, i)
		}
	}
	if len(unknown) > 0 && b.err == nil {
		b.c.Scale = scale
		var exceeds []bool
		exceeds, b.err = sim.Exceeding(b.ctx, b.c, b.o, unknown)
		for k, i := range unknown {
			if exceeds[k] {
				b.more[i] = scale
			} else {
				b.enough[i] = scale
			}
		}
	}
	n := 0
	for _, more := range b.more {
		if more <= scale {
			n++
		}
	}
	if b.err == nil {
		b.seen[scale] = n
	}
	return n
}

// curve is the risk at each scale that was looked at.
func (b *breaking) curve(confidence float64) (list []result.ScaleRisk) {
	n := len(b.reps)
	for _, scale := range slices.Sorted(maps.Keys(b.seen)) {
		r := result.ScaleRisk{Scale: scale, Count: b.seen[scale], Risk: float64(b.seen[scale]) / float64(n)}
		r.Low, r.High = stats.ClopperPearson(r.Count, n, confidence)
		list = append(list, r)
	}
	return list
}

// rank is the kth of the replications' break scales, the least first, nil when
// it is beyond what is looked at.
func (b *breaking) rank(k int) *float64 {
	low := b.guess(k) // what is needed grows about as the traffic does
	high := low
	if b.broken(low) >= k {
		for step := 1.02; b.broken(low) >= k; step *= step {
			if high = low; low <= leastScale || b.err != nil {
				return nil
			}
			low = max(low/step, leastScale)
		}
	} else {
		for step := 1.02; b.broken(high) < k; step *= step {
			if low = high; high >= mostScale || b.err != nil {
				return nil
			}
			high = min(high*step, mostScale)
		}
	}
	for high/low > 1+fine && b.err == nil {
		if middle := math.Sqrt(low * high); b.broken(middle) >= k {
			high = middle
		} else {
			low = middle
		}
	}
	return &high
}

// guess is about where the kth break scale is.
func (b *breaking) guess(k int) float64 {
	n := len(b.peaks)
	return min(max(float64(b.key)/float64(max(1, b.peaks[n-k])), leastScale), mostScale)
}
