package accesslog

import (
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"highwater/engine"
	"highwater/sim/trace"
)

func must(tb testing.TB, data string, o Options) *Log {
	tb.Helper()
	l, err := Import([]Source{{"a.log", strings.NewReader(data)}}, o)
	if err != nil {
		tb.Fatal(err)
	}
	return l
}

// checkOrder reads a log to its end: times do not go backwards, connections
// open once and close once.
func checkOrder(tb testing.TB, l *Log) (events int) {
	tb.Helper()
	last := engine.Time(0)
	open, gone := map[string]bool{}, map[string]bool{}
	for {
		e, err := l.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		events++
		if e.At < last || e.At+e.For > l.Header().End || e.For < 0 {
			tb.Fatalf("event %d at %v for %v, after %v, end %v", events, e.At, e.For, last, l.Header().End)
		}
		if e.Line != int64(events)+1 {
			tb.Fatalf("event %d has line %d", events, e.Line)
		}
		last = e.At
		switch e.Op {
		case trace.Connect:
			if gone[e.Conn] || open[e.Conn] {
				tb.Fatalf("%s opens twice", e.Conn)
			}
			open[e.Conn] = true
		case trace.Page, trace.Disconnect:
			if !open[e.Conn] {
				tb.Fatalf("%s of %s, which is not open", e.Op, e.Conn)
			}
			if e.Op == trace.Disconnect {
				delete(open, e.Conn)
				gone[e.Conn] = true
			}
		}
	}
	if len(open) > 0 {
		tb.Fatalf("%d sessions stay open", len(open))
	}
	return events
}

func events(l *Log) []string {
	var list []string
	for {
		e, err := l.Next()
		if err != nil {
			return list
		}
		list = append(list, text1(e))
	}
}

// at writes lines of the main format at seconds after 8:00:00.
func at(sec int, addr, user, path, agent, xff string) string {
	stamp := time.Date(2026, 11, 22, 8, 0, sec, 0, time.UTC).Format("02/Jan/2006:15:04:05 -0700")
	return fmt.Sprintf("%s - %s [%s] \"GET %s HTTP/1.1\" 200 5 \"-\" \"%s\" \"%s\"\n", addr, user, stamp, path, agent, xff)
}

func TestIdentity(t *testing.T) {
	line := at(0, "10.0.0.1", "anna", "/a", "x", "203.0.113.5:4711, [2001:db8::1]:80, for=192.0.2.60;proto=http")
	tests := []struct {
		o    Options
		want string
	}{
		{Options{}, `addr="10.0.0.1" user="anna" forwarded="203.0.113.5:4711, [2001:db8::1]:80, for=192.0.2.60;proto=http"`},
		{Options{ID: ByUser}, `addr="10.0.0.1" user="anna" forwarded="203.0.113.5:4711, [2001:db8::1]:80, for=192.0.2.60;proto=http"`},
		{Options{ID: ByAddress}, `addr="10.0.0.1"`},
		{Options{ID: BySession}, `addr="10.0.0.1"`},
		{Options{ID: ByForwarded}, `addr="203.0.113.5"`},
		{Options{ID: ByForwarded, Pick: Last}, `addr="192.0.2.60"`},
		{Options{ID: ByForwarded, Pick: Whole}, `addr="203.0.113.5:4711, [2001:db8::1]:80, for=192.0.2.60;proto=http"`},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprintf("%s %s", tt.o.ID, tt.o.Pick), func(t *testing.T) {
			got := events(must(t, line, tt.o))
			if diff := cmp.Diff([]string{"2 0 request for=0 via=rest " + tt.want}, got); diff != "" {
				t.Error(diff)
			}
		})
	}
	if got := events(must(t, at(0, "10.0.0.1", "-", "/a", "x", "-"), Options{ID: ByForwarded})); !strings.Contains(got[0], `addr="10.0.0.1"`) {
		t.Errorf("without X-Forwarded-For: %s, want the address", got[0])
	}
}

