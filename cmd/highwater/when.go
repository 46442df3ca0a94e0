package main

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"highwater/engine"
	"highwater/sim/trace"
)

// A when is an instant as it is asked for on the command line.
type when struct {
	text  string
	which trace.Which
	daily bool        // after is a time of day
	after engine.Time // since the start
	wall  time.Time   // else on the wall clock; the year is 0 when it is not said
}

// Forms of an instant: 14:33:23.5 or, on another day, 1d 14:33, and 2d8h30m.
var (
	clockForm  = regexp.MustCompile(`^(?:(\d{1,5})d )?(\d{1,2}):([0-5]\d)(?::([0-5]\d(?:\.\d+)?))?$`)
	lengthForm = regexp.MustCompile(`^(?:(\d{1,5})d)?((?:\d+(?:\.\d+)?[a-zµ]+)*)$`)
)

// shownForm is how a [clock] shows an instant on the wall.
const shownForm = "Mon 2 Jan 15:04:05"

// parseWhen reads the value of --at.
func parseWhen(text string) (when, error) {
	w := when{text: text}
	var err error
	switch m, n := clockForm.FindStringSubmatch(text), lengthForm.FindStringSubmatch(text); {
	case text == trace.AtPeak.String():
		w.which = trace.AtPeak
	case text == trace.AtFirstRefusal.String():
		w.which = trace.AtFirstRefusal
	case m != nil:
		seconds, _ := engine.ParseSeconds("0" + m[4]) // the form is right
		w.daily = m[1] == ""
		w.after = days(m[1]) + wholes(m[2])*engine.Hour + wholes(m[3])*engine.Minute + seconds
		if w.after >= engine.Day && w.daily {
			return w, badWhen(text)
		}
	case n != nil && text != "":
		d := time.Duration(0)
		if n[2] != "" {
			d, err = time.ParseDuration(n[2])
		}
		w.after = days(n[1]) + engine.Time(d.Microseconds())
	default:
		if w.after, err = engine.ParseSeconds(text); err == nil {
			break
		}
		if w.wall, err = time.Parse(time.RFC3339, text); err != nil {
			w.wall, err = time.Parse(shownForm, text)
		}
	}
	if err != nil {
		return w, badWhen(text)
	}
	return w, nil
}

func badWhen(text string) error {
	return usagef("--at must be peak, first-refusal, a time such as 14:33, 8h30m or 2026-11-23T14:33:00Z, or a number of seconds, not %q", text)
}

// wholes is a short whole number; nothing is 0.
func wholes(digits string) engine.Time {
	n, _ := strconv.Atoi(strings.TrimLeft(digits, "0")) // at most five digits
	return engine.Time(n)
}

func days(digits string) engine.Time { return wholes(digits) * engine.Day }

// moment is the instant in a run that lasts from the clock's start to an end.
func (w *when) moment(c clock, end engine.Time) (trace.Moment, error) {
	if w.which != trace.AtTime {
		return trace.Moment{Which: w.which}, nil
	}
	at := w.after
	switch known := !c.start.IsZero(); {
	case w.daily && known: // else it is since the start, which is how such a run shows times
		h, m, s := c.start.Clock()
		since := engine.Time(h)*engine.Hour + engine.Time(m)*engine.Minute + engine.Time(s)*engine.Second + engine.Time(c.start.Nanosecond()/1000)
		if at -= since; at < 0 {
			at += engine.Day
		}
	case !w.wall.IsZero() && !known:
		return trace.Moment{}, usagef("--at must count from the start, as 8h30m: the trace does not say when that was; not %q", w.text)
	case !w.wall.IsZero():
		at = engine.Time(w.onTheWall(c.start).Sub(c.start).Microseconds())
	}
	if at < 0 || at > end {
		return trace.Moment{}, usagef("--at must be from %s to %s, not %q", c.at(0), c.at(end), w.text)
	}
	return trace.Moment{At: at}, nil
}

// onTheWall is the time with a year, that of the start or the next.
func (w *when) onTheWall(start time.Time) time.Time {
	if w.wall.Year() != 0 {
		return w.wall
	}
	in := func(year int) time.Time {
		return time.Date(year, w.wall.Month(), w.wall.Day(), w.wall.Hour(), w.wall.Minute(), w.wall.Second(), w.wall.Nanosecond(), start.Location())
	}
	if at := in(start.Year()); !at.Before(start) {
		return at
	}
	return in(start.Year() + 1)
}
