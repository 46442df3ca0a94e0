package main

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"testing"

	"highwater/sim/result"
)

// hostile is a gate with names that want to be more than text.
func hostile() *result.Gate {
	const name = "a\n::error::b | <c> & \"d\", 100% \x01é"
	value := 3.0
	return &result.Gate{
		Name: name, Of: "scenario", Version: version, Verdict: result.Fail,
		Expectations: []result.Judged{
			{Name: name, Verdict: result.Fail, Why: name, Unit: "units", Value: &value, Margin: &value, File: "a b%,:.yaml", Line: 3, Column: 5},
			{Name: "kept", Verdict: result.Pass, Why: "kept", File: "x.yaml", Line: 4, Column: 5},
			{Name: "open", Verdict: result.CannotTell, Why: "open", File: "x.yaml", Line: 5, Column: 5},
			{Name: "elsewhere", Verdict: result.Skipped, Why: "elsewhere", File: "x.yaml", Line: 6, Column: 5},
		},
		Baseline: &result.Baseline{Verdict: result.Fail, Changes: []string{name}, Compared: []result.Compared{{Name: name, Verdict: result.Fail, Why: name}}},
		Notes:    []string{name},
	}
}

func TestJUnit(t *testing.T) {
	var b bytes.Buffer
	if err := writeJUnit(&b, noticeOf(hostile())); err != nil {
		t.Fatal(err)
	}
	var got junitSuites
	if err := xml.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatalf("%v\n%s", err, &b)
	}
	if got.Tests != 5 || got.Failures != 2 || got.Errors != 1 || got.Skipped != 1 || len(got.Suites) != 2 {
		t.Errorf("%d tests, %d failures, %d errors, %d skipped in %d suites", got.Tests, got.Failures, got.Errors, got.Skipped, len(got.Suites))
	}
	for _, s := range got.Suites {
		failures, errs, skipped := 0, 0, 0
		for _, c := range s.Cases {
			if c.Failure != nil {
				failures++
			}
			if c.Error != nil {
				errs++
			}
			if c.Skipped != nil {
				skipped++
			}
		}
		if s.Tests != len(s.Cases) || s.Failures != failures || s.Errors != errs || s.Skipped != skipped {
			t.Errorf("suite %s says %d, %d, %d, %d and has %d, %d, %d, %d", s.Name, s.Tests, s.Failures, s.Errors, s.Skipped, len(s.Cases), failures, errs, skipped)
		}
	}
	b.Reset()
	if err := writeJUnit(&b, noticeOf(&result.Gate{Verdict: result.CannotTell})); err != nil || !strings.Contains(b.String(), `tests="1" failures="0" errors="1"`) {
		t.Errorf("a gate without figures must be an error: %v\n%s", err, &b)
	}
}

// What SARIF 2.1.0 requires: a version, runs, a driver's name, and of each
// result a message; its rule is one of the driver's, and its region begins at
// 1 or later.
func TestSARIF(t *testing.T) {
	var b bytes.Buffer
	if err := writeSARIF(&b, noticeOf(hostile())); err != nil {
		t.Fatal(err)
	}
	var got sarifLog
	d := json.NewDecoder(&b)
	d.DisallowUnknownFields()
	if err := d.Decode(&got); err != nil {
		t.Fatal(err)
	}
	if got.Version != "2.1.0" || len(got.Runs) != 1 || got.Runs[0].Tool.Driver.Name == "" {
		t.Fatalf("%+v", got)
	}
	rules := map[string]bool{}
	for _, r := range got.Runs[0].Tool.Driver.Rules {
		rules[r.ID] = true
	}
	want := []struct {
		uri, level string
		line       int
	}{{"a%20b%25,:.yaml", "error", 3}, {"x.yaml", "warning", 5}}
	results := got.Runs[0].Results
	if len(results) != len(want) {
		t.Fatalf("%d results, want %d", len(results), len(want))
	}
	for i, r := range results {
		at := r.At[0].Physical
		if !rules[r.Rule] || r.Text.Text == "" || r.Level != want[i].level || at.Region.Line != want[i].line || at.Region.Column < 1 {
			t.Errorf("%+v, want %+v", r, want[i])
		}
		if strings.TrimPrefix(at.Artifact.URI, "./") != want[i].uri {
			t.Errorf("URI %q, want %q", at.Artifact.URI, want[i].uri)
		}
	}
}

