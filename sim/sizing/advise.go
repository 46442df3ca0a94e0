package sizing

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"highwater/engine"
	"highwater/sim"
	"highwater/sim/result"
	"highwater/sim/stats"
)

// mostPaired is how many of the measures that save most, and turn nobody away,
// are tried in pairs.
const mostPaired = 4

// firstShare is what share of the work the measures by themselves are said to
// be; the rest are the pairs.
const firstShare = 0.6

// Advise tries on a case what an administrator can do, and pairs of what saves
// most. When the context ends it answers by the replications that are done,
// and without the pairs that are not; the error is the context's.
func Advise(ctx context.Context, c sim.Case, o sim.Options, q *Question) (*result.Advice, error) {
	a := newAdvisor(c, q)
	progress := o.Progress
	o.Progress = scaled(progress, 0, firstShare)
	samples, err := try(ctx, o, a.singles, c, contractOf(c))
	a.now, a.contract = samples[0], samples[1]
	res := &result.Advice{
		Study: sim.StudyOf("advice", samples, o, q.Confidence, err), Counted: c.Counted(),
		Measures: []result.Measure{}, DoesNotApply: a.skipped, Warnings: warnings(&c),
	}
	if res.Replications == 0 {
		return res, err
	}
	now := a.now
	res.Cohorts, res.TimeAt, res.Refusals, res.Course = now.Use.Cohorts, now.Use.UnitsTimes(), now.Use.RefusalCounts(), now.Course()
	pairs := a.pairs()
	if err == nil && len(pairs) > 0 {
		o.Progress = scaled(progress, firstShare, 1)
		if samples, err = try(ctx, o, pairs); err != nil {
			res.EndedBy = sim.StudyOf("", samples, o, q.Confidence, err).EndedBy
		}
	}
	if err != nil {
		pairs = nil
	}
	a.tell(res, pairs)
	return res, err
}

// scaled tells of progress that is a part of a whole.
func scaled(show func(float64), from, to float64) func(float64) {
	if show == nil {
		return nil
	}
	return func(share float64) { show(from + share*(to-from)) }
}

// An advisor tries measures on a case.
type advisor struct {
	q             *Question
	level         float64 // of confidence, for each interval
	now, contract *sim.Sample
	singles       []*attempt
	skipped       []result.Inapplicable
}

// An attempt is a case with a measure taken, or two of them.
type attempt struct {
	sim.Case
	of               []*measure
	plans            []*plan
	parts            []*attempt // of a pair
	sample, contract *sim.Sample
}

func newAdvisor(c sim.Case, q *Question) *advisor {
	a := &advisor{q: q, skipped: []result.Inapplicable{}}
	for i := range measures {
		t := &attempt{Case: copied(c)}
		if why := t.add(&measures[i]); why == "" {
			a.singles = append(a.singles, t)
		} else {
			a.skipped = append(a.skipped, result.Inapplicable{Name: measures[i].name, Title: measures[i].title, Why: why})
		}
	}
	return a
}

// copied is a case whose cohorts and proxies can be changed.
func copied(c sim.Case) sim.Case {
	sc := *c.Scenario
	sc.Cohorts, sc.Proxies = slices.Clone(sc.Cohorts), slices.Clone(sc.Proxies)
	c.Scenario = &sc
	return c
}

// add takes one more measure, or says why it does not apply.
func (t *attempt) add(m *measure) (why string) {
	p, why := m.apply(&t.Case)
	if why == "" {
		t.of, t.plans = append(t.of, m), append(t.plans, p)
	}
	return why
}

// people reports whether the contract may count others than before.
func (t *attempt) people() bool {
	return slices.ContainsFunc(t.plans, func(p *plan) bool { return p.people })
}

// contractOf counts a case by the contract.
func contractOf(c sim.Case) sim.Case {
	contract, _ := engine.NamedPolicy("contract")
	contract.ContractOver = c.Policy.ContractOver
	return sim.Case{Scenario: c.Scenario, Policy: contract}
}

// try replicates some cases and attempts, those whose people and devices are
// others by the contract too.
func try(ctx context.Context, o sim.Options, list []*attempt, cases ...sim.Case) ([]*sim.Sample, error) {
	next := len(cases)
	for _, t := range list {
		cases = append(cases, t.Case)
		if t.people() {
			cases = append(cases, contractOf(t.Case))
		}
	}
	samples, err := sim.Replicate(ctx, cases, o)
	for _, t := range list {
		t.sample = samples[next]
		next++
		if t.people() {
			t.contract = samples[next]
			next++
		}
	}
	return samples, err
}

