package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"highwater/engine"
	"highwater/scenario"
	"highwater/sim"
	"highwater/sim/attack"
	"highwater/sim/attack/curves"
	"highwater/sim/attack/record"
	"highwater/sim/result"
	"highwater/sim/result/words"

	"github.com/spf13/cobra"
)

const attackHelp = `Does a real target do what the simulation says, for the same users' requests?

Usage: highwater attack [FILE] --target URL [flags]

Sends what callers and browsers ask, each user from its own address. Prints the
units predicted, those by the requests' actual instants, and those reported.
Without FILE it is a hospital's day. Only loopback is asked, but for --allow.

Flags:
  --target URL         such as http://127.0.0.1:52773
  --dry-run            only print the plan, what it takes and what would not fit
  --window FROM..TO    only this part: 08:00..09:00, 30m..2h or peak±5m
  --scale F            so many times the people
  --clock F            so many times as fast, as 60x; the target's timers too
  --replication N      which replication to send (1)
  --seed N             seed (the scenario's)
  --policy NAME        predict and compare by this policy instead
  --units N            units of the key; 0 is unlimited
  --set OPTION=VALUE   change an option of the policy; may be repeated
  --record FILE        write each attempt to FILE while it runs
  --out DIR            write attack.png, attack.svg, result.json, CSV tables
  --scrape TIME        look at the target's metrics so often (1s); 0s is never
  --metrics-login L    who looks, as monitor:env:NAME or monitor:file:PATH
  --max-divergence N   exit 3 if units or refusals are off by > N; N%: as run
  --calibrate          instead: which readings fit; leaves units for 10 min
  --call PATH          for that: a REST call that takes a few seconds
  --soap PATH          a SOAP service that does
  --page PATH          and a page that begins a web session
  --abort-free N       end when the target reports fewer units free (0: never)
  --password REF       of all users: env:NAME or file:PATH
  --allow FILE         entries that allow other hosts
  --ca FILE            certificates of the authorities that a target may have
  --cert FILE          client certificate, with --key FILE
  --key FILE           its key
  --timeout TIME       of a request (30s)
  --in-flight N        most requests at once (10000)
  --connections N      most connections kept open between requests (10000)
  --max-lag TIME       99 % of the requests must be sent so soon (10ms)
  --abort-errors P     share of failures in ten seconds that ends it (50%)
  --json               print the result as JSON
  -q                   no progress
Ctrl-C sends no more and waits for what is in flight; a second one cuts it.

Examples:
  highwater attack --target http://127.0.0.1:52773 --dry-run
  highwater attack --target http://127.0.0.1:52773 --window peak±5m --clock 10x

Exit codes: 0 sent as planned; 1 the target cannot be reached or is not allowed;
2 usage; 3 it diverges; 4 bad file; 5 inconclusive; 130 interrupted, but printed
See also: highwater help load, highwater attack log --help, highwater target
`

// attackFlags are the flags of attack.
type attackFlags struct {
	counting
	target, window, scale, clock string
	record, password, allow, out string
	metrics                      string // a user and the reference to its password
	divergence, call, soap, page string
	calibrate                    bool
	scrape                       time.Duration
	ca, cert, key                string
	timeout, maxLag              time.Duration
	inFlight, connections        int
	abort                        string
	seed                         uint64
	replication                  int
	dryRun, json, quiet          bool
	plan                         attack.PlanOptions
	from, to                     when // of a window of instants
	options                      attack.Options
	limit                        curves.Limit
}

