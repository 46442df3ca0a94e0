package plots

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestRanges checks each stretch against every instant of a small timeline, as
// the number of units that a reader of the points would say.
func TestRanges(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const end = 24
		var points []Point
		for at := range end {
			if rapid.Bool().Draw(t, "point") {
				points = append(points, Point{At: float64(at), Units: float64(rapid.IntRange(0, 9).Draw(t, "units"))})
			}
		}
		n := rapid.SampledFrom([]int{1, 2, 3, 4, 6, 8, 12, 24}).Draw(t, "n")
		var want []Range
		units := 0.0
		for at := range end {
			if i := slices.IndexFunc(points, func(p Point) bool { return p.At == float64(at) }); i >= 0 {
				units = points[i].Units
			}
			if at%(end/n) == 0 {
				want = append(want, Range{units, units})
			}
			last := &want[len(want)-1]
			last.Low, last.High = min(last.Low, units), max(last.High, units)
		}
		if got := Ranges(points, end, n); !slices.Equal(got, want) {
			t.Fatalf("Ranges(%v, %d, %d) = %v; want %v", points, end, n, got, want)
		}
	})
}

func TestRangesOfManyPoints(t *testing.T) {
	points := make([]Point, 1_000_000)
	for i := range points {
		points[i] = Point{At: float64(i), Units: float64(i % 1000)}
	}
	for i, r := range Ranges(points, 1e6, 900) {
		if r != (Range{0, 999}) { // each stretch is longer than a thousand seconds
			t.Fatalf("stretch %d is %v", i, r)
		}
	}
}

func TestTimeTicksAreFew(t *testing.T) {
	start := time.Date(2026, 11, 23, 6, 0, 0, 0, time.UTC)
	for _, hours := range []float64{0.01, 1, 24, 168, 24 * 365} {
		for _, start := range []time.Time{start, {}} {
			ticks, title := TimeTicks(start, hours*hour, 9)
			if n := len(ticks); n == 0 || title == "" {
				t.Errorf("%g hours: %d ticks, called %q", hours, n, title)
			}
			labels := 0
			for _, tick := range ticks {
				if tick.Label != "" {
					labels++
				}
			}
			if labels > 9 {
				t.Errorf("%g hours: %d labels, want 9 at most", hours, labels)
			}
		}
	}
}
