package trace

import (
	"bytes"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"highwater/engine"
)

// A repeated reader makes a long file of which nothing is stored.
type repeated struct {
	line func(i int) string
	n, i int
	rest string
}

func (r *repeated) Read(b []byte) (int, error) {
	if r.rest == "" {
		if r.i == r.n {
			return 0, io.EOF
		}
		r.rest = r.line(r.i)
		r.i++
	}
	n := copy(b, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

// live is the memory in use, in bytes.
func live() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// most checks that the heap takes no more memory from the system while
// something runs, in bytes.
func most(t *testing.T, limit int64, run func()) {
	t.Helper()
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	run()
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapSys - before.HeapSys); grown > limit {
		t.Errorf("the heap grew by %d bytes, want at most %d", grown, limit)
	}
}

func TestALineOf100MBIsAnErrorThatTakesNoMemory(t *testing.T) {
	block := strings.Repeat("x", 1<<16)
	r := &repeated{n: 1600, line: func(i int) string {
		switch i {
		case 0:
			return open5 + "\n{\"op\":\""
		case 1599:
			return "\n" + done9
		}
		return block
	}}
	most(t, 32<<20, func() {
		res, err := replay("t.jsonl", r, true)
		if err != nil || res.Events != 2 || *res.Skipped != 1 {
			t.Errorf("%+v, %v; want 2 events, 1 skipped", res, err)
		}
	})
}

// How long a line may be does not depend on how it arrives.
func TestTheLongestLine(t *testing.T) {
	padded := func(length int) string {
		return open5 + strings.Repeat(" ", length-len(open5))
	}
	arrivals := map[string]func(io.Reader) io.Reader{
		"at once":   func(r io.Reader) io.Reader { return r },
		"in halves": iotest.HalfReader,
		"with EOF":  iotest.DataErrReader,
		"after 999": func(r io.Reader) io.Reader { return io.MultiReader(io.LimitReader(r, 999), r) },
	}
	for name, arrive := range arrivals {
		if _, err := replay("t.jsonl", arrive(lines(head, padded(maxLine))), false); err != nil {
			t.Errorf("%s: %d bytes: %v", name, maxLine, err)
		}
		want := fmt.Sprintf("t.jsonl:2: line is longer than %d bytes", maxLine)
		if _, err := replay("t.jsonl", arrive(lines(head, padded(maxLine+1))), false); err == nil || err.Error() != want {
			t.Errorf("%s: %d bytes: %v, want %s", name, maxLine+1, err, want)
		}
	}
}

// Memory grows with what is open, not with the length of the trace: a name
// that is kept must not keep the text around it.
func TestMemoryGrowsWithWhatIsOpen(t *testing.T) {
	pad := strings.Repeat(" ", 30_000)
	before := live()
	r := &repeated{n: 2000, line: func(i int) string {
		return fmt.Sprintf(`{"op":"connect","at":%d,"conn":"c%d","via":"csp","addr":"10.0.%d.%d","user":"u%d","session":"s","cohort":"x"}%s`+"\n", i, i, i>>8, i&255, i, pad)
	}}
	j := NewJSONReader("t.jsonl", r)
	p := NewReplay(Options{Policy: policy(t), Units: 1000}) // so that half of them are refused
	for {
		ev, err := j.Next()
		if err == io.EOF {
			break
		}
		if err == nil {
			err = p.Apply(ev)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if grown := live() - before; grown > 4<<20 {
		t.Errorf("2,000 names of a trace of 60 MB keep %d bytes", grown)
	}
	runtime.KeepAlive(j)
	if res := p.Finish(); res.Refused != 1000 {
		t.Errorf("%d refused, want 1000", res.Refused)
	}
}

// policy is the default one.
func policy(t testing.TB) engine.Policy {
	p, ok := engine.NamedPolicy("")
	if !ok {
		t.Fatal("no default policy")
	}
	return p
}

func TestTimesAreRoundedHalvesUp(t *testing.T) {
	tests := []struct {
		at, length string
		want       engine.Time // of at and for together
	}{
		{"0", "0", 0}, {"1.5", "0.25", 1_750_000}, {"1e-3", "2E2", 200_001_000}, {"-0", "-0.0", 0},
		{"0.0000005", "0.0000005", 2}, // each on its own
		{"0.0000004", "0.0000004", 0}, {"0.00000049999999999999", "0", 0}, {"2.0000015", "0", 2_000_002},
		{"0.1234565", "0", 123_457}, {"123456789.123456", "0", 123_456_789_123_456}, {"1.0000000000000000", "0", 1_000_000},
		{"9007199254.740991", "0", 9_007_199_254_740_991},
		{`"2026-11-22T08:00:01Z"`, "0", 1_000_000}, {`"2026-11-22T09:00:01+01:00"`, "1", 2_000_000},
		{`"2026-11-22T08:00:00.0000004Z"`, "0", 0}, {`"2026-11-22T08:00:00.0000005Z"`, "0", 1}, {`"2026-11-22T08:00:00.000001499Z"`, "0", 1},
		{`"2026-11-23T08:00:00Z"`, "0", engine.Day},
	}
	for _, tt := range tests {
		res, err := replay("t.jsonl", lines(`{"trace":1,"epoch":"2026-11-22T08:00:00Z"}`,
			`{"op":"request","at":`+tt.at+`,"for":`+tt.length+`,"via":"rest"}`), false)
		if err != nil || res.End != tt.want {
			t.Errorf("at %s for %s: ends at %d, %v; want %d", tt.at, tt.length, res.End, err, tt.want)
		}
	}
}

// The short way and the long way read the same.
func TestSecondsReadsAsTheEngineDoes(t *testing.T) {
	digits := rapid.StringMatching(`(0|[1-9][0-9]{0,12})(\.[0-9]{1,9})?(e-?[0-9])?`)
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(digits, rapid.SampledFrom([]string{"9007199254", "9007199255", "9999999999", "9007199254.740992", "0000000001"})).Draw(t, "number")
		got, err := seconds(text)
		want, wantErr := engine.ParseSeconds(text)
		if got != want || err != wantErr {
			t.Errorf("seconds(%s) = %d, %v; want %d, %v", text, got, err, want, wantErr)
		}
	})
}

// Without an epoch, clock times count from the first of them.
func TestTheFirstClockTimeIsTheEpoch(t *testing.T) {
	tests := []struct {
		name  string
		lines []string
		want  engine.Time
	}{
		{"the first event", []string{`{"op":"key","at":"2026-11-22T08:00:00Z","units":1}`, `{"op":"key","at":"2026-11-22T08:00:07Z","units":1}`}, 7 * engine.Second},
		{"mixed with seconds", []string{`{"op":"key","at":0,"units":1}`, `{"op":"key","at":"2026-11-22T08:00:00Z","units":1}`, `{"op":"key","at":7,"units":1}`}, 7 * engine.Second},
		{"one that is not valid does not count", []string{`{"op":"page","at":"2026-11-22T07:00:00Z","conn":"x"}`, `{"op":"key","at":"2026-11-22T08:00:00Z","units":1}`, `{"op":"key","at":"2026-11-22T08:00:07Z","units":1}`}, 7 * engine.Second},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if res, err := replay("t.jsonl", lines(tt.lines...), true); err != nil || res.End != tt.want {
				t.Errorf("%+v, %v; want the end at %d", res, err, tt.want)
			}
		})
	}
}

