package main

import (
	"context"
	"encoding/json"
	"net"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"highwater/engine"
	"highwater/scenario"
	"highwater/sim/result"
	"highwater/sim/target"
)

// wards is a scenario with people whom the target holds itself.
const wards = `{name: wards, start: 2026-11-23T07:00:00Z, duration: 4m, license: {units: 9}, cohorts: [
{name: desks, kind: users, count: 3, arrivals: start, session: 2m},
{name: boards, kind: callers, count: 8, arrivals: {every: 15s}, session: 1s, on_refusal: {retry: 5s, times: 1}},
{name: visitors, kind: browsers, count: 4, arrivals: {at: [+30s, +90s]}, session: {pages: 2, think: 10s, logout: 100%}}]}
`

// serve has a target answer on this machine to the end of the test.
func serve(t *testing.T, o target.Options) (url string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error)
	tgt := target.New(o)
	go func() {
		_, err := tgt.Serve(ctx, l)
		done <- err
	}()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return "http://" + l.Addr().String()
}

func parseWards(t *testing.T) *scenario.Scenario {
	t.Helper()
	sc, err := scenario.Parse("wards.yaml", []byte(wards), nil)
	if err != nil {
		t.Fatal(err)
	}
	return sc
}

// An attack on a target that counts as the scenario says agrees with it, at
// once and from its record alone.
func TestAttackComparesTheUnits(t *testing.T) {
	t.Parallel() // it waits
	path := folder(t, map[string]string{"wards.yaml": wards})
	sc := parseWards(t)
	url := serve(t, target.Options{Scenario: sc, Policy: sc.License.Policy, Units: 9, Clock: 60})
	code, out, errs := highwater(t.Context(), nil, "attack", path("wards.yaml"), "--target", url, "--clock", "60x", "--scrape", "50ms", "--max-lag", "1m",
		"--record", path("a.rec"), "--out", path("out"), "--max-divergence", "3")
	if code != 0 || !regexp.MustCompile(`\ndivergence: agrees \(off by [0-9.]+ \(0 to [0-2][.0-9]*\) units, at most 3; 0 attempts answered otherwise for certain, at most 3\)\n`).MatchString(out) {
		t.Errorf("exit code %d: %s%s", code, out, errs)
	}
	for _, name := range []string{"attack.png", "attack.svg", "result.json", "predicted.csv", "as-run.csv", "as-reported.csv"} {
		if info, err := os.Stat(path("out/" + name)); err != nil || info.Size() == 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := os.Remove(path("wards.yaml")); err != nil {
		t.Fatal(err)
	}
	code, again, errs := highwater(t.Context(), nil, "attack", "log", path("a.rec"), "--max-divergence", "3")
	_, table, _ := strings.Cut(out, "\nlicense units")
	table, _, _ = strings.Cut(table, "\nnote: ")
	table, _, _ = strings.Cut(table, "\nverdict: ")
	if code != 0 || !strings.Contains(again, table) {
		t.Errorf("exit code %d: %s%s\nwant\n%s", code, again, errs, table)
	}
	var fromLog result.Curves
	code, doc, errs := highwater(t.Context(), nil, "attack", "log", path("a.rec"), "--json")
	if err := json.Unmarshal([]byte(doc), &fromLog); code != 0 || err != nil || fromLog.Predicted == nil || !fromLog.Held || fromLog.Divergence.Samples < 20 {
		t.Errorf("exit code %d: %s%s%v", code, doc, errs, err)
	}
	code, tape, errs := highwater(t.Context(), nil, "attack", "log", path("a.rec"), "--to", "trace")
	if code != 0 {
		t.Fatalf("exit code %d: %s", code, errs)
	}
	var replayed result.Replay
	code, doc, errs = highwater(t.Context(), strings.NewReader(tape), "replay", "-", "--json")
	if err := json.Unmarshal([]byte(doc), &replayed); code != 0 || err != nil || replayed.Peak.Units != fromLog.AsRun.Peak.Units || replayed.Refused != fromLog.AsRun.Refused {
		t.Errorf("exit code %d: %s%s; want what the curve as run has: %+v", code, doc, errs, fromLog.AsRun)
	}
}

// A target that counts otherwise is told by the exit code, and one that tells
// nothing is no pass.
func TestAttackThatDiverges(t *testing.T) {
	t.Parallel() // it waits
	path := folder(t, map[string]string{"wards.yaml": wards})
	sc := parseWards(t)
	other := sc.License.Policy
	if err := other.Set("anon_id", "session"); err != nil {
		t.Fatal(err)
	}
	url := serve(t, target.Options{Scenario: sc, Policy: other, Clock: 60})
	args := []string{"attack", path("wards.yaml"), "--clock", "60x", "--window", "0s..90s", "--max-lag", "1m", "--max-divergence", "10%", "--target", url}
	code, out, errs := highwater(t.Context(), nil, append(args, "--scrape", "50ms")...)
	if code != exitNo || !strings.Contains(out, "\nverdict: diverges\n  the target's units diverge: ") || !strings.Contains(out, "\ndivergence: diverges ") || !strings.Contains(out, "note: the target counts by iris-2022.3 anon_id=session ") {
		t.Errorf("exit code %d: %s%s", code, out, errs)
	}
	if code, out, errs = highwater(t.Context(), nil, append(args, "--scrape", "0s")...); code != exitInconclusive || !strings.Contains(out, "reported no units") ||
		!strings.Contains(out, "\nverdict: inconclusive\n  the target's units cannot be compared\n") {
		t.Errorf("exit code %d: %s%s", code, out, errs)
	}
	// So says what is written, of a clock that goes otherwise, too; a gate judges by its own number.
	args[3] = "50x"
	code, out, errs = highwater(t.Context(), nil, append(args, "--scrape", "50ms", "--json", "--out", path("out"))...)
	var res result.Attack
	if err := json.Unmarshal(mustReadFile(t, path("out/result.json")), &res); err != nil || code != exitInconclusive || res.Verdict != result.Inconclusive ||
		len(res.Reasons) != 1 || res.Reasons[0] != "the target's units cannot be compared: the target's clock goes otherwise" || res.Curves.Why != res.Reasons[0] {
		t.Errorf("exit code %d: %s%s%v", code, out, errs, err)
	}
	if why, ok := res.Doubt(); ok {
		t.Errorf("what was sent is in doubt: %s", why)
	}
}

// An attack that leaves too few units free to others ends.
func TestAttackThatLeavesTooFew(t *testing.T) {
	inFolder(t, map[string]string{"wards.yaml": wards})
	sc := parseWards(t)
	url := serve(t, target.Options{Scenario: sc, Policy: sc.License.Policy, Units: 9, Clock: 30})
	code, out, errs := highwater(t.Context(), nil, "attack", "wards.yaml", "--target", url, "--clock", "30x", "--max-lag", "1m", "--scrape", "20ms", "--abort-free", "4")
	if code != exitInconclusive || !strings.Contains(out, " units free, fewer than 4\n") || !strings.Contains(out, "PARTIAL: ") {
		t.Errorf("exit code %d: %s%s", code, out, errs)
	}
	// One that has too few before is sent nothing, and there is no record.
	url = serve(t, target.Options{Scenario: sc, Policy: sc.License.Policy, Units: 9, Clock: 30})
	code, out, errs = highwater(t.Context(), nil, "attack", "wards.yaml", "--target", url, "--clock", "30x", "--abort-free", "10", "--record", "a.rec")
	few := regexp.MustCompile(`^highwater: the target has [0-9] license units free, fewer than 10 \(--abort-free\): nothing was sent\n$`)
	if _, err := os.Stat("a.rec"); code != exitFailed || out != "" || !few.MatchString(errs) || err == nil {
		t.Errorf("exit code %d: %s%s%v", code, out, errs, err)
	}
}

// The readings by which a target counts are found over real connections.
func TestCalibrate(t *testing.T) {
	t.Parallel() // it waits
	p, _ := engine.NamedPolicy("")
	if err := p.Set("hold_from", "end"); err != nil {
		t.Fatal(err)
	}
	service := scenario.Dist{Law: scenario.Constant, Mean: (8 * time.Second).Seconds()}
	url := serve(t, target.Options{Policy: p, Clock: 40, Service: service})
	code, out, errs := highwater(t.Context(), nil, "attack", "--calibrate", "--target", url, "--json")
	var res result.Calibration
	if err := json.Unmarshal([]byte(out), &res); err != nil || code != 0 && code != exitInconclusive {
		t.Fatalf("exit code %d: %s%s%v", code, out, errs, err)
	}
	if res.Verdict == result.Inconclusive {
		t.Skipf("this machine is too busy: %q", res.Notes)
	}
	for _, o := range res.Options {
		if o.Name == "hold_from" && !slices.Contains(o.Values, "end") { // on a busy machine it may be open
			t.Errorf("%s is %v, want end", o.Name, o.Values)
		}
	}
	if res.Requests > res.MostRequests || res.Clock != 40 || !strings.Contains(errs, "calibrating sends 1,068 requests at the most") {
		t.Errorf("%d requests at %vx: %s", res.Requests, res.Clock, errs)
	}
	_, part, _ := strings.Cut(page(t, "json"), "\n# The result of attack --calibrate\n")
	part, _, _ = strings.Cut(part, "\n# ")
	for _, m := range regexp.MustCompile(`(?m)^  "(\w+)": `).FindAllStringSubmatch(out, -1) {
		if !slices.Contains([]string{"schema", "version"}, m[1]) && !strings.Contains(part, "`"+m[1]+"`") {
			t.Errorf("json.md does not explain %s of a calibration", m[1])
		}
	}
	code, out, errs = highwater(t.Context(), nil, "attack", "--calibrate", "--target", url, "--call", "none")
	if code != exitUsage {
		t.Errorf("exit code %d: %s%s", code, out, errs)
	}
}

// What a scenario describes is answered by a target that has the scenario, and
// both count the same.
func TestDescribedRequests(t *testing.T) {
	t.Parallel() // it waits
	const text = `{name: clinic, duration: 4m, license: {units: 30}, cohorts: [
{name: orders, kind: callers, user: own, count: 5, arrivals: {every: 20s}, session: 1s, request: {method: PUT, path: "/api/orders/{{n}}", body: '{"call": {{call}}}'}},
{name: letters, kind: callers, via: soap, count: 3, arrivals: {every: 30s}, request: {path: /csp/his/Letters.cls, version: 1.2, body: "<Send xmlns='urn:x'/>"}},
{name: staff, kind: browsers, user: own, count: 6, arrivals: {at: +30s}, session: {login: true, pages: 4, think: 10s, logout: 100%},
 request: {pages: [/csp/his/home.csp, "/csp/his/list.csp?of={{random 1..9}}"], user_field: CacheUserName}}]}
`
	path := folder(t, map[string]string{"clinic.yaml": text})
	sc, err := scenario.Parse("clinic.yaml", []byte(text), nil)
	if err != nil {
		t.Fatal(err)
	}
	url := serve(t, target.Options{Scenario: sc, Policy: sc.License.Policy, Units: 30, Clock: 60})
	code, out, errs := highwater(t.Context(), nil, "attack", path("clinic.yaml"), "--target", url, "--clock", "60x", "--scrape", "50ms", "--max-lag", "1m",
		"--record", path("a.rec"), "--max-divergence", "3", "--json")
	var res result.Attack
	if err := json.Unmarshal([]byte(out), &res); err != nil || code != 0 {
		t.Fatalf("exit code %d: %s%v", code, errs, err)
	}
	// 5 members 12 times, 3 members 8 times, 6 visitors with 4 pages and a logout.
	if want := int64(5*12 + 3*8 + 6*5); res.Sent.Served != want || res.Sent.Refused+res.Sent.Failed != 0 || res.Sent.Sessions != 6 {
		t.Errorf("%d served, want %d; %d refused, %d failed, %d sessions", res.Sent.Served, want, res.Sent.Refused, res.Sent.Failed, res.Sent.Sessions)
	}
	if code, out, errs := highwater(t.Context(), nil, "attack", "log", path("a.rec"), "--max-divergence", "3"); code != 0 || !strings.Contains(out, "divergence: agrees") {
		t.Errorf("exit code %d: %s%s", code, out, errs)
	}
}

// Times of a calibration are the target's, but for how long it took.
func TestCalibrationTimes(t *testing.T) {
	var b strings.Builder
	writeCalibration(&b, &result.Calibration{
		Clock: 20, Duration: 17 * engine.Second, Noise: 0.1, Reach: engine.Second,
		Ways: []result.CalibratedWay{{Via: "rest", Path: "/slow", Offered: true, Takes: 2 * engine.Second}},
	})
	for _, want := range []string{
		"at its metrics in 17 s of real time;", "  rest /slow: offered, takes 2 s of the target's time\n", "begins within 1 s of the target's time after it was sent\n",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in:\n%s", want, b.String())
		}
	}
}

