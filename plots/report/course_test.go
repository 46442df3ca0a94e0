package report

import (
	"slices"
	"strings"
	"testing"

	"highwater/engine"
	"highwater/plots"
	"highwater/sim/result"
)

// titles are those of a report's sections.
func titles(r *Report) (list []string) {
	for i := range r.sections {
		list = append(list, r.sections[i].Title)
	}
	return list
}

// sectionOf is the section with a title.
func sectionOf(t *testing.T, r *Report, title string) *section {
	t.Helper()
	i := slices.Index(titles(r), title)
	if i < 0 {
		t.Fatalf("there is no %q among %q", title, titles(r))
	}
	return &r.sections[i]
}

// drawnDay is the day's course as a result has it.
func drawnDay(s *Source) result.Course {
	c := s.Simulation.Policies[0].Course
	c.First.Series, c.First.DemandSeries = nil, nil
	c.First.Drawn = []result.Stretch{{}, {At: 2 * engine.Hour, Low: 5, High: 5}, {At: 4 * engine.Hour, Low: 5, High: 9}, {At: 8 * engine.Hour, Low: 2, High: 2}}
	c.First.DemandDrawn = []result.Stretch{{}, {At: 2 * engine.Hour, Low: 5, High: 5}, {At: 5 * engine.Hour, Low: 5, High: 11}, {At: 8 * engine.Hour, Low: 2, High: 2}}
	c.First.Refusals = result.RefusalCounts{Attempts: 4, Episodes: 2, Minutes: 3, ByHour: []result.HourCount{{Hour: 10, Attempts: 4}}}
	return c
}

// A sizing has the chart of replication 1 with the limit, the peak of what is
// needed and the first refusal with the present key, and what else is drawn of
// a simulation.
func TestSizingHasItsCourse(t *testing.T) {
	s := &Source{Sizing: day().Sizing}
	p := &s.Sizing.Policies[0]
	p.Course, p.TimeAt = drawnDay(day()), []result.UnitsTime{{Units: 0, Seconds: 3 * engine.Hour}, {Units: 11, Seconds: engine.Hour}}
	r, err := New(s)
	if err != nil {
		t.Fatal(err)
	}
	written(t, s)
	units := sectionOf(t, r, "Units over time").Chart
	if units.limit != 9 || len(units.Lines) != 1 || len(units.Marks) != 2 {
		t.Errorf("the chart has the limit %v, %d lines and %d marks", units.limit, len(units.Lines), len(units.Marks))
	}
	if got, want := units.Lines[0].Note, "needed 11 at 11:00, 9 in use at 10:00, first refusal 10:00:00"; got != want {
		t.Errorf("the line is said to be %q, want %q", got, want)
	}
	if peak, refusal := units.Marks[0], units.Marks[1]; peak.Text != "11 at 11:00" || peak.Side() != "right" || refusal.Text != "first refusal 10:00:00" || refusal.Side() != "right" {
		t.Errorf("beside the marks stand %q on the %s and %q on the %s", peak.Text, peak.Side(), refusal.Text, refusal.Side())
	}
	// A quarter of the time 11 units are needed.
	duration := sectionOf(t, r, "Load duration")
	if got := strings.Join(duration.Table.Rows[0], " "); got != "iris-2022.3 11 11 11 11 11 11 0 0 0 0" || !strings.Contains(duration.Text, "if nobody is refused") {
		t.Errorf("%s: %s", duration.Text, got)
	}
	counts := sectionOf(t, r, "Refusals in three counts")
	if got := strings.Join(counts.Table.Rows[0], " "); got != "iris-2022.3 4 2 3" || !strings.HasPrefix(counts.Text, "Replication 1, with the present key.") {
		t.Errorf("%s: %s", counts.Text, got)
	}
	for _, title := range []string{"Peak by hour and weekday", "Mean by hour and weekday", "Refused attempts by hour and weekday: iris-2022.3", "Who holds the units at the peak"} {
		sectionOf(t, r, title)
	}
	if len(r.notes) > 0 {
		t.Errorf("the notes are %q", r.notes)
	}
}

