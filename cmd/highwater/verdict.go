package main

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strings"

	"highwater/scenario"
	"highwater/sim/result"
	"highwater/sim/result/words"
)

// writeGate tells a person the verdict and what it rests on.
func writeGate(w io.Writer, g *result.Gate) {
	head := g.Of
	if g.Name != "" {
		head = g.Name
	}
	if g.Replications > 0 {
		head += fmt.Sprintf(": %s, seed %d", words.Plural(g.Replications, "replication"), g.Seed)
	}
	fmt.Fprintf(w, "%s\nverdict: %s\n", head, g.Verdict)
	if len(g.Expectations) > 0 {
		fmt.Fprintln(w)
		table(w, expectationRows(g))
		for i := range g.Expectations {
			j := &g.Expectations[i]
			fmt.Fprintf(w, "  %s: %s\n", j.Name, j.Why)
		}
	}
	if slices.ContainsFunc(g.Expectations, func(j result.Judged) bool { return j.Over != nil }) {
		fmt.Fprint(w, "Interval: of the figure that all but the risk of the runs keep to. Its limits and those of the\n"+
			"share with more have the expectation's confidence each. See highwater help gating.\n")
	}
	if slices.ContainsFunc(g.Expectations, func(j result.Judged) bool {
		return j.Figure == scenario.Divergence.String() && j.Unit == "units" && j.Low != nil
	}) {
		fmt.Fprint(w, "Interval of a divergence: from what is certain at the worst sample to the upper limit of the mean.\n"+
			"See highwater help gating.\n")
	}
	if b := g.Baseline; b != nil {
		fmt.Fprintf(w, "\ncompared with the baseline: %s\n", b.Verdict)
		for _, c := range b.Changes {
			fmt.Fprintln(w, "  note:", c)
		}
		if len(b.Compared) > 0 {
			table(w, comparedRows(b))
		}
		for i := range b.Compared {
			fmt.Fprintf(w, "  %s: %s\n", b.Compared[i].Name, b.Compared[i].Why)
		}
	}
	for _, n := range g.Notes {
		fmt.Fprintln(w, "note:", n)
	}
}

func expectationRows(g *result.Gate) [][]string {
	rows := [][]string{{"verdict", "expectation", "figure", "interval", "at most", "margin", "runs with more"}}
	for i := range g.Expectations {
		j := &g.Expectations[i]
		runs := "–"
		if j.Over != nil {
			runs = fmt.Sprintf("%d of %d", j.Over.Count, j.Over.N)
		}
		rows = append(rows, []string{string(j.Verdict), j.Name, valueText(j), limitsText(j.Low, j.High, j.Unit, j.Most), mostText(j), toldText(j.Margin, j.Unit, 0), runs})
	}
	return rows
}

// valueText is a figure, with its unit where the number does not have it.
func valueText(j *result.Judged) string {
	text := toldText(j.Value, j.Unit, j.Most)
	switch {
	case j.Value == nil || j.Unit == "" || j.Unit == "s":
		return text
	case *j.Value == 1:
		return "1 " + strings.TrimSuffix(j.Unit, "s")
	}
	return text + " " + j.Unit
}

// mostText is the limit, where it is known in the figure's unit.
func mostText(j *result.Judged) string {
	if j.Value == nil && j.Over == nil {
		return "–"
	}
	return figureText(&j.Most, j.Unit)
}

// limitsText is an interval, with as many digits as tell its limits from what
// they are judged by.
func limitsText(low, high *float64, unit string, by float64) string {
	if low == nil && high == nil {
		return "–"
	}
	return toldText(low, unit, by) + " to " + toldText(high, unit, by)
}

func comparedRows(b *result.Baseline) [][]string {
	rows := [][]string{{"verdict", "figure", "baseline", "now", "more", "interval"}}
	for i := range b.Compared {
		c := &b.Compared[i]
		rows = append(rows, []string{string(c.Verdict), c.Name, figureText(c.Base, c.Unit), figureText(c.Value, c.Unit),
			toldText(c.Difference, c.Unit, c.Allowed), limitsText(c.Low, c.High, c.Unit, c.Allowed)})
	}
	return rows
}

// figureText is a number of a gate with its unit.
func figureText(v *float64, unit string) string {
	if v == nil {
		return "–"
	}
	return toldText(v, unit, *v)
}

