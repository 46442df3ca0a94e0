package plots

import (
	"math"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func free(box) float64 { return 0 }

func TestPlace(t *testing.T) {
	within := box{0, 0, 600, 300}
	mark := func(x, y float64) box { return box{x, y, x, y}.grow(5) }
	tests := []struct {
		name   string
		anchor spot
		taken  []box
		cost   func(box) float64
		want   func(b box, a spot) bool
	}{
		{"above its mark", spot{300, 100}, nil, free, func(b box, a spot) bool { return b.y0 > a.y && b.x0 < a.x && a.x < b.x1 }},
		{"at the left edge", spot{0, 100}, nil, free, func(b box, a spot) bool { return b.x0 >= 0 && b.y0 > a.y }},
		{"at the right edge", spot{600, 100}, nil, free, func(b box, a spot) bool { return b.x1 <= 600 && b.y0 > a.y }},
		{"at the top", spot{300, 300}, nil, free, func(b box, a spot) bool { return b.y1 <= 300 && !b.meets(mark(a.x, a.y)) }},
		{"in a corner", spot{600, 300}, nil, free, func(b box, a spot) bool { return within.holds(b) && !b.meets(mark(a.x, a.y)) }},
		{"beside another label", spot{300, 100}, []box{{250, 106, 350, 130}}, free, func(b box, _ spot) bool { return !b.meets(box{250, 106, 350, 130}) }},
		{"right of a line", spot{300, 100}, nil, func(b box) float64 {
			if b.x0 < 299 && 299 < b.x1 {
				return 14
			}
			return 0
		}, func(b box, a spot) bool { return b.x0 > a.x }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := placer{within: within, taken: append(tt.taken, mark(tt.anchor.x, tt.anchor.y)), cost: tt.cost}
			got, ok := p.place(label{"peak 131 at 08:23", labelFace, tt.anchor})
			if !ok || !tt.want(got.box, tt.anchor) {
				t.Errorf("place at %v = %v, %t", tt.anchor, got.box, ok)
			}
		})
	}
}

func TestPlaceNowhere(t *testing.T) {
	p := placer{within: box{0, 0, 600, 300}, taken: []box{{0, 0, 600, 300}}, cost: free}
	if got, ok := p.place(label{"peak", labelFace, spot{300, 100}}); ok {
		t.Errorf("placed at %v in a full plot", got.box)
	}
}

// TestPlaceNearby checks that a crowd of labels stays inside, apart and clear
// of all marks.
func TestPlaceNearby(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := placer{within: box{0, 0, 600, 300}, cost: free}
		var labels []label
		for range rapid.IntRange(1, 8).Draw(t, "labels") {
			at := spot{rapid.Float64Range(0, 600).Draw(t, "x"), rapid.Float64Range(0, 300).Draw(t, "y")}
			labels = append(labels, label{"131 at 08:23", tableFace, at})
			p.taken = append(p.taken, box{at.x, at.y, at.x, at.y}.grow(5))
		}
		for _, l := range labels {
			before := append([]box(nil), p.taken...)
			got, ok := p.place(l)
			if !ok {
				continue
			}
			if !p.within.holds(got.box) {
				t.Fatalf("%v is outside", got.box)
			}
			for _, b := range before {
				if got.box.meets(b) {
					t.Fatalf("%v meets %v", got.box, b)
				}
			}
		}
	})
}

func TestProfile(t *testing.T) {
	p := newProfile(box{0, 0, 100, 100}, []spot{{0, 10}, {50, 10}, {50, 80}, {100, 80}})
	tests := []struct {
		name string
		box  box
		want float64
	}{
		{"over the line", box{0, 0, 20, 20}, 1},
		{"above the line", box{0, 20, 20, 40}, 0},
		{"across the rise", box{50, 30, 51, 40}, 1},
		{"half", box{30, 70, 69, 90}, 0.5},
	}
	for _, tt := range tests {
		if got := p.covered(tt.box); math.Abs(got-tt.want) > 0.05 {
			t.Errorf("%s: covered(%v) = %g; want %g", tt.name, tt.box, got, tt.want)
		}
	}
}

func TestNumber(t *testing.T) {
	for v, want := range map[float64]string{0: "0", 7: "7", 12.5: "12.5", 12.04: "12.0", 999: "999", 1000: "1,000", 1234567: "1,234,567", 1e12: "1,000,000,000,000"} {
		if got := number(v); got != want {
			t.Errorf("number(%g) = %q; want %q", v, got, want)
		}
	}
}

func TestDuration(t *testing.T) {
	for seconds, want := range map[float64]string{0.001: "a millisecond", 0.00612: "6.1 milliseconds", 1: "a second", 44.4: "44 seconds",
		60: "a minute", 104: "1.7 minutes", 3600: "an hour", 5000: "1.4 hours", day: "a day", 30 * day: "30 days"} {
		if got := duration(seconds); got != want {
			t.Errorf("duration(%g) = %q; want %q", seconds, got, want)
		}
	}
}

func TestClean(t *testing.T) {
	for s, want := range map[string]string{"a\nb\t c ": "a b c", "a\x00b": "a b", "a\xffb": "a\uFFFDb", "\uFFFE": "\uFFFD", "ß日": "ß日"} {
		if got := clean(s); got != want {
			t.Errorf("clean(%q) = %q; want %q", s, got, want)
		}
	}
}

// TestTextFits checks that shortened and wrapped texts are no wider than asked.
func TestTextFits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := clean(rapid.String().Draw(t, "s") + strings.Repeat(" word", rapid.IntRange(0, 50).Draw(t, "words")))
		width := rapid.Float64Range(30, 700).Draw(t, "width")
		lines := rapid.IntRange(1, 3).Draw(t, "lines")
		got := append(tableFace.wrap(s, width, lines), tableFace.shorten(s, width))
		if len(got) > lines+1 {
			t.Fatalf("%d lines; want at most %d", len(got)-1, lines)
		}
		for _, text := range got {
			if w := tableFace.width(text); w > width || !utf8.ValidString(text) {
				t.Fatalf("%q is %g wide; want at most %g", text, w, width)
			}
		}
		if tableFace.width(s) <= width && tableFace.shorten(s, width) != s {
			t.Fatalf("%q was shortened without need", s)
		}
	})
}

// Peaks that are drawn in one place and are said alike are said once, and not on
// the line of a first refusal.
func TestPeaksOfOnePlace(t *testing.T) {
	at := 7*hour + 56*minute
	c := UnitsOverTime{Start: monday, End: 24 * hour, Limit: 8}
	for i := range 2 {
		c.Series = append(c.Series, Series{Name: string(rune('a' + i)), Points: []Point{{}, {At: at, Units: 8}, {At: at + minute}},
			Peak: &Mark{At: at + 0.2*float64(i), Units: 8}, FirstRefusal: &Mark{At: at + 1, Units: 8}})
	}
	l := newLayout(&c, true)
	labels := l.placeLabels()
	if len(labels) != 1 || labels[0].text != "8 at 07:56" {
		t.Fatalf("labels are %+v, want 8 at 07:56 once", labels)
	}
	if x, b := l.x(at+1), labels[0].box; b.x0 < x && x < b.x1 {
		t.Errorf("the label from %v to %v is on the line of the first refusal at %v", b.x0, b.x1, x)
	}
}
