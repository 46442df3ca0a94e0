package scenario

import (
	"bytes"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

// A trouble is a message of the YAML reader in our words.
type trouble struct {
	says  string // what the reader says
	msg   string
	hint  string
	chars string // the mistake is at the first of these in its line; "" is the first that is not a space
	early bool   // the reader counts lines from 0
	seek  bool   // the reader names the start of the block; the mistake is further down
}

var troubles = []trouble{
	{says: "did not find expected key", msg: "must be a field such as name: value, as far to the right as those above it", early: true, seek: true},
	{says: "did not find expected '-' indicator", msg: "must be an item that begins with -, as those above it", early: true, seek: true},
	{says: "did not find expected <document start>", msg: "must be a field such as name: value", early: true, seek: true},
	{says: "did not find expected node content", msg: "must be a value, and is not", early: true, seek: true},
	{says: "did not find expected ',' or '}'", msg: "must have a comma between fields, and } at the end", chars: "{", early: true},
	{says: "did not find expected ',' or ']'", msg: "must have a comma between items, and ] at the end", chars: "[", early: true},
	{says: "found undefined tag handle", msg: "must not have tags", chars: "!", early: true},
	{says: "mapping values are not allowed in this context", msg: "must not have a second colon in the line, or is too far to the right",
		hint: "a value with a colon and a space needs quotes"},
	{says: "could not find expected ':'", msg: "must be a field such as name: value"},
	{says: "block sequence entries are not allowed in this context", msg: "must not begin a list here", hint: "begin a list on the line below its field"},
	{says: "found character that cannot start any token", msg: "must not begin with a tab, @, ` or %", hint: "indent with spaces; quote a value that begins so", chars: "\t@`%"},
	{says: "found a tab character that violates indentation", msg: "must be indented with spaces, not tabs", chars: "\t"},
	{says: "found a tab character where an indentation space is expected", msg: "must be indented with spaces, not tabs", chars: "\t"},
	{says: "found unexpected end of stream", msg: "must end the quoted text that begins here", chars: `"'`},
	{says: "found unknown escape character", msg: `must not have this \ in double quotes`, hint: "use single quotes", chars: `\`},
	{says: "unknown anchor", msg: "must be written out, not an alias", chars: "*"},
	{says: "exceeded max depth", msg: "must be at most 16 levels deep"},
}

var syntaxLine = regexp.MustCompile(`^yaml: (?:line ([0-9]+): )?(.*)`)

// syntax notes trouble of the YAML reader. The reader knows the line at best,
// and some of its lines are one too low or where the block begins.
func (p *parser) syntax(err error, data []byte) {
	m := syntaxLine.FindStringSubmatch(err.Error())
	if m == nil {
		m = []string{"", "", err.Error()}
	}
	line, _ := strconv.Atoi(m[1]) // none is 0
	t := trouble{msg: "must be YAML: " + m[2]}
	for _, row := range troubles {
		if strings.HasPrefix(m[2], row.says) {
			t = row
			break
		}
	}
	if t.early {
		line++
	}
	lines := bytes.SplitAfter(data, []byte("\n"))
	line = max(1, min(line, len(lines)))
	if t.seek {
		line = seek(lines, line, m[2])
	}
	if t.hint == "" && bytes.Contains(lines[line-1], []byte("{{")) {
		t.hint = "inside { } quote a value that has {{ }}"
	}
	p.errorf(mark(line, columnOf(lines[line-1], t.chars)), "%s", t.msg).Hint = t.hint
}

// mostSeek is the size of the largest file that seek reads several times.
const mostSeek = 256 << 10

// seek is the last line of the shortest beginning of a file that the YAML
// reader has this same trouble with; it is at least from.
func seek(lines [][]byte, from int, says string) int {
	data := bytes.Join(lines, nil)
	if len(data) > mostSeek {
		return from
	}
	low, high := from, len(lines) // the trouble is in lines low to high
	for low < high {
		mid := (low + high) / 2
		if _, _, err := decode(bytes.Join(lines[:mid], nil)); err != nil && strings.HasSuffix(err.Error(), says) {
			high = mid
		} else {
			low = mid + 1
		}
	}
	return low
}

// columnOf is the column of the first of chars in the line, or else of its
// first character that is not a space.
func columnOf(line []byte, chars string) int {
	i := -1
	if chars != "" {
		i = bytes.IndexAny(line, chars)
	}
	if i < 0 {
		i = len(line) - len(bytes.TrimLeft(line, " \t\r\n"))
		if i == len(line) {
			i = 0
		}
	}
	return 1 + utf8.RuneCount(line[:i])
}
