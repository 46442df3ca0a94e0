package sim

import (
	"math"
	"slices"
	"time"

	"highwater/engine"
	"highwater/scenario"
)

// A poisson yields the instants of a Poisson process with a rate that changes
// over the day or week, by inversion of the integrated rate: one uniform an
// arrival.
type poisson struct {
	rates  []scenario.Rate
	cycle  float64 // seconds
	linear bool
	scale  float64 // of the rates

	at      float64 // seconds since the start of the run
	inCycle float64 // seconds since the begin of the cycle
	segment int
	dead    bool // the rate is 0 at all times
}

func newPoisson(a *scenario.Arrivals, start time.Time, scale float64) poisson {
	p := poisson{rates: a.Rates, cycle: a.Cycle.Seconds(), linear: a.Linear, scale: scale, dead: true}
	for _, r := range a.Rates {
		p.dead = p.dead && r.PerSecond == 0
	}
	p.inCycle = math.Mod(sinceMonday(start).Seconds(), p.cycle)
	for p.segment+1 < len(p.rates) && p.rates[p.segment+1].At.Seconds() <= p.inCycle {
		p.segment++
	}
	return p
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
		r0 := p.rates[p.segment].PerSecond * p.scale
		if len(p.rates) == 1 {
			p.at += e / r0
			return p.at
		}
		begin, length, slope := p.piece()
		into := p.inCycle - begin
		r := r0 + slope*into
		left := length - into
		area := (r + slope*left/2) * left
		if e <= area {
			d := solve(r, slope, e)
			p.at += d
			p.inCycle += d
			return p.at
		}
		e -= area
		p.at += left
		p.segment++
		p.inCycle = begin + length
		if p.segment == len(p.rates) {
			p.segment, p.inCycle = 0, 0
		}
	}
	return math.Inf(1)
}

// piece is the present piece of the curve: where it begins in the cycle, how
// long it is, and how the rate changes in it.
func (p *poisson) piece() (begin, length, slope float64) {
	a := p.rates[p.segment]
	b := p.rates[(p.segment+1)%len(p.rates)]
	begin = a.At.Seconds()
	length = b.At.Seconds() - begin
	if p.segment+1 == len(p.rates) {
		length = p.cycle - begin
	}
	if p.linear {
		slope = (b.PerSecond - a.PerSecond) * p.scale / length
	}
	return begin, length, slope
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
