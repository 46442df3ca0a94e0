package scenario

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"highwater/engine"
)

// told is an error as a message shows it: "" without one, "kind" when the
// text is not of its kind.
func told(err error) string {
	var m *mistake
	switch {
	case err == nil:
		return ""
	case !errors.As(err, &m):
		return "not a mistake: " + err.Error()
	case m.must == "":
		return "kind"
	}
	return strings.TrimSpace(m.arg + " " + m.must)
}

func TestParseDuration(t *testing.T) {
	tests := []struct {
		text string
		want engine.Time
		told string
	}{
		{"90s", 90 * engine.Second, ""},
		{"1h30m", 90 * engine.Minute, ""},
		{"1h30min", 90 * engine.Minute, ""},
		{"1w2d3h4m5s6ms7us", 9*engine.Day + 3*engine.Hour + 4*engine.Minute + 5*engine.Second + 6*engine.Millisecond + 7, ""},
		{"250ms", 250 * engine.Millisecond, ""},
		{"0.5us", 1, ""},
		{"0.1s", 100 * engine.Millisecond, ""},
		{"1.5h", 90 * engine.Minute, ""},
		{"0", 0, ""},
		{"0.0", 0, ""},
		{"0s", 0, ""},
		{"3660d", longest, ""},
		{"3661d", 0, "must be at most 10 years"},
		{strings.Repeat("9", 400) + "d", 0, "must be at most 10 years"},
		{"10", 0, "must have a unit"},
		{"1.5", 0, "must have a unit"},
		{"-5s", 0, "must not be negative"},
		{"30m1h", 0, "must name each unit once, the longest first"},
		{"1m1m", 0, "must name each unit once, the longest first"},
		{"", 0, "kind"},
		{"5 m", 0, "kind"},
		{"5M", 0, "kind"},
		{"1e3s", 0, "kind"},
		{".5s", 0, "kind"},
		{"+5s", 0, "kind"},
		{"5y", 0, "kind"},
		{"5s ", 0, "kind"},
		{"NaN", 0, "kind"},
		{"infs", 0, "kind"},
	}
	for _, tt := range tests {
		got, err := parseDuration(tt.text)
		if got != tt.want || told(err) != tt.told {
			t.Errorf("parseDuration(%.20q) = %d, %q; want %d, %q", tt.text, got, told(err), tt.want, tt.told)
		}
	}
}

// A duration in other words is answered with ours.
func TestDurationHint(t *testing.T) {
	for text, want := range map[string]string{
		"5 minutes": "write 5m", "1 hour 30 mins": "write 1h30m", "2 Days": "write 2d", "1 hour, 5 sec": "write 1h5s",
		"soon": "", "5 parsecs": "", "minutes": "",
	} {
		_, err := parseDuration(text)
		var m *mistake
		if !errors.As(err, &m) || m.hint != want {
			t.Errorf("parseDuration(%q): %+v, want the hint %q", text, err, want)
		}
	}
}

func TestParseRate(t *testing.T) {
	tests := []struct {
		text string
		want rate
		told string
	}{
		{"2/min", rate{2.0 / 60, false}, ""},
		{"0.5/s", rate{0.5, false}, ""},
		{"90/h", rate{0.025, false}, ""},
		{"86400/day", rate{1, false}, ""},
		{"604800/week", rate{1, false}, ""},
		{"1/30m", rate{1.0 / 1800, false}, ""},
		{"1/30min", rate{1.0 / 1800, false}, ""},
		{"3/1.5s each", rate{2, true}, ""},
		{"0", rate{}, ""},
		{"0/h", rate{}, ""},
		{"2", rate{}, "must have a unit"},
		{"1000001/s", rate{}, "must be at most 1000000/s"},
		{strings.Repeat("9", 400) + "/s", rate{}, "must be at most 1000000/s"},
		{"2/0s", rate{}, "kind"},
		{"2/", rate{}, "kind"},
		{"-2/s", rate{}, "kind"},
		{"2 / s", rate{}, "kind"},
		{"2/fortnight", rate{}, "kind"},
		{"2/min  each", rate{}, "kind"},
		{"2 per minute", rate{}, "kind"},
	}
	for _, tt := range tests {
		got, err := parseRate(tt.text)
		if told(err) != tt.told || err == nil && got != tt.want {
			t.Errorf("parseRate(%.20q) = %v, %q; want %v, %q", tt.text, got, told(err), tt.want, tt.told)
		}
	}
}

