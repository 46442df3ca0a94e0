package main

import (
	"encoding/json"
	"io"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"highwater/engine"
	"highwater/scenario"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// commands lists the program's commands and topics, but for those that cobra
// brings.
func commands() []*cobra.Command {
	root := newRoot(stdio{strings.NewReader(""), io.Discard, io.Discard})
	return append([]*cobra.Command{root}, root.Commands()...)
}

// The examples in the help of commands and topics are commands that exist,
// with flags that exist and values that they take.
func TestHelpExamplesParse(t *testing.T) {
	examples := 0
	for _, c := range commands() {
		text := strings.ReplaceAll(c.Long, "\\\n", "")
		for _, m := range regexp.MustCompile(`(?m)^ *(highwater .*)$`).FindAllStringSubmatch(text, -1) {
			args := strings.Fields(m[1])[1:]
			if strings.HasPrefix(m[1], "highwater counts ") {
				continue
			}
			for i, a := range args {
				if strings.HasPrefix(a, ">") || a == "|" {
					args = args[:i]
					break
				}
			}
			examples++
			checkExample(t, "help "+c.Name(), m[1], args)
		}
	}
	if examples < 8 {
		t.Errorf("only %d examples were found", examples)
	}
}

func checkExample(t *testing.T, where, example string, args []string) {
	t.Helper()
	root := newRoot(stdio{strings.NewReader(""), io.Discard, io.Discard})
	if args[0] == "help" {
		if args = args[1:]; args[0] == "TOPIC" || args[0] == "FIELD" || fieldsNamed(args[0]) != nil {
			return
		}
	}
	cmd, rest, err := root.Find(args)
	if err != nil || cmd == root {
		t.Errorf("%s: %q is no command of the program", where, example)
		return
	}
	if err := cmd.ParseFlags(rest); err != nil {
		t.Errorf("%s: %q: %v", where, example, err)
	}
}

// The help of a command has each of its flags, no other, and fits a terminal.
func TestHelpHasTheFlags(t *testing.T) {
	for _, c := range commands() {
		if c.Run == nil && c.RunE == nil || !c.HasParent() || c.Name() == "help" {
			continue
		}
		_, section, _ := strings.Cut(c.Long, "\nFlags:\n")
		section, _, _ = strings.Cut(section, "\n\n")
		listed := map[string]bool{}
		for _, m := range regexp.MustCompile(`(?m)^  --?([a-z-]+)`).FindAllStringSubmatch(section, -1) {
			listed[m[1]] = true
			if c.Flags().Lookup(m[1]) == nil && (len(m[1]) > 1 || c.Flags().ShorthandLookup(m[1]) == nil) {
				t.Errorf("help %s: the command has no flag %s", c.Name(), m[1])
			}
		}
		logs := strings.Contains(section, "every other flag of highwater import")
		ofImport, _, _ := c.Root().Find([]string{"import"})
		c.Flags().VisitAll(func(f *pflag.Flag) {
			if f.Name == "help" || listed[f.Name] || listed[f.Shorthand] || logs && ofImport.Flags().Lookup(f.Name) != nil {
				return
			}
			t.Errorf("help %s: flag --%s is not listed", c.Name(), f.Name)
		})
	}
}

// The help of a command fits a screen of 80 columns and 50 lines.
func TestHelpFitsTheScreen(t *testing.T) {
	for _, c := range commands() {
		if c.Run == nil && c.RunE == nil {
			continue
		}
		lines := strings.Split(strings.TrimSuffix(c.Long, "\n"), "\n")
		if len(lines) > 50 {
			t.Errorf("help %s has %d lines", c.Name(), len(lines))
		}
		for _, l := range lines {
			if utf8.RuneCountInString(l) > 80 {
				t.Errorf("help %s: wider than 80 columns: %q", c.Name(), l)
			}
		}
	}
}

// The root's help names every command and topic.
func TestRootHelpIsWhole(t *testing.T) {
	all := commands()
	for _, c := range all[1:] {
		if c.Hidden || c.Name() == "completion" {
			continue
		}
		if !regexp.MustCompile(`(?m)^  ` + c.Name() + `\b`).MatchString(all[0].Long) {
			t.Errorf("highwater help does not name %s", c.Name())
		}
	}
}

// block is the first fenced block of a page in a language.
func block(t *testing.T, name, language string) string {
	t.Helper()
	m := regexp.MustCompile("(?s)```" + language + "\n(.*?)```").FindStringSubmatch(page(t, name))
	if m == nil {
		t.Fatalf("%s.md has no block of %s", name, language)
	}
	return m[1]
}

// The result in highwater help json is that of the trace in highwater help
// trace.
func TestJSONPageIsTheTracesResult(t *testing.T) {
	code, out, errs := highwater(t.Context(), strings.NewReader(block(t, "trace", "json")), "replay", "-", "--json")
	if code != 0 {
		t.Fatalf("exit code %d: %s", code, errs)
	}
	var got, want any
	if err := json.Unmarshal([]byte(out), &got); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(block(t, "json", "json")), &want); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("json.md and the program (+) differ:\n%s", diff)
	}
}

