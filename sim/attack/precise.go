//go:build linux

package attack

import (
	"crypto/tls"
	"fmt"
	"os"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// A kernelWaiter waits for a timer of the kernel as for a connection. Go's own
// timers wake up to a millisecond late where nothing else happens, as an idle
// program waits by whole milliseconds for them, but not for its files.
type kernelWaiter struct {
	timer *os.File
	raw   syscall.RawConn // of the timer
	woken atomic.Bool     // since the last wait
}

// NewWaiter is the most precise waiter that the system has.
func NewWaiter() Waiter {
	fd, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_CLOEXEC|unix.TFD_NONBLOCK)
	if err != nil {
		return newTimerWaiter()
	}
	w := &kernelWaiter{timer: os.NewFile(uintptr(fd), "timer")}
	if w.raw, err = w.timer.SyscallConn(); err != nil {
		_ = w.timer.Close()
		return newTimerWaiter()
	}
	return w
}

// Wait may end early, and its caller looks at the time again.
func (w *kernelWaiter) Wait(d time.Duration) {
	w.ring(d)
	if !w.woken.Load() { // who wakes says so before the timer is set
		var count [8]byte
		_, _ = w.timer.Read(count[:])
	}
	w.woken.Store(false)
}

func (w *kernelWaiter) Wake() {
	w.woken.Store(true)
	w.ring(0)
}

// ring sets the timer, at least to a nanosecond: nothing would stop it.
func (w *kernelWaiter) ring(d time.Duration) {
	_ = w.raw.Control(func(fd uintptr) { // fails when it is closed
		_ = unix.TimerfdSettime(int(fd), 0, &unix.ItimerSpec{Value: unix.NsecToTimespec(int64(max(d, 1)))}, nil)
	})
}

func (w *kernelWaiter) Close() error { return w.timer.Close() }

// turn is the shortest turn at a processor that the kernel gives.
const turn = 100 * time.Microsecond

// shortTurns has the kernel run this program's threads, and those that they
// start, soon rather than long: where others keep the processors busy, requests
// are less late. Kernels before 6.12 take no notice.
func shortTurns() {
	threads, _ := os.ReadDir("/proc/self/task")
	for _, t := range threads {
		id, err := strconv.Atoi(t.Name())
		if err != nil {
			continue
		}
		if a, err := unix.SchedGetAttr(id, 0); err == nil && a.Policy == unix.SCHED_NORMAL {
			a.Runtime = uint64(turn)
			_ = unix.SchedSetAttr(id, a, 0) // it is as good as it was
		}
	}
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

// ports is how many ports a source address has for outgoing connections.
func ports() int {
	var low, high int
	data, err := os.ReadFile("/proc/sys/net/ipv4/ip_local_port_range")
	if err != nil {
		return 0
	}
	if n, _ := fmt.Sscan(string(data), &low, &high); n != 2 {
		return 0
	}
	return high - low + 1
}

// laterPort has the kernel choose the port of a source address only when the
// target is known, so that one address has all its ports for each target.
func laterPort(raw syscall.RawConn) {
	_ = raw.Control(func(fd uintptr) {
		_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_IP, unix.IP_BIND_ADDRESS_NO_PORT, 1) // older kernels have fewer ports
	})
}
