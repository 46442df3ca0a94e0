// Package sim runs scenarios in virtual time.
//
// A replication is one run of a scenario under one policy: arrivals and
// behaviour ask the accountant for license units, and what comes of it is
// counted. Replications are independent; [Run] and [Replicate] spread them
// over processors, and the result does not depend on how many. There is no
// clock: time is what the events say.
package sim

import (
	"cmp"
	"context"
	"runtime"
	"sync"

	"highwater/engine"
	"highwater/scenario"
	"highwater/sim/result"
	"highwater/sim/trace"
)

// Options say how to run a scenario. The zero Options runs the scenario's own
// number of replications with its own seed on all processors.
type Options struct {
	Seed    uint64 // 0 means the scenario's
	Reps    int    // 0 means the scenario's
	Workers int    // 0 means one for each processor; does not change results

	// Demand leaves out what the key's limit does: only what the traffic needs
	// is found, and the first refusal, which is the same.
	Demand bool
	// Detail looks closely at the first replication of each case, with Demand
	// too: then what the key's limit does is found in that one alone.
	Detail bool
	// Explain says who holds the units at the peak of the first replication of
	// the first case, and why, in [Sample.Explanation]: that takes some four runs.
	Explain bool
	// Enough hears of each replication that all cases have finished, in
	// their order, and ends the run when it says so. The samples are valid
	// during the call.
	Enough func([]*Sample) bool
	// Trace gets the first replication of the first case as it happens; an
	// event is valid during the call.
	Trace func(*trace.Event)
	// Usage gives who hears of each change in use of a replication of the first
	// case, if nobody were refused; from several goroutines, each replication
	// from one. It is for runs with Demand.
	Usage func(replication int) func(at engine.Time, units, connections int)
	// Refusals keeps each refused attempt, in [Totals.Refusals].
	Refusals bool
	// Progress hears what share of the work is done, 0 to 1, from several
	// goroutines, one at a time.
	Progress func(share float64)
}

// A Case is what is run: people, a policy and a key, and how many times the
// scenario's people there are.
type Case struct {
	Scenario *scenario.Scenario
	Policy   engine.Policy
	Units    int     // of the key; 0 is unlimited
	Scale    float64 // of the traffic, up to [MaxScale]; 0 means 1
}

// Cap is what the case's key allows, in units, or in connections where the
// policy limits those; 0 is everything.
func (v *Case) Cap() int { return v.Policy.Cap(v.Units) }

// Cases are a scenario's policies, each with its key.
func Cases(sc *scenario.Scenario) []Case {
	var list []Case
	for _, p := range sc.Policies() {
		list = append(list, Case{Scenario: sc, Policy: p, Units: sc.License.Units})
	}
	return list
}

// world makes a world of the case: as the key makes it, or one without a
// limit that looks at what a key would have to allow.
func (v *Case) world(limited bool, l engine.Listener, tap func(*trace.Event)) *world {
	p, units := &v.Policy, v.Units
	if !limited {
		free := v.Policy.WithoutLimit()
		p, units = &free, 0
	}
	w := newWorld(v.Scenario, p, units, l, tap)
	w.scale = cmp.Or(v.Scale, 1)
	if !limited {
		w.watch, w.key, w.keyPolicy = new(engine.Watch), v.Units, &v.Policy
	}
	return w
}

// Replicate runs cases, all with the same people at the same instants in
// each replication. When the context ends it gives back what the replications
// have brought that all cases have finished, and the context's error.
func Replicate(ctx context.Context, cases []Case, o Options) ([]*Sample, error) {
	r := newRunner(cases, o)
	r.replicate(ctx)
	return r.samples, ctx.Err()
}

