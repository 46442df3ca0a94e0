package engine

import (
	"fmt"
	"slices"
)

// UserID is a license user ID: the number of a row of a [Table]. 0 is nobody.
type UserID int32

// ConnID is the number of a connection of a [Table]. 0 is none. Numbers of
// closed connections are used again.
type ConnID int32

// A Request asks for a connection.
type Request struct {
	User       UserID // whose row it joins; 0 when the via is not charged
	Via        Via
	Sessionful bool   // a REST or SOAP call inside a web session
	Anonymous  bool   // no user is known
	Label      uint32 // the caller's own, below 65,535; Holder tells it
}

// A Table is the license table of one instance: rows, each a license user ID
// with its connections, and the units that they cost (rules: unit).
type Table struct {
	policy Policy
	units  int // the key's; 0 is unlimited

	limit       int32 // what the key allows; negative is no limit
	limitReason Reason

	now         Time
	inUse       int32
	connections int32
	diagnostic  bool // the emergency session is open

	rows     []row    // by UserID; 0 is unused
	tags     []uint64 // by UserID
	freeRow  UserID
	conns    []conn // by ConnID; 0 is unused
	freeConn ConnID

	holds, graces ring[UserID] // rows whose hold or grace may end
	counted       ring[ConnID] // finished calls that may stop counting
	lagged        ring[ConnID] // time-outs that have yet to take effect
	moved         []expiry[UserID]
	setApart      []apartUnit
	due           Time // nothing expires before

	peak    peak
	atLevel []Time // atLevel[u]: how long u units were in use

	listener Listener
	watch    *Watch  // nil when nobody asks what a key would have to allow
	refusal  Refusal // of the last refused call
	fetched  UserID  // means nothing: see Fetch
}

// A row is a license user ID that holds units, or a place kept for one. It is
// one cache line: a run with many users jumps from row to row.
type row struct {
	n            int32  // connections, finished calls that still count included
	units        int32  // what the row costs, units set apart not included
	apart        int32  // units set apart (rules: set-apart)
	peakUnits    int32  // what it cost at the peak, when it changed since
	peakConns    int32  // its connections then
	seen         uint32 // the peak after which peakUnits was noted
	label        uint16 // of the first connection since it was empty, or mixed
	peakLabel    uint16
	transitioned bool
	retained     bool // the owner will use the number again
	hold, grace  Time // ends; 0 when not running
	since        Time // units are summed up to here
	unitTime     Time // integral of units over time, in unit-microseconds
}

// mixed is the label of a row whose connections have several.
const mixed = ^uint16(0)

// A conn is a connection, open or finished but counting.
type conn struct {
	user       UserID // whose row it is in
	next       ConnID // while free
	start      Time
	holdEnd    Time // of a finished call that still counts
	via        Via
	pages      uint8 // 1, or 2 for more
	charged    bool
	sessionful bool
	anonymous  bool
	open       bool
	lagging    bool // timed out, but not yet in effect
}

// An apartUnit is a unit set apart until its time.
type apartUnit struct {
	user  UserID
	until Time
}

// NewTable makes an empty license table. Units is the size of the key, 0 for
// unlimited. The listener may be nil.
func NewTable(p Policy, units int, l Listener) *Table {
	t := &Table{listener: l}
	t.Reset(p, units)
	return t
}

// Reset empties the table for another run and keeps its memory.
func (t *Table) Reset(p Policy, units int) {
	rows, tags, conns := append(t.rows[:0], row{}), append(t.tags[:0], 0), append(t.conns[:0], conn{})
	*t = Table{
		policy: p, units: units, listener: t.listener, watch: t.watch, rows: rows, tags: tags, conns: conns,
		holds: t.holds.emptied(), graces: t.graces.emptied(), counted: t.counted.emptied(), lagged: t.lagged.emptied(),
		due: never, moved: t.moved[:0], setApart: t.setApart[:0], peak: peak{departed: t.peak.departed[:0]}, atLevel: t.atLevel[:0],
	}
	t.setLimit()
}

