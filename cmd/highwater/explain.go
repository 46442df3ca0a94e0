package main

import (
	"errors"
	"io"
	"strings"

	"highwater/engine"
	"highwater/sim"
	"highwater/sim/result"
	"highwater/sim/trace"

	"github.com/spf13/cobra"
)

const explainHelp = `Who or what is consuming the licenses at this instant, and why?

Usage: highwater explain [FILE] [flags]

Lists every license user ID that holds units at an instant of a scenario or a
trace: its cohort, way in, connections and units, since when it has held them,
until when if only a hold or a grace period keeps them, and, if it pays for
each connection, which one made it so. Each unit in use is working, idle until
a time-out, in a 10-second hold, in a grace period, surplus of a transition or
leaked. Without FILE it runs a hospital's day that comes with the program; "-"
is standard input; .gz and .zst are read as they are.

Flags:
  --at WHEN           peak (default), first-refusal, or a time: 14:33 (the first
                      after the start), 8h30m or 30600 (after the start),
                      2026-11-23T14:33:00Z, or a time as this program prints it
  --policy NAME       count by this policy (see highwater help policies)
  --units N           units of the key; 0 is unlimited: what all would hold
  --set OPTION=VALUE  change an option of the policy; may be repeated
  --seed N            scenario: seed (the scenario's)
  --replication N     scenario: which replication (1)
  --lenient           trace: skip lines that are not valid
  --top N             how many license user IDs to list (20); 0 is all
  --json              print the result as JSON, with every connection
  -q                  no progress

A connection is told by what comes next: a web session that will time out
before its next page is idle, one that nothing ever ends is leaked. The key
limits as in highwater run: who was refused before the instant holds nothing.

Examples:
  highwater explain
  highwater explain hospital.yaml --at 14:33
  highwater explain hospital.yaml --at first-refusal --units 350
  highwater explain day.jsonl.gz --at 2026-11-23T14:33:00Z --top 0

Exit codes: 0 explained, or nobody was refused; 2 usage, also a time outside
of the run; 4 the input is not valid; 130 interrupted.
See also: highwater run, highwater replay, highwater help json
`

// explainFlags are the flags of explain but for those of counting.
type explainFlags struct {
	at          string
	when        when // it says
	seed        uint64
	replication int
	lenient     bool
	top         int
	json        bool
	quiet       bool
}

func newExplain(std stdio) *cobra.Command {
	var (
		c counting
		f explainFlags
	)
	cmd := &cobra.Command{
		Use:   "explain [FILE]",
		Short: "list who holds units at an instant, and why",
		Long:  explainHelp,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.check(cmd, &c, args); err != nil {
				return err
			}
			if len(args) == 0 {
				return explainScenario(cmd, std, args, &c, &f)
			}
			in, err := newTwice(cmd.Context(), std, args[0])
			if err != nil {
				return err
			}
			defer in.end()
			kind, err := in.kind(cmd.Context())
			switch {
			case err != nil:
				return err
			case kind == aTrace:
				return explainTrace(cmd, std, in, &c, &f)
			}
			again, name, err := in.again()
			if err != nil {
				return err
			}
			return explainScenario(cmd, again, []string{name}, &c, &f)
		},
	}
	c.flags(cmd)
	cmd.Flags().StringVar(&f.at, "at", trace.AtPeak.String(), "")
	cmd.Flags().Uint64Var(&f.seed, "seed", 0, "")
	cmd.Flags().IntVar(&f.replication, "replication", 1, "")
	cmd.Flags().BoolVar(&f.lenient, "lenient", false, "")
	cmd.Flags().IntVar(&f.top, "top", 20, "")
	cmd.Flags().BoolVar(&f.json, "json", false, "")
	cmd.Flags().BoolVarP(&f.quiet, "quiet", "q", false, "")
	return cmd
}

