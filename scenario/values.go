package scenario

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"highwater/engine"

	"gopkg.in/yaml.v3"
)

// This file lists the kinds of values that fields have: what each is called,
// what it must be, what an editor can check, how it is read.

// plain is the parse function of text that needs no file.
func plain[V any](parse func(s string) (V, error)) func(*parser, string) (V, error) {
	return func(_ *parser, s string) (V, error) { return parse(s) }
}

const (
	durationPattern = `^0$|^([0-9]+(\.[0-9]+)?(us|ms|s|min|m|h|d|w))+$`
	ratePattern     = `^[0-9]+(\.[0-9]+)?/[0-9.a-z]+( each)?$`
	clockPattern    = `([01]?[0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?$`
	dayPattern      = `^([a-z][-a-z ,]* )?`
	offsetPattern   = `^\+([0-9]+(\.[0-9]+)?(us|ms|s|min|m|h|d|w))+$`
	sharePattern    = `^[0-9]+(\.[0-9]+)?%$`
)

// define names a schema, so that the whole schema says it once.
func define(name string) *schema { return &schema{Ref: "#/$defs/" + name} }

// A quantity is a way to write a value that several fields share.
type quantity struct {
	name     string
	doc      string
	examples []string
	schema   *schema
}

// quantities are what define names.
var quantities = []quantity{
	{"duration", "a number and its unit, us, ms, s, m or min, h, d or w, or several, the longest first; 0 needs none", []string{"90s", "1h30m", "2d", "250ms"}, orZero(durationPattern)},
	{"length", "a duration, a distribution of durations, or forever: to the end of the run; arguments are separated by commas or spaces, and inside { } by spaces, as in {think: lognormal(mean 40s cv 2)}", examples(true), orZero(distPattern(true))},
	{"count", "a whole number >= 1, or a distribution of them", examples(false), &schema{AnyOf: []*schema{
		{Type: "string", Pattern: distPattern(false)}, whole(1, mostCount)}}},
	{"rate", "how many in a unit of time, or in a duration; with each, for each member of the cohort", []string{"2/min", "0.5/s", "90/h", "1000/day", "1/30m", "3/h each"}, orZero(ratePattern)},
	{"share", "a part of all, as a percentage or a number from 0 to 1", []string{"30%", "0.3"}, &schema{AnyOf: []*schema{
		{Type: "string", Pattern: sharePattern}, {Type: "number", Minimum: bound(0), Maximum: bound(1)}}}},
	{"clock", "a time of day that comes again each day, or on the weekdays before it", []string{"08:00", "08:00:30", "mon 08:00", "mon wed 08:00", "mon-fri 08:00", "weekdays 08:00", "weekend 10:00"},
		&schema{Type: "string", Pattern: dayPattern + clockPattern}},
	{"moment", "a clock time, or an offset since the start of the run", []string{"08:00", "weekdays 08:00", "+90m"}, &schema{AnyOf: []*schema{
		{Type: "string", Pattern: dayPattern + clockPattern}, {Type: "string", Pattern: offsetPattern}}}},
}

// examples has a constant and one of each distribution.
func examples(duration bool) []string {
	list := []string{"3"}
	if duration {
		list = []string{"10m", "forever"}
	}
	for i := range laws {
		if e := laws[i].example(duration); e != "" {
			list = append(list, e)
		}
	}
	return list
}

func bound(v float64) *float64 { return &v }

func whole(least, most float64) *schema {
	return &schema{Type: "integer", Minimum: bound(least), Maximum: bound(most)}
}

// orZero is a string of that pattern, or the number 0, which needs no unit.
func orZero(pattern string) *schema {
	return &schema{AnyOf: []*schema{{Type: "string", Pattern: pattern}, {Const: 0}}}
}

// distPattern matches a constant or the call of a distribution.
func distPattern(duration bool) string {
	var names []string
	for _, l := range laws {
		if l.example(duration) != "" {
			names = append(names, l.name)
		}
	}
	constant := `^[1-9][0-9]*$`
	if duration {
		constant = durationPattern + `|^forever$`
	}
	return constant + `|^(` + strings.Join(names, "|") + `)\(.+\)$`
}

// duration is a length of time above 0.
var duration = text(shape{name: "duration", want: "a duration such as 90s or 1h30m", schema: define("duration")},
	plain(func(s string) (engine.Time, error) {
		t, err := parseDuration(s)
		if err == nil && t <= 0 {
			err = must("be > 0")
		}
		return t, err
	}))

