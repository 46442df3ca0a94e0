package report

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"highwater/engine"
	"highwater/internal/golden"
	"highwater/sim/result"

	"golang.org/x/net/html"
)

var folder = flag.String("look", "", "write the sample reports into this folder, to look at")

func pointer[T any](v T) *T { return &v }

// day is a small study of everything that a scenario's report has.
func day() *Source {
	study := result.Study{
		Schema: 1, Version: "0.1.0", Scenario: "clinic", Fingerprint: "c0ffee", Start: time.Date(2026, 11, 23, 6, 0, 0, 0, time.UTC),
		Duration: 12 * engine.Hour, Seed: 7, Replications: 100, EndedBy: result.AllDone, Confidence: 0.95,
	}
	counted := result.Counted{Policy: "iris-2022.3", Base: "iris-2022.3", Units: 9, LimitOn: "units", Enforced: true}
	contract := result.Counted{Policy: "contract", Base: "contract", Units: 9, LimitOn: "units"}
	at := func(hours float64) *engine.Time { return pointer(engine.Time(hours * float64(engine.Hour))) }
	first := &result.FirstRefusals{
		N: 60, Quantiles: []result.Quantile{{Share: 0.05, At: at(2)}, {Share: 0.5, At: at(4), Low: at(3.5), High: at(4.5)}, {Share: 0.95}},
		Hours: []result.Count{{What: "08", Count: 40}, {What: "10", Count: 20}}, Cohorts: []result.Count{{What: "tablets", Count: 60}},
		Vias: []result.Count{{What: "rest", Count: 60}}, Sees: []result.Count{{What: "503 Service Unavailable", Count: 60}}, Users: []result.Count{{What: "10.1.0.20", Count: 60}},
	}
	outlook := result.Outlook{
		Enough:  []result.Need{{Risk: 0.05, Units: pointer(11), Guaranteed: pointer(12)}, {Risk: 0.01, Wanted: 299}},
		Present: &result.Key{Limit: 9, Risk: result.Proportion{Count: 60, N: 100, Low: 0.497, High: 0.697, Confidence: 0.95}, Headroom: pointer(-3), First: first},
		Curve: []result.Risk{{Units: 8, Count: 90, Risk: 0.9, Low: 0.82, High: 0.95, Median: at(3)}, {Units: 9, Count: 60, Risk: 0.6, Low: 0.5, High: 0.7, Median: at(4)},
			{Units: 11, Count: 4, Risk: 0.04, Low: 0.01, High: 0.1}, {Units: 12, Low: 0, High: 0.04}},
	}
	sizing := &result.Sizing{Study: study, Policies: []result.PolicySizing{{
		Counted: counted, Needed: result.Spread{Min: 8, Median: 10, Max: 12, N: 100}, Outlook: outlook,
		Growth: &result.Growth{N: 100, Risk: 0.05, Factor: pointer(0.8), Low: pointer(0.75), High: pointer(0.85), People: 40, Extra: -8},
		AtPeak: []result.Share{{Cohort: "nurses", Units: 6.5}, {Cohort: "tablets", Units: 3.5}},
	}}}
	var hours []result.HourMean
	for hour := range 12 {
		hours = append(hours, result.HourMean{Hour: result.WeekHour(6 + hour), Mean: float64(hour) / 2})
	}
	run := result.PolicyRun{
		Counted: counted, Peaks: result.Spread{Min: 8, Median: 9, Max: 9, N: 100}, Demand: result.Spread{Min: 8, Median: 10, Max: 12, N: 100}, MeanUnits: 4.5,
		FirstRefusals: &result.Instants{Min: 2 * engine.Hour, Median: 4 * engine.Hour, Max: 9 * engine.Hour, N: 60},
		Refusing:      result.Proportion{Count: 60, N: 100, Low: 0.497, High: 0.697, Confidence: 0.95},
		Cohorts:       []result.Cohort{{Name: "nurses", Sessions: 4000, Started: 4000}, {Name: "tablets", Sessions: 900, Started: 850, Refused: 350, Lost: 50}},
		Refusals:      result.RefusalCounts{Attempts: 350, Episodes: 120, Minutes: 200, ByHour: []result.HourCount{{Hour: 10, Attempts: 300}, {Hour: 11, Attempts: 50}}},
		TimeAt:        []result.UnitsTime{{Units: 0, Seconds: 600 * engine.Hour}, {Units: 9, Seconds: 600 * engine.Hour}},
		Course: result.Course{Hours: hours, First: result.Replication{
			Peak: engine.Peak{Units: 9, At: 4 * engine.Hour}, Demand: engine.Peak{Units: 11, At: 5 * engine.Hour},
			FirstRefusal: &result.CohortRefusal{Refusal: result.Refusal{At: 4 * engine.Hour, Via: "rest", Needed: 1, InUse: 9}, Cohort: "tablets"},
			PeakByCohort: []result.CohortUnits{{Cohort: "nurses", Units: 6, Users: 6}, {Cohort: "tablets", Units: 3, Users: 1}},
			Holders:      []result.CohortHolder{{Holder: result.Holder{LicenseUserID: "10.1.0.20", UnitsAtPeak: 3, ConnectionsAtPeak: 3}, Cohort: "tablets"}},
			Series:       []result.Sample{{}, {At: 2 * engine.Hour, Units: 5}, {At: 4 * engine.Hour, Units: 9}, {At: 8 * engine.Hour, Units: 2}},
			DemandSeries: []result.Sample{{}, {At: 2 * engine.Hour, Units: 5}, {At: 5 * engine.Hour, Units: 11}, {At: 8 * engine.Hour, Units: 2}},
		}},
	}
	counting := run
	counting.Counted, counting.Refusing, counting.FirstRefusals, counting.First.FirstRefusal = contract, result.Proportion{N: 100, High: 0.036}, nil, nil
	gap := func(mean float64) result.Difference {
		return result.Difference{Mean: mean, Low: pointer(mean - 1), High: pointer(mean + 1), N: 100}
	}
	return &Source{
		Sizing:     sizing,
		Simulation: &result.Simulation{Study: study, Policies: []result.PolicyRun{run, counting}},
		Comparison: &result.Comparison{
			Study: study,
			Sides: []result.Side{
				{Name: "iris-2022.3", Counted: counted, Needed: sizing.Policies[0].Needed, Outlook: outlook, MeanUnits: 4.5,
					Refusals: &result.Refusals{Risk: run.Refusing, First: first.Quantiles[1], Attempts: 3.5, Lost: 0.5}},
				{Name: "contract", Counted: contract, Needed: result.Spread{Min: 7, Median: 7, Max: 7, N: 100}, Outlook: result.Outlook{Enough: []result.Need{{Risk: 0.05, Units: pointer(7)}}}, MeanUnits: 3},
			},
			Pairs: []result.Pair{{
				Side: "contract", Needed: &result.Means{Base: 10, Other: 7, Difference: gap(-3)}, MeanUnits: result.Means{Difference: gap(-1.5)},
				Cohorts: []result.CohortPair{{Cohort: "tablets", AtPeak: result.Means{Difference: gap(-2)}, Fares: result.Alike}},
			}},
		},
		Explanation: &result.Explanation{
			Scenario: "clinic", Policy: "iris-2022.3", Base: "iris-2022.3", Which: "peak", At: at(4), End: study.Duration, InUse: 9,
			Split:    []result.CategoryUnits{{Category: result.Working, Units: 6}, {Category: result.TransitionSurplus, Units: 3}, {Category: result.Leaked}},
			ByCohort: []result.CohortSplit{{CohortUnits: result.CohortUnits{Cohort: "tablets", Units: 3, Users: 1}, Split: []result.CategoryUnits{{Category: result.TransitionSurplus, Units: 3}}}},
		},
		Advice: &result.Advice{
			Study: study, Counted: counted, Comparisons: 1,
			Now:      result.Standing{Enough: result.Need{Risk: 0.05, Units: pointer(11)}, Refusing: &run.Refusing, Refused: 3.5, Lost: 0.5},
			Contract: result.Need{Risk: 0.05, Guaranteed: pointer(7)},
			Measures: []result.Measure{{
				Names: []string{"cap"}, Title: "a cap of 5", TurnsAway: true, Verdict: result.Saves, Saved: gap(4),
				Then: result.Standing{Enough: result.Need{Risk: 0.05, Guaranteed: pointer(6)}, Refusing: &result.Proportion{Count: 1, N: 100}, Refused: 0.25, Lost: 120}, Contract: result.Need{Guaranteed: pointer(7)},
			}, {Names: []string{"dear"}, Title: "dear", Verdict: result.Costs, Saved: gap(-2)}, {Names: []string{"log_out"}, Title: "logging out", Do: []string{"a link that ends the session"}, Costs: []string{"people have to use it"}, Verdict: result.Saves, Saved: gap(2)}},
		},
	}
}

