package main

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"highwater/engine"
	"highwater/sim/result"

	"github.com/google/go-cmp/cmp"
)

// busy is a scenario whose key refuses somebody in every replication: 60 people
// come within 10 minutes and stay for longer than that.
const busy = `name: busy
start: 2026-11-23T07:30:00Z
duration: 2h
reps: 3
license: {units: 40}
compare: [iris-pre-2022.3, community]
cohorts:
  - {name: staff, kind: users, count: 60, arrivals: {storm: 08:00, spread: 10m}, session: exp(30m)}
  - {name: calls, kind: callers, arrivals: {poisson: 6/min}, session: 2s}
`

// A drawnCourse is what results with a course have in common.
type drawnCourse struct {
	result.Counted
	result.Course
}

// The units over time of each kind of result have the very peaks that it tells,
// and at the first refusal the units that it tells are in use; the bytes do
// not depend on the workers.
func TestCourseHasThePeaks(t *testing.T) {
	inFolder(t, map[string]string{"busy.yaml": busy})
	for command, flags := range map[string]string{"run": "", "size": "--no-growth", "compare": ""} {
		args := append([]string{command, "busy.yaml", "-q", "--json"}, strings.Fields(flags)...)
		code, out, errs := highwater(t.Context(), nil, append(args, "--workers", "1")...)
		if code != 0 {
			t.Fatal(errs)
		}
		if _, two, _ := highwater(t.Context(), nil, append(args, "--workers", "2")...); two != out {
			t.Errorf("%s: two workers give other bytes than one", command)
		}
		var res struct {
			Policies, Sides []drawnCourse
			Explanation     *result.Explanation
		}
		if err := json.Unmarshal([]byte(out), &res); err != nil {
			t.Fatal(err)
		}
		list := append(res.Policies, res.Sides...)
		if len(list) != 3 {
			t.Fatalf("%s has %d courses", command, len(list))
		}
		for i := range list {
			checkCourse(t, command+" by "+list[i].Policy, &list[i])
		}
		if command != "run" {
			checkSplit(t, command, res.Explanation, list[0].First.Peak)
		}
	}
}

func checkCourse(t *testing.T, name string, c *drawnCourse) {
	t.Helper()
	f := &c.First
	used, needed := f.Peak.Units, f.Demand.Units
	if c.LimitOn == engine.LimitConnections.String() {
		used, needed = f.PeakConnections, f.DemandConnections
	}
	if got := highestOf(f.Drawn).High; got != used {
		t.Errorf("%s: the most that is drawn is %d, and the peak is %d", name, got, used)
	}
	if c.LimitOn == engine.LimitUnits.String() && !within600th(highestOf(f.Drawn), f.Peak.At) {
		t.Errorf("%s: the peak is drawn at %v, and was at %v", name, highestOf(f.Drawn).At, f.Peak.At)
	}
	switch {
	case needed == used && f.DemandDrawn == nil:
	case highestOf(f.DemandDrawn).High != needed:
		t.Errorf("%s: the most that is drawn of the demand is %d, and its peak is %d", name, highestOf(f.DemandDrawn).High, needed)
	}
	if x := f.FirstRefusal; x == nil {
		if c.Policy == "iris-2022.3" {
			t.Errorf("%s: nobody is refused", name)
		}
	} else if s := stretchAt(f.Drawn, x.At); c.LimitOn == engine.LimitUnits.String() && (x.InUse < s.Low || x.InUse > s.High) {
		t.Errorf("%s: drawn are %d to %d at the first refusal, with %d in use", name, s.Low, s.High, x.InUse)
	}
	if (f.FirstRefusal != nil) != (f.Refusals.Attempts > 0) {
		t.Errorf("%s: the first refusal is %v, and the counts are %v", name, f.FirstRefusal, f.Refusals)
	}
	// The run has a part of three hours of Monday.
	if len(c.Hours) != 3 || c.Hours[0].Hour != 7 {
		t.Errorf("%s: the hours are %v", name, c.Hours)
	}
}

