package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"highwater/engine"
	"highwater/sim/result"
	"highwater/sim/result/words"
	"highwater/sim/trace"

	"github.com/spf13/cobra"
)

const replayHelp = `How many license units would this trace or access log have needed?

Usage: highwater replay TRACE [flags]
       highwater replay --from FORMAT LOG... [flags]

Reads a trace (see highwater help trace) or access logs, counts the license
units of what happened, and prints the peak, who held units then, the first
refusal, and what would have been needed if the key refuses somebody. "-" is
standard input; .gz and .zst are read as they are.

Flags:
  --policy NAME       count by this policy (see highwater help policies)
  --units N           units of the key; 0 is unlimited
  --set OPTION=VALUE  change an option of the policy; may be repeated
  --json              print the result as JSON (see highwater help json)
  --drawn             with --json: units over time, too, in at most 600
                      stretches, and what else highwater report draws
  --series FILE       write each change as CSV: seconds, units, connections;
                      - instead of the answer
  --readings          instead: lowest and highest peak over all readings of
                      the documents (see highwater help readings)
  --lenient           skip lines of a trace that are not valid, and count them
  --from FORMAT       read access logs: auto, or a format of highwater import
                      and every other flag of highwater import but -o and
                      --format
  -q                  say nothing on standard error but errors

Without --policy, --units and --set a trace is counted as it was made.

Examples:
  highwater replay day.jsonl.gz --policy iris-2022.3 --units 100
  highwater replay day.jsonl --set anon_id=session --series use.csv
  highwater replay --from auto access.log --units 50

Exit codes: 0 counted, refusals or not; 2 usage; 4 the input is not valid;
130 interrupted.
See also: highwater import, highwater help rules
`

// replayFlags are the flags of replay but for those of counting and logs.
type replayFlags struct {
	json     bool
	lenient  bool
	readings bool
	drawn    bool
	series   string
	from     string
	quiet    bool
}

func newReplay(std stdio) *cobra.Command {
	var (
		c counting
		l logFlags
		f replayFlags
	)
	cmd := &cobra.Command{
		Use:   "replay TRACE",
		Short: "count a trace or an access log",
		Long:  replayHelp,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := c.check(); err != nil {
				return err
			}
			if f.readings && f.series != "" {
				return usagef("--readings and --series exclude each other")
			}
			if len(c.policies) > 1 {
				return usagef("--policy must be one policy, not %q", strings.Join(c.policies, ","))
			}
			if f.drawn && f.readings {
				return usagef("--drawn and --readings exclude each other")
			}
			if f.json && f.series == "-" {
				return usagef("--series - and --json both want standard output")
			}
			if f.from == "" {
				return replayTrace(cmd, std, args, &c, &l, &f)
			}
			if f.lenient {
				return usagef("--lenient is for traces, and --from for access logs")
			}
			return replayLogs(cmd, std, args, &c, &l, &f)
		},
	}
	c.flags(cmd)
	l.flags(cmd)
	cmd.Flags().BoolVar(&f.json, "json", false, "")
	cmd.Flags().BoolVar(&f.lenient, "lenient", false, "")
	cmd.Flags().BoolVar(&f.readings, "readings", false, "")
	cmd.Flags().BoolVar(&f.drawn, "drawn", false, "")
	cmd.Flags().StringVar(&f.series, "series", "", "")
	cmd.Flags().StringVar(&f.from, "from", "", "")
	cmd.Flags().BoolVarP(&f.quiet, "quiet", "q", false, "")
	return cmd
}

func replayTrace(cmd *cobra.Command, std stdio, args []string, c *counting, l *logFlags, f *replayFlags) error {
	if len(args) != 1 {
		return usagef("want one trace, not %d files", len(args))
	}
	if name := l.given(cmd); name != "" {
		return usagef("--%s is for access logs: give --from", name)
	}
	p := newProgress(std, f.quiet, "reading")
	defer p.end()
	in, err := openInput(cmd.Context(), std, args[0], p)
	if err != nil {
		return err
	}
	defer in.Close()
	name := shown(args[0])
	r := trace.NewJSONReader(name, in)
	h := r.Header()
	o, err := replayOptions(cmd, c, &h)
	if err != nil {
		return err
	}
	o.Name, o.Lenient = name, f.lenient
	err = answer(std, r, o, f)
	var invalid *trace.LineError
	if errors.As(err, &invalid) {
		return &exitError{exitInvalid, withHint(err, traceHint(invalid, args[0]))}
	}
	return err
}

// answer counts a trace, or compares its readings, and prints what came of it.
func answer(std stdio, r trace.Reader, o trace.Options, f *replayFlags) error {
	if f.readings {
		res, err := replayReadings(r, o)
		if err != nil {
			return err
		}
		return printReadings(std, res, f.json)
	}
	res, err := replay(std, r, o, f)
	if err != nil {
		return err
	}
	return printReplay(std, f, res, clock{o.Epoch})
}

