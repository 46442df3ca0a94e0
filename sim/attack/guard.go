package attack

import (
	"bytes"
	"fmt"
	"io"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"highwater/scenario"

	"gopkg.in/yaml.v3"
)

// A Permission allows an attack on hosts that are not this machine.
type Permission struct {
	Host    string       // a name, an address or a CIDR, as it was written
	Prefix  netip.Prefix // not valid when Host is a name
	Port    uint16
	MaxRate int       // requests in any second
	Until   time.Time // from when on it does not count
}

// mostPermissions is how many entries an allow file may have, and
// mostAllowBytes how long it may be.
const (
	mostPermissions = 1000
	mostAllowBytes  = 1 << 20
)

// ParsePermissions reads an allow file: a list of entries with host, port,
// max_rate and until. It reports every mistake with its place.
func ParsePermissions(name string, data []byte) ([]Permission, error) {
	p := permissions{name: name}
	if len(data) > mostAllowBytes {
		p.errorf(&yaml.Node{Line: 1, Column: 1}, "the file must have at most %d MiB", mostAllowBytes>>20)
		return nil, p.errs
	}
	var root, second yaml.Node
	d := yaml.NewDecoder(bytes.NewReader(data))
	if err := d.Decode(&root); err != nil && err != io.EOF {
		p.errorf(&yaml.Node{Line: 1, Column: 1}, "%v", err)
		return nil, p.errs
	}
	if d.Decode(&second) != io.EOF {
		p.errorf(&yaml.Node{Line: 1, Column: 1}, "the file must have one document")
		return nil, p.errs
	}
	if root.Kind == 0 || root.Content[0].Kind != yaml.SequenceNode || len(root.Content[0].Content) > mostPermissions {
		p.errorf(&yaml.Node{Line: 1, Column: 1}, "must be a list of up to %d entries such as %s", mostPermissions, allowExample)
		return nil, p.errs
	}
	var list []Permission
	for _, n := range root.Content[0].Content {
		list = append(list, p.entry(n))
	}
	if p.errs != nil {
		return nil, p.errs
	}
	return list, nil
}

const allowExample = "{host: 192.0.2.7, port: 52773, max_rate: 50/s, until: 2026-12-31}"

// permissions reads an allow file.
type permissions struct {
	name string
	errs scenario.Errors
}

func (p *permissions) errorf(n *yaml.Node, format string, args ...any) {
	p.errs = append(p.errs, &scenario.Error{Pos: scenario.Pos{File: p.name, Line: n.Line, Column: n.Column}, Msg: fmt.Sprintf(format, args...)})
}

// allowFields are the fields of an entry, all of them required.
var allowFields = []string{"host", "port", "max_rate", "until"}

func (p *permissions) entry(n *yaml.Node) (x Permission) {
	if n.Kind != yaml.MappingNode {
		p.errorf(n, "an entry must be a mapping such as %s", allowExample)
		return x
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		switch {
		case !slices.Contains(allowFields, key.Value):
			p.errorf(key, "unknown field %q; want %s", key.Value, strings.Join(allowFields, ", "))
		case seen[key.Value]:
			p.errorf(key, "field %q is given twice", key.Value)
		case value.Kind != yaml.ScalarNode:
			p.errorf(value, "%s must be one value", key.Value)
		default:
			p.field(&x, key.Value, value)
		}
		seen[key.Value] = true
	}
	for _, f := range allowFields {
		if !seen[f] {
			p.errorf(n, "field %q must be given", f)
		}
	}
	return x
}

