package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"highwater/engine"
	"highwater/plots"
	"highwater/scenario"
	"highwater/sim"
	"highwater/sim/result"
	"highwater/sim/result/words"
	"highwater/sim/sizing"

	"github.com/spf13/cobra"
)

const compareHelp = `What changes for the same people: before and after 2022.3, with another key, or
from one scenario to another, and who gains and who loses?

Usage: highwater compare [FILE [FILE2]] [flags]

Simulates all sides with the same people at the same instants in each
replication, and compares each with the first, pair by pair: units needed, the
risk of a refusal, attempts refused and sessions lost, for all and by cohort,
with intervals. The sides of one scenario are its license's policy and its
compare list, each with each key; those of two are the license of each. The
contract's count stands beside every side. Without FILE it compares a hospital's
day that comes with the program; "-" is standard input.

Flags:
  --policy NAME[,...]  compare these policies; a policy that a scenario defines
                       goes by its name
  --units N[,...]      compare these keys; 0 is unlimited
  --set OPTION=VALUE   change an option of every policy; may be repeated
  --risk P[,...]       risks to find the units for (5%); the first is compared
  --confidence P       of every limit and interval (95%)
  --reps N             replications (the first scenario's reps, else 200)
  --seed N             seed (the first scenario's)
  --budget TIME        stop after so long, as 30s; the answer then depends on
                       the machine
  --json               print the result as JSON
  --out DIR            write result.json, compare.png and compare.svg: units
                       over time in replication 1
  --workers N          processors to use; the result is the same
  -q                   no progress

Two scenarios must be equally long. A cohort that both have draws the same
random numbers in both. Each interval holds by itself: where many things are
compared, some look different by chance.

Examples:
  highwater compare hospital.yaml --policy iris-pre-2022.3,iris-2022.3
  highwater compare hospital.yaml --policy iris-2022.3 --units 100,120,150
  highwater compare today.yaml next-year.yaml --out growth

Exit codes: 0 compared; 2 usage; 4 a scenario is not valid, or two do not fit;
130 interrupted: what was done is printed and says so.
See also: highwater size, highwater advise, highwater help sizing
`

// mostSides bounds what is compared at once, so that a chart can be read.
const mostSides = 8

func newCompare(std stdio) *cobra.Command {
	var (
		c     comparing
		s     studyFlags
		q     sizing.Question
		risks []string
		out   string
	)
	cmd := &cobra.Command{
		Use:   "compare [FILE [FILE2]]",
		Short: "what changes for the same people by policy, key or scenario",
		Long:  compareHelp,
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if err := s.checkNumbers(cmd); err != nil {
				return err
			}
			if err := c.check(args); err != nil {
				return err
			}
			if q.Risks, err = percents(risks); err != nil {
				return err
			}
			q.Confidence, q.Course = s.level, s.asJSON || out != ""
			if err := c.load(cmd, std, args); err != nil {
				return err
			}
			sides, err := c.sides()
			if err != nil {
				return err
			}
			if out != "" {
				if err := os.MkdirAll(out, 0o755); err != nil {
					return err
				}
			}
			var res *result.Comparison
			err = s.replicate(cmd.Context(), std, "simulating", func(ctx context.Context, o sim.Options, _ *progress) (*result.Study, error) {
				res, err = sizing.Compare(ctx, sides, o, &q)
				return &res.Study, err
			})
			if res.Replications == 0 {
				return err
			}
			c.sign(res)
			if out != "" {
				if err := writeComparisonFiles(std, res, out); err != nil {
					return err
				}
			}
			return errors.Join(s.print(std, res, func(w io.Writer) { writeComparison(w, res) }), err)
		},
	}
	s.flags(cmd)
	s.confidenceFlag(cmd)
	cmd.Flags().StringSliceVar(&c.policies, "policy", nil, "")
	cmd.Flags().IntSliceVar(&c.keys, "units", nil, "")
	cmd.Flags().StringArrayVar(&c.set, "set", nil, "")
	cmd.Flags().StringSliceVar(&risks, "risk", []string{"5%"}, "")
	cmd.Flags().StringVar(&out, "out", "", "")
	return cmd
}

