package result

import (
	"cmp"
	"time"

	"highwater/engine"
)

// A Target is what came of the requests that an emulated target has answered,
// with what the scenario's other cohorts did in its license table. What has
// the name of a field of a [Replay] is the same, and is what the target's own
// trace replays to.
type Target struct {
	Schema  int              `json:"schema"`
	Kind    string           `json:"kind"` // "target"
	Version string           `json:"version,omitempty"`
	Policy  string           `json:"policy"`
	Base    string           `json:"base"` // the named policy that it is, but for the options
	Options []engine.Setting `json:"options,omitempty"`
	LimitOn string           `json:"-"`
	Units   int              `json:"units"` // of the key; 0 is unlimited
	Clock   float64          `json:"clock"` // seconds of its own in a second

	Scenario    string    `json:"scenario,omitempty"`    // whose other cohorts it holds, by name
	Fingerprint string    `json:"fingerprint,omitempty"` // of that
	Start       time.Time `json:"start,omitzero"`        // the wall clock from which instants count: the scenario's, else the target's own; zero when the scenario has none
	Started     time.Time `json:"started"`               // when the target was, whatever its clock says

	Begin           engine.Time      `json:"begin"`
	At              engine.Time      `json:"at"` // now
	Requests        int64            `json:"requests"`
	Answers         []Answer         `json:"answers"`     // by status
	TurnedAway      int64            `json:"turned_away"` // requests that were too much for the target itself
	Abandoned       int64            `json:"abandoned"`   // requests whose client went away
	InUse           int              `json:"in_use"`      // units now
	Connections     int              `json:"connections"` // charged, now
	Sessions        int              `json:"sessions"`    // web sessions now
	Admitted        int64            `json:"admitted"`
	Refused         int64            `json:"refused"`
	Peak            engine.Peak      `json:"peak"`
	PeakConnections int              `json:"peak_connections"`
	Transitions     int              `json:"transitions"`
	UnitSeconds     engine.UnitTime  `json:"unit_seconds"`
	FirstRefusal    *Refusal         `json:"first_refusal"`
	RefusedByVia    map[string]int64 `json:"refused_by_via"`
	Rows            []TargetRow      `json:"rows"`       // the largest now
	RowsTotal       int              `json:"rows_total"` // that hold units now
}

// An Answer is how many requests got a status.
type Answer struct {
	Status int   `json:"status"`
	Count  int64 `json:"count"`
}

// A TargetRow is a row of the license table now.
type TargetRow struct {
	LicenseUserID string      `json:"license_user_id"`
	Units         int         `json:"units"` // units set apart included
	Connections   int         `json:"connections"`
	Vias          []string    `json:"vias"`            // of its connections
	Since         engine.Time `json:"since,omitempty"` // begin of its oldest connection; 0 when it has none
	Until         engine.Time `json:"until,omitempty"` // end of its hold or grace; 0 when none runs
	Kept          string      `json:"kept,omitempty"`  // "hold" or "grace": what runs until then
	Transitioned  bool        `json:"transitioned,omitempty"`
}

// TargetRows is how many rows a [Target] has at most.
const TargetRows = 200

// Compare orders rows: most units first, then by name.
func (r TargetRow) Compare(o TargetRow) int {
	return cmp.Or(cmp.Compare(o.Units, r.Units), cmp.Compare(r.LicenseUserID, o.LicenseUserID))
}
