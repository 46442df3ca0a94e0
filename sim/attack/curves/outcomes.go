package curves

import (
	"cmp"
	"math"
	"net/netip"
	"slices"
	"sort"

	"highwater/engine"
	"highwater/sim"
	"highwater/sim/attack/record"
	"highwater/sim/result"
)

// outcomes compares who was admitted and who was refused with what the rules
// leave no doubt about: attempts that get in, or do not, whatever the order of
// what happened between the instants that are known. All others are taken to
// have been answered as they were, so that one difference makes no others, as
// retries do in the curves.
func (x *comparison) outcomes(r *ranges) {
	out := &result.Outcomes{}
	x.res.Outcomes = out
	p := &x.policy
	doubtful := x.doubt() != ""
	a := x.l.axis()
	users := x.l.users(p)
	for i := range x.l.Entries {
		e := &x.l.Entries[i]
		if !x.asks(e) {
			continue
		}
		if out.Attempts++; doubtful {
			continue
		}
		from, to := a.at(e.Sent)-a.slack, a.at(e.Done)+a.slack
		low, high := r.wanted(from, to)
		same, known := users.others(i)
		need := 1
		if same >= p.MaxConnections-1 {
			need = same + 1 // it may have everybody's connections cost a unit each
		}
		refused := e.Outcome == record.Refused
		if !refused {
			need = 0 // what it takes is in the units
		}
		switch {
		case r.limit == math.MaxInt || high+x.res.Before+need <= r.limit || p.Uncharged.Has(x.wayIn(e)):
			if out.Certain++; refused {
				out.RefusedFree++
				x.wrong(e, low, high)
				if x.turned == nil || from < x.turned.at {
					x.turned = &turned{from, low, high}
				}
			}
		case low >= r.limit && !known:
			if out.Certain++; !refused {
				out.AdmittedFull++
				x.wrong(e, low, high)
			}
		}
	}
}

// doubt says why nothing is certain, or "".
func (x *comparison) doubt() string {
	switch p := &x.policy; {
	case p.RefusedAttemptSticks || p.ConnectionLimit > 0 || p.LimitOn != engine.LimitUnits:
		return ": the policy does not refuse by units alone"
	case x.l.held() && jobsOf(x.l.Scenario) != nil:
		return ": the target draws by itself which pages start jobs"
	}
	return ""
}

// wrong notes the first attempt whose outcome differs for certain. In use just
// before are the units as run, within what the answers of others allow.
func (x *comparison) wrong(e *record.Entry, low, high int) {
	a := x.l.axis()
	sent := a.at(e.Sent)
	at := sent - a.ahead
	if f := x.res.Outcomes.First; f == nil || at < f.At {
		run := lookup(x.ran.series).at(sent-1) + x.res.Idle
		x.res.Outcomes.First = &result.CurveRefusal{
			At: at, Via: x.via(e), Cohort: x.l.Header.Cohorts[e.Cohort].Name, InUse: min(max(low, run), high),
		}
	}
}

func (x *comparison) wayIn(e *record.Entry) engine.Via {
	v, _ := engine.ParseVia(x.l.Header.Cohorts[e.Cohort].Via)
	return v
}

// asks reports whether an attempt was an answered one for a connection: a
// call, or what opens a web session.
func (x *comparison) asks(e *record.Entry) bool {
	switch {
	case e.Outcome != record.Served && e.Outcome != record.Refused, e.Kind == sim.LoginRequest, e.Kind == sim.LogoutRequest:
		return false
	case e.Outcome == record.Refused || !x.l.Header.Cohorts[e.Cohort].Session:
		return true
	}
	return e.Session != 0 && x.opens[sessionKey(e)] == callKey(e)
}

// opening finds which attempt opened each web session.
func (l *Log) opening() map[uint64]uint64 {
	first := map[uint64]int{}
	for i := range l.Entries {
		e := &l.Entries[i]
		if e.Session == 0 || e.Outcome != record.Served || !l.Header.Cohorts[e.Cohort].Session {
			continue
		}
		if j, ok := first[sessionKey(e)]; !ok || e.Sent < l.Entries[j].Sent {
			first[sessionKey(e)] = i
		}
	}
	list := map[uint64]uint64{}
	for key, i := range first {
		list[key] = callKey(&l.Entries[i])
	}
	return list
}

