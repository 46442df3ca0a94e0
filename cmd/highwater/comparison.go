package main

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"highwater/engine"
	"highwater/sim/result"
	"highwater/sim/result/words"
)

// writeComparison tells a person what differs, and for whom.
func writeComparison(w io.Writer, res *result.Comparison) {
	study := res.Study
	study.Scenario = titleOf(res)
	writeStudy(w, &study, comparedKeys(res))
	answer := sentences(res)
	for _, s := range answer {
		paragraph(w, "", s)
	}
	if answer != nil {
		fmt.Fprintln(w)
	}
	writeSides(w, res)
	for i := range res.Pairs {
		fmt.Fprintln(w)
		writePair(w, res, i)
	}
	writeComparisonNotes(w, res)
}

func comparedKeys(res *result.Comparison) string {
	keys := keysIn(res)
	if len(keys) == 1 {
		return keyText(keys[0], res.Sides[0].LimitOn)
	}
	return words.Plural(len(res.Sides), "side") + " compared"
}

// sentences are the answer in words: who needs more units, where policies or
// scenarios differ, and what another key is good for.
func sentences(res *result.Comparison) []string {
	base := &res.Sides[0]
	runs := fmt.Sprintf("%s, %s", words.Percent(res.Confidence), words.Plural(res.Replications, "replication"))
	var list []string
	for i := range res.Pairs {
		p, side := &res.Pairs[i], &res.Sides[i+1]
		s := ""
		switch {
		case countedText(&base.Counted) == countedText(&side.Counted) && res.Shared == nil:
			s = keySentence(base, side, p.Refusals, runs)
		case p.Needed != nil:
			s = neededSentence(res, side, &p.Needed.Difference, runs)
		}
		if s != "" && !slices.Contains(list, s) {
			list = append(list, s)
		}
	}
	return list
}

// neededSentence says who needs more.
func neededSentence(res *result.Comparison, side *result.Side, d *result.Difference, runs string) string {
	base := &res.Sides[0]
	subject, other := "Counted as "+countedText(&side.Counted)+" the same people need", "counted as "+countedText(&base.Counted)
	if res.Shared != nil {
		subject, other = side.Name+" needs", base.Name
	}
	switch {
	case d.Equal == d.N:
		return fmt.Sprintf("%s as many %s as %s in each of the %s.", subject, base.LimitOn, other, words.Plural(d.N, "replication"))
	case d.Low != nil && !d.Clear():
		return fmt.Sprintf("%s about as many %s as %s: which needs more cannot be told (%s, %s).", subject, base.LimitOn, other, pairedText(d), runs)
	}
	return fmt.Sprintf("%s %s than %s%s.", subject, moreText(d, base.LimitOn), other, amountText(d, runs))
}

// keySentence says what another key is good for.
func keySentence(base, side *result.Side, p *result.RefusalPair, runs string) string {
	if p == nil {
		return ""
	}
	here, there := "With the "+keyText(side.Units, side.LimitOn), "with the "+keyText(base.Units, base.LimitOn)
	if p.Risk.Neither == p.Risk.N {
		return fmt.Sprintf("%s as %s nobody is refused in any of the %s.", here, there, words.Plural(p.Risk.N, "replication"))
	}
	noun, what, d := "sessions", "lost", &p.Lost.Difference
	if d.Equal == d.N {
		noun, what, d = "attempts", "refused", &p.Attempts.Difference
	}
	risks := fmt.Sprintf("%s runs have a refusal, %s %s", countText(p.Risk.OnlyOther+p.Risk.Both, p.Risk.N), there, words.Number(p.Risk.OnlyBase+p.Risk.Both))
	if d.Low != nil && !d.Clear() {
		return fmt.Sprintf("%s about as many %s are %s in a run as %s (%s, %s); %s.", here, noun, what, there, pairedText(d), runs, risks)
	}
	return fmt.Sprintf("%s %s are %s in a run than %s%s; %s.", here, moreText(d, noun), what, there, amountText(d, runs), risks)
}

