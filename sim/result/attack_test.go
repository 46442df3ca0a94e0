package result

import (
	"slices"
	"testing"
)

// The verdict on the divergence is one on the attack, unless it was in doubt
// before; and it is no doubt about what was sent.
func TestAttackCompared(t *testing.T) {
	for _, tt := range []struct {
		own     string
		reasons []string
		curves  Curves
		want    string
		why     []string
		doubt   string // "" is none
	}{
		{Measured, nil, Curves{}, Measured, nil, ""},
		{Measured, nil, Curves{Verdict: Agrees}, Measured, nil, ""},
		{Measured, nil, Curves{Verdict: Diverges, Why: "units"}, Diverges, []string{"units"}, ""},
		{Measured, nil, Curves{Verdict: Inconclusive, Why: "clock"}, Inconclusive, []string{"clock"}, ""},
		{Inconclusive, []string{"lag"}, Curves{Verdict: Diverges, Why: "units"}, Inconclusive, []string{"lag"}, "lag"},
		{Inconclusive, []string{"lag"}, Curves{Verdict: Inconclusive, Why: "clock"}, Inconclusive, []string{"lag", "clock"}, "lag"},
		{Inconclusive, []string{"lag"}, Curves{}, Inconclusive, []string{"lag"}, "lag"},
	} {
		a := Attack{Verdict: tt.own, Reasons: tt.reasons, Curves: &tt.curves}
		a.Compared()
		doubt, ok := a.Doubt()
		if a.Verdict != tt.want || !slices.Equal(a.Reasons, tt.why) || doubt != tt.doubt || ok != (tt.doubt != "") {
			t.Errorf("%s with %q and %+v: %s, %q, in doubt %v by %q; want %s, %q, %q", tt.own, tt.reasons, tt.curves, a.Verdict, a.Reasons, ok, doubt, tt.want, tt.why, tt.doubt)
		}
	}
	for _, a := range []Attack{{}, {Verdict: Inconclusive}, {Verdict: Inconclusive, Curves: &Curves{}}} {
		if _, ok := a.Doubt(); !ok {
			t.Errorf("%+v is in no doubt", a)
		}
	}
}
