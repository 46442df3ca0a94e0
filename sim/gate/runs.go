package gate

import (
	"context"
	"math"
	"slices"
	"strings"
	"time"

	"highwater/engine"
	"highwater/scenario"
	"highwater/sim"
	"highwater/sim/result"
)

// Runs are the simulated runs of a scenario, by the policies that its
// expectations are about.
type Runs struct {
	scenario *scenario.Scenario
	seed     uint64
	samples  []*sim.Sample
	peaks    map[peaksOf][]float64 // in windows
}

// peaksOf says which peaks in windows there are.
type peaksOf struct {
	policy        string
	after, before scenario.Edge
}

// Run simulates what the expectations of a scenario need. When the context
// ends it gives back the replications that are done, and the context's error.
func Run(ctx context.Context, sc *scenario.Scenario, o sim.Options) (*Runs, error) {
	r := &Runs{scenario: sc, seed: o.Seed, peaks: map[peaksOf][]float64{}}
	if r.seed == 0 {
		r.seed = sc.Seed
	}
	var cases []sim.Case
	for i, c := range sim.Cases(sc) {
		about := func(e scenario.Expectation) bool { return e.Policy == c.Policy.Name }
		if i == 0 || slices.ContainsFunc(sc.Expect, about) {
			cases = append(cases, c)
		}
	}
	o.Refusals = slices.ContainsFunc(sc.Expect, func(e scenario.Expectation) bool { return e.Figure == scenario.Refusals && windowed(&e) })
	samples, err := sim.Replicate(ctx, cases, o)
	r.samples = samples
	if err != nil {
		return r, err
	}
	for i := range sc.Expect {
		e := &sc.Expect[i]
		if s := r.sample(e.Policy); s != nil && e.Figure == scenario.Peak && windowed(e) {
			if err := r.window(ctx, s.Case, e, o); err != nil {
				return r, err
			}
		}
	}
	return r, nil
}

func windowed(e *scenario.Expectation) bool {
	return e.After.Since != scenario.NoEdge || e.Before.Since != scenario.NoEdge
}

// window finds the peaks in a window, of the same runs.
func (r *Runs) window(ctx context.Context, c sim.Case, e *scenario.Expectation, o sim.Options) error {
	parts := parts(e, r.scenario)
	of := peaksOf{c.Policy.Name, e.After, e.Before}
	if len(parts) == 0 || r.peaks[of] != nil {
		return nil
	}
	o.Reps, o.Demand = r.samples[0].N, true
	highest := make([]highest, o.Reps)
	o.Usage = func(replication int) func(engine.Time, int, int) {
		h := &highest[replication]
		h.parts = parts
		return func(at engine.Time, units, connections int) {
			if c.Policy.LimitOn == engine.LimitConnections {
				units = connections
			}
			h.change(at, units)
		}
	}
	if _, err := sim.Replicate(ctx, []sim.Case{c}, o); err != nil {
		return err
	}
	peaks := make([]float64, len(highest))
	for i := range highest {
		highest[i].change(r.scenario.Duration, 0)
		peaks[i] = float64(highest[i].peak)
	}
	r.peaks[of] = peaks
	return nil
}

// A part of a run, from an instant to another, which does not belong to it.
type part struct{ from, to engine.Time }

// parts lists the parts of the run that an expectation is about.
func parts(e *scenario.Expectation, sc *scenario.Scenario) []part {
	var list []part
	add := func(from, to engine.Time) {
		if from, to = max(from, 0), min(to, sc.Duration); from < to {
			list = append(list, part{from, to})
		}
	}
	if e.After.Since == scenario.SinceStart || e.Before.Since == scenario.SinceStart {
		to := sc.Duration
		if e.Before.Since != scenario.NoEdge {
			to = e.Before.At
		}
		add(e.After.At, to)
		return list
	}
	from, to := e.After.At, e.Before.At
	if e.Before.Since == scenario.NoEdge {
		to = engine.Day
	}
	if to <= from { // over midnight
		to += engine.Day
	}
	midnight := time.Date(sc.Start.Year(), sc.Start.Month(), sc.Start.Day(), 0, 0, 0, 0, sc.Start.Location())
	for day := -engine.Day - engine.Time(sc.Start.Sub(midnight).Microseconds()); day < sc.Duration; day += engine.Day {
		add(day+from, day+to)
	}
	return list
}

// highest finds the most units in use in parts of a run.
type highest struct {
	parts []part
	since engine.Time // the last change
	units int         // since then
	peak  int
}

