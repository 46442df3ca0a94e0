package stats

import (
	"math"
	"testing"
)

func TestIndexOfDispersion(t *testing.T) {
	tests := []struct {
		counts []int
		want   float64
	}{
		{[]int{1, 2, 3}, 0.5},
		{[]int{0, 10, 0, 10}, 100.0 / 3 / 5},
		{[]int{4, 4, 4}, 0},
		{[]int{0, 0, 0}, math.NaN()},
		{[]int{5}, math.NaN()},
		{nil, math.NaN()},
	}
	for _, tt := range tests {
		got := IndexOfDispersion(tt.counts)
		if !near(got, tt.want, 1e-14) && !(math.IsNaN(got) && math.IsNaN(tt.want)) {
			t.Errorf("IndexOfDispersion(%v) = %v, want %v", tt.counts, got, tt.want)
		}
	}
}
