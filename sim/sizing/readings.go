// Package sizing says what results mean for the size of a key.
//
// It runs nothing by itself: it is given peaks and what they come of.
package sizing

import (
	"cmp"
	"context"
	"slices"

	"highwater/engine"
	"highwater/scenario"
	"highwater/sim"
	"highwater/sim/result"
)

// Readings compares the peaks of a policy under its readings, as
// [engine.Readings] lists them: peaks[i] is that of readings[i]. Own is the
// policy as it is. Of equal peaks the reading that comes first is named.
func Readings(own *result.Counted, readings []engine.Reading, peaks []int) *result.Readings {
	res := &result.Readings{Schema: result.Schema, Kind: "readings", Policy: own.Policy, License: own, Sets: len(readings)}
	low, high := 0, 0
	for i, peak := range peaks {
		if peak < peaks[low] {
			low = i
		}
		if peak > peaks[high] {
			high = i
		}
	}
	res.Lowest = result.ReadingPeak{PeakUnits: peaks[low], Settings: readings[low].Settings}
	res.Highest = result.ReadingPeak{PeakUnits: peaks[high], Settings: readings[high].Settings}
	for o := range readings[0].Settings {
		res.Options = append(res.Options, option(readings, peaks, o))
	}
	slices.SortStableFunc(res.Options, func(a, b result.ReadingOption) int { return cmp.Compare(b.Effect, a.Effect) })
	return res
}

// option says how much the oth option matters.
func option(readings []engine.Reading, peaks []int, o int) result.ReadingOption {
	res := result.ReadingOption{Name: readings[0].Settings[o].Name}
	for i, r := range readings {
		value := r.Settings[o].Value
		v := slices.IndexFunc(res.Values, func(v result.ReadingValue) bool { return v.Value == value })
		if v < 0 {
			v = len(res.Values)
			res.Values = append(res.Values, result.ReadingValue{Value: value, Lowest: peaks[i], Highest: peaks[i]})
		}
		res.Values[v].Lowest = min(res.Values[v].Lowest, peaks[i])
		res.Values[v].Highest = max(res.Values[v].Highest, peaks[i])
		for j, other := range readings[:i] {
			if differOnlyIn(r.Settings, other.Settings, o) {
				res.Effect = max(res.Effect, peaks[i]-peaks[j], peaks[j]-peaks[i])
			}
		}
	}
	return res
}

func differOnlyIn(a, b []engine.Setting, o int) bool {
	for i := range a {
		if i != o && a[i].Value != b[i].Value {
			return false
		}
	}
	return true
}

// OverReplications finds what a scenario's policy needs over all replications
// under its own reading, and under the lowest and the highest of its readings,
// with the contract's count beside them. What is enough is so by the question's
// first risk, with its confidence. When the context ends it answers by the
// replications that are done, nil when there are none; the error is the
// context's.
func OverReplications(ctx context.Context, sc *scenario.Scenario, readings *result.Readings, o sim.Options, q *Question) (*result.ReadingsOver, error) {
	own := sc.License.Policy
	contract, _ := engine.NamedPolicy("contract")
	taken := settingsOf(&own, readings.Lowest.Settings)
	var cases []sim.Case
	for _, settings := range [][]engine.Setting{taken, readings.Lowest.Settings, readings.Highest.Settings} {
		cases = append(cases, sim.Case{Scenario: sc, Policy: read(own, settings)})
	}
	cases = append(cases, sim.Case{Scenario: sc, Policy: contract})
	o.Demand = true
	samples, err := sim.Replicate(ctx, cases, o)
	st := sim.StudyOf("readings", samples, o, q.Confidence, err)
	if st.Replications == 0 {
		return nil, err
	}
	return &result.ReadingsOver{
		Replications: st.Replications, Seed: st.Seed, EndedBy: st.EndedBy, Confidence: st.Confidence,
		Taken:   readingNeed(samples[0], taken, q),
		Lowest:  readingNeed(samples[1], readings.Lowest.Settings, q),
		Highest: readingNeed(samples[2], readings.Highest.Settings, q), Contract: readingNeed(samples[3], []engine.Setting{}, q),
		Difference: Paired(samples[1].Demand.Peaks, samples[2].Demand.Peaks, q.Confidence),
	}, err
}

// settingsOf are a policy's own settings of the options that others set.
func settingsOf(p *engine.Policy, others []engine.Setting) []engine.Setting {
	options := engine.Options()
	var list []engine.Setting
	for _, s := range others {
		i := slices.IndexFunc(options, func(o engine.Option) bool { return o.Name == s.Name })
		list = append(list, engine.Setting{Name: s.Name, Value: options[i].Value(p)})
	}
	return list
}

// read is a policy under a reading, without a limit.
func read(p engine.Policy, settings []engine.Setting) engine.Policy {
	p = p.WithoutLimit()
	p.Changed = slices.Clone(p.Changed)
	for _, s := range settings {
		if err := p.Set(s.Name, s.Value); err != nil {
			panic("sizing: " + err.Error())
		}
	}
	return p
}

func readingNeed(s *sim.Sample, settings []engine.Setting, q *Question) result.ReadingNeed {
	peaks := slices.Sorted(slices.Values(s.Demand.Peaks))
	return result.ReadingNeed{
		Settings: settings, PeakUnits: result.Spread{Min: peaks[0], Median: peaks[(s.N-1)/2], Max: peaks[s.N-1], N: s.N},
		Enough: Enough(peaks, q.Risks[0], q.Confidence),
	}
}
