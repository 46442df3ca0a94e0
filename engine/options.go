package engine

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// An Option is one rule of a [Policy] that can be set by name.
type Option struct {
	Name   string
	Help   string   // one line
	Kind   string   // "bool", "count", "seconds", "text", "list" or "choice"
	Values []string // of a choice or list

	get func(*Policy) string
	set func(*Policy, string) error
}

// Value is the option's value in p, as Set reads it.
func (o *Option) Value(p *Policy) string { return o.get(p) }

var options = []Option{
	count("max_connections", "connections of one license user ID on one unit", 1, func(p *Policy) *int { return &p.MaxConnections }),
	choice("transition_at", "the transition comes with more connections than max_connections, or with as many",
		[]string{"gt_max", "ge_max"}, func(p *Policy) *TransitionAt { return &p.TransitionAt }),
	choice("transition_short", "a transition that lacks units is refused, or admitted above the limit",
		[]string{"refuse", "overcommit"}, func(p *Policy) *TransitionShort { return &p.TransitionShort }),
	flag("refused_attempt_sticks", "a refused transition leaves its user paying per connection", func(p *Policy) *bool { return &p.RefusedAttemptSticks }),
	choice("anon_id", "anonymous calls share a unit by address, all share one, or each takes its own",
		[]string{"ip", "global", "session"}, func(p *Policy) *AnonID { return &p.AnonID }),
	choice("auth_web_id", "web sessions and calls of a known user count as user@address, or each for itself",
		[]string{"user_at_ip", "session"}, func(p *Policy) *AuthWebID { return &p.AuthWebID }),
	flag("username_licensing", "terminals and xDBC count as user@address instead of by address", func(p *Policy) *bool { return &p.UsernameLicensing }),
	seconds("hold_seconds", "how long a call without a web session keeps its unit", func(p *Policy) *Time { return &p.HoldSeconds }),
	choice("hold_scope", "which calls hold: all without a web session, or only anonymous ones",
		[]string{"all_sessionless", "anonymous_only"}, func(p *Policy) *HoldScope { return &p.HoldScope }),
	choice("hold_from", "the hold runs from the start of the call, or from its end",
		[]string{"start", "end"}, func(p *Policy) *HoldFrom { return &p.HoldFrom }),
	flag("hold_extend", "a later call extends a running hold", func(p *Policy) *bool { return &p.HoldExtend }),
	flag("hold_counts_connection", "a finished call counts as a connection until its hold ends", func(p *Policy) *bool { return &p.HoldCountsConnection }),
	seconds("grace_seconds", "how long a one-page web session keeps its unit after its end", func(p *Policy) *Time { return &p.GraceSeconds }),
	choice("grace_on", "which ends start the grace period",
		[]string{"logout_or_timeout", "timeout_only"}, func(p *Policy) *GraceOn { return &p.GraceOn }),
	flag("grace_reuse", "a user who comes back in the grace period takes the kept unit", func(p *Policy) *bool { return &p.GraceReuse }),
	flag("grace_keeps_transition", "a kept unit remembers that its user pays per connection", func(p *Policy) *bool { return &p.GraceKeepsTransition }),
	count("connection_limit", "SetConnectionLimit: connections of one license user ID; 0 is no limit", 0, func(p *Policy) *int { return &p.ConnectionLimit }),
	count("user_limit", "SetUserLimit: units of this instance; 0 is no limit", 0, func(p *Policy) *int { return &p.UserLimit }),
	choice("limit_on", "the key limits units, or connections (Community Edition)",
		[]string{"units", "connections"}, func(p *Policy) *LimitOn { return &p.LimitOn }),
	flag("enforce", "the key limits at all; false for core-based keys", func(p *Policy) *bool { return &p.Enforce }),
	choice("job_from_csp", "a job started by a web session or call counts for the client's address, or for the session",
		[]string{"own_ip_lid", "session_lid"}, func(p *Policy) *JobFromCSP { return &p.JobFromCSP }),
	choice("task_id", "a task counts as user@host, or by its user alone",
		[]string{"user_at_host_ip", "user_global"}, func(p *Policy) *TaskID { return &p.TaskID }),
	flag("license_alt_headers", "LicenseAltHeaders: take the client's address from Forwarded or X-Forwarded-For", func(p *Policy) *bool { return &p.LicenseAltHeaders }),
	choice("xff_pick", "which of several forwarded addresses counts",
		[]string{"first", "last", "whole"}, func(p *Policy) *XFFPick { return &p.XFFPick }),
	{Name: "host_address", Help: "the instance's own address, for tasks", Kind: "text",
		get: func(p *Policy) string { return p.HostAddress },
		set: func(p *Policy, s string) error {
			if s == "" {
				return errors.New("must not be empty")
			}
			p.HostAddress = s
			return nil
		}},
	{Name: "uncharged", Help: "the ways in that do not count at all: none, or a list with commas", Kind: "list", Values: viaNames[1:],
		get: func(p *Policy) string { return p.Uncharged.String() },
		set: func(p *Policy, s string) (err error) {
			p.Uncharged, err = parseViaSet(s)
			return err
		}},
	choice("contract_over", "more than 12 connections of a contract user cost one unit for each 12, or are only listed",
		[]string{"ceil_div", "flag_only"}, func(p *Policy) *ContractOver { return &p.ContractOver }),
	choice("csp_refusal", "the status that a refused browser gets",
		[]string{"404", "503"}, func(p *Policy) *CSPRefusal { return &p.CSPRefusal }),
	seconds("timeout_lag", "how much later than its time a time-out takes effect", func(p *Policy) *Time { return &p.TimeoutLag }),
}