// Sides with one key are drawn as they need it, against the limit. With several
// keys each is drawn as its key makes it.
func TestComparisonHasItsCourses(t *testing.T) {
	s := &Source{Comparison: day().Comparison}
	for i := range s.Comparison.Sides {
		d := &s.Comparison.Sides[i]
		d.Course, d.Cohorts, d.TimeAt = drawnDay(day()), []result.Cohort{}, []result.UnitsTime{{Units: 9, Seconds: engine.Hour}}
		if d.Refusals != nil {
			d.Refusals.Counts = result.RefusalCounts{Attempts: 350, Episodes: 120, Minutes: 200}
		}
	}
	r, err := New(s)
	if err != nil {
		t.Fatal(err)
	}
	written(t, s)
	if got := titles(r)[0]; got != "Policies and keys side by side" {
		t.Errorf("the report begins with %q", got)
	}
	units := sectionOf(t, r, "Units over time").Chart
	if units.limit != 9 || len(units.Lines) != 2 || !strings.HasPrefix(units.Lines[0].Note, "needed 11 at 11:00") {
		t.Errorf("the chart has the limit %v and %d lines, the first %q", units.limit, len(units.Lines), units.Lines[0].Note)
	}
	if got := strings.Join(sectionOf(t, r, "Refusals in three counts").Table.Rows[0], " "); got != "iris-2022.3 3.5 1.2 2" {
		t.Errorf("refused: %s", got)
	}
	s.Comparison.Sides[1].Enforced, s.Comparison.Sides[1].Units = true, 12
	if r, err = New(s); err != nil {
		t.Fatal(err)
	}
	units = sectionOf(t, r, "Units over time").Chart
	if got, want := units.Lines[0].Note, "peak 9 at 10:00, first refusal 10:00:00"; units.LimitY >= 0 || got != want {
		t.Errorf("with two keys there is a limit at %v, and the first line is %q, want %q", units.limit, got, want)
	}
}

// Results of before there were courses say what they do not have, and claim
// nothing.
func TestResultsWithoutACourse(t *testing.T) {
	all := day()
	for name, s := range map[string]*Source{"sizing": {Sizing: all.Sizing}, "comparison": {Comparison: all.Comparison}} {
		r, err := New(s)
		if err != nil {
			t.Fatal(err)
		}
		if len(r.notes) != 1 || !strings.HasPrefix(r.notes[0], "Units over time are not in this result") {
			t.Errorf("%s: the notes are %q", name, r.notes)
		}
		for _, title := range titles(r) {
			if strings.Contains(title, "Refus") || strings.Contains(title, "Load") {
				t.Errorf("%s: there is %q", name, title)
			}
		}
	}
}

