package accesslog

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"time"
)

// fuzz reads whatever comes as a log of one format ("" is any): no panic,
// every line is counted once, and the events are in order.
func fuzz(f *testing.F, format string, fixtures ...string) {
	for _, name := range fixtures {
		data, err := os.ReadFile("testdata/" + name + ".log")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, o := range []Options{{Format: format, Capture: 2, Jitter: 1}, {Format: format, View: CSP, ID: BySession, Agents: true, Cookie: "*"},
			{Format: format, View: CSP, ID: ByForwarded, Pick: Last, Timeout: 1}} {
			checkImport(t, data, o)
		}
	})
}

func checkImport(t *testing.T, data []byte, o Options) {
	l, err := Import([]Source{{"fuzz", bytes.NewReader(data)}}, o)
	if err != nil {
		return
	}
	r := l.Report()
	want := bytes.Count(data, []byte("\n"))
	if n := len(bytes.TrimPrefix(data, mark)); n > 0 && data[len(data)-1] != '\n' {
		want++
	}
	left := 0
	for _, l := range r.LeftOut() {
		left += l.Lines
	}
	if left != r.Filtered+r.Empty+r.Undispatched {
		t.Fatalf("%d lines left out, in all %v", r.Filtered+r.Empty+r.Undispatched, r.LeftOut())
	}
	if r.Requests == 0 || r.Lines != want || r.Lines != r.Requests+r.Comments+left+r.NotLog {
		t.Fatalf("lines %d of %d, requests %d, comments %d, left out %v, not log %d", r.Lines, want, r.Requests, r.Comments, r.LeftOut(), r.NotLog)
	}
	if len(r.Rejected) != min(r.NotLog, shown) {
		t.Fatalf("%d rejected lines are shown of %d", len(r.Rejected), r.NotLog)
	}
	switch n := checkOrder(t, l); {
	case o.View == REST && n != r.Requests:
		t.Fatalf("%d events of %d requests", n, r.Requests)
	case o.View == CSP && n != r.Pages+r.Sessions:
		t.Fatalf("%d events of %d pages and %d sessions", n, r.Pages, r.Sessions)
	}
}

func FuzzDetect(f *testing.F) {
	fuzz(f, "", "common", "iis", "caddy", "haproxy", "alb", "envoy", "main-time")
}
func FuzzIIS(f *testing.F)           { fuzz(f, "iis", "iis", "cloudfront") }
func FuzzCaddy(f *testing.F)         { fuzz(f, "caddy", "caddy") }
func FuzzTraefik(f *testing.F)       { fuzz(f, "traefik", "traefik") }
func FuzzEnvoyJSON(f *testing.F)     { fuzz(f, "envoy-json", "envoy-json") }
func FuzzNginxJSON(f *testing.F)     { fuzz(f, "nginx-json", "nginx-json") }
func FuzzHAProxy(f *testing.F)       { fuzz(f, "haproxy", "haproxy") }
func FuzzALB(f *testing.F)           { fuzz(f, "alb", "alb") }
func FuzzELB(f *testing.F)           { fuzz(f, "elb", "elb") }
func FuzzEnvoy(f *testing.F)         { fuzz(f, "envoy", "envoy") }
func FuzzIstio(f *testing.F)         { fuzz(f, "istio", "istio") }
func FuzzTraefikCommon(f *testing.F) { fuzz(f, "traefik-common", "traefik-common") }
func FuzzIngress(f *testing.F)       { fuzz(f, "ingress-nginx", "ingress-nginx") }
func FuzzVhost(f *testing.F)         { fuzz(f, "vhost", "vhost") }
func FuzzMain(f *testing.F)          { fuzz(f, "main", "main") }
func FuzzCombined(f *testing.F)      { fuzz(f, "combined", "combined") }
func FuzzCombinedTime(f *testing.F) {
	fuzz(f, "combined-time", "combined-time", "combined-request-time")
}
func FuzzCommon(f *testing.F)     { fuzz(f, "common", "common") }
func FuzzCommonTime(f *testing.F) { fuzz(f, "common-time", "common-time") }

// FuzzLogFormat reads whatever comes as a format string.
func FuzzLogFormat(f *testing.F) {
	line, err := os.ReadFile("testdata/combined.log")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(`$remote_addr - $remote_user [$time_local] "$request" $status $rest`, line)
	f.Add(`%h %l %u %t \"%r\" %>s %b \"%{Referer}i\" \"%{User-agent}i\" %{ms}T %%`, line)
	f.Add(`$msec ${remote_addr}:$cookie_x $args`, []byte("1795334401.250 a:b c\n"))
	f.Fuzz(func(t *testing.T, format string, data []byte) {
		if format != "" {
			checkImport(t, data, Options{LogFormat: format})
		}
	})
}

// FuzzStamp compares the times that the clock reads with those of the
// standard library.
func FuzzStamp(f *testing.F) {
	const clf, iso = "02/Jan/2006:15:04:05 -0700", time.RFC3339Nano
	for _, s := range []string{"22/Nov/2026:08:00:01 +0100", "29/Feb/2024:23:59:59 -0930", "2026-11-22T08:00:01Z", "2000-02-29T00:00:00.123456789+05:30"} {
		f.Add(s)
	}
	c := &clock{}
	f.Fuzz(func(t *testing.T, s string) {
		for range 2 { // the second time from memory
			if want, err := time.Parse(clf, s); err == nil && want.Year() >= 1970 && want.Year() < 2200 {
				got, ok := c.clf([]byte(s))
				if strings.EqualFold(s, want.Format(clf)) && (!ok || got != want.UnixMicro()) {
					t.Fatalf("clf(%q) = %d, %v, want %d", s, got, ok, want.UnixMicro())
				}
			}
			if want, err := time.Parse(iso, s); err == nil && want.Year() >= 1970 && want.Year() < 2200 && len(s) <= 40 && !strings.HasSuffix(s, "60") && s[:19] == want.Format(iso)[:19] {
				if got, ok := c.iso([]byte(s)); !ok || got != want.UnixMicro() {
					t.Fatalf("iso(%q) = %d, %v, want %d", s, got, ok, want.UnixMicro())
				}
			}
		}
	})
}
