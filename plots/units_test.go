package plots

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"
)

var (
	update = flag.Bool("update", false, "rewrite the golden files")
	folder = flag.String("png", "", "write the sample charts as PNG into this folder, to look at")
)

func TestLook(t *testing.T) {
	if *folder == "" {
		t.Skip("no -png folder")
	}
	for _, s := range samples() {
		b, err := pngOf(&s.chart)
		if err != nil {
			t.Fatalf("%s: %v", s.name, err)
		}
		if err := os.WriteFile(filepath.Join(*folder, s.name+".png"), b, 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

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
		t.Errorf("%s differs; run go test -update and look at it", file)
	}
}
