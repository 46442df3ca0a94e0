package record

import (
	"bytes"
	"errors"
	"io"
	"math"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"highwater/engine"
	"highwater/scenario"
	"highwater/sim"

	"github.com/google/go-cmp/cmp"
	vegeta "github.com/tsenart/vegeta/v12/lib"
	"github.com/tsenart/vegeta/v12/lib/plot"
	"pgregory.net/rapid"
)

var header = Header{
	Version: "0.1.0", Scenario: "ward", Schedule: strings.Repeat("ab", 32), Seed: 7, Replication: 1, Scale: 1, Clock: 60, To: 3 * engine.Hour,
	Target: "http://127.0.0.1:1", Start: time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC), Requests: 3,
	Cohorts: []Cohort{{Name: "pollers", Via: "rest", Path: "/rest/pollers"}, {Name: "lab", Via: "soap", Path: "/soap/lab.cls", User: "own"}},
}

var addresses = cmp.Comparer(func(a, b netip.Addr) bool { return a == b })

// drawEntry draws an entry with anything in its fields.
func drawEntry(t *rapid.T) Entry {
	number := rapid.Uint32()
	at := rapid.Int64Range(-1<<40, 1<<55)
	e := Entry{
		Request: number.Draw(t, "request"), Attempt: number.Draw(t, "attempt"), Visit: number.Draw(t, "visit"), Cohort: number.Draw(t, "cohort"),
		Member: rapid.Uint64().Draw(t, "member"), Kind: sim.RequestKind(rapid.IntRange(1, 4).Draw(t, "kind")),
		Planned: time.Duration(at.Draw(t, "planned")), Ready: time.Duration(at.Draw(t, "ready")), Sent: time.Duration(at.Draw(t, "sent")),
		Done: time.Duration(at.Draw(t, "done")), Outcome: Outcome(rapid.IntRange(0, len(Outcomes)-1).Draw(t, "outcome")),
		Cause: Cause(rapid.IntRange(0, int(numCauses)-1).Draw(t, "cause")), Status: rapid.IntRange(0, 999).Draw(t, "status"),
		Session: number.Draw(t, "session"), Dialed: rapid.Bool().Draw(t, "dialed"), GaveUp: rapid.Bool().Draw(t, "gave up"), Resent: rapid.Bool().Draw(t, "resent"),
		Redirects: number.Draw(t, "redirects"), In: rapid.Int64Range(0, 1<<60).Draw(t, "in"), Out: rapid.Int64Range(0, 1<<60).Draw(t, "out"),
	}
	if rapid.Bool().Draw(t, "has address") {
		e.Address = netip.AddrFrom4([4]byte{127, 1, 2, byte(number.Draw(t, "address"))})
		e.Forwarded = netip.MustParseAddr("2001:db8::1")
	}
	return e
}

// recorded is a record with these entries, in blocks of some.
func recorded(t rapid.TB, list []Entry, every int, end bool) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := NewWriter(&b, &header)
	if err != nil {
		t.Fatal(err)
	}
	for i := range list {
		w.Add(&list[i])
		if (i+1)%every == 0 {
			if err := w.Flush(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	if end {
		if err := w.End("interrupted", nil); err != nil {
			t.Fatal(err)
		}
	}
	return b.Bytes()
}

func readAll(data []byte) (list []Entry, r *Reader, err error) {
	if r, err = NewReader(bytes.NewReader(data)); err != nil {
		return nil, nil, err
	}
	for {
		var e Entry
		if err := r.Next(&e); err == io.EOF {
			return list, r, nil
		} else if err != nil {
			return list, r, err
		}
		list = append(list, e)
	}
}

func TestRecordIsReadAsWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list := rapid.SliceOfN(rapid.Custom(drawEntry), 0, 20).Draw(t, "entries")
		got, r, err := readAll(recorded(t, list, rapid.IntRange(1, 5).Draw(t, "block"), true))
		if err != nil {
			t.Fatal(err)
		}
		if len(list) > 0 || len(got) > 0 {
			if diff := cmp.Diff(list, got, addresses); diff != "" {
				t.Fatal(diff)
			}
		}
		if diff := cmp.Diff(&header, r.Header()); diff != "" {
			t.Fatal(diff)
		}
		if m := r.Missing(); m != "" || r.End() == nil || r.End().Reason != "interrupted" || r.End().Entries != int64(len(list)) {
			t.Fatalf("missing %q, end %+v", m, r.End())
		}
	})
}

