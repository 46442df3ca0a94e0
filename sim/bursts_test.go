package sim

import (
	"fmt"
	"math"
	"testing"
	"time"

	"highwater/engine"
	"highwater/scenario"

	"gonum.org/v1/gonum/stat/distuv"
	"pgregory.net/rapid"
)

// spreadOf is the variance of the mean, over windows of a length, of a factor
// that changes to something new at the end of each period.
func spreadOf(v, period, window float64) float64 {
	if window <= period {
		return v * (1 - window/(3*period))
	}
	return v * period / window * (1 - period/(3*window))
}

// batches is how many independent runs are counted.
const batches = 60

// counted simulates arrivals at a steady rate in independent runs, each with
// phases of its own, and counts them in windows.
func counted(rate, window float64, windows int, bursts []scenario.Burst) (counts []float64) {
	a := &scenario.Arrivals{Form: scenario.Poisson, Cycle: engine.Day, Rates: []scenario.Rate{{PerSecond: rate}}, Bursts: bursts}
	end := window * float64(windows)
	for run := range batches {
		stream := streamOf(7, run, "counted")
		p := newPoisson(a, time.Time{}, 1, newBursts(bursts, stream, stream))
		list := make([]float64, windows)
		for n := uint64(0); ; n++ {
			at := p.next(-math.Log(1-draw(stream, forArrival, n)), end)
			if at >= end {
				break
			}
			list[int(at/window)]++
		}
		counts = append(counts, list...)
	}
	return counts
}

// dispersion is the mean and the index of dispersion of the counts of all
// runs, with standard errors from how the runs differ.
func dispersion(counts []float64) (mean, meanErr, index, indexErr float64) {
	n := len(counts) / batches
	moments := func(list []float64) (mean, index float64) {
		for _, c := range list {
			mean += c / float64(len(list))
		}
		for _, c := range list {
			index += (c - mean) * (c - mean) / float64(len(list)-1)
		}
		return mean, index / mean
	}
	mean, index = moments(counts)
	for b := range batches {
		m, i := moments(counts[b*n : (b+1)*n])
		meanErr += (m - mean) * (m - mean) / (batches * (batches - 1))
		indexErr += (i - index) * (i - index) / (batches * (batches - 1))
	}
	return mean, math.Sqrt(meanErr), index, math.Sqrt(indexErr)
}

// Bursts leave the mean as it is, and give counts the index of dispersion
// that independent factors in periods of random phase must give.
func TestBurstsDisperse(t *testing.T) {
	const rate, second = 3.0, engine.Second
	tests := []struct {
		bursts []scenario.Burst
		window float64
		excess func(w float64) float64 // variance of the mean factor in a window
	}{
		{nil, 20, func(float64) float64 { return 0 }},
		{[]scenario.Burst{{CV: 0.5, Every: 60 * second}}, 1, func(w float64) float64 { return spreadOf(0.25, 60, w) }},
		{[]scenario.Burst{{CV: 0.5, Every: 60 * second}}, 60, func(w float64) float64 { return spreadOf(0.25, 60, w) }},
		{[]scenario.Burst{{CV: 0.5, Every: 60 * second}}, 600, func(w float64) float64 { return spreadOf(0.25, 60, w) }},
		{[]scenario.Burst{{CV: 2, Every: 5 * second}}, 17, func(w float64) float64 { return spreadOf(4, 5, w) }},
		{[]scenario.Burst{{Index: 4, Every: 20 * second}}, 5, func(w float64) float64 { return spreadOf(3/(rate*20), 20, w) }},
		{[]scenario.Burst{{Index: 4, Every: 20 * second}}, 100, func(w float64) float64 { return spreadOf(3/(rate*20), 20, w) }},
		// Of two, the factors' covariances multiply: beside those of each there
		// are those of the product, which change with either.
		{[]scenario.Burst{{CV: 0.5, Every: 60 * second}, {CV: 0.4, Every: 60 * second}}, 30, func(w float64) float64 {
			product := 0.0 // of two triangles, by the midpoint rule
			const steps = 10_000
			for i := range steps {
				lag := (float64(i) + 0.5) * w / steps
				product += 2 * (w - lag) / (w * w) * math.Pow(max(0, 1-lag/60), 2) * w / steps
			}
			return spreadOf(0.25, 60, w) + spreadOf(0.16, 60, w) + 0.25*0.16*product
		}},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprint(tt.bursts, tt.window), func(t *testing.T) {
			want := 1 + rate*tt.window*tt.excess(tt.window)
			mean, meanErr, index, indexErr := dispersion(counted(rate, tt.window, int(2_500/math.Sqrt(tt.window)), tt.bursts))
			if math.Abs(mean-rate*tt.window) > 4*meanErr {
				t.Errorf("mean %.3f ± %.3f, want %v", mean, meanErr, rate*tt.window)
			}
			if math.Abs(index-want) > 4*indexErr {
				t.Errorf("index of dispersion %.3f ± %.3f, want %.3f", index, indexErr, want)
			}
			if indexErr > 0.05*want {
				t.Errorf("the index is only known to ± %.3f of %.3f", indexErr, want)
			}
		})
	}
}

