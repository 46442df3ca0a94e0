package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"highwater/internal/golden"
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
	golden.Check(t, filepath.Join(root, "scenarios", "hospital-day.svg"), got)
}
