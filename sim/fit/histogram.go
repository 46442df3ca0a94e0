package fit

import (
	"math/bits"

	"highwater/engine"
)

// A histogram keeps how often values were seen, small ones exactly and others
// to one part in 64, and their exact sum.
type histogram struct {
	n       int64
	sum     float64
	buckets []bucket
}

type bucket struct {
	n   int64
	sum float64
}

// fineBits is how many leading bits of a value are told apart.
const fineBits = 6

func (h *histogram) add(v engine.Time) {
	i := int(v)
	if n := bits.Len64(uint64(v)); n > fineBits+1 {
		shift := n - fineBits - 1
		i = shift<<fineBits + int(v>>shift)
	}
	for len(h.buckets) <= i {
		h.buckets = append(h.buckets, bucket{})
	}
	h.n++
	h.sum += float64(v)
	h.buckets[i].n++
	h.buckets[i].sum += float64(v)
}

func (h *histogram) mean() float64 { return h.sum / float64(max(1, h.n)) }

// parts are the means of the values in k equal parts, the lowest first: as
// likely each, they have the mean of all. Fewer values than parts are
// themselves.
func (h *histogram) parts(k int) []float64 {
	k = int(min(int64(k), h.n))
	list := make([]float64, k)
	each := float64(h.n) / float64(max(1, k))
	part, room := 0, each
	for _, b := range h.buckets {
		if b.n == 0 {
			continue
		}
		mean := b.sum / float64(b.n)
		for left := float64(b.n); left > 1e-9 && part < k; {
			n := min(left, room)
			list[part] += n * mean / each
			left -= n
			if room -= n; room < 1e-9 {
				part, room = part+1, each
			}
		}
	}
	return list
}
