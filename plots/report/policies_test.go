package report

import (
	"slices"
	"strings"
	"testing"

	"highwater/engine"
	"highwater/sim/result"
)

// A trace that every policy counts has them side by side, with what the
// enforcement needs beyond the contract's count, and what that rests on.
func TestPoliciesOfATrace(t *testing.T) {
	count := func(policy, limitOn string, enforced bool, demand, connections, peak int) result.PolicyCount {
		return result.PolicyCount{
			Counted: result.Counted{Policy: policy, Base: policy, Units: 9, LimitOn: limitOn, Enforced: enforced},
			Peak:    engine.Peak{Units: peak}, Demand: engine.Peak{Units: demand}, DemandConnections: connections, MeanUnits: 4.5,
		}
	}
	own, contract := count("iris-2022.3", "units", true, 12, 30, 9), count("contract", "units", false, 5, 30, 5)
	own.Alike, own.Refused, own.FirstRefusal = []string{"cache", "health-connect-hlu"}, 3, &result.Refusal{At: 61 * engine.Second}
	community := count("community", "connections", true, 12, 30, 8)
	m := &result.Metered{Kind: "replay", Base: "iris-2022.3", Limits: "units", Enforced: true, Policies: []result.PolicyCount{own, community, contract}, Connects: 40}
	s := &Source{Name: "night.jsonl", Replay: &result.Replay{Policy: "iris-2022.3", Units: 9, End: engine.Hour, Metered: m}}
	side := func() *section {
		r, err := New(s)
		if err != nil {
			t.Fatal(err)
		}
		return sectionOf(t, r, "Policies side by side")
	}
	x := side()
	for i, want := range []string{
		"iris-2022.3, cache and health-connect-hlu | 12 units | 9 units | 9 | 4.5 | 3 | 1 min 1 s",
		"community | 30 connections | 9 connections | 8 | 4.5 | 0 | –",
		"contract | 5 units | counts, refuses nobody | 5 | 4.5 | 0 | –",
	} {
		if got := strings.Join(x.Table.Rows[i], " | "); got != want {
			t.Errorf("a row is %q, want %q", got, want)
		}
	}
	if want := []float64{0.4, 1, 5.0 / 30}; !slices.Equal(x.Table.Bars, want) {
		t.Errorf("the bars are %v, want %v", x.Table.Bars, want)
	}
	if want := "iris-2022.3 needs 7 units more than the contract counts, 12 to 5"; x.Found != want {
		t.Errorf("found is %q, want %q", x.Found, want)
	}
	for identified, want := range map[int64]string{0: "names neither people nor devices", 8: "Of 40 connections the trace names the person or the device of 8;", 40: "of each connection."} {
		m.Identified = identified
		if got := side().Text; !strings.Contains(got, want) {
			t.Errorf("of %d that are known it says %q, want %q", identified, got, want)
		}
	}
	m.Policies[2].Demand.Units = 12
	if got, want := side().Found, "iris-2022.3 needs as many units as the contract counts, 12"; got != want {
		t.Errorf("found is %q, want %q", got, want)
	}
	m.Policies = []result.PolicyCount{community, contract} // of connections and of units nothing is said
	if got := side().Found; got != "" {
		t.Errorf("found is %q", got)
	}
}
