package record

import (
	"container/heap"
	"math"
	"time"
)

// run is how many entries share one bound.
const run = 1024

// bySending hands on the entries of a record in the order in which they were
// sent; those of one instant stay as they are. A record has them in the order
// in which they were done. It is read twice: first to know how early what is
// yet to come was sent, then for the entries, of which only those are kept
// that something sent before may still follow.
func bySending(r *Reader, again func() (*Reader, error), do func(*Entry) error) error {
	var earliest []time.Duration // of each run
	err := r.each(func(e *Entry) error {
		if (r.entries-1)%run == 0 {
			earliest = append(earliest, e.Sent)
		}
		last := len(earliest) - 1
		earliest[last] = min(earliest[last], e.Sent)
		return nil
	})
	if err != nil {
		return err
	}
	for i := len(earliest) - 2; i >= 0; i-- {
		earliest[i] = min(earliest[i], earliest[i+1]) // and of all runs after it
	}
	second, err := again()
	if err != nil {
		return err
	}
	var kept waiting
	for n := range r.entries { // it may have grown since
		x := waiter{order: n}
		if err := second.Next(&x.Entry); err != nil {
			return err
		}
		heap.Push(&kept, x)
		if (n+1)%run == 0 {
			next := time.Duration(math.MaxInt64)
			if i := int((n + 1) / run); i < len(earliest) {
				next = earliest[i]
			}
			if err := kept.until(next, do); err != nil {
				return err
			}
		}
	}
	return kept.until(math.MaxInt64, do)
}

// A waiter is an entry that another one may still come before.
type waiter struct {
	Entry
	order int64
}

// waiting is a heap of waiters, the one sent first on top.
type waiting []waiter

func (h waiting) Len() int      { return len(h) }
func (h waiting) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *waiting) Push(x any)   { *h = append(*h, x.(waiter)) }

func (h waiting) Less(i, j int) bool {
	return h[i].Sent < h[j].Sent || h[i].Sent == h[j].Sent && h[i].order < h[j].order
}

func (h *waiting) Pop() any {
	last := len(*h) - 1
	x := (*h)[last]
	*h = (*h)[:last]
	return x
}

// until hands on what was sent up to an instant.
func (h *waiting) until(end time.Duration, do func(*Entry) error) error {
	for len(*h) > 0 && (*h)[0].Sent <= end {
		x := heap.Pop(h).(waiter)
		if err := do(&x.Entry); err != nil {
			return err
		}
	}
	return nil
}
