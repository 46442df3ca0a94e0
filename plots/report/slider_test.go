package report

import (
	"strings"
	"testing"

	"highwater/engine"
	"highwater/sim/result"
)

// What the slider says holds for every number of units: of those that were not
// counted it says what the ones around them prove.
func TestSlider(t *testing.T) {
	at := func(hours int) *engine.Time { return pointer(engine.Time(hours) * engine.Hour) }
	curve := []result.Risk{
		{Units: 5, Count: 20, Risk: 1, Low: 0.83, High: 1, Median: at(1)}, {Units: 9, Count: 20, Risk: 1, Low: 0.83, High: 1, Median: at(2)},
		{Units: 13, Count: 1, Risk: 0.05, Low: 0.001, High: 0.25}, {Units: 14, High: 0.17}, {Units: 200, High: 0.17},
	}
	s := slider{runs: 20, clock: clock{end: engine.Day}}
	s.fill(curve)
	s.start(&result.PolicySizing{Outlook: result.Outlook{Present: &result.Key{Limit: 300}}})
	said := func(units int) string {
		text := ""
		for i, from := range s.From {
			if from <= units {
				text = s.Texts[i]
			}
		}
		return text
	}
	const all, never = "risk 100 % (83 % to 100 %), 20 of 20 runs refuse somebody; half of the runs have refused somebody by ", "risk 0 % (0 % to 17 %), 0 of 20 runs refuse somebody; fewer than half of the runs refuse anybody"
	for units, want := range map[int]string{
		1: all + s.clock.at(*at(1)) + " or earlier", 4: all + s.clock.at(*at(1)) + " or earlier", 5: all + s.clock.at(*at(1)),
		6: all + "a time between " + s.clock.at(*at(1)) + " and " + s.clock.at(*at(2)), 9: all + s.clock.at(*at(2)),
		10: "risk between 5 % and 100 % (0.1 % to 100 %), 1 to 20 of 20 runs refuse somebody; half of the runs, if so many, have refused somebody by " + s.clock.at(*at(2)) + " or later",
		13: "risk 5 % (0.1 % to 25 %), 1 of 20 runs refuses somebody; fewer than half of the runs refuse anybody",
		14: never, 100: never, 200: never, 201: never, 300: never,
	} {
		if got := said(units); strings.ReplaceAll(got, "0.10 %", "0.1 %") != want {
			t.Errorf("%d units: %q, want %q", units, got, want)
		}
	}
	if s.Begin != 300 || s.Most != 300 {
		t.Errorf("the slider is at %d of %d, want the key of 300", s.Begin, s.Most)
	}
}

// One run refuses, and so does none of one.
func TestRunsRefuse(t *testing.T) {
	for _, tt := range []struct {
		runs, of int
		want     string
	}{{0, 1, " refuses somebody"}, {1, 1, " refuses somebody"}, {1, 20, " refuses somebody"}, {0, 20, " refuse somebody"}, {2, 20, " refuse somebody"}} {
		if got := refuse(tt.runs, tt.of); got != tt.want {
			t.Errorf("%d of %d: %q, want %q", tt.runs, tt.of, got, tt.want)
		}
	}
}
