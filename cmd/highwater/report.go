package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"highwater/engine"
	"highwater/plots/report"
	"highwater/scenario"
	"highwater/sim"
	"highwater/sim/attack/record"
	"highwater/sim/result"
	"highwater/sim/sizing"
	"highwater/sim/trace"

	"github.com/spf13/cobra"
)

const reportHelp = `What do I attach to a sizing request, and what do I paste into a ticket?

Usage: highwater report [FILE] [flags]
       highwater report --from FORMAT LOG... [flags]

Makes one HTML file of a result, which needs nothing beside it: it opens from
disk and from mail, and prints. It begins with the answer in a sentence and what
that rests on; then charts with a table behind each. In a browser hovering reads
values, a slider tries other keys, and policies are switched on and off, all by
keyboard too. FILE is what run, size, compare, advise, replay, explain, attack
or --readings print with --json; or a scenario, which is then sized, simulated,
compared, explained and counted by all readings: that makes the fullest report;
or a trace, which is counted by all policies and readings; or the record of an
attack, even of one that was killed. Without FILE it is a hospital's day that
comes with the program; "-" is standard input. Without -o,
--markdown, --charts and --dossier it prints Markdown. The flags --policy to
--lenient are not for a result or a record, and --advise to --workers for a
scenario alone.

Flags:
  -o FILE              write HTML; "-" is standard output
  --markdown FILE      write Markdown; "-" is standard output
  --charts DIR         write each chart into a folder as PNG, SVG and PDF, and
                       each table as CSV
  --dossier FILE       write a ZIP file with all that the answer rests on: the
                       input, the results, the report, charts, the method and
                       the SHA-256 of each, for highwater verify
  --policy NAME[,...]  count by these policies; of a trace or logs by one
  --units N            units of the present key; 0 is unlimited
  --set OPTION=VALUE   change an option of every policy; may be repeated
  --from FORMAT        read access logs: auto, or a format of highwater import
                       and every other flag of highwater import but -o and
                       --format
  --lenient            pass over lines of a trace that are not valid
  --advise             find what saves units, too; this takes long
  --risk P[,...]       risks of any refusal in a run (5%,1%); the first counts
  --confidence P       of every limit and interval (95%)
  --reps N             replications (the scenario's reps, else 200)
  --seed N             seed (the scenario's)
  --workers N          processors to use; the report is the same
  -q                   no progress

Examples:
  highwater report clinic.yaml -o clinic.html --charts charts
  highwater report size.json -o size.html --markdown size.md
  highwater report attack.rec -o attack.html
  highwater report --from auto access.log --units 50 -o log.html

Exit codes: 0 written; 2 usage; 4 the file is not valid; 130 interrupted.
See also: highwater size, highwater compare, highwater help sizing
`

// reportFlags are the flags of the report.
type reportFlags struct {
	counting
	study                  studyFlags
	risks                  []string
	question               sizing.Question
	html, markdown, charts string
	dossier                string
	advise                 bool

	logs    logFlags
	from    string // format of access logs
	lenient bool
}

func newReport(std stdio) *cobra.Command {
	cmd, _ := newReportFlags(std)
	return cmd
}

// newReportFlags is the command and its flags, which verify sets as they were.
func newReportFlags(std stdio) (*cobra.Command, *reportFlags) {
	f := &reportFlags{}
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
	cmd.Flags().StringVar(&f.dossier, "dossier", "", "")
	cmd.Flags().BoolVar(&f.advise, "advise", false, "")
	cmd.Flags().StringVar(&f.from, "from", "", "")
	cmd.Flags().BoolVar(&f.lenient, "lenient", false, "")
	f.logs.flags(cmd)
	return cmd, f
}

func (f *reportFlags) check(cmd *cobra.Command, args []string) (err error) {
	if len(args) > 1 && f.from == "" {
		return usagef("want one result, scenario or trace, not %d files", len(args))
	}
	if f.html == "-" && f.markdown == "-" {
		return usagef("-o - and --markdown - both want standard output")
	}
	if err := distinct([][2]string{{"-o", f.html}, {"--markdown", f.markdown}, {"--dossier", f.dossier}, {"--charts", f.charts}}); err != nil {
		return err
	}
	if err := f.study.checkNumbers(cmd); err != nil {
		return err
	}
	if f.question.Risks, err = percents(f.risks); err != nil {
		return err
	}
	f.question.Confidence, f.question.Growth, f.question.Course = f.study.level, true, true
	return f.counting.checkRest()
}

// A reported is what a report is about.
type reported struct {
	src    *report.Source
	made   bool // the results were made of the inputs; else a result is the input
	inputs []record.File
}

// report reads a result, or makes the results of a scenario, trace or logs, and
// writes the report.
func (f *reportFlags) report(cmd *cobra.Command, std stdio, args []string) error {
	it, err := f.reported(cmd, std, args)
	if err != nil {
		return err
	}
	r, err := report.New(it.src)
	if err != nil {
		return &exitError{exitInvalid, fmt.Errorf("%s: %w", shown(strings.Join(args, "")), err)}
	}
	return f.write(cmd, std, r, it)
}

