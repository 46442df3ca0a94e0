package plots

import (
	"image/color"
	"math"
	"sync"

	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/font/liberation"
	"gonum.org/v1/plot/vg"
)

// The colors of Okabe and Ito, which people with any kind of color vision can
// tell apart. Vermillion is kept for the limit and for refusals; yellow is too
// pale on white.
var (
	white      = color.NRGBA{0xFF, 0xFF, 0xFF, 0xFF}
	black      = color.NRGBA{0x1A, 0x1A, 0x1A, 0xFF}
	gray       = color.NRGBA{0x59, 0x59, 0x59, 0xFF}
	pale       = color.NRGBA{0xE3, 0xE3, 0xE3, 0xFF}
	vermillion = color.NRGBA{0xD5, 0x5E, 0x00, 0xFF}
	warning    = color.NRGBA{0xA8, 0x42, 0x00, 0xFF} // vermillion dark enough for text

	palette = []color.NRGBA{
		{0x00, 0x72, 0xB2, 0xFF}, // blue
		{0x00, 0x9E, 0x73, 0xFF}, // bluish green
		{0xCC, 0x79, 0xA7, 0xFF}, // reddish purple
		{0xE6, 0x9F, 0x00, 0xFF}, // orange
		{0x56, 0xB4, 0xE9, 0xFF}, // sky blue
		{0x33, 0x33, 0x33, 0xFF}, // black
	}
	dashes = [][]float64{nil, {7, 3}, {2, 2}, {9, 3, 2, 3}, {4, 2}, {12, 3, 2, 2, 2, 3}, {1, 3}}
)

// faded returns c with an opacity from 0 to 1.
func faded(c color.NRGBA, opacity float64) color.NRGBA {
	c.A = uint8(math.Round(255 * opacity))
	return c
}

// seriesLine returns the line of series i: no two of the first 24 share both
// color and dashes.
func seriesLine(i int) line {
	return line{palette[i%len(palette)], 1.6, dashes[i%len(dashes)]}
}

// A line is a color, a width in points, and dashes in points.
type line struct {
	color color.NRGBA
	width float64
	dash  []float64
}

// A spot is a place on the canvas in points from its lower left corner.
type spot struct{ x, y float64 }

// A box is a rectangle on the canvas.
type box struct{ x0, y0, x1, y1 float64 }

func (b box) width() float64  { return b.x1 - b.x0 }
func (b box) height() float64 { return b.y1 - b.y0 }

// grow returns the box with a margin of d on all sides.
func (b box) grow(d float64) box { return box{b.x0 - d, b.y0 - d, b.x1 + d, b.y1 + d} }

// meets reports whether two boxes have an area in common.
func (b box) meets(o box) bool { return b.x0 < o.x1 && o.x0 < b.x1 && b.y0 < o.y1 && o.y0 < b.y1 }

// holds reports whether o lies within b.
func (b box) holds(o box) bool { return b.x0 <= o.x0 && o.x1 <= b.x1 && b.y0 <= o.y0 && o.y1 <= b.y1 }

// nearest returns the spot of the box that is nearest to s.
func (b box) nearest(s spot) spot {
	return spot{min(max(s.x, b.x0), b.x1), min(max(s.y, b.y0), b.y1)}
}

// fonts returns the regular and the bold font, which come with gonum/plot and
// are parsed on first use.
var fonts = sync.OnceValue(func() (f struct{ regular, bold font.Face }) {
	for _, face := range liberation.Collection() {
		switch face.Name() {
		case "LiberationSans-Regular":
			f.regular = face
		case "LiberationSans-Bold":
			f.bold = face
		}
	}
	return f
})

// face returns the font of f.
func (f typeface) face() font.Face {
	face := fonts().regular
	if f.bold {
		face = fonts().bold
	}
	face.Font.Size = font.Points(f.size)
	return face
}

