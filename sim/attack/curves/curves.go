// Package curves compares the license units that an attack was predicted to
// take, those that it took by the instants of its requests, and those that the
// target reported.
//
// All is computed from a record, later as well as at once. A request takes its
// unit in the target at some instant from when it was sent to when it was
// done. So there are two more curves, the most and the fewest units that these
// instants allow, and only what the target reports outside of them is taken
// for a difference in the rules. The package knows no clock and sends nothing.
package curves

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"time"

	"highwater/engine"
	"highwater/scenario"
	"highwater/sim"
	"highwater/sim/attack"
	"highwater/sim/attack/record"
	"highwater/sim/trace"
	"highwater/sim/wire"
)

// A Log is the record of an attack, in memory.
type Log struct {
	Header  *record.Header
	Entries []record.Entry
	Samples []record.Sample
	State   *record.State // nil when the target is not an emulated one
	Partial bool          // it ended before its plan did
	End     *record.End   // nil when there is none
	Missing string        // what is missing at its end; "" when nothing is

	// Scenario and Schedule are what was sent; nil when that is not known.
	Scenario *scenario.Scenario
	Schedule *attack.Schedule

	// Reach is within how long after it was sent the target begins a request,
	// and before it is done ends it; 0 is any time from sent to done.
	Reach time.Duration
}

// mostEntries is how many attempts are compared: each takes 200 bytes.
const mostEntries = 5_000_000

// ErrTooMany is what [Read] gives when there are more attempts than it takes.
var ErrTooMany = errors.New("the record has too many attempts to be compared")

// Read reads all of a record.
func Read(r *record.Reader) (*Log, error) {
	l := &Log{Header: r.Header()}
	for {
		var e record.Entry
		err := r.Next(&e)
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		if len(l.Entries) == mostEntries {
			return nil, ErrTooMany
		}
		if int(e.Cohort) < len(l.Header.Cohorts) {
			l.Entries = append(l.Entries, e)
		}
	}
	l.Samples, l.State = r.Samples(), r.State()
	for i := range l.Samples {
		if s := &l.Samples[i]; s.Failed == "" && !wire.Units(s.Consumed) {
			s.Failed = fmt.Sprintf("%v is no number of units", s.Consumed)
		}
	}
	l.End, l.Missing = r.End(), r.Missing()
	l.Partial = l.End == nil || l.End.Reason != ""
	return l, nil
}

// policy is what the attack was told to count by: the scenario's license, but
// for what its flags changed.
func (l *Log) policy() (engine.Policy, int) {
	if l.Scenario != nil && l.Header.Base == "" {
		return l.Scenario.License.Policy, l.Scenario.License.Units
	}
	p, _ := engine.NamedPolicy(l.Header.Base) // else the default one
	for _, s := range l.Header.Options {
		_ = p.Set(s.Name, s.Value) // what another version of the program had stays out
	}
	if l.Header.Policy != "" {
		p.Name = l.Header.Policy
	}
	return p, l.Header.Units
}

// held reports whether the target holds the scenario's other people itself.
func (l *Log) held() bool {
	return l.State != nil && l.Scenario != nil && l.State.Scenario == l.Scenario.Name
}

// An axis turns the instants of a record into those of the target: the
// scenario's, later by what its clock is ahead.
type axis struct {
	from  engine.Time // of the scenario, at the start of the attack
	clock float64
	ahead engine.Time
	slack engine.Time // by so much ahead may be wrong
}

func (l *Log) axis() axis {
	a := axis{from: l.Header.From, clock: l.Header.Clock}
	if !(a.clock > 0) {
		a.clock = 1
	}
	if s := l.State; s != nil {
		a.ahead = s.At - a.at((s.Sent+s.Done)/2)
		a.slack = engine.Time(math.Ceil(float64(s.Done-s.Sent) / 2000 * a.clock))
	}
	a.slack += engine.Time(math.Ceil(a.clock)) + 1 // clocks count whole microseconds
	return a
}

// at is the target's instant of one of the attack.
func (a axis) at(d time.Duration) engine.Time {
	return a.from + a.ahead + engine.Time(math.Round(float64(d)/1000*a.clock))
}

// run is a counter for a log, with those people whom the target holds that are
// wanted; nil is nobody.
func (l *Log) run(p engine.Policy, units int, others func(*scenario.Cohort) bool, tape func(*trace.Event)) *counter {
	a := l.axis()
	c := newCounter(cohortsOf(l.Header), p, units, max(0, a.at(0)))
	c.tape = tape
	if first := l.first(); first != nil {
		c.from = max(0, min(c.from, a.at(first.Sent)-a.slack))
	}
	if l.held() && others != nil {
		c.live = sim.NewLive(l.Scenario, c.in, sim.LiveOptions{
			Keep: others, Trace: c.write, Number: func() int64 { return c.line + 1 },
		})
		c.jobs = jobsOf(l.Scenario)
	}
	c.begin()
	return c
}

// idle is how many units were in use before the first request that are nobody's
// in the curves.
func (l *Log) idle() int {
	if first := l.first(); first != nil && !l.held() && first.Sent < 0 {
		return int(first.Consumed)
	}
	return 0
}

// first is the first sample, nil when there is none.
func (l *Log) first() *record.Sample {
	for i := range l.Samples {
		if l.Samples[i].Failed == "" {
			return &l.Samples[i]
		}
	}
	return nil
}

// mostBefore is how many units that were in use before a trace has processes
// for.
const mostBefore = 1_000_000

// Trace writes the curve as run as a trace: the events that it is counted by,
// with those whom the target holds, or a process for each unit that was in use
// before. Its instants are the target's; by the epoch they are the scenario's.
func (l *Log) Trace(w io.Writer) error {
	policy, units := l.policy()
	epoch := l.Header.Epoch
	if !epoch.IsZero() {
		epoch = epoch.Add(-time.Duration(l.axis().ahead) * time.Microsecond)
	}
	tape := trace.NewWriter(w, &trace.Header{
		Epoch: epoch, Units: units, HasUnits: true, Policy: cmp.Or(policy.Base, l.Header.Base), Options: policy.Changed,
		Schedule: l.Header.Schedule,
	})
	if l.idle() > mostBefore {
		return fmt.Errorf("a trace cannot say that %d units were in use before", l.idle())
	}
	for n := range l.idle() {
		tape.Write(&trace.Event{Op: trace.Connect, Conn: "before" + strconv.Itoa(n+1), HasConn: true, Via: engine.Batch})
	}
	if units > 0 {
		units = max(1, units-l.idle())
	}
	l.pass(asRun, policy, units, everybody, tape.Write)
	return tape.Flush()
}
