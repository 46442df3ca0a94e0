package sim

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"testing"

	"highwater/engine"

	"pgregory.net/rapid"
)

// What a sample has by replication adds up to what it has summed up, and the
// units of all cohorts at the peak are the peak.
func TestSampleByReplication(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := drawScenario(t).text()
		samples, err := Replicate(t.Context(), Cases(parse(t, text)), Options{Reps: 5})
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range samples {
			for i, c := range s.Use.Cohorts {
				if got := sum(s.Use.Refused[i]); got != c.Refused || len(s.Use.Refused[i]) != s.N {
					t.Fatalf("%s: %d attempts refused in %d replications, want %d in %d\n%s", c.Name, got, len(s.Use.Refused[i]), c.Refused, s.N, text)
				}
				if got := sum(s.Use.Lost[i]); got != c.Lost {
					t.Fatalf("%s: %d sessions lost, want %d\n%s", c.Name, got, c.Lost, text)
				}
			}
			peaks := make([]int, s.N)
			for _, c := range s.AtPeak {
				units := s.UnitsAtPeak(c.Cohort)
				if got := sum(units); got != c.Units {
					t.Fatalf("%s: %d units at the peaks, want %d\n%s", c.Cohort, got, c.Units, text)
				}
				for rep, u := range units {
					peaks[rep] += int(u)
				}
			}
			for rep, peak := range s.Demand.Peaks {
				if peaks[rep] != peak {
					t.Fatalf("replication %d: the cohorts hold %d at the peak of %d\n%s", rep+1, peaks[rep], peak, text)
				}
			}
		}
	})
}

func sum(list []int32) (total int64) {
	for _, x := range list {
		total += int64(x)
	}
	return total
}

// A staircase that was thinned is exact at the multiples of its stride, and has
// few steps.
func TestThinned(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		var stairs []engine.Peak
		top, units := 1+random.IntN(20_000), 0
		for at := engine.Time(0); units < top; at++ {
			units = min(top, units+1+random.IntN(1+random.IntN(60)))
			stairs = append(stairs, engine.Peak{Units: units, At: at})
		}
		beyond := func(list []engine.Peak, units int) engine.Peak {
			i, _ := slices.BinarySearchFunc(list, units+1, func(p engine.Peak, u int) int { return cmp.Compare(p.Units, u) })
			return list[i]
		}
		kept := thinned(stairs)
		for units := range top {
			if units%Stride(units, top) == 0 && beyond(kept, units) != beyond(stairs, units) {
				t.Fatalf("of %d units the step beyond %d is %v, and was %v", top, units, beyond(kept, units), beyond(stairs, units))
			}
		}
		if len(kept) > 1000 { // 200 near the top, and 100 for each of 7 doublings
			t.Errorf("%d of %d steps are kept", len(kept), len(stairs))
		}
	}
}
