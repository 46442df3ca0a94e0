package scenario

import (
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"highwater/engine"
)

// week is the cycle of a curve that names weekdays.
const week = 7 * engine.Day

// longest is the longest duration that a scenario may name: ten years.
const longest = 3660 * engine.Day

// fastest is the highest rate, a second.
const fastest = 1_000_000

// units are the units of time, the longest first.
var units = []struct {
	names []string // the first is how durations write it
	time  engine.Time
}{
	{[]string{"w", "week", "weeks"}, week},
	{[]string{"d", "day", "days"}, engine.Day},
	{[]string{"h", "hour", "hours", "hr", "hrs"}, engine.Hour},
	{[]string{"m", "min", "minute", "minutes", "mins"}, engine.Minute},
	{[]string{"s", "sec", "second", "seconds", "secs"}, engine.Second},
	{[]string{"ms", "millisecond", "milliseconds"}, engine.Millisecond},
	{[]string{"us", "microsecond", "microseconds"}, engine.Microsecond},
}

// unit finds a unit of time by any of its names.
func unit(name string) (engine.Time, bool) {
	for _, u := range units {
		if slices.Contains(u.names, name) {
			return u.time, true
		}
	}
	return 0, false
}

var (
	durationShape = regexp.MustCompile(`^(?:[0-9]+(?:\.[0-9]+)?(?:us|ms|s|min|m|h|d|w))+$`)
	durationPart  = regexp.MustCompile(`([0-9]+(?:\.[0-9]+)?)([a-z]+)`)
	number        = regexp.MustCompile(`^[0-9]+(?:\.[0-9]+)?$`)
	wordy         = regexp.MustCompile(`^(?:[0-9]+(?:\.[0-9]+)? *[a-z]+[ ,]*)+$`)
)

// parseDuration reads 90s, 1h30m, 2d. Zero needs no unit.
func parseDuration(s string) (engine.Time, error) {
	if !durationShape.MatchString(s) {
		switch {
		case number.MatchString(s) && strings.Trim(s, "0.") == "":
			return 0, nil
		case number.MatchString(s):
			return 0, &mistake{must: "must have a unit", hint: "write " + s + "ms for milliseconds, " + s + "s for seconds, " + s + "m for minutes, " + s + "h for hours"}
		case strings.HasPrefix(s, "-") && durationShape.MatchString(s[1:]):
			return 0, must("not be negative")
		}
		return 0, &mistake{hint: inOurWords(s)}
	}
	total, last := 0.0, engine.Time(math.MaxInt64)
	for _, part := range durationPart.FindAllStringSubmatch(s, -1) {
		u, _ := unit(part[2])
		if u >= last {
			return 0, must("name each unit once, the longest first")
		}
		last = u
		n, err := strconv.ParseFloat(part[1], 64)
		if err != nil {
			return 0, must("be at most 10 years")
		}
		total += n * float64(u)
	}
	if total > float64(longest) {
		return 0, must("be at most 10 years")
	}
	return engine.Time(math.Round(total)), nil
}

// inOurWords is a hint at the duration that was probably meant by, say,
// "5 minutes", or "".
func inOurWords(s string) string {
	s = strings.ToLower(s)
	if !wordy.MatchString(s) {
		return ""
	}
	var b strings.Builder
	for _, part := range durationPart.FindAllStringSubmatch(strings.ReplaceAll(s, " ", ""), -1) {
		t, ok := unit(part[2])
		if !ok {
			return ""
		}
		for _, u := range units {
			if u.time == t {
				b.WriteString(part[1] + u.names[0])
			}
		}
	}
	if !durationShape.MatchString(b.String()) {
		return ""
	}
	return "write " + b.String()
}

// rate is a number of arrivals a second.
type rate struct {
	perSecond float64
	each      bool // of each member
}

var rateShape = regexp.MustCompile(`^([0-9]+(?:\.[0-9]+)?)/([0-9.a-z]+)( each)?$`)

