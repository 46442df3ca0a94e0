// Package attack sends a scenario's requests to a real target over HTTP.
//
// [Plan] takes the schedule from the simulator: who sends what when, if nobody
// is refused. [Run] sends it, each user's requests one after another, from the
// user's address and with its cookies and credentials, on vegeta's workers.
// Each attempt has four instants: when it was planned, when its user was ready
// for it, when it was sent and when it was done, so that a slow target, a slow
// user and a slow generator are told apart. Only this machine is asked, unless
// a permission says otherwise.
package attack

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"runtime/debug"
	"strconv"
	"syscall"
	"time"

	"highwater/engine"
	"highwater/sim/attack/record"
	"highwater/sim/files"
	"highwater/sim/result"
	"highwater/sim/wire"

	vegeta "github.com/tsenart/vegeta/v12/lib"
)

// Options say how to send a schedule. Target must be given, the zero values of
// the others are good.
type Options struct {
	Target      *url.URL // http or https, host and port
	Timeout     time.Duration
	InFlight    int               // most requests at once; 0 is 10,000
	Idle        int               // most connections kept open between requests; 0 is 10,000
	MostBody    int64             // bytes of an answer; 0 is 16 MiB
	MaxLag      time.Duration     // the 99th percentile of the generator's lag; 0 is 10 ms
	AbortErrors float64           // share of failures in ten seconds that ends the attack; 0 is a half, 1 never
	AbortFree   int               // fewer free units of the target end the attack, which is not begun with fewer, or when it does not tell them; 0 is never
	Password    string            // of all users; "" is that of the emulated target
	Secrets     map[string]string // that requests refer to, by env:NAME or file:PATH
	Agent       string            // User-Agent
	Permissions []Permission
	TLS         *tls.Config

	Metrics Login         // who looks at the metrics; the zero Login is nobody in particular
	Scrape  time.Duration // from one look at the target's metrics to the next; 0 is never
	Files   []record.File // that the scenario was read from

	Record io.Writer     // gets each attempt; nil is nobody
	Header record.Header // version and fingerprint of it; the rest is filled in

	// Begins hears what is known before the first request: the first look at the
	// metrics and what an emulated target said of itself, nil when there is none.
	Begins func(*record.Header, *record.Sample, *record.State)
	// Progress hears each second how far the attack is.
	Progress func(Progress)
	// Waits hears what a first contact that takes long waits for.
	Waits func(what string)
	// Abort may give a reason to send no more; nil gives none.
	Abort <-chan string

	Waiter  func() Waiter // nil is NewWaiter
	Dial    func(ctx context.Context, from netip.Addr, to netip.AddrPort) (net.Conn, error)
	Resolve func(ctx context.Context, host string) ([]netip.Addr, error)
}

// A Login is a user name and its password.
type Login struct{ User, Password string }

// A Progress is how far an attack is.
type Progress struct {
	Done     float64 // share of the planned time, 0 to 1
	Rate     float64 // attempts a second, in the last one
	InFlight int
	Refused  int64
	Failed   int64
	TimedOut int64         // gave up at a proxy
	Lag      time.Duration // the most in the last second
	Reported int           // units in use, as the target said last; negative when it has not
}

// Defaults of [Options].
const (
	defaultTimeout  = 30 * time.Second
	defaultInFlight = 10_000
	defaultIdle     = 10_000
	defaultBody     = 16 << 20
	defaultLag      = 10 * time.Millisecond
	defaultErrors   = 0.5
)

func (o *Options) fill() {
	o.Timeout = cmp.Or(o.Timeout, defaultTimeout)
	o.InFlight = cmp.Or(o.InFlight, defaultInFlight)
	o.Idle = cmp.Or(o.Idle, defaultIdle)
	o.MostBody = cmp.Or(o.MostBody, defaultBody)
	o.MaxLag = cmp.Or(o.MaxLag, defaultLag)
	o.AbortErrors = cmp.Or(o.AbortErrors, defaultErrors)
	o.Password = cmp.Or(o.Password, wire.Password)
	o.Agent = cmp.Or(o.Agent, "highwater")
	if o.Waiter == nil {
		o.Waiter = NewWaiter
	}
	if o.Resolve == nil {
		o.Resolve = func(ctx context.Context, host string) ([]netip.Addr, error) {
			return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
		}
	}
}

