package attack

import (
	"net/netip"
	"slices"
	"sync"
	"time"
)

// A peer is who has connections: a user, or the proxy that users come through.
type peer struct {
	idle []*connection // the last one used is the last
	left uint32        // requests that may still use them
	most int           // idle connections; 0 is no bound of its own
}

// mostOfUser is how many idle connections a user keeps whose visits overlap,
// as browsers do.
const mostOfUser = 6

// longestIdle is for how long a connection is kept that nobody uses.
const longestIdle = 90 * time.Second

// freshlyIdle is for how long a target is trusted to keep a connection; later
// it is looked at before it is used.
const freshlyIdle = time.Second

// A pool keeps connections for their peers, up to a number in all: for one
// more, that which has been idle for longest is closed.
type pool struct {
	mu    sync.Mutex
	most  int
	n     int
	list  connection // ring: next is the oldest
	open  map[*connection]struct{}
	ended bool
	now   func() time.Time
	alive func(*connection) bool
}

func newPool(most int, now func() time.Time, alive func(*connection) bool) *pool {
	p := &pool{most: most, open: map[*connection]struct{}{}, now: now, alive: alive}
	p.list.next, p.list.prev = &p.list, &p.list
	return p
}

// take gives a peer one of its idle connections, nil when it has none that the
// target has left open.
func (p *pool) take(of *peer) *connection {
	for {
		p.mu.Lock()
		n := len(of.idle)
		if n == 0 {
			p.mu.Unlock()
			return nil
		}
		c := of.idle[n-1]
		p.remove(c)
		p.mu.Unlock()
		if p.now().Sub(c.idle) < freshlyIdle || p.alive(c) {
			return c
		}
		p.close(c)
	}
}

// opened notes a new connection, and reports false when no more is to be sent.
func (p *pool) opened(c *connection) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.ended {
		p.open[c] = struct{}{}
	}
	return !p.ended
}

// put keeps a connection for its peer.
func (p *pool) put(of *peer, c *connection) {
	p.mu.Lock()
	if of.most > 0 && len(of.idle) >= of.most {
		p.mu.Unlock()
		p.close(c)
		return
	}
	var old []*connection
	c.idle, c.of = p.now(), of
	c.prev, c.next = p.list.prev, &p.list
	c.prev.next, c.next.prev = c, c
	of.idle = append(of.idle, c)
	for p.n++; p.n > 0 && (p.n > p.most || c.idle.Sub(p.list.next.idle) > longestIdle); {
		old = append(old, p.list.next)
		p.remove(p.list.next)
	}
	p.mu.Unlock()
	for _, c := range old {
		p.close(c)
	}
}

// remove takes an idle connection out of the lists.
func (p *pool) remove(c *connection) {
	c.prev.next, c.next.prev = c.next, c.prev
	i := slices.Index(c.of.idle, c)
	c.of.idle = slices.Delete(c.of.idle, i, i+1)
	c.prev, c.next, c.of = nil, nil, nil
	p.n--
}

// leave ends n requests of a peer. After its last one nothing is kept.
func (p *pool) leave(of *peer, n uint32) (last bool) {
	p.mu.Lock()
	of.left -= n
	last = of.left == 0
	var old []*connection
	for last && len(of.idle) > 0 {
		old = append(old, of.idle[0])
		p.remove(of.idle[0])
	}
	p.mu.Unlock()
	for _, c := range old {
		p.close(c)
	}
	return last
}

func (p *pool) close(c *connection) {
	_ = c.Close() // nothing is lost with it
	p.mu.Lock()
	delete(p.open, c)
	p.mu.Unlock()
}

// cut closes all connections, those in use too, for good.
func (p *pool) cut() {
	p.mu.Lock()
	p.ended = true
	list := make([]*connection, 0, len(p.open))
	for c := range p.open {
		list = append(list, c)
	}
	p.mu.Unlock()
	for _, c := range list {
		_ = c.Close() // whoever uses it hears of it
	}
}

// end closes what is idle.
func (p *pool) end() {
	p.mu.Lock()
	var old []*connection
	for p.n > 0 {
		old = append(old, p.list.next)
		p.remove(p.list.next)
	}
	p.mu.Unlock()
	for _, c := range old {
		p.close(c)
	}
}

// Addresses of the users that have none in the scenario. The last one is the
// broadcast address.
var (
	ownBase   = [4]byte{127, 16, 0, 1}
	fixedBase = [4]byte{127, 8, 0, 1}
	awayBase  = [4]byte{10, 16, 0, 1} // named by proxies to a target that is not on this machine
)

// mostOwn is how many users can have an address of their own.
const mostOwn = 1<<24 - 16<<16 - 2

// addressAt is the nth address after a base.
func addressAt(base [4]byte, n uint32) netip.Addr {
	v := uint32(base[0])<<24 | uint32(base[1])<<16 | uint32(base[2])<<8 | uint32(base[3])
	v += n
	return netip.AddrFrom4([4]byte{byte(v >> 24), byte(v >> 16), byte(v >> 8), byte(v)})
}

// addresses maps the scenario's people to addresses of this machine.
type addresses struct {
	s     *Schedule
	bound bool                  // the target is on 127.0.0.0/8, where any source will do
	fixed map[string]netip.Addr // of the scenario's addresses
}

func newAddresses(s *Schedule, target netip.Addr) *addresses {
	a := &addresses{s: s, bound: target.Is4() && target.IsLoopback(), fixed: map[string]netip.Addr{}}
	add := func(text string) {
		if _, known := a.fixed[text]; known || text == "" {
			return
		}
		addr, err := netip.ParseAddr(text)
		if err != nil || a.bound && !(addr.Is4() && addr.IsLoopback()) {
			addr = addressAt(fixedBase, uint32(len(a.fixed)))
		}
		a.fixed[text] = addr
	}
	for i := range s.Scenario.Proxies {
		add(s.Scenario.Proxies[i].Address)
	}
	for i := range s.Scenario.Cohorts {
		add(s.Scenario.Cohorts[i].Address)
	}
	return a
}

// own is the address of a user, as it would be seen without a proxy.
func (a *addresses) own(user uint32) netip.Addr {
	c := &a.s.Scenario.Cohorts[a.s.Users[user].Cohort]
	if c.Address != "" {
		return a.fixed[c.Address]
	}
	if !a.bound {
		return addressAt(awayBase, user)
	}
	return addressAt(ownBase, user)
}

// of is from which address a user's requests come, and which one its proxy
// names. The source is not valid when the system is to choose it.
func (a *addresses) of(user uint32) (source, forwarded netip.Addr) {
	c := &a.s.Scenario.Cohorts[a.s.Users[user].Cohort]
	source = a.own(user)
	if p := proxyOf(a.s.Scenario, c); p != nil {
		if p.Forwards != 0 {
			forwarded = source
		}
		source = a.fixed[p.Address]
	}
	if !a.bound {
		source = netip.Addr{}
	}
	return source, forwarded
}
