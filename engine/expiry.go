package engine

import "slices"

// An expiry is something that may end at a time.
type expiry[T any] struct {
	at  Time
	who T
}

// A ring is a queue of expiries that are pushed in the order of their times:
// all of one constant length.
type ring[T any] struct {
	items []expiry[T]
	head  int
}

func (q *ring[T]) push(at Time, who T) {
	if q.head > 32 && q.head*2 > len(q.items) {
		n := copy(q.items, q.items[q.head:])
		q.items, q.head = q.items[:n], 0
	}
	q.items = append(q.items, expiry[T]{at, who})
}

// next is the time of the first expiry, after MaxTime when there is none.
func (q *ring[T]) next() Time {
	if q.head == len(q.items) {
		return never
	}
	return q.items[q.head].at
}

func (q *ring[T]) pop() T {
	e := q.items[q.head]
	q.head++
	if q.head == len(q.items) {
		q.items, q.head = q.items[:0], 0
	}
	return e.who
}

func (q *ring[T]) emptied() ring[T] { return ring[T]{items: q.items[:0]} }

// never is later than any expiry.
const never Time = 1<<63 - 1

// NextExpiry tells when something in the table may change by itself: a hold or
// a grace that ends, or a time-out that takes effect. It is false when nothing
// runs. Nothing need have changed then.
func (t *Table) NextExpiry() (Time, bool) {
	at := min(t.nextEnd(), t.lagged.next())
	return at, at != never
}

func (t *Table) nextEnd() Time {
	at := min(t.holds.next(), t.graces.next(), t.counted.next())
	if len(t.moved) > 0 {
		at = min(at, t.moved[0].at)
	}
	return at
}

// Advance lets everything that ends at or before an instant end, each at its
// own: first holds and graces, then time-outs that lagged (rules: order).
func (t *Table) Advance(at Time) {
	if at < t.now {
		panic("engine: time goes backwards")
	}
	if at >= t.due {
		t.expireUntil(at)
	}
	t.elapse(at)
}

func (t *Table) expireUntil(at Time) {
	for {
		next := min(t.nextEnd(), t.lagged.next())
		if next > at {
			t.due = next
			return
		}
		t.elapse(next)
		if t.nextEnd() == next {
			t.expire(next)
			continue
		}
		id := t.lagged.pop()
		t.end(next, id, &t.conns[id], Timeout)
	}
}

// expect notes that something may expire at an instant.
func (t *Table) expect(at Time) { t.due = min(t.due, at) }

// elapse adds the time since now to what was in use.
func (t *Table) elapse(at Time) {
	if at == t.now {
		return
	}
	if int(t.inUse) >= len(t.atLevel) {
		t.atLevel = append(t.atLevel, make([]Time, int(t.inUse)+1-len(t.atLevel))...)
	}
	t.atLevel[t.inUse] += at - t.now
	t.now = at
}

// expire ends what ends at an instant, one entry of one queue.
func (t *Table) expire(at Time) {
	switch {
	case t.holds.next() == at:
		t.expireRow(at, t.holds.pop())
	case t.graces.next() == at:
		t.expireRow(at, t.graces.pop())
	case t.counted.next() == at:
		t.expireCall(at, t.counted.pop())
	default:
		id := t.moved[0].who
		t.moved = slices.Delete(t.moved, 0, 1)
		t.expireRow(at, id)
	}
}

// expireRow ends what of a row ends at an instant. An entry may be out of
// date: only the row knows when its hold and grace end.
func (t *Table) expireRow(at Time, id UserID) {
	r := &t.rows[id]
	before := r.units + r.apart
	held, graced := r.hold == at, r.grace == at
	apart := int32(0)
	if r.apart > 0 {
		t.setApart = slices.DeleteFunc(t.setApart, func(a apartUnit) bool {
			ends := a.user == id && a.until == at
			if ends {
				apart++
			}
			return ends
		})
	}
	if !held && !graced && apart == 0 {
		return
	}
	t.touch(r)
	if held {
		r.hold = 0
	}
	if graced {
		r.grace = 0
	}
	r.apart -= apart
	reset := r.n == 0 && !r.kept() && r.transitioned
	if reset {
		r.transitioned = false
	}
	t.settle(at, r, before)
	t.tellExpiry(at, id, r, before, held, graced, reset)
	if r.units == 0 && r.apart == 0 && !r.retained {
		t.forget(id, r)
	}
}

