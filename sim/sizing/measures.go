package sizing

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"highwater/engine"
	"highwater/scenario"
	"highwater/sim"
)

// A measure is something that an administrator can do about license units.
type measure struct {
	name    string
	title   string
	changes string // settings; two measures that share one are no pair
	// apply changes a case, which is the measure's own, and says what that
	// takes, or why the measure does not apply.
	apply func(c *sim.Case) (p *plan, why string)
}

// A plan is what a measure takes in one scenario.
type plan struct {
	title    string
	concerns []string // cohorts
	do       []string // what has to be changed
	costs    []string
	people   bool // it changes how long people and devices are there, which the contract counts
}

var measures = []measure{
	{"log_in", "CSP Session.Login", "log_in", logIn},
	{"user_names", "UserNameLicensing", "username_licensing", countUserNames},
	{"use_session", "UseSession", "use_session", useSession},
	{"cookies", "cookies through the proxy", "cookies", keepCookies},
	{"alt_headers", "LicenseAltHeaders", "alt_headers", readHeaders},
	{"time_out", "shorter time-outs", "time_out", shortenTimeouts},
	{"log_out", "logging out", "log_out", logOut},
	{"jobs_log_in", "jobs log in", "jobs", logJobsIn},
	{"connection_limit", "SetConnectionLimit", "connection_limit", limitConnections},
	{"accounts", "more service accounts", "accounts username_licensing", moreAccounts},
	{"cap_at_key", "gateway cap below the key", "cap", capAtKey},
	{"cap_at_unit", "gateway cap of what shares a unit", "cap", capAtUnit},
}

// What the measures set, where an administrator has a choice.
const (
	shortTimeout  = 5 * engine.Minute
	usualTimeout  = 15 * engine.Minute
	goodLogout    = 0.9
	capReserve    = 2  // units that a cap leaves to others
	queueSeconds  = 60 // the Web Gateway's Queued Request Timeout
	startRoutine  = "for example in SYSTEM^%ZSTART, so that it is done at each start"
	userNamesCall = "call $SYSTEM.License.UserNameLicensing(1), " + startRoutine
)

// A view is a case as a measure looks at it and changes it.
type view struct {
	*sim.Case
	concerns []string
}

// each changes the cohorts that are counted and that a condition holds for.
func (v *view) each(holds func(*scenario.Cohort) bool, change func(*scenario.Cohort)) {
	for i := range v.Scenario.Cohorts {
		if c := &v.Scenario.Cohorts[i]; !v.Policy.Uncharged.Has(c.Via) && holds(c) {
			v.concern(c)
			change(c)
		}
	}
}

func (v *view) concern(c *scenario.Cohort) {
	if !slices.Contains(v.concerns, c.Name) {
		v.concerns = append(v.concerns, c.Name)
	}
}

// proxy is what a cohort comes through, nil when it comes straight.
func (v *view) proxy(c *scenario.Cohort) *scenario.Proxy {
	if c.Through == 0 {
		return nil
	}
	return &v.Scenario.Proxies[c.Through-1]
}

// set sets an option of the policy.
func (v *view) set(option, value string) {
	if err := v.Policy.Set(option, value); err != nil {
		panic("sizing: " + err.Error())
	}
}

// web reports whether a cohort's connections are web sessions.
func web(c *scenario.Cohort) bool { return c.Via == engine.CSP || c.UseSession }

// http reports whether a cohort comes by HTTP, else as processes.
func http(c *scenario.Cohort) bool { return c.Kind == scenario.Callers || c.Kind == scenario.Browsers }

// shareUnit is the most connections that share a unit.
func shareUnit(p *engine.Policy) int {
	if p.TransitionAt == engine.GeMax {
		return max(1, p.MaxConnections-1)
	}
	return p.MaxConnections
}

// loses reports whether a cohort's cookies get lost.
func (v *view) loses(c *scenario.Cohort) bool {
	x := v.proxy(c)
	return x != nil && x.DropsCookies
}

// doNothing is for measures that change the policy alone.
func doNothing(*scenario.Cohort) {}

