package plots

import "time"

// A Tick is a labelled place on an axis.
type Tick struct {
	At    float64 // seconds since the start, or units
	Label string  // may be empty
	Mid   float64 // where the label is centered; At, or the middle of a day
}

// TimeTicks returns the ticks of an axis from 0 to end seconds, the finest of
// which at most so many have labels, and what the axis is called. A start of
// zero means elapsed time.
func TimeTicks(start time.Time, end float64, most int) ([]Tick, string) {
	a := timeline{start, end}.axis(func(ticks []tick) bool {
		n := 0
		for _, t := range ticks {
			if t.label != "" {
				n++
			}
		}
		return 0 < n && n <= most
	})
	return shared(a.ticks), a.title
}

// NumberTicks returns whole numbers from 0 to top at 1, 2 or 5 times a power
// of ten, at most eight.
func NumberTicks(top float64) []Tick { return shared(scale{top: max(top, 1)}.ticks()) }

func shared(ticks []tick) []Tick {
	list := make([]Tick, len(ticks))
	for i, t := range ticks {
		list[i] = Tick{t.at, t.label, t.mid}
	}
	return list
}

// Stamp formats an instant of a chart from 0 to end seconds as precisely as
// its reader needs it.
func Stamp(start time.Time, end, at float64) string { return timeline{start, end}.stamp(at, false) }

// Exact is as [Stamp], to the second at least.
func Exact(start time.Time, end, at float64) string { return timeline{start, end}.stamp(at, true) }

// Number formats units as charts do: in groups of three digits, with decimals
// only where they have some.
func Number(units float64) string { return number(units) }

// A Range is the lowest and the highest units in a stretch of time.
type Range struct{ Low, High float64 }

// Ranges cuts the time from 0 to end seconds into n stretches of equal length
// and returns what the units are in each, so that no peak is lost. Before the
// first point they are 0.
func Ranges(points []Point, end float64, n int) []Range {
	cols := columns{size: end / float64(n)}
	list := make([]Range, n)
	next, last := 0, Range{}
	for i := range list {
		fresh := true
		for ; next < len(points) && (cols.of(points[next].At) <= i || i == n-1); next++ {
			s := points[next].step()
			if fresh && s.at <= float64(i)*cols.size {
				last = Range{s.lo, s.hi} // nothing of what was before
			}
			if fresh {
				list[i] = last
			}
			fresh = false
			list[i] = Range{min(list[i].Low, s.lo), max(list[i].High, s.hi)}
			last = Range{s.lo, s.hi}
		}
		if fresh {
			list[i] = last
		}
	}
	return list
}