func countText(count, n int) string { return words.Number(count) + " of " + words.Number(n) }

// moreText is how many more or fewer on average.
func moreText(d *result.Difference, noun string) string {
	more := "more"
	if d.Mean < 0 {
		more = "fewer"
	}
	amount := words.Decimal(math.Abs(d.Mean), digitsOf(d.Low, d.High))
	if d.Low == nil || *d.Low == *d.High {
		amount = strings.TrimPrefix(constantText(math.Abs(d.Mean)), "+")
	}
	if amount == "1" {
		noun = strings.TrimSuffix(noun, "s")
	}
	return amount + " " + noun + " " + more
}

// amountText is the interval of that, the lesser limit first.
func amountText(d *result.Difference, runs string) string {
	switch {
	case d.Low == nil:
		return ""
	case *d.Low == *d.High:
		return ", in each of the " + words.Plural(d.N, "replication")
	}
	low, high, digits := math.Abs(*d.Low), math.Abs(*d.High), digitsOf(d.Low, d.High)
	return fmt.Sprintf(" (%s to %s, %s)", words.Decimal(min(low, high), digits), words.Decimal(max(low, high), digits), runs)
}

// writeSides is a table of the sides.
func writeSides(w io.Writer, res *result.Comparison) {
	risk := words.Percent(res.Sides[0].Enough[0].Risk)
	rows := [][]string{{"side", "needed", "contract", "difference", "mean in use", "enough at " + risk, "guaranteed", "runs with refusals"}}
	for i := range res.Sides {
		s := &res.Sides[i]
		contract, more, refusing := "–", "–", "–"
		if c := s.Contract; c != nil {
			contract = words.Spread(c.Needed)
			if c.Difference != nil {
				more = pairedText(c.Difference)
			}
		}
		if s.Refusals != nil {
			refusing = proportionText(s.Refusals.Risk)
		}
		need := &s.Enough[0]
		rows = append(rows, []string{s.Name, words.Spread(s.Needed), contract, more, fmt.Sprintf("%.1f", s.MeanUnits),
			words.UnitsOr(need.Units, "–"), words.UnitsOr(need.Guaranteed, "–"), refusing})
	}
	table(w, rows)
	paragraph(w, "", fmt.Sprintf("Needed: if nobody is refused; median (lowest–highest) of the runs. Contract: the contract's count of the same "+
		"people and devices, which nothing enforces. Enough: keeps the risk of any refusal in a run at %s, by the runs and "+
		"guaranteed with %s confidence.", risk, words.Percent(res.Confidence)))
	for i := range res.Sides {
		if n := &res.Sides[i].Enough[0]; n.Guaranteed == nil {
			fmt.Fprintf(w, "A guarantee needs at least %s.\n", words.Plural(n.Wanted, "replication"))
			break
		}
	}
}

// writePair tells how a side differs from the baseline.
func writePair(w io.Writer, res *result.Comparison, i int) {
	p, base, side := &res.Pairs[i], &res.Sides[0], &res.Sides[i+1]
	fmt.Fprintf(w, "%s, compared with %s\n", p.Side, base.Name)
	rows := [][]string{{"  in a run", "baseline", "here", "difference", "runs: less, same, more", "p"}}
	add := func(label string, m *result.Means) {
		digits := digitsOf(m.Difference.Low, m.Difference.High)
		rows = append(rows, []string{label, words.Decimal(m.Base, digits), words.Decimal(m.Other, digits), pairedText(&m.Difference),
			splitText(&m.Difference), chanceText(m.Difference.P)})
	}
	if p.Needed != nil {
		add("  "+side.LimitOn+" needed, mean", p.Needed)
	}
	if p.Needed != nil && !same(p.Needed) {
		rows = append(rows, []string{"    median", words.Number(base.Needed.Median), words.Number(side.Needed.Median), medianText(&p.Needed.Difference), "", ""})
	}
	if g := p.Enough; g != nil && g.Units != nil && !same(p.Needed) {
		rows = append(rows, []string{"  enough at a risk of " + words.Percent(g.Risk), words.Number(*base.Enough[0].Units), words.Number(*side.Enough[0].Units), gapText(g), "", ""})
	}
	add("  mean units in use", &p.MeanUnits)
	if r := p.Refusals; r != nil {
		rows = append(rows, []string{"  runs with a refusal", countText(r.Risk.OnlyBase+r.Risk.Both, r.Risk.N), countText(r.Risk.OnlyOther+r.Risk.Both, r.Risk.N),
			shareText(&r.Risk), fmt.Sprintf("%d, %d, %d", r.Risk.OnlyBase, r.Risk.Both+r.Risk.Neither, r.Risk.OnlyOther), chanceText(r.Risk.P)})
		if r.Risk.Neither < r.Risk.N {
			f := &r.First
			rows = append(rows, []string{"  until the first refusal", words.Span(timeOf(f.Base)), words.Span(timeOf(f.Other)), timeText(&f.Difference), splitText(&f.Difference), chanceText(f.Difference.P)})
			add("  attempts refused", &r.Attempts)
			add("  sessions lost", &r.Lost)
		}
	}
	table(w, rows)
	writeCohortPairs(w, p)
}

