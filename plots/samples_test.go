package plots

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"time"
)

// monday is the start of most samples.
var monday = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)

// A sample is a chart for tests and for looking at.
type sample struct {
	name   string
	golden bool // kept as SVG in testdata
	chart  UnitsOverTime
}

// hospital returns a day of a hospital: n points, quiet at night, highest
// in the morning.
func hospital(n int, end, peak float64, seed uint64) []Point {
	r := rand.New(rand.NewPCG(seed, 1))
	points := make([]Point, n)
	for i := range points {
		at := end * float64(i) / float64(n)
		h := math.Mod(at/hour, 24)
		u := 0.08 + 0.82*math.Exp(-(h-9)*(h-9)/7) + 0.62*math.Exp(-(h-14.2)*(h-14.2)/9)
		u += 0.02 * r.NormFloat64()
		points[i] = Point{At: at, Units: math.Max(0, math.Round(peak*u))}
	}
	return points
}

// peakOf returns the highest point.
func peakOf(points []Point) *Mark {
	m := Mark{}
	for _, p := range points {
		if u := max(p.Units, p.High); u > m.Units {
			m = Mark{At: p.At, Units: u}
		}
	}
	return &m
}

// refusalOf returns the first point above the limit.
func refusalOf(points []Point, limit float64) *Mark {
	for _, p := range points {
		if max(p.Units, p.High) > limit {
			return &Mark{At: p.At, Units: limit}
		}
	}
	return nil
}

func series(name string, points []Point, limit float64) Series {
	return Series{Name: name, Points: points, Peak: peakOf(points), FirstRefusal: refusalOf(points, limit)}
}

// policies returns up to six series that nearly coincide.
func policies(n, points int, end float64, limit float64) []Series {
	names := []string{"per user, 25 connections", "per connection", "per user and device", "web sessions with grace",
		"shared unit", "strict reading of the key"}
	var out []Series
	for i := range n {
		out = append(out, series(names[i], hospital(points, end, 90+14*float64(i), uint64(i)+1), limit))
	}
	return out
}

// buckets returns n buckets of a day.
func buckets(n int, end float64) []Point {
	fine := hospital(n*20, end, 130, 9)
	out := make([]Point, n)
	for i := range out {
		b := fine[i*20 : i*20+20]
		out[i] = Point{At: b[0].At, Units: b[0].Units, Low: math.Inf(1)}
		for _, p := range b {
			out[i].Low, out[i].High = min(out[i].Low, p.Units), max(out[i].High, p.Units)
		}
		if out[i].High == 0 {
			out[i].Low = 0
		}
	}
	return out
}

// square returns points that jump between two numbers of units.
func square(n int, end, lo, hi float64) []Point {
	out := make([]Point, n)
	for i := range out {
		out[i] = Point{At: end * float64(i) / float64(n), Units: lo}
		if i%2 == 1 {
			out[i].Units = hi
		}
	}
	return out
}

const foot = "highwater 1.0, policy per-user-25, seed 42, 1 replication of 20"

