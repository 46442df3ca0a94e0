package result

import "highwater/engine"

// Readings is the demand for units under every reading of the documents.
type Readings struct {
	Schema  int             `json:"schema"`
	Kind    string          `json:"kind"` // "readings"
	Policy  string          `json:"policy"`
	Sets    int             `json:"sets"`
	Lowest  ReadingPeak     `json:"lowest"`
	Highest ReadingPeak     `json:"highest"`
	Options []ReadingOption `json:"options"` // the one that matters most first
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