// timeout is a duration, or never, which is 0.
var timeout = text(shape{name: "duration or never", want: "never or a duration such as 15m",
	schema: &schema{AnyOf: []*schema{{Const: "never"}, define("duration")}}},
	plain(func(s string) (engine.Time, error) {
		if s == "never" {
			return 0, nil
		}
		t, err := parseDuration(s)
		if err == nil && t <= 0 {
			err = &mistake{must: "must be > 0", hint: "write never for a web session that does not time out"}
		}
		return t, err
	}))

var arrivalRate = text(shape{name: "rate", want: "a rate such as 2/min or 90/h", schema: define("rate")}, plain(parseRate))

var share = text(shape{name: "share", want: "a share such as 30% or 0.3", schema: define("share")}, plain(parseShare))

const lengthWant = "a duration such as 10m, or a distribution such as exp(40s) or lognormal(mean 4h, cv 0.5)"

// length is a distribution of durations.
var length = text(shape{name: "duration or distribution", want: lengthWant, schema: define("length")},
	func(p *parser, s string) (Dist, error) { return parseDist(p, s, true) })

// wait is a length that takes time, and ends.
var wait = text(length.shape, func(p *parser, s string) (Dist, error) {
	d, err := parseDist(p, s, true)
	switch {
	case err != nil:
	case d.Law == Forever:
		err = must("be finite")
	case d.Expected() <= 0:
		err = must("be > 0")
	}
	return d, err
})

// pause is a length that ends.
var pause = text(length.shape, func(p *parser, s string) (Dist, error) {
	d, err := parseDist(p, s, true)
	if err == nil && d.Law == Forever {
		err = must("be finite")
	}
	return d, err
})

// number of something, drawn anew each time.
var countDist = text(shape{name: "count or distribution", want: "a whole number >= 1, or a distribution such as geometric(mean 3) or uniform(1, 5)", schema: define("count")},
	func(p *parser, s string) (Dist, error) { return parseDist(p, s, false) })

// count is a whole number from least to most.
func count(least, most int) value[int] {
	return text(shape{name: "whole number", want: fmt.Sprintf("a whole number >= %d", least), schema: whole(float64(least), float64(most))},
		plain(func(s string) (int, error) { return parseWhole(s, least, most) }))
}

// countOr is a whole number from 1, or a word that stands for v.
func countOr(word string, v, most int) value[int] {
	s := &schema{AnyOf: []*schema{{Const: word}, whole(1, float64(most))}}
	return text(shape{name: "whole number or " + word, want: word + " or a whole number >= 1", schema: s},
		plain(func(s string) (int, error) {
			if s == word {
				return v, nil
			}
			return parseWhole(s, 1, most)
		}))
}

var seed = text(shape{name: "whole number", want: "a whole number from 0 to 18446744073709551615", schema: &schema{Type: "integer", Minimum: bound(0)}},
	plain(func(s string) (uint64, error) {
		v, err := strconv.ParseUint(s, 10, 64)
		if err != nil {
			return 0, errWant
		}
		return v, nil
	}))

// factor is by how much each wait grows.
var factor = text(shape{name: "number", want: "a number from 1 to 1000", schema: &schema{Type: "number", Minimum: bound(1), Maximum: bound(1000)}},
	plain(func(s string) (float64, error) {
		v, err := strconv.ParseFloat(s, 64)
		if err != nil || math.IsNaN(v) || v < 1 || v > 1000 {
			return 0, errWant
		}
		return v, nil
	}))

// mostIndex is the highest index of dispersion.
const mostIndex = 1e6

// above is a number above one and up to another.
func above(least, most float64) value[float64] {
	return text(shape{name: "number", want: fmt.Sprintf("a number > %v and at most %.0f", least, most),
		schema: &schema{Type: "number", Above: bound(least), Maximum: bound(most)}},
		plain(func(s string) (float64, error) {
			v, err := strconv.ParseFloat(s, 64)
			if err != nil || !number.MatchString(s) || v <= least || v > most {
				return 0, errWant
			}
			return v, nil
		}))
}

// yes is true or false.
var yes = text(shape{name: "true or false", want: "true or false", schema: &schema{Type: "boolean"}},
	plain(func(s string) (bool, error) {
		if s != "true" && s != "false" {
			return false, errWant
		}
		return s == "true", nil
	}))

