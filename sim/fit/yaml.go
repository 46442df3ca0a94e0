package fit

import (
	"bytes"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"highwater/engine"
	"highwater/scenario"
	"highwater/sim/result/words"
)

// A License is what the scenario says of the license.
type License struct {
	Units  int // 0 is unlimited
	Policy engine.Policy
}

// YAML writes the model as a scenario of that name.
func (m *Model) YAML(name string, l License) []byte {
	w := &writer{}
	w.comment("Fitted to %s: %s in %s, from %s to %s.", name, words.Plural(m.Events, "event"), durationText(m.Duration),
		m.Start.Format(time.RFC3339), m.Start.Add(time.Duration(m.Duration)*time.Microsecond).Format(time.RFC3339))
	for _, n := range m.Notes {
		w.comment("Note: %s.", n)
	}
	w.line("name: %s", quoted("like "+name))
	w.line("start: %s", m.Start.Format(time.RFC3339Nano))
	w.line("duration: %s", durationText(m.Duration))
	units := "unlimited"
	if l.Units > 0 {
		units = strconv.Itoa(l.Units)
	}
	w.line("license: {units: %s, policy: %s}", units, policyText(&l.Policy))
	w.line("cohorts:")
	for i := range m.Cohorts {
		w.cohort(&m.Cohorts[i])
	}
	return w.b.Bytes()
}

type writer struct{ b bytes.Buffer }

func (w *writer) line(format string, args ...any) { fmt.Fprintf(&w.b, format+"\n", args...) }

func (w *writer) comment(format string, args ...any) {
	w.line("# %s", oneLine(fmt.Sprintf(format, args...)))
}

func (w *writer) cohort(c *Cohort) {
	w.line("  # %s of %s, %.1f %% of them of one page or call.", words.Plural(c.Visits, "visit"), words.Plural(c.Callers, "caller"), 100*c.OnePage)
	w.line("  - name: %s", c.Name)
	w.line("    kind: %s", c.Kind)
	if c.Via == engine.SOAP {
		w.line("    via: soap")
	}
	if c.Members > 0 {
		w.line("    count: %d # who, each as likely to come as the others, make as many repeat visits", c.Members)
	}
	if c.Crowded {
		w.line("    # Each visit is of somebody new: of so few callers, who come again so soon, two visits never meet.")
	}
	if c.Address != "" {
		w.line("    address: %s", quoted(c.Address))
	}
	if c.Named {
		w.line("    user: own")
	}
	w.line("    arrivals:")
	w.rates(c.curve)
	if len(c.Bursts) > 0 {
		w.line("      bursts:%s", burstNote(c))
		for _, b := range c.Bursts {
			if b.Index > 0 {
				w.line("        - {index: %s, every: %s} # groups", digits(b.Index, 3), durationText(b.Every))
			} else {
				w.line("        - {cv: %s, every: %s} # what all have in common", digits(b.CV, 3), durationText(b.Every))
			}
		}
	}
	w.session(c)
}

// burstNote says what the bursts are made of.
func burstNote(c *Cohort) string {
	var parts []string
	for _, d := range c.Dispersion {
		if d.Window == 10*engine.Second || d.Window == 600*engine.Second {
			parts = append(parts, fmt.Sprintf("%s in %.0f s", digits(d.Log, 3), d.Window.Seconds()))
		}
	}
	if parts == nil {
		return ""
	}
	return " # index of dispersion of the visits: " + strings.Join(parts, ", ")
}

func (w *writer) session(c *Cohort) {
	calls, browsers := c.Pages > 1, c.Kind == scenario.Browsers.String()
	if !calls && !browsers && c.takes.sum == 0 && !c.Sessionful {
		return // a call that takes no time
	}
	w.line("    session:")
	if calls {
		name := "calls"
		if browsers {
			name = "pages"
		}
		w.line("      %s: %s", name, countSample(&c.pages))
		w.line("      think: %s", timeSample(&c.gaps))
	}
	if !browsers && c.takes.sum > 0 {
		w.line("      takes: %s", timeSample(&c.takes))
	}
	if c.Sessionful {
		w.line("      use_session: true")
	}
	if browsers || c.Sessionful {
		if c.Logouts > 0 {
			w.line("      logout: %s%%", digits(100*c.Logouts, 3))
		}
		w.line("      timeout: %s", durationText(max(c.Timeout, engine.Second)))
	}
}

