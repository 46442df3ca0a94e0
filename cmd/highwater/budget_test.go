package main

import (
	"go/ast"
	"maps"
	"path"
	"slices"
	"strings"
	"testing"
)

// The most that a function and a file may have.
const (
	maxFunction = 100 // lines
	maxFile     = 600 // lines
	maxNesting  = 4   // of if, for, switch and select
)

// TestBudget prints how large things are, with -v, and fails on the largest.
func TestBudget(t *testing.T) {
	var lengths, sizes, depths, parameters []int
	code, tests := map[string]int{}, map[string]int{}
	for _, s := range goFiles(t) {
		if s.test {
			tests[s.pkg] += s.size
			continue
		}
		code[s.pkg] += s.size
		sizes = append(sizes, s.size)
		if s.size > maxFile {
			t.Errorf("%s has %d lines, which is more than %d: two files?", s.path, s.size, maxFile)
		}
		if strings.ContainsAny(strings.TrimSuffix(path.Base(s.path), ".go"), "_-") {
			t.Errorf("%s: a file's name is one word", s.path)
		}
		for _, d := range s.file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || f.Body == nil {
				continue
			}
			length := files.Position(f.End()).Line - line(f) + 1
			depth := nesting(f.Body)
			lengths, depths = append(lengths, length), append(depths, depth)
			parameters = append(parameters, f.Type.Params.NumFields())
			if length > maxFunction {
				t.Errorf("%s:%d: %s has %d lines, want %d at most", s.path, line(f), f.Name.Name, length, maxFunction)
			}
			if depth > maxNesting {
				t.Errorf("%s:%d: %s nests %d deep, want %d at most", s.path, line(f), f.Name.Name, depth, maxNesting)
			}
		}
	}
	t.Log("                 median  p90  max   aim for p90 and max")
	for _, row := range []struct {
		name   string
		values []int
		aim    string
	}{
		{"function lines", lengths, "45 100"},
		{"nesting", depths, "2 4"},
		{"parameters", parameters, "4"},
		{"file lines", sizes, "400 600"},
	} {
		slices.Sort(row.values)
		n := len(row.values)
		t.Logf("%-15s %7d %4d %4d   %s", row.name, row.values[n/2], row.values[n*9/10], row.values[n-1], row.aim)
	}
	t.Log("package                code lines  test lines  tests/code")
	for _, pkg := range slices.Sorted(maps.Keys(code)) {
		t.Logf("%-22s %10d  %10d  %10.2f", pkg, code[pkg], tests[pkg], float64(tests[pkg])/float64(code[pkg]))
	}
}

// nesting is how deep the statements that branch or repeat stand in one
// another. An else if stands beside its if.
func nesting(n ast.Node) int {
	deepest := 0
	var visit func(n ast.Node, depth int)
	visit = func(n ast.Node, depth int) {
		deepest = max(deepest, depth)
		ast.Inspect(n, func(c ast.Node) bool {
			if c == n {
				return true
			}
			switch c := c.(type) {
			case *ast.IfStmt:
				if parent, ok := n.(*ast.IfStmt); ok && parent.Else == c {
					visit(c, depth)
				} else {
					visit(c, depth+1)
				}
				return false
			case *ast.ForStmt, *ast.RangeStmt, *ast.SwitchStmt, *ast.TypeSwitchStmt, *ast.SelectStmt:
				visit(c, depth+1)
				return false
			}
			return true
		})
	}
	visit(n, 0)
	return deepest
}

// Names are short where they are used much: receivers have one or two
// letters, nothing is called Get, and no package is a drawer.
func TestNames(t *testing.T) {
	for _, s := range goFiles(t) {
		if s.test {
			continue
		}
		if slices.Contains([]string{"util", "utils", "common", "helpers", "misc", "types"}, path.Base(s.pkg)) {
			t.Errorf("%s: package %s says nothing", s.path, s.pkg)
		}
		for _, d := range s.file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok {
				continue
			}
			if strings.HasPrefix(f.Name.Name, "Get") {
				t.Errorf("%s:%d: %s: a getter has no Get", s.path, line(f), f.Name.Name)
			}
			if f.Recv == nil && f.Name.Name == "init" {
				t.Errorf("%s:%d: init runs for everybody who imports the package", s.path, line(f))
			}
			if f.Recv != nil && len(f.Recv.List[0].Names) == 1 && len(f.Recv.List[0].Names[0].Name) > 2 {
				t.Errorf("%s:%d: the receiver of %s has more than two letters", s.path, line(f), f.Name.Name)
			}
		}
	}
}
