package trace

import (
	"bytes"
	"encoding/json"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"highwater/engine"
	"highwater/sim/result"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func golden(t *testing.T, file string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, got, 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v (run go test -update)", err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs; run go test -update and read the diff\ngot:\n%s", file, got)
	}
}

// replay replays a trace with what its header says.
func replay(name string, r io.Reader, lenient bool) (*result.Replay, error) {
	j := NewJSONReader(name, r)
	h := j.Header()
	p, _ := engine.NamedPolicy(h.Policy)
	for _, o := range h.Options {
		if err := p.Set(o.Name, o.Value); err != nil {
			return nil, err
		}
	}
	units := p.DefaultUnits
	if h.HasUnits {
		units = h.Units
	}
	return Run(j, Options{Policy: p, Units: units, End: h.End, Epoch: h.Epoch, Name: name, Lenient: lenient})
}

// lines is a trace of lines.
func lines(list ...string) io.Reader { return strings.NewReader(strings.Join(list, "\n") + "\n") }

func TestResults(t *testing.T) {
	files, err := filepath.Glob("testdata/*.jsonl")
	if err != nil || len(files) == 0 {
		t.Fatalf("no traces: %v", err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(file, ".jsonl")
		t.Run(filepath.Base(name), func(t *testing.T) {
			f, err := os.Open(file)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			res, err := replay(file, f, false)
			if err != nil {
				t.Fatal(err)
			}
			got, err := json.MarshalIndent(res, "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			got = []byte(strings.NewReplacer(`\u003c`, "<", `\u003e`, ">").Replace(string(got)))
			golden(t, name+".want", append(got, '\n'))
		})
	}
}
