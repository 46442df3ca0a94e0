package report

import (
	"cmp"
	"fmt"
	"slices"

	"highwater/engine"
	"highwater/sim/result"
	"highwater/sim/result/words"
)

// attackCourses are the curves of an attack as far as they say for how long so
// many units are in use; nil where none does.
func attackCourses(s *result.Attack) *courses {
	v := s.Curves
	if v == nil || v.To <= v.From || v.To-v.From > longest {
		return nil
	}
	k := &courses{what: "curve", clock: clock{end: v.To - v.From}, window: v.To - v.From, runs: 1}
	if !s.Start.IsZero() {
		k.clock.start = s.Start.Add(secondsOf(v.From))
	}
	counted := s.License
	if counted == nil {
		counted = &result.Counted{Units: v.Units, Enforced: true}
	}
	for _, x := range curvesOf(v) {
		if x.curve.Refusals != nil {
			k.add(course{name: x.name, counted: counted, Course: &result.Course{}, timeAt: x.curve.TimeAt, hours: x.curve.Hours, refusals: x.curve.Refusals})
		}
	}
	if byConnections(counted) {
		k.limit = 0 // which is of no units
	}
	if k.list == nil {
		return nil
	}
	return k
}

// leastWindow is what an attack covers at least for a heat map of its hours.
const leastWindow = 2 * engine.Hour

// addUse shows how the units of an attack are in use: for how long, in which
// hours, and when somebody is refused.
func (r *Report) addUse(k *courses) {
	r.addDuration(k)
	if k.window >= leastWindow && !k.clock.start.IsZero() {
		r.addCurveHours(k)
	}
	r.addRefused(k)
}

// addCurveHours shows the peak, the mean and the refusals of each hour, the
// curves below each other.
func (r *Report) addCurveHours(k *courses) {
	var peaks, means, refused []week
	any := false
	for i := range k.list {
		one := &k.list[i]
		peak, mean := weeksOf(one.hours)
		refusals := k.refusedWeek(one)
		name := one.name
		if one.name == "as the target reports" {
			name = "reported"
		}
		peak.name, mean.name, refusals.name = name, name, name
		peaks, means, refused = append(peaks, peak), append(means, mean), append(refused, refusals)
		any = any || len(one.refusals.ByHour) > 0
	}
	t := weeks(peaks, decimal)
	if len(t.Rows) == 0 {
		return
	}
	r.add(section{Title: "Peak by hour and weekday", Text: "The most units in use in each hour, by each curve." + t.frame(k.limit), Table: t})
	r.add(section{Title: "Mean by hour and weekday", Text: "The mean units in use in each hour, by each curve." + k.clock.partHours(), Table: weeks(means, narrow)})
	if any {
		t := weeks(refused, decimal)
		t.Alarm = true
		r.add(section{Title: "Refused attempts by hour and weekday", Text: "Reported are those that the requests met.", Table: t})
	}
}

// addHeld shows who holds the units at the peak of the curve as run, or of that
// predicted where nothing is known of the other, and why.
func (r *Report) addHeld(v *result.Curves, c clock) {
	list := slices.DeleteFunc(curvesOf(v), func(k namedCurve) bool { return k.curve.AtPeak == nil })
	if len(list) == 0 {
		return
	}
	first := list[len(list)-1]
	p := first.curve.AtPeak
	text := ""
	for i := len(list) - 1; i >= 0; i-- {
		x := list[i]
		text += fmt.Sprintf("%s: %s at %s. ", sentence(x.name), words.Plural(x.curve.Peak.Units, "unit"), c.exact(x.curve.Peak.At))
	}
	peaks := text
	if v.Idle > 0 {
		text += fmt.Sprintf("%s in use before the first request, and %s not listed. ", was(v.Idle, "unit"), be(v.Idle))
	}
	for _, n := range p.Notes {
		text += sentence(n) + ". "
	}
	r.addHolding(list, text)
	r.addReasons(list, peaks)
	largest := &result.Replication{HoldersTotal: p.Holders}
	for _, h := range p.Top {
		one := result.Holder{LicenseUserID: h.LicenseUserID, UnitsAtPeak: h.Units, ConnectionsAtPeak: h.Connections}
		largest.Holders = append(largest.Holders, result.CohortHolder{Holder: one, Cohort: h.Cohort})
	}
	r.addLarge(largest, sentence(first.name)+".")
}

// addHolding lists the cohorts that hold the units at the peak of the last of
// some curves, with what they hold at the peak of the others.
func (r *Report) addHolding(list []namedCurve, text string) {
	last := list[len(list)-1]
	p := last.curve.AtPeak
	t := &table{Head: []string{"cohort", last.name}}
	var categories []string
	for _, k := range p.Split {
		if k.Units > 0 {
			categories, t.Names = append(categories, k.Category), append(t.Names, is[k.Category])
		}
	}
	rows := slices.Clone(p.ByCohort)
	most := 0
	for _, k := range rows {
		most = max(most, k.Units)
	}
	others := list[:len(list)-1]
	for _, x := range others {
		t.Head = append(t.Head, x.name)
		for _, k := range x.curve.AtPeak.ByCohort {
			if !slices.ContainsFunc(rows, func(o result.CohortSplit) bool { return o.Cohort == k.Cohort }) {
				rows = append(rows, result.CohortSplit{CohortUnits: result.CohortUnits{Cohort: k.Cohort}})
			}
		}
	}
	t.Head = append(t.Head, "license user IDs", "because")
	for i := range rows {
		k := &rows[i]
		row := []string{cmp.Or(line(k.Cohort), none), words.Number(k.Units)}
		for _, x := range others {
			units := 0
			if at := slices.IndexFunc(x.curve.AtPeak.ByCohort, func(o result.CohortSplit) bool { return o.Cohort == k.Cohort }); at >= 0 {
				units = x.curve.AtPeak.ByCohort[at].Units
			}
			row = append(row, words.Number(units))
		}
		t.Rows = append(t.Rows, append(row, words.Number(k.Users), cmp.Or(because(k.Split), none)))
		t.stack(k, categories, most)
	}
	r.add(section{Title: "Who holds the units at the peak", Text: text + "License user IDs and reasons are those " + last.name + ".", Table: t})
}

// addReasons lists why the units at the peak of each curve are in use, those of
// the last one first.
func (r *Report) addReasons(list []namedCurve, peaks string) {
	t := &table{Head: []string{"because"}}
	var amounts []float64
	for i := len(list) - 1; i >= 0; i-- {
		t.Head = append(t.Head, list[i].name)
	}
	for _, category := range result.Categories() {
		row, total := []string{is[category]}, 0
		for i := len(list) - 1; i >= 0; i-- {
			units := unitsOf(list[i].curve.AtPeak, category)
			row, total = append(row, words.Number(units)), total+units
		}
		if total > 0 {
			t.Rows = append(t.Rows, row)
			amounts = append(amounts, float64(unitsOf(list[len(list)-1].curve.AtPeak, category)))
		}
	}
	t.Bars = bars(amounts)
	r.add(section{Title: "Why the units are in use", Text: peaks + "Each at its own peak.", Table: t})
}

// unitsOf are those in a category.
func unitsOf(p *result.CurvePeak, category string) int {
	for _, k := range p.Split {
		if k.Category == category {
			return k.Units
		}
	}
	return 0
}
