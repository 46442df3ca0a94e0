// Package trace reads, writes and replays traces: what users, devices and
// callers did, one event a line (see highwater help trace).
//
// A trace is a stream. Readers and writers hold one event at a time; a
// [Replay] holds what is open at once.
package trace

import (
	"fmt"
	"time"

	"highwater/engine"
)

// Op is what an event does.
type Op uint8

// The operations, by the names that traces use.
const (
	Connect Op = iota + 1
	Page
	Login
	Disconnect
	Request
	Key
	Server
	Instance
	numOps = iota + 1
)

var opNames = [numOps]string{
	Connect: "connect", Page: "page", Login: "login", Disconnect: "disconnect",
	Request: "request", Key: "key", Server: "server", Instance: "instance",
}

func (o Op) String() string { return opNames[o] }

// An Event is one line of a trace.
type Event struct {
	Op    Op
	Line  int64 // line number from 1; names what has no name of its own
	At    engine.Time
	Clock int64       // instead of At: nanoseconds since 1970, when HasClock
	For   engine.Time // request: how long it runs
	Conn  string      // unique while open; "" for a request without a name

	Via        engine.Via
	Addr       string
	User       string
	Session    string
	Sessionful bool // a REST or SOAP call inside a web session
	Forwarded  string
	Person     string
	Device     string
	Parent     string // a job's
	Cohort     string
	Instance   string

	How   engine.How // disconnect; 0 is the usual one
	ID    string     // login
	Units int        // key
	Name  string     // server, instance
	Up    bool       // server, instance

	HasClock bool
	HasConn  bool // a request's Conn is a name, though it may be empty
}

// A Header says how a trace was made. All of it is optional.
type Header struct {
	Epoch   time.Time   // what instant 0 is; zero when not said
	End     engine.Time // a horizon later than the last event; 0 when not said
	Units   int         // the key's units, when HasUnits
	Policy  string
	Options []engine.Setting

	Schedule string // SHA-256 in hex of the schedule of an attack that it came of; "" when not said

	HasUnits bool
}

// A Reader yields the events of a trace in order of time, io.EOF after the
// last. The event is valid until the next call; who keeps its texts for long
// clones them, as they keep what was read with them in memory. After a
// *[LineError] the next call goes on with the next line.
type Reader interface {
	Next() (*Event, error)
}

// A LineError says what is wrong with a line of a trace.
type LineError struct {
	File string
	Line int64
	Msg  string
}

func (e *LineError) Error() string { return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Msg) }
