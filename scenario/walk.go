package scenario

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// maxErrors is how many mistakes are listed; nobody reads more.
const maxErrors = 1000

// mostText is the length of the longest text that a field may have, in bytes.
const mostText = 1000

// A parser walks the nodes of one file and notes every mistake.
type parser struct {
	file  string
	read  func(path string) ([]byte, error)
	files map[string]*sample // of empirical distributions, by path and unit
	path  []string           // of the object being read
	errs  Errors
}

// errorf notes a mistake at n. Its hint may be set afterwards.
func (p *parser) errorf(n *yaml.Node, format string, args ...any) *Error {
	e := &Error{
		Pos:  Pos{p.file, max(n.Line, 1), max(n.Column, 1)},
		Path: strings.Join(p.path, ": "),
		Msg:  fmt.Sprintf(format, args...),
	}
	if !p.full() {
		p.errs = append(p.errs, e)
	}
	return e
}

// full reports whether so many mistakes are noted that the rest need not be read.
func (p *parser) full() bool { return len(p.errs) >= maxErrors }

// wrong notes that the field name must be something else than n.
func (p *parser) wrong(n *yaml.Node, name, must string) *Error {
	if n.Kind == yaml.AliasNode {
		return new(Error) // noted already, as an alias
	}
	return p.errorf(n, "%s %s, not %s", name, must, describe(n))
}

// in runs f with name added to the path.
func (p *parser) in(name string, f func()) {
	p.path = append(p.path, name)
	f()
	p.path = p.path[:len(p.path)-1]
}

// describe is n as messages show it.
func describe(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	}
	switch n.ShortTag() {
	case "!!null":
		return "empty"
	case "!!int", "!!float":
		return clip(n.Value)
	}
	return quote(n.Value)
}

func quote(s string) string { return fmt.Sprintf("%q", clip(s)) }

// clip shortens what a message repeats.
func clip(s string) string {
	const longest = 60
	if utf8.RuneCountInString(s) <= longest {
		return s
	}
	return string([]rune(s)[:longest-1]) + "…"
}

// A shape says what a kind of value is called, what it must be and what an
// editor can check of it.
type shape struct {
	name   string // as help calls it
	want   string // ends "must be"
	schema *schema
	inner  []string // fields of the mapping that it is
}

// A value is a shape and how to read it. read takes the name of the field for
// its messages; it reports whether the value is good.
type value[V any] struct {
	shape
	read func(p *parser, name string, n *yaml.Node) (V, bool)
}

// A mistake is what is wrong with a text.
type mistake struct {
	must string // "" when the text has not the shape at all: it must be what the shape wants
	hint string
	arg  string // the argument of a distribution that it is in, or ""
	full bool   // must says what was given
}

func (m *mistake) Error() string { return m.must }

var errWant = new(mistake)

func must(format string, args ...any) error {
	return &mistake{must: "must " + fmt.Sprintf(format, args...)}
}

// text is a value that one scalar holds.
func text[V any](k shape, parse func(p *parser, s string) (V, error)) value[V] {
	return value[V]{k, func(p *parser, name string, n *yaml.Node) (V, bool) {
		var none V
		if n.Kind != yaml.ScalarNode || n.ShortTag() == "!!null" {
			p.wrong(n, name, "must be "+k.want)
			return none, false
		}
		if len(n.Value) > mostText {
			p.wrong(n, name, fmt.Sprintf("must have at most %d characters", mostText))
			return none, false
		}
		v, err := parse(p, n.Value)
		if err == nil {
			return v, true
		}
		m := mistake{must: err.Error()}
		if told := (*mistake)(nil); errors.As(err, &told) {
			m = *told
		}
		if m.must == "" {
			m.must = "must be " + k.want
		}
		if unclosed(n.Value) {
			m.hint = "inside { } separate its arguments by spaces, without commas, or put it in quotes"
		}
		p.mistaken(n, name, m)
		return none, false
	}}
}

