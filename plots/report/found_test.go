package report

import (
	"testing"

	"highwater/engine"
	"highwater/plots"
)

// A chart's title says what it comes to, on the page and as an image.
func TestTitlesSayWhatIsFound(t *testing.T) {
	s := &Source{Sizing: day().Sizing}
	p := &s.Sizing.Policies[0]
	p.Course = drawnDay(day())
	r, err := New(s)
	if err != nil {
		t.Fatal(err)
	}
	for title, want := range map[string]string{
		"Risk for each key size":       "12 units keep the risk of any refusal at 5 % or less; the present key of 9 refuses somebody in 60 of 100 runs",
		"Units over time":              "At the most 11 units are needed, at 11:00, 2 more than the limit; the first refusal comes at 10:00:00",
		"When the first refusal comes": "Half of the runs have refused somebody by 10:00:00",
		"Peak by hour and weekday":     "",
	} {
		one := sectionOf(t, r, title)
		if one.Found != want {
			t.Errorf("%s: %q, want %q", title, one.Found, want)
		}
		name := title + ": clinic"
		if want != "" {
			name = want
		}
		switch c := r.picture(one).(type) {
		case *plots.Graph:
			if c.Title != name {
				t.Errorf("%s: the image is called %q", title, c.Title)
			}
		case *plots.UnitsOverTime:
			if c.Title != name || len(c.Subtitle) < 30 {
				t.Errorf("%s: the image is called %q, %q", title, c.Title, c.Subtitle)
			}
		}
	}
	p.Enough[0].Guaranteed, p.Present = nil, nil
	if got, want := riskFound(p), "11 units keep the risk of any refusal at 5 % in these runs"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	p.Enough[0].Units = nil
	if got := riskFound(p); got != "" {
		t.Errorf("nothing is enough, and %q", got)
	}
	k := &courses{clock: clock{end: 10 * engine.Hour}, limit: 5}
	for units, want := range map[float64]string{
		1: "At the most 1 unit is in use, at 2 h by a, 4 fewer than the limit", 5: "At the most 5 units are in use, at 2 h by a, just the limit",
	} {
		if got := k.found(&timeSeries{name: "a", peak: &plots.Mark{At: 7200, Units: units}}, true); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if got := k.found(&timeSeries{}, false); got != "" {
		t.Errorf("without a peak it is %q", got)
	}
	k.limit = 0
	if got, want := k.found(&timeSeries{byConns: true, demand: true, peak: &plots.Mark{Units: 2}}, false), "At the most 2 connections are needed, at the start"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