// A trace's report tells of no replications, is on its clock, and has the hours
// that the result says. One of more than a chart can have has no chart.
func TestReplayHasItsCourse(t *testing.T) {
	start := day().Simulation.Start
	f := drawnDay(day()).First
	s := &Source{Name: "night.jsonl", Notes: []string{"40 lines"}, Replay: &result.Replay{
		Schema: 1, Policy: "iris-2022.3", Units: 9, End: 12 * engine.Hour, Events: 40, Refused: 4, Peak: f.Peak, FirstRefusal: &f.FirstRefusal.Refusal,
		Metered: &result.Metered{Kind: "replay", Version: "0.1.0", Start: &start, Base: "iris-2022.3", Limits: "units", Enforced: true,
			Demand: f.Demand, Drawn: f.Drawn, DemandDrawn: f.DemandDrawn, Refusals: f.Refusals, TimeAt: []result.UnitsTime{{Units: 9, Seconds: engine.Hour}},
			Hours: []result.HourUse{{Hour: 6, Peak: 5, Mean: 0.25}, {Hour: 7, Peak: 9, Mean: 8.5}}},
	}}
	r, err := New(s)
	if err != nil {
		t.Fatal(err)
	}
	page, markdown := written(t, s)
	if want := "11 license units would have been needed to refuse nobody, the most at 11:00; the key of 9 refused 4 attempts, the first at 10:00:00."; r.Answer() != want {
		t.Errorf("the answer is %q, want %q", r.Answer(), want)
	}
	for _, bad := range []string{"eplication", "any run", "a run"} {
		if strings.Contains(string(markdown), bad) {
			t.Errorf("it tells of %q:\n%s", bad, markdown)
		}
	}
	units := sectionOf(t, r, "Units over time").Chart
	if got, want := units.Lines[0].Note, "needed 11 at 11:00, 9 in use at 10:00, first refusal 10:00:00"; got != want || units.limit != 9 {
		t.Errorf("the line is said to be %q with a limit of %v, want %q", got, units.limit, want)
	}
	for title, want := range map[string]string{"Peak by hour and weekday": "Mon 5 9", "Mean by hour and weekday": "Mon 0.3 8.5"} {
		if got := strings.Join(sectionOf(t, r, title).Table.Rows[0], " "); got != want {
			t.Errorf("%s: %q, want %q", title, got, want)
		}
	}
	s.Replay.DemandHours = []result.HourUse{{Hour: 6, Peak: 5, Mean: 0.25}, {Hour: 7, Peak: 11, Mean: 12.5}}
	if r, err = New(s); err != nil {
		t.Fatal(err)
	}
	for title, want := range map[string]string{"Peak by hour and weekday": "Mon 5 11", "Mean by hour and weekday": "Mon 0.3 13"} {
		x := sectionOf(t, r, title)
		if got := strings.Join(x.Table.Rows[0], " "); got != want || !strings.Contains(x.Text, "if nobody is refused") {
			t.Errorf("%s: %q, want %q: %s", title, got, want, x.Text)
		}
	}
	if over := sectionOf(t, r, "Peak by hour and weekday").Table.Over; !slices.Equal(over[0], []bool{false, false, true}) {
		t.Errorf("above the limit of 9 are %v", over)
	}
	if units.YTitle != "license units" || units.times.Axis != units.YTitle {
		t.Errorf("the page's axis is %q, and the image's %q", units.YTitle, units.times.Axis)
	}
	if len(page) == 0 || len(r.notes) != 1 {
		t.Errorf("the notes are %q", r.notes)
	}
	s.Replay.End = 2 * longest
	if r, err = New(s); err != nil || slices.Contains(titles(r), "Units over time") {
		t.Errorf("a trace of 63 years has the sections %q, %v", titles(r), err)
	}
}

// The chart of the risk has a dot where units are enough at the risk that was
// asked for, and one over time has words beside the highest peak and the first
// refusal alone.
func TestMarksOfCharts(t *testing.T) {
	c := newCurve("risk", 8, 12) // with room of a unit on both sides
	c.addRisk("a", []result.Risk{{Units: 8, Risk: 1, High: 1}, {Units: 11, Risk: 0}})
	c.answer(&result.Need{Risk: 0.05, Units: new(10), Guaranteed: new(11)})
	c.answer(&result.Need{Risk: 0.05})
	c.answer(&result.Need{Risk: 0.05, Units: new(90)})
	// 11 of 7 to 13 is 2/3 of the width; the area ends at 1.04.
	want := []chartMark{{66.67, round(100 - 100*0.05/1.04), "enough", 0, 0, ""}}
	if !slices.Equal(c.Marks, want) || len(c.Rules) != 1 || c.Rules[0] != (chartRule{want[0].Y, "risk of 5 %"}) || !strings.HasSuffix(c.Says(), "; a 11 enough; risk of 5 %") {
		t.Errorf("marks %+v, rules %+v, %q; want %+v", c.Marks, c.Rules, c.Says(), want)
	}
	at := func(h engine.Time, units float64) *plots.Mark {
		return &plots.Mark{At: (h * engine.Hour).Seconds(), Units: units}
	}
	many := newTimes("units", clock{end: 10 * engine.Hour}, 0, []timeSeries{
		{name: "a", samples: []result.Sample{{Units: 3}}, peak: at(2, 3), refusal: at(9, 3)},
		{name: "b", samples: []result.Sample{{Units: 5}}, peak: at(9, 5), refusal: at(2, 5)},
	})
	var said []string
	for i := range many.Marks {
		said = append(said, many.Marks[i].Text+" "+many.Marks[i].Side())
	}
	if got, want := strings.Join(said, ","), " right, left,5 at 9 h left,first refusal 2 h right"; got != want {
		t.Errorf("beside the marks stand %q, want %q", got, want)
	}
}