// What SARIF says of an expectation has the figure, its limit and the margin, as
// the other formats do.
func TestSARIFSaysHowMuch(t *testing.T) {
	value, margin := 0.80004, -0.00004
	g := &result.Gate{Expectations: []result.Judged{{Name: "fast", Verdict: result.Fail, Why: "it is more", Unit: "s", Most: 0.8, Value: &value, Margin: &margin, File: "x.yaml", Line: 3, Column: 5}}}
	var b bytes.Buffer
	if err := writeSARIF(&b, noticeOf(g)); err != nil {
		t.Fatal(err)
	}
	if want := `"fast: 800.04 ms (–), at most 800.0 ms, margin -0.040 ms: it is more"`; !strings.Contains(b.String(), want) {
		t.Errorf("got %s\nwant %s", &b, want)
	}
}

// A number shows why it is judged so: a limit just above what is allowed is not
// printed as if it was that.
func TestFigureText(t *testing.T) {
	for _, tt := range []struct {
		v    float64
		unit string
		from float64
		want string
	}{
		{40, "units", 38, "40"}, {-0.03, "attempts", 0, "-0.03"}, {-0.06429, "attempts", 0, "-0.06"},
		{0.00429, "attempts", 0, "0.004"}, {-0.00429, "attempts", 0, "-0.004"}, {1.00002, "units", 1, "1.00002"},
		{0, "attempts", 0, "0"}, {1234.5, "units", 0, "1,234.50"}, {0.1 + 0.2, "units", 0.1 + 0.2, "0.30"},
		{0.01103, "s", 1, "11.0 ms"}, {-1.131e-05, "s", 0, "-0.011 ms"}, {2.5, "s", 1, "2,500.0 ms"}, {0, "s", 0, "0.0 ms"},
		{0.25, "", 0, "25 %"},
	} {
		if got := toldText(&tt.v, tt.unit, tt.from); got != tt.want {
			t.Errorf("%v %s told from %v is %q, want %q", tt.v, tt.unit, tt.from, got, tt.want)
		}
	}
	if figureText(nil, "s") != "–" {
		t.Error("what is not known is a dash")
	}
}

// A name cannot begin a workflow command or a cell of its own.
func TestAnnotations(t *testing.T) {
	var b bytes.Buffer
	writeAnnotations(&b, noticeOf(hostile()))
	lines := strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
	if len(lines) != 3 {
		t.Fatalf("%d lines, want one of each that is not kept:\n%s", len(lines), &b)
	}
	if !strings.HasPrefix(lines[0], "::error file=a b%25%2C%3A.yaml,line=3,col=5,title=fail%3A a%0A%3A%3Aerror%3A%3Ab") {
		t.Errorf("%s", lines[0])
	}
	b.Reset()
	writeMarkdown(&b, noticeOf(hostile()))
	if strings.Contains(b.String(), "<c>") || strings.Contains(b.String(), "\n::error") || strings.Contains(b.String(), "b | ") {
		t.Errorf("%s", &b)
	}
}

func TestBadge(t *testing.T) {
	seen := map[string]bool{}
	for _, v := range []result.Judgement{result.Pass, result.Fail, result.CannotTell} {
		var b bytes.Buffer
		if err := writeBadge(&b, noticeOf(&result.Gate{Verdict: v})); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(b.String(), ">"+string(v)+"</text>") {
			t.Errorf("the badge does not say %s:\n%s", v, &b)
		}
		seen[regexp.MustCompile(`<path fill="(#\w+)"`).FindString(b.String())] = true
		for d := xml.NewDecoder(&b); ; {
			if _, err := d.Token(); err == io.EOF {
				break
			} else if err != nil {
				t.Fatal(err)
			}
		}
	}
	if len(seen) != 3 {
		t.Errorf("%d colors, want three", len(seen))
	}
}

// What an interrupted gate leaves says that it was, in the place of what an
// earlier one wrote.
func TestInterruptedGate(t *testing.T) {
	inFolder(t, map[string]string{"ward.yaml": ward, "b.xml": "pass", "b.sarif": "pass", "b.svg": "pass"})
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(&interrupted{os.Interrupt})
	if code, _, errs := highwater(ctx, strings.NewReader(""), "gate", "ward.yaml", "--junit", "b.xml", "--sarif", "b.sarif", "--badge", "b.svg"); code != exitInterrupted {
		t.Fatalf("exit code %d: %s", code, errs)
	}
	for name, want := range map[string]string{
		"b.xml":   `errors="1"`,
		"b.sarif": `"text": "there is a verdict: interrupted before there was a verdict"`,
		"b.svg":   "license gate: interrupted",
	} {
		text, err := os.ReadFile(name)
		if err != nil || !strings.Contains(string(text), want) || strings.HasPrefix(string(text), "pass") {
			t.Errorf("%s does not have %s: %v\n%s", name, want, err, text)
		}
	}
}

