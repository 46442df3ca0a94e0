package sizing

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"highwater/engine"
	"highwater/scenario"
	"highwater/sim"
	"highwater/sim/result"
	"highwater/sim/stats"
)

// A Side is what is to be compared.
type Side struct {
	Name string
	sim.Case
	// Contract counts the same people by contract; it stands beside the side.
	Contract engine.Policy
}

// Compare compares sides with the first of them, over replications in which
// all have the same people at the same instants. Of the question it takes the
// risks, the confidence and whether a report is drawn. When the context ends it answers by the
// replications that are done; the error is the context's.
func Compare(ctx context.Context, sides []Side, o sim.Options, q *Question) (*result.Comparison, error) {
	cases, contracts := casesOf(sides)
	o.Explain = q.Course
	samples, err := sim.Replicate(ctx, cases, o)
	res := &result.Comparison{Study: sim.StudyOf("comparison", samples, o, q.Confidence, err), Sides: []result.Side{}, Pairs: []result.Pair{}}
	if res.Replications == 0 {
		return res, err
	}
	res.Explanation = samples[0].Explanation()
	for i := range sides {
		res.Sides = append(res.Sides, sideOf(sides[i].Name, samples[i], samples[contracts[i]], q))
	}
	for i := 1; i < len(sides); i++ {
		res.Pairs = append(res.Pairs, pairOf(sides[i].Name, samples[0], samples[i], q))
	}
	last := sides[len(sides)-1].Scenario
	if first := sides[0].Scenario; last != first {
		res.Shared = shared(first, last)
	}
	res.Warnings = comparisonWarnings(sides, res)
	return res, err
}

// casesOf lists the cases of the sides, and then of the contract's counts that
// are no side; contracts says which case is that of each side.
func casesOf(sides []Side) (cases []sim.Case, contracts []int) {
	for i := range sides {
		cases = append(cases, sides[i].Case)
	}
	for i := range sides {
		sc := sides[i].Scenario
		at := slices.IndexFunc(cases, func(c sim.Case) bool { return c.Scenario == sc && c.Policy.Contract })
		if sides[i].Policy.Contract {
			at = i
		}
		if at < 0 {
			at = len(cases)
			cases = append(cases, sim.Case{Scenario: sc, Policy: sides[i].Contract})
		}
		contracts = append(contracts, at)
	}
	return cases, contracts
}

func sideOf(name string, s, contract *sim.Sample, q *Question) result.Side {
	side := result.Side{
		Name: name, Scenario: s.Scenario.Name, Counted: s.Case.Counted(), Needed: spreadOf(s), MeanUnits: stats.Average(meanUnits(s)),
		Cohorts: s.Use.ByCohort(), TimeAt: s.Use.UnitsTimes(), Outlook: outlook(s, q, q.Confidence), Course: s.Course(),
	}
	if s != contract {
		side.Contract = &result.ContractCount{Needed: spreadOf(contract)}
		if s.Policy.LimitOn == engine.LimitUnits {
			side.Contract.Difference = new(Paired(needed(contract), needed(s), q.Confidence))
		}
	}
	if limits(&s.Case) {
		side.Refusals = refusals(s, q.Confidence)
	}
	return side
}

func spreadOf(s *sim.Sample) result.Spread {
	list := sorted(s)
	return result.Spread{Min: list[0], Median: list[(s.N-1)/2], Max: list[s.N-1], N: s.N}
}

// limits reports whether a case ever refuses anybody for lack of something.
func limits(c *sim.Case) bool { return c.Cap() > 0 || c.Policy.ConnectionLimit > 0 }

func refusals(s *sim.Sample, confidence float64) *result.Refusals {
	r := &result.Refusals{Risk: result.Proportion{N: s.N, Confidence: confidence}}
	for _, refusing := range refusing(s) {
		if refusing {
			r.Risk.Count++
		}
	}
	r.Risk.Low, r.Risk.High = stats.ClopperPearson(r.Risk.Count, s.N, confidence)
	r.First = quantileAt(stats.KaplanMeier(lifetimes(s), confidence), 0.5)
	r.Attempts, r.Lost = stats.Average(total(s.Use.Refused, s.N)), stats.Average(total(s.Use.Lost, s.N))
	r.Counts = s.Use.RefusalCounts()
	return r
}

// pairOf compares a side with the baseline.
func pairOf(name string, base, other *sim.Sample, q *Question) result.Pair {
	p := result.Pair{Side: name, MeanUnits: means(meanUnits(base), meanUnits(other), q.Confidence)}
	if base.Policy.LimitOn == other.Policy.LimitOn {
		p.Needed = new(means(needed(base), needed(other), q.Confidence))
		p.Enough = new(gap(sorted(base), sorted(other), q.Risks[0], q.Confidence))
	}
	refuse := (limits(&base.Case) || limits(&other.Case)) && !base.Policy.Contract && !other.Policy.Contract
	if refuse {
		p.Refusals = &result.RefusalPair{
			Risk:     PairedShares(refusing(base), refusing(other), q.Confidence),
			First:    means(untilRefusal(base), untilRefusal(other), q.Confidence),
			Attempts: means(total(base.Use.Refused, base.N), total(other.Use.Refused, other.N), q.Confidence),
			Lost:     means(total(base.Use.Lost, base.N), total(other.Use.Lost, other.N), q.Confidence),
		}
	}
	p.Cohorts = cohortPairs(base, other, refuse, q.Confidence)
	return p
}

// means compares a number on both sides, by replication.
func means[T int | int32 | float64](base, other []T, confidence float64) result.Means {
	return result.Means{Base: stats.Average(base), Other: stats.Average(other), Difference: Paired(base, other, confidence)}
}

