package msglog

import (
	"errors"
	"strings"
	"testing"
	"time"

	"highwater/engine"

	"github.com/google/go-cmp/cmp"
)

// The lines are samples that the vendor and others have published.
func TestParse(t *testing.T) {
	at := func(year, month, day, hour, minute, second, ms int) time.Time {
		return time.Date(year, time.Month(month), day, hour, minute, second, ms*1_000_000, time.UTC)
	}
	tests := []struct {
		line string
		want Line
	}{
		{"04/27/22-08:50:21:513 (35968) 2 License limit exceeded 1147 times since 01/26/22 12:31:45.",
			Line{at(2022, 4, 27, 8, 50, 21, 513), 35968, Severe, "", "License limit exceeded 1147 times since 01/26/22 12:31:45."}},
		{"05/17/21-19:21:17:417 (2334) 2 [Generic.Event] License limit exceeded 1 times since instance start.",
			Line{at(2021, 5, 17, 19, 21, 17, 417), 2334, Severe, Generic, "License limit exceeded 1 times since instance start."}},
		{"04/27/22-09:20:59:613 (2488) 0 [SYSTEM MONITOR] Alert state cleared....(repeated 1 times)",
			Line{at(2022, 4, 27, 9, 20, 59, 613), 2488, Info, "SYSTEM MONITOR", "Alert state cleared....(repeated 1 times)"}},
		{"04/27/22-10:18:49:396 (62428) 0 [Generic.Event] LicenseTrace: Login, Role = User, UserId = 127.0.0.1, Routine = , Result = 3",
			Line{at(2022, 4, 27, 10, 18, 49, 396), 62428, Info, Generic, "LicenseTrace: Login, Role = User, UserId = 127.0.0.1, Routine = , Result = 3"}},
	}
	for _, tt := range tests {
		got, err := Parse(tt.line)
		if err != nil {
			t.Errorf("%s: %v", tt.line, err)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", tt.line, diff)
		}
		if back := string(got.Append(nil)); back != tt.line+"\n" {
			t.Errorf("written again %q, want %q", back, tt.line)
		}
	}
	for _, line := range []string{"", "x", "13/27/22-08:50:21:513 (1) 2 a", "04/27/22-08:50:21:51 (1) 2 a", "04/27/22-08:50:21:513 (1) 4 a",
		"04/27/22-08:50:21.513 (1) 2 a", "04/27/22-08:50:21:513 () 2 a", "04/27/22-08:50:21:513 (99999999999) 2 a"} {
		if l, err := Parse(line); !errors.Is(err, errLine) {
			t.Errorf("%q is taken for a line: %v", line, l)
		}
	}
}

func TestParseTexts(t *testing.T) {
	for text, want := range map[string]Exceeded{
		"License limit exceeded 1 times since instance start.":       {1, time.Time{}},
		"License limit exceeded 1147 times since 01/26/22 12:31:45.": {1147, time.Date(2022, 1, 26, 12, 31, 45, 0, time.UTC)},
	} {
		got, ok := ParseExceeded(text)
		if !ok || got != want || got.String() != text {
			t.Errorf("ParseExceeded(%q) = %v, %v, want %v", text, got, ok, want)
		}
	}
	for text, want := range map[string]Trace{
		"LicenseTrace: Login, Role = CSP, UserId = SuperUser@172.20.0.1, Routine = %SYS.cspServer, Result = 1":    {false, "CSP", "SuperUser@172.20.0.1", "%SYS.cspServer", 1},
		"LicenseTrace: Logout, Role = User, UserId = a, Routine = b, Result = 2@10.0.0.1, Routine = , Result = 1": {true, "User", "a, Routine = b, Result = 2@10.0.0.1", "", 1},
	} {
		got, ok := ParseTrace(text)
		if !ok || got != want || got.String() != text {
			t.Errorf("ParseTrace(%q) = %v, %v, want %v", text, got, ok, want)
		}
	}
	for _, text := range []string{"", "License limit exceeded  times since instance start.", "License limit exceeded 1 times since 99/99/99 00:00:00.",
		"LicenseTrace: Login, Role = User", "LicenseTrace: Requesting CSP license, Id='a', peer=172.20.0.1, SOAP.WebService=0."} {
		if _, ok := ParseExceeded(text); ok {
			t.Errorf("ParseExceeded takes %q", text)
		}
		if _, ok := ParseTrace(text); ok {
			t.Errorf("ParseTrace takes %q", text)
		}
	}
}

// What a client puts into its name stays in one line.
func TestOneLine(t *testing.T) {
	l := Line{time.Date(2022, 4, 27, 8, 50, 21, 0, time.UTC), 1, Info, Generic, "a\nb\r\x00c\u2028d"}
	if got, want := string(l.Append(nil)), "04/27/22-08:50:21:000 (1) 0 [Generic.Event] a b  c d\n"; got != want {
		t.Errorf("line %q, want %q", got, want)
	}
}

