package engine

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// order visits users at random, so that no cache or predictor learns them.
func order(users int) []int32 {
	r := rand.New(rand.NewPCG(1, 2))
	list := make([]int32, 1<<16)
	for i := range list {
		list[i] = int32(r.IntN(users))
	}
	return list
}

// BenchmarkPair is a connect and a disconnect of a license user ID that is
// known and interned, while nobody or everybody else is connected; and the
// same counting with a map of names.
func BenchmarkPair(b *testing.B) {
	for _, users := range []int{1_000, 1_000_000} {
		for _, busy := range []bool{false, true} {
			of := map[bool]string{false: "idle", true: "busy"}[busy]
			b.Run(fmt.Sprintf("table/%s/%d", of, users), func(b *testing.B) { tablePair(b, users, busy) })
			b.Run(fmt.Sprintf("map/%s/%d", of, users), func(b *testing.B) { mapPair(b, users, busy) })
		}
	}
}

func tablePair(b *testing.B, users int, busy bool) {
	order := order(users)
	tb := NewTable(defaults, users, nil)
	ids := make([]UserID, users)
	for i := range ids {
		ids[i] = tb.AddUser(uint64(i))
		if busy {
			tb.Connect(0, Request{User: ids[i], Via: Terminal})
		}
	}
	tb.Advance(1)
	b.ReportAllocs()
	at := Time(1)
	for b.Loop() {
		at++
		id, _ := tb.Connect(at, Request{User: ids[order[at&(1<<16-1)]], Via: Terminal})
		tb.Disconnect(at, id, Exit)
	}
}

func mapPair(b *testing.B, users int, busy bool) {
	order := order(users)
	names := make([]string, users)
	rows, inUse, peak := map[string]int{}, 0, 0
	for i := range names {
		names[i] = fmt.Sprintf("10.%d.%d.%d", i>>16, i>>8&255, i&255)
		if busy {
			rows[names[i]] = 1
		}
	}
	b.ReportAllocs()
	at := 0
	for b.Loop() {
		at++
		name := names[order[at&(1<<16-1)]]
		n := rows[name] + 1
		if n == 1 {
			inUse++
			peak = max(peak, inUse)
		}
		rows[name] = n
		if n = rows[name] - 1; n > 0 {
			rows[name] = n
			continue
		}
		inUse--
		delete(rows, name)
	}
}

// BenchmarkFresh is a session whose license user ID is its own, 30,000 of them
// open at a time.
func BenchmarkFresh(b *testing.B) {
	tb := NewTable(defaults, 0, nil)
	open := make([]ConnID, 30_000)
	b.ReportAllocs()
	at := Time(0)
	for b.Loop() {
		at++
		slot := int(at) % len(open)
		if open[slot] != 0 {
			tb.Disconnect(at, open[slot], Exit)
		}
		user := tb.AddUser(uint64(at))
		open[slot], _ = tb.Connect(at, Request{User: user, Via: Batch})
		tb.Retire(user)
	}
}

// BenchmarkCalls is short REST calls of 1,000 addresses, 10,000 a second, each
// held for 10 seconds.
func BenchmarkCalls(b *testing.B) {
	for _, setting := range []string{"hold_from=start", "hold_from=end", "hold_counts_connection=true", "anon_id=session"} {
		b.Run(setting, func(b *testing.B) {
			tb := NewTable(with(b, setting), 0, nil)
			order := order(1000)
			ids := make([]UserID, 1000)
			for i := range ids {
				ids[i] = tb.AddUser(uint64(i))
			}
			fresh := tb.Policy().AnonID == AnonBySession
			b.ReportAllocs()
			at := Time(0)
			for b.Loop() {
				at += 100
				user := ids[order[at/100&(1<<16-1)]]
				if fresh {
					user = tb.AddUser(uint64(at))
				}
				id, _ := tb.Connect(at, Request{User: user, Via: REST, Anonymous: true})
				if fresh {
					tb.Retire(user)
				}
				tb.Disconnect(at+50, id, Exit)
			}
		})
	}
}

// BenchmarkInstance is a pair by strings, as a replay makes it.
func BenchmarkInstance(b *testing.B) {
	in := NewInstance(defaults, 0, nil)
	clients := make([]Client, 1000)
	for i := range clients {
		clients[i] = Client{Via: CSP, Addr: fmt.Sprintf("10.0.%d.%d", i>>8, i&255), User: "ann"}
	}
	b.ReportAllocs()
	at := Time(0)
	for b.Loop() {
		at++
		id, _ := in.Connect(at, &clients[int(at)%len(clients)], 0, int64(at), 0)
		in.Disconnect(at, id, EndSession)
	}
}

// In the steady state nothing is allocated, whatever is held or kept.
func TestTheSteadyStateAllocatesNothing(t *testing.T) {
	for _, setting := range []string{
		"hold_from=start", "hold_from=end", "hold_counts_connection=true", "grace_reuse=false", "max_connections=1", "timeout_lag=1", "user_limit=2",
	} {
		heard := 0
		tb := NewTable(with(t, setting, "grace_seconds=7"), 0, func(Event) { heard++ })
		ids := []UserID{tb.AddUser(1), tb.AddUser(2), tb.AddUser(3)}
		open := make([]ConnID, 0, 16)
		at := Time(0)
		round := func() {
			for _, via := range []Via{Terminal, CSP, REST, SOAP, CSP} {
				for _, user := range ids {
					at += Second / 2
					if id, refusal := tb.Connect(at, Request{User: user, Via: via, Anonymous: true}); refusal == nil {
						open = append(open, id)
					}
				}
			}
			for _, id := range open {
				tb.Login(at, id, ids[0], 0)
				tb.Disconnect(at, id, Timeout)
			}
			open = open[:0]
			fresh := tb.AddUser(4)
			id, refusal := tb.Connect(at, Request{User: fresh, Via: Batch})
			tb.Retire(fresh)
			if refusal == nil {
				tb.Disconnect(at, id, 0)
			}
		}
		for range 100 {
			round()
		}
		if got := testing.AllocsPerRun(100, round); got != 0 {
			t.Errorf("%s: %v allocations a round, want 0", setting, got)
		}
		if heard == 0 {
			t.Errorf("%s: nothing heard", setting)
		}
	}
}
