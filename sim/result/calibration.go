package result

import "highwater/engine"

// A Calibration says which readings of the rules fit what a target did in
// short experiments.
type Calibration struct {
	Schema  int         `json:"schema"`
	Kind    string      `json:"kind"` // "calibration"
	Version string      `json:"version,omitempty"`
	Target  string      `json:"target"`
	Policy  string      `json:"policy"` // whose readings
	Clock   float64     `json:"clock"`  // of the target: seconds in a real one
	Idle    int         `json:"idle"`   // units in use before
	Takes   engine.Time `json:"takes"`  // a call, in the target's time
	Reach   engine.Time `json:"reach"`  // within which it is taken to begin and end requests

	Experiments []Experiment       `json:"experiments"` // that were made
	Sets        int                `json:"sets"`        // readings
	Fitting     int                `json:"fitting"`     // of them
	Options     []CalibratedOption `json:"options"`
	First       []engine.Setting   `json:"first"` // the first reading that fits; null when none does
	Requests    int                `json:"requests"`
	Looks       int                `json:"looks"`    // at the metrics, which are no requests of those
	Duration    engine.Time        `json:"duration"` // real seconds
	Notes       []string           `json:"notes"`
	Verdict     string             `json:"verdict"` // decided, undecided, or inconclusive
}

// The verdicts on a calibration, besides [Inconclusive].
const (
	Decided   = "decided"
	Undecided = "undecided"
)

// An Experiment is a short one.
type Experiment struct {
	Name     string `json:"name"`
	Requests int    `json:"requests"`
	Refused  int    `json:"refused"`
	Units    []int  `json:"units"` // more than before, at each look
	Left     int    `json:"left"`  // readings that fit all so far
}

// A CalibratedOption is an option and its values under which a reading fits.
type CalibratedOption struct {
	Name    string   `json:"name"`
	Values  []string `json:"values"`
	Decided bool     `json:"decided"`
}
