package report

import (
	"fmt"
	"math"

	"highwater/engine"
	"highwater/plots"
	"highwater/sim/result"
	"highwater/sim/result/words"
)

// addLoad shows how much was sent when, and how long it took.
func (r *Report) addLoad(s *result.Attack, c clock) {
	x := s.Sent
	if len(x.OverTime) < 2 || s.To <= s.From || x.Stretch <= 0 {
		return
	}
	each := words.Span(x.Stretch)
	t := &table{Head: []string{"from", "attempts", "refused", "failed"}}
	times := &table{Head: []string{"from", "response: 50 %", "99 %"}}
	most, worst := &x.OverTime[0], &x.OverTime[0]
	for i := range x.OverTime {
		k := &x.OverTime[i]
		if k.Requests > most.Requests {
			most = k
		}
		if k.P99 > worst.P99 {
			worst = k
		}
		t.Rows = append(t.Rows, []string{c.at(k.At), words.Number(k.Requests), words.Number(k.Refused), words.Number(k.Failed)})
		times.Rows = append(times.Rows, []string{c.at(k.At), milliseconds(k.P50), milliseconds(k.P99)})
	}
	r.add(section{
		Title: "Attempts over time", Chart: newLoad(s, c), Table: t,
		Text: fmt.Sprintf("By when they were sent, in stretches of %s of the scenario; most from %s on, %s.", each, c.at(most.At), words.Plural(most.Requests, "attempt")),
	})
	if ch := newLatencies(s, c); ch != nil {
		r.add(section{
			Title: "Response over time", Chart: ch, Table: times,
			Text: fmt.Sprintf("From the planned instant to the answer, by when requests were sent, in the same stretches; the 99th percentile is highest from %s on, %s. One of fewer than 100 requests is the longest.",
				c.at(worst.At), milliseconds(worst.P99)),
		})
	}
}

// overTime begins a chart over the window of an attack. Its values are read
// where stretches are.
func overTime(id string, s *result.Attack, c clock) *chart {
	ch := &chart{ID: id, LimitX: -1, LimitY: -1, right: (s.To - s.From).Seconds()}
	window := clock{end: s.To - s.From}
	if !c.start.IsZero() {
		window.start = c.wall(s.From)
	}
	ticks, title := plots.TimeTicks(window.start, ch.right, 12)
	ch.ticks(ticks)
	ch.XTitle = title
	for i := range s.Sent.OverTime {
		at := s.Sent.OverTime[i].At
		ch.hover.X = append(ch.hover.X, ch.x(ch.middle(s, at)))
		ch.hover.At = append(ch.hover.At, c.at(at))
	}
	return ch
}

// middle is that of the stretch that begins at an instant, on the axis.
func (c *chart) middle(s *result.Attack, at engine.Time) float64 {
	return min((at - s.From + s.Sent.Stretch/2).Seconds(), c.right)
}

// newLoad draws the attempts in each stretch.
func newLoad(s *result.Attack, c clock) *chart {
	ch := overTime("load", s, c)
	list := s.Sent.OverTime
	most, total := 0.0, [3]int64{}
	counts := func(k *result.AttackStretch) [3]int64 { return [3]int64{k.Requests, k.Refused, k.Failed} }
	for i := range list {
		most = max(most, float64(list[i].Requests))
		for j, n := range counts(&list[i]) {
			total[j] += n
		}
	}
	ch.scale(most, nil)
	ch.YTitle = "attempts in each " + words.Span(s.Sent.Stretch)
	for j, name := range []string{"all", "refused", "failed"} {
		if total[j] == 0 {
			continue
		}
		one, texts := chartLine{Name: name, Note: words.Number(total[j]), Style: j}, []string{}
		var line stairs
		end := 0.0
		for i := range list {
			from := (list[i].At - s.From).Seconds()
			if from > end {
				line.to(ch.spot(end, 0)) // nothing was sent
			}
			n := counts(&list[i])[j]
			line.to(ch.spot(from, float64(n)))
			texts = append(texts, words.Number(n))
			end = min(from+s.Sent.Stretch.Seconds(), ch.right)
		}
		if end < ch.right {
			line.to(ch.spot(end, 0))
		}
		line.until(1)
		one.line = line
		ch.Lines, ch.hover.Names, ch.hover.Texts = append(ch.Lines, one), append(ch.hover.Names, name), append(ch.hover.Texts, texts)
	}
	return ch
}

// newLatencies draws percentiles of the responses of each stretch; nil without
// any.
func newLatencies(s *result.Attack, c clock) *chart {
	least, most := math.Inf(1), 0.0
	for i := range s.Sent.OverTime {
		if k := &s.Sent.OverTime[i]; k.P50 > 0 {
			least, most = min(least, k.P50.Seconds()), max(most, k.P99.Seconds())
		}
	}
	if most == 0 {
		return nil
	}
	ch := overTime("response", s, c)
	height := ch.powers(least, most)
	for j, name := range []string{"99th percentile", "median"} {
		one, texts := chartLine{Name: name, Style: j}, []string{}
		for i := range s.Sent.OverTime {
			k := &s.Sent.OverTime[i]
			v := []engine.Time{k.P99, k.P50}[j]
			texts = append(texts, milliseconds(v))
			if v > 0 {
				one.line = append(one.line, plots.Spot{X: ch.x(ch.middle(s, k.At)) / 100, Y: height(v)})
			}
		}
		ch.Lines, ch.hover.Names, ch.hover.Texts = append(ch.Lines, one), append(ch.hover.Names, name), append(ch.hover.Texts, texts)
	}
	return ch
}
