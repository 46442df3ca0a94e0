// Package probe finds out by short experiments which readings of the rules a
// target counts by.
//
// Each experiment sends a few requests for which the readings expect different
// numbers of units, and looks at the target's metrics. What was sent, when,
// and what was seen is then counted under every reading, as the record of an
// attack is. The package chooses nothing for the user: what no experiment
// separates stays undecided, and is said to be.
package probe

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptrace"
	"net/netip"
	"net/url"
	"slices"
	"sync"
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
	Page   string         // path of a page of a web session; "" is that of the emulated target
	Clock  float64        // of the target, when it does not say; 0 is 1

	// Progress hears what is done next.
	Progress func(text string)
}

// Paths that the emulated target answers when it has no scenario.
const (
	defaultCall = "/rest/calibrate"
	defaultPage = "/csp/calibrate/page.csp"
)

// Who asks: cohorts of the record.
const (
	anonymous uint32 = iota
	named            // calls with a user name
	visitor          // pages with it
	numWho
)

// userName is who is named.
const userName = "highwater"

// Source addresses, where there are several.
var (
	here  = netip.AddrFrom4([4]byte{127, 0, 0, 1})
	there = netip.AddrFrom4([4]byte{127, 0, 0, 2})
)

// mostRate is the most requests that are sent in a second.
func mostRate(p *engine.Policy) int { return p.MaxConnections + 10 }

// mostConnections is the largest number of connections on a unit for which
// the experiment with one more is made.
const mostConnections = 100

// A prober makes experiments.
type prober struct {
	o       *Options
	line    *attack.Line
	clients map[netip.Addr]*http.Client
	log     curves.Log
	start   time.Time
	lag     time.Duration // by which metrics may be late
	clock   float64
	idle    int
	takes   time.Duration // a call
	visits  uint32
	res     *result.Calibration
	fits    []engine.Reading

	mu sync.Mutex // of the log's entries
}

// lateMetrics is by how much the metrics of a real product may be late.
const lateMetrics = 2 * time.Second

// ErrNoMetrics is a target that does not say how many units are in use.
var ErrNoMetrics = errors.New("the target has no metrics with " + wire.MetricConsumed)

