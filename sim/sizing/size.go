package sizing

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"highwater/engine"
	"highwater/scenario"
	"highwater/sim"
	"highwater/sim/result"
	"highwater/sim/stats"
)

// A Question says what a sizing is to answer.
type Question struct {
	Risks      []float64 // of any refusal in a run, 0 to 1; the first is the one that matters
	Confidence float64   // 0 to 1
	Growth     bool      // look for how much traffic the key of the first case bears
	Yearly     float64   // growth a year, 0.1 for 10 %; 0 is unknown
	// Precision ends the replications when the interval of the units that keep
	// the first risk is at most so wide for every policy; 0 is not.
	Precision int
	// Course asks for what a report draws besides: the first replication with the
	// present key, too, and who holds units at its peak, and why.
	Course bool
	// Seen hears, now and then, of the replications so far and the fewest units
	// by them that keep the first risk by the first policy.
	Seen func(n, units int)
	// Growing hears that the growth is looked for now.
	Growing func()
}

// Size says how many units are enough for each case. When the context ends it
// answers by the replications that are done; the error is the context's.
func Size(ctx context.Context, cases []sim.Case, o sim.Options, q *Question) (*result.Sizing, error) {
	o.Demand, o.Detail, o.Explain = true, q.Course, q.Course
	s := newSequence(q)
	o.Enough = s.enough
	samples, err := sim.Replicate(ctx, cases, o)
	res := &result.Sizing{Study: sim.StudyOf("sizing", samples, o, q.Confidence, err), Policies: []result.PolicySizing{}}
	res.Explanation = samples[0].Explanation()
	if s.precise && err == nil {
		res.EndedBy = result.Precise
	}
	if res.Replications == 0 {
		return res, err
	}
	for _, sample := range samples {
		res.Policies = append(res.Policies, policySizing(sample, q, s))
	}
	if q.Growth && err == nil && samples[0].Cap() > 0 {
		if q.Growing != nil {
			q.Growing()
		}
		p := &res.Policies[0]
		if p.Growth, err = growth(ctx, samples[0], o, q); err != nil {
			res.EndedBy = result.Interrupted
			p.Warnings = append(p.Warnings, "the time was over before it was found how much traffic the key bears")
		}
		for _, what := range samples[0].Shrinks() {
			p.Warnings = append(p.Warnings, "there is "+what+": traffic that has outgrown the key may fit again when it grows more")
		}
	}
	return res, err
}

// Run runs a scenario as [sim.Run] does, and says how many units are enough by
// each of its policies. Of the question it takes the risks and whether a report
// is drawn; the confidence is that of the result.
func Run(ctx context.Context, sc *scenario.Scenario, o sim.Options, q *Question) (*result.Simulation, error) {
	o.Explain = q.Course
	samples, err := sim.Replicate(ctx, sim.Cases(sc), o)
	res := sim.Summary(samples, o, err)
	its := &Question{Risks: q.Risks, Confidence: res.Confidence}
	for i := range res.Policies {
		res.Policies[i].Outlook = outlook(samples[i], its, res.Confidence)
	}
	return res, err
}

// A sequence looks at replications as they come. Its looks are few and share
// the error among them, so that looking again and again does no harm: what is
// said at the end has the confidence of the last look, or of the next one that
// there would have been.
type sequence struct {
	q          *Question
	look       int
	confidence float64
	precise    bool
}

func newSequence(q *Question) *sequence {
	s := &sequence{q: q, confidence: q.Confidence}
	if q.Precision > 0 {
		_, s.confidence = stats.Look(0, q.Confidence)
	}
	return s
}

// seenEvery is how often the answer so far is told, once there are a few.
const seenEvery = 20

func (s *sequence) enough(samples []*sim.Sample) bool {
	n := samples[0].N
	if s.q.Seen != nil && (n < seenEvery || n%seenEvery == 0) {
		s.q.Seen(n, stats.Quantile(sorted(samples[0]), 1-s.q.Risks[0]))
	}
	if s.q.Precision == 0 {
		return false
	}
	if at, _ := stats.Look(s.look, s.q.Confidence); n < at {
		return false
	}
	s.precise = true
	for _, sample := range samples {
		s.precise = s.precise && s.precision(sorted(sample)).Reached
	}
	if !s.precise {
		s.look++
		_, s.confidence = stats.Look(s.look, s.q.Confidence)
	}
	return s.precise
}

// precision is how wide the interval of the units at the first risk is.
func (s *sequence) precision(peaks []int) *result.Precision {
	p := &result.Precision{Asked: s.q.Precision, Confidence: s.confidence}
	p.Low, p.High = between(peaks, s.q.Risks[0], s.confidence)
	p.Reached = p.Low != nil && p.High != nil && *p.High-*p.Low <= p.Asked
	return p
}

// between are the limits of the interval of how many units keep a risk.
func between(peaks []int, risk, confidence float64) (low, high *int) {
	n := len(peaks)
	l, h, _ := stats.QuantileRanks(n, 1-risk, confidence)
	if l >= 1 {
		low = &peaks[l-1]
	}
	if h <= n {
		high = &peaks[h-1]
	}
	return low, high
}

