package wire

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"highwater/engine"
	"highwater/scenario"
)

func TestSlugs(t *testing.T) {
	var cohorts []scenario.Cohort
	for _, name := range []string{"Lab Instruments", "lab-instruments", "LAB_INSTRUMENTS", "über/ärzte", "a very long name of a cohort indeed", "a very long name of another one"} {
		cohorts = append(cohorts, scenario.Cohort{Name: name})
	}
	want := []string{"lab-instruments", "lab-instruments-2", "lab-instruments-3", "-ber--rzte", "a-very-long-name-of-", "a-very-long-name-of--2"}
	got := Slugs(cohorts)
	if !slices.Equal(got, want) {
		t.Errorf("Slugs = %q, want %q", got, want)
	}
	for _, slug := range got {
		for _, via := range []engine.Via{engine.REST, engine.SOAP, engine.CSP} {
			e := Endpoint{via, slug}
			if back, login, ok := ParsePath(e.Path()); back != e || login || !ok {
				t.Errorf("ParsePath(%q) = %v, %v, %v, want %v", e.Path(), back, login, ok, e)
			}
		}
	}
	if back, login, ok := ParsePath(Endpoint{engine.CSP, "a"}.LoginPath()); back.Slug != "a" || !login || !ok {
		t.Errorf("ParsePath of a login = %v, %v, %v", back, login, ok)
	}
}

func TestParsePath(t *testing.T) {
	for _, path := range []string{"", "/", "/rest", "/rest/", "/rest/A", "/rest/ü", "/soap/a", "/soap/a/b.cls", "/soap/.cls", "/csp/a", "/csp//x",
		"/api/monitor/metrics", "/rest/" + strings.Repeat("a", 31), "/rest/..", "/rest/a%2fb"} {
		if e, _, ok := ParsePath(path); ok {
			t.Errorf("ParsePath(%q) = %v, want none", path, e)
		}
	}
	if e, _, ok := ParsePath("/rest/lab/results/17"); !ok || e != (Endpoint{engine.REST, "lab"}) {
		t.Errorf("ParsePath of a path below = %v, %v", e, ok)
	}
}

// The form of the name is that of CSPSESSIONID-SP-8080-UP-csp-gsoap-, which the
// documentation of SOAP services prints.
func TestCookies(t *testing.T) {
	page := Endpoint{engine.CSP, "gsoap"}
	if got, want := page.CookieName(8080), "CSPSESSIONID-SP-8080-UP-csp-gsoap-"; got != want {
		t.Errorf("CookieName = %q, want %q", got, want)
	}
	for _, e := range []Endpoint{page, {engine.REST, "a"}, {engine.SOAP, "a"}} {
		if !strings.HasPrefix(e.Path(), e.CookiePath()) || !strings.HasPrefix(e.LogoutPath(), e.Path()) {
			t.Errorf("the cookie of %s is for %s, which a logout at %s does not send", e.Path(), e.CookiePath(), e.LogoutPath())
		}
	}
}

func TestEnvelopes(t *testing.T) {
	for _, v := range []Version{SOAP11, SOAP12} {
		for _, data := range [][]byte{v.AppendCall(nil), v.AppendAnswer(nil)} {
			if version, fault, err := ParseEnvelope(data); version != v || fault != nil || err != nil {
				t.Errorf("%s: version %v, fault %v, %v", data, version, fault, err)
			}
		}
	}
	const text = "ERROR #5915: Unable to allocate a license <&\x00>"
	codes := map[Version][2]string{SOAP11: {"SOAP-ENV:Server", "SOAP-ENV:Client"}, SOAP12: {"SOAP-ENV:Receiver", "SOAP-ENV:Sender"}}
	for v, want := range codes {
		for i, client := range []bool{false, true} {
			version, fault, err := ParseEnvelope(v.AppendFault(nil, client, text))
			if err != nil || version != v || fault == nil || fault.Code != want[i] || fault.Text != strings.ReplaceAll(text, "\x00", "\uFFFD") {
				t.Errorf("version %v, fault %v, %v", version, fault, err)
			}
		}
	}
	for _, data := range []string{"", "no", "<a/>", "<Envelope><Body/></Envelope>", `<e:Envelope xmlns:e="` + envelopes[SOAP11] + `"/>`,
		`<e:Envelope xmlns:e="` + envelopes[SOAP12] + `"><f:Body xmlns:f="` + envelopes[SOAP11] + `"/></e:Envelope>`} {
		if _, _, err := ParseEnvelope([]byte(data)); err == nil {
			t.Errorf("%q is taken for an envelope", data)
		}
	}
}

// Statuses and texts are those that the engine says a refused client sees
// (rules: client-sees).
func TestRefused(t *testing.T) {
	tests := []struct {
		via    engine.Via
		set    string
		status int
		text   string
	}{
		{engine.REST, "", 503, "Service Unavailable"},
		{engine.SOAP, "", 500, "ERROR #5915: Unable to allocate a license"},
		{engine.CSP, "404", 404, "Page not found"},
		{engine.CSP, "503", 503, "Service Unavailable"},
	}
	for _, tt := range tests {
		p, _ := engine.NamedPolicy("")
		if tt.set != "" {
			if err := p.Set("csp_refusal", tt.set); err != nil {
				t.Fatal(err)
			}
		}
		in := engine.NewInstance(p, 1, nil)
		if _, refusal := in.Connect(0, &engine.Client{Via: engine.Terminal}, 0, 1, 0); refusal != nil {
			t.Fatal(refusal)
		}
		_, refusal := in.Connect(0, &engine.Client{Via: tt.via, Addr: "10.0.0.1"}, 0, 2, 0)
		if refusal == nil {
			t.Fatal("a second license user ID was admitted with a key of 1 unit")
		}
		status, text := Status(refusal.ClientSees())
		if status != tt.status || text != tt.text {
			t.Errorf("%v: Status = %d %q, want %d %q", tt.via, status, text, tt.status, tt.text)
		}
		body := []byte(text)
		if tt.via == engine.SOAP {
			body = SOAP11.AppendFault(nil, false, text)
		}
		if !Refused(tt.via, status, body) || Refused(tt.via, 200, nil) {
			t.Errorf("%v: Refused does not tell a refusal from an answer", tt.via)
		}
	}
	if status, text := Status("Login returns 0"); status != 401 || !Refused(engine.CSP, status, []byte(text)) {
		t.Errorf("a refused login is %d %q", status, text)
	}
	if Refused(engine.SOAP, 500, SOAP11.AppendFault(nil, true, "not a SOAP envelope")) {
		t.Error("any SOAP fault is taken for a refusal")
	}
	for _, text := range []string{"ERROR #5915: Cannot allocate a license", "ERROR #5915: Unable to allocate a license"} {
		if !LicenseFault(text) {
			t.Errorf("%q is not taken for a refusal", text)
		}
	}
}

func FuzzParseEnvelope(f *testing.F) {
	f.Add(SOAP11.AppendCall(nil))
	f.Add(SOAP11.AppendFault(nil, false, "x"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if _, fault, err := ParseEnvelope(data); err == nil && fault != nil && !bytes.Contains(data, []byte("Fault")) {
			t.Errorf("a fault %v out of nothing", fault)
		}
	})
}
