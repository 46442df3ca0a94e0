package main

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// repeated yields one byte so many times, and watches how much memory is in
// use meanwhile.
type repeated struct {
	b    byte
	left int
	heap uint64 // the most so far
}

func (r *repeated) Read(p []byte) (int, error) {
	if r.left == 0 {
		return 0, io.EOF
	}
	n := min(len(p), r.left)
	for i := range n {
		p[i] = r.b
	}
	if r.left%(4<<20) < n {
		r.heap = max(r.heap, heap())
	}
	r.left -= n
	return n, nil
}

func heap() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// A line of 100 MB is refused by name and place, and is not kept.
func TestHugeLine(t *testing.T) {
	const size, most = 100_000_000, 32 << 20
	tests := []struct {
		args, start, want string
	}{
		{"replay -", "", "standard input:1: line is longer than 1048576 bytes\n"},
		{"replay -", `{"op":"request","at":0,"for":1,"via":"rest","user":"`, "standard input:1: line is longer than 1048576 bytes\n"},
		{"import -", "", "standard input:1: want lines of text of less than 64 KiB to find the format by\n"},
		{"import - --format common", "", "standard input:1: "},
		{"run -", "", "standard input:1:1: the file must have at most 4 MiB, and has more\n"},
		{"check -", "name: ", "standard input:1:1: the file must have at most 4 MiB, and has more\n"},
	}
	for _, tt := range tests {
		t.Run(tt.args, func(t *testing.T) {
			runtime.GC()
			before, line := heap(), &repeated{b: 'x', left: size}
			code, out, errs := highwater(t.Context(), io.MultiReader(strings.NewReader(tt.start), line), strings.Fields(tt.args)...)
			if code != exitInvalid || out != "" || !strings.HasPrefix(errs, tt.want) {
				t.Errorf("exit code %d, %q and %.200q; want 4, nothing and %q", code, out, errs, tt.want)
			}
			if line.heap > before+most {
				t.Errorf("%d MiB were in use, want at most %d", (line.heap-before)>>20, most>>20)
			}
			if len(errs) > 2000 {
				t.Errorf("the message has %d bytes", len(errs))
			}
		})
	}
}

// A file of numbers that has no end, or 16 GiB, is refused where the scenario
// names it, and no more of it is read than that takes.
func TestHugeSample(t *testing.T) {
	const day = "name: ward\nduration: 2h\nlicense: {units: 2}\ncohorts:\n  - name: nurses\n    kind: users\n    count: 2\n    arrivals: start\n    session: empirical(stays.txt, min)\n"
	path := folder(t, map[string]string{"ward.yaml": day, "stays.txt": ""})
	if err := os.Truncate(path("stays.txt"), 16<<30); err != nil { // a hole, which takes no room
		t.Skip(err)
	}
	want := path("ward.yaml") + `:9:14: cohort "nurses": session must name a file of at most 64 MiB, not "empirical(stays.txt, min)"` + "\n"
	for _, args := range [][]string{{"check", path("ward.yaml")}, {"run", path("ward.yaml"), "--reps", "1"}, {"attack", path("ward.yaml"), "--target", "http://127.0.0.1:1", "--dry-run"}} {
		code, out, errs := highwater(t.Context(), nil, args...)
		if code != exitInvalid || out != "" || errs != want {
			t.Errorf("%q: exit code %d, %q and %q; want 4, nothing and %q", args, code, out, errs, want)
		}
	}
	if runtime.GOOS != "linux" {
		return
	}
	write(t, path("ward.yaml"), strings.Replace(day, "stays.txt", "endless.txt", 1))
	if err := os.Symlink("/dev/zero", path("endless.txt")); err != nil {
		t.Fatal(err)
	}
	if code, _, errs := highwater(t.Context(), nil, "check", path("ward.yaml")); code != exitInvalid || !strings.Contains(errs, "at most 64 MiB") {
		t.Errorf("exit code %d: %s", code, errs)
	}
}

// A long line in the middle of a log is counted and passed over.
func TestHugeLineInALog(t *testing.T) {
	in := io.MultiReader(strings.NewReader(strings.Repeat(access, 1000)), &repeated{b: 'x', left: 50_000_000}, strings.NewReader("\n"+access))
	code, out, errs := highwater(t.Context(), in, "import", "-")
	if code != 0 || strings.Count(out, `"op":"request"`) != 1001 {
		t.Errorf("exit code %d and %d requests, want 0 and 1,001\n%.500s", code, strings.Count(out, `"op":"request"`), errs)
	}
	if !strings.Contains(errs, "1 line not of the log:\n  standard input:1001: ") {
		t.Errorf("the line is not told of:\n%.500s", errs)
	}
}

