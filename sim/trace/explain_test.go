package trace

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"highwater/engine"
	"highwater/sim/result"
)

// explained explains a moment of a trace as its header says it is to be
// counted.
func explained(t *testing.T, m Moment, list ...string) *result.Explanation {
	t.Helper()
	j := NewJSONReader("t.jsonl", lines(list...))
	h := j.Header()
	p, ok := engine.NamedPolicy(h.Policy)
	if !ok {
		t.Fatalf("no policy %q", h.Policy)
	}
	for _, o := range h.Options {
		if err := p.Set(o.Name, o.Value); err != nil {
			t.Fatal(err)
		}
	}
	res, err := Explain(j, Options{Policy: p, Units: h.Units, End: h.End, Epoch: h.Epoch}, m)
	if err != nil {
		t.Fatal(err)
	}
	return res
}

// brief is a holder in a line: who, units on connections, since when, until
// when, and what the units are.
func brief(res *result.Explanation) []string {
	var list []string
	for _, h := range res.Holders {
		until := "open"
		if h.Until != nil {
			until = string(h.Until.AppendSeconds(nil))
		}
		s := fmt.Sprintf("%s %s: %d on %d, %s to %s,", h.LicenseUserID, strings.Join(h.Vias, "+"), h.Units, h.Connections, h.Since.AppendSeconds(nil), until)
		for _, c := range h.Split {
			s += fmt.Sprintf(" %s %d", c.Category, c.Units)
		}
		list = append(list, s)
	}
	return list
}

func at(seconds engine.Time) Moment { return Moment{At: seconds * engine.Second} }

// addr is a connect from an address.
func connectFrom(at int, conn, via, addr, more string) string {
	return fmt.Sprintf(`{"op":"connect","at":%d,"conn":%q,"via":%q,"addr":%q%s}`, at, conn, via, addr, more)
}

func ends(at int, conn, how string) string {
	return fmt.Sprintf(`{"op":"disconnect","at":%d,"conn":%q,"how":%q}`, at, conn, how)
}

func page(at int, conn string) string {
	return fmt.Sprintf(`{"op":"page","at":%d,"conn":%q}`, at, conn)
}

