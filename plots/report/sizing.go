package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"highwater/engine"
	"highwater/sim/result"
	"highwater/sim/result/words"
)

// sized reports whether there is a sizing with an answer.
func sized(s *result.Sizing) bool {
	return s != nil && len(s.Policies) > 0 && len(s.Policies[0].Enough) > 0
}

// outlookOf is the sizing, or what a simulation or a comparison has of one; nil
// when there is neither.
func outlookOf(s *Source) *result.Sizing {
	if sized(s.Sizing) {
		return s.Sizing
	}
	z := new(result.Sizing)
	switch {
	case s.Simulation != nil:
		z.Study = s.Simulation.Study
		for i := range s.Simulation.Policies {
			p := &s.Simulation.Policies[i]
			z.Policies = append(z.Policies, result.PolicySizing{Counted: p.Counted, Needed: needed(p), Outlook: p.Outlook})
		}
	case s.Comparison != nil:
		z.Study = s.Comparison.Study
		for i := range s.Comparison.Sides {
			d := &s.Comparison.Sides[i]
			counted := d.Counted
			counted.Policy, counted.Base = d.Name, ""
			z.Policies = append(z.Policies, result.PolicySizing{Counted: counted, Needed: d.Needed, Outlook: d.Outlook})
		}
	}
	if !sized(z) || len(z.Policies[0].Curve) == 0 {
		return nil
	}
	return z
}

// addSizing opens a report of a sizing.
func (r *Report) addSizing(s *result.Sizing) {
	p := &s.Policies[0]
	c := clock{s.Start, s.Duration}
	if r.open(s.Scenario, "sizing", sizingAnswer(s, p)) {
		r.study(&s.Study)
		r.counted(&p.Counted)
		r.sizingFigures(s, p, c)
	}
	for i := range s.Policies {
		for _, w := range s.Policies[i].Warnings {
			r.notes = append(r.notes, policy(&s.Policies[i].Counted)+": "+w)
		}
	}
}

// addEnough says how many units are enough, and how sure that is.
func (r *Report) addEnough(s *result.Sizing) {
	r.add(section{
		Title: "How many units are enough",
		Text: fmt.Sprintf("The fewest units such that at most that share of the runs refuses anybody. Guaranteed holds with %s confidence, "+
			"whatever the law of the peak; it needs many replications where the risk is small.", percent(s.Confidence)),
		Table: needTable(s),
	})
	r.addCurve(s)
}

// addPresent tells how the present key does, and who needs what.
func (r *Report) addPresent(s *result.Sizing) {
	for i := range s.Policies {
		p := &s.Policies[i]
		if p.Present != nil && whole(p.Present.First) {
			r.addFirst(s, p, clock{s.Start, s.Duration})
		}
	}
	r.addGrowth(s, &s.Policies[0])
	r.addShares(&s.Policies[0])
}

// sizingAnswer is the answer in a sentence.
func sizingAnswer(s *result.Sizing, p *result.PolicySizing) string {
	need := &p.Enough[0]
	noun := "license " + strings.TrimSuffix(p.LimitOn, "s")
	risk := fmt.Sprintf("the risk that anybody is refused in a run of %s at %s or less", words.LongSpan(s.Duration), percent(need.Risk))
	var text string
	switch {
	case need.Guaranteed != nil:
		text = fmt.Sprintf("%s %s, with %s confidence", keep(*need.Guaranteed, noun), risk, percent(s.Confidence))
	case need.Units != nil:
		text = fmt.Sprintf("%s %s in these replications, which are too few for a guarantee", keep(*need.Units, noun), risk)
	default:
		return fmt.Sprintf("There are too few replications to say what keeps %s; a guarantee needs at least %s.", risk, words.Number(need.Wanted))
	}
	if k := p.Present; k != nil && k.Headroom != nil {
		switch {
		case *k.Headroom == 0:
			return text + fmt.Sprintf("; the present key of %s is just that.", words.Number(k.Limit))
		case *k.Headroom < 0:
			return text + fmt.Sprintf("; the present key of %s is %s short.", words.Number(k.Limit), words.Number(-*k.Headroom))
		}
		return text + fmt.Sprintf("; the present key of %s has %s to spare.", words.Number(k.Limit), words.Number(*k.Headroom))
	}
	return text + "."
}

