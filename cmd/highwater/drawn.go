package main

import (
	"highwater/engine"
	"highwater/sim"
	"highwater/sim/result"
	"highwater/sim/trace"
)

// drawnReplay counts a trace as [trace.Run] does, and says how use went over
// time: with the key as it is, and what it would be if nobody were refused. In
// the same reading the other policies count it, too.
func drawnReplay(r trace.Reader, o trace.Options) (*result.Replay, error) {
	var used, needed sim.Meter
	each, usage := o, o.Usage
	each.Usage = func(at engine.Time, units, connections int) {
		if usage != nil {
			usage(at, units, connections)
		}
		used.Use(at, units, connections)
	}
	each.Refused = used.Refused
	counted := trace.NewReplay(each)
	used.Start = counted.Epoch

	o.Usage = needed.Use
	free := unlimited(o)
	needed.Start = free.Epoch
	others := newBeside(r, o)
	res, demand, err := both(others, counted, free)
	if err != nil {
		return nil, err
	}
	res.Metered = used.Metered(res.End, o.Policy.LimitOn)
	m := res.Metered
	m.Kind, m.Version, m.Base, m.Changed = "replay", version, o.Policy.Base, o.Policy.Changed
	m.Limits, m.Enforced = o.Policy.LimitOn.String(), o.Policy.Enforce
	m.Demand, m.DemandConnections = demand.Peak, demand.PeakConnections
	if res.Refused > 0 {
		d := needed.Metered(res.End, o.Policy.LimitOn)
		m.DemandSeries, m.DemandDrawn, m.DemandHours = d.Series, d.Drawn, d.Hours
	}
	m.Policies, m.Connects, m.Identified = others.results(res, demand), others.connects, others.identified
	return res, nil
}

// neededReplay counts a trace as [trace.Run] does, and what it would need if
// nobody were refused.
func neededReplay(r trace.Reader, o trace.Options) (*result.Replay, error) {
	if p := o.Policy; p.UserLimit == 0 && (o.Units == 0 || !p.Enforce) {
		return trace.Run(r, o)
	}
	counted := trace.NewReplay(o)
	o.Usage = nil
	res, _, err := both(r, counted, unlimited(o))
	return res, err
}

// unlimited replays with a key that refuses nobody.
func unlimited(o trace.Options) *trace.Replay {
	o.Policy, o.Units = o.Policy.WithoutLimit(), 0
	return trace.NewReplay(o)
}

// both are what came of a trace with its key and without.
func both(r trace.Reader, counted, free *trace.Replay) (res, demand *result.Replay, err error) {
	if err := counted.All(&tee{r, free}); err != nil {
		return nil, nil, err
	}
	res, demand = counted.Finish(), free.Finish()
	if res.Refused > 0 {
		res.Needed = demand
	}
	return res, demand, nil
}

// A tee is a trace that another replay follows, too. Where that may not do an
// event, it passes it over: who was refused and comes again under the same
// name is there already when nobody is refused.
type tee struct {
	trace.Reader
	to *trace.Replay
}

// Next is the next event.
func (t *tee) Next() (*trace.Event, error) {
	ev, err := t.Reader.Next()
	if err == nil {
		_ = t.to.Apply(ev) // an event that is not valid has no effect
	}
	return ev, err
}
