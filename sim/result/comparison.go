package result

// A Comparison is how sides differ, with the same people at the same instants:
// policies, keys or scenarios.
type Comparison struct {
	Study
	Sides    []Side         `json:"sides"`                    // the first is the baseline
	Pairs    []Pair         `json:"pairs"`                    // each other side with the baseline
	Shared   *SharedCohorts `json:"shared_cohorts,omitempty"` // of two scenarios
	Warnings []string       `json:"warnings"`

	Explanation *Explanation `json:"explanation,omitempty"` // of the first replication's peak on the first side, without holders
}

// SharedCohorts are the names of the cohorts of two scenarios. A cohort that
// both have draws the same random numbers in both.
type SharedCohorts struct {
	Both       []string `json:"both"`
	OnlyFirst  []string `json:"only_first"`
	OnlySecond []string `json:"only_second"`
}

// A Side is one of what is compared: a scenario, a policy and a key. What it
// needs is counted as if nobody were refused, in connections where its key
// limits those.
type Side struct {
	Name        string `json:"name"`
	Scenario    string `json:"scenario"`              // its name
	Fingerprint string `json:"fingerprint,omitempty"` // of a second scenario's files
	Counted
	Needed    Spread         `json:"needed"` // by a replication
	MeanUnits float64        `json:"mean_units"`
	Contract  *ContractCount `json:"contract"` // null where the side itself counts by contract
	Refusals  *Refusals      `json:"refusals"` // null where nothing limits
	Cohorts   []Cohort       `json:"cohorts"`  // totals over all replications
	TimeAt    []UnitsTime    `json:"time_at_units"`

	Outlook
	Course
}

// A ContractCount is how many units the same people take by the contract's
// count, which nothing enforces.
type ContractCount struct {
	Needed     Spread      `json:"needed"`
	Difference *Difference `json:"difference"` // of what the side needs and this; null where the side counts connections
}

// Refusals are what a side refuses.
type Refusals struct {
	Risk     Proportion `json:"risk"`          // of any refusal in a run
	First    Quantile   `json:"first_refusal"` // when half of the runs have had one
	Attempts float64    `json:"attempts"`      // refused in a run, on average
	Lost     float64    `json:"lost"`          // sessions lost in a run, on average

	Counts RefusalCounts `json:"counts"` // of all replications
}

// A Pair is a side compared with the baseline: differences are the side's
// number less the baseline's.
type Pair struct {
	Side      string       `json:"side"`   // its name
	Needed    *Means       `json:"needed"` // null where one side counts connections and the other units
	Enough    *Gap         `json:"enough"` // likewise
	MeanUnits Means        `json:"mean_units"`
	Refusals  *RefusalPair `json:"refusals"` // null where neither limits, or one is the contract's count
	Cohorts   []CohortPair `json:"cohorts"`
}

// Means are the means of a number on both sides, and their paired difference.
type Means struct {
	Base       float64    `json:"base"`
	Other      float64    `json:"other"`
	Difference Difference `json:"difference"`
}

// A Gap is the difference of the units that are enough. It has an interval
// whatever the laws of the peaks: from limits of both sides by order
// statistics, each with half of what may go wrong.
type Gap struct {
	Risk  float64 `json:"risk"`
	Units *int    `json:"units"` // null: too few replications
	Low   *int    `json:"low"`   // likewise
	High  *int    `json:"high"`
}

// A RefusalPair compares what two sides refuse in a run.
type RefusalPair struct {
	Risk     ShareDifference `json:"risk"`     // of any refusal
	First    Means           `json:"first"`    // seconds until the first refusal, or to the end of a run without one
	Attempts Means           `json:"attempts"` // refused
	Lost     Means           `json:"lost"`     // sessions
}

// A CohortPair compares what a cohort, or several that share license user IDs,
// hold at the peak of what is needed, and what is refused to it.
type CohortPair struct {
	Cohort   string `json:"cohort"`
	AtPeak   Means  `json:"units_at_peak"`
	Attempts *Means `json:"refused_attempts"` // in a run; null where refusals are not compared or only one side has the cohort
	Lost     *Means `json:"lost"`             // sessions in a run; likewise
	Fares    Fares  `json:"fares"`
}

// Fares says whether a side is better for a cohort than the baseline: by the
// sessions that it loses, and where those do not tell, by the attempts that it
// is refused.
type Fares string

// The ways.
const (
	Better  Fares = "better"
	Worse   Fares = "worse"
	Unclear Fares = "unclear" // the differences are not clear
	Alike   Fares = "alike"   // equal in every replication, or not compared
)

// A Difference is by how much one side of a comparison has more than the
// other, pair by pair over replications with the same people at the same
// instants.
type Difference struct {
	Mean float64  `json:"mean"`
	Low  *float64 `json:"low"` // Student's interval of the mean; null for one replication
	High *float64 `json:"high"`
	// Confidence is that of each interval.
	Confidence float64 `json:"confidence"`

	Median     float64  `json:"median"`      // the lower one of two
	MedianLow  *float64 `json:"median_low"`  // by order statistics; null: no limit by so few replications
	MedianHigh *float64 `json:"median_high"` // likewise

	Less  int     `json:"less"` // replications
	Equal int     `json:"equal"`
	More  int     `json:"more"`
	P     float64 `json:"p"` // exact two-sided sign test of more against less
	N     int     `json:"n"` // replications
}

// Clear reports whether the interval of the mean leaves out zero. Where some
// replications are equal on both sides that is not enough: the few others make
// Student's interval too narrow, so that the sign test has to agree.
func (d *Difference) Clear() bool {
	if d.Low == nil || d.High == nil || *d.Low <= 0 && *d.High >= 0 {
		return false
	}
	return d.Equal == 0 || d.P <= 1-d.Confidence
}

// A ShareDifference is the difference of the shares of replications in which
// something happens on either side, pair by pair.
type ShareDifference struct {
	Difference float64 `json:"difference"` // of the shares, -1 to 1
	// Low and High hold whatever the shares are: of limits of Clopper and
	// Pearson for the replications where it happens on one side only, each with
	// half of what may go wrong.
	Low  float64 `json:"low"`
	High float64 `json:"high"`

	OnlyBase  int     `json:"only_base"` // replications
	OnlyOther int     `json:"only_other"`
	Both      int     `json:"both"`
	Neither   int     `json:"neither"`
	P         float64 `json:"p"` // exact two-sided test of McNemar
	N         int     `json:"n"` // replications
}

// Clear reports whether the interval leaves out zero.
func (d *ShareDifference) Clear() bool { return d.Low > 0 || d.High < 0 }
