package scenario

import (
	"time"

	"highwater/engine"

	"gopkg.in/yaml.v3"
)

// This file is the table of fields: what a scenario file may say. Parse reads
// by it, Schema and Fields print it.

// A file is a scenario as read, before its parts are put together.
type file struct {
	Scenario
	units   int // 0 when not given, or Unlimited
	policy  *policy
	compare []*policy
	drafts  []*draft

	expected []*expected
}

// A draft is a cohort as read, before references and the defaults that depend
// on other fields.
type draft struct {
	Cohort
	node      *yaml.Node
	path      string // in messages
	has       given  // fields of the cohort
	session   given  // fields of its session; nil when that is not a mapping
	request   given  // fields of its request
	through   string
	startedBy string
}

var fileObject = object[file]{
	name: "scenario", doc: "what a license has to serve",
	example: "{name: clinic, duration: 10h, license: {units: 120}, cohorts: [...]}",
	fields: []field[file]{
		{name: "name", required: true, doc: "what reports call the scenario", example: "outpatient clinic",
			slot: into(title, func(f *file) *string { return &f.Name })},
		{name: "start", byDefault: "2026-01-05T00:00:00Z", doc: "the wall clock at the start, a Monday unless given; its zone is that of every clock time",
			example: "2026-11-23T07:00:00Z", slot: into(instant, func(f *file) *time.Time { return &f.Start })},
		{name: "duration", required: true, doc: "how long to simulate", example: "10h",
			slot: into(duration, func(f *file) *engine.Time { return &f.Duration })},
		{name: "seed", byDefault: "1", doc: "the seed of all random numbers", example: "42",
			slot: into(seed, func(f *file) *uint64 { return &f.Seed })},
		{name: "reps", byDefault: "200", doc: "how many independent replications to run", example: "20",
			slot: into(count(1, 1_000_000), func(f *file) *int { return &f.Reps })},
		{name: "license", required: true, doc: "the key and the policy that counts for it", example: "{units: 120, policy: iris-2022.3}",
			slot: within(&licenseObject, func(f *file) *file { return f })},
		{name: "compare", doc: "other policies to count the same traffic by; one that is just the license's own is left out",
			example: "[iris-pre-2022.3, contract]",
			slot:    compareSlot},
		{name: "proxies", doc: "what stands between cohorts and the server", example: "[{name: gateway, address: 10.0.0.5}]",
			slot: proxiesSlot},
		{name: "cohorts", required: true, doc: "groups of people, devices and processes that behave alike",
			example: "[{name: nurses, kind: users, count: 40, arrivals: start, session: 8h}]",
			slot:    cohortsSlot},
		{name: "expect", doc: "what highwater gate asks for", example: "[{peak: 95%}, {refusals: 0, cohort: nurses}]",
			slot: expectSlot},
	},
}

var licenseObject = object[file]{
	name: "license", doc: "a key and the policy that counts for it", example: "{units: 120, policy: iris-2022.3}",
	fields: []field[file]{
		{name: "units", otherwise: "what the policy has: community 8, health-connect-hlu 25, core and contract unlimited; required with the others",
			doc: "license units of the key", example: "120",
			slot: into(countOr("unlimited", Unlimited, 10_000_000), func(f *file) *int { return &f.units })},
		{name: "policy", byDefault: "iris-2022.3", doc: "how units are counted: a policy's name, or a policy of your own", example: "iris-2022.3",
			slot: into(policyValue, func(f *file) **policy { return &f.policy })},
	},
}

