package target

import (
	"bufio"
	"cmp"
	"errors"
	"io"
	"math"
	"strconv"
	"sync"
	"time"

	"highwater/engine"
	"highwater/engine/msglog"
	"highwater/scenario"
	"highwater/sim"
	"highwater/sim/result"
	"highwater/sim/trace"
	"highwater/sim/wire"
)

// A core is the license table of a target and all that happens to it. Who
// enters it has the lock and an instant; everything due by then has happened.
type core struct {
	o    *Options
	port int

	mu     sync.Mutex
	began  time.Time
	epoch  time.Time // the wall clock at its time 0; zero when the scenario does not say
	now    engine.Time
	due    engine.Time // what the timer waits for
	timer  *time.Timer
	ended  bool
	alarms alarms
	lost   int    // alarms of refused connections
	n      uint64 // of alarms and of connections over HTTP

	in    *engine.Instance
	live  *sim.Live // nil without a scenario
	tape  tape
	log   *msglog.Writer
	lines *bufio.Writer // of the log
	flush *time.Timer

	apps     map[wire.Endpoint]*app
	sessions map[string]*session // by the value of their cookie
	alerts   []msglog.Line       // since somebody asked
	alerted  int64               // in all

	requests, turned, abandoned int64
	answers                     map[int]int64
	granted, moved              int64 // events; a login is both
	refused                     map[string]int64
	first                       *result.Refusal
	state                       result.Target // at the last look
	looked                      time.Time
}

// instanceName is what the trace calls the target.
const instanceName = "highwater"

// never is later than anything.
const never = engine.Time(math.MaxInt64)

// flushEvery is how often what is written reaches its file.
const flushEvery = time.Second

func newCore(o *Options) *core {
	c := &core{
		o: o, began: time.Now(), due: never, apps: map[wire.Endpoint]*app{}, sessions: map[string]*session{},
		answers: map[int]int64{}, refused: map[string]int64{},
	}
	c.epoch = c.began.UTC() // without a scenario it begins then
	if o.Scenario != nil {
		c.epoch = o.Scenario.Start
	}
	c.in = engine.NewInstance(o.Policy, o.Units, c.hear)
	c.lines = bufio.NewWriter(cmp.Or[io.Writer](o.Log, io.Discard))
	logged := c.epoch
	if logged.IsZero() { // the lines have a date in any case
		logged = c.began.Add(-time.Duration(o.Begin) * time.Microsecond).UTC()
	}
	c.log = msglog.NewWriter(c.lines, logged, pid)
	c.log.Trace, c.log.Alert = o.LogTrace, c.alert
	c.log.Of(c.in)
	c.tape.line = 1 // the header's
	if o.Trace != nil {
		c.tape.w = trace.NewWriter(o.Trace, &trace.Header{
			Epoch: c.epoch, Units: o.Units, HasUnits: true, Policy: o.Policy.Base, Options: o.Policy.Changed})
	}
	if o.Scenario != nil {
		c.live = sim.NewLive(o.Scenario, c.in, sim.LiveOptions{
			Keep:  func(s *scenario.Cohort) bool { return !wire.Speaks(s) },
			Trace: c.write, Number: func() int64 { return c.tape.line + 1 },
		})
		c.openApps(o.Scenario)
	}
	c.mu.Lock()
	defer c.leave()
	c.timer = time.AfterFunc(time.Hour, c.tick)
	c.flush = time.AfterFunc(flushEvery, c.flushAgain)
	return c
}

// pid is the process that the log names: a stand-in has one for all.
const pid = 1

// instant is the time on the target's clock.
func (c *core) instant() engine.Time {
	elapsed := float64(time.Since(c.began)) / 1000 * c.o.Clock
	return max(c.now, c.o.Begin+engine.Time(min(elapsed, float64(engine.MaxTime/2))))
}

// enter takes the lock, and lets happen what is due.
func (c *core) enter() engine.Time {
	c.mu.Lock()
	at := c.instant()
	c.catchUp(at)
	return at
}

// leave sets the timer for what is due next, and gives the lock back.
func (c *core) leave() {
	defer c.mu.Unlock()
	if c.ended {
		return
	}
	next := c.next()
	if expiry, ok := c.in.NextExpiry(); ok {
		next = min(next, expiry)
	}
	if next == c.due {
		return
	}
	c.due = next
	wait := time.Hour
	if next != never {
		real := math.Ceil(float64(next-c.instant())*1000/c.o.Clock) + float64(time.Microsecond)
		wait = time.Duration(min(real, float64(wait)))
	}
	c.timer.Reset(max(0, wait))
}

// tick lets happen what the timer was set for.
func (c *core) tick() {
	defer c.leave()
	c.mu.Lock()
	c.due = never
	if !c.ended {
		c.catchUp(c.instant())
	}
}

// next is when something happens next that is no expiry.
func (c *core) next() engine.Time {
	next := never
	if len(c.alarms) > 0 {
		next = c.alarms[0].at
	}
	if c.live != nil {
		if at, ok := c.live.Next(); ok {
			next = min(next, at)
		}
	}
	return next
}

