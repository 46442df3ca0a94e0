// Package record writes down each request of an attack and reads it again.
//
// A record is a file that only grows: blocks with their length and a checksum,
// the first with a [Header], then those with entries, and when the attack has
// come to its end one with an [End]. What was cut off or damaged is told by
// [Reader.Missing]; all before it is good. The package knows no clock and
// opens no file.
package record

import (
	"net/netip"
	"time"

	"highwater/engine"
	"highwater/sim"
	"highwater/sim/result"
)

// A Header says what was sent, by whom, and where.
type Header struct {
	Version     string           `json:"version"`  // of the program
	Scenario    string           `json:"scenario"` // its name
	Fingerprint string           `json:"fingerprint"`
	Schedule    string           `json:"schedule"` // SHA-256 of the schedule
	Seed        uint64           `json:"seed"`
	Replication int              `json:"replication"` // from 1
	Scale       float64          `json:"scale"`
	Clock       float64          `json:"clock"` // seconds of the scenario in one of the attack
	From        engine.Time      `json:"from"`  // of the scenario
	To          engine.Time      `json:"to"`
	Epoch       time.Time        `json:"epoch"`  // the scenario's wall clock at its start
	Target      string           `json:"target"` // URL, without a secret
	Start       time.Time        `json:"start"`  // the wall clock at instant 0 of the entries
	Requests    int              `json:"requests"`
	Visits      int              `json:"visits"`
	Users       int              `json:"users"`
	Policy      string           `json:"policy"` // of the scenario's license
	Base        string           `json:"base"`
	Options     []engine.Setting `json:"options,omitempty"`
	Units       int              `json:"units"`
	Cohorts     []Cohort         `json:"cohorts"`                // all of the scenario, by index
	InFlight    int              `json:"in_flight_at,omitempty"` // the most that are let
	MaxLag      engine.Time      `json:"max_lag,omitempty"`      // the 99th percentile of the lag may be so high
}

// A Cohort is what the license sees of a cohort.
type Cohort struct {
	Name         string      `json:"name"`
	Via          string      `json:"via"`
	Path         string      `json:"path,omitempty"`     // of its requests; "" when it has none
	Method       string      `json:"method,omitempty"`   // of its calls or pages; "" is GET, or POST of SOAP
	Slug         string      `json:"slug,omitempty"`     // its name in user names and in paths that it does not give
	User         string      `json:"user,omitempty"`     // "own", or the name that all share; "" is anonymous
	Login        bool        `json:"login,omitempty"`    // that user logs in on the second page
	Session      bool        `json:"session,omitempty"`  // requests of a visit are one web session
	Timeout      engine.Time `json:"timeout,omitempty"`  // of the web session; 0 is never
	Forwards     string      `json:"forwards,omitempty"` // header with the client's address
	DropsCookies bool        `json:"cookieless,omitempty"`
}

// Outcome is what came of an attempt.
type Outcome uint8

// The outcomes.
const (
	Served    Outcome = iota // an answer that is no refusal and no error
	Refused                  // for lack of license units
	Failed                   // another answer, or none
	Cut                      // by the attack itself, which was told to end
	Impatient                // never sent: it waited at a proxy with a cap for longer than its patience
)

// Outcomes lists the names of the outcomes.
var Outcomes = [...]string{Served: "served", Refused: "refused", Failed: "failed", Cut: "cut", Impatient: "queue timeout"}

func (o Outcome) String() string { return Outcomes[min(int(o), len(Outcomes)-1)] }

// Cause is why an attempt failed.
type Cause uint8

// The causes.
const (
	NoCause      Cause = iota
	BadStatus          // an answer with an error
	NoConnection       // none could be made
	NoAddress          // the source address or its ports cannot be used
	Reset              // the connection ended before the answer
	TimedOut           // no whole answer in time
	Garbage            // the answer is not HTTP
	TooLarge           // the answer is longer than what is read
	Elsewhere          // redirected to another host
	NotAllowed         // the address must not be asked
	Redirects          // too many, on the same host
	numCauses
)

