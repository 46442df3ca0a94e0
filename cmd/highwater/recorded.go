package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"highwater/sim/attack/curves"
	"highwater/sim/result"
)

// recordedResult is the JSON of the result that a record has: as it was printed
// at its end, or what its attempts tell where the program was killed. The curves
// are computed anew.
func recordedResult(ctx context.Context, name string, in io.Reader) ([]byte, error) {
	res, err := recordedAttack(ctx, in)
	if err != nil {
		return nil, recordError(ctx, name, err)
	}
	return json.Marshal(res)
}

func recordedAttack(ctx context.Context, in io.Reader) (*result.Attack, error) {
	l, err := readLog(ctx, &interruptible{ctx, in})
	if err != nil {
		return nil, err
	}
	var res *result.Attack
	switch {
	case l.End != nil && l.End.Result != nil:
		res = l.End.Result
		if l.Missing != "" {
			res.Verdict, res.Reasons = result.Inconclusive, append(res.Reasons, l.Missing)
		}
	case l.Schedule == nil:
		return nil, errors.New("it has neither a result nor the scenario as this version reads it, so that it cannot be reported")
	default:
		missing := l.Missing
		if missing == "" {
			missing = "the record is of an earlier version, and does not tell whether all was in time"
		}
		if res, err = l.Schedule.Recorded(l.Header, l.Entries, l.Samples, missing); err != nil {
			return nil, err
		}
	}
	if res.Curves, err = curves.Compare(ctx, l, curves.Limit{}); err != nil {
		return nil, fmt.Errorf("its curves: %w", err)
	}
	return res, nil
}
