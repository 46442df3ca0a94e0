package plots

import "image/color"

// A Heading is what stands above and below a chart.
type Heading struct {
	Title    string // one or two lines
	Subtitle string // up to three lines; empty leaves it out
	Footnote string // up to three lines; empty leaves it out
}

// A frame places what stands around a chart, from top to bottom.
type frame struct {
	depth float64 // below the upper edge, so far
	runs  []run
}

func (f *frame) say(r run) { f.runs = append(f.runs, r) }

func (f *frame) paragraph(leading float64, face typeface, c color.NRGBA, s string, lines int) {
	for _, text := range face.wrap(s, chartWidth-2*margin, lines) {
		f.depth += leading
		f.say(run{face, c, margin, f.depth - leading/5, 0, text})
	}
}

// begin writes what stands above a chart.
func begin(h *Heading) *frame {
	f := &frame{depth: margin}
	f.paragraph(20, titleFace, black, h.Title, 2)
	f.paragraph(15, subtitleFace, gray, h.Subtitle, 3)
	f.depth += 12
	return f
}

// end writes what stands below a chart, which draw draws on a page of a
// height, and gives back all of it.
func (f *frame) end(h *Heading, desc string, draw func(p *pen, height float64)) *sheet {
	if h.Footnote != "" {
		f.depth += 8
		f.paragraph(11.5, footFace, gray, h.Footnote, 3)
	}
	height := f.depth + 12
	return &sheet{height, clean(h.Title), desc, func(p *pen) {
		draw(p, height)
		for _, r := range f.runs {
			p.text(r.face, r.color, spot{r.x, height - r.depth}, r.align, r.text)
		}
	}}
}
