package attack

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"highwater/engine"
	"highwater/sim"
	"highwater/sim/files"
	"highwater/sim/result"
	"highwater/sim/wire"
)

// Memory in bytes, as measured: of a plan and while it is sent.
const (
	perRequest    = 40
	perVisit      = 80       // with what is known of it while it lasts
	perCookie     = 2_000    // of a visit that has a web session
	perUser       = 80       // with the list of its idle connections
	perConnection = 6 << 10  // idle: it has no buffer
	perFlight     = 20 << 10 // a worker, its buffers, and vegeta's
	perProgram    = 24 << 20
)

// ownFiles is how many files the program has open besides connections.
const ownFiles = 16

// timeWait is for how long a closed connection keeps its port.
const timeWait = 60 * time.Second

// PeakRate is how many requests the busiest second of the plan has.
func (s *Schedule) PeakRate() int {
	peak, from := 0, 0
	for i := range s.Requests {
		for s.wall(s.Requests[i].At)-s.wall(s.Requests[from].At) >= time.Second {
			from++
		}
		peak = max(peak, i-from+1)
	}
	return peak
}

// timed is how long a request is under way as planned, if it does not wait.
func (s *Schedule) timed(request uint32) timed {
	r := &s.Requests[request]
	at := s.wall(r.At)
	return timed{at, at + max(time.Millisecond, s.length(r.Service))}
}

// A timed thing lasts from one instant to another.
type timed struct{ from, to time.Duration }

// together is how many of some things there are at once, at the most.
func together(list []timed) (most int) {
	slices.SortFunc(list, func(a, b timed) int { return cmp.Compare(a.from, b.from) })
	a := agenda{}
	for _, x := range list {
		for len(a.later) > 0 && a.later[0].at <= x.from {
			a.pop()
		}
		a.push(due{at: x.to})
		most = max(most, len(a.later))
	}
	return most
}

// Result is what there is to say before anything is sent: the plan, what it
// takes, and what does not fit.
func (s *Schedule) Result(o *Options) *result.Attack {
	given := *o
	given.fill()
	sc := s.Scenario
	res := &result.Attack{
		Schema: result.Schema, Kind: "attack", Version: o.Header.Version, Scenario: sc.Name, Fingerprint: o.Header.Fingerprint,
		Seed: s.Seed, Replication: s.Rep + 1, Scale: s.Scale, Clock: s.Clock, Start: sc.Start, From: s.From, To: s.To, Schedule: s.Hash,
		Target: o.Target.Redacted(), Reasons: []string{}, Notes: []string{},
	}
	c := sim.Case{Scenario: sc, Policy: sc.License.Policy, Units: sc.License.Units}
	counted := c.Counted()
	res.License, res.Plan = &counted, s.plan(&given)
	if s.Joined > 0 {
		res.Notes = append(res.Notes, fmt.Sprintf("visits that began before the window: %d; what is left of them begins anew", s.Joined))
	}
	res.Notes = append(res.Notes, s.capNotes()...)
	if addr, err := netip.ParseAddr(o.Target.Hostname()); err == nil && !newAddresses(s, addr.Unmap()).bound {
		res.Notes = append(res.Notes, "all requests come from the address that this machine has towards the target: who is told apart by address is not")
	}
	return res
}

func (s *Schedule) plan(o *Options) result.AttackPlan {
	p := result.AttackPlan{
		Requests: int64(len(s.Requests)), Visits: int64(len(s.Visits)), Users: int64(len(s.Users)), Joined: int64(s.Joined),
		Sessions: s.sessions(), Cohorts: s.cohorts(o), Seconds: engine.Time(s.length(s.To - s.From).Microseconds()), PeakRate: s.PeakRate(),
		MostFlight: o.InFlight, Unfit: []string{},
	}
	calls := make([]timed, 0, len(s.Requests))
	for i := range s.Requests {
		if !s.waits(uint32(i)) {
			calls = append(calls, s.timed(uint32(i)))
		}
	}
	p.InFlight = together(calls)
	for i, list := range s.atDoors() {
		if list != nil {
			p.InFlight += min(together(list), s.Scenario.Proxies[i].Cap)
		}
	}
	spans := s.spans()
	p.Connections = min(together(slices.Clone(spans)), o.Idle) + p.InFlight
	p.Files = p.Connections + ownFiles
	p.Addresses, p.Ports = s.sources(spans, p.InFlight)
	web := int64(0)
	for i := range s.Visits {
		if c := s.cohort(uint32(i)); c.UseSession || c.Via == engine.CSP {
			web++
		}
	}
	p.Memory = perProgram + p.Requests*perRequest + p.Visits*perVisit + web*perCookie + p.Users*perUser +
		int64(p.Connections)*perConnection + int64(p.InFlight)*perFlight
	p.FilesLimit, p.PortsLimit = files.Limit(), ports()
	s.unfit(&p)
	return p
}

