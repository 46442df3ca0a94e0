package attack

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"syscall"
	"time"

	"highwater/sim/attack/record"
)

// Limits of what an answer may have.
const (
	mostHeader  = 64 << 10
	keptBody    = 16 << 10 // is looked at
	mostInterim = 5        // answers such as 100 Continue
	readBuffer  = 4 << 10
)

// A connection to the target. A user has one request on it at a time, so that
// no goroutine needs to read it, and while it is idle it has no buffer.
type connection struct {
	net.Conn
	left int64 // bytes that may be read yet
	used bool  // has had an answer
	idle time.Time
	next *connection // towards the last one used
	prev *connection
	of   *peer
}

// errTooLarge is what reading gives that goes on too long.
var errTooLarge = errors.New("too large")

// Read reads no more than the answer may have.
func (c *connection) Read(b []byte) (int, error) {
	if c.left <= 0 {
		return 0, errTooLarge
	}
	n, err := c.Conn.Read(b[:min(int64(len(b)), c.left)])
	c.left -= int64(n)
	return n, err
}

// An answer is what came of asking once.
type answer struct {
	status int
	header http.Header
	body   []byte // its begin
	in     int64  // bytes of the body
	keep   bool   // the connection can be used again
}

// methods are requests that [http.ReadResponse] takes the method from.
var methods = map[string]*http.Request{"GET": {Method: "GET"}, "POST": {Method: "POST"}, "HEAD": {Method: "HEAD"}}

var readers = sync.Pool{New: func() any { return bufio.NewReaderSize(nil, readBuffer) }}

// ask sends a request and reads its answer. The error io.EOF means that the
// connection had ended before there was any.
func (c *connection) ask(method string, request []byte, until time.Time, mostBody int64) (a answer, err error) {
	if err := c.SetDeadline(until); err != nil {
		return a, err
	}
	if _, err := c.Write(request); err != nil {
		return a, err
	}
	r := readers.Get().(*bufio.Reader)
	defer readers.Put(r)
	c.left = mostHeader
	r.Reset(c)
	if _, err := r.Peek(1); err != nil {
		return a, err
	}
	res, err := http.ReadResponse(r, methods[method])
	for n := 0; err == nil && res.StatusCode < 200; n++ {
		if n == mostInterim || res.StatusCode == http.StatusSwitchingProtocols {
			return a, errGarbage
		}
		res, err = http.ReadResponse(r, methods[method])
	}
	if err != nil {
		return a, unread(err)
	}
	c.left = mostBody + 1
	a.status, a.header = res.StatusCode, res.Header
	a.body, a.in, err = readBody(res.Body, mostBody)
	if err != nil {
		return a, unread(err)
	}
	a.keep = !res.Close && r.Buffered() == 0
	c.used = true
	return a, nil
}

// errGarbage is an answer that is not HTTP.
var errGarbage = errors.New("not HTTP")

// unread is why an answer that had begun could not be read: the connection's
// error, or that it is not HTTP.
func unread(err error) error {
	var n net.Error
	if errors.Is(err, errTooLarge) || errors.Is(err, syscall.ECONNRESET) || errors.As(err, &n) {
		return err
	}
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return syscall.ECONNRESET
	}
	return errGarbage
}

// readBody reads a body to its end and keeps its begin.
func readBody(r io.Reader, most int64) (begin []byte, n int64, err error) {
	if r == http.NoBody {
		return nil, 0, nil
	}
	buffer := buffers.Get().(*[]byte)
	defer buffers.Put(buffer)
	for {
		k, err := r.Read(*buffer)
		if room := keptBody - len(begin); room > 0 {
			begin = append(begin, (*buffer)[:min(k, room)]...)
		}
		n += int64(k)
		switch {
		case n > most:
			return begin, n, errTooLarge
		case err == io.EOF:
			return begin, n, nil
		case err != nil:
			return begin, n, err
		}
	}
}

var buffers = sync.Pool{New: func() any { b := make([]byte, keptBody); return &b }}

// A dialer connects to the target: from an address of this machine, or from
// one that the system chooses when that is not valid.
type dialer func(ctx context.Context, from netip.Addr, to netip.AddrPort) (net.Conn, error)

// connect makes a connection.
func (s *sender) connect(ctx context.Context, from netip.Addr) (*connection, error) {
	return s.connectBy(ctx, from, s.tls)
}

func (s *sender) connectBy(ctx context.Context, from netip.Addr, config *tls.Config) (*connection, error) {
	ctx, cancel := context.WithTimeout(ctx, s.o.Timeout)
	defer cancel()
	raw, err := s.dial(ctx, from, s.address)
	if err != nil {
		return nil, err
	}
	if config != nil {
		t := tls.Client(raw, config)
		if err := t.HandshakeContext(ctx); err != nil {
			_ = raw.Close()
			return nil, err
		}
		raw = t
	}
	return &connection{Conn: raw}, nil
}

// causeOf tells by an error why an attempt failed.
func causeOf(err error) record.Cause {
	var n net.Error
	var dial *net.OpError
	dialing := errors.As(err, &dial) && dial.Op == "dial"
	var forbidden *NotAllowedError
	switch {
	case errors.As(err, &forbidden):
		return record.NotAllowed
	case errors.Is(err, errTooLarge):
		return record.TooLarge
	case errors.Is(err, errGarbage):
		return record.Garbage
	case errors.Is(err, errElsewhere):
		return record.Elsewhere
	case errors.Is(err, errTooOften):
		return record.Redirects
	case errors.Is(err, syscall.EADDRNOTAVAIL), errors.Is(err, syscall.EADDRINUSE), errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE):
		return record.NoAddress
	case errors.As(err, &n) && n.Timeout() && !dialing, errors.Is(err, context.DeadlineExceeded):
		return record.TimedOut
	case dialing:
		return record.NoConnection
	}
	return record.Reset
}
