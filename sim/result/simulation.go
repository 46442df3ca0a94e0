package result

import "highwater/engine"

// A Simulation is what came of running a scenario.
type Simulation struct {
	Study
	Partial  bool        `json:"partial,omitempty"` // fewer replications than asked for: interrupted, or out of budget
	Policies []PolicyRun `json:"policies"`

	Explanation *Explanation `json:"explanation,omitempty"` // of the first replication's peak by the first policy, without holders
}

// A PolicyRun is what came of a scenario under one policy.
type PolicyRun struct {
	Counted

	Peaks             Spread        `json:"peak_units"`         // over the replications
	Demand            Spread        `json:"demand_units"`       // peaks if there were no limit
	PeakConnections   Spread        `json:"peak_connections"`   // over the replications
	DemandConnections Spread        `json:"demand_connections"` // if there were no limit
	FirstRefusals     *Instants     `json:"first_refusal_at"`   // over the replications that have one; null when none has
	MeanUnits         float64       `json:"mean_units"`         // time average over all replications
	Refusing          Proportion    `json:"replications_with_refusal"`
	Cohorts           []Cohort      `json:"cohorts"` // totals over all replications
	ByVia             []ViaCount    `json:"refused_by_via"`
	Refusals          RefusalCounts `json:"refusals"`         // of all replications
	TimeAt            []UnitsTime   `json:"time_at_units"`    // summed over all replications
	Queues            []Queue       `json:"queues,omitempty"` // by proxy with a cap

	Outlook // by risks of 5 % and 1 %
	Course
}

// A Course is how use goes over time by a policy and a key.
type Course struct {
	Hours  []HourMean  `json:"demand_by_hour"` // of the week, if nobody were refused, over all replications
	Ranges []Range     `json:"demand_range"`   // likewise, in stretches of equal length
	First  Replication `json:"first_replication"`
}

// A Range is the most that the replications need in a stretch of time of what
// the key limits.
type Range struct {
	At   engine.Time `json:"at"`  // its begin
	Low  int         `json:"low"` // as few are enough for 5 % of the replications
	Mean float64     `json:"mean"`
	High int         `json:"high"` // enough for 95 %
}

// An HourMean is the mean units in use in an hour of the week.
type HourMean struct {
	Hour WeekHour `json:"hour_of_week"`
	Mean float64  `json:"mean_units"`
}

// A Spread is the range of a whole number over replications.
type Spread struct {
	Min    int `json:"min"`
	Median int `json:"median"` // the lower one of two
	Max    int `json:"max"`
	N      int `json:"n"`
}

// Instants is the range of an instant over replications.
type Instants struct {
	Min    engine.Time `json:"min"`
	Median engine.Time `json:"median"` // the lower one of two
	Max    engine.Time `json:"max"`
	N      int         `json:"n"`
}

// A Proportion is a share of replications with a Clopper-Pearson interval.
type Proportion struct {
	Count      int     `json:"count"`
	N          int     `json:"n"`
	Low        float64 `json:"low"`
	High       float64 `json:"high"`
	Confidence float64 `json:"confidence"`
}

// A Cohort is what came of a cohort's sessions.
type Cohort struct {
	Name     string `json:"name"`
	Sessions int64  `json:"sessions"` // wanted; each call that does not belong to a session is one
	Started  int64  `json:"started"`
	Refused  int64  `json:"refused_attempts"`         // retries and logins included
	Lost     int64  `json:"lost"`                     // given up, at the start or in the middle
	TimedOut int64  `json:"queue_timeouts,omitempty"` // waits at a proxy that were too long, of retries too

	RefusedBy []int32 `json:"refused_by_replication,omitempty"` // none where all are 0
	LostBy    []int32 `json:"lost_by_replication,omitempty"`    // likewise
}

// A ViaCount is a number of refused attempts by one way in.
type ViaCount struct {
	Via     string `json:"via"`
	Refused int64  `json:"refused"`
}

// RefusalCounts counts refusals in three ways, summed over replications.
type RefusalCounts struct {
	Attempts int64       `json:"attempts"` // refused, retries and logins included
	Episodes int64       `json:"episodes"` // of refused attempts, each less than a minute after the one before
	Minutes  int64       `json:"minutes"`  // of the clock in which an attempt is refused
	ByHour   []HourCount `json:"by_hour"`  // those that have any
}

// An HourCount is the refused attempts in an hour of the week.
type HourCount struct {
	Hour     WeekHour `json:"hour_of_week"`
	Attempts int64    `json:"attempts"`
}

// UnitsTime is how long so many units were in use.
type UnitsTime struct {
	Units   int         `json:"units"`
	Seconds engine.Time `json:"seconds"`
}

// A Replication is one run in detail.
type Replication struct {
	Peak              engine.Peak     `json:"peak"`
	Demand            engine.Peak     `json:"demand"` // the peak if there were no limit
	PeakConnections   int             `json:"peak_connections"`
	DemandConnections int             `json:"demand_connections"` // if there were no limit
	UnitsAtEnd        int             `json:"units_at_end"`
	UnitSeconds       engine.UnitTime `json:"unit_seconds"`
	Transitions       int             `json:"transitions"`
	FirstRefusal      *CohortRefusal  `json:"first_refusal"`
	PeakByCohort      []CohortUnits   `json:"peak_by_cohort"`
	Holders           []CohortHolder  `json:"top"` // the ten license user IDs with the most units at the peak
	HoldersTotal      int             `json:"holders"`
	Refusals          RefusalCounts   `json:"refusals"`

	// Drawn is the use over time of what the key limits, and DemandDrawn what
	// it would be without a limit, where that is not the same. They are in at
	// most 600 stretches of equal length, those that differ from the one before.
	Drawn       []Stretch `json:"drawn"`
	DemandDrawn []Stretch `json:"demand_drawn,omitempty"`

	// Series is use over time, and DemandSeries what it would be without a
	// limit, nil when that did not matter. They are for charts and tables of
	// their own, not part of the JSON.
	Series       []Sample `json:"-"`
	DemandSeries []Sample `json:"-"`
}

// A CohortRefusal is a refusal and the cohort that met it.
type CohortRefusal struct {
	Refusal
	Cohort string `json:"cohort"`
}

// CohortUnits is the units that a cohort's connections held.
type CohortUnits struct {
	Cohort string `json:"cohort"` // several when they share a license user ID
	Units  int    `json:"units"`
	Users  int    `json:"license_user_ids"`
}

// A CohortHolder is a license user ID that held units at the peak, and the
// cohort whose connections it has.
type CohortHolder struct {
	Holder
	Cohort string `json:"cohort"` // several when they share it
}

// A Sample is the use from an instant on.
type Sample struct {
	At          engine.Time
	Units       int
	Connections int
}
