package gate

import (
	"encoding/json"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"highwater/engine"
	"highwater/scenario"
	"highwater/sim"
	"highwater/sim/result"
	"highwater/sim/sizing"
)

// expect is one expectation as a scenario has it.
func expect(t *testing.T, text string) []scenario.Expectation {
	t.Helper()
	sc, err := scenario.Parse("x", []byte(strings.Replace(shiftsText, "EXPECT", text, 1)), nil)
	if err != nil {
		t.Fatal(err)
	}
	return sc.Expect
}

const shiftsText = `
name: x
duration: 1h
license: {units: 40, policy: iris-2022.3}
compare: [contract]
cohorts: [{name: calls, kind: callers, arrivals: {poisson: 1/min}}]
expect: [EXPECT]
`

// read reads a result as a command has printed it.
func read(t *testing.T, v any) Source {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	s, _, err := Read(data)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

var (
	iris     = result.Counted{Policy: "iris-2022.3", Base: "iris-2022.3", Units: 40, LimitOn: "units", Enforced: true}
	contract = result.Counted{Policy: "contract", Base: "contract", Units: 40, LimitOn: "units"}
)

func study(kind string, n int) result.Study {
	return result.Study{Schema: result.Schema, Kind: kind, Replications: n}
}

// aRun is a real run of 1,000 requests, 8 of which failed.
func aRun() result.Attack {
	return result.Attack{
		Schema: result.Schema, Kind: "attack", Verdict: result.Measured,
		Sent: &result.AttackRun{
			First: 900, Retries: 100, Refused: 5, Failed: 8,
			Response: result.Latency{N: 900, P50: 100 * engine.Millisecond, P90: 200 * engine.Millisecond, P99: 400 * engine.Millisecond, P999: engine.Second},
			Lag:      result.Latency{N: 1000, P99: 2 * engine.Millisecond},
			Cohorts:  []result.AttackGroup{{Name: "calls", Requests: 1000, Refused: 5, Failed: 8, Response: result.Latency{N: 100, P90: engine.Second}}},
		},
	}
}

// off is a target that is off by so many units for certain, and by 0.9 fewer on
// average, from 1.5 to 0.3.
func off(most int) *result.Divergence {
	return &result.Divergence{Samples: 402, Failed: 1, Most: most, Mean: result.BatchMean{Mean: -0.9, Low: new(-1.5), High: new(-0.3), N: 402, Batches: 10}}
}

func TestResults(t *testing.T) {
	needed := make([]int, 59)
	for i := range needed {
		needed[i] = 30
	}
	risk := result.Proportion{Count: 0, N: 59}
	size := &result.Sizing{Study: study("sizing", 59), Policies: []result.PolicySizing{
		{Counted: iris, Outlook: result.Outlook{NeededBy: needed, Present: &result.Key{Risk: risk}}}, {Counted: contract, Outlook: result.Outlook{NeededBy: needed[:58]}}}}
	ran := &result.Simulation{Study: study("simulation", 59), Policies: []result.PolicyRun{
		{Counted: iris, Demand: result.Spread{Min: 20, Median: 25, Max: 30, N: 59}, Refusing: risk, Cohorts: []result.Cohort{{Name: "calls"}}},
		{Counted: contract, Demand: result.Spread{Min: 45, Median: 46, Max: 47, N: 59}}}}
	compared := &result.Comparison{Study: study("comparison", 59), Sides: []result.Side{
		{Name: "iris-2022.3", Counted: iris, Needed: result.Spread{Min: 20, Median: 25, Max: 30, N: 59}, Refusals: &result.Refusals{Risk: risk}}}}
	replay := &result.Replay{Schema: result.Schema, Units: 40, Policy: "iris-2022.3", Events: 9, Refused: 2, Peak: engine.Peak{Units: 40}}
	drawn, free := *replay, *replay
	drawn.Metered, free.Refused = &result.Metered{Kind: "replay", Demand: engine.Peak{Units: 42}}, 0
	good, partial, late, dry := aRun(), aRun(), aRun(), aRun()
	partial.Partial, dry.Sent = true, nil
	late.Verdict, late.Reasons = result.Inconclusive, []string{"the generator fell behind"}
	good.Curves = &result.Curves{Divergence: off(2)}
	open, apart, dark := aRun(), aRun(), aRun()
	open.Curves = &result.Curves{Divergence: off(0)}
	apart.Curves = &result.Curves{Divergence: off(0), Unlike: "the target's clock goes otherwise"}
	dark.Curves = &result.Curves{Divergence: &result.Divergence{Samples: 29, Most: 2, Mean: result.BatchMean{Mean: 0.5, N: 29}}}
	refusing := aRun() // attempts that are answered otherwise for certain count, too
	refusing.Curves = &result.Curves{Divergence: off(2), Outcomes: &result.Outcomes{Attempts: 950, Certain: 900, RefusedFree: 3, AdmittedFull: 1}}
	blind := aRun()
	blind.Curves = &result.Curves{Divergence: &result.Divergence{Samples: 9, Failed: 9}}
	few := aRun()
	few.Sent.Response.N = 298 // 0.99^298 is 0.0500..., still above 5 %
	const p, f, u, s = result.Pass, result.Fail, result.CannotTell, result.Skipped
	tests := []struct {
		of     any
		expect string
		want   result.Judgement
		why    string
	}{
		{size, "{peak: 30}", p, "0 of 59"},
		{size, "{peak: 75%}", p, "0 of 59"},
		{size, "{peak: 29}", f, "59 of 59"},
		{size, "{peak: 30, policy: contract}", u, "at least 59"},
		{size, "{refusals: 0}", p, "0 of 59"},
		{size, "{refusals: 0, policy: contract}", u, "does not tell"},
		{size, "{peak: 30, after: 00:30}", u, "parts of the day"},
		{size, "{peak: 30, cohort: calls}", u, "cohorts"},
		{size, "{lost: 0}", u, "does not tell"},
		{size, "{latency: 1s}", s, "attack"},
		{ran, "{peak: 30}", p, "0 of 59"},
		{ran, "{peak: 25}", u, "only the range"},
		{ran, "{peak: 100%, policy: contract}", f, "59 of 59"},
		{ran, "{refusals: 0}", p, "0 of 59"},
		{ran, "{lost: 0, cohort: calls}", p, "0 of 59"},
		{ran, "{refusals: 0, policy: contract}", u, "refuses nobody"},
		{compared, "{peak: 30}", p, "0 of 59"},
		{compared, "{refusals: 0}", p, "0 of 59"},
		{compared, "{peak: 30, policy: contract}", u, "nothing was counted"},
		{&free, "{peak: 100%}", p, "at most"},
		{&free, "{peak: 99%}", f, "more"},
		{replay, "{peak: 100%}", u, "2 attempts were refused"}, // the key lets no more be in use
		{replay, "{peak: 99%}", f, "more"},
		{&drawn, "{peak: 41}", f, "more"},
		{&drawn, "{peak: 42}", p, "at most"},
		{replay, "{refusals: 1}", f, "more"},
		{replay, "{lost: 0}", u, "does not tell"},
		{&result.Replay{Schema: result.Schema}, "{peak: 9}", u, "no events"},
		{&good, "{latency: 400ms}", p, "900"},
		{&good, "{latency: 399ms}", f, "900"},
		{&good, "{latency: 100ms, percentile: p50}", p, "900"},
		{&good, "{latency: 2s, percentile: p99.9}", u, "at least 2995"},
		{&good, "{latency: 1s, percentile: p90, cohort: calls}", p, "100"},
		{&good, "{latency: 1s, cohort: calls}", u, "at least 299"},
		{&few, "{latency: 1s}", u, "at least 299"},
		{&good, "{lag: 2ms}", p, "1000"},
		{&good, "{lag: 1ms}", f, "1000"},
		{&good, "{errors: 5%}", p, "1000"},
		{&good, "{errors: 1%}", u, "holds"},
		{&good, "{errors: 0.1%}", f, "1000"},
		{&good, "{refusals: 5}", p, "1000"},
		{&good, "{refusals: 4, cohort: calls}", f, "1000"},
		{&good, "{peak: 4}", s, "simulated"},
		{&good, "{divergence: 2}", p, "at most"},
		{&good, "{divergence: 1}", f, "more"},
		{&good, "{divergence: 1, confidence: 99%}", f, "more"}, // for certain
		{&good, "{divergence: 2, confidence: 99%}", u, "95 % alone"},
		{&open, "{divergence: 0}", u, "holds the limit"}, // 0 for certain, and up to 1.5
		{&open, "{divergence: 1}", u, "holds the limit"},
		{&open, "{divergence: 2}", p, "of 402 samples, in 10 batches"},
		{&apart, "{divergence: 2}", u, "goes otherwise"},
		{&dark, "{divergence: 1}", f, "more"},
		{&dark, "{divergence: 9}", u, "too few samples of the target's units for an interval: 29"},
		{&few, "{divergence: 9}", u, "reported no units"},
		{&refusing, "{divergence: 3}", f, "more"},
		{&refusing, "{divergence: 4}", p, "at most"},
		{&blind, "{divergence: 9}", u, "brought any"},
		{size, "{divergence: 9}", s, "attack"},
		{&dry, "{refusals: 4}", u, "nothing was sent"},
		{&partial, "{refusals: 9}", u, "ended before"},
		{&late, "{refusals: 9}", u, "fell behind"},
	}
	for _, tt := range tests {
		j := Judge(read(t, tt.of), expect(t, tt.expect)).Expectations[0]
		if j.Verdict != tt.want || !strings.Contains(j.Why, tt.why) {
			t.Errorf("%T %s: %s as %q, want %s as %q", tt.of, tt.expect, j.Verdict, j.Why, tt.want, tt.why)
		}
	}
}

// A percentile has the interval that its result has, and is judged by itself;
// where there is none it is said why.
func TestIntervalsOfRequests(t *testing.T) {
	run, low, high := aRun(), 380*engine.Millisecond, 450*engine.Millisecond
	run.Sent.Response.Limits = []result.QuantileLimits{{Share: 0.5}, {Share: 0.99, Low: &low, High: &high}}
	run.Curves = &result.Curves{Divergence: off(0)}
	replay := &result.Replay{Schema: result.Schema, Units: 40, Policy: "iris-2022.3", Events: 9}
	for _, tt := range []struct {
		of     any
		expect string
		has    bool
		why    string
	}{
		{&run, "{latency: 400ms}", true, "it is at most that, of 900 requests"},
		{&run, "{latency: 400ms, confidence: 90%}", false, "the result has limits with 95 % alone"},
		{&run, "{latency: 400ms, percentile: p90}", false, "the result has no limits"},
		{&run, "{lag: 2ms}", false, "the result has no limits"},
		{&run, "{divergence: 2}", true, "of 402 samples, in 10 batches"},
		{&run, "{refusals: 5}", false, "what one run came to"},
		{&run, "{errors: 5%}", true, ""},
		{replay, "{refusals: 2}", false, "what one run came to"},
		{replay, "{peak: 2}", false, "what one run came to"},
	} {
		j := Judge(read(t, tt.of), expect(t, tt.expect)).Expectations[0]
		if j.Verdict != result.Pass || (j.Low != nil) != tt.has || (j.High != nil) != tt.has || !strings.HasSuffix(j.Why, tt.why) || strings.Contains(j.Why, "no interval") == tt.has {
			t.Errorf("%s: %s from %v to %v as %q, want %q", tt.expect, j.Verdict, j.Low, j.High, j.Why, tt.why)
		}
		if tt.expect == "{latency: 400ms}" && (*j.Low != 0.38 || *j.High != 0.45) {
			t.Errorf("it is from %v to %v", *j.Low, *j.High)
		}
		if tt.expect == "{divergence: 2}" && (*j.Value != 0.9 || *j.Low != 0 || *j.High != 1.5 || *j.Margin != 1.1) {
			t.Errorf("it is %v from %v to %v, with a margin of %v", *j.Value, *j.Low, *j.High, *j.Margin)
		}
	}
}

// Of several runs the worst counts, and one that is in doubt leaves all so.
func TestSeveralAttacks(t *testing.T) {
	a, b := aRun(), aRun()
	b.Sent.Response.P99 = engine.Second
	both := &Attacks{Runs: []result.Attack{a, b}}
	if g := Judge(both, expect(t, "{latency: 500ms}")); g.Verdict != result.Fail {
		t.Errorf("one of two is too slow: %s", g.Verdict)
	}
	both.Runs[0].Partial = true
	if g := Judge(both, expect(t, "{latency: 2s}")); g.Verdict != result.CannotTell {
		t.Errorf("one of two is partial: %s", g.Verdict)
	}
	other := &Attacks{Runs: []result.Attack{aRun(), aRun()}}
	other.Runs[1].Schedule = "another"
	if g := Judge(other, expect(t, "{latency: 9s}")); g.Verdict != result.CannotTell || len(g.Figures[0].Values) > 0 {
		t.Errorf("two plans: %s with %v", g.Verdict, g.Figures[0].Values)
	}
	if n := len(both.Begin().Figures[0].Values); n != 1 {
		t.Errorf("%d runs are compared, want the one that is whole", n)
	}
}

// What a run or a comparison has printed is judged as its scenario is: by the
// same figures with the same limits, and as a baseline it has the same.
func TestResultsAsTheScenario(t *testing.T) {
	sc, err := scenario.Parse("x", []byte(`
name: x
duration: 4h
license: {units: 14, policy: iris-2022.3}
compare: [iris-pre-2022.3, contract]
cohorts:
  - {name: nurses, kind: browsers, arrivals: {poisson: 1/5min}, session: {pages: geometric(mean 3), think: exp(1m)}}
  - {name: calls, kind: callers, count: 40, arrivals: {poisson: 4/min}, session: 1s, on_refusal: {retry: 5s, times: 2}}
expect: [{peak: 15}, {peak: 90%}, {peak: 20, policy: contract}, {refusals: 0}, {refusals: 8, risk: 20%}, {refusals: 2, cohort: calls},
  {lost: 1}, {lost: 0, cohort: nurses}, {refusals: 0, policy: iris-pre-2022.3}, {refusals: 0, policy: contract}, {latency: 1s}]
`), nil)
	if err != nil {
		t.Fatal(err)
	}
	o := sim.Options{Reps: 120}
	runs, err := Run(t.Context(), sc, o)
	if err != nil {
		t.Fatal(err)
	}
	want := Judge(runs, sc.Expect)
	q := &sizing.Question{Risks: []float64{0.05}, Confidence: 0.95}
	ran, err := sizing.Run(t.Context(), sc, o, q)
	if err != nil {
		t.Fatal(err)
	}
	var sides []sizing.Side
	for _, c := range sim.Cases(sc) {
		sides = append(sides, sizing.Side{Name: c.Policy.Name, Case: c, Contract: sc.Compare[1]})
	}
	compared, err := sizing.Compare(t.Context(), sides, o, q)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[result.Judgement]int{}
	for _, of := range []any{ran, compared} {
		got := Judge(read(t, of), sc.Expect)
		for i := range want.Expectations {
			if w, g := want.Expectations[i], got.Expectations[i]; !reflect.DeepEqual(w, g) {
				t.Errorf("%T: %s:\n%+v, of the scenario\n%+v", of, w.Name, g, w)
			}
			seen[want.Expectations[i].Verdict]++
		}
		if Compare(got, want, Allowed{}); got.Baseline.Verdict != result.Pass {
			t.Errorf("%T is %s compared with the scenario: %+v", of, got.Baseline.Verdict, got.Baseline)
		}
		for _, f := range want.Figures {
			if !slices.ContainsFunc(got.Figures, func(g result.GateFigure) bool { return reflect.DeepEqual(f, g) }) {
				t.Errorf("%T has no %s of %s as the scenario's", of, f.Name, f.Policy)
			}
		}
	}
	if seen[result.Pass] == 0 || seen[result.Fail] == 0 || seen[result.CannotTell] == 0 {
		t.Errorf("not all verdicts were tried: %v", seen)
	}
}

// Where only is known how many runs have more, their share is the figure: 0 of
// 59 leaves 1-0.05^(1/59) at the most.
func TestShareOfRuns(t *testing.T) {
	size := &result.Sizing{Study: study("sizing", 59), Policies: []result.PolicySizing{
		{Counted: iris, Outlook: result.Outlook{Present: &result.Key{Risk: result.Proportion{N: 59}}}}}}
	j := Judge(read(t, size), expect(t, "{refusals: 0}")).Expectations[0]
	if j.Unit != "" || *j.Value != 0 || j.Most != 0.05 || *j.Margin != 0.05 || *j.Low != 0 || math.Abs(*j.High-(1-math.Pow(0.05, 1.0/59))) > 1e-9 {
		t.Errorf("%v %q, %v to %v, at most %v, margin %v", *j.Value, j.Unit, *j.Low, *j.High, j.Most, *j.Margin)
	}
}

// A result in which more have it than there are tells nothing.
func TestMoreThanAll(t *testing.T) {
	for _, p := range []result.Proportion{{Count: 5, N: 4}, {Count: 5, N: -5}, {Count: -1, N: 5}, {Count: -7, N: -5}} {
		size := &result.Sizing{Study: study("sizing", 5), Policies: []result.PolicySizing{{Counted: iris, Outlook: result.Outlook{Present: &result.Key{Risk: p}}}}}
		if j := Judge(read(t, size), expect(t, "{refusals: 0}")).Expectations[0]; j.Verdict != result.CannotTell || !strings.HasPrefix(j.Why, "the result says that ") {
			t.Errorf("%d of %d runs: %s: %s", p.Count, p.N, j.Verdict, j.Why)
		}
	}
	for _, n := range []struct{ failed, all int64 }{{5, 4}, {-1, 5}, {0, -5}} {
		run := &result.Attack{Kind: "attack", Schema: 1, Verdict: result.Measured, Sent: &result.AttackRun{First: n.all, Failed: n.failed}}
		if j := Judge(read(t, run), expect(t, "{errors: 1%}")).Expectations[0]; j.Verdict != result.CannotTell || !strings.HasPrefix(j.Why, "the result says that ") {
			t.Errorf("%d of %d requests: %s: %s", n.failed, n.all, j.Verdict, j.Why)
		}
	}
}

func TestReadBad(t *testing.T) {
	for text, want := range map[string]string{
		"{": "JSON", "[]": "JSON", "{}": "schema 1, not 0", `{"schema":2,"kind":"sizing"}`: "not 2",
		`{"schema":1}`: `not of kind ""`, `{"schema":1,"kind":"advice"}`: `not of kind "advice"`, `{"schema":1,"kind":"sizing","policies":3}`: "policies",
	} {
		if _, _, err := Read([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add(`{"schema":1,"kind":"sizing","replications":2,"policies":[{"policy":"p","needed_by_replication":[1,2]}]}`)
	f.Add(`{"schema":1,"kind":"attack"}`)
	f.Add(`{"schema":1,"kind":"simulation","policies":[{"policy":"p","enforced":true}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		s, base, err := Read([]byte(text))
		if err != nil {
			return
		}
		if s != nil {
			base = s.Begin()
			for _, e := range []string{"{peak: 3}", "{refusals: 0}", "{lost: 0}", "{latency: 1s}", "{errors: 1%}"} {
				Judge(s, expect(t, e))
			}
		}
		Compare(of(result.Paired, 1, 2), base, Allowed{})
	})
}
