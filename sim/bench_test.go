package sim

import (
	"container/heap"
	"context"
	"fmt"
	"math"
	"runtime"
	"strings"
	"testing"
	"time"
)

// workload is what simulators of discrete events are compared by here: a
// million sessions come at random at 1000 a second and last 30 s, so that about
// 30,000 are open at once. Each has a license user ID of its own.
const workload = `
name: sessions
duration: 1000s
license: {units: unlimited}
cohorts:
  - name: people
    kind: users
    via: xdbc
    arrivals: {poisson: 1000/s}
    session: LAW
`

// A closure is an event of a classical kernel.
type closure struct {
	at  float64
	seq int
	do  func()
}

type closures []closure

func (h closures) Len() int { return len(h) }
func (h closures) Less(i, j int) bool {
	return h[i].at < h[j].at || h[i].at == h[j].at && h[i].seq < h[j].seq
}
func (h closures) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *closures) Push(x any)   { *h = append(*h, x.(closure)) }
func (h *closures) Pop() any {
	old := *h
	last := len(old) - 1
	x := old[last]
	old[last] = closure{}
	*h = old[:last]
	return x
}

// classical runs the workload with a heap of closures, and only counts.
func classical(seed uint64) (events, peak int) {
	var h closures
	n, now, seq := 0, 0.0, 0
	at := func(t float64, do func()) {
		seq++
		heap.Push(&h, closure{t, seq, do})
	}
	var arrive func()
	k := uint64(0)
	arrive = func() {
		k++
		n++
		peak = max(peak, n)
		at(now-30*math.Log(1-draw(seed, forLasts, k)), func() { n-- })
		at(now-0.001*math.Log(1-draw(seed, forArrival, k)), arrive)
	}
	at(0, arrive)
	for h.Len() > 0 {
		e := heap.Pop(&h).(closure)
		if e.at >= 1000 {
			break
		}
		now = e.at
		e.do()
		events++
	}
	return events, peak
}

// A value is an event without pointers.
type value struct {
	at  float64
	key int64
}

// bare runs the workload with a binary heap of values, and only counts: the
// limit that a simulator with a heap can reach.
func bare(seed uint64) (events, peak int) {
	var h []value
	push := func(v value) {
		h = append(h, v)
		i := len(h) - 1
		for i > 0 && v.at < h[(i-1)/2].at {
			h[i] = h[(i-1)/2]
			i = (i - 1) / 2
		}
		h[i] = v
	}
	pop := func() value {
		top, v := h[0], h[len(h)-1]
		h = h[:len(h)-1]
		i := 0
		for 2*i+1 < len(h) {
			c := 2*i + 1
			if c+1 < len(h) && h[c+1].at < h[c].at {
				c++
			}
			if h[c].at >= v.at {
				break
			}
			h[i] = h[c]
			i = c
		}
		if len(h) > 0 {
			h[i] = v
		}
		return top
	}
	n := 0
	push(value{0, 1})
	for k := uint64(0); len(h) > 0; {
		e := pop()
		if e.at >= 1000 {
			break
		}
		events++
		if e.key == 0 {
			n--
			continue
		}
		k++
		n++
		peak = max(peak, n)
		push(value{e.at - 30*math.Log(1-draw(seed, forLasts, k)), 0})
		push(value{e.at - 0.001*math.Log(1-draw(seed, forArrival, k)), 1})
	}
	return events, peak
}

// clocked runs f and tells how long it took.
func clocked(f func()) time.Duration {
	begin := time.Now()
	f()
	return time.Since(begin)
}

// oneEvent is the time of an event: the best of what was measured, since noise
// only adds.
type oneEvent map[string]float64

func (o oneEvent) add(name string, d time.Duration, events float64) {
	ns := float64(d.Nanoseconds()) / events
	if old, ok := o[name]; !ok || ns < old {
		o[name] = ns
	}
}

// BenchmarkSessions measures the workload with exponential and constant
// lengths: a replication, the first one with its series, and for comparison a
// classical kernel and the limit, which only count. Compare within one run.
func BenchmarkSessions(b *testing.B) {
	for _, law := range []string{"exp(30s)", "30s"} {
		b.Run(law, func(b *testing.B) {
			sc := parse(b, strings.Replace(workload, "LAW", law, 1))
			w := newWorld(sc, &sc.License.Policy, sc.License.Units, nil, nil)
			best := oneEvent{}
			seed := uint64(0)
			for b.Loop() {
				seed++
				w.reset(seed, 1)
				d := clocked(func() { w.run(context.Background(), nil) })
				events := 2*float64(w.cohorts[0].stats.Started) - float64(w.table.InUse())
				best.add("replication", d, events)
				d = clocked(func() { _, _ = Run(context.Background(), sc, Options{Seed: seed, Reps: 1}) })
				best.add("first", d, events)
				n := 0
				d = clocked(func() { n, _ = classical(seed) })
				best.add("classical", d, float64(n))
				d = clocked(func() { n, _ = bare(seed) })
				best.add("bare", d, float64(n))
			}
			b.ReportMetric(0, "ns/op")
			for name, ns := range best {
				b.ReportMetric(ns, "ns/"+name)
			}
			b.ReportMetric(1000/best["replication"], "Mevents/s")
			b.ReportMetric(best["classical"]/best["replication"], "xclassical")
			b.ReportMetric(best["bare"]/best["replication"], "xbare")
		})
	}
}

// BenchmarkWorkers measures what a second processor brings for independent
// replications.
func BenchmarkWorkers(b *testing.B) {
	sc := parse(b, strings.Replace(workload, "LAW", "exp(30s)", 1))
	best := oneEvent{}
	for b.Loop() {
		for _, workers := range []int{1, 2} {
			d := clocked(func() { _, _ = Run(context.Background(), sc, Options{Reps: 8, Workers: workers}) })
			best.add(fmt.Sprint(workers), d, 1)
		}
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(best["1"]/best["2"], "xone")
}

// day is a day of 100,000 people with ten sessions each.
const day = `
name: day
duration: LENGTH
license: {units: unlimited}
cohorts:
  - name: people
    kind: users
    via: xdbc
    count: 100000
    arrivals: {idle: exp(2h)}
    session: lognormal(mean 20m, cv 1.5)
`

// BenchmarkDay measures a day of 100,000 people, a million sessions, and three
// days: memory must not grow with the length.
func BenchmarkDay(b *testing.B) {
	for _, length := range []string{"24h", "72h"} {
		b.Run(length, func(b *testing.B) {
			sc := parse(b, strings.Replace(day, "LENGTH", length, 1))
			var sessions int64
			heap := uint64(0)
			for b.Loop() {
				runtime.GC()
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				w := newWorld(sc, &sc.License.Policy, 0, nil, nil)
				w.reset(1, 0)
				w.run(context.Background(), nil)
				sessions = w.cohorts[0].stats.Sessions
				runtime.GC()
				runtime.ReadMemStats(&after) // w is alive: slices that grow are at their largest
				heap = after.HeapAlloc - before.HeapAlloc
				runtime.KeepAlive(w)
			}
			b.ReportMetric(float64(sessions), "sessions")
			b.ReportMetric(float64(heap)/1e6, "MB")
		})
	}
}
