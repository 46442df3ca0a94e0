package sim

import (
	"math"

	"highwater/engine"
	"highwater/scenario"
)

// enter lets a person begin a session, with each of its windows.
func (w *world) enter(at engine.Time, c *cohort, who int32, stream uint64, owner int32) {
	windows := 1
	if c.Windows.Law != scenario.Unset {
		windows = max(1, count(&c.Windows, draw(stream, forWindows, 0)))
	}
	w.people[who].visits += int32(windows)
	w.actors[owner].shared = int32(windows)
	for i := range windows {
		id := w.newVisit(c, who, of(stream, uint64(i)))
		w.actors[id].owner = owner
		w.visit(at, id)
	}
}

func (w *world) newVisit(c *cohort, who int32, stream uint64) int32 {
	c.stats.Sessions++
	a := core{role: visit, phase: trying, cohort: int32(c.label), person: who, stream: stream, pages: 1}
	if c.Pages.Law != scenario.Unset {
		a.pages = int32(max(1, count(&c.Pages, draw(stream, forPages, 0))))
	}
	id := w.newActor(a)
	if c.spans() {
		w.actors[id].span = instant(quantile(&c.Lasts, draw(stream, forLasts, 0)))
	}
	return id
}

// spans reports whether a session's length rules the time between its pages.
func (c *cohort) spans() bool { return c.Kind == scenario.Browsers && c.Lasts.Law != scenario.Unset }

// visit does what is next in a session.
func (w *world) visit(at engine.Time, id int32) {
	v := &w.actors[id]
	c := &w.cohorts[v.cohort]
	switch v.phase {
	case trying, paging:
		if c.gateway == nil {
			w.pass(at, c, id)
		} else {
			w.arriveAt(at, c, id)
		}
	case ending:
		if v.how == engine.Logout {
			w.planned(at, c, id, LogoutRequest)
		}
		w.close(at, c, v, v.how)
		w.giveBack(at, c, id)
		w.finish(at, c, id)
	case calling:
		w.close(at, c, v, 0)
		w.giveBack(at, c, id)
		w.nextCall(at, c, id)
	case loggingIn:
		w.login(at, c, id)
	case timingOut:
		w.close(at, c, v, engine.Timeout)
		v.phase = trying
		w.schedule(v.until, starts, id)
	case admitting:
		w.reminded(id)
		w.admit(at, c.gateway)
	case leaving:
		w.leavePlace(at, c, id)
	case losingPatience:
		w.losePatience(at, c, id)
	case lapsing:
		w.lapse(at, c, id)
	}
}

// pass brings a session to the server, or the next page or call of one.
func (w *world) pass(at engine.Time, c *cohort, id int32) {
	if v := &w.actors[id]; v.connected() {
		v.tries = 0
		w.nextPage(at, c, id)
		return
	}
	w.try(at, c, id)
}

// web reports whether a cohort's connections are web sessions.
func (c *cohort) web() bool { return c.Via == engine.CSP || c.UseSession }

// try opens what a session needs, and goes on as its kind does.
func (w *world) try(at engine.Time, c *cohort, id int32) {
	v := &w.actors[id]
	if refusal := w.open(at, c, v); refusal != nil {
		w.giveBack(at, c, id)
		w.refused(at, c, id, refusal, trying)
		return
	}
	v.tries = 0
	if v.page == 0 {
		c.stats.Started++
		w.startJobs(at, c.onSession, id, 0)
		v = &w.actors[id] // jobs may have moved it
	}
	v.page++
	v.since = v.page
	w.planned(at, c, id, c.kindOf(v))
	w.startJobs(at, c.onPage, id, uint64(v.page))
	v = &w.actors[id]
	if c.alone && v.person != 0 && !w.people[v.person].stays {
		w.leave(v.person) // nobody asks for it again
		v.person = 0
	}
	switch {
	case c.web():
		w.paged(at, c, id)
	case c.Kind == scenario.Callers:
		v.phase = calling
		w.scheduleLength(at, c, id, uint64(v.page-1))
	default:
		v.phase, v.how = ending, engine.Exit
		w.scheduleLength(at, c, id, 0)
	}
}

