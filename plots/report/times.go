package report

import (
	"math"
	"slices"

	"highwater/engine"
	"highwater/plots"
	"highwater/sim/result"
	"highwater/sim/result/words"
)

// A timeSeries is a line over time.
type timeSeries struct {
	name    string
	samples []result.Sample
	drawn   []result.Stretch // instead of samples, when there are none
	dots    []result.Point   // instead of both
	from    engine.Time      // of the stretches and dots, which the chart begins with
	demand  bool             // what is needed, if nobody is refused
	byConns bool             // connections are what is counted
	peak    *plots.Mark
	refusal *plots.Mark
	until   engine.Time // it is known; 0 is to the end
	note    string
}

// newTimes draws lines over time.
func newTimes(id string, cl clock, limit int, list []timeSeries) *chart {
	end := cl.end.Seconds()
	c := &chart{ID: id, LimitX: -1, LimitY: -1, right: end, YTitle: "license units"}
	if !slices.ContainsFunc(list, func(s timeSeries) bool { return !s.byConns }) {
		c.YTitle = "connections"
	}
	c.times = &plots.UnitsOverTime{Start: cl.start, End: end, Limit: limit, Axis: c.YTitle}
	all := make([][]plots.Range, len(list))
	highest := 0.0
	for i := range list {
		points := list[i].points(cl.end)
		c.times.Series = append(c.times.Series, plots.Series{Name: list[i].name, Points: points, End: list[i].until.Seconds(), Peak: list[i].peak, FirstRefusal: list[i].refusal, Dots: list[i].dots != nil})
		all[i] = plots.Ranges(points, end, columns)
		for _, r := range all[i] {
			highest = max(highest, r.High)
		}
	}
	c.timed(cl, highest, limit)
	for i := range columns {
		c.hover.X = append(c.hover.X, round(100*(float64(i)+0.5)/columns))
		c.hover.At = append(c.hover.At, plots.Stamp(cl.start, end, end*float64(i)/columns))
	}
	for i := range list {
		known := columns
		if list[i].until > 0 {
			known = min(columns, int(math.Ceil(list[i].until.Seconds()/end*columns)))
		}
		c.addTimes(&list[i], all[i][:known], i)
	}
	c.fewWords()
	return c
}

// timed gives a chart over time its axes and its limit.
func (c *chart) timed(cl clock, highest float64, limit int) {
	most := float64(limit)
	if most > 4*highest {
		most = 0 // the limit is far above
	}
	c.scale(max(most, highest, 1), nil)
	ticks, title := plots.TimeTicks(cl.start, cl.end.Seconds(), 12)
	c.ticks(ticks)
	c.XTitle = title
	if most > 0 {
		c.limit = most
		c.LimitY, c.LimitName = c.y(most), "limit "+words.Number(limit)
	}
}

func (s *timeSeries) points(end engine.Time) []plots.Point {
	if s.dots != nil {
		return s.sampled(end)
	}
	if s.drawn != nil {
		return s.stretches(end)
	}
	list := make([]plots.Point, 0, len(s.samples))
	for _, sample := range s.samples {
		if sample.At > end {
			break
		}
		list = append(list, plots.Point{At: sample.At.Seconds(), Units: float64(s.value(sample))})
	}
	return list
}

// sampled are the points that are drawn alone.
func (s *timeSeries) sampled(end engine.Time) (list []plots.Point) {
	for _, d := range s.dots {
		if at := d.At - s.from; at >= 0 && at <= end {
			list = append(list, plots.Point{At: at.Seconds(), Units: float64(d.Units)})
		}
	}
	return list
}

// stretches are the points of a line of which only stretches are known.
func (s *timeSeries) stretches(end engine.Time) (list []plots.Point) {
	for _, d := range s.drawn {
		at := min(max(d.At-s.from, 0), end)
		list = append(list, plots.Point{At: at.Seconds(), Units: float64(d.High), Low: float64(d.Low), High: float64(d.High)})
	}
	return list
}

// most is the most in the stretches that have a part of a time.
func (s *timeSeries) most(from, until engine.Time) float64 {
	high := 0
	for i, d := range s.drawn {
		if d.At < until && (i+1 == len(s.drawn) || s.drawn[i+1].At > from) {
			high = max(high, d.High)
		}
	}
	return float64(high)
}

// value is what is counted of a sample.
func (s *timeSeries) value(sample result.Sample) int {
	if s.byConns {
		return sample.Connections
	}
	return sample.Units
}

