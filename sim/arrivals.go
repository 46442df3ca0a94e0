package sim

import (
	"math"
	"slices"
	"sort"
	"time"

	"highwater/engine"
	"highwater/scenario"
)

// A poisson yields the instants of a Poisson process with a rate that changes
// over the day or week, by inversion of the integrated rate: one uniform an
// arrival. Bursts make it a process that is Poisson only when they are known.
type poisson struct {
	rates  []scenario.Rate
	cycle  float64 // seconds
	linear bool
	scale  float64 // of the rates
	bursts []burst
	begin  float64 // of the run, in seconds since the begin of a cycle

	at      float64 // seconds since the start of the run
	inCycle float64 // seconds since the begin of the cycle
	segment int
	factor  float64 // of the rates, until then
	until   float64
	dead    bool // the rate is 0 at all times
}

func newPoisson(a *scenario.Arrivals, start time.Time, scale float64, bursts []burst) poisson {
	p := poisson{rates: a.Rates, cycle: a.Cycle.Seconds(), linear: a.Linear, scale: scale, bursts: bursts, factor: 1, until: math.Inf(1), dead: true}
	for _, r := range a.Rates {
		p.dead = p.dead && r.PerSecond == 0
	}
	p.begin = math.Mod(sinceMonday(start).Seconds(), p.cycle)
	p.seek(p.begin)
	if bursts != nil {
		p.until = 0
	}
	return p
}

// seek goes to an instant of the curve, in seconds since the begin of any
// cycle.
func (p *poisson) seek(at float64) {
	p.inCycle = math.Mod(at, p.cycle)
	if p.inCycle < 0 {
		p.inCycle += p.cycle
	}
	after := sort.Search(len(p.rates), func(i int) bool { return p.rates[i].At.Seconds() > p.inCycle })
	p.segment = max(0, after-1)
}

// sinceMonday is the time of the week on the clock.
func sinceMonday(t time.Time) engine.Time {
	days := (int(t.Weekday()) + 6) % 7
	h, m, s := t.Clock()
	return engine.Time(days)*engine.Day + engine.Time(h)*engine.Hour + engine.Time(m)*engine.Minute +
		engine.Time(s)*engine.Second + engine.Time(t.Nanosecond()/1000)
}

// next is the next arrival's instant in seconds since the start, when e is an
// exponential of mean 1; not before end means there is none.
func (p *poisson) next(e, end float64) float64 {
	if p.dead {
		return math.Inf(1)
	}
	for p.at < end {
		if len(p.rates) == 1 && p.bursts == nil {
			p.at += e / (p.rates[0].PerSecond * p.scale)
			return p.at
		}
		if p.at >= p.until {
			p.turn()
		}
		r, slope, left := p.piece()
		turns := p.until-p.at < left
		if turns {
			left = p.until - p.at
		}
		area := (r + slope*left/2) * left
		if e <= area {
			d := solve(r, slope, e)
			p.at += d
			p.inCycle += d
			return p.at
		}
		e -= area
		if turns {
			p.at, p.inCycle = p.until, p.inCycle+left
			continue
		}
		p.at += left
		p.nextSegment()
	}
	return math.Inf(1)
}

// piece is what is left of the present piece of the curve: the rate now, how
// it changes, and for how long.
func (p *poisson) piece() (rate, slope, left float64) {
	a := p.rates[p.segment]
	b := p.rates[(p.segment+1)%len(p.rates)]
	begin := a.At.Seconds()
	length := b.At.Seconds() - begin
	if p.segment+1 == len(p.rates) {
		length = p.cycle - begin
	}
	rate = a.PerSecond * p.scale
	into := p.inCycle - begin
	if p.linear {
		slope = (b.PerSecond - a.PerSecond) * p.scale / length
		rate += slope * into
	}
	return rate * p.factor, slope * p.factor, length - into
}

// nextSegment goes on to where the next piece of the curve begins.
func (p *poisson) nextSegment() {
	p.segment++
	if p.segment == len(p.rates) {
		p.segment, p.inCycle = 0, 0
		return
	}
	p.inCycle = p.rates[p.segment].At.Seconds()
}

// solve finds d with r*d + slope*d*d/2 = e.
func solve(r, slope, e float64) float64 {
	if slope == 0 {
		return e / r
	}
	// The usual formula, turned so that it does not cancel.
	return 2 * e / (r + math.Sqrt(max(0, r*r+2*slope*e)))
}

// occurrences lists the instants of moments, in order: of those that come each
// week or day only the ones in [from, end).
func occurrences(moments []scenario.Moment, start time.Time, from, end engine.Time) []engine.Time {
	var list []engine.Time
	for _, m := range moments {
		if m.Days == 0 {
			list = append(list, m.Offset)
			continue
		}
		midnight := -(sinceMonday(start) % engine.Day)
		for day := int((from-midnight)/engine.Day) - 1; ; day++ {
			at := midnight + engine.Time(day)*engine.Day + m.Offset
			if at >= end {
				break
			}
			weekday := ((int(start.Weekday())+day)%7 + 7) % 7
			if at >= from && m.Days>>weekday&1 != 0 {
				list = append(list, at)
			}
		}
	}
	slices.Sort(list)
	return list
}

// instant is a number of seconds as an instant, [engine.MaxTime] when it is
// too large for one.
func instant(seconds float64) engine.Time {
	if !(seconds < engine.MaxTime.Seconds()) {
		return engine.MaxTime
	}
	return engine.Time(math.Round(max(0, seconds) * float64(engine.Second)))
}
