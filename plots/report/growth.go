package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"highwater/plots"
	"highwater/sim/result"
	"highwater/sim/result/words"
)

// addGrowth tells how much more the present key bears.
func (r *Report) addGrowth(s *result.Sizing, p *result.PolicySizing) {
	g := p.Growth
	if g == nil {
		return
	}
	if g.Wanted > 0 {
		r.add(section{Title: "Growth and headroom", Text: "Too few replications: a risk of " + percent(g.Risk) + " needs at least " + words.Number(g.Wanted) + "."})
		return
	}
	text := fmt.Sprintf("The present key bears %s times this traffic until the risk of any refusal is %s", words.Factor(g), percent(g.Risk))
	if g.People > 0 && g.Factor != nil {
		than := "more"
		if g.Extra < 0 {
			than = "fewer"
		}
		text += fmt.Sprintf(": %s people and devices %s than the %s there are", words.Number(max(g.Extra, -g.Extra)), than, words.Number(g.People))
	}
	text += "."
	switch {
	case g.Yearly == 0:
	case g.Month != "":
		text += fmt.Sprintf(" Growing %s a year, that is reached in %s.", percent(g.Yearly), month(g))
	case g.Beyond == result.Above:
		text += fmt.Sprintf(" Growing %s a year, that is many years away.", percent(g.Yearly))
	default:
		text += fmt.Sprintf(" Growing %s a year, there is no month to come in which that is reached: the key is too small for this risk now.", percent(g.Yearly))
	}
	one := section{Title: "Growth and headroom", Text: text + " From " + words.Plural(g.N, "replication") + ".", Table: growthTable(g)}
	if one.Chart = newGrowth(g); one.Chart != nil {
		one.Text += fmt.Sprintf(" Drawn is the share of them that would refuse anybody, with its interval (shaded) at %s confidence, at the amounts of traffic that were looked at and straight between them.", percent(s.Confidence))
		one.Table = scaleTable(g)
	}
	r.add(one)
}

// month is when growing traffic is too much, with its interval.
func month(g *result.Growth) string {
	return fmt.Sprintf("%s (%s to %s)", g.Month, cmp.Or(g.MonthLow, "…"), cmp.Or(g.MonthHigh, "…"))
}

// growthTable is what the traffic may grow to.
func growthTable(g *result.Growth) *table {
	t := &table{Plain: true, Head: []string{"risk of any refusal", "times the traffic (interval)"}, Rows: [][]string{{percent(g.Risk), words.Factor(g)}}}
	add := func(head, cell string) {
		t.Head, t.Rows[0] = append(t.Head, head), append(t.Rows[0], cell)
	}
	if g.People > 0 && g.Factor != nil {
		add("people and devices now", words.Number(g.People))
		add("then", words.Number(g.People+g.Extra))
	}
	if g.Month != "" {
		add("growth in a year", percent(g.Yearly))
		add("reached in (interval)", month(g))
	}
	return t
}

// scaleTable lists the risk by the amount of traffic.
func scaleTable(g *result.Growth) *table {
	t := &table{Head: []string{"times the traffic", "risk of any refusal", "interval", "runs that refuse"}}
	digits := scaleDigits(g.Curve)
	for i, k := range g.Curve {
		if i > 0 && i+1 < len(g.Curve) && k.Count == g.Curve[i-1].Count && k.Count == g.Curve[i+1].Count {
			continue // as before and after
		}
		t.Rows = append(t.Rows, []string{strconv.FormatFloat(k.Scale, 'f', digits, 64), percent(k.Risk), percent(k.Low) + " to " + percent(k.High), fmt.Sprintf("%s of %s", words.Number(k.Count), words.Number(g.N))})
	}
	return t
}

// scaleDigits is how many digits after the point tell amounts of traffic apart:
// three, or more where there is more risk at one than at the next.
func scaleDigits(curve []result.ScaleRisk) int {
	digits := 3
	for i := 1; i < len(curve); i++ {
		a, b := curve[i-1], curve[i]
		same := func() bool {
			return strconv.FormatFloat(a.Scale, 'f', digits, 64) == strconv.FormatFloat(b.Scale, 'f', digits, 64)
		}
		for a.Count != b.Count && digits < 9 && same() {
			digits++
		}
	}
	return digits
}

func scaled(f float64) string { return strconv.FormatFloat(f, 'f', 3, 64) }

// newGrowth draws the risk of the present key by the amount of traffic; nil
// when less than three amounts are known.
func newGrowth(g *result.Growth) *chart {
	if len(g.Curve) < 3 {
		return nil
	}
	low, high, most := g.Curve[0].Scale, g.Curve[len(g.Curve)-1].Scale, g.Risk
	room := (high - low) * 0.04
	c := &chart{ID: "growth", LimitX: -1, LimitY: -1, left: low - room, right: high + room, XTitle: "times this traffic, with the present key", YTitle: "risk of any refusal"}
	for _, k := range g.Curve {
		most = max(most, k.High)
	}
	c.scale(100*most, func(v float64) string { return percent(v / 100) })
	c.ticks(scaleTicks(low, high))
	line := chartLine{Name: "risk with the present key"}
	var over, under []plots.Spot
	texts, digits := []string{}, scaleDigits(g.Curve)
	for _, k := range g.Curve {
		line.line = append(line.line, c.spot(k.Scale, 100*k.Risk))
		over, under = append(over, c.spot(k.Scale, 100*k.High)), append(under, c.spot(k.Scale, 100*k.Low))
		c.hover.X, c.hover.At = append(c.hover.X, c.x(k.Scale)), append(c.hover.At, strconv.FormatFloat(k.Scale, 'f', digits, 64)+" times")
		texts = append(texts, percent(k.Risk)+" ("+percent(k.Low)+" to "+percent(k.High)+")")
	}
	slices.Reverse(under)
	line.bands = [][]plots.Spot{append(over, under...)}
	c.Lines, c.hover.Names, c.hover.Texts = []chartLine{line}, []string{line.Name}, [][]string{texts}
	c.Rules = []chartRule{{c.y(100 * g.Risk), "risk of " + percent(g.Risk)}}
	if low <= 1 && 1 <= high {
		c.LimitX, c.LimitName = c.x(1), "traffic now"
	}
	if g.Factor != nil {
		text := percent(g.Risk) + " at " + scaled(*g.Factor) + " times"
		if g.Month != "" {
			text += ", in " + g.Month
		}
		c.Marks, c.Lines[0].Note = []chartMark{{c.x(*g.Factor), c.y(100 * g.Risk), "enough", 0, 0, ""}}, text
	}
	return c
}

// scaleTicks are round multiples of traffic, at most eight.
func scaleTicks(low, high float64) (list []plots.Tick) {
	step := 0.001
	for i := 0; (high-low)/step > 7; i++ {
		step = []float64{0.001, 0.002, 0.005}[i%3] * math.Pow10(i/3)
	}
	for n := math.Ceil(low / step); n*step <= high; n++ {
		text := strings.TrimRight(strings.TrimRight(scaled(n*step), "0"), ".")
		list = append(list, plots.Tick{At: n * step, Label: text, Mid: n * step})
	}
	return list
}
