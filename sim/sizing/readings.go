// Package sizing says what results mean for the size of a key.
//
// It runs nothing by itself: it is given peaks and what they come of.
package sizing

import (
	"cmp"
	"slices"

	"highwater/engine"
	"highwater/sim/result"
)

// Readings compares the peaks of a policy under its readings, as
// [engine.Readings] lists them: peaks[i] is that of readings[i]. Of equal
// peaks the reading that comes first is named.
func Readings(policy string, readings []engine.Reading, peaks []int) *result.Readings {
	res := &result.Readings{Schema: result.Schema, Kind: "readings", Policy: policy, Sets: len(readings)}
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
