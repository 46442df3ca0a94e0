package scenario

import (
	"bytes"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"highwater/engine"
)

// Whatever the bytes, Parse gives a whole scenario or mistakes with places in
// the file.
func FuzzParse(f *testing.F) {
	files, err := filepath.Glob("testdata/*/*.yaml")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := Parse("f.yaml", data, func(string) ([]byte, error) { return []byte("1\n2\n"), nil })
		if err == nil {
			wholesome(t, s)
			return
		}
		var list Errors
		if !errors.As(err, &list) || len(list) == 0 {
			t.Fatalf("got %T %v, want Errors", err, err)
		}
		lines := bytes.Split(data, []byte("\n"))
		for _, e := range list {
			p := e.Pos
			if p.Line < 1 || p.Line > len(lines) || p.Column < 1 || p.Column > utf8.RuneCount(lines[p.Line-1])+1 {
				t.Errorf("%v: not in the file", e)
			}
			for _, word := range []string{"\n", "map[", "yaml.", "yaml:", "scenario.", "strconv", "%!"} {
				if strings.Contains(e.Msg, word) && !bytes.Contains(data, []byte(word)) {
					t.Errorf("%v: says %q", e, word)
				}
			}
		}
	})
}

// wholesome checks what readers of a Scenario rely on.
func wholesome(t *testing.T, s *Scenario) {
	t.Helper()
	if s.Name == "" || s.Duration <= 0 || s.Reps < 1 || s.License.Policy.Name == "" || len(s.Cohorts) == 0 {
		t.Errorf("not whole: %+v", s)
	}
	for _, x := range s.Proxies {
		if x.Cap > 0 && x.Pool > 0 || (x.Cap > 0) != (x.Patience.Law != Unset) {
			t.Errorf("neither a pool nor a gateway: %+v", x)
		}
	}
	for i := range s.Cohorts {
		c := &s.Cohorts[i]
		a := &c.Arrivals
		switch {
		case c.Name == "" || c.Kind == 0 || c.Via == 0 || c.Line == 0:
			t.Errorf("no name, kind or via: %+v", c)
		case (a.Form == 0) != (c.Kind == Jobs):
			t.Errorf("arrivals: %+v", c)
		case a.Form == Poisson && (a.Rates[0].At != 0 || a.Cycle == 0):
			t.Errorf("a curve that does not begin at 0: %+v", a)
		case c.Count == 0 && c.Kind != Jobs && a.Form != Poisson && a.Form != Explicit:
			t.Errorf("no count: %+v", c)
		case c.Through > len(s.Proxies) || c.StartedBy >= len(s.Cohorts):
			t.Errorf("a reference to nothing: %+v", c)
		case (c.Kind == Browsers || c.Kind == Callers) && (c.Pages.Law == Unset || c.Windows.Law == Unset):
			t.Errorf("no pages: %+v", c)
		case c.Kind != Browsers && c.Lasts.Law == Unset:
			t.Errorf("no length: %+v", c)
		case c.Kind == Browsers && (c.Lasts.Law == Unset) == (c.Think.Law == Unset):
			t.Errorf("neither or both of think and lasts: %+v", c)
		}
		for _, d := range []Dist{c.Connections, c.Devices, c.Lasts, c.Pages, c.Think, c.Windows, c.Delay, a.Every, a.Jitter, a.Idle, c.OnRefusal.Retry} {
			if v := d.Expected(); v < 0 || math.IsNaN(v) || d.Law != Forever && v > longest.Seconds() || d.CV < 0 || d.Law == Empirical && d.Values == nil {
				t.Errorf("not a distribution: %+v", d)
			}
		}
	}
}

// Files made to take long do not.
func TestParseSoon(t *testing.T) {
	const size = MaxBytes / 4 // four times as much takes four times as long
	fill := func(s string) []byte { return []byte(strings.Repeat(s, size/len(s))) }
	head := "name: x\nduration: 1h\nlicense: {units: 1}\ncohorts:\n"
	tests := map[string][]byte{
		"duplicates":      fill("a: b\n"),
		"flow lists":      fill("["),
		"flow mappings":   fill("{"),
		"flow pairs":      fill("{a: "),
		"dashes":          fill("- "),
		"questions":       fill("? "),
		"colons":          fill(": "),
		"comments":        fill("#\n"),
		"commented":       fill("# x\na:\n"),
		"anchors":         fill("&a "),
		"aliases":         fill("- *a\n"),
		"tags":            fill("!!a "),
		"quotes":          fill(`"`),
		"one scalar":      fill("x"),
		"one list":        append([]byte("name: ["), fill("a,")...),
		"tabs":            fill("\t"),
		"blanks":          fill("\n"),
		"block scalars":   fill("a: |\n  b\n"),
		"documents":       fill("---\n"),
		"misplaced":       append([]byte("a:\n  - b\n c: d\n"), fill("- x\n")...),
		"cohorts":         append([]byte(head), fill("- {name: x}\n")...),
		"unknown fields":  append([]byte(head+"- name: x\n  kind: devices\n"), fill("  countt: 5\n")...),
		"points":          append([]byte(head+"- name: x\n  kind: callers\n  arrivals:\n    poisson:\n"), fill("      weekdays 08:00: 5/s\n")...),
		"distribution":    append([]byte(head+"- name: x\n  kind: devices\n  session: exp("), fill("mean ")...),
		"duration":        append([]byte("duration: "), fill("1s")...),
		"long field name": append(fill("x"), ": y\n"...),
		"too long":        bytes.Repeat([]byte("x"), MaxBytes+1),
	}
	for name, data := range tests {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			_, err := Parse("f.yaml", data, nil)
			took := time.Since(start)
			var list Errors
			if !errors.As(err, &list) {
				t.Fatalf("got %v, want Errors", err)
			}
			t.Logf("%v: %d mistakes, first %.200v", took.Round(time.Millisecond), len(list), list[0])
			if took > 20*time.Second {
				t.Errorf("took %v", took)
			}
			if len(list) > maxErrors {
				t.Errorf("%d mistakes are listed, want at most %d", len(list), maxErrors)
			}
			for _, e := range list {
				if len(e.Error()) > 1000 {
					t.Errorf("a message of %d bytes", len(e.Error()))
				}
			}
		})
	}
}

// The clock of a run is the engine's: instants are whole microseconds.
func TestParseTimes(t *testing.T) {
	s, err := Parse("x", []byte("name: x\nduration: 0.0000015h\nlicense: {units: 1}\ncohorts: [{name: x, kind: devices}]"), nil)
	if err != nil || s.Duration != 5400*engine.Microsecond {
		t.Errorf("got %+v, %v", s, err)
	}
}
