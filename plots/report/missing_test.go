package report

import (
	"slices"
	"strings"
	"testing"
	"time"

	"highwater/engine"
	"highwater/sim/result"
)

// Each kind of result says at its end which parts it does not have, and how to
// get each; what it has is not among them.
func TestWhatIsMissing(t *testing.T) {
	const (
		scenario = ": of the scenario, highwater report FILE."
		advice   = "What would save units: of the scenario, highwater report FILE --advise, which takes long."
		attack   = "What a real target does (curves, latency, lag): of the scenario and a target, highwater attack FILE --target URL --json, and highwater report of that."
		trace    = ": of the trace or the logs, highwater report TRACE, or highwater report --from auto LOG."
		other    = "Risk and exceedance for each key size, time to the first refusal over the runs, how much more traffic the key bears: of a scenario, such as highwater fit makes of logs, highwater report FILE."
	)
	all := day()
	metered := &result.Metered{Kind: "replay", Start: &all.Simulation.Start, Base: "core", Limits: "units", Drawn: []result.Stretch{{High: 3}},
		TimeAt: []result.UnitsTime{{Units: 3, Seconds: engine.Hour}}, Hours: []result.HourUse{{Hour: 6, Peak: 3, Mean: 1}}}
	unclocked := *metered
	unclocked.Start, unclocked.Hours = nil, nil
	replay := func(m *result.Metered) *result.Replay {
		return &result.Replay{Policy: "core", End: engine.Hour, Peak: engine.Peak{Units: 3}, Metered: m}
	}
	whole := *all
	whole.Attack, whole.Readings = &result.Attack{Sent: &result.AttackRun{First: 9}}, &result.Readings{Sets: 96}
	unadvised := whole
	unadvised.Advice, unadvised.Attack = nil, nil
	for name, c := range map[string]struct {
		source Source
		want   []string
	}{
		"all of it": {whole, nil},
		"scenario":  {unadvised, []string{advice, attack}},
		"run": {Source{Simulation: all.Simulation}, []string{
			"Why they are in use, readings side by side, risk and exceedance for each key size, time to the first refusal over the runs, how much more traffic the key bears" + scenario, advice, attack}},
		"run with an outlook": {Source{Simulation: &result.Simulation{Study: all.Simulation.Study, Explanation: all.Explanation,
			Policies: []result.PolicyRun{{Counted: all.Simulation.Policies[0].Counted, Outlook: all.Sizing.Policies[0].Outlook, Cohorts: all.Simulation.Policies[0].Cohorts, Course: all.Simulation.Policies[0].Course, TimeAt: all.Simulation.Policies[0].TimeAt}}}},
			[]string{"Readings side by side, how much more traffic the key bears" + scenario, advice, attack}},
		"comparison": {Source{Comparison: all.Comparison}, []string{"Units over time, why they are in use, how long so many units are in use, peak and mean by hour and weekday, " +
			"refusals in three counts, readings side by side, how much more traffic the key bears" + scenario, advice, attack}},
		"advice": {Source{Advice: all.Advice}, []string{"Units over time, who holds the units at the peak, why they are in use, how long so many units are in use, peak and mean by hour and weekday, " +
			"refusals in three counts, policies side by side, readings side by side, risk and exceedance for each key size, time to the first refusal over the runs, how much more traffic the key bears" + scenario, attack}},
		"trace that is drawn": {Source{Replay: replay(metered)}, []string{"Why they are in use, policies side by side, readings side by side" + trace, other}},
		"trace without a clock": {Source{Replay: replay(&unclocked)}, []string{"Why they are in use, policies side by side, readings side by side" + trace,
			"Peak and mean by hour and weekday: of a trace whose first line has the epoch, highwater report TRACE, or highwater report --from auto LOG.", other}},
		"trace": {Source{Replay: replay(nil)}, []string{"Units over time, why they are in use, how long so many units are in use, peak and mean by hour and weekday, " +
			"refusals in three counts, policies side by side, readings side by side" + trace, other}},
		"attack": {Source{Attack: &result.Attack{Sent: &result.AttackRun{First: 9}, Curves: &result.Curves{}}}, []string{"Who holds the units at the peak, why they are in use, how long so many units are in use, " +
			"peak and mean by hour and weekday, refusals in three counts: of the scenario sent to the target again by this version, highwater attack FILE --target URL --json.",
			"Policies side by side, readings side by side, risk and exceedance for each key size, " +
				"time to the first refusal over the runs, how much more traffic the key bears" + scenario, advice}},
	} {
		r, err := New(&c.source)
		if err != nil {
			t.Fatal(err)
		}
		last := r.sections[len(r.sections)-1]
		if c.want == nil {
			if strings.HasPrefix(last.Title, "What is not here") {
				t.Errorf("%s: %q", name, last.List)
			}
			continue
		}
		if n := min(len(last.List), len(c.want)); !slices.Equal(last.List[:n], c.want) {
			t.Errorf("%s: the last section is %q:\n%s\nwant\n%s", name, last.Title, strings.Join(last.List, "\n"), strings.Join(c.want, "\n"))
		}
		page, markdown := written(t, &c.source)
		if !strings.Contains(string(page), "<h2>What is not here, and how to get it</h2>") || !strings.Contains(string(markdown), "\n## What is not here, and how to get it\n\n- ") {
			t.Errorf("%s: the page or the Markdown does not have it", name)
		}
	}
}

// A heat map says which hours a trace has in part: from Sunday 10:05 to 11:00:59
// they are the 55 minutes of the first and the 59 seconds of the last.
func TestPartHours(t *testing.T) {
	sunday := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		past, length engine.Time
		want         string
	}{
		{0, 2 * engine.Hour, ""},
		{5 * engine.Minute, 55*engine.Minute + 59*engine.Second, " Not all hours are whole: Sun 10 covers 55 minutes, Sun 11 covers 59 seconds."},
		{5 * engine.Minute, 10 * engine.Minute, " Not all hours are whole: Sun 10 covers 10 minutes."},
		{5 * engine.Minute, 7 * engine.Day, ""}, // that hour of the other week is in it, too
	} {
		at := clock{sunday.Add(secondsOf(c.past)), c.length}
		if got := at.partHours(); got != c.want {
			t.Errorf("%v for %v: %q, want %q", at.start, c.length, got, c.want)
		}
	}
}

// An attack opens with the units of its curves and the key.
func TestAttackOpensWithUnits(t *testing.T) {
	sent := &result.AttackRun{First: 9, Refused: 2}
	asRun := &result.Curve{Peak: engine.Peak{Units: 1}}
	for _, c := range []struct {
		curves *result.Curves
		want   string
	}{
		{nil, "The target refused 2 of 9 attempts."},
		{&result.Curves{Units: 4, AsRun: asRun}, "1 license unit was in use at the peak of the requests as run (the target reported no units), with a key of 4 connections. The target refused 2 of 9 attempts."},
		{&result.Curves{AsRun: asRun, Reported: &result.Curve{Peak: engine.Peak{Units: 3}}},
			"The target reported 3 license units at the peak, and the requests as run take 1, with an unlimited key. The target refused 2 of 9 attempts."},
	} {
		s := &result.Attack{Sent: sent, Curves: c.curves, License: &result.Counted{LimitOn: "connections"}}
		if got := attackAnswer(s, clock{}); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}
