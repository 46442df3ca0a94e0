package result

import (
	"time"

	"highwater/engine"
)

// A Study is what the results of many replications begin with.
type Study struct {
	Schema       int         `json:"schema"`
	Kind         string      `json:"kind"`
	Version      string      `json:"version,omitempty"`
	Scenario     string      `json:"scenario"`              // its name
	Fingerprint  string      `json:"fingerprint,omitempty"` // SHA-256 of the scenario's files
	Start        time.Time   `json:"start"`
	Duration     engine.Time `json:"duration"`
	Seed         uint64      `json:"seed"`
	Replications int         `json:"replications"`
	EndedBy      EndedBy     `json:"ended_by"`
	Confidence   float64     `json:"confidence"` // of all limits and intervals
}

// EndedBy says why there are no more replications.
type EndedBy string

// The reasons.
const (
	AllDone     EndedBy = "replications" // as many as were asked for
	Precise     EndedBy = "precision"    // the interval is narrow enough
	OutOfBudget EndedBy = "budget"       // the time that was given is over
	Interrupted EndedBy = "interrupted"
)

// A Sizing says how many units are enough, and how sure that is. Where a
// policy limits connections its units are connections.
type Sizing struct {
	Study
	Policies []PolicySizing `json:"policies"`

	Explanation *Explanation `json:"explanation,omitempty"` // of the first replication's peak by the first policy, without holders
}

// A Counted says by which policy and for which key something was counted.
type Counted struct {
	Policy   string           `json:"policy"`
	Base     string           `json:"base"`
	Options  []engine.Setting `json:"options,omitempty"` // changed from the base
	Units    int              `json:"units"`             // of the key; 0 is unlimited
	LimitOn  string           `json:"limit_on"`          // what the key limits: units or connections
	Enforced bool             `json:"enforced"`          // whether the key limits anything
}

// A PolicySizing is the sizing by one policy.
type PolicySizing struct {
	Counted
	Needed Spread `json:"needed"` // by a replication, if nobody is refused
	Outlook
	Yards  Yards   `json:"yardsticks"`
	Growth *Growth `json:"growth"`         // null when it was not looked for
	AtPeak []Share `json:"peak_by_cohort"` // means over the replications, most first

	Precision *Precision `json:"precision,omitempty"` // where one was asked for

	Warnings []string `json:"warnings"`

	TimeAt []UnitsTime `json:"demand_time_at_units"` // if nobody were refused, summed over all replications
	Course
}

// An Outlook is how many units are enough and how the present key does, by
// what each replication needs.
type Outlook struct {
	Enough   []Need `json:"enough"`      // by risk, as they were asked for
	Present  *Key   `json:"present_key"` // null without one that limits
	Curve    []Risk `json:"risk_by_units"`
	NeededBy []int  `json:"needed_by_replication"`
}

// A Need is how many units keep a risk.
type Need struct {
	Risk float64 `json:"risk"` // of any refusal in a run of the scenario's length
	// Units is the fewest by the share of the replications that need more, null
	// when there are fewer than one in the inverse of the risk.
	Units *int `json:"units"`
	Low   *int `json:"low"`  // limits of its two-sided interval by order statistics
	High  *int `json:"high"` // null where there are too few replications
	// Guaranteed is the fewest that keep the risk with confidence, whatever the
	// law of the peak: the upper limit of a quantile by order statistics, and
	// the least whose Clopper-Pearson upper limit is at most the risk. It is
	// null when there are too few replications.
	Guaranteed *int `json:"guaranteed"`
	Wanted     int  `json:"replications_wanted,omitempty"` // at least, where Guaranteed is null
}

// Yards are numbers of units by other yardsticks, which do not ask for the
// risk of any refusal.
type Yards struct {
	Time        int     `json:"enough_of_time"`   // units in use at most, 99 % of the time
	Logins      int     `json:"enough_of_logins"` // units that 99 % of the connections and logins find enough
	ErlangB     int     `json:"erlang_b"`         // blocking of 1 % at the busiest hour's mean, by Erlang's loss formula
	BusiestMean float64 `json:"busiest_hour_mean"`
	BusiestHour int     `json:"busiest_hour"` // of the week, from Monday 00:00
	Mean        float64 `json:"mean_units"`
}

