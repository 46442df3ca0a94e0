package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"highwater/scenario"
)

// A place is where a field of a scenario stands.
type place struct {
	path   string // from the top, as cohorts.arrivals.spread
	object string // that has it
	field  *scenario.Field
}

// places lists all fields, each where it stands first.
func places() (list []place) {
	objects := map[string]*scenario.Object{}
	all := scenario.Reference()
	for i := range all {
		objects[all[i].Name] = &all[i]
	}
	seen := map[string]bool{}
	var visit func(name, path string)
	visit = func(name, path string) {
		if seen[name] {
			return
		}
		seen[name] = true
		o := objects[name]
		for i := range o.Fields {
			list = append(list, place{path + o.Fields[i].Name, name, &o.Fields[i]})
		}
		for i := range o.Fields {
			for _, holds := range o.Fields[i].Holds {
				visit(holds, path+o.Fields[i].Name+".")
			}
		}
	}
	visit("scenario", "")
	return list
}

// fieldsNamed finds fields by their path, the end of it, or the name of the
// object that has them and their own, as license.units, units or visit.pages.
func fieldsNamed(name string) (list []place) {
	for _, p := range places() {
		if p.path == name || strings.HasSuffix(p.path, "."+name) || p.object+"."+p.field.Name == name {
			list = append(list, p)
		}
	}
	return list
}

// fieldNames are the paths of all fields and their own names, once each.
func fieldNames() []string {
	var names []string
	for _, p := range places() {
		names = append(names, p.path, p.field.Name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// writeFields explains fields.
func writeFields(w io.Writer, list []place) {
	for i, p := range list {
		if i > 0 {
			fmt.Fprintln(w)
		}
		heading := p.path
		if p.field.Kinds != nil {
			heading += " of " + kindsText(p.field.Kinds)
		}
		fmt.Fprintln(w, heading)
		paragraphs(w, fieldLines(p.field))
	}
}

// fieldLines say what a field is.
func fieldLines(f *scenario.Field) [][2]string {
	lines := [][2]string{{"  means", f.Doc}, {"  value", f.Must}}
	for _, q := range scenario.Quantities() {
		if slices.Contains(f.Written, q.Name) {
			lines = append(lines, [2]string{"  " + q.Name, q.Doc + "; as " + strings.Join(q.Examples, ", ")})
		}
	}
	switch {
	case f.Beside != "" && f.Required:
		lines = append(lines, [2]string{"  required", "with " + f.Beside})
	case f.Beside != "":
		lines = append(lines, [2]string{"  only", "with " + f.Beside})
	case f.Required:
		lines = append(lines, [2]string{"  required", "always"})
	}
	if f.Default != "" {
		lines = append(lines, [2]string{"  default", f.Default})
	} else if !f.Required {
		lines = append(lines, [2]string{"  default", "none"})
	}
	lines = append(lines, [2]string{"  example", f.Name + ": " + strings.ReplaceAll(f.Example, "\n", " ")})
	for _, o := range scenario.Reference() {
		if !slices.Contains(f.Holds, o.Name) {
			continue
		}
		var names []string
		for i := range o.Fields {
			if !slices.Contains(names, o.Fields[i].Name) {
				names = append(names, o.Fields[i].Name)
			}
		}
		lines = append(lines, [2]string{"  fields", strings.Join(names, ", ")})
	}
	return lines
}

func kindsText(kinds []scenario.Kind) string {
	names := make([]string, len(kinds))
	for i, k := range kinds {
		names[i] = k.String()
	}
	return strings.Join(names, ", ")
}
