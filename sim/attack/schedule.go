package attack

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
	"math"
	"net/netip"
	"slices"

	"highwater/engine"
	"highwater/scenario"
	"highwater/sim"
	"highwater/sim/wire"
)

// A Window is the part of a scenario that is sent. The zero Window is all of
// it.
type Window struct {
	AtPeak bool        // around the peak of the plan's units, by Around to both sides
	Around engine.Time // >= 0
	From   engine.Time
	To     engine.Time // 0 is the end
}

// PlanOptions say what to send, and when. The zero PlanOptions are for all of
// the first replication as the scenario has it.
type PlanOptions struct {
	Seed        uint64 // 0 means the scenario's
	Replication int    // from 0
	Scale       float64
	Clock       float64 // how many times faster than the scenario's it goes; 0 means 1
	Window      Window

	// Progress hears what share of the work is done, 0 to 1.
	Progress func(share float64)
}

// A Schedule is what is to be sent: every first attempt with its earliest
// instant. It is the same on every machine.
type Schedule struct {
	Scenario *scenario.Scenario
	Seed     uint64
	Rep      int // from 0
	Scale    float64
	Clock    float64
	From, To engine.Time // of the scenario
	Peak     engine.Peak // of the units of the whole scenario without a limit

	Requests []Request // in the order of their instants
	Visits   []Visit   // in the order of their first request here
	Users    []User    // in the same order
	Stays    []Stay    // in the order in which they come
	Hash     string    // SHA-256 of all of that, in hexadecimal
	Joined   int       // visits that began before the window

	Endpoints []wire.Endpoint // by cohort
}

// A Request is a first attempt, in 40 bytes. Its times are the scenario's;
// the clock divides them.
type Request struct {
	At, Think, Service engine.Time // see [sim.PlannedRequest]
	Visit              uint32
	next               uint32 // index of the visit's next request; 0 is none
	Kind               sim.RequestKind
	first              bool   // of its visit
	page               uint16 // index into the cohort's pages
	call               uint32 // number among the user's requests, from 1
}

// A Visit is a sequence of requests, each after the answer to the one before.
type Visit struct {
	User     uint32 // index into Users
	Requests uint32
	last     uint32 // request
}

// A User is a member of a cohort. Its visits may overlap.
type User struct {
	Member   uint64 // in its cohort, from 0
	Cohort   int32
	Requests uint32
}

// mostRequests is the most that a schedule may have: the numbers of requests
// have 32 bits, and each takes memory.
const mostRequests = 50_000_000

// Plan makes the schedule of a scenario.
func Plan(ctx context.Context, sc *scenario.Scenario, o PlanOptions) (*Schedule, error) {
	s := &Schedule{Scenario: sc, Seed: o.Seed, Rep: o.Replication, Scale: o.Scale, Clock: o.Clock, From: o.Window.From, To: o.Window.To}
	if s.Seed == 0 {
		s.Seed = sc.Seed
	}
	if s.Scale == 0 {
		s.Scale = 1
	}
	if s.Clock == 0 {
		s.Clock = 1
	}
	if s.To == 0 {
		s.To = sc.Duration
	}
	slugs := wire.Slugs(sc.Cohorts)
	for i := range sc.Cohorts {
		s.Endpoints = append(s.Endpoints, wire.Endpoint{Via: sc.Cohorts[i].Via, Slug: slugs[i]})
	}
	v := sim.Case{Scenario: sc, Policy: sc.License.Policy, Scale: s.Scale}
	p := sim.PlanOptions{Seed: s.Seed, Replication: s.Rep, Progress: o.Progress}
	atDoors := s.capped()
	if o.Window.AtPeak {
		peak, err := sim.Plan(ctx, v, p, nil)
		if err != nil {
			return nil, err
		}
		s.From, s.To = max(0, peak.At-o.Window.Around), min(sc.Duration, peak.At+o.Window.Around)
	}
	p.Stays = func(x *sim.PlannedStay) {
		if atDoors[sc.Cohorts[x.Cohort].Through-1] {
			s.stay(x)
		}
	}
	b := builder{s: s, visits: map[uint32]uint32{}, users: map[User]uint32{}}
	peak, err := sim.Plan(ctx, v, p, b.add)
	switch {
	case err != nil:
		return nil, err
	case b.full:
		return nil, fmt.Errorf("the plan has more than %d requests; take a smaller --window or --scale", mostRequests)
	}
	s.Peak = peak
	s.finish()
	return s, nil
}

// A builder collects the requests of the window.
type builder struct {
	s      *Schedule
	visits map[uint32]uint32 // of the plan: where they stand here
	users  map[User]uint32
	full   bool
}

func (b *builder) add(r *sim.PlannedRequest) {
	s := b.s
	i, known := b.visits[r.Visit]
	if r.At < s.From || r.At >= s.To || b.full || !known && r.Kind == sim.LogoutRequest {
		return // the logout alone would open a web session
	}
	if len(s.Requests) == mostRequests {
		b.full = true
		return
	}
	q := Request{At: r.At, Think: r.Think, Service: r.Service, Kind: r.Kind}
	if !known {
		i = uint32(len(s.Visits))
		b.visits[r.Visit] = i
		s.Visits = append(s.Visits, Visit{User: b.user(r)})
		q.Think = 0
		if r.Order > 0 {
			s.Joined++
		}
	}
	q.Visit = i
	if r.Kind != sim.LogoutRequest {
		q.Kind = s.restarted(r, s.Visits[i].Requests)
		q.page = s.page(r.Cohort, s.Visits[i].Requests)
	}
	s.Requests = append(s.Requests, q)
	s.chain(uint32(len(s.Requests) - 1))
}

