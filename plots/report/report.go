// Package report writes results for people who decide: one HTML document that
// needs nothing beside it, and Markdown for a ticket.
//
// A report is made of results alone. It opens with the answer and what that
// rests on; charts follow as far as the results have their numbers, and behind
// each chart is a table. Equal results give equal bytes. Charts are drawn when
// the report is made, so that it can be read where scripts do not run; a
// script adds what is read by hovering, a slider and switches.
package report

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"highwater/engine"
	"highwater/sim/result"
	"highwater/sim/result/words"
)

// A Source is the results that a report is about. All are of one scenario,
// trace or target; any may be nil, but not all.
type Source struct {
	Name  string   // of the file that the results are from, for those without a name of their own
	Notes []string // what is to be known of the input
	Files []Input  // a trace or logs that the results were made of

	Sizing      *result.Sizing
	Simulation  *result.Simulation
	Comparison  *result.Comparison
	Explanation *result.Explanation
	Advice      *result.Advice
	Readings    *result.Readings
	Replay      *result.Replay
	Attack      *result.Attack
}

// An Input is a file that results were made of.
type Input struct {
	Name   string
	SHA256 string // in hex, of the file as it is, compressed or not
}

// A Report is ready to be written.
type Report struct {
	title    string
	kind     string // of the results
	answer   string
	more     []string // what an administrator wants to know next
	figures  []figure
	facts    []fact
	notes    []string
	sections []section
	sliders  []slider
	footnote string // of images
	schedule string // SHA-256 of the schedule, of a report of an attack
}

// A figure is a number in large type.
type figure struct {
	Value, Label string
	Alarm        bool // it is not enough
}

// A fact is something that the answer rests on.
type fact struct{ Name, Value string }

// A section is a chart, a table or both.
type section struct {
	Title  string
	Found  string // what it comes to, in a sentence without its period; "" when that is only in the text
	Text   string
	List   []string // below the text
	Chart  *chart
	Table  *table
	Slider bool // the slider stands here
}

// A table has a head, and in each row as many cells. Bars are lengths from 0
// to 1 beside the first cell of each row, and Heat is how strongly the cells of
// a heat map are colored, 0 to 1; nil for none. Plain is a table in which
// columns are of one thing each and rows are of different kinds.
type table struct {
	Label string // for screen readers
	Head  []string
	Rows  [][]string
	Bars  []float64

	Parts [][]float64 // of each bar, which sum up to it; nil for bars of one piece
	Names []string    // of the parts
	Heat  [][]float64
	Over  [][]bool // cells of a heat map that are too much; nil for none

	Alarm bool // the more there is, the worse: of a heat map
	Plain bool
}

// mostShown bounds the rows of a table on a page; a folder of charts has all.
const mostShown = 1000

// Shown are the rows that stand on a page.
func (t *table) Shown() [][]string { return t.Rows[:min(len(t.Rows), mostShown)] }

// More says how many rows are left out.
func (t *table) More() string {
	if n := len(t.Rows) - mostShown; n > 0 {
		return "And " + words.Plural(n, "more row") + ", which a folder of charts has as CSV."
	}
	return ""
}

// bars makes the lengths of bars of amounts.
func bars(amounts []float64) []float64 {
	most := 0.0
	for _, a := range amounts {
		most = max(most, a)
	}
	list := make([]float64, len(amounts))
	for i, a := range amounts {
		if most > 0 {
			list[i] = max(a, 0) / most
		}
	}
	return list
}

var errNothing = errors.New("there is no result to report")

// Title is what the report is about.
func (r *Report) Title() string { return r.title }

// Answer is the sentence that the report opens with.
func (r *Report) Answer() string { return r.answer }

