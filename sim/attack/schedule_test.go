package attack

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"os"
	"testing"

	"highwater/engine"
	"highwater/scenario"
	"highwater/sim"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if os.Getenv(asTarget) != "" {
		serveTarget()
		return
	}
	goleak.VerifyTestMain(m)
}

func parse(t testing.TB, text string) *scenario.Scenario {
	t.Helper()
	sc, err := scenario.Parse("test.yaml", []byte(text), os.ReadFile)
	if err != nil {
		t.Fatal(err)
	}
	return sc
}

func plan(t testing.TB, text string, o PlanOptions) *Schedule {
	t.Helper()
	s, err := Plan(context.Background(), parse(t, text), o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

const clinic = `
name: clinic
duration: 2h
license: {units: 50}
proxies: [{name: gateway, address: 10.0.0.5, forwards: x-forwarded-for}]
cohorts:
  - {name: pollers, kind: callers, count: 9, arrivals: {every: 20s}, session: exp(2s)}
  - {name: lab, kind: callers, via: soap, user: own, count: 5, through: gateway, arrivals: {poisson: 2/min each}, session: 1s}
  - {name: staff, kind: browsers, count: 20, arrivals: {idle: exp(10m)}, session: {login: true, pages: geometric(mean 6), think: exp(2m), logout: 70%, timeout: 10m}}
  - {name: nurses, kind: users, count: 10, arrivals: start, session: 1h}
`

// Every request is reached once from the first of its visit.
func TestScheduleIsChained(t *testing.T) {
	for _, w := range []Window{{}, {From: 30 * engine.Minute, To: 50 * engine.Minute}, {AtPeak: true, Around: 5 * engine.Minute}} {
		s := plan(t, clinic, PlanOptions{Window: w})
		reached := 0
		for i := range s.Requests {
			r := &s.Requests[i]
			if r.At < s.From || r.At >= s.To {
				t.Fatalf("a request at %v is not from %v to %v", r.At, s.From, s.To)
			}
			if !r.first {
				continue
			}
			if r.Think != 0 || r.Kind == sim.LogoutRequest || r.Kind == sim.LoginRequest {
				t.Fatalf("a visit begins with %+v", r)
			}
			n := uint32(1)
			for k := r.next; k != 0; k = s.Requests[k].next {
				if s.Requests[k].Visit != r.Visit {
					t.Fatal("a visit goes on in another")
				}
				n++
			}
			if n != s.Visits[r.Visit].Requests || n != s.left(uint32(i)) {
				t.Fatalf("visit %d has %d requests in a row, want %d", r.Visit, n, s.Visits[r.Visit].Requests)
			}
			reached += int(n)
		}
		if reached != len(s.Requests) || reached == 0 {
			t.Errorf("%d of %d requests are reached", reached, len(s.Requests))
		}
		if part := w.From > 0 || w.AtPeak; part != (s.Joined > 0) {
			t.Errorf("%d visits began before %v", s.Joined, s.From)
		}
	}
}

// The hash is that of the plan: the same for the same, another for any other
// scenario, seed, replication, scale, window or clock.
func TestScheduleHash(t *testing.T) {
	base := plan(t, clinic, PlanOptions{})
	again := plan(t, clinic, PlanOptions{})
	if diff := cmp.Diff(base.Requests, again.Requests, cmp.AllowUnexported(Request{})); diff != "" || base.Hash != again.Hash {
		t.Errorf("the same plan differs: %s and %s\n%s", base.Hash, again.Hash, diff)
	}
	seen := map[string]string{base.Hash: "the plan itself"}
	for name, o := range map[string]PlanOptions{
		"seed": {Seed: 2}, "replication": {Replication: 1}, "scale": {Scale: 1.5}, "clock": {Clock: 60}, "window": {Window: Window{To: engine.Hour}},
	} {
		h := plan(t, clinic, o).Hash
		if seen[h] != "" {
			t.Errorf("another %s has the hash of %s", name, seen[h])
		}
		seen[h] = "another " + name
	}
}

// The hash of a small plan, from its instants by hand.
func TestScheduleHashByHand(t *testing.T) {
	s := plan(t, `
name: hand
duration: 1m
license: {units: 1}
cohorts:
  - {name: nurses, kind: users, count: 10, arrivals: start, session: 1h}
  - {name: Wall Boards, kind: callers, arrivals: {every: 25s, phase: aligned}, session: 2s}
  - {name: clerk, kind: browsers, count: 1, arrivals: {at: +5s}, session: {login: true, pages: 2, think: 10s, logout: 100%}}
`, PlanOptions{Clock: 2})
	var b []byte
	b = append(b, "highwater schedule 1\nfrom 0\nto 60000000\n\x40\x00\x00\x00\x00\x00\x00\x00"...) // 2 as IEEE 754 has it
	b = append(b, "\ncohort 1 /rest/wall-boards\ncohort 2 /csp/clerk/page.csp"...)
	for _, r := range []struct {
		at, think, service, member uint64 // seconds
		visit, cohort              uint32
		kind                       byte
	}{
		{0, 0, 2, 0, 0, 1, 1},
		{5, 0, 0, 0, 1, 2, 2},
		{15, 10, 0, 0, 1, 2, 3},
		{25, 10, 0, 0, 1, 2, 4}, // ends come before starts
		{25, 0, 2, 0, 2, 1, 1},
		{50, 0, 2, 0, 3, 1, 1},
	} {
		for _, n := range []uint64{r.at * 1_000_000, r.think * 1_000_000, r.service * 1_000_000, r.member} {
			b = binary.BigEndian.AppendUint64(b, n)
		}
		b = binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(b, r.visit), r.cohort)
		b = append(b, r.kind)
	}
	if want := fmt.Sprintf("%x", sha256.Sum256(b)); s.Hash != want {
		t.Errorf("the hash is %s, want %s: %+v", s.Hash, want, s.Requests)
	}
}

// What a plan takes, worked out by hand.
func TestNeeds(t *testing.T) {
	s := plan(t, `
name: needs
duration: 10m
license: {units: 50}
proxies: [{name: gateway, address: 10.0.0.5}]
cohorts:
  - {name: a, kind: callers, count: 6, arrivals: {every: 1m, phase: aligned}, session: 10s}
  - {name: b, kind: callers, count: 4, through: gateway, arrivals: {every: 1m, phase: aligned}, session: 5s}
`, PlanOptions{Clock: 10})
	p := s.Result(&Options{Target: target("http://127.0.0.1:1"), InFlight: 9}).Plan
	got := []int64{p.Requests, p.Visits, p.Users, int64(p.PeakRate), int64(p.InFlight), int64(p.Connections), int64(p.Addresses), int64(p.Ports), int64(p.Seconds / engine.Second)}
	want := []int64{100, 100, 10, 10, 10, 20, 7, 4, 60}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("requests, visits, users, peak rate, in flight, connections, addresses, ports, seconds:\n%s", diff)
	}
	if len(p.Unfit) != 1 {
		t.Errorf("%q does not fit, want that 10 are in flight and 9 are let", p.Unfit)
	}
}
