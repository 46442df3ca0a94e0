package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"highwater/internal/golden"
)

// A session is a command of a README's console block and what it prints.
type session struct {
	command string
	output  string
	start   int // of the output in the text
}

// sessions finds the commands in the console blocks of a text.
func sessions(text string) (list []session) {
	inside := false
	at := 0
	for _, l := range strings.SplitAfter(text, "\n") {
		at += len(l)
		command, isCommand := strings.CutPrefix(l, "$ ")
		switch {
		case strings.HasPrefix(l, "```"):
			inside = strings.TrimSpace(l) == "```console"
		case inside && isCommand:
			list = append(list, session{command: strings.TrimSpace(command), start: at})
		case inside && len(list) > 0:
			list[len(list)-1].output += l
		}
	}
	return list
}

// arguments splits a command of the program as a shell does, and reports
// whether it is one.
func arguments(command string) (args []string, ok bool) {
	rest, ok := strings.CutPrefix(command, "highwater")
	if !ok {
		rest, ok = strings.CutPrefix(command, "go run ./cmd/highwater")
	}
	if !ok || rest != "" && rest[0] != ' ' {
		return nil, false
	}
	for _, m := range regexp.MustCompile(`'([^']*)'|"([^"]*)"|(\S+)`).FindAllStringSubmatch(rest, -1) {
		args = append(args, m[1]+m[2]+m[3])
	}
	return args, true
}

// Every command of the program in the README and in the pages prints what
// stands there, to the letter. With -update they take what it prints.
func TestReadme(t *testing.T) {
	if testing.Short() {
		t.Skip("takes many seconds: it simulates days")
	}
	for _, name := range []string{"README.md", "cmd/highwater/help/tutorial.md"} {
		t.Run(filepath.Base(name), func(t *testing.T) { testConsole(t, filepath.FromSlash(name)) })
	}
}

// testConsole runs the commands of a text one after another in one folder.
func testConsole(t *testing.T, name string) {
	file, err := filepath.Abs(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	data := mustReadFile(t, file)
	atRoot(t)
	var text strings.Builder
	ran, at := 0, 0
	for _, s := range sessions(string(data)) {
		args, ok := arguments(s.command)
		if !ok {
			continue
		}
		ran++
		if strings.ContainsAny(s.command, "|><;&") {
			t.Errorf("%s: only a command alone can be tested, not %q", name, s.command)
			continue
		}
		var screen bytes.Buffer
		code := run(t.Context(), args, stdio{strings.NewReader(""), &screen, &screen})
		if code != 0 {
			t.Errorf("%s: %s: exit code %d\n%s", name, s.command, code, &screen)
			continue
		}
		got := screen.String()
		if got != s.output && !*golden.Update {
			t.Errorf("%s: %s prints\n%s\nnot\n%s", name, s.command, got, s.output)
		}
		text.WriteString(string(data[at:s.start]) + got)
		at = s.start + len(s.output)
	}
	if ran == 0 {
		t.Errorf("%s shows no command of the program", name)
	}
	if *golden.Update && !t.Failed() {
		text.Write(data[at:])
		if err := os.WriteFile(file, []byte(text.String()), 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

// atRoot goes to a folder that looks like the root of the repository, in
// which commands may leave files.
func atRoot(t *testing.T) {
	t.Helper()
	top, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(top)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") {
			continue
		}
		if err := os.Symlink(filepath.Join(top, e.Name()), filepath.Join(dir, e.Name())); err != nil {
			t.Skipf("no links to the repository: %v", err)
		}
	}
	t.Chdir(dir)
}

// The scenarios in the README are valid and run.
func TestReadmeScenarios(t *testing.T) {
	data, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	shown := 0
	for _, b := range regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllSubmatch(data, -1) {
		if !bytes.Contains(b[1], []byte("\ncohorts:")) {
			continue // a recipe for builds
		}
		shown++
		if code, _, errs := highwater(t.Context(), bytes.NewReader(b[1]), "run", "--reps", "1", "-"); code != 0 {
			t.Errorf("README.md: exit code %d\n%s\n%s", code, errs, b[1])
		}
	}
	if shown == 0 {
		t.Error("README.md shows no scenario")
	}
}

// Inline commands of the README have flags that exist.
func TestReadmeCommandsParse(t *testing.T) {
	data, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile("`(highwater [^`]+)`").FindAllStringSubmatch(string(data), -1) {
		checkExample(t, "README.md", m[1], strings.Fields(m[1])[1:])
	}
}

// The recipes for builds in the README are those of the page on gating.
func TestReadmeRecipes(t *testing.T) {
	_, recipes, ok := strings.Cut(page(t, "gating"), "\n# Recipes\n")
	if !ok || !strings.Contains(string(mustReadFile(t, filepath.Join(root, "README.md"))), recipes) {
		t.Errorf("README.md has not the recipes of the page:\n%s", recipes)
	}
}

// The pictures and files that the README points to are there.
func TestReadmeLinks(t *testing.T) {
	data, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile(`\]\(([^)#]+)\)`).FindAllStringSubmatch(string(data), -1) {
		if strings.Contains(m[1], "://") {
			continue
		}
		if _, err := os.Stat(filepath.Join(root, filepath.FromSlash(m[1]))); err != nil {
			t.Errorf("README.md points to %s: %v", m[1], err)
		}
	}
}
