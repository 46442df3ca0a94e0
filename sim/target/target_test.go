package target

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"highwater/engine"
	"highwater/sim/trace"
	"highwater/sim/wire"
)

// A call keeps its unit for 10 s from its start, and so does the next one of
// the same address (rules: hold).
func TestCallsHold(t *testing.T) {
	inRig(t, Options{}, func(r *rig) {
		b := r.browser("10.0.0.1")
		if status, body := b.do("GET", "/rest/lab", "", ""); status != 200 || !strings.Contains(body, "ok") {
			t.Errorf("call: %d %q", status, body)
		}
		r.uses("after a call", 1)
		wait(6 * time.Second)
		b.get("/rest/lab/results?id=1")
		wait(9 * time.Second)
		r.uses("9 s after the second", 1)
		wait(2 * time.Second)
		r.uses("11 s after the second", 0)
	})
}

// On a clock of 60x the hold ends after a sixth of a second.
func TestClock(t *testing.T) {
	inRig(t, Options{Clock: 60, Service: constant(30 * time.Second)}, func(r *rig) {
		begin := time.Now()
		r.browser("10.0.0.1").get("/rest/lab") // the call is longer than its hold
		if took := time.Since(begin); took < 500*time.Millisecond || took > 501*time.Millisecond {
			t.Errorf("a call of 30 s took %v, want 0.5 s", took)
		}
		r.uses("after the call", 0)
		if at := r.target.Report().At; at < 30*engine.Second || at > 31*engine.Second {
			t.Errorf("it is %v s on the target's clock, want 30", at.Seconds())
		}
	})
}

// The timer ends what ends by itself: nobody asks meanwhile.
func TestTimerEndsHolds(t *testing.T) {
	inRig(t, Options{}, func(r *rig) {
		r.browser("10.0.0.1").get("/rest/lab")
		wait(10*time.Second + 2*time.Microsecond)
		synctest.Wait()
		r.target.core.mu.Lock()
		defer r.target.core.mu.Unlock()
		if n := r.target.core.in.InUse(); n != 0 {
			t.Errorf("%d units in use after the hold, though the timer has run", n)
		}
	})
}

// The 26th connection of an address turns 1 unit into 26 (rules: transition).
func TestTransition(t *testing.T) {
	inRig(t, Options{Service: constant(20 * time.Second)}, func(r *rig) {
		var calls sync.WaitGroup
		call := func() { r.browser("10.0.0.1").get("/rest/lab") }
		for range 25 {
			calls.Go(call)
		}
		wait(time.Second)
		r.uses("25 calls of an address", 1)
		calls.Go(call)
		wait(time.Second)
		r.uses("26 calls", 26)
		calls.Wait()
		r.uses("after all", 0)
	})
}

// Each via refuses in its own way, and a known address still gets in
// (rules: first-come, client-sees).
func TestRefusals(t *testing.T) {
	inRig(t, Options{Units: 1, Policy: policy(t)}, func(r *rig) {
		known, other := r.browser("10.0.0.1"), r.browser("10.0.0.2")
		known.get("/rest/lab")
		if status := known.get("/rest/lab"); status != 200 {
			t.Errorf("a known address gets %d, want 200", status)
		}
		status, body := other.do("GET", "/rest/lab", "", "")
		if status != 503 || body != "Service Unavailable\n" {
			t.Errorf("REST: %d %q", status, body)
		}
		status, body = other.do("GET", "/csp/portal/page.csp", "", "")
		if status != 404 || body != "Page not found\n" {
			t.Errorf("CSP: %d %q", status, body)
		}
		status, body = other.soap("/soap/letters.cls")
		_, fault, err := wire.ParseEnvelope([]byte(body))
		if status != 500 || err != nil || fault == nil || fault.Code != "SOAP-ENV:Server" || fault.Text != "ERROR #5915: Unable to allocate a license" {
			t.Errorf("SOAP: %d %q", status, body)
		}
		if res := r.target.Report(); res.Refused != 3 || res.FirstRefusal.LicenseUserID != "10.0.0.2" || res.Requests != 5 {
			t.Errorf("report %+v", res)
		}
		if log := r.logged(); log != "" {
			t.Errorf("the log has %q before it is flushed", log)
		}
		wait(flushEvery + time.Millisecond)
		if log := r.logged(); !strings.HasSuffix(log, " (1) 2 [Generic.Event] License limit exceeded 1 times since instance start.\n") {
			t.Errorf("log %q", log)
		}
		wait(10 * time.Second)
		if status, body := other.soap("/soap/letters.cls"); status != 200 || strings.Contains(body, "Fault") {
			t.Errorf("SOAP after the hold: %d %q", status, body)
		}
	})
	inRig(t, Options{Units: 1, Policy: policy(t, "csp_refusal=503")}, func(r *rig) {
		r.browser("10.0.0.1").get("/rest/lab")
		if status := r.browser("10.0.0.2").get("/csp/portal/page.csp"); status != 503 {
			t.Errorf("CSP with csp_refusal 503: %d", status)
		}
	})
}

