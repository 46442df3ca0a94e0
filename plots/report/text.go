package report

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"

	"highwater/engine"
	"highwater/plots"
	"highwater/sim/result"
	"highwater/sim/result/words"
)

// decimal is a number with a digit after the point, or two, where they tell.
func decimal(v float64) string {
	if math.Abs(v) >= 100 || v == math.Trunc(v) {
		return words.Number(int64(math.Round(v)))
	}
	if math.Abs(v) < 1 {
		return strconv.FormatFloat(v, 'f', 2, 64)
	}
	return strconv.FormatFloat(v, 'f', 1, 64)
}

// percent is a share with as many digits as tell it.
func percent(share float64) string {
	p, digits := 100*share, 0
	switch {
	case p == 0 || p == 100:
	case p < 1 || p > 99.9:
		digits = 2
	case p < 10 || p > 99:
		digits = 1
	}
	if p < 0.005 && p > 0 {
		return "below 0.01 %"
	}
	if p > 99.99 && p < 100 {
		return "above 99.99 %"
	}
	s := strconv.FormatFloat(p, 'f', digits, 64)
	if digits > 0 {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	return s + " %"
}

// line makes one line of a text from a log, trace or target.
func line(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return '·'
	}, strings.ToValidUTF8(s, "·"))
}

// difference is a mean difference with its interval.
func difference(d *result.Difference) string {
	text := plus(d.Mean)
	if d.Low != nil && d.High != nil {
		text += " (" + plus(*d.Low) + " to " + plus(*d.High) + ")"
	}
	return text
}

func plus(v float64) string {
	if v > 0 {
		return "+" + decimal(v)
	}
	return decimal(v)
}

// proportion is a share with its interval and of how many it is.
func proportion(p *result.Proportion) string {
	if p.N == 0 {
		return "–"
	}
	return fmt.Sprintf("%s (%s to %s): %s of %s", percent(float64(p.Count)/float64(p.N)),
		percent(p.Low), percent(p.High), words.Number(p.Count), words.Number(p.N))
}

// policy names what something was counted by. One with a name of its own needs
// no list of what it changes.
func policy(c *result.Counted) string {
	if c.Policy != c.Base || len(c.Options) == 0 {
		return line(c.Policy)
	}
	return line(c.Policy) + " with " + settings(c.Options)
}

func settings(options []engine.Setting) string {
	var parts []string
	for _, o := range options {
		parts = append(parts, o.Name+"="+o.Value)
	}
	return line(strings.Join(parts, ", "))
}

// A clock writes instants, on the wall clock when the start is known.
type clock struct {
	start time.Time
	end   engine.Time
}

func (c clock) at(t engine.Time) string { return plots.Stamp(c.start, c.end.Seconds(), t.Seconds()) }

// exact is an instant to the second, as of a first refusal.
func (c clock) exact(t engine.Time) string {
	return plots.Exact(c.start, c.end.Seconds(), t.Seconds())
}

func (c clock) or(t *engine.Time, other string) string {
	if t == nil {
		return other
	}
	return c.exact(*t)
}
