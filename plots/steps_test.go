package plots

import (
	"io"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestReduce(t *testing.T) {
	at := func(at, units float64) Point { return Point{At: at, Units: units} }
	tests := []struct {
		name   string
		points []Point
		want   []step
	}{
		{"nothing", nil, nil},
		{"one point", []Point{at(3, 7)}, []step{{3, 7, 7}}},
		{"one a column", []Point{at(0, 1), at(10, 2), at(20, 3)}, []step{{0, 1, 1}, {10, 2, 2}, {20, 3, 3}}},
		{"several a column", []Point{at(1, 5), at(2, 9), at(3, 1), at(11, 4)}, []step{{1, 1, 9}, {11, 4, 4}}},
		{"the last one holds", []Point{at(1, 5), at(2, 9), at(3, 1), at(50, 4)}, []step{{1, 1, 9}, {3, 1, 1}, {50, 4, 4}}},
		{"until the end", []Point{at(1, 5), at(2, 9), at(3, 1)}, []step{{1, 1, 9}, {3, 1, 1}}},
		{"at the end", []Point{at(95, 5), at(98, 9), at(100, 1)}, []step{{95, 5, 9}, {100, 1, 1}}},
		{"one instant", []Point{at(95, 5), at(95, 9), at(95, 1)}, []step{{95, 1, 9}}},
		{"buckets", []Point{{0, 2, 1, 8}, {5, 3, 2, 4}, {10, 3, 3, 3}}, []step{{0, 1, 8}, {10, 3, 3}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := reduce(tt.points, 100, columns{size: 10})
			if d := cmp.Diff(tt.want, got, cmp.AllowUnexported(step{})); d != "" {
				t.Errorf("reduce: -want +got\n%s", d)
			}
		})
	}
}

// value returns the step that holds at an instant.
func value(steps []step, at float64) step {
	i, _ := slices.BinarySearchFunc(steps, at, func(s step, at float64) int {
		if s.at <= at {
			return -1
		}
		return 1
	})
	return steps[i-1]
}

// TestReduceLosesNothing checks that what is drawn spans what was, at every
// instant; that no more is drawn than was in the column; and that the highest
// and lowest stay what they are.
func TestReduceLosesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const end = 100.0
		ats := rapid.SliceOfN(rapid.Float64Range(0, end), 1, 60).Draw(t, "at")
		slices.Sort(ats)
		cols := columns{size: rapid.Float64Range(0.3, 40).Draw(t, "size")}
		cols.phase = rapid.Float64Range(0, cols.size).Draw(t, "phase")
		points := make([]Point, len(ats))
		for i, at := range ats {
			points[i] = Point{At: at, Units: rapid.Float64Range(0, 50).Draw(t, "units")}
			if rapid.Bool().Draw(t, "bucket") {
				points[i].Low = points[i].Units / 2
				points[i].High = points[i].Units + 1
			}
		}
		steps, all := reduce(points, end, cols), exact(points)
		if n := 2 * (cols.of(end) + 1); len(steps) > n {
			t.Fatalf("%d steps; want at most %d", len(steps), n)
		}
		for _, s := range all {
			if got, want := value(steps, s.at), value(all, s.at); got.lo > want.lo || got.hi < want.hi {
				t.Fatalf("at %g: drawn from %g to %g, was from %g to %g", s.at, got.lo, got.hi, want.lo, want.hi)
			}
		}
		for _, s := range steps {
			lo, hi := math.Inf(1), 0.0
			for _, p := range all {
				if cols.of(p.at) == cols.of(s.at) {
					lo, hi = min(lo, p.lo), max(hi, p.hi)
				}
			}
			if s.lo < lo || s.hi > hi {
				t.Fatalf("at %g: drawn from %g to %g, the column was from %g to %g", s.at, s.lo, s.hi, lo, hi)
			}
		}
		peak := func(s []step) float64 {
			return slices.MaxFunc(s, func(a, b step) int { return int(math.Copysign(1, a.hi-b.hi)) }).hi
		}
		if got, want := peak(steps), peak(all); got != want {
			t.Fatalf("peak %g; want %g", got, want)
		}
	})
}

func benchChart(n int) *UnitsOverTime {
	return &UnitsOverTime{Title: "benchmark", Start: monday, End: day, Limit: 120, Series: []Series{series("", hospital(n, day, 130, 1), 120)}}
}

func BenchmarkReduce1M(b *testing.B) {
	c := benchChart(1_000_000)
	for b.Loop() {
		reduce(c.Series[0].Points, c.End, newLayout(&UnitsOverTime{End: day}, true).columns())
	}
}

func benchmarkPNG(b *testing.B, n int) {
	c := benchChart(n)
	b.ReportAllocs()
	for b.Loop() {
		if err := c.WritePNG(io.Discard); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkPNG10K(b *testing.B) { benchmarkPNG(b, 10_000) }
func BenchmarkPNG1M(b *testing.B)  { benchmarkPNG(b, 1_000_000) }

// benchmarkSVG reports how many times longer the same chart takes when every
// point of it is drawn.
func benchmarkSVG(b *testing.B, n int) {
	c := benchChart(n)
	draw := func(reduced bool) (time.Duration, int) {
		start := time.Now()
		svg, err := c.laid(newLayout(c, reduced)).svg()
		if err != nil {
			b.Fatal(err)
		}
		return time.Since(start), len(svg)
	}
	full, fullSize := draw(false)
	b.ReportAllocs()
	var took time.Duration
	size, loops := 0, 0
	for b.Loop() {
		var d time.Duration
		d, size = draw(true)
		took += d
		loops++
	}
	b.ReportMetric(float64(full)*float64(loops)/float64(took), "times-faster")
	b.ReportMetric(float64(fullSize)/float64(size), "times-smaller")
	b.ReportMetric(float64(size)/1e3, "KB")
}

func BenchmarkSVG10K(b *testing.B) { benchmarkSVG(b, 10_000) }
func BenchmarkSVG1M(b *testing.B)  { benchmarkSVG(b, 1_000_000) }
