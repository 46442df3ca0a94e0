package attack

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"highwater/internal/raw"
	"highwater/sim/attack/record"
	"highwater/sim/result"
	"highwater/sim/wire"

	"github.com/google/go-cmp/cmp"
)

func target(text string) *url.URL {
	u, err := url.Parse(text)
	if err != nil {
		panic(err)
	}
	return u
}

// send runs a schedule against a URL, with a record that it reads again.
func send(t *testing.T, s *Schedule, o Options) (*result.Attack, []record.Entry) {
	t.Helper()
	var b bytes.Buffer
	o.Record = &b
	o.MaxLag = time.Minute // machines that test are busy
	res, err := Run(context.Background(), context.Background(), s, o)
	if err != nil {
		t.Fatal(err)
	}
	return res, entries(t, &b)
}

func entries(t *testing.T, b *bytes.Buffer) (list []record.Entry) {
	t.Helper()
	r, err := record.NewReader(b)
	if err != nil {
		t.Fatal(err)
	}
	for {
		var e record.Entry
		if err := r.Next(&e); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		list = append(list, e)
	}
	if m := r.Missing(); m != "" {
		t.Fatal(m)
	}
	return list
}

const people = `
name: people
duration: 10m
license: {units: 50}
proxies: [{name: gateway, address: 10.0.0.5, forwards: x-forwarded-for}]
cohorts:
  - {name: Wall Boards, kind: callers, count: 6, arrivals: {every: 20s}}
  - {name: lab, kind: callers, via: soap, user: own, count: 5, through: gateway, arrivals: {every: 30s}}
  - {name: staff, kind: browsers, count: 20, arrivals: {at: +1m}, session: {login: true, pages: 5, think: exp(20s), logout: 100%}}
`

// A session server opens web sessions, and notes who asked what.
type sessionServer struct {
	mu       sync.Mutex
	sessions int
	asked    map[string][]string // by session: paths
	from     map[string]map[string]bool
	wrong    []string
}

func (s *sessionServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	host, _, _ := net.SplitHostPort(r.RemoteAddr)
	for name := range r.Header {
		if strings.HasPrefix(name, "X-Vegeta") || strings.HasPrefix(name, "X-Highwater") {
			s.wrong = append(s.wrong, "header "+name)
		}
	}
	switch {
	case strings.HasPrefix(r.URL.Path, "/soap/"):
		user, password, ok := r.BasicAuth()
		body, _ := io.ReadAll(r.Body)
		_, fault, err := wire.ParseEnvelope(body)
		if !ok || !strings.HasPrefix(user, "lab.") || password != wire.Password || r.Header.Get("SOAPAction") == "" || fault != nil || err != nil {
			s.wrong = append(s.wrong, "call of "+user)
		}
		s.note(user, host+" for "+r.Header.Get("X-Forwarded-For"))
		_, _ = w.Write(wire.SOAP11.AppendAnswer(nil))
		return
	case strings.HasPrefix(r.URL.Path, "/rest/"):
		s.note("boards", host)
		return
	}
	c, err := r.Cookie("CSPSESSIONID-SP-1-UP-csp-staff-")
	if err != nil {
		s.sessions++
		c = &http.Cookie{Name: "CSPSESSIONID-SP-1-UP-csp-staff-", Value: fmt.Sprint(s.sessions), Path: "/csp/staff/"}
		http.SetCookie(w, c)
	}
	s.note(c.Value, host)
	s.asked[c.Value] = append(s.asked[c.Value], r.Method+" "+r.URL.RequestURI())
	if r.Method == "POST" && (r.FormValue("IRISPassword") != wire.Password || !strings.HasPrefix(r.FormValue("IRISUsername"), "staff.")) {
		s.wrong = append(s.wrong, "login")
	}
}

func (s *sessionServer) note(who, from string) {
	if s.from[who] == nil {
		s.from[who] = map[string]bool{}
	}
	s.from[who][from] = true
}

