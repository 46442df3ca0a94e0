package sim

import (
	"strconv"

	"highwater/engine"
	"highwater/sim/queue"
	"highwater/sim/trace"
)

// A tape writes down what happens in a world, as a trace.
//
// A refused connection has an end there too: when its client tries again, or
// when its session would have ended. The policy and key of the world pass it
// over; others, which may admit the connection, need it.
type tape struct {
	tap    func(*trace.Event)
	names  []string // by ConnID, of open connections
	n      int64
	ev     trace.Event
	lost   queue.Refs[lostConn]
	unheld queue.Queue // of lost, by the end
}

// A lostConn is a refused connection that has yet to end.
type lostConn struct {
	name string
	how  engine.How
}

// write writes an event, after the ends that come before it.
func (t *tape) write(ev trace.Event) {
	t.endLost(ev.At)
	t.ev = ev
	t.tap(&t.ev)
}

// endLost ends the refused connections whose time has come.
func (t *tape) endLost(until engine.Time) {
	for {
		at, i, ok := t.unheld.PopBefore(int64(until) + 1)
		if !ok {
			return
		}
		l := t.lost.Take(i)
		t.ev = trace.Event{Op: trace.Disconnect, At: engine.Time(at), Conn: l.name, How: l.how}
		t.tap(&t.ev)
	}
}

// lose notes the end of the connection that was refused last.
func (t *tape) lose(until engine.Time, how engine.How) {
	t.unheld.Push(int64(until), ends, t.lost.Add(lostConn{connName(t.n), how}))
}

func connName(n int64) string { return "c" + strconv.FormatInt(n, 10) }

// connect writes down an attempt; id is 0 when it was refused.
func (t *tape) connect(at engine.Time, w *world, c *cohort, v *actor, device int, parent, id engine.ConnID) {
	t.n++
	name := connName(t.n)
	number := w.people[v.person].number
	client := w.client(c, number, device)
	if c.pooled {
		client.Person, client.Device = "", ""
	}
	ev := trace.Event{
		Op: trace.Connect, At: at, Conn: name, Via: c.Via, Addr: client.Addr, User: client.User, Sessionful: client.Sessionful,
		Forwarded: client.Forwarded, Person: client.Person, Device: client.Device, Cohort: c.Name,
	}
	if c.web() {
		ev.Session = c.freshName(c.webs) // where it is the license user ID, too
	}
	if parent != 0 {
		ev.Parent = t.names[parent]
	}
	if id != 0 {
		for int(id) >= len(t.names) {
			t.names = append(t.names, "")
		}
		t.names[id] = name
	}
	t.write(ev)
}

func (t *tape) disconnect(at engine.Time, id engine.ConnID, how engine.How) {
	t.write(trace.Event{Op: trace.Disconnect, At: at, Conn: t.names[id], How: how})
}

func (t *tape) page(at engine.Time, id engine.ConnID) {
	t.write(trace.Event{Op: trace.Page, At: at, Conn: t.names[id]})
}

func (t *tape) login(at engine.Time, id engine.ConnID, user string) {
	t.write(trace.Event{Op: trace.Login, At: at, Conn: t.names[id], ID: user})
}
