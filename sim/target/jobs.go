package target

import (
	"math"

	"highwater/engine"
	"highwater/scenario"
	"highwater/sim"
)

// A job is background work that the sessions or pages of an app start.
type job struct {
	*scenario.Cohort
	chance float64 // that a page, or the first one, starts it
	draws  *sim.Draws
}

// newJob is a cohort of jobs for those who start it. Calls without a web
// session do not say which of them is the first of its caller: each starts
// a part.
func newJob(s, by *scenario.Cohort) job {
	j := job{s, s.Chance, sim.NewDraws(1, s.Name)}
	if !s.OnPage && by.Kind == scenario.Callers && !by.UseSession && by.Pages.Law != scenario.Unset {
		j.chance /= max(1, by.Pages.Expected())
	}
	return j
}

// startJobs starts what a page starts; first says that it is the first one of
// its session.
func (c *core) startJobs(at engine.Time, a *app, parent *link, first bool) {
	for i := range a.jobs {
		j := &a.jobs[i]
		if (first || j.OnPage) && j.draws.Chance(j.chance) {
			c.at(at+j.draws.Duration(&j.Delay), func(at engine.Time) { c.startJob(at, j, parent, 0) })
		}
	}
}

// startJob starts the processes of a job, all or none, and tries again as its
// cohort does.
func (c *core) startJob(at engine.Time, j *job, parent *link, tries int) {
	length := j.draws.Duration(&j.Lasts)
	var open []*link
	for range j.draws.Count(&j.Connections) {
		l, refusal := c.connect(at, &engine.Client{Via: engine.Job}, parent, j.Name, length)
		if refusal == nil {
			open = append(open, l)
			continue
		}
		for _, l := range open {
			c.disconnect(at, l, engine.Kill)
		}
		o := &j.OnRefusal
		if o.Retry.Law == scenario.Unset || o.Times != scenario.Unlimited && tries >= o.Times {
			return
		}
		wait := float64(j.draws.Duration(&o.Retry)) * math.Pow(o.Factor, float64(tries))
		next := at + max(engine.Microsecond, engine.Time(min(wait, float64(engine.Day))))
		c.at(next, func(at engine.Time) { c.startJob(at, j, parent, tries+1) })
		return
	}
	c.at(at+length, func(at engine.Time) {
		for _, l := range open {
			c.disconnect(at, l, engine.Exit)
		}
	})
}