func (t *Table) tellExpiry(at Time, id UserID, r *row, before int32, held, graced, reset bool) {
	change := int(r.units + r.apart - before)
	if t.listener == nil || change == 0 && !reset {
		return
	}
	cause := ApartEnded
	switch {
	case graced:
		cause = GraceEnded
	case held:
		cause = HoldEnded
	}
	t.tell(Event{Kind: Released, At: at, User: id, Cause: cause, Units: change})
	if reset {
		t.tell(Event{Kind: Reset, At: at, User: id, Cause: cause})
	}
}

// expireCall takes a finished call out of its row when its hold has ended.
func (t *Table) expireCall(at Time, id ConnID) {
	c := &t.conns[id]
	if c.open || c.holdEnd != at {
		return // it still runs, or the number is another's by now
	}
	t.leave(at, c.user, id, c, HoldEnded)
	t.freeConnection(id)
}

// holdsUnit reports whether the end of c may leave a hold (rules: hold).
func (t *Table) holdsUnit(c *conn) bool {
	return c.via.call() && !c.sessionful && t.policy.HoldSeconds > 0 && !t.policy.Contract &&
		(t.policy.HoldScope == AllSessionless || c.anonymous)
}

func (t *Table) holdEnd(c *conn, at Time) Time {
	if t.policy.HoldFrom == FromEnd {
		return at + t.policy.HoldSeconds
	}
	return c.start + t.policy.HoldSeconds
}

// scheduleFromStart queues the end of the hold that a call may leave, while
// those ends come in the order of the calls.
func (t *Table) scheduleFromStart(at Time, id ConnID, c *conn) {
	if t.policy.HoldFrom != FromStart || !t.holdsUnit(c) {
		return
	}
	t.expect(at + t.policy.HoldSeconds)
	if t.policy.HoldCountsConnection {
		t.counted.push(at+t.policy.HoldSeconds, id)
	} else {
		t.holds.push(at+t.policy.HoldSeconds, c.user)
	}
}

// scheduleMoved queues the end of the hold for the row that a login has moved
// the call to.
func (t *Table) scheduleMoved(at Time, c *conn) {
	if t.policy.HoldFrom != FromStart || t.policy.HoldCountsConnection || !t.holdsUnit(c) {
		return
	}
	until := c.start + t.policy.HoldSeconds
	if until <= at {
		return
	}
	i, _ := slices.BinarySearchFunc(t.moved, until, func(e expiry[UserID], at Time) int {
		if e.at <= at {
			return -1
		}
		return 1
	})
	t.moved = slices.Insert(t.moved, i, expiry[UserID]{until, c.user})
	t.expect(until)
}

// startHold keeps the row's unit after a call (rules: hold, hold-extend).
func (t *Table) startHold(c *conn, until Time) {
	r := &t.rows[c.user]
	if t.policy.HoldExtend {
		r.hold = max(r.hold, until)
	} else if !r.kept() {
		r.hold = until
	}
	if t.policy.HoldFrom == FromEnd {
		t.holds.push(until, c.user)
		t.expect(until)
	}
}

// finish ends a call that goes on counting as a connection (rules: hold-connection).
func (t *Table) finish(at Time, id ConnID, c *conn, until Time, how How) {
	c.open, c.holdEnd = false, until
	if t.policy.HoldFrom == FromEnd {
		t.counted.push(until, id)
		t.expect(until)
	}
	if t.listener != nil {
		t.tell(Event{Kind: Released, At: at, User: c.user, Conn: id, Via: c.via, Cause: Cause(how)})
	}
}

// startsGrace reports whether the end of c starts a grace period (rules: grace).
func (t *Table) startsGrace(c *conn, how How) bool {
	return c.web() && c.pages == 1 && t.policy.GraceSeconds > 0 && !t.policy.Contract &&
		(how == Timeout || how == Logout && t.policy.GraceOn == LogoutOrTimeout)
}
