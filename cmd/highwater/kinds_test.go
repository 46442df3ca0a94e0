package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// wardJSON is the scenario ward in JSON.
const wardJSON = `{"name": "ward", "duration": "2h", "license": {"units": 2}, "cohorts": [{"name": "monitors", "kind": "devices", "count": 2}]}` + "\n"

// What an input is shows in what it has, and in its name where that does not
// tell.
func TestKindOf(t *testing.T) {
	header := `{"trace":1,"units":5}` + "\n"
	tests := []struct {
		text string
		want kind // under any name
	}{
		{call, aTrace}, {header + call, aTrace}, {"\ufeff\r\n \t\n" + call, aTrace}, {`{ "at" : 0, "op": "key"}`, aTrace},
		{`{"conn":"a","op":"connect","at":`, aTrace}, // cut off
		{`{"op":"server","at":0,"name":"a","up":true}`, aTrace},
		{`{"op":"request","user":"` + strings.Repeat("a", enough), aTrace}, // a long line
		{`{"op":"nothing"}`, aTrace}, {`{"trace":2}`, aTrace},              // with a mistake

		{`{"schema":1,"kind":"sizing"}`, aResult}, {"{\n  \"schema\": 1,\n  \"at\": 5\n}", aResult}, {`{"schema":1,"events":3}`, aResult},
		{`{"at":5,"kind":"explanation","schema":1}`, aResult}, {"{\n\"at\": 5,\n\"kind\": \"explanation\"", aResult}, // sorted
		{`{"kind":"attack","license":{},"schema":1}`, aResult},

		{wardJSON, aScenario}, {"{\n  \"cohorts\": [\n", aScenario}, {`{"duration":"2h","license":{"units":2}}`, aScenario},
		{strings.ReplaceAll(wardJSON, ",", ",\n"), aScenario}, {`{"expect":[{"at":5}],"name":"ward"}`, aScenario},
	}
	for _, tt := range tests {
		for _, name := range []string{"-", "a", "a.json", "a.jsonl", "a.yaml", "a.jsonl.gz", "a.zst"} {
			if got := kindOf([]byte(tt.text)).by(name); got != tt.want {
				t.Errorf("%s with %.100q is %d, want %d", name, tt.text, got, tt.want)
			}
		}
	}
	for _, tt := range []struct {
		name, text string
		want       kind
	}{
		{"-", "", aScenario}, {"a.yaml", "\n", aScenario}, {"a.json", "", aResult}, {"a.jsonl", "", aTrace}, {"a.jsonl.zst", "", aTrace},
		{"-", ward, aScenario}, {"a.json", ward, aScenario}, {"a.json.gz", "name: ward\n", aScenario}, {"a.jsonl", "notes\n", aTrace},
		{"-", `{"duration":"2h"}`, aResult}, {"a.json", "{}", aResult}, {"a.yml", `{"duration":"2h"}`, aScenario}, {"a.yaml.gz", "{}", aScenario},
		{"a.json", `{"at":5,"by_cohort":["` + strings.Repeat("a", enough), aResult}, // sorted, and its kind comes late
		{"a.jsonl", `{"end":5}`, aTrace}, {"a.jsonl.gz", `{"end":5}`, aTrace}, {"a", "{", aScenario}, {"a", "[1]", aScenario},
	} {
		if got := kindOf([]byte(tt.text)).by(tt.name); got != tt.want {
			t.Errorf("%s with %.100q is %d, want %d", tt.name, tt.text, got, tt.want)
		}
	}
}