// What is not known is not said to fit, nor to be ruled out.
func TestCalibrationWords(t *testing.T) {
	res := result.Calibration{
		Verdict: result.Inconclusive, Noise: 0.1, Sets: 96, Idle: 1, Leaves: 10 * engine.Minute,
		Options: []result.CalibratedOption{{Name: "anon_id", Values: []string{"ip"}, Evidence: []result.ValueEvidence{
			{Value: "ip", Agrees: 15, Of: 15}, {Value: "global", Agrees: 0, Of: 3}, {Value: "session"}}}},
	}
	written := func() string {
		var b strings.Builder
		writeCalibration(&b, &res)
		return b.String()
	}
	out := written()
	for _, want := range []string{"; units in use before: 1\n", "15 of 15  not known\n", "0 of 3  not known\n", "0 of 0  not asked\n", "stay in use for up to 10 min of the target's time\n"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in:\n%s", want, out)
		}
	}
	if !strings.HasSuffix(out, "\ninconclusive: nothing is decided\n") || strings.Contains(out, "fit") {
		t.Errorf("something fits:\n%s", out)
	}
	res.Verdict, res.Fitting, res.Margin = result.Undecided, 4, 3
	want := "\nundecided: 4 of 96 readings fit. A reading is ruled out when 3 more rounds disagree with it than with the best one: then it is at most 1 in 500 as likely.\n"
	if out := written(); !strings.Contains(out, want) {
		t.Errorf("no %q in:\n%s", want, out)
	}
}