func logIn(c *sim.Case) (*plan, string) {
	v := view{Case: c}
	v.each(func(c *scenario.Cohort) bool {
		return c.Kind == scenario.Browsers && c.User == scenario.NoUser && c.Pages.Most() > 1
	}, func(c *scenario.Cohort) { c.User, c.Login = scenario.OwnUser, true })
	if v.concerns == nil {
		return nil, "no browsers of several pages without a user"
	}
	return &plan{
		title: "CSP Session.Login", concerns: v.concerns,
		do: []string{"have visitors log in after their first page, by %CSP.Session.Login(user, password) in the application: " +
			"the session's unit is then one of user@address, which all sessions of that user from that address share"},
		costs: []string{"each visitor needs a user name and a password; until the login, and for who reads one page only, nothing changes"},
	}, ""
}

func countUserNames(c *sim.Case) (*plan, string) {
	if c.Policy.UsernameLicensing {
		return nil, "UserNameLicensing is on"
	}
	v := view{Case: c}
	v.each(func(c *scenario.Cohort) bool {
		x := v.proxy(c)
		return !http(c) && (c.Kind == scenario.Users || c.Kind == scenario.Devices) && c.User != scenario.NoUser &&
			(c.Address != "" || x != nil && x.Pool == 0)
	}, doNothing)
	if v.concerns == nil {
		return nil, "no users of terminals or xDBC who share an address"
	}
	v.byUserName()
	return &plan{
		title: "UserNameLicensing(1)", concerns: v.concerns, do: []string{userNamesCall},
		costs: []string{"every process counts by user name and address then, so that users who shared a unit by their address no longer do"},
	}, ""
}

// byUserName counts processes by user name. A pool connects by one name of
// its own, whoever uses it.
func (v *view) byUserName() {
	v.set("username_licensing", "true")
	for i := range v.Scenario.Cohorts {
		c := &v.Scenario.Cohorts[i]
		if x := v.proxy(c); x != nil && x.Pool > 0 && !http(c) {
			c.User, c.UserName = scenario.NoUser, ""
		}
	}
}

func useSession(c *sim.Case) (*plan, string) {
	v := view{Case: c}
	v.each(func(c *scenario.Cohort) bool {
		return c.Kind == scenario.Callers && !c.UseSession && c.Pages.Most() > 1 && !v.loses(c)
	}, func(c *scenario.Cohort) { c.UseSession, c.Timeout, c.Logout = true, usualTimeout, goodLogout })
	if v.concerns == nil {
		return nil, "no callers of several calls without a web session"
	}
	return &plan{
		title: "UseSession=1", concerns: v.concerns, people: true,
		do: []string{"set the class parameter UseSession = 1 (SOAPSESSION = 1 of a web service); clients send the session's cookie or header back, " +
			"and the last call ends the session (%session.EndSession = 1) in 9 of 10 cases; the others time out after 15 min"},
		costs: []string{"clients have to keep the session; it keeps its unit between calls, and for 15 min where nobody ends it"},
	}, ""
}

func keepCookies(c *sim.Case) (*plan, string) {
	v := view{Case: c}
	var names []string
	v.each(func(c *scenario.Cohort) bool { return web(c) && v.loses(c) }, func(c *scenario.Cohort) {
		names = appendNew(names, v.proxy(c).Name)
	})
	if v.concerns == nil {
		return nil, "no proxy drops the cookies of web sessions"
	}
	for i := range v.Scenario.Proxies {
		v.Scenario.Proxies[i].DropsCookies = false
	}
	return &plan{
		title: "cookies get through", concerns: v.concerns, people: true,
		do:    []string{"have " + strings.Join(names, ", ") + " pass Cookie and Set-Cookie (CSPSESSIONID) unchanged, and the clients send them back"},
		costs: []string{"the settings of the proxy; nobody is refused or waits for it"},
	}, ""
}

func appendNew(list []string, s string) []string {
	if slices.Contains(list, s) {
		return list
	}
	return append(list, s)
}

