package sizing

import (
	"context"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"highwater/engine"
	"highwater/scenario"
	"highwater/sim"
	"highwater/sim/result"
	"highwater/sim/stats"
)

var long = flag.Bool("long", false, "run the tests that take minutes, too")

// The day of testdata/day.yaml is an M/M/inf queue with a load of 20, empty at
// first. That it does not exceed c until t is the survival of a birth-death
// chain on 0 to c, with births at rate 2 a minute, deaths at k/10, and an end
// beyond c.
const (
	birth = 2.0  // a minute
	stay  = 10.0 // minutes
)

// survives is the probability that the chain does not exceed c within so many
// minutes, by uniformization: at the ticks of a Poisson process, faster than
// all that happens, it takes a step or stays.
func survives(birth float64, c int, minutes float64) float64 {
	rate := birth + float64(c)/stay
	at, next := make([]float64, c+1), make([]float64, c+1)
	at[0] = 1
	mean := rate * minutes
	alive, ticks := 0.0, int(mean+12*math.Sqrt(mean)+30)
	for n := 0; n <= ticks; n++ {
		log, _ := math.Lgamma(float64(n + 1))
		weight, sum := math.Exp(float64(n)*math.Log(mean)-mean-log), 0.0
		for k, p := range at {
			sum += p
			next[k] = p * (1 - (birth+float64(k)/stay)/rate)
			if k > 0 {
				next[k] += at[k-1] * birth / rate
			}
			if k < c {
				next[k] += at[k+1] * float64(k+1) / stay / rate
			}
		}
		alive += weight * sum
		at, next = next, at
	}
	return alive
}

// risk is that of any refusal in the day by a key of c units.
func risk(c int) float64 { return 1 - survives(birth, c, 480) }

// The chain against values from a matrix exponential in 40 digits.
func TestRisk(t *testing.T) {
	for c, want := range map[int]float64{
		33: 0.4898961478, 36: 0.1335406150, 37: 0.0773568708, 38: 0.0429469980, 41: 0.0059816408, 44: 0.0006465261,
		28: 1 - .0073874121, 30: 1 - .0900010523, 32: 1 - .3463962573, 34: 1 - .6606330721, 40: 1 - .9880991370,
	} {
		if got := risk(c); math.Abs(got-want) > 1e-9 {
			t.Errorf("risk with %d units %.10f, want %.10f", c, got, want)
		}
	}
}

// day is the scenario of the day, with parts of its text replaced.
func day(t *testing.T, pairs ...string) []sim.Case {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "day.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	sc, err := scenario.Parse("day.yaml", []byte(strings.NewReplacer(pairs...).Replace(string(data))), nil)
	if err != nil {
		t.Fatal(err)
	}
	return sim.Cases(sc)
}

func sized(t *testing.T, cases []sim.Case, o sim.Options, q Question) *result.PolicySizing {
	t.Helper()
	q.Confidence = 0.95
	res, err := Size(context.Background(), cases, o, &q)
	if err != nil {
		t.Fatal(err)
	}
	return &res.Policies[0]
}

// days is how many independent sizings the tests of intervals make.
func days() int {
	if *long {
		return 400
	}
	return 40
}

// misses are intervals that do not have the exact value.
type misses struct{ n, missed int }

func (m *misses) see(missed bool) {
	m.n++
	if missed {
		m.missed++
	}
}

// check wants no more misses than intervals may have that miss with a
// probability of p: more of them come once in 10,000 times.
func (m *misses) check(t *testing.T, what string, p float64) {
	t.Helper()
	rest, most := 1.0, -1
	for k := 0; rest > 1e-4; k++ {
		a, _ := math.Lgamma(float64(m.n + 1))
		b, _ := math.Lgamma(float64(k + 1))
		c, _ := math.Lgamma(float64(m.n - k + 1))
		rest -= math.Exp(a - b - c + float64(k)*math.Log(p) + float64(m.n-k)*math.Log1p(-p))
		most = k
	}
	t.Logf("%s: %d of %d intervals miss, %d may", what, m.missed, m.n, most)
	if m.missed > most {
		t.Errorf("%s: %d of %d intervals do not have the exact value, more than %d", what, m.missed, m.n, most)
	}
}

