package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"highwater/engine"
	"highwater/plots/report"
	"highwater/scenario"
	"highwater/sim"
	"highwater/sim/result"
	"highwater/sim/sizing"
	"highwater/sim/trace"

	"github.com/spf13/cobra"
)

const reportHelp = `What do I attach to a sizing request, and what do I paste into a ticket?

Usage: highwater report [FILE] [flags]

Makes one HTML file of a result, which needs nothing beside it: it opens from
disk and from mail, and prints. It begins with the answer in a sentence and what
that rests on; then charts with a table behind each. In a browser hovering reads
values, a slider tries other keys, and policies are switched on and off, all by
keyboard too. FILE is what run, size, compare, advise, replay, explain, attack
or --readings print with --json, or a scenario, which is then sized, simulated,
compared and explained: that makes the fullest report. Without FILE it is a
hospital's day that comes with the program; "-" is standard input. Without -o,
--markdown and --charts it prints Markdown.

Flags:
  -o FILE              write HTML; "-" is standard output
  --markdown FILE      write Markdown; "-" is standard output
                       for a scenario:
  --charts DIR         write units.png and units.svg: units over time
  --advise             find what saves units, too; this takes long
  --risk P[,...]       risks of any refusal in a run (5%,1%); the first counts
  --confidence P       of every limit and interval (95%)
  --reps N             replications (the scenario's reps, else 200)
  --seed N             seed (the scenario's)
  --policy NAME[,...]  count by these policies instead of the scenario's
  --units N            units of the present key; 0 is unlimited
  --set OPTION=VALUE   change an option of every policy; may be repeated
  --workers N          processors to use; the report is the same
  -q                   no progress

Equal inputs give equal bytes.

Examples:
  highwater report clinic.yaml -o clinic.html --charts charts
  highwater size clinic.yaml --json > size.json
  highwater report size.json -o size.html --markdown size.md

Exit codes: 0 written; 2 usage; 4 the file is not valid.
See also: highwater size, highwater compare, highwater help sizing
`

// reportFlags are the flags of the report.
type reportFlags struct {
	counting
	study                  studyFlags
	risks                  []string
	question               sizing.Question
	html, markdown, charts string
	advise                 bool
}

func newReport(std stdio) *cobra.Command {
	var f reportFlags
	cmd := &cobra.Command{
		Use:   "report [FILE]",
		Short: "one HTML file or Markdown of a result, to attach",
		Long:  reportHelp,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.check(cmd, args); err != nil {
				return err
			}
			return f.report(cmd, std, args)
		},
	}
	f.counting.flags(cmd)
	f.study.wholeFlags(cmd)
	f.study.confidenceFlag(cmd)
	cmd.Flags().StringSliceVar(&f.risks, "risk", []string{"5%", "1%"}, "")
	cmd.Flags().StringVarP(&f.html, "output", "o", "", "")
	cmd.Flags().StringVar(&f.markdown, "markdown", "", "")
	cmd.Flags().StringVar(&f.charts, "charts", "", "")
	cmd.Flags().BoolVar(&f.advise, "advise", false, "")
	return cmd
}

func (f *reportFlags) check(cmd *cobra.Command, args []string) (err error) {
	if len(args) > 1 {
		return usagef("want one result or scenario, not %d files", len(args))
	}
	if f.html == "-" && f.markdown == "-" {
		return usagef("-o - and --markdown - both want standard output")
	}
	if err := f.study.checkNumbers(cmd); err != nil {
		return err
	}
	if f.question.Risks, err = percents(f.risks); err != nil {
		return err
	}
	f.question.Confidence, f.question.Growth = f.study.level, true
	return f.counting.checkRest()
}

// report reads a result, or makes the results of a scenario, and writes the
// report.
func (f *reportFlags) report(cmd *cobra.Command, std stdio, args []string) error {
	var src *report.Source
	var sc *scenario.Scenario
	data, in, err := f.read(cmd, std, args)
	if err != nil {
		return err
	}
	if in != nil {
		defer in.end()
	}
	if data != nil {
		if name := firstGiven(cmd, "charts", "advise", "risk", "confidence", "reps", "seed", "policy", "units", "set", "workers"); name != "" {
			return usagef("--%s is for scenarios, and this is a result", name)
		}
		src, err = anyResult(shown(args[0]), data)
	} else {
		if in != nil {
			if std, args[0], err = in.again(); err != nil {
				return err
			}
		}
		src, sc, err = f.make(cmd, std, args)
	}
	if err != nil {
		return err
	}
	r, err := report.New(src)
	if err != nil {
		return &exitError{exitInvalid, fmt.Errorf("%s: %w", shown(strings.Join(args, "")), err)}
	}
	return f.write(std, r, sc, src)
}

// read reads a result. It has no data when the file is a scenario, which can
// then be read again.
func (f *reportFlags) read(cmd *cobra.Command, std stdio, args []string) ([]byte, *twice, error) {
	if len(args) == 0 {
		return nil, nil, nil
	}
	in, err := newTwice(cmd.Context(), std, args[0])
	if err != nil {
		return nil, nil, err
	}
	data, err := in.read(cmd.Context())
	switch {
	case err != nil:
	case !isDocument(data) && !slices.Contains([]string{".json", ".jsonl"}, filepath.Ext(in.name)):
		data = nil
	default:
		err = tooLong(in.name, data)
	}
	if err != nil {
		in.end()
		return nil, nil, err
	}
	return data, in, nil
}

