package curves

import (
	"math"

	"highwater/scenario"
	"highwater/sim/wire"
)

// everybody are all whom a target holds itself.
func everybody(c *scenario.Cohort) bool { return !wire.Speaks(c) }

// steady reports whether a cohort that the target holds comes when it comes,
// whoever was refused. Others come back at another time: they try again, begin
// their idle time when they are refused, or wait for those who are.
func steady(sc *scenario.Scenario, c *scenario.Cohort) bool {
	if c.OnRefusal.Retry.Law != scenario.Unset {
		return false
	}
	if c.Kind == scenario.Jobs {
		return steady(sc, &sc.Cohorts[c.StartedBy])
	}
	waits := c.Through > 0 && (sc.Proxies[c.Through-1].Cap > 0 || sc.Proxies[c.Through-1].Pool > 0)
	return c.Arrivals.Form != scenario.Alternating && !waits
}

// mostShifting is the most units that those have at once whom the target holds
// and who are not steady; MaxInt when that is not known.
func mostShifting(sc *scenario.Scenario) (n int) {
	for i := range sc.Cohorts {
		c := &sc.Cohorts[i]
		if wire.Speaks(c) || steady(sc, c) {
			continue
		}
		most := math.MaxInt
		if devices, each := mostOf(&c.Devices), mostOf(&c.Connections); c.Arrivals.Form == scenario.Alternating && devices < math.MaxInt && each < math.MaxInt {
			most = c.Count * devices * each // of one session at a time
		}
		if c.Through > 0 {
			for _, places := range []int{sc.Proxies[c.Through-1].Cap, sc.Proxies[c.Through-1].Pool} {
				if places > 0 {
					most = min(most, places)
				}
			}
		}
		if most == math.MaxInt {
			return most
		}
		n += most
	}
	return n
}

// mostOf is the largest number that a law of whole numbers gives, 1 when there
// is none, MaxInt when there is no largest.
func mostOf(d *scenario.Dist) int {
	switch d.Law {
	case scenario.Unset:
		return 1
	case scenario.Constant:
		return max(1, int(math.Round(d.Mean)))
	case scenario.Uniform:
		return max(1, int(d.Max))
	}
	return math.MaxInt
}
