package plots

import (
	"image/color"
	"math"
	"slices"
)

func lowest(s step) float64  { return s.lo }
func highest(s step) float64 { return s.hi }

// draw draws the chart on white, what lies behind first.
func (l *layout) draw(p *pen) {
	l.drawGrid(p)
	l.drawAreas(p)
	l.drawLimit(p)
	l.drawRefusalLines(p)
	l.drawLines(p)
	l.drawLimitOver(p)
	l.drawMarks(p)
	l.drawLabels(p)
	for _, r := range l.runs {
		p.text(r.face, r.color, spot{r.x, l.height - r.depth}, r.align, r.text)
	}
	for i, depth := range l.rows {
		y := l.height - depth
		if l.c.Series[i].Dots {
			for j := range 3 {
				p.dot(seriesLine(i).color, spot{margin + (swatchWidth-8)*float64(j+1)/4, y}, 1.7)
			}
			continue
		}
		p.stroke(seriesLine(i), spot{margin, y}, spot{margin + swatchWidth - 8, y})
	}
}

// drawGrid draws the axes with their ticks.
func (l *layout) drawGrid(p *pen) {
	grid, axis := line{color: pale, width: 0.6}, line{color: gray, width: 0.9}
	b := l.plot
	for _, t := range l.yTicks {
		y := l.y(t.at)
		p.stroke(grid, spot{b.x0, y}, spot{b.x1, y})
		p.text(tickFace, gray, spot{b.x0 - 6, y - tickFace.size*0.35}, 1, t.label)
	}
	for _, t := range l.axis.ticks {
		x := l.x(t.at)
		p.stroke(grid, spot{x, b.y0}, spot{x, b.y1})
		p.stroke(axis, spot{x, b.y0}, spot{x, b.y0 - 4})
		w := tickFace.width(t.label)
		left := min(max(l.x(t.mid)-w/2, margin), chartWidth-4-w)
		p.text(tickFace, gray, spot{left, b.y0 - 15}, 0, t.label)
	}
	p.stroke(axis, spot{b.x0, b.y0}, spot{b.x1, b.y0})
	p.upright(tickFace, gray, spot{margin + tickFace.size*0.7, (b.y0 + b.y1) / 2}, tickFace.shortenEnd(l.c.axis(), plotHeight))
}

// drawAreas shades what lies under a single line, the range of buckets, and
// what lies above the limit.
func (l *layout) drawAreas(p *pen) {
	limit := float64(l.c.Limit)
	for i, steps := range l.steps {
		if l.c.Series[i].Dots {
			continue
		}
		c := seriesLine(i).color
		if len(l.steps) == 1 {
			if top := l.trace(steps, l.until(i), highest); top != nil {
				top = append(top, spot{l.x(l.until(i)), l.plot.y0}, spot{top[0].x, l.plot.y0})
				p.fill(faded(c, 0.12), top...)
			}
		}
		l.stretches(i, func(s step) bool { return s.lo < s.hi }, func(run []step, until float64) {
			under := l.trace(run, until, lowest)
			slices.Reverse(under)
			p.fill(faded(c, 0.22), append(l.trace(run, until, highest), under...)...)
		})
	}
	if l.c.Limit == 0 {
		return
	}
	for i := range l.steps {
		if l.c.Series[i].Dots {
			continue
		}
		l.stretches(i, func(s step) bool { return s.hi > limit }, func(run []step, until float64) {
			over := l.trace(run, until, highest)
			over = append(over, spot{l.x(until), l.y(limit)}, spot{over[0].x, l.y(limit)})
			p.fill(white, over...) // the same color whatever lies below
			p.fill(faded(vermillion, 0.4), over...)
		})
	}
}

