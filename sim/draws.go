package sim

import (
	"highwater/engine"
	"highwater/scenario"
)

// Draws are random numbers for somebody who answers the requests of a cohort:
// apart from those of the cohort itself, and the same for the same seed.
type Draws struct {
	stream uint64
	n      uint64
}

// NewDraws are the draws of a seed under a name.
func NewDraws(seed uint64, name string) *Draws {
	return &Draws{stream: streamOf(seed, 0, "answers to "+name)}
}

// Duration draws a duration, 0 from no distribution. What is forever is
// [engine.MaxTime].
func (d *Draws) Duration(dist *scenario.Dist) engine.Time {
	if dist.Law == scenario.Unset {
		return 0
	}
	d.n++
	return instant(quantile(dist, draw(d.stream, forLasts, d.n)))
}

// Count draws a count, 1 from no distribution.
func (d *Draws) Count(dist *scenario.Dist) int {
	if dist.Law == scenario.Unset {
		return 1
	}
	d.n++
	return max(1, count(dist, draw(d.stream, forConnections, d.n)))
}

// Chance draws what comes with a probability, 0 to 1.
func (d *Draws) Chance(p float64) bool {
	d.n++
	return draw(d.stream, forChance, d.n) < p
}