// Policy is the policy that the table counts by.
func (t *Table) Policy() *Policy { return &t.policy }

// Units is the size of the key, 0 for unlimited.
func (t *Table) Units() int { return t.units }

// InUse is the number of license units in use.
func (t *Table) InUse() int { return int(t.inUse) }

// Connections is the number of connections that are charged, finished calls
// that still count included.
func (t *Table) Connections() int { return int(t.connections) }

// Now is the latest instant that the table has heard of.
func (t *Table) Now() Time { return t.now }

// SetKey activates a key of another size; 0 is unlimited. A smaller one takes
// effect at once, and nobody is thrown out (rules: key-change).
func (t *Table) SetKey(at Time, units int) {
	t.Advance(at)
	t.units = units
	t.setLimit()
}

// SetConnectionLimit limits the connections of each license user ID and
// returns the former limit; 0 is none (rules: connection-limit).
func (t *Table) SetConnectionLimit(n int) int {
	former := t.policy.ConnectionLimit
	t.policy.ConnectionLimit = n
	return former
}

// SetUserLimit limits the units of this instance and returns the former
// limit; 0 is none (rules: user-limit).
func (t *Table) SetUserLimit(n int) int {
	former := t.policy.UserLimit
	t.policy.UserLimit = n
	t.setLimit()
	return former
}

func (t *Table) setLimit() { t.limit, t.limitReason = t.policy.limit(t.units) }

// Cap is what a key of so many units allows under the policy, in units, or in
// connections where the policy limits those; 0 is everything (rules: cap).
func (p *Policy) Cap(units int) int {
	limit, _ := p.limit(units)
	return int(max(0, limit))
}

// limit is what a key of so many units allows and why, negative when it
// allows everything.
func (p *Policy) limit(units int) (int32, Reason) {
	limit, reason := int32(units), LimitReached
	if p.UserLimit > 0 && (units == 0 || p.UserLimit < units) {
		limit, reason = int32(p.UserLimit), UserLimitReached
	}
	if !p.Enforce || limit == 0 {
		limit = -1
	}
	return limit, reason
}

// AddUser makes a row for a license user ID. The tag is the caller's own name
// for it. The number stays valid until [Table.Retire].
func (t *Table) AddUser(tag uint64) UserID {
	id := t.freeRow
	if id == 0 {
		id = UserID(len(t.rows))
		t.rows, t.tags = append(t.rows, row{}), append(t.tags, 0)
	} else {
		t.freeRow = UserID(t.rows[id].n)
	}
	t.rows[id], t.tags[id] = row{retained: true, seen: t.peak.number}, tag
	return id
}

// Retire says that nobody will ask for a connection by this number again. The
// row is forgotten as soon as it is empty.
func (t *Table) Retire(id UserID) {
	r := &t.rows[id]
	r.retained = false
	if r.units == 0 && r.apart == 0 {
		t.forget(id, r)
	}
}

func (t *Table) forget(id UserID, r *row) {
	if r.seen == t.peak.number && r.peakUnits > 0 {
		t.peak.departed = append(t.peak.departed, Holder{
			Tag: t.tags[id], Label: wide(r.peakLabel), Units: int(r.peakUnits), Connections: int(r.peakConns), UnitTime: r.unitTime})
	}
	*r = row{n: int32(t.freeRow)}
	t.freeRow = id
}

// Tag is the caller's own name for a license user ID.
func (t *Table) Tag(id UserID) uint64 { return t.tags[id] }

// UserOf is the license user ID that an open connection has now.
func (t *Table) UserOf(id ConnID) UserID { return t.conns[id].user }

// RowConnections is the number of connections of a license user ID, finished
// calls that still count included.
func (t *Table) RowConnections(id UserID) int { return int(t.rows[id].n) }

// Charged reports whether an open connection counts.
func (t *Table) Charged(id ConnID) bool { return t.openConn(id, "look-up").charged }

