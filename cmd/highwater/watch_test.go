package main

import (
	"bufio"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"highwater/plots/term"
	"highwater/scenario"
	"highwater/sim"
)

// A watched is highwater watch as it runs, and what it printed.
type watched struct {
	t        *testing.T
	out, err *bufio.Reader
	cancel   context.CancelCauseFunc
	code     chan int
}

// watching starts watch in this process, where nothing is a terminal.
func watching(t *testing.T, args ...string) *watched {
	ctx, cancel := context.WithCancelCause(t.Context())
	outReader, out := io.Pipe()
	errReader, errs := io.Pipe()
	w := &watched{t, bufio.NewReader(outReader), bufio.NewReader(errReader), cancel, make(chan int, 1)}
	go func() {
		w.code <- run(ctx, append([]string{"watch"}, args...), stdio{strings.NewReader(""), out, errs})
		_ = out.Close()
		_ = errs.Close()
	}()
	return w
}

// until reads lines up to one that has a text, and returns that.
func (w *watched) until(r *bufio.Reader, text string) string {
	w.t.Helper()
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			w.t.Fatalf("%v before %q", err, text)
		}
		if strings.Contains(line, text) {
			return line
		}
	}
}

// end interrupts it; what it printed since goes nowhere.
func (w *watched) end() {
	w.t.Helper()
	w.cancel(&interrupted{os.Interrupt})
	var readers sync.WaitGroup
	for _, r := range []io.Reader{w.out, w.err} {
		readers.Go(func() { _, _ = io.Copy(io.Discard, r) }) // ends when the pipe does
	}
	readers.Wait()
	if code := <-w.code; code != 0 {
		w.t.Errorf("exit code %d, want 0", code)
	}
}

// write saves a file as many editors do: whole, in the place of the old one.
func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name+".new", []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(name+".new", name); err != nil {
		t.Fatal(err)
	}
}

// Each save is answered, and so is a file that was away; mistakes are listed, and what is good again is answered again.
func TestWatchFollowsTheFile(t *testing.T) {
	inFolder(t, map[string]string{"ward.yaml": ward})
	w := watching(t, "ward.yaml", "--reps", "2")
	w.until(w.out, "key of 2 units")
	w.until(w.out, "Replication 1: units in use")
	w.until(w.out, "peak 2 license units")

	write(t, "ward.yaml", strings.Replace(ward, "units: 2", "units: 1", 1))
	w.until(w.out, "key of 1 unit")
	w.until(w.out, "first refusal")

	write(t, "ward.yaml", strings.Replace(ward, "cohorts", "cohrots", 1))
	if line := w.until(w.err, "cohrots"); !strings.HasPrefix(line, "ward.yaml:1:49: unknown field") {
		t.Errorf("the mistake is %q", line)
	}
	w.until(w.err, `did you mean "cohorts"?`)

	write(t, "beside.yaml", strings.Replace(ward, "units: 2", "units: 7", 1))
	if err := os.Rename("beside.yaml", "ward.yaml"); err != nil {
		t.Fatal(err)
	}
	w.until(w.out, "key of 7 units")

	if err := os.Remove("ward.yaml"); err != nil {
		t.Fatal(err)
	}
	w.until(w.err, "highwater: open ward.yaml: ")
	write(t, "ward.yaml", ward)
	w.until(w.out, "key of 2 units")
	w.end()
}

// A file that the scenario names is watched, too.
func TestWatchFollowsSamples(t *testing.T) {
	stays := strings.Replace(ward, "count: 2", "count: 2, session: 'empirical(stays.txt, min)'", 1)
	inFolder(t, map[string]string{"stays.txt": "5\n6\n"})
	if err := os.Mkdir("day", 0o777); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join("day", "ward.yaml"), stays)
	write(t, filepath.Join("day", "stays.txt"), "5\n6\n")
	w := watching(t, filepath.Join("day", "ward.yaml"), "--reps", "1")
	w.until(w.out, "peak 2 license units")
	write(t, filepath.Join("day", "stays.txt"), "5\nsix\n")
	w.until(w.err, "stays.txt")
	write(t, filepath.Join("day", "stays.txt"), "50\n60\n")
	w.until(w.out, "peak 2 license units")
	w.end()
}

