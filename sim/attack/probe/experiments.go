package probe

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"time"

	"highwater/engine"
	"highwater/sim/result/words"
)

// A way is a way in, and who comes by it.
type way struct {
	via                engine.Via
	anonymous, byNamed uint32
}

var restWay, soapWay = way{engine.REST, nobody, named}, way{engine.SOAP, nobodyS, namedS}

// An experiment is a short one, and the options that it may decide.
type experiment struct {
	name    string
	options []string
	who     []uint32 // who asks, one of them in each round
	do      func(p *prober, ctx context.Context, who uint32)
	most    func(p *engine.Policy) int // requests of a round
	rests   int                        // how often a round waits for all holds to end
	unfit   func(p *prober) string     // why it cannot tell, or ""
}

var (
	anonymous = []uint32{nobody, nobodyS}
	byName    = []uint32{named, namedS}
)

func requests(n int) func(*engine.Policy) int { return func(*engine.Policy) int { return n } }

// experiments are made in this order, each while readings are left that it
// may tell apart. What is counted differs by more than a unit where it can,
// so that somebody else's unit is not taken for it.
var experiments = []experiment{
	{"anonymous calls, when a hold from their start has ended", []string{"hold_from"}, anonymous, (*prober).oneCall, requests(3), 1, (*prober).tooShort},
	{"anonymous calls: two each from three addresses", []string{"anon_id"}, anonymous, (*prober).addresses, requests(6), 1, nil},
	{"calls of one user from three addresses", []string{"hold_scope"}, byName, (*prober).users, requests(3), 1, nil},
	{"web sessions of one page, and their logouts", []string{"grace_on"}, []uint32{guest}, (*prober).onePage, requests(6), 1, nil},
	{"one call more of a user than fit on a unit, then a few", []string{"hold_counts_connection", "grace_keeps_transition"}, byName, (*prober).many,
		func(p *engine.Policy) int { return p.MaxConnections + 1 + 2*few + 2 }, 2, (*prober).tooMany},
	{"one anonymous call more than fit on a unit, then a few", []string{"hold_counts_connection", "grace_keeps_transition"}, anonymous, (*prober).many,
		func(p *engine.Policy) int { return p.MaxConnections + 1 + 2*few }, 2, (*prober).tooMany},
}

// few calls at once tell whether each costs a unit.
const few = 4

// mostConnections is the largest number of connections on a unit for which
// the experiment with one more is made.
const mostConnections = 100

// Rounds of an experiment: those that count, and all of them.
const (
	mostCounted = 9
	mostRounds  = 12
)

// longestCall is how long calls may take, in seconds of the target, for the
// bound of the time to be one.
const longestCall = 10 * time.Second

// usualHolds is how many holds are waited for as a rule: with calls that take no
// time, and with calls of 3 s.
var usualHolds = [...]time.Duration{18, 36}

// most is how much is sent at the most, and how long that may take.
func (p *prober) most() Bounds {
	b := Bounds{Requests: firsts * (4 + 2), Time: p.since(), Units: p.o.Policy.MaxConnections + 1 + few}
	hold := p.real(p.o.Policy.HoldSeconds) + 4*p.lag
	b.Usual = [2]time.Duration{usualHolds[0] * hold, usualHolds[1] * hold}
	spell := p.real(p.o.Policy.HoldSeconds) + 4*(p.mostReach()+p.lag) + time.Duration(3*float64(longestCall)/p.clock)
	b.Time += spell + firsts*5*time.Duration(float64(longestCall)/p.clock)
	for i := range experiments {
		x := &experiments[i]
		b.Requests += mostRounds * x.most(&p.o.Policy)
		b.Time += time.Duration(mostRounds*x.rests) * spell
	}
	return b
}

// from are as many addresses as there are, up to a number.
func (p *prober) from(n int) []netip.Addr {
	if !p.line.Many() {
		n = 1
	}
	return here[:n]
}

// tooShort says why calls cannot tell where a hold begins, or "".
func (p *prober) tooShort() string {
	for _, w := range []way{restWay, soapWay} {
		if takes, ok := p.takes[w.via]; ok && p.offered[w.anonymous] && takes > p.settle()+2*p.log.Reach {
			return ""
		}
	}
	need, how := p.scaled(p.settle()+2*p.log.Reach), "--call"
	if p.log.State != nil {
		how += fmt.Sprintf(", or highwater target --service %ds", max(3, need/engine.Second+1))
	}
	return fmt.Sprintf("calls are too short to tell where a hold begins: one that takes more than %s of the target's time could (%s)", words.Span(need), how)
}

func (p *prober) tooMany() string {
	if p.o.Policy.MaxConnections+1 > mostConnections {
		return "more calls at once than fit on a unit are too many for an experiment"
	}
	return ""
}

// oneCall looks when a hold from the start of calls has ended, and one from
// their end has not.
func (p *prober) oneCall(ctx context.Context, who uint32) {
	before := len(p.log.Entries)
	p.send(ctx, false, several(1, who, p.from(3)...)...)
	p.wait(ctx, p.settle())
	p.look(ctx)
	starts, ends, done := time.Duration(0), p.since(), time.Duration(0)
	for _, e := range p.log.Entries[before:] {
		starts, ends, done = max(starts, e.Sent), min(ends, e.Done), max(done, e.Done)
	}
	hold := p.real(p.o.Policy.HoldSeconds)
	if at := max(starts+hold, done) + p.settle(); at < ends+hold-p.log.Reach {
		p.wait(ctx, at-p.since())
		p.look(ctx)
	}
}

// addresses tells by what anonymous calls share a unit.
func (p *prober) addresses(ctx context.Context, who uint32) {
	p.send(ctx, true, several(2, who, p.from(3)...)...)
	p.wait(ctx, p.settle())
	p.look(ctx)
}

// users tells whether the calls of a user hold their unit.
func (p *prober) users(ctx context.Context, who uint32) {
	p.send(ctx, true, several(1, who, p.from(3)...)...)
	p.wait(ctx, p.settle())
	p.look(ctx)
}

// onePage tells whether a logout begins a grace period.
func (p *prober) onePage(ctx context.Context, who uint32) {
	for range 3 {
		p.visit(ctx, who)
	}
	p.wait(ctx, p.settle())
	p.look(ctx)
}

// visit is a web session of one page.
func (p *prober) visit(ctx context.Context, who uint32) {
	p.visits++
	q := request{who: who, from: here[0], jar: new([]*http.Cookie), visit: p.visits}
	p.send(ctx, false, q)
	q.logout = true
	p.send(ctx, false, q)
	if len(*q.jar) == 0 {
		p.cookieless = true
	}
}

// many has more calls at once than fit on a unit, and then a few: while the
// first may hold, and when no hold is left. A web session of the user before
// may keep the unit meanwhile.
func (p *prober) many(ctx context.Context, who uint32) {
	isNamed := who == named || who == namedS
	after := isNamed && p.open("grace_keeps_transition")
	if after && p.offered[visitor] && slices.Contains(p.values("grace_on"), "logout_or_timeout") {
		p.visit(ctx, visitor)
		p.wait(ctx, p.settle())
	}
	p.send(ctx, true, several(p.o.Policy.MaxConnections+1, who, here[0])...)
	p.wait(ctx, p.settle())
	p.look(ctx)
	p.send(ctx, true, several(few, who, here[0])...)
	p.wait(ctx, p.settle())
	p.look(ctx)
	if !after {
		return
	}
	p.rest(ctx)
	p.look(ctx)
	p.send(ctx, true, several(few, who, here[0])...)
	p.wait(ctx, p.settle())
	p.look(ctx)
}
