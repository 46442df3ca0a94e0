package main

import (
	"bufio"
	"fmt"
	"io"
	"slices"

	"highwater/engine"
	"highwater/scenario"
	"highwater/sim"
	"highwater/sim/result"
	"highwater/sim/sizing"
	"highwater/sim/trace"

	"github.com/spf13/cobra"
)

// runReadings simulates replication 1 under every reading of the scenario's
// policy, without a limit.
func runReadings(cmd *cobra.Command, std stdio, sc *scenario.Scenario, o sim.Options, quiet bool) (*result.Readings, error) {
	own := sc.License.Policy
	readings := engine.Readings(own.WithoutLimit())
	all := *sc
	all.License = scenario.License{Policy: readings[0].Policy}
	all.Compare = nil
	for _, r := range readings[1:] {
		all.Compare = append(all.Compare, r.Policy)
	}
	o.Reps = 1
	res, err := simulate(cmd.Context(), std, &all, o, "", quiet)
	if err != nil {
		return nil, err
	}
	peaks := make([]int, len(readings))
	for i := range res.Policies {
		peaks[i] = res.Policies[i].First.Peak.Units
	}
	return sizing.Readings(own.Name, readings, peaks), nil
}

// replayReadings replays a trace under every reading of the policy at once,
// without a limit.
func replayReadings(r trace.Reader, o trace.Options) (*result.Readings, error) {
	readings := engine.Readings(o.Policy.WithoutLimit())
	replays := make([]*trace.Replay, len(readings))
	for i := range readings {
		each := o
		each.Policy, each.Units = readings[i].Policy, 0
		replays[i] = trace.NewReplay(each)
	}
	for {
		ev, err := r.Next()
		if err == io.EOF {
			break
		}
		if err == nil {
			err = applyAll(replays, ev, o.Lenient)
		}
		if err != nil && !skippable(err, o.Lenient) {
			return nil, err
		}
	}
	peaks := make([]int, len(replays))
	for i, p := range replays {
		peaks[i] = p.Finish().Peak.Units
	}
	return sizing.Readings(o.Policy.Name, readings, peaks), nil
}

// applyAll gives an event to all replays. Each skips it by itself when it may:
// a connection that was refused under one reading is open under another.
func applyAll(replays []*trace.Replay, ev *trace.Event, lenient bool) error {
	for _, p := range replays {
		if err := p.Apply(ev); err != nil && !skippable(err, lenient) {
			return err
		}
	}
	return nil
}

// skippable reports whether a line with this error may be skipped.
func skippable(err error, lenient bool) bool {
	_, invalid := err.(*trace.LineError)
	return invalid && lenient
}

func printReadings(std stdio, res *result.Readings, asJSON bool) error {
	if asJSON {
		return writeJSON(std.out, res)
	}
	w := bufio.NewWriter(std.out)
	writeReadings(w, res)
	return w.Flush()
}

// writeReadings tells a person how far the readings lie apart.
func writeReadings(w io.Writer, res *result.Readings) {
	fmt.Fprintf(w, "%s under %d readings of the documents, without a limit\n\n", res.Policy, res.Sets)
	labelled(w, [][2]string{
		{"lowest peak", plural(res.Lowest.PeakUnits, "unit") + " with" + differing(res.Lowest.Settings, res.Highest.Settings)},
		{"highest peak", plural(res.Highest.PeakUnits, "unit") + " with" + differing(res.Highest.Settings, res.Lowest.Settings)},
	})
	fmt.Fprintln(w)
	rows := [][]string{{"option", "changes the peak by up to", "peaks by value"}}
	for _, o := range res.Options {
		values := ""
		for i, v := range o.Values {
			if i > 0 {
				values += ", "
			}
			values += v.Value + " " + number(v.Lowest)
			if v.Highest > v.Lowest {
				values += "–" + number(v.Highest)
			}
		}
		rows = append(rows, []string{o.Name, number(o.Effect), values})
	}
	table(w, rows)
	fmt.Fprintln(w, "Each option is compared with all others equal; see highwater help readings.")
}

// differing lists the settings of a reading that another does not have.
func differing(own, other []engine.Setting) string {
	var list []engine.Setting
	for _, s := range own {
		if !slices.Contains(other, s) {
			list = append(list, s)
		}
	}
	if list == nil {
		return " every reading"
	}
	return changedText(list)
}