// Each user has its address, its credentials and its cookies, and its pages
// come in their order.
func TestUsersAreThemselves(t *testing.T) {
	t.Parallel() // it waits
	server := &sessionServer{asked: map[string][]string{}, from: map[string]map[string]bool{}}
	h := httptest.NewServer(server)
	defer h.Close()
	s := plan(t, people, PlanOptions{Clock: 600})
	res, list := send(t, s, Options{Target: target(h.URL)})
	h.Close()
	run := res.Sent
	if res.Verdict != result.Measured || run.First != int64(len(s.Requests)) || run.Served != run.First || int(run.First) != len(list) {
		t.Errorf("%s: %d of %d were sent, %d served, %d recorded: %q", res.Verdict, run.First, len(s.Requests), run.Served, len(list), res.Reasons)
	}
	if server.sessions != 20 || run.Sessions != 20 || res.Plan.Sessions != 20 {
		t.Errorf("%d sessions were opened, %d seen and %d planned; want 20", server.sessions, run.Sessions, res.Plan.Sessions)
	}
	for session, asked := range server.asked {
		want := []string{"GET /csp/staff/page.csp", "POST /csp/staff/login.csp", "GET /csp/staff/page.csp",
			"GET /csp/staff/page.csp", "GET /csp/staff/page.csp", "GET /csp/staff/page.csp?IRISLogout=end"}
		if diff := cmp.Diff(want, asked); diff != "" {
			t.Errorf("session %s:\n%s", session, diff)
		}
	}
	addresses := map[string]bool{}
	for who, from := range server.from {
		if want := map[bool]int{true: 6, false: 1}[who == "boards"]; len(from) != want {
			t.Errorf("%s comes from %v, want %d addresses", who, from, want)
		}
		for a := range from {
			addresses[a] = true
		}
	}
	if len(addresses) != 6+5+20 {
		t.Errorf("there are %d addresses, want one for each of 31 users", len(addresses))
	}
	if server.wrong != nil {
		t.Errorf("wrong: %q", server.wrong)
	}
}

// The instants of a user's requests: planned as the schedule has them, sent
// not before, and one after the answer to the other and the think time.
func TestInstants(t *testing.T) {
	t.Parallel() // it waits
	h := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer h.Close()
	s := plan(t, people, PlanOptions{Clock: 600})
	_, list := send(t, s, Options{Target: target(h.URL)})
	done := map[uint32]time.Duration{}
	byRequest := map[uint32]record.Entry{}
	for _, e := range list {
		byRequest[e.Request] = e
	}
	for i := range s.Requests {
		r := &s.Requests[i]
		e := byRequest[uint32(i)]
		ready := e.Planned
		if !r.first {
			ready = done[r.Visit] + s.length(r.Think)
		}
		if e.Planned != s.wall(r.At) || e.Ready != ready || e.Sent < max(e.Planned, e.Ready) || e.Done < e.Sent {
			t.Fatalf("request %d of visit %d: %+v, ready at %v", i, r.Visit, e, ready)
		}
		done[r.Visit] = e.Done
	}
}

const refused = `
name: refused
duration: 10m
license: {units: 50}
cohorts:
  - {name: calls, kind: callers, count: 10, arrivals: {at: +1m}, session: {calls: 3, think: 10s}, on_refusal: {retry: 1s, times: 2}}
  - {name: pages, kind: browsers, count: 10, arrivals: {at: +1m}, session: {pages: 3, think: 10s}}
`

// Who is refused tries again as often as the scenario says, and then sends no
// more.
func TestRefusals(t *testing.T) {
	h := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(map[bool]int{true: 503, false: 404}[strings.HasPrefix(r.URL.Path, "/rest/")])
	}))
	defer h.Close()
	res, _ := send(t, plan(t, refused, PlanOptions{Clock: 600}), Options{Target: target(h.URL)})
	r := res.Sent
	got := []int64{r.First, r.Retries, r.Refused, r.Failed, r.Abandoned, r.Unsent}
	if diff := cmp.Diff([]int64{20, 20, 40, 0, 40, 0}, got); diff != "" || res.Verdict != result.Measured {
		t.Errorf("first, retries, refused, failed, abandoned, unsent: %s\n%s %q", diff, res.Verdict, res.Reasons)
	}
	if r.FirstRefusal == nil {
		t.Error("there is no first refusal")
	}
}

