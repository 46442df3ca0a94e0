package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"highwater/engine"
	"highwater/sim/result/words"
)

// answers are what a first scenario is made of.
type answers struct {
	name     string
	people   int
	devices  int
	calls    float64 // REST calls a second
	visitors float64 // an hour
	policy   engine.Policy
	units    int // 0 is unlimited
	hours    int
	start    time.Time
}

// empty reports whether nobody is there.
func (a *answers) empty() bool {
	return a.people == 0 && a.devices == 0 && a.calls == 0 && a.visitors == 0
}

// A question is a flag of init, and what is asked when it is not given.
type question struct {
	name      string
	text      string
	byDefault func(a *answers) string // may depend on the answers before
	set       func(a *answers, s string) error
	flag      string // as given
}

type questionList []question

// questions are in the order of asking.
func questions() questionList {
	always := func(s string) func(*answers) string { return func(*answers) string { return s } }
	return questionList{
		{"name", "What is it called?", func(a *answers) string { return a.name }, func(a *answers, s string) error {
			if s = strings.TrimSpace(s); s == "" || len(s) > 200 || printable(s) != s {
				return fmt.Errorf("must be a text on one line, not %q", s)
			}
			a.name = s
			return nil
		}, ""},
		{"people", "How many people log on at the start?", always("100"), wholeAnswer(func(a *answers) *int { return &a.people }, 0, 1_000_000), ""},
		{"devices", "How many instruments and interfaces stay connected?", always("10"), wholeAnswer(func(a *answers) *int { return &a.devices }, 0, 1_000_000), ""},
		{"calls", "How many REST calls come each second?", always("2"), rateAnswer(func(a *answers) *float64 { return &a.calls }), ""},
		{"visitors", "How many visitors of web pages come each hour?", always("60"), rateAnswer(func(a *answers) *float64 { return &a.visitors }), ""},
		{"policy", "How are units counted? (see highwater help policies)", always("iris-2022.3"), func(a *answers, s string) (err error) {
			a.policy, err = policyNamed(s, nil)
			return err
		}, ""},
		{"units", "How many units has the key? 0 is unlimited.", func(a *answers) string { return strconv.Itoa(usualUnits(&a.policy)) },
			wholeAnswer(func(a *answers) *int { return &a.units }, 0, 10_000_000), ""},
		{"hours", "How many hours are simulated?", always("10"), wholeAnswer(func(a *answers) *int { return &a.hours }, 1, 24*31), ""},
		{"start", "When does it start?", always("2026-01-05T08:00:00Z"), func(a *answers, s string) (err error) {
			if a.start, err = time.Parse(time.RFC3339, s); err != nil {
				return fmt.Errorf("must be a time such as 2026-11-23T07:00:00Z, not %q", s)
			}
			return nil
		}, ""},
	}
}

func wholeAnswer(at func(*answers) *int, least, most int) func(*answers, string) error {
	return func(a *answers, s string) error {
		n, err := strconv.Atoi(s)
		if err != nil || n < least || n > most {
			return fmt.Errorf("must be a whole number from %d to %s, not %q", least, words.Number(most), s)
		}
		*at(a) = n
		return nil
	}
}

func rateAnswer(at func(*answers) *float64) func(*answers, string) error {
	return func(a *answers, s string) error {
		v, err := strconv.ParseFloat(s, 64)
		if err != nil || !(v == 0 || v >= 0.001 && v <= 1e6) {
			return fmt.Errorf("must be 0 or a number from 0.001 to 1,000,000, not %q", s)
		}
		*at(a) = v
		return nil
	}
}

// usualUnits are the units of the key that a policy comes with.
func usualUnits(p *engine.Policy) int {
	switch {
	case p.DefaultUnits > 0:
		return p.DefaultUnits
	case !p.Enforce:
		return 0
	}
	return 150
}

// nameOf is the name of a scenario by that of its file.
func nameOf(file string) string {
	base := filepath.Base(file)
	base = strings.TrimSuffix(base, filepath.Ext(base))
	if base = strings.TrimSpace(base); base == "" || base == "-" || len(base) > 200 || printable(base) != base {
		return "first scenario"
	}
	return base
}

// A lineReader reads answers.
type lineReader struct{ r *bufio.Reader }

func newLineReader(r io.Reader) lineReader { return lineReader{bufio.NewReader(r)} }

