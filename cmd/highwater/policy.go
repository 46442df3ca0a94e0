package main

import (
	"fmt"
	"slices"
	"strings"

	"highwater/engine"
	"highwater/scenario"
	"highwater/sim/result/words"

	"github.com/spf13/cobra"
)

// counting is the flags that say how to count; they mean the same everywhere.
type counting struct {
	policies []string
	units    int
	set      []string
}

func (c *counting) flags(cmd *cobra.Command) {
	cmd.Flags().StringSliceVar(&c.policies, "policy", nil, "")
	cmd.Flags().IntVar(&c.units, "units", 0, "")
	cmd.Flags().StringArrayVar(&c.set, "set", nil, "")
}

// check looks at the values of a command without a scenario before anything is
// read.
func (c *counting) check() error {
	for _, name := range c.policies {
		if _, err := c.find(name, nil); err != nil {
			return err
		}
	}
	return c.checkRest()
}

// checkRest looks at all values but for the names of policies, some of which a
// scenario may define.
func (c *counting) checkRest() error {
	if c.units < 0 {
		return usagef("--units must be >= 0, not %d", c.units)
	}
	var p engine.Policy
	return c.change(&p)
}

// find finds a policy of the program, or one that a scenario defines.
func (c *counting) find(name string, own []engine.Policy) (engine.Policy, error) {
	p, err := policyNamed(name, own)
	if err != nil {
		return p, usagef("--policy %w", err)
	}
	return p, nil
}

// policyNamed is find; its error says what the name must be.
func policyNamed(name string, own []engine.Policy) (engine.Policy, error) {
	if p, ok := engine.NamedPolicy(name); ok && name != "" {
		return p, nil
	}
	names := engine.PolicyNames()
	for _, p := range own {
		if p.Name == name {
			return p, nil
		}
		if !slices.Contains(names, p.Name) {
			names = append(names, p.Name)
		}
	}
	return engine.Policy{}, fmt.Errorf("must be one of %s, not %q%s", strings.Join(names, ", "), name, meant(name, names))
}

// change sets the options of --set. A policy's name tells of them, unless it is
// that of a named policy: then they stand beside it.
func (c *counting) change(p *engine.Policy) error {
	told, before := p.Name == p.Title(), p.Changed
	for _, s := range c.set {
		name, value, ok := strings.Cut(s, "=")
		if !ok {
			return usagef("--set must be option=value, not %q", s)
		}
		if err := p.Set(name, value); err != nil {
			near := ""
			if names := optionNames(); !slices.Contains(names, name) {
				near = meant(name, names)
			}
			return usagef("--set: %w%s", err, near)
		}
	}
	switch {
	case p.Name == p.Base:
	case told:
		p.Name = p.Title()
	default:
		p.Name = words.Policy(p.Name, slices.DeleteFunc(slices.Clone(p.Changed), func(s engine.Setting) bool { return slices.Contains(before, s) }))
	}
	return nil
}

// optionNames are what --set can change.
func optionNames() []string {
	var names []string
	for _, o := range engine.Options() {
		names = append(names, o.Name)
	}
	return names
}

// meant is the end of a message about a name that is not one of those: the one
// that was probably meant, or nothing.
func meant(given string, names []string) string {
	if near := scenario.Nearest(given, names); near != "" {
		return fmt.Sprintf("; did you mean %q?", near)
	}
	return ""
}
