package report

import (
	"slices"
	"strings"
	"testing"
	"time"

	"highwater/engine"
	"highwater/sim/result"
)

// held is an attack of three hours whose curves say all that they can.
func held() *result.Attack {
	hours := func(peaks ...int) (list []result.HourUse) {
		for i, n := range peaks {
			list = append(list, result.HourUse{Hour: result.WeekHour(9 + i), Peak: n, Mean: float64(n) / 2})
		}
		return list
	}
	refused := &result.RefusalCounts{Attempts: 3, Episodes: 1, Minutes: 1, ByHour: []result.HourCount{{Hour: 10, Attempts: 3}}}
	times := []result.UnitsTime{{Units: 2, Seconds: engine.Hour}, {Units: 6, Seconds: 2 * engine.Hour}}
	split := func(category string, units int) []result.CategoryUnits {
		return []result.CategoryUnits{{Category: category, Units: units}}
	}
	cohort := func(name string, units int, category string) result.CohortSplit {
		return result.CohortSplit{CohortUnits: result.CohortUnits{Cohort: name, Units: units, Users: 1}, Split: split(category, units)}
	}
	return &result.Attack{
		Start: time.Date(2026, 11, 23, 6, 0, 0, 0, time.UTC), From: 3 * engine.Hour, To: 6 * engine.Hour, Sent: &result.AttackRun{First: 9},
		License: &result.Counted{Policy: "iris-2022.3", Base: "iris-2022.3", Units: 5, LimitOn: "units", Enforced: true},
		Curves: &result.Curves{From: 3 * engine.Hour, To: 6 * engine.Hour, Units: 5, Idle: 1,
			Predicted: &result.Curve{Peak: engine.Peak{Units: 5, At: 4 * engine.Hour}, TimeAt: times, Hours: hours(2, 5, 3), Refusals: &result.RefusalCounts{},
				AtPeak: &result.CurvePeak{Split: split(result.Held, 4), ByCohort: []result.CohortSplit{cohort("pollers", 4, result.Held)}}},
			AsRun: &result.Curve{Peak: engine.Peak{Units: 6, At: 5 * engine.Hour}, TimeAt: times, Hours: hours(2, 6, 4), Refusals: refused,
				AtPeak: &result.CurvePeak{Split: split(result.Working, 5), ByCohort: []result.CohortSplit{cohort("<nurses>", 5, result.Working)}, Holders: 3,
					Top:   []result.CurveHolder{{LicenseUserID: "<10.1.0.20>", Cohort: "<nurses>", Units: 3, Connections: 3}, {LicenseUserID: "10.1.0.21", Units: 1, Connections: 1}},
					Notes: []string{"web sessions that nothing more is heard of: 1"}}},
			Reported: &result.Curve{Peak: engine.Peak{Units: 5}, TimeAt: times, Hours: hours(2, 5, 5), Refusals: refused},
		},
	}
}

// An attack of several hours has its load duration, its hours, who holds the
// units at the peak and why, curve by curve.
func TestAttackHasItsUse(t *testing.T) {
	r, err := New(&Source{Attack: held()})
	if err != nil {
		t.Fatal(err)
	}
	for title, want := range map[string][]string{
		"Who holds the units at the peak":      {"cohort | as run | predicted | license user IDs | because", "<nurses> | 5 | 0 | 1 | 5 somebody works", "pollers | 0 | 4 | 0 | –"},
		"Why the units are in use":             {"because | as run | predicted", "somebody works | 5 | 0", "hold of a finished call | 0 | 4"},
		"Largest license user IDs at the peak": {"license user ID | cohort | units | connections", "<10.1.0.20> | <nurses> | 3 | 3"},
		"Peak by hour and weekday":             {" | 09 | 10 | 11", "Mon, predicted | 2 | 5 | 3", "Mon, as run | 2 | 6 | 4", "Mon, reported | 2 | 5 | 5"},
		"Mean by hour and weekday":             {" | 09 | 10 | 11", "Mon, predicted | 1 | 2.5 | 1.5", "Mon, as run | 1 | 3 | 2", "Mon, reported | 1 | 2.5 | 2.5"},
		"Refused attempts by hour and weekday": {" | 09 | 10 | 11", "Mon, predicted | 0 | 0 | 0", "Mon, as run | 0 | 3 | 0", "Mon, reported | 0 | 3 | 0"},
		"Refusals in three counts":             {"curve | attempts refused | episodes | minutes with a refusal", "predicted | 0 | 0 | 0", "as run | 3 | 1 | 1", "as the target reports | 3 | 1 | 1"},
	} {
		table := sectionOf(t, r, title).Table
		var got []string
		for _, row := range append([][]string{table.Head}, table.Rows...) {
			got = append(got, strings.Join(row, " | "))
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s:\n%s\nwant\n%s", title, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
	text := sectionOf(t, r, "Who holds the units at the peak").Text
	if want := "As run: 6 units at 11:00:00. Predicted: 5 units at 10:00:00. 1 unit was in use before the first request, and is not listed. Web sessions that nothing more is heard of: 1. " +
		"License user IDs and reasons are those as run."; text != want {
		t.Errorf("it says %q, want %q", text, want)
	}
	if over := sectionOf(t, r, "Peak by hour and weekday").Table.Over; !over[1][2] || over[0][2] {
		t.Errorf("above the limit of 5 are %v", over)
	}
	duration := sectionOf(t, r, "Load duration")
	if got := strings.Join(duration.Table.Rows[1], " "); got != "as run 6 6 6 6 6 6 6 2 2 2" || duration.Chart.LimitName != "limit 5" { // 6 units for two thirds of the time
		t.Errorf("as run the load lasts %s, with the %s", got, duration.Chart.LimitName)
	}
	page, _ := written(t, &Source{Attack: held()})
	if strings.Contains(string(page), "<nurses>") || strings.Contains(string(page), "<10.1") {
		t.Error("texts of the result are not escaped")
	}
}

// A window of less than two hours has no map of hours, and the report says how
// to get one.
func TestShortAttack(t *testing.T) {
	s := held()
	s.Curves.To = s.Curves.From + 2*engine.Hour - 1
	r, err := New(&Source{Attack: s})
	if err != nil {
		t.Fatal(err)
	}
	if slices.Contains(titles(r), "Peak by hour and weekday") || !slices.Contains(titles(r), "Load duration") {
		t.Errorf("the sections are %q", titles(r))
	}
	last := r.sections[len(r.sections)-1]
	if want := "Peak and mean by hour and weekday: of an attack whose --window has two hours or more, which --clock 60x sends in minutes."; last.List[0] != want {
		t.Errorf("missing is %q, want %q", last.List, want)
	}
}
