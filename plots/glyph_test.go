package plots

import (
	"bytes"
	"io"
	"slices"
	"strings"
	"testing"
)

// Liberation Sans has Latin and Hebrew letters, and neither Chinese ones nor
// pictures.
func TestGlyphs(t *testing.T) {
	for s, want := range map[string]string{
		"plain": "plain", "Zürich – naïve …": "Zürich – naïve …", "אשפוז": "אשפוז",
		"Ward 🏥": "Ward □", "a\U0010FFFFb": "a□b", "病棟 3": "□□ 3", "❤\uFE0F": "□", "\uFFFD": "□",
	} {
		if got := glyphs(s); got != want {
			t.Errorf("%q is written as %q, want %q", s, got, want)
		}
	}
}

func TestApart(t *testing.T) {
	got := apart([]string{"Ward 🏥", "Ward 🚑", "Ward 🏥", "Ward", "Ward", "Ward 🚒"})
	if want := []string{"Ward 🏥", "Ward 🚑 (2)", "Ward 🏥", "Ward", "Ward", "Ward 🚒 (3)"}; !slices.Equal(got, want) {
		t.Errorf("names are %q, want %q", got, want)
	}
}

// A chart whose names the fonts lack can be written, and what stands for them
// is as wide as it is drawn.
func TestNamesWithoutGlyphs(t *testing.T) {
	h := Heading{Title: "🏥 病棟", Subtitle: "אשפוז 🚑", Footnote: "\U0010FFFF"}
	charts := []Chart{
		&Bars{Heading: h, Axis: "🏥", Rows: []Bar{{Name: "🏥", Length: 1, Text: "1 🚑"}, {Name: "🚑", Length: 0.5}}, Parts: []string{"🏥", "🚑"}},
		&Graph{Heading: h, XTitle: "🏥", YTitle: "🚑", LimitX: -1, LimitY: -1, Lines: []GraphLine{{Name: "🏥", Note: "病", Line: []Spot{{0, 1}, {1, 1}}}, {Name: "🚑"}}},
		&Heat{Heading: h, Columns: []string{"🏥"}, Rows: []HeatRow{{Name: "🚑", Cells: []HeatCell{{Text: "病"}}}}},
		&UnitsOverTime{Title: h.Title, Subtitle: h.Subtitle, End: 3600, Series: []Series{{Name: "🏥", Points: []Point{{At: 0, Units: 2}}}, {Name: "🚑"}}},
	}
	for i, c := range charts {
		for _, f := range Formats() {
			if err := f.Write(io.Discard, c); err != nil {
				t.Errorf("chart %d as %s: %v", i, f.Name, err)
			}
		}
	}
	if a, b := tableFace.width("🏥"), tableFace.width("□"); a != b || a == 0 {
		t.Errorf("a name is %g wide, and what stands for it %g", a, b)
	}
	// PNG, which has no letters, is that of a chart with boxes; SVG keeps the
	// letters for who has a font with them.
	var png, boxes bytes.Buffer
	one := func(name string) *Bars { return &Bars{Rows: []Bar{{Name: name, Length: 1, Text: "1"}}} }
	if writePNG(&png, one("病棟")) != nil || writePNG(&boxes, one("□□")) != nil || !bytes.Equal(png.Bytes(), boxes.Bytes()) {
		t.Error("names without glyphs are no boxes in PNG")
	}
	if svg := write(t, Format{"svg", writeSVG}, one("病棟")); !strings.Contains(string(svg), ">病棟</text>") {
		t.Errorf("SVG has no letters:\n%s", svg)
	}
}
