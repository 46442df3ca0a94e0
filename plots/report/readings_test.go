package report

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"highwater/engine"
	"highwater/sim/result"
)

// A result of the readings alone says of what it is, and by what.
func TestReadingsAlone(t *testing.T) {
	start := time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
	peaks := func(low, high int) *result.Readings {
		return &result.Readings{Schema: 1, Version: "0.1.0", Start: &start, Duration: 2 * engine.Hour, Sets: 96,
			License: &result.Counted{Policy: "mine", Base: "iris-2022.3", Options: []engine.Setting{{Name: "grace", Value: "10s"}}, Units: 137, LimitOn: "units", Enforced: true},
			Lowest:  result.ReadingPeak{PeakUnits: low}, Highest: result.ReadingPeak{PeakUnits: high}}
	}
	ward := peaks(90, 95)
	ward.Scenario, ward.Fingerprint, ward.Seed = "ward", "c0ffee", 7
	for _, tt := range []struct {
		readings      *result.Readings
		title, answer string
	}{
		{ward, "ward", "Where the documents are silent the peak of replication 1 is between 90 and 95 license units, depending on how they are read."},
		{peaks(90, 90), "night.json", "By every reading of the documents the peak is 90 license units, if nobody is refused."},
	} {
		r, err := New(&Source{Name: "night.json", Readings: tt.readings})
		if err != nil {
			t.Fatal(err)
		}
		if r.title != tt.title || r.answer != tt.answer || len(r.notes) > 0 {
			t.Errorf("%s: %s %q, want %s: %s", r.title, r.answer, r.notes, tt.title, tt.answer)
		}
		facts := fmt.Sprint(r.facts)
		for _, want := range []string{"{covers 2 hours from Mon 23 Nov 2026 08:00 UTC}", "{version highwater 0.1.0}", "{policy mine}", "{which is iris-2022.3 with grace=10s}",
			"{license key 137 units}"} {
			if !strings.Contains(facts, want) {
				t.Errorf("%s: the assumptions are %s, without %s", tt.title, facts, want)
			}
		}
	}
	r, err := New(&Source{Readings: ward})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(r.facts, fact{"fingerprint of the scenario", "c0ffee"}) || r.footnote != "highwater 0.1.0, seed 7, replication 1" {
		t.Errorf("a scenario's have %v, and images say %q", r.facts, r.footnote)
	}
}

// The head of a trace's report says how far the readings lie apart.
func TestTraceHasItsReadings(t *testing.T) {
	for _, tt := range []struct {
		low, high int
		want      string
	}{
		{1, 9, "By other readings of the documents the peak is 1 to 9 license units, if nobody is refused; see what the readings change."},
		{9, 9, "By every reading of the documents the peak is 9 license units, if nobody is refused."},
	} {
		read := &result.Readings{Sets: 96, Lowest: result.ReadingPeak{PeakUnits: tt.low}, Highest: result.ReadingPeak{PeakUnits: tt.high}}
		r, err := New(&Source{Replay: &result.Replay{End: engine.Day, Peak: engine.Peak{Units: 9, At: engine.Hour}}, Readings: read})
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Contains(r.more, tt.want) {
			t.Errorf("the head says %q, want %q", r.more, tt.want)
		}
	}
}

// A report of more than the readings says what the others come to, as the
// answer is given: guaranteed, or by the runs where those are too few.
func TestOtherReadings(t *testing.T) {
	need := func(units, guaranteed int) (n result.ReadingNeed) {
		n.Enough.Risk = 0.2
		if units > 0 {
			n.Enough.Units = &units
		}
		if guaranteed > 0 {
			n.Enough.Guaranteed = &guaranteed
		}
		return n
	}
	for _, c := range []struct {
		low, high result.ReadingNeed
		want      string
	}{
		{need(7, 8), need(9, 10), "it is 8 to 10 license units for a risk of 20 %, with 99 % confidence;"},
		{need(9, 10), need(7, 8), "it is 8 to 10 license units for a risk of 20 %, with 99 % confidence;"},
		{need(7, 8), need(9, 0), "it is 7 to 9 license units for a risk of 20 %, in these replications, which are too few for a guarantee;"},
		{need(7, 8), need(7, 8), "By every reading of the documents it is 8 license units for a risk of 20 %, with 99 % confidence."},
		{need(0, 0), need(7, 8), ""},
	} {
		got := otherReadings(&result.ReadingsOver{Confidence: 0.99, Taken: c.low, Lowest: c.low, Highest: c.high})
		if !strings.Contains(got, c.want) || c.want == "" && got != "" {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}
