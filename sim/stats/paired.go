package stats

import (
	"math"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

// A Mean is a mean of N values with its confidence interval.
type Mean struct {
	Mean      float64 // NaN without values
	Low, High float64 // infinite for fewer than two values
	StdDev    float64 // of the values; NaN for fewer than two
	N         int
}

// Average is the mean of values, NaN without any.
func Average[T int | int32 | float64](values []T) float64 {
	sum := 0.0
	for _, v := range values {
		sum += float64(v)
	}
	return sum / float64(len(values))
}

// MeanInterval is the mean of values with Student's interval. Of differences
// between two policies for the same people it is the paired interval.
// Confidence lies in (0, 1).
func MeanInterval(values []float64, confidence float64) Mean {
	m := Mean{N: len(values), Low: math.Inf(-1), High: math.Inf(1)}
	m.Mean, m.StdDev = stat.MeanStdDev(values, nil)
	if m.N < 2 {
		return m
	}
	t := distuv.StudentsT{Sigma: 1, Nu: float64(m.N - 1)}.Quantile((1 + confidence) / 2)
	half := t * stat.StdErr(m.StdDev, float64(m.N))
	m.Low, m.High = m.Mean-half, m.Mean+half
	return m
}

// SignTest is the exact two-sided p value of so many positive and negative
// differences, were either sign as likely. Differences of zero are left out.
// Without differences it is 1.
func SignTest(positive, negative int) float64 {
	n := positive + negative
	return min(1, 2*atLeast(n, max(positive, negative), 0.5))
}
