package scenario

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"highwater/internal/golden"

	"gopkg.in/yaml.v3"
)

func TestSchemaGolden(t *testing.T) {
	got := Schema()
	if !json.Valid(got) {
		t.Fatal("the schema is not JSON")
	}
	if !bytes.Equal(got, Schema()) {
		t.Error("the schema differs from one call to the next")
	}
	golden.Check(t, "testdata/schema.json", got)
}

// An editor has nothing against good files.
func TestSchemaGood(t *testing.T) {
	c := newChecker(t)
	scenarios(t, "good", func(t *testing.T, _ string, data []byte) {
		for _, complaint := range c.file(t, data) {
			t.Error(complaint)
		}
	})
}

// What an editor complains about, Parse does too; and an editor sees most
// mistakes that are not about references or other files.
func TestSchemaBad(t *testing.T) {
	c := newChecker(t)
	for _, name := range []string{"thirty", "nulls", "wrongnodes", "arrivals", "sessions", "policies", "list", "scalar"} {
		scenarios(t, "bad", func(t *testing.T, file string, data []byte) {
			if strings.HasSuffix(file, "/"+name+".yaml") && len(c.file(t, data)) == 0 {
				t.Error("the schema takes it")
			}
		})
	}
	const file = "name: x\nduration: 1h\nlicense: {units: 1}\ncohorts: [%s]"
	for _, cohort := range []string{
		"{name: x}", "{name: x, kind: robots}", "{name: x, kind: users}", "{name: x, kind: devices, windows: 2}",
		"{name: x, kind: devices, arrivals: {}}", "{name: x, kind: devices, arrivals: {every: 5s, idle: 5s}}",
		"{name: x, kind: devices, arrivals: {idle: 5s, phase: even}}", "{name: x, kind: devices, arrivals: {storm: 08:00}}",
		"{name: x, kind: devices, session: 5}", "{name: x, kind: devices, session: normal(5s)}", "{name: x, kind: devices, count: 0}",
		"{name: x, kind: devices, arrivals: {at: noon}}", "{name: x, kind: callers, arrivals: {poisson: {noon: 2/min}}}",
	} {
		data := fmt.Appendf(nil, file, cohort)
		if _, err := Parse("x", data, nil); err == nil {
			t.Errorf("Parse takes %s", cohort)
		}
		if len(c.file(t, data)) == 0 {
			t.Errorf("the schema takes %s", cohort)
		}
	}
}

// Every field of the table is in the schema and in the reference, with what
// the help needs; every default and example is one.
func TestReference(t *testing.T) {
	c := newChecker(t)
	for _, o := range Reference() {
		c.complete(t, o)
		if strings.Contains(o.Example, "...") {
			continue
		}
		s := c.root["$defs"].(map[string]any)[o.Name].(map[string]any)
		if got := c.check(o.Name, s, decoded(t, o.Example)); got != nil {
			t.Errorf("the example of %s: %v", o.Name, got)
		}
	}
	if got, want := len(Quantities()), len(quantities); got != want {
		t.Errorf("%d quantities, want %d", got, want)
	}
}

func (c *checker) complete(t *testing.T, o Object) {
	for _, f := range o.Fields {
		if f.Doc == "" || f.Example == "" || f.Type == "" || strings.HasSuffix(f.Doc, ".") {
			t.Errorf("%s: %s: want a doc without stop, an example and a type: %+v", o.Name, f.Name, f)
		}
		if f.Required && f.Default != "" {
			t.Errorf("%s: %s is required, and has a default", o.Name, f.Name)
		}
		in := []string{o.Name}
		for _, k := range f.Kinds {
			in = append(in, k.String())
		}
		if f.Kinds != nil {
			in = in[1:]
		}
		for _, name := range in {
			properties := c.properties(name)
			if properties[f.Name] == nil {
				t.Errorf("%s: %s is not in the schema of %s", o.Name, f.Name, name)
				continue
			}
			v := decoded(t, f.Example)
			if strings.Contains(f.Example, "...") {
				continue
			}
			if got := c.check(f.Name, properties[f.Name].(map[string]any), v); got != nil {
				t.Errorf("%s: the example of %s: %v", name, f.Name, got)
			}
		}
	}
}

func (c *checker) properties(name string) map[string]any {
	s := c.root
	if name != "scenario" {
		s = c.root["$defs"].(map[string]any)[name].(map[string]any)
	}
	return s["properties"].(map[string]any)
}

// A checker checks values by the words of JSON Schema that schema has.
type checker struct{ root map[string]any }

func newChecker(t *testing.T) *checker {
	t.Helper()
	c := new(checker)
	if err := json.Unmarshal(Schema(), &c.root); err != nil {
		t.Fatal(err)
	}
	return c
}

func (c *checker) file(t *testing.T, data []byte) []string {
	return c.check("", c.root, decoded(t, string(data)))
}

// decoded is a YAML text as JSON values. Times stay texts, as editors have it.
func decoded(t *testing.T, text string) any {
	t.Helper()
	var n yaml.Node
	if err := yaml.Unmarshal([]byte(text), &n); err != nil {
		t.Fatal(err)
	}
	var plain func(*yaml.Node) any
	plain = func(n *yaml.Node) any {
		switch n.Kind {
		case yaml.DocumentNode:
			return plain(n.Content[0])
		case yaml.MappingNode:
			m := map[string]any{}
			for i := 0; i < len(n.Content); i += 2 {
				m[n.Content[i].Value] = plain(n.Content[i+1])
			}
			return m
		case yaml.SequenceNode:
			l := []any{}
			for _, c := range n.Content {
				l = append(l, plain(c))
			}
			return l
		}
		switch n.ShortTag() {
		case "!!int", "!!float":
			var v float64
			if n.Decode(&v) == nil {
				return v
			}
		case "!!bool":
			return n.Value == "true"
		case "!!null":
			return nil
		}
		return n.Value
	}
	return plain(&n)
}