// sorted lists what each replication needs, the least first.
func sorted(s *sim.Sample) []int {
	list := needed(s)
	slices.Sort(list)
	return list
}

// needed lists what each replication needs.
func needed(s *sim.Sample) []int {
	list := make([]int, s.N)
	for i, p := range s.Needed {
		list[i] = p.Units
	}
	return list
}

func policySizing(s *sim.Sample, q *Question, seq *sequence) result.PolicySizing {
	p := result.PolicySizing{
		Counted: s.Case.Counted(), Needed: spreadOf(s), Outlook: outlook(s, q, seq.confidence), AtPeak: shares(s), Warnings: []string{},
		TimeAt: s.Demand.UnitsTimes(), Course: s.Course(),
	}
	if q.Precision > 0 {
		p.Precision = seq.precision(sorted(s))
	}
	p.Yards = yards(s)
	if s.Policy.LimitOn == engine.LimitConnections {
		p.Warnings = append(p.Warnings, "the key limits connections: all numbers of units here are connections")
	}
	if s.Policy.ConnectionLimit > 0 {
		p.Warnings = append(p.Warnings, "connection_limit refuses whatever the key allows: such refusals are told beside the risk and are not in it")
	}
	if s.Policy.TransitionShort == engine.Overcommit && p.Enforced {
		p.Warnings = append(p.Warnings, "transition_short is overcommit: a transition is never refused, so that use can be more than is enough here")
	}
	return p
}

// outlook is how many units are enough, with a confidence of its own, and how
// the present key does.
func outlook(s *sim.Sample, q *Question, confidence float64) result.Outlook {
	peaks := sorted(s)
	o := result.Outlook{NeededBy: needed(s), Curve: curve(s, peaks, q.Confidence)}
	for _, risk := range q.Risks {
		o.Enough = append(o.Enough, Enough(peaks, risk, confidence))
	}
	if limit := s.Cap(); limit > 0 {
		o.Present = present(s, limit, o.Enough[0], q.Confidence)
	}
	return o
}

// Enough is how many units keep a risk, by what the replications need in
// order.
func Enough(peaks []int, risk, confidence float64) result.Need {
	n := len(peaks)
	need := result.Need{Risk: risk}
	if float64(n)*risk >= 1 {
		need.Units = new(stats.Quantile(peaks, 1-risk))
		need.Low, need.High = between(peaks, risk, confidence)
	}
	if rank, ok := stats.UpperRank(n, 1-risk, confidence); ok {
		need.Guaranteed = &peaks[rank-1]
	} else {
		need.Wanted = stats.LeastSamples(1-risk, confidence)
	}
	return need
}

// aims of the other yardsticks: a share of time and of connections, and a
// blocking.
const (
	yardShare    = 0.99
	yardBlocking = 0.01
)

func yards(s *sim.Sample) result.Yards {
	y := result.Yards{Time: leastUnits(s.Demand.TimeAt), Logins: leastUnits(s.Attempts)}
	for i, h := range s.Hours {
		if mean := h.UnitSeconds / h.Seconds; h.Seconds > 0 && mean > y.BusiestMean {
			y.BusiestMean, y.BusiestHour = mean, i
		}
	}
	for _, u := range s.Demand.UnitSeconds {
		y.Mean += u / s.Scenario.Duration.Seconds() / float64(s.N)
	}
	if len(s.Attempts) > 0 {
		y.Logins = max(1, y.Logins) // one that joins others needs no more, but they need one
	}
	if y.BusiestMean > 0 {
		y.ErlangB = stats.ErlangBServers(y.BusiestMean, yardBlocking)
	}
	return y
}

// leastUnits is the fewest units that are enough for the share of the
// yardsticks, where list tells how often so many are needed.
func leastUnits[T int64 | engine.Time](list []T) int {
	var all, sum T
	for _, n := range list {
		all += n
	}
	for units, n := range list {
		sum += n
		if float64(sum) >= yardShare*float64(all) {
			return units
		}
	}
	return 0
}

// shares are who holds the units at the peak, on average.
func shares(s *sim.Sample) []result.Share {
	list := []result.Share{}
	for _, c := range s.AtPeak {
		list = append(list, result.Share{Cohort: c.Cohort, Units: float64(c.Units) / float64(s.N)})
	}
	slices.SortStableFunc(list, func(a, b result.Share) int { return cmp.Compare(b.Units, a.Units) })
	return list
}

// mostLower bounds the points of a curve with so few units that every run has a
// refusal.
const mostLower = 32

