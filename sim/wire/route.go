package wire

import (
	"regexp"
	"slices"
	"strings"

	"highwater/engine"
	"highwater/scenario"
)

// A Route is where requests go that a scenario describes.
type Route struct {
	Endpoint
	Login  bool   // it takes the form of a login
	Logout bool   // it ends a web session
	Field  string // of the login form for the user name

	method string
	path   *regexp.Regexp
	query  string // that the request must have, too; "" is any
}

// Routes lists the routes of a scenario's cohorts, in their order; of those
// that have no request there are none.
func Routes(cohorts []scenario.Cohort) (list []Route) {
	slugs := Slugs(cohorts)
	for i := range cohorts {
		c := &cohorts[i]
		r := c.Request
		if r == nil {
			continue
		}
		e := Endpoint{Via: c.Via, Slug: slugs[i]}
		add := func(method string, t *scenario.Text, x Route) {
			if len(t.Parts) > 0 {
				x.Endpoint, x.method, x.path = e, method, pattern(t)
				list = append(list, x)
			}
		}
		if _, query, ok := strings.Cut(r.Logout.Source, "?"); ok {
			add("GET", &r.Logout, Route{Logout: true, query: query})
		} else {
			add("GET", &r.Logout, Route{Logout: true})
		}
		add("POST", &r.Login, Route{Login: true, Field: r.Form.User})
		if r.Login.Source == "" && r.Pages != nil {
			add("POST", &r.Pages[0], Route{Login: true, Field: r.Form.User})
		}
		for j := range r.Pages {
			add("GET", &r.Pages[j], Route{})
		}
		add("GET", &r.Login, Route{}) // a page with the form
		add(Method(c), &r.Path, Route{})
		if Method(c) != "GET" {
			add("GET", &r.Path, Route{Logout: true, query: LogoutField + "=" + LogoutValue})
		}
	}
	return list
}

// Method is that of a cohort's calls or pages.
func Method(c *scenario.Cohort) string {
	switch r := c.Request; {
	case c.Via == engine.SOAP:
		return "POST"
	case r == nil || r.Method == "" && r.Body.Source == "":
		return "GET"
	case r.Method == "":
		return "POST"
	default:
		return r.Method
	}
}

// pattern matches the path of a text, whatever its places stand for.
func pattern(t *scenario.Text) *regexp.Regexp {
	text := "^"
	for _, p := range t.Parts {
		before, _, cut := strings.Cut(p.Text, "?")
		if p.Place != scenario.Literal {
			text += "[^/]*"
			continue
		}
		text += regexp.QuoteMeta(before)
		if cut {
			break
		}
	}
	return regexp.MustCompile(text + "$") // made of what was quoted
}

// Find finds the first route that a request takes; nil when it takes none. The
// path is as it was sent.
func Find(list []Route, method, path, query string) *Route {
	i := slices.IndexFunc(list, func(r Route) bool {
		return r.method == method && (r.query == "" || r.query == query) && r.path.MatchString(path)
	})
	if i < 0 {
		return nil
	}
	return &list[i]
}