// keep is so many units and that they keep something.
func keep(n int, noun string) string {
	if n == 1 {
		return words.Plural(n, noun) + " keeps"
	}
	return words.Plural(n, noun) + " keep"
}

func (r *Report) sizingFigures(s *result.Sizing, p *result.PolicySizing, c clock) {
	need := &p.Enough[0]
	if best := need.Best(); best != nil {
		r.figures = append(r.figures, figure{Value: words.Number(*best), Label: p.LimitOn + " are enough at a risk of " + percent(need.Risk)})
	}
	k := p.Present
	if k == nil {
		return
	}
	short := k.Headroom != nil && *k.Headroom < 0
	r.figures = append(r.figures, figure{Value: words.Number(k.Limit), Label: p.LimitOn + " on the present key", Alarm: short})
	r.figures = append(r.figures, figure{Value: percent(float64(k.Risk.Count) / float64(k.Risk.N)), Label: "of the runs refuse somebody with that key", Alarm: short})
	r.more = append(r.more, fmt.Sprintf("With the present key %s of %s%s, which is a risk of %s to %s with %s confidence.",
		words.Number(k.Risk.Count), words.Plural(k.Risk.N, "run"), refuse(k.Risk.Count, k.Risk.N), percent(k.Risk.Low), percent(k.Risk.High), percent(s.Confidence)))
	if whole(k.First) {
		q := k.First.Quantiles[len(k.First.Quantiles)/2]
		if q.At != nil {
			r.figures = append(r.figures, figure{Value: c.exact(*q.At), Label: "by then half of the runs have refused somebody", Alarm: short})
		}
		r.more = append(r.more, fmt.Sprintf("The first to be refused is most often %s, by %s, and sees “%s”.",
			line(k.First.Cohorts[0].What), line(k.First.Vias[0].What), line(k.First.Sees[0].What)))
	}
}

// whole tells whether there are first refusals to tell about.
func whole(f *result.FirstRefusals) bool {
	return f != nil && f.N > 0 && len(f.Quantiles) > 0 && len(f.Cohorts) > 0 && len(f.Vias) > 0 && len(f.Sees) > 0
}

func needTable(s *result.Sizing) *table {
	t := &table{Head: []string{"policy", "risk of any refusal", "enough by the runs (interval)", "guaranteed", "needed: median (range)", "present key"}}
	for i := range s.Policies {
		p := &s.Policies[i]
		for _, n := range p.Enough {
			now := "–"
			if p.Present != nil {
				now = words.Number(p.Present.Limit)
			}
			t.Rows = append(t.Rows, []string{policy(&p.Counted), percent(n.Risk), estimate(&n),
				words.UnitsOr(n.Guaranteed, "needs "+words.Number(n.Wanted)+" replications"), words.Spread(p.Needed) + " " + p.LimitOn, now})
		}
	}
	return t
}

// addCurve shows the risk for each number of units.
func (r *Report) addCurve(s *result.Sizing) {
	t := &table{Head: []string{"policy", "units", "risk of any refusal", "interval", "runs that refuse", "half of the runs have refused somebody by"}}
	low, high := 0, 0
	for i := range s.Policies {
		for _, k := range telling(s.Policies[i].Curve, s.Replications) {
			if high == 0 {
				low, high = k.Units, k.Units
			}
			low, high = min(low, k.Units), max(high, k.Units)
		}
	}
	if high == 0 {
		return
	}
	if k := s.Policies[0].Present; k != nil && k.Limit > low/2 && k.Limit < high*2 {
		low, high = min(low, k.Limit), max(high, k.Limit)
	}
	ch := newCurve("risk", low, high)
	for i := range s.Policies {
		p := &s.Policies[i]
		if len(p.Curve) == 0 {
			continue
		}
		ch.addRisk(policy(&p.Counted), telling(p.Curve, s.Replications))
		if len(p.Enough) > 0 {
			ch.answer(&p.Enough[0])
		}
		curve := withKey(p)
		for j := range curve {
			k := &curve[j]
			when := clock{s.Start, s.Duration}.or(k.Median, "not in the run")
			t.Rows = append(t.Rows, []string{policy(&p.Counted), words.Number(k.Units), percent(k.Risk), percent(k.Low) + " to " + percent(k.High),
				fmt.Sprintf("%s of %s", words.Number(k.Count), words.Number(s.Replications)), when})
		}
		sl := slider{Name: policy(&p.Counted), Noun: strings.TrimSuffix(p.LimitOn, "s"), Axis: []float64{ch.left, ch.right}, runs: s.Replications, clock: clock{s.Start, s.Duration}}
		sl.fill(curve)
		sl.start(p)
		r.sliders = append(r.sliders, sl)
	}
	if k := s.Policies[0].Present; k != nil && !slices.ContainsFunc(s.Policies, func(p result.PolicySizing) bool { return p.Present != nil && p.Present.Limit != k.Limit }) {
		ch.limitAt(k.Limit)
	}
	r.add(section{
		Title:  "Risk for each key size",
		Found:  riskFound(&s.Policies[0]),
		Text:   fmt.Sprintf("The share of %s that would refuse anybody, with its interval (shaded) at %s confidence. A dot is what is enough.", words.Plural(s.Replications, "simulated run"), percent(s.Confidence)),
		Chart:  ch,
		Table:  t,
		Slider: true,
	})
}