func readHeaders(c *sim.Case) (*plan, string) {
	if c.Policy.LicenseAltHeaders {
		return nil, "LicenseAltHeaders is on"
	}
	v := view{Case: c}
	var silent []string
	v.each(func(c *scenario.Cohort) bool {
		anonymousSession := web(c) && c.User == scenario.NoUser && !c.Login
		return http(c) && c.Through > 0 && c.Address == "" && !anonymousSession
	}, func(c *scenario.Cohort) {
		if x := v.proxy(c); x.Forwards == scenario.ForwardsNothing {
			x.Forwards = scenario.ForwardsXFF
			silent = appendNew(silent, x.Name)
		}
	})
	if v.concerns == nil {
		return nil, "nobody whose address matters comes by HTTP through a proxy"
	}
	v.set("license_alt_headers", "true")
	p := &plan{
		title: "LicenseAltHeaders=1", concerns: v.concerns,
		do: []string{"set LicenseAltHeaders=1 in [Miscellaneous] of the CPF file (Management Portal: Compatibility settings)"},
		costs: []string{fmt.Sprintf("each client behind the proxy is a user of its own then, so that it saves only where more than %d connections "+
			"have one address at once; clients can forge the header unless the proxy sets it", shareUnit(&v.Policy))},
	}
	if silent != nil {
		p.do = append(p.do, "have "+strings.Join(silent, ", ")+" send X-Forwarded-For")
	}
	return p, ""
}

func shortenTimeouts(c *sim.Case) (*plan, string) {
	v := view{Case: c}
	var pauses []string
	v.each(func(c *scenario.Cohort) bool { return web(c) && (c.Timeout == 0 || c.Timeout > shortTimeout) },
		func(c *scenario.Cohort) {
			if share, ok := pauseShare(c); ok {
				pauses = append(pauses, fmt.Sprintf("%s %.2g %%", c.Name, 100*share))
			}
			c.Timeout = shortTimeout
		})
	if v.concerns == nil {
		return nil, "no web session waits longer than 5 min for its time-out"
	}
	cost := "who pauses for more than 5 min loses the session, begins a new one, and has to log in again where a login is asked for"
	if pauses != nil {
		cost += "; of their pauses so many are longer: " + strings.Join(pauses, ", ")
	}
	return &plan{
		title: "time-out of 5 min", concerns: v.concerns, people: true,
		do:    []string{"set the session time-out of their web applications to 300 s (Management Portal: Web Applications)"},
		costs: []string{cost},
	}, ""
}

// pauseShare is the share of a cohort's pauses that are too long for the short
// time-out and not for the present one; false when no formula gives it.
func pauseShare(c *scenario.Cohort) (share float64, ok bool) {
	if c.Pages.Most() <= 1 {
		return 0, false
	}
	short, ok := exceeds(&c.Think, shortTimeout.Seconds())
	if c.Timeout == 0 || !ok {
		return short, ok
	}
	long, _ := exceeds(&c.Think, c.Timeout.Seconds())
	return short - long, true
}

// exceeds is the probability that a length is at least x, a time in seconds > 0.
func exceeds(d *scenario.Dist, x float64) (p float64, ok bool) {
	switch d.Law {
	case scenario.Exponential:
		return math.Exp(-x / d.Mean), true
	case scenario.Lognormal:
		s2 := math.Log1p(d.CV * d.CV)
		return math.Erfc((math.Log(x/d.Mean)+s2/2)/math.Sqrt(2*s2)) / 2, true
	case scenario.Weibull:
		return math.Exp(-math.Pow(x/d.Mean*math.Gamma(1+1/d.Shape), d.Shape)), true
	case scenario.Uniform:
		return min(1, max(0, (d.Max-x)/(d.Max-d.Min))), d.Max > d.Min
	case scenario.Constant:
		if d.Mean >= x {
			return 1, true
		}
		return 0, true
	case scenario.Empirical:
		at, _ := slices.BinarySearch(d.Values, x)
		return 1 - float64(at)/float64(len(d.Values)), true
	}
	return 0, false
}

