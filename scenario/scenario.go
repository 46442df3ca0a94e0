// Package scenario describes traffic and a license: who connects when, how,
// for how long, and what the key allows. It runs nothing.
//
// [Parse] reads the YAML form, checks it and reports every mistake with file,
// line and column. [Schema] is the same table of fields as a JSON Schema.
package scenario

import (
	"time"

	"highwater/engine"
)

// A Scenario is a whole file: what a license has to serve. Parse fills every
// default, so a reader of a Scenario need not know any.
type Scenario struct {
	Name     string
	Start    time.Time   // the wall clock at instant 0; its zone is that of every clock time
	Duration engine.Time // > 0
	Seed     uint64
	Reps     int // replications when nobody says otherwise, >= 1

	License License
	Compare []engine.Policy // besides the license's policy, in order, without it

	Proxies []Proxy
	Cohorts []Cohort

	Expect []Expectation // what a gate asks for, in order
}

// A License is a key and the policy that counts for it.
type License struct {
	Units  int // 0 is unlimited
	Policy engine.Policy
}

// Policies lists the license's policy, then those to compare.
func (s *Scenario) Policies() []engine.Policy {
	return append([]engine.Policy{s.License.Policy}, s.Compare...)
}

// A Proxy stands between cohorts and the server.
type Proxy struct {
	Name         string
	Address      string // what the server sees of everybody behind it
	Forwards     Forwards
	DropsCookies bool // each page or call behind it is a web session of its own
	Pool         int  // > 0: the most connections it keeps open for everybody behind it
	Cap          int  // > 0: how many connections and calls it passes on at once; the others wait. Never beside Pool
	Patience     Dist // how long one waits before it gives up; seconds. Unset without Cap
}

// Forwards is the header in which a proxy names its clients.
type Forwards uint8

// The headers.
const (
	ForwardsNothing Forwards = iota
	ForwardsXFF              // X-Forwarded-For
	ForwardsRFC7239          // Forwarded
)

// Kind is what a cohort is made of.
type Kind uint8

// The kinds of cohort.
const (
	Users    Kind = iota + 1 // people at terminals, xDBC or rich clients
	Devices                  // instruments and interfaces
	Callers                  // REST and SOAP clients
	Browsers                 // people in CSP web sessions
	Jobs                     // background processes that other cohorts start
	Tasks                    // Task Manager
	Startup                  // processes of the startup routines
	Batch                    // operating system batch
)

// A Cohort is a group of people, devices or processes that behave alike.
type Cohort struct {
	Name string
	Kind Kind
	Line int // where it stands in the file, from 1

	Count    int // members; 0 means open: each arrival is somebody new
	Via      engine.Via
	Through  int    // 1 + index into Scenario.Proxies; 0 is none
	Address  string // a fixed address shared by all; "" means each member has its own
	User     User
	UserName string // the user name when User is NamedUser

	Arrivals    Arrivals
	Connections Dist // opened at once by each device of a session, or processes begun at once, all or nothing; count
	Devices     Dist // devices that a person uses at once; count
	Lasts       Dist // length of a session, visit, call, job or task; seconds. Forever: to the end of the run

	// Callers and browsers.
	Pages      Dist        // pages or calls of a session; count >= 1
	Think      Dist        // between pages or calls, and after the last; seconds. Browsers: unset when Lasts is set
	UseSession bool        // callers: one web session across the calls (UseSession=1, SOAPSESSION=1)
	Windows    Dist        // browsers: web sessions that a visitor opens at once; count
	Login      bool        // browsers: CSP.Session.Login after the first page
	Logout     float64     // share of web sessions that end by logging out, 0 to 1; the rest time out
	Timeout    engine.Time // inactivity after which a web session ends; 0 is never

	// Jobs.
	StartedBy int     // index into Scenario.Cohorts
	OnPage    bool    // started by pages or calls rather than sessions
	Chance    float64 // that one starts, 0 to 1
	Delay     Dist    // from the session's or page's start; seconds

	OnRefusal OnRefusal
	Request   *Request // callers and browsers: what they ask a real server for; nil is what an emulated one answers
}

// User says by which user name a cohort's members are known.
type User uint8

// The choices.
const (
	NoUser    User = iota // anonymous
	OwnUser               // each member its own
	NamedUser             // all share one, such as a service account
)

// OnRefusal is what a refused client does.
type OnRefusal struct {
	Retry  Dist    // wait before the next attempt; unset means it gives up at once
	Times  int     // attempts after the first; Unlimited for ever
	Factor float64 // each wait is this many times the last, >= 1
}

// Unlimited is a number of retries without end.
const Unlimited = -1

// Arrivals says when sessions begin. Jobs have none: their Form is 0.
type Arrivals struct {
	Form Form

	Rates  []Rate      // Poisson: the curve, cyclic over Cycle, sorted, first at 0
	Cycle  engine.Time // a day from midnight, or a week from Monday 00:00
	Linear bool        // rates run straight from one point to the next, else they stay
	Each   bool        // the rates are for each member, not for the cohort
	Bursts []Burst     // Poisson: what makes the rates uneven; their factors are multiplied

	Every  Dist // Periodic: from one start to the next; seconds
	Jitter Dist // Periodic: added to each start; seconds
	Phase  Phase

	Moments []Moment    // Storm, Explicit
	Spread  engine.Time // Storm: each member begins at a uniform instant in [moment, moment+Spread)

	Idle Dist // Alternating: from an end to the next start; seconds
}

// Form is a kind of arrivals.
type Form uint8

// The forms.
const (
	AtStart     Form = iota + 1 // every member at instant 0
	Poisson                     // a Poisson process
	Periodic                    // every member, at fixed distances
	Storm                       // every member once after each moment
	Explicit                    // every member at each moment; open: one arrival at each
	Alternating                 // every member idle and busy in turn, idle first
)

// A Rate is a point of a curve of arrival rates.
type Rate struct {
	At        engine.Time // since the start of the cycle
	PerSecond float64
}

// A Burst multiplies rates by a factor of mean 1 that is drawn anew from a
// gamma distribution for each period. Either CV or Index is given.
type Burst struct {
	CV    float64 // standard deviation of the factor, whatever the rate
	Index float64 // > 1: index of dispersion of the arrivals in a period, whatever the rate
	Every engine.Time
}

// Phase says where the members' first periods begin.
type Phase uint8

// The phases.
const (
	RandomPhase  Phase = iota // uniform over one period
	AlignedPhase              // all at once, as by cron
	EvenPhase                 // member i of n at i/n of a period
)

// A Moment is an instant or a time of day that comes again.
type Moment struct {
	Offset engine.Time // since the start of the run when Days is 0, else since midnight
	Days   uint8       // bit i: weekday i, Sunday 0; 0 is once
}

// Law is the law of a distribution.
type Law uint8

// The laws.
const (
	Unset            Law = iota
	Constant             // Mean
	Exponential          // Mean
	Lognormal            // Mean, CV
	Uniform              // Min to Max
	Gamma                // Mean, CV
	Weibull              // Mean, Shape
	Hyperexponential     // Mean, CV > 1; two phases with balanced means
	Geometric            // Mean >= 1; counts 1, 2, 3 ...
	Empirical            // Values, sorted
	Forever              // longer than any run
)

// A Dist is the distribution of a duration, in seconds, or of a count.
type Dist struct {
	Law      Law
	Mean     float64
	CV       float64 // standard deviation / mean
	Min, Max float64
	Shape    float64
	Values   []float64 // sorted
	Text     string    // as written
}