// A web session is one unit as long as its cookie comes back; a cookie of
// another path does not.
func TestSessions(t *testing.T) {
	inRig(t, Options{}, func(r *rig) {
		b := r.browser("10.0.0.1")
		b.get("/csp/portal/page.csp")
		cookies := b.Jar.Cookies(&url.URL{Scheme: "http", Host: "127.0.0.1:8080", Path: "/csp/portal/x.csp"})
		if len(cookies) != 1 || cookies[0].Name != "CSPSESSIONID-SP-8080-UP-csp-portal-" {
			t.Fatalf("cookies %v", cookies)
		}
		b.get("/csp/portal/page.csp")
		b.get("/csp/portal/other.csp")
		r.uses("three pages", 1)
		b.get("/csp/intranet/page.csp")
		r.uses("another application", 2)
		bare := r.browser("10.0.0.1")
		bare.Jar = nil
		bare.get("/csp/portal/page.csp")
		bare.get("/csp/portal/page.csp")
		r.uses("twice without a cookie", 4)
		bare.header.Set("Cookie", cookies[0].Name+"=stale")
		if status := bare.get("/csp/portal/page.csp"); status != 200 {
			t.Errorf("a stale cookie gets %d", status)
		}
		r.uses("a stale cookie", 5)
		bare.header.Set("Cookie", "CSPSESSIONID-SP-8080-UP-csp-intranet-="+cookies[0].Value)
		bare.get("/csp/intranet/page.csp")
		r.uses("the cookie of another application", 6)
	})
}

// After two pages a log-out gives the unit back at once; after one page, or
// a time-out after one, it is kept for 10 minutes (rules: grace).
func TestGrace(t *testing.T) {
	inRig(t, Options{}, func(r *rig) {
		two, one, idle := r.browser("10.0.0.1"), r.browser("10.0.0.2"), r.browser("10.0.0.3")
		two.get("/csp/portal/page.csp")
		two.get("/csp/portal/page.csp")
		one.get("/csp/portal/page.csp")
		idle.get("/csp/portal/page.csp")
		for _, b := range []*browser{two, one} {
			if status := b.get(wire.Endpoint{Via: engine.CSP, Slug: "portal"}.LogoutPath()); status != 200 {
				t.Errorf("log-out: %d", status)
			}
			if left := b.Jar.Cookies(&url.URL{Scheme: "http", Host: "127.0.0.1:8080", Path: "/csp/portal/"}); len(left) != 0 {
				t.Errorf("after the log-out there is still %v", left)
			}
		}
		r.uses("after both log-outs", 2)
		wait(9*time.Minute + 59*time.Second)
		r.uses("before the grace ends", 2)
		wait(2 * time.Second)
		r.uses("after the grace", 1)
		wait(5 * time.Minute)
		r.uses("15 minutes after the page of one that is idle", 1)
		if n := r.target.Report().Sessions; n != 0 {
			t.Errorf("%d web sessions, want none", n)
		}
		wait(10 * time.Minute)
		r.uses("after its grace", 0)
		two.get(wire.Endpoint{Via: engine.CSP, Slug: "portal"}.LogoutPath())
		r.uses("a log-out of nobody", 0)
	})
}

// Each page puts the time-out off; a long page does not time out meanwhile.
func TestTimeout(t *testing.T) {
	inRig(t, Options{Service: constant(time.Minute), Timeout: 30 * engine.Second}, func(r *rig) {
		b := r.browser("10.0.0.1")
		for range 3 {
			b.get("/csp/portal/page.csp")
			wait(20 * time.Second)
		}
		if n := r.target.Report().Sessions; n != 1 {
			t.Errorf("%d web sessions, want 1", n)
		}
		r.uses("20 s after the last page", 1)
		wait(11 * time.Second)
		r.uses("31 s after it", 0)
	})
}

