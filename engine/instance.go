package engine

import (
	"strconv"
	"strings"
)

// An Instance is a running product: a license [Table], and what is known of
// the clients that are connected. Use the Table's own methods for pages
// and keys.
type Instance struct {
	*Table
	names   []string // by tag, of the license user IDs that have a text
	users   map[string]UserID
	clients []client // by ConnID
	buf     []byte
}

// A client is what jobs and logins need to know of an open connection.
type client struct {
	via     Via
	addr    string // "" is the loopback address
	address string // that stands for the client; "" as above
	label   uint32
	retire  bool // its license user ID ends with it
}

// keep makes the texts independent of what they were read from.
func (c *client) keep() {
	same := c.addr == c.address
	c.addr = strings.Clone(c.addr)
	if same {
		c.address = c.addr
	} else {
		c.address = strings.Clone(c.address)
	}
}

// fresh marks the tag of a license user ID that equals no other; the rest of
// the tag is the number it is printed with.
const fresh uint64 = 1 << 63

// NewInstance makes an instance that nobody is connected to.
func NewInstance(p Policy, units int, l Listener) *Instance {
	return &Instance{Table: NewTable(p, units, l), users: map[string]UserID{}}
}

// Connect asks for a connection of a client. Parent is a job's parent, or 0
// when that is not known or not open. Number names a license user ID that
// equals no other: it is printed as # and the number. Label is told of a
// [Holder]. The refusal is nil, or valid until the next call (rules: identity).
func (i *Instance) Connect(at Time, c *Client, parent ConnID, number int64, label uint32) (ConnID, *Refusal) {
	i.Advance(at) // a parent may have gone
	known := client{via: c.Via, addr: c.Addr, label: label}
	var up client
	if c.Via == Job && parent != 0 {
		up = i.clients[parent]
		if known.addr == "" {
			known.addr = up.addr
		}
	}
	who := *c
	who.Addr = known.addr
	known.address = i.policy.ClientAddress(who.Addr, who.Forwarded)
	user, own := i.identify(&who, up, parent, number)
	id, refusal := i.Table.Connect(at, Request{User: user, Via: c.Via, Sessionful: c.Sessionful, Anonymous: c.User == "", Label: label})
	known.retire = own && refusal == nil && !i.conns[id].charged
	if own && !known.retire {
		i.Retire(user) // it lasts as long as its row
	}
	if refusal != nil {
		return 0, refusal
	}
	known.keep()
	for int(id) >= len(i.clients) {
		i.clients = append(i.clients, client{})
	}
	i.clients[id] = known
	return id, nil
}

// identify finds the license user ID of a client; own says that it is fresh.
func (i *Instance) identify(c *Client, up client, parent ConnID, number int64) (user UserID, own bool) {
	form := i.policy.Form(c, up.via)
	switch form {
	case NoID:
		return 0, false
	case FreshID:
		return i.AddUser(fresh | uint64(number)), true
	case ByParent:
		return i.UserOf(parent), false
	case ByParentAddress:
		return i.user(append(i.buf[:0], up.address...)), false
	case BySession:
		if c.Session == "" {
			return i.AddUser(fresh | uint64(number)), true
		}
	}
	return i.user(i.policy.AppendID(i.buf[:0], form, c)), false
}

// user finds or makes the license user ID of a text.
func (i *Instance) user(text []byte) UserID {
	i.buf = text
	if id, ok := i.users[string(text)]; ok {
		return id
	}
	id := i.AddUser(uint64(len(i.names)))
	i.names = append(i.names, string(text))
	i.users[string(text)] = id
	return id
}

// Disconnect ends an open connection.
func (i *Instance) Disconnect(at Time, id ConnID, how How) {
	if !i.clients[id].retire {
		i.Table.Disconnect(at, id, how)
		return
	}
	user := i.UserOf(id)
	i.Table.Disconnect(at, id, how)
	i.Retire(user)
}

// Login is License.Login or CSP.Session.Login with an argument. The error is
// a *[Refusal], or [ErrIllegalValue] (rules: login).
func (i *Instance) Login(at Time, id ConnID, argument string) error {
	i.Advance(at)
	if !i.openConn(id, "login").charged {
		return nil
	}
	text, err := ComposeLogin(argument, i.clients[id].address)
	if err != nil {
		return err
	}
	if r := i.Table.Login(at, id, i.user(append(i.buf[:0], text...)), i.clients[id].label); r != nil {
		return r
	}
	return nil
}

// UserName is the license user ID that a tag stands for; fresh ones are # and
// a number.
func (i *Instance) UserName(tag uint64) string {
	if tag&fresh != 0 {
		return "#" + strconv.FormatUint(tag&^fresh, 10)
	}
	return i.names[tag]
}