// mistaken notes what is wrong with the text of the field name.
func (p *parser) mistaken(n *yaml.Node, name string, m mistake) {
	switch {
	case m.full:
		p.errorf(n, "%s %s", name, m.must).Hint = m.hint
	case m.arg != "":
		p.in(name, func() { p.wrong(n, m.arg, m.must).Hint = m.hint })
	default:
		p.wrong(n, name, m.must).Hint = m.hint
	}
}

// unclosed reports whether s is the first part of a value that a comma in a
// flow mapping has cut in two.
func unclosed(s string) bool { return strings.Count(s, "(") > strings.Count(s, ")") }

// list is a value that a YAML sequence holds. Items are named "item 1" and so on.
func list[V any](item value[V], least, most int) value[[]V] {
	s := &schema{Type: "array", Items: item.schema, MinItems: least, MaxItems: most}
	k := shape{name: "list of " + item.name, want: "a list", schema: s}
	return value[[]V]{k, func(p *parser, name string, n *yaml.Node) (all []V, ok bool) {
		if n.Kind != yaml.SequenceNode {
			p.wrong(n, name, "must be "+k.want)
			return nil, false
		}
		if len(n.Content) < least || len(n.Content) > most {
			p.errorf(n, "%s must have %d to %d items, not %d", name, least, most, len(n.Content))
			return nil, false
		}
		ok = true
		p.in(name, func() {
			for i, c := range n.Content {
				v, good := item.read(p, fmt.Sprintf("item %d", i+1), c)
				all, ok = append(all, v), ok && good
			}
		})
		return all, ok
	}}
}

// A field is a row of the table of fields. T is what its object is read into.
type field[T any] struct {
	name      string
	kinds     kinds  // cohorts: which kinds have it; 0 is all
	beside    string // the field of the same object that it needs, or ""
	required  bool
	byDefault string // as it would be written; "" is none
	otherwise string // the default in words, when byDefault cannot say it
	doc       string
	example   string
	slot[T]
}

// A slot is a shape and how to put a value of it into a T.
type slot[T any] struct {
	shape
	set func(p *parser, name string, t *T, n *yaml.Node)
}

// into is a slot that fills one variable of T.
func into[T, V any](v value[V], at func(*T) *V) slot[T] {
	return slot[T]{v.shape, func(p *parser, name string, t *T, n *yaml.Node) {
		if x, ok := v.read(p, name, n); ok {
			*at(t) = x
		}
	}}
}

// An object is a mapping with fields.
type object[T any] struct {
	name    string // as help calls it
	doc     string
	example string
	fields  []field[T]
	exactly []string                 // one of these fields must be given, and only one
	excuse  func(name string) string // what to say of a field that it does not have, or ""; or nil
}

// given are the fields of a mapping that the file gives, by name.
type given map[string]*yaml.Node

// read reads the mapping n into t, fills defaults, and notes unknown,
// duplicate and missing fields.
func (o *object[T]) read(p *parser, n *yaml.Node, k Kind, t *T) given {
	has, meant := given{}, map[string]bool{}
	merged := false // fields may be where they are not looked for
	torn := false   // within a value that a comma of a flow mapping has cut in two
	for i := 0; i+1 < len(n.Content) && !p.full(); i += 2 {
		key, v := n.Content[i], n.Content[i+1]
		if torn {
			torn = !strings.Contains(key.Value, ")")
			continue
		}
		torn = n.Style&yaml.FlowStyle != 0 && v.Kind == yaml.ScalarNode && unclosed(v.Value)
		if key.Kind != yaml.ScalarNode || key.ShortTag() == "!!merge" {
			merged = true // noted already
			continue
		}
		if has[key.Value] != nil {
			p.errorf(key, "field %s is given twice", quote(key.Value))
			continue
		}
		f := o.field(key.Value, k)
		if f == nil {
			meant[o.unknown(p, key, k)] = true
			continue
		}
		has[key.Value] = v
		f.set(p, f.name, t, v)
	}
	if merged {
		return has
	}
	for i := range o.fields {
		if f := &o.fields[i]; f.kinds.has(k) && !meant[f.name] {
			f.complete(p, n, t, has)
		}
	}
	if !slices.ContainsFunc(o.exactly, func(name string) bool { return meant[name] }) {
		o.choose(p, n, has)
	}
	return has
}

