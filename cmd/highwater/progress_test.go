package main

import (
	"net/url"
	"testing"
	"time"

	"highwater/engine"
	"highwater/sim/attack"
	"highwater/sim/attack/record"
	"highwater/sim/result"
	"highwater/sim/target"
)

// Beside a bar stands as much as there is room for, what matters most first.
func TestProgressFits(t *testing.T) {
	a := attack.Progress{Rate: 1200, InFlight: 7, Refused: 3, Failed: 1, Lag: 120 * time.Microsecond, Reported: 12}
	for _, tt := range []struct {
		room int
		want string
	}{
		{100, "12 units reported, 3 refused, 1 failed, 1,200/s, 7 in flight, lag 120µs"},
		{71, "12 units reported, 3 refused, 1 failed, 1,200/s, 7 in flight, lag 120µs"},
		{70, "12 units reported, 3 refused, 1 failed, 1,200/s, 7 in flight"},
		{28, "12 units reported, 3 refused"},
		{27, "12 units reported"},
		{16, "12 units report…"},
		{-9, ""},
	} {
		if got := fitting(sending(&a, -1), tt.room); got != tt.want {
			t.Errorf("in %d columns: %q, want %q", tt.room, got, tt.want)
		}
	}
	if got := fitting(sending(&a, 14), 45); got != "units 14 predicted, 12 reported, 3 refused" {
		t.Errorf("with both: %q", got)
	}
	a.Reported = -1
	if got := fitting(sending(&a, -1), 9); got != "3 refused" {
		t.Errorf("without units: %q", got)
	}
	if got := fitting(sending(&a, 14), 18); got != "14 units predicted" {
		t.Errorf("without metrics: %q", got)
	}
}

// In 80 columns stands all that is to be known of an attack: the bar goes first,
// then the long words. In 40 stands what matters most.
func TestProgressInFewColumns(t *testing.T) {
	many := attack.Progress{Rate: 1234, InFlight: 1234, Refused: 12_345, Lag: 12_340 * time.Microsecond / 10, Reported: 1230}
	some := attack.Progress{Rate: 1200, InFlight: 7, Refused: 3, Failed: 1, Lag: 120 * time.Microsecond, Reported: 12}
	for _, tt := range []struct {
		columns   int
		a         attack.Progress
		predicted int
		want      string
	}{
		{110, some, 14, "units 14 predicted, 12 reported, 3 refused, 1 failed, 1,200/s, 7 in flight, lag 120µs"},
		{80, some, 14, "units 14 pred 12 rep, 3 refused, 1 fail, 1200/s, 7 in flight, lag 120µs"},
		{80, many, 1234, "units 1234 pred 1230 rep, 12k refused, 1234/s, 1234 in flight, lag 1.2ms"},
		{40, many, 1234, "units 1234 pred 1230 rep"},
		{40, some, 14, "units 14 pred 12 rep, 3 refused"},
		{40, attack.Progress{Rate: 5, InFlight: 7, Reported: -1}, -1, "0 refused, 5/s, 7 in flight"},
		{80, attack.Progress{Refused: 7_654_321, TimedOut: 99_999, Reported: -1}, 3, "units 3 pred, 7M refused, 0/s, 0 in flight, lag 0s, 99k gave up"},
	} {
		if got := worded(tt.columns-shareTakes, sending(&tt.a, tt.predicted), briefly(&tt.a, tt.predicted)); got != tt.want {
			t.Errorf("in %d columns: %q, want %q", tt.columns, got, tt.want)
		}
	}
}

// The units predicted are those of the instant that the attack has come to.
func TestForecast(t *testing.T) {
	f := forecast{}
	if got := f.at(0.5); got != -1 {
		t.Errorf("without a curve there are %d units", got)
	}
	f = forecast{&attack.Schedule{From: engine.Hour, To: 3 * engine.Hour}, []result.Sample{{At: engine.Hour, Units: 2}, {At: 2 * engine.Hour, Units: 5}}}
	for share, want := range map[float64]int{0: 2, 0.49: 2, 0.5: 5, 1: 5} {
		if got := f.at(share); got != want {
			t.Errorf("after %v of the time there are %d units, want %d", share, got, want)
		}
	}
}

// What the forecast needs is told before the first request.
func TestForecastBegins(t *testing.T) {
	sc := parseWards(t)
	url, err := url.Parse(serve(t, target.Options{Scenario: sc, Policy: sc.License.Policy, Units: 9, Clock: 300}))
	if err != nil {
		t.Fatal(err)
	}
	s, err := attack.Plan(t.Context(), sc, attack.PlanOptions{Clock: 300})
	if err != nil {
		t.Fatal(err)
	}
	f, told := forecast{}, 0
	res, err := attack.Run(t.Context(), t.Context(), s, attack.Options{Target: url, Scrape: 50 * time.Millisecond,
		Begins: func(h *record.Header, first *record.Sample, state *record.State) {
			told++
			if state == nil || first.Failed != "" || first.Done > 0 || state.Done > 0 || h.Schedule != s.Hash {
				t.Errorf("known are %+v, %+v, %+v", h, first, state)
			}
			f.begin(t.Context(), s, h, first, state)
		}})
	if err != nil || told != 1 || res.Sent.First == 0 || f.at(0) < 0 || f.at(0) > 9 {
		t.Errorf("%v: told %d times; %d units at the begin", err, told, f.at(0))
	}
}