// pairs are those of the measures that save most and turn nobody away.
func (a *advisor) pairs() []*attempt {
	means := map[*attempt]float64{}
	var best []*attempt
	for _, t := range a.singles {
		if d := saved(a.now, t.sample, a.q.Confidence); d.Clear() && d.Mean > 0 && !a.turnsAway(t) {
			means[t] = d.Mean
			best = append(best, t)
		}
	}
	slices.SortStableFunc(best, func(x, y *attempt) int { return cmp.Compare(means[y], means[x]) })
	best = best[:min(mostPaired, len(best))]
	slices.SortFunc(best, func(x, y *attempt) int { return slices.Index(a.singles, x) - slices.Index(a.singles, y) })
	var list []*attempt
	for i, x := range best {
		for _, y := range best[i+1:] {
			p := &attempt{Case: copied(x.Case), of: slices.Clone(x.of), plans: slices.Clone(x.plans), parts: []*attempt{x, y}}
			if !x.of[0].clashes(y.of[0]) && p.add(y.of[0]) == "" {
				list = append(list, p)
			}
		}
	}
	return list
}

// clashes reports whether two measures change the same setting.
func (m *measure) clashes(other *measure) bool {
	mine := strings.Fields(m.changes)
	return slices.ContainsFunc(strings.Fields(other.changes), func(s string) bool { return slices.Contains(mine, s) })
}

// saved is by how many units one sample needs less than another.
func saved(before, after *sim.Sample, confidence float64) result.Difference {
	return Paired(needed(after), needed(before), confidence)
}

// tell puts the measures into the advice, those first that save most.
//
// All intervals of the measures share the error. Which pairs are tried depends
// on the replications, so that all that there could be have a part in it.
func (a *advisor) tell(res *result.Advice, pairs []*attempt) {
	n := len(a.singles)
	res.PairsTried = len(pairs)
	res.Comparisons = 3*n + 4*n*(n-1)/2
	a.level = 1 - (1-a.q.Confidence)/float64(max(1, res.Comparisons))
	res.Now, res.Contract = a.standing(a.now), a.enough(a.contract)
	for _, t := range a.singles {
		res.Measures = append(res.Measures, a.measure(t))
	}
	for _, t := range pairs {
		if m := a.measure(t); m.Beyond != nil {
			res.Measures = append(res.Measures, m)
		}
	}
	slices.SortFunc(res.Measures, func(x, y result.Measure) int {
		return cmp.Or(cmp.Compare(y.Saved.Mean, x.Saved.Mean), slices.Compare(x.Names, y.Names))
	})
}

// measure says what came of an attempt. That of a pair has no Beyond when it
// does not clearly save more than each of the two.
func (a *advisor) measure(t *attempt) result.Measure {
	m := result.Measure{
		Verdict: result.NotShown, Concerns: []string{}, Warnings: []string{}, Saved: saved(a.now, t.sample, a.level),
		Refused: means(total(a.now.Use.Refused, a.now.N), total(t.sample.Use.Refused, a.now.N), a.level),
		Lost:    means(total(a.now.Use.Lost, a.now.N), total(t.sample.Use.Lost, a.now.N), a.level),
		Then:    a.standing(t.sample), Contract: a.enough(a.contract), TurnsAway: a.turnsAway(t),
	}
	if t.contract != nil {
		m.Contract = a.enough(t.contract)
	}
	switch {
	case m.Saved.Clear() && m.Saved.Mean > 0:
		m.Verdict = result.Saves
	case m.Saved.Clear():
		m.Verdict = result.Costs
	}
	var titles []string
	for i, p := range t.plans {
		titles = append(titles, p.title)
		m.Names, m.Do, m.Costs = append(m.Names, t.of[i].name), append(m.Do, p.do...), append(m.Costs, p.costs...)
		for _, c := range p.concerns {
			m.Concerns = appendNew(m.Concerns, c)
		}
	}
	m.Title = strings.Join(titles, " + ")
	a.limited(t, &m)
	m.Beyond = a.beyond(t)
	if then, terms := m.Then.Enough.Best(), m.Contract.Best(); comparable(&t.Case) && then != nil && terms != nil && *then < *terms {
		m.Warnings = append(m.Warnings, fmt.Sprintf("the contract's count is %d (people and devices at once, %d connections each), though the software "+
			"then asks for %d: this saves refusals, not what the contract asks for", *terms, engine.ContractConnections, *then))
	}
	return m
}

