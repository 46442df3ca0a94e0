package report

import (
	"slices"
	"strings"
	"time"

	"highwater/engine"
)

// addRefused counts what was refused, on average in a run: in three ways, by
// hour and by cohort.
func (r *Report) addRefused(k *courses) {
	if slices.ContainsFunc(k.list, func(c course) bool { return c.refusals == nil }) {
		return
	}
	counts := &table{Head: []string{k.what, "attempts refused", "episodes", "minutes with a refusal"}}
	cohorts := &table{Head: []string{k.what, "cohort", "sessions wanted", "attempts refused", "sessions lost"}}
	n := float64(k.runs)
	total := int64(0)
	for i := range k.list {
		one := &k.list[i]
		f := one.refusals
		if !one.counted.Enforced && (k.of > 0 || f.Attempts == 0) {
			continue
		}
		row, attempts := []string{one.name, decimal(float64(f.Attempts) / n), decimal(float64(f.Episodes) / n), decimal(float64(f.Minutes) / n)}, int64(0)
		for _, c := range one.cohorts {
			attempts += c.Refused
			if c.Refused > 0 || c.Lost > 0 {
				cohorts.Rows = append(cohorts.Rows, []string{one.name, line(c.Name), decimal(float64(c.Sessions) / n), decimal(float64(c.Refused) / n), decimal(float64(c.Lost) / n)})
			}
		}
		total += max(attempts, f.Attempts)
		if attempts > f.Attempts { // a result from before there were such counts
			row = []string{row[0], decimal(float64(attempts) / n), none, none}
		}
		counts.Rows = append(counts.Rows, row)
	}
	if total == 0 && cohorts.Rows == nil {
		r.add(section{Title: "Refusals", Text: "Nobody is refused" + k.inRuns() + "."})
		return
	}
	r.add(section{Title: "Refusals in three counts", Text: k.means() + "An attempt is each connection or login refused, retries included. " +
		"In an episode each refused attempt comes less than a minute after the one before. The last counts the minutes of the clock in which anybody is refused.", Table: counts})
	for i := range k.list {
		if k.window == 0 {
			r.addRefusedHours(k, &k.list[i])
		}
	}
	if cohorts.Rows != nil {
		r.add(section{Title: "Who is refused", Text: k.means() + "A session is lost when somebody gives up.", Table: cohorts})
	}
}

// inRuns says in which runs refusals are counted.
func (k *courses) inRuns() string {
	switch {
	case k.of == 0:
		return ""
	case k.runs == 1 && k.of > 1:
		return " in replication 1 with the present key"
	}
	return " in any run"
}

// means says what the counts of refusals are.
func (k *courses) means() string {
	switch {
	case k.of == 0:
		return ""
	case k.runs == 1 && k.of > 1:
		return "Replication 1, with the present key. "
	}
	return "Means of a run. "
}

// addRefusedHours shows at which hours of the week attempts are refused.
func (r *Report) addRefusedHours(k *courses, one *course) {
	if len(one.refusals.ByHour) == 0 || k.clock.start.IsZero() {
		return
	}
	m := k.refusedWeek(one)
	t := m.table(decimal)
	t.Alarm = true
	r.add(section{Title: "Refused attempts by hour and weekday: " + one.name, Text: strings.TrimSpace(k.means()), Table: t})
}

// refusedWeek has the attempts that were refused in each hour.
func (k *courses) refusedWeek(one *course) (m week) {
	c := k.clock
	for at := engine.Time(0); at < c.end; at += engine.Hour {
		m.cover(c.wall(at))
	}
	m.cover(c.wall(c.end - 1))
	for _, h := range one.refusals.ByHour {
		day, hour := h.Hour.Cell()
		m.values[day][hour] = float64(h.Attempts) / float64(k.runs)
		m.hours[day][hour] = 1
	}
	return m
}

// wall is an instant on the wall clock.
func (c clock) wall(at engine.Time) time.Time { return c.start.Add(secondsOf(at)) }
