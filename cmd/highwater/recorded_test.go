package main

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"strings"
	"testing"

	"highwater/sim/attack/record"
	"highwater/sim/result"
	"highwater/sim/target"

	"github.com/google/go-cmp/cmp"
)

// withoutEnd is a record up to its last block, as that of a program that was
// killed.
func withoutEnd(t *testing.T, data []byte) []byte {
	t.Helper()
	const frame = 8
	last := 0
	for at := bytes.IndexByte(data, '\n') + 1; at+frame <= len(data); {
		last = at
		at += frame + int(binary.BigEndian.Uint32(data[at:]))
	}
	if !record.Begins(data) || last == 0 || data[last+frame] != 'E' {
		t.Fatal("the record has no end")
	}
	return data[:last]
}

// A record has all that a report needs: of a whole one it is the report of the
// printed result, byte for byte. Without its end the attempts tell the same, but
// for what only the sender knew, and nothing is called measured.
func TestReportOfARecord(t *testing.T) {
	t.Parallel() // it waits
	path := folder(t, map[string]string{"wards.yaml": wards, "expect.yaml": strings.Replace(wards, "cohorts:", "expect: [{errors: 90%}], cohorts:", 1)})
	sc := parseWards(t)
	url := serve(t, target.Options{Scenario: sc, Policy: sc.License.Policy, Units: 9, Clock: 60})
	do := func(want int, args ...string) string {
		t.Helper()
		code, out, errs := highwater(t.Context(), nil, args...)
		if code != want {
			t.Fatalf("%q: exit code %d, want %d: %s%s", args, code, want, out, errs)
		}
		return out
	}
	printed := do(0, "attack", path("wards.yaml"), "--target", url, "--clock", "60x", "--scrape", "50ms", "--max-lag", "1m", "--record", path("a.rec"), "--set", "hold_seconds=20", "--json")
	write(t, path("a.json"), printed)
	if do(0, "report", path("a.rec")) != do(0, "report", path("a.json")) {
		t.Error("the report of the record is not that of the result")
	}
	do(0, "gate", path("a.rec"), "--expect", path("expect.yaml"), "-q")
	do(0, "report", path("a.rec"), "--dossier", path("a.zip"))
	if out := do(0, "verify", path("a.zip")); !strings.Contains(out, "report verified") {
		t.Error(out)
	}

	write(t, path("killed.rec"), string(withoutEnd(t, mustReadFile(t, path("a.rec")))))
	do(exitInconclusive, "gate", path("killed.rec"), "--expect", path("expect.yaml"), "-q")
	killed, err := recordedAttack(t.Context(), bytes.NewReader(mustReadFile(t, path("killed.rec"))))
	if err != nil {
		t.Fatal(err)
	}
	var whole result.Attack
	if err := json.Unmarshal([]byte(printed), &whole); err != nil {
		t.Fatal(err)
	}
	if killed.Verdict != result.Inconclusive || !killed.Partial || len(killed.Reasons) != 1 || !strings.Contains(killed.Reasons[0], "has no end") {
		t.Errorf("it is %s: %q", killed.Verdict, killed.Reasons)
	}
	if killed.Sent.InFlight < 1 || killed.Sent.InFlight > whole.Sent.InFlight {
		t.Errorf("%d in flight at the most, and the sender knew of %d", killed.Sent.InFlight, whole.Sent.InFlight)
	}
	killed.Sent.InFlight, killed.Sent.Waited, killed.Sent.Waiting = whole.Sent.InFlight, whole.Sent.Waited, whole.Sent.Waiting
	killed.Plan.FilesLimit, killed.Plan.PortsLimit = whole.Plan.FilesLimit, whole.Plan.PortsLimit
	for what, pair := range map[string][2]any{"sent": {whole.Sent, killed.Sent}, "plan": {whole.Plan, killed.Plan}, "license": {whole.License, killed.License}} {
		if diff := cmp.Diff(pair[0], pair[1]); diff != "" {
			t.Errorf("%s: want (-), got (+):\n%s", what, diff)
		}
	}
}
