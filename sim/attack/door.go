package attack

import (
	"fmt"
	"slices"
	"time"

	"highwater/engine"
	"highwater/scenario"
	"highwater/sim"
	"highwater/sim/attack/record"
	"highwater/sim/queue"
)

// A Stay is a session of users or devices at a proxy with a cap that calls come
// through, too. Its times are the scenario's.
type Stay struct {
	At, Length engine.Time // see [sim.PlannedStay]
	Places     int32
	Cohort     int32
}

// Doors are the proxies of a schedule that have a cap and calls: each lets so
// many pass at once, and the others wait, first come first served, for as long
// as their patience lasts. The sessions of users and devices take places, too,
// until the schedule ends. Doors know no clock: who drives them has instants
// of his own, and says which.
type Doors struct {
	// Pass hears of an attempt that has waited since it came and is let in, and
	// Lose of one that has waited for too long.
	Pass, Lose func(at, came int64, request, attempt uint32)

	s       *Schedule
	length  func(engine.Time) int64
	end     int64
	list    []*door     // by proxy; nil without a cap
	events  queue.Queue // of what happens by itself
	todo    queue.Refs[doorEvent]
	waiting int   // attempts
	waited  int64 // attempts that had to, so far
}

type door struct {
	*scenario.Proxy
	free    int
	queue   []*guest // in the order in which they came; who gave up may still be in it
	waiting int
}

// A guest is an attempt or a stay that wants to pass a door.
type guest struct {
	*door
	stay            bool
	waits           bool
	number, attempt uint32 // the request, or the stay
	places          int
	came, until     int64
}

// Classes of what happens at one instant.
const (
	leaves queue.Class = iota
	loses
	comes
)

type doorEvent struct {
	class queue.Class
	guest *guest
}

// Doors are those of a schedule, nil when it has none. They are told which
// instant one of the scenario is, and how long a time of it takes.
func (s *Schedule) Doors(at, length func(engine.Time) int64) *Doors {
	capped := s.capped()
	if !slices.Contains(capped, true) {
		return nil
	}
	d := &Doors{s: s, length: length, end: at(s.To), list: make([]*door, len(capped))}
	for i, yes := range capped {
		if p := &s.Scenario.Proxies[i]; yes {
			d.list[i] = &door{Proxy: p, free: p.Cap}
		}
	}
	for i := range s.Stays {
		x := &s.Stays[i]
		g := d.list[s.Scenario.Cohorts[x.Cohort].Through-1]
		d.plan(at(x.At), comes, &guest{door: g, stay: true, number: uint32(i), places: int(x.Places)})
	}
	return d
}

// never is an instant that does not come.
const never = 1 << 61

// after is the instant that comes so long after another one.
func (d *Doors) after(at int64, t engine.Time) int64 {
	if t >= 366*engine.Day { // longer than any run
		return never
	}
	return at + d.length(t)
}

func (d *Doors) plan(at int64, class queue.Class, x *guest) {
	d.events.Push(at, class, d.todo.Add(doorEvent{class, x}))
}

// capOf is the proxy that keeps a cohort's calls waiting; nil is none. Pages
// take no time, and pass freely.
func capOf(sc *scenario.Scenario, c *scenario.Cohort) *scenario.Proxy {
	if p := proxyOf(sc, c); c.Kind == scenario.Callers && p != nil && p.Cap > 0 {
		return p
	}
	return nil
}

// capped tells which proxies have a cap and calls.
func (s *Schedule) capped() []bool {
	list := make([]bool, len(s.Scenario.Proxies))
	for i := range s.Scenario.Cohorts {
		if c := &s.Scenario.Cohorts[i]; capOf(s.Scenario, c) != nil {
			list[c.Through-1] = true
		}
	}
	return list
}

// waits reports whether a request comes through a proxy with a cap.
func (s *Schedule) waits(request uint32) bool {
	r := &s.Requests[request]
	return r.Kind == sim.CallRequest && capOf(s.Scenario, s.cohort(r.Visit)) != nil
}

