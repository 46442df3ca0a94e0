package sim

import (
	"slices"
	"strconv"
	"strings"
	"unicode"

	"highwater/engine"
	"highwater/scenario"
)

// A person is who opens connections: a member of a finite cohort, or an
// arrival of an open one while it is there.
type person struct {
	cohort int32
	stays  bool // a member
	visits int32
	number uint64
	ids    [numOwn]engine.UserID   // license user IDs that only it has
	more   [][numOwn]engine.UserID // of its second device on
	next   int32
}

// own numbers the license user IDs that a person may have to itself.
type own uint8

const (
	ownAddress own = iota // client address
	ownUser               // user@client address
	ownPerson             // person/device
	ownDevice             // device
	ownTask               // user@host, or the user alone
	numOwn
)

// idents says how a cohort's members are told apart under a policy.
type idents struct {
	form    engine.Form // of a connection
	address bool        // the client address is the member's own
	user    bool        // the user name is the member's own
	shared  [numOwn]engine.UserID
	other   engine.UserID // for forms that know no member
}

// identsOf looks at what of a cohort's identity differs from member to member.
func (w *world) identsOf(c *cohort) idents {
	one, another := w.client(c, 0, 0), w.client(c, 1, 0)
	return idents{
		form: w.policy.Form(&one, 0), user: c.User == scenario.OwnUser,
		address: w.policy.ClientAddress(one.Addr, one.Forwarded) != w.policy.ClientAddress(another.Addr, another.Forwarded),
	}
}

// client is what the server is told of a member's device.
func (w *world) client(c *cohort, number uint64, device int) engine.Client {
	k := engine.Client{Via: c.Via, Sessionful: c.UseSession}
	if !c.Login { // who logs in later is not known before
		k.User = c.userName(number)
	}
	label := c.memberName(number, device)
	switch c.Kind {
	case scenario.Users, scenario.Browsers:
		k.Person, k.Device = c.memberName(number, 0), label
	case scenario.Devices, scenario.Callers:
		k.Device = label
	default:
		return k // on the server itself
	}
	k.Addr = c.Address
	if k.Addr == "" {
		k.Addr = label
	}
	if c.proxy != nil {
		switch c.proxy.Forwards {
		case scenario.ForwardsXFF:
			k.Forwarded = k.Addr
		case scenario.ForwardsRFC7239:
			k.Forwarded = "for=" + k.Addr
		}
		k.Addr = c.proxy.Address
	}
	return k
}

// memberName is the address by which a member's device is known.
func (c *cohort) memberName(number uint64, device int) string {
	name := c.slug + "-" + strconv.FormatUint(number+1, 10)
	if device > 0 {
		name += "." + strconv.Itoa(device+1)
	}
	return name
}

// userName is the name by which a member is known, or logs in.
func (c *cohort) userName(number uint64) string {
	switch c.User {
	case scenario.OwnUser:
		return c.slug + "." + strconv.FormatUint(number+1, 10)
	case scenario.NamedUser:
		return c.UserName
	}
	return ""
}

// maxSlug is the most characters of a name in addresses and user names: a
// login composes both, numbers included, to at most 64.
const maxSlug = 20

// freshName is the license user ID of a single connection.
func (c *cohort) freshName(n uint64) string { return c.slug + "#" + strconv.FormatUint(n, 10) }

// slugs makes the cohorts' names fit for addresses and user names, each
// different from the others.
func slugs(cohorts []scenario.Cohort) []string {
	list := make([]string, len(cohorts))
	for i := range cohorts {
		slug := strings.Map(func(r rune) rune {
			if unicode.IsLetter(r) || unicode.IsDigit(r) {
				return r
			}
			return '-'
		}, cohorts[i].Name)
		if long := []rune(slug); len(long) > maxSlug {
			slug = string(long[:maxSlug])
		}
		for slices.Contains(list[:i], slug) {
			slug += "~"
		}
		list[i] = slug
	}
	return list
}

func (w *world) newPerson(c *cohort, number uint64, stays bool) int32 {
	id := w.freePerson
	if id == 0 {
		id = int32(len(w.people))
		w.people = append(w.people, person{})
	} else {
		w.freePerson = w.people[id].next
	}
	p := &w.people[id]
	*p = person{cohort: int32(c.label), stays: stays, number: number, more: p.more[:0]}
	return id
}

// leave ends one of a person's visits. Somebody who does not come back is
// forgotten.
func (w *world) leave(id int32) {
	p := &w.people[id]
	p.visits--
	if p.stays || p.visits > 0 {
		return
	}
	w.retire(&p.ids)
	for i := range p.more {
		w.retire(&p.more[i])
	}
	p.next, w.freePerson = w.freePerson, id
}

func (w *world) retire(ids *[numOwn]engine.UserID) {
	for _, user := range ids {
		if user != 0 {
			w.acct.Retire(user)
		}
	}
}

// idsOf is where a person's own license user IDs from one device are kept.
func (p *person) idsOf(device int) *[numOwn]engine.UserID {
	if device == 0 {
		return &p.ids
	}
	for len(p.more) < device {
		p.more = append(p.more, [numOwn]engine.UserID{})
	}
	return &p.more[device-1]
}

// A tag names a license user ID: its kind, and whose it is.
type tag uint64