func (f *explainFlags) check(cmd *cobra.Command, c *counting, args []string) error {
	switch {
	case len(args) > 1:
		return usagef("want one scenario or trace, not %d files", len(args))
	case len(c.policies) > 1:
		return usagef("--policy must be one policy, not %q", strings.Join(c.policies, ","))
	case cmd.Flags().Changed("seed") && f.seed == 0:
		return usagef("--seed must be > 0, not 0")
	case f.replication < 1:
		return usagef("--replication must be > 0, not %d", f.replication)
	case f.top < 0:
		return usagef("--top must be >= 0, not %d", f.top)
	}
	var err error
	if f.when, err = parseWhen(f.at); err != nil {
		return err
	}
	return c.checkRest()
}

func explainScenario(cmd *cobra.Command, std stdio, args []string, c *counting, f *explainFlags) error {
	if f.lenient {
		return usagef("--lenient is for traces, and this is a scenario")
	}
	s, err := c.loaded(cmd, std, args)
	if err != nil {
		return err
	}
	sc := s.scenario
	m, err := f.when.moment(clock{sc.Start}, sc.Duration)
	if err != nil {
		return err
	}
	p := newProgress(std, f.quiet, "simulating")
	defer p.end()
	res, err := sim.Explain(cmd.Context(), sc, sim.ExplainOptions{
		Seed: f.seed, Replication: f.replication - 1, Which: m.Which, At: m.At, Progress: p.show})
	if err != nil {
		return err
	}
	p.end()
	res.Fingerprint = s.fingerprint
	return printExplanation(std, res, f, &sc.License.Policy, clock{sc.Start})
}

// explainTrace reads a trace twice: what came of it tells which instant is
// meant.
func explainTrace(cmd *cobra.Command, std stdio, in *twice, c *counting, f *explainFlags) error {
	if name := firstGiven(cmd, "seed", "replication"); name != "" {
		return usagef("--%s is for scenarios, and this is a trace", name)
	}
	if err := c.check(); err != nil {
		return err
	}
	p := newProgress(std, f.quiet, "reading")
	defer p.end()
	var o trace.Options
	var ck clock
	var m trace.Moment
	err := in.replay(cmd, c, f, p, func(r *trace.JSONReader, options trace.Options) error {
		o = options
		replay := trace.NewReplay(o)
		if err := replay.All(r); err != nil {
			return err
		}
		res := replay.Finish()
		ck.start = replay.Epoch()
		var err error
		m, err = f.when.moment(ck, res.End)
		m.Units = res.Peak.Units
		return err
	})
	if err != nil {
		return err
	}
	var res *result.Explanation
	err = in.replay(cmd, c, f, p, func(r *trace.JSONReader, _ trace.Options) (err error) {
		res, err = trace.Explain(r, o, m)
		return err
	})
	if err != nil {
		return err
	}
	p.end()
	return printExplanation(std, res, f, &o.Policy, ck)
}

// replay opens a trace for somebody who reads it to the end.
func (in *twice) replay(cmd *cobra.Command, c *counting, f *explainFlags, p *progress, read func(*trace.JSONReader, trace.Options) error) error {
	std, name, err := in.again()
	if err != nil {
		return err
	}
	file, err := openInput(cmd.Context(), std, name, p)
	if err != nil {
		return err
	}
	defer file.Close()
	r := trace.NewJSONReader(shown(in.name), file)
	h := r.Header()
	o, err := replayOptions(cmd, c, &h)
	if err != nil {
		return err
	}
	o.Name, o.Lenient = shown(in.name), f.lenient
	err = read(r, o)
	var invalid *trace.LineError
	if errors.As(err, &invalid) {
		return &exitError{exitInvalid, withHint(err, traceHint(invalid, in.name))}
	}
	return err
}

func printExplanation(std stdio, res *result.Explanation, f *explainFlags, p *engine.Policy, c clock) error {
	res.Version = version
	return std.print(f.json, res, func(w io.Writer) { writeExplanation(w, res, f.top, p, c) })
}
