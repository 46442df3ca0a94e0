package engine

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSetSaysWhatMustHold(t *testing.T) {
	tests := []struct{ setting, want string }{
		{"max_connections=0", `option "max_connections" must be a whole number >= 1, not "0"`},
		{"max_connections=2.5", `option "max_connections" must be a whole number >= 1, not "2.5"`},
		{"connection_limit=-1", `option "connection_limit" must be a whole number >= 0, not "-1"`},
		{"user_limit=99999999999", `option "user_limit" must be a whole number >= 0, not "99999999999"`},
		{"enforce=yes", `option "enforce" must be true or false, not "yes"`},
		{"anon_id=Ip", `option "anon_id" must be ip or global or session, not "Ip"`},
		{"hold_seconds=-1", `option "hold_seconds" must not be negative, not "-1"`},
		{"hold_seconds=ten", `option "hold_seconds" must be a number of seconds, not "ten"`},
		{"host_address=", `option "host_address" must not be empty`},
		{"uncharged=rest,mail", `option "uncharged" must be none or a list of ` + strings.Join(Vias(), ", ") + `, not "mail"`},
		{"speed=1", `unknown option "speed"`},
		{"nak_clear=lt", `option "nak_clear" concerns sites of several instances, which are not available yet`},
	}
	for _, tt := range tests {
		p, _ := NamedPolicy("")
		name, value, _ := strings.Cut(tt.setting, "=")
		err := p.Set(name, value)
		if err == nil || err.Error() != tt.want {
			t.Errorf("Set(%s): %v, want %s", tt.setting, err, tt.want)
		}
		if diff := cmp.Diff(defaults, p); diff != "" {
			t.Errorf("Set(%s) changed the policy:\n%s", tt.setting, diff)
		}
	}
}

func TestChangedListsWhatSetHasChanged(t *testing.T) {
	p := with(t, "anon_id=ip", "max_connections=12", "uncharged=soap, rest", "max_connections=13")
	former := p
	if err := p.Set("max_connections", "25"); err != nil {
		t.Fatal(err)
	}
	want := []Setting{{"max_connections", "13"}, {"uncharged", "rest,soap"}}
	if diff := cmp.Diff(want, former.Changed); diff != "" {
		t.Errorf("Changed (-want +got):\n%s", diff)
	}
}

