package sim

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"highwater/engine"
	"highwater/sim/result"
	"highwater/sim/trace"

	"github.com/google/go-cmp/cmp"
)

// attempts lists the instants, in seconds, of a cohort's connects, logins and
// disconnects.
func attempts(events []trace.Event, cohort string) (list []string) {
	whose := map[string]string{}
	for _, e := range events {
		if e.Op == trace.Connect {
			whose[e.Conn] = e.Cohort
		}
		if whose[e.Conn] == cohort {
			list = append(list, fmt.Sprintf("%s %s", e.At.AppendSeconds(nil), e.Op))
		}
	}
	return list
}

// Whoever is refused tries again or gives up. A refused connection ends in the
// trace when it is tried again, or when its session would have ended.
func TestRetries(t *testing.T) {
	const head = `
name: retries
duration: 10m
license: {units: 1}
cohorts:
  - {name: holder, kind: devices, arrivals: {at: HOLD}
`
	tests := []struct {
		name, hold, client string
		want               []string
		count              result.Cohort
	}{
		{"gives up", "+0s}, session: forever", "{name: c, kind: users, arrivals: {at: +5s}, session: 1m}",
			[]string{"5 connect", "65 disconnect"}, result.Cohort{Sessions: 1, Refused: 1, Lost: 1}},
		{"so many times", "+0s}, session: forever", "{name: c, kind: users, arrivals: {at: +5s}, session: 1m, on_refusal: {retry: 10s, times: 3}}",
			[]string{"5 connect", "15 disconnect", "15 connect", "25 disconnect", "25 connect", "35 disconnect", "35 connect", "95 disconnect"}, result.Cohort{Sessions: 1, Refused: 4, Lost: 1}},
		{"ever later", "+0s}, session: forever", "{name: c, kind: users, arrivals: {at: +5s}, session: 1m, on_refusal: {retry: 10s, times: 4, backoff: 3}}",
			[]string{"5 connect", "15 disconnect", "15 connect", "45 disconnect", "45 connect", "135 disconnect", "135 connect",
				"405 disconnect", "405 connect", "465 disconnect"}, result.Cohort{Sessions: 1, Refused: 5, Lost: 1}},
		{"until the end", "+0s}, session: forever", "{name: c, kind: users, arrivals: {at: +5s}, session: 1m, on_refusal: {retry: 250s}}",
			[]string{"5 connect", "255 disconnect", "255 connect", "505 disconnect", "505 connect"}, result.Cohort{Sessions: 1, Refused: 3}},
		{"until a unit is free", "+0s}, session: 20s", "{name: c, kind: users, arrivals: {at: +5s}, session: 1m, on_refusal: {retry: 15s, times: 1}}",
			[]string{"5 connect", "20 disconnect", "20 connect", "80 disconnect"}, result.Cohort{Sessions: 1, Started: 1, Refused: 1}},
		{"all or nothing", "+0s}, session: forever", "{name: c, kind: users, devices: 2, arrivals: {at: +5s}, session: 1m, on_refusal: {retry: 15s, times: 1}}",
			[]string{"5 connect", "20 disconnect", "20 connect", "80 disconnect"}, result.Cohort{Sessions: 1, Refused: 2, Lost: 1}},
		{"in the middle of a session", "+41s}, session: 30s", "{name: c, kind: callers, arrivals: {at: +30s}, session: {calls: 3, takes: 5s, think: 20s}, on_refusal: {retry: 10s, times: 2}}",
			[]string{"30 connect", "35 disconnect", "55 connect", "65 disconnect", "65 connect", "75 disconnect", "75 connect", "80 disconnect", "100 connect", "105 disconnect"},
			result.Cohort{Sessions: 1, Started: 1, Refused: 2}},
		{"for good, in the middle", "+41s}, session: forever", "{name: c, kind: callers, arrivals: {at: +30s}, session: {calls: 3, takes: 5s, think: 20s}, on_refusal: {retry: 10s, times: 1}}",
			[]string{"30 connect", "35 disconnect", "55 connect", "65 disconnect", "65 connect", "70 disconnect"}, result.Cohort{Sessions: 1, Started: 1, Refused: 2, Lost: 1}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			sc := parse(t, strings.Replace(head, "HOLD", tt.hold, 1)+"  - "+tt.client+"\n")
			res, events := record(t, sc)
			if diff := cmp.Diff(tt.want, attempts(events, "c")); diff != "" {
				t.Errorf("want (-), got (+):\n%s", diff)
			}
			tt.count.Name = "c"
			if diff := cmp.Diff(one(tt.count), res.Policies[0].Cohorts[1]); diff != "" {
				t.Errorf("want (-), got (+):\n%s", diff)
			}
		})
	}
}