// writeCohortPairs tells who gains and who loses, those who lose first.
func writeCohortPairs(w io.Writer, p *result.Pair) {
	heading := "  who holds what"
	if p.Refusals != nil {
		heading = "  who gains, who loses"
	}
	rows := [][]string{{heading, "", "units at the peak", "attempts refused", "sessions lost"}}
	list := slices.Clone(p.Cohorts)
	order := []result.Fares{result.Worse, result.Better, result.Unclear, result.Alike}
	slices.SortStableFunc(list, func(a, b result.CohortPair) int {
		return cmp.Compare(slices.Index(order, a.Fares), slices.Index(order, b.Fares))
	})
	for i := range list {
		c := &list[i]
		if c.Fares == result.Alike && same(&c.AtPeak) {
			continue
		}
		fares := map[result.Fares]string{result.Worse: "loses", result.Better: "gains", result.Unclear: "~"}[c.Fares]
		rows = append(rows, []string{"  " + c.Cohort, fares, changeText(&c.AtPeak), changeText(c.Attempts), changeText(c.Lost)})
	}
	if len(rows) > 1 {
		table(w, rows)
	}
}

func same(m *result.Means) bool { return m.Difference.Equal == m.Difference.N }

// changeText is a mean on both sides, and the interval of the difference.
func changeText(m *result.Means) string {
	switch {
	case m == nil:
		return "–"
	case same(m):
		return words.Decimal(m.Base, 1)
	}
	digits := digitsOf(m.Difference.Low, m.Difference.High)
	arrow := "→"
	if !m.Difference.Clear() {
		arrow = "~"
	}
	text := words.Decimal(m.Base, digits) + " " + arrow + " " + words.Decimal(m.Other, digits)
	switch low, high := m.Difference.Low, m.Difference.High; {
	case low == nil:
		return text
	case *low == *high:
		return fmt.Sprintf("%s (%s in each)", text, constantText(m.Difference.Mean))
	default:
		return fmt.Sprintf("%s (%s to %s)", text, signed(*low, digits), signed(*high, digits))
	}
}

// pairedText is a mean difference and its interval, with ~ when that holds
// zero.
func pairedText(d *result.Difference) string {
	digits := digitsOf(d.Low, d.High)
	switch {
	case d.Equal == d.N:
		return "0 in each run"
	case d.Low == nil:
		return signed(d.Mean, digits)
	}
	if *d.Low == *d.High {
		return constantText(d.Mean) + " in each run"
	}
	return tilde(d.Clear()) + withLimits(d.Mean, *d.Low, *d.High, digits)
}

func tilde(clear bool) string {
	if clear {
		return ""
	}
	return "~ "
}

func withLimits(x, low, high float64, digits int) string {
	return fmt.Sprintf("%s (%s to %s)", signed(x, digits), signed(low, digits), signed(high, digits))
}

