// Package probe finds out by short experiments which readings of the rules a
// target counts by.
//
// Each experiment sends a few requests for which the readings expect different
// numbers of units, and looks at the target's metrics before, between and
// after. What was sent, when, and what was seen is then counted under every
// reading, as the record of an attack is. One round of an experiment proves
// nothing: answers come late, and others use the target. So rounds are
// repeated until a reading has so many more of them against it than the best
// one that this is hardly an accident. What no experiment separates stays
// undecided, and is said to be.
package probe

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/netip"
	"sync"
	"syscall"
	"time"

	"highwater/engine"
	"highwater/sim"
	"highwater/sim/attack"
	"highwater/sim/attack/curves"
	"highwater/sim/attack/record"
	"highwater/sim/result"
	"highwater/sim/wire"
)

// Options say what to ask, and whose readings to tell apart.
type Options struct {
	Attack attack.Options // how the target is reached
	Policy engine.Policy  // whose readings
	Call   string         // path of a REST call, best one of some seconds; "" is that of the emulated target
	SOAP   string         // path of a SOAP service
	Page   string         // path of a page of a web session
	Clock  float64        // of the target, when it does not say; 0 is 1

	// Begin hears how much is sent at the most, before anything is that takes
	// a license unit.
	Begin func(Bounds)
	// Progress hears what is done next.
	Progress func(text string)
}

// Bounds say how much a calibration sends and how long it takes at the most,
// and how many units it takes at once.
type Bounds struct {
	Requests int
	Time     time.Duration
	Usual    [2]time.Duration // from the shortest calls to those of some seconds, when nobody else uses it
	Units    int              // that should be free
	Free     float64          // units, by the metrics; +Inf without a limit, NaN when that is not known
}

// Short reports whether there are too few free units for every experiment.
func (b *Bounds) Short() bool { return b.Free < float64(b.Units) }

// Paths that the emulated target answers when it has no scenario.
var defaults = [...]string{
	engine.REST: wire.Endpoint{Via: engine.REST, Slug: "calibrate"}.Path(),
	engine.SOAP: wire.Endpoint{Via: engine.SOAP, Slug: "calibrate"}.Path(),
	engine.CSP:  wire.Endpoint{Via: engine.CSP, Slug: "calibrate"}.Path(),
}

// Who asks: cohorts of the record.
const (
	nobody  uint32 = iota // REST calls without a user name
	named                 // with one
	nobodyS               // SOAP calls
	namedS                // with a user name
	guest                 // pages without a user name
	visitor               // with one
	numWhos
)

// userName is who is named.
const userName = "highwater"

// Source addresses, where there are several.
var here = []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1}), netip.AddrFrom4([4]byte{127, 0, 0, 2}), netip.AddrFrom4([4]byte{127, 0, 0, 3})}

// mostRate is the most requests that are sent in a second.
func mostRate(p *engine.Policy) int { return p.MaxConnections + 10 }

// A prober makes experiments.
type prober struct {
	o          *Options
	line       *attack.Line
	clients    map[netip.Addr]*http.Client
	log        curves.Log
	start      time.Time
	lag        time.Duration // by which metrics may be late
	clock      float64
	takes      map[engine.Via]time.Duration // the shortest request
	offered    [numWhos]bool
	bounds     Bounds
	visits     uint32
	failure    string // the last one
	cookieless bool   // a page brought no cookie
	failed     int    // requests and looks that count as failed
	row        int    // how often all that was sent at once failed, or a look, one after another
	trying     bool   // what is not offered is no failure
	end        context.CancelCauseFunc
	res        *result.Calibration
	readings   []*evidence
	rounds     int // made
	spoiled    int // of them, by others or by what no reading explains
	calls      int // rounds of calls alone, all served
	charged    int // of them, with units taken
	late       int // rounds, since the reach is what it is
	since0     int // rounds, when it became that

	mu sync.Mutex // of the log's entries
}

// lateMetrics is by how much the metrics of a real product may be late.
const lateMetrics = 2 * time.Second

// ErrNoMetrics is a target that does not say how many units are in use.
var ErrNoMetrics = errors.New("the target has no metrics with " + wire.MetricConsumed)

// errGone is a target that does not answer any more.
var errGone = errors.New("the target does not answer any more as it did")