func TestParseShare(t *testing.T) {
	tests := []struct {
		text string
		want float64
		told string
	}{
		{"30%", 0.3, ""}, {"0.3", 0.3, ""}, {"0", 0, ""}, {"1", 1, ""}, {"100%", 1, ""}, {"0.5%", 0.005, ""},
		{"100.1%", 0, "kind"}, {"1.1", 0, "kind"}, {"-1%", 0, "kind"}, {"30 %", 0, "kind"}, {"", 0, "kind"}, {"%", 0, "kind"},
		{"NaN", 0, "kind"}, {"Inf%", 0, "kind"},
	}
	for _, tt := range tests {
		got, err := parseShare(tt.text)
		if got != tt.want || told(err) != tt.told {
			t.Errorf("parseShare(%q) = %v, %q; want %v, %q", tt.text, got, told(err), tt.want, tt.told)
		}
	}
}

func TestParseMoment(t *testing.T) {
	const eight = 8 * engine.Hour
	tests := []struct {
		text string
		want Moment
		told string
	}{
		{"08:00", Moment{eight, everyDay}, ""},
		{"8:00", Moment{eight, everyDay}, ""},
		{"08:00:30", Moment{eight + 30*engine.Second, everyDay}, ""},
		{"23:59:59", Moment{engine.Day - engine.Second, everyDay}, ""},
		{"mon 08:00", Moment{eight, 0x02}, ""},
		{"monday 08:00", Moment{eight, 0x02}, ""},
		{"mon,wed 08:00", Moment{eight, 0x0a}, ""},
		{"mon, wed fri 08:00", Moment{eight, 0x2a}, ""},
		{"mon-fri 08:00", Moment{eight, 0x3e}, ""},
		{"fri-mon 08:00", Moment{eight, 0x63}, ""},
		{"weekdays 08:00", Moment{eight, 0x3e}, ""},
		{"weekend 08:00", Moment{eight, 0x41}, ""},
		{"weekend wed 08:00", Moment{eight, 0x49}, ""},
		{"+90m", Moment{90 * engine.Minute, 0}, ""},
		{"+0s", Moment{}, ""},
		{"24:00", Moment{}, "must be from 00:00 to 23:59:59"},
		{"08:60", Moment{}, "must be from 00:00 to 23:59:59"},
		{"08", Moment{}, "kind"},
		{" 08:00", Moment{}, "kind"},
		{"funday 08:00", Moment{}, "kind"},
		{"mon- 08:00", Moment{}, "kind"},
		{"-mon 08:00", Moment{}, "kind"},
		{"+5", Moment{}, "kind"},
		{"+-5s", Moment{}, "kind"},
		{"8 am", Moment{}, "kind"},
	}
	for _, tt := range tests {
		got, err := parseMoment(tt.text)
		if told(err) != tt.told || err == nil && got != tt.want {
			t.Errorf("parseMoment(%q) = %v, %q; want %v, %q", tt.text, got, told(err), tt.want, tt.told)
		}
	}
}