func logOut(c *sim.Case) (*plan, string) {
	v := view{Case: c}
	people, programs := false, false
	v.each(func(c *scenario.Cohort) bool {
		return web(c) && c.Logout < goodLogout && !v.loses(c)
	}, func(c *scenario.Cohort) {
		c.Logout = goodLogout
		people, programs = people || c.Kind == scenario.Browsers, programs || c.Kind == scenario.Callers
	})
	if v.concerns == nil {
		return nil, "no web sessions that could log out and do not"
	}
	p := &plan{title: "logging out (9 of 10)", concerns: v.concerns, people: true}
	if people {
		p.do = append(p.do, "a visible link that ends the session (IRISLogout=end, CacheLogout=end of Caché), until 9 of 10 people use it")
		p.costs = append(p.costs, "people have to be taught; a session that is left by closing the window still times out")
	}
	if programs {
		p.do = append(p.do, "have programs end their session with the last call (%session.EndSession = 1)")
		p.costs = append(p.costs, "a change of the client programs")
	}
	return p, ""
}

func logJobsIn(c *sim.Case) (*plan, string) {
	if c.Policy.JobFromCSP == engine.SessionLID {
		return nil, "jobs have the license user ID of their session"
	}
	v := view{Case: c}
	v.each(func(c *scenario.Cohort) bool {
		by := &v.Scenario.Cohorts[c.StartedBy]
		return c.Kind == scenario.Jobs && http(by) && by.User != scenario.NoUser
	}, doNothing)
	if v.concerns == nil {
		return nil, "no jobs of web sessions or calls of a known user"
	}
	v.set("job_from_csp", "session_lid")
	return &plan{
		title: "jobs log in as their session", concerns: v.concerns,
		do:    []string{"have each job call $SYSTEM.License.Login(user) first, with the user of the session that started it"},
		costs: []string{"a change of the programs; a job is then one more connection of that user"},
	}, ""
}

func limitConnections(c *sim.Case) (*plan, string) {
	v := view{Case: c}
	limit := shareUnit(&v.Policy)
	if old := v.Policy.ConnectionLimit; old > 0 && old <= limit {
		return nil, "SetConnectionLimit is " + strconv.Itoa(old)
	}
	v.set("connection_limit", strconv.Itoa(limit))
	return &plan{
		title: fmt.Sprintf("SetConnectionLimit(%d)", limit),
		do:    []string{fmt.Sprintf("call $SYSTEM.License.SetConnectionLimit(%d), %s", limit, startRoutine)},
		costs: []string{fmt.Sprintf("connections of one license user ID beyond %d are refused as if the key were full, and no log says so", limit)},
	}, ""
}

func capAtKey(c *sim.Case) (*plan, string) {
	units := c.Cap()
	if units <= capReserve {
		return nil, "no key whose units a cap could stay below"
	}
	return capProxies(c, units-capReserve, func(*scenario.Cohort) bool { return true })
}

func capAtUnit(c *sim.Case) (*plan, string) {
	v := view{Case: c}
	return capProxies(c, shareUnit(&c.Policy), func(c *scenario.Cohort) bool {
		a, b := v.userID(c, 0), v.userID(c, 1)
		return a != "" && a == b
	})
}

// capProxies caps what proxies pass on at once, so that the rest waits.
func capProxies(c *sim.Case, places int, shares func(*scenario.Cohort) bool) (*plan, string) {
	v := view{Case: c}
	var names []string
	v.each(func(c *scenario.Cohort) bool {
		x := v.proxy(c)
		return x != nil && x.Pool == 0 && (x.Cap == 0 || x.Cap > places) && c.Kind != scenario.Browsers && shares(c)
	}, func(c *scenario.Cohort) { names = appendNew(names, v.proxy(c).Name) })
	if v.concerns == nil {
		return nil, "no calls or connections through a proxy that it would make wait"
	}
	for i := range v.Scenario.Proxies {
		if x := &v.Scenario.Proxies[i]; slices.Contains(names, x.Name) {
			x.Cap = places
			if x.Patience.Law == scenario.Unset {
				x.Patience = scenario.Dist{Law: scenario.Constant, Mean: queueSeconds, Text: strconv.Itoa(queueSeconds) + "s"}
			}
		}
	}
	return &plan{
		title: fmt.Sprintf("gateway cap of %d", places), concerns: v.concerns,
		do: []string{fmt.Sprintf("let %s pass on %d at once (of a Web Gateway: the server's maximum of stateless connections); "+
			"who finds no place waits, up to the Queued Request Timeout of %d s", strings.Join(names, ", "), places, queueSeconds)},
		costs: []string{"waiting, and errors for who waits too long"},
	}, ""
}