// schedule is a SHA-256 in hex.
const schedule = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

func TestHeader(t *testing.T) {
	j := NewJSONReader("t.jsonl", lines("", `{"trace":1,"epoch":"2026-11-22T08:00:00.5+01:00","end":28800.25,"units":0,"policy":"community",`+
		`"options":{"anon_id":"session","uncharged":["rest","soap"],"hold_seconds":5,"csp_refusal":503,"enforce":false,"grace_on":null},"schedule":"`+schedule+`"}`, open5))
	want := Header{
		Epoch: time.Date(2026, 11, 22, 7, 0, 0, 5e8, time.UTC), End: 28_800_250 * engine.Millisecond, HasUnits: true, Policy: "community",
		Options:  []engine.Setting{{Name: "anon_id", Value: "session"}, {Name: "uncharged", Value: "rest,soap"}, {Name: "hold_seconds", Value: "5"}, {Name: "csp_refusal", Value: "503"}, {Name: "enforce", Value: "false"}},
		Schedule: schedule,
	}
	if diff := cmp.Diff(want, j.Header()); diff != "" {
		t.Errorf("Header() (-want +got):\n%s", diff)
	}
	if ev, err := j.Next(); err != nil || ev.Line != 3 || ev.Conn != "a" || j.Name() != "t.jsonl" {
		t.Errorf("Next() = %+v, %v", ev, err)
	}
	if _, err := j.Next(); err != io.EOF {
		t.Errorf("Next() at the end: %v", err)
	}
	if _, err := j.Next(); err != io.EOF {
		t.Errorf("Next() after the end: %v", err)
	}
	if h := NewJSONReader("t.jsonl", lines(open5)).Header(); !cmp.Equal(h, Header{}) {
		t.Errorf("without a header: %+v", h)
	}
}