// Calibrate makes the experiments. It fails when the target cannot be asked,
// and with the context's error when that ends.
func Calibrate(ctx context.Context, o Options) (*result.Calibration, error) {
	o.Call, o.Page, o.Clock = cmp.Or(o.Call, defaultCall), cmp.Or(o.Page, defaultPage), cmp.Or(o.Clock, 1)
	line, err := attack.OpenLine(ctx, o.Attack, mostRate(&o.Policy))
	if err != nil {
		return nil, err
	}
	p := &prober{
		o: &o, line: line, clients: map[netip.Addr]*http.Client{}, start: time.Now(), clock: o.Clock, fits: engine.Readings(o.Policy.WithoutLimit()),
		res: &result.Calibration{
			Schema: result.Schema, Kind: "calibration", Target: o.Attack.Target.Redacted(), Policy: o.Policy.Name,
			Experiments: []result.Experiment{}, Options: []result.CalibratedOption{}, Notes: []string{},
		},
	}
	defer p.close()
	p.res.Sets = len(p.fits)
	if err := p.prepare(ctx); err != nil {
		return nil, err
	}
	if err := p.experiments(ctx); err != nil {
		return nil, err
	}
	p.judge()
	return p.res, nil
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

// prepare looks at the idle target.
func (p *prober) prepare(ctx context.Context) error {
	p.say("looking at the idle target")
	slowest, last := time.Duration(0), 0
	for n := range 3 {
		s, state := p.line.Sample(ctx, p.since)
		if s.Failed != "" {
			return fmt.Errorf("%w (%s)", ErrNoMetrics, s.Failed)
		}
		if state != "" && p.log.State == nil {
			p.log.State = p.line.State(ctx, state, p.since)
		}
		if n > 0 && int(s.Consumed) != last {
			p.note("other people use the target: its units changed while nothing was sent")
		}
		last = int(s.Consumed)
		p.res.Looks++
		slowest = max(slowest, s.Done-s.Sent)
		p.wait(ctx, 200*time.Millisecond)
	}
	p.idle = last
	p.lag = lateMetrics
	if p.log.State != nil {
		p.clock, p.lag = p.log.State.Clock, 0
		p.log.State.Scenario = "" // whom it holds is in the units before
	}
	p.log.Reach = max(50*time.Millisecond, 8*slowest)
	if most := time.Duration(float64(longestReach) / p.clock); p.log.Reach > most {
		p.log.Reach = most
	}
	p.log.Header = &record.Header{Clock: p.clock, To: engine.Microsecond, Cohorts: []record.Cohort{
		anonymous: {Name: "anonymous", Via: engine.REST.String(), Path: p.o.Call},
		named:     {Name: "named", Via: engine.REST.String(), Path: p.o.Call, User: userName},
		visitor:   {Name: "visitor", Via: engine.CSP.String(), Path: p.o.Page, User: userName, Session: true},
	}}
	p.res.Clock, p.res.Idle = p.clock, p.idle
	return ctx.Err()
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

// settle is the time after which what was sent has had its effect, and shows.
func (p *prober) settle() time.Duration { return p.log.Reach + p.lag + p.log.Reach/4 }

// A request is one to be sent.
type request struct {
	who    uint32
	from   netip.Addr
	logout bool
	jar    *[]*http.Cookie // of a web session
	visit  uint32
}

// send sends some requests at once, and waits for them. Meanwhile it looks at
// the units once, when all are under way, if that is wanted.
func (p *prober) send(ctx context.Context, look bool, list ...request) {
	var all sync.WaitGroup
	for _, q := range list {
		client := p.client(q.from)
		all.Go(func() { p.one(ctx, client, q) })
	}
	if mid := p.takes / 2; look && mid > p.settle() {
		p.wait(ctx, mid)
		p.look(ctx)
	}
	all.Wait()
}

// client reaches the target from an address.
func (p *prober) client(from netip.Addr) *http.Client {
	if !p.line.Many() {
		from = netip.Addr{}
	}
	if p.clients[from] == nil {
		p.clients[from] = p.line.Client(from)
	}
	return p.clients[from]
}

// mostAnswer is how much is read of an answer.
const mostAnswer = 1 << 20

// one sends a request and writes it down.
func (p *prober) one(ctx context.Context, client *http.Client, q request) {
	path, via, kind := p.o.Call, engine.REST, sim.CallRequest
	if q.who == visitor {
		path, via, kind = p.o.Page, engine.CSP, sim.PageRequest
	}
	if q.logout {
		path, kind = path+"?"+wire.LogoutField+"="+wire.LogoutValue, sim.LogoutRequest
	}
	e := record.Entry{Cohort: q.who, Visit: q.visit, Kind: kind, Outcome: record.Failed}
	if p.line.Many() {
		e.Address = q.from
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, p.line.URL(path), nil)
	if err == nil {
		sent := sync.OnceFunc(func() { e.Sent = p.since() })
		req = req.WithContext(httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) {
			sent()
			e.Out = int64(len(path)) // and more
		}}))
		if q.who != anonymous {
			req.SetBasicAuth(userName, cmp.Or(p.o.Attack.Password, wire.Password))
		}
		if q.jar != nil {
			for _, c := range *q.jar {
				req.AddCookie(c)
			}
		}
		e.Status, err = p.exchange(client, req, q.jar, via, &e)
		sent()
	}
	e.Done = p.since()
	p.mu.Lock()
	defer p.mu.Unlock()
	e.Request = uint32(len(p.log.Entries))
	p.log.Entries = append(p.log.Entries, e)
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	if err != nil && ctx.Err() == nil {
		p.note("a request failed: %v", err)
	}
}

// exchange sends a request and says what came of it.
func (p *prober) exchange(client *http.Client, req *http.Request, jar *[]*http.Cookie, via engine.Via, e *record.Entry) (int, error) {
	res, err := client.Do(req)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, mostAnswer))
	if err != nil {
		return 0, err
	}
	if jar != nil {
		*jar = append(*jar, res.Cookies()...)
	}
	switch {
	case wire.Refused(via, res.StatusCode, body):
		e.Outcome = record.Refused
	case res.StatusCode < 400:
		e.Outcome = record.Served
	default:
		return res.StatusCode, fmt.Errorf("%s: status %d", req.URL.Path, res.StatusCode)
	}
	return res.StatusCode, nil
}

// look looks at the units in use.
func (p *prober) look(ctx context.Context) {
	s, _ := p.line.Sample(ctx, p.since)
	p.log.Samples = append(p.log.Samples, s)
	p.res.Looks++
	if s.Failed != "" {
		p.note("the target did not say how many units are in use: %s", s.Failed)
	}
}

// left keeps the readings that fit all that was seen so far.
func (p *prober) left() {
	p.fits = slices.DeleteFunc(p.fits, func(r engine.Reading) bool { return p.log.Gap(r.Policy, p.idle) > 0 })
}
