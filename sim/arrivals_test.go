package sim

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"highwater/engine"
	"highwater/scenario"
	"highwater/sim/trace"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// rateAt is the rate of a curve at a time of its cycle, from its definition.
func rateAt(a *scenario.Arrivals, at float64) float64 {
	i := 0
	for i+1 < len(a.Rates) && a.Rates[i+1].At.Seconds() <= at {
		i++
	}
	if !a.Linear {
		return a.Rates[i].PerSecond
	}
	end, next := a.Cycle.Seconds(), a.Rates[0].PerSecond
	if i+1 < len(a.Rates) {
		end, next = a.Rates[i+1].At.Seconds(), a.Rates[i+1].PerSecond
	}
	begin := a.Rates[i].At.Seconds()
	return a.Rates[i].PerSecond + (next-a.Rates[i].PerSecond)*(at-begin)/(end-begin)
}

// The nth arrival is where the integral of the rate reaches the sum of n
// exponentials: days, weeks, steps, slopes, pauses and the turn of the cycle.
func TestPoissonInvertsTheCurve(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := &scenario.Arrivals{Form: scenario.Poisson, Cycle: engine.Day, Linear: rapid.Bool().Draw(t, "linear")}
		if rapid.Bool().Draw(t, "week") {
			a.Cycle = 7 * engine.Day
		}
		hours := rapid.SliceOfNDistinct(rapid.IntRange(1, int(a.Cycle/engine.Hour)-1), 0, 8, rapid.ID).Draw(t, "hours")
		slices.Sort(hours)
		total := 0.0
		for _, h := range append([]int{0}, hours...) {
			r := float64(rapid.SampledFrom([]int{0, 0, 1, 3, 30}).Draw(t, "rate")) / 3600
			a.Rates = append(a.Rates, scenario.Rate{At: engine.Time(h) * engine.Hour, PerSecond: r})
			total += r
		}
		start := time.Date(2026, 11, rapid.IntRange(1, 28).Draw(t, "day"), rapid.IntRange(0, 23).Draw(t, "hour"), rapid.IntRange(0, 59).Draw(t, "minute"), 0, 0, time.UTC)
		scale := rapid.SampledFrom([]float64{1, 2.5}).Draw(t, "scale")
		const end = 10 * 86400.0
		p := newPoisson(a, start, scale, nil)
		if total == 0 {
			if at := p.next(1, end); at < end {
				t.Fatalf("an arrival at %v with a rate of 0", at)
			}
			return
		}
		// A minute at a time: the middle is exact, since a curve bends only at
		// whole hours.
		turn := math.Mod(sinceMonday(start).Seconds(), a.Cycle.Seconds())
		integral := func(from, to float64) (sum float64) {
			for at := from; at < to; {
				next := math.Min(to, (math.Floor(at/60+1e-9)+1)*60)
				sum += scale * rateAt(a, math.Mod(turn+(at+next)/2, a.Cycle.Seconds())) * (next - at)
				at = next
			}
			return sum
		}
		last := 0.0
		for range rapid.IntRange(1, 12).Draw(t, "arrivals") {
			e := rapid.Float64Range(0.001, 20).Draw(t, "e")
			at := p.next(e, end)
			if at >= end {
				if got := integral(last, end); got > e+1e-6 {
					t.Fatalf("no arrival after %v s, but the rate's integral to the end is %v, more than %v", last, got, e)
				}
				return
			}
			if got := integral(last, at); math.Abs(got-e) > 1e-6*math.Max(1, e) {
				t.Fatalf("arrivals at %v and %v s: the rate's integral is %v, want %v", last, at, got, e)
			}
			last = at
		}
	})
}

