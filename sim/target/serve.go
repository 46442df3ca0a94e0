package target

import (
	"net/http"

	"highwater/engine"
	"highwater/sim/trace"
	"highwater/sim/wire"
)

// count counts an answer.
func (c *core) count(status int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.requests++
	c.answers[status]++
}

// serve does what a visit wants. It is false when the client did not wait for
// the answer.
func (c *core) serve(r *http.Request, v *visit) (answer, bool) {
	a, ready, leave := c.begin(v)
	if ready == nil {
		return a, true
	}
	select {
	case <-ready:
		return a, true
	case <-r.Context().Done():
		leave()
		return answer{}, false
	}
}

// Texts of what a target itself cannot do.
const (
	tooManySessions = "the target has as many web sessions as it can hold"
	tooManyUsers    = "the target has seen as many license user IDs as it can hold"
)

// begin begins a visit. Ready is closed at its end; nil is at once. Leave ends
// it before, as a client that has gone away does.
func (c *core) begin(v *visit) (a answer, ready chan struct{}, leave func()) {
	defer c.leave()
	at := c.enter()
	s := c.sessions[v.value]
	a.status = http.StatusOK
	switch {
	case v.logout:
		if s != nil {
			c.closeSession(at, s, engine.Logout)
		}
		a.gone = true
		return a, nil, nil
	case s == nil && v.use && len(c.sessions) >= c.o.MaxSessions:
		c.turned++
		return answer{status: http.StatusTooManyRequests, text: tooManySessions}, nil, nil
	case c.in.Users() >= maxUsers:
		c.turned++
		return answer{status: http.StatusTooManyRequests, text: tooManyUsers}, nil, nil
	}
	length := v.draws.Duration(v.service)
	l, first := (*link)(nil), s == nil
	if first {
		var refusal *engine.Refusal
		if l, refusal = c.connect(at, &v.who, nil, v.cohort, length); refusal != nil {
			return refused(refusal), nil, nil
		}
		if v.use {
			s = c.openSession(v.app, l)
			a.cookie = s.value
		}
	} else {
		l = s.link
		c.page(at, s)
	}
	c.startJobs(at, v.app, l, first)
	if s != nil {
		s.busy++
	}
	if v.isForm {
		a.status, a.text = c.login(at, l, v.login)
	}
	ready, leave = c.run(at, length, l, s)
	return a, ready, leave
}

// run lets a request take its time: a call outside of a web session ends with
// it. What takes none has ended when it returns.
func (c *core) run(at, length engine.Time, l *link, s *session) (ready chan struct{}, leave func()) {
	over := false
	end := func(at engine.Time) {
		if over {
			return
		}
		over = true
		if s != nil {
			c.rest(at, s)
		} else {
			c.disconnect(at, l, engine.Exit)
		}
		if ready != nil {
			close(ready)
		}
	}
	if length == 0 {
		end(at)
		return nil, nil
	}
	ready = make(chan struct{})
	x := c.at(at+length, end)
	return ready, func() {
		defer c.leave()
		at := c.enter()
		if !over {
			c.abandoned++
			c.cancel(x)
		}
		end(at)
	}
}

// page notes one more page of a session.
func (c *core) page(at engine.Time, s *session) {
	c.in.Page(at, s.id)
	c.write(&trace.Event{Op: trace.Page, At: at, Conn: s.name})
}

// login tries an explicit login (rules: login).
func (c *core) login(at engine.Time, l *link, user string) (status int, text string) {
	err := c.in.Login(at, l.id, user)
	status = http.StatusOK
	if refusal, ok := err.(*engine.Refusal); ok {
		status, text = wire.Status(refusal.ClientSees())
	} else if err != nil {
		status, text = http.StatusBadRequest, err.Error()
	}
	c.write(&trace.Event{Op: trace.Login, At: at, Conn: l.name, ID: user})
	return status, text
}

// refused is what a refused client gets.
func refused(f *engine.Refusal) answer {
	status, text := wire.Status(f.ClientSees())
	return answer{status: status, text: text}
}
