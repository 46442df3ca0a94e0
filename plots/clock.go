package plots

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Lengths in seconds.
const (
	minute = 60.0
	hour   = 60 * minute
	day    = 24 * hour
)

// A timeline is the time axis of a chart: the wall clock when it has a start,
// the time elapsed otherwise.
type timeline struct {
	start time.Time
	end   float64 // seconds, > 0
}

// clock returns the wall-clock time of an instant, to the microsecond.
func (t timeline) clock(at float64) time.Time {
	return t.start.Add(time.Duration(math.Round(at*1e6)) * time.Microsecond)
}

// seconds returns the instant of a wall-clock time.
func (t timeline) seconds(clock time.Time) float64 { return clock.Sub(t.start).Seconds() }

// midnight returns the local midnight that begins the day of clock plus days.
func midnight(clock time.Time, days int) time.Time {
	y, m, d := clock.Date()
	return time.Date(y, m, d+days, 0, 0, 0, 0, clock.Location())
}

// oneDay reports whether the chart ends before or at the first midnight.
func (t timeline) oneDay() bool { return !t.clock(t.end).After(midnight(t.start, 1)) }

// stamp formats an instant as precisely as a reader of the chart needs it; the
// time of day alone when that says which, with its day or date when not.
func (t timeline) stamp(at float64, seconds bool) string {
	if t.start.IsZero() {
		return t.elapsed(at, seconds)
	}
	layout := "15:04"
	switch {
	case t.end <= 2*minute:
		layout = "15:04:05.0"
	case seconds || t.end <= 2*hour:
		layout = "15:04:05"
	}
	last := t.clock(t.end)
	switch {
	case t.start.Year() != last.Year() && t.end > 8*day:
		layout = "2 Jan 2006 " + layout
	case t.end > 7*day:
		layout = "2 Jan " + layout
	case t.end > day:
		layout = "Mon " + layout
	}
	clock := t.clock(at)
	if s := clock.Format(layout); at == 0 || !t.oneDay() || !clock.Equal(midnight(clock, 0)) {
		return s
	}
	return "24" + clock.Format(layout)[2:] // the end of the only day
}

// elapsed formats an instant as days, hours, minutes and seconds since the start.
func (t timeline) elapsed(at float64, seconds bool) string {
	if t.end <= 2*minute {
		return strconv.FormatFloat(math.Floor(at*10+1e-6)/10, 'f', 1, 64) + " s"
	}
	left := int(math.Floor(at + 1e-6))
	var parts []string
	for _, u := range []struct {
		length int
		name   string
	}{{int(day), "d"}, {int(hour), "h"}, {int(minute), "min"}, {1, "s"}} {
		n := left / u.length
		left %= u.length
		if u.name == "s" && !seconds && t.end > 2*hour {
			break
		}
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, u.name))
		}
	}
	if len(parts) == 0 {
		return "the start"
	}
	return strings.Join(parts, " ")
}

// span says in words what time the chart covers.
func (t timeline) span() string {
	if !t.start.IsZero() {
		return t.dates()
	}
	return timeline{end: 3 * hour}.elapsed(t.end, true)
}

// dates returns the day or days of a chart with a wall clock, and the time zone.
func (t timeline) dates() string {
	last := t.clock(t.end)
	zone := t.start.Format("MST")
	if z := last.Format("MST"); z != zone {
		zone += "/" + z
	}
	if t.oneDay() {
		return fmt.Sprintf("%s (%s)", t.start.Format("Monday 2 January 2006"), zone)
	}
	if last.Equal(midnight(last, 0)) {
		last = last.Add(-time.Microsecond) // the day that ends at midnight
	}
	return fmt.Sprintf("%s to %s (%s)", t.start.Format("Mon 2 January 2006"), last.Format("Mon 2 January 2006"), zone)
}

