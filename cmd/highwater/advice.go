package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"highwater/engine"
	"highwater/sim/result"
	"highwater/sim/result/words"
)

// An adviser tells a person what measures would save. Measures that save are
// numbered as they are listed: first those that turn nobody away.
type adviser struct {
	*result.Advice
	noun          string // what the key limits, in the singular
	numbers       map[string]int
	kind, turning []*result.Measure
}

// writeAdvice tells a person what measures would save.
func writeAdvice(w io.Writer, res *result.Advice) {
	a := adviser{Advice: res, noun: strings.TrimSuffix(res.LimitOn, "s"), numbers: map[string]int{}}
	for i := range res.Measures {
		switch m := &res.Measures[i]; {
		case m.Verdict != result.Saves:
		case m.TurnsAway:
			a.turning = append(a.turning, m)
		default:
			a.kind = append(a.kind, m)
		}
	}
	saving := slices.Concat(a.kind, a.turning)
	for _, m := range saving {
		if len(m.Names) == 1 {
			a.numbers[m.Names[0]] = len(a.numbers) + 1
		}
	}
	writeStudy(w, &res.Study, keyText(res.Units, res.LimitOn))
	a.writeVerdict(w)
	for _, warning := range res.Warnings {
		paragraph(w, "", "note: "+warning+".")
	}
	fmt.Fprintln(w)
	a.writeSaving(w)
	a.writeOthers(w)
	for _, m := range saving {
		if len(m.Names) == 1 {
			fmt.Fprintf(w, "\n%d  %s\n", a.numbers[m.Names[0]], m.Title)
			a.writeMeasure(w, m)
		}
	}
}

// writeVerdict is the answer in a sentence or two.
func (a *adviser) writeVerdict(w io.Writer) {
	var text string
	switch {
	case len(a.kind) > 0:
		best := a.kind[0]
		text = fmt.Sprintf("Of what turns nobody away, most is saved by %s: %s.", best.Title, a.gainText(best, a.noun+"s at the peak"))
		if then, now := best.Then.Enough.Best(), a.Now.Enough.Best(); then != nil && now != nil {
			text += fmt.Sprintf(" It takes %s then, and %s now.", words.Plural(*then, a.noun), words.Number(*now))
		}
		if len(a.turning) > 0 && a.turning[0].Saved.Mean > best.Saved.Mean {
			text += fmt.Sprintf(" %s saves more, %s, by turning some away.", a.turning[0].Title, a.gainText(a.turning[0], ""))
		}
	case len(a.turning) > 0:
		best := a.turning[0]
		text = fmt.Sprintf("Only what turns some away is shown to save %ss: %s %s.", a.noun, best.Title, a.gainText(best, ""))
	case a.Replications == 1:
		text = "One replication has no intervals, and shows of nothing that it saves: take more."
	default:
		text = fmt.Sprintf("Nothing that was tried is shown to save %ss.", a.noun)
	}
	paragraph(w, "", text)
}

// gainText is what a measure saves, or costs, of a noun, with the interval.
func (a *adviser) gainText(m *result.Measure, noun string) string {
	mean, low, high := m.Saved.Mean, m.Saved.Low, m.Saved.High
	if m.Verdict == result.Costs {
		least, most := -*high, -*low
		mean, low, high = -mean, &least, &most
	}
	digits := digitsOf(low, high)
	if noun != "" {
		noun = " " + noun
	}
	switch {
	case low == nil:
		return words.Decimal(mean, digits) + noun
	case *low == *high:
		return words.Decimal(mean, digits) + noun + " in each run"
	}
	return fmt.Sprintf("%s%s (%s to %s)", words.Decimal(mean, digits), noun, words.Decimal(*low, digits), words.Decimal(*high, digits))
}

// writeSaving is the table of what saves units, and of how things are.
func (a *adviser) writeSaving(w io.Writer) {
	rows := [][]string{{"", "saves at the peak", "enough", "by contract", "risk", "refused", "lost"},
		append([]string{"now", "–"}, a.standingCells(&a.Now, &a.Contract)...)}
	add := func(heading string, list []*result.Measure) {
		if len(list) > 0 {
			rows = append(rows, []string{heading})
		}
		for _, m := range list {
			rows = append(rows, append([]string{a.name(m), a.gainText(m, "")}, a.standingCells(&m.Then, &m.Contract)...))
		}
	}
	add("turning nobody away", a.kind)
	add("turning some away", a.turning)
	table(w, rows)
	text := fmt.Sprintf("Turning away: by itself, however large the key. Saves: mean over the runs; all intervals of units and lost sessions hold together with %s confidence. "+
		"Enough: %ss that keep the risk that the key refuses anybody in a run at %s or less, %s. By contract: people and devices "+
		"that it counts, likewise; ! where the software asks for less, which saves refusals but not what the contract asks for. ",
		words.Percent(a.Confidence), a.noun, words.Percent(a.Now.Enough.Risk), a.sureText())
	if a.Now.Refusing != nil {
		text += fmt.Sprintf("Risk: share of the runs in which the present key has too few %ss. ", a.noun)
	}
	paragraph(w, "", text+"Refused, lost: attempts and sessions, mean of a run with the present key. See highwater help sizing.")
}

