package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"

	"highwater/scenario"
	"highwater/sim/result"
)

// A notice is what a gate tells a pipeline: a verdict, or why there is none.
type notice struct {
	word  result.Judgement
	about string // the scenario, or what was judged
	lines []gateLine
	notes []string
}

// A gateLine is a figure of a gate, or what is wrong.
type gateLine struct {
	group, name string
	verdict     result.Judgement
	text        string
	at          *scenario.Pos // where the scenario asks for it; nil of a baseline
}

// Words of a gate that came to no verdict.
const (
	invalid result.Judgement = "invalid" // an input is
	broken  result.Judgement = "interrupted"
	failed  result.Judgement = "failed"
)

// isProblem reports whether a line is shown to those who look for what is
// wrong.
func (l *gateLine) isProblem() bool { return l.verdict != result.Pass && l.verdict != result.Skipped }

// level is how GitHub and SARIF call it.
func (l *gateLine) level() string {
	if l.verdict == result.CannotTell {
		return "warning"
	}
	return "error"
}

// noticeOf is the notice of a gate that has judged.
func noticeOf(g *result.Gate) *notice {
	o := &notice{word: g.Verdict, about: cmp.Or(g.Name, g.Of), lines: gateLines(g), notes: g.Notes}
	if g.Baseline != nil {
		o.notes = append(o.notes[:len(o.notes):len(o.notes)], g.Baseline.Changes...)
	}
	return o
}

// noticeWithout is the notice of a gate that came to no verdict: each mistake
// in a scenario at its place, anything else at the begin of the first file.
func noticeWithout(ctx context.Context, err error, name string) *notice {
	o := &notice{word: failed, about: shown(name)}
	var x *exitError
	var list scenario.Errors
	switch {
	case ctx.Err() != nil && errors.Is(err, ctx.Err()):
		o.word, err = broken, errors.New("interrupted before there was a verdict")
	case errors.As(err, &x) && x.code == exitInvalid:
		o.word = invalid
	}
	if errors.As(err, &list) {
		for _, e := range list {
			text := e.Msg
			if e.Path != "" {
				text = e.Path + ": " + text
			}
			if e.Hint != "" {
				text += "; " + e.Hint
			}
			o.lines = append(o.lines, gateLine{"scenario", fmt.Sprintf("line %d, column %d", e.Pos.Line, e.Pos.Column), o.word, text, &e.Pos})
		}
		return o
	}
	l := gateLine{group: "gate", name: "there is a verdict", verdict: o.word, text: err.Error()}
	if name != "-" {
		l.at = &scenario.Pos{File: name, Line: 1, Column: 1}
	}
	o.lines = []gateLine{l}
	return o
}

// tell writes the files and annotations that pipelines read. It writes all that
// it can, so that none of an earlier gate is left, and returns the first error.
func (f *gateFlags) tell(std stdio, o *notice) (first error) {
	for _, file := range []struct {
		name  string
		write func(io.Writer, *notice) error
	}{{f.junit, writeJUnit}, {f.sarif, writeSARIF}, {f.badge, writeBadge}} {
		if file.name == "" {
			continue
		}
		if err := writeFile(std, file.name, func(w io.Writer) error { return file.write(w, o) }); err != nil && first == nil {
			first = err
		}
	}
	return first
}

// withoutVerdict tells why there is no verdict, and returns that.
func (f *gateFlags) withoutVerdict(ctx context.Context, std stdio, err error, name string) error {
	o := noticeWithout(ctx, err, name)
	other := f.tell(std, o)
	if f.github {
		writeAnnotations(std.out, o)
		other = cmp.Or(other, appendSummary(std, o))
	}
	if other != nil {
		fmt.Fprintf(std.err, "highwater: %v\n", other)
	}
	return err
}