// scheduleLength schedules the end of a session or call by its length.
func (w *world) scheduleLength(at engine.Time, c *cohort, id int32, nth uint64) {
	v := &w.actors[id]
	if c.lane != nil {
		if until := at + c.steady; until < w.end {
			c.lane.Push(int64(until), int(id))
		}
		return
	}
	length := engine.Time(0)
	if c.Lasts.Law != scenario.Unset {
		length = instant(quantile(&c.Lasts, draw(v.stream, forLasts, nth)))
	}
	if length == 0 {
		w.visit(at, id)
		return
	}
	w.schedule(at+length, ends, id)
}

// nextCall goes on to a caller's next call, or ends its session.
func (w *world) nextCall(at engine.Time, c *cohort, id int32) {
	v := &w.actors[id]
	if v.page >= v.pages {
		w.finish(at, c, id)
		return
	}
	v.phase = trying
	w.schedule(at+w.think(c, v), starts, id)
}

// think is the time after the present page or call.
func (w *world) think(c *cohort, v *actor) engine.Time {
	if c.spans() {
		return v.span / engine.Time(v.pages)
	}
	if c.Think.Law == scenario.Unset {
		return 0
	}
	return instant(quantile(&c.Think, draw(v.stream, forThink, uint64(v.page))))
}

// paged goes on from a page of a web session, or from the begin of a call in
// one: to the next page, to a logout, or to the time-out.
func (w *world) paged(at engine.Time, c *cohort, id int32) {
	v := &w.actors[id]
	idle := at
	if c.Kind == scenario.Callers && c.Lasts.Law != scenario.Unset {
		idle += instant(quantile(&c.Lasts, draw(v.stream, forLasts, uint64(v.page-1))))
	}
	if c.gateway != nil {
		w.endCall(at, idle, c, id)
	}
	if c.proxy != nil && c.proxy.DropsCookies {
		w.abandon(c, id, idle)
	}
	v = &w.actors[id]
	next, timeout := idle+w.think(c, v), idle+c.Timeout
	if c.Timeout == 0 {
		timeout = engine.MaxTime
	}
	switch {
	case v.page < v.pages && !v.connected(): // without its cookie
		v.phase = trying
		w.schedule(next, starts, id)
	case v.page < v.pages && next < timeout:
		v.phase = paging
		w.schedule(next, goesOn, id)
	case v.page < v.pages:
		v.phase, v.until = timingOut, next
		w.schedule(timeout, ends, id)
	case !v.connected():
		w.finish(at, c, id)
	case next < timeout && draw(v.stream, forLogout, 0) < c.Logout:
		v.phase, v.how = ending, engine.Logout
		w.schedule(next, ends, id)
	default:
		v.phase, v.how = ending, engine.Timeout
		w.schedule(timeout, ends, id)
	}
}

// abandon leaves the web sessions of a visitor without cookies to time out.
func (w *world) abandon(c *cohort, id int32, idle engine.Time) {
	v := &w.actors[id]
	left := core{role: visit, phase: ending, how: engine.Timeout, cohort: v.cohort, person: v.person, stream: v.stream, pages: 1}
	w.people[v.person].visits++
	orphan := w.newActor(left)
	v, o := &w.actors[id], &w.actors[orphan]
	for conn := range v.conns {
		o.add(conn)
	}
	v.drop()
	if c.Timeout > 0 {
		w.schedule(idle+c.Timeout, ends, orphan)
	}
}

// nextPage visits the next page of a web session.
func (w *world) nextPage(at engine.Time, c *cohort, id int32) {
	v := &w.actors[id]
	v.page++
	w.planned(at, c, id, c.kindOf(v))
	for conn := range v.conns {
		w.page(at, conn)
	}
	w.startJobs(at, c.onPage, id, uint64(v.page))
	v = &w.actors[id]
	if c.Login && v.page == v.since+1 {
		w.login(at, c, id)
		return
	}
	w.paged(at, c, id)
}

// login tries the explicit login of a web session (rules: login).
func (w *world) login(at engine.Time, c *cohort, id int32) {
	v := &w.actors[id]
	p := &w.people[v.person]
	user := w.ownOr(ownUser, c, p, 0)
	for conn := range v.conns {
		if refusal := w.logIn(at, c, p, conn, user); refusal != nil {
			w.refused(at, c, id, refusal, loggingIn)
			return
		}
	}
	v.tries = 0
	w.paged(at, c, id)
}

// count counts a refusal.
func (w *world) count(c *cohort, refusal *engine.Refusal) {
	c.stats.Refused++
	w.byVia[refusal.ViaName()]++
	w.counts.add(w.sc.Start, refusal.At)
	if w.lists {
		w.refusals = append(w.refusals, Refusal{refusal.At, int(c.label)})
	}
	if w.first == nil {
		w.noteFirst(c, refusal)
	}
}

