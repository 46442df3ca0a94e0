package sim

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"highwater/scenario"

	"gonum.org/v1/gonum/stat/distuv"
	"pgregory.net/rapid"
)

// Numbers are drawn from the open interval (0, 1): neither end has a finite
// logarithm on both sides.
func TestUniformIsOpen(t *testing.T) {
	for _, x := range []uint64{0, 1, 1 << 11, 1 << 12, 1 << 63, math.MaxUint64 - 1<<12, math.MaxUint64} {
		if u := uniform(x); u <= 0 || u >= 1 {
			t.Errorf("uniform(%#x) = %v, want more than 0 and less than 1", x, u)
		}
	}
}

// Streams that differ in seed, replication, cohort, entity, purpose or ordinal
// have nothing to do with each other: their draws, taken one from each, are as
// even and as little correlated as a single stream's.
func TestStreamsAreIndependent(t *testing.T) {
	const n = 20_000
	streams := map[string]func(i uint64) float64{
		"seed":        func(i uint64) float64 { return draw(streamOf(i, 0, "a"), forArrival, 0) },
		"replication": func(i uint64) float64 { return draw(streamOf(1, int(i), "a"), forArrival, 0) },
		"cohort":      func(i uint64) float64 { return draw(streamOf(1, 0, fmt.Sprint(i)), forArrival, 0) },
		"entity":      func(i uint64) float64 { return draw(of(7, i), forArrival, 0) },
		"purpose":     func(i uint64) float64 { return draw(7, purpose(i), 0) },
		"ordinal":     func(i uint64) float64 { return draw(7, forArrival, i) },
	}
	for name, u := range streams {
		t.Run(name, func(t *testing.T) {
			values := make([]float64, n)
			product := 0.0
			for i := range values {
				values[i] = u(uint64(i))
				if i > 0 {
					product += (values[i] - 0.5) * (values[i-1] - 0.5)
				}
			}
			// The product of two has variance 1/144.
			if z := product * 12 / math.Sqrt(n-1); math.Abs(z) > 4 {
				t.Errorf("neighbours are correlated: %.1f standard errors", z)
			}
			checkKolmogorov(t, values, func(x float64) float64 { return x })
		})
	}
}

// checkKolmogorov wants the empirical distribution function of values within
// 1.95/sqrt(n) of the exact one, which holds with a probability of 99.9 %.
func checkKolmogorov(t *testing.T, values []float64, cdf func(float64) float64) {
	t.Helper()
	slices.Sort(values)
	n, worst := float64(len(values)), 0.0
	for i, x := range values {
		f := cdf(x)
		worst = max(worst, f-float64(i)/n, float64(i+1)/n-f)
	}
	if limit := 1.95 / math.Sqrt(n); worst > limit {
		t.Errorf("distribution functions differ by %.4f, more than %.4f", worst, limit)
	}
}

// The distribution functions of the laws, from their definitions and not from
// their quantiles.
func TestQuantiles(t *testing.T) {
	exponential := func(mean float64) func(float64) float64 {
		return func(x float64) float64 { return -math.Expm1(-x / mean) }
	}
	s2 := math.Log(1 + 1.5*1.5)
	// Two phases with probabilities p and 1-p and equal parts of the mean:
	// p = (1 + sqrt((cv^2-1)/(cv^2+1))) / 2.
	p := (1 + math.Sqrt(3.0/5)) / 2
	tests := []struct {
		dist     scenario.Dist
		mean, sd float64
		cdf      func(float64) float64
	}{
		{scenario.Dist{Law: scenario.Exponential, Mean: 40}, 40, 40, exponential(40)},
		{scenario.Dist{Law: scenario.Lognormal, Mean: 100, CV: 1.5}, 100, 150, func(x float64) float64 {
			return distuv.LogNormal{Mu: math.Log(100) - s2/2, Sigma: math.Sqrt(s2)}.CDF(x)
		}},
		{scenario.Dist{Law: scenario.Uniform, Min: 5, Max: 25}, 15, 20 / math.Sqrt(12), func(x float64) float64 { return (x - 5) / 20 }},
		{scenario.Dist{Law: scenario.Gamma, Mean: 30, CV: 0.5}, 30, 15, distuv.Gamma{Alpha: 4, Beta: 4.0 / 30}.CDF},
		{scenario.Dist{Law: scenario.Gamma, Mean: 30, CV: 2}, 30, 60, distuv.Gamma{Alpha: 0.25, Beta: 0.25 / 30}.CDF},
		{scenario.Dist{Law: scenario.Weibull, Mean: 10, Shape: 1.5}, 10, distuv.Weibull{K: 1.5, Lambda: 10 / math.Gamma(1+1/1.5)}.StdDev(),
			distuv.Weibull{K: 1.5, Lambda: 10 / math.Gamma(1+1/1.5)}.CDF},
		{scenario.Dist{Law: scenario.Hyperexponential, Mean: 60, CV: 2}, 60, 120, func(x float64) float64 {
			return p*exponential(60/(2*p))(x) + (1-p)*exponential(60/(2*(1-p)))(x)
		}},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprint(tt.dist.Law, " ", tt.dist.Mean, " ", tt.dist.CV), func(t *testing.T) {
			// Exactly: the quantile's probability is u, also far out.
			for _, u := range []float64{1e-6, 0.01, 0.3, 0.5, 0.99, 1 - 1e-6} {
				x := quantile(&tt.dist, u)
				if got := tt.cdf(x); tt.dist.Law != scenario.Hyperexponential && x > 1e-6 && math.Abs(got-u) > 1e-9 {
					t.Errorf("P(X <= quantile(%v)) = %v", u, got)
				}
			}
			if tiny := quantile(&tt.dist, uniform(0)); !(tiny >= 0) || math.IsInf(tiny, 0) {
				t.Errorf("the least quantile is %v", tiny)
			}
			if huge := quantile(&tt.dist, uniform(math.MaxUint64)); !(huge > tt.mean) || math.IsInf(huge, 0) {
				t.Errorf("the largest quantile is %v", huge)
			}
			// And the law as a whole, by the midpoints of many slices. The
			// number for a hyperexponential draws the phase, too.
			const n = 100_000
			values := make([]float64, n)
			sum, squares := 0.0, 0.0
			for i := range n {
				x := quantile(&tt.dist, (float64(i)+0.5)/n)
				values[i] = x
				sum += x
				squares += (x - tt.mean) * (x - tt.mean)
			}
			if got := sum / n; math.Abs(got-tt.mean) > 2e-3*tt.mean {
				t.Errorf("mean %v, want %v", got, tt.mean)
			}
			if got := math.Sqrt(squares / n); math.Abs(got-tt.sd) > 4e-2*tt.sd {
				t.Errorf("standard deviation %v, want %v", got, tt.sd)
			}
			checkKolmogorov(t, values, tt.cdf)
		})
	}
}

