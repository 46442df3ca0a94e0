package report

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"highwater/plots"
	"highwater/sim/result"
	"highwater/sim/result/words"
)

// The area of lines, which is stretched to the page. Labels stand beside it,
// in the page's own type, so that they keep their size.
const (
	areaWidth  = 1000.0
	areaHeight = 300.0
)

// columns is how many stretches a line over time is drawn by.
const columns = 900

// A chart has lines over an axis, and labels beside them.
type chart struct {
	ID             string
	Lines          []chartLine
	XTicks, YTicks []chartTick
	XTitle, YTitle string
	LimitX, LimitY float64 // in percent of the area; negative for none
	LimitName      string
	Marks          []chartMark
	Rules          []chartRule

	left, right, top float64 // of the axes
	limit            float64
	hover            hover
	times            *plots.UnitsOverTime // the same over time, as an image
}

// Says is the chart in words, for those who do not see it.
func (c *chart) Says() string {
	parts := []string{"Chart of " + c.YTitle + " by " + c.XTitle + "; arrow keys read values"}
	for _, l := range c.Lines {
		parts = append(parts, strings.TrimSpace(l.Name+" "+l.Note))
	}
	if c.LimitName != "" {
		parts = append(parts, c.LimitName)
	}
	for _, r := range c.Rules {
		parts = append(parts, r.Text)
	}
	return strings.Join(parts, "; ")
}

// A chartLine is a line with bands, and a name in the legend. What is above the
// limit is listed too.
type chartLine struct {
	Name, Note   string
	Style        int  // color and dashes
	Dots         bool // the line's spots are drawn alone
	line         []plots.Spot
	bands, overs [][]plots.Spot
}

// Path is the line in SVG. Dots are strokes without length.
func (l *chartLine) Path() string {
	if !l.Dots {
		return pathOf(l.line)
	}
	var b strings.Builder
	for _, s := range l.line {
		b.WriteString("M" + coord(areaWidth*s.X) + " " + coord(areaHeight*(1-s.Y)) + "h0")
	}
	return b.String()
}

// Band is what lies between the lowest and the highest, in SVG.
func (l *chartLine) Band() string { return areasOf(l.bands) }

// Over is what is above the limit, in SVG.
func (l *chartLine) Over() string { return areasOf(l.overs) }

func areasOf(list [][]plots.Spot) string {
	var b strings.Builder
	for _, area := range list {
		b.WriteString(pathOf(area) + "Z")
	}
	return b.String()
}

// pathOf is a line through spots in SVG.
func pathOf(spots []plots.Spot) string {
	var b strings.Builder
	lastX, lastY := "", ""
	for i, s := range spots {
		x, y := coord(areaWidth*s.X), coord(areaHeight*(1-s.Y))
		switch {
		case i == 0:
			b.WriteString("M" + x + " " + y)
		case x == lastX && y == lastY:
		case y == lastY:
			b.WriteString("H" + x)
		case x == lastX:
			b.WriteString("V" + y)
		default:
			b.WriteString("L" + x + " " + y)
		}
		lastX, lastY = x, y
	}
	return b.String()
}

// A chartTick is a label at a place, in percent. Coarse ones stay where there
// is little room.
type chartTick struct {
	At, Mid float64
	Label   string
	Coarse  bool
	Edge    string // end where the label would leave the chart
}

// A chartMark is a point worth pointing out, in percent.
type chartMark struct {
	X, Y  float64
	Kind  string // peak, refusal or enough
	Style int
	Line  int
	Text  string // beside it; "" when the legend says it, as of enough
}

// Side is where the text of a mark has room, on a telephone too; that of a
// refusal is the longest.
func (m *chartMark) Side() string {
	if m.X > 80 || m.Kind == "refusal" && m.X > 60 {
		return "left"
	}
	return "right"
}

// A chartRule is a thin line across at a height, in percent from the top, with
// what it stands for.
type chartRule struct {
	Y    float64
	Text string
}

// A hover is what is read from a chart at places from left to right.
type hover struct {
	X     []float64  `json:"x"` // percent
	At    []string   `json:"at"`
	Names []string   `json:"names"`
	Texts [][]string `json:"texts"` // by line
}

// styles is how many lines can be told apart.
const styles = 6

func (c *chart) x(v float64) float64 { return round(100 * (v - c.left) / (c.right - c.left)) }
func (c *chart) y(v float64) float64 { return round(100 - 100*v/c.top) }

func (c *chart) spot(x, y float64) plots.Spot {
	return plots.Spot{X: (x - c.left) / (c.right - c.left), Y: y / c.top}
}

func round(v float64) float64 { return math.Round(v*100) / 100 }

