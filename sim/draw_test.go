package sim

import (
	"context"
	"fmt"
	"strings"

	"highwater/engine"
	"highwater/scenario"
	"highwater/sim/result"
	"highwater/sim/trace"

	"pgregory.net/rapid"
)

// A sketch draws a random scenario as the text of a file, so that what fails
// can be read, shrunk and run by hand. Times lie on a coarse grid often enough
// that many things happen at one instant.
type sketch struct {
	t       *rapid.T
	capped  bool // the key may have a limit
	alone   bool // nothing of a cohort touches another
	proxies int
	caps    []int    // of the proxies; 0 is none
	cap     int      // of the present cohort's proxy
	names   []string // of the cohorts so far
	kinds   []string
	blocks  []string // their texts
	head    string
}

// pick draws one of a few words.
func (s *sketch) pick(label string, words ...string) string {
	return rapid.SampledFrom(words).Draw(s.t, label)
}

// yes draws whether something is so, rather not.
func (s *sketch) yes(label string) bool { return rapid.IntRange(0, 2).Draw(s.t, label) == 2 }

func (s *sketch) length(label string) string {
	return s.pick(label, "10s", "20s", "5m", "0s", "exp(40s)", "lognormal(mean 2m, cv 1.5)", "uniform(5s, 1m)", "hyperexp(mean 1m, cv 2)",
		"gamma(mean 30s, cv 0.5)", "weibull(mean 1m, shape 0.7)")
}

func (s *sketch) wait(label string) string {
	return s.pick(label, "10s", "30s", "5m", "exp(2m)", "uniform(5s, 1m)")
}

func (s *sketch) count(label string) string {
	if s.cap > 0 { // or a session could not pass
		return s.pick(label, "1", "uniform(1, 4)", "geometric(mean 2)")
	}
	return s.pick(label, "1", "2", "3", "uniform(1, 4)", "geometric(mean 2)")
}

// drawScenario draws a scenario of one to six cohorts, whose key may be
// limited.
func drawScenario(t *rapid.T) *sketch { return fill(&sketch{t: t, capped: true}) }

// drawUnlimited draws a scenario without any limit and without pools, so that
// nobody's fate depends on others.
func drawUnlimited(t *rapid.T) *sketch { return fill(&sketch{t: t}) }

func fill(s *sketch) *sketch {
	s.drawHead()
	for i := range rapid.IntRange(1, 6).Draw(s.t, "cohorts") {
		s.drawCohort(i)
	}
	return s
}

func (s *sketch) drawHead() {
	var b strings.Builder
	fmt.Fprintf(&b, "name: random\nstart: 2026-11-%02dT07:%02d:00Z\nduration: %s\nseed: %d\n", rapid.IntRange(20, 29).Draw(s.t, "day"),
		rapid.SampledFrom([]int{0, 0, 50}).Draw(s.t, "minute"), s.pick("duration", "10m", "1h", "3h"), rapid.IntRange(0, 1<<30).Draw(s.t, "seed"))
	units := "unlimited"
	if s.capped && !s.yes("unlimited") {
		units = fmt.Sprint(rapid.IntRange(1, 12).Draw(s.t, "units"))
	}
	fmt.Fprintf(&b, "license: {units: %s, policy: %s}\n", units, s.drawPolicy())
	if !s.alone {
		s.proxies = rapid.IntRange(0, 2).Draw(s.t, "proxies")
	}
	if s.proxies > 0 {
		b.WriteString("proxies:\n")
	}
	for i := range s.proxies {
		fmt.Fprintf(&b, "  - {name: p%d, address: 10.0.0.%d, forwards: %s, drops_cookies: %t", i, rapid.IntRange(1, 2).Draw(s.t, "proxy address"),
			s.pick("forwards", "nothing", "x-forwarded-for", "forwarded"), s.yes("drops cookies"))
		s.caps = append(s.caps, 0)
		switch {
		case s.capped && s.yes("pooled"):
			fmt.Fprintf(&b, ", pool: %d", rapid.IntRange(1, 4).Draw(s.t, "pool"))
		case s.capped && s.yes("gateway"):
			s.caps[i] = rapid.IntRange(1, 4).Draw(s.t, "cap")
			fmt.Fprintf(&b, ", cap: %d, patience: %q", s.caps[i], s.pick("patience", "forever", "0s", "10s", "exp(30s)"))
		}
		b.WriteString("}\n")
	}
	s.head = b.String()
}

