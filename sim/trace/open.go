package trace

import (
	"slices"
	"strconv"
	"strings"

	"highwater/engine"
	"highwater/engine/names"
)

// A handle is a connection that is open under a name.
type handle struct {
	name  string
	hash  names.Hash
	named bool // else it is a request that is named by its line
	timed bool // a request
	alive bool
	line  int64 // of a request
	conn  engine.ConnID
	ends  engine.Time // of a request
}

// openConns are the connections of a trace that are open.
type openConns struct {
	list   []handle
	free   []int32 // slots of list
	index  names.Index
	hashes int // names that look like a line's
}

func (o *openConns) text(slot int32) string { return o.list[slot].name }

// lineName is the name of a request that has none.
func lineName(line int64) string { return "#" + strconv.FormatInt(line, 10) }

// lineOf is the line that a name stands for, 0 for any other name.
func lineOf(name string) int64 {
	if len(name) < 2 || name[0] != '#' || name[1] == '0' || name[1] == '+' {
		return 0
	}
	n, err := strconv.ParseInt(name[1:], 10, 64)
	if err != nil || n < 0 {
		return 0
	}
	return n
}

// named reports whether an event's connection has a name of its own.
func (ev *Event) named() bool { return ev.Op != Request || ev.Conn != "" || ev.HasConn }

// find is the slot of the connection that is open under a name at a time, when
// requests that end by then have ended; negative when there is none.
func (o *openConns) find(name string, at engine.Time) int32 {
	slot, ok := o.index.Find(names.HashOf(name), name)
	if !ok {
		slot = -1
		if line := lineOf(name); line != 0 {
			slot = int32(slices.IndexFunc(o.list, func(h handle) bool { return h.alive && h.line == line && !h.named }))
		}
	}
	if slot >= 0 && o.list[slot].timed && o.list[slot].ends <= at {
		return -1
	}
	return slot
}

// add keeps a connection under its name. A request ends at its time; ends is 0
// for any other.
func (o *openConns) add(ev *Event, id engine.ConnID, ends engine.Time) int32 {
	h := handle{named: ev.named(), timed: ev.Op == Request, alive: true, line: ev.Line, conn: id, ends: ends}
	slot := int32(len(o.list))
	if n := len(o.free); n > 0 {
		slot = o.free[n-1]
		o.free = o.free[:n-1]
	} else {
		o.list = append(o.list, handle{})
	}
	if h.named {
		h.name, h.hash = strings.Clone(ev.Conn), names.HashOf(ev.Conn)
		o.index.Insert(h.hash, slot)
		if strings.HasPrefix(h.name, "#") {
			o.hashes++
		}
	}
	o.list[slot] = h
	return slot
}

// close frees a name. A request's slot stays until its time, so that it is
// not another's by then.
func (o *openConns) close(slot int32) {
	h := &o.list[slot]
	h.alive = false
	if h.named {
		o.index.Delete(h.hash, slot)
		if strings.HasPrefix(h.name, "#") {
			o.hashes--
		}
	}
	if !h.timed {
		o.free = append(o.free, slot)
	}
}

// refusedConns are names that stand for refused connections: their pages,
// logins and ends are passed over.
type refusedConns struct {
	names map[string]struct{}
	lines []int64 // of requests that are named by their line, ascending
}

func (r *refusedConns) has(name string) bool {
	if _, ok := r.names[name]; ok {
		return true
	}
	_, ok := slices.BinarySearch(r.lines, lineOf(name))
	return ok
}

func (r *refusedConns) add(ev *Event) {
	if ev.named() {
		r.names[strings.Clone(ev.Conn)] = struct{}{}
	} else {
		r.lines = append(r.lines, ev.Line)
	}
}

// remove ends that the event's name stands for a refused connection.
func (r *refusedConns) remove(ev *Event) {
	switch {
	case len(r.names) == 0 && len(r.lines) == 0:
	case ev.named():
		delete(r.names, ev.Conn)
		if i, ok := slices.BinarySearch(r.lines, lineOf(ev.Conn)); ok {
			r.lines = slices.Delete(r.lines, i, i+1)
		}
	default:
		delete(r.names, lineName(ev.Line))
	}
}