// reported is what the report is about, by what the input is.
func (f *reportFlags) reported(cmd *cobra.Command, std stdio, args []string) (*reported, error) {
	switch {
	case f.from != "" && len(args) == 0:
		return nil, usagef("want a log")
	case f.from != "":
		return f.replays(cmd, std, args)
	case len(args) == 0:
		return f.simulates(cmd, std, args)
	}
	in, err := newTwice(cmd.Context(), std, args[0])
	if err != nil {
		return nil, err
	}
	defer in.end()
	kind, err := in.kind(cmd.Context())
	switch {
	case err != nil:
		return nil, err
	case kind == aTrace:
		return f.replays(cmd, in.std, args, in)
	case kind == aResult, kind == aRecord:
		if name := firstGiven(cmd, append(remaking(), "workers")...); name != "" {
			return nil, usagef("--%s is for scenarios and traces, and this is a result", name)
		}
		data, err := in.result(cmd.Context(), kind)
		if err != nil {
			return nil, err
		}
		name := shown(args[0])
		if kind == aRecord {
			name += ".json" // which a dossier has
		}
		return reportedResult(name, data)
	}
	if std, args[0], err = in.again(); err != nil {
		return nil, err
	}
	return f.simulates(cmd, std, args)
}

// simulates makes the results of a scenario.
func (f *reportFlags) simulates(cmd *cobra.Command, std stdio, args []string) (*reported, error) {
	if name := firstGiven(cmd, append(f.logs.names, "lenient")...); name != "" {
		return nil, usagef("--%s is for traces and logs, and this is a scenario", name)
	}
	sc, err := loadScenario(cmd.Context(), std, args)
	if err != nil {
		return nil, err
	}
	return f.make(cmd, std, sc)
}

// reportedResult is what a result's report is about.
func reportedResult(name string, data []byte) (*reported, error) {
	src, err := anyResult(name, data)
	if err != nil {
		return nil, err
	}
	return &reported{src: src, inputs: []record.File{{Name: name, Data: data}}}, nil
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
	src := &report.Source{Name: filepath.Base(name)}
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
// explains it, and counts it by all readings.
func (f *reportFlags) make(cmd *cobra.Command, std stdio, loaded *loaded) (_ *reported, err error) {
	ctx, s, q := cmd.Context(), &f.study, &f.question
	sc := loaded.scenario
	if err := f.apply(cmd, sc); err != nil {
		return nil, err
	}
	src := &report.Source{}
	it := &reported{src, true, loaded.files}
	if src.Sizing, err = size(ctx, std, s, sim.Cases(sc), q); err != nil {
		return nil, err
	}
	src.Sizing.Version, src.Sizing.Fingerprint = version, loaded.fingerprint
	if src.Simulation, err = simulate(ctx, std, s, sc, "", false); err != nil {
		return nil, err
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
		return nil, err
	}
	if src.Explanation, err = sim.Explain(ctx, sc, sim.ExplainOptions{Seed: s.sim.Seed, Which: trace.AtPeak}); err != nil {
		return nil, err
	}
	if src.Readings, err = runReadings(ctx, std, s, sc, q); err != nil {
		return nil, err
	}
	src.Readings.Fingerprint = loaded.fingerprint
	if !f.advise {
		return it, nil
	}
	err = s.replicate(ctx, std, "trying measures", func(ctx context.Context, o sim.Options, _ *progress) (_ *result.Study, err error) {
		src.Advice, err = sizing.Advise(ctx, sim.Cases(sc)[0], o, q)
		return &src.Advice.Study, err
	})
	return it, err
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
func (f *reportFlags) write(cmd *cobra.Command, std stdio, r *report.Report, it *reported) error {
	if f.html == "" && f.markdown == "" && f.charts == "" && f.dossier == "" {
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
		for _, file := range charts(r) {
			files = append(files, artefact{filepath.Join(f.charts, file.name), file.write})
		}
	}
	if f.dossier != "" {
		files = append(files, artefact{f.dossier, func(w io.Writer) error { return writeDossier(w, cmd, r, it) }})
	}
	files, err := ready(files)
	if err != nil {
		return err
	}
	if f.charts != "" {
		if err := os.MkdirAll(f.charts, 0o755); err != nil {
			return err
		}
	}
	var errs []error
	for _, file := range files {
		errs = append(errs, writeFile(std, file.name, file.write))
	}
	return errors.Join(errs...)
}

// ready are files that are made already, so that none is written when one of
// them cannot be.
func ready(files []artefact) ([]artefact, error) {
	list := make([]artefact, len(files))
	for i, f := range files {
		var b bytes.Buffer
		if err := f.write(&b); err != nil {
			return nil, fmt.Errorf("%s: %w", f.name, err)
		}
		list[i] = artefact{f.name, func(w io.Writer) error {
			_, err := w.Write(b.Bytes())
			return err
		}}
	}
	return list, nil
}

// charts are the files of a folder of charts.
func charts(r *report.Report) (files []artefact) {
	for _, f := range r.Files() {
		files = append(files, artefact{f.Name, f.Write})
	}
	return files
}
