package sim

import (
	"context"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"highwater/engine"
	"highwater/scenario"
	"highwater/sim/result"
)

var long = flag.Bool("long", false, "run the tests that take minutes, too")

// These tests run scenarios whose answers are known exactly. An estimate must
// lie within four standard errors of the answer, and the standard error, which
// comes from independent replications, must be small, so that noise does not
// pass for agreement. Seeds are fixed: a test that passes passes always.

// oracle reads a scenario and replaces parts of its text, pair by pair.
func oracle(t *testing.T, name string, pairs ...string) *scenario.Scenario {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "oracles", name))
	if err != nil {
		t.Fatal(err)
	}
	text := string(data)
	for i := 0; i+1 < len(pairs); i += 2 {
		if !strings.Contains(text, pairs[i]) {
			t.Fatalf("%s has no %q", name, pairs[i])
		}
		text = strings.ReplaceAll(text, pairs[i], pairs[i+1])
	}
	return parse(t, text)
}

// replicate is [Run] that keeps the outcome of each replication. Each test has
// its own seed, so that one unlucky stream does not spoil several; with -long
// each replication is ten times as long.
func replicate(t *testing.T, sc *scenario.Scenario, reps int) (*result.PolicyRun, []*outcome) {
	if *long {
		sc.Duration *= 10
	}
	r := newRunner(Cases(sc), Options{Seed: streamOf(sc.Seed, 0, t.Name()), Reps: reps})
	var outs []*outcome
	r.heed = func(rep *replication) { outs = append(outs, rep.use) }
	r.replicate(context.Background())
	run := r.samples[0].policyRun()
	return &run, outs
}

// An estimate is a mean over replications.
type estimate struct {
	mean, se float64
}

func estimateOf(outs []*outcome, value func(*outcome) float64) estimate {
	values := make([]float64, len(outs))
	for i, o := range outs {
		values[i] = value(o)
	}
	return estimateFrom(values)
}

func estimateFrom(values []float64) estimate {
	n, sum, squares := float64(len(values)), 0.0, 0.0
	for _, v := range values {
		sum += v
	}
	for _, v := range values {
		squares += (v - sum/n) * (v - sum/n)
	}
	return estimate{sum / n, math.Sqrt(squares / (n * (n - 1)))}
}

// check wants the estimate to agree with the exact value, and its standard
// error to be less than a share of that.
func (e estimate) check(t *testing.T, what string, exact, share float64) {
	t.Helper()
	t.Logf("%s = %.6g ± %.2g, exact %.6g", what, e.mean, e.se, exact)
	if math.Abs(e.mean-exact) > 4*e.se {
		t.Errorf("%s = %g with a standard error of %.2g, want %g", what, e.mean, e.se, exact)
	}
	if e.se > share*exact {
		t.Errorf("%s = %g with a standard error of %.2g, which is more than %g of %g", what, e.mean, e.se, share, exact)
	}
}

// blocked is the share of refused attempts.
func blocked(o *outcome) float64 {
	sessions, refused := int64(0), int64(0)
	for _, c := range o.cohorts {
		sessions += c.Sessions
		refused += c.Refused
	}
	return float64(refused) / float64(sessions)
}

// meanUnits is the time average of the units in use.
func meanUnits(o *outcome) float64 {
	all, sum := engine.Time(0), 0.0
	for units, d := range o.timeAt {
		all += d
		sum += float64(units) * float64(d)
	}
	return sum / float64(all)
}

// above is the share of time with more than so many units in use.
func above(c int) func(*outcome) float64 {
	return func(o *outcome) float64 {
		all, more := engine.Time(0), engine.Time(0)
		for units, d := range o.timeAt {
			all += d
			if units > c {
				more += d
			}
		}
		return float64(more) / float64(all)
	}
}

// laws of sessions with a mean of ten minutes.
var laws = []struct{ name, text string }{
	{"exponential", "exp(10m)"},
	{"constant", "10m"},
	{"lognormal", "lognormal(mean 10m, cv 2)"},
	{"hyperexponential", "hyperexp(mean 10m, cv 2)"},
}

// Erlang's loss formula (Erlang 1917): B(0) = 1, B(k) = a B(k-1) / (k + a B(k-1)).
// It depends on the law of the sessions only through its mean (Sevastyanov 1957).
func TestErlangB(t *testing.T) {
	tests := []struct {
		rate  string // in ten minutes: the offered load
		units int
		want  float64
		days  int
		share float64 // most standard error
	}{
		{"1", 1, 0.5, 20, 0.02},
		{"5", 10, 0.0183845703366, 10, 0.05},
		{"10", 10, 0.214582343107, 7, 0.02},
		{"20", 20, 0.158891961542, 7, 0.02},
		{"20", 30, 0.00845749834019, 5, 0.08},
		{"50", 64, 0.00843942665594, 2, 0.12},
	}
	for _, tt := range tests {
		for _, law := range laws {
			t.Run(fmt.Sprintf("%s on %d/%s", tt.rate, tt.units, law.name), func(t *testing.T) {
				sc := oracle(t, "loss.yaml", "20/10m", tt.rate+"/10m", "units: 30", fmt.Sprint("units: ", tt.units),
					"365d", fmt.Sprint(tt.days, "d"), "exp(10m)", law.text)
				res, outs := replicate(t, sc, 24)
				b := estimateOf(outs, blocked)
				b.check(t, "blocking", tt.want, tt.share)
				a := sc.Cohorts[0].Arrivals.Rates[0].PerSecond * 600
				estimateOf(outs, meanUnits).check(t, "carried load", a*(1-tt.want), 0.01)
				c := res.Cohorts[0]
				if c.Started+c.Lost != c.Sessions || c.Lost != c.Refused {
					t.Errorf("cohort %+v: every session is started or lost", c)
				}
			})
		}
	}
}

