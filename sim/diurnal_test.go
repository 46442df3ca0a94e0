package sim

import (
	"fmt"
	"math"
	"testing"

	"highwater/engine"
	"highwater/scenario"
)

// A day of people who come at a rate that goes up and down, and stay for
// exp(h). The number m that is there on average follows m' = rate - m/h. Of a
// rate like a sine of one turn a day, g = 2 pi a day, it is a sine that lags
// by atan(gh)/g and is lower by sqrt(1 + (gh)^2) (Eick, Massey, Whitt 1993).
const (
	dayMean  = 200.0 // an hour
	daySwing = 0.8
	dayHold  = 0.5 // hours
	turn     = 2 * math.Pi / 24
)

// sinc is sin(x)/x.
func sinc(x float64) float64 { return math.Sin(x) / x }

// The file has the rate each hour and a straight line between. That smears the
// sine with a triangle and brings in others of 23 and more turns a day, so
// that the part with one turn lags just the same and is lower by
// sinc(pi/24)^2. Means by the hour, in the hour's middle, are lower by
// sinc(pi/24) again.
func TestDayLags(t *testing.T) {
	sc := oracle(t, "diurnal.yaml")
	_, outs := replicate(t, sc, 40)
	// wave is the part with one turn a day, of the days but Mondays, on the
	// first of which nobody is there at first.
	wave := func(o *outcome) (mean, sine, cosine float64) {
		const n = hoursInWeek - 24
		weeks := float64(sc.Duration / (7 * engine.Day))
		for h := 24; h < hoursInWeek; h++ {
			units, at := o.hours[h]/3600/weeks, turn*(float64(h)+0.5)
			mean += units / n
			sine += units * math.Sin(at) * 2 / n
			cosine += units * math.Cos(at) * 2 / n
		}
		return mean, sine, cosine
	}
	estimateOf(outs, func(o *outcome) float64 { m, _, _ := wave(o); return m }).check(t, "mean units", dayMean*dayHold, 0.005)
	estimateOf(outs, func(o *outcome) float64 { _, s, c := wave(o); return math.Atan2(-c, s) / turn * 60 }).check(t, "minutes of lag", 29.8303930182, 0.03)
	swing := dayMean * dayHold * daySwing / math.Sqrt(1+math.Pow(turn*dayHold, 2)) // 79.323294863
	estimateOf(outs, func(o *outcome) float64 { _, s, c := wave(o); return math.Hypot(s, c) }).check(t, "swing", swing*math.Pow(sinc(turn/2), 3), 0.005)
}

// presentAt is the mean number of people at an hour of the day or later, when
// there was nobody at the hour from: between two points of a curve, where the
// rate is r + su, it is h(r - sh + su) and a rest that decays like exp(-u/h).
func presentAt(rates []scenario.Rate, from int, at float64) float64 {
	m := 0.0
	for begin := float64(from); begin < at; begin++ {
		i := int(begin) % len(rates)
		r := rates[i].PerSecond * 3600
		s := rates[(i+1)%len(rates)].PerSecond*3600 - r
		u := min(1, at-begin)
		level := dayHold * (r - s*dayHold)
		m = level + dayHold*s*u + (m-level)*math.Exp(-u/dayHold)
	}
	return m
}

// At every instant the number that is there is Poisson.
func TestDayIsPoisson(t *testing.T) {
	tests := []struct {
		name     string
		from     int
		duration string
	}{
		{"filling up", 0, "45m"},
		{"about the most", 0, "6h30m"},
		{"about the least", 12, "6h30m"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			sc := oracle(t, "diurnal.yaml", "7d", tt.duration, "T00", fmt.Sprintf("T%02d", tt.from))
			m := presentAt(sc.Cohorts[0].Arrivals.Rates, tt.from, float64(tt.from)+sc.Duration.Seconds()/3600)
			cdf := make([]float64, 400)
			sum := 0.0
			for k := range cdf {
				l, _ := math.Lgamma(float64(k + 1))
				sum += math.Exp(float64(k)*math.Log(m) - m - l)
				cdf[k] = sum
			}
			checkLaw(t, atEnd(t, sc, 800), m, m, func(k int) float64 { return cdf[k] })
		})
	}
	// Straight lines are off the sine by an eighth of its greatest curvature
	// at most, and the mean by that times the mean stay.
	rates := oracle(t, "diurnal.yaml").Cohorts[0].Arrivals.Rates
	off := dayHold * dayMean * daySwing * turn * turn / 8
	for at, want := range map[float64]float64{30 + 29.8303930182/60: 179.323294863, 42 + 29.8303930182/60: 20.676705137} {
		if got := presentAt(rates, 0, at); math.Abs(got-want) > off {
			t.Errorf("%.4f people on average at %.2f h, want %.4f within %.2f", got, at, want, off)
		}
	}
}
