package stats

import "gonum.org/v1/gonum/stat"

// IndexOfDispersion is the variance of counts over their mean: 1 for Poisson
// counts, more for bursts, less for a timetable. It is NaN for fewer than two
// counts and when all are 0.
func IndexOfDispersion(counts []int) float64 {
	values := make([]float64, len(counts))
	for i, c := range counts {
		values[i] = float64(c)
	}
	mean, variance := stat.MeanVariance(values, nil)
	return variance / mean
}