func (c *chart) addTimes(s *timeSeries, ranges []plots.Range, i int) {
	texts := make([]string, columns)
	for j := range texts {
		texts[j] = "–"
	}
	for j, r := range ranges {
		texts[j] = decimal(r.High)
		if r.Low < r.High {
			texts[j] = decimal(r.Low) + "–" + decimal(r.High)
		}
	}
	c.hover.Names = append(c.hover.Names, s.name)
	c.hover.Texts = append(c.hover.Texts, texts)
	if s.dots != nil {
		c.addDots(s, texts, i)
	} else {
		c.Lines = append(c.Lines, chartLine{Name: s.name, Note: s.note, Style: i % styles, line: c.steps(ranges), bands: c.bands(ranges), overs: c.overs(ranges)})
	}
	stamp := func(m *plots.Mark) string { return plots.Stamp(c.times.Start, c.times.End, m.At) }
	if s.peak != nil {
		c.Marks = append(c.Marks, chartMark{c.x(s.peak.At), c.y(s.peak.Units), "peak", i % styles, i, decimal(s.peak.Units) + " at " + stamp(s.peak)})
	}
	if s.refusal != nil {
		c.Marks = append(c.Marks, chartMark{c.x(s.refusal.At), 0, "refusal", i % styles, i, "first refusal " + plots.Exact(c.times.Start, c.times.End, s.refusal.At)})
	}
}

// addDots draws samples. Read is the last one before a place, with its instant.
func (c *chart) addDots(s *timeSeries, texts []string, i int) {
	one := chartLine{Name: s.name, Note: s.note, Style: i % styles, Dots: true}
	points, next := c.times.Series[i].Points, 0
	for _, p := range points {
		one.line = append(one.line, c.spot(p.At, p.Units))
	}
	for j := range texts {
		for next < len(points) && points[next].At <= c.times.End*float64(j+1)/columns {
			next++
		}
		if next == 0 {
			texts[j] = "–"
		} else if p := points[next-1]; texts[j] != "–" { // it is not over
			texts[j] = decimal(p.Units) + " in the sample of " + plots.Exact(c.times.Start, c.times.End, p.At)
		}
	}
	c.Lines = append(c.Lines, one)
}

// fewWords leaves the highest peak and the first refusal their words: the legend
// has the others.
func (c *chart) fewWords() {
	kept := map[string]*chartMark{}
	for i := range c.Marks {
		m := &c.Marks[i]
		k := kept[m.Kind]
		if k == nil || m.Kind == "peak" && m.Y < k.Y || m.Kind == "refusal" && m.X < k.X {
			kept[m.Kind] = m
		}
	}
	for i := range c.Marks {
		if m := &c.Marks[i]; m != kept[m.Kind] {
			m.Text = ""
		}
	}
}

// Stairs are a line of steps: each level holds up to the next one's place.
type stairs []plots.Spot

func (s *stairs) to(next plots.Spot) {
	if n := len(*s); n > 0 {
		last := (*s)[n-1]
		if last.Y == next.Y {
			return
		}
		*s = append(*s, plots.Spot{X: next.X, Y: last.Y})
	}
	*s = append(*s, next)
}

func (s *stairs) until(x float64) {
	if n := len(*s); n > 0 {
		*s = append(*s, plots.Spot{X: x, Y: (*s)[n-1].Y})
	}
}

// steps is a line of steps along the highest of the ranges.
func (c *chart) steps(ranges []plots.Range) []plots.Spot {
	var line stairs
	for i, r := range ranges {
		line.to(plots.Spot{X: float64(i) / columns, Y: r.High / c.top})
	}
	line.until(float64(len(ranges)) / columns)
	return line
}

// bands are the areas between the lowest and the highest of each range.
func (c *chart) bands(ranges []plots.Range) (list [][]plots.Spot) {
	for i := 0; i < len(ranges); i++ {
		r := ranges[i]
		if r.Low == r.High {
			continue
		}
		j := i
		for j+1 < len(ranges) && ranges[j+1] == r {
			j++
		}
		left, right := float64(i)/columns, float64(j+1)/columns
		low, high := r.Low/c.top, r.High/c.top
		list = append(list, []plots.Spot{{X: left, Y: high}, {X: right, Y: high}, {X: right, Y: low}, {X: left, Y: low}})
		i = j
	}
	return list
}

// overs are the areas above the limit.
func (c *chart) overs(ranges []plots.Range) [][]plots.Spot {
	if c.LimitY < 0 {
		return nil
	}
	over := make([]plots.Range, len(ranges))
	for i, r := range ranges {
		over[i] = plots.Range{Low: c.limit, High: max(c.limit, r.High)}
	}
	return c.bands(over)
}
