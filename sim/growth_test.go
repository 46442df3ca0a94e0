package sim

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
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
// connections transitions earlier, resets later and is kept longer.
//
// That needs a hold that each call extends, and a unit that who comes back
// shares: else a call more can shorten a hold, and a visit more can spare a
// unit. Pools, gateways and connection limits let people wait, or turn some
// away, for others, and are not drawn here.
func TestMoreTrafficNeedsMore(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := drawUnlimited(t).text()
		sc := parse(t, text)
		v := Case{Scenario: sc, Policy: sc.License.Policy}
		v.Policy.HoldExtend, v.Policy.GraceReuse = true, true
		less, more := twoScales(t)
		if at, found := under(stepsAt(sc, &v.Policy, more), stepsAt(sc, &v.Policy, less)); found {
			t.Fatalf("%v of the traffic cost less than %v at %v s\n%s", more, less, at.Seconds(), text)
		}
		need := func(scale float64) []step {
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
		if at, found := under(need(more), need(less)); found {
			t.Fatalf("%v of the traffic needed less than %v at %v s\n%s", more, less, at.Seconds(), text)
		}
	})
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
