package report

import (
	"fmt"
	"strings"

	"highwater/engine"
	"highwater/sim/result"
	"highwater/sim/result/words"
)

// addAdvice lists what measures save: first those that turn nobody away, then
// those that turn some away, and those that are not shown to save anything.
func (r *Report) addAdvice(s *result.Advice) {
	var kind, turning, rest []*result.Measure
	for i := range s.Measures {
		switch m := &s.Measures[i]; {
		case m.Verdict != result.Saves:
			rest = append(rest, m)
		case m.TurnsAway:
			turning = append(turning, m)
		default:
			kind = append(kind, m)
		}
	}
	if r.open(s.Scenario, "advice", adviceAnswer(kind, turning)) {
		r.study(&s.Study)
		r.counted(&s.Counted)
	}
	r.notes = append(r.notes, s.Warnings...)
	text := fmt.Sprintf("Each measure was tried with the same people at the same instants; the intervals hold together with %s confidence. "+
		"Enough: %s that keep the risk of any refusal in a run. By contract: people and devices that it counts, likewise; ! where the software asks for less, "+
		"which saves refusals but not what the contract asks for. Risk: runs that refuse somebody with the present key. Refused, lost: attempts and sessions, mean of such a run.",
		percent(s.Confidence), s.LimitOn)
	r.addMeasures(s, "What can be done, turning nobody away", text, kind)
	r.addMeasures(s, "What turns some away", "By itself, however large the key. The columns are those of what turns nobody away.", turning)
	r.addMeasures(s, "Not shown to save units", "What costs units, and what makes no clear difference.", rest)
	how := &table{Head: []string{"measure", "what to do", "what it costs"}}
	for i := range s.Measures {
		if m := &s.Measures[i]; len(m.Names) < 2 { // what a pair takes is what each of the two takes
			title := sentence(m.Title)
			if m.TurnsAway {
				title += " (turns some away)"
			}
			how.Rows = append(how.Rows, []string{title, line(strings.Join(m.Do, "; ")), line(strings.Join(m.Costs, "; "))})
		}
	}
	if how.Rows != nil {
		r.add(section{Title: "How, and what it costs", Table: how})
	}
}

// adviceAnswer is what saves most in a sentence.
func adviceAnswer(kind, turning []*result.Measure) string {
	saved := func(m *result.Measure) string {
		return decimal(m.Saved.Mean) + " units at the peak (" + interval(&m.Saved, 1) + ")"
	}
	switch {
	case len(kind) > 0:
		text := fmt.Sprintf("%s would save %s and turn nobody away", sentence(kind[0].Title), saved(kind[0]))
		if len(turning) > 0 && turning[0].Saved.Mean > kind[0].Saved.Mean {
			text += fmt.Sprintf("; %s would save more, %s, by turning some away", line(turning[0].Title), saved(turning[0]))
		}
		return text + "."
	case len(turning) > 0:
		return fmt.Sprintf("Only what turns some away is shown to save units: %s, %s.", line(turning[0].Title), saved(turning[0]))
	}
	return "None of the measures that were tried is shown to save units."
}

// addMeasures lists measures below how things are now.
func (r *Report) addMeasures(s *result.Advice, title, text string, list []*result.Measure) {
	if list == nil {
		return
	}
	t := &table{Head: []string{"measure", "units saved at the peak", "enough at " + percent(s.Now.Enough.Risk), "by contract", "risk", "refused", "lost"}}
	t.Rows = append(t.Rows, append([]string{"As it is now", none}, standing(s, &s.Now, &s.Contract)...))
	amounts := []float64{0}
	for _, m := range list {
		amounts = append(amounts, m.Saved.Mean)
		t.Rows = append(t.Rows, append([]string{sentence(m.Title), difference(&m.Saved) + verdictText(m.Verdict)}, standing(s, &m.Then, &m.Contract)...))
	}
	t.Bars = bars(amounts)
	r.add(section{Title: title, Text: text, Table: t})
}

// standing is how traffic does, in cells.
func standing(s *result.Advice, n *result.Standing, contract *result.Need) []string {
	enough, terms, risk := n.Enough.Best(), none, none
	text := words.UnitsOr(enough, none)
	if n.Enough.Guaranteed != nil {
		text += " guaranteed"
	}
	if c := contract.Best(); c != nil && s.LimitOn == engine.LimitUnits.String() {
		terms = words.Number(*c)
		if enough != nil && *enough < *c {
			terms += " !"
		}
	}
	if n.Refusing != nil {
		risk = percent(float64(n.Refusing.Count) / float64(max(n.Refusing.N, 1)))
	}
	return []string{text, terms, risk, decimal(n.Refused), decimal(n.Lost)}
}

func verdictText(v result.Verdict) string {
	if v == result.Saves {
		return ""
	}
	return ", " + string(v)
}
