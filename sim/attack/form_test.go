package attack

import (
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"highwater/sim/attack/record"
	"highwater/sim/wire"

	"github.com/google/go-cmp/cmp"
)

const described = `
name: described
duration: 10m
license: {units: 50}
cohorts:
  - name: Bestellungen "ü"
    kind: callers
    user: own
    count: 2
    arrivals: {at: +1m}
    session: {calls: 2, think: 10s}
    request:
      method: PUT
      path: /api/orders/{{n}}/{{user}}?of={{cohort}}&fixed=%2F
      headers: {Accept: application/json, X-Api-Key: "{{env:KEY}}", X-Call: "{{n}}-{{call}}"}
      body: '{"cohort": "{{cohort}}", "key": "{{file:key.txt}}", "call": {{call}}}'
      password: "{{env:PASSWORD}}-{{n}}"
  - name: letters
    kind: callers
    via: soap
    user: svc
    arrivals: {at: +1m}
    request:
      path: /csp/his/Letters.cls
      version: 1.2
      action: http://example.org/Send
      header: <Security>{{env:KEY}}</Security>
      body: <Send><To>{{cohort}}</To></Send>
  - name: older
    kind: callers
    via: soap
    arrivals: {at: +1m}
    request: {action: "http://example.org/Send", body: <Send/>}
  - name: staff
    kind: browsers
    user: own
    count: 1
    arrivals: {at: +1m}
    session: {login: true, pages: 4, think: 5s, logout: 100%}
    request:
      pages: [/csp/his/home.csp, "/csp/his/list.csp?of={{call}}"]
      login: /csp/his/login.csp
      logout: /csp/his/home.csp?CacheLogout=end
      user_field: CacheUserName
      password_field: CachePassword
      fields: {CacheLogin: "Log in"}
      password: "{{file:key.txt}}"
`

// The secrets of the tests have what needs escapes.
var secrets = map[string]string{"env:KEY": `k"<&`, "env:PASSWORD": "p&w", "file:key.txt": `f"<& =`}

// heard is what a server hears, one text for each request, sorted.
type heard struct {
	mu   sync.Mutex
	list []string
}

func (h *heard) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	text := r.Method + " " + r.RequestURI
	for _, name := range []string{"Accept", "Authorization", "Content-Type", "Soapaction", "X-Api-Key", "X-Call"} {
		for _, v := range r.Header[name] {
			if coded, basic := strings.CutPrefix(v, "Basic "); basic {
				plain, _ := base64.StdEncoding.DecodeString(coded)
				v = "Basic " + string(plain)
			}
			text += "\n" + name + ": " + v
		}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.list = append(h.list, text+"\n"+string(body))
}

func (h *heard) sorted() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	slices.Sort(h.list)
	return h.list
}

// What is sent is what the scenario describes, each place escaped as it wants.
func TestDescribedRequests(t *testing.T) {
	h := &heard{}
	server := httptest.NewServer(h)
	defer server.Close()
	res, _ := send(t, plan(t, described, PlanOptions{Clock: 600}), Options{Target: target(server.URL), Secrets: secrets})
	if res.Sent.Served != res.Sent.First || res.Sent.Unsent != 0 {
		t.Errorf("%+v", res.Sent)
	}
	var want []string
	for n := 1; n <= 2; n++ {
		for call := 1; call <= 2; call++ {
			want = append(want, fmt.Sprintf("PUT /api/orders/%d/bestellungen----.%d?of=Bestellungen+%%22%%C3%%BC%%22&fixed=%%2F\n"+
				"Accept: application/json\nAuthorization: Basic bestellungen----.%d:p&w-%d\nContent-Type: application/json\nX-Api-Key: k\"<&\nX-Call: %d-%d\n"+
				`{"cohort": "Bestellungen \"ü\"", "key": "f\"\u003c\u0026 =", "call": %d}`, n, n, n, n, n, call, call))
		}
	}
	v := wire.SOAP12
	want = append(want,
		"POST /csp/his/Letters.cls\nAuthorization: Basic svc:SYS\nContent-Type: application/soap+xml; charset=utf-8; action=\"http://example.org/Send\"\n"+
			v.Begin()+"<SOAP-ENV:Header><Security>k&#34;&lt;&amp;</Security></SOAP-ENV:Header><SOAP-ENV:Body><Send><To>letters</To></Send>"+wire.BodyEnd,
		"POST /soap/older.cls\nContent-Type: text/xml; charset=utf-8\nSoapaction: \"http://example.org/Send\"\n"+
			wire.SOAP11.Begin()+"<SOAP-ENV:Body><Send/>"+wire.BodyEnd,
		"GET /csp/his/home.csp\n", "GET /csp/his/home.csp\n", "GET /csp/his/home.csp?CacheLogout=end\n", "GET /csp/his/list.csp?of=3\n",
		"POST /csp/his/login.csp\nContent-Type: application/x-www-form-urlencoded\nCacheUserName=staff.1&CachePassword=f%22%3C%26+%3D&CacheLogin=Log+in")
	slices.Sort(want)
	// A visit of four pages: home, the login, list and home again.
	if diff := cmp.Diff(want, h.sorted()); diff != "" {
		t.Error(diff)
	}
}