// complete fills the default of a field that is not given, and notes one that
// is missing or stands without its fellow.
func (f *field[T]) complete(p *parser, n *yaml.Node, t *T, has given) {
	alone := f.beside != "" && has[f.beside] == nil
	switch {
	case has[f.name] != nil && alone:
		p.errorf(has[f.name], "%s needs the field %s beside it", f.name, f.beside)
	case has[f.name] != nil || alone:
	case f.required:
		p.errorf(n, "%s is required", f.name).Hint = "for example " + f.name + ": " + f.example
	case f.byDefault != "":
		f.set(p, f.name, t, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: f.byDefault, Line: n.Line, Column: n.Column})
	}
}

// choose checks that one of the fields that exclude one another is given.
func (o *object[T]) choose(p *parser, n *yaml.Node, has given) {
	var found []string
	for _, name := range o.exactly {
		if has[name] != nil {
			found = append(found, name)
		}
	}
	switch {
	case len(found) > 1:
		p.errorf(has[found[1]], "%s must not be given beside %s", found[1], found[0])
	case len(found) == 0 && o.exactly != nil:
		p.errorf(n, "one of %s is required", strings.Join(o.exactly, ", "))
	}
}

// field finds the field of that name that cohorts of kind k have.
func (o *object[T]) field(name string, k Kind) *field[T] {
	for i := range o.fields {
		if f := &o.fields[i]; f.name == name && f.kinds.has(k) {
			return f
		}
	}
	return nil
}

// unknown notes a field that the object does not have, and says why. It is the
// field that was probably meant, or "".
func (o *object[T]) unknown(p *parser, key *yaml.Node, k Kind) string {
	var others kinds
	var names []string
	hint := ""
	for i := range o.fields {
		f := &o.fields[i]
		switch {
		case f.name == key.Value:
			others |= f.kinds
		case f.kinds.has(k):
			names = append(names, f.name)
			if slices.Contains(f.inner, key.Value) {
				hint = "it belongs in " + f.name
			}
		}
	}
	if others != 0 {
		if k != 0 { // otherwise the kind is what is wrong
			p.errorf(key, "%s is a field of %s, not of %s", key.Value, others, k)
		}
		return ""
	}
	if o.excuse != nil {
		if why := o.excuse(key.Value); why != "" {
			p.errorf(key, "%s", why)
			return ""
		}
	}
	if hint == "" {
		hint = didYouMean(key.Value, names)
	}
	p.errorf(key, "unknown field %s", quote(key.Value)).Hint = hint
	return Nearest(key.Value, names)
}

// shape is the shape of a mapping that holds the object.
func (o *object[T]) shape() shape {
	k := shape{name: o.name, want: "a mapping such as " + o.example, schema: define(o.name)}
	for i := range o.fields {
		k.inner = append(k.inner, o.fields[i].name)
	}
	return k
}

// mapping reports whether n is a mapping, and notes when it is not.
func (o *object[T]) mapping(p *parser, name string, n *yaml.Node) bool {
	if n.Kind == yaml.MappingNode {
		return true
	}
	p.wrong(n, name, "must be "+o.shape().want)
	return false
}

// within is a slot that an object fills.
func within[T, O any](o *object[O], at func(*T) *O) slot[T] {
	return slot[T]{o.shape(), func(p *parser, name string, t *T, n *yaml.Node) {
		if o.mapping(p, name, n) {
			p.in(name, func() { o.read(p, n, 0, at(t)) })
		}
	}}
}