func TestChoose(t *testing.T) {
	check := func(value string, p Pick, want string) {
		t.Helper()
		if got := string(choose([]byte(value), p)); got != want {
			t.Errorf("choose(%q, %s) = %q, want %q", value, p, got, want)
		}
	}
	check("1.2.3.4", First, "1.2.3.4")
	check("1.2.3.4, 5.6.7.8", First, "1.2.3.4")
	check("1.2.3.4, 5.6.7.8", Last, "5.6.7.8")
	check("1.2.3.4,5.6.7.8,9.9.9.9", Last, "9.9.9.9")
	check("2001:db8::1", First, "2001:db8::1")
	check("[2001:db8::1]:443", First, "2001:db8::1")
	check("[2001:db8::1]", First, "2001:db8::1")
	check(`for="[2001:db8::1]:4711";proto=https`, First, "2001:db8::1")
	check("For=192.0.2.43, for=198.51.100.17", First, "192.0.2.43")
	check("-", First, "")
	check("", Whole, "")
	check(":", First, ":")
}

const cookieLines = `{"time_iso8601":"2026-11-22T08:00:00Z","remote_addr":"10.0.0.1","request":"GET /csp/a.csp HTTP/1.1","http_cookie":"-"}
{"time_iso8601":"2026-11-22T08:00:01Z","remote_addr":"10.0.0.1","request":"GET /csp/b.csp HTTP/1.1","http_cookie":"x=1; CSPSESSIONID-SP-443=secret; y"}
{"time_iso8601":"2026-11-22T08:00:02Z","remote_addr":"10.0.0.1","remote_user":"anna","request":"GET /csp/c.csp HTTP/1.1","http_cookie":"cspsessionid-sp-443=secret"}
{"time_iso8601":"2026-11-22T08:00:03Z","remote_addr":"10.0.0.1","request":"GET /csp/d.csp?a=1&CacheLogout=end HTTP/1.1","http_cookie":"CSPSESSIONID-SP-443=secret"}
{"time_iso8601":"2026-11-22T08:00:04Z","remote_addr":"10.0.0.1","request":"GET /csp/e.csp HTTP/1.1","http_cookie":"CSPSESSIONID-SP-443=other"}
`

// TestCookies follows a session from its first page, which has no cookie yet,
// to its logout.
func TestCookies(t *testing.T) {
	want := []string{
		`2 0 connect conn="s1" via=csp addr="10.0.0.1" user="anna" session="s1"`,
		`3 1 page conn="s1"`,
		`4 2 page conn="s1"`,
		`5 3 disconnect conn="s1" how=logout`,
		`6 4 connect conn="s2" via=csp addr="10.0.0.1" session="s2"`,
		`7 904 disconnect conn="s2" how=timeout`,
	}
	l := must(t, cookieLines, Options{View: CSP})
	if diff := cmp.Diff(want, events(l)); diff != "" {
		t.Error(diff)
	}
	if r := l.Report(); r.Sessions != 2 || r.Pages != 4 || r.Assets != 0 || r.LogoutRequests != 1 || r.Logouts != 1 || r.OnePage != 1 || r.Open != 1 {
		t.Errorf("%+v", r)
	}
	calls := events(must(t, cookieLines, Options{ID: BySession}))
	if want := `3 1 request for=0 via=rest addr="10.0.0.1" session="s1" sessionful`; calls[1] != want {
		t.Errorf("rest view: %s, want %s", calls[1], want)
	}
	for _, e := range append(calls, events(l.Again())...) {
		if strings.Contains(e, "secret") {
			t.Errorf("a cookie is in the trace: %s", e)
		}
	}
	calls = events(must(t, cookieLines, Options{ID: BySession, Cookie: "x"}))
	if !strings.Contains(calls[1], `session="s1"`) || strings.Contains(calls[2], "session=") {
		t.Errorf("cookie x: %q", calls)
	}
}

