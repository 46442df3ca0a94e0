package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"highwater/sim/attack"
	"highwater/sim/attack/record"
	"highwater/sim/result"
	"highwater/sim/target"

	"pgregory.net/rapid"
)

// boards is a scenario of 50 calls a second.
const boards = "{name: boards, duration: 10m, license: {units: 9}, cohorts: [{name: boards, kind: callers, count: 50, arrivals: {every: 1s}}]}\n"

// An attack that is done is printed, recorded, and read again.
func TestAttack(t *testing.T) {
	inFolder(t, map[string]string{"boards.yaml": boards, "allow.yaml": "[]\n"})
	var asked atomic.Int64
	h := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	defer h.Close()
	args := []string{"attack", "boards.yaml", "--target", h.URL, "--window", "0s..40s", "--clock", "40x", "--max-lag", "1m", "--scrape", "0s", "--record", "a.rec", "--allow", "allow.yaml"}
	code, out, errs := highwater(t.Context(), nil, append(args, "--json")...)
	var res result.Attack
	if err := json.Unmarshal([]byte(out), &res); err != nil || code != 0 {
		t.Fatalf("exit code %d: %s%v", code, errs, err)
	}
	if asked.Load() != 2000 || res.Sent.Served != 2000 || res.Verdict != result.Measured || len(res.Schedule) != 64 || res.Recorded != "a.rec" {
		t.Errorf("%d were asked; %s", asked.Load(), out)
	}
	code, out, errs = highwater(t.Context(), nil, "attack", "log", "a.rec")
	if code != 0 || !strings.HasPrefix(out, "boards: 2,000 of 2,000 planned requests") || !strings.Contains(out, res.Schedule) {
		t.Errorf("exit code %d: %s%s", code, out, errs)
	}
	if _, again, errs := highwater(t.Context(), bytes.NewReader(mustReadFile(t, "a.rec")), "attack", "log", "-"); again != out {
		t.Errorf("by standard input it is %s%s\nnot\n%s", again, errs, out)
	}
	code, out, _ = highwater(t.Context(), nil, "attack", "log", "a.rec", "--to", "jsonl")
	if n := strings.Count(out, "\n"); code != 0 || n != 2000 || strings.Count(out, res.Schedule) != 2000 || !strings.Contains(out, `"cohort":"boards","member":50,"via":"rest","kind":"call"`) {
		t.Errorf("exit code %d, %d lines: %.500s", code, n, out)
	}
	code, out, _ = highwater(t.Context(), nil, "attack", "log", "a.rec", "--to", "vegeta-json")
	if n := strings.Count(out, `"code":200,`); code != 0 || n != 2000 || strings.Count(out, res.Schedule) != 2000 {
		t.Errorf("exit code %d, %d results: %.500s", code, n, out)
	}
	// A record is not written over.
	if code, _, errs = highwater(t.Context(), nil, args...); code != exitFailed || !strings.Contains(errs, "exist") ||
		!strings.HasSuffix(errs, "\nhighwater: hint: a record is not written over: give another name, or move that one away\n") {
		t.Errorf("exit code %d: %s; want 1, as the record is there", code, errs)
	}
}

// queued has six calls at one instant and a proxy with two places: two pass,
// and the others have waited for longer than their patience when those end.
const queued = `
name: queued
duration: 20s
license: {units: 9}
proxies: [{name: gateway, address: 10.0.0.5, cap: 2, patience: 2s}]
cohorts:
  - {name: calls, kind: callers, through: gateway, arrivals: {at: [+1s, +1s, +1s, +1s, +1s, +1s]}, session: 5s}
  - {name: others, kind: callers, arrivals: {at: [+1s, +2s]}}
`

