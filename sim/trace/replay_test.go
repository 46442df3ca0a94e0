package trace

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"highwater/engine"
	"highwater/sim/result"
)

// A name is free again after its disconnect or its refusal; what is said of a
// refused connection is passed over until the name connects again; and who
// ends a request before its time ends it for good.
func TestNamesOfConnections(t *testing.T) {
	one := `{"trace":1,"units":1,"options":{"hold_seconds":0,"grace_seconds":0}}`
	taken := `{"op":"connect","at":0,"conn":"t","via":"terminal","addr":"10.0.0.9"}`
	freed := `{"op":"disconnect","at":3,"conn":"t"}`
	tests := []struct {
		name  string
		lines []string
		want  []int // events, admitted, refused, units at the end, unit-seconds
		err   string
	}{
		{"reused after a disconnect", []string{open5, done9, `{"op":"connect","at":9,"conn":"a","via":"csp"}`, `{"op":"disconnect","at":12,"conn":"a","how":"kill"}`}, []int{4, 2, 0, 0, 7}, ""},
		{"reused after a refusal", []string{one, taken, `{"op":"connect","at":1,"conn":"a","via":"csp"}`, `{"op":"connect","at":2,"conn":"a","via":"rest"}`, freed, open5, done9}, []int{6, 2, 2, 0, 7}, ""},
		{"passed over after a refusal", []string{one, taken, `{"op":"connect","at":1,"conn":"a","via":"csp"}`, `{"op":"page","at":1,"conn":"a"}`, `{"op":"login","at":1,"conn":"a","id":"x"}`, `{"op":"disconnect","at":2,"conn":"a"}`, `{"op":"disconnect","at":2,"conn":"a"}`, freed}, []int{7, 1, 1, 0, 3}, ""},
		{"passed over under a line's name", []string{one, taken, `{"op":"request","at":1,"for":9,"via":"rest"}`, `{"op":"disconnect","at":2,"conn":"#3"}`, freed}, []int{4, 1, 1, 0, 3}, ""},
		{"not after it has connected again", []string{one, taken, `{"op":"connect","at":1,"conn":"a","via":"csp"}`, freed, open5, done9, done9}, nil, `t.jsonl:7: connection "a" is not open`},
		{"not after a request of that name", []string{one, taken, `{"op":"connect","at":1,"conn":"a","via":"csp"}`, freed, `{"op":"request","at":5,"for":0,"conn":"a","via":"rest"}`, done9}, nil, `t.jsonl:6: connection "a" is not open`},
		{"a request ended before its time", []string{one, `{"op":"request","at":0,"for":10,"conn":"a","via":"rest"}`, `{"op":"disconnect","at":4,"conn":"a"}`}, []int{2, 1, 0, 0, 4}, ""},
		{"its implied end is dropped", []string{one, `{"op":"request","at":0,"for":10,"conn":"a","via":"rest"}`, `{"op":"disconnect","at":4,"conn":"a"}`, `{"op":"connect","at":5,"conn":"a","via":"csp"}`, `{"op":"disconnect","at":12,"conn":"a"}`}, []int{4, 2, 0, 0, 11}, ""},
		{"also when it was never named", []string{`{"trace":1,"options":{"hold_seconds":0}}`, `{"op":"request","at":0,"for":10,"via":"rest"}`, `{"op":"disconnect","at":4,"conn":"#2"}`, `{"op":"request","at":4,"for":10,"via":"rest"}`}, []int{3, 2, 0, 0, 14}, ""},
		{"a request's name is free at its end", []string{one, `{"op":"request","at":0,"for":5,"conn":"a","via":"rest"}`, open5, done9}, []int{3, 2, 0, 0, 9}, ""},
		{"a connection that outlives the trace", []string{open5, `{"op":"request","at":6,"for":10,"via":"csp","user":"ann"}`}, []int{2, 2, 0, 2, 21}, ""},
		{"a page of what has no pages", []string{open5, `{"op":"page","at":6,"conn":"a"}`, done9}, []int{3, 1, 0, 0, 4}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			res, err := replay("t.jsonl", lines(tt.lines...), false)
			if tt.err != "" {
				if err == nil || err.Error() != tt.err {
					t.Errorf("error %v, want %s", err, tt.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			got := []int{int(res.Events), int(res.Admitted), int(res.Refused), res.UnitsAtEnd, int(res.UnitSeconds.Seconds())}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("events, admitted, refused, units at the end, unit-seconds (-want +got):\n%s", diff)
			}
		})
	}
}

// The end is the latest instant of the trace, whatever was refused, or the
// header's.
func TestEnd(t *testing.T) {
	tests := []struct {
		name  string
		lines []string
		want  engine.Time
	}{
		{"the last event", []string{open5, done9}, 9},
		{"a later horizon", []string{`{"trace":1,"end":30}`, open5}, 30},
		{"an earlier horizon", []string{`{"trace":1,"end":3}`, open5}, 5},
		{"a request that runs on", []string{`{"op":"request","at":1,"for":20,"via":"rest"}`, open5}, 21},
		{"one that was refused", []string{`{"trace":1,"units":1}`, open5, `{"op":"request","at":6,"for":20,"via":"rest"}`}, 26},
		{"one that was ended", []string{`{"op":"request","at":1,"for":20,"via":"rest","conn":"a"}`, `{"op":"disconnect","at":2,"conn":"a"}`}, 21},
		{"an event without effect", []string{open5, `{"op":"server","at":11,"name":"L","up":false}`}, 11},
		{"nothing", []string{head}, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if res, err := replay("t.jsonl", lines(tt.lines...), false); err != nil || res.End != tt.want*engine.Second {
				t.Errorf("%+v, %v; want the end at %d s", res, err, tt.want)
			}
		})
	}
}

