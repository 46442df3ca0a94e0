package report

import (
	"fmt"
	"strings"

	"highwater/engine"
	"highwater/sim/result"
	"highwater/sim/result/words"
)

// addSimulation opens a report of a simulation.
func (r *Report) addSimulation(s *result.Simulation) {
	p := &s.Policies[0]
	c := clock{s.Start, s.Duration}
	if r.open(s.Scenario, "simulation", simulationAnswer(s, p, c)) {
		r.study(&s.Study)
		r.counted(&p.Counted)
		r.figures = append(r.figures, figure{Value: words.Number(p.Peaks.Median), Label: "units in use at the peak, median of the runs"},
			figure{Value: words.Number(needed(p).Median), Label: p.LimitOn + " needed, if nobody is refused"},
			figure{Value: percent(float64(p.Refusing.Count) / float64(max(p.Refusing.N, 1))), Label: "of the runs refuse somebody", Alarm: p.Refusing.Count > 0})
		if p.Units > 0 {
			r.figures = append(r.figures, figure{Value: words.Number(p.Units), Label: p.LimitOn + " on the license key"})
		}
	}
}

// needed is what a policy needs of what its key limits.
func needed(p *result.PolicyRun) result.Spread {
	if byConnections(&p.Counted) {
		return p.DemandConnections
	}
	return p.Demand
}

func byConnections(c *result.Counted) bool { return c.LimitOn == engine.LimitConnections.String() }

func simulationAnswer(s *result.Simulation, p *result.PolicyRun, c clock) string {
	text := fmt.Sprintf("%s are in use at the peak of %s", words.Plural(p.Peaks.Median, "license unit"), words.LongSpan(s.Duration))
	if p.Peaks.Min < p.Peaks.Max {
		text += fmt.Sprintf(" (%s to %s in %s)", words.Number(p.Peaks.Min), words.Number(p.Peaks.Max), words.Plural(s.Replications, "run"))
	}
	if p.Units == 0 || !p.Enforced {
		return text + "; nothing limits them."
	}
	if p.Refusing.Count == 0 {
		return text + fmt.Sprintf("; the key of %s refuses nobody in any run.", words.Number(p.Units))
	}
	text += fmt.Sprintf("; with the key of %s somebody is refused in %s of the runs", words.Number(p.Units), percent(float64(p.Refusing.Count)/float64(p.Refusing.N)))
	if p.FirstRefusals != nil {
		text += ", first at " + c.exact(p.FirstRefusals.Median)
		if p.FirstRefusals.N > 1 {
			text += " (median)"
		}
	}
	return text + "."
}

// highest is the most connections that are open, and when.
func highest(line *timeSeries) (top engine.Peak) {
	for _, d := range line.drawn {
		if d.High > top.Units {
			top = engine.Peak{Units: d.High, At: d.At}
		}
	}
	for _, s := range line.samples {
		if s.Connections > top.Units {
			top = engine.Peak{Units: s.Connections, At: s.At}
		}
	}
	return top
}

// mostRows bounds the table behind units over time.
const mostRows = 48

// hourTable lists the peak and the mean of each hour, or of longer stretches
// where there are many.
func hourTable(list []timeSeries, c clock) *table {
	length := engine.Hour
	for c.end/length > mostRows {
		length *= 2
	}
	t := &table{Head: []string{"from"}}
	for i := range list {
		t.Head = append(t.Head, list[i].name+": peak")
		if list[i].drawn == nil {
			t.Head = append(t.Head, "mean")
		}
	}
	for from := engine.Time(0); from < c.end; from += length {
		t.Rows = append(t.Rows, []string{c.at(from)})
	}
	for i := range list {
		fillHours(t, &list[i], length, c.end)
	}
	return t
}

func fillHours(t *table, s *timeSeries, length, end engine.Time) {
	next, units := 0, 0
	for i := range t.Rows {
		from := engine.Time(i) * length
		if s.drawn != nil {
			t.Rows[i] = append(t.Rows[i], decimal(s.most(from, min(from+length, end))))
			continue
		}
		peak, mean := s.stretch(&next, &units, from, min(from+length, end))
		t.Rows[i] = append(t.Rows[i], decimal(peak), decimal(mean))
	}
}

// atPeak says what the peak of replication 1 is of.
func (k *course) atPeak() string {
	text, c := "In replication 1, by "+k.name, k.counted
	limit := "key of " + key(c.Units, c.LimitOn)
	switch {
	case !c.Enforced || c.Units == 0:
		return text + ", which refuses nobody."
	case !strings.Contains(k.name, limit): // as a side's name may
		text += " with the " + limit
	}
	if k.First.FirstRefusal == nil {
		return text + ", which refuses nobody."
	}
	return text + ", which refuses others."
}

// addPeakHolders lists who holds the units at the peak of a replication.
func (r *Report) addPeakHolders(k *course) {
	if len(k.First.PeakByCohort) == 0 {
		return
	}
	t := &table{Head: []string{"cohort", "units", "license user IDs"}}
	var amounts []float64
	for _, u := range k.First.PeakByCohort {
		amounts = append(amounts, float64(u.Units))
		t.Rows = append(t.Rows, []string{line(u.Cohort), words.Number(u.Units), words.Number(u.Users)})
	}
	t.Bars = bars(amounts)
	r.add(section{Title: "Who holds the units at the peak", Text: k.atPeak(), Table: t})
}

