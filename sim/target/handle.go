package target

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"highwater/engine"
	"highwater/sim/wire"
)

// A visit is a request to an app.
type visit struct {
	*app
	who    engine.Client
	name   string // of the cookie
	value  string // of the cookie that came, "" when none did
	login  string // the user of a login form
	isForm bool
	logout bool
	soap   wire.Version
}

// An answer is what a visit gets.
type answer struct {
	status int
	text   string // why not; "" of an answer to a request that was served
	cookie string // to set; "" sets none
	gone   bool   // takes the cookie away
	client bool   // a fault is the client's
}

// ServeHTTP answers a request.
func (t *Target) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	t.handlers.Add(1)
	defer t.handlers.Done()
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	inTime(w)
	if t.monitor(w, r) {
		return
	}
	to := t.route(r)
	if to == nil {
		http.Error(w, "no such application", http.StatusNotFound)
		return
	}
	data, ok := body(w, r)
	if !ok {
		return
	}
	v, why := t.visit(r, to, data)
	a := answer{status: http.StatusBadRequest, text: why}
	switch {
	case why == noCohort:
		a.status = http.StatusNotFound
	case why != "":
	default:
		a, ok = t.core.serve(r, v)
	}
	if !ok {
		panic(http.ErrAbortHandler) // the client is gone
	}
	if to.Via == engine.SOAP && a.text != "" { // a fault, whatever is wrong
		a.client = a.status < http.StatusInternalServerError
		a.status = http.StatusInternalServerError
		if a.client && v.soap == wire.SOAP12 {
			a.status = http.StatusBadRequest
		}
	}
	t.core.count(a.status)
	inTime(w)
	reply(w, to.Endpoint, v, a)
}

// route is where a request goes; nil when nothing answers there.
func (t *Target) route(r *http.Request) *wire.Route {
	if to := wire.Find(t.routes, r.Method, r.URL.EscapedPath(), r.URL.RawQuery); to != nil {
		return to
	}
	e, login, ok := wire.ParsePath(r.URL.Path)
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch {
	case t.o.Scenario != nil:
	case ok && e.Via == engine.CSP && strings.HasSuffix(r.URL.Path, ".cls") && strings.HasSuffix(kind, "xml"):
		e.Via = engine.SOAP // a web service beside pages
	case !ok:
		e, ok = wire.ParseAPI(r.URL.Path)
	}
	if !ok {
		return nil
	}
	return &wire.Route{Endpoint: e, Login: login && r.Method != http.MethodGet, Field: wire.UserField} // a login page is asked for as any other
}

// inTime has what is written next be taken in time, and lets the client wait
// for it.
func inTime(w http.ResponseWriter) {
	c := http.NewResponseController(w)
	_ = c.SetWriteDeadline(time.Now().Add(writeTime)) // where there are none, tests look at the rest
}

// body reads all of a request.
func body(w http.ResponseWriter, r *http.Request) ([]byte, bool) {
	data, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		http.Error(w, "the body is too large", http.StatusRequestEntityTooLarge)
	case err != nil:
		panic(http.ErrAbortHandler)
	}
	_ = http.NewResponseController(w).SetReadDeadline(time.Time{}) // a call may take longer than reading it
	return data, err == nil
}

// Why requests are bad.
const (
	noCohort  = "no cohort of the scenario has this path"
	badHeader = "the user name or the forwarded address is too long"
	badLogin  = "a login is a form with " + wire.UserField + " and " + wire.PasswordField
	badCall   = "the request must be a SOAP envelope, sent by POST"
)