// drawPolicy draws a named policy with some options changed. What limits is
// only drawn when a limit is wanted.
func (s *sketch) drawPolicy() string {
	if s.alone {
		return "iris-2022.3"
	}
	settings := []string{"base: " + s.pick("base", engine.PolicyNames()...)}
	set := func(name string, values ...string) {
		if rapid.IntRange(0, 3).Draw(s.t, "set "+name) == 3 {
			settings = append(settings, name+": "+s.pick(name, values...))
		}
	}
	for _, o := range engine.Options() {
		switch {
		case o.Name == "connection_limit" || o.Name == "user_limit":
			if s.capped {
				set(o.Name, "1", "2", "5")
			}
		case o.Name == "max_connections":
			set(o.Name, "1", "2", "3")
		case o.Name == "uncharged":
			set(o.Name, "[csp]", "[rest, soap]", "[job, task]", "[xdbc, batch, startup]")
		case o.Name == "host_address":
			set(o.Name, "10.0.0.1")
		case o.Kind == "bool":
			set(o.Name, "true", "false")
		case o.Kind == "seconds":
			set(o.Name, "0s", "5s", "10s", "30s", "1m")
		case o.Kind == "choice":
			set(o.Name, o.Values...)
		}
	}
	return "{" + strings.Join(settings, ", ") + "}"
}

func (s *sketch) drawCohort(i int) {
	s.cap = 0
	name := fmt.Sprintf("c%d", i)
	if s.yes("long name") {
		name = fmt.Sprintf("cohort %d of people behind a rather long name", i)
	}
	kinds := []string{"users", "devices", "callers", "browsers", "batch"}
	if !s.alone {
		kinds = append(kinds, "tasks", "startup")
	}
	if !s.alone && i > 0 {
		kinds = append(kinds, "jobs")
	}
	kind := s.pick("kind", kinds...)
	var b strings.Builder
	fmt.Fprintf(&b, "  - name: %s\n    kind: %s\n", name, kind)
	line := func(format string, args ...any) { fmt.Fprintf(&b, "    "+format+"\n", args...) }
	if kind == "jobs" {
		s.drawJob(line)
	} else {
		s.drawArrivals(line)
	}
	switch kind {
	case "users", "devices", "callers", "browsers":
		s.drawNetworked(kind, line)
	case "tasks":
		if s.yes("task user") {
			line("user: %s", s.pick("user", "own", "svc"))
		}
	}
	switch kind {
	case "tasks", "startup", "batch", "jobs":
		line("processes: %s", s.count("processes"))
		line("runs: %s", s.length("runs"))
	}
	if s.yes("retries") {
		line("on_refusal: {retry: %q, times: %s, backoff: %s}", s.wait("retry"), s.pick("times", "1", "3", "unlimited"), s.pick("backoff", "1", "2"))
	}
	s.names, s.kinds, s.blocks = append(s.names, name), append(s.kinds, kind), append(s.blocks, b.String())
}

func (s *sketch) drawJob(line func(string, ...any)) {
	by := rapid.IntRange(0, len(s.names)-1).Draw(s.t, "started by")
	line("started_by: %s", s.names[by])
	if (s.kinds[by] == "callers" || s.kinds[by] == "browsers") && s.yes("per page") {
		line("per: page")
	}
	line("chance: %s", s.pick("chance", "100%", "50%"))
	line("delay: %s", s.pick("delay", "0s", "10s", "exp(20s)"))
}

func (s *sketch) drawArrivals(line func(string, ...any)) {
	n := rapid.IntRange(1, 6).Draw(s.t, "count")
	switch s.pick("arrivals", "poisson", "each", "curve", "every", "storm", "at", "idle", "start", "open at") {
	case "poisson":
		if s.yes("members") {
			line("count: %d", n)
		}
		line("arrivals: {poisson: %s}", s.pick("rate", "1/min", "6/min", "1/h"))
	case "each":
		line("count: %d", n)
		line("arrivals: {poisson: %s each}", s.pick("rate", "1/min", "6/h"))
	case "curve":
		line("arrivals: {poisson: {07:00: 0, 07:10: 2/min, weekend 08:00: 30/h, 09:00: 3/min}, linear: %t}", s.yes("linear"))
	case "every":
		line("count: %d", n)
		line("arrivals: {every: %q, jitter: %q, phase: %s}", s.wait("every"), s.pick("jitter", "0s", "5s", "uniform(0s, 2m)"),
			s.pick("phase", "random", "aligned", "even"))
	case "storm":
		line("count: %d", n)
		line("arrivals: {storm: [07:05, weekdays 07:30, +1m], spread: %s}", s.pick("spread", "1us", "1m", "40m"))
	case "at":
		line("count: %d", n)
		line("arrivals: {at: [07:00, 07:10, weekend 07:30, +30s]}")
	case "open at":
		line("arrivals: {at: [07:00, 07:10, weekend 07:30, +30s, +40s, 0:00:01]}")
	case "idle":
		line("count: %d", n)
		line("arrivals: {idle: %q}", s.wait("idle"))
	case "start":
		line("count: %d", n)
		line("arrivals: start")
	}
}

