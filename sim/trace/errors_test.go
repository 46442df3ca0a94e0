package trace

import (
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"
)

// Valid lines that the tests put around others.
const (
	head  = `{"trace":1}`
	open5 = `{"op":"connect","at":5,"conn":"a","via":"terminal","addr":"10.0.0.1"}`
	done9 = `{"op":"disconnect","at":9,"conn":"a"}`
)

var invalid = []struct {
	name string
	line string // the second line of a trace, after head and before open5 and done9
	want string
}{
	{"not JSON", `hello`, "not a JSON object"},
	{"half a line", `{"op":"key","at":1`, "not a JSON object"},
	{"two objects", `{"op":"key","at":1,"units":1}{}`, "not a JSON object"},
	{"a list", `[1]`, "not a JSON object"},
	{"a number", `1`, "not a JSON object"},
	{"null", `null`, "not a JSON object"},
	{"a comma too many", `{"op":"key","at":1,"units":1,}`, "not a JSON object"},
	{"a leading zero", `{"op":"key","at":01,"units":1}`, "not a JSON object"},
	{"a plus", `{"op":"key","at":+1,"units":1}`, "not a JSON object"},
	{"a number that is none", `{"op":"key","at":NaN,"units":1}`, "not a JSON object"},
	{"a tab in a string", "{\"op\":\"login\",\"at\":1,\"conn\":\"a\tb\",\"id\":\"x\"}", "not a JSON object"},
	{"not UTF-8", "{\"op\":\"login\",\"at\":1,\"conn\":\"\xff\",\"id\":\"x\"}", "not UTF-8"},
	{"a byte order mark", "\xef\xbb\xbf" + `{"op":"key","at":1,"units":1}`, "not a JSON object"},
	{"a second header", `{"trace":1}`, "only the first line may lack op"},
	{"no op", `{"at":1}`, "only the first line may lack op"},
	{"op null", `{"op":null,"at":1}`, "only the first line may lack op"},
	{"an unknown op", `{"op":"conect","at":1}`, `unknown op "conect"`},
	{"an op in capitals", `{"op":"KEY","at":1,"units":1}`, `unknown op "KEY"`},
	{"an empty op", `{"op":"","at":1}`, `unknown op ""`},
	{"an unknown field", `{"op":"key","at":1,"units":1,"colour":"red"}`, `unknown field "colour"`},
	{"keys are case-sensitive", `{"op":"key","At":1,"units":1}`, `unknown field "At"`},
	{"a key given twice", `{"op":"key","at":1,"units":1,"at":2}`, `field "at" is given twice`},
	{"a key given twice, once escaped", `{"op":"key","at":1,"units":1,"\u0061t":1}`, `field "at" is given twice`},
	{"a key given twice, once null", `{"op":"key","at":1,"units":1,"at":null}`, `field "at" is given twice`},
	{"an unknown key given twice", `{"op":"key","at":1,"units":1,"x":null,"x":null}`, `field "x" is given twice`},
	{"a field that key does not have", `{"op":"key","at":1,"units":1,"conn":"a"}`, `key has no field "conn"`},
	{"a field that page does not have", `{"op":"page","at":1,"conn":"a","how":"exit"}`, `page has no field "how"`},
	{"a field that login does not have", `{"op":"login","at":1,"conn":"a","id":"b","user":"c"}`, `login has no field "user"`},
	{"a field that disconnect does not have", `{"op":"disconnect","at":1,"conn":"a","for":2}`, `disconnect has no field "for"`},
	{"a field that connect does not have", `{"op":"connect","at":1,"conn":"b","via":"csp","for":2}`, `connect has no field "for"`},
	{"a field that request does not have", `{"op":"request","at":1,"for":2,"via":"csp","id":"x"}`, `request has no field "id"`},
	{"a field of the header", `{"op":"key","at":1,"units":1,"policy":"core"}`, `key has no field "policy"`},
	{"at is missing", `{"op":"key","units":1}`, `key needs field "at"`},
	{"at is null", `{"op":"key","at":null,"units":1}`, `key needs field "at"`},
	{"conn is missing", `{"op":"connect","at":1,"via":"csp"}`, `connect needs field "conn"`},
	{"conn of a page is missing", `{"op":"page","at":1}`, `page needs field "conn"`},
	{"conn of a disconnect is missing", `{"op":"disconnect","at":1}`, `disconnect needs field "conn"`},
	{"via is missing", `{"op":"connect","at":1,"conn":"b"}`, `connect needs field "via"`},
	{"via of a request is missing", `{"op":"request","at":1,"for":2}`, `request needs field "via"`},
	{"for is missing", `{"op":"request","at":1,"via":"rest"}`, `request needs field "for"`},
	{"id is missing", `{"op":"login","at":1,"conn":"a"}`, `login needs field "id"`},
	{"units is missing", `{"op":"key","at":1}`, `key needs field "units"`},
	{"name is missing", `{"op":"server","at":1,"up":true}`, `server needs field "name"`},
	{"up is missing", `{"op":"instance","at":1,"name":"A"}`, `instance needs field "up"`},
	{"at is a boolean", `{"op":"key","at":true,"units":1}`, "at must be a number, not true or false"},
	{"at is no time", `{"op":"key","at":"1","units":1}`, `at must be seconds or an RFC 3339 time, not "1"`},
	{"at is a local time", `{"op":"key","at":"2026-11-22T08:00:00","units":1}`, `at must be seconds or an RFC 3339 time, not "2026-11-22T08:00:00"`},
	{"at is no day", `{"op":"key","at":"2026-02-30T08:00:00Z","units":1}`, `at must be seconds or an RFC 3339 time, not "2026-02-30T08:00:00Z"`},
	{"at is negative", `{"op":"key","at":-1,"units":1}`, "at must not be negative, not -1"},
	{"at is slightly negative", `{"op":"key","at":-1e-9,"units":1}`, "at must not be negative, not -1e-9"},
	{"at is too late", `{"op":"key","at":1e10,"units":1}`, "at must be less than 285 years, not 1e10"},
	{"for is negative", `{"op":"request","at":1,"for":-0.5,"via":"rest"}`, "for must not be negative, not -0.5"},
	{"for is a string", `{"op":"request","at":1,"for":"2","via":"rest"}`, "for must be a number, not a string"},
	{"conn is a number", `{"op":"page","at":1,"conn":7}`, "conn must be a string, not a number"},
	{"user is a list", `{"op":"connect","at":1,"conn":"b","via":"csp","user":["x"]}`, "user must be a string, not a list"},
	{"addr is an object", `{"op":"connect","at":1,"conn":"b","via":"csp","addr":{}}`, "addr must be a string, not an object"},
	{"sessionful is a number", `{"op":"connect","at":1,"conn":"b","via":"rest","sessionful":1}`, "sessionful must be true or false, not a number"},
	{"up is a string", `{"op":"server","at":1,"name":"L","up":"true"}`, "up must be true or false, not a string"},
	{"units are negative", `{"op":"key","at":1,"units":-1}`, "units must be a whole number >= 0, not -1"},
	{"units are not whole", `{"op":"key","at":1,"units":2.5}`, "units must be a whole number >= 0, not 2.5"},
	{"units are too many", `{"op":"key","at":1,"units":99999999999}`, "units must be a whole number >= 0, not 99999999999"},
	{"an unknown via", `{"op":"connect","at":1,"conn":"b","via":"mail"}`, "via must be terminal, telnet, xdbc, csp, rest, soap, job, task, startup, batch, system, diagnostic, not \"mail\""},
	{"an unknown how", `{"op":"disconnect","at":1,"conn":"a","how":"crash"}`, `how must be exit, logout, timeout, end_session, kill, not "crash"`},
	{"nothing is open", `{"op":"page","at":1,"conn":"a"}`, `connection "a" is not open`},
	{"nothing to log in", `{"op":"login","at":1,"conn":"a","id":"x"}`, `connection "a" is not open`},
	{"nothing to end", `{"op":"disconnect","at":1,"conn":""}`, `connection "" is not open`},
	{"a line that is not a request's", `{"op":"page","at":1,"conn":"#1"}`, `connection "#1" is not open`},
}