// comparable reports whether a case's units can be set against the contract.
func comparable(c *sim.Case) bool {
	return c.Policy.LimitOn == engine.LimitUnits && !c.Policy.Contract
}

// leastBeyond is how many units a pair has to save beyond the better of the two
// to be worth its place.
const leastBeyond = 0.5

// beyond is what a pair saves beyond the better of the two; nil when it isn't
// clearly more than either of them.
func (a *advisor) beyond(t *attempt) *result.Difference {
	var least *result.Difference
	for _, part := range t.parts {
		d := saved(part.sample, t.sample, a.level)
		if !d.Clear() || d.Mean < leastBeyond {
			return nil
		}
		if least == nil || d.Mean < least.Mean {
			least = &d
		}
	}
	return least
}

// turnsAway reports whether somebody would be turned away by the measure
// itself, however large the key were: by a limit of connections, or by waiting
// in vain.
func (a *advisor) turnsAway(t *attempt) bool { return turnedAway(t.sample) > turnedAway(a.now) }

func turnedAway(s *sim.Sample) (n int64) {
	for _, c := range s.Demand.Cohorts {
		n += c.Refused + c.Lost + c.TimedOut
	}
	return n
}

// limited names whom a limit of connections refuses.
func (a *advisor) limited(t *attempt, m *result.Measure) {
	if t.Policy.ConnectionLimit == a.now.Policy.ConnectionLimit {
		return
	}
	several := false
	for i := range t.sample.Demand.Cohorts {
		if c := &t.Scenario.Cohorts[i]; t.sample.Demand.Cohorts[i].Refused > 0 {
			m.Concerns = appendNew(m.Concerns, c.Name)
			several = several || c.Connections.Most()*c.Devices.Most() > 1
		}
	}
	if several {
		m.Costs = append(m.Costs, "who opens several connections, and is refused one of them, is reckoned here to get none")
	}
}

func (a *advisor) enough(s *sim.Sample) result.Need {
	return Enough(sorted(s), a.q.Risks[0], a.q.Confidence)
}

func (a *advisor) standing(s *sim.Sample) result.Standing {
	st := result.Standing{
		Needed: spreadOf(s), Enough: a.enough(s), Refused: stats.Average(total(s.Use.Refused, s.N)), Lost: stats.Average(total(s.Use.Lost, s.N)),
		ByLimit: stats.Average(total(s.Demand.Refused, s.N)), Cohorts: []result.CohortRefused{}, Queues: s.Use.Waiting(),
	}
	for i := range s.Use.Cohorts {
		if c := &s.Use.Cohorts[i]; c.Refused > 0 || c.Lost > 0 {
			st.Cohorts = append(st.Cohorts, result.CohortRefused{Name: c.Name, Refused: stats.Average(s.Use.Refused[i]), Lost: stats.Average(s.Use.Lost[i])})
		}
	}
	slices.SortStableFunc(st.Cohorts, func(x, y result.CohortRefused) int { return cmp.Compare(y.Refused, x.Refused) })
	if limit := s.Cap(); limit > 0 {
		st.Refusing = &result.Proportion{N: s.N, Confidence: a.q.Confidence}
		for _, units := range needed(s) {
			if units > limit {
				st.Refusing.Count++
			}
		}
		st.Refusing.Low, st.Refusing.High = stats.ClopperPearson(st.Refusing.Count, s.N, a.q.Confidence)
	}
	return st
}

// warnings are what to know about all measures of a case.
func warnings(c *sim.Case) []string {
	list := []string{}
	if c.Cap() == 0 {
		list = append(list, "no key limits anything here: nobody is refused, whatever is saved")
	}
	if c.Policy.LimitOn == engine.LimitConnections {
		list = append(list, "the key limits connections: all numbers of units here are connections")
	}
	if c.Policy.Contract {
		list = append(list, "this is the contract's count, which settings do not change, but for how long sessions last")
	}
	return list
}
