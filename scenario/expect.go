package scenario

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"highwater/engine"

	"gopkg.in/yaml.v3"
)

// An Expectation is what a gate asks for: that a figure is at most so much.
type Expectation struct {
	Pos    Pos
	Name   string // "" without one
	Figure Figure
	Most   float64 // units, attempts, sessions, seconds, or a share from 0 to 1
	OfKey  bool    // Most is a share of the key's units, and may be above 1

	Percentile float64 // of Latency and Lag, 0 to 1
	Risk       float64 // of Peak, Refusals and Lost: the share of runs that may have more, 0 to 1
	Confidence float64 // of pass and fail, 0.5 to 1

	Policy string // its name; "" is the license's
	Cohort string // its name; "" is all
	After  Edge   // of Peak and Refusals
	Before Edge   // likewise
}

// Figure is what an expectation limits.
type Figure uint8

// The figures.
const (
	Peak       Figure = iota + 1 // units that a run needs
	Refusals                     // refused attempts in a run
	Lost                         // sessions given up in a run
	Latency                      // of real requests, from the plan to the answer
	Failures                     // the share of real requests that fail
	Lag                          // of the generator of real requests
	Divergence                   // of the units that a real target reports from those counted
)

var figureNames = []string{"", "peak", "refusals", "lost", "latency", "errors", "lag", "divergence"}

func (f Figure) String() string { return figureNames[f] }

// OfRuns reports whether the figure is one of each run: a number that differs
// from run to run.
func (f Figure) OfRuns() bool { return f <= Lost }

// An Edge is where a window begins or ends.
type Edge struct {
	Since Since
	At    engine.Time
}

// Since is what an edge counts from.
type Since uint8

// The choices.
const (
	NoEdge     Since = iota
	SinceStart       // of the run
	EachDay          // since midnight
)

// An expected is an expectation as read.
type expected struct {
	Expectation
	node *yaml.Node
	has  given
}

// An atMost is a limit as written.
type atMost struct {
	value float64
	ofKey bool
}

var expectedValue = value[*expected]{expectedObject.shape(), func(p *parser, name string, n *yaml.Node) (*expected, bool) {
	if !expectedObject.mapping(p, name, n) {
		return nil, false
	}
	x := &expected{node: n}
	before := len(p.errs)
	p.in(name, func() { x.has = expectedObject.read(p, n, 0, x) })
	x.Pos = Pos{p.file, n.Line, n.Column}
	return x, len(p.errs) == before
}}

// mostExpected is the most expectations of a file.
const mostExpected = 1000

var expectations = list(expectedValue, 1, mostExpected)

// expectSlot keeps what there is of a list, so that all mistakes are found.
var expectSlot = slot[file]{expectations.shape, func(p *parser, name string, f *file, n *yaml.Node) {
	f.expected, _ = expectations.read(p, name, n)
}}

// mostUnits is the largest key.
const mostUnits = 10_000_000

var peakLimit = text(shape{name: "whole number or share of the key", want: "a number of units, or a share of the key such as 95%",
	schema: &schema{AnyOf: []*schema{whole(0, mostUnits), {Type: "string", Pattern: sharePattern}}}},
	plain(func(s string) (atMost, error) {
		digits, share := strings.CutSuffix(s, "%")
		if !share {
			n, err := parseWhole(s, 0, mostUnits)
			return atMost{value: float64(n)}, err
		}
		v, err := strconv.ParseFloat(digits, 64)
		if err != nil || !number.MatchString(digits) || v > 1000 {
			return atMost{}, errWant
		}
		return atMost{v / 100, true}, nil
	}))

var wholeLimit = limited(count(0, math.MaxInt32), func(n int) float64 { return float64(n) })

var lengthLimit = limited(duration, engine.Time.Seconds)

var shareLimit = limited(share, func(v float64) float64 { return v })

// limited is a value as a limit.
func limited[V any](v value[V], of func(V) float64) value[atMost] {
	return value[atMost]{v.shape, func(p *parser, name string, n *yaml.Node) (atMost, bool) {
		x, ok := v.read(p, name, n)
		return atMost{value: of(x)}, ok
	}}
}