var entries = []Entry{
	{Request: 0, Kind: sim.CallRequest, Planned: time.Second, Sent: time.Second, Done: 2 * time.Second, Status: 200, Out: 90, In: 12},
	{Request: 1, Kind: sim.CallRequest, Cohort: 1, Planned: time.Second, Sent: 3 * time.Second, Done: 4 * time.Second, Status: 500, Outcome: Refused, GaveUp: true},
	{Request: 2, Kind: sim.CallRequest, Cohort: 1, Planned: time.Second, Sent: 3 * time.Second, Done: 4 * time.Second, Outcome: Failed, Cause: Reset},
}

// However much of a record is there, what is read is the begin of it, in
// whole blocks, and what is missing is told.
func TestCutRecord(t *testing.T) {
	data := recorded(t, entries, 1, true)
	whole := -1
	for n := range len(data) {
		got, r, err := readAll(data[:n])
		if err != nil {
			if whole >= 0 {
				t.Fatalf("%d bytes: %v", n, err)
			}
			continue // not even the header
		}
		if len(got) < whole || len(got) > len(entries) {
			t.Fatalf("%d bytes have %d entries, fewer have %d", n, len(got), whole)
		}
		whole = len(got)
		if diff := cmp.Diff(entries[:whole], append([]Entry{}, got...), addresses); diff != "" {
			t.Fatalf("%d bytes: %s", n, diff)
		}
		if r.Missing() == "" || r.End() != nil {
			t.Fatalf("%d bytes: nothing is missing", n)
		}
	}
	if whole != len(entries) {
		t.Errorf("without its last byte the record has %d entries, want %d", whole, len(entries))
	}
}

// A byte that changed is found, and what comes before it is good.
func TestDamagedRecord(t *testing.T) {
	data := recorded(t, entries, 1, true)
	for i := range data {
		bad := bytes.Clone(data)
		bad[i] ^= 0x40
		got, r, err := readAll(bad)
		if err == nil && r.Missing() == "" {
			t.Fatalf("byte %d changed, and nobody noticed", i)
		}
		for j := range got {
			if diff := cmp.Diff(entries[j], got[j], addresses); diff != "" {
				t.Fatalf("byte %d changed entry %d: %s", i, j, diff)
			}
		}
	}
}

func TestNoRecord(t *testing.T) {
	for _, text := range []string{"", "name: ward\n", "highwater requests 2\n....", magic, magic + "\x00\x00\x00\x00\x00\x00\x00\x00"} {
		if _, _, err := readAll([]byte(text)); err == nil {
			t.Errorf("%q is read as a record", text)
		}
	}
	if _, _, err := readAll([]byte("name: ward\nduration: 1h\n")); !errors.Is(err, ErrFormat) {
		t.Errorf("a scenario gives %v, want ErrFormat", err)
	}
}

// full takes so many bytes and then no more.
type full struct{ left int }

func (f *full) Write(b []byte) (int, error) {
	n := min(len(b), f.left)
	f.left -= n
	if n < len(b) {
		return n, errors.New("no space left")
	}
	return n, nil
}

func TestFullDisk(t *testing.T) {
	w, err := NewWriter(&full{left: 2000}, &header)
	if err != nil {
		t.Fatal(err)
	}
	for range 1000 {
		w.Add(&entries[0])
	}
	if err := w.Flush(); err == nil || !strings.Contains(err.Error(), "no space") {
		t.Errorf("Flush gives %v, want no space", err)
	}
	if err := w.End("", nil); err == nil {
		t.Error("the end was written after a part that was not")
	}
}

// A record of before there were queue timeouts is read as it was: 42 attempts
// of 25 requests, of which 8 were served and 34 refused.
func TestOlderRecord(t *testing.T) {
	data, err := os.ReadFile("testdata/older.rec")
	if err != nil {
		t.Fatal(err)
	}
	list, r, err := readAll(data)
	if err != nil || r.Missing() != "" {
		t.Fatal(err, r.Missing())
	}
	var outcomes [len(Outcomes)]int
	for _, e := range list {
		outcomes[e.Outcome]++
	}
	if want := [...]int{Served: 8, Refused: 34, Failed: 0, Cut: 0, Impatient: 0}; outcomes != want || r.Header().Requests != 28 || len(r.Files()) != 1 || len(r.Samples()) == 0 {
		t.Errorf("outcomes %v of %d requests, want %v", outcomes, r.Header().Requests, want)
	}
}

