package curves

import (
	"highwater/engine"
	"highwater/scenario"
	"highwater/sim"
	"highwater/sim/queue"
)

// jobs is the background work that web sessions and pages start in the target.
// It draws as the emulated target does, which may give a job to another page.
// A nil jobs has none.
type jobs struct {
	by    map[uint32][]*sim.Job // by the cohort that starts them
	later queue.Queue
	todo  queue.Refs[func(at engine.Time)]
}

// jobsOf are the jobs of a scenario that callers and browsers start, nil when
// there are none.
func jobsOf(sc *scenario.Scenario) *jobs {
	j := &jobs{by: map[uint32][]*sim.Job{}}
	for i := range sc.Cohorts {
		s := &sc.Cohorts[i]
		if s.Kind != scenario.Jobs {
			continue
		}
		by := &sc.Cohorts[s.StartedBy]
		if by.Kind != scenario.Callers && by.Kind != scenario.Browsers {
			continue
		}
		j.by[uint32(s.StartedBy)] = append(j.by[uint32(s.StartedBy)], sim.NewJob(s, by))
	}
	if len(j.by) == 0 {
		return nil
	}
	return j
}

// start starts what a page of a cohort starts; first says that it is the
// first one of its session.
func (j *jobs) start(c *counter, at engine.Time, cohort uint32, parent *link, first bool) {
	if j == nil {
		return
	}
	for _, x := range j.by[cohort] {
		if x.Starts(first) {
			j.at(at+x.Draws.Duration(&x.Delay), func(at engine.Time) { j.run(c, at, x, parent, 0) })
		}
	}
}

// run starts the processes of a job, all or none, and tries again as its
// cohort does.
func (j *jobs) run(c *counter, at engine.Time, x *sim.Job, parent *link, tries int) {
	length := x.Draws.Duration(&x.Lasts)
	var open []*link
	for range x.Draws.Count(&x.Connections) {
		l := c.attach(at, engine.Client{Via: engine.Job}, parent, x.Name)
		if l != nil {
			open = append(open, l)
			continue
		}
		for _, l := range open {
			c.disconnect(at, l, engine.Kill)
		}
		if wait, again := x.RetryWait(tries); again {
			j.at(at+wait, func(at engine.Time) { j.run(c, at, x, parent, tries+1) })
		}
		return
	}
	j.at(at+length, func(at engine.Time) {
		for _, l := range open {
			c.disconnect(at, l, engine.Exit)
		}
	})
}

// at has something done at an instant.
func (j *jobs) at(at engine.Time, do func(at engine.Time)) {
	j.later.Push(int64(at), 0, j.todo.Add(do))
}

// due reports whether something is to be done at an instant.
func (j *jobs) due(at engine.Time) bool {
	if j == nil {
		return false
	}
	next, ok := j.later.Next()
	return ok && engine.Time(next) == at
}

// do does what is first.
func (j *jobs) do(at engine.Time) {
	_, ref, _ := j.later.Pop()
	j.todo.Take(ref)(at)
}
