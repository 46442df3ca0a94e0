package engine

import (
	"cmp"
	"reflect"
	"slices"
	"testing"

	diff "github.com/google/go-cmp/cmp"
)

// compareRows: the rows are what a recount of the connections finds.
func (r *race) compareRows() {
	got := r.table.Rows()
	slices.SortFunc(got, func(a, b RowState) int { return cmp.Compare(a.Tag, b.Tag) })
	var want []RowState
	for i := range r.m.ids {
		tag := uint64(i)
		if s := r.m.rowState(tag); s.Units+len(s.Apart) > 0 {
			want = append(want, s)
		}
	}
	sum := 0
	for i := range got {
		s := &got[i]
		sum += s.Units + len(s.Apart)
		if tag := r.table.Tag(s.User); tag != s.Tag {
			r.t.Fatalf("at %d: row of user %d has tag %d, want %d", r.m.now, s.User, s.Tag, tag)
		}
		s.User = 0 // the model has none
	}
	if !reflect.DeepEqual(want, got) {
		r.t.Fatalf("at %d: Rows() (-want +got):\n%s", r.m.now, diff.Diff(want, got))
	}
	if sum != r.table.InUse() {
		r.t.Fatalf("at %d: rows cost %d units, %d are in use", r.m.now, sum, r.table.InUse())
	}
}

// rowState is what the row of a license user ID must be.
func (m *model) rowState(tag uint64) RowState {
	id := m.id(tag)
	s := RowState{Tag: tag, Units: m.row(tag), Transitioned: id.transitioned}
	if id.hold > m.now {
		s.Hold = id.hold
	}
	if id.grace > m.now {
		s.Grace = id.grace
	}
	for _, a := range m.apart {
		if a.tag == tag {
			s.Apart = append(s.Apart, a.until)
		}
	}
	for _, c := range m.list {
		if c.charged && c.tag == tag {
			s.Conns = append(s.Conns, ConnState{
				ID: c.id, Via: c.via, Web: c.web(), Start: c.start, Pages: min(c.pages, 2), Open: !c.finished, Until: max(c.until, c.timesOut)})
		}
	}
	slices.SortFunc(s.Conns, func(a, b ConnState) int { return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.ID, b.ID)) })
	return s
}

// Rows by hand: one row of each kind.
func TestRows(t *testing.T) {
	p := defaults
	p.MaxConnections, p.GraceReuse, p.TimeoutLag = 2, false, 5*Second
	table := NewTable(p, 0, nil)
	user := func() UserID { return table.AddUser(uint64(len(table.rows))) }
	connect := func(at Time, u UserID, v Via) ConnID {
		id, refusal := table.Connect(at*Second, Request{User: u, Via: v})
		if refusal != nil {
			t.Fatal(refusal)
		}
		return id
	}
	crowd, held, back, gone := user(), user(), user(), user()
	a, b, c := connect(0, crowd, Terminal), connect(1, crowd, XDBC), connect(2, crowd, Job)
	table.Disconnect(3*Second, connect(2, held, REST), 0)
	table.Disconnect(4*Second, connect(3, back, CSP), 0)
	d := connect(5, back, CSP)
	table.Page(6*Second, d)
	e := connect(6, gone, CSP)
	table.Disconnect(7*Second, e, Timeout)
	table.Disconnect(8*Second, connect(8, user(), Terminal), 0)
	want := []RowState{
		{User: crowd, Tag: 1, Units: 3, Transitioned: true, Conns: []ConnState{
			{ID: a, Via: Terminal, Pages: 1, Open: true},
			{ID: b, Via: XDBC, Start: Second, Pages: 1, Open: true},
			{ID: c, Via: Job, Start: 2 * Second, Pages: 1, Open: true},
		}},
		{User: held, Tag: 2, Units: 1, Hold: 12 * Second},
		{User: back, Tag: 3, Units: 1, Apart: []Time{604 * Second}, Conns: []ConnState{{ID: d, Via: CSP, Web: true, Start: 5 * Second, Pages: 2, Open: true}}},
		{User: gone, Tag: 4, Units: 1, Conns: []ConnState{{ID: e, Via: CSP, Web: true, Start: 6 * Second, Pages: 1, Open: true, Until: 12 * Second}}},
	}
	if d := diff.Diff(want, table.Rows()); d != "" {
		t.Errorf("rows (-want +got):\n%s", d)
	}
	table.Advance(10 * Hour)
	for _, id := range []ConnID{a, b, c, d} {
		table.Disconnect(10*Hour, id, Kill)
	}
	if rows := table.Rows(); rows != nil {
		t.Errorf("%v left, want none", rows)
	}
}
