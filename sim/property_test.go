package sim

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"highwater/engine"
	"highwater/scenario"
	"highwater/sim/result"
	"highwater/sim/trace"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

func asJSON(t rapid.TB, res *result.Simulation) string {
	t.Helper()
	b, err := json.MarshalIndent(res, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// contract adds another policy to compare.
func contract(t rapid.TB, sc *scenario.Scenario) {
	p, ok := engine.NamedPolicy("contract")
	if !ok {
		t.Fatal("no policy contract")
	}
	sc.Compare = append(sc.Compare, p)
}

// The number of workers changes nothing.
func TestWorkersDoNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := drawScenario(t).text()
		sc := parse(t, text)
		contract(t, sc)
		one := run(t, sc, Options{Reps: 4, Workers: 1})
		eight := run(t, sc, Options{Reps: 4, Workers: 8})
		if diff := cmp.Diff(asJSON(t, one), asJSON(t, eight)); diff != "" {
			t.Fatalf("1 worker (-) and 8 (+) differ:\n%s\n%s", diff, text)
		}
		if diff := cmp.Diff(one.Policies[0].First.Series, eight.Policies[0].First.Series); diff != "" {
			t.Fatalf("1 worker (-) and 8 (+) differ in the series:\n%s\n%s", diff, text)
		}
	})
}

// The first replication is the same alone, and among several.
func TestReplicationsAreIndependent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := drawScenario(t).text()
		sc := parse(t, text)
		w := newWorld(sc, &sc.License.Policy, sc.License.Units, nil, nil)
		var again [3]*outcome
		for i, rep := range []int{1, 0, 1} { // a world that was used before
			w.reset(sc.Seed, rep)
			w.run(context.Background(), nil)
			again[i] = w.outcome()
		}
		if diff := cmp.Diff(again[0], again[2], cmpopts.EquateEmpty(), cmp.AllowUnexported(outcome{}, refusals{}, waits{}, engine.UnitTime{})); diff != "" {
			t.Fatalf("a fresh world (-) and a used one (+) differ:\n%s\n%s", diff, text)
		}
		first := run(t, sc, Options{Reps: 1}).Policies[0]
		if got, want := again[1].peak, first.First.Peak; got != want {
			t.Fatalf("peak %v in a used world, %v in a watched one\n%s", got, want, text)
		}
	})
}

// Without a limit nobody is refused, and the demand is the peak. With one, the
// demand is the peak of the same scenario without it.
func TestDemand(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := drawScenario(t).text()
		sc := parse(t, text)
		limited := run(t, sc, Options{Reps: 3}).Policies[0]
		sc.License.Units, sc.License.Policy.UserLimit = 0, 0
		free := run(t, sc, Options{Reps: 3}).Policies[0]
		if limited.Demand != free.Peaks || limited.First.Demand != free.First.Peak {
			t.Fatalf("demand %v, %v; want the peaks without limit %v, %v\n%s", limited.Demand, limited.First.Demand, free.Peaks, free.First.Peak, text)
		}
		if sc.License.Policy.ConnectionLimit > 0 {
			return // limits all the same
		}
		if free.First.FirstRefusal != nil || free.Refusing.Count > 0 || len(free.ByVia) > 0 || free.Demand != free.Peaks {
			t.Fatalf("refusals without a limit: %+v\n%s", free, text)
		}
		for _, c := range free.Cohorts {
			if c.Refused > 0 || c.Lost > c.TimedOut || c.Started > c.Sessions {
				t.Fatalf("without a limit: %+v\n%s", c, text)
			}
		}
	})
}

