package sim

import (
	"highwater/engine"
	"highwater/scenario"
	"highwater/sim/queue"
)

// A gateway is a proxy with a cap on what it passes on at once. Sessions and
// calls that find too few places wait outside the server, first come first
// served: they have no connection but the web session of an earlier call.
type gateway struct {
	*scenario.Proxy
	used      int      // places
	queue     []waiter // from head on, in order of arrival; who gave up may still be in it
	head      int
	waiting   int
	admitting bool // an event of this instant lets in who fits
	stats     waits
}

// A waiter is an actor in a queue, while the actor has that ticket.
type waiter struct {
	actor  int32
	ticket uint32
}

func (g *gateway) reset() {
	*g = gateway{Proxy: g.Proxy, queue: g.queue[:0], stats: waits{buckets: g.stats.buckets[:0]}}
}

// gatewayOf is what keeps a cohort's sessions or calls waiting, nil when
// nothing does.
func (w *world) gatewayOf(c *cohort) *gateway {
	if c.proxy == nil || c.proxy.Cap == 0 || c.Kind == scenario.Browsers {
		return nil
	}
	return &w.gateways[c.Through-1]
}

// fits reports whether there are places for a session or call.
func (g *gateway) fits(v *actor) bool { return g.used+int(v.places) <= g.Cap }

// arriveAt brings a session or call to its gateway, which passes it on or
// lets it wait.
func (w *world) arriveAt(at engine.Time, c *cohort, id int32) {
	g := c.gateway
	v := &w.actors[id]
	devices, each := c.wants(v)
	v.places = int32(min(g.Cap, devices*each))
	g.stats.came++
	w.comes(at, c, id)
	if g.waiting == 0 && g.fits(v) {
		w.letIn(at, c, id, 0)
		return
	}
	w.wait(at, c, id)
}

// letIn lets a session or call that has waited so long go on to the server.
func (w *world) letIn(at engine.Time, c *cohort, id int32, waited engine.Time) {
	g := c.gateway
	g.used += int(w.actors[id].places)
	g.stats.letIn(waited)
	w.pass(at, c, id)
}

// wait puts a session or call at the end of the queue, with its patience, and
// with what is left of the time-out of a call's web session.
func (w *world) wait(at engine.Time, c *cohort, id int32) {
	g := c.gateway
	w.tidy(g)
	v := &w.actors[id]
	v.phase, v.came = waiting, at
	v.ticket++
	g.queue = append(g.queue, waiter{id, v.ticket})
	g.waiting++
	g.stats.wait(g.waiting)
	patience := instant(quantile(&g.Patience, draw(v.stream, forPatience, attempt(v))))
	lapse := engine.MaxTime
	if v.connected() && v.tries == 0 {
		lapse = v.until
	}
	about := core{cohort: v.cohort, page: v.page}
	ticket, born := v.ticket, v.born
	w.remind(at+patience, goesOn, losingPatience, about, id, ticket)
	w.remind(lapse, ends, lapsing, about, id, born)
}

// tidy takes those who gave up out of a queue when they are most of it.
func (w *world) tidy(g *gateway) {
	if len(g.queue) < 2*g.waiting+64 {
		return
	}
	kept := g.queue[:0]
	for _, x := range g.queue[g.head:] {
		if w.actors[x.actor].ticket == x.ticket {
			kept = append(kept, x)
		}
	}
	g.queue, g.head = kept, 0
}

// remind has an actor of its own do something about another one at an
// instant, if that comes before the end. The mark will tell it whether the
// other is still at what it was.
func (w *world) remind(at engine.Time, class queue.Class, what phase, c core, other int32, mark uint32) {
	if at >= w.end {
		return
	}
	c.role, c.phase = visit, what
	id := w.newActor(c)
	w.actors[id].parent, w.actors[id].parentBorn = other, mark
	w.schedule(at, class, id)
}

// reminded takes a reminder away: whom it was about, and its mark.
func (w *world) reminded(id int32) (v *actor, other int32, mark uint32) {
	r := &w.actors[id]
	w.freeActorSlot(id)
	return &w.actors[r.parent], r.parent, r.parentBorn
}

// giveBack gives a session's or call's places to those who wait.
func (w *world) giveBack(at engine.Time, c *cohort, id int32) {
	g := c.gateway
	if g == nil {
		return
	}
	v := &w.actors[id]
	g.used -= int(v.places)
	v.places = 0
	w.callNext(at, c)
}

// endCall has a call in a web session give back its place when it ends, and
// notes until when the session, which goes on, waits for another one.
func (w *world) endCall(at, end engine.Time, c *cohort, id int32) {
	v := &w.actors[id]
	v.until = engine.MaxTime
	if c.Timeout > 0 {
		v.until = end + c.Timeout
	}
	if end == at {
		w.giveBack(at, c, id)
		return
	}
	places := v.places
	v.places = 0
	w.remind(end, ends, leaving, core{cohort: v.cohort}, 0, uint32(places))
}

// leavePlace gives back the place of a call in a web session.
func (w *world) leavePlace(at engine.Time, c *cohort, id int32) {
	_, _, places := w.reminded(id)
	c.gateway.used -= int(places)
	w.callNext(at, c)
}

// callNext lets in who waits as soon as everything else that ends at this
// instant has ended, and before anything begins.
func (w *world) callNext(at engine.Time, c *cohort) {
	if g := c.gateway; g.waiting > 0 && g.used < g.Cap && !g.admitting {
		g.admitting = true
		w.remind(at, ends, admitting, core{cohort: int32(c.label)}, 0, 0)
	}
}

// admit lets in who waits, as many as fit. Nobody overtakes.
func (w *world) admit(at engine.Time, g *gateway) {
	g.admitting = false
	for g.waiting > 0 {
		next := g.queue[g.head]
		v := &w.actors[next.actor]
		gone := v.ticket != next.ticket
		if !gone && !g.fits(v) {
			return
		}
		g.head++
		if gone {
			continue
		}
		v.ticket++
		g.waiting--
		w.letIn(at, &w.cohorts[v.cohort], next.actor, at-v.came)
	}
}

// losePatience ends a wait that has been too long: the client meets it as it
// meets a refusal. The next one may need fewer places.
func (w *world) losePatience(at engine.Time, c *cohort, id int32) {
	v, id, ticket := w.reminded(id)
	if v.ticket != ticket {
		return
	}
	g := c.gateway
	v.ticket++
	v.places = 0
	g.waiting--
	g.stats.timeOut(at - v.came)
	c.stats.TimedOut++
	next, again := w.retry(at, c, v)
	if again {
		v.phase = trying
		w.schedule(next, starts, id)
	} else {
		w.giveUp(at, c, id)
	}
	w.callNext(at, c)
}

// lapse times out a web session whose next call still waits or tries again.
func (w *world) lapse(at engine.Time, c *cohort, id int32) {
	page := w.actors[id].page
	v, _, born := w.reminded(id)
	if v.born != born || v.page != page || v.phase == ending || !v.connected() {
		return
	}
	w.close(at, c, v, engine.Timeout)
}