func (w *world) noteFirst(c *cohort, refusal *engine.Refusal) {
	w.first = &firstRefusal{Refusal: *refusal, Cohort: int(c.label)}
	if refusal.User != 0 {
		w.first.user = w.userName(refusal.Tag)
	}
}

// refused counts a refusal, and lets the client try again or give up.
func (w *world) refused(at engine.Time, c *cohort, id int32, refusal *engine.Refusal, again phase) {
	w.count(c, refusal)
	v := &w.actors[id]
	next, ok := w.retry(at, c, v)
	if !ok {
		w.loseConn(at+w.life(c, v), c, again)
		w.giveUp(at, c, id)
		return
	}
	v.phase = again
	w.loseConn(next, c, again)
	w.schedule(next, starts, id)
}

// retry is when a client tries again, false when it gives up.
func (w *world) retry(at engine.Time, c *cohort, v *actor) (next engine.Time, ok bool) {
	o := &c.OnRefusal
	if o.Retry.Law == scenario.Unset || o.Times != scenario.Unlimited && int(v.tries) >= o.Times {
		return 0, false
	}
	wait := quantile(&o.Retry, draw(v.stream, forRetry, attempt(v)))
	wait *= math.Pow(o.Factor, float64(v.tries))
	v.tries++
	// A wait of nothing would try for ever at one instant.
	return at + max(engine.Microsecond, instant(wait)), true
}

// attempt numbers the attempts of a session.
func attempt(v *actor) uint64 { return uint64(v.page)<<32 | uint64(v.tries) }

// loseConn tells the trace when a refused connection would have ended.
func (w *world) loseConn(until engine.Time, c *cohort, refused phase) {
	switch {
	case w.tape == nil || refused != trying || until >= w.end:
	case c.web():
		w.tape.lose(until, engine.Timeout)
	default:
		w.tape.lose(until, engine.Exit)
	}
}

// life is how long a session that is given up would have lasted: a web
// session by its time-out after one page, others by their length.
func (w *world) life(c *cohort, v *actor) engine.Time {
	switch {
	case c.web() && c.Timeout > 0:
		return c.Timeout
	case c.web():
		return engine.MaxTime - w.end
	case c.Lasts.Law == scenario.Unset:
		return 0
	}
	return min(engine.MaxTime-w.end, instant(quantile(&c.Lasts, draw(v.stream, forLasts, uint64(v.page)))))
}

// giveUp ends a session whose client was refused, or waited for too long. A
// web session that is open stays until it times out.
func (w *world) giveUp(at engine.Time, c *cohort, id int32) {
	c.stats.Lost++
	v := &w.actors[id]
	if !v.connected() {
		w.finish(at, c, id)
		return
	}
	v.phase, v.how = ending, engine.Timeout
	switch {
	case c.gateway != nil: // where the call has waited, the session was idle
		w.schedule(v.until, ends, id)
	case c.Timeout > 0:
		w.schedule(at+c.Timeout, ends, id)
	}
}

// finish ends a session.
func (w *world) finish(at engine.Time, c *cohort, id int32) {
	v := &w.actors[id]
	owner, who := v.owner, v.person
	w.freeActorSlot(id)
	if who != 0 {
		w.leave(who)
	}
	if owner == 0 {
		return
	}
	if m := &w.actors[owner]; m.shared > 1 {
		m.shared--
	} else {
		w.nextBegin(at, owner)
	}
}

// startJobs starts the background work that a session or page brings.
func (w *world) startJobs(at engine.Time, cohorts []int32, id int32, nth uint64) {
	for _, k := range cohorts {
		c := &w.cohorts[k]
		v := &w.actors[id]
		stream := of(mix(c.stream^v.stream), nth)
		if draw(stream, forChance, 0) >= c.Chance {
			continue
		}
		job := w.newVisit(c, 0, stream)
		v = &w.actors[id]
		j := &w.actors[job]
		j.parent, j.parentBorn = id, v.born
		delay := engine.Time(0)
		if c.Delay.Law != scenario.Unset {
			delay = instant(quantile(&c.Delay, draw(stream, forDelay, 0)))
		}
		if delay == 0 {
			w.visit(at, job)
			continue
		}
		w.schedule(at+delay, starts, job)
	}
}