// parseRate reads 2/min, 0.5/s, 1/30m, 3/day each. Zero needs no unit.
func parseRate(s string) (r rate, err error) {
	if number.MatchString(s) {
		if strings.Trim(s, "0.") == "" {
			return rate{}, nil
		}
		return rate{}, &mistake{must: "must have a unit", hint: "write " + s + "/min or " + s + "/h"}
	}
	m := rateShape.FindStringSubmatch(s)
	if m == nil {
		return rate{}, errWant
	}
	per, ok := unit(m[2])
	if !ok {
		if per, err = parseDuration(m[2]); err != nil || per == 0 {
			return rate{}, errWant
		}
	}
	n, err := strconv.ParseFloat(m[1], 64)
	r = rate{n / per.Seconds(), m[3] != ""}
	if err != nil || r.perSecond > fastest {
		return rate{}, must("be at most 1000000/s")
	}
	return r, nil
}

// parseShare reads 30% or 0.3.
func parseShare(s string) (float64, error) {
	digits, percent := strings.CutSuffix(s, "%")
	if !number.MatchString(digits) {
		return 0, errWant
	}
	v, err := strconv.ParseFloat(digits, 64)
	if percent {
		v /= 100
	}
	if err != nil || v > 1 {
		return 0, errWant
	}
	return v, nil
}

// parseWhole reads a whole number from least to most.
func parseWhole(s string, least, most int) (int, error) {
	if !number.MatchString(s) || strings.Contains(s, ".") {
		return 0, errWant
	}
	n, err := strconv.Atoi(s)
	switch {
	case err != nil || n > most:
		return 0, must("be at most %d", most)
	case n < least:
		return 0, must("be >= %d", least)
	}
	return n, nil
}

var clockShape = regexp.MustCompile(`^([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}))?$`)

// parseClock reads 08:00 or 08:00:30.
func parseClock(s string) (engine.Time, error) {
	m := clockShape.FindStringSubmatch(s)
	if m == nil {
		return 0, errWant
	}
	h, _ := strconv.Atoi(m[1]) // two digits
	min, _ := strconv.Atoi(m[2])
	sec, _ := strconv.Atoi(m[3]) // none is 0
	if h > 23 || min > 59 || sec > 59 {
		return 0, must("be from 00:00 to 23:59:59")
	}
	return engine.Time(h)*engine.Hour + engine.Time(min)*engine.Minute + engine.Time(sec)*engine.Second, nil
}

const everyDay = 0x7f

// parseDays reads mon, mon wed fri, mon-fri, weekdays, weekend, with spaces
// or commas. Bit i is weekday i, Sunday 0.
func parseDays(s string) (days uint8, err error) {
	for word := range strings.FieldsFuncSeq(s, func(r rune) bool { return r == ' ' || r == ',' }) {
		switch word {
		case "weekdays":
			days |= 0x3e
			continue
		case "weekend":
			days |= 0x41
			continue
		}
		from, to, _ := strings.Cut(word, "-")
		first, ok := weekday(from)
		last, ok2 := first, true
		if strings.Contains(word, "-") {
			last, ok2 = weekday(to)
		}
		if !ok || !ok2 {
			return 0, errWant
		}
		for d := first; ; d = (d + 1) % 7 {
			days |= 1 << d
			if d == last {
				break
			}
		}
	}
	return days, nil
}

func weekday(name string) (time.Weekday, bool) {
	for d := time.Sunday; d <= time.Saturday; d++ {
		if long := strings.ToLower(d.String()); name == long || name == long[:3] {
			return d, true
		}
	}
	return 0, false
}

// parseWeekly reads a clock time that comes again: 08:00, mon 08:00,
// weekdays 08:00. days is 0 when none is named.
func parseWeekly(s string) (at engine.Time, days uint8, err error) {
	i := strings.LastIndexAny(s, " ,")
	if at, err = parseClock(s[i+1:]); err != nil {
		return 0, 0, err
	}
	if i >= 0 {
		days, err = parseDays(s[:i])
		if err == nil && days == 0 {
			err = errWant
		}
	}
	return at, days, err
}

// parseMoment reads what parseWeekly does, or +90m since the start.
func parseMoment(s string) (Moment, error) {
	if after, ok := strings.CutPrefix(s, "+"); ok {
		offset, err := parseDuration(after)
		if err != nil {
			return Moment{}, errWant
		}
		return Moment{Offset: offset}, nil
	}
	at, days, err := parseWeekly(s)
	if days == 0 {
		days = everyDay
	}
	return Moment{at, days}, err
}

// parseStart reads an RFC 3339 time.
func parseStart(s string) (time.Time, error) {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return t, errWant
	}
	return t, nil
}