// Who gives up at a proxy is told apart from who was refused, failed or was not
// sent: as text, in JSON, in the log of the record and in a report.
func TestAttackTellsGiveUps(t *testing.T) {
	inFolder(t, map[string]string{"queued.yaml": queued})
	h := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/rest/calls") {
			<-time.After(5 * time.Second / 4)
		}
	}))
	defer h.Close()
	args := []string{"attack", "queued.yaml", "--target", h.URL, "--clock", "4x", "--max-lag", "1m", "--scrape", "0s"}
	code, out, errs := highwater(t.Context(), nil, append(args, "--record", "a.rec")...)
	for _, want := range []string{
		"sent           4 of 8 planned, and 0 retries", "answers        4 served, 0 refused, 0 failed", "waited         4 attempts for a place at a proxy, which 0 got; 4 gave up",
		"not sent       4 by users who gave up after a wait, then or earlier in the visit\n",
		"gave up        4 attempts at a proxy, when their patience ended; they were not sent", "p99  gave up\ncalls ", "verdict: measured",
		"waiting: 4 attempts gave up at a proxy when their patience ended, predicted 4; ", `note: proxy "gateway" passes on 2 calls at once`,
	} {
		if !strings.Contains(out, want) {
			t.Errorf("exit code %d: %s%s\nwant %q", code, errs, out, want)
		}
	}
	if strings.Contains(out, "never reached the target") {
		t.Error(out)
	}
	code, out, errs = highwater(t.Context(), nil, "attack", "log", "a.rec")
	if code != 0 || !strings.Contains(out, "queued: 4 of 8 planned requests") || !strings.Contains(out, "8: 4 served, 0 refused, 0 failed, 0 cut, 4 queue timeout\n") ||
		!strings.Contains(out, "4 requests, each counted once, and 0 retries\nnot sent  4 requests whose users gave up after a refusal or a wait\n") {
		t.Errorf("exit code %d: %s%s", code, errs, out)
	}
	code, out, errs = highwater(t.Context(), nil, append(args, "--json")...)
	var res result.Attack
	if err := json.Unmarshal([]byte(out), &res); err != nil || code != 0 {
		t.Fatalf("exit code %d: %s%v", code, errs, err)
	}
	if r, c := res.Sent, res.Curves; r.TimedOut != 4 || r.First != 4 || r.Abandoned != 4 || r.Unsent != 0 || r.Waited != 4 || r.Waiting != 0 || r.Cohorts[0].TimedOut != 4 || r.Cohorts[0].Requests != 2 ||
		c.AsRun.TimedOut != 4 || c.Predicted.TimedOut != 4 || c.AsRun.Peak.Units != c.Predicted.Peak.Units {
		t.Error(out)
	}
	if err := os.WriteFile("a.json", []byte(out), 0o666); err != nil {
		t.Fatal(err)
	}
	code, out, errs = highwater(t.Context(), nil, "report", "a.json")
	if code != 0 || !strings.Contains(out, "attempts that gave up at a proxy, and were not sent | 4 |") {
		t.Errorf("exit code %d: %s%s", code, errs, out)
	}
}

// The lines on what was not sent, and on who waited, sum up to what was planned
// and to who waited, whatever became of them.
func TestAttackLinesClose(t *testing.T) {
	numbers := regexp.MustCompile(`[0-9][0-9,]*`)
	rapid.Check(t, func(t *rapid.T) {
		some := func(what string) int64 { return rapid.Int64Range(0, 2000).Draw(t, what) }
		r := &result.AttackRun{First: some("sent"), Abandoned: some("abandoned"), Unsent: some("unsent"), TimedOut: some("timed out"), Waiting: some("waiting")}
		got := some("got a place")
		r.Waited = r.TimedOut + r.Waiting + got
		a := &result.Attack{Plan: result.AttackPlan{Requests: r.First + r.Abandoned + r.Unsent}, Sent: r}
		var b strings.Builder
		writeAttackRun(&b, a, clock{})
		counts := map[string][]int64{}
		for line := range strings.Lines(b.String()) {
			label, text, _ := strings.Cut(line, "  ")
			for _, n := range numbers.FindAllString(text, -1) {
				n, _ := strconv.ParseInt(strings.ReplaceAll(n, ",", ""), 10, 64)
				counts[label] = append(counts[label], n)
			}
		}
		sum := counts["sent"][0]
		for _, n := range counts["not sent"] {
			sum += n
		}
		if sum != counts["sent"][1] || sum != a.Plan.Requests {
			t.Fatalf("%d of %d planned requests are told:\n%s", sum, a.Plan.Requests, &b)
		}
		sum = 0
		for i, n := range counts["waited"] {
			if i > 0 {
				sum += n
			}
		}
		if sum != r.Waited {
			t.Fatalf("%d of %d that waited are told:\n%s", sum, r.Waited, &b)
		}
	})
}

