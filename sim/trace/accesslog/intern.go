package accesslog

import "strings"

// names numbers different texts. 0 is the empty one.
type names struct {
	ids  map[string]uint32
	list []string
}

func newNames() *names { return &names{ids: map[string]uint32{}, list: []string{""}} }

func (n *names) id(b []byte) uint32 {
	if len(b) == 0 {
		return 0
	}
	if id, ok := n.ids[string(b)]; ok {
		return id
	}
	key := string(b)
	n.list = append(n.list, strings.ToValidUTF8(key, "\uFFFD"))
	id := uint32(len(n.list) - 1)
	n.ids[key] = id
	return id
}

// A caller is who sent a request, by the numbers of its names.
type caller struct{ addr, user, forwarded, session, agent uint32 }

// callers numbers different callers from 0.
type callers struct {
	ids  map[caller]uint32
	list []caller
}

func (c *callers) id(who caller) uint32 {
	id, ok := c.ids[who]
	if !ok {
		id = uint32(len(c.list))
		c.list = append(c.list, who)
		c.ids[who] = id
	}
	return id
}

// A request is what is kept of a line. Its fields have no pointers: a log
// can have hundreds of millions.
type request struct {
	at   int64  // µs since 1970
	took int64  // µs
	who  uint32 // number of the caller, and bits
	seq  uint32 // order of the lines
}

const (
	pageBit   = 1 << 31
	logoutBit = 1 << 30
	soapBit   = 1 << 29
	whoMask   = soapBit - 1
)