func TestSessionField(t *testing.T) {
	const log = `10.0.0.1 [22/Nov/2026:08:00:00 +0000] "GET / HTTP/1.1" 200 0.5 abc` + "\n"
	for _, format := range []string{
		`$remote_addr [$time_local] "$request" $status $request_time $sid`,
		`$remote_addr [$time_local] "$request" $status $request_time $cookie_cspsessionid`,
		`%h %t \"%r\" %>s %{ignored}o %{sid}n`,
		`%h %t "%r" %s %O %{CSPSESSIONID}C`,
	} {
		l := must(t, log, Options{LogFormat: format, Session: "sid", ID: BySession})
		if e, _ := l.Next(); e.Session != "s1" || !e.Sessionful {
			t.Errorf("%s: session %q, sessionful %v", format, e.Session, e.Sessionful)
		}
	}
}

// TestSessions is about when sessions begin and end.
func TestSessions(t *testing.T) {
	page := func(sec int, path string) string { return at(sec, "10.0.0.1", "-", path, "x", "-") }
	tests := []struct {
		name string
		log  string
		o    Options
		want string // ops at seconds
	}{
		{"two pages", page(0, "/a.csp") + page(10, "/b.csp"), Options{}, "connect 0, page 10, disconnect 910"},
		{"the time-out is not reached", page(0, "/") + page(899, "/"), Options{}, "connect 0, page 899, disconnect 1799"},
		{"at the time-out it is over", page(0, "/") + page(900, "/"), Options{}, "connect 0, disconnect 900, connect 900, disconnect 1800"},
		{"another time-out", page(0, "/") + page(60, "/"), Options{Timeout: 60 * engine.Second}, "connect 0, disconnect 60, connect 60, disconnect 120"},
		{"assets are no pages", page(0, "/x.png") + page(1, "/") + page(800, "/y.JS?v=1") + page(902, "/"), Options{},
			"connect 0, disconnect 900, connect 901, disconnect 1801"}, // the epoch is the asset's
		{"all pages", page(0, "/x.png") + page(800, "/y.js"), Options{AllPages: true}, "connect 0, page 800, disconnect 1700"},
		{"own assets", page(0, "/x.pdf") + page(1, "/x.png"), Options{Assets: []string{".PDF"}}, "connect 1, disconnect 901"},
		{"logout", page(0, "/") + page(5, "/?IRISLogout=end") + page(6, "/?IRISLogout=end"), Options{}, "connect 0, disconnect 5"},
		{"logout of another kind", page(0, "/") + page(5, "/?CacheLogout=cancel&x"), Options{}, "connect 0, page 5, disconnect 905"},
		{"again after a logout", page(0, "/") + page(5, "/?CacheLogout=end") + page(5, "/"), Options{},
			"connect 0, disconnect 5, connect 5, disconnect 905"},
		{"agents", page(0, "/") + at(1, "10.0.0.1", "-", "/", "y", "-"), Options{Agents: true}, "connect 0, connect 1, disconnect 900, disconnect 901"},
		{"only", page(0, "/x/a") + page(1, "/csp/a") + page(2, "/csp/mon/a"), Options{Only: []string{"/csp/"}, Except: []string{"/csp/mon"}}, "connect 0, disconnect 900"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.o.View = CSP
			l := must(t, tt.log, tt.o)
			var got []string
			for {
				e, err := l.Next()
				if err != nil {
					break
				}
				got = append(got, fmt.Sprint(e.Op, " ", e.At.Seconds()))
			}
			want := tt.want
			if tt.name == "assets are no pages" {
				want = "connect 1, disconnect 901, connect 902, disconnect 1802"
			}
			if s := strings.Join(got, ", "); s != want {
				t.Errorf("%s\nwant %s", s, want)
			}
			checkOrder(t, l.Again())
		})
	}
}

func TestSOAP(t *testing.T) {
	l := must(t, at(0, "a", "-", "/soap/x.cls", "x", "-")+at(1, "a", "-", "/api/x", "x", "-"), Options{SOAP: []string{"/soap/"}})
	got := events(l)
	if !strings.Contains(got[0], "via=soap") || !strings.Contains(got[1], "via=rest") {
		t.Errorf("%q", got)
	}
}

