package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"slices"

	"highwater/scenario"
	"highwater/sim"
	"highwater/sim/gate"
	"highwater/sim/result"
	"highwater/sim/result/words"

	"github.com/spf13/cobra"
)

const gateHelp = `Is it as it was asked to be, and does it need no more licenses than before?

Usage: highwater gate FILE... [flags]

Judges a scenario, which is run first, by the expectations under its expect:
(see highwater help gating), or by those of --expect a result that size, run,
compare, replay or attack has printed as JSON. With --baseline it also compares
with an earlier result. Several files are results of attack, of runs of one
plan. The verdict is pass, fail or inconclusive; without data it is the last.

Flags:
  --expect SCENARIO    the scenario whose expectations a result is judged by
  --baseline FILE      compare with this result, of gate --update or of size,
                       run, compare, replay or attack
  --update             write the baseline instead of comparing with it
  --more N             units more than in the baseline that are no failure (0)
  --slower P           share by which a timing may be longer (10%), at most 100%
  --junit FILE         write JUnit XML
  --sarif FILE         write SARIF about the lines that are not kept
  --badge FILE         write an SVG badge
  --github             print annotations too, and append a summary to the file
                       that GITHUB_STEP_SUMMARY names
  --json               print the result as JSON, which can be a baseline; not
                       with --github, as both want standard output
  --reps N             replications (the scenario's reps, else 200)
  --budget TIME        stop after so long, as 30s
  --seed N             seed (the scenario's)
  --policy NAME[,...]  count by these policies instead of the scenario's
  --units N            units of the key; 0 is unlimited
  --set OPTION=VALUE   change an option of every policy; may be repeated
  --workers N          processors to use; the result is the same
  -q                   no progress

Examples:
  highwater gate clinic.yaml
  highwater gate clinic.yaml --baseline clinic.json --update
  highwater gate clinic.yaml --baseline clinic.json --junit gate.xml
  highwater gate attack.json --expect clinic.yaml

Exit codes: 0 pass, or the baseline is written; 3 fail; 5 inconclusive; 2 usage;
4 an input is not valid; 130 interrupted.
See also: highwater help gating, highwater size
`

// gateFlags are the flags of gate that are not those of every study.
type gateFlags struct {
	expect, baseline    string
	junit, sarif, badge string
	update, github      bool
	units               int
	time                string
	allowed             gate.Allowed
}

func newGate(std stdio) *cobra.Command {
	var (
		c counting
		s studyFlags
		f gateFlags
	)
	cmd := &cobra.Command{
		Use:   "gate FILE...",
		Short: "pass or fail by expectations and a baseline",
		Long:  gateHelp,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.check(cmd, &s, &c, args); err != nil {
				return err
			}
			res, err := f.judge(cmd, std, &s, &c, args)
			if err != nil {
				return f.withoutVerdict(cmd.Context(), std, err, args[0])
			}
			return f.deliver(std, &s, res)
		},
	}
	c.flags(cmd)
	s.flags(cmd)
	flags := cmd.Flags()
	flags.StringVar(&f.expect, "expect", "", "")
	flags.StringVar(&f.baseline, "baseline", "", "")
	flags.StringVar(&f.junit, "junit", "", "")
	flags.StringVar(&f.sarif, "sarif", "", "")
	flags.StringVar(&f.badge, "badge", "", "")
	flags.StringVar(&f.time, "slower", "10%", "")
	flags.BoolVar(&f.update, "update", false, "")
	flags.BoolVar(&f.github, "github", false, "")
	flags.IntVar(&f.units, "more", 0, "")
	return cmd
}

