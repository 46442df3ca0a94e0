package scenario

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"highwater/engine"
)

// A law is a row of the table of distributions.
type law struct {
	name     string
	law      Law
	args     []string // in order
	named    bool     // whether each must be named, as in lognormal(mean 4h, cv 0.5)
	duration string   // an example of a duration; "" when durations do not have it
	count    string   // an example of a count
	doc      string
}

var laws = []law{
	{"exp", Exponential, []string{"mean"}, false, "exp(40s)", "", "exponential, by its mean"},
	{"lognormal", Lognormal, []string{"mean", "cv"}, true, "lognormal(mean 4h, cv 0.5)", "",
		"lognormal, by mean and coefficient of variation (standard deviation / mean)"},
	{"uniform", Uniform, []string{"min", "max"}, false, "uniform(5m, 10m)", "uniform(1, 5)",
		"as likely anywhere from the first to the second; of counts, both included"},
	{"gamma", Gamma, []string{"mean", "cv"}, true, "gamma(mean 5m, cv 0.7)", "", "gamma, by mean and coefficient of variation"},
	{"weibull", Weibull, []string{"mean", "shape"}, true, "weibull(mean 5m, shape 1.5)", "", "Weibull, by mean and shape"},
	{"hyperexp", Hyperexponential, []string{"mean", "cv"}, true, "hyperexp(mean 10m, cv 2)", "",
		"two exponential phases with balanced means, by mean and a coefficient of variation > 1"},
	{"geometric", Geometric, []string{"mean"}, false, "", "geometric(mean 3)", "1, 2, 3 and so on, by its mean"},
	{"sample", Empirical, nil, false, "sample(1s 5s 5s 2m)", "sample(1 1 2 5)", "as likely each of these"},
	{"empirical", Empirical, nil, false, "empirical(stays.txt, min)", "empirical(pages.txt)",
		"as likely each of the numbers in a file, one a line, up to 1,000,000 and 64 MiB; of durations with their unit"},
}

func lawNamed(name string, duration bool) *law {
	for i := range laws {
		l := &laws[i]
		if l.name == name && (duration && l.duration != "" || !duration && l.count != "") {
			return l
		}
	}
	return nil
}

// Expected is the expectation of d, infinite for Forever.
func (d Dist) Expected() float64 {
	switch d.Law {
	case Uniform:
		return (d.Min + d.Max) / 2
	case Empirical:
		total := 0.0
		for _, v := range d.Values {
			total += v
		}
		return total / float64(len(d.Values))
	case Forever:
		return math.Inf(1)
	}
	return d.Mean
}

// least is the smallest count that d may be.
func (d Dist) least() float64 {
	switch {
	case d.Law == Constant:
		return d.Mean
	case d.Law == Uniform:
		return d.Min
	case d.Law == Empirical && len(d.Values) > 0:
		return d.Values[0]
	}
	return 1
}

// Most is the largest count, or duration in seconds, that d may be, infinite
// when there is none.
func (d Dist) Most() float64 {
	switch {
	case d.Law == Constant || d.Law == Geometric && d.Mean <= 1:
		return d.Mean
	case d.Law == Uniform:
		return d.Max
	case d.Law == Empirical && len(d.Values) > 0:
		return d.Values[len(d.Values)-1]
	}
	return math.Inf(1)
}

// one is the count that is always 1.
var one = Dist{Law: Constant, Mean: 1, Text: "1"}

// Limits of distributions.
const (
	mostCV    = 100
	leastForm = 0.1 // shape of a Weibull distribution
	mostForm  = 100
	mostCount = 1_000_000
)

var callShape = regexp.MustCompile(`^([a-z]+)\((.*)\)$`)