// rates writes a curve, each rate where it begins.
func (w *writer) rates(c *curve) {
	cycle := c.rates[:c.hours*minutes]
	if c.hours == 1 && c.shape {
		cycle = c.rates[:hoursInDay*minutes]
	}
	var points []string
	last := ""
	for m, r := range cycle {
		text := rateText(r)
		if text == last {
			continue
		}
		last = text
		clock := fmt.Sprintf("%02d:%02d", m/minutes%hoursInDay, m%minutes)
		if c.hours == hoursInWeek {
			clock = [...]string{"mon ", "tue ", "wed ", "thu ", "fri ", "sat ", "sun "}[m/minutes/hoursInDay] + clock
		}
		points = append(points, clock+": "+text)
	}
	if len(points) == 1 {
		w.line("      poisson: %s", last)
		return
	}
	w.line("      poisson:")
	for _, p := range points {
		w.line("        %s", p)
	}
}

// rateText writes a rate in the unit in which it is a handy number.
func rateText(perSecond float64) string {
	if perSecond == 0 {
		return "0"
	}
	for _, u := range []struct {
		name    string
		seconds float64
	}{{"s", 1}, {"min", 60}, {"h", 3600}} {
		if perSecond*u.seconds >= 1 {
			return digits(perSecond*u.seconds, 4) + "/" + u.name
		}
	}
	return digits(perSecond*86400, 4) + "/day"
}

// digits writes a number with so many digits that count, without an exponent.
func digits(x float64, n int) string {
	if x == 0 {
		return "0"
	}
	places := max(0, n-1-int(math.Floor(math.Log10(math.Abs(x)))))
	s := strconv.FormatFloat(rounded(x, n), 'f', places, 64)
	if strings.Contains(s, ".") {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	return s
}

// How many values stand for a distribution.
const (
	countParts = 100
	timeParts  = 50
)

// countSample writes counts as a distribution with their mean. What rounding
// adds to one takes from the next.
func countSample(h *histogram) string {
	var words []string
	carry := 0.0
	for _, mean := range h.parts(countParts) {
		n := max(1, math.Round(mean+carry))
		carry += mean - n
		words = append(words, strconv.Itoa(int(n)))
	}
	return sample(words)
}

// timeSample writes times as a distribution.
func timeSample(h *histogram) string {
	var words []string
	for _, mean := range h.parts(timeParts) {
		words = append(words, timeText(mean/1e6))
	}
	return sample(words)
}

func sample(words []string) string {
	for _, word := range words {
		if word != words[0] {
			return "sample(" + strings.Join(words, " ") + ")"
		}
	}
	return words[0]
}

// timeText writes seconds with three digits that count.
func timeText(s float64) string {
	switch {
	case s < 0.5e-6:
		return "0s"
	case s < 0.001:
		return strconv.Itoa(int(math.Round(s*1e6))) + "us"
	case s < 1:
		return digits(s*1000, 3) + "ms"
	}
	return digits(s, 3) + "s"
}

// durationText writes a time in whole units, to the microsecond.
func durationText(t engine.Time) string {
	s := ""
	for _, u := range []struct {
		name string
		time engine.Time
	}{{"d", engine.Day}, {"h", engine.Hour}, {"m", engine.Minute}, {"s", engine.Second}, {"ms", engine.Millisecond}, {"us", engine.Microsecond}} {
		if t >= u.time {
			s += strconv.FormatInt(int64(t/u.time), 10) + u.name
			t %= u.time
		}
	}
	if s == "" {
		return "0s"
	}
	return s
}

// policyText writes a policy: its name, or what it started as and what was
// changed.
func policyText(p *engine.Policy) string {
	if len(p.Changed) == 0 {
		return p.Base
	}
	s := "{base: " + p.Base
	for _, o := range p.Changed {
		s += ", " + o.Name + ": " + quoted(o.Value)
	}
	return s + "}"
}

func quoted(s string) string { return strconv.Quote(oneLine(s)) }

// oneLine makes a name fit for a line of a file.
func oneLine(s string) string {
	const longest = 150
	s = strings.TrimSpace(strings.Map(func(r rune) rune {
		if !strconv.IsPrint(r) {
			return '·'
		}
		return r
	}, s))
	if r := []rune(s); len(r) > longest {
		s = string(r[:longest-1]) + "…"
	}
	return s
}
