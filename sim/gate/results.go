package gate

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"

	"highwater/engine"
	"highwater/scenario"
	"highwater/sim/result"
	"highwater/sim/stats"
)

// Read reads the result that a command has printed as JSON. It is the result
// of a gate, which is only a baseline, when the source is nil.
func Read(data []byte) (Source, *result.Gate, error) {
	schema, kind, err := result.Head(data)
	if err != nil {
		return nil, nil, fmt.Errorf("must be the JSON of a result: %w", err)
	}
	if schema != result.Schema {
		return nil, nil, fmt.Errorf("must be a result with schema %d, not %d", result.Schema, schema)
	}
	var s Source
	switch kind {
	case "gate":
		g := new(result.Gate)
		return nil, g, json.Unmarshal(data, g)
	case "sizing":
		s = new(sized)
	case "simulation":
		s = new(simulated)
	case "comparison":
		s = new(compared)
	case "replay":
		s = new(replayed)
	case "attack":
		s = new(Attacks)
	default:
		return nil, nil, fmt.Errorf("must be a result of size, run, compare, replay, attack or gate, not of kind %q", kind)
	}
	return s, nil, json.Unmarshal(data, s)
}

func begin(kind string, st *result.Study) *result.Gate {
	return &result.Gate{Schema: result.Schema, Kind: "gate", Of: kind, Name: st.Scenario, Fingerprint: st.Fingerprint, Seed: st.Seed, Replications: st.Replications}
}

// needs is a look at what each run needs, or at the range of it where a result
// of an earlier version has no more.
func (l look) needs(by []int, s result.Spread) look {
	l.n = s.N
	switch {
	case by != nil:
		l.values = numbers(by)
	case s.N > 0 && float64(s.Max) <= l.most:
	case s.N > 0 && float64(s.Min) > l.most:
		l.over = s.N
	default:
		return unknown("of %d runs only the range is known, %d to %d: gate the scenario or the result of highwater size", s.N, s.Min, s.Max)
	}
	return l
}

// proportion is a look at runs of which it is known how many have any
// refusal.
func (l look) proportion(p result.Proportion) look {
	if l.most > 0 && p.Count > 0 {
		return unknown("how many refusals a run has is not in the result: gate the scenario")
	}
	l.over, l.n = p.Count, p.N
	return l
}

// sufferedBy adds up the refused attempts or the lost sessions of cohorts by
// run; nil where only their sum over the runs is known.
func sufferedBy(f scenario.Figure, list []result.Cohort, n int) []float64 {
	if n == 0 {
		return nil
	}
	values := make([]float64, n)
	for i := range list {
		total, by := list[i].Refused, list[i].RefusedBy
		if f == scenario.Lost {
			total, by = list[i].Lost, list[i].LostBy
		}
		switch {
		case len(by) == n:
			for run, x := range by {
				values[run] += float64(x)
			}
		case total != 0:
			return nil
		}
	}
	return values
}

func numbers[T int | int32](list []T) []float64 {
	values := make([]float64, len(list))
	for i, n := range list {
		values[i] = float64(n)
	}
	return values
}

// figures are those of runs by which a later gate compares; nil is not known.
func figures(c result.Counted, needed, refused, lost []float64) (list []result.GateFigure) {
	for _, f := range []struct {
		name, unit string
		values     []float64
	}{{"units needed", c.LimitOn, needed}, {"refused attempts", "attempts", refused}, {"sessions lost", "sessions", lost}} {
		if f.values != nil {
			list = append(list, result.GateFigure{Name: f.name, Policy: c.Policy, Unit: f.unit, How: result.Paired, Values: f.values})
		}
	}
	return list
}

// counts adds what was counted to a gate, with the figures of its runs.
func counts(g *result.Gate, c result.Counted, by []int, cohorts []result.Cohort) {
	var needed, refused, lost []float64
	if by != nil {
		needed = numbers(by)
	}
	if cohorts != nil {
		refused, lost = sufferedBy(scenario.Refusals, cohorts, len(by)), sufferedBy(scenario.Lost, cohorts, len(by))
	}
	g.Policies, g.Figures = append(g.Policies, c), append(g.Figures, figures(c, needed, refused, lost)...)
}

