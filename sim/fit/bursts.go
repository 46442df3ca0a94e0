package fit

import (
	"math"
	"slices"

	"highwater/engine"
	"highwater/sim/result"
	"highwater/sim/stats"
)

// An excess is by how much the counts of windows vary more than those of
// Poisson traffic of the same rates would, in windows of one length and at
// rates of one class.
type excess struct {
	window      float64 // seconds
	class       int
	free        float64 // windows that are not needed to know the rates
	first       float64 // sum of the expected counts
	second      float64 // and of their squares
	beyond      float64 // sum of the squared differences from them, less first
	windowCount int64
}

func (e *excess) index() float64 { return 1 + e.beyond/e.first }

// classes is how many classes of rates are told apart: groups of callers make
// all rates equally dispersed, what concerns all makes high rates more so.
const classes = 3

// excesses compares what was counted with what the curve expects.
func (c *curve) excesses(w *stats.Windows) (total excess, byClass []excess) {
	windows := make(map[int]int64) // by the rates' cell
	cellOf := func(i int) int {
		if hours := int(w.Cell / int64(engine.Hour)); hours > 1 {
			return i % max(1, c.hours/hours)
		}
		return c.cells[int(int64(i)*w.Cell/int64(engine.Hour))]
	}
	for i, m := range w.Cells {
		windows[cellOf(i)] += m.N
	}
	limits := c.limits()
	byClass = make([]excess, classes)
	seconds := engine.Time(w.Length).Seconds()
	for i, m := range w.Cells {
		n := float64(windows[cellOf(i)])
		if m.N == 0 || n < 2 {
			continue
		}
		left := 1 - c.leverage(int(int64(i)*w.Cell/int64(engine.Hour)), n)
		x := c.expected(w, i)
		class, _ := slices.BinarySearch(limits, x/seconds)
		squares := m.Squares - 2*x*m.Sum + float64(m.N)*x*x
		one := excess{
			window: seconds, class: class, free: float64(m.N) * left, windowCount: m.N,
			first: float64(m.N) * x, second: float64(m.N) * x * x, beyond: squares/left - float64(m.N)*x,
		}
		byClass[class].add(&one)
		total.add(&one)
	}
	return total, byClass
}

func (e *excess) add(o *excess) {
	e.window, e.class = o.window, o.class
	e.free += o.free
	e.first += o.first
	e.second += o.second
	e.beyond += o.beyond
	e.windowCount += o.windowCount
}

// limits are the rates between the classes, each of which has about as many
// visits.
func (c *curve) limits() []float64 {
	sorted := slices.Sorted(slices.Values(c.rates))
	total := 0.0
	for _, r := range sorted {
		total += r
	}
	var list []float64
	sum := 0.0
	for _, r := range sorted {
		sum += r
		if len(list) < classes-1 && sum >= total*float64(len(list)+1)/classes {
			list = append(list, r)
		}
	}
	return list
}

// A cause is something that makes visits bursty, as a burst of a scenario.
type cause struct {
	groups bool    // adds to the index at all rates alike, else in proportion to the rate
	every  float64 // seconds
	amount float64 // what it adds to the index of a period, or the variance of its factor
}

// smoothed is the variance of the mean, over a window, of a factor of variance
// 1 that changes every so often, from a random instant on.
func smoothed(window, every float64) float64 {
	if window <= every {
		return 1 - window/(3*every)
	}
	return every / window * (1 - every/(3*window))
}

// share is what a cause of amount 1 adds to the excess.
func (k *cause) share(e *excess) float64 {
	if k.groups {
		return e.window / k.every * smoothed(e.window, k.every) * e.first
	}
	return smoothed(e.window, k.every) * e.second
}

// modelled is the index of dispersion that causes make.
func modelled(causes []cause, e *excess) float64 {
	sum := 0.0
	for i := range causes {
		sum += causes[i].amount * causes[i].share(e)
	}
	return 1 + sum/e.first
}

// Periods that are tried for what is short and what is long.
var (
	shortPeriods = []float64{2, 5, 10, 20, 40, 80, 160, 300}
	longPeriods  = []float64{600, 1800, 3600, 2 * 3600, 6 * 3600, 12 * 3600, 86400, 2 * 86400, 7 * 86400}
)

// fewest is how many free windows tell something.
const fewest = 10