// addLarge lists the largest holders at the peak, unless all hold one unit. The
// text says of what.
func (r *Report) addLarge(first *result.Replication, text string) {
	if len(first.Holders) > 0 && first.Holders[0].UnitsAtPeak > 1 {
		t := &table{Head: []string{"license user ID", "cohort", "units", "connections"}}
		for _, h := range first.Holders {
			if h.UnitsAtPeak <= 1 && h.ConnectionsAtPeak <= 1 {
				continue
			}
			t.Rows = append(t.Rows, []string{line(h.LicenseUserID), line(h.Cohort), words.Number(h.UnitsAtPeak), words.Number(h.ConnectionsAtPeak)})
		}
		if n := first.HoldersTotal - len(t.Rows); n > 0 {
			text += " There are " + words.Plural(n, "other")
			if first.Holders[len(first.Holders)-1].UnitsAtPeak <= 1 { // as all that follow
				text += " of one unit each at the most"
			}
			text += "."
		}
		r.add(section{Title: "Largest license user IDs at the peak", Text: text, Table: t})
	}
}

func (r *Report) addPolicies(s *result.Simulation) {
	t := &table{Head: []string{"policy", "key", "peak units in use", "needed if nobody is refused", "mean units", "runs that refuse somebody"}}
	for i := range s.Policies {
		p := &s.Policies[i]
		k := key(p.Units, p.LimitOn)
		if !p.Enforced {
			k = "counts, refuses nobody"
		}
		t.Rows = append(t.Rows, []string{policy(&p.Counted), k, words.Spread(p.Peaks), words.Spread(needed(p)) + " " + p.LimitOn, decimal(p.MeanUnits), proportion(&p.Refusing)})
	}
	r.add(section{Title: "Policies side by side", Text: "The same people at the same instants, counted by each policy: median (range) over the replications.", Table: t})
}

// shares of the time that the table of the load duration lists.
var shares = []float64{0, 0.001, 0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 1}

// addDuration draws for how much of the time at least so many units are in
// use.
func (r *Report) addDuration(k *courses) {
	c := &chart{ID: "duration", LimitX: -1, LimitY: -1, right: 1, XTitle: "share of the time with at least so many units", YTitle: "units in use"}
	t := &table{Head: []string{k.what}}
	for _, v := range shares {
		t.Head = append(t.Head, percent(v))
	}
	most := 0
	for i := range k.list {
		for _, u := range k.list[i].timeAt {
			most = max(most, u.Units)
		}
	}
	if most == 0 {
		return
	}
	if k.limit > 0 && k.limit < 2*most {
		most = max(most, k.limit)
	}
	c.scale(float64(most), nil)
	if k.limit > 0 && k.limit <= most {
		c.LimitY, c.LimitName = c.y(float64(k.limit)), "limit "+words.Number(k.limit)
	}
	for i := range 5 {
		v := float64(i) / 4
		c.XTicks = append(c.XTicks, chartTick{At: 100 * v, Mid: 100 * v, Label: percent(v), Coarse: i%2 == 0})
	}
	const places = 200
	for i := range places + 1 {
		c.hover.X = append(c.hover.X, round(100*float64(i)/places))
		c.hover.At = append(c.hover.At, percent(float64(i)/places)+" of the time")
	}
	for i := range k.list {
		one := &k.list[i]
		texts := make([]string, places+1)
		for j := range texts {
			texts[j] = "at least " + words.Number(atLeast(one.timeAt, float64(j)/places))
		}
		c.hover.Names, c.hover.Texts = append(c.hover.Names, one.name), append(c.hover.Texts, texts)
		c.Lines = append(c.Lines, chartLine{Name: one.name, line: c.durationLine(one.timeAt), Style: i % styles})
		row := []string{one.name}
		for _, v := range shares {
			row = append(row, words.Number(atLeast(one.timeAt, v)))
		}
		t.Rows = append(t.Rows, row)
	}
	how := "over all replications, with the key as it is"
	switch {
	case k.demand:
		how = "over all replications, if nobody is refused"
	case k.window > 0:
		how = "with the key as it is; as the target reports each sample lasts until the next"
	case k.of == 0:
		how = "with the key as it is"
	}
	r.add(section{Title: "Load duration", Text: "For how much of the time at least so many units are in use, " + how + ". " +
		"A steep left end says that the peak is short.", Chart: c, Table: t})
}

// atLeast is how many units are in use for a share of the time or longer.
func atLeast(list []result.UnitsTime, share float64) int {
	total := 0.0
	for _, u := range list {
		total += u.Seconds.Seconds()
	}
	above := 0.0
	for i := len(list) - 1; i >= 0; i-- {
		above += list[i].Seconds.Seconds()
		if above >= share*total*(1-1e-12) {
			return list[i].Units
		}
	}
	return 0
}

// durationLine is for what share of the time at least so many units are in use.
func (c *chart) durationLine(list []result.UnitsTime) (line stairs) {
	total, above := 0.0, 0.0
	for _, u := range list {
		total += u.Seconds.Seconds()
	}
	for i := len(list) - 1; i >= 0; i-- {
		line.to(c.spot(above/max(total, 1e-9), float64(list[i].Units)))
		above += list[i].Seconds.Seconds()
	}
	line.until(above / max(total, 1e-9))
	return line
}

// addQueues tells how long requests wait at a proxy with a cap.
func (r *Report) addQueues(s *result.Simulation) {
	t := &table{Head: []string{"policy", "proxy", "cap", "came", "waited", "gave up waiting", "wait: median", "99 %", "longest"}}
	for i := range s.Policies {
		p := &s.Policies[i]
		for _, q := range p.Queues {
			t.Rows = append(t.Rows, []string{policy(&p.Counted), line(q.Proxy), words.Number(q.Cap), words.Number(q.Came), words.Number(q.Waited), words.Number(q.TimedOut),
				words.LongSpan(q.Median), words.LongSpan(q.P99), words.LongSpan(q.LongestWait)})
		}
	}
	if t.Rows != nil {
		r.add(section{Title: "Waiting at proxies", Text: "Over all replications.", Table: t})
	}
}
