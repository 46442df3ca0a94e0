package report

import (
	"fmt"
	"time"

	"highwater/engine"
	"highwater/sim/result"
	"highwater/sim/result/words"
)

func secondsOf(t engine.Time) time.Duration { return time.Duration(t) * time.Microsecond }

// sentPart is the part of the scenario that was sent: by the clock, where it
// has one.
func sentPart(s *result.Attack, c clock) string {
	if s.Start.IsZero() {
		return words.LongSpan(s.From) + " to " + words.LongSpan(s.To)
	}
	return c.at(s.From) + " to " + c.at(s.To)
}

func (r *Report) addAttack(s *result.Attack) {
	c := clock{s.Start, s.To}
	if r.open(s.Scenario, "attack", attackAnswer(s, c)) {
		r.fact("target", line(s.Target))
		pace := "at the scenario's own pace"
		if s.Clock != 1 {
			pace = fmt.Sprintf("%g times as fast as in the scenario", s.Clock)
		}
		r.fact("sent", fmt.Sprintf("replication %d, %g times the scenario's people, %s", s.Replication, s.Scale, pace))
		r.fact("of the scenario", sentPart(s, c))
		r.fact("seed", fmt.Sprint(s.Seed))
		if s.License != nil {
			r.counted(s.License)
		} else {
			r.notes = append(r.notes, "The policy, its readings and the key are not in this result.")
		}
		r.fact("SHA-256 of the schedule", s.Schedule)
		r.signed(s.Version, s.Fingerprint)
		r.footnote += ", seed " + fmt.Sprint(s.Seed) + ", schedule " + s.Schedule
		r.schedule = s.Schedule
	}
	for _, why := range s.Reasons {
		r.notes = append(r.notes, sentence(s.Verdict)+": "+line(why))
	}
	for _, n := range s.Notes {
		r.notes = append(r.notes, line(n))
	}
	x := s.Sent
	if x == nil {
		return
	}
	r.figures = append(r.figures, figure{Value: words.Number(x.First), Label: "requests sent, of " + words.Number(s.Plan.Requests) + " planned"},
		figure{Value: words.Number(x.Refused), Label: "refused", Alarm: x.Refused > 0}, figure{Value: words.Number(x.Failed), Label: "failed", Alarm: x.Failed > 0},
		figure{Value: milliseconds(x.Response.P99), Label: "response time, 99th percentile"})
	if x.TimedOut > 0 {
		r.figures = append(r.figures, figure{Value: words.Number(x.TimedOut), Label: "gave up waiting at a proxy", Alarm: true})
	}
	if s.Curves != nil {
		r.addCurves(s.Curves, c)
		r.addHeld(s.Curves, c)
	}
	if k := attackCourses(s); k != nil {
		r.addUse(k)
	}
	r.addLoad(s, c)
	r.addLatency(x)
	r.add(section{Title: "What was sent and what came back", Table: &table{Head: []string{"what", "count"}, Rows: [][]string{
		{"planned requests", words.Number(s.Plan.Requests)}, {"sent, each counted once", words.Number(x.First)},
		{"never sent, as their users gave up after a refusal or a wait", words.Number(x.Abandoned)}, {"not sent, as the attack ended before", words.Number(x.Unsent)},
		{"retries", words.Number(x.Retries)}, {"served", words.Number(x.Served)},
		{"refused", words.Number(x.Refused)}, {"failed", words.Number(x.Failed)}, {"cut off at the end", words.Number(x.Cut)},
		{"attempts that gave up at a proxy, and were not sent", words.Number(x.TimedOut)}, {"web sessions opened", words.Number(x.Sessions)},
	}}})
	for _, g := range []struct {
		title string
		list  []result.AttackGroup
	}{{"By cohort", x.Cohorts}, {"By way in", x.Vias}, {"By status", x.Statuses}} {
		r.addGroups(g.title, g.list)
	}
	t := &table{Head: []string{"cause", "attempts"}}
	for _, k := range x.Causes {
		t.Rows = append(t.Rows, []string{line(k.Cause), words.Number(k.N)})
	}
	if t.Rows != nil {
		r.add(section{Title: "Why attempts failed", Table: t})
	}
}