// curve is the risk by every number of units that makes a difference, or by
// some when those are many, and by some that are fewer. All are numbers at which
// staircases are exact.
func curve(s *sim.Sample, peaks []int, confidence float64) []result.Risk {
	first, last := max(0, peaks[0]-1), peaks[len(peaks)-1]
	step := sim.Stride(first, last)
	step = sim.Stride(first-first%step, last)
	first -= first % step
	list := []result.Risk{}
	add := func(units int) {
		at, _ := slices.BinarySearch(peaks, units+1)
		r := result.Risk{Units: units, Count: s.N - at}
		r.Risk = float64(r.Count) / float64(s.N)
		r.Low, r.High = stats.ClopperPearson(r.Count, s.N, confidence)
		r.Median = medianExceed(s, units)
		list = append(list, r)
	}
	wide := sim.Stride(0, last)
	for first/wide >= mostLower {
		wide *= 2
	}
	for units := wide; units < first; units += wide {
		add(units)
	}
	for units := first; units < last+step; units += step {
		add(units)
	}
	return list
}

// medianExceed is when half of the replications have needed more than so many
// units; nil when fewer ever do.
func medianExceed(s *sim.Sample, units int) *engine.Time {
	var times []engine.Time
	for _, stairs := range s.Staircases {
		i, _ := slices.BinarySearchFunc(stairs, units+1, func(p engine.Peak, u int) int { return cmp.Compare(p.Units, u) })
		if i < len(stairs) {
			times = append(times, stairs[i].At)
		}
	}
	half := (s.N + 1) / 2
	if len(times) < half {
		return nil
	}
	slices.Sort(times)
	return &times[half-1]
}

// present says how the present key does.
func present(s *sim.Sample, units int, need result.Need, confidence float64) *result.Key {
	k := &result.Key{Limit: units}
	if best := need.Best(); best != nil {
		k.Headroom = new(units - *best)
	}
	refusing, first := 0, 0
	for i, f := range s.First {
		if s.Needed[i].Units > units {
			refusing++
		}
		if f != nil {
			first++
			if f.Reason == engine.ConnectionLimitReached.String() {
				k.Limited++
			}
		}
	}
	k.Risk = result.Proportion{Count: refusing, N: s.N, Confidence: confidence}
	k.Risk.Low, k.Risk.High = stats.ClopperPearson(refusing, s.N, confidence)
	if first > 0 {
		k.First = firstRefusals(s, first, confidence)
	}
	return k
}

// shares of the replications whose first refusal is told.
var quantiles = []float64{0.05, 0.25, 0.5, 0.75, 0.95}

func firstRefusals(s *sim.Sample, n int, confidence float64) *result.FirstRefusals {
	f := &result.FirstRefusals{N: n}
	hours, cohorts, vias, sees, users := map[string]int{}, map[string]int{}, map[string]int{}, map[string]int{}, map[string]int{}
	for _, r := range s.First {
		if r == nil {
			continue
		}
		hours[fmt.Sprintf("%02d", s.Scenario.Start.Add(time.Duration(r.At)*time.Microsecond).Hour())]++
		cohorts[r.Cohort]++
		vias[r.Via]++
		sees[r.ClientSees]++
		users[r.LicenseUserID]++
		f.Times = append(f.Times, r.At)
	}
	slices.Sort(f.Times)
	survival := stats.KaplanMeier(lifetimes(s), confidence)
	for _, p := range quantiles {
		f.Quantiles = append(f.Quantiles, quantileAt(survival, p))
	}
	f.Hours, f.Cohorts, f.Vias, f.Sees = counts(hours), counts(cohorts), counts(vias), counts(sees)
	slices.SortFunc(f.Hours, func(a, b result.Count) int { return cmp.Compare(a.What, b.What) })
	f.Users = counts(users)
	if len(f.Users) > result.TopHolders {
		f.Users, f.Others = f.Users[:result.TopHolders], len(f.Users)-result.TopHolders
	}
	return f
}

// lifetimes lists how long the replications go without a refusal.
func lifetimes(s *sim.Sample) []stats.Lifetime {
	list := make([]stats.Lifetime, s.N)
	for i, r := range s.First {
		list[i] = stats.Lifetime{At: s.Scenario.Duration.Seconds()}
		if r != nil {
			list[i] = stats.Lifetime{At: r.At.Seconds(), Event: true}
		}
	}
	return list
}

func quantileAt(survival []stats.SurvivalPoint, p float64) result.Quantile {
	q := result.Quantile{Share: p}
	instant := func(seconds float64) *engine.Time {
		if math.IsInf(seconds, 0) || math.IsNaN(seconds) {
			return nil
		}
		t := engine.Time(math.Round(seconds * float64(engine.Second)))
		return &t
	}
	at, low, high, ok := stats.SurvivalQuantile(survival, p)
	if ok {
		q.At = instant(at)
	}
	q.Low, q.High = instant(low), instant(high)
	return q
}

// counts lists what was counted, most often first.
func counts(m map[string]int) []result.Count {
	list := []result.Count{}
	for what, n := range m {
		list = append(list, result.Count{What: what, Count: n})
	}
	slices.SortFunc(list, func(a, b result.Count) int {
		return cmp.Or(b.Count-a.Count, cmp.Compare(a.What, b.What))
	})
	return list
}