// The page of JSON explains every field of a result.
func TestJSONPageHasTheAttack(t *testing.T) {
	inFolder(t, map[string]string{"boards.yaml": boards})
	h := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503) }))
	defer h.Close()
	_, section, _ := strings.Cut(page(t, "json"), "# The result of attack\n")
	section, _, _ = strings.Cut(section, "\n# ")
	_, out, errs := highwater(t.Context(), nil, "attack", "boards.yaml", "--target", h.URL, "--window", "0s..40s", "--clock", "100x", "--record", "a.rec", "--json")
	fields := regexp.MustCompile(`"(\w+)": `).FindAllStringSubmatch(out, -1)
	if len(fields) < 50 {
		t.Fatalf("there are %d fields: %s%s", len(fields), out, errs)
	}
	for _, m := range fields {
		if !strings.Contains(section, "`"+m[1]+"`") {
			t.Errorf("json.md does not explain %s", m[1])
		}
	}
}

// The allow file in the help is one.
func TestLoadPageHasAnAllowFile(t *testing.T) {
	var text strings.Builder
	for _, l := range strings.Split(page(t, "load"), "\n") {
		if entry, ok := strings.CutPrefix(l, "    - {host"); ok {
			text.WriteString("- {host" + entry + "\n")
		}
	}
	if list, err := attack.ParsePermissions("load.md", []byte(text.String())); err != nil || len(list) != 2 {
		t.Errorf("%v: %+v", err, list)
	}
}

// A generator that falls behind says so, and that is no pass.
func TestAttackThatFallsBehind(t *testing.T) {
	inFolder(t, map[string]string{"boards.yaml": boards})
	h := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer h.Close()
	code, out, errs := highwater(t.Context(), nil, "attack", "boards.yaml", "--target", h.URL, "--window", "0s..40s", "--clock", "100x", "--max-lag", "1ns")
	if code != exitInconclusive || !strings.Contains(out, "verdict: inconclusive\n  the generator fell behind: ") || !strings.HasPrefix(errs, "highwater: inconclusive: ") {
		t.Errorf("exit code %d: %s%s", code, out, errs)
	}
}

// An interrupted attack prints what was done.
func TestInterruptedAttack(t *testing.T) {
	inFolder(t, map[string]string{"boards.yaml": boards})
	ctx, cancel := context.WithCancelCause(t.Context())
	var asked atomic.Int64
	h := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		if asked.Add(1) == 30 {
			cancel(&interrupted{os.Interrupt})
		}
	}))
	defer h.Close()
	code, out, errs := highwater(ctx, nil, "attack", "boards.yaml", "--target", h.URL, "--record", "a.rec")
	if code != exitInterrupted || !strings.Contains(out, "\nPARTIAL: ") || !strings.Contains(out, "planned requests were not sent") || errs != "highwater: interrupted\n" {
		t.Errorf("exit code %d: %s%s", code, out, errs)
	}
	code, out, _ = highwater(t.Context(), nil, "attack", "log", "a.rec")
	if code != 0 || !strings.Contains(out, "interrupted") {
		t.Errorf("exit code %d: %s", code, out)
	}
}

// A record whose head no attack has is none: to plan a thousand million times
// the people again would not end.
func TestRecordOfNoAttack(t *testing.T) {
	for _, h := range []record.Header{
		{Replication: 1, Scale: 1e9, Clock: 1}, {Replication: 1, Scale: -1, Clock: 1}, {Replication: 0, Scale: 1, Clock: 1},
		{Replication: 1, Scale: 1, Clock: -1}, {Replication: 1, Scale: 1, Clock: 1e300},
	} {
		var b bytes.Buffer
		w, err := record.NewWriter(&b, &h)
		if err == nil {
			err = errors.Join(w.File(&record.File{Name: "boards.yaml", Data: []byte(boards)}), w.End("", nil))
		}
		if err != nil {
			t.Fatal(err)
		}
		want := fmt.Sprintf("a clock from 0 to 100000, not %v, %v and %v\n", h.Replication, h.Scale, h.Clock)
		if code, _, errs := highwater(t.Context(), &b, "attack", "log", "-"); code != exitInvalid || !strings.HasSuffix(errs, want) {
			t.Errorf("exit code %d: %s; want %s", code, errs, want)
		}
	}
}

