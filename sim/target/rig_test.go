package target

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"highwater/engine"
	"highwater/internal/pipes"
	"highwater/scenario"
	"highwater/sim/result"
	"highwater/sim/trace"
	"highwater/sim/wire"

	"github.com/google/go-cmp/cmp"
)

// A rig is a target in the test's own time and network.
type rig struct {
	t      *testing.T
	target *Target
	net    *pipes.Net
	trace  bytes.Buffer
	log    bytes.Buffer
}

// inRig has something done to a target, and then checks that its trace replays
// to what it reports.
func inRig(t *testing.T, o Options, do func(r *rig)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r := &rig{t: t, net: pipes.New()}
		o.Trace, o.Log = &r.trace, &r.log
		r.target = New(o)
		ctx, stop := context.WithCancel(t.Context())
		served := make(chan *result.Target)
		go func() {
			res, err := r.target.Serve(ctx, r.net)
			if err != nil {
				t.Errorf("Serve: %v", err)
			}
			served <- res
		}()
		do(r)
		stop()
		r.replays(<-served)
	})
}

// dial connects to the target from an address.
func (r *rig) dial(ctx context.Context, from string) (net.Conn, error) {
	return r.net.Dial(ctx, netip.MustParseAddr(from), netip.AddrPort{})
}

// replays checks that the trace tells the same as the target.
func (r *rig) replays(res *result.Target) {
	r.t.Helper()
	in := trace.NewJSONReader("target", bytes.NewReader(r.trace.Bytes()))
	h := in.Header()
	p, _ := engine.NamedPolicy(h.Policy)
	for _, s := range h.Options {
		if err := p.Set(s.Name, s.Value); err != nil {
			r.t.Fatal(err)
		}
	}
	again, err := trace.Run(in, trace.Options{Policy: p, Units: h.Units})
	if err != nil {
		r.t.Fatal(err)
	}
	type outcome struct {
		Peak        engine.Peak
		Connections int
		Admitted    int64
		Refused     int64
		ByVia       map[string]int64
		Transitions int
		UnitSeconds engine.UnitTime
		Left        int
		First       *result.Refusal
		End         engine.Time
	}
	got := outcome{res.Peak, res.PeakConnections, res.Admitted, res.Refused, res.RefusedByVia, res.Transitions, res.UnitSeconds, res.InUse, res.FirstRefusal, res.At}
	want := outcome{again.Peak, again.PeakConnections, again.Admitted, again.Refused, again.RefusedByVia, len(again.Transitions),
		again.UnitSeconds, again.UnitsAtEnd, again.FirstRefusal, again.End}
	if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b engine.UnitTime) bool { return a == b })); diff != "" {
		r.t.Errorf("the target (+) and its trace replayed (-) differ:\n%s", diff)
	}
}

// A browser is a client with an address and cookies.
type browser struct {
	r *rig
	http.Client
	user   string
	header http.Header
}

func (r *rig) browser(addr string) *browser {
	jar, _ := cookiejar.New(nil) // never fails
	b := &browser{r: r, header: http.Header{}}
	b.Jar = jar
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return r.dial(ctx, addr) }}
	b.Transport = transport
	r.t.Cleanup(transport.CloseIdleConnections)
	return b
}

// host is what the browsers call the target.
const host = "http://127.0.0.1:8080"

// do sends a request and gives back status and body.
func (b *browser) do(method, path, kind, body string) (int, string) {
	b.r.t.Helper()
	req, err := http.NewRequestWithContext(b.r.t.Context(), method, host+path, strings.NewReader(body))
	if err != nil {
		b.r.t.Fatal(err)
	}
	for name, values := range b.header {
		req.Header[name] = values
	}
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	if b.user != "" {
		req.SetBasicAuth(b.user, wire.Password)
	}
	res, err := b.Do(req)
	if err != nil {
		b.r.t.Error(err)
		return 0, ""
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		b.r.t.Error(err)
	}
	return res.StatusCode, string(data)
}

func (b *browser) get(path string) int {
	b.r.t.Helper()
	status, _ := b.do("GET", path, "", "")
	return status
}

func (b *browser) soap(path string) (int, string) {
	return b.do("POST", path, wire.SOAP11.ContentType(""), string(wire.SOAP11.AppendCall(nil)))
}

func (b *browser) login(path, user string) (int, string) {
	return b.do("POST", path, wire.ContentForm, wire.UserField+"="+user+"&"+wire.PasswordField+"="+wire.Password+"&"+wire.LoginField+"="+wire.LoginValue)
}

// state is what the target says of itself.
func (r *rig) state() *result.Target {
	r.t.Helper()
	wait(lookEvery) // it is not older
	_, body := r.browser("127.0.0.1").do("GET", wire.StatePath, "", "")
	var res result.Target
	if err := json.Unmarshal([]byte(body), &res); err != nil {
		r.t.Fatalf("%v in %q", err, body)
	}
	return &res
}

// uses checks how many units are in use.
func (r *rig) uses(when string, want int) {
	r.t.Helper()
	if got := r.target.Report().InUse; got != want {
		r.t.Errorf("%s: %d units in use, want %d", when, got, want)
	}
}

// logged is what has been written into the log.
func (r *rig) logged() string {
	r.target.core.mu.Lock()
	defer r.target.core.mu.Unlock()
	return r.log.String()
}

// wait lets time pass.
func wait(d time.Duration) { <-time.After(d) }

func policy(t *testing.T, settings ...string) engine.Policy {
	t.Helper()
	p, _ := engine.NamedPolicy("")
	for _, s := range settings {
		name, value, _ := strings.Cut(s, "=")
		if err := p.Set(name, value); err != nil {
			t.Fatal(err)
		}
	}
	return p
}

func constant(d time.Duration) scenario.Dist {
	return scenario.Dist{Law: scenario.Constant, Mean: d.Seconds()}
}

func parse(t *testing.T, text string) *scenario.Scenario {
	t.Helper()
	sc, err := scenario.Parse("test.yaml", []byte(text), nil)
	if err != nil {
		t.Fatal(err)
	}
	return sc
}
