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
		{"each one more", of(result.Paired, 6, 7, 8), of(result.Paired, 5, 6, 7), Allowed{}, result.Fail, "3 have more"},
		{"each one more is allowed", of(result.Paired, 6, 7, 8), of(result.Paired, 5, 6, 7), Allowed{Units: 1}, result.Pass, "3 have more"},
		{"each one less", of(result.Paired, 4, 5, 6), of(result.Paired, 5, 6, 7), Allowed{}, result.Pass, "3 less"},
		// Differences -1, 0, 1: 0 within 4.303 / sqrt(3) = 2.48 of Student's t with 2 degrees of freedom.
		{"up and down", of(result.Paired, 4, 6, 8), of(result.Paired, 5, 6, 7), Allowed{}, result.CannotTell, "1 have more and 1 less"},
		{"up and down within what is allowed", of(result.Paired, 4, 6, 8), of(result.Paired, 5, 6, 7), Allowed{Units: 3}, result.Pass, "1 have more"},
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
		"policy p is p grace_seconds=0, and was p", "policy fresh was not counted", "policy gone is no longer counted",
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