// catchUp lets everything happen that is due by an instant, each at its own.
func (c *core) catchUp(at engine.Time) {
	for next := c.next(); next <= at; next = c.next() {
		c.now = next
		if len(c.alarms) > 0 && c.alarms[0].at == next {
			c.alarms.first().do(next)
			continue
		}
		c.live.Advance(next)
	}
	c.now = at
	c.in.Advance(at)
}

// hear keeps what the report wants of the table's events.
func (c *core) hear(e engine.Event) {
	switch e.Kind {
	case engine.Granted:
		c.granted++
	case engine.Released:
		if e.Cause == engine.LoggedIn {
			c.moved++
		}
	case engine.Refused:
		c.refuse(e.Refusal)
	}
	c.log.Hear(e)
}

func (c *core) refuse(f *engine.Refusal) {
	c.refused[f.ViaName()]++
	if c.first != nil {
		return
	}
	c.first = &result.Refusal{
		At: f.At, Via: f.ViaName(), Reason: f.Reason.String(),
		Needed: f.Needed, InUse: f.InUse, ClientSees: f.ClientSees(), Connections: f.Connections,
	}
	if f.User != 0 {
		c.first.LicenseUserID = c.in.UserName(c.in.Tag(f.User))
	}
	c.tape.unnamed = c.first
}

// A tape is the trace of a target; without a writer it only counts lines.
type tape struct {
	w       *trace.Writer
	line    int64
	unnamed *result.Refusal // whose connection the next line names
}

// write writes an event.
func (c *core) write(ev *trace.Event) {
	c.tape.line++
	if c.tape.w != nil {
		c.tape.w.Write(ev)
	}
	if f := c.tape.unnamed; f != nil && ev.At == f.At && ev.Op != trace.Disconnect {
		f.Conn, c.tape.unnamed = ev.Conn, nil
	}
}

// A link is a connection over HTTP, or of a job that one has started.
type link struct {
	id   engine.ConnID
	name string
	open bool
}

// mostLost is how many refused connections have an end of their own in the
// trace at once: memory, about 250 bytes each.
const mostLost = 1 << 16

// connect asks for a connection. A refused one is written down as one that
// would have lasted so long.
func (c *core) connect(at engine.Time, who *engine.Client, parent *link, cohort string, length engine.Time) (*link, *engine.Refusal) {
	c.n++
	l := &link{name: "h" + strconv.FormatUint(c.n, 10)}
	ev := trace.Event{
		Op: trace.Connect, At: at, Conn: l.name, HasConn: true, Via: who.Via, Addr: who.Addr, User: who.User,
		Sessionful: who.Sessionful, Forwarded: who.Forwarded, Cohort: cohort,
	}
	up := engine.ConnID(0)
	if parent != nil && parent.open {
		up, ev.Parent = parent.id, parent.name
	}
	id, refusal := c.in.Connect(at, who, up, c.tape.line+1, 0)
	if refusal != nil {
		c.lose(&ev, min(length, engine.Hour))
		return nil, refusal
	}
	l.id, l.open = id, true
	c.write(&ev)
	return l, nil
}

// lose writes down a refused connection, and its end when that comes: written
// at once it may be later than the target's own, and the trace would go on to
// it. A web session ends at once, whatever its first page takes, and a call
// where too many wait for their end.
func (c *core) lose(ev *trace.Event, length engine.Time) {
	if web := ev.Via == engine.CSP || ev.Sessionful; c.tape.w == nil || web || length == 0 || c.lost >= mostLost {
		ev.Op = trace.Request
		c.write(ev)
		return
	}
	c.write(ev)
	c.lost++
	conn := ev.Conn
	c.at(ev.At+length, func(at engine.Time) {
		c.lost--
		c.write(&trace.Event{Op: trace.Disconnect, At: at, Conn: conn, How: engine.Exit})
	})
}

func (c *core) disconnect(at engine.Time, l *link, how engine.How) {
	l.open = false
	c.in.Disconnect(at, l.id, how)
	c.write(&trace.Event{Op: trace.Disconnect, At: at, Conn: l.name, How: how})
}

// flushAgain writes what is buffered, and does so again soon.
func (c *core) flushAgain() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.ended {
		_ = c.written() // the error stays, and is told at the end
		c.flush.Reset(flushEvery)
	}
}

// written writes what is buffered, and tells what went wrong in writing.
func (c *core) written() error {
	var errs []error
	if c.tape.w != nil {
		errs = append(errs, c.tape.w.Flush())
	}
	return errors.Join(append(errs, c.lines.Flush())...)
}

// end stops the timers, and says what came of it all. The last line of the
// trace is that the instance goes down, which changes nothing in what is
// counted: the units in use until then are in the trace as they are here.
func (c *core) end() (*result.Target, error) {
	defer c.leave()
	at := c.enter()
	c.ended = true
	c.write(&trace.Event{Op: trace.Instance, At: at, Name: instanceName})
	c.timer.Stop()
	c.flush.Stop()
	return c.report(), c.written()
}
