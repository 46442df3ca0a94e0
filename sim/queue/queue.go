// Package queue is an event list for discrete-event simulation: it gives
// events back in the order of their instants, those of one instant by class,
// and those of one class first in, first out.
//
// It knows nothing of what the events mean. It suits a clock that only goes
// forward: near events lie in a small heap, later ones in unsorted buckets
// that are sorted out when their time comes (a radix heap). Events of one
// constant delay go through a [Lane], which costs almost nothing.
package queue

import (
	"math"
	"math/bits"
)

// Class orders events of one instant; 0 comes first.
type Class uint8

// MaxClass is the last class.
const MaxClass Class = 3

// MaxRef is the largest reference that an event can carry.
const MaxRef = 1<<refBits - 1

const (
	refBits = 28
	seqBits = 34 // 17 billion events a queue
	// small is the size of a bucket that goes into the heap as it is.
	small = 128
)

// An item is an event. key is its class, its sequence number and its
// reference, so that items order by (at, key).
type item struct {
	at  int64
	key uint64
}

func (a item) less(b item) bool {
	return a.at < b.at || a.at == b.at && a.key < b.key
}

func (a item) ref() int32 { return int32(a.key & MaxRef) }

// A Queue is an event list. The zero Queue is empty.
type Queue struct {
	// Near, when it is not nil, hears the references of events some time
	// before they come, many at once, so that what they need can be fetched
	// into the cache together. An event pushed for a near instant may come
	// without. Near must not call the queue; the slice is valid during the
	// call.
	Near func(refs []int32)

	near    []int32
	front   []item // 4-ary heap of everything before limit
	limit   int64
	base    int64 // buckets[b] differs from base in bit b-1 and no higher one
	buckets [65][]item
	used    uint64 // bit b: buckets[b] has items
	later   int    // items in buckets
	seq     uint64
	lanes   []*Lane
}

// A Lane is a part of a queue for events that are pushed in the order of
// their instants.
type Lane struct {
	q     *Queue
	class Class
	items []item // ring; its length is a power of 2
	head  int
	n     int
	told  int // so many of them from the head on were near
}

// Reset empties the queue, drops its lanes and keeps its memory.
func (q *Queue) Reset() {
	for b := range q.buckets {
		q.buckets[b] = q.buckets[b][:0]
	}
	*q = Queue{Near: q.Near, near: q.near, front: q.front[:0], buckets: q.buckets}
}

// Len is the number of events.
func (q *Queue) Len() int {
	n := len(q.front) + q.later
	for _, l := range q.lanes {
		n += l.n
	}
	return n
}

func (q *Queue) item(at int64, class Class, ref int) item {
	if at < 0 || at >= 1<<62 || class > MaxClass || uint(ref) > MaxRef {
		panic("queue: event out of range")
	}
	q.seq++
	return item{at, uint64(class)<<(seqBits+refBits) | q.seq<<refBits&(1<<(seqBits+refBits)-1) | uint64(ref)}
}

// Push adds an event. at must be >= 0 and below 2^62, ref from 0 to [MaxRef].
func (q *Queue) Push(at int64, class Class, ref int) {
	it := q.item(at, class, ref)
	if at < q.limit {
		q.front = append(q.front, it)
		q.up(len(q.front) - 1)
		return
	}
	b := bits.Len64(uint64(at ^ q.base))
	q.buckets[b] = append(q.buckets[b], it)
	q.used |= 1 << b
	q.later++
}

// Lane adds a lane for events of one class.
func (q *Queue) Lane(class Class) *Lane {
	l := &Lane{q: q, class: class, items: make([]item, 16)}
	q.lanes = append(q.lanes, l)
	return l
}

// Push adds an event, not before the last one of the lane.
func (l *Lane) Push(at int64, ref int) {
	it := l.q.item(at, l.class, ref)
	if l.n == len(l.items) {
		grown := make([]item, 2*l.n)
		k := copy(grown, l.items[l.head:])
		copy(grown[k:], l.items[:l.head])
		l.items, l.head = grown, 0
	}
	mask := len(l.items) - 1
	if l.n > 0 && at < l.items[(l.head+l.n-1)&mask].at {
		panic("queue: lane goes backwards")
	}
	l.items[(l.head+l.n)&mask] = it
	l.n++
}

