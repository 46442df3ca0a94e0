package term

import (
	"bytes"
	"errors"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"highwater/internal/golden"
	"highwater/plots"

	"pgregory.net/rapid"
)

func drawn(t *testing.T, c *plots.UnitsOverTime, o Options) string {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, c, o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// shift is four hours in which 3 units become 1, with a key of 2 and a refusal
// after an hour.
func shift() *plots.UnitsOverTime {
	return &plots.UnitsOverTime{
		Start: time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC), End: 4 * 3600, Limit: 2,
		Series: []plots.Series{{
			Name:         "iris-2022.3",
			Points:       []plots.Point{{At: 0, Units: 3}, {At: 2 * 3600, Units: 1}},
			Peak:         &plots.Mark{At: 0, Units: 3},
			FirstRefusal: &plots.Mark{At: 3600, Units: 2},
		}},
	}
}

// Of 40 columns 4 are left of the plot, and 9 are an hour. Of 16 rows of dots 3
// units are the highest, 2 the fifth below it (15 / 3), 1 the tenth, 0 the
// last: in rows of characters the first, second, third and last. The line falls
// in the column of 10:00, which is the nineteenth.
func TestSmallChart(t *testing.T) {
	const want = `
iris-2022.3
 3 +^******************
 2 +---------x--------*-----------------
 1 +                  ******************
 0 +
   ++--------+--------+--------+-------+
   08:00   09:00    10:00    11:00 12:00
    Monday 23 November 2026 (UTC)
    - limit 2
    ^ peak 3 license units at 08:00
    x first refusal at 09:00
`
	o := Options{Width: 40, Height: 4, ASCII: true}
	if got := drawn(t, shift(), o); got != want[1:] {
		t.Errorf("got\n%s\nwant\n%s", got, want[1:])
	}
}

// The same in dots, two for each column: the upper row of the first character
// row, then both columns of the eleventh row of dots, which is the third in the
// third character row. Between them the left dots of the column of 10:00.
func TestSmallChartInDots(t *testing.T) {
	const want = `
iris-2022.3
 3 ┤▲⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⡇
 2 ┤╌╌╌╌╌╌╌╌╌✗╌╌╌╌╌╌╌╌⡇╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌
 1 ┤                  ⠧⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤
 0 ┤
   └┴────────┴────────┴────────┴───────┴
   08:00   09:00    10:00    11:00 12:00
    Monday 23 November 2026 (UTC)
    ╌ limit 2
    ▲ peak 3 license units at 08:00
    ✗ first refusal at 09:00
`
	if got := drawn(t, shift(), Options{Width: 40, Height: 4}); got != want[1:] {
		t.Errorf("got\n%s\nwant\n%s", got, want[1:])
	}
}

var escape = regexp.MustCompile("\x1b\\[[0-9;]*m")

// Colors change nothing else, end on each line, and set apart what is above
// the limit.
func TestColors(t *testing.T) {
	o := Options{Width: 40, Height: 4}
	want := drawn(t, shift(), o)
	o.Color = true
	got := drawn(t, shift(), o)
	if plain := escape.ReplaceAllString(got, ""); plain != want {
		t.Errorf("without its colors it is\n%s\nnot\n%s", plain, want)
	}
	for _, l := range strings.Split(got, "\n") {
		if all := escape.FindAllString(l, -1); len(all) > 0 && all[len(all)-1] != "\x1b[0m" {
			t.Errorf("colors do not end in %q", l)
		}
	}
	for _, part := range []string{"\x1b[1;36m▲", "\x1b[31m⠉", "\x1b[33m╌", "\x1b[1;31m✗", "\x1b[36m⠧"} {
		if !strings.Contains(got, part) {
			t.Errorf("the chart does not have %q", part)
		}
	}
}

// What is said of charts in their special cases.
func TestLegend(t *testing.T) {
	far := shift()
	far.Limit = 31 // more than ten times 3
	calls := shift()
	calls.Axis, calls.PeakHeading, calls.Series[0].FirstRefusal = "connections", "needed", nil
	free := shift()
	free.Limit, free.Start = 0, time.Time{}
	tests := []struct {
		name       string
		c          *plots.UnitsOverTime
		have, lack string
	}{
		{"far limit", far, "limit 31, far above", "╌"},
		{"connections", calls, "needed 3 connections at 08:00", "✗"},
		{"no limit", free, "elapsed time (hours:minutes)", "limit"},
	}
	for _, tt := range tests {
		got := drawn(t, tt.c, Options{})
		if !strings.Contains(got, tt.have) || strings.Contains(got, tt.lack) {
			t.Errorf("%s: want %q and no %q in\n%s", tt.name, tt.have, tt.lack, got)
		}
	}
}

