package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"strings"
	"time"

	"highwater/engine"
	"highwater/scenario"
	"highwater/sim"
	"highwater/sim/fit"
	"highwater/sim/result"
	"highwater/sim/result/words"
	"highwater/sim/trace"

	"github.com/spf13/cobra"
)

const fitHelp = `Which scenario makes traffic like that of this log?

Usage: highwater fit LOG... -o scenario.yaml [flags]

Writes a scenario: how often visits begin in each hour of the week, how long
they last, their pages or calls, the share of visits of one page, who comes
again, and how bursty it all is. Then it simulates the scenario and prints what
the log used beside what the scenario uses: the mean, parts of the time, and
the peaks of the days. The range is that of all replications; of 39 it holds a
log that the scenario describes 95 times of 100. What does not fit is said.

A visit is the calls of a caller until it has been idle for 15 min, or a web
session. The first 25 min do not count: visits that began before the log are
not seen.

Flags:
  -o FILE             the scenario; - or nothing is standard output, and the
                      comparison goes to standard error
  --from FORMAT       auto, or a format of highwater import; or
                      trace: a trace, of which calls and web sessions count;
                      counts: how many requests came in each second, numbers
                      with white space between them; each is of its own caller
                      and every other flag of highwater import but --format
  --start TIME        counts: when the first second begins
  --policy NAME       count by this policy (see highwater help policies)
  --set OPTION=VALUE  change an option of the policy; may be repeated
  --units N           units of the scenario's key; 0 is unlimited. The
                      comparison is without a limit
  --reps N            replications to compare with (39)
  --seed N            their seed (1)
  --workers N         processors to use; the result is the same
  --json              print the comparison as JSON (see highwater help json)
  -q                  no progress, and without -o no comparison

Examples:
  highwater fit access.log -o like-access.yaml
  highwater fit access.log --view csp --policy iris-2022.3 -o portal.yaml
  highwater fit --from counts a.txt --start 1995-07-01T00:00:00-04:00 -o a.yaml

Exit codes: 0 written; 2 usage; 4 no line of a log; 130 interrupted.
See also: highwater import, highwater run, highwater help scenario
`

// fitFlags are the flags of fit but for those of counting and logs.
type fitFlags struct {
	from, start, out string
	json, quiet      bool
	sim              sim.Options
}

// rangeReps is how many replications have a range that holds one more 95
// times of 100.
const rangeReps = 39

func newFit(std stdio) *cobra.Command {
	var (
		c counting
		l = logFlags{others: []string{"trace", "counts"}}
		f fitFlags
	)
	cmd := &cobra.Command{
		Use:   "fit LOG...",
		Short: "make a scenario of an access log",
		Long:  fitHelp,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.check(cmd, &c, &l); err != nil {
				return err
			}
			return fitLogs(cmd, std, args, &c, &l, &f)
		},
	}
	c.flags(cmd)
	l.flags(cmd)
	cmd.Flags().StringVar(&f.from, "from", "auto", "")
	cmd.Flags().StringVar(&f.start, "start", "", "")
	cmd.Flags().StringVarP(&f.out, "output", "o", "-", "")
	cmd.Flags().BoolVar(&f.json, "json", false, "")
	cmd.Flags().IntVar(&f.sim.Reps, "reps", rangeReps, "")
	cmd.Flags().Uint64Var(&f.sim.Seed, "seed", 1, "")
	cmd.Flags().IntVar(&f.sim.Workers, "workers", 0, "")
	cmd.Flags().BoolVarP(&f.quiet, "quiet", "q", false, "")
	return cmd
}

func (f *fitFlags) check(cmd *cobra.Command, c *counting, l *logFlags) error {
	if err := c.check(); err != nil {
		return err
	}
	if len(c.policies) > 1 {
		return usagef("--policy must be one policy, not %q", strings.Join(c.policies, ","))
	}
	if f.json && f.out == "-" {
		return usagef("--json and the scenario both want standard output: give -o FILE")
	}
	if f.sim.Reps < 1 {
		return usagef("--reps must be > 0, not %d", f.sim.Reps)
	}
	if f.sim.Seed == 0 {
		return usagef("--seed must be > 0, not 0")
	}
	if cmd.Flags().Changed("workers") && f.sim.Workers < 1 {
		return usagef("--workers must be > 0, not %d", f.sim.Workers)
	}
	if name := l.given(cmd); name != "" && (f.from == "trace" || f.from == "counts") {
		return usagef("--%s is for access logs, not --from %s", name, f.from)
	}
	if f.start != "" && f.from != "counts" {
		return usagef("--start is for --from counts")
	}
	return nil
}

// A logged is traffic to fit: a trace, and what is known of it.
type logged struct {
	trace.Reader
	header trace.Header
	end    func() engine.Time // when the log ends; 0 is not known, yet or at all
	name   string
	alone  bool
	idle   time.Duration // that ends a visit; 0 is the usual
	close  func() error
}

