package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"highwater/plots/report"
	"highwater/sim/attack/record"
	"highwater/sim/result/dossier"
	"highwater/sim/result/words"
	"highwater/sim/trace"
	"highwater/sim/trace/accesslog"

	"github.com/spf13/cobra"
)

// A replaying is a trace, or access logs, that a report reads several times.
type replaying struct {
	f     *reportFlags
	cmd   *cobra.Command
	std   stdio
	names []string
	open  opener
}

// replays makes the results of a trace, or of access logs with --from. An input
// that is open already is the first.
func (f *reportFlags) replays(cmd *cobra.Command, std stdio, args []string, open ...*twice) (*reported, error) {
	if err := f.checkReplay(cmd); err != nil {
		return nil, err
	}
	inputs := map[string]*twice{}
	for _, in := range open {
		inputs[in.name] = in
	}
	for _, name := range args[len(open):] {
		in, err := newTwice(cmd.Context(), std, name)
		if err != nil {
			return nil, err
		}
		defer in.end()
		inputs[name] = in
	}
	x := &replaying{f, cmd, std, args, func(name string, p *progress) (io.ReadCloser, error) {
		return inputs[name].opener(cmd.Context())(name, p)
	}}
	it, err := x.make()
	if err != nil {
		return nil, err
	}
	for _, name := range args {
		sum, err := inputs[name].sum()
		if err != nil {
			return nil, err
		}
		it.src.Files = append(it.src.Files, inputOf(name, sum))
	}
	if f.dossier == "" {
		return it, nil
	}
	for _, name := range args {
		data, err := inputs[name].data()
		if err != nil {
			return nil, err
		}
		it.inputs = append(it.inputs, record.File{Name: shown(name), Data: data})
	}
	return it, nil
}

// checkReplay looks at flags that do not fit a trace.
func (f *reportFlags) checkReplay(cmd *cobra.Command) error {
	switch name := firstGiven(cmd, append(simulating, "workers")...); {
	case name != "":
		return usagef("--%s is for scenarios, and this is replayed", name)
	case len(f.policies) > 1:
		return usagef("--policy must be one policy, not %q", strings.Join(f.policies, ","))
	case f.from != "" && f.lenient:
		return usagef("--lenient is for traces, and --from for access logs")
	case f.from == "" && f.logs.given(cmd) != "":
		return usagef("--%s is for access logs: give --from", f.logs.given(cmd))
	}
	f.logs.format = f.from
	return f.counting.check()
}

// inputOf names an input, and says what it was.
func inputOf(name string, sum []byte) report.Input {
	return report.Input{Name: filepath.Base(shown(name)), SHA256: hex.EncodeToString(sum)}
}

// data is the input as it is, compressed or not.
func (in *twice) data() ([]byte, error) {
	f, err := os.Open(in.file())
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, dossier.MaxInput+1))
	if err == nil && len(data) > dossier.MaxInput {
		return nil, &exitError{exitInvalid, fmt.Errorf("%s: an input must have at most %d MiB for a dossier, and has more", shown(in.name), dossier.MaxInput>>20)}
	}
	return data, err
}

// make replays the trace, explains its peak and counts it by all readings.
func (x *replaying) make() (*reported, error) {
	src := &report.Source{Name: filepath.Base(shown(x.names[0]))}
	if n := len(x.names); n > 1 {
		src.Name += " and " + words.Plural(n-1, "more log")
	}
	coarse := false
	err := x.read("reading", func(r trace.Reader, o trace.Options) (err error) {
		if log, ok := r.(*accesslog.Log); ok {
			src.Notes, coarse = logNotes(log.Report()), rereadable(nil, log.Report())
		}
		src.Replay, err = drawnReplay(r, o)
		return err
	})
	if err != nil {
		return nil, err
	}
	err = x.read("explaining the peak", func(r trace.Reader, o trace.Options) (err error) {
		src.Explanation, err = trace.Explain(r, o, trace.Moment{Which: trace.AtPeak, Units: src.Replay.Peak.Units})
		return err
	})
	if err != nil {
		return nil, err
	}
	src.Explanation.Version = version
	err = x.read("counting by all readings", func(r trace.Reader, o trace.Options) (err error) {
		src.Readings, err = replayReadings(r, o)
		return err
	})
	if err == nil && coarse && x.f.logs.jitter == 0 {
		src.Notes, err = x.addSpread(src.Notes)
	}
	return &reported{src: src, made: true}, err
}

