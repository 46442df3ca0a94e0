package gate

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"highwater/engine"
	"highwater/scenario"
	"highwater/sim"
	"highwater/sim/result"
)

// values are so many zeros and so many ones.
func values(zeros, ones int) []float64 {
	return append(make([]float64, zeros), slices.Repeat([]float64{1}, ones)...)
}

// A known source has one figure.
type known struct{ l look }

func (k known) Begin() *result.Gate             { return new(result.Gate) }
func (k known) look(*scenario.Expectation) look { return k.l }

// atMost is the probability of at most k of n, by the sum of the terms.
func atMost(k, n int, p float64) float64 {
	sum := 0.0
	for i := range k + 1 {
		a, _ := math.Lgamma(float64(n + 1))
		b, _ := math.Lgamma(float64(i + 1))
		c, _ := math.Lgamma(float64(n - i + 1))
		sum += math.Exp(a - b - c + float64(i)*math.Log(p) + float64(n-i)*math.Log1p(-p))
	}
	return sum
}

// Runs pass when so few with more would be too unlikely, were the risk higher,
// and fail when so many would be, were it lower. So 58 clean runs of 58 do not
// show a risk of 5 %, and 59 do: 0.95^58 is 0.051 and 0.95^59 is 0.0485.
func TestVerdictsOnRuns(t *testing.T) {
	seen := map[result.Judgement]int{}
	for _, n := range []int{1, 2, 13, 58, 59, 200} {
		for _, risk := range []float64{0.01, 0.05, 0.3} {
			for over := range n + 1 {
				want := result.CannotTell
				if atMost(over, n, risk) <= 0.05 {
					want = result.Pass
				} else if over > 0 && 1-atMost(over-1, n, risk) < 0.05-1e-12 {
					want = result.Fail
				}
				e := []scenario.Expectation{{Figure: scenario.Refusals, Risk: risk, Confidence: 0.95}}
				g := Judge(known{look{runs: true, values: values(n-over, over)}}, e)
				if g.Verdict != want {
					t.Errorf("%d of %d at a risk of %v: %s, want %s", over, n, risk, g.Verdict, want)
				}
				counted := Judge(known{look{runs: true, over: over, n: n}}, e)
				if counted.Verdict != want || *counted.Expectations[0].Over != *g.Expectations[0].Over {
					t.Errorf("%d of %d at a risk of %v: counted it is %s, want %s", over, n, risk, counted.Verdict, want)
				}
				seen[want]++
			}
		}
	}
	if seen[result.Pass] == 0 || seen[result.Fail] == 0 || seen[result.CannotTell] == 0 {
		t.Errorf("not all verdicts were tried: %v", seen)
	}
}

// The figure that is told is the quantile, and its limits are of order
// statistics: of 59 values 1 to 59, 95 % do not exceed the 57th, and the
// largest is the upper limit of their 95 % quantile.
func TestFigureOfRuns(t *testing.T) {
	var list []float64
	for i := range 59 {
		list = append(list, float64(59-i))
	}
	e := []scenario.Expectation{{Figure: scenario.Peak, Risk: 0.05, Confidence: 0.95}}
	j := Judge(known{look{runs: true, most: 59, values: list}}, e).Expectations[0]
	if *j.Value != 57 || *j.Margin != 2 || *j.High != 59 || *j.Low > 57 || j.Verdict != result.Pass {
		t.Errorf("value %v, margin %v, limits %v to %v: %s", *j.Value, *j.Margin, *j.Low, *j.High, j.Verdict)
	}
	j = Judge(known{look{runs: true, most: 58, values: list}}, e).Expectations[0]
	if j.Verdict != result.CannotTell || *j.Margin != 1 {
		t.Errorf("one of 59 has more: %s, margin %v, want inconclusive", j.Verdict, *j.Margin)
	}
}

func TestVerdictsOnOne(t *testing.T) {
	e := []scenario.Expectation{{Figure: scenario.Failures, Confidence: 0.95}}
	tests := []struct {
		name string
		l    look
		want result.Judgement
	}{
		{"at the limit", look{most: 3, values: []float64{3}}, result.Pass},
		{"above it", look{most: 3, values: []float64{3.001}}, result.Fail},
		{"its interval below", look{most: 3, values: []float64{2}, low: new(1.0), high: new(3.0)}, result.Pass},
		{"its interval above", look{most: 3, values: []float64{5}, low: new(3.1), high: new(9.0)}, result.Fail},
		{"its interval holds it", look{most: 3, values: []float64{2}, low: new(1.0), high: new(3.1)}, result.CannotTell},
		{"nothing is known", unknown("it is not there"), result.CannotTell},
		{"no runs", look{runs: true, values: []float64{}}, result.CannotTell},
		{"of another kind, and nothing else", elsewhere("elsewhere"), result.CannotTell},
	}
	for _, tt := range tests {
		if g := Judge(known{tt.l}, e); g.Verdict != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, g.Verdict, tt.want)
		}
	}
	if g := Judge(known{}, nil); g.Verdict != result.CannotTell {
		t.Errorf("nothing expected: %s, want inconclusive", g.Verdict)
	}
}