// A login moves a session to the license user ID of its user; one that is
// refused leaves it as it was (rules: login).
func TestLogin(t *testing.T) {
	inRig(t, Options{Units: 2, Policy: policy(t)}, func(r *rig) {
		ann, bob := r.browser("10.0.0.1"), r.browser("10.0.0.2")
		ann.get("/csp/portal/page.csp")
		if status, body := ann.login("/csp/portal/login.csp", "ann"); status != 200 || !strings.Contains(body, "Logged in") {
			t.Errorf("login: %d %q", status, body)
		}
		if rows := r.state().Rows; len(rows) != 1 || rows[0].LicenseUserID != "ann@10.0.0.1" {
			t.Errorf("rows %+v", rows)
		}
		bob.user = "bob"
		bob.get("/rest/lab")
		ann2 := r.browser("10.0.0.1")
		ann2.user = "ann"
		if status := ann2.get("/csp/portal/page.csp"); status != 200 { // shares ann's unit
			t.Errorf("a second session of a known user at the limit: %d", status)
		}
		status, body := ann2.login("/csp/portal/login.csp", "cy")
		if status != 401 || body != "Login returns 0\n" {
			t.Errorf("refused login: %d %q", status, body)
		}
		if res := r.target.Report(); res.RefusedByVia["login"] != 1 || res.InUse != 2 || res.Sessions != 2 {
			t.Errorf("report %+v", res)
		}
		if status, body := ann2.login("/csp/portal/login.csp", strings.Repeat("x", 60)); status != 400 || body != "<ILLEGAL VALUE>\n" {
			t.Errorf("a login whose license user ID is too long: %d %q", status, body)
		}
	})
}

// Who a call is from: the user and the source address, or the address that a
// proxy forwards where the policy looks at that (rules: web-user, forwarded).
func TestWho(t *testing.T) {
	tests := []struct {
		name, set, user, header, value, want string
	}{
		{"anonymous", "", "", "", "", "10.0.0.1"},
		{"a user", "", "svc", "", "", "svc@10.0.0.1"},
		{"forwarded, and not looked at", "", "", "X-Forwarded-For", "10.9.0.1", "10.0.0.1"},
		{"forwarded", "license_alt_headers=true", "", "X-Forwarded-For", "10.9.0.1, 10.9.0.2", "10.9.0.1"},
		{"forwarded by RFC 7239", "license_alt_headers=true", "svc", "Forwarded", "for=10.9.0.3;proto=http", "svc@10.9.0.3"},
		{"not UTF-8", "", "a\xffb", "", "", "a\uFFFDb@10.0.0.1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := Options{Policy: policy(t)}
			if tt.set != "" {
				o.Policy = policy(t, tt.set)
			}
			inRig(t, o, func(r *rig) {
				b := r.browser("10.0.0.1")
				b.user = tt.user
				if tt.header != "" {
					b.header.Set(tt.header, tt.value)
				}
				b.get("/rest/lab")
				if rows := r.state().Rows; len(rows) != 1 || rows[0].LicenseUserID != tt.want {
					t.Errorf("rows %+v, want one of %s", rows, tt.want)
				}
			})
		})
	}
}

// A scenario's cohorts have paths, lengths, time-outs and sessions of their
// own; the others of it are in the table, and the jobs of its pages.
func TestScenario(t *testing.T) {
	sc := parse(t, `
name: clinic
duration: 1h
license: {units: 50}
cohorts:
  - {name: ward, kind: users, via: terminal, count: 7, arrivals: start, session: forever}
  - {name: lab results, kind: callers, count: 3, arrivals: {every: 1m}, session: 4s}
  - {name: editor, kind: callers, user: own, count: 3, arrivals: {idle: 1m}, session: {use_session: true, calls: 9, takes: 1s, think: 1s, timeout: 1m}}
  - {name: visitors, kind: browsers, arrivals: {poisson: 1/s}, session: {pages: 3, think: 10s, timeout: 2m}}
  - {name: letters, kind: jobs, started_by: visitors, per: page, delay: 1s, processes: 2, runs: 20s}
`)
	inRig(t, Options{Scenario: sc, Policy: sc.License.Policy, Units: sc.License.Units}, func(r *rig) {
		r.uses("terminals", 7)
		begin := time.Now()
		r.browser("10.0.0.1").get("/rest/lab-results")
		if took := time.Since(begin); took < 4*time.Second || took > 4*time.Second+time.Millisecond {
			t.Errorf("a call took %v, want 4 s", took)
		}
		r.uses("a call", 8)
		b := r.browser("10.0.0.2")
		b.user = wire.UserName("editor", 1)
		b.get("/rest/editor")
		b.get("/rest/editor")
		wait(30 * time.Second)
		r.uses("a call with a session", 8)
		wait(31 * time.Second)
		r.uses("its time-out", 7)
		v := r.browser("10.0.0.3")
		v.get("/csp/visitors/page.csp")
		r.uses("a page", 8)
		wait(2 * time.Second)
		res := r.target.Report()
		if res.InUse != 9 || res.Connections != 7+1+2 { // the job has the visitor's address
			t.Errorf("a page with its job: %d units, %d connections", res.InUse, res.Connections)
		}
		if status := v.get("/csp/nobody/page.csp"); status != 404 {
			t.Errorf("a path of no cohort: %d", status)
		}
		if status := v.get("/rest/visitors"); status != 404 {
			t.Errorf("browsers over REST: %d", status)
		}
		wait(13 * time.Minute)
		r.uses("after all", 7)
	})
}

