package report

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"highwater/engine"
	"highwater/plots"
	"highwater/sim/result"
	"highwater/sim/result/words"
)

// The area of lines, which is stretched to the page. Labels stand beside it,
// in the page's own type, so that they keep their size.
const (
	areaWidth  = 1000.0
	areaHeight = 300.0
)

// columns is how many stretches a line over time is drawn by.
const columns = 900

// A chart has lines over an axis, and labels beside them.
type chart struct {
	ID             string
	Lines          []chartLine
	XTicks, YTicks []chartTick
	XTitle, YTitle string
	LimitX, LimitY float64 // in percent of the area; negative for none
	LimitName      string
	Marks          []chartMark

	left, right, top float64 // of the axes
	limit            float64
	hover            hover
}

// Says is the chart in words, for those who do not see it.
func (c *chart) Says() string {
	parts := []string{"Chart of " + c.YTitle + " by " + c.XTitle + "; arrow keys read values"}
	for _, l := range c.Lines {
		parts = append(parts, strings.TrimSpace(l.Name+" "+l.Note))
	}
	if c.LimitName != "" {
		parts = append(parts, c.LimitName)
	}
	return strings.Join(parts, "; ")
}

// A chartLine is a line with a band, and a name in the legend.
type chartLine struct {
	Name, Note string
	Path, Band string // of SVG
	Over       string // above the limit
	Style      int    // color and dashes
}

// A chartTick is a label at a place, in percent. Coarse ones stay where there
// is little room.
type chartTick struct {
	At, Mid float64
	Label   string
	Coarse  bool
	Edge    string // start or end where the label would leave the chart
}

// A chartMark is a point worth pointing out, in percent.
type chartMark struct {
	X, Y  float64
	Kind  string // peak or refusal
	Style int
	Line  int
}

// A hover is what is read from a chart at places from left to right.
type hover struct {
	X     []float64  `json:"x"` // percent
	At    []string   `json:"at"`
	Names []string   `json:"names"`
	Texts [][]string `json:"texts"` // by line
}

// styles is how many lines can be told apart.
const styles = 6

func (c *chart) x(v float64) float64 { return round(100 * (v - c.left) / (c.right - c.left)) }
func (c *chart) y(v float64) float64 { return round(100 - 100*v/c.top) }

func round(v float64) float64 { return math.Round(v*100) / 100 }

func coord(v float64) string { return strconv.FormatFloat(math.Round(v*10)/10, 'f', -1, 64) }

// ticks places the ticks of an axis.
func (c *chart) ticks(list []plots.Tick) {
	labelled := 0
	for _, t := range list {
		if t.Label != "" {
			labelled++
		}
	}
	every, seen := (labelled+3)/4, 0
	for _, t := range list {
		tick := chartTick{At: c.x(t.At), Mid: c.x(t.Mid), Label: t.Label}
		switch {
		case tick.Mid < 5:
			tick.Edge = "start"
		case tick.Mid > 95:
			tick.Edge = "end"
		}
		if t.Label != "" {
			tick.Coarse = seen%max(every, 1) == 0
			seen++
		}
		c.XTicks = append(c.XTicks, tick)
	}
}

func (c *chart) scale(most float64, format func(float64) string) {
	c.top = max(most, 1e-9) * 1.06
	for _, t := range plots.NumberTicks(c.top) {
		label := t.Label
		if format != nil {
			label = format(t.At)
		}
		c.YTicks = append(c.YTicks, chartTick{At: c.y(t.At), Label: label})
	}
}

// A timeSeries is a line over time.
type timeSeries struct {
	name     string
	samples  []result.Sample
	byConns  bool // connections are what is counted
	peak     engine.Time
	refusal  *engine.Time
	peakText string
}

