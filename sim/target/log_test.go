package target

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"highwater/engine"
	"highwater/engine/msglog"
	"highwater/scenario"
	"highwater/sim/trace"
)

// Refusals each minute for two and a half hours: the first one is told at once,
// and then one line an hour tells how many there were since the line before.
func TestLogOfManyRefusals(t *testing.T) {
	inRig(t, Options{Units: 1, Timeout: engine.Day}, func(r *rig) {
		r.browser("10.0.0.1").get("/csp/portal/page.csp")
		other := r.browser("10.0.0.2")
		for range 150 {
			if status := other.get("/rest/lab"); status != 503 {
				t.Fatalf("status %d, want 503", status)
			}
			wait(time.Minute)
		}
		var told []int64
		before := time.Time{} // of the line before, zero of the first
		for text := range strings.Lines(r.logged()) {
			l, err := msglog.Parse(strings.TrimSuffix(text, "\n"))
			e, ok := msglog.ParseExceeded(l.Text)
			if err != nil || !ok || l.Severity != msglog.Severe || !e.Since.Equal(before) {
				t.Fatalf("%q: %v; want one of since %v", text, err, before)
			}
			told, before = append(told, e.Times), l.At.Truncate(time.Second)
		}
		// In minute 0; in 60 for 1 to 60; in 120 for 61 to 120.
		if !slices.Equal(told, []int64{1, 60, 60}) {
			t.Errorf("the lines tell of %v refusals, want 1, 60 and 60", told)
		}
	})
}

// A row without a connection says what keeps it, and until when.
func TestRowsThatAreKept(t *testing.T) {
	inRig(t, Options{}, func(r *rig) {
		r.browser("10.0.0.1").get("/rest/lab")
		b := r.browser("10.0.0.2")
		b.get("/csp/portal/page.csp")
		b.get("/csp/portal/page.csp?IRISLogout=end")
		r.browser("10.0.0.3").get("/csp/portal/page.csp")
		var kept []string
		for _, row := range r.state().Rows {
			kept = append(kept, row.Kept)
			if (row.Kept == "") != (row.Connections == 1) || (row.Kept == "") != (row.Until == 0) {
				t.Errorf("%+v", row)
			}
		}
		slices.Sort(kept)
		if !slices.Equal(kept, []string{"", "grace", "hold"}) {
			t.Errorf("the rows are kept by %q, want one by nothing, a grace and a hold", kept)
		}
	})
}

// What a target says and writes has the scenario's date and time, and without a
// scenario the wall clock's.
func TestWhatTimeItIs(t *testing.T) {
	day := time.Date(2026, 11, 23, 7, 0, 0, 0, time.UTC)
	text := "{name: ward, start: 2026-11-23T07:00:00Z, duration: 2h, license: {units: 1}, cohorts: [{name: lab, kind: callers, user: own, count: 2, arrivals: {every: 1m}}]}"
	sc, err := scenario.Parse("ward.yaml", []byte(text), nil)
	if err != nil {
		t.Fatal(err)
	}
	undated := *sc
	undated.Start = time.Time{}
	for name, o := range map[string]Options{
		"a scenario": {Scenario: sc, Fingerprint: "ab", Begin: engine.Hour, Units: 1}, "none": {Units: 1}, "one without a date": {Scenario: &undated, Begin: engine.Hour, Units: 1},
	} {
		inRig(t, o, func(r *rig) {
			began := time.Now().UTC()
			wait(time.Minute)
			for _, user := range []string{"a", "b"} {
				b := r.browser("10.0.0.1")
				b.user = user
				b.get("/rest/lab")
			}
			s := r.state()
			start, logged := began, began.Add(time.Minute)
			switch {
			case o.Scenario == sc:
				start, logged = day, day.Add(61*time.Minute)
			case o.Scenario != nil:
				start = time.Time{}
			}
			if !s.Start.Equal(start) || !s.Started.Equal(began) || s.Fingerprint != o.Fingerprint || s.At < o.Begin+engine.Minute {
				t.Errorf("%s: %v at %v, started %v, %q; want %v, %v, %q", name, s.Start, s.At, s.Started, s.Fingerprint, start, began, o.Fingerprint)
			}
			r.target.core.flushAgain()
			if h := trace.NewJSONReader("target", bytes.NewReader(r.trace.Bytes())).Header(); !h.Epoch.Equal(start) {
				t.Errorf("%s: the trace begins at %v, want %v", name, h.Epoch, start)
			}
			l, err := msglog.Parse(strings.TrimSuffix(r.logged(), "\n"))
			if err != nil || !l.At.Equal(logged) {
				t.Errorf("%s: messages.log tells of a refusal at %v, want %v (%v)", name, l.At, logged, err)
			}
		})
	}
}
