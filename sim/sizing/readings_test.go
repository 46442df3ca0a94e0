package sizing

import (
	"testing"

	"highwater/engine"
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
	got := Readings("mine", readings, peaks)
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
