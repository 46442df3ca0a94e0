// Package words writes the numbers of results for people: for the terminal, for
// reports, and in what is said of a result.
package words

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"highwater/engine"
	"highwater/sim/result"
)

// Number is a whole number in groups of three digits.
func Number[T ~int | ~int64](n T) string { return grouped(strconv.FormatInt(int64(n), 10)) }

// Decimal is a number with so many decimals, in groups of three digits. What
// rounds to zero has no sign.
func Decimal(x float64, digits int) string {
	text := strconv.FormatFloat(math.Abs(x), 'f', digits, 64)
	if x < 0 && strings.Trim(text, "0.") != "" {
		text = "-" + text
	}
	whole, rest, broken := strings.Cut(text, ".")
	if !broken {
		return grouped(whole)
	}
	return grouped(whole) + "." + rest
}

// grouped puts commas between groups of three digits.
func grouped(s string) string {
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// Plural is a number and its noun, which is given for one.
func Plural[T ~int | ~int64](n T, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return Number(n) + " " + noun + "s"
}

// Percent is a share (0 to 1) as percent, with as many digits as tell it.
func Percent(share float64) string {
	p := 100 * share
	switch {
	case p == 0 || p == 100:
		return fmt.Sprintf("%.0f %%", p)
	case p > 99.9:
		return strconv.FormatFloat(math.Floor(p*100)/100, 'f', -1, 64) + " %"
	case p < 1:
		return strconv.FormatFloat(p, 'g', 2, 64) + " %"
	case p < 10 || p > 99:
		return strconv.FormatFloat(math.Round(p*10)/10, 'f', -1, 64) + " %"
	}
	return fmt.Sprintf("%.0f %%", p)
}

// Policy names a policy with those of its options that are not in its name.
func Policy(name string, options []engine.Setting) string {
	parts := strings.Fields(name)
	for _, o := range options {
		if text := o.Name + "=" + o.Value; !slices.Contains(parts, text) {
			name += " " + text
		}
	}
	return name
}

// Samples says how many looks brought units, and how many of them are in no
// mean: those before the plan begins or after it ends.
func Samples(c *result.Curves) string {
	n := c.Divergence.Samples - c.Divergence.Failed
	text := Plural(n, "sample")
	if d := c.Difference; d != nil && d.Samples < n {
		text += fmt.Sprintf(" (%s before the plan began or after it ended, in no mean)", Number(n-d.Samples))
	}
	return text
}

// UnitsOr is a number of units, or what is said when there is none.
func UnitsOr(units *int, other string) string {
	if units == nil {
		return other
	}
	return Number(*units)
}

// Spread is a median with its range, or the only value.
func Spread(s result.Spread) string {
	if s.Min == s.Max {
		return Number(s.Max)
	}
	return fmt.Sprintf("%s (%s–%s)", Number(s.Median), Number(s.Min), Number(s.Max))
}

// Span is a length of time in its two largest units, as 10 h or 1 d 6 h. A
// week (w) is 7 days.
func Span(t engine.Time) string {
	text := func(n engine.Time, name string) string { return fmt.Sprintf("%d %s", n, name) }
	return span(t, text, [...]string{"w", "d", "h", "min", "s", "ms"})
}

// LongSpan is a length of time in its two largest units, as 10 hours or
// 1 day 6 hours.
func LongSpan(t engine.Time) string {
	return span(t, Plural[engine.Time], [...]string{"", "day", "hour", "minute", "second", "millisecond"})
}

// span joins the two largest units of a time, by their names from a week to a
// millisecond; what has no name is not used.
func span(t engine.Time, text func(engine.Time, string) string, names [6]string) string {
	var parts []string
	for i, length := range [...]engine.Time{7 * engine.Day, engine.Day, engine.Hour, engine.Minute, engine.Second, engine.Millisecond} {
		if names[i] != "" && t >= length && len(parts) < 2 {
			parts = append(parts, text(t/length, names[i]))
			t %= length
		}
	}
	if parts == nil {
		return text(0, names[4])
	}
	return strings.Join(parts, " ")
}

// Factor is how many times the traffic a key bears, with as much of its interval
// as is known.
func Factor(g *result.Growth) string {
	switch {
	case g.Beyond == result.Above:
		return fmt.Sprintf("more than %g", g.Most)
	case g.Factor == nil:
		return fmt.Sprintf("less than %g", g.Least)
	case g.Low == nil && g.High == nil:
		return fmt.Sprintf("about %.3g", *g.Factor)
	case g.Low == nil:
		return fmt.Sprintf("%.3g (up to %.3g)", *g.Factor, *g.High)
	case g.High == nil:
		return fmt.Sprintf("%.3g (%.3g or more)", *g.Factor, *g.Low)
	}
	return fmt.Sprintf("%.3g (%.3g to %.3g)", *g.Factor, *g.Low, *g.High)
}
