package main

import (
	"highwater/engine"
	"highwater/sim/result"
	"highwater/sim/trace"
)

// A beside is a trace that all named policies count as it is read, each with
// the same key and the same options as the one that it is counted by.
type beside struct {
	trace.Reader
	list []besides // the first is that one, which somebody else replays

	connects, identified int64
}

// A besides is a policy, and its replays with the key and without; free is nil
// where that makes no difference, and both are where somebody else replays it.
type besides struct {
	trace.Options
	alike      []string // other policies with its rules
	used, free *trace.Replay
}

func newBeside(r trace.Reader, o trace.Options) *beside {
	o.Usage, o.Refused, o.Lenient = nil, nil, false
	b := &beside{Reader: r, list: []besides{{Options: o}}}
	for _, name := range engine.PolicyNames() {
		p, _ := engine.NamedPolicy(name)
		for _, s := range o.Policy.Changed {
			_ = p.Set(s.Name, s.Value) // the other policy has taken it
		}
		b.add(p)
	}
	return b
}

// add has a policy count, too, unless another has its rules.
func (b *beside) add(p engine.Policy) {
	for i := range b.list {
		switch x := &b.list[i]; {
		case x.Policy.Name == p.Name:
			return
		case x.Policy.SameRules(p):
			x.alike = append(x.alike, p.Name)
			return
		}
	}
	o := b.list[0].Options
	o.Policy = p
	x := besides{Options: o, used: trace.NewReplay(o)}
	if p.Enforce || p.UserLimit > 0 { // a key may come in the trace
		x.free = unlimited(o)
	}
	b.list = append(b.list, x)
}

// Next is the next event. A policy by which it cannot be passes it over, as a
// [tee] does.
func (b *beside) Next() (*trace.Event, error) {
	ev, err := b.Reader.Next()
	if err != nil {
		return ev, err
	}
	b.look(ev)
	for _, x := range b.list[1:] {
		_ = x.used.Apply(ev)
		if x.free != nil {
			_ = x.free.Apply(ev)
		}
	}
	return ev, nil
}

// look counts who comes by himself and is charged: a job is its parent's.
func (b *beside) look(ev *trace.Event) {
	switch {
	case ev.Op != trace.Connect && ev.Op != trace.Request, ev.Via == engine.System, ev.Via == engine.Diagnostic, ev.Via == engine.Job && ev.Parent != "":
		return
	case ev.Person != "" || ev.Device != "":
		b.identified++
	}
	b.connects++
}

// results are what all came to, with those of the first one's replays.
func (b *beside) results(res, demand *result.Replay) []result.PolicyCount {
	list := []result.PolicyCount{b.list[0].result(res, demand)}
	for _, x := range b.list[1:] {
		used := x.used.Finish()
		demand := used
		if x.free != nil {
			demand = x.free.Finish()
		}
		list = append(list, x.result(used, demand))
	}
	return list
}

func (x *besides) result(used, demand *result.Replay) result.PolicyCount {
	p := &x.Policy
	return result.PolicyCount{
		Counted: result.Counted{Policy: p.Name, Base: p.Base, Options: p.Changed, Units: x.Units, LimitOn: p.LimitOn.String(), Enforced: p.Enforce},
		Alike:   x.alike, Peak: used.Peak, PeakConnections: used.PeakConnections, Demand: demand.Peak, DemandConnections: demand.PeakConnections,
		MeanUnits: meanUnits(used), Refused: used.Refused, FirstRefusal: used.FirstRefusal,
	}
}
