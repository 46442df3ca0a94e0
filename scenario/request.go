package scenario

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// A Request is what the members of a cohort ask a real server for, where that
// differs from what an emulated one answers. The simulator does not look at it.
type Request struct {
	Method  string // of calls; "" is GET without a body and POST with one
	Path    Text   // of calls, with its query; empty is that of the emulated target
	Headers []Header
	Body    Text     // of REST calls, or what is in the SOAP body
	OK      []int    // statuses of what is served; nil is all below 400
	Refused []int    // statuses of a refusal; nil is what the way in has
	Secret  Text     // password of the user; empty is the one of all
	SOAP    Envelope // of calls over SOAP

	Pages  []Text // of browsers, one after another and then again; nil is the emulated target's
	Login  Text   // where the form of a login goes; empty is the emulated target's
	Logout Text   // what ends a web session; empty is the first page, told to
	Form   LoginForm
}

// An Envelope says how a call over SOAP is wrapped.
type Envelope struct {
	Action string // SOAPAction; "" is the emulated target's
	Twelve bool   // SOAP 1.2 instead of 1.1
	Header Text   // what is in the SOAP header; empty has none
}

// A LoginForm is how a login is sent.
type LoginForm struct {
	User, Password string   // names of their fields
	Fields         []Header // further ones
}

// A Header is a named value of a request.
type Header struct {
	Name  string
	Value Text
}

// A Text is a text with places that each request fills in.
type Text struct {
	Source string // as written; it never has a secret
	Parts  []Part
}

// Fixed reports whether a text is the same in all requests.
func (t *Text) Fixed() bool {
	return !slices.ContainsFunc(t.Parts, func(p Part) bool { return p.Place != Literal && !p.Place.Secret() })
}

// Secrets lists the references of a text to secrets, such as env:NAME.
func (t *Text) Secrets() (list []string) {
	for _, p := range t.Parts {
		if p.Place.Secret() {
			list = append(list, p.Text)
		}
	}
	return list
}

