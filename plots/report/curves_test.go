package report

import (
	"slices"
	"strings"
	"testing"
	"time"

	"highwater/engine"
	"highwater/sim/result"

	"github.com/google/go-cmp/cmp"
)

// attacked is an attack on the hour from 09:00 on, of which the target reported
// the first half.
func attacked() *result.Attack {
	const from, to = engine.Hour, 2 * engine.Hour
	latency := result.Latency{N: 100, Mean: 12 * engine.Millisecond, P50: 10 * engine.Millisecond, P90: 100 * engine.Millisecond, P99: engine.Second, P999: engine.Second, Max: engine.Second}
	curve := func(until engine.Time, high int) *result.Curve {
		return &result.Curve{To: until, Peak: engine.Peak{Units: high, At: from + 15*engine.Minute}, Mean: 2, Drawn: []result.Stretch{
			{At: from, Low: 1, High: 1}, {At: from + 15*engine.Minute, Low: 2, High: high}, {At: from + 30*engine.Minute, Low: 2, High: 2},
		}}
	}
	refused := curve(to, 8)
	refused.FirstRefusal, refused.Refused = &result.CurveRefusal{At: from + 20*engine.Minute, Via: "rest", InUse: 8}, 3
	return &result.Attack{
		Scenario: "clinic", Start: time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC), From: from, To: to, Verdict: result.Measured,
		Sent:   &result.AttackRun{First: 100, Refused: 3, Response: latency, Service: latency, Lag: result.Latency{N: 100, P99: 20 * engine.Microsecond, P999: 30 * engine.Microsecond, Max: 50 * engine.Microsecond}},
		Curves: &result.Curves{From: from, To: to, Units: 8, Predicted: curve(to, 9), AsRun: refused, Reported: curve(from+30*engine.Minute, 8)},
	}
}

func chartNamed(t *testing.T, r *Report, id string) *chart {
	t.Helper()
	for i := range r.sections {
		if c := r.sections[i].Chart; c != nil && c.ID == id {
			return c
		}
	}
	t.Fatalf("there is no chart %s", id)
	return nil
}

// Each of the 900 stretches of the chart is 4 s of the hour: number 225 begins
// 15 minutes after its begin, 450 at the half of it.
func TestCurves(t *testing.T) {
	r, err := New(&Source{Attack: attacked()})
	if err != nil {
		t.Fatal(err)
	}
	c := chartNamed(t, r, "curves")
	for _, tt := range []struct {
		line, stretch int
		at, text      string
	}{
		{0, 0, "09:00:00", "1"}, {0, 225, "09:15:00", "2–9"}, {0, 899, "09:59:56", "2"}, {1, 300, "09:20:00", "2–8"},
		{2, 449, "09:29:56", "2–8"}, {2, 450, "09:30:00", "–"}, // no longer reported
	} {
		if at, text := c.hover.At[tt.stretch], c.hover.Texts[tt.line][tt.stretch]; at != tt.at || text != tt.text {
			t.Errorf("%s at %d: %s %q; want %s %q", c.hover.Names[tt.line], tt.stretch, at, text, tt.at, tt.text)
		}
	}
	if last := c.Lines[2].line; last[len(last)-1].X != 0.5 {
		t.Errorf("the curve as reported ends at %v of the chart; want half of it", last[len(last)-1].X)
	}
	if note := c.Lines[1].Note; note != "peak 8 at 09:15:00, first refusal 09:20:00" {
		t.Errorf("as run: %q", note)
	}
	written(t, &Source{Attack: attacked()})
	for largest, want := range map[int]string{0: "none differs from the curve as run.", 2: "the largest difference from the curve as run is 2 units at 09:10:00."} {
		s := attacked()
		s.Curves.Divergence = &result.Divergence{Samples: 9, Largest: largest, LargestAt: 70 * engine.Minute}
		if r, err = New(&Source{Attack: s}); err != nil {
			t.Fatal(err)
		}
		if text := sectionOf(t, r, "Predicted, as run and reported").Text; !strings.HasSuffix(text, want) {
			t.Errorf("it says %q, want %q", text, want)
		}
	}
}

// The axis begins at 10 µs, below the least of the times, and ends at 10 s:
// six powers of ten. 10 ms are three above the begin.
func TestLatencyChart(t *testing.T) {
	r, err := New(&Source{Attack: attacked()})
	if err != nil {
		t.Fatal(err)
	}
	c := chartNamed(t, r, "latency")
	if names := strings.Join(c.hover.Names, ", "); names != "response, service, lag of the sender" {
		t.Errorf("lines of %s; want none of a queue in which nobody waited", names)
	}
	var labels []string
	for _, tick := range c.YTicks {
		labels = append(labels, tick.Label)
	}
	if want := []string{"0.01 ms", "0.1 ms", "1 ms", "10 ms", "100 ms", "1 s", "10 s"}; !slices.Equal(labels, want) {
		t.Errorf("the axis has %q; want %q", labels, want)
	}
	height := func(line, place int) float64 { return c.Lines[line].line[place].Y * c.top }
	if a, b, zero := height(0, 0), height(0, 2), height(2, 0); a < 2.999 || a > 3.001 || b < 4.999 || b > 5.001 || zero != 0 {
		t.Errorf("10 ms stand at %v, 1 s at %v and 0 at %v; want 3, 5 and 0", a, b, zero)
	}
	var files []string
	for _, f := range r.Files() {
		files = append(files, f.Name)
	}
	for _, name := range []string{"curves.png", "curves.csv", "latency.pdf", "latency.csv"} {
		if !slices.Contains(files, name) {
			t.Errorf("there is no %s in %q", name, files)
		}
	}
}

