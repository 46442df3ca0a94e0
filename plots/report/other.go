package report

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"

	"highwater/engine"
	"highwater/sim/result"
	"highwater/sim/result/words"
)

// openReplay opens a report of a trace.
func (r *Report) openReplay(src *Source) {
	s := src.Replay
	c, m := replayClock(s), s.Metered
	if !r.open(cmp.Or(src.Name, "trace"), "replay", replayAnswer(s, c)) {
		return
	}
	for _, n := range src.Notes {
		r.notes = append(r.notes, line(n))
	}
	covers := words.LongSpan(s.End)
	if !c.start.IsZero() {
		covers += " from " + c.start.Format("Mon 2 Jan 2006 15:04 MST")
	}
	r.fact("covers", covers+", "+words.Plural(s.Events, "event"))
	if c.start.IsZero() {
		r.fact("instants", "the time since the start of the trace")
	}
	if m != nil {
		r.counted(countedReplay(s))
		r.signed(m.Version, "")
	} else {
		r.fact("policy", line(s.Policy))
		r.fact("readings", "those of the policy, unless the trace or the command changed them, which the result does not tell")
		r.fact("license key", key(s.Units, s.LimitOn))
		r.fact("format of the result", fmt.Sprintf("highwater, schema %d", s.Schema))
		r.notes = append(r.notes, "The date of the start, options that were changed from the policy, the version of the program and use over time are not in this result; "+
			"replay --json --drawn and a report made from the trace have them.")
	}
	for _, f := range src.Files {
		r.fact("SHA-256 of "+line(f.Name), f.SHA256)
	}
	if s.Skipped != nil {
		r.fact("skipped", words.Plural(*s.Skipped, "line")+" that are not valid")
	}
	r.figures = append(r.figures, figure{Value: words.Number(s.Peak.Units), Label: "units in use at the peak", Alarm: s.Refused > 0})
	if m != nil && s.Refused > 0 {
		r.figures = append(r.figures, figure{Value: words.Number(neededReplay(m)), Label: m.Limits + " needed, if nobody is refused"})
	}
	r.figures = append(r.figures, figure{Value: words.Number(s.PeakConnections), Label: "connections at most"},
		figure{Value: words.Number(s.Refused), Label: "attempts refused", Alarm: s.Refused > 0})
}

func replayAnswer(s *result.Replay, c clock) string {
	when := func(at engine.Time) string { return words.LongSpan(at) + " after the start of the trace" }
	first := "after " + words.LongSpan(firstAt(s))
	if !c.start.IsZero() {
		when = func(at engine.Time) string { return "at " + c.at(at) }
		first = "at " + c.exact(firstAt(s))
	}
	answer := fmt.Sprintf("%s in use at the peak, %s", was(s.Peak.Units, "license unit"), when(s.Peak.At))
	switch {
	case s.Peak.Units == 0:
		answer = "No license unit was in use"
	case s.Metered != nil && s.FirstRefusal != nil:
		answer = neededAnswer(s, when)
	}
	switch {
	case s.FirstRefusal != nil:
		return answer + fmt.Sprintf("; the key of %s refused %s, the first %s.", words.Number(s.Units), words.Plural(s.Refused, "attempt"), first)
	case s.Units > 0 && (s.Metered == nil || s.Enforced):
		return answer + fmt.Sprintf("; the key of %s refused nobody.", words.Number(s.Units))
	}
	return answer + "; nothing limits them."
}

// neededAnswer says what would have let everybody in.
func neededAnswer(s *result.Replay, when func(engine.Time) string) string {
	m := s.Metered
	if m.Limits == engine.LimitConnections.String() {
		return words.Plural(m.DemandConnections, "connection") + " would have been needed to refuse nobody"
	}
	return fmt.Sprintf("%s would have been needed to refuse nobody, the most %s", words.Plural(m.Demand.Units, "license unit"), when(m.Demand.At))
}

// neededReplay is what a trace needs of what its key limits.
func neededReplay(m *result.Metered) int {
	if m.Limits == engine.LimitConnections.String() {
		return m.DemandConnections
	}
	return m.Demand.Units
}

// was is so many of a noun with was or were.
func was(n int, noun string) string {
	if n == 1 {
		return "1 " + noun + " was"
	}
	return words.Plural(n, noun) + " were"
}

