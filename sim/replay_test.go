package sim

import (
	order "cmp"
	"slices"
	"strings"
	"testing"

	"highwater/engine"
	"highwater/scenario"
	"highwater/sim/result"
	"highwater/sim/trace"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// replay plays a trace to the horizon of its scenario.
func replay(t rapid.TB, sc *scenario.Scenario, events []trace.Event) *result.Replay {
	t.Helper()
	p := trace.NewReplay(trace.Options{Policy: sc.License.Policy, Units: sc.License.Units, End: sc.Duration})
	for i := range events {
		events[i].Line = int64(i + 1)
		if err := p.Apply(&events[i]); err != nil {
			t.Fatalf("event %d: %v", i+1, err)
		}
	}
	return p.Finish()
}

// A summary is what a run and the replay of its trace have in common. The
// names of license user IDs that equal no other are left out: a trace numbers
// them by its lines.
type summary struct {
	Peak            engine.Peak
	PeakConnections int
	UnitsAtEnd      int
	UnitTime        float64
	Refused         map[string]int64
	Transitions     int
	First           result.Refusal
	Top             []result.Holder
}

func plain(holders []result.Holder) []result.Holder {
	list := append([]result.Holder{}, holders...)
	for i := range list {
		if strings.Contains(list[i].LicenseUserID, "#") {
			list[i].LicenseUserID = ""
		}
	}
	slices.SortFunc(list, func(a, b result.Holder) int {
		return order.Or(b.UnitsAtPeak-a.UnitsAtPeak, order.Compare(b.UnitSeconds, a.UnitSeconds),
			b.ConnectionsAtPeak-a.ConnectionsAtPeak, strings.Compare(a.LicenseUserID, b.LicenseUserID))
	})
	return list
}

func ofRun(res *result.Simulation) summary {
	p := res.Policies[0]
	f := p.First
	s := summary{Peak: f.Peak, PeakConnections: f.PeakConnections, UnitsAtEnd: f.UnitsAtEnd, UnitTime: f.UnitSeconds.Seconds(),
		Refused: map[string]int64{}, Transitions: f.Transitions}
	for _, v := range p.ByVia {
		s.Refused[v.Via] = v.Refused
	}
	if f.FirstRefusal != nil {
		s.First = f.FirstRefusal.Refusal
	}
	s.First.LicenseUserID = plain([]result.Holder{{LicenseUserID: s.First.LicenseUserID}})[0].LicenseUserID
	var top []result.Holder
	for _, h := range f.Holders {
		top = append(top, h.Holder)
	}
	if f.HoldersTotal <= 10 { // else another ten of equals may be listed
		s.Top = plain(top)
	}
	return s
}

func ofReplay(res *result.Replay, holders int) summary {
	s := summary{Peak: res.Peak, PeakConnections: res.PeakConnections, UnitsAtEnd: res.UnitsAtEnd, UnitTime: res.UnitSeconds.Seconds(),
		Refused: res.RefusedByVia, Transitions: len(res.Transitions)}
	if res.FirstRefusal != nil {
		s.First = *res.FirstRefusal
		s.First.Conn = ""
	}
	s.First.LicenseUserID = plain([]result.Holder{{LicenseUserID: s.First.LicenseUserID}})[0].LicenseUserID
	if holders <= 10 {
		s.Top = plain(res.Top)
	}
	return s
}

// checkReplay compares a run with the replay of its trace.
func checkReplay(t rapid.TB, text string) {
	t.Helper()
	sc := parse(t, text)
	res, events := record(t, sc)
	got := replay(t, sc, events)
	if diff := cmp.Diff(ofRun(res), ofReplay(got, res.Policies[0].First.HoldersTotal)); diff != "" {
		t.Fatalf("the run (-) and the replay of its trace (+) differ:\n%s\n%s", diff, text)
	}
}

// A run and the replay of its trace agree, though the simulator knows who is
// who by numbers, and the replay by names.
func TestReplayAgrees(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) { checkReplay(t, drawScenario(t).text()) })
}