// open opens what is to be fitted.
func (f *fitFlags) open(cmd *cobra.Command, std stdio, args []string, l *logFlags) (*logged, error) {
	if f.from != "trace" && f.from != "counts" {
		l.format = f.from
		log, err := importLogs(cmd, std, args, l, "--from", f.quiet)
		if err != nil {
			return nil, err
		}
		r := log.Report()
		end := engine.Time(r.Last.Sub(r.First).Microseconds())
		return &logged{Reader: log, header: log.Header(), end: func() engine.Time { return end }, idle: l.timeout, close: func() error { return nil }}, nil
	}
	if len(args) != 1 {
		return nil, usagef("want one file with --from %s, not %d", f.from, len(args))
	}
	start, err := f.epoch()
	if err != nil {
		return nil, err
	}
	p := newProgress(std, f.quiet, "reading")
	in, err := openInput(cmd.Context(), std, args[0], p)
	if err != nil {
		return nil, err
	}
	g := &logged{name: shown(args[0]), close: func() error { p.end(); return in.Close() }}
	if f.from == "trace" {
		r := trace.NewJSONReader(g.name, in)
		g.Reader, g.header = r, r.Header()
		g.end = func() engine.Time { return g.header.End }
		return g, nil
	}
	counts := fit.NewCounts(g.name, in)
	g.Reader, g.header, g.end, g.alone = counts, trace.Header{Epoch: start}, counts.End, true
	return g, nil
}

// epoch is when counts begin, the zero time when nobody says it.
func (f *fitFlags) epoch() (time.Time, error) {
	if f.start == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.RFC3339, f.start)
	if err != nil {
		return t, usagef("--start must be a time such as 2026-11-23T07:00:00Z, not %q", f.start)
	}
	return t, nil
}

func fitLogs(cmd *cobra.Command, std stdio, args []string, c *counting, l *logFlags, f *fitFlags) error {
	log, err := f.open(cmd, std, args, l)
	if err != nil {
		return err
	}
	h := trace.Header{}
	if len(c.policies) == 0 {
		h = trace.Header{Policy: log.header.Policy, Options: log.header.Options}
	}
	o, err := replayOptions(cmd, c, &h)
	if err != nil {
		return err
	}
	license := fit.License{Policy: o.Policy}
	if cmd.Flags().Changed("units") {
		license.Units = c.units
	}
	m, use, err := observe(log, o)
	if closeErr := log.close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return err
	}
	name := "standard input"
	if len(args) > 0 && args[0] != "-" {
		name = filepath.Base(args[0])
	}
	text := m.YAML(name, license)
	if err := writeFile(std, f.out, func(w io.Writer) error { _, err := w.Write(text); return err }); err != nil {
		return err
	}
	if f.out == "-" && f.quiet {
		return nil
	}
	return f.compare(cmd.Context(), std, m, text, o.Policy, use)
}

// observe counts a log's units, and finds what it is like.
func observe(log *logged, o trace.Options) (*fit.Model, *fit.Use, error) {
	ob := fit.NewObserver(&log.header, fit.Options{Alone: log.alone, Timeout: engine.Time(log.idle.Microseconds())})
	o.Policy, o.Units, o.Epoch, o.End, o.Name = o.Policy.WithoutLimit(), 0, log.header.Epoch, log.header.End, log.name
	use := fit.NewUse(log.header.Epoch, log.end())
	o.Usage = use.Add
	res, err := trace.Run(ob.Watch(log), o)
	var invalid *trace.LineError
	switch {
	case errors.As(err, &invalid):
		return nil, nil, &exitError{exitInvalid, err}
	case err != nil:
		return nil, nil, err
	}
	end := log.end()
	if end == 0 {
		end = res.End
	}
	m, err := ob.Model(end)
	if errors.Is(err, fit.ErrNothing) {
		return nil, nil, &exitError{exitInvalid, err}
	}
	if err != nil {
		return nil, nil, err
	}
	use.Finish(m.Duration)
	return m, use, nil
}

