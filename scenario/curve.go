package scenario

import (
	"cmp"
	"slices"
	"time"

	"highwater/engine"

	"gopkg.in/yaml.v3"
)

// maxPoints is the most points of a curve that a file may give.
const maxPoints = 10_000

const curveWant = "a rate such as 2/min, or rates by clock time such as {06:00: 2/min, 18:00: 30/h}"

// A curve is a rate over the day or the week.
type curve struct {
	rates []Rate
	cycle engine.Time
	each  bool
}

// curveValue is one rate, or a mapping of clock times to rates.
var curveValue = value[curve]{
	shape{name: "rate or curve", want: curveWant, schema: &schema{AnyOf: []*schema{
		define("rate"),
		{Type: "object", PropertyNames: define("clock"), MinProperties: 1, Additional: define("rate")},
	}}},
	func(p *parser, name string, n *yaml.Node) (c curve, ok bool) {
		switch {
		case n.Kind == yaml.ScalarNode && n.ShortTag() != "!!null":
			if r, good := curveRate.read(p, name, n); good {
				return curve{[]Rate{{0, r.perSecond}}, engine.Day, r.each}, true
			}
			return c, false
		case n.Kind != yaml.MappingNode || len(n.Content) == 0 || len(n.Content) > 2*maxPoints:
			p.wrong(n, name, "must be "+curveWant)
			return c, false
		}
		p.in(name, func() { c, ok = readCurve(p, n) })
		return c, ok
	},
}

// curveRate is a single rate where a curve may stand.
var curveRate = text(shape{want: curveWant}, plain(parseRate))

// A point is a line of a curve as written.
type point struct {
	key  *yaml.Node
	at   engine.Time
	days uint8 // 0 when none is named
	rate rate
}

func readCurve(p *parser, n *yaml.Node) (c curve, ok bool) {
	points, ok := readPoints(p, n)
	if !ok {
		return c, false
	}
	c = curve{cycle: engine.Day, each: slices.ContainsFunc(points, func(pt point) bool { return pt.rate.each })}
	for _, pt := range points {
		if pt.days != 0 {
			c.cycle = week
		}
	}
	lines := map[engine.Time]int{}
	for _, pt := range points {
		if c.each && !pt.rate.each && pt.rate.perSecond > 0 {
			p.errorf(pt.key, "%s must have each, as other rates of the curve do", pt.key.Value)
			ok = false
		}
		for _, at := range pt.instants(c.cycle) {
			if line, twice := lines[at]; twice {
				p.errorf(pt.key, "%s is given twice, here and in line %d", quote(pt.key.Value), line)
				ok = false
				break
			}
			lines[at] = pt.key.Line
			c.rates = append(c.rates, Rate{at, pt.rate.perSecond})
		}
	}
	slices.SortFunc(c.rates, func(a, b Rate) int { return cmp.Compare(a.At, b.At) })
	return c, ok
}

func readPoints(p *parser, n *yaml.Node) (points []point, ok bool) {
	ok = true
	for i := 0; i+1 < len(n.Content); i += 2 {
		pt := point{key: n.Content[i]}
		at, days, err := parseWeekly(pt.key.Value)
		if err != nil || pt.key.Kind != yaml.ScalarNode {
			p.wrong(pt.key, "a point of the curve", "must be a clock time such as 08:00 or weekdays 08:00")
			ok = false
			continue
		}
		pt.at, pt.days = at, days
		var good bool
		pt.rate, good = arrivalRate.read(p, pt.key.Value, n.Content[i+1])
		ok = ok && good
		points = append(points, pt)
	}
	return points, ok
}

// instants are the places of the point in the cycle. In a week, a point
// without days stands on every day.
func (pt *point) instants(cycle engine.Time) []engine.Time {
	if cycle == engine.Day {
		return []engine.Time{pt.at}
	}
	days := pt.days
	if days == 0 {
		days = everyDay
	}
	var all []engine.Time
	for d := time.Sunday; d <= time.Saturday; d++ {
		if days>>d&1 != 0 {
			sinceMonday := engine.Time((d + 6) % 7)
			all = append(all, sinceMonday*engine.Day+pt.at)
		}
	}
	return all
}

// closed gives the curve a point at 0, with the rate that comes round from
// the end of the cycle.
func closed(rates []Rate, cycle engine.Time, linear bool) []Rate {
	if len(rates) == 0 || rates[0].At == 0 {
		return rates
	}
	first, last := rates[0], rates[len(rates)-1]
	r := last.PerSecond
	if linear {
		gap := cycle - last.At + first.At
		r += (first.PerSecond - last.PerSecond) * float64(cycle-last.At) / float64(gap)
	}
	return slices.Insert(rates, 0, Rate{0, r})
}

// perSecond is the mean rate of the curve.
func (a *Arrivals) perSecond() float64 {
	total := 0.0
	for i, r := range a.Rates {
		next := Rate{a.Cycle, a.Rates[0].PerSecond}
		if i+1 < len(a.Rates) {
			next = a.Rates[i+1]
		}
		mean := r.PerSecond
		if a.Linear {
			mean = (r.PerSecond + next.PerSecond) / 2
		}
		total += mean * float64(next.At-r.At)
	}
	return total / float64(a.Cycle)
}
