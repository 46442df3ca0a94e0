package plots

import (
	"cmp"
	"fmt"
	"image/color"
	"math"
	"slices"
)

// Sizes in points.
const (
	chartWidth  = 720.0
	dotsPerInch = 192  // of PNG
	columnWidth = 0.75 // a pixel of a screen of 96 dots an inch, two of PNG
	dayWidth    = 4.0  // days narrower than this are drawn as one column each
	margin      = 18.0
	plotHeight  = 290.0
	legendRow   = 16.0
	swatchWidth = 34.0
	columnGap   = 18.0
	tickGap     = 22.0 // least space between labels of the time axis
	spanGap     = 5.0  // the same where labels stand between ticks
)

// The typefaces of a chart.
var (
	titleFace    = typeface{17, true}
	subtitleFace = typeface{11, false}
	headFace     = typeface{9, false}
	tableFace    = typeface{10.5, false}
	tickFace     = typeface{10, false}
	labelFace    = typeface{10.5, true}
	footFace     = typeface{8.5, false}
)

// A run is a piece of text outside the plot.
type run struct {
	face  typeface
	color color.NRGBA
	x     float64
	depth float64 // of the baseline below the upper edge of the chart
	align float64
	text  string
}

// A layout is a chart with a place for everything.
type layout struct {
	c      *UnitsOverTime
	tl     timeline
	scale  scale
	yTicks []tick
	axis   axis
	height float64  // of the whole chart
	plot   box      // the area of the lines
	steps  [][]step // one list a series
	runs   []run
	rows   []float64 // depth of the legend's rows
}

// newLayout places everything from top to bottom. The chart must have been
// checked. Without reduced the lines keep every point, for comparison.
func newLayout(c *UnitsOverTime, reduced bool) *layout {
	l := &layout{c: c, tl: c.timeline(), scale: c.scale()}
	l.yTicks = l.scale.ticks()

	depth := l.paragraph(margin, 20, titleFace, black, c.Title, 2)
	depth = l.paragraph(depth, 15, subtitleFace, gray, c.Subtitle, 2)
	if len(c.Series) > 1 {
		depth = l.legend(depth + 8)
	}
	depth += 10
	label, first := l.refusalLabel()
	if label != "" {
		depth += 16
	}
	top := depth

	left, right := margin+18.0, 0.0
	for _, t := range l.yTicks {
		left = max(left, margin+24+tickFace.width(t.label))
	}
	for _, s := range l.limitLines() {
		right = max(right, labelFace.width(s)+8)
	}
	l.plot.x0, l.plot.x1 = left, chartWidth-max(margin+right, 34)
	l.axis = l.tl.axis(l.fits)
	if label != "" {
		l.refusalRun(label, first, top-8)
	}

	cols := l.columns()
	for i := range c.Series {
		if points := c.Series[i].Points; reduced {
			l.steps = append(l.steps, reduce(points, l.until(i), cols))
		} else {
			l.steps = append(l.steps, exact(points))
		}
	}

	depth = top + plotHeight + 34
	l.say(run{tickFace, gray, (l.plot.x0 + l.plot.x1) / 2, depth, 0.5, l.axis.title + l.bandNote()})
	if c.Footnote != "" {
		depth = l.paragraph(depth+8, 11.5, footFace, gray, c.Footnote, 3)
	}
	l.height = depth + 12
	l.plot.y1 = l.height - top
	l.plot.y0 = l.plot.y1 - plotHeight
	return l
}

// columns returns what the lines are reduced to: columns of pixels, or whole
// days where the ups and downs of a day would run into each other.
func (l *layout) columns() columns {
	if !l.daily() {
		return columns{size: columnWidth / l.plot.width() * l.c.End}
	}
	c := columns{size: day}
	if !l.c.Start.IsZero() {
		c.phase = -l.tl.seconds(midnight(l.c.Start, 0))
	}
	return c
}

func (l *layout) daily() bool { return day/l.c.End*l.plot.width() < dayWidth }

