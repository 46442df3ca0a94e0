package result

import (
	"time"

	"highwater/engine"
)

// An Explanation says who holds license units at an instant, and why.
type Explanation struct {
	Schema      int              `json:"schema"`
	Kind        string           `json:"kind"` // "explanation"
	Version     string           `json:"version,omitempty"`
	Scenario    string           `json:"scenario,omitempty"` // its name; a trace has none
	Fingerprint string           `json:"fingerprint,omitempty"`
	Seed        uint64           `json:"seed,omitempty"`
	Replication int              `json:"replication,omitempty"` // from 1
	Policy      string           `json:"policy"`
	Base        string           `json:"base"`
	Options     []engine.Setting `json:"options,omitempty"` // changed from the base
	Units       int              `json:"units"`             // of the key at the instant; 0 is unlimited
	LimitOn     string           `json:"limit_on"`          // what the key limits: units or connections
	Enforced    bool             `json:"enforced"`          // whether the key limits anything

	Which        string         `json:"which"` // time, peak or first-refusal
	At           *engine.Time   `json:"at"`    // null when nobody was refused
	Clock        *time.Time     `json:"clock"` // the same on the wall clock; null when that is not known
	End          engine.Time    `json:"end"`   // of the run or trace
	InUse        int            `json:"in_use"`
	Connections  int            `json:"connections"`
	Refused      int64          `json:"refused"`       // attempts up to the instant
	FirstRefusal *CohortRefusal `json:"first_refusal"` // of the whole run or trace

	Split    []CategoryUnits `json:"split"` // every category, in one order
	ByCohort []CohortSplit   `json:"by_cohort"`
	Holders  []UnitHolder    `json:"holders"`
	Notes    []string        `json:"notes"` // what is doubtful
}

// The categories of units in use, in the order in which results list them.
// Each unit is in one of them.
const (
	Working           = "working"            // something goes on in a connection of the license user ID
	Idle              = "idle"               // its web sessions wait for their time-out
	Held              = "hold"               // of a finished call
	Graced            = "grace"              // of a web session of one page
	TransitionSurplus = "transition_surplus" // what one unit per connection costs more than one unit
	ContractSurplus   = "contract_surplus"   // the contract's further units, one for each 12 connections
	Leaked            = "leaked"             // nothing will end its web sessions
)

// Categories lists the categories of units.
func Categories() []string {
	return []string{Working, Idle, Held, Graced, TransitionSurplus, ContractSurplus, Leaked}
}

// CategoryUnits is how many of the units are in a category.
type CategoryUnits struct {
	Category string `json:"category"`
	Units    int    `json:"units"`
}

// A CohortSplit is the units of a cohort's license user IDs.
type CohortSplit struct {
	CohortUnits
	Split []CategoryUnits `json:"split"` // without categories that have none
}

// A UnitHolder is a license user ID that holds units.
type UnitHolder struct {
	LicenseUserID string            `json:"license_user_id"`
	Cohort        string            `json:"cohort"` // several when they share it
	Vias          []string          `json:"vias"`   // of its connections; the last one's when there is none
	Units         int               `json:"units"`
	Connections   int               `json:"connections"`
	Since         engine.Time       `json:"since"` // it has held units without a break
	Until         *engine.Time      `json:"until"` // they end by themselves; null while connections are open
	Transitioned  *HolderTransition `json:"transitioned"`
	Split         []CategoryUnits   `json:"split"` // without categories that have none
	Conns         []HolderConn      `json:"conns"` // in the order of their begin
}

// A HolderTransition says since when a license user ID pays for each
// connection, and which one made it so.
type HolderTransition struct {
	At          engine.Time `json:"at"`
	Conn        string      `json:"conn"`
	Via         string      `json:"via"`
	Cohort      string      `json:"cohort"`
	Who         string      `json:"who"`
	Connections int         `json:"connections"` // that it had from then on
}

// A HolderConn is a connection of a license user ID that holds units.
type HolderConn struct {
	Conn   string       `json:"conn"` // its name in the trace
	Via    string       `json:"via"`
	Cohort string       `json:"cohort"`
	Who    string       `json:"who"` // the person, device, user or address behind it
	Start  engine.Time  `json:"start"`
	Last   engine.Time  `json:"last"`  // page, login or begin
	State  string       `json:"state"` // working, idle, hold or leaked
	Until  *engine.Time `json:"until"` // idle, hold: its end; null when that is not known
}