// addSpread notes the other bound of logs with whole seconds.
func (x *replaying) addSpread(notes []string) ([]string, error) {
	flags, spread := *x.f, *x
	flags.logs.jitter, spread.f = 1, &flags
	err := spread.read("", func(r trace.Reader, o trace.Options) error {
		res, err := neededReplay(r, o)
		if err == nil {
			notes = append(notes, "Here the requests of a second come at once; spread evenly over it (--jitter 1), "+spreadText(res))
		}
		return err
	})
	return notes, err
}

// read reads the trace from its begin for somebody who reads it to the end.
func (x *replaying) read(doing string, work func(trace.Reader, trace.Options) error) error {
	if x.f.from != "" {
		log, err := x.f.logs.read(x.open, x.std, x.names, "--from", true)
		if err != nil {
			return err
		}
		h := log.Header()
		o, err := replayOptions(x.cmd, &x.f.counting, &h)
		if err != nil {
			return err
		}
		o.Name = shown(x.names[0])
		return work(log, o)
	}
	p := newProgress(x.std, x.f.study.quiet, doing)
	defer p.end()
	in, err := x.open(x.names[0], p)
	if err != nil {
		return err
	}
	defer in.Close()
	r := trace.NewJSONReader(shown(x.names[0]), in)
	h := r.Header()
	o, err := replayOptions(x.cmd, &x.f.counting, &h)
	if err != nil {
		return err
	}
	o.Name, o.Lenient = shown(x.names[0]), x.f.lenient
	err = work(r, o)
	var invalid *trace.LineError
	if errors.As(err, &invalid) {
		return &exitError{exitInvalid, withHint(err, traceHint(invalid, x.names[0]))}
	}
	return err
}

// logNotes say what was read of access logs.
func logNotes(r *accesslog.Report) []string {
	var b strings.Builder
	writeReport(&b, r)
	return strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
}

// remade replays the inputs of a dossier.
func (f *reportFlags) remade(ctx context.Context, cmd *cobra.Command, std stdio, d *dossier.Dossier) (*reported, error) {
	if err := f.checkReplay(cmd); err != nil {
		return nil, err
	}
	x := &replaying{f: f, cmd: cmd, std: std, open: inDossier(ctx, d)}
	var inputs []record.File
	for _, in := range d.Inputs {
		x.names = append(x.names, in.Name)
		data, err := d.Input(in.Name)
		if err != nil {
			return nil, err
		}
		inputs = append(inputs, record.File{Name: in.Name, Data: data})
	}
	it, err := x.make()
	if err != nil {
		return nil, err
	}
	it.inputs = inputs
	for _, in := range inputs {
		sum := sha256.Sum256(in.Data)
		it.src.Files = append(it.src.Files, inputOf(in.Name, sum[:]))
	}
	return it, nil
}

// inDossier opens the inputs of a dossier.
func inDossier(ctx context.Context, d *dossier.Dossier) opener {
	return func(name string, p *progress) (io.ReadCloser, error) {
		data, err := d.Input(name)
		if err != nil {
			return nil, err
		}
		return opened(ctx, name, io.NopCloser(bytes.NewReader(data)), int64(len(data)), p)
	}
}

// simulating are the flags of a report that are for scenarios alone.
var simulating = []string{"advise", "risk", "confidence", "reps", "seed"}

// remaking are the flags of a report on which its results depend.
func remaking() []string {
	var l logFlags
	l.flags(&cobra.Command{})
	return slices.Concat(simulating, []string{"policy", "units", "set", "from", "lenient"}, l.names)
}
