package main

import (
	"strings"
	"testing"

	"highwater/engine"
	"highwater/sim/result"

	"github.com/google/go-cmp/cmp"
)

// Each policy counts a trace beside another as it does alone, with the same key
// and the same options; those with the same rules are one.
func TestPoliciesSideBySide(t *testing.T) {
	inFolder(t, map[string]string{"busy.yaml": busy})
	var ran result.Simulation
	decode(t, &ran, "run busy.yaml -q --json --reps 1 --policy iris-2022.3 --units 0 --trace free.jsonl")
	var all result.Replay
	decode(t, &all, "replay free.jsonl --json --drawn --units 40 --set max_connections=3")
	var names []string
	for _, p := range all.Policies {
		names = append(names, strings.Join(append([]string{p.Policy}, p.Alike...), " "))
		var alone result.Replay
		decode(t, &alone, "replay free.jsonl --json --drawn --units 40 --set max_connections=3 --policy "+p.Policy)
		want := result.PolicyCount{
			Counted: result.Counted{Policy: p.Policy, Base: p.Policy, Options: []engine.Setting{{Name: "max_connections", Value: "3"}}, Units: 40, LimitOn: alone.Limits, Enforced: alone.Enforced},
			Alike:   p.Alike, Peak: alone.Peak, PeakConnections: alone.PeakConnections, Demand: alone.Demand, DemandConnections: alone.DemandConnections,
			MeanUnits: alone.UnitSeconds.Seconds() / alone.End.Seconds(), Refused: alone.Refused, FirstRefusal: alone.FirstRefusal,
		}
		if diff := cmp.Diff(want, p); diff != "" {
			t.Errorf("%s alone (-) and beside others (+):\n%s", p.Policy, diff)
		}
		if alone.Policies[0].Policy != p.Policy || len(alone.Policies) != len(all.Policies) {
			t.Errorf("counted by %s, the first of %d policies is %s", p.Policy, len(alone.Policies), alone.Policies[0].Policy)
		}
	}
	if diff := cmp.Diff([]string{"iris-2022.3 cache health-connect-hlu", "iris-pre-2022.3 ensemble", "community", "core", "contract"}, names); diff != "" {
		t.Errorf("the policies are otherwise:\n%s", diff)
	}
}

// What is needed is so whether the key is known before or comes in the trace: of
// two people with a unit each one is refused by all that refuse.
func TestPoliciesWithALaterKey(t *testing.T) {
	const events = `{"op":"key","at":0,"units":1}
{"op":"connect","at":1,"via":"terminal","conn":"a","addr":"10.0.0.1"}
{"op":"connect","at":2,"via":"terminal","conn":"b","addr":"10.0.0.2"}
`
	inFolder(t, map[string]string{"day.jsonl": events})
	var res result.Replay
	decode(t, &res, "replay day.jsonl --json --drawn")
	for _, p := range res.Policies {
		if p.Demand.Units != 2 || p.DemandConnections != 2 || p.Enforced != (p.Refused == 1) {
			t.Errorf("%s needs %d units and %d connections, and refuses %d; want 2, 2 and 1 of those that are enforced", p.Policy, p.Demand.Units, p.DemandConnections, p.Refused)
		}
	}
}

// What the contract's count rests on is told by the connections that come by
// themselves and are charged: of these three, two name a person or a device.
func TestIdentifiedConnections(t *testing.T) {
	const events = `{"op":"connect","at":1,"via":"terminal","conn":"a","person":"ann"}
{"op":"connect","at":1,"via":"job","conn":"b","parent":"a"}
{"op":"request","at":2,"for":1,"via":"rest","device":"tablet"}
{"op":"connect","at":2,"via":"system","conn":"c"}
{"op":"connect","at":2,"via":"diagnostic","conn":"d"}
{"op":"connect","at":3,"via":"csp","conn":"e","user":"bob"}
`
	inFolder(t, map[string]string{"day.jsonl": events})
	var res result.Replay
	decode(t, &res, "replay day.jsonl --json --drawn")
	if res.Connects != 3 || res.Identified != 2 {
		t.Errorf("of %d connections %d are known, want 2 of 3", res.Connects, res.Identified)
	}
}
