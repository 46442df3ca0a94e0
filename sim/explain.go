package sim

import (
	"cmp"
	"context"

	"highwater/engine"
	"highwater/scenario"
	"highwater/sim/result"
	"highwater/sim/trace"
)

// ExplainOptions say which instant of which replication to explain. The zero
// ExplainOptions are for the begin of the first with the scenario's own seed.
type ExplainOptions struct {
	Seed        uint64 // 0 means the scenario's
	Replication int    // from 0
	Which       trace.Which
	At          engine.Time // trace.AtTime: up to the scenario's duration

	// Progress hears what share of the work is done, 0 to 1.
	Progress func(share float64)
}

// Explain runs a replication of a scenario under the license's policy, as its
// key makes it, and says who holds license units at an instant, and why. It
// plays the trace of the run as it comes, so that a run is explained as its
// trace is; but the end of the run hides nothing of what comes next.
func Explain(ctx context.Context, sc *scenario.Scenario, o ExplainOptions) (*result.Explanation, error) {
	o.Seed = cmp.Or(o.Seed, sc.Seed)
	p, units := &sc.License.Policy, sc.License.Units
	m := trace.Moment{Which: o.Which, At: o.At}
	done, runs := 0.0, 1.0
	t := func(share float64) {
		if done += share; o.Progress != nil {
			o.Progress(min(1, done/runs))
		}
	}
	if o.Which == trace.AtPeak {
		runs = 2 // which of the new peaks is the last one shows at the end
		w := newWorld(sc, p, units, nil, nil)
		w.reset(o.Seed, o.Replication)
		w.run(ctx, t)
		m.Units = w.table.Peak().Units
	}
	x := trace.NewExplainer(trace.Options{Policy: *p, Units: units, End: sc.Duration, Epoch: sc.Start, Name: sc.Name}, m)
	line := int64(1) // the header's
	var failed error
	w := newWorld(sc, p, units, nil, func(ev *trace.Event) {
		line++
		ev.Line = line
		failed = cmp.Or(failed, x.Apply(ev))
	})
	w.reset(o.Seed, o.Replication)
	w.run(ctx, t)
	if err := cmp.Or(ctx.Err(), failed); err != nil {
		return nil, err
	}
	res := x.Finish(w.states())
	res.Scenario, res.Seed, res.Replication = sc.Name, o.Seed, o.Replication+1
	return res, nil
}

// states says what web sessions do that are open at the end, by their names in
// the trace.
func (w *world) states() map[string]string {
	known := map[string]string{}
	for i := range w.actors {
		v := &w.actors[i]
		if v.role != visit {
			continue
		}
		state := result.Working
		switch timesOut := v.phase == timingOut || v.phase == ending && v.how == engine.Timeout; {
		case timesOut && w.cohorts[v.cohort].Timeout == 0:
			state = result.Leaked
		case timesOut:
			state = result.Idle
		}
		for id := range v.conns {
			known[w.tape.names[id]] = state
		}
	}
	return known
}
