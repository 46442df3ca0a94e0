// Package stats has the statistics that sizing needs: intervals that hold
// without a normal law.
package stats

import "gonum.org/v1/gonum/stat/distuv"

// ClopperPearson is the exact two-sided confidence interval of a proportion of
// which k of n were seen. Confidence lies in (0, 1). Without observations it
// is [0, 1].
func ClopperPearson(k, n int, confidence float64) (low, high float64) {
	tail := (1 - confidence) / 2
	high = 1
	if k > 0 {
		low = distuv.Beta{Alpha: float64(k), Beta: float64(n - k + 1)}.Quantile(tail)
	}
	if k < n {
		high = distuv.Beta{Alpha: float64(k + 1), Beta: float64(n - k)}.Quantile(1 - tail)
	}
	return low, high
}
