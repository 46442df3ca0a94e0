package stats

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestMeanInterval(t *testing.T) {
	// Quantiles of Student's law are those of the published tables.
	tests := []struct {
		values             []float64
		confidence         float64
		mean, half, stdDev float64
	}{
		{[]float64{1, 2, 3, 4, 5}, 0.95, 3, 2.776445 * math.Sqrt(2.5/5), math.Sqrt(2.5)},
		{[]float64{1, 3}, 0.95, 2, 12.706205, math.Sqrt2},
		{[]float64{-2, 0, 2}, 0.99, 0, 9.924843 * 2 / math.Sqrt(3), 2},
		{[]float64{7, 7, 7}, 0.95, 7, 0, 0},
	}
	for _, tt := range tests {
		m := MeanInterval(tt.values, tt.confidence)
		if m.N != len(tt.values) || m.Mean != tt.mean || !near(m.StdDev, tt.stdDev, 1e-14) ||
			!near(m.High-m.Mean, tt.half, 1e-6) || !near(m.Mean-m.Low, tt.half, 1e-6) {
			t.Errorf("MeanInterval(%v) = %+v, want %v ± %v", tt.values, m, tt.mean, tt.half)
		}
	}
	one, none := MeanInterval([]float64{4}, 0.95), MeanInterval(nil, 0.95)
	if one.N != 1 || one.Mean != 4 || !math.IsInf(one.Low, -1) || !math.IsInf(one.High, 1) || !math.IsNaN(one.StdDev) {
		t.Errorf("one value: %+v", one)
	}
	if none.N != 0 || !math.IsNaN(none.Mean) || !math.IsInf(none.Low, -1) || !math.IsInf(none.High, 1) || !math.IsNaN(none.StdDev) {
		t.Errorf("no value: %+v", none)
	}
}

// Of normal samples the interval holds the mean as often as it says: 4 standard
// errors of 20,000 samples are 0.6 %.
func TestMeanIntervalCovers(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	const samples = 20_000
	held := 0
	values := make([]float64, 5)
	for range samples {
		for i := range values {
			values[i] = 3 + 2*r.NormFloat64()
		}
		if m := MeanInterval(values, 0.95); m.Low <= 3 && 3 <= m.High {
			held++
		}
	}
	if part := float64(held) / samples; math.Abs(part-0.95) > 4*math.Sqrt(0.95*0.05/samples) {
		t.Errorf("%.4f of the intervals hold the mean", part)
	}
}

func TestSignTest(t *testing.T) {
	tests := []struct {
		positive, negative int
		want               float64
	}{
		{0, 0, 1},
		{1, 0, 1},
		{5, 0, 2.0 / 32},
		{0, 5, 2.0 / 32},
		{9, 1, 2 * 11.0 / 1024},
		{2, 8, 2 * 56.0 / 1024},
		{4, 4, 1},
		{1000, 0, math.Ldexp(1, -999)},
	}
	for _, tt := range tests {
		if got := SignTest(tt.positive, tt.negative); !closeTo(got, tt.want, 1e-10) {
			t.Errorf("SignTest(%d, %d) = %v, want %v", tt.positive, tt.negative, got, tt.want)
		}
	}
}
