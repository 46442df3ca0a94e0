package stats

import "math"

// Look is how many replications the i-th look at a run is after, from 0, and
// the confidence to look with, so that the run may end at any look and what
// all of them say holds together with the given confidence. The first spends
// half of what may go wrong, the second a quarter, and so on; replications
// double: 72, 144, 288. At 95 % every look gives the 95 % quantile an
// [UpperRank]. To look at other times as well voids the confidence.
func Look(i int, confidence float64) (n int, conf float64) {
	return 72 << i, 1 - math.Ldexp(1-confidence, -i-1)
}