// The next arrival is where the integral of the rate times the factors has
// grown by the exponential, whatever the curve.
func TestBurstsInvert(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := &scenario.Arrivals{Form: scenario.Poisson, Cycle: engine.Day, Linear: rapid.Bool().Draw(t, "linear")}
		for _, h := range []int{0, 7, 12, 20} {
			r := float64(rapid.SampledFrom([]int{0, 2, 30}).Draw(t, "rate")) / 3600
			a.Rates = append(a.Rates, scenario.Rate{At: engine.Time(h) * engine.Hour, PerSecond: r})
		}
		for range rapid.IntRange(1, 3).Draw(t, "bursts") {
			every := engine.Time(rapid.IntRange(1, 3_000).Draw(t, "minutes")) * engine.Minute
			if b := (scenario.Burst{CV: rapid.Float64Range(0.1, 2).Draw(t, "cv"), Every: every}); rapid.Bool().Draw(t, "groups") {
				a.Bursts = append(a.Bursts, scenario.Burst{Index: 1 + b.CV, Every: every})
			} else {
				a.Bursts = append(a.Bursts, b)
			}
		}
		start := time.Date(2026, 11, 23, rapid.IntRange(0, 23).Draw(t, "hour"), 0, 0, 0, time.UTC)
		bursts := newBursts(a.Bursts, 5, 6)
		p := newPoisson(a, start, 2, newBursts(a.Bursts, 5, 6))
		turn := float64(start.Hour() * 3600)
		plain := func(from, to float64) (sum float64) { // without bursts, a minute at a time
			for at := from; at < to; {
				next := math.Min(to, (math.Floor(at/60+1e-9)+1)*60)
				sum += 2 * rateAt(a, math.Mod(turn+(at+next)/2+30*86400, 86400)) * (next - at)
				at = next
			}
			return sum
		}
		var factors []map[int]float64
		for range bursts {
			factors = append(factors, map[int]float64{})
		}
		factor := func(at float64) float64 {
			f := 1.0
			for i, b := range bursts {
				every := b.Every.Seconds()
				n := int((at + b.before) / every)
				known, ok := factors[i][n]
				if !ok {
					v := b.CV * b.CV
					if b.Index > 0 {
						begin := float64(n)*every - b.before
						if v = 0; plain(begin, begin+every) > 1e-12 {
							v = (b.Index - 1) / plain(begin, begin+every)
						}
					}
					known = gammaFactor(draw(b.stream, forBurst, uint64(n)<<kindBits|b.kind), v)
					factors[i][n] = known
				}
				f *= known
			}
			return f
		}
		integral := func(from, to float64) (sum float64) {
			for at := from; at < to; {
				next := to
				for _, b := range bursts {
					every := b.Every.Seconds()
					next = math.Min(next, (math.Floor((at+b.before)/every+1e-9)+1)*every-b.before)
				}
				sum += factor((at+next)/2) * plain(at, next)
				at = next
			}
			return sum
		}
		const end = 3 * 86400.0
		last := 0.0
		for range 6 {
			e := rapid.Float64Range(0.01, 20).Draw(t, "e")
			at := p.next(e, end)
			if at >= end {
				if got := integral(last, end); got > e*(1+1e-6) {
					t.Fatalf("no arrival after %v s, but the integral to the end is %v, more than %v", last, got, e)
				}
				return
			}
			if got := integral(last, at); math.Abs(got-e) > 1e-5*math.Max(1, e) {
				t.Fatalf("arrivals at %v and %v s: the integral is %v, want %v", last, at, got, e)
			}
			last = at
		}
	})
}

// Larger traffic has the same crowds and more groups.
func TestBurstsOfLayers(t *testing.T) {
	list := []scenario.Burst{{CV: 1, Every: engine.Minute}, {Index: 5, Every: engine.Minute}}
	a := &scenario.Arrivals{Form: scenario.Poisson, Cycle: engine.Day, Rates: []scenario.Rate{{PerSecond: 1}}, Bursts: list}
	first, second := newPoisson(a, time.Time{}, 1, newBursts(list, 1, 1)), newPoisson(a, time.Time{}, 1, newBursts(list, 1, 2))
	same, different := 0, 0
	for range 50 {
		for i := range first.bursts {
			first.bursts[i].turn(&first)
			second.bursts[i].turn(&second)
		}
		if first.bursts[0].factor == second.bursts[0].factor && first.bursts[0].until == second.bursts[0].until {
			same++
		}
		if first.bursts[1].factor != second.bursts[1].factor {
			different++
		}
	}
	if same != 50 || different != 50 {
		t.Errorf("of 50 periods %d have the same factor for all, and %d have groups of their own; want all", same, different)
	}
}

// A factor is a quantile of the gamma distribution, far down too.
func TestGammaFactor(t *testing.T) {
	for _, v := range []float64{1e-6, 0.04, 1, 9, 60, 1e4, 1e9} {
		last := -1.0
		for _, u := range []float64{1e-9, 0.001, 0.02, 0.1, 0.3, 0.5, 0.7, 0.8, 0.9, 0.94, 0.999, 1 - 1e-9} {
			got := gammaFactor(u, v)
			want := distuv.Gamma{Alpha: 1 / v, Beta: 1 / v}.Quantile(u)
			if math.Abs(got-want) > 1e-5*want+1e-15 || math.IsNaN(got) {
				t.Errorf("gammaFactor(%v, %v) = %v, want %v", u, v, got, want)
			}
			if got < last {
				t.Errorf("gammaFactor(%v, %v) = %v, less than the one before", u, v, got)
			}
			last = got
		}
	}
	if got := gammaFactor(0.3, 0); got != 1 {
		t.Errorf("without variance the factor is %v, want 1", got)
	}
}
