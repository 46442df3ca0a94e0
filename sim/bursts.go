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
	shape := 1 / v
	// Far below 1 the distribution function is a power, which is soon found.
	const far = -14
	log, _ := math.Lgamma(shape + 1)
	if log = (math.Log(u) + log) * v; log < far {
		return math.Exp(log) * v
	}
	return distuv.Gamma{Alpha: shape, Beta: shape}.Quantile(u)
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
