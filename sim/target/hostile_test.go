package target

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"highwater/engine"
	"highwater/internal/pipes"
	"highwater/sim/wire"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

func contextOf(t *testing.T) (context.Context, context.CancelFunc) {
	return context.WithCancel(t.Context())
}

// raw sends bytes and gives back the first line of the answer.
func (r *rig) raw(text string) string {
	r.t.Helper()
	c, err := r.dial(r.t.Context(), "10.6.6.6")
	if err != nil {
		r.t.Fatal(err)
	}
	defer c.Close()
	go func() { _, _ = io.WriteString(c, text) }() // nobody need read it all
	line, _ := bufio.NewReader(c).ReadString('\n')
	return strings.TrimSpace(line)
}

// Hostile requests get an answer that says so, take no unit, and end nothing.
func TestHostile(t *testing.T) {
	get := func(path, more string) string { return "GET " + path + " HTTP/1.1\r\nHost: t\r\n" + more + "\r\n" }
	post := func(path, kind, body string) string {
		return fmt.Sprintf("POST %s HTTP/1.1\r\nHost: t\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s", path, kind, len(body), body)
	}
	const ok = "HTTP/1.1 200 OK"
	tests := []struct{ name, request, want string }{
		{"no HTTP", "\x16\x03\x01\x00\xff" + strings.Repeat("\x00", 90) + "\r\n\r\n", "HTTP/1.1 400 Bad Request"},
		{"huge header", get("/rest/a", "X-A: "+strings.Repeat("a", 40<<10)+"\r\n"), "HTTP/1.1 431 Request Header Fields Too Large"},
		{"many cookies", get("/", "Cookie: "+strings.Repeat("a=b; ", 3000)+"\r\n"), ok},
		{"bad cookies", get("/", "Cookie: \x00=;;;=\xff; CSPSESSIONID-SP-8080-UP-csp-a-=\"\r\n"), "HTTP/1.1 400 Bad Request"},
		{"huge body", post("/rest/a", "text/plain", strings.Repeat("a", maxBody+1)), "HTTP/1.1 413 Request Entity Too Large"},
		{"body longer than all", "POST /rest/a HTTP/1.1\r\nHost: t\r\nContent-Length: 99999999999999\r\n\r\n" + strings.Repeat("a", maxBody+1), "HTTP/1.1 413 Request Entity Too Large"},
		{"two lengths", "POST /rest/a HTTP/1.1\r\nHost: t\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\na", "HTTP/1.1 400 Bad Request"},
		{"path outside", get("/../../etc/passwd", ""), "HTTP/1.1 404 Not Found"},
		{"encoded path", get("/rest/%2e%2e%2fa", ""), "HTTP/1.1 404 Not Found"},
		{"unknown path", get("/api/monitor/x", ""), "HTTP/1.1 404 Not Found"},
		{"write to the monitor", post("/api/monitor/metrics", "text/plain", "a"), "HTTP/1.1 405 Method Not Allowed"},
		{"long user", get("/rest/a", "Authorization: Basic "+strings.Repeat("YWFh", 60)+"Og==\r\n"), "HTTP/1.1 400 Bad Request"},
		{"long forwarded", get("/rest/a", "X-Forwarded-For: "+strings.Repeat("1.1.1.1, ", 90)+"\r\n"), "HTTP/1.1 400 Bad Request"},
		{"no SOAP", post("/soap/a.cls", wire.SOAP11.ContentType(""), "<a/>"), "HTTP/1.1 500 Internal Server Error"},
		{"no XML", post("/soap/a.cls", wire.SOAP11.ContentType(""), "\x00\xff"), "HTTP/1.1 500 Internal Server Error"},
		{"entities", post("/soap/a.cls", wire.SOAP11.ContentType(""), `<!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;&b;">]><a>&c;</a>`), "HTTP/1.1 500 Internal Server Error"},
		{"SOAP by GET", get("/soap/a.cls", ""), "HTTP/1.1 500 Internal Server Error"},
		{"login without a user", post("/csp/a/login.csp", wire.ContentForm, "IRISPassword=x"), "HTTP/1.1 400 Bad Request"},
		{"login without a form", post("/csp/a/login.csp", "text/plain", "IRISUsername=a"), "HTTP/1.1 400 Bad Request"},
		{"bad query", get("/csp/a/page.csp?%zz&IRISLogout=end", ""), ok},
	}
	inRig(t, Options{}, func(r *rig) {
		for _, tt := range tests {
			if got := r.raw(tt.request); got != tt.want {
				t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
			}
		}
		synctest.Wait()
		if res := r.target.Report(); res.Peak.Units != 0 || res.Sessions != 0 {
			t.Errorf("report %+v", res)
		}
		if status := r.browser("10.0.0.1").get("/rest/a"); status != 200 {
			t.Errorf("after all that a call gets %d", status)
		}
	})
}

