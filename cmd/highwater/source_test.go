package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// root is the repository, seen from this package.
var root = filepath.Join("..", "..")

// A source is a parsed Go file of the repository.
type source struct {
	path string // from the root, with slashes
	pkg  string // its folder: "sim/trace"
	test bool
	file *ast.File
	size int // lines
}

// sources parses every Go file of the repository once. Nothing is asked of
// the go command: an answer from there can be an old one.
var sources = sync.OnceValues(func() ([]source, error) {
	var list []source
	err := walk(func(name string) error {
		if path.Ext(name) != ".go" {
			return nil
		}
		f, err := parser.ParseFile(files, filepath.Join(root, filepath.FromSlash(name)), nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		list = append(list, source{
			path: name, pkg: path.Dir(name), test: strings.HasSuffix(name, "_test.go"), file: f,
			size: files.File(f.Pos()).LineCount() - 1,
		})
		return nil
	})
	return list, err
})

var files = token.NewFileSet()

// goFiles is sources for a test.
func goFiles(t *testing.T) []source {
	t.Helper()
	list, err := sources()
	if err != nil {
		t.Fatal(err)
	}
	if len(list) < 50 {
		t.Fatalf("found %d Go files, which cannot be all", len(list))
	}
	return list
}

// walk visits the files of the repository by their names from the root, but
// for Git's and the built program.
func walk(visit func(name string) error) error {
	return filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, file)
		if err != nil {
			return err
		}
		name = filepath.ToSlash(name)
		switch {
		case name == ".git":
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		case d.IsDir(), name == "highwater", name == "highwater.exe":
			return nil
		}
		return visit(name)
	})
}

// line is the line of a node, from 1.
func line(n ast.Node) int { return files.Position(n.Pos()).Line }

// imported finds the path that a name stands for in a file: "time" for the
// time in time.Now.
func (s *source) imported(name string) string {
	for _, i := range s.file.Imports {
		p := strings.Trim(i.Path.Value, `"`)
		local := path.Base(p)
		if local == "v2" {
			local = path.Base(path.Dir(p))
		}
		if i.Name != nil {
			local = i.Name.Name
		}
		if local == name {
			return p
		}
	}
	return ""
}
