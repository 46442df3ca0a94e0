package attack

import (
	"net/netip"
	"slices"
	"strings"

	"highwater/sim/attack/record"
)

// examples are the first request of each kind that each cohort sends, as text;
// in the place of a secret stands what it is.
func (s *Schedule) examples(o *Options) [][]string {
	first := make([][]uint32, len(s.Scenario.Cohorts)) // by cohort, requests of kinds that differ
	for i := range s.Requests {
		r := &s.Requests[i]
		list := &first[s.Users[s.Visits[r.Visit].User].Cohort]
		if !slices.ContainsFunc(*list, func(k uint32) bool { return s.Requests[k].Kind == r.Kind }) {
			*list = append(*list, uint32(i))
		}
	}
	x := &sender{s: s, o: o, base: o.Target, asks: s.asks(o, true)}
	target, _ := netip.ParseAddr(o.Target.Hostname()) // a name is not this machine
	home := newAddresses(s, target.Unmap())
	all := make([][]string, len(first))
	for i, list := range first {
		for _, k := range list {
			user := s.Visits[s.Requests[k].Visit].User
			e := record.Entry{Request: k, Member: s.Users[user].Member}
			_, e.Forwarded = home.of(user)
			a := &x.asks[i]
			q := x.question(a, &e)
			text := string(x.request(a, &visit{}, &e, &q))
			all[i] = append(all[i], strings.TrimSpace(strings.ReplaceAll(text, "\r\n", "\n")))
		}
	}
	return all
}