func newAttack(std stdio) *cobra.Command {
	f := attackFlags{replication: 1}
	cmd := &cobra.Command{
		Use:   "attack [FILE]",
		Short: "send a scenario's requests to a real target",
		Long:  attackHelp,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.check(cmd, args); err != nil {
				return err
			}
			loaded, err := f.loaded(cmd, std, args)
			if err != nil {
				return err
			}
			if err := f.files(loaded); err != nil {
				return err
			}
			if !f.quiet {
				f.options.Waits = func(what string) { fmt.Fprintln(std.err, "highwater: "+what) }
			}
			if f.calibrate {
				return runCalibrate(cmd.Context(), std, loaded.scenario.License.Policy, &f)
			}
			return runAttack(cmd.Context(), std, loaded, &f)
		},
	}
	s := cmd.Flags()
	f.counting.flags(cmd)
	for _, x := range []struct {
		to    *string
		name  string
		value string
	}{
		{&f.target, "target", ""}, {&f.window, "window", ""}, {&f.scale, "scale", "1"}, {&f.clock, "clock", "1x"}, {&f.record, "record", ""},
		{&f.password, "password", ""}, {&f.metrics, "metrics-login", ""}, {&f.allow, "allow", ""}, {&f.ca, "ca", ""}, {&f.cert, "cert", ""}, {&f.key, "key", ""},
		{&f.abort, "abort-errors", "50%"}, {&f.out, "out", ""}, {&f.divergence, "max-divergence", ""}, {&f.call, "call", ""}, {&f.soap, "soap", ""}, {&f.page, "page", ""},
	} {
		s.StringVar(x.to, x.name, x.value, "")
	}
	s.DurationVar(&f.timeout, "timeout", 30*time.Second, "")
	s.DurationVar(&f.maxLag, "max-lag", 10*time.Millisecond, "")
	s.DurationVar(&f.scrape, "scrape", time.Second, "")
	s.IntVar(&f.inFlight, "in-flight", 10_000, "")
	s.IntVar(&f.options.AbortFree, "abort-free", 0, "")
	s.IntVar(&f.connections, "connections", 10_000, "")
	s.Uint64Var(&f.seed, "seed", 0, "")
	s.IntVar(&f.replication, "replication", 1, "")
	s.BoolVar(&f.dryRun, "dry-run", false, "")
	s.BoolVar(&f.calibrate, "calibrate", false, "")
	s.BoolVar(&f.json, "json", false, "")
	s.BoolVarP(&f.quiet, "quiet", "q", false, "")
	cmd.AddCommand(newAttackLog(std))
	return cmd
}

// check looks at the flags before anything is read.
func (f *attackFlags) check(cmd *cobra.Command, args []string) error {
	if len(args) > 1 {
		return usagef("want one scenario, not %d files", len(args))
	}
	for _, x := range []struct {
		name string
		ok   bool
	}{
		{"timeout", f.timeout > 0}, {"max-lag", f.maxLag > 0}, {"in-flight", f.inFlight > 0}, {"connections", f.connections > 0},
		{"replication", f.replication > 0}, {"seed", f.seed > 0 || !cmd.Flags().Changed("seed")},
	} {
		if !x.ok {
			return usagef("--%s must be > 0, not %s", x.name, cmd.Flags().Lookup(x.name).Value)
		}
	}
	if len(f.policies) > 1 {
		return usagef("--policy must be one policy, not %d", len(f.policies))
	}
	if err := f.counting.check(); err != nil {
		return err
	}
	u, err := url.Parse(f.target)
	switch {
	case f.target == "":
		return usagef("--target must say where to send the requests, such as http://127.0.0.1:52773")
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "":
		return usagef("--target must be a URL of a host and port, such as http://127.0.0.1:52773, not %q", f.target)
	case u.User != nil:
		return usagef("--target must not have a user or password; see --password")
	}
	f.options.Target = &url.URL{Scheme: u.Scheme, Host: u.Host}
	f.plan = attack.PlanOptions{Seed: f.seed, Replication: f.replication - 1}
	if f.plan.Scale, err = factor("scale", f.scale, sim.MaxScale); err != nil {
		return err
	}
	if f.plan.Clock, err = factor("clock", strings.TrimSuffix(f.clock, "x"), sim.MaxClock); err != nil {
		return err
	}
	if f.ca+f.cert+f.key != "" && u.Scheme != "https" {
		return usagef("--ca, --cert and --key are for https, and --target is %s", f.options.Target)
	}
	if (f.cert == "") != (f.key == "") {
		return usagef("--cert and --key must be given together")
	}
	if err := f.parseWindow(); err != nil {
		return err
	}
	if f.scrape < 0 || f.scrape > 0 && f.scrape < 10*time.Millisecond {
		return usagef("--scrape must be 0s or at least 10ms, not %v", f.scrape)
	}
	if f.limit, err = parseLimit(f.divergence); err != nil {
		return err
	}
	if f.options.AbortFree < 0 || f.options.AbortFree > 0 && f.scrape == 0 {
		return usagef("--abort-free must be >= 0, and wants --scrape")
	}
	f.options.Scrape = f.scrape
	if err := f.checkCalibrate(cmd); err != nil {
		return err
	}
	f.options.AbortErrors, err = percent("abort-errors", f.abort)
	f.options.Timeout, f.options.MaxLag, f.options.InFlight, f.options.Idle = f.timeout, f.maxLag, f.inFlight, f.connections
	f.options.Agent = "highwater/" + version
	return err
}