// drawLimit draws the limit and its label to the right of the plot, or an
// arrow where the limit is beyond the scale.
func (l *layout) drawLimit(p *pen) {
	lines := l.limitLines()
	if lines == nil {
		return
	}
	b := l.plot
	leading := labelFace.size + 2
	y := b.y1 - leading*1.4
	if !l.scale.offScale {
		at := l.y(float64(l.c.Limit))
		p.stroke(line{color: vermillion, width: 1.8}, spot{b.x0, at}, spot{b.x1 + 4, at})
		y = max(at+leading*0.15, b.y0+leading*float64(len(lines)-1))
	} else {
		x := b.x1 + 14
		p.fill(vermillion, spot{x - 5, b.y1 - 6}, spot{x + 5, b.y1 - 6}, spot{x, b.y1 + 1})
	}
	for i, s := range lines {
		p.text(labelFace, warning, spot{b.x1 + 8, y - leading*float64(i)}, 0, s)
	}
}

// drawLimitOver draws the limit once more, with gaps, where a line runs along
// it, so that both show.
func (l *layout) drawLimitOver(p *pen) {
	if l.c.Limit == 0 || l.scale.offScale {
		return
	}
	limit := float64(l.c.Limit)
	for i := range l.steps {
		if l.c.Series[i].Dots {
			continue
		}
		l.stretches(i, func(s step) bool { return s.hi == limit }, func(run []step, until float64) {
			from, to := spot{l.x(run[0].at), l.y(limit)}, spot{l.x(until), l.y(limit)}
			if to.x-from.x > 12 { // two dashes
				p.stroke(line{vermillion, 1.8, []float64{6, 6}}, from, to)
			}
		})
	}
}

// drawRefusalLines draws a line at the first refusal of every series, the
// earliest of all in the color of the limit.
func (l *layout) drawRefusalLines(p *pen) {
	label, first := l.refusalLabel()
	if label == "" {
		return
	}
	for i := range l.c.Series {
		if m := l.c.Series[i].FirstRefusal; m != nil && m.At != first {
			x := l.x(m.At)
			c := seriesLine(i).color
			p.stroke(line{faded(c, 0.7), 0.9, []float64{1.5, 2.5}}, spot{x, l.plot.y0}, spot{x, l.plot.y1})
			l.flag(p, c, x, 3)
		}
	}
	x := l.x(first)
	p.stroke(line{vermillion, 1.3, []float64{5, 2.5}}, spot{x, l.plot.y0}, spot{x, l.plot.y1})
	l.flag(p, vermillion, x, 4.5)
}

// flag draws a triangle that points down to the line at x.
func (l *layout) flag(p *pen, c color.NRGBA, x, size float64) {
	y := l.plot.y1
	p.fill(c, spot{x - size, y + size}, spot{x + size, y + size}, spot{x, y - size*0.6})
}

// drawLines draws the series, the first one lowest.
func (l *layout) drawLines(p *pen) {
	for i, steps := range l.steps {
		spots := l.trace(steps, l.until(i), highest)
		if len(spots) == 0 {
			continue
		}
		ln := seriesLine(i)
		if l.c.Series[i].Dots {
			for _, at := range l.c.Series[i].Points {
				p.dot(ln.color, l.spot(Mark{At: at.At, Units: at.Units}), 1.7)
			}
			continue
		}
		p.stroke(ln, spots...)
		if first := spots[0]; l.x(l.until(i))-first.x < 2 { // too short for a line
			p.dot(ln.color, first, 2)
		}
	}
}

// drawMarks draws the peaks and the first refusals.
func (l *layout) drawMarks(p *pen) {
	for i := range l.c.Series {
		s := &l.c.Series[i]
		if at, ok := l.cross(s); ok {
			for _, ln := range []line{{color: white, width: 4}, {color: vermillion, width: 2}} {
				p.stroke(ln, spot{at.x - 4, at.y - 4}, spot{at.x + 4, at.y + 4})
				p.stroke(ln, spot{at.x - 4, at.y + 4}, spot{at.x + 4, at.y - 4})
			}
		}
		if m := s.Peak; m != nil {
			p.dot(white, l.spot(*m), 5)
			p.dot(seriesLine(i).color, l.spot(*m), 3.6)
		}
	}
}

