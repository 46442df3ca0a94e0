package result

import (
	"time"

	"highwater/engine"
)

// A Fit is a scenario that was fitted to a log, and how well simulating it
// reproduces the log.
type Fit struct {
	Schema       int              `json:"schema"`
	Kind         string           `json:"kind"` // "fit"
	Policy       string           `json:"policy"`
	Options      []engine.Setting `json:"options,omitempty"` // changed from the base
	Start        time.Time        `json:"start"`
	Duration     engine.Time      `json:"duration"`
	Events       int64            `json:"events"`
	Seed         uint64           `json:"seed"`
	Replications int              `json:"replications"`
	Partial      bool             `json:"partial,omitempty"` // interrupted: fewer replications than asked for
	Confidence   float64          `json:"confidence"`        // that a log that the scenario describes lies in a range
	Cohorts      []FitCohort      `json:"cohorts"`
	Figures      []FitFigure      `json:"figures"`
	Days         []FitDay         `json:"days"`
	Notes        []string         `json:"notes"`
}

// A FitCohort is what was found of visits that come by one way.
type FitCohort struct {
	Name       string          `json:"name"`
	Kind       string          `json:"kind"`
	Visits     int64           `json:"visits"`
	Callers    int64           `json:"callers"`  // different ones
	Members    int64           `json:"members"`  // of the cohort; 0 when each visit is somebody new
	Pages      float64         `json:"pages"`    // or calls, of a visit on average
	OnePage    float64         `json:"one_page"` // share of visits
	Length     engine.Time     `json:"length"`   // of a visit on average, from the first page or call to the last
	Logouts    float64         `json:"logouts"`  // share of web sessions
	Dispersion []FitDispersion `json:"dispersion"`
	Bursts     []FitBurst      `json:"bursts"`
}

// A FitBurst is a burst of the scenario: it has a CV or an Index.
type FitBurst struct {
	CV    float64     `json:"cv,omitempty"`
	Index float64     `json:"index,omitempty"`
	Every engine.Time `json:"every"`
}

// A FitDispersion is the index of dispersion of visits around their rates, in
// windows of one length.
type FitDispersion struct {
	Window  engine.Time `json:"window"`
	Windows int64       `json:"windows"`
	Log     float64     `json:"log"`
	Fit     float64     `json:"fit"`
}

// A FitFigure is a number of the log, beside those of the replications.
type FitFigure struct {
	Name    string  `json:"name"`
	Log     float64 `json:"log"`
	Median  float64 `json:"median"`
	Low     float64 `json:"low"`
	High    float64 `json:"high"`
	Outside bool    `json:"outside"` // the log's is out of the range
}

// A FitDay is the peak of one day of the calendar.
type FitDay struct {
	Date    string `json:"date,omitempty"`
	Peak    int    `json:"log"`
	Median  int    `json:"median"`
	Low     int    `json:"low"`
	High    int    `json:"high"`
	Outside bool   `json:"outside"`
}
