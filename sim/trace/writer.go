package trace

import (
	"bufio"
	"encoding/json"
	"io"
	"strconv"
	"time"

	"highwater/engine"
)

// A Writer writes a trace as JSON lines. Call [Writer.Flush] at the end.
type Writer struct {
	w   *bufio.Writer
	buf []byte
}

// NewWriter writes the header of a trace.
func NewWriter(w io.Writer, h *Header) *Writer {
	t := &Writer{w: bufio.NewWriterSize(w, 64<<10)}
	t.buf = append(t.buf[:0], `{"trace":1`...)
	if !h.Epoch.IsZero() {
		t.str("epoch", h.Epoch.Format(time.RFC3339Nano))
	}
	if h.End > 0 {
		t.time("end", h.End)
	}
	if h.HasUnits {
		t.int("units", h.Units)
	}
	t.str("policy", h.Policy)
	for i, o := range h.Options {
		t.buf = append(t.buf, [2]string{`,"options":{`, `,`}[min(i, 1)]...)
		t.buf = append(appendString(t.buf, o.Name), ':')
		t.buf = appendString(t.buf, o.Value)
	}
	if len(h.Options) > 0 {
		t.buf = append(t.buf, '}')
	}
	t.str("schedule", h.Schedule)
	t.endLine()
	return t
}

// Write writes an event. An error stays and is told by Flush.
func (t *Writer) Write(ev *Event) {
	t.buf = append(t.buf[:0], `{"op":"`...)
	t.buf = append(append(t.buf, ev.Op.String()...), `","at":`...)
	t.buf = ev.At.AppendSeconds(t.buf)
	if ev.Op == Request {
		t.time("for", ev.For)
	}
	if ev.Op <= Request && ev.named() {
		t.buf = appendString(append(t.buf, `,"conn":`...), ev.Conn)
	}
	switch ev.Op {
	case Connect, Request:
		t.who(ev)
	case Login:
		t.buf = appendString(append(t.buf, `,"id":`...), ev.ID)
	case Disconnect:
		if ev.How != 0 {
			t.str("how", ev.How.String())
		}
	case Key:
		t.int("units", ev.Units)
	case Server, Instance:
		t.buf = appendString(append(t.buf, `,"name":`...), ev.Name)
		t.buf = strconv.AppendBool(append(t.buf, `,"up":`...), ev.Up)
	}
	t.endLine()
}

func (t *Writer) who(ev *Event) {
	t.str("via", ev.Via.String())
	t.str("addr", ev.Addr)
	t.str("user", ev.User)
	t.str("session", ev.Session)
	t.str("parent", ev.Parent)
	t.str("instance", ev.Instance)
	if ev.Sessionful {
		t.buf = append(t.buf, `,"sessionful":true`...)
	}
	t.str("person", ev.Person)
	t.str("device", ev.Device)
	t.str("cohort", ev.Cohort)
	t.str("forwarded", ev.Forwarded)
}

// Flush writes what is buffered.
func (t *Writer) Flush() error { return t.w.Flush() }

func (t *Writer) endLine() {
	t.buf = append(t.buf, "}\n"...)
	_, _ = t.w.Write(t.buf) // bufio keeps the error for Flush
}

func (t *Writer) str(name, value string) {
	if value != "" {
		t.buf = append(append(append(t.buf, `,"`...), name...), `":`...)
		t.buf = appendString(t.buf, value)
	}
}

func (t *Writer) int(name string, n int) {
	t.buf = append(append(append(t.buf, `,"`...), name...), `":`...)
	t.buf = strconv.AppendInt(t.buf, int64(n), 10)
}

func (t *Writer) time(name string, at engine.Time) {
	t.buf = append(append(append(t.buf, `,"`...), name...), `":`...)
	t.buf = at.AppendSeconds(t.buf)
}

// appendString quotes a string as JSON does.
func appendString(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' || c >= 0x7f {
			quoted, _ := json.Marshal(s) // a string cannot fail
			return append(b, quoted...)
		}
	}
	return append(append(append(b, '"'), s...), '"')
}
