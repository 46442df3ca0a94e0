package trace

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"highwater/engine"
	"highwater/sim/queue"
	"highwater/sim/result"
)

// Options say how to replay a trace.
type Options struct {
	Policy engine.Policy
	Units  int         // of the key; 0 is unlimited
	End    engine.Time // a horizon later than the last event; 0 is none

	Epoch   time.Time // what instant 0 is; zero takes the first clock time
	Name    string    // of the trace, for messages
	Lenient bool      // skip lines that are not valid, and count them

	// Usage hears of each change in use, in order; nil does not listen.
	Usage func(at engine.Time, units, connections int)
	// Refused hears of each refusal, in order; nil does not listen.
	Refused func(at engine.Time)
}

// A Replay drives an instance by the events of a trace.
type Replay struct {
	o   Options
	in  *engine.Instance
	res result.Replay

	epoch    int64 // nanoseconds since 1970
	hasEpoch bool
	last     engine.Time // of the last valid event

	open    openConns
	ends    queue.Queue // of requests
	refused refusedConns

	usage [2]int // units and connections last told
	over  map[uint64]int

	x *Explainer // looks on; nil when nobody does
}

// NewReplay makes a replay with nobody connected.
func NewReplay(o Options) *Replay {
	r := &Replay{
		o: o, refused: refusedConns{names: map[string]struct{}{}},
		res: result.Replay{
			Schema: result.Schema, Policy: o.Policy.Name, Options: o.Policy.Changed, LimitOn: o.Policy.LimitOn.String(), Units: o.Units, End: o.End,
			RefusedByVia: map[string]int64{}, Transitions: []result.Transition{}, Top: []result.Holder{},
		},
	}
	if !o.Epoch.IsZero() {
		r.epoch, r.hasEpoch = o.Epoch.UnixNano(), true
	}
	if o.Lenient {
		r.res.Skipped = new(int64)
	}
	if o.Policy.Contract && o.Policy.ContractOver == engine.FlagOnly {
		r.over = map[uint64]int{}
	}
	r.open.index.Text = r.open.text
	r.in = engine.NewInstance(o.Policy, o.Units, r.hear)
	return r
}

// Run replays all of a trace.
func Run(r Reader, o Options) (*result.Replay, error) {
	p := NewReplay(o)
	if err := p.All(r); err != nil {
		return nil, err
	}
	return p.Finish(), nil
}

// All does the events of a trace to its end.
func (r *Replay) All(from Reader) error {
	for {
		ev, err := from.Next()
		if err == io.EOF {
			return nil
		}
		if err == nil {
			err = r.Apply(ev)
		}
		if _, invalid := err.(*LineError); invalid && r.o.Lenient {
			*r.res.Skipped++
			continue
		}
		if err != nil {
			return err
		}
	}
}

// Epoch is what instant 0 is, zero when neither the options nor the events so
// far say so.
func (r *Replay) Epoch() time.Time {
	if r.o.Epoch.IsZero() && r.hasEpoch {
		return time.Unix(0, r.epoch).UTC()
	}
	return r.o.Epoch
}

// hear keeps what the result wants of the table's events.
func (r *Replay) hear(e engine.Event) {
	if r.x != nil {
		r.x.hear(e)
	}
	if e.Kind == engine.Transitioned {
		r.res.Transitions = append(r.res.Transitions, result.Transition{
			At: e.At, LicenseUserID: r.in.UserName(r.in.Tag(e.User)), Connections: e.RowConnections})
	}
	if r.o.Usage != nil && (r.usage[0] != e.InUse || r.usage[1] != e.Connections) {
		r.usage = [2]int{e.InUse, e.Connections}
		r.o.Usage(e.At, e.InUse, e.Connections)
	}
}

// Apply does one event. An event that is not valid is a *[LineError] and has
// no effect at all.
func (r *Replay) Apply(ev *Event) error {
	at, err := r.instant(ev)
	if err != nil {
		return err
	}
	slot, err := r.find(ev, at)
	if err != nil {
		return err
	}
	if ev.HasClock && !r.hasEpoch {
		r.epoch, r.hasEpoch = ev.Clock, true
	}
	r.last = at
	r.res.Events++
	r.res.End = max(r.res.End, at, at+ev.For)
	if r.x != nil {
		r.x.before(at, ev, slot)
	}
	r.endRequests(at)
	switch ev.Op {
	case Connect, Request:
		r.connect(at, ev)
	case Page:
		if slot >= 0 {
			r.in.Page(at, r.open.list[slot].conn)
		}
	case Login:
		if slot >= 0 {
			r.login(at, ev, slot)
		}
	case Disconnect:
		if slot >= 0 {
			r.in.Disconnect(at, r.open.list[slot].conn, ev.How)
			r.open.close(slot)
		}
	case Key:
		r.in.SetKey(at, ev.Units)
	}
	return nil
}

// instant is the event's time since the start.
func (r *Replay) instant(ev *Event) (engine.Time, error) {
	at := ev.At
	if ev.HasClock {
		epoch := r.epoch
		if !r.hasEpoch {
			epoch = ev.Clock
		}
		if ev.Clock < epoch {
			return 0, r.errorf(ev, "time is before the epoch")
		}
		at = engine.Time((uint64(ev.Clock) - uint64(epoch) + 500) / 1000) // the difference of int64s fits a uint64
	}
	if at < r.last {
		return 0, r.errorf(ev, "time goes backwards, from %s to %s", r.last.AppendSeconds(nil), at.AppendSeconds(nil))
	}
	if at > engine.MaxTime-ev.For {
		return 0, r.errorf(ev, "at and for must be less than 285 years")
	}
	return at, nil
}

func (r *Replay) errorf(ev *Event, format string, args ...any) error {
	return &LineError{r.o.Name, ev.Line, fmt.Sprintf(format, args...)}
}

