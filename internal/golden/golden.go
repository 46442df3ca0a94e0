// Package golden compares what a test makes with a file that was looked at.
package golden

import (
	"bytes"
	"flag"
	"os"
	"strings"
	"testing"
)

// Update has the tests rewrite what they compare with.
var Update = flag.Bool("update", false, "rewrite the golden files")

// Check compares got with a file, or writes it there.
func Check(t *testing.T, file string, got []byte) {
	t.Helper()
	if *Update {
		if err := os.WriteFile(file, got, 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v (run go test -update)", err)
	}
	if bytes.Equal(got, want) {
		return
	}
	a, b := strings.Split(string(got)+"\n", "\n"), strings.Split(string(want)+"\n", "\n")
	i := 0
	for a[i] == b[i] {
		i++
	}
	t.Errorf("%s:%d: differs; run go test -update and read the diff\ngot  %.500q\nwant %.500q", file, i+1, a[i], b[i])
}