// Whatever a target does, the attack ends, and says what failed.
func TestOddTargets(t *testing.T) {
	elsewhere := atomic.Int64{}
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere.Add(1) }))
	defer other.Close()
	text := func(s string) func(net.Conn) {
		return func(c net.Conn) { _, _ = io.WriteString(c, s) }
	}
	quiet := func(c net.Conn) { _, _ = io.Copy(io.Discard, c) } // until the client leaves
	tests := []struct {
		name   string
		cause  record.Cause
		answer func(net.Conn)
	}{
		{"hangs", record.TimedOut, quiet},
		{"hangs in a body", record.TimedOut, func(c net.Conn) {
			text("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")(c)
			quiet(c)
		}},
		{"closes", record.Reset, func(net.Conn) {}},
		{"resets", record.Reset, func(c net.Conn) { _ = c.(*net.TCPConn).SetLinger(0) }},
		{"ends early", record.Reset, text("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")},
		{"sends garbage", record.Garbage, text("\x00\xff\x01 what\r\n\r\n")},
		{"sends another protocol", record.Garbage, text("220 mail.example.org ESMTP\r\n")},
		{"has a large header", record.TooLarge, func(c net.Conn) {
			text("HTTP/1.1 200 OK\r\nX-A: ")(c)
			for range 200 {
				text(strings.Repeat("a", 1024))(c)
			}
			quiet(c)
		}},
		{"has a large body", record.TooLarge, func(c net.Conn) {
			text("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")(c)
			for range 200 {
				text("400\r\n" + strings.Repeat("a", 1024) + "\r\n")(c)
			}
			quiet(c)
		}},
		{"goes on announcing", record.Garbage, text(strings.Repeat("HTTP/1.1 100 Continue\r\n\r\n", 50))},
		{"redirects elsewhere", record.Elsewhere, text("HTTP/1.1 302 Found\r\nLocation: " + other.URL + "/\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")},
		{"redirects to itself", record.Redirects, text("HTTP/1.1 302 Found\r\nLocation: /rest/odd\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")},
		{"has an error", record.BadStatus, text("HTTP/1.1 500 Oh\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")},
	}
	s := plan(t, `
name: odd
duration: 1m
license: {units: 50}
cohorts: [{name: odd, kind: callers, count: 5, arrivals: {at: +1s}, session: {calls: 2, think: 1s}}]
`, PlanOptions{Clock: 60})
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			res, list := send(t, s, Options{Target: target("http://" + raw.Listen(t, tt.answer)), Timeout: 300 * time.Millisecond, MostBody: 100_000})
			if res.Sent.Failed != 10 || len(list) != 10 {
				t.Errorf("%d failed and %d were recorded, want 10: %+v", res.Sent.Failed, len(list), res.Sent.Causes)
			}
			for _, e := range list {
				if e.Cause != tt.cause {
					t.Errorf("request %d failed by %v, want %v", e.Request, e.Cause, tt.cause)
				}
			}
		})
	}
	t.Cleanup(func() {
		if n := elsewhere.Load(); n != 0 {
			t.Errorf("another host was asked %d times", n)
		}
	})
}

// A redirect on the same host is followed, with its cookies.
func TestRedirect(t *testing.T) {
	var asked atomic.Int64
	h := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/csp/front/page.csp" {
			http.SetCookie(w, &http.Cookie{Name: "seen", Value: "1", Path: "/"})
			http.Redirect(w, r, "../back/?a=b", http.StatusFound)
			return
		}
		if c, err := r.Cookie("seen"); err == nil && c.Value == "1" && r.URL.RequestURI() == "/csp/back/?a=b" {
			asked.Add(1)
		}
	}))
	defer h.Close()
	s := plan(t, `
name: front
duration: 1m
license: {units: 50}
cohorts: [{name: front, kind: browsers, count: 3, arrivals: {at: +1s}, session: {pages: 1, think: 1s}}]
`, PlanOptions{Clock: 60})
	res, _ := send(t, s, Options{Target: target(h.URL)})
	if asked.Load() != 3 || res.Sent.Served != 3 {
		t.Errorf("%d were served and %d redirected, want 3", res.Sent.Served, asked.Load())
	}
}