// riskFound says how many units are enough, and how the present key does.
func riskFound(p *result.PolicySizing) string {
	if len(p.Enough) == 0 || p.Enough[0].Best() == nil {
		return ""
	}
	text := fmt.Sprintf("%s the risk of any refusal at %s", keep(*p.Enough[0].Best(), strings.TrimSuffix(p.LimitOn, "s")), percent(p.Enough[0].Risk))
	if p.Enough[0].Guaranteed != nil {
		text += " or less"
	} else {
		text += " in these runs"
	}
	if k := p.Present; k != nil && k.Risk.N > 0 {
		text += fmt.Sprintf("; the present key of %s refuses somebody in %s of %s", words.Number(k.Limit), words.Number(k.Risk.Count), words.Plural(k.Risk.N, "run"))
	}
	return text
}

// withKey is the risk by units with that of the present key.
func withKey(p *result.PolicySizing) []result.Risk {
	k := p.Present
	if k == nil || k.Risk.N == 0 {
		return p.Curve
	}
	now := result.Risk{Units: k.Limit, Count: k.Risk.Count, Risk: float64(k.Risk.Count) / float64(k.Risk.N), Low: k.Risk.Low, High: k.Risk.High}
	if k.First != nil {
		for _, q := range k.First.Quantiles {
			if q.Share == 0.5 {
				now.Median = q.At
			}
		}
	}
	at, found := slices.BinarySearchFunc(p.Curve, k.Limit, func(r result.Risk, units int) int { return cmp.Compare(r.Units, units) })
	if found {
		return p.Curve
	}
	return slices.Insert(slices.Clone(p.Curve), at, now)
}

// telling is the part of a curve in which the risk changes: not all runs refuse
// somebody, or one more unit makes it so.
func telling(curve []result.Risk, runs int) []result.Risk {
	i := slices.IndexFunc(curve, func(r result.Risk) bool { return r.Count < runs })
	return curve[max(0, i-1):]
}

// addFirst shows when the present key refuses first.
func (r *Report) addFirst(s *result.Sizing, p *result.PolicySizing, c clock) {
	f := p.Present.First
	t := firstTimes(f, c)
	var parts []string
	found := ""
	for _, q := range f.Quantiles {
		if q.At != nil && q.Share == 0.5 {
			found = "Half of the runs have refused somebody by " + c.exact(*q.At)
		}
		if q.At != nil {
			part := percent(q.Share) + " of the runs have it by " + c.exact(*q.At)
			if q.Low != nil && q.High != nil {
				part += " (" + c.exact(*q.Low) + " to " + c.exact(*q.High) + ")"
			}
			parts = append(parts, part)
		}
	}
	title := "When the first refusal comes"
	if len(s.Policies) > 1 {
		title += ": " + policy(&p.Counted)
	}
	text := strings.Join(parts, "; ")
	if text != "" {
		text += "."
	}
	r.add(section{Title: title, Found: found, Text: text, Table: t})
	r.add(section{Title: "Who meets it", Table: countTable(f)})
}