var proxyObject = object[Proxy]{
	name: "proxy", doc: "a proxy, gateway or load balancer", example: "{name: gateway, address: 10.0.0.5}",
	fields: []field[Proxy]{
		{name: "name", required: true, doc: "by which cohorts refer to it", example: "gateway",
			slot: into(title, func(p *Proxy) *string { return &p.Name })},
		{name: "address", required: true, doc: "the address that the server sees of everybody behind it", example: "10.0.0.5",
			slot: into(address, func(p *Proxy) *string { return &p.Address })},
		{name: "forwards", byDefault: "nothing", doc: "the header in which it names the client's address", example: "x-forwarded-for",
			slot: into(choice(word[Forwards]{"nothing", ForwardsNothing}, word[Forwards]{"x-forwarded-for", ForwardsXFF},
				word[Forwards]{"forwarded", ForwardsRFC7239}), func(p *Proxy) *Forwards { return &p.Forwards })},
		{name: "drops_cookies", byDefault: "false", doc: "cookies do not get through: each page or call is a web session of its own", example: "true",
			slot: into(yes, func(p *Proxy) *bool { return &p.DropsCookies })},
		{name: "pool", otherwise: "no limit", doc: "the most connections that it opens for the users and devices behind it, to the end of the run; when it is full they share", example: "50",
			slot: into(count(1, 1_000_000), func(p *Proxy) *int { return &p.Pool })},
		{name: "cap", otherwise: "no limit", doc: capDoc, example: "22",
			slot: into(count(1, 1_000_000), func(p *Proxy) *int { return &p.Cap })},
		{name: "patience", beside: "cap", byDefault: "forever", doc: "how long one waits before it gives up with a queue timeout, which is met as on_refusal says", example: "60s",
			slot: into(length, func(p *Proxy) *Dist { return &p.Patience })},
	},
}

const capDoc = "how many places it has: who finds them taken waits, first come first served, and holds no unit yet; " +
	"a session of users or devices takes a place for each of its connections, all together and at most all there are, " +
	"and a call takes one until it ends, so that it does not cap the units that are held after that; " +
	"pages of browsers take no time and pass freely"

var (
	fixed     = of(Devices, Startup)                                         // begin at the start unless told otherwise
	arriving  = of(Users, Devices, Callers, Browsers, Tasks, Startup, Batch) // begin by themselves
	networked = of(Users, Devices, Callers, Browsers)                        // have an address
	running   = of(Jobs, Tasks, Startup, Batch)                              // processes
)

