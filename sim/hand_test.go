package sim

import (
	"fmt"
	"strings"
	"testing"

	"highwater/engine"
	"highwater/sim/result"
	"highwater/sim/trace"

	"github.com/google/go-cmp/cmp"
)

// Cases that can be worked out by hand.

// played replays the lines of a trace and lists the units in use after each
// instant at which they changed, as "seconds:units".
func played(t *testing.T, units int, set string, lines ...string) (*result.Replay, string) {
	t.Helper()
	p, _ := engine.NamedPolicy("")
	for setting := range strings.FieldsSeq(set) {
		name, value, _ := strings.Cut(setting, "=")
		if err := p.Set(name, value); err != nil {
			t.Fatal(err)
		}
	}
	type use struct {
		at    engine.Time
		units int
	}
	var uses []use
	res, err := trace.Run(trace.NewJSONReader("hand", strings.NewReader(strings.Join(lines, "\n"))), trace.Options{Policy: p, Units: units,
		Usage: func(at engine.Time, units, _ int) {
			if n := len(uses); n > 0 && uses[n-1].at == at {
				uses = uses[:n-1]
			}
			if n := len(uses); n == 0 || uses[n-1].units != units {
				uses = append(uses, use{at, units})
			}
		}})
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, u := range uses {
		list = append(list, fmt.Sprintf("%s:%d", u.at.AppendSeconds(nil), u.units))
	}
	return res, strings.Join(list, " ")
}

func connects(from, n int, name, addr string) (lines []string) {
	for i := range n {
		lines = append(lines, fmt.Sprintf(`{"op":"connect","at":%d,"conn":"%s%d","via":"xdbc","addr":%q}`, from+i, name, i, addr))
	}
	return lines
}

func disconnects(from, n int, name string) (lines []string) {
	for i := range n {
		lines = append(lines, fmt.Sprintf(`{"op":"disconnect","at":%d,"conn":"%s%d"}`, from+i, name, i))
	}
	return lines
}

func TestByHand(t *testing.T) {
	all := func(lists ...[]string) (lines []string) {
		for _, l := range lists {
			lines = append(lines, l...)
		}
		return lines
	}
	five := all(connects(0, 1, "u", "10.0.0.1"), connects(0, 1, "v", "10.0.0.2"), connects(0, 1, "w", "10.0.0.3"),
		connects(0, 1, "x", "10.0.0.4"), connects(0, 1, "y", "10.0.0.5"))
	visit := func(begin, end int, pages int) (lines []string) {
		name := fmt.Sprint("s", begin)
		lines = append(lines, fmt.Sprintf(`{"op":"connect","at":%d,"conn":%q,"via":"csp","user":"ann","addr":"10.0.0.9"}`, begin, name))
		for range pages - 1 {
			lines = append(lines, fmt.Sprintf(`{"op":"page","at":%d,"conn":%q}`, begin+1, name))
		}
		return append(lines, fmt.Sprintf(`{"op":"disconnect","at":%d,"conn":%q,"how":"logout"}`, end, name))
	}
	calls := func(own bool) (lines []string) {
		for i, at := range []int{0, 5, 12} {
			addr := "10.0.0.9"
			if own {
				addr = fmt.Sprint("10.0.0.", i)
			}
			lines = append(lines, fmt.Sprintf(`{"op":"request","at":%d,"for":0,"via":"rest","addr":%q}`, at, addr))
		}
		return append(lines, `{"op":"key","at":60,"units":0}`)
	}
	tests := []struct {
		name    string
		units   int
		set     string
		lines   []string
		want    string // seconds:units
		peak    engine.Peak
		trips   int
		refused int64
	}{
		{"26 connections cost 26 units until all are closed", 0, "",
			all(connects(1, 26, "a", "10.0.0.1"), disconnects(30, 25, "a"), connects(60, 1, "b", "10.0.0.1"),
				[]string{`{"op":"disconnect","at":70,"conn":"b0"}`, `{"op":"disconnect","at":71,"conn":"a25"}`}, connects(80, 1, "c", "10.0.0.1")),
			"1:1 26:26 30:25 31:24 32:23 33:22 34:21 35:20 36:19 37:18 38:17 39:16 40:15 41:14 42:13 43:12 44:11 45:10 46:9 47:8 48:7 49:6 50:5 51:4 52:3 53:2 54:1 " +
				"60:2 70:1 71:0 80:1", engine.Peak{Units: 26, At: 26 * engine.Second}, 1, 0},
		{"calls of one address share a hold", 0, "", calls(false), "0:1 22:0", engine.Peak{Units: 1}, 0, 0},
		{"calls of three addresses", 0, "", calls(true), "0:1 5:2 10:1 12:2 15:1 22:0", engine.Peak{Units: 2, At: 5 * engine.Second}, 0, 0},
		{"a visit in the grace of another", 0, "", all(visit(0, 60, 1), visit(500, 560, 1), visit(2000, 2060, 2)), "0:1 1160:0 2000:1 2060:0", engine.Peak{Units: 1}, 0, 0},
		{"a transition that lacks one unit", 30, "", all(five, connects(1, 26, "a", "10.0.0.9")), "0:5 1:6", engine.Peak{Units: 6, At: engine.Second}, 0, 1},
		{"a transition that takes the last unit", 31, "", all(five, connects(1, 26, "a", "10.0.0.9")), "0:5 1:6 26:31", engine.Peak{Units: 31, At: 26 * engine.Second}, 1, 0},
		{"a connection limit", 0, "connection_limit=25", connects(1, 26, "a", "10.0.0.9"), "1:1", engine.Peak{Units: 1, At: engine.Second}, 0, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			res, got := played(t, tt.units, tt.set, tt.lines...)
			if got != tt.want {
				t.Errorf("units %s, want %s", got, tt.want)
			}
			if res.Peak != tt.peak || len(res.Transitions) != tt.trips || res.Refused != tt.refused {
				t.Errorf("peak %v, %d transitions, %d refused; want %v, %d, %d", res.Peak, len(res.Transitions), res.Refused, tt.peak, tt.trips, tt.refused)
			}
		})
	}
}