// A schedule that is no hash goes into no file and to no terminal.
func TestRecordOfNoSchedule(t *testing.T) {
	for _, schedule := range []string{"ab", strings.Repeat("x", 64), "\x1b[2J", strings.Repeat("ab", 33)} {
		var b bytes.Buffer
		w, err := record.NewWriter(&b, &record.Header{Schedule: schedule})
		if err == nil {
			err = w.End("", nil)
		}
		if err != nil {
			t.Fatal(err)
		}
		want := fmt.Sprintf("standard input: its schedule must be a SHA-256 in hex, not %q\n", schedule)
		for _, more := range []string{"", "--to=trace", "--to=jsonl"} {
			code, out, errs := highwater(t.Context(), bytes.NewReader(b.Bytes()), append([]string{"attack", "log", "-"}, strings.Fields(more)...)...)
			if code != exitInvalid || out != "" || errs != want {
				t.Errorf("%s: exit code %d: %s%s; want %s", more, code, out, errs, want)
			}
		}
	}
}

// An interrupt ends waiting for a record that does not come.
func TestRecordThatDoesNotCome(t *testing.T) {
	in, out := io.Pipe()
	defer out.Close()
	ctx, cancel := context.WithCancelCause(t.Context())
	defer time.AfterFunc(50*time.Millisecond, func() { cancel(&interrupted{os.Interrupt}) }).Stop()
	if code, _, errs := highwater(ctx, in, "attack", "log", "-"); code != exitInterrupted || errs != "highwater: interrupted\n" {
		t.Errorf("exit code %d: %s", code, errs)
	}
}

// What a killed attack has recorded is read up to its last whole block.
func TestKilledAttack(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows kills otherwise")
	}
	t.Parallel() // it waits
	path := folder(t, map[string]string{"boards.yaml": boards})
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var asked atomic.Int64
	var attacker atomic.Pointer[os.Process]
	h := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		if asked.Add(1) == 120 { // after more than two seconds
			_ = attacker.Load().Kill()
		}
	}))
	defer h.Close()
	cmd := exec.Command(self, "attack", path("boards.yaml"), "--target", h.URL, "--record", path("a.rec"))
	cmd.Args[0] = "highwater"
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	attacker.Store(cmd.Process)
	_ = cmd.Wait() // it is killed
	code, out, errs := highwater(t.Context(), nil, "attack", "log", path("a.rec"))
	if code != exitInconclusive || !strings.HasPrefix(errs, "highwater: "+path("a.rec")+": the record has no end") {
		t.Errorf("exit code %d: %s%s", code, out, errs)
	}
	n := 0
	if _, err := fmt.Sscanf(out, "boards: %d of 30,000 planned requests", &n); err != nil || n < 10 || n > 121 {
		t.Errorf("%d requests were recorded, of 120: %s", n, out)
	}
}

// Secrets by reference are sent, and stand nowhere else.
func TestAttackTellsNoSecret(t *testing.T) {
	const secret = "open-sesame-4711"
	t.Setenv("HIGHWATER_TEST_SECRET", secret)
	inFolder(t, map[string]string{
		"lab.yaml": "{name: lab, duration: 1m, license: {units: 9}, cohorts: [{name: lab, kind: callers, user: own, count: 5, arrivals: {at: +1s}}]}\n",
		"word.txt": secret + "\n",
	})
	var wrong atomic.Int64
	h := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user, password, ok := r.BasicAuth(); !ok || password != secret || !strings.HasPrefix(user, "lab.") {
			wrong.Add(1)
		}
		w.WriteHeader(500)
	}))
	defer h.Close()
	for i, ref := range []string{"env:HIGHWATER_TEST_SECRET", "file:word.txt"} {
		name := fmt.Sprintf("%d.rec", i)
		code, out, errs := highwater(t.Context(), nil, "attack", "lab.yaml", "--target", h.URL, "--clock", "60x", "--password", ref, "--record", name, "--max-lag", "1m", "--scrape", "0s")
		data, err := os.ReadFile(name)
		if err != nil || code != exitInconclusive || wrong.Load() != 0 {
			t.Errorf("exit code %d, %d wrong: %s%v", code, wrong.Load(), errs, err)
		}
		if strings.Contains(out+errs, secret) || bytes.Contains(data, []byte(secret)) {
			t.Errorf("the secret is told: %s%s%q", out, errs, data)
		}
	}
}