var cohortObject = object[draft]{
	name: "cohort", doc: "a group that behaves alike",
	example: "{name: nurses, kind: users, count: 40, arrivals: start, session: 8h}",
	fields: append([]field[draft]{
		{name: "name", required: true, doc: "what reports call the cohort", example: "nurses",
			slot: into(title, func(d *draft) *string { return &d.Name })},
		{name: "kind", required: true, doc: "what it is made of", example: "users",
			slot: into(kindValue, func(d *draft) *Kind { return &d.Kind })},
		{name: "count", kinds: arriving, otherwise: "1 for devices, tasks, startup, batch and callers with every; open with poisson and at: each arrival is somebody new",
			doc: "how many members it has", example: "180",
			slot: into(count(1, 10_000_000), func(d *draft) *int { return &d.Count })},
		{name: "through", kinds: networked, doc: "the proxy that its members come through", example: "gateway",
			slot: into(title, func(d *draft) *string { return &d.through })},
		{name: "address", kinds: networked, otherwise: "each member has its own", doc: "one address that all members share, such as a terminal server's",
			example: "10.0.0.9", slot: into(address, func(d *draft) *string { return &d.Address })},
		{name: "user", kinds: of(Users), byDefault: "own", doc: userDoc, example: "svc_lab", slot: userSlot},
		{name: "user", kinds: of(Devices, Callers), byDefault: "none", doc: userDoc, example: "svc_lab", slot: userSlot},
		{name: "user", kinds: of(Browsers), otherwise: "none, or own with login", doc: userDoc, example: "own", slot: userSlot},
		{name: "user", kinds: of(Tasks), byDefault: "_SYSTEM", doc: userDoc, example: "svc_lab", slot: userSlot},
		{name: "arrivals", kinds: arriving &^ fixed, required: true, doc: arrivalsDoc, example: "{poisson: 2/min}", slot: arrivalsSlot},
		{name: "arrivals", kinds: fixed, byDefault: "start", doc: arrivalsDoc, example: "{every: 10m}", slot: arrivalsSlot},
		{name: "devices", kinds: of(Users), byDefault: "1", doc: "devices that a person uses at once", example: "uniform(1, 2)",
			slot: into(countDist, func(d *draft) *Dist { return &d.Devices })},
		{name: "connections", kinds: of(Users, Devices), byDefault: "1", doc: "connections that each device opens one after another; when one is refused, those before it are closed", example: "2",
			slot: into(countDist, func(d *draft) *Dist { return &d.Connections })},
		{name: "processes", kinds: running, byDefault: "1", doc: "processes that begin at once, all or nothing", example: "4",
			slot: into(countDist, func(d *draft) *Dist { return &d.Connections })},
		{name: "session", kinds: of(Users), required: true, doc: "how long a session lasts", example: "lognormal(mean 4h, cv 0.5)",
			slot: into(length, func(d *draft) *Dist { return &d.Lasts })},
		{name: "session", kinds: of(Devices), byDefault: "forever", doc: "how long a session lasts", example: "20s",
			slot: into(length, func(d *draft) *Dist { return &d.Lasts })},
		{name: "session", kinds: of(Browsers), required: true, doc: "a visit", example: "{pages: geometric(mean 3), think: exp(40s)}",
			slot: visitSlot},
		{name: "session", kinds: of(Callers), byDefault: "0s", doc: "how long a call takes, or a mapping for series of calls", example: "uniform(50ms, 200ms)",
			slot: callsSlot},
		{name: "started_by", kinds: of(Jobs), required: true, doc: "the cohort that starts them", example: "nurses",
			slot: into(title, func(d *draft) *string { return &d.startedBy })},
		{name: "per", kinds: of(Jobs), byDefault: "session", doc: "what may start one: a session, or each page or call of it", example: "page",
			slot: into(choice(word[bool]{"session", false}, word[bool]{"page", true}), func(d *draft) *bool { return &d.OnPage })},
		{name: "chance", kinds: of(Jobs), byDefault: "100%", doc: "the probability that one starts", example: "20%",
			slot: into(share, func(d *draft) *float64 { return &d.Chance })},
		{name: "delay", kinds: of(Jobs), byDefault: "0s", doc: "from the start of the session or page to the job's", example: "exp(10s)",
			slot: into(pause, func(d *draft) *Dist { return &d.Delay })},
		{name: "runs", kinds: of(Jobs, Tasks, Batch), required: true, doc: "how long a process runs", example: "exp(5m)",
			slot: into(length, func(d *draft) *Dist { return &d.Lasts })},
		{name: "runs", kinds: of(Startup), byDefault: "forever", doc: "how long a process runs", example: "exp(5m)",
			slot: into(length, func(d *draft) *Dist { return &d.Lasts })},
		{name: "on_refusal", kinds: arriving | of(Jobs), byDefault: "give up", doc: "what a refused client does, at its start or in the middle of a session",
			example: "{retry: exp(30s), times: 3}", slot: refusalSlot},
		{name: "request", kinds: of(Callers), otherwise: "what highwater target answers", doc: "what highwater attack calls", example: callExample, slot: requestSlot(&callObject)},
		{name: "request", kinds: of(Browsers), otherwise: "what highwater target answers", doc: "which pages highwater attack visits", example: pageExample, slot: requestSlot(&pageObject)},
	}, viaFields...),
}

const (
	userDoc     = "by which user name the members are known to the server: none, own for each its own, or one name that all share"
	arrivalsDoc = "when sessions begin: start for all at once at the start of the run, or one of the forms of arrivals"
)

// viaFields say by which way each kind comes in, the default first.
var viaFields = []field[draft]{
	via(Users, word[engine.Via]{"terminal", engine.Terminal}, word[engine.Via]{"telnet", engine.Telnet},
		word[engine.Via]{"xdbc", engine.XDBC}, word[engine.Via]{"rich client", engine.XDBC}),
	via(Devices, word[engine.Via]{"xdbc", engine.XDBC}, word[engine.Via]{"telnet", engine.Telnet}, word[engine.Via]{"terminal", engine.Terminal}),
	via(Callers, word[engine.Via]{"rest", engine.REST}, word[engine.Via]{"soap", engine.SOAP}),
	via(Browsers, word[engine.Via]{"csp", engine.CSP}),
	via(Jobs, word[engine.Via]{"job", engine.Job}),
	via(Tasks, word[engine.Via]{"task", engine.Task}),
	via(Startup, word[engine.Via]{"startup", engine.Startup}),
	via(Batch, word[engine.Via]{"batch", engine.Batch}),
}