// A target that is gone while it is asked ends that, and nothing is advised.
func TestCalibrateWithoutEnd(t *testing.T) {
	t.Parallel() // it waits
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	over := make(chan error)
	go func() {
		_, err := target.New(target.Options{Clock: 10, Units: 12}).Serve(ctx, l)
		over <- err
	}()
	time.AfterFunc(3*time.Second, stop)
	code, out, errs := highwater(t.Context(), nil, "attack", "--calibrate", "--target", "http://"+l.Addr().String())
	if err := <-over; err != nil {
		t.Error(err)
	}
	if code != exitInconclusive || !strings.Contains(out, "\nENDED EARLY: the target does not answer any more as it did\ninconclusive: nothing is decided\n") ||
		strings.Contains(out, "count by them") || !strings.Contains(errs, "an experiment takes 30 units at once, and 12 are free") {
		t.Errorf("exit code %d: %s%s", code, out, errs)
	}
}

// Where a target does not tell whom of its people it refused, nobody says that
// it was nobody.
func TestRefusedOpen(t *testing.T) {
	first := &result.CurveRefusal{At: engine.Minute, Via: "rest"}
	for _, tt := range []struct {
		c    result.Curve
		want string // the last columns
	}{
		{result.Curve{}, "none none"},
		{result.Curve{FirstOpen: true, RefusedOpen: true}, "not known not known"},
		{result.Curve{FirstOpen: true, RefusedOpen: true, Refused: 1, RefusedByVia: map[string]int64{"rest": 1}, FirstRefusal: first}, "rest at the latest 1 attempt: rest 1 at least"},
		{result.Curve{FirstOpen: true, Refused: 1, RefusedByVia: map[string]int64{"xdbc": 1}}, "not known 1 attempt: xdbc 1"},
	} {
		var b strings.Builder
		writeCurves(&b, &result.Curves{Reported: &tt.c}, clock{})
		text := strings.Join(strings.Fields(b.String()), " ")
		if !strings.HasSuffix(text, tt.want) {
			t.Errorf("%s; want %s", text, tt.want)
		}
	}
}
