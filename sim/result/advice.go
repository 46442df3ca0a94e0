package result

// An Advice says what measures would save, each tried with the same people at
// the same instants in each replication.
type Advice struct {
	Study
	Counted
	Now Standing `json:"now"`
	// Contract is how many people and devices the contract counts at once, at
	// the same risk (rules: contract).
	Contract Need `json:"contract"`
	// Comparisons is how many intervals share the error between them, so that
	// all of them hold together with the confidence (Bonferroni).
	Comparisons  int            `json:"comparisons"`
	Measures     []Measure      `json:"measures"` // and pairs of them, most units saved first
	PairsTried   int            `json:"pairs_tried"`
	DoesNotApply []Inapplicable `json:"does_not_apply"`
	Warnings     []string       `json:"warnings"`

	// How things are now, for charts.
	Cohorts  []Cohort      `json:"cohorts"`       // totals over all replications
	TimeAt   []UnitsTime   `json:"time_at_units"` // summed over all replications
	Refusals RefusalCounts `json:"refusals"`      // of all replications
	Course
}

// A Standing is how traffic does with a key. Units are connections where the
// policy limits those.
type Standing struct {
	Needed   Spread      `json:"needed"`      // by a replication, if the key refused nobody
	Enough   Need        `json:"enough"`      // at the risk
	Refusing *Proportion `json:"key_refuses"` // replications; null without a key that limits

	// Means of a replication with the present key.
	Refused float64         `json:"refused_attempts"`
	Lost    float64         `json:"lost_sessions"` // waits at a proxy that were too long included
	Cohorts []CohortRefused `json:"refused_by_cohort"`
	// ByLimit is how many attempts a limit of connections refuses, however
	// large the key is.
	ByLimit float64 `json:"refused_by_connection_limit"`
	Queues  []Queue `json:"queues"`
}

// A CohortRefused is what a cohort is refused, on average in a replication.
type CohortRefused struct {
	Name    string  `json:"name"`
	Refused float64 `json:"refused_attempts"`
	Lost    float64 `json:"lost_sessions"`
}

// A Measure is something that an administrator can do, or two of those
// together, and what came of it.
type Measure struct {
	Names    []string `json:"names"` // one, or the two of a pair
	Title    string   `json:"title"`
	Concerns []string `json:"concerns"` // cohorts
	Do       []string `json:"do"`
	Costs    []string `json:"costs"`
	Verdict  Verdict  `json:"verdict"`
	// TurnsAway is whether somebody is turned away by the measure itself,
	// however large the key is.
	TurnsAway bool `json:"turns_away"`

	Saved Difference `json:"units_saved"` // at the peak of a replication
	// Beyond is what a pair saves beyond the better of the two; null for one
	// measure.
	Beyond  *Difference `json:"saved_beyond_the_better"`
	Refused Means       `json:"refused_attempts"` // of a replication with the present key, before and then
	Lost    Means       `json:"lost_sessions"`    // likewise

	Then     Standing `json:"then"`
	Contract Need     `json:"contract"`
	Warnings []string `json:"warnings"`
}

// Verdict is what the interval of the units saved says.
type Verdict string

// The verdicts.
const (
	Saves    Verdict = "saves units"
	NotShown Verdict = "no difference shown" // the difference is not clear
	Costs    Verdict = "costs units"
)

// An Inapplicable is a measure that does not apply, and why.
type Inapplicable struct {
	Name  string `json:"name"`
	Title string `json:"title"`
	Why   string `json:"why"`
}