// A tick is a labelled place on an axis.
type tick struct {
	at    float64 // seconds or units
	label string
	mid   float64 // where the label is centered; the same as at, or the middle of a day
}

// An axis is a choice of ticks for the time axis and what it is called.
type axis struct {
	ticks []tick
	title string
}

// axis returns the finest ticks that fit, or the coarsest when none do.
func (t timeline) axis(fits func([]tick) bool) axis {
	var a axis
	try := func(title string, ticks []tick) bool {
		a = axis{ticks, title}
		return fits(ticks)
	}
	if t.start.IsZero() {
		t.tryElapsed(try)
	} else {
		t.tryClock(try)
	}
	return a
}

// tryElapsed offers ticks at round numbers of seconds, minutes, hours or days,
// from fine to coarse, until try accepts.
func (t timeline) tryElapsed(try func(string, []tick) bool) {
	scale := []struct {
		upTo  float64 // horizon in seconds
		unit  float64
		name  string
		finer string // name with the next smaller unit
		steps []float64
	}{
		{2 * minute, 1, "seconds", "seconds", []float64{.001, .01, .1, .2, .5, 1, 2, 5, 10, 15, 20, 30}},
		{2 * hour, minute, "minutes", "minutes:seconds", []float64{10, 15, 30, 60, 120, 300, 600, 900, 1200, 1800}},
		{3 * day, hour, "hours", "hours:minutes", []float64{600, 900, 1800, hour, 2 * hour, 3 * hour, 6 * hour, 12 * hour, day}},
		{math.Inf(1), day, "days", "days", []float64{day, 2 * day, 5 * day, 10 * day, 20 * day, 50 * day, 100 * day, 200 * day, 500 * day, 1000 * day, 2000 * day}},
	}
	for _, sc := range scale {
		if t.end > sc.upTo {
			continue
		}
		for _, size := range sc.steps {
			name, format := sc.name, func(at float64) string { return number(at / sc.unit) }
			switch {
			case size < sc.unit && sc.unit > 1:
				name = sc.finer
				small := sc.unit / 60
				format = func(at float64) string {
					n := int(math.Round(at / small))
					return fmt.Sprintf("%d:%02d", n/60, n%60)
				}
			case size < 1:
				format = func(at float64) string { return strconv.FormatFloat(math.Round(at*1e3)/1e3, 'f', -1, 64) }
			}
			if t.end/size <= 100 && try("elapsed time ("+name+")", t.every(size, format)) {
				return
			}
		}
		return
	}
}

// every returns ticks at the multiples of size.
func (t timeline) every(size float64, format func(at float64) string) []tick {
	var ticks []tick
	for i := 0; float64(i)*size <= t.end; i++ {
		at := float64(i) * size
		ticks = append(ticks, tick{at, format(at), at})
	}
	return ticks
}

// tryClock offers ticks at round times of the clock, then at days, weeks and
// months, from fine to coarse, until try accepts.
func (t timeline) tryClock(try func(string, []tick) bool) {
	title := t.dates()
	if t.end <= 2*minute {
		for _, size := range []float64{.1, .2, .5} {
			if t.end/size <= 100 && try(title, t.clockTicks(size, "15:04:05.0")) {
				return
			}
		}
	}
	for _, size := range []float64{1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800} {
		layout := "15:04"
		if size < 60 {
			layout = "15:04:05"
		}
		if t.end/size <= 100 && try(title, t.clockTicks(size, layout)) {
			return
		}
	}
	if t.end <= 3.5*day {
		for _, hours := range []int{1, 2, 3, 6, 12} {
			if try(title, t.hourTicks(hours)) {
				return
			}
		}
	}
	if t.end <= 40*day {
		for _, layout := range []string{"Mon 2 Jan", "Mon 2", "2"} {
			if try(title, t.dayTicks(layout)) {
				return
			}
		}
	}
	if t.end <= 150*day && try(title, t.weekTicks()) {
		return
	}
	for _, m := range []struct {
		months int
		layout string
	}{{1, "Jan 2006"}, {1, "Jan"}, {3, "Jan 2006"}, {12, "2006"}, {60, "2006"}} {
		if try(title, t.monthTicks(m.months, m.layout)) {
			return
		}
	}
}

