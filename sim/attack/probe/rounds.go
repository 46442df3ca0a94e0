package probe

import (
	"context"
	"math"
	"slices"
	"time"

	"highwater/engine"
	"highwater/sim/attack/curves"
	"highwater/sim/attack/record"
	"highwater/sim/result"
)

// evidence is a reading, and which rounds it agrees with.
type evidence struct {
	engine.Reading
	agrees []bool // by round that counts, until it is ruled out
	out    bool
}

// against is how many rounds do not agree with a reading.
func (e *evidence) against() (n int) {
	for _, ok := range e.agrees {
		if !ok {
			n++
		}
	}
	return n
}

// The model: a round is spoiled with a chance, noise, and then anything may be
// seen; else it agrees with the true reading. A reading with m more rounds
// against it than the best one is (noise/(1-noise))^m times as likely, and is
// ruled out when that is at most unlikely.
const (
	leastNoise = 0.1
	mostNoise  = 1.0 / 3
	unlikely   = 0.002
)

// noise is the chance that a round is spoiled.
func (p *prober) noise() float64 {
	if p.rounds < leastJudged {
		return leastNoise
	}
	return max(leastNoise, float64(p.spoiled)/float64(p.rounds))
}

// leastJudged is how many rounds there must be for their spoiled share to
// count.
const leastJudged = 5

// margin is how many more rounds than against the best reading must be
// against one that is ruled out.
func (p *prober) margin() int {
	noise := min(p.noise(), mostNoise)
	return int(math.Ceil(math.Log(unlikely) / math.Log(noise/(1-noise))))
}

// left are the readings that are not ruled out.
func (p *prober) left() (list []*evidence) {
	for _, e := range p.readings {
		if !e.out {
			list = append(list, e)
		}
	}
	return list
}

// open reports whether the readings that are left have several values of an
// option.
func (p *prober) open(option string) bool { return len(p.values(option)) > 1 }

// values are those of an option that the readings have that are left.
func (p *prober) values(option string) (list []string) {
	for _, e := range p.left() {
		if v := e.value(option); !slices.Contains(list, v) {
			list = append(list, v)
		}
	}
	return list
}

// value is a reading's value of an option.
func (e *evidence) value(option string) string {
	for _, s := range e.Settings {
		if s.Name == option {
			return s.Value
		}
	}
	return ""
}

// experiments makes the experiments that there are.
func (p *prober) experiments(ctx context.Context) error {
	for i := range experiments {
		x := &experiments[i]
		who := slices.DeleteFunc(slices.Clone(x.who), func(who uint32) bool { return !p.offered[who] })
		if len(who) == 0 || !slices.ContainsFunc(x.options, p.open) {
			continue
		}
		if x.unfit != nil {
			if why := x.unfit(p); why != "" {
				p.note("%s", why)
				continue
			}
		}
		out, err := p.repeat(ctx, x, who)
		p.res.Experiments = append(p.res.Experiments, *out)
		if err != nil {
			return err
		}
	}
	return ctx.Err()
}

// repeat makes rounds of an experiment until the readings that are left have
// the same rounds of it for and against them.
func (p *prober) repeat(ctx context.Context, x *experiment, who []uint32) (*result.Experiment, error) {
	out := &result.Experiment{Name: x.name, Units: []int{}}
	first := len(p.left()[0].agrees) // rounds before: the best reading is always left
	for n := range mostRounds {
		if p.since() > p.bounds.Time {
			p.note("the time is over before all experiments were made")
			break
		}
		p.say(x.name)
		entries, looks := len(p.log.Entries), len(p.log.Samples)
		p.round(ctx, x, who[n%len(who)])
		if err := ctx.Err(); err != nil {
			return out, err // what was begun does not count
		}
		p.weigh(out, first, p.log.Entries[entries:], p.log.Samples[looks:])
		out.Left = len(p.left())
		if out.Counted >= len(who) && !p.differ(first) || out.Counted >= mostCounted {
			break
		}
		if spoiled := out.Moved + out.Unexplained; spoiled >= leastSpoiled && spoiled > out.Counted {
			out.Unusable = true
			break
		}
	}
	return out, nil
}

// leastSpoiled is how many rounds must be spoiled for an experiment to be of
// no use.
const leastSpoiled = 3

