package sim

import (
	"maps"
	"slices"

	"highwater/engine"
	"highwater/sim/result"
)

// A Sample is what came of a case's replications, each in its place.
type Sample struct {
	Case
	N int // replications

	// Needed is the least key that refuses nobody, and when it is needed
	// first; Staircases how it grew, exact at multiples of [Stride]. They count
	// connections where the policy limits those.
	Needed     []engine.Peak
	Staircases [][]engine.Peak
	// First is the first refusal, by the key or by the policy's connection
	// limit; nil where there is none.
	First []*result.CohortRefusal

	Attempts []int64       // summed up; see [engine.Watch]
	Hours    []Hour        // of the week, from Monday 00:00, of the demand
	AtPeak   []CohortUnits // units at the peak of the demand, summed up, by cohort or what shares a license user ID

	Demand Totals // if nobody were refused
	Use    Totals // as the key makes it; empty with [Options.Demand]

	detail      *result.Replication // of the first
	explanation *result.Explanation // of its peak
	covered     []float64           // seconds of each hour of the week in a replication
	highs       [][]int32           // of the demand, by replication and stretch
}

// Totals are what came of runs, by replication where it says so and else
// summed up.
type Totals struct {
	Peaks       []int         // by replication
	Connections []int         // the most, by replication
	UnitSeconds []float64     // by replication
	TimeAt      []engine.Time // by units in use
	Cohorts     []result.Cohort
	Refused     [][]int32        // attempts by cohort, by replication
	Lost        [][]int32        // sessions by cohort, by replication
	ByVia       map[string]int64 // refused attempts
	Refusals    [][]Refusal      // by replication; each empty without [Options.Refusals]
	counts      refusals         // attempts, episodes and minutes
	Queues      []Queue          // by proxy with a cap
}

// A Refusal is a refused attempt.
type Refusal struct {
	At     engine.Time
	Cohort int // index into the scenario's
}

// CohortUnits is a number of units.
type CohortUnits struct {
	Cohort string
	Units  int64
	by     []int32 // by replication; 0 from its end on
}

// An outcome is what came of one run of a world.
type outcome struct {
	peak     engine.Peak
	conns    int // at the most
	first    *result.CohortRefusal
	unitTime engine.UnitTime
	timeAt   []engine.Time
	cohorts  []tally
	byVia    map[string]int64
	counts   refusals
	refusals []Refusal // in their order, when they are kept
	queues   []waits   // by proxy with a cap

	// Of a demand only.
	exceeded bool // the key
	stairs   []engine.Peak
	attempts []int64
	hours    []float64 // unit-seconds by hour of the week
	highs    []int32   // by stretch
	atPeak   []result.CohortUnits
}

// outcome says what came of a world's run.
func (w *world) outcome() *outcome {
	out := &outcome{
		peak: w.table.Peak(), conns: w.table.PeakConnections(), first: w.firstRefusal(),
		unitTime: w.table.UnitTime(), timeAt: w.table.Usage(), byVia: maps.Clone(w.byVia), counts: w.counts, refusals: slices.Clone(w.refusals),
	}
	for i := range w.cohorts {
		out.cohorts = append(out.cohorts, w.cohorts[i].stats)
	}
	for i := range w.gateways {
		if g := &w.gateways[i]; g.Cap > 0 {
			out.queues = append(out.queues, w.ended(g))
		}
	}
	if w.watch != nil {
		out.exceeded = w.watch.Exceeded.Reason != 0
		out.stairs = thinned(w.watch.Staircase)
		out.attempts = append(out.attempts, w.watch.Attempts...)
		out.hours = append(out.hours, w.hours.units[:]...)
		out.highs = append(out.highs, w.highs.list...)
		out.atPeak = w.byCohort(w.table.Holders())
	}
	return out
}

// wholeStairs is for how many units below its top a staircase is kept whole.
const wholeStairs = 200

// Stride is what the numbers of units are multiples of at which a staircase
// with such a top is exact: 1 near the top, and twice as much each time that
// the distance doubles. So a staircase has few steps, however high it is.
func Stride(units, top int) int {
	stride := 1
	for top-units >= wholeStairs*stride {
		stride *= 2
	}
	return stride
}

// thinned is a staircase with those of its steps that are the first beyond some
// number of units at which it is exact.
func thinned(stairs []engine.Peak) []engine.Peak {
	var kept []engine.Peak
	from := 0 // the units at which the next step is the first beyond
	for _, s := range stairs {
		until := s.Units - 1
		stride := Stride(until, stairs[len(stairs)-1].Units)
		if until-until%stride >= from {
			kept = append(kept, s)
		}
		from = s.Units
	}
	return kept
}

func newSample(v Case) *Sample {
	s := &Sample{Case: v, Hours: make([]Hour, hoursInWeek), covered: covered(v.Scenario)}
	for _, t := range []*Totals{&s.Demand, &s.Use} {
		n := len(v.Scenario.Cohorts)
		t.Cohorts, t.ByVia = make([]result.Cohort, n), map[string]int64{}
		t.Refused, t.Lost = make([][]int32, n), make([][]int32, n)
		for i := range t.Cohorts {
			t.Cohorts[i].Name = v.Scenario.Cohorts[i].Name
		}
		for i := range v.Scenario.Proxies {
			if x := &v.Scenario.Proxies[i]; x.Cap > 0 {
				t.Queues = append(t.Queues, Queue{proxy: x, seconds: v.Scenario.Duration.Seconds()})
			}
		}
	}
	return s
}