// check lists what is wrong with v.
func (c *checker) check(path string, s map[string]any, v any) (wrong []string) {
	complain := func(format string, args ...any) { wrong = append(wrong, path+": "+fmt.Sprintf(format, args...)) }
	for _, word := range slices.Sorted(maps.Keys(s)) {
		switch arg := s[word].(type) {
		case string:
			c.text(path, word, arg, v, &wrong)
		case float64:
			if !c.bounded(word, arg, v) {
				complain("%s %v, not %v", word, arg, v)
			}
		case bool: // additionalProperties: false, and defaults
		case []any:
			wrong = append(wrong, c.several(path, word, arg, s, v)...)
		case map[string]any:
			wrong = append(wrong, c.object(path, word, arg, s, v)...)
		default:
			complain("unknown word %s", word)
		}
	}
	return wrong
}

func (c *checker) text(path, word, arg string, v any, wrong *[]string) {
	text, isText := v.(string)
	ok := true
	switch word {
	case "$ref":
		*wrong = append(*wrong, c.check(path, c.root["$defs"].(map[string]any)[strings.TrimPrefix(arg, "#/$defs/")].(map[string]any), v)...)
	case "type":
		is := map[string]bool{"string": isText}
		switch x := v.(type) {
		case map[string]any:
			is["object"] = true
		case []any:
			is["array"] = true
		case bool:
			is["boolean"] = true
		case float64:
			is["number"], is["integer"] = true, x == float64(int64(x)) || x > 1<<53
		}
		ok = is[arg]
	case "const":
		ok = v == arg
	case "pattern":
		ok = !isText || regexp.MustCompile(arg).MatchString(text)
	}
	if !ok {
		*wrong = append(*wrong, fmt.Sprintf("%s: %s %s, not %v", path, word, arg, v))
	}
}

func (c *checker) bounded(word string, arg float64, v any) bool {
	n, isNumber := v.(float64)
	text, isText := v.(string)
	items, isList := v.([]any)
	fields, isObject := v.(map[string]any)
	switch word {
	case "const":
		return v == arg
	case "minimum":
		return !isNumber || n >= arg
	case "exclusiveMinimum":
		return !isNumber || n > arg
	case "maximum":
		return !isNumber || n <= arg
	case "minLength":
		return !isText || len(text) >= int(arg)
	case "maxLength":
		return !isText || len(text) <= int(arg)
	case "minItems":
		return !isList || len(items) >= int(arg)
	case "maxItems":
		return !isList || len(items) <= int(arg)
	case "minProperties":
		return !isObject || len(fields) >= int(arg)
	}
	return word == "default"
}

func (c *checker) several(path, word string, arg []any, s map[string]any, v any) (wrong []string) {
	good := 0
	fields, isObject := v.(map[string]any)
	for _, a := range arg {
		switch word {
		case "enum":
			if a == v {
				good++
			}
		case "required":
			if isObject && fields[a.(string)] == nil {
				wrong = append(wrong, fmt.Sprintf("%s: %v is required", path, a))
			}
		case "anyOf", "oneOf", "allOf":
			more := c.check(path, a.(map[string]any), v)
			if more == nil {
				good++
			} else if word == "allOf" {
				wrong = append(wrong, more...)
			}
		}
	}
	if (word == "enum" || word == "anyOf") && good == 0 || word == "oneOf" && good != 1 {
		wrong = append(wrong, fmt.Sprintf("%s: %d of %s hold for %v", path, good, word, v))
	}
	return wrong
}

func (c *checker) object(path, word string, arg, s map[string]any, v any) (wrong []string) {
	fields, isObject := v.(map[string]any)
	switch word {
	case "items":
		items, _ := v.([]any)
		for i, x := range items {
			wrong = append(wrong, c.check(fmt.Sprintf("%s[%d]", path, i), arg, x)...)
		}
	case "properties":
		for _, name := range slices.Sorted(maps.Keys(fields)) {
			if p, ok := arg[name].(map[string]any); ok {
				wrong = append(wrong, c.check(path+"."+name, p, fields[name])...)
			} else if s["additionalProperties"] == false {
				wrong = append(wrong, fmt.Sprintf("%s: %s is not allowed", path, name))
			}
		}
	case "propertyNames", "additionalProperties":
		for _, name := range slices.Sorted(maps.Keys(fields)) {
			x := fields[name]
			if word == "propertyNames" {
				x = name
			}
			wrong = append(wrong, c.check(path+"."+name, arg, x)...)
		}
	case "dependentRequired":
		for _, name := range slices.Sorted(maps.Keys(arg)) {
			for _, other := range arg[name].([]any) {
				if isObject && fields[name] != nil && fields[other.(string)] == nil {
					wrong = append(wrong, fmt.Sprintf("%s: %s needs %v", path, name, other))
				}
			}
		}
	case "if":
		if c.check(path, arg, v) == nil {
			wrong = append(wrong, c.check(path, s["then"].(map[string]any), v)...)
		}
	}
	return wrong
}

// Mistakes are a list of errors that callers can look into.
func TestErrors(t *testing.T) {
	_, err := Parse("x.yaml", []byte("nmae: x"), nil)
	var first *Error
	if !errors.As(err, &first) || first.Pos != (Pos{"x.yaml", 1, 1}) || first.Hint != `did you mean "name"?` {
		t.Errorf("got %+v", first)
	}
	if got, want := strings.Count(err.Error(), "\n"), 3; got != want {
		t.Errorf("%d line breaks in %q, want %d", got, err, want)
	}
}
