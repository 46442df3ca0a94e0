package engine

import "slices"

// A model is a slow license table, written after the rules and not after the
// code: a plain list of connections, and for each license user ID what the
// rules make it remember. Units are counted anew at every look.
type model struct {
	p     Policy
	units int // the key's
	now   Time

	list       []*modelConn
	ids        []*modelID   // by tag
	lagging    []*modelConn // timed out, but not yet in effect, in order
	apart      []modelApart
	diagnostic bool

	peak        Peak
	peakConns   int
	holders     map[uint64]Holder // at the peak; UnitTime is filled in by held
	transitions int
	usage       map[int]Time // how long so many units were in use
}

// A modelConn is a connection that is open, or a finished call that counts.
type modelConn struct {
	id         ConnID // the table's number
	tag        uint64 // the license user ID
	via        Via
	sessionful bool
	anonymous  bool
	charged    bool
	start      Time
	pages      int
	finished   bool
	until      Time // finished: the end of its hold
	timesOut   Time // when a time-out that lags takes effect; 0 when none does
}

func (c *modelConn) web() bool { return c.via == CSP || c.sessionful }

// A modelID is what a license user ID remembers.
type modelID struct {
	transitioned bool
	hold, grace  Time // ends
	label        uint32
	unitTime     Time
}

type modelApart struct {
	tag   uint64
	until Time
}

func newModel(p Policy, units int) *model {
	return &model{p: p, units: units, usage: map[int]Time{}, holders: map[uint64]Holder{}}
}

func (m *model) id(tag uint64) *modelID {
	for tag >= uint64(len(m.ids)) {
		m.ids = append(m.ids, &modelID{})
	}
	return m.ids[tag]
}

// count is the number of connections of a license user ID.
func (m *model) count(tag uint64) (n int) {
	for _, c := range m.list {
		if c.charged && c.tag == tag {
			n++
		}
	}
	return n
}

func (m *model) connections() (n int) {
	for _, c := range m.list {
		if c.charged {
			n++
		}
	}
	return n
}

func (m *model) kept(tag uint64) bool { return max(m.id(tag).hold, m.id(tag).grace) > m.now }

// rowUnits is the definition of what a row costs.
func (m *model) rowUnits(n int, transitioned, kept bool) int {
	switch {
	case n == 0 && kept:
		return 1
	case n == 0:
		return 0
	case m.p.Contract && m.p.ContractOver == CeilDiv:
		return (n + 11) / 12
	case transitioned:
		return n
	}
	return 1
}

// row is what a license user ID costs, units set apart not included.
func (m *model) row(tag uint64) int {
	return m.rowUnits(m.count(tag), m.id(tag).transitioned, m.kept(tag))
}

func (m *model) setApart(tag uint64) (n int) {
	for _, a := range m.apart {
		if a.tag == tag {
			n++
		}
	}
	return n
}

func (m *model) inUse() int {
	sum := len(m.apart)
	for tag := range m.ids {
		sum += m.row(uint64(tag))
	}
	return sum
}

// tidy drops what has ended by now: flags go with the last connection unless
// a kept row carries them on.
func (m *model) tidy() {
	m.list = slices.DeleteFunc(m.list, func(c *modelConn) bool { return c.finished && c.until <= m.now })
	m.apart = slices.DeleteFunc(m.apart, func(a modelApart) bool { return a.until <= m.now })
	for i, id := range m.ids {
		if tag := uint64(i); id.transitioned && m.count(tag) == 0 && !(m.p.GraceKeepsTransition && m.kept(tag)) {
			id.transitioned = false
		}
	}
}

// nextEnd is the next instant at which something ends by itself.
func (m *model) nextEnd() (Time, bool) {
	next := never
	look := func(at Time) {
		if at > m.now {
			next = min(next, at)
		}
	}
	for _, c := range m.list {
		look(c.until)
		look(c.timesOut)
	}
	for _, id := range m.ids {
		look(id.hold)
		look(id.grace)
	}
	for _, a := range m.apart {
		look(a.until)
	}
	return next, next != never
}