func via(k Kind, words ...word[engine.Via]) field[draft] {
	last := words[len(words)-1].word
	return field[draft]{name: "via", kinds: of(k), byDefault: words[0].word, doc: "the way in", example: last,
		slot: into(choice(words...), func(d *draft) *engine.Via { return &d.Via })}
}

var arrivalsObject = object[Arrivals]{
	name: "arrivals", doc: "when sessions begin, in one of five forms",
	example: "{poisson: 2/min}",
	exactly: []string{"poisson", "every", "storm", "at", "idle"},
	fields: []field[Arrivals]{
		{name: "poisson", doc: "at random, at a rate or a curve of rates that comes again each day, or each week when a point names weekdays; each: for each member",
			example: "{06:00: 2/min, 18:00: 30/h}",
			slot:    form(Poisson, curveValue, func(a *Arrivals, c curve) { a.Rates, a.Cycle, a.Each = c.rates, c.cycle, c.each })},
		{name: "linear", beside: "poisson", byDefault: "false", doc: "rates run straight from one point of the curve to the next, instead of staying", example: "true",
			slot: into(yes, func(a *Arrivals) *bool { return &a.Linear })},
		{name: "bursts", beside: "poisson", doc: "what makes arrivals burstier than Poisson: one of them, or a list of up to 4 whose factors are multiplied", example: "{cv: 0.3, every: 1h}",
			slot: into(orList(burstValue, mostBursts), func(a *Arrivals) *[]Burst { return &a.Bursts })},
		{name: "every", doc: "each member at this distance, from start to start", example: "10m",
			slot: form(Periodic, wait, func(a *Arrivals, d Dist) { a.Every = d })},
		{name: "jitter", beside: "every", byDefault: "0s", doc: "added to each start", example: "uniform(0s, 5s)",
			slot: into(pause, func(a *Arrivals) *Dist { return &a.Jitter })},
		{name: "phase", beside: "every", byDefault: "random", doc: "where the members' first periods begin: at random, all together as by cron, or evenly spread", example: "aligned",
			slot: into(choice(word[Phase]{"random", RandomPhase}, word[Phase]{"aligned", AlignedPhase}, word[Phase]{"even", EvenPhase}),
				func(a *Arrivals) *Phase { return &a.Phase })},
		{name: "storm", doc: "every member once after each of these times", example: "[weekdays 07:00, weekdays 15:00]",
			slot: form(Storm, moments, func(a *Arrivals, m []Moment) { a.Moments = m })},
		{name: "spread", beside: "storm", required: true, doc: "how long a storm lasts; each member begins at random within it", example: "20m",
			slot: into(duration, func(a *Arrivals) *engine.Time { return &a.Spread })},
		{name: "at", doc: "every member at each of these times; without count, one arrival at each", example: "[02:00, sun 04:00, +90m]",
			slot: form(Explicit, moments, func(a *Arrivals, m []Moment) { a.Moments = m })},
		{name: "idle", doc: "every member is idle for so long, then has a session, and so on", example: "exp(30m)",
			slot: form(Alternating, wait, func(a *Arrivals, d Dist) { a.Idle = d })},
	},
}

// mostBursts is the most bursts of a cohort.
const mostBursts = 4

var burstObject = object[Burst]{
	name: "burst", doc: "a factor of the rate, 1 on average, that is drawn anew from a gamma distribution for each period",
	example: "{cv: 0.3, every: 1h}",
	exactly: []string{"cv", "index"},
	fields: []field[Burst]{
		{name: "cv", doc: "the factor's coefficient of variation (standard deviation / mean), the same at all rates, as of what makes all callers come at once",
			example: "0.3", slot: into(above(0, mostCV), func(b *Burst) *float64 { return &b.CV })},
		{name: "index", doc: "the index of dispersion (variance / mean) that it gives to the number of arrivals in a period, the same at all rates, as of callers that come in groups; without it the index is 1",
			example: "4", slot: into(above(1, mostIndex), func(b *Burst) *float64 { return &b.Index })},
		{name: "every", required: true, doc: "how long a period is; periods do not begin at times of the clock", example: "20s",
			slot: into(duration, func(b *Burst) *engine.Time { return &b.Every })},
	},
}

