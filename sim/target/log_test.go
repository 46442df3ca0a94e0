package target

import (
	"slices"
	"strings"
	"testing"
	"time"

	"highwater/engine"
	"highwater/engine/msglog"
)

// Refusals each minute for two and a half hours: the first one is told at once,
// and then one line an hour tells how many there were since the line before.
func TestLogOfManyRefusals(t *testing.T) {
	inRig(t, Options{Units: 1, Timeout: engine.Day}, func(r *rig) {
		r.browser("10.0.0.1").get("/csp/portal/page.csp")
		other := r.browser("10.0.0.2")
		for range 150 {
			if status := other.get("/rest/lab"); status != 503 {
				t.Fatalf("status %d, want 503", status)
			}
			wait(time.Minute)
		}
		var told []int64
		before := time.Time{} // of the line before, zero of the first
		for text := range strings.Lines(r.logged()) {
			l, err := msglog.Parse(strings.TrimSuffix(text, "\n"))
			e, ok := msglog.ParseExceeded(l.Text)
			if err != nil || !ok || l.Severity != msglog.Severe || !e.Since.Equal(before) {
				t.Fatalf("%q: %v; want one of since %v", text, err, before)
			}
			told, before = append(told, e.Times), l.At.Truncate(time.Second)
		}
		// In minute 0; in 60 for 1 to 60; in 120 for 61 to 120.
		if !slices.Equal(told, []int64{1, 60, 60}) {
			t.Errorf("the lines tell of %v refusals, want 1, 60 and 60", told)
		}
	})
}

// A row without a connection says what keeps it, and until when.
func TestRowsThatAreKept(t *testing.T) {
	inRig(t, Options{}, func(r *rig) {
		r.browser("10.0.0.1").get("/rest/lab")
		b := r.browser("10.0.0.2")
		b.get("/csp/portal/page.csp")
		b.get("/csp/portal/page.csp?IRISLogout=end")
		r.browser("10.0.0.3").get("/csp/portal/page.csp")
		var kept []string
		for _, row := range r.state().Rows {
			kept = append(kept, row.Kept)
			if (row.Kept == "") != (row.Connections == 1) || (row.Kept == "") != (row.Until == 0) {
				t.Errorf("%+v", row)
			}
		}
		slices.Sort(kept)
		if !slices.Equal(kept, []string{"", "grace", "hold"}) {
			t.Errorf("the rows are kept by %q, want one by nothing, a grace and a hold", kept)
		}
	})
}
