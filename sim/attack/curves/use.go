package curves

import (
	"slices"
	"time"

	"highwater/engine"
	"highwater/sim"
	"highwater/sim/result"
	"highwater/sim/trace"
)

// use sums up how a curve goes in the time that is compared: for how long so
// many units are in use, in which hours, and when somebody is refused.
func (x *comparison) use(c *result.Curve, refused []engine.Time) {
	from := x.res.From
	if c.To <= from || c.To > engine.MaxTime { // a record may say anything
		return
	}
	m := sim.Meter{From: x.known(c) - from, Start: func() time.Time {
		epoch := x.l.Header.Epoch
		if epoch.IsZero() {
			return epoch
		}
		return epoch.Add(time.Duration(from) * time.Microsecond)
	}}
	for i, s := range c.Series {
		begun := i+1 == len(c.Series) || c.Series[i+1].At > from // else the next one has come when the time begins
		if begun && s.At <= c.To {
			m.Use(max(0, s.At-from), s.Units, s.Connections)
		}
	}
	slices.Sort(refused)
	for _, at := range refused {
		m.Refused(max(0, at-from))
	}
	sum := m.Metered(c.To-from, engine.LimitUnits)
	c.TimeAt, c.Hours, c.Refusals = sum.TimeAt, sum.Hours, &sum.Refusals
}

// known is from when on a curve is known in the time that is compared: the first
// looks at a target may bring nothing.
func (x *comparison) known(c *result.Curve) engine.Time {
	if len(c.Series) == 0 {
		return c.To
	}
	return max(x.res.From, c.Series[0].At)
}

// atPeak says who holds the units at the peak of a curve, by the events that it
// is counted by; nil when they do not tell.
func (x *comparison) atPeak(c *result.Curve, policy engine.Policy, units int, again func(func(*trace.Event)) *curve) *result.CurvePeak {
	ahead, inUse := x.l.axis().ahead, c.Peak.Units-x.res.Idle
	if inUse <= 0 {
		return nil
	}
	m := trace.Moment{Which: trace.AtPeak, At: x.res.From + ahead, Units: inUse}
	if c.Peak.At == x.res.From { // they are in use when it begins
		m.Which = trace.AtTime
	}
	e := trace.NewExplainer(trace.Options{Policy: policy, Units: units}, m)
	line, failed := int64(1), false
	ran := again(func(ev *trace.Event) {
		line++
		ev.Line = line
		failed = e.Apply(ev) != nil || failed
	})
	if failed || ran == nil {
		return nil
	}
	all := e.Finish(ran.states)
	if all.InUse != inUse {
		return nil
	}
	p := &result.CurvePeak{Split: all.Split, ByCohort: all.ByCohort, Holders: len(all.Holders), Top: []result.CurveHolder{}, Notes: all.Notes}
	for _, h := range all.Holders[:min(len(all.Holders), result.TopHolders)] {
		p.Top = append(p.Top, result.CurveHolder{LicenseUserID: h.LicenseUserID, Cohort: h.Cohort, Units: h.Units, Connections: h.Connections})
	}
	return p
}