// Who sends slowly is cut off, and connections beyond the limit wait for it.
func TestSlow(t *testing.T) {
	inRig(t, Options{MaxConnections: 2}, func(r *rig) {
		begin := time.Now()
		for _, text := range []string{"GET /rest/a HTTP/1.1\r\nX: ", "POST /rest/a HTTP/1.1\r\nHost: t\r\nContent-Length: 5\r\n\r\na"} {
			c, err := r.dial(r.t.Context(), "10.6.6.6")
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			go func() { _, _ = io.WriteString(c, text) }()
		}
		synctest.Wait()
		if status := r.browser("10.0.0.1").get("/rest/lab"); status != 200 {
			t.Errorf("after the slow ones: %d", status)
		}
		if waited := time.Since(begin); waited < headerTime || waited > headerTime+time.Second {
			t.Errorf("the third connection waited %v, want %v", waited, headerTime)
		}
		wait(readTime)
		r.uses("the call's hold is over, and the slow ones took nothing", 0)
	})
}

// A client that reads nothing is cut off, too.
func TestUnread(t *testing.T) {
	inRig(t, Options{}, func(r *rig) {
		c, err := r.dial(r.t.Context(), "10.6.6.6")
		if err != nil {
			t.Fatal(err)
		}
		_, err = io.WriteString(c, "GET /rest/a HTTP/1.1\r\nHost: t\r\n\r\n")
		if err != nil {
			t.Fatal(err)
		}
		wait(writeTime + time.Second)
		if _, err := io.ReadAll(c); err != nil && err != io.ErrUnexpectedEOF {
			t.Errorf("the connection is still open: %v", err)
		}
	})
}

// Web sessions and license user IDs are so many at most; who is too much gets
// 429, which is no refusal.
func TestBounds(t *testing.T) {
	inRig(t, Options{MaxSessions: 3}, func(r *rig) {
		for i, want := range []int{200, 200, 200, 429, 429} {
			if status := r.browser("10.0.0.1").get("/csp/portal/page.csp"); status != want {
				t.Errorf("session %d: %d, want %d", i+1, status, want)
			}
		}
		res := r.target.Report()
		if want := []int64{3, 2}; res.Sessions != 3 || res.TurnedAway != 2 || res.Refused != 0 || len(res.Answers) != 2 ||
			res.Answers[0].Count != want[0] || res.Answers[1].Count != want[1] {
			t.Errorf("report %+v", res)
		}
	})
}

// Endpoints that no scenario has are forgotten when there are many.
func TestManyPaths(t *testing.T) {
	inRig(t, Options{}, func(r *rig) {
		for i := range maxApps + 5 {
			r.target.core.enter()
			r.target.core.app(wire.Endpoint{Via: engine.REST, Slug: fmt.Sprint("a", i)})
			r.target.core.leave()
		}
		if n := len(r.target.core.apps); n > maxApps {
			t.Errorf("%d endpoints are remembered, want at most %d", n, maxApps)
		}
	})
}

// Sessions that come and go leave nothing behind, refused callers neither.
func TestNothingIsLeft(t *testing.T) {
	inRig(t, Options{Units: 5, Policy: policy(t)}, func(r *rig) {
		for i := range 200 {
			b := r.browser(fmt.Sprintf("10.0.0.%d", i%9))
			b.get("/csp/portal/page.csp")
			b.get("/csp/portal/page.csp")
			b.get("/csp/portal/page.csp?IRISLogout=end")
			b.get("/rest/lab")
		}
		c := r.target.core
		if len(c.alarms) != 0 || len(c.sessions) != 0 || c.in.Users() > 9 {
			t.Errorf("%d alarms, %d sessions and %d license user IDs are left", len(c.alarms), len(c.sessions), c.in.Users())
		}
	})
}

