package scenario

import (
	"math"
	"slices"

	"highwater/engine"

	"gopkg.in/yaml.v3"
)

// This file has the rules that concern more than one field.

// mostSessions is how many sessions a cohort may have in a run, on average.
const mostSessions = 1e9

// mostPeriods is how many periods of bursts a run may have.
const mostPeriods = 1e8

// cohorts checks the drafts and makes cohorts of them.
func (f *file) cohorts(p *parser) {
	for _, d := range f.drafts {
		a := &d.Arrivals
		a.Rates = closed(a.Rates, a.Cycle, a.Linear)
		p.in(d.path, func() {
			d.members(p)
			d.behaviour(p)
			d.asks(p)
			d.references(p, f)
			d.size(p, f.Duration)
		})
	}
	for i, d := range f.drafts {
		f.circle(p, i, d)
		f.Cohorts = append(f.Cohorts, d.Cohort)
	}
}

// at is where a field stands, or else the cohort.
func (d *draft) at(name string) *yaml.Node {
	if n := d.has[name]; n != nil {
		return n
	}
	return d.node
}

// members checks count against the arrivals and fills its default.
func (d *draft) members(p *parser) {
	a := &d.Arrivals
	if d.has["count"] != nil || a.Form == 0 {
		return
	}
	open := a.Form == Poisson || a.Form == Explicit
	alone := of(Devices, Tasks, Startup, Batch).has(d.Kind) || d.Kind == Callers && a.Form == Periodic
	switch {
	case open && a.Each:
		p.errorf(d.at("arrivals"), "count is required with a rate for each member")
	case open:
	case alone:
		d.Count = 1
	default:
		p.errorf(d.at("arrivals"), "count is required with these arrivals").Hint = "only poisson and at may be without: each arrival is somebody new then"
	}
}

// behaviour checks the session and fills defaults that depend on other fields.
func (d *draft) behaviour(p *parser) {
	for _, c := range []*Dist{&d.Connections, &d.Devices} {
		if c.Law == Unset {
			*c = one
		}
	}
	if d.Kind == Callers {
		d.Windows = one
	}
	if d.OnRefusal.Factor == 0 {
		d.OnRefusal.Factor = 1
	}
	if d.Kind == Browsers && d.has["user"] == nil && d.Login {
		d.User = OwnUser
	}
	if n := d.has["user"]; n != nil && n.Value == "none" && d.Login {
		p.errorf(n, "user must be own or a name with login, not none")
	}
	if d.Kind != Browsers && d.Kind != Callers || d.has["session"] == nil && d.Kind == Browsers {
		return
	}
	p.in("session", func() { d.thinking(p) })
}

// thinking checks what is between pages or calls.
func (d *draft) thinking(p *parser) {
	think, lasts := d.session["think"], d.session["lasts"]
	several := d.Pages.Law != Constant && d.Pages.Law != Unset || d.Pages.Mean > 1
	switch {
	case think != nil && lasts != nil:
		p.errorf(lasts, "lasts must not be given beside think")
	case think != nil || lasts != nil:
	case several && d.Kind == Browsers:
		p.errorf(d.at("session"), "think is required with more than one page").Hint = "or lasts, for the whole visit"
	case several:
		p.errorf(d.at("session"), "think is required with more than one call")
	default:
		d.Think = Dist{Law: Constant, Text: "0s"}
	}
	if n := d.session["use_session"]; n != nil && !d.UseSession {
		d.Timeout, d.Logout = 0, 0
	}
}

// references finds the proxy and the cohort that the draft names.
func (d *draft) references(p *parser, f *file) {
	if n := d.has["through"]; n != nil && d.through != "" {
		names := make([]string, len(f.Proxies))
		for i, x := range f.Proxies {
			names[i] = x.Name
		}
		i := slices.Index(names, d.through)
		if i < 0 {
			p.wrong(n, "through", "must be the name of a proxy").Hint = didYouMean(d.through, names)
		} else {
			d.passes(p, &f.Proxies[i])
		}
		d.Through = i + 1
	}
	n := d.has["started_by"]
	if n == nil || d.startedBy == "" {
		return
	}
	names := make([]string, len(f.drafts))
	for i, x := range f.drafts {
		names[i] = x.Name
	}
	i := slices.Index(names, d.startedBy)
	if i < 0 {
		p.wrong(n, "started_by", "must be the name of a cohort").Hint = didYouMean(d.startedBy, names)
		d.startedBy = ""
		return
	}
	d.StartedBy = i
	if k := f.drafts[i].Kind; d.OnPage && k != 0 && !of(Browsers, Callers).has(k) {
		p.errorf(d.at("per"), "per must be session, not page: %s have no pages", k)
	}
}

// passes checks that the proxy can ever let a session pass.
func (d *draft) passes(p *parser, x *Proxy) {
	least := d.Devices.least() * d.Connections.least()
	if x.Cap > 0 && of(Users, Devices).has(d.Kind) && least > float64(x.Cap) {
		p.errorf(d.at("connections"), "a session must have at most %d connections, the cap of proxy %s, not %.0f", x.Cap, quote(x.Name), least)
	}
}

// circle notes jobs that start themselves. The one that stands first in the
// file is named.
func (f *file) circle(p *parser, first int, d *draft) {
	i, passed := first, 0
	for f.drafts[i].Kind == Jobs && f.drafts[i].startedBy != "" && passed <= len(f.drafts) {
		i = f.drafts[i].StartedBy
		passed++
		if i < first {
			return
		}
		if i == first {
			p.in(d.path, func() {
				p.wrong(d.at("started_by"), "started_by", "must lead to a cohort that begins by itself")
			})
			return
		}
	}
}

// size notes arrivals that no machine could simulate.
func (d *draft) size(p *parser, run engine.Time) {
	members, a := float64(max(d.Count, 1)), &d.Arrivals
	sessions := 0.0
	switch a.Form {
	case Poisson:
		if len(a.Rates) == 0 {
			return
		}
		sessions = a.perSecond() * run.Seconds()
		if a.Each {
			sessions *= members
		}
	case Periodic:
		sessions = members * run.Seconds() / a.Every.Expected()
	case Alternating:
		sessions = members * run.Seconds() / (a.Idle.Expected() + math.Max(0, d.Lasts.Expected()))
	case Storm, Explicit:
		sessions = members * float64(len(a.Moments)) * math.Max(1, run.Seconds()/engine.Day.Seconds())
	}
	for _, b := range a.Bursts {
		if periods := run.Seconds() / b.Every.Seconds(); periods > mostPeriods {
			p.errorf(d.at("arrivals"), "bursts must have at most %.0f periods in the run, not %.0f", mostPeriods, periods)
		}
	}
	if sessions > mostSessions {
		p.errorf(d.at("arrivals"), "arrivals must make at most %.0f sessions in the run, not %.0f", mostSessions, sessions)
	}
}