// TestStable: requests of one instant stay in the order of the lines.
func TestStable(t *testing.T) {
	var b strings.Builder
	for i := range 1000 {
		b.WriteString(at(i%7, fmt.Sprint("h", i), "-", "/", "x", "-"))
	}
	l := must(t, b.String(), Options{})
	last, lastAt := -1, engine.Time(0)
	for {
		e, err := l.Next()
		if err != nil {
			break
		}
		var n int
		fmt.Sscanf(e.Addr, "h%d", &n)
		if e.At == lastAt && n < last {
			t.Fatalf("h%d after h%d at %v", n, last, e.At)
		}
		last, lastAt = n, e.At
	}
}

func TestJitter(t *testing.T) {
	var b strings.Builder
	for range 1000 {
		b.WriteString(at(3, "a", "-", "/", "x", "-"))
	}
	one, again, other := must(t, b.String(), Options{Jitter: 1}), must(t, b.String(), Options{Jitter: 1}), must(t, b.String(), Options{Jitter: 2})
	if l := one.Header().End; l < 990*engine.Millisecond || l >= engine.Second {
		t.Errorf("the requests of a second are spread over %v s", l.Seconds())
	}
	a := events(one)
	if diff := cmp.Diff(a, events(again)); diff != "" {
		t.Errorf("the same seed differs: %s", diff)
	}
	if cmp.Equal(a, events(other)) {
		t.Error("another seed does not differ")
	}
}

// TestLines is about what is not a line of a log.
func TestLines(t *testing.T) {
	ok := at(0, "a", "-", "/", "x", "-")
	tests := []struct {
		name, log string
		want      string // lines, requests, comments, left out, not log
	}{
		{"no end of line", strings.TrimSuffix(ok, "\n"), "1 1 0 0 0"},
		{"empty lines", "\n\r\n" + ok + "\n", "4 1 3 0 0"},
		{"a BOM", "\xef\xbb\xbf" + ok, "1 1 0 0 0"},
		{"a NUL", ok + "\x00\x00" + ok + ok, "3 2 0 0 1"},
		{"a long line", ok + strings.Repeat("x", lineLimit) + "\n" + ok, "3 2 0 0 1"},
		{"a line of nearly 1 MiB", ok + strings.Replace(ok, "/ HTTP", "/"+strings.Repeat("x", lineLimit-200)+" HTTP", 1), "2 2 0 0 0"},
		{"the last line cut off", ok + ok[:40], "2 2 0 0 0"},
		{"the last line cut off early", ok + ok[:20], "2 1 0 0 1"},
		{"invalid UTF-8", strings.Replace(ok, "a -", "\xf0 -", 1), "1 1 0 0 0"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, in := range []io.Reader{strings.NewReader(tt.log), iotest.HalfReader(strings.NewReader(tt.log))} {
				l, err := Import([]Source{{"a.log", in}}, Options{})
				if err != nil {
					t.Fatal(err)
				}
				r := l.Report()
				if got := fmt.Sprint(r.Lines, r.Requests, r.Comments, len(r.LeftOut()), r.NotLog); got != tt.want {
					t.Errorf("%s, want %s; %v", got, tt.want, r.Rejected)
				}
			}
		})
	}
}

