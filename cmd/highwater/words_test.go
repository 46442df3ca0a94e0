package main

import (
	"go/ast"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// otherWords are what the field does not say, with what it says.
var otherWords = map[string]string{
	"Seat": "Units", "Slot": "Units", "Token": "Units",
	"Account": "UserID", "Socket": "Connection", "Linger": "Grace", "TTL": "Grace",
	"Node": "Instance", "Coordinator": "Server", "Drop": "Refusal", "Reject": "Refusal", "Denial": "Refusal",
	"Traffic": "OfferedLoad", "Iteration": "Replication", "Trial": "Replication",
	"Variant": "Reading", "Mode": "Reading", "Mock": "Target", "Fake": "Target",
}

// Exported names say what the field says.
func TestExportedNamesAreTheFields(t *testing.T) {
	for _, s := range goFiles(t) {
		if s.test {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			var names []*ast.Ident
			switch n := n.(type) {
			case *ast.FuncDecl:
				names = []*ast.Ident{n.Name}
			case *ast.TypeSpec:
				names = []*ast.Ident{n.Name}
			case *ast.ValueSpec:
				names = n.Names
			case *ast.Field:
				names = n.Names
			}
			for _, name := range names {
				for _, word := range nameWords(name.Name) {
					if say, ok := otherWords[word]; ok && name.IsExported() {
						t.Errorf("%s:%d: %s: say %s, not %s", s.path, line(name), name.Name, say, word)
					}
				}
			}
			return true
		})
	}
}

// nameWords splits a name before its capitals: MaxUnits has Max and Units.
func nameWords(name string) (words []string) {
	start := 0
	for i, r := range name {
		if i > start && unicode.IsUpper(r) && !unicode.IsUpper(rune(name[i-1])) {
			words, start = append(words, name[start:i]), i
		}
	}
	return append(words, name[start:])
}

// The project is about licenses and speaks of itself alone: no other
// spelling, no folder of some machine, no host that only a build talks to.
// The patterns are written so that they do not match themselves.
func TestWords(t *testing.T) {
	banned := []*regexp.Regexp{
		regexp.MustCompile(`(?i)licen[c]e`),
		regexp.MustCompile(`(^|[^\w.])/(wor[k]|hom[e]|User[s]|roo[t])/`),
		regexp.MustCompile(`https?://(proxy|sum)\.golan[g]|https?://[\w.]*(debia[n]\.org|npmj[s]\.(com|org)|pyp[i]\.org)`),
		regexp.MustCompile(`\b(TOD[O]|FIXM[E]|XX[X])\b`),
		regexp.MustCompile(`^(<<<<<<<|>>>>>>>) `),
	}
	err := walk(func(name string) error {
		if path.Base(name) == "go.sum" || strings.Contains(name, "testdata/fuzz/") {
			return nil
		}
		data, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name)))
		if err != nil {
			return err
		}
		if !utf8.Valid(data) || slices.Contains([]string{".log", ".png"}, path.Ext(name)) {
			return nil // not text of ours
		}
		for i, l := range strings.Split(string(data), "\n") {
			for _, b := range banned {
				if m := b.FindString(l); m != "" {
					t.Errorf("%s:%d: %q has no place here", name, i+1, m)
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
