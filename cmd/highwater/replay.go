package main

import (
	"encoding/json"
	"io"
	"os"
	"strings"

	"highwater/engine"
	"highwater/sim/trace"

	"github.com/spf13/cobra"
)

// counting is the flags that say how to count.
type counting struct {
	policy string
	units  int
	set    []string
}

func newReplay(std stdio) *cobra.Command {
	var (
		c       counting
		asJSON  bool
		lenient bool
	)
	cmd := &cobra.Command{
		Use: "replay TRACE",
		RunE: func(cmd *cobra.Command, args []string) error {
			f, err := os.Open(args[0])
			if err != nil {
				return err
			}
			r := trace.NewJSONReader(args[0], f)
			h := r.Header()
			if cmd.Flags().Changed("policy") {
				h.Policy = c.policy
			}
			p, ok := engine.NamedPolicy(h.Policy)
			if !ok {
				return usagef("--policy must be one of %s, not %q", strings.Join(engine.PolicyNames(), ", "), h.Policy)
			}
			for _, o := range h.Options {
				_ = p.Set(o.Name, o.Value)
			}
			for _, s := range c.set {
				n, v, _ := strings.Cut(s, "=")
				if err := p.Set(n, v); err != nil {
					return usagef("--set: %w", err)
				}
			}
			units := p.DefaultUnits
			if h.HasUnits {
				units = h.Units
			}
			if cmd.Flags().Changed("units") {
				units = c.units
			}
			res, err := trace.Run(r, trace.Options{Policy: p, Units: units, End: h.End, Epoch: h.Epoch, Name: args[0], Lenient: lenient})
			if _, bad := err.(*trace.LineError); bad {
				return &exitError{exitInvalid, err}
			}
			if err != nil {
				return err
			}
			return writeJSON(std.out, res)
		},
	}
	cmd.Flags().StringVar(&c.policy, "policy", "", "")
	cmd.Flags().IntVar(&c.units, "units", 0, "")
	cmd.Flags().StringArrayVar(&c.set, "set", nil, "")
	cmd.Flags().BoolVar(&asJSON, "json", false, "")
	cmd.Flags().BoolVar(&lenient, "lenient", false, "")
	return cmd
}

func writeJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}
