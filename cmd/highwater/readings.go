package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"highwater/engine"
	"highwater/scenario"
	"highwater/sim"
	"highwater/sim/result"
	"highwater/sim/result/words"
	"highwater/sim/sizing"
	"highwater/sim/trace"
)

// runReadings simulates replication 1 under every reading of the scenario's
// policy, without a limit, and all replications under those that matter. The
// result is nil when an interrupt left no answer. What is enough is so by the
// question's first risk.
func runReadings(ctx context.Context, std stdio, study *studyFlags, sc *scenario.Scenario, q *sizing.Question) (*result.Readings, error) {
	own := sc.License.Policy
	readings := engine.Readings(own.WithoutLimit())
	all := *sc
	all.License = scenario.License{Policy: readings[0].Policy}
	all.Compare = nil
	for _, r := range readings[1:] {
		all.Compare = append(all.Compare, r.Policy)
	}
	once := *study
	once.sim.Reps, once.budget = 1, 0
	res, err := simulate(ctx, std, &once, &all, "", false)
	if err != nil {
		return nil, err
	}
	peaks := make([]int, len(readings))
	for i := range res.Policies {
		peaks[i] = res.Policies[i].First.Peak.Units
	}
	counted := (&sim.Case{Scenario: sc, Policy: own, Units: sc.License.Units}).Counted()
	read := sizing.Readings(&counted, readings, peaks)
	read.Version, read.Scenario, read.Start, read.Duration, read.Seed = version, res.Scenario, &res.Start, res.Duration, res.Seed
	err = study.replicate(ctx, std, "simulating the lowest and the highest", func(limited context.Context, o sim.Options, _ *progress) (*result.Study, error) {
		read.Over, err = sizing.OverReplications(limited, sc, read, o, q)
		switch {
		case read.Over == nil:
			return new(result.Study), err // there is no answer
		case err != nil && ctx.Err() == nil:
			read.Over.EndedBy = result.OutOfBudget
		}
		return nil, err
	})
	if read.Over == nil {
		return nil, err
	}
	return read, err
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
	for events := []trace.Event(nil); ; {
		var end error
		events, end = batch(r, events[:0], o.Lenient)
		err := applyAll(replays, events, o.Lenient)
		if err == nil && end == io.EOF {
			break
		}
		if err = cmp.Or(err, end); err != nil {
			return nil, err
		}
	}
	peaks := make([]int, len(replays))
	end := engine.Time(0)
	for i, p := range replays {
		done := p.Finish()
		peaks[i], end = done.Peak.Units, done.End
	}
	counted := (&sim.Case{Policy: o.Policy, Units: o.Units}).Counted()
	read := sizing.Readings(&counted, readings, peaks)
	read.Version, read.Duration = version, end
	if start := replays[0].Epoch(); !start.IsZero() {
		read.Start = &start
	}
	return read, nil
}

// batchSize is how many events are read before the replays have them: each does
// many in a row, while its table is at hand.
const batchSize = 1024

// batch reads the next events. The error is what ends the trace.
func batch(r trace.Reader, events []trace.Event, lenient bool) ([]trace.Event, error) {
	for len(events) < batchSize {
		ev, err := r.Next()
		switch {
		case err == nil:
			events = append(events, *ev)
		case !skippable(err, lenient):
			return events, err
		}
	}
	return events, nil
}

// applyAll gives events to all replays, some of which go side by side. Each
// skips by itself what it may: a connection that was refused under one reading
// is open under another. The error is that of the first event that has one.
func applyAll(replays []*trace.Replay, events []trace.Event, lenient bool) error {
	failed := make([]error, len(replays))
	at := make([]int, len(replays))
	var next atomic.Int32
	var all sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(replays)) {
		all.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(replays); i = int(next.Add(1)) - 1 {
				at[i], failed[i] = applyEach(replays[i], events, lenient)
			}
		})
	}
	all.Wait()
	return failed[slices.Index(at, slices.Min(at))]
}

// applyEach gives events to a replay, up to the first that it may not skip.
func applyEach(p *trace.Replay, events []trace.Event, lenient bool) (int, error) {
	for i := range events {
		if err := p.Apply(&events[i]); err != nil && !skippable(err, lenient) {
			return i, err
		}
	}
	return len(events), nil
}

