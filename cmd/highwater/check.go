package main

import (
	"errors"
	"fmt"

	"highwater/scenario"
	"highwater/sim/result/words"

	"github.com/spf13/cobra"
)

const checkHelp = `Are these scenarios valid?

Usage: highwater check FILE...

Reads scenarios and reports every mistake with file, line and column. Nothing
is simulated. "-" is standard input.

Examples:
  highwater check clinic.yaml
  highwater check scenarios/*.yaml

Exit codes: 0 all are valid; 1 a file cannot be read; 4 one is not valid.
See also: highwater help scenario, highwater schema
`

func newCheck(std stdio) *cobra.Command {
	return &cobra.Command{
		Use:   "check FILE...",
		Short: "report every mistake in scenarios",
		Long:  checkHelp,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usagef("want a scenario")
			}
			var invalid, others []error
			for _, name := range args {
				s, err := loadScenario(cmd.Context(), std, []string{name})
				var x *exitError
				switch {
				case errors.As(err, &x):
					invalid = append(invalid, x.err)
				case err != nil:
					others = append(others, err)
				default:
					sc := s.scenario
					_, err := fmt.Fprintf(std.out, "%s: valid: %s, %s, %s, %s\n", shown(name), sc.Name, words.Span(sc.Duration),
						words.Plural(len(sc.Cohorts), "cohort"), keyText(sc.License.Units, sc.License.Policy.LimitOn.String()))
					if err != nil {
						return err
					}
				}
			}
			for _, err := range invalid {
				printInvalid(std.err, err)
			}
			if others != nil {
				return errors.Join(others...)
			}
			if invalid != nil {
				return &exitError{exitInvalid, errPrinted}
			}
			return nil
		},
	}
}

const schemaHelp = `Which fields may a scenario have, for an editor?

Usage: highwater schema

Prints a JSON Schema of scenario files. Editors that know it complete and check
scenarios as they are written.

Example:
  highwater schema > scenario.schema.json

See also: highwater help scenario
`

func newSchema(std stdio) *cobra.Command {
	return &cobra.Command{
		Use:   "schema",
		Short: "print a JSON Schema of scenarios",
		Long:  schemaHelp,
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usagef("takes no file")
			}
			_, err := std.out.Write(scenario.Schema())
			return err
		},
	}
}