func gzipped(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// A trace is one under any name, without a header and compressed, and a scenario
// in JSON is one, wherever either can be given: the answers are the same.
func TestInputsByWhatTheyAre(t *testing.T) {
	z, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	const day = `{"op":"request","at":0,"for":1,"via":"rest","conn":"c"}` + "\n"
	traces := map[string]string{
		"given.jsonl": day, "given.json": day, "given.yaml": day, "given": strings.Repeat("\n", 100_000) + day, "given.jsonl.gz": gzipped(t, day), "given.json.gz": gzipped(t, day),
		"given.gz": gzipped(t, day), "given.zst": string(z.EncodeAll([]byte(day), nil)),
	}
	wards := map[string]string{"given.json": wardJSON, "given.yaml": wardJSON, "given": wardJSON, "given.json.gz": gzipped(t, wardJSON), "given.jsonl": wardJSON}
	for _, set := range []struct {
		files    map[string]string
		commands []string
	}{
		{traces, []string{"explain --json", "replay --json"}},
		{wards, []string{"explain --json", "run -q --reps 2 --json", "check", "gate -q --reps 2"}},
	} {
		path := folder(t, set.files)
		for _, command := range set.commands {
			var first string
			for name, text := range set.files {
				code, out, errs := highwater(t.Context(), nil, append(strings.Fields(command), path(name))...)
				if code != 0 && (code != exitInconclusive || command != "gate -q --reps 2") { // which expects nothing
					t.Errorf("%s %s: exit code %d: %s", command, name, code, errs)
				}
				if out = strings.ReplaceAll(out, path(name), "NAME"); first == "" {
					first = out
				}
				if out != first {
					t.Errorf("%s %s says\n%s\nnot\n%s", command, name, out, first)
				}
				piped, again, errs := highwater(t.Context(), strings.NewReader(text), append(strings.Fields(command), "-")...)
				if again = strings.ReplaceAll(again, "standard input", "NAME"); piped != code || again != first {
					t.Errorf("%s of %s by standard input: exit code %d: %s\n%s\nnot\n%s", command, name, piped, errs, again, first)
				}
			}
		}
	}
}

// A report and the dossier of it are of what the input is, by another name too.
func TestReportsByWhatTheyAre(t *testing.T) {
	inFolder(t, map[string]string{"day.json": call, "ward.json": wardJSON, "packed.gz": gzipped(t, call)})
	for _, tt := range []struct{ args, want string }{
		{"day.json", "## Connections and logins\n"}, {"packed.gz", "## Connections and logins\n"}, {"ward.json --reps 2", "## Load duration\n"},
	} {
		args := strings.Fields(tt.args)
		name := args[0]
		code, _, errs := highwater(t.Context(), nil, append([]string{"report", "-q", "--markdown", name + ".md", "--dossier", name + ".zip"}, args...)...)
		if code != 0 || !strings.Contains(string(mustReadFile(t, name+".md")), tt.want) {
			t.Errorf("%s: exit code %d: %s", name, code, errs)
		}
		code, out, errs := highwater(t.Context(), nil, "verify", name+".zip", "-q")
		if code != 0 || !strings.Contains(out, "verdict    verified\n") {
			t.Errorf("%s: exit code %d: %s%s", name, code, out, errs)
		}
	}
}

// Who gives one for another is told what it is.
func TestInputsOfAnotherKind(t *testing.T) {
	inFolder(t, map[string]string{"day.json": call, "day.yaml": call, "sizes.json": `{"schema":1,"kind":"sizing"}`, "ward.json": wardJSON, "none.json": " \n", "odd.json": "{}", "odd.jsonl": `{"end":5}`, "log.jsonl": access})
	for _, tt := range []struct{ args, want string }{
		{"run day.json", "day.json: not a scenario\nhighwater: hint: a trace? see highwater replay\n"},
		{"check day.yaml", "day.yaml: not a scenario\nhighwater: hint: a trace? see highwater replay\n"},
		{"size sizes.json", "sizes.json: not a scenario\nhighwater: hint: a result? see highwater report\n"},
		{"explain sizes.json", "sizes.json: not a scenario\nhighwater: hint: a result? see highwater report\n"},
		{"run odd.json", "odd.json: not a scenario\nhighwater: hint: a result? see highwater report\n"},
		{"gate day.json", "day.json: must be a scenario or a result, and is a trace\nhighwater: hint: highwater replay --json makes a result of it\n"},
		{"report none.json", "none.json: must be the JSON of a result, and is empty\n"},
		{"run none.json", "none.json:1:1: the file must hold a scenario, and is empty\n"},
		{"explain odd.jsonl", `odd.jsonl:1: a line without op needs field "trace"` + "\n"},
		{"report log.jsonl", "log.jsonl:1: not a JSON object\nhighwater: hint: an access log? see highwater replay --from\n"},
	} {
		code, out, errs := highwater(t.Context(), nil, strings.Fields(tt.args)...)
		if code != exitInvalid || out != "" || errs != tt.want {
			t.Errorf("%s: exit code %d, %q and %q; want 4, nothing and %q", tt.args, code, out, errs, tt.want)
		}
	}
	if code, _, errs := highwater(t.Context(), nil, "gate", "ward.json", "--expect", "ward.json"); code != exitUsage || !strings.Contains(errs, "and this is a scenario\n") {
		t.Errorf("gate of a scenario: exit code %d: %s", code, errs)
	}
}