func TestErrors(t *testing.T) {
	ok := at(0, "a", "-", "/", "x", "-")
	tests := []struct {
		name, log string
		o         Options
		want      string
		noLog     bool
	}{
		{"no format fits", "hello\nworld\n", Options{}, `a.log: none of the first 2 lines is of a known format (iis, `, true},
		{"empty", "", Options{}, "no line of an access log", true},
		{"empty lines", "\n\n", Options{}, "no line of an access log", true},
		{"gzip", "\x1f\x8b\x08", Options{}, "a.log: must be text, not gzip", false},
		{"UTF-16", "\xff\xfea\x00", Options{}, "a.log: must be text, not UTF-16", false},
		{"binary", "\x00\x01\x02\n\x00\x00\n", Options{}, "a.log:1: want lines of text", false},
		{"an endless line", strings.Repeat("x", 1<<18), Options{}, "a.log:1: want lines of text", false},
		{"another format", ok, Options{Format: "alb"}, `a.log:1: want a time, not "-"`, true},
		{"no such format", ok, Options{Format: "apache"}, `format must be one of iis, `, false},
		{"two formats", ok, Options{Format: "alb", LogFormat: "%h"}, "want one of them", false},
		{"no time", ok, Options{LogFormat: "$remote_addr x"}, "must have a time", false},
		{"nobody", ok, Options{LogFormat: "%t x"}, "must have who asks", false},
		{"nothing between", ok, Options{LogFormat: "$remote_addr$time_local"}, "want something between $time_local and the value before it", false},
		{"no name", ok, Options{LogFormat: "$remote_addr $ x"}, "want a name after $", false},
		{"no letter", ok, Options{LogFormat: "%h %>"}, "want a letter after %", false},
		{"no brace", ok, Options{LogFormat: "%h %{x"}, `want } after`, false},
		{"a time of its own", ok, Options{LogFormat: "%h %{%F %T}t"}, "must be %t, ", false},
		{"a unit of its own", ok, Options{LogFormat: "%h %t %{h}T"}, "must be %T or in s, ms or us", false},
		{"agents of calls", ok, Options{Agents: true}, "want the csp view", false},
		{"a negative time-out", ok, Options{Timeout: -1}, "session timeout must be", false},
		{"no request", `a - - [22/Nov/2026:08:00:01 +0000] "-" 408 5` + "\n" + `a - - [22/Nov/2026:08:00:02 +0000] "-" 408 5` + "\n?\n", Options{},
			"no request in a.log: 2 connections without a request, 1 line not of the log", false},
		{"all filtered", ok, Options{Only: []string{"/x"}}, "no request in a.log: 1 request filtered by only or except", false},
		{"nothing dispatched", `a:1 [22/Nov/2026:08:00:02.000] web iris/<NOSRV> 0/-1/-1/-1/30 503 212 - - sQ-- 1/1/0/0/0 0/1 "GET / HTTP/1.1"`, Options{},
			"no request in a.log: 1 request never dispatched to a server", false},
		{"a view of its own", ok, Options{View: 7}, "must be of the package's own", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Import([]Source{{"a.log", strings.NewReader(tt.log)}}, tt.o)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("%v, want %s", err, tt.want)
			}
			if errors.Is(err, ErrNoLog) != tt.noLog {
				t.Errorf("errors.Is(%v, ErrNoLog) = %v", err, !tt.noLog)
			}
		})
	}
	broken := errors.New("disk on fire")
	for _, in := range []io.Reader{iotest.ErrReader(broken), io.MultiReader(strings.NewReader(strings.Repeat(ok, 1000)), iotest.ErrReader(broken))} {
		if _, err := Import([]Source{{"a.log", in}}, Options{}); !errors.Is(err, broken) {
			t.Errorf("%v, want the reader's own error", err)
		}
	}
}

