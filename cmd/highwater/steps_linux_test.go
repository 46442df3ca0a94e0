package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"math"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"highwater/engine"
	"highwater/sim/attack/record"
	"highwater/sim/result"
	"highwater/sim/trace"

	"golang.org/x/sys/unix"
)

var stepped = flag.Duration("steps", 0, "for how long TestClockSteps sends while the wall clock is set, such as 1m")

// stepping has everything that lasts, ends or is tried again by itself, calls
// that nobody waits for to their end, and more than its key has units for. It
// is sent twenty times as fast.
const stepping = `
name: stepping
duration: %.0fs
license: {units: 150}
proxies: [{name: gateway, address: 10.0.0.5, forwards: x-forwarded-for, cap: 4, patience: exp(6s)}]
cohorts:
  - {name: nurses, kind: users, count: 20, via: xdbc, arrivals: {idle: exp(2m)}, session: exp(3m)}
  - {name: clerks, kind: users, via: xdbc, through: gateway, arrivals: {poisson: 0.5/min}, session: 1m}
  - {name: boards, kind: callers, count: 20, arrivals: {every: 20s, jitter: exp(2s)}, session: exp(4s), on_refusal: {retry: exp(10s), times: 3}}
  - {name: lab, kind: callers, via: soap, user: own, count: 10, through: gateway, arrivals: {every: 20s, jitter: exp(2s)}, session: exp(6s), on_refusal: {retry: exp(10s), times: 2}}
  - {name: stuck, kind: callers, user: own, arrivals: {every: 80s}, session: 1h}
  - {name: visitors, kind: browsers, arrivals: {poisson: 1/s}, session: {login: true, pages: geometric(mean 5), think: exp(10s), logout: 50%%, timeout: 1m}, on_refusal: {retry: exp(20s), times: 2}}
`

const (
	steppingClock   = 20
	steppingTimeout = 10 * time.Second
)

// stepsFile is compiled into the package time of the programs under test. Each
// of the steps is an instant of the monotonic clock, and by how many seconds
// the wall clock was set then.
const stepsFile = `package time

import "syscall"

var wallSteps = readSteps()

func readSteps() (list [][2]int64) {
	text, _ := syscall.Getenv("HIGHWATER_STEPS")
	n, sign, i := [2]int64{}, int64(1), 0
	for _, c := range text {
		switch {
		case c == '-':
			sign = -1
		case c == ':':
			i = 1
		case c == ' ':
			n[1] *= sign
			list = append(list, n)
			n, sign, i = [2]int64{}, 1, 0
		default:
			n[i] = 10*n[i] + int64(c-'0')
		}
	}
	return list
}

func wallStep(mono int64) (seconds int64) {
	for _, s := range wallSteps {
		if mono >= s[0] {
			seconds += s[1]
		}
	}
	return seconds
}
`

// stepsProbe says by how many seconds the wall clock is off, now and a second
// later, and how many milliseconds that took.
const stepsProbe = `package main

import (
	"fmt"
	"syscall"
	"time"
)

func off() int64 {
	var real syscall.Timeval
	if err := syscall.Gettimeofday(&real); err != nil {
		panic(err)
	}
	return time.Now().Unix() - real.Sec
}

func main() {
	begin, first := time.Now(), off()
	time.Sleep(time.Second)
	fmt.Println(first, off(), time.Since(begin).Milliseconds())
}
`

// stepsOverlay writes an overlay for go build by which the wall clock is set
// while a program runs, and nothing else is changed.
func stepsOverlay(t *testing.T, dir string) string {
	t.Helper()
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	source := filepath.Join(strings.TrimSpace(string(root)), "src", "time", "time.go")
	text, err := os.ReadFile(source)
	if err != nil {
		t.Fatal(err)
	}
	const now, read = "\nfunc Now() Time {\n", "\tsec, nsec, mono := runtimeNow()\n"
	before, after, ok := strings.Cut(string(text), now+read)
	if !ok || strings.Contains(after, now) {
		t.Fatalf("time.Now in %s does not begin with %q any more: this test must be told how it reads the clocks", source, strings.TrimSpace(read))
	}
	overlay := map[string]map[string]string{"Replace": {
		source: filepath.Join(dir, "time.go"), filepath.Join(filepath.Dir(source), "highwater_steps.go"): filepath.Join(dir, "steps.go"),
	}}
	table, err := json.Marshal(overlay)
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string]string{
		"time.go": before + now + read + "\tsec += wallStep(mono)\n" + after, "steps.go": stepsFile, "overlay.json": string(table), "probe.go": stepsProbe,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(data), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "overlay.json")
}