// Who gave up at a proxy was never sent: vegeta hears nothing of it, and the
// lines of JSON have it.
func TestGiveUpsAreNoResults(t *testing.T) {
	at := 7 * time.Second
	list := append(slices.Clone(entries), Entry{Request: 3, Kind: sim.CallRequest, Cohort: 1, Planned: 2 * time.Second, Ready: at, Sent: at, Done: at, Outcome: Impatient, GaveUp: true})
	data := recorded(t, list, 2, true)
	again := func() (*Reader, error) { return NewReader(bytes.NewReader(data)) }
	for format, want := range map[string]int{"jsonl": 4, "vegeta-csv": 3, "vegeta-json": 3} {
		r, err := again()
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		if err := Convert(&b, r, format, again); err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(b.String(), "\n"); n != want {
			t.Errorf("%s has %d lines, want %d:\n%s", format, n, want, &b)
		}
		if format == "jsonl" && !strings.Contains(b.String(), `"planned":2,"ready":7,"sent":7,"done":7,"outcome":"queue timeout","status":0,"gave_up":true`) {
			t.Errorf("the lines have no queue timeout:\n%s", &b)
		}
	}
}

// What is written for vegeta, vegeta reads.
func TestVegetaReadsIt(t *testing.T) {
	for format, decode := range map[string]func(io.Reader) vegeta.Decoder{
		"vegeta-gob": vegeta.NewDecoder, "vegeta-json": vegeta.NewJSONDecoder, "vegeta-csv": vegeta.NewCSVDecoder,
	} {
		r, err := NewReader(bytes.NewReader(recorded(t, entries, 2, true)))
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		again := func() (*Reader, error) { return NewReader(bytes.NewReader(recorded(t, entries, 2, true))) }
		if err := Convert(&b, r, format, again); err != nil {
			t.Fatal(err)
		}
		d := decode(&b)
		for i, e := range entries {
			var x vegeta.Result
			if err := d(&x); err != nil {
				t.Fatalf("%s: result %d: %v", format, i, err)
			}
			if x.Seq != uint64(i) || int(x.Code) != e.Status || x.Latency != e.Service() || !x.Timestamp.Equal(header.Start.Add(e.Sent)) ||
				x.BytesOut != uint64(e.Out) || (x.Error == "") != (e.Outcome == Served) || x.Attack != "ward, schedule "+header.Schedule {
				t.Errorf("%s: result %d is %+v, want %+v", format, i, x, e)
			}
		}
		if err := d(new(vegeta.Result)); err == nil {
			t.Errorf("%s: there are more than %d results", format, len(entries))
		}
	}
}

// busy are some attempts a millisecond apart, in the order in which they were
// done: every seventh takes a while, one in the middle a second.
func busy(n int) []Entry {
	list := make([]Entry, n)
	for i := range list {
		at := time.Duration(i) * time.Millisecond
		took := time.Millisecond / 2
		switch {
		case i == n/2:
			took = time.Second
		case i%7 == 0:
			took = 40 * time.Millisecond
		}
		list[i] = Entry{Request: uint32(i), Kind: sim.CallRequest, Planned: at, Ready: at, Sent: at, Done: at + took, Status: 200}
		if i%5 == 0 {
			list[i].Status, list[i].Outcome = 503, Refused
		}
	}
	slices.SortStableFunc(list, func(a, b Entry) int { return int(a.Done - b.Done) })
	return list
}

// What was done out of order is plotted: vegeta plot wants timestamps that
// grow with the numbers of the results.
func TestVegetaPlotsIt(t *testing.T) {
	const n = 5*run + 100
	data := recorded(t, busy(n), 300, true)
	again := func() (*Reader, error) { return NewReader(bytes.NewReader(data)) }
	for format, decode := range map[string]func(io.Reader) vegeta.Decoder{
		"vegeta-gob": vegeta.NewDecoder, "vegeta-json": vegeta.NewJSONDecoder, "vegeta-csv": vegeta.NewCSVDecoder,
	} {
		r, err := again()
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		if err := Convert(&b, r, format, again); err != nil || r.Missing() != "" {
			t.Fatal(err, r.Missing())
		}
		d, p, m := decode(&b), plot.New(), new(vegeta.Metrics)
		for i := range n {
			var x vegeta.Result
			if err := d(&x); err != nil {
				t.Fatalf("%s: result %d: %v", format, i, err)
			}
			if at := header.Start.Add(time.Duration(i) * time.Millisecond); x.Seq != uint64(i) || !x.Timestamp.Equal(at) {
				t.Fatalf("%s: result %d has the number %d and was sent at %v, want %v", format, i, x.Seq, x.Timestamp, at)
			}
			if err := p.Add(&x); err != nil {
				t.Fatalf("%s: result %d: %v", format, i, err)
			}
			m.Add(&x)
		}
		p.Close()
		if _, err := p.WriteTo(io.Discard); err != nil {
			t.Errorf("%s: %v", format, err)
		}
		if m.Close(); m.Requests != n || m.StatusCodes["503"] != n/5 || m.Duration != (n-1)*time.Millisecond {
			t.Errorf("%s: a report has %+v", format, m)
		}
	}
}