// apart is why a result of runs does not tell what an expectation asks, or "".
func apart(e *scenario.Expectation, cohorts bool) string {
	switch {
	case windowed(e):
		return "the result does not tell parts of the day: gate the scenario"
	case e.Cohort != "" && !cohorts:
		return "the result does not tell cohorts: gate the scenario"
	}
	return ""
}

// counted finds a policy in a list, the first for "".
func counted(policy string, n int, at func(int) result.Counted) (int, string) {
	for i := range n {
		if c := at(i); policy == "" || c.Policy == policy {
			return i, ""
		}
	}
	return -1, "nothing was counted by " + policy
}

// sized is a result of size.
type sized result.Sizing

// Begin says what is judged.
func (z *sized) Begin() *result.Gate {
	g := begin(z.Kind, &z.Study)
	for i := range z.Policies {
		p := &z.Policies[i]
		counts(g, p.Counted, p.NeededBy, nil)
	}
	return g
}

func (z *sized) look(e *scenario.Expectation) look {
	if !e.Figure.OfRuns() {
		return elsewhere(ofReal)
	}
	i, why := counted(e.Policy, len(z.Policies), func(i int) result.Counted { return z.Policies[i].Counted })
	if why == "" {
		why = apart(e, false)
	}
	if why != "" {
		return unknown("%s", why)
	}
	p := &z.Policies[i]
	switch {
	case e.Figure == scenario.Peak:
		l, why := peakLook(e, p.Counted)
		l.why, l.values = why, numbers(p.NeededBy)
		return l
	case e.Figure == scenario.Refusals && p.Present != nil:
		return look{unit: "attempts", most: e.Most, runs: true}.proportion(p.Present.Risk)
	}
	return unknown("the result of size does not tell that: gate the scenario")
}

// simulated is a result of run.
type simulated result.Simulation

// Begin says what is judged.
func (s *simulated) Begin() *result.Gate {
	g := begin(s.Kind, &s.Study)
	for i := range s.Policies {
		p := &s.Policies[i]
		counts(g, p.Counted, p.NeededBy, p.Cohorts)
	}
	return g
}

func (s *simulated) look(e *scenario.Expectation) look {
	if !e.Figure.OfRuns() {
		return elsewhere(ofReal)
	}
	i, why := counted(e.Policy, len(s.Policies), func(i int) result.Counted { return s.Policies[i].Counted })
	if why != "" {
		return unknown("%s", why)
	}
	p := &s.Policies[i]
	one := runsBy{p.Counted, s.Replications, p.NeededBy, p.Demand, p.Cohorts, &p.Refusing}
	if p.LimitOn == engine.LimitConnections.String() {
		one.needed = p.DemandConnections
	}
	return one.look(e)
}

// runsBy are runs as they were counted in one way.
type runsBy struct {
	counted  result.Counted
	n        int
	neededBy []int // nil in results of an earlier version
	needed   result.Spread
	cohorts  []result.Cohort
	refusing *result.Proportion // nil is not known
}

func (r *runsBy) look(e *scenario.Expectation) look {
	switch why := apart(e, e.Figure != scenario.Peak); {
	case why != "":
		return unknown("%s", why)
	case e.Figure == scenario.Peak:
		l, why := peakLook(e, r.counted)
		if why != "" {
			return unknown("%s", why)
		}
		return l.needs(r.neededBy, r.needed)
	case !r.counted.Enforced:
		return unknown("%s counts, and refuses nobody", r.counted.Policy)
	}
	return r.suffered(e)
}

