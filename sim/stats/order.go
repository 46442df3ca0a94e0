package stats

import (
	"math"
	"sort"
)

// slack is the relative error that a comparison forgives, so that rounding
// does not decide where two sides are equal.
const slack = 1e-12

// Quantile is the p-quantile of sorted values, for 0 < p <= 1: the least value
// that at least the fraction p of them do not exceed. There must be a value.
func Quantile[T any](sorted []T, p float64) T {
	return sorted[QuantileRank(len(sorted), p)-1]
}

// QuantileRank is the rank of the p-quantile among n > 0 values, from 1 to n.
func QuantileRank(n int, p float64) int {
	rank := math.Ceil(float64(n) * p * (1 - slack))
	return min(max(int(rank), 1), n)
}

// QuantileRanks is the confidence interval of the p-quantile that n values
// give whatever their law: from the low-th to the high-th smallest, with at
// most half of 1-confidence on either side. Low 0 and high n+1 say that there
// is no limit on that side, because n is too small for one. Coverage is the
// probability that the interval, open where there is no limit, holds the
// quantile; ties among the values only raise it. Confidence and p lie in
// (0, 1).
func QuantileRanks(n int, p, confidence float64) (low, high int, coverage float64) {
	tail := (1 - confidence) / 2
	below := func(r int) float64 { return atLeast(n, n-r+1, 1-p) } // fewer than r
	low = sort.Search(n+1, func(r int) bool { return below(r) > tail*(1+slack) }) - 1
	high = upperRank(n, p, tail)
	return low, high, 1 - below(low) - atLeast(n, high, p)
}

// UpperRank is the least rank, from 1 to n, whose value among n is an upper
// limit of the p-quantile with one-sided confidence: the least value c for
// which [UpperBound] of the number of values above c is 1-p at most. When n is
// too small for one, ok is false and the rank is n+1. Confidence and p lie in
// (0, 1).
func UpperRank(n int, p, confidence float64) (rank int, ok bool) {
	rank = upperRank(n, p, 1-confidence)
	return rank, rank <= n
}

func upperRank(n int, p, tail float64) int {
	return sort.Search(n+1, func(r int) bool { return atLeast(n, r, p) <= tail*(1+slack) })
}

// LeastSamples is the least n for which [UpperRank] has a rank: so many values
// make the largest one an upper limit of the p-quantile. Confidence and p lie
// in (0, 1); for p = 1 no number is enough, and it is [math.MaxInt].
func LeastSamples(p, confidence float64) int {
	if p >= 1 {
		return math.MaxInt
	}
	n := math.Log1p(-confidence) / math.Log(p)
	return max(1, int(math.Ceil(n*(1-slack))))
}
