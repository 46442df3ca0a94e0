package curves

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"highwater/engine"
	"highwater/sim/attack/record"
	"highwater/sim/result"
	"highwater/sim/result/words"
)

// explain says in words why the curves differ, and judges.
func (x *comparison) explain(limit Limit) {
	x.res.Unlike = x.unlike()
	why := x.res.Unlike
	x.note()
	x.present()
	if why == "" {
		x.otherwise()
	}
	x.timing()
	x.waiting()
	x.refusals()
	if why == "" {
		x.differ()
	}
	d := x.res.Divergence
	switch {
	case why != "":
		x.say("counting: nothing is compared, as %s", why)
	case d == nil || len(d.Range) == 0:
		x.say("counting: the target reported no units, so nothing is known of its counting")
	case d.Most == 0:
		let := ""
		if x.res.Outcomes.Wrong() > 0 {
			let = " for those whom the target let in"
		}
		x.say("counting: all %s lie within what the instants of the requests allow%s (%.1f units on average)", words.Plural(len(d.Range), "sample"), let, d.Uncertainty)
	default:
		more := "fewer"
		if d.More {
			more = "more"
		}
		x.say("counting: %d of %s lie outside of what the instants of the requests allow, the worst reports %s %s: "+
			"the target counts otherwise (another reading, policy or key), or others use it", d.Outside, words.Plural(len(d.Range), "sample"), words.Plural(d.Most, "unit"), more)
	}
	if d != nil && len(d.Range) > 1 {
		x.say("samples: one each %.3g s of the scenario's time (median); peaks between them are not seen", d.Apart.Seconds())
	}
	x.judge(limit)
}

func (x *comparison) say(format string, args ...any) {
	x.res.Words = append(x.res.Words, fmt.Sprintf(format, args...))
}

// unlike says why what the target said cannot be compared, or "".
func (x *comparison) unlike() string {
	switch s := x.l.State; {
	case s == nil:
		return ""
	case s.Last != nil && (!s.Last.Started.Equal(s.Started) || s.Last.At < s.At):
		return "the target was started anew meanwhile, with nobody in its license table"
	case s.Clock != x.l.axis().clock:
		return "the target's clock goes otherwise"
	}
	return ""
}

// aLittle is by how much the target may be at another time of the scenario
// than the attack without a note.
const aLittle = 10 * engine.Minute

// present notes which people the target holds, if they are others than those of
// the window.
func (x *comparison) present() {
	l := x.l
	note := func(format string, args ...any) { x.res.Notes = append(x.res.Notes, fmt.Sprintf(format, args...)) }
	if why := x.res.Unlike; why != "" {
		note("the verdict on the units is open: %s", why)
	}
	if !x.res.Held {
		return
	}
	if own, other := l.Header.Fingerprint, l.State.Fingerprint; own != "" && other != "" && own != other {
		note("the target has another scenario of the same name, or an older version of it: the people whom it holds may be others than those in the curves")
	}
	ahead := l.axis().ahead
	if !l.others() || max(ahead, -ahead) <= aLittle {
		return
	}
	over := ""
	if at := l.Header.From + ahead; at > l.Scenario.Duration {
		over = ", after the scenario's end"
	}
	note("when the attack begins, at %s, the target is at %s of the scenario%s: the people whom it holds are in all curves as they are then; "+
		"--from of the target says at what time it begins", x.wall(l.Header.From), x.wall(l.Header.From+ahead), over)
}

// wall is an instant of the scenario on its wall clock, or else since its
// start.
func (x *comparison) wall(at engine.Time) string {
	if x.l.Header.Epoch.IsZero() {
		return words.Span(at)
	}
	return x.l.Header.Epoch.Add(time.Duration(at) * time.Microsecond).Format("Mon 2 Jan 15:04:05")
}

