package report

import (
	"fmt"
	"slices"
	"strings"

	"highwater/sim/result"
	"highwater/sim/result/words"
)

func (r *Report) addComparison(s *result.Comparison) {
	base := &s.Sides[0]
	c := clock{s.Start, s.Duration}
	if r.open(s.Scenario, "comparison", comparisonAnswer(s)) {
		r.study(&s.Study)
		r.counted(&base.Counted)
		for i := range s.Sides {
			r.figures = append(r.figures, figure{Value: words.Number(s.Sides[i].Needed.Median), Label: s.Sides[i].LimitOn + " needed (median): " + line(s.Sides[i].Name)})
		}
	}
	r.notes = append(r.notes, s.Warnings...)
	r.addSides(s, c)
	r.addPairs(s)
	for i := range s.Pairs {
		r.addFares(base, &s.Pairs[i])
	}
}

func comparisonAnswer(s *result.Comparison) string {
	base := &s.Sides[0]
	text := fmt.Sprintf("%s needs %s %s", line(base.Name), words.Number(base.Needed.Median), base.LimitOn)
	var parts []string
	for i := range s.Pairs {
		p := &s.Pairs[i]
		if p.Needed == nil {
			continue
		}
		d := &p.Needed.Difference
		switch {
		case d.Equal == d.N:
			parts = append(parts, line(p.Side)+" needs as many")
		case d.Low != nil && !d.Clear():
			parts = append(parts, fmt.Sprintf("%s needs about as many, and which of them more cannot be told (%s more)", line(p.Side), interval(d, 1)))
		case d.Mean > 0:
			parts = append(parts, fmt.Sprintf("%s needs %s more (%s)", line(p.Side), decimal(d.Mean), interval(d, 1)))
		default:
			parts = append(parts, fmt.Sprintf("%s needs %s fewer (%s)", line(p.Side), decimal(-d.Mean), interval(d, -1)))
		}
	}
	if parts != nil {
		text += "; for the same people " + strings.Join(parts, ", ")
	}
	return text + "."
}

// interval is that of a difference, or for a sign of -1 of its opposite.
func interval(d *result.Difference, sign float64) string {
	if d.Low == nil || d.High == nil {
		return "one run"
	}
	a, b := sign**d.Low, sign**d.High
	return decimal(min(a, b)) + " to " + decimal(max(a, b))
}

func (r *Report) addSides(s *result.Comparison, c clock) {
	t := &table{Plain: true, Head: []string{""}, Rows: [][]string{{"key"}, {"needed: median (range)"}, {"enough"}, {"by the contract's count"}, {"mean units"},
		{"runs that refuse somebody"}, {"half of the runs have refused by"}, {"attempts refused in a run"}, {"sessions lost in a run"}}}
	for i := range s.Sides {
		d := &s.Sides[i]
		k := key(d.Units, d.LimitOn)
		if !d.Enforced {
			k = "counts, refuses nobody"
		}
		contract, risk, first, attempts, lost := "–", "–", "–", "–", "–"
		if d.Contract != nil {
			contract = words.Spread(d.Contract.Needed)
		}
		if f := d.Refusals; f != nil {
			risk, first = proportion(&f.Risk), c.or(f.First.At, "not in the run")
			attempts, lost = decimal(f.Attempts), decimal(f.Lost)
		}
		t.Head = append(t.Head, line(d.Name))
		for j, cell := range []string{k, words.Spread(d.Needed) + " " + d.LimitOn, enoughText(d.Enough), contract, decimal(d.MeanUnits), risk, first, attempts, lost} {
			t.Rows[j] = append(t.Rows[j], cell)
		}
	}
	r.add(section{Title: "Policies and keys side by side", Text: fmt.Sprintf("The same people at the same instants in each of %s. "+
		"Enough is by risk of any refusal, guaranteed where that is said.", words.Plural(s.Replications, "replication")), Table: t})
}

func enoughText(list []result.Need) string {
	var parts []string
	for _, n := range list {
		text := words.UnitsOr(n.Best(), "too few runs")
		if n.Guaranteed != nil {
			text += " guaranteed"
		}
		parts = append(parts, text+" at "+percent(n.Risk))
	}
	return strings.Join(parts, ", ")
}

func (r *Report) addPairs(s *result.Comparison) {
	t := &table{Head: []string{"compared with " + line(s.Sides[0].Name), "units needed", "mean units", "runs that refuse somebody", "attempts refused", "sessions lost"}}
	for i := range s.Pairs {
		p := &s.Pairs[i]
		row := []string{line(p.Side), "–", difference(&p.MeanUnits.Difference), "–", "–", "–"}
		if p.Needed != nil {
			row[1] = difference(&p.Needed.Difference)
		}
		if f := p.Refusals; f != nil {
			row[3] = fmt.Sprintf("%s (%s to %s) points", plus(100*f.Risk.Difference), plus(100*f.Risk.Low), plus(100*f.Risk.High))
			row[4], row[5] = difference(&f.Attempts.Difference), difference(&f.Lost.Difference)
		}
		t.Rows = append(t.Rows, row)
	}
	if t.Rows != nil {
		r.add(section{Title: "Differences", Text: fmt.Sprintf("Means of the paired differences, with intervals at %s confidence each.", percent(s.Confidence)), Table: t})
	}
}

// addFares says who gains and who loses.
func (r *Report) addFares(base *result.Side, p *result.Pair) {
	refusing := slices.ContainsFunc(p.Cohorts, func(k result.CohortPair) bool { return k.Attempts != nil || k.Lost != nil })
	if !refusing {
		r.addAtPeak(base, p)
		return
	}
	t := &table{Head: []string{"cohort", "units at the peak", "attempts refused", "sessions lost", "fares"}}
	for i := range p.Cohorts {
		k := &p.Cohorts[i]
		if k.Fares == result.Alike && k.AtPeak.Difference.Mean == 0 {
			continue
		}
		row := []string{line(k.Cohort), difference(&k.AtPeak.Difference), "–", "–", string(k.Fares)}
		if k.Attempts != nil {
			row[2] = difference(&k.Attempts.Difference)
		}
		if k.Lost != nil {
			row[3] = difference(&k.Lost.Difference)
		}
		t.Rows = append(t.Rows, row)
	}
	if t.Rows != nil {
		r.add(section{Title: "Who gains and who loses: " + line(p.Side), Text: "Compared with " + line(base.Name) + ". Cohorts whose units and refusals are the same are left out.", Table: t})
	}
}

// addAtPeak says whose units differ where a side refuses nobody, so that nobody
// gains or loses.
func (r *Report) addAtPeak(base *result.Side, p *result.Pair) {
	t := &table{Head: []string{"cohort", "units at the peak"}}
	for i := range p.Cohorts {
		if k := &p.Cohorts[i]; k.AtPeak.Difference.Mean != 0 {
			t.Rows = append(t.Rows, []string{line(k.Cohort), difference(&k.AtPeak.Difference)})
		}
	}
	if t.Rows != nil {
		r.add(section{Title: "Whose units differ: " + line(p.Side), Text: "Compared with " + line(base.Name) + ". Refusals are not compared. Cohorts with the same units are left out.", Table: t})
	}
}
