package sim

import (
	"math"

	"highwater/scenario"

	"gonum.org/v1/gonum/stat/distuv"
)

// A burst multiplies the rate of arrivals by a factor of mean 1 in each of its
// periods, which begin at a random instant before the run.
//
// A factor is a function of the stream and the number of its period, and does
// not depend on who arrived before.
type burst struct {
	scenario.Burst
	stream uint64
	kind   uint64  // which of the cohort's bursts it is
	before float64 // seconds from the begin of the first period to the start of the run
	number uint64  // of the next period
	until  float64 // end of the present one, in seconds since the start of the run
	factor float64 // of the present one
}

// newBursts are the bursts of a layer of a cohort. What makes all come at once
// does so in all layers; groups of larger traffic are other groups.
func newBursts(list []scenario.Burst, cohort, layer uint64) []burst {
	if list == nil {
		return nil
	}
	bursts := make([]burst, len(list))
	for i, b := range list {
		stream := cohort
		if b.Index > 0 {
			stream = layer
		}
		kind := uint64(i)
		bursts[i] = burst{Burst: b, stream: stream, kind: kind, before: draw(stream, forBurstPhase, kind) * b.Every.Seconds()}
	}
	return bursts
}

// kindBits is where the number of a period stands in the ordinal of its draw.
const kindBits = 8

// turn goes on to the next period, of a process that is at its begin.
func (b *burst) turn(p *poisson) {
	every := b.Every.Seconds()
	begin := float64(b.number)*every - b.before
	v := b.CV * b.CV
	if b.Index > 0 {
		v = 0
		if mean := p.integral(begin, every); mean > 0 {
			v = (b.Index - 1) / mean
		}
	}
	b.factor = gammaFactor(draw(b.stream, forBurst, b.number<<kindBits|b.kind), v)
	b.number++
	b.until = float64(b.number)*every - b.before
}

// gammaFactor is the u-quantile of the gamma distribution with mean 1 and
// variance v.
func gammaFactor(u, v float64) float64 {
	if v == 0 {
		return 1
	}
	a := 1 / v
	// Far below 1 the distribution function is nearly a power, whose inverse
	// begins a series; where most of a small shape's quantiles lie, that saves
	// much time.
	const far = -3 // exp(-3) = 0.05
	log, _ := math.Lgamma(a + 1)
	if log = (math.Log(u) + log) * v; log < far {
		r, b := math.Exp(log), a+1
		return r * v * (1 + r/b*(1+r/b*((3*a+5)/(2*(a+2))+r/b*((8*a*a+33*a+31)/(3*(a+2)*(a+3))+
			r/b*(125*a*a*a*a+1179*a*a*a+3971*a*a+5661*a+2888)/(24*(a+2)*(a+2)*(a+3)*(a+4))))))
	}
	return distuv.Gamma{Alpha: a, Beta: a}.Quantile(u)
}

// turn finds the factor of the rate from the present instant on, and until
// when it stays.
func (p *poisson) turn() {
	p.factor, p.until = 1, math.Inf(1)
	for i := range p.bursts {
		b := &p.bursts[i]
		if b.until <= p.at {
			b.turn(p)
		}
		p.factor *= b.factor
		p.until = min(p.until, b.until)
	}
}

// integral is how many arrivals the curve has on average, for so long from an
// instant on, which may lie before the start.
func (p *poisson) integral(from, length float64) (sum float64) {
	q := poisson{rates: p.rates, cycle: p.cycle, linear: p.linear, scale: p.scale, factor: 1}
	for q.seek(p.begin + from); length > 0; {
		r, slope, left := q.piece()
		left = min(left, length)
		sum += (r + slope*left/2) * left
		length -= left
		q.nextSegment()
	}
	return sum
}
