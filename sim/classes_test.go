package sim

import (
	"fmt"
	"testing"

	"highwater/sim/stats"
)

// blockedIn is the share of a cohort's attempts that are refused.
func blockedIn(cohort int) func(*outcome) float64 {
	return func(o *outcome) float64 {
		return float64(o.cohorts[cohort].Refused) / float64(o.cohorts[cohort].Sessions)
	}
}

// Two kinds of sessions that take b units at once and give them back together
// share a key: n q(n) = sum of a b q(n - b) over the kinds, where q(n) is the
// probability of n units in use, and who needs b is refused when fewer are
// left (Kaufman 1981, Roberts 1981). One needs 1 unit, the other 26 when its
// 26th connection makes the transition, which is refused with all before it
// when units are lacking.
func TestClasses(t *testing.T) {
	tests := []struct {
		units             int
		people, devices   string // in ten minutes
		alone, all, carry float64
		law               string
	}{
		{64, "20", "0.5", 0.00150005040682, 0.322579574142, 28.776464528, "exp(10m)"},
		{64, "20", "0.5", 0.00150005040682, 0.322579574142, 28.776464528, "lognormal(mean 10m, cv 2)"},
		{50, "15", "0.25", 0.00166367373094, 0.207161450578, 20.1284954653, "exp(10m)"},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprintf("%s and %s on %d/%s", tt.people, tt.devices, tt.units, tt.law), func(t *testing.T) {
			sc := oracle(t, "classes.yaml", "20/10m", tt.people+"/10m", "0.5/10m", tt.devices+"/10m", "units: 64", fmt.Sprint("units: ", tt.units),
				"365d", "10d", "exp(10m)", tt.law)
			_, outs := replicate(t, sc, 24)
			estimateOf(outs, blockedIn(0)).check(t, "blocking of one unit", tt.alone, 0.15)
			estimateOf(outs, blockedIn(1)).check(t, "blocking of 26 units", tt.all, 0.04)
			estimateOf(outs, meanUnits).check(t, "mean units", tt.carry, 0.01)
		})
	}
	t.Run("connections", func(t *testing.T) { // of which each license user ID has one unit
		sc := oracle(t, "classes.yaml", "units: 64", "units: 40, policy: {limit_on: connections}", "connections: 26", "connections: 5",
			"0.5/10m", "2/10m", "365d", "10d")
		blocking, _ := stats.KaufmanRoberts(40, []stats.Class{{Load: 20, Units: 1}, {Load: 2, Units: 5}})
		_, outs := replicate(t, sc, 24)
		estimateOf(outs, blockedIn(0)).check(t, "blocking of one connection", blocking[0], 0.05)
		estimateOf(outs, blockedIn(1)).check(t, "blocking of five connections", blocking[1], 0.04)
		estimateOf(outs, meanUnits).check(t, "mean units", 20*(1-blocking[0])+2*(1-blocking[1]), 0.01)
	})
}
