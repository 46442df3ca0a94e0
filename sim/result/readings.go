package result

import (
	"time"

	"highwater/engine"
)

// Readings is the demand for units under every reading of the documents, of a
// scenario or of a trace.
type Readings struct {
	Schema      int         `json:"schema"`
	Kind        string      `json:"kind"` // "readings"
	Version     string      `json:"version,omitempty"`
	Scenario    string      `json:"scenario,omitempty"`    // its name; "" of a trace
	Fingerprint string      `json:"fingerprint,omitempty"` // SHA-256 of the scenario's files
	Start       *time.Time  `json:"start"`                 // null of a trace that does not say it
	Duration    engine.Time `json:"duration"`
	Seed        uint64      `json:"seed,omitempty"` // of the peaks, which are those of replication 1; absent of a trace
	Policy      string      `json:"policy"`
	License     *Counted    `json:"license,omitempty"` // the same with its options and the key, which limits none of the readings

	Sets    int             `json:"sets"`
	Lowest  ReadingPeak     `json:"lowest"`
	Highest ReadingPeak     `json:"highest"`
	Options []ReadingOption `json:"options"` // the one that matters most first
	Over    *ReadingsOver   `json:"over_replications,omitempty"`
}

// ReadingsOver is what the lowest and the highest reading need over all
// replications, beside the reading that is taken when nobody says otherwise.
// The lowest and the highest are those of the first replication.
type ReadingsOver struct {
	Replications int         `json:"replications"`
	Seed         uint64      `json:"seed"`
	EndedBy      EndedBy     `json:"ended_by"`
	Confidence   float64     `json:"confidence"` // of what is guaranteed
	Taken        ReadingNeed `json:"taken"`
	Lowest       ReadingNeed `json:"lowest"`
	Highest      ReadingNeed `json:"highest"`
	Difference   Difference  `json:"difference"` // of the peaks of the highest and the lowest
	Contract     ReadingNeed `json:"contract"`   // the contract's count of the same people, which no reading changes
}

// A ReadingNeed is what a reading needs, if nobody is refused.
type ReadingNeed struct {
	Settings  []engine.Setting `json:"settings"`
	PeakUnits Spread           `json:"peak_units"` // over the replications
	Enough    Need             `json:"enough"`
}

// A ReadingPeak is a peak and the reading that it comes of.
type ReadingPeak struct {
	PeakUnits int              `json:"peak_units"`
	Settings  []engine.Setting `json:"settings"`
}

// A ReadingOption says how much an option that chooses a reading matters.
type ReadingOption struct {
	Name   string         `json:"name"`
	Effect int            `json:"effect"` // the most units that it changes the peak by, all others equal
	Values []ReadingValue `json:"values"`
}

// A ReadingValue is the range of peaks under one value of an option.
type ReadingValue struct {
	Value   string `json:"value"`
	Lowest  int    `json:"lowest"`
	Highest int    `json:"highest"`
}
