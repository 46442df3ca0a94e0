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
	kind{"list of proxies", "a list of proxies", &schema{Type: "array", MaxItems: mostCohorts, Items: define("proxy")}},
	func(p *parser, name string, f *file, n *yaml.Node) {
		each(p, name, n, "proxy", func(n *yaml.Node) {
			var x Proxy
			proxyObject.read(p, n, 0, &x)
			f.Proxies = append(f.Proxies, x)
		})
	},
}

var cohortsSlot = slot[file]{
	kind{"list of cohorts", "a list of cohorts", &schema{Type: "array", MinItems: 1, MaxItems: mostCohorts, Items: define("cohort")}},
	func(p *parser, name string, f *file, n *yaml.Node) {
		if n.Kind == yaml.SequenceNode && len(n.Content) == 0 {
			p.errorf(n, "%s must have at least one cohort", name)
		}
		each(p, name, n, "cohort", func(n *yaml.Node) {
			d := &draft{node: n}
			d.Line = n.Line
			k, _ := choiceOf(n, "kind", kindNames[1:])
			d.has = cohortObject.read(p, n, Kind(k+1), d)
			f.drafts = append(f.drafts, d)
		})
	},
}

// choiceOf finds the scalar field name of the mapping n among words.
func choiceOf(n *yaml.Node, name string, words []string) (int, bool) {
	i := slices.Index(words, scalarField(n, name))
	return i, i >= 0
}

// scalarField is the text of a field of the mapping n, "" without one.
func scalarField(n *yaml.Node, name string) string {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if v := n.Content[i+1]; n.Content[i].Value == name && v.Kind == yaml.ScalarNode {
			return v.Value
		}
	}
	return ""
}

// each reads a list of mappings that have names, each under a path such as
// `cohort "nurses"`.
func each(p *parser, name string, n *yaml.Node, what string, read func(*yaml.Node)) {
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
		title := scalarField(c, "name")
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
				p.errorf(c, "name must be unique, and is that of line %d", line)
			} else {
				lines[title] = c.Line
			}
			read(c)
		})
	}
}

var userSlot = slot[draft]{userName.kind, func(p *parser, name string, d *draft, n *yaml.Node) {
	if u, ok := userName.read(p, name, n); ok {
		d.User, d.UserName = u.user, u.name
	}
}}

var arrivalsSlot = slot[draft]{
	kind{"start or arrivals", "start, or a mapping such as {poisson: 2/min}", &schema{AnyOf: []*schema{{Const: "start"}, define("arrivals")}}},
	func(p *parser, name string, d *draft, n *yaml.Node) {
		switch {
		case n.Kind == yaml.ScalarNode && n.Value == "start":
			d.Arrivals.Form = AtStart
		case n.Kind == yaml.MappingNode:
			p.in(name, func() { arrivalsObject.read(p, n, 0, &d.Arrivals) })
			d.Arrivals.Rates = closed(d.Arrivals.Rates, d.Arrivals.Cycle, d.Arrivals.Linear)
		default:
			p.wrong(n, name, "must be start, or a mapping such as {poisson: 2/min}")
		}
	},
}

var visitSlot = slot[draft]{visitObject.kind(), func(p *parser, name string, d *draft, n *yaml.Node) {
	if visitObject.mapping(p, name, n) {
		p.in(name, func() { d.session = visitObject.read(p, n, 0, d) })
	}
}}

// callsSlot reads the session of a caller: how long a call takes, or a mapping.
var callsSlot = slot[draft]{
	kind{"duration, distribution or calls", length.want + ", or " + callsObject.kind().want,
		&schema{AnyOf: []*schema{define("length"), define("calls")}}},
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

var refusalSlot = slot[draft]{
	kind{"give up or on_refusal", "give up, or a mapping such as {retry: exp(30s), times: 3}",
		&schema{AnyOf: []*schema{{Const: "give up"}, define("on_refusal")}}},
	func(p *parser, name string, d *draft, n *yaml.Node) {
		switch {
		case n.Kind == yaml.ScalarNode && n.Value == "give up":
			d.OnRefusal = OnRefusal{Factor: 1}
		case n.Kind == yaml.MappingNode:
			p.in(name, func() { refusalObject.read(p, n, 0, &d.OnRefusal) })
		default:
			p.wrong(n, name, "must be give up, or a mapping such as {retry: exp(30s), times: 3}")
		}
	},
}
