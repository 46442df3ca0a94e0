package sim

import (
	"testing"
	"time"

	"highwater/engine"
	"highwater/sim/result"

	"github.com/google/go-cmp/cmp"
)

// From Monday 23:30 on: 2 units for 15 min, 5 until 30 min after midnight, and
// none for the last 30 min but for 7 at one instant. Monday's last half hour
// has (2 15 + 5 15) / 30 = 3.5 on average, Tuesday's first hour 5 30 / 60. Of
// the three refusals two are in one minute and one episode.
func TestMeter(t *testing.T) {
	start := time.Date(2026, 11, 23, 23, 30, 0, 0, time.UTC)
	m := &Meter{Start: func() time.Time { return start }}
	m.Use(0, 2, 2)
	m.Use(15*engine.Minute, 5, 30)
	for _, at := range []engine.Time{0, 20 * engine.Second, 10 * engine.Minute} {
		m.Refused(40*engine.Minute + at)
	}
	m.Use(engine.Hour, 0, 0)
	m.Use(80*engine.Minute, 7, 1)
	m.Use(80*engine.Minute, 0, 0)
	got := m.Metered(90*engine.Minute, engine.LimitUnits)
	want := &result.Metered{
		Start: &start,
		Hours: []result.HourUse{{Hour: 23, Peak: 5, Mean: 3.5}, {Hour: 24, Peak: 7, Mean: 2.5}},
		TimeAt: []result.UnitsTime{{Units: 0, Seconds: 30 * engine.Minute}, {Units: 2, Seconds: 15 * engine.Minute},
			{Units: 5, Seconds: 45 * engine.Minute}},
		Refusals: result.RefusalCounts{Attempts: 3, Episodes: 2, Minutes: 2, ByHour: []result.HourCount{{Hour: 24, Attempts: 3}}},
		// Of the stretches of 9 s the 534th has the instant of 4,800 s.
		Drawn: []result.Stretch{{Low: 2, High: 2}, {At: 15 * engine.Minute, Low: 5, High: 5}, {At: 60 * engine.Minute},
			{At: 533 * 9 * engine.Second, High: 7}, {At: 534 * 9 * engine.Second}},
		Series: []result.Sample{{}, {Units: 2, Connections: 2}, {At: 15 * engine.Minute, Units: 5, Connections: 30}, {At: engine.Hour},
			{At: 80 * engine.Minute, Units: 7, Connections: 1}, {At: 80 * engine.Minute}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// Without a wall clock there are no hours, and the rest is the same.
func TestMeterWithoutAClock(t *testing.T) {
	m := &Meter{Start: func() time.Time { return time.Time{} }}
	m.Use(0, 2, 2)
	m.Refused(engine.Second)
	got := m.Metered(engine.Hour, engine.LimitConnections)
	if got.Start != nil || len(got.Hours) > 0 || len(got.Refusals.ByHour) > 0 || got.Refusals.Attempts != 1 || got.TimeAt[0].Seconds != engine.Hour {
		t.Errorf("%+v", got)
	}
}