func attackAnswer(s *result.Attack, c clock) string {
	x := s.Sent
	if x == nil {
		return fmt.Sprintf("A plan of %s to %s; nothing was sent.", words.Plural(s.Plan.Requests, "request"), line(s.Target))
	}
	units := attackUnits(s)
	text := units + fmt.Sprintf("The target refused nobody of %s", words.Plural(x.First, "request"))
	if x.Refused > 0 {
		text = units + fmt.Sprintf("The target refused %s of %s", words.Number(x.Refused), words.Plural(x.First+x.Retries, "attempt"))
		if f := x.FirstRefusal; f != nil {
			text += fmt.Sprintf(", the first at %s of the scenario to %s (%d)", c.exact(f.At), line(f.Cohort), f.Status)
		}
	}
	switch s.Verdict {
	case result.Inconclusive:
		text += "; the run is inconclusive"
		if len(s.Reasons) > 0 {
			text += ": " + line(s.Reasons[0])
		}
	case result.Measured, result.Diverges:
		planned := words.Plural(s.Plan.Requests, "planned request")
		if x.First < s.Plan.Requests {
			text += fmt.Sprintf("; %s of %s were sent, and %s never, as their users gave up", words.Number(x.First), planned, words.Number(x.Abandoned))
		} else {
			text += "; all that was planned was sent"
		}
		if s.Verdict == result.Diverges && len(s.Reasons) > 0 {
			text += "; " + line(s.Reasons[0])
		}
	}
	return text + "."
}

// attackUnits says how many units were in use, "" when the result does not.
func attackUnits(s *result.Attack) string {
	k := s.Curves
	if k == nil || k.AsRun == nil {
		return ""
	}
	text := fmt.Sprintf("%s in use at the peak of the requests as run (the target reported no units)", was(k.AsRun.Peak.Units, "license unit"))
	if k.Reported != nil {
		text = fmt.Sprintf("The target reported %s at the peak, and the requests as run take %s", words.Plural(k.Reported.Peak.Units, "license unit"), words.Number(k.AsRun.Peak.Units))
	}
	limitOn := ""
	if s.License != nil {
		limitOn = s.License.LimitOn
	}
	if k.Units == 0 {
		return text + ", with an unlimited key. "
	}
	return text + ", with a key of " + key(k.Units, limitOn) + ". "
}

// milliseconds is a time with microseconds when it is short.
func milliseconds(t engine.Time) string {
	ms := float64(t) / float64(engine.Millisecond)
	switch {
	case t == 0:
		return "0 ms"
	case ms < 10:
		return fmt.Sprintf("%.3f ms", ms)
	case ms < 1000:
		return fmt.Sprintf("%.1f ms", ms)
	case t < 10*engine.Second:
		return words.Number(int64(ms+0.5)) + " ms"
	}
	return decimal(t.Seconds()) + " s"
}

func latencyRow(name string, l *result.Latency) []string {
	return []string{name, words.Number(l.N), milliseconds(l.Mean), milliseconds(l.P50), milliseconds(l.P90), milliseconds(l.P99), milliseconds(l.P999), milliseconds(l.Max)}
}

// addLatency lists the latencies by percentile.
func (r *Report) addLatency(x *result.AttackRun) {
	r.add(section{
		Title: "Latency by percentile", Chart: newPercentiles([]latencyLine{
			{"response", &x.Response}, {"service", &x.Service}, {"waiting for the user", &x.Queue}, {"lag of the sender", &x.Lag}}),
		Text: fmt.Sprintf("Response is from the planned instant to the answer of a request's first attempt that was sent, so that waiting counts, in vain or not. Requests that were never sent have none. Lag is that of the sender; its 99th percentile may be %s.",
			milliseconds(x.MaxLag)),
		Table: &table{Head: []string{"", "attempts", "mean", "50 %", "90 %", "99 %", "99.9 %", "longest"}, Rows: [][]string{
			latencyRow("response", &x.Response), latencyRow("service", &x.Service), latencyRow("waiting for the user", &x.Queue), latencyRow("lag of the sender", &x.Lag),
		}},
	})
}

func (r *Report) addGroups(title string, list []result.AttackGroup) {
	t := &table{Head: []string{"", "attempts", "refused", "failed", "service: 50 %", "99 %", "response: 50 %", "99 %"}}
	for i := range list {
		g := &list[i]
		t.Rows = append(t.Rows, []string{line(g.Name), words.Number(g.Requests), words.Number(g.Refused), words.Number(g.Failed), milliseconds(g.Service.P50), milliseconds(g.Service.P99),
			milliseconds(g.Response.P50), milliseconds(g.Response.P99)})
	}
	if t.Rows != nil {
		r.add(section{Title: title, Table: t})
	}
}