// newTimes draws lines over time.
func newTimes(id string, cl clock, limit int, list []timeSeries) *chart {
	end := cl.end.Seconds()
	c := &chart{ID: id, LimitX: -1, LimitY: -1, right: end, YTitle: "units in use"}
	most, all := float64(limit), make([][]plots.Range, len(list))
	highest := 0.0
	for i := range list {
		all[i] = plots.Ranges(list[i].points(cl.end), end, columns)
		for _, r := range all[i] {
			highest = max(highest, r.High)
		}
	}
	if most > 4*highest {
		most = 0 // the limit is far above
	}
	c.scale(max(most, highest, 1), nil)
	ticks, title := plots.TimeTicks(cl.start, end, 12)
	c.ticks(ticks)
	c.XTitle = title
	if most > 0 {
		c.limit = most
		c.LimitY, c.LimitName = c.y(most), "limit "+words.Number(limit)
	}
	for i := range columns {
		c.hover.X = append(c.hover.X, round(100*(float64(i)+0.5)/columns))
		c.hover.At = append(c.hover.At, plots.Stamp(cl.start, end, end*float64(i)/columns))
	}
	for i := range list {
		c.addTimes(&list[i], all[i], i, cl)
	}
	return c
}

func (s *timeSeries) points(end engine.Time) []plots.Point {
	list := make([]plots.Point, 0, len(s.samples))
	for _, sample := range s.samples {
		if sample.At > end {
			break
		}
		list = append(list, plots.Point{At: sample.At.Seconds(), Units: float64(s.value(sample))})
	}
	return list
}

// value is what is counted of a sample.
func (s *timeSeries) value(sample result.Sample) int {
	if s.byConns {
		return sample.Connections
	}
	return sample.Units
}

func (c *chart) addTimes(s *timeSeries, ranges []plots.Range, i int, cl clock) {
	texts := make([]string, len(ranges))
	highest := 0.0
	for j, r := range ranges {
		texts[j] = decimal(r.High)
		if r.Low < r.High {
			texts[j] = decimal(r.Low) + "–" + decimal(r.High)
		}
		highest = max(highest, r.High)
	}
	c.hover.Names = append(c.hover.Names, s.name)
	c.hover.Texts = append(c.hover.Texts, texts)
	c.Lines = append(c.Lines, chartLine{Name: s.name, Note: s.peakText, Style: i % styles,
		Path: c.stepPath(ranges, func(r plots.Range) float64 { return r.High }), Band: c.bandPath(ranges), Over: c.overPath(ranges)})
	c.Marks = append(c.Marks, chartMark{c.x(s.peak.Seconds()), c.y(highest), "peak", i % styles, i})
	if s.refusal != nil {
		c.Marks = append(c.Marks, chartMark{c.x(s.refusal.Seconds()), 0, "refusal", i % styles, i})
	}
}

// stepPath is a step line through the ranges.
func (c *chart) stepPath(ranges []plots.Range, level func(plots.Range) float64) string {
	var b strings.Builder
	last := ""
	for i, r := range ranges {
		y := coord(c.y(level(r)) / 100 * areaHeight)
		x := coord(areaWidth * float64(i) / float64(len(ranges)))
		switch {
		case i == 0:
			b.WriteString("M0 " + y)
		case y != last:
			b.WriteString("H" + x + "V" + y)
		}
		last = y
	}
	b.WriteString("H" + coord(areaWidth))
	return b.String()
}

// bandPath is the area between the lowest and the highest of each range.
func (c *chart) bandPath(ranges []plots.Range) string {
	var b strings.Builder
	n := float64(len(ranges))
	for i := 0; i < len(ranges); i++ {
		r := ranges[i]
		if r.Low == r.High {
			continue
		}
		j := i
		for j+1 < len(ranges) && ranges[j+1] == r {
			j++
		}
		fmt.Fprintf(&b, "M%s %sH%sV%sH%sZ", coord(areaWidth*float64(i)/n), coord(c.y(r.High)/100*areaHeight),
			coord(areaWidth*float64(j+1)/n), coord(c.y(r.Low)/100*areaHeight), coord(areaWidth*float64(i)/n))
		i = j
	}
	return b.String()
}

// overPath is what lies above the limit.
func (c *chart) overPath(ranges []plots.Range) string {
	if c.LimitY < 0 {
		return ""
	}
	over := make([]plots.Range, len(ranges))
	for i, r := range ranges {
		over[i] = plots.Range{Low: c.limit, High: max(c.limit, r.High)}
	}
	return c.bandPath(over)
}

