package target

import (
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"highwater/engine"
	"highwater/sim/result"
	"highwater/sim/wire"

	"go.uber.org/goleak"
)

// busy has every way in; those that are not HTTP take part of the key.
const busy = `
name: busy
duration: 4h
license: {units: 40}
cohorts:
  - {name: lab, kind: callers, count: 3, arrivals: {every: 1m}, session: exp(2s)}
  - {name: letters, kind: callers, via: soap, count: 3, arrivals: {every: 1m}, session: exp(1s)}
  - {name: editor, kind: callers, user: own, count: 3, arrivals: {idle: 1m}, session: {use_session: true, calls: 9, takes: exp(3s), think: 1s, timeout: 1m}}
  - {name: portal, kind: browsers, arrivals: {poisson: 1/s}, session: {pages: 3, think: 10s, timeout: 2m}}
  - {name: notes, kind: jobs, started_by: portal, per: page, chance: 30%, delay: exp(5s), processes: uniform(1 3), runs: exp(20s), on_refusal: {retry: exp(10s), times: 3}}
  - {name: nurses, kind: users, via: xdbc, count: 12, connections: 2, arrivals: {idle: exp(5m)}, session: exp(5m), on_refusal: {retry: exp(30s)}}
  - {name: kiosk, kind: users, via: terminal, count: 9, address: 10.0.0.3, arrivals: {idle: exp(5m)}, session: exp(5m)}
  - {name: prints, kind: batch, arrivals: {poisson: 2/min}, runs: exp(1m)}
`

// policies are those under which everybody comes at random.
var policies = [][]string{
	nil, {"hold_counts_connection=true"}, {"grace_reuse=false", "csp_refusal=503"}, {"hold_from=end", "anon_id=session"},
	{"timeout_lag=20", "refused_attempt_sticks=true", "max_connections=4"}, {"limit_on=connections"}, {"uncharged=rest,soap"},
	{"license_alt_headers=true", "transition_short=overcommit", "max_connections=3", "job_from_csp=session_lid"},
}

// Whatever clients do at the same time, the target's trace replays to what it
// reported and refused. The rig compares.
func TestTraceReplays(t *testing.T) {
	sc := parse(t, busy)
	refused, transitions := int64(0), 0
	for i, settings := range policies {
		t.Run(fmt.Sprint(settings), func(t *testing.T) {
			o := Options{Scenario: sc, Policy: policy(t, settings...), Units: sc.License.Units, Service: constant(50 * time.Millisecond), LogTrace: true, Begin: engine.Hour}
			inRig(t, o, func(r *rig) {
				var clients sync.WaitGroup
				for n := range 40 {
					clients.Go(func() { r.visit(rand.New(rand.NewPCG(uint64(i), uint64(n))), 60) })
				}
				clients.Wait()
				res := r.target.Report()
				refused += res.Refused
				transitions += res.Transitions
				if res.Requests < 1000 {
					t.Errorf("only %d requests", res.Requests)
				}
			})
		})
	}
	if refused == 0 || transitions == 0 {
		t.Errorf("%d refusals and %d transitions: nothing was tried", refused, transitions)
	}
}

// visit does things at random with a client of one of few addresses.
func (r *rig) visit(rnd *rand.Rand, things int) {
	b := r.browser(fmt.Sprintf("10.0.0.%d", 1+rnd.IntN(12)))
	b.Timeout = 5 * time.Second // of the target's own, as the rig's clock is 1x
	if rnd.IntN(3) == 0 {
		b.user = fmt.Sprintf("u%d", rnd.IntN(5))
	}
	if rnd.IntN(3) == 0 {
		b.header.Set("X-Forwarded-For", fmt.Sprintf("10.9.0.%d, 10.0.0.5", rnd.IntN(6)))
	}
	page := wire.Endpoint{Via: engine.CSP, Slug: "portal"}
	for range things {
		req, _ := http.NewRequest("GET", host+"/rest/lab", nil) // is valid
		switch rnd.IntN(8) {
		case 0, 1:
			req.URL.Path = "/rest/editor"
		case 2, 3:
			req.URL.Path = page.Path()
		case 4:
			req.URL.Path, req.URL.RawQuery = page.Path(), wire.LogoutField+"="+wire.LogoutValue
		case 5:
			req, _ = http.NewRequest("POST", host+page.LoginPath(), strings.NewReader(fmt.Sprintf("%s=u%d", wire.UserField, rnd.IntN(5))))
			req.Header.Set("Content-Type", wire.ContentForm)
		case 6:
			req, _ = http.NewRequest("POST", host+"/soap/letters.cls", strings.NewReader(string(wire.SOAP11.AppendCall(nil))))
		}
		for name, values := range b.header {
			req.Header[name] = values
		}
		if b.user != "" {
			req.SetBasicAuth(b.user, wire.Password)
		}
		if res, err := b.Do(req.WithContext(r.t.Context())); err == nil { // else it was too long
			_ = res.Body.Close()
		}
		wait(time.Duration(rnd.ExpFloat64() * float64(10*time.Second)))
		if rnd.IntN(20) == 0 {
			wait(3 * time.Minute)
		}
	}
}

// Over the network of this machine, with the clock of this machine: clients
// have addresses of their own, and the trace still tells the same.
func TestLoopback(t *testing.T) {
	defer goleak.VerifyNone(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{t: t}
	r.target = New(Options{Units: 3, Policy: policy(t), Clock: 500, Service: constant(2 * time.Second), Trace: &r.trace})
	end := make(chan *result.Target)
	ctx, stop := contextOf(t)
	go func() {
		res, err := r.target.Serve(ctx, l)
		if err != nil {
			t.Errorf("Serve: %v", err)
		}
		end <- res
	}()
	var clients sync.WaitGroup
	for n := range 8 {
		clients.Go(func() {
			from := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 1, byte(1+n%5))}}
			transport := &http.Transport{DialContext: from.DialContext}
			defer transport.CloseIdleConnections()
			for i := range 30 {
				res, err := (&http.Client{Transport: transport}).Get("http://" + l.Addr().String() + []string{"/rest/lab", "/csp/portal/page.csp"}[i%2])
				if err != nil {
					t.Errorf("%v (has this machine all of 127.0.0.0/8?)", err)
					return
				}
				_ = res.Body.Close()
			}
		})
	}
	clients.Wait()
	stop()
	res := <-end
	r.replays(res)
	if res.Requests != 240 || res.Admitted+res.Refused != 240 || res.Refused == 0 || res.Peak.Units != 3 {
		t.Errorf("report %+v", res)
	}
}
