//go:build linux

package attack

import (
	"crypto/tls"
	"fmt"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// A kernelWaiter waits for a timer of the kernel as for a connection. Go's own
// timers wake up to a millisecond late where nothing else happens, as an idle
// program waits by whole milliseconds for them, but not for its files. Waking
// does without the timer, as to set it costs more than to send.
type kernelWaiter struct {
	timerWaiter
	timer *os.File
	raw   int
	rung  chan struct{}
}

// NewWaiter is the most precise waiter that the system has.
func NewWaiter() Waiter {
	fd, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_CLOEXEC|unix.TFD_NONBLOCK)
	if err != nil {
		return newTimerWaiter()
	}
	w := &kernelWaiter{*newTimerWaiter(), os.NewFile(uintptr(fd), "timer"), fd, make(chan struct{}, 1)}
	go w.listen()
	return w
}

// listen passes on that the timer has rung, until it is closed.
func (w *kernelWaiter) listen() {
	defer close(w.rung)
	var count [8]byte
	for {
		if _, err := w.timer.Read(count[:]); err != nil {
			return
		}
		select {
		case w.rung <- struct{}{}:
		default: // the last time was not waited for
		}
	}
}

// Wait may end early, when the timer rings that was set for an earlier wait.
func (w *kernelWaiter) Wait(d time.Duration) {
	if d <= 0 {
		return
	}
	if d < forever && unix.TimerfdSettime(w.raw, 0, &unix.ItimerSpec{Value: unix.NsecToTimespec(int64(d))}, nil) != nil {
		w.timerWaiter.Wait(d)
		return
	}
	select {
	case <-w.rung:
	case <-w.wake:
	}
}

// Close ends the listener, too.
func (w *kernelWaiter) Close() error {
	err := w.timer.Close()
	for range w.rung { // until it has closed it
	}
	return err
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
