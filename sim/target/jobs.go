package target

import (
	"highwater/engine"
	"highwater/sim"
)

// startJobs starts what a page starts; first says that it is the first one of
// its session.
func (c *core) startJobs(at engine.Time, a *app, parent *link, first bool) {
	for _, j := range a.jobs {
		if j.Starts(first) {
			c.at(at+j.Draws.Duration(&j.Delay), func(at engine.Time) { c.startJob(at, j, parent, 0) })
		}
	}
}

// startJob starts the processes of a job, all or none, and tries again as its
// cohort does.
func (c *core) startJob(at engine.Time, j *sim.Job, parent *link, tries int) {
	length := j.Draws.Duration(&j.Lasts)
	var open []*link
	for range j.Draws.Count(&j.Connections) {
		l, refusal := c.connect(at, &engine.Client{Via: engine.Job}, parent, j.Name, length)
		if refusal == nil {
			open = append(open, l)
			continue
		}
		for _, l := range open {
			c.disconnect(at, l, engine.Kill)
		}
		if wait, again := j.RetryWait(tries); again {
			c.at(at+wait, func(at engine.Time) { c.startJob(at, j, parent, tries+1) })
		}
		return
	}
	c.at(at+length, func(at engine.Time) {
		for _, l := range open {
			c.disconnect(at, l, engine.Exit)
		}
	})
}