// suffered is a look at the refused attempts or the lost sessions of runs, by
// the cohorts that an expectation is about, or at how many of the runs refuse
// anybody where a result of an earlier version has no more.
func (r *runsBy) suffered(e *scenario.Expectation) look {
	l, list := look{unit: "attempts", most: e.Most, runs: true, n: r.n}, r.cohorts
	if e.Figure == scenario.Lost {
		l.unit = "sessions"
	}
	if e.Cohort != "" {
		i := slices.IndexFunc(list, func(c result.Cohort) bool { return c.Name == e.Cohort })
		if i < 0 {
			return unknown("there is no cohort %s", e.Cohort)
		}
		list = list[i : i+1]
	}
	l.values = sufferedBy(e.Figure, list, len(r.neededBy))
	some := slices.ContainsFunc(list, func(c result.Cohort) bool { return c.Refused > 0 || c.Lost > 0 && e.Figure == scenario.Lost })
	switch {
	case l.values != nil:
		return l
	case e.Figure == scenario.Refusals && e.Cohort == "" && r.refusing != nil:
		return l.proportion(*r.refusing)
	case len(list) > 0 && !some:
		return l
	}
	return unknown("only the sum over the runs is known: gate the scenario")
}

// compared is a result of compare.
type compared result.Comparison

// Begin says what is judged.
func (c *compared) Begin() *result.Gate {
	g := begin(c.Kind, &c.Study)
	for i := range c.Sides {
		counts(g, c.side(i), c.Sides[i].NeededBy, c.Sides[i].Cohorts)
	}
	return g
}

// side is a side by its name.
func (c *compared) side(i int) result.Counted {
	s := c.Sides[i].Counted
	s.Policy = c.Sides[i].Name
	return s
}

func (c *compared) look(e *scenario.Expectation) look {
	if !e.Figure.OfRuns() {
		return elsewhere(ofReal)
	}
	i, why := counted(e.Policy, len(c.Sides), c.side)
	if why != "" {
		return unknown("%s", why)
	}
	s := &c.Sides[i]
	one := runsBy{c.side(i), c.Replications, s.NeededBy, s.Needed, s.Cohorts, nil}
	if s.Refusals != nil {
		one.refusing = &s.Refusals.Risk
	}
	return one.look(e)
}

// replayed is a result of replay: one run, as it was.
type replayed result.Replay

// Begin says what is judged.
func (r *replayed) Begin() *result.Gate {
	g := &result.Gate{Schema: result.Schema, Kind: "gate", Of: "replay"}
	g.Policies = []result.Counted{{Policy: r.Policy, Base: r.Policy, Units: r.Units}}
	type figure struct {
		name, unit string
		value      int64
	}
	list := []figure{{"refused attempts", "attempts", r.Refused}}
	if needed, known := r.needed(); known {
		list = append([]figure{{"peak", "units", needed}}, list...)
	}
	for _, f := range list {
		g.Figures = append(g.Figures, result.GateFigure{Name: f.name, Policy: r.Policy, Unit: f.unit, How: result.Exact, Values: []float64{float64(f.value)}})
	}
	return g
}

// needed is the peak if nobody were refused, or what it is at least: then it is
// not known.
func (r *replayed) needed() (units int64, known bool) {
	if r.Metered != nil {
		return int64(r.Demand.Units), true
	}
	return int64(r.Peak.Units), r.Refused == 0
}

func (r *replayed) look(e *scenario.Expectation) look {
	if !e.Figure.OfRuns() {
		return elsewhere(ofReal)
	}
	if why := apart(e, false); why != "" {
		return unknown("%s", why)
	}
	switch {
	case e.Policy != "" && e.Policy != r.Policy:
		return unknown("nothing was counted by %s", e.Policy)
	case r.Events == 0:
		return unknown("the trace has no events")
	case e.Figure == scenario.Peak:
		needed, known := r.needed()
		l, why := peakLook(e, result.Counted{LimitOn: "units", Units: r.Units})
		if !known && why == "" && float64(needed) <= l.most { // more than that is needed, or as much
			return unknown("%d attempts were refused, and what they would have needed is not in the result: replay with --drawn", r.Refused)
		}
		l.why, l.runs, l.values, l.bare = why, false, []float64{float64(needed)}, asItWas
		return l
	case e.Figure == scenario.Refusals:
		return look{unit: "attempts", most: e.Most, values: []float64{float64(r.Refused)}, bare: asItWas}
	}
	return unknown("the result of replay does not tell that")
}

