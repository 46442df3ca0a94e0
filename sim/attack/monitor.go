package attack

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"highwater/scenario"
	"highwater/sim/attack/record"
	"highwater/sim/wire"
)

// A monitor asks the target for its units while an attack runs. A nil monitor
// asks nobody.
type monitor struct {
	line  *Line
	every time.Duration
	start time.Time
	first record.Sample // before the start
	state *record.State // nil when the target is not an emulated one
	wrong error         // what it says of itself cannot be
	path  string        // of that
	quit  chan struct{}
	over  chan struct{}
}

// newMonitor asks for the first time.
func newMonitor(ctx context.Context, x *sender) *monitor {
	if x.o.Scrape == 0 {
		return nil
	}
	m := &monitor{line: newLine(x), every: x.o.Scrape, start: time.Now(), quit: make(chan struct{}), over: make(chan struct{})}
	if m.first, m.path = m.line.Sample(ctx, m.since); m.path != "" {
		m.state, m.wrong = m.line.State(ctx, m.path, m.since)
	}
	return m
}

// A BlindError is a target that does not say how many license units it has
// free, and an attack that is to end when they are few. Nothing was sent.
type BlindError struct{ Why string }

func (e *BlindError) Error() string {
	return fmt.Sprintf("the attack is to end when few license units are free (--abort-free), and the target does not say how many are: %s; nothing was sent", e.Why)
}

// Hint is what must be there.
func (e *BlindError) Hint() string {
	return fmt.Sprintf("%s must tell %s, to whom --metrics-login names, as often as --scrape says", wire.MetricsPath, wire.MetricAvailable)
}

// A FewError is a target that has too few license units free before an attack
// begins. Nothing was sent.
type FewError struct {
	Free float64
	Want int // fewer than that are too few
}

func (e *FewError) Error() string {
	return fmt.Sprintf("the target has %.0f license units free, fewer than %d (--abort-free): nothing was sent", e.Free, e.Want)
}

// sees is an error when the free units matter and are not told or too few, or
// when what the target says of itself cannot be.
func (m *monitor) sees(o *Options) error {
	switch {
	case m != nil && m.wrong != nil:
		return m.wrong
	case o.AbortFree == 0:
		return nil
	case m == nil:
		return &BlindError{"its metrics are not looked at"}
	}
	if why := blind(&m.first); why != "" {
		return &BlindError{why}
	}
	if free := m.first.Available; free < float64(o.AbortFree) {
		return &FewError{free, o.AbortFree}
	}
	return nil
}

// blind is why a look does not tell the free units; "" when it does.
func blind(s *record.Sample) string {
	if s.Failed == "" && math.IsNaN(s.Available) {
		return "no " + wire.MetricAvailable + " in the answer"
	}
	return s.Failed
}

// notes say what of a schedule the target does not know.
func (m *monitor) notes(s *Schedule) (list []string) {
	holds := func(c scenario.Cohort) bool { return !wire.Speaks(&c) }
	if m != nil && m.state != nil && m.state.Scenario != "" && s.Scale != 1 && slices.ContainsFunc(s.Scenario.Cohorts, holds) {
		list = append(list, fmt.Sprintf("the target holds its terminals, devices, jobs and tasks at 1x: the scale of %v is that of those who send requests", s.Scale))
	}
	return list
}

func (m *monitor) since() time.Duration { return time.Since(m.start) }

// known is what the target said, by a clock that begins now.
func (m *monitor) known() (first *record.Sample, state *record.State) {
	if m == nil {
		return nil, nil
	}
	before, said := m.since(), m.first
	said.Sent, said.Done = said.Sent-before, said.Done-before
	if m.state != nil {
		its := *m.state
		its.Sent, its.Done = its.Sent-before, its.Done-before
		state = &its
	}
	return &said, state
}

// rebase has its instants count from a start.
func (m *monitor) rebase(start time.Time) {
	if m == nil {
		return
	}
	before := start.Sub(m.start)
	m.start = start
	m.first.Sent, m.first.Done = m.first.Sent-before, m.first.Done-before
	if m.state != nil {
		m.state.Sent, m.state.Done = m.state.Sent-before, m.state.Done-before
	}
}

// begin goes on asking.
func (m *monitor) begin(ctx context.Context, hear func(record.Sample)) {
	if m == nil {
		return
	}
	hear(m.first)
	go func() {
		defer close(m.over)
		t := time.NewTimer(m.every)
		defer t.Stop()
		for n := 1; !m.line.stop; n++ {
			select {
			case <-t.C:
			case <-m.quit:
				return
			}
			t.Reset(m.every + uneven(n+1, m.every) - uneven(n, m.every))
			s, _ := m.line.Sample(ctx, m.since)
			hear(s)
		}
	}()
}

// uneven is by how much later than its time a look comes: up to a half, evenly
// spread, so that looks do not keep step with what comes every few seconds.
func uneven(n int, every time.Duration) time.Duration {
	_, part := math.Modf(float64(n) * math.Phi)
	return time.Duration(part / 2 * float64(every))
}

// end asks for the last time.
func (m *monitor) end(ctx context.Context, hear func(record.Sample)) {
	if m == nil {
		return
	}
	close(m.quit)
	<-m.over
	if !m.line.stop {
		s, _ := m.line.Sample(ctx, m.since)
		hear(s)
	}
	if m.state != nil {
		m.state.Last, _ = m.line.State(ctx, m.path, m.since) // whether it is still the same
	}
	m.close()
}

func (m *monitor) close() {
	if m != nil {
		m.line.Close()
	}
}

// perSecond is how many of the requests in a second are the monitor's.
func (o *Options) perSecond() int {
	if o.Scrape == 0 {
		return 0
	}
	return int((time.Second + o.Scrape - 1) / o.Scrape)
}
