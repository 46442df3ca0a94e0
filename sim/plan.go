package sim

import (
	"cmp"
	"context"
	"math"

	"highwater/engine"
	"highwater/scenario"
)

// RequestKind is what a planned request is for.
type RequestKind uint8

// The kinds of request.
const (
	CallRequest   RequestKind = iota + 1 // a caller's call
	PageRequest                          // a browser's page, the first one included
	LoginRequest                         // a page with an explicit login
	LogoutRequest                        // ends a web session
)

func (k RequestKind) String() string {
	return [...]string{CallRequest: "call", PageRequest: "page", LoginRequest: "login", LogoutRequest: "logout"}[k]
}

// A PlannedRequest is a request that a scenario's callers and browsers send
// over HTTP if nobody is refused. One that comes through a proxy with a cap is
// planned for when it comes there, whether it has to wait or not.
type PlannedRequest struct {
	At      engine.Time // never before the end of the one before and Think
	Think   engine.Time // from the end of the visit's request before; 0 for the first
	Service engine.Time // how long it takes; 0 for browsers
	Visit   uint32      // whose it is: number of the visit, in the order of their begin, from 0
	Order   uint32      // within the visit, from 0
	Member  uint64      // number of the member in its cohort, from 0
	Cohort  int         // index into Scenario.Cohorts
	Kind    RequestKind
}

// A PlannedStay is a session of users or devices that come through a proxy
// with a cap.
type PlannedStay struct {
	At     engine.Time // when it comes to the proxy
	Length engine.Time // from when it is let in
	Places int         // that it takes there
	Cohort int         // index into Scenario.Cohorts
}

// PlanOptions say which replication to plan. The zero PlanOptions are for the
// first with the scenario's own seed.
type PlanOptions struct {
	Seed        uint64 // 0 means the scenario's
	Replication int    // from 0

	// Stays hears of each stay, in the order of their instants. A stay is valid
	// during the call.
	Stays func(*PlannedStay)
	// Progress hears what share of the work is done, 0 to 1.
	Progress func(share float64)
}

// Plan runs a replication of a case as if there were no limit and lists its
// requests over HTTP in the order of their instants, together with the peak of
// units of everybody. A visit is a sequence of requests one after another: of a
// window of a browser, or of a caller's calls that belong together. A request
// is valid during the call. It may be nil to hear only of the peak.
func Plan(ctx context.Context, v Case, o PlanOptions, each func(*PlannedRequest)) (engine.Peak, error) {
	p := v.Policy.WithoutLimit()
	p.ConnectionLimit = 0
	w := newWorld(v.Scenario, &p, 0, nil, nil)
	w.scale = cmp.Or(v.Scale, 1)
	if each != nil {
		w.plan = &planner{each: each, stays: o.Stays}
	}
	w.reset(cmp.Or(o.Seed, v.Scenario.Seed), o.Replication)
	done := 0.0
	w.run(ctx, func(share float64) {
		if done += share; o.Progress != nil {
			o.Progress(min(1, done))
		}
	})
	return w.table.Peak(), ctx.Err()
}

// A planner lists the requests of a world.
type planner struct {
	each   func(*PlannedRequest)
	stays  func(*PlannedStay) // nil when nobody wants them
	lanes  []planLane         // by actor
	visits uint32
	r      PlannedRequest
}

// A planLane is where an actor's visit stands.
type planLane struct {
	begun bool
	born  uint32 // of the actor
	visit uint32
	order uint32
	end   engine.Time // of the last request
}

// planned lists a request of a visit, when somebody wants a plan. One that a
// proxy has let in was listed when it came there.
func (w *world) planned(at engine.Time, c *cohort, id int32, kind RequestKind) {
	switch {
	case w.plan == nil || c.Kind != scenario.Callers && c.Kind != scenario.Browsers:
	case c.gateway != nil && kind == CallRequest:
		w.plan.lanes[id].end = at + w.service(c, id, w.actors[id].page-1)
	default:
		w.list(at, c, id, kind, w.actors[id].page-1)
	}
}

// comes lists who comes to a proxy with a cap, but for those who try again.
func (w *world) comes(at engine.Time, c *cohort, id int32) {
	v := &w.actors[id]
	switch {
	case w.plan == nil || v.tries > 0:
	case c.Kind == scenario.Callers:
		w.list(at, c, id, CallRequest, v.page)
	case w.plan.stays != nil:
		w.plan.stays(&PlannedStay{At: at, Length: w.service(c, id, 0), Places: int(v.places), Cohort: int(c.label)})
	}
}

// service is how long a visit's nth call or session takes.
func (w *world) service(c *cohort, id, nth int32) engine.Time {
	if c.Lasts.Law == scenario.Unset {
		return 0
	}
	return instant(quantile(&c.Lasts, draw(w.actors[id].stream, forLasts, uint64(nth))))
}

// list lists a request, the nth of its visit from 0.
func (w *world) list(at engine.Time, c *cohort, id int32, kind RequestKind, nth int32) {
	v, n := &w.actors[id], w.plan
	for int(id) >= len(n.lanes) {
		n.lanes = append(n.lanes, planLane{})
	}
	l := &n.lanes[id]
	if !l.begun || l.born != v.born {
		*l = planLane{begun: true, born: v.born, visit: n.visits, end: at}
		n.visits++
	}
	n.r = PlannedRequest{
		At: at, Think: at - l.end, Visit: l.visit, Order: l.order, Member: w.people[v.person].number, Cohort: int(c.label), Kind: kind,
	}
	if kind == CallRequest {
		n.r.Service = w.service(c, id, nth)
	}
	l.order++
	l.end = at + n.r.Service
	n.each(&n.r)
}

// kindOf is the kind of a visit's present page or call.
func (c *cohort) kindOf(v *actor) RequestKind {
	switch {
	case c.Kind == scenario.Callers:
		return CallRequest
	case c.Login && v.page == v.since+1:
		return LoginRequest
	}
	return PageRequest
}

// RetryWait is how long a refused client of a cohort waits before it tries a
// planned request again, and false when it gives up. The attempt that was
// refused is counted from 0, the request as its plan does.
func RetryWait(c *scenario.Cohort, seed uint64, replication int, request, attempt uint32) (engine.Time, bool) {
	o := &c.OnRefusal
	if o.Retry.Law == scenario.Unset || o.Times != scenario.Unlimited && int(attempt) >= o.Times {
		return 0, false
	}
	stream := of(streamOf(seed, replication, c.Name), uint64(request))
	wait := quantile(&o.Retry, draw(stream, forRetry, uint64(attempt))) * math.Pow(o.Factor, float64(attempt))
	return max(engine.Microsecond, instant(wait)), true
}

// Patience is how long a client of a cohort waits at its proxy for an attempt
// of a planned request or stay, both counted as [RetryWait] counts them.
func Patience(c *scenario.Cohort, p *scenario.Proxy, seed uint64, replication int, request, attempt uint32) engine.Time {
	stream := of(streamOf(seed, replication, c.Name), uint64(request))
	return instant(quantile(&p.Patience, draw(stream, forPatience, uint64(attempt))))
}