// Attacks are results of attack, of runs of the same plan.
type Attacks struct{ Runs []result.Attack }

// UnmarshalJSON reads one result.
func (a *Attacks) UnmarshalJSON(data []byte) error {
	a.Runs = make([]result.Attack, 1)
	return json.Unmarshal(data, &a.Runs[0])
}

// Begin says what is judged.
func (a *Attacks) Begin() *result.Gate {
	first := &a.Runs[0]
	g := &result.Gate{Schema: result.Schema, Kind: "gate", Of: "attack", Name: first.Scenario, Fingerprint: first.Fingerprint, Seed: first.Seed}
	for _, f := range []struct {
		name, unit string
		value      func(*result.AttackRun) float64
	}{
		{"response p50", "s", func(r *result.AttackRun) float64 { return r.Response.P50.Seconds() }},
		{"response p99", "s", func(r *result.AttackRun) float64 { return r.Response.P99.Seconds() }},
		{"requests refused", "attempts", func(r *result.AttackRun) float64 { return float64(r.Refused) }},
		{"requests failed", "attempts", func(r *result.AttackRun) float64 { return float64(r.Failed) }},
	} {
		figure := result.GateFigure{Name: f.name, Unit: f.unit, How: result.Timing}
		for i := range a.Runs {
			if doubt(&a.Runs[i]) == "" && !a.mixed() {
				figure.Values = append(figure.Values, f.value(a.Runs[i].Sent))
			}
		}
		g.Figures = append(g.Figures, figure)
	}
	return g
}

// mixed reports whether the runs sent different requests.
func (a *Attacks) mixed() bool {
	return slices.ContainsFunc(a.Runs, func(r result.Attack) bool { return r.Schedule != a.Runs[0].Schedule })
}

// doubt is why a run cannot be judged, or "".
func doubt(r *result.Attack) string {
	switch {
	case r.Sent == nil:
		return "nothing was sent"
	case r.Partial:
		return "the run ended before its plan did"
	}
	why, ok := r.Doubt()
	switch {
	case !ok:
		return ""
	case why != "":
		return "the run is inconclusive: " + why
	}
	return "the run is inconclusive"
}

// look is the worst look at any of the runs.
func (a *Attacks) look(e *scenario.Expectation) look {
	if a.mixed() {
		return unknown("the results are not of one plan: their schedules differ")
	}
	var worst look
	for i := range a.Runs {
		l := attacked(e, &a.Runs[i])
		if l.why != "" {
			return l
		}
		if i == 0 || l.values[0] > worst.values[0] {
			worst = l
		}
	}
	return worst
}

func attacked(e *scenario.Expectation, run *result.Attack) look {
	if e.Figure == scenario.Peak || e.Figure == scenario.Lost || e.Policy != "" {
		return elsewhere("it is asked of simulated runs")
	}
	if why := doubt(run); why != "" {
		return unknown("%s", why)
	}
	if windowed(e) {
		return unknown("the result of attack does not tell parts of the day")
	}
	sent := run.Sent
	all := result.AttackGroup{Requests: sent.First + sent.Retries, Refused: sent.Refused, Failed: sent.Failed, Response: sent.Response}
	group := &all
	if e.Cohort != "" {
		group = nil
		for i := range sent.Cohorts {
			if sent.Cohorts[i].Name == e.Cohort {
				group = &sent.Cohorts[i]
			}
		}
	}
	switch {
	case group == nil || group.Requests == 0:
		return unknown("no request was sent")
	case group.Failed < 0 || group.Failed > group.Requests:
		return unknown("the result says that %d of %d requests failed", group.Failed, group.Requests)
	case e.Figure == scenario.Latency:
		return latency(e, &group.Response)
	case e.Figure == scenario.Divergence:
		return divergence(e, run.Curves)
	case e.Figure == scenario.Lag:
		return latency(e, &sent.Lag)
	case e.Figure == scenario.Refusals:
		return look{unit: "attempts", most: e.Most, values: []float64{float64(group.Refused)}, n: int(group.Requests), bare: asItWas}
	case e.Figure == scenario.Failures:
		n := int(group.Requests)
		low, high := stats.ClopperPearson(int(group.Failed), n, 2*e.Confidence-1)
		return look{most: e.Most, values: []float64{float64(group.Failed) / float64(n)}, low: &low, high: &high, n: n}
	}
	return unknown("the result of attack does not tell that")
}

