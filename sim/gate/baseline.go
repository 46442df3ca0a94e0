package gate

import (
	"fmt"
	"math"
	"slices"

	"highwater/engine"
	"highwater/sim/result"
	"highwater/sim/sizing"
	"highwater/sim/stats"
)

// Allowed is how much more than a baseline is no failure.
type Allowed struct {
	Units  float64 // of units and of connections
	Timing float64 // a share of the baseline's
}

// confidence of the intervals of paired differences.
const confidence = 0.95

// Compare compares what was judged with a baseline, and judges that too.
func Compare(g, base *result.Gate, allowed Allowed) {
	b := &result.Baseline{Version: base.Version, Fingerprint: base.Fingerprint, Seed: base.Seed, Changes: changes(g, base)}
	var list []result.Judgement
	for i := range g.Figures {
		f := &g.Figures[i]
		old := slices.IndexFunc(base.Figures, func(o result.GateFigure) bool { return o.Name == f.Name && o.Policy == f.Policy })
		c := result.Compared{Name: f.Name, How: f.How, Unit: f.Unit, Verdict: result.CannotTell, Why: "the baseline does not have it"}
		if f.Policy != "" {
			c.Name += ", " + f.Policy
		}
		if base.Of != g.Of && slices.ContainsFunc(base.Policies, func(o result.Counted) bool { return o.Policy == f.Policy }) {
			c.Verdict = result.Skipped // another kind of result has fewer figures
		}
		if old >= 0 {
			c.Verdict = result.CannotTell
			compare(&c, f, &base.Figures[old], g, base, allowed)
		}
		b.Compared = append(b.Compared, c)
	}
	for i := range base.Figures {
		o := &base.Figures[i]
		if slices.ContainsFunc(g.Figures, func(f result.GateFigure) bool { return o.Name == f.Name && o.Policy == f.Policy }) {
			continue
		}
		c := result.Compared{Name: o.Name, How: o.How, Unit: o.Unit, Verdict: result.CannotTell, Why: "only the baseline has it"}
		if o.Policy != "" {
			c.Name += ", " + o.Policy
		}
		b.Compared = append(b.Compared, c)
	}
	for i := range b.Compared {
		list = append(list, b.Compared[i].Verdict)
	}
	b.Verdict = worst(list)
	g.Baseline = b
	g.Verdict = Verdict(g)
}

// changes says what else differs from the baseline.
func changes(g, base *result.Gate) []string {
	list := []string{}
	note := func(format string, args ...any) { list = append(list, fmt.Sprintf(format, args...)) }
	if g.Name != base.Name {
		note("the baseline is of another scenario, %q", base.Name)
	}
	if g.Fingerprint != base.Fingerprint {
		note("the scenario's files have changed")
	}
	if g.Seed != base.Seed {
		note("the seed is %d, and was %d", g.Seed, base.Seed)
	}
	if g.Replications != base.Replications {
		note("there are %d replications, and were %d", g.Replications, base.Replications)
	}
	if g.Version != base.Version && base.Version != "" { // a result of replay has none
		note("the version is %s, and was %s", g.Version, base.Version)
	}
	for i := range g.Policies {
		p := &g.Policies[i]
		old := slices.IndexFunc(base.Policies, func(o result.Counted) bool { return o.Policy == p.Policy })
		if old < 0 {
			note("policy %s was not counted in the baseline", p.Policy)
			continue
		}
		o := &base.Policies[old]
		if p.Units != o.Units {
			note("the key of %s is %s, and was %s", p.Policy, key(p.Units), key(o.Units))
		}
		if p.Base != o.Base || p.LimitOn != o.LimitOn || p.Enforced != o.Enforced || !slices.Equal(p.Options, o.Options) {
			note("policy %s is %s, and was %s", p.Policy, policyText(p), policyText(o))
		}
	}
	for i := range base.Policies {
		o := &base.Policies[i]
		if !slices.ContainsFunc(g.Policies, func(p result.Counted) bool { return o.Policy == p.Policy }) {
			note("policy %s is no longer counted", o.Policy)
		}
	}
	return list
}

func key(units int) string {
	if units == 0 {
		return "unlimited"
	}
	return fmt.Sprint(units)
}

func policyText(c *result.Counted) string {
	text := c.Base
	for _, o := range c.Options {
		text += settingText(o)
	}
	return text
}

func settingText(s engine.Setting) string { return " " + s.Name + "=" + s.Value }

