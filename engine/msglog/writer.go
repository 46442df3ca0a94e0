package msglog

import (
	"io"
	"time"

	"highwater/engine"
)

// quiet is how long after an alert no other one is written; the next one
// counts what was exceeded meanwhile. The documents do not say how long that
// is, only that one alert can stand for many refusals.
const quiet = engine.Hour

// A Writer writes the license lines of an instance, as it hears of its events.
type Writer struct {
	// Alert hears of each line that is severe or worse, too; nil does not.
	Alert func(Line)
	// Trace has logins and logouts written, too.
	Trace bool

	w     io.Writer
	epoch time.Time
	pid   int
	in    *engine.Instance
	err   error
	buf   []byte

	since   engine.Time // of the last alert
	alerted bool
	times   int64 // exceeded since then
}

// NewWriter writes lines of a process; the epoch is what instant 0 is.
func NewWriter(w io.Writer, epoch time.Time, pid int) *Writer {
	return &Writer{w: w, epoch: epoch, pid: pid}
}

// Of says whose events it will hear.
func (w *Writer) Of(in *engine.Instance) { w.in = in }

// Err is the first error in writing.
func (w *Writer) Err() error { return w.err }

// Hear writes what an event of the instance has to tell.
func (w *Writer) Hear(e engine.Event) {
	switch {
	case e.Kind == engine.Refused:
		w.refused(e)
	case !w.Trace || e.User == 0:
	case e.Kind == engine.Granted && e.Conn != 0:
		w.trace(e, Trace{Result: w.in.RowConnections(e.User)})
	case e.Kind == engine.Released && e.Conn != 0 && e.Cause != engine.HoldEnded: // whose call has ended before
		w.trace(e, Trace{Logout: true, Result: 1})
	}
}

// Write writes a line of another kind.
func (w *Writer) Write(at engine.Time, severity Severity, event, text string) {
	l := Line{w.clock(at), w.pid, severity, event, text}
	if severity >= Severe && w.Alert != nil {
		w.Alert(l)
	}
	w.buf = l.Append(w.buf[:0])
	if _, err := w.w.Write(w.buf); err != nil && w.err == nil {
		w.err = err
	}
}

// refused counts a refusal for lack of units and alerts, unless it has lately.
// Refusals by SetConnectionLimit are not written (rules: connection-limit).
func (w *Writer) refused(e engine.Event) {
	if w.Trace && e.User != 0 {
		w.trace(e, Trace{})
	}
	if r := e.Refusal.Reason; r != engine.LimitReached && r != engine.UserLimitReached {
		return
	}
	w.times++
	if w.alerted && e.At < w.since+quiet {
		return
	}
	x := Exceeded{Times: w.times}
	if w.alerted {
		x.Since = w.clock(w.since)
	}
	w.alerted, w.since, w.times = true, e.At, 0
	w.Write(e.At, Severe, Generic, x.String())
}

func (w *Writer) clock(at engine.Time) time.Time {
	return w.epoch.Add(time.Duration(at) * time.Microsecond)
}

// trace writes a login or logout.
func (w *Writer) trace(e engine.Event, t Trace) {
	t.Role, t.UserID = "User", w.in.UserName(w.in.Tag(e.User))
	switch e.Via {
	case engine.CSP, engine.REST, engine.SOAP:
		t.Role, t.Routine = "CSP", "%SYS.cspServer"
	case engine.Diagnostic:
		t.Role = "Diagnostic"
	}
	w.Write(e.At, Info, Generic, t.String())
}