// divergence is a look at the units that the target reported, or at those whom
// it answered otherwise for certain if they are too many. What is certain is
// the lower limit of the units.
func divergence(e *scenario.Expectation, c *result.Curves) look {
	if c == nil || c.Divergence == nil {
		return unknown("the target reported no units")
	}
	d := c.Divergence
	switch {
	case d.Samples <= d.Failed:
		return unknown("no look at the target's units brought any")
	case c.Unlike != "":
		return unknown("the target's units cannot be compared: %s", c.Unlike)
	}
	if o := c.Outcomes; o != nil && float64(o.Wrong()) > e.Most {
		wrong := float64(o.Wrong())
		return look{unit: "attempts", most: e.Most, values: []float64{wrong}, n: int(o.Attempts), shown: true,
			low: &wrong, high: new(wrong + float64(o.Attempts-o.Certain))}
	}
	seen := look{unit: "units", most: e.Most, values: []float64{d.Off()}, low: new(float64(d.Most))}
	high, ok := d.AtMost()
	switch {
	case ok && e.Confidence == result.LimitConfidence:
		seen.high = &high
		seen.note = fmt.Sprintf(", of %d samples, in %d batches", d.Mean.N, d.Mean.Batches)
	case *seen.low > e.Most: // which is certain
		seen.shown = true
	case ok:
		return unknown("the result has limits with %s alone", percent(result.LimitConfidence))
	default:
		return unknown("there are too few samples of the target's units for an interval: %d", d.Mean.N)
	}
	return seen
}

// latency is a look at a percentile, which so few as have no larger one would
// not tell.
func latency(e *scenario.Expectation, l *result.Latency) look {
	p := e.Percentile
	value, ok := map[float64]engine.Time{0.5: l.P50, 0.9: l.P90, 0.99: l.P99, 0.999: l.P999}[p]
	switch least := stats.LeastSamples(p, e.Confidence); {
	case !ok:
		return unknown("the result has no such percentile")
	case l.N > math.MaxInt32 || int(l.N) < least:
		return unknown("the percentile takes at least %d requests, and there are %d", least, l.N)
	}
	seen := look{unit: "s", most: e.Most, values: []float64{value.Seconds()}, n: int(l.N), shown: true, bare: "the result has no limits"}
	for _, q := range l.Limits {
		if q.Share == p && q.Low != nil && q.High != nil {
			seen.low, seen.high, seen.bare = new(q.Low.Seconds()), new(q.High.Seconds()), ""
		}
	}
	if seen.bare == "" && e.Confidence != result.LimitConfidence {
		seen.low, seen.high, seen.bare = nil, nil, "the result has limits with "+percent(result.LimitConfidence)+" alone"
	}
	return seen
}

// asItWas is why what one run came to has no limits.
const asItWas = "it is what one run came to"

// Version is the version of the program that a result says it is of, "" when
// it says none.
func Version(data []byte) string {
	var head struct {
		Version string `json:"version"`
	}
	_ = json.Unmarshal(data, &head) // Read has said what is wrong with it
	return head.Version
}
