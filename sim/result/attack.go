package result

import (
	"time"

	"highwater/engine"
)

// The verdicts on an attack, besides [Diverges].
const (
	Measured     = "measured"     // all that users did not give up was sent, and in time
	Inconclusive = "inconclusive" // it was not, or --max-divergence cannot be judged; the reasons say why
)

// An Attack is what came of sending a scenario's requests to a target.
type Attack struct {
	Schema      int         `json:"schema"`
	Kind        string      `json:"kind"` // "attack"
	Version     string      `json:"version,omitempty"`
	Scenario    string      `json:"scenario"` // its name
	Fingerprint string      `json:"fingerprint,omitempty"`
	Seed        uint64      `json:"seed"`
	Replication int         `json:"replication"`    // from 1
	Start       time.Time   `json:"start,omitzero"` // of the scenario
	Scale       float64     `json:"scale"`
	Clock       float64     `json:"clock"`             // seconds of the scenario in one of the attack
	From        engine.Time `json:"from"`              // of the scenario
	To          engine.Time `json:"to"`                // of the scenario
	Schedule    string      `json:"schedule"`          // SHA-256
	Target      string      `json:"target"`            // URL
	License     *Counted    `json:"license,omitempty"` // of the scenario: the policy and the key

	Plan     AttackPlan `json:"plan"`
	Verdict  string     `json:"verdict,omitempty"` // "" of a dry run
	Reasons  []string   `json:"reasons"`           // why it is inconclusive, or diverges
	Notes    []string   `json:"notes"`             // what is doubtful, or would not fit
	Partial  bool       `json:"partial,omitempty"` // ended before the plan did
	Sent     *AttackRun `json:"sent,omitempty"`    // null of a dry run
	Recorded string     `json:"record,omitempty"`  // file with each request
	Curves   *Curves    `json:"curves,omitempty"`  // predicted, as run and as reported
}

// Compared takes the verdict on the divergence into that on the attack: who
// asked for both must not read that all is well.
func (a *Attack) Compared() {
	c := a.Curves
	if c == nil || c.Why == "" || a.Verdict == Inconclusive && c.Verdict == Diverges {
		return
	}
	a.Verdict, a.Reasons = c.Verdict, append(a.Reasons, c.Why)
}

// Doubt is why what was sent, and when, does not tell what was to be measured,
// whatever came of --max-divergence. It is false when it does.
func (a *Attack) Doubt() (why string, ok bool) {
	if a.Verdict == Measured || a.Verdict == Diverges {
		return "", false
	}
	for _, why := range a.Reasons {
		if a.Curves == nil || why != a.Curves.Why {
			return why, true
		}
	}
	return "", a.Curves == nil || a.Curves.Why == ""
}

// An AttackPlan is what is to be sent, and what that takes.
type AttackPlan struct {
	Requests    int64          `json:"requests"` // without retries
	Visits      int64          `json:"visits"`   // virtual users: sequences of requests
	Users       int64          `json:"users"`    // members whose visits they are
	Joined      int64          `json:"joined"`   // visits that began before the window
	Sessions    int64          `json:"sessions"` // web sessions, if nobody is refused
	Cohorts     []AttackCohort `json:"cohorts"`
	Seconds     engine.Time    `json:"duration"` // of sending, as planned
	PeakRate    int            `json:"peak_rate"`
	InFlight    int            `json:"in_flight"`    // requests at once, if all take as long as planned
	MostFlight  int            `json:"in_flight_at"` // the most that are let
	Connections int            `json:"connections"`  // open at once, kept ones included
	Files       int            `json:"files"`
	FilesLimit  int64          `json:"files_limit"` // 0 is not known
	Memory      int64          `json:"memory"`      // bytes
	Addresses   int            `json:"addresses"`   // of sources
	Ports       int            `json:"ports"`       // of the busiest address
	PortsLimit  int            `json:"ports_limit"` // of one address; 0 is not known
	Unfit       []string       `json:"unfit"`       // what does not fit
}

// An AttackCohort is a cohort's part of a plan.
type AttackCohort struct {
	Name     string `json:"name"`
	Via      string `json:"via"`
	Path     string `json:"path"`
	Requests int64  `json:"requests"`
	Visits   int64  `json:"visits"`
	Users    int64  `json:"users"`

	Examples []string `json:"examples,omitempty"` // the first request of each kind; without secrets and cookies
}

