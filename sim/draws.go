package sim

import (
	"math"

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

// A Job is a cohort of jobs whose starting is told from outside, by the pages of
// the cohort that starts it.
type Job struct {
	*scenario.Cohort
	Draws  *Draws
	chance float64 // that a page, or the first one, starts it
}

// NewJob is a cohort of jobs for those who start it. Calls without a web
// session do not say which of them is the first of its caller: each starts
// a part.
func NewJob(c, by *scenario.Cohort) *Job {
	j := &Job{c, NewDraws(1, c.Name), c.Chance}
	if !c.OnPage && by.Kind == scenario.Callers && !by.UseSession && by.Pages.Law != scenario.Unset {
		j.chance /= max(1, by.Pages.Expected())
	}
	return j
}

// Starts draws whether a page starts the job; first says that it is the first
// one of its session.
func (j *Job) Starts(first bool) bool { return (first || j.OnPage) && j.Draws.Chance(j.chance) }

// RetryWait draws how long a refused job waits until it tries again, a day at
// most, and false when it gives up. Tries are those before the refused one.
func (j *Job) RetryWait(tries int) (engine.Time, bool) {
	o := &j.OnRefusal
	if o.Retry.Law == scenario.Unset || o.Times != scenario.Unlimited && tries >= o.Times {
		return 0, false
	}
	wait := float64(j.Draws.Duration(&o.Retry)) * math.Pow(o.Factor, float64(tries))
	return max(engine.Microsecond, engine.Time(min(wait, float64(engine.Day)))), true
}