func TestWorst(t *testing.T) {
	const p, f, u, s = result.Pass, result.Fail, result.CannotTell, result.Skipped
	tests := []struct {
		list []result.Judgement
		want result.Judgement
	}{
		{nil, u}, {[]result.Judgement{p}, p}, {[]result.Judgement{p, u}, u}, {[]result.Judgement{u, f, p}, f},
		{[]result.Judgement{s}, u}, {[]result.Judgement{s, p}, p}, {[]result.Judgement{s, u}, u},
	}
	for _, tt := range tests {
		if got := worst(slices.Clone(tt.list)); got != tt.want {
			t.Errorf("%v: %s, want %s", tt.list, got, tt.want)
		}
	}
}

// shifts has ten people from 07:00 to 09:00 and twenty from 08:00 to 08:30 on
// two days, all to the second; eight of the thirty find no unit.
const shifts = `
name: shifts
start: 2026-11-23T06:00:00Z
duration: 30h
reps: 60
license: {units: %s, policy: iris-2022.3}
compare: [contract]
cohorts:
  - {name: early, kind: users, count: 10, arrivals: {at: 07:00}, session: 2h}
  - {name: late, kind: users, count: 20, arrivals: {at: 08:00}, session: 30m}
expect:
%s
`

func gateOf(t *testing.T, units, expect string) *result.Gate {
	t.Helper()
	sc, err := scenario.Parse("shifts.yaml", fmt.Appendf(nil, shifts, units, expect), nil)
	if err != nil {
		t.Fatal(err)
	}
	runs, err := Run(t.Context(), sc, sim.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return Judge(runs, sc.Expect)
}

func TestScenario(t *testing.T) {
	tests := []struct {
		units, expect string
		value         float64
		verdict       result.Judgement
	}{
		{"32", "peak: 30", 30, result.Pass},
		{"32", "peak: 29", 30, result.Fail},
		{"32", "peak: 95%", 30, result.Pass}, // 30.4
		{"32", "peak: 93%", 30, result.Fail}, // 29.76
		{"100", "peak: 30%", 30, result.Pass},
		{"32", "{peak: 30, policy: contract}", 30, result.Pass},
		{"32", "{peak: 10, cohort: early}", 10, result.Pass},
		{"32", "{peak: 19, cohort: late}", 20, result.Fail},
		{"32", "{peak: 9, before: 08:00}", 10, result.Fail},
		{"32", "{peak: 0, before: 07:00}", 0, result.Pass},
		{"32", "{peak: 10, after: 08:30}", 10, result.Pass},
		{"32", "{peak: 0, after: 09:00}", 0, result.Pass},
		{"32", "{peak: 30, after: 08:29:59}", 30, result.Pass},
		{"32", "{peak: 0, after: 22:00, before: 06:00}", 0, result.Pass},
		{"32", "{peak: 9, after: 22:00, before: 07:30}", 10, result.Fail},
		{"32", "{peak: 10, after: +1h, before: +2h}", 10, result.Pass},
		{"32", "{peak: 9, after: +25h, before: +26h}", 10, result.Fail},
		{"32", "{peak: 30, after: +0s}", 30, result.Pass},
		{"32", "refusals: 0", 0, result.Pass},
		{"22", "{peak: 30}", 30, result.Pass}, // were nobody refused
		{"22", "refusals: 16", 16, result.Pass},
		{"22", "refusals: 15", 16, result.Fail},
		{"22", "{refusals: 0, cohort: early}", 0, result.Pass},
		{"22", "{lost: 15, cohort: late}", 16, result.Fail},
		{"22", "{refusals: 8, after: 08:00, before: 08:01}", 16, result.Fail},
		{"22", "{refusals: 8, after: +20h}", 8, result.Pass},
		{"22", "{refusals: 0, after: 08:01}", 0, result.Pass},
		{"22", "{refusals: 0, before: 08:00}", 0, result.Pass},
		{"22", "{refusals: 0, after: +2h, before: +3h, cohort: early}", 0, result.Pass},
	}
	for _, tt := range tests {
		t.Run(tt.units+" "+tt.expect, func(t *testing.T) {
			j := gateOf(t, tt.units, "  - "+tt.expect).Expectations[0]
			if j.Value == nil || *j.Value != tt.value || j.Verdict != tt.verdict {
				t.Errorf("%s: %s %v, want %s %v", j.Name, j.Verdict, j.Value, tt.verdict, tt.value)
			}
			if j.File != "shifts.yaml" || j.Line != 12 || j.Column < 5 {
				t.Errorf("it stands at %s:%d:%d", j.File, j.Line, j.Column)
			}
		})
	}
	for expect, why := range map[string]string{
		"{latency: 1s}":                   "attack",
		"{refusals: 0, policy: contract}": "refuses nobody",
	} {
		if g := gateOf(t, "32", "  - "+expect); g.Verdict != result.CannotTell || !strings.Contains(g.Expectations[0].Why, why) {
			t.Errorf("%s: %s as %s", expect, g.Verdict, g.Expectations[0].Why)
		}
	}
}

// Names that several share are not told apart: then there is no verdict.
func TestSharedNames(t *testing.T) {
	const shared = "  - {peak: 1, cohort: early}\nproxies: [{name: p, address: 10.0.0.1}]"
	text := strings.Replace(fmt.Sprintf(shifts, "32", shared), "count: 10, ", "count: 10, user: svc, address: 10.0.0.1, ", 1)
	text = strings.Replace(text, "count: 20, ", "count: 20, user: svc, address: 10.0.0.1, ", 1)
	sc, err := scenario.Parse("shared.yaml", []byte(text), nil)
	if err != nil {
		t.Fatal(err)
	}
	runs, err := Run(t.Context(), sc, sim.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if j := Judge(runs, sc.Expect).Expectations[0]; j.Verdict != result.CannotTell || !strings.Contains(j.Why, "shares") {
		t.Errorf("%s: %s", j.Verdict, j.Why)
	}
}

// Parts of days are where the clock says, whatever the run begins at.
func TestParts(t *testing.T) {
	const h = engine.Hour
	clock := func(at engine.Time) scenario.Edge { return scenario.Edge{Since: scenario.EachDay, At: at} }
	sc, err := scenario.Parse("x", fmt.Appendf(nil, shifts, "32", "  - peak: 1"), nil)
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		after, before scenario.Edge
		want          []part
	}{
		{clock(7 * h), scenario.Edge{}, []part{{h, 18 * h}, {25 * h, 30 * h}}},
		{scenario.Edge{}, clock(7 * h), []part{{0, h}, {18 * h, 25 * h}}},
		{clock(22 * h), clock(8 * h), []part{{0, 2 * h}, {16 * h, 26 * h}}},
		{clock(5 * h), clock(6 * h), []part{{23 * h, 24 * h}}},
	}
	for _, tt := range tests {
		if got := parts(&scenario.Expectation{After: tt.after, Before: tt.before}, sc); !slices.Equal(got, tt.want) {
			t.Errorf("%v: %v, want %v", tt, got, tt.want)
		}
	}
}

// The same on any number of processors.
func TestWorkers(t *testing.T) {
	sc, err := scenario.Parse("x", fmt.Appendf(nil, strings.Replace(shifts, "session: 2h", "session: exp(2h)", 1), "22", "  - {refusals: 3, after: 08:00}\n  - {peak: 20, after: 08:00}"), nil)
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	for _, workers := range []int{1, 3} {
		runs, err := Run(t.Context(), sc, sim.Options{Workers: workers})
		if err != nil {
			t.Fatal(err)
		}
		g := Judge(runs, sc.Expect)
		text := fmt.Sprint(g.Figures)
		for _, j := range g.Expectations {
			text += fmt.Sprint(j.Why, *j.Value, *j.Low, *j.High)
		}
		texts = append(texts, text)
	}
	if texts[0] != texts[1] {
		t.Errorf("%s\n%s", texts[0], texts[1])
	}
}

// A time is called as people write it: below a second in milliseconds.
func TestTitlesOfTimes(t *testing.T) {
	for expected, want := range map[string]string{
		"{latency: 800ms}": "latency p99 <= 800 ms", "{latency: 1s}": "latency p99 <= 1 s",
		"{latency: 1500ms, percentile: p50}": "latency p50 <= 1.5 s", "{lag: 200us}": "lag p99 <= 0.2 ms",
	} {
		if got := Title(&expect(t, expected)[0]); got != want {
			t.Errorf("%s is called %q, want %q", expected, got, want)
		}
	}
}
