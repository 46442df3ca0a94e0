package sim

import (
	"context"
	"io/fs"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"highwater/engine"
	"highwater/scenario"
	"highwater/scenarios"
	"highwater/sim/result"
	"highwater/sim/trace"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// explain explains an instant of the first replication.
func explain(t rapid.TB, sc *scenario.Scenario, which trace.Which, at engine.Time) *result.Explanation {
	t.Helper()
	res, err := Explain(context.Background(), sc, ExplainOptions{Which: which, At: at})
	if err != nil {
		t.Fatal(err)
	}
	return res
}

// checkSplit: categories, cohorts, holders and their connections all sum up to
// what is in use.
func checkSplit(t rapid.TB, res *result.Explanation) {
	t.Helper()
	total := func(split []result.CategoryUnits) (sum int) {
		for _, c := range split {
			sum += c.Units
		}
		return sum
	}
	units, conns := 0, 0
	for i := range res.Holders {
		h := &res.Holders[i]
		units += h.Units
		conns += h.Connections
		if total(h.Split) != h.Units || h.Connections != len(h.Conns) {
			t.Fatalf("%+v: units of its categories or connections are missing", h)
		}
		open := slices.ContainsFunc(h.Conns, func(c result.HolderConn) bool { return c.State != result.Held })
		if (h.Until == nil) != open || h.Until != nil && *h.Until <= *res.At || h.Since > *res.At {
			t.Fatalf("%+v at %d: an end if and only if nothing is open", h, *res.At)
		}
	}
	cohorts, users := 0, 0
	for _, c := range res.ByCohort {
		cohorts += c.Units
		users += c.Users
		if total(c.Split) != c.Units {
			t.Fatalf("%+v: units of its categories are missing", c)
		}
	}
	if units != res.InUse || total(res.Split) != res.InUse || cohorts != res.InUse || conns != res.Connections || users != len(res.Holders) {
		t.Fatalf("%d units on %d connections in use; holders have %d on %d, categories %v, cohorts %d", res.InUse, res.Connections, units, conns, res.Split, cohorts)
	}
}

// stopped runs the first replication up to an instant and no further. What the
// run's end cuts off, it cuts off here too.
func stopped(sc *scenario.Scenario, at engine.Time) *world {
	short := *sc
	short.Duration = min(at+1, sc.Duration)
	w := newWorld(&short, &short.License.Policy, short.License.Units, nil, func(*trace.Event) {})
	w.reset(sc.Seed, 0)
	w.run(context.Background(), nil)
	return w
}

// checkStates compares what web sessions do by what comes next with what the
// simulator meant to do with them at the instant.
func checkStates(t rapid.TB, sc *scenario.Scenario, res *result.Explanation) {
	t.Helper()
	if slices.ContainsFunc(sc.Proxies, func(p scenario.Proxy) bool { return p.Cap > 0 }) || sc.License.Policy.TimeoutLag > 0 {
		return // a wait may end in a time-out that nobody meant; one that lags is over for the simulator
	}
	states := stopped(sc, *res.At).states()
	for _, h := range res.Holders {
		for _, c := range h.Conns {
			if want, ok := states[c.Conn]; ok && c.State != result.Held && c.State != want {
				t.Fatalf("connection %+v of %s at %d, want %s", c, h.LicenseUserID, *res.At, want)
			}
		}
	}
}

// checkRecount compares with the same trace cut off after the instant.
func checkRecount(t rapid.TB, sc *scenario.Scenario, events []trace.Event, res *result.Explanation) {
	t.Helper()
	n := 0
	for n < len(events) && events[n].At <= *res.At {
		n++
	}
	cut := *sc
	cut.Duration = *res.At
	got := replay(t, &cut, events[:n])
	refused := int64(0)
	for _, r := range got.RefusedByVia {
		refused += r
	}
	if got.UnitsAtEnd != res.InUse || refused != res.Refused {
		t.Fatalf("at %d: %d units in use, %d refused; replayed up to there it is %d and %d", *res.At, res.InUse, res.Refused, got.UnitsAtEnd, refused)
	}
}

// checkTrace compares a run explained with its trace explained. It spoils both.
func checkTrace(t rapid.TB, sc *scenario.Scenario, events []trace.Event, res *result.Explanation, m trace.Moment) {
	t.Helper()
	x := trace.NewExplainer(trace.Options{Policy: sc.License.Policy, Units: sc.License.Units, End: sc.Duration, Epoch: sc.Start}, m)
	last := map[string]engine.Time{}
	for i := range events {
		events[i].Line = int64(i + 2)
		last[events[i].Conn] = events[i].At
		if err := x.Apply(&events[i]); err != nil {
			t.Fatal(err)
		}
	}
	got := x.Finish(nil)
	checkSplit(t, got)
	for _, e := range []*result.Explanation{res, got} {
		e.Scenario, e.Seed, e.Replication = "", 0, 0
		e.Notes = nil
		blur(e, func(conn string) bool { return last[conn] <= *res.At })
	}
	if !reflect.DeepEqual(res, got) {
		t.Fatalf("the run (-) and its trace (+) explained differ:\n%s", cmp.Diff(res, got))
	}
}

// blur takes out of an explanation what a trace does not tell: what the web
// sessions do that it says no more of, and the units that depend on them.
func blur(res *result.Explanation, quiet func(conn string) bool) {
	blurred := false
	for i := range res.Holders {
		h := &res.Holders[i]
		for k := range h.Conns {
			if c := &h.Conns[k]; c.State != result.Held && slices.Contains([]string{"csp", "rest", "soap"}, c.Via) && quiet(c.Conn) {
				c.State, h.Split, blurred = "", nil, true
			}
		}
	}
	if !blurred {
		return
	}
	res.Split = nil
	for i := range res.ByCohort {
		res.ByCohort[i].Split = nil
	}
	slices.SortFunc(res.Holders, func(a, b result.UnitHolder) int { return strings.Compare(a.LicenseUserID, b.LicenseUserID) })
}

// checkExplain checks an instant, the peak and the first refusal of a run.
func checkExplain(t rapid.TB, sc *scenario.Scenario, instants ...engine.Time) {
	t.Helper()
	ran, events := record(t, sc)
	first := ran.Policies[0].First
	for _, at := range instants {
		res := explain(t, sc, trace.AtTime, at)
		checkSplit(t, res)
		checkRecount(t, sc, events, res)
		checkStates(t, sc, res)
		checkTrace(t, sc, events, res, trace.Moment{At: at})
	}
	peak := explain(t, sc, trace.AtPeak, 0)
	checkSplit(t, peak)
	checkTrace(t, sc, events, peak, trace.Moment{Which: trace.AtPeak, Units: first.Peak.Units})
	if peak.InUse != first.Peak.Units || *peak.At != first.Peak.At || len(peak.Holders) != first.HoldersTotal {
		t.Fatalf("%d units at %d with %d holders, want the peak %+v with %d", peak.InUse, *peak.At, len(peak.Holders), first.Peak, first.HoldersTotal)
	}
	refusal := explain(t, sc, trace.AtFirstRefusal, 0)
	f := first.FirstRefusal
	if f == nil {
		if refusal.At != nil || refusal.FirstRefusal != nil || len(refusal.Holders) > 0 {
			t.Fatalf("%+v, want no refusal", refusal)
		}
		return
	}
	checkSplit(t, refusal)
	g := *refusal.FirstRefusal
	g.Conn = ""
	if strings.Contains(f.LicenseUserID, "#") { // a trace numbers these by its lines
		g.LicenseUserID = f.LicenseUserID
	}
	if g != *f || *refusal.At != f.At || refusal.InUse != f.InUse || refusal.Refused != 1 {
		t.Fatalf("%+v at %d with %d in use, want %+v", g, *refusal.At, refusal.InUse, *f)
	}
}

func TestExplain(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := drawScenario(t).text()
		sc := parse(t, text)
		defer func() {
			if t.Failed() {
				t.Log(text)
			}
		}()
		at := engine.Time(rapid.Int64Range(0, int64(sc.Duration/engine.Second)).Draw(t, "at")) * engine.Second
		checkExplain(t, sc, min(at, sc.Duration), sc.Duration)
	})
}

