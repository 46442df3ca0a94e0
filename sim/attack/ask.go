package attack

import (
	"encoding/base64"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strconv"
	"strings"

	"highwater/engine"
	"highwater/scenario"
	"highwater/sim"
	"highwater/sim/attack/record"
	"highwater/sim/wire"
)

// line is the method and the path, with its query, of a kind of request.
func (a *asked) line(k sim.RequestKind) (method, path string) {
	switch {
	case k == sim.LoginRequest:
		return "POST", a.to.LoginPath()
	case k == sim.LogoutRequest:
		return "GET", a.to.LogoutPath()
	case a.Via == engine.SOAP:
		return "POST", a.to.Path()
	}
	return "GET", a.to.Path()
}

// content is the body of a request, nil when it has none.
func (a *asked) content(k sim.RequestKind, member uint64) []byte {
	switch {
	case k == sim.LoginRequest:
		form := url.Values{wire.UserField: {a.userName(member)}, wire.PasswordField: {a.password}, wire.LoginField: {wire.LoginValue}}
		return []byte(form.Encode())
	case a.Via == engine.SOAP && k == sim.CallRequest:
		return wire.AppendCall(nil)
	}
	return nil
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
func (s *sender) request(a *asked, v *visit, e *record.Entry, method string, u *url.URL, body []byte) []byte {
	b := make([]byte, 0, 512)
	b = append(append(append(b, method...), ' '), u.RequestURI()...)
	b = append(b, " HTTP/1.1\r\n"...)
	b = field(b, "Host", u.Host)
	b = field(b, "User-Agent", s.o.Agent)
	if name := a.userName(e.Member); name != "" && !a.Login {
		b = field(b, "Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(name+":"+a.password)))
	}
	if e.Forwarded.IsValid() {
		switch a.proxy.Forwards {
		case scenario.ForwardsXFF:
			b = field(b, "X-Forwarded-For", e.Forwarded.String())
		case scenario.ForwardsRFC7239:
			b = field(b, "Forwarded", "for="+e.Forwarded.String())
		}
	}
	if v.jar != nil {
		b = cookies(b, v.jar.Cookies(u))
	}
	if method == "POST" {
		if a.Via == engine.SOAP {
			b = field(b, "Content-Type", wire.ContentSOAP)
			b = field(b, wire.ActionHeader, a.to.Action())
		} else {
			b = field(b, "Content-Type", wire.ContentForm)
		}
		b = field(b, "Content-Length", strconv.Itoa(len(body)))
	}
	return append(append(b, "\r\n"...), body...)
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