// Only what is under way is kept: a run, and what is sent while the longest
// request lasts.
func TestOrderKeepsLittle(t *testing.T) {
	const n = 20 * run
	data := recorded(t, busy(n), 300, true)
	r, err := NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	second := new(Reader)
	again := func() (*Reader, error) {
		second, err = NewReader(bytes.NewReader(data))
		return second, err
	}
	given, most := int64(0), int64(0)
	err = bySending(r, again, func(e *Entry) error {
		if int64(e.Request) != given {
			t.Fatalf("entry %d came instead of %d", e.Request, given)
		}
		most = max(most, second.Entries()-given)
		given++
		return nil
	})
	if err != nil || given != n || most > 2*run+1000 {
		t.Errorf("%v: %d of %d entries, %d of them kept at once", err, given, n, most)
	}
}

func FuzzReader(f *testing.F) {
	f.Add(recorded(f, entries, 1, true))
	f.Fuzz(func(t *testing.T, data []byte) {
		_, r, err := readAll(data)
		if err == nil {
			_ = r.Missing()
			again := func() (*Reader, error) { return NewReader(bytes.NewReader(data)) }
			if fresh, err := again(); err == nil {
				_ = Convert(io.Discard, fresh, "vegeta-csv", again)
			}
		}
	})
}

// What the target said, and what the scenario was read from, is read as it was
// written, and what is cut off with it is told.
func TestRecordHasWhatTheTargetSaid(t *testing.T) {
	var b bytes.Buffer
	w, err := NewWriter(&b, &header)
	if err != nil {
		t.Fatal(err)
	}
	files := []File{{Name: "ward.yaml", Data: []byte("name: ward\n")}, {Name: "curve.csv", Data: []byte{}}}
	state := &State{Sent: -2, Done: -1, Scenario: "ward", Policy: "core", Options: []engine.Setting{{Name: "a", Value: "b"}}, Units: 9, Clock: 60, At: 77}
	samples := []Sample{
		{Sent: -9, Done: -8, Consumed: 3, Available: math.Inf(1), Percent: 0, Sessions: 2}, {Sent: 5, Done: 1e9, Failed: "status 500"},
	}
	for i := range files {
		if err := w.File(&files[i]); err != nil {
			t.Fatal(err)
		}
	}
	for i := range samples {
		w.Sample(&samples[i])
		w.Add(&entries[i])
	}
	if err := errors.Join(w.Flush(), w.State(state), w.End("", nil)); err != nil {
		t.Fatal(err)
	}
	got, r, err := readAll(b.Bytes())
	if err != nil || r.Missing() != "" {
		t.Fatal(err, r.Missing())
	}
	for _, diff := range []string{
		cmp.Diff(entries[:2], got, addresses), cmp.Diff(files, r.Files()), cmp.Diff(state, r.State()), cmp.Diff(samples, r.Samples()),
	} {
		if diff != "" {
			t.Error(diff)
		}
	}
	for n := range b.Len() {
		if _, r, err := readAll(b.Bytes()[:n]); err == nil && r.Missing() == "" {
			t.Fatalf("nothing is missing in %d of %d bytes", n, b.Len())
		}
	}
}

// A file of numbers is read back, however long a scenario lets it be.
func TestLargeFile(t *testing.T) {
	const longestName = 1 << 10
	if largestBlock < scenario.MaxSample+longestName {
		t.Errorf("a block has at most %d bytes, fewer than a file of numbers", largestBlock)
	}
	var b bytes.Buffer
	w, err := NewWriter(&b, &header)
	if err != nil {
		t.Fatal(err)
	}
	file := File{Name: "stays.txt", Data: bytes.Repeat([]byte("12.5\n"), 4<<20)} // 20 MiB
	if err := errors.Join(w.File(&file), w.End("", nil)); err != nil {
		t.Fatal(err)
	}
	_, r, err := readAll(b.Bytes())
	if err != nil || r.Missing() != "" || len(r.Files()) != 1 || !bytes.Equal(r.Files()[0].Data, file.Data) {
		t.Errorf("%d files, %v, %q", len(r.Files()), err, r.Missing())
	}
}