func TestLinesMayEndLikeOnAnySystem(t *testing.T) {
	for _, text := range []string{
		"\ufeff" + head + "\r\n" + open5 + "\r\n\r\n" + done9 + "\r\n", head + "\n" + open5 + "\n" + done9, "\n\n" + head + "\n" + open5 + "\n \t\n" + done9 + "\n\n",
	} {
		for name, arrive := range map[string]func(io.Reader) io.Reader{"bytes": iotest.OneByteReader, "halves": iotest.HalfReader, "all": iotest.DataErrReader} {
			if res, err := replay("t.jsonl", arrive(strings.NewReader(text)), false); err != nil || res.Events != 2 || res.UnitsAtEnd != 0 {
				t.Errorf("%s of %q: %+v, %v", name, text, res, err)
			}
		}
	}
}

func TestTextsAreDecoded(t *testing.T) {
	j := NewJSONReader("t.jsonl", lines(`{ "op" :"connect", "\u0061t":1,"conn":"a\"\\\/\b\f\n\r\t","via":"csp","user":"\u00e9\ud83d\ude00é","addr":"\ud800","session":"\ud800\u0041","person":null}`))
	ev, err := j.Next()
	if err != nil {
		t.Fatal(err)
	}
	want := Event{Op: Connect, Line: 1, At: engine.Second, HasConn: true, Conn: "a\"\\/\b\f\n\r\t", Via: engine.CSP, User: "é😀é", Addr: "\ufffd", Session: "\ufffdA"}
	if diff := cmp.Diff(want, *ev); diff != "" {
		t.Errorf("event (-want +got):\n%s", diff)
	}
}

// What a Writer writes, a reader reads.
func TestAWrittenTraceReadsBack(t *testing.T) {
	texts := rapid.SampledFrom([]string{"", "a", "#7", "10.0.0.1", "é \"\\\n\x7f\u2028<&>", "\x00", "😀"})
	rapid.Check(t, func(t *rapid.T) {
		h := Header{HasUnits: true, Units: rapid.IntRange(0, 9).Draw(t, "units"), Policy: "core", End: engine.Time(rapid.Int64Range(0, 1<<40).Draw(t, "end"))}
		if rapid.Bool().Draw(t, "options") {
			h.Options = []engine.Setting{{Name: "max_connections", Value: "3"}, {Name: "uncharged", Value: "rest,soap"}}
			h.Epoch = time.Date(2026, 11, 22, 8, 0, 0, 123456789, time.UTC)
			h.Schedule = schedule
		}
		var want []Event
		var b bytes.Buffer
		w := NewWriter(&b, &h)
		for i := range rapid.IntRange(0, 10).Draw(t, "events") {
			ev := anyEvent(t, texts)
			ev.Line = int64(i + 2)
			want = append(want, ev)
			w.Write(&ev)
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		j := NewJSONReader("t.jsonl", &b)
		var got []Event
		for {
			ev, err := j.Next()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, *ev)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(h, j.Header()); diff != "" {
			t.Errorf("header (-want +got):\n%s", diff)
		}
	})
}

// anyEvent draws an event with the fields of its op.
func anyEvent(t *rapid.T, texts *rapid.Generator[string]) Event {
	text := func(what string) string { return texts.Draw(t, what) }
	ev := Event{Op: Op(rapid.IntRange(1, numOps-1).Draw(t, "op")), At: engine.Time(rapid.Int64Range(0, int64(engine.MaxTime)).Draw(t, "at"))}
	switch ev.Op {
	case Connect, Request:
		ev.Via = engine.Via(rapid.IntRange(1, len(engine.Vias())).Draw(t, "via"))
		ev.Addr, ev.User, ev.Session, ev.Parent, ev.Instance = text("addr"), text("user"), text("session"), text("parent"), text("instance")
		ev.Person, ev.Device, ev.Cohort, ev.Forwarded = text("person"), text("device"), text("cohort"), text("forwarded")
		ev.Sessionful = rapid.Bool().Draw(t, "sessionful")
		ev.Conn, ev.HasConn = text("conn"), true
		if ev.Op == Request {
			ev.For = engine.Time(rapid.Int64Range(0, 1<<40).Draw(t, "for"))
			return ev
		}
	case Login:
		ev.ID = text("id")
	case Disconnect:
		ev.How = engine.How(rapid.IntRange(0, len(engine.Hows())).Draw(t, "how"))
	case Key:
		ev.Units = rapid.IntRange(0, 1<<31-1).Draw(t, "units")
	case Server, Instance:
		ev.Name, ev.Up = "n"+text("name"), rapid.Bool().Draw(t, "up")
	}
	if ev.Op < Key {
		ev.Conn, ev.HasConn = text("conn"), true
	}
	return ev
}