// Counts in windows of a day are Poisson with the integral of the rate.
func TestPoissonCounts(t *testing.T) {
	sc := parse(t, `
name: curve
start: 2026-11-22T20:00:00Z # a Sunday
duration: 1d
license: {units: unlimited}
cohorts:
  - {name: a, kind: callers, arrivals: {poisson: {06:00: 0, 08:00: 12/h, mon 10:00: 0, 20:00: 6/h}, linear: true}}
  - {name: b, kind: callers, arrivals: {poisson: {06:00: 12/h, 08:00: 0, 20:00: 6/h}}}
`)
	// From 20:00: windows of two hours. The line from Sunday's 20:00 goes to
	// 0 at 06:00, up to 12/h at 08:00, down to 0 at 10:00 on Monday, up again.
	want := map[string][12]float64{
		"a": {10.8, 8.4, 6, 3.6, 1.2, 12, 12, 1.2, 3.6, 6, 8.4, 10.8},
		"b": {12, 12, 12, 12, 12, 24, 0, 0, 0, 0, 0, 0},
	}
	const reps = 400
	sums := map[string]*[12]float64{"a": {}, "b": {}}
	for rep := range reps {
		sc.Seed = uint64(rep)
		_, events := record(t, sc)
		for _, e := range events {
			if e.Op == trace.Connect {
				sums[e.Cohort][e.At/(2*engine.Hour)]++
			}
		}
	}
	for name, windows := range want {
		for i, mean := range windows {
			got, se := sums[name][i]/reps, math.Sqrt(mean/reps)
			if math.Abs(got-mean) > 4*se {
				t.Errorf("cohort %s: %.3f arrivals in window %d, want %.1f ± %.3f", name, got, i, mean, se)
			}
		}
	}
}

func TestOccurrences(t *testing.T) {
	const h, m = engine.Hour, engine.Minute
	saturday := time.Date(2026, 11, 21, 23, 30, 0, 0, time.FixedZone("", 2*3600))
	day := func(days uint8, at engine.Time) scenario.Moment { return scenario.Moment{Offset: at, Days: days} }
	tests := []struct {
		name      string
		moments   []scenario.Moment
		from, end engine.Time
		want      []engine.Time
	}{
		{"every day", []scenario.Moment{day(0x7f, 8*h)}, 0, 72 * h, []engine.Time{8*h + 30*m, 32*h + 30*m, 56*h + 30*m}},
		{"before the start", []scenario.Moment{day(0x7f, 23*h)}, 0, 24 * h, []engine.Time{23*h + 30*m}},
		{"at the start", []scenario.Moment{day(0x7f, 23*h+30*m)}, 0, 24 * h, []engine.Time{0}},
		{"weekdays", []scenario.Moment{day(0x3e, 8*h)}, 0, 72 * h, []engine.Time{32*h + 30*m, 56*h + 30*m}},
		{"Sundays, twice", []scenario.Moment{day(1, 8*h)}, 0, 9 * 24 * h, []engine.Time{8*h + 30*m, 7*24*h + 8*h + 30*m}},
		{"an offset, once", []scenario.Moment{{Offset: 90 * m}}, 0, 72 * h, []engine.Time{90 * m}},
		{"in order", []scenario.Moment{day(0x7f, 8*h), {Offset: 2 * h}, day(1, 4*h)}, 0, 24 * h, []engine.Time{2 * h, 4*h + 30*m, 8*h + 30*m}},
		{"some days before the start", []scenario.Moment{day(0x1c, 8*h)}, -5 * 24 * h, 0, []engine.Time{-111*h - 30*m, -87*h - 30*m, -63*h - 30*m}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, occurrences(tt.moments, saturday, tt.from, tt.end)); diff != "" {
				t.Errorf("want (-), got (+):\n%s", diff)
			}
		})
	}
}

// begins lists the instants of a scenario's connects, by address.
func begins(t *testing.T, text string) map[string][]engine.Time {
	t.Helper()
	_, events := record(t, parse(t, "name: begins\nlicense: {units: unlimited}\n"+text))
	list := map[string][]engine.Time{}
	for _, e := range events {
		if e.Op == trace.Connect {
			list[e.Addr] = append(list[e.Addr], e.At)
		}
	}
	return list
}