// Each category by hand. What was before the moment makes the row; what comes
// after it tells what its web sessions do.
func TestCategories(t *testing.T) {
	tests := []struct {
		name  string
		m     Moment
		lines []string
		want  []string
	}{
		{"a process works", at(7), []string{open5, connectFrom(6, "b", "xdbc", "10.0.0.1", ""), done9},
			[]string{"10.0.0.1 terminal+xdbc: 1 on 2, 5 to open, working 1"}},
		{"a session before its next page works", at(7), []string{connectFrom(1, "w", "csp", "a", `,"user":"ann"`), page(9, "w"), ends(99, "w", "timeout")},
			[]string{"ann@a csp: 1 on 1, 1 to open, working 1"}},
		{"before its log-out, too", at(7), []string{connectFrom(1, "w", "csp", "a", `,"user":"ann"`), ends(9, "w", "logout")},
			[]string{"ann@a csp: 1 on 1, 1 to open, working 1"}},
		{"before a login, too", at(7), []string{connectFrom(1, "w", "csp", "a", `,"session":"s"`), `{"op":"login","at":8,"conn":"w","id":"ann"}`, ends(9, "w", "timeout")},
			[]string{"s csp: 1 on 1, 1 to open, working 1"}},
		{"and that of a request", at(7), []string{`{"op":"request","at":6,"for":9,"via":"csp","session":"s"}`},
			[]string{"s csp: 1 on 1, 6 to open, working 1"}},
		{"a session before its time-out is idle", at(7), []string{connectFrom(1, "w", "csp", "a", `,"session":"s"`), page(2, "w"), ends(9, "w", "timeout")},
			[]string{"s csp: 1 on 1, 1 to open, idle 1"}},
		{"a sessionful call, too", at(7), []string{connectFrom(1, "w", "rest", "a", `,"session":"s","sessionful":true`), ends(9, "w", "timeout")},
			[]string{"s rest: 1 on 1, 1 to open, idle 1"}},
		{"also while the time-out lags", at(10), []string{`{"trace":1,"options":{"timeout_lag":5}}`, connectFrom(1, "w", "csp", "a", `,"session":"s"`), ends(9, "w", "timeout")},
			[]string{"s csp: 1 on 1, 1 to open, idle 1"}},
		{"one that works keeps an idle one company", at(7), []string{connectFrom(1, "w", "csp", "a", `,"user":"ann"`), connectFrom(2, "v", "csp", "a", `,"user":"ann"`), page(8, "v"), ends(9, "w", "timeout"), ends(9, "v", "timeout")},
			[]string{"ann@a csp: 1 on 2, 1 to open, working 1"}},
		{"a session that is never heard of again is leaked", at(7), []string{connectFrom(1, "w", "csp", "a", `,"session":"s"`), page(2, "w"), connectFrom(903, "x", "terminal", "a", "")},
			[]string{"s csp: 1 on 1, 1 to open, leaked 1"}},
		{"an idle one beside it is more", at(7), []string{connectFrom(1, "w", "csp", "a", `,"user":"ann"`), connectFrom(2, "v", "csp", "a", `,"user":"ann"`), ends(9, "v", "timeout"), connectFrom(999, "x", "terminal", "b", "")},
			[]string{"ann@a csp: 1 on 2, 1 to open, idle 1"}},
		{"one that is silent for no longer than the usual time-out may work", at(7), []string{connectFrom(1, "w", "csp", "a", `,"session":"s"`), page(2, "w"), connectFrom(902, "x", "terminal", "a", "")},
			[]string{"s csp: 1 on 1, 1 to open, working 1"}},
		{"a session is leaked when others were silent for less", at(7), []string{connectFrom(1, "w", "csp", "a", `,"session":"s"`), page(2, "w"), connectFrom(5, "v", "csp", "a", `,"session":"t"`), ends(2000, "v", "logout")},
			[]string{"s csp: 1 on 1, 1 to open, leaked 1", "t csp: 1 on 1, 5 to open, working 1"}}, // 1,998 s and 1,995 s
		{"but not when one was silent for as long", at(7), []string{connectFrom(1, "v", "csp", "a", `,"session":"t"`), page(2, "v"), connectFrom(2, "w", "csp", "a", `,"session":"s"`), ends(2000, "v", "timeout")},
			[]string{"t csp: 1 on 1, 1 to open, idle 1", "s csp: 1 on 1, 2 to open, working 1"}},
		{"a call's hold", at(7), []string{`{"op":"request","at":3,"for":2,"via":"rest","addr":"a"}`},
			[]string{"a rest: 1 on 0, 3 to 13, hold 1"}},
		{"a hold without a break", at(17), []string{`{"op":"request","at":3,"for":2,"via":"rest","addr":"a"}`, `{"op":"request","at":13,"for":0,"via":"soap","addr":"a"}`},
			[]string{"a soap: 1 on 0, 13 to 23, hold 1"}}, // it ended at 13, just before
		{"a hold that was prolonged", at(17), []string{`{"op":"request","at":3,"for":2,"via":"rest","addr":"a"}`, `{"op":"request","at":12,"for":0,"via":"soap","addr":"a"}`},
			[]string{"a soap: 1 on 0, 3 to 22, hold 1"}},
		{"calls that count while they are held", at(7), []string{`{"trace":1,"options":{"hold_counts_connection":true,"max_connections":1}}`, `{"op":"request","at":3,"for":2,"via":"rest","addr":"a"}`, `{"op":"request","at":4,"for":1,"via":"rest","addr":"a"}`},
			[]string{"a rest: 2 on 2, 3 to 14, hold 1 transition_surplus 1"}},
		{"a grace", at(7), []string{connectFrom(1, "w", "csp", "a", `,"session":"s"`), ends(5, "w", "logout")},
			[]string{"s csp: 1 on 0, 1 to 605, grace 1"}},
		{"a hold that ends after the grace", at(7), []string{`{"trace":1,"options":{"grace_seconds":5}}`, connectFrom(1, "w", "csp", "a", `,"user":"ann"`), ends(5, "w", "timeout"), `{"op":"request","at":6,"for":0,"via":"rest","addr":"a","user":"ann"}`},
			[]string{"ann@a rest: 1 on 0, 1 to 16, hold 1"}},
		{"a unit set apart beside a new one", at(7), []string{`{"trace":1,"options":{"grace_reuse":false}}`, connectFrom(1, "w", "csp", "a", `,"user":"ann"`), ends(5, "w", "timeout"), connectFrom(6, "v", "csp", "a", `,"user":"ann"`), ends(9, "v", "kill")},
			[]string{"ann@a csp: 2 on 1, 1 to open, working 1 grace 1"}},
		{"units set apart alone", at(7), []string{`{"trace":1,"options":{"grace_reuse":false}}`, connectFrom(1, "w", "csp", "a", `,"user":"ann"`), ends(5, "w", "timeout"), connectFrom(6, "v", "csp", "a", `,"user":"ann"`), ends(6, "v", "kill")},
			[]string{"ann@a csp: 1 on 0, 1 to 605, grace 1"}},
		{"the contract's further unit", at(14), append([]string{`{"trace":1,"policy":"contract"}`}, many(13, `,"device":"d"`)...),
			[]string{"d xdbc: 2 on 13, 0 to open, working 1 contract_surplus 1"}},
		{"what does not count", at(7), []string{`{"trace":1,"policy":"ensemble"}`, connectFrom(5, "r", "rest", "a", ""), connectFrom(6, "s", "system", "a", "")}, nil},
		{"everything that happens at the instant", at(5), []string{open5, ends(5, "a", "exit"), connectFrom(5, "b", "terminal", "b", ""), connectFrom(6, "c", "terminal", "c", "")},
			[]string{"b terminal: 1 on 1, 5 to open, working 1"}},
		{"a request's end at the instant", at(5), []string{`{"trace":1,"options":{"hold_seconds":0}}`, `{"op":"request","at":3,"for":2,"via":"rest","addr":"a"}`, connectFrom(6, "c", "terminal", "c", "")}, nil},
		{"an instant after the last event", at(30), []string{`{"trace":1,"end":30}`, connectFrom(1, "w", "csp", "a", `,"session":"s"`), ends(5, "w", "logout")},
			[]string{"s csp: 1 on 0, 1 to 605, grace 1"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			res := explained(t, tt.m, tt.lines...)
			if diff := cmp.Diff(tt.want, brief(res)); diff != "" {
				t.Errorf("holders (-want +got):\n%s", diff)
			}
			sum, held := 0, 0
			for _, c := range res.Split {
				sum += c.Units
			}
			for _, h := range res.Holders {
				held += h.Units
			}
			if sum != res.InUse || held != res.InUse {
				t.Errorf("%d units in use, %d in the categories, %d held", res.InUse, sum, held)
			}
		})
	}
}

