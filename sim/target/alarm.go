package target

import (
	"cmp"
	"container/heap"

	"highwater/engine"
)

// An alarm is something to do at an instant.
type alarm struct {
	at    engine.Time
	n     uint64 // orders those of one instant
	do    func(at engine.Time)
	place int
}

// alarms is a heap.
type alarms []*alarm

// first takes the first one out.
func (a *alarms) first() *alarm { return heap.Pop(a).(*alarm) }

func (a alarms) Len() int { return len(a) }

func (a alarms) Less(i, j int) bool {
	return cmp.Or(cmp.Compare(a[i].at, a[j].at), cmp.Compare(a[i].n, a[j].n)) < 0
}

func (a alarms) Swap(i, j int) {
	a[i], a[j] = a[j], a[i]
	a[i].place, a[j].place = i, j
}

// Push is for package heap.
func (a *alarms) Push(x any) {
	y := x.(*alarm)
	y.place = len(*a)
	*a = append(*a, y)
}

// Pop is for package heap.
func (a *alarms) Pop() any {
	last := len(*a) - 1
	x := (*a)[last]
	(*a)[last] = nil
	*a = (*a)[:last]
	return x
}

// at has something done at an instant.
func (c *core) at(at engine.Time, do func(at engine.Time)) *alarm {
	c.n++
	x := &alarm{at: at, n: c.n, do: do}
	heap.Push(&c.alarms, x)
	return x
}

// cancel takes an alarm away that has not come.
func (c *core) cancel(x *alarm) { heap.Remove(&c.alarms, x.place) }