// Kinds of tags besides [own], which is less one.
const (
	tagText  tag = 0 // of w.names
	tagFresh     = tag(numOwn) + 1
)

const (
	numberBits = 40
	deviceBits = 6
	cohortBits = 15 // scenario files have fewer
)

func newTag(kind tag, device int, label uint32, number uint64) uint64 {
	t := kind<<cohortBits | tag(label)
	t = t<<deviceBits | tag(device)&(1<<deviceBits-1)
	return uint64(t<<numberBits | tag(number)&(1<<numberBits-1))
}

// userName is the license user ID that a tag stands for.
func (w *world) userName(t uint64) string {
	number := t & (1<<numberBits - 1)
	device := int(t >> numberBits & (1<<deviceBits - 1))
	kind := tag(t >> (numberBits + deviceBits + cohortBits))
	if kind == tagText {
		return w.shared[number].name
	}
	c := &w.cohorts[t>>(numberBits+deviceBits)&(1<<cohortBits-1)]
	if kind == tagFresh {
		return c.freshName(number)
	}
	return w.idText(own(kind-1), c, number, device)
}

// idText is the license user ID of a kind for a member's device.
func (w *world) idText(kind own, c *cohort, number uint64, device int) string {
	client := w.client(c, number, device)
	if kind == ownUser && c.Login {
		id, _ := w.loginID(c, &client, number)
		return id
	}
	form := [numOwn]engine.Form{engine.ByAddress, engine.ByUserAtAddress, engine.ByPersonDevice, engine.ByDevice, c.idents.form}[kind]
	return string(w.policy.AppendID(nil, form, &client))
}

// loginID is the license user ID that a member's login composes.
func (w *world) loginID(c *cohort, client *engine.Client, number uint64) (string, error) {
	return engine.ComposeLogin(c.userName(number), w.policy.ClientAddress(client.Addr, client.Forwarded))
}

// text finds or makes the license user ID of a text.
func (w *world) text(s string, c *cohort) engine.UserID {
	i, ok := w.texts[s]
	if !ok {
		i = len(w.shared)
		w.shared = append(w.shared, sharedID{name: s})
		w.shared[i].id = w.acct.AddUser(newTag(tagText, 0, 0, uint64(i)))
		w.texts[s] = i
	}
	t := &w.shared[i]
	if !slices.Contains(t.cohorts, c.label) {
		t.cohorts = append(t.cohorts, c.label)
	}
	return t.id
}

// A sharedID is a license user ID that several members or cohorts share.
type sharedID struct {
	id      engine.UserID
	name    string
	cohorts []uint32 // that use it
}

// holderCohort names whose connections a license user ID has.
func (w *world) holderCohort(h *engine.Holder) string {
	if h.Label != engine.MixedLabel {
		return w.cohorts[h.Label].Name
	}
	if tag(h.Tag>>(numberBits+deviceBits+cohortBits)) != tagText {
		return w.cohorts[h.Tag>>(numberBits+deviceBits)&(1<<cohortBits-1)].Name + " and jobs"
	}
	var names []string
	for _, label := range w.shared[h.Tag&(1<<numberBits-1)].cohorts {
		names = append(names, w.cohorts[label].Name)
	}
	if len(names) == 1 {
		return names[0] + " and jobs"
	}
	return strings.Join(names, " + ")
}

// user is the license user ID that a form gives to a person's device; fresh
// says that it is nobody else's and ends with the connection.
func (w *world) user(form engine.Form, c *cohort, p *person, device int, parent engine.ConnID) (id engine.UserID, fresh bool) {
	switch form {
	case engine.NoID:
		return 0, false
	case engine.FreshID, engine.BySession:
		c.fresh++
		return w.acct.AddUser(newTag(tagFresh, 0, c.label, c.fresh)), true
	case engine.ByParent:
		return w.acct.UserOf(parent), false
	case engine.ByAddress, engine.ByParentAddress:
		return w.ownOr(ownAddress, c, p, device), false
	case engine.ByUserAtAddress:
		return w.ownOr(ownUser, c, p, device), false
	case engine.ByPersonDevice:
		return w.ownOr(ownPerson, c, p, device), false
	case engine.ByDevice:
		return w.ownOr(ownDevice, c, p, device), false
	case engine.ByUserAtHost, engine.ByUser:
		return w.ownOr(ownTask, c, p, device), false
	}
	if c.idents.other == 0 {
		client := w.client(c, 0, 0)
		c.idents.other = w.text(string(w.policy.AppendID(nil, form, &client)), c)
	}
	return c.idents.other, false
}

// ownOr is a person's own license user ID of a kind, or the one that its
// cohort shares.
func (w *world) ownOr(kind own, c *cohort, p *person, device int) engine.UserID {
	named := (kind == ownUser || kind == ownTask) && c.idents.user
	if named && !c.idents.address {
		device = 0 // the same from all of a person's devices
	}
	if kind != ownPerson && kind != ownDevice && !c.idents.address && !named {
		id := &c.idents.shared[kind]
		if *id == 0 {
			*id = w.text(w.idText(kind, c, p.number, device), c)
		}
		return *id
	}
	id := &p.idsOf(device)[kind]
	if *id == 0 {
		*id = w.acct.AddUser(newTag(tag(kind)+1, device, c.label, p.number))
	}
	return *id
}
