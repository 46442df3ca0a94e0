package report

import (
	"fmt"

	"highwater/engine"
	"highwater/plots"
	"highwater/sim/result"
	"highwater/sim/result/words"
)

// A course is how units go over time by one policy, or on one side of a
// comparison.
type course struct {
	name    string
	counted *result.Counted
	*result.Course

	timeAt   []result.UnitsTime
	hours    []result.HourUse      // of a trace
	needing  bool                  // those are if nobody is refused
	refusals *result.RefusalCounts // nil when they are not known
	cohorts  []result.Cohort       // nil when it is not known who is refused
}

// Courses are those of a result.
type courses struct {
	list   []course
	clock  clock
	what   string      // they are: policy or side
	limit  int         // of all keys; 0 when there is none, or another for each
	demand bool        // how long units are in use is known if nobody is refused
	runs   int         // that refusals are of; 1 is replication 1
	of     int         // replications; 0 of a trace
	window engine.Time // of an attack, which it covers; else 0
}

// coursesOf are the courses of the first of some results that has any, nil
// when none has.
func coursesOf(s *Source) *courses {
	switch {
	case s.Simulation != nil && len(s.Simulation.Policies) > 0:
		return simulated(s.Simulation)
	case sized(s.Sizing):
		return sizedCourses(s.Sizing)
	case s.Comparison != nil && len(s.Comparison.Sides) > 0:
		return comparedCourses(s.Comparison)
	case s.Advice != nil && s.Advice.First.Drawn != nil:
		return advisedCourse(s.Advice)
	case s.Replay != nil && s.Replay.Metered != nil && s.Replay.End > 0 && s.Replay.End <= longest:
		return replayed(s.Replay)
	}
	return nil
}

// advisedCourse is how things are now.
func advisedCourse(s *result.Advice) *courses {
	k := &courses{what: "policy", clock: clock{s.Start, s.Duration}, runs: max(s.Replications, 1), of: s.Replications}
	k.add(course{name: policy(&s.Counted), counted: &s.Counted, Course: &s.Course, timeAt: s.TimeAt, refusals: &s.Refusals, cohorts: s.Cohorts})
	return k
}

// longest is how long a trace is that is drawn, about 31 years.
const longest = 1e9 * engine.Second

// replayed is the course of a trace.
func replayed(s *result.Replay) *courses {
	m := s.Metered
	c := &result.Course{First: result.Replication{
		Peak: s.Peak, PeakConnections: s.PeakConnections, Demand: m.Demand, DemandConnections: m.DemandConnections,
		Drawn: m.Drawn, DemandDrawn: m.DemandDrawn, Series: m.Series, DemandSeries: m.DemandSeries,
	}}
	if s.FirstRefusal != nil {
		c.First.FirstRefusal = &result.CohortRefusal{Refusal: *s.FirstRefusal}
	}
	counted := countedReplay(s)
	k := &courses{what: "policy", clock: replayClock(s), runs: 1}
	one := course{name: policy(counted), counted: counted, Course: c, timeAt: m.TimeAt, hours: m.Hours, refusals: &m.Refusals}
	if m.DemandHours != nil {
		one.hours, one.needing = m.DemandHours, true
	}
	k.add(one)
	return k
}

// countedReplay says by what a trace was counted.
func countedReplay(s *result.Replay) *result.Counted {
	m := s.Metered
	return &result.Counted{Policy: s.Policy, Base: m.Base, Options: m.Changed, Units: s.Units, LimitOn: m.Limits, Enforced: m.Enforced}
}

// replayClock is a trace's, on the wall clock when the result says it.
func replayClock(s *result.Replay) clock {
	c := clock{end: s.End}
	if s.Metered != nil && s.Start != nil {
		c.start = *s.Start
	}
	return c
}

func simulated(s *result.Simulation) *courses {
	k := &courses{what: "policy", clock: clock{s.Start, s.Duration}, runs: max(s.Replications, 1), of: s.Replications}
	for i := range s.Policies {
		p := &s.Policies[i]
		k.add(course{name: policy(&p.Counted), counted: &p.Counted, Course: &p.Course, timeAt: p.TimeAt, refusals: &p.Refusals, cohorts: p.Cohorts})
	}
	return k
}

func sizedCourses(s *result.Sizing) *courses {
	k := &courses{what: "policy", clock: clock{s.Start, s.Duration}, demand: true, runs: 1, of: s.Replications}
	for i := range s.Policies {
		p := &s.Policies[i]
		one := course{name: policy(&p.Counted), counted: &p.Counted, Course: &p.Course, timeAt: p.TimeAt}
		if p.First.Drawn != nil {
			one.refusals = &p.First.Refusals
		}
		k.add(one)
	}
	return k
}

// comparedCourses are those of the sides. With several keys each is as its key
// makes it, since what is needed is the same.
func comparedCourses(s *result.Comparison) *courses {
	k := &courses{what: "side", clock: clock{s.Start, s.Duration}, runs: max(s.Replications, 1), of: s.Replications}
	keys := map[int]bool{}
	for i := range s.Sides {
		if s.Sides[i].Enforced {
			keys[s.Sides[i].Units] = true
		}
	}
	for i := range s.Sides {
		d := &s.Sides[i]
		one := course{name: line(d.Name), counted: &d.Counted, Course: &d.Course, timeAt: d.TimeAt, cohorts: d.Cohorts}
		switch {
		case d.Refusals != nil && d.Cohorts != nil:
			one.refusals = &d.Refusals.Counts
		case d.Cohorts != nil:
			one.refusals = new(result.RefusalCounts)
		}
		if len(keys) > 1 {
			used := d.Course
			used.First.DemandSeries, used.First.DemandDrawn = nil, nil
			one.Course = &used
		}
		k.add(one)
	}
	if len(keys) > 1 {
		k.limit = 0
	}
	return k
}