// traceHint says what a file that is no trace may be.
func traceHint(err *trace.LineError, name string) string {
	switch {
	case err.Line != 1:
		return ""
	case strings.HasSuffix(name, ".yaml"), strings.HasSuffix(name, ".yml"):
		return "a scenario? see highwater run"
	case strings.HasPrefix(err.Msg, "not a JSON object"):
		return "an access log? see highwater replay --from"
	}
	return ""
}

// replayOptions takes policy, options and units from the flags, else from the
// trace's header.
func replayOptions(cmd *cobra.Command, c *counting, h *trace.Header) (trace.Options, error) {
	p, ok := engine.NamedPolicy(h.Policy)
	if len(c.policies) > 0 {
		p, ok = engine.NamedPolicy(c.policies[0])
	}
	if !ok {
		return trace.Options{}, fmt.Errorf("unknown policy %q", h.Policy)
	}
	for _, o := range h.Options {
		if err := p.Set(o.Name, o.Value); err != nil {
			return trace.Options{}, err
		}
	}
	if err := c.change(&p); err != nil {
		return trace.Options{}, err
	}
	units := p.DefaultUnits
	if h.HasUnits {
		units = h.Units
	}
	if cmd.Flags().Changed("units") {
		units = c.units
	}
	return trace.Options{Policy: p, Units: units, End: h.End, Epoch: h.Epoch}, nil
}

// replay counts a trace, and writes the series if one is wanted.
func replay(std stdio, r trace.Reader, o trace.Options, f *replayFlags) (res *result.Replay, err error) {
	count := trace.Run
	switch {
	case f.drawn && f.json:
		count = drawnReplay
	case !f.json:
		count = neededReplay
	}
	if f.series == "" {
		return count(r, o)
	}
	err = writeFile(std, f.series, func(w io.Writer) error {
		b := bufio.NewWriter(w)
		c := newSeriesWriter(b, "")
		o.Usage = c.write
		if res, err = count(r, o); err != nil {
			return err
		}
		return b.Flush()
	})
	return res, err
}

// A seriesWriter writes use over time as CSV: each change, from its instant on.
type seriesWriter struct {
	w    *bufio.Writer
	buf  []byte
	last string // cell of each row
}

// newSeriesWriter writes the head of a table, with a column for the schedule of
// an attack; "" is none.
func newSeriesWriter(w *bufio.Writer, schedule string) *seriesWriter {
	head, cell := scheduleColumn(schedule)
	_, _ = w.WriteString("seconds,units,connections" + head + "\n") // the error stays for Flush
	return &seriesWriter{w: w, last: cell}
}

func (s *seriesWriter) write(at engine.Time, units, connections int) {
	s.buf = at.AppendSeconds(s.buf[:0])
	s.buf = fmt.Appendf(s.buf, ",%d,%d%s\n", units, connections, s.last)
	_, _ = s.w.Write(s.buf)
}

func printReplay(std stdio, f *replayFlags, res *result.Replay, c clock) error {
	if f.series == "-" {
		return nil
	}
	return std.print(f.json, res, func(w io.Writer) { writeReplay(w, res, c) })
}

// writeReplay tells a person what came of a replay.
func writeReplay(w io.Writer, res *result.Replay, c clock) {
	fmt.Fprintf(w, "%s in %s, policy %s, %s\n\n", words.Plural(res.Events, "event"), words.Span(res.End),
		words.Policy(res.Policy, res.Options), keyText(res.Units, res.LimitOn))
	lines := [][2]string{
		{"peak", peakText(res.Peak, c) + ", " + words.Plural(res.PeakConnections, "connection") + " at most"},
	}
	switch n := res.Needed; {
	case n == nil:
	case res.LimitOn == engine.LimitConnections.String():
		lines = append(lines, [2]string{"needed", words.Plural(n.PeakConnections, "connection") + ", if nobody were refused"})
	default:
		lines = append(lines, [2]string{"needed", peakText(n.Peak, c) + ", if nobody were refused"})
	}
	lines = append(lines, [2]string{"mean", fmt.Sprintf("%.2f units", meanUnits(res))},
		[2]string{"admitted", words.Plural(res.Admitted, "connection")})
	if res.Uncharged > 0 {
		lines = append(lines, [2]string{"not counted", words.Plural(res.Uncharged, "connection")})
	}
	if res.Skipped != nil {
		lines = append(lines, [2]string{"skipped", words.Plural(*res.Skipped, "line") + " not valid"})
	}
	lines = append(lines, refusalLines(res.FirstRefusal, res.LimitOn, c)...)
	if res.Refused > 0 {
		lines = append(lines, [2]string{"refused", refusedText(res.Refused, res.RefusedByVia)})
	}
	labelled(w, lines)
	writeHolders(w, res)
	writeTransitions(w, res, c)
	for i, o := range res.OverContract {
		if i == 0 {
			fmt.Fprintf(w, "\nmore than %d connections, which the contract counts as one user\n", engine.ContractConnections)
		}
		fmt.Fprintf(w, "%s  %s\n", printable(o.LicenseUserID), words.Plural(o.Connections, "connection"))
	}
}

