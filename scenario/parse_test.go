package scenario

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"highwater/engine"
	"highwater/internal/golden"
)

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
		golden.Check(t, want(file), b.Bytes())
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
	case Text:
		fmt.Fprintf(b, "%s %q: %+v\n", path, x.Source, x.Parts)
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
	case reflect.Pointer:
		dump(b, path, v.Elem())
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
		golden.Check(t, want(file), b.Bytes())
	})
}

// What a license says when the file does not.
func TestLicense(t *testing.T) {
	tests := []struct {
		license string
		units   int
		policy  string
		told    string
	}{
		{"{units: 120}", 120, "iris-2022.3", ""},
		{"{units: unlimited}", 0, "iris-2022.3", ""},
		{"{policy: community}", 8, "community", ""},
		{"{policy: community, units: 5}", 5, "community", ""},
		{"{policy: community, units: unlimited}", 0, "community", ""},
		{"{policy: health-connect-hlu}", 25, "health-connect-hlu", ""},
		{"{policy: core}", 0, "core", ""},
		{"{policy: contract}", 0, "contract", ""},
		{"{policy: {base: community, hold_from: end}}", 8, "community hold_from=end", ""},
		{"{policy: {base: core, enforce: true}}", 0, "", "license: units is required"},
		{"{policy: iris-2022.3}", 0, "", "license: units is required"},
		{"{units: 0}", 0, "", "license: units must be >= 1, not 0"},
		{"{}", 0, "", "license: units is required"},
	}
	for _, tt := range tests {
		data := fmt.Appendf(nil, "name: x\nduration: 1h\nlicense: %s\ncohorts: [{name: x, kind: devices}]", tt.license)
		s, err := Parse("x", data, nil)
		switch {
		case err != nil && (tt.told == "" || !strings.HasSuffix(err.Error(), tt.told)):
			t.Errorf("%s: %v, want %q", tt.license, err, tt.told)
		case err == nil && (tt.told != "" || s.License.Units != tt.units || s.License.Policy.Name != tt.policy):
			t.Errorf("%s: %d units by %s, want %d by %s", tt.license, s.License.Units, s.License.Policy.Name, tt.units, tt.policy)
		}
	}
}

// The policies of a scenario begin with the license's own, once.
func TestPolicies(t *testing.T) {
	s, err := Parse("x", []byte("name: x\nduration: 1h\nlicense: {units: 1, policy: core}\ncompare: [cache, core, ensemble]\ncohorts: [{name: x, kind: devices}]"), nil)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, y := range s.Policies() {
		names = append(names, y.Name)
	}
	if got, want := strings.Join(names, " "), "core cache ensemble"; got != want {
		t.Errorf("policies %s, want %s", got, want)
	}
}

// Only what is the license's own policy is left out of those to compare.
func TestCompared(t *testing.T) {
	const (
		differs = `f:4:11: compare: policy "a" is named as the license's own, which differs`
		taken   = `f:4:11: compare: item 1: name must not be that of a policy that it is not, not "iris-2022.3"`
	)
	tests := []struct {
		policy, compare string
		want            string // the names of all policies, or the mistake
	}{
		{"iris-2022.3", "{name: iris-2022.3, base: core}", taken},
		{"core", "{name: iris-2022.3, base: core}", taken},
		{"iris-2022.3", "iris-2022.3", "iris-2022.3"},
		{"iris-2022.3", "{name: iris-2022.3, hold_from: start}", "iris-2022.3"},
		{"iris-2022.3", "{name: b, base: iris-2022.3}", "iris-2022.3 b"},
		{"{name: a, base: core}", "{name: a, base: cache}", differs},
		{"{name: a, base: core}", "{name: a, base: core, hold_from: end}", differs},
		{"{name: a, hold_from: end}", "{name: a}", differs},
		{"{name: a, hold_from: end}", "{name: a, hold_from: start}", differs},
		{"{name: a, base: core}", "a", "a"},
		{"{name: a, base: core}", "core", "a core"},
		{"{name: a, hold_from: end, grace_seconds: 5}", "{name: a, grace_seconds: 5s, hold_from: end}", "a"},
		{"{base: core, hold_from: end}", "{base: core, hold_from: end}", "core hold_from=end"},
	}
	for _, tt := range tests {
		data := fmt.Appendf(nil, "name: x\nduration: 1h\nlicense: {units: 1, policy: %s}\ncompare: [%s]\ncohorts: [{name: x, kind: devices}]", tt.policy, tt.compare)
		s, err := Parse("f", data, nil)
		got := fmt.Sprint(err)
		if err == nil {
			var names []string
			for _, y := range s.Policies() {
				names = append(names, y.Name)
			}
			got = strings.Join(names, " ")
		}
		if got != tt.want {
			t.Errorf("%s, %s: got %s, want %s", tt.policy, tt.compare, got, tt.want)
		}
	}
}

