package sim

import (
	"highwater/engine"
	"highwater/scenario"
)

// Shrinks lists what of a case can let larger traffic need fewer units, each
// as the object of a sentence. Without any of it what is needed never shrinks
// when the traffic grows, at any instant.
func (v *Case) Shrinks() []string {
	p := &v.Policy
	var list []string
	note := func(is bool, what string) {
		if is {
			list = append(list, what)
		}
	}
	holds := p.HoldSeconds > 0 && !p.Contract && !p.HoldCountsConnection
	note(holds && !p.HoldExtend && v.has(isCall), "a hold that later calls do not extend")
	note(p.GraceSeconds > 0 && !p.Contract && !p.GraceReuse && v.has(isSession), "a unit of a grace that who comes back does not share")
	note(!p.Contract && p.LimitOn == engine.LimitUnits && p.TransitionShort == engine.Overcommit,
		"an overcommit of transitions, whose units no key has to allow")
	note(p.ConnectionLimit > 0, "a connection limit, which turns some away for others")
	note(v.has(func(v *Case, c *scenario.Cohort) bool { return queues(v.proxy(c), c) }), "a gateway with a cap, where some wait for others")
	note(!p.Contract && v.has(func(v *Case, c *scenario.Cohort) bool { return pools(v.proxy(c), c) && v.tells(c) }),
		"a proxy's pool, whose connections count for whoever made it open them")
	return list
}

// has reports whether a cohort of a case that counts is of some kind.
func (v *Case) has(is func(*Case, *scenario.Cohort) bool) bool {
	for i := range v.Scenario.Cohorts {
		if c := &v.Scenario.Cohorts[i]; !v.Policy.Uncharged.Has(c.Via) && is(v, c) {
			return true
		}
	}
	return false
}

// isCall reports whether a cohort's calls hold units by themselves.
func isCall(_ *Case, c *scenario.Cohort) bool { return c.Kind == scenario.Callers && !c.UseSession }

// isSession reports whether a cohort's connections are web sessions.
func isSession(_ *Case, c *scenario.Cohort) bool { return c.Via == engine.CSP || c.UseSession }

// proxy is what a cohort comes through, nil for none.
func (v *Case) proxy(c *scenario.Cohort) *scenario.Proxy {
	if c.Through == 0 {
		return nil
	}
	return &v.Scenario.Proxies[c.Through-1]
}

// queues reports whether a proxy keeps a cohort's sessions or calls waiting.
func queues(x *scenario.Proxy, c *scenario.Cohort) bool {
	return x != nil && x.Cap > 0 && c.Kind != scenario.Browsers
}

// pools reports whether a proxy's pool connects for a cohort.
func pools(x *scenario.Proxy, c *scenario.Cohort) bool {
	return x != nil && x.Pool > 0 && (c.Kind == scenario.Users || c.Kind == scenario.Devices)
}

// tells reports whether the server can tell who is behind a connection of the
// proxy that a cohort comes through, or does not count all of them.
func (v *Case) tells(c *scenario.Cohort) bool {
	p := &v.Policy
	return p.UsernameLicensing || p.Uncharged != 0 || p.LicenseAltHeaders && v.proxy(c).Forwards != scenario.ForwardsNothing
}