// A target that closes idle connections loses no request.
func TestTargetThatClosesIdleConnections(t *testing.T) {
	t.Parallel() // it waits
	h := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	h.Config.IdleTimeout = time.Millisecond
	h.Start()
	defer h.Close()
	s := plan(t, people, PlanOptions{Clock: 600})
	res, _ := send(t, s, Options{Target: target(h.URL)})
	if res.Sent.Served != int64(len(s.Requests)) {
		t.Errorf("%d of %d were served: %+v", res.Sent.Served, len(s.Requests), res.Sent.Causes)
	}
}

// abortedEarly is why an attack ends after one to nine seconds.
var abortedEarly = regexp.MustCompile(`^aborted: 100 % of the \d+ requests of the last [1-9](\.\d)?s failed, more than 20 %$`)

// The abort rule ends an attack on a target that fails, and the verdict is
// that nothing is known.
func TestAbort(t *testing.T) {
	t.Parallel() // it waits
	h := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(502) }))
	defer h.Close()
	s := plan(t, `
name: long
duration: 10m
license: {units: 50}
cohorts: [{name: calls, kind: callers, count: 100, arrivals: {every: 1s}}]
`, PlanOptions{})
	start := time.Now()
	res, list := send(t, s, Options{Target: target(h.URL), AbortErrors: 0.2})
	if d := time.Since(start); d > time.Minute {
		t.Errorf("it went on for %v", d)
	}
	if !res.Partial || res.Verdict != result.Inconclusive || len(list) < abortAttempts || !abortedEarly.MatchString(res.Reasons[0]) {
		t.Errorf("partial %v, %s, %d attempts, %q", res.Partial, res.Verdict, len(list), res.Reasons)
	}
}

// A target that is about to have no free units is left alone, and one that has
// too few before the first request is sent nothing.
func TestAbortFree(t *testing.T) {
	t.Parallel() // it waits
	s := plan(t, clinic, PlanOptions{})
	for _, tt := range []struct {
		before, later, free int
		want                string // why it ends; "" is that it does not
	}{
		{30, 3, 4, "aborted: the target has 3 license units free, fewer than 4"},
		{4, 4, 4, ""},
		{3, 30, 4, "the target has 3 license units free, fewer than 4 (--abort-free): nothing was sent"},
		{0, 0, 1, "the target has 0 license units free, fewer than 1 (--abort-free): nothing was sent"},
		{0, 0, 0, ""},
	} {
		var looks, asked atomic.Int64
		h := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/api/monitor/metrics" {
				asked.Add(1)
				return
			}
			free := tt.later
			if looks.Add(1) == 1 {
				free = tt.before
			}
			_, _ = fmt.Fprintf(w, "iris_license_consumed 22\niris_license_available %d\n", free)
		}))
		ctx, stop := context.WithTimeout(context.Background(), 3*time.Second)
		res, err := Run(ctx, ctx, s, Options{Target: target(h.URL), AbortFree: tt.free, Scrape: 50 * time.Millisecond})
		ended := ctx.Err() == nil
		stop()
		h.Close()
		var few *FewError
		if errors.As(err, &few) {
			if err.Error() != tt.want || asked.Load() > 0 || res.Sent != nil || looks.Load() != 1 {
				t.Errorf("%+v: %v, after %d looks, and %d requests were sent", tt, err, looks.Load(), asked.Load())
			}
			continue
		}
		if err != nil || ended != (tt.want != "") || ended && (!res.Partial || res.Verdict != result.Inconclusive || res.Reasons[0] != tt.want) {
			t.Errorf("%+v: partial %v, %s, %q, %v", tt, res.Partial, res.Verdict, res.Reasons, err)
		}
	}
}

