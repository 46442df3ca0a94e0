// Package accesslog turns the access logs of web servers and balancers into
// traces, so that yesterday's traffic can be counted against a license.
//
// It is for whoever has a log of the web server before an instance and no
// license log: one line is one request, and what a request costs is left to
// the policy that the trace is counted with. It reads the formats that
// [Formats] lists, a log_format of nginx and a LogFormat of Apache, and finds
// out which one it has.
//
// It opens no files, decompresses nothing, and reads no clock: callers give it
// readers with names. It needs the whole log in memory, because logs are
// written in the order in which requests end: 24 bytes a request (twice that
// while the list grows), 16 more in the CSP view, and once every different
// address, user, X-Forwarded-For and session.
package accesslog

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"highwater/engine"
	"highwater/sim/trace"
)

// Options says how lines become events. The zero Options finds the format by
// itself and makes a REST request of every line.
type Options struct {
	Format    string         // one of Formats(); "" finds it in the first lines
	LogFormat string         // a log_format of nginx or a LogFormat of Apache, instead of Format
	Unit      Unit           // of a last number that stands for the time a request took; 0 finds it
	Stamp     Stamp          // what the written time is; 0 is what the format says
	Location  *time.Location // of times without a zone; nil is UTC
	Capture   int            // HAProxy: which captured request header, from 1, is X-Forwarded-For

	View    View
	ID      ID
	Pick    Pick        // which address of X-Forwarded-For, for the forwarded ID
	Cookie  string      // the session cookie's name, or its beginning and *; "" is CSPSESSIONID*
	Session string      // field or variable of the log that holds the session itself
	Timeout engine.Time // CSP: inactivity that ends a session; 0 is 900 s
	Agents  bool        // CSP: another user agent is another session

	Assets   []string // CSP: extensions of files that are not pages; nil is the usual ones
	AllPages bool     // CSP: every request is a page, whatever its path and status
	Only     []string // beginnings of the paths to take; none takes all
	Except   []string // beginnings of the paths to leave out
	SOAP     []string // beginnings of the paths of web services, in the REST view

	Jitter uint64 // not 0: spreads whole seconds evenly over their second, by this seed
}

// A View is what a request is taken for.
type View uint8

// The views.
const (
	REST     View = iota // every request is a call without a session
	CSP                  // requests are pages of web sessions, which end by inactivity
	numViews = iota
)

var viewNames = [numViews]string{REST: "rest", CSP: "csp"}

func (v View) String() string { return viewNames[v] }

// ParseView finds a view by its name.
func ParseView(name string) (View, bool) { return parse[View](viewNames[:], name) }

// An ID is where the identity of a caller is taken from. A line that lacks it
// falls back to the client's address.
type ID uint8

// The identities.
const (
	// Anything leaves all that the log says to the policy: address, user,
	// X-Forwarded-For and session.
	Anything ID = iota
	// ByUser is user@address: sessions are left out.
	ByUser
	// BySession is the session cookie: its requests are calls inside a web
	// session (sessionful), and the user is left out.
	BySession
	// ByForwarded makes the address in X-Forwarded-For the client's.
	ByForwarded
	// ByAddress is the address that the server saw.
	ByAddress
	numIDs = iota
)

var idNames = [numIDs]string{
	Anything: "anything", ByUser: "user", BySession: "session", ByForwarded: "forwarded", ByAddress: "address",
}

func (i ID) String() string { return idNames[i] }

// ParseID finds an identity by its name.
func ParseID(name string) (ID, bool) { return parse[ID](idNames[:], name) }

// A Pick is which address of an X-Forwarded-For is the client's.
type Pick uint8

// The picks.
const (
	First Pick = iota
	Last
	Whole
	numPicks = iota
)

var pickNames = [numPicks]string{First: "first", Last: "last", Whole: "whole"}

func (p Pick) String() string { return pickNames[p] }

// A Unit is a unit of time that a log counts in.
type Unit uint8

// The units. The zero Unit is not known.
const (
	Seconds Unit = iota + 1
	Milliseconds
	Microseconds
	Nanoseconds
	numUnits = iota + 1
)

var unitNames = [numUnits]string{"", Seconds: "s", Milliseconds: "ms", Microseconds: "us", Nanoseconds: "ns"}