// Every error names the file and the line. Leniently, the line is skipped
// without any other effect.
func TestErrors(t *testing.T) {
	for _, tt := range invalid {
		t.Run(tt.name, func(t *testing.T) {
			_, err := replay("t.jsonl", lines(head, tt.line, open5, done9), false)
			if want := "t.jsonl:2: " + tt.want; err == nil || err.Error() != want {
				t.Errorf("error %v\nwant  %s", err, want)
			}
			res, err := replay("t.jsonl", lines(head, tt.line, open5, done9), true)
			if err != nil || *res.Skipped != 1 || res.Events != 2 || res.Admitted != 1 || res.End != 9e6 || res.UnitSeconds.Seconds() != 4 {
				t.Errorf("leniently: %+v, %v; want 1 line skipped, 2 events from 5 to 9", res, err)
			}
		})
	}
}

// These depend on what came before.
func TestErrorsOfOrder(t *testing.T) {
	at := func(s string) string { return `{"op":"key","at":` + s + `,"units":7}` }
	tests := []struct {
		name  string
		lines []string
		want  string
	}{
		{"a connection is open", []string{open5, open5}, `t.jsonl:2: connection "a" is open`},
		{"a request's name is open", []string{open5, `{"op":"request","at":6,"for":1,"conn":"a","via":"rest"}`}, `t.jsonl:2: connection "a" is open`},
		{"a running request's name", []string{`{"op":"request","at":4,"for":1.000001,"conn":"a","via":"rest"}`, open5}, `t.jsonl:2: connection "a" is open`},
		{"a line's name is open", []string{`{"op":"request","at":4,"for":2,"via":"rest"}`, `{"op":"connect","at":5,"conn":"#1","via":"rest"}`}, `t.jsonl:2: connection "#1" is open`},
		{"a line has the name of another", []string{`{"op":"connect","at":5,"conn":"#2","via":"rest"}`, `{"op":"request","at":5,"for":2,"via":"rest"}`}, `t.jsonl:2: connection "#2" is open`},
		{"it was closed", []string{open5, done9, done9}, `t.jsonl:3: connection "a" is not open`},
		{"a request has ended", []string{`{"op":"request","at":4,"for":1,"conn":"a","via":"rest"}`, `{"op":"page","at":5,"conn":"a"}`}, `t.jsonl:2: connection "a" is not open`},
		{"a request of no time has ended", []string{`{"op":"request","at":4,"for":0,"via":"rest"}`, `{"op":"page","at":4,"conn":"#1"}`}, `t.jsonl:2: connection "#1" is not open`},
		{"time goes backwards", []string{open5, at("4.999999")}, "t.jsonl:2: time goes backwards, from 5 to 4.999999"},
		{"a clock goes backwards", []string{at(`"2026-11-22T08:00:00Z"`), at(`"2026-11-22T08:59:59+01:00"`)}, "t.jsonl:2: time is before the epoch"},
		{"before the epoch", []string{`{"trace":1,"epoch":"2026-11-22T08:00:00Z"}`, at(`"2026-11-22T07:59:59.999999999Z"`)}, "t.jsonl:2: time is before the epoch"},
		{"long before the epoch", []string{`{"trace":1,"epoch":"2261-11-22T08:00:00Z"}`, at(`"1678-11-22T08:00:00Z"`)}, "t.jsonl:2: time is before the epoch"},
		{"long after the epoch", []string{`{"trace":1,"epoch":"1678-11-22T08:00:00Z"}`, at(`"2261-11-22T08:00:00Z"`)}, "t.jsonl:2: at and for must be less than 285 years"},
		{"for is too long", []string{`{"op":"request","at":9000000000,"for":9000000000,"via":"rest"}`}, "t.jsonl:1: at and for must be less than 285 years"},
		{"after blank lines", []string{"", " \t", head, "", "x"}, "t.jsonl:5: not a JSON object"},
		{"a header after an event", []string{open5, head}, "t.jsonl:2: only the first line may lack op"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := replay("t.jsonl", lines(tt.lines...), false)
			if err == nil || err.Error() != tt.want {
				t.Errorf("error %v\nwant  %s", err, tt.want)
			}
			if res, err := replay("t.jsonl", lines(tt.lines...), true); err != nil || *res.Skipped != 1 {
				t.Errorf("leniently: %+v, %v; want 1 line skipped", res, err)
			}
		})
	}
}