// Connect asks for a connection. A refusal is nil or says why there is none;
// it is valid until the next call (rules: first-come).
func (t *Table) Connect(at Time, q Request) (ConnID, *Refusal) {
	t.Advance(at)
	charged := !t.policy.Uncharged.Has(q.Via) && q.Via != System && q.Via != Diagnostic
	if !charged {
		return t.connectFree(at, q)
	}
	v := t.judge(&t.rows[q.User], t.inUse, t.connections)
	if v.reason != 0 {
		refusal := t.refuse(at, q.Via, q.User, v.reason, v.need)
		if t.policy.RefusedAttemptSticks && t.lacks(&t.rows[q.User], v) {
			t.stick(at, q.User)
		}
		return 0, refusal
	}
	id, c := t.newConn()
	*c = conn{
		user: q.User, start: at, via: q.Via, pages: 1, charged: true, open: true,
		sessionful: q.Sessionful && q.Via.call(), anonymous: q.Anonymous,
	}
	was := t.before(q.User)
	t.admit(at, q.User, id, q.Via, q.Label, v)
	if t.watch != nil {
		t.watch.saw(t, q.Via, q.User, v, was)
	}
	t.scheduleFromStart(at, id, &t.conns[id])
	return id, nil
}

// connectFree opens a connection that costs nothing (rules: uncharged, diagnostic).
func (t *Table) connectFree(at Time, q Request) (ConnID, *Refusal) {
	emergency := q.Via == Diagnostic && !t.policy.Uncharged.Has(Diagnostic)
	if emergency && t.diagnostic {
		return 0, t.refuse(at, q.Via, 0, DiagnosticTaken, 0)
	}
	if emergency {
		t.diagnostic = true
	}
	id, c := t.newConn()
	*c = conn{user: q.User, start: at, via: q.Via, pages: 1, open: true}
	return id, nil
}

// newConn finds the number of a new connection, and where it is kept.
func (t *Table) newConn() (ConnID, *conn) {
	id := t.freeConn
	if id == 0 {
		id = ConnID(len(t.conns))
		t.conns = append(t.conns, conn{})
	} else {
		t.freeConn = t.conns[id].next
	}
	return id, &t.conns[id]
}

func (t *Table) freeConnection(id ConnID) {
	t.conns[id] = conn{next: t.freeConn}
	t.freeConn = id
}

func (t *Table) openConn(id ConnID, call string) *conn {
	if id <= 0 || int(id) >= len(t.conns) || !t.conns[id].open {
		panic(fmt.Sprintf("engine: %s of connection %d, which is not open", call, id))
	}
	return &t.conns[id]
}

// cost is what a row costs: the definition of units in use (rules: unit).
func (t *Table) cost(n int32, transitioned, kept bool) int32 {
	switch {
	case n == 0 && kept:
		return 1
	case n == 0:
		return 0
	case t.policy.Contract:
		if t.policy.ContractOver == FlagOnly {
			return 1
		}
		return (n + ContractConnections - 1) / ContractConnections
	case transitioned:
		return n
	}
	return 1
}

// kept reports whether a hold or a grace keeps the row's unit.
func (r *row) kept() bool { return r.hold != 0 || r.grace != 0 }

// until is the later end of the row's hold and grace.
func (r *row) until() Time { return max(r.hold, r.grace) }

// A verdict is what comes of one more connection in a row. (With a fifth field
// the compiler would no longer keep it in registers.)
type verdict struct {
	reason   Reason // why not; 0 when admitted
	need     int32  // units that it takes
	apart    bool   // the unit that a grace keeps is set apart first
	transits bool   // the row would pay per connection from then on
}

// judge decides on one more connection in a row, when so many units and
// connections are in use. It changes nothing.
func (t *Table) judge(r *row, inUse, connections int32) verdict {
	was, units := r.transitioned, r.units
	apart := r.n == 0 && r.grace != 0 && !t.policy.GraceReuse
	if apart {
		was, units = false, 0
	}
	transits := !was && t.over(r.n+1)
	need := t.cost(r.n+1, was || transits, false) - units
	v := verdict{t.reason(r.n+1, need, inUse, connections), need, apart, transits}
	if t.policy.TransitionShort == Overcommit && t.lacks(r, v) {
		v.reason = 0
	}
	return v
}