func (r *runner) replicate(ctx context.Context) {
	n, before := len(r.cases), 0
	if r.o.Explain {
		before = 1 // which takes longest
	}
	r.each(ctx, before+n*r.o.Reps, func(worlds []*world, run int) {
		if run < before {
			r.explain(ctx)
			return
		}
		v, rep := (run-before)%n, (run-before)/n
		out := r.run(ctx, worlds[2*v:2*v+2], v, rep)
		if ctx.Err() == nil {
			r.finish(v, rep, out)
		}
	})
}

// explain explains the peak of the first replication. An error is the context's,
// and then there is no explanation.
func (r *runner) explain(ctx context.Context) {
	c := &r.cases[0]
	sc := *c.Scenario
	sc.License = scenario.License{Units: c.Units, Policy: c.Policy}
	x, err := Explain(ctx, &sc, ExplainOptions{Seed: r.o.Seed, Which: trace.AtPeak})
	if err != nil {
		return
	}
	x.Holders = []result.UnitHolder{} // of whom there may be many
	r.mu.Lock()
	defer r.mu.Unlock()
	r.samples[0].explanation = x
}

// A runner hands out replications and collects what came of them.
type runner struct {
	o     Options
	cases []Case

	mu      sync.Mutex
	enough  bool
	done    float64            // runs finished, and parts of those under way
	pending [][]*replication   // by case, from the first that is not all done
	samples []*Sample          // by case
	heed    func(*replication) // hears of each of the first case's, for tests; may be nil
}

func newRunner(cases []Case, o Options) *runner {
	sc := cases[0].Scenario
	o.Seed = cmp.Or(o.Seed, sc.Seed)
	o.Reps = cmp.Or(o.Reps, sc.Reps)
	o.Workers = cmp.Or(o.Workers, runtime.GOMAXPROCS(0))
	r := &runner{o: o, cases: cases, pending: make([][]*replication, len(cases))}
	for _, v := range cases {
		r.samples = append(r.samples, newSample(v))
	}
	return r
}

// each gives out the numbers of n runs to workers, until none is left or it is
// enough. A worker keeps its worlds, two for each case.
func (r *runner) each(ctx context.Context, n int, run func(worlds []*world, i int)) {
	var wg sync.WaitGroup
	next := 0
	take := func() (int, bool) {
		r.mu.Lock()
		defer r.mu.Unlock()
		i := next
		next++
		return i, i < n && !r.enough && ctx.Err() == nil
	}
	for range min(r.o.Workers, n) {
		wg.Go(func() {
			worlds := make([]*world, 2*len(r.cases))
			for i, ok := take(); ok; i, ok = take() {
				run(worlds, i)
			}
		})
	}
	wg.Wait()
}

// A replication is what came of one replication of a case: of the demand,
// and of what the key made of it. They are the same while it refuses nobody.
type replication struct {
	demand, use *outcome
	detail      *result.Replication // of the first one
}

// run runs a replication. The first is watched closely, the others share
// their worlds.
func (r *runner) run(ctx context.Context, worlds []*world, v, rep int) *replication {
	if rep == 0 && (r.o.Detail || !r.o.Demand) {
		return r.watched(ctx, v)
	}
	one := func(i int, t tick) *outcome {
		if worlds[i] == nil {
			worlds[i] = r.cases[v].world(i == 1, nil, nil)
			worlds[i].lists = r.o.Refusals
		}
		worlds[i].reset(r.o.Seed, rep)
		worlds[i].run(ctx, t)
		return worlds[i].outcome()
	}
	if r.o.Usage != nil && v == 0 {
		return &replication{demand: r.heard(ctx, r.o.Usage(rep), rep)}
	}
	out := &replication{demand: one(0, r.advance)}
	if !r.o.Demand {
		out.use = out.demand
		if out.demand.exceeded {
			out.use = one(1, nil)
		}
	}
	return out
}

