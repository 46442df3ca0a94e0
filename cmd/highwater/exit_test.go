package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// highwater runs the program in this process.
func highwater(ctx context.Context, in io.Reader, args ...string) (code int, out, errs string) {
	var o, e bytes.Buffer
	code = run(ctx, args, stdio{in, &o, &e})
	return code, o.String(), e.String()
}

// ward is a small scenario.
const ward = "{name: ward, duration: 2h, license: {units: 2}, cohorts: [{name: monitors, kind: devices, count: 2}]}\n"

// call is a small trace.
const call = `{"op":"request","at":0,"for":1,"via":"rest"}` + "\n"

// access is a small log.
const access = `198.51.100.7 - - [23/Nov/2026:08:00:02 +0000] "GET /api HTTP/1.1" 200 512` + "\n"

// inFolder goes to a new folder that has these files.
func inFolder(t *testing.T, files map[string]string) {
	t.Helper()
	t.Chdir(folder(t, files)(""))
}

// folder makes a new folder that has these files, and gives the path of a name
// in it: a test that runs beside others cannot go there.
func folder(t testing.TB, files map[string]string) (path func(name string) string) {
	t.Helper()
	dir := t.TempDir()
	path = func(name string) string { return filepath.Join(dir, name) }
	for name, text := range files {
		if err := os.WriteFile(path(name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return path
}

func TestExitCodes(t *testing.T) {
	inFolder(t, map[string]string{
		"ward.yaml": ward, "bad.yaml": "name: ward\n", "day.jsonl": call, "bad.jsonl": "{\n", "access.log": access, "notes.txt": "notes\n",
		"full.yaml": strings.Replace(ward, "cohorts", "expect: [{peak: 80%}], cohorts", 1), "result.json": `{"schema":1,"kind":"sizing","policies":[]}`,
	})
	interrupt, cancel := context.WithCancelCause(t.Context())
	cancel(&interrupted{os.Interrupt})
	terminate, cancel := context.WithCancelCause(t.Context())
	cancel(&interrupted{syscall.SIGTERM})
	tests := []struct {
		ctx  context.Context // nil is one that does not end
		code int
		args string
	}{
		{nil, 0, ""},
		{nil, 0, "--version"},
		{nil, 0, "help rules"},
		{nil, 0, "run ward.yaml"},
		{nil, 0, "run ward.yaml --units 1"}, // refusals are an answer
		{nil, 0, "advise ward.yaml --units 1"},
		{nil, 0, "compare ward.yaml --units 1,2"},
		{nil, 0, "compare ward.yaml ward.yaml"},
		{nil, 0, "replay day.jsonl"},
		{nil, 0, "replay --from auto access.log"},
		{nil, 0, "explain ward.yaml --at first-refusal"}, // there is none
		{nil, 0, "explain ward.yaml --units 1 --at first-refusal"},
		{nil, 0, "explain day.jsonl"},
		{nil, 0, "import access.log"},
		{nil, 0, "gate ward.yaml --set max_connections=2 --baseline ward.json --update"},
		{nil, 0, "check ward.yaml"},
		{nil, 0, "schema"},
		{nil, 0, "init new.yaml"},

		{nil, 1, "run none.yaml"},
		{nil, 1, "run ward.yaml --out notes.txt"},
		{nil, 1, "run ward.yaml --trace none/day.jsonl"},
		{nil, 1, "advise none.yaml"},
		{nil, 1, "compare ward.yaml none.yaml"},
		{nil, 1, "compare ward.yaml --units 1,2 --out notes.txt"},
		{nil, 1, "replay none.jsonl"},
		{nil, 1, "replay ."},
		{nil, 1, "replay day.jsonl --series none/use.csv"},
		{nil, 1, "explain none.yaml"},
		{nil, 1, "explain ."},
		{nil, 1, "import none.log"},
		{nil, 1, "import access.log -o none/day.jsonl"},
		{nil, 1, "gate none.yaml"},
		{nil, 1, "gate ward.yaml --baseline none.json"},
		{nil, 1, "gate ward.yaml --badge none/gate.svg"},
		{nil, 1, "check none.yaml"},
		{nil, 1, "init ward.yaml"},
		{nil, 1, "init none/new.yaml"},
		{nil, 1, "check bad.yaml none.yaml"},

		{nil, 2, "count"},
		{nil, 2, "help nothing"},
		{nil, 2, "run --frob"},
		{nil, 2, "run --reps x ward.yaml"},
		{nil, 2, "run --policy none ward.yaml"},
		{nil, 2, "run --set none=1 ward.yaml"},
		{nil, 2, "run ward.yaml day.jsonl"},
		{nil, 2, "advise ward.yaml --policy iris-2022.3,core"},
		{nil, 2, "advise ward.yaml --risk 0.05"},
		{nil, 2, "compare ward.yaml"}, // with what?
		{nil, 2, "compare ward.yaml --units 1,1"},
		{nil, 2, "compare ward.yaml --units 1,-1"},
		{nil, 2, "compare ward.yaml --units one,two"},
		{nil, 2, "compare ward.yaml --policy core,core"},
		{nil, 2, "compare ward.yaml --policy core,none"},
		{nil, 2, "compare ward.yaml --units 1,2,3,4,5,6,7,8,9"},
		{nil, 2, "compare ward.yaml ward.yaml ward.yaml"},
		{nil, 2, "compare - -"},
		{nil, 2, "replay"},
		{nil, 2, "replay day.jsonl --json --series -"},
		{nil, 2, "explain ward.yaml day.jsonl"},
		{nil, 2, "explain ward.yaml --at noon"},
		{nil, 2, "explain ward.yaml --at 2h1s"},
		{nil, 2, "explain day.jsonl --at 12"}, // it ends at 1
		{nil, 2, "explain day.jsonl --seed 2"},
		{nil, 2, "explain ward.yaml --lenient"},
		{nil, 2, "import"},
		{nil, 2, "import access.log --log-format %h"},
		{nil, 2, "import access.log --agents"},
		{nil, 2, "gate"},
		{nil, 2, "gate ward.yaml ward.yaml"},
		{nil, 2, "gate ward.yaml --expect ward.yaml"},
		{nil, 2, "gate ward.yaml --update"},
		{nil, 2, "gate ward.yaml --more -1"},
		{nil, 2, "gate ward.yaml --slower 10"},
		{nil, 2, "gate ward.yaml --junit -"},
		{nil, 2, "gate ward.yaml --json --github"},
		{nil, 2, "gate result.json"},
		{nil, 2, "gate result.json --expect ward.yaml --seed 2"},
		{nil, 2, "check"},
		{nil, 2, "schema ward.yaml"},
		{nil, 2, "init new.yaml newer.yaml"},
		{nil, 2, "init new.yaml --people -1"},
		{nil, 2, "run none.yaml --reps 0"}, // flags come first

		{nil, 4, "run bad.yaml"},
		{nil, 4, "run day.jsonl"},
		{nil, 4, "advise bad.yaml"},
		{nil, 4, "compare ward.yaml bad.yaml"},
		{nil, 4, "replay bad.jsonl"},
		{nil, 4, "replay ward.yaml"},
		{nil, 4, "replay --from auto notes.txt"},
		{nil, 4, "explain bad.yaml"},
		{nil, 4, "explain bad.jsonl"},
		{nil, 4, "explain -"}, // nothing
		{nil, 4, "import notes.txt"},
		{nil, 4, "gate bad.yaml"},
		{nil, 4, "gate day.jsonl --baseline result.json"},
		{nil, 4, "gate ward.yaml --baseline bad.jsonl"},
		{nil, 4, "gate result.json result.json --expect ward.yaml"},
		{nil, 4, "check ward.yaml bad.yaml"},

		{nil, 3, "gate full.yaml"},
		{nil, 0, "gate full.yaml --units 3"},
		{nil, 5, "gate full.yaml --units 3 --reps 58"},
		{nil, 5, "gate ward.yaml"},                      // nothing is expected
		{nil, 5, "gate result.json --expect full.yaml"}, // and no runs are there

		{interrupt, 130, "run ward.yaml"},
		{interrupt, 130, "advise ward.yaml"},
		{interrupt, 130, "compare ward.yaml ward.yaml"},
		{interrupt, 130, "run --readings ward.yaml"},
		{interrupt, 130, "replay day.jsonl"},
		{interrupt, 130, "replay -"},
		{interrupt, 130, "explain ward.yaml"},
		{interrupt, 130, "explain day.jsonl"},
		{interrupt, 130, "explain -"},
		{interrupt, 130, "import access.log"},
		{interrupt, 130, "gate ward.yaml"},
		{interrupt, 130, "check -"},
		{terminate, 143, "run ward.yaml"},
		{terminate, 143, "replay day.jsonl"},
		{interrupt, 2, "run --reps 0"},
	}
	for _, tt := range tests {
		t.Run(tt.args, func(t *testing.T) {
			ctx := tt.ctx
			if ctx == nil {
				ctx = t.Context()
			}
			code, out, errs := highwater(ctx, strings.NewReader(""), strings.Fields(tt.args)...)
			if code != tt.code {
				t.Errorf("exit code %d, want %d\n%s", code, tt.code, errs)
			}
			if code == 0 && out == "" {
				t.Error("no answer on standard output")
			}
			if (code == 1 || code == 2) && out != "" {
				t.Errorf("no answer was to be had, yet standard output has %q", out)
			}
			if code != 0 && errs == "" {
				t.Error("nothing on standard error says why")
			}
		})
	}
}

// The page of exit codes has the program's.
func TestExitCodesAreOnThePage(t *testing.T) {
	text := page(t, "exit-codes")
	for _, code := range []int{0, exitFailed, exitUsage, exitInvalid, exitInconclusive, exitInterrupted, exitTerminated} {
		if !strings.Contains(text, "\n| "+strconv.Itoa(code)+" | ") {
			t.Errorf("exit-codes.md does not have %d", code)
		}
	}
}

// full is a standard output that cannot be written to.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left") }

// An answer that could not be printed is not given.
func TestFullOutput(t *testing.T) {
	inFolder(t, map[string]string{"ward.yaml": ward, "day.jsonl": call, "access.log": access})
	for _, args := range []string{
		"run ward.yaml", "run ward.yaml --json", "run ward.yaml --trace -", "run ward.yaml --readings", "compare ward.yaml ward.yaml", "replay day.jsonl", "replay day.jsonl --json",
		"explain day.jsonl", "explain day.jsonl --json", "gate ward.yaml", "gate ward.yaml --json", "replay day.jsonl --series -", "import access.log", "check ward.yaml", "schema", "--version",
	} {
		var errs bytes.Buffer
		code := run(t.Context(), strings.Fields(args), stdio{strings.NewReader(""), full{}, &errs})
		if code != exitFailed || !strings.Contains(errs.String(), "no space left") {
			t.Errorf("%s: exit code %d and %q, want 1 and the reason", args, code, &errs)
		}
	}
}

// An interrupted run prints and writes the replications that were done, and
// says that they are not all.
func TestInterruptedRunIsPartial(t *testing.T) {
	inFolder(t, map[string]string{"ward.yaml": ward})
	for patience := 50 * time.Millisecond; ; patience *= 2 {
		ctx, cancel := context.WithTimeoutCause(t.Context(), patience, &interrupted{os.Interrupt})
		code, out, errs := highwater(ctx, strings.NewReader(""), "run", "ward.yaml", "--reps", "20000000", "--out", "partial", "--trace", "day.jsonl")
		cancel()
		if out == "" && patience < 10*time.Second {
			continue // none was done in that time
		}
		if code != exitInterrupted || !strings.HasPrefix(errs, "highwater: interrupted") {
			t.Errorf("exit code %d and %q, want 130 and that it was interrupted", code, errs)
		}
		if !regexp.MustCompile(`(?m)^[0-9,]+ replications?, seed 1\nPARTIAL: `).MatchString(out) {
			t.Errorf("the answer does not say that it is partial:\n%s", out)
		}
		data, err := os.ReadFile(filepath.Join("partial", "result.json"))
		if err != nil || !bytes.Contains(data, []byte(`"partial": true`)) {
			t.Errorf("the result does not say that it is partial: %v", err)
		}
		if _, err := os.Stat("day.jsonl"); err == nil {
			t.Error("a trace was written that is not whole")
		}
		return
	}
}

// A signal ends the program even while it waits for standard input, and
// leaves no file behind that is not whole.
func TestSignals(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no such signals")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		signal os.Signal
		code   int
	}{{os.Interrupt, 130}, {syscall.SIGTERM, 143}} {
		t.Run(tt.signal.String(), func(t *testing.T) {
			inFolder(t, nil)
			cmd := exec.Command(self, "replay", "-", "--series", "use.csv")
			cmd.Args[0] = "highwater"
			in, err := cmd.StdinPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			// A pipe holds less than that: once it is written, it is being read.
			for range 50_000 {
				if _, err := fmt.Fprint(in, call); err != nil {
					t.Fatal(err)
				}
			}
			if err := cmd.Process.Signal(tt.signal); err != nil {
				t.Fatal(err)
			}
			_ = cmd.Wait() // its error is the exit code
			if code := cmd.ProcessState.ExitCode(); code != tt.code {
				t.Errorf("exit code %d, want %d", code, tt.code)
			}
			if left, _ := os.ReadDir("."); len(left) > 0 {
				t.Errorf("%s was left behind", left[0].Name())
			}
		})
	}
}