// cross returns the place of the cross at the first refusal of a series, and
// false if there is none or if it would lie under the dot of the peak.
func (l *layout) cross(s *Series) (spot, bool) {
	if s.FirstRefusal == nil || s.FirstRefusal.Units == 0 {
		return spot{}, false
	}
	at := l.spot(*s.FirstRefusal)
	if s.Peak != nil {
		peak := l.spot(*s.Peak)
		return at, math.Hypot(at.x-peak.x, at.y-peak.y) > 5
	}
	return at, true
}

func (l *layout) spot(m Mark) spot { return spot{l.x(m.At), l.y(m.Units)} }

// drawLabels writes the labels of the peaks where they fit. Among several
// series the legend has them all; a label without a place is left out there.
func (l *layout) drawLabels(p *pen) {
	for _, lb := range l.placeLabels() {
		c := faded(gray, 0.8)
		if lb.leader {
			p.stroke(line{color: c, width: 0.7}, lb.anchor, lb.box.nearest(lb.anchor))
		}
		p.fillBox(faded(white, 0.85), lb.box)
		p.text(lb.face, black, spot{lb.box.x0 + 3, lb.box.y0 + 2 + lb.face.size*0.2}, 0, lb.text)
	}
}

// placeLabels finds places for the labels of the peaks, highest peak first.
func (l *layout) placeLabels() []placed {
	var labels []label
	pl := placer{within: l.plot.grow(-2)}
	limit := float64(l.c.Limit)
	for i := range l.c.Series {
		s := &l.c.Series[i]
		if at, ok := l.cross(s); ok {
			pl.taken = append(pl.taken, box{at.x, at.y, at.x, at.y}.grow(5))
		}
		if m := s.Peak; m != nil {
			at := l.spot(*m)
			pl.taken = append(pl.taken, box{at.x, at.y, at.x, at.y}.grow(5))
			text, face := l.markText(*m), tableFace
			if len(l.c.Series) == 1 {
				text, face = l.peakHeading()+" "+text, labelFace
				if l.c.Limit > 0 && m.Units > limit {
					text += ", " + number(m.Units-limit) + " over the limit"
				}
			}
			lb := label{text, face, at}
			same := func(o label) bool { return o.text == text && math.Hypot(o.anchor.x-at.x, o.anchor.y-at.y) < 10 }
			if !slices.ContainsFunc(labels, same) { // policies often peak together
				labels = append(labels, lb)
			}
		}
	}
	slices.SortStableFunc(labels, func(a, b label) int {
		switch {
		case a.anchor.y > b.anchor.y:
			return -1
		case a.anchor.y < b.anchor.y:
			return 1
		}
		return 0
	})
	pl.cost = l.coverage()
	var out []placed
	for _, lb := range labels {
		if at, ok := pl.place(lb); ok {
			out = append(out, at)
		}
	}
	return out
}

// coverage returns what it costs to cover the lines within a box.
func (l *layout) coverage() func(box) float64 {
	var lines []profile
	for i, steps := range l.steps {
		lines = append(lines, newProfile(l.plot, l.trace(steps, l.until(i), highest)))
	}
	var upright []float64
	for i := range l.c.Series {
		if m := l.c.Series[i].FirstRefusal; m != nil {
			upright = append(upright, l.x(m.At))
		}
	}
	limit := l.y(float64(l.c.Limit))
	return func(b box) float64 {
		cost := 0.0
		for _, ln := range lines {
			if part := ln.covered(b); part > 0 {
				cost += 30 + 120*part
			}
		}
		for _, x := range upright {
			if b.x0 < x && x < b.x1 {
				cost += 40
			}
		}
		if l.c.Limit > 0 && b.y0-2 < limit && limit < b.y1+2 {
			cost += 30
		}
		return cost
	}
}
