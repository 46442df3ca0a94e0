// Package sim runs scenarios in virtual time.
//
// A replication is one run of a scenario under one policy: arrivals and
// behaviour ask the accountant for license units, and what comes of it is
// counted. Replications are independent; [Run] spreads them over processors,
// and its result does not depend on how many. There is no clock: time is what
// the events say.
package sim

import (
	"cmp"
	"context"
	"maps"
	"runtime"
	"slices"
	"sync"

	"highwater/engine"
	"highwater/scenario"
	"highwater/sim/result"
	"highwater/sim/stats"
	"highwater/sim/trace"
)

// Options say how to run a scenario. The zero Options runs the scenario's own
// policies and number of replications with its own seed on all processors.
type Options struct {
	Seed    uint64 // 0 means the scenario's
	Reps    int    // 0 means the scenario's
	Workers int    // 0 means one for each processor; does not change results

	// Trace gets the first replication of the first policy as it happens; an
	// event is valid during the call.
	Trace func(*trace.Event)
	// Progress hears what share of the work is done, 0 to 1, from several
	// goroutines, one at a time.
	Progress func(share float64)
}

// confidence of the intervals in results.
const confidence = 0.95

// Run runs a scenario: all its policies, each with the same people at the
// same instants in each replication. When the context ends it gives back the
// replications that every policy has finished, marked partial, and the
// context's error.
func Run(ctx context.Context, sc *scenario.Scenario, o Options) (*result.Simulation, error) {
	o.Seed = cmp.Or(o.Seed, sc.Seed)
	o.Reps = cmp.Or(o.Reps, sc.Reps, 1)
	o.Workers = cmp.Or(o.Workers, runtime.GOMAXPROCS(0))
	r := newRunner(sc, o)
	var wg sync.WaitGroup
	for range min(o.Workers, o.Reps*len(r.policies)) {
		wg.Go(func() { r.work(ctx) })
	}
	wg.Wait()
	return r.result(), ctx.Err()
}

// A runner hands out replications and collects what came of them.
type runner struct {
	sc       *scenario.Scenario
	o        Options
	policies []engine.Policy

	mu   sync.Mutex
	next int          // runs handed out
	done float64      // runs finished, and parts of those under way
	outs [][]*outcome // by policy and replication
}

// An outcome is one replication under one policy.
type outcome struct {
	peak     engine.Peak
	demand   engine.Peak // without a limit
	conns    int         // at the most
	needs    int         // connections at the most, without a limit
	refused  bool
	first    engine.Time // refusal
	unitTime engine.UnitTime
	timeAt   []engine.Time
	cohorts  []tally
	byVia    map[string]int64
	detail   *result.Replication // of the first replication only
}

func newRunner(sc *scenario.Scenario, o Options) *runner {
	r := &runner{sc: sc, o: o, policies: sc.Policies()}
	r.outs = make([][]*outcome, len(r.policies))
	for p := range r.policies {
		r.outs[p] = make([]*outcome, o.Reps)
	}
	return r
}

// work runs replications until none is left. The first replications are
// watched closely, the others share their worlds.
func (r *runner) work(ctx context.Context) {
	worlds := make([]pair, len(r.policies))
	for ctx.Err() == nil {
		r.mu.Lock()
		run := r.next
		r.next++
		r.mu.Unlock()
		rep, p := run/len(r.policies), run%len(r.policies)
		if rep >= r.o.Reps {
			return
		}
		var out *outcome
		if rep == 0 {
			out = r.watched(ctx, p)
		} else {
			out = worlds[p].run(ctx, r, p, rep)
		}
		if ctx.Err() != nil {
			return
		}
		r.finish(p, rep, out)
	}
}

// A pair is the worlds of a policy: one with the key's limit and one without.
type pair struct{ limited, unlimited *world }

func (w *pair) run(ctx context.Context, r *runner, p, rep int) *outcome {
	if w.limited == nil {
		w.limited = newWorld(r.sc, &r.policies[p], r.sc.License.Units, nil, nil)
	}
	w.limited.reset(r.o.Seed, rep)
	w.limited.run(ctx, r.advance)
	out := w.limited.outcome()
	if !out.refused {
		return out // nobody was refused, so that the limit did not matter
	}
	if w.unlimited == nil {
		free := r.policies[p].WithoutLimit()
		w.unlimited = newWorld(r.sc, &free, 0, nil, nil)
	}
	w.unlimited.reset(r.o.Seed, rep)
	w.unlimited.run(ctx, nil)
	out.demand, out.needs = w.unlimited.table.Peak(), w.unlimited.table.PeakConnections()
	return out
}

