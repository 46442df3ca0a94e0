package curves

import (
	"highwater/engine"
	"highwater/sim/result"
)

// mostStretches is how many stretches a curve is drawn by at the most.
const mostStretches = 600

// drawn is a curve in stretches of equal length, from an instant to the curve's
// end: the fewest and the most units in each that differs from the one before.
func drawn(c *result.Curve, from engine.Time) []result.Stretch {
	list := []result.Stretch{}
	size := max(1, (c.To-from+mostStretches-1)/mostStretches)
	next, units := 0, 0
	for at := from; at < c.To; at += size {
		for ; next < len(c.Series) && c.Series[next].At <= at; next++ {
			units = c.Series[next].Units
		}
		s := result.Stretch{At: at, Low: units, High: units}
		for ; next < len(c.Series) && c.Series[next].At < at+size; next++ {
			units = c.Series[next].Units
			s.Low, s.High = min(s.Low, units), max(s.High, units)
		}
		if n := len(list); n == 0 || list[n-1].Low != s.Low || list[n-1].High != s.High {
			list = append(list, s)
		}
	}
	return list
}
