package attack

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

const gated = `
name: gated
duration: 1m
license: {units: 50}
proxies: [{name: nat, address: 10.0.0.5, cap: 2, patience: 5s}, {name: open, address: 10.0.0.6}]
cohorts:
  - {name: calls, kind: callers, through: nat, arrivals: {at: [+1s, +1s, +1s, +1s, +1s, +1s]}, session: {calls: 2, think: 1s}}
  - {name: pages, kind: browsers, through: nat, count: 3, arrivals: {at: +1s}, session: {pages: 1}}
  - {name: free, kind: callers, through: open, arrivals: {at: [+1s, +1s, +1s]}}
  - {name: desks, kind: users, through: nat, count: 1, arrivals: start, session: 1s}
`

// A proxy's cap holds however slow the target is: who finds no place waits for
// one, in turn, and that is no lag of the generator. Pages and others pass.
func TestCap(t *testing.T) {
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
	if len(first) != 6 || !strings.HasPrefix(res.Notes[0], `proxy "nat" passes on 2 calls at once, and the others wait; the plan has 1 at the most`) ||
		!strings.HasSuffix(res.Notes[0], "; who waits there for longer than its patience is sent later, and does not give up; users and devices take no places while sending") {
		t.Errorf("%d first calls, notes %q", len(first), res.Notes)
	}
}
