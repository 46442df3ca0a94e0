package engine

import (
	"cmp"
	"slices"
)

// A RowState is a row of a table as it is at an instant.
type RowState struct {
	User         UserID
	Tag          uint64
	Units        int // what it costs, units set apart not included
	Transitioned bool
	Hold, Grace  Time        // ends; 0 when not running
	Apart        []Time      // ends of the units set apart
	Conns        []ConnState // in the order of their begin
}

// A ConnState is a connection as it is at an instant.
type ConnState struct {
	ID    ConnID
	Via   Via
	Web   bool // a web session
	Start Time
	Pages int  // of a web session: 1, or 2 for more
	Open  bool // else a finished call that still counts
	Until Time // when it stops counting; 0 while that is not known
}

// Rows lists the rows that cost units, with their connections, in no order. It
// changes nothing: a [Listener] may call it, when it hears of a refusal.
func (t *Table) Rows() []RowState {
	var list []RowState
	place := make([]int, len(t.rows)) // in the list, from 1
	for i := 1; i < len(t.rows); i++ {
		if r := &t.rows[i]; r.units+r.apart > 0 {
			list = append(list, RowState{
				User: UserID(i), Tag: t.tags[i], Units: int(r.units), Transitioned: r.transitioned, Hold: r.hold, Grace: r.grace})
			place[i] = len(list)
		}
	}
	for _, a := range t.setApart {
		r := &list[place[a.user]-1]
		r.Apart = append(r.Apart, a.until)
	}
	for i := 1; i < len(t.conns); i++ {
		if c := &t.conns[i]; c.charged {
			r := &list[place[c.user]-1]
			r.Conns = append(r.Conns, ConnState{
				ID: ConnID(i), Via: c.via, Web: c.web(), Start: c.start, Pages: int(c.pages), Open: c.open, Until: c.holdEnd})
		}
	}
	for _, e := range t.lagged.items[t.lagged.head:] {
		if c := &t.conns[e.who]; c.charged {
			r := &list[place[c.user]-1]
			i := slices.IndexFunc(r.Conns, func(s ConnState) bool { return s.ID == e.who })
			r.Conns[i].Until = e.at
		}
	}
	for i := range list {
		slices.SortFunc(list[i].Conns, func(a, b ConnState) int { return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.ID, b.ID)) })
	}
	return list
}
