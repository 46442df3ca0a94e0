package queue

import (
	"testing"

	"pgregory.net/rapid"
)

// A reference stands for what was kept last under it, and there are never more
// of them than things at once.
func TestRefs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var r Refs[int]
		kept, most := map[int]int{}, 0
		for x := range rapid.IntRange(1, 100).Draw(t, "things") {
			ref := r.Add(x)
			if _, twice := kept[ref]; twice {
				t.Fatalf("reference %d is given twice", ref)
			}
			kept[ref] = x
			most = max(most, len(kept))
			for ref, want := range kept {
				if !rapid.Bool().Draw(t, "take") {
					break
				}
				if got := r.Take(ref); got != want {
					t.Fatalf("reference %d is %d, want %d", ref, got, want)
				}
				delete(kept, ref)
			}
			if len(r.list) != most {
				t.Fatalf("%d references for %d things at once", len(r.list), most)
			}
		}
	})
}
