package main

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"os"
	"runtime"
	"strings"
	"testing"
)

// clinic is a scenario that takes little time.
const clinic = `name: clinic
start: 2026-11-23T08:00:00Z
duration: 2h
reps: 60
license: {units: 30}
cohorts:
  - {name: staff, kind: users, arrivals: {poisson: 1/min}, session: exp(25m)}
`

func TestDossier(t *testing.T) {
	inFolder(t, map[string]string{"clinic.yaml": clinic})
	args := []string{"report", "clinic.yaml", "-q", "--policy", "iris-2022.3,contract", "--set", "grace_reuse=false", "--risk", "5%,2%"}
	if code, _, errs := highwater(t.Context(), nil, append(args, "--dossier", "a.zip", "-o", "a.html")...); code != 0 {
		t.Fatal(errs)
	}
	code, out, errs := highwater(t.Context(), nil, "verify", "a.zip", "-q", "--workers", "1")
	if code != 0 || !strings.Contains(out, "verdict    verified") {
		t.Errorf("exit code %d: %s%s", code, out, errs)
	}
	// The report that goes by mail is the one in the dossier.
	html, err := os.ReadFile("a.html")
	if err != nil {
		t.Fatal(err)
	}
	if files := unzip(t, "a.zip"); !bytes.Equal(files["report.html"], html) || string(files["input/clinic.yaml"]) != clinic {
		t.Error("the dossier has another report or scenario")
	}
	if code, _, errs := highwater(t.Context(), nil, append(args, "--dossier", "b.zip", "--workers", "1")...); code != 0 {
		t.Fatal(errs)
	}
	a, b := mustReadFile(t, "a.zip"), mustReadFile(t, "b.zip")
	if !bytes.Equal(a, b) {
		t.Error("another number of workers gives other bytes")
	}
}

// A result has no scenario or trace that it could be made of. Of a measured one
// that is all there is; one that was simulated or counted may be anything.
func TestDossierOfAResult(t *testing.T) {
	const sent = `{"schema":1,"kind":"attack","scenario":"clinic","target":"http://127.0.0.1:1","verdict":"measured","sent":{"requests":9}}`
	inFolder(t, map[string]string{"clinic.yaml": clinic, "day.jsonl": call})
	for _, c := range []struct {
		result, args, verdict, why string
		code                       int
	}{
		{sent, "", reportVerified, "", 0},
		{"", "attack clinic.yaml --dry-run --target http://127.0.0.1:1", "inconclusive", "not the scenario", exitInconclusive},
		{"", "replay day.jsonl", "inconclusive", "not the trace or logs", exitInconclusive},
		{"", "replay day.jsonl --drawn", "inconclusive", "not the trace or logs", exitInconclusive},
		{"", "size clinic.yaml", "inconclusive", "not the scenario", exitInconclusive},
	} {
		out := c.result
		if out == "" {
			_, out, _ = highwater(t.Context(), nil, append(strings.Fields(c.args), "-q", "--json")...)
		}
		if code, _, errs := highwater(t.Context(), strings.NewReader(out), "report", "-", "--dossier", "a.zip"); code != 0 {
			t.Fatal(errs)
		}
		code, out, errs := highwater(t.Context(), nil, "verify", "a.zip", "-q", "--json")
		var v verification
		if err := json.Unmarshal([]byte(out), &v); err != nil || code != c.code || v.Verdict != c.verdict || v.Remade != v.Files || len(v.Differ) > 0 || !strings.Contains(v.NotMade, c.why) {
			t.Errorf("%s: exit code %d, %v: %s%s", c.args, code, err, out, errs)
		}
	}
}