// note says what the curves do not have.
func (x *comparison) note() {
	l := x.l
	note := func(format string, args ...any) { x.res.Notes = append(x.res.Notes, fmt.Sprintf(format, args...)) }
	if l.Scenario == nil {
		note("the record does not have the scenario: there is no prediction, and only requests over HTTP are counted")
	}
	s := l.State
	policy, units := l.policy()
	if x.res.Idle > 0 {
		note("in use at the start, before the first request: %s, in all curves and no difference of the rules", words.Plural(x.res.Idle, "unit"))
	}
	if x.res.Before > 0 {
		note("in use at the start, before the first request: %s more than the scenario's people take, in no curve, "+
			"and no difference of the rules while they may be there; a hold or a grace ends by itself, then try again", words.Plural(x.res.Before, "unit"))
	}
	if n := x.unreached(); n > 0 {
		note("never reached the target, and without units as run: %s", words.Plural(n, "attempt"))
	}
	if l.Partial {
		note("partial: it ended before the plan was done; the curves predicted and as run end with the last answer, at %s, and have nobody send after the last request, at %s",
			x.wall(x.res.AsRun.To), x.wall(l.sent()))
	}
	if n, why := x.unsaid(); n > 0 {
		note("%d of %d looks at the target's metrics brought no units: %q", n, len(l.Samples), why)
	}
	switch {
	case s == nil:
	case s.Clock != l.axis().clock:
		note("the target's clock goes at %vx, and the attack at %vx: give both the same --clock", s.Clock, l.axis().clock)
	case !x.res.Held && s.Scenario != "":
		note("the target holds the people of another scenario, %q", s.Scenario)
	}
	if s != nil && !alike(s, policy, units) {
		note("the target counts by %s with %s, the scenario by %s with %s", words.Policy(s.Policy, s.Options), key(s.Units),
			words.Policy(policy.Name, policy.Changed), key(units))
	}
	if !x.res.Held && l.Scenario != nil && l.others() {
		why := "as the target does not hold them"
		if s == nil {
			why = "as the target does not say that it holds them"
		}
		note("the scenario's people who do not come over HTTP are left out of all curves, %s", why)
	}
	if x.res.Held && jobsOf(l.Scenario) != nil {
		note("the target draws by itself which pages start jobs: the curves have as many on average, perhaps of other pages")
	}
}

// alike reports whether a target says that it counts by a policy, whatever both
// are called, with a key.
func alike(s *record.State, policy engine.Policy, units int) bool {
	if said, ok := engine.NamedPolicy(s.Base); ok && s.Base != "" {
		for _, o := range s.Options {
			ok = said.Set(o.Name, o.Value) == nil && ok
		}
		return ok && s.Units == units && said.SameRules(policy)
	}
	return s.Units == units && words.Policy(s.Policy, s.Options) == words.Policy(policy.Name, policy.Changed)
}

// key is what a key authorizes.
func key(units int) string {
	if units == 0 {
		return "an unlimited key"
	}
	return fmt.Sprintf("a key of %d", units)
}

// unreached is how many attempts the target cannot have seen.
func (x *comparison) unreached() (n int) {
	for i := range x.l.Entries {
		if e := &x.l.Entries[i]; !e.Reached() && e.Outcome != record.Impatient {
			n++
		}
	}
	return n
}

// unsaid is how many looks at the target brought no units, and why the first
// did not.
func (x *comparison) unsaid() (n int, why string) {
	for i := range x.l.Samples {
		if f := x.l.Samples[i].Failed; f != "" {
			n, why = n+1, cmp.Or(why, f)
		}
	}
	return n, why
}

// others reports whether the scenario has people who send nothing over HTTP.
func (l *Log) others() bool {
	return slices.ContainsFunc(l.Header.Cohorts, func(c record.Cohort) bool { return c.Path == "" })
}

// timing compares how long requests took with what was planned.
func (x *comparison) timing() {
	s := x.l.Schedule
	if s == nil || x.res.Predicted == nil {
		return
	}
	planned, took, n := 0.0, 0.0, 0
	for i := range x.l.Entries {
		e := &x.l.Entries[i]
		if e.Outcome == record.Served && int(e.Request) < len(s.Requests) {
			planned += s.Requests[e.Request].Service.Seconds()
			took += e.Service().Seconds() * x.l.axis().clock
			n++
		}
	}
	if n == 0 {
		x.say("timing: no request was served")
		return
	}
	planned, took = planned/float64(n), took/float64(n)
	x.say("timing: a served request took %.3g s of the scenario's time on average, planned %.3g s; the peak is %s as run, predicted %d",
		took, planned, words.Plural(x.res.AsRun.Peak.Units, "unit"), x.res.Predicted.Peak.Units)
}

// waiting compares who gave up at a proxy.
func (x *comparison) waiting() {
	ran, predicted := x.res.AsRun.TimedOut, int64(0)
	if x.res.Predicted != nil {
		predicted = x.res.Predicted.TimedOut
	}
	if ran+predicted == 0 {
		return
	}
	text := ""
	if x.res.Predicted != nil {
		text = fmt.Sprintf(", predicted %s", words.Number(predicted))
	}
	x.say("waiting: %s gave up at a proxy when their patience ended%s; they were never sent, and take no unit as run", words.Plural(ran, "attempt"), text)
}