// New makes a report. It fails when there is nothing to report.
func New(s *Source) (*Report, error) {
	r := &Report{}
	k, hasSizing, ran := coursesOf(s), sized(s.Sizing), s.Simulation != nil && len(s.Simulation.Policies) > 0
	compared := s.Comparison != nil && len(s.Comparison.Sides) > 0
	alone := compared && !hasSizing && !ran
	advised := s.Advice != nil && !compared && !hasSizing && !ran && s.Replay == nil
	if hasSizing {
		r.addSizing(s.Sizing)
	}
	if ran {
		r.addSimulation(s.Simulation)
	}
	if alone {
		r.addComparison(s.Comparison)
	}
	if advised {
		r.addAdvice(s.Advice)
	}
	if s.Replay != nil {
		r.openReplay(s)
	}
	z := outlookOf(s)
	if z != nil {
		r.addEnough(z)
		if !hasSizing {
			answer := sizingAnswer(z, &z.Policies[0])
			if !ran { // of several sides it is that of the first
				answer = policy(&z.Policies[0].Counted) + ": " + answer
			}
			r.more = append(r.more, answer)
		}
	}
	var first *timeSeries
	if k != nil {
		first = r.addTimes(k)
		r.addRanges(k)
	}
	if z != nil {
		r.addPresent(z)
	}
	if !hasSizing && k != nil {
		r.addPeakHolders(&k.list[0])
	}
	if k != nil {
		r.addLarge(&k.list[0].First, k.list[0].atPeak())
	}
	if s.Replay != nil {
		r.addReplay(s.Replay)
	}
	if x := explanationOf(s); x != nil {
		r.addExplanation(x)
	}
	if compared && !alone {
		r.addComparison(s.Comparison)
	}
	if ran && !compared {
		r.addPolicies(s.Simulation)
	}
	if s.Replay != nil && s.Replay.Metered != nil {
		r.addCounts(s.Replay)
	}
	if k != nil {
		r.addRest(k, first)
	}
	if ran {
		r.addQueues(s.Simulation)
	}
	if s.Readings != nil {
		r.addReadings(s.Readings, s.Name)
	}
	if s.Advice != nil && !advised {
		r.addAdvice(s.Advice)
	}
	if s.Attack != nil {
		r.addAttack(s.Attack)
	}
	if r.answer == "" {
		return nil, errNothing
	}
	r.addMissing(s, k)
	return r, nil
}

// open says what the report is about, unless an earlier result has said it.
// It tells whether it was the first.
func (r *Report) open(title, kind, answer string) bool {
	if r.answer != "" {
		return false
	}
	r.title, r.kind, r.answer = cmp.Or(line(title), "license units"), kind, answer
	return true
}

func (r *Report) add(s section) {
	if s.Table != nil {
		s.Table.Label = s.Title
	}
	r.sections = append(r.sections, s)
}

func (r *Report) fact(name, value string) {
	if value != "" {
		r.facts = append(r.facts, fact{name, value})
	}
}

// study are the facts of a result of many replications.
func (r *Report) study(st *result.Study) {
	r.fact("covers", fmt.Sprintf("%s from %s", words.LongSpan(st.Duration), st.Start.Format("Mon 2 Jan 2006 15:04 MST")))
	n := words.Plural(st.Replications, "replication")
	switch st.EndedBy {
	case result.Precise:
		n += ", enough for the precision"
	case result.OutOfBudget:
		n += ", as many as the time allowed"
	case result.Interrupted:
		n += "; interrupted before all were done"
	}
	r.fact("simulated", n+", seed "+fmt.Sprint(st.Seed))
	r.fact("confidence", percent(st.Confidence)+" of every limit and interval")
	r.signed(st.Version, st.Fingerprint)
	r.footnote += fmt.Sprintf(", seed %d, %s", st.Seed, words.Plural(st.Replications, "replication"))
}

func (r *Report) signed(version, fingerprint string) {
	r.footnote = strings.TrimSpace("highwater " + version)
	if version != "" {
		r.fact("version", "highwater "+version)
	}
	r.fact("fingerprint of the scenario", fingerprint)
}

// counted are the facts of a policy.
func (r *Report) counted(c *result.Counted) { r.countedBy(c, readingsText(c.Options)) }

// countedBy is the same by readings that are not the policy's.
func (r *Report) countedBy(c *result.Counted, readings string) {
	r.fact("policy", policy(c))
	if len(c.Options) > 0 && c.Policy != c.Base {
		r.fact("which is", line(c.Base)+" with "+settings(c.Options))
	}
	r.fact("readings", readings)
	r.fact("license key", key(c.Units, c.LimitOn))
}

// readingsText says which reading of the documents was taken.
func readingsText(options []engine.Setting) string {
	if len(options) == 0 {
		return "where the documents are silent, the program's usual ones"
	}
	return "where the documents are silent, the program's usual ones but for the options above"
}

func key(units int, limitOn string) string {
	if units == 0 {
		return "unlimited"
	}
	return words.Plural(units, strings.TrimSuffix(cmp.Or(limitOn, "units"), "s"))
}
