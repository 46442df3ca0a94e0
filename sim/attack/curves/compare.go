package curves

import (
	"context"
	"math"
	"slices"
	"sort"
	"time"

	"highwater/engine"
	"highwater/scenario"
	"highwater/sim"
	"highwater/sim/attack/record"
	"highwater/sim/result"
	"highwater/sim/result/words"
	"highwater/sim/stats"
	"highwater/sim/trace"
)

// A Limit is how far the reported units may lie outside of the uncertainty, and
// how many attempts may be answered otherwise for certain.
type Limit struct {
	Set   bool
	Units int     // and attempts
	Share float64 // of the peak and of the refusals as run, rounded down, instead of Units when it is not 0
}

// lateMetrics is by how much the metrics of a target may be older than the
// answer. The emulated one's are not.
const lateMetrics = 2 * time.Second

// Compare computes the curves of a log. When the context ends there is no
// prediction, and the error is the context's.
func Compare(ctx context.Context, l *Log, limit Limit) (*result.Curves, error) {
	policy, units := l.policy()
	res := &result.Curves{
		From: l.Header.From, To: l.end(), Partial: l.Partial, Policy: words.Policy(policy.Name, policy.Changed), Units: units, Held: l.held(), Words: []string{}, Notes: []string{},
	}
	res.Idle = l.idle()
	free := units
	if units > 0 {
		free = max(1, units-res.Idle)
	}
	x := comparison{l: l, res: res, policy: policy, opens: l.opening()}
	x.ran = l.pass(asRun, policy, free, everybody, nil)
	x.ran.impatient = l.impatient()
	sent := res.To
	if l.Partial {
		sent = l.answered()
	}
	res.AsRun = x.curve(x.ran, sent)
	res.AsRun.AtPeak = x.atPeak(res.AsRun, policy, free, func(tape func(*trace.Event)) *curve { return l.pass(asRun, policy, free, everybody, tape) })
	if l.Schedule != nil {
		c, err := l.predict(ctx, policy, free, nil)
		if err != nil {
			return res, err
		}
		predicted := x.curve(c, sent)
		predicted.AtPeak = x.atPeak(predicted, policy, free, func(tape func(*trace.Event)) (again *curve) {
			again, err = l.predict(ctx, policy, free, tape)
			return again
		})
		if err != nil {
			return res, err
		}
		res.Predicted = predicted
	}
	r := l.ranges(policy, res.Idle, units)
	if l.first() != nil {
		x.reported()
		x.diverge(r)
	}
	x.outcomes(r)
	x.allow(limit)
	x.explain(limit)
	return res, nil
}

// A comparison is a result that is being made.
type comparison struct {
	l      *Log
	res    *result.Curves
	policy engine.Policy
	ran    *curve
	opens  map[uint64]uint64 // which attempt opened a web session
	turned *turned           // the first attempt that was refused though units were free; nil is none
}

// turned is an attempt that was refused, and the fewest and the most units in
// use then, of those who were let in.
type turned struct {
	at        engine.Time // of the target
	low, high int
}

// curve is a curve in the scenario's time up to its end, with the units that
// were in use before.
func (x *comparison) curve(c *curve, to engine.Time) *result.Curve {
	ahead := x.l.axis().ahead
	out := &result.Curve{To: to, RefusedByVia: map[string]int64{}}
	if f := c.first; f != nil && f.At-ahead <= to {
		f.At -= ahead
		f.InUse += x.res.Idle
		out.FirstRefusal = f
	}
	var refused []engine.Time
	for _, f := range c.refused {
		if f.at-ahead <= to {
			out.Refused++
			out.RefusedByVia[f.via]++
			refused = append(refused, f.at-ahead)
		}
	}
	for _, at := range c.impatient {
		if at-ahead <= to {
			out.TimedOut++
		}
	}
	for _, s := range c.series {
		if s.At -= ahead; s.At > to {
			break
		}
		s.Units += x.res.Idle
		out.Series = append(out.Series, s)
	}
	x.sum(out)
	x.use(out, refused)
	return out
}