// A result has use over time in stretches: its chart and its peaks by hour are
// those of the samples, and so are all other sections.
func TestStretchesOfAResult(t *testing.T) {
	s := day().Simulation
	s.Policies = s.Policies[:1]
	f := &s.Policies[0].First
	whole, err := New(&Source{Simulation: s})
	if err != nil {
		t.Fatal(err)
	}
	f.Series, f.DemandSeries = nil, nil
	f.Drawn = []result.Stretch{{High: 1}}
	f.DemandDrawn = []result.Stretch{{}, {At: 2 * engine.Hour, Low: 5, High: 5}, {At: 5 * engine.Hour, Low: 5, High: 11}, {At: 5*engine.Hour + engine.Minute, Low: 11, High: 11}, {At: 8 * engine.Hour, Low: 2, High: 2}}
	drawn, err := New(&Source{Simulation: s})
	if err != nil {
		t.Fatal(err)
	}
	for _, title := range []string{"Peak by hour and weekday", "Mean by hour and weekday", "Units over time"} {
		var rows [2][]string
		for i, r := range []*Report{whole, drawn} {
			for _, sec := range r.sections {
				if sec.Title != title {
					continue
				}
				for _, row := range sec.Table.Rows {
					if sec.Chart != nil {
						row = row[:2] // the mean is not known
					}
					rows[i] = append(rows[i], strings.Join(row, " "))
				}
			}
		}
		if diff := cmp.Diff(rows[0], rows[1]); diff != "" || len(rows[0]) == 0 {
			t.Errorf("%s (-samples, +stretches):\n%s", title, diff)
		}
	}
	note := drawn.sections[0].Chart.Lines[0].Note
	if want := "needed 11 at 11:00, 9 in use at 10:00, first refusal 10:00:00"; note != want {
		t.Errorf("the line is said to be %q, want %q", note, want)
	}
	if len(drawn.notes) != len(whole.notes) || len(drawn.sections) != len(whole.sections) {
		t.Errorf("the notes are %q, and of %d sections there are %d", drawn.notes, len(whole.sections), len(drawn.sections))
	}
}

// What the target reported are samples, and drawn as dots: of what lies between
// two of them nothing is known. A stretch is 4 s, and a sample comes each 24 s.
func TestSamplesAreDots(t *testing.T) {
	s := attacked()
	s.Clock, s.Scale, s.Replication = 30, 2, 1
	for i := range 75 {
		s.Curves.Reported.Samples = append(s.Curves.Reported.Samples, result.Point{At: s.From + engine.Time(24*i)*engine.Second, Units: i % 9})
	}
	r, err := New(&Source{Attack: s})
	if err != nil {
		t.Fatal(err)
	}
	c := chartNamed(t, r, "curves")
	dots := c.Lines[2]
	if !dots.Dots || len(dots.line) != 75 || dots.bands != nil || c.Lines[1].Dots {
		t.Fatalf("%d dots (%t) with %d bands, and as run %t; want 75 dots", len(dots.line), dots.Dots, len(dots.bands), c.Lines[1].Dots)
	}
	if n := strings.Count(dots.Path(), "h0"); n != 75 {
		t.Errorf("%d dots in SVG, want 75", n)
	}
	if at := dots.line[3]; at.X != 0.02 || at.Y != 3/c.top { // 72 s of the hour
		t.Errorf("the fourth dot is at %v, want 0.02 and %v", at, 3/c.top)
	}
	for stretch, want := range map[int]string{0: "0 in the sample of 09:00:00", 4: "0 in the sample of 09:00:00", 6: "1 in the sample of 09:00:24", 449: "2 in the sample of 09:29:36", 450: "–"} {
		if got := c.hover.Texts[2][stretch]; got != want {
			t.Errorf("stretch %d reads %q, want %q", stretch, got, want)
		}
	}
	s.Curves.Divergence, s.Curves.Difference = &result.Divergence{Samples: 77, Failed: 1}, &result.Attribution{Samples: 75}
	_, markdown := written(t, &Source{Attack: s})
	for _, want := range []string{"| of the scenario | 09:00:00 to 10:00:00 |", "76 samples (1 before the plan began or after it ended, in no mean) of the target's units"} {
		if !strings.Contains(string(markdown), want) {
			t.Errorf("no %q in:\n%s", want, markdown)
		}
	}
	unclocked := *s
	unclocked.Start = time.Time{}
	if _, markdown := written(t, &Source{Attack: &unclocked}); !strings.Contains(string(markdown), "1 hour to 2 hours") {
		t.Errorf("no hours of a scenario without a clock:\n%s", markdown)
	}
	if want := "replication 1, 2 times the scenario's people, 30 times as fast as in the scenario"; !strings.Contains(string(markdown), want) {
		t.Errorf("the report does not say %q", want)
	}
}

// Refusals that a target does not tell of are not none; and a verdict of
// --max-divergence is said with what was sent.
func TestCurvesOpen(t *testing.T) {
	a := attacked()
	a.Verdict, a.Reasons = result.Diverges, []string{"the target's units diverge: 3 outside of the uncertainty, at most 1 are allowed"}
	a.Curves.Reported.FirstOpen, a.Curves.Reported.RefusedOpen = true, true
	r, err := New(&Source{Attack: a})
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := r.WriteMarkdown(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"| not known | not known |", "was sent; the target's units diverge: 3 outside", "Diverges: the target's units diverge: 3 outside"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in:\n%.3000s", want, b.String())
		}
	}
}