// anyResult reads a result of any kind that can be reported.
func anyResult(name string, data []byte) (*report.Source, error) {
	invalid := func(format string, args ...any) error {
		return &exitError{exitInvalid, fmt.Errorf(name+": "+format, args...)}
	}
	schema, kind, err := result.Head(data)
	if err != nil {
		return nil, &exitError{exitInvalid, withHint(fmt.Errorf("%s: not a result: %w", name, err), "a trace? see highwater replay --json")}
	}
	if schema != result.Schema {
		return nil, invalid("schema must be %d, not %d", result.Schema, schema)
	}
	src := &report.Source{}
	var into any
	switch kind {
	case "sizing":
		into = &src.Sizing
	case "simulation":
		into = &src.Simulation
	case "comparison":
		into = &src.Comparison
	case "explanation":
		into = &src.Explanation
	case "advice":
		into = &src.Advice
	case "readings":
		into = &src.Readings
	case "replay":
		into = &src.Replay
	case "attack":
		into = &src.Attack
	default:
		return nil, invalid("kind must be simulation, sizing, comparison, advice, readings, replay, explanation or attack, not %q", kind)
	}
	if err := json.Unmarshal(data, into); err != nil {
		return nil, invalid("%v", err)
	}
	return src, nil
}

// make makes the results of a scenario: it sizes, simulates, compares and
// explains it.
func (f *reportFlags) make(cmd *cobra.Command, std stdio, args []string) (*report.Source, *scenario.Scenario, error) {
	ctx, s, q := cmd.Context(), &f.study, &f.question
	loaded, err := f.loaded(cmd, std, args)
	if err != nil {
		return nil, nil, err
	}
	sc := loaded.scenario
	src := &report.Source{}
	if src.Sizing, err = size(ctx, std, s, sim.Cases(sc), q); err != nil {
		return nil, nil, err
	}
	src.Sizing.Version, src.Sizing.Fingerprint = version, loaded.fingerprint
	if src.Simulation, err = simulate(ctx, std, s, sc, ""); err != nil {
		return nil, nil, err
	}
	src.Simulation.Version, src.Simulation.Fingerprint = version, loaded.fingerprint
	err = s.replicate(ctx, std, "comparing", func(ctx context.Context, o sim.Options, _ *progress) (_ *result.Study, err error) {
		src.Comparison, err = f.compare(ctx, sc, o)
		if src.Comparison == nil {
			return nil, err
		}
		return &src.Comparison.Study, err
	})
	if err != nil {
		return nil, nil, err
	}
	if src.Explanation, err = sim.Explain(ctx, sc, sim.ExplainOptions{Seed: s.sim.Seed, Which: trace.AtPeak}); err != nil {
		return nil, nil, err
	}
	if !f.advise {
		return src, sc, nil
	}
	err = s.replicate(ctx, std, "trying measures", func(ctx context.Context, o sim.Options, _ *progress) (_ *result.Study, err error) {
		src.Advice, err = sizing.Advise(ctx, sim.Cases(sc)[0], o, q)
		return &src.Advice.Study, err
	})
	return src, sc, err
}

// compare compares the policies of a scenario or, when it has one, that with
// the contract's count.
func (f *reportFlags) compare(ctx context.Context, sc *scenario.Scenario, o sim.Options) (*result.Comparison, error) {
	contract, _ := engine.NamedPolicy("contract")
	if err := f.change(&contract); err != nil {
		return nil, err
	}
	policies := sc.Policies()
	if len(policies) == 1 {
		policies = append(policies, contract)
	}
	var sides []sizing.Side
	for _, p := range policies {
		side := sizing.Side{Case: sim.Case{Scenario: sc, Policy: p, Units: sc.License.Units}, Contract: contract}
		counted := side.Case.Counted()
		side.Name = countedText(&counted)
		sides = append(sides, side)
	}
	return sizing.Compare(ctx, sides, o, &f.question)
}

// write writes what was asked for.
func (f *reportFlags) write(std stdio, r *report.Report, sc *scenario.Scenario, src *report.Source) error {
	if f.html == "" && f.markdown == "" && f.charts == "" {
		return r.WriteMarkdown(std.out)
	}
	var files []artefact
	if f.html != "" {
		files = append(files, artefact{f.html, r.WriteHTML})
	}
	if f.markdown != "" {
		files = append(files, artefact{f.markdown, r.WriteMarkdown})
	}
	if f.charts != "" {
		if err := os.MkdirAll(f.charts, 0o755); err != nil {
			return err
		}
		chart := unitsChart(sc, src.Simulation)
		files = append(files, artefact{filepath.Join(f.charts, "units.png"), chart.WritePNG}, artefact{filepath.Join(f.charts, "units.svg"), chart.WriteSVG})
	}
	var errs []error
	for _, file := range files {
		errs = append(errs, writeFile(std, file.name, file.write))
	}
	return errors.Join(errs...)
}