// firstAt is when somebody is refused first.
func firstAt(s *result.Replay) engine.Time {
	if s.FirstRefusal == nil {
		return 0
	}
	return s.FirstRefusal.At
}

// addReplay tells what was counted.
func (r *Report) addReplay(s *result.Replay) {
	c := replayClock(s)
	counts := &table{Head: []string{"what", "count"}, Rows: [][]string{{"admitted", words.Number(s.Admitted)}, {"refused", words.Number(s.Refused)}, {"not charged", words.Number(s.Uncharged)}}}
	for _, via := range slices.Sorted(maps.Keys(s.RefusedByVia)) {
		counts.Rows = append(counts.Rows, []string{"refused by " + line(via), words.Number(s.RefusedByVia[via])})
	}
	if f := s.FirstRefusal; f != nil {
		r.more = append(r.more, fmt.Sprintf("The first to be refused is %s by %s, who sees “%s”.", line(f.LicenseUserID), line(f.Via), line(f.ClientSees)))
	}
	r.add(section{Title: "Connections and logins", Table: counts})
	r.addTop(s, c)
	r.addTransitions(s, c)
}

// addTop lists the largest holders at the peak of a trace, but for those that
// hold a unit by a connection, as most do.
func (r *Report) addTop(s *result.Replay, c clock) {
	if len(s.Top) == 0 {
		return
	}
	t := &table{Head: []string{"license user ID", "units", "connections", "unit-hours"}}
	var amounts []float64
	others := s.Peak.Units
	for _, h := range s.Top {
		if h.UnitsAtPeak <= 1 && h.ConnectionsAtPeak <= 1 {
			continue
		}
		others -= h.UnitsAtPeak
		amounts = append(amounts, float64(h.UnitsAtPeak))
		t.Rows = append(t.Rows, []string{line(h.LicenseUserID), words.Number(h.UnitsAtPeak), words.Number(h.ConnectionsAtPeak), decimal(h.UnitSeconds.Seconds() / 3600)})
	}
	t.Bars = bars(amounts)
	text := fmt.Sprintf("%s in use at %s", was(s.Peak.Units, "unit"), c.at(s.Peak.At))
	switch {
	case s.FirstRefusal != nil:
		text += ", with the key of " + key(s.Units, s.LimitOn) + ", which refused others."
	case s.Units > 0 && (s.Metered == nil || s.Enforced):
		text += ", with the key of " + key(s.Units, s.LimitOn) + ", which refused nobody."
	default:
		text += ", if nobody is refused."
	}
	each := s.Top[len(s.Top)-1].UnitsAtPeak <= 1 // as all that follow
	switch {
	case others <= 0:
	case t.Rows == nil:
		text += " Each license user ID held one unit by one connection."
	case each:
		text += " There were " + words.Plural(others, "other") + " of one unit each."
	default:
		text += " Others held " + words.Plural(others, "unit") + "."
	}
	if t.Rows == nil {
		t = nil
	}
	r.add(section{Title: "Largest license user IDs at the peak", Text: text, Table: t})
}

// fewTransitions bounds the list of changes to one unit per connection.
const fewTransitions = 50

func (r *Report) addTransitions(s *result.Replay, c clock) {
	t := &table{Head: []string{"license user ID", "after", "connections"}}
	for _, x := range s.Transitions[:min(fewTransitions, len(s.Transitions))] {
		t.Rows = append(t.Rows, []string{line(x.LicenseUserID), c.at(x.At), words.Number(x.Connections)})
	}
	if t.Rows != nil {
		r.add(section{Title: "One unit per connection", Text: words.Plural(len(s.Transitions), "license user ID") + " went over to one unit per connection; the first are listed.", Table: t})
	}
}

// is says what a category of units is.
var is = map[string]string{
	result.Working: "somebody works", result.Idle: "a web session waits for its end", result.Held: "hold of a finished call",
	result.Graced: "grace of a web session of one page", result.TransitionSurplus: "surplus of one unit per connection",
	result.ContractSurplus: "further units by the contract, one for each 12 connections", result.Leaked: "nothing will end its web sessions",
}

// explanationOf is the explanation among some results, or of one of them; nil
// when there is none.
func explanationOf(s *Source) *result.Explanation {
	switch {
	case s.Explanation != nil:
		return s.Explanation
	case s.Sizing != nil && s.Sizing.Explanation != nil:
		return s.Sizing.Explanation
	case s.Simulation != nil && s.Simulation.Explanation != nil:
		return s.Simulation.Explanation
	case s.Comparison != nil:
		return s.Comparison.Explanation
	}
	return nil
}

