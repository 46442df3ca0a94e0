package scenario

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"highwater/engine"
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

// beside reads files from the folder of a scenario.
func beside(folder string) func(string) ([]byte, error) {
	return func(path string) ([]byte, error) { return os.ReadFile(filepath.Join(folder, path)) }
}

// scenarios calls f for each scenario in a folder of testdata.
func scenarios(t *testing.T, folder string, f func(t *testing.T, file string, data []byte)) {
	files, err := filepath.Glob(filepath.Join("testdata", folder, "*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no scenarios in %s: %v", folder, err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".yaml"), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			f(t, file, data)
		})
	}
}

func want(file string) string { return strings.TrimSuffix(file, ".yaml") + ".want" }

// What good files say is in the .want file beside them, every default
// filled in.
func TestParseGood(t *testing.T) {
	scenarios(t, "good", func(t *testing.T, file string, data []byte) {
		s, err := Parse(filepath.Base(file), data, beside(filepath.Dir(file)))
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		dump(&b, "", reflect.ValueOf(*s))
		golden(t, want(file), b.Bytes())
	})
}

// dump writes the fields of v that are not zero, one a line.
func dump(b *bytes.Buffer, path string, v reflect.Value) {
	switch x := v.Interface().(type) {
	case engine.Time:
		fmt.Fprintf(b, "%s %vs\n", path, x.Seconds())
		return
	case engine.Policy:
		fmt.Fprintf(b, "%s %q: %s %v\n", path, x.Name, x.Base, x.Changed)
		return
	case Dist:
		fmt.Fprintf(b, "%s %q:", path, x.Text)
		for i := range v.NumField() - 1 {
			if f := v.Field(i); !f.IsZero() {
				fmt.Fprintf(b, " %s %v", strings.ToLower(v.Type().Field(i).Name), f)
			}
		}
		b.WriteByte('\n')
		return
	case time.Time, Kind, engine.Via:
		fmt.Fprintf(b, "%s %v\n", path, x)
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Field(i); !f.IsZero() {
				dump(b, strings.TrimPrefix(path+"."+v.Type().Field(i).Name, "."), f)
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			dump(b, fmt.Sprintf("%s[%d]", path, i), v.Index(i))
		}
	default:
		fmt.Fprintf(b, "%s %#v\n", path, v.Interface())
	}
}

// The mistakes of bad files are in the .want file beside them, hints indented.
func TestParseBad(t *testing.T) {
	scenarios(t, "bad", func(t *testing.T, file string, data []byte) {
		_, err := Parse(filepath.Base(file), data, beside(filepath.Dir(file)))
		var list Errors
		if !errors.As(err, &list) {
			t.Fatalf("got %v, want Errors", err)
		}
		var b bytes.Buffer
		for _, e := range list {
			fmt.Fprintln(&b, e)
			if e.Hint != "" {
				fmt.Fprintf(&b, "    hint: %s\n", e.Hint)
			}
		}
		golden(t, want(file), b.Bytes())
	})
}