// The first refusal alerts; those of the next hour are counted by the alert
// that follows them. SetConnectionLimit refuses in silence (rules: connection-limit).
func TestWriter(t *testing.T) {
	p, _ := engine.NamedPolicy("")
	if err := p.Set("connection_limit", "2"); err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	alerts := 0
	w := NewWriter(&b, time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC), 7)
	w.Trace, w.Alert = true, func(Line) { alerts++ }
	in := engine.NewInstance(p, 1, w.Hear)
	w.Of(in)
	connect := func(at engine.Time, via engine.Via, addr string) engine.ConnID {
		id, _ := in.Connect(at, &engine.Client{Via: via, Addr: addr}, 0, 1, 0)
		return id
	}
	first := connect(0, engine.Terminal, "10.0.0.1")
	connect(engine.Second, engine.REST, "10.0.0.1")
	connect(2*engine.Second, engine.XDBC, "10.0.0.1") // the third one is over the connection limit
	connect(3*engine.Second, engine.XDBC, "10.0.0.2") // and this one over the key's
	connect(engine.Minute, engine.XDBC, "10.0.0.2")
	in.Disconnect(2*engine.Minute, first, 0)
	connect(engine.Hour+3*engine.Second, engine.REST, "10.0.0.2")
	connect(3*engine.Hour, engine.REST, "10.0.0.2")
	const want = `11/23/26-08:00:00:000 (7) 0 [Generic.Event] LicenseTrace: Login, Role = User, UserId = 10.0.0.1, Routine = , Result = 1
11/23/26-08:00:01:000 (7) 0 [Generic.Event] LicenseTrace: Login, Role = CSP, UserId = 10.0.0.1, Routine = %SYS.cspServer, Result = 2
11/23/26-08:00:02:000 (7) 0 [Generic.Event] LicenseTrace: Login, Role = User, UserId = 10.0.0.1, Routine = , Result = 0
11/23/26-08:00:03:000 (7) 0 [Generic.Event] LicenseTrace: Login, Role = User, UserId = 10.0.0.2, Routine = , Result = 0
11/23/26-08:00:03:000 (7) 2 [Generic.Event] License limit exceeded 1 times since instance start.
11/23/26-08:01:00:000 (7) 0 [Generic.Event] LicenseTrace: Login, Role = User, UserId = 10.0.0.2, Routine = , Result = 0
11/23/26-08:02:00:000 (7) 0 [Generic.Event] LicenseTrace: Logout, Role = User, UserId = 10.0.0.1, Routine = , Result = 1
11/23/26-09:00:03:000 (7) 0 [Generic.Event] LicenseTrace: Login, Role = CSP, UserId = 10.0.0.2, Routine = %SYS.cspServer, Result = 0
11/23/26-09:00:03:000 (7) 2 [Generic.Event] License limit exceeded 2 times since 11/23/26 08:00:03.
11/23/26-11:00:00:000 (7) 0 [Generic.Event] LicenseTrace: Login, Role = CSP, UserId = 10.0.0.2, Routine = %SYS.cspServer, Result = 0
11/23/26-11:00:00:000 (7) 2 [Generic.Event] License limit exceeded 1 times since 11/23/26 09:00:03.
`
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Errorf("log (-want +got)\n%s", diff)
	}
	if alerts != 3 || w.Err() != nil {
		t.Errorf("%d alerts, error %v, want 3", alerts, w.Err())
	}
	for line := range strings.Lines(b.String()) {
		l, err := Parse(strings.TrimSuffix(line, "\n"))
		if err != nil || string(l.Append(nil)) != line {
			t.Errorf("%q does not read as it was written: %v", line, err)
		}
	}
}

// Whatever parses is written again as it was.
func FuzzParse(f *testing.F) {
	f.Add("04/27/22-08:50:21:513 (35968) 2 License limit exceeded 1147 times since 01/26/22 12:31:45.")
	f.Add("04/27/22-10:18:49:396 (62428) 0 [Generic.Event] LicenseTrace: Login, Role = User, UserId = 127.0.0.1, Routine = , Result = 3")
	f.Fuzz(func(t *testing.T, s string) {
		l, err := Parse(s)
		if err != nil || oneLine(s) != s {
			return
		}
		back, err := Parse(strings.TrimSuffix(string(l.Append(nil)), "\n"))
		if err != nil || back != l {
			t.Errorf("%q reads as %v, and written again as %v (%v)", s, l, back, err)
		}
		if x, ok := ParseExceeded(l.Text); ok {
			if again, ok := ParseExceeded(x.String()); !ok || again != x {
				t.Errorf("%q reads as %v, and written again as %v", l.Text, x, again)
			}
		}
		if x, ok := ParseTrace(l.Text); ok && x.String() != l.Text {
			if again, ok := ParseTrace(x.String()); !ok || again != x {
				t.Errorf("%q reads as %v, and written again as %v", l.Text, x, again)
			}
		}
	})
}