// stepsAt is the environment of a program whose wall clock is set by some
// seconds after each of some times from now on.
func stepsAt(t *testing.T, after []time.Duration, seconds []int64) []string {
	t.Helper()
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &now); err != nil {
		t.Fatal(err)
	}
	text := "HIGHWATER_STEPS="
	for i, d := range after {
		text += fmt.Sprintf("%d:%d ", now.Nano()+int64(d), seconds[i])
	}
	return append(os.Environ(), text)
}

// probeSteps makes sure that programs which are built so see the wall clock
// jump, and nothing else.
func probeSteps(t *testing.T, program string) {
	t.Helper()
	for _, tt := range []struct {
		after         time.Duration
		first, second int64
	}{{time.Hour, 0, 0}, {0, 3600, 3600}, {500 * time.Millisecond, 0, 3600}} {
		cmd := exec.Command(program)
		cmd.Env = stepsAt(t, []time.Duration{tt.after}, []int64{3600})
		out, err := cmd.Output()
		var first, second, ms int64
		if _, scanErr := fmt.Sscan(string(out), &first, &second, &ms); err != nil || scanErr != nil {
			t.Fatal(err, scanErr)
		}
		if abs := func(n int64) int64 { return max(n, -n) }; abs(first-tt.first) > 1 || abs(second-tt.second) > 1 || ms < 1000 || ms > 60_000 {
			t.Fatalf("an hour after %v: off by %d s and then by %d s after %d ms, want %d and %d", tt.after, first, second, ms, tt.first, tt.second)
		}
	}
}

// watchDate notes by how many seconds the target's own wall clock is off, to
// the next ten: its answers have the date.
func watchDate(url string, quit <-chan struct{}) <-chan map[int]int {
	over := make(chan map[int]int)
	go func() {
		seen := map[int]int{}
		defer func() { over <- seen }()
		for {
			select {
			case <-quit:
				return
			case <-time.After(200 * time.Millisecond):
			}
			res, err := http.Get(url + "/api/monitor/metrics")
			if err != nil {
				continue
			}
			_ = res.Body.Close()
			if at, err := http.ParseTime(res.Header.Get("Date")); err == nil {
				seen[10*int(math.Round(time.Until(at).Seconds()/10))]++
			}
		}
	}()
	return over
}