func (f *gateFlags) check(cmd *cobra.Command, s *studyFlags, c *counting, args []string) error {
	switch {
	case len(args) == 0:
		return usagef("want a scenario or a result")
	case f.update && f.baseline == "":
		return usagef("--update needs --baseline, the file to write")
	case f.update && f.baseline == "-":
		return usagef("--baseline must be a file to be written, not \"-\"")
	case f.units < 0:
		return usagef("--more must be >= 0, not %d", f.units)
	case s.asJSON && f.github:
		return usagef("--json and --github both want standard output")
	case slices.Contains([]string{f.junit, f.sarif, f.badge}, "-"):
		return usagef("--junit, --sarif and --badge must be files, not \"-\", as standard output has the answer")
	}
	if err := distinct([][2]string{{"--junit", f.junit}, {"--sarif", f.sarif}, {"--badge", f.badge}, {"--baseline", f.baseline}}); err != nil {
		return err
	}
	var err error
	if f.allowed.Timing, err = percent("slower", f.time); err != nil {
		return err
	}
	f.allowed.Units = float64(f.units)
	if err := s.checkNumbers(cmd); err != nil {
		return err
	}
	return c.checkRest()
}

// judge finds the verdict.
func (f *gateFlags) judge(cmd *cobra.Command, std stdio, s *studyFlags, c *counting, args []string) (*result.Gate, error) {
	ctx := cmd.Context()
	var base *result.Gate
	if f.baseline != "" && !f.update { // before anything takes long
		var err error
		if base, err = readBaseline(ctx, std, f.baseline); err != nil {
			return nil, err
		}
	}
	source, sc, fingerprint, err := f.source(cmd, std, s, c, args)
	if err != nil {
		return nil, err
	}
	var list []scenario.Expectation
	if sc != nil {
		list = sc.Expect
	}
	res := gate.Judge(source, list)
	res.Version = version
	switch {
	case res.Of == "scenario":
		res.Fingerprint = fingerprint
	case sc != nil && res.Fingerprint != "" && res.Fingerprint != fingerprint:
		res.Notes = append(res.Notes, "the result is not of the scenario as it is now: its files differ")
	}
	if base != nil {
		gate.Compare(res, base, f.allowed)
	} else if len(list) == 0 {
		res.Notes = append(res.Notes, "nothing is expected: give the scenario expect:, or a baseline")
	}
	return res, nil
}

// source reads what is judged, and runs it if it is a scenario. The scenario
// is the one with the expectations; nil is none.
func (f *gateFlags) source(cmd *cobra.Command, std stdio, s *studyFlags, c *counting, args []string) (gate.Source, *scenario.Scenario, string, error) {
	ctx := cmd.Context()
	in, err := newTwice(ctx, std, args[0])
	if err != nil {
		return nil, nil, "", err
	}
	defer in.end()
	begin, err := beginning(in.opener(ctx), in.name)
	if err == nil {
		err = empty(in.name, begin, "a scenario or a result")
	}
	if err != nil {
		return nil, nil, "", err
	}
	switch kind := kindOf(begin).by(in.name); {
	case kind == aResult, kind == aRecord:
		data, err := in.result(ctx, kind)
		if err != nil {
			return nil, nil, "", err
		}
		return f.results(cmd, std, data, args)
	case kind == aTrace:
		err := fmt.Errorf("%s: must be a scenario or a result, and is a trace", shown(in.name))
		return nil, nil, "", &exitError{exitInvalid, withHint(err, "highwater replay --json makes a result of it")}
	case len(args) > 1:
		return nil, nil, "", usagef("want one scenario, not %d files: only results of attack may be several", len(args))
	case f.expect != "":
		return nil, nil, "", usagef("--expect is for results, and this is a scenario")
	}
	again, name, err := in.again()
	if err != nil {
		return nil, nil, "", err
	}
	l, err := c.loaded(cmd, again, []string{name})
	if err != nil {
		return nil, nil, "", err
	}
	var runs *gate.Runs
	err = s.replicate(ctx, std, "simulating", func(ctx context.Context, o sim.Options, _ *progress) (*result.Study, error) {
		runs, err = gate.Run(ctx, l.scenario, o)
		return nil, err
	})
	return runs, l.scenario, l.fingerprint, err
}