// An input that is empty is said to be, whatever it is called and whether it is
// the scenario, the result, or what that is compared with.
func TestGateOfNothing(t *testing.T) {
	inFolder(t, map[string]string{"ward.yaml": ward, "result.json": `{"schema":1,"kind":"sizing","policies":[]}`, "attack.json": `{"schema":1,"kind":"attack"}`})
	for _, text := range []string{"", " ", "\n\t\n", "\ufeff\r\n"} {
		for _, name := range []string{"none.yaml", "none.json", "none"} {
			write(t, name, text)
			for _, tt := range []struct{ args, want string }{
				{"gate " + name, name + ": must be a scenario or a result, and is empty\n"},
				{"gate -", "standard input: must be a scenario or a result, and is empty\n"},
				{"gate " + name + " --expect ward.yaml", name + ": must be a scenario or a result, and is empty\n"},
				{"gate result.json --expect " + name, name + ":1:1: the file must hold a scenario, and is empty\n"},
				{"gate attack.json " + name + " --expect ward.yaml", name + ": must be the JSON of a result, and is empty\n"},
				{"gate ward.yaml --baseline " + name, name + ": must be the JSON of a result, and is empty\n"},
			} {
				if code, out, errs := highwater(t.Context(), strings.NewReader(text), strings.Fields(tt.args)...); code != exitInvalid || out != "" || errs != tt.want {
					t.Errorf("%s of %q: exit code %d, %q, %q; want 4, nothing and %q", tt.args, text, code, out, errs, tt.want)
				}
			}
		}
	}
}

// Of an input without a name there is no place, which SARIF may leave out.
func TestNoticeOfStandardInput(t *testing.T) {
	var b bytes.Buffer
	o := noticeWithout(t.Context(), errors.New("it is empty"), "-")
	if err := writeSARIF(&b, o); err != nil || strings.Contains(b.String(), "locations") || !strings.Contains(b.String(), "it is empty") {
		t.Errorf("%v\n%s", err, &b)
	}
	if o.about != "standard input" || o.word != failed {
		t.Errorf("%+v", o)
	}
}

// The page explains every field of the result of a gate.
func TestJSONPageHasTheGate(t *testing.T) {
	_, part, ok := strings.Cut(page(t, "json"), "\n# The result of gate\n")
	if !ok {
		t.Fatal("json.md has no result of gate")
	}
	inFolder(t, map[string]string{"ward.yaml": strings.Replace(ward, "cohorts", "expect: [{peak: 80%, policy: iris-2022.3, after: +1h}, {refusals: 0, cohort: monitors}], cohorts", 1)})
	if code, _, errs := highwater(t.Context(), strings.NewReader(""), "gate", "ward.yaml", "--baseline", "ward.json", "--update"); code != 0 {
		t.Fatalf("exit code %d: %s", code, errs)
	}
	_, out, _ := highwater(t.Context(), strings.NewReader(""), "gate", "ward.yaml", "--baseline", "ward.json", "--set", "max_connections=9", "--json")
	fields := regexp.MustCompile(`"(\w+)": `).FindAllStringSubmatch(out, -1)
	if len(fields) < 60 {
		t.Errorf("only %d fields were found", len(fields))
	}
	for _, m := range fields {
		if m[1] != "value" && !strings.Contains(part, "`"+m[1]+"`") {
			t.Errorf("json.md does not explain %s of gate", m[1])
		}
	}
}

// One run is no three, whatever its files are called, and no file is written
// over by another flag's.
func TestGateOfTheSameTwice(t *testing.T) {
	const sent = `{"schema":1,"kind":"attack","verdict":"measured","schedule":"s","sent":{"requests":%d}}`
	one, two := fmt.Sprintf(sent, 8), fmt.Sprintf(sent, 9)
	inFolder(t, map[string]string{"ward.yaml": ward, "one.json": one, "again.json": " " + one, "two.json": two})
	for _, c := range []struct{ args, errs string }{
		{"gate one.json two.json again.json --expect ward.yaml", "again.json: must be another run than one.json, and is the same\n"},
		{"gate ward.yaml --junit a.xml --sarif ./a.xml", "highwater: gate: --junit and --sarif must be different files, and both are ./a.xml\nhighwater: hint: see highwater gate --help\n"},
		{"report one.json -o a.html --markdown a.html", "highwater: report: -o and --markdown must be different files, and both are a.html\nhighwater: hint: see highwater report --help\n"},
	} {
		if code, out, errs := highwater(t.Context(), nil, strings.Fields(c.args)...); code == 0 || out != "" || errs != c.errs {
			t.Errorf("%s: exit code %d, %q, %q; want %q", c.args, code, out, errs, c.errs)
		}
	}
}
