package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"highwater/sim/result"
)

var soak = flag.Duration("soak", 0, "for how long TestSoak sends, such as 1h")

// soaking is 200 requests a second of all kinds, for as long as is asked.
// Visitors come and go, and so do their addresses, cookies and connections.
const soaking = `
name: soak
duration: %s
license: {units: 10000}
proxies: [{name: gateway, address: 10.0.0.5, forwards: x-forwarded-for}]
cohorts:
  - {name: boards, kind: callers, count: 400, arrivals: {every: 5s}}
  - {name: lab, kind: callers, via: soap, user: own, count: 200, through: gateway, arrivals: {every: 5s}}
  - {name: visitors, kind: browsers, arrivals: {poisson: 8/s}, session: {login: true, pages: 10, think: exp(5s), logout: 50%%, timeout: 5m}}
`

// A soaked process is a part of the soak, with what it had in memory.
type soaked struct {
	*exec.Cmd
	out, errs bytes.Buffer
	memory    []int // MiB, each time
}

// startSoaked starts the program, and gives what it says first.
func startSoaked(t *testing.T, args ...string) (p *soaked, first string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return startProgram(t, exec.Command(self, args...))
}

// startProgram starts a build of the program.
func startProgram(t *testing.T, cmd *exec.Cmd) (p *soaked, first string) {
	t.Helper()
	p = &soaked{Cmd: cmd}
	args := cmd.Args[1:]
	p.Args[0], p.Stdout = "highwater", &p.out
	if args[0] != "target" {
		p.Stderr = &p.errs
		if err := p.Start(); err != nil {
			t.Fatal(err)
		}
		return p, ""
	}
	errs, err := p.StderrPipe()
	if err == nil {
		err = p.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(errs)
	first, _ = lines.ReadString('\n')
	go io.Copy(io.Discard, lines)
	return p, first
}

// look notes how much of a process is in memory.
func (p *soaked) look() {
	kilobytes := 0
	data, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.Process.Pid))
	if _, text, ok := strings.Cut(string(data), "VmRSS:"); ok {
		_, _ = fmt.Sscan(text, &kilobytes)
	}
	p.memory = append(p.memory, kilobytes>>10)
}

// share is which share of one processor a process took.
func (p *soaked) share(d time.Duration) float64 {
	return 100 * (p.ProcessState.UserTime() + p.ProcessState.SystemTime()).Seconds() / d.Seconds()
}

// For as long as one likes, memory does not grow, nothing of the record is
// lost, and requests are not late. Half of the time is for the target to fill:
// its graces and time-outs last for up to ten minutes, so it is worth an hour.
func TestSoak(t *testing.T) {
	if *soak == 0 || runtime.GOOS != "linux" {
		t.Skip("wants -soak, and Linux")
	}
	inFolder(t, map[string]string{"soak.yaml": fmt.Sprintf(soaking, *soak)})
	server, first := startSoaked(t, "target", "soak.yaml", "--listen", "127.0.0.1:0", "--json")
	defer server.Process.Kill()
	url := regexp.MustCompile(`http://[0-9.:]+`).FindString(first)
	sender, _ := startSoaked(t, "attack", "soak.yaml", "--target", url, "--record", "soak.rec", "--json", "-q", "--max-lag", "1m")
	defer sender.Process.Kill()
	begun := time.Now()
	every := time.NewTicker(*soak / 20)
	defer every.Stop()
	for range 20 {
		<-every.C
		server.look()
		sender.look()
		n := len(sender.memory)
		t.Logf("%v: attack %d MiB, target %d MiB", time.Since(begun).Round(time.Second), sender.memory[n-1], server.memory[n-1])
	}
	if err := sender.Wait(); err != nil {
		t.Fatalf("%v: %s", err, &sender.errs)
	}
	lasted := time.Since(begun)
	_ = server.Process.Signal(syscall.SIGTERM)
	if err := server.Wait(); err != nil {
		t.Fatal(err)
	}
	var a result.Attack
	var s result.Target
	for v, text := range map[any][]byte{&a: sender.out.Bytes(), &s: server.out.Bytes()} {
		if err := json.Unmarshal(text, v); err != nil {
			t.Fatal(err)
		}
	}
	r := a.Sent
	ms := func(at int64) float64 { return float64(at) / 1000 }
	t.Logf("attack %.1f %% of a processor, target %.1f %%; %d requests, lag %.3f ms p50, %.3f p99, %.3f max; %d refused, %d failed %v",
		sender.share(lasted), server.share(lasted), r.First+r.Retries, ms(int64(r.Lag.P50)), ms(int64(r.Lag.P99)), ms(int64(r.Lag.Max)), r.Refused, r.Failed, r.Causes)
	if r.Unsent != 0 || r.Failed != 0 || s.Requests != r.First+r.Retries {
		t.Errorf("%d were not sent, %d failed, %d were sent and the target had %d", r.Unsent, r.Failed, r.First+r.Retries, s.Requests)
	}
	code, out, errs := highwater(t.Context(), nil, "attack", "log", "soak.rec", "--to", "jsonl")
	if n := int64(strings.Count(out, "\n")); code != 0 || n != r.First+r.Retries {
		t.Errorf("exit code %d, %d attempts are recorded of %d: %s", code, n, r.First+r.Retries, errs)
	}
	for name, memory := range map[string][]int{"attack": sender.memory, "target": server.memory} {
		if half, end := memory[9], memory[18]; end > half+half/4+8 { // at the last one the attack reads its record
			t.Errorf("%s has %d MiB at half and %d at the end", name, half, end)
		}
	}
}