// sessions is how many web sessions the plan has: a visit's first, and another
// one after each time-out, or with each request of who keeps no cookies.
func (s *Schedule) sessions() (n int64) {
	for i := range s.Requests {
		r := &s.Requests[i]
		c := s.cohort(r.Visit)
		if c.Via != engine.CSP && !c.UseSession || r.Kind == sim.LogoutRequest {
			continue
		}
		p := proxyOf(s.Scenario, c)
		if r.first || c.Timeout > 0 && r.Think >= c.Timeout || p != nil && p.DropsCookies {
			n++
		}
	}
	return n
}

// spans is for how long each user has requests.
func (s *Schedule) spans() []timed {
	list := make([]timed, len(s.Users))
	for i := range list {
		list[i].from = -1
	}
	for i := range s.Requests {
		r := &s.Requests[i]
		x := &list[s.Visits[r.Visit].User]
		if x.from < 0 {
			x.from = s.wall(r.At)
		}
		x.to = max(x.to, s.wall(r.At)+max(time.Millisecond, s.length(r.Service)))
	}
	return list
}

// sources is how many source addresses there are, and how many ports the
// busiest one needs: its users' connections, and those that are still closing.
func (s *Schedule) sources(spans []timed, inFlight int) (addresses, ports int) {
	home := newAddresses(s, netip.AddrFrom4([4]byte{127, 0, 0, 1}))
	own := 0
	shared := map[netip.Addr][]timed{}
	for i := range s.Users {
		c := &s.Scenario.Cohorts[s.Users[i].Cohort]
		if c.Address == "" && c.Through == 0 {
			own = 1
			addresses++
			continue
		}
		source, _ := home.of(uint32(i))
		shared[source] = append(shared[source], timed{spans[i].from, spans[i].to + timeWait})
	}
	ports = own
	for _, list := range shared {
		addresses++
		ports = max(ports, min(together(list), inFlight+len(list)))
	}
	return addresses, ports
}

func (s *Schedule) cohorts(o *Options) []result.AttackCohort {
	all := make([]result.AttackCohort, len(s.Scenario.Cohorts))
	for i := range s.Scenario.Cohorts {
		c := &s.Scenario.Cohorts[i]
		all[i] = result.AttackCohort{Name: c.Name, Via: c.Via.String(), Path: pathOf(c, s.Endpoints[i])}
	}
	for _, v := range s.Visits {
		x := &all[s.Users[v.User].Cohort]
		x.Visits++
		x.Requests += int64(v.Requests)
	}
	for _, u := range s.Users {
		all[u.Cohort].Users++
	}
	examples := s.examples(o)
	list := []result.AttackCohort{}
	for i := range all {
		all[i].Examples = examples[i]
		if wire.Speaks(&s.Scenario.Cohorts[i]) {
			list = append(list, all[i])
		}
	}
	return list
}

// unfit lists what of a plan this machine does not have.
func (s *Schedule) unfit(p *result.AttackPlan) {
	say := func(format string, args ...any) { p.Unfit = append(p.Unfit, fmt.Sprintf(format, args...)) }
	if p.FilesLimit > 0 && int64(p.Files) > p.FilesLimit {
		say("%d open files, and the limit is %d: raise it (ulimit -n), or send less at once", p.Files, p.FilesLimit)
	}
	if p.PortsLimit > 0 && p.Ports > p.PortsLimit {
		say("%d ports of one source address, and it has %d: give its users addresses of their own", p.Ports, p.PortsLimit)
	}
	if p.InFlight > p.MostFlight {
		say("%d requests in flight, and %d are let (--in-flight)", p.InFlight, p.MostFlight)
	}
	if len(s.Users) > mostOwn {
		say("%d users, and there are %d source addresses", len(s.Users), mostOwn)
	}
}

// causes is how many attempts failed by a cause.
func causes(list []result.CauseCount, name string) int64 {
	for _, c := range list {
		if c.Cause == name {
			return c.N
		}
	}
	return 0
}
