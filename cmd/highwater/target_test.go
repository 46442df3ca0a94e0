package main

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"highwater/sim/result"
)

// targeted runs the target while something is done to it, ends it by a signal,
// and gives back its exit code and what it printed.
func targeted(t *testing.T, do func(url string), args ...string) (code int, out, errs string) {
	t.Helper()
	ctx, cancel := context.WithCancelCause(t.Context())
	r, w := io.Pipe()
	var o strings.Builder
	ended := make(chan int)
	go func() {
		code := run(ctx, append([]string{"target", "--listen", "127.0.0.1:0"}, args...), stdio{strings.NewReader(""), &o, w})
		_ = w.Close() // never fails
		ended <- code
	}()
	lines := bufio.NewReader(r)
	first, _ := lines.ReadString('\n')
	if url := regexp.MustCompile(`https?://[0-9.:]+`).FindString(first); url != "" {
		do(url)
	}
	cancel(&interrupted{syscall.SIGTERM})
	rest, _ := io.ReadAll(lines)
	return <-ended, o.String(), first + string(rest)
}

func status(t *testing.T, url string) int {
	t.Helper()
	res, err := http.Get(url)
	if err != nil {
		t.Error(err)
		return 0
	}
	_ = res.Body.Close()
	return res.StatusCode
}

// A target answers, ends with 0, and leaves a trace that replays to its
// summary.
func TestTarget(t *testing.T) {
	inFolder(t, map[string]string{"ward.yaml": `{name: ward, duration: 2h, license: {units: 3}, cohorts: [
		{name: monitors, kind: devices, count: 2, arrivals: {at: +1h}},
		{name: lab, kind: callers, count: 2, arrivals: {every: 1m}, session: 5s}]}`})
	defer http.DefaultClient.CloseIdleConnections()
	ask := func(url string) {
		for path, want := range map[string]int{"/rest/lab": 200, "/rest/nobody": 404, "/api/monitor/metrics": 200, "/": 200} {
			if got := status(t, url+path); got != want {
				t.Errorf("%s: %d, want %d", path, got, want)
			}
		}
	}
	code, out, errs := targeted(t, ask, "ward.yaml", "--from", "1h30m", "--clock", "100x", "--trace", "day.jsonl.gz", "--messages", "messages.log", "--license-trace", "--json")
	if code != 0 || !strings.HasPrefix(errs, "highwater: answering at http://127.0.0.1:") {
		t.Fatalf("exit code %d: %s", code, errs)
	}
	var res result.Target
	if err := json.Unmarshal([]byte(out), &res); err != nil {
		t.Fatal(err)
	}
	if res.Peak.Units != 3 || res.Admitted != 3 || res.Requests != 2 || res.Version != version { // two monitors since an hour, and the call
		t.Errorf("summary %s", out)
	}
	code, again, errs := highwater(t.Context(), nil, "replay", "day.jsonl.gz", "--json")
	var replayed result.Replay
	if err := json.Unmarshal([]byte(again), &replayed); err != nil || code != 0 {
		t.Fatalf("exit code %d, %v: %s", code, err, errs)
	}
	if replayed.Peak != res.Peak || replayed.Admitted != res.Admitted || replayed.End != res.At || replayed.UnitSeconds != res.UnitSeconds || replayed.UnitsAtEnd != res.InUse {
		t.Errorf("replayed %s\nwant %s", again, out)
	}
	log, err := os.ReadFile("messages.log")
	if n := strings.Count(string(log), "LicenseTrace: Login"); n != 3 || err != nil {
		t.Errorf("%d logins in messages.log, want 3 (%v):\n%s", n, err, log)
	}
}

// Without a scenario any name has a path; the summary is for people.
func TestTargetWithoutScenario(t *testing.T) {
	defer http.DefaultClient.CloseIdleConnections()
	code, out, errs := targeted(t, func(url string) {
		for _, want := range []int{200, 200, 404} {
			if got := status(t, url+"/csp/any/page.csp"); got != want {
				t.Errorf("a page: %d, want %d", got, want)
			}
		}
	}, "--units", "2")
	if code != 0 {
		t.Fatalf("exit code %d: %s", code, errs)
	}
	for _, want := range []string{"3 requests in ", "peak           2 units", "answers        200 × 2, 404 × 1\n", "client sees    404 Page not found\n", "refused        1 attempt: csp 1\n"} {
		if !strings.Contains(out, want) {
			t.Errorf("the summary has no %q:\n%s", want, out)
		}
	}
}