// An AttackRun is what was sent and what came back. Each planned request is
// one of First, Abandoned and Unsent.
type AttackRun struct {
	Seconds   engine.Time `json:"duration"`
	First     int64       `json:"requests"` // planned requests that were sent, at whatever attempt, each once
	Retries   int64       `json:"retries"`  // what was sent of them again
	Served    int64       `json:"served"`   // of both
	Refused   int64       `json:"refused"`
	Failed    int64       `json:"failed"`
	Cut       int64       `json:"cut"`            // by the end of the attack
	TimedOut  int64       `json:"timed_out"`      // attempts that waited at a proxy with a cap for longer than their patience, and were not sent
	Abandoned int64       `json:"abandoned"`      // planned requests never sent, as their users gave up after a refusal or such a wait, there or earlier in the visit
	Unsent    int64       `json:"unsent"`         // planned requests not sent, as the attack ended before
	Sessions  int64       `json:"sessions"`       // web sessions that the target opened
	Dialed    int64       `json:"dialed"`         // connections
	InFlight  int         `json:"in_flight"`      // at the most
	Held      int64       `json:"held"`           // attempts that waited because too many were in flight
	Slowed    int64       `json:"slowed"`         // attempts that waited because a permission lets no more go in a second
	Waited    int64       `json:"waited"`         // attempts that waited at a proxy with a cap, in vain or not
	Waiting   int64       `json:"waiting_at_end"` // those of them that neither were sent nor gave up before the attack ended

	Samples       int64 `json:"samples"` // looks at the target's metrics, which are no attempts
	SamplesFailed int64 `json:"samples_failed"`

	FirstRefusal *AttackRefusal `json:"first_refusal"`
	Lag          Latency        `json:"lag"`       // of the generator: sent after plan and user were ready
	MaxLag       engine.Time    `json:"max_lag"`   // the 99th percentile of it may be so high
	Queue        Latency        `json:"queue"`     // of each request's first attempt that was sent: for the user, since the plan
	Service      Latency        `json:"service"`   // from sent to done
	Response     Latency        `json:"response"`  // of each request's first attempt that was sent: from the plan to done
	Cohorts      []AttackGroup  `json:"by_cohort"` // those with requests
	Vias         []AttackGroup  `json:"by_via"`
	Statuses     []AttackGroup  `json:"by_status"` // "none" when there was no answer
	Causes       []CauseCount   `json:"causes"`    // of those that failed

	// OverTime has the attempts by when they were sent, in stretches of equal
	// length; those without any are left out.
	OverTime []AttackStretch `json:"over_time"`
	Stretch  engine.Time     `json:"stretch"` // its length, in the scenario's time
}

// MostAttackStretches is in how many stretches attempts are counted.
const MostAttackStretches = 60

// An AttackStretch is the attempts that were sent in a stretch of time, but
// those that the attack's end cut.
type AttackStretch struct {
	At       engine.Time `json:"at"` // its begin, of the scenario
	Requests int64       `json:"requests"`
	Refused  int64       `json:"refused"`
	Failed   int64       `json:"failed"`
	P50      engine.Time `json:"p50"` // of the responses, with two digits; 0 without any
	P99      engine.Time `json:"p99"`
}

// An AttackRefusal is a refused request.
type AttackRefusal struct {
	At     engine.Time `json:"at"` // of the scenario, when it was sent
	Cohort string      `json:"cohort"`
	Via    string      `json:"via"`
	Status int         `json:"status"`
}

// An AttackGroup is the attempts that have something in common.
type AttackGroup struct {
	Name     string  `json:"name"`
	Requests int64   `json:"requests"` // attempts
	Refused  int64   `json:"refused"`
	Failed   int64   `json:"failed"`
	TimedOut int64   `json:"timed_out,omitempty"` // not among the attempts: they gave up at a proxy
	Service  Latency `json:"service"`
	Response Latency `json:"response"` // as that of the attack
}

// A Latency is a distribution of times, of a HdrHistogram with three digits.
type Latency struct {
	N    int64       `json:"n"`
	Mean engine.Time `json:"mean"`
	P50  engine.Time `json:"p50"`
	P90  engine.Time `json:"p90"`
	P99  engine.Time `json:"p99"`
	P999 engine.Time `json:"p999"`
	Max  engine.Time `json:"max"`

	Limits []QuantileLimits `json:"limits,omitempty"` // of P50, P90, P99 and P999; of lags and responses
}

// LimitConfidence is the confidence of each limit of a quantile.
const LimitConfidence = 0.95

// QuantileLimits are limits of a quantile of times by order statistics, as if
// the times were independent of each other. Where there are too few times for
// a limit it is null.
type QuantileLimits struct {
	Share float64      `json:"share"` // 0 to 1
	Low   *engine.Time `json:"low"`
	High  *engine.Time `json:"high"`
}

// A CauseCount is how many attempts failed by one cause.
type CauseCount struct {
	Cause string `json:"cause"`
	N     int64  `json:"n"`
}
