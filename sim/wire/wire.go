// Package wire says how the cohorts of a scenario that speak HTTP meet a
// target: paths, cookies, forms, envelopes, and what a refused client gets.
//
// The attack asks by it and the emulated target answers by it, so that
// neither knows the other. It sends nothing.
//
// A cohort of callers calls [Endpoint.Path] of its way in, and one of browsers
// visits it. Who is known by a user name sends it by basic authentication.
// With a web session the first answer sets a cookie, and each request that
// brings it back is one more page of the session; so is a login, which is the
// second page of a visitor who logs in explicitly. A logout is no page.
package wire

import (
	"strconv"
	"strings"

	"highwater/engine"
	"highwater/scenario"
)

// maxSlug is the most characters of a cohort's name in paths.
const maxSlug = 20

// Speaks reports whether a cohort's connections are HTTP.
func Speaks(c *scenario.Cohort) bool {
	return c.Kind == scenario.Callers || c.Kind == scenario.Browsers
}

// Slugs makes the names of cohorts fit for paths and cookies, each different
// from the others: lower case, with - for all but letters and digits of ASCII.
func Slugs(cohorts []scenario.Cohort) []string {
	list := make([]string, len(cohorts))
	taken := map[string]bool{}
	for i := range cohorts {
		slug := strings.Map(plain, strings.ToLower(cohorts[i].Name))
		slug = slug[:min(maxSlug, len(slug))]
		unique := slug
		for n := 2; taken[unique]; n++ {
			unique = slug + "-" + strconv.Itoa(n)
		}
		taken[unique], list[i] = true, unique
	}
	return list
}

func plain(r rune) rune {
	if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
		return r
	}
	return '-'
}

// UserName is the name by which the nth member of a cohort is known when each
// has its own; n is from 1.
func UserName(slug string, n uint64) string { return slug + "." + strconv.FormatUint(n, 10) }

// Password is what users send to the emulated target, which does not look at
// it.
const Password = "SYS"

// An Endpoint is where a cohort's requests go: the way in and the slug.
type Endpoint struct {
	Via  engine.Via // REST, SOAP or CSP
	Slug string
}

// Path is the path of a call or page.
func (e Endpoint) Path() string {
	switch e.Via {
	case engine.SOAP:
		return "/soap/" + e.Slug + ".cls"
	case engine.CSP:
		return "/csp/" + e.Slug + "/page.csp"
	}
	return "/rest/" + e.Slug
}

// LoginPath is where the form of an explicit login goes.
func (e Endpoint) LoginPath() string { return "/csp/" + e.Slug + "/login.csp" }

// LogoutPath ends a web session: a path with its query.
func (e Endpoint) LogoutPath() string { return e.Path() + "?" + LogoutField + "=" + LogoutValue }

// CookiePath is the path that the cookie of a web session is for.
func (e Endpoint) CookiePath() string {
	if e.Via == engine.CSP {
		return "/csp/" + e.Slug + "/"
	}
	return e.Path()
}

// CookieName is the name of the cookie of a web session on a server's port.
func (e Endpoint) CookieName(port int) string {
	return CookiePrefix + "-SP-" + strconv.Itoa(port) + "-UP-" + e.Via.String() + "-" + e.Slug + "-"
}

// ParsePath finds the endpoint of a path; login says that it is the one of
// the login form. REST calls and pages may have a path below their own.
func ParsePath(path string) (e Endpoint, login, ok bool) {
	app, rest, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	slug, below, deep := strings.Cut(rest, "/")
	switch app {
	case "rest":
		e.Via, ok = engine.REST, true
	case "soap":
		e.Via = engine.SOAP
		slug, ok = strings.CutSuffix(rest, ".cls")
	case "csp":
		e.Via, ok = engine.CSP, deep
	}
	if !ok || slug == "" || len(slug) > longestSlug || strings.Map(plain, slug) != slug {
		return Endpoint{}, false, false
	}
	e.Slug = slug
	return e, e.Via == engine.CSP && below == "login.csp", true
}

// ParseAPI finds an endpoint for the path of any REST service, such as
// /api/orders/1, by its first two parts.
func ParseAPI(path string) (e Endpoint, ok bool) {
	rest, ok := strings.CutPrefix(path, "/api/")
	slug, _, _ := strings.Cut(rest, "/")
	slug = strings.Map(plain, strings.ToLower(slug))
	if !ok || slug == "" || slug == "monitor" || slug == "highwater" {
		return Endpoint{}, false
	}
	return Endpoint{Via: engine.REST, Slug: slug[:min(maxSlug, len(slug))]}, true
}

// longestSlug is longer than any slug with its number.
const longestSlug = maxSlug + 10

// Names in requests and answers.
const (
	CookiePrefix   = "CSPSESSIONID"
	LogoutField    = "IRISLogout" // of a query; CacheLogout of older products
	OldLogoutField = "CacheLogout"
	LogoutValue    = "end"
	UserField      = "IRISUsername" // of the login form
	PasswordField  = "IRISPassword"
	LoginField     = "IRISLogin"
	LoginValue     = "1"
	ContentForm    = "application/x-www-form-urlencoded"
	ContentJSON    = "application/json"
	ActionHeader   = "SOAPAction" // of SOAP 1.1
)

// What a server says of itself, free of license units.
const (
	MetricsPath = "/api/monitor/metrics"
	AlertsPath  = "/api/monitor/alerts"
	StatePath   = "/api/highwater/state" // of the emulated target only: a result.Target
	StateHeader = "X-Highwater-State"    // of its metrics: that path

	MetricAvailable   = "iris_license_available"
	MetricConsumed    = "iris_license_consumed"
	MetricDays        = "iris_license_days_remaining"
	MetricPercent     = "iris_license_percent_used"
	MetricCSPSessions = "iris_csp_sessions"
)

// Units reports whether the value of a metric is a number of license units: at
// least 0, and less than 2^31.
func Units(value float64) bool { return value >= 0 && value < 1<<31 }

// Status splits what a refused web client sees (see
// [engine.Refusal.ClientSees]) into the status and its text. A refused login
// is 401.
func Status(clientSees string) (code int, text string) {
	number, text, _ := strings.Cut(clientSees, " ")
	code, err := strconv.Atoi(number)
	if err != nil {
		return 401, clientSees
	}
	return code, text
}
