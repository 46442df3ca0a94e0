package sizing

import (
	"math"
	"testing"

	"highwater/sim/result"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// Differences 1, 3, 2, 2, 2, 2 have mean 2 and variance 2/5, a standard error
// of sqrt(2/30); Student's t with 5 degrees has 2.570582 at 97.5 %. All six
// are more: p = 2/2^6. The least and the largest of six hold the median with
// 1 - 2/2^6 = 96.9 %.
func TestPaired(t *testing.T) {
	got := Paired([]int{10, 20, 30, 40, 50, 60}, []int{11, 23, 32, 42, 52, 62}, 0.95)
	half := 2.570582 * math.Sqrt(2.0/30)
	want := result.Difference{
		Confidence: 0.95,
		Mean:       2, Low: new(2 - half), High: new(2 + half), Median: 2, MedianLow: new(1.0), MedianHigh: new(3.0),
		More: 6, P: 2.0 / 64, N: 6,
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateApprox(1e-6, 1e-9)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if !got.Clear() {
		t.Error("an interval from 1.3 to 2.7 is said to hold zero")
	}
}

// Of one less, one equal and two more the sign test leaves out the equal one:
// p = 2 x (3 + 1) / 2^3 = 1. Four values have no interval of the median at 95 %:
// even the least and the largest hold it with 1 - 2/2^4 only.
func TestPairedTies(t *testing.T) {
	got := Paired([]float64{1, 1, 1, 1}, []float64{0.5, 1, 1.5, 2}, 0.95)
	if got.Less != 1 || got.Equal != 1 || got.More != 2 || got.P != 1 || got.Median != 0 || got.MedianLow != nil || got.MedianHigh != nil {
		t.Errorf("less, equal, more, p, median: %+v", got)
	}
	if got.Mean != 0.25 || got.Clear() {
		t.Errorf("mean %v, clear %v; want 0.25, false", got.Mean, got.Clear())
	}
}

// One pair has no interval.
func TestPairedOnce(t *testing.T) {
	got := Paired([]int{3}, []int{5}, 0.95)
	if got.Mean != 2 || got.Low != nil || got.High != nil || got.MedianLow != nil || got.P != 1 || got.Clear() {
		t.Errorf("%+v", got)
	}
}