func factor(name, text string, most float64) (float64, error) {
	v, err := strconv.ParseFloat(text, 64)
	if err != nil || !(v > 0 && v <= most) {
		return 0, usagef("--%s must be a number > 0 and at most %v, not %q", name, most, text)
	}
	return v, nil
}

// parseWindow reads the form of --window.
func (f *attackFlags) parseWindow() error {
	bad := usagef("--window must be peak±5m, or two times such as 08:00..09:00 or 30m..2h, not %q", f.window)
	text, isPeak := strings.CutPrefix(f.window, "peak")
	switch {
	case f.window == "":
		return nil
	case isPeak:
		around, ok := strings.CutPrefix(text, "±")
		if !ok {
			around, ok = strings.CutPrefix(text, "+-")
		}
		d, err := time.ParseDuration(around)
		if !ok || err != nil || d <= 0 {
			return bad
		}
		f.plan.Window = attack.Window{AtPeak: true, Around: engine.Time(d.Microseconds())}
		return nil
	}
	from, to, ok := strings.Cut(f.window, "..")
	var err error
	if f.from, err = parseWhen(from); err != nil || !ok {
		return bad
	}
	if f.to, err = parseWhen(to); err != nil {
		return bad
	}
	return nil
}

// files reads what the flags name, and finds the window in the scenario.
func (f *attackFlags) files(l *loaded) (err error) {
	sc := l.scenario
	if f.window != "" && !f.plan.Window.AtPeak {
		c := clock{sc.Start}
		from, err := f.from.moment(c, sc.Duration)
		if err != nil {
			return windowError(f.window, c, sc.Duration)
		}
		to, err := f.to.moment(c, sc.Duration)
		if err != nil || to.At <= from.At {
			return windowError(f.window, c, sc.Duration)
		}
		f.plan.Window.From, f.plan.Window.To = from.At, to.At
	}
	if f.password != "" {
		if f.options.Password, err = secret(f.password, ""); err != nil {
			return secretError("--password", err)
		}
	}
	if f.metrics != "" {
		user, ref, _ := strings.Cut(f.metrics, ":")
		if user == "" {
			return usagef("--metrics-login must be a user and where the password is, as monitor:env:NAME; the user is missing")
		}
		f.options.Metrics.User = user
		if f.options.Metrics.Password, err = secret(ref, ""); err != nil {
			return secretError("--metrics-login", err)
		}
	}
	if f.options.Secrets, err = l.secrets(); err != nil {
		return err
	}
	if f.allow != "" {
		data, err := os.ReadFile(f.allow)
		if err != nil {
			return err
		}
		if f.options.Permissions, err = attack.ParsePermissions(f.allow, data); err != nil {
			return &exitError{exitInvalid, err}
		}
	}
	f.options.TLS, err = clientTLS(f)
	return err
}

func windowError(text string, c clock, end engine.Time) error {
	return usagef("--window must be two times from %s to %s, the second after the first, not %q", c.at(0), c.at(end), text)
}

