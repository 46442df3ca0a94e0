package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"highwater/plots"
	"highwater/scenario"
	"highwater/sim"
	"highwater/sim/attack"
	"highwater/sim/attack/curves"
	"highwater/sim/attack/record"
	"highwater/sim/result"
	"highwater/sim/result/words"
)

// parseLimit reads the form of --max-divergence: units and attempts, or a share
// of the peak and of the refusals as run.
func parseLimit(text string) (l curves.Limit, err error) {
	if text == "" {
		return l, nil
	}
	l.Set = true
	if number, isShare := strings.CutSuffix(text, "%"); isShare {
		share, err := strconv.ParseFloat(number, 64)
		if err != nil || !(share > 0 && share <= 100) {
			return l, usagef("--max-divergence must be a number of units, or a percentage > 0 and at most 100, not %q", text)
		}
		l.Share = share / 100
		return l, nil
	}
	if l.Units, err = strconv.Atoi(text); err != nil || l.Units < 0 {
		return l, usagef("--max-divergence must be a number of units such as 2, or a percentage such as 5%%, not %q", text)
	}
	return l, nil
}

// readLog reads a record, with the scenario and the plan that are in it.
func readLog(ctx context.Context, in io.Reader) (*curves.Log, error) {
	r, err := record.NewReader(bufio.NewReaderSize(in, 256<<10))
	if err != nil {
		return nil, err
	}
	l, err := curves.Read(r)
	files := r.Files()
	if err != nil || len(files) == 0 {
		return l, err
	}
	sc, err := scenario.Parse(files[0].Name, files[0].Data, func(path string) ([]byte, error) {
		i := slices.IndexFunc(files[1:], func(f record.File) bool { return f.Name == path })
		if i < 0 {
			return nil, fs.ErrNotExist
		}
		return files[1+i].Data, nil
	})
	if err != nil {
		return l, nil // of another version of the program: there is no prediction
	}
	h := l.Header
	if h.Replication < 1 || h.Scale < 0 || h.Scale > sim.MaxScale || h.Clock < 0 || h.Clock > sim.MaxClock {
		return nil, fmt.Errorf("its head must have a replication > 0, a scale from 0 to %v and a clock from 0 to %v, not %v, %v and %v",
			sim.MaxScale, sim.MaxClock, h.Replication, h.Scale, h.Clock)
	}
	s, err := attack.Plan(ctx, sc, attack.PlanOptions{
		Seed: h.Seed, Replication: h.Replication - 1, Scale: h.Scale, Clock: h.Clock, Window: attack.Window{From: h.From, To: h.To},
	})
	if err != nil {
		return nil, err
	}
	l.Scenario = sc
	if s.Hash == h.Schedule {
		l.Schedule = s
	}
	return l, nil
}

// recorded has something written into a record: the file of that name, or one
// that is gone when done is called.
func recorded(name string, write func(io.Writer) error) (file string, done func(), err error) {
	if name != "" {
		return name, func() {}, growFile(name, write)
	}
	f, err := os.CreateTemp("", "highwater-*.rec")
	if err != nil {
		return "", func() {}, err
	}
	done = func() { _ = os.Remove(f.Name()) }
	err = write(f)
	return f.Name(), done, errors.Join(err, f.Close())
}

// curveNames are what the curves are called, in their order.
var curveNames = [...]string{"predicted", "as run", "as reported"}

func curvesOf(c *result.Curves) [3]*result.Curve {
	return [...]*result.Curve{c.Predicted, c.AsRun, c.Reported}
}

