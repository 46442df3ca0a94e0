package attack

import (
	"fmt"
	"net/url"

	"highwater/engine"
	"highwater/sim/attack/record"
	"highwater/sim/result"
)

// Recorded is what a record tells of an attack whose result it does not have,
// as the program was killed: the attempts as far as they were written. What
// only the end tells is 0, and the result is partial and inconclusive.
func (s *Schedule) Recorded(h *record.Header, entries []record.Entry, samples []record.Sample, missing string) (*result.Attack, error) {
	target, err := url.Parse(h.Target)
	if err != nil {
		return nil, fmt.Errorf("its target must be a URL: %w", err)
	}
	res := s.Result(&Options{Target: target, InFlight: h.InFlight, Agent: "highwater/" + h.Version, Header: *h})
	res.License = &result.Counted{Policy: h.Policy, Base: h.Base, Options: h.Options, Units: h.Units, LimitOn: engine.LimitUnits.String(), Enforced: true}
	if p, ok := engine.NamedPolicy(h.Base); ok {
		for _, o := range h.Options {
			_ = p.Set(o.Name, o.Value) // what another version had stays out
		}
		res.License.LimitOn, res.License.Enforced = p.LimitOn.String(), p.Enforce
	}
	res.Plan.FilesLimit, res.Plan.PortsLimit, res.Plan.Unfit = 0, 0, []string{} // of the machine that sent
	t := newTally(s)
	flights := make([]timed, 0, len(entries))
	for i := range entries {
		e := &entries[i]
		if int(e.Request) >= len(s.Requests) || int(e.Visit) >= len(s.Visits) || int(e.Cohort) >= len(s.Scenario.Cohorts) {
			return nil, fmt.Errorf("its entry %d must be of the plan, and is of request %d, visit %d and cohort %d", i+1, e.Request, e.Visit, e.Cohort)
		}
		t.add(e)
		if e.Outcome != record.Impatient {
			flights = append(flights, timed{e.Sent, e.Done})
		}
	}
	run := t.result()
	run.InFlight, run.MaxLag, run.Samples = together(flights), h.MaxLag, int64(len(samples))
	for i := range samples {
		if samples[i].Failed != "" {
			run.SamplesFailed++
		}
	}
	res.Sent, res.Verdict, res.Partial, res.Reasons = run, result.Inconclusive, true, []string{missing}
	return res, nil
}