func TestErrorsOfHeaders(t *testing.T) {
	tests := []struct{ line, want string }{
		{`{"trace":2}`, "trace must be 1, not 2"},
		{`{"trace":"1"}`, "trace must be a number, not a string"},
		{`{"end":5}`, `a line without op needs field "trace"`},
		{`{"trace":1,"at":5}`, `a line without op has no field "at"`},
		{`{"trace":1,"comment":"x"}`, `unknown field "comment"`},
		{`{"trace":1,"trace":1}`, `field "trace" is given twice`},
		{`{"trace":1,"epoch":"today"}`, `epoch must be an RFC 3339 time, not "today"`},
		{`{"trace":1,"epoch":0}`, "epoch must be a string, not a number"},
		{`{"trace":1,"end":-1}`, "end must not be negative, not -1"},
		{`{"trace":1,"end":9999999999}`, "end must be less than 285 years, not 9999999999"},
		{`{"trace":1,"units":-1}`, "units must be a whole number >= 0, not -1"},
		{`{"trace":1,"policy":"iris"}`, `policy must be iris-2022.3, iris-pre-2022.3, ensemble, cache, health-connect-hlu, community, core, contract, not "iris"`},
		{`{"trace":1,"schedule":7}`, "schedule must be a string, not a number"},
		{`{"trace":1,"schedule":""}`, `schedule must be a SHA-256 in hex, not ""`},
		{`{"trace":1,"schedule":"` + schedule[2:] + `"}`, `schedule must be a SHA-256 in hex, not "` + schedule[2:] + `"`},
		{`{"trace":1,"schedule":"` + schedule[1:] + `g"}`, `schedule must be a SHA-256 in hex, not "` + schedule[1:] + `g"`},
		{`{"trace":1,"options":[]}`, "options must be an object, not a list"},
		{`{"trace":1,"options":{"speed":1}}`, `unknown option "speed"`},
		{`{"trace":1,"options":{"enforce":1}}`, `option "enforce" must be true or false, not "1"`},
		{`{"trace":1,"options":{"enforce":true,"enforce":true}}`, `option "enforce" is given twice`},
		{`{"trace":1,"options":{"uncharged":["rest",1]}}`, `option "uncharged" must be a list of strings`},
		{`{"trace":1,"options":{"uncharged":{}}}`, `option "uncharged" must not be an object`},
		{`{"trace":1,"options":{"nak_clear":"lt"}}`, `option "nak_clear" concerns sites of several instances, which are not available yet`},
	}
	for _, tt := range tests {
		_, err := NewJSONReader("t.jsonl", lines(tt.line, open5)).Next()
		if want := "t.jsonl:1: " + tt.want; err == nil || err.Error() != want {
			t.Errorf("%s: error %v\nwant %s", tt.line, err, want)
		}
	}
}