// checkSplit sees that each unit at the peak has its reason.
func checkSplit(t *testing.T, name string, x *result.Explanation, peak engine.Peak) {
	t.Helper()
	if x == nil || x.InUse != peak.Units || *x.At != peak.At || len(x.Holders) > 0 {
		t.Fatalf("%s explains %+v, and the peak is %v", name, x, peak)
	}
	units := 0
	for _, s := range x.Split {
		units += s.Units
	}
	for _, c := range x.ByCohort {
		units -= c.Units
	}
	if units != 0 || len(x.ByCohort) == 0 {
		t.Errorf("%s: the split %v and the cohorts %v differ by %d units", name, x.Split, x.ByCohort, units)
	}
}

// highestOf is the first of the highest stretches.
func highestOf(list []result.Stretch) (top result.Stretch) {
	for _, s := range list {
		if s.High > top.High {
			top = s
		}
	}
	return top
}

// stretchAt is the stretch in which an instant is.
func stretchAt(list []result.Stretch, at engine.Time) (s result.Stretch) {
	for _, next := range list {
		if next.At <= at {
			s = next
		}
	}
	return s
}

// within600th tells whether an instant is in a stretch of two hours, of which
// there are 600.
func within600th(s result.Stretch, at engine.Time) bool {
	return s.At <= at && at < s.At+2*engine.Hour/600
}

// A replay of the trace of a replication draws what the replication does: the
// same stretches, times, refusals and peaks. A trace of the traffic without a
// limit needs what it needs without one.
func TestDrawnReplay(t *testing.T) {
	inFolder(t, map[string]string{"busy.yaml": busy})
	var used, free result.Simulation
	decode(t, &used, "run busy.yaml -q --json --reps 1 --policy iris-2022.3 --trace used.jsonl")
	decode(t, &free, "run busy.yaml -q --json --reps 1 --policy iris-2022.3 --units 0 --trace free.jsonl")
	var again, limited result.Replay
	decode(t, &again, "replay used.jsonl --json --drawn")
	decode(t, &limited, "replay free.jsonl --json --drawn --units 40")
	p := &used.Policies[0]
	f := &p.First
	for _, c := range []struct {
		what      string
		got, want any
	}{
		{"stretches", again.Drawn, f.Drawn}, {"times", again.TimeAt, p.TimeAt}, {"refusals", again.Refusals, f.Refusals},
		{"peak", again.Peak, f.Peak}, {"start", *again.Start, used.Start},
		{"demand", limited.DemandDrawn, free.Policies[0].First.Drawn}, {"peak of the demand", limited.Demand, free.Policies[0].First.Peak},
	} {
		if diff := cmp.Diff(c.want, c.got); diff != "" {
			t.Errorf("%s of the run (-) and of the replay (+):\n%s", c.what, diff)
		}
	}
	if x := again.FirstRefusal; x == nil || x.At != f.FirstRefusal.At {
		t.Errorf("the first refusal is %v, want %v", x, f.FirstRefusal)
	} else if s := stretchAt(again.Drawn, x.At); x.InUse < s.Low || x.InUse > s.High {
		t.Errorf("drawn are %d to %d at the first refusal, with %d in use", s.Low, s.High, x.InUse)
	}
	seconds, peak := 0.0, 0
	for _, u := range again.TimeAt {
		seconds += float64(u.Units) * u.Seconds.Seconds()
	}
	for _, h := range again.Hours {
		peak = max(peak, h.Peak)
	}
	if math.Abs(seconds-again.UnitSeconds.Seconds()) > 1e-3 || peak != again.Peak.Units {
		t.Errorf("%v unit-seconds and a peak of %d by hour, want %v and %d", seconds, peak, again.UnitSeconds.Seconds(), again.Peak.Units)
	}
	// Without the flag not a byte is otherwise.
	_, plain, _ := highwater(t.Context(), nil, "replay", "used.jsonl", "--json")
	_, more, _ := highwater(t.Context(), nil, "replay", "used.jsonl", "--json", "--drawn")
	if !strings.HasPrefix(more, strings.TrimSuffix(plain, "\n}\n")+",\n") || strings.Contains(plain, `"drawn"`) || strings.Contains(plain, `"kind"`) {
		t.Errorf("the result of replay is\n%s", plain)
	}
}

// decode runs the program and reads its result.
func decode(t *testing.T, into any, args string) {
	t.Helper()
	code, out, errs := highwater(t.Context(), nil, strings.Fields(args)...)
	if code != 0 {
		t.Fatalf("%s: exit code %d: %s", args, code, errs)
	}
	if err := json.Unmarshal([]byte(out), into); err != nil {
		t.Fatal(err)
	}
}
