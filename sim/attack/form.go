package attack

import (
	"bytes"
	"cmp"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"hash"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"highwater/engine"
	"highwater/scenario"
	"highwater/sim"
	"highwater/sim/wire"
)

// asked is what a cohort asks. What is the same in all its requests is made
// once.
type asked struct {
	*scenario.Cohort
	to    wire.Endpoint
	index int
	proxy *scenario.Proxy
	seed  [2]uint64 // of random numbers

	password filled // of the user
	masked   bool   // secrets show as their references
	named    bool   // the headers say who it is

	call   form // of callers
	pages  []form
	login  form
	logout form
}

// A form is a kind of request of a cohort.
type form struct {
	method string
	path   []filled // of the path and of its query
	url    *url.URL // nil when that is not the same in all requests
	kind   string   // Content-Type; "" has none
	fields []byte   // headers that are the same in all requests, as they are sent
	own    []header // others
	body   filled
}

// A header is one that is not the same in all requests.
type header struct {
	name  string
	value filled
}

// A filled is a text whose secrets are filled in. What is to be filled in for
// each request is escaped as its place wants.
type filled struct {
	parts  []scenario.Part
	fixed  []byte // all of it, when it has no such places
	escape func(string) string
}

// asks is what the cohorts ask.
func (s *Schedule) asks(o *Options, masked bool) []asked {
	list := make([]asked, len(s.Scenario.Cohorts))
	for i := range list {
		c := &s.Scenario.Cohorts[i]
		a := &list[i]
		*a = asked{Cohort: c, to: s.Endpoints[i], index: i, proxy: proxyOf(s.Scenario, c), masked: masked, seed: [2]uint64{s.Seed, uint64(s.Rep)<<32 | uint64(i)}}
		if wire.Speaks(c) {
			a.make(o)
		}
	}
	return list
}

// make makes the forms of a cohort.
func (a *asked) make(o *Options) {
	r := a.Request
	if r == nil {
		r = &scenario.Request{}
	}
	secret := func(ref string) string { return o.Secrets[ref] }
	pass := r.Secret
	if pass.Source == "" {
		pass = literal(o.Password)
		if a.masked {
			pass = literal("{{password}}")
		}
	}
	if a.masked {
		secret = nil
	}
	a.password = fill(pass.Parts, secret, asIs)
	f := form{}
	for _, h := range r.Headers {
		value := fill(h.Value.Parts, secret, asIs)
		switch {
		case strings.EqualFold(h.Name, "Content-Type") && value.fixed != nil:
			f.kind = string(value.fixed)
		case value.fixed != nil:
			f.fields = field(f.fields, h.Name, string(value.fixed))
		default:
			f.own = append(f.own, header{h.Name, value})
		}
		a.named = a.named || strings.EqualFold(h.Name, "Authorization")
	}
	begin := r.Path
	if a.Kind == scenario.Browsers {
		begin = a.makePages(f, r)
		a.makeLogin(f, r, begin, pass, secret)
	} else {
		begin = orLiteral(begin, a.to.Path())
		a.makeCall(f, r, begin, secret)
	}
	f.method = http.MethodGet
	f.kind = ""
	out := r.Logout
	if out.Source == "" {
		out = literal("")
		mark := "?"
		if strings.Contains(begin.Source, "?") {
			mark = "&"
		}
		out.Parts = append(slices.Clone(begin.Parts), scenario.Part{Text: mark + wire.LogoutField + "=" + wire.LogoutValue})
	}
	a.logout = f.at(out)
}

func literal(text string) scenario.Text {
	return scenario.Text{Source: text, Parts: []scenario.Part{{Text: text}}}
}

func orLiteral(t scenario.Text, text string) scenario.Text {
	if t.Source == "" {
		return literal(text)
	}
	return t
}

// makePages makes the forms of pages; the first one's path is begin.
func (a *asked) makePages(f form, r *scenario.Request) (begin scenario.Text) {
	f.method, f.kind = http.MethodGet, ""
	list := r.Pages
	if list == nil {
		list = []scenario.Text{literal(a.to.Path())}
	}
	for _, t := range list {
		a.pages = append(a.pages, f.at(t))
	}
	return list[0]
}

