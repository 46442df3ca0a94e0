package sim

import (
	"highwater/engine"
	"highwater/scenario"
)

// wants is how many connections a session opens on each of how many devices.
func (c *cohort) wants(v *actor) (devices, each int) {
	devices, each = 1, 1
	if c.Devices.Law != scenario.Unset {
		devices = max(1, count(&c.Devices, draw(v.stream, forDevices, 0)))
	}
	if c.Connections.Law != scenario.Unset {
		each = max(1, count(&c.Connections, draw(v.stream, forConnections, uint64(v.page))))
	}
	return devices, each
}

// open opens what a session needs at once: on each device so many
// connections, all or nothing.
func (w *world) open(at engine.Time, c *cohort, v *actor) *engine.Refusal {
	devices, each := c.wants(v)
	if c.pooled {
		return w.pools[c.Through-1].take(w, at, c, v, devices*each)
	}
	for d := range devices {
		for range each {
			refusal := w.connect(at, c, v, d)
			if refusal == nil {
				continue
			}
			kept := *refusal // closing calls the table again
			w.close(at, c, v, engine.Kill)
			return &kept
		}
	}
	return nil
}

// connect opens one connection of a session.
func (w *world) connect(at engine.Time, c *cohort, v *actor, device int) *engine.Refusal {
	form, parent := c.idents.form, engine.ConnID(0)
	ids, p := c, &w.people[v.person]
	if c.Kind == scenario.Jobs {
		if up := w.parentOf(v); up != nil {
			parent = up.conn
			ids, p = &w.cohorts[up.cohort], &w.people[up.person]
			form = w.policy.Form(&engine.Client{Via: engine.Job}, ids.Via)
		}
	}
	if c.web() {
		c.webs++
	}
	user, fresh := w.user(form, ids, p, device, parent)
	id, refusal := w.acct.Connect(at, engine.Request{
		User: user, Via: c.Via, Sessionful: c.UseSession, Anonymous: c.User == scenario.NoUser || c.Login, Label: c.label})
	if w.tape != nil {
		w.tape.connect(at, w, c, v, device, parent, id)
	}
	if fresh {
		if refusal != nil || !c.free {
			w.acct.Retire(user)
		}
	}
	if refusal != nil {
		return refusal
	}
	v.add(id)
	w.noteExceeded(c)
	return nil
}

// noteExceeded notes the first refusal by the key in question.
func (w *world) noteExceeded(c *cohort) {
	if w.watch != nil && w.first == nil && w.watch.Exceeded.Reason != 0 {
		w.noteFirst(c, &w.watch.Exceeded)
	}
}

// parentOf is the session that started a job, nil when it has no open
// connection any more.
func (w *world) parentOf(v *actor) *actor {
	if v.parent == 0 {
		return nil
	}
	up := &w.actors[v.parent]
	if up.born != v.parentBorn || !up.connected() {
		return nil
	}
	return up
}

// close closes a session's connections.
func (w *world) close(at engine.Time, c *cohort, v *actor, how engine.How) {
	if c.pooled {
		w.pools[c.Through-1].busy -= v.shared
		v.shared = 0
		return
	}
	for id := range v.conns {
		w.disconnect(at, c, id, how)
	}
	v.drop()
}

func (w *world) disconnect(at engine.Time, c *cohort, id engine.ConnID, how engine.How) {
	if w.tape != nil {
		w.tape.disconnect(at, id, how)
	}
	if !c.free || c.idents.form != engine.FreshID && c.idents.form != engine.BySession {
		w.acct.Disconnect(at, id, how)
		return
	}
	user := w.acct.UserOf(id) // it has no row that would end with the connection
	w.acct.Disconnect(at, id, how)
	w.acct.Retire(user)
}

func (w *world) page(at engine.Time, id engine.ConnID) {
	if w.tape != nil {
		w.tape.page(at, id)
	}
	w.acct.Page(at, id)
}

// logIn makes one web session log in.
func (w *world) logIn(at engine.Time, c *cohort, p *person, id engine.ConnID, user engine.UserID) *engine.Refusal {
	if w.tape != nil {
		w.tape.login(at, id, c.userName(p.number))
	}
	if !c.shortID {
		client := w.client(c, p.number, 0)
		if _, err := w.loginID(c, &client, p.number); err != nil {
			return nil // too long: the login does nothing (rules: compose)
		}
	}
	refusal := w.acct.Login(at, id, user, c.label)
	w.noteExceeded(c)
	return refusal
}

// A pool is the connections that a proxy keeps open for everybody behind it.
type pool struct {
	conns int
	busy  int32
}

func (p *pool) reset() { *p = pool{} }

// take uses connections of the pool, and lets it open more while it may. A
// full pool shares what it has.
func (p *pool) take(w *world, at engine.Time, c *cohort, v *actor, n int) *engine.Refusal {
	p.busy += int32(n)
	for p.conns < min(c.proxy.Pool, int(p.busy)) {
		refusal := w.connect(at, c, v, 0)
		if refusal == nil {
			p.conns++
			v.drop() // the pool's, to the end of the run
			continue
		}
		if p.conns > 0 {
			w.count(c, refusal)
			break // shared by more
		}
		p.busy -= int32(n)
		return refusal
	}
	v.shared = int32(n)
	return nil
}
