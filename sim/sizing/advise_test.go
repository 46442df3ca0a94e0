package sizing

import (
	"context"
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"

	"highwater/scenario"
	"highwater/sim"
	"highwater/sim/result"

	"github.com/google/go-cmp/cmp"
)

// advised is the advice on a scenario of an hour with a key of 100 units,
// unless the text says otherwise.
func advised(t *testing.T, text string, o sim.Options) *result.Advice {
	t.Helper()
	res, err := Advise(t.Context(), caseOf(t, text), o, &Question{Risks: []float64{0.05}, Confidence: 0.95})
	if err != nil {
		t.Fatal(err)
	}
	return res
}

func caseOf(t *testing.T, text string) sim.Case {
	t.Helper()
	if !strings.Contains(text, "license:") {
		text = "license: {units: 100}\n" + text
	}
	sc, err := scenario.Parse("test.yaml", []byte("name: test\nduration: 1h\n"+text), nil)
	if err != nil {
		t.Fatal(err)
	}
	return sim.Cases(sc)[0]
}

// of is a measure of an advice, nil when it is not there.
func of(res *result.Advice, names ...string) *result.Measure {
	for i := range res.Measures {
		if slices.Equal(res.Measures[i].Names, names) {
			return &res.Measures[i]
		}
	}
	return nil
}

// Each measure on people made for it: what is needed now and then follows from
// the rules by hand. All is settled, so that every replication agrees.
func TestMeasuresByHand(t *testing.T) {
	tests := []struct {
		about, measure string
		now, then      int
		cohorts        string // and what else the scenario has
	}{
		{"30 terminals at one address pay for each, 25 share a unit", "connection_limit", 30, 1,
			`cohorts: [{name: staff, kind: users, count: 30, address: 10.0.0.1, arrivals: start, session: 1h}]`},
		{"10 people with 3 windows each, at one address", "user_names", 30, 10,
			`cohorts: [{name: staff, kind: users, count: 10, connections: 3, address: 10.0.0.1, arrivals: start, session: 1h}]`},
		{"20 people with one window each at one address shared a unit", "user_names", 1, 20,
			`cohorts: [{name: staff, kind: users, count: 20, address: 10.0.0.1, arrivals: start, session: 1h}]`},
		{"40 connections of one interface are 2 times 20", "accounts", 40, 2,
			`cohorts: [{name: engine, kind: devices, user: svc, connections: 40}]`},
		{"20 and 8 connections at one address, by two accounts", "accounts", 28, 2,
			`cohorts:
  - {name: engine, kind: devices, user: svc, address: 10.0.0.1, connections: 20}
  - {name: backlog, kind: devices, user: svc, address: 10.0.0.1, count: 8}`},
		{"60 callers at once by one account are 3 times 20", "accounts", 60, 3, `
proxies: [{name: gateway, address: 10.0.0.5}]
cohorts: [{name: pollers, kind: callers, user: svc, count: 60, through: gateway, arrivals: {every: 10m, phase: aligned}, session: 20s}]`},
		{"one a minute, for 15 + 10 minutes each, or 5 + 10", "time_out", 25, 15,
			`cohorts: [{name: readers, kind: browsers, arrivals: {at: [` + minutes(40) + `]}, session: {pages: 1}}]`},
		{"calls of a user each, for 10 s, or in one session of 20 s", "use_session", 10, 1, `
license: {units: 100, policy: {base: iris-2022.3, anon_id: session}}
cohorts: [{name: tool, kind: callers, arrivals: {at: [+1m]}, session: {calls: 20, think: 1s}}]`},
		{"26 calls leave 26 sessions of one user to time out, or one", "cookies", 26, 1, `
proxies: [{name: eater, address: 10.0.0.5, drops_cookies: true}]
cohorts: [{name: editor, kind: callers, user: own, count: 1, through: eater, arrivals: start, session: {use_session: true, calls: 26, think: 10s}}]`},
		{"26 callers at one address pay for each, by their own too", "alt_headers", 26, 26, `
proxies: [{name: gateway, address: 10.0.0.5, forwards: x-forwarded-for}]
cohorts: [{name: pollers, kind: callers, count: 26, through: gateway, arrivals: {every: 10m, phase: aligned}, session: 20s}]`},
		{"20 callers at one address shared a unit", "alt_headers", 1, 20, `
proxies: [{name: gateway, address: 10.0.0.5}]
cohorts: [{name: pollers, kind: callers, count: 20, through: gateway, arrivals: {every: 10m, phase: aligned}, session: 20s}]`},
		{"26 callers at once, or 25 and then one", "cap_at_unit", 26, 1, `
proxies: [{name: gateway, address: 10.0.0.5}]
cohorts: [{name: pollers, kind: callers, count: 26, through: gateway, arrivals: {every: 10m, phase: aligned}, session: 20s}]`},
		{"20 users who call for 20 s each, or 8 at once", "cap_at_key", 20, 8, `
license: {units: 10}
proxies: [{name: gateway, address: 10.0.0.5}]
cohorts: [{name: users, kind: callers, user: own, count: 20, through: gateway, arrivals: {every: 10m, phase: aligned}, session: 20s}]`},
		{"10 visitors with 4 windows, of which the last has not logged in yet", "log_in", 40, 13,
			`cohorts: [{name: visitors, kind: browsers, arrivals: {at: [` + minutes(10) + `]}, session: {pages: 2, think: 10s, windows: 4}}]`},
		{"a user's session and its job, apart or together", "jobs_log_in", 10, 5, `
cohorts:
  - {name: clerks, kind: browsers, user: own, count: 5, arrivals: start, session: {pages: 1}}
  - {name: letters, kind: jobs, started_by: clerks, runs: 1m}`},
	}
	for _, tt := range tests {
		res := advised(t, tt.cohorts, sim.Options{Reps: 3})
		m := of(res, tt.measure)
		if m == nil {
			t.Errorf("%s: no measure %s", tt.about, tt.measure)
			continue
		}
		now, then := res.Now.Needed, m.Then.Needed
		if now.Min != tt.now || now.Max != tt.now || then.Min != tt.then || then.Max != tt.then {
			t.Errorf("%s: %s needs %d to %d now and %d to %d then, want %d and %d",
				tt.about, tt.measure, now.Min, now.Max, then.Min, then.Max, tt.now, tt.then)
		}
		if m.Saved.Mean != float64(tt.now-tt.then) || *m.Saved.Low != m.Saved.Mean || *m.Saved.High != m.Saved.Mean {
			t.Errorf("%s: saves %v, want %d without doubt", tt.about, m.Saved, tt.now-tt.then)
		}
		want := result.NotShown
		if tt.now > tt.then {
			want = result.Saves
		} else if tt.now < tt.then {
			want = result.Costs
		}
		if m.Verdict != want {
			t.Errorf("%s: verdict %q, want %q", tt.about, m.Verdict, want)
		}
	}
}