// many are connects of a1 to an, one a second from 0, all from one address; N
// in the further fields is the number.
func many(n int, more string) (list []string) {
	for i := range n {
		list = append(list, connectFrom(i, fmt.Sprintf("a%d", i+1), "xdbc", "a", strings.ReplaceAll(more, "N", fmt.Sprint(i+1))))
	}
	return list
}

// Who made a license user ID pay for each connection, and since when it does.
func TestExplainedTransition(t *testing.T) {
	want := &result.HolderTransition{At: 25 * engine.Second, Conn: "a26", Via: "xdbc", Cohort: "crowd", Who: "p26", Connections: 26}
	list := append(many(26, `,"cohort":"crowd","person":"pN"`), ends(30, "a26", "exit"), ends(31, "a1", "exit"), connectFrom(40, "z", "job", "a", `,"cohort":"jobs"`))
	tests := []struct {
		name  string
		m     Moment
		lines []string
		want  *result.HolderTransition
		split []string
	}{
		{"before it", at(24), list, nil, []string{"a xdbc: 1 on 25, 0 to open, working 1"}},
		{"with it", at(25), list, want, []string{"a xdbc: 26 on 26, 0 to open, working 1 transition_surplus 25"}},
		{"the peak", Moment{Which: AtPeak, Units: 26}, list, want, []string{"a xdbc: 26 on 26, 0 to open, working 1 transition_surplus 25"}},
		{"when that connection is gone", at(31), list, want, []string{"a xdbc: 24 on 24, 0 to open, working 1 transition_surplus 23"}},
		{"of several cohorts", at(40), list, want, []string{"a xdbc+job: 25 on 25, 0 to open, working 1 transition_surplus 24"}},
		{"a refused attempt that sticks", at(25), append([]string{`{"trace":1,"units":9,"options":{"refused_attempt_sticks":true}}`}, list[:26]...),
			&result.HolderTransition{At: 25 * engine.Second, Conn: "a26", Via: "xdbc", Cohort: "crowd", Who: "p26", Connections: 25},
			[]string{"a xdbc: 25 on 25, 0 to open, working 1 transition_surplus 24"}},
		{"a login", at(9), []string{`{"trace":1,"options":{"max_connections":1}}`, connectFrom(1, "v", "terminal", "b", ""), `{"op":"login","at":2,"conn":"v","id":"x"}`,
			connectFrom(3, "w", "xdbc", "b", `,"cohort":"crowd","person":"p26"`), `{"op":"login","at":4,"conn":"w","id":"x"}`},
			&result.HolderTransition{At: 4 * engine.Second, Conn: "w", Via: "xdbc", Cohort: "crowd", Who: "p26", Connections: 2},
			[]string{"x@b terminal+xdbc: 2 on 2, 2 to open, working 1 transition_surplus 1"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			res := explained(t, tt.m, tt.lines...)
			if diff := cmp.Diff(tt.split, brief(res)); diff != "" {
				t.Errorf("holders (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.want, res.Holders[0].Transitioned); diff != "" {
				t.Errorf("transition (-want +got):\n%s", diff)
			}
			if tt.name == "of several cohorts" && res.Holders[0].Cohort != "crowd + jobs" {
				t.Errorf("cohort %q, want both", res.Holders[0].Cohort)
			}
		})
	}
}

// A row that has been reset and transitions again does so anew.
func TestExplainedTransitionAnew(t *testing.T) {
	head := `{"trace":1,"options":{"max_connections":1}}`
	list := []string{head, connectFrom(1, "a", "terminal", "x", ""), connectFrom(2, "b", "terminal", "x", ""), ends(3, "a", "exit"), ends(3, "b", "exit"),
		connectFrom(4, "c", "terminal", "x", ""), connectFrom(6, "d", "terminal", "x", "")}
	if res := explained(t, at(5), list...); res.Holders[0].Transitioned != nil || res.Holders[0].Since != 4*engine.Second {
		t.Errorf("%+v, want no transition since 4", res.Holders[0])
	}
	if res := explained(t, at(6), list...); res.Holders[0].Transitioned == nil || res.Holders[0].Transitioned.Conn != "d" {
		t.Errorf("%+v, want a transition by d", res.Holders[0].Transitioned)
	}
}

// The first refusal, and the state that it met.
func TestExplainedRefusal(t *testing.T) {
	list := []string{`{"trace":1,"epoch":"2026-11-23T08:00:00Z","units":1}`, connectFrom(1, "a", "terminal", "x", `,"cohort":"staff"`), connectFrom(2, "b", "rest", "y", `,"cohort":"callers"`),
		ends(3, "a", "exit"), connectFrom(3, "c", "terminal", "z", "")}
	res := explained(t, Moment{Which: AtFirstRefusal}, list...)
	want := &result.CohortRefusal{Refusal: result.Refusal{At: 2 * engine.Second, Conn: "b", Via: "rest", LicenseUserID: "y", Reason: "limit", Needed: 1, InUse: 1,
		ClientSees: "503 Service Unavailable", Connections: 1}, Cohort: "callers"}
	if diff := cmp.Diff(want, res.FirstRefusal); diff != "" {
		t.Errorf("first refusal (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"x terminal: 1 on 1, 1 to open, working 1"}, brief(res)); diff != "" || *res.At != 2*engine.Second || res.Refused != 1 {
		t.Errorf("at %v, %d refused, holders (-want +got):\n%s", *res.At, res.Refused, diff)
	}
	if clock := time.Date(2026, 11, 23, 8, 0, 2, 0, time.UTC); !res.Clock.Equal(clock) {
		t.Errorf("clock %v, want %v", res.Clock, clock)
	}
	none := explained(t, Moment{Which: AtFirstRefusal}, list[1:]...)
	if none.At != nil || none.Clock != nil || none.FirstRefusal != nil || len(none.Holders) > 0 || none.End != 3*engine.Second {
		t.Errorf("%+v, want nothing", none)
	}
	login := explained(t, Moment{Which: AtFirstRefusal}, `{"trace":1,"units":2}`, connectFrom(1, "t", "terminal", "x", ""),
		connectFrom(1, "t2", "terminal", "x", ""), connectFrom(1, "u", "terminal", "z", ""),
		connectFrom(2, "w", "xdbc", "x", `,"cohort":"c"`), `{"op":"login","at":3,"conn":"w","id":"ann"}`)
	if f := login.FirstRefusal; f == nil || f.Via != "login" || f.Cohort != "c" || f.Conn != "w" || len(login.Holders) != 2 {
		t.Errorf("%+v, want the login of w, of cohort c", f)
	}
}

// A peak within a request is seen from within, and one that never was at the
// begin.
func TestExplainedPeak(t *testing.T) {
	res := explained(t, Moment{Which: AtPeak, Units: 2}, `{"trace":1,"options":{"hold_seconds":0}}`,
		connectFrom(1, "a", "terminal", "x", ""), `{"op":"request","at":2,"for":0,"via":"rest","addr":"y"}`, ends(3, "a", "exit"))
	want := []string{"x terminal: 1 on 1, 1 to open, working 1", "y rest: 1 on 1, 2 to open, working 1"}
	if diff := cmp.Diff(want, brief(res)); diff != "" || *res.At != 2*engine.Second {
		t.Errorf("at %v, holders (-want +got):\n%s", *res.At, diff)
	}
	again := []string{connectFrom(1, "a", "terminal", "x", ""), connectFrom(2, "b", "terminal", "y", ""), ends(3, "b", "exit"), connectFrom(7, "c", "terminal", "z", "")}
	for from, want := range map[engine.Time]engine.Time{0: 2, 2: 2, 3: 7} { // one of the same height is meant that comes later
		if res = explained(t, Moment{Which: AtPeak, Units: 2, At: from * engine.Second}, again...); *res.At != want*engine.Second {
			t.Errorf("from %d s on the peak is at %v, want %d s", from, *res.At, want)
		}
	}
	res = explained(t, Moment{Which: AtPeak}, connectFrom(1, "a", "system", "x", ""))
	if *res.At != 0 || res.InUse != 0 || res.Which != "peak" {
		t.Errorf("%+v, want nobody at 0", res)
	}
}

// The connections of a holder, each with what it does.
func TestExplainedConnections(t *testing.T) {
	res := explained(t, at(20), `{"trace":1,"options":{"timeout_lag":3}}`,
		connectFrom(1, "w", "csp", "x", `,"user":"ann","cohort":"web"`), page(4, "w"), connectFrom(5, "v", "csp", "x", `,"user":"ann"`),
		connectFrom(6, "u", "csp", "x", `,"user":"ann","person":"eve"`), page(7, "u"), ends(19, "v", "timeout"), ends(30, "w", "timeout"), page(40, "u"))
	second := func(n engine.Time) *engine.Time { n *= engine.Second; return &n }
	want := []result.HolderConn{
		{Conn: "w", Via: "csp", Cohort: "web", Who: "ann", Start: *second(1), Last: *second(4), State: "idle", Until: second(33)},
		{Conn: "v", Via: "csp", Who: "ann", Start: *second(5), Last: *second(19), State: "idle", Until: second(22)},
		{Conn: "u", Via: "csp", Who: "eve", Start: *second(6), Last: *second(7), State: "working"},
	}
	if diff := cmp.Diff(want, res.Holders[0].Conns); diff != "" {
		t.Errorf("connections (-want +got):\n%s", diff)
	}
}
