package plots

import (
	"fmt"
	"image/color"
	"strings"
)

// Bars is a chart of amounts, one bar below the other.
type Bars struct {
	Heading
	Axis  string   // what is measured
	Parts []string // names of the parts of bars, in their order, at most six; nil for bars of one piece
	Rows  []Bar    // at most 200
}

// A Bar is an amount and what is said of it.
type Bar struct {
	Name   string
	Length float64   // from 0 to 1
	Parts  []float64 // lengths of the parts, which sum up to Length; nil for a bar of one piece
	Text   string    // behind the bar
}

// Sizes of bars in points.
const (
	maxBars   = 200
	barRow    = 21.0
	barHeight = 13.0
	barRoom   = 120.0 // at least, for the longest bar
)

func (b *Bars) sheet() (*sheet, error) {
	switch {
	case len(b.Rows) > maxBars:
		return nil, fmt.Errorf("bars must be at most %d, not %d", maxBars, len(b.Rows))
	case len(b.Parts) > len(partColors):
		return nil, fmt.Errorf("parts must be at most %d, not %d", len(partColors), len(b.Parts))
	}
	f := begin(&b.Heading)
	if b.Axis != "" {
		f.depth += 12
		f.say(run{headFace, gray, margin, f.depth - 4, 0, clean(b.Axis)})
	}
	keys := f.partNames(b.Parts)
	names, texts := 0.0, 0.0
	named := make([]string, len(b.Rows))
	for i, r := range b.Rows {
		named[i] = r.Name
	}
	named = apart(named)
	for i, r := range b.Rows {
		names = max(names, tableFace.width(named[i]))
		texts = max(texts, tableFace.width(clean(r.Text)))
	}
	room := chartWidth - 2*margin - 16
	names = min(names, room*0.42)
	texts = min(texts, room-names-barRoom)
	left, most := margin+names+8, room-names-texts
	top := f.depth
	for i, r := range b.Rows {
		base := top + barRow*float64(i) + barRow/2 + tableFace.size*0.35
		f.say(run{tableFace, black, margin, base, 0, tableFace.shorten(named[i], names)})
		f.say(run{tableFace, black, left + r.Length*most + 8, base, 0, tableFace.shortenEnd(clean(r.Text), texts)})
	}
	f.depth += barRow * float64(len(b.Rows))
	return f.end(&b.Heading, b.Describe(), func(p *pen, height float64) {
		for i, k := range keys {
			p.fillBox(partColors[i], box{k.x, height - k.y, k.x + 10, height - k.y + 10})
		}
		for i, r := range b.Rows {
			y := height - top - barRow*(float64(i)+0.5)
			b.drawBar(p, &r, box{left, y - barHeight/2, left + most, y + barHeight/2})
		}
		p.stroke(line{color: gray, width: 0.9}, spot{left, height - top}, spot{left, height - top - barRow*float64(len(b.Rows))})
	}), nil
}

// partColors of the parts of bars are told apart by their lightness, too.
var partColors = []color.NRGBA{palette[0], palette[4], palette[3], palette[1], palette[2], palette[5]}

// partNames writes the names of parts, and gives back where each one's color
// stands: below the upper edge.
func (f *frame) partNames(names []string) (keys []spot) {
	if names == nil {
		return nil
	}
	x := margin
	f.depth += legendRow
	for _, name := range apart(names) {
		name = tableFace.shorten(name, chartWidth-2*margin-16)
		w := 16 + tableFace.width(name)
		if x > margin && x+w > chartWidth-margin {
			x, f.depth = margin, f.depth+legendRow
		}
		keys = append(keys, spot{x, f.depth - 2})
		f.say(run{tableFace, black, x + 16, f.depth - 3, 0, name})
		x += w + columnGap
	}
	f.depth += 8
	return keys
}

// drawBar draws a bar into a box that the longest one fills.
func (b *Bars) drawBar(p *pen, r *Bar, within box) {
	if r.Parts == nil {
		p.fillBox(palette[0], box{within.x0, within.y0, within.x0 + max(r.Length*within.width(), 0.8), within.y1})
		return
	}
	x := within.x0
	for i, part := range r.Parts {
		next := x + part*within.width()
		p.fillBox(partColors[i], box{x, within.y0, next, within.y1})
		if part > 0 && x > within.x0 {
			p.stroke(line{color: white, width: 1}, spot{x, within.y0}, spot{x, within.y1})
		}
		x = next
	}
}

// Describe says in words what the bars show.
func (b *Bars) Describe() string {
	parts := make([]string, len(b.Rows))
	for i, r := range b.Rows {
		parts[i] = clean(r.Name) + ": " + clean(r.Text)
	}
	return strings.Join(parts, "; ") + "."
}