// parseDist reads a constant or a distribution, of durations in seconds or of
// counts.
func parseDist(p *parser, s string, duration bool) (d Dist, err error) {
	if duration && s == "forever" {
		return Dist{Law: Forever, Text: s}, nil
	}
	m := callShape.FindStringSubmatch(s)
	if m == nil {
		v, err := amount(s, duration)
		return Dist{Law: Constant, Mean: v, Text: s}, err
	}
	l := lawNamed(m[1], duration)
	if l == nil {
		var names []string
		for _, l := range laws {
			if lawNamed(l.name, duration) != nil {
				names = append(names, l.name)
			}
		}
		return Dist{}, &mistake{must: "must be a distribution (" + strings.Join(names, ", ") + ")", hint: didYouMean(m[1], names)}
	}
	d = Dist{Law: l.law, Text: s}
	switch l.name {
	case "empirical":
		return p.empirical(d, m[2], duration)
	case "sample":
		d.Values, err = l.values(m[2], duration)
		return d, err
	}
	if err := l.arguments(&d, m[2], duration); err != nil {
		return Dist{}, err
	}
	return d, d.check(duration)
}

// amount reads one duration, in seconds, or one count.
func amount(s string, duration bool) (float64, error) {
	if duration {
		t, err := parseDuration(s)
		return t.Seconds(), err
	}
	n, err := parseWhole(s, 1, mostCount)
	return float64(n), err
}

// arguments reads what stands between the parentheses into d.
func (l *law) arguments(d *Dist, s string, duration bool) error {
	words := strings.FieldsFunc(s, separates)
	shape := must("be written as %s", l.example(duration))
	if len(words) != len(l.args) && len(words) != 2*len(l.args) {
		return shape
	}
	bare := len(words) == len(l.args)
	if bare && l.named {
		return shape
	}
	for i, arg := range l.args {
		word := words[i%len(words)]
		if !bare {
			j := slices.Index(words, arg)
			if j < 0 || j%2 != 0 {
				return shape
			}
			word = words[j+1]
		}
		v, err := l.argument(arg, word, duration)
		if err != nil {
			return err
		}
		switch arg {
		case "mean":
			d.Mean = v
		case "cv":
			d.CV = v
		case "shape":
			d.Shape = v
		case "min":
			d.Min = v
		case "max":
			d.Max = v
		}
	}
	return nil
}

