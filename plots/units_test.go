package plots

import (
	"bytes"
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"image/png"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"highwater/internal/golden"

	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/vgsvg"
	"pgregory.net/rapid"
)

var folder = flag.String("look", "", "write the sample charts into this folder, to look at")

func TestSamples(t *testing.T) {
	for _, s := range samples() {
		t.Run(s.name, func(t *testing.T) {
			svg, err := svgOf(&s.chart)
			if err != nil {
				t.Fatal(err)
			}
			if again, _ := svgOf(&s.chart); !bytes.Equal(svg, again) {
				t.Error("equal charts give unequal SVG")
			}
			checkXML(t, svg)
			if s.golden {
				golden.Check(t, filepath.Join("testdata", s.name+".svg"), svg)
			}
			checkTexts(t, &s.chart)
			if *folder != "" {
				look(t, s, svg)
			}
		})
	}
}

// look writes a sample as PNG and SVG into the folder of the -look flag.
func look(t *testing.T, s sample, svg []byte) {
	t.Helper()
	img, err := pngOf(&s.chart)
	if err != nil {
		t.Fatal(err)
	}
	for suffix, b := range map[string][]byte{".png": img, ".svg": svg} {
		if err := os.WriteFile(filepath.Join(*folder, s.name+suffix), b, 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

// checkXML checks that a document is well formed and that every text falls back
// to sans-serif and has a length.
func checkXML(t *testing.T, doc []byte) {
	t.Helper()
	d := xml.NewDecoder(bytes.NewReader(doc))
	for {
		tok, err := d.Token()
		if err == io.EOF {
			return
		}
		if err != nil {
			t.Fatalf("SVG: %v", err)
		}
		el, ok := tok.(xml.StartElement)
		if !ok || el.Name.Local != "text" {
			continue
		}
		attrs := map[string]string{}
		for _, a := range el.Attr {
			attrs[a.Name.Local] = a.Value
		}
		if !strings.Contains(attrs["style"], "sans-serif") || attrs["textLength"] == "" {
			t.Fatalf("SVG: text without fallback font or length: %v", attrs)
		}
	}
}

func TestPNG(t *testing.T) {
	s := samples()[0]
	b, err := pngOf(&s.chart)
	if err != nil {
		t.Fatal(err)
	}
	if again, _ := pngOf(&s.chart); !bytes.Equal(b, again) {
		t.Error("equal charts give unequal PNG")
	}
	img, err := png.Decode(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	if got := img.Bounds().Dx(); got != 1920 {
		t.Errorf("width = %d; want 1920", got)
	}
}

// A textCanvas notes the box of every text.
type textCanvas struct {
	*vgsvg.Canvas
	texts []string
	boxes []box
}

func (c *textCanvas) FillString(f font.Face, at vg.Point, s string) {
	if at.Y == 0 { // the turned title of the vertical axis
		return
	}
	x, y, w := at.X.Points(), at.Y.Points(), f.Width(s).Points()
	c.texts = append(c.texts, s)
	c.boxes = append(c.boxes, box{x, y - 0.2*f.Font.Size.Points(), x + w, y + 0.72*f.Font.Size.Points()})
}

// failer is what a test and a property have in common.
type failer interface {
	Helper()
	Errorf(format string, args ...any)
}

// checkTexts checks that no text of a chart meets another or leaves the page.
func checkTexts(t failer, c *UnitsOverTime) {
	t.Helper()
	l := newLayout(c, true)
	cv := &textCanvas{Canvas: vgsvg.NewWith(vgsvg.UseWH(vg.Length(chartWidth), vg.Length(l.height)))}
	l.draw(&pen{cv: cv})
	page := box{0, 0, chartWidth, l.height}
	for i, b := range cv.boxes {
		if !page.holds(b) {
			t.Errorf("%q is clipped: %.1f", cv.texts[i], b)
		}
		for j := range i {
			if b.meets(cv.boxes[j]) {
				t.Errorf("%q at %.1f meets %q at %.1f", cv.texts[i], b, cv.texts[j], cv.boxes[j])
			}
		}
	}
}

// TestAnyChart draws charts of any shape: none may panic, overlap or clip texts.
func TestAnyChart(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		end := rapid.SampledFrom([]float64{1e-3, 5, 60, 100, 900, hour, 2 * hour, 3 * hour, 10 * hour, day, 30 * hour, 3 * day, 7 * day, 30 * day, 100 * day, 365 * day, maxEnd}).Draw(t, "end")
		top := rapid.SampledFrom([]float64{0, 1, 5, 99, 12345, 1e6, 1e12}).Draw(t, "top")
		at := rapid.OneOf(rapid.SampledFrom([]float64{0, end}), rapid.Float64Range(0, end))
		mark := rapid.Custom(func(t *rapid.T) Mark {
			return Mark{At: at.Draw(t, "at"), Units: rapid.OneOf(rapid.Just(top), rapid.Float64Range(0, top)).Draw(t, "units")}
		})
		c := &UnitsOverTime{End: end, Limit: int(rapid.SampledFrom([]float64{0, 1, top, top / 2, 1e6, 1e12}).Draw(t, "limit"))}
		c.Title = rapid.String().Draw(t, "title")
		c.Footnote = rapid.SampledFrom([]string{"", foot}).Draw(t, "footnote")
		c.Axis = rapid.OneOf(rapid.Just(""), rapid.Just("connections"), rapid.String()).Draw(t, "axis")
		c.PeakHeading = rapid.OneOf(rapid.Just(""), rapid.String()).Draw(t, "heading")
		text := rapid.OneOf(rapid.Just(""), rapid.StringN(0, 300, -1)).Draw(t, "text")
		if rapid.Bool().Draw(t, "clock") {
			hours := rapid.IntRange(0, 24*400).Draw(t, "start")
			c.Start = monday.Add(time.Duration(hours) * 37 * time.Minute)
		}
		for range rapid.IntRange(0, 6).Draw(t, "series") {
			s := Series{Name: rapid.String().Draw(t, "name")}
			last := 0.0
			for _, m := range rapid.SliceOfN(mark, 0, 5).Draw(t, "points") {
				last = max(last, m.At)
				s.Points = append(s.Points, Point{At: last, Units: m.Units})
			}
			s.Peak = rapid.Ptr(mark, true).Draw(t, "peak")
			s.FirstRefusal = rapid.Ptr(mark, true).Draw(t, "refusal")
			if s.FirstRefusal != nil {
				s.FirstRefusal.Text = text
			}
			c.Series = append(c.Series, s)
		}
		if _, err := svgOf(c); err != nil {
			t.Fatalf("%v", err)
		}
		checkTexts(t, c)
	})
}

func TestErrors(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	points := func(p ...Point) UnitsOverTime {
		return UnitsOverTime{End: 10, Series: []Series{{Name: "a", Points: p}}}
	}
	tests := []struct {
		name  string
		chart UnitsOverTime
		want  string
	}{
		{"no end", UnitsOverTime{}, `end must be > 0 and at most 1e+09 seconds, not 0`},
		{"end not a number", UnitsOverTime{End: nan}, `end must be > 0 and at most 1e+09 seconds, not NaN`},
		{"limit", UnitsOverTime{End: 1, Limit: -1}, `limit must be from 0 to 1e+12 units, not -1`},
		{"many series", UnitsOverTime{End: 1, Series: make([]Series, 25)}, `series must be at most 24, not 25`},
		{"unsorted", points(Point{At: 5}, Point{At: 4}), `series "a": point 1: points must be in order of time, but 4 seconds comes after 5`},
		{"instant not a number", points(Point{At: nan}), `series "a": point 0: instant must be from 0 to 10 seconds, not NaN`},
		{"after the end", points(Point{At: 11}), `series "a": point 0: instant must be from 0 to 10 seconds, not 11`},
		{"before the start", points(Point{At: -1}), `series "a": point 0: instant must be from 0 to 10 seconds, not -1`},
		{"units not a number", points(Point{Units: nan}), `series "a": point 0: units must be from 0 to 1e+12, not NaN`},
		{"infinite units", points(Point{Units: inf}), `series "a": point 0: units must be from 0 to 1e+12, not +Inf`},
		{"negative units", points(Point{Units: -1}), `series "a": point 0: units must be from 0 to 1e+12, not -1`},
		{"bucket", points(Point{Units: 5, Low: 1, High: 4}), `series "a": point 0: want low <= units <= high, not 1, 5 and 4`},
		{"bucket not a number", points(Point{Units: 5, Low: 1, High: nan}), `series "a": point 0: want low <= units <= high, not 1, 5 and NaN`},
		{"low alone", points(Point{Units: 5, Low: 1}), `series "a": point 0: low must be 0 without a high, not 1`},
		{"peak", UnitsOverTime{End: 1, Series: []Series{{Peak: &Mark{At: 0, Units: nan}}}}, `series "": peak: units must be from 0 to 1e+12, not NaN`},
		{"refusal", UnitsOverTime{End: 1, Series: []Series{{FirstRefusal: &Mark{At: 2, Units: 0}}}}, `series "": first refusal: instant must be from 0 to 1 seconds, not 2`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, svg := svgOf(&tt.chart)
			_, img := pngOf(&tt.chart)
			for _, err := range []error{svg, img} {
				if err == nil || err.Error() != tt.want {
					t.Errorf("error %v; want %s", err, tt.want)
				}
			}
		})
	}
}

type brokenWriter struct{}

var errBroken = errors.New("disk full")

func (brokenWriter) Write([]byte) (int, error) { return 0, errBroken }

func TestWriterError(t *testing.T) {
	c := &UnitsOverTime{End: 1}
	if err := c.WriteSVG(brokenWriter{}); !errors.Is(err, errBroken) {
		t.Errorf("WriteSVG: %v; want %v", err, errBroken)
	}
	if err := c.WritePNG(brokenWriter{}); !errors.Is(err, errBroken) {
		t.Errorf("WritePNG: %v; want %v", err, errBroken)
	}
}

func TestMarkup(t *testing.T) {
	c := &UnitsOverTime{Title: "<script>&\x00\xff\n style=\"font-family:Liberation Sans;", End: 1, Footnote: "日本 <text "}
	b, err := svgOf(c)
	if err != nil {
		t.Fatal(err)
	}
	checkXML(t, b)
	if bytes.Contains(b, []byte("<script")) {
		t.Error("markup in a title is not escaped")
	}
}

func TestDescribe(t *testing.T) {
	c := &UnitsOverTime{Start: monday, End: day, Limit: 120, Series: []Series{
		{Name: "per user", Peak: &Mark{At: 8*hour + 23*minute, Units: 131}, FirstRefusal: &Mark{At: 8*hour + 11*minute + 42, Units: 120}},
		{Name: "per connection", Peak: &Mark{At: 9 * hour, Units: 1}},
		{Name: "empty"},
	}}
	want := "License units over Monday 2 March 2026 (UTC). The license key authorizes 120 license units. " +
		"per user: peak of 131 license units at 08:23, first refusal at 08:11:42. per connection: peak of 1 license unit at 09:00."
	if got := c.Describe(); got != want {
		t.Errorf("Describe() = %q; want %q", got, want)
	}
}

func TestDescribeWords(t *testing.T) {
	c := &UnitsOverTime{End: hour, Limit: 1, Axis: "connections", PeakHeading: "needed", Series: []Series{
		{Name: "pool", Peak: &Mark{At: 60, Units: 3}, FirstRefusal: &Mark{At: 61, Units: 1, Text: "rest:\n503 Service Unavailable"}},
	}}
	want := "Connections over 1 h. The license key authorizes 1 connection. " +
		"pool: needed 3 connections at 1 min, first refusal at 1 min 1 s (rest: 503 Service Unavailable)."
	if got := c.Describe(); got != want {
		t.Errorf("Describe() = %q; want %q", got, want)
	}
}

func TestRefusalLabel(t *testing.T) {
	const text = "rest: 503 Service Unavailable"
	at := func(seconds float64, text string) *Mark { return &Mark{At: 14*hour + seconds, Text: text} }
	tests := []struct {
		name     string
		refusals []*Mark
		want     string
	}{
		{"none", []*Mark{nil, nil}, ""},
		{"one series", []*Mark{at(1, "")}, "first refusal 14:00:01"},
		{"text", []*Mark{at(1, text)}, "first refusal 14:00:01, " + text},
		{"one of three", []*Mark{nil, at(2004, text), nil}, "first refusal 14:33:24, " + text + " (1 of 3 policies)"},
		{"the same text", []*Mark{at(9, text), at(3, text)}, "first refusal 14:00:03, " + text + " (2 of 2 policies)"},
		{"several texts", []*Mark{at(9, text), at(3, "hl7: refused")}, "first refusal 14:00:03 (2 of 2 policies)"},
		{"a series without text", []*Mark{at(3, text), at(9, "")}, "first refusal 14:00:03 (2 of 2 policies)"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := &UnitsOverTime{Start: monday, End: day}
			for _, m := range tt.refusals {
				c.Series = append(c.Series, Series{FirstRefusal: m})
			}
			if got, _ := newLayout(c, true).refusalLabel(); got != tt.want {
				t.Errorf("label = %q; want %q", got, tt.want)
			}
		})
	}
}

