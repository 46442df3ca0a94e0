package fit

import (
	"math"

	"highwater/engine"
	"highwater/sim/stats"
)

const (
	hoursInDay  = 24
	hoursInWeek = 7 * hoursInDay
	minutes     = 60
)

// A curve is the rate at which visits begin, by the minute of the week.
type curve struct {
	rates []float64 // a second, by minute from Monday 00:00
	cells []int     // by hour: which hours have one rate together
	hours int       // after which the rates come again: 168, 24 or 1
	shape bool      // they differ within the hour
	days  float64   // how much of the difference between days of one kind is kept, 0 to 1
}

// enough is how many visits a rate is made of, or it is pooled with the next
// hour's.
const enough = 30

// fitCurve finds the rates of visits that were counted in minutes. Of a log of
// a week there is a rate for each hour of the week, of a few hours for each
// hour of the day, and else one.
func fitCurve(w, hours *stats.Windows, visits int64, covered engine.Time) *curve {
	c := &curve{rates: make([]float64, hoursInWeek*minutes), cells: make([]int, hoursInWeek), hours: 1, days: 1}
	switch {
	case covered >= 7*engine.Day:
		c.hours = hoursInWeek
	case covered >= 3*engine.Hour:
		c.hours = hoursInDay
	}
	mean := float64(visits) / covered.Seconds()
	list := hourly(w, c.hours)
	if c.hours == hoursInWeek {
		c.days = alike(list, hours.Cells)
	}
	means, cells := pooled(list, mean)
	shape := shapeOf(w)
	c.shape = shape != nil
	for m := range c.rates {
		h := m / minutes % c.hours
		c.rates[m] = means[h]
		c.cells[m/minutes] = cells[h]
		if c.shape {
			c.rates[m] *= shape[m%minutes]
		}
	}
	return c
}

// hourly sums up minutes by the hours of a cycle.
func hourly(w *stats.Windows, hours int) []stats.Cell {
	list := make([]stats.Cell, hours)
	for i, m := range w.Cells {
		h := &list[i/minutes%hours]
		h.N += m.N
		h.Sum += m.Sum
	}
	return list
}

// kinds are the days that are much alike, from Monday.
var kinds = [...][]int{{0, 1, 2, 3, 4}, {5, 6}}

// alike brings the rates of an hour on days of one kind nearer to each other,
// by as much as they differ by chance alone: what one week in a few brings is
// not the week to come. It is how much of the differences is kept. The hours
// are counted as a whole, too, to see how they differ from week to week.
func alike(list []stats.Cell, whole []stats.Cell) (kept float64) {
	between, chance := 0.0, 0.0
	each := func(do func(hour int, days []int, mean float64)) {
		for hour := range hoursInDay {
			for _, days := range kinds {
				var all stats.Cell
				for _, d := range days {
					all.N += list[d*hoursInDay+hour].N
					all.Sum += list[d*hoursInDay+hour].Sum
				}
				if all.N > 0 {
					do(hour, days, all.Sum/float64(all.N))
				}
			}
		}
	}
	each(func(hour int, days []int, mean float64) {
		for _, d := range days {
			h, w := list[d*hoursInDay+hour], whole[d*hoursInDay+hour]
			if w.N < 2 || h.N == 0 {
				continue
			}
			n := float64(w.N)
			difference := minutes * (h.Sum/float64(h.N) - mean)
			between += difference * difference
			chance += (w.Squares - w.Sum*w.Sum/n) / (n - 1) / n * (1 - 1/float64(len(days)))
		}
	})
	if between == 0 || chance == 0 {
		return 1
	}
	kept = max(0, 1-chance/between)
	each(func(hour int, days []int, mean float64) {
		for _, d := range days {
			h := &list[d*hoursInDay+hour]
			h.Sum = float64(h.N)*mean + kept*(h.Sum-float64(h.N)*mean)
		}
	})
	return kept
}

// leverage is what part of the difference between a count and its rate goes
// into the rate, which n such counts have made.
func (c *curve) leverage(cell int, n float64) float64 {
	days := 5.0
	if cell/hoursInDay >= 5 {
		days = 2
	}
	return (c.days + (1-c.days)/days) / n
}

// pooled are the rates of hours, each of enough visits, and which hours have
// one together. Hours that the log does not have go with the ones before.
func pooled(list []stats.Cell, otherwise float64) (rates []float64, cells []int) {
	rates, cells = make([]float64, len(list)), make([]int, len(list))
	begin, cell := 0, 0
	var pool, last stats.Cell
	set := func(to int, p stats.Cell) {
		rate := otherwise
		if p.N > 0 {
			rate = p.Sum / float64(p.N*minutes)
		}
		for i := begin; i < to; i++ {
			rates[i], cells[i] = rate, cell
		}
	}
	lastBegin := 0
	for i, h := range list {
		pool.N += h.N
		pool.Sum += h.Sum
		if pool.Sum >= enough {
			set(i+1, pool)
			last, lastBegin = pool, begin
			begin, cell, pool = i+1, cell+1, stats.Cell{}
		}
	}
	if begin < len(list) { // what is left goes with the pool before
		begin, cell = lastBegin, max(0, cell-1)
		set(len(list), stats.Cell{N: last.N + pool.N, Sum: last.Sum + pool.Sum})
	}
	return rates, cells
}

// shapeOf is by how much the minutes of every hour differ, 1 on average, when
// they do so hour after hour, as when work begins on the hour; else nil.
func shapeOf(w *stats.Windows) []float64 {
	var all [minutes]float64
	n, sum := int64(0), 0.0
	for i, c := range w.Cells {
		all[i%minutes] += c.Sum
		n += c.N
		sum += c.Sum
	}
	index, _, _ := w.Index()
	if n < 6*minutes || sum == 0 {
		return nil
	}
	mean, squares := sum/minutes, 0.0
	for _, x := range all {
		squares += (x - mean) * (x - mean)
	}
	// Were the hours independent, the minutes summed up over the hours would
	// have the dispersion of single minutes.
	const many = 3
	if squares/(minutes-1)/mean < many*max(1, index) {
		return nil
	}
	return steps(all[:], mean)
}

// steps smooths the shape of an hour: minutes that differ little have one
// value together.
func steps(all []float64, mean float64) []float64 {
	shape := make([]float64, len(all))
	for begin := 0; begin < len(all); {
		end, sum := begin+1, all[begin]
		for end < len(all) && math.Abs(all[end]-sum/float64(end-begin)) < 0.25*max(mean, all[end]) {
			sum += all[end]
			end++
		}
		for i := begin; i < end; i++ {
			shape[i] = sum / float64(end-begin) / mean
		}
		begin = end
	}
	return shape
}

// expected is how many visits a window of the week has on average, at its
// place in its cell.
func (c *curve) expected(w *stats.Windows, cell int) float64 {
	if w.Length < int64(engine.Minute) {
		return c.rates[cell] * engine.Time(w.Length).Seconds()
	}
	sum, n := 0.0, int(w.Cell/int64(engine.Minute))
	for _, r := range c.rates[cell*n : (cell+1)*n] {
		sum += r * engine.Minute.Seconds()
	}
	return sum
}