// A comparing is the scenarios, policies and keys to compare.
type comparing struct {
	counting
	keys  []int
	files []*loaded
	names []string // of the files
	from  []int    // index of its file, by side
}

// check looks at the values before anything is read.
func (c *comparing) check(args []string) error {
	if len(args) > 2 {
		return usagef("want two scenarios at most, not %d files", len(args))
	}
	if len(args) == 2 && args[0] == "-" && args[1] == "-" {
		return usagef("only one scenario can be standard input")
	}
	for i, units := range c.keys {
		if units < 0 {
			return usagef("--units must be >= 0, not %d", units)
		}
		if slices.Contains(c.keys[:i], units) {
			return usagef("--units names %d twice", units)
		}
	}
	for i, name := range c.policies {
		if slices.Contains(c.policies[:i], name) {
			return usagef("--policy names %q twice", name)
		}
	}
	p, _ := engine.NamedPolicy("")
	return c.change(&p)
}

// load reads the scenarios.
func (c *comparing) load(cmd *cobra.Command, std stdio, args []string) error {
	each := [][]string{nil}
	for i := range args {
		each = append(each[:i], args[i:i+1])
	}
	var errs []error
	for _, args := range each {
		f, err := loadScenario(cmd.Context(), std, args)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		c.files, c.names = append(c.files, f), append(c.names, shown(strings.Join(args, "")))
	}
	if len(errs) > 0 {
		return allInvalid(errs)
	}
	if len(c.files) == 2 {
		if a, b := c.files[0].scenario.Duration, c.files[1].scenario.Duration; a != b {
			return &exitError{exitInvalid, fmt.Errorf("%s: duration must be %s as in %s, not %s", c.names[1], words.Span(a), c.names[0], words.Span(b))}
		}
	}
	return nil
}

// allInvalid is the one error or, of two scenarios that are not valid, both.
func allInvalid(errs []error) error {
	var list scenario.Errors
	for _, err := range errs {
		var more scenario.Errors
		if !errors.As(err, &more) {
			return err
		}
		list = append(list, more...)
	}
	return &exitError{exitInvalid, list}
}

// sides lists what is to be compared, the baseline first.
func (c *comparing) sides() ([]sizing.Side, error) {
	contract, _ := engine.NamedPolicy("contract")
	if err := c.change(&contract); err != nil {
		return nil, err
	}
	var list []sizing.Side
	for i, f := range c.files {
		policies, err := c.policiesOf(f.scenario)
		if err != nil {
			return nil, err
		}
		for _, p := range policies {
			for _, units := range c.keysOf(f.scenario, &p) {
				list = append(list, sizing.Side{Case: sim.Case{Scenario: f.scenario, Policy: p, Units: units}, Contract: contract})
				c.from = append(c.from, i)
			}
		}
	}
	switch {
	case len(list) < 2:
		return nil, usagef("want two sides to compare: --policy A,B or --units N,M, a second scenario, or a compare list in the scenario")
	case len(list) > mostSides:
		return nil, usagef("want %d sides at most, not %d", mostSides, len(list))
	}
	c.name(list)
	return list, nil
}

