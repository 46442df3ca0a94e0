// Package stats has the statistics that sizing needs: intervals that hold
// without a normal law, what queueing theory says of simple cases, and times
// that not every replication reaches.
package stats

import (
	"math"

	"gonum.org/v1/gonum/mathext"
)

// ClopperPearson is the exact two-sided confidence interval of a proportion of
// which k of n were seen. Confidence lies in (0, 1). Without observations it
// is [0, 1].
func ClopperPearson(k, n int, confidence float64) (low, high float64) {
	tail := (1 - confidence) / 2
	if k > 0 {
		low = proportion(n, k, tail)
	}
	return low, UpperBound(k, n, 1-tail)
}

// UpperBound is the exact one-sided upper confidence limit (Clopper and
// Pearson's) of a proportion of which k of n were seen. Confidence lies in
// (0, 1). It is 1 when all were seen, or nothing was observed.
func UpperBound(k, n int, confidence float64) float64 {
	if k >= n {
		return 1
	}
	return proportion(n, k+1, confidence)
}

// atLeast is the probability that r or more of n happen when each does with
// probability p.
func atLeast(n, r int, p float64) float64 {
	switch {
	case r <= 0:
		return 1
	case r > n:
		return 0
	}
	return mathext.RegIncBeta(float64(r), float64(n-r+1), p)
}

// proportion is the p for which [atLeast] is the given probability; r lies in
// 1 to n. Far out in a tail the library's inverse can miss: then it is
// bisected.
func proportion(n, r int, probability float64) float64 {
	p := mathext.InvRegIncBeta(float64(r), float64(n-r+1), probability)
	if math.Abs(atLeast(n, r, p)-probability) <= 1e-6*min(probability, 1-probability) {
		return p
	}
	low, high := 0.0, 1.0
	for p = 0.5; low < p && p < high; p = (low + high) / 2 {
		if atLeast(n, r, p) < probability {
			low = p
		} else {
			high = p
		}
	}
	return high
}
