// Package result holds results as plain data: what the commands print, write
// as JSON and draw is one of these. Nothing is computed here.
//
// Within one schema number fields are only added.
package result

import (
	"cmp"
	"time"

	"highwater/engine"
)

// Schema is the number of the present shape of results.
const Schema = 1

// A Replay is what came of replaying a trace.
type Replay struct {
	Schema          int              `json:"schema"`
	Policy          string           `json:"policy"`
	Options         []engine.Setting `json:"-"`     // changed from the policy; the text names them
	LimitOn         string           `json:"-"`     // what the key limits: units or connections
	Units           int              `json:"units"` // of the key at the start; 0 is unlimited
	End             engine.Time      `json:"end"`
	Events          int64            `json:"events"`
	Skipped         *int64           `json:"skipped,omitempty"` // lines that are not valid; only when they may be skipped
	Admitted        int64            `json:"admitted"`
	Refused         int64            `json:"refused"`
	Uncharged       int64            `json:"uncharged"`
	Peak            engine.Peak      `json:"peak"`
	PeakConnections int              `json:"peak_connections"`
	UnitsAtEnd      int              `json:"units_at_end"`
	UnitSeconds     engine.UnitTime  `json:"unit_seconds"`
	FirstRefusal    *Refusal         `json:"first_refusal"`
	RefusedByVia    map[string]int64 `json:"refused_by_via"`
	Transitions     []Transition     `json:"transitions"`
	Top             []Holder         `json:"top"`
	OverContract    []OverContract   `json:"over_12,omitempty"`

	// Needed is the same if nobody were refused, and not part of the JSON; nil
	// when nobody is, or nobody asked.
	Needed *Replay `json:"-"`

	*Metered // nil, and not part of the JSON, unless somebody asks for it
}

// Metered is how use went over time in a replay, and by what it was counted.
type Metered struct {
	Kind     string           `json:"kind"` // "replay"
	Version  string           `json:"version"`
	Start    *time.Time       `json:"start"` // the wall clock of 0; null when that is not known
	Base     string           `json:"base"`
	Changed  []engine.Setting `json:"options,omitempty"` // from the base
	Limits   string           `json:"limit_on"`          // what the key limits: units or connections
	Enforced bool             `json:"enforced"`          // whether the key limits anything

	Demand            engine.Peak   `json:"demand"` // the peak if nobody were refused
	DemandConnections int           `json:"demand_connections"`
	TimeAt            []UnitsTime   `json:"time_at_units"`
	Hours             []HourUse     `json:"by_hour"`                  // of the week; none when the clock is not known
	DemandHours       []HourUse     `json:"demand_by_hour,omitempty"` // the same if nobody were refused, where that is not the same
	Refusals          RefusalCounts `json:"refusals"`
	Drawn             []Stretch     `json:"drawn"`
	DemandDrawn       []Stretch     `json:"demand_drawn,omitempty"` // where that is not the same

	// Policies are what each named policy makes of the same trace; the one by
	// which it was counted is the first.
	Policies   []PolicyCount `json:"policies,omitempty"`
	Connects   int64         `json:"connects,omitempty"`   // that the trace has, but jobs of others and what is never charged
	Identified int64         `json:"identified,omitempty"` // those of which it names the person or the device

	// Series is use over time, and DemandSeries what it would be without a
	// limit, nil where that is the same. They are not part of the JSON.
	Series       []Sample `json:"-"`
	DemandSeries []Sample `json:"-"`
}

// A PolicyCount is what a policy makes of a trace, with the same key and the
// same options as another.
type PolicyCount struct {
	Counted
	Alike []string `json:"alike,omitempty"` // other named policies with the same rules

	Peak              engine.Peak `json:"peak"`
	PeakConnections   int         `json:"peak_connections"`
	Demand            engine.Peak `json:"demand"` // the peak if nobody were refused
	DemandConnections int         `json:"demand_connections"`
	MeanUnits         float64     `json:"mean_units"` // in use, over the time
	Refused           int64       `json:"refused"`
	FirstRefusal      *Refusal    `json:"first_refusal"`
}

// HourUse is what was in use in an hour of the week.
type HourUse struct {
	Hour WeekHour `json:"hour_of_week"`
	Peak int      `json:"peak_units"`
	Mean float64  `json:"mean_units"`
}

// A Refusal is the first refused connection or login.
type Refusal struct {
	At            engine.Time `json:"at"`
	Conn          string      `json:"conn,omitempty"` // its name in the trace
	Via           string      `json:"via"`
	LicenseUserID string      `json:"license_user_id"`
	Reason        string      `json:"reason"`
	Needed        int         `json:"needed"` // units that it would have taken
	InUse         int         `json:"in_use"` // units in use just before
	ClientSees    string      `json:"client_sees"`

	Connections int `json:"-"` // charged connections open just before
}

// A Transition is a license user ID that went over to one unit per connection.
type Transition struct {
	At            engine.Time `json:"at"`
	LicenseUserID string      `json:"license_user_id"`
	Connections   int         `json:"connections"`
}

// TopHolders is how many holders of units a result lists.
const TopHolders = 10

// A Holder is a license user ID that held units at the peak.
type Holder struct {
	LicenseUserID     string      `json:"license_user_id"`
	UnitsAtPeak       int         `json:"units_at_peak"`
	ConnectionsAtPeak int         `json:"connections_at_peak"`
	UnitSeconds       engine.Time `json:"unit_seconds"`
}

// OverContract is a license user ID with more connections than the contract
// allows on a unit.
type OverContract struct {
	LicenseUserID string `json:"license_user_id"`
	Connections   int    `json:"connections"` // the most at once
}

// Compare orders holders as results list them: most units at the peak first,
// then most unit-seconds, then by name.
func (h Holder) Compare(o Holder) int {
	return cmp.Or(cmp.Compare(o.UnitsAtPeak, h.UnitsAtPeak), cmp.Compare(o.UnitSeconds, h.UnitSeconds), cmp.Compare(h.LicenseUserID, o.LicenseUserID))
}