// stay adds a session of users or devices, if it is not over before the window.
// One that comes before is there when the window begins.
func (s *Schedule) stay(x *sim.PlannedStay) {
	gone := max(0, s.From-x.At)
	if x.At < s.To && x.Length > gone {
		s.Stays = append(s.Stays, Stay{At: x.At + gone, Length: x.Length - gone, Places: int32(x.Places), Cohort: int32(x.Cohort)})
	}
}

// restarted is the kind of a visit's nth request here. Of a visit that joins
// in its middle the web session begins anew, with a login where there was one.
func (s *Schedule) restarted(r *sim.PlannedRequest, nth uint32) sim.RequestKind {
	switch login := s.Scenario.Cohorts[r.Cohort].Login; {
	case login && nth == 0:
		return sim.PageRequest
	case login && nth == 1 && r.Order > 1:
		return sim.LoginRequest
	}
	return r.Kind
}

// page is which of a cohort's pages a visit's nth request here asks for. A
// login is none of them.
func (s *Schedule) page(cohort int, nth uint32) uint16 {
	c := &s.Scenario.Cohorts[cohort]
	if c.Request == nil || len(c.Request.Pages) == 0 {
		return 0
	}
	if c.Login && nth > 0 {
		nth--
	}
	return uint16(nth % uint32(len(c.Request.Pages)))
}

func (b *builder) user(r *sim.PlannedRequest) uint32 {
	k := User{Member: r.Member, Cohort: int32(r.Cohort)}
	i, known := b.users[k]
	if !known {
		i = uint32(len(b.s.Users))
		b.users[k] = i
		b.s.Users = append(b.s.Users, k)
	}
	return i
}

// chain puts a request behind the one before it in its visit.
func (s *Schedule) chain(i uint32) {
	v := &s.Visits[s.Requests[i].Visit]
	if v.Requests == 0 {
		s.Requests[i].first = true
	} else {
		s.Requests[v.last].next = i
	}
	v.Requests++
	v.last = i
	s.Users[v.User].Requests++
	s.Requests[i].call = s.Users[v.User].Requests
}

// finish gives back what growing took and hashes the schedule.
func (s *Schedule) finish() {
	s.Requests, s.Visits, s.Users = slices.Clip(s.Requests), slices.Clip(s.Visits), slices.Clip(s.Users)
	h := sha256.New()
	fmt.Fprintf(h, "highwater schedule 1\nfrom %d\nto %d\n", s.From, s.To)
	writeNumber(h, math.Float64bits(s.Clock))
	for i := range s.Endpoints {
		if wire.Speaks(&s.Scenario.Cohorts[i]) {
			fmt.Fprintf(h, "\ncohort %d %s", i, s.Endpoints[i].Path())
		}
		if r := s.Scenario.Cohorts[i].Request; r != nil {
			fmt.Fprintf(h, " seed %d %d\n", s.Seed, s.Rep)
			writeRequest(h, r)
		}
	}
	row := make([]byte, 0, 64)
	for i := range s.Requests {
		r := &s.Requests[i]
		u := s.Users[s.Visits[r.Visit].User]
		row = binary.BigEndian.AppendUint64(row[:0], uint64(r.At))
		row = binary.BigEndian.AppendUint64(row, uint64(r.Think))
		row = binary.BigEndian.AppendUint64(row, uint64(r.Service))
		row = binary.BigEndian.AppendUint64(row, u.Member)
		row = binary.BigEndian.AppendUint32(row, r.Visit)
		row = binary.BigEndian.AppendUint32(row, uint32(u.Cohort))
		row = append(row, byte(r.Kind))
		h.Write(row)
	}
	for _, x := range s.Stays {
		row = binary.BigEndian.AppendUint64(row[:0], uint64(x.At))
		row = binary.BigEndian.AppendUint64(row, uint64(x.Length))
		row = binary.BigEndian.AppendUint32(row, uint32(x.Places))
		row = binary.BigEndian.AppendUint32(row, uint32(x.Cohort))
		h.Write(row)
	}
	s.Hash = hex.EncodeToString(h.Sum(nil))
}

func writeNumber(h hash.Hash, n uint64) { h.Write(binary.BigEndian.AppendUint64(nil, n)) }

// cohort is that of a visit.
func (s *Schedule) cohort(visit uint32) *scenario.Cohort {
	return &s.Scenario.Cohorts[s.Users[s.Visits[visit].User].Cohort]
}

// proxyOf is the proxy that a cohort comes through, nil when there is none.
func proxyOf(sc *scenario.Scenario, c *scenario.Cohort) *scenario.Proxy {
	if c.Through == 0 {
		return nil
	}
	return &sc.Proxies[c.Through-1]
}

// Sources is from which address a user's requests come, and which one its
// proxy names, where the target is on this machine or not.
func (s *Schedule) Sources(local bool) func(user uint32) (source, forwarded netip.Addr) {
	target := netip.Addr{}
	if local {
		target = netip.AddrFrom4([4]byte{127, 0, 0, 1})
	}
	return newAddresses(s, target).of
}