func (m *model) advance(at Time) {
	for m.now < at {
		next, _ := m.nextEnd()
		next = min(next, at)
		units := m.inUse()
		m.usage[units] += next - m.now
		for i, id := range m.ids {
			tag := uint64(i)
			id.unitTime += Time(m.row(tag)+m.setApart(tag)) * (next - m.now)
		}
		m.now = next
		m.tidy()
		for len(m.lagging) > 0 && m.lagging[0].timesOut == m.now {
			m.end(m.lagging[0], Timeout)
			m.lagging = m.lagging[1:]
		}
	}
}

// cap is what the key allows, and the reason that it gives; false is no cap.
func (m *model) cap() (int, Reason, bool) {
	switch limit := m.p.UserLimit; {
	case !m.p.Enforce, m.units == 0 && limit == 0:
		return 0, 0, false
	case limit > 0 && (m.units == 0 || limit < m.units):
		return limit, UserLimitReached, true
	}
	return m.units, LimitReached, true
}

// free is what the key still allows, of what it limits; -1 is everything.
func (m *model) free() int {
	limit, _, ok := m.cap()
	switch {
	case !ok:
		return -1
	case m.p.LimitOn == LimitConnections:
		return max(0, limit-m.connections())
	}
	return max(0, limit-m.inUse())
}

// A modelAnswer is what comes of one more connection.
type modelAnswer struct {
	reason       Reason
	needed       int
	transitioned bool // afterwards
	transits     bool
	sticks       bool
	apart        bool
}

// ask judges one more connection of a license user ID.
func (m *model) ask(tag uint64) (a modelAnswer) {
	n, was, units := m.count(tag), m.id(tag).transitioned, m.row(tag)
	if !m.p.GraceReuse && n == 0 && m.id(tag).grace > m.now {
		a.apart, was, units = true, false, 0
	}
	over := n+1 > m.p.MaxConnections || m.p.TransitionAt == GeMax && n+1 == m.p.MaxConnections
	a.transits = over && !was && !m.p.Contract
	a.transitioned = was || a.transits
	a.needed = max(0, m.rowUnits(n+1, a.transitioned, false)-units)
	if m.p.ConnectionLimit > 0 && n+1 > m.p.ConnectionLimit {
		a.reason = ConnectionLimitReached
		return a
	}
	limit, reason, ok := m.cap()
	if !ok {
		return a
	}
	if m.p.LimitOn == LimitConnections {
		if m.connections()+1 > limit {
			a.reason = reason
		}
		return a
	}
	if a.needed > 0 && m.inUse()+a.needed > limit {
		a.reason = reason
		if a.transits && n > 0 {
			if m.p.TransitionShort == Overcommit {
				a.reason = 0
			} else {
				a.sticks = m.p.RefusedAttemptSticks
			}
		}
	}
	return a
}

// join puts a connection in a row, as asked.
func (m *model) join(c *modelConn, tag uint64, label uint32, a modelAnswer) {
	id := m.id(tag)
	if a.apart {
		m.apart = append(m.apart, modelApart{tag, max(id.hold, id.grace)})
		id.hold, id.grace = 0, 0
	}
	if m.count(tag) == 0 {
		id.label = label
	} else if id.label != label {
		id.label = MixedLabel
	}
	c.tag = tag
	id.transitioned = a.transitioned
	if a.transits {
		m.transitions++
	}
}