// Calibrate makes the experiments. It fails when the target cannot be asked,
// and with the context's error when that ends; then, but for the very begin,
// there is a result of what was done. A target that is gone is a result.
func Calibrate(ctx context.Context, o Options) (*result.Calibration, error) {
	o.Clock = cmp.Or(o.Clock, 1)
	line, err := attack.OpenLine(ctx, o.Attack, mostRate(&o.Policy))
	if err != nil {
		return nil, err
	}
	p := &prober{
		o: &o, line: line, clients: map[netip.Addr]*http.Client{}, start: time.Now(), clock: o.Clock, takes: map[engine.Via]time.Duration{},
		res: &result.Calibration{
			Schema: result.Schema, Kind: "calibration", Target: o.Attack.Target.Redacted(), Policy: o.Policy.Name,
			Ways: []result.CalibratedWay{}, Experiments: []result.Experiment{}, Options: []result.CalibratedOption{}, Notes: []string{},
		},
	}
	defer p.close()
	for _, r := range engine.Readings(o.Policy.WithoutLimit()) {
		p.readings = append(p.readings, &evidence{Reading: r})
	}
	p.res.Sets = len(p.readings)
	within, end := context.WithCancelCause(ctx)
	p.end = end
	defer end(nil)
	for _, step := range []func(context.Context) error{p.prepare, p.offers, p.experiments} {
		if err = step(within); err != nil {
			break
		}
	}
	gone := errors.Is(context.Cause(within), errGone)
	switch {
	case p.log.Header == nil || err != nil && ctx.Err() == nil && !gone:
		return nil, err
	case ctx.Err() != nil:
		p.res.Ended = "interrupted"
	case gone:
		p.res.Ended = errGone.Error()
	}
	p.judge()
	if gone {
		p.note("%s: failed requests and looks: %d, the last with: %s", errGone, p.failed, p.failure)
		p.unknown()
	}
	return p.res, ctx.Err()
}

// mostRow is how often all that is sent at once, or a look, may fail one after
// another.
const mostRow = 3

// came notes what came of requests that were sent at once, or of a look. When
// all are refused a connection that ends the experiments, and so it does when
// they have failed several times in a row.
func (p *prober) came(ctx context.Context, errs ...error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if ctx.Err() != nil {
		return // it was cut, and nothing is known
	}
	good, refused := 0, 0
	for _, err := range errs {
		switch {
		case err == nil:
			good++
			continue
		case errors.Is(err, syscall.ECONNREFUSED):
			refused++
		}
		p.failed++
		p.failure = err.Error()
	}
	if p.row++; good > 0 {
		p.row = 0
	}
	if p.row >= mostRow || refused == len(errs) {
		p.end(errGone)
	}
}

func (p *prober) close() {
	for _, c := range p.clients {
		c.CloseIdleConnections()
	}
	p.line.Close()
}

func (p *prober) since() time.Duration { return time.Since(p.start) }

// longestReach is what the time may be within which a request begins and
// ends, in seconds of the target: holds last longer.
const longestReach = 2 * time.Second

// idleLooks is how often the idle target is looked at.
const idleLooks = 3

// prepare looks at the idle target.
func (p *prober) prepare(ctx context.Context) error {
	p.say("looking at the idle target")
	slowest, last := time.Duration(0), record.Sample{}
	for n := range idleLooks {
		s, state := p.sample(ctx)
		if err := ctx.Err(); err != nil {
			return err
		}
		if s.Failed != "" {
			return fmt.Errorf("%w (%s)", ErrNoMetrics, s.Failed)
		}
		if state != "" && p.log.State == nil {
			var err error
			if p.log.State, err = p.line.State(ctx, state, p.since); err != nil {
				return err
			}
		}
		if n > 0 && s.Consumed > last.Consumed {
			p.note("other people use the target: units came while nothing was sent")
		}
		last = s
		if took := s.Done - s.Sent; n == 0 || took < slowest {
			slowest = took // of the fastest: what is slower is late
		}
		p.wait(ctx, 200*time.Millisecond)
	}
	p.lag = lateMetrics
	if p.log.State != nil {
		p.clock, p.lag = p.log.State.Clock, 0
		p.log.State.Scenario = "" // whom it holds is in the units before
	}
	p.res.Clock = p.clock
	p.log.Reach = min(max(50*time.Millisecond, 8*slowest), p.mostReach())
	last = p.idle(ctx, last)
	if err := ctx.Err(); err != nil {
		return err
	}
	p.res.Idle, p.res.Leaves = int(last.Consumed), p.kept()
	p.log.Header = &record.Header{Clock: p.clock, To: engine.Microsecond, Cohorts: make([]record.Cohort, numWhos)}
	call, soap, page := cmp.Or(p.o.Call, defaults[engine.REST]), cmp.Or(p.o.SOAP, defaults[engine.SOAP]), cmp.Or(p.o.Page, defaults[engine.CSP])
	for who, k := range map[uint32]record.Cohort{
		nobody: {Via: engine.REST.String(), Path: call}, named: {Via: engine.REST.String(), Path: call, User: userName},
		nobodyS: {Via: engine.SOAP.String(), Path: soap}, namedS: {Via: engine.SOAP.String(), Path: soap, User: userName},
		guest: {Via: engine.CSP.String(), Path: page, Session: true}, visitor: {Via: engine.CSP.String(), Path: page, Session: true, User: userName},
	} {
		p.log.Header.Cohorts[who] = k
	}
	p.bounds = p.most()
	p.bounds.Free = last.Available
	if p.bounds.Short() {
		p.note("%.0f units were free, and an experiment takes %d at once: what it tells stays open where requests are refused", p.bounds.Free, p.bounds.Units)
	}
	p.res.MostRequests, p.res.MostDuration = p.bounds.Requests, engine.Time(p.bounds.Time.Microseconds())
	if p.o.Begin != nil {
		p.o.Begin(p.bounds)
	}
	return ctx.Err()
}

