package report

import (
	"math"
	"slices"
	"testing"
	"time"

	"highwater/engine"
	"highwater/plots"
	"highwater/sim/result"
)

// An attack has charts of its attempts and responses over the time in which
// they were sent. Nothing was sent in the third of four stretches.
func TestLoadOverTime(t *testing.T) {
	s := &result.Attack{
		Scenario: "clinic", Start: time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC), From: engine.Hour, To: engine.Hour + 4*engine.Minute,
		Sent: &result.AttackRun{Stretch: engine.Minute, OverTime: []result.AttackStretch{
			{At: engine.Hour, Requests: 5, P50: 10 * engine.Millisecond, P99: 100 * engine.Millisecond},
			{At: engine.Hour + engine.Minute, Requests: 20, Refused: 4, P50: 10 * engine.Millisecond, P99: engine.Second},
			{At: engine.Hour + 3*engine.Minute, Requests: 10, P50: 10 * engine.Millisecond, P99: 10 * engine.Millisecond},
		}},
	}
	r, err := New(&Source{Attack: s})
	if err != nil {
		t.Fatal(err)
	}
	written(t, &Source{Attack: s})
	load := sectionOf(t, r, "Attempts over time")
	if got, want := load.Text, "By when they were sent, in stretches of 1 min of the scenario; most from 09:01:00 on, 20 attempts."; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if n := len(load.Chart.Lines); n != 2 || load.Chart.Lines[0].Note != "35" || load.Chart.Lines[1].Note != "4" {
		t.Fatalf("%d lines, want those of all 35 and of the 4 refused", n)
	}
	// The most is at 1/1.06 of the height.
	y := func(n float64) float64 { return n / (20 * 1.06) }
	want := []plots.Spot{{X: 0, Y: y(5)}, {X: 0.25, Y: y(5)}, {X: 0.25, Y: y(20)}, {X: 0.5, Y: y(20)}, {X: 0.5}, {X: 0.75}, {X: 0.75, Y: y(10)}, {X: 1, Y: y(10)}}
	near := func(a, b plots.Spot) bool { return math.Abs(a.X-b.X) < 1e-9 && math.Abs(a.Y-b.Y) < 1e-9 }
	if got := load.Chart.Lines[0].line; !slices.EqualFunc(got, want, near) {
		t.Errorf("attempts are drawn as %v, want %v", got, want)
	}
	// Times are drawn in the middle of each stretch, from 10 ms to 10 s: 1 s is
	// two of three steps up.
	response := sectionOf(t, r, "Response over time").Chart
	want = []plots.Spot{{X: 0.125, Y: 1 / (3 * 1.06)}, {X: 0.375, Y: 2 / (3 * 1.06)}, {X: 0.875}}
	if got := response.Lines[0].line; !slices.EqualFunc(got, want, near) {
		t.Errorf("responses are drawn as %v, want %v", got, want)
	}
	if got := response.hover.Texts; !slices.Equal(got[0], []string{"100.0 ms", "1,000 ms", "10.0 ms"}) || !slices.Equal(response.hover.At, []string{"09:00:00", "09:01:00", "09:03:00"}) {
		t.Errorf("read are %q at %q", got, response.hover.At)
	}
	if rows := sectionOf(t, r, "Response over time").Table.Rows; len(rows) != 3 || rows[1][0] != "09:01:00" || rows[1][2] != "1,000 ms" && rows[1][1] != "1,000 ms" {
		t.Errorf("the table of responses has %q", rows)
	}
	s.Sent.OverTime = s.Sent.OverTime[:1]
	if r, err = New(&Source{Attack: s}); err != nil || slices.Contains(titles(r), "Attempts over time") {
		t.Errorf("one stretch is drawn: %q, %v", titles(r), err)
	}
}