// What is enough in a comparison is said of its first side, and a key stands in
// the chart where all sides have it.
func TestOutlookOfSides(t *testing.T) {
	for other, want := range map[int]string{9: "present key 9", 20: ""} {
		all := day()
		side, key := all.Comparison.Sides[0], *all.Comparison.Sides[0].Present
		side.Name, side.Units, key.Limit = "other", other, other
		side.Present = &key
		all.Comparison.Sides = append(all.Comparison.Sides, side)
		r, err := New(&Source{Comparison: all.Comparison})
		if err != nil {
			t.Fatal(err)
		}
		if got := sectionOf(t, r, "Risk for each key size").Chart.LimitName; got != want {
			t.Errorf("with another key of %d the chart has %q, want %q", other, got, want)
		}
		if !slices.ContainsFunc(r.more, func(s string) bool { return strings.HasPrefix(s, "iris-2022.3: 12 license units keep the risk ") }) {
			t.Errorf("it says %q", r.more)
		}
	}
}

// Measures that turn people away stand apart, with the risk and what is
// refused and lost; ! where the software asks for less than the contract.
func TestAdviceThatTurnsAway(t *testing.T) {
	_, markdown := written(t, &Source{Advice: day().Advice})
	for _, want := range []string{
		"## What can be done, turning nobody away\n", "| Logging out | +2 (+1 to +3) |", "| As it is now | – | 11 | 7 | 60 % | 3.5 | 0.50 |",
		"## What turns some away\n", "| A cap of 5 | +4 (+3 to +5) | 6 guaranteed | 7 \\! | 1 % | 0.25 | 120 |", "## Not shown to save units\n", "| Dear | -2 (-3 to -1), costs units |",
	} {
		before, after, ok := strings.Cut(string(markdown), want)
		if !ok {
			t.Fatalf("the report has no %q, or not after what stands before it:\n%s", want, before)
		}
		if strings.HasPrefix(want, "##") {
			markdown = []byte(after)
		}
	}
}

