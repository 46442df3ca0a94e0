package stats

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestQuantile(t *testing.T) {
	tests := []struct {
		n    int
		p    float64
		want int // of 1, 2, ..., n
	}{
		{1, 0.5, 1},
		{1, 1, 1},
		{4, 0.5, 2},
		{5, 0.5, 3},
		{20, 0.95, 19},
		{21, 0.95, 20},
		{100, 0.07, 7}, // 7.000000000000001 in binary
		{100, 0.29, 29},
		{10, 0.1 + 0.2, 3}, // p itself is a little more
		{100, 0.0001, 1},
		{1_000_000, 0.999999, 999_999},
		{1000, 0.9991, 1000},
		{1000, 1, 1000},
	}
	for _, tt := range tests {
		sorted := make([]int, tt.n)
		for i := range sorted {
			sorted[i] = i + 1
		}
		if got := Quantile(sorted, tt.p); got != tt.want {
			t.Errorf("Quantile(%d values, %v) = %d, want %d", tt.n, tt.p, got, tt.want)
		}
	}
}

// Ranks of the 95 % interval, computed in 40-digit arithmetic.
func TestQuantileRanks(t *testing.T) {
	tests := []struct {
		n         int
		p         float64
		low, high int
		coverage  float64 // 0: not compared
	}{
		{100, 0.5, 40, 61, 0.96480},
		{200, 0.5, 86, 115, 0.95996},
		{500, 0.5, 228, 273, 0.95594},
		{1000, 0.5, 469, 532, 0.95371},
		{2000, 0.5, 956, 1045, 0.95345},
		{100, 0.95, 90, 100, 0.98261},
		{200, 0.95, 184, 197, 0.96715},
		{500, 0.95, 465, 485, 0.96050},
		{1000, 0.95, 936, 964, 0.95810},
		{2000, 0.95, 1880, 1920, 0.95999},
		{100, 0.99, 97, 101, 0},
		{200, 0.99, 195, 201, 0},
		{500, 0.99, 490, 500, 0.98019},
		{1000, 0.99, 983, 997, 0.97609},
		{2000, 0.99, 1971, 1989, 0.95783},
		{0, 0.5, 0, 1, 1},
		{1, 0.5, 0, 2, 1},
		{6, 0.5, 1, 6, 1 - 2.0/64},
		{72, 0.95, 64, 72, 0},
		{71, 0.95, 63, 72, 0},
	}
	for _, tt := range tests {
		low, high, coverage := QuantileRanks(tt.n, tt.p, 0.95)
		if low != tt.low || high != tt.high || tt.coverage != 0 && math.Abs(coverage-tt.coverage) > 6e-6 {
			t.Errorf("QuantileRanks(%d, %v) = %d, %d, %.6f; want %d, %d, %.5f", tt.n, tt.p, low, high, coverage, tt.low, tt.high, tt.coverage)
		}
	}
}

// binomial is the law of how many of n happen, term by term.
func binomial(n int, p float64) []float64 {
	law := make([]float64, n+1)
	all, _ := math.Lgamma(float64(n + 1))
	for k := range law {
		a, _ := math.Lgamma(float64(k + 1))
		b, _ := math.Lgamma(float64(n - k + 1))
		law[k] = math.Exp(all - a - b + float64(k)*math.Log(p) + float64(n-k)*math.Log1p(-p))
	}
	return law
}

func sum(values []float64) (sum float64) {
	for _, v := range values {
		sum += v
	}
	return sum
}

// The interval is what adding up the binomial law makes it: neither end could
// come a rank nearer, and the coverage counts a side without limit as held.
func TestQuantileRanksByAddingUp(t *testing.T) {
	for n := 1; n <= 120; n++ {
		for _, p := range []float64{0.05, 0.5, 0.9, 0.95, 0.99} {
			law := binomial(n, p)
			for _, confidence := range []float64{0.8, 0.95, 0.99} {
				tail := (1 - confidence) / 2
				low, high, coverage := QuantileRanks(n, p, confidence)
				below, above := sum(law[:max(low, 0)]), sum(law[high:])
				if low < 0 || low > n || high <= low || high > n+1 || below > tail || above > tail {
					t.Fatalf("QuantileRanks(%d, %v, %v) = %d, %d: %v and %v outside", n, p, confidence, low, high, below, above)
				}
				if low < n && sum(law[:low+1]) <= tail || sum(law[high-1:]) <= tail {
					t.Errorf("QuantileRanks(%d, %v, %v) = %d, %d: too wide", n, p, confidence, low, high)
				}
				if math.Abs(coverage-sum(law[low:high])) > 1e-10 || coverage < confidence {
					t.Errorf("QuantileRanks(%d, %v, %v): coverage %v, want %v", n, p, confidence, coverage, sum(law[low:high]))
				}
			}
		}
	}
}

