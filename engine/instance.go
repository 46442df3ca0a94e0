package engine

import (
	"strconv"
	"strings"

	"highwater/engine/names"
)

// An Instance is a running product: a license [Table], and what is known of
// the clients that are connected. Use the Table's own methods for pages
// and keys.
type Instance struct {
	*Table
	texts   []textID // by tag, the license user IDs that have a text
	index   names.Index
	clients []client // by ConnID
	buf     []byte
}

// A textID is a license user ID that has a text.
type textID struct {
	text string
	user UserID
}

// A client is what jobs and logins need to know of an open connection.
type client struct {
	via     Via
	addr    string // "" is the loopback address
	address string // that stands for the client; "" as above
	label   uint32
	retire  bool // its license user ID ends with it
}

// fresh marks the tag of a license user ID that equals no other; the rest of
// the tag is the number it is printed with.
const fresh uint64 = 1 << 63

// NewInstance makes an instance that nobody is connected to.
func NewInstance(p Policy, units int, l Listener) *Instance {
	i := &Instance{Table: NewTable(p, units, l)}
	i.index.Text = func(tag int32) string { return i.texts[tag].text }
	return i
}

// Connect asks for a connection of a client. Parent is a job's parent, or 0
// when that is not known or not open. Number names a license user ID that
// equals no other: it is printed as # and the number. Label is told of a
// [Holder]. The refusal is nil, or valid until the next call (rules: identity).
func (i *Instance) Connect(at Time, c *Client, parent ConnID, number int64, label uint32) (ConnID, *Refusal) {
	i.Advance(at) // a parent may have gone
	var up *client
	if c.Via == Job && parent != 0 {
		up = &i.clients[parent]
		if c.Addr == "" {
			heir := *c
			heir.Addr = up.addr
			c = &heir
		}
	}
	user, own := i.identify(c, up, parent, number)
	id, refusal := i.Table.Connect(at, Request{User: user, Via: c.Via, Sessionful: c.Sessionful, Anonymous: c.User == "", Label: label})
	retire := own && refusal == nil && !i.conns[id].charged
	if own && !retire {
		i.Retire(user) // it lasts as long as its row
	}
	if refusal != nil {
		return 0, refusal
	}
	for int(id) >= len(i.clients) {
		i.clients = append(i.clients, client{})
	}
	known := ""
	if tag := i.Tag(user); user != 0 && tag&fresh == 0 {
		known = i.texts[tag].text
	}
	i.clients[id] = client{
		via: c.Via, label: label, retire: retire,
		addr: kept(c.Addr, known), address: kept(i.policy.ClientAddress(c.Addr, c.Forwarded), known),
	}
	return id, nil
}

// kept is a text that lasts: the known one when it is the same.
func kept(text, known string) string {
	if text == known {
		return known
	}
	return strings.Clone(text)
}

// identify finds the license user ID of a client; own says that it is fresh.
func (i *Instance) identify(c *Client, up *client, parent ConnID, number int64) (user UserID, own bool) {
	from := Via(0)
	if up != nil {
		from = up.via
	}
	form := i.policy.Form(c, from)
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
	h := names.HashOfBytes(text)
	if tag, ok := i.index.FindBytes(h, text); ok {
		return i.texts[tag].user
	}
	tag := len(i.texts)
	id := i.AddUser(uint64(tag))
	i.texts = append(i.texts, textID{string(text), id})
	i.index.Insert(h, int32(tag))
	return id
}

// User finds or makes the license user ID of a text, for who connects by the
// Table's own methods.
func (i *Instance) User(text string) UserID { return i.user(append(i.buf[:0], text...)) }

// Fresh makes a license user ID that equals no other, for who connects by the
// Table's own methods: it is printed as # and the number, and retired by
// [Instance.RetireFresh].
func (i *Instance) Fresh(number int64) UserID { return i.AddUser(fresh | uint64(number)) }

// RetireFresh retires a license user ID that equals no other. Those that have
// a text stay, as anybody may have the same.
func (i *Instance) RetireFresh(id UserID) {
	if i.Tag(id)&fresh != 0 {
		i.Retire(id)
	}
}

// Users is how many license user IDs with a text there have been: what its
// memory grows with.
func (i *Instance) Users() int { return len(i.texts) }

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
	return i.texts[tag].text
}