func (p *permissions) field(x *Permission, name string, n *yaml.Node) {
	switch name {
	case "host":
		x.Host = n.Value
		if addr, err := netip.ParseAddr(n.Value); err == nil {
			x.Prefix = netip.PrefixFrom(addr, addr.BitLen())
		} else if strings.Contains(n.Value, "/") {
			if x.Prefix, err = netip.ParsePrefix(n.Value); err != nil {
				p.errorf(n, "host must be a name, an address or a CIDR such as 192.0.2.0/24, not %q", n.Value)
			}
		} else if n.Value == "" || strings.ContainsAny(n.Value, ": *") {
			p.errorf(n, "host must be a name, an address or a CIDR such as 192.0.2.0/24, not %q", n.Value)
		}
	case "port":
		port, err := strconv.ParseUint(n.Value, 10, 16)
		if x.Port = uint16(port); err != nil || port == 0 {
			p.errorf(n, "port must be from 1 to 65535, not %q", n.Value)
		}
	case "max_rate":
		number, ok := strings.CutSuffix(n.Value, "/s")
		rate, err := strconv.Atoi(number)
		if x.MaxRate = rate; !ok || err != nil || rate < 1 {
			p.errorf(n, "max_rate must be a whole number of requests such as 50/s, not %q", n.Value)
		}
	case "until":
		var err error
		if x.Until, err = time.Parse(time.DateOnly, n.Value); err == nil {
			x.Until = x.Until.AddDate(0, 0, 1) // to the end of the day
		} else if x.Until, err = time.Parse(time.RFC3339, n.Value); err != nil {
			p.errorf(n, "until must be a day such as 2026-12-31 or a time such as 2026-12-31T18:00:00Z, not %q", n.Value)
		}
	}
}

// A NotAllowedError is why an address must not be asked. Nothing is sent to
// it.
type NotAllowedError struct {
	Host    string
	Address netip.AddrPort
	Why     string
	Rate    int // requests in the busiest second of the plan
}

func (e *NotAllowedError) Error() string {
	if !e.Address.Addr().IsValid() { // the name was not looked up
		return fmt.Sprintf("%s is not known to be a loopback address (127.0.0.0/8 or ::1), and %s; nothing was sent to it", e.Host, e.Why)
	}
	return fmt.Sprintf("%s (%s) is not a loopback address (127.0.0.0/8 or ::1), and %s; nothing was sent to it", e.Host, e.Address, e.Why)
}

// Hint is what to write into the allow file.
func (e *NotAllowedError) Hint() string {
	host := (&url.URL{Host: e.Host}).Hostname()
	if e.Address.Addr().IsValid() {
		host = e.Address.Addr().String()
	}
	return fmt.Sprintf("if it may be attacked, give --allow FILE with\n  - {host: %s, port: %d, max_rate: %d/s, until: YYYY-MM-DD}",
		host, e.Address.Port(), max(1, e.Rate))
}

// A guard knows which addresses may be asked.
type guard struct {
	host  string // that was asked for
	rate  int
	list  []Permission
	names map[string][]netip.Addr // of the permissions' hosts
	now   func() time.Time
}

// noEntry is why what no entry covers is not asked.
const noEntry = "no entry allows it"

// check tells whether an address may be asked now, and how often in a second;
// 0 is no limit. Every dial asks it about the very address.
func (g *guard) check(to netip.AddrPort) (rate int, err error) {
	addr := to.Addr().Unmap()
	if addr.IsLoopback() {
		return 0, nil
	}
	fail := &NotAllowedError{Host: g.host, Address: to, Why: noEntry, Rate: g.rate}
	for i := range g.list {
		x := &g.list[i]
		switch {
		case !g.covers(x, addr):
		case x.Port != to.Port():
			if fail.Why == noEntry {
				fail.Why = fmt.Sprintf("%s: that for %s is for port %d", noEntry, x.Host, x.Port)
			}
		case !g.now().Before(x.Until):
			fail.Why = fmt.Sprintf("the entry for %s has expired", x.Host)
		case g.rate > x.MaxRate:
			fail.Why = fmt.Sprintf("the entry for %s allows %d requests in a second, fewer than the %d of the plan", x.Host, x.MaxRate, g.rate)
		default:
			return x.MaxRate, nil
		}
	}
	return 0, fail
}

func (g *guard) covers(x *Permission, addr netip.Addr) bool {
	if x.Prefix.IsValid() {
		return x.Prefix.Contains(addr)
	}
	return slices.Contains(g.names[x.Host], addr)
}