// A save ends the simulation of the one before, however long that would be.
func TestWatchEndsWhatIsOld(t *testing.T) {
	inFolder(t, map[string]string{"ward.yaml": strings.Replace(ward, "duration", "reps: 1000000, duration", 1)})
	w := watching(t, "ward.yaml")
	write(t, "ward.yaml", strings.Replace(ward, "duration", "reps: 3, duration", 1))
	if line := w.until(w.out, "replication"); line != "3 replications, seed 1\n" {
		t.Errorf("the first answer is of %q", line)
	}
	write(t, "ward.yaml", strings.Replace(ward, "duration", "reps: 1000000, duration", 1))
	w.end()
}

func TestWatchWantsAFile(t *testing.T) {
	inFolder(t, map[string]string{"ward.yaml": ward})
	for args, want := range map[string]int{
		"watch": exitUsage, "watch -": exitUsage, "watch ward.yaml ward.yaml": exitUsage, "watch ward.yaml --reps 0": exitUsage,
		"watch ward.yaml --chart=dots": exitUsage, "watch ward.yaml --policy none": exitUsage, "watch none.yaml": exitFailed, "watch .": exitFailed,
	} {
		if code, out, errs := highwater(t.Context(), strings.NewReader(""), strings.Fields(args)...); code != want || out != "" || errs == "" {
			t.Errorf("%s: exit code %d, want %d; %q and %q", args, code, want, out, errs)
		}
	}
}

// Signals end it with 0.
func TestWatchEndsBySignals(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no such signals")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	inFolder(t, map[string]string{"ward.yaml": ward})
	for _, signal := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		cmd := exec.Command(self, "watch", "ward.yaml", "--reps", "1")
		cmd.Args[0] = "highwater"
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		w := &watched{t: t}
		w.until(bufio.NewReader(out), "limit 2")
		if err := cmd.Process.Signal(signal); err != nil {
			t.Fatal(err)
		}
		if err := cmd.Wait(); err != nil {
			t.Errorf("%v: %v, want 0", signal, err)
		}
	}
}

// Who watches and sees no change has nothing to do.
func TestWatchRests(t *testing.T) {
	t.Parallel() // it waits
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no such signals")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	path := folder(t, map[string]string{"ward.yaml": ward})
	cmd := exec.Command(self, "watch", path("ward.yaml"), "--reps", "1")
	cmd.Args[0] = "highwater"
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w := &watched{t: t}
	w.until(bufio.NewReader(out), "limit 2")
	<-time.After(1500 * time.Millisecond)
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
	// To begin takes a tenth of a second, and to look at a file ten times a second nothing.
	if took := cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(); took > time.Second {
		t.Errorf("it took %v of a processor", took)
	}
}

// On a terminal everything is drawn in its place: from its upper left, with
// room for the cursor, mistakes below the last good chart.
func TestScreen(t *testing.T) {
	sc, err := scenario.Parse("ward.yaml", []byte(strings.Replace(ward, "cohorts", "compare: [core, contract, cache], cohorts", 1)), nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := sim.Run(t.Context(), sc, sim.Options{Reps: 2})
	if err != nil {
		t.Fatal(err)
	}
	for _, height := range []int{24, 30, 50, 120} {
		s := screen{console: console{width: 90, height: height, moves: true}, file: "ward.yaml"}
		s.bad("ward.yaml:1:1: first\n")
		if got, want := s.frame(), "\x1b[Hward.yaml as it is now:\x1b[K\nward.yaml:1:1: first\x1b[K\n\x1b[J"; got != want {
			t.Errorf("before the first answer %q, want %q", got, want)
		}
		s.good(sc, res)
		good := s.frame()
		charts := strings.Count(good, "license units at")
		if lines := strings.Count(good, "\n"); lines >= height || strings.Contains(good, "as it is now") || charts == 0 || charts < min(4, (height-14)/(chartLines+term.LeastHeight)) {
			t.Errorf("%d lines and %d charts on %d:\n%s", lines, charts, height, good)
		}
		s.bad(strings.Repeat("ward.yaml:1:1: wrong\n", 100))
		broken := s.frame()
		if lines := strings.Count(broken, "\n"); lines >= height || height >= 30 && !strings.Contains(broken, "license units at") ||
			!strings.HasSuffix(broken, "\x1b[K\n… and more: see highwater check\x1b[K\n\x1b[J") {
			t.Errorf("%d lines on %d:\n%s", lines, height, broken)
		}
	}
}
