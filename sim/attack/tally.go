package attack

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"highwater/engine"
	"highwater/sim/attack/record"
	"highwater/sim/result"
	"highwater/sim/stats"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Times in histograms: from a microsecond to an hour, with three digits.
const (
	longestTime = 3_600_000_000 // microseconds
	digits      = 3
	fewDigits   = 2 // of a stretch
)

// A latency counts times.
type latency struct {
	h      *hdrhistogram.Histogram // 180 KB
	max    time.Duration           // exact
	digits int                     // 0 is three
}

func (l *latency) add(d time.Duration) {
	if l.h == nil {
		l.h = hdrhistogram.New(1, longestTime, cmp.Or(l.digits, digits))
	}
	l.max = max(l.max, d)
	_ = l.h.RecordValue(min(longestTime, max(0, d.Microseconds()))) // what is in range is taken
}

func (l *latency) result() result.Latency {
	if l.h == nil {
		return result.Latency{}
	}
	at := func(share float64) engine.Time {
		return min(engine.Time(l.h.ValueAtQuantile(share)), engine.Time(l.max.Microseconds()))
	}
	return result.Latency{
		N: l.h.TotalCount(), Mean: engine.Time(l.h.Mean() + 0.5), P50: at(50), P90: at(90), P99: at(99), P999: at(99.9),
		Max: engine.Time(l.max.Microseconds()),
	}
}

// limited is the result with limits of its quantiles.
func (l *latency) limited() result.Latency {
	r := l.result()
	at := func(rank int) *engine.Time {
		if rank < 1 || int64(rank) > r.N {
			return nil
		}
		t := min(engine.Time(l.h.ValueAtQuantile(100*float64(rank)/float64(r.N))), r.Max)
		return &t
	}
	if r.N == 0 {
		return r
	}
	for _, share := range []float64{0.5, 0.9, 0.99, 0.999} {
		low, high, _ := stats.QuantileRanks(int(r.N), share, 2*result.LimitConfidence-1)
		r.Limits = append(r.Limits, result.QuantileLimits{Share: share, Low: at(low), High: at(high)})
	}
	return r
}

// A group counts attempts.
type group struct {
	requests, refused, failed int64
	impatient                 int64 // not among the requests
	service, response         latency
	plain                     bool // without times
}

// mostTimed is of how many cohorts the times are kept.
const mostTimed = 200

// add counts an attempt. Of the first one of its request that was sent it
// takes the response, too.
func (g *group) add(e *record.Entry, first bool) {
	if e.Outcome == record.Impatient {
		g.impatient++
		return
	}
	g.requests++
	switch e.Outcome {
	case record.Refused:
		g.refused++
	case record.Failed:
		g.failed++
	case record.Cut:
		return // its times say nothing
	}
	if g.plain {
		return
	}
	g.service.add(e.Service())
	if first {
		g.response.add(e.Response())
	}
}

func (g *group) result(name string) result.AttackGroup {
	return result.AttackGroup{
		Name: name, Requests: g.requests, Refused: g.refused, Failed: g.failed, TimedOut: g.impatient, Service: g.service.result(), Response: g.response.limited(),
	}
}

// A failure is why attempts failed. The status is 0 but for an answer that has
// the wrong one.
type failure struct {
	cause  record.Cause
	status int
}

func (f failure) String() string {
	if f.cause == record.BadStatus {
		return badStatus(f.status)
	}
	return f.cause.String()
}

// badStatus is what attempts failed by that were answered with a status.
func badStatus(code int) string { return fmt.Sprintf("%s %d", record.BadStatus, code) }

// A tally sums up the entries of an attack.
type tally struct {
	s         *Schedule
	all       group
	ledger    record.Ledger
	outcomes  [len(record.Outcomes)]int64
	causes    map[failure]int64
	cohorts   map[uint32]*group
	vias      map[engine.Via]*group
	statuses  map[int]*group
	lag       latency
	queue     latency
	sessions  []uint32 // by visit
	dialed    int64
	abandoned int64 // requests that would have come later in visits that ended before
	refusal   *record.Entry
	ended     time.Duration
	stretches [result.MostAttackStretches]stretch
}

// A stretch is the attempts that were sent in a part of the attack.
type stretch struct {
	requests, refused, failed int64
	response                  latency
}

// stretch is how long each is, in the scenario's time.
func (t *tally) stretch() engine.Time {
	const n = result.MostAttackStretches
	return max(1, (t.s.To-t.s.From+n-1)/n)
}

// spread counts an attempt in its stretch. What was sent after the plan's end
// is in the last one.
func (t *tally) spread(e *record.Entry, first bool) {
	if e.Outcome == record.Cut {
		return
	}
	i := int((t.s.scenarioTime(e.Sent) - t.s.From) / t.stretch())
	x := &t.stretches[min(max(i, 0), len(t.stretches)-1)]
	x.requests++
	switch e.Outcome {
	case record.Refused:
		x.refused++
	case record.Failed:
		x.failed++
	}
	if first {
		x.response.digits = fewDigits
		x.response.add(e.Response())
	}
}