// nano is the units in nanoseconds.
var nano = [numUnits]int64{0: 1e9, Seconds: 1e9, Milliseconds: 1e6, Microseconds: 1e3, Nanoseconds: 1}

func (u Unit) String() string { return unitNames[u] }

// ParseUnit finds a unit by its name: s, ms, us or ns.
func ParseUnit(name string) (Unit, bool) { return parse[Unit](unitNames[:], name) }

// A Stamp is the moment of a request that the time of a line means.
type Stamp uint8

// The stamps. The zero Stamp is not known.
const (
	Start Stamp = iota + 1
	End
	numStamps = iota + 1
)

var stampNames = [numStamps]string{"", Start: "start", End: "end"}

func (s Stamp) String() string { return stampNames[s] }

// ParseStamp finds a stamp by its name.
func ParseStamp(name string) (Stamp, bool) { return parse[Stamp](stampNames[:], name) }

func parse[T ~uint8](names []string, name string) (T, bool) {
	for i, n := range names {
		if n == name && n != "" {
			return T(i), true
		}
	}
	return 0, false
}

// A Source is a log file, already decompressed, and its name for messages.
type Source struct {
	Name string
	R    io.Reader
}

// ErrNoLog is the error of sources without a single line of a log.
var ErrNoLog = errors.New("no line of an access log")

// A FormatError is the error of a source of no known format, when none was
// given. It is an [ErrNoLog].
type FormatError struct {
	Source string
	Lines  int    // that were tried
	First  string // the beginning of the first of them
}

func (e *FormatError) Error() string {
	known := "of a known format (" + strings.Join(formatNames(), ", ") + ")"
	if e.Lines == 1 {
		return fmt.Sprintf("%s: want a line %s, not %q: %v", e.Source, known, e.First, ErrNoLog)
	}
	return fmt.Sprintf("%s: none of the first %d lines is %s, such as %q: %v", e.Source, e.Lines, known, e.First, ErrNoLog)
}

func (e *FormatError) Unwrap() error { return ErrNoLog }

// A Log is an imported log: a [trace.Reader] of its events. It keeps them in
// memory; [Log.Again] reads them once more.
type Log struct {
	*content
	next, ended int // requests or steps read, and sessions that timed out
	event       trace.Event
}

// content is what the readers of one log share. It does not change.
type content struct {
	header   trace.Header
	report   *Report
	view     View
	sess     bool  // requests are inside web sessions
	epoch    int64 // µs since 1970
	requests []request
	callers  []caller
	text     []string // of the numbers in callers
	web      sessions // CSP view
}

// Header is the trace's: instant 0 is when the first request began, in the
// zone of the log's first line, and the end is that of the last request or
// session.
func (l *Log) Header() trace.Header { return l.header }

// Report says what was read and what was made of it. It is not to be changed.
func (l *Log) Report() *Report { return l.report }

// Again is the same log from its first event. Both can be read at once.
func (l *Log) Again() *Log { return &Log{content: l.content} }

// Next is the next event, io.EOF after the last. Events are numbered as the
// lines of a trace file that has a header on its first line.
func (l *Log) Next() (*trace.Event, error) {
	if l.view == CSP {
		return l.step()
	}
	if l.next == len(l.requests) {
		return nil, io.EOF
	}
	q := &l.requests[l.next]
	l.next++
	c := &l.callers[q.who&whoMask]
	l.event = trace.Event{
		Op:        trace.Request,
		Line:      int64(l.next) + 1,
		At:        engine.Time(q.at - l.epoch),
		For:       engine.Time(q.took),
		Via:       engine.REST,
		Addr:      l.text[c.addr],
		User:      l.text[c.user],
		Forwarded: l.text[c.forwarded],
	}
	if c.session != 0 {
		l.event.Session = sessionName(c.session)
		l.event.Sessionful = l.sess
	}
	if q.who&soapBit != 0 {
		l.event.Via = engine.SOAP
	}
	return &l.event, nil
}

// sessionName names sessions by number: cookies are credentials and do not
// get into a trace.
func sessionName(n uint32) string { return "s" + strconv.FormatUint(uint64(n), 10) }
