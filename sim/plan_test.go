package sim

import (
	"context"
	"testing"

	"highwater/engine"
	"highwater/scenario"
	"highwater/sim/trace"

	"github.com/google/go-cmp/cmp"
)

// mixed has every kind of request, windows, proxies and other connections.
const mixed = `
name: mixed
duration: 2h
license: {units: 1}
proxies:
  - {name: gateway, address: 10.0.0.5, cap: 9}
  - {name: stripper, address: 10.0.0.6, drops_cookies: true}
cohorts:
  - {name: pollers, kind: callers, count: 9, arrivals: {every: 20s}, session: exp(2s)}
  - {name: tablets, kind: callers, through: gateway, arrivals: {poisson: 20/min}, session: uniform(5s 12s)}
  - {name: series, kind: callers, arrivals: {poisson: 2/min}, session: {calls: geometric(mean 4), takes: 3s, think: exp(20s), use_session: true, logout: 50%, timeout: 1m}}
  - {name: staff, kind: browsers, count: 20, arrivals: {idle: exp(10m)}, session: {windows: uniform(1 3), login: true, pages: geometric(mean 6), think: exp(2m), logout: 70%, timeout: 5m}}
  - {name: visitors, kind: browsers, through: stripper, arrivals: {poisson: 2/min}, session: {pages: geometric(mean 3), think: exp(30s)}}
  - {name: nurses, kind: users, count: 10, arrivals: {idle: exp(10m)}, session: exp(10m)}
  - {name: letters, kind: jobs, started_by: staff, per: page, chance: 50%, runs: exp(1m)}
`

func planOf(t *testing.T, sc *scenario.Scenario, v Case, o PlanOptions) (list []PlannedRequest, peak engine.Peak) {
	t.Helper()
	v.Scenario, v.Policy = sc, sc.License.Policy
	peak, err := Plan(context.Background(), v, o, func(r *PlannedRequest) { list = append(list, *r) })
	if err != nil {
		t.Fatal(err)
	}
	return list, peak
}

// A cohort's events, as a trace without a limit and as a plan tells them.
type heard struct{ Connects, Pages, Logins, Logouts int }

// The plan has every connect, page, login and logout that a run without a
// limit writes into its trace, of those who speak HTTP, and the same peak.
func TestPlanIsTheTrace(t *testing.T) {
	sc := parse(t, mixed)
	sc.License.Units = 0
	inTrace := map[string]heard{}
	cohortOf := map[string]string{}
	samples, err := Replicate(context.Background(), Cases(sc), Options{Reps: 1, Trace: func(ev *trace.Event) {
		name := ev.Cohort
		if ev.Op == trace.Connect {
			cohortOf[ev.Conn] = name
		} else {
			name = cohortOf[ev.Conn]
		}
		h := inTrace[name]
		switch {
		case ev.Op == trace.Connect:
			h.Connects++
		case ev.Op == trace.Page:
			h.Pages++
		case ev.Op == trace.Login:
			h.Logins++
		case ev.How == engine.Logout:
			h.Logouts++
		}
		inTrace[name] = h
	}})
	if err != nil {
		t.Fatal(err)
	}
	list, peak := planOf(t, sc, Case{}, PlanOptions{})
	if want := samples[0].Course().First.Peak; peak != want {
		t.Errorf("peak %v, want %v", peak, want)
	}
	requests, logins, logouts := map[string]int{}, map[string]int{}, map[string]int{}
	for _, r := range list {
		name := sc.Cohorts[r.Cohort].Name
		requests[name]++
		switch r.Kind {
		case LoginRequest:
			logins[name]++
		case LogoutRequest:
			logouts[name]++
		}
	}
	for _, name := range []string{"nurses", "letters"} {
		if requests[name] != 0 {
			t.Errorf("%s have %d requests, and do not speak HTTP", name, requests[name])
		}
		delete(inTrace, name)
	}
	for name, h := range inTrace {
		if got, want := requests[name], h.Connects+h.Pages+h.Logouts; got != want || got == 0 {
			t.Errorf("%s have %d requests, want %d: %+v", name, got, want, h)
		}
		if logins[name] != h.Logins || logouts[name] != h.Logouts {
			t.Errorf("%s have %d logins and %d logouts, want %+v", name, logins[name], logouts[name], h)
		}
	}
	if inTrace["staff"].Logins == 0 || inTrace["series"].Logouts == 0 {
		t.Error("the scenario has no logins, or no logouts")
	}
}

// Requests come in the order of time, those of a visit one after another, and
// each after the end of the one before.
func TestPlanIsInOrder(t *testing.T) {
	list, _ := planOf(t, parse(t, mixed), Case{}, PlanOptions{})
	last := engine.Time(0)
	visits := map[uint32]PlannedRequest{}
	for i, r := range list {
		if r.At < last {
			t.Fatalf("request %d is at %v, after one at %v", i, r.At, last)
		}
		last = r.At
		before, known := visits[r.Visit]
		switch {
		case !known && (int(r.Visit) != len(visits) || r.Order != 0 || r.Think != 0):
			t.Fatalf("request %d begins visit %d: %+v", i, len(visits), r)
		case known && (r.Order != before.Order+1 || r.Cohort != before.Cohort || r.Member != before.Member):
			t.Fatalf("request %d is %+v, after %+v", i, r, before)
		case known && (r.Think < 0 || r.At != before.At+before.Service+r.Think):
			t.Fatalf("request %d is %+v, which is not its think time after %+v", i, r, before)
		}
		visits[r.Visit] = r
	}
}

