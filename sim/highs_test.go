package sim

import (
	"context"
	"slices"
	"testing"

	"highwater/engine"
	"highwater/sim/result"

	"github.com/google/go-cmp/cmp"
)

// The highs of a replication are those of its series, stretch by stretch, and
// the highest is what it needs, whatever the key limits.
func TestHighsAreThoseOfTheSeries(t *testing.T) {
	sc := parse(t, `
name: highs
duration: 3h10m
license: {units: 12}
compare: [community]
cohorts:
  - {name: staff, kind: users, count: 30, connections: 2, arrivals: {storm: +1h, spread: 20m}, session: exp(30m)}
  - {name: calls, kind: callers, arrivals: {poisson: 4/min}, session: exp(4s)} # so few that the series has each change
`)
	samples, err := Replicate(context.Background(), Cases(sc), Options{Reps: 5, Demand: true, Detail: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range samples {
		value := func(x result.Sample) int32 {
			if s.Policy.LimitOn == engine.LimitConnections {
				return int32(x.Connections)
			}
			return int32(x.Units)
		}
		for i, highs := range s.highs {
			if got := int(slices.Max(highs)); got != s.Needed[i].Units || len(highs) != 95 { // of 2 min
				t.Errorf("%s: the highest of %d stretches of replication %d is %d, and it needs %d", s.Policy.Name, len(highs), i+1, got, s.Needed[i].Units)
			}
		}
		series := s.detail.DemandSeries
		if series == nil || len(series) > maxBuckets {
			t.Fatalf("%s: nobody is refused, or %d changes are too many to be kept", s.Policy.Name, len(series))
		}
		var want []int32
		next, use := 0, int32(0)
		for from := engine.Time(0); from < sc.Duration; from += 2 * engine.Minute {
			high := use
			for ; next < len(series) && series[next].At < from+2*engine.Minute; next++ {
				if use = value(series[next]); series[next].At == from {
					high = use // what ends at the begin is not of the stretch
				}
				high = max(high, use)
			}
			want = append(want, high)
		}
		if diff := cmp.Diff(want, s.highs[0]); diff != "" {
			t.Errorf("%s (-series, +highs):\n%s", s.Policy.Name, diff)
		}
	}
}

// Of twenty replications that need 1 to 20, one is 5 %: 1 is enough for it, and
// 19 for nineteen. All need 7 in the second stretch.
func TestRanges(t *testing.T) {
	sc := parse(t, "name: ranges\nduration: 90s\nlicense: {units: 1}\ncohorts: [{name: a, kind: users, count: 1, via: xdbc, arrivals: start, session: 1s}]\n")
	s := &Sample{Case: Cases(sc)[0], N: 20}
	for i := range s.N {
		s.highs = append(s.highs, []int32{int32(20 - i), 7})
	}
	want := []result.Range{{Low: 1, Mean: 10.5, High: 19}, {At: engine.Second, Low: 7, Mean: 7, High: 7}}
	if diff := cmp.Diff(want, s.ranges()); diff != "" {
		t.Error(diff)
	}
	if list := (&Sample{Case: s.Case}).ranges(); len(list) != 0 {
		t.Errorf("no replication has the ranges %v", list)
	}
}

// Stretches are of lengths that people use, and not too many.
func TestLengthsOfStretches(t *testing.T) {
	for duration, want := range map[engine.Time]engine.Time{
		engine.Second: engine.Second, 100 * engine.Second: engine.Second, 101 * engine.Second: 2 * engine.Second,
		2 * engine.Hour: 2 * engine.Minute, engine.Day: 15 * engine.Minute, 7 * engine.Day: 2 * engine.Hour, 365 * engine.Day: 7 * engine.Day,
		10 * 365 * engine.Day: 42 * engine.Day,
	} {
		if got := lengthFor(duration); got != want || (duration+got-1)/got > mostHighs {
			t.Errorf("%v has stretches of %v, want %v", duration, got, want)
		}
	}
}
