package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"
	"unicode/utf8"

	"highwater/engine"

	"github.com/rivo/uniseg"
)

// table writes rows of cells, aligned: names in the first column to the left,
// other columns to the right when all their cells begin with a digit.
func table(w io.Writer, rows [][]string) {
	widths := map[int]int{}
	numeric := map[int]bool{}
	for i, row := range rows {
		for c, cell := range row {
			widths[c] = max(widths[c], uniseg.StringWidth(cell))
			if i > 0 && cell != "" {
				if _, seen := numeric[c]; !seen {
					numeric[c] = true
				}
				numeric[c] = numeric[c] && (cell[0] >= '0' && cell[0] <= '9' || cell == "–")
			}
		}
	}
	for _, row := range rows {
		var b strings.Builder
		for c, cell := range row {
			pad := strings.Repeat(" ", widths[c]-uniseg.StringWidth(cell))
			if c > 0 {
				b.WriteString("  ")
			}
			if numeric[c] && c > 0 {
				b.WriteString(pad + cell)
			} else {
				b.WriteString(cell + pad)
			}
		}
		fmt.Fprintln(w, strings.TrimRight(b.String(), " "))
	}
}

// labelled writes lines of a label and a text, the texts aligned.
func labelled(w io.Writer, lines [][2]string) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, l := range lines {
		fmt.Fprintf(t, "%s\t%s\n", l[0], l[1])
	}
	_ = t.Flush()
}

// paragraphs is labelled for texts that may be long: each is a paragraph.
func paragraphs(w io.Writer, lines [][2]string) {
	width := 0
	for _, l := range lines {
		width = max(width, utf8.RuneCountInString(l[0]))
	}
	for _, l := range lines {
		paragraph(w, fmt.Sprintf("%-*s", width+2, l[0]), l[1])
	}
}

// textWidth is how wide paragraphs are.
const textWidth = 96

// paragraph writes a text in lines that are not too long, the first after a
// label and the others below it.
func paragraph(w io.Writer, label, text string) {
	line := label
	begin := uniseg.StringWidth(label)
	at := begin
	for _, word := range unbroken(text) {
		n := uniseg.StringWidth(word)
		switch {
		case at == begin:
		case at+1+n > textWidth:
			fmt.Fprintln(w, line)
			line, at = strings.Repeat(" ", begin), begin
		default:
			line += " "
			at++
		}
		line += word
		at += n
	}
	fmt.Fprintln(w, line)
}

// unbroken splits a text where a line may end: not before a percent sign.
func unbroken(text string) []string {
	var list []string
	for _, word := range strings.Fields(text) {
		if len(list) > 0 && word[0] == '%' && strings.Trim(word, "%.,;:)") == "" {
			list[len(list)-1] += " " + word
		} else {
			list = append(list, word)
		}
	}
	return list
}

// A clock writes instants: on the wall clock when the start is known, else
// since the start.
type clock struct{ start time.Time }

// at is an instant with milliseconds when it has some.
func (c clock) at(t engine.Time) string {
	t = (t + engine.Millisecond/2) / engine.Millisecond * engine.Millisecond
	if c.start.IsZero() {
		return elapsed(t)
	}
	wall := c.wall(t)
	layout := "Mon 2 Jan 15:04:05"
	if t%engine.Second != 0 {
		layout += ".000"
	}
	return wall.Format(layout)
}

func (c clock) wall(t engine.Time) time.Time { return c.start.Add(time.Duration(t) * time.Microsecond) }

// second is an instant without fractions.
func (c clock) second(t engine.Time) string { return c.at(t / engine.Second * engine.Second) }

// elapsed is a time since the start, as 1d 02:03:04.500.
func elapsed(t engine.Time) string {
	s := ""
	if t >= engine.Day {
		s = fmt.Sprintf("%dd ", t/engine.Day)
		t %= engine.Day
	}
	s += fmt.Sprintf("%02d:%02d:%02d", t/engine.Hour, t/engine.Minute%60, t/engine.Second%60)
	if ms := t % engine.Second / engine.Millisecond; ms > 0 {
		s += fmt.Sprintf(".%03d", ms)
	}
	return s
}

// printable makes a text from a log or trace fit for a terminal and a table.
func printable(s string) string {
	const longest = 48
	if s = visible(s); utf8.RuneCountInString(s) > longest {
		s = string([]rune(s)[:longest-1]) + "…"
	}
	return s
}

// visible shows what a terminal would obey as dots.
func visible(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return '·'
	}, s)
}