// minutes lists the times of arrivals, one each minute from the first.
func minutes(n int) string {
	list := make([]string, n)
	for i := range list {
		list[i] = "+" + string(rune('0'+(i+1)/10)) + string(rune('0'+(i+1)%10)) + "m"
	}
	return strings.Join(list, ", ")
}

// Ten sessions a minute apart leave those open that do not log out: then that
// is one in ten of the first nine, beside the last. So the mean of what is
// saved is 10 - (1 + 0.9), and its standard error sqrt(9 x 0.1 x 0.9 / n).
func TestLogOutSaves(t *testing.T) {
	const n = 400
	res := advised(t, `cohorts: [{name: tool, kind: callers, arrivals: {at: [`+minutes(10)+`]}, session: {use_session: true, calls: 2, think: 10s}}]`,
		sim.Options{Reps: n})
	got := of(res, "log_out").Saved.Mean
	if se := math.Sqrt(9 * 0.1 * 0.9 / n); math.Abs(got-8.1) > 5*se {
		t.Errorf("saves %.3f units on average, want 8.1, within 5 standard errors of %.3f", got, se)
	}
}

// The costs: a limit refuses 5 of 30 however large the key is; of 26 callers
// one waits for the others' 20 s; a key that is too small refuses no more.
func TestMeasuresCost(t *testing.T) {
	res := advised(t, `
license: {units: 20}
cohorts: [{name: staff, kind: users, count: 30, address: 10.0.0.1, arrivals: start, session: 1h}]`, sim.Options{Reps: 3})
	m := of(res, "connection_limit")
	if m.Then.ByLimit != 5 || !m.TurnsAway || m.Lost.Other != 5 || !slices.Equal(m.Concerns, []string{"staff"}) {
		t.Errorf("the limit refuses %v, turns away: %v, %v are lost of %v; want 5, true, 5, staff", m.Then.ByLimit, m.TurnsAway, m.Lost.Other, m.Concerns)
	}
	// Now the 26th connection needs 25 units more, which the key of 20 does not
	// have: the same five are refused.
	if m.Lost.Base != 5 || m.Then.Refusing.Count != 0 || res.Now.Refusing.Count != 3 {
		t.Errorf("now %v are lost, the key refuses in %d runs and then in %d; want 5, 3, 0", m.Lost.Base, res.Now.Refusing.Count, m.Then.Refusing.Count)
	}

	res = advised(t, `
proxies: [{name: gateway, address: 10.0.0.5}]
cohorts: [{name: pollers, kind: callers, count: 26, through: gateway, arrivals: {at: [+10m]}, session: 20s}]`, sim.Options{Reps: 3})
	q := of(res, "cap_at_unit").Then.Queues
	if len(q) != 1 || q[0].Came != 3*26 || q[0].Waited != 3 || q[0].LongestWait != 20_000_000 {
		t.Errorf("waits %+v, want 3 of 78, for 20 s", q)
	}
	if of(res, "cap_at_unit").TurnsAway {
		t.Error("to wait for 20 s is not to be turned away")
	}
}