// watched runs the first replication of a case, with its series and, for
// the first case, its trace.
func (r *runner) watched(ctx context.Context, v int) *replication {
	w, s := r.listened(ctx, v, false, nil, r.advance)
	rep := &replication{demand: w.outcome()}
	rep.use = rep.demand
	tap := r.o.Trace
	if v > 0 {
		tap = nil
	}
	demand := s
	if rep.demand.exceeded || tap != nil {
		w, s = r.listened(ctx, v, true, tap, nil)
		rep.use = w.outcome()
	}
	rep.detail = w.detail()
	rep.detail.Series = s.samples()
	rep.detail.Demand, rep.detail.DemandConnections = rep.demand.peak, rep.demand.conns
	if rep.demand.exceeded {
		rep.detail.DemandSeries = demand.samples()
	}
	c := r.cases[v]
	rep.detail.Drawn = Drawn(rep.detail.Series, 0, c.Scenario.Duration, c.Policy.LimitOn)
	if rep.detail.DemandSeries != nil {
		rep.detail.DemandDrawn = Drawn(rep.detail.DemandSeries, 0, c.Scenario.Duration, c.Policy.LimitOn)
	}
	if r.o.Demand {
		rep.use = nil // of one replication among many
	}
	return rep
}

// listened runs the first replication with a series.
func (r *runner) listened(ctx context.Context, v int, limited bool, tap func(*trace.Event), t tick) (*world, *series) {
	s := new(series)
	w := r.cases[v].world(limited, changes(s.add), tap)
	w.lists = r.o.Refusals
	w.reset(r.o.Seed, 0)
	w.run(ctx, t)
	return w, s
}

// heard runs a replication of the first case for somebody who hears of its use.
func (r *runner) heard(ctx context.Context, hear func(at engine.Time, units, connections int), rep int) *outcome {
	w := r.cases[0].world(false, changes(hear), nil)
	w.reset(r.o.Seed, rep)
	w.run(ctx, r.advance)
	return w.outcome()
}

// changes tells of changes in use among events.
func changes(hear func(at engine.Time, units, connections int)) engine.Listener {
	units, connections := 0, 0
	return func(e engine.Event) {
		if e.InUse != units || e.Connections != connections {
			units, connections = e.InUse, e.Connections
			hear(e.At, units, connections)
		}
	}
}

// finish notes what came of a replication, and passes on in their order those
// that all cases have finished.
func (r *runner) finish(v, rep int, out *replication) {
	r.mu.Lock()
	defer r.mu.Unlock()
	i := rep - r.samples[0].N
	for len(r.pending[v]) <= i {
		r.pending[v] = append(r.pending[v], nil)
	}
	r.pending[v][i] = out
	for !r.enough && r.complete() {
		if r.heed != nil {
			r.heed(r.pending[0][0])
		}
		for v, s := range r.samples {
			s.add(r.pending[v][0])
			r.pending[v] = append(r.pending[v][:0], r.pending[v][1:]...)
		}
		r.enough = r.o.Enough != nil && r.o.Enough(r.samples)
	}
}

// complete reports whether all cases have finished the next replication.
func (r *runner) complete() bool {
	for _, list := range r.pending {
		if len(list) == 0 || list[0] == nil {
			return false
		}
	}
	return true
}

// advance counts a part of a run as done.
func (r *runner) advance(part float64) {
	if r.o.Progress == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.done += part
	r.o.Progress(min(1, r.done/float64(len(r.cases)*r.o.Reps)))
}

// Exceeding reports for which of some replications a case's traffic needs
// more than the case's key. Each is run only until it does.
func Exceeding(ctx context.Context, v Case, o Options, reps []int) ([]bool, error) {
	r := newRunner([]Case{v}, o)
	exceeds := make([]bool, len(reps))
	r.each(ctx, len(reps), func(worlds []*world, i int) {
		if worlds[0] == nil {
			worlds[0] = v.world(false, nil, nil)
			worlds[0].brief = true
		}
		worlds[0].reset(r.o.Seed, reps[i])
		worlds[0].run(ctx, nil)
		exceeds[i] = worlds[0].watch.Exceeded.Reason != 0
	})
	return exceeds, ctx.Err()
}