// An UnreachableError is a target that cannot be reached, or must not be.
// Nothing was sent.
type UnreachableError struct{ Err error }

func (e *UnreachableError) Error() string { return e.Err.Error() }
func (e *UnreachableError) Unwrap() error { return e.Err }

// collected is garbage in percent of what is in use before it is collected:
// little is in use here, and each collection takes time from sending.
const collected = 200

// Run sends a schedule. When the context ends no more is sent, and requests in
// flight go on to their end; when cut ends, too, they are cut. Both leave a
// result that says that it is partial. The error is about what could not be
// written, or about a target that cannot be reached.
func Run(ctx, cut context.Context, s *Schedule, o Options) (*result.Attack, error) {
	o.fill()
	res := s.Result(&o)
	if len(s.Users) > mostOwn {
		return res, &UnreachableError{fmt.Errorf("%s", res.Plan.Unfit[len(res.Plan.Unfit)-1])}
	}
	x, err := newSender(ctx, cut, s, &o)
	if err != nil {
		return res, &UnreachableError{err}
	}
	shortTurns()
	files.MakeRoom(int(res.Plan.Files))
	defer debug.SetGCPercent(debug.SetGCPercent(collected))
	m := newMonitor(ctx, x)
	if err := ctx.Err(); err != nil { // nothing has been sent, and nothing is waited for
		m.close()
		_ = x.agenda.wait.Close()
		return res, err
	}
	if err := m.sees(&o); err != nil {
		m.close()
		_ = x.agenda.wait.Close()
		return res, &UnreachableError{err}
	}
	if o.Begins != nil {
		first, state := m.known()
		o.Begins(s.header(&o, time.Now()), first, state)
	}
	start := time.Now()
	x.since = func() time.Duration { return time.Since(start) }
	x.agenda.since = x.since
	m.rebase(start)
	r, err := newRecorder(s, &o, x.agenda, start, m)
	if err != nil {
		return res, err
	}
	x.hear = r.hear
	m.begin(cut, r.sample)
	stop := context.AfterFunc(ctx, x.agenda.stop)
	stopCut := context.AfterFunc(cut, func() {
		x.cut.Store(true)
		x.agenda.stop()
		x.pool.cut()
	})
	x.attack()
	stopped := !stop()
	stopCut()
	x.pool.end()
	m.end(cut, r.sample)
	r.close()
	_ = x.agenda.wait.Close()
	r.judge(res, x.agenda, stopped)
	res.Notes = append(res.Notes, m.notes(s)...)
	return res, r.end(res, stopped, m)
}

// attack has vegeta send everything.
func (s *sender) attack() {
	client := &http.Client{Transport: s, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	a := vegeta.NewAttacker(vegeta.Client(client), vegeta.Workers(64), vegeta.MaxWorkers(uint64(s.o.InFlight)+1), vegeta.MaxBody(0))
	for range a.Attack(s.Target, s.agenda, 0, "") {
		// The recorder has heard of it.
	}
}

func newSender(ctx, cut context.Context, s *Schedule, o *Options) (*sender, error) {
	x := &sender{
		s: s, o: o, base: o.Target, context: cut, tls: o.TLS, visits: make([]visit, len(s.Visits)), peers: make([]*peer, len(s.Users)),
		proxies: make([]*peer, len(s.Scenario.Proxies)),
	}
	rate, err := x.reach(ctx, s.PeakRate()+o.perSecond())
	if err != nil {
		return nil, err
	}
	if rate > 0 {
		rate -= o.perSecond()
	}
	x.home = newAddresses(s, x.address.Addr())
	x.pool = newPool(o.Idle, time.Now, alive)
	for i := range x.proxies {
		x.proxies[i] = new(peer)
	}
	x.asks, x.root = s.asks(o, false), x.base.Scheme+"://"+x.base.Host+"/"
	if err := x.contact(ctx); err != nil {
		return nil, err
	}
	x.agenda = &agenda{s: s, wait: o.Waiter(), most: o.InFlight, rate: newRate(rate), since: func() time.Duration { return 0 }, gaveUp: x.gaveUp}
	x.agenda.enter(s.realDoors())
	return x, nil
}

// find resolves the target and takes the first of its addresses that may be
// asked, one of IPv4 if there is one: only there has each user its own.
func (s *sender) find(ctx context.Context, g *guard) (rate int, err error) {
	port, err := portOf(s.base)
	if err != nil {
		return 0, err
	}
	for i := range g.list {
		if x := &g.list[i]; !x.Prefix.IsValid() {
			g.names[x.Host], _ = s.resolve(ctx, x.Host) // none are as good as no entry
		}
	}
	list, err := s.resolve(ctx, s.base.Hostname())
	if err != nil {
		return 0, err
	}
	var found netip.AddrPort
	for _, addr := range list {
		to := netip.AddrPortFrom(addr, port)
		most, wrong := g.check(to)
		switch {
		case wrong != nil:
			err = cmp.Or(err, wrong)
		case !found.IsValid() || addr.Is4() && !found.Addr().Is4():
			found, rate = to, most
		}
	}
	if !found.IsValid() {
		return 0, cmp.Or(err, fmt.Errorf("%s has no address", s.base.Hostname()))
	}
	s.address = found
	return rate, nil
}

func (s *sender) resolve(ctx context.Context, host string) ([]netip.Addr, error) {
	if addr, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{addr.Unmap()}, nil
	}
	list, err := s.o.Resolve(ctx, host)
	for i := range list {
		list[i] = list[i].Unmap()
	}
	return list, err
}

