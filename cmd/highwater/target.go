package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"

	"highwater/engine"
	"highwater/scenario"
	"highwater/sim"
	"highwater/sim/result"
	"highwater/sim/result/words"
	"highwater/sim/target"

	"github.com/spf13/cobra"
)

const targetHelp = `What would a server with this license answer to real requests?

Usage: highwater target [FILE] [flags]

Answers HTTP as an InterSystems server does that counts license units, until
it is interrupted. Each caller and browser of the scenario FILE has a path by
its name, and those of its request; its other users, devices, jobs and tasks
are in the license table, too. Without FILE any such path is answered, all below
/api/ and POSTs of XML to /csp/NAME/*.cls:

  /rest/NAME           200, or 503 Service Unavailable
  /soap/NAME.cls       SOAP 1.1 and 1.2: 200, or 500 and a fault, ERROR #5915
  /csp/NAME/page.csp   200 and a session cookie, or 404 Page not found
  /csp/NAME/login.csp  a page; to it the form of an explicit login: 200 or 401
  ...?IRISLogout=end   ends a web session
  /api/monitor/metrics, /api/monitor/alerts    free of license units
  /                    the license table, live

Who sends a user name by basic authentication is known by it; no password is
looked at.

Flags:
  --listen ADDRESS     where (127.0.0.1:52773); :PORT is every address
  --tls-cert FILE      certificate for https, with --tls-key FILE
  --tls-key FILE       its key
  --client-ca FILE     demand client certificates of these authorities
  --policy NAME        count by this policy instead of the scenario's
  --units N            units of the key; 0 is unlimited
  --set OPTION=VALUE   change an option of the policy; may be repeated
  --service DIST       how long pages take, and calls that do not say (0s):
                       a duration such as 200ms, or exp(2s)
  --clock F            so many times as fast, as 60x: holds, graces, time-outs,
                       the length of calls and the scenario
  --from WHEN          begin at this time of the scenario: 14:33 or 8h30m;
                       summary, trace and messages.log have its date and time
  --trace FILE         write what happens as a trace, which highwater replay
                       counts to the same; whole at the end
  --messages FILE      append the license lines of messages.log
  --license-trace      each login and logout, too
  --json               print the summary as JSON

Examples:
  highwater target --units 25
  highwater target clinic.yaml --clock 60x --from 8h --trace clinic.jsonl

Exit codes: 0 interrupted (Ctrl-C or SIGTERM), which is how it ends: it lets
requests end for 5 s and prints a summary; 1 cannot listen or write; 2 usage;
4 the scenario is not valid.
See also: highwater attack, highwater replay, highwater help rules
`

// targetFlags are the flags of target but for those of counting.
type targetFlags struct {
	listen, service, clock, from string
	trace, messages              string
	cert, key, clients           string
	licenseTrace, json           bool
	options                      target.Options
	begin                        when
}

func newTarget(std stdio) *cobra.Command {
	var (
		c counting
		f targetFlags
	)
	cmd := &cobra.Command{
		Use:   "target [FILE]",
		Short: "answer real requests as a licensed server does",
		Long:  targetHelp,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.check(cmd, &c, args); err != nil {
				return err
			}
			if err := f.counting(cmd, std, &c, args); err != nil {
				return err
			}
			res, err := f.run(cmd.Context(), std)
			if res == nil {
				return err
			}
			return errors.Join(f.print(std, res), err)
		},
	}
	c.flags(cmd)
	flags := cmd.Flags()
	flags.StringVar(&f.listen, "listen", "127.0.0.1:52773", "")
	flags.StringVar(&f.service, "service", "0s", "")
	flags.StringVar(&f.clock, "clock", "1x", "")
	flags.StringVar(&f.from, "from", "0s", "")
	flags.StringVar(&f.trace, "trace", "", "")
	flags.StringVar(&f.messages, "messages", "", "")
	flags.StringVar(&f.cert, "tls-cert", "", "")
	flags.StringVar(&f.key, "tls-key", "", "")
	flags.StringVar(&f.clients, "client-ca", "", "")
	flags.BoolVar(&f.licenseTrace, "license-trace", false, "")
	flags.BoolVar(&f.json, "json", false, "")
	return cmd
}

func (f *targetFlags) check(cmd *cobra.Command, c *counting, args []string) (err error) {
	switch {
	case len(args) > 1:
		return usagef("want one scenario, not %d files", len(args))
	case len(c.policies) > 1:
		return usagef("--policy must be one policy, not %q", strings.Join(c.policies, ","))
	case f.licenseTrace && f.messages == "":
		return usagef("--license-trace is for --messages FILE")
	case f.messages == "-":
		return usagef("--messages must be a file")
	case f.trace == "-" && f.json:
		return usagef("--trace - and --json both want standard output")
	case (f.cert == "") != (f.key == ""):
		return usagef("--tls-cert and --tls-key must be given together")
	case f.clients != "" && f.cert == "":
		return usagef("--client-ca is for --tls-cert")
	case len(args) == 0 && cmd.Flags().Changed("from"):
		return usagef("--from is for a scenario")
	}
	if _, _, err := net.SplitHostPort(f.listen); err != nil {
		return usagef("--listen must be an address and a port, as 127.0.0.1:52773, not %q", f.listen)
	}
	if f.options.Service, err = scenario.ParseLength(f.service); err != nil {
		return usagef("--service must be a duration such as 200ms or a distribution such as exp(2s), not %q", f.service)
	}
	if f.options.Clock, err = factor("clock", strings.TrimSuffix(f.clock, "x"), sim.MaxClock); err != nil {
		return err
	}
	if f.begin, err = parseWhen(f.from); err != nil || f.begin.which != 0 {
		return badFrom(f.from)
	}
	if len(args) > 0 {
		return c.checkRest()
	}
	return c.check()
}

