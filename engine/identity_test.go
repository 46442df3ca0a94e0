package engine

import (
	"strings"
	"testing"
)

// with is the default policy with some options changed.
func with(t testing.TB, settings ...string) Policy {
	t.Helper()
	p, _ := NamedPolicy("")
	for _, s := range settings {
		name, value, _ := strings.Cut(s, "=")
		if err := p.Set(name, value); err != nil {
			t.Fatal(err)
		}
	}
	return p
}

func TestIdentity(t *testing.T) {
	known := Client{Addr: "10.0.0.5", User: "ann", Session: "s-1"}
	nobody := Client{Addr: "10.0.0.5", Session: "s-1"}
	in := func(c Client) Client { c.Sessionful = true; return c }
	tests := []struct {
		name   string
		option string // changed from the defaults
		via    Via
		client Client
		want   string // #7 is a fresh one
	}{
		{"a terminal by its address", "", Terminal, known, "10.0.0.5"},
		{"telnet by its address", "", Telnet, known, "10.0.0.5"},
		{"xDBC by its address", "", XDBC, known, "10.0.0.5"},
		{"no address is local", "", Terminal, Client{}, "127.0.0.1"},
		{"a terminal by user name", "username_licensing=true", Terminal, known, "ann@10.0.0.5"},
		{"telnet by user name", "username_licensing=true", Telnet, known, "ann@10.0.0.5"},
		{"xDBC by user name", "username_licensing=true", XDBC, known, "ann@10.0.0.5"},
		{"user names need a user", "username_licensing=true", Terminal, nobody, "10.0.0.5"},
		{"a web session of a known user", "", CSP, known, "ann@10.0.0.5"},
		{"user names do not concern the web", "username_licensing=true", CSP, nobody, "s-1"},
		{"a web session without a user", "", CSP, nobody, "s-1"},
		{"a web session without an ID", "", CSP, Client{Addr: "10.0.0.5"}, "#7"},
		{"a known user's session by its ID", "auth_web_id=session", CSP, known, "s-1"},
		{"a known user's session without an ID", "auth_web_id=session", CSP, Client{User: "ann"}, "#7"},
		{"a call with a user", "", REST, known, "ann@10.0.0.5"},
		{"a SOAP call with a user", "", SOAP, known, "ann@10.0.0.5"},
		{"a call with a user, local", "", REST, Client{User: "ann"}, "ann@127.0.0.1"},
		{"a call with a user in a session", "", REST, in(known), "ann@10.0.0.5"},
		{"a call with a user by its session", "auth_web_id=session", SOAP, in(known), "s-1"},
		{"a call with a user by a session without ID", "auth_web_id=session", REST, in(Client{User: "ann"}), "#7"},
		{"a call with a user, each its own", "auth_web_id=session", REST, known, "#7"},
		{"an anonymous call in a session", "", REST, in(nobody), "s-1"},
		{"an anonymous call in a session without ID", "anon_id=global", SOAP, in(Client{}), "#7"},
		{"an anonymous call by address", "", REST, nobody, "10.0.0.5"},
		{"an anonymous call, all together", "anon_id=global", SOAP, nobody, "anonymous"},
		{"an anonymous call, each its own", "anon_id=session", REST, nobody, "#7"},
		{"anon_id does not concern known users", "anon_id=global", REST, known, "ann@10.0.0.5"},
		{"a task by user and host", "", Task, known, "ann@192.0.2.1"},
		{"a task without a user", "", Task, nobody, "_SYSTEM@192.0.2.1"},
		{"a task on another host", "host_address=10.9.9.9", Task, known, "ann@10.9.9.9"},
		{"a task by user alone", "task_id=user_global", Task, known, "ann"},
		{"a startup routine", "", Startup, known, "User Startup"},
		{"a batch process", "", Batch, known, "#7"},
		{"a job without a parent", "", Job, known, "10.0.0.5"},
		{"a job without anything", "", Job, Client{}, "127.0.0.1"},
		{"a system process", "", System, known, ""},
		{"an emergency session", "", Diagnostic, known, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var settings []string
			if tt.option != "" {
				settings = append(settings, tt.option)
			}
			in := NewInstance(with(t, settings...), 0, nil)
			tt.client.Via = tt.via
			if got := nameOf(t, in, tt.client, 0); got != tt.want {
				t.Errorf("%+v: license user ID %q, want %q", tt.client, got, tt.want)
			}
		})
	}
}