// values reads the values of a sample, in any order.
func (l *law) values(s string, duration bool) ([]float64, error) {
	var list []float64
	for i, word := range strings.FieldsFunc(s, separates) {
		v, err := l.argument("value "+strconv.Itoa(i+1), word, duration)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	if list == nil {
		return nil, must("be written as %s", l.example(duration))
	}
	slices.Sort(list)
	return list, nil
}

// separates reports whether a character stands between arguments.
func separates(r rune) bool { return r == ' ' || r == ',' }

func (l *law) example(duration bool) string {
	if duration {
		return l.duration
	}
	return l.count
}

// argument reads one argument: a number for cv, shape and the mean of a
// count, else a duration or a count.
func (l *law) argument(arg, word string, duration bool) (float64, error) {
	if arg == "cv" || arg == "shape" || arg == "mean" && !duration {
		v, err := strconv.ParseFloat(word, 64)
		if err != nil || !number.MatchString(word) {
			return 0, &mistake{must: "must be a number", arg: arg}
		}
		return v, nil
	}
	v, err := amount(word, duration)
	if err == nil {
		return v, nil
	}
	m := mistake{must: "must be a whole number >= 1", arg: arg}
	if duration {
		m.must = "must be a duration such as 90s"
	}
	if told := (*mistake)(nil); errors.As(err, &told) && told.must != "" {
		m.must, m.hint = told.must, told.hint
	}
	return 0, &m
}

// check checks the domain of the parameters.
func (d *Dist) check(duration bool) error {
	wrong := func(arg, format string, args ...any) error {
		return &mistake{must: "must be " + fmt.Sprintf(format, args...), arg: arg}
	}
	switch {
	case d.Law == Uniform && d.Min > d.Max:
		return wrong("min", "<= max")
	case d.Law == Uniform:
		return nil
	case duration && d.Mean <= 0:
		return wrong("mean", "> 0")
	case d.Law == Geometric && (d.Mean < 1 || d.Mean > mostCount):
		return wrong("mean", "from 1 to %d", mostCount)
	case d.Law == Hyperexponential && (d.CV <= 1 || d.CV > mostCV):
		return wrong("cv", "> 1 and at most %d", mostCV)
	case (d.Law == Lognormal || d.Law == Gamma) && (d.CV <= 0 || d.CV > mostCV):
		return wrong("cv", "> 0 and at most %d", mostCV)
	case d.Law == Weibull && (d.Shape < leastForm || d.Shape > mostForm):
		return wrong("shape", "from %v to %v", leastForm, mostForm)
	}
	return nil
}

// A sample is what a file of numbers holds, or why it cannot be used.
type sample struct {
	values []float64
	err    error
}

// MaxSample is the size in bytes of the largest file of numbers that a scenario
// may name: a million of them, with room for comments. Who reads one more byte
// of a larger file need not read the rest.
const MaxSample = 64 << 20

// mostValues is how many numbers a file of them may have.
const mostValues = 1_000_000

// empirical reads the file that args name.
func (p *parser) empirical(d Dist, args string, duration bool) (Dist, error) {
	file, scale := strings.TrimSpace(args), engine.Second
	if duration {
		i := strings.LastIndexAny(file, ", ")
		u, ok := engine.Time(0), false
		if i >= 0 {
			u, ok = unit(file[i+1:])
		}
		if !ok {
			return d, must("be written as %s: a file and the unit of its numbers", lawNamed("empirical", true).duration)
		}
		file, scale = strings.TrimRight(file[:i], ", "), u
	}
	if file == "" {
		return d, must("name a file")
	}
	key := fmt.Sprintf("%v %d %s", duration, scale, file)
	s := p.files[key]
	if s == nil {
		s = p.sample(file, scale, duration)
		p.files[key] = s
	}
	d.Values = s.values
	return d, s.err
}

// sample reads a file of numbers: one a line; blank lines and lines that
// begin with # do not count.
func (p *parser) sample(file string, scale engine.Time, duration bool) *sample {
	if p.read == nil {
		return &sample{err: must("not name a file here: no file can be read")}
	}
	data, err := p.read(file)
	if err != nil {
		return &sample{err: must("name a file that can be read (%v)", err)}
	}
	if len(data) > MaxSample {
		return &sample{err: must("name a file of at most %d MiB", MaxSample>>20)}
	}
	s := new(sample)
	line := 0
	for text := range strings.Lines(string(data)) {
		line++
		text = strings.TrimSpace(text)
		if text == "" || text[0] == '#' {
			continue
		}
		v, err := numberIn(text, scale, duration)
		if err != nil {
			return &sample{err: &mistake{must: fmt.Sprintf("must name a file of numbers; %s:%d %v", file, line, err), full: true}}
		}
		if len(s.values) == mostValues {
			return &sample{err: must("name a file of at most %d numbers", mostValues)}
		}
		s.values = append(s.values, v)
	}
	if len(s.values) == 0 {
		return &sample{err: must("name a file with numbers, one a line")}
	}
	slices.Sort(s.values)
	return s
}

func numberIn(s string, scale engine.Time, duration bool) (float64, error) {
	if !duration {
		n, err := parseWhole(s, 1, mostCount)
		if err != nil {
			return 0, fmt.Errorf("must be a whole number from 1 to %d, not %s", mostCount, quote(s))
		}
		return float64(n), nil
	}
	v, err := strconv.ParseFloat(s, 64)
	v *= scale.Seconds()
	if err != nil || !(v >= 0 && v <= longest.Seconds()) {
		return 0, fmt.Errorf("must be a number from 0 to 10 years, not %s", quote(s))
	}
	return v, nil
}

// ParseLength reads a duration or a distribution of durations as a scenario
// has them, such as 200ms or exp(2s), but for those that name a file.
func ParseLength(s string) (Dist, error) {
	return parseDist(&parser{files: map[string]*sample{}}, s, true)
}
