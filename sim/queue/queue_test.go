package queue

import (
	"container/heap"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// event is what a stable sort orders.
type event struct {
	at    int64
	class Class
	ref   int
}

func TestOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var q Queue
		lane := q.Lane(2)
		var pending []event // in the order of pushes
		now, laneAt, ref := int64(0), int64(0), 0
		push := func(at int64, class Class, inLane bool) {
			if inLane {
				laneAt = max(laneAt, at)
				at, class = laneAt, 2
				lane.Push(at, ref)
			} else {
				q.Push(at, class, ref)
			}
			pending = append(pending, event{at, class, ref})
			ref++
		}
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			switch rapid.IntRange(0, 3).Draw(t, "what") {
			case 0: // a burst, many ties, zero delays
				n := rapid.IntRange(1, 300).Draw(t, "n")
				spread := rapid.SampledFrom([]int64{1, 2, 10, 1000, 1 << 40}).Draw(t, "spread")
				for range n {
					delay := rapid.Int64Range(0, spread-1).Draw(t, "delay")
					push(now+delay, Class(rapid.IntRange(0, 3).Draw(t, "class")), rapid.Bool().Draw(t, "lane"))
				}
			default:
				for range rapid.IntRange(1, 200).Draw(t, "pops") {
					if len(pending) == 0 {
						break
					}
					want := slices.MinFunc(pending, func(a, b event) int {
						if a.at != b.at {
							return int(min(1, max(-1, a.at-b.at)))
						}
						return int(a.class) - int(b.class)
					})
					if at, ok := q.Next(); !ok || at != want.at {
						t.Fatalf("Next() = %d, %v; want %d, true", at, ok, want.at)
					}
					at, got, ok := q.Pop()
					if !ok || at != want.at || got != want.ref {
						t.Fatalf("Pop() = %d, %d, %v; want %d, %d, true", at, got, ok, want.at, want.ref)
					}
					now = at
					i := slices.Index(pending, want)
					pending = slices.Delete(pending, i, i+1)
				}
			}
			if q.Len() != len(pending) {
				t.Fatalf("Len() = %d, want %d", q.Len(), len(pending))
			}
		}
	})
}

func TestEmpty(t *testing.T) {
	var q Queue
	if _, _, ok := q.Pop(); ok {
		t.Error("Pop of an empty queue found something")
	}
	q.Push(7, 0, 1)
	q.Reset()
	if _, ok := q.Next(); ok || q.Len() != 0 {
		t.Error("Reset left something")
	}
}

// boxed is the standard library's heap, the peer that every Go program has.
type boxed []item

func (h boxed) Len() int           { return len(h) }
func (h boxed) Less(i, j int) bool { return h[i].less(h[j]) }
func (h boxed) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *boxed) Push(x any)        { *h = append(*h, x.(item)) }
func (h *boxed) Pop() any {
	old := *h
	x := old[len(old)-1]
	*h = old[:len(old)-1]
	return x
}

// BenchmarkHold is the hold model: pop one, push one with an exponential
// increment. Compare queue, lane and container/heap within one run.
func BenchmarkHold(b *testing.B) {
	for _, pending := range []int{10, 1000, 30_000, 1_000_000} {
		name := map[int]string{10: "10", 1000: "1k", 30_000: "30k", 1_000_000: "1M"}[pending]
		rng := rand.New(rand.NewPCG(1, 2))
		delays := make([]int64, 1<<16)
		for i := range delays {
			delays[i] = int64(-30e6 * math.Log(1-rng.Float64()))
		}
		b.Run("queue/"+name, func(b *testing.B) {
			var q Queue
			for i := range pending {
				q.Push(delays[i%len(delays)], 1, i)
			}
			for i := 0; b.Loop(); i++ {
				at, ref, _ := q.Pop()
				q.Push(at+delays[i%len(delays)], 1, ref)
			}
		})
		b.Run("lane/"+name, func(b *testing.B) {
			var q Queue
			l := q.Lane(1)
			for i := range pending {
				l.Push(int64(i), i)
			}
			for b.Loop() {
				at, ref, _ := q.Pop()
				l.Push(at+int64(pending), ref)
			}
		})
		b.Run("containerheap/"+name, func(b *testing.B) {
			h := make(boxed, 0, pending)
			for i := range pending {
				heap.Push(&h, item{delays[i%len(delays)], uint64(i)})
			}
			for i := 0; b.Loop(); i++ {
				it := heap.Pop(&h).(item)
				it.at += delays[i%len(delays)]
				heap.Push(&h, it)
			}
		})
	}
}

// An event is near at most once, and before it comes; most are.
func TestNear(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var q Queue
		told, popped := map[int32]bool{}, map[int]bool{}
		q.Near = func(refs []int32) {
			for _, ref := range refs {
				if told[ref] || popped[int(ref)] {
					t.Fatalf("event %d is near again, or late", ref)
				}
				told[ref] = true
			}
		}
		lane := q.Lane(1)
		now, n := int64(0), 0
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			for range rapid.IntRange(0, 400).Draw(t, "pushes") {
				q.Push(now+rapid.Int64Range(0, 1000).Draw(t, "delay"), 2, n)
				lane.Push(now+1000, n+1)
				n += 2
			}
			for range rapid.IntRange(0, 400).Draw(t, "pops") {
				at, ref, ok := q.PopBefore(now + 500)
				if !ok {
					now += 500
					break
				}
				if now = at; ref%2 == 1 && !told[int32(ref)] {
					t.Fatalf("event %d of the lane came without having been near", ref)
				}
				popped[ref] = true
			}
		}
	})
}
