package fit

import (
	"context"
	"math"
	"strings"
	"testing"

	"highwater/engine"
	"highwater/scenario"
	"highwater/sim"
	"highwater/sim/trace"
)

func parse(t *testing.T, text string) *scenario.Scenario {
	t.Helper()
	sc, err := scenario.Parse("test.yaml", []byte(text), nil)
	if err != nil {
		t.Fatal(err)
	}
	return sc
}

// observed simulates a scenario and finds a model of what happened in it.
func observed(t *testing.T, sc *scenario.Scenario) *Model {
	t.Helper()
	b := NewObserver(&trace.Header{Epoch: sc.Start, End: sc.Duration}, Options{})
	_, err := sim.Run(context.Background(), sc, sim.Options{Reps: 1, Trace: b.Event})
	if err != nil {
		t.Fatal(err)
	}
	m, err := b.Model(sc.Duration)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// near tells whether a number is another, to a part of it.
func near(t *testing.T, what string, got, want, part float64) {
	t.Helper()
	if math.Abs(got-want) > part*math.Abs(want) {
		t.Errorf("%s is %v, want %v to %v %%", what, got, want, 100*part)
	}
}

// free is a license that refuses nobody.
func free(t *testing.T) License {
	p, ok := engine.NamedPolicy("iris-2022.3")
	if !ok {
		t.Fatal("no policy")
	}
	return License{Policy: p}
}

const calls = `
name: calls
start: 2026-11-23T00:00:00Z
duration: 3w
license: {units: unlimited}
cohorts:
  - name: callers
    kind: callers
    count: 6000
    arrivals:
      poisson: {00:00: 10/h, weekdays 08:00: 150/h, weekend 08:00: 20/h, 18:00: 40/h}
      bursts: [{cv: 0.5, every: 6h}, {index: 3, every: 20s}]
    session: {calls: sample(1 1 1 2 3 8), takes: "uniform(1s, 3s)", think: "sample(0s, 2s, 10s, 60s)"}
`

// What was simulated is found again: rates, calls, who comes again, bursts.
func TestCallsAreFoundAgain(t *testing.T) {
	m := observed(t, parse(t, calls))
	if len(m.Cohorts) != 1 {
		t.Fatalf("%d cohorts, want 1", len(m.Cohorts))
	}
	c := &m.Cohorts[0]
	near(t, "the calls of a visit", c.Pages, 16.0/6, 0.03)
	near(t, "the share of visits of one call", c.OnePage, 0.5, 0.03)
	near(t, "the time between calls", c.gaps.mean()/1e6, 18, 0.15)
	near(t, "the time of a call", c.takes.mean()/1e6, 2, 0.02)
	near(t, "the number of members", float64(c.Members), 6_000, 0.1)
	if c.curve.hours != hoursInWeek || c.curve.shape {
		t.Errorf("rates for %d hours, shaped %v; want a plain week", c.curve.hours, c.curve.shape)
	}
	if len(c.Bursts) != 2 {
		t.Fatalf("bursts %+v, want two", c.Bursts)
	}
	for _, d := range c.Dispersion {
		if d.Window == 10*engine.Second || d.Window == 600*engine.Second {
			near(t, "the scenario's index in "+durationText(d.Window), d.Fit, d.Log, 1e-6)
		}
	}
	lasting := c.Bursts[0]
	if lasting.CV == 0 || lasting.Every < engine.Hour || lasting.Every > engine.Day {
		t.Errorf("what lasts is %+v, want a cv of 0.5 for 6 h", lasting)
	}
	near(t, "the cv", lasting.CV, 0.5, 0.25)
}

// A scenario that was fitted is valid, says the same again, and uses as many
// units as what it was fitted to.
func TestFittedScenario(t *testing.T) {
	for name, text := range map[string]string{
		"calls": calls,
		"pages": `
name: pages
start: 2026-11-23T06:00:00+01:00
duration: 4d
seed: 3
license: {units: unlimited}
cohorts:
  - name: browsers
    kind: browsers
    arrivals: {poisson: {07:00: 2/min, 19:00: 20/h}}
    session: {pages: geometric(mean 3), think: exp(40s), logout: 40%, timeout: 20m}
`,
		"soap, in web sessions and behind one address": `
name: mixed
start: 2026-11-23T06:00:00Z
duration: 2d
license: {units: unlimited}
cohorts:
  - {name: a, kind: callers, via: soap, count: 30, address: 10.0.0.1, user: own, arrivals: {poisson: 40/h}, session: 5s}
  - {name: b, kind: callers, count: 20, arrivals: {poisson: 20/h}, session: {calls: 4, think: 5s, use_session: true, logout: 100%}}
`,
	} {
		t.Run(name, func(t *testing.T) {
			sc := parse(t, text)
			m := observed(t, sc)
			written := string(m.YAML("a log", free(t)))
			fitted := parse(t, written)
			if !fitted.Start.Equal(sc.Start) || fitted.Duration != sc.Duration || len(fitted.Cohorts) != len(sc.Cohorts) {
				t.Errorf("starts %v, lasts %v, %d cohorts\n%s", fitted.Start, fitted.Duration, len(fitted.Cohorts), written)
			}
			uses := make([]*Use, 9)
			run := func(sc *scenario.Scenario, reps int, seed uint64) []*Use {
				_, err := sim.Replicate(context.Background(), sim.Cases(sc), sim.Options{Reps: reps, Seed: seed, Demand: true,
					Usage: func(rep int) func(engine.Time, int, int) {
						uses[rep] = NewUse(sc.Start, sc.Duration)
						return uses[rep].Add
					}})
				if err != nil {
					t.Fatal(err)
				}
				for _, u := range uses[:reps] {
					u.Finish(sc.Duration)
				}
				return append([]*Use{}, uses[:reps]...)
			}
			log := run(sc, 1, sc.Seed)[0] // the replication that was observed
			rows, _ := Compare(log, run(fitted, 9, 99))
			outside := 0
			for _, r := range rows {
				if r.Outside {
					outside++
					t.Logf("%+v", r)
				}
			}
			if outside > 2 {
				t.Errorf("%d of %d figures are outside their range\n%s", outside, len(rows), written)
			}
			again := observed(t, fitted)
			near(t, "the number of visits", float64(again.Cohorts[0].Visits), float64(m.Cohorts[0].Visits), 0.15)
			near(t, "the pages of a visit", again.Cohorts[0].Pages, m.Cohorts[0].Pages, 0.1)
			if strings.Contains(name, "pages") {
				c := m.Cohorts[0]
				near(t, "the share of log-outs", c.Logouts, 0.4, 0.1)
				near(t, "the time-out", c.Timeout.Seconds(), 1200, 0)
				near(t, "the length of a visit", c.Length.Seconds(), 80, 0.1)
				if c.Members != 0 || c.Bursts == nil || len(c.Bursts) > 0 {
					t.Errorf("%d members, bursts %+v; want neither: each visitor is somebody new", c.Members, c.Bursts)
				}
			}
		})
	}
}

// Without visits there is no scenario.
func TestNothingToFit(t *testing.T) {
	b := NewObserver(&trace.Header{}, Options{})
	b.Event(&trace.Event{Op: trace.Connect, Via: engine.Terminal, Conn: "a"})
	if _, err := b.Model(engine.Hour); err != ErrNothing {
		t.Errorf("got %v, want ErrNothing", err)
	}
}

// What does not say when it was, and what is left out, is noted.
func TestNotes(t *testing.T) {
	b := NewObserver(&trace.Header{}, Options{})
	for i, via := range []engine.Via{engine.REST, engine.XDBC} {
		b.Event(&trace.Event{Op: trace.Connect, At: engine.Time(i), Via: via, Conn: via.String()})
	}
	m, err := b.Model(0)
	if err != nil {
		t.Fatal(err)
	}
	if len(m.Notes) != 3 || !m.Start.Equal(unknownStart) {
		t.Errorf("notes %q from %v, want three from a Monday", m.Notes, m.Start)
	}
	parse(t, string(m.YAML("odd \"name\"\n: #", free(t))))
}

// A policy of one's own gets into the scenario.
func TestPolicyIsWritten(t *testing.T) {
	l := free(t)
	for _, s := range [][2]string{{"anon_id", "session"}, {"max_connections", "12"}} {
		if err := l.Policy.Set(s[0], s[1]); err != nil {
			t.Fatal(err)
		}
	}
	l.Units = 40
	m := observed(t, parse(t, "name: x\nduration: 1h\nlicense: {units: unlimited}\ncohorts: [{name: c, kind: callers, arrivals: {poisson: 1/s}}]"))
	sc := parse(t, string(m.YAML("x", l)))
	if p := sc.License.Policy; sc.License.Units != 40 || p.Base != l.Policy.Base || len(p.Changed) != 2 || p.Changed[0] != l.Policy.Changed[0] {
		t.Errorf("license %+v, want that of the fit", sc.License)
	}
}