// The scenarios that come with the program, at an instant each.
func TestExplainScenarios(t *testing.T) {
	names, err := fs.Glob(scenarios.Files, "*.yaml")
	if err != nil || len(names) == 0 {
		t.Fatalf("no scenarios: %v", err)
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			data, err := scenarios.Files.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			sc := parse(t, string(data))
			sc.Duration = min(sc.Duration, 10*engine.Hour)
			sc.Compare = nil
			random := rand.New(rand.NewPCG(sc.Seed, 1))
			checkExplain(t, sc, engine.Time(random.Int64N(int64(sc.Duration))))
		})
	}
}

// A session that the run's end cuts off is not leaked, and one that has no
// time-out is, though neither is heard of again.
func TestExplainTheEnd(t *testing.T) {
	sc := parse(t, `
name: end
duration: 1h
license: {units: unlimited}
cohorts:
  - {name: idlers, kind: browsers, count: 2, arrivals: {at: +50m}, session: {pages: 1, logout: 0%, timeout: 15m}}
  - {name: readers, kind: browsers, count: 3, arrivals: {at: +50m}, session: {pages: 2, think: 20m, logout: 0%, timeout: 40m}}
  - {name: leavers, kind: browsers, count: 4, arrivals: {at: +50m}, session: {pages: 1, think: 11m, logout: 100%, timeout: 40m}}
  - {name: leaks, kind: browsers, count: 5, arrivals: {at: +50m}, session: {pages: 1, logout: 0%, timeout: never}}
  - {name: late, kind: browsers, count: 6, arrivals: {at: +50m}, session: {pages: 2, think: 40m, timeout: 30m}}
`)
	want := map[string]string{"idlers": result.Idle, "readers": result.Working, "leavers": result.Working, "leaks": result.Leaked, "late": result.Idle}
	res := explain(t, sc, trace.AtTime, 55*engine.Minute)
	if res.InUse != 20 || len(res.ByCohort) != len(want) || len(res.Notes) > 0 {
		t.Fatalf("%+v, want 20 units of %d cohorts", res, len(want))
	}
	for _, c := range res.ByCohort {
		if len(c.Split) != 1 || c.Split[0].Category != want[c.Cohort] {
			t.Errorf("%s: %v, want %s", c.Cohort, c.Split, want[c.Cohort])
		}
	}
}

// Each replication is explained by itself, and with a seed as it is given.
func TestExplainReplications(t *testing.T) {
	sc := parse(t, `
name: seeds
duration: 1h
license: {units: unlimited}
cohorts:
  - {name: staff, kind: users, arrivals: {poisson: 60/h}, session: exp(10m)}
`)
	for rep := range 3 {
		w := newWorld(sc, &sc.License.Policy, 0, nil, nil)
		w.reset(7, rep)
		w.run(context.Background(), nil)
		res, err := Explain(context.Background(), sc, ExplainOptions{Seed: 7, Replication: rep, Which: trace.AtPeak})
		if err != nil || res.InUse != w.table.Peak().Units || *res.At != w.table.Peak().At || res.Replication != rep+1 || res.Seed != 7 {
			t.Errorf("replication %d: %d units at %d, %v; want the peak %v", rep, res.InUse, *res.At, err, w.table.Peak())
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if res, err := Explain(ctx, sc, ExplainOptions{}); res != nil || err != context.Canceled {
		t.Errorf("%v, %v; want nothing when the context has ended", res, err)
	}
}
