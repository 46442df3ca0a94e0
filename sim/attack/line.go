package attack

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"highwater/sim"
	"highwater/sim/attack/record"
	"highwater/sim/result"
	"highwater/sim/wire"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// A Line leads to a target that may be asked, for what no schedule has: its
// metrics, and short experiments.
type Line struct {
	x    *sender
	own  *http.Client
	stop bool // the target has no metrics
	met  bool // it was asked before
	told bool // it has told its units
}

// Limits of what is read of an answer that is no planned request's, and for
// how long it is waited for.
const (
	mostMetrics = 4 << 20
	metricsTime = 5 * time.Second
)

// OpenLine finds a target, makes sure that it may be asked so often in a
// second, and connects once. Nothing is sent.
func OpenLine(ctx context.Context, o Options, rate int) (*Line, error) {
	o.fill()
	x := &sender{o: &o, base: o.Target, context: ctx, tls: o.TLS}
	if _, err := x.reach(ctx, rate); err != nil {
		return nil, &UnreachableError{err}
	}
	if err := x.contact(ctx); err != nil {
		return nil, &UnreachableError{err}
	}
	return newLine(x), nil
}

func newLine(x *sender) *Line {
	l := &Line{x: x}
	l.own = l.Client(netip.Addr{})
	l.own.Timeout = min(x.o.Timeout, metricsTime)
	return l
}

// Many reports whether requests may come from any address of 127.0.0.0/8.
func (l *Line) Many() bool { return l.x.address.Addr().Is4() && l.x.address.Addr().IsLoopback() }

