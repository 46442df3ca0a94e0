package target

import (
	"crypto/rand"

	"highwater/engine"
	"highwater/scenario"
	"highwater/sim"
	"highwater/sim/wire"
)

// An app is what answers the requests of a cohort.
type app struct {
	wire.Endpoint
	cohort  string // its name; "" when no scenario has it
	below   string // path that the cookie of a session is for
	use     bool   // its calls belong to a web session; pages always do
	timeout engine.Time
	service *scenario.Dist
	draws   *sim.Draws
	jobs    []*sim.Job // that its sessions and pages start
}

// openApps makes an app of each cohort that speaks HTTP.
func (c *core) openApps(sc *scenario.Scenario) {
	slugs := wire.Slugs(sc.Cohorts)
	byCohort := map[int]*app{}
	for i := range sc.Cohorts {
		s := &sc.Cohorts[i]
		if !wire.Speaks(s) {
			continue
		}
		a := c.newApp(wire.Endpoint{Via: s.Via, Slug: slugs[i]})
		a.cohort, a.use, a.timeout = s.Name, s.UseSession || s.Kind == scenario.Browsers, s.Timeout
		if s.Request != nil {
			a.below = "/"
		}
		if s.Kind == scenario.Callers && s.Lasts.Law != scenario.Unset {
			a.service = &s.Lasts
		}
		a.draws = sim.NewDraws(sc.Seed, s.Name)
		byCohort[i] = a
	}
	for i := range sc.Cohorts {
		s := &sc.Cohorts[i]
		if a := byCohort[s.StartedBy]; s.Kind == scenario.Jobs && a != nil {
			a.jobs = append(a.jobs, sim.NewJob(s, &sc.Cohorts[s.StartedBy]))
		}
	}
}

func (c *core) newApp(e wire.Endpoint) *app {
	a := &app{Endpoint: e, below: e.CookiePath(), use: e.Via == engine.CSP, timeout: c.o.Timeout, service: &c.o.Service}
	c.apps[e] = a
	return a
}

// app finds what answers at an endpoint; nil when nothing does. Without a
// scenario there is something everywhere, but is forgotten again.
func (c *core) app(e wire.Endpoint) *app {
	a := c.apps[e]
	if a == nil && c.o.Scenario == nil {
		if len(c.apps) >= maxApps {
			clear(c.apps) // sessions keep theirs
		}
		a = c.newApp(e)
		a.draws = sim.NewDraws(1, e.Path())
	}
	return a
}

// maxApps is how many endpoints are remembered that no scenario has.
const maxApps = 10_000

// A session is a web session.
type session struct {
	*link
	app    *app
	value  string      // of its cookie
	busy   int         // requests under way
	until  engine.Time // when it times out, if none comes until then
	alarm  *alarm      // that looks at it; nil when none is set
	closed bool
}

// openSession keeps a web session for a connection.
func (c *core) openSession(a *app, l *link) *session {
	s := &session{link: l, app: a, value: rand.Text()}
	c.sessions[s.value] = s
	return s
}

// rest begins the time after which a session that no request keeps busy
// times out.
func (c *core) rest(at engine.Time, s *session) {
	s.busy--
	if s.closed || s.busy > 0 || s.app.timeout == 0 {
		return
	}
	s.until = at + s.app.timeout
	c.watch(s)
}

// watch looks at a session when it may time out. One alarm a session does,
// however often it is used meanwhile.
func (c *core) watch(s *session) {
	if s.alarm != nil {
		return
	}
	s.alarm = c.at(s.until, func(at engine.Time) {
		s.alarm = nil
		switch {
		case s.busy > 0:
		case s.until > at:
			c.watch(s)
		default:
			c.closeSession(at, s, engine.Timeout)
		}
	})
}

func (c *core) closeSession(at engine.Time, s *session, how engine.How) {
	s.closed = true
	if s.alarm != nil {
		c.cancel(s.alarm)
	}
	delete(c.sessions, s.value)
	c.disconnect(at, s.link, how)
}