func (r *runner) finish(p, rep int, out *outcome) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.outs[p][rep] = out
}

// advance counts a part of a run as done.
func (r *runner) advance(part float64) {
	if r.o.Progress == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.done += part
	r.o.Progress(min(1, r.done/float64(len(r.policies)*r.o.Reps)))
}

// watched runs the first replication of a policy, with its series and, for
// the first policy, its trace.
func (r *runner) watched(ctx context.Context, p int) *outcome {
	tap := r.o.Trace
	if p > 0 {
		tap = nil
	}
	w, s := r.listened(ctx, &r.policies[p], r.sc.License.Units, tap, r.advance)
	out := w.outcome()
	out.detail = w.replication()
	out.detail.Series = s.samples()
	if out.refused && ctx.Err() == nil {
		free := r.policies[p].WithoutLimit()
		w, s := r.listened(ctx, &free, 0, nil, nil)
		out.demand, out.needs = w.table.Peak(), w.table.PeakConnections()
		out.detail.DemandSeries = s.samples()
	}
	out.detail.Demand, out.detail.DemandConnections = out.demand, out.needs
	return out
}

// listened runs the first replication with a series.
func (r *runner) listened(ctx context.Context, p *engine.Policy, limit int, tap func(*trace.Event), t tick) (*world, *series) {
	s := new(series)
	units, connections := 0, 0
	w := newWorld(r.sc, p, limit, func(e engine.Event) {
		if e.InUse != units || e.Connections != connections {
			units, connections = e.InUse, e.Connections
			s.add(e.At, units, connections)
		}
	}, tap)
	w.reset(r.o.Seed, 0)
	w.run(ctx, t)
	return w, s
}

// outcome says what came of a world's run.
func (w *world) outcome() *outcome {
	conns := w.table.PeakConnections()
	out := &outcome{peak: w.table.Peak(), demand: w.table.Peak(), conns: conns, needs: conns, refused: w.first != nil, unitTime: w.table.UnitTime(), timeAt: w.table.Usage(), byVia: maps.Clone(w.byVia)}
	if w.first != nil {
		out.first = w.first.At
	}
	for i := range w.cohorts {
		out.cohorts = append(out.cohorts, w.cohorts[i].stats)
	}
	return out
}

// replication says what came of a world's run in detail.
func (w *world) replication() *result.Replication {
	rep := &result.Replication{
		Peak: w.table.Peak(), PeakConnections: w.table.PeakConnections(), UnitsAtEnd: w.table.InUse(),
		UnitSeconds: w.table.UnitTime(), Transitions: w.table.Transitions(), Holders: []result.CohortHolder{},
	}
	if f := w.first; f != nil {
		rep.FirstRefusal = &result.CohortRefusal{
			Refusal: result.Refusal{
				At: f.At, Via: f.ViaName(), LicenseUserID: w.firstUser, Reason: f.Reason.String(),
				Needed: f.Needed, InUse: f.InUse, ClientSees: f.ClientSees(), Connections: f.Connections,
			},
			Cohort: w.cohorts[f.Cohort].Name,
		}
	}
	holders := w.table.Holders()
	rep.HoldersTotal = len(holders)
	rep.PeakByCohort = w.byCohort(holders)
	for _, h := range holders {
		rep.Holders = append(rep.Holders, result.CohortHolder{
			Holder: result.Holder{
				LicenseUserID: w.userName(h.Tag), UnitsAtPeak: h.Units, ConnectionsAtPeak: h.Connections, UnitSeconds: h.UnitTime},
			Cohort: w.holderCohort(&h),
		})
	}
	slices.SortFunc(rep.Holders, func(a, b result.CohortHolder) int { return a.Compare(b.Holder) })
	rep.Holders = rep.Holders[:min(result.TopHolders, len(rep.Holders))]
	return rep
}