func (a *asked) makeLogin(f form, r *scenario.Request, begin, pass scenario.Text, secret func(string) string) {
	to := r.Login
	switch {
	case to.Source != "":
	case r.Pages != nil:
		to = begin
	default:
		to = literal(a.to.LoginPath())
	}
	names := r.Form
	if names.User == "" {
		names.User, names.Password = wire.UserField, wire.PasswordField
	}
	if names.Fields == nil {
		names.Fields = []scenario.Header{{Name: wire.LoginField, Value: literal(wire.LoginValue)}}
	}
	rest := []scenario.Header{{Name: names.User, Value: scenario.Text{Parts: []scenario.Part{{Place: scenario.UserPlace}}}}, {Name: names.Password, Value: pass}}
	f = f.at(to)
	f.method, f.kind = http.MethodPost, wire.ContentForm
	var parts []scenario.Part
	for i, h := range append(rest, names.Fields...) {
		mark := "&"
		if i == 0 {
			mark = ""
		}
		parts = append(parts, scenario.Part{Text: mark + url.QueryEscape(h.Name) + "="})
		for _, p := range h.Value.Parts {
			if p.Place == scenario.Literal && !a.masked {
				p.Text = url.QueryEscape(p.Text)
			}
			parts = append(parts, p)
		}
	}
	f.body = fill(parts, secret, url.QueryEscape)
	a.login = f
}

func (a *asked) makeCall(f form, r *scenario.Request, path scenario.Text, secret func(string) string) {
	given := f.kind
	f.method = wire.Method(a.Cohort)
	switch {
	case a.Via == engine.SOAP:
		a.envelope(&f, r, secret)
		f.kind = cmp.Or(given, f.kind)
	case r.Body.Source != "":
		f.kind = cmp.Or(given, wire.ContentJSON)
		f.body = fill(r.Body.Parts, secret, escapeOf(f.kind))
	}
	a.call = f.at(path)
}

// envelope makes the body of a SOAP call.
func (a *asked) envelope(f *form, r *scenario.Request, secret func(string) string) {
	v, action := wire.SOAP11, r.SOAP.Action
	if r.SOAP.Twelve {
		v = wire.SOAP12
	}
	if action == "" {
		action = a.to.Action()
	}
	f.method, f.kind = http.MethodPost, v.ContentType(action)
	if v == wire.SOAP11 {
		f.fields = field(slices.Clone(f.fields), wire.ActionHeader, `"`+action+`"`)
	}
	parts := []scenario.Part{{Text: v.Begin()}}
	if h := r.SOAP.Header; h.Source != "" {
		parts = append(append(append(parts, scenario.Part{Text: wire.HeaderBegin}), h.Parts...), scenario.Part{Text: wire.HeaderEnd})
	}
	parts = append(parts, scenario.Part{Text: wire.BodyBegin})
	if body := orLiteral(r.Body, wire.CallBody); body.Source != "" {
		parts = append(parts, body.Parts...)
	}
	f.body = fill(append(parts, scenario.Part{Text: wire.BodyEnd}), secret, asXML)
}

// at is a form that goes to a path, which has no secrets.
func (f form) at(t scenario.Text) form {
	i, cut := 0, -1
	parts := slices.Clone(t.Parts)
	for i = range parts {
		if cut = strings.IndexByte(parts[i].Text, '?'); parts[i].Place == scenario.Literal && cut >= 0 {
			break
		}
	}
	if cut < 0 {
		f.path = []filled{fill(parts, nil, url.PathEscape)}
	} else {
		query := append([]scenario.Part{{Text: parts[i].Text[cut:]}}, parts[i+1:]...)
		f.path = []filled{fill(append(parts[:i:i], scenario.Part{Text: parts[i].Text[:cut]}), nil, url.PathEscape), fill(query, nil, url.QueryEscape)}
	}
	f.url = nil
	if !slices.ContainsFunc(f.path, func(x filled) bool { return x.fixed == nil }) {
		f.url, _ = url.ParseRequestURI(string(f.append(nil, f.path, nil))) // the scenario is checked
	}
	return f
}

// append appends texts for a request.
func (form) append(b []byte, list []filled, w *who) []byte {
	for i := range list {
		b = list[i].append(b, w)
	}
	return b
}

// fill fills secrets in; without a way to find them their references stay.
func fill(parts []scenario.Part, secret func(ref string) string, escape func(string) string) filled {
	f := filled{escape: escape}
	for _, p := range parts {
		switch {
		case p.Place.Secret() && secret == nil:
			p = scenario.Part{Text: "{{" + p.Text + "}}"}
		case p.Place.Secret():
			p = scenario.Part{Text: escape(secret(p.Text))}
		}
		if n := len(f.parts); n > 0 && p.Place == scenario.Literal && f.parts[n-1].Place == scenario.Literal {
			f.parts[n-1].Text += p.Text
			continue
		}
		f.parts = append(f.parts, p)
	}
	switch {
	case len(f.parts) == 0:
		f.fixed = []byte{}
	case len(f.parts) == 1 && f.parts[0].Place == scenario.Literal:
		f.fixed = []byte(f.parts[0].Text)
	}
	return f
}