// writeCurves prints the curves as one table, and why they differ.
func writeCurves(w io.Writer, res *result.Curves, c clock) {
	mean := "mean over time"
	if d := res.Difference; d != nil {
		mean = "mean at " + words.Plural(d.Samples, "sample")
	}
	rows := [][]string{{"license units", "peak", "at", mean, "first refusal", "refused"}}
	for i, x := range curvesOf(res) {
		if x == nil {
			rows = append(rows, []string{curveNames[i], "–", "not known", "–", "", ""})
			continue
		}
		first, refused := "none", "none"
		if x.FirstOpen {
			first = "not known"
		}
		if x.RefusedOpen {
			refused = "not known"
		}
		if f := x.FirstRefusal; f != nil {
			first = c.at(f.At) + " " + f.Via
			if f.Cohort != "" {
				first += " " + printable(f.Cohort)
			}
			if x.FirstOpen {
				first += " at the latest"
			}
		}
		if x.Refused > 0 {
			refused = refusedText(x.Refused, x.RefusedByVia)
			if x.RefusedOpen {
				refused += " at least"
			}
		}
		average := x.Mean
		if x.Sampled != nil {
			average = *x.Sampled
		}
		rows = append(rows, []string{curveNames[i], words.Number(x.Peak.Units), c.at(x.Peak.At), fmt.Sprintf("%.2f", average), first, refused})
	}
	table(w, rows)
	if d := res.Divergence; d != nil {
		farthest := "nowhere off the curve as run"
		if d.Largest > 0 {
			farthest = fmt.Sprintf("off the curve as run by up to %s (%s)", words.Plural(d.Largest, "unit"), c.at(d.LargestAt))
		}
		outside := "never outside of the uncertainty"
		if d.Outside > 0 {
			outside = fmt.Sprintf("outside of the uncertainty in %s, by up to %s (%s)", words.Number(d.Outside), words.Plural(d.Most, "unit"), c.at(d.MostAt))
		}
		fmt.Fprintf(w, "as reported in %s: %s, %s%s\n", words.Samples(res), farthest, outside, meanOff(d))
	}
	for _, text := range res.Words {
		fmt.Fprintln(w, "  "+text)
	}
	for _, n := range res.Notes {
		fmt.Fprintln(w, "note:", n)
	}
	if res.Verdict != "" {
		allowed := ""
		if d := res.Divergence; d != nil && d.Allowed != nil {
			allowed = fmt.Sprintf(" (off by %s, at most %d; %s answered otherwise for certain, at most %d)", offText(d), *d.Allowed,
				words.Plural(res.Outcomes.Wrong(), "attempt"), *res.Outcomes.Allowed)
		}
		fmt.Fprintf(w, "divergence: %s%s\n", res.Verdict, allowed)
	}
}

// meanOff is what the samples have beyond the curve as run on average.
func meanOff(d *result.Divergence) string {
	m := &d.Mean
	switch {
	case m.N == 0:
		return ""
	case m.Batches == 0:
		return fmt.Sprintf(", by %+.2f on average (too few samples for an interval)", m.Mean)
	}
	return fmt.Sprintf(", by %+.2f (%+.2f to %+.2f) on average, by the means of %d batches", m.Mean, *m.Low, *m.High, m.Batches)
}

// offText is by how much a target is off, with its limits, of a divergence that
// is judged.
func offText(d *result.Divergence) string {
	high := "…"
	if units, ok := d.AtMost(); ok {
		high = toldText(&units, "units", float64(*d.Allowed))
	}
	return fmt.Sprintf("%s (%d to %s) units", toldText(new(d.Off()), "units", float64(*d.Allowed)), d.Most, high)
}

// curvesWhy is why the verdict on the divergence is not that the target agrees.
func curvesWhy(res *result.Curves) string {
	d := res.Divergence
	switch res.Verdict {
	case result.Diverges:
		if d.Most <= *d.Allowed {
			o := res.Outcomes
			return fmt.Sprintf("the target's refusals diverge: %s answered otherwise for certain, at most %d are allowed", words.Plural(o.Wrong(), "attempt"), *o.Allowed)
		}
		return fmt.Sprintf("the target's units diverge: %d outside of the uncertainty, at most %d are allowed", d.Most, *d.Allowed)
	case result.Inconclusive:
		switch {
		case res.Unlike != "":
			return "the target's units cannot be compared: " + res.Unlike
		case d == nil || d.Allowed == nil || d.Mean.N == 0:
			return "the target's units cannot be compared"
		}
		return fmt.Sprintf("the target's units are off by %s, and at most %d are allowed", offText(d), *d.Allowed)
	}
	return ""
}

