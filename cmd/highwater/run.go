package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"highwater/engine"
	"highwater/plots/term"
	"highwater/scenario"
	"highwater/scenarios"
	"highwater/sim"
	"highwater/sim/attack/record"
	"highwater/sim/result"
	"highwater/sim/sizing"
	"highwater/sim/trace"

	"github.com/spf13/cobra"
)

const runHelp = `How many license units are in use at the peak, when, by whom, and when is the
first caller refused?

Usage: highwater run [FILE] [flags]

Simulates a scenario (see highwater help scenario) and prints the answer for
each policy that it names. Without FILE it runs a hospital's day that comes
with the program; "-" is standard input.

Flags:
  --reps N             replications (the scenario's reps, else 200)
  --seed N             seed (the scenario's)
  --policy NAME[,...]  count by these policies instead of the scenario's
  --units N            units of the key; 0 is unlimited
  --set OPTION=VALUE   change an option of every policy; may be repeated
  --chart[=HOW]        draw the units of replication 1, too, in characters: auto
                       (as the terminal can), braille or ascii
  --json               print the result as JSON
  --out DIR            write result.json, units.png, units.svg and series.csv
                       (seconds, units, connections of replication 1);
                       demand.csv is what it would be if nobody were refused;
                       -2-NAME and so on are the other policies
  --trace FILE         write replication 1 of the first policy as a trace;
                       - instead of the answer. With --units 0 it suits
                       other keys and policies too
  --readings           instead: lowest and highest peak over all readings of
                       the documents (see highwater help readings), and what
                       these and the reading taken need over all replications
  --budget TIME        stop after so long, as 30s; how many replications were
                       done then is printed
  --workers N          processors to use; the result is the same
  -q                   no progress

The same scenario, seed and flags give the same bytes on every run, but for
--budget.

Examples:
  highwater run
  highwater run clinic.yaml --reps 200 --out clinic
  highwater run clinic.yaml --policy iris-pre-2022.3,iris-2022.3 --units 150

Exit codes: 0 simulated, refusals or not; 2 usage; 4 the scenario is not valid;
130 interrupted: what was done is printed and marked partial.
See also: highwater check, highwater help scenario, highwater help rules
`

// defaultScenario is what run simulates without a file.
const defaultScenario = "hospital-day.yaml"

func newRun(std stdio) *cobra.Command {
	var (
		c          counting
		study      studyFlags
		chart      chartFlag
		readings   bool
		out, tapes string
	)
	cmd := &cobra.Command{
		Use:   "run [FILE]",
		Short: "simulate a scenario",
		Long:  runHelp,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := study.check(cmd, &c, args); err != nil {
				return err
			}
			if other := firstGiven(cmd, "out", "trace"); readings && other != "" {
				return usagef("--readings and --%s exclude each other", other)
			}
			if study.asJSON && tapes == "-" {
				return usagef("--trace - and --json both want standard output")
			}
			charts, err := chart.options(cmd, std)
			if err != nil {
				return err
			}
			s, err := c.loaded(cmd, std, args)
			if err != nil {
				return err
			}
			if readings {
				res, err := runReadings(cmd.Context(), std, &study, s.scenario, &sizing.Question{Risks: []float64{0.05}, Confidence: 0.95})
				if res == nil {
					return err
				}
				res.Fingerprint = s.fingerprint
				return errors.Join(printReadings(std, res, study.asJSON), err)
			}
			if out != "" {
				if err := os.MkdirAll(out, 0o755); err != nil {
					return err
				}
			}
			res, err := simulate(cmd.Context(), std, &study, s.scenario, tapes, study.asJSON || out != "")
			if res == nil || res.Replications == 0 {
				return err
			}
			res.Version, res.Fingerprint = version, s.fingerprint
			if tapes == "-" {
				std.out = io.Discard // the trace is the answer
			}
			if err := deliver(std, &study, s.scenario, res, out, charts); err != nil {
				return err
			}
			return err
		},
	}
	c.flags(cmd)
	study.flags(cmd)
	chart.flag(cmd)
	cmd.Flags().BoolVar(&readings, "readings", false, "")
	cmd.Flags().StringVar(&out, "out", "", "")
	cmd.Flags().StringVar(&tapes, "trace", "", "")
	return cmd
}

// firstGiven is the first of some flags that was given, "" when none was.
func firstGiven(cmd *cobra.Command, names ...string) string {
	for _, name := range names {
		if cmd.Flags().Changed(name) {
			return name
		}
	}
	return ""
}

// A loaded is a scenario and what it was read from.
type loaded struct {
	scenario    *scenario.Scenario
	fingerprint string // SHA-256 of the file and those that it names
	files       []record.File
	dir         string // where those are that it names; "" is here
}

