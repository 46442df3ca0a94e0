package stats

import (
	"math"
	"testing"
)

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