func TestVerifyDoubts(t *testing.T) {
	inFolder(t, map[string]string{"clinic.yaml": clinic, "notes.zip": "notes"})
	if code, _, errs := highwater(t.Context(), nil, "report", "clinic.yaml", "-q", "--dossier", "a.zip"); code != 0 {
		t.Fatal(errs)
	}
	was := unzip(t, "a.zip")
	// A file that says less than the simulation did, alone and with a manifest
	// that says so, too.
	fewer := bytes.Replace(was["report.md"], []byte("units"), []byte("pints"), 1)
	rezip(t, "changed.zip", was, map[string][]byte{"report.md": fewer})
	rezip(t, "made.zip", was, map[string][]byte{"report.md": fewer, "manifest.json": bytes.Replace(was["manifest.json"], []byte(sum(was["report.md"])), []byte(sum(fewer)), 1)})
	rezip(t, "answer.zip", was, map[string][]byte{"manifest.json": bytes.Replace(was["manifest.json"], []byte(`"answer": "42 `), []byte(`"answer": "30 `), 1)})
	rezip(t, "other.zip", was, map[string][]byte{"manifest.json": bytes.Replace(was["manifest.json"], []byte(runtime.GOARCH), []byte("z80"), 1)})
	rezip(t, "flag.zip", was, map[string][]byte{"manifest.json": bytes.Replace(was["manifest.json"], []byte(`"flags": []`), []byte(`"flags": [{"name": "output", "value": "x"}]`), 1)})
	rezip(t, "escape.zip", was, map[string][]byte{"manifest.json": bytes.Replace(was["manifest.json"], []byte(`"name": "clinic.yaml"`), []byte(`"name": "\u001b[2Jclinic.yaml"`), 1)})
	for _, c := range []struct {
		args string
		code int
		out  string
		errs string
	}{
		{"changed.zip", 3, "report.md has", "changed.zip: 1 file is not as the manifest says"},
		{"changed.zip --hashes", 3, "verdict  changed", "changed.zip: 1 file is not"},
		{"answer.zip", 3, `manifest.json has answer`, "answer.zip: 1 file is made otherwise now"},
		{"answer.zip --hashes", 0, "It says, unverified: 30 license units", ""},
		{"made.zip --hashes", 0, "verdict  hashes hold", ""},
		{"made.zip", 3, "report.md differs at byte", "made.zip: 2 files are made otherwise now"},
		{"other.zip", 5, "by architecture z80", "not verified: it was made by architecture z80"},
		{"other.zip --hashes", 0, "verdict  hashes hold", ""},
		{"flag.zip", 4, "", "--output is not one on which results depend"},
		{"escape.zip", 4, "", `manifest.json: the name of an input must be printable, not "\x1b[2Jclinic.yaml"`},
		{"notes.zip", 4, "", "notes.zip: it is no dossier"},
		{"clinic.yaml", 4, "", "clinic.yaml: it is no dossier"},
		{"none.zip", 1, "", "none.zip"},
		{"a.zip b.zip", 2, "", "want one dossier, not 2 files"},
		{"a.zip --workers 0", 2, "", "--workers must be > 0"},
	} {
		code, out, errs := highwater(t.Context(), nil, append([]string{"verify", "-q"}, strings.Fields(c.args)...)...)
		if code != c.code || !strings.Contains(out, c.out) || !strings.Contains(errs, c.errs) {
			t.Errorf("verify %s: exit code %d, want %d: %s%s", c.args, code, c.code, out, errs)
		}
	}
}

// The page of JSON explains every field of a verification.
func TestJSONPageHasTheVerification(t *testing.T) {
	inFolder(t, map[string]string{"clinic.yaml": clinic})
	if code, _, errs := highwater(t.Context(), nil, "report", "clinic.yaml", "-q", "--dossier", "a.zip"); code != 0 {
		t.Fatal(errs)
	}
	_, out, _ := highwater(t.Context(), nil, "verify", "a.zip", "-q", "--json")
	_, section, _ := strings.Cut(page(t, "json"), "# The result of verify\n")
	var fields map[string]any
	if err := json.Unmarshal([]byte(out), &fields); err != nil || len(fields) < 10 {
		t.Fatalf("%v: %s", err, out)
	}
	for name := range fields {
		if !strings.Contains(section, "`"+name+"`") {
			t.Errorf("json.md does not explain %s", name)
		}
	}
}

func mustReadFile(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func unzip(t *testing.T, name string) map[string][]byte {
	t.Helper()
	z, err := zip.OpenReader(name)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	files := map[string][]byte{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		if files[f.Name], err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
	}
	return files
}

// rezip writes files, some of them changed.
func rezip(t *testing.T, name string, files, changed map[string][]byte) {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, data := range files {
		if other, ok := changed[name]; ok {
			if bytes.Equal(data, other) {
				t.Fatalf("%s is not changed", name)
			}
			data = other
		}
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(data); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, b.Bytes(), 0o666); err != nil {
		t.Fatal(err)
	}
}

func sum(data []byte) string {
	h := sha256.Sum256(data)
	return hex.EncodeToString(h[:])
}

// When one of several files cannot be made, none is written.
func TestDossierAllOrNone(t *testing.T) {
	good := artefact{"good", func(w io.Writer) error { _, err := io.WriteString(w, "all of it"); return err }}
	bad := artefact{"bad", func(io.Writer) error { return errors.New("no room") }}
	if files, err := ready([]artefact{good, bad}); err == nil || err.Error() != "bad: no room" || files != nil {
		t.Errorf("made %d files, error %v", len(files), err)
	}
	files, err := ready([]artefact{good})
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := files[0].write(&b); err != nil || b.String() != "all of it" {
		t.Errorf("wrote %q, error %v", b.String(), err)
	}
}
