package fit

import (
	"cmp"
	"math"
	"slices"
	"time"

	"highwater/engine"
	"highwater/sim/result"
	"highwater/sim/stats"
)

// A Use is how many units were in use for how long, and the most of each day.
// Its memory grows with the days.
type Use struct {
	start  time.Time
	end    engine.Time
	timeAt []engine.Time
	days   []int // most units, by day of the calendar
	units  int
	since  engine.Time
}

// NewUse makes the use of something that starts at that time of the clock,
// without units at first, and ends at an instant, 0 when that is not known yet.
// The zero time is midnight.
func NewUse(start time.Time, end engine.Time) *Use {
	return &Use{start: start, end: cmp.Or(end, engine.MaxTime)}
}

// Like is an empty use of the same time.
func (u *Use) Like() *Use { return NewUse(u.start, u.end) }

// Add says that so many units are in use from an instant on. What comes at the
// end or later does not count.
func (u *Use) Add(at engine.Time, units, _ int) {
	if at >= u.end {
		return
	}
	u.advance(at)
	u.units = units
	day := u.day(at)
	u.days[day] = max(u.days[day], units)
}

// advance goes on to an instant with the units that are in use.
func (u *Use) advance(at engine.Time) {
	if at > u.since {
		for len(u.timeAt) <= u.units {
			u.timeAt = append(u.timeAt, 0)
		}
		u.timeAt[u.units] += at - u.since
		u.since = at
	}
	for day := u.day(at); len(u.days) <= day; {
		u.days = append(u.days, u.units)
	}
}

// day is the number of the day of an instant.
func (u *Use) day(at engine.Time) int { return int((sinceMidnight(u.start) + at) / engine.Day) }

// Finish ends the use, at an instant that is not after the end that it was
// made with.
func (u *Use) Finish(end engine.Time) {
	u.end = end
	u.advance(u.end)
	if (sinceMidnight(u.start)+u.end)%engine.Day == 0 && len(u.days) > 1 {
		u.days = u.days[:len(u.days)-1] // which would only begin now
	}
}

func (u *Use) mean() float64 {
	sum := 0.0
	for units, t := range u.timeAt {
		sum += float64(units) * t.Seconds()
	}
	if u.since == 0 {
		return 0
	}
	return sum / u.since.Seconds()
}

// quantile is how many units suffice for that part of the time.
func (u *Use) quantile(p float64) float64 {
	sum := 0.0
	for units, t := range u.timeAt {
		if sum += t.Seconds(); sum >= p*u.since.Seconds()*(1-1e-12) {
			return float64(units)
		}
	}
	return 0
}

// A figure is a number of a use that is compared.
type figure struct {
	name string
	of   func(*Use) float64
}

// figures are what is compared of uses with so many days.
func figures(days int) []figure {
	at := func(p float64) func(*Use) float64 { return func(u *Use) float64 { return u.quantile(p) } }
	day := func(p float64) func(*Use) float64 {
		return func(u *Use) float64 { return float64(stats.Quantile(slices.Sorted(slices.Values(u.days)), p)) }
	}
	list := []figure{
		{"mean_units", (*Use).mean}, {"p50_units", at(0.5)}, {"p95_units", at(0.95)}, {"p99_units", at(0.99)}, {"p999_units", at(0.999)},
	}
	if days >= 4 {
		list = append(list, figure{"day_peak_lowest", day(1e-9)}, figure{"day_peak_p25", day(0.25)},
			figure{"day_peak_p50", day(0.5)}, figure{"day_peak_p75", day(0.75)})
	}
	return append(list, figure{"peak_units", day(1)})
}

// Compare puts what the log used beside what replications of the scenario
// use. The range is from their lowest to their highest: a log that the
// scenario describes is one more, and as likely in any place among them.
func Compare(log *Use, reps []*Use) (rows []result.FitFigure, days []result.FitDay) {
	for _, f := range figures(len(log.days)) {
		row := result.FitFigure{Name: f.name, Log: f.of(log)}
		row.Median, row.Low, row.High = among(reps, f.of)
		row.Outside = row.Log < row.Low || row.Log > row.High
		rows = append(rows, row)
	}
	for i, peak := range log.days {
		d := result.FitDay{Peak: peak}
		if !log.start.IsZero() {
			d.Date = log.start.AddDate(0, 0, i).Format(time.DateOnly)
		}
		median, low, high := among(reps, func(u *Use) float64 {
			if i >= len(u.days) {
				return 0
			}
			return float64(u.days[i])
		})
		d.Median, d.Low, d.High = int(median), int(low), int(high)
		d.Outside = peak < d.Low || peak > d.High
		days = append(days, d)
	}
	return rows, days
}

// among is the median, lowest and highest value of the replications.
func among(reps []*Use, of func(*Use) float64) (median, low, high float64) {
	if len(reps) == 0 {
		return 0, 0, math.Inf(1)
	}
	var list []float64
	for _, u := range reps {
		list = append(list, of(u))
	}
	slices.Sort(list)
	return list[(len(list)-1)/2], list[0], list[len(list)-1]
}
