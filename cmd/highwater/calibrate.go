package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"highwater/engine"
	"highwater/sim/attack/probe"
	"highwater/sim/result"
	"highwater/sim/result/words"

	"github.com/spf13/cobra"
)

// checkCalibrate looks at the flags of a calibration.
func (f *attackFlags) checkCalibrate(cmd *cobra.Command) error {
	if !f.calibrate {
		if name := firstGiven(cmd, "call", "page"); name != "" {
			return usagef("--%s is for --calibrate", name)
		}
		return nil
	}
	others := []string{"dry-run", "window", "scale", "replication", "seed", "record", "out", "scrape", "max-divergence", "units", "abort-free"}
	if name := firstGiven(cmd, others...); name != "" {
		return usagef("--calibrate and --%s exclude each other", name)
	}
	for _, x := range [][2]string{{"call", f.call}, {"page", f.page}} {
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
		Attack: f.options, Policy: p, Call: f.call, Page: f.page, Clock: f.plan.Clock, Progress: progress.say,
	})
	progress.end()
	if err != nil {
		return attackError(err)
	}
	res.Version = version
	if f.json {
		err = writeJSON(std.out, res)
	} else {
		w := bufio.NewWriter(std.out)
		writeCalibration(w, res)
		err = w.Flush()
	}
	if err == nil && res.Verdict == result.Inconclusive {
		err = &exitError{exitInconclusive, errors.New("inconclusive: no reading fits what the target did")}
	}
	return err
}

// writeCalibration tells a person which readings fit.
func writeCalibration(w io.Writer, r *result.Calibration) {
	fmt.Fprintf(w, "%s at %s, at %vx: %s and %s at its metrics in %s; %s were in use before\n\n", r.Policy, r.Target, r.Clock,
		words.Plural(r.Requests, "request"), words.Plural(r.Looks, "look"), words.Span(r.Duration), words.Plural(r.Idle, "unit"))
	rows := [][]string{{"experiment", "requests", "refused", "readings left", "units seen"}}
	for _, x := range r.Experiments {
		var units []string
		for _, n := range x.Units {
			units = append(units, words.Number(n))
		}
		rows = append(rows, []string{x.Name, words.Number(x.Requests), words.Number(x.Refused), words.Number(x.Left), strings.Join(units, ", then ")})
	}
	table(w, rows)
	fmt.Fprintln(w)
	if len(r.Options) > 0 {
		rows := [][]string{{"option", "decided", "fits"}}
		for _, o := range r.Options {
			rows = append(rows, []string{o.Name, map[bool]string{true: "yes", false: "no"}[o.Decided], strings.Join(o.Values, " or ")})
		}
		table(w, rows)
	}
	for _, n := range r.Notes {
		fmt.Fprintln(w, "note:", n)
	}
	fmt.Fprintf(w, "%s: %d of %d readings fit, if the target begins a request within %s after it was sent (%s of its time)\n",
		r.Verdict, r.Fitting, r.Sets, words.Span(engine.Time(float64(r.Reach)/r.Clock)), words.Span(r.Reach))
	if r.First != nil {
		flags := ""
		for i, s := range r.First {
			if r.Options[i].Decided {
				flags += " --set " + s.Name + "=" + s.Value
			}
		}
		fmt.Fprintln(w, "count by them with"+flags)
	}
}
