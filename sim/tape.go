package sim

import (
	"strconv"

	"highwater/engine"
	"highwater/sim/trace"
)

// A tape writes down what happens in a world, as a trace.
type tape struct {
	tap   func(*trace.Event)
	names []string // by ConnID, of open connections
	n     int64
	ev    trace.Event
}

// connect writes down an attempt; id is 0 when it was refused.
func (t *tape) connect(at engine.Time, w *world, c *cohort, v *actor, device int, parent, id engine.ConnID, user engine.UserID) {
	t.n++
	name := "c" + strconv.FormatInt(t.n, 10)
	number := w.people[v.person].number
	client := w.client(c, number, device)
	if c.pooled {
		client.Person, client.Device = "", ""
	}
	t.ev = trace.Event{
		Op: trace.Connect, At: at, Conn: name, Via: c.Via, Addr: client.Addr, User: client.User, Sessionful: client.Sessionful,
		Forwarded: client.Forwarded, Person: client.Person, Device: client.Device, Cohort: c.Name,
	}
	if c.web() {
		t.ev.Session = c.slug + "#" + strconv.FormatInt(t.n, 10)
	}
	if parent != 0 {
		t.ev.Parent = t.names[parent]
	}
	if id != 0 {
		for int(id) >= len(t.names) {
			t.names = append(t.names, "")
		}
		t.names[id] = name
	}
	t.tap(&t.ev)
}

func (t *tape) disconnect(at engine.Time, id engine.ConnID, how engine.How) {
	t.ev = trace.Event{Op: trace.Disconnect, At: at, Conn: t.names[id], How: how}
	t.tap(&t.ev)
}

func (t *tape) page(at engine.Time, id engine.ConnID) {
	t.ev = trace.Event{Op: trace.Page, At: at, Conn: t.names[id]}
	t.tap(&t.ev)
}

func (t *tape) login(at engine.Time, id engine.ConnID, user string) {
	t.ev = trace.Event{Op: trace.Login, At: at, Conn: t.names[id], ID: user}
	t.tap(&t.ev)
}