// Random numbers come of the seed alone, lie where they should and are not all
// the same: of 400 draws from 10 numbers each should come 40 times, give or
// take 5 standard errors of sqrt(400*0.1*0.9) = 6.
func TestRandomPlaces(t *testing.T) {
	const text = `
name: random
duration: 10m
license: {units: 50}
cohorts:
  - {name: a, kind: callers, count: 40, arrivals: {at: +1m}, session: {calls: 10, think: 1s}, request: {path: "/{{n}}/{{call}}/{{random 5..14}}"}}
`
	ask := func(seed uint64) []string {
		h := &heard{}
		server := httptest.NewServer(h)
		defer server.Close()
		send(t, plan(t, text, PlanOptions{Clock: 6000, Seed: seed}), Options{Target: target(server.URL)})
		return h.sorted()
	}
	one, again, other := ask(1), ask(1), ask(2)
	if !slices.Equal(one, again) || slices.Equal(one, other) {
		t.Error("one seed gives different numbers, or two seeds give the same")
	}
	counts := map[string]int{}
	for _, s := range one {
		counts[regexp.MustCompile(`[0-9]+\s*$`).FindString(s)]++
	}
	if len(counts) != 10 {
		t.Errorf("%d numbers, want 10: %v", len(counts), counts)
	}
	for n, c := range counts {
		if c < 10 || c > 70 {
			t.Errorf("%s comes %d times of 400", n, c)
		}
	}
}

// What an answer means is as the scenario says.
func TestExpectedStatuses(t *testing.T) {
	h := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		status := 0
		_, _ = fmt.Sscanf(r.URL.Path, "/status/%d", &status)
		w.Header().Set("Location", "/status/200")
		w.WriteHeader(status)
		if status == 500 {
			_, _ = w.Write(wire.SOAP12.AppendFault(nil, false, "ERROR #5915: Unable to allocate a license"))
		}
	}))
	defer h.Close()
	for _, tt := range []struct {
		kind, request string
		want          record.Outcome
		status        int
	}{
		{"callers", "{path: /status/201}", record.Served, 201},
		{"callers", "{path: /status/201, ok: [200]}", record.Failed, 201},
		{"callers", "{path: /status/404}", record.Failed, 404},
		{"callers", "{path: /status/404, ok: [200, 404]}", record.Served, 404},
		{"callers", "{path: /status/503}", record.Refused, 503},
		{"callers", "{path: /status/503, ok: [503]}", record.Served, 503},
		{"callers", "{path: /status/503, refused: [429]}", record.Failed, 503},
		{"callers", "{path: /status/429, refused: [429]}", record.Refused, 429},
		{"callers", "{path: /status/302}", record.Served, 200},
		{"callers", "{path: /status/302, ok: [302]}", record.Served, 302},
		{"callers", "{path: /status/200, method: HEAD}", record.Served, 200},
		{"callers", "{path: /status/204, method: DELETE}", record.Served, 204},
		{"callers, via: soap", "{path: /status/500, ok: [200, 500]}", record.Refused, 500},
		{"browsers", "{pages: [/status/404]}", record.Refused, 404},
		{"browsers", "{pages: [/status/404], refused: [503]}", record.Failed, 404},
	} {
		s := plan(t, "name: x\nduration: 1m\nlicense: {units: 5}\ncohorts: [{name: a, kind: "+tt.kind+", count: 1, session: {}, arrivals: {at: +1s}, request: "+tt.request+"}]\n",
			PlanOptions{Clock: 600})
		_, list := send(t, s, Options{Target: target(h.URL)})
		if len(list) != 1 || list[0].Outcome != tt.want || list[0].Status != tt.status {
			t.Errorf("%s %s: %+v, want %v with %d", tt.kind, tt.request, list, tt.want, tt.status)
		}
	}
}

// No secret stands in the plan, its examples or the record.
func TestSecretsStayHidden(t *testing.T) {
	h := httptest.NewServer(&heard{})
	defer h.Close()
	hidden := map[string]string{"env:KEY": "opensesame", "env:PASSWORD": "opensesame", "file:key.txt": "opensesame"}
	s := plan(t, described, PlanOptions{Clock: 600})
	var b strings.Builder
	o := Options{Target: target(h.URL), Secrets: hidden, Password: "opensesame", Record: &b}
	res, err := Run(t.Context(), t.Context(), s, o)
	if err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprintf("%+v %s", res, b.String())
	for _, c := range res.Plan.Cohorts {
		text += strings.Join(c.Examples, "\n")
	}
	coded := base64.StdEncoding.EncodeToString([]byte("svc:opensesame"))
	if strings.Contains(text, "opensesame") || strings.Contains(text, coded) {
		t.Error("a secret shows")
	}
	for _, want := range []string{"Authorization: Basic (svc:{{password}} in base64)", "X-Api-Key: {{env:KEY}}", "CachePassword={{file:key.txt}}", "PUT /api/orders/1/"} {
		if !strings.Contains(text, want) {
			t.Errorf("the examples lack %q:\n%s", want, text)
		}
	}
}

// What one request costs to write down: as an emulated target has it, as a
// scenario describes it, and with places to fill in.
func BenchmarkRequest(b *testing.B) {
	for _, bb := range []struct{ name, request string }{
		{"default", ""}, {"described", `request: {path: /api/orders, headers: {Accept: text/plain}}`},
		{"filled", `request: {path: "/api/orders/{{n}}?a={{call}}", headers: {X-A: "{{user}}"}, body: '{"a": {{random 1..99}}}'}`},
	} {
		b.Run(bb.name, func(b *testing.B) {
			s := plan(b, "name: x\nduration: 1m\nlicense: {units: 5}\ncohorts:\n  - {name: a, kind: callers, arrivals: {at: +1s}, "+bb.request+"}\n", PlanOptions{})
			o := Options{Target: &url.URL{Scheme: "http", Host: "127.0.0.1:1"}}
			o.fill()
			x := &sender{s: s, o: &o, base: o.Target, asks: s.asks(&o, false)}
			e := record.Entry{}
			b.ReportAllocs()
			for b.Loop() {
				q := x.question(&x.asks[0], &e)
				x.request(&x.asks[0], &visit{}, &e, &q)
			}
		})
	}
}
