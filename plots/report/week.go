package report

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"highwater/engine"
	"highwater/sim/result"
	"highwater/sim/result/words"
)

// A week is a value for each hour of the week, from Monday 00:00.
type week struct {
	name   string // beside others; "" alone
	values [7][24]float64
	hours  [7][24]float64 // how often the hour was
}

func cellOf(wall time.Time) (day, hour int) { return (int(wall.Weekday()) + 6) % 7, wall.Hour() }

// cover notes that there was an hour.
func (w *week) cover(wall time.Time) {
	day, hour := cellOf(wall)
	w.hours[day][hour] = max(w.hours[day][hour], 1)
}

// addWeek shows the peak and the mean of each hour of the week.
func (r *Report) addWeek(k *course, s *timeSeries, c clock, limit int) {
	if c.start.IsZero() {
		return
	}
	if k.hours != nil {
		r.addHours(k, c, limit)
		return
	}
	r.addPeaks(s, c, limit)
	var m week
	for _, h := range k.Hours {
		day, hour := h.Hour.Cell()
		m.values[day][hour], m.hours[day][hour] = h.Mean, 1
	}
	if t := m.table(narrow); len(t.Rows) > 0 {
		r.add(section{Title: "Mean by hour and weekday", Text: "The mean units in each hour over all replications, if nobody is refused, by " + k.name + ".", Table: t})
	}
}

// narrow is a number for a cell of a heat map, with a digit after the point
// where it is small.
func narrow(v float64) string {
	if v < 9.95 {
		return strconv.FormatFloat(math.Round(10*v)/10, 'f', -1, 64)
	}
	return decimal(math.Round(v))
}

// addHours shows the peak and the mean of each hour of the week in a trace.
func (r *Report) addHours(k *course, c clock, limit int) {
	peaks, means := weeksOf(k.hours)
	text, by := "", "in use in each hour, by "+k.name+"."
	highest := peaks.table(decimal)
	if k.needing {
		by = "in each hour, if nobody is refused, by " + k.name + "."
		text = highest.frame(limit)
	}
	r.add(section{Title: "Peak by hour and weekday", Text: "The most units " + by + text, Table: highest})
	r.add(section{Title: "Mean by hour and weekday", Text: "The mean units " + by + c.partHours(), Table: means.table(narrow)})
}

// weeksOf are the peak and the mean of hours.
func weeksOf(hours []result.HourUse) (peaks, means week) {
	for _, h := range hours {
		day, hour := h.Hour.Cell()
		peaks.values[day][hour], means.values[day][hour] = float64(h.Peak), h.Mean
		peaks.hours[day][hour], means.hours[day][hour] = 1, 1
	}
	return peaks, means
}

// partHours says of how much of them the first and the last hour are, unless
// all are whole or the same hour of another week is in them.
func (c clock) partHours() string {
	const most = 7*engine.Day - engine.Hour
	past, until := pastHour(c.start), pastHour(c.wall(c.end))
	name := func(wall time.Time) string { return wall.Format("Mon 15") }
	first, last := name(c.start), name(c.wall(c.end))
	var parts []string
	switch {
	case c.end > most:
	case first == last:
		parts = append(parts, first+" covers "+words.LongSpan(c.end))
	default:
		if past > 0 {
			parts = append(parts, first+" covers "+words.LongSpan(engine.Hour-past))
		}
		if until > 0 {
			parts = append(parts, last+" covers "+words.LongSpan(until))
		}
	}
	if parts == nil {
		return ""
	}
	return " Not all hours are whole: " + strings.Join(parts, ", ") + "."
}

// pastHour is the time since the full hour on the clock.
func pastHour(wall time.Time) engine.Time {
	return engine.Time(wall.Minute())*engine.Minute + engine.Time(wall.Second())*engine.Second + engine.Time(wall.Nanosecond()/1000)
}