// Who watches the target can end an attack.
func TestAbortForAReason(t *testing.T) {
	h := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer h.Close()
	reason := make(chan string, 1)
	reason <- "the target has 3 free units, fewer than 5"
	res, _ := send(t, plan(t, clinic, PlanOptions{}), Options{Target: target(h.URL), Abort: reason})
	if !res.Partial || res.Verdict != result.Inconclusive || res.Reasons[0] != "aborted: the target has 3 free units, fewer than 5" {
		t.Errorf("partial %v, %s, %q", res.Partial, res.Verdict, res.Reasons)
	}
}

// A target that dies and comes back is asked again.
func TestTargetThatComesBack(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var asked atomic.Int64
	die, dead := make(chan struct{}), make(chan struct{})
	handler := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		if asked.Add(1) == 30 {
			close(die)
		}
	})
	first := &http.Server{Handler: handler}
	second := &http.Server{Handler: handler}
	var wg sync.WaitGroup
	wg.Go(func() { _ = first.Serve(l) })
	wg.Go(func() {
		<-die
		_ = first.Close()
		close(dead)
	})
	wg.Go(func() {
		<-dead
		again, err := net.Listen("tcp", l.Addr().String())
		if err == nil {
			_ = second.Serve(again)
		}
	})
	s := plan(t, `
name: back
duration: 1m
license: {units: 50}
cohorts: [{name: calls, kind: callers, count: 20, arrivals: {every: 1s}}]
`, PlanOptions{Clock: 20})
	res, _ := send(t, s, Options{Target: target("http://" + l.Addr().String()), AbortErrors: 1})
	_ = second.Close()
	wg.Wait()
	if r := res.Sent; r.First != 1200 || r.Served < 1100 || r.Served+r.Failed != 1200 {
		t.Errorf("%d sent, %d served, %d failed, by %v; want 1,200, most of them served", r.First, r.Served, r.Failed, r.Causes)
	}
}

