package main

import (
	"strings"

	"highwater/engine"

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

// check looks at the values before anything is read.
func (c *counting) check() error {
	if c.units < 0 {
		return usagef("--units must be >= 0, not %d", c.units)
	}
	for _, name := range c.policies {
		p, err := c.named(name)
		if err != nil {
			return err
		}
		if err := c.change(&p); err != nil {
			return err
		}
	}
	var p engine.Policy
	return c.change(&p)
}

func (c *counting) named(name string) (engine.Policy, error) {
	p, ok := engine.NamedPolicy(name)
	if !ok || name == "" {
		return p, usagef("--policy must be one of %s, not %q", strings.Join(engine.PolicyNames(), ", "), name)
	}
	return p, nil
}

// change sets the options of --set.
func (c *counting) change(p *engine.Policy) error {
	for _, s := range c.set {
		name, value, ok := strings.Cut(s, "=")
		if !ok {
			return usagef("--set must be option=value, not %q", s)
		}
		if err := p.Set(name, value); err != nil {
			return usagef("--set: %w", err)
		}
		if p.Name != p.Base { // its own name does not tell
			p.Name += " " + s
		}
	}
	return nil
}