// nameOf is the license user ID that a client gets, "" when it has none.
func nameOf(t *testing.T, in *Instance, c Client, parent ConnID) string {
	t.Helper()
	id, refusal := in.Connect(in.Now(), &c, parent, 7, 0)
	if refusal != nil {
		t.Fatalf("%+v is refused: %v", c, refusal)
	}
	if in.UserOf(id) == 0 {
		return ""
	}
	return in.UserName(in.Tag(in.UserOf(id)))
}

func TestAJobHasTheIDOfItsParentOrItsAddress(t *testing.T) {
	from := Client{Addr: "10.0.0.5", User: "ann"}
	own := Client{Addr: "10.0.0.6"}
	tests := []struct {
		name   string
		option string
		parent Via
		job    Client
		want   string
	}{
		{"of a terminal", "xff_pick=first", Terminal, Client{}, "10.0.0.5"},
		{"of a terminal, whatever its own address", "xff_pick=first", Terminal, own, "10.0.0.5"},
		{"of a user's terminal", "username_licensing=true", Telnet, Client{}, "ann@10.0.0.5"},
		{"of a task", "xff_pick=first", Task, own, "ann@192.0.2.1"},
		{"of a startup routine", "xff_pick=first", Startup, own, "User Startup"},
		{"of a batch process", "xff_pick=first", Batch, own, "#7"},
		{"of a web session: the address", "xff_pick=first", CSP, own, "10.0.0.5"},
		{"of a call: the address", "xff_pick=first", SOAP, own, "10.0.0.5"},
		{"of a web session: its ID", "job_from_csp=session_lid", CSP, own, "ann@10.0.0.5"},
		{"of a call: its ID", "job_from_csp=session_lid", REST, own, "ann@10.0.0.5"},
		{"of a call that is not counted: the address", "uncharged=rest", REST, own, "10.0.0.5"},
		{"of a process that is not counted: its ID", "uncharged=task", Task, own, "ann@192.0.2.1"},
		{"of a system process: its own address", "xff_pick=first", System, own, "10.0.0.6"},
		{"of a system process, its address not given", "xff_pick=first", System, Client{}, "10.0.0.5"},
		{"of the emergency session: its own address", "xff_pick=first", Diagnostic, own, "10.0.0.6"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in := NewInstance(with(t, tt.option), 0, nil)
			from.Via = tt.parent
			parent, refusal := in.Connect(0, &from, 0, 7, 0)
			if refusal != nil {
				t.Fatal(refusal)
			}
			tt.job.Via = Job
			if got := nameOf(t, in, tt.job, parent); got != tt.want {
				t.Errorf("job %+v: license user ID %q, want %q", tt.job, got, tt.want)
			}
		})
	}
}

func TestTheContractCountsPeopleAndDevices(t *testing.T) {
	p, _ := NamedPolicy("contract")
	tests := []struct {
		name   string
		client Client
		want   string
	}{
		{"a person at a device", Client{Via: CSP, User: "pool", Person: "ann", Device: "pc-1"}, "ann/pc-1"},
		{"a person at an unknown device", Client{Via: Terminal, Person: "ann"}, "ann/"},
		{"a device", Client{Via: SOAP, User: "pool", Device: "mri-3"}, "mri-3"},
		{"neither known", Client{Via: CSP, User: "pool", Addr: "10.0.0.5"}, "pool@10.0.0.5"},
		{"a job without a parent", Client{Via: Job, Person: "ann", Device: "pc-1"}, "ann/pc-1"},
		{"a system process", Client{Via: System, Person: "ann"}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := nameOf(t, NewInstance(p, 0, nil), tt.client, 0); got != tt.want {
				t.Errorf("%+v: license user ID %q, want %q", tt.client, got, tt.want)
			}
		})
	}
	in := NewInstance(p, 0, nil)
	web := Client{Via: CSP, Person: "ann", Device: "pc-1"}
	parent, _ := in.Connect(0, &web, 0, 1, 0)
	if got := nameOf(t, in, Client{Via: Job, Person: "bob"}, parent); got != "ann/pc-1" {
		t.Errorf("a job of ann's: license user ID %q, want her own", got)
	}
}