// runAttack plans, sends and prints.
func runAttack(ctx context.Context, std stdio, loaded *loaded, f *attackFlags) error {
	p := newProgress(std, f.quiet, "planning")
	defer func() { p.end() }()
	f.plan.Progress = p.show
	f.options.Header.Version, f.options.Header.Fingerprint, f.options.Files = version, loaded.fingerprint, loaded.files
	s, err := attack.Plan(ctx, loaded.scenario, f.plan)
	if err != nil {
		return err
	}
	if f.dryRun {
		p.end()
		return f.dry(ctx, std, loaded.scenario, s)
	}
	if len(s.Requests) == 0 {
		return fmt.Errorf("the plan has no requests: the scenario has no callers or browsers in this window")
	}
	if f.out != "" {
		if err := os.MkdirAll(f.out, 0o755); err != nil {
			return err
		}
	}
	p.end() // a bar that is full shows no more
	p = newProgressTimed(std, f.quiet, "sending", timedFromAttack)
	cut, done := secondSignal(ctx)
	defer done()
	p.show(0)
	var predicted forecast
	if p.bar != nil && len(s.Requests) <= mostForecast {
		f.options.Begins = func(h *record.Header, first *record.Sample, state *record.State) {
			predicted.begin(ctx, s, h, first, state)
		}
	}
	f.options.Progress = func(a attack.Progress) {
		units := predicted.at(a.Done)
		p.list(sending(&a, units), briefly(&a, units))
		p.show(a.Done)
	}
	var res *result.Attack
	send := func(w io.Writer) error {
		f.options.Record = w
		res, err = attack.Run(ctx, cut, s, f.options)
		return err
	}
	file, forget, err := recorded(f.record, send)
	defer forget()
	p.end()
	if res == nil || res.Sent == nil {
		return attackError(err)
	}
	res.Recorded = f.record
	if err == nil {
		err = f.compare(std, s, file, res)
	}
	if printErr := printAttack(std, loaded.scenario, res, f.json); printErr != nil || err != nil {
		return errors.Join(printErr, err)
	}
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case res.Verdict == result.Inconclusive:
		return &exitError{exitInconclusive, fmt.Errorf("inconclusive: %s", res.Reasons[0])}
	}
	return curvesError(res.Curves)
}

// mostForecast is of how many requests the units are predicted before they are
// sent: a second's work, for which nobody waits long.
const mostForecast = 500_000

// A forecast is the predicted curve while an attack runs.
type forecast struct {
	s      *attack.Schedule
	series []result.Sample
}

func (f *forecast) begin(ctx context.Context, s *attack.Schedule, h *record.Header, first *record.Sample, state *record.State) {
	l := curves.Log{Header: h, State: state, Scenario: s.Scenario, Schedule: s}
	if first != nil {
		l.Samples = []record.Sample{*first}
	}
	f.s = s
	f.series, _ = curves.Ahead(ctx, &l) // without it less is said
}

// at is the units after a share of the time, negative when they are not known.
func (f *forecast) at(share float64) int {
	units := -1
	if f.s == nil {
		return units
	}
	now := f.s.From + engine.Time(share*float64(f.s.To-f.s.From))
	for i := 0; i < len(f.series) && f.series[i].At <= now; i++ {
		units = f.series[i].Units
	}
	return units
}

// sending is how far an attack is, what matters most first. The units predicted
// are negative when they are not known.
func sending(a *attack.Progress, predicted int) []string {
	parts := []string{
		words.Number(a.Refused) + " refused", words.Number(a.Failed) + " failed", words.Number(int(a.Rate)) + "/s",
		words.Number(a.InFlight) + " in flight", "lag " + a.Lag.Round(10*time.Microsecond).String(),
	}
	if a.TimedOut > 0 {
		parts = append(parts, words.Number(a.TimedOut)+" gave up")
	}
	switch {
	case predicted >= 0 && a.Reported >= 0:
		return append([]string{"units " + words.Number(predicted) + " predicted", words.Number(a.Reported) + " reported"}, parts...)
	case predicted >= 0:
		return append([]string{words.Plural(predicted, "unit") + " predicted"}, parts...)
	case a.Reported >= 0:
		return append([]string{words.Plural(a.Reported, "unit") + " reported"}, parts...)
	}
	return parts
}

// briefly is sending in so few words that all has room in 80 columns.
func briefly(a *attack.Progress, predicted int) (parts []string) {
	var units string
	if predicted >= 0 {
		units += " " + brief(int64(predicted)) + " pred"
	}
	if a.Reported >= 0 {
		units += " " + brief(int64(a.Reported)) + " rep"
	}
	if units != "" {
		parts = append(parts, "units"+units)
	}
	parts = append(parts, brief(a.Refused)+" refused")
	if a.Failed > 0 {
		parts = append(parts, brief(a.Failed)+" fail")
	}
	lag := a.Lag.Round(10 * time.Microsecond)
	if lag >= time.Millisecond {
		lag = lag.Round(100 * time.Microsecond)
	}
	parts = append(parts, brief(int64(a.Rate))+"/s", brief(int64(a.InFlight))+" in flight", "lag "+lag.String())
	if a.TimedOut > 0 {
		parts = append(parts, brief(a.TimedOut)+" gave up")
	}
	return parts
}

