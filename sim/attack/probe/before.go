package probe

import (
	"context"
	"fmt"
	"time"

	"highwater/sim/attack/record"
	"highwater/sim/result/words"
)

// idle waits while units that were in use before leave, up to the longest that
// one is kept: those of an earlier calibration have the same license user IDs
// as what is sent now. Units that stay are others', and are subtracted.
func (p *prober) idle(ctx context.Context, s record.Sample) record.Sample {
	before, began := int(s.Consumed), p.since()
	if before == 0 {
		return s
	}
	kept := p.real(p.kept())
	if p.o.Attack.Waits != nil {
		p.o.Attack.Waits(fmt.Sprintf("units in use before: %s; waiting up to %v until they leave, as they may be of an earlier calibration", words.Number(before), kept.Round(time.Second)))
	}
	came := false
	for s.Consumed > 0 && !came && p.since()-began < kept+p.settle() && ctx.Err() == nil {
		p.say(fmt.Sprintf("waiting for %s to leave, %v at the most", words.Plural(int(s.Consumed), "unit"), max(0, kept-p.since()+began).Round(time.Second)))
		p.wait(ctx, max(100*time.Millisecond, p.real(p.o.Policy.HoldSeconds)/4))
		if next, _ := p.sample(ctx); next.Failed == "" {
			came = next.Consumed > s.Consumed
			s = next
		}
	}
	took := words.Span(p.scaled(p.since() - began))
	switch now := int(s.Consumed); {
	case came:
		p.note("other people use the target: units came while nothing was sent. Of those in use before some may be of an earlier calibration: try again in %s of the target's time",
			words.Span(p.kept()))
	case now == 0:
		p.note("units that were in use before, and have left within %s of the target's time: %d; they may have been of an earlier calibration", took, before)
	case now < before:
		p.note("units in use before: %d; after %s of the target's time %d are left, which are taken for those of others", before, took, now)
	default:
		p.note("units in use before: %d; all stayed for %s of the target's time, and are taken for those of others", before, took)
	}
	return s
}
