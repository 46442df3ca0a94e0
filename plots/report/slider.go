package report

import (
	"fmt"

	"highwater/sim/result"
	"highwater/sim/result/words"
)

// A slider tells the risk by the number of units, from 1 to some beyond the
// largest that was counted: 0 on a key is unlimited.
type slider struct {
	Name  string    `json:"name"`
	Noun  string    `json:"noun"`
	Most  int       `json:"most"`  // units
	Begin int       `json:"begin"` // units
	Axis  []float64 `json:"axis"`  // units at the ends of the chart of the risk
	Rows  []int     `json:"rows"`  // units that were counted
	From  []int     `json:"from"`  // units from which a text holds, up to the next ones
	Texts []string  `json:"texts"`

	runs  int
	clock clock
}

// fill gives every number of units its text. Curve has the least units first.
func (s *slider) fill(curve []result.Risk) {
	for i := range curve {
		k := &curve[i]
		s.Rows = append(s.Rows, k.Units)
		switch {
		case i > 0 && curve[i-1].Units+1 < k.Units:
			s.say(curve[i-1].Units+1, s.between(&curve[i-1], k))
		case i == 0 && k.Units > 1:
			s.say(1, s.below(k))
		}
		if k.Units > 0 {
			s.say(k.Units, s.risk(k, k)+"; "+s.half(k, k))
		}
	}
	last := &curve[len(curve)-1]
	s.say(last.Units+1, s.above(last))
	s.Most = last.Units + max(last.Units/10, 10)
}

func (s *slider) say(from int, text string) {
	s.From, s.Texts = append(s.From, from), append(s.Texts, text)
}

// risk is the risk by numbers of units from that of a to that of b: the same
// where as many runs need more than a and more than b.
func (s *slider) risk(a, b *result.Risk) string {
	of := " of " + words.Plural(s.runs, "run")
	if a.Count == b.Count {
		return fmt.Sprintf("risk %s (%s to %s), %s%s", percent(a.Risk), percent(a.Low), percent(a.High), words.Number(a.Count), of) + refuse(a.Count, s.runs)
	}
	return fmt.Sprintf("risk between %s and %s (%s to %s), %s to %s%s",
		percent(b.Risk), percent(a.Risk), percent(b.Low), percent(a.High), words.Number(b.Count), words.Number(a.Count), of) + refuse(a.Count, s.runs)
}

// refuse is what so many of some runs do.
func refuse(runs, of int) string {
	if runs == 1 || of == 1 {
		return " refuses somebody"
	}
	return " refuse somebody"
}

// half is by when half of the runs have refused somebody, with units from those
// of a to those of b.
func (s *slider) half(a, b *result.Risk) string {
	const have = "half of the runs have refused somebody by "
	switch {
	case a.Median == nil:
		return "fewer than half of the runs refuse anybody"
	case b.Median == nil:
		return "half of the runs, if so many, have refused somebody by " + s.clock.exact(*a.Median) + " or later"
	case s.clock.exact(*a.Median) == s.clock.exact(*b.Median):
		return have + s.clock.exact(*a.Median)
	}
	return have + "a time between " + s.clock.exact(*a.Median) + " and " + s.clock.exact(*b.Median)
}

func (s *slider) between(a, b *result.Risk) string { return s.risk(a, b) + "; " + s.half(a, b) }

// below is what is known of fewer units than were counted: at least as many runs
// refuse somebody, and not later.
func (s *slider) below(k *result.Risk) string {
	all := result.Risk{Count: s.runs, Risk: 1, Low: k.Low, High: 1}
	if k.Count == s.runs {
		all = *k
	}
	text := s.risk(&all, k)
	if k.Median != nil {
		text += "; half of the runs have refused somebody by " + s.clock.exact(*k.Median) + " or earlier"
	}
	return text
}

// above is what is known of more units than were counted.
func (s *slider) above(k *result.Risk) string {
	none := result.Risk{High: k.High}
	if k.Count == 0 {
		none = *k
	}
	return s.between(k, &none)
}

// start puts the slider at the present key, or at what is enough.
func (s *slider) start(p *result.PolicySizing) {
	s.Begin = s.Rows[len(s.Rows)-1]
	if len(p.Enough) > 0 && p.Enough[0].Best() != nil {
		s.Begin = *p.Enough[0].Best()
	}
	if p.Present != nil {
		s.Begin = p.Present.Limit
	}
	s.Begin = max(s.Begin, 1)
	s.Most = max(s.Most, s.Begin)
}