// A login may bring a user over the contract's 12 connections, too.
func TestOverTheContract(t *testing.T) {
	list := []string{`{"trace":1,"policy":"contract","options":{"contract_over":"flag_only"}}`}
	for i := range 12 {
		list = append(list, fmt.Sprintf(`{"op":"connect","at":0,"conn":"c%d","via":"csp","addr":"10.0.0.5","user":"ann"}`, i))
	}
	by := map[string][]string{
		"a connection": {`{"op":"connect","at":1,"conn":"x","via":"csp","addr":"10.0.0.5","user":"ann"}`},
		"a login":      {`{"op":"connect","at":1,"conn":"x","via":"csp","addr":"10.0.0.5"}`, `{"op":"login","at":2,"conn":"x","id":"ann"}`},
	}
	want := []result.OverContract{{LicenseUserID: "ann@10.0.0.5", Connections: 13}}
	for name, more := range by {
		res, err := replay("t.jsonl", lines(append(list[:13:13], more...)...), false)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, res.OverContract); diff != "" {
			t.Errorf("by %s (-want +got):\n%s", name, diff)
		}
	}
	if res, err := replay("t.jsonl", lines(list...), false); err != nil || res.OverContract != nil {
		t.Errorf("12 connections: %v, %v; want nobody over", res.OverContract, err)
	}
}