// kept is how long a unit stays in use at the most, in the target's time, when
// all requests have ended and all web sessions are logged out.
func (p *prober) kept() engine.Time { return max(p.o.Policy.GraceSeconds, p.o.Policy.HoldSeconds) }

func (p *prober) mostReach() time.Duration { return time.Duration(float64(longestReach) / p.clock) }

// firsts is how often each kind of request is sent before the experiments.
const firsts = 2

// offers finds out what the target answers, and how long that takes.
func (p *prober) offers(ctx context.Context) error {
	p.say("trying what the target offers")
	p.trying = true
	defer func() { p.trying = false }()
	why := map[uint32]string{}
	for range firsts {
		for _, who := range []uint32{nobody, named, nobodyS, namedS, guest} {
			before := len(p.log.Entries)
			q := request{who: who, from: here[0]}
			if who == guest {
				p.visit(ctx, guest)
			} else {
				p.send(ctx, false, q)
			}
			if err := ctx.Err(); err != nil {
				return err
			}
			if e := p.log.Entries[before]; e.Outcome == record.Served {
				p.took(&e)
				p.offered[who] = true
			} else {
				why[who] = cmp.Or(statusText(e.Status), p.failure)
			}
		}
	}
	p.offered[visitor] = p.offered[guest]
	for _, who := range []uint32{nobody, named, nobodyS, namedS, guest} {
		k := &p.log.Header.Cohorts[who]
		w := result.CalibratedWay{Via: k.Via, Path: k.Path, Named: k.User != "", Offered: p.offered[who], Takes: p.scaled(p.takes[p.via(who)])}
		if !w.Offered {
			w.Why = why[who]
		}
		p.res.Ways = append(p.res.Ways, w)
	}
	p.rest(ctx)
	return ctx.Err()
}

func statusText(status int) string {
	if status == 0 {
		return ""
	}
	return fmt.Sprintf("status %d", status)
}

// took notes how long a request took that was served: the shortest is how long
// one takes. Logouts take less.
func (p *prober) took(e *record.Entry) {
	via := p.via(e.Cohort)
	if t, ok := p.takes[via]; e.Kind != sim.LogoutRequest && (!ok || e.Service() < t) {
		p.takes[via] = e.Service()
	}
}

func (p *prober) say(text string) {
	if p.o.Progress != nil {
		p.o.Progress(text)
	}
}

func (p *prober) note(format string, args ...any) {
	p.res.Notes = append(p.res.Notes, fmt.Sprintf(format, args...))
}

// wait lets real time pass.
func (p *prober) wait(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// real is how long a time of the target takes.
func (p *prober) real(t engine.Time) time.Duration {
	return time.Duration(math.Ceil(float64(t) * 1000 / p.clock))
}

// scaled is a real time in the target's.
func (p *prober) scaled(d time.Duration) engine.Time {
	return engine.Time(float64(d.Microseconds()) * p.clock)
}

// settle is the time after which what was sent has had its effect, and shows.
func (p *prober) settle() time.Duration { return p.log.Reach + p.lag + p.log.Reach/4 }

// rest waits until all holds have ended.
func (p *prober) rest(ctx context.Context) {
	last := time.Duration(0)
	for i := range p.log.Entries {
		last = max(last, p.log.Entries[i].Done)
	}
	p.wait(ctx, last+p.real(p.o.Policy.HoldSeconds)+p.settle()-p.since())
}