func coord(v float64) string { return strconv.FormatFloat(math.Round(v*10)/10, 'f', -1, 64) }

// ticks places the ticks of an axis.
func (c *chart) ticks(list []plots.Tick) {
	labelled := 0
	for _, t := range list {
		if t.Label != "" {
			labelled++
		}
	}
	every, seen := (labelled+3)/4, 0
	for _, t := range list {
		tick := chartTick{At: c.x(t.At), Mid: c.x(t.Mid), Label: t.Label}
		if tick.Mid > 95 && len(t.Label) > 6 { // shorter ones have room beside the area
			tick.Edge = "end"
		}
		if t.Label != "" {
			tick.Coarse = seen%max(every, 1) == 0
			seen++
		}
		c.XTicks = append(c.XTicks, tick)
	}
}

func (c *chart) scale(most float64, format func(float64) string) {
	c.top = max(most, 1e-9) * 1.06
	for _, t := range plots.NumberTicks(c.top) {
		label := t.Label
		if format != nil {
			label = format(t.At)
		}
		c.YTicks = append(c.YTicks, chartTick{At: c.y(t.At), Label: label})
	}
}

// newCurve is a chart of a share from 0 to 1 over a number of units.
func newCurve(id string, low, high int) *chart {
	room := max(float64(high-low)*0.04, 1)
	c := &chart{ID: id, LimitX: -1, LimitY: -1, left: float64(low) - room, right: float64(high) + room, XTitle: "units on the key", YTitle: "risk of any refusal"}
	c.top = 1.04
	for i := range 6 {
		v := float64(i) / 5
		c.YTicks = append(c.YTicks, chartTick{At: c.y(v), Label: percent(v)})
	}
	var list []plots.Tick
	step := 1
	for i := 0; (high-low)/step > 9; i++ {
		step = []int{1, 2, 5}[i%3] * int(math.Pow10(i/3))
	}
	for v := (low + step - 1) / step * step; v <= high; v += step {
		list = append(list, plots.Tick{At: float64(v), Label: words.Number(v), Mid: float64(v)})
	}
	c.ticks(list)
	for v := low; v <= high; v += max((high-low)/columns, 1) {
		c.hover.X = append(c.hover.X, c.x(float64(v)))
		c.hover.At = append(c.hover.At, words.Plural(v, "unit"))
	}
	return c
}

// addRisk draws the risk by units as steps, each of which holds up to the next
// number of units that differs.
func (c *chart) addRisk(name string, curve []result.Risk) {
	i := len(c.Lines)
	var line, over, under stairs
	for j, k := range curve {
		x := float64(k.Units)
		if j == 0 {
			line.to(c.spot(c.left, 1))
		}
		line.to(c.spot(x, k.Risk))
		over.to(c.spot(x, k.High))
		under.to(c.spot(x, k.Low))
	}
	for _, s := range []*stairs{&line, &over, &under} {
		s.until(1)
	}
	slices.Reverse(under)
	c.Lines = append(c.Lines, chartLine{Name: name, line: line, bands: [][]plots.Spot{append(over, under...)}, Style: i % styles})
	c.hover.Names = append(c.hover.Names, name)
	c.hover.Texts = append(c.hover.Texts, c.riskTexts(curve))
}

func (c *chart) riskTexts(curve []result.Risk) []string {
	texts := make([]string, len(c.hover.X))
	j := 0
	for i, x := range c.hover.X {
		for j < len(curve) && c.x(float64(curve[j].Units)) <= x {
			j++
		}
		switch {
		case j == 0:
			texts[i] = percent(1)
		default:
			texts[i] = percent(curve[j-1].Risk) + " (" + percent(curve[j-1].Low) + " to " + percent(curve[j-1].High) + ")"
		}
	}
	return texts
}

// answer marks how many units are enough for a risk, of the last line.
func (c *chart) answer(need *result.Need) {
	best := need.Best()
	if best == nil {
		return
	}
	if at := c.x(float64(*best)); at >= 0 && at <= 100 {
		i := len(c.Lines) - 1
		c.Marks = append(c.Marks, chartMark{at, c.y(need.Risk), "enough", i % styles, i, ""})
		c.Lines[i].Note = words.Number(*best) + " enough"
	}
	if len(c.Rules) == 0 {
		c.Rules = []chartRule{{c.y(need.Risk), "risk of " + percent(need.Risk)}}
	}
}

// limitAt marks a number of units on the axis.
func (c *chart) limitAt(units int) {
	if at := c.x(float64(units)); at >= 0 && at <= 100 {
		c.LimitX, c.LimitName = at, "present key "+words.Number(units)
	}
}