// widths of the bars of first refusals, of which there are at most so many.
var widths = []engine.Time{
	engine.Second, 5 * engine.Second, 10 * engine.Second, 15 * engine.Second, 30 * engine.Second,
	engine.Minute, 5 * engine.Minute, 10 * engine.Minute, 15 * engine.Minute, 30 * engine.Minute, engine.Hour,
}

const mostFirst = 24

// firstTimes counts first refusals by when they come: from the first to the
// last, or by the hour of the day when these are more than a day apart.
func firstTimes(f *result.FirstRefusals, c clock) *table {
	var amounts []float64
	add := func(t *table, name string, n int) {
		amounts = append(amounts, float64(n))
		t.Rows = append(t.Rows, []string{name, words.Number(n), percent(float64(n) / float64(f.N))})
		t.Bars = bars(amounts)
	}
	if len(f.Times) > 0 {
		for _, width := range widths {
			past := engine.Time(0) // of the first bar before the scenario's start
			if !c.start.IsZero() {
				past = (engine.Time(c.start.Minute())*engine.Minute + engine.Time(c.start.Second())*engine.Second) % width
			}
			bar := func(at engine.Time) int { return int((at + past) / width) }
			first, last := bar(slices.Min(f.Times)), bar(slices.Max(f.Times))
			most := mostFirst
			if width < engine.Minute {
				most /= 2 // a minute tells it where there are more
			}
			if last-first >= most {
				continue
			}
			t := &table{Head: []string{strings.TrimPrefix(words.LongSpan(width), "1 ") + " from", "runs", "share"}}
			counts := make([]int, last-first+1)
			for _, at := range f.Times {
				counts[bar(at)-first]++
			}
			name := c.at
			if width < engine.Minute {
				name = c.exact
			}
			for i, n := range counts {
				add(t, name(engine.Time(first+i)*width-past), n)
			}
			return t
		}
	}
	t := &table{Head: []string{"hour of the day", "runs", "share"}}
	for _, h := range f.Hours {
		add(t, h.What+":00", h.Count)
	}
	return t
}

// mostCounts is of how many the table of first refusals has a row each.
const mostCounts = 5

// countTable lists by whom and how the limit is met first.
func countTable(f *result.FirstRefusals) *table {
	t := &table{Head: []string{"first refusal", "what", "runs", "share"}}
	for _, g := range []struct {
		name   string
		list   []result.Count
		others int // that are not in the list
	}{{"cohort", f.Cohorts, 0}, {"way in", f.Vias, 0}, {"client sees", f.Sees, 0}, {"license user ID", f.Users, f.Others}} {
		add := func(what string, n int) {
			t.Rows = append(t.Rows, []string{g.name, what, words.Number(n), percent(float64(n) / float64(f.N))})
		}
		shown, rest := min(mostCounts, len(g.list)), f.N
		for _, k := range g.list[:shown] {
			rest -= k.Count
			add(line(k.What), k.Count)
		}
		if others := len(g.list) - shown + g.others; others > 0 && rest > 0 {
			add(words.Plural(others, "other"), rest)
		}
	}
	return t
}

// addShares shows who holds the units at the peak.
func (r *Report) addShares(p *result.PolicySizing) {
	if len(p.AtPeak) == 0 {
		return
	}
	t := &table{Head: []string{"cohort", "units", "share"}}
	total := 0.0
	var amounts []float64
	for _, s := range p.AtPeak {
		total += s.Units
		amounts = append(amounts, s.Units)
	}
	for _, s := range p.AtPeak {
		t.Rows = append(t.Rows, []string{line(s.Cohort), decimal(s.Units), percent(s.Units / max(total, 1e-9))})
	}
	t.Bars = bars(amounts)
	most := &p.AtPeak[0]
	found := fmt.Sprintf("Most units at the peak are held by %s: %s, %s of all", line(most.Cohort), decimal(most.Units), percent(most.Units/max(total, 1e-9)))
	r.add(section{Title: "Who holds the units at the peak", Found: found, Text: "Means over the replications, if nobody is refused, by " + policy(&p.Counted) + ".", Table: t})
}

// estimate is how many units are enough by the runs, with the interval.
func estimate(n *result.Need) string {
	if n.Units == nil {
		return "–"
	}
	return words.Number(*n.Units) + " (" + words.UnitsOr(n.Low, "…") + " to " + words.UnitsOr(n.High, "…") + ")"
}
