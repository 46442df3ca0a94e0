package plots

import (
	"bytes"
	"fmt"
	"image/color"
	"io"
	"math"
	"sync"
	"time"
	"unicode/utf16"

	"codeberg.org/go-pdf/fpdf"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
)

// A pdfCanvas draws a document of one page. Unlike the one of gonum/plot it
// knows several fonts at once, every letter and any opacity.
type pdfCanvas struct {
	doc    *fpdf.Fpdf
	height float64 // of the page; PDF is drawn from its upper edge
	shift  spot
	states []pdfState
}

// A pdfState is what [pdfCanvas.Pop] goes back to.
type pdfState struct {
	shift  spot
	turned bool
}

// sources are the files of the regular and the bold font.
var sources = sync.OnceValues(func() (list [2][]byte, err error) {
	faces := fonts()
	for i, f := range []font.Face{faces.regular, faces.bold} {
		var b bytes.Buffer
		if _, err := f.Face.WriteSourceTo(nil, &b); err != nil {
			return list, err
		}
		list[i] = b.Bytes()
	}
	return list, nil
})

const pdfFamily = "sans"

// writePDF writes a chart as a page of its size. The document does not say when
// it was made, so that equal charts give equal bytes.
func writePDF(w io.Writer, c Chart) error {
	s, err := c.sheet()
	if err != nil {
		return err
	}
	files, err := sources()
	if err != nil {
		return err
	}
	doc := fpdf.NewCustom(&fpdf.InitType{UnitStr: "pt", Size: fpdf.SizeType{Wd: chartWidth, Ht: s.height}})
	doc.SetCreationDate(time.Unix(0, 0).UTC())
	doc.SetModificationDate(time.Unix(0, 0).UTC())
	doc.SetCatalogSort(true)
	doc.SetTitle(utf16Text(s.title), false)
	doc.SetSubject(utf16Text(s.desc), false)
	doc.SetAutoPageBreak(false, 0)
	doc.AddUTF8FontFromBytes(pdfFamily, "", files[0])
	doc.AddUTF8FontFromBytes(pdfFamily, "B", files[1])
	doc.AddPage()
	s.draw(&pen{cv: &pdfCanvas{doc: doc, height: s.height}})
	if err := doc.Output(w); err != nil {
		return fmt.Errorf("PDF: %w", err)
	}
	return nil
}

// utf16Text is a text as PDF wants it outside of pages.
func utf16Text(s string) string {
	b := []byte{0xFE, 0xFF}
	for _, unit := range utf16.Encode([]rune(s)) {
		b = append(b, byte(unit>>8), byte(unit))
	}
	return string(b)
}

func (c *pdfCanvas) place(p vg.Point) (x, y float64) {
	return c.shift.x + p.X.Points(), c.height - c.shift.y - p.Y.Points()
}

// SetColor sets the color of lines, areas and texts.
func (c *pdfCanvas) SetColor(col color.Color) {
	k := color.NRGBAModel.Convert(col).(color.NRGBA)
	r, g, b := int(k.R), int(k.G), int(k.B)
	c.doc.SetDrawColor(r, g, b)
	c.doc.SetFillColor(r, g, b)
	c.doc.SetTextColor(r, g, b)
	c.doc.SetAlpha(float64(k.A)/0xFF, "Normal")
}

// SetLineWidth sets the width of lines.
func (c *pdfCanvas) SetLineWidth(w vg.Length) { c.doc.SetLineWidth(w.Points()) }

// SetLineDash sets the dashes of lines.
func (c *pdfCanvas) SetLineDash(dashes []vg.Length, offset vg.Length) {
	list := make([]float64, len(dashes))
	for i, d := range dashes {
		list[i] = d.Points()
	}
	c.doc.SetDashPattern(list, offset.Points())
}

// Push keeps the place and direction of what is drawn, until Pop.
func (c *pdfCanvas) Push() { c.states = append(c.states, pdfState{shift: c.shift}) }

// Translate moves what is drawn.
func (c *pdfCanvas) Translate(p vg.Point) {
	c.shift.x += p.X.Points()
	c.shift.y += p.Y.Points()
}

// Rotate turns what is drawn to the left, until Pop.
func (c *pdfCanvas) Rotate(radians float64) {
	c.states[len(c.states)-1].turned = true
	x, y := c.place(vg.Point{})
	c.doc.TransformBegin()
	c.doc.TransformRotate(radians*180/math.Pi, x, y)
}

// Pop goes back to what was when Push was called.
func (c *pdfCanvas) Pop() {
	last := c.states[len(c.states)-1]
	c.states = c.states[:len(c.states)-1]
	if last.turned {
		c.doc.TransformEnd()
	}
	c.shift = last.shift
}

// Stroke draws a line.
func (c *pdfCanvas) Stroke(p vg.Path) { c.draw(p, "D") }

// Fill fills an area.
func (c *pdfCanvas) Fill(p vg.Path) { c.draw(p, "F") }

func (c *pdfCanvas) draw(p vg.Path, style string) {
	for _, part := range p {
		x, y := c.place(part.Pos)
		switch part.Type {
		case vg.MoveComp:
			c.doc.MoveTo(x, y)
		case vg.LineComp:
			c.doc.LineTo(x, y)
		case vg.ArcComp: // a whole circle, see pen.dot
			c.doc.Circle(x, y, part.Radius.Points(), style)
			return
		case vg.CloseComp:
			c.doc.ClosePath()
		}
	}
	c.doc.DrawPath(style)
}

// FillString writes a text.
func (c *pdfCanvas) FillString(f font.Face, at vg.Point, s string) {
	style := ""
	if f.Font.Weight == fonts().bold.Font.Weight {
		style = "B"
	}
	c.doc.SetFont(pdfFamily, style, f.Font.Size.Points())
	x, y := c.place(at)
	c.doc.Text(x, y, s)
}