// What all runs need is drawn against the limit. Keys that need the same are
// one line; one run has no range.
func TestRangesOfAllRuns(t *testing.T) {
	s := &Source{Comparison: day().Comparison}
	ranges := []result.Range{{Low: 2, Mean: 3.5, High: 5}, {At: 6 * engine.Hour, Low: 8, Mean: 9.5, High: 11}}
	for i := range s.Comparison.Sides {
		s.Comparison.Sides[i].Ranges = slices.Clone(ranges)
	}
	r, err := New(s)
	if err != nil {
		t.Fatal(err)
	}
	all := sectionOf(t, r, "Units over time in all runs")
	if names := all.Chart.hover.Names; len(names) != 1 || names[0] != "iris-2022.3, contract" || all.Chart.limit != 9 {
		t.Errorf("the lines are %q, against %v", names, all.Chart.limit)
	}
	if got := strings.Join(all.Table.Rows[1], " "); got != "12:00 9.5 8 11" || !strings.Contains(all.Text, "stretch of 6 hours") || !strings.Contains(all.Text, "over 100 replications") {
		t.Errorf("%s: %s", all.Text, got)
	}
	// The line goes up by half: from 3.5 of 11 and 6 % to 9.5.
	line, top := all.Chart.Lines[0].line, 11*1.06
	if len(line) != 4 || line[1].X != 0.5 || line[1].Y != 3.5/top || line[2].Y != 9.5/top {
		t.Errorf("the line is %v", line)
	}
	s.Comparison.Sides[1].Ranges[0].High++
	if r, err = New(s); err != nil || len(sectionOf(t, r, "Units over time in all runs").Chart.Lines) != 2 {
		t.Errorf("two sides are not two lines: %v", err)
	}
	s.Comparison.Replications = 1
	if r, err = New(s); err != nil || slices.Contains(titles(r), "Units over time in all runs") {
		t.Errorf("one run has a range: %v", err)
	}
}

// Advice begins with what can be done, and draws the traffic as it is now.
func TestAdviceHasItsCourse(t *testing.T) {
	s := &Source{Advice: day().Advice}
	s.Advice.Course = drawnDay(day())
	s.Advice.TimeAt, s.Advice.Refusals = []result.UnitsTime{{Units: 9, Seconds: engine.Hour}}, result.RefusalCounts{Attempts: 350, Episodes: 120, Minutes: 200}
	r, err := New(s)
	if err != nil {
		t.Fatal(err)
	}
	if got := titles(r)[0]; got != "What can be done, turning nobody away" || len(r.notes) > 0 {
		t.Errorf("the report begins with %q, and the notes are %q", got, r.notes)
	}
	units := sectionOf(t, r, "Units over time").Chart
	if got, want := units.Lines[0].Note, "needed 11 at 11:00, 9 in use at 10:00, first refusal 10:00:00"; got != want || units.limit != 9 {
		t.Errorf("the line is said to be %q with a limit of %v, want %q", got, units.limit, want)
	}
	if got := strings.Join(sectionOf(t, r, "Refusals in three counts").Table.Rows[0], " "); got != "iris-2022.3 3.5 1.2 2" {
		t.Errorf("refused: %s", got)
	}
	whole := day()
	whole.Advice.Course = s.Advice.Course
	if r, err = New(whole); err != nil || titles(r)[0] != "How many units are enough" {
		t.Errorf("with a sizing the report begins with %q, %v", titles(r)[0], err)
	}
}