// meanUnits lists the time averages of what the replications need.
func meanUnits(s *sim.Sample) []float64 {
	list := make([]float64, s.N)
	for i, u := range s.Demand.UnitSeconds {
		list[i] = u / s.Scenario.Duration.Seconds()
	}
	return list
}

// refusing tells in which replications anybody is refused.
func refusing(s *sim.Sample) []bool {
	list := make([]bool, s.N)
	for i, f := range s.First {
		list[i] = f != nil
	}
	return list
}

// untilRefusal lists the seconds until the first refusal, or to the end of a
// replication without one.
func untilRefusal(s *sim.Sample) []float64 {
	list := make([]float64, s.N)
	for i, l := range lifetimes(s) {
		list[i] = l.At
	}
	return list
}

// total sums up what there is by cohort and replication over the cohorts.
func total(lists [][]int32, n int) []int {
	sums := make([]int, n)
	for _, list := range lists {
		for i, x := range list {
			sums[i] += int(x)
		}
	}
	return sums
}

// gap compares what is enough by what the replications need in order.
func gap(base, other []int, risk, confidence float64) result.Gap {
	g := result.Gap{Risk: risk}
	if a, b := Enough(base, risk, confidence).Units, Enough(other, risk, confidence).Units; a != nil && b != nil {
		g.Units = new(*b - *a)
	}
	n := len(base)
	low, high, _ := stats.QuantileRanks(n, 1-risk, (1+confidence)/2)
	if low >= 1 && high <= n {
		g.Low, g.High = new(other[low-1]-base[high-1]), new(other[high-1]-base[low-1])
	}
	return g
}

// cohortPairs compares what cohorts hold and what is refused to them: the
// baseline's in their order, then those that only the other side has, then
// those that share license user IDs.
func cohortPairs(base, other *sim.Sample, refuse bool, confidence float64) []result.CohortPair {
	list := []result.CohortPair{}
	for _, name := range cohortNames(base, other) {
		p := result.CohortPair{Cohort: name, AtPeak: means(base.UnitsAtPeak(name), other.UnitsAtPeak(name), confidence), Fares: result.Alike}
		i, j := cohortIndex(base.Scenario, name), cohortIndex(other.Scenario, name)
		if refuse && i >= 0 && j >= 0 {
			p.Attempts = new(means(base.Use.Refused[i], other.Use.Refused[j], confidence))
			p.Lost = new(means(base.Use.Lost[i], other.Use.Lost[j], confidence))
			p.Fares = cmp.Or(fares(&p.Lost.Difference), fares(&p.Attempts.Difference))
			if p.Fares == "" {
				p.Fares = unclear(&p.Lost.Difference, &p.Attempts.Difference)
			}
		}
		list = append(list, p)
	}
	return list
}

// cohortNames are the cohorts of both sides, and what they are together where
// they share license user IDs at a peak.
func cohortNames(base, other *sim.Sample) []string {
	var names, together []string
	for _, s := range []*sim.Sample{base, other} {
		for i := range s.Scenario.Cohorts {
			names = append(names, s.Scenario.Cohorts[i].Name)
		}
		for _, c := range s.AtPeak {
			together = append(together, c.Cohort)
		}
	}
	slices.Sort(together)
	var list []string
	for _, name := range append(names, together...) {
		if !slices.Contains(list, name) {
			list = append(list, name)
		}
	}
	return list
}

func cohortIndex(sc *scenario.Scenario, name string) int {
	return slices.IndexFunc(sc.Cohorts, func(c scenario.Cohort) bool { return c.Name == name })
}

// fares says whether what a cohort does not want is less or more; "" when that
// cannot be told.
func fares(d *result.Difference) result.Fares {
	switch {
	case !d.Clear():
		return ""
	case d.Mean < 0:
		return result.Better
	}
	return result.Worse
}

func unclear(list ...*result.Difference) result.Fares {
	for _, d := range list {
		if d.Equal < d.N {
			return result.Unclear
		}
	}
	return result.Alike
}

// shared says which cohorts two scenarios have in common.
func shared(first, second *scenario.Scenario) *result.SharedCohorts {
	c := &result.SharedCohorts{Both: []string{}, OnlyFirst: []string{}, OnlySecond: []string{}}
	for i := range first.Cohorts {
		if name := first.Cohorts[i].Name; cohortIndex(second, name) >= 0 {
			c.Both = append(c.Both, name)
		} else {
			c.OnlyFirst = append(c.OnlyFirst, name)
		}
	}
	for i := range second.Cohorts {
		if name := second.Cohorts[i].Name; cohortIndex(first, name) < 0 {
			c.OnlySecond = append(c.OnlySecond, name)
		}
	}
	return c
}

// comparisonWarnings say what to know about a comparison.
func comparisonWarnings(sides []Side, res *result.Comparison) []string {
	list := []string{}
	var connections []string
	for i := range sides {
		if sides[i].Policy.LimitOn == engine.LimitConnections {
			connections = append(connections, sides[i].Name)
		}
	}
	if connections != nil {
		list = append(list, "the key limits connections, and what is needed are connections, for "+strings.Join(connections, ", "))
	}
	first, last := sides[0].Scenario, sides[len(sides)-1].Scenario
	if !first.Start.Equal(last.Start) {
		list = append(list, fmt.Sprintf("the scenarios start at different times, so that arrivals by the clock differ: %s and %s",
			first.Start.Format("Mon 2 Jan 2006 15:04 MST"), last.Start.Format("Mon 2 Jan 2006 15:04 MST")))
	}
	if res.Shared != nil && len(res.Shared.Both) == 0 {
		list = append(list, "the scenarios have no cohort in common: other people come, and to compare them pair by pair gains nothing")
	}
	if res.Replications == 1 {
		list = append(list, "one replication has no intervals: what differs may be chance")
	}
	return list
}
