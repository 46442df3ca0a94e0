package attack

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"highwater/internal/raw"
	"highwater/sim/result"
	"highwater/sim/wire"
)

// An attack that is to spare the last free units is not begun when it does not
// know them, and ends when it does not know them any more. One look that fails
// is no reason.
func TestAbortFreeWithoutSight(t *testing.T) {
	const good, none = "iris_license_consumed 2\niris_license_available 30\n", "iris_license_consumed 2\n"
	for _, tt := range []struct {
		name string
		look func(n int64) (status int, text string)
		sent bool
		want string // "" is no abort
	}{
		{"no metrics", func(int64) (int, string) { return 404, "" }, false, "status 404"},
		{"a login", func(int64) (int, string) { return 401, "" }, false, "status 401: it wants a login (--metrics-login)"},
		{"no such metric", func(int64) (int, string) { return 200, none }, false, "no iris_license_available in the answer"},
		{"an answer of any path", func(int64) (int, string) { return 200, "ok" }, false, "not Prometheus text"},
		{"ever less", func(n int64) (int, string) {
			if n > 2 {
				return 500, ""
			}
			return 200, good
		}, true, "aborted: 3 looks in a row did not tell whether the target has fewer than 5 license units free (status 500)"},
		{"gone", func(n int64) (int, string) {
			if n > 2 {
				return 404, ""
			}
			return 200, good
		}, true, "aborted: 3 looks in a row did not tell whether the target has fewer than 5 license units free (status 404)"},
		{"two of three", func(n int64) (int, string) {
			if n%3 != 1 {
				return 500, ""
			}
			return 200, good
		}, true, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var looks, asked atomic.Int64
			h := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != "/api/monitor/metrics" {
					asked.Add(1)
					return
				}
				status, text := tt.look(looks.Add(1))
				w.WriteHeader(status)
				_, _ = io.WriteString(w, text)
			}))
			defer h.Close()
			s := plan(t, clinic, PlanOptions{})
			ctx, stop := context.WithTimeout(context.Background(), 2*time.Second)
			defer stop()
			res, err := Run(ctx, ctx, s, Options{Target: target(h.URL), AbortFree: 5, Scrape: 50 * time.Millisecond})
			var x *BlindError
			if blind := errors.As(err, &x); blind == tt.sent || blind && (!strings.Contains(x.Why, tt.want) || asked.Load() > 0 || res.Sent != nil) {
				t.Fatalf("%v, %d requests; want that they are sent %v, %q", err, asked.Load(), tt.sent, tt.want)
			}
			if tt.sent && (ctx.Err() == nil) != (tt.want != "") || tt.sent && tt.want != "" && (res.Reasons[0] != tt.want || res.Verdict != result.Inconclusive) {
				t.Errorf("%s, %q, ended %v; want %q", res.Verdict, res.Reasons, ctx.Err(), tt.want)
			}
		})
	}
	_, err := Run(t.Context(), t.Context(), plan(t, clinic, PlanOptions{}), Options{Target: target("http://127.0.0.1:1"), AbortFree: 5, Dial: silent})
	if err == nil || !strings.Contains(err.Error(), "not looked at") {
		t.Errorf("without looks: %v", err)
	}
}

// A target that says that its clock goes as none does is not asked for more: at
// such a clock no instant of the attack would be one of the target.
func TestClockThatNoTargetHas(t *testing.T) {
	t.Parallel() // it connects
	for _, tt := range []struct {
		clock string
		bad   bool
	}{{"0", true}, {"-1", true}, {"100000.5", true}, {"1e300", true}, {"100000", false}, {"0.001", false}} {
		var asked atomic.Int64
		h := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch r.URL.Path {
			case wire.MetricsPath:
				w.Header().Set(wire.StateHeader, wire.StatePath)
				_, _ = io.WriteString(w, "iris_license_consumed 2\niris_license_available 30\n")
			case wire.StatePath:
				_, _ = io.WriteString(w, `{"kind":"target","clock":`+tt.clock+`}`)
			default:
				asked.Add(1)
			}
		}))
		defer h.Close()
		line, err := OpenLine(t.Context(), Options{Target: target(h.URL)}, 10)
		if err != nil {
			t.Fatal(err)
		}
		defer line.Close()
		state, err := line.State(t.Context(), wire.StatePath, func() time.Duration { return 0 })
		if (err != nil) != tt.bad || (state == nil) != tt.bad || tt.bad && !strings.HasSuffix(err.Error(), " times as fast as a real one: that must be > 0 and at most 100000") {
			t.Errorf("%s: %+v, %v", tt.clock, state, err)
		}
		if !tt.bad {
			continue
		}
		var unreachable *UnreachableError
		res, err := Run(t.Context(), t.Context(), plan(t, clinic, PlanOptions{}), Options{Target: target(h.URL), Scrape: time.Second})
		if !errors.As(err, &unreachable) || res.Sent != nil || asked.Load() > 0 {
			t.Errorf("%s: %v, and %d requests were sent", tt.clock, err, asked.Load())
		}
	}
}

// silent is a connection to nobody.
func silent(context.Context, netip.Addr, netip.AddrPort) (net.Conn, error) {
	c, _ := net.Pipe()
	return c, nil
}

// When every request failed nothing is known, and why they may have is said.
func TestEveryRequestFailed(t *testing.T) {
	t.Parallel() // it waits
	status := func(code int) string {
		h := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }))
		t.Cleanup(h.Close)
		return h.URL
	}
	secure := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	defer secure.Close()
	s := plan(t, refused, PlanOptions{Clock: 600})
	all := strconv.Itoa(len(s.Requests))
	for _, tt := range []struct{ url, want string }{
		{status(401), all + " status 401; " + all + " answers with status 401: does it know the users, and their password (--password"},
		{status(502), all + " status 502"},
		{"http://" + raw.Listen(t, func(c net.Conn) { _ = c.Close() }), all + " connection lost; does the target speak TLS there? then it is https://"},
		{"http" + strings.TrimPrefix(secure.URL, "https"), "; does the target speak TLS there? then it is https://"},
	} {
		res, _ := send(t, s, Options{Target: target(tt.url), AbortErrors: 1})
		if res.Verdict != result.Inconclusive || !strings.HasPrefix(res.Reasons[0], "every request failed: ") || !strings.Contains(res.Reasons[0], tt.want) {
			t.Errorf("%s: %s, %q; want %q", tt.url, res.Verdict, res.Reasons, tt.want)
		}
	}
	// Some who are not known are a result.
	n := atomic.Int64{}
	h := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if n.Add(1) == 1 {
			w.WriteHeader(401)
		}
	}))
	defer h.Close()
	res, _ := send(t, s, Options{Target: target(h.URL), AbortErrors: 1})
	if res.Verdict != result.Measured || !slices.ContainsFunc(res.Notes, func(n string) bool { return strings.HasPrefix(n, "1 answers with status 401: ") }) {
		t.Errorf("%s, %q, %q", res.Verdict, res.Reasons, res.Notes)
	}
}