// overTime lists the stretches with attempts.
func (t *tally) overTime() []result.AttackStretch {
	list := []result.AttackStretch{}
	for i := range t.stretches {
		x := &t.stretches[i]
		if x.requests > 0 {
			times := x.response.result()
			list = append(list, result.AttackStretch{At: t.s.From + engine.Time(i)*t.stretch(), Requests: x.requests, Refused: x.refused, Failed: x.failed, P50: times.P50, P99: times.P99})
		}
	}
	return list
}

func newTally(s *Schedule) *tally {
	return &tally{
		s: s, causes: map[failure]int64{}, cohorts: map[uint32]*group{}, vias: map[engine.Via]*group{},
		statuses: map[int]*group{}, sessions: make([]uint32, len(s.Visits)),
	}
}

func (t *tally) add(e *record.Entry) {
	first := t.ledger.Add(e)
	if first && e.Attempt > 0 { // its user has waited since the plan
		late := *e
		late.Planned = t.s.wall(t.s.Requests[e.Request].At)
		e = &late
	}
	t.all.add(e, first)
	grouped(t.cohorts, e.Cohort, len(t.cohorts) >= mostTimed).add(e, first)
	grouped(t.vias, t.s.Endpoints[e.Cohort].Via, false).add(e, first)
	t.outcomes[e.Outcome]++
	if e.GaveUp {
		t.abandoned += int64(t.s.left(e.Request)) - 1
	}
	t.ended = max(t.ended, e.Done)
	if e.Outcome == record.Impatient { // nothing was sent
		return
	}
	t.spread(e, first)
	grouped(t.statuses, e.Status, len(t.statuses) >= mostTimed).add(e, first)
	if e.Cause != record.NoCause {
		f := failure{cause: e.Cause}
		if e.Cause == record.BadStatus {
			f.status = e.Status
		}
		t.causes[f]++
	}
	if first {
		t.queue.add(e.Queue())
	}
	t.lag.add(e.Lag())
	t.sessions[e.Visit] = max(t.sessions[e.Visit], e.Session)
	if e.Dialed {
		t.dialed++
	}
	if e.Outcome == record.Refused && (t.refusal == nil || e.Sent < t.refusal.Sent) {
		kept := *e
		t.refusal = &kept
	}
}

func grouped[K comparable](m map[K]*group, key K, plain bool) *group {
	g := m[key]
	if g == nil {
		g = &group{plain: plain}
		m[key] = g
	}
	return g
}

// result says what came of the attack.
func (t *tally) result() *result.AttackRun {
	r := &result.AttackRun{
		Seconds: engine.Time(t.ended.Microseconds()), First: t.ledger.Sent, Retries: t.all.requests - t.ledger.Sent, Abandoned: t.abandoned + t.ledger.Lost,
		Served: t.outcomes[record.Served], Refused: t.outcomes[record.Refused], Failed: t.outcomes[record.Failed], Cut: t.outcomes[record.Cut],
		TimedOut: t.outcomes[record.Impatient], Dialed: t.dialed, Lag: t.lag.limited(), Queue: t.queue.result(), Service: t.all.service.result(), Response: t.all.response.limited(),
		OverTime: t.overTime(), Stretch: t.stretch(), Cohorts: []result.AttackGroup{}, Vias: []result.AttackGroup{}, Statuses: []result.AttackGroup{}, Causes: []result.CauseCount{},
	}
	r.Unsent = int64(len(t.s.Requests)) - r.First - r.Abandoned
	for _, n := range t.sessions {
		r.Sessions += int64(n)
	}
	if e := t.refusal; e != nil {
		c := &t.s.Scenario.Cohorts[e.Cohort]
		r.FirstRefusal = &result.AttackRefusal{At: t.s.scenarioTime(e.Sent), Cohort: c.Name, Via: c.Via.String(), Status: e.Status}
	}
	for _, i := range slices.Sorted(maps.Keys(t.cohorts)) {
		r.Cohorts = append(r.Cohorts, t.cohorts[i].result(t.s.Scenario.Cohorts[i].Name))
	}
	for _, v := range slices.Sorted(maps.Keys(t.vias)) {
		r.Vias = append(r.Vias, t.vias[v].result(v.String()))
	}
	for _, status := range slices.Sorted(maps.Keys(t.statuses)) {
		name := strconv.Itoa(status)
		if status == 0 {
			name = "none"
		}
		r.Statuses = append(r.Statuses, t.statuses[status].result(name))
	}
	for f, n := range t.causes {
		r.Causes = append(r.Causes, result.CauseCount{Cause: f.String(), N: n})
	}
	slices.SortFunc(r.Causes, func(a, b result.CauseCount) int { return cmp.Or(cmp.Compare(b.N, a.N), cmp.Compare(a.Cause, b.Cause)) })
	return r
}