// A warning stands where the software then asks for less than the contract.
func TestMeasuresBelowTheContract(t *testing.T) {
	res := advised(t, `cohorts: [{name: staff, kind: users, count: 30, address: 10.0.0.1, arrivals: start, session: 1h}]`, sim.Options{Reps: 60})
	if m := of(res, "connection_limit"); *m.Contract.Best() != 30 || len(m.Warnings) != 1 || !strings.Contains(m.Warnings[0], "the contract's count is 30") {
		t.Errorf("contract %d, warnings %q; want 30 and a warning of it", *m.Contract.Best(), m.Warnings)
	}
	if m := of(res, "user_names"); len(m.Warnings) != 0 {
		t.Errorf("30 by user name and 30 by contract need no warning, got %q", m.Warnings)
	}
	// Sessions of 15 min are 15 people at once, those of 5 min are 5.
	res = advised(t, `cohorts: [{name: readers, kind: browsers, arrivals: {at: [`+minutes(40)+`]}, session: {pages: 1}}]`, sim.Options{Reps: 60})
	if m := of(res, "time_out"); *res.Contract.Best() != 15 || *m.Contract.Best() != 5 || len(m.Warnings) != 0 {
		t.Errorf("contract %d now and %d then, warnings %q; want 15, 5, none", *res.Contract.Best(), *m.Contract.Best(), m.Warnings)
	}
}

// Readers of one page a minute apart hold their unit for 15 min and 10 min of
// grace, of 40 25 at once. Who logs out holds it for the grace alone: all did,
// 10 would be left, and one in ten holds on for 15 min more.
func TestLoggingOutAfterOnePage(t *testing.T) {
	res := advised(t, `cohorts: [{name: readers, kind: browsers, arrivals: {at: [`+minutes(40)+`]}, session: {pages: 1}}]`, sim.Options{Reps: 60})
	m := of(res, "log_out")
	if m == nil {
		t.Fatal("logging out is not tried")
	}
	if res.Now.Needed.Max != 25 || m.Then.Needed.Min < 10 || m.Then.Needed.Max > 10+15 || m.Verdict != result.Saves {
		t.Errorf("%+v now, %+v then, %s; want 25, 10 and a few, saves", res.Now.Needed, m.Then.Needed, m.Verdict)
	}
}

const both = `cohorts:
  - {name: engine, kind: devices, user: svc, connections: 40}
  - {name: readers, kind: browsers, arrivals: {at: [+01m, +02m, +03m, +04m, +05m, +06m, +07m, +08m, +09m, +10m]}, session: {pages: 1}}
  - {name: noise, kind: users, arrivals: {poisson: 1/min}, session: exp(2m)}
`