// read is the next line without spaces around it. io.EOF is told only when
// there is nothing.
func (l lineReader) read() (string, error) {
	s, err := l.r.ReadString('\n')
	if s != "" && err == io.EOF {
		err = nil
	}
	return strings.TrimSpace(s), err
}

// plainText needs no quotes in YAML, but for the words that mean something.
var plainText = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9 _.-]*$`)

func yamlText(s string) string {
	if plainText.MatchString(s) && !slices.Contains([]string{"true", "false", "null", "yes", "no", "on", "off", "y", "n"}, strings.ToLower(s)) {
		return s
	}
	return strconv.Quote(s)
}

// scenario is the first scenario as a file of that name.
func (a *answers) scenario(file string) []byte {
	if file == "-" {
		file = "FILE"
	}
	var b bytes.Buffer
	file = shellWord(file)
	fmt.Fprintf(&b, firstHead, schemaName, schemaName, file, file, file, yamlText(a.name), a.start.Format(time.RFC3339), a.start.Format("Monday"), a.hours)
	units := "unlimited"
	if a.units > 0 {
		units = strconv.Itoa(a.units)
	}
	fmt.Fprintf(&b, firstLicense, units, a.policy.Name, engine.PolicyHelp(a.policy.Name))
	clock := "15:04"
	if a.start.Second() != 0 {
		clock = "15:04:05"
	}
	rate := func(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }
	for _, c := range []struct {
		there bool
		text  string
		args  []any
	}{
		{a.people > 0, firstPeople, []any{a.people, a.start.Format(clock), min(4, float64(a.hours)/2)}},
		{a.devices > 0, firstDevices, []any{a.devices}},
		{a.calls > 0, firstCallers, []any{rate(a.calls)}},
		{a.visitors > 0, firstVisitors, []any{rate(a.visitors)}},
	} {
		if c.there {
			fmt.Fprintf(&b, c.text, c.args...)
		}
	}
	b.WriteString(firstTail)
	return b.Bytes()
}

const firstHead = `# yaml-language-server: $schema=%s
#
# Editors with the YAML language server, such as VS Code with the extension YAML, complete and check
# this file by the schema that the line above names: highwater schema > %s
#
# How many license units are in use at the peak, who holds them, and is anybody refused?
#
#   highwater run %s      the answer
#   highwater watch %s    the answer again each time that this file is saved
#   highwater size %s     how many units are enough, and how sure is that
#
# All numbers are assumptions: put yours in their place. highwater help FIELD explains a field, such
# as highwater help arrivals, and highwater help scenario all of them.
name: %s
start: %s # the wall clock at the start, a %s; clock times below are in its zone
duration: %dh
reps: 60 # days that are simulated, each with other random numbers
`

const firstLicense = `
license:
  units: %s
  policy: %s # %s
# compare: [iris-pre-2022.3, contract] # counts the same traffic in these ways, too

cohorts:
`

const firstPeople = `  # People log on at the start of their day, and again some time after they were refused. The
  # connections of one address share a unit, so that the second of each costs nothing.
  - name: people
    kind: users
    via: xdbc # or terminal, telnet, rich client
    count: %d
    connections: 2
    arrivals: {storm: %s, spread: 30m} # each at random in this half hour
    session: lognormal(mean %gh, cv 0.5)
    on_refusal: {retry: exp(1m), times: 10}

`

const firstDevices = `  # Instruments and interfaces are connected from the start to the end.
  - name: devices
    kind: devices
    count: %d

`

const firstCallers = `  # REST calls without a web session, each from an address of its own. Since 2022.3 they count, and
  # keep their unit for 10 s. Where a gateway hides the addresses, say so: highwater help proxies
  - name: REST callers
    kind: callers
    arrivals: {poisson: %s/s} # or by time of day: {poisson: {08:00: 1/s, 12:00: 3/s}}
    session: uniform(50ms, 200ms)

`

const firstVisitors = `  # Visitors of web pages hold a unit until they log out or the session times out, and those of one
  # page for ten minutes more.
  - name: visitors
    kind: browsers
    arrivals: {poisson: %s/h}
    session: {pages: geometric(mean 3), think: exp(40s), logout: 30%%}

`

const firstTail = `# What must hold is for highwater gate, as in a build:
# expect:
#   - {peak: 95%} # of the key
#   - {refusals: 0}
`
