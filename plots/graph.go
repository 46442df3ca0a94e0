package plots

import (
	"fmt"
	"strings"
)

// A Spot is a place in the area of a graph: from 0 to 1 from its left edge, and
// from its lower edge.
type Spot struct{ X, Y float64 }

// A Graph is a chart of lines over any axis. Its lines and ticks have their
// places already.
type Graph struct {
	Heading
	XTitle, YTitle string
	XTicks, YTicks []Tick // places from 0 to 1
	Lines          []GraphLine
	LimitX, LimitY float64 // places from 0 to 1 of a line across; negative for none
	LimitName      string
	Rules          []GraphRule
	Marks          []GraphMark
}

// A GraphRule is a thin line across at a height. What it stands for is among the
// names of the lines.
type GraphRule struct {
	Y    float64 // from 0 to 1
	Text string
}

// A GraphMark is a dot of a line's color. What there is to say about it is
// beside the name of the line, where it covers nothing.
type GraphMark struct {
	Spot
	Line int
}

// A GraphLine is a line with bands around it. It has its color and dashes by
// its place in the graph.
type GraphLine struct {
	Name  string
	Note  string // beside the name
	Line  []Spot
	Bands [][]Spot // each an area
}

// A graphed graph has a place for everything.
type graphed struct {
	*Graph
	plot box
}

func (g *Graph) sheet() (*sheet, error) {
	if len(g.Lines) > maxSeries {
		return nil, fmt.Errorf("lines must be at most %d, not %d", maxSeries, len(g.Lines))
	}
	f := begin(&g.Heading)
	var rows []float64
	names := make([]string, 0, len(g.Lines)+1)
	for _, l := range g.Lines {
		names = append(names, l.Name)
	}
	names = apart(names)
	for i, l := range g.Lines {
		names[i] = strings.TrimSpace(names[i] + "  " + clean(l.Note))
	}
	if g.LimitName != "" {
		names = append(names, clean(g.LimitName))
	}
	for _, r := range g.Rules {
		names = append(names, clean(r.Text))
	}
	for _, name := range names {
		f.depth += legendRow
		rows = append(rows, f.depth-4-tableFace.size*0.32)
		f.say(run{tableFace, black, margin + swatchWidth, f.depth - 4, 0, tableFace.shorten(name, chartWidth-2*margin-swatchWidth)})
	}
	f.depth += 10
	top, left := f.depth, margin+18
	for _, t := range g.YTicks {
		left = max(left, margin+24+tickFace.width(t.Label))
	}
	f.depth += plotHeight + 34
	f.say(run{tickFace, gray, (left + chartWidth - 34) / 2, f.depth, 0.5, clean(g.XTitle)})
	return f.end(&g.Heading, g.Describe(), func(p *pen, height float64) {
		l := graphed{g, box{left, height - top - plotHeight, chartWidth - 34, height - top}}
		l.draw(p)
		for i, depth := range rows {
			ln := line{color: vermillion, width: 1.8}
			switch {
			case i < len(g.Lines):
				ln = seriesLine(i)
			case i >= len(rows)-len(g.Rules):
				ln = ruled
			}
			p.stroke(ln, spot{margin, height - depth}, spot{margin + swatchWidth - 8, height - depth})
		}
	}), nil
}

// Describe says in words what the graph shows.
func (g *Graph) Describe() string {
	parts := []string{clean(g.YTitle) + " by " + clean(g.XTitle)}
	for _, l := range g.Lines {
		parts = append(parts, strings.TrimSpace(clean(l.Name)+" "+clean(l.Note)))
	}
	if g.LimitName != "" {
		parts = append(parts, clean(g.LimitName))
	}
	for _, r := range g.Rules {
		parts = append(parts, clean(r.Text))
	}
	return strings.Join(parts, "; ") + "."
}

func (l *graphed) at(s Spot) spot {
	return spot{l.plot.x0 + s.X*l.plot.width(), l.plot.y0 + s.Y*l.plot.height()}
}

func (l *graphed) spots(list []Spot) []spot {
	out := make([]spot, len(list))
	for i, s := range list {
		out[i] = l.at(s)
	}
	return out
}

func (l *graphed) draw(p *pen) {
	l.drawGrid(p)
	for i := range l.Lines {
		for _, b := range l.Lines[i].Bands {
			p.fill(faded(seriesLine(i).color, 0.22), l.spots(b)...)
		}
	}
	limit := line{color: vermillion, width: 1.8}
	if l.LimitY >= 0 {
		p.stroke(limit, l.at(Spot{0, l.LimitY}), l.at(Spot{1, l.LimitY}))
	}
	if l.LimitX >= 0 {
		p.stroke(limit, l.at(Spot{l.LimitX, 0}), l.at(Spot{l.LimitX, 1}))
	}
	for _, r := range l.Rules {
		p.stroke(ruled, l.at(Spot{0, r.Y}), l.at(Spot{1, r.Y}))
	}
	for i := range l.Lines {
		p.stroke(seriesLine(i), l.spots(l.Lines[i].Line)...)
	}
	for _, m := range l.Marks {
		p.dot(white, l.at(m.Spot), 5)
		p.dot(palette[m.Line%len(palette)], l.at(m.Spot), 4)
	}
}

// ruled is the line of a rule.
var ruled = line{color: gray, width: 0.9, dash: []float64{3, 2}}

// drawGrid draws the axes, with the labels that have room.
func (l *graphed) drawGrid(p *pen) {
	grid, axis := line{color: pale, width: 0.6}, line{color: gray, width: 0.9}
	b := l.plot
	for _, t := range l.YTicks {
		y := l.at(Spot{0, t.At}).y
		p.stroke(grid, spot{b.x0, y}, spot{b.x1, y})
		p.text(tickFace, gray, spot{b.x0 - 6, y - tickFace.size*0.35}, 1, t.Label)
	}
	edge := 0.0
	for _, t := range l.XTicks {
		x := l.at(Spot{t.At, 0}).x
		p.stroke(grid, spot{x, b.y0}, spot{x, b.y1})
		p.stroke(axis, spot{x, b.y0}, spot{x, b.y0 - 4})
		w := tickFace.width(t.Label)
		left := min(max(l.at(Spot{t.Mid, 0}).x-w/2, margin), chartWidth-4-w)
		if left < edge+spanGap {
			continue
		}
		p.text(tickFace, gray, spot{left, b.y0 - 15}, 0, t.Label)
		edge = left + w
	}
	p.stroke(axis, spot{b.x0, b.y0}, spot{b.x1, b.y0})
	p.upright(tickFace, gray, spot{margin + tickFace.size*0.7, (b.y0 + b.y1) / 2}, tickFace.shortenEnd(clean(l.YTitle), plotHeight))
}
