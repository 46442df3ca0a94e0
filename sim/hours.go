package sim

import (
	"highwater/engine"
	"highwater/scenario"
)

// An Hour is an hour of the week, over all replications.
type Hour struct {
	UnitSeconds float64
	Seconds     float64 // of it in the replications
}

// hoursInWeek is how many hours there are from Monday 00:00 on.
const hoursInWeek = 7 * 24

// hours sums up a run's units by the hour of the week.
type hours struct {
	units  [hoursInWeek]float64 // unit-seconds
	before float64              // unit-seconds up to the present hour
	begun  engine.Time
}

// watchHours looks at the use each time that the clock strikes.
func (w *world) watchHours() {
	w.hours = hours{}
	w.schedule(nextHour(w.sc, 0), ends, w.newActor(core{role: sampler}))
}

// nextHour is when the clock strikes next.
func nextHour(sc *scenario.Scenario, at engine.Time) engine.Time {
	return at + engine.Hour - (sinceMonday(sc.Start)+at)%engine.Hour
}

// strike sums up the hour that ends.
func (w *world) strike(at engine.Time, id int32) {
	w.table.Advance(at)
	w.sumHour(at)
	w.schedule(nextHour(w.sc, at), ends, id)
}

func (w *world) sumHour(at engine.Time) {
	h := &w.hours
	total := w.table.UnitTime().Seconds()
	h.units[hourOfWeek(w.sc, h.begun)] += total - h.before
	h.before, h.begun = total, at
}

func hourOfWeek(sc *scenario.Scenario, at engine.Time) int {
	return int((sinceMonday(sc.Start)+at)/engine.Hour) % hoursInWeek
}

// covered is how many seconds of each hour of the week a run has.
func covered(sc *scenario.Scenario) []float64 {
	list := make([]float64, hoursInWeek)
	for at := engine.Time(0); at < sc.Duration; {
		next := min(sc.Duration, nextHour(sc, at))
		list[hourOfWeek(sc, at)] += (next - at).Seconds()
		at = next
	}
	return list
}
