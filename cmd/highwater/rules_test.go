package main

import (
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"highwater/engine"
)

// page reads a page of highwater help.
func page(t *testing.T, name string) string {
	t.Helper()
	data, err := pages.ReadFile("help/" + name + ".md")
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// headings are the handles of the rules: the second-level headings of their
// page.
func headings(t *testing.T) []string {
	var list []string
	for _, m := range regexp.MustCompile(`(?m)^## (.+)$`).FindAllStringSubmatch(page(t, "rules"), -1) {
		if slices.Contains(list, m[1]) {
			t.Errorf("rules.md: rule %s stands there twice", m[1])
		}
		list = append(list, m[1])
	}
	return list
}

// citation is how code, tests and scripts cite rules: "rules: hold, grace".
var citation = regexp.MustCompile(`\brules: ([a-z][a-z0-9-]*(?:, [a-z][a-z0-9-]*)*)`)

// citations are the handles that a text cites. Comments wrap anywhere.
func citations(text string) (handles []string) {
	text = strings.Join(strings.Fields(regexp.MustCompile(`(?m)^\s*(//|#)`).ReplaceAllString(text, "")), " ")
	for _, m := range citation.FindAllStringSubmatch(text, -1) {
		handles = append(handles, strings.Split(m[1], ", ")...)
	}
	return handles
}

func TestCitedRulesExist(t *testing.T) {
	rules := headings(t)
	cited := 0
	err := walk(func(name string) error {
		if !slices.Contains([]string{".go", ".txt", ".txtar", ".yaml"}, path.Ext(name)) || name == "cmd/highwater/rules_test.go" {
			return nil
		}
		data, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name)))
		if err != nil {
			return err
		}
		for _, handle := range citations(string(data)) {
			cited++
			if !slices.Contains(rules, handle) {
				t.Errorf("%s cites rule %s, which is not a heading of rules.md", name, handle)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if cited < 40 {
		t.Errorf("only %d citations of rules were found", cited)
	}
}

// The list of handles at the top of the page has each rule once.
func TestRulesAreListed(t *testing.T) {
	text := page(t, "rules")
	_, list, _ := strings.Cut(text, "# Handles by topic")
	list, _, _ = strings.Cut(list, "\n# ")
	var listed []string
	for _, m := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(list, -1) {
		listed = append(listed, m[1])
	}
	slices.Sort(listed)
	rules := headings(t)
	slices.Sort(rules)
	if !slices.Equal(listed, rules) {
		t.Errorf("handles by topic: %q\nheadings:         %q", listed, rules)
	}
}

// siteOption is what the table says of an option that cannot be set yet.
const siteOption = "several instances: not available yet"

// The page's table of options is the program's: every option, with its
// default, its values and a rule that exists.
func TestOptionsAreOnThePage(t *testing.T) {
	rules := headings(t)
	standard, _ := engine.NamedPolicy("")
	_, table, _ := strings.Cut(page(t, "rules"), "# All options")
	table, _, _ = strings.Cut(table, "\n# ")
	rows := map[string][]string{}
	for _, m := range regexp.MustCompile("(?m)^\\| `(.*) \\|$").FindAllStringSubmatch(table, -1) {
		cells := strings.Split(strings.ReplaceAll(m[1], "`", ""), "|")
		if len(cells) != 5 {
			t.Fatalf("rules.md: want five cells, not %q", cells)
		}
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		rows[cells[0]] = cells
		for _, rule := range strings.Split(cells[3], ", ") {
			if !slices.Contains(rules, rule) {
				t.Errorf("rules.md: option %s has rule %s, which is not a heading", cells[0], rule)
			}
		}
	}
	for _, o := range engine.Options() {
		row, ok := rows[o.Name]
		if !ok {
			t.Errorf("rules.md: option %s is not in the table", o.Name)
			continue
		}
		delete(rows, o.Name)
		if got := o.Value(&standard); row[1] != got {
			t.Errorf("rules.md: the default of %s is %q there and %q in the program", o.Name, row[1], got)
		}
		values := strings.Split(row[2], ", ")
		slices.Sort(values)
		if want := slices.Sorted(slices.Values(o.Values)); o.Kind == "choice" && !slices.Equal(values, want) {
			t.Errorf("rules.md: the values of %s are %q there and %q in the program", o.Name, values, want)
		}
	}
	for name, row := range rows {
		if row[4] != siteOption {
			t.Errorf("rules.md: the program has no option %s", name)
		} else if err := standard.Set(name, row[1]); err == nil || !strings.Contains(err.Error(), "not available yet") {
			t.Errorf("rules.md: option %s is not available yet there, but the program says %v", name, err)
		}
	}
}

// The pages name every policy, and policies.md no other.
func TestPoliciesAreOnThePages(t *testing.T) {
	rules, policies := page(t, "rules"), page(t, "policies")
	for _, name := range engine.PolicyNames() {
		if !strings.Contains(rules, "`"+name+"`") {
			t.Errorf("rules.md does not name policy %s", name)
		}
		if !strings.Contains(policies, "| `"+name+"` |") {
			t.Errorf("policies.md: policy %s is not in the table", name)
		}
		if engine.PolicyHelp(name) == "" {
			t.Errorf("policy %s has no help", name)
		}
	}
	_, table, _ := strings.Cut(policies, "# Policies")
	table, _, _ = strings.Cut(table, "Which one do I want?")
	for _, m := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\|").FindAllStringSubmatch(table, -1) {
		if _, ok := engine.NamedPolicy(m[1]); !ok {
			t.Errorf("policies.md: the program has no policy %s", m[1])
		}
	}
}
