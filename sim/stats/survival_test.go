package stats

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// remission is how many weeks leukemia patients under 6-MP stayed in
// remission (Freireich and others, Blood 21, 1963), the usual example.
func remission() (times []Lifetime) {
	for _, at := range []float64{6, 6, 6, 7, 10, 13, 16, 22, 23} {
		times = append(times, Lifetime{at, true})
	}
	for _, at := range []float64{6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35} {
		times = append(times, Lifetime{at, false})
	}
	return times
}

func TestKaplanMeier(t *testing.T) {
	// Survival as fractions gives it; the intervals are the published ones.
	want := []SurvivalPoint{
		{6, 0.8571428571, 0.076360, 0.6197, 0.9516, 21, 3},
		{7, 0.8067226891, 0.086935, 0.5631, 0.9228, 17, 1},
		{10, 0.7529411765, 0.096350, 0.5032, 0.8894, 15, 1},
		{13, 0.6901960784, 0.106815, 0.4316, 0.8491, 12, 1},
		{16, 0.6274509804, 0.114054, 0.3675, 0.8049, 11, 1},
		{22, 0.5378151261, 0.128234, 0.2678, 0.7468, 7, 1},
		{23, 0.4481792717, 0.134591, 0.1881, 0.6801, 6, 1},
	}
	times := remission()
	before := slices.Clone(times)
	got := KaplanMeier(times, 0.95)
	if !slices.Equal(times, before) {
		t.Error("KaplanMeier sorted its argument")
	}
	if len(got) != len(want) {
		t.Fatalf("%d points, want %d", len(got), len(want))
	}
	for i, w := range want {
		g := got[i]
		if g.At != w.At || g.AtRisk != w.AtRisk || g.Events != w.Events || math.Abs(g.Survival-w.Survival) > 1e-10 ||
			math.Abs(g.StdErr-w.StdErr) > 1e-6 || math.Abs(g.Low-w.Low) > 6e-5 || math.Abs(g.High-w.High) > 6e-5 {
			t.Errorf("got  %+v\nwant %+v", g, w)
		}
	}
}

// Without censoring before the horizon the curve is the empirical law, its
// error that of a proportion.
func TestKaplanMeierIsTheEmpiricalLaw(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 50 {
		n := 2 + r.IntN(60)
		times := make([]Lifetime, n)
		for i := range times {
			at := float64(1 + r.IntN(20))
			times[i] = Lifetime{At: min(at, 15), Event: at < 15}
		}
		for _, p := range KaplanMeier(times, 0.9) {
			left := 0
			for _, l := range times {
				if l.At > p.At {
					left++
				}
			}
			s := float64(left) / float64(n)
			if !near(p.Survival, s, 1e-12) || !near(p.StdErr, math.Sqrt(s*(1-s)/float64(n)), 1e-12) {
				t.Errorf("survival %v, error %v at %v; want %v", p.Survival, p.StdErr, p.At, s)
			}
			if p.Low > p.Survival || p.High < p.Survival || p.Low < 0 || p.High > 1 {
				t.Errorf("interval %v to %v around %v", p.Low, p.High, p.Survival)
			}
		}
	}
}

func TestKaplanMeierEnds(t *testing.T) {
	if got := KaplanMeier(nil, 0.95); got != nil {
		t.Errorf("nobody: %+v", got)
	}
	if got := KaplanMeier([]Lifetime{{5, false}, {7, false}}, 0.95); got != nil {
		t.Errorf("no events: %+v", got)
	}
	got := KaplanMeier([]Lifetime{{5, true}}, 0.95)
	if want := (SurvivalPoint{At: 5, High: 1, AtRisk: 1, Events: 1}); len(got) != 1 || got[0] != want {
		t.Errorf("one event: %+v, want %+v", got, want)
	}
	got = KaplanMeier([]Lifetime{{9, true}, {5, true}, {9, true}}, 0.95)
	if len(got) != 2 || got[1].Survival != 0 || got[1].Low != 0 || got[1].StdErr != 0 || got[1].High != got[0].High {
		t.Errorf("nobody left: %+v", got)
	}
}

func TestSurvivalQuantile(t *testing.T) {
	curve := KaplanMeier(remission(), 0.95)
	inf := math.Inf(1)
	tests := []struct {
		p             float64
		at, low, high float64
		ok            bool
	}{
		{0.5, 23, 13, inf, true},
		{1.0 / 7, 6, 6, 13, true}, // survival is 6/7 from 6 to 7; 0.8894 is still more
		{0.25, 13, 6, 22, true},
		{0.55, 23, 13, inf, true},
		{0.6, inf, 16, inf, false},
		{0.9, inf, inf, inf, false},
	}
	for _, tt := range tests {
		at, low, high, ok := SurvivalQuantile(curve, tt.p)
		if at != tt.at || low != tt.low || high != tt.high || ok != tt.ok {
			t.Errorf("SurvivalQuantile(%v) = %v, %v, %v, %v; want %v, %v, %v, %v", tt.p, at, low, high, ok, tt.at, tt.low, tt.high, tt.ok)
		}
	}
	if at, low, high, ok := SurvivalQuantile(nil, 0.5); ok || at != inf || low != inf || high != inf {
		t.Errorf("without a curve: %v, %v, %v, %v", at, low, high, ok)
	}
	// 3/4 × 2/3 is 1/2, whatever the last bit says.
	curve = KaplanMeier([]Lifetime{{1, true}, {2, true}, {3, true}, {4, false}}, 0.95)
	if at, _, _, _ := SurvivalQuantile(curve, 0.5); at != 2 {
		t.Errorf("the median of four is %v, want 2", at)
	}
}
