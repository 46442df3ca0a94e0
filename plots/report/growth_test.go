package report

import (
	"math"
	"slices"
	"strings"
	"testing"

	"highwater/plots"
	"highwater/sim/result"
)

// Growth is drawn as the risk by the amount of traffic, with what there is now
// and where the risk is reached.
func TestGrowthIsDrawn(t *testing.T) {
	s := day().Sizing
	g := s.Policies[0].Growth
	g.Factor, g.Yearly, g.Month, g.MonthLow = new(1.1), 0.08, "2027-11", "2027-07"
	g.Curve = []result.ScaleRisk{{Scale: 1, Risk: 0, High: 0.04}, {Scale: 1.1, Count: 5, Risk: 0.05, Low: 0.02, High: 0.11}, {Scale: 1.25, Count: 40, Risk: 0.4, Low: 0.3, High: 0.5}}
	r, err := New(&Source{Sizing: s})
	if err != nil {
		t.Fatal(err)
	}
	written(t, &Source{Sizing: s})
	one := sectionOf(t, r, "Growth and headroom")
	if want := "Growing 8 % a year, that is reached in 2027-11 (2027-07 to …)."; !strings.Contains(one.Text, want) {
		t.Errorf("%q does not say %q", one.Text, want)
	}
	// The axis has room of 0.01 on both sides of 0.25, and of 6 % above 50 %.
	c := one.Chart
	x := func(scale float64) float64 { return (scale - 0.99) / 0.27 }
	want := []plots.Spot{{X: x(1)}, {X: x(1.1), Y: 5 / 53.0}, {X: x(1.25), Y: 40 / 53.0}}
	near := func(a, b plots.Spot) bool { return math.Abs(a.X-b.X) < 1e-9 && math.Abs(a.Y-b.Y) < 1e-9 }
	if !slices.EqualFunc(c.Lines[0].line, want, near) {
		t.Errorf("drawn is %v, want %v", c.Lines[0].line, want)
	}
	if m := (chartMark{round(100 * x(1.1)), round(100 - 500/53.0), "enough", 0, 0, "1.100 times, in 2027-11"}); len(c.Marks) != 1 || c.Marks[0] != m || c.LimitX != round(100*x(1)) {
		t.Errorf("marked are %+v and %v, want %+v and %v", c.Marks, c.LimitX, m, 100*x(1))
	}
	var labels []string
	for _, k := range c.XTicks {
		labels = append(labels, k.Label)
	}
	if got := strings.Join(labels, " "); got != "1 1.05 1.1 1.15 1.2 1.25" {
		t.Errorf("the axis has %s", got)
	}
	if got := strings.Join(one.Table.Rows[1], " "); got != "1.100 5 % 2 % to 11 % 5 of 100" {
		t.Errorf("the table has %q", got)
	}
	g.Curve = g.Curve[:2]
	if r, err = New(&Source{Sizing: s}); err != nil || sectionOf(t, r, "Growth and headroom").Chart != nil {
		t.Errorf("two amounts are drawn: %v", err)
	}
}