func TestPeriods(t *testing.T) {
	t.Run("even", func(t *testing.T) {
		got := begins(t, "duration: 61s\ncohorts: [{name: p, kind: callers, count: 3, arrivals: {every: 30s, phase: even}}]")
		want := map[string][]engine.Time{
			"p-1": {0, 30 * engine.Second, 60 * engine.Second},
			"p-2": {10 * engine.Second, 40 * engine.Second},
			"p-3": {20 * engine.Second, 50 * engine.Second},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("want (-), got (+):\n%s", diff)
		}
	})
	t.Run("aligned", func(t *testing.T) {
		got := begins(t, "duration: 31s\ncohorts: [{name: p, kind: callers, count: 2, arrivals: {every: 30s, phase: aligned}}]")
		want := map[string][]engine.Time{"p-1": {0, 30 * engine.Second}, "p-2": {0, 30 * engine.Second}}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("want (-), got (+):\n%s", diff)
		}
	})
	t.Run("random", func(t *testing.T) {
		var phases []float64
		for _, list := range begins(t, "duration: 90s\ncohorts: [{name: p, kind: callers, count: 5000, arrivals: {every: 30s}}]") {
			phases = append(phases, list[0].Seconds())
			if len(list) != 3 || list[1]-list[0] != 30*engine.Second || list[2]-list[1] != 30*engine.Second {
				t.Fatalf("begins %v, want three at distances of 30 s", list)
			}
		}
		checkKolmogorov(t, phases, func(x float64) float64 { return x / 30 })
	})
	t.Run("jitter", func(t *testing.T) {
		// It is added to each begin, not to the period: begins stay near the grid.
		var late []float64
		for _, list := range begins(t, "duration: 1h\ncohorts: [{name: p, kind: callers, count: 100, arrivals: {every: 30s, phase: aligned, jitter: \"uniform(0s, 6s)\"}}]") {
			for i, at := range list {
				late = append(late, (at - engine.Time(i)*30*engine.Second).Seconds())
			}
		}
		checkKolmogorov(t, late, func(x float64) float64 { return x / 6 })
	})
	t.Run("jitter beyond the period", func(t *testing.T) {
		for addr, list := range begins(t, "duration: 1h\ncohorts: [{name: p, kind: callers, count: 5, arrivals: {every: 30s, jitter: exp(2m)}}]") {
			if !slices.IsSorted(list) {
				t.Errorf("%s begins at %v, want them in order", addr, list)
			}
		}
	})
}

// Each member begins once after each moment, within the spread.
func TestStormSpreads(t *testing.T) {
	var offsets []float64
	for addr, list := range begins(t, "start: 2026-11-23T06:00:00Z\nduration: 12h\n"+
		"cohorts: [{name: s, kind: users, count: 3000, arrivals: {storm: [07:00, weekend 08:00, +9h], spread: 20m}, session: 1m}]") {
		if len(list) != 2 {
			t.Fatalf("%s begins at %v, want two", addr, list)
		}
		offsets = append(offsets, (list[0] - engine.Hour).Seconds(), (list[1] - 9*engine.Hour).Seconds())
	}
	checkKolmogorov(t, offsets, func(x float64) float64 { return math.Max(0, math.Min(1, x/1200)) })
}

// A storm that began before the run goes on in it.
func TestStormGoesOn(t *testing.T) {
	got := begins(t, "start: 2026-11-23T08:15:00Z\nduration: 1h\n"+
		"cohorts: [{name: s, kind: users, count: 4000, arrivals: {storm: 08:00, spread: 20m}, session: 1m}]")
	var at []float64
	for _, list := range got {
		at = append(at, list[0].Seconds())
	}
	checkKolmogorov(t, at, func(x float64) float64 { return math.Min(1, x/300) })
	if n := len(at); n < 900 || n > 1100 { // a quarter, with a standard deviation of 27
		t.Errorf("%d members come in the last quarter, want about 1000", n)
	}
}

// Members are busy and idle in turn; a constant first pause is cut short, or
// all would come at once.
func TestAlternating(t *testing.T) {
	got := begins(t, "duration: 3m\ncohorts: [{name: a, kind: users, count: 2000, arrivals: {idle: 10s}, session: 20s}]")
	var first []float64
	for _, list := range got {
		first = append(first, list[0].Seconds())
		for i := range list[1:] {
			if list[i+1]-list[i] != 30*engine.Second {
				t.Fatalf("begins at %v, want distances of 30 s", list)
			}
		}
	}
	checkKolmogorov(t, first, func(x float64) float64 { return math.Min(1, x/10) })
}

// An open cohort's arrivals are each somebody new; a finite one's are its
// members, all as often.
func TestWhoArrives(t *testing.T) {
	open := begins(t, "duration: 1000s\ncohorts: [{name: o, kind: callers, arrivals: {poisson: 1/s}}]")
	for addr, list := range open {
		if len(list) != 1 {
			t.Fatalf("%s arrives %d times", addr, len(list))
		}
	}
	finite := begins(t, "duration: 40000s\ncohorts: [{name: f, kind: callers, count: 4, arrivals: {poisson: 1/s}}]")
	for i := range 4 {
		addr := fmt.Sprint("f-", i+1)
		// Thinning keeps a quarter: 10,000 with a standard deviation of 100.
		if n := len(finite[addr]); n < 9_600 || n > 10_400 {
			t.Errorf("%s arrives %d times, want about 10,000", addr, n)
		}
	}
}
