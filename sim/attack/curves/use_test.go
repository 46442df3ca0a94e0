package curves

import (
	"bytes"
	"math"
	"slices"
	"testing"
	"time"

	"highwater/engine"
	"highwater/sim/attack/record"
	"highwater/sim/result"
	"highwater/sim/target"
	"highwater/sim/trace"
)

// What a curve sums up is the curve: its times are those of the window and have
// its mean, its hours have its peak, and each refusal is counted. Who holds the
// units at the peak are as many as are in use.
func TestUseOfCurves(t *testing.T) {
	for _, units := range []string{"1000", "20"} {
		sc := parse(t, units, "3s")
		l, _, _ := rehearse(t, sc, target.Options{Scenario: sc, Policy: sc.License.Policy, Units: sc.License.Units})
		res := compare(t, l, Limit{})
		for name, c := range map[string]*result.Curve{"predicted": res.Predicted, "as run": res.AsRun, "reported": res.Reported} {
			seconds, area, peak := engine.Time(0), 0.0, 0
			for _, u := range c.TimeAt {
				seconds += u.Seconds
				area += float64(u.Units) * u.Seconds.Seconds()
			}
			for _, h := range c.Hours {
				peak = max(peak, h.Peak)
			}
			if length := c.To - res.From; seconds != length || math.Abs(area/length.Seconds()-c.Mean) > 1e-9 || peak != c.Peak.Units {
				t.Errorf("key of %s, %s: %v of %v, mean %v and %v, peak %d and %d", units, name, seconds, length, area/length.Seconds(), c.Mean, peak, c.Peak.Units)
			}
			if c.Refusals.Attempts != c.Refused {
				t.Errorf("key of %s, %s: %d attempts, and %d are refused", units, name, c.Refusals.Attempts, c.Refused)
			}
			if (c == res.Reported) != (c.AtPeak == nil) {
				t.Fatalf("key of %s, %s: at the peak is %+v", units, name, c.AtPeak)
			}
			if c.AtPeak != nil {
				checkPeak(t, "key of "+units+", "+name, c)
			}
		}
		checkTop(t, l, res.AsRun)
	}
}

func checkPeak(t *testing.T, name string, c *result.Curve) {
	t.Helper()
	split, cohorts, holders := 0, 0, 0
	for _, s := range c.AtPeak.Split {
		split += s.Units
	}
	for _, s := range c.AtPeak.ByCohort {
		cohorts, holders = cohorts+s.Units, holders+s.Users
	}
	if split != c.Peak.Units || cohorts != c.Peak.Units || holders != c.AtPeak.Holders || len(c.AtPeak.Top) != min(10, holders) {
		t.Errorf("%s: %d units by reason and %d by cohort of %d; %d holders of %d, %d of them named", name, split, cohorts, c.Peak.Units, holders, c.AtPeak.Holders, len(c.AtPeak.Top))
	}
	if !slices.IsSortedFunc(c.AtPeak.Top, func(a, b result.CurveHolder) int { return b.Units - a.Units }) {
		t.Errorf("%s: the largest are %+v", name, c.AtPeak.Top)
	}
}

// checkTop compares the largest with those of the curve's trace, replayed.
func checkTop(t *testing.T, l *Log, c *result.Curve) {
	t.Helper()
	var b bytes.Buffer
	if err := l.Trace(&b); err != nil {
		t.Fatal(err)
	}
	policy, units := l.policy()
	again, err := trace.Run(trace.NewJSONReader("run", &b), trace.Options{Policy: policy, Units: units})
	if err != nil {
		t.Fatal(err)
	}
	for i, h := range again.Top {
		if h.UnitsAtPeak != c.AtPeak.Top[i].Units {
			t.Errorf("the %d. has %d units, and replayed %d", i+1, c.AtPeak.Top[i].Units, h.UnitsAtPeak)
		}
	}
}