// Who goes away ends its call.
func TestAbandoned(t *testing.T) {
	inRig(t, Options{Service: constant(time.Hour)}, func(r *rig) {
		b := r.browser("10.0.0.1")
		b.Timeout = 15 * time.Second
		if _, err := b.Get(host + "/rest/lab"); err == nil {
			t.Error("a call of an hour was answered")
		}
		synctest.Wait()
		if res := r.target.Report(); res.InUse != 0 || res.Abandoned != 1 || res.Connections != 0 {
			t.Errorf("report %+v", res)
		}
		if n := len(r.target.core.alarms); n != 0 {
			t.Errorf("%d alarms are left", n)
		}
	})
}

// What is under way when the target ends has a few seconds; the listener is
// closed at once.
func TestEnd(t *testing.T) {
	inRig(t, Options{Service: constant(time.Hour)}, func(r *rig) {
		go func() { // which the test waits for
			if _, err := r.browser("10.0.0.1").Get(host + "/rest/lab"); err == nil {
				t.Error("a call of an hour was answered")
			}
		}()
		wait(time.Second)
	})
	inRig(t, Options{Service: constant(4 * time.Second)}, func(r *rig) {
		go func() { // which the test waits for
			if status := r.browser("10.0.0.1").get("/rest/lab"); status != http.StatusOK {
				t.Errorf("a call that ends in time: %d", status)
			}
		}()
		wait(time.Second)
	})
}

// The trace ends when the target does, though nothing happens then: units are
// counted to the same instant in both, which the rig compares. What was refused
// ends in the trace when it would have, unless the target ends before.
func TestTraceEnds(t *testing.T) {
	var r *rig
	inRig(t, Options{Units: 1, Service: constant(time.Minute)}, func(made *rig) {
		r = made
		r.browser("10.0.0.1").get("/csp/portal/page.csp") // has the unit for 15 minutes
		for _, then := range []time.Duration{80 * time.Second, 5 * time.Second} {
			if status := r.browser("10.0.0.2").get("/rest/lab"); status != 503 { // at 1:00 and 2:20
				t.Errorf("status %d, want 503", status)
			}
			wait(then)
		}
	})
	in, got, last := trace.NewJSONReader("target", &r.trace), []string{}, engine.Time(0)
	for {
		ev, err := in.Next()
		if err != nil {
			break
		}
		last = ev.At
		got = append(got, fmt.Sprintf("%d %s", ev.At/engine.Second, ev.Op))
	}
	if want := []string{"0 connect", "60 connect", "120 disconnect", "140 connect", "145 instance"}; !slices.Equal(got, want) || last < 145*engine.Second {
		t.Errorf("the trace has %q until %v, want %q", got, last, want)
	}
}

// A browser that asks for the login page gets the form, as a page of its own
// session, and logs in by it.
func TestLoginPage(t *testing.T) {
	inRig(t, Options{}, func(r *rig) {
		b := r.browser("10.0.0.1")
		status, body := b.do("GET", "/csp/portal/login.csp", "", "")
		if status != 200 || !strings.Contains(body, "<form method=post action=login.csp>") {
			t.Errorf("%d %q", status, body)
		}
		r.uses("the login page", 1)
		if status, body := b.login("/csp/portal/login.csp", "anna"); status != 200 || !strings.Contains(body, "Logged in") {
			t.Errorf("%d %q", status, body)
		}
		r.uses("after the login", 1)
	})
}

