// Package plots draws charts from plain numbers.
//
// A chart is a struct of numbers and words that the caller fills in and
// writes as PNG, SVG or PDF. The package knows nothing of scenarios, results or
// files, has no clock and keeps no state: equal charts give equal bytes.
//
// Times are seconds since the start of the run, heights are license units or
// what else the chart names.
// A chart is drawn at its natural size (720 points wide; the height follows
// from what has to be said), PNG at 192 dots an inch. SVG names the
// Liberation Sans font that the chart was laid out with, falls back to Arial,
// Helvetica or any sans-serif, and fixes the length of every text, so that it
// looks the same on a machine without that font.
//
// Charts need memory in proportion to their width, not to their points: lines
// are reduced to what each column of pixels can show before they are drawn. A
// column in which the units change is drawn like a bucket, with a band from its
// lowest to its highest units; the caption of the time axis says how long a
// column is when a band is visible.
package plots

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"strings"
	"time"
	"unicode"
)

// Limits of what a chart accepts.
const (
	maxSeries = 24   // lines that can be told apart by color and dashes
	maxUnits  = 1e12 // license units
	maxEnd    = 1e9  // seconds, about 31 years
)

// A Point is the number of license units from At until the next point of its
// series, or until the end of the chart. Points at the same instant are drawn
// as a vertical line, and the last one holds.
//
// A point with a High is a bucket: between At and the next point the units
// were somewhere from Low to High. It is drawn as a line along High with the
// range below it shaded, so that no peak is lost.
type Point struct {
	At    float64 // seconds since the start, from 0 to the end of the chart
	Units float64 // units at At, >= 0; in a bucket from Low to High
	Low   float64 // fewest units in a bucket; 0 unless High is set
	High  float64 // most units in a bucket; 0 means that Units hold throughout
}

// A Mark is an instant worth pointing out, with exact values.
type Mark struct {
	At    float64 // seconds since the start, from 0 to the end of the chart
	Units float64 // license units at that instant, >= 0
	Text  string  // what happened, such as "rest: 503 Service Unavailable"; only a first refusal shows it
}

// A Series is the license units of one policy over time, drawn as a step line
// or as dots.
type Series struct {
	Name         string  // shown when there are several series
	Points       []Point // in order of time; may be empty
	End          float64 // seconds since the start until which it is known; 0 is the chart's end
	Peak         *Mark   // the highest units; nil draws none
	FirstRefusal *Mark   // the first refusal; nil means that nobody was refused
	Dots         bool    // points are drawn alone, as of samples between which nothing is known
}

// UnitsOverTime is a chart of license units over time, one line a policy,
// against the limit that the license key authorizes.
//
// The limit, the peaks and the first refusal are drawn from exact values and
// labelled; units above the limit are shaded. The label of the first refusal is
// that of the earliest; it has the mark's text when all first refusals share
// it, shortened to what fits. One series has its area filled
// and needs no legend; several have a table of names, peaks and first refusals
// above the chart.
type UnitsOverTime struct {
	Title    string    // one or two lines
	Subtitle string    // one or two lines; empty leaves it out
	Start    time.Time // wall-clock start, its location is the axis's; zero means elapsed time
	End      float64   // horizon in seconds since the start, > 0
	Limit    int       // units the license key authorizes; 0 means no limit line
	Series   []Series  // at most 24; may be empty
	Noun     string    // what the series are, in the plural; empty means "policies"
	Footnote string    // policy, seed, version; up to three lines

	Axis        string // what is counted and limited, in the plural; empty means "license units"
	PeakHeading string // what the peaks are called, such as "needed"; empty means "peak"
}

// WritePNG writes the chart as a PNG image, 1920 pixels wide. Its error says
// what in the chart is not drawable, or is that of the writer.
func (c *UnitsOverTime) WritePNG(w io.Writer) error { return writePNG(w, c) }

// WriteSVG writes the chart as an SVG document without scripts, links or
// embedded fonts. Its error says what in the chart is not drawable, or is
// that of the writer.
func (c *UnitsOverTime) WriteSVG(w io.Writer) error { return writeSVG(w, c) }

func (c *UnitsOverTime) sheet() (*sheet, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	return c.laid(newLayout(c, true)), nil
}

// laid is a layout of the chart as a sheet.
func (c *UnitsOverTime) laid(l *layout) *sheet {
	return &sheet{l.height, clean(c.Title), c.Describe(), l.draw}
}