func TestLeastSamples(t *testing.T) {
	tests := []struct {
		p, confidence float64
		want          int
	}{
		{0.9, 0.95, 29}, {0.95, 0.95, 59}, {0.99, 0.95, 299}, {0.999, 0.95, 2995},
		{0.95, 0.975, 72}, {0.99, 0.975, 368}, {0.999, 0.975, 3688},
		{0.5, 0.75, 2}, {0.5, 0.875, 3}, {0.5, 0.5, 1}, {0.5, 0.1, 1}, // 1 - 0.5^n exactly
		{1, 0.95, math.MaxInt},
	}
	for _, tt := range tests {
		if got := LeastSamples(tt.p, tt.confidence); got != tt.want {
			t.Errorf("LeastSamples(%v, %v) = %d, want %d", tt.p, tt.confidence, got, tt.want)
		}
	}
	for _, p := range []float64{0.3, 0.5, 0.8, 0.95, 0.99, 0.9999} {
		for _, confidence := range []float64{0.25, 0.5, 0.75, 0.9, 0.95, 0.99} {
			n := LeastSamples(p, confidence)
			if rank, ok := UpperRank(n, p, confidence); !ok || rank > n {
				t.Errorf("%d values have no upper limit of the %v-quantile at %v", n, p, confidence)
			}
			if rank, ok := UpperRank(n-1, p, confidence); ok || rank != n {
				t.Errorf("%d values already have an upper limit of the %v-quantile at %v", n-1, p, confidence)
			}
		}
	}
}

// An upper limit of the p-quantile is a value above which a part of 1-p at
// most lies, whichever of the two is asked.
func TestUpperRankIsTheLeastValueWithUpperBound(t *testing.T) {
	for _, confidence := range []float64{0.9, 0.95, 0.99} {
		for n := 0; n <= 300; n++ {
			bounds := make([]float64, n+1) // by how many values lie above
			for k := range bounds {
				bounds[k] = UpperBound(k, n, confidence)
			}
			for _, p := range []float64{0.5, 0.8, 0.9, 0.95, 0.99} {
				want := 0
				for want <= n && bounds[n-want] > 1-p {
					want++
				}
				if rank, ok := UpperRank(n, p, confidence); rank != want || ok != (want <= n) {
					t.Errorf("UpperRank(%d, %v, %v) = %d, %v; want %d", n, p, confidence, rank, ok, want)
				}
			}
		}
	}
}

// With ties, as peaks have them, a value less would not do.
func TestUpperRankWithTies(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		n := 60 + r.IntN(400)
		peaks := make([]int, n)
		for i := range peaks {
			peaks[i] = 30 + r.IntN(8) + r.IntN(8)
		}
		slices.Sort(peaks)
		rank, ok := UpperRank(n, 0.95, 0.95)
		if !ok {
			t.Fatalf("no upper limit with %d values", n)
		}
		above := func(c int) (above int) {
			for _, p := range peaks {
				if p > c {
					above++
				}
			}
			return above
		}
		c := peaks[rank-1]
		if UpperBound(above(c), n, 0.95) > 0.05 || UpperBound(above(c-1), n, 0.95) <= 0.05 {
			t.Errorf("%d is not the least of %d peaks that 95 %% do not exceed", c, n)
		}
	}
}

// More confidence or a higher quantile never takes a lower rank.
func TestUpperRankIsMonotone(t *testing.T) {
	for _, n := range []int{59, 500, 100_000} {
		for i := 1; i < 99; i++ {
			a, _ := UpperRank(n, float64(i)/100, 0.95)
			b, _ := UpperRank(n, float64(i+1)/100, 0.95)
			c, _ := UpperRank(n, float64(i)/100, 0.96)
			if b < a || c < a || float64(a) < float64(n)*float64(i)/100 {
				t.Errorf("%d values: ranks %d, %d, %d at the quantile %d/100", n, a, b, c, i)
			}
		}
	}
}

func BenchmarkUpperRank(b *testing.B) {
	for b.Loop() {
		UpperRank(100_000, 0.95, 0.95)
	}
}
