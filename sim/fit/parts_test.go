package fit

import (
	"errors"
	"io"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"highwater/engine"
	"highwater/sim/stats"
	"highwater/sim/trace"

	"github.com/google/go-cmp/cmp"
)

// Parts of a histogram are the means of equal parts of the values.
func TestHistogram(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for _, n := range []int{1, 7, 50, 1000, 12345} {
		var h histogram
		var values []float64
		for range n {
			v := engine.Time(math.Exp(r.Float64() * 30))
			if r.IntN(3) == 0 {
				v = 0
			}
			h.add(v)
			values = append(values, float64(v))
		}
		slices.Sort(values)
		parts := h.parts(50)
		if len(parts) != min(50, n) {
			t.Fatalf("%d parts of %d values", len(parts), n)
		}
		sum, all := 0.0, 0.0
		for _, p := range parts {
			sum += p / float64(len(parts))
		}
		for _, v := range values {
			all += v / float64(n)
		}
		if math.Abs(sum-all) > 1e-9*all || math.Abs(h.mean()-all) > 1e-9*all {
			t.Errorf("the parts of %d values have mean %v, all have %v, the values %v", n, sum, h.mean(), all)
		}
		if !slices.IsSorted(parts) {
			t.Errorf("the parts are not in order: %v", parts)
		}
		if n != 1000 {
			continue
		}
		middle := 0.0
		for _, v := range values[500:520] {
			middle += v / 20
		}
		if math.Abs(parts[25]-middle) > 0.02*middle {
			t.Errorf("the middle part is %v, want about %v", parts[25], middle)
		}
	}
}

// Counts keep their mean and the share of ones.
func TestCountSample(t *testing.T) {
	var h histogram
	for range 527 {
		h.add(1)
	}
	for i := range 473 {
		h.add(engine.Time(2 + i%9))
	}
	sc := parse(t, "name: x\nduration: 1h\nlicense: {units: 1}\ncohorts: [{name: c, kind: callers, arrivals: {poisson: 1/s}, session: {think: 1s, calls: "+countSample(&h)+"}}]")
	ones, sum := 0.0, 0.0
	values := sc.Cohorts[0].Pages.Values
	for _, v := range values {
		sum += v / float64(len(values))
		if v == 1 {
			ones += 1 / float64(len(values))
		}
	}
	if math.Abs(sum-h.mean()) > 0.02 || math.Abs(ones-0.527) > 0.011 {
		t.Errorf("mean %v, share of ones %v; want %v and 0.527", sum, ones, h.mean())
	}
}

