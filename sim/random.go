package sim

import (
	"crypto/sha256"
	"encoding/binary"
	"math"
	"math/bits"

	"highwater/scenario"

	"gonum.org/v1/gonum/stat/distuv"
)

// Random numbers are counter-based: a draw is a function of the scenario's
// seed, the replication, the cohort's name, who it is about, its purpose and
// its ordinal. What was drawn before does not matter, so that another policy
// sees the same people at the same instants, and a cohort more or less does
// not move the others.

// purpose is what a number is drawn for.
type purpose uint64

const (
	forArrival purpose = iota + 1
	forWho
	forPhase
	forJitter
	forPeriod
	forSpread
	forIdle
	forLasts
	forConnections
	forDevices
	forPages
	forThink
	forWindows
	forLogout
	forRetry
	forChance
	forDelay
	forMark
	forPatience
	forBurst
	forBurstPhase
)

// mix spreads the bits of a number (SplitMix64's finalizer).
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

const golden = 0x9e3779b97f4a7c15

// streamOf hashes the name of a cohort's numbers in a replication.
func streamOf(seed uint64, replication int, cohort string) uint64 {
	b := binary.BigEndian.AppendUint64(nil, seed)
	b = binary.BigEndian.AppendUint64(b, uint64(replication))
	sum := sha256.Sum256(append(b, cohort...))
	return binary.BigEndian.Uint64(sum[:])
}

// of is the stream of an entity: a member, an arrival, a session.
func of(stream, entity uint64) uint64 { return mix(stream + (entity+1)*golden) }

// draw is the uniform number in (0, 1) of a stream for a purpose and ordinal.
func draw(stream uint64, p purpose, ordinal uint64) float64 {
	return uniform(mix(mix(stream+uint64(p)*golden) + (ordinal+1)*golden))
}

// uniform is the number in (0, 1) that random bits stand for. The half, which
// keeps it from both ends, is not rounded away: 52 bits leave room for it.
func uniform(x uint64) float64 { return (float64(x>>12) + 0.5) / (1 << 52) }

// between is the nth number of a sequence that fills [0, 1) evenly: 0, 1/2,
// 1/4, 3/4, 1/8 and so on.
func between(n int) float64 {
	return float64(bits.Reverse32(uint32(n))) / (1 << 32)
}

// quantile is the u-quantile of a distribution: seconds, or a number that
// [count] makes whole. Drawing by inversion takes one uniform a variate.
func quantile(d *scenario.Dist, u float64) float64 {
	switch d.Law {
	case scenario.Constant:
		return d.Mean
	case scenario.Exponential:
		return -d.Mean * math.Log(1-u)
	case scenario.Lognormal:
		s2 := math.Log1p(d.CV * d.CV)
		return d.Mean * math.Exp(math.Sqrt(s2)*math.Sqrt2*math.Erfinv(2*u-1)-s2/2)
	case scenario.Uniform:
		return d.Min + u*(d.Max-d.Min)
	case scenario.Gamma:
		shape := 1 / (d.CV * d.CV)
		return distuv.Gamma{Alpha: shape, Beta: shape / d.Mean}.Quantile(u)
	case scenario.Weibull:
		return d.Mean / math.Gamma(1+1/d.Shape) * math.Pow(-math.Log(1-u), 1/d.Shape)
	case scenario.Hyperexponential: // u draws the phase, too
		c2 := d.CV * d.CV
		p := (1 + math.Sqrt((c2-1)/(c2+1))) / 2
		if u < p {
			return -d.Mean / (2 * p) * math.Log(1-u/p)
		}
		return -d.Mean / (2 * (1 - p)) * math.Log(1-(u-p)/(1-p))
	case scenario.Empirical:
		return d.Values[int(u*float64(len(d.Values)))]
	}
	return math.Inf(1) // forever
}

// count is the u-quantile of a distribution of counts, at least 0.
func count(d *scenario.Dist, u float64) int {
	switch d.Law {
	case scenario.Geometric:
		if d.Mean <= 1 {
			return 1
		}
		return 1 + int(math.Log(1-u)/math.Log(1-1/d.Mean))
	case scenario.Uniform:
		return int(min(d.Max, d.Min+u*(d.Max-d.Min+1))) // rounding might lead beyond
	}
	return max(0, int(math.Round(quantile(d, u))))
}
