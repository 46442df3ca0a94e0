package main

import (
	"errors"
	"testing"
	"time"

	"highwater/engine"
	"highwater/sim/trace"
)

// Every form of an instant, on a run of four days from half past six in the
// evening of a New Year's Eve, in a zone of its own.
func TestWhen(t *testing.T) {
	start := time.Date(2026, 12, 31, 18, 30, 0, 500_000_000, time.FixedZone("", 3600))
	const h, m, s, half = engine.Hour, engine.Minute, engine.Second, 500 * engine.Millisecond
	tests := []struct {
		text string
		want engine.Time // negative is out of the run
	}{
		{"0", 0},
		{"3600", h},
		{"0.25", 250 * engine.Millisecond},
		{"1e3", 1000 * s},
		{"8h30m", 8*h + 30*m},
		{"90m", 90 * m},
		{"1.5h", 90 * m},
		{"250ms", 250 * engine.Millisecond},
		{"2d", 48 * h},
		{"2d1h", 49 * h},
		{"1d 02:03:04.5", 26*h + 3*m + 4*s + half}, // as a run without a clock shows it
		{"18:31", m - half},
		{"19:00:00.5", 30 * m},
		{"18:30", 24*h - half}, // the first is the next day's
		{"0:00", 5*h + 30*m - half},
		{"2026-12-31T18:31:00+01:00", m - half},
		{"2026-12-31T17:31:00Z", m - half},
		{"Thu 31 Dec 18:31:00", m - half},
		{"Fri 1 Jan 00:00:00", 5*h + 30*m - half},
		{"Fri 1 Jan 00:00:00.500", 5*h + 30*m},
		{"4d", 96 * h},

		{"4d0h0m0.000001s", -1},
		{"2026-12-31T18:30:00+01:00", -1}, // half a second before
		{"2027-12-31T18:31:00+01:00", -1},
		{"Mon 1 Jun 12:00:00", -1},
	}
	for _, tt := range tests {
		w, err := parseWhen(tt.text)
		if err != nil {
			t.Errorf("%s: %v", tt.text, err)
			continue
		}
		got, err := w.moment(clock{start}, 4*engine.Day)
		var x *exitError
		switch {
		case tt.want < 0 && (!errors.As(err, &x) || x.code != exitUsage):
			t.Errorf("%s: %v, %v; want an error of usage", tt.text, got, err)
		case tt.want >= 0 && (err != nil || got != trace.Moment{At: tt.want}):
			t.Errorf("%s: %v, %v; want %d", tt.text, got, err, tt.want)
		}
	}
}

// Without a clock a time of day is one since the start, as such a run shows
// it.
func TestWhenWithoutClock(t *testing.T) {
	for text, want := range map[string]engine.Time{"01:02": engine.Hour + 2*engine.Minute, "5s": 5 * engine.Second, "2026-12-31T18:31:00Z": -1, "Thu 31 Dec 18:31:00": -1} {
		w, err := parseWhen(text)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := w.moment(clock{}, engine.Day); (err != nil) != (want < 0) || err == nil && got.At != want {
			t.Errorf("%s: %v, %v; want %d", text, got, err, want)
		}
	}
}

func TestNoWhen(t *testing.T) {
	for _, text := range []string{"", "now", "-1", "24:00", "12:60", "12", "5x", "8h30", "1d2", "first", "Peak", "2026-11-23", "Mon 23 Nov", "1e99", "9999999999999h"} {
		if w, err := parseWhen(text); (err == nil) != (text == "12") {
			t.Errorf("%q: %+v, %v", text, w, err)
		}
	}
}
