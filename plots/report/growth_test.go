package report

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"highwater/engine"
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
	if m := (chartMark{round(100 * x(1.1)), round(100 - 500/53.0), "enough", 0, 0, ""}); c.Lines[0].Note != "5 % at 1.100 times, in 2027-11" || len(c.Marks) != 1 || c.Marks[0] != m || c.LimitX != round(100*x(1)) {
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

// First refusals are counted in the shortest time for which there are no more
// than 24 bars, or 12 of less than a minute, on the clock: the run begins at 08:00:30.
func TestFirstTimes(t *testing.T) {
	c := clock{time.Date(2026, 11, 23, 8, 0, 30, 0, time.UTC), 2 * engine.Day}
	first := &result.FirstRefusals{N: 4, Times: []engine.Time{29 * engine.Second, 31 * engine.Second, 3 * engine.Minute, 10 * engine.Minute}}
	got := firstTimes(first, c)
	if n := len(got.Rows); n != 11 || got.Head[0] != "minute from" { // 08:00 to 08:10
		t.Fatalf("%d rows of %s, want 11", n, got.Head[0])
	}
	for i, want := range map[int]string{0: "08:00 1 25 %", 1: "08:01 1 25 %", 2: "08:02 0 0 %", 3: "08:03 1 25 %", 10: "08:10 1 25 %"} {
		if row := strings.TrimPrefix(strings.Join(got.Rows[i], " "), "Mon "); row != want {
			t.Errorf("row %d is %q, want %q", i, row, want)
		}
	}
	if want := []float64{1, 1, 0, 1, 0, 0, 0, 0, 0, 0, 1}; !slices.Equal(got.Bars, want) {
		t.Errorf("the bars are %v, want %v", got.Bars, want)
	}
	first.Times[3] = 30 * engine.Minute
	if got = firstTimes(first, c); got.Head[0] != "5 minutes from" || len(got.Rows) != 7 {
		t.Errorf("half an hour has %d rows of %s, want 7 of 5 minutes", len(got.Rows), got.Head[0])
	}
	first.Times[3], first.Hours = 30*engine.Hour, []result.Count{{What: "08", Count: 3}, {What: "14", Count: 1}}
	if got = firstTimes(first, c); got.Head[0] != "hour of the day" || len(got.Rows) != 2 {
		t.Errorf("more than a day has %d rows of %s", len(got.Rows), got.Head[0])
	}
}

// What is above the limit is framed in a heat map, and said; what is just the
// limit is not.
func TestFramedHours(t *testing.T) {
	made := func() *table {
		return &table{Head: []string{"", "08", "09", "10"}, Rows: [][]string{{"Mon", "1,000", "1,001", none}}, Heat: [][]float64{{0, 1, 1, 0}}}
	}
	m := made()
	if got := m.frame(1000); got != " Marked is what is above the limit of 1,000." || !slices.Equal(m.Over[0], []bool{false, false, true, false}) {
		t.Errorf("%q, %v", got, m.Over)
	}
	var b strings.Builder
	if writeTable(&b, m, false); !strings.HasSuffix(b.String(), "\n| Mon | 1,000 | **1,001** | – |\n") {
		t.Errorf("in Markdown it is\n%s", b.String())
	}
	for _, limit := range []int{0, 1001} {
		if m = made(); m.frame(limit) != "" || m.Over != nil {
			t.Errorf("with a limit of %d framed are %v", limit, m.Over)
		}
	}
	if h := m.heat(plots.Heading{}); h.Rows[0].Cells[1].Over {
		t.Error("a cell is framed without need")
	}
	m.frame(1000)
	if h := m.heat(plots.Heading{}); !h.Rows[0].Cells[1].Over || h.Rows[0].Cells[0].Over {
		t.Errorf("framed are %+v", h.Rows[0].Cells)
	}
}

// Of the license user IDs those with one unit of one connection are only
// counted, wherever they are in the list.
func TestLargeIDs(t *testing.T) {
	first := &result.Replication{HoldersTotal: 9, Holders: []result.CohortHolder{
		{Holder: result.Holder{LicenseUserID: "a", UnitsAtPeak: 3, ConnectionsAtPeak: 3}}, {Holder: result.Holder{LicenseUserID: "b", UnitsAtPeak: 2, ConnectionsAtPeak: 2}},
		{Holder: result.Holder{LicenseUserID: "c", UnitsAtPeak: 1, ConnectionsAtPeak: 1}}, {Holder: result.Holder{LicenseUserID: "d", UnitsAtPeak: 1, ConnectionsAtPeak: 2}},
	}}
	for _, tt := range []struct {
		holders, rows int
		text          string
	}{{4, 3, "In replication 1. There are 6 others of one unit each at the most."}, {2, 2, "In replication 1. There are 7 others."}} {
		r := &Report{}
		first.Holders = first.Holders[:tt.holders]
		r.addLarge(first, "In replication 1.")
		if s := r.sections[0]; len(s.Table.Rows) != tt.rows || s.Text != tt.text {
			t.Errorf("%d rows, %q; want %d, %q", len(s.Table.Rows), s.Text, tt.rows, tt.text)
		}
	}
}

// Of a trace, too, and the table says with which key they are the largest.
func TestLargeIDsOfATrace(t *testing.T) {
	holders := func(units ...int) (list []result.Holder) {
		for i, n := range units {
			list = append(list, result.Holder{LicenseUserID: string(rune('a' + i)), UnitsAtPeak: n, ConnectionsAtPeak: n})
		}
		return list
	}
	peak := engine.Peak{Units: 90, At: engine.Hour}
	for _, tt := range []struct {
		replay result.Replay
		rows   int
		text   string
	}{
		{result.Replay{Units: 90, Peak: peak, Top: holders(9, 1, 1), FirstRefusal: &result.Refusal{}}, 1,
			"90 units were in use at 1 h, with the key of 90 units, which refused others. There were 81 others of one unit each."},
		{result.Replay{Units: 100, Peak: peak, Top: holders(50, 30)}, 2, "90 units were in use at 1 h, with the key of 100 units, which refused nobody. Others held 10 units."},
		{result.Replay{Peak: peak, Top: holders(60, 30)}, 2, "90 units were in use at 1 h, if nobody is refused."},
		{result.Replay{Peak: peak, Top: holders(1, 1)}, 0, "90 units were in use at 1 h, if nobody is refused. Each license user ID held one unit by one connection."},
	} {
		r := &Report{}
		r.addTop(&tt.replay, clock{end: engine.Day})
		s := r.sections[0]
		rows := 0
		if s.Table != nil {
			rows = len(s.Table.Rows)
		}
		if s.Text != tt.text || rows != tt.rows {
			t.Errorf("%d rows, %q; want %d, %q", rows, s.Text, tt.rows, tt.text)
		}
	}
}

// What is told of the peak says with which key it is.
func TestPeakSaysItsKey(t *testing.T) {
	counted := result.Counted{Policy: "iris-2022.3", Units: 9, LimitOn: "units", Enforced: true}
	refuses := result.Replication{FirstRefusal: &result.CohortRefusal{}}
	unlimited := counted
	unlimited.Units = 0
	for _, tt := range []struct {
		name    string
		counted result.Counted
		first   result.Replication
		want    string
	}{
		{"iris-2022.3", counted, refuses, "In replication 1, by iris-2022.3 with the key of 9 units, which refuses others."},
		{"iris-2022.3", counted, result.Replication{}, "In replication 1, by iris-2022.3 with the key of 9 units, which refuses nobody."},
		{"key of 9 units", counted, refuses, "In replication 1, by key of 9 units, which refuses others."},
		{"iris-2022.3", unlimited, result.Replication{}, "In replication 1, by iris-2022.3, which refuses nobody."},
	} {
		if got := (&course{name: tt.name, counted: &tt.counted, Course: &result.Course{First: tt.first}}).atPeak(); got != tt.want {
			t.Errorf("%q, want %q", got, tt.want)
		}
	}
}

// Those whom the table of first refusals does not name are counted: all shares
// of a kind sum up to 1.
func TestOtherFirstRefusals(t *testing.T) {
	count := func(counts ...int) (list []result.Count) {
		for i, n := range counts {
			list = append(list, result.Count{What: string(rune('a' + i)), Count: n})
		}
		return list
	}
	got := countTable(&result.FirstRefusals{N: 20, Cohorts: count(15, 5), Users: count(5, 3, 2, 2, 2, 1, 1, 1, 1, 1), Others: 1})
	if n := len(got.Rows); n != 8 {
		t.Fatalf("%d rows: %v", n, got.Rows)
	}
	if last := strings.Join(got.Rows[7], " | "); last != "license user ID | 6 others | 6 | 30 %" {
		t.Errorf("the last row is %s", last)
	}
}

// Amounts of traffic that are told apart by their risk have as many digits.
func TestScalesAreToldApart(t *testing.T) {
	g := &result.Growth{N: 20, Curve: []result.ScaleRisk{{Scale: 1}, {Scale: 1.09699, Count: 1}, {Scale: 1.09704, Count: 2}, {Scale: 1.2, Count: 3}}}
	var got []string
	for _, row := range scaleTable(g).Rows {
		got = append(got, row[0])
	}
	if want := []string{"1.00000", "1.09699", "1.09704", "1.20000"}; !slices.Equal(got, want) {
		t.Errorf("the amounts are %q", got)
	}
	g.Curve = slices.Delete(g.Curve, 2, 3)
	if got := scaleTable(g).Rows[1][0]; got != "1.097" {
		t.Errorf("alone it is %s", got)
	}
}

// First refusals within a minute are told and drawn by the second.
func TestFirstSeconds(t *testing.T) {
	s := day().Sizing
	after := func(seconds int) *engine.Time {
		return pointer(3*engine.Hour + engine.Time(seconds)*engine.Second)
	}
	s.Policies[0].Present.First.Times = []engine.Time{*after(4), *after(16), *after(16), *after(47)}
	s.Policies[0].Present.First.Quantiles = []result.Quantile{{Share: 0.05, At: after(4)}, {Share: 0.5, At: after(16), Low: after(11), High: after(20)}}
	r, err := New(&Source{Sizing: s})
	if err != nil {
		t.Fatal(err)
	}
	one := sectionOf(t, r, "When the first refusal comes")
	if want := "5 % of the runs have it by 09:00:04; 50 % of the runs have it by 09:00:16 (09:00:11 to 09:00:20)."; one.Text != want {
		t.Errorf("it says %q, want %q", one.Text, want)
	}
	if n := len(one.Table.Rows); n != 10 || one.Table.Head[0] != "5 seconds from" { // 09:00:00 to 09:00:45
		t.Fatalf("%d rows of %s, want 10 of 5 seconds", n, one.Table.Head[0])
	}
	for i, want := range map[int]string{0: "09:00:00 1", 3: "09:00:15 2", 9: "09:00:45 1"} {
		if got := strings.Join(one.Table.Rows[i][:2], " "); got != want {
			t.Errorf("row %d is %q, want %q", i, got, want)
		}
	}
}

// What growth comes to is told where no month is reached, and so is a single
// limit of the interval.
func TestGrowthWithoutAMonth(t *testing.T) {
	for _, tt := range []struct {
		growth result.Growth
		want   []string
	}{
		{result.Growth{Factor: pointer(0.8621), High: pointer(0.8727)},
			[]string{"The present key bears 0.862 (up to 0.873) times this traffic", "Growing 8 % a year, there is no month to come in which that is reached: the key is too small for this risk now."}},
		{result.Growth{Factor: pointer(1.2), Low: pointer(1.1), Month: "2028-06"}, []string{"bears 1.2 (1.1 or more) times", "reached in 2028-06"}},
		{result.Growth{Beyond: result.Above, Most: 16}, []string{"bears more than 16 times", "Growing 8 % a year, that is many years away."}},
		{result.Growth{Beyond: result.Below, Least: 0.01}, []string{"bears less than 0.01 times", "there is no month to come"}},
	} {
		s := day().Sizing
		s.Policies[0].Growth = &tt.growth
		tt.growth.N, tt.growth.Risk, tt.growth.Yearly = 100, 0.05, 0.08
		r, err := New(&Source{Sizing: s})
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range tt.want {
			if text := sectionOf(t, r, "Growth and headroom").Text; !strings.Contains(text, want) {
				t.Errorf("%q does not say %q", text, want)
			}
		}
	}
}

// The difference of the shares of runs that refuse has its interval, as every
// other difference.
func TestPointsHaveAnInterval(t *testing.T) {
	s := day().Comparison
	s.Pairs[0].Refusals = &result.RefusalPair{Risk: result.ShareDifference{Difference: -1, Low: -1, High: -0.859}}
	r, err := New(&Source{Comparison: s})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := sectionOf(t, r, "Differences").Table.Rows[0][3], "-100 (-100 to -85.9) points"; got != want {
		t.Errorf("the difference is %q, want %q", got, want)
	}
}