func TestTexts(t *testing.T) {
	check := func(got, want string) {
		t.Helper()
		if got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	check(rateText(0), "0")
	check(rateText(12.3456), "12.35/s")
	check(rateText(0.5), "30/min")
	check(rateText(1.0/1200), "3/h")
	check(rateText(1e-6), "0.0864/day")
	check(timeText(0), "0s")
	check(timeText(0.0123456), "12.3ms")
	check(timeText(3e-6), "3us")
	check(timeText(871.234), "871s")
	check(durationText(0), "0s")
	check(durationText(3*engine.Day+90*engine.Minute+5), "3d1h30m5us")
	check(digits(1000, 3), "1000")
	check(digits(0.0301, 2), "0.03")
	check(quoted("a\n\"b\""), `"a·\"b\""`)
}

// The variance of the mean of a factor is the double integral of its
// covariance.
func TestSmoothed(t *testing.T) {
	for _, window := range []float64{1, 20, 60, 600} {
		const every, steps = 60.0, 200_000
		want := 0.0
		for i := range steps {
			lag := (float64(i) + 0.5) * window / steps
			want += 2 * (window - lag) / (window * window) * max(0, 1-lag/every) * window / steps
		}
		if got := smoothed(window, every); math.Abs(got-want) > 1e-6 {
			t.Errorf("smoothed(%v, %v) = %v, want %v", window, every, got, want)
		}
	}
}

// So many members, drawn at random, are met as often as the log met callers.
func TestMembers(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for _, n := range []int{1, 10, 500, 3000} {
		const visits = 3000
		met := map[int]bool{}
		for range visits {
			met[r.IntN(n)] = true
		}
		got := members(int64(len(met)), visits)
		if math.Abs(float64(got)-float64(n)) > 0.06*float64(n) {
			t.Errorf("%d members met %d times, of whom %d were different, are taken for %d", n, visits, len(met), got)
		}
	}
	if got := members(2990, 3000); got != 0 {
		t.Errorf("when hardly anybody comes again there are %d members, want 0", got)
	}
}

// counted makes windows of instants, in seconds since Monday.
func counted(length engine.Time, end float64, instants ...float64) *stats.Windows {
	w := stats.NewWindows(int64(length), 0)
	for _, at := range instants {
		w.Add(int64(at * 1e6))
	}
	w.Finish(int64(end * 1e6))
	return w
}

// Hours with few visits share a rate with those that follow.
func TestPooled(t *testing.T) {
	cells := func(sums ...float64) (list []stats.Cell) {
		for _, s := range sums {
			list = append(list, stats.Cell{N: 60, Sum: s})
		}
		return list
	}
	rates, which := pooled(cells(36, 10, 0, 26, 72, 4), 1)
	for i := range rates {
		rates[i] = math.Round(rates[i] * 3600)
	}
	if diff := cmp.Diff([]float64{36, 12, 12, 12, 38, 38}, rates); diff != "" {
		t.Errorf("want (-), got (+):\n%s", diff)
	}
	if diff := cmp.Diff([]int{0, 1, 1, 1, 2, 2}, which); diff != "" {
		t.Errorf("want (-), got (+):\n%s", diff)
	}
	if rates, _ := pooled(cells(3, 3), 1); math.Abs(rates[0]-3.0/3600) > 1e-12 || rates[1] != rates[0] {
		t.Errorf("few visits have rates %v, want one", rates)
	}
	if rates, _ := pooled(make([]stats.Cell, 3), 7); rates[2] != 7 {
		t.Errorf("without a whole minute the rates are %v, want 7", rates)
	}
}

// What happens in the same minutes of every hour is a shape; what happens in
// some minutes of some hours is not.
func TestShape(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	var hourly, bursts []float64
	for hour := range 100 {
		burst := float64(r.IntN(60))
		for range 100 {
			hourly = append(hourly, float64(hour)*3600+5*60+60*r.Float64())
			bursts = append(bursts, float64(hour)*3600+60*burst+60*r.Float64())
		}
	}
	slices.Sort(hourly)
	slices.Sort(bursts)
	shape := shapeOf(counted(engine.Minute, 360_000, hourly...))
	if shape == nil || shape[4] != 0 || shape[5] != 60 || shape[6] != 0 {
		t.Errorf("shape %v, want all in the minute 5", shape)
	}
	if shape := shapeOf(counted(engine.Minute, 360_000, bursts...)); shape != nil {
		t.Errorf("shape %v, want none", shape)
	}
	if shape := shapeOf(counted(engine.Minute, 3*3600, hourly[:300]...)); shape != nil {
		t.Errorf("three hours have shape %v, want none", shape)
	}
}

// Poisson traffic has no bursts.
func TestPoissonHasNoBursts(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	var instants []float64
	end := 5 * 86400.0
	for at := 0.0; at < end; at += r.ExpFloat64() / 0.3 {
		instants = append(instants, at)
	}
	var windows []*stats.Windows
	for _, length := range windowLengths {
		windows = append(windows, counted(length, end, instants...))
	}
	covered := engine.Time(end) * engine.Second
	c := fitCurve(windows[2], windows[4], int64(len(instants)), covered)
	if c.hours != hoursInDay {
		t.Errorf("rates for %d hours, want those of a day", c.hours)
	}
	causes, _ := burstiness(c, windows, covered)
	if list := bursts(causes); len(list) > 0 && list[0].CV > 0.1 {
		t.Errorf("bursts %+v, want none", list)
	}
}

// A use knows how long, and the highest of each day, that of units held over
// midnight too.
func TestUse(t *testing.T) {
	u := NewUse(time.Date(2026, 11, 23, 22, 0, 0, 0, time.UTC), 0)
	u.Add(0, 3, 0)
	u.Add(engine.Hour, 9, 0)
	u.Add(engine.Hour, 5, 0)
	u.Add(4*engine.Hour, 2, 0)
	u.Finish(26 * engine.Hour)
	if diff := cmp.Diff([]int{9, 5}, u.days); diff != "" {
		t.Errorf("peaks of the days, want (-), got (+):\n%s", diff)
	}
	near(t, "the mean", u.mean(), (3*1+5*3+2*22)/26.0, 1e-12)
	if p50, p95 := u.quantile(0.5), u.quantile(0.95); p50 != 2 || p95 != 5 {
		t.Errorf("p50 %v and p95 %v, want 2 and 5", p50, p95)
	}
	low, high := u.Like(), u.Like()
	low.Add(0, 1, 0)
	high.Add(0, 4, 0)
	high.Add(30*engine.Hour, 100, 0) // after the end
	for _, x := range []*Use{low, high} {
		x.Finish(26 * engine.Hour)
	}
	rows, days := Compare(u, []*Use{low, high})
	for _, r := range rows {
		if want := r.Name == "peak_units" || r.Name == "p95_units" || r.Name == "p99_units" || r.Name == "p999_units"; r.Outside != want || r.Low != 1 || r.High != 4 {
			t.Errorf("%+v, want outside %v of 1 to 4", r, want)
		}
	}
	if len(days) != 2 || days[0].Date != "2026-11-23" || days[1].Peak != 5 || !days[1].Outside {
		t.Errorf("days %+v, want two", days)
	}
}

func TestCounts(t *testing.T) {
	c := NewCounts("counts", strings.NewReader("2 0\n1"))
	var at []engine.Time
	for {
		ev, err := c.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		at = append(at, ev.At)
	}
	if diff := cmp.Diff([]engine.Time{0, 0, 2 * engine.Second}, at); diff != "" || c.End() != 3*engine.Second {
		t.Errorf("end %v; want (-), got (+):\n%s", c.End(), diff)
	}
	for _, text := range []string{"1 x", "1 -1", "1 1.5", "1 9999999"} {
		c := NewCounts("counts", strings.NewReader(text))
		_, err := c.Next()
		_, err2 := c.Next()
		var invalid *trace.LineError
		if err != nil || !errors.As(err2, &invalid) || invalid.Line != 2 {
			t.Errorf("%q: %v, then %v; want the second number to be wrong", text, err, err2)
		}
	}
}