// lacks reports whether nothing but units is lacking for the transition of a
// row in use (rules: transition-short).
func (t *Table) lacks(r *row, v verdict) bool {
	return v.transits && v.reason.short() && r.n > 0 && t.policy.LimitOn == LimitUnits
}

// over reports whether n connections are too many for one unit (rules: transition).
func (t *Table) over(n int32) bool {
	if t.policy.Contract {
		return false
	}
	if t.policy.TransitionAt == GeMax {
		return int(n) >= t.policy.MaxConnections
	}
	return int(n) > t.policy.MaxConnections
}

// reason says why a connection that would be the row's nth and needs so many
// units must be refused, 0 when it need not.
func (t *Table) reason(n, need, inUse, connections int32) Reason {
	p := &t.policy
	switch {
	case p.ConnectionLimit > 0 && int(n) > p.ConnectionLimit:
		return ConnectionLimitReached
	case t.limit < 0:
		return 0
	case p.LimitOn == LimitConnections && connections+1 > t.limit:
		return t.limitReason
	case p.LimitOn == LimitUnits && need > 0 && inUse+need > t.limit:
		return t.limitReason
	}
	return 0
}

// admit adds a connection to a row as judged.
func (t *Table) admit(at Time, user UserID, id ConnID, via Via, label uint32, v verdict) {
	r := &t.rows[user]
	before := r.units + r.apart
	t.touch(r)
	if v.apart {
		t.setUnitApart(user, r)
	}
	if r.n == 0 {
		r.label = uint16(label)
	} else if r.label != uint16(label) {
		r.label = mixed
	}
	r.n++
	r.transitioned = r.transitioned || v.transits
	t.connections++
	t.settle(at, r, before)
	t.notePeak(at)
	if t.listener != nil {
		t.tell(Event{Kind: Granted, At: at, User: user, Conn: id, Via: via, Units: int(r.units + r.apart - before)})
	}
	if v.transits {
		t.noteTransition(at, user, r, 0)
	}
}

func (t *Table) noteTransition(at Time, user UserID, r *row, change int32) {
	t.peak.transitions++
	if t.listener != nil {
		t.tell(Event{Kind: Transitioned, At: at, User: user, Units: int(change), RowConnections: int(r.n)})
	}
}

// stick makes a refused attempt count as a transition (rules: attempt-sticks).
func (t *Table) stick(at Time, id UserID) {
	r := &t.rows[id]
	before := r.units + r.apart
	t.touch(r)
	r.transitioned = true
	t.settle(at, r, before)
	t.notePeak(at)
	t.noteTransition(at, id, r, r.units+r.apart-before)
}

// setUnitApart leaves the unit that a grace keeps beside the row (rules: set-apart).
func (t *Table) setUnitApart(id UserID, r *row) {
	t.setApart = append(t.setApart, apartUnit{id, r.until()})
	r.apart++
	r.hold, r.grace, r.transitioned = 0, 0, false
}

// settle brings the row's units up to date after a change at an instant;
// before is what it cost until then, units set apart included.
func (t *Table) settle(at Time, r *row, before int32) {
	r.unitTime += Time(before) * (at - r.since)
	r.since = at
	r.units = t.cost(r.n, r.transitioned, r.kept())
	t.inUse += r.units + r.apart - before
}

// Page notes one more page of a web session; connections without pages
// ignore it (rules: grace).
func (t *Table) Page(at Time, id ConnID) {
	t.Advance(at)
	t.openConn(id, "page").pages = 2
}

