package curves

import (
	"math"

	"highwater/engine"
	"highwater/scenario"
	"highwater/sim"
	"highwater/sim/queue"
)

// jobs is the background work that web sessions and pages start in the target.
// It draws as the emulated target does, which may give a job to another page.
// A nil jobs has none.
type jobs struct {
	by    map[uint32][]*job // by the cohort that starts them
	later queue.Queue
	todo  []func(at engine.Time) // by reference
	free  []int
}

// A job is a cohort of jobs.
type job struct {
	*scenario.Cohort
	chance float64 // that a page, or the first one, starts it
	draws  *sim.Draws
}

// jobsOf are the jobs of a scenario that callers and browsers start, nil when
// there are none.
func jobsOf(sc *scenario.Scenario) *jobs {
	j := &jobs{by: map[uint32][]*job{}}
	for i := range sc.Cohorts {
		s := &sc.Cohorts[i]
		if s.Kind != scenario.Jobs {
			continue
		}
		by := &sc.Cohorts[s.StartedBy]
		if by.Kind != scenario.Callers && by.Kind != scenario.Browsers {
			continue
		}
		x := &job{s, s.Chance, sim.NewDraws(1, s.Name)}
		if !s.OnPage && by.Kind == scenario.Callers && !by.UseSession && by.Pages.Law != scenario.Unset {
			x.chance /= max(1, by.Pages.Expected())
		}
		j.by[uint32(s.StartedBy)] = append(j.by[uint32(s.StartedBy)], x)
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
		if (first || x.OnPage) && x.draws.Chance(x.chance) {
			j.at(at+x.draws.Duration(&x.Delay), func(at engine.Time) { j.run(c, at, x, parent, 0) })
		}
	}
}

// run starts the processes of a job, all or none, and tries again as its
// cohort does.
func (j *jobs) run(c *counter, at engine.Time, x *job, parent *link, tries int) {
	length := x.draws.Duration(&x.Lasts)
	var open []*link
	for range x.draws.Count(&x.Connections) {
		l := c.attach(at, engine.Client{Via: engine.Job}, parent, x.Name)
		if l != nil {
			open = append(open, l)
			continue
		}
		for _, l := range open {
			c.disconnect(at, l, engine.Kill)
		}
		o := &x.OnRefusal
		if o.Retry.Law == scenario.Unset || o.Times != scenario.Unlimited && tries >= o.Times {
			return
		}
		wait := float64(x.draws.Duration(&o.Retry)) * math.Pow(o.Factor, float64(tries))
		j.at(at+max(engine.Microsecond, engine.Time(min(wait, float64(engine.Day)))), func(at engine.Time) { j.run(c, at, x, parent, tries+1) })
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
	ref := len(j.todo)
	if n := len(j.free); n > 0 {
		ref, j.free = j.free[n-1], j.free[:n-1]
		j.todo[ref] = do
	} else {
		j.todo = append(j.todo, do)
	}
	j.later.Push(int64(at), 0, ref)
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
	do := j.todo[ref]
	j.todo[ref] = nil
	j.free = append(j.free, ref)
	do(at)
}