// clockTicks returns ticks at the multiples of size seconds of the local clock.
func (t timeline) clockTicks(size float64, layout string) []tick {
	since := t.seconds(midnight(t.start, 0)) // <= 0
	var ticks []tick
	for i := math.Ceil(-since / size); ; i++ {
		at := since + i*size
		if at > t.end {
			return ticks
		}
		ticks = append(ticks, tick{at, t.timeOfDay(at, layout), at})
	}
}

// timeOfDay formats an instant, midnight as the day that begins, or as 24:00
// at the end of a chart of one day.
func (t timeline) timeOfDay(at float64, layout string) string {
	clock := t.clock(at)
	switch {
	case !clock.Equal(midnight(clock, 0)):
	case !t.oneDay():
		return clock.Format("Mon 2 Jan")
	case at > 0:
		return "24:00"
	}
	return clock.Format(layout)
}

// hourTicks returns ticks at the multiples of hours of every day. An hour that
// the change to summer time skips has none.
func (t timeline) hourTicks(hours int) []tick {
	var ticks []tick
	for days := 0; ; days++ {
		first := midnight(t.start, days)
		if t.seconds(first) > t.end {
			return ticks
		}
		y, m, d := first.Date()
		for h := 0; h < 24; h += hours {
			clock := time.Date(y, m, d, h, 0, 0, 0, first.Location())
			at := t.seconds(clock)
			if clock.Hour() == h && 0 <= at && at <= t.end {
				ticks = append(ticks, tick{at, t.timeOfDay(at, "15:04"), at})
			}
		}
	}
}

// dayTicks returns a tick at every midnight, with the name of the day in the
// middle of what the chart shows of it.
func (t timeline) dayTicks(layout string) []tick {
	return t.spans(layout, func(i int) time.Time { return midnight(t.start, i) })
}

// monthTicks returns a tick at the beginning of every so many months of the
// year, with the name in the middle where it names all of the span.
func (t timeline) monthTicks(months int, layout string) []tick {
	y, m, _ := t.start.Date()
	first := (int(m) - 1) / months * months
	ticks := t.spans(layout, func(i int) time.Time {
		return time.Date(y, time.Month(1+first+i*months), 1, 0, 0, 0, 0, t.start.Location())
	})
	for i := range ticks {
		if months != 1 && months != 12 {
			ticks[i].mid = ticks[i].at
		}
	}
	return ticks
}

// spans returns a tick at every boundary and the label of each span in its
// visible middle; a span cut short by the edge to less than half has no label.
func (t timeline) spans(layout string, boundary func(i int) time.Time) []tick {
	var ticks []tick
	for i := 0; ; i++ {
		from, to := t.seconds(boundary(i)), t.seconds(boundary(i+1))
		if from > t.end {
			return ticks
		}
		a, b := max(from, 0), min(to, t.end)
		label := boundary(i).Format(layout)
		if b-a < (to-from)/2 && (from < 0 || to > t.end) {
			label = ""
		}
		if layout == "2" && label == "1" {
			label = boundary(i).Format("2 Jan")
		}
		ticks = append(ticks, tick{max(from, 0), label, (a + b) / 2})
	}
}

// weekTicks returns a tick at every Monday.
func (t timeline) weekTicks() []tick {
	var ticks []tick
	for i := (8 - int(t.start.Weekday())) % 7; ; i += 7 {
		clock := midnight(t.start, i)
		at := t.seconds(clock)
		if at > t.end {
			return ticks
		}
		if at >= 0 {
			ticks = append(ticks, tick{at, clock.Format("2 Jan"), at})
		}
	}
}
