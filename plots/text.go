package plots

import (
	"math"
	"strconv"
	"strings"
	"unicode"
)

// clean returns s as one line that is valid in XML and has a glyph or at
// least a box for every character: control characters become spaces, runs of
// spaces one, and invalid bytes the replacement character.
func clean(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsControl(r), unicode.IsSpace(r):
			return ' '
		case r == '\uFFFE' || r == '\uFFFF':
			return '\uFFFD'
		}
		return r
	}, s)
	return strings.Join(strings.Fields(s), " ")
}

// number formats v with thousands separators, and with one decimal unless it
// is whole: 1,234,567 or 12.5.
func number(v float64) string {
	digits, frac := strconv.FormatFloat(v, 'f', 1, 64), ""
	if i := strings.IndexByte(digits, '.'); i >= 0 {
		digits, frac = digits[:i], digits[i:]
	}
	if frac == ".0" && v == math.Trunc(v) {
		frac = ""
	}
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits + frac
}

// counted formats v and the word for it, which is given in the plural.
func counted(v float64, plural string) string { return number(v) + " " + word(v, plural) }

// word returns the word for v things.
func word(v float64, plural string) string {
	if v == 1 {
		return strings.TrimSuffix(plural, "s")
	}
	return plural
}

// duration says a length of time in words, to two digits: 1.7 minutes, a day.
func duration(seconds float64) string {
	v, word := seconds*1e3, "millisecond"
	switch {
	case seconds >= day:
		v, word = seconds/day, "day"
	case seconds >= hour:
		v, word = seconds/hour, "hour"
	case seconds >= minute:
		v, word = seconds/minute, "minute"
	case seconds >= 1:
		v, word = seconds, "second"
	}
	if v = twoDigits(v); v != 1 {
		return strconv.FormatFloat(v, 'f', -1, 64) + " " + word + "s"
	}
	if word == "hour" {
		return "an hour"
	}
	return "a " + word
}

// twoDigits rounds v > 0 to two significant digits, or to a whole number.
func twoDigits(v float64) float64 {
	if v >= 10 {
		return math.Round(v)
	}
	r, _ := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 2, 64), 64) // its own format
	return r
}

// A typeface measures and styles text.
type typeface struct {
	size float64 // points
	bold bool
}

// shorten returns s cut in the middle with an ellipsis so that it is at most
// width wide; the beginning and the end of a long name tell it from others.
func (f typeface) shorten(s string, width float64) string {
	if f.width(s) <= width {
		return s
	}
	r := []rune(s)
	cut := func(n int) string {
		head := (n + 1) / 2
		return strings.TrimSpace(string(r[:head])) + "…" + strings.TrimSpace(string(r[len(r)-(n-head):]))
	}
	lo, hi := 0, len(r)-1 // runes kept: lo fits, or nothing does
	for lo < hi {
		mid := (lo + hi + 1) / 2
		if f.width(cut(mid)) <= width {
			lo = mid
		} else {
			hi = mid - 1
		}
	}
	return cut(lo)
}

// wrap breaks s at spaces into at most lines lines of at most width each; what
// is left over is cut with an ellipsis, as is a word that is too long.
func (f typeface) wrap(s string, width float64, lines int) []string {
	var out []string
	words := strings.Fields(clean(s))
	for len(words) > 0 {
		if len(out) == lines-1 {
			return append(out, f.shortenEnd(strings.Join(words, " "), width))
		}
		n := 1
		for n < len(words) && f.width(strings.Join(words[:n+1], " ")) <= width {
			n++
		}
		out = append(out, f.shortenEnd(strings.Join(words[:n], " "), width))
		words = words[n:]
	}
	return out
}

// shortenEnd returns s cut at its end with an ellipsis to at most width.
func (f typeface) shortenEnd(s string, width float64) string {
	if f.width(s) <= width {
		return s
	}
	r := []rune(s)
	lo, hi := 0, len(r)-1
	for lo < hi {
		mid := (lo + hi + 1) / 2
		if f.width(string(r[:mid])+"…") <= width {
			lo = mid
		} else {
			hi = mid - 1
		}
	}
	return strings.TrimSpace(string(r[:lo])) + "…"
}
