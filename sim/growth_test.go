package sim

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"

	"highwater/sim/trace"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// scales of the traffic, from less to more.
var scales = []float64{0.3, 0.7, 1, 1.3, 2, 2.5}

// twoScales draws a smaller and a larger one.
func twoScales(t *rapid.T) (less, more float64) {
	i := rapid.IntRange(0, len(scales)-2).Draw(t, "less")
	return scales[i], scales[rapid.IntRange(i+1, len(scales)-1).Draw(t, "more")]
}

// Larger traffic costs at least as much at every instant of the same run, and
// needs at least as large a key at every instant: a license user ID with more
// connections transitions earlier, resets later and is kept longer. That is
// so unless [Case.Shrinks] says why not.
func TestMoreTrafficNeedsMore(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawScenario(t)
		v := Case{Scenario: parse(t, s.text())}
		v.Policy = v.Scenario.License.Policy.WithoutLimit()
		if rapid.Bool().Draw(t, "as usual") {
			v.Policy.HoldExtend, v.Policy.GraceReuse, v.Policy.ConnectionLimit = true, true, 0
		}
		if len(v.Shrinks()) > 0 {
			return
		}
		less, more := twoScales(t)
		if at, found := under(stepsAt(v.Scenario, &v.Policy, more), stepsAt(v.Scenario, &v.Policy, less)); found {
			t.Fatalf("%v of the traffic cost less than %v at %v s\n%s", more, less, at.Seconds(), s.text())
		}
		if at, found := under(v.stairs(more), v.stairs(less)); found {
			t.Fatalf("%v of the traffic needed less than %v at %v s\n%s", more, less, at.Seconds(), s.text())
		}
	})
}

// stairs are how the key that is needed grows in the first replication.
func (v Case) stairs(scale float64) []step {
	v.Scale = scale
	list := []step{{}}
	for _, s := range once(&v, false, nil).watch.Staircase {
		if last := &list[len(list)-1]; last.at == s.At {
			last.units = s.Units
		} else {
			list = append(list, step{s.At, s.Units})
		}
	}
	return list
}

// All that may let larger traffic need less does so now and then.
func TestShrinks(t *testing.T) {
	tests := []struct {
		want, policy, proxies, cohorts string
	}{
		{"a hold", "hold_extend: false", "", `
  - {name: a, kind: callers, address: 10.0.0.1, arrivals: {poisson: 12/h}}
  - {name: b, kind: callers, address: 10.0.0.2, arrivals: {poisson: 12/h}}`},
		{"a unit of a grace", "grace_reuse: false", "", `
  - {name: a, kind: browsers, address: 10.0.0.1, user: svc, arrivals: {poisson: 20/h}, session: {pages: 1, think: exp(1m), logout: 100%}}`},
		// Who comes first while another pays for each of 3 connections needs a
		// key of 4: the transition itself needs none. With more traffic that user
		// may have come before the transition, and need a key of 2 at most.
		{"an overcommit of transitions", "transition_short: overcommit, max_connections: 2", "", `
  - {name: a, kind: users, via: xdbc, address: 10.0.0.1, connections: 3, arrivals: {poisson: 6/h}, session: 3m}
  - {name: b, kind: users, via: xdbc, address: 10.0.0.2, arrivals: {poisson: 6/h}, session: 3m}`},
		{"a connection limit", "connection_limit: 1", "", `
  - {name: a, kind: users, via: xdbc, address: 10.0.0.1, arrivals: {poisson: 12/h}, session: exp(3m)}
  - {name: b, kind: users, via: xdbc, address: 10.0.0.2, arrivals: {poisson: 12/h}, session: exp(3m)}`},
		{"a gateway", "anon_id: session", "{name: x, address: 10.0.0.5, cap: 1}", `
  - {name: a, kind: callers, through: x, arrivals: {poisson: 6/min}, session: exp(5s)}`},
		{"a proxy's pool", "license_alt_headers: true", "{name: x, address: 10.0.0.5, forwards: x-forwarded-for, pool: 2}", `
  - {name: a, kind: users, via: xdbc, through: x, connections: "uniform(1, 2)", arrivals: {poisson: 1/min}, session: 1m}`},
	}
	for _, tt := range tests {
		t.Run(tt.want, func(t *testing.T) {
			text := "name: shrinks\nduration: 10m\nlicense: {units: unlimited, policy: {" + tt.policy + "}}\nproxies: [" + tt.proxies + "]\ncohorts:" + tt.cohorts + "\n"
			v := Case{Scenario: parse(t, text)}
			v.Policy = v.Scenario.License.Policy
			if got := v.Shrinks(); len(got) != 1 || !strings.HasPrefix(got[0], tt.want) {
				t.Fatalf("shrinks for %q, want %q alone", got, tt.want)
			}
			last := func(scale float64) int {
				stairs := v.stairs(scale)
				return stairs[len(stairs)-1].units
			}
			for v.Scenario.Seed = 1; last(2) >= last(1); v.Scenario.Seed++ {
				if v.Scenario.Seed == 10_000 {
					t.Fatal("twice the traffic never needed fewer units")
				}
			}
		})
	}
}

// Larger traffic has everybody of smaller traffic at the same instants, and
// the server's own work does not grow with it.
func TestTrafficIsNested(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := drawUnlimited(t).text()
		sc := parse(t, text)
		seen := func(scale float64) map[string]int {
			n := map[string]int{}
			v := Case{Scenario: sc, Policy: sc.License.Policy, Scale: scale}
			w := v.world(true, nil, func(e *trace.Event) {
				n[fmt.Sprint(e.Op, e.At, e.How, e.Via, e.Addr, e.Forwarded, e.User, e.Person, e.Device, e.Cohort, e.ID)]++
			})
			w.reset(sc.Seed, 0)
			w.run(context.Background(), nil)
			return n
		}
		less, more := twoScales(t)
		all, some := seen(more), seen(less)
		for what, n := range some {
			if all[what] < n {
				t.Fatalf("%d times %s at %v of the traffic, %d times at %v\n%s", n, what, less, all[what], more, text)
			}
		}
		for i := range sc.Cohorts {
			c := &sc.Cohorts[i]
			v := Case{Scenario: sc, Policy: sc.License.Policy, Scale: more}
			want := c.Count
			if Grows(c) {
				want = int(math.Round(float64(c.Count) * more))
			}
			if got := len(once(&v, true, nil).cohorts[i].members); got != want && c.Count > 0 {
				t.Fatalf("cohort %s has %d members at %v, want %d\n%s", c.Name, got, more, want, text)
			}
		}
	})
}

// Once the scenario's traffic is the scenario's traffic, to the byte.
func TestScaleOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := drawScenario(t).text()
		sc := parse(t, text)
		told := func(scale float64) string {
			list, err := Replicate(context.Background(), []Case{{sc, sc.License.Policy, sc.License.Units, scale}}, Options{Reps: 2})
			if err != nil {
				t.Fatal(err)
			}
			s := list[0]
			b, err := json.Marshal([]any{s.policyRun(), s.Needed, s.Staircases, s.First, s.Attempts, s.Hours})
			if err != nil {
				t.Fatal(err)
			}
			return string(b)
		}
		if diff := cmp.Diff(told(0), told(1)); diff != "" {
			t.Fatalf("no scale (-) and one (+):\n%s\n%s", diff, text)
		}
	})
}
