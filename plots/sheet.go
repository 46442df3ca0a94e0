package plots

import (
	"bytes"
	"io"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"
)

// A Chart can be written as an image: [UnitsOverTime], [Graph], [Bars] or
// [Heat].
type Chart interface {
	sheet() (*sheet, error)
}

// A Format is a way to write charts.
type Format struct {
	Name  string // of files, after the dot
	Write func(io.Writer, Chart) error
}

// Formats lists the ways to write charts: pixels, and twice lines that can be
// enlarged.
func Formats() []Format { return []Format{{"png", writePNG}, {"svg", writeSVG}, {"pdf", writePDF}} }

// A sheet is a chart with a place for everything.
type sheet struct {
	height      float64 // points
	title, desc string
	draw        func(*pen)
}

func writePNG(w io.Writer, c Chart) error {
	s, err := c.sheet()
	if err != nil {
		return err
	}
	cv := vgimg.NewWith(vgimg.UseWH(vg.Length(chartWidth), vg.Length(s.height)), vgimg.UseDPI(dotsPerInch))
	s.draw(&pen{cv: cv, piece: 64}) // time to rasterize grows with the square of a path
	_, err = vgimg.PngCanvas{Canvas: cv}.WriteTo(w)
	return err
}

func writeSVG(w io.Writer, c Chart) error {
	s, err := c.sheet()
	if err != nil {
		return err
	}
	doc, err := s.svg()
	if err != nil {
		return err
	}
	_, err = w.Write(doc)
	return err
}

func (s *sheet) svg() ([]byte, error) {
	cv := &svgCanvas{Canvas: vgsvg.NewWith(vgsvg.UseWH(vg.Length(chartWidth), vg.Length(s.height)))}
	p := &pen{cv: cv, any: true}
	p.fillBox(white, box{0, 0, chartWidth, s.height}) // an image is white by itself
	s.draw(p)
	var b bytes.Buffer
	if _, err := cv.WriteTo(&b); err != nil {
		return nil, err
	}
	return cv.portable(b.Bytes(), s.height, s.title, s.desc), nil
}