// compare compares a figure with the same of a baseline.
func compare(c *result.Compared, f, old *result.GateFigure, g, base *result.Gate, allowed Allowed) {
	c.N = min(len(f.Values), len(old.Values))
	if f.Unit == "units" || f.Unit == "connections" {
		c.Allowed = allowed.Units
	}
	switch {
	case f.Unit != old.Unit || f.How != old.How:
		c.Why = fmt.Sprintf("it is in %s, and was in %s", f.Unit, old.Unit)
	case c.N == 0:
		c.Why = "there are no runs to compare"
	case f.How == result.Exact:
		exact(c, f.Values[0], old.Values[0])
	case f.How == result.Timing:
		timing(c, f.Values, old.Values, allowed.Timing)
	case g.Seed != base.Seed:
		c.Why = fmt.Sprintf("the runs make no pairs: seed %d has other people than seed %d", g.Seed, base.Seed)
	default:
		same := g.Fingerprint == base.Fingerprint && g.Version == base.Version
		paired(c, f.Values[:c.N], old.Values[:c.N], same)
	}
}

// more is the judgement on a difference by its limits.
func more(c *result.Compared, low, high float64) {
	c.Low, c.High = new(low), new(high)
	switch {
	case high <= c.Allowed:
		c.Verdict = result.Pass
	case low > c.Allowed:
		c.Verdict = result.Fail
	}
}

func exact(c *result.Compared, now, was float64) {
	c.Base, c.Value, c.Difference = new(was), new(now), new(now-was)
	more(c, now-was, now-was)
	switch {
	case now == was:
		c.Why = "it is the same"
	case now > was:
		c.Why = "it is more"
	default:
		c.Why = "it is less: take it by --update"
	}
}

// leastPairs is the fewest pairs that decide: were more as likely as less, that
// all of six are on one side has a chance of 1 in 32, and of five 1 in 16,
// which is above 5 %.
const leastPairs = 6

// paired compares runs with the same people. It passes where no pair has more
// than is allowed: pairs with less make Student's interval wide, and are no
// reason for doubt.
func paired(c *result.Compared, now, was []float64, same bool) {
	d := sizing.Paired(was, now, confidence)
	c.Base, c.Value, c.Difference, c.Low, c.High = new(stats.Average(was)), new(stats.Average(now)), new(d.Mean), d.Low, d.High
	over, under := 0, 0
	for i := range now {
		switch by := now[i] - was[i]; {
		case by > c.Allowed:
			over++
		case by < c.Allowed:
			under++
		}
	}
	c.Why = fmt.Sprintf("of %d pairs %d have more and %d less", d.N, d.More, d.Less)
	switch {
	case d.Equal == d.N && (same || d.N >= leastPairs):
		c.Why = fmt.Sprintf("it is the same in each of %d runs", d.N)
		more(c, 0, 0)
	case d.N == 1:
		c.Why = "one run is too few for an interval"
	case d.N < leastPairs:
		c.Why += fmt.Sprintf("; it takes at least %d pairs to tell", leastPairs)
	case over == 0:
		c.Verdict = result.Pass
		if d.More > 0 {
			c.Why += ", none by more than is allowed"
		}
		c.Why += fmt.Sprintf(": at most %s of all would have more", percent(stats.UpperBound(0, d.N, confidence)))
	case over+under < leastPairs:
		c.Why += fmt.Sprintf("; an interval takes at least %d that differ", leastPairs)
	default:
		more(c, *d.Low, *d.High)
	}
	if same && d.Equal < d.N {
		c.Why += "; the scenario and the version are the same, so that the policy, the key or the program must have changed"
	}
}

// The rules of timings: medians of enough runs, and so many standard errors.
const (
	leastRuns = 3
	stdErrors = 3
)

// timing compares medians. Their error is told by the median absolute
// deviation, which one slow run does not spoil: a normal law has a standard
// deviation of 1.4826 of those, and a median an error of sqrt(pi/2) of the
// mean's.
func timing(c *result.Compared, now, was []float64, share float64) {
	m, mad := deviation(now)
	old, oldMAD := deviation(was)
	c.Base, c.Value, c.Difference, c.Allowed = new(old), new(m), new(m-old), share*old
	if c.N < leastRuns {
		c.Why = fmt.Sprintf("a median takes at least %d runs on each side, and there are %d and %d", leastRuns, len(now), len(was))
		return
	}
	variance := func(mad float64, n int) float64 { return math.Pi / 2 * math.Pow(1.4826*mad, 2) / float64(n) }
	half := stdErrors * math.Sqrt(variance(mad, len(now))+variance(oldMAD, len(was)))
	c.Why = fmt.Sprintf("medians of %d and %d runs, with %d standard errors by their median absolute deviations", len(now), len(was), stdErrors)
	more(c, m-old-half, m-old+half)
}

// deviation is the median and the median absolute deviation.
func deviation(values []float64) (median, mad float64) {
	median = middle(values)
	away := make([]float64, len(values))
	for i, v := range values {
		away[i] = math.Abs(v - median)
	}
	return median, middle(away)
}

// middle is the median, between the two middle ones of an even number.
func middle(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}