// Client is a client that reaches the target and nothing else, from an address
// of this machine, or from one that the system chooses when that is not valid.
func (l *Line) Client(from netip.Addr) *http.Client {
	t := &http.Transport{
		DialContext:  func(ctx context.Context, _, _ string) (net.Conn, error) { return l.x.dial(ctx, from, l.x.address) },
		MaxIdleConns: 64, IdleConnTimeout: longestIdle, MaxResponseHeaderBytes: mostHeader, DisableCompression: true,
	}
	if l.x.tls != nil {
		t.TLSClientConfig = l.x.tls
	}
	return &http.Client{
		Transport: t, Timeout: l.x.o.Timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// URL is that of a path of the target, which may have a query.
func (l *Line) URL(path string) string {
	u := url.URL{Scheme: l.x.base.Scheme, Host: l.x.base.Host}
	u.Path, u.RawQuery, _ = strings.Cut(path, "?")
	return u.String()
}

// Close closes what is idle.
func (l *Line) Close() { l.own.CloseIdleConnections() }

// get reads what is at a path.
func (l *Line) get(ctx context.Context, path string) ([]byte, http.Header, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, l.URL(path), nil)
	if err != nil {
		return nil, nil, err
	}
	req.Header.Set("User-Agent", l.x.o.Agent)
	if who := l.x.o.Metrics; who.User != "" {
		req.SetBasicAuth(who.User, who.Password)
	}
	res, err := l.own.Do(req)
	if err != nil {
		var u *url.Error
		if errors.As(err, &u) {
			err = u.Err
		}
		return nil, nil, err
	}
	defer res.Body.Close()
	data, err := io.ReadAll(io.LimitReader(res.Body, mostMetrics))
	switch {
	case err != nil:
		return nil, nil, err
	case res.StatusCode != http.StatusOK:
		return nil, nil, &statusError{res.StatusCode, l.x.o.Metrics.User != ""}
	}
	return data, res.Header, nil
}

// A statusError is an answer that has not what was asked for.
type statusError struct {
	code  int
	login bool // one was given
}

func (e *statusError) Error() string {
	switch wants := e.code == http.StatusUnauthorized || e.code == http.StatusForbidden; {
	case wants && e.login:
		return fmt.Sprintf("status %d: it does not take the login of --metrics-login", e.code)
	case wants:
		return fmt.Sprintf("status %d: it wants a login (--metrics-login)", e.code)
	}
	return fmt.Sprintf("status %d", e.code)
}

// What an answer is that has no units in use: without them, or a page of some
// other kind.
var (
	errNoMetrics = errors.New("no " + wire.MetricConsumed + " in the answer")
	errNotText   = errors.New("not Prometheus text")
)

// longestFailure is how much of why there are no figures is kept.
const longestFailure = 100

// Sample asks the target for its units, by a clock that counts from an
// instant. The path of its state is "" when the target is not the emulated
// one.
func (l *Line) Sample(ctx context.Context, since func() time.Duration) (s record.Sample, state string) {
	if !l.met {
		l.met = true
		defer l.x.o.waits("waiting for %s to answer at %s, up to %v", l.x.base.Host, wire.MetricsPath, l.own.Timeout)()
	}
	s.Sent = since()
	data, header, err := l.get(ctx, wire.MetricsPath)
	s.Done = since()
	if err == nil {
		err = readMetrics(&s, string(data))
	}
	if err != nil {
		s.Failed = strings.ToValidUTF8(err.Error(), "\uFFFD")
		s.Failed = s.Failed[:min(len(s.Failed), longestFailure)]
		var status *statusError
		none := errors.Is(err, errNoMetrics) || errors.Is(err, errNotText) && !l.told || errors.As(err, &status) && status.code < http.StatusInternalServerError
		l.stop = none && l.x.o.AbortFree == 0 // who depends on them goes on
	}
	l.told = l.told || err == nil
	return s, header.Get(wire.StateHeader)
}

// readMetrics reads the license's figures of Prometheus's text format.
func readMetrics(s *record.Sample, text string) error {
	p := expfmt.NewTextParser(model.UTF8Validation)
	families, err := p.TextToMetricFamilies(strings.NewReader(text))
	if families[wire.MetricConsumed] == nil && err != nil {
		return fmt.Errorf("%w: %w", errNotText, err)
	}
	s.Consumed, s.Available = metric(families[wire.MetricConsumed]), max(0, metric(families[wire.MetricAvailable])) // NaN stays
	s.Percent, s.Sessions = metric(families[wire.MetricPercent]), metric(families[wire.MetricCSPSessions])
	switch f := families[wire.MetricConsumed]; {
	case f == nil || len(f.Metric) == 0:
		return errNoMetrics
	case !wire.Units(s.Consumed):
		return fmt.Errorf("%s is %v, which is no number of units", wire.MetricConsumed, s.Consumed)
	}
	return nil
}

// metric is the sum of a metric's values, as of several name spaces; NaN when
// there is none.
func metric(f *dto.MetricFamily) float64 {
	if f == nil || len(f.Metric) == 0 {
		return math.NaN()
	}
	sum := 0.0
	for _, m := range f.Metric {
		switch {
		case m.Gauge != nil:
			sum += m.Gauge.GetValue()
		case m.Counter != nil:
			sum += m.Counter.GetValue()
		case m.Untyped != nil:
			sum += m.Untyped.GetValue()
		}
	}
	return sum
}

// State asks an emulated target what it is; nil when it does not say. A clock
// that no target has is an error.
func (l *Line) State(ctx context.Context, path string, since func() time.Duration) (*record.State, error) {
	s := &record.State{Sent: since()}
	data, _, err := l.get(ctx, path)
	s.Done = since()
	var t result.Target
	if err != nil || json.Unmarshal(data, &t) != nil || t.Kind != "target" {
		return nil, nil
	}
	if !(t.Clock > 0 && t.Clock <= sim.MaxClock) {
		return nil, fmt.Errorf("the target says at %s that its clock goes %v times as fast as a real one: that must be > 0 and at most %v", wire.StatePath, t.Clock, sim.MaxClock)
	}
	s.Scenario, s.Policy, s.Base, s.Options, s.Units, s.Clock, s.At = t.Scenario, t.Policy, t.Base, t.Options, t.Units, t.Clock, t.At
	s.Fingerprint, s.Started, s.RefusedByVia, s.FirstRefusal = t.Fingerprint, t.Started, t.RefusedByVia, t.FirstRefusal
	return s, nil
}

// reach finds the target, and how to connect to it.
func (s *sender) reach(ctx context.Context, rate int) (most int, err error) {
	g := &guard{host: s.base.Host, rate: rate, list: s.o.Permissions, names: map[string][]netip.Addr{}, now: time.Now}
	done := s.o.waits("waiting for the address of %s", s.base.Hostname())
	most, err = s.find(ctx, g)
	if done(); err != nil {
		return 0, err
	}
	if s.base.Scheme == "https" && s.tls == nil {
		s.tls = &tls.Config{}
	}
	if s.tls != nil {
		s.tls = s.tls.Clone()
		if s.tls.ServerName == "" {
			s.tls.ServerName = s.base.Hostname()
		}
	}
	s.dial = guarded(g, s.o.Dial)
	return most, nil
}
