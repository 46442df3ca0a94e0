package attack

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"time"
)

// Allowed tells whether a schedule may be sent as far as that is known without
// asking anybody, a name server neither: of a name only the addresses count
// that this machine's own files have. The error is why it would not be sent; a
// note says what is open.
func (s *Schedule) Allowed(ctx context.Context, o Options) (note string, err error) {
	if o.Resolve == nil {
		o.Resolve = ownNames
	}
	o.fill()
	port, err := portOf(o.Target)
	if err != nil {
		return "", err
	}
	host := o.Target.Hostname()
	x := &sender{o: &o}
	g := &guard{host: o.Target.Host, rate: s.PeakRate() + o.perSecond(), list: o.Permissions, names: map[string][]netip.Addr{}, now: time.Now}
	list, _ := x.resolve(ctx, host)
	unknown := len(list) == 0
	if unknown {
		list = []netip.Addr{{}} // some address, which is that of an entry with this name
	}
	for i := range g.list {
		if e := &g.list[i]; !e.Prefix.IsValid() {
			if g.names[e.Host], _ = x.resolve(ctx, e.Host); strings.EqualFold(e.Host, host) {
				g.names[e.Host] = list
			}
		}
	}
	for _, addr := range list {
		_, wrong := g.check(netip.AddrPortFrom(addr, port))
		if wrong == nil {
			return "", nil
		}
		if err == nil {
			err = wrong
		}
	}
	if e := g.open(port, unknown); e != nil {
		return fmt.Sprintf("whether the entry for %s allows %s is known when names are looked up, and a dry run asks nobody", e.Host, o.Target.Host), nil
	}
	return "", err
}

// open is an entry that may be the target's, as one of them is a name whose
// addresses are not known; nil is none.
func (g *guard) open(port uint16, unknown bool) *Permission {
	for i := range g.list {
		x := &g.list[i]
		good := x.Port == port && g.now().Before(x.Until) && g.rate <= x.MaxRate
		if good && (unknown || !x.Prefix.IsValid() && len(g.names[x.Host]) == 0) {
			return x
		}
	}
	return nil
}

// ownNames looks a name up in this machine's files alone.
func ownNames(ctx context.Context, host string) ([]netip.Addr, error) {
	r := net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) { return nil, errors.ErrUnsupported }}
	return r.LookupNetIP(ctx, "ip", host)
}