// compare simulates what was fitted, and prints it beside the log.
func (f *fitFlags) compare(ctx context.Context, std stdio, m *fit.Model, text []byte, p engine.Policy, log *fit.Use) error {
	sc, err := scenario.Parse("scenario", text, nil)
	if err != nil {
		return fmt.Errorf("the scenario that was fitted is not valid: %w", err)
	}
	uses := make([]*fit.Use, f.sim.Reps)
	progress := newProgress(std, f.quiet, "simulating")
	o := f.sim
	o.Demand, o.Progress = true, progress.show
	o.Usage = func(rep int) func(engine.Time, int, int) {
		uses[rep] = log.Like()
		return uses[rep].Add
	}
	samples, err := sim.Replicate(ctx, []sim.Case{{Scenario: sc, Policy: p}}, o)
	progress.end()
	uses = uses[:samples[0].N]
	if len(uses) == 0 {
		return err
	}
	for _, u := range uses {
		u.Finish(sc.Duration)
	}
	res := &result.Fit{
		Schema: result.Schema, Kind: "fit", Policy: p.Name, Options: p.Changed, Start: m.Start, Duration: m.Duration, Events: m.Events,
		Seed: f.sim.Seed, Replications: len(uses), Partial: err != nil,
		Confidence: float64(len(uses)-1) / float64(len(uses)+1), Cohorts: []result.FitCohort{}, Notes: append([]string{}, m.Notes...),
	}
	for i := range m.Cohorts {
		res.Cohorts = append(res.Cohorts, m.Cohorts[i].FitCohort)
	}
	res.Figures, res.Days = fit.Compare(log, uses)
	if f.json {
		if jsonErr := writeJSON(std.out, res); jsonErr != nil {
			return jsonErr
		}
		return err
	}
	out := std.out
	if f.out == "-" {
		out = std.err
	}
	w := bufio.NewWriter(out)
	writeFit(w, res)
	if flushErr := w.Flush(); flushErr != nil {
		return flushErr
	}
	return err
}

// figureNames are what figures of a fit are called.
var figureNames = map[string]string{
	"mean_units": "mean", "p50_units": "50 % of the time at most", "p95_units": "95 % of the time at most",
	"p99_units": "99 % of the time at most", "p999_units": "99.9 % of the time at most",
	"day_peak_lowest": "lowest peak of a day", "day_peak_p25": "25 % of the days' peaks at most", "day_peak_p50": "50 % of the days' peaks at most",
	"day_peak_p75": "75 % of the days' peaks at most", "peak_units": "peak",
}

// writeFit tells a person how well a scenario fits.
func writeFit(w io.Writer, res *result.Fit) {
	fmt.Fprintf(w, "%s in %s from %s, policy %s\n", words.Plural(res.Events, "event"), words.Span(res.Duration),
		res.Start.Format("Mon 2 Jan 2006 15:04 MST"), res.Policy)
	for i := range res.Cohorts {
		writeFitCohort(w, &res.Cohorts[i])
	}
	fmt.Fprintln(w)
	reps := words.Plural(res.Replications, "replication")
	rows := [][]string{{"units in use", "log", "scenario", "range of " + reps}}
	var outside []string
	for _, f := range res.Figures {
		show := func(x float64) string {
			if f.Name == "mean_units" {
				return fmt.Sprintf("%.2f", x)
			}
			return words.Number(int(x))
		}
		rows = append(rows, []string{figureNames[f.Name], show(f.Log), show(f.Median), show(f.Low) + "–" + show(f.High)})
		if f.Outside {
			outside = append(outside, figureNames[f.Name])
		}
	}
	table(w, rows)
	if res.Partial {
		fmt.Fprintln(w, "PARTIAL: interrupted before all replications were done")
	}
	text := fmt.Sprintf("A log that the scenario describes lies in each range %.0f times of 100; were the %s independent, "+
		"it would lie outside of at least one %.0f times of 100. ",
		100*res.Confidence, words.Plural(len(res.Figures), "range"), 100*(1-math.Pow(res.Confidence, float64(len(res.Figures)))))
	if outside == nil {
		text += "This one lies in all of them"
	} else {
		text += fmt.Sprintf("This one lies outside of %s: %s", words.Number(len(outside)), strings.Join(outside, ", "))
	}
	text += fmt.Sprintf("; of its %s, %s have a peak outside the range of that day.", words.Plural(len(res.Days), "day"), words.Number(daysOutside(res.Days)))
	paragraph(w, "", text)
	for _, n := range res.Notes {
		fmt.Fprintf(w, "note: %s\n", n)
	}
}

func daysOutside(days []result.FitDay) (n int) {
	for _, d := range days {
		if d.Outside {
			n++
		}
	}
	return n
}

func writeFitCohort(w io.Writer, c *result.FitCohort) {
	fmt.Fprintf(w, "\n%s: %s of %s, %.1f %% of one page or call; on average %.1f in %s\n", c.Name, words.Plural(c.Visits, "visit"), words.Plural(c.Callers, "caller"),
		100*c.OnePage, c.Pages, words.Span(c.Length))
	if len(c.Dispersion) == 0 {
		return
	}
	rows := [][]string{{"index of dispersion of the visits in", "log", "scenario", "windows"}}
	for _, d := range c.Dispersion {
		rows = append(rows, []string{words.Span(d.Window), fmt.Sprintf("%.3g", d.Log), fmt.Sprintf("%.3g", d.Fit), words.Number(d.Windows)})
	}
	table(w, rows)
}