// Over TLS the target's certificate must be known.
func TestTLS(t *testing.T) {
	t.Parallel() // it waits
	h := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	h.Config.ErrorLog = log.New(io.Discard, "", 0)
	h.StartTLS()
	defer h.Close()
	s := plan(t, people, PlanOptions{Clock: 600})
	var x *UnreachableError
	if _, err := Run(context.Background(), context.Background(), s, Options{Target: target(h.URL)}); !errors.As(err, &x) {
		t.Errorf("%v; want that the certificate is not known", err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(h.Certificate())
	res, _ := send(t, s, Options{Target: target(h.URL), TLS: &tls.Config{RootCAs: roots}})
	if res.Sent.Served != int64(len(s.Requests)) {
		t.Errorf("%d of %d were served: %v", res.Sent.Served, len(s.Requests), res.Sent.Causes)
	}
}

// Proxies name addresses that mean something where the target is.
func TestAddresses(t *testing.T) {
	s := plan(t, `
name: addresses
duration: 1m
license: {units: 50}
proxies: [{name: gateway, address: 10.0.0.5, forwards: x-forwarded-for}, {name: mute, address: 10.0.0.6}]
cohorts:
  - {name: own, kind: callers, count: 2, arrivals: {at: +1s}}
  - {name: fixed, kind: callers, address: 10.9.9.9, count: 1, arrivals: {at: +2s}}
  - {name: here, kind: callers, address: 127.5.5.5, count: 1, arrivals: {at: +3s}}
  - {name: behind, kind: callers, through: gateway, count: 1, arrivals: {at: +4s}}
  - {name: quiet, kind: callers, through: mute, count: 1, arrivals: {at: +5s}}
  - {name: both, kind: callers, through: gateway, address: 10.9.9.9, count: 1, arrivals: {at: +6s}}
`, PlanOptions{})
	for _, tt := range []struct {
		target string
		want   []string // source and forwarded of each user
	}{
		{"127.0.0.1", []string{"127.16.0.1 -", "127.16.0.2 -", "127.8.0.3 -", "127.5.5.5 -", "127.8.0.1 127.16.0.5", "127.8.0.2 -", "127.8.0.1 127.8.0.3"}},
		{"192.0.2.7", []string{"- -", "- -", "- -", "- -", "- 10.16.0.5", "- -", "- 10.9.9.9"}},
		{"::1", []string{"- -", "- -", "- -", "- -", "- 10.16.0.5", "- -", "- 10.9.9.9"}},
	} {
		home := newAddresses(s, netip.MustParseAddr(tt.target))
		var got []string
		for i := range s.Users {
			text := [2]string{"-", "-"}
			source, forwarded := home.of(uint32(i))
			for j, a := range []netip.Addr{source, forwarded} {
				if a.IsValid() {
					text[j] = a.String()
				}
			}
			got = append(got, text[0]+" "+text[1])
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s:\n%s", tt.target, diff)
		}
	}
}

// The first signal lets what is in flight end, the second cuts it. Both are
// prompt.
func TestStops(t *testing.T) {
	s := plan(t, `
name: slow
duration: 1h
license: {units: 50}
cohorts:
  - {name: calls, kind: callers, count: 20, arrivals: {at: +1s}}
  - {name: later, kind: callers, count: 1, arrivals: {at: +30m}}
`, PlanOptions{Clock: 10})
	for _, cutting := range []bool{false, true} {
		t.Run(fmt.Sprintf("cut %v", cutting), func(t *testing.T) {
			ctx, stop := context.WithCancel(context.Background())
			cut, stopNow := context.WithCancel(context.Background())
			defer stopNow()
			release := make(chan struct{})
			var waiting atomic.Int64
			h := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				if waiting.Add(1) == 20 {
					stop()
					if cutting {
						stopNow()
					} else {
						close(release)
					}
				}
				select {
				case <-release:
				case <-r.Context().Done():
				}
			}))
			defer h.Close()
			var b bytes.Buffer
			start := time.Now()
			res, err := Run(ctx, cut, s, Options{Target: target(h.URL), Record: &b, MaxLag: time.Minute})
			if err != nil {
				t.Fatal(err)
			}
			if d := time.Since(start); d > 20*time.Second {
				t.Errorf("it ended after %v", d)
			}
			r := res.Sent
			want := []int64{20, 20, 0, 1}
			if cutting {
				want = []int64{20, 0, 20, 1}
			}
			if diff := cmp.Diff(want, []int64{r.First, r.Served, r.Cut, r.Unsent}); diff != "" || !res.Partial || res.Verdict != result.Inconclusive {
				t.Errorf("sent, served, cut, unsent: %s\npartial %v, %s", diff, res.Partial, res.Verdict)
			}
			if n := len(entries(t, &b)); n != 20 {
				t.Errorf("%d attempts are recorded, want 20", n)
			}
		})
	}
}

// A record that cannot be written ends the attack.
func TestFullDisk(t *testing.T) {
	t.Parallel() // it waits
	h := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer h.Close()
	s := plan(t, `
name: long
duration: 10m
license: {units: 50}
cohorts: [{name: calls, kind: callers, count: 50, arrivals: {every: 1s}}]
`, PlanOptions{})
	res, err := Run(context.Background(), context.Background(), s, Options{Target: target(h.URL), Record: &fullDisk{left: 3000}})
	if !errors.Is(err, errFull) || res.Sent == nil || !res.Partial || res.Sent.Unsent == 0 {
		t.Errorf("%v, %+v; want that there is no space left, and a partial result", err, res)
	}
}

var errFull = errors.New("no space left")

type fullDisk struct{ left int }

func (f *fullDisk) Write(b []byte) (int, error) {
	if f.left -= len(b); f.left < 0 {
		return 0, errFull
	}
	return len(b), nil
}