// An address is one, or the name of a host; what editors take is the same.
func TestAddress(t *testing.T) {
	c := newChecker(t)
	for text, good := range map[string]bool{
		"10.0.0.5": true, "255.249.199.0": true, "0.0.0.0": true, "2001:db8::1": true, "::ffff:10.0.0.5": true, "gw": true,
		"gw-1.example.org": true, "10.0.0.5.example.org": true, "10-0-0-5": true,
		"10.0.0.500": false, "10.0.0.256": false, "10.0.0": false, "10.0.0.5.6": false, "10.0.0.05": false, "10.0.0.": false,
		"10": false, "10.5": false, ".": false, "": false, "a b": false, "a,b": false, "a@b": false,
	} {
		for _, f := range []string{"proxies: [{name: p, address: %q}]\ncohorts: [{name: x, kind: devices}]", "cohorts: [{name: x, kind: devices, address: %q}]"} {
			data := fmt.Appendf(nil, "name: x\nduration: 1h\nlicense: {units: 1}\n"+f, text)
			_, err := Parse("x", data, nil)
			if (err == nil) != good {
				t.Errorf("%q: %v, want good: %v", text, err, good)
			}
			if complaints := c.file(t, data); (complaints == nil) != good {
				t.Errorf("%q: the schema says %q, want good: %v", text, complaints, good)
			}
		}
	}
}

// A file is as large as Parse says, or too large.
func TestMaxBytes(t *testing.T) {
	const start = "name: x\nduration: 1h\nlicense: {units: 1}\ncohorts: [{name: x, kind: devices}]\n"
	data := []byte(start + strings.Repeat("#"+strings.Repeat("x", 98)+"\n", MaxBytes/100))
	data = append(data, bytes.Repeat([]byte("\n"), 100)...)
	if _, err := Parse("f", data[:MaxBytes], nil); err != nil {
		t.Error(err)
	}
	_, err := Parse("f", data[:MaxBytes+1], nil)
	if got, want := fmt.Sprint(err), "f:1:1: the file must have at most 4 MiB, and has more"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// Lines and columns are those of an editor, whatever the file begins with and
// its lines end with.
func TestPositions(t *testing.T) {
	for _, data := range []string{"name: é\nseed: x\n", "\uFEFFname: é\nseed: x\n", "name: é\r\nseed: x\r\n", "name: é\nseed: x", "name: é\n{ seed: x\n"} {
		_, err := Parse("f", []byte(data), nil)
		if err == nil || !strings.Contains(err.Error(), "f:2:") {
			t.Errorf("%q: %v, want a mistake in line 2", data, err)
		}
	}
	_, err := Parse("f", []byte("{name: éééé, seed: x}"), nil)
	if err == nil || !strings.Contains(err.Error(), "f:1:20: seed") {
		t.Errorf("%v, want a mistake in column 20", err)
	}
}

func TestTooMany(t *testing.T) {
	cohorts := strings.Repeat("- {name: x, kind: devices, count: 1}\n", mostCohorts+1)
	_, err := Parse("f", []byte("name: x\nduration: 1h\nlicense: {units: 1}\ncohorts:\n"+cohorts), nil)
	if err == nil || !strings.Contains(err.Error(), "cohorts must have at most 10000 items, not 10001") {
		t.Errorf("got %.200v", err)
	}
	var list Errors
	if errors.As(err, &list); len(list) != maxErrors || !strings.Contains(list[maxErrors-1].Hint, "there may be more") {
		t.Errorf("%d mistakes, the last %+v", len(list), list[len(list)-1])
	}
}