// TestLeftOut: what became no request is counted by its reason.
func TestLeftOut(t *testing.T) {
	const combined = `a - - [22/Nov/2026:08:00:01 +0000] "%s" %d 5 "-" "x"` + "\n"
	line := func(request string, status int) string { return fmt.Sprintf(combined, request, status) }
	object := func(members string) string {
		return `{"time_iso8601":"2026-11-22T08:00:00Z","remote_addr":"a",` + members + "}\n"
	}
	ok := line("GET /api HTTP/1.1", 200)
	tests := []struct {
		name, log string
		o         Options
		want      string // requests, filtered, empty, undispatched
	}{
		{"no request came", ok + line("-", 408), Options{}, "1 0 1 0"},
		{"an empty request", ok + line("", 400), Options{}, "1 0 1 0"},
		{"TLS on a port without", ok + line(`\x16\x03\x01`, 400), Options{}, "1 0 1 0"},
		{"only", ok + line("GET /x HTTP/1.1", 200), Options{Only: []string{"/api"}}, "1 1 0 0"},
		{"except", ok + line("GET /x HTTP/1.1", 200), Options{Except: []string{"/x"}}, "1 1 0 0"},
		{"both", ok + line("-", 408) + line("GET /x HTTP/1.1", 200), Options{Except: []string{"/x"}}, "1 1 1 0"},
		{"fields without a path", "#Fields: date time c-ip cs-method\n2026-11-22 08:00:01 a GET\n2026-11-22 08:00:02 a -\n", Options{}, "1 0 1 0"},
		{"fields without a request", "#Fields: date time c-ip\n2026-11-22 08:00:01 a\n", Options{}, "1 0 0 0"},
		{"a query alone", "#Fields: date time c-ip cs-uri-query\n2026-11-22 08:00:01 a -\n", Options{}, "1 0 0 0"},
		{"an object without a request", object(`"status":200`), Options{}, "1 0 0 0"},
		{"a request without a path", object(`"method":"GET","status":200`), Options{}, "1 0 0 0"},
		{"an empty path", object(`"path":"","status":200`), Options{}, "1 0 0 0"},
		{"a request of an unknown shape", object(`"request":"orders.get","status":404`) + object(`"request":{"a":1}`) + object(`"request":"/api"`), Options{}, "3 0 0 0"},
		{"an empty request in an object", object(`"request":"","status":400`) + object(`"request":"GET / HTTP/1.1"`), Options{}, "1 0 1 0"},
		{"pages without a path", object(`"method":"GET","status":200`), Options{View: CSP}, "1 0 0 0"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			checkImport(t, []byte(tt.log), tt.o)
			r := must(t, tt.log, tt.o).Report()
			if got := fmt.Sprint(r.Requests, r.Filtered, r.Empty, r.Undispatched); got != tt.want {
				t.Errorf("%s, want %s", got, tt.want)
			}
		})
	}
}

// TestCallers: as many callers as the identity tells apart.
func TestCallers(t *testing.T) {
	log := at(0, "a", "anna", "/", "x", "1.1.1.1") + at(1, "a", "anna", "/", "y", "1.1.1.1") + at(2, "a", "dora", "/", "x", "1.1.1.1") + at(3, "b", "-", "/", "x", "1.1.1.1")
	const jar = `{"time_iso8601":"2026-11-22T08:00:00Z","remote_addr":"%s","request":"GET / HTTP/1.1","http_cookie":"%s"}` + "\n"
	cookies := fmt.Sprintf(jar, "a", "CSPSESSIONID=1") + fmt.Sprintf(jar, "b", "CSPSESSIONID=1") + fmt.Sprintf(jar, "b", "CSPSESSIONID=2") + fmt.Sprintf(jar, "c", "-")
	for _, tt := range []struct {
		log  string
		o    Options
		want int
	}{
		{log, Options{}, 3},
		{log, Options{ID: ByUser}, 3},
		{log, Options{ID: ByAddress}, 2},
		{log, Options{ID: ByForwarded}, 1},
		{log, Options{ID: ByAddress, View: CSP, Agents: true}, 2},
		{cookies, Options{ID: BySession}, 3},
		{cookies, Options{ID: BySession, View: CSP}, 3},
		{cookies, Options{ID: ByAddress}, 3},
	} {
		if got := must(t, tt.log, tt.o).Report().Callers; got != tt.want {
			t.Errorf("%s view by %s: %d callers, want %d", tt.o.View, tt.o.ID, got, tt.want)
		}
	}
}

func TestReadable(t *testing.T) {
	for v, want := range map[engine.Time]string{
		0: "0 µs", 150: "150 µs", 1500: "1.5 ms", 20 * engine.Second: "20 s", 25 * engine.Minute: "25 min", 90 * engine.Minute: "1.5 h", 366 * engine.Day: "366 d",
	} {
		if got := readable(v); got != want {
			t.Errorf("%d µs is %q, want %q", v, got, want)
		}
	}
}

// TestQuotedUser: quotes around a user are the log's.
func TestQuotedUser(t *testing.T) {
	for user, want := range map[string]string{`"anna"`: ` user="anna"`, `""`: "", `"-"`: "", "anna": ` user="anna"`} {
		got := events(must(t, at(0, "a", user, "/", "x", "-"), Options{}))
		if diff := cmp.Diff([]string{`2 0 request for=0 via=rest addr="a"` + want}, got); diff != "" {
			t.Errorf("%s: %s", user, diff)
		}
	}
}

