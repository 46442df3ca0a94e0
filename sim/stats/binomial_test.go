package stats

import (
	"math"
	"testing"
)

// near tells whether two numbers agree to a relative or, near 0, absolute
// error.
func near(got, want, tolerance float64) bool {
	return got == want || math.Abs(got-want) <= tolerance*max(1, math.Abs(want))
}

// closeTo tells whether two numbers other than 0 agree to a relative error.
func closeTo(got, want, tolerance float64) bool {
	return got == want || math.Abs(got-want) <= tolerance*math.Abs(want)
}

func TestClopperPearson(t *testing.T) {
	// Without successes the upper end is 1 - (tail)^(1/n); for 5 of 10 the
	// interval is the one of the published tables.
	tests := []struct {
		k, n      int
		low, high float64
	}{
		{0, 59, 0, 1 - math.Pow(0.025, 1.0/59)},
		{59, 59, math.Pow(0.025, 1.0/59), 1},
		{5, 10, 0.187086, 0.812914},
		{0, 0, 0, 1},
	}
	for _, tt := range tests {
		low, high := ClopperPearson(tt.k, tt.n, 0.95)
		if math.Abs(low-tt.low) > 1e-6 || math.Abs(high-tt.high) > 1e-6 {
			t.Errorf("ClopperPearson(%d, %d) = %.6f, %.6f; want %.6f, %.6f", tt.k, tt.n, low, high, tt.low, tt.high)
		}
	}
}

func TestUpperBound(t *testing.T) {
	// Computed in 40-digit arithmetic; for k = 0 it is 1 - 0.05^(1/n).
	tests := []struct {
		k, n int
		want float64
	}{
		{0, 59, 0.04950761},
		{0, 100, 0.02951305},
		{1, 100, 0.04655981},
		{0, 200, 0.01486704},
		{1, 200, 0.02349847},
		{0, 299, 0.00996915},
		{0, 500, 0.00597355},
		{0, 1000, 0.00299125},
		{5, 1000, 0.01048408},
		{0, 0, 1},
		{7, 7, 1},
		{0, 1, 0.95},
	}
	for _, tt := range tests {
		if got := UpperBound(tt.k, tt.n, 0.95); math.Abs(got-tt.want) > 6e-9 {
			t.Errorf("UpperBound(%d, %d) = %.9f, want %.8f", tt.k, tt.n, got, tt.want)
		}
	}
}

// At the bound, so few would be seen with just the probability that the
// confidence leaves; and more seen, a bound further up.
func TestUpperBoundSolvesItsEquation(t *testing.T) {
	for _, n := range []int{1, 2, 10, 59, 300, 2_000, 50_000, 300_000} {
		for _, confidence := range []float64{0.5, 0.9, 0.95, 0.99, 0.9999, 0.999999} {
			before := 0.0
			for k := 0; k < n; k += 1 + k/9 {
				u := UpperBound(k, n, confidence)
				if u <= before || u <= float64(k)/float64(n) && confidence > 0.5 {
					t.Errorf("UpperBound(%d, %d, %v) = %v, after %v", k, n, confidence, u, before)
				}
				if tail := atLeast(n, n-k, 1-u); !closeTo(tail, 1-confidence, 1e-5) {
					t.Errorf("UpperBound(%d, %d, %v) = %v, where %v is left", k, n, confidence, u, tail)
				}
				before = u
			}
		}
	}
}
