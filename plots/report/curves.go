package report

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"highwater/engine"
	"highwater/plots"
	"highwater/sim/result"
	"highwater/sim/result/words"
)

// addCurves shows what was predicted, what was taken as run, and what the
// target reported.
func (r *Report) addCurves(s *result.Curves, c clock) {
	mean := "mean over time"
	if s.Difference != nil {
		mean = "mean at the samples"
	}
	t := &table{Head: []string{"curve", "peak", "at", mean, "first refusal", "attempts refused"}}
	waits := s.Predicted != nil && s.Predicted.TimedOut > 0 || s.AsRun != nil && s.AsRun.TimedOut > 0
	if waits {
		t.Head = append(t.Head, "gave up at a proxy")
	}
	var list []timeSeries
	for _, k := range curvesOf(s) {
		first, refused := "none", words.Number(k.curve.Refused)
		switch {
		case k.curve.RefusedOpen && k.curve.Refused > 0:
			refused = "at least " + refused
		case k.curve.RefusedOpen:
			refused = "not known"
		}
		switch f := k.curve.FirstRefusal; {
		case f != nil && k.curve.FirstOpen:
			first = c.exact(f.At) + " by " + line(f.Via) + " at the latest"
		case f != nil:
			first = c.exact(f.At) + " by " + line(f.Via)
		case k.curve.FirstOpen:
			first = "not known"
		}
		average := k.curve.Mean
		if k.curve.Sampled != nil {
			average = *k.curve.Sampled
		}
		t.Rows = append(t.Rows, []string{k.name, words.Number(k.curve.Peak.Units), c.at(k.curve.Peak.At), decimal(average), first, refused})
		if last := &t.Rows[len(t.Rows)-1]; waits && k.curve != s.Reported {
			*last = append(*last, words.Number(k.curve.TimedOut))
		} else if waits {
			*last = append(*last, "–")
		}
		if len(k.curve.Drawn) > 0 && s.To > s.From {
			list = append(list, curveLine(k.name, k.curve, s, c))
		}
	}
	text := "What the target reported is not known."
	if d := s.Divergence; d != nil {
		largest := "none differs from the curve as run"
		if d.Largest > 0 {
			largest = fmt.Sprintf("the largest difference from the curve as run is %s at %s", words.Plural(d.Largest, "unit"), c.at(d.LargestAt))
		}
		text = fmt.Sprintf("%s of the target's units, %s outside of what the instants allow; %s.", words.Samples(s), words.Number(d.Outside), largest)
		if m := &d.Mean; m.Low != nil && m.High != nil {
			text += fmt.Sprintf(" On average it reports %s (%s to %s) beyond that curve, by the means of %d batches of samples, each limit with %s confidence.",
				plus(m.Mean), plus(*m.Low), plus(*m.High), m.Batches, percent(result.LimitConfidence))
		}
	}
	var why []string
	for _, w := range append(s.Words, s.Notes...) {
		why = append(why, strings.TrimSuffix(sentence(w), ".")+".")
	}
	one := section{Title: "Predicted, as run and reported", Text: text, List: why, Table: t}
	if list != nil {
		window := clock{end: s.To - s.From}
		if !c.start.IsZero() {
			window.start = c.wall(s.From)
		}
		one.Chart = newTimes("curves", window, s.Units, list)
		one.Chart.times.Noun = "curves"
	}
	r.add(one)
}

// A namedCurve is one of the curves of an attack.
type namedCurve struct {
	name  string
	curve *result.Curve
}

// curvesOf are the curves that are known.
func curvesOf(s *result.Curves) []namedCurve {
	list := []namedCurve{{"predicted", s.Predicted}, {"as run", s.AsRun}, {"as the target reports", s.Reported}}
	return slices.DeleteFunc(list, func(k namedCurve) bool { return k.curve == nil })
}

// curveLine is a curve over the time from the begin of its window.
func curveLine(name string, k *result.Curve, s *result.Curves, c clock) timeSeries {
	one := timeSeries{name: name, drawn: k.Drawn, from: s.From, until: min(k.To, s.To) - s.From, note: "peak " + words.Number(k.Peak.Units) + " at " + c.at(k.Peak.At)}
	if len(k.Samples) > 0 {
		one.dots = k.Samples
	}
	end := (s.To - s.From).Seconds()
	since := func(at engine.Time) float64 { return min(max((at-s.From).Seconds(), 0), end) }
	one.peak = &plots.Mark{At: since(k.Peak.At), Units: float64(k.Peak.Units)}
	if f := k.FirstRefusal; f != nil {
		one.refusal = &plots.Mark{At: since(f.At), Units: float64(f.InUse), Text: line(f.Via)}
		one.note += ", first refusal " + c.exact(f.At)
	}
	return one
}

// A latencyLine is a distribution of times and what took them.
type latencyLine struct {
	name string
	*result.Latency
}

// newPercentiles draws times by percentile, the last ones wide: each step to
// the right leaves out a tenth of what the step before does. Nil without times.
func newPercentiles(list []latencyLine) *chart {
	const places = 5
	names := [places]string{"50 %", "90 %", "99 %", "99.9 %", "longest"}
	at := [places]float64{0, 0.23, 0.46, 0.69, 1} // with room for the word at the end
	least, most := math.Inf(1), 0.0
	value := func(l *result.Latency) [places]engine.Time {
		return [places]engine.Time{l.P50, l.P90, l.P99, l.P999, l.Max}
	}
	for _, l := range list {
		for _, v := range value(l.Latency) {
			if l.N > 0 && v > 0 {
				least, most = min(least, v.Seconds()), max(most, v.Seconds())
			}
		}
	}
	if most == 0 {
		return nil
	}
	c := &chart{ID: "latency", LimitX: -1, LimitY: -1, right: 1, XTitle: "share of the attempts that take no longer"}
	height := c.powers(least, most)
	for i, name := range names {
		c.XTicks = append(c.XTicks, chartTick{At: 100 * at[i], Mid: 100 * at[i], Label: name, Coarse: true})
		c.hover.X, c.hover.At = append(c.hover.X, 100*at[i]), append(c.hover.At, name)
	}
	for _, l := range list {
		if l.Max == 0 {
			continue
		}
		one, texts := chartLine{Name: l.name, Note: "median " + milliseconds(l.P50), Style: len(c.Lines) % styles}, make([]string, places)
		for i, v := range value(l.Latency) {
			texts[i] = milliseconds(v)
			one.line = append(one.line, plots.Spot{X: at[i], Y: height(v)})
		}
		c.Lines, c.hover.Names, c.hover.Texts = append(c.Lines, one), append(c.hover.Names, l.name), append(c.hover.Texts, texts)
	}
	return c
}

// powers makes an axis for times from the least to the most, in seconds, each
// line of which is ten times the one below. It gives back the height of a time,
// from 0 to 1.
func (c *chart) powers(least, most float64) func(engine.Time) float64 {
	bottom, top := math.Floor(math.Log10(least)), math.Ceil(math.Log10(most)+0.05)
	c.top, c.YTitle = (top-bottom)*1.06, "time, each line ten times the one below"
	for v := bottom; v <= top; v++ {
		label := words.Number(int(math.Pow(10, v))) + " s"
		if v < 0 {
			label = strconv.FormatFloat(math.Pow(10, v+3), 'f', -1, 64) + " ms"
		}
		c.YTicks = append(c.YTicks, chartTick{At: c.y(v - bottom), Label: label})
	}
	return func(t engine.Time) float64 { return max(0, math.Log10(max(t.Seconds(), 1e-9))-bottom) / c.top }
}