// Each series has its plot, on one scale, and ends where it is known.
func TestTwoSeries(t *testing.T) {
	c := shift()
	c.Series = append(c.Series, plots.Series{Name: "other", Points: []plots.Point{{At: 0, Units: 6}}, End: 2 * 3600})
	got := drawn(t, c, Options{Width: 40, Height: 4, ASCII: true})
	first, second, ok := strings.Cut(got, "\nother\n")
	if !ok || !strings.HasPrefix(first, "iris-2022.3\n 6 +\n") {
		t.Fatalf("got\n%s", got)
	}
	// 6 units are the highest row, and 2 of 4 hours 18 of 36 columns, the one
	// of that instant included.
	// Seven ticks do not fit beside four rows, and every second one does.
	if top, _, _ := strings.Cut(second, "\n"); top != " 6 +"+strings.Repeat("*", 19) {
		t.Errorf("the first row is %q", top)
	}
}

// A day of the clock, a week and a minute, wide and narrow.
func TestGolden(t *testing.T) {
	week := &plots.UnitsOverTime{Start: time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC), End: 7 * 86400, Limit: 90, Series: []plots.Series{{Name: "contract"}}}
	for day := range 7 {
		for hour := range 24 {
			units := float64(10 + 7*min(hour, 24-hour))
			if day > 4 {
				units = 10
			}
			week.Series[0].Points = append(week.Series[0].Points, plots.Point{At: float64(24*day+hour) * 3600, Units: units})
		}
	}
	minute := &plots.UnitsOverTime{End: 60, Series: []plots.Series{{Points: []plots.Point{{At: 10, Units: 1200}, {At: 20, Units: 1, Low: 1, High: 1500}, {At: 40, Units: 900}}}}}
	for name, c := range map[string]*plots.UnitsOverTime{"week": week, "minute": minute} {
		var b strings.Builder
		for _, o := range []Options{{}, {Width: 100, Height: 8}, {Width: 40, Height: 6, ASCII: true}} {
			b.WriteString(drawn(t, c, o) + "\n")
		}
		golden.Check(t, filepath.Join("testdata", name+".txt"), []byte(b.String()))
	}
}

// Whatever the units are: the line passes through the character of each of
// them, no line is too wide, and ASCII is ASCII.
func TestNothingIsLost(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := &plots.UnitsOverTime{
			End: rapid.Float64Range(0.01, 1e7).Draw(t, "end"), Limit: rapid.IntRange(0, 500).Draw(t, "limit"), Series: make([]plots.Series, 1),
		}
		o := Options{
			Width: rapid.IntRange(0, 130).Draw(t, "width"), Height: rapid.IntRange(0, 20).Draw(t, "height"), ASCII: rapid.Bool().Draw(t, "ascii"),
		}
		at := 0.0
		for range rapid.IntRange(0, 60).Draw(t, "points") {
			c.Series[0].Points = append(c.Series[0].Points, plots.Point{At: at, Units: float64(rapid.IntRange(0, 700).Draw(t, "units"))})
			at = min(c.End, at+c.End*rapid.Float64Range(0, 0.1).Draw(t, "step"))
		}
		var b bytes.Buffer
		if err := Write(&b, c, o); err != nil {
			t.Fatal(err)
		}
		rows := strings.Split(b.String(), "\n")
		d := drawing{chart: c, height: max(LeastHeight, o.Height), Options: o}
		if o.Height == 0 {
			d.height = DefaultHeight
		}
		d.Options.Width = max(LeastWidth, o.Width)
		if o.Width == 0 {
			d.Options.Width = DefaultWidth
		}
		d.scale()
		for _, p := range c.Series[0].Points {
			row := []rune(rows[d.row(p.Units)])
			x := d.margin + d.column(p.At)
			if x >= len(row) || row[x] != '*' && (row[x] < braille || row[x] > braille+0xff) {
				t.Fatalf("%v units at %v are not in column %d of %q of\n%s", p.Units, p.At, x, string(row), &b)
			}
		}
		for _, l := range rows {
			if utf8.RuneCountInString(l) > d.Options.Width || o.ASCII && len(l) != utf8.RuneCountInString(l) {
				t.Fatalf("%q is too wide or has more than ASCII", l)
			}
		}
	})
}

// A closed writer tells that it is closed.
type closed struct{}

func (closed) Write([]byte) (int, error) { return 0, errors.New("closed") }

func TestWriteError(t *testing.T) {
	if err := Write(closed{}, shift(), Options{}); err == nil || err.Error() != "closed" {
		t.Errorf("got %v, want closed", err)
	}
}