// results reads results, the first of which is data.
func (f *gateFlags) results(cmd *cobra.Command, std stdio, data []byte, args []string) (gate.Source, *scenario.Scenario, string, error) {
	for _, name := range []string{"reps", "seed", "budget", "workers", "policy", "units", "set"} {
		if cmd.Flags().Changed(name) {
			return nil, nil, "", usagef("--%s is for scenarios, and this is a result", name)
		}
	}
	if f.expect == "" && f.baseline == "" {
		return nil, nil, "", usagef("a result is judged by --expect or --baseline")
	}
	source, err := readResults(cmd.Context(), std, data, args)
	if err != nil || f.expect == "" {
		return source, nil, "", err
	}
	l, err := loadScenario(cmd.Context(), std, []string{f.expect})
	if err != nil {
		return nil, nil, "", err
	}
	return source, l.scenario, l.fingerprint, nil
}

func readResults(ctx context.Context, std stdio, data []byte, args []string) (gate.Source, error) {
	var attacks gate.Attacks
	for i, name := range args {
		if i > 0 {
			var err error
			if data, err = readResult(ctx, std, name); err != nil {
				return nil, err
			}
		}
		source, _, err := gate.Read(data)
		if err == nil && source == nil {
			err = errors.New("is a result of gate, which is a baseline and nothing to judge")
		}
		if err != nil {
			return nil, &exitError{exitInvalid, fmt.Errorf("%s: %w", shown(name), err)}
		}
		run, ok := source.(*gate.Attacks)
		if len(args) == 1 {
			return source, nil
		}
		if !ok {
			return nil, &exitError{exitInvalid, fmt.Errorf("%s: must be a result of attack, as there are several files", shown(name))}
		}
		same := slices.IndexFunc(attacks.Runs, func(r result.Attack) bool { return r.Sent != nil && reflect.DeepEqual(r.Sent, run.Runs[0].Sent) })
		if same >= 0 {
			return nil, &exitError{exitInvalid, fmt.Errorf("%s: must be another run than %s, and is the same", shown(name), shown(args[same]))}
		}
		attacks.Runs = append(attacks.Runs, run.Runs...)
	}
	return &attacks, nil
}

func readBaseline(ctx context.Context, std stdio, name string) (*result.Gate, error) {
	data, err := readResult(ctx, std, name)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("%w; write it with --update", err)
	}
	if err != nil {
		return nil, err
	}
	source, base, err := gate.Read(data)
	if err != nil {
		return nil, &exitError{exitInvalid, fmt.Errorf("%s: %w", shown(name), err)}
	}
	if source != nil {
		base = source.Begin()
		base.Version = gate.Version(data)
	}
	return base, nil
}

// deliver prints the verdict and writes its files.
func (f *gateFlags) deliver(std stdio, s *studyFlags, res *result.Gate) error {
	o := noticeOf(res)
	if err := f.tell(std, o); err != nil {
		return err
	}
	if f.update {
		if err := writeFile(std, f.baseline, func(w io.Writer) error { return writeJSON(w, res) }); err != nil {
			return err
		}
	}
	err := s.print(std, res, func(w io.Writer) {
		if !f.update || len(res.Expectations) > 0 {
			writeGate(w, res)
		}
		if f.github {
			writeAnnotations(w, o)
		}
		if f.update {
			fmt.Fprintf(w, "baseline written to %s\n", f.baseline)
		}
	})
	if err == nil && f.github {
		err = appendSummary(std, o)
	}
	if err != nil || f.update {
		return err
	}
	return verdictError(res)
}

// verdictError is the verdict as an exit code.
func verdictError(res *result.Gate) error {
	failed, open := 0, 0
	count := func(v result.Judgement) {
		switch v {
		case result.Fail:
			failed++
		case result.CannotTell:
			open++
		}
	}
	all := len(res.Expectations)
	for i := range res.Expectations {
		count(res.Expectations[i].Verdict)
	}
	if b := res.Baseline; b != nil {
		all += len(b.Compared)
		for i := range b.Compared {
			count(b.Compared[i].Verdict)
		}
	}
	switch res.Verdict {
	case result.Pass:
		return nil
	case result.Fail:
		return &exitError{exitNo, fmt.Errorf("fail: %d of %s", failed, words.Plural(all, "figure"))}
	}
	if open == 0 {
		return &exitError{exitInconclusive, errors.New("inconclusive: there is nothing to judge by")}
	}
	return &exitError{exitInconclusive, fmt.Errorf("inconclusive: %d of %s", open, words.Plural(all, "figure"))}
}