// Who a request is from, and which one it is.
type who struct {
	a      *asked
	member uint64 // from 0
	call   uint32 // from 1
}

// append appends a text for a request.
func (f *filled) append(b []byte, w *who) []byte {
	if f.fixed != nil {
		return append(b, f.fixed...)
	}
	for i, p := range f.parts {
		switch p.Place {
		case scenario.Literal:
			b = append(b, p.Text...)
		case scenario.UserPlace:
			b = append(b, f.escape(w.a.userName(w.member))...)
		case scenario.CohortName:
			b = append(b, f.escape(w.a.Name)...)
		case scenario.MemberPlace:
			b = strconv.AppendUint(b, w.member+1, 10)
		case scenario.CallNumber:
			b = strconv.AppendUint(b, uint64(w.call), 10)
		case scenario.RandomPlace:
			b = strconv.AppendInt(b, w.random(i, &p), 10)
		}
	}
	return b
}

// random is a number that is the same whenever the request is sent.
func (w *who) random(place int, p *scenario.Part) int64 {
	const odd = 0x9e3779b97f4a7c15 // spreads the members over all seeds
	source := rand.NewPCG(w.a.seed[0]^w.member*odd, w.a.seed[1]^uint64(w.call)<<8*odd^uint64(place))
	return p.Lo + rand.New(source).Int64N(p.Hi-p.Lo+1)
}

func asIs(s string) string { return s }

func asJSON(s string) string {
	b, _ := json.Marshal(s) // a text does not fail
	return string(b[1 : len(b)-1])
}

func asXML(s string) string {
	var b bytes.Buffer
	_ = xml.EscapeText(&b, []byte(s)) // a buffer does not fail
	return b.String()
}

// escapeOf is how a type of content escapes texts.
func escapeOf(kind string) func(string) string {
	switch {
	case strings.Contains(kind, "json"):
		return asJSON
	case strings.Contains(kind, "xml"):
		return asXML
	case strings.Contains(kind, "form-urlencoded"):
		return url.QueryEscape
	}
	return asIs
}

// of is the form of a request.
func (a *asked) of(r *Request) *form {
	switch {
	case r.Kind == sim.LoginRequest:
		return &a.login
	case r.Kind == sim.LogoutRequest:
		return &a.logout
	case a.pages != nil:
		return &a.pages[r.page]
	}
	return &a.call
}

// expects reports whether the scenario says that a status is of what is
// served.
func (a *asked) expects(status int) bool {
	return a.Request != nil && slices.Contains(a.Request.OK, status)
}

// served reports whether a status that is no refusal is of what is served.
func (a *asked) served(status int) bool {
	if a.Request != nil && a.Request.OK != nil {
		return a.expects(status)
	}
	return status < http.StatusBadRequest
}

// refused reports whether an answer is a refusal.
func (a *asked) refused(ans *answer) bool {
	if a.Request != nil && slices.Contains(a.Request.Refused, ans.status) {
		return true
	}
	told := a.Via == engine.SOAP // by the fault, whatever the status is used for
	if a.Request != nil && !told && (a.Request.Refused != nil || a.expects(ans.status)) {
		return false
	}
	return wire.Refused(a.Via, ans.status, ans.body)
}

// pathOf is the path of a cohort's first request, as the scenario has it.
func pathOf(c *scenario.Cohort, e wire.Endpoint) string {
	switch r := c.Request; {
	case r == nil:
	case len(r.Pages) > 0:
		return r.Pages[0].Source
	case r.Path.Source != "":
		return r.Path.Source
	}
	return e.Path()
}

// writeRequest writes down what a cohort's requests are, and what their
// answers mean.
func writeRequest(h hash.Hash, r *scenario.Request) {
	list := []scenario.Header{{Name: "path", Value: r.Path}, {Name: "body", Value: r.Body}, {Name: "header", Value: r.SOAP.Header},
		{Name: "login", Value: r.Login}, {Name: "logout", Value: r.Logout}, {Name: "password", Value: r.Secret}}
	for _, p := range r.Pages {
		list = append(list, scenario.Header{Name: "page", Value: p})
	}
	for _, x := range slices.Concat(list, r.Headers, []scenario.Header{{}}, r.Form.Fields) {
		fmt.Fprintf(h, "%q %q\n", x.Name, x.Value.Source)
	}
	fmt.Fprintf(h, "%q %q %v %q %q %v %v\n", r.Method, r.SOAP.Action, r.SOAP.Twelve, r.Form.User, r.Form.Password, r.OK, r.Refused)
}
