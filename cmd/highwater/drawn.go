package main

import (
	"highwater/engine"
	"highwater/sim"
	"highwater/sim/result"
	"highwater/sim/trace"
)

// drawnReplay counts a trace as [trace.Run] does, and says how use went over
// time: with the key as it is, and what it would be if nobody were refused.
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

	each = o
	each.Policy, each.Units, each.Usage = o.Policy.WithoutLimit(), 0, needed.Use
	free := trace.NewReplay(each)
	needed.Start = free.Epoch
	if err := counted.All(&tee{r, free}); err != nil {
		return nil, err
	}
	res, demand := counted.Finish(), free.Finish()
	res.Metered = used.Metered(res.End, o.Policy.LimitOn)
	m := res.Metered
	m.Kind, m.Version, m.Base, m.Changed = "replay", version, o.Policy.Base, o.Policy.Changed
	m.Limits, m.Enforced = o.Policy.LimitOn.String(), o.Policy.Enforce
	m.Demand, m.DemandConnections = demand.Peak, demand.PeakConnections
	if res.Refused > 0 {
		d := needed.Metered(res.End, o.Policy.LimitOn)
		m.DemandSeries, m.DemandDrawn = d.Series, d.Drawn
	}
	return res, nil
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
