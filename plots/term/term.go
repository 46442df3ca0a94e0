// Package term draws charts of units over time in characters, for people who
// have no window on the machine that they work on.
//
// It draws the chart that package plots draws as a picture, smaller: each
// series below the other on one scale, with the limit, the peak and the first
// refusal. Lines are dots of Braille characters, two across and four down in
// each, or plain ASCII. Colors are the sixteen of ANSI terminals, and nothing
// depends on them. Equal charts and options give equal bytes. Nothing is kept
// between charts, and nothing is known of terminals.
package term

import (
	"fmt"
	"io"
	"math"
	"strings"
	"unicode/utf8"

	"highwater/plots"
)

// Options say how a chart is drawn. The zero Options draw for a terminal of 80 columns.
type Options struct {
	Width  int  // columns, at least LeastWidth; 0 is DefaultWidth
	Height int  // rows of each series without its axis and legend, at least LeastHeight; 0 is DefaultHeight
	ASCII  bool // no other characters than those of ASCII
	Color  bool // with escape sequences of ANSI terminals
}

// What zero options stand for, and the least that shows anything.
const (
	DefaultWidth  = 80
	DefaultHeight = 12

	LeastWidth  = 40
	LeastHeight = 4
)

// A style is a way to color a character.
type style uint8

const (
	plain style = iota
	faint
	line
	above // the limit
	limit
	peak
	refusal
)

// codes are the parameters of SGR sequences.
var codes = [...]string{plain: "0", faint: "2", line: "36", above: "31", limit: "33", peak: "1;36", refusal: "1;31"}

// A cell is a character and its style. The zero cell is a space.
type cell struct {
	r     rune
	style style
}

// glyphs are the characters that are not dots.
type glyphs struct{ limit, peak, refusal, side, tick, corner, floor, mark rune }

var (
	unicode = glyphs{limit: '╌', peak: '▲', refusal: '✗', side: '│', tick: '┤', corner: '└', floor: '─', mark: '┴'}
	ascii   = glyphs{limit: '-', peak: '^', refusal: 'x', side: '|', tick: '+', corner: '+', floor: '-', mark: '+'}
)

// A drawing is what all series of a chart share.
type drawing struct {
	chart         *plots.UnitsOverTime
	width, height int // of the plot
	margin        int // columns left of the plot, the axis included
	top           float64
	limit         bool // whether it is drawn
	glyphs
	Options
}