// Secrets lists the references to secrets in the requests of a scenario, each
// once.
func (s *Scenario) Secrets() (list []string) {
	for i := range s.Cohorts {
		r := s.Cohorts[i].Request
		if r == nil {
			continue
		}
		list = slices.Concat(list, r.Body.Secrets(), r.Secret.Secrets(), r.SOAP.Header.Secrets())
		for _, h := range slices.Concat(r.Headers, r.Form.Fields) {
			list = append(list, h.Value.Secrets()...)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// A Part of a text is a literal or a place.
type Part struct {
	Place  Place
	Text   string // of a literal; of a secret its reference
	Lo, Hi int64  // of a random number
}

// Place is what a part of a text stands for.
type Place uint8

// The places.
const (
	Literal     Place = iota
	UserPlace         // the user name, or nothing
	CohortName        // as the scenario has it
	MemberPlace       // number of the member, from 1
	CallNumber        // number of the request among its member's, from 1
	RandomPlace       // a whole number from Lo to Hi
	FromEnv           // a secret of the environment
	FromFile          // a secret of a file
)

// Secret reports whether what a place stands for must not be shown.
func (p Place) Secret() bool { return p == FromEnv || p == FromFile }

var placeNames = []string{Literal: "", UserPlace: "user", CohortName: "cohort", MemberPlace: "n", CallNumber: "call"}

// placesWant is what stands between braces.
const placesWant = "{{user}}, {{cohort}}, {{n}}, {{call}}, {{random 1..999}}, {{env:NAME}} or {{file:PATH}}"

// Limits of the texts of a request.
const (
	mostBody    = 64 << 10 // bytes
	mostPath    = 2000
	mostHeaders = 100
	mostPages   = 1000
	mostRandom  = 1_000_000_000_000
)

// parseText finds the places of a text.
func parseText(s string) (Text, error) {
	t := Text{Source: s}
	for rest := s; rest != ""; {
		before, after, found := strings.Cut(rest, "{{")
		if before != "" {
			t.Parts = append(t.Parts, Part{Text: before})
		}
		if !found {
			break
		}
		inside, behind, closed := strings.Cut(after, "}}")
		if !closed {
			return t, &mistake{must: "must have }} behind each {{", full: true}
		}
		p, err := parsePlace(strings.TrimSpace(inside))
		if err != nil {
			return t, err
		}
		t.Parts = append(t.Parts, p)
		rest = behind
	}
	return t, nil
}

var (
	envShape    = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
	randomShape = regexp.MustCompile(`^random ([0-9]{1,13})\.\.([0-9]{1,13})$`)
)

// parsePlace reads what stands between braces.
func parsePlace(s string) (p Part, err error) {
	if i := slices.Index(placeNames, s); i > 0 {
		return Part{Place: Place(i)}, nil
	}
	if m := randomShape.FindStringSubmatch(s); m != nil {
		lo, _ := strconv.ParseInt(m[1], 10, 64) // 13 digits
		hi, _ := strconv.ParseInt(m[2], 10, 64)
		if lo > hi || hi > mostRandom {
			return p, &mistake{must: fmt.Sprintf("must have two numbers in {{random 1..999}}, the first not above the second, up to %d", int64(mostRandom)), full: true}
		}
		return Part{Place: RandomPlace, Lo: lo, Hi: hi}, nil
	}
	kind, name, _ := strings.Cut(s, ":")
	switch {
	case kind == "env" && envShape.MatchString(name):
		return Part{Place: FromEnv, Text: s}, nil
	case kind == "file" && strings.TrimSpace(name) != "":
		return Part{Place: FromFile, Text: s}, nil
	}
	return p, &mistake{must: "must have " + placesWant + " between braces, not " + quote("{{"+s+"}}"),
		hint: didYouMean(s, append([]string{"random 1..999"}, placeNames[1:]...)), full: true}
}

// filled is a text with places, of so many bytes at the most; good tells what
// else is wrong with it.
func filled(k shape, most int, good func(t *Text) error) value[Text] {
	return value[Text]{k, func(p *parser, name string, n *yaml.Node) (t Text, ok bool) {
		if n.Kind != yaml.ScalarNode || n.ShortTag() == "!!null" {
			p.wrong(n, name, "must be "+k.want)
			return t, false
		}
		if len(n.Value) > most {
			p.wrong(n, name, fmt.Sprintf("must have at most %d bytes", most))
			return t, false
		}
		t, err := parseText(n.Value)
		if err == nil {
			err = good(&t)
		}
		if err == nil {
			return t, true
		}
		m := *err.(*mistake)
		if m.must == "" {
			m.must = "must be " + k.want
		}
		p.mistaken(n, name, m)
		return t, false
	}}
}

// pathShape is a path with its query; places count as a letter.
var pathShape = regexp.MustCompile(`^/([-A-Za-z0-9._~!$&'()*+,;=:@/]|%[0-9A-Fa-f]{2})*(\?([-A-Za-z0-9._~!$&'()*+,;=:@/?]|%[0-9A-Fa-f]{2})*)?$`)

var requestPath = filled(shape{name: "path", want: "a path of the target such as /api/orders/{{n}}?full=1, with what is not ASCII as %C3%BC",
	schema: &schema{Type: "string", Pattern: "^/", MaxLength: mostPath}}, mostPath, func(t *Text) error {
	plain := ""
	for _, p := range t.Parts {
		switch {
		case p.Place.Secret():
			return must("have no secret: servers write paths into their logs")
		case p.Place == Literal:
			plain += p.Text
		default:
			plain += "x"
		}
	}
	if !pathShape.MatchString(plain) || strings.HasPrefix(plain, "//") {
		return errWant
	}
	return nil
})

var requestBody = filled(shape{name: "text with places", want: "a text", schema: &schema{Type: "string", MaxLength: mostBody}}, mostBody,
	func(*Text) error { return nil })

var passwordText = filled(shape{name: "reference", want: `a reference such as "{{env:LAB_PASSWORD}}"`, schema: &schema{Type: "string", MaxLength: mostText}}, mostText,
	func(t *Text) error {
		if len(t.Secrets()) == 0 {
			return &mistake{must: "must have a reference such as {{env:LAB_PASSWORD}} or {{file:PATH}}: a secret never stands in a scenario", full: true}
		}
		return nil
	})

var methodValue = choice(word[string]{"GET", "GET"}, word[string]{"POST", "POST"}, word[string]{"PUT", "PUT"}, word[string]{"PATCH", "PATCH"},
	word[string]{"DELETE", "DELETE"}, word[string]{"HEAD", "HEAD"}, word[string]{"OPTIONS", "OPTIONS"})

// oneLine is a text without line breaks.
var oneLine = text(shape{name: "text", want: "one line of text", schema: &schema{Type: "string", MaxLength: mostText}},
	plain(func(s string) (string, error) {
		if s == "" || strings.ContainsAny(s, "\r\n\"") {
			return "", errWant
		}
		return s, nil
	}))

var statuses = list(text(shape{name: "status", want: "a status from 200 to 599", schema: whole(200, 599)},
	plain(func(s string) (int, error) { return parseWhole(s, 200, 599) })), 1, 400)

var pathList = list(requestPath, 1, mostPages)

// headerName is the name of a header, and what a name may be.
var headerName = regexp.MustCompile("^[-!#$%&'*+.^_`|~0-9A-Za-z]+$")

// ownHeaders are headers that the attack writes itself, and by what.
var ownHeaders = map[string]string{
	"host": "is that of --target", "content-length": "is that of the body", "transfer-encoding": "is not used", "connection": "is not used",
	"cookie": "comes of the answers", "x-forwarded-for": "comes of the proxy, see forwards", "forwarded": "comes of the proxy, see forwards",
	"soapaction": "is the field action", "expect": "is not used", "upgrade": "is not used", "te": "is not used", "trailer": "is not used",
	"accept-encoding": "is not used: answers are read",
}

// secretHeaders are words in the names of headers whose values are secrets.
var secretHeaders = regexp.MustCompile(`(?i)^(proxy-)?authorization$|secret|password|token|api-?key`)

// headerValue is the value of a header.
var headerValue = filled(shape{name: "text with places", want: "one line of text", schema: &schema{Type: "string", MaxLength: mostText}}, mostText,
	func(t *Text) error {
		if strings.ContainsAny(t.Source, "\r\n\t") || strings.TrimSpace(t.Source) != t.Source {
			return errWant
		}
		return nil
	})

// named is a mapping of names to texts, in the order of the file.
func named(k shape, check func(p *parser, n *yaml.Node, h *Header)) value[[]Header] {
	return value[[]Header]{k, func(p *parser, name string, n *yaml.Node) (all []Header, ok bool) {
		if n.Kind != yaml.MappingNode || len(n.Content) > 2*mostHeaders {
			p.wrong(n, name, "must be "+k.want)
			return nil, false
		}
		before, seen := len(p.errs), map[string]bool{}
		p.in(name, func() {
			for i := 0; i+1 < len(n.Content); i += 2 {
				key := n.Content[i]
				h := Header{Name: key.Value}
				if lower := strings.ToLower(h.Name); seen[lower] {
					p.errorf(key, "%s is given twice", quote(h.Name))
				} else {
					seen[lower] = true
				}
				if h.Value, ok = headerValue.read(p, h.Name, n.Content[i+1]); ok {
					check(p, key, &h)
				}
				all = append(all, h)
			}
		})
		return all, len(p.errs) == before
	}}
}

var headersValue = named(shape{name: "headers", want: "headers such as {Accept: application/json}", schema: &schema{Type: "object", Additional: headerValue.schema}},
	func(p *parser, n *yaml.Node, h *Header) {
		why := ownHeaders[strings.ToLower(h.Name)]
		switch {
		case !headerName.MatchString(h.Name):
			p.errorf(n, "must be the name of a header, not %s", quote(h.Name))
		case why != "":
			p.errorf(n, "%s must not be given: it %s", h.Name, why)
		case secretHeaders.MatchString(h.Name) && len(h.Value.Secrets()) == 0:
			p.errorf(n, "%s must be given by a reference such as {{env:NAME}} or {{file:PATH}}: a secret never stands in a scenario", h.Name)
		}
	})

var formFields = named(shape{name: "fields", want: `fields such as {IRISLogin: "1"}`, schema: &schema{Type: "object", Additional: headerValue.schema}},
	func(*parser, *yaml.Node, *Header) {})

// requestSlot reads the request of a caller or browser.
func requestSlot(o *object[Request]) slot[draft] {
	return slot[draft]{o.shape(), func(p *parser, name string, d *draft, n *yaml.Node) {
		if o.mapping(p, name, n) {
			d.Request = new(Request)
			p.in(name, func() { d.request = o.read(p, n, 0, d.Request) })
		}
	}}
}

// asks checks what the fields of a request say together.
func (d *draft) asks(p *parser) {
	r := d.Request
	if r == nil {
		return
	}
	soap := d.Via.String() == "soap"
	for _, name := range []string{"action", "version", "header"} {
		if n := d.request[name]; n != nil && !soap {
			p.errorf(n, "%s is for calls via soap", name)
		}
	}
	if n := d.request["method"]; n != nil && soap {
		p.errorf(n, "method must not be given with SOAP, which is sent by POST")
	}
	if n := d.request["body"]; n != nil && slices.Contains([]string{"GET", "HEAD"}, r.Method) {
		p.errorf(n, "body must not be given with %s", r.Method)
	}
	if n := d.request["login"]; n != nil && !d.Login {
		p.errorf(n, "login needs a session that logs in").Hint = "session: {login: true}"
	}
	for _, status := range r.Refused {
		if slices.Contains(r.OK, status) {
			p.errorf(d.request["refused"], "refused must not have a status of ok, as %d", status)
		}
	}
	if n := d.request["password"]; n != nil && d.User == NoUser {
		p.errorf(n, "password needs a user").Hint = "user: own, or a name"
	}
}