// A Precision is how wide the interval of the units at the first risk is, and
// how wide it may be. Its confidence leaves room for all looks at it.
type Precision struct {
	Asked      int     `json:"asked"`
	Low        *int    `json:"low"`
	High       *int    `json:"high"`
	Confidence float64 `json:"confidence"` // of the interval and of what is guaranteed
	Reached    bool    `json:"reached"`
}

// Best is the guaranteed number of units, else the estimate, nil when there is
// neither.
func (n *Need) Best() *int {
	if n.Guaranteed != nil {
		return n.Guaranteed
	}
	return n.Units
}

// A Key is how the present key does.
type Key struct {
	Limit    int            `json:"limit"`                                    // the key's units, or those of a lower user limit
	Risk     Proportion     `json:"risk"`                                     // that the key refuses anybody
	Limited  int            `json:"replications_refused_otherwise,omitempty"` // first refused by a connection limit, whatever the key
	Headroom *int           `json:"headroom"`                                 // units more than are enough at the first risk, guaranteed if anything is; negative: lacking
	First    *FirstRefusals `json:"first_refusal"`
}

// FirstRefusals is when and by whom the limit is met first, over the
// replications in which it is. The others are censored at the end of the run.
type FirstRefusals struct {
	N         int        `json:"n"`         // replications with a refusal
	Quantiles []Quantile `json:"quantiles"` // of the time to it, over all replications
	Hours     []Count    `json:"by_hour"`   // of the day

	Times   []engine.Time `json:"times"` // of those with a refusal, the first first
	Cohorts []Count       `json:"by_cohort"`
	Vias    []Count       `json:"by_via"`
	Sees    []Count       `json:"by_client_sees"`
	Users   []Count       `json:"by_license_user_id"` // the ten most often, and how many others
	Others  int           `json:"other_license_user_ids"`
}

// A Quantile is an instant before which a share of the replications has met
// the limit (Kaplan-Meier), with its interval. Null is not in the run.
type Quantile struct {
	Share float64      `json:"share"`
	At    *engine.Time `json:"at"`
	Low   *engine.Time `json:"low"`
	High  *engine.Time `json:"high"`
}

// A Count is how often something was.
type Count struct {
	What  string `json:"what"`
	Count int    `json:"count"`
}

// A Growth is how much more traffic of the same kind the present key bears:
// people, devices and callers times a factor.
type Growth struct {
	N      int      `json:"replications"`
	Risk   float64  `json:"risk"`                          // of any refusal, that is reached at the factor
	Factor *float64 `json:"factor"`                        // a quantile of the break scales of the replications, with its interval
	Low    *float64 `json:"low"`                           // null: no limit by so few replications, or beyond what was looked at
	High   *float64 `json:"high"`                          // likewise
	Beyond string   `json:"beyond,omitempty"`              // where Factor is null: above Most or below Least
	Least  float64  `json:"least"`                         // the smallest factor that is looked at
	Most   float64  `json:"most"`                          // the largest
	Wanted int      `json:"replications_wanted,omitempty"` // at least, where there are too few for the risk
	People int      `json:"people"`                        // in cohorts that grow and have a count
	Extra  int      `json:"extra_people"`
	Yearly float64  `json:"yearly,omitempty"`
	// Month in which the factor is reached by the yearly growth, with its
	// interval; empty where the factor is below 1 or beyond.
	Month     string `json:"month,omitempty"`
	MonthLow  string `json:"month_low,omitempty"`
	MonthHigh string `json:"month_high,omitempty"`

	Curve []ScaleRisk `json:"curve"` // at the scales that were looked at, the smallest first
}

// A ScaleRisk is the risk of any refusal with so many times the traffic, with a
// pointwise Clopper-Pearson interval.
type ScaleRisk struct {
	Scale float64 `json:"scale"`
	Count int     `json:"count"` // replications that need more than the key
	Risk  float64 `json:"risk"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
}

// Sides of a factor that is beyond what was looked at.
const (
	Above = "above" // the most
	Below = "below" // the least
)

// A Risk is the risk of any refusal by a number of units, with a pointwise
// Clopper-Pearson interval.
type Risk struct {
	Units  int          `json:"units"`
	Count  int          `json:"count"` // replications that need more
	Risk   float64      `json:"risk"`
	Low    float64      `json:"low"`
	High   float64      `json:"high"`
	Median *engine.Time `json:"median_first_refusal"` // null when fewer than half of the replications have one
}

// A Share is what a cohort, or several that share license user IDs, hold.
type Share struct {
	Cohort string  `json:"cohort"`
	Units  float64 `json:"units"`
}