// form is a slot of one form of arrivals.
func form[V any](f Form, v value[V], put func(*Arrivals, V)) slot[Arrivals] {
	return slot[Arrivals]{v.shape, func(p *parser, name string, a *Arrivals, n *yaml.Node) {
		if x, ok := v.read(p, name, n); ok {
			a.Form = f
			put(a, x)
		}
	}}
}

var visitObject = object[draft]{
	name: "visit", doc: "the session of a browser", example: "{pages: geometric(mean 3), think: lognormal(mean 40s cv 2)}",
	fields: []field[draft]{
		{name: "pages", byDefault: "1", doc: "pages of a web session, the first included", example: "geometric(mean 3)",
			slot: into(countDist, func(d *draft) *Dist { return &d.Pages })},
		{name: "think", otherwise: "0s when pages is 1", doc: "from one page to the next, and after the last one", example: "exp(40s)",
			slot: into(pause, func(d *draft) *Dist { return &d.Think })},
		{name: "lasts", doc: "how long the visit takes, instead of think", example: "lognormal(mean 10m, cv 1)",
			slot: into(length, func(d *draft) *Dist { return &d.Lasts })},
		{name: "logout", byDefault: "0%", doc: "the share of web sessions that end by logging out; the others time out", example: "30%",
			slot: into(share, func(d *draft) *float64 { return &d.Logout })},
		{name: "timeout", byDefault: "15m", doc: "inactivity after which the web application ends a session", example: "never",
			slot: into(timeout, func(d *draft) *engine.Time { return &d.Timeout })},
		{name: "windows", byDefault: "1", doc: "web sessions that a visitor opens at once", example: "uniform(1, 3)",
			slot: into(countDist, func(d *draft) *Dist { return &d.Windows })},
		{name: "login", byDefault: "false", doc: "the first page is anonymous, then the visitor logs in", example: "true",
			slot: into(yes, func(d *draft) *bool { return &d.Login })},
	},
}

var callsObject = object[draft]{
	name: "calls", doc: "the session of a caller", example: "{calls: 5, takes: 100ms, think: exp(2s)}",
	fields: []field[draft]{
		{name: "calls", byDefault: "1", doc: "calls of a session", example: "geometric(mean 5)",
			slot: into(countDist, func(d *draft) *Dist { return &d.Pages })},
		{name: "takes", byDefault: "0s", doc: "how long a call takes", example: "uniform(50ms, 200ms)",
			slot: into(length, func(d *draft) *Dist { return &d.Lasts })},
		{name: "think", otherwise: "0s when calls is 1", doc: "from the end of a call to the next", example: "exp(2s)",
			slot: into(pause, func(d *draft) *Dist { return &d.Think })},
		{name: "use_session", byDefault: "false", doc: "one web session across the calls (UseSession=1, SOAPSESSION=1)", example: "true",
			slot: into(yes, func(d *draft) *bool { return &d.UseSession })},
		{name: "logout", beside: "use_session", byDefault: "0%", doc: "the share of web sessions that end by logging out; the others time out", example: "100%",
			slot: into(share, func(d *draft) *float64 { return &d.Logout })},
		{name: "timeout", beside: "use_session", byDefault: "15m", doc: "inactivity after which the web application ends a session", example: "never",
			slot: into(timeout, func(d *draft) *engine.Time { return &d.Timeout })},
	},
}

const (
	callExample = `{method: POST, path: "/api/orders/{{n}}", body: '{"call": {{call}}}', ok: [200, 201]}`
	pageExample = `{pages: [/csp/his/home.csp, "/csp/his/list.csp?of={{random 1..99}}"], login: /csp/his/home.csp}`
	placesDoc   = "; {{user}} is the user name, {{cohort}} the cohort, {{n}} the member's number, {{call}} that of the request among its member's, " +
		"{{random 1..999}} a whole number by the seed, {{env:NAME}} and {{file:PATH}} a secret, all of them escaped as URLs, JSON, forms and XML want it"
	passwordDoc = "the user's password, as a reference to a secret; it may have {{n}} and {{user}}, too"
	okDoc       = "statuses of what is served; a redirect that is one of them is not followed"
	refusedDoc  = "statuses that tell a refusal for lack of units"
)