// brief is a number of at most four characters, up to a billion.
func brief(n int64) string {
	switch {
	case n >= 1_000_000:
		return fmt.Sprintf("%dM", n/1_000_000)
	case n >= 10_000:
		return fmt.Sprintf("%dk", n/1000)
	}
	return strconv.FormatInt(n, 10)
}

// dry prints a plan. It ends as sending it would, if that may not begin.
func (f *attackFlags) dry(ctx context.Context, std stdio, sc *scenario.Scenario, s *attack.Schedule) error {
	res := s.Result(&f.options)
	note, wrong := s.Allowed(ctx, f.options)
	if note != "" {
		res.Notes = append(res.Notes, note)
	}
	if wrong != nil {
		res.Plan.Unfit = append(res.Plan.Unfit, wrong.Error())
		wrong = attackError(wrong)
	}
	return errors.Join(printAttack(std, sc, res, f.json), wrong)
}

// compare adds the curves to a result, and writes the files of --out.
func (f *attackFlags) compare(std stdio, s *attack.Schedule, file string, res *result.Attack) error {
	in, err := os.Open(file)
	if err != nil {
		return err
	}
	defer in.Close()
	r, err := record.NewReader(bufio.NewReaderSize(in, 256<<10))
	if err != nil {
		return err
	}
	l, err := curves.Read(r)
	if errors.Is(err, curves.ErrTooMany) {
		res.Notes = append(res.Notes, err.Error())
		if f.limit.Set {
			res.Verdict, res.Reasons = result.Inconclusive, append(res.Reasons, err.Error())
		}
		return nil
	}
	if err != nil {
		return err
	}
	l.Scenario, l.Schedule = s.Scenario, s
	if res.Curves, err = curves.Compare(context.Background(), l, f.limit); err != nil {
		return err
	}
	res.Curves.Why = curvesWhy(res.Curves)
	res.Compared()
	if f.out == "" {
		return nil
	}
	return writeCurveFiles(std, f.out, l, res.Curves, res)
}

// attackError says what to do when the target is not allowed, or not there.
func attackError(err error) error {
	var x *attack.NotAllowedError
	if errors.As(err, &x) {
		return withHint(err, x.Hint())
	}
	var unseen *attack.BlindError
	if errors.As(err, &unseen) {
		return withHint(err, unseen.Hint())
	}
	if errors.Is(err, syscall.ECONNREFUSED) {
		return withHint(err, "is the target running? see highwater target")
	}
	return withHint(err, tlsHint(err))
}

// growFile creates a file that grows while it is written, so that what is in
// it can be read whatever happens. A file that exists is not written over.
func growFile(name string, write func(io.Writer) error) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if errors.Is(err, fs.ErrExist) {
		return withHint(err, "a record is not written over: give another name, or move that one away")
	}
	if err != nil {
		return err
	}
	err = write(f)
	if syncErr := f.Sync(); err == nil && !errors.Is(syncErr, syscall.EINVAL) { // a pipe cannot
		err = syncErr
	}
	info, statErr := f.Stat()
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err != nil && statErr == nil && info.Mode().IsRegular() && info.Size() == 0 {
		_ = os.Remove(name) // nothing was written, and it is in nobody's way
	}
	return err
}

// secondSignal is a context that ends with the second signal. The first ends
// ctx, the third the program.
func secondSignal(ctx context.Context) (cut context.Context, done func()) {
	cut, cancel := context.WithCancel(context.WithoutCancel(ctx))
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		for range 2 {
			select {
			case <-signals:
			case <-cut.Done():
				return
			}
		}
		signal.Stop(signals)
		cancel()
	}()
	return cut, func() {
		signal.Stop(signals)
		cancel()
	}
}

func printAttack(std stdio, sc *scenario.Scenario, res *result.Attack, asJSON bool) error {
	return std.print(asJSON, res, func(w io.Writer) { writeAttack(w, sc, res) })
}