// The plan of a constant scenario, worked out by hand.
func TestPlanByHand(t *testing.T) {
	sc := parse(t, `
name: hand
duration: 1m
license: {units: 1}
cohorts:
  - {name: poller, kind: callers, arrivals: {every: 25s, phase: aligned}, session: 2s}
  - {name: clerk, kind: browsers, count: 1, arrivals: {at: +5s}, session: {login: true, pages: 3, think: 10s, logout: 100%}}
`)
	s := engine.Second
	want := []PlannedRequest{
		{At: 0, Service: 2 * s, Visit: 0, Kind: CallRequest},
		{At: 5 * s, Visit: 1, Cohort: 1, Kind: PageRequest},
		{At: 15 * s, Think: 10 * s, Visit: 1, Order: 1, Cohort: 1, Kind: LoginRequest},
		{At: 25 * s, Think: 10 * s, Visit: 1, Order: 2, Cohort: 1, Kind: PageRequest},
		{At: 25 * s, Service: 2 * s, Visit: 2, Kind: CallRequest},
		{At: 35 * s, Think: 10 * s, Visit: 1, Order: 3, Cohort: 1, Kind: LogoutRequest},
		{At: 50 * s, Service: 2 * s, Visit: 3, Kind: CallRequest},
	}
	got, _ := planOf(t, sc, Case{}, PlanOptions{})
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("plan (-want +got):\n%s", diff)
	}
}

// Who comes through a proxy with a cap is planned for when it comes there,
// though it waits, and the next of its calls for its think time after the end:
// the first call of a lasts from 1 to 11, that of b from 11 to 21, and that of
// c gives up at 9, tries again at 14 and is let in at 21. The user takes both
// places from 40 on.
func TestPlanOfAProxy(t *testing.T) {
	sc := parse(t, `
name: proxy
duration: 2m
license: {units: 1}
proxies: [{name: g, address: 10.0.0.5, cap: 1, patience: 8s}, {name: p, address: 10.0.0.6, cap: 2}]
cohorts:
  - {name: a, kind: callers, through: g, arrivals: {at: +1s}, session: {calls: 2, takes: 10s, think: 30s}}
  - {name: b, kind: callers, through: g, arrivals: {at: +3s}, session: {calls: 2, takes: 10s, think: 30s}}
  - {name: c, kind: callers, through: g, arrivals: {at: +1s}, session: {calls: 2, takes: 10s, think: 30s}, on_refusal: {retry: 5s, times: 9}}
  - {name: u, kind: users, devices: 2, through: p, arrivals: {at: +40s}, session: 5m}
`)
	s := engine.Second
	want := []PlannedRequest{
		{At: s, Service: 10 * s, Visit: 0, Cohort: 0, Kind: CallRequest},
		{At: s, Service: 10 * s, Visit: 1, Cohort: 2, Kind: CallRequest},
		{At: 3 * s, Service: 10 * s, Visit: 2, Cohort: 1, Kind: CallRequest},
		{At: 41 * s, Think: 30 * s, Service: 10 * s, Visit: 0, Order: 1, Cohort: 0, Kind: CallRequest},
		{At: 51 * s, Think: 30 * s, Service: 10 * s, Visit: 2, Order: 1, Cohort: 1, Kind: CallRequest},
		{At: 61 * s, Think: 30 * s, Service: 10 * s, Visit: 1, Order: 1, Cohort: 2, Kind: CallRequest},
	}
	var stays []PlannedStay
	got, _ := planOf(t, sc, Case{}, PlanOptions{Stays: func(x *PlannedStay) { stays = append(stays, *x) }})
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("plan (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]PlannedStay{{At: 40 * s, Length: 300 * s, Places: 2, Cohort: 3}}, stays); diff != "" {
		t.Errorf("stays (-want +got):\n%s", diff)
	}
}

// Another replication, seed or scale is another plan; the same is the same.
func TestPlanIsSeeded(t *testing.T) {
	sc := parse(t, mixed)
	one, _ := planOf(t, sc, Case{}, PlanOptions{})
	again, _ := planOf(t, sc, Case{}, PlanOptions{})
	if diff := cmp.Diff(one, again); diff != "" {
		t.Errorf("twice the same plan differs:\n%.500s", diff)
	}
	other, _ := planOf(t, sc, Case{}, PlanOptions{Replication: 1})
	seeded, _ := planOf(t, sc, Case{}, PlanOptions{Seed: 2})
	twice, _ := planOf(t, sc, Case{Scale: 2}, PlanOptions{})
	if cmp.Equal(one, other) || cmp.Equal(one, seeded) {
		t.Error("another replication or seed has the same plan")
	}
	if ratio := float64(len(twice)) / float64(len(one)); ratio < 1.8 || ratio > 2.2 {
		t.Errorf("%d requests at scale 2 and %d at 1", len(twice), len(one))
	}
}
