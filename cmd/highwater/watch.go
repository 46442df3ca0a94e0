package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"highwater/sim/result"

	"github.com/spf13/cobra"
)

const watchHelp = `What do my changes to a scenario do?

Usage: highwater watch FILE [flags]

Simulates a scenario and draws what it needs, and does so again each time that
the file is saved, or a file that it names. A save ends what is still being
simulated. All mistakes of the file are listed; the last chart without any
stays above them. On a terminal the first replication is drawn at once and
everything in its place; elsewhere each answer is printed below the last one,
and mistakes go to standard error. Ctrl-C ends it.

Flags:
  --reps N             replications (the scenario's reps, else 200)
  --seed N             seed (the scenario's)
  --policy NAME[,...]  count by these policies instead of the scenario's
  --units N            units of the key; 0 is unlimited
  --set OPTION=VALUE   change an option of every policy; may be repeated
  --chart=HOW          auto (as the terminal can), braille or ascii (auto)
  --workers N          processors to use; the result is the same
  -q                   no progress

Examples:
  highwater watch clinic.yaml
  highwater watch clinic.yaml --reps 20 --policy iris-2022.3,contract

Exit codes: 0 ended by Ctrl-C; 1 FILE cannot be read at the start; 2 usage.
See also: highwater init, highwater run, highwater help scenario
`

func newWatch(std stdio) *cobra.Command {
	var (
		w     watcher
		chart chartFlag
	)
	cmd := &cobra.Command{
		Use:   "watch FILE",
		Short: "simulate a scenario each time that it is saved",
		Long:  watchHelp,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 || args[0] == "-" {
				return usagef("want one file")
			}
			if err := w.study.check(cmd, &w.counting, args); err != nil {
				return err
			}
			con, err := chart.console(std)
			if err != nil {
				return err
			}
			w.cmd, w.std, w.file, w.screen = cmd, std, args[0], screen{console: con, file: args[0]}
			return w.watch(cmd.Context())
		},
	}
	w.counting.flags(cmd)
	w.study.wholeFlags(cmd)
	chart.flag(cmd)
	return cmd
}

// A watcher simulates a scenario each time that one of its files changes.
type watcher struct {
	counting
	study  studyFlags
	cmd    *cobra.Command
	std    stdio
	file   string
	screen screen

	names       []string // of all files as the last scenario without mistakes names them
	fingerprint string   // of the scenario that is shown or simulated; "" when that has mistakes
}

// pollEvery is how often the files are looked at. A change is taken when it has
// stayed as it is for so long, so that no half of a file is read.
const pollEvery = 100 * time.Millisecond

// An outcome is what a simulation came to.
type outcome struct {
	loaded *loaded
	res    *result.Simulation
	err    error
}

// watch goes on until the context ends, which is no error.
func (w *watcher) watch(ctx context.Context) error {
	w.names = []string{w.file}
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	seen := w.look()
	job, err := w.begin(ctx, nil)
	if err != nil && !isInvalid(err) {
		return err
	}
	w.tell(err)
	before := seen
	for {
		select {
		case <-ctx.Done():
			job.stop()
			return nil
		case o, more := <-job.outcomes():
			switch {
			case !more:
				job.stop()
				job = nil
			case ctx.Err() == nil:
				w.show(&o)
			}
		case <-tick.C:
			now := w.look()
			settled := now.same(before)
			before = now
			if !settled || now.same(seen) {
				continue
			}
			seen = now
			job, err = w.begin(ctx, job)
			w.tell(err)
		}
	}
}

func isInvalid(err error) bool {
	var x *exitError
	return errors.As(err, &x) && x.code == exitInvalid
}

// A job is a simulation that runs. A nil job has nothing to say.
type job struct {
	cancel context.CancelFunc
	out    chan outcome
}

func (j *job) outcomes() <-chan outcome {
	if j == nil {
		return nil
	}
	return j.out
}

// stop ends the job and waits for its end.
func (j *job) stop() {
	if j != nil {
		j.cancel()
		for range j.out {
		}
	}
}

// begin reads the scenario and simulates it, unless the job before is about the
// same bytes; otherwise that ends.
func (w *watcher) begin(ctx context.Context, before *job) (*job, error) {
	l, err := w.loaded(w.cmd, w.std, []string{w.file})
	if err == nil && l.fingerprint == w.fingerprint {
		return before, nil
	}
	before.stop()
	w.fingerprint = ""
	if err != nil {
		return nil, err
	}
	w.fingerprint = l.fingerprint
	w.names = []string{w.file}
	for _, f := range l.files[1:] {
		w.names = append(w.names, filepath.Join(filepath.Dir(w.file), f.Name))
	}
	limited, cancel := context.WithCancel(ctx)
	j := &job{cancel, make(chan outcome)}
	go func() {
		defer close(j.out)
		for _, reps := range w.stages() {
			study := w.study
			study.sim.Reps = reps
			o := outcome{loaded: l}
			o.res, o.err = simulate(limited, w.std, &study, l.scenario, "", false)
			if limited.Err() != nil {
				return
			}
			select {
			case j.out <- o:
			case <-limited.Done():
				return
			}
		}
	}()
	return j, nil
}

// stages are the numbers of replications after which something is shown: on a
// screen the chart, which is of the first, need not wait for the others.
func (w *watcher) stages() []int {
	if w.screen.console.drawn() && w.study.sim.Reps != 1 {
		return []int{1, w.study.sim.Reps}
	}
	return []int{w.study.sim.Reps}
}

// show prints an outcome.
func (w *watcher) show(o *outcome) {
	if o.err != nil {
		w.tell(o.err)
		return
	}
	w.screen.good(o.loaded.scenario, o.res)
	fmt.Fprint(w.std.out, w.screen.frame())
}

// tell prints what is wrong, if something is.
func (w *watcher) tell(err error) {
	if err == nil {
		return
	}
	var b bytes.Buffer
	if isInvalid(err) {
		var x *exitError
		errors.As(err, &x)
		printInvalid(&b, x.err)
	} else {
		printFailure(&b, err)
	}
	if !w.screen.console.drawn() {
		fmt.Fprint(w.std.err, b.String())
		return
	}
	w.screen.bad(b.String())
	fmt.Fprint(w.std.out, w.screen.frame())
}

// stamps are what is known of some files without reading them; nil is of one
// that is not there.
type stamps []os.FileInfo

// look looks at all files.
func (w *watcher) look() stamps {
	list := make(stamps, len(w.names))
	for i, name := range w.names {
		if info, err := os.Stat(name); err == nil {
			list[i] = info
		}
	}
	return list
}

// same reports whether nothing has changed.
func (s stamps) same(t stamps) bool {
	if len(s) != len(t) {
		return false
	}
	for i, a := range s {
		b := t[i]
		if (a == nil) != (b == nil) {
			return false
		}
		if a != nil && (!os.SameFile(a, b) || a.Size() != b.Size() || !a.ModTime().Equal(b.ModTime())) {
			return false
		}
	}
	return true
}
