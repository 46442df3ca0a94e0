package stats

import "math"

// Look is when to look at the replications for the i-th time, from 0, and the
// confidence to look with, so that a run may end at any look and all that was
// concluded holds with the given confidence together. Half of what may go
// wrong is spent at the first look, a quarter at the second, and so on, and
// replications double: 72, 144, 288. Looks at other times void the confidence.
func Look(i int, confidence float64) (n int, conf float64) {
	return 72 << i, 1 - math.Ldexp(1-confidence, -i-1)
}
