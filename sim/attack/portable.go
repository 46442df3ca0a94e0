//go:build !linux

package attack

import "syscall"

// NewWaiter is the most precise waiter that the system has.
func NewWaiter() Waiter { return newTimerWaiter() }

func shortTurns() {}

// alive reports whether the target has left an idle connection open, which is
// seen only when it is used.
func alive(*connection) bool { return true }

func laterPort(syscall.RawConn) {}

// ports is how many ports a source address has for outgoing connections; 0 is
// not known.
func ports() int { return 0 }