// between is a share above one and below 1, such as the one given in percent.
func between(least float64, example string) value[float64] {
	k := shape{name: "share", want: fmt.Sprintf("a share above %.0f%% and below 100%%, such as %s", 100*least, example), schema: define("share")}
	return text(k, plain(func(s string) (float64, error) {
		v, err := parseShare(s)
		if err == nil && (v <= least || v >= 1) {
			err = errWant
		}
		return v, err
	}))
}

var percentiles = choice(word[float64]{"p50", 0.5}, word[float64]{"p90", 0.9}, word[float64]{"p99", 0.99}, word[float64]{"p99.9", 0.999})

// defaultPercentile is that of a latency or lag that names none.
const defaultPercentile = 0.99

var edge = text(shape{name: "clock time or offset", want: "a time of day such as 07:00, or an offset such as +90m",
	schema: &schema{AnyOf: []*schema{{Type: "string", Pattern: "^" + clockPattern}, {Type: "string", Pattern: offsetPattern}}}},
	plain(func(s string) (Edge, error) {
		if after, ok := strings.CutPrefix(s, "+"); ok {
			t, err := parseDuration(after)
			if err != nil {
				err = errWant
			}
			return Edge{SinceStart, t}, err
		}
		t, err := parseClock(s)
		return Edge{EachDay, t}, err
	}))

// expectations checks what concerns more than one field of an expectation.
func (f *file) expectations(p *parser) {
	for i, x := range f.expected {
		if x == nil {
			continue
		}
		p.in(fmt.Sprintf("expect: item %d", i+1), func() {
			x.belong(p)
			x.window(p, f.Duration)
			x.references(p, f)
		})
		f.Expect = append(f.Expect, x.Expectation)
	}
}

// belong checks that each field goes with the figure.
func (x *expected) belong(p *parser) {
	stray := func(ok bool, names ...string) {
		for _, name := range names {
			if n := x.has[name]; n != nil && !ok && x.Figure != 0 {
				p.errorf(n, "%s is not for %s", name, x.Figure)
			}
		}
	}
	timing := x.Figure == Latency || x.Figure == Lag
	stray(timing, "percentile")
	stray(x.Figure.OfRuns(), "risk", "policy")
	stray(x.Figure == Peak || x.Figure == Refusals, "after", "before")
	stray(x.Figure != Lag && x.Figure != Divergence, "cohort")
	if timing && x.Percentile == 0 {
		x.Percentile = defaultPercentile
	}
	if n := x.has["cohort"]; n != nil && x.Figure == Peak && (x.After.Since != NoEdge || x.Before.Since != NoEdge) {
		p.errorf(n, "cohort must not be given beside after or before, of a peak")
	}
}

// window checks that the window is in the run.
func (x *expected) window(p *parser, end engine.Time) {
	a, b := x.After, x.Before
	switch {
	case a.Since != NoEdge && b.Since != NoEdge && a.Since != b.Since:
		p.errorf(x.has["before"], "before must be a time of day or an offset as after is")
	case a.Since != NoEdge && a == b:
		p.errorf(x.has["before"], "before must differ from after")
	case a.Since == SinceStart && end > 0 && a.At >= end:
		p.wrong(x.has["after"], "after", "must be in the run")
	case a.Since == SinceStart && b.Since == SinceStart && b.At < a.At:
		p.wrong(x.has["before"], "before", "must be later than after")
	case b.Since == SinceStart && b.At == 0:
		p.wrong(x.has["before"], "before", "must be > 0")
	}
}

// references checks the names, and that there is a key to have a share of.
func (x *expected) references(p *parser, f *file) {
	cohorts, policies := make([]string, len(f.drafts)), []string{f.License.Policy.Name}
	for i, d := range f.drafts {
		cohorts[i] = d.Name
	}
	for i := range f.Compare {
		policies = append(policies, f.Compare[i].Name)
	}
	known := func(field, name string, names []string) {
		if n := x.has[field]; n != nil && name != "" && !slices.Contains(names, name) {
			p.wrong(n, field, "must be the name of a "+field+" of the scenario").Hint = didYouMean(name, names)
		}
	}
	known("cohort", x.Cohort, cohorts)
	known("policy", x.Policy, policies)
	if n := x.has["peak"]; n != nil && x.OfKey && f.units == Unlimited {
		p.wrong(n, "peak", "must be a number of units, as the key is unlimited")
	}
}
