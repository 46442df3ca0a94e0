package sizing

import (
	"slices"
	"testing"

	"highwater/engine"
	"highwater/sim"
	"highwater/sim/result"

	"github.com/google/go-cmp/cmp"
)

// Of two options that change the peak by 10 and by 1, the first matters more.
func TestReadings(t *testing.T) {
	p, _ := engine.NamedPolicy("")
	readings := engine.Readings(p)
	peaks := make([]int, len(readings))
	for i, r := range readings {
		peaks[i] = 5
		for _, s := range r.Settings {
			switch s {
			case engine.Setting{Name: "hold_from", Value: "end"}:
				peaks[i]++
			case engine.Setting{Name: "anon_id", Value: "session"}:
				peaks[i] += 10
			}
		}
	}
	got := Readings(&result.Counted{Policy: "mine"}, readings, peaks)
	if got.Sets != 96 || got.Lowest.PeakUnits != 5 || got.Highest.PeakUnits != 16 {
		t.Errorf("%d sets, lowest %d, highest %d; want 96, 5, 16", got.Sets, got.Lowest.PeakUnits, got.Highest.PeakUnits)
	}
	want := []result.ReadingOption{
		{Name: "anon_id", Effect: 10, Values: []result.ReadingValue{{Value: "ip", Lowest: 5, Highest: 6},
			{Value: "global", Lowest: 5, Highest: 6}, {Value: "session", Lowest: 15, Highest: 16}}},
		{Name: "hold_from", Effect: 1, Values: []result.ReadingValue{{Value: "start", Lowest: 5, Highest: 15}, {Value: "end", Lowest: 6, Highest: 16}}},
	}
	if diff := cmp.Diff(want, got.Options[:2]); diff != "" {
		t.Errorf("options (-want +got):\n%s", diff)
	}
	if got.Options[2].Effect != 0 {
		t.Errorf("%s has effect %d, want 0", got.Options[2].Name, got.Options[2].Effect)
	}
}

// Over one replication the lowest and the highest are what they were found to
// be in it, and the reading that is taken is the policy's own.
func TestOverReplications(t *testing.T) {
	sc := parse(t, clinic)
	if err := sc.License.Policy.Set("anon_id", "session"); err != nil {
		t.Fatal(err)
	}
	readings := engine.Readings(sc.License.Policy.WithoutLimit())
	var cases []sim.Case
	for _, r := range readings {
		cases = append(cases, sim.Case{Scenario: sc, Policy: r.Policy})
	}
	samples, err := sim.Replicate(t.Context(), cases, sim.Options{Reps: 1, Demand: true})
	if err != nil {
		t.Fatal(err)
	}
	peaks := make([]int, len(samples))
	for i, s := range samples {
		peaks[i] = s.Demand.Peaks[0]
	}
	found := Readings(&result.Counted{Policy: "mine"}, readings, peaks)
	over, err := OverReplications(t.Context(), sc, found, sim.Options{Reps: 1}, &Question{Risks: []float64{0.2, 0.01}, Confidence: 0.9})
	if err != nil {
		t.Fatal(err)
	}
	if over.Lowest.PeakUnits.Max != found.Lowest.PeakUnits || over.Highest.PeakUnits.Max != found.Highest.PeakUnits {
		t.Errorf("lowest %v and highest %v, found %d and %d", over.Lowest.PeakUnits, over.Highest.PeakUnits, found.Lowest.PeakUnits, found.Highest.PeakUnits)
	}
	if d := over.Difference; d.Mean != float64(found.Highest.PeakUnits-found.Lowest.PeakUnits) || d.Mean <= 0 {
		t.Errorf("difference %+v", d)
	}
	if over.Confidence != 0.9 || over.Difference.Confidence != 0.9 {
		t.Errorf("confidence of %g, and of the difference %g, want 0.9", over.Confidence, over.Difference.Confidence)
	}
	for _, n := range []result.ReadingNeed{over.Taken, over.Lowest, over.Highest, over.Contract} {
		// ln(0.1) / ln(0.8) = 10.3
		if n.Enough.Risk != 0.2 || n.Enough.Wanted != 11 {
			t.Errorf("enough for a risk of %g from %d replications on, want 0.2 and 11", n.Enough.Risk, n.Enough.Wanted)
		}
	}
	if over.Taken.Settings[0] != (engine.Setting{Name: "anon_id", Value: "session"}) || len(over.Taken.Settings) != len(found.Lowest.Settings) {
		t.Errorf("taken: %v", over.Taken.Settings)
	}
	i := slices.IndexFunc(readings, func(r engine.Reading) bool { return slices.Equal(r.Settings, over.Taken.Settings) })
	if i < 0 || over.Taken.PeakUnits.Max != peaks[i] {
		t.Errorf("the reading taken, set %d, has a peak of %v", i, over.Taken.PeakUnits)
	}
}