func TestClientAddress(t *testing.T) {
	tests := []struct {
		name      string
		settings  string
		forwarded string
		want      string
	}{
		{"headers are not looked at", "false first", "198.51.100.7", "10.0.0.1"},
		{"no header", "true first", "", "10.0.0.1"},
		{"one address", "true first", "198.51.100.7", "198.51.100.7"},
		{"the first", "true first", "198.51.100.7, 203.0.113.9", "198.51.100.7"},
		{"the last", "true last", "198.51.100.7, 203.0.113.9 ", "203.0.113.9"},
		{"the whole", "true whole", "198.51.100.7, 203.0.113.9", "198.51.100.7, 203.0.113.9"},
		{"empty elements do not count", "true first", " , 198.51.100.7,", "198.51.100.7"},
		{"nothing but commas", "true last", ", ,", "10.0.0.1"},
		{"Forwarded", "true first", "for=198.51.100.7", "198.51.100.7"},
		{"Forwarded, in any case", "true first", "Proto=https; For=198.51.100.7 ;by=10.0.0.1", "198.51.100.7"},
		{"Forwarded, the last", "true last", "for=198.51.100.7;proto=http, for=203.0.113.9", "203.0.113.9"},
		{"Forwarded, quoted", "true first", `for="[2001:db8::17]:4711"`, "[2001:db8::17]:4711"},
		{"Forwarded without for", "true first", "proto=https, for=203.0.113.9", "203.0.113.9"},
		{"Forwarded with no for at all", "true first", "proto=https", "10.0.0.1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			alt, pick, _ := strings.Cut(tt.settings, " ")
			p := with(t, "license_alt_headers="+alt, "xff_pick="+pick)
			if got := p.ClientAddress("10.0.0.1", tt.forwarded); got != tt.want {
				t.Errorf("ClientAddress(10.0.0.1, %q) = %q, want %q", tt.forwarded, got, tt.want)
			}
		})
	}
}

func TestComposeLogin(t *testing.T) {
	long := strings.Repeat("é", 55) // 64 characters with @10.0.0.5, and more bytes
	tests := []struct{ id, want string }{
		{"bob", "bob@10.0.0.5"},
		{"bob@x.y", "bob@10.0.0.5"},
		{"bob@x@y", "bob@10.0.0.5"},
		{"a|b|c", "a/b/c@10.0.0.5"},
		{"", "@10.0.0.5"},
		{"@x", "@10.0.0.5"},
		{long, long + "@10.0.0.5"},
		{long + "@what is cut does not count", long + "@10.0.0.5"},
		{long + "x", ""},
	}
	for _, tt := range tests {
		got, err := ComposeLogin(tt.id, "10.0.0.5")
		if got != tt.want || (err == ErrIllegalValue) != (tt.want == "") {
			t.Errorf("ComposeLogin(%q, 10.0.0.5) = %q, %v; want %q", tt.id, got, err, tt.want)
		}
	}
}

func TestALoginComposesWithTheClientAddress(t *testing.T) {
	tests := []struct {
		name   string
		client Client
		want   string
	}{
		{"its address", Client{Via: CSP, Addr: "10.0.0.5"}, "bob@10.0.0.5"},
		{"no address", Client{Via: Terminal}, "bob@127.0.0.1"},
		{"a forwarded one", Client{Via: REST, Addr: "10.0.0.1", Forwarded: "198.51.100.7"}, "bob@198.51.100.7"},
		{"a task's own, not the host's", Client{Via: Task, Addr: "10.0.0.5"}, "bob@10.0.0.5"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in := NewInstance(with(t, "license_alt_headers=true"), 0, nil)
			id, _ := in.Connect(0, &tt.client, 0, 7, 0)
			if err := in.Login(0, id, "bob"); err != nil {
				t.Fatal(err)
			}
			if got := in.UserName(in.Tag(in.UserOf(id))); got != tt.want {
				t.Errorf("license user ID %q, want %q", got, tt.want)
			}
		})
	}
}
