package attack

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"highwater/engine"
	"highwater/sim"
	"highwater/sim/attack/record"

	"github.com/google/go-cmp/cmp"
)

const gated = `
name: gated
duration: 1m
license: {units: 50}
proxies: [{name: nat, address: 10.0.0.5, cap: 2, patience: 1h}, {name: open, address: 10.0.0.6}]
cohorts:
  - {name: calls, kind: callers, through: nat, arrivals: {at: [+1s, +1s, +1s, +1s, +1s, +1s]}, session: {calls: 2, think: 1s}}
  - {name: pages, kind: browsers, through: nat, count: 3, arrivals: {at: +1s}, session: {pages: 1}}
  - {name: free, kind: callers, through: open, arrivals: {at: [+1s, +1s, +1s]}}
  - {name: desks, kind: users, through: nat, count: 1, arrivals: start, session: 1s}
`

// A proxy's cap holds however slow the target is: who finds no place waits for
// one, in turn, and that is no lag of the generator. Pages and others pass.
func TestCap(t *testing.T) {
	t.Parallel() // it waits
	var now, most, others, mostOthers atomic.Int64
	h := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		n, top := &now, &most
		if !strings.HasPrefix(r.URL.Path, "/rest/calls") {
			n, top = &others, &mostOthers
		}
		for k := n.Add(1); ; {
			old := top.Load()
			if k <= old || top.CompareAndSwap(old, k) {
				break
			}
		}
		<-time.After(100 * time.Millisecond)
		n.Add(-1)
	}))
	defer h.Close()
	s := plan(t, gated, PlanOptions{Clock: 20})
	res, list := send(t, s, Options{Target: target(h.URL)})
	if res.Sent.Served != 12+3+3 || res.Sent.Unsent != 0 {
		t.Errorf("%+v", res.Sent)
	}
	if most.Load() != 2 || mostOthers.Load() != 6 {
		t.Errorf("%d calls at once, want 2; %d others, want 6", most.Load(), mostOthers.Load())
	}
	// Of six calls at once four wait, and their next calls, 50 ms later, find
	// the places taken, too, but for the last two.
	if res.Sent.Waited < 4 || res.Sent.Waited > 12 {
		t.Errorf("%d have waited", res.Sent.Waited)
	}
	first := map[uint32]time.Duration{} // of first calls by their request: when it was sent
	for _, e := range list {
		if e.Cohort == 0 && e.Planned == s.wall(s.Requests[0].At) {
			first[e.Request] = e.Sent
			if late := e.Sent - e.Planned; e.Queue() > late || late > time.Second {
				t.Errorf("a call was sent %v late, and waited %v", late, e.Queue())
			}
		}
	}
	order := slices.Sorted(maps.Keys(first))
	for i, a := range order {
		for _, b := range order[min(i+2, len(order)):] { // two pass at once
			if first[a] > first[b] {
				t.Errorf("request %d was sent %v after request %d", a, first[a]-first[b], b)
			}
		}
	}
	if len(first) != 6 || !strings.HasPrefix(res.Notes[0], `proxy "nat" passes on 2 calls at once, and the others wait; without it there would be 6 at once`) ||
		!strings.Contains(res.Notes[1], "users and devices take places, too, in sessions as planned (1)") {
		t.Errorf("%d first calls, notes %q", len(first), res.Notes)
	}
}