// Who is not known to the target is told what to give: for the requests, for
// the metrics, and before anything is sent that depends on them.
func TestAttackWithoutLogin(t *testing.T) {
	inFolder(t, map[string]string{"boards.yaml": boards, "word.txt": "ward\n"})
	h := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(401) }))
	defer h.Close()
	args := []string{"attack", "boards.yaml", "--target", h.URL, "--window", "0s..2s", "--clock", "10x", "--max-lag", "1m"}
	code, out, errs := highwater(t.Context(), nil, args...)
	for _, want := range []string{"failed by: 100 status 401\n", "verdict: inconclusive\n  every request failed: 100 status 401; ", "(--password", "status 401: it wants a login (--metrics-login)"} {
		if code != exitInconclusive || !strings.Contains(out, want) {
			t.Errorf("exit code %d: %s%s; want %q", code, out, errs, want)
		}
	}
	for _, tt := range []struct {
		want string
		args []string
	}{
		{"status 401: it wants a login (--metrics-login); nothing was sent\nhighwater: hint: ", nil},
		{"status 401: it does not take the login of --metrics-login; nothing was sent\nhighwater: hint: ", []string{"--metrics-login", "monitor:file:word.txt"}},
	} {
		code, out, errs := highwater(t.Context(), nil, append(append(args, "--abort-free", "3"), tt.args...)...)
		if code != exitFailed || out != "" || !strings.Contains(errs, tt.want) {
			t.Errorf("exit code %d: %s%s; want %q", code, out, errs, tt.want)
		}
	}
}

// The people whom the target holds are as many as it was told: a scale that
// they do not have is noted.
func TestAttackAtAnotherScale(t *testing.T) {
	inFolder(t, map[string]string{"wards.yaml": wards})
	sc := parseWards(t)
	url := serve(t, target.Options{Scenario: sc, Policy: sc.License.Policy, Units: 9, Clock: 300})
	for scale, noted := range map[string]bool{"1": false, "3": true} {
		_, out, errs := highwater(t.Context(), nil, "attack", "wards.yaml", "--target", url, "--clock", "300x", "--max-lag", "1m", "--scale", scale)
		if strings.Contains(out, "jobs and tasks at 1x: the scale of 3 is that of those who send requests\n") != noted || errs != "" {
			t.Errorf("scale %s, want a note %v: %s%s", scale, noted, out, errs)
		}
	}
}

func TestAttackExitCodes(t *testing.T) {
	inFolder(t, map[string]string{"ward.yaml": ward, "boards.yaml": boards, "bad.yaml": "name: ward\n"})
	interrupt, cancel := context.WithCancelCause(t.Context())
	cancel(&interrupted{os.Interrupt})
	const there = " --target http://127.0.0.1:1"
	for _, tt := range []struct {
		ctx  context.Context
		code int
		args string
	}{
		{t.Context(), 0, "attack boards.yaml --dry-run" + there},
		{t.Context(), 1, "attack boards.yaml" + there},
		{t.Context(), 1, "attack ward.yaml" + there}, // nobody speaks HTTP
		{t.Context(), 1, "attack none.yaml" + there},
		{t.Context(), 1, "attack boards.yaml --allow none.yaml" + there},
		{t.Context(), 1, "attack boards.yaml --ca none.pem --target https://127.0.0.1:1"},
		{t.Context(), 1, "attack log none.rec"},
		{t.Context(), 2, "attack boards.yaml"},
		{t.Context(), 2, "attack boards.yaml --clock 0x" + there},
		{t.Context(), 2, "attack boards.yaml --scale 65" + there},
		{t.Context(), 2, "attack boards.yaml --timeout 0s" + there},
		{t.Context(), 2, "attack boards.yaml --cert a.pem --target https://127.0.0.1:1"},
		{t.Context(), 2, "attack boards.yaml --ca a.pem" + there},
		{t.Context(), 2, "attack boards.yaml --cert a.pem --key a.pem" + there},
		{t.Context(), 2, "attack log"},
		{t.Context(), 2, "attack log a.rec --to har"},
		{t.Context(), 4, "attack bad.yaml" + there},
		{t.Context(), 4, "attack boards.yaml --allow bad.yaml" + there},
		{t.Context(), 4, "attack boards.yaml --ca bad.yaml --target https://127.0.0.1:1"},
		{t.Context(), 4, "attack log bad.yaml"},
		{interrupt, 130, "attack boards.yaml" + there},
	} {
		code, out, errs := highwater(tt.ctx, strings.NewReader(""), strings.Fields(tt.args)...)
		if code != tt.code || (code == 0) != (out != "") || (code == 0) != (errs == "") {
			t.Errorf("%s: exit code %d, want %d\n%s%s", tt.args, code, tt.code, out, errs)
		}
	}
}