func medianText(d *result.Difference) string {
	if d.MedianLow == nil || d.MedianHigh == nil {
		return signed(d.Median, 0)
	}
	return tilde(*d.MedianLow > 0 || *d.MedianHigh < 0) + withLimits(d.Median, *d.MedianLow, *d.MedianHigh, 0)
}

func gapText(g *result.Gap) string {
	if g.Low == nil {
		return signed(float64(*g.Units), 0)
	}
	return tilde(*g.Low > 0 || *g.High < 0) + withLimits(float64(*g.Units), float64(*g.Low), float64(*g.High), 0)
}

// shareText is a difference of shares in percentage points.
func shareText(d *result.ShareDifference) string {
	return tilde(d.Clear()) + withLimits(100*d.Difference, 100*d.Low, 100*d.High, 1) + " points"
}

// timeText is a difference of times.
func timeText(d *result.Difference) string {
	signedSpan := func(seconds float64) string {
		text := words.Span(timeOf(math.Abs(seconds)))
		if seconds < 0 {
			return "-" + text
		}
		return "+" + text
	}
	switch {
	case d.Equal == d.N:
		return "0 in each run"
	case d.Low == nil:
		return signedSpan(d.Mean)
	}
	return fmt.Sprintf("%s%s (%s to %s)", tilde(d.Clear()), signedSpan(d.Mean), signedSpan(*d.Low), signedSpan(*d.High))
}

// timeOf is a number of seconds to the second.
func timeOf(seconds float64) engine.Time { return engine.Time(math.Round(seconds)) * engine.Second }

func splitText(d *result.Difference) string {
	return fmt.Sprintf("%d, %d, %d", d.Less, d.Equal, d.More)
}

func chanceText(p float64) string {
	if p < 0.0001 {
		return "<0.0001"
	}
	return fmt.Sprintf("%.4f", p)
}

// digitsOf is how many decimals an interval deserves.
func digitsOf(low, high *float64) int {
	if low == nil {
		return 1
	}
	switch width := *high - *low; {
	case width >= 20:
		return 0
	case width >= 0.2 || width == 0:
		return 1
	}
	return 2
}

// constantText is a difference that does not vary.
func constantText(x float64) string {
	if x == math.Trunc(x) {
		return signed(x, 0)
	}
	return signed(x, 1)
}

// signed is a number with its sign; what rounds to zero has none.
func signed(x float64, digits int) string {
	text := words.Decimal(x, digits)
	if x > 0 && strings.Trim(text, "0.") != "" {
		text = "+" + text
	}
	return text
}

// writeComparisonNotes explains the tables and says what to know.
func writeComparisonNotes(w io.Writer, res *result.Comparison) {
	text := fmt.Sprintf("Differences: here less baseline, of the same people in the same replication: the mean and its %s interval, with ~ "+
		"where it cannot be told which is more: that interval holds zero or, where some runs are the same on both sides, p is above %s. "+
		"Each interval holds by itself: of many, some leave out zero by chance. Median: that of the differences. "+
		"Cohorts: baseline → here (interval of the difference). p: how likely so uneven a split into less and more "+
		"is, were both as likely (sign test).", words.Percent(res.Confidence), words.Percent(1-res.Confidence))
	if slices.ContainsFunc(res.Pairs, func(p result.Pair) bool { return p.Refusals != nil }) {
		text += " Until the first refusal: to the end of a run that has none."
	}
	fmt.Fprintln(w)
	paragraph(w, "", text)
	if s := res.Shared; s != nil {
		text := fmt.Sprintf("The scenarios share %s by name", words.Plural(len(s.Both), "cohort"))
		for _, only := range []struct {
			name  string
			names []string
		}{{res.Sides[0].Scenario, s.OnlyFirst}, {res.Sides[len(res.Sides)-1].Scenario, s.OnlySecond}} {
			if len(only.names) > 0 {
				text += fmt.Sprintf("; only %s has %s", only.name, strings.Join(only.names, ", "))
			}
		}
		paragraph(w, "", text+".")
	}
	for _, warning := range res.Warnings {
		paragraph(w, "", "note: "+warning)
	}
}
