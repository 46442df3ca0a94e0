package scenario

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// A Pos is a place in a scenario file.
type Pos struct {
	File   string
	Line   int // from 1
	Column int // in characters, from 1
}

func (p Pos) String() string { return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column) }

// An Error is one mistake in a scenario file.
type Error struct {
	Pos  Pos
	Path string // the object that it is in, such as `cohort "nurses"`; "" at the top
	Msg  string // what must hold, and what was given
	Hint string // what may have been meant, or ""; not part of Error()
}

func (e *Error) Error() string {
	if e.Path == "" {
		return fmt.Sprintf("%s: %s", e.Pos, e.Msg)
	}
	return fmt.Sprintf("%s: %s: %s", e.Pos, e.Path, e.Msg)
}

// Errors are all mistakes in a scenario file, in the order of their positions.
type Errors []*Error

// Error is one line for each mistake.
func (e Errors) Error() string {
	lines := make([]string, len(e))
	for i, err := range e {
		lines[i] = err.Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap lists the mistakes, each an *Error.
func (e Errors) Unwrap() []error {
	list := make([]error, len(e))
	for i, err := range e {
		list[i] = err
	}
	return list
}

func (e Errors) sort() {
	slices.SortStableFunc(e, func(a, b *Error) int {
		return cmp.Or(cmp.Compare(a.Pos.Line, b.Pos.Line), cmp.Compare(a.Pos.Column, b.Pos.Column))
	})
}

// didYouMean is a hint at the one of names that is most like what was given,
// or "" when none is.
func didYouMean(given string, names []string) string {
	if best := Nearest(given, names); best != "" {
		return fmt.Sprintf("did you mean %q?", best)
	}
	return ""
}

// Nearest is the one of names that is most like what was given, or "".
func Nearest(given string, names []string) string {
	const longest = 40
	given = strings.ToLower(given)
	if given == "" || len(given) > longest {
		return ""
	}
	best, least := "", 1+max(1, utf8.RuneCountInString(given)/3)
	for _, name := range names {
		d := distance(given, strings.ToLower(name))
		if len(given) >= 3 && (strings.HasPrefix(name, given) || strings.HasPrefix(given, name)) {
			d = min(d, 1)
		}
		if d < least {
			best, least = name, d
		}
	}
	return best
}

// distance is the number of characters to insert, delete, change or swap with
// the next one to make b of a.
func distance(a, b string) int {
	s, t := []rune(a), []rune(b)
	before, last, row := make([]int, len(t)+1), make([]int, len(t)+1), make([]int, len(t)+1)
	for j := range last {
		last[j] = j
	}
	for i := range s {
		row[0] = i + 1
		for j := range t {
			change := last[j]
			if s[i] != t[j] {
				change++
			}
			row[j+1] = min(change, last[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && s[i] == t[j-1] && s[i-1] == t[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(t)]
}
