package curves

import (
	"context"

	"highwater/sim/result"
)

// Ahead is the predicted curve of a log that has no attempts yet: what is known
// when the attack begins. The error is the context's.
func Ahead(ctx context.Context, l *Log) ([]result.Sample, error) {
	policy, units := l.policy()
	x := comparison{l: l, res: &result.Curves{Idle: l.idle()}}
	if units > 0 {
		units = max(1, units-x.res.Idle)
	}
	c, err := l.predict(ctx, policy, units, nil)
	if err != nil {
		return nil, err
	}
	return x.curve(c, l.end()).Series, nil
}