func TestParseDist(t *testing.T) {
	tests := []struct {
		text     string
		duration bool
		want     Dist
		told     string
	}{
		{"10m", true, Dist{Law: Constant, Mean: 600}, ""},
		{"0", true, Dist{Law: Constant}, ""},
		{"forever", true, Dist{Law: Forever}, ""},
		{"exp(40s)", true, Dist{Law: Exponential, Mean: 40}, ""},
		{"exp(mean 40s)", true, Dist{Law: Exponential, Mean: 40}, ""},
		{"lognormal(mean 4h, cv 0.5)", true, Dist{Law: Lognormal, Mean: 14400, CV: 0.5}, ""},
		{"lognormal(cv 0.5, mean 4h)", true, Dist{Law: Lognormal, Mean: 14400, CV: 0.5}, ""},
		{"lognormal(mean 4h cv 0.5)", true, Dist{Law: Lognormal, Mean: 14400, CV: 0.5}, ""},
		{"uniform(5m, 10m)", true, Dist{Law: Uniform, Min: 300, Max: 600}, ""},
		{"uniform(0s 10m)", true, Dist{Law: Uniform, Max: 600}, ""},
		{"gamma(mean 5m, cv 0.7)", true, Dist{Law: Gamma, Mean: 300, CV: 0.7}, ""},
		{"weibull(mean 5m, shape 1.5)", true, Dist{Law: Weibull, Mean: 300, Shape: 1.5}, ""},
		{"hyperexp(mean 10m, cv 2)", true, Dist{Law: Hyperexponential, Mean: 600, CV: 2}, ""},
		{"empirical(n.txt, min)", true, Dist{Law: Empirical, Values: []float64{60, 120, 180}}, ""},
		{"empirical(n.txt s)", true, Dist{Law: Empirical, Values: []float64{1, 2, 3}}, ""},
		{"sample(1m, 5s 0s)", true, Dist{Law: Empirical, Values: []float64{0, 5, 60}}, ""},
		{"sample(2 1 1)", false, Dist{Law: Empirical, Values: []float64{1, 1, 2}}, ""},
		{"3", false, Dist{Law: Constant, Mean: 3}, ""},
		{"geometric(mean 3)", false, Dist{Law: Geometric, Mean: 3}, ""},
		{"geometric(1.5)", false, Dist{Law: Geometric, Mean: 1.5}, ""},
		{"uniform(1, 5)", false, Dist{Law: Uniform, Min: 1, Max: 5}, ""},
		{"empirical(n.txt)", false, Dist{Law: Empirical, Values: []float64{1, 2, 3}}, ""},

		{"", true, Dist{}, "kind"},
		{"exp", true, Dist{}, "kind"},
		{"exp (40s)", true, Dist{}, "kind"},
		{"exp()", true, Dist{}, "must be written as exp(40s)"},
		{"exp(40s, 3)", true, Dist{}, "must be written as exp(40s)"},
		{"exp(1s 2s 3s)", true, Dist{}, "must be written as exp(40s)"},
		{"exp(40)", true, Dist{}, "mean must have a unit"},
		{"exp(0s)", true, Dist{}, "mean must be > 0"},
		{"exp(-1s)", true, Dist{}, "mean must not be negative"},
		{"lognormal(4h, 0.5)", true, Dist{}, "must be written as lognormal(mean 4h, cv 0.5)"},
		{"lognormal(mean 4h, cv 0)", true, Dist{}, "cv must be > 0 and at most 100"},
		{"lognormal(mean 4h, cv nan)", true, Dist{}, "cv must be a number"},
		{"lognormal(mean 4h, cv 1e9)", true, Dist{}, "cv must be a number"},
		{"hyperexp(mean 4h, cv 1)", true, Dist{}, "cv must be > 1 and at most 100"},
		{"weibull(mean 4h, shape 0.01)", true, Dist{}, "shape must be from 0.1 to 100"},
		{"uniform(2s, 1s)", true, Dist{}, "min must be <= max"},
		{"geometric(mean 3)", true, Dist{}, "must be a distribution (exp, lognormal, uniform, gamma, weibull, hyperexp, sample, empirical)"},
		{"exp(3)", false, Dist{}, "must be a distribution (uniform, geometric, sample, empirical)"},
		{"geometric(mean 0.9)", false, Dist{}, "mean must be from 1 to 1000000"},
		{"uniform(0, 5)", false, Dist{}, "min must be >= 1"},
		{"uniform(1.5, 5)", false, Dist{}, "min must be a whole number >= 1"},
		{"0", false, Dist{}, "must be >= 1"},
		{"1.5", false, Dist{}, "kind"},
		{"1000001", false, Dist{}, "must be at most 1000000"},
		{"forever", false, Dist{}, "kind"},
		{"empirical()", false, Dist{}, "must name a file"},
		{"empirical(none.txt)", false, Dist{}, "must name a file that can be read (no such file)"},
		{"empirical(n.txt)", true, Dist{}, "must be written as empirical(stays.txt, min): a file and the unit of its numbers"},
	}
	for _, tt := range tests {
		p := &parser{files: map[string]*sample{}, read: func(path string) ([]byte, error) {
			if path != "n.txt" {
				return nil, errors.New("no such file")
			}
			return []byte("3\r\n# two\n2\n\n1"), nil
		}}
		got, err := parseDist(p, tt.text, tt.duration)
		tt.want.Text = tt.text
		if told(err) != tt.told {
			t.Errorf("parseDist(%q, %v): %q, want %q", tt.text, tt.duration, told(err), tt.told)
		} else if diff := cmp.Diff(tt.want, got); err == nil && diff != "" {
			t.Errorf("parseDist(%q, %v) (-want +got):\n%s", tt.text, tt.duration, diff)
		}
	}
}

// Files of numbers that cannot be used, and how it is told.
func TestSample(t *testing.T) {
	tests := []struct{ data, told string }{
		{"1\nx\n", `must name a file of numbers; f:2 must be a number from 0 to 10 years, not "x"`},
		{"-1\n", `must name a file of numbers; f:1 must be a number from 0 to 10 years, not "-1"`},
		{"NaN\n", `must name a file of numbers; f:1 must be a number from 0 to 10 years, not "NaN"`},
		{"1e300\n", `must name a file of numbers; f:1 must be a number from 0 to 10 years, not "1e300"`},
		{"", "must name a file with numbers, one a line"},
		{strings.Repeat("1\n", mostValues+1), "must name a file of at most 1000000 numbers"},
		{strings.Repeat("\n", MaxSample+1), "must name a file of at most 64 MiB"},
	}
	for _, tt := range tests {
		p := &parser{read: func(string) ([]byte, error) { return []byte(tt.data), nil }}
		if got := told(p.sample("f", engine.Second, true).err); got != tt.told {
			t.Errorf("sample(%.10q): %q, want %q", tt.data, got, tt.told)
		}
	}
	if got := told(new(parser).sample("f", engine.Second, true).err); got != "must not name a file here: no file can be read" {
		t.Errorf("sample without files: %q", got)
	}
}

