package sim

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"highwater/engine"

	"pgregory.net/rapid"
)

// Less of one cohort, and less of the jobs that it starts, costs no more at
// any instant.
func TestFewerCohortsCostNoMore(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawUnlimited(t)
		all := parse(t, s.text())
		text, kept := s.without(rapid.IntRange(0, len(s.names)-1).Draw(t, "gone"))
		if len(kept) == 0 {
			return
		}
		some := parse(t, text)
		p := all.License.Policy
		p.HoldExtend, p.GraceReuse = true, true
		if at, found := under(steps(all, &p), steps(some, &p)); found {
			t.Fatalf("without some it costs more at %v s\n%s", at.Seconds(), s.text())
		}
	})
}

// A use is what a license user ID has.
type use struct{ units, connections int }

// eachUse runs the first replication and tells of each license user ID whose
// use has changed. Finished calls must not count as connections.
func eachUse(v *Case, tell func(e engine.Event, u use)) {
	uses := map[engine.UserID]use{}
	once(v, true, func(e engine.Event) {
		u := uses[e.User]
		u.units += e.Units
		switch {
		case e.Kind == engine.Granted:
			u.connections++
		case e.Kind == engine.Released && e.Conn != 0:
			u.connections--
		}
		uses[e.User] = u
		if e.Kind == engine.Granted || e.Kind == engine.Released {
			tell(e, u)
		}
	})
}

// No license user ID costs less than it would if nobody remembered that it
// had more connections once, or more than its connections.
func TestMemoryCosts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := drawUnlimited(t).text()
		v := Case{Scenario: parse(t, text)}
		v.Policy = v.Scenario.License.Policy
		v.Policy.Contract, v.Policy.GraceReuse, v.Policy.HoldCountsConnection = false, true, false
		edge := v.Policy.MaxConnections
		if v.Policy.TransitionAt == engine.GeMax {
			edge--
		}
		eachUse(&v, func(e engine.Event, u use) {
			forgetful := min(u.connections, 1)
			if u.connections > edge {
				forgetful = u.connections
			}
			if u.units < forgetful || u.units > max(1, u.connections) {
				t.Fatalf("%d units for %d connections at %v s\n%s", u.units, u.connections, e.At.Seconds(), text)
			}
		})
	})
}

// With a limit on the connections of a license user ID that is no more than a
// unit's, none costs more than a unit: there are at most as many units in use
// as there are license user IDs.
func TestConnectionLimitKeepsOneUnit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := drawUnlimited(t).text()
		v := Case{Scenario: parse(t, text)}
		v.Policy = v.Scenario.License.Policy
		v.Policy.Contract, v.Policy.GraceReuse, v.Policy.HoldCountsConnection, v.Policy.TransitionAt = false, true, false, engine.GtMax
		v.Policy.ConnectionLimit = rapid.IntRange(1, v.Policy.MaxConnections).Draw(t, "connection limit")
		eachUse(&v, func(e engine.Event, u use) {
			if u.units > 1 || u.connections > v.Policy.ConnectionLimit {
				t.Fatalf("%d units for %d connections at %v s, with a limit of %d\n%s", u.units, u.connections, e.At.Seconds(), v.Policy.ConnectionLimit, text)
			}
		})
	})
}

// Which cohort a file names first changes nothing: people and their instants
// go by the cohort's name.
//
// What two cohorts do at one instant keeps the order of the file. That would
// decide whom a key refuses, which of two calls that end together begins a
// fixed window, whether one visit finds the grace of another, and whether a
// session that lasts no time is the one that makes a transition. So there is
// no key here, a hold extends, a grace is shared, and a unit has one
// connection, when a transition changes no cost.
func TestOrderOfCohorts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawUnlimited(t)
		sc := parse(t, s.text())
		order := rapid.Permutation(s.blocks).Draw(t, "order")
		other := parse(t, s.head+"cohorts:\n"+strings.Join(order, ""))
		p := sc.License.Policy
		p.HoldExtend, p.GraceReuse, p.MaxConnections = true, true, 1
		if got, want := steps(other, &p), steps(sc, &p); !slices.Equal(compact(got), compact(want)) {
			t.Fatalf("in another order\n%v, not\n%v\n%s", got, want, s.text())
		}
	})
}

// compact leaves out steps that change nothing.
func compact(list []step) []step {
	return slices.CompactFunc(slices.Clone(list), func(a, b step) bool { return a.units == b.units })
}

// Two scenarios that share nothing, in one file, use the sum of what they use
// in two.
func TestScenariosAddUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := fill(&sketch{t: t, alone: true}), fill(&sketch{t: t, alone: true})
		for i, name := range b.names {
			b.blocks[i] = strings.Replace(b.blocks[i], "name: "+name, "name: other "+name, 1)
		}
		text := a.head + "cohorts:\n" + strings.Join(append(a.blocks, b.blocks...), "")
		both := parse(t, text)
		only := func(blocks []string) []step {
			sc := parse(t, a.head+"cohorts:\n"+strings.Join(blocks, ""))
			return steps(sc, &sc.License.Policy)
		}
		first, second := only(a.blocks), only(b.blocks)
		sum := slices.Clone(first)
		for i := range sum {
			sum[i].units += unitsAt(second, sum[i].at)
		}
		for _, s := range second {
			sum = append(sum, step{s.at, s.units + unitsAt(first, s.at)})
		}
		slices.SortStableFunc(sum, func(a, b step) int { return int(a.at - b.at) })
		if whole := steps(both, &both.License.Policy); !slices.Equal(compact(whole), compact(sum)) {
			t.Fatalf("together\n%v, apart\n%v\n%s", whole, sum, text)
		}
	})
}

// unitsAt is how many units are in use at the end of an instant.
func unitsAt(list []step, at engine.Time) int {
	i, found := slices.BinarySearchFunc(list, at, func(s step, at engine.Time) int { return int(s.at - at) })
	if !found {
		i--
	}
	return list[i].units
}

// A key that is larger than what is needed refuses nobody, and one without
// limit does the same.
func TestLargeKeyRefusesNobody(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := drawScenario(t).text()
		v := Case{Scenario: parse(t, text)}
		v.Policy = v.Scenario.License.Policy
		v.Policy.Enforce, v.Policy.UserLimit, v.Policy.ConnectionLimit = true, 0, 0
		all := []string{}
		for _, v.Units = range []int{0, 1_000_000, math.MaxInt32} {
			w := newWorld(v.Scenario, &v.Policy, v.Units, nil, nil)
			w.reset(v.Scenario.Seed, 0)
			w.run(context.Background(), nil)
			if w.first != nil {
				t.Fatalf("a key of %d refuses: %+v\n%s", v.Units, w.first, text)
			}
			all = append(all, fmt.Sprint(w.table.Peak(), w.table.UnitTime().Seconds(), w.table.Usage()))
		}
		if slices.Sort(all); all[0] != all[2] {
			t.Fatalf("keys that refuse nobody differ: %q\n%s", all, text)
		}
	})
}
