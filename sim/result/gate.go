package result

// A Judgement is what a gate says.
type Judgement string

// The verdicts. What cannot be decided is no pass.
const (
	Pass       Judgement = "pass"
	Fail       Judgement = "fail"
	CannotTell Judgement = "inconclusive"
	Skipped    Judgement = "skipped" // asked of another kind of result; as if it was not there
)

// A Gate says whether a scenario or a result is as it was asked to be, and no
// worse than a baseline. It can be a baseline itself.
type Gate struct {
	Schema       int          `json:"schema"`
	Kind         string       `json:"kind"` // "gate"
	Version      string       `json:"version,omitempty"`
	Of           string       `json:"of"`             // what was judged: scenario, or the kind of a result
	Name         string       `json:"name,omitempty"` // of the scenario
	Fingerprint  string       `json:"fingerprint,omitempty"`
	Seed         uint64       `json:"seed,omitempty"`
	Replications int          `json:"replications,omitempty"`
	Verdict      Judgement    `json:"verdict"`
	Expectations []Judged     `json:"expectations"`
	Baseline     *Baseline    `json:"baseline"` // null when there is none
	Notes        []string     `json:"notes"`
	Policies     []Counted    `json:"policies"`
	Figures      []GateFigure `json:"figures"` // that a later gate compares with
}

// A Judged is an expectation and what came of it.
type Judged struct {
	Name    string    `json:"name"`
	Verdict Judgement `json:"verdict"`
	Why     string    `json:"why"` // in a sentence
	Figure  string    `json:"figure"`
	Unit    string    `json:"unit"` // units, connections, attempts, sessions, s, or "" of a share
	Most    float64   `json:"at_most"`
	Policy  string    `json:"policy,omitempty"`
	Cohort  string    `json:"cohort,omitempty"`

	// Value is the figure. Of runs it is the one that all but the risk of them
	// keep to, and Low and High are its limits by order statistics, each with
	// the confidence; null where there are too few.
	Value  *float64 `json:"value"`
	Low    *float64 `json:"low"`
	High   *float64 `json:"high"`
	Margin *float64 `json:"margin"` // at_most less value; negative: too much

	Risk       float64   `json:"risk,omitempty"` // of runs with more that is accepted
	Confidence float64   `json:"confidence,omitempty"`
	Over       *RunsOver `json:"over"` // null where runs are not counted

	File   string `json:"file,omitempty"`
	Line   int    `json:"line,omitempty"`
	Column int    `json:"column,omitempty"`
}

// RunsOver is how many runs have more than they may, with limits of the share
// (Clopper and Pearson's), each with the expectation's confidence.
type RunsOver struct {
	Count int     `json:"count"`
	N     int     `json:"n"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
}

// A Baseline is a comparison with an earlier result.
type Baseline struct {
	Verdict     Judgement  `json:"verdict"`
	Version     string     `json:"version,omitempty"`
	Fingerprint string     `json:"fingerprint,omitempty"`
	Seed        uint64     `json:"seed,omitempty"`
	Changes     []string   `json:"changes"` // what else is different, besides figures
	Compared    []Compared `json:"compared"`
}

// A Compared is a figure beside the same of the baseline.
type Compared struct {
	Name       string    `json:"name"`
	Verdict    Judgement `json:"verdict"`
	Why        string    `json:"why"`
	How        How       `json:"how"`
	Unit       string    `json:"unit"`
	Base       *float64  `json:"base"` // mean, median or number; null when the baseline has none
	Value      *float64  `json:"value"`
	Difference *float64  `json:"difference"`
	Low        *float64  `json:"low"` // of the difference
	High       *float64  `json:"high"`
	Allowed    float64   `json:"allowed"` // so much more is no failure
	N          int       `json:"n"`       // pairs, or values of the fewer
}

// How says how a figure compares.
type How string

// The ways.
const (
	Exact  How = "exact"  // one number that equal inputs give again
	Paired How = "paired" // one of each run, of the same people in both
	Timing How = "timing" // of real runs, one of each, whose order says nothing
)

// A GateFigure is a number by which results are compared: less is better.
type GateFigure struct {
	Name   string    `json:"name"`
	Policy string    `json:"policy,omitempty"`
	Unit   string    `json:"unit"`
	How    How       `json:"how"`
	Values []float64 `json:"values"`
}
