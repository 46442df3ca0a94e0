package sim

import (
	"highwater/engine"
	"highwater/sim/result"
)

// Drawn is use over time in stretches of equal length, from an instant to
// another: the fewest and the most units, or connections, in each stretch that
// differs from the one before.
func Drawn(series []result.Sample, from, to engine.Time, on engine.LimitOn) []result.Stretch {
	list := []result.Stretch{}
	size := max(1, (to-from+result.MostStretches-1)/result.MostStretches)
	next, use := 0, 0
	step := func() {
		if use = series[next].Units; on == engine.LimitConnections {
			use = series[next].Connections
		}
		next++
	}
	for at := from; at < to; at += size {
		for next < len(series) && series[next].At <= at {
			step()
		}
		s := result.Stretch{At: at, Low: use, High: use}
		for next < len(series) && series[next].At < at+size {
			step()
			s.Low, s.High = min(s.Low, use), max(s.High, use)
		}
		if n := len(list); n == 0 || list[n-1].Low != s.Low || list[n-1].High != s.High {
			list = append(list, s)
		}
	}
	return list
}