func (s *sketch) drawNetworked(kind string, line func(string, ...any)) {
	if s.proxies > 0 && s.yes("through") {
		i := rapid.IntRange(0, s.proxies-1).Draw(s.t, "proxy")
		s.cap = s.caps[i]
		line("through: p%d", i)
	}
	if !s.alone && s.yes("address") {
		line("address: 10.0.0.%d", rapid.IntRange(1, 3).Draw(s.t, "address"))
	}
	user := s.pick("user", "none", "own", "svc", "a-service-account-whose-name-is-far-too-long-for-a-license-user-id")
	login := kind == "browsers" && s.yes("login")
	if !(login && user == "none") {
		line("user: %s", user)
	}
	switch kind {
	case "users":
		line("via: %s", s.pick("via", "terminal", "telnet", "xdbc"))
		line("devices: %s", s.count("devices"))
		line("connections: %s", s.count("connections"))
		line("session: %s", s.length("session"))
	case "devices":
		line("connections: %s", s.count("connections"))
		line("session: %s", s.pick("session", "forever", "10s", "exp(1m)"))
	case "callers":
		line("via: %s", s.pick("via", "rest", "soap"))
		session := fmt.Sprintf("calls: %q, takes: %q, think: %q", s.count("calls"), s.pick("takes", "0s", "10s", "exp(3s)", "uniform(1s, 20s)"), s.length("think"))
		if s.yes("use session") {
			session += fmt.Sprintf(", use_session: true, logout: %s, timeout: %s", s.pick("logout", "0%", "50%", "100%"), s.pick("timeout", "never", "30s", "1m"))
		}
		line("session: {%s}", session)
	case "browsers":
		line("session: {pages: %q, %s: %q, logout: %s, timeout: %s, windows: %q, login: %t}", s.count("pages"), s.pick("between", "think", "lasts"),
			s.length("think"), s.pick("logout", "0%", "50%", "100%"), s.pick("timeout", "never", "30s", "1m"), s.count("windows"), login)
	}
}

func (s *sketch) text() string { return s.head + "cohorts:\n" + strings.Join(s.blocks, "") }

// without is the text without one cohort and the jobs that come of it.
func (s *sketch) without(gone int) (text string, kept []string) {
	out := map[string]bool{s.names[gone]: true}
	var blocks []string
	for i, block := range s.blocks {
		_, by, _ := strings.Cut(block, "started_by: ")
		by, _, _ = strings.Cut(by, "\n")
		if out[s.names[i]] || out[by] {
			out[s.names[i]] = true
			continue
		}
		blocks, kept = append(blocks, block), append(kept, s.names[i])
	}
	return s.head + "cohorts:\n" + strings.Join(blocks, ""), kept
}

// parse parses the text of a scenario, which must be valid.
func parse(t rapid.TB, text string) *scenario.Scenario {
	t.Helper()
	sc, err := scenario.Parse("random.yaml", []byte(text), nil)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return sc
}

// run runs a scenario.
func run(t rapid.TB, sc *scenario.Scenario, o Options) *result.Simulation {
	t.Helper()
	res, err := Run(context.Background(), sc, o)
	if err != nil {
		t.Fatal(err)
	}
	return res
}

// record runs the first replication of a scenario and keeps its trace.
func record(t rapid.TB, sc *scenario.Scenario) (*result.Simulation, []trace.Event) {
	t.Helper()
	var events []trace.Event
	res := run(t, sc, Options{Reps: 1, Trace: func(e *trace.Event) { events = append(events, *e) }})
	return res, events
}
