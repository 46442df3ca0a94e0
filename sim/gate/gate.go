// Package gate judges results: by the expectations of a scenario, and by a
// baseline. What the numbers cannot decide is inconclusive, never a pass.
package gate

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"highwater/scenario"
	"highwater/sim/result"
	"highwater/sim/stats"
)

// A Source is what is judged.
type Source interface {
	// Begin says what is judged, and fills in what a later gate compares with.
	Begin() *result.Gate
	// look says what is known of the figure that an expectation limits.
	look(e *scenario.Expectation) look
}

// A look is what is known of a figure.
type look struct {
	unit   string
	most   float64   // in the unit
	values []float64 // of the runs, or of the only one
	runs   bool      // values are of runs; else the figure is what it is
	over   int       // runs with more, when the values are not known
	n      int       // runs, or requests that a number is made of
	low    *float64  // limits of a figure that is not one of runs
	high   *float64
	shown  bool   // the limits are told, and the figure is judged by itself
	bare   string // why it has no limits, or ""
	note   string // what else there is to say, or ""
	why    string // nothing is known, and why
	other  bool   // because it is asked of another kind of result
}

// unknown is a look at what is not there.
func unknown(format string, args ...any) look { return look{why: fmt.Sprintf(format, args...)} }

// elsewhere is a look at what is asked of another kind of result.
func elsewhere(why string) look { return look{why: why, other: true} }

// ofReal is why what is asked of real requests is not to be had of others.
const ofReal = "it is asked of the result of highwater attack"

// Judge judges a source by expectations.
func Judge(s Source, list []scenario.Expectation) *result.Gate {
	g := s.Begin()
	for i := range list {
		e := &list[i]
		l := s.look(e)
		j := judged(e, &l)
		g.Expectations = append(g.Expectations, j)
	}
	g.Verdict = Verdict(g)
	return g
}

// Verdict is the verdict on all: that of the worst part, and inconclusive when
// there is nothing to judge.
func Verdict(g *result.Gate) result.Judgement {
	var list []result.Judgement
	for i := range g.Expectations {
		list = append(list, g.Expectations[i].Verdict)
	}
	if g.Baseline != nil {
		list = append(list, g.Baseline.Verdict)
	}
	return worst(list)
}

func worst(list []result.Judgement) result.Judgement {
	list = slices.DeleteFunc(list, func(v result.Judgement) bool { return v == result.Skipped })
	switch {
	case slices.Contains(list, result.Fail):
		return result.Fail
	case len(list) == 0 || slices.Contains(list, result.CannotTell):
		return result.CannotTell
	}
	return result.Pass
}

func judged(e *scenario.Expectation, l *look) result.Judged {
	j := result.Judged{
		Name: Title(e), Figure: e.Figure.String(), Unit: l.unit, Most: l.most, Policy: e.Policy, Cohort: e.Cohort,
		File: e.Pos.File, Line: e.Pos.Line, Column: e.Pos.Column, Verdict: result.CannotTell, Why: l.why,
	}
	switch {
	case l.why != "":
		j.Most = e.Most
		if l.other {
			j.Verdict = result.Skipped
		}
	case l.runs:
		ofRuns(&j, e, l)
	default:
		ofOne(&j, l)
	}
	return j
}

// slack is the relative error that a comparison forgives.
const slack = 1e-9

// ofRuns judges a figure of runs: by the share of them that have more. Both
// limits of the share have the confidence each, so that neither pass nor fail
// is wrong more often than that.
func ofRuns(j *result.Judged, e *scenario.Expectation, l *look) {
	both := 2*e.Confidence - 1
	j.Risk, j.Confidence = e.Risk, e.Confidence
	over, n := l.over, l.n
	if l.values != nil {
		over, n = 0, len(l.values)
		for _, v := range l.values {
			if v > l.most {
				over++
			}
		}
		quantile(j, l.values, both)
	}
	switch {
	case n == 0:
		j.Why = "there is no run"
		return
	case over < 0 || over > n:
		j.Why = fmt.Sprintf("the result says that %d of %d runs have more", over, n)
		return
	}
	o := &result.RunsOver{Count: over, N: n}
	o.Low, o.High = stats.ClopperPearson(over, n, both)
	j.Over = o
	if l.values == nil { // their share is all that is known
		j.Unit, j.Most, j.Value, j.Low, j.High = "", e.Risk, new(float64(over)/float64(n)), &o.Low, &o.High
		j.Margin = new(j.Most - *j.Value)
	}
	text := fmt.Sprintf("%d of %s more: %s to %s of all would", over, have(n), percent(o.Low), percent(o.High))
	switch {
	case o.High <= e.Risk*(1+slack):
		j.Verdict, j.Why = result.Pass, text
	case o.Low > e.Risk*(1+slack):
		j.Verdict, j.Why = result.Fail, text
	default:
		j.Why = text
		if least := stats.LeastSamples(1-e.Risk, e.Confidence); n < least {
			j.Why += fmt.Sprintf("; it takes at least %d runs to tell", least)
		} else {
			j.Why += "; more runs may tell"
		}
	}
}

