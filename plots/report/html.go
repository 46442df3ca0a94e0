package report

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"regexp"
	"slices"
	"strings"
)

//go:embed page.html
var pageText string

var page = template.Must(template.New("page").Funcs(template.FuncMap{
	"pct":     func(share float64) string { return coord(100 * share) },
	"at":      func(t *table, i int) float64 { return t.Bars[i] },
	"amounts": amounts,
	"short":   short,
	"shade":   func(share float64) string { return coord(100*(0.04+0.46*share)) + "%" },
}).Parse(pageText))

// shortCell is up to how many bytes a cell is kept on one line.
const shortCell = 32

func short(s string) bool { return len(s) <= shortCell }

// amount tells whether a cell is a number with its unit or sign.
func amount(s string) bool {
	return s != "" && (s[0] >= '0' && s[0] <= '9' || s == "–" || strings.ContainsRune("+-", rune(s[0])) && len(s) > 1)
}

// pageData is what the script of a page reads.
type pageData struct {
	Charts  map[string]hover `json:"charts"`
	Sliders []slider         `json:"sliders"`
}

// WriteHTML writes the report as one document without references to anything
// outside it.
func (r *Report) WriteHTML(w io.Writer) error {
	data := pageData{Charts: map[string]hover{}, Sliders: r.sliders}
	for i := range r.sections {
		if c := r.sections[i].Chart; c != nil {
			data.Charts[c.ID] = c.hover
		}
	}
	var b bytes.Buffer
	err := page.Execute(&b, struct {
		Title, Answer string
		More, Notes   []string
		Figures       []figure
		Facts         []fact
		Sections      []section
		Sliders       []slider
		Styles        []template.CSS
		Data          pageData
	}{r.title, r.answer, r.more, r.notes, r.figures, r.facts, r.sections, r.sliders, dashes, data})
	if err != nil {
		return err
	}
	_, err = w.Write(percents.ReplaceAll(b.Bytes(), []byte("$1\u00a0%")))
	return err
}

// percents are those of numbers, from which no line's end may part them.
var percents = regexp.MustCompile(`([0-9]) %`)

// dashes of lines, so that they can be told apart without colors.
var dashes = []template.CSS{"none", "9 4", "2 3", "12 3 2 3", "5 3", "1 4"}

// WriteMarkdown writes the report for a ticket or a pull request: the answer,
// what it rests on, and the tables.
func (r *Report) WriteMarkdown(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\n**%s**\n", escape(r.title), escape(r.answer))
	for _, m := range r.more {
		fmt.Fprintf(&b, "\n%s\n", escape(m))
	}
	b.WriteString("\n| assumption | |\n|---|---|\n")
	for _, f := range r.facts {
		fmt.Fprintf(&b, "| %s | %s |\n", escape(f.Name), escape(f.Value))
	}
	if len(r.notes) > 0 {
		b.WriteString("\n")
	}
	for _, n := range r.notes {
		fmt.Fprintf(&b, "- %s\n", escape(n))
	}
	for i := range r.sections {
		s := &r.sections[i]
		fmt.Fprintf(&b, "\n## %s\n", escape(s.Title))
		if s.Found != "" {
			fmt.Fprintf(&b, "\n**%s.**\n", escape(s.Found))
		}
		if s.Text != "" {
			fmt.Fprintf(&b, "\n%s\n", escape(s.Text))
		}
		for i, item := range s.List {
			if i == 0 {
				b.WriteString("\n")
			}
			fmt.Fprintf(&b, "- %s\n", escape(item))
		}
		if s.Table != nil {
			writeTable(&b, s.Table, s.Chart != nil)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// writeTable writes a table, folded where the HTML has a chart before it.
func writeTable(b *strings.Builder, t *table, folded bool) {
	b.WriteString("\n")
	if folded {
		b.WriteString("<details><summary>Table</summary>\n\n")
	}
	writeRow(b, t.Head)
	b.WriteString("|")
	for i, numeric := range amounts(t) {
		if i > 0 && numeric {
			b.WriteString("---:|")
		} else {
			b.WriteString("---|")
		}
	}
	b.WriteString("\n")
	for i, row := range t.Shown() {
		if t.Over == nil {
			writeRow(b, row)
			continue
		}
		writeRow(b, row, t.Over[i]...)
	}
	if more := t.More(); more != "" {
		b.WriteString("\n" + escape(more) + "\n")
	}
	if folded {
		b.WriteString("\n</details>\n")
	}
}

// amounts tells for each column whether it has short amounts alone.
func amounts(t *table) []bool {
	list := make([]bool, len(t.Head))
	for i := range list {
		list[i] = !t.Plain && !slices.ContainsFunc(t.Rows, func(row []string) bool { return !amount(row[i]) || !short(row[i]) })
	}
	return list
}

// writeRow writes a row. The cells that are too much are bold.
func writeRow(b *strings.Builder, cells []string, over ...bool) {
	b.WriteString("|")
	for i, c := range cells {
		bold := ""
		if i < len(over) && over[i] {
			bold = "**"
		}
		b.WriteString(" " + bold + escape(c) + bold + " |")
	}
	b.WriteString("\n")
}

// marks of Markdown and HTML that a text must not have by itself. A mention
// and a link are broken too.
var marks = strings.NewReplacer(`\`, `\\`, "|", `\|`, "<", "&lt;", ">", "&gt;", "&", "&amp;", "*", `\*`, "_", `\_`, "`", "\\`",
	"[", `\[`, "]", `\]`, "#", `\#`, "~", `\~`, "!", `\!`, "@", "@\u200b", "://", ":\u200b//")

// escape makes a text plain in Markdown.
func escape(s string) string { return marks.Replace(line(s)) }