// Engset's finite population (Engset 1918): with alpha = mean session / mean
// pause, an attempt is refused with probability E(N-1), where
// E(N) = C(N,c) alpha^c / sum C(N,k) alpha^k, whatever the laws.
func TestEngset(t *testing.T) {
	tests := []struct {
		name, idle, session string
	}{
		{"exponential", "exp(100m)", "exp(30m)"},
		{"constant pause", "100m", "lognormal(mean 30m, cv 2)"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, outs := replicate(t, oracle(t, "finite.yaml", "exp(100m)", tt.idle, "exp(30m)", tt.session, "365d", "60d"), 24)
			estimateOf(outs, blocked).check(t, "call congestion", 0.0619081117811, 0.02)
			estimateOf(outs, above(9)).check(t, "time congestion", 0.0724677462089, 0.02)
		})
	}
}

// The number in an M/G/inf queue is Poisson with the offered load, whatever
// the law: P(N > c) = 1 - exp(-a) sum a^k / k!.
func TestInfiniteServers(t *testing.T) {
	tests := []struct {
		rate      string
		days      int
		above     map[int]float64
		quantiles map[float64]int // of time
	}{
		{"10", 12, map[int]float64{15: 0.048740403304, 20: 0.00158826066186}, nil},
		{"20", 4, map[int]float64{25: 0.112184972718, 30: 0.0134746812799}, map[float64]int{0.50: 20, 0.99: 31, 0.999: 35}},
	}
	for _, tt := range tests {
		for _, law := range laws {
			t.Run(tt.rate+"/"+law.name, func(t *testing.T) {
				sc := oracle(t, "loss.yaml", "20/10m", tt.rate+"/10m", "units: 30", "units: unlimited", "365d", fmt.Sprint(tt.days, "d"), "exp(10m)", law.text)
				res, outs := replicate(t, sc, 24)
				for c, want := range tt.above {
					estimateOf(outs, above(c)).check(t, fmt.Sprintf("P(N > %d)", c), want, 0.13)
				}
				for p, want := range tt.quantiles {
					if got := quantileOf(res.TimeAt, p); got != want {
						t.Errorf("%v of the time at most %d units, want %d", p, got, want)
					}
				}
			})
		}
	}
}

// quantileOf is the least number of units that suffice a share of the time.
func quantileOf(list []result.UnitsTime, p float64) int {
	all, sum := engine.Time(0), engine.Time(0)
	for _, u := range list {
		all += u.Seconds
	}
	for _, u := range list {
		sum += u.Seconds
		if float64(sum) >= p*float64(all) {
			return u.Units
		}
	}
	return -1
}

// An anonymous call holds a unit for max(10 s, S) from its start, 10 s +
// s exp(-10/s) on average when S is exponential with mean s, or for 10 s + S
// from its end. Blocking is Erlang's.
func TestHeldCalls(t *testing.T) {
	tests := []struct {
		from, rate, session string
		units               int
		duration            string
		want                float64
	}{
		{"start", "2/s", "exp(50ms)", 25, "40m", 0.0502217778908},
		{"end", "2/s", "exp(50ms)", 25, "40m", 0.0517402089415},
		{"start", "2/s", "exp(4s)", 25, "40m", 0.0605675745242},
		{"end", "2/s", "exp(4s)", 25, "40m", 0.205698723212},
		{"end", "2/s", "exp(4s)", 30, "40m", 0.0981220954336},
		{"start", "0.5/s", "exp(30s)", 20, "2h", 0.0593926566682},
		{"end", "0.5/s", "exp(30s)", 25, "2h", 0.0502217778908},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprintf("from %s/%s for %s on %d", tt.from, tt.rate, tt.session, tt.units), func(t *testing.T) {
			sc := oracle(t, "calls.yaml", "hold_from: start", "hold_from: "+tt.from, "2/s", tt.rate, "exp(4s)", tt.session,
				"units: 25", fmt.Sprint("units: ", tt.units), "5d", tt.duration)
			_, outs := replicate(t, sc, 24)
			estimateOf(outs, blocked).check(t, "blocking", tt.want, 0.04)
		})
	}
}

// A call without length keeps the unit of its address for h. Arrivals at rate
// r extend it: held 1 - exp(-rh) of the time. Or they find it held and do not:
// then h and a wait of 1/r take turns, rh / (1 + rh).
func TestHoldExtends(t *testing.T) {
	for value, want := range map[string]float64{"true": 0.632120558829, "false": 0.5} {
		t.Run(value, func(t *testing.T) {
			_, outs := replicate(t, oracle(t, "window.yaml", "hold_extend: true", "hold_extend: "+value, "10d", "1d"), 24)
			estimateOf(outs, above(0)).check(t, "held", want, 0.01)
		})
	}
}
