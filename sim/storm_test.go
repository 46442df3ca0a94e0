package sim

import (
	"context"
	"fmt"
	"math"
	"testing"

	"highwater/scenario"
)

// atEnd runs many replications and lists the units in use at the end of each.
func atEnd(t *testing.T, sc *scenario.Scenario, reps int) []float64 {
	t.Helper()
	w := newWorld(sc, &sc.License.Policy, sc.License.Units, nil, nil)
	var units []float64
	for rep := range reps {
		w.reset(streamOf(1, 0, t.Name()), rep)
		w.run(context.Background(), nil)
		units = append(units, float64(w.table.InUse()))
	}
	return units
}

// checkBinomial wants values to have the mean, the variance and the law of a
// binomial distribution.
func checkBinomial(t *testing.T, values []float64, n int, p float64) {
	t.Helper()
	cdf := make([]float64, n+1)
	sum := 0.0
	for k := range n + 1 {
		a, _ := math.Lgamma(float64(n + 1))
		b, _ := math.Lgamma(float64(k + 1))
		c, _ := math.Lgamma(float64(n - k + 1))
		sum += math.Exp(a - b - c + float64(k)*math.Log(p) + float64(n-k)*math.Log1p(-p))
		cdf[k] = sum
	}
	checkLaw(t, values, float64(n)*p, float64(n)*p*(1-p), func(k int) float64 { return cdf[min(k, n)] })
}

// checkLaw compares values with the mean, variance and distribution function
// of a law of counts. The largest distance of the distribution functions is
// less than 1.95/sqrt(n) with a probability of 99.9 % (Kolmogorov; more for
// laws of counts).
func checkLaw(t *testing.T, values []float64, mean, variance float64, cdf func(int) float64) {
	t.Helper()
	e := estimateFrom(values)
	e.check(t, "mean", mean, 0.02)
	var squares []float64
	most := 0
	for _, v := range values {
		squares = append(squares, (v-mean)*(v-mean))
		most = max(most, int(v))
	}
	estimateFrom(squares).check(t, "variance", variance, 0.1)
	below := make([]float64, most+1)
	for _, v := range values {
		below[int(v)]++
	}
	sum, worst := 0.0, 0.0
	for k := range below {
		sum += below[k] / float64(len(values))
		worst = max(worst, math.Abs(sum-cdf(k)))
	}
	if limit := 1.95 / math.Sqrt(float64(len(values))); worst > limit {
		t.Errorf("distribution functions differ by %.4f, more than %.4f", worst, limit)
	}
}

// N people log on uniformly over W and stay for exp(h): at t the number there
// is binomial with p = h/W (1 - exp(-t/h)) up to W, and decays afterwards.
func TestStorm(t *testing.T) {
	tests := []struct {
		duration string
		p        float64
	}{
		{"30m", 126.424111766 / 400},
		{"1h", 0.432332358382},
		{"2h", 23.4039288696 / 400},
	}
	for _, tt := range tests {
		t.Run(tt.duration, func(t *testing.T) {
			sc := oracle(t, "storm.yaml", "duration: 1h", "duration: "+tt.duration)
			checkBinomial(t, atEnd(t, sc, 2000), 400, tt.p)
		})
	}
	t.Run("short and long", func(t *testing.T) {
		sc := oracle(t, "storm.yaml", "count: 400", "count: 1000", "duration: 1h", "duration: 15m", "spread: 1h", "spread: 15m", "exp(30m)", "exp(2h)")
		checkBinomial(t, atEnd(t, sc, 1000), 1000, 0.940024779323)
	})
}

// Calls of no length hold a unit for ten seconds: from an empty start the
// number held is Poisson with mean 2 t up to ten seconds, and then 20.
func TestStartUp(t *testing.T) {
	for duration, mean := range map[string]float64{"5s": 10, "10s": 20, "25s": 20} {
		t.Run(duration, func(t *testing.T) {
			sc := oracle(t, "startup.yaml", "duration: 10s", "duration: "+duration)
			cdf := make([]float64, 200)
			p, sum := math.Exp(-mean), 0.0
			for k := range cdf {
				sum += p
				cdf[k] = sum
				p *= mean / float64(k+1)
			}
			checkLaw(t, atEnd(t, sc, 4000), mean, mean, func(k int) float64 { return cdf[k] })
		})
	}
}

// N pollers of period P hold a unit for ten seconds each time, with phases of
// their own: at any instant the number held is binomial with p = 10 s / P.
func TestPollers(t *testing.T) {
	tests := []struct {
		count, period int
		over25        float64
	}{
		{60, 30, 0.06801517836},
		{100, 60, 0.01187749686},
		{78, 30, 0.5424891564},
		{200, 60, 0.9352397128},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprintf("%d each %d s", tt.count, tt.period), func(t *testing.T) {
			sc := oracle(t, "pollers.yaml", "count: 60", fmt.Sprint("count: ", tt.count), "30s", fmt.Sprint(tt.period, "s"))
			values := atEnd(t, sc, 2500)
			checkBinomial(t, values, tt.count, 10/float64(tt.period))
			var over []float64
			for _, v := range values {
				is := 0.0
				if v > 25 {
					is = 1
				}
				over = append(over, is)
			}
			estimateFrom(over).check(t, "P(N > 25)", tt.over25, 0.25)
		})
	}
	t.Run("aligned", func(t *testing.T) {
		res := run(t, oracle(t, "pollers.yaml", "random", "aligned"), Options{}).Policies[0]
		if res.First.Peak.Units != 60 || res.First.Peak.At != 0 {
			t.Errorf("peak %v, want all 60 at once", res.First.Peak)
		}
	})
}