// sum finds peak and mean of a curve, and how it is drawn.
func (x *comparison) sum(c *result.Curve) {
	area := 0.0
	for i, s := range c.Series {
		end := c.To
		if i+1 < len(c.Series) {
			end = c.Series[i+1].At
		}
		if begin := max(s.At, x.res.From); end > begin {
			area += float64(s.Units) * (min(end, c.To) - begin).Seconds()
		}
		if s.Units > c.Peak.Units && (s.At >= x.res.From || end > x.res.From) {
			c.Peak = engine.Peak{Units: s.Units, At: max(s.At, x.res.From)}
		}
	}
	if length := (c.To - x.known(c)).Seconds(); length > 0 {
		c.Mean = area / length
	}
	c.Drawn = sim.Drawn(c.Series, x.res.From, c.To, engine.LimitUnits)
}

// reported makes the curve of what the target said, and of the refusals that
// were met.
func (x *comparison) reported() {
	a := x.l.axis()
	c := &result.Curve{RefusedByVia: map[string]int64{}}
	for _, s := range x.l.Samples {
		if s.Failed == "" {
			at := max(0, a.at((s.Sent+s.Done)/2)-a.ahead)
			c.Series = append(c.Series, result.Sample{At: at, Units: int(math.Round(s.Consumed))})
		}
	}
	slices.SortStableFunc(c.Series, func(p, q result.Sample) int { return int(max(-1, min(1, p.At-q.At))) })
	if n := len(c.Series); n > 0 {
		c.To = c.Series[n-1].At
	}
	var first *record.Entry
	var refused []engine.Time
	for i := range x.l.Entries {
		e := &x.l.Entries[i]
		if e.Outcome != record.Refused {
			continue
		}
		c.Refused++
		c.RefusedByVia[x.via(e)]++
		refused = append(refused, a.at(e.Sent)-a.ahead)
		if first == nil || e.Sent < first.Sent {
			first = e
		}
	}
	if first != nil {
		c.FirstRefusal = &result.CurveRefusal{At: a.at(first.Sent) - a.ahead, Via: x.via(first), Cohort: x.l.Header.Cohorts[first.Cohort].Name}
	}
	x.refusedThere(c)
	x.sum(c)
	x.use(c, refused)
	for _, s := range c.Series {
		if x.res.From <= s.At && s.At <= x.res.To {
			c.Samples = append(c.Samples, result.Point{At: s.At, Units: s.Units})
		}
	}
	if len(c.Samples) > result.MostStretches {
		c.Samples = nil
	}
	x.res.Reported = c
}

func (x *comparison) via(e *record.Entry) string {
	if e.Kind == sim.LoginRequest && e.Status == 401 {
		return "login"
	}
	return x.l.Header.Cohorts[e.Cohort].Via
}

// diverge compares what the target said with what the instants of the requests
// allow.
func (x *comparison) diverge(r *ranges) {
	d := &result.Divergence{}
	for _, s := range x.l.Samples {
		if d.Samples++; s.Failed != "" {
			d.Failed++
		}
	}
	d.Range = r.bands()
	d.Apart = apart(d.Range)
	x.before(d.Range)
	nominal := lookup(x.ran.series)
	ahead := x.l.axis().ahead
	for _, b := range d.Range {
		at := max(b.From, x.res.From) // the first look is before the plan begins
		low, high := nominal.over(b.From+ahead, b.To+ahead)
		if gap := outside(b.Reported-x.res.Idle, low, high); gap > d.Largest {
			d.Largest, d.LargestAt = gap, at
		}
		d.Uncertainty += float64(b.High-b.Low) / float64(len(d.Range))
		gap := outside(b.Reported, b.Low, b.High)
		if gap > 0 {
			d.Outside++
		}
		if gap > d.Most {
			d.Most, d.MostAt, d.More = gap, at, b.Reported > b.High
		}
	}
	x.res.Divergence = d
	x.attribute()
}

// allow finds how far apart the target may be. A share of the attempts is one
// of the refusals as run: most attempts are admitted under any key, so that a
// share of them all would allow many times as many refusals as there should be.
func (x *comparison) allow(limit Limit) {
	if !limit.Set {
		return
	}
	units, attempts := limit.Units, int64(limit.Units)
	if limit.Share > 0 {
		units, attempts = int(limit.Share*float64(x.res.AsRun.Peak.Units)), int64(limit.Share*float64(x.res.AsRun.Refused))
	}
	x.res.Outcomes.Allowed = &attempts
	if x.res.Divergence != nil {
		x.res.Divergence.Allowed = &units
	}
}