func TestLongRefusalText(t *testing.T) {
	c := &UnitsOverTime{Start: monday, End: day, Series: make([]Series, 2)}
	c.Series[0].FirstRefusal = &Mark{Text: strings.Repeat("long ", 100)}
	got, _ := newLayout(c, true).refusalLabel()
	if w := labelFace.width(got); w > chartWidth || !strings.HasPrefix(got, "first refusal 00:00:00, long long") || !strings.HasSuffix(got, "… (1 of 2 policies)") {
		t.Errorf("label = %q, %g wide; want the text shortened and the count kept", got, w)
	}
}

func TestBandNote(t *testing.T) {
	flat := []Point{{At: 0, Units: 7}}
	tests := []struct {
		name   string
		end    float64
		limit  int
		series []Series
		want   string
	}{
		{"no series", day, 0, nil, ""},
		{"no change", day, 0, []Series{{Points: flat}}, ""},
		{"few points", day, 0, []Series{{Points: square(20, day, 10, 20)}}, ""},
		{"too low to be seen", day, 0, []Series{{Points: square(9999, day, 9999, 10000)}}, ""},
		{"one spike", day, 0, []Series{{Points: []Point{{At: 0, Units: 1}, {At: 100, Units: 9}, {At: 101, Units: 1}}}}, ""},
		{"day", day, 0, []Series{{Points: square(9999, day, 10, 20)}}, ", darker band: lowest to highest within 1.7 minutes"},
		{"several series", day, 0, []Series{{Points: flat}, {Points: square(9999, day, 10, 20)}}, ", band: lowest to highest within 1.7 minutes"},
		{"year", 365 * day, 0, []Series{{Points: square(9999, 365*day, 10, 20)}}, ", darker band: lowest to highest within a day"},
		{"quiet year", 365 * day, 0, []Series{{Points: flat}}, ""},
		{"all above the limit", day, 1000, []Series{{Points: square(9999, day, 1000, 2000)}}, ""},
		{"hourly buckets", day, 0, []Series{{Points: []Point{{At: 0, Units: 1, High: 9}, {At: hour, Units: 1}}}}, ", darker band: lowest to highest of each interval"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := newLayout(&UnitsOverTime{End: tt.end, Limit: tt.limit, Series: tt.series}, true)
			if got := l.bandNote(); got != tt.want {
				t.Errorf("note = %q; want %q", got, tt.want)
			}
		})
	}
}

// A series of dots has a path for each of its points, and no line.
func TestDots(t *testing.T) {
	paths := map[bool]int{}
	for _, dots := range []bool{false, true} {
		c := UnitsOverTime{Start: monday, End: hour, Series: []Series{{Points: []Point{{At: 600, Units: 3}, {At: 1200, Units: 5}, {At: 1800, Units: 4}}, Dots: dots}}}
		svg, err := svgOf(&c)
		if err != nil {
			t.Fatal(err)
		}
		ink := fmt.Sprintf("#%02X%02X%02X", seriesLine(0).color.R, seriesLine(0).color.G, seriesLine(0).color.B)
		paths[dots] = strings.Count(string(svg), ink)
	}
	if paths[false] != 1 || paths[true] != 3 {
		t.Errorf("%d paths of the color in the line, %d in dots; want one line, and 3 dots", paths[false], paths[true])
	}
}
