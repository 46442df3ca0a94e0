// Package target is a stand-in for an InterSystems server: it answers REST,
// SOAP and CSP requests as one would, and counts license units with the same
// engine as the simulator, in real time.
//
// It knows nothing but licenses: a call takes its time and answers, a page
// takes its time and sets a cookie. Passwords are not looked at. All that
// happens happens under one lock with one reading of the clock, in the order
// in which the trace has it, so that the trace replays to what was answered.
package target

import (
	"cmp"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"highwater/engine"
	"highwater/scenario"
	"highwater/sim/files"
	"highwater/sim/result"
	"highwater/sim/wire"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"golang.org/x/net/netutil"
)

// Options say what a target is. The zero Options are a target of the default
// policy without a limit that answers at once, whatever it is asked for.
type Options struct {
	// Scenario has the cohorts whose requests are answered; its other cohorts
	// are in the license table, too. Nil answers any path of the right form.
	Scenario    *scenario.Scenario
	Fingerprint string        // of the scenario, for whoever asks
	Policy      engine.Policy // the zero Policy is the default one
	Units       int           // of the key; 0 is unlimited

	Clock   float64       // seconds of its own in a real one; 0 means 1
	Begin   engine.Time   // since the start of the scenario
	Service scenario.Dist // how long calls without a length of their own and pages take; seconds
	Timeout engine.Time   // of web sessions that no scenario describes; 0 means 15 minutes

	Trace    io.Writer // gets a trace; nil is none
	Log      io.Writer // gets the license lines of messages.log; nil is none
	LogTrace bool      // logins and logouts, too

	MaxConnections int // over HTTP at once, others wait; 0 means 16,384
	MaxSessions    int // web sessions at once, others are turned away; 0 means 100,000
}

// Limits on what a client may send, and on how long it may take.
const (
	maxHeader   = 16 << 10
	maxBody     = 64 << 10
	maxUserName = 128     // bytes
	maxForward  = 512     // bytes
	maxUsers    = 1 << 20 // license user IDs: memory, about 250 bytes each

	headerTime = 10 * time.Second
	readTime   = 30 * time.Second
	writeTime  = 30 * time.Second
	idleTime   = 2 * time.Minute
	endTime    = 5 * time.Second // for what is under way when it ends
)

// A Target is a stand-in for a server. It is for one [Target.Serve].
type Target struct {
	o        Options
	core     *core
	routes   []wire.Route
	metrics  http.Handler
	handlers sync.WaitGroup
}

// New makes a target whose clock begins now.
func New(o Options) *Target {
	o.Clock = cmp.Or(o.Clock, 1)
	o.Timeout = cmp.Or(o.Timeout, 15*engine.Minute)
	o.MaxConnections = cmp.Or(o.MaxConnections, 16_384)
	o.MaxSessions = cmp.Or(o.MaxSessions, 100_000)
	if o.Policy.Base == "" {
		o.Policy, _ = engine.NamedPolicy("")
	}
	t := &Target{o: o, core: newCore(&o)}
	if o.Scenario != nil {
		t.routes = wire.Routes(o.Scenario.Cohorts)
	}
	r := prometheus.NewRegistry()
	r.MustRegister(&gauges{t.core})
	t.metrics = promhttp.HandlerFor(r, promhttp.HandlerOpts{DisableCompression: true, MaxRequestsInFlight: 8})
	return t
}

// Serve answers until the context ends, then lets what is under way end, for
// a few seconds, and says what came of it. The error is of the listener, or of
// writing trace and log.
func (t *Target) Serve(ctx context.Context, l net.Listener) (*result.Target, error) {
	if a, ok := l.Addr().(*net.TCPAddr); ok {
		t.core.port = a.Port
	}
	files.MakeRoom(t.o.MaxConnections)
	base, cut := context.WithCancel(context.Background())
	defer cut()
	s := &http.Server{
		Handler: t, MaxHeaderBytes: maxHeader, ReadHeaderTimeout: headerTime, ReadTimeout: readTime, IdleTimeout: idleTime,
		BaseContext: func(net.Listener) context.Context { return base },
		ErrorLog:    slog.NewLogLogger(slog.DiscardHandler, slog.LevelError), // what clients send is no error of ours
	}
	failed := make(chan error, 1)
	go func() { failed <- s.Serve(netutil.LimitListener(l, t.o.MaxConnections)) }()
	var err error
	select {
	case err = <-failed:
	case <-ctx.Done():
		in, done := context.WithTimeout(context.Background(), endTime)
		_ = s.Shutdown(in) // who is not ready by then is cut off
		done()
		<-failed
	}
	cut()
	_ = s.Close()
	t.handlers.Wait()
	res, unwritten := t.core.end()
	return res, errors.Join(err, unwritten)
}

// Report says what came of the requests so far.
func (t *Target) Report() *result.Target {
	defer t.core.leave()
	t.core.enter()
	return t.core.report()
}

// Loopback reports whether an address to listen on is this machine's alone.
func Loopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback() || strings.EqualFold(host, "localhost")
}
