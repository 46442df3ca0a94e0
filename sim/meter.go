package sim

import (
	"maps"
	"slices"
	"time"

	"highwater/engine"
	"highwater/sim/result"
)

// A Meter hears how use goes over time, such as in a replay, and sums it up for
// charts.
type Meter struct {
	// Start is asked, at the first change, what wall clock instant 0 is; zero is
	// not known.
	Start func() time.Time
	From  engine.Time // nothing is known of what is in use before it

	series   series
	timeAt   map[int]engine.Time // by units, of which a target may report any number
	hours    [hoursInWeek]hourUse
	refusals refusals

	begun bool
	start time.Time
	at    engine.Time
	units int
}

// An hourUse is what was in use in an hour of the week.
type hourUse struct {
	peak     int
	unitTime engine.Time // unit-microseconds
	time     engine.Time // of it
}

// Use hears that so many units and connections are in use from an instant on.
// The instants come in order.
func (m *Meter) Use(at engine.Time, units, connections int) {
	m.begin()
	m.pass(at)
	m.series.add(at, units, connections)
	m.units = units
	h := &m.hours[int((sinceMonday(m.start)+at)/engine.Hour)%hoursInWeek]
	h.peak = max(h.peak, units)
}

// Refused hears of a refused attempt.
func (m *Meter) Refused(at engine.Time) {
	m.begin()
	m.refusals.add(m.start, at)
}

func (m *Meter) begin() {
	if !m.begun {
		m.begun, m.start, m.at, m.timeAt = true, m.Start(), m.From, map[int]engine.Time{}
	}
}

// pass lets time pass, with the units that are in use, hour by hour.
func (m *Meter) pass(until engine.Time) {
	m.timeAt[m.units] += until - m.at
	for m.at < until {
		clock := sinceMonday(m.start) + m.at
		next := min(until, m.at+engine.Hour-clock%engine.Hour)
		h := &m.hours[int(clock/engine.Hour)%hoursInWeek]
		h.peak = max(h.peak, m.units)
		h.unitTime += engine.Time(m.units) * (next - m.at)
		h.time += next - m.at
		m.at = next
	}
}

// Metered is what a meter has heard until an instant, the end. Its series
// counts connections where the key limits those.
func (m *Meter) Metered(end engine.Time, on engine.LimitOn) *result.Metered {
	m.begin()
	m.pass(end)
	r := &result.Metered{Hours: []result.HourUse{}, TimeAt: m.times(), Refusals: m.refusals.result(), Series: m.series.samples()}
	r.Drawn = Drawn(r.Series, 0, end, on)
	if m.start.IsZero() {
		r.Refusals.ByHour = []result.HourCount{}
		return r
	}
	start := m.start
	r.Start = &start
	for i, h := range m.hours {
		if h.time > 0 {
			r.Hours = append(r.Hours, result.HourUse{Hour: result.WeekHour(i), Peak: h.peak, Mean: h.unitTime.Seconds() / h.time.Seconds()})
		}
	}
	return r
}

// times is how long so many units were in use, the fewest first.
func (m *Meter) times() []result.UnitsTime {
	list := []result.UnitsTime{}
	for _, units := range slices.Sorted(maps.Keys(m.timeAt)) {
		if d := m.timeAt[units]; d > 0 {
			list = append(list, result.UnitsTime{Units: units, Seconds: d})
		}
	}
	return list
}
