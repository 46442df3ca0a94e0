package scenario

import (
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

// Parse takes every example and every default of the table of fields, as they
// stand there.
func TestExamplesParse(t *testing.T) {
	n := examplesParse(t, &fileObject) + examplesParse(t, &licenseObject) + examplesParse(t, &policyObject) + examplesParse(t, &proxyObject) +
		examplesParse(t, &cohortObject) + examplesParse(t, &arrivalsObject) + examplesParse(t, &burstObject) + examplesParse(t, &visitObject) +
		examplesParse(t, &callsObject) + examplesParse(t, &refusalObject) + examplesParse(t, &expectedObject) +
		examplesParse(t, &callObject) + examplesParse(t, &pageObject)
	all := 0
	for _, o := range Reference() {
		all += len(o.Fields)
	}
	if n != all {
		t.Errorf("%d fields were tried, of %d", n, all)
	}
}

func examplesParse[T any](t *testing.T, o *object[T]) int {
	t.Helper()
	for i := range o.fields {
		f := &o.fields[i]
		for _, text := range []string{f.example, f.byDefault} {
			if text == "" || strings.Contains(text, "...") {
				continue
			}
			var doc yaml.Node
			if err := yaml.Unmarshal([]byte(text), &doc); err != nil {
				t.Errorf("%s: %s: %v", o.name, f.name, err)
				continue
			}
			p := &parser{file: "x"}
			f.set(p, f.name, new(T), doc.Content[0])
			if len(p.errs) > 0 {
				t.Errorf("%s: %s: %s: %v", o.name, f.name, text, p.errs)
			}
		}
	}
	return len(o.fields)
}

// The help says what a value is made of.
func TestReferenceLeadsOn(t *testing.T) {
	tests := []struct {
		object, field, holds, written string
	}{
		{"scenario", "cohorts", "cohort", ""},
		{"scenario", "duration", "", "duration"},
		{"scenario", "name", "", ""},
		{"license", "policy", "policy", ""},
		{"arrivals", "poisson", "", "rate clock"},
		{"arrivals", "bursts", "burst", ""},
		{"visit", "think", "", "length"},
	}
	for _, tt := range tests {
		for _, o := range Reference() {
			for _, f := range o.Fields {
				if o.Name != tt.object || f.Name != tt.field {
					continue
				}
				if strings.Join(f.Holds, " ") != tt.holds || strings.Join(f.Written, " ") != tt.written || f.Must == "" {
					t.Errorf("%s: %s holds %q, is written as %q and must be %q", o.Name, f.Name, f.Holds, f.Written, f.Must)
				}
			}
		}
	}
}