// addPeaks shows the peak of each hour of the week, of full hours on the clock.
func (r *Report) addPeaks(s *timeSeries, c clock, limit int) {
	var peaks week
	first := (engine.Hour - pastHour(c.start)) % engine.Hour
	next, units := 0, 0
	for from := first; from+engine.Hour <= c.end; from += engine.Hour {
		var peak float64
		if s.drawn != nil {
			peak = s.most(from, from+engine.Hour)
		} else {
			peak, _ = s.stretch(&next, &units, from, from+engine.Hour)
		}
		day, hour := cellOf(c.wall(from))
		peaks.values[day][hour] = max(peaks.values[day][hour], peak)
		peaks.cover(c.wall(from))
	}
	by := "by " + s.name + "."
	if s.demand {
		by = "if nobody is refused, " + by
	}
	t := peaks.table(decimal)
	if len(t.Rows) == 0 {
		return
	}
	over := t.frame(limit)
	text := "The most units in each full hour of replication 1, " + by
	if size := stretchOf(c.end); s.drawn != nil && engine.Hour%size != 0 {
		text += " It is read from stretches of " + words.LongSpan(size) + ", so that the end of one may count for the hour before or after."
	}
	r.add(section{Title: "Peak by hour and weekday", Text: text + over, Table: t})
}

// stretch is the peak and the mean of a stretch of time. It goes on from the
// sample next, before which so many units are in use.
func (s *timeSeries) stretch(next, units *int, from, until engine.Time) (peak, mean float64) {
	at, sum := from, 0.0
	for ; *next < len(s.samples) && s.samples[*next].At <= from; *next++ {
		*units = s.value(s.samples[*next])
	}
	peak = float64(*units)
	for ; *next < len(s.samples) && s.samples[*next].At < until; *next++ {
		sum += float64(*units) * (s.samples[*next].At - at).Seconds()
		at, *units = s.samples[*next].At, s.value(s.samples[*next])
		peak = max(peak, float64(*units))
	}
	sum += float64(*units) * (until - at).Seconds()
	return peak, sum / (until - from).Seconds()
}

// table makes a heat map of the days of which there were hours.
func (w *week) table(text func(float64) string) *table { return weeks([]week{*w}, text) }

// weeks makes a heat map of several weeks, which stand below each other day by
// day, by their names.
func weeks(list []week, text func(float64) string) *table {
	t := &table{Head: []string{""}}
	most := 0.0
	for hour := range 24 {
		t.Head = append(t.Head, time.Date(2024, 1, 1, hour, 0, 0, 0, time.UTC).Format("15"))
	}
	for i := range list {
		for day := range list[i].values {
			most = max(most, slices.Max(list[i].values[day][:]))
		}
	}
	for day := range 7 {
		for i := range list {
			t.addDay(&list[i], day, most, text)
		}
	}
	t.trim()
	return t
}

// addDay adds a day of a week to a heat map, if it has hours.
func (t *table) addDay(w *week, day int, most float64, text func(float64) string) {
	name, found := time.Weekday((day + 1) % 7).String()[:3], false
	if w.name != "" {
		name += ", " + w.name
	}
	row, heat := []string{name}, []float64{0}
	for hour, v := range w.values[day] {
		cell, share := none, 0.0
		if w.hours[day][hour] > 0 {
			cell, share, found = text(v), v/max(most, 1e-9), true
		}
		row, heat = append(row, cell), append(heat, round(share))
	}
	if found {
		t.Rows, t.Heat = append(t.Rows, row), append(t.Heat, heat)
	}
}

// Named reports whether the rows of a heat map have names beside their days.
func (t *table) Named() bool { return strings.Contains(t.Rows[0][0], ", ") }

// frame marks the cells of a heat map that are above a limit, and says so; 0 is
// none.
func (t *table) frame(limit int) string {
	found := false
	over := make([][]bool, len(t.Rows))
	for i, row := range t.Rows {
		over[i] = make([]bool, len(row))
		for j, cell := range row[1:] {
			v, err := strconv.ParseFloat(strings.ReplaceAll(cell, ",", ""), 64)
			over[i][j+1] = limit > 0 && err == nil && v > float64(limit)
			found = found || over[i][j+1]
		}
	}
	if !found {
		return ""
	}
	t.Over = over
	return " Marked is what is above the limit of " + words.Number(limit) + "."
}

// trim leaves out columns at the left and at the right in which no row has
// anything.
func (t *table) trim() {
	empty := func(column int) bool {
		return !slices.ContainsFunc(t.Rows, func(row []string) bool { return row[column] != none })
	}
	first, last := 1, len(t.Head)-1
	for first < last && empty(first) {
		first++
	}
	for last > first && empty(last) {
		last--
	}
	t.Head = slices.Concat(t.Head[:1], t.Head[first:last+1])
	for i := range t.Rows {
		t.Rows[i] = slices.Concat(t.Rows[i][:1], t.Rows[i][first:last+1])
		t.Heat[i] = slices.Concat(t.Heat[i][:1], t.Heat[i][first:last+1])
	}
}
