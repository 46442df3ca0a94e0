package sim

import (
	"context"
	"testing"

	"highwater/engine"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// once runs the first replication of a case, without a limit or with it.
func once(v *Case, limited bool, l engine.Listener) *world {
	w := v.world(limited, l, nil)
	w.reset(v.Scenario.Seed, 0)
	w.run(context.Background(), nil)
	return w
}

// A run without a limit says of every key what a run with that key does: the
// least one that refuses nobody is the top of the staircase, and what a
// smaller one refuses first is what the watch says, to the instant.
func TestNeededIsTheLeastKey(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawScenario(t)
		v := Case{Scenario: parse(t, s.text())}
		v.Policy = v.Scenario.License.Policy
		v.Policy.Enforce, v.Policy.UserLimit = true, 0
		needed := 0
		if stairs := once(&v, false, nil).watch.Staircase; len(stairs) > 0 {
			needed = stairs[len(stairs)-1].Units
		}
		for units := max(1, needed-rapid.IntRange(0, 4).Draw(t, "fewer")); units <= needed+1; units++ {
			v.Units, v.Policy.UserLimit = units, 0
			if rapid.Bool().Draw(t, "user limit") { // binds in place of the key
				v.Units, v.Policy.UserLimit = rapid.SampledFrom([]int{0, units + 1}).Draw(t, "key"), units
			}
			lacking := false
			byKey := once(&v, true, func(e engine.Event) {
				if e.Kind == engine.Refused && (e.Refusal.Reason == engine.LimitReached || e.Refusal.Reason == engine.UserLimitReached) {
					lacking = true
				}
			})
			if lacking != (units < needed) {
				t.Fatalf("with %d units somebody is refused: %t, and %d are needed\n%s", units, lacking, needed, s.text())
			}
			watched := once(&v, false, nil)
			if diff := cmp.Diff(byKey.firstRefusal(), watched.firstRefusal()); diff != "" {
				t.Fatalf("the first refusal with %d units (-), and as the watch has it (+):\n%s\n%s", units, diff, s.text())
			}
		}
	})
}
