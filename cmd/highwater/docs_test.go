package main

import (
	"go/ast"
	"go/token"
	"maps"
	"slices"
	"testing"
)

// plain are the methods whose meaning their names give away everywhere.
var plain = []string{"String", "Error", "Unwrap", "MarshalJSON", "MarshalText", "UnmarshalText"}

func TestPackagesHaveComments(t *testing.T) {
	documented := map[string]int{}
	for _, s := range goFiles(t) {
		if s.test {
			continue
		}
		documented[s.pkg] += 0
		if s.file.Doc != nil {
			documented[s.pkg]++
		}
	}
	for _, pkg := range slices.Sorted(maps.Keys(documented)) {
		if n := documented[pkg]; n != 1 {
			t.Errorf("package %s has %d package comments, want 1", pkg, n)
		}
	}
}

func TestExportedNamesHaveComments(t *testing.T) {
	for _, s := range goFiles(t) {
		if s.test {
			continue
		}
		for _, d := range s.file.Decls {
			for _, name := range undocumented(d) {
				t.Errorf("%s:%d: %s has no doc comment", s.path, line(name), name.Name)
			}
		}
	}
}

// undocumented lists the exported names of a declaration that nothing
// explains. A comment on a group of constants or variables is for all of it.
func undocumented(d ast.Decl) (names []*ast.Ident) {
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Name.IsExported() && d.Doc == nil && exportedReceiver(d) && (d.Recv == nil || !slices.Contains(plain, d.Name.Name)) {
			names = append(names, d.Name)
		}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			switch s := spec.(type) {
			case *ast.TypeSpec:
				if s.Name.IsExported() && s.Doc == nil && (d.Doc == nil || d.Lparen != token.NoPos) {
					names = append(names, s.Name)
				}
			case *ast.ValueSpec:
				for _, n := range s.Names {
					if n.IsExported() && d.Doc == nil && s.Doc == nil && s.Comment == nil {
						names = append(names, n)
					}
				}
			}
		}
	}
	return names
}

func exportedReceiver(d *ast.FuncDecl) bool {
	if d.Recv == nil {
		return true
	}
	x := d.Recv.List[0].Type
	if star, ok := x.(*ast.StarExpr); ok {
		x = star.X
	}
	if generic, ok := x.(*ast.IndexExpr); ok {
		x = generic.X
	}
	name, ok := x.(*ast.Ident)
	return !ok || name.IsExported()
}
