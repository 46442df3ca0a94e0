package attack

import (
	"encoding/base64"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"highwater/scenario"
	"highwater/sim/attack/record"
	"highwater/sim/wire"
)

// A question is a request as it is sent, but for cookies.
type question struct {
	method string
	url    *url.URL
	kind   string // Content-Type; "" has none
	fields []byte // headers
	basic  []byte // the one that says who it is
	body   []byte
}

// question is what a request asks.
func (s *sender) question(a *asked, e *record.Entry) (q question) {
	r := &s.s.Requests[e.Request]
	f, w := a.of(r), who{a: a, member: e.Member, call: r.call}
	q = question{method: f.method, kind: f.kind, fields: f.fields, body: f.body.fixed}
	if f.body.fixed == nil && f.body.parts != nil {
		q.body = f.body.append(nil, &w)
	}
	if f.own != nil {
		q.fields = slices.Clip(q.fields)
		for i := range f.own {
			q.fields = field(q.fields, f.own[i].name, string(f.own[i].value.append(nil, &w)))
		}
	}
	if name := a.userName(e.Member); name != "" && !a.Login && !a.named {
		q.basic = a.basic(name, &w)
	}
	to := f.url
	if to == nil {
		to, _ = url.ParseRequestURI(string(f.append(nil, f.path, &w))) // the scenario is checked
	}
	u := *to
	u.Scheme, u.Host = s.base.Scheme, s.base.Host
	q.url = &u
	return q
}

// basic is the header that says who a user is.
func (a *asked) basic(name string, w *who) []byte {
	pair := a.password.append([]byte(name+":"), w)
	if a.masked {
		return field(nil, "Authorization", "Basic ("+string(pair)+" in base64)")
	}
	return field(nil, "Authorization", "Basic "+base64.StdEncoding.EncodeToString(pair))
}

// userName is the name by which a member is known, "" when it has none.
func (a *asked) userName(member uint64) string {
	switch a.User {
	case scenario.OwnUser:
		return wire.UserName(a.to.Slug, member+1)
	case scenario.NamedUser:
		return a.UserName
	}
	return ""
}

// request writes a request down.
func (s *sender) request(a *asked, v *visit, e *record.Entry, q *question) []byte {
	b := make([]byte, 0, 512)
	b = append(append(append(b, q.method...), ' '), q.url.RequestURI()...)
	b = append(b, " HTTP/1.1\r\n"...)
	b = field(b, "Host", q.url.Host)
	b = field(b, "User-Agent", s.o.Agent)
	b = append(append(b, q.basic...), q.fields...)
	if e.Forwarded.IsValid() {
		switch a.proxy.Forwards {
		case scenario.ForwardsXFF:
			b = field(b, "X-Forwarded-For", e.Forwarded.String())
		case scenario.ForwardsRFC7239:
			b = field(b, "Forwarded", "for="+e.Forwarded.String())
		}
	}
	if v.jar != nil {
		b = cookies(b, v.jar.Cookies(q.url))
	}
	if q.kind != "" {
		b = field(b, "Content-Type", q.kind)
	}
	if q.body != nil || q.method == http.MethodPost || q.method == http.MethodPut || q.method == http.MethodPatch {
		b = field(b, "Content-Length", strconv.Itoa(len(q.body)))
	}
	return append(append(b, "\r\n"...), q.body...)
}

func field(b []byte, name, value string) []byte {
	b = append(append(append(b, name...), ": "...), value...)
	return append(b, "\r\n"...)
}

func cookies(b []byte, list []*http.Cookie) []byte {
	for i, c := range list {
		if i == 0 {
			b = append(b, "Cookie: "...)
		} else {
			b = append(b, "; "...)
		}
		b = append(b, c.String()...) // of a name and value alone
	}
	if len(list) > 0 {
		b = append(b, "\r\n"...)
	}
	return b
}

// taste takes the cookies of an answer, and counts web sessions. A proxy may
// keep the cookies to itself, and then each of them is a session of its own.
func (s *sender) taste(a *asked, v *visit, u *url.URL, h http.Header) {
	if len(h["Set-Cookie"]) == 0 {
		return
	}
	list := (&http.Response{Header: h}).Cookies()
	for _, c := range list {
		if !strings.HasPrefix(c.Name, wire.CookiePrefix) {
			continue
		}
		if gone := c.MaxAge < 0 || c.Value == ""; !gone && c.Value != v.current {
			v.sessions++
			v.current = c.Value
		} else if gone {
			v.current = ""
		}
	}
	if a.proxy != nil && a.proxy.DropsCookies {
		return
	}
	if v.jar == nil {
		v.jar, _ = cookiejar.New(nil) // never fails
	} else if len(v.jar.Cookies(u)) >= mostCookies {
		return
	}
	list = list[:min(len(list), mostCookies)]
	v.jar.SetCookies(u, list)
}
