package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"highwater/engine"
	"highwater/internal/golden"
	"highwater/sim/result"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain makes the test binary the program itself when it is called by the
// program's name.
func TestMain(m *testing.M) {
	// Most of the tests that run beside each other wait for requests.
	_ = flag.Set("test.parallel", "4") // unless the command line says otherwise
	testscript.Main(m, map[string]func(){"highwater": main})
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join("testdata", "script"),
		UpdateScripts:       *golden.Update,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Condition:           func(cond string) (bool, error) { return cond == "root" && os.Geteuid() == 0, nil },
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"only": only, "truncate": truncate, "samenumbers": sameNumbers,
		},
	})
}

// only DIR FILE... tells that a folder has these files and no other.
func only(ts *testscript.TestScript, _ bool, args []string) {
	entries, err := os.ReadDir(ts.MkAbs(args[0]))
	ts.Check(err)
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if !reflect.DeepEqual(names, args[1:]) {
		ts.Fatalf("%s has %q, want %q", args[0], names, args[1:])
	}
}

// truncate FILE cuts the second half of a file off.
func truncate(ts *testscript.TestScript, _ bool, args []string) {
	info, err := os.Stat(ts.MkAbs(args[0]))
	ts.Check(err)
	ts.Check(os.Truncate(ts.MkAbs(args[0]), info.Size()/2))
}

// samenumbers RESULT TRACE replays a trace and compares what came of it with
// the first replication of a simulation's result.
func sameNumbers(ts *testscript.TestScript, _ bool, args []string) {
	var sim result.Simulation
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[0])), &sim))
	var out, errs bytes.Buffer
	code := run(context.Background(), []string{"replay", ts.MkAbs(args[1]), "--json"}, stdio{strings.NewReader(""), &out, &errs})
	if code != 0 || errs.Len() > 0 {
		ts.Fatalf("replay ends with %d and says %q", code, &errs)
	}
	var replayed result.Replay
	ts.Check(json.Unmarshal(out.Bytes(), &replayed))
	p := &sim.Policies[0]
	refused := int64(0)
	for _, c := range p.Cohorts {
		refused += c.Refused
	}
	type numbers struct {
		Policy                                        string
		Units, PeakUnits, PeakConnections, UnitsAtEnd int
		PeakAt, End                                   engine.Time
		UnitSeconds                                   engine.UnitTime
		Refused                                       int64
		Transitions                                   int
	}
	got := numbers{
		replayed.Policy, replayed.Units, replayed.Peak.Units, replayed.PeakConnections, replayed.UnitsAtEnd,
		replayed.Peak.At, replayed.End, replayed.UnitSeconds, replayed.Refused, len(replayed.Transitions),
	}
	want := numbers{
		p.Policy, p.Units, p.First.Peak.Units, p.First.PeakConnections, p.First.UnitsAtEnd,
		p.First.Peak.At, sim.Duration, p.First.UnitSeconds, refused, p.First.Transitions,
	}
	if got != want {
		ts.Fatalf("replay counts %+v\nrun counted   %+v", got, want)
	}
	r, s := replayed.FirstRefusal, p.First.FirstRefusal
	if (r == nil) != (s == nil) {
		ts.Fatalf("first refusal: replay %v, run %v", r, s)
	}
	if r == nil {
		return
	}
	// Connections and web sessions have names of the trace's own.
	r.Conn, r.LicenseUserID, s.Conn, s.LicenseUserID = "", "", "", ""
	if *r != s.Refusal {
		ts.Fatalf("first refusal: replay %+v\nrun %+v", *r, s.Refusal)
	}
}
