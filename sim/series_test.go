package sim

import (
	"slices"
	"testing"

	"highwater/engine"
	"highwater/sim/result"

	"pgregory.net/rapid"
)

// A series keeps samples that really were, in order, the first and last and a
// highest and lowest among them, in bounded memory; a short one keeps all.
func TestSeriesKeepsThePeak(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var s series
		all := []result.Sample{{}}
		at, units := engine.Time(0), 0
		n := rapid.SampledFrom([]int{1, 100, 5_000, 50_000}).Draw(t, "samples")
		step := rapid.SampledFrom([]engine.Time{0, 1, engine.Second, engine.Hour}).Draw(t, "step")
		jump := rapid.IntRange(1, n).Draw(t, "jump")
		seed := rapid.Uint64().Draw(t, "seed")
		for i := range n {
			u := draw(seed, forArrival, uint64(i))
			at += engine.Time(u * 2 * float64(step))
			units = max(0, units+int(u*7)-3)
			if i == jump {
				units += 100_000 // for one sample
			}
			all = append(all, result.Sample{At: at, Units: units, Connections: i})
			s.add(at, units, i)
			if i == jump {
				units -= 100_000
			}
		}
		got := s.samples()
		if len(got) > 4*maxBuckets+1 {
			t.Fatalf("%d samples kept", len(got))
		}
		if len(s.buckets) > maxBuckets {
			t.Fatalf("%d buckets", len(s.buckets))
		}
		next := 0
		for _, sample := range got {
			i := slices.Index(all[next:], sample)
			if i < 0 {
				t.Fatalf("%+v never was, or out of order", sample)
			}
			next += i + 1
		}
		higher := func(a, b result.Sample) int { return a.Units - b.Units }
		if got[0] != all[0] || got[len(got)-1] != all[len(all)-1] {
			t.Fatalf("begins with %+v and ends with %+v, want %+v and %+v", got[0], got[len(got)-1], all[0], all[len(all)-1])
		}
		if slices.MaxFunc(got, higher).Units != slices.MaxFunc(all, higher).Units || slices.MinFunc(got, higher).Units != slices.MinFunc(all, higher).Units {
			t.Fatalf("the highest is %+v, want %+v", slices.MaxFunc(got, higher), slices.MaxFunc(all, higher))
		}
	})
}

func TestShortSeriesKeepsAll(t *testing.T) {
	var s series
	want := []result.Sample{{}}
	for i := range maxBuckets {
		sample := result.Sample{At: engine.Time(i) * engine.Hour, Units: i % 7, Connections: i}
		s.add(sample.At, sample.Units, sample.Connections)
		want = append(want, sample)
	}
	if got := s.samples(); !slices.Equal(got, want) {
		t.Errorf("%d samples kept, want all %d", len(got), len(want))
	}
}

// The series of a run has the peak at its instant, also when most of it is
// merged.
func TestSeriesOfRun(t *testing.T) {
	sc := parse(t, `
name: series
duration: 30d
license: {units: 40}
cohorts: [{name: a, kind: users, via: xdbc, arrivals: {poisson: 3/min}, session: exp(15m)}]
`)
	f := run(t, sc, Options{Reps: 1}).Policies[0].First
	for _, tt := range []struct {
		name string
		list []result.Sample
		peak engine.Peak
	}{{"series", f.Series, f.Peak}, {"demand", f.DemandSeries, f.Demand}} {
		i := slices.IndexFunc(tt.list, func(s result.Sample) bool { return s.Units == tt.peak.Units })
		if i < 0 {
			t.Fatalf("the %s has %d samples, and not the peak %v", tt.name, len(tt.list), tt.peak)
		}
		if got := (engine.Peak{Units: tt.list[i].Units, At: tt.list[i].At}); got != tt.peak {
			t.Errorf("the %s first has %v, want %v", tt.name, got, tt.peak)
		}
		if len(tt.list) > 4*maxBuckets+1 {
			t.Errorf("the %s has %d samples", tt.name, len(tt.list))
		}
	}
}