func (m *model) connect(at Time, q Request, tag uint64) (*modelConn, *Refusal) {
	m.advance(at)
	c := &modelConn{tag: tag, via: q.Via, sessionful: q.Sessionful && (q.Via == REST || q.Via == SOAP), anonymous: q.Anonymous, start: at, pages: 1}
	switch {
	case m.p.Uncharged.Has(q.Via), q.Via == System:
	case q.Via == Diagnostic && m.diagnostic:
		return nil, &Refusal{At: at, Via: q.Via, Reason: DiagnosticTaken, InUse: m.inUse(), Connections: m.connections(), Free: m.free()}
	case q.Via == Diagnostic:
		m.diagnostic = true
	default:
		a := m.ask(tag)
		if a.reason != 0 {
			r := &Refusal{At: at, Tag: tag, Via: q.Via, Reason: a.reason, Needed: a.needed, InUse: m.inUse(), Connections: m.connections(), Free: m.free()}
			if a.sticks {
				m.id(tag).transitioned = true
				m.transitions++
				m.look()
			}
			return nil, r
		}
		m.join(c, tag, q.Label, a)
		c.charged = true
	}
	m.list = append(m.list, c)
	m.look()
	return c, nil
}

func (m *model) login(at Time, c *modelConn, tag uint64, label uint32) *Refusal {
	m.advance(at)
	if !c.charged || c.tag == tag {
		return nil
	}
	old, was, inUse, conns, free := c.tag, m.id(c.tag).transitioned, m.inUse(), m.connections(), m.free()
	c.charged = false // it leaves
	m.tidy()
	a := m.ask(tag)
	if a.reason != 0 {
		c.charged = true
		m.id(old).transitioned = was
		return &Refusal{At: at, Tag: tag, Login: true, Reason: a.reason, Needed: a.needed, InUse: inUse, Connections: conns, Free: free}
	}
	m.join(c, tag, label, a)
	c.charged = true
	m.look()
	return nil
}

func (m *model) disconnect(at Time, c *modelConn, how How) {
	m.advance(at)
	if how == 0 {
		how = Exit
		if c.web() {
			how = Logout
		}
	}
	if how == Timeout && m.p.TimeoutLag > 0 {
		c.timesOut = at + m.p.TimeoutLag
		m.lagging = append(m.lagging, c)
		return
	}
	m.end(c, how)
}

func (m *model) end(c *modelConn, how How) {
	gone := true
	if c.charged && !m.p.Contract {
		id := m.id(c.tag)
		call := (c.via == REST || c.via == SOAP) && !c.sessionful
		if call && m.p.HoldSeconds > 0 && (m.p.HoldScope == AllSessionless || c.anonymous) {
			until := c.start + m.p.HoldSeconds
			if m.p.HoldFrom == FromEnd {
				until = m.now + m.p.HoldSeconds
			}
			switch {
			case until <= m.now:
			case m.p.HoldCountsConnection:
				gone, c.finished, c.until = false, true, until
			case m.p.HoldExtend:
				id.hold = max(id.hold, until)
			case !m.kept(c.tag):
				id.hold = until
			}
		}
		if c.web() && c.pages <= 1 && m.p.GraceSeconds > 0 && (how == Timeout || how == Logout && m.p.GraceOn == LogoutOrTimeout) {
			id.grace = max(id.grace, m.now+m.p.GraceSeconds)
		}
	}
	if c.via == Diagnostic && !m.p.Uncharged.Has(Diagnostic) {
		m.diagnostic = false
	}
	if gone {
		m.list = slices.DeleteFunc(m.list, func(other *modelConn) bool { return other == c })
	}
	m.tidy()
}

// look notes a new peak and who holds it.
func (m *model) look() {
	m.peakConns = max(m.peakConns, m.connections())
	if m.inUse() > m.peak.Units {
		m.peak = Peak{m.inUse(), m.now}
		m.notePeak()
	}
}

func (m *model) notePeak() {
	clear(m.holders)
	for i, id := range m.ids {
		tag := uint64(i)
		if u := m.row(tag) + m.setApart(tag); u > 0 {
			m.holders[tag] = Holder{Tag: tag, Label: id.label, Units: u, Connections: m.count(tag)}
		}
	}
}

func (m *model) resetPeak(at Time) {
	m.advance(at)
	m.peak, m.peakConns, m.transitions = Peak{m.inUse(), at}, m.connections(), 0
	m.notePeak()
}
