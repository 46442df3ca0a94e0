package sim

import (
	"slices"
	"testing"
	"time"

	"highwater/engine"
	"highwater/sim/result"

	"github.com/google/go-cmp/cmp"
)

// From Sunday 23:58:30: 10 s, 30 s and 89 s are 20 s and 59 s apart, one
// episode; a minute after its last one the next begins. They are in the minutes
// 23:58, 23:59 and, with the last two, Monday 00:00.
func TestRefusalsInThreeCounts(t *testing.T) {
	start := time.Date(2026, 11, 22, 23, 58, 30, 0, time.UTC)
	tests := []struct {
		name    string
		seconds []float64
		want    result.RefusalCounts
	}{
		{"none", nil, result.RefusalCounts{ByHour: []result.HourCount{}}},
		{"one", []float64{0}, result.RefusalCounts{Attempts: 1, Episodes: 1, Minutes: 1, ByHour: []result.HourCount{{Hour: 167, Attempts: 1}}}},
		{"less than a minute apart", []float64{10, 30, 89}, result.RefusalCounts{Attempts: 3, Episodes: 1, Minutes: 2, ByHour: []result.HourCount{{Hour: 167, Attempts: 3}}}},
		{"a minute apart", []float64{10, 30, 89, 149, 149}, result.RefusalCounts{Attempts: 5, Episodes: 2, Minutes: 3,
			ByHour: []result.HourCount{{Hour: 0, Attempts: 2}, {Hour: 167, Attempts: 3}}}},
		{"a week apart", []float64{10, 10 + 7*86400}, result.RefusalCounts{Attempts: 2, Episodes: 2, Minutes: 2, ByHour: []result.HourCount{{Hour: 167, Attempts: 2}}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var r refusals
			for _, s := range tt.seconds {
				r.add(start, engine.Time(s*float64(engine.Second)))
			}
			if diff := cmp.Diff(tt.want, r.result()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// What a run counts is what follows from the list of its refusals.
func TestRefusalsOfRuns(t *testing.T) {
	sc := parse(t, `
name: crowd
start: 2026-11-22T22:30:00Z
duration: 3h
reps: 20
license: {units: 5, policy: iris-2022.3}
cohorts:
  - {name: callers, kind: users, arrivals: {poisson: 2/min}, session: exp(2m), on_refusal: {retry: exp(20s), times: 2}}
`)
	samples, err := Replicate(t.Context(), Cases(sc), Options{Refusals: true})
	if err != nil {
		t.Fatal(err)
	}
	want, hours := result.RefusalCounts{ByHour: []result.HourCount{}}, map[int]int64{}
	for _, list := range samples[0].Use.Refusals {
		minutes := map[time.Time]bool{}
		for i, r := range list {
			at := sc.Start.Add(time.Duration(r.At) * time.Microsecond)
			minutes[at.Truncate(time.Minute)] = true
			hours[(int(at.Weekday())+6)%7*24+at.Hour()]++
			if i == 0 || r.At >= list[i-1].At+engine.Minute {
				want.Episodes++
			}
		}
		want.Attempts += int64(len(list))
		want.Minutes += int64(len(minutes))
	}
	for hour, n := range hours {
		want.ByHour = append(want.ByHour, result.HourCount{Hour: result.WeekHour(hour), Attempts: n})
	}
	slices.SortFunc(want.ByHour, func(a, b result.HourCount) int { return int(a.Hour - b.Hour) })
	got := samples[0].policyRun().Refusals
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got.Attempts <= got.Minutes || got.Minutes <= got.Episodes || got.Episodes < 20 || len(got.ByHour) < 3 {
		t.Errorf("%+v do not tell the counts apart", got)
	}
}