// The books balance: unit-seconds are the integral of units in use, the time
// at each number of units is the whole time, and nothing exceeds the key but
// where the policy lets it.
func TestBooksBalance(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := drawScenario(t).text()
		sc := parse(t, text)
		res := run(t, sc, Options{Reps: 1}).Policies[0]
		var all, units, most engine.Time
		for _, u := range res.TimeAt {
			all += u.Seconds
			units += engine.Time(u.Units) * u.Seconds
			most = max(most, engine.Time(u.Units))
		}
		if all != sc.Duration || units.Seconds() != res.First.UnitSeconds.Seconds() {
			t.Fatalf("%v units-seconds in %v s, want %v in %v\n%s", units, all, res.First.UnitSeconds, sc.Duration, text)
		}
		p := &sc.License.Policy
		if int(most) > res.First.Peak.Units || res.First.UnitsAtEnd > res.First.Peak.Units {
			t.Fatalf("peak %v, but %d units in use, %d at the end\n%s", res.First.Peak, most, res.First.UnitsAtEnd, text)
		}
		capped := p.Enforce && sc.License.Units > 0 && p.LimitOn == engine.LimitUnits
		if capped && p.TransitionShort != engine.Overcommit && !p.RefusedAttemptSticks && res.First.Peak.Units > sc.License.Units {
			t.Fatalf("peak %v of %d units\n%s", res.First.Peak, sc.License.Units, text)
		}
		held := 0
		for _, c := range res.First.PeakByCohort {
			held += c.Units
		}
		if held != res.First.Peak.Units {
			t.Fatalf("cohorts hold %d units at the peak of %d\n%s", held, res.First.Peak.Units, text)
		}
	})
}

// Weeks are alike.
func TestWeeksAreAlike(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := drawScenario(t).text()
		sc := parse(t, text)
		want := asJSON(t, run(t, sc, Options{Reps: 2}))
		start := sc.Start
		sc.Start = start.Add(time.Duration(rapid.IntRange(-60, 60).Draw(t, "weeks")) * 7 * 24 * time.Hour)
		res := run(t, sc, Options{Reps: 2})
		res.Start = start
		if diff := cmp.Diff(want, asJSON(t, res)); diff != "" {
			t.Fatalf("weeks later all differs:\n%s\n%s", diff, text)
		}
	})
}

// parts splits a trace by cohort, with names that do not depend on others.
func parts(events []trace.Event) map[string][]trace.Event {
	type known struct{ cohort, name string }
	open := map[string]known{}
	n := map[string]int{}
	list := map[string][]trace.Event{}
	for _, e := range events {
		e.Line = 0
		if e.Op == trace.Connect {
			n[e.Cohort]++
			name := fmt.Sprintf("%s %d", e.Cohort, n[e.Cohort])
			open[e.Conn] = known{e.Cohort, name}
			e.Parent = open[e.Parent].name
			if e.Session != "" {
				e.Session = name
			}
		}
		k := open[e.Conn]
		e.Conn = k.name
		list[k.cohort] = append(list[k.cohort], e)
	}
	return list
}

// A cohort more or less does not move the others.
func TestCohortsDoNotMoveEachOther(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawUnlimited(t)
		if len(s.names) < 2 {
			return
		}
		_, events := record(t, parse(t, s.text()))
		text, kept := s.without(rapid.IntRange(0, len(s.names)-1).Draw(t, "gone"))
		if len(kept) == 0 {
			return
		}
		_, fewer := record(t, parse(t, text))
		want, got := parts(events), parts(fewer)
		for _, name := range kept {
			if !slices.Equal(want[name], got[name]) {
				t.Fatalf("cohort %q with (-) and without (+) another:\n%s\n%s", name, cmp.Diff(want[name], got[name]), s.text())
			}
		}
	})
}

// Another policy sees the same people at the same instants.
func TestPoliciesSeeTheSamePeople(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawUnlimited(t)
		sc := parse(t, s.text())
		_, want := record(t, sc)
		other := parse(t, drawUnlimited(t).text())
		sc.License.Policy = other.License.Policy
		_, got := record(t, sc)
		if !slices.Equal(want, got) {
			t.Fatalf("%s (-) and %s (+) see others:\n%s\n%s", s.head, sc.License.Policy.Name, cmp.Diff(want, got), s.text())
		}
	})
}

// A step is how many units are in use from an instant on.
type step struct {
	at    engine.Time
	units int
}

// steps runs the first replication and lists the units in use at the end of
// each instant at which something happened.
func steps(sc *scenario.Scenario, p *engine.Policy) []step { return stepsAt(sc, p, 1) }

// stepsAt is steps of the traffic times a scale.
func stepsAt(sc *scenario.Scenario, p *engine.Policy, scale float64) []step {
	list := []step{{}}
	w := newWorld(sc, p, 0, func(e engine.Event) {
		if last := &list[len(list)-1]; last.at == e.At {
			last.units = e.InUse
			return
		}
		list = append(list, step{e.At, e.InUse})
	}, nil)
	w.scale = scale
	w.reset(sc.Seed, 0)
	w.run(context.Background(), nil)
	return list
}