var causes = [numCauses]string{
	NoCause: "", BadStatus: "status", NoConnection: "no connection", NoAddress: "no source address or port", Reset: "connection lost",
	TimedOut: "no answer in time", Garbage: "not HTTP", TooLarge: "answer too large", Elsewhere: "redirected elsewhere", NotAllowed: "not allowed",
	Redirects: "too many redirects",
}

func (c Cause) String() string {
	if int(c) < len(causes) {
		return causes[c]
	}
	return "unknown"
}

// An Entry is one attempt of a request. Its instants count from the start of
// the attack, on a clock that no one sets. One that gave up at a proxy was
// ready, sent and done when its patience ended.
type Entry struct {
	Request uint32 // its number in the schedule, from 0
	Attempt uint32 // 0 is the first; others are retries
	Visit   uint32 // of the schedule
	Cohort  uint32
	Member  uint64
	Kind    sim.RequestKind

	Planned time.Duration // a retry: when it was due
	Ready   time.Duration // from when on the user could send it
	Sent    time.Duration
	Done    time.Duration

	Outcome   Outcome
	Cause     Cause
	Status    int    // 0 when there was no answer
	Session   uint32 // the visit's web sessions so far; 0 is none
	Dialed    bool   // on a new connection
	Resent    bool   // as an idle connection ended; the target may have seen it before
	GaveUp    bool   // refused or impatient, and the visit ends with it
	Redirects uint32
	In, Out   int64 // bytes

	Address   netip.Addr // of the source; invalid when the system chose it
	Forwarded netip.Addr // named by a proxy; invalid when none was
}

// Reached reports whether the target may have seen the attempt: a connection
// was made, and something was written to it.
func (e *Entry) Reached() bool {
	return e.Outcome == Served || e.Outcome == Refused || e.Out > 0 || e.Status > 0
}

// Service is how long the target took.
func (e *Entry) Service() time.Duration { return e.Done - e.Sent }

// Response is how long the user waited since the plan.
func (e *Entry) Response() time.Duration { return e.Done - e.Planned }

// Queue is how long the request waited for its user.
func (e *Entry) Queue() time.Duration { return max(0, e.Ready-e.Planned) }

// Lag is how late the generator was.
func (e *Entry) Lag() time.Duration { return max(0, e.Sent-max(e.Planned, e.Ready)) }

// An End is how an attack ended.
type End struct {
	Reason  string `json:"reason"`  // "" when the plan was done
	Entries int64  `json:"entries"` // in all blocks
	Samples int64  `json:"samples"` // in all blocks

	// Result is what came of it, without curves; nil in records of an earlier
	// version.
	Result *result.Attack `json:"result,omitempty"`
}

// A Sample is what the target said of its units when it was asked. It said it
// at some instant from Sent to Done.
type Sample struct {
	Sent, Done time.Duration
	Failed     string  // why there are no figures; "" when there are
	Consumed   float64 // units in use
	Available  float64 // units not in use; +Inf without a limit, NaN when it did not say
	Percent    float64 // of its units; NaN when it did not say
	Sessions   float64 // web sessions; NaN when it did not say
}

// A File is a file that the scenario was read from; the first one is the
// scenario.
type File struct {
	Name string // as messages call it; of the others as the scenario does
	Data []byte
}

// A State is what an emulated target said of itself before the first request.
type State struct {
	Sent     time.Duration    `json:"sent"`
	Done     time.Duration    `json:"done"`
	Scenario string           `json:"scenario"` // whose other cohorts it holds; "" is none
	Policy   string           `json:"policy"`
	Base     string           `json:"base,omitempty"` // the named policy that it is, but for the options; "" is not known
	Options  []engine.Setting `json:"options,omitempty"`
	Units    int              `json:"units"`
	Clock    float64          `json:"clock"`
	At       engine.Time      `json:"at"` // on its clock, from Sent to Done

	Fingerprint string    `json:"fingerprint,omitempty"` // of the scenario; "" is not known
	Started     time.Time `json:"started,omitzero"`      // when the target was

	RefusedByVia map[string]int64 `json:"refused_by_via"` // until then; nil is not known
	FirstRefusal *result.Refusal  `json:"first_refusal,omitempty"`

	Last *State `json:"last,omitempty"` // what it said after the last request; nil is nothing
}