// The metrics are those of the product, in the text format of Prometheus.
func TestMetrics(t *testing.T) {
	parseMetrics := func(r *rig) map[string]float64 {
		t.Helper()
		status, body := r.browser("10.0.0.9").do("GET", wire.MetricsPath, "", "")
		p := expfmt.NewTextParser(model.UTF8Validation)
		families, err := p.TextToMetricFamilies(strings.NewReader(body))
		if status != 200 || err != nil {
			t.Fatalf("status %d, %v in %q", status, err, body)
		}
		values := map[string]float64{}
		for name, f := range families {
			if f.GetType().String() != "GAUGE" || len(f.Metric) != 1 {
				t.Errorf("%s is no single gauge", name)
			}
			values[name] = f.Metric[0].GetGauge().GetValue()
		}
		return values
	}
	inRig(t, Options{Units: 8, Policy: policy(t)}, func(r *rig) {
		r.browser("10.0.0.1").get("/csp/portal/page.csp")
		want := map[string]float64{
			wire.MetricAvailable: 7, wire.MetricConsumed: 1, wire.MetricDays: daysRemaining, wire.MetricPercent: 13, // of 12.5, as reported of the product
			wire.MetricCSPSessions: 1, "iris_system_alerts": 0, "iris_system_alerts_new": 0,
		}
		if diff := cmp.Diff(want, parseMetrics(r)); diff != "" {
			t.Errorf("metrics (-want +got)\n%s", diff)
		}
	})
	inRig(t, Options{}, func(r *rig) {
		if got := parseMetrics(r); !math.IsInf(got[wire.MetricAvailable], 1) || got[wire.MetricPercent] != 0 {
			t.Errorf("without a limit: %v", got)
		}
	})
}

// Alerts are told once.
func TestAlerts(t *testing.T) {
	inRig(t, Options{Units: 1, Policy: policy(t), LogTrace: true}, func(r *rig) {
		r.browser("10.0.0.1").get("/rest/lab")
		r.browser("10.0.0.2").get("/rest/lab")
		alerts := func() []map[string]any {
			_, body := r.browser("10.0.0.9").do("GET", wire.AlertsPath, "", "")
			list := []map[string]any(nil)
			if err := json.Unmarshal([]byte(body), &list); err != nil || list == nil {
				t.Fatalf("%v in %q", err, body)
			}
			return list
		}
		want := []map[string]any{{"time": time.Now().UTC().Format("2006-01-02T15:04:05.000Z"), "severity": 2.0, "message": "License limit exceeded 1 times since instance start."}}
		if diff := cmp.Diff(want, alerts()); diff != "" {
			t.Errorf("alerts (-want +got)\n%s", diff)
		}
		if list := alerts(); len(list) != 0 {
			t.Errorf("alerts again: %v", list)
		}
		wait(flushEvery + time.Millisecond)
		if n := strings.Count(r.logged(), "LicenseTrace: Login"); n != 2 {
			t.Errorf("%d logins in the log, want 2:\n%s", n, r.logged())
		}
	})
}

// The page needs nothing from elsewhere and writes what it shows as text.
func TestPage(t *testing.T) {
	inRig(t, Options{}, func(r *rig) {
		status, body := r.browser("10.0.0.1").do("GET", "/", "", "")
		if status != 200 || !strings.HasPrefix(body, "<!doctype html>") {
			t.Errorf("%d %.80q", status, body)
		}
		for _, bad := range []string{"http://", "https://", "innerHTML", "document.write", "src=", "eval("} {
			if strings.Contains(body, bad) {
				t.Errorf("the page has %s", bad)
			}
		}
		r.uses("a look at the page", 0)
	})
}

// An error in writing the trace is told at the end.
func TestUnwritten(t *testing.T) {
	for _, o := range []Options{{Trace: full{}}, {Log: full{}, LogTrace: true}} {
		synctest.Test(t, func(t *testing.T) {
			ctx, stop := contextOf(t)
			r := &rig{t: t, net: pipes.New(), target: New(o)}
			served := make(chan error)
			go func() {
				_, err := r.target.Serve(ctx, r.net)
				served <- err
			}()
			r.browser("10.0.0.1").get("/rest/lab")
			stop()
			if err := <-served; err == nil || !strings.Contains(err.Error(), "full") {
				t.Errorf("Serve: %v, want an error", err)
			}
		})
	}
}

// full is a disk that is full.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, fmt.Errorf("the disk is full") }

func TestIsLoopback(t *testing.T) {
	for address, want := range map[string]bool{
		"127.0.0.1:80": true, "127.9.9.9:80": true, "[::1]:80": true, "localhost:80": true,
		":80": false, "0.0.0.0:80": false, "[::]:80": false, "10.0.0.1:80": false, "example.com:80": false, "": false,
	} {
		if got := Loopback(address); got != want {
			t.Errorf("Loopback(%q) = %v", address, got)
		}
	}
}
