package main

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

// imports says which packages of the repository, which modules of others and,
// where that is little, which standard packages each package may import. It
// states the design: change the design first, then this table.
var imports = map[string]struct{ own, others, std string }{
	"engine":             {own: "engine/names"},
	"engine/msglog":      {own: "engine"},
	"engine/names":       {},
	"scenario":           {own: "engine", others: "gopkg.in/yaml.v3"},
	"scenarios":          {std: "embed"},
	"sim":                {own: "engine scenario sim/queue sim/result sim/stats sim/trace", others: "gonum.org/v1/gonum"},
	"sim/files":          {others: "golang.org/x/sys"},
	"sim/queue":          {},
	"sim/stats":          {others: "gonum.org/v1/gonum"},
	"sim/result":         {own: "engine"},
	"sim/result/dossier": {},
	"sim/result/words":   {own: "engine sim/result"},
	"sim/sizing":         {own: "engine scenario sim sim/result sim/stats"},
	"sim/target": {
		own:    "engine engine/msglog scenario sim sim/files sim/result sim/trace sim/wire",
		others: "github.com/prometheus/client_golang golang.org/x/net",
	},
	"sim/trace":           {own: "engine engine/names sim/queue sim/result"},
	"sim/trace/accesslog": {own: "engine sim/stats sim/trace"},
	"sim/wire":            {own: "engine scenario"},
	"sim/gate":            {own: "engine scenario sim sim/result sim/sizing sim/stats"},
	"sim/fit":             {own: "engine scenario sim/result sim/result/words sim/stats sim/trace"},
	"sim/attack": {
		own:    "engine scenario sim sim/attack/record sim/files sim/queue sim/result sim/result/words sim/stats sim/wire",
		others: "github.com/tsenart/vegeta/v12 github.com/HdrHistogram/hdrhistogram-go github.com/prometheus/common github.com/prometheus/client_model golang.org/x/sys gopkg.in/yaml.v3",
	},
	"sim/attack/curves": {own: "engine scenario sim sim/attack sim/attack/record sim/queue sim/result sim/result/words sim/stats sim/trace sim/wire"},
	"sim/attack/probe":  {own: "engine sim sim/attack sim/attack/curves sim/attack/record sim/result sim/result/words sim/wire"},
	"sim/attack/record": {own: "engine sim sim/result", others: "github.com/tsenart/vegeta/v12"},
	"plots":             {others: "codeberg.org/go-pdf/fpdf gonum.org/v1/plot"},
	"plots/term":        {own: "plots"},
	"plots/report":      {own: "engine plots sim/result sim/result/words"},
	"internal/golden":   {},
	"internal/pipes":    {},
	"internal/raw":      {},
	"cmd/highwater": {
		own: "engine plots plots/report plots/term scenario scenarios sim sim/attack sim/attack/curves sim/attack/probe sim/attack/record sim/fit sim/gate sim/result sim/result/dossier sim/result/words sim/sizing sim/target sim/trace sim/trace/accesslog",
		others: "github.com/cpuguy83/go-md2man/v2 github.com/spf13/cobra github.com/spf13/pflag github.com/klauspost/compress " +
			"github.com/rivo/uniseg github.com/schollz/progressbar/v3 golang.org/x/sys golang.org/x/term",
	},
}

// testModules are for tests only. A test may import any package of the
// repository, and the modules of its own package.
var testModules = []string{
	"github.com/chromedp", "github.com/google/go-cmp", "github.com/prometheus/common", "github.com/rogpeppe/go-internal", "github.com/valyala/fastjson", "go.uber.org/goleak", "golang.org/x/net/html", "pgregory.net/rapid",
}

func TestImports(t *testing.T) {
	seen := map[string]bool{}
	for _, s := range goFiles(t) {
		seen[s.pkg] = true
		allowed, ok := imports[s.pkg]
		if !ok {
			t.Errorf("%s: package %s is not in the table of imports", s.path, s.pkg)
			continue
		}
		for _, i := range s.file.Imports {
			p := strings.Trim(i.Path.Value, `"`)
			own, ours := strings.CutPrefix(p, "highwater/")
			switch {
			case ours:
				ok = s.test || slices.Contains(strings.Fields(allowed.own), own)
			case strings.Contains(strings.Split(p, "/")[0], "."):
				ok = within(p, strings.Fields(allowed.others)) || s.test && within(p, testModules)
			case p == "C":
				ok = false
			case p == "unsafe":
				ok = s.test // tests measure sizes
			default:
				ok = s.test || allowed.std == "" || slices.Contains(strings.Fields(allowed.std), p)
			}
			if !ok {
				t.Errorf("%s:%d: %s must not import %s", s.path, line(i), s.pkg, p)
			}
		}
	}
	for _, pkg := range slices.Sorted(maps.Keys(imports)) {
		if !seen[pkg] {
			t.Errorf("the table of imports has package %s, which does not exist", pkg)
		}
	}
}

// within tells whether an import path is in one of the modules.
func within(p string, modules []string) bool {
	return slices.ContainsFunc(modules, func(m string) bool { return p == m || strings.HasPrefix(p, m+"/") })
}
