//go:build linux

package attack

import (
	"crypto/tls"
	"encoding/binary"
	"fmt"
	"os"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// A kernelWaiter waits in the kernel with its own precision. Go's timers wake
// up to a millisecond late where nothing else happens, as an idle program
// waits by whole milliseconds for its timers. A timer of the kernel that Go
// waits for as for a connection needs no thread, is more exact and costs less
// on an idle machine; on a busy one requests were several times as late.
type kernelWaiter struct {
	event  int // file descriptor that Wake writes to
	exact  bool
	closed atomic.Bool
}

// slack is by how many nanoseconds the kernel may round a wait.
const slack = 1000

// NewWaiter is the most precise waiter that the system has.
func NewWaiter() Waiter {
	event, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		return newTimerWaiter()
	}
	return &kernelWaiter{event: event}
}

func (w *kernelWaiter) Wait(d time.Duration) {
	if !w.exact { // of the thread, which is the pacer's own
		w.exact = true
		_ = unix.Prctl(unix.PR_SET_TIMERSLACK, slack, 0, 0, 0) // without it the wait is longer
	}
	list := []unix.PollFd{{Fd: int32(w.event), Events: unix.POLLIN}}
	end := unix.NsecToTimespec(int64(d))
	if n, err := unix.Ppoll(list, &end, nil); err != nil || n == 0 {
		return // a signal is no wake, and the caller looks at the time again
	}
	var count [8]byte
	_, _ = unix.Read(w.event, count[:]) // takes the wake
}

func (w *kernelWaiter) Wake() {
	if w.closed.Load() {
		return
	}
	var one [8]byte
	binary.NativeEndian.PutUint64(one[:], 1)
	_, _ = unix.Write(w.event, one[:]) // full is as good as written
}

func (w *kernelWaiter) Close() error {
	w.closed.Store(true)
	return unix.Close(w.event)
}

// alive reports whether the target has left an idle connection open. What it
// has sent unasked is no answer to what comes next.
func alive(c *connection) bool {
	raw := c.Conn
	if t, ok := raw.(*tls.Conn); ok {
		raw = t.NetConn()
	}
	s, ok := raw.(syscall.Conn)
	if !ok {
		return true
	}
	control, err := s.SyscallConn()
	if err != nil {
		return false
	}
	var silent bool
	err = control.Read(func(fd uintptr) bool {
		var b [1]byte
		_, _, err := unix.Recvfrom(int(fd), b[:], unix.MSG_PEEK|unix.MSG_DONTWAIT)
		silent = err == unix.EAGAIN
		return true
	})
	return err == nil && silent
}

// limits is how many files the program may have open, and how many ports a
// source address has for outgoing connections.
func limits() (files int64, ports int) {
	var r unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &r) == nil && r.Cur < 1<<40 {
		files = int64(r.Cur)
	}
	var low, high int
	if data, err := os.ReadFile("/proc/sys/net/ipv4/ip_local_port_range"); err == nil {
		if n, _ := fmt.Sscan(string(data), &low, &high); n == 2 {
			ports = high - low + 1
		}
	}
	return files, ports
}

// laterPort has the kernel choose the port of a source address only when the
// target is known, so that one address has all its ports for each target.
func laterPort(raw syscall.RawConn) {
	_ = raw.Control(func(fd uintptr) {
		_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_IP, unix.IP_BIND_ADDRESS_NO_PORT, 1) // older kernels have fewer ports
	})
}