// bandNote explains the shaded band below the lines, when one is visible.
func (l *layout) bandNote() string {
	banded := false
	for i := range l.steps {
		banded = banded || l.banded(i)
	}
	if !banded {
		return ""
	}
	note := ", band: "
	if len(l.steps) == 1 { // its whole area is shaded
		note = ", darker band: "
	}
	size := l.columns().size
	for i := range l.c.Series {
		if l.c.Series[i].longBucket(size, l.until(i)) {
			return note + "lowest to highest of each interval"
		}
	}
	return note + "lowest to highest within " + duration(size)
}

// banded reports whether the steps of a series make a band that is large enough
// to be seen beside the line and below the shade over the limit, in at least
// one place.
func (l *layout) banded(series int) bool {
	if l.c.Series[series].Dots {
		return false
	}
	found, top := false, math.Inf(1)
	if l.c.Limit > 0 {
		top = float64(l.c.Limit)
	}
	l.stretches(series, func(s step) bool { return (min(s.hi, top)-s.lo)/l.scale.top*plotHeight > 1 }, func(run []step, until float64) {
		found = found || l.x(until)-l.x(run[0].at) > 3
	})
	return found
}

func (l *layout) say(r run) { l.runs = append(l.runs, r) }

// paragraph writes a wrapped text below depth and returns the depth below it.
func (l *layout) paragraph(depth, leading float64, f typeface, c color.NRGBA, s string, lines int) float64 {
	for _, text := range f.wrap(s, chartWidth-2*margin, lines) {
		depth += leading
		l.say(run{f, c, margin, depth - leading/5, 0, text})
	}
	return depth
}

// legend writes a table of the series: line, name, peak under its heading, and
// first refusal.
func (l *layout) legend(depth float64) float64 {
	var names, peaks, refusals []string
	anyPeak, anyRefusal := false, false
	for i := range l.c.Series {
		s := &l.c.Series[i]
		peak, refusal := "", "none"
		if s.Peak != nil {
			anyPeak, peak = true, l.markText(*s.Peak)
		}
		if s.FirstRefusal != nil {
			anyRefusal, refusal = true, l.tl.stamp(s.FirstRefusal.At, true)
		}
		names, peaks, refusals = append(names, s.Name), append(peaks, peak), append(refusals, refusal)
	}
	type column struct {
		head  string
		cells []string
		width float64
	}
	names = apart(names)
	columns := []column{{head: "", cells: names}}
	if anyPeak {
		columns = append(columns, column{head: l.peakHeading(), cells: peaks})
	}
	if anyRefusal {
		columns = append(columns, column{head: "first refusal", cells: refusals})
	}
	room := chartWidth - 2*margin - swatchWidth
	for i := len(columns) - 1; i >= 0; i-- { // names get what the others leave
		col := &columns[i]
		col.width = headFace.width(col.head)
		for j, s := range col.cells {
			col.cells[j] = tableFace.shorten(s, room)
			col.width = max(col.width, tableFace.width(col.cells[j]))
		}
		room -= col.width + columnGap
	}
	x := margin + swatchWidth
	if len(columns) > 1 {
		depth += 12
	}
	for _, col := range columns {
		l.say(run{headFace, gray, x, depth - 2, 0, col.head})
		for j, s := range col.cells {
			l.say(run{tableFace, black, x, depth + legendRow*float64(j+1) - 4, 0, s})
		}
		x += col.width + columnGap
	}
	for j := range names {
		l.rows = append(l.rows, depth+legendRow*float64(j+1)-4-tableFace.size*0.32)
	}
	return depth + legendRow*float64(len(names))
}

// peakHeading returns what the peaks are called, no wider than a column.
func (l *layout) peakHeading() string { return headFace.shortenEnd(l.c.peakHeading(), 120) }

// markText says when a mark is and how high.
func (l *layout) markText(m Mark) string {
	return number(m.Units) + " at " + l.tl.stamp(m.At, false)
}