func TestOptionsReadWhatTheyWrite(t *testing.T) {
	for _, name := range PolicyNames() {
		p, ok := NamedPolicy(name)
		if !ok || p.Name != name || p.Base != name || PolicyHelp(name) == "" {
			t.Errorf("NamedPolicy(%q) = %q of %q, %v; help %q", name, p.Name, p.Base, ok, PolicyHelp(name))
		}
		again := p
		for _, o := range Options() {
			if err := again.Set(o.Name, o.Value(&p)); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		if diff := cmp.Diff(p, again); diff != "" {
			t.Errorf("%s, set to itself:\n%s", name, diff)
		}
	}
	if _, ok := NamedPolicy("iris"); ok {
		t.Error("NamedPolicy(iris) is known")
	}
}

func TestPoliciesDifferInUnitsAndPort(t *testing.T) {
	units := map[string]int{"community": 8, "health-connect-hlu": 25}
	ports := map[string]int{"cache": 4001}
	for _, name := range PolicyNames() {
		p, _ := NamedPolicy(name)
		port := 4002
		if ports[name] != 0 {
			port = ports[name]
		}
		if p.DefaultUnits != units[name] || p.ServerPort != port {
			t.Errorf("%s: %d units, port %d; want %d, %d", name, p.DefaultUnits, p.ServerPort, units[name], port)
		}
	}
}

func TestParseSecondsRoundsHalvesUp(t *testing.T) {
	tests := []struct {
		text string
		want Time
	}{
		{"0", 0}, {"-0", 0}, {"-0.000", 0}, {"12", 12 * Second}, {"0.25", 250 * Millisecond}, {"1.5e1", 15 * Second},
		{"1e-3", Millisecond}, {"1E+2", 100 * Second}, {"25e-1", 2500 * Millisecond},
		{"0.0000004", 0}, {"0.0000005", 1}, {"0.00000049999999999999999", 0}, {"0.0000015", 2}, {"0.0000025", 3},
		{"1.0000004999999999999999", Second}, {"1.0000005", Second + 1}, {"0.1", 100 * Millisecond}, {"4.35", 4350 * Millisecond},
		{"9.9999999", 10 * Second}, {"1e-7", 0}, {"5e-7", 1}, {"1e-400", 0}, {"0e999999", 0}, {"0.00000000005e5", 5},
		{"9007199254.740991", MaxTime}, {"00012", 12 * Second}, {"5000000000.00000000000000000000", 5_000_000_000 * Second},
	}
	for _, tt := range tests {
		if got, err := ParseSeconds(tt.text); got != tt.want || err != nil {
			t.Errorf("ParseSeconds(%s) = %d, %v; want %d", tt.text, got, err, tt.want)
		}
	}
	errors := []struct {
		text string
		want error
	}{
		{"", errSyntax}, {"x", errSyntax}, {".5", errSyntax}, {"5.", errSyntax}, {"1e", errSyntax}, {"1_0", errSyntax}, {"0x1", errSyntax},
		{"+1", errSyntax}, {"--1", errSyntax}, {"1.2.3", errSyntax}, {"NaN", errSyntax}, {"Inf", errSyntax}, {" 1", errSyntax},
		{"-1", errNegative}, {"-0.0000001", errNegative},
		{"9007199254.7409915", errTooLate}, {"9007199255", errTooLate}, {"1e10", errTooLate}, {"1e400", errTooLate},
	}
	for _, tt := range errors {
		if got, err := ParseSeconds(tt.text); err != tt.want {
			t.Errorf("ParseSeconds(%q) = %d, %v; want %v", tt.text, got, err, tt.want)
		}
	}
}

func TestTimesAsJSONHaveAtMostSixDecimals(t *testing.T) {
	tests := []struct {
		at   Time
		want string
	}{
		{0, "0"}, {Second, "1"}, {1500 * Millisecond, "1.5"}, {1, "0.000001"}, {MaxTime, "9007199254.740991"},
		{-1500 * Millisecond, "-1.5"}, {100, "0.0001"}, {Day, "86400"},
	}
	for _, tt := range tests {
		got, err := json.Marshal(tt.at)
		if string(got) != tt.want || err != nil {
			t.Errorf("Marshal(%d) = %s, %v; want %s", tt.at, got, err, tt.want)
		}
		var back Time
		if err := json.Unmarshal(got, &back); tt.at >= 0 && (err != nil || back != tt.at) {
			t.Errorf("Unmarshal(%s) = %d, %v; want %d", got, back, err, tt.at)
		}
	}
}

func TestUnitTimeIsExact(t *testing.T) {
	tests := []struct {
		units, d uint64
		times    int
		want     string
	}{
		{0, 0, 1, "0"},
		{3, 1, 1, "0.000003"},
		{2, 1_250_000, 1, "2.5"},
		{1_000_000, uint64(MaxTime), 1, "9007199254740991"},
		{1_000_000, uint64(MaxTime), 3, "27021597764222973"},
		{math.MaxInt32, uint64(MaxTime), 2, "38685626209653730786.148354"}, // 2 * 2147483647 * 9007199254740991 / 1e6
	}
	for _, tt := range tests {
		var u UnitTime
		for range tt.times {
			u.add(tt.units, tt.d)
		}
		got, err := json.Marshal(u)
		if string(got) != tt.want || err != nil {
			t.Errorf("%d times %d units for %d: %s, %v; want %s", tt.times, tt.units, tt.d, got, err, tt.want)
		}
		var back UnitTime
		if err := json.Unmarshal(got, &back); err != nil || back != u {
			t.Errorf("Unmarshal(%s) = %v, %v; want %v", got, back, err, u)
		}
		if want := float64(tt.units) * float64(tt.d) * float64(tt.times) / 1e6; math.Abs(u.Seconds()-want) > want*1e-9 {
			t.Errorf("Seconds() = %v, want %v", u.Seconds(), want)
		}
	}
	for _, bad := range []string{"-1", "0.0000001", `"x"`, "true"} {
		if err := new(UnitTime).UnmarshalJSON([]byte(bad)); err == nil {
			t.Errorf("UnmarshalJSON(%s): no error", bad)
		}
	}
}

func TestNamesReadBack(t *testing.T) {
	for _, name := range Vias() {
		if v, ok := ParseVia(name); !ok || v.String() != name {
			t.Errorf("ParseVia(%q) = %v, %v", name, v, ok)
		}
	}
	for _, name := range Hows() {
		if h, ok := ParseHow(name); !ok || h.String() != name || Cause(h).String() != name {
			t.Errorf("ParseHow(%q) = %v, %v", name, h, ok)
		}
	}
	for _, name := range []string{"", "REST", "rest "} {
		if v, ok := ParseVia(name); ok {
			t.Errorf("ParseVia(%q) = %v", name, v)
		}
		if h, ok := ParseHow(name); ok {
			t.Errorf("ParseHow(%q) = %v", name, h)
		}
	}
}

// A caller's bug is told at once.
func TestMisuseOfATablePanics(t *testing.T) {
	open := func(tb *Table) ConnID {
		id, _ := tb.Connect(5, Request{User: tb.AddUser(1), Via: CSP})
		return id
	}
	tests := []struct {
		name string
		want string
		call func(*Table)
	}{
		{"nothing is open", "engine: disconnect of connection 7, which is not open", func(tb *Table) { tb.Disconnect(0, 7, 0) }},
		{"no connection", "engine: page of connection 0, which is not open", func(tb *Table) { tb.Page(0, 0) }},
		{"a negative one", "engine: login of connection -1, which is not open", func(tb *Table) { tb.Login(0, -1, 0, 0) }},
		{"closed", "engine: disconnect of connection 1, which is not open", func(tb *Table) { id := open(tb); tb.Disconnect(5, id, 0); tb.Disconnect(5, id, 0) }},
		{"timed out", "engine: disconnect of connection 1, which has timed out", func(tb *Table) { id := open(tb); tb.Disconnect(5, id, Timeout); tb.Disconnect(5, id, 0) }},
		{"time goes backwards", "engine: time goes backwards", func(tb *Table) { open(tb); tb.Advance(4) }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			defer func() {
				if got := fmt.Sprint(recover()); got != tt.want {
					t.Errorf("panic %q, want %q", got, tt.want)
				}
			}()
			tt.call(NewTable(with(t, "timeout_lag=1"), 0, nil))
		})
	}
}
