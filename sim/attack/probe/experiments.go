package probe

import (
	"context"
	"net/http"
	"net/netip"
	"slices"
	"time"

	"highwater/engine"
	"highwater/sim/attack/record"
	"highwater/sim/result"
)

// An experiment is a short one, and the options that it may decide.
type experiment struct {
	name    string
	options []string
	do      func(p *prober, ctx context.Context)
}

// experiments are made in this order, each when an option that it may decide
// is not decided yet.
var experiments = []experiment{
	{"one anonymous call", []string{"hold_from"}, (*prober).oneCall},
	{"anonymous calls: two from one address, one from another", []string{"anon_id"}, (*prober).addresses},
	{"calls of one user from two addresses", []string{"hold_scope"}, (*prober).users},
	{"a web session of one page, and its logout", []string{"grace_on", "grace_keeps_transition", "hold_counts_connection"}, (*prober).onePage},
	{"one call more of a user than fit on a unit, then two", []string{"hold_counts_connection", "grace_keeps_transition"}, func(p *prober, ctx context.Context) { p.many(ctx, named) }},
	{"one anonymous call more than fit on a unit, then two", []string{"hold_counts_connection", "grace_keeps_transition"}, func(p *prober, ctx context.Context) { p.many(ctx, anonymous) }},
}

// experiments makes the experiments that there are.
func (p *prober) experiments(ctx context.Context) error {
	for _, x := range experiments {
		if !slices.ContainsFunc(x.options, p.open) {
			continue
		}
		p.say(x.name)
		requests, looks := len(p.log.Entries), len(p.log.Samples)
		x.do(p, ctx)
		if err := ctx.Err(); err != nil {
			return err
		}
		p.left()
		out := result.Experiment{Name: x.name, Requests: len(p.log.Entries) - requests, Units: []int{}, Left: len(p.fits)}
		for _, e := range p.log.Entries[requests:] {
			if e.Outcome == record.Refused {
				out.Refused++
			}
		}
		for _, s := range p.log.Samples[looks:] {
			if s.Failed == "" {
				out.Units = append(out.Units, int(s.Consumed)-p.idle)
			}
		}
		p.res.Experiments = append(p.res.Experiments, out)
		if len(p.fits) == 0 {
			return nil
		}
		p.rest(ctx)
	}
	return ctx.Err()
}

// open reports whether the readings that are left have several values of an
// option.
func (p *prober) open(option string) bool { return len(p.values(option)) > 1 }

// values are those of an option that the readings have that are left.
func (p *prober) values(option string) (list []string) {
	for _, r := range p.fits {
		for _, s := range r.Settings {
			if s.Name == option && !slices.Contains(list, s.Value) {
				list = append(list, s.Value)
			}
		}
	}
	return list
}

// rest waits until all holds have ended.
func (p *prober) rest(ctx context.Context) {
	last := time.Duration(0)
	for i := range p.log.Entries {
		last = max(last, p.log.Entries[i].Done)
	}
	p.wait(ctx, last+p.real(p.o.Policy.HoldSeconds)+p.settle()-p.since())
}

// oneCall looks when a hold from the start of a call has ended, and one from
// its end has not.
func (p *prober) oneCall(ctx context.Context) {
	p.send(ctx, false, request{who: anonymous, from: here})
	e := &p.log.Entries[len(p.log.Entries)-1]
	p.takes = e.Service()
	p.wait(ctx, p.settle())
	p.look(ctx)
	ends, room := e.Sent+p.real(p.o.Policy.HoldSeconds), e.Service()
	if at := max(ends, e.Done) + p.settle(); at < ends+room-p.log.Reach {
		p.wait(ctx, at-p.since())
		p.look(ctx)
		return
	}
	p.note("a call takes %v, too short to tell where a hold begins: one that takes more than %v could (--call)",
		e.Service().Round(time.Millisecond), (p.settle() + 2*p.log.Reach).Round(time.Millisecond))
}

// addresses tells by what anonymous calls share a unit.
func (p *prober) addresses(ctx context.Context) {
	p.send(ctx, true, request{who: anonymous, from: here}, request{who: anonymous, from: here}, request{who: anonymous, from: there})
	p.wait(ctx, p.settle())
	p.look(ctx)
	if !p.line.Many() {
		p.note("all requests come from one address: whether anonymous calls share a unit by address or all of them is not told apart")
	}
}

// users tells whether the calls of a user hold their unit.
func (p *prober) users(ctx context.Context) {
	p.send(ctx, true, request{who: named, from: here}, request{who: named, from: there})
	p.wait(ctx, p.settle())
	p.look(ctx)
}

// onePage tells whether a logout begins a grace period.
func (p *prober) onePage(ctx context.Context) {
	p.visits++
	q := request{who: visitor, from: here, jar: new([]*http.Cookie), visit: p.visits}
	p.send(ctx, false, q)
	q.logout = true
	p.send(ctx, false, q)
	p.wait(ctx, p.settle())
	p.look(ctx)
	if len(*q.jar) == 0 {
		p.note("the page brings no cookie of a web session (--page)")
	}
}

// many has more calls at once than fit on a unit, and then two: while the
// first may hold, and when no hold is left.
func (p *prober) many(ctx context.Context, who uint32) {
	n := p.o.Policy.MaxConnections + 1
	if n > mostConnections {
		p.note("%d calls at once are too many for an experiment", n)
		return
	}
	from := here
	if who == anonymous && len(p.values("anon_id")) == 1 && p.values("anon_id")[0] == "session" {
		return // each has a unit of its own, whatever the rest of the reading
	}
	p.send(ctx, true, several(n, who, from)...)
	p.wait(ctx, p.settle())
	p.look(ctx)
	p.send(ctx, true, several(2, who, from)...)
	p.left()
	if !p.open("grace_keeps_transition") || who == anonymous {
		return
	}
	p.rest(ctx)
	p.look(ctx)
	p.send(ctx, true, several(2, who, from)...)
}

func several(n int, who uint32, from netip.Addr) []request {
	return slices.Repeat([]request{{who: who, from: from}}, n)
}

// judge says what is known now.
func (p *prober) judge() {
	r := p.res
	r.Fitting, r.Requests, r.Duration = len(p.fits), len(p.log.Entries), engine.Time(p.since().Microseconds())
	r.Takes, r.Reach = p.scaled(p.takes), p.scaled(p.log.Reach)
	for _, e := range p.log.Entries {
		if e.Outcome == record.Refused {
			p.note("some requests were refused: a key with more free units would tell more")
			break
		}
	}
	if len(p.fits) == 0 {
		r.Verdict = result.Inconclusive
		p.note("no reading fits: others may use the target, requests may begin later than %v after they were sent, or it counts by other rules",
			p.log.Reach.Round(time.Millisecond))
		return
	}
	r.First, r.Verdict = p.fits[0].Settings, result.Decided
	for _, s := range p.fits[0].Settings {
		values := p.values(s.Name)
		r.Options = append(r.Options, result.CalibratedOption{Name: s.Name, Values: values, Decided: len(values) == 1})
		if len(values) > 1 {
			r.Verdict = result.Undecided
		}
	}
}

// scaled is a real time in the target's.
func (p *prober) scaled(d time.Duration) engine.Time {
	return engine.Time(float64(d.Microseconds()) * p.clock)
}