// refusalLabel returns the label of the earliest refusal of all series, and its
// instant. The text of the mark is in it where it is true of every series that
// has a first refusal, cut to the room there is.
func (l *layout) refusalLabel() (string, float64) {
	n, at, text, same := 0, 0.0, "", true
	for i := range l.c.Series {
		if m := l.c.Series[i].FirstRefusal; m != nil {
			s := clean(m.Text)
			if n == 0 {
				at, text = m.At, s
			}
			at, same = min(at, m.At), same && s == text
			n++
		}
	}
	if n == 0 {
		return "", 0
	}
	s, count := "first refusal ", ""
	if l.c.Start.IsZero() {
		s += "at "
	}
	s += l.tl.stamp(at, true)
	if len(l.c.Series) > 1 {
		count = fmt.Sprintf(" (%d of %d %s)", n, len(l.c.Series), l.c.noun())
	}
	const whole = chartWidth - 2*margin
	if room := whole - labelFace.width(s+", "+count); text != "" && same && room > 40 {
		s += ", " + labelFace.shortenEnd(text, room)
	}
	return labelFace.shortenEnd(s+count, whole), at
}

// refusalRun writes the label of the first refusal above its line, moved away
// from the edges.
func (l *layout) refusalRun(label string, at, depth float64) {
	w := labelFace.width(label)
	x := min(max(l.x(at)-w/2, margin), chartWidth-margin-w)
	l.say(run{labelFace, warning, x, depth, 0, label})
}

// limitLines returns the label of the limit, to the right of its line. It says
// what is limited unless that is license units.
func (l *layout) limitLines() []string {
	if l.c.Limit == 0 {
		return nil
	}
	lines := []string{"limit", number(float64(l.c.Limit))}
	if l.c.axis() != licenseUnits {
		if what := word(float64(l.c.Limit), l.c.axis()); labelFace.shortenEnd(what, 80) == what {
			lines = append(lines, what) // a longer one stands on the axis alone
		}
	}
	if l.scale.offScale {
		lines = append(lines, "off scale")
	}
	return lines
}

// fits reports whether the labels of time ticks have air between them.
func (l *layout) fits(ticks []tick) bool {
	edge := -1e9
	for _, t := range ticks {
		if t.label == "" {
			continue
		}
		gap := tickGap
		if t.mid != t.at {
			gap = spanGap
		}
		w := tickFace.width(t.label)
		if l.x(t.mid)-w/2 < edge+gap {
			return false
		}
		edge = l.x(t.mid) + w/2
	}
	return edge > 0
}

// x returns the place of an instant.
func (l *layout) x(at float64) float64 { return l.plot.x0 + at/l.c.End*l.plot.width() }

// y returns the place of a number of units.
func (l *layout) y(units float64) float64 { return l.plot.y0 + units/l.scale.top*l.plot.height() }

// trace returns the corners of a step line through a level of each step, from
// the first step until an instant.
func (l *layout) trace(steps []step, until float64, level func(step) float64) []spot {
	if len(steps) == 0 {
		return nil
	}
	spots := make([]spot, 0, 2*len(steps))
	y := l.y(level(steps[0]))
	spots = append(spots, spot{l.x(steps[0].at), y})
	for _, s := range steps[1:] {
		if next := l.y(level(s)); next != y {
			spots = append(spots, spot{l.x(s.at), y}, spot{l.x(s.at), next})
			y = next
		}
	}
	return append(spots, spot{l.x(until), y})
}

// until is the end of a series.
func (l *layout) until(series int) float64 { return cmp.Or(l.c.Series[series].End, l.c.End) }

// stretches calls draw with every longest run of a series' steps that have a
// property, and with the instant at which it ends.
func (l *layout) stretches(series int, has func(step) bool, draw func(run []step, until float64)) {
	steps := l.steps[series]
	for i := 0; i < len(steps); {
		n := slices.IndexFunc(steps[i:], func(s step) bool { return !has(s) })
		switch {
		case n < 0:
			draw(steps[i:], l.until(series))
			return
		case n > 0:
			draw(steps[i:i+n], steps[i+n].at)
		}
		i += n + 1
	}
}
