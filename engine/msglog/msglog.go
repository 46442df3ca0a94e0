// Package msglog writes and reads the license lines of messages.log, which is
// cconsole.log in older products: the alerts that the limit was exceeded, and
// the traces of logins and logouts that Do traceon^%SYS.LICENSE turns on.
//
// A line has no time zone; its times are read as UTC, and written in whatever
// zone they are given in.
package msglog

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// A Line is a line of the log.
type Line struct {
	At       time.Time // to the millisecond
	PID      int       // of the process that wrote it, >= 0
	Severity Severity
	Event    string // facility and event, such as Generic.Event; "" when the line has none
	Text     string
}

// Severity is how bad it is.
type Severity int

// The severities.
const (
	Info Severity = iota
	Warning
	Severe
	Fatal
)

// Events of license lines.
const (
	Generic = "Generic.Event"
	Utility = "Utility.Event"
)

// stamp is a time in whole seconds, as the lines begin and as texts have it.
const (
	stamp     = "01/02/06-15:04:05"
	textStamp = "01/02/06 15:04:05"
)

// Append appends the line, with its end. What would break it becomes spaces.
func (l *Line) Append(b []byte) []byte {
	b = l.At.AppendFormat(b, stamp)
	b = fmt.Appendf(b, ":%03d (%d) %d ", l.At.Nanosecond()/1_000_000, l.PID, l.Severity)
	if l.Event != "" {
		b = append(append(append(b, '['), oneLine(l.Event)...), "] "...)
	}
	return append(append(b, oneLine(l.Text)...), '\n')
}

func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == 0x85 || r == 0x2028 || r == 0x2029 {
			return ' '
		}
		return r
	}, s)
}

// errLine is the error of what is not a line of the log.
var errLine = errors.New("must begin with a time, a process and a severity, as in 04/27/22-08:50:21:513 (35968) 2")

var shape = regexp.MustCompile(`^(\d\d/\d\d/\d\d-\d\d:\d\d:\d\d):(\d{3}) \((\d{1,10})\) ([0-3]) (?:\[([^\]]*)\] )?(.*)$`)

// Parse reads a line, without its end.
func Parse(s string) (Line, error) {
	m := shape.FindStringSubmatch(s)
	if m == nil {
		return Line{}, errLine
	}
	at, err := time.Parse(stamp, m[1])
	if err != nil {
		return Line{}, errLine
	}
	milliseconds, _ := strconv.Atoi(m[2]) // the shape has found digits
	pid, _ := strconv.Atoi(m[3])
	severity, _ := strconv.Atoi(m[4])
	return Line{at.Add(time.Duration(milliseconds) * time.Millisecond), pid, Severity(severity), m[5], m[6]}, nil
}

// An Exceeded tells how often the license limit was exceeded.
type Exceeded struct {
	Times int64     // >= 1
	Since time.Time // zero is since the start of the instance
}

func (e Exceeded) String() string {
	since := "instance start"
	if !e.Since.IsZero() {
		since = e.Since.Format(textStamp)
	}
	return fmt.Sprintf("License limit exceeded %d times since %s.", e.Times, since)
}

var exceeded = regexp.MustCompile(`^License limit exceeded (\d{1,18}) times since (instance start|\d\d/\d\d/\d\d \d\d:\d\d:\d\d)\.$`)

// ParseExceeded reads the text of a line that tells of an [Exceeded].
func ParseExceeded(text string) (Exceeded, bool) {
	m := exceeded.FindStringSubmatch(text)
	if m == nil {
		return Exceeded{}, false
	}
	var e Exceeded
	e.Times, _ = strconv.ParseInt(m[1], 10, 64) // the shape has found digits
	if m[2] == "instance start" {
		return e, true
	}
	var err error
	e.Since, err = time.Parse(textStamp, m[2])
	return e, err == nil
}

// A Trace tells of a login to a license user ID, or of a logout.
type Trace struct {
	Logout  bool
	Role    string // User, CSP or Diagnostic
	UserID  string
	Routine string
	Result  int // login: connections of the license user ID then, 0 when it was refused; logout: 1
}

func (t Trace) String() string {
	return fmt.Sprintf("LicenseTrace: %s, Role = %s, UserId = %s, Routine = %s, Result = %d", t.op(), t.Role, t.UserID, t.Routine, t.Result)
}

func (t Trace) op() string {
	if t.Logout {
		return "Logout"
	}
	return "Login"
}

// A user ID may have commas: what follows it is the last of its kind.
var traced = regexp.MustCompile(`^LicenseTrace: (Login|Logout), Role = ([^,]*), UserId = (.*), Routine = ([^,]*), Result = (\d{1,9})$`)

// ParseTrace reads the text of a line that tells of a [Trace].
func ParseTrace(text string) (Trace, bool) {
	m := traced.FindStringSubmatch(text)
	if m == nil {
		return Trace{}, false
	}
	result, _ := strconv.Atoi(m[5]) // the shape has found digits
	return Trace{m[1] == "Logout", m[2], m[3], m[4], result}, true
}