func have(n int) string {
	if n == 1 {
		return "1 run has"
	}
	return strconv.Itoa(n) + " runs have"
}

// quantile fills in the figure that all but the risk of the runs keep to.
func quantile(j *result.Judged, values []float64, confidence float64) {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	if n == 0 {
		return
	}
	j.Value = new(stats.Quantile(sorted, 1-j.Risk))
	j.Margin = new(j.Most - *j.Value)
	low, high, _ := stats.QuantileRanks(n, 1-j.Risk, confidence)
	if low >= 1 {
		j.Low = new(sorted[low-1])
	}
	if high <= n {
		j.High = new(sorted[high-1])
	}
}

// ofOne judges a figure that is what it is, or has limits of its own.
func ofOne(j *result.Judged, l *look) {
	v := l.values[0]
	j.Value, j.Margin, j.Low, j.High = new(v), new(l.most-v), l.low, l.high
	low, high := v, v
	if l.low != nil && !l.shown {
		low, high = *l.low, *l.high
	}
	switch {
	case high <= l.most*(1+slack):
		j.Verdict, j.Why = result.Pass, "it is at most that"
	case low > l.most*(1+slack):
		j.Verdict, j.Why = result.Fail, "it is more"
	default:
		j.Why = "its interval holds the limit"
	}
	if l.n > 0 {
		j.Why += fmt.Sprintf(", of %d requests", l.n)
	}
	if l.bare != "" {
		j.Why += "; no interval: " + l.bare
	}
	j.Why += l.note
}

// Title is what an expectation is called, by its name or by what it says.
func Title(e *scenario.Expectation) string {
	if e.Name != "" {
		return e.Name
	}
	title := e.Figure.String()
	if e.Percentile > 0 {
		title += " p" + number(100*e.Percentile)
	}
	switch {
	case e.OfKey:
		title += " <= " + percent(e.Most) + " of the key"
	case e.Figure == scenario.Failures:
		title += " <= " + percent(e.Most)
	case (e.Figure == scenario.Latency || e.Figure == scenario.Lag) && e.Most < 1:
		title += " <= " + number(1000*e.Most) + " ms"
	case e.Figure == scenario.Latency || e.Figure == scenario.Lag:
		title += " <= " + number(e.Most) + " s"
	default:
		title += " <= " + number(e.Most)
	}
	if e.Cohort != "" {
		title += " of " + e.Cohort
	}
	for _, w := range []struct {
		word string
		edge scenario.Edge
	}{{"after", e.After}, {"before", e.Before}} {
		if w.edge.Since != scenario.NoEdge {
			title += " " + w.word + " " + edgeText(w.edge)
		}
	}
	if e.Policy != "" {
		title += ", policy " + e.Policy
	}
	return title
}

func edgeText(e scenario.Edge) string {
	seconds := int64(math.Round(e.At.Seconds()))
	text := fmt.Sprintf("%02d:%02d", seconds/3600, seconds/60%60)
	if seconds%60 != 0 {
		text += fmt.Sprintf(":%02d", seconds%60)
	}
	if e.Since == scenario.SinceStart {
		return "+" + text
	}
	return text
}

// number is a number with as many digits as tell it.
func number(x float64) string {
	return strings.TrimPrefix(strconv.FormatFloat(x, 'g', 6, 64), "+")
}

func percent(share float64) string { return strconv.FormatFloat(100*share, 'g', 3, 64) + " %" }
