package engine

// A Watch looks, in a table without a limit, at what a key would have to
// allow: until the first refusal a key that refuses and one that does not see
// the same (rules: demand). Its units are connections where the policy limits
// those.
type Watch struct {
	// Staircase is the least key that would have refused nobody so far, each
	// time that it grew.
	Staircase []Peak
	// Attempts counts connections and logins by the units that they need: the
	// use that they lead to, 0 for those that need no unit.
	Attempts []int64
	// Exceeded is what the first refusal of the key in question would be; its
	// reason is 0 while there was none.
	Exceeded Refusal

	limit  int32 // of the key in question; negative is none
	reason Reason
	high   int32 // the most in use since [Table.TakeHigh]
}

// Watch has w look at the table from now on, for a key of so many units under
// a policy that limits; 0 is unlimited. The table's own limit should be off.
func (t *Table) Watch(w *Watch, p *Policy, units int) {
	*w = Watch{Staircase: w.Staircase[:0], Attempts: w.Attempts[:0]}
	w.limit, w.reason = p.limit(units)
	w.high = t.used()
	t.watch = w
}

// TakeHigh is the most that was in use, up to now, since it was last asked for
// or the watch began: units, or connections where the policy limits those.
func (t *Table) TakeHigh() int {
	high := t.watch.high
	t.watch.high = t.used()
	return int(high)
}

// used is what the policy limits: the units or the connections in use.
func (t *Table) used() int32 {
	if t.policy.LimitOn == LimitConnections {
		return t.connections
	}
	return t.inUse
}

// A before is what was in use before a connection or login.
type before struct{ inUse, connections, row int32 }

func (t *Table) before(user UserID) before { return before{t.inUse, t.connections, t.rows[user].n} }

// saw notes an admitted connection or login as judged.
func (w *Watch) saw(t *Table, via Via, user UserID, v verdict, was before) {
	w.high = max(w.high, t.used())
	level, had := int32(0), was.inUse
	switch {
	case t.policy.LimitOn == LimitConnections:
		level, had = t.connections, was.connections
	case v.need > 0 && !(v.transits && was.row > 0 && t.policy.TransitionShort == Overcommit):
		level = t.inUse
	}
	for int(level) >= len(w.Attempts) {
		w.Attempts = append(w.Attempts, 0)
	}
	w.Attempts[level]++
	if n := len(w.Staircase); level == 0 || n > 0 && int(level) <= w.Staircase[n-1].Units {
		return
	}
	w.Staircase = append(w.Staircase, Peak{int(level), t.now})
	if w.limit < 0 || level <= w.limit || w.Exceeded.Reason != 0 {
		return
	}
	w.Exceeded = Refusal{At: t.now, User: user, Tag: t.tags[user], Via: via, Reason: w.reason, Needed: int(v.need),
		InUse: int(was.inUse), Connections: int(was.connections), Free: int(max(0, w.limit-had)), csp: t.policy.CSPRefusal}
	if via == viaLogin {
		w.Exceeded.Via, w.Exceeded.Login = 0, true
	}
}
