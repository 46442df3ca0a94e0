package report

import (
	"encoding/csv"
	"io"
	"slices"
	"strconv"
	"strings"

	"highwater/plots"
)

// A File is a chart or a table of a report, for a folder.
type File struct {
	Name  string // small letters, digits, hyphens and a suffix
	Write func(io.Writer) error
}

// Files lists each chart of the report as PNG, SVG and PDF, and each table as
// CSV. A chart and the table behind it share their name but for the suffix.
func (r *Report) Files() []File {
	var files []File
	seen := map[string]bool{}
	for i := range r.sections {
		s := &r.sections[i]
		if s.Table == nil && s.Chart == nil {
			continue
		}
		name := s.file()
		for n := 2; seen[name]; n++ {
			name = s.file() + "-" + strconv.Itoa(n)
		}
		seen[name] = true
		if c := r.picture(s); c != nil {
			for _, f := range plots.Formats() {
				files = append(files, File{name + "." + f.Name, func(w io.Writer) error { return f.Write(w, c) }})
			}
		}
		if s.Table != nil {
			files = append(files, File{name + ".csv", func(w io.Writer) error { return s.Table.writeCSV(w, r.schedule) }})
		}
	}
	return files
}

// longName bounds the letters of a file's name.
const longName = 60

// file is what the section's files are called.
func (s *section) file() string {
	if s.Chart != nil {
		return s.Chart.ID
	}
	words := strings.FieldsFunc(strings.ToLower(s.Title), func(r rune) bool { return !(r >= 'a' && r <= 'z' || r >= '0' && r <= '9') })
	name := strings.Join(words, "-")
	return strings.TrimRight(name[:min(len(name), longName)], "-")
}

// picture is the section's chart; nil when it has a table alone.
func (r *Report) picture(s *section) plots.Chart {
	h := plots.Heading{Title: s.Title + ": " + r.title, Subtitle: s.Text, Footnote: r.footnote}
	if s.Found != "" {
		h.Title, h.Subtitle = s.Found, strings.TrimSpace(h.Title+". "+s.Text)
	}
	switch {
	case s.Chart != nil && s.Chart.times != nil:
		c := *s.Chart.times
		c.Title, c.Subtitle, c.Footnote = h.Title, h.Subtitle, h.Footnote
		return &c
	case s.Chart != nil:
		return s.Chart.graph(h)
	case s.Table.Heat != nil:
		return s.Table.heat(h)
	case s.Table.Bars != nil:
		return s.Table.bars(h)
	}
	return nil
}

// graph is the chart as an image.
func (c *chart) graph(h plots.Heading) *plots.Graph {
	g := &plots.Graph{Heading: h, XTitle: c.XTitle, YTitle: c.YTitle, LimitX: c.LimitX / 100, LimitY: c.LimitY, LimitName: c.LimitName}
	if c.LimitY >= 0 {
		g.LimitY = 1 - c.LimitY/100
	}
	for _, t := range c.XTicks {
		g.XTicks = append(g.XTicks, plots.Tick{At: t.At / 100, Label: t.Label, Mid: t.Mid / 100})
	}
	for _, t := range c.YTicks {
		g.YTicks = append(g.YTicks, plots.Tick{At: 1 - t.At/100, Label: t.Label})
	}
	for _, r := range c.Rules {
		g.Rules = append(g.Rules, plots.GraphRule{Y: 1 - r.Y/100, Text: r.Text})
	}
	for _, m := range c.Marks {
		g.Marks = append(g.Marks, plots.GraphMark{Spot: plots.Spot{X: m.X / 100, Y: 1 - m.Y/100}, Line: m.Line})
	}
	for i := range c.Lines {
		l := &c.Lines[i]
		g.Lines = append(g.Lines, plots.GraphLine{Name: l.Name, Note: l.Note, Line: l.line, Bands: l.bands})
	}
	return g
}

// mostBars is how many bars an image has; the table has all.
const mostBars = 60

// bars is the table as bars of its first amounts.
func (t *table) bars(h plots.Heading) *plots.Bars {
	b := &plots.Bars{Heading: h, Axis: t.Head[1], Parts: t.Names}
	for i, row := range t.Rows[:min(len(t.Rows), mostBars)] {
		text := row[1]
		if len(row) > 2 && t.Head[2] == "share" {
			text += " (" + row[2] + ")"
		}
		bar := plots.Bar{Name: row[0], Length: t.Bars[i], Text: text}
		if t.Parts != nil {
			bar.Parts = t.Parts[i]
		}
		b.Rows = append(b.Rows, bar)
	}
	return b
}

func (t *table) heat(h plots.Heading) *plots.Heat {
	m := &plots.Heat{Heading: h, Columns: t.Head[1:], Alarm: t.Alarm}
	for i, row := range t.Rows {
		cells := make([]plots.HeatCell, len(row)-1)
		for j, text := range row[1:] {
			cells[j] = plots.HeatCell{Text: text, Share: t.Heat[i][j+1], Empty: text == none, Over: t.Over != nil && t.Over[i][j+1]}
		}
		m.Rows = append(m.Rows, plots.HeatRow{Name: row[0], Cells: cells})
	}
	return m
}

// none is the text of a cell that has nothing to tell.
const none = "–"

// writeCSV writes the table for spreadsheets. Numbers have no separators, and
// no text is a formula. The last column is the schedule of an attack, if there
// is one.
func (t *table) writeCSV(w io.Writer, schedule string) error {
	c := csv.NewWriter(w)
	for i, row := range append([][]string{named(t.Head)}, t.Rows...) {
		cells := make([]string, len(row), len(row)+1)
		for j, cell := range row {
			cells[j] = csvCell(cell)
		}
		switch {
		case schedule == "":
		case i == 0:
			cells = append(cells, "schedule")
		default:
			cells = append(cells, csvCell(schedule))
		}
		if err := c.Write(cells); err != nil {
			return err
		}
	}
	c.Flush()
	return c.Error()
}

// named tells columns of one name apart, which a page shows below each other:
// they have what stands before the colon of the column that begins theirs, as
// "contract: mean" does for the "mean" that follows "contract: peak".
func named(head []string) []string {
	list, of, seen := slices.Clone(head), "", map[string]bool{}
	for i, name := range head {
		if colon := strings.LastIndex(name, ": "); colon >= 0 {
			of = name[:colon+2]
		} else if twice := slices.Index(head, name) < i || slices.Contains(head[i+1:], name); twice {
			list[i] = of + name
		}
		for n := 2; seen[list[i]]; n++ {
			list[i] = name + " (" + strconv.Itoa(n) + ")"
		}
		seen[list[i]] = true
	}
	return list
}

// csvCell is a cell for spreadsheets, which take what begins with some
// characters for a formula.
func csvCell(s string) string {
	if s == none {
		return ""
	}
	plain := strings.ReplaceAll(s, ",", "")
	if _, err := strconv.ParseFloat(plain, 64); err == nil && strings.Trim(plain, "-.0123456789") == "" {
		return plain
	}
	if s != "" && strings.ContainsRune("=+-@\t\r\n", rune(s[0])) {
		return "'" + s
	}
	return s
}
