package scenario

import (
	"encoding/json"
	"time"

	"gopkg.in/yaml.v3"
)

// A schema is a node of a JSON Schema, draft 2020-12, of the words that this
// package needs.
type schema struct {
	Schema      string   `json:"$schema,omitempty"`
	ID          string   `json:"$id,omitempty"`
	Ref         string   `json:"$ref,omitempty"`
	Title       string   `json:"title,omitempty"`
	Description string   `json:"description,omitempty"`
	Type        string   `json:"type,omitempty"`
	Const       any      `json:"const,omitempty"`
	Enum        []any    `json:"enum,omitempty"`
	Pattern     string   `json:"pattern,omitempty"`
	MinLength   int      `json:"minLength,omitempty"`
	MaxLength   int      `json:"maxLength,omitempty"`
	Minimum     *float64 `json:"minimum,omitempty"`
	Above       *float64 `json:"exclusiveMinimum,omitempty"`
	Maximum     *float64 `json:"maximum,omitempty"`
	Items       *schema  `json:"items,omitempty"`
	MinItems    int      `json:"minItems,omitempty"`
	MaxItems    int      `json:"maxItems,omitempty"`

	Properties        map[string]*schema  `json:"properties,omitempty"`
	PropertyNames     *schema             `json:"propertyNames,omitempty"`
	MinProperties     int                 `json:"minProperties,omitempty"`
	Additional        any                 `json:"additionalProperties,omitempty"` // false or a *schema
	Required          []string            `json:"required,omitempty"`
	DependentRequired map[string][]string `json:"dependentRequired,omitempty"`

	AnyOf []*schema `json:"anyOf,omitempty"`
	OneOf []*schema `json:"oneOf,omitempty"`
	AllOf []*schema `json:"allOf,omitempty"`
	If    *schema   `json:"if,omitempty"`
	Then  *schema   `json:"then,omitempty"`

	Default  any   `json:"default,omitempty"`
	Examples []any `json:"examples,omitempty"`

	Defs map[string]*schema `json:"$defs,omitempty"`
}

// Schema is the JSON Schema (draft 2020-12) of scenario files, for editors.
// It is made of the table that Parse reads by, and says all that an editor
// can check without knowing the rest of the file. Equal programs give equal
// bytes.
func Schema() []byte {
	s := fileObject.schema(0)
	s.Schema = "https://json-schema.org/draft/2020-12/schema"
	s.Title = "scenario"
	s.Defs = map[string]*schema{
		licenseObject.name:  licenseObject.schema(0),
		policyObject.name:   policyObject.schema(0),
		proxyObject.name:    proxyObject.schema(0),
		arrivalsObject.name: arrivalsObject.schema(0),
		burstObject.name:    burstObject.schema(0),
		visitObject.name:    visitObject.schema(0),
		callsObject.name:    callsObject.schema(0),
		refusalObject.name:  refusalObject.schema(0),
		callObject.name:     callObject.schema(0),
		pageObject.name:     pageObject.schema(0),
		cohortObject.name:   cohortSchema(),
		expectedObject.name: expectedObject.schema(0),
	}
	for _, q := range quantities {
		def := *q.schema
		def.Description, def.Examples = q.doc, literals(q.examples)
		s.Defs[q.name] = &def
	}
	for _, k := range Kinds() {
		s.Defs[k.String()] = cohortObject.schema(k)
	}
	b, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		panic("scenario: " + err.Error()) // the schema holds text and numbers only
	}
	return append(b, '\n')
}

// cohortSchema chooses among the kinds.
func cohortSchema() *schema {
	s := &schema{Type: "object", Description: cohortObject.doc, Required: []string{"name", "kind"}, Properties: map[string]*schema{}}
	for i := range cohortObject.fields {
		if f := &cohortObject.fields[i]; f.kinds == 0 {
			s.Properties[f.name] = f.property()
		}
	}
	for _, k := range Kinds() {
		is := &schema{Properties: map[string]*schema{"kind": {Const: k.String()}}, Required: []string{"kind"}}
		s.AllOf = append(s.AllOf, &schema{If: is, Then: define(k.String())})
	}
	return s
}

// schema is the object as cohorts of kind k have it.
func (o *object[T]) schema(k Kind) *schema {
	s := &schema{Type: "object", Description: o.doc, Properties: map[string]*schema{}, Additional: false}
	if k != 0 {
		s.Description = kindHelp[k]
	}
	for i := range o.fields {
		f := &o.fields[i]
		if !f.kinds.has(k) {
			continue
		}
		s.Properties[f.name] = f.property()
		if f.beside != "" {
			if s.DependentRequired == nil {
				s.DependentRequired = map[string][]string{}
			}
			s.DependentRequired[f.name] = []string{f.beside}
			if f.required {
				s.DependentRequired[f.beside] = append(s.DependentRequired[f.beside], f.name)
			}
		} else if f.required {
			s.Required = append(s.Required, f.name)
		}
	}
	for _, name := range o.exactly {
		s.OneOf = append(s.OneOf, &schema{Required: []string{name}})
	}
	return s
}

// property is the schema of the field's value.
func (f *field[T]) property() *schema {
	s := *f.shape.schema
	s.Description = f.doc
	if f.otherwise != "" {
		s.Description += "; by default " + f.otherwise
	}
	if f.byDefault != "" {
		s.Default = literal(f.byDefault)
	}
	s.Examples = []any{literal(f.example)}
	return &s
}

// literal is the JSON value of a text as it stands in a file.
func literal(s string) any {
	var v any
	if err := yaml.Unmarshal([]byte(s), &v); err != nil {
		return s
	}
	if _, clock := v.(time.Time); clock {
		return s
	}
	return v
}

// literals are the words as JSON values. A word that is a number is allowed
// as a text too.
func literals(words []string) []any {
	var list []any
	for _, w := range words {
		v := literal(w)
		list = append(list, v)
		if v != w {
			list = append(list, w)
		}
	}
	return list
}
