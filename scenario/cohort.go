package scenario

import (
	"fmt"
	"slices"

	"gopkg.in/yaml.v3"
)

// The most cohorts, and the most proxies, of a file.
const mostCohorts = 10_000

var kindValue = choice(word[Kind]{"users", Users}, word[Kind]{"devices", Devices}, word[Kind]{"callers", Callers},
	word[Kind]{"browsers", Browsers}, word[Kind]{"jobs", Jobs}, word[Kind]{"tasks", Tasks},
	word[Kind]{"startup", Startup}, word[Kind]{"batch", Batch})

var proxiesSlot = slot[file]{
	shape{name: "list of proxies", want: "a list of proxies", schema: &schema{Type: "array", MaxItems: mostCohorts, Items: define("proxy")}},
	func(p *parser, name string, f *file, n *yaml.Node) {
		each(p, name, n, "proxy", func(n *yaml.Node, _ string) {
			var x Proxy
			if has := proxyObject.read(p, n, 0, &x); has["cap"] != nil && has["pool"] != nil {
				p.errorf(has["cap"], "cap must not be given beside pool").Hint = "a pool shares its connections, and nobody waits"
			}
			f.Proxies = append(f.Proxies, x)
		})
	},
}

var cohortsSlot = slot[file]{
	shape{name: "list of cohorts", want: "a list of cohorts", schema: &schema{Type: "array", MinItems: 1, MaxItems: mostCohorts, Items: define("cohort")}},
	func(p *parser, name string, f *file, n *yaml.Node) {
		if n.Kind == yaml.SequenceNode && len(n.Content) == 0 {
			p.errorf(n, "%s must have at least one cohort", name)
		}
		each(p, name, n, "cohort", func(n *yaml.Node, path string) {
			d := &draft{node: n, path: path}
			d.Line = n.Line
			given := textOf(fieldNode(n, "kind"))
			k := slices.Index(kindNames[:], given)
			if k < 0 { // what was meant, so that the other fields are checked too
				k = slices.Index(kindNames[:], Nearest(given, kindNames[1:]))
			}
			d.has = cohortObject.read(p, n, Kind(max(k, 0)), d)
			f.drafts = append(f.drafts, d)
		})
	},
}

// fieldNode is the value of a field of the mapping n, or nil.
func fieldNode(n *yaml.Node, name string) *yaml.Node {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == name {
			return n.Content[i+1]
		}
	}
	return nil
}

// textOf is the text of a scalar, "" of anything else.
func textOf(n *yaml.Node) string {
	if n == nil || n.Kind != yaml.ScalarNode {
		return ""
	}
	return n.Value
}

// each reads a list of mappings that have names, each under a path such as
// `cohort "nurses"`.
func each(p *parser, name string, n *yaml.Node, what string, read func(n *yaml.Node, path string)) {
	if n.Kind != yaml.SequenceNode {
		e := p.wrong(n, name, "must be a list")
		if n.Kind == yaml.MappingNode {
			e.Hint = "begin each with - name:"
		}
		return
	}
	if len(n.Content) > mostCohorts {
		p.errorf(n.Content[mostCohorts], "%s must have at most %d items, not %d", name, mostCohorts, len(n.Content))
	}
	lines := map[string]int{}
	for i, c := range n.Content[:min(len(n.Content), mostCohorts)] {
		if p.full() {
			return
		}
		titleNode := fieldNode(c, "name")
		title := textOf(titleNode)
		path := fmt.Sprintf("%s %s", what, quote(title))
		if title == "" {
			path = fmt.Sprintf("%s %d", what, i+1)
		}
		if c.Kind != yaml.MappingNode {
			p.wrong(c, path, "must be a mapping of fields")
			continue
		}
		p.in(path, func() {
			if line, taken := lines[title]; taken && title != "" {
				p.errorf(titleNode, "name must be unique, and is that of line %d", line)
			} else {
				lines[title] = c.Line
			}
			read(c, path)
		})
	}
}

var userSlot = slot[draft]{userName.shape, func(p *parser, name string, d *draft, n *yaml.Node) {
	if u, ok := userName.read(p, name, n); ok {
		d.User, d.UserName = u.user, u.name
	}
}}

var arrivalsSlot = wordOr("start", &arrivalsObject,
	func(d *draft) { d.Arrivals.Form = AtStart },
	func(d *draft) *Arrivals { return &d.Arrivals })

var refusalSlot = wordOr("give up", &refusalObject,
	func(d *draft) { d.OnRefusal = OnRefusal{Factor: 1} },
	func(d *draft) *OnRefusal { return &d.OnRefusal })

// wordOr is a slot that a word fills, or an object.
func wordOr[O any](word string, o *object[O], say func(*draft), at func(*draft) *O) slot[draft] {
	k := o.shape()
	k.name, k.want = word+" or "+k.name, word+", or "+k.want
	k.schema = &schema{AnyOf: []*schema{{Const: word}, k.schema}}
	return slot[draft]{k, func(p *parser, name string, d *draft, n *yaml.Node) {
		switch {
		case n.Kind == yaml.ScalarNode && n.Value == word:
			say(d)
		case n.Kind == yaml.MappingNode:
			before := len(p.errs)
			p.in(name, func() { o.read(p, n, 0, at(d)) })
			if len(p.errs) > before {
				*at(d) = *new(O) // what follows from it is not judged
			}
		default:
			p.wrong(n, name, "must be "+k.want)
		}
	}}
}

var visitSlot = slot[draft]{visitObject.shape(), func(p *parser, name string, d *draft, n *yaml.Node) {
	if visitObject.mapping(p, name, n) {
		p.in(name, func() { d.session = visitObject.read(p, n, 0, d) })
	}
}}

// callsSlot reads the session of a caller: how long a call takes, or a mapping.
var callsSlot = slot[draft]{
	shape{"duration, distribution or calls", length.want + ", or " + callsObject.shape().want,
		&schema{AnyOf: []*schema{define("length"), define("calls")}}, callsObject.shape().inner},
	func(p *parser, name string, d *draft, n *yaml.Node) {
		if n.Kind == yaml.MappingNode {
			p.in(name, func() { d.session = callsObject.read(p, n, 0, d) })
			return
		}
		takes, ok := length.read(p, name, n)
		callsObject.read(p, &yaml.Node{Kind: yaml.MappingNode}, 0, d)
		if ok {
			d.Lasts = takes
		}
	},
}
