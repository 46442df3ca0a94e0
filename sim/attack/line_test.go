package attack

import (
	"errors"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"highwater/sim/attack/record"
)

// A target whose answer is no metrics at all is looked at once, and one that
// told its units before goes on being looked at.
func TestLooksAtPages(t *testing.T) {
	t.Parallel() // it waits
	const good, page = "iris_license_consumed 2\niris_license_available 30\n", "<!DOCTYPE html><html><title>Hello</title></html>\n"
	s := plan(t, refused, PlanOptions{Clock: 600})
	for _, tt := range []struct {
		first, later string
		once         bool
	}{{"Hello", "Hello", true}, {page, page, true}, {"", "", true}, {good, page, false}, {good, good, false}} {
		var looks atomic.Int64
		h := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch {
			case r.URL.Path != "/api/monitor/metrics":
				<-time.After(20 * time.Millisecond) // so that there is time for several looks
			case looks.Add(1) == 1:
				_, _ = io.WriteString(w, tt.first)
			default:
				_, _ = io.WriteString(w, tt.later)
			}
		}))
		res, _ := send(t, s, Options{Target: target(h.URL), Scrape: 10 * time.Millisecond})
		h.Close()
		if n := looks.Load(); (n == 1) != tt.once || res.Sent.Samples != n {
			t.Errorf("%q, then %q: %d looks, %d in the result", tt.first, tt.later, n, res.Sent.Samples)
		}
	}
}

// What is no number of units is a look that failed; only where there is no such
// metric at all the target is not asked again.
func TestHostileMetrics(t *testing.T) {
	for _, tt := range []struct {
		text  string
		ok    bool
		none  bool
		units float64
	}{
		{"iris_license_consumed 7\n", true, false, 7},
		{"iris_license_consumed 0\n", true, false, 0},
		{"iris_license_consumed 2147483647\n", true, false, math.MaxInt32},
		{"iris_license_consumed{ns=\"A\"} 3\niris_license_consumed{ns=\"B\"} 4\n", true, false, 7},
		{"iris_license_consumed NaN\n", false, false, 0},
		{"iris_license_consumed +Inf\n", false, false, 0},
		{"iris_license_consumed -5\n", false, false, 0},
		{"iris_license_consumed 1e300\n", false, false, 0},
		{"iris_license_consumed 2147483648\n", false, false, 0},
		{"iris_license_available 7\n", false, true, 0},
	} {
		var s record.Sample
		err := readMetrics(&s, tt.text)
		if (err == nil) != tt.ok || errors.Is(err, errNoMetrics) != tt.none || tt.ok && s.Consumed != tt.units {
			t.Errorf("%q: %v units, %v", tt.text, s.Consumed, err)
		}
	}
}
