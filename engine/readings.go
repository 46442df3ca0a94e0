package engine

import "slices"

// readings are the options that choose where the documents are silent or
// contradict one another, each with all its values (rules: reading). What
// transition_short changes is refusals, not the demand, so that it is not
// among them.
var readings = []string{"anon_id", "hold_scope", "hold_from", "hold_counts_connection", "grace_on", "grace_keeps_transition"}

// Readings lists a policy under every reading of the documents: all sets of
// the options that choose one. The first is the policy with the default
// reading of each; the settings say which each is.
func Readings(p Policy) []Reading {
	list := []Reading{{Policy: p}}
	for _, name := range readings {
		o := &options[slices.IndexFunc(options, func(o Option) bool { return o.Name == name })]
		var next []Reading
		for _, value := range o.choices() {
			for _, r := range list {
				r.Settings = append(slices.Clip(r.Settings), Setting{name, value})
				if err := r.Policy.Set(name, value); err != nil {
					panic("engine: " + err.Error())
				}
				next = append(next, r)
			}
		}
		list = next
	}
	return list
}

// A Reading is a policy under one reading of the documents.
type Reading struct {
	Policy   Policy
	Settings []Setting // one for each option that chooses
}

// choices are the values of an option that has few.
func (o *Option) choices() []string {
	if o.Kind == "bool" {
		return []string{"false", "true"}
	}
	return o.Values
}