// curvesError is how a verdict on the divergence ends the program.
func curvesError(res *result.Curves) error {
	switch {
	case res == nil:
	case res.Verdict == result.Diverges:
		return &exitError{exitNo, errors.New(res.Why)}
	case res.Verdict == result.Inconclusive:
		return &exitError{exitInconclusive, fmt.Errorf("inconclusive: %s", res.Why)}
	}
	return nil
}

// writeCurveFiles writes the chart of the curves, a result and the tables into
// a folder.
func writeCurveFiles(std stdio, dir string, l *curves.Log, res *result.Curves, doc any) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	chart := curvesChart(l.Header, res)
	files := []artefact{
		{"result.json", func(w io.Writer) error { return writeJSON(w, doc) }}, {"attack.png", chart.WritePNG}, {"attack.svg", chart.WriteSVG},
	}
	for i, c := range curvesOf(res) {
		if c == nil {
			continue
		}
		name := strings.ReplaceAll(curveNames[i], " ", "-") + ".csv"
		if c == res.Reported {
			files = append(files, artefact{name, func(w io.Writer) error { return writeBands(w, res.Divergence, l.Header.Schedule) }})
			continue
		}
		files = append(files, artefact{name, func(w io.Writer) error { return writeSamples(w, c.Series, l.Header.Schedule) }})
	}
	for _, f := range files {
		if err := writeFile(std, filepath.Join(dir, f.name), f.write); err != nil {
			return err
		}
	}
	return nil
}

// writeBands writes the samples of a target as CSV, with what the instants of
// the requests allow.
func writeBands(w io.Writer, d *result.Divergence, schedule string) error {
	b := bufio.NewWriter(w)
	head, cell := scheduleColumn(schedule)
	fmt.Fprintln(b, "from,to,units,low,high"+head)
	for _, s := range d.Range {
		line := s.From.AppendSeconds(nil)
		line = s.To.AppendSeconds(append(line, ','))
		fmt.Fprintf(b, "%s,%d,%d,%d%s\n", line, s.Reported, s.Low, s.High, cell)
	}
	return b.Flush()
}

// scheduleColumn is the last column of a table of an attack, its head and the
// cell of each row; both are "" without a schedule.
func scheduleColumn(schedule string) (head, cell string) {
	if schedule == "" {
		return "", ""
	}
	return ",schedule", "," + schedule
}

// curvesChart draws the curves over the time of the attack.
func curvesChart(h *record.Header, res *result.Curves) *plots.UnitsOverTime {
	chart := &plots.UnitsOverTime{
		Title: "License units: " + h.Scenario, Subtitle: "Predicted, as run and as reported by the target", Noun: "curves",
		End: math.Max(1e-6, (res.To - res.From).Seconds()), Limit: res.Units,
		Footnote: fmt.Sprintf("highwater %s, schedule %s, policy %s", version, h.Schedule, res.Policy),
	}
	if !h.Epoch.IsZero() {
		chart.Start = clock{h.Epoch}.wall(res.From)
	}
	if res.Partial {
		chart.Footnote = "PARTIAL: it ended before the plan was done; " + chart.Footnote
	}
	if d := res.Divergence; d != nil && len(d.Range) > 1 {
		chart.Footnote += "; as reported: a sample each " + words.Span(d.Apart) + " (median), what lies between is not seen"
	}
	for i, c := range curvesOf(res) {
		if c == nil {
			continue
		}
		at := func(p plots.Mark) *plots.Mark { p.At = min(max(0, p.At-res.From.Seconds()), chart.End); return &p }
		s := plots.Series{Name: curveNames[i], End: max(1e-6, at(plots.Mark{At: c.To.Seconds()}).At)}
		for _, x := range c.Series {
			s.Points = append(s.Points, plots.Point{At: at(plots.Mark{At: x.At.Seconds()}).At, Units: float64(x.Units)})
		}
		s.Peak = at(plots.Mark{At: c.Peak.At.Seconds(), Units: float64(c.Peak.Units)})
		if f := c.FirstRefusal; f != nil {
			s.FirstRefusal = at(plots.Mark{At: f.At.Seconds(), Units: float64(res.Units), Text: f.Via})
		}
		chart.Series = append(chart.Series, s)
	}
	return chart
}