// samples returns charts for every case that is hard to draw.
func samples() []sample {
	one := hospital(4000, day, 130, 1)
	long := strings.Repeat("a very long name of a policy ", 8)
	return []sample{
		{"day", true, UnitsOverTime{Title: "License units in use over a working day", Subtitle: "General hospital, 400 nurses, demand with an unlimited key",
			Start: monday, End: day, Limit: 120, Series: []Series{series("per user", hospital(300, day, 130, 1), 120)}, Footnote: foot}},
		{"policies", true, UnitsOverTime{Title: "License units by policy", Subtitle: "General hospital, the same people under three readings of the key",
			Start: monday, End: day, Limit: 100, Series: policies(3, 150, day, 100), Footnote: foot}},
		{"connections", true, UnitsOverTime{Title: "Connections: a pool behind a key of 100 connections", Subtitle: "What the traffic needs if nobody is refused; above the limit callers are refused",
			Start: monday, End: day, Limit: 100, Axis: "connections", PeakHeading: "needed", Series: refused(policies(3, 150, day, 100), 1, "rest: 503 Service Unavailable"), Footnote: foot}},
		{"longtext", false, UnitsOverTime{Title: "A long text and small numbers", Start: monday, End: 30 * day, Limit: 1, Axis: long, PeakHeading: long, Series: refused(policies(3, 4000, 30*day, 1), 3, long)}},
		{"low", false, UnitsOverTime{Title: "A limit of 1 connection", End: hour, Limit: 1, Axis: "connections", PeakHeading: "needed", Series: refused([]Series{series("", square(50, hour, 2, 30), 4)}, 1, "<COMMUNICATION ERROR>")}},
		{"dense", false, UnitsOverTime{Title: "License units in use over a working day", Start: monday, End: day, Limit: 120, Series: []Series{series("", one, 120)}}},
		{"six", false, UnitsOverTime{Title: "Six policies", Start: monday, End: day, Limit: 120, Series: policies(6, 20000, day, 120), Footnote: foot}},
		{"longnames", false, UnitsOverTime{Title: long + long, Subtitle: long + long, Start: monday, End: day, Limit: 120,
			Series: []Series{series(long+"A", one, 120), series(strings.ToUpper(long)+"B", one, 120), series(strings.Repeat("x", 300), one, 200)}, Footnote: long + long + long + long}},
		{"week", false, UnitsOverTime{Title: "A week", Start: monday.Add(7 * time.Hour), End: 7 * day, Limit: 1200, Series: []Series{series("", hospital(10080, 7*day, 1300, 3), 1200)}}},
		{"year", false, UnitsOverTime{Title: "A year", Start: monday, End: 365 * day, Limit: 1_000_000, Series: policies(2, 100_000, 365*day, 120)}},
		{"minutes", false, UnitsOverTime{Title: "Login storm", Start: monday.Add(8 * time.Hour), End: 15 * minute, Limit: 40, Series: []Series{series("", square(40, 15*minute, 20, 55), 40)}}},
		{"seconds", true, UnitsOverTime{Title: "Five seconds", End: 5, Limit: 3, Series: []Series{series("", square(6, 5, 1, 4), 3)}}},
		{"elapsed", false, UnitsOverTime{Title: "Three hours", End: 3 * hour, Limit: 3, Series: []Series{series("", square(6, 3*hour, 1, 3), 3)}}},
		{"buckets", false, UnitsOverTime{Title: "Buckets", Start: monday, End: day, Limit: 120, Series: []Series{series("", buckets(200, day), 120)}}},
		{"empty", true, UnitsOverTime{Title: "Nobody came", Start: monday, End: day, Limit: 10, Series: []Series{{Name: "nothing"}}}},
		{"nothing", false, UnitsOverTime{End: hour}},
		{"single", false, UnitsOverTime{Title: "A single point", End: hour, Limit: 10, Series: []Series{{Points: []Point{{At: 1800, Units: 7}}, Peak: &Mark{At: 1800, Units: 7}}}}},
		{"last", false, UnitsOverTime{Title: "A point at the very end", End: hour, Series: []Series{{Points: []Point{{At: 3600, Units: 7}}, Peak: &Mark{At: 3600, Units: 7}}}}},
		{"constant", true, UnitsOverTime{Title: "Always at the limit", Start: monday, End: 30 * day, Limit: 25, Series: []Series{{Points: []Point{{At: 0, Units: 25}},
			Peak: &Mark{At: 0, Units: 25}, FirstRefusal: &Mark{At: 0, Units: 25}}}}},
		{"right", false, UnitsOverTime{Title: "Everything at the right edge", Start: monday, End: day, Limit: 1_000_000, Series: []Series{{Points: []Point{{0, 0, 0, 0}, {day, 1_000_000, 0, 0}},
			Peak: &Mark{At: day, Units: 1_000_000}, FirstRefusal: &Mark{At: day, Units: 1_000_000}}}}},
		{"crowd", false, UnitsOverTime{Title: "Six peaks in one place", Start: monday, End: day, Limit: 100, Series: crowd(), Noun: "readings"}},
		{"zero", false, UnitsOverTime{Title: "Nothing in use", End: hour, Series: []Series{{Points: []Point{{}}, Peak: &Mark{}}}}},
	}
}

// refused gives the text to the first refusals of the last n series, and takes
// those of the others away.
func refused(all []Series, n int, text string) []Series {
	for i := range all {
		if i < len(all)-n {
			all[i].FirstRefusal = nil
		} else {
			all[i].FirstRefusal.Text = text
		}
	}
	return all
}

// crowd returns six series with the same peak at the same instant.
func crowd() []Series {
	var out []Series
	for i := range 6 {
		out = append(out, Series{Name: fmt.Sprintf("reading %d", i+1), Points: []Point{{0, 10, 0, 0}, {8 * hour, 110, 0, 0}, {9 * hour, 30, 0, 0}},
			Peak: &Mark{At: 8 * hour, Units: 110}, FirstRefusal: &Mark{At: 8*hour - 60*float64(i), Units: 100}})
	}
	return out
}

func svgOf(c *UnitsOverTime) ([]byte, error) {
	var b bytes.Buffer
	err := c.WriteSVG(&b)
	return b.Bytes(), err
}

func pngOf(c *UnitsOverTime) ([]byte, error) {
	var b bytes.Buffer
	err := c.WritePNG(&b)
	return b.Bytes(), err
}