// sureText says how sure it is what is enough.
func (a *adviser) sureText() string {
	if n := &a.Now.Enough; n.Guaranteed == nil {
		return fmt.Sprintf("by the runs (a guarantee needs at least %s)", words.Number(n.Wanted))
	}
	return "guaranteed with " + words.Percent(a.Confidence) + " confidence"
}

// name is how the table calls a measure: by its number and title, or a pair by
// two numbers.
func (a *adviser) name(m *result.Measure) string {
	if len(m.Names) == 1 {
		return fmt.Sprintf("%d  %s", a.numbers[m.Names[0]], m.Title)
	}
	first, second := a.numbers[m.Names[0]], a.numbers[m.Names[1]]
	return fmt.Sprintf("%d and %d together", min(first, second), max(first, second))
}

func (a *adviser) standingCells(s *result.Standing, contract *result.Need) []string {
	enough, terms, risk := words.UnitsOr(s.Enough.Best(), "–"), "–", "–"
	if n := contract.Best(); n != nil && a.LimitOn == engine.LimitUnits.String() {
		terms = words.Number(*n) + "  "
		if e := s.Enough.Best(); e != nil && *e < *n {
			terms = words.Number(*n) + " !"
		}
	}
	if s.Refusing != nil {
		risk = words.Percent(float64(s.Refusing.Count) / float64(s.Refusing.N))
	}
	return []string{enough, terms, risk, averageText(s.Refused), averageText(s.Lost)}
}

// averageText is a mean of counts.
func averageText(mean float64) string {
	if mean >= 100 || mean == 0 {
		return words.Decimal(mean, 0)
	}
	return words.Decimal(mean, 1)
}

// writeOthers lists what is not shown to save anything.
func (a *adviser) writeOthers(w io.Writer) {
	var unclear, without, costs, out []string
	for i := range a.Measures {
		m := &a.Measures[i]
		switch {
		case m.Verdict == result.Costs:
			costs = append(costs, m.Title+" "+a.gainText(m, ""))
		case m.Verdict == result.NotShown && m.Saved.Equal == m.Saved.N:
			without = append(without, m.Title)
		case m.Verdict == result.NotShown:
			unclear = append(unclear, m.Title+" "+a.gainText(m, ""))
		}
	}
	for _, x := range a.DoesNotApply {
		out = append(out, x.Title+" ("+x.Why+")")
	}
	for _, l := range []struct {
		label string
		list  []string
	}{
		{"These would cost " + a.noun + "s: ", costs},
		{"No difference shown: ", unclear},
		{"The same in each run: ", without},
		{"Does not apply: ", out},
	} {
		if l.list != nil {
			paragraph(w, "", l.label+strings.Join(l.list, ", ")+".")
		}
	}
}

// writeMeasure tells what a measure takes and what came of it.
func (a *adviser) writeMeasure(w io.Writer, m *result.Measure) {
	label := ""
	add := func(next, text string) {
		if next == label {
			next = ""
		} else {
			label = next
		}
		paragraph(w, fmt.Sprintf("   %-10s", next), text)
	}
	if len(m.Concerns) > 0 {
		add("concerns", strings.Join(m.Concerns, ", "))
	}
	for _, text := range m.Do {
		add("to do", text)
	}
	for _, text := range m.Costs {
		add("costs", text)
	}
	if m.Then.ByLimit > 0 {
		add("costs", averageText(m.Then.ByLimit)+" attempts a run refused by this limit, however large the key")
	}
	for i := range m.Then.Queues {
		add("waiting", waitsText(&m.Then.Queues[i]))
	}
	if r, now := m.Then.Refusing, a.Now.Refusing; r != nil && (r.Count+now.Count > 0 || !same(&m.Lost)) {
		add("this key", fmt.Sprintf("is too small in %s of the runs, and now in %s", proportionText(*r), proportionText(*now)))
		add("this key", "sessions lost in a run: "+changeText(&m.Lost))
	}
	for _, text := range m.Warnings {
		add("warning", text)
	}
}

// waitsText tells how long a proxy with a cap makes wait.
func waitsText(q *result.Queue) string {
	if q.Waited == 0 {
		return "nobody has to wait at " + q.Proxy
	}
	text := fmt.Sprintf("at %s %s of what comes has to wait", q.Proxy, estimateText(q.ShareWaited, words.Percent))
	if q.LetIn > 0 {
		text += fmt.Sprintf("; %s on average of all, 99 %% within %s", estimateText(q.MeanWait, waitText), waitText(q.P99.Seconds()))
	}
	if q.TimedOut > 0 {
		text += fmt.Sprintf("; %s waits in vain", estimateText(q.ShareTimedOut, words.Percent))
	}
	return text
}