// What is not on this machine is asked only with a permission; without, there
// is not even a dial.
func TestGuard(t *testing.T) {
	s := plan(t, refused, PlanOptions{Clock: 600})
	dials := atomic.Int64{}
	dial := func(context.Context, netip.Addr, netip.AddrPort) (net.Conn, error) {
		dials.Add(1)
		return nil, errors.New("dialed")
	}
	resolve := func(_ context.Context, host string) ([]netip.Addr, error) {
		return map[string][]netip.Addr{
			"test.example.org": {netip.MustParseAddr("192.0.2.7")}, "alias.example.org": {netip.MustParseAddr("192.0.2.7")},
			"prod.example.org": {netip.MustParseAddr("192.0.2.9")}, "local.example.org": {netip.MustParseAddr("::ffff:127.0.0.1")},
		}[host], nil
	}
	tests := []struct {
		name, url, allow, why string // why is "" when it may be dialed
	}{
		{"loopback", "http://127.9.9.9:80", "", ""},
		{"loopback of IPv6", "http://[::1]:80", "", ""},
		{"a name of this machine", "http://local.example.org:80", "", ""},
		{"an address", "http://192.0.2.7:80", "", "no entry allows it"},
		{"a name", "http://prod.example.org:80", "", "no entry allows it"},
		{"an address that is allowed", "http://192.0.2.7:80", "[{host: 192.0.2.7, port: 80, max_rate: 5000/s, until: 2999-01-01}]", ""},
		{"another port", "http://192.0.2.7:81", "[{host: 192.0.2.7, port: 80, max_rate: 5000/s, until: 2999-01-01}]", "no entry allows it: that for 192.0.2.7 is for port 80"},
		{"a network that is allowed", "http://test.example.org:80", "[{host: 192.0.2.0/24, port: 80, max_rate: 5000/s, until: 2999-01-01}]", ""},
		{"another network", "http://test.example.org:80", "[{host: 192.0.3.0/24, port: 80, max_rate: 5000/s, until: 2999-01-01}]", "no entry allows it"},
		{"a name that is allowed", "http://test.example.org:80", "[{host: test.example.org, port: 80, max_rate: 5000/s, until: 2999-01-01}]", ""},
		{"another name", "http://prod.example.org:80", "[{host: test.example.org, port: 80, max_rate: 5000/s, until: 2999-01-01}]", "no entry allows it"},
		{"expired", "http://192.0.2.7:80", "[{host: 192.0.2.7, port: 80, max_rate: 5000/s, until: 2001-01-01}]", "has expired"},
		{"too fast", "http://192.0.2.7:80", "[{host: 192.0.2.7, port: 80, max_rate: 3/s, until: 2999-01-01}]", "allows 3 requests in a second"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := Options{Target: target(tt.url), Dial: dial, Resolve: resolve}
			if tt.allow != "" {
				var err error
				if o.Permissions, err = ParsePermissions("allow.yaml", []byte(tt.allow)); err != nil {
					t.Fatal(err)
				}
			}
			note, dry := s.Allowed(context.Background(), o)
			if note != "" || (dry != nil) != (tt.why != "") || dry != nil && !strings.Contains(dry.Error(), tt.why) {
				t.Errorf("without asking anybody: %q, %v; want %q", note, dry, tt.why)
			}
			before := dials.Load()
			_, err := Run(context.Background(), context.Background(), s, o)
			dialed := dials.Load() > before
			var x *NotAllowedError
			forbidden := errors.As(err, &x)
			if err == nil || dialed != (tt.why == "") || forbidden != (tt.why != "") || forbidden && !strings.Contains(err.Error(), tt.why) {
				t.Errorf("%v, dialed %v; want that %s", err, dialed, tt.why)
			}
			if forbidden && !strings.Contains(x.Hint(), "host: "+x.Address.Addr().String()) {
				t.Errorf("the hint does not say what to write: %s", x.Hint())
			}
		})
	}
}