func TestQuantilesOfPoints(t *testing.T) {
	constant := scenario.Dist{Law: scenario.Constant, Mean: 7}
	sample := scenario.Dist{Law: scenario.Empirical, Values: []float64{1, 2, 2, 8}}
	forever := scenario.Dist{Law: scenario.Forever}
	tests := []struct {
		dist *scenario.Dist
		u    float64
		want float64
	}{
		{&constant, 0.001, 7}, {&constant, 0.999, 7},
		{&sample, uniform(0), 1}, {&sample, 0.2499, 1}, {&sample, 0.25, 2}, {&sample, 0.7499, 2}, {&sample, 0.75, 8}, {&sample, uniform(math.MaxUint64), 8},
		{&forever, 0.5, math.Inf(1)},
	}
	for _, tt := range tests {
		if got := quantile(tt.dist, tt.u); got != tt.want {
			t.Errorf("quantile(%v, %v) = %v, want %v", tt.dist.Law, tt.u, got, tt.want)
		}
	}
}

// Counts are whole, and as likely as they should be.
func TestCounts(t *testing.T) {
	tests := []struct {
		name string
		dist scenario.Dist
		want []float64 // probabilities of 0, 1, 2 ...
	}{
		{"constant", scenario.Dist{Law: scenario.Constant, Mean: 2}, []float64{0, 0, 1}},
		{"uniform", scenario.Dist{Law: scenario.Uniform, Min: 2, Max: 4}, []float64{0, 0, 1. / 3, 1. / 3, 1. / 3}},
		{"geometric", scenario.Dist{Law: scenario.Geometric, Mean: 3}, []float64{0, 1. / 3, 2. / 9, 4. / 27, 8. / 81}},
		{"geometric of one", scenario.Dist{Law: scenario.Geometric, Mean: 1}, []float64{0, 1}},
		{"empirical", scenario.Dist{Law: scenario.Empirical, Values: []float64{1, 1, 3}}, []float64{0, 2. / 3, 0, 1. / 3}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			const n = 90_000
			got := make([]float64, 5)
			for i := range n {
				if k := count(&tt.dist, (float64(i)+0.5)/n); k < len(got) {
					got[k] += 1.0 / n
				}
			}
			for k, want := range tt.want {
				if math.Abs(got[k]-want) > 1e-4 {
					t.Errorf("P(%d) = %.5f, want %.5f", k, got[k], want)
				}
			}
		})
	}
}

// A uniform count never leaves its range, whatever the rounding.
func TestUniformCountStays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		least := rapid.IntRange(1, 1_000_000).Draw(t, "least")
		most := rapid.IntRange(least, 1_000_000).Draw(t, "most")
		d := scenario.Dist{Law: scenario.Uniform, Min: float64(least), Max: float64(most)}
		for _, x := range []uint64{0, math.MaxUint64, rapid.Uint64().Draw(t, "x")} {
			if got := count(&d, uniform(x)); got < least || got > most {
				t.Fatalf("count %d of uniform(%d, %d)", got, least, most)
			}
		}
	})
}