// Whoever sets the wall clock while requests are sent, an hour ahead and then
// two hours back, changes nothing: neither target nor attack take an instant
// from it.
func TestClockSteps(t *testing.T) {
	if *stepped == 0 {
		t.Skip("wants -steps")
	}
	dir := t.TempDir()
	overlay, program, probe := stepsOverlay(t, dir), filepath.Join(dir, "highwater"), filepath.Join(dir, "probe")
	for name, source := range map[string]string{program: ".", probe: filepath.Join(dir, "probe.go")} {
		if out, err := exec.Command("go", "build", "-overlay", overlay, "-o", name, source).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	probeSteps(t, probe)

	inFolder(t, map[string]string{"stepping.yaml": fmt.Sprintf(stepping, steppingClock*stepped.Seconds())})
	env := stepsAt(t, []time.Duration{*stepped / 3, *stepped * 2 / 3}, []int64{3600, -7200})
	ctx, cancel := context.WithTimeout(t.Context(), 2**stepped+time.Minute) // who waits for the wall clock waits for hours
	defer cancel()
	start := func(args ...string) (*soaked, string) {
		cmd := exec.CommandContext(ctx, program, args...)
		cmd.Env = env
		return startProgram(t, cmd)
	}
	clock := fmt.Sprintf("--clock=%dx", steppingClock)
	server, first := start("target", "stepping.yaml", clock, "--listen", "127.0.0.1:0", "--trace", "target.jsonl", "--json")
	defer server.Process.Kill()
	url := regexp.MustCompile(`http://[0-9.:]+`).FindString(first)
	quit := make(chan struct{})
	dates := watchDate(url, quit)
	begun := time.Now()
	sender, _ := start("attack", "stepping.yaml", clock, "--target", url, "--record", "steps.rec", "--scrape", "200ms", "--timeout", steppingTimeout.String(), "--max-lag", "1s", "--json", "-q")
	defer sender.Process.Kill()
	err := sender.Wait()
	lasted := time.Since(begun)
	close(quit)
	if seen := <-dates; seen[0] == 0 || seen[3600] == 0 || seen[-3600] == 0 || len(seen) != 3 {
		t.Errorf("the target's wall clock was off by so many seconds, so often: %v", seen)
	}
	if err != nil {
		t.Fatalf("after %v: %v: %s", lasted, err, &sender.errs)
	}
	_ = server.Process.Signal(syscall.SIGTERM)
	if err := server.Wait(); err != nil {
		t.Fatal(err)
	}
	checkStepped(t, sender, server, lasted)
}

// checkStepped compares what attack and target say of a run with each other,
// and with how long it lasted.
func checkStepped(t *testing.T, sender, server *soaked, lasted time.Duration) {
	t.Helper()
	var a result.Attack
	var s result.Target
	for v, text := range map[any][]byte{&a: sender.out.Bytes(), &s: server.out.Bytes()} {
		if err := json.Unmarshal(text, v); err != nil {
			t.Fatalf("%v: %s", err, text)
		}
	}
	r, c := a.Sent, a.Curves
	ms := func(at engine.Time) float64 { return at.Seconds() * 1000 }
	t.Logf("%d requests in %v, %d refused, %d not answered in time, %d gave up; lag %.3f ms p99, %.3f at most; service %.3f at most; %d samples, %d web sessions", r.First+r.Retries, lasted, r.Refused,
		r.Failed, r.TimedOut, ms(r.Lag.P99), ms(r.Lag.Max), ms(r.Service.Max), r.Samples, r.Sessions)
	stuck := int64(0)
	if len(r.Causes) == 1 && r.Causes[0].Cause == record.TimedOut.String() {
		stuck = r.Causes[0].N
	}
	if r.Failed != stuck || stuck == 0 || s.Abandoned != stuck || s.Requests+s.Abandoned != r.First+r.Retries || s.TurnedAway != 0 {
		t.Errorf("%d failed: %+v; the target answered %d requests of %d, and %d that nobody waited for", r.Failed, r.Causes, s.Requests, r.First+r.Retries, s.Abandoned)
	}
	if r.Unsent+r.Held+r.Cut+r.SamplesFailed != 0 || r.Refused == 0 || r.TimedOut == 0 || a.Verdict != result.Measured {
		t.Errorf("%s %q: %+v", a.Verdict, a.Reasons, r)
	}
	if c.Divergence.Outside != 0 || c.Outcomes.Wrong() != 0 || !c.Held || c.Outcomes.Certain == 0 {
		t.Errorf("%+v, %+v, %q, %q", c.Divergence, c.Outcomes, c.Words, c.Notes)
	}
	own := time.Duration(float64(s.At) / steppingClock * float64(time.Microsecond))
	if d := time.Duration(r.Seconds) * time.Microsecond; d < *stepped/2 || d > lasted || own < d || own > lasted+time.Minute {
		t.Errorf("it lasted %v, by its own account %v, and by the target's %v", lasted, d, own)
	}
	checkDurations(t, lasted)

	f, err := os.Open("target.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	policy, _ := engine.NamedPolicy(s.Policy)
	again, err := trace.Run(trace.NewJSONReader("target.jsonl", f), trace.Options{Policy: policy, Units: s.Units, End: s.At})
	if err != nil {
		t.Fatal(err)
	}
	if again.Peak != s.Peak || again.Admitted != s.Admitted || again.Refused != s.Refused || !maps.Equal(again.RefusedByVia, s.RefusedByVia) || again.UnitSeconds != s.UnitSeconds {
		t.Errorf("replayed %+v, %d admitted, %d refused %v, %v unit-seconds; the target %+v, %d, %d %v, %v", again.Peak, again.Admitted, again.Refused, again.RefusedByVia,
			again.UnitSeconds, s.Peak, s.Admitted, s.Refused, s.RefusedByVia, s.UnitSeconds)
	}
}

// checkDurations looks for a duration in the record that is negative, or longer
// than all of it.
func checkDurations(t *testing.T, lasted time.Duration) {
	t.Helper()
	f, err := os.Open("steps.rec")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, err := record.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	n, last := 0, time.Duration(0)
	for {
		var e record.Entry
		if r.Next(&e) != nil {
			break
		}
		n++
		if e.Planned < 0 || e.Ready < 0 || e.Sent < max(e.Planned, e.Ready) || e.Done < e.Sent || e.Done > lasted || e.Service() > 2*steppingTimeout || e.Lag() > steppingTimeout {
			t.Errorf("%+v", e)
		}
		if e.Outcome == record.Failed && e.Service() < steppingTimeout {
			t.Errorf("failed after %v, before its time: %+v", e.Service(), e)
		}
		last = max(last, e.Done)
	}
	for _, s := range r.Samples() {
		if s.Done < s.Sent || s.Done-s.Sent > steppingTimeout || s.Sent < -steppingTimeout || s.Done > lasted {
			t.Errorf("%+v", s)
		}
	}
	if r.Missing() != "" || n == 0 || last < *stepped/2 {
		t.Errorf("%d entries until %v; %s", n, last, r.Missing())
	}
	state := r.State()
	if state == nil || state.Last == nil || !state.Started.Equal(state.Last.Started) {
		t.Fatalf("the target said %+v", state)
	}
	told, took := (state.Last.At-state.At).Seconds()/steppingClock, (state.Last.Sent - state.Sent).Seconds()
	if math.Abs(told-took) > 1 {
		t.Errorf("the target's clock went on for %.3f s, and the attack's for %.3f s", told, took)
	}
}
