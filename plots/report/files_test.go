package report

import (
	"bytes"
	"encoding/csv"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"highwater/plots"
)

// Every chart is there in three formats and with a table, and no name leaves
// its folder, whatever the results are called.
func TestFiles(t *testing.T) {
	s := day()
	s.Simulation.Policies[1].Policy, s.Comparison.Pairs[0].Side = "../../=x", `../"; rm`
	r, err := New(s)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range r.Files() {
		if !regexp.MustCompile(`^[a-z0-9-]+\.(png|svg|pdf|csv)$`).MatchString(f.Name) || slices.Contains(names, f.Name) {
			t.Errorf("a file is called %q", f.Name)
		}
		names = append(names, f.Name)
		var b bytes.Buffer
		if err := f.Write(&b); err != nil || b.Len() == 0 {
			t.Errorf("%s: %d bytes, %v", f.Name, b.Len(), err)
		}
		if *folder != "" {
			if err := os.WriteFile(filepath.Join(*folder, f.Name), b.Bytes(), 0o666); err != nil {
				t.Fatal(err)
			}
		}
		if strings.HasSuffix(f.Name, ".csv") {
			checkTable(t, f.Name, b.Bytes())
		}
	}
	for _, name := range names {
		if base, ok := strings.CutSuffix(name, ".png"); ok {
			for _, suffix := range []string{".svg", ".pdf", ".csv"} {
				if !slices.Contains(names, base+suffix) {
					t.Errorf("there is %s, and no %s", name, suffix)
				}
			}
		}
	}
	for _, name := range []string{"units.png", "risk.png", "duration.png", "who-holds-the-units-at-the-peak.png", "why-the-units-are-in-use.png"} {
		if !slices.Contains(names, name) {
			t.Errorf("there is no %s in %q", name, names)
		}
	}
}

var formula = regexp.MustCompile(`^[=+@\t\r]|^-[^0-9.]|^-.*[^0-9.]`)

// checkTable reads a table as a spreadsheet would.
func checkTable(t *testing.T, name string, data []byte) {
	t.Helper()
	rows, err := csv.NewReader(bytes.NewReader(data)).ReadAll() // of equal length
	if err != nil || len(rows) < 2 {
		t.Errorf("%s: %d rows, %v", name, len(rows), err)
	}
	for _, row := range rows {
		for _, cell := range row {
			if formula.MatchString(cell) {
				t.Errorf("%s: %q is a formula", name, cell)
			}
		}
	}
}

// A table of an attack has its schedule in a column more, in each row; any other
// has none.
func TestScheduleOfATable(t *testing.T) {
	x := &table{Head: []string{"", "count"}, Rows: [][]string{{"served", "1,234"}, {"refused", none}}}
	for _, tt := range []struct{ schedule, want string }{
		{"", ",count\nserved,1234\nrefused,\n"},
		{"c0ffee", ",count,schedule\nserved,1234,c0ffee\nrefused,,c0ffee\n"},
		{"=1", ",count,schedule\nserved,1234,'=1\nrefused,,'=1\n"}, // it is what a file says
	} {
		var b strings.Builder
		if err := x.writeCSV(&b, tt.schedule); err != nil || b.String() != tt.want {
			t.Errorf("with %q it is %q, want %q: %v", tt.schedule, b.String(), tt.want, err)
		}
	}
}

func TestCellsAreNoFormulas(t *testing.T) {
	tests := []struct{ cell, want string }{
		{"", ""}, {"–", ""}, {"nurses", "nurses"}, {"12", "12"}, {"1,234", "1234"}, {"-3.5", "-3.5"}, {"60 %", "60 %"}, {"a=b", "a=b"},
		{"=1+1", "'=1+1"}, {"+1", "'+1"}, {"-1+cmd|' /C calc'!A0", "'-1+cmd|' /C calc'!A0"}, {"@SUM(A1)", "'@SUM(A1)"},
		{"\t=1", "'\t=1"}, {"\r=1", "'\r=1"}, {"\n=1", "'\n=1"}, {"--1", "'--1"}, {"-", "'-"}, {"-e", "'-e"}, {"-Inf", "'-Inf"},
	}
	for _, tt := range tests {
		if got := csvCell(tt.cell); got != tt.want {
			t.Errorf("csvCell(%q) = %q; want %q", tt.cell, got, tt.want)
		}
	}
}

// Columns of a table for spreadsheets have a name each.
func TestColumnsHaveANameEach(t *testing.T) {
	for _, tt := range []struct{ head, want []string }{
		{[]string{"from", "a: mean", "5 %", "95 %", "b: c: mean", "5 %", "95 %"}, []string{"from", "a: mean", "a: 5 %", "a: 95 %", "b: c: mean", "b: c: 5 %", "b: c: 95 %"}},
		{[]string{"from", "a: peak", "mean"}, []string{"from", "a: peak", "mean"}},
		{[]string{"ward", "ward", "a: x", "a: x"}, []string{"ward", "ward (2)", "a: x", "a: x (2)"}},
	} {
		if got := named(tt.head); !slices.Equal(got, tt.want) {
			t.Errorf("%q, want %q", got, tt.want)
		}
	}
}

// The caption of each chart says of which instant and replication it is, by
// which policy and key.
func TestCaptionsStandAlone(t *testing.T) {
	s := day()
	s.Explanation.Replication, s.Explanation.Units, s.Explanation.Enforced, s.Explanation.LimitOn = 1, 9, true, "units"
	r, err := New(s)
	if err != nil {
		t.Fatal(err)
	}
	for title, want := range map[string]string{
		"Why the units are in use": "9 units at 4 h, the most in use with the key of 9, by iris-2022.3 in replication 1.",
		"Who holds them, and why":  "9 units at 4 h, the most in use with the key of 9, by iris-2022.3 in replication 1: of each cohort.",
	} {
		c, ok := r.picture(sectionOf(t, r, title)).(*plots.Bars)
		if !ok || c.Subtitle != want {
			t.Errorf("%s: %+v, want %q", title, c, want)
		}
	}
	s.Explanation.Units = 12
	if r, err = New(s); err != nil {
		t.Fatal(err)
	}
	if got, want := sectionOf(t, r, "Who holds them, and why").Text, "9 units at 4 h, the peak, by iris-2022.3 with the key of 12 units in replication 1: of each cohort."; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// On a page no line ends between a number and its percent sign.
func TestPercentStaysWithItsNumber(t *testing.T) {
	page, markdown := written(t, day())
	if bytes.Contains(page, []byte("95 % confidence")) || !bytes.Contains(page, []byte("95\u00a0% confidence")) {
		t.Error("a number and its percent sign can be parted on the page")
	}
	if !bytes.Contains(markdown, []byte("95 % confidence")) {
		t.Error("Markdown has another space")
	}
}
