package sim

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"highwater/engine"
	"highwater/scenario"
	"highwater/sim/result"
	"highwater/sim/stats"
)

// confidence of the intervals in results.
const confidence = 0.95

// Run runs a scenario: all its policies, each with the same people at the
// same instants in each replication. When the context ends it gives back the
// replications that every policy has finished, marked partial, and the
// context's error.
func Run(ctx context.Context, sc *scenario.Scenario, o Options) (*result.Simulation, error) {
	samples, err := Replicate(ctx, Cases(sc), o)
	return Summary(samples, o, err), err
}

// Summary is what came of samples; err is why there are no more.
func Summary(samples []*Sample, o Options, err error) *result.Simulation {
	sim := &result.Simulation{Study: StudyOf("simulation", samples, o, confidence, err), Partial: err != nil, Policies: []result.PolicyRun{}}
	if sim.Replications == 0 {
		return sim
	}
	for _, s := range samples {
		sim.Policies = append(sim.Policies, s.policyRun())
	}
	sim.Explanation = samples[0].explanation
	return sim
}

// StudyOf begins a result of samples.
func StudyOf(kind string, samples []*Sample, o Options, confidence float64, err error) result.Study {
	sc := samples[0].Scenario
	st := result.Study{
		Schema: result.Schema, Kind: kind, Scenario: sc.Name, Start: sc.Start, Duration: sc.Duration,
		Seed: cmp.Or(o.Seed, sc.Seed), Replications: samples[0].N, EndedBy: result.AllDone, Confidence: confidence,
	}
	if err != nil {
		st.EndedBy = result.Interrupted
	}
	return st
}

// Counted says by what a case is counted.
func (c *Case) Counted() result.Counted {
	p := &c.Policy
	return result.Counted{Policy: p.Name, Base: p.Base, Options: p.Changed, Units: c.Units, LimitOn: p.LimitOn.String(), Enforced: p.Enforce}
}

// policyRun says what came of a sample.
func (s *Sample) policyRun() result.PolicyRun {
	run := result.PolicyRun{
		Counted: s.Counted(),
		Peaks:   spread(s.Use.Peaks), Demand: spread(s.Demand.Peaks),
		PeakConnections: spread(s.Use.Connections), DemandConnections: spread(s.Demand.Connections),
		Cohorts: s.Use.ByCohort(), ByVia: []result.ViaCount{}, Refusals: s.Use.RefusalCounts(), TimeAt: s.Use.UnitsTimes(), Course: s.Course(),
	}
	unitSeconds := 0.0
	for _, u := range s.Use.UnitSeconds {
		unitSeconds += u
	}
	run.MeanUnits = unitSeconds / (s.Scenario.Duration.Seconds() * float64(s.N))
	var firsts []engine.Time
	for _, f := range s.First {
		if f != nil {
			firsts = append(firsts, f.At)
		}
	}
	run.FirstRefusals = instants(firsts)
	run.Refusing = result.Proportion{Count: len(firsts), N: s.N, Confidence: confidence}
	run.Refusing.Low, run.Refusing.High = stats.ClopperPearson(run.Refusing.Count, s.N, confidence)
	for i := range s.Use.Queues {
		run.Queues = append(run.Queues, s.Use.Queues[i].result())
	}
	for _, via := range slices.Sorted(maps.Keys(s.Use.ByVia)) {
		run.ByVia = append(run.ByVia, result.ViaCount{Via: via, Refused: s.Use.ByVia[via]})
	}
	return run
}

func spread(values []int) result.Spread {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	return result.Spread{Min: sorted[0], Median: sorted[(n-1)/2], Max: sorted[n-1], N: n}
}

func instants(list []engine.Time) *result.Instants {
	n := len(list)
	if n == 0 {
		return nil
	}
	slices.Sort(list)
	return &result.Instants{Min: list[0], Median: list[(n-1)/2], Max: list[n-1], N: n}
}

// firstRefusal is the first refusal in the world, or by the key in question;
// nil when there is none.
func (w *world) firstRefusal() *result.CohortRefusal {
	f := w.first
	if f == nil {
		return nil
	}
	return &result.CohortRefusal{
		Refusal: result.Refusal{
			At: f.At, Via: f.ViaName(), LicenseUserID: f.user, Reason: f.Reason.String(),
			Needed: f.Needed, InUse: f.InUse, ClientSees: f.ClientSees(), Connections: f.Connections,
		},
		Cohort: w.cohorts[f.Cohort].Name,
	}
}

// detail says what came of a world's run in detail.
func (w *world) detail() *result.Replication {
	rep := &result.Replication{
		Peak: w.table.Peak(), PeakConnections: w.table.PeakConnections(), UnitsAtEnd: w.table.InUse(),
		UnitSeconds: w.table.UnitTime(), Transitions: w.table.Transitions(), Holders: []result.CohortHolder{}, Refusals: w.counts.result(),
	}
	rep.FirstRefusal = w.firstRefusal()
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