// A host that changes its address under way is not asked at the new one.
func TestGuardAsksAtEachDial(t *testing.T) {
	g := &guard{host: "test", now: time.Now}
	dialed := false
	d := guarded(g, func(context.Context, netip.Addr, netip.AddrPort) (net.Conn, error) {
		dialed = true
		return nil, io.EOF
	})
	if _, err := d(context.Background(), netip.Addr{}, netip.MustParseAddrPort("198.51.100.1:80")); err == nil || dialed {
		t.Errorf("an address that nobody allowed was dialed: %v", err)
	}
}

func TestAllowFileMistakes(t *testing.T) {
	const good = "host: h, port: 1, max_rate: 1/s, until: 2026-01-01"
	for text, want := range map[string]string{
		"":                          "allow.yaml:1:1: must be a list",
		"host: a":                   "allow.yaml:1:1: must be a list",
		"- 5":                       "allow.yaml:1:3: an entry must be a mapping",
		"- {" + good + ", hots: a}": `allow.yaml:1:56: unknown field "hots"`,
		"- {" + good + ", host: a}": `allow.yaml:1:56: field "host" is given twice`,
		"- {host: h}":               `allow.yaml:1:3: field "port" must be given`,
		strings.Replace("- {"+good+"}", "port: 1", "port: 0", 1): "allow.yaml:1:19: port must be",
		"- {host: 10.0.0.0/99" + good[7:] + "}":                  "allow.yaml:1:10: host must be",
		"- {host: '*'" + good[7:] + "}":                          "allow.yaml:1:10: host must be",
		strings.Replace("- {"+good+"}", "1/s", "1", 1):           "max_rate must be",
		strings.Replace("- {"+good+"}", "1/s", "0/s", 1):         "max_rate must be",
		strings.Replace("- {"+good+"}", "2026-01-01", "soon", 1): "until must be",
		"- {" + good + "}\n---\n- {" + good + "}":                "one document",
	} {
		_, err := ParsePermissions("allow.yaml", []byte(text))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q gives %v, want %s", text, err, want)
		}
	}
}

// What a dry run cannot know without a name server it leaves open, and it asks
// none.
func TestAllowedAsksNobody(t *testing.T) {
	s := plan(t, refused, PlanOptions{Clock: 600})
	for _, tt := range []struct {
		name, url, allow, note, why string
	}{
		{"this machine", "http://localhost:80", "[]", "", ""},
		{"a name", "http://his.invalid:80", "[]", "", "his.invalid:80 is not known to be a loopback address"},
		{"an entry with the name", "http://his.invalid:80", "[{host: HIS.invalid, port: 80, max_rate: 5000/s, until: 2999-01-01}]", "", ""},
		{"another port", "http://his.invalid:81", "[{host: his.invalid, port: 80, max_rate: 5000/s, until: 2999-01-01}]", "", "that for his.invalid is for port 80"},
		{"expired", "http://his.invalid:80", "[{host: his.invalid, port: 80, max_rate: 5000/s, until: 2001-01-01}]", "", "has expired"},
		{"a network", "http://his.invalid:80", "[{host: 192.0.2.0/24, port: 80, max_rate: 5000/s, until: 2999-01-01}]", "the entry for 192.0.2.0/24 allows his.invalid:80", ""},
		{"an expired network", "http://his.invalid:80", "[{host: 192.0.2.0/24, port: 80, max_rate: 5000/s, until: 2001-01-01}]", "", "no entry allows it"},
		{"an entry with a name", "http://192.0.2.1:80", "[{host: his.invalid, port: 80, max_rate: 5000/s, until: 2999-01-01}]", "the entry for his.invalid allows 192.0.2.1:80", ""},
	} {
		list, err := ParsePermissions("allow.yaml", []byte(tt.allow))
		if err != nil {
			t.Fatal(err)
		}
		note, err := s.Allowed(t.Context(), Options{Target: target(tt.url), Permissions: list})
		if !strings.Contains(note, tt.note) || (note == "") != (tt.note == "") || (err == nil) != (tt.why == "") || err != nil && !strings.Contains(err.Error(), tt.why) {
			t.Errorf("%s: %q, %v; want %q, %q", tt.name, note, err, tt.note, tt.why)
		}
	}
}
