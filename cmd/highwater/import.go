package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"highwater/engine"
	"highwater/sim/result/words"
	"highwater/sim/trace"
	"highwater/sim/trace/accesslog"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

const importHelp = `What did the callers in these access logs do, as a trace?

Usage: highwater import LOG... -o trace.jsonl [flags]

Reads access logs of web servers and balancers, puts their lines in order, and
writes a trace for highwater replay. What is not a line of a log is counted
and reported. "-" is standard input; .gz and .zst are read as they are.

Flags:
  -o FILE            the trace; - or nothing is standard output
  --format NAME      %s
  --log-format TEXT  a log_format of nginx or a LogFormat of Apache
  --view VIEW        rest: each request is a call (the default);
                     csp: web sessions by inactivity, pages without assets;
                     a log-out ends its session and is no page
  --id WHERE         who a caller is: anything (the policy decides), user,
                     session, forwarded, address
  --cookie NAME      the session cookie (CSPSESSIONID*)
  --timeout TIME     csp: inactivity that ends a session (15m)
  --all-pages        csp: every request is a page, assets too
  --agents           csp: another user agent is another session
  --only PREFIX      take only paths that begin so; may be repeated
  --except PREFIX    leave out paths that begin so; may be repeated
  --soap PREFIX      paths of web services, counted as SOAP; may be repeated
  --time-unit UNIT   s, ms, us or ns: of the time a request took
  --time-is MOMENT   start or end: what the written time means
  --zone NAME        time zone of logs that have none (UTC)
  --jitter SEED      spread whole seconds evenly over their second
  -q                 do not report what was read

Exit codes: 0 written; 2 usage; 4 no line of a log; 130 interrupted.
See also: highwater replay --from, highwater help trace
`

// logFlags say how to read access logs.
type logFlags struct {
	format, logFormat, view, id string
	cookie, unit, moment, zone  string
	timeout                     time.Duration
	allPages, agents            bool
	only, except, soap          []string
	jitter                      uint64

	names  []string // of the flags
	others []string // what the format may be besides, which the command reads itself
}

func (l *logFlags) flags(cmd *cobra.Command) {
	f := pflag.NewFlagSet("", pflag.ContinueOnError)
	f.StringVar(&l.logFormat, "log-format", "", "")
	f.StringVar(&l.view, "view", "rest", "")
	f.StringVar(&l.id, "id", "anything", "")
	f.StringVar(&l.cookie, "cookie", "", "")
	f.DurationVar(&l.timeout, "timeout", 0, "")
	f.BoolVar(&l.allPages, "all-pages", false, "")
	f.BoolVar(&l.agents, "agents", false, "")
	f.StringArrayVar(&l.only, "only", nil, "")
	f.StringArrayVar(&l.except, "except", nil, "")
	f.StringArrayVar(&l.soap, "soap", nil, "")
	f.StringVar(&l.unit, "time-unit", "", "")
	f.StringVar(&l.moment, "time-is", "", "")
	f.StringVar(&l.zone, "zone", "", "")
	f.Uint64Var(&l.jitter, "jitter", 0, "")
	f.VisitAll(func(f *pflag.Flag) { l.names = append(l.names, f.Name) })
	cmd.Flags().AddFlagSet(f)
}

// given is the name of a flag that was given, "" when none was.
func (l *logFlags) given(cmd *cobra.Command) string { return firstGiven(cmd, l.names...) }

// options checks the flags.
func (l *logFlags) options(formatFlag string) (o accesslog.Options, err error) {
	o = accesslog.Options{
		LogFormat: l.logFormat, Cookie: l.cookie, Timeout: engine.Time(l.timeout.Microseconds()), Agents: l.agents,
		AllPages: l.allPages, Only: l.only, Except: l.except, SOAP: l.soap, Jitter: l.jitter,
	}
	if l.format != "" && l.format != "auto" {
		o.Format = l.format
	}
	if !knownFormat(o.Format) {
		names := append(formatNames(), l.others...)
		return o, usagef("%s must be auto or one of %s, not %q%s", formatFlag, strings.Join(names, ", "), l.format, meant(l.format, names))
	}
	if o.Format != "" && l.logFormat != "" {
		return o, usagef("--log-format and %s %s exclude each other", formatFlag, l.format)
	}
	if l.timeout < 0 {
		return o, usagef("--timeout must be > 0, not %v", l.timeout)
	}
	if err := l.contradiction(); err != nil {
		return o, err
	}
	var ok bool
	if o.View, ok = accesslog.ParseView(l.view); !ok {
		return o, usagef("--view must be rest or csp, not %q", l.view)
	}
	if o.ID, ok = accesslog.ParseID(l.id); !ok {
		return o, usagef("--id must be anything, user, session, forwarded or address, not %q", l.id)
	}
	if o.Unit, ok = accesslog.ParseUnit(l.unit); !ok && l.unit != "" {
		return o, usagef("--time-unit must be s, ms, us or ns, not %q", l.unit)
	}
	if o.Stamp, ok = accesslog.ParseStamp(l.moment); !ok && l.moment != "" {
		return o, usagef("--time-is must be start or end, not %q", l.moment)
	}
	if l.zone != "" {
		if o.Location, err = time.LoadLocation(l.zone); err != nil {
			return o, usagef("--zone must be a time zone such as Europe/Berlin, not %q", l.zone)
		}
	}
	// What is wrong with nothing to read is wrong with the options.
	_, err = accesslog.Import([]accesslog.Source{{R: strings.NewReader("")}}, o)
	if err != nil && !errors.Is(err, accesslog.ErrNoLog) {
		return o, usagef("%w", err)
	}
	return o, nil
}