// mostName is the length of the longest name, in bytes.
const mostName = 200

var title = text(shape{name: "text", want: "a text on one line", schema: &schema{Type: "string", MinLength: 1, MaxLength: mostName}},
	plain(func(s string) (string, error) {
		switch {
		case strings.TrimSpace(s) == "" || strings.Contains(s, "\n"):
			return "", errWant
		case strings.TrimSpace(s) != s:
			return "", must("not begin or end with a space")
		case len(s) > mostName:
			return "", must("have at most %d characters", mostName)
		}
		return s, nil
	}))

const (
	octetPattern   = `(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])`
	addressPattern = `^(` + octetPattern + `(\.` + octetPattern + `){3}|[^\s,@]*[^\s,@0-9.][^\s,@]*)$`
)

var addressShape = regexp.MustCompile(addressPattern)

// address is the address or the name of a host. What has only digits and dots
// is no name.
var address = text(shape{name: "address", want: "an address such as 10.0.0.5", schema: &schema{Type: "string", Pattern: addressPattern, MaxLength: mostName}},
	plain(func(s string) (string, error) {
		switch {
		case s != "" && strings.Trim(s, "0123456789.") == "" && !addressShape.MatchString(s):
			return "", &mistake{hint: "an IPv4 address has four numbers from 0 to 255"}
		case len(s) > mostName || !addressShape.MatchString(s):
			return "", errWant
		}
		return s, nil
	}))

var instant = text(shape{name: "time", want: "a time such as 2026-11-23T07:00:00Z",
	schema: &schema{Type: "string", Pattern: `^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[-+][0-9]{2}:[0-9]{2})$`}},
	plain(func(s string) (time.Time, error) { return parseStart(s) }))

// A word is one of the words of a choice and what it stands for.
type word[V any] struct {
	word string
	is   V
}

// choice is one of a few words.
func choice[V any](words ...word[V]) value[V] {
	names := make([]string, len(words))
	for i, w := range words {
		names[i] = w.word
	}
	want := oneOf(names)
	return text(shape{name: want, want: want, schema: &schema{Enum: literals(names)}}, plain(func(s string) (v V, err error) {
		i := slices.Index(names, s)
		if i < 0 {
			return v, &mistake{hint: didYouMean(s, names)}
		}
		return words[i].is, nil
	}))
}

// oneOf joins words as a sentence does.
func oneOf(words []string) string {
	last := len(words) - 1
	if last < 1 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:last], ", ") + " or " + words[last]
}

// userValue is none, own or a name.
type userValue struct {
	user User
	name string
}

var userName = text(shape{name: "user", want: "none, own or a user name", schema: &schema{Type: "string", MinLength: 1, MaxLength: mostName}},
	plain(func(s string) (userValue, error) {
		switch {
		case s == "none":
			return userValue{user: NoUser}, nil
		case s == "own":
			return userValue{user: OwnUser}, nil
		case strings.EqualFold(s, "none") || strings.EqualFold(s, "own") || s == "anonymous":
			return userValue{}, &mistake{hint: didYouMean(s, []string{"none", "own"})}
		case s == "" || strings.ContainsAny(s, "@| \t\n") || len(s) > mostName:
			return userValue{}, errWant
		}
		return userValue{NamedUser, s}, nil
	}))

// moments is one moment or a list of them.
var moments = orList(text(shape{name: "clock time", want: "a clock time such as 08:00 or weekdays 08:00, or an offset such as +90m", schema: define("moment")},
	plain(parseMoment)), 10_000)

var burstValue = value[Burst]{burstObject.shape(), func(p *parser, name string, n *yaml.Node) (b Burst, ok bool) {
	if !burstObject.mapping(p, name, n) {
		return b, false
	}
	before := len(p.errs)
	p.in(name, func() { burstObject.read(p, n, 0, &b) })
	return b, len(p.errs) == before
}}

// orList is one item or a list of them.
func orList[V any](item value[V], most int) value[[]V] {
	many := list(item, 1, most)
	k := shape{name: item.name + ", or a list of them", want: item.want + ", or a list of them",
		schema: &schema{AnyOf: []*schema{item.schema, many.schema}}}
	return value[[]V]{k, func(p *parser, name string, n *yaml.Node) ([]V, bool) {
		if n.Kind == yaml.SequenceNode {
			return many.read(p, name, n)
		}
		v, ok := item.read(p, name, n)
		return []V{v}, ok
	}}
}