// visit reads what a request wants; why says what is wrong with it.
func (t *Target) visit(r *http.Request, to *wire.Route, data []byte) (v *visit, why string) {
	e := to.Endpoint
	v = &visit{isForm: to.Login}
	v.who.Via = e.Via
	v.who.Addr = source(r.RemoteAddr)
	v.who.User, v.who.Forwarded = user(r), forwarded(r.Header)
	if len(v.who.User) > maxUserName || len(v.who.Forwarded) > maxForward {
		return v, badHeader
	}
	q := r.URL.Query()
	v.logout = to.Logout || q.Get(wire.LogoutField) == wire.LogoutValue || q.Get(wire.OldLogoutField) == wire.LogoutValue
	switch {
	case to.Login:
		kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
		form, err := url.ParseQuery(string(data))
		v.login = clean(form.Get(to.Field))
		if r.Method != http.MethodPost || kind != wire.ContentForm || err != nil || v.login == "" || len(v.login) > maxUserName {
			return v, badLogin
		}
	case e.Via == engine.SOAP && !v.logout:
		version, fault, err := wire.ParseEnvelope(data)
		v.soap = version
		if r.Method != http.MethodPost || err != nil || fault != nil {
			return v, badCall
		}
	}
	t.core.enter()
	defer t.core.leave()
	if v.app = t.core.app(e); v.app == nil {
		return v, noCohort
	}
	v.who.Sessionful = v.use && e.Via != engine.CSP
	v.name = e.CookieName(t.core.port)
	for _, k := range r.CookiesNamed(v.name) {
		if s := t.core.sessions[k.Value]; s != nil && s.app.Endpoint == e {
			v.value = k.Value
		}
	}
	return v, ""
}

// source is the address that a request comes from.
func source(remote string) string {
	if p, err := netip.ParseAddrPort(remote); err == nil {
		return p.Addr().Unmap().WithZone("").String()
	}
	return clean(remote)
}

// user is who a request says it is from.
func user(r *http.Request) string {
	name, _, _ := r.BasicAuth()
	return clean(name)
}

// forwarded is the value of Forwarded, or else of X-Forwarded-For.
func forwarded(h http.Header) string {
	for _, name := range []string{"Forwarded", "X-Forwarded-For"} {
		if values := h.Values(name); len(values) > 0 {
			return clean(strings.Join(values, ", "))
		}
	}
	return ""
}

// clean makes a text that a trace can hold.
func clean(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }

// reply writes an answer.
func reply(w http.ResponseWriter, e wire.Endpoint, v *visit, a answer) {
	h := w.Header()
	if a.cookie != "" || a.gone {
		k := &http.Cookie{Name: v.name, Value: a.cookie, Path: v.below, HttpOnly: true, SameSite: http.SameSiteStrictMode}
		if a.gone {
			k.MaxAge = -1
		}
		http.SetCookie(w, k)
	}
	var b []byte
	kind := "text/plain; charset=utf-8"
	switch {
	case e.Via == engine.SOAP && a.text == "":
		kind, b = v.soap.ContentType(""), v.soap.AppendAnswer(nil)
	case e.Via == engine.SOAP:
		kind, b = v.soap.ContentType(""), v.soap.AppendFault(nil, a.client, a.text)
	case a.text != "":
		b = append([]byte(a.text), '\n')
	case e.Via == engine.REST:
		kind, b = "application/json", []byte("{\"status\":\"ok\"}\n")
	default:
		kind, b = "text/html; charset=utf-8", csp(e, v)
	}
	h.Set("Content-Type", kind)
	w.WriteHeader(a.status)
	_, _ = w.Write(b) // whoever is gone does not read it
}

// csp is a page of an application: with a login form, or what has become of
// the session. Slugs need no escape.
func csp(e wire.Endpoint, v *visit) []byte {
	var b bytes.Buffer
	b.WriteString("<!doctype html><meta charset=utf-8><title>" + e.Slug + "</title><h1>" + e.Slug + "</h1>\n")
	switch {
	case v.logout:
		b.WriteString("<p>Logged out. <a href=page.csp>Again</a>\n")
		return b.Bytes()
	case v.isForm:
		b.WriteString("<p>Logged in.\n")
	default:
		b.WriteString("<form method=post action=login.csp><input name=" + wire.UserField + " placeholder=user><input type=password name=" +
			wire.PasswordField + " placeholder=password><button name=" + wire.LoginField + " value=" + wire.LoginValue + ">Log in</button></form>\n")
	}
	b.WriteString("<p><a href=page.csp>Next page</a> <a href=\"page.csp?" + wire.LogoutField + "=" + wire.LogoutValue + "\">Log out</a>\n")
	return b.Bytes()
}
