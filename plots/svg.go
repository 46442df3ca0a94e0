package plots

import (
	"bytes"
	"fmt"
	"html"
	"strconv"

	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/vgsvg"
)

// An svgCanvas notes the width of every text it writes.
type svgCanvas struct {
	*vgsvg.Canvas
	widths []float64 // points, in the order of writing
}

// FillString writes a text and notes its width.
func (c *svgCanvas) FillString(f font.Face, at vg.Point, s string) {
	c.widths = append(c.widths, f.Width(glyphs(s)).Points())
	c.Canvas.FillString(f, at, s)
}

// portable returns the document with what vgsvg leaves out: a head with title
// and description, fonts to fall back to, and the length of every text, so
// that another font of other widths neither overlaps nor leaves the page.
// Texts are escaped, so that the bytes it looks for are always markup.
func (c *svgCanvas) portable(doc []byte, height float64, title, desc string) []byte {
	var b bytes.Buffer
	w, h := strconv.FormatFloat(chartWidth, 'f', -1, 64), strconv.FormatFloat(height, 'f', -1, 64)
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%spt" height="%spt" viewBox="0 0 %s %s" role="img">`+"\n", w, h, w, h)
	if title != "" {
		fmt.Fprintf(&b, "<title>%s</title>\n", html.EscapeString(title))
	}
	fmt.Fprintf(&b, "<desc>%s</desc>\n", html.EscapeString(desc))

	_, body, _ := bytes.Cut(doc, []byte("<svg"))
	_, body, _ = bytes.Cut(body, []byte(">\n"))
	body = bytes.ReplaceAll(body, []byte(`style="font-family:Liberation Sans;font-variant:normal;`),
		[]byte(`style="font-family:'Liberation Sans',Arial,Helvetica,sans-serif;`))
	parts := bytes.Split(body, []byte("<text "))
	b.Write(parts[0])
	for i, part := range parts[1:] {
		fmt.Fprintf(&b, `<text textLength="%s" lengthAdjust="spacingAndGlyphs" `, strconv.FormatFloat(c.widths[i], 'f', 2, 64))
		b.Write(part)
	}
	return b.Bytes()
}