// Two measures on different people save the sum: 38 of the 40 connections, at
// all times, and what the shorter time-out saves. Logging out saves, too, so that
// there are three pairs. No other measure saves anything but the limit, which
// turns the engine away and is in no pair.
func TestPairs(t *testing.T) {
	c := caseOf(t, both)
	c.Policy.GraceSeconds = 0
	res, err := Advise(t.Context(), c, sim.Options{Reps: 20}, &Question{Risks: []float64{0.05}, Confidence: 0.95})
	if err != nil {
		t.Fatal(err)
	}
	var ranking []string
	for i, m := range res.Measures {
		ranking = append(ranking, strings.Join(m.Names, "+"))
		if i > 0 && m.Saved.Mean > res.Measures[i-1].Saved.Mean {
			t.Errorf("%s saves more than what stands before it", m.Title)
		}
	}
	accounts, timeout, pair := of(res, "accounts"), of(res, "time_out"), of(res, "time_out", "accounts")
	if pair == nil || res.PairsTried != 3 {
		t.Fatalf("%d pairs tried, no pair of accounts and time-outs in %v", res.PairsTried, ranking)
	}
	if accounts.Saved.Mean != 38 {
		t.Errorf("accounts save %v, want 38", accounts.Saved.Mean)
	}
	if math.Abs(pair.Saved.Mean-accounts.Saved.Mean-timeout.Saved.Mean) > 1e-9 {
		t.Errorf("the pair saves %v, want %v + %v: it acts on different people", pair.Saved.Mean, accounts.Saved.Mean, timeout.Saved.Mean)
	}
	if pair.Beyond == nil || math.Abs(pair.Beyond.Mean-timeout.Saved.Mean) > 1e-9 {
		t.Errorf("the pair saves %v beyond the better, want %v", pair.Beyond, timeout.Saved.Mean)
	}
}

// What does not apply is not tried, and says why.
func TestMeasuresThatDoNotApply(t *testing.T) {
	res := advised(t, `cohorts: [{name: monitors, kind: devices, count: 3}]`, sim.Options{Reps: 2})
	var tried []string
	for _, m := range res.Measures {
		tried = append(tried, m.Names...)
	}
	if want := []string{"connection_limit"}; !slices.Equal(tried, want) {
		t.Errorf("tried %v, want %v", tried, want)
	}
	if len(res.DoesNotApply) != len(measures)-1 {
		t.Errorf("%d do not apply, want %d", len(res.DoesNotApply), len(measures)-1)
	}
	for _, x := range res.DoesNotApply {
		if x.Why == "" || x.Title == "" {
			t.Errorf("%s does not apply, and nobody knows why", x.Name)
		}
	}
}

// The advice does not depend on the number of workers, and leaves the scenario
// as it was.
func TestAdviceIsDeterministic(t *testing.T) {
	c := caseOf(t, both)
	before, err := json.Marshal(c.Scenario)
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	for _, workers := range []int{1, 3} {
		res, err := Advise(t.Context(), c, sim.Options{Reps: 8, Workers: workers}, &Question{Risks: []float64{0.05}, Confidence: 0.95})
		if err != nil {
			t.Fatal(err)
		}
		b, err := json.Marshal(res)
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, string(b))
	}
	if diff := cmp.Diff(texts[0], texts[1]); diff != "" {
		t.Errorf("one worker and three (+) differ:\n%s", diff)
	}
	after, err := json.Marshal(c.Scenario)
	if err != nil {
		t.Fatal(err)
	}
	if string(before) != string(after) {
		t.Errorf("the scenario was\n%s\nand is\n%s", before, after)
	}
}

// Interrupted, the advice is by what is done.
func TestAdviceInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	res, err := Advise(ctx, caseOf(t, both), sim.Options{Reps: 8}, &Question{Risks: []float64{0.05}, Confidence: 0.95})
	if err == nil || res.Replications != 0 || res.EndedBy != result.Interrupted {
		t.Errorf("%d replications, ended by %s, error %v; want none, interrupted", res.Replications, res.EndedBy, err)
	}
}

func TestExceeds(t *testing.T) {
	for _, tt := range []struct {
		text string
		want float64 // at 300 s
	}{
		{"exp(5m)", math.Exp(-1)},
		{"uniform(4m, 8m)", 0.75},
		{"5m", 1},
		{"299s", 0},
		{"sample(1m 5m 6m 7m)", 0.75},
		{"weibull(mean 5m, shape 1)", math.Exp(-1)},     // exponential
		{"lognormal(mean 8m20s, cv 1.3333333333)", 0.5}, // median = mean / sqrt(1 + cv^2) = 500 s / (5/3)
	} {
		c := caseOf(t, `cohorts: [{name: b, kind: browsers, arrivals: {at: [+1m]}, session: {pages: 2, think: "`+tt.text+`"}}]`)
		if got, ok := exceeds(&c.Scenario.Cohorts[0].Think, 300); !ok || math.Abs(got-tt.want) > 1e-9 {
			t.Errorf("%s exceeds 5 min with probability %v, want %v", tt.text, got, tt.want)
		}
	}
}