// toldText is a number with more digits than others where it takes them to
// tell it from another number.
func toldText(v *float64, unit string, from float64) string {
	switch {
	case v == nil:
		return "–"
	case unit == "":
		return words.Percent(*v)
	}
	x, suffix, digits := *v, "", 2
	switch {
	case unit == "s":
		x, from, suffix = 1000*x, 1000*from, " ms"
		if digits = 1; math.Abs(x) < 10 && x != 0 {
			digits = 3
		}
	case x == math.Trunc(x):
		digits = 0
	}
	rounded := func(x float64) float64 { return math.Round(x * math.Pow10(digits)) }
	for digits < mostDigits && rounded(x) == rounded(from) && x != from {
		digits++
	}
	return words.Decimal(x, digits) + suffix
}

// mostDigits are the most behind the point.
const mostDigits = 6

// gateLines are the figures of a gate for those who show them one by one.
func gateLines(g *result.Gate) (lines []gateLine) {
	for i := range g.Expectations {
		j := &g.Expectations[i]
		text := j.Why
		var place *scenario.Pos
		if j.Line > 0 {
			place = &scenario.Pos{File: j.File, Line: j.Line, Column: j.Column}
		}
		if j.Value != nil {
			text = fmt.Sprintf("%s (%s), at most %s, margin %s: %s", valueText(j), limitsText(j.Low, j.High, j.Unit, j.Most), mostText(j), toldText(j.Margin, j.Unit, 0), j.Why)
		}
		lines = append(lines, gateLine{"expectations", j.Name, j.Verdict, text, place})
	}
	if b := g.Baseline; b != nil {
		for i := range b.Compared {
			c := &b.Compared[i]
			text := c.Why
			if c.Value != nil {
				text = comparedText(c)
			}
			lines = append(lines, gateLine{"baseline", c.Name, c.Verdict, text, nil})
		}
	}
	return lines
}

func comparedText(c *result.Compared) string {
	return fmt.Sprintf("%s now, %s in the baseline, %s more (%s): %s", figureText(c.Value, c.Unit), figureText(c.Base, c.Unit),
		toldText(c.Difference, c.Unit, c.Allowed), limitsText(c.Low, c.High, c.Unit, c.Allowed), c.Why)
}

// writeAnnotations writes workflow commands of GitHub.
func writeAnnotations(w io.Writer, o *notice) {
	data := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	property := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
	for _, l := range o.lines {
		if !l.isProblem() {
			continue
		}
		where := ""
		if l.at != nil {
			where = fmt.Sprintf("file=%s,line=%d,col=%d,", property.Replace(l.at.File), l.at.Line, l.at.Column)
		}
		fmt.Fprintf(w, "::%s %stitle=%s::%s\n", l.level(), where, property.Replace(string(l.verdict)+": "+l.name), data.Replace(l.text))
	}
}

// appendSummary adds the verdict to the summary of a step on GitHub.
func appendSummary(std stdio, o *notice) error {
	name := os.Getenv("GITHUB_STEP_SUMMARY")
	if name == "" {
		fmt.Fprintln(std.err, "highwater: GITHUB_STEP_SUMMARY is not set, so that there is no summary")
		return nil
	}
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o666)
	if err != nil {
		return err
	}
	var text bytes.Buffer
	writeMarkdown(&text, o)
	if _, err := f.Write(text.Bytes()); err != nil {
		_ = f.Close()
		return err
	}
	return f.Close()
}

// writeMarkdown is the verdict for a ticket.
func writeMarkdown(w io.Writer, o *notice) {
	cell := strings.NewReplacer("\\", "\\\\", "|", "\\|", "\n", " ", "\r", " ", "<", "&lt;", ">", "&gt;", "&", "&amp;", "`", "\\`", "*", "\\*", "_", "\\_", "[", "\\[")
	fmt.Fprintf(w, "## License gate: %s\n\n%s\n\n| verdict | figure | |\n| --- | --- | --- |\n", o.word, cell.Replace(o.about))
	for _, l := range o.lines {
		fmt.Fprintf(w, "| %s | %s | %s |\n", l.verdict, cell.Replace(l.name), cell.Replace(l.text))
	}
	for _, n := range o.notes {
		fmt.Fprintf(w, "\n- %s\n", cell.Replace(n))
	}
	fmt.Fprintln(w)
}
