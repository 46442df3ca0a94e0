package engine

import (
	"fmt"
	"strings"
)

// Via is the way a connection comes in.
type Via uint8

// The ways in, by the names that traces and scenarios use.
const (
	Terminal Via = iota + 1
	Telnet
	XDBC
	CSP
	REST
	SOAP
	Job
	Task
	Startup
	Batch
	System
	Diagnostic
	numVias = iota + 1
)

var viaNames = [numVias]string{
	Terminal: "terminal", Telnet: "telnet", XDBC: "xdbc", CSP: "csp", REST: "rest", SOAP: "soap", Job: "job",
	Task: "task", Startup: "startup", Batch: "batch", System: "system", Diagnostic: "diagnostic",
}

// Vias lists the names of all ways in.
func Vias() []string { return viaNames[1:] }

// ParseVia finds a way in by its name.
func ParseVia(name string) (Via, bool) {
	for v, n := range viaNames {
		if n == name && v != 0 {
			return Via(v), true
		}
	}
	return 0, false
}

func (v Via) String() string { return viaNames[v] }

// call reports whether v is a web service or REST call.
func (v Via) call() bool { return v == REST || v == SOAP }

// ViaSet is a set of ways in.
type ViaSet uint16

// Has reports whether v is in the set.
func (s ViaSet) Has(v Via) bool { return s>>v&1 != 0 }

// With is the set and v.
func (s ViaSet) With(v Via) ViaSet { return s | 1<<v }

func (s ViaSet) String() string {
	var names []string
	for v := Terminal; v < numVias; v++ {
		if s.Has(v) {
			names = append(names, v.String())
		}
	}
	if names == nil {
		return "none"
	}
	return strings.Join(names, ",")
}

func parseViaSet(text string) (ViaSet, error) {
	var s ViaSet
	if text == "none" || text == "" {
		return 0, nil
	}
	for name := range strings.SplitSeq(text, ",") {
		v, ok := ParseVia(strings.TrimSpace(name))
		if !ok {
			return 0, fmt.Errorf("must be none or a list of %s, not %q", strings.Join(Vias(), ", "), name)
		}
		s = s.With(v)
	}
	return s, nil
}

// How is the way a connection ends. The zero How is the usual one for its
// via: logout for a web session, exit for any other.
type How uint8

// The ways to end.
const (
	Exit How = iota + 1
	Logout
	Timeout
	EndSession
	Kill
	numHows = iota + 1
)

var howNames = [numHows]string{Exit: "exit", Logout: "logout", Timeout: "timeout", EndSession: "end_session", Kill: "kill"}

// Hows lists the names of all ways to end.
func Hows() []string { return howNames[1:] }

// ParseHow finds a way to end by its name.
func ParseHow(name string) (How, bool) {
	for h, n := range howNames {
		if n == name && h != 0 {
			return How(h), true
		}
	}
	return 0, false
}

func (h How) String() string { return howNames[h] }
