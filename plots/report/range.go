package report

import (
	"fmt"
	"slices"

	"highwater/engine"
	"highwater/plots"
	"highwater/sim/result"
	"highwater/sim/result/words"
)

// addRanges draws what the replications need in each stretch of time: the mean,
// and a band with nine tenths of them.
func (r *Report) addRanges(k *courses) {
	list := k.ranges()
	if list == nil || k.of < 2 {
		return
	}
	highest := 0.0
	for _, one := range list {
		for _, x := range one.Ranges {
			highest = max(highest, float64(x.High), x.Mean)
		}
	}
	first := list[0].Ranges
	c := &chart{ID: "range", LimitX: -1, LimitY: -1, right: k.clock.end.Seconds(), YTitle: "units needed"}
	c.timed(k.clock, highest, k.limit)
	for i, x := range first {
		c.hover.X = append(c.hover.X, c.x((x.At+until(first, i, k.clock.end)).Seconds()/2))
		c.hover.At = append(c.hover.At, "from "+k.clock.at(x.At))
	}
	t := &table{Head: []string{"from"}}
	for _, x := range first {
		t.Rows = append(t.Rows, []string{k.clock.at(x.At)})
	}
	for i := range list {
		c.addRange(&list[i], i)
		t.Head = append(t.Head, list[i].name+": mean", "5 %", "95 %")
		for j, x := range list[i].Ranges {
			t.Rows[j] = append(t.Rows[j], decimal(x.Mean), words.Number(x.Low), words.Number(x.High))
		}
	}
	r.add(section{Title: "Units over time in all runs", Chart: c, Table: t, Text: fmt.Sprintf(
		"The most that is needed in each stretch of %s, if nobody is refused: the mean over %s, and shaded from what is enough for 5 %% of them to what is enough for 95 %%.",
		words.LongSpan(until(first, 0, k.clock.end)), words.Plural(k.of, "replication"))})
}

// until is the end of a stretch.
func until(list []result.Range, i int, end engine.Time) engine.Time {
	if i+1 < len(list) {
		return list[i+1].At
	}
	return end
}

// ranges are the courses whose ranges differ, those of keys that need the same
// together; nil where a result has none.
func (k *courses) ranges() (list []course) {
	for _, one := range k.list {
		if len(one.Ranges) == 0 || len(one.Ranges) != len(k.list[0].Ranges) {
			return nil
		}
		same := func(c course) bool {
			return slices.Equal(c.Ranges, one.Ranges) && c.counted.LimitOn == one.counted.LimitOn
		}
		if i := slices.IndexFunc(list, same); i >= 0 && k.what == "side" {
			list[i].name += ", " + one.name
			continue
		}
		if byConnections(one.counted) {
			one.name += " (connections)"
		}
		list = append(list, one)
	}
	return list
}

// addRange draws a course's range.
func (c *chart) addRange(k *course, i int) {
	var mean, over, under stairs
	texts := make([]string, len(c.hover.X))
	for j, x := range k.Ranges {
		at := x.At.Seconds()
		mean.to(c.spot(at, x.Mean))
		over.to(c.spot(at, float64(x.High)))
		under.to(c.spot(at, float64(x.Low)))
		texts[j] = decimal(x.Mean) + " (" + words.Number(x.Low) + "–" + words.Number(x.High) + ")"
	}
	for _, s := range []*stairs{&mean, &over, &under} {
		s.until(1)
	}
	slices.Reverse(under)
	c.Lines = append(c.Lines, chartLine{Name: k.name, line: mean, bands: [][]plots.Spot{append(over, under...)}, Style: i % styles})
	c.hover.Names, c.hover.Texts = append(c.hover.Names, k.name), append(c.hover.Texts, texts)
}
