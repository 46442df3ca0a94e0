package curves

import (
	"maps"
	"testing"

	"highwater/engine"
	"highwater/sim/attack/record"
	"highwater/sim/target"
)

// As reported are refused whom the target has refused, the people whom it holds
// itself, too. What it does not tell is open.
func TestRefusedThere(t *testing.T) {
	sc := parse(t, "12", "3s")
	l, served, _ := rehearse(t, sc, target.Options{Scenario: sc, Policy: sc.License.Policy, Units: sc.License.Units})
	met := int64(0)
	for i := range l.Entries {
		if l.Entries[i].Outcome == record.Refused {
			met++
		}
	}
	if served.RefusedByVia["xdbc"] == 0 || met == 0 || met+served.RefusedByVia["xdbc"] != served.Refused {
		t.Fatalf("the target refused %v, and %d refusals were met: this tests nothing", served.RefusedByVia, met)
	}
	r, f := compare(t, l, Limit{}).Reported, served.FirstRefusal
	if r.Refused != served.Refused || !maps.Equal(r.RefusedByVia, served.RefusedByVia) || r.FirstOpen || r.RefusedOpen {
		t.Errorf("%d are refused, %v, open %v, %v; the target has %d, %v", r.Refused, r.RefusedByVia, r.FirstOpen, r.RefusedOpen, served.Refused, served.RefusedByVia)
	}
	if g := r.FirstRefusal; g.Via != f.Via || g.At > f.At || f.At-g.At > engine.Millisecond {
		t.Errorf("the first is %+v, the target's %+v", g, f)
	}
	for _, tt := range []struct {
		name        string
		change      func(first, last *record.State)
		refused     int64
		first, many bool // open
	}{
		{"a terminal is first", func(_, last *record.State) {
			f := *last.FirstRefusal
			f.At, f.Via = engine.Minute, "xdbc"
			last.FirstRefusal = &f
		}, served.Refused, false, false},
		{"it does not tell", func(first, last *record.State) { first.RefusedByVia, last.RefusedByVia = nil, nil }, met, true, true},
		{"fewer than before", func(first, _ *record.State) { first.RefusedByVia = map[string]int64{"xdbc": 1 << 40} }, met, true, true},
		{"a way in that is none", func(_, last *record.State) { last.RefusedByVia = map[string]int64{"\x1b[2J": 9} }, met, true, true},
		{"refusals before", func(first, _ *record.State) {
			first.FirstRefusal, first.RefusedByVia = f, map[string]int64{"xdbc": 1}
		}, served.Refused - 1, true, false},
	} {
		first, last, one := *l.State, *l.State.Last, *l
		first.Last, one.State = &last, &first
		tt.change(&first, &last)
		r := compare(t, &one, Limit{}).Reported
		if r.Refused != tt.refused || r.FirstOpen != tt.first || r.RefusedOpen != tt.many {
			t.Errorf("%s: %d refused, %v, open %v, %v", tt.name, r.Refused, r.RefusedByVia, r.FirstOpen, r.RefusedOpen)
		}
		if g := r.FirstRefusal; tt.name == "a terminal is first" && (g.At != engine.Minute || g.Via != "xdbc" || g.Cohort != "") {
			t.Errorf("%s: %+v", tt.name, g)
		}
	}
}
