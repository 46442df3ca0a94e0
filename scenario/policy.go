package scenario

import (
	"slices"
	"strconv"
	"strings"

	"highwater/engine"

	"gopkg.in/yaml.v3"
)

// A policy is a policy as read: a name, or a base with options.
type policy struct {
	node     *yaml.Node
	ref      string // the name that stands alone; "" for a policy of its own
	name     string
	base     engine.Policy
	settings []setting
	built    engine.Policy
}

// A setting is an option as given.
type setting struct {
	node        *yaml.Node
	name, value string
}

const policyWant = "a policy such as iris-2022.3, or a mapping such as {base: iris-2022.3, hold_from: end}"

// policyValue is the name of a policy, or a mapping.
var policyValue = value[*policy]{
	shape{name: "policy", want: policyWant, schema: &schema{AnyOf: []*schema{
		{Type: "string", Examples: literals(engine.PolicyNames())}, {Ref: "#/$defs/policy"},
	}}},
	readPolicy,
}

var policyObject = object[policy]{
	name: "policy", doc: "a policy of your own: a named one and the options that differ",
	example: "{base: iris-2022.3, hold_from: end}",
	fields: append([]field[policy]{
		{name: "name", otherwise: "the base and what differs", doc: "what reports call it", example: "hold from the end",
			slot: into(title, func(y *policy) *string { return &y.name })},
		{name: "base", byDefault: "iris-2022.3", doc: "the named policy that it starts as", example: "community",
			slot: into(namedPolicy, func(y *policy) *engine.Policy { return &y.base })},
	}, optionFields()...),
	excuse: func(name string) string {
		err := new(engine.Policy).Set(name, "")
		if err == nil || strings.HasPrefix(err.Error(), "unknown") {
			return ""
		}
		return err.Error()
	},
}

// namedPolicy is a policy that the engine has.
var namedPolicy = text(shape{name: "policy name", want: "a policy (" + strings.Join(engine.PolicyNames(), ", ") + ")", schema: &schema{Enum: literals(engine.PolicyNames())}},
	plain(func(s string) (engine.Policy, error) {
		y, ok := engine.NamedPolicy(s)
		if !ok || s == "" {
			return y, &mistake{hint: didYouMean(s, engine.PolicyNames())}
		}
		return y, nil
	}))

// optionFields has a field for each option of the engine.
func optionFields() []field[policy] {
	base, _ := engine.NamedPolicy("")
	var fields []field[policy]
	for _, o := range engine.Options() {
		f := field[policy]{name: o.Name, otherwise: "as the base; " + o.Value(&base) + " in " + base.Name, doc: o.Help, example: o.Value(&base)}
		f.slot = slot[policy]{optionShape(&o), func(p *parser, name string, y *policy, n *yaml.Node) {
			if v, ok := optionText(p, name, n, o.Kind); ok {
				y.settings = append(y.settings, setting{n, name, v})
			}
		}}
		fields = append(fields, f)
	}
	return fields
}

func optionShape(o *engine.Option) shape {
	switch o.Kind {
	case "bool":
		return yes.shape
	case "count":
		return shape{name: "whole number", want: "a whole number", schema: whole(0, 1<<31-1)}
	case "seconds":
		return shape{name: "seconds or duration", want: "a number of seconds or a duration such as 10s",
			schema: &schema{AnyOf: []*schema{define("duration"), {Type: "number", Minimum: bound(0)}}}}
	case "choice":
		want := oneOf(o.Values)
		return shape{name: want, want: want, schema: &schema{Enum: literals(o.Values)}}
	case "list":
		one := &schema{Enum: literals(o.Values)}
		return shape{name: "none or list", want: "none or a list", schema: &schema{AnyOf: []*schema{{Type: "string"}, {Type: "array", Items: one}}}}
	}
	return shape{name: "text", want: "a text", schema: &schema{Type: "string"}}
}

// optionText is the value of an option as the engine reads it.
func optionText(p *parser, name string, n *yaml.Node, kind string) (string, bool) {
	if kind == "list" && n.Kind == yaml.SequenceNode {
		items, ok := list(title, 0, len(engine.Vias())).read(p, name, n)
		return strings.Join(items, ","), ok
	}
	if n.Kind != yaml.ScalarNode || n.ShortTag() == "!!null" {
		p.wrong(n, name, "must be one value")
		return "", false
	}
	if t, err := parseDuration(n.Value); kind == "seconds" && err == nil {
		return string(t.AppendSeconds(nil)), true
	}
	return n.Value, true
}