// Only what is in the time that is compared counts, and the clock is that of its
// begin: of 2 units from 7:00 to 8:00, 5 until 8:30 and 1 thereafter a window
// from 7:30 to 9:00 has half an hour each.
func TestUseOfAWindow(t *testing.T) {
	const half = 30 * engine.Minute
	l := &Log{Header: &record.Header{Epoch: time.Date(2026, 11, 23, 7, 0, 0, 0, time.UTC)}}
	x := comparison{l: l, res: &result.Curves{From: half, To: 4 * half}}
	c := &result.Curve{To: 4 * half, Series: []result.Sample{{Units: 9}, {At: 1, Units: 2}, {At: 2 * half, Units: 5}, {At: 3 * half, Units: 1}, {At: 4 * half, Units: 7}}}
	x.use(c, []engine.Time{3*half + 1, 0})
	if want := []result.UnitsTime{{Units: 1, Seconds: half}, {Units: 2, Seconds: half}, {Units: 5, Seconds: half}}; !slices.Equal(c.TimeAt, want) {
		t.Errorf("%v, want %v", c.TimeAt, want)
	}
	if want := []result.HourUse{{Hour: 7, Peak: 2, Mean: 2}, {Hour: 8, Peak: 5, Mean: 3}}; !slices.Equal(c.Hours, want) {
		t.Errorf("%v, want %v", c.Hours, want)
	}
	if want := []result.HourCount{{Hour: 7, Attempts: 1}, {Hour: 8, Attempts: 1}}; !slices.Equal(c.Refusals.ByHour, want) || c.Refusals.Episodes != 2 {
		t.Errorf("%+v, want %v in two episodes", c.Refusals, want)
	}
	l.Header.Epoch = time.Time{}
	if x.use(c, nil); len(c.Hours) != 0 || len(c.TimeAt) != 3 {
		t.Errorf("without a clock the hours are %v, and the times %v", c.Hours, c.TimeAt)
	}
}

// What a target had in use before it first says it is not known, and counts for
// nothing: of 4 units from 8:00 to 8:30 and 2 until 9:00 the mean is 3, whenever
// the window began. Its last look has no time, but may be the peak of its hour.
func TestUseOfASilentTarget(t *testing.T) {
	const half = 30 * engine.Minute
	x := comparison{l: &Log{Header: &record.Header{Epoch: time.Date(2026, 11, 23, 7, 0, 0, 0, time.UTC)}}, res: &result.Curves{From: half, To: 5 * half}}
	c := &result.Curve{To: 4 * half, Series: []result.Sample{{At: 2 * half, Units: 4}, {At: 3 * half, Units: 2}, {At: 4 * half, Units: 6}}}
	x.sum(c)
	x.use(c, []engine.Time{half + engine.Minute})
	if want := []result.UnitsTime{{Units: 2, Seconds: half}, {Units: 4, Seconds: half}}; c.Mean != 3 || !slices.Equal(c.TimeAt, want) {
		t.Errorf("mean %v of %v, want 3 of %v", c.Mean, c.TimeAt, want)
	}
	if want := []result.HourUse{{Hour: 8, Peak: 4, Mean: 3}}; !slices.Equal(c.Hours, want) {
		t.Errorf("%v, want %v", c.Hours, want)
	}
	if want := []result.HourCount{{Hour: 7, Attempts: 1}}; !slices.Equal(c.Refusals.ByHour, want) {
		t.Errorf("refused are %v, want %v", c.Refusals.ByHour, want)
	}
	c.To, c.Series[2].At = 4*half-1, 4*half-1
	endless := &result.Curve{To: 1 << 62, Series: c.Series}
	if x.use(endless, nil); endless.TimeAt != nil {
		t.Errorf("of more than the engine's time there is %v", endless.TimeAt)
	}
	if x.use(c, nil); c.Hours[0].Peak != 6 || len(c.TimeAt) != 2 {
		t.Errorf("the last look is in %v, and for a while in %v", c.Hours, c.TimeAt)
	}
}