// Describe says in words what the chart shows: the limit, and the peak and
// first refusal of every series. It is the description inside the SVG and
// serves as the alternative text of an image.
func (c *UnitsOverTime) Describe() string {
	tl := c.timeline()
	var b strings.Builder
	axis := []rune(c.axis())
	fmt.Fprintf(&b, "%s over %s.", string(unicode.ToUpper(axis[0]))+string(axis[1:]), tl.span())
	if c.Limit > 0 {
		fmt.Fprintf(&b, " The license key authorizes %s.", counted(float64(c.Limit), c.axis()))
	}
	for i := range c.Series {
		s := &c.Series[i]
		if s.Peak == nil && s.FirstRefusal == nil {
			continue
		}
		b.WriteByte(' ')
		if name := clean(s.Name); name != "" {
			b.WriteString(name + ": ")
		}
		var parts []string
		if m := s.Peak; m != nil {
			what := "peak of"
			if h := c.peakHeading(); h != peakHeading {
				what = h
			}
			parts = append(parts, fmt.Sprintf("%s %s at %s", what, counted(m.Units, c.axis()), tl.stamp(m.At, false)))
		}
		if m := s.FirstRefusal; m != nil {
			part := "first refusal at " + tl.stamp(m.At, true)
			if text := clean(m.Text); text != "" {
				part += " (" + text + ")"
			}
			parts = append(parts, part)
		}
		b.WriteString(strings.Join(parts, ", ") + ".")
	}
	return b.String()
}

func (c *UnitsOverTime) timeline() timeline { return timeline{start: c.Start, end: c.End} }

// What a chart says unless the caller says something else.
const (
	licenseUnits = "license units"
	peakHeading  = "peak"
	seriesNoun   = "policies"
)

// noun returns what the series are called.
func (c *UnitsOverTime) noun() string { return cmp.Or(clean(c.Noun), seriesNoun) }

// axis returns what is counted.
func (c *UnitsOverTime) axis() string { return cmp.Or(clean(c.Axis), licenseUnits) }

// peakHeading returns what the peaks are called.
func (c *UnitsOverTime) peakHeading() string { return cmp.Or(clean(c.PeakHeading), peakHeading) }

// check returns the first thing that keeps the chart from being drawn.
func (c *UnitsOverTime) check() error {
	switch {
	case !(c.End > 0) || c.End > maxEnd:
		return fmt.Errorf("end must be > 0 and at most %g seconds, not %g", float64(maxEnd), c.End)
	case c.Limit < 0 || float64(c.Limit) > maxUnits:
		return fmt.Errorf("limit must be from 0 to %g units, not %d", float64(maxUnits), c.Limit)
	case len(c.Series) > maxSeries:
		return fmt.Errorf("series must be at most %d, not %d", maxSeries, len(c.Series))
	}
	for i := range c.Series {
		if err := c.Series[i].check(c.End); err != nil {
			return fmt.Errorf("series %q: %w", c.Series[i].Name, err)
		}
	}
	return nil
}

func (s *Series) check(end float64) error {
	last := 0.0
	for i, p := range s.Points {
		switch {
		case !within(p.At, end):
			return fmt.Errorf("point %d: instant must be from 0 to %g seconds, not %g", i, end, p.At)
		case p.At < last:
			return fmt.Errorf("point %d: points must be in order of time, but %g seconds comes after %g", i, p.At, last)
		case !within(p.Units, maxUnits):
			return fmt.Errorf("point %d: units must be from 0 to %g, not %g", i, float64(maxUnits), p.Units)
		case p.High != 0 && !(0 <= p.Low && p.Low <= p.Units && p.Units <= p.High && p.High <= maxUnits):
			return fmt.Errorf("point %d: want low <= units <= high, not %g, %g and %g", i, p.Low, p.Units, p.High)
		case p.High == 0 && p.Low != 0:
			return fmt.Errorf("point %d: low must be 0 without a high, not %g", i, p.Low)
		}
		last = p.At
	}
	if !within(s.End, end) || s.End > 0 && s.End < last {
		return fmt.Errorf("end must be from the last point to %g seconds, not %g", end, s.End)
	}
	if err := s.Peak.check(end); err != nil {
		return fmt.Errorf("peak: %w", err)
	}
	if err := s.FirstRefusal.check(end); err != nil {
		return fmt.Errorf("first refusal: %w", err)
	}
	return nil
}

func (m *Mark) check(end float64) error {
	switch {
	case m == nil:
		return nil
	case !within(m.At, end):
		return fmt.Errorf("instant must be from 0 to %g seconds, not %g", end, m.At)
	case !within(m.Units, maxUnits):
		return fmt.Errorf("units must be from 0 to %g, not %g", float64(maxUnits), m.Units)
	}
	return nil
}

// within reports whether v is a number from 0 to most.
func within(v, most float64) bool { return v >= 0 && v <= most && !math.IsNaN(v) }