// Login moves an open connection to the row of another license user ID, as
// License.Login and CSP.Session.Login do. When that is refused all stays as
// it was (rules: login).
func (t *Table) Login(at Time, id ConnID, user UserID, label uint32) *Refusal {
	t.Advance(at)
	c := t.openConn(id, "login")
	if !c.charged || c.user == user {
		return nil
	}
	old, was := &t.rows[c.user], t.before(user)
	freed := old.units - t.cost(old.n-1, old.transitioned, old.kept())
	v := t.judge(&t.rows[user], t.inUse-freed, t.connections-1)
	if v.reason != 0 {
		return t.refuse(at, viaLogin, user, v.reason, v.need)
	}
	t.leave(at, c.user, id, c, LoggedIn)
	c.user = user
	t.admit(at, user, id, c.via, label, v)
	if t.watch != nil {
		t.watch.saw(t, viaLogin, user, v, was)
	}
	t.scheduleMoved(at, c)
	return nil
}

// Disconnect ends an open connection.
func (t *Table) Disconnect(at Time, id ConnID, how How) {
	t.Advance(at)
	c := t.openConn(id, "disconnect")
	if c.lagging {
		panic(fmt.Sprintf("engine: disconnect of connection %d, which has timed out", id))
	}
	if how == 0 {
		how = Exit
		if c.web() {
			how = Logout
		}
	}
	if how == Timeout && t.policy.TimeoutLag > 0 {
		c.lagging = true
		t.lagged.push(at+t.policy.TimeoutLag, id)
		t.expect(at + t.policy.TimeoutLag)
		return
	}
	t.end(at, id, c, how)
}

// Fetch reads what the ends of connections will need, so that the processor
// waits for many of them at once instead of for one after the other. It
// changes nothing but the cache. Numbers of no connection do no harm.
func (t *Table) Fetch(ids []ConnID) {
	for _, id := range ids {
		t.fetched += t.conns[id].user
	}
	for _, id := range ids {
		t.fetched += UserID(t.rows[t.conns[id].user].n)
	}
}

// web reports whether c is a web session.
func (c *conn) web() bool { return c.via == CSP || c.sessionful }

// end closes a connection and starts what it leaves behind.
func (t *Table) end(at Time, id ConnID, c *conn, how How) {
	if !c.charged {
		if c.via == Diagnostic && !t.policy.Uncharged.Has(Diagnostic) {
			t.diagnostic = false
		}
		t.freeConnection(id)
		return
	}
	if t.holdsUnit(c) {
		if until := t.holdEnd(c, at); until > at {
			if t.policy.HoldCountsConnection {
				t.finish(at, id, c, until, how)
				return
			}
			t.startHold(c, until)
		}
	}
	if t.startsGrace(c, how) {
		r := &t.rows[c.user]
		r.grace = max(r.grace, at+t.policy.GraceSeconds)
		t.graces.push(at+t.policy.GraceSeconds, c.user)
		t.expect(at + t.policy.GraceSeconds)
	}
	t.leave(at, c.user, id, c, Cause(how))
	t.freeConnection(id)
}

// leave takes a connection out of a row.
func (t *Table) leave(at Time, id UserID, connection ConnID, c *conn, cause Cause) {
	r := &t.rows[id]
	before := r.units + r.apart
	t.touch(r)
	r.n--
	t.connections--
	reset := false
	if r.n == 0 && r.transitioned && !(t.policy.GraceKeepsTransition && r.kept()) {
		r.transitioned, reset = false, true
	}
	t.settle(at, r, before)
	if t.listener != nil {
		t.tell(Event{Kind: Released, At: at, User: id, Conn: connection, Via: c.via, Cause: cause, Units: int(r.units + r.apart - before)})
		if reset {
			t.tell(Event{Kind: Reset, At: at, User: id, Via: c.via, Cause: cause})
		}
	}
	if r.units == 0 && r.apart == 0 && !r.retained {
		t.forget(id, r)
	}
}

// Usage tells how long each number of units was in use, up to now: the load
// duration.
func (t *Table) Usage() []Time { return slices.Clone(t.atLevel) }

// UnitTime is the integral of units in use over time, up to now.
func (t *Table) UnitTime() UnitTime {
	var sum UnitTime
	for units, d := range t.atLevel {
		sum.add(uint64(units), uint64(d))
	}
	return sum
}