// The top lists ten users, those with the most units at the peak first, then
// those with the most unit-seconds, then by name.
func TestTop(t *testing.T) {
	list := []string{`{"trace":1,"end":100,"options":{"max_connections":1}}`}
	for i := range 12 { // k, j ... a, all alike
		list = append(list, fmt.Sprintf(`{"op":"connect","at":1,"conn":"t%d","via":"terminal","addr":"%c"}`, i, 'l'-i))
	}
	list = append(list,
		`{"op":"disconnect","at":1,"conn":"t0"}`, // l is gone before the peak
		`{"op":"connect","at":2,"conn":"x","via":"terminal","addr":"j"}`,
		`{"op":"connect","at":3,"conn":"y","via":"terminal","addr":"z"}`,
		`{"op":"disconnect","at":4,"conn":"y"}`,
		`{"op":"disconnect","at":50,"conn":"t8"}`, // d holds less
	)
	res, err := replay("t.jsonl", lines(list...), false)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, h := range res.Top {
		got = append(got, fmt.Sprintf("%s %d %d %s", h.LicenseUserID, h.UnitsAtPeak, h.ConnectionsAtPeak, h.UnitSeconds.AppendSeconds(nil)))
	}
	want := []string{"j 2 2 197", "a 1 1 99", "b 1 1 99", "c 1 1 99", "e 1 1 99", "f 1 1 99", "g 1 1 99", "h 1 1 99", "i 1 1 99", "k 1 1 99"}
	if diff := cmp.Diff(want, got); diff != "" || res.Peak != (engine.Peak{Units: 13, At: 3 * engine.Second}) {
		t.Errorf("peak %v, top (-want +got):\n%s", res.Peak, diff)
	}
}

// Usage hears of each change in use, the ends of holds and the short peak
// within a request included, and of nothing twice.
func TestUsageHearsOfEachChange(t *testing.T) {
	var got []string
	_, err := Run(NewJSONReader("t.jsonl", lines(
		`{"op":"request","at":1,"for":0,"via":"rest","addr":"10.0.0.1"}`,
		`{"op":"request","at":2,"for":3,"via":"rest","addr":"10.0.0.1"}`,
		`{"op":"connect","at":4,"conn":"a","via":"batch"}`,
		`{"op":"page","at":4,"conn":"a"}`,
		`{"op":"connect","at":20,"conn":"b","via":"terminal","addr":"10.0.0.1"}`,
	)), Options{Policy: policy(t), End: 30 * engine.Second, Usage: func(at engine.Time, units, connections int) {
		got = append(got, fmt.Sprintf("%s: %d, %d", at.AppendSeconds(nil), units, connections))
	}})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"1: 1, 1", "1: 1, 0", "2: 1, 1", "4: 2, 2", "5: 2, 1", "12: 1, 1", "20: 2, 2"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("usage (-want +got):\n%s", diff)
	}
}

// A job belongs to the parent that its name means at that moment.
func TestParentsOfJobs(t *testing.T) {
	job := func(at, parent string) string {
		return `{"op":"connect","at":` + at + `,"conn":"j","via":"job","addr":"10.0.0.7","parent":"` + parent + `"}`
	}
	tests := []struct {
		name  string
		lines []string
		want  string
	}{
		{"an open one", []string{open5, job("5", "a")}, "10.0.0.1"},
		{"one that was closed", []string{open5, done9, job("9", "a")}, "10.0.0.7"},
		{"one that never was", []string{job("9", "a")}, "10.0.0.7"},
		{"one that was refused", []string{`{"trace":1,"units":1}`, `{"op":"connect","at":0,"conn":"x","via":"terminal","addr":"10.0.0.7"}`, open5, job("5", "a")}, "10.0.0.7"},
		{"a request by its line", []string{`{"op":"request","at":1,"for":9,"via":"task","user":"ann"}`, job("5", "#1")}, "ann@192.0.2.1"},
		{"a request at its end", []string{`{"op":"request","at":1,"for":4,"via":"task","user":"ann"}`, job("5", "#1")}, "10.0.0.7"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			j := NewJSONReader("t.jsonl", lines(tt.lines...))
			p := NewReplay(Options{Policy: policy(t), Units: j.Header().Units})
			for ev, err := j.Next(); err == nil; ev, err = j.Next() {
				if err := p.Apply(ev); err != nil {
					t.Fatal(err)
				}
			}
			if got := p.in.UserName(p.in.Tag(p.in.UserOf(p.open.list[p.open.find("j", p.last)].conn))); got != tt.want {
				t.Errorf("the job counts for %q, want %q", got, tt.want)
			}
		})
	}
}