// Next is the instant of the first event; false when there is none.
func (q *Queue) Next() (int64, bool) {
	l, ok := q.first()
	if !ok {
		return 0, false
	}
	if l != nil {
		return l.items[l.head].at, true
	}
	return q.front[0].at, true
}

// Pop takes the first event out; false when there is none.
func (q *Queue) Pop() (at int64, ref int, ok bool) { return q.PopBefore(math.MaxInt64) }

// PopBefore takes the first event out; false when there is none before end.
func (q *Queue) PopBefore(end int64) (at int64, ref int, ok bool) {
	l, ok := q.first()
	switch {
	case !ok:
		return 0, 0, false
	case l != nil && l.items[l.head].at < end:
		it := l.pop()
		return it.at, int(it.ref()), true
	case l == nil && q.front[0].at < end:
		it := q.popFront()
		return it.at, int(it.ref()), true
	}
	return 0, 0, false
}

func (l *Lane) pop() item {
	if l.told == 0 && l.q.Near != nil {
		l.told = min(l.n, small)
		for i := range l.told {
			l.q.near = append(l.q.near, l.items[(l.head+i)&(len(l.items)-1)].ref())
		}
		l.q.tellNear()
	}
	it := l.items[l.head]
	l.head = (l.head + 1) & (len(l.items) - 1)
	l.n--
	l.told = max(0, l.told-1)
	return it
}

func (q *Queue) tellNear() {
	q.Near(q.near)
	q.near = q.near[:0]
}

// first finds where the first event is: in a lane, or, with nil, in front.
func (q *Queue) first() (*Lane, bool) {
	if len(q.front) == 0 && q.later > 0 {
		q.refill()
	}
	var best *Lane
	for _, l := range q.lanes {
		if l.n > 0 && (best == nil || l.items[l.head].less(best.items[best.head])) {
			best = l
		}
	}
	if len(q.front) > 0 && (best == nil || q.front[0].less(best.items[best.head])) {
		return nil, true
	}
	return best, best != nil
}

// refill moves the earliest bucket into the empty front. A large one is first
// spread over the buckets below it.
func (q *Queue) refill() {
	for {
		b := bits.TrailingZeros64(q.used)
		bucket := q.buckets[b]
		q.used &^= 1 << b
		if b == 0 || len(bucket) <= small {
			q.limit = q.base>>b<<b + 1<<b
			q.later -= len(bucket)
			q.front = append(q.front, bucket...)
			if q.Near != nil {
				for _, it := range bucket {
					q.near = append(q.near, it.ref())
				}
				q.tellNear()
			}
			for i := (len(q.front) - 2) / 4; i >= 0; i-- {
				q.down(i)
			}
			q.buckets[b] = bucket[:0]
			return
		}
		q.spread(bucket)
		q.buckets[b] = bucket[:0]
	}
}

func (q *Queue) spread(bucket []item) {
	q.base = bucket[0].at
	for _, it := range bucket {
		q.base = min(q.base, it.at)
	}
	for _, it := range bucket {
		b := bits.Len64(uint64(it.at ^ q.base))
		q.buckets[b] = append(q.buckets[b], it)
		q.used |= 1 << b
	}
}

func (q *Queue) popFront() item {
	top := q.front[0]
	last := len(q.front) - 1
	q.front[0] = q.front[last]
	q.front = q.front[:last]
	if last > 1 {
		q.down(0)
	}
	return top
}

func (q *Queue) up(i int) {
	h := q.front
	it := h[i]
	for i > 0 {
		parent := (i - 1) / 4
		if !it.less(h[parent]) {
			break
		}
		h[i] = h[parent]
		i = parent
	}
	h[i] = it
}

func (q *Queue) down(i int) {
	h := q.front
	it := h[i]
	for {
		child := 4*i + 1
		if child >= len(h) {
			break
		}
		best := child
		for c := child + 1; c < min(child+4, len(h)); c++ {
			if h[c].less(h[best]) {
				best = c
			}
		}
		if !h[best].less(it) {
			break
		}
		h[i] = h[best]
		i = best
	}
	h[i] = it
}