func badFrom(text string) error {
	return usagef("--from must be a time of the scenario such as 14:33 or 8h30m, not %q", text)
}

// counting reads the scenario, and finds policy and key.
func (f *targetFlags) counting(cmd *cobra.Command, std stdio, c *counting, args []string) error {
	o := &f.options
	if len(args) == 0 {
		o.Policy, _ = engine.NamedPolicy("")
		if len(c.policies) > 0 {
			o.Policy, _ = engine.NamedPolicy(c.policies[0]) // check has found it
		}
		if err := c.change(&o.Policy); err != nil {
			return err
		}
		o.Units = o.Policy.DefaultUnits
		if cmd.Flags().Changed("units") {
			o.Units = c.units
		}
		return nil
	}
	s, err := c.loaded(cmd, std, args)
	if err != nil {
		return err
	}
	o.Scenario, o.Fingerprint = s.scenario, s.fingerprint
	start := clock{o.Scenario.Start}
	m, err := f.begin.moment(start, o.Scenario.Duration)
	if err != nil {
		return usagef("--from must be from %s to %s, not %q", start.at(0), start.at(o.Scenario.Duration), f.from)
	}
	o.Policy, o.Units, o.Begin = o.Scenario.License.Policy, o.Scenario.License.Units, m.At
	return nil
}

// run answers requests until the context ends.
func (f *targetFlags) run(ctx context.Context, std stdio) (res *result.Target, err error) {
	config, err := serverTLS(f.cert, f.key, f.clients)
	if err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", f.listen)
	if err != nil {
		return nil, err
	}
	defer l.Close()
	scheme := "http"
	if config != nil {
		scheme, l = "https", tls.NewListener(l, config)
	}
	o := &f.options
	if f.messages != "" {
		file, err := os.OpenFile(f.messages, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o666)
		if err != nil {
			return nil, err
		}
		defer file.Close() // what is written is flushed, and told
		o.Log, o.LogTrace = file, f.licenseTrace
	}
	serve := func(w io.Writer) error {
		o.Trace = w
		t := target.New(*o)
		fmt.Fprintf(std.err, "highwater: answering at %s://%s/ (policy %s, %s)\n", scheme, l.Addr(), words.Policy(o.Policy.Name, o.Policy.Changed), keyText(o.Units, o.Policy.LimitOn.String()))
		if !target.Loopback(l.Addr().String()) {
			fmt.Fprintln(std.err, "highwater: other machines can reach it")
		}
		res, err = t.Serve(ctx, l)
		return err
	}
	if f.trace == "" {
		return res, serve(nil)
	}
	tape := &tape{name: shown(f.trace), std: std}
	err = writeFile(std, f.trace, func(w io.Writer) error {
		tape.w = w
		return serve(tape)
	})
	return res, errors.Join(err, tape.err)
}

// A tape is the trace of a target. When it cannot be written any more that is
// said at once, what there is stays, and the target goes on.
type tape struct {
	w    io.Writer
	name string
	std  stdio
	err  error
}

func (t *tape) Write(b []byte) (int, error) {
	if t.err == nil {
		if _, err := t.w.Write(b); err != nil {
			t.err = fmt.Errorf("%s: the trace ends before the target did: %w", t.name, err)
			fmt.Fprintf(t.std.err, "highwater: %v; the target goes on\n", t.err)
		}
	}
	return len(b), nil
}

func (f *targetFlags) print(std stdio, res *result.Target) error {
	if f.trace == "-" {
		return nil
	}
	res.Version = version
	return std.print(f.json, res, func(w io.Writer) { writeTarget(w, res) })
}

// writeTarget tells a person what came of the requests.
func writeTarget(w io.Writer, res *result.Target) {
	c := clock{res.Start}
	fmt.Fprintf(w, "%s in %s, policy %s, %s\n\n", words.Plural(res.Requests, "request"), words.Span(res.At-res.Begin),
		words.Policy(res.Policy, res.Options), keyText(res.Units, res.LimitOn))
	var answers []string
	for _, a := range res.Answers {
		answers = append(answers, fmt.Sprintf("%d × %s", a.Status, words.Number(a.Count)))
	}
	lines := [][2]string{
		{"peak", peakText(res.Peak, c) + ", " + words.Plural(res.PeakConnections, "connection") + " at most"},
		{"admitted", words.Plural(res.Admitted, "connection")},
	}
	if answers != nil {
		lines = append(lines, [2]string{"answers", strings.Join(answers, ", ")})
	}
	if res.Abandoned > 0 {
		lines = append(lines, [2]string{"abandoned", words.Plural(res.Abandoned, "request") + " by clients that did not wait"})
	}
	if res.TurnedAway > 0 {
		lines = append(lines, [2]string{"turned away", words.Plural(res.TurnedAway, "request") + " that the target itself had no room for"})
	}
	lines = append(lines, refusalLines(res.FirstRefusal, res.LimitOn, c)...)
	if res.Refused > 0 {
		lines = append(lines, [2]string{"refused", refusedText(res.Refused, res.RefusedByVia)})
	}
	labelled(w, lines)
}
