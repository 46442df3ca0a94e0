package fit

import (
	"cmp"
	"errors"
	"math"
	"slices"
	"time"

	"highwater/engine"
	"highwater/scenario"
	"highwater/sim/result"
	"highwater/sim/stats"
)

// A Model is what an [Observer] has found.
type Model struct {
	Start    time.Time
	Duration engine.Time
	Events   int64
	Cohorts  []Cohort
	Notes    []string // doubts
}

// A Cohort is visits that come by one way.
type Cohort struct {
	result.FitCohort
	Via        engine.Via
	Sessionful bool        // calls in web sessions
	Address    string      // the one that all have; "" when they differ
	Named      bool        // they have user names
	Timeout    engine.Time // of web sessions
	Crowded    bool        // callers come again so soon that each visit had better be somebody new

	curve              *curve
	pages, gaps, takes histogram
}

// ErrNothing is the error of traffic without a call or web session to fit.
var ErrNothing = errors.New("no REST or SOAP call and no web session that a scenario could be fitted to")

// Model is what was found of a trace that ends at an instant, 0 for that of
// its last event.
func (b *Observer) Model(end engine.Time) (*Model, error) {
	end = cmp.Or(end, b.last)
	m := &Model{Start: b.start, Duration: max(end, engine.Second), Events: b.events}
	for _, g := range b.groups {
		if g == nil {
			continue
		}
		g.finish(b, end)
		if g.visits == 0 {
			continue
		}
		m.Cohorts = append(m.Cohorts, g.cohort(max(end-b.edge, engine.Second)))
	}
	if len(m.Cohorts) == 0 {
		return nil, ErrNothing
	}
	b.note(m)
	return m, nil
}

// cohort is a group as a cohort of a scenario.
func (g *group) cohort(covered engine.Time) Cohort {
	c := Cohort{
		Via: g.via, Sessionful: g.way == sessionful, Named: 2*g.named > g.visits, Timeout: g.timeout,
		pages: g.pages, gaps: g.gaps, takes: g.takes,
		FitCohort: result.FitCohort{
			Name: [...]string{rest: "REST callers", soap: "SOAP callers", sessionful: "callers in web sessions", csp: "browsers"}[g.way],
			Kind: scenario.Callers.String(), Visits: g.visits, Callers: int64(len(g.came)), Dispersion: []result.FitDispersion{},
		},
	}
	if g.way == csp {
		c.Kind = scenario.Browsers.String()
	}
	if g.alone {
		c.Callers = g.visits
	} else if g.single && len(g.came) > 1 {
		c.Address = g.addr
	}
	c.Pages = float64(g.calls) / float64(g.visits)
	c.OnePage = float64(g.onePage) / float64(g.visits)
	c.Length = engine.Time(math.Round(g.length / float64(g.visits) * float64(engine.Second)))
	if g.left > 0 {
		c.Logouts = float64(g.logouts) / float64(g.left)
	}
	if c.Members = members(c.Callers, g.visits); c.Members > 0 {
		// Real visits of a caller do not meet, those of members would.
		visiting := float64(g.visits) / covered.Seconds() * (c.Length + g.timeout).Seconds()
		if c.Crowded = visiting > 0.05*float64(c.Members); c.Crowded {
			c.Members = 0
		}
	}
	windows := func(length engine.Time) *stats.Windows { return g.windows[slices.Index(windowLengths, length)] }
	c.curve = fitCurve(windows(engine.Minute), windows(engine.Hour), g.visits, covered)
	causes, totals := burstiness(c.curve, g.windows, covered)
	for i := range totals {
		e := &totals[i]
		c.Dispersion = append(c.Dispersion, result.FitDispersion{
			Window: engine.Time(e.window) * engine.Second, Windows: e.windowCount, Log: e.index(), Fit: modelled(causes, e),
		})
	}
	c.Bursts = bursts(causes)
	return c
}

// members is of how many members, each as likely to come as any other, so many
// different ones make so many visits; 0 when there are so many that hardly
// anybody comes again.
func members(different, visits int64) int64 {
	d, v := float64(different), float64(visits)
	if d > 0.98*v {
		return 0
	}
	met := func(n float64) float64 { return -n * math.Expm1(v*math.Log1p(-1/n)) }
	if d <= 1 {
		return 1
	}
	low, high := d, 100*v
	for range 100 {
		if mid := (low + high) / 2; met(mid) < d {
			low = mid
		} else {
			high = mid
		}
	}
	return int64(math.Round(low))
}

// fewVisits is how many visits tell little.
const fewVisits = 100

// note adds what one should know about the model.
func (b *Observer) note(m *Model) {
	add := func(s string) { m.Notes = append(m.Notes, s) }
	if !b.dated {
		add("the trace does not say when it began: its start is taken as a Monday, 00:00")
	}
	if b.other > 0 {
		add("connections that are neither calls nor web sessions are left out")
	}
	shaped, few := false, false
	for i := range m.Cohorts {
		few = few || m.Cohorts[i].Visits < fewVisits
		shaped = shaped || m.Cohorts[i].curve.shape
	}
	if few {
		add("there are few visits: rates and bursts are little more than guesses")
	}
	if shaped {
		add("the minutes of the hour differ hour after hour: the rates follow them")
	}
}