// burstiness is the causes that explain how the visits of windows disperse: at
// 10 s and 600 s exactly, elsewhere as well as two can.
func burstiness(c *curve, windows []*stats.Windows, covered engine.Time) (causes []cause, totals []excess) {
	var all []excess
	var at [2]*excess // the two that are met exactly
	for _, w := range windows {
		total, byClass := c.excesses(w)
		if total.free < fewest || total.first == 0 {
			continue
		}
		totals = append(totals, total)
		for _, e := range byClass {
			if e.free >= fewest/2 && e.first > 0 {
				all = append(all, e)
			}
		}
	}
	for i := range totals {
		switch totals[i].window {
		case 10:
			at[0] = &totals[i]
		case 60, 600:
			at[1] = &totals[i]
		}
	}
	if at[0] == nil {
		return nil, totals
	}
	best := misfit(nil, all)
	try := func(list ...cause) {
		if m := misfit(list, all) + parsimony*float64(len(list)); m < best {
			best, causes = m, slices.Clone(list)
		}
	}
	for _, one := range candidates(covered) {
		if one, ok := one.meets(at); ok {
			try(one)
		}
	}
	for _, short := range candidates(covered) {
		for _, lasting := range candidates(covered) {
			if short.every >= long || lasting.every < long || at[1] == nil {
				continue
			}
			if a, b, ok := meet(short, lasting, at); ok {
				try(a, b)
			}
		}
	}
	return causes, totals
}

// parsimony is how much better a cause more must make the fit.
const parsimony = 4

// long is the least period, in seconds, of what lasts.
const long = 600

// candidates are causes whose periods the log can tell.
func candidates(covered engine.Time) (list []cause) {
	for _, every := range slices.Concat(shortPeriods, longPeriods) {
		if every <= covered.Seconds()/8 {
			list = append(list, cause{groups: true, every: every}, cause{every: every})
		}
	}
	return list
}

// meets is the cause that alone comes nearest to the excess in both windows.
func (k cause) meets(at [2]*excess) (cause, bool) {
	above, below := 0.0, 0.0
	for _, e := range at {
		if e != nil {
			x, y := k.share(e)/e.first, e.beyond/e.first
			weight := 1 / (e.index() * e.index())
			above += weight * x * y
			below += weight * x * x
		}
	}
	k.amount = above / below
	return k, k.amount > 0
}

// meet is the amounts with which two causes meet the excess in both windows.
func meet(a, b cause, at [2]*excess) (cause, cause, bool) {
	a0, b0, y0 := a.share(at[0]), b.share(at[0]), at[0].beyond
	a1, b1, y1 := a.share(at[1]), b.share(at[1]), at[1].beyond
	det := a0*b1 - a1*b0
	a.amount, b.amount = (y0*b1-y1*b0)/det, (a0*y1-a1*y0)/det
	return a, b, det != 0 && a.amount > 0 && b.amount > 0
}

// misfit is how far the modelled indexes are from those that were counted, in
// standard errors, with some allowance for models being models.
func misfit(causes []cause, all []excess) (sum float64) {
	const allowance, least = 0.02, 0.05
	for i := range all {
		e := &all[i]
		d := math.Log(max(least, e.index())) - math.Log(modelled(causes, e))
		sum += d * d / (allowance + 2/e.free)
	}
	return sum
}

// bursts are the causes as a scenario has them, the longest first. A shorter
// one varies what the longer ones have varied already.
func bursts(causes []cause) (list []result.FitBurst) {
	list = []result.FitBurst{}
	causes = slices.Clone(causes)
	slices.SortFunc(causes, func(a, b cause) int { return int(b.every - a.every) })
	squared := 1.0 // mean square of the longer factors
	for _, k := range causes {
		b := result.FitBurst{Every: engine.Time(k.every) * engine.Second}
		amount := k.amount / squared
		if k.groups {
			b.Index = rounded(1+amount, 3)
		} else {
			b.CV = rounded(math.Sqrt(amount), 3)
			squared *= 1 + amount
		}
		if b.CV > 0.01 && b.CV <= 100 || b.Index > 1.01 && b.Index < 1e6 {
			list = append(list, b)
		}
	}
	return list
}

// rounded is a number to so many digits.
func rounded(x float64, digits int) float64 {
	if x == 0 {
		return 0
	}
	scale := math.Pow(10, float64(digits-1)-math.Floor(math.Log10(math.Abs(x))))
	return math.Round(x*scale) / scale
}
