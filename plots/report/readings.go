package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"highwater/sim/result"
	"highwater/sim/result/words"
)

// addReadings shows how far the readings lie apart. To a report of something
// else it says so at its head.
func (r *Report) addReadings(s *result.Readings, name string) {
	first := r.open(cmp.Or(s.Scenario, name, "readings"), "readings", readingsAnswer(s))
	switch {
	case first:
		r.readingsFacts(s)
	case s.Over != nil:
		if text := otherReadings(s.Over); text != "" {
			r.more = append(r.more, text)
		}
	case s.Lowest.PeakUnits == s.Highest.PeakUnits:
		r.more = append(r.more, readingsAnswer(s))
	default:
		r.more = append(r.more, fmt.Sprintf("By other readings of the documents the peak is %s to %s, if nobody is refused; see what the readings change.",
			words.Number(s.Lowest.PeakUnits), words.Plural(s.Highest.PeakUnits, "license unit")))
	}
	t := &table{Head: []string{"option", "effect on the peak", "values: lowest to highest peak"}}
	var amounts []float64
	for _, o := range s.Options {
		var parts []string
		for _, v := range o.Values {
			parts = append(parts, fmt.Sprintf("%s: %s to %s", v.Value, words.Number(v.Lowest), words.Number(v.Highest)))
		}
		amounts = append(amounts, float64(o.Effect))
		t.Rows = append(t.Rows, []string{o.Name, words.Number(o.Effect), strings.Join(parts, "; ")})
	}
	t.Bars = bars(amounts)
	r.add(section{Title: "What the readings change", Text: fmt.Sprintf("%s of readings, by policy %s. Lowest: %s. Highest: %s.", words.Plural(s.Sets, "set"), line(s.Policy),
		settings(s.Lowest.Settings), settings(s.Highest.Settings)), Table: t})
	if o := s.Over; o != nil {
		t := &table{Head: []string{"reading", "needed: median (range)", "enough"}}
		for _, x := range []struct {
			name string
			need *result.ReadingNeed
		}{{"taken unless somebody says otherwise", &o.Taken}, {"lowest", &o.Lowest}, {"highest", &o.Highest}, {"the contract's count", &o.Contract}} {
			t.Rows = append(t.Rows, []string{x.name, words.Spread(x.need.PeakUnits), enoughText([]result.Need{x.need.Enough})})
		}
		r.add(section{Title: "Readings over the replications", Text: fmt.Sprintf("%s, seed %d, %s confidence.", words.Plural(o.Replications, "replication"), o.Seed, percent(o.Confidence)), Table: t})
	}
}

// readingsAnswer is the peak by all readings.
func readingsAnswer(s *result.Readings) string {
	peak := "the peak"
	if s.Seed > 0 {
		peak = "the peak of replication 1"
	}
	low, high := s.Lowest.PeakUnits, s.Highest.PeakUnits
	if low == high {
		return fmt.Sprintf("By every reading of the documents %s is %s, if nobody is refused.", peak, words.Plural(high, "license unit"))
	}
	return fmt.Sprintf("Where the documents are silent %s is between %s and %s, depending on how they are read.", peak, words.Number(low), words.Plural(high, "license unit"))
}

// readingsFacts are what a result of the readings alone rests on.
func (r *Report) readingsFacts(s *result.Readings) {
	if s.License != nil {
		covers := words.LongSpan(s.Duration)
		if s.Start != nil {
			covers += " from " + s.Start.Format("Mon 2 Jan 2006 15:04 MST")
		}
		r.fact("covers", covers)
	}
	if o := s.Over; o != nil {
		r.fact("simulated", fmt.Sprintf("%s, seed %d", words.Plural(o.Replications, "replication"), o.Seed))
		r.fact("confidence", percent(o.Confidence)+" of what is guaranteed")
	}
	r.signed(s.Version, s.Fingerprint)
	if s.Seed > 0 {
		r.footnote += fmt.Sprintf(", seed %d, replication 1", s.Seed)
	}
	sets := words.Plural(s.Sets, "set") + ": each value of each option below with each of the others"
	if k := s.License; k != nil {
		r.countedBy(k, sets)
		return
	}
	r.fact("policy", line(s.Policy))
	r.fact("readings", sets)
	r.fact("format of the result", fmt.Sprintf("highwater, schema %d", s.Schema))
	r.notes = append(r.notes, "The scenario or trace, the key and the version are not in this result of --readings; one of this version of the program has them.")
}

// otherReadings says how far apart the readings lie, "" when there are too few
// replications to say it. It is guaranteed when all of it is.
func otherReadings(o *result.ReadingsOver) string {
	var units, guaranteed []int
	for _, n := range []*result.Need{&o.Taken.Enough, &o.Lowest.Enough, &o.Highest.Enough} {
		if n.Units != nil {
			units = append(units, *n.Units)
		}
		if n.Guaranteed != nil {
			guaranteed = append(guaranteed, *n.Guaranteed)
		}
	}
	list, how := guaranteed, "with "+percent(o.Confidence)+" confidence"
	if len(list) < 3 {
		list, how = units, "in these replications, which are too few for a guarantee"
	}
	if len(list) < 3 {
		return ""
	}
	from, to, risk := slices.Min(list), slices.Max(list), percent(o.Taken.Enough.Risk)
	if from == to {
		return fmt.Sprintf("By every reading of the documents it is %s for a risk of %s, %s.", words.Plural(to, "license unit"), risk, how)
	}
	return fmt.Sprintf("By other readings of the documents it is %s to %s for a risk of %s, %s; see what the readings change.",
		words.Number(from), words.Plural(to, "license unit"), risk, how)
}