// A user is who has a license user ID of its own, as far as the record tells.
type user struct {
	name    string
	address netip.Addr
}

// users are the attempts of each license user ID that were not refused.
type users struct {
	l      *Log
	policy *engine.Policy
	list   map[user]*stays
}

// stays are from when to when attempts of a user may have had a connection, or
// kept its unit.
type stays struct {
	doubts
	all     []stay // by when they begin
	longest []int  // of those up to each, the one that ends last; and next to it
	second  []int
}

type stay struct {
	from, to engine.Time
	entry    int
}

// fresh reports whether an attempt has a license user ID that nobody else has.
func (l *Log) fresh(e *record.Entry, p *engine.Policy) bool {
	k := &l.Header.Cohorts[e.Cohort]
	if k.User != "" && !k.Login {
		return false
	}
	return k.Session || p.AnonID == engine.AnonBySession
}

func (l *Log) user(e *record.Entry, p *engine.Policy) user {
	k := &l.Header.Cohorts[e.Cohort]
	u := user{k.User, e.Address}
	if p.LicenseAltHeaders && e.Forwarded.IsValid() {
		u.address = e.Forwarded
	}
	switch {
	case k.User == "own":
		u.name = (&cohort{Cohort: *k, slug: k.Path}).userName(e.Member)
	case k.User == "" && p.AnonID == engine.AnonGlobal:
		return user{}
	}
	return u
}

// users finds who had connections when.
func (l *Log) users(p *engine.Policy) *users {
	u := &users{l: l, policy: p, list: map[user]*stays{}}
	a := l.axis()
	for i := range l.Entries {
		e := &l.Entries[i]
		if !e.Reached() || e.Outcome == record.Refused && e.Kind != sim.LoginRequest || l.fresh(e, p) && e.Kind != sim.LoginRequest {
			continue
		}
		s := stay{a.at(e.Sent) - a.slack, a.at(e.Done) + a.slack + p.HoldSeconds, i}
		if l.Header.Cohorts[e.Cohort].Session {
			s.to = engine.MaxTime // it may go on, and be kept
		}
		id := l.user(e, p)
		if u.list[id] == nil {
			u.list[id] = &stays{}
		}
		u.list[id].all = append(u.list[id].all, s)
	}
	for _, s := range u.list {
		s.order()
	}
	return u
}

func (s *stays) order() {
	slices.SortFunc(s.all, func(x, y stay) int { return cmp.Or(cmp.Compare(x.from, y.from), x.entry-y.entry) })
	first, second := -1, -1
	for i, x := range s.all {
		s.add(x.from, x.to)
		switch {
		case first < 0 || x.to > s.all[first].to:
			first, second = i, first
		case second < 0 || x.to > s.all[second].to:
			second = i
		}
		s.longest, s.second = append(s.longest, first), append(s.second, second)
	}
	slices.Sort(s.to)
}

// others finds how many other attempts of its user an attempt may have met,
// and whether there may be any.
func (u *users) others(entry int) (n int, known bool) {
	e := &u.l.Entries[entry]
	if u.l.fresh(e, u.policy) {
		return 0, false
	}
	if !e.Address.IsValid() || e.Address == localhost {
		known = true // the target's own processes may come from there
	}
	s := u.list[u.l.user(e, u.policy)]
	if s == nil {
		return 0, known
	}
	a := u.l.axis()
	from, to := a.at(e.Sent)-a.slack, a.at(e.Done)+a.slack
	begun := sort.Search(len(s.from), func(i int) bool { return s.from[i] > to })
	if begun == 0 {
		return 0, known
	}
	last := s.longest[begun-1]
	if s.all[last].entry == entry {
		last = s.second[begun-1]
	}
	return s.over(from, to), known || last >= 0 && s.all[last].to >= from
}

// localhost is where processes come from that say nothing else.
var localhost = netip.AddrFrom4([4]byte{127, 0, 0, 1})
