package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"highwater/engine"
	"highwater/sim/attack/probe"
	"highwater/sim/result"
	"highwater/sim/result/words"

	"github.com/spf13/cobra"
)

// checkCalibrate looks at the flags of a calibration.
func (f *attackFlags) checkCalibrate(cmd *cobra.Command) error {
	if !f.calibrate {
		if name := firstGiven(cmd, "call", "soap", "page"); name != "" {
			return usagef("--%s is for --calibrate", name)
		}
		return nil
	}
	others := []string{"dry-run", "window", "scale", "replication", "seed", "record", "out", "scrape", "max-divergence", "units", "abort-free"}
	if name := firstGiven(cmd, others...); name != "" {
		return usagef("--calibrate and --%s exclude each other", name)
	}
	for _, x := range [][2]string{{"call", f.call}, {"soap", f.soap}, {"page", f.page}} {
		if x[1] != "" && (!strings.HasPrefix(x[1], "/") || strings.ContainsAny(x[1], "?# \r\n")) {
			return usagef("--%s must be a path of the target such as /api/slow, without a query, not %q", x[0], x[1])
		}
	}
	return nil
}

// runCalibrate finds out which readings of a policy fit the target.
func runCalibrate(ctx context.Context, std stdio, p engine.Policy, f *attackFlags) error {
	progress := newProgress(std, f.quiet, "calibrating")
	defer progress.end()
	f.options.Header.Version = version
	res, err := probe.Calibrate(ctx, probe.Options{
		Attack: f.options, Policy: p, Call: f.call, SOAP: f.soap, Page: f.page, Clock: f.plan.Clock, Progress: progress.say,
		Begin: func(b probe.Bounds) {
			fmt.Fprintf(std.err, "highwater: calibrating sends %s requests at the most, in %v; some 200 in %v to %v are usual\n", words.Number(b.Requests), b.Time.Round(time.Second),
				b.Usual[0].Round(time.Second), b.Usual[1].Round(time.Second))
			if b.Short() {
				fmt.Fprintf(std.err, "highwater: an experiment takes %s at once, and %.0f are free: what it tells stays open\n", words.Plural(b.Units, "unit"), b.Free)
			}
		},
	})
	progress.end()
	if res == nil {
		return attackError(err)
	}
	res.Version = version
	if printErr := printCalibration(std, res, f.json); printErr != nil || err != nil {
		return errors.Join(printErr, err)
	}
	if res.Verdict == result.Inconclusive {
		return &exitError{exitInconclusive, fmt.Errorf("inconclusive: %s", cmp.Or(res.Ended, "no reading explains enough of what the target did"))}
	}
	return nil
}

func printCalibration(std stdio, res *result.Calibration, asJSON bool) error {
	return std.print(asJSON, res, func(w io.Writer) { writeCalibration(w, res) })
}

// writeCalibration tells a person which readings fit, and how well.
func writeCalibration(w io.Writer, r *result.Calibration) {
	fmt.Fprintf(w, "readings of %s, asked of %s at %vx: %s (%s at the most) and %s at its metrics in %s of real time; units in use before: %s\n", r.Policy, r.Target, r.Clock,
		words.Plural(r.Requests, "request"), words.Number(r.MostRequests), words.Plural(r.Looks, "look"), words.Span(r.Duration), words.Number(r.Idle))
	for _, k := range r.Ways {
		with := ""
		if k.Named {
			with = " with a user name"
		}
		if k.Offered {
			fmt.Fprintf(w, "  %s %s%s: offered, takes %s of the target's time\n", k.Via, k.Path, with, words.Span(k.Takes))
		} else {
			fmt.Fprintf(w, "  %s %s%s: not offered (%s)\n", k.Via, k.Path, with, k.Why)
		}
	}
	fmt.Fprintln(w)
	rows := [][]string{{"experiment", "rounds", "discarded", "requests", "readings left", "units seen in the last round"}}
	for _, x := range r.Experiments {
		var units []string
		for _, n := range x.Units {
			units = append(units, words.Number(n))
		}
		rows = append(rows, []string{x.Name, words.Number(x.Counted), words.Number(x.Late + x.Failed + x.Moved + x.Unexplained), words.Number(x.Requests),
			words.Number(x.Left), strings.Join(units, " ")})
	}
	table(w, rows)
	fmt.Fprintln(w)
	rows = [][]string{{"option", "value", "rounds that agree", ""}}
	for _, o := range r.Options {
		for i, e := range o.Evidence {
			name := o.Name
			if i > 0 {
				name = ""
			}
			rows = append(rows, []string{name, e.Value, fmt.Sprintf("%d of %d", e.Agrees, e.Of), fitText(r, &o, &e)})
		}
	}
	table(w, rows)
	for _, n := range r.Notes {
		fmt.Fprintln(w, "note:", n)
	}
	if r.Leaves > 0 {
		fmt.Fprintf(w, "units of this calibration stay in use for up to %s of the target's time\n", words.Span(r.Leaves))
	}
	if r.Ended != "" {
		fmt.Fprintln(w, "ENDED EARLY:", r.Ended)
	}
	if r.Verdict == result.Inconclusive {
		fmt.Fprintf(w, "%s: nothing is decided\n", r.Verdict)
		return
	}
	fmt.Fprintf(w, "%s: %d of %d readings fit. A reading is ruled out when %d more rounds disagree with it than with the best one: then it is at most 1 in 500 as likely.\n",
		r.Verdict, r.Fitting, r.Sets, r.Margin)
	fmt.Fprintf(w, "That takes it that one round in %.0f is spoiled without notice, and that a request that is not late begins within %s of the target's time after it was sent\n", 1/r.Noise,
		words.Span(r.Reach))
	if flags := decidedFlags(r); flags != "" {
		fmt.Fprintln(w, "count by them with"+flags)
	}
}

// fitText says what is known of a value of an option.
func fitText(r *result.Calibration, o *result.CalibratedOption, e *result.ValueEvidence) string {
	switch {
	case e.Of == 0:
		return "not asked"
	case r.Verdict == result.Inconclusive:
		return "not known"
	case !slices.Contains(o.Values, e.Value):
		return "ruled out"
	case o.Decided:
		return "fits"
	case o.Apart:
		return "may fit: too few rounds tell"
	}
	return "may fit: all requests take the same units"
}

// decidedFlags are the flags that count as the target does, as far as that is
// known.
func decidedFlags(r *result.Calibration) (flags string) {
	for i, s := range r.First {
		if r.Options[i].Decided {
			flags += " --set " + s.Name + "=" + s.Value
		}
	}
	return flags
}