// Both versions of SOAP are answered in their own.
func TestSOAPVersions(t *testing.T) {
	inRig(t, Options{Units: 1, Policy: policy(t)}, func(r *rig) {
		known, other := r.browser("10.0.0.1"), r.browser("10.0.0.2")
		for _, v := range []wire.Version{wire.SOAP11, wire.SOAP12} {
			for _, path := range []string{"/soap/letters.cls", "/csp/his/Letters.cls"} {
				status, body := known.do("POST", path, v.ContentType("urn:send"), string(v.AppendCall(nil)))
				version, fault, err := wire.ParseEnvelope([]byte(body))
				if status != 200 || version != v || fault != nil || err != nil {
					t.Errorf("%s: %d %q, want version %v", path, status, body, v)
				}
			}
			status, body := other.do("POST", "/soap/letters.cls", v.ContentType(""), string(v.AppendCall(nil)))
			if version, fault, _ := wire.ParseEnvelope([]byte(body)); version != v || fault == nil || !wire.Refused(engine.SOAP, status, []byte(body)) {
				t.Errorf("a refusal: %d %q", status, body)
			}
			wrong := string(v.AppendFault(nil, true, "no"))
			status, body = known.do("POST", "/soap/letters.cls", v.ContentType(""), wrong)
			if want := map[wire.Version]int{wire.SOAP11: 500, wire.SOAP12: 400}[v]; status != want {
				t.Errorf("a fault as a call: %d %q, want %d", status, body, want)
			}
		}
	})
}

// A target without a scenario answers any REST service.
func TestAnyService(t *testing.T) {
	inRig(t, Options{}, func(r *rig) {
		b := r.browser("10.0.0.1")
		for path, want := range map[string]int{"/rest/lab/results/17?full=1": 200, "/api/orders/17": 200, "/api/Orders%20of/1": 200, "/api/": 404, "/api": 404, "/other": 404} {
			if status := b.get(path); status != want {
				t.Errorf("%s: %d, want %d", path, status, want)
			}
		}
		r.uses("calls of one address", 1)
	})
}

// The paths that a scenario describes are those of its cohorts.
func TestDescribedPaths(t *testing.T) {
	sc := parse(t, `
name: clinic
duration: 1h
license: {units: 50}
cohorts:
  - {name: orders, kind: callers, user: own, arrivals: {every: 1m}, session: 4s, request: {method: PUT, path: "/api/orders/{{n}}?full=1", body: x}}
  - {name: reports, kind: callers, arrivals: {every: 1m}, session: {use_session: true}, request: {path: "/api/orders/{{n}}", logout: /api/bye}}
  - {name: letters, kind: callers, via: soap, arrivals: {every: 1m}, request: {path: /csp/his/Letters.cls}}
  - {name: staff, kind: browsers, arrivals: {poisson: 1/s}, session: {login: true},
     request: {pages: [/csp/his/home.csp, /csp/his/list.csp], user_field: CacheUserName, logout: "/csp/his/home.csp?Bye=1"}}
`)
	inRig(t, Options{Scenario: sc, Policy: sc.License.Policy, Units: sc.License.Units}, func(r *rig) {
		begin := time.Now()
		if status, _ := r.browser("10.0.0.1").do("PUT", "/api/orders/7?full=1", "", "x"); status != 200 || time.Since(begin) < 4*time.Second {
			t.Errorf("an order: %d after %v, want 200 after 4 s", status, time.Since(begin))
		}
		b := r.browser("10.0.0.2")
		for path, want := range map[string]int{"/api/orders/7": 200, "/api/orders/7/8": 404, "/api/other": 404, "/csp/his/other.csp": 404} {
			if status := b.get(path); status != want {
				t.Errorf("%s: %d, want %d", path, status, want)
			}
		}
		if n := r.state().Sessions; n != 1 {
			t.Errorf("%d sessions, want that of the reports", n)
		}
		b.get("/api/bye")
		if n := r.state().Sessions; n != 0 {
			t.Errorf("%d sessions after the logout", n)
		}
		if status, body := b.soap("/csp/his/Letters.cls"); status != 200 {
			t.Errorf("a letter: %d %q", status, body)
		}
		visitor := r.browser("10.0.0.3")
		visitor.get("/csp/his/home.csp")
		visitor.get("/csp/his/list.csp")
		status, body := visitor.do("POST", "/csp/his/home.csp", wire.ContentForm, "CacheUserName=anna&CachePassword=x")
		if n := r.state().Sessions; status != 200 || n != 1 {
			t.Errorf("a login: %d %q with %d sessions, want 1", status, body, n)
		}
		visitor.get("/csp/his/home.csp?Bye=1")
		if n := r.state().Sessions; n != 0 {
			t.Errorf("%d sessions after the visitor's logout", n)
		}
	})
}