// differ reports whether readings that are left have different rounds against
// them, of those from one on.
func (p *prober) differ(first int) bool {
	left := p.left()
	return slices.ContainsFunc(left, func(e *evidence) bool { return !slices.Equal(e.agrees[first:], left[0].agrees[first:]) })
}

// round makes an experiment once. The units are looked at before it, and after
// it when all holds have ended.
func (p *prober) round(ctx context.Context, x *experiment, who uint32) {
	p.rounds++
	p.look(ctx)
	p.wait(ctx, max(200*time.Millisecond, p.lag))
	p.look(ctx)
	x.do(p, ctx, who)
	p.rest(ctx)
	p.look(ctx)
}

// weigh counts a round under each reading that is left, or says why it does
// not count.
func (p *prober) weigh(out *result.Experiment, first int, entries []record.Entry, looks []record.Sample) {
	out.Requests += len(entries)
	failed, late := p.trouble(out, entries, looks)
	if failed {
		out.Failed++
		return
	}
	p.free(entries, looks)
	l := p.part(entries, looks)
	if late {
		l.Reach = 0 // nothing is known but when they were sent and answered
		p.late++
	}
	defer p.widen()
	left := p.left()
	agrees := make([]bool, len(left))
	idle := -1
	for i, e := range left {
		n, ok := l.Others(e.Policy)
		if agrees[i] = ok; ok && idle < 0 {
			idle = n
		}
	}
	if idle < 0 {
		p.spoil(out, l, left)
		return
	}
	if late && !p.differ(first) && !slices.Contains(agrees, false) {
		out.Late++
		return
	}
	out.Counted++
	out.Units = out.Units[:0]
	for _, s := range looks {
		out.Units = append(out.Units, int(s.Consumed-looks[0].Consumed))
	}
	p.res.Others = max(p.res.Others, idle)
	p.rule(left, agrees)
}

// rule rules out the readings with too many more rounds against them than the
// best one.
func (p *prober) rule(left []*evidence, agrees []bool) {
	best := math.MaxInt
	for i, e := range left {
		e.agrees = append(e.agrees, agrees[i])
		best = min(best, e.against())
	}
	for _, e := range left {
		e.out = e.against()-best >= p.margin()
	}
}

// trouble reports whether requests of a round failed, and whether some were
// late.
func (p *prober) trouble(out *result.Experiment, entries []record.Entry, looks []record.Sample) (failed, late bool) {
	for i := range entries {
		e := &entries[i]
		switch e.Outcome {
		case record.Served:
			p.took(e)
		case record.Refused:
			out.Refused++
		default:
			failed = true
		}
	}
	for i := range entries {
		e := &entries[i]
		late = late || e.Service() > p.takes[p.via(e.Cohort)]+p.log.Reach
	}
	return failed || slices.ContainsFunc(looks, func(s record.Sample) bool { return s.Failed != "" }), late
}

// part is what may matter for a round: its requests and looks, and those
// before it that a grace period may still keep.
func (p *prober) part(entries []record.Entry, looks []record.Sample) *curves.Log {
	l := p.log
	l.Samples = looks
	memory := looks[0].Sent - p.real(p.o.Policy.GraceSeconds+p.o.Policy.HoldSeconds) - p.settle()
	l.Entries = slices.DeleteFunc(slices.Clone(p.log.Entries), func(e record.Entry) bool { return e.Done < memory })
	return &l
}

// spoil notes a round that no reading explains: others came or went, when the
// units before and after do not fit either.
func (p *prober) spoil(out *result.Experiment, l *curves.Log, left []*evidence) {
	p.spoiled++
	l.Samples = []record.Sample{l.Samples[0], l.Samples[1], l.Samples[len(l.Samples)-1]}
	if slices.ContainsFunc(left, func(e *evidence) bool { _, ok := l.Others(e.Policy); return ok }) {
		out.Unexplained++
		return
	}
	out.Moved++
}

// widen lets requests take longer when most rounds were late.
func (p *prober) widen() {
	n := p.rounds - p.since0
	if n < 3 || 2*p.late <= n || p.log.Reach >= p.mostReach() {
		return
	}
	p.log.Reach = min(2*p.log.Reach, p.mostReach())
	p.late, p.since0 = 0, p.rounds
}