// Whether the 26th connection comes before or after the first one ends decides
// between one unit and 26 for ever: 75 pollers in even phases have exactly 25
// calls in ten seconds, as what ends at an instant ends before what begins.
func TestTies(t *testing.T) {
	tests := []struct {
		count       int
		peak        int // units
		connections int
		transitions int
	}{
		{60, 1, 20, 0},
		{75, 1, 25, 0},
		{76, 26, 26, 1},
		{78, 26, 26, 1},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprint(tt.count), func(t *testing.T) {
			sc := oracle(t, "phases.yaml", "count: 75", fmt.Sprint("count: ", tt.count))
			f := run(t, sc, Options{Reps: 1}).Policies[0].First // all replications are alike
			if f.Peak.Units != tt.peak || f.PeakConnections != tt.connections || f.Transitions != tt.transitions {
				t.Errorf("%d pollers: peak %d units, %d connections, %d transitions; want %d, %d, %d",
					tt.count, f.Peak.Units, f.PeakConnections, f.Transitions, tt.peak, tt.connections, tt.transitions)
			}
			if tt.transitions == 0 {
				return
			}
			// They never reset: from then on each connection costs a unit.
			if f.UnitsAtEnd < 25 {
				t.Errorf("%d units at the end, want 25 or 26", f.UnitsAtEnd)
			}
		})
	}
}

// A session of each person every day, worked out to the second.
func TestDay(t *testing.T) {
	sc := parse(t, `
name: two days
start: 2026-11-20T22:00:00+01:00 # a Friday
duration: 2d
license: {units: 2}
cohorts:
  - {name: staff, kind: users, via: xdbc, count: 2, arrivals: {at: [23:00, sat 08:00]}, session: 1h}
  - name: late
    kind: users
    via: xdbc
    arrivals: {at: [+1h30m, weekdays 08:00]}
    session: 10m
    on_refusal: {retry: 10m, times: 4, backoff: 2}
`)
	var got []string
	res := run(t, sc, Options{Reps: 1, Trace: func(e *trace.Event) {
		got = append(got, fmt.Sprintf("%s %s %s", e.At.AppendSeconds(nil), e.Op, e.Addr))
	}}).Policies[0]
	want := []string{
		// Friday, 23:00: both have a unit until 24:00.
		"3600 connect staff-1", "3600 connect staff-2",
		// 23:30, 23:40 and 24:00; by then units are free again.
		"5400 connect late-1", "6000 disconnect ", "6000 connect late-1",
		"7200 disconnect ", "7200 disconnect ", "7200 disconnect ", "7200 connect late-1", "7800 disconnect ",
		// Saturday, 08:00. Monday is not reached.
		"36000 connect staff-1", "36000 connect staff-2", "39600 disconnect ", "39600 disconnect ",
		// Saturday, 23:00.
		"90000 connect staff-1", "90000 connect staff-2", "93600 disconnect ", "93600 disconnect ",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("want (-), got (+):\n%s", diff)
	}
	if res.First.UnitSeconds.Seconds() != 6*3600+600 || res.First.Peak != (engine.Peak{Units: 2, At: engine.Hour}) {
		t.Errorf("%v unit-seconds, peak %v", res.First.UnitSeconds.Seconds(), res.First.Peak)
	}
	f := res.First.FirstRefusal
	if f == nil || f.At != 5400*engine.Second || f.Cohort != "late" || f.LicenseUserID != "late-1" || f.Needed != 1 || f.InUse != 2 {
		t.Errorf("first refusal %+v", f)
	}
	if diff := cmp.Diff([]result.Cohort{{Name: "staff", Sessions: 6, Started: 6}, one(result.Cohort{Name: "late", Sessions: 1, Started: 1, Refused: 2})}, res.Cohorts); diff != "" {
		t.Errorf("cohorts: want (-), got (+):\n%s", diff)
	}
}
