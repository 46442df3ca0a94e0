package report

import (
	"fmt"

	"highwater/sim/result"
	"highwater/sim/result/words"
)

// A slider tells the risk by the number of units.
type slider struct {
	Name  string    `json:"name"`
	Units []string  `json:"units"`
	X     []float64 `json:"x"` // on the chart of the risk, percent
	Texts []string  `json:"texts"`
	Begin int       `json:"begin"` // index

	keys []int
}

func (s *slider) add(x float64, k *result.Risk, n int, limitOn, when string) {
	s.keys = append(s.keys, k.Units)
	s.Units = append(s.Units, words.Number(k.Units)+" "+limitOn)
	s.X = append(s.X, x)
	text := fmt.Sprintf("risk %s (%s to %s), %s of %s runs refuse somebody", percent(k.Risk), percent(k.Low), percent(k.High), words.Number(k.Count), words.Number(n))
	if k.Median != nil {
		text += "; half of the runs have refused somebody by " + when
	} else {
		text += "; fewer than half of the runs refuse anybody"
	}
	s.Texts = append(s.Texts, text)
}

// start puts the slider at the present key, or next to it.
func (s *slider) start(k *result.Key) {
	s.Begin = len(s.keys) - 1
	if k == nil {
		return
	}
	for i, units := range s.keys {
		if units >= k.Limit {
			s.Begin = i
			return
		}
	}
}