// under finds the first instant at which a is less than b.
func under(a, b []step) (at engine.Time, found bool) {
	for i, j, now := 0, 0, engine.Time(0); ; {
		for i+1 < len(a) && a[i+1].at <= now {
			i++
		}
		for j+1 < len(b) && b[j+1].at <= now {
			j++
		}
		if a[i].units < b[j].units {
			return now, true
		}
		next := engine.MaxTime
		if i+1 < len(a) {
			next = min(next, a[i+1].at)
		}
		if j+1 < len(b) {
			next = min(next, b[j+1].at)
		}
		if next == engine.MaxTime {
			return 0, false
		}
		now = next
	}
}

// What costs more by the rules costs at least as much at every instant of the
// same run.
func TestDominance(t *testing.T) {
	tests := []struct {
		option, more, less string
	}{
		{"max_connections", "1", "2"},
		{"max_connections", "2", "3"},
		{"max_connections", "3", "1000000"}, // per connection against never
		{"transition_at", "ge_max", "gt_max"},
		{"hold_seconds", "15", "10"},
		{"hold_seconds", "10", "0"},
		{"hold_from", "end", "start"},
		{"hold_scope", "all_sessionless", "anonymous_only"},
		{"hold_extend", "true", "false"},
		{"hold_counts_connection", "true", "false"},
		{"grace_seconds", "600", "60"},
		{"grace_seconds", "60", "0"},
		{"grace_on", "logout_or_timeout", "timeout_only"},
		{"grace_keeps_transition", "true", "false"},
		{"uncharged", "none", "rest"},
		{"uncharged", "none", "rest,soap"}, // since 2022.3 and before
		{"timeout_lag", "20", "0"},
	}
	rapid.Check(t, func(t *rapid.T) {
		tt := rapid.SampledFrom(tests).Draw(t, "pair")
		text := drawUnlimited(t).text()
		sc := parse(t, text)
		more, less := sc.License.Policy, sc.License.Policy
		for _, p := range []*engine.Policy{&more, &less} {
			p.HoldExtend, p.GraceReuse, p.HostAddress = true, true, "192.0.2.1"
		}
		if err := more.Set(tt.option, tt.more); err != nil {
			t.Fatal(err)
		}
		if err := less.Set(tt.option, tt.less); err != nil {
			t.Fatal(err)
		}
		if at, found := under(steps(sc, &more), steps(sc, &less)); found {
			t.Fatalf("%s: %s costs less than %s at %v s\n%s", tt.option, tt.more, tt.less, at.Seconds(), text)
		}
	})
}

// Cohorts that share nothing add up.
func TestCohortsAddUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := fill(&sketch{t: t, alone: true})
		sc := parse(t, s.text())
		whole := steps(sc, &sc.License.Policy)
		var lists [][]step
		for i := range sc.Cohorts {
			one := *sc
			one.Cohorts = sc.Cohorts[i : i+1]
			lists = append(lists, steps(&one, &one.License.Policy))
		}
		for _, w := range whole {
			sum := 0
			for i, l := range lists {
				for len(l) > 1 && l[1].at <= w.at {
					l = l[1:]
				}
				lists[i] = l
				sum += l[0].units
			}
			if w.units != sum {
				t.Fatalf("%d units at %v s, and %d in all cohorts by themselves\n%s", w.units, w.at.Seconds(), sum, s.text())
			}
		}
	})
}

// A job finds the license user ID of who started it, whichever cohort the
// scenario names first.
func TestJobsBeforeTheirStarters(t *testing.T) {
	const head = `
name: order
duration: 2h
license: {units: 1000, policy: {base: iris-2022.3, uncharged: terminal}}
cohorts:
`
	starters := "  - {name: u, kind: users, arrivals: {poisson: 2/min}, session: 20m}\n"
	jobs := "  - {name: j, kind: jobs, started_by: u, delay: 1m, runs: 5m}\n"
	one := run(t, parse(t, head+starters+jobs), Options{}).Policies[0]
	other := run(t, parse(t, head+jobs+starters), Options{}).Policies[0]
	if one.Peaks != other.Peaks || one.MeanUnits != other.MeanUnits {
		t.Errorf("peaks %v, mean %v with the jobs last; %v, %v with the jobs first", one.Peaks, one.MeanUnits, other.Peaks, other.MeanUnits)
	}
}
