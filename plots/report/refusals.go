package report

import (
	"time"

	"highwater/engine"
	"highwater/sim/result"
)

// addRefused counts what was refused, on average in a run: in three ways, by
// hour and by cohort.
func (r *Report) addRefused(s *result.Simulation, c clock) {
	counts := &table{Head: []string{"policy", "attempts refused", "episodes", "minutes with a refusal"}}
	cohorts := &table{Head: []string{"policy", "cohort", "sessions wanted", "attempts refused", "sessions lost"}}
	n := float64(max(s.Replications, 1))
	for i := range s.Policies {
		p := &s.Policies[i]
		if !p.Enforced {
			continue
		}
		f := &p.Refusals
		row, attempts := []string{policy(&p.Counted), decimal(float64(f.Attempts) / n), decimal(float64(f.Episodes) / n), decimal(float64(f.Minutes) / n)}, int64(0)
		for _, k := range p.Cohorts {
			attempts += k.Refused
			if k.Refused > 0 || k.Lost > 0 {
				cohorts.Rows = append(cohorts.Rows, []string{policy(&p.Counted), line(k.Name), decimal(float64(k.Sessions) / n), decimal(float64(k.Refused) / n), decimal(float64(k.Lost) / n)})
			}
		}
		if attempts > f.Attempts { // a result from before there were such counts
			row = []string{row[0], decimal(float64(attempts) / n), none, none}
		}
		counts.Rows = append(counts.Rows, row)
	}
	if cohorts.Rows == nil {
		r.add(section{Title: "Refusals", Text: "Nobody is refused in any run."})
		return
	}
	r.add(section{Title: "Refusals in three counts", Text: "Means of a run. An attempt is each connection or login refused, retries included. " +
		"In an episode each refused attempt comes less than a minute after the one before. The last counts the minutes of the clock in which anybody is refused.", Table: counts})
	for i := range s.Policies {
		r.addRefusedHours(&s.Policies[i], n, c)
	}
	r.add(section{Title: "Who is refused", Text: "Means of a run. A session is lost when somebody gives up.", Table: cohorts})
}

// addRefusedHours shows at which hours of the week attempts are refused.
func (r *Report) addRefusedHours(p *result.PolicyRun, n float64, c clock) {
	if len(p.Refusals.ByHour) == 0 || c.start.IsZero() {
		return
	}
	var m week
	for at := engine.Time(0); at < c.end; at += engine.Hour {
		m.cover(c.wall(at))
	}
	m.cover(c.wall(c.end - 1))
	for _, h := range p.Refusals.ByHour {
		day, hour := h.Hour/24%7, h.Hour%24
		m.values[day][hour] = float64(h.Attempts) / n
		m.hours[day][hour] = 1
	}
	t := m.table(decimal)
	t.Alarm = true
	r.add(section{Title: "Refused attempts by hour and weekday: " + policy(&p.Counted), Text: "Means of a run over all replications.", Table: t})
}

// wall is an instant on the wall clock.
func (c clock) wall(at engine.Time) time.Time { return c.start.Add(secondsOf(at)) }
