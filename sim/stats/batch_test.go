package stats

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"
)

func TestBatchMeans(t *testing.T) {
	// Batches of two have the means 1, 3, 5: 3 ± 4.302653 · 2/√3, Student's
	// quantile of two degrees of freedom.
	m := BatchMeans([]float64{0, 2, 2, 4, 4, 6}, 3, 0.95)
	if half := 4.302653 * 2 / math.Sqrt(3); m.N != 6 || m.Mean != 3 || !near(m.High-3, half, 1e-6) || !near(3-m.Low, half, 1e-6) {
		t.Errorf("%+v, want 3 ± %v", m, half)
	}
	// Of seven values the last batch has three; all count alike in the mean.
	if m := BatchMeans([]float64{0, 0, 0, 0, 0, 0, 7}, 3, 0.95); m.Mean != 1 || m.High-1 != 1-m.Low {
		t.Errorf("%+v, want a mean of 1 in the middle", m)
	}
	if m := BatchMeans([]float64{1, 3}, 3, 0.95); m.N != 2 || m.Mean != 2 || !math.IsInf(m.Low, -1) || !math.IsInf(m.High, 1) {
		t.Errorf("%+v, want no limits", m)
	}
	if m := BatchMeans(nil, 3, 0.95); m.N != 0 || !math.IsNaN(m.Mean) {
		t.Errorf("%+v, want nothing", m)
	}
}

// Of a series whose values are alike the interval holds the mean nearly as
// often as it says. With a correlation of r from each value to the next, the
// mean of k values has a variance of v(k)/k times that of one, where v(k) is
// (1+r)/(1-r) - 2r(1-r^k)/(k(1-r)²). The squared standard error of m batches of
// b values is (v(b)/b - v(n)/n)/(m-1) on average, which is less than v(n)/n:
// by the root of their ratio the interval is too narrow.
func TestBatchMeansCover(t *testing.T) {
	const samples, m, confidence = 4000, 10, 0.9
	g := rand.New(rand.NewPCG(7, 8))
	student := distuv.StudentsT{Sigma: 1, Nu: m - 1}
	for _, tt := range []struct {
		r float64
		n int
	}{{0, 30}, {0.8, 400}, {0.5, 60}, {0.95, 400}} {
		v := func(k float64) float64 {
			return (1+tt.r)/(1-tt.r) - 2*tt.r*(1-math.Pow(tt.r, k))/(k*(1-tt.r)*(1-tt.r))
		}
		n, b := float64(tt.n), float64(tt.n)/m
		narrow := math.Sqrt((v(b)/b - v(n)/n) / (m - 1) / (v(n) / n))
		want := 2*student.CDF(narrow*student.Quantile((1+confidence)/2)) - 1
		low, high := 0, 0
		values := make([]float64, tt.n)
		for range samples {
			values[0] = g.NormFloat64()
			for i := 1; i < tt.n; i++ {
				values[i] = tt.r*values[i-1] + math.Sqrt(1-tt.r*tt.r)*g.NormFloat64()
			}
			switch s := BatchMeans(values, m, confidence); {
			case s.Low > 0:
				low++
			case s.High < 0:
				high++
			}
		}
		// Five standard errors of the share, on either side; and a hundredth, as
		// the means of batches are not quite independent of each other.
		for _, missed := range []int{low, high} {
			tail := (1 - want) / 2
			if part := float64(missed) / samples; math.Abs(part-tail) > 0.01+5*math.Sqrt(tail*(1-tail)/samples) {
				t.Errorf("correlation %v, %d values: %.4f of the intervals miss on one side, want %.4f", tt.r, tt.n, part, tail)
			}
		}
	}
}