// attribute finds the means at the samples, and what makes them differ.
func (x *comparison) attribute() {
	var predicted, ran, said, beyond float64
	var off, total []float64
	constant := math.MaxInt // units more than allowed in each sample
	for _, b := range x.res.Divergence.Range {
		at := (b.From + b.To) / 2
		if at < x.res.From || at > x.res.AsRun.To {
			continue
		}
		run := lookup(x.res.AsRun.Series).at(at)
		said += float64(b.Reported)
		ran += float64(run)
		planned := run
		if x.res.Predicted != nil {
			planned = lookup(x.res.Predicted.Series).at(at)
			predicted += float64(planned)
		}
		total = append(total, float64(b.Reported-planned))
		off = append(off, float64(b.Reported-run-min(b.Before, max(0, b.Reported-run))))
		more := max(0, b.Reported-b.High)
		constant = min(constant, more)
		beyond += float64(more - max(0, b.Low-b.Reported))
	}
	if len(total) == 0 {
		return
	}
	n := float64(len(total))
	x.res.Divergence.Mean = batchMean(off)
	mean := func(sum float64) *float64 { sum /= n; return &sum }
	x.res.AsRun.Sampled, x.res.Reported.Sampled = mean(ran), mean(said)
	d := &result.Attribution{Samples: len(total), Total: batchMean(total), Open: (said - ran - beyond) / n, Others: float64(constant), Rules: beyond/n - float64(constant)}
	if x.res.Predicted != nil {
		x.res.Predicted.Sampled = mean(predicted)
		timing := (ran - predicted) / n
		d.Timing = &timing
	}
	x.res.Difference = d
}

// The batches of a mean: ten, as few as make Student's quantile not much wider
// than a normal one, so that each is long; and what a batch takes at least.
const (
	batches    = 10
	leastBatch = 3
)

// batchMean is the mean of what was seen at samples, in their order.
func batchMean(values []float64) result.BatchMean {
	all := stats.BatchMeans(values, batches, 2*result.LimitConfidence-1)
	m := result.BatchMean{Mean: all.Mean, N: all.N}
	if m.N >= batches*leastBatch {
		m.Low, m.High, m.Batches = &all.Low, &all.High, batches
	}
	return m
}

// apart is the median from one sample to the next.
func apart(list []result.BandAt) engine.Time {
	var gaps []engine.Time
	for i := 1; i < len(list); i++ {
		gaps = append(gaps, list[i].From-list[i-1].From)
	}
	if len(gaps) == 0 {
		return 0
	}
	slices.Sort(gaps)
	return gaps[len(gaps)/2]
}

// before takes what was in use at the start and is none of the people whom the
// target holds for what came before. It may go or stay: each sample may have
// as many more, but no more than those before it had above the fewest units.
func (x *comparison) before(list []result.BandAt) {
	if first := x.l.first(); !x.res.Held || first == nil || first.Sent >= 0 || len(list) == 0 {
		return
	}
	x.res.Before = max(0, list[0].Reported-list[0].High)
	left := x.res.Before
	for i := range list {
		b := &list[i]
		left = min(left, max(0, b.Reported-b.Low))
		b.Before = left
		b.High += left
	}
}

// outside is how far a number lies outside of a range.
func outside(n, low, high int) int { return max(0, low-n, n-high) }

// Others finds how many units others may have had all the while for the units
// that the target reported to be what a policy allows by the instants of the
// requests: the fewest. It is false when there is no such number.
func (l *Log) Others(policy engine.Policy) (units int, ok bool) {
	most := math.MaxInt
	for _, b := range l.bands(policy, 0, 0) {
		units, most = max(units, b.Reported-b.High), min(most, b.Reported-b.Low)
	}
	return units, units <= most
}

// bands are what a policy allows the target to have reported in each of its
// samples, by the instants of the requests. Units that were in use before are
// added; a key is never exceeded.
func (l *Log) bands(policy engine.Policy, idle, units int) []result.BandAt {
	return l.ranges(policy, idle, units).bands()
}