// Times have as many digits as on a terminal, and are rounded.
// What is not clear is not said to be the same, and one run tells what it was.
func TestComparisonAnswers(t *testing.T) {
	low, high := -0.5, 2.25
	for _, tt := range []struct {
		d    result.Difference
		want string
	}{
		{result.Difference{Mean: 0, Low: new(0.0), High: new(0.0), Equal: 5, N: 5}, "B needs as many."},
		{result.Difference{Mean: 0.75, Low: &low, High: &high, N: 5}, "B needs about as many, and which of them more cannot be told (-0.50 to 2.2 more)."},
		{result.Difference{Mean: 10, N: 1}, "B needs 10 more (one run)."},
		{result.Difference{Mean: -1.5, Low: new(-2.0), High: new(-1.0), N: 5}, "B needs 1.5 fewer (1 to 2)."},
	} {
		s := &result.Comparison{
			Sides: []result.Side{{Name: "A", Counted: result.Counted{LimitOn: "units"}, Needed: result.Spread{Median: 9}}, {Name: "B"}},
			Pairs: []result.Pair{{Side: "B", Needed: &result.Means{Difference: tt.d}}},
		}
		if got, want := comparisonAnswer(s), "A needs 9 units; for the same people "+tt.want; got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestMilliseconds(t *testing.T) {
	for at, want := range map[engine.Time]string{0: "0 ms", 850: "0.850 ms", 24_590: "24.6 ms", 999_940: "999.9 ms", 1_499_600: "1,500 ms", 12_340_000: "12.3 s"} {
		if got := milliseconds(at); got != want {
			t.Errorf("%d µs is %q, want %q", at, got, want)
		}
	}
}

// Results without a name of their own have that of their file, and say what
// they rest on and what they do not have.
func TestResultsWithoutAName(t *testing.T) {
	for name, s := range map[string]*Source{
		"replay":   {Name: "night.json", Replay: &result.Replay{Schema: 1, Policy: "iris-2022.3", Units: 9, End: engine.Day, Events: 40}},
		"readings": {Name: "night.json", Readings: &result.Readings{Schema: 1, Policy: "iris-2022.3", Sets: 2}},
	} {
		r, err := New(s)
		if err != nil {
			t.Fatal(err)
		}
		if r.Title() != "night.json" || len(r.notes) == 0 {
			t.Errorf("%s: the title is %q, and the notes are %q", name, r.Title(), r.notes)
		}
		for _, want := range []string{"policy", "readings", "format of the result"} {
			if !slices.ContainsFunc(r.facts, func(f fact) bool { return f.Name == want }) {
				t.Errorf("%s: the assumptions are without %s: %v", name, want, r.facts)
			}
		}
	}
	counted := &result.Counted{Policy: "contract", Base: "contract", Units: 25, LimitOn: "units"}
	r, err := New(&Source{Attack: &result.Attack{Seed: 7, Schedule: "c0ffee", License: counted}})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(r.footnote, "schedule c0ffee") {
		t.Errorf("its images say %q, want the schedule", r.footnote)
	}
	facts := fmt.Sprint(r.facts)
	for _, want := range []string{"{seed 7}", "{policy contract}", "{readings where", "{license key 25 units}", "{SHA-256 of the schedule c0ffee}"} {
		if !strings.Contains(facts, want) {
			t.Errorf("an attack's assumptions are %s; want %s", facts, want)
		}
	}
}

func written(t *testing.T, s *Source) (page, markdown []byte) {
	t.Helper()
	r, err := New(s)
	if err != nil {
		t.Fatal(err)
	}
	var h, m bytes.Buffer
	if err := r.WriteHTML(&h); err != nil {
		t.Fatal(err)
	}
	if err := r.WriteMarkdown(&m); err != nil {
		t.Fatal(err)
	}
	if *folder != "" {
		if err := os.WriteFile(filepath.Join(*folder, strings.ReplaceAll(t.Name(), "/", "-")+".html"), h.Bytes(), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return h.Bytes(), m.Bytes()
}

// nodes lists the elements of a page; it fails where the page was mended when
// it was read.
func nodes(t *testing.T, page []byte) (list []*html.Node) {
	t.Helper()
	doc, err := html.Parse(bytes.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	for n := range doc.Descendants() {
		if n.Type == html.ElementNode {
			list = append(list, n)
		}
	}
	return list
}

func TestMarkdown(t *testing.T) {
	_, got := written(t, day())
	golden.Check(t, filepath.Join("testdata", "clinic.md"), got)
}

func TestEqualResultsGiveEqualBytes(t *testing.T) {
	a, b := written(t, day())
	c, d := written(t, day())
	if !bytes.Equal(a, c) || !bytes.Equal(b, d) {
		t.Error("equal results give unequal reports")
	}
}

// The page is whole: each element that is opened is closed, every table has as
// many cells in its rows as in its head, and nothing is fetched.
func TestPageIsWhole(t *testing.T) {
	page, _ := written(t, day())
	counts := map[string]int{}
	for _, n := range nodes(t, page) {
		counts[n.Data]++
		for _, a := range n.Attr {
			if slices.Contains([]string{"src", "href", "srcset", "action", "data", "poster", "background", "xlink:href"}, a.Key) {
				t.Errorf("<%s> has %s=%q", n.Data, a.Key, a.Val)
			}
			if strings.Contains(a.Val, "ZgotmplZ") {
				t.Errorf("<%s %s> was not safe to write", n.Data, a.Key)
			}
		}
		if n.Data == "table" {
			checkCells(t, n)
		}
	}
	for _, name := range []string{"html", "main", "section", "table", "tr", "figure", "details", "div", "span", "button", "script", "style"} {
		if opened, closed := bytes.Count(page, []byte("<"+name)), bytes.Count(page, []byte("</"+name+">")); opened != closed || counts[name] == 0 {
			t.Errorf("%d <%s> and %d </%s>", opened, name, closed, name)
		}
	}
	for _, bad := range []string{"http:", "https:", "url(", "@import", "import(", "fetch("} {
		if bytes.Contains(page, []byte(bad)) {
			t.Errorf("the page has %q", bad)
		}
	}
	if counts["figure"] != 3 || counts["script"] != 1 {
		t.Errorf("%d figures and %d scripts; want units, risk and duration, and 1", counts["figure"], counts["script"])
	}
}

func checkCells(t *testing.T, table *html.Node) {
	t.Helper()
	head := 0
	for n := range table.Descendants() {
		if n.Type != html.ElementNode || n.Data != "tr" {
			continue
		}
		cells := 0
		for c := range n.ChildNodes() {
			if c.Type == html.ElementNode {
				cells++
			}
		}
		if head == 0 {
			head = cells
		}
		if cells != head {
			t.Errorf("a row has %d cells under a head of %d", cells, head)
		}
	}
}

// Texts from scenarios, logs and targets stay texts, wherever they stand.
func TestTextsAreEscaped(t *testing.T) {
	const evil = `</script><img src=x onerror=alert(1)>"'` + "`|[a](http://b) @all\x00\u2028<!--"
	s := day()
	s.Sizing.Scenario, s.Sizing.Policies[0].Policy = evil, evil
	f := s.Sizing.Policies[0].Present.First
	f.Cohorts[0].What, f.Sees[0].What, f.Users[0].What = evil, evil, evil
	s.Simulation.Policies[0].Policy = evil
	s.Simulation.Policies[0].First.Holders[0].LicenseUserID = evil
	s.Comparison.Sides[0].Name, s.Comparison.Pairs[0].Side = evil, evil
	s.Advice.Measures[2].Title = evil
	page, markdown := written(t, s)
	scripts := 0
	for _, n := range nodes(t, page) {
		switch n.Data {
		case "img":
			t.Error("a text became an image")
		case "script":
			scripts++
		}
	}
	if scripts != 1 || bytes.Contains(page, []byte("onerror=alert(1)>")) {
		t.Errorf("%d scripts; want 1, and no markup of texts", scripts)
	}
	for _, bad := range []string{"<img", "[a](h", "://", " @all", "</script"} {
		if strings.Contains(string(markdown), bad) {
			t.Errorf("the Markdown has %q", bad)
		}
	}
	for _, row := range strings.Split(string(markdown), "\n") {
		if strings.HasPrefix(row, "| tablets") && strings.Count(strings.ReplaceAll(row, `\|`, ""), "|") > 6 {
			t.Errorf("a text made cells: %s", row)
		}
	}
}

// crowd is a study of a million points and ten thousand license user IDs, each
// of which held units at the peak and changed to one unit per connection.
func crowd() *Source {
	s := day()
	p := &s.Simulation.Policies[0]
	p.First.Series, p.First.DemandSeries, p.First.Holders = nil, nil, nil
	for i := range 1_000_000 {
		p.First.Series = append(p.First.Series, result.Sample{At: engine.Time(i) * s.Simulation.Duration / 1_000_000, Units: (i * 7919) % 10_000})
	}
	s.Replay = &result.Replay{Schema: 1, Policy: "iris-2022.3", End: engine.Day}
	for i := range 10_000 {
		who := result.Holder{LicenseUserID: fmt.Sprintf("somebody-%05d@10.0.0.1", i), UnitsAtPeak: 2, ConnectionsAtPeak: 26}
		p.First.Holders = append(p.First.Holders, result.CohortHolder{Holder: who, Cohort: "crowd"})
		s.Replay.Transitions = append(s.Replay.Transitions, result.Transition{LicenseUserID: who.LicenseUserID})
		p.TimeAt = append(p.TimeAt, result.UnitsTime{Units: len(p.TimeAt), Seconds: engine.Second})
	}
	return s
}

// A large study makes a report of less than 2 MB.
func TestLargeReport(t *testing.T) {
	page, markdown := written(t, crowd())
	if len(page) >= 2_000_000 || len(markdown) >= 1_000_000 {
		t.Errorf("%d bytes of HTML and %d of Markdown; want less than 2 MB and 1 MB", len(page), len(markdown))
	}
	t.Logf("%d bytes of HTML, %d of Markdown", len(page), len(markdown))
	if !bytes.Contains(page, []byte("9,999")) {
		t.Error("the peak is lost")
	}
	if !bytes.Contains(page, []byte("somebody-00999@")) || bytes.Contains(page, []byte("somebody-01000@")) || !bytes.Contains(page, []byte("And 9,000 more rows")) {
		t.Error("the table of license user IDs does not end after 1,000 rows, and say so")
	}
}

func BenchmarkLargeReport(b *testing.B) {
	s := crowd()
	for b.Loop() {
		r, err := New(s)
		if err != nil {
			b.Fatal(err)
		}
		if err := r.WriteHTML(io.Discard); err != nil {
			b.Fatal(err)
		}
	}
}

func TestEveryResultHasAnAnswer(t *testing.T) {
	latency := result.Latency{N: 100, Mean: 12 * engine.Millisecond, P50: 10 * engine.Millisecond, P90: 20 * engine.Millisecond, P99: 30 * engine.Millisecond, P999: 40 * engine.Millisecond, Max: 12 * engine.Second}
	all := day()
	tests := []struct {
		name, answer string
		source       Source
	}{
		{"sizing", "12 license units keep the risk that anybody is refused in a run of 12 hours at 5 % or less, with 95 % confidence; the present key of 9 is 3 short.", Source{Sizing: all.Sizing}},
		{"simulation", "9 license units are in use at the peak of 12 hours (8 to 9 in 100 runs); with the key of 9 somebody is refused in 60 % of the runs, first at 10:00:00 (median).", Source{Simulation: all.Simulation}},
		{"comparison", "iris-2022.3 needs 10 units; for the same people contract needs 3 fewer (2 to 4).", Source{Comparison: all.Comparison}},
		{"explanation", "9 license units are in use at 4 h, the peak.", Source{Explanation: all.Explanation}},
		{"advice", "Logging out would save 2 units at the peak (1 to 3) and turn nobody away; a cap of 5 would save more, 4 units at the peak (3 to 5), by turning some away.", Source{Advice: all.Advice}},
		{"readings", "Where the documents are silent the peak is between 8 and 12 license units, depending on how they are read.",
			Source{Readings: &result.Readings{Sets: 2, Lowest: result.ReadingPeak{PeakUnits: 8}, Highest: result.ReadingPeak{PeakUnits: 12}, Options: []result.ReadingOption{{Name: "grace", Effect: 4}}}}},
		{"replay", "9 license units were in use at the peak, 1 hour after the start of the trace; the key of 9 refused 2 attempts, the first after 1 hour.",
			Source{Replay: &result.Replay{Units: 9, End: engine.Day, Refused: 2, Peak: engine.Peak{Units: 9, At: engine.Hour}, FirstRefusal: &result.Refusal{At: engine.Hour}}}},
		{"replay of one", "1 license unit was in use at the peak, 1 hour after the start of the trace; nothing limits them.",
			Source{Replay: &result.Replay{End: engine.Day, Peak: engine.Peak{Units: 1, At: engine.Hour}}}},
		{"replay of nobody", "No license unit was in use; the key of 9 refused nobody.", Source{Replay: &result.Replay{Units: 9, End: engine.Day, Peak: engine.Peak{At: engine.Hour}}}},
		{"replay of connections", "12 connections would have been needed to refuse nobody; the key of 9 refused 2 attempts, the first after 1 hour.",
			Source{Replay: &result.Replay{Units: 9, End: engine.Day, Refused: 2, Peak: engine.Peak{Units: 4, At: engine.Hour}, FirstRefusal: &result.Refusal{At: engine.Hour},
				Metered: &result.Metered{Limits: "connections", DemandConnections: 12}}}},
		{"attack", "The target refused 2 of 100 attempts, the first at 1 h of the scenario to tablets (503); all that was planned was sent.",
			Source{Attack: &result.Attack{Verdict: result.Measured, To: engine.Day, Plan: result.AttackPlan{Requests: 90}, Sent: &result.AttackRun{First: 90, Retries: 10, Refused: 2, Response: latency, Service: latency,
				FirstRefusal: &result.AttackRefusal{At: engine.Hour, Cohort: "tablets", Status: 503}}}}},
		{"attack that users gave up", "The target refused nobody of 90 requests; 90 of 120 planned requests were sent, and 30 never, as their users gave up.",
			Source{Attack: &result.Attack{Verdict: result.Measured, To: engine.Day, Plan: result.AttackPlan{Requests: 120}, Sent: &result.AttackRun{First: 90, Abandoned: 30, Response: latency, Service: latency}}}},
		{"attack that ended", "The target refused nobody of 90 requests; the run is inconclusive: 30 of 120 planned requests were not sent, as the attack ended before.",
			Source{Attack: &result.Attack{Verdict: result.Inconclusive, Reasons: []string{"30 of 120 planned requests were not sent, as the attack ended before"}, To: engine.Day,
				Plan: result.AttackPlan{Requests: 120}, Sent: &result.AttackRun{First: 90, Unsent: 30, Response: latency, Service: latency}}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			page, _ := written(t, &tt.source)
			for _, n := range nodes(t, page) {
				if len(n.Attr) > 0 && n.Attr[0].Val == "answer" && strings.ReplaceAll(n.FirstChild.Data, "\u00a0%", " %") != tt.answer {
					t.Errorf("the answer is\n%s\nwant\n%s", n.FirstChild.Data, tt.answer)
				}
			}
		})
	}
	if _, err := New(&Source{}); err == nil {
		t.Error("a report of nothing")
	}
}

// Of 350 attempts in 100 runs 3 a run are refused on Monday from 10:00 on, and
// one in two runs from 11:00 on. The other ten hours have none; the rest is not
// in the run, and not in the map.
func TestRefusedHours(t *testing.T) {
	r, err := New(day())
	if err != nil {
		t.Fatal(err)
	}
	titles := map[string]*table{}
	for i := range r.sections {
		titles[r.sections[i].Title] = r.sections[i].Table
	}
	heat := titles["Refused attempts by hour and weekday: iris-2022.3"]
	if heat == nil || len(heat.Rows) != 1 {
		t.Fatalf("there is no heat map of one day among %v", titles)
	}
	want := "Mon 0 0 0 0 3 0.50 0 0 0 0 0 0"
	if got := strings.Join(heat.Rows[0], " "); got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
	if got := strings.Join(titles["Refusals in three counts"].Rows[0], ", "); got != "iris-2022.3, 3.5, 1.2, 2" {
		t.Errorf("in three counts: %s", got)
	}
}

// A map begins with the first hour of any day that has anything, and ends with
// the last; what is between stays.
func TestTrim(t *testing.T) {
	m := &table{Head: []string{"", "0", "1", "2", "3", "4", "5"}, Rows: [][]string{{"Mon", none, "1", none, none, none, none}, {"Tue", none, none, none, "3", "0", none}},
		Heat: [][]float64{{0, 0, 0.1, 0, 0, 0, 0}, {0, 0, 0, 0, 0.3, 0, 0}}}
	m.trim()
	if got, want := fmt.Sprint(m.Head, m.Rows, m.Heat), "[ 1 2 3 4] [[Mon 1 – – –] [Tue – – 3 0]] [[0 0.1 0 0 0] [0 0 0 0.3 0]]"; got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
}

// A week with 5 units, and 9 on Tuesday from 10:30 to 10:45: that hour has a
// peak of 9 and a mean of 5 + 4/4, which the result says.
func TestHoursOfTheWeek(t *testing.T) {
	s := day()
	s.Simulation.Start = time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC) // a Monday
	s.Simulation.Duration = 7 * engine.Day
	const burst = engine.Day + 10*engine.Hour + 30*engine.Minute
	p := &s.Simulation.Policies[0]
	p.First.DemandSeries = nil
	p.First.Series = []result.Sample{{Units: 5}, {At: burst, Units: 9}, {At: burst + 15*engine.Minute, Units: 5}}
	p.Hours = nil
	for hour := range 7 * 24 {
		p.Hours = append(p.Hours, result.HourMean{Hour: result.WeekHour(hour), Mean: 5})
	}
	p.Hours[24+10].Mean = 6
	r, err := New(s)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"Peak by hour and weekday": "9", "Mean by hour and weekday": "6"}
	for _, section := range r.sections {
		cell, ok := want[section.Title]
		if !ok {
			continue
		}
		delete(want, section.Title)
		for i, row := range section.Table.Rows {
			for j, got := range row[1:] {
				if peak := i == 1 && j == 10; peak && got != cell || !peak && got != "5" {
					t.Errorf("%s: %s at %d is %s", section.Title, row[0], j, got)
				}
			}
		}
	}
	if len(want) > 0 {
		t.Errorf("no section %v", want)
	}
	written(t, s)
}