// A session that cannot have all of its connections has none: those that it got
// are killed at once, and their units are free for the next one.
func TestAllOrNothing(t *testing.T) {
	sc := parse(t, `
name: all or nothing
duration: 1m
license: {units: 2, policy: {max_connections: 1}}
cohorts:
  - {name: a, kind: users, connections: 3, arrivals: {at: +10s}, count: 1, session: 10s}
  - {name: b, kind: users, connections: 2, arrivals: {at: +10s}, count: 1, session: 10s}
`)
	res, events := record(t, sc)
	if diff := cmp.Diff([]string{"10 connect", "10 connect", "10 connect", "10 disconnect", "10 disconnect", "20 disconnect"}, attempts(events, "a")); diff != "" {
		t.Errorf("want (-), got (+):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"10 connect", "10 connect", "20 disconnect", "20 disconnect"}, attempts(events, "b")); diff != "" {
		t.Errorf("want (-), got (+):\n%s", diff)
	}
	if got := res.Policies[0].First.Peak; got != (engine.Peak{Units: 2, At: 10 * engine.Second}) {
		t.Errorf("peak %v", got)
	}
}

// Whoever is refused its login stays in the session that it has, tries again,
// and in the end leaves it to time out.
func TestRefusedLogin(t *testing.T) {
	sc := parse(t, `
name: login
duration: 1h
license: {units: 2, policy: {grace_seconds: 0}}
cohorts:
  - {name: other, kind: users, arrivals: {at: +0s}, session: forever}
  - name: c
    kind: browsers
    address: 10.0.0.9
    user: svc
    arrivals: {at: [+10s, +50s]}
    session: {pages: 2, think: 10s, login: true, timeout: 15m}
    on_refusal: {retry: 30s, times: 1}
`)
	res, events := record(t, sc)
	// The first one logs in at 20 s, when its session's unit is the login's.
	// The second one's session finds no unit at 50 s and 80 s.
	want := []string{"10 connect", "20 page", "20 login", "50 connect", "80 disconnect", "80 connect", "920 disconnect", "980 disconnect"}
	if diff := cmp.Diff(want, attempts(events, "c")); diff != "" {
		t.Errorf("want (-), got (+):\n%s", diff)
	}
	if diff := cmp.Diff(one(result.Cohort{Name: "c", Sessions: 2, Started: 1, Refused: 2, Lost: 1}), res.Policies[0].Cohorts[1]); diff != "" {
		t.Errorf("want (-), got (+):\n%s", diff)
	}
	// With a connection limit of one, the login finds the name taken.
	sc = parse(t, `
name: login
duration: 1h
license: {units: unlimited, policy: {connection_limit: 1}}
cohorts:
  - name: c
    kind: browsers
    address: 10.0.0.9
    user: svc
    arrivals: {at: [+10s, +50s]}
    session: {pages: 2, think: 10s, login: true, timeout: 15m}
    on_refusal: {retry: 30s, times: 1}
`)
	res, events = record(t, sc)
	want = []string{"10 connect", "20 page", "20 login", "50 connect", "60 page", "60 login", "90 login", "920 disconnect", "990 disconnect"}
	if diff := cmp.Diff(want, attempts(events, "c")); diff != "" {
		t.Errorf("want (-), got (+):\n%s", diff)
	}
	if got := res.Policies[0].ByVia; len(got) != 1 || got[0] != (result.ViaCount{Via: "login", Refused: 2}) {
		t.Errorf("refused by via: %v", got)
	}
}

// A run that is broken off gives back what it has, and that is what a shorter
// run would have been.
func TestCancel(t *testing.T) {
	const text = `
name: cancel
duration: 1d
reps: 8
license: {units: 9}
compare: [contract]
cohorts: [{name: a, kind: users, via: xdbc, arrivals: {poisson: 30/h}, session: exp(10m)}]
`
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	got, err := Run(ctx, parse(t, text), Options{Workers: 1, Progress: func(share float64) {
		if share > 0.6 {
			cancel()
		}
	}})
	if !errors.Is(err, context.Canceled) || !got.Partial || got.Replications < 1 || got.Replications > 7 {
		t.Fatalf("%d replications, partial %v, error %v", got.Replications, got.Partial, err)
	}
	want := run(t, parse(t, text), Options{Reps: got.Replications})
	want.Partial, want.EndedBy = true, result.Interrupted
	if diff := cmp.Diff(asJSON(t, want), asJSON(t, got)); diff != "" {
		t.Errorf("a shorter run (-) and one broken off (+) differ:\n%s", diff)
	}

	got, err = Run(ctx, parse(t, text), Options{})
	if !errors.Is(err, context.Canceled) || !got.Partial || got.Replications != 0 || len(got.Policies) != 0 {
		t.Errorf("broken off before the begin: %+v, %v", got, err)
	}
}

// one is what came of a cohort in a single replication, which lists it again.
func one(c result.Cohort) result.Cohort {
	if c.Refused > 0 {
		c.RefusedBy = []int32{int32(c.Refused)}
	}
	if c.Lost > 0 {
		c.LostBy = []int32{int32(c.Lost)}
	}
	return c
}
