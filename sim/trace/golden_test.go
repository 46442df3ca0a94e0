package trace

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"highwater/engine"
	"highwater/internal/golden"
	"highwater/sim/result"
)

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
			golden.Check(t, name+".want", append(got, '\n'))
		})
	}
}