// Write writes the chart as text, without its titles. Its error is that of the
// writer.
func Write(w io.Writer, c *plots.UnitsOverTime, o Options) error {
	if o.Width == 0 {
		o.Width = DefaultWidth
	}
	if o.Height == 0 {
		o.Height = DefaultHeight
	}
	o.Width, o.Height = max(o.Width, LeastWidth), max(o.Height, LeastHeight)
	d := &drawing{chart: c, height: o.Height, glyphs: unicode, Options: o}
	if o.ASCII {
		d.glyphs = ascii
	}
	d.scale()
	var b strings.Builder
	for i := range c.Series {
		if i > 0 {
			b.WriteByte('\n')
		}
		d.series(&b, &c.Series[i])
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// farAbove is how many times the highest units the limit may be before it is
// left out: beyond that the line would lie flat on the axis.
const farAbove = 10

// scale finds the highest units of all series, and how much room is left.
func (d *drawing) scale() {
	c := d.chart
	most := 0.0
	for i := range c.Series {
		s := &c.Series[i]
		for _, p := range s.Points {
			most = max(most, p.Units, p.High)
		}
		for _, m := range []*plots.Mark{s.Peak, s.FirstRefusal} {
			if m != nil {
				most = max(most, m.Units)
			}
		}
	}
	d.limit = c.Limit > 0 && (most == 0 || float64(c.Limit) <= farAbove*most)
	if d.limit {
		most = max(most, float64(c.Limit))
	}
	d.top = max(most, 1)
	for _, t := range plots.NumberTicks(d.top) {
		d.margin = max(d.margin, utf8.RuneCountInString(t.Label))
	}
	d.margin += 3 // a space on each side, and the axis
	d.width = d.Width - d.margin
}

// row is the row of some units, from 0 at the top.
func (d *drawing) row(units float64) int { return d.dotRow(units) / 4 }

// dotRow is the row of dots of some units, from 0 at the top.
func (d *drawing) dotRow(units float64) int {
	last := 4*d.height - 1
	return last - min(last, max(0, int(math.Round(units/d.top*float64(last)))))
}

// column is the column of an instant, from 0.
func (d *drawing) column(at float64) int {
	return min(d.width-1, max(0, int(at/d.chart.End*float64(d.width))))
}

// series draws one series with its axes and legend.
func (d *drawing) series(b *strings.Builder, s *plots.Series) {
	grid := make([][]cell, d.height)
	for y := range grid {
		grid[y] = make([]cell, d.width)
	}
	if d.limit {
		y := d.row(float64(d.chart.Limit))
		for x := range grid[y] {
			grid[y][x] = cell{d.glyphs.limit, limit}
		}
	}
	d.curve(grid, s)
	d.mark(grid, s.Peak, cell{d.glyphs.peak, peak})
	d.mark(grid, s.FirstRefusal, cell{d.glyphs.refusal, refusal})
	if s.Name != "" {
		name := []rune(d.text(s.Name))
		fmt.Fprintln(b, string(name[:min(len(name), d.Width)]))
	}
	labels := d.unitLabels()
	for y, row := range grid {
		side := cell{d.side, faint}
		if labels[y] != "" {
			side.r = d.tick
		}
		d.write(b, append([]cell{side}, row...), fmt.Sprintf("%*s ", d.margin-2, labels[y]))
	}
	d.timeAxis(b)
	d.legend(b, s)
}

// mark puts a sign at an instant.
func (d *drawing) mark(grid [][]cell, m *plots.Mark, sign cell) {
	if m != nil {
		grid[d.row(m.Units)][d.column(m.At)] = sign
	}
}

// unitLabels are the numbers beside the rows: all ticks, or every second one
// and so on, so that each has a row of its own.
func (d *drawing) unitLabels() []string {
	ticks := plots.NumberTicks(d.top)
	for every := 1; ; every++ {
		labels, all := make([]string, d.height), true
		for i := 0; i < len(ticks) && ticks[i].At <= d.top; i += every {
			y := d.row(ticks[i].At)
			all = all && labels[y] == ""
			labels[y] = ticks[i].Label
		}
		if all {
			return labels
		}
	}
}

// timeAxis writes the line below the plot, the labels of its ticks, and what
// they are.
func (d *drawing) timeAxis(b *strings.Builder) {
	ticks, title := d.timeTicks()
	axis := make([]cell, d.width+1)
	axis[0] = cell{d.corner, faint}
	for x := 1; x <= d.width; x++ {
		axis[x] = cell{d.floor, faint}
	}
	names := make([]cell, d.width+1)
	for _, t := range ticks {
		axis[1+d.column(t.At)].r = d.glyphs.mark
		d.put(t, names)
	}
	indent := strings.Repeat(" ", d.margin-1)
	d.write(b, axis, indent)
	d.write(b, names, indent)
	if title != "" {
		b.WriteString(indent + " " + d.text(title) + "\n")
	}
}

// timeTicks are the finest ticks whose labels do not touch. Where that leaves
// next to none, the finest of which at least half have room for their labels.
func (d *drawing) timeTicks() ([]plots.Tick, string) {
	for most := d.width / 6; most >= few; most-- {
		ticks, title := plots.TimeTicks(d.chart.Start, d.chart.End, most)
		if fit, all := d.room(ticks); fit == all && fit >= few {
			return ticks, title
		}
	}
	for most := d.width / 6; most >= few; most-- {
		ticks, title := plots.TimeTicks(d.chart.Start, d.chart.End, most)
		if fit, all := d.room(ticks); 2*fit >= all {
			return ticks, title
		}
	}
	return plots.TimeTicks(d.chart.Start, d.chart.End, few)
}

// few labels of time are the least that let others be read off.
const few = 3

// room is how many labels fit, of how many.
func (d *drawing) room(ticks []plots.Tick) (fit, all int) {
	names := make([]cell, d.width+1)
	for _, t := range ticks {
		if t.Label != "" {
			all++
			if d.put(t, names) {
				fit++
			}
		}
	}
	return fit, all
}

// put writes the label of a tick among others, and reports whether it fits
// there with a space on each side. What does not fit is left out.
func (d *drawing) put(t plots.Tick, names []cell) bool {
	n := utf8.RuneCountInString(t.Label)
	if n == 0 {
		return true
	}
	first := min(max(0, 1+d.column(t.Mid)-n/2), len(names)-n)
	if first < 0 {
		return false
	}
	for x := max(0, first-1); x < min(len(names), first+n+1); x++ {
		if names[x].r != 0 {
			return false
		}
	}
	for _, r := range t.Label {
		names[first] = cell{r, plain}
		first++
	}
	return true
}

// text is a text in ASCII where that is asked for.
func (d *drawing) text(s string) string {
	if !d.ASCII {
		return s
	}
	return strings.Map(func(r rune) rune {
		switch {
		case r < utf8.RuneSelf:
			return r
		case r == '–' || r == '—':
			return '-'
		case r == '\u00a0' || r == '\u202f':
			return ' '
		}
		return '?'
	}, s)
}

// legend says what the signs are.
func (d *drawing) legend(b *strings.Builder, s *plots.Series) {
	var parts [][]cell
	add := func(sign rune, st style, text string) {
		part := []cell{{sign, st}, {' ', plain}}
		for _, r := range d.text(text) {
			part = append(part, cell{r, plain})
		}
		parts = append(parts, part)
	}
	c := d.chart
	axis := c.Axis
	if axis == "" {
		axis = "license units"
	}
	switch {
	case d.limit:
		add(d.glyphs.limit, limit, "limit "+plots.Number(float64(c.Limit)))
	case c.Limit > 0:
		add(' ', plain, "limit "+plots.Number(float64(c.Limit))+", far above")
	}
	if s.Peak != nil {
		heading := c.PeakHeading
		if heading == "" {
			heading = "peak"
		}
		add(d.glyphs.peak, peak, fmt.Sprintf("%s %s %s at %s", heading, plots.Number(s.Peak.Units), axis, plots.Stamp(c.Start, c.End, s.Peak.At)))
	}
	if s.FirstRefusal != nil {
		add(d.glyphs.refusal, refusal, "first refusal at "+plots.Stamp(c.Start, c.End, s.FirstRefusal.At))
	}
	indent := strings.Repeat(" ", d.margin)
	var row []cell
	for _, part := range parts {
		if row != nil && len(row)+3+len(part) > d.width {
			d.write(b, row, indent)
			row = nil
		}
		if row != nil {
			row = append(row, make([]cell, 3)...)
		}
		row = append(row, part...)
	}
	if row != nil {
		d.write(b, row, indent)
	}
}

// write writes a row of cells without the spaces at its end.
func (d *drawing) write(b *strings.Builder, row []cell, before string) {
	for len(row) > 0 && (row[len(row)-1].r == 0 || row[len(row)-1].r == ' ') {
		row = row[:len(row)-1]
	}
	if len(row) == 0 {
		before = strings.TrimRight(before, " ")
	}
	b.WriteString(before)
	now := plain
	for _, c := range row {
		if c.r == 0 {
			c.r = ' '
		}
		if d.Color && c.style != now {
			if now != plain {
				b.WriteString("\x1b[0m")
			}
			if c.style != plain {
				b.WriteString("\x1b[" + codes[c.style] + "m")
			}
			now = c.style
		}
		b.WriteRune(c.r)
	}
	if now != plain {
		b.WriteString("\x1b[0m")
	}
	b.WriteByte('\n')
}