// byCohort sums up the units at the peak, most first.
func (w *world) byCohort(holders []engine.Holder) []result.CohortUnits {
	sums := map[string]result.CohortUnits{}
	for i := range holders {
		name := w.holderCohort(&holders[i])
		s := sums[name]
		s.Cohort = name
		s.Units += holders[i].Units
		s.Users++
		sums[name] = s
	}
	list := slices.AppendSeq([]result.CohortUnits{}, maps.Values(sums))
	slices.SortFunc(list, func(a, b result.CohortUnits) int {
		return cmp.Or(b.Units-a.Units, cmp.Compare(a.Cohort, b.Cohort))
	})
	return list
}

// result merges the replications that all policies have finished, in their
// order.
func (r *runner) result() *result.Simulation {
	n := r.o.Reps
	for _, outs := range r.outs {
		for rep, out := range outs[:n] {
			if out == nil {
				n = rep
				break
			}
		}
	}
	sim := &result.Simulation{
		Schema: result.Schema, Kind: "simulation", Scenario: r.sc.Name, Start: r.sc.Start, Duration: r.sc.Duration,
		Seed: r.o.Seed, Replications: n, Partial: n < r.o.Reps, Policies: []result.PolicyRun{},
	}
	if n == 0 {
		return sim
	}
	for p := range r.policies {
		sim.Policies = append(sim.Policies, r.policyRun(&r.policies[p], r.outs[p][:n]))
	}
	return sim
}

func (r *runner) policyRun(p *engine.Policy, outs []*outcome) result.PolicyRun {
	run := result.PolicyRun{
		Policy: p.Name, Base: p.Base, Options: p.Changed, Units: r.sc.License.Units, LimitOn: p.LimitOn.String(), Enforced: p.Enforce,
		Cohorts: make([]result.Cohort, len(r.sc.Cohorts)), ByVia: []result.ViaCount{}, First: *outs[0].detail,
	}
	peaks, demands := make([]int, len(outs)), make([]int, len(outs))
	conns, needs := make([]int, len(outs)), make([]int, len(outs))
	var firsts []engine.Time
	var timeAt []engine.Time
	var unitSeconds float64
	byVia := map[string]int64{}
	for i, out := range outs {
		peaks[i], demands[i] = out.peak.Units, out.demand.Units
		conns[i], needs[i] = out.conns, out.needs
		unitSeconds += out.unitTime.Seconds()
		if out.refused {
			run.Refusing.Count++
			firsts = append(firsts, out.first)
		}
		for units, d := range out.timeAt {
			if units >= len(timeAt) {
				timeAt = append(timeAt, 0)
			}
			timeAt[units] += d
		}
		for c := range out.cohorts {
			addCohort(&run.Cohorts[c], &out.cohorts[c])
		}
		for via, n := range out.byVia {
			byVia[via] += n
		}
	}
	n := len(outs)
	run.Peaks, run.Demand = spread(peaks), spread(demands)
	run.PeakConnections, run.DemandConnections = spread(conns), spread(needs)
	run.FirstRefusals = instants(firsts)
	run.MeanUnits = unitSeconds / (r.sc.Duration.Seconds() * float64(n))
	run.Refusing.N, run.Refusing.Confidence = n, confidence
	run.Refusing.Low, run.Refusing.High = stats.ClopperPearson(run.Refusing.Count, n, confidence)
	for c := range run.Cohorts {
		run.Cohorts[c].Name = r.sc.Cohorts[c].Name
	}
	for units, d := range timeAt {
		if d > 0 {
			run.TimeAt = append(run.TimeAt, result.UnitsTime{Units: units, Seconds: d})
		}
	}
	for via, n := range byVia {
		run.ByVia = append(run.ByVia, result.ViaCount{Via: via, Refused: n})
	}
	slices.SortFunc(run.ByVia, func(a, b result.ViaCount) int { return cmp.Compare(a.Via, b.Via) })
	return run
}

func spread(values []int) result.Spread {
	slices.Sort(values)
	n := len(values)
	return result.Spread{Min: values[0], Median: values[(n-1)/2], Max: values[n-1], N: n}
}

func instants(list []engine.Time) *result.Instants {
	n := len(list)
	if n == 0 {
		return nil
	}
	slices.Sort(list)
	return &result.Instants{Min: list[0], Median: list[(n-1)/2], Max: list[n-1], N: n}
}

func addCohort(sum *result.Cohort, c *tally) {
	sum.Sessions += c.Sessions
	sum.Started += c.Started
	sum.Refused += c.Refused
	sum.Lost += c.Lost
}
