package engine

import "reflect"

// A Policy is a set of rules of counting. It is data: a named policy is a row
// of values, and a reading of the documents is a copy with some values
// changed. [Policy.Set] changes one by the name of its option.
type Policy struct {
	Name string // what reports call it
	Base string // the named policy that it started as
	// Changed lists the options that Set has changed since the named policy,
	// in the order of first change.
	Changed []Setting

	Contract     bool // counts people and devices, not connections (rules: contract)
	DefaultUnits int  // units of a key that says nothing; 0 is unlimited
	ServerPort   int  // of the license server

	MaxConnections       int // a unit's, >= 1 (rules: unit)
	TransitionAt         TransitionAt
	TransitionShort      TransitionShort
	RefusedAttemptSticks bool

	AnonID            AnonID
	AuthWebID         AuthWebID
	UsernameLicensing bool
	JobFromCSP        JobFromCSP
	TaskID            TaskID
	LicenseAltHeaders bool
	XFFPick           XFFPick
	HostAddress       string
	Uncharged         ViaSet

	HoldSeconds          Time // 0 is no hold
	HoldScope            HoldScope
	HoldFrom             HoldFrom
	HoldExtend           bool
	HoldCountsConnection bool

	GraceSeconds         Time // 0 is no grace
	GraceOn              GraceOn
	GraceReuse           bool
	GraceKeepsTransition bool

	TimeoutLag Time

	ConnectionLimit int // connections of one license user ID; 0 is none
	UserLimit       int // units of this instance; 0 is none
	LimitOn         LimitOn
	Enforce         bool
	ContractOver    ContractOver
	CSPRefusal      CSPRefusal
}

// WithoutLimit is the policy without a limit on units or on the key's
// connections, so that the peak is the demand (rules: demand).
func (p Policy) WithoutLimit() Policy {
	p.UserLimit, p.Enforce = 0, false
	return p
}

// SameRules reports whether two policies count alike, whatever they are called
// and whatever their keys are unless somebody says otherwise.
func (p Policy) SameRules(o Policy) bool {
	p.Name, p.Base, p.Changed, p.DefaultUnits, p.ServerPort = o.Name, o.Base, o.Changed, o.DefaultUnits, o.ServerPort
	return reflect.DeepEqual(p, o)
}

// A Setting is an option and its value, as text.
type Setting struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// TransitionAt is the edge of the transition (rules: transition).
type TransitionAt uint8

// The edges.
const (
	GtMax TransitionAt = iota // more connections than a unit's maximum
	GeMax                     // as many
)

// TransitionShort is what happens to a transition that lacks units (rules: transition-short).
type TransitionShort uint8

// The choices.
const (
	RefuseTransition TransitionShort = iota
	Overcommit
)

// AnonID is whose unit an anonymous call takes (rules: anonymous).
type AnonID uint8

// The choices.
const (
	AnonByAddress AnonID = iota
	AnonGlobal
	AnonBySession
)

// AuthWebID is the license user ID of a web session or call with a known user (rules: web-user).
type AuthWebID uint8

// The choices.
const (
	UserAtAddress AuthWebID = iota
	SessionOnly
)

// JobFromCSP is the license user ID of a job that a web session or call started (rules: job).
type JobFromCSP uint8

// The choices.
const (
	OwnAddressLID JobFromCSP = iota
	SessionLID
)

// TaskID is the license user ID of a Task Manager task (rules: task).
type TaskID uint8

// The choices.
const (
	UserAtHost TaskID = iota
	UserGlobal
)

// XFFPick is which of several forwarded addresses counts (rules: forwarded).
type XFFPick uint8

// The choices.
const (
	PickFirst XFFPick = iota
	PickLast
	PickWhole
)

// HoldScope is which calls hold their unit (rules: hold).
type HoldScope uint8

// The choices.
const (
	AllSessionless HoldScope = iota
	AnonymousOnly
)

// HoldFrom is where a hold begins (rules: hold).
type HoldFrom uint8

// The choices.
const (
	FromStart HoldFrom = iota
	FromEnd
)

// GraceOn is which ends start a grace period (rules: grace).
type GraceOn uint8

// The choices.
const (
	LogoutOrTimeout GraceOn = iota
	TimeoutOnly
)

// LimitOn is what the key limits (rules: community).
type LimitOn uint8

// The choices.
const (
	LimitUnits LimitOn = iota
	LimitConnections
)

// String is what the key limits, in the plural.
func (l LimitOn) String() string { return [...]string{"units", "connections"}[l] }

// ContractOver is what more than 12 connections cost by contract (rules: contract).
type ContractOver uint8

// The choices.
const (
	CeilDiv ContractOver = iota
	FlagOnly
)

// CSPRefusal is the status that a refused browser gets (rules: client-sees).
type CSPRefusal uint8

// The choices.
const (
	NotFound CSPRefusal = iota
	Unavailable
)

// ContractConnections is how many connections the contract allows a user on
// one unit (rules: contract).
const ContractConnections = 12

// defaults are the values of iris-2022.3.
var defaults = Policy{
	Name: "iris-2022.3", Base: "iris-2022.3", ServerPort: 4002, MaxConnections: 25, HostAddress: "192.0.2.1",
	HoldSeconds: 10 * Second, HoldExtend: true, GraceSeconds: 600 * Second, GraceReuse: true, Enforce: true,
}

// policies are the named policies, each by how it differs from the defaults
// (rules: policy).
var policies = []struct {
	name   string
	help   string
	differ func(*Policy)
}{
	{"iris-2022.3", "IRIS, IRIS for Health and Health Connect since 2022.3: REST and SOAP count", func(*Policy) {}},
	{"iris-pre-2022.3", "the same before 2022.3: REST and SOAP do not count",
		func(p *Policy) { p.Uncharged = ViaSet(0).With(REST).With(SOAP) }},
	{"ensemble", "Ensemble: REST and SOAP do not count",
		func(p *Policy) { p.Uncharged = ViaSet(0).With(REST).With(SOAP) }},
	{"cache", "Caché: REST and SOAP count", func(p *Policy) { p.ServerPort = 4001 }},
	{"health-connect-hlu", "Health Connect licensed by HLU: 25 concurrent users",
		func(p *Policy) { p.DefaultUnits = 25 }},
	{"community", "Community Edition: 8 connections, not units",
		func(p *Policy) { p.LimitOn = LimitConnections; p.DefaultUnits = 8 }},
	{"core", "a core-based key: no limit on users", func(p *Policy) { p.Enforce = false }},
	{"contract", "the contract's count of people and devices, 12 connections each; not an enforcement",
		func(p *Policy) { p.Enforce = false; p.Contract = true; p.HoldSeconds = 0; p.GraceSeconds = 0 }},
}

// PolicyNames lists the named policies, the default first.
func PolicyNames() []string {
	names := make([]string, len(policies))
	for i, p := range policies {
		names[i] = p.name
	}
	return names
}

// PolicyHelp is one line on what a named policy stands for.
func PolicyHelp(name string) string {
	for _, p := range policies {
		if p.name == name {
			return p.help
		}
	}
	return ""
}

// NamedPolicy finds a named policy. The empty name is the default's.
func NamedPolicy(name string) (Policy, bool) {
	p := defaults
	for _, row := range policies {
		if row.name == name {
			p.Name, p.Base = name, name
			row.differ(&p)
			return p, true
		}
	}
	return p, name == ""
}
