package main

import (
	"go/ast"
	"slices"
	"strings"
	"testing"
)

// real are the packages that send and answer real requests in real time, and
// what they ask of the system.
var real = []string{"sim/attack", "sim/attack/probe", "sim/files", "sim/target"}

// pure tells whether a package has no clock, does no I/O of its own and draws
// no random numbers but by seeds: all but the command, those, and what is for
// tests alone.
func pure(pkg string) bool {
	return !strings.HasPrefix(pkg, "cmd/") && !strings.HasPrefix(pkg, "internal/") && !slices.Contains(real, pkg)
}

// impure are the standard packages that reach outside, with all below them.
var impure = []string{"os", "net", "log", "syscall", "crypto/rand"}

// clocks are the names of package time that ask the machine what time it is,
// where it stands, or wait.
var clocks = []string{
	"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "Tick", "NewTimer", "NewTicker", "Timer", "Ticker", "Local", "LoadLocation",
}

// seeded are the names of math/rand that do not use the global source.
var seeded = []string{"New", "NewPCG", "NewChaCha8", "NewSource", "NewZipf", "Rand", "PCG", "ChaCha8", "Source", "Zipf"}

func TestPurePackagesReachNothing(t *testing.T) {
	for _, s := range goFiles(t) {
		if s.test || !pure(s.pkg) {
			continue
		}
		for _, i := range s.file.Imports {
			p := strings.Trim(i.Path.Value, `"`)
			if within(p, impure) && p != "net/netip" { // which only reads addresses
				t.Errorf("%s:%d: %s must not import %s", s.path, line(i), s.pkg, p)
			}
			if i.Name != nil && i.Name.Name == "." {
				t.Errorf("%s:%d: a dot import hides where names come from", s.path, line(i))
			}
		}
		selectors(&s, func(n *ast.SelectorExpr, from, name string) {
			if from == "time" && slices.Contains(clocks, name) {
				t.Errorf("%s:%d: %s must not use time.%s: time comes with the events", s.path, line(n), s.pkg, name)
			}
			if strings.HasPrefix(from, "math/rand") && !slices.Contains(seeded, name) {
				t.Errorf("%s:%d: %s must not use rand.%s: draws come from a seed", s.path, line(n), s.pkg, name)
			}
		})
	}
}

// A test that sleeps hopes.
func TestNothingSleeps(t *testing.T) {
	for _, s := range goFiles(t) {
		selectors(&s, func(n *ast.SelectorExpr, from, name string) {
			if from == "time" && name == "Sleep" {
				t.Errorf("%s:%d: time.Sleep", s.path, line(n))
			}
		})
	}
}

// Goroutines run replications, send and answer real requests, and belong to
// the command and to what is for tests; nothing else starts one.
func TestGoroutines(t *testing.T) {
	for _, s := range goFiles(t) {
		if s.test || s.path == "sim/replicate.go" || slices.Contains(real, s.pkg) || strings.HasPrefix(s.pkg, "cmd/") || strings.HasPrefix(s.pkg, "internal/") {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.GoStmt:
				t.Errorf("%s:%d: %s must not start goroutines", s.path, line(n), s.pkg)
			case *ast.CallExpr:
				if f, ok := n.Fun.(*ast.SelectorExpr); ok && (f.Sel.Name == "Go" || f.Sel.Name == "AfterFunc") {
					t.Errorf("%s:%d: %s must not start goroutines", s.path, line(n), s.pkg)
				}
			}
			return true
		})
	}
}

// Instants of real requests are differences of clock readings that the program
// has kept as they are, so that Go takes them from the monotonic clock: setting
// the machine's clock moves none. A reading that became a number, or was
// stripped, is of the wall clock.
func TestClockStepsMoveNoInstant(t *testing.T) {
	strips := []string{"Unix", "UnixMilli", "UnixMicro", "UnixNano", "GobEncode", "MarshalBinary", "MarshalJSON", "MarshalText"}
	since := 0
	for _, s := range goFiles(t) {
		if s.test || !slices.Contains(real, s.pkg) {
			continue
		}
		selectors(&s, func(_ *ast.SelectorExpr, from, name string) {
			if from == "time" && name == "Since" {
				since++
			}
		})
		ast.Inspect(s.file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			f, ok := call.Fun.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			if zero, _ := firstOf(call.Args).(*ast.BasicLit); slices.Contains(strips, f.Sel.Name) || f.Sel.Name == "Round" && zero != nil && zero.Value == "0" {
				t.Errorf("%s:%d: %s makes an instant one of the wall clock", s.path, line(call), f.Sel.Name)
			}
			return true
		})
	}
	if since < 4 {
		t.Errorf("%d instants are taken by time.Since; where are the others?", since)
	}
}

func firstOf(list []ast.Expr) ast.Expr {
	if len(list) == 0 {
		return nil
	}
	return list[0]
}

// The program ends in main alone, so that everything else can be run in a
// test.
func TestOnlyMainExits(t *testing.T) {
	for _, s := range goFiles(t) {
		if s.test || s.path == "cmd/highwater/main.go" {
			continue
		}
		selectors(&s, func(n *ast.SelectorExpr, from, name string) {
			if from == "os" && slices.Contains([]string{"Exit", "Args", "Stdin", "Stdout", "Stderr"}, name) ||
				from == "log" || from == "fmt" && slices.Contains([]string{"Print", "Println", "Printf"}, name) {
				t.Errorf("%s:%d: %s.%s belongs to main", s.path, line(n), from, name)
			}
		})
	}
}

// selectors visits what a file takes from packages that it imports.
func selectors(s *source, visit func(n *ast.SelectorExpr, from, name string)) {
	ast.Inspect(s.file, func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok {
			if x, ok := sel.X.(*ast.Ident); ok {
				if from := s.imported(x.Name); from != "" {
					visit(sel, from, sel.Sel.Name)
				}
			}
		}
		return true
	})
}