// Of ten calls at a proxy with two places four are answered, and two more are
// sent, before an interrupt. Those are answered after it and give their places
// back, but nobody is sent after that: of the eight that waited four were sent,
// and four waited to the end.
func TestInterruptedWaits(t *testing.T) {
	t.Parallel() // it waits
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var came atomic.Int64
	stopped := make(chan struct{})
	h := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		if n := came.Add(1); n == 6 {
			stop()
			<-time.After(500 * time.Millisecond) // for the word to get round
			close(stopped)
		} else if n == 5 {
			<-stopped
		}
	}))
	defer h.Close()
	s := plan(t, `
name: waits
duration: 1m
license: {units: 50}
proxies: [{name: nat, address: 10.0.0.5, cap: 2, patience: 1h}]
cohorts: [{name: calls, kind: callers, through: nat, arrivals: {at: [+1s, +1s, +1s, +1s, +1s, +1s, +1s, +1s, +1s, +1s]}}]
`, PlanOptions{Clock: 20})
	res, err := Run(ctx, t.Context(), s, Options{Target: target(h.URL), MaxLag: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	r := res.Sent
	if diff := cmp.Diff([]int64{6, 0, 4, 8, 4, 0}, []int64{r.First, r.Abandoned, r.Unsent, r.Waited, r.Waiting, r.TimedOut}); diff != "" {
		t.Errorf("sent, abandoned, unsent, waited, waiting, timed out: %s", diff)
	}
	if want := "4 of 10 planned requests were not sent, as the attack ended before"; !slices.Contains(res.Reasons, want) {
		t.Errorf("reasons %q, want %q", res.Reasons, want)
	}
}

const anyFate = `
name: any fate
duration: 1m
license: {units: 50}
proxies: [{name: nat, address: 10.0.0.5, cap: 2, patience: 1s}]
cohorts:
  - {name: calls, kind: callers, count: 12, through: nat, arrivals: {storm: +1s, spread: 5s}, session: {calls: 3, think: 1s}, on_refusal: {retry: 1s, times: 1}}
  - {name: pages, kind: browsers, count: 6, arrivals: {at: +1s}, session: {pages: 3, think: 2s}, on_refusal: {retry: 2s, times: 2}}
`

// With a target that serves, fails and refuses by chance, calls that wait for a
// place and give up, and with an interrupt or without, what became of each
// planned request is by its record what the result counts.
func TestRecordedFates(t *testing.T) {
	t.Parallel() // it waits
	s := plan(t, anyFate, PlanOptions{Clock: 20})
	for _, interrupted := range []bool{false, true} {
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		var came atomic.Uint64
		h := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			n := came.Add(1)
			if interrupted && n == 15 {
				stop()
			}
			<-time.After(40 * time.Millisecond)
			w.WriteHeader([]int{200, 503, 200, 404, 503}[n*0x9e3779b97f4a7c15>>60%5])
		}))
		defer h.Close()
		var b bytes.Buffer
		res, err := Run(ctx, t.Context(), s, Options{Target: target(h.URL), MaxLag: time.Minute, AbortErrors: 1, Record: &b})
		if err != nil {
			t.Fatal(err)
		}
		list, fates, attempts := entries(t, &b), make([]int, len(s.Requests)), int64(0)
		for _, e := range list {
			if e.Outcome != record.Impatient {
				attempts++
				fates[e.Request] = sent
			}
		}
		for _, e := range list {
			for q := e.Request; e.GaveUp; q = s.Requests[q].next {
				if fates[q] == waits {
					fates[q] = abandoned
				}
				if s.Requests[q].next == 0 {
					break
				}
			}
		}
		var want [3]int64
		for _, f := range fates {
			want[f]++
		}
		r := res.Sent
		if got := [3]int64{r.Unsent, r.First, r.Abandoned}; got != want || r.First+r.Retries != attempts || interrupted != (r.Unsent > 0) {
			t.Errorf("not sent, sent, given up: %v, want %v; %d retries in %d attempts", got, want, r.Retries, attempts)
		}
		if !interrupted && (r.Abandoned == 0 || r.Retries == 0 || r.TimedOut == 0) {
			t.Errorf("nobody gives up, or tries again, or waits in vain: %+v", r)
		}
		if r.Response.N != r.First || r.Queue.N != r.First || r.Waited < r.TimedOut+r.Waiting || !interrupted && r.Waiting > 0 {
			t.Errorf("interrupted %v: %+v", interrupted, r)
		}
	}
}

// Whom a proxy lets in when, by hand. It has two places; a call takes 4 s.
func TestDoorsByHand(t *testing.T) {
	call := "  - {name: calls, kind: callers, through: nat, arrivals: {at: [%s]}, session: 4s%s}\n"
	tests := []struct{ name, patience, arrivals, more, others, want string }{
		{"first come first served", "forever", "+1s, +1s, +2s, +3s, +9s", "", "",
			"0 begins 1, 1 begins 1, 2 begins 5, 3 begins 5, 4 begins 9"},
		{"gives up", "3s", "+1s, +1s, +2s, +3s", "", "", "0 begins 1, 1 begins 1, 2 begins 5, 3 begins 5"},
		{"at the last moment", "4s", "+1s, +1s, +1s, +1s, +1s", "", "", "0 begins 1, 1 begins 1, 2 begins 5, 3 begins 5, 4 gives up 5"},
		{"just before", "3s", "+1s, +1s, +1s, +1s", "", "", "0 begins 1, 1 begins 1, 2 gives up 4, 3 gives up 4"},
		{"tries again", "2s", "+1s, +1s, +2s", ", on_refusal: {retry: 2s, times: 1}", "",
			"0 begins 1, 1 begins 1, 2 gives up 4, 2 begins 6"},
		{"behind a user", "forever", "+2s, +3s", "", "{name: u, kind: users, connections: 2, through: nat, arrivals: {at: +1s}, session: 6s}",
			"0 begins 7, 1 begins 7"},
		{"a user waits for two places", "forever", "+1s, +3s, +4s", "", "{name: u, kind: users, connections: 2, through: nat, arrivals: {at: +2s}, session: 6s}",
			"0 begins 1, 1 begins 11, 2 begins 11"},
		{"a user gives up, and the next needs fewer", "2s", "+1s, +3s", "", "{name: u, kind: users, connections: 2, through: nat, arrivals: {at: +2s}, session: 6s}",
			"0 begins 1, 1 begins 4"},
		{"a user tries again", "2s", "+1s, +3s, +7s, +9s", "", "{name: u, kind: users, connections: 2, through: nat, arrivals: {at: +2s}, session: 6s, on_refusal: {retry: 4s, times: 1}}",
			"0 begins 1, 1 begins 4, 2 begins 7, 3 begins 10"},
		{"a device stays until the end", "1m", "+1s, +2s", "", "{name: d, kind: devices, through: nat, session: forever}", "0 begins 1, 1 begins 5"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			text := "name: doors\nduration: 20s\nlicense: {units: 50}\nproxies: [{name: nat, address: 10.0.0.5, cap: 2, patience: " + tt.patience + "}]\ncohorts:\n"
			text += fmt.Sprintf(call, tt.arrivals, tt.more)
			if tt.others != "" {
				text += "  - " + tt.others + "\n"
			}
			s := plan(t, text, PlanOptions{})
			if got := strings.Join(visitors(s), ", "); got != tt.want {
				t.Errorf("%s, want %s", got, tt.want)
			}
		})
	}
}

