package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"highwater/sim/result"
	"highwater/sim/stats"
)

// ran runs a scenario of the simulator's tests, with parts of its text
// replaced, as its user does.
func ran(t *testing.T, name string, seed int, pairs ...string) *result.PolicyRun {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(root, "sim", "testdata", "oracles", name))
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, []byte(strings.NewReplacer(pairs...).Replace(string(data))), 0o600); err != nil {
		t.Fatal(err)
	}
	var out, errs bytes.Buffer
	args := []string{"run", file, "--json", "-q", "--reps", "1", "--seed", fmt.Sprint(seed)}
	if code := run(context.Background(), args, stdio{strings.NewReader(""), &out, &errs}); code != 0 || errs.Len() > 0 {
		t.Fatalf("%v ends with %d and says %q", args, code, &errs)
	}
	var sim result.Simulation
	if err := json.Unmarshal(out.Bytes(), &sim); err != nil {
		t.Fatal(err)
	}
	return &sim.Policies[0]
}

// What the program prints about scenarios whose answers are known: each is in
// an interval of 99.9 % from independent seeds, and that is narrow.
func TestKnownAnswers(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	blocking := func(p *result.PolicyRun) float64 {
		return float64(p.Cohorts[0].Refused) / float64(p.Cohorts[0].Sessions)
	}
	mean := func(p *result.PolicyRun) float64 { return p.MeanUnits }
	tests := []struct {
		name   string
		file   string
		pairs  []string
		value  func(*result.PolicyRun) float64
		want   float64
		within float64 // half of the interval at most
	}{
		// Erlang's loss formula for 20 on 30, and what it carries.
		{"loss", "loss.yaml", []string{"365d", "15d"}, blocking, 0.00845749834019, 0.0015},
		{"load carried", "loss.yaml", []string{"365d", "5d"}, mean, 19.8308500332, 0.5},
		// Engset's call congestion of 30 people, 0.3 as long there as away, on 10.
		{"finite", "finite.yaml", []string{"365d", "30d"}, blocking, 0.0619081117811, 0.006},
		// Erlang's formula for 2/s times 10 s + 4 s exp(-10/4) on 25.
		{"calls", "calls.yaml", []string{"5d", "4h"}, blocking, 0.0605675745242, 0.008},
		// 0.05/s times 0.4 (60 s + 600 s) + 0.6 * 420 s.
		{"grace", "grace.yaml", []string{"30d", "5d"}, mean, 25.8, 0.5},
		// 100 (1 - exp(-(60 s + 600 s) / 1800 s)).
		{"names", "named.yaml", []string{"60d", "5d"}, mean, 30.6959379914, 0.3},
		// 1 - exp(-10 s * 0.1/s).
		{"hold", "window.yaml", []string{"10d", "2d"}, mean, 0.632120558829, 0.01},
		// The chain with memory, by elimination; without memory 1.368.
		{"transition", "sticky.yaml", []string{"10d", "2d"}, mean, 1.77854226379, 0.08},
		// Kaufman and Roberts: 20 that need 1 unit and 0.5 that need 26, on 64.
		{"classes", "classes.yaml", []string{"365d", "15d"}, mean, 28.776464528, 1},
		// 400 people spread over an hour stay for half an hour: at its end there
		// are 400 / 2 (1 - exp(-2)).
		{"storm", "storm.yaml", nil, func(p *result.PolicyRun) float64 { return float64(p.First.UnitsAtEnd) }, 172.932943353, 20},
	}
	const seeds = 10
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var values []float64
			for seed := range seeds {
				values = append(values, tt.value(ran(t, tt.file, seed+1, tt.pairs...)))
			}
			m := stats.MeanInterval(values, 0.999)
			t.Logf("%.6g (%.6g to %.6g), exact %.6g", m.Mean, m.Low, m.High, tt.want)
			if half := (m.High - m.Low) / 2; math.Abs(m.Mean-tt.want) > half || half > tt.within {
				t.Errorf("%v (%v to %v), want %v within %v", m.Mean, m.Low, m.High, tt.want, tt.within)
			}
		})
	}
	// 75 pollers in even phases have 25 calls at once, and 76 have 26.
	for count, want := range map[int]int{75: 1, 76: 26} {
		if p := ran(t, "phases.yaml", 1, "count: 75", fmt.Sprint("count: ", count)); p.First.Peak.Units != want {
			t.Errorf("%d pollers need %d units, want %d", count, p.First.Peak.Units, want)
		}
	}
}
