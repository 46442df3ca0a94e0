package sim

import (
	"slices"

	"highwater/engine"
	"highwater/sim/result"
)

// maxBuckets bounds a series; a bucket keeps at most four samples.
const maxBuckets = 4096

// A series is how use went over time, in bounded memory. It keeps every
// change until there are too many; then changes go into buckets of equal
// length, each of which keeps its first, lowest, highest and last sample, and
// which double in length when they are too many. Every sample is one that
// really was, and the highest is never lost.
type series struct {
	width   engine.Time
	buckets []bucket
}

type bucket struct {
	number engine.Time // start / width
	// first, low, high and last are samples; of equals the earliest is the
	// lowest and highest.
	first, low, high, last mark
}

// A mark is a sample and which of the bucket's it was.
type mark struct {
	result.Sample
	n int
}

func (s *series) add(at engine.Time, units, connections int) {
	if s.width == 0 {
		s.width = 1
	}
	sample := result.Sample{At: at, Units: units, Connections: connections}
	if n := len(s.buckets); n > 0 && s.buckets[n-1].number == at/s.width {
		s.buckets[n-1].add(sample)
		return
	}
	m := mark{Sample: sample}
	s.buckets = append(s.buckets, bucket{at / s.width, m, m, m, m})
	for len(s.buckets) > maxBuckets {
		s.widen()
	}
}

// widen doubles the buckets' length.
func (s *series) widen() {
	s.width *= 2
	kept := s.buckets[:0]
	for _, b := range s.buckets {
		b.number /= 2
		if n := len(kept); n > 0 && kept[n-1].number == b.number {
			for _, m := range b.marks() {
				kept[n-1].add(m.Sample)
			}
			continue
		}
		kept = append(kept, b)
	}
	s.buckets = kept
}

func (b *bucket) add(s result.Sample) {
	b.last = mark{s, b.last.n + 1}
	if s.Units < b.low.Units {
		b.low = b.last
	}
	if s.Units > b.high.Units {
		b.high = b.last
	}
}

// marks lists what the bucket keeps, in order.
func (b *bucket) marks() []mark {
	list := []mark{b.first, b.low, b.high, b.last}
	slices.SortFunc(list, func(x, y mark) int { return x.n - y.n })
	return slices.Compact(list)
}

// samples lists what is kept, in order of time.
func (s *series) samples() []result.Sample {
	list := []result.Sample{{}}
	for i := range s.buckets {
		for _, m := range s.buckets[i].marks() {
			list = append(list, m.Sample)
		}
	}
	return list
}