// portOf is the port of a URL.
func portOf(u *url.URL) (uint16, error) {
	switch u.Port() {
	case "":
		if u.Scheme == "https" {
			return 443, nil
		}
		return 80, nil
	}
	port, err := strconv.ParseUint(u.Port(), 10, 16)
	if err != nil || port == 0 {
		return 0, errors.New("the target's port must be from 1 to 65535")
	}
	return uint16(port), nil
}

// guarded is a dialer that asks the guard about the very address that it
// connects to.
func guarded(g *guard, dial dialer) dialer {
	if dial == nil {
		dial = dialTCP
	}
	return func(ctx context.Context, from netip.Addr, to netip.AddrPort) (net.Conn, error) {
		if _, err := g.check(to); err != nil {
			return nil, err
		}
		return dial(ctx, from, to)
	}
}

// dialTCP connects over TCP.
func dialTCP(ctx context.Context, from netip.Addr, to netip.AddrPort) (net.Conn, error) {
	d := net.Dialer{KeepAlive: -1} // users come and go
	if from.IsValid() {
		d.LocalAddr = net.TCPAddrFromAddrPort(netip.AddrPortFrom(from, 0))
		d.Control = func(_, _ string, c syscall.RawConn) error {
			laterPort(c)
			return nil
		}
	}
	return d.DialContext(ctx, "tcp", to.String())
}

// header is what the record says of the attack.
func (s *Schedule) header(o *Options, start time.Time) *record.Header {
	sc := s.Scenario
	p := &sc.License.Policy
	h := o.Header
	h.Scenario, h.Schedule, h.Seed, h.Replication, h.Scale, h.Clock = sc.Name, s.Hash, s.Seed, s.Rep+1, s.Scale, s.Clock
	h.From, h.To, h.Epoch, h.Target, h.Start = s.From, s.To, sc.Start, o.Target.Redacted(), start
	h.Requests, h.Visits, h.Users = len(s.Requests), len(s.Visits), len(s.Users)
	h.Policy, h.Base, h.Options, h.Units = p.Name, p.Base, p.Changed, sc.License.Units
	h.InFlight, h.MaxLag = o.InFlight, engine.Time(o.MaxLag.Microseconds())
	for i := range sc.Cohorts {
		c := &sc.Cohorts[i]
		x := record.Cohort{Name: c.Name, Via: c.Via.String(), Login: c.Login, Session: c.Via == engine.CSP || c.UseSession, Timeout: c.Timeout}
		if wire.Speaks(c) {
			x.Path, x.Slug = pathOf(c, s.Endpoints[i]), s.Endpoints[i].Slug
			x.Method = wire.Method(c)
		}
		x.User = []string{"", "own", c.UserName}[c.User]
		if proxy := proxyOf(sc, c); proxy != nil {
			x.Forwards = []string{"", "X-Forwarded-For", "Forwarded"}[proxy.Forwards]
			x.DropsCookies = proxy.DropsCookies
		}
		h.Cohorts = append(h.Cohorts, x)
	}
	return &h
}