// Every interval has the exact value as often as it says, and is not wide.
func TestIntervals(t *testing.T) {
	const reps, key = 100, 31
	curve, guaranteed, first := map[int]*misses{}, new(misses), map[float64]*misses{}
	lowest, highest := 31, 37 // which 100 replications hardly ever leave out
	for seed := range days() {
		p := sized(t, day(t, "units: 38", fmt.Sprint("units: ", key)), sim.Options{Seed: uint64(seed + 1), Reps: reps}, Question{Risks: []float64{0.05}})
		guaranteed.see(risk(*p.Enough[0].Guaranteed) > 0.05)
		seen := 0
		for _, r := range p.Curve {
			if r.Units < lowest || r.Units > highest {
				continue
			}
			seen++
			if curve[r.Units] == nil {
				curve[r.Units] = new(misses)
			}
			curve[r.Units].see(r.Low > risk(r.Units) || r.High < risk(r.Units))
			if r.High-r.Low > 0.21 { // twice 1.96 sqrt(0.25 / 100), and the steps of 0.01
				t.Errorf("risk of %d units from %v to %v", r.Units, r.Low, r.High)
			}
			if r.Median != nil {
				alive := survives(birth, r.Units, r.Median.Seconds()/60)
				if math.Abs(alive-0.5) > 5*math.Sqrt(0.25/reps) {
					t.Errorf("half of the runs exceed %d units by %v s, of all %.3f do not", r.Units, r.Median.Seconds(), alive)
				}
			}
		}
		if seen != highest-lowest+1 {
			t.Fatalf("seed %d: %d points of the curve", seed+1, seen)
		}
		if f := p.Present.First; len(f.Times) != f.N || !slices.IsSorted(f.Times) {
			t.Fatalf("seed %d: %d times of %d first refusals", seed+1, len(f.Times), f.N)
		}
		for _, q := range p.Present.First.Quantiles {
			if at := p.Present.First.Times; q.At != nil && *q.At != at[int(math.Ceil(reps*q.Share-1e-9))-1] {
				t.Errorf("seed %d: a share of %v has its first refusal by %v, not when so many have", seed+1, q.Share, *q.At)
			}
			if first[q.Share] == nil {
				first[q.Share] = new(misses)
			}
			first[q.Share].see(outside(t, q, key, reps))
		}
	}
	guaranteed.check(t, "guaranteed", 0.05)
	for c := lowest; c <= highest; c++ {
		curve[c].check(t, fmt.Sprint("risk of ", c), 0.05)
	}
	for share, m := range first {
		m.check(t, fmt.Sprint("first refusals, ", share), 0.05)
	}
}

// outside reports whether a quantile of the time to the first refusal is
// outside its interval: whether the share of runs that are refused by the one
// limit is more, or by the other less. A limit that is null is not in the run.
func outside(t *testing.T, q result.Quantile, key, reps int) bool {
	t.Helper()
	refused := func(at *engine.Time) float64 {
		if at == nil {
			return 1
		}
		return 1 - survives(birth, key, at.Seconds()/60)
	}
	if q.At != nil && math.Abs(refused(q.At)-q.Share) > 5*math.Sqrt(q.Share*(1-q.Share)/float64(reps))+1/float64(reps) {
		t.Errorf("%v of the runs are refused by %v s, of all %.3f", q.Share, q.At.Seconds(), refused(q.At))
	}
	if all := risk(key); q.At == nil && all > q.Share+5*math.Sqrt(all*(1-all)/float64(reps)) {
		t.Errorf("fewer than %v of the runs are refused, of all %.3f", q.Share, all)
	}
	low := refused(q.Low)
	if q.Low == nil { // beyond the end
		low = risk(key)
	}
	return low > q.Share || refused(q.High) < q.Share
}

func units(n *int) string {
	if n == nil {
		return "none"
	}
	return fmt.Sprint(*n)
}