// skippable reports whether a line with this error may be skipped.
func skippable(err error, lenient bool) bool {
	_, invalid := err.(*trace.LineError)
	return invalid && lenient
}

func printReadings(std stdio, res *result.Readings, asJSON bool) error {
	return std.print(asJSON, res, func(w io.Writer) { writeReadings(w, res) })
}

// writeReadings tells a person how far the readings lie apart.
func writeReadings(w io.Writer, res *result.Readings) {
	fmt.Fprintf(w, "%s under %d readings of the documents, without a limit\n\n", res.Policy, res.Sets)
	paragraphs(w, [][2]string{
		{"lowest peak", words.Plural(res.Lowest.PeakUnits, "unit") + " with" + differing(res.Lowest.Settings, res.Highest.Settings)},
		{"highest peak", words.Plural(res.Highest.PeakUnits, "unit") + " with" + differing(res.Highest.Settings, res.Lowest.Settings)},
	})
	fmt.Fprintln(w)
	rows := [][]string{{"option", "changes the peak by up to", "peaks by value"}}
	for _, o := range res.Options {
		values := ""
		for i, v := range o.Values {
			if i > 0 {
				values += ", "
			}
			values += v.Value + " " + words.Number(v.Lowest)
			if v.Highest > v.Lowest {
				values += "–" + words.Number(v.Highest)
			}
		}
		rows = append(rows, []string{o.Name, words.Number(o.Effect), values})
	}
	table(w, rows)
	paragraph(w, "", "Each option is compared with all others equal; see highwater help readings. transition_short is not "+
		"among them: it matters only at a limit, and changes who is refused, not what is needed.")
	if res.Over != nil {
		fmt.Fprintln(w)
		writeReadingsOver(w, res.Over)
	}
}

// writeReadingsOver tells what the readings that matter need over all
// replications, with what each assumes.
func writeReadingsOver(w io.Writer, over *result.ReadingsOver) {
	heading := "over " + words.Plural(over.Replications, "replication")
	risk := words.Percent(over.Taken.Enough.Risk)
	rows := [][]string{{heading, "peak units", "enough at " + risk, "guaranteed"}}
	var with [][2]string
	for _, row := range []struct {
		name string
		need *result.ReadingNeed
		with string
	}{
		{"lowest reading", &over.Lowest, otherwise(over.Lowest.Settings, over.Taken.Settings)},
		{"reading taken", &over.Taken, changedText(over.Taken.Settings)},
		{"highest reading", &over.Highest, otherwise(over.Highest.Settings, over.Taken.Settings)},
		{"contract's count", &over.Contract, " any reading"},
	} {
		n := &row.need.Enough
		rows = append(rows, []string{row.name, words.Spread(row.need.PeakUnits), words.UnitsOr(n.Units, "–"), words.UnitsOr(n.Guaranteed, "–")})
		with = append(with, [2]string{row.name, strings.TrimSpace(row.with)})
	}
	table(w, rows)
	paragraphs(w, with)
	d := &over.Difference
	difference := pairedText(d)
	if d.Low != nil && *d.Low < *d.High {
		difference += ", the mean and its " + words.Percent(over.Confidence) + " interval"
	}
	fmt.Fprintf(w, "Highest less lowest: %s.\n", difference)
	if over.EndedBy == result.Interrupted {
		fmt.Fprintln(w, "PARTIAL: interrupted before all replications were done")
	}
	paragraph(w, "", fmt.Sprintf("Peaks: median (lowest–highest). Enough: keeps the risk of any refusal in a run at %s, by the runs and guaranteed "+
		"with %s confidence. Lowest and highest are those of replication 1, with what they have otherwise than the reading "+
		"taken. A request for units states its reading. The contract's count of people and devices is no reading of the rules "+
		"that are enforced.", risk, words.Percent(over.Confidence)))
	if n := &over.Taken.Enough; n.Guaranteed == nil {
		fmt.Fprintf(w, "A guarantee needs at least %s.\n", words.Plural(n.Wanted, "replication"))
	}
}

// otherwise is what a reading has otherwise than the one that is taken.
func otherwise(own, taken []engine.Setting) string {
	if slices.Equal(own, taken) {
		return "the reading taken"
	}
	return differing(own, taken)
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
