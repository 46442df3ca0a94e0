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
	number  engine.Time // start / width
	samples [4]result.Sample
	n       int8
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
	s.buckets = append(s.buckets, bucket{number: at / s.width, samples: [4]result.Sample{sample}, n: 1})
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
			for _, sample := range b.samples[:b.n] {
				kept[n-1].add(sample)
			}
			continue
		}
		kept = append(kept, b)
	}
	s.buckets = kept
}

// add keeps the first, the lowest, the highest and the last sample, in order
// of time.
func (b *bucket) add(s result.Sample) {
	if b.n < 4 {
		b.samples[b.n] = s
		b.n++
		return
	}
	all := append(b.samples[:4:4], s)
	low, high := 0, 0
	for i := range all {
		if all[i].Units < all[low].Units {
			low = i
		}
		if all[i].Units > all[high].Units {
			high = i
		}
	}
	keep := []int{0, low, high, len(all) - 1}
	slices.Sort(keep)
	b.n = 0
	for _, i := range slices.Compact(keep) {
		b.samples[b.n] = all[i]
		b.n++
	}
}

// samples lists what is kept, in order of time.
func (s *series) samples() []result.Sample {
	list := []result.Sample{{}}
	for i := range s.buckets {
		list = append(list, s.buckets[i].samples[:s.buckets[i].n]...)
	}
	return list
}