// requestFields are those of callers and browsers.
var requestFields = []field[Request]{
	{name: "headers", doc: "further headers; those with secrets by reference alone", example: `{Accept: application/json, X-Ward: "{{n}}"}`,
		slot: into(headersValue, func(r *Request) *[]Header { return &r.Headers })},
	{name: "password", otherwise: "--password", doc: passwordDoc, example: `"{{env:LAB_PASSWORD}}"`,
		slot: into(passwordText, func(r *Request) *Text { return &r.Secret })},
	{name: "ok", otherwise: "all below 400", doc: okDoc, example: "[200, 201, 404]",
		slot: into(statuses, func(r *Request) *[]int { return &r.OK })},
	{name: "refused", otherwise: "503, of pages 404 too; of SOAP the fault", doc: refusedDoc, example: "[503]",
		slot: into(statuses, func(r *Request) *[]int { return &r.Refused })},
}

var callObject = object[Request]{
	name: "request", doc: "what a caller calls", example: callExample,
	fields: append([]field[Request]{
		{name: "method", otherwise: "GET, or POST with a body", doc: "the method of REST calls", example: "PUT",
			slot: into(methodValue, func(r *Request) *string { return &r.Method })},
		{name: "path", otherwise: "that of highwater target", doc: "path and query" + placesDoc, example: `"/api/orders/{{n}}?full=1"`,
			slot: into(requestPath, func(r *Request) *Text { return &r.Path })},
		{name: "body", otherwise: "none; of SOAP a call of highwater target", doc: "the body, of type application/json unless a header says otherwise; of SOAP what is in the SOAP body", example: `'{"order": {{call}}}'`,
			slot: into(requestBody, func(r *Request) *Text { return &r.Body })},
		{name: "action", otherwise: "that of highwater target", doc: "of SOAP: the SOAPAction, or the action of SOAP 1.2", example: "http://example.org/Orders.Service.Place",
			slot: into(oneLine, func(r *Request) *string { return &r.SOAP.Action })},
		{name: "version", otherwise: "1.1", doc: "of SOAP: its version", example: "1.2",
			slot: into(choice(word[bool]{"1.1", false}, word[bool]{"1.2", true}), func(r *Request) *bool { return &r.SOAP.Twelve })},
		{name: "header", otherwise: "none", doc: "of SOAP: what is in the SOAP header, as for WS-Security", example: "<Ward>{{n}}</Ward>",
			slot: into(requestBody, func(r *Request) *Text { return &r.SOAP.Header })},
		{name: "logout", otherwise: "the path with IRISLogout=end", doc: "what ends a web session", example: "/api/orders/logout",
			slot: into(requestPath, func(r *Request) *Text { return &r.Logout })},
	}, requestFields...),
}

var pageObject = object[Request]{
	name: "browsing", doc: "which pages a browser visits", example: pageExample,
	fields: append([]field[Request]{
		{name: "pages", otherwise: "that of highwater target", doc: "paths and queries of a visit's pages, one after another and then again, with places as path has", example: "[/csp/his/home.csp, /csp/his/list.csp]",
			slot: into(pathList, func(r *Request) *[]Text { return &r.Pages })},
		{name: "login", otherwise: "that of highwater target, or the first of the pages", doc: "where the form of a login goes", example: "/csp/his/login.csp",
			slot: into(requestPath, func(r *Request) *Text { return &r.Login })},
		{name: "logout", otherwise: "the first page with IRISLogout=end", doc: "what ends a web session", example: "/csp/his/home.csp?CacheLogout=end",
			slot: into(requestPath, func(r *Request) *Text { return &r.Logout })},
		{name: "user_field", byDefault: "IRISUsername", doc: "field of the login form for the user name", example: "CacheUserName",
			slot: into(oneLine, func(r *Request) *string { return &r.Form.User })},
		{name: "password_field", byDefault: "IRISPassword", doc: "field of the login form for the password", example: "CachePassword",
			slot: into(oneLine, func(r *Request) *string { return &r.Form.Password })},
		{name: "fields", otherwise: `{IRISLogin: "1"}`, doc: "further fields of the login form", example: "{IRISLogin: Login}",
			slot: into(formFields, func(r *Request) *[]Header { return &r.Form.Fields })},
	}, requestFields...),
}

