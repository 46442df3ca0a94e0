package engine

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestTheListenerHearsItAll writes down every kind of event and cause.
func TestTheListenerHearsItAll(t *testing.T) {
	names := map[UserID]string{}
	tests := []struct {
		name  string
		p     Policy
		units int
		do    func(tb *Table, ann, bob UserID)
		want  []string
	}{
		{
			"a transition and its reset", with(t, "max_connections=1"), 2,
			func(tb *Table, ann, bob UserID) {
				a, _ := tb.Connect(1, Request{User: ann, Via: Terminal})
				b, _ := tb.Connect(2, Request{User: ann, Via: XDBC})
				tb.Connect(3, Request{User: bob, Via: Batch})
				tb.Disconnect(4, a, Kill)
				tb.Disconnect(5, b, 0)
			},
			[]string{
				"1 granted ann terminal +1: 1 in use, 1 connections",
				"2 granted ann xdbc +1: 2 in use, 2 connections",
				"2 transitioned ann with 2: 2 in use, 2 connections",
				"3 refused bob batch limit: 2 in use, 2 connections",
				"4 released ann terminal kill -1: 1 in use, 1 connections",
				"5 released ann xdbc exit -1: 0 in use, 0 connections",
				"5 reset ann xdbc exit: 0 in use, 0 connections",
			},
		},
		{
			"a hold and a grace", with(t, "hold_seconds=0.00001", "grace_seconds=0.00002"), 0,
			func(tb *Table, ann, bob UserID) {
				a, _ := tb.Connect(1, Request{User: ann, Via: REST})
				b, _ := tb.Connect(2, Request{User: bob, Via: CSP})
				tb.Disconnect(3, a, 0)
				tb.Disconnect(4, b, 0)
				tb.Advance(50)
			},
			[]string{
				"1 granted ann rest +1: 1 in use, 1 connections",
				"2 granted bob csp +1: 2 in use, 2 connections",
				"3 released ann rest exit +0: 2 in use, 1 connections",
				"4 released bob csp logout +0: 2 in use, 0 connections",
				"11 released ann hold ended -1: 1 in use, 0 connections",
				"24 released bob grace ended -1: 0 in use, 0 connections",
			},
		},
		{
			"a unit set apart", with(t, "grace_seconds=0.00002", "grace_reuse=false"), 0,
			func(tb *Table, ann, bob UserID) {
				a, _ := tb.Connect(1, Request{User: ann, Via: CSP})
				tb.Disconnect(2, a, Timeout)
				tb.Connect(3, Request{User: ann, Via: Terminal})
				tb.Advance(50)
			},
			[]string{
				"1 granted ann csp +1: 1 in use, 1 connections",
				"2 released ann csp timeout +0: 1 in use, 0 connections",
				"3 granted ann terminal +1: 2 in use, 1 connections",
				"22 released ann unit set apart ended -1: 1 in use, 1 connections",
			},
		},
		{
			"logins", with(t), 1,
			func(tb *Table, ann, bob UserID) {
				a, _ := tb.Connect(1, Request{User: ann, Via: CSP})
				tb.Login(2, a, bob, 0)
				tb.Connect(3, Request{User: bob, Via: Terminal})
				tb.Login(4, a, ann, 0)
			},
			[]string{
				"1 granted ann csp +1: 1 in use, 1 connections",
				"2 released ann csp login -1: 0 in use, 0 connections",
				"2 granted bob csp +1: 1 in use, 1 connections",
				"3 granted bob terminal +0: 1 in use, 2 connections",
				"4 refused ann login limit: 1 in use, 2 connections",
			},
		},
		{
			"an attempt that sticks", with(t, "max_connections=2", "refused_attempt_sticks=true"), 2,
			func(tb *Table, ann, bob UserID) {
				for at := range Time(4) {
					tb.Connect(at, Request{User: ann, Via: Terminal})
				}
			},
			[]string{
				"0 granted ann terminal +1: 1 in use, 1 connections",
				"1 granted ann terminal +0: 1 in use, 2 connections",
				"2 refused ann terminal limit: 1 in use, 2 connections",
				"2 transitioned ann with 2 +1: 2 in use, 2 connections",
				"3 refused ann terminal limit: 2 in use, 2 connections",
			},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			tb := NewTable(tt.p, tt.units, func(e Event) {
				line := fmt.Sprintf("%d %v %s", e.At, e.Kind, names[e.User])
				switch {
				case e.Kind == Refused:
					line += fmt.Sprintf(" %s %v", e.Refusal.ViaName(), e.Refusal.Reason)
				case e.Kind == Transitioned:
					line += fmt.Sprintf(" with %d", e.RowConnections)
				case e.Via != 0:
					line += " " + e.Via.String()
				}
				if e.Cause != 0 {
					line += " " + e.Cause.String()
				}
				if e.Units != 0 || e.Kind == Granted || e.Kind == Released {
					line += fmt.Sprintf(" %+d", e.Units)
				}
				got = append(got, line+fmt.Sprintf(": %d in use, %d connections", e.InUse, e.Connections))
			})
			ann, bob := tb.AddUser(1), tb.AddUser(2)
			names[ann], names[bob] = "ann", "bob"
			tt.do(tb, ann, bob)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("events (-want +got):\n%s", diff)
			}
		})
	}
}

// A label tells who caused the peak: one cohort, or several.
func TestHoldersTellTheLabelAtThePeak(t *testing.T) {
	tb := NewTable(with(t), 0, nil)
	ann, bob, carol := tb.AddUser(1), tb.AddUser(2), tb.AddUser(3)
	check := func(q Request, want map[uint64]uint32) {
		t.Helper()
		if _, refusal := tb.Connect(0, q); refusal != nil {
			t.Fatal(refusal)
		}
		labels := map[uint64]uint32{}
		for _, h := range tb.Holders() {
			labels[h.Tag] = h.Label
		}
		if diff := cmp.Diff(want, labels); diff != "" {
			t.Errorf("labels (-want +got):\n%s", diff)
		}
	}
	check(Request{User: ann, Via: CSP, Label: 3}, map[uint64]uint32{1: 3})
	check(Request{User: bob, Via: CSP, Label: 3}, map[uint64]uint32{1: 3, 2: 3})
	check(Request{User: bob, Via: CSP, Label: 4}, map[uint64]uint32{1: 3, 2: 3}) // no new peak
	check(Request{User: carol, Via: CSP, Label: 0}, map[uint64]uint32{1: 3, 2: MixedLabel, 3: 0})
}