// visitors sends a schedule of single calls in virtual time, and says what
// came of them in whole seconds.
func visitors(s *Schedule) (list []string) {
	clock := new(jumper)
	say := func(request uint32, what string, at time.Duration) {
		list = append(list, fmt.Sprintf("%d %s %.0f", request, what, at.Seconds()))
	}
	a := &agenda{s: s, wait: clock, most: 1000, since: func() time.Duration { return clock.now }}
	a.enter(s.realDoors())
	a.gaveUp = func(d *due) (due, bool) {
		say(d.request, "gives up", d.ready)
		c := s.cohort(s.Requests[d.request].Visit)
		wait, again := sim.RetryWait(c, s.Seed, s.Rep, d.request, d.attempt)
		at := d.ready + s.length(wait)
		return due{at: at, ready: at, request: d.request, attempt: d.attempt + 1}, again
	}
	type flight struct {
		request uint32
		ends    time.Duration
	}
	var flights []flight
	begin := func(d due) {
		say(d.request, "begins", clock.now)
		flights = append(flights, flight{d.request, clock.now + s.length(s.Requests[d.request].Service)})
	}
	for {
		wait, found, over := a.step()
		switch {
		case over:
			return list
		case found:
			begin(a.take())
		case wait == 0:
			a.leave()
		case len(flights) > 0 && (wait == forever || flights[0].ends <= clock.now+wait): // all take as long
			for clock.now = flights[0].ends; len(flights) > 0 && flights[0].ends == clock.now; flights = flights[1:] {
				if d, more := a.done(flights[0].request, due{}, false); more {
					begin(d)
				}
			}
		default:
			clock.now += wait
		}
	}
}

// Who has places at a proxy when the window begins has them there for the rest
// of the session; who comes later or has left is not in it. Where no calls come
// through, nobody is.
func TestStaysOfAWindow(t *testing.T) {
	const text = `
name: window
duration: 2h
license: {units: 50}
proxies: [{name: nat, address: 10.0.0.5, cap: 20}, {name: lone, address: 10.0.0.6, cap: 2}]
cohorts:
  - {name: calls, kind: callers, through: nat, arrivals: {every: 1m}}
  - {name: early, kind: users, connections: 3, through: nat, arrivals: {at: +10m}, session: 1h}
  - {name: gone, kind: users, through: nat, arrivals: {at: +5m}, session: 25m}
  - {name: there, kind: users, through: nat, arrivals: {at: +40m}, session: 5m}
  - {name: later, kind: users, through: nat, arrivals: {at: +50m}, session: 5m}
  - {name: lone, kind: devices, through: lone, arrivals: start}
`
	const m = engine.Minute
	s := plan(t, text, PlanOptions{Window: Window{From: 30 * m, To: 50 * m}})
	want := []Stay{{At: 30 * m, Length: 40 * m, Places: 3, Cohort: 1}, {At: 40 * m, Length: 5 * m, Places: 1, Cohort: 3}}
	if diff := cmp.Diff(want, s.Stays); diff != "" {
		t.Errorf("stays (-want +got):\n%s", diff)
	}
	other := plan(t, strings.Replace(text, "session: 1h", "session: 61m", 1), PlanOptions{Window: Window{From: 30 * m, To: 50 * m}})
	if other.Hash == s.Hash {
		t.Error("another stay has the same hash")
	}
}