// What is no text is told as such by every command, without a panic.
func TestBinaryInput(t *testing.T) {
	data := make([]byte, 200_000)
	x := uint32(1)
	for i := range data {
		x = x*1664525 + 1013904223
		data[i] = byte(x >> 24)
	}
	inputs := map[string][]byte{
		"noise": data, "zeros": make([]byte, 200_000), "nul line": []byte("\x00\n"), "elf": append([]byte("\x7fELF\x02\x01\x01\x00"), data...),
		"zip": append([]byte("PK\x03\x04"), data...), "gzip of noise": append([]byte{0x1f, 0x8b}, data...),
		"zstd of noise": append([]byte{0x28, 0xb5, 0x2f, 0xfd}, data...), "utf-16": []byte("\xff\xfen\x00a\x00m\x00e\x00:\x00"),
		"bzip2": append([]byte("BZh91AY&SY"), data...),
	}
	for name, data := range inputs {
		for _, args := range []string{"run -", "check -", "replay -", "import -", "replay --from auto -"} {
			t.Run(name+"/"+args, func(t *testing.T) {
				code, out, errs := highwater(t.Context(), bytes.NewReader(data), strings.Fields(args)...)
				if code != exitInvalid || out != "" {
					t.Errorf("exit code %d and %.100q, want 4 and nothing", code, out)
				}
				if !strings.HasPrefix(errs, "standard input:") {
					t.Errorf("the message does not begin with the input's name: %.300q", errs)
				}
				for _, r := range errs {
					if r < ' ' && r != '\n' || r == 0x7f {
						t.Fatalf("the message would send %q to a terminal: %.300q", r, errs)
					}
				}
			})
		}
	}
}

// A scenario with thirty mistakes has thirty lines, each with its place.
func TestThirtyMistakes(t *testing.T) {
	name := filepath.Join(root, "scenario", "testdata", "bad", "thirty.yaml")
	code, out, errs := highwater(t.Context(), strings.NewReader(""), "check", name)
	if code != exitInvalid || out != "" {
		t.Errorf("exit code %d and %q, want 4 and nothing", code, out)
	}
	places, last := 0, 0
	for _, l := range strings.Split(strings.TrimSpace(errs), "\n") {
		var n, column int
		rest, isPlace := strings.CutPrefix(l, name+":")
		if !isPlace {
			if !strings.HasPrefix(l, "highwater: hint: ") {
				t.Errorf("neither a place nor a hint: %q", l)
			}
			continue
		}
		if _, err := fmt.Sscanf(rest, "%d:%d:", &n, &column); err != nil || n < last {
			t.Errorf("line %d:%d after line %d: %q", n, column, last, l)
		}
		last = n
		places++
	}
	if places < 30 {
		t.Errorf("%d mistakes were found, want 30 or more", places)
	}
}

// Every log of the importer's test data is known for what it is, and becomes
// a trace that replays to the same as the log.
func TestLogFormats(t *testing.T) {
	logs, err := filepath.Glob(filepath.Join(root, "sim", "trace", "accesslog", "testdata", "*.log"))
	if err != nil || len(logs) < 15 {
		t.Fatalf("found %d logs: %v", len(logs), err)
	}
	others := map[string]string{"cloudfront": "iis", "combined-request-time": "combined-time"}
	for _, name := range logs {
		format := strings.TrimSuffix(filepath.Base(name), ".log")
		t.Run(format, func(t *testing.T) {
			code, tape, errs := highwater(t.Context(), nil, "import", name)
			if code != 0 {
				t.Fatalf("exit code %d: %s", code, errs)
			}
			if want := cmp.Or(others[format], format); !strings.HasPrefix(errs, name+": "+want+" (") {
				t.Errorf("not known for %s:\n%s", want, errs)
			}
			code, ofTrace, errs := highwater(t.Context(), strings.NewReader(tape), "replay", "-", "--json")
			if code != 0 || errs != "" {
				t.Fatalf("exit code %d: %s", code, errs)
			}
			_, ofLog, _ := highwater(t.Context(), nil, "replay", "--from", "auto", "--json", name)
			if ofTrace != ofLog {
				t.Errorf("the trace counts\n%s\nthe log\n%s", ofTrace, ofLog)
			}
		})
	}
}