// A trace that is cut off, or no trace at all.
func TestBrokenFiles(t *testing.T) {
	random := make([]byte, 200_000)
	source := rand.NewChaCha8([32]byte{7})
	_, _ = source.Read(random)
	tests := []struct{ name, text, want string }{
		{"cut off", head + "\n" + open5 + "\n" + done9[:20], "t.jsonl:3: not a JSON object"},
		{"random bytes", string(random), "t.jsonl:1: not a JSON object"},
		{"zeros", strings.Repeat("\x00", 3<<20), "t.jsonl:1: line is longer than 1048576 bytes"},
		{"an image", "\x89PNG\r\n\x1a\n", "t.jsonl:1: not a JSON object"},
		{"compressed", "\x1f\x8b\x08\x00", "t.jsonl:1: not a JSON object"},
		{"UTF-16", "\xff\xfe{\x00\"\x00o\x00p\x00", "t.jsonl:1: not a JSON object"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := replay("t.jsonl", strings.NewReader(tt.text), false); err == nil || err.Error() != tt.want {
				t.Errorf("error %v\nwant  %s", err, tt.want)
			}
		})
	}
}

// What the reader below says is not the trace's fault, and not skipped.
func TestAnErrorOfReadingIsNoLineError(t *testing.T) {
	broken := errors.New("disk on fire")
	for _, lenient := range []bool{false, true} {
		r := io.MultiReader(lines(head, open5), strings.NewReader(done9), iotest.ErrReader(broken))
		_, err := replay("t.jsonl", r, lenient)
		var line *LineError
		if !errors.Is(err, broken) || errors.As(err, &line) {
			t.Errorf("lenient %v: error %v, want one of reading", lenient, err)
		}
	}
}

func TestNothingIsATrace(t *testing.T) {
	for _, text := range []string{"", "\n", " \r\n\t\n", "\xef\xbb\xbf", head, head + "\n\n"} {
		if res, err := replay("t.jsonl", strings.NewReader(text), false); err != nil || res.Events != 0 || res.Peak.Units != 0 || res.Skipped != nil {
			t.Errorf("%q: %+v, %v; want a result without events", text, res, err)
		}
	}
}