// spreadText is the peak of logs whose requests are spread over their second.
func spreadText(res *result.Replay) string {
	text := "the peak is " + words.Plural(res.Peak.Units, "unit")
	switch n := res.Needed; {
	case n == nil:
	case res.LimitOn == engine.LimitConnections.String():
		text += ", and " + words.Plural(n.PeakConnections, "connection") + " would have been needed"
	default:
		text += ", and " + words.Number(n.Peak.Units) + " would have been needed"
	}
	return text + "."
}

func meanUnits(res *result.Replay) float64 {
	if res.End == 0 {
		return 0
	}
	return res.UnitSeconds.Seconds() / res.End.Seconds()
}

func peakText(p engine.Peak, c clock) string {
	if p.Units == 0 {
		return "0 units: nothing was counted"
	}
	return words.Plural(p.Units, "unit") + " at " + c.at(p.At)
}

// keyText says how large a key is, and what it limits.
func keyText(units int, noun string) string {
	if units == 0 {
		return "unlimited key"
	}
	return "key of " + words.Plural(units, strings.TrimSuffix(noun, "s"))
}

func changedText(options []engine.Setting) string {
	s := ""
	for _, o := range options {
		s += " " + o.Name + "=" + o.Value
	}
	return s
}

// refusalLines tell when the limit was met first, who met it and what it saw.
func refusalLines(f *result.Refusal, limitOn string, c clock) [][2]string {
	if f == nil {
		return [][2]string{{"first refusal", "none"}}
	}
	who := f.Via
	if f.LicenseUserID != "" {
		who += " " + printable(f.LicenseUserID)
	}
	what := fmt.Sprintf("needed %s with %s in use", words.Plural(f.Needed, "unit"), words.Number(f.InUse))
	switch {
	case f.Reason == engine.DiagnosticTaken.String():
		what = "is open already"
	case f.Reason == engine.ConnectionLimitReached.String():
		what = "has as many connections as SetConnectionLimit allows"
	case f.Needed > 1 && limitOn == engine.LimitUnits.String(): // it shared one unit with the others
		what += fmt.Sprintf(", as connection %s of that license user ID, each of which takes one then", words.Number(f.Needed+1))
	case limitOn == engine.LimitConnections.String():
		what = "is one connection more than the " + words.Number(f.Connections) + " that are open"
	}
	return [][2]string{
		{"first refusal", fmt.Sprintf("%s, %s %s (%s)", c.at(f.At), who, what, f.Reason)},
		{"client sees", f.ClientSees},
	}
}

func refusedText(refused int64, byVia map[string]int64) string {
	var parts []string
	for _, via := range slices.Sorted(maps.Keys(byVia)) {
		parts = append(parts, via+" "+words.Number(byVia[via]))
	}
	return words.Plural(refused, "attempt") + ": " + strings.Join(parts, ", ")
}

func writeHolders(w io.Writer, res *result.Replay) {
	if len(res.Top) == 0 {
		return
	}
	fmt.Fprintln(w)
	rows := [][]string{{"license user ID at the peak", "units", "connections", "unit-seconds in all"}}
	for _, h := range res.Top {
		rows = append(rows, []string{printable(h.LicenseUserID), words.Number(h.UnitsAtPeak), words.Number(h.ConnectionsAtPeak),
			fmt.Sprintf("%.1f", h.UnitSeconds.Seconds())})
	}
	table(w, rows)
}

// mostTransitions is how many transitions a person is shown.
const mostTransitions = 10

func writeTransitions(w io.Writer, res *result.Replay, c clock) {
	if len(res.Transitions) == 0 {
		return
	}
	fmt.Fprintf(w, "\n%s to one unit per connection\n", words.Plural(len(res.Transitions), "transition"))
	var rows [][]string
	for i, t := range res.Transitions {
		if i == mostTransitions {
			rows = append(rows, []string{fmt.Sprintf("and %s more", words.Number(len(res.Transitions)-i))})
			break
		}
		rows = append(rows, []string{c.at(t.At), printable(t.LicenseUserID), words.Plural(t.Connections, "connection")})
	}
	table(w, rows)
}
