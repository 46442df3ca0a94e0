package sizing

import (
	"context"
	"fmt"
	"math"
	"strings"
	"testing"

	"highwater/engine"
	"highwater/scenario"
	"highwater/sim"
	"highwater/sim/result"
	"highwater/sim/stats"
)

// breaks is the arrivals a minute of the day at which a key has a risk, by
// halving: the risk grows with them.
func breaks(key int, risk float64) float64 {
	low, high := 0.0, 2*float64(key)/stay
	for high-low > 1e-10 {
		if rate := (low + high) / 2; 1-survives(rate, key, 480) > risk {
			high = rate
		} else {
			low = rate
		}
	}
	return low
}

// The growth at which a key has a risk, times the load of 20, is the load with
// that risk, and is in the interval as often as that says.
func TestBreakingLoad(t *testing.T) {
	tests := []struct {
		key  int
		risk float64
		load float64 // of the chain, from a matrix exponential
	}{
		{30, 0.05, 14.67736007}, {30, 0.5, 17.79563389}, {30, 0.95, 20.46858972},
		{35, 0.05, 18.08294343}, {35, 0.5, 21.56617014}, {35, 0.95, 24.52341595},
	}
	const reps = 80
	all := new(misses)
	for i, tt := range tests {
		if load := breaks(tt.key, tt.risk) * stay; math.Abs(load-tt.load) > 1e-7 {
			t.Fatalf("%d units have a risk of %v at a load of %.8f, want %.8f", tt.key, tt.risk, load, tt.load)
		}
		for n := range days() / 5 {
			p := sized(t, day(t, "units: 38", fmt.Sprint("units: ", tt.key)), sim.Options{Seed: uint64(1000*i + n + 1), Reps: reps},
				Question{Risks: []float64{tt.risk}, Growth: true})
			g := p.Growth
			if g == nil || g.N != reps || g.Risk != tt.risk || g.Low == nil || g.High == nil {
				t.Fatalf("growth %+v", g)
			}
			all.see(20**g.Low > tt.load || 20**g.High < tt.load)
			if wide := *g.High - *g.Low; tt.risk == 0.5 && wide > 0.1**g.Factor || *g.Factor < *g.Low || *g.Factor > *g.High {
				t.Errorf("key %d, risk %v: factor %v, from %v to %v", tt.key, tt.risk, *g.Factor, *g.Low, *g.High)
			}
		}
	}
	all.check(t, "growth", 0.05)
}

// The units in use are Poisson with the scale times the load on average, in
// parts and multiples of layers of traffic.
func TestScaledLoad(t *testing.T) {
	for _, scale := range []float64{0.3, 1, 2.5} {
		t.Run(fmt.Sprint(scale), func(t *testing.T) {
			cases := day(t, "8h", "2d")
			cases[0].Scale = scale
			const reps = 40
			samples, err := sim.Replicate(context.Background(), cases, sim.Options{Reps: reps, Demand: true})
			if err != nil {
				t.Fatal(err)
			}
			// From an empty start the mean over T is a (1 - h/T), and its
			// variance is 2 a h / T at most.
			minutes, load := 48*60.0, scale*birth*stay
			mean := 0.0
			for _, u := range samples[0].Demand.UnitSeconds {
				mean += u / 60 / minutes / reps
			}
			want, se := load*(1-stay/minutes), math.Sqrt(2*load*stay/minutes/reps)
			t.Logf("mean units %.4f ± %.2g, exact %.4f", mean, se, want)
			if math.Abs(mean-want) > 4*se {
				t.Errorf("mean units %v at %v of the traffic, want %v within %v", mean, scale, want, 4*se)
			}
			// Of the squares of a Poisson number, a + a^2; the time average
			// of N^2 has a variance of (4 a^3 + 6 a^2 + a) 2 h / T at most, as
			// no function forgets later than N itself.
			square := 0.0
			for u, d := range samples[0].Demand.TimeAt {
				square += float64(u) * float64(u) * d.Seconds() / 60 / minutes / reps
			}
			se = math.Sqrt((4*load*load*load + 6*load*load + load) * 2 * stay / minutes / reps)
			if empty := (load + 2*load*load) * stay / minutes; square < load+load*load-empty-4*se || square > load+load*load+4*se {
				t.Errorf("mean square %v at %v of the traffic, want %v within %v", square, scale, load+load*load, 4*se)
			}
		})
	}
}