// add adds the next replication.
func (s *Sample) add(rep *replication) {
	s.N++
	d := rep.demand
	needed := engine.Peak{}
	if n := len(d.stairs); n > 0 {
		needed = d.stairs[n-1]
	}
	s.Needed = append(s.Needed, needed)
	s.Staircases = append(s.Staircases, d.stairs)
	s.First = append(s.First, d.first)
	s.Attempts = added(s.Attempts, d.attempts)
	for i, u := range d.hours {
		s.Hours[i].UnitSeconds += u
		s.Hours[i].Seconds += s.covered[i]
	}
	s.highs = append(s.highs, d.highs)
	for _, c := range d.atPeak {
		s.addAtPeak(c)
	}
	s.Demand.add(d)
	if rep.use != nil {
		s.Use.add(rep.use)
	}
	if s.N == 1 {
		s.detail = rep.detail
	}
}

func (s *Sample) addAtPeak(c result.CohortUnits) {
	i := s.indexAtPeak(c.Cohort)
	if i < 0 {
		i = len(s.AtPeak)
		s.AtPeak = append(s.AtPeak, CohortUnits{Cohort: c.Cohort})
	}
	sum := &s.AtPeak[i]
	sum.Units += int64(c.Units)
	sum.by = append(sum.by, make([]int32, s.N-1-len(sum.by))...) // replications in which it held none
	sum.by = append(sum.by, int32(c.Units))
}

func (s *Sample) indexAtPeak(cohort string) int {
	return slices.IndexFunc(s.AtPeak, func(c CohortUnits) bool { return c.Cohort == cohort })
}

// UnitsAtPeak lists what a cohort, or what shares a license user ID, held at
// the peak of the demand, by replication.
func (s *Sample) UnitsAtPeak(cohort string) []int32 {
	list := make([]int32, s.N)
	if i := s.indexAtPeak(cohort); i >= 0 {
		copy(list, s.AtPeak[i].by)
	}
	return list
}

// Course is how use goes over time. Its first replication is empty with
// [Options.Demand], unless [Options.Detail] asks for it.
func (s *Sample) Course() result.Course {
	c := result.Course{Hours: []result.HourMean{}, Ranges: s.ranges()}
	for i, h := range s.Hours {
		if h.Seconds > 0 {
			c.Hours = append(c.Hours, result.HourMean{Hour: result.WeekHour(i), Mean: h.UnitSeconds / h.Seconds})
		}
	}
	if s.detail != nil {
		c.First = *s.detail
	}
	return c
}

// Explanation says who holds the units at the peak of the first replication,
// without the single holders; nil unless [Options.Explain] asks for it, and for
// the first case alone.
func (s *Sample) Explanation() *result.Explanation { return s.explanation }

// UnitsTimes lists how long so many units were in use.
func (t *Totals) UnitsTimes() []result.UnitsTime { return timesAt(t.TimeAt) }

func timesAt(by []engine.Time) []result.UnitsTime {
	list := []result.UnitsTime{}
	for units, d := range by {
		if d > 0 {
			list = append(list, result.UnitsTime{Units: units, Seconds: d})
		}
	}
	return list
}

// ByCohort says what came of the cohorts' sessions.
func (t *Totals) ByCohort() []result.Cohort {
	list := slices.Clone(t.Cohorts)
	for i := range list {
		if list[i].Refused > 0 {
			list[i].RefusedBy = t.Refused[i]
		}
		if list[i].Lost > 0 {
			list[i].LostBy = t.Lost[i]
		}
	}
	return list
}

// RefusalCounts counts what was refused in three ways.
func (t *Totals) RefusalCounts() result.RefusalCounts { return t.counts.result() }

func (t *Totals) add(o *outcome) {
	t.Peaks = append(t.Peaks, o.peak.Units)
	t.Connections = append(t.Connections, o.conns)
	t.UnitSeconds = append(t.UnitSeconds, o.unitTime.Seconds())
	t.TimeAt = added(t.TimeAt, o.timeAt)
	for i := range o.cohorts {
		addCohort(&t.Cohorts[i], &o.cohorts[i])
		t.Refused[i] = append(t.Refused[i], int32(o.cohorts[i].Refused))
		t.Lost[i] = append(t.Lost[i], int32(o.cohorts[i].Lost))
	}
	t.Refusals = append(t.Refusals, o.refusals)
	t.counts.sum(&o.counts)
	for via, n := range o.byVia {
		t.ByVia[via] += n
	}
	for i := range o.queues {
		t.Queues[i].add(&o.queues[i])
	}
}

// added adds the elements of a list to those of a sum.
func added[T int64 | engine.Time](sum, list []T) []T {
	for len(sum) < len(list) {
		sum = append(sum, 0)
	}
	for i, x := range list {
		sum[i] += x
	}
	return sum
}

func addCohort(sum *result.Cohort, c *tally) {
	sum.Sessions += c.Sessions
	sum.Started += c.Started
	sum.Refused += c.Refused
	sum.Lost += c.Lost
	sum.TimedOut += c.TimedOut
}