// loadScenario reads a scenario from a file, standard input or the program.
func loadScenario(ctx context.Context, std stdio, args []string) (*loaded, error) {
	name, dir := defaultScenario, ""
	var data []byte
	var err error
	if len(args) == 0 {
		data, err = scenarios.Files.ReadFile(name)
	} else {
		name, dir = shown(args[0]), filepath.Dir(args[0])
		var in io.ReadCloser
		if in, err = openInput(ctx, std, args[0], &progress{}); err == nil {
			data, err = readScenario(in, name)
			_ = in.Close()
		}
	}
	if err != nil {
		return nil, err
	}
	l, err := parseLoaded(name, data, func(path string) ([]byte, error) { return readSample(filepath.Join(dir, path)) })
	if l != nil {
		l.dir = dir
	}
	return l, err
}

// readSample reads a file that a scenario names, and no more of it than
// scenario.Parse needs to see that it is too much.
func readSample(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, scenario.MaxSample+1))
}

// parseLoaded parses a scenario; read reads the files that it names.
func parseLoaded(name string, data []byte, read func(path string) ([]byte, error)) (*loaded, error) {
	hash := sha256.New()
	hash.Write(data)
	files := []record.File{{Name: name, Data: data}}
	sc, err := scenario.Parse(name, data, func(path string) ([]byte, error) {
		b, err := read(path)
		hash.Write(b)
		files = append(files, record.File{Name: path, Data: b})
		return b, err
	})
	if err != nil {
		return nil, &exitError{exitInvalid, err}
	}
	return &loaded{sc, hex.EncodeToString(hash.Sum(nil)), files, ""}, nil
}

// readScenario reads no more than scenario.Parse needs to see that it is too much.
func readScenario(r io.Reader, name string) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, scenario.MaxBytes+1))
	if err != nil {
		return nil, err
	}
	hint := ""
	switch kind := kindOf(data); {
	case kind == aText, kind == nothing:
		return data, nil
	case kind.by(name) == aTrace:
		hint = "a trace? see highwater replay"
	case kind.by(name) == aResult:
		hint = "a result? see highwater report"
	case kind == aRecord:
		hint = "the record of an attack? see highwater attack log and highwater report"
	default:
		return data, nil
	}
	return nil, &exitError{exitInvalid, withHint(fmt.Errorf("%s: not a scenario", name), hint)}
}

// loaded reads a scenario, with the flags in the place of what it says.
func (c *counting) loaded(cmd *cobra.Command, std stdio, args []string) (*loaded, error) {
	l, err := loadScenario(cmd.Context(), std, args)
	if err != nil {
		return nil, err
	}
	return l, c.apply(cmd, l.scenario)
}

// apply puts the flags in the place of what the scenario says.
func (c *counting) apply(cmd *cobra.Command, sc *scenario.Scenario) error {
	if len(c.policies) > 0 {
		list, own := make([]engine.Policy, len(c.policies)), sc.Policies()
		for i, name := range c.policies {
			if slices.Contains(c.policies[:i], name) {
				return usagef("--policy names %q twice", name)
			}
			var err error
			if list[i], err = c.find(name, own); err != nil {
				return err
			}
		}
		sc.License.Policy, sc.Compare = list[0], list[1:]
	}
	if err := c.change(&sc.License.Policy); err != nil {
		return err
	}
	for i := range sc.Compare {
		if err := c.change(&sc.Compare[i]); err != nil {
			return err
		}
	}
	if cmd.Flags().Changed("units") {
		sc.License.Units = c.units
	}
	return nil
}

// usualRisks are those of the units that are enough where nobody asks for
// others.
var usualRisks = []float64{0.05, 0.01}

// simulate runs a scenario, with progress and perhaps a trace, and what a
// report draws besides.
func simulate(ctx context.Context, std stdio, study *studyFlags, sc *scenario.Scenario, tape string, course bool) (res *result.Simulation, err error) {
	q := &sizing.Question{Risks: usualRisks, Course: course}
	h := trace.Header{
		Epoch: sc.Start, End: sc.Duration, Units: sc.License.Units, HasUnits: true,
		Policy: sc.License.Policy.Base, Options: sc.License.Policy.Changed,
	}
	err = study.replicate(ctx, std, "simulating", func(limited context.Context, o sim.Options, _ *progress) (*result.Study, error) {
		if tape == "" {
			res, err = sizing.Run(limited, sc, o, q)
			return &res.Study, err
		}
		whole := func(w io.Writer) error {
			t := trace.NewWriter(w, &h)
			o.Trace = t.Write
			res, err = sizing.Run(limited, sc, o, q)
			if err != nil && (ctx.Err() != nil || res.Replications == 0) {
				return err
			}
			return t.Flush() // replication 1 is whole, however many there are
		}
		if failed := writeFile(std, tape, whole); failed != nil {
			err = failed
		}
		if res == nil {
			return nil, err
		}
		return &res.Study, err
	})
	return res, err
}

// deliver prints a result and writes its artefacts.
func deliver(std stdio, study *studyFlags, sc *scenario.Scenario, res *result.Simulation, dir string, charts *term.Options) error {
	if dir != "" {
		if err := writeArtefacts(std, sc, res, dir); err != nil {
			return err
		}
	}
	return study.print(std, res, func(w io.Writer) { writeSimulation(w, sc, res, charts) })
}
