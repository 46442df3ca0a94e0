package curves

import (
	"bytes"
	"math"
	"net/netip"
	"strings"
	"testing"
	"time"

	"highwater/engine"
	"highwater/sim"
	"highwater/sim/attack/record"
)

// What never reached the target takes no units; what it answered with an error
// does.
func TestUnreached(t *testing.T) {
	l := &Log{Header: &record.Header{Clock: 1, To: 20 * engine.Second, Cohorts: people}}
	for i, e := range []record.Entry{
		{Outcome: record.Failed, Cause: record.NoConnection},
		{Outcome: record.Failed, Cause: record.NoAddress},
		{Outcome: record.Cut},
		{Outcome: record.Failed, Cause: record.BadStatus, Status: 302, Out: 100},
		{Outcome: record.Failed, Cause: record.TimedOut, Out: 100},
		{Outcome: record.Served, Status: 200, Out: 100},
	} {
		e.Request, e.Visit, e.Kind = uint32(i), uint32(i), sim.CallRequest
		e.Address = netip.AddrFrom4([4]byte{127, 0, 0, byte(i + 1)})
		e.Sent, e.Done = time.Second, 2*time.Second
		l.Entries = append(l.Entries, e)
	}
	res := compare(t, l, Limit{})
	// A unit for each of the three addresses that came through.
	if res.AsRun.Peak.Units != 3 || !strings.Contains(strings.Join(res.Notes, "\n"), "never reached the target, and without units as run: 3 attempts") {
		t.Errorf("the peak is %d, %q; want 3 units, and 3 attempts that are left out", res.AsRun.Peak.Units, res.Notes)
	}
}

// What is in use at the start beyond the people whom the target holds is said,
// and is no difference of the rules while it may be there.
func TestBefore(t *testing.T) {
	sc := parse(t, "1000", "3s")
	l := &Log{
		Header: &record.Header{Clock: 1, To: 40 * engine.Second, Cohorts: people}, Scenario: sc,
		State: &record.State{Scenario: sc.Name, Clock: 1, Sent: -2 * time.Second, Done: -2 * time.Second, At: 0},
	}
	for i, units := range []float64{4, 4, 1, 3} { // nobody is there for the first five minutes
		at := time.Duration(10*i)*time.Second - time.Second
		l.Samples = append(l.Samples, record.Sample{Sent: at, Done: at, Consumed: units})
	}
	res := compare(t, l, Limit{})
	// The last sample has 3, and 1 at the most was left of what came before.
	if d := res.Divergence; res.Before != 4 || d.Outside != 1 || d.Most != 2 || !strings.Contains(strings.Join(res.Notes, "\n"), ": 4 units more than") {
		t.Errorf("%d before, %d samples outside by up to %d, %q; want 4, and 1 sample by 2", res.Before, d.Outside, d.Most, res.Notes)
	}
}

// A curve as run that was cut short ends with the last answer, and one as
// reported with the last sample; the mean is of what is known.
func TestCutShort(t *testing.T) {
	sc := parse(t, "1000", "3s")
	l := &Log{Header: &record.Header{Clock: 1, To: 40 * engine.Second, Cohorts: people}, Scenario: sc, Partial: true}
	for i, at := range []time.Duration{-1, 3, 5, 7, 17} {
		l.Samples = append(l.Samples, record.Sample{Sent: at * time.Second, Done: at * time.Second, Consumed: float64(min(i, 1))})
	}
	l.Entries = []record.Entry{{Kind: sim.CallRequest, Outcome: record.Served, Sent: 0, Done: 9 * time.Second}}
	res := compare(t, l, Limit{})
	if run, said := res.AsRun, res.Reported; run.To != 9*engine.Second || run.Mean != 1 || said.To != 17*engine.Second || res.To != 40*engine.Second {
		t.Errorf("as run to %v with a mean of %v, as reported to %v, in all to %v; want 9 s, 1 unit, 17 s, 40 s", run.To, run.Mean, said.To, res.To)
	}
	// The distances are 4 (but for what was before the start), 2, 2 and 10 s.
	if got := res.Divergence.Apart; !res.Partial || got != 4*engine.Second {
		t.Errorf("partial %v, samples each %v; want 4 s", res.Partial, got)
	}
}

// A record whose target has said what is no number of units has looks that
// failed, and its curves are those without them.
func TestHostileSamples(t *testing.T) {
	var b bytes.Buffer
	w, err := record.NewWriter(&b, &record.Header{Clock: 1, To: 40 * engine.Second, Cohorts: people})
	if err != nil {
		t.Fatal(err)
	}
	for i, units := range []float64{math.NaN(), 1e300, 2, -5, 1 << 31, 2} {
		at := time.Duration(i) * time.Second
		w.Sample(&record.Sample{Sent: at, Done: at, Consumed: units})
	}
	if err := w.End(""); err != nil {
		t.Fatal(err)
	}
	r, err := record.NewReader(&b)
	if err != nil {
		t.Fatal(err)
	}
	l, err := Read(r)
	if err != nil {
		t.Fatal(err)
	}
	res := compare(t, l, Limit{})
	if d := res.Divergence; d.Samples != 6 || d.Failed != 4 || res.Idle != 0 || res.Reported.Peak.Units != 2 || *res.Reported.Sampled != 2 ||
		!strings.Contains(strings.Join(res.Notes, "\n"), "4 of 6 looks at the target's metrics brought no units: \"NaN is") {
		t.Errorf("%d of %d samples failed, %d units before, a peak of %d: %q", d.Failed, d.Samples, res.Idle, res.Reported.Peak.Units, res.Notes)
	}
}
