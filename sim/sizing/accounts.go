package sizing

import (
	"fmt"
	"math"
	"strings"

	"highwater/engine"
	"highwater/scenario"
	"highwater/sim"
)

// sigmas is how far above its mean a Poisson number of connections is
// reckoned with.
const sigmas = 5

// userID is the license user ID of a member's connections before any login,
// "" when each of them has one of its own.
func (v *view) userID(c *scenario.Cohort, member int) string {
	k := engine.Client{Via: c.Via, Sessionful: c.UseSession, Addr: c.Address}
	switch {
	case c.Login:
	case c.User == scenario.OwnUser:
		k.User = fmt.Sprintf("%s.%d", c.Name, member)
	case c.User == scenario.NamedUser:
		k.User = c.UserName
	}
	if k.Addr == "" {
		k.Addr = fmt.Sprintf("%s-%d", c.Name, member)
	}
	if x := v.proxy(c); x != nil {
		if x.Forwards == scenario.ForwardsXFF || x.Forwards == scenario.ForwardsRFC7239 {
			k.Forwarded = k.Addr
		}
		k.Addr = x.Address
	}
	switch form := v.Policy.Form(&k, 0); form {
	case engine.ByAddress, engine.ByUserAtAddress, engine.ByAnonymous:
		return string(v.Policy.AppendID(nil, form, &k))
	}
	return ""
}

// A load is how many connections a cohort has at one license user ID: a number
// at most, or the mean of a Poisson number.
type load struct {
	sum    int
	mean   float64
	random bool
	each   int  // of a session
	shared bool // by all members
}

// most is how many connections are reckoned with when the load is dealt out to
// so many accounts; each session stays whole.
func (l *load) most(accounts int) int {
	if l.random {
		mean := l.mean / float64(accounts)
		return int(math.Ceil(mean + sigmas*math.Sqrt(mean)))
	}
	return (l.sum/l.each + accounts - 1) / accounts * l.each
}

// loadOf is a cohort's load; false when it has no bound.
func (v *view) loadOf(c *scenario.Cohort) (l load, ok bool) {
	l.shared = v.userID(c, 0) == v.userID(c, 1)
	l.each = 1
	if !http(c) {
		most := c.Connections.Most() * c.Devices.Most()
		if math.IsInf(most, 1) {
			return l, false
		}
		l.each = int(most)
	}
	a := &c.Arrivals
	switch {
	case a.Form == scenario.Poisson:
		rate := 0.0
		for _, r := range a.Rates {
			rate = max(rate, r.PerSecond)
		}
		if a.Each && l.shared {
			rate *= float64(c.Count)
		}
		l.mean, l.random = rate*c.Lasts.Expected()*float64(l.each), true
		return l, !math.IsInf(l.mean, 1)
	case c.Count == 0:
		return l, false
	case l.shared:
		l.sum = l.each * c.Count
	default:
		l.sum = l.each
	}
	return l, true
}

// splittable reports whether a cohort's connections can be dealt out to
// service accounts.
func (v *view) splittable(i int) bool {
	c := &v.Scenario.Cohorts[i]
	if c.Kind != scenario.Devices && (c.Kind != scenario.Callers || c.UseSession) || c.User == scenario.OwnUser {
		return false
	}
	if x := v.proxy(c); x != nil && x.Pool > 0 && !http(c) || v.Policy.Uncharged.Has(c.Via) || v.userID(c, 0) == "" {
		return false
	}
	for k := range v.Scenario.Cohorts {
		if j := &v.Scenario.Cohorts[k]; j.Kind == scenario.Jobs && j.StartedBy == i {
			return false
		}
	}
	return true
}

// moreAccounts deals out connections that share a license user ID, and are too
// many to share a unit, to service accounts.
func moreAccounts(c *sim.Case) (*plan, string) {
	v := view{Case: c}
	sums := map[string]int{}
	for i := range c.Scenario.Cohorts {
		k := &c.Scenario.Cohorts[i]
		if l, ok := v.loadOf(k); ok && k.Kind != scenario.Jobs {
			sums[v.userID(k, 0)] += l.most(1)
		}
	}
	unit := shareUnit(&c.Policy)
	var given []string
	byUserName := false
	numbers := map[string]int{} // of accounts by name
	for i := range len(c.Scenario.Cohorts) {
		if k := &c.Scenario.Cohorts[i]; v.splittable(i) && sums[v.userID(k, 0)] > unit {
			n := v.split(i, unit, numbers)
			if n == 0 {
				continue
			}
			k = &c.Scenario.Cohorts[i]
			v.concern(k)
			given = append(given, fmt.Sprintf("%s %d", k.Name, n))
			byUserName = byUserName || !http(k)
		}
	}
	if given == nil {
		return nil, fmt.Sprintf("no interfaces known to have more than %d connections of one license user ID", unit)
	}
	p := &plan{title: "more service accounts", concerns: v.concerns,
		do:    []string{fmt.Sprintf("deal the connections out to service accounts of at most about %d connections each: %s", unit, strings.Join(given, ", "))},
		costs: []string{"accounts and passwords, and changes at the clients; by the contract each device counts as before"},
	}
	if byUserName && !c.Policy.UsernameLicensing {
		v.byUserName()
		p.do = append(p.do, userNamesCall+"; without it processes count by address alone, and several addresses do instead of several accounts")
		p.costs = append(p.costs, "every process counts by user name and address then")
	}
	return p, ""
}

// mostAccounts bounds the accounts of a cohort.
const mostAccounts = 100

// split deals a cohort's connections out to as many accounts as keep each of
// them on one unit, and says how many those are; 0 when it can't. The cohort
// keeps its place, and the other parts follow at the end.
func (v *view) split(i, unit int, numbers map[string]int) int {
	c := v.Scenario.Cohorts[i]
	l, ok := v.loadOf(&c)
	whole := !l.random && (!l.shared || c.Count == 1) // of each member
	n := 1
	for ok && n <= mostAccounts && l.most(n) > unit && !whole {
		n++
	}
	if whole && ok {
		n = (l.each + unit - 1) / unit
	}
	switch {
	case !ok || n > mostAccounts || !whole && n > max(c.Count, 1) && !l.random:
		return 0
	case whole && n > 1 && (c.Connections.Law != scenario.Constant || c.Devices.Most() > 1):
		return 0
	}
	name := c.UserName
	if c.User == scenario.NoUser {
		name = "svc_" + strings.ReplaceAll(c.Name, " ", "_")
	}
	for k := range n {
		part := c
		numbers[name]++
		part.User, part.UserName = scenario.NamedUser, fmt.Sprintf("%s.%d", name, numbers[name])
		switch {
		case l.random:
			part.Arrivals.Rates = append([]scenario.Rate{}, c.Arrivals.Rates...)
			for r := range part.Arrivals.Rates {
				part.Arrivals.Rates[r].PerSecond /= float64(n)
			}
		case whole && n > 1:
			part.Connections.Mean = float64((l.each + k) / n)
		case n > 1:
			part.Count = (c.Count + k) / n
		}
		if k == 0 {
			v.Scenario.Cohorts[i] = part
			continue
		}
		part.Name = fmt.Sprintf("%s, account %d", c.Name, k+1)
		v.Scenario.Cohorts = append(v.Scenario.Cohorts, part)
	}
	return n
}
