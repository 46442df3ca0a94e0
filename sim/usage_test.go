package sim

import (
	"context"
	"testing"

	"highwater/engine"
)

// What is heard of the use of each replication is what came of it.
func TestUsageIsHeard(t *testing.T) {
	sc := parse(t, `
name: heard
duration: 2h
license: {units: 3}
cohorts: [{name: a, kind: callers, arrivals: {poisson: 1/s}}]
`)
	const reps = 5
	var peaks [reps]int
	var unitSeconds [reps]float64
	samples, err := Replicate(context.Background(), Cases(sc), Options{Reps: reps, Demand: true, Usage: func(rep int) func(engine.Time, int, int) {
		last, before := engine.Time(0), 0
		return func(at engine.Time, units, _ int) {
			unitSeconds[rep] += float64(before) * (at - last).Seconds()
			last, before = at, units
			peaks[rep] = max(peaks[rep], units)
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	for rep := range reps {
		d := samples[0].Demand
		if peaks[rep] != d.Peaks[rep] || unitSeconds[rep] > d.UnitSeconds[rep] || unitSeconds[rep] < 0.99*d.UnitSeconds[rep] {
			t.Errorf("replication %d: heard of a peak of %d and %v unit-seconds, want %d and a little less than %v", rep, peaks[rep], unitSeconds[rep], d.Peaks[rep], d.UnitSeconds[rep])
		}
	}
}
