package report

import (
	"fmt"
	"strings"

	"highwater/sim/result"
	"highwater/sim/result/words"
)

// addCounts shows what each policy makes of the same trace.
func (r *Report) addCounts(s *result.Replay) {
	if len(s.Policies) < 2 {
		return
	}
	c := replayClock(s)
	t := &table{Head: []string{"policy", "needed if nobody is refused", "key", "peak units in use", "mean units", "attempts refused", "first refusal"}}
	var amounts []float64
	for i := range s.Policies {
		p := &s.Policies[i]
		k := key(p.Units, p.LimitOn)
		if !p.Enforced {
			k = "counts, refuses nobody"
		}
		first := none
		if p.FirstRefusal != nil {
			first = c.exact(p.FirstRefusal.At)
		}
		n := countNeeds(p)
		amounts = append(amounts, float64(n))
		t.Rows = append(t.Rows, []string{line(listed(append([]string{p.Base}, p.Alike...))), words.Plural(n, strings.TrimSuffix(p.LimitOn, "s")), k,
			words.Number(p.Peak.Units), decimal(p.MeanUnits), words.Number(p.Refused), first})
	}
	t.Bars = bars(amounts)
	same := "The same trace with the same key, counted by each policy."
	if options := s.Policies[0].Options; len(options) > 0 {
		same = "The same trace with the same key, counted by each policy with " + settings(options) + "."
	}
	r.add(section{Title: "Policies side by side", Found: beyondContract(s.Policies), Text: same + " " + identified(s.Metered) +
		" What came of those who are refused by one policy and not by another is as the trace tells it.", Table: t})
}

// countNeeds is what a policy needs of what its key limits.
func countNeeds(p *result.PolicyCount) int {
	if byConnections(&p.Counted) {
		return p.DemandConnections
	}
	return p.Demand.Units
}

// beyondContract says how far the policy that is enforced is from the contract's
// count, "" where they count no units both.
func beyondContract(list []result.PolicyCount) string {
	var enforced, contract *result.PolicyCount
	for i := range list {
		switch p := &list[i]; {
		case p.Base == "contract":
			contract = p
		case enforced == nil:
			enforced = p
		}
	}
	if contract == nil || enforced == nil || byConnections(&enforced.Counted) || byConnections(&contract.Counted) {
		return ""
	}
	n, m, beyond := enforced.Demand.Units, contract.Demand.Units, "more"
	switch {
	case n == m:
		return fmt.Sprintf("%s needs as many units as the contract counts, %s", line(enforced.Base), words.Number(n))
	case n < m:
		beyond = "fewer"
	}
	return fmt.Sprintf("%s needs %s %s than the contract counts, %s to %s", line(enforced.Base), words.Plural(max(n-m, m-n), "unit"), beyond, words.Number(n), words.Number(m))
}

// identified says what the contract's count of people and devices rests on.
func identified(m *result.Metered) string {
	switch {
	case m.Connects == 0:
		return ""
	case m.Identified == 0:
		return "The trace names neither people nor devices, so that the contract's count is one of license user IDs (addresses, users at an address, web sessions), " +
			"each of which several people may share, and of which one may have several."
	case m.Identified < m.Connects:
		return fmt.Sprintf("Of %s the trace names the person or the device of %s; for the others the contract's count takes the license user ID, which several people may share.",
			words.Plural(m.Connects, "connection"), words.Number(m.Identified))
	}
	return "The trace names the person or the device of each connection."
}

// listed are names in a sentence.
func listed(names []string) string {
	n := len(names)
	if n < 2 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:n-1], ", ") + " and " + names[n-1]
}