func TestTargetUsage(t *testing.T) {
	inFolder(t, map[string]string{"ward.yaml": ward})
	for _, args := range []string{
		"--listen 52773", "--clock 0", "--clock fast", "--service soon", "--service empirical(a.txt,s)", "--from 1h", "ward.yaml --from 3h", "ward.yaml --from peak",
		"--policy core,contract", "--policy none", "--units -1", "--license-trace", "--messages -", "--trace - --json", "ward.yaml ward.yaml",
	} {
		if code, out, errs := highwater(t.Context(), nil, append([]string{"target"}, strings.Fields(args)...)...); code != exitUsage || out != "" {
			t.Errorf("target %s: exit code %d, %s%s", args, code, out, errs)
		}
	}
	for args, want := range map[string]int{"--listen 192.0.2.1:1": exitFailed, "missing.yaml": exitFailed, "--listen 127.0.0.1:0 --trace missing/day.jsonl": exitFailed} {
		if code, _, errs := highwater(t.Context(), nil, append([]string{"target"}, strings.Fields(args)...)...); code != want {
			t.Errorf("target %s: exit code %d, %s", args, code, errs)
		}
	}
}

// A time to begin at that the scenario does not have is answered by those that
// it has; the summary has the scenario's.
func TestTargetsTime(t *testing.T) {
	inFolder(t, map[string]string{"ward.yaml": `{name: ward, start: 2026-11-23T07:00:00Z, duration: 2h, license: {units: 1}, cohorts: [
		{name: monitors, kind: devices, count: 2, arrivals: {at: +1h}}]}`})
	code, out, errs := highwater(t.Context(), nil, "target", "ward.yaml", "--from", "12:00")
	if code != exitUsage || out != "" || !strings.Contains(errs, `--from must be from Mon 23 Nov 07:00:00 to Mon 23 Nov 09:00:00, not "12:00"`) {
		t.Errorf("exit code %d, %s%s", code, out, errs)
	}
	code, out, errs = targeted(t, func(string) {}, "ward.yaml", "--from", "08:30", "--trace", "day.jsonl")
	if code != 0 || !strings.Contains(out, " at Mon 23 Nov 08:00:00, ") {
		t.Errorf("exit code %d, %s%s", code, out, errs)
	}
	code, again, errs := highwater(t.Context(), nil, "replay", "day.jsonl")
	if code != 0 || !strings.Contains(again, " at Mon 23 Nov 08:00:00") {
		t.Errorf("exit code %d, %s%s", code, again, errs)
	}
}

// A policy is named with each of its options once, wherever they were set, and
// what counts alike is no difference, whatever it is called.
func TestTargetNamesItsPolicyOnce(t *testing.T) {
	const ward = `{name: ward, duration: 1m, license: {units: 3, policy: {%s}}, cohorts: [
		{name: lab, kind: callers, count: 1, arrivals: {at: +1s}}]}`
	inFolder(t, map[string]string{
		"ward.yaml": strings.ReplaceAll(ward, "%s", "license_alt_headers: true"), "own.yaml": strings.ReplaceAll(ward, "%s", "name: behind a proxy, license_alt_headers: true"),
		"other.yaml": strings.ReplaceAll(ward, "%s", "base: iris-2022.3"),
	})
	const name, set, note = "policy iris-2022.3 license_alt_headers=true, ", "license_alt_headers=true", "note: the target counts by "
	defer http.DefaultClient.CloseIdleConnections()
	code, out, errs := targeted(t, func(url string) {
		for file, differs := range map[string]bool{"ward.yaml": false, "own.yaml": false, "other.yaml": true} {
			code, out, errs := highwater(t.Context(), nil, "attack", file, "--target", url, "--clock", "60x", "--max-lag", "1m")
			if code != 0 || strings.Contains(out, note) != differs {
				t.Errorf("%s: exit code %d, want a note of a difference: %v: %s%s", file, code, differs, out, errs)
			}
		}
	}, "ward.yaml", "--set", set, "--clock", "60x")
	if code != 0 || strings.Count(out, set) != 1 || !strings.Contains(out, name) || !strings.Contains(errs, "("+name+"key of 3 units)") {
		t.Errorf("exit code %d, want %q in both: %s%s", code, name, errs, out)
	}
	code, out, errs = highwater(t.Context(), nil, "run", "ward.yaml", "--set", set, "--set", "anon_id=session", "-q")
	if want := "iris-2022.3 license_alt_headers=true anon_id=session"; code != 0 || !strings.Contains(out, want) || strings.Contains(out, set+" "+set) {
		t.Errorf("exit code %d, want %q: %s%s", code, want, errs, out)
	}
	code, out, errs = highwater(t.Context(), nil, "run", "own.yaml", "--set", set, "--set", "anon_id=session", "-q")
	if want := "behind a proxy anon_id=session"; code != 0 || !strings.Contains(out, want) || strings.Contains(out, set) {
		t.Errorf("exit code %d, want %q: %s%s", code, want, errs, out)
	}
}
