package curves

import (
	"bytes"
	"math"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"highwater/engine"
	"highwater/sim"
	"highwater/sim/attack/record"
	"highwater/sim/result"
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
	if d := res.Divergence; d.Largest != 4 || d.LargestAt != 0 {
		t.Errorf("the largest difference is %d at %v, want 4 at the start", d.Largest, d.LargestAt)
	}
	// That of before the start is left out, and the others have 0, 0 and 2 more.
	if m := res.Divergence.Mean; m.N != 3 || math.Abs(m.Mean-2.0/3) > 1e-9 || m.Low != nil {
		t.Errorf("%+v, want 2/3 on average without limits", m)
	}
}

// What is certain says that a target is off, and the upper limit that it is
// not: a mean within what the instants leave open is neither.
func TestOff(t *testing.T) {
	// One call is under way all the time: a unit as run, and none or one by the
	// instants. In each of five batches of three samples one has none, so that the
	// batches' means are -1/3 and 0, five times each: their mean is -1/6, its
	// standard error 1/6 √(10/9) / √10 = 1/18, and Student's quantile 1.833113.
	made := func(n, odd int) *Log {
		l := &Log{Header: &record.Header{Clock: 1, To: 40 * engine.Second, Cohorts: people}}
		l.Entries = []record.Entry{{Kind: sim.CallRequest, Outcome: record.Served, Sent: 0, Done: 40 * time.Second}}
		for i := range n {
			at := time.Duration(i+5) * time.Second
			l.Samples = append(l.Samples, record.Sample{Sent: at, Done: at, Consumed: 1})
			if i < 15 && i%3 == 1 {
				l.Samples[i].Consumed = 0
			}
		}
		l.Samples[0].Consumed = float64(odd)
		return l
	}
	const low, high = -1.0/6 - 1.833113/18, -1.0/6 + 1.833113/18
	for _, tt := range []struct {
		n, odd, allowed int
		want            string
	}{
		{30, 1, 0, result.Inconclusive}, // the mean may be off by 0.27, and no sample is for certain
		{30, 1, 1, result.Agrees},
		{29, 1, 9, result.Inconclusive}, // too few for limits
		{30, 3, 2, result.Agrees},
		{30, 3, 1, result.Diverges}, // the first is off by 2
		{29, 3, 1, result.Diverges},
	} {
		res := compare(t, made(tt.n, tt.odd), Limit{Set: true, Units: tt.allowed})
		d := res.Divergence
		if res.Verdict != tt.want || d.Most != tt.odd-1 {
			t.Errorf("%d samples, one with %d, at most %d: %s, off by %d; want %s by %d", tt.n, tt.odd, tt.allowed, res.Verdict, d.Most, tt.want, tt.odd-1)
		}
		if tt.n == 30 && tt.odd == 1 {
			m := d.Mean
			if m.N != 30 || m.Batches != 10 || math.Abs(m.Mean+1.0/6) > 1e-9 || math.Abs(*m.Low-low) > 1e-6 || math.Abs(*m.High-high) > 1e-6 {
				t.Errorf("%v from %v to %v, want -1/6 from %v to %v", m.Mean, *m.Low, *m.High, low, high)
			}
			if most, ok := d.AtMost(); !ok || math.Abs(most+low) > 1e-6 || math.Abs(d.Off()-1.0/6) > 1e-9 {
				t.Errorf("off by %v, at most %v %v; want 1/6 and %v", d.Off(), most, ok, -low)
			}
		}
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
	// What was before the start is at the start.
	want := []result.Point{{}, {At: 3 * engine.Second, Units: 1}, {At: 5 * engine.Second, Units: 1}, {At: 7 * engine.Second, Units: 1}, {At: 17 * engine.Second, Units: 1}}
	if got := res.Reported.Samples; !slices.Equal(got, want) || res.AsRun.Samples != nil {
		t.Errorf("the samples are %v, want %v", got, want)
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
	if err := w.End("", nil); err != nil {
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