// width returns the width of s in points.
func (f typeface) width(s string) float64 {
	face := f.face()
	return face.Width(glyphs(s)).Points()
}

// A canvas is what a pen needs of one of gonum/plot.
type canvas interface {
	SetColor(color.Color)
	SetLineWidth(vg.Length)
	SetLineDash(dashes []vg.Length, offset vg.Length)
	Push()
	Translate(vg.Point)
	Rotate(radians float64)
	Pop()
	Stroke(vg.Path)
	Fill(vg.Path)
	FillString(f font.Face, at vg.Point, s string)
}

// A pen draws on a canvas. Coordinates are rounded to hundredths
// of a point, which nobody sees and which keeps SVG small.
type pen struct {
	cv    canvas
	piece int  // most spots stroked at once; 0 means all
	any   bool // who shows it finds a font for every letter
}

func (s spot) vg() vg.Point {
	return vg.Point{X: vg.Length(math.Round(s.x*100) / 100), Y: vg.Length(math.Round(s.y*100) / 100)}
}

func path(spots []spot) vg.Path {
	p := make(vg.Path, 0, len(spots)+1)
	for i, s := range spots {
		if i == 0 {
			p.Move(s.vg())
		} else {
			p.Line(s.vg())
		}
	}
	return p
}

// stroke draws a line through the spots.
func (p *pen) stroke(ln line, spots ...spot) {
	dash := make([]vg.Length, len(ln.dash))
	for i, d := range ln.dash {
		dash[i] = vg.Length(d)
	}
	p.cv.SetColor(ln.color)
	p.cv.SetLineWidth(vg.Length(ln.width))
	done := 0.0 // length drawn, so that dashes go on from piece to piece
	for len(spots) >= 2 {
		n := len(spots)
		if p.piece > 0 {
			n = min(n, p.piece)
		}
		p.cv.SetLineDash(dash, vg.Length(done))
		p.cv.Stroke(path(spots[:n]))
		if n == len(spots) {
			return
		}
		for i := range n - 2 { // the last segment is drawn twice, for its corner
			done += math.Hypot(spots[i+1].x-spots[i].x, spots[i+1].y-spots[i].y)
		}
		spots = spots[n-2:]
	}
}

// fill fills the polygon of the spots.
func (p *pen) fill(c color.NRGBA, spots ...spot) {
	if len(spots) < 3 {
		return
	}
	pa := path(spots)
	pa.Close()
	p.cv.SetColor(c)
	p.cv.Fill(pa)
}

// fillBox fills a rectangle.
func (p *pen) fillBox(c color.NRGBA, b box) {
	p.fill(c, spot{b.x0, b.y0}, spot{b.x1, b.y0}, spot{b.x1, b.y1}, spot{b.x0, b.y1})
}

// dot fills a circle of radius r.
func (p *pen) dot(c color.NRGBA, at spot, r float64) {
	var pa vg.Path
	pa.Move(spot{at.x + r, at.y}.vg())
	pa.Arc(at.vg(), vg.Length(r), 0, 2*math.Pi)
	pa.Close()
	p.cv.SetColor(c)
	p.cv.Fill(pa)
}

// text writes s with its baseline at the spot; align is the part of its width
// that lies left of the spot, from 0 to 1.
func (p *pen) text(f typeface, c color.NRGBA, at spot, align float64, s string) {
	if s == "" {
		return
	}
	face := f.face()
	at.x -= align * f.width(s)
	if !p.any {
		s = glyphs(s)
	}
	p.cv.SetColor(c)
	p.cv.FillString(face, at.vg(), s)
}

// upright writes s turned by a quarter to the left, centered on the spot.
func (p *pen) upright(f typeface, c color.NRGBA, at spot, s string) {
	p.cv.Push()
	p.cv.Translate(at.vg())
	p.cv.Rotate(math.Pi / 2)
	p.text(f, c, spot{}, 0.5, s)
	p.cv.Pop()
}