func readPolicy(p *parser, name string, n *yaml.Node) (*policy, bool) {
	y := &policy{node: n}
	switch {
	case n.Kind == yaml.ScalarNode && n.ShortTag() != "!!null":
		y.ref = n.Value
		return y, true // found later: it may be the name of one of the file's own
	case n.Kind != yaml.MappingNode:
		p.wrong(n, name, "must be "+policyWant)
		return nil, false
	}
	before := len(p.errs)
	p.in(name, func() {
		policyObject.read(p, n, 0, y)
		y.build(p)
	})
	if len(p.errs) > before {
		return nil, false
	}
	return y, true
}

// build applies the settings to the base.
func (y *policy) build(p *parser) {
	y.built = y.base
	if y.base.Name == "" { // noted already
		y.built, _ = engine.NamedPolicy("")
	}
	for _, s := range y.settings {
		if err := y.built.Set(s.name, s.value); err != nil {
			p.errorf(s.node, "%v", err)
		}
	}
	if y.name == "" {
		y.name = y.built.Title()
	} else if _, taken := engine.NamedPolicy(y.name); taken && y.base.Name != "" && (y.base.Name != y.name || len(y.built.Changed) > 0) {
		p.errorf(y.node, "name must not be that of a policy that it is not, not %s", quote(y.name))
	}
	y.built.Name = y.name
}

// resolve finds the policy that y stands for, its own or one of those.
func (y *policy) resolve(p *parser, name string, own []*policy) bool {
	if y.ref == "" {
		return true
	}
	for _, o := range own {
		if o != nil && o.ref == "" && o.name == y.ref {
			y.built, y.name = o.built, o.name
			return true
		}
	}
	built, ok := namedPolicy.read(p, name, y.node)
	y.built, y.name = built, built.Name
	return ok
}

// license puts the license and the policies to compare together.
func (f *file) license(p *parser) {
	own := append([]*policy{f.policy}, f.compare...)
	p.in("license", func() {
		if f.policy != nil && f.policy.resolve(p, "policy", nil) {
			f.License.Policy = f.policy.built
		}
	})
	seen := map[string]int{}
	for i, y := range f.compare {
		if y != nil {
			p.in("compare", func() { f.compared(p, y, i, own, seen) })
		}
	}
}

// compared adds a policy to those to compare, unless it is the license's own.
func (f *file) compared(p *parser, y *policy, i int, own []*policy, seen map[string]int) {
	if !y.resolve(p, "item "+strconv.Itoa(i+1), own) {
		return
	}
	license := &f.License.Policy
	if y.name == license.Name && !same(&y.built, license) {
		p.errorf(y.node, "policy %s is named as the license's own, which differs", quote(y.name))
		return
	}
	if first, twice := seen[y.name]; twice {
		p.errorf(y.node, "item %d must differ from item %d, %s", i+1, first, quote(y.name))
		return
	}
	seen[y.name] = i + 1
	if y.name != license.Name {
		f.Compare = append(f.Compare, y.built)
	}
}

// same reports whether two policies have the same base and options.
func same(a, b *engine.Policy) bool {
	return a.Base == b.Base && !slices.ContainsFunc(engine.Options(), func(o engine.Option) bool { return o.Value(a) != o.Value(b) })
}

// key fills in the units of the key.
func (f *file) key(p *parser, license *yaml.Node) {
	y := &f.License.Policy
	switch {
	case license == nil || license.Kind != yaml.MappingNode || fieldNode(license, "units") != nil || y.Name == "":
		f.License.Units = max(f.units, 0)
	case y.DefaultUnits > 0:
		f.License.Units = y.DefaultUnits
	case y.Enforce:
		p.in("license", func() {
			p.errorf(license, "units is required").Hint = "for example units: 120, or units: unlimited"
		})
	}
}

// compareSlot keeps the good ones of a list of policies.
var compareSlot = slot[file]{comparedPolicies.shape, func(p *parser, name string, f *file, n *yaml.Node) {
	f.compare, _ = comparedPolicies.read(p, name, n)
}}

var comparedPolicies = list(policyValue, 1, 100)