// of is the door that a request goes through.
func (d *Doors) of(request uint32) *door {
	return d.list[d.s.cohort(d.s.Requests[request].Visit).Through-1]
}

// Has reports whether a request goes through a door. Nil Doors have none.
func (d *Doors) Has(request uint32) bool { return d != nil && d.s.waits(request) }

// Come brings an attempt of a request to its door, and reports whether it is
// let in. Otherwise it waits, until Pass or Lose hears of it.
func (d *Doors) Come(at int64, request, attempt uint32) bool {
	return d.come(at, &guest{door: d.of(request), number: request, attempt: attempt, places: 1})
}

func (d *Doors) come(at int64, x *guest) bool {
	g := x.door
	if g.waiting == 0 && g.free >= x.places {
		g.free -= x.places
		return true
	}
	x.came, x.waits = at, true
	if len(g.queue) > 2*g.waiting+64 {
		g.queue = slices.DeleteFunc(g.queue, func(x *guest) bool { return !x.waits })
	}
	g.queue = append(g.queue, x)
	g.waiting++
	if !x.stay {
		d.waiting++
		d.waited++
	}
	x.until = d.after(at, sim.Patience(d.cohort(x), g.Proxy, d.s.Seed, d.s.Rep, x.number, x.attempt))
	if x.until < never {
		d.plan(x.until, loses, x)
	}
	return false
}

// rest ends a wait.
func (d *Doors) rest(x *guest) {
	x.waits = false
	x.waiting--
	if !x.stay {
		d.waiting--
	}
}

func (d *Doors) cohort(x *guest) *scenario.Cohort {
	if x.stay {
		return &d.s.Scenario.Cohorts[d.s.Stays[x.number].Cohort]
	}
	return d.s.cohort(d.s.Requests[x.number].Visit)
}

// Leave gives back the place of a request that is over.
func (d *Doors) Leave(at int64, request uint32) {
	g := d.of(request)
	g.free++
	d.call(at, g)
}

// empty reports whether no attempt waits.
func (d *Doors) empty() bool { return d == nil || d.waiting == 0 }

// Next is when something happens next by itself; false when nothing does. It
// may turn out to be nothing any more.
func (d *Doors) Next() (at int64, ok bool) {
	if d == nil {
		return 0, false
	}
	return d.events.Next()
}

// Advance lets everything happen that is due by an instant, each at its own.
func (d *Doors) Advance(at int64) {
	for {
		t, ref, ok := d.events.PopBefore(at + 1)
		if !ok {
			return
		}
		switch e := d.todo.Take(ref); e.class {
		case comes:
			if d.come(t, e.guest) {
				d.settle(t, e.guest)
			}
		case loses:
			d.lose(t, e.guest)
		case leaves:
			e.guest.free += e.guest.places
			d.call(t, e.guest.door)
		}
	}
}

// settle lets a stay that was let in last as long as it does.
func (d *Doors) settle(at int64, x *guest) {
	d.plan(max(at, min(d.end, d.after(at, d.s.Stays[x.number].Length))), leaves, x)
}

// lose ends a wait that has been too long. The next one may need fewer places.
func (d *Doors) lose(at int64, x *guest) {
	if !x.waits {
		return
	}
	d.rest(x)
	if !x.stay {
		d.Lose(at, x.came, x.number, x.attempt)
	} else if wait, again := sim.RetryWait(d.cohort(x), d.s.Seed, d.s.Rep, x.number, x.attempt); again {
		if next := d.after(at, wait); next < d.end {
			d.plan(next, comes, &guest{door: x.door, stay: true, number: x.number, attempt: x.attempt + 1, places: x.places})
		}
	}
	d.call(at, x.door)
}

// call lets in who waits, as many as fit. Nobody overtakes.
func (d *Doors) call(at int64, g *door) {
	for len(g.queue) > 0 {
		x := g.queue[0]
		gone := !x.waits || x.until < at // whose patience is over, which is yet to be told
		if !gone && g.free < x.places {
			return
		}
		g.queue = g.queue[1:]
		if gone {
			continue
		}
		g.free -= x.places
		d.rest(x)
		if x.stay {
			d.settle(at, x)
		} else {
			d.Pass(at, x.came, x.number, x.attempt)
		}
	}
}

