package gate

import (
	"math"
	"slices"
	"strings"
	"testing"

	"highwater/engine"
	"highwater/sim/result"
)

// of is a gate with one figure.
func of(how result.How, list ...float64) *result.Gate {
	return &result.Gate{
		Of: "scenario", Seed: 1, Fingerprint: "a", Version: "1", Replications: len(list),
		Policies: []result.Counted{{Policy: "p", Base: "p", Units: 40}},
		Figures:  []result.GateFigure{{Name: "units needed", Policy: "p", Unit: "units", How: how, Values: list}},
	}
}

func TestBaseline(t *testing.T) {
	other := func(g *result.Gate, change func(*result.Gate)) *result.Gate { change(g); return g }
	six := []float64{5, 6, 7, 8, 9, 10}
	shifted := func(by ...float64) []float64 {
		list := slices.Clone(six)
		for i := range list {
			list[i] += by[i%len(by)]
		}
		return list
	}
	tests := []struct {
		name      string
		now, base *result.Gate
		allowed   Allowed
		want      result.Judgement
		why       string
	}{
		{"the same number", of(result.Exact, 5), of(result.Exact, 5), Allowed{}, result.Pass, "the same"},
		{"one more", of(result.Exact, 6), of(result.Exact, 5), Allowed{}, result.Fail, "more"},
		{"one more is allowed", of(result.Exact, 6), of(result.Exact, 5), Allowed{Units: 1}, result.Pass, "more"},
		{"one less", of(result.Exact, 4), of(result.Exact, 5), Allowed{}, result.Pass, "--update"},

		{"the same runs", of(result.Paired, 5, 6, 7), of(result.Paired, 5, 6, 7), Allowed{}, result.Pass, "the same"},
		{"each one more", of(result.Paired, shifted(1)...), of(result.Paired, six...), Allowed{}, result.Fail, "6 have more"},
		{"each one more is allowed", of(result.Paired, shifted(1)...), of(result.Paired, six...), Allowed{Units: 1}, result.Pass, "6 have more and 0 less, none by more than is allowed"},
		{"each one less", of(result.Paired, shifted(-1)...), of(result.Paired, six...), Allowed{}, result.Pass, "6 less"},
		// Differences -1, 0, 1, twice: 0 within 2.571 sqrt(0.8 / 6) = 0.94 of Student's t with 5 degrees of freedom.
		{"up and down", of(result.Paired, shifted(-1, 0, 1, -1, 0, 1)...), of(result.Paired, six...), Allowed{}, result.CannotTell, "2 have more and 2 less"},
		{"up and down within what is allowed", of(result.Paired, shifted(-1, 0, 1, -1, 0, 1)...), of(result.Paired, six...), Allowed{Units: 1}, result.Pass, "2 have more"},
		// One more of 2 in 6 runs is 0.33 more on average, and at most 0.33 + 0.857.
		{"one of them has more than is allowed", of(result.Paired, shifted(2, 0, 0, 0, 0, 0)...), of(result.Paired, six...), Allowed{Units: 1}, result.CannotTell, "1 have more"},
		{"one of them, and the mean is allowed", of(result.Paired, shifted(4, 0, 0, 0, 0, 0)...), of(result.Paired, six...), Allowed{Units: 3}, result.Pass, "1 have more"},
		// Of five pairs all have more with a chance of 1/16 where more is as likely as less.
		{"five pairs have more", of(result.Paired, shifted(1)[:5]...), of(result.Paired, six[:5]...), Allowed{}, result.CannotTell, "at least 6 pairs"},
		{"five pairs have less", of(result.Paired, shifted(-1)[:5]...), of(result.Paired, six[:5]...), Allowed{}, result.CannotTell, "at least 6 pairs"},
		{"one run that is the same", of(result.Paired, 5), of(result.Paired, 5), Allowed{}, result.Pass, "the same"},
		{"one run that is not", of(result.Paired, 6), of(result.Paired, 5), Allowed{}, result.CannotTell, "too few"},
		{"fewer runs", of(result.Paired, 5, 6), of(result.Paired, 5, 6, 7), Allowed{}, result.Pass, "each of 2"},
		{"no runs", of(result.Paired), of(result.Paired, 5, 6, 7), Allowed{}, result.CannotTell, "no runs"},
		{"another seed", other(of(result.Paired, 5, 6), func(g *result.Gate) { g.Seed = 2 }), of(result.Paired, 5, 6), Allowed{}, result.CannotTell, "other people"},
		{"another policy", other(of(result.Paired, 5, 6), func(g *result.Gate) { g.Figures[0].Policy = "q" }), of(result.Paired, 5, 6), Allowed{}, result.CannotTell, "does not have it"},
		{"connections", other(of(result.Paired, 5, 6), func(g *result.Gate) { g.Figures[0].Unit = "connections" }), of(result.Paired, 5, 6), Allowed{}, result.CannotTell, "was in units"},
	}
	for _, tt := range tests {
		Compare(tt.now, tt.base, tt.allowed)
		c := tt.now.Baseline.Compared[0]
		if tt.now.Verdict != tt.want || !strings.Contains(c.Why, tt.why) {
			t.Errorf("%s: %s as %q, want %s as %q", tt.name, tt.now.Verdict, c.Why, tt.want, tt.why)
		}
	}
}

