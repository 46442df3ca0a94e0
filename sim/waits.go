package sim

import (
	"math"
	"math/bits"
	"slices"

	"highwater/engine"
	"highwater/scenario"
	"highwater/sim/result"
	"highwater/sim/stats"
)

// waits are what came of the waiting at a gateway in a run.
type waits struct {
	came         int64 // sessions and calls, retries included
	passed       int64 // let in, at once or later
	waited       int64 // that had to wait
	timedOut     int64
	longestQueue int
	longest      engine.Time // wait of one that was let in
	total        float64     // wait of all that were let in, in microseconds: exact up to 285 years
	vain         float64     // of the others
	buckets      []int64     // those let in, by their wait
}

// letIn counts one that was let in after a wait.
func (s *waits) letIn(wait engine.Time) {
	s.passed++
	s.longest = max(s.longest, wait)
	s.total += float64(wait)
	b := bucketOf(wait)
	for len(s.buckets) <= b {
		s.buckets = append(s.buckets, 0)
	}
	s.buckets[b]++
}

// wait counts one that has to wait, in a queue that is now so long.
func (s *waits) wait(length int) {
	s.waited++
	s.longestQueue = max(s.longestQueue, length)
}

// timeOut counts one that gives up after a wait.
func (s *waits) timeOut(wait engine.Time) {
	s.timedOut++
	s.vain += float64(wait)
}

// Waits are counted in buckets: one for each microsecond up to 1<<bucketBits,
// and as many for each doubling from there on. The middle of a bucket is at
// most 0.4 % from any wait in it.
const bucketBits = 7

func bucketOf(wait engine.Time) int {
	shift := max(0, bits.Len64(uint64(wait))-bucketBits-1)
	return shift<<bucketBits + int(wait>>shift)
}

// bucketMiddle is the wait in the middle of a bucket.
func bucketMiddle(bucket int) engine.Time {
	shift := max(0, bucket>>bucketBits-1)
	first := engine.Time(bucket-shift<<bucketBits) << shift
	return first + (engine.Time(1)<<shift-1)/2
}

// ended are the waits when a run ends, with those who still wait.
func (w *world) ended(g *gateway) waits {
	s := g.stats
	s.buckets = slices.Clone(s.buckets)
	for _, x := range g.queue[g.head:] {
		if v := &w.actors[x.actor]; v.ticket == x.ticket {
			s.vain += float64(w.end - v.came)
		}
	}
	return s
}

// A Queue is what came of the waiting at a gateway.
type Queue struct {
	proxy   *scenario.Proxy
	all     waits
	each    []waits // by replication, without buckets
	seconds float64 // of a run
}

func (q *Queue) add(s *waits) {
	a := &q.all
	a.came += s.came
	a.passed += s.passed
	a.waited += s.waited
	a.timedOut += s.timedOut
	a.longest = max(a.longest, s.longest)
	a.buckets = added(a.buckets, s.buckets)
	one := *s
	one.buckets = nil
	q.each = append(q.each, one)
}

// Waiting says what came of the waiting, by proxy with a cap.
func (t *Totals) Waiting() []result.Queue {
	list := []result.Queue{}
	for i := range t.Queues {
		list = append(list, t.Queues[i].result())
	}
	return list
}

// result says what came of the waiting.
func (q *Queue) result() result.Queue {
	a := &q.all
	left := func(s *waits) int64 { return s.came - s.passed - s.timedOut } // waits at the end
	came := func(s *waits) float64 { return float64(s.came) }
	seconds := func(us float64) float64 { return us / float64(engine.Second) }
	r := result.Queue{
		Proxy: q.proxy.Name, Cap: q.proxy.Cap, Came: a.came, LetIn: a.passed, Waited: a.waited, TimedOut: a.timedOut, Waiting: left(a),
		ShareWaited:   q.estimate(func(s *waits) float64 { return float64(s.waited) }, came, 1),
		ShareTimedOut: q.estimate(func(s *waits) float64 { return float64(s.timedOut) }, came, 1),
		MeanWait: q.estimate(func(s *waits) float64 { return seconds(s.total) },
			func(s *waits) float64 { return float64(s.passed) }, math.Inf(1)),
		MeanIfWaited: q.estimate(func(s *waits) float64 { return seconds(s.total) },
			func(s *waits) float64 { return float64(s.waited - s.timedOut - left(s)) }, math.Inf(1)),
		MeanLength: q.estimate(func(s *waits) float64 { return seconds(s.total + s.vain) },
			func(*waits) float64 { return q.seconds }, math.Inf(1)),
		Median: a.quantile(0.5), P95: a.quantile(0.95), P99: a.quantile(0.99), LongestWait: a.longest,
	}
	longest := make([]int, len(q.each))
	for i := range q.each {
		longest[i] = q.each[i].longestQueue
	}
	r.Longest = spread(longest)
	return r
}

// quantile is the wait that a share of those let in did not exceed.
func (s *waits) quantile(share float64) engine.Time {
	rank := int64(math.Ceil(share * float64(s.passed)))
	for b, n := range s.buckets {
		if rank -= n; rank <= 0 {
			return min(bucketMiddle(b), s.longest)
		}
	}
	return s.longest
}

// estimate is the quotient of two sums over the replications, nil when the
// divisor is 0. Its interval is that of the mean of what is left of each
// replication when the quotient is taken off, which is 0.
func (q *Queue) estimate(of, by func(*waits) float64, most float64) *result.Estimate {
	n := len(q.each)
	x, y := 0.0, 0.0
	for i := range q.each {
		y += of(&q.each[i])
		x += by(&q.each[i])
	}
	if x == 0 {
		return nil
	}
	e := &result.Estimate{Value: y / x, N: n, Confidence: confidence}
	if n < 2 {
		return e
	}
	rest := make([]float64, n)
	for i := range q.each {
		rest[i] = (of(&q.each[i]) - e.Value*by(&q.each[i])) / (x / float64(n))
	}
	m := stats.MeanInterval(rest, confidence)
	half := (m.High - m.Low) / 2
	low, high := max(0, e.Value-half), min(most, e.Value+half)
	e.Low, e.High = &low, &high
	return e
}