var refusalObject = object[OnRefusal]{
	name: "on_refusal", doc: "how a refused client tries again", example: "{retry: exp(30s), times: 3}",
	fields: []field[OnRefusal]{
		{name: "retry", required: true, doc: "the wait before the next attempt", example: "exp(30s)",
			slot: into(wait, func(r *OnRefusal) *Dist { return &r.Retry })},
		{name: "times", byDefault: "unlimited", doc: "attempts after the first", example: "3",
			slot: into(countOr("unlimited", Unlimited, 1_000_000), func(r *OnRefusal) *int { return &r.Times })},
		{name: "backoff", byDefault: "1", doc: "each wait is this many times the last", example: "2",
			slot: into(factor, func(r *OnRefusal) *float64 { return &r.Factor })},
	},
}

var expectedObject = object[expected]{
	name: "expectation", doc: "a figure that must not be more than so much; of a run it holds when the risk of more is at most so high, with confidence",
	example: "{peak: 95%, after: 07:00}",
	exactly: []string{"peak", "refusals", "lost", "latency", "errors", "lag", "divergence"},
	fields: []field[expected]{
		{name: "name", otherwise: "what it says", doc: "what reports call it", example: "room for growth",
			slot: into(title, func(x *expected) *string { return &x.Name })},
		{name: "peak", doc: "units that a run needs at the most, if nobody is refused: a number, or a share of the key", example: "95%",
			slot: limit(Peak, peakLimit)},
		{name: "refusals", doc: "refused attempts in a run at the most", example: "0",
			slot: limit(Refusals, wholeLimit)},
		{name: "lost", doc: "sessions given up in a run at the most", example: "0",
			slot: limit(Lost, wholeLimit)},
		{name: "latency", doc: "a percentile (p99 unless percentile says otherwise) of the time from the plan to the answer of real requests, at the most", example: "800ms",
			slot: limit(Latency, lengthLimit)},
		{name: "errors", doc: "the share of real requests that fail, refusals apart, at the most", example: "1%",
			slot: limit(Failures, shareLimit)},
		{name: "lag", doc: "a percentile (p99 unless percentile says otherwise) of how late the generator sends real requests, at the most", example: "20ms",
			slot: limit(Lag, lengthLimit)},
		{name: "divergence", doc: "units by which a real target is off, at a sample for certain or on average, at the most", example: "2",
			slot: limit(Divergence, wholeLimit)},
		{name: "percentile", otherwise: "p99", doc: "which percentile of the requests a latency or lag is", example: "p90",
			slot: into(percentiles, func(x *expected) *float64 { return &x.Percentile })},
		{name: "risk", byDefault: "5%", doc: "the share of the runs that may have more, of peak, refusals and lost", example: "1%",
			slot: into(between(0, "5%"), func(x *expected) *float64 { return &x.Risk })},
		{name: "confidence", byDefault: "95%", doc: "how sure pass and fail must be", example: "99%",
			slot: into(between(0.5, "95%"), func(x *expected) *float64 { return &x.Confidence })},
		{name: "policy", otherwise: "the license's", doc: "the policy that it is about, by name", example: "contract",
			slot: into(title, func(x *expected) *string { return &x.Policy })},
		{name: "cohort", otherwise: "all", doc: "the cohort that it is about; of a peak, the units that it holds at the peak of all", example: "nurses",
			slot: into(title, func(x *expected) *string { return &x.Cohort })},
		{name: "after", otherwise: "the start", doc: "where the part of each day or of the run begins that it is about, of peak and refusals", example: "07:00",
			slot: into(edge, func(x *expected) *Edge { return &x.After })},
		{name: "before", otherwise: "the end", doc: "where that part ends", example: "+9h",
			slot: into(edge, func(x *expected) *Edge { return &x.Before })},
	},
}

// limit is a slot of one figure of an expectation.
func limit(f Figure, v value[atMost]) slot[expected] {
	return slot[expected]{v.shape, func(p *parser, name string, x *expected, n *yaml.Node) {
		if m, ok := v.read(p, name, n); ok {
			x.Figure, x.Most, x.OfKey = f, m.value, m.ofKey
		}
	}}
}