// Less in a few of many runs is no reason for doubt, and more in a few none for
// a verdict. Without more in 100 pairs at most 1 - 0.05^(1/100) = 2.95 % of all
// runs have more; of 100 pairs of which 5 are one more and the rest is equal,
// Student's interval begins above 0, though were more as likely as less, all
// five would be on one side with a chance of 1/16.
func TestRareDifferences(t *testing.T) {
	for _, tt := range []struct {
		more, less int
		by         float64 // less, in each
		want       result.Judgement
		why        string
	}{
		{0, 1, 1, result.Pass, "1 less: at most 2.95 % of all would have more"},
		{0, 3, 1, result.Pass, "3 less: at most 2.95 % of all would have more"},
		{0, 1, 1000, result.Pass, "1 less: at most 2.95 % of all would have more"},
		{1, 0, 0, result.CannotTell, "at least 6 that differ"},
		{5, 0, 0, result.CannotTell, "at least 6 that differ"},
		{6, 0, 0, result.Fail, "6 have more"},
		{1, 3, 1, result.CannotTell, "at least 6 that differ"},
		{1, 6, 1, result.CannotTell, "1 have more and 6 less"}, // -0.05 and 1.984 0.0261 about it
		{1, 8, 1, result.Pass, "1 have more and 8 less"},       // -0.07 and 1.984 0.0293 about it
		{8, 1, 1, result.Fail, "8 have more and 1 less"},
	} {
		now, was := make([]float64, 100), slices.Repeat([]float64{2000}, 100)
		for i := range now {
			switch now[i] = 2000; {
			case i < tt.more:
				now[i]++
			case i < tt.more+tt.less:
				now[i] -= tt.by
			}
		}
		g := of(result.Paired, now...)
		Compare(g, of(result.Paired, was...), Allowed{})
		if c := g.Baseline.Compared[0]; c.Verdict != tt.want || !strings.Contains(c.Why, tt.why) {
			t.Errorf("%d more and %d less by %v: %s as %q, want %s as %q", tt.more, tt.less, tt.by, c.Verdict, c.Why, tt.want, tt.why)
		}
	}
}

// What has changed is told plainly.
func TestChanges(t *testing.T) {
	g, base := of(result.Paired, 5, 6), of(result.Paired, 5, 6, 7)
	g.Name, g.Seed, g.Fingerprint, g.Version = "new", 2, "b", "2"
	g.Policies[0].Units, g.Policies[0].Options = 0, []engine.Setting{{Name: "grace_seconds", Value: "0"}}
	base.Policies = append(base.Policies, result.Counted{Policy: "gone"})
	g.Policies = append(g.Policies, result.Counted{Policy: "fresh"})
	want := []string{
		`the baseline is of another scenario, ""`, "the scenario's files have changed", "the seed is 2, and was 1",
		"there are 2 replications, and were 3", "the version is 2, and was 1", "the key of p is unlimited, and was 40",
		"policy p is p grace_seconds=0, and was p", "policy fresh was not counted in the baseline", "policy gone is no longer counted",
	}
	if got := changes(g, base); !slices.Equal(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
	if got := changes(base, base); len(got) > 0 {
		t.Errorf("nothing has changed, and yet %q", got)
	}
}

// Timings compare by medians, which one slow run does not spoil.
func TestTiming(t *testing.T) {
	// Each list has a median of 10 and absolute deviations 0, 0.1, 0.1 and so
	// on: a median of 0.1. Three standard errors of the difference are
	// 3 sqrt(2 pi/2 (1.4826 0.1)^2 / 5) = 0.3526.
	base := []float64{9.9, 9.9, 10, 10.1, 40}
	shifted := func(by float64) []float64 {
		list := slices.Clone(base)
		for i := range list {
			list[i] += by
		}
		return list
	}
	for _, tt := range []struct {
		by   float64
		want result.Judgement
	}{{0, result.Pass}, {-3, result.Pass}, {0.64, result.Pass}, {0.66, result.CannotTell}, {1.34, result.CannotTell}, {1.36, result.Fail}} {
		c := result.Compared{Verdict: result.CannotTell, N: 5}
		timing(&c, shifted(tt.by), base, 0.1)
		if c.Verdict != tt.want || math.Abs(*c.High-*c.Low-2*0.3526) > 1e-3 {
			t.Errorf("%v slower: %s from %v to %v, want %s", tt.by, c.Verdict, *c.Low, *c.High, tt.want)
		}
	}
	c := result.Compared{Verdict: result.CannotTell, N: 2}
	if timing(&c, base[:2], base, 0.1); c.Verdict != result.CannotTell || !strings.Contains(c.Why, "at least 3 runs") {
		t.Errorf("two runs: %s as %s", c.Verdict, c.Why)
	}
}
