package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Every command and topic has its page, with a name for apropos, without a
// date, and the same on every run.
func TestManualIsWhole(t *testing.T) {
	dir := t.TempDir()
	for _, sub := range []string{"a", "b"} {
		if code, _, errs := highwater(t.Context(), nil, "man", "--out", filepath.Join(dir, sub)); code != 0 {
			t.Fatalf("exit code %d: %s", code, errs)
		}
	}
	pages, err := filepath.Glob(filepath.Join(dir, "a", "man[17]", "*"))
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, c := range commands() {
		if !c.Hidden {
			all = append(all, strings.ReplaceAll(c.CommandPath(), " ", "-"))
		}
	}
	if len(pages) != len(all) {
		t.Errorf("%d pages of %d commands and topics", len(pages), len(all))
	}
	for _, name := range all {
		section := "1"
		for _, topic := range topics {
			if name == "highwater-"+topic.name {
				section = "7"
			}
		}
		file := filepath.Join("man"+section, name+"."+section)
		page, err := os.ReadFile(filepath.Join(dir, "a", file))
		if err != nil {
			t.Error(err)
			continue
		}
		title := `.TH "` + strings.ToUpper(name) + `" "` + section + `" "" "highwater ` + version + `" ""`
		if !strings.Contains(string(page), title+"\n") || !strings.Contains(string(page), "\n.SH NAME\n"+name+` \- `) {
			t.Errorf("%s has not its title and name:\n%.300s", file, page)
		}
		again, err := os.ReadFile(filepath.Join(dir, "b", file))
		if err != nil || string(again) != string(page) {
			t.Errorf("%s is another one the second time: %v", file, err)
		}
	}
}

// The page of a command has each of its flags and what its help says, in the
// order of manual pages.
func TestManualPageOfACommand(t *testing.T) {
	for _, c := range commands() {
		if !c.Runnable() {
			continue
		}
		page := string(manPage(c))
		last := 0
		for _, heading := range []string{"NAME", "SYNOPSIS", "DESCRIPTION", "COMMANDS", "OPTIONS", "EXAMPLES", "EXIT STATUS", "SEE ALSO"} {
			at := strings.Index(page, "\n.SH "+heading+"\n")
			if at >= 0 && at < last {
				t.Errorf("%s: %s is not in its place", c.Name(), heading)
			}
			last = max(last, at)
		}
		_, flags, _ := strings.Cut(c.Long, "\nFlags:\n")
		flags, _, _ = strings.Cut(flags, "\n\n")
		for _, m := range regexp.MustCompile(`(?m)^  (--?[a-z-]+)`).FindAllStringSubmatch(flags, -1) {
			if !regexp.MustCompile(`\n\.TP\n\\fB` + regexp.QuoteMeta(m[1]) + `\b`).MatchString(page) {
				t.Errorf("the page of %s does not list %s", c.Name(), m[1])
			}
		}
		for _, word := range regexp.MustCompile(`[A-Za-z]{4,}`).FindAllString(c.Long, -1) {
			if !strings.Contains(strings.ToLower(page), strings.ToLower(word)) && word != "Usage" && word != "Flags" && word != "codes" {
				t.Errorf("the page of %s does not have %q", c.Name(), word)
			}
		}
	}
}