// differ says what the means at the samples differ by.
func (x *comparison) differ() {
	d := x.res.Difference
	if d == nil {
		return
	}
	timing, to := "", "as run"
	sum := d.Open + d.Others + d.Rules
	if d.Timing != nil {
		timing, to = fmt.Sprintf("%+.2f by timing (as run beyond predicted), ", *d.Timing), "predicted"
		sum += *d.Timing
	}
	open := "within what the instants leave open"
	if x.res.Outcomes.Wrong() > 0 {
		open = "not attributed, as whom the target refuses takes no units there"
	}
	x.say("difference: the target reports %+.2f units%s on average beyond those %s, at %s: %s%+.2f %s, %+.2f by others of the target (the same in every sample), "+
		"%+.2f by the rules or by others who come and go", sum, limits(&d.Total), to, words.Plural(d.Samples, "sample"), timing, d.Open, open, d.Others, d.Rules)
}

// limits are those of a mean, "" where it has none.
func limits(m *result.BatchMean) string {
	if m.Low == nil || m.High == nil {
		return ""
	}
	return fmt.Sprintf(" (%+.2f to %+.2f)", *m.Low, *m.High)
}

// otherwise says first that the target refuses others than the rules, and by
// which key it would.
func (x *comparison) otherwise() {
	o := x.res.Outcomes
	if o.Wrong() == 0 {
		return
	}
	text := fmt.Sprintf("refusing: the target refuses otherwise than the rules: %d for certain refused though units were free, %d admitted though none was", o.RefusedFree, o.AdmittedFull)
	d, own := x.res.Divergence, key(x.res.Units)
	known := d != nil && len(d.Range) > 0
	switch t := x.turned; {
	case known && d.Outside == 0 && t != nil && o.AdmittedFull == 0:
		used := words.Number(t.low)
		if t.high > t.low {
			used += " to " + words.Number(t.high)
		}
		text += fmt.Sprintf("; it refused first with %s units in use, as with a key of %s instead of %s", used, used, own)
	case known && t == nil && x.res.Units > 0 && x.res.Reported.Peak.Units > x.res.Units:
		text += fmt.Sprintf("; it reported up to %d units in use, as with a key of %d or more instead of %s", x.res.Reported.Peak.Units, x.res.Reported.Peak.Units, own)
	default:
		text += ": another key, or another reading or policy, by which more or fewer units are in use"
	}
	x.say("%s", text)
}

// refusals compares who was refused.
func (x *comparison) refusals() {
	met, ran := x.met(), x.res.AsRun.Refused
	if met > 0 || ran > 0 {
		others := ""
		if c := x.res.Reported; c != nil && c.Refused > met {
			others = fmt.Sprintf(" and %s of those whom it holds itself", words.Plural(c.Refused-met, "attempt"))
		}
		x.say("refusals: the target refused %s%s; by the instants at which they were sent there are %s, of everybody who is in the curve; "+
			"one refusal makes others, so that these numbers may lie apart", words.Plural(met, "request"), others, words.Plural(ran, "refusal"))
	} else {
		x.say("refusals: none, neither met nor by the rules")
	}
	o := x.res.Outcomes
	text := fmt.Sprintf("outcomes: of %d attempts to get in, the rules leave no doubt for %d: ", o.Attempts, o.Certain)
	switch {
	case o.Certain == 0:
		x.say("outcomes: of none of the %d attempts to get in it is certain whether it gets in%s", o.Attempts, x.doubt())
	case o.Wrong() == 0:
		x.say("%sall were answered so", text)
	default:
		x.say("%s%d refused though units were free, %d admitted though none was", text, o.RefusedFree, o.AdmittedFull)
	}
}

// judge compares the divergence with what is allowed: it takes certainty to
// say that it is more, and the upper limit to say that it is not.
func (x *comparison) judge(limit Limit) {
	d := x.res.Divergence
	if !limit.Set {
		return
	}
	x.res.Verdict = result.Inconclusive
	if d == nil || len(d.Range) == 0 || x.res.Unlike != "" {
		return
	}
	switch high, ok := d.AtMost(); {
	case d.Most > *d.Allowed || x.res.Outcomes.Wrong() > *x.res.Outcomes.Allowed:
		x.res.Verdict = result.Diverges
	case ok && high <= float64(*d.Allowed):
		x.res.Verdict = result.Agrees
	}
}