// The mean time until the day needs more than c units is a sum over the steps
// up: T(0) = 1/rate, T(k) = (1 + (k/h) T(k-1)) / rate. A run is long enough
// that it hardly ever ends before, or is censored.
func TestFirstTimeAbove(t *testing.T) {
	const reps = 300
	samples, err := sim.Replicate(context.Background(), day(t, "8h", "2d"), sim.Options{Reps: reps, Demand: true})
	if err != nil {
		t.Fatal(err)
	}
	firsts := func(c int) (times []float64, censored int) { // in minutes
		for _, stairs := range samples[0].Staircases {
			at := engine.Time(-1)
			for _, s := range stairs {
				if s.Units > c {
					at = s.At
					break
				}
			}
			if at < 0 {
				censored++
				continue
			}
			times = append(times, at.Seconds()/60)
		}
		return times, censored
	}
	for c, want := range map[int]float64{25: 57.280001186252, 30: 214.17515395638} {
		if exact := stats.FirstExceed(birth*stay, c) * stay; math.Abs(exact-want) > 1e-6 {
			t.Errorf("%.9f minutes on average until %d units do not suffice, want %.9f", exact, c, want)
		}
		times, censored := firsts(c)
		m := stats.MeanInterval(times, 0.9999)
		if t.Logf("%d units: %.1f minutes (%.1f to %.1f), exact %.1f", c, m.Mean, m.Low, m.High, want); censored > 0 || m.Low > want || m.High < want {
			t.Errorf("%v minutes on average until %d units do not suffice, %d never; want %v", m, c, censored, want)
		}
	}
	// Of 35 units, more than half of the runs reach the end before.
	_, censored := firsts(35)
	want := survives(birth, 35, 2*24*60)
	low, high := stats.ClopperPearson(censored, reps, 0.9999)
	if t.Logf("35 units: %d of %d runs never need more, exact %.3f", censored, reps, want); want < low || want > high {
		t.Errorf("%d of %d runs need no more than 35 units, want %v of them", censored, reps, want)
	}
}

// The risk by traffic never falls, is that of the runs at the traffic as it is,
// and reaches what is accepted at the factor.
func TestGrowthCurve(t *testing.T) {
	const key, reps, risk = 35, 60, 0.1
	p := sized(t, day(t, "units: 38", fmt.Sprint("units: ", key)), sim.Options{Reps: reps}, Question{Risks: []float64{risk}, Growth: true})
	more := 0
	for _, n := range p.NeededBy {
		if n > key {
			more++
		}
	}
	g, last, now := p.Growth, result.ScaleRisk{}, false
	for _, k := range g.Curve {
		low, high := stats.ClopperPearson(k.Count, reps, 0.95)
		if k.Scale <= last.Scale || k.Count < last.Count || k.Risk != float64(k.Count)/reps || k.Low != low || k.High != high {
			t.Errorf("%+v comes after %+v", k, last)
		}
		if k.Scale == 1 {
			now = true
			if k.Count != more {
				t.Errorf("%d runs need more than the key, and %d at the traffic as it is", more, k.Count)
			}
		}
		if (k.Scale >= *g.Factor) != (k.Count >= reps*risk) {
			t.Errorf("the factor is %v, and %+v", *g.Factor, k)
		}
		last = k
	}
	if !now || len(g.Curve) < 5 {
		t.Errorf("looked at was %+v", g.Curve)
	}
}

// What may let larger traffic need fewer units is told beside the growth, and
// so is what refuses whatever the key allows.
func TestGrowthWarns(t *testing.T) {
	tests := []struct {
		policy string
		want   []string // begins
	}{
		{"", []string{}},
		{", policy: {connection_limit: 1}", []string{"connection_limit refuses", "there is a connection limit"}},
		{", policy: {hold_extend: false, grace_reuse: false}", []string{}}, // no calls, no web sessions
	}
	for _, tt := range tests {
		p := sized(t, day(t, "units: 38", "units: 38"+tt.policy), sim.Options{Reps: 60}, Question{Risks: []float64{0.5}, Growth: true})
		if len(p.Warnings) != len(tt.want) {
			t.Errorf("with %q: %q, want %q", tt.policy, p.Warnings, tt.want)
			continue
		}
		for i, want := range tt.want {
			if !strings.HasPrefix(p.Warnings[i], want) {
				t.Errorf("with %q: %q, want %q", tt.policy, p.Warnings[i], want)
			}
		}
	}
}

// People who are always there need a unit each: a key bears as many as it has
// units, and one more is too many.
func TestExtraPeople(t *testing.T) {
	for _, key := range []int{35, 40, 45} {
		sc, err := scenario.Parse("people.yaml", fmt.Appendf(nil, `{name: people, duration: 1h, license: {units: %d},
			cohorts: [{name: people, kind: users, count: 40, arrivals: {at: ["+1m"]}, session: forever}]}`, key), nil)
		if err != nil {
			t.Fatal(err)
		}
		g := sized(t, sim.Cases(sc), sim.Options{Reps: 60}, Question{Risks: []float64{0.05}, Growth: true}).Growth
		// 40 times the factor rounds up to one more than the key from a half on.
		want := (float64(key) + 0.5) / 40
		if g.Extra != key-40 || g.People != 40 || math.Abs(*g.Factor-want) > fine*want {
			t.Errorf("a key of %d bears %d more than %d, up to %v times; want %d more than 40, up to %v times", key, g.Extra, g.People, *g.Factor, key-40, want)
		}
	}
}