// TestSources: each source has a format of its own, and together they are one log.
func TestSources(t *testing.T) {
	l, err := Import([]Source{
		{"new.log", strings.NewReader(at(10, "a", "-", "/", "x", "-"))},
		{"empty.log", strings.NewReader("")},
		{"old.log", strings.NewReader(`b - - [22/Nov/2026:08:00:03 +0000] "GET / HTTP/1.1" 200 5` + "\n")},
	}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{`2 0 request for=0 via=rest addr="b"`, `3 7 request for=0 via=rest addr="a"`}
	if diff := cmp.Diff(want, events(l)); diff != "" {
		t.Error(diff)
	}
	var formats []string
	for _, s := range l.Report().Sources {
		formats = append(formats, s.Name+" "+s.Format)
	}
	if diff := cmp.Diff([]string{"new.log main", "empty.log ", "old.log common"}, formats); diff != "" {
		t.Error(diff)
	}
	if l.Report().OutOfOrder != 0 {
		t.Error("sources are out of order with one another, which is no disorder")
	}
}

func TestLogFormats(t *testing.T) {
	tests := []struct {
		name, format, log, want string
		o                       Options
	}{
		{"nginx", `$time_iso8601|$remote_addr|$request_uri|$request_time|$msec`, "2026-11-22T08:00:01Z|a|/x?y|0.25|1795334401.250\n", "epoch 8:00:01 for=0.25", Options{}},
		{"braces", `${remote_addr}_${time_local}_$status`, "a_22/Nov/2026:08:00:01 +0000_200\n", "epoch 8:00:01 for=0", Options{}},
		{"apache", `%h %l %u %t \"%r\" %>s %b %D`, `a - - [22/Nov/2026:08:00:01 +0000] "GET / HTTP/1.0" 200 5 2000` + "\n", "epoch 8:00:01 for=0.002", Options{}},
		{"apache ms", `%{usec}t %a %m %U%q %H %{ms}T`, "1795334401000000 a GET /x?y HTTP/1.1 7\n", "epoch 8:00:01 for=0.007", Options{}},
		{"modifiers", `%t %!401,403{Referer}i %<s %h %T 100%%`, "[22/Nov/2026:08:00:01 +0000] - 200 a 2 100%\n", "epoch 8:00:01 for=2", Options{}},
		{"directive of nginx", "log_format x escape=default '$remote_addr [$time_local]'\n  ' \"$request\" $status';", `a [22/Nov/2026:08:00:01 +0000] "GET / HTTP/1.0" 200` + "\n", "epoch 8:00:01 for=0", Options{}},
		{"directive of Apache", `LogFormat "%h %t \"%r\" %D" timed`, `a [22/Nov/2026:08:00:01 +0000] "GET / HTTP/1.0" 3000` + "\n", "epoch 8:00:01 for=0.003", Options{}},
		{"the end after all", `%h %t %T`, "a [22/Nov/2026:08:00:03 +0000] 2\n", "epoch 8:00:01 for=2", Options{Stamp: End}},
		{"the start after all", `$remote_addr [$time_local] $request_time`, "a [22/Nov/2026:08:00:01 +0000] 2.0\n", "epoch 8:00:01 for=2", Options{Stamp: Start}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.o.LogFormat = tt.format
			l := must(t, tt.log, tt.o)
			e, err := l.Next()
			if err != nil {
				t.Fatal(err)
			}
			got := fmt.Sprintf("epoch %s for=%v", l.Header().Epoch.Format("3:04:05.999"), e.For.Seconds())
			if got != tt.want || e.Addr != "a" {
				t.Errorf("%s addr %q, want %s", got, e.Addr, tt.want)
			}
		})
	}
}

