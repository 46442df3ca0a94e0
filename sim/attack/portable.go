//go:build !linux

package attack

import "syscall"

// NewWaiter is the most precise waiter that the system has.
func NewWaiter() Waiter { return newTimerWaiter() }

func shortTurns() {}

func makeRoom(int64) {}

// alive reports whether the target has left an idle connection open, which is
// seen only when it is used.
func alive(*connection) bool { return true }

func laterPort(syscall.RawConn) {}

// limits is how many files the program may have open, and how many ports a
// source address has for outgoing connections; 0 is not known.
func limits() (files int64, ports int) { return 0, 0 }