// contradiction finds flags that are for the other view.
func (l *logFlags) contradiction() error {
	for _, f := range []struct {
		name, view string
		given      bool
	}{
		{"timeout", "csp", l.timeout != 0},
		{"all-pages", "csp", l.allPages},
		{"agents", "csp", l.agents},
		{"soap", "rest", l.soap != nil},
	} {
		if f.given && f.view != l.view {
			return usagef("--%s is for --view %s, not --view %s", f.name, f.view, l.view)
		}
	}
	if l.cookie != "" && l.view == "rest" && l.id != "session" {
		return usagef("--cookie is for --view csp or --id session, not --view rest and --id %s", l.id)
	}
	return nil
}

func formatNames() []string {
	var names []string
	for _, f := range accesslog.Formats() {
		names = append(names, f.Name)
	}
	return names
}

func knownFormat(name string) bool {
	return name == "" || slices.Contains(formatNames(), name)
}

func newImport(std stdio) *cobra.Command {
	var (
		l     logFlags
		out   string
		quiet bool
	)
	cmd := &cobra.Command{
		Use:   "import LOG...",
		Short: "turn access logs into a trace",
		Long:  fmt.Sprintf(importHelp, wrapped("auto, "+strings.Join(formatNames(), ", "), 57, strings.Repeat(" ", 21))),
		RunE: func(cmd *cobra.Command, args []string) error {
			log, err := importLogs(cmd, std, args, &l, "--format", quiet)
			if err != nil {
				return err
			}
			h := log.Header()
			return writeFile(std, out, func(w io.Writer) error {
				t := trace.NewWriter(w, &h)
				for {
					ev, err := log.Next()
					if err == io.EOF {
						return t.Flush()
					}
					if err != nil {
						return err
					}
					t.Write(ev)
				}
			})
		},
	}
	l.flags(cmd)
	cmd.Flags().StringVar(&l.format, "format", "auto", "")
	cmd.Flags().StringVarP(&out, "output", "o", "-", "")
	cmd.Flags().BoolVarP(&quiet, "quiet", "q", false, "")
	return cmd
}

// wrapped breaks a list after commas into lines of at most so many
// characters.
func wrapped(list string, width int, indent string) string {
	var b strings.Builder
	line := 0
	for i, word := range strings.Split(list, " ") {
		if i > 0 && line+1+len(word) > width {
			b.WriteString("\n" + indent)
			line = 0
		} else if i > 0 {
			b.WriteByte(' ')
			line++
		}
		b.WriteString(word)
		line += len(word)
	}
	return b.String()
}

// importLogs reads logs and reports on standard error what they were.
func importLogs(cmd *cobra.Command, std stdio, args []string, l *logFlags, formatFlag string, quiet bool) (*accesslog.Log, error) {
	return l.read(std.inputs(cmd.Context()), std, args, formatFlag, quiet)
}

// read is importLogs of inputs that are opened so.
func (l *logFlags) read(open opener, std stdio, args []string, formatFlag string, quiet bool) (*accesslog.Log, error) {
	if len(args) == 0 {
		return nil, usagef("want a log")
	}
	o, err := l.options(formatFlag)
	if err != nil {
		return nil, err
	}
	for i, name := range args {
		if slices.Contains(args[:i], name) {
			return nil, usagef("%s is given twice", shown(name))
		}
	}
	var sources []accesslog.Source
	for _, name := range args {
		p := newProgress(std, quiet, "reading")
		defer p.end()
		in, err := open(name, p)
		if err != nil {
			return nil, err
		}
		defer in.Close()
		sources = append(sources, accesslog.Source{Name: shown(name), R: &logReader{r: in}})
	}
	log, err := accesslog.Import(sources, o)
	if err != nil {
		return nil, invalidLog(sources, err)
	}
	if !quiet {
		writeReport(std.err, log.Report())
	}
	return log, nil
}

func replayLogs(cmd *cobra.Command, std stdio, args []string, c *counting, l *logFlags, f *replayFlags) error {
	l.format = f.from
	log, o, err := loggedTrace(cmd, std, args, c, l, f.quiet)
	if err != nil {
		return err
	}
	if err := answer(std, log, o, f); err != nil || f.json || f.readings || f.series == "-" || l.jitter != 0 || !rereadable(args, log.Report()) {
		return err
	}
	return writeSpread(cmd, std, args, c, l)
}