// siteOptions concern several instances that share a key.
var siteOptions = []string{"transition_scope", "nak_clear", "server_down", "local_view", "update_period"}

// Options lists what can be set, in the order of the rules page.
func Options() []Option { return options }

// Set changes the option name to value, or says why it cannot. Setting what
// the policy already has changes nothing.
func (p *Policy) Set(name, value string) error {
	if slices.Contains(siteOptions, name) {
		return fmt.Errorf("option %q concerns sites of several instances, which are not available yet", name)
	}
	i := slices.IndexFunc(options, func(o Option) bool { return o.Name == name })
	if i < 0 {
		return fmt.Errorf("unknown option %q", name)
	}
	o := &options[i]
	before := o.get(p)
	if err := o.set(p, value); err != nil {
		return fmt.Errorf("option %q %w", name, err)
	}
	after := o.get(p)
	if before != after {
		p.note(name, after)
	}
	return nil
}

// Title is a name that says what the policy is: the named one, and what was
// changed.
func (p *Policy) Title() string {
	title := p.Base
	for _, s := range p.Changed {
		title += " " + s.Name + "=" + s.Value
	}
	return title
}

func (p *Policy) note(name, value string) {
	p.Changed = slices.Clone(p.Changed) // copies of a Policy share the old one
	for i := range p.Changed {
		if p.Changed[i].Name == name {
			p.Changed[i].Value = value
			return
		}
	}
	p.Changed = append(p.Changed, Setting{name, value})
}

func flag(name, help string, field func(*Policy) *bool) Option {
	return Option{Name: name, Help: help, Kind: "bool",
		get: func(p *Policy) string { return strconv.FormatBool(*field(p)) },
		set: func(p *Policy, s string) error {
			if s != "true" && s != "false" {
				return fmt.Errorf("must be true or false, not %q", s)
			}
			*field(p) = s == "true"
			return nil
		}}
}

func count(name, help string, least int, field func(*Policy) *int) Option {
	return Option{Name: name, Help: help, Kind: "count",
		get: func(p *Policy) string { return strconv.Itoa(*field(p)) },
		set: func(p *Policy, s string) error {
			n, err := strconv.ParseInt(s, 10, 32)
			if err != nil || int(n) < least {
				return fmt.Errorf("must be a whole number >= %d, not %q", least, s)
			}
			*field(p) = int(n)
			return nil
		}}
}

func seconds(name, help string, field func(*Policy) *Time) Option {
	return Option{Name: name, Help: help, Kind: "seconds",
		get: func(p *Policy) string { return string(field(p).AppendSeconds(nil)) },
		set: func(p *Policy, s string) error {
			t, err := ParseSeconds(s)
			if err != nil {
				return fmt.Errorf("%w, not %q", err, s)
			}
			*field(p) = t
			return nil
		}}
}

func choice[T ~uint8](name, help string, values []string, field func(*Policy) *T) Option {
	return Option{Name: name, Help: help, Kind: "choice", Values: values,
		get: func(p *Policy) string { return values[*field(p)] },
		set: func(p *Policy, s string) error {
			i := slices.Index(values, s)
			if i < 0 {
				return fmt.Errorf("must be %s, not %q", strings.Join(values, " or "), s)
			}
			*field(p) = T(i)
			return nil
		}}
}
