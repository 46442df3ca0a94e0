package attack

import (
	"fmt"
	"strings"
	"time"

	"highwater/scenario"
	"highwater/sim"
)

// A door is a proxy with a cap: it lets so many calls pass at once, and the
// others wait, first come first served.
type door struct {
	free  int
	queue []due
	n     int // that have waited
}

// doors are those of a scenario's proxies; nil when no call comes through one.
func (s *Schedule) doors() []*door {
	list := make([]*door, len(s.Scenario.Proxies))
	some := false
	for i := range s.Scenario.Cohorts {
		if p := capOf(s.Scenario, &s.Scenario.Cohorts[i]); p != nil {
			list[s.Scenario.Cohorts[i].Through-1] = &door{free: p.Cap}
			some = true
		}
	}
	if !some {
		return nil
	}
	return list
}

// capOf is the proxy that keeps a cohort's calls waiting; nil is none. Pages
// take no time, and pass freely.
func capOf(sc *scenario.Scenario, c *scenario.Cohort) *scenario.Proxy {
	if p := proxyOf(sc, c); c.Kind == scenario.Callers && p != nil && p.Cap > 0 {
		return p
	}
	return nil
}

// doorOf is the one that a request goes through; nil is none.
func (a *agenda) doorOf(request uint32) *door {
	if a.doors == nil || a.s.Requests[request].Kind != sim.CallRequest {
		return nil
	}
	c := a.s.cohort(a.s.Requests[request].Visit)
	if c.Kind != scenario.Callers || c.Through == 0 {
		return nil
	}
	return a.doors[c.Through-1]
}

// line puts what is due and finds no place into the queue of its door.
func (a *agenda) line(now time.Duration) {
	for a.doors != nil {
		d, fromPlan, ok := a.first()
		if !ok || d.at > now || d.let {
			return
		}
		g := a.doorOf(d.request)
		if g == nil || g.free > 0 {
			return
		}
		a.remove(fromPlan)
		g.queue = append(g.queue, d)
		g.n++
	}
}

// pass gives the place of a request that is over to who has waited longest;
// it reports whether there was somebody.
func (a *agenda) pass(request uint32) bool {
	g := a.doorOf(request)
	switch {
	case g == nil:
		return false
	case len(g.queue) == 0:
		g.free++
		return false
	}
	d := g.queue[0]
	g.queue = g.queue[1:]
	d.let, d.ready = true, max(d.ready, a.since())
	a.push(d)
	return true
}

// waited is how many attempts have waited at a proxy.
func (a *agenda) waited() (n int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, g := range a.doors {
		if g != nil {
			n += int64(g.n)
		}
	}
	return n
}

// capNotes says what is kept of the caps of proxies, and what is not.
func (s *Schedule) capNotes() (notes []string) {
	for i, g := range s.doors() {
		if g == nil {
			continue
		}
		p := &s.Scenario.Proxies[i]
		var calls []timed
		for j := range s.Requests {
			r := &s.Requests[j]
			if c := s.cohort(r.Visit); c.Through == i+1 && capOf(s.Scenario, c) != nil && r.Kind == sim.CallRequest {
				at := s.wall(r.At)
				calls = append(calls, timed{at, at + s.length(r.Service)})
			}
		}
		var not []string
		if p.Patience.Law != scenario.Forever {
			not = append(not, "who waits there for longer than its patience is sent later, and does not give up")
		}
		for j := range s.Scenario.Cohorts {
			if c := &s.Scenario.Cohorts[j]; c.Through == i+1 && (c.Kind == scenario.Users || c.Kind == scenario.Devices) {
				not = append(not, "users and devices take no places while sending")
				break
			}
		}
		text := fmt.Sprintf("proxy %q passes on %d calls at once, and the others wait; the plan has %d at the most, if all take as long as planned", p.Name, p.Cap, together(calls))
		notes = append(notes, strings.Join(append([]string{text}, not...), "; "))
	}
	return notes
}
