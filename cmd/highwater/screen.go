package main

import (
	"bytes"
	"strings"

	"highwater/plots/term"
	"highwater/scenario"
	"highwater/sim/result"
)

// A screen is what watch shows: the last answer, and what is wrong with the
// file since.
type screen struct {
	console  console
	file     string
	scenario *scenario.Scenario
	res      *result.Simulation // nil before the first answer
	wrong    string             // lines; "" when nothing is
	frames   int                // so far
}

func (s *screen) good(sc *scenario.Scenario, res *result.Simulation) {
	s.scenario, s.res, s.wrong = sc, res, ""
}

func (s *screen) bad(wrong string) { s.wrong = wrong }

// drawn reports whether things are drawn in place, and not one below the other.
func (c console) drawn() bool { return c.height > 0 && c.moves }

// frame is what is to be written.
func (s *screen) frame() string {
	var b bytes.Buffer
	if !s.console.drawn() {
		if s.frames > 0 {
			b.WriteByte('\n')
		}
		s.answer(&b, 0)
		s.frames++
		return b.String()
	}
	room := s.console.height - 1 // for the cursor
	if s.res == nil {
		b.WriteString(s.mistakes(room))
	} else {
		var head bytes.Buffer
		writeAnswer(&head, s.scenario, s.res)
		room -= bytes.Count(head.Bytes(), []byte("\n")) + 1
		wrong := s.mistakes(min(room/3, room-smallest))
		s.answer(&b, room-strings.Count(wrong, "\n"))
		b.WriteString(wrong)
	}
	const home, clearLine, clearRest = "\x1b[H", "\x1b[K", "\x1b[J"
	return home + strings.ReplaceAll(b.String(), "\n", clearLine+"\n") + clearRest
}

// answer writes the last answer, with charts in so many lines, or as many as
// they take.
func (s *screen) answer(b *bytes.Buffer, room int) {
	writeAnswer(b, s.scenario, s.res)
	o, res := *s.console.charts(), *s.res
	if s.console.drawn() {
		// The table has all policies, if not all have room for a chart.
		n := min(len(res.Policies), (room-1)/(term.LeastHeight+chartLines))
		if n < 1 {
			return
		}
		res.Policies = res.Policies[:n]
		o.Height = min((room-1)/n-chartLines, tallest)
	}
	b.WriteByte('\n')
	writeCharts(b, s.scenario, &res, o)
}

// chartLines are the lines of a chart beside its plot: name, axis, labels,
// title, legend and an empty one. smallest are the lines of one chart with its
// heading; tallest is how high a plot may be.
const (
	chartLines = 7
	smallest   = 1 + term.LeastHeight + chartLines
	tallest    = 20
)

// mistakes are the lines about what is wrong, in so many lines at most, but for
// a few that are always there.
func (s *screen) mistakes(room int) string {
	if s.wrong == "" {
		return ""
	}
	const few = 4
	heading := s.file + " as it is now:\n"
	if s.res != nil {
		heading = "\n" + heading
	}
	lines := strings.SplitAfter(heading+s.wrong, "\n")
	lines = lines[:len(lines)-1] // what is after the last
	if most := max(few, room); len(lines) > most {
		lines = append(lines[:most-1:most-1], "… and more: see highwater check\n")
	}
	return strings.Join(lines, "")
}