func (k *courses) add(one course) {
	if one.counted.Enforced && k.limit == 0 {
		k.limit = one.counted.Units
	}
	k.list = append(k.list, one)
}

// addTimes draws the units over time, where the results have them. It gives
// back the first line.
func (r *Report) addTimes(k *courses) *timeSeries {
	var list []timeSeries
	anyNeeded, stretched := false, false
	for i := range k.list {
		one, ok := k.list[i].line(k.clock)
		if !ok {
			continue
		}
		anyNeeded, stretched = anyNeeded || one.demand, stretched || one.drawn != nil
		list = append(list, one)
	}
	if list == nil {
		r.notes = append(r.notes, "Units over time are not in this result; a report made from the scenario has them.")
		return nil
	}
	text, times := "Replication 1.", newTimes("units", k.clock, k.limit, list)
	if k.of == 0 {
		text = "What happened, counted by " + k.list[0].name + "."
	}
	if k.what == "side" {
		times.times.Noun = "sides"
	}
	switch {
	case anyNeeded:
		times.times.PeakHeading = "needed"
		text += " Drawn is what the traffic needs if nobody is refused; above the limit callers are refused."
	case k.what == "side" && k.limit == 0:
		text += " Drawn are the units in use as each key makes it, which none exceeds."
	}
	if stretched {
		text += fmt.Sprintf(" A result has it in stretches of %s: drawn is the most in each, and a band down to the fewest.", words.LongSpan(stretchOf(k.clock.end)))
	}
	r.add(section{Title: "Units over time", Found: k.found(&list[0], len(list) > 1), Text: text, Chart: times, Table: hourTable(list, k.clock)})
	return &list[0]
}

// found says what a line over time comes to.
func (k *courses) found(s *timeSeries, named bool) string {
	if s.peak == nil {
		return ""
	}
	noun, verb := "unit", "in use"
	if s.byConns {
		noun = "connection"
	}
	if s.demand {
		verb = "needed"
	}
	most := int(s.peak.Units)
	text := fmt.Sprintf("At the most %s %s %s, at %s", words.Plural(most, noun), be(most), verb, plots.Stamp(k.clock.start, k.clock.end.Seconds(), s.peak.At))
	if named {
		text += " by " + s.name
	}
	switch {
	case k.limit == 0:
	case most > k.limit:
		text += fmt.Sprintf(", %s more than the limit", words.Number(most-k.limit))
	case most < k.limit:
		text += fmt.Sprintf(", %s fewer than the limit", words.Number(k.limit-most))
	default:
		text += ", just the limit"
	}
	if s.refusal != nil {
		text += "; the first refusal comes at " + plots.Exact(k.clock.start, k.clock.end.Seconds(), s.refusal.At)
	}
	return text
}

func be(n int) string {
	if n == 1 {
		return "is"
	}
	return "are"
}

// line is a course's line over time, of what is needed where that differs; false
// when the result does not have it.
func (k *course) line(c clock) (one timeSeries, ok bool) {
	f := &k.First
	one = timeSeries{name: k.name, samples: f.Series, byConns: byConnections(k.counted)}
	top, what := f.Peak, "peak "
	if f.Series == nil {
		one.drawn = f.Drawn
	}
	if f.DemandSeries != nil || f.DemandDrawn != nil {
		one.samples, top, one.demand, what = f.DemandSeries, f.Demand, true, "needed "
		if f.DemandSeries == nil {
			one.drawn = f.DemandDrawn
		}
	}
	if one.samples == nil && one.drawn == nil {
		return one, false
	}
	if one.byConns {
		one.name += " (connections)"
		top = highest(&one)
	}
	one.peak = &plots.Mark{At: top.At.Seconds(), Units: float64(top.Units)}
	one.note = what + words.Number(top.Units) + " at " + c.at(top.At)
	if one.demand && f.Peak.Units > 0 && !one.byConns {
		one.note += ", " + words.Number(f.Peak.Units) + " in use at " + c.at(f.Peak.At)
	}
	if x := f.FirstRefusal; x != nil {
		inUse := x.InUse
		if one.byConns {
			inUse = x.Connections
		}
		one.refusal = &plots.Mark{At: x.At.Seconds(), Units: float64(inUse), Text: x.Via + ": " + x.ClientSees}
		one.note += ", first refusal " + c.exact(x.At)
	}
	return one, true
}

// addRest is what is further back.
func (r *Report) addRest(k *courses, first *timeSeries) {
	r.addDuration(k)
	if first != nil {
		r.addWeek(&k.list[0], first, k.clock, k.limit)
	}
	r.addRefused(k)
}

// stretchOf is how long the stretches of a result are, at the least.
func stretchOf(end engine.Time) engine.Time {
	return (end + result.MostStretches - 1) / result.MostStretches
}