func (r *Report) addExplanation(s *result.Explanation) {
	if s.At == nil {
		r.open(s.Scenario, "explanation", "Nobody is refused.")
		return
	}
	c := clock{end: s.End}
	if s.Clock != nil {
		c.start = s.Clock.Add(-secondsOf(*s.At))
	}
	by := policy(&result.Counted{Policy: s.Policy, Base: s.Base, Options: s.Options})
	if r.open(s.Scenario, "explanation", fmt.Sprintf("%s are in use at %s, %s.", words.Plural(s.InUse, "license unit"), c.at(*s.At), which(s))) {
		r.fact("policy", by)
		r.fact("license key", key(s.Units, s.LimitOn))
		if s.Seed > 0 {
			r.fact("simulated", fmt.Sprintf("replication %d, seed %d", s.Replication, s.Seed))
		}
		r.signed(s.Version, s.Fingerprint)
	}
	r.notes = append(r.notes, s.Notes...)
	t := &table{Head: []string{"because", "units", "share"}}
	var amounts []float64
	for _, k := range s.Split {
		if k.Units == 0 {
			continue
		}
		amounts = append(amounts, float64(k.Units))
		t.Rows = append(t.Rows, []string{is[k.Category], words.Number(k.Units), percent(float64(k.Units) / float64(max(s.InUse, 1)))})
	}
	t.Bars = bars(amounts)
	if s.Enforced && s.Units > s.InUse { // else which says it
		by += " with the key of " + key(s.Units, s.LimitOn)
	}
	if s.Replication > 0 {
		by += fmt.Sprintf(" in replication %d", s.Replication)
	}
	instant := fmt.Sprintf("%s at %s, %s, by %s", words.Plural(s.InUse, "unit"), c.at(*s.At), which(s), by)
	r.add(section{Title: "Why the units are in use", Text: instant + ".", Table: t})
	r.addSplits(s, instant+": of each cohort.")
}

func which(s *result.Explanation) string {
	switch s.Which {
	case "peak":
		if s.Enforced && s.Units > 0 && s.InUse >= s.Units { // more may be needed, at another instant
			return "the most in use with the key of " + words.Number(s.Units)
		}
		return "the peak"
	case "first-refusal":
		return "when somebody is refused for the first time"
	}
	return "the instant that was asked for"
}

// addSplits lists the same by cohort. The text says of which instant.
func (r *Report) addSplits(s *result.Explanation, text string) {
	if len(s.ByCohort) == 1 && s.ByCohort[0].Cohort == "" { // a trace that names none
		return
	}
	t := &table{Head: []string{"cohort", "units", "license user IDs", "because"}}
	var categories []string
	for _, k := range s.Split {
		if k.Units > 0 {
			categories = append(categories, k.Category)
			t.Names = append(t.Names, is[k.Category])
		}
	}
	most := 0
	for _, k := range s.ByCohort {
		most = max(most, k.Units)
	}
	for _, k := range s.ByCohort {
		t.Rows = append(t.Rows, []string{cmp.Or(line(k.Cohort), none), words.Number(k.Units), words.Number(k.Users), because(k.Split)})
		t.stack(&k, categories, most)
	}
	if t.Rows != nil {
		r.add(section{Title: "Who holds them, and why", Text: text, Table: t})
	}
}

// because says why a cohort's units are in use.
func because(split []result.CategoryUnits) string {
	var parts []string
	for _, x := range split {
		parts = append(parts, words.Number(x.Units)+" "+is[x.Category])
	}
	return strings.Join(parts, "; ")
}

// stack adds the bar of a cohort, in pieces by category; the longest bar is that
// of the most units.
func (t *table) stack(k *result.CohortSplit, categories []string, most int) {
	parts := make([]float64, len(categories))
	for _, x := range k.Split {
		if i := slices.Index(categories, x.Category); i >= 0 {
			parts[i] = float64(x.Units) / float64(max(most, 1))
		}
	}
	t.Bars, t.Parts = append(t.Bars, float64(k.Units)/float64(max(most, 1))), append(t.Parts, parts)
}

func sentence(s string) string {
	for _, first := range line(s) {
		return string(unicode.ToUpper(first)) + strings.TrimPrefix(line(s), string(first))
	}
	return ""
}
