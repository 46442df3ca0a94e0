package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"highwater/sim/attack/record"

	"github.com/spf13/cobra"
)

const recordHelp = `What is in the record of an attack, and is it whole?

Usage: highwater attack log RECORD [flags]

Reads what highwater attack --record wrote, up to the last whole block, and says
what is missing after it. "-" is standard input.

Flags:
  --to FORMAT   write each attempt to standard output instead: jsonl, or
                vegeta-json, vegeta-gob or vegeta-csv, which vegeta report and
                vegeta plot read

Examples:
  highwater attack log a.rec
  highwater attack log a.rec --to vegeta-gob > a.gob

Exit codes: 0 read; 1 it cannot be read; 2 usage; 4 it is no record; 5 something
is missing at its end.
See also: highwater attack
`

func newAttackLog(std stdio) *cobra.Command {
	var to string
	cmd := &cobra.Command{
		Use:   "log RECORD",
		Short: "read the record of an attack",
		Long:  recordHelp,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usagef("want one record, not %d files", len(args))
			}
			if to != "" && !slices.Contains(record.Formats, to) {
				return usagef("--to must be one of %s, not %q", strings.Join(record.Formats, ", "), to)
			}
			return readRecord(cmd.Context(), std, args[0], to)
		},
	}
	cmd.Flags().StringVar(&to, "to", "", "")
	return cmd
}

func readRecord(ctx context.Context, std stdio, name, to string) error {
	in := std.in
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return err
		}
		defer f.Close()
		in = f
	}
	in = &interruptible{ctx, in}
	r, err := record.NewReader(bufio.NewReaderSize(in, 256<<10))
	if err != nil {
		return recordError(ctx, name, err)
	}
	w := bufio.NewWriter(std.out)
	if to == "" {
		err = summarizeRecord(w, r)
	} else {
		err = record.Convert(w, r, to)
	}
	if flushErr := w.Flush(); err == nil {
		err = flushErr
	}
	if err != nil {
		return recordError(ctx, name, err)
	}
	if missing := r.Missing(); missing != "" {
		return &exitError{exitInconclusive, fmt.Errorf("%s: %s", shown(name), missing)}
	}
	return nil
}

func recordError(ctx context.Context, name string, err error) error {
	var path *os.PathError
	if ctx.Err() != nil || errors.As(err, &path) {
		return err
	}
	return &exitError{exitInvalid, fmt.Errorf("%s: %w", shown(name), err)}
}

// summarizeRecord says what a record has.
func summarizeRecord(w io.Writer, r *record.Reader) error {
	var outcomes [len(record.Outcomes)]int64
	first, last := int64(0), time.Duration(0)
	for {
		var e record.Entry
		err := r.Next(&e)
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		outcomes[e.Outcome]++
		last = max(last, e.Done)
		if e.Attempt == 0 {
			first++
		}
	}
	h := r.Header()
	fmt.Fprintf(w, "%s: %s of %s planned requests, to %s\n", printable(h.Scenario), number(first), number(h.Requests), printable(h.Target))
	ended := "no end"
	if e := r.End(); e != nil {
		ended = "the plan was done"
		if e.Reason != "" {
			ended = printable(e.Reason)
		}
	}
	var parts []string
	for i, n := range outcomes {
		parts = append(parts, number(n)+" "+record.Outcomes[i])
	}
	labelled(w, [][2]string{
		{"schedule", h.Schedule}, {"seed", fmt.Sprintf("%d, replication %d", h.Seed, h.Replication)},
		{"started", h.Start.UTC().Format(time.RFC3339)}, {"lasted", last.Round(time.Millisecond).String()},
		{"attempts", number(r.Entries()) + ": " + strings.Join(parts, ", ")}, {"ended", ended},
	})
	return nil
}