// TestUnit: what the options say stands above what the numbers look like.
func TestUnit(t *testing.T) {
	line := `a - - [22/Nov/2026:08:00:10 +0000] "GET / HTTP/1.1" 200 5 "-" "x" 1500` + "\n"
	for _, tt := range []struct {
		o     Options
		want  engine.Time
		epoch int // second
	}{
		{Options{}, 1500, 10},
		{Options{Unit: Milliseconds}, 1500 * engine.Millisecond, 10},
		{Options{Unit: Milliseconds, Stamp: End}, 1500 * engine.Millisecond, 8},
		{Options{Unit: Seconds, Format: "combined-time"}, 1500 * engine.Second, 10},
	} {
		l := must(t, line, tt.o)
		if e, _ := l.Next(); e.For != tt.want || l.Header().Epoch.Second() != tt.epoch {
			t.Errorf("%s %s: %v s from second %d, want %v from %d", tt.o.Unit, tt.o.Stamp, e.For.Seconds(), l.Header().Epoch.Second(), tt.want.Seconds(), tt.epoch)
		}
	}
}

// TestZone: the epoch keeps the zone of the log, or that of the options.
func TestZone(t *testing.T) {
	const apache = `a - - [22/Nov/2026:08:00:01 -0330] "GET / HTTP/1.1" 200 5` + "\n"
	const haproxy = `a:1 [22/Nov/2026:08:00:01.500] f b/s 0/0/0/0/7 200 1 - - ---- 1/1/1/1/0 0/0 "GET / HTTP/1.1"` + "\n"
	for log, want := range map[string]string{apache: "2026-11-22T08:00:01-03:30", haproxy: "2026-11-22T08:00:01.5+02:00"} {
		l := must(t, log, Options{Location: time.FixedZone("", 2*3600)})
		if got := l.Header().Epoch.Format(time.RFC3339Nano); got != want {
			t.Errorf("epoch %s, want %s", got, want)
		}
	}
	noted := func(log string, o Options) bool {
		return strings.Contains(strings.Join(must(t, log, o).Report().Warnings, "\n"), "times have no zone: taken as UTC; see --zone")
	}
	if !noted(haproxy, Options{}) || noted(haproxy, Options{Location: time.UTC}) || noted(apache, Options{}) {
		t.Error("want a note where there is no zone, and none was given")
	}
}

func TestNames(t *testing.T) {
	for v := REST; v < numViews; v++ {
		if got, ok := ParseView(v.String()); !ok || got != v {
			t.Errorf("view %s", v)
		}
	}
	for i := Anything; i < numIDs; i++ {
		if got, ok := ParseID(i.String()); !ok || got != i {
			t.Errorf("id %s", i)
		}
	}
	for u := Seconds; u < numUnits; u++ {
		if got, ok := ParseUnit(u.String()); !ok || got != u {
			t.Errorf("unit %s", u)
		}
	}
	for s := Start; s < numStamps; s++ {
		if got, ok := ParseStamp(s.String()); !ok || got != s {
			t.Errorf("stamp %s", s)
		}
	}
	if _, ok := ParseUnit(""); ok {
		t.Error("a unit without a name")
	}
}

// Three requests in one second of each minute are a burst in seconds and as
// regular as can be in minutes. Where the log has few windows it says nothing.
func TestDispersion(t *testing.T) {
	var b strings.Builder
	at := time.Date(2026, 11, 23, 8, 0, 0, 0, time.FixedZone("", 3600))
	for minute := range 180 {
		for range 3 {
			fmt.Fprintf(&b, "10.0.0.1 - - [%s] \"GET / HTTP/1.1\" 200 1\n", at.Add(time.Duration(minute)*time.Minute).Format("02/Jan/2006:15:04:05 -0700"))
		}
	}
	log, err := Import([]Source{{Name: "log", R: strings.NewReader(b.String())}}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	list := log.Report().Dispersion
	if len(list) != 3 {
		t.Fatalf("%+v, want windows of 1 s, 10 s and 60 s: of 10 min there are too few", list)
	}
	for i, want := range []float64{3 - 3.0/60, 3 - 3.0/6, 0} {
		if d := list[i]; math.Abs(d.Index-want) > 0.02 || d.Window*engine.Time(d.Windows) > 179*engine.Minute {
			t.Errorf("%+v, want an index of %v", d, want)
		}
	}
}
