package sim

import (
	"testing"

	"highwater/engine"
	"highwater/sim/result"

	"github.com/google/go-cmp/cmp"
)

// From 1 h to 1 h 10 min a stretch is a second: ten minutes are 600. The burst
// of 9 in the second after 1:05:00 is not lost, and 2 units hold again after.
func TestDrawn(t *testing.T) {
	const begin, burst = engine.Hour, engine.Hour + 5*engine.Minute
	c := &result.Curve{To: begin + 10*engine.Minute, Series: []result.Sample{
		{Units: 4}, {At: engine.Minute, Units: 2, Connections: 3}, {At: burst + 100*engine.Millisecond, Units: 9}, {At: burst + 200*engine.Millisecond, Units: 2},
	}}
	want := []result.Stretch{{At: begin, Low: 2, High: 2}, {At: burst, Low: 2, High: 9}, {At: burst + engine.Second, Low: 2, High: 2}}
	if diff := cmp.Diff(want, Drawn(c.Series, begin, c.To, engine.LimitUnits)); diff != "" {
		t.Error(diff)
	}
	want = []result.Stretch{{At: begin, Low: 3, High: 3}, {At: burst, Low: 0, High: 3}, {At: burst + engine.Second}}
	if diff := cmp.Diff(want, Drawn(c.Series, begin, c.To, engine.LimitConnections)); diff != "" {
		t.Error(diff)
	}
	long := &result.Curve{To: engine.Day + 1}
	for at := engine.Time(0); at < long.To; at += engine.Second {
		long.Series = append(long.Series, result.Sample{At: at, Units: int(at/engine.Second) % 1000})
	}
	if n := len(Drawn(long.Series, 0, long.To, engine.LimitUnits)); n > result.MostStretches {
		t.Errorf("%d stretches; want at most %d", n, result.MostStretches)
	}
	if got := Drawn(nil, begin, begin, engine.LimitUnits); len(got) != 0 {
		t.Errorf("a curve without a length has %v", got)
	}
}
