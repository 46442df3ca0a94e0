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
	Idle    int         `json:"idle"`   // units in use before the first request
	Leaves  engine.Time `json:"leaves"` // for how long it leaves units in use at the most, in the target's time
	Others  int         `json:"others"` // most units of others in a round that counts
	Reach   engine.Time `json:"reach"`  // within which it is taken to begin and end requests that are not late, in its time

	MostRequests int         `json:"most_requests"` // that might have been sent
	MostDuration engine.Time `json:"most_duration"` // and for how long, in real seconds

	Ways        []CalibratedWay     `json:"ways"`        // what was tried first
	Experiments []Experiment        `json:"experiments"` // that were made
	Noise       float64             `json:"noise"`       // chance that a round is taken to be spoiled without notice
	Margin      int                 `json:"margin"`      // so many more rounds than against the best reading rule one out
	Sets        int                 `json:"sets"`        // readings
	Fitting     int                 `json:"fitting"`     // of them
	Options     []CalibratedOption  `json:"options"`
	First       []engine.Setting    `json:"first"` // the best reading, the first of several; null when none fits
	Readings    []CalibratedReading `json:"readings"`
	Requests    int                 `json:"requests"`
	Looks       int                 `json:"looks"`    // at the metrics, which are no requests of those
	Duration    engine.Time         `json:"duration"` // real seconds
	Notes       []string            `json:"notes"`
	Failed      int                 `json:"failed"`          // requests and looks; what is not offered is none
	Ended       string              `json:"ended,omitempty"` // why before all experiments were made
	Verdict     string              `json:"verdict"`         // decided, undecided, or inconclusive
}

// The verdicts on a calibration, besides [Inconclusive].
const (
	Decided   = "decided"
	Undecided = "undecided"
)

// A CalibratedWay is what a target offers, or not.
type CalibratedWay struct {
	Via     string      `json:"via"`
	Path    string      `json:"path"`
	Named   bool        `json:"named"` // with a user name
	Offered bool        `json:"offered"`
	Why     string      `json:"why,omitempty"` // not
	Takes   engine.Time `json:"takes"`         // the shortest request, in the target's time
}

// An Experiment is a short one that is repeated in rounds.
type Experiment struct {
	Name        string `json:"name"`
	Requests    int    `json:"requests"`
	Refused     int    `json:"refused"`
	Counted     int    `json:"counted"`     // rounds
	Late        int    `json:"late"`        // rounds that tell nothing, as requests were late
	Failed      int    `json:"failed"`      // rounds in which requests failed
	Moved       int    `json:"moved"`       // rounds in which the units of others moved
	Unexplained int    `json:"unexplained"` // rounds in which no reading that was left explains what was seen
	Unusable    bool   `json:"unusable"`    // too many of those
	Units       []int  `json:"units"`       // more than at the first one, at each look of the last round that counts
	Left        int    `json:"left"`        // readings that are not ruled out
}

// A CalibratedOption is an option and its values that are not ruled out.
type CalibratedOption struct {
	Name     string          `json:"name"`
	Values   []string        `json:"values"`
	Decided  bool            `json:"decided"`
	Apart    bool            `json:"apart"` // not decided, though rounds tell the values apart: there were too few
	Evidence []ValueEvidence `json:"evidence"`
}

// A ValueEvidence is how many rounds agree with the best reading that has a
// value. A reading that is ruled out is asked no more.
type ValueEvidence struct {
	Value  string `json:"value"`
	Agrees int    `json:"agrees"` // rounds
	Of     int    `json:"of"`
}

// A CalibratedReading is a reading, and how many rounds agree with it.
type CalibratedReading struct {
	Settings []engine.Setting `json:"settings"`
	Agrees   int              `json:"agrees"`
	Of       int              `json:"of"`
	Left     bool             `json:"left"` // not ruled out
}