// loggedTrace reads logs as a trace, and finds how to count it.
func loggedTrace(cmd *cobra.Command, std stdio, args []string, c *counting, l *logFlags, quiet bool) (*accesslog.Log, trace.Options, error) {
	log, err := importLogs(cmd, std, args, l, "--from", quiet)
	if err != nil {
		return nil, trace.Options{}, err
	}
	h := log.Header()
	o, err := replayOptions(cmd, c, &h)
	o.Name = shown(args[0])
	return log, o, err
}

// rereadable reports whether logs say only in which second requests began, and
// can be read again.
func rereadable(args []string, r *accesslog.Report) bool {
	coarse := slices.ContainsFunc(r.Sources, func(s accesslog.SourceReport) bool { return s.Format != "" && !s.Fine })
	return coarse && !slices.Contains(args, "-")
}

// writeSpread tells the other bound of logs with whole seconds: the requests
// of a second need not have come at once.
func writeSpread(cmd *cobra.Command, std stdio, args []string, c *counting, l *logFlags) error {
	spread := *l
	spread.jitter = 1
	log, o, err := loggedTrace(cmd, std, args, c, &spread, true)
	if err != nil {
		return err
	}
	res, err := neededReplay(log, o)
	if err != nil {
		return err
	}
	fmt.Fprintf(std.out, "\nThe log tells only the second of each request. The peak above has those of a second at once;\n"+
		"spread evenly over it (--jitter 1), %s\n", spreadText(res))
	return nil
}

// writeReport says what was read of access logs.
func writeReport(w io.Writer, r *accesslog.Report) {
	for _, s := range r.Sources {
		if s.Format == "" {
			fmt.Fprintf(w, "%s: empty\n", s.Name)
			continue
		}
		fmt.Fprintf(w, "%s: %s (%s), %s\n", s.Name, s.Format, s.How, words.Plural(s.Lines, "line"))
	}
	fmt.Fprintf(w, "%s from %s, %s to %s\n", words.Plural(r.Requests, "request"), words.Plural(r.Callers, "caller"),
		r.First.Format(time.RFC3339), r.Last.Format(time.RFC3339))
	if r.Sessions > 0 {
		fmt.Fprintf(w, "%s, %s of one page, %s logged out, %s cut short by the end; %s, %s, %s\n", words.Plural(r.Sessions, "web session"),
			words.Number(r.OnePage), words.Number(r.Logouts), words.Number(r.Open), words.Plural(r.Pages, "page"), words.Plural(r.Assets, "asset"),
			words.Plural(r.LogoutRequests, "log-out"))
	}
	writeDispersion(w, r.Dispersion)
	if r.OutOfOrder > 0 {
		fmt.Fprintf(w, "%s out of order, up to %s late, put in order\n", words.Plural(r.OutOfOrder, "request"), words.Span(r.MaxDisorder))
	}
	for _, l := range r.LeftOut() {
		fmt.Fprintf(w, "left out: %s %s\n", words.Plural(l.Lines, l.Noun), l.Why)
	}
	if r.NotLog > 0 {
		fmt.Fprintf(w, "%s not of the log:\n", words.Plural(r.NotLog, "line"))
		for _, rejected := range r.Rejected {
			fmt.Fprintf(w, "  %s\n", rejected)
		}
	}
	for _, warning := range r.Warnings {
		fmt.Fprintf(w, "note: %s\n", warning)
	}
}

// writeDispersion says how bursty the requests of a log are.
func writeDispersion(w io.Writer, list []accesslog.Dispersion) {
	var parts []string
	for _, d := range list {
		parts = append(parts, fmt.Sprintf("%.3g in %.0f s (%s)", d.Index, d.Window.Seconds(), words.Plural(d.Windows, "window")))
	}
	if parts != nil {
		fmt.Fprintf(w, "index of dispersion within the hour of the week, which is 1 of Poisson traffic: %s\n", strings.Join(parts, ", "))
	}
}

// A logReader remembers that it could not read.
type logReader struct {
	r   io.Reader
	err error
}

func (l *logReader) Read(b []byte) (int, error) {
	n, err := l.r.Read(b)
	if err != nil && err != io.EOF {
		l.err = err
	}
	return n, err
}

// invalidLog tells logs that cannot be read from logs that are none.
func invalidLog(sources []accesslog.Source, err error) error {
	var names []string
	for _, s := range sources {
		if failed := s.R.(*logReader).err; failed != nil {
			return failed
		}
		names = append(names, s.Name)
	}
	var unknown *accesslog.FormatError
	if errors.As(err, &unknown) {
		err = withHint(err, "say what its lines have: --log-format, with a log_format of nginx or a LogFormat of Apache")
	}
	if err == accesslog.ErrNoLog {
		err = fmt.Errorf("%s: %w", strings.Join(names, ", "), err)
	}
	return &exitError{exitInvalid, err}
}
