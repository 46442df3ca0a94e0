package plots

import (
	"fmt"
	"strings"
)

// Bars is a chart of amounts, one bar below the other.
type Bars struct {
	Heading
	Axis string // what is measured
	Rows []Bar  // at most 200
}

// A Bar is an amount and what is said of it.
type Bar struct {
	Name   string
	Length float64 // from 0 to 1
	Text   string  // behind the bar
}

// Sizes of bars in points.
const (
	maxBars   = 200
	barRow    = 21.0
	barHeight = 13.0
	barRoom   = 120.0 // at least, for the longest bar
)

func (b *Bars) sheet() (*sheet, error) {
	if len(b.Rows) > maxBars {
		return nil, fmt.Errorf("bars must be at most %d, not %d", maxBars, len(b.Rows))
	}
	f := begin(&b.Heading)
	if b.Axis != "" {
		f.depth += 12
		f.say(run{headFace, gray, margin, f.depth - 4, 0, clean(b.Axis)})
	}
	names, texts := 0.0, 0.0
	for _, r := range b.Rows {
		names = max(names, tableFace.width(clean(r.Name)))
		texts = max(texts, tableFace.width(clean(r.Text)))
	}
	room := chartWidth - 2*margin - 16
	names = min(names, room*0.42)
	texts = min(texts, room-names-barRoom)
	left, most := margin+names+8, room-names-texts
	top := f.depth
	for i, r := range b.Rows {
		base := top + barRow*float64(i) + barRow/2 + tableFace.size*0.35
		f.say(run{tableFace, black, margin, base, 0, tableFace.shorten(clean(r.Name), names)})
		f.say(run{tableFace, black, left + r.Length*most + 8, base, 0, tableFace.shortenEnd(clean(r.Text), texts)})
	}
	f.depth += barRow * float64(len(b.Rows))
	return f.end(&b.Heading, b.Describe(), func(p *pen, height float64) {
		for i, r := range b.Rows {
			y := height - top - barRow*(float64(i)+0.5)
			p.fillBox(palette[0], box{left, y - barHeight/2, left + max(r.Length*most, 0.8), y + barHeight/2})
		}
		p.stroke(line{color: gray, width: 0.9}, spot{left, height - top}, spot{left, height - top - barRow*float64(len(b.Rows))})
	}), nil
}

// Describe says in words what the bars show.
func (b *Bars) Describe() string {
	parts := make([]string, len(b.Rows))
	for i, r := range b.Rows {
		parts[i] = clean(r.Name) + ": " + clean(r.Text)
	}
	return strings.Join(parts, "; ") + "."
}