// find looks at whether the event's connection may be open at that time. The
// slot is the open one's, or negative when the event does nothing.
func (r *Replay) find(ev *Event, at engine.Time) (int32, error) {
	switch ev.Op {
	case Connect, Request:
		name := ev.Conn
		if !ev.named() {
			if r.open.hashes == 0 {
				return -1, nil
			}
			name = lineName(ev.Line)
		}
		if r.open.find(name, at) >= 0 {
			return -1, r.errorf(ev, "connection %q is open", name)
		}
	case Page, Login, Disconnect:
		if slot := r.open.find(ev.Conn, at); slot >= 0 {
			return slot, nil
		}
		if !r.refused.has(ev.Conn) {
			return -1, r.errorf(ev, "connection %q is not open", ev.Conn)
		}
	}
	return -1, nil
}

// connect opens a connection, and has a request end in time.
func (r *Replay) connect(at engine.Time, ev *Event) {
	parent := engine.ConnID(0)
	if ev.Via == engine.Job && ev.Parent != "" {
		if up := r.open.find(ev.Parent, at); up >= 0 {
			parent = r.open.list[up].conn
		}
	}
	c := engine.Client{
		Via: ev.Via, Addr: ev.Addr, User: ev.User, Session: ev.Session, Sessionful: ev.Sessionful,
		Forwarded: ev.Forwarded, Person: ev.Person, Device: ev.Device,
	}
	id, refusal := r.in.Connect(at, &c, parent, ev.Line, 0)
	if r.x != nil {
		r.x.tried()
	}
	if refusal != nil {
		r.refuse(ev, refusal)
		r.refused.add(ev)
		return
	}
	r.refused.remove(ev)
	r.count(ev.Via, id)
	switch {
	case ev.Op == Request && ev.For == 0:
		r.in.Disconnect(at, id, 0)
	case ev.Op == Request:
		r.ends.Push(int64(at+ev.For), 0, int(r.open.add(ev, id, at+ev.For)))
	default:
		r.open.add(ev, id, 0)
	}
}

// count counts an admitted connection.
func (r *Replay) count(via engine.Via, id engine.ConnID) {
	if !r.in.Charged(id) {
		r.res.Uncharged++
		return
	}
	r.res.Admitted++
	r.noteOver(id)
}

// noteOver notes whether a connection brought its user over the contract's
// number (rules: contract-over).
func (r *Replay) noteOver(id engine.ConnID) {
	if r.over == nil {
		return
	}
	user := r.in.UserOf(id)
	if n := r.in.RowConnections(user); n > engine.ContractConnections {
		tag := r.in.Tag(user)
		r.over[tag] = max(r.over[tag], n)
	}
}

// endRequests ends the requests whose time has come.
func (r *Replay) endRequests(at engine.Time) {
	for {
		next, ok := r.ends.Next()
		if !ok || engine.Time(next) > at {
			return
		}
		_, ref, _ := r.ends.Pop()
		slot := int32(ref)
		if r.open.list[slot].alive {
			r.in.Disconnect(engine.Time(next), r.open.list[slot].conn, 0)
			r.open.close(slot)
		}
		r.open.free = append(r.open.free, slot)
	}
}

func (r *Replay) login(at engine.Time, ev *Event, slot int32) {
	err := r.in.Login(at, r.open.list[slot].conn, ev.ID)
	if r.x != nil {
		r.x.tried()
	}
	if refusal, ok := err.(*engine.Refusal); ok {
		r.refuse(ev, refusal)
		return
	}
	r.noteOver(r.open.list[slot].conn)
}

// refuse counts a refusal and keeps the first.
func (r *Replay) refuse(ev *Event, f *engine.Refusal) {
	if r.o.Refused != nil {
		r.o.Refused(f.At)
	}
	r.res.Refused++
	r.res.RefusedByVia[f.ViaName()]++
	if r.res.FirstRefusal != nil {
		return
	}
	conn := lineName(ev.Line)
	if ev.named() {
		conn = strings.Clone(ev.Conn)
	}
	first := &result.Refusal{
		At: f.At, Conn: conn, Via: f.ViaName(), Reason: f.Reason.String(),
		Needed: f.Needed, InUse: f.InUse, ClientSees: f.ClientSees(), Connections: f.Connections,
	}
	if f.User != 0 {
		first.LicenseUserID = r.in.UserName(f.Tag)
	}
	r.res.FirstRefusal = first
}

// Finish goes on to the end of the trace and says what came of it.
func (r *Replay) Finish() *result.Replay {
	end := r.res.End
	r.endRequests(end)
	r.in.Advance(end)
	r.res.Peak, r.res.PeakConnections = r.in.Peak(), r.in.PeakConnections()
	r.res.UnitsAtEnd, r.res.UnitSeconds = r.in.InUse(), r.in.UnitTime()
	for _, h := range r.in.Holders() {
		r.res.Top = append(r.res.Top, result.Holder{
			LicenseUserID: r.in.UserName(h.Tag), UnitsAtPeak: h.Units, ConnectionsAtPeak: h.Connections, UnitSeconds: h.UnitTime})
	}
	slices.SortFunc(r.res.Top, result.Holder.Compare)
	r.res.Top = r.res.Top[:min(result.TopHolders, len(r.res.Top))]
	for tag, n := range r.over {
		r.res.OverContract = append(r.res.OverContract, result.OverContract{LicenseUserID: r.in.UserName(tag), Connections: n})
	}
	slices.SortFunc(r.res.OverContract, func(a, b result.OverContract) int {
		return cmp.Or(b.Connections-a.Connections, cmp.Compare(a.LicenseUserID, b.LicenseUserID))
	})
	return &r.res
}
