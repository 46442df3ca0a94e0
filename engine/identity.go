package engine

import (
	"errors"
	"strings"
	"unicode/utf8"
)

// A Client is what an instance knows about who wants a connection. Empty
// strings are unknown.
type Client struct {
	Via        Via
	Addr       string // as the server sees it; "" is 127.0.0.1, or a job's parent's
	User       string
	Session    string // of a web session
	Sessionful bool   // a REST or SOAP call inside a web session
	Forwarded  string // value of X-Forwarded-For, or of Forwarded
	Person     string // who it really is, for the contract's count
	Device     string
}

// loopback is the address of who gives none.
const loopback = "127.0.0.1"

// A Form is how a license user ID is made up (rules: identity).
type Form uint8

// The forms.
const (
	NoID            Form = iota // none: never charged
	FreshID                     // equals no other
	ByAddress                   // client address
	ByOwnAddress                // the address given, never a forwarded one: a job's
	ByUserAtAddress             // user@client address
	BySession                   // the web session's ID, fresh when none is given
	ByAnonymous                 // the literal anonymous
	ByUserAtHost                // user@host address
	ByUser                      // the user name
	ByStartup                   // the literal User Startup
	ByPersonDevice              // person/device
	ByDevice                    // the device
	ByParent                    // the parent's license user ID
	ByParentAddress             // the parent's client address
)

// Form is how the policy makes up the license user ID of a client. Parent is
// the via of a job's parent when that is known and open, else 0.
func (p *Policy) Form(c *Client, parent Via) Form {
	if c.Via == System || c.Via == Diagnostic {
		return NoID
	}
	if p.Contract {
		if f := contractForm(c, parent); f != 0 {
			return f
		}
	}
	switch c.Via {
	case Terminal, Telnet, XDBC:
		if p.UsernameLicensing && c.User != "" {
			return ByUserAtAddress
		}
		return ByAddress
	case CSP, REST, SOAP:
		return p.webForm(c)
	case Job:
		return p.jobForm(parent)
	case Task:
		if p.TaskID == UserGlobal {
			return ByUser
		}
		return ByUserAtHost
	case Startup:
		return ByStartup
	}
	return FreshID // batch
}

// contractForm is the person or device behind a client, 0 when neither is
// known (rules: contract).
func contractForm(c *Client, parent Via) Form {
	switch {
	case c.Via == Job && parent != 0 && parent != System && parent != Diagnostic:
		return ByParent
	case c.Person != "":
		return ByPersonDevice
	case c.Device != "":
		return ByDevice
	}
	return 0
}

// webForm is for web sessions and calls (rules: csp, web-user, web-session, anonymous).
func (p *Policy) webForm(c *Client) Form {
	session := c.Via == CSP || c.Sessionful
	switch {
	case c.User != "" && p.AuthWebID == UserAtAddress:
		return ByUserAtAddress
	case session:
		return BySession
	case c.User != "":
		return FreshID
	}
	switch p.AnonID {
	case AnonGlobal:
		return ByAnonymous
	case AnonBySession:
		return FreshID
	}
	return ByAddress
}

// jobForm is for jobs by the via of their parent (rules: job).
func (p *Policy) jobForm(parent Via) Form {
	switch parent {
	case 0, System, Diagnostic:
		return ByOwnAddress
	case CSP, REST, SOAP:
		if p.JobFromCSP == OwnAddressLID {
			return ByParentAddress
		}
	}
	return ByParent
}

// ClientAddress is the address that stands for a client: the one the server
// sees, or the one that a proxy forwards (rules: address).
func (p *Policy) ClientAddress(addr, forwarded string) string {
	if p.LicenseAltHeaders && forwarded != "" {
		if a := p.XFFPick.of(forwarded); a != "" {
			return a
		}
	}
	if addr == "" {
		return loopback
	}
	return addr
}

// of picks an address from the value of X-Forwarded-For or Forwarded
// (rules: forwarded).
func (k XFFPick) of(value string) string {
	if k == PickWhole {
		return value
	}
	picked := ""
	for element := range strings.SplitSeq(value, ",") {
		a := forwardedFor(element)
		if a == "" {
			continue
		}
		picked = a
		if k == PickFirst {
			break
		}
	}
	return picked
}

// forwardedFor is the client of one element of Forwarded, or the element of
// X-Forwarded-For as it is.
func forwardedFor(element string) string {
	element = strings.TrimSpace(element)
	if !strings.Contains(element, "=") {
		return element
	}
	for pair := range strings.SplitSeq(element, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(pair), "=")
		if strings.EqualFold(strings.TrimSpace(name), "for") {
			return strings.Trim(strings.TrimSpace(value), `"`)
		}
	}
	return ""
}

// AppendID appends the license user ID that a form makes of a client. It has
// nothing to append for the forms without a text of their own: none, fresh
// ones and a parent's.
func (p *Policy) AppendID(b []byte, f Form, c *Client) []byte {
	switch f {
	case ByAddress:
		return append(b, p.ClientAddress(c.Addr, c.Forwarded)...)
	case ByOwnAddress:
		return append(b, p.ClientAddress(c.Addr, "")...)
	case ByUserAtAddress:
		b = append(append(b, c.User...), '@')
		return append(b, p.ClientAddress(c.Addr, c.Forwarded)...)
	case BySession:
		return append(b, c.Session...)
	case ByAnonymous:
		return append(b, "anonymous"...)
	case ByUserAtHost:
		return append(append(append(b, taskUser(c.User)...), '@'), p.HostAddress...)
	case ByUser:
		return append(b, taskUser(c.User)...)
	case ByStartup:
		return append(b, "User Startup"...)
	case ByPersonDevice:
		return append(append(append(b, c.Person...), '/'), c.Device...)
	case ByDevice:
		return append(b, c.Device...)
	}
	return b
}

// taskUser is the user that a task runs as (rules: task).
func taskUser(user string) string {
	if user == "" {
		return "_SYSTEM"
	}
	return user
}

// ErrIllegalValue is the error of a login whose license user ID is too long.
var ErrIllegalValue = errors.New("<ILLEGAL VALUE>")

// maxLoginID is the most characters of a composed license user ID.
const maxLoginID = 64

// ComposeLogin is the license user ID that an explicit login composes of its
// argument and the client's address. The error is [ErrIllegalValue]
// (rules: compose).
func ComposeLogin(id, address string) (string, error) {
	id, _, _ = strings.Cut(id, "@")
	composed := strings.ReplaceAll(id, "|", "/") + "@" + address
	if utf8.RuneCountInString(composed) > maxLoginID {
		return "", ErrIllegalValue
	}
	return composed, nil
}