// line brings what is due at a door to it: it goes on, or waits there.
func (a *agenda) line(now time.Duration) {
	for a.doors != nil {
		d, fromPlan, ok := a.first()
		if next, any := a.doors.Next(); any && next <= int64(now) && (!ok || next <= int64(d.at)) {
			a.doors.Advance(next)
			continue
		}
		if !ok || d.at > now || d.let || !a.doors.Has(d.request) {
			return
		}
		a.remove(fromPlan)
		if a.doors.Come(int64(d.at), d.request, d.attempt) {
			d.let = true
			a.push(d)
		}
	}
}

// realDoors are the doors of a schedule while it is sent.
func (s *Schedule) realDoors() *Doors {
	return s.Doors(func(at engine.Time) int64 { return int64(s.wall(at)) }, func(t engine.Time) int64 { return int64(s.length(t)) })
}

// enter has the agenda's doors tell it who is let in, and who gives up.
func (a *agenda) enter(d *Doors) {
	if a.doors = d; d == nil {
		return
	}
	d.Pass = func(at, came int64, request, attempt uint32) {
		a.push(due{at: time.Duration(came), ready: time.Duration(at), request: request, attempt: attempt, let: true})
	}
	d.Lose = func(at, came int64, request, attempt uint32) {
		a.lost = append(a.lost, due{at: time.Duration(came), ready: time.Duration(at), request: request, attempt: attempt})
	}
}

// leave ends the attempts of those who have waited for too long, and puts on
// the agenda what follows.
func (a *agenda) leave() {
	a.mu.Lock()
	lost := a.lost
	a.lost = nil
	a.mu.Unlock()
	for i := range lost {
		if follow, follows := a.gaveUp(&lost[i]); follows {
			a.mu.Lock()
			a.push(follow)
			a.mu.Unlock()
		}
	}
}

// gaveUp says of an attempt that has waited at a proxy for too long what came
// of it, and what follows.
func (s *sender) gaveUp(d *due) (follow due, follows bool) {
	e := s.entry(d)
	e.Sent, e.Done, e.Outcome, e.Session = d.ready, d.ready, record.Impatient, s.visits[e.Visit].sessions
	follow, follows = s.follow(d, &e)
	s.hear(&e)
	return follow, follows
}

// waited is how many attempts have waited at a proxy, and how many of them are
// yet to be sent or to give up.
func (a *agenda) waited() (all, still int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.doors == nil {
		return 0, 0
	}
	still = int64(a.doors.waiting + len(a.lost))
	for i := range a.later {
		if d := &a.later[i]; d.let && d.ready > d.at {
			still++
		}
	}
	return a.doors.waited, still
}

// capNotes says how the caps of proxies are kept.
func (s *Schedule) capNotes() (notes []string) {
	for i, calls := range s.atDoors() {
		if calls == nil {
			continue
		}
		p := &s.Scenario.Proxies[i]
		notes = append(notes, fmt.Sprintf("proxy %q passes on %d calls at once, and the others wait; without it there would be %d at once at the most, if all take as long as planned", p.Name, p.Cap, together(calls)))
		stays := 0
		for j := range s.Stays {
			if s.Scenario.Cohorts[s.Stays[j].Cohort].Through == i+1 {
				stays++
			}
		}
		if stays > 0 {
			notes = append(notes, fmt.Sprintf("proxy %q: users and devices take places, too, in sessions as planned (%d); a target that holds them itself has them wait for each other alone", p.Name, stays))
		}
	}
	return notes
}

// atDoors are the calls that come to each proxy with a cap, as if they never
// waited there; nil where none do.
func (s *Schedule) atDoors() [][]timed {
	list := make([][]timed, len(s.Scenario.Proxies))
	for i := range s.Requests {
		if s.waits(uint32(i)) {
			k := s.cohort(s.Requests[i].Visit).Through - 1
			list[k] = append(list[k], s.timed(uint32(i)))
		}
	}
	return list
}