func (r *ranges) bands() (list []result.BandAt) {
	a := r.l.axis()
	for _, s := range r.l.Samples {
		if s.Failed != "" {
			continue
		}
		from, to := a.at(s.Sent)-a.slack, a.at(s.Done)+a.slack
		if r.l.State == nil {
			from -= engine.Time(float64(lateMetrics.Microseconds()) * a.clock)
		}
		b := result.BandAt{From: from - a.ahead, To: to - a.ahead, Reported: int(math.Round(s.Consumed))}
		b.Low, b.High = r.over(from, to)
		list = append(list, b)
	}
	return list
}

// ranges are the units that a policy allows at any time, by the instants of
// the requests.
type ranges struct {
	l                *Log
	policy           engine.Policy
	idle, limit      int         // MaxInt is none
	full             engine.Time // from when on the key may have refused whom the target holds itself
	high, low, alone lookup      // alone is the lowest without those
	steady           lookup      // the highest with those who come when they come; nil when all do
	shifting         int         // the most units of the others
	holds, logins    doubts
}

func (l *Log) ranges(policy engine.Policy, idle, units int) *ranges {
	r := &ranges{l: l, policy: policy, idle: idle, limit: math.MaxInt, full: engine.MaxTime}
	r.high = lookup(l.pass(highest, policy, 0, everybody, nil).series)
	r.low = lookup(l.pass(lowest, policy, 0, everybody, nil).series)
	if units > 0 && policy.Enforce {
		r.limit = max(units, idle)
	}
	if l.held() {
		for _, s := range r.high {
			if s.Units+idle >= r.limit {
				r.full = s.At
				break
			}
		}
	}
	if r.full < engine.MaxTime {
		r.alone = lookup(l.pass(lowest, policy, 0, nil, nil).series)
		if r.shifting = mostShifting(l.Scenario); r.shifting > 0 {
			stays := func(c *scenario.Cohort) bool { return everybody(c) && steady(l.Scenario, c) }
			r.steady = lookup(l.pass(highest, policy, 0, stays, nil).series)
		}
	}
	r.holds, r.logins = l.doubts(&policy)
	return r
}

// over is the fewest and the most units between two instants of the target.
func (r *ranges) over(from, to engine.Time) (low, high int) {
	low, high = r.wanted(from, to)
	return min(r.limit, low), min(r.limit, high)
}

// wanted is the fewest and the most units that there would be without the key,
// for all who were served.
func (r *ranges) wanted(from, to engine.Time) (low, high int) {
	_, high = r.high.over(from, to)
	if to >= r.full {
		low, _ = r.alone.over(from, to)
		if r.steady != nil {
			_, most := r.steady.over(from, to)
			high = most + min(r.shifting, math.MaxInt32)
		}
	} else {
		low, _ = r.low.over(from, to)
	}
	loose := r.logins.over(from, to)
	if r.l.Reach > 0 && r.policy.HoldFrom == engine.FromStart {
		high += r.holds.over(from, to)
	}
	if !r.policy.HoldCountsConnection {
		low -= r.holds.over(from, to)
	}
	return max(0, low-loose+r.idle), high + loose + r.idle
}

// doubts finds how many of some doubts there are at once.
type doubts struct{ from, to []engine.Time } // each in order

func (d *doubts) add(from, to engine.Time) {
	d.from, d.to = append(d.from, from), append(d.to, to)
}

// over is how many there are between two instants, both included.
func (d *doubts) over(from, to engine.Time) int {
	begun := sort.Search(len(d.from), func(i int) bool { return d.from[i] > to })
	ended := sort.Search(len(d.to), func(i int) bool { return d.to[i] >= from })
	return begun - ended
}

// A lookup finds the units between two instants.
type lookup []result.Sample

// over is the fewest and the most units between two instants, both included.
func (s lookup) over(from, to engine.Time) (low, high int) {
	i := sort.Search(len(s), func(i int) bool { return s[i].At >= from })
	low, high = math.MaxInt, 0
	if i > 0 {
		low, high = s[i-1].Units, s[i-1].Units
	}
	for ; i < len(s) && s[i].At <= to; i++ {
		low, high = min(low, s[i].Units), max(high, s[i].Units)
	}
	if low == math.MaxInt {
		low = 0
	}
	return low, high
}

// at is the units at an instant, after all that happens then.
func (s lookup) at(t engine.Time) int {
	i := sort.Search(len(s), func(i int) bool { return s[i].At > t })
	if i == 0 {
		return 0
	}
	return s[i-1].Units
}