// The page explains every field of a result.
func TestJSONPageHasTheFields(t *testing.T) {
	whole := page(t, "json")
	replayPart, runPart, ok := strings.Cut(whole, "\n# The result of run\n")
	if !ok {
		t.Fatal("json.md has no result of run")
	}
	const events = `{"trace":1,"units":2}
{"op":"connect","at":1,"via":"terminal","conn":"a"}
{"op":"connect","at":2,"via":"terminal","conn":"b"}
{"op":"connect","at":2,"via":"csp","conn":"c"}
not valid
`
	const crowd = `{name: crowd, duration: 1h, license: {units: 2}, proxies: [{name: gate, address: 10.0.0.5, cap: 1, patience: 1s}], cohorts: [
{name: staff, kind: users, count: 4, arrivals: start, session: 5m}, {name: bots, kind: callers, count: 2, through: gate, arrivals: {at: +1s}, session: 5s}]}`
	tests := []struct{ page, in, args string }{
		{replayPart, events, "replay - --json --lenient --set max_connections=1"},
		{replayPart, events, "replay - --json --drawn --lenient --set max_connections=1"},
		{replayPart + runPart, crowd, "run - --json --set connection_limit=9"},
		{whole, events, "explain - --json --lenient --set max_connections=1"},
		{whole, crowd, "explain - --json --set connection_limit=9"},
	}
	for _, tt := range tests {
		code, out, errs := highwater(t.Context(), strings.NewReader(tt.in), strings.Fields(tt.args)...)
		if code != 0 || !strings.Contains(out, "client_sees") {
			t.Fatalf("%s: exit code %d: %s%s", tt.args, code, errs, out)
		}
		for _, m := range regexp.MustCompile(`"(\w+)": `).FindAllStringSubmatch(out, -1) {
			if !slices.Contains(engine.Vias(), m[1]) && !strings.Contains(tt.page, "`"+m[1]+"`") {
				t.Errorf("json.md does not explain %s of %s", m[1], strings.Fields(tt.args)[0])
			}
		}
	}
}

// The page explains every field of the result of a fit.
func TestJSONPageHasTheFit(t *testing.T) {
	_, part, ok := strings.Cut(page(t, "json"), "\n## Result of fit\n")
	if !ok {
		t.Fatal("json.md has no result of fit")
	}
	counts := strings.Repeat("0 0 9 0 0 0 0 1 0 0 ", 9*8640)
	args := []string{"fit", "--from", "counts", "-", "--start", "2026-11-23T00:00:00Z", "-o", filepath.Join(t.TempDir(), "fit.yaml"), "--json", "--reps", "2", "--set", "max_connections=3"}
	code, out, errs := highwater(t.Context(), strings.NewReader(counts), args...)
	if code != 0 || !strings.Contains(out, `"bursts": [`) || !strings.Contains(out, `"date"`) {
		t.Fatalf("exit code %d: %s%s", code, errs, out)
	}
	for _, m := range regexp.MustCompile(`"(\w+)": `).FindAllStringSubmatch(out, -1) {
		if m[1] != "value" && !strings.Contains(part, "`"+m[1]+"`") {
			t.Errorf("json.md does not explain %s of fit", m[1])
		}
	}
	for _, m := range regexp.MustCompile(`"name": "(\w+_units|day_peak_\w+)"`).FindAllStringSubmatch(out, -1) {
		if !strings.Contains(part, "`"+m[1]+"`") {
			t.Errorf("json.md does not explain the figure %s", m[1])
		}
	}
}

// Every field of a scenario has help by its path, with what it means, what its
// value must be, an example, and whether it must be given or what it is
// otherwise.
func TestEveryFieldHasHelp(t *testing.T) {
	objects, fields := map[string]bool{}, 0
	for _, p := range places() {
		objects[p.object] = true
		fields++
		code, out, errs := highwater(t.Context(), nil, "help", "scenario", p.path)
		if code != 0 {
			t.Errorf("%s: exit code %d: %s", p.path, code, errs)
		}
		for _, want := range []string{"\n" + p.path, "\n  means ", "\n  value ", "\n  example ", " " + p.field.Name + ": "} {
			if !strings.Contains("\n"+out, want) {
				t.Errorf("help %s does not have %q:\n%s", p.path, want, out)
			}
		}
		if !regexp.MustCompile(`\n  (required|default) `).MatchString(out) {
			t.Errorf("help %s says neither that it is required nor its default:\n%s", p.path, out)
		}
	}
	all := 0
	for _, o := range scenario.Reference() {
		all += len(o.Fields)
		if !objects[o.Name] {
			t.Errorf("nothing leads to the fields of %s", o.Name)
		}
	}
	if fields != all {
		t.Errorf("%d fields have help, of %d", fields, all)
	}
}

// A field says on its own what it limits: help on it has no table around it.
// What its value is to be like is like its default.
func TestFieldsOfExpectations(t *testing.T) {
	for name, want := range map[string][]string{
		"expect.latency": {"a percentile", "p99"}, "expect.lag": {"a percentile", "p99"},
		"expect.risk": {"such as 5%", "default  5%"}, "expect.confidence": {"such as 95%", "default  95%"},
	} {
		_, out, _ := highwater(t.Context(), nil, "help", name)
		for _, w := range want {
			if !strings.Contains(out, w) {
				t.Errorf("help on %s does not have %q:\n%s", name, w, out)
			}
		}
	}
}

// Among flags nothing stands that is no flag: in a manual page it would belong
// to the flag above it.
func TestFlagsHaveNoHeadings(t *testing.T) {
	for _, c := range commands() {
		_, flags, _ := strings.Cut(c.Long, "\nFlags:\n")
		flags, _, _ = strings.Cut(flags, "\n\n")
		for _, line := range strings.Split(flags, "\n") {
			if strings.HasPrefix(line, "      ") && strings.HasSuffix(line, ":") {
				t.Errorf("%s has %q among its flags", c.Name(), line)
			}
		}
	}
}
