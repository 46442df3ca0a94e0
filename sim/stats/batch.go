package stats

import "gonum.org/v1/gonum/stat"

// BatchMeans is the mean of values that were seen one after another, each of
// which may be like the one before. Its interval is Student's of the means of
// so many batches of consecutive ones: these are nearly independent where
// values are alike for much less than a batch, and the interval is a little
// too narrow where they are so for longer. It is infinite when there are fewer
// values than batches. N is that of the values, and StdDev that of the means.
// Confidence lies in (0, 1).
func BatchMeans(values []float64, batches int, confidence float64) Mean {
	n := len(values)
	if n < batches {
		m := MeanInterval(nil, confidence)
		m.Mean, m.N = stat.Mean(values, nil), n
		return m
	}
	means := make([]float64, batches)
	for i := range means {
		means[i] = stat.Mean(values[i*n/batches:(i+1)*n/batches], nil)
	}
	m := MeanInterval(means, confidence)
	half := (m.High - m.Low) / 2
	m.Mean, m.N = stat.Mean(values, nil), n // which batches of unequal length miss by a little
	m.Low, m.High = m.Mean-half, m.Mean+half
	return m
}
