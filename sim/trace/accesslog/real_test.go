package accesslog

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"highwater/engine"
	"highwater/sim/trace"
)

// real opens a log that nobody here wrote, in the folder that HIGHWATER_LOGS
// names.
func real(tb testing.TB, name string) []byte {
	tb.Helper()
	dir := os.Getenv("HIGHWATER_LOGS")
	if dir == "" {
		tb.Skip("HIGHWATER_LOGS does not say where the real logs are")
	}
	data, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		tb.Skipf("no real log: %v", err)
	}
	return data
}

// TestElastic compares the sessions of a log that is often used for examples
// with those that an independent program found in it.
func TestElastic(t *testing.T) {
	data := real(t, "apache_combined.log")
	tests := []struct {
		timeout  engine.Time
		agents   bool
		sessions int
		onePage  string // in percent
		peak     int    // sessions open at once, 0 for not compared
	}{
		{900 * engine.Second, false, 3052, "52.7", 59},
		{1800 * engine.Second, false, 3052, "52.7", 0},
		{900 * engine.Second, true, 3224, "55.1", 64},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprintf("%v agents %v", tt.timeout.Seconds(), tt.agents), func(t *testing.T) {
			l := must(t, string(data), Options{View: CSP, ID: ByAddress, AllPages: true, Timeout: tt.timeout, Agents: tt.agents})
			r := l.Report()
			if r.Requests != 10_000 || r.NotLog != 0 {
				t.Errorf("%d requests and %d other lines, want 10,000 and 0", r.Requests, r.NotLog)
			}
			if r.Sessions != tt.sessions {
				t.Errorf("%d sessions, want %d", r.Sessions, tt.sessions)
			}
			if got := fmt.Sprintf("%.1f", 100*float64(r.OnePage)/float64(r.Sessions)); got != tt.onePage {
				t.Errorf("%s %% of the sessions have one page, want %s", got, tt.onePage)
			}
			if got := peak(t, l); tt.peak != 0 && got != tt.peak {
				t.Errorf("peak %d, want %d", got, tt.peak)
			}
		})
	}
	t.Run("order", func(t *testing.T) {
		r := must(t, string(data), Options{}).Report()
		if r.OutOfOrder != 4915 || r.MaxDisorder != 59*engine.Second {
			t.Errorf("%d out of order by %v s, want 4,915 by 59", r.OutOfOrder, r.MaxDisorder.Seconds())
		}
		if f := r.Sources[0].Format; f != "combined" {
			t.Errorf("format %s, want combined", f)
		}
	})
}

// peak is the most sessions open at once.
func peak(t *testing.T, l *Log) int {
	t.Helper()
	open, most := 0, 0
	for {
		e, err := l.Next()
		if errors.Is(err, io.EOF) {
			return most
		}
		switch e.Op {
		case trace.Connect:
			open++
			most = max(most, open)
		case trace.Disconnect:
			open--
		}
	}
}

func TestGonx(t *testing.T) {
	data := real(t, "nginx_request_time.log")
	const format = `$remote_addr [$time_local] "$request" $status $request_length $body_bytes_sent $request_time "$t_size" $read_time $gen_time`
	l := must(t, string(data), Options{LogFormat: format})
	r := l.Report()
	if r.Requests != 1000 || !r.Sources[0].Timed {
		t.Errorf("%d requests, timed %v; want 1,000 that are", r.Requests, r.Sources[0].Timed)
	}
	if got := r.Last.Sub(r.First).Seconds(); got < 31 || got > 40 {
		t.Errorf("%v s, want about 32", got)
	}
	checkOrder(t, l)
}

func TestHAProxyReal(t *testing.T) {
	data := real(t, "haproxy_http.log")
	l := must(t, string(data), Options{})
	r := l.Report()
	if r.Lines != 28 || r.Requests != 26 || r.Empty != 1 || r.Undispatched != 1 || r.Cut != 1 {
		t.Errorf("lines %d, requests %d, without a request %d, never dispatched %d, cut %d; want 28, 26, 1, 1, 1", r.Lines, r.Requests, r.Empty, r.Undispatched, r.Cut)
	}
	if want := 1348 * engine.Millisecond; r.LongestRequest != want {
		t.Errorf("longest %v s, want %v", r.LongestRequest.Seconds(), want.Seconds())
	}
	checkOrder(t, l)
}
