package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// The README's chart is the one that run draws.
func TestChart(t *testing.T) {
	var out, errs bytes.Buffer
	dir := t.TempDir()
	if code := run(t.Context(), []string{"run", "--reps", "1", "--out", dir}, stdio{nil, &out, &errs}); code != 0 {
		t.Fatalf("run exits with %d: %s", code, &errs)
	}
	got, err := os.ReadFile(filepath.Join(dir, "units.svg"))
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(root, "scenarios", "hospital-day.svg")
	if *update {
		if err := os.WriteFile(file, got, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v (run go test -update)", err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is not what highwater run --out draws; run go test -update and look at it", file)
	}
}