// Every example of the help is read, and its editor pattern takes it.
func TestQuantityExamples(t *testing.T) {
	p := &parser{files: map[string]*sample{}, read: func(string) ([]byte, error) { return []byte("1"), nil }}
	read := map[string]func(string) error{
		"duration": func(s string) error { _, err := parseDuration(s); return err },
		"length":   func(s string) error { _, err := parseDist(p, s, true); return err },
		"count":    func(s string) error { _, err := parseDist(p, s, false); return err },
		"rate":     func(s string) error { _, err := parseRate(s); return err },
		"share":    func(s string) error { _, err := parseShare(s); return err },
		"clock":    func(s string) error { _, _, err := parseWeekly(s); return err },
		"moment":   func(s string) error { _, err := parseMoment(s); return err },
	}
	for _, q := range quantities {
		var patterns []string
		for _, s := range append(q.schema.AnyOf, q.schema) {
			if s.Pattern != "" {
				patterns = append(patterns, s.Pattern)
			}
		}
		editor := regexp.MustCompile(strings.Join(patterns, "|"))
		for _, example := range q.examples {
			if err := read[q.name](example); err != nil {
				t.Errorf("%s %q: %q", q.name, example, told(err))
			}
			if number.MatchString(example) {
				continue // a number to an editor
			}
			if !editor.MatchString(example) {
				t.Errorf("%s %q does not match %s", q.name, example, editor)
			}
		}
	}
}

// A curve begins at 0 with what comes round from its end.
func TestCurve(t *testing.T) {
	const h = engine.Hour
	tests := []struct {
		arrivals string
		want     []Rate
		mean     float64
	}{
		{"{poisson: 3600/h}", []Rate{{0, 1}}, 1},
		{"{poisson: {00:00: 1/s, 12:00: 3/s}}", []Rate{{0, 1}, {12 * h, 3}}, 2},
		{"{poisson: {12:00: 3/s, 06:00: 1/s}}", []Rate{{0, 3}, {6 * h, 1}, {12 * h, 3}}, 2.5},
		{"{poisson: {06:00: 1/s, 18:00: 3/s}, linear: true}", []Rate{{0, 2}, {6 * h, 1}, {18 * h, 3}}, 2},
		{"{poisson: {06:00: 5/s}, linear: true}", []Rate{{0, 5}, {6 * h, 5}}, 5},
		{"{poisson: {mon 00:00: 7/s, tue 00:00: 0}}", []Rate{{0, 7}, {24 * h, 0}}, 1},
		{"{poisson: {sun 00:00: 7/s, mon 12:00: 0}}", []Rate{{0, 7}, {12 * h, 0}, {144 * h, 7}}, 1.5},
	}
	for _, tt := range tests {
		const file = "name: x\nduration: 1h\nlicense: {units: 1}\ncohorts: [{name: x, kind: callers, arrivals: %s}]"
		s, err := Parse("x", fmt.Appendf(nil, file, tt.arrivals), nil)
		if err != nil {
			t.Error(err)
			continue
		}
		a := &s.Cohorts[0].Arrivals
		if diff := cmp.Diff(tt.want, a.Rates); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.arrivals, diff)
		}
		if got := a.perSecond(); got != tt.mean {
			t.Errorf("%s: mean rate %v, want %v", tt.arrivals, got, tt.mean)
		}
	}
}

func TestParseLength(t *testing.T) {
	for text, want := range map[string]Dist{
		"200ms":   {Law: Constant, Mean: 0.2, Text: "200ms"},
		"exp(2s)": {Law: Exponential, Mean: 2, Text: "exp(2s)"},
		"forever": {Law: Forever, Text: "forever"},
	} {
		got, err := ParseLength(text)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("ParseLength(%q): %v (-want +got)\n%s", text, err, diff)
		}
	}
	for _, text := range []string{"", "2", "-2s", "exp()", "empirical(a.txt, s)", "exp(0s)"} {
		if d, err := ParseLength(text); err == nil {
			t.Errorf("ParseLength(%q) = %v, want an error", text, d)
		}
	}
}