// The risk is 0.0774 with 37 units, 0.0429 with 38, 0.0119 with 40 and 0.0060
// with 41. So many replications can guarantee 38 for 5 % that the limit for
// the risk of 38, 0.0429 + 1.645 sqrt(0.0429 * 0.957 / n), is below 0.05: by
// 10,000 it is 0.0463, by 200 it is 0.066.
func TestEnough(t *testing.T) {
	tests := []struct {
		reps           int
		enough, surely []string // at 5 % and at 1 %; what is left out may be one more
	}{
		{2000, []string{"38", "41"}, nil},
		{10000, []string{"38", "41"}, []string{"38", "41"}},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprint(tt.reps), func(t *testing.T) {
			if tt.reps > 2000 && testing.Short() {
				t.Skip("takes seconds")
			}
			p := sized(t, day(t), sim.Options{Reps: tt.reps}, Question{Risks: []float64{0.05, 0.01}})
			for i, want := range tt.enough {
				if got := units(p.Enough[i].Units); got != want {
					t.Errorf("%s units are enough for %v, want %s", got, p.Enough[i].Risk, want)
				}
			}
			for i, want := range tt.surely {
				if got := units(p.Enough[i].Guaranteed); got != want {
					t.Errorf("%s units are guaranteed for %v, want %s", got, p.Enough[i].Risk, want)
				}
			}
			checkYards(t, p, tt.reps)
		})
	}
	t.Run("200", func(t *testing.T) {
		p := sized(t, day(t), sim.Options{Reps: 200}, Question{Risks: []float64{0.05, 0.01}})
		if n := p.Enough[0].Guaranteed; n == nil || *n <= 38 {
			t.Errorf("%s units are guaranteed by 200 replications, want more than 38", units(n))
		}
		if n := p.Enough[1]; n.Guaranteed != nil || n.Wanted != 299 { // 0.99^299 = 0.0495
			t.Errorf("%s units are guaranteed for 1 %%, %d replications wanted for it; want none, 299", units(n.Guaranteed), n.Wanted)
		}
	})
}

// checkYards compares the other yardsticks with what they would be exactly.
// The number there at t is Poisson with the mean 20 (1 - exp(-t/10)).
func checkYards(t *testing.T, p *result.PolicySizing, reps int) {
	t.Helper()
	over := func(c int) float64 { // share of time with more
		sum := 0.0
		const steps = 4800
		for i := range steps {
			m := birth * stay * -math.Expm1(-(float64(i)+0.5)*480/steps/stay)
			tail, term := 1.0, math.Exp(-m)
			for k := 0; k <= c; k++ {
				tail -= term
				term *= m / float64(k+1)
			}
			sum += tail / steps
		}
		return sum
	}
	// An arrival finds what is there at a random instant, and needs one more.
	if over(30) < 0.01 || over(31) > 0.01 {
		t.Fatalf("more than 30 for %v of the time, more than 31 for %v", over(30), over(31))
	}
	y := &p.Yards
	if y.Time != 31 || y.Logins != 32 {
		t.Errorf("%d units are enough 99 %% of the time, %d for 99 %% of the log-ins; want 31 and 32", y.Time, y.Logins)
	}
	if blocking := stats.ErlangB(30, birth*stay); y.ErlangB != 30 || blocking > 0.01 {
		t.Errorf("%d units by Erlang B, which is %v for 30 and the load of 20", y.ErlangB, blocking)
	}
	// Of an M/M/inf queue with load a the mean over T has a variance of
	// 2 a h / T at most.
	mean := birth * stay * (1 + stay/480*math.Expm1(-480/stay))
	if d := math.Abs(y.Mean - mean); d > 4*math.Sqrt(2*20*stay/480/float64(reps)) {
		t.Errorf("mean units %v, want %v", y.Mean, mean)
	}
	if d := math.Abs(y.BusiestMean - birth*stay); d > 4*math.Sqrt(2*20*stay/60/float64(reps)) || y.BusiestHour == 0 {
		t.Errorf("mean units %v in hour %d, want %v in a later one than the first", y.BusiestMean, y.BusiestHour, birth*stay)
	}
}