// policiesOf lists the policies to count a scenario's people by: those that it
// or the other one defines go by their names.
func (c *comparing) policiesOf(sc *scenario.Scenario) ([]engine.Policy, error) {
	var list []engine.Policy
	switch {
	case len(c.policies) > 0:
		own := sc.Policies()
		for _, f := range c.files {
			own = append(own, f.scenario.Policies()...)
		}
		for _, name := range c.policies {
			p, err := c.find(name, own)
			if err != nil {
				return nil, err
			}
			list = append(list, p)
		}
	case len(c.files) == 2:
		list = []engine.Policy{sc.License.Policy}
	default:
		list = sc.Policies()
	}
	for i := range list {
		if err := c.change(&list[i]); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// keysOf lists the keys to compare. A policy that enforces nothing needs one
// only.
func (c *comparing) keysOf(sc *scenario.Scenario, p *engine.Policy) []int {
	switch {
	case len(c.keys) == 0:
		return []int{sc.License.Units}
	case !p.Enforce:
		return c.keys[:1]
	}
	return c.keys
}

// name names the sides by what differs among them.
func (c *comparing) name(sides []sizing.Side) {
	parts := make([][3]string, len(sides))
	keys := map[int]bool{}
	for i := range sides {
		if sides[i].Policy.Enforce {
			keys[sides[i].Units] = true
		}
	}
	for i := range sides {
		s := &sides[i]
		counted := s.Case.Counted()
		parts[i] = [3]string{c.fileOf(s.Scenario), countedText(&counted), ""}
		if s.Policy.Enforce && len(keys) > 1 {
			parts[i][2] = keyText(s.Units, counted.LimitOn)
		}
	}
	for i := range sides {
		var words []string
		for k, part := range parts[i] {
			if part != "" && slices.ContainsFunc(parts, func(p [3]string) bool { return p[k] != "" && p[k] != part }) {
				words = append(words, part)
			}
		}
		sides[i].Name = strings.Join(words, ", ")
	}
}

// fileOf names a scenario among those that were read: by its name, or where
// that does not tell, by its file.
func (c *comparing) fileOf(sc *scenario.Scenario) string {
	if len(c.files) < 2 {
		return ""
	}
	i := slices.IndexFunc(c.files, func(f *loaded) bool { return f.scenario == sc })
	switch {
	case c.files[0].scenario.Name != c.files[1].scenario.Name:
		return sc.Name
	case c.names[0] != c.names[1]:
		return c.names[i]
	}
	return fmt.Sprintf("%s (%d)", c.names[i], i+1)
}

// sign says what a result was made by and from.
func (c *comparing) sign(res *result.Comparison) {
	res.Version, res.Fingerprint = version, c.files[0].fingerprint
	if len(c.files) == 2 {
		for i := range res.Sides {
			res.Sides[i].Fingerprint = c.files[c.from[i]].fingerprint
		}
	}
}

// writeComparisonFiles writes the files of a comparison into a folder that
// exists.
func writeComparisonFiles(std stdio, res *result.Comparison, dir string) error {
	chart := comparisonChart(res)
	for _, f := range []artefact{
		{"result.json", func(w io.Writer) error { return writeJSON(w, res) }},
		{"compare.png", chart.WritePNG},
		{"compare.svg", chart.WriteSVG},
	} {
		if err := writeFile(std, filepath.Join(dir, f.name), f.write); err != nil {
			return err
		}
	}
	return nil
}

// comparisonChart draws the first replication of all sides. With one key it is
// what they need; with several, the use as each makes it.
func comparisonChart(res *result.Comparison) *plots.UnitsOverTime {
	all := result.Simulation{Study: res.Study, Partial: res.EndedBy == result.Interrupted}
	all.Scenario = titleOf(res)
	keys := keysIn(res)
	for i := range res.Sides {
		s := &res.Sides[i]
		p := result.PolicyRun{Counted: result.Counted{Policy: s.Name, LimitOn: s.LimitOn}, Course: s.Course}
		if len(keys) > 1 {
			p.First.DemandSeries = nil
		}
		all.Policies = append(all.Policies, p)
	}
	sc := scenario.Scenario{Start: res.Start}
	if len(keys) == 1 {
		sc.License.Units = keys[0]
	}
	chart := unitsChart(&sc, &all)
	chart.Noun = "sides"
	if len(keys) > 1 {
		chart.Subtitle = "Units in use as each key makes it"
	}
	return chart
}

// titleOf names the scenarios of a comparison.
func titleOf(res *result.Comparison) string {
	if last := res.Sides[len(res.Sides)-1].Scenario; last != res.Scenario {
		return res.Scenario + " and " + last
	}
	return res.Scenario
}

// keysIn lists the keys that limit anything, each once.
func keysIn(res *result.Comparison) []int {
	var list []int
	for i := range res.Sides {
		if s := &res.Sides[i]; s.Enforced && !slices.Contains(list, s.Units) {
			list = append(list, s.Units)
		}
	}
	return list
}
