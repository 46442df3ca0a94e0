package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"highwater/sim/attack/curves"
	"highwater/sim/attack/record"
	"highwater/sim/result"
	"highwater/sim/result/words"

	"github.com/spf13/cobra"
)

const recordHelp = `What is in the record of an attack, and is it whole?

Usage: highwater attack log RECORD [flags]

Reads what highwater attack --record wrote, up to the last whole block, and says
what is missing after it. "-" is standard input. The units that were predicted,
those by the instants at which the requests were sent, and those that the target
reported are computed anew from what is in the record.

Flags:
  --out DIR     write attack.png, attack.svg, result.json and CSV tables
  --max-divergence N
                exit with 3 when the target reported more than so many units
                outside of the uncertainty, or answered so many attempts
                otherwise; N% of the peak and of the refusals as run
  --json        print the curves as JSON
  --to FORMAT   write each attempt to standard output instead: jsonl, or
                vegeta-json, vegeta-gob or vegeta-csv, which vegeta report and
                vegeta plot read; or trace, the events as run, which highwater
                replay and explain read

Examples:
  highwater attack log a.rec
  highwater attack log a.rec --to vegeta-gob > a.gob
  highwater report a.rec -o a.html

Exit codes: 0 read; 1 it cannot be read; 2 usage; 3 the units diverge; 4 it is no
record; 5 something is missing at its end, or the units cannot be compared.
See also: highwater attack, highwater report
`

// recordFlags are the flags of attack log.
type recordFlags struct {
	to, out, divergence string
	json                bool
	limit               curves.Limit
}

func newAttackLog(std stdio) *cobra.Command {
	var f recordFlags
	cmd := &cobra.Command{
		Use:   "log RECORD",
		Short: "read the record of an attack",
		Long:  recordHelp,
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if len(args) != 1 {
				return usagef("want one record, not %d files", len(args))
			}
			if f.to != "" && f.to != asTrace && !slices.Contains(record.Formats, f.to) {
				return usagef("--to must be one of %s, %s, not %q%s", asTrace, strings.Join(record.Formats, ", "), f.to, meant(f.to, append(record.Formats, asTrace)))
			}
			if other := firstGiven(cmd, "out", "max-divergence", "json"); f.to != "" && other != "" {
				return usagef("--to and --%s exclude each other", other)
			}
			if f.limit, err = parseLimit(f.divergence); err != nil {
				return err
			}
			return readRecord(cmd.Context(), std, args[0], &f)
		},
	}
	cmd.Flags().StringVar(&f.to, "to", "", "")
	cmd.Flags().StringVar(&f.out, "out", "", "")
	cmd.Flags().StringVar(&f.divergence, "max-divergence", "", "")
	cmd.Flags().BoolVar(&f.json, "json", false, "")
	return cmd
}