// change notes that so many units are in use from now on.
func (h *highest) change(at engine.Time, units int) {
	for len(h.parts) > 0 && h.parts[0].to <= h.since {
		h.parts = h.parts[1:]
	}
	if len(h.parts) > 0 && h.parts[0].from < at && h.since < at {
		h.peak = max(h.peak, h.units)
	}
	// What goes on at the instant at which a part begins is over before it.
	if slices.ContainsFunc(h.parts, func(p part) bool { return (p.from < at || at == 0) && at < p.to }) {
		h.peak = max(h.peak, units)
	}
	h.since, h.units = at, units
}

// Begin says what is judged.
func (r *Runs) Begin() *result.Gate {
	g := &result.Gate{Schema: result.Schema, Kind: "gate", Of: "scenario", Name: r.scenario.Name, Seed: r.seed, Replications: r.samples[0].N}
	for _, s := range r.samples {
		g.Policies = append(g.Policies, s.Counted())
		g.Figures = append(g.Figures, figures(s.Counted(), units(s.Needed), totals(s.Use.Refused, -1), totals(s.Use.Lost, -1))...)
	}
	return g
}

func units(peaks []engine.Peak) []float64 {
	values := make([]float64, len(peaks))
	for i, p := range peaks {
		values[i] = float64(p.Units)
	}
	return values
}

// totals adds up the numbers of the cohorts by replication, or takes those of
// one.
func totals(by [][]int32, cohort int) []float64 {
	var sums []float64
	for c, list := range by {
		for i, n := range list {
			if len(sums) <= i {
				sums = append(sums, 0)
			}
			if cohort < 0 || cohort == c {
				sums[i] += float64(n)
			}
		}
	}
	return sums
}

// sample is what came of a policy; "" is the license's. It is nil when that
// was not counted.
func (r *Runs) sample(policy string) *sim.Sample {
	if policy == "" {
		return r.samples[0]
	}
	for _, s := range r.samples {
		if s.Policy.Name == policy {
			return s
		}
	}
	return nil
}

func (r *Runs) look(e *scenario.Expectation) look {
	s := r.sample(e.Policy)
	switch {
	case s == nil:
		return unknown("nothing was counted by %s", e.Policy)
	case !e.Figure.OfRuns():
		return elsewhere(ofReal)
	case s.N == 0:
		return unknown("no run was finished")
	case windowed(e) && len(parts(e, r.scenario)) == 0:
		return unknown("that part of the day is not in the run")
	case e.Figure == scenario.Peak:
		return r.peak(e, s)
	case !s.Policy.Enforce:
		return unknown("%s counts, and refuses nobody", s.Policy.Name)
	}
	cohort := slices.IndexFunc(r.scenario.Cohorts, func(c scenario.Cohort) bool { return c.Name == e.Cohort })
	if e.Cohort != "" && cohort < 0 {
		return unknown("there is no cohort %s", e.Cohort)
	}
	l := look{unit: "attempts", most: e.Most, runs: true}
	switch {
	case e.Figure == scenario.Lost:
		l.unit, l.values = "sessions", totals(s.Use.Lost, cohort)
	case windowed(e):
		l.values = r.refusals(e, s, cohort)
	default:
		l.values = totals(s.Use.Refused, cohort)
	}
	return l
}

// refusals counts the refused attempts in a window.
func (r *Runs) refusals(e *scenario.Expectation, s *sim.Sample, cohort int) []float64 {
	parts := parts(e, r.scenario)
	values := make([]float64, s.N)
	for i, list := range s.Use.Refusals {
		for _, x := range list {
			in := slices.ContainsFunc(parts, func(p part) bool { return p.from <= x.At && x.At < p.to })
			if in && (cohort < 0 || cohort == x.Cohort) {
				values[i]++
			}
		}
	}
	return values
}

func (r *Runs) peak(e *scenario.Expectation, s *sim.Sample) look {
	l, why := peakLook(e, s.Counted())
	if why != "" {
		return unknown("%s", why)
	}
	switch {
	case windowed(e):
		l.values = r.peaks[peaksOf{s.Policy.Name, e.After, e.Before}]
	case e.Cohort != "":
		for _, c := range s.AtPeak {
			if c.Cohort != e.Cohort && slices.Contains(strings.Split(strings.TrimSuffix(c.Cohort, " and jobs"), " + "), e.Cohort) {
				return unknown("it shares license user IDs with others, as %s", c.Cohort)
			}
		}
		l.values = numbers(s.UnitsAtPeak(e.Cohort))
	default:
		l.values = units(s.Needed)
	}
	return l
}

// peakLook begins a look at a peak: a share of the key is a whole number of
// units.
func peakLook(e *scenario.Expectation, c result.Counted) (l look, why string) {
	l = look{unit: c.LimitOn, most: e.Most, runs: true}
	if e.OfKey {
		if c.Units == 0 {
			return l, "the key is unlimited, so that there is no share of it"
		}
		l.most = math.Floor(e.Most*float64(c.Units) + slack)
	}
	if e.Cohort != "" {
		l.unit = "units"
	}
	return l, ""
}
