package probe

import (
	"fmt"
	"slices"

	"highwater/engine"
	"highwater/sim"
	"highwater/sim/attack/record"
	"highwater/sim/result"
	"highwater/sim/result/words"
)

// judge says what is known now.
func (p *prober) judge() {
	r := p.res
	r.Failed = p.failed
	r.Requests, r.Duration = len(p.log.Entries), engine.Time(p.since().Microseconds())
	r.Reach, r.Margin, r.Noise = p.scaled(p.log.Reach), p.margin(), p.noise()
	p.doubts()
	left := p.left()
	best := p.best(left)
	for _, e := range p.readings {
		agrees := len(e.agrees) - e.against()
		r.Readings = append(r.Readings, result.CalibratedReading{Settings: e.Settings, Agrees: agrees, Of: len(e.agrees), Left: !e.out})
	}
	r.Fitting, r.First = len(left), best.Settings
	for _, s := range best.Settings {
		r.Options = append(r.Options, p.option(s.Name))
	}
	r.Verdict = result.Decided
	if slices.ContainsFunc(r.Options, func(o result.CalibratedOption) bool { return !o.Decided }) {
		r.Verdict = result.Undecided
	}
	bad := best.against()
	for _, x := range r.Experiments {
		bad += x.Unexplained
	}
	if n := len(best.agrees); n == 0 || 2*bad > n || slices.ContainsFunc(r.Experiments, func(x result.Experiment) bool { return x.Unusable }) {
		p.unknown()
	}
}

// unknown says that nothing is known.
func (p *prober) unknown() {
	p.res.Verdict, p.res.Fitting, p.res.First = result.Inconclusive, 0, nil
	for i := range p.res.Options {
		p.res.Options[i].Decided = false
	}
}

// best is the reading with the fewest rounds against it.
func (p *prober) best(left []*evidence) *evidence {
	return slices.MinFunc(left, func(a, b *evidence) int { return a.against() - b.against() })
}

// option says which values of an option are left, and how well each agrees.
func (p *prober) option(name string) result.CalibratedOption {
	o := result.CalibratedOption{Name: name, Values: p.values(name)}
	o.Decided = len(o.Values) == 1
	left := p.left()
	var all []string
	for _, e := range p.readings {
		v := e.value(name)
		if slices.Contains(all, v) {
			continue
		}
		all = append(all, v)
		with := slices.DeleteFunc(slices.Clone(p.readings), func(e *evidence) bool { return e.value(name) != v })
		b := slices.MinFunc(with, func(a, b *evidence) int { // one that is left, and then the fewest against it
			if a.out != b.out {
				if a.out {
					return 1
				}
				return -1
			}
			return a.against() - b.against()
		})
		o.Evidence = append(o.Evidence, result.ValueEvidence{Value: v, Agrees: len(b.agrees) - b.against(), Of: len(b.agrees)})
	}
	if o.Decided {
		return o
	}
	o.Apart = slices.ContainsFunc(left, func(e *evidence) bool {
		return !slices.Equal(e.agrees, left[0].agrees) && e.value(name) != left[0].value(name)
	})
	return o
}

// doubts notes what makes an answer doubtful.
func (p *prober) doubts() {
	if slices.ContainsFunc(p.log.Entries, func(e record.Entry) bool { return e.Outcome == record.Refused }) {
		p.note("some requests were refused: a key with more free units would tell more")
	}
	if !p.line.Many() {
		p.note("all requests come from one address: whether anonymous calls share a unit by address or all of them is not told apart")
	}
	if p.cookieless && p.offered[guest] {
		p.note("the page brings no cookie of a web session (--page)")
	}
	spoiled, moved, unusable := 0, 0, false
	for _, x := range p.res.Experiments {
		spoiled += x.Unexplained
		moved += x.Moved
		unusable = unusable || x.Unusable
	}
	if moved > 0 {
		p.note("others use the target: in %d of %d rounds its units were others after it than before it; those rounds do not count", moved, p.rounds)
	}
	if spoiled > 0 {
		p.note("no reading that is left explains what was seen in %d of %d rounds; they do not count", spoiled, p.rounds)
	}
	if hint := p.otherPolicy(); hint != "" {
		p.note("%s", hint)
	} else if unusable || len(p.res.Experiments) == 0 && p.res.Ended == "" {
		p.note("others use the target too much, or it counts by other rules")
	}
}

// leastFree is how many rounds of calls must take no unit to tell that calls
// take none.
const leastFree = 3

// otherPolicy suggests the policy that the target says or shows that it counts
// by, when that is not the one whose readings were asked for; "" is none.
func (p *prober) otherPolicy() string {
	own := &p.o.Policy
	if s := p.log.State; s != nil && s.Base != "" && s.Base != own.Base {
		return fmt.Sprintf("the target says that it counts by %s, and these are readings of %s: see --policy %s", words.Policy(s.Policy, s.Options), own.Name, s.Base)
	}
	if p.calls >= leastFree && p.charged == 0 && !own.Uncharged.Has(engine.REST) {
		return fmt.Sprintf("calls took no unit in any of %d rounds: servers before 2022.3 count none for REST and SOAP (--policy iris-pre-2022.3)", p.calls)
	}
	return ""
}

// free counts a round in which only calls were sent, all served, and whether
// they took units.
func (p *prober) free(entries []record.Entry, looks []record.Sample) {
	if slices.ContainsFunc(entries, func(e record.Entry) bool { return e.Kind != sim.CallRequest || e.Outcome != record.Served }) {
		return
	}
	p.calls++
	if slices.ContainsFunc(looks, func(s record.Sample) bool { return s.Consumed > looks[0].Consumed }) {
		p.charged++
	}
}
