package plots

import (
	"fmt"
	"image/color"
	"math"
	"strings"
)

// A Heat is a map of rows and columns, each cell the darker the more there is.
type Heat struct {
	Heading
	Columns []string
	Rows    []HeatRow
	Alarm   bool // the more, the worse: in the color of refusals
}

// A HeatRow has as many cells as there are columns.
type HeatRow struct {
	Name  string
	Cells []HeatCell
}

// A HeatCell is a text and how much that is of the most, 0 to 1.
type HeatCell struct {
	Text  string
	Share float64
	Empty bool // there is nothing to tell
	Over  bool // it is too much, and framed
}

const (
	maxCells = 24 * 400
	heatRow  = 24.0 // points
)

func (h *Heat) sheet() (*sheet, error) {
	n := len(h.Columns)
	if n == 0 || n*len(h.Rows) > maxCells {
		return nil, fmt.Errorf("cells must be from 1 to %d, not %d", maxCells, n*len(h.Rows))
	}
	f := begin(&h.Heading)
	left := margin
	names := make([]string, len(h.Rows))
	for i, r := range h.Rows {
		names[i] = r.Name
	}
	names = apart(names)
	for _, name := range names {
		left = max(left, margin+tableFace.width(name)+8)
	}
	width := (chartWidth - margin - left) / float64(n)
	f.depth += 12
	for i, c := range h.Columns {
		f.say(run{tickFace, gray, left + width*(float64(i)+0.5), f.depth - 3, 0.5, tickFace.shortenEnd(clean(c), width-1)})
	}
	top := f.depth
	for i, r := range h.Rows {
		base := top + heatRow*(float64(i)+0.5) + tableFace.size*0.35
		f.say(run{tableFace, black, margin, base, 0, names[i]})
		for j, c := range r.Cells {
			ink := gray
			if !c.Empty {
				ink = inkOn(h.shade(c.Share))
			}
			f.say(run{fitted(c.Text, width-2), ink, left + width*(float64(j)+0.5), base, 0.5, clean(c.Text)})
		}
	}
	f.depth += heatRow * float64(len(h.Rows))
	return f.end(&h.Heading, h.Describe(), func(p *pen, height float64) {
		for i, r := range h.Rows {
			y := height - top - heatRow*float64(i)
			for j, c := range r.Cells {
				if !c.Empty {
					x := left + width*float64(j)
					b := box{x + 0.5, y - heatRow + 0.5, x + width - 0.5, y - 0.5}
					p.fillBox(h.shade(c.Share), b)
					if b = b.grow(-1); c.Over {
						p.stroke(line{color: vermillion, width: 2}, spot{b.x0, b.y0}, spot{b.x1, b.y0}, spot{b.x1, b.y1}, spot{b.x0, b.y1}, spot{b.x0, b.y0 - 1})
					}
				}
			}
		}
	}), nil
}

// fitted is the largest typeface in which a text fits a width.
func fitted(s string, width float64) typeface {
	f := tickFace
	for f.size > 5 && f.width(s) > width {
		f.size -= 0.5
	}
	return f
}

// shade is the color of a share: from almost white to dark.
func (h *Heat) shade(share float64) color.NRGBA {
	to := color.NRGBA{0x00, 0x4C, 0x80, 0xFF}
	if h.Alarm {
		to = warning
	}
	mix := func(part uint8) uint8 {
		const least = 0.04
		s := least + (1-least)*math.Max(0, math.Min(1, share))
		return uint8(math.Round(255 + s*(float64(part)-255)))
	}
	return color.NRGBA{mix(to.R), mix(to.G), mix(to.B), 0xFF}
}

// inkOn is what is read best on a color: the contrast by WCAG 2 of white and of
// black is the same on one of this luminance, (1.05·0.05)½ − 0.05.
func inkOn(c color.NRGBA) color.NRGBA {
	if luminance(c) > 0.179 {
		return color.NRGBA{A: 0xFF}
	}
	return white
}

// luminance is that of WCAG 2, from 0 to 1.
func luminance(c color.NRGBA) float64 {
	linear := func(part uint8) float64 {
		v := float64(part) / 255
		if v <= 0.04045 {
			return v / 12.92
		}
		return math.Pow((v+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(c.R) + 0.7152*linear(c.G) + 0.0722*linear(c.B)
}

// Describe says in words what the map shows.
func (h *Heat) Describe() string {
	parts := make([]string, len(h.Rows))
	for i, r := range h.Rows {
		cells := make([]string, len(r.Cells))
		for j, c := range r.Cells {
			cells[j] = clean(c.Text)
			if c.Over {
				cells[j] += "!"
			}
		}
		parts[i] = clean(r.Name) + ": " + strings.Join(cells, " ")
	}
	return strings.Join(parts, "; ") + "."
}
