package stats

import (
	"cmp"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"
)

// A Lifetime is the time, >= 0, until an event, or, without an event, until
// nobody looked any longer.
type Lifetime struct {
	At    float64
	Event bool // false: censored
}

// A SurvivalPoint is the part that outlives a time at which something
// happened.
type SurvivalPoint struct {
	At        float64
	Survival  float64 // estimated probability of no event until At and at it
	StdErr    float64 // Greenwood's; 0 where Survival is 0
	Low, High float64 // confidence interval of the probability
	AtRisk    int     // without an event just before At
	Events    int     // at At, > 0
}

// KaplanMeier estimates survival at each time of an event. Who is censored at
// such a time was still at risk. The interval is by the logarithm of the
// cumulative hazard. Where nobody is left it goes from 0 to the High before,
// which is valid though not tight. Confidence lies in (0, 1).
func KaplanMeier(times []Lifetime, confidence float64) []SurvivalPoint {
	times = slices.SortedFunc(slices.Values(times), func(a, b Lifetime) int { return cmp.Compare(a.At, b.At) })
	z := distuv.UnitNormal.Quantile((1 + confidence) / 2)
	var curve []SurvivalPoint
	survival, greenwood, high := 1.0, 0.0, 1.0
	for i := 0; i < len(times); {
		p := SurvivalPoint{At: times[i].At, AtRisk: len(times) - i}
		for ; i < len(times) && times[i].At == p.At; i++ {
			if times[i].Event {
				p.Events++
			}
		}
		if p.Events == 0 {
			continue
		}
		n, d := float64(p.AtRisk), float64(p.Events)
		survival *= (n - d) / n
		p.Survival = survival
		if survival > 0 {
			greenwood += d / (n * (n - d))
			p.StdErr = survival * math.Sqrt(greenwood)
			width := math.Exp(z * math.Sqrt(greenwood) / -math.Log(survival))
			p.Low, high = math.Pow(survival, width), math.Pow(survival, 1/width)
		}
		p.High = high
		curve = append(curve, p)
	}
	return curve
}

// SurvivalQuantile is the first time by which the fraction p of a curve of
// [KaplanMeier] had its event, with Brookmeyer and Crowley's interval: the
// first times at which the curve's Low and High say so. A time that is not
// reached is infinite, and ok tells whether at is. P lies in (0, 1).
func SurvivalQuantile(curve []SurvivalPoint, p float64) (at, low, high float64, ok bool) {
	at, low, high = math.Inf(1), math.Inf(1), math.Inf(1)
	left := 1 - p + slack
	for _, point := range slices.Backward(curve) {
		if point.Survival <= left {
			at = point.At
		}
		if point.Low <= left {
			low = point.At
		}
		if point.High <= left {
			high = point.At
		}
	}
	return at, low, high, !math.IsInf(at, 1)
}