// newCurve is a chart of a share from 0 to 1 over a number of units.
func newCurve(id string, low, high int) *chart {
	room := max(float64(high-low)*0.04, 1)
	c := &chart{ID: id, LimitX: -1, LimitY: -1, left: float64(low) - room, right: float64(high) + room, XTitle: "units on the key", YTitle: "risk of any refusal"}
	c.top = 1.04
	for i := range 6 {
		v := float64(i) / 5
		c.YTicks = append(c.YTicks, chartTick{At: c.y(v), Label: percent(v)})
	}
	var list []plots.Tick
	step := 1
	for i := 0; (high-low)/step > 9; i++ {
		step = []int{1, 2, 5}[i%3] * int(math.Pow10(i/3))
	}
	for v := (low + step - 1) / step * step; v <= high; v += step {
		list = append(list, plots.Tick{At: float64(v), Label: words.Number(v), Mid: float64(v)})
	}
	c.ticks(list)
	for v := low; v <= high; v += max((high-low)/columns, 1) {
		c.hover.X = append(c.hover.X, c.x(float64(v)))
		c.hover.At = append(c.hover.At, words.Plural(v, "unit"))
	}
	return c
}

// addRisk draws the risk by units as steps, each of which holds up to the next
// number of units that differs.
func (c *chart) addRisk(name string, curve []result.Risk) {
	i := len(c.Lines)
	var line, over, under strings.Builder
	at := func(units int) string { return coord(c.x(float64(units)) / 100 * areaWidth) }
	level := func(v float64) string { return coord(c.y(v) / 100 * areaHeight) }
	for j, k := range curve {
		if j == 0 {
			fmt.Fprintf(&line, "M0 %sH%sV%s", level(1), at(k.Units), level(k.Risk))
			fmt.Fprintf(&over, "M%s %s", at(k.Units), level(k.High))
			continue
		}
		fmt.Fprintf(&line, "H%sV%s", at(k.Units), level(k.Risk))
		fmt.Fprintf(&over, "H%sV%s", at(k.Units), level(k.High))
	}
	fmt.Fprintf(&line, "H%s", coord(areaWidth))
	fmt.Fprintf(&over, "H%s", coord(areaWidth))
	for j := len(curve) - 1; j >= 0; j-- {
		fmt.Fprintf(&under, "V%sH%s", level(curve[j].Low), at(curve[j].Units))
	}
	c.Lines = append(c.Lines, chartLine{Name: name, Path: line.String(), Band: over.String() + under.String() + "Z", Style: i % styles})
	c.hover.Names = append(c.hover.Names, name)
	c.hover.Texts = append(c.hover.Texts, c.riskTexts(curve))
}

func (c *chart) riskTexts(curve []result.Risk) []string {
	texts := make([]string, len(c.hover.X))
	j := 0
	for i, x := range c.hover.X {
		for j < len(curve) && c.x(float64(curve[j].Units)) <= x {
			j++
		}
		switch {
		case j == 0:
			texts[i] = percent(1)
		default:
			texts[i] = percent(curve[j-1].Risk) + " (" + percent(curve[j-1].Low) + " to " + percent(curve[j-1].High) + ")"
		}
	}
	return texts
}

// limitAt marks a number of units on the axis.
func (c *chart) limitAt(units int) {
	if at := c.x(float64(units)); at >= 0 && at <= 100 {
		c.LimitX, c.LimitName = at, "present key "+words.Number(units)
	}
}

// A slider tells the risk by the number of units.
type slider struct {
	Name  string    `json:"name"`
	Units []string  `json:"units"`
	X     []float64 `json:"x"` // on the chart of the risk, percent
	Texts []string  `json:"texts"`
	Begin int       `json:"begin"` // index

	keys []int
}

func (s *slider) add(x float64, k *result.Risk, n int, limitOn, when string) {
	s.keys = append(s.keys, k.Units)
	s.Units = append(s.Units, words.Number(k.Units)+" "+limitOn)
	s.X = append(s.X, x)
	text := fmt.Sprintf("risk %s (%s to %s), %s of %s runs refuse somebody", percent(k.Risk), percent(k.Low), percent(k.High), words.Number(k.Count), words.Number(n))
	if k.Median != nil {
		text += "; half of the runs have refused somebody by " + when
	} else {
		text += "; fewer than half of the runs refuse anybody"
	}
	s.Texts = append(s.Texts, text)
}

// start puts the slider at the present key, or next to it.
func (s *slider) start(k *result.Key) {
	s.Begin = len(s.keys) - 1
	if k == nil {
		return
	}
	for i, units := range s.keys {
		if units >= k.Limit {
			s.Begin = i
			return
		}
	}
}
