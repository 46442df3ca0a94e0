package curves

import (
	"strings"
	"testing"

	"highwater/engine"
	"highwater/scenario"
	"highwater/sim"
	"highwater/sim/attack"
	"highwater/sim/attack/record"
	"highwater/sim/target"
)

// capped has calls and nurses at one proxy, who wait for each other.
const capped = `
name: capped
duration: 2h
license: {units: UNITS}
proxies: [{name: gateway, address: 10.0.0.5, cap: 6, patience: 20s}]
cohorts:
  - {name: nurses, kind: users, count: 8, via: xdbc, through: gateway, arrivals: {idle: exp(10m)}, session: exp(4m)}
  - {name: practices, kind: callers, through: gateway, arrivals: {poisson: 20/min}, session: LASTS, on_refusal: ON}
  - {name: boards, kind: callers, arrivals: {every: 40s}, session: 2s}
`

func parseCapped(t *testing.T, units, lasts, on string) *scenario.Scenario {
	t.Helper()
	text := strings.NewReplacer("UNITS", units, "LASTS", lasts, "ON", on).Replace(capped)
	sc, err := scenario.Parse("capped.yaml", []byte(text), nil)
	if err != nil {
		t.Fatal(err)
	}
	return sc
}

// The prediction has as many who give up at a proxy as the simulation of the
// same replication, and their waits are where users and calls wait for each
// other. With a constant patience and constant times to a retry both draw the
// same, so that the numbers are equal.
func TestPredictedWaitsAreTheSimulations(t *testing.T) {
	for _, tt := range []struct{ lasts, on string }{
		{"exp(12s)", "give up"}, {"exp(12s)", "{retry: 30s, times: 2}"}, {"{calls: 3, takes: exp(7s), think: 15s}", "give up"},
		{"{calls: geometric(mean 3), takes: exp(7s), think: exp(15s)}", "{retry: 5s, times: 3, backoff: 2}"},
	} {
		sc := parseCapped(t, "9000", tt.lasts, tt.on)
		sc.Cohorts[0].OnRefusal = sc.Cohorts[1].OnRefusal
		for seed := range uint64(5) {
			s, err := attack.Plan(t.Context(), sc, attack.PlanOptions{Seed: seed + 1})
			if err != nil {
				t.Fatal(err)
			}
			l := &Log{Header: &record.Header{To: sc.Duration, Clock: 1, Cohorts: []record.Cohort{{}, {Via: "rest"}, {Via: "rest"}}}, Scenario: sc, Schedule: s}
			got := compare(t, l, Limit{}).Predicted.TimedOut
			res, err := sim.Run(t.Context(), sc, sim.Options{Reps: 1, Seed: seed + 1})
			if err != nil {
				t.Fatal(err)
			}
			if want := res.Policies[0].Cohorts[1].TimedOut; got != want || want < 10 {
				t.Errorf("%s, %s, seed %d: %d give up, want %d", tt.lasts, tt.on, seed+1, got, want)
			}
		}
	}
}

// Who gives up at a proxy takes no unit and is sent no more often than the
// simulator has it: with calls that take as long as planned, as many as
// predicted, to the very attempt, their retries included.
func TestGiveUpsAsPredicted(t *testing.T) {
	sc := parseCapped(t, "60", "12s", "{retry: 30s, times: 1}")
	l, served, _, sent := rehearsed(t, sc, target.Options{Scenario: sc, Policy: sc.License.Policy, Units: sc.License.Units})
	res := compare(t, l, Limit{Set: true})
	run, entries, impatient, retried := sent.Sent, 0, int64(0), 0
	for i := range l.Entries {
		e := &l.Entries[i]
		if e.Outcome != record.Impatient {
			entries++
			continue
		}
		impatient++
		if e.Attempt == 1 {
			retried++
		}
		if wait := engine.Time((e.Done - e.Planned).Microseconds()); wait != 20*engine.Second || e.Sent != e.Done || e.Ready != e.Done || e.Lag() != 0 || e.Out != 0 || e.GaveUp != (e.Attempt == 1) {
			t.Fatalf("gave up after %v: %+v", wait, e)
		}
	}
	if impatient < 20 || retried == 0 || impatient != run.TimedOut || impatient != res.AsRun.TimedOut || impatient != res.Predicted.TimedOut || res.Reported.TimedOut != 0 {
		t.Errorf("%d gave up, %d at their second attempt; %d are counted, %d as run, %d predicted", impatient, retried, run.TimedOut, res.AsRun.TimedOut, res.Predicted.TimedOut)
	}
	if n := run.First + run.Retries; int64(entries) != n || served.Requests != n || run.Failed+run.Refused+run.Unsent != 0 || run.Served != n || run.Lag.Max != 0 {
		t.Errorf("%d entries, %d requests answered: %+v", entries, served.Requests, run)
	}
	if res.Verdict != "agrees" || res.Outcomes.Wrong() != 0 || res.AsRun.Peak != res.Predicted.Peak || res.Divergence.Largest != 0 {
		t.Errorf("%s: as run %+v, predicted %+v, %+v", res.Verdict, res.AsRun.Peak, res.Predicted.Peak, res.Divergence)
	}
	if text := strings.Join(res.Words, "\n"); !strings.Contains(text, "waiting: ") || !strings.Contains(strings.Join(sent.Notes, "\n"), "has them wait for each other alone") {
		t.Errorf("%s\n%q", text, sent.Notes)
	}
}
