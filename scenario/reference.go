package scenario

import (
	"slices"
	"strings"
)

// An Object is a mapping that a scenario file may have, for the help pages.
type Object struct {
	Name    string
	Doc     string // one line
	Example string
	Exactly []string // of these fields one must be given, and only one
	Fields  []Field
}

// A Field is a field of an Object.
type Field struct {
	Name     string
	Kinds    []Kind // which kinds of cohort have it; nil is all
	Type     string // the kind of value
	Required bool   // together with Beside, when that is given
	Beside   string // the field that it needs beside it, or ""
	Default  string // as written or in words; "" is none
	Doc      string // one line
	Example  string
	Must     string   // what its value must be, in words
	Holds    []string // objects that its value may be, or be a list of; nil is none
	Written  []string // quantities by which its value may be written; nil is none
}

// A Quantity is a way to write a value that several fields share.
type Quantity struct {
	Name     string
	Doc      string // one line
	Examples []string
}

// Reference lists all objects and their fields, in the order of the help.
func Reference() []Object {
	return []Object{
		fileObject.reference(), licenseObject.reference(), policyObject.reference(), proxyObject.reference(),
		cohortObject.reference(), arrivalsObject.reference(), burstObject.reference(), visitObject.reference(), callsObject.reference(),
		refusalObject.reference(), callObject.reference(), pageObject.reference(), expectedObject.reference(),
	}
}

// Quantities lists the ways to write durations, rates and such.
func Quantities() []Quantity {
	var list []Quantity
	for _, q := range quantities {
		list = append(list, Quantity{q.name, q.doc, q.examples})
	}
	return list
}

func (o *object[T]) reference() Object {
	r := Object{Name: o.name, Doc: o.doc, Example: o.example, Exactly: o.exactly}
	for i := range o.fields {
		f := &o.fields[i]
		x := Field{Name: f.name, Type: f.shape.name, Required: f.required, Beside: f.beside,
			Default: f.byDefault, Doc: f.doc, Example: f.example, Must: f.shape.want}
		for _, name := range f.shape.schema.names(nil) {
			if isQuantity(name) {
				x.Written = append(x.Written, name)
			} else {
				x.Holds = append(x.Holds, name)
			}
		}
		if f.kinds != 0 {
			x.Kinds = f.kinds.list()
		}
		if f.otherwise != "" {
			x.Default = f.otherwise
		}
		r.Fields = append(r.Fields, x)
	}
	return r
}

// names adds what is named in the schema, once each.
func (s *schema) names(list []string) []string {
	if s == nil {
		return list
	}
	if name, ok := strings.CutPrefix(s.Ref, define("").Ref); ok && name != "" && !slices.Contains(list, name) {
		list = append(list, name)
	}
	for _, part := range slices.Concat(s.AnyOf, s.OneOf, s.AllOf, []*schema{s.Items}) {
		list = part.names(list)
	}
	if part, ok := s.Additional.(*schema); ok {
		list = part.names(list)
	}
	return s.PropertyNames.names(list)
}

func isQuantity(name string) bool {
	return slices.ContainsFunc(quantities, func(q quantity) bool { return q.name == name })
}