func readRecord(ctx context.Context, std stdio, name string, f *recordFlags) error {
	in, err := openRecord(ctx, std, name)
	if err != nil {
		return err
	}
	defer in.Close()
	r, err := newReader(ctx, in)
	if err != nil {
		return recordError(ctx, name, err)
	}
	w := bufio.NewWriter(std.out)
	var res *result.Curves
	switch {
	case f.to == asTrace:
		err = errors.Join(summarizeRecord(io.Discard, r), f.trace(ctx, in, w))
	case f.to != "":
		err = record.Convert(w, r, f.to, func() (*record.Reader, error) {
			if _, err := in.Seek(0, io.SeekStart); err != nil {
				return nil, err
			}
			return newReader(ctx, in)
		})
	case f.json:
		err = summarizeRecord(io.Discard, r)
	default:
		err = summarizeRecord(w, r)
	}
	if err == nil && f.to == "" {
		if _, err = in.Seek(0, io.SeekStart); err == nil {
			res, err = f.curves(ctx, std, in, w)
		}
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
	return curvesError(res)
}

func newReader(ctx context.Context, in io.Reader) (*record.Reader, error) {
	return record.NewReader(bufio.NewReaderSize(&interruptible{ctx, in}, 256<<10))
}

// asTrace is the form of a record that highwater replay reads.
const asTrace = "trace"

// trace writes the events of the curve as run.
func (f *recordFlags) trace(ctx context.Context, in io.ReadSeeker, w io.Writer) error {
	if _, err := in.Seek(0, io.SeekStart); err != nil {
		return err
	}
	l, err := readLog(ctx, &interruptible{ctx, in})
	if err != nil {
		return err
	}
	return l.Trace(w)
}

// mostPiped is how long a record may be that comes by standard input, in bytes:
// it is read twice, and kept in memory until then.
const mostPiped = 512 << 20

// openRecord opens a record that is read twice.
func openRecord(ctx context.Context, std stdio, name string) (io.ReadSeekCloser, error) {
	if name != "-" {
		return os.Open(name)
	}
	piped := abandonable(ctx, std.in)
	defer piped.Close()
	data, err := io.ReadAll(io.LimitReader(piped, mostPiped+1))
	if err == nil && len(data) > mostPiped {
		err = &exitError{exitInvalid, fmt.Errorf("%s: a record must have at most %d MiB there, and has more", shown(name), mostPiped>>20)}
	}
	return readBytes{bytes.NewReader(data)}, err
}

// readBytes needs no closing.
type readBytes struct{ *bytes.Reader }

func (readBytes) Close() error { return nil }

// curves computes and prints the curves of a record.
func (f *recordFlags) curves(ctx context.Context, std stdio, in io.Reader, w io.Writer) (*result.Curves, error) {
	l, err := readLog(ctx, &interruptible{ctx, in})
	if errors.Is(err, curves.ErrTooMany) {
		fmt.Fprintln(w, "note:", err)
		if f.limit.Set {
			return nil, &exitError{exitInconclusive, fmt.Errorf("inconclusive: %w", err)}
		}
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	res, err := curves.Compare(ctx, l, f.limit)
	if err != nil {
		return nil, err
	}
	res.Schedule, res.Why = l.Header.Schedule, curvesWhy(res)
	if f.json {
		err = writeJSON(w, res)
	} else {
		writeCurves(w, res, clock{l.Header.Epoch})
	}
	if err != nil || f.out == "" {
		return res, err
	}
	return res, writeCurveFiles(std, f.out, l, res, res)
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
	var ledger record.Ledger
	attempts, last := int64(0), time.Duration(0)
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
		if e.Outcome != record.Impatient {
			attempts++
		}
		ledger.Add(&e)
	}
	h := r.Header()
	fmt.Fprintf(w, "%s: %s of %s planned requests, to %s\n", printable(h.Scenario), words.Number(ledger.Sent), words.Number(h.Requests), printable(h.Target))
	ended := "no end"
	if e := r.End(); e != nil {
		ended = "the plan was done"
		if e.Reason != "" {
			ended = printable(e.Reason)
		}
	}
	var parts []string
	for i, n := range outcomes {
		if n > 0 || i != int(record.Impatient) { // which only proxies with a cap bring
			parts = append(parts, words.Number(n)+" "+record.Outcomes[i])
		}
	}
	labelled(w, append(recordedRequests(r, &ledger, attempts), [][2]string{
		{"schedule", h.Schedule}, {"seed", fmt.Sprintf("%d, replication %d", h.Seed, h.Replication)},
		{"started", h.Start.UTC().Format(time.RFC3339)}, {"lasted", last.Round(time.Millisecond).String()},
		{"attempts", words.Number(r.Entries()) + ": " + strings.Join(parts, ", ")}, {"ended", ended},
	}...))
	return nil
}

// recordedRequests are the lines on what became of the planned requests.
func recordedRequests(r *record.Reader, l *record.Ledger, attempts int64) [][2]string {
	lines := [][2]string{{"sent", fmt.Sprintf("%s, each counted once, and %s", words.Plural(l.Sent, "request"), retries(attempts-l.Sent))}}
	if left := int64(r.Header().Requests) - l.Sent; left > 0 {
		why := "whose users gave up after a refusal or a wait"
		if r.End() == nil || r.End().Reason != "" {
			why += ", or that were yet to come when it ended"
		}
		lines = append(lines, [2]string{"not sent", words.Plural(left, "request") + " " + why})
	}
	return lines
}
