package sizing

import (
	"math"
	"slices"

	"highwater/sim/result"
	"highwater/sim/stats"
)

// Paired is by how much other is more than base, pair by pair: element i of
// both lists is of replication i, with the same people at the same instants.
// The lists are equally long and not empty. Confidence lies in (0, 1).
func Paired[T int | int32 | float64](base, other []T, confidence float64) result.Difference {
	differences := make([]float64, len(base))
	d := result.Difference{N: len(base), Confidence: confidence}
	for i := range base {
		differences[i] = float64(other[i] - base[i])
		switch {
		case differences[i] < 0:
			d.Less++
		case differences[i] > 0:
			d.More++
		default:
			d.Equal++
		}
	}
	m := stats.MeanInterval(differences, confidence)
	d.Mean, d.Low, d.High = m.Mean, finite(m.Low), finite(m.High)
	slices.Sort(differences)
	d.Median = stats.Quantile(differences, 0.5)
	low, high, _ := stats.QuantileRanks(d.N, 0.5, confidence)
	if low >= 1 {
		d.MedianLow = &differences[low-1]
	}
	if high <= d.N {
		d.MedianHigh = &differences[high-1]
	}
	d.P = stats.SignTest(d.More, d.Less)
	return d
}

// finite is a limit; nil when there is none.
func finite(x float64) *float64 {
	if math.IsInf(x, 0) {
		return nil
	}
	return &x
}

// PairedShares compares in how many replications something happens on both
// sides: element i of both lists is of replication i.
func PairedShares(base, other []bool, confidence float64) result.ShareDifference {
	d := result.ShareDifference{N: len(base)}
	for i := range base {
		switch {
		case base[i] && other[i]:
			d.Both++
		case base[i]:
			d.OnlyBase++
		case other[i]:
			d.OnlyOther++
		default:
			d.Neither++
		}
	}
	each := (1 + confidence) / 2
	lessLow, lessHigh := stats.ClopperPearson(d.OnlyBase, d.N, each)
	moreLow, moreHigh := stats.ClopperPearson(d.OnlyOther, d.N, each)
	d.Difference = float64(d.OnlyOther-d.OnlyBase) / float64(d.N)
	d.Low, d.High = moreLow-lessHigh, moreHigh-lessLow
	d.P = stats.SignTest(d.OnlyOther, d.OnlyBase)
	return d
}
