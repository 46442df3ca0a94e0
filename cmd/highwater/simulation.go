package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"highwater/engine"
	"highwater/plots/term"
	"highwater/scenario"
	"highwater/sim/result"
	"highwater/sim/result/words"
)

// writeSimulation tells a person what came of a scenario, with charts if they
// are asked for.
func writeSimulation(w io.Writer, sc *scenario.Scenario, res *result.Simulation, charts *term.Options) {
	c := clock{sc.Start}
	writeAnswer(w, sc, res)
	if charts != nil {
		fmt.Fprintln(w)
		writeCharts(w, sc, res, *charts)
	}
	for i := range res.Policies {
		fmt.Fprintln(w)
		writePolicy(w, &res.Policies[i], res.Replications, c)
	}
}

// writeAnswer is the short answer.
func writeAnswer(w io.Writer, sc *scenario.Scenario, res *result.Simulation) {
	writeStudy(w, &res.Study, keyText(sc.License.Units, sc.License.Policy.LimitOn.String()))
	writePolicies(w, res)
}

// writeCharts draws the first replication in characters.
func writeCharts(w io.Writer, sc *scenario.Scenario, res *result.Simulation, o term.Options) {
	chart := unitsChart(sc, res)
	about := "Replication 1: "
	if chart.Subtitle == "" {
		about += "units in use"
	} else {
		about += "what the traffic needs if nobody is refused"
	}
	fmt.Fprintln(w, about)
	_ = term.Write(w, chart, o) // the writer's error is seen where it is flushed
}

// writePolicies is the answer in one table.
func writePolicies(w io.Writer, res *result.Simulation) {
	rows := [][]string{{"policy", "peak units in use", "needed for all", "mean units", "runs with refusals"}}
	for i := range res.Policies {
		p := &res.Policies[i]
		rows = append(rows, []string{countedText(&p.Counted), usedText(p), neededText(p),
			fmt.Sprintf("%.1f", p.MeanUnits), proportionText(p.Refusing)})
	}
	table(w, rows)
	if res.Replications > 1 {
		fmt.Fprintf(w, "Peaks: median (lowest–highest) of %s replications. Runs: %.0f %% Clopper–Pearson interval.\n",
			words.Number(res.Replications), 100*res.Policies[0].Refusing.Confidence)
	}
}

// usedText is the peak, with connections where the key limits those.
func usedText(p *result.PolicyRun) string {
	if p.LimitOn == engine.LimitConnections.String() {
		return words.Spread(p.Peaks) + " with " + words.Spread(p.PeakConnections) + " connections"
	}
	return words.Spread(p.Peaks)
}

// neededText is how large a key would have to be.
func neededText(p *result.PolicyRun) string {
	if p.LimitOn == engine.LimitConnections.String() {
		return words.Spread(p.DemandConnections) + " connections"
	}
	return words.Spread(p.Demand)
}

func proportionText(p result.Proportion) string {
	if p.N == 1 {
		return words.Number(p.Count) + " of 1"
	}
	return fmt.Sprintf("%s of %s (%s–%s)", words.Number(p.Count), words.Number(p.N), strings.TrimSuffix(words.Percent(p.Low), " %"), words.Percent(p.High))
}

// writePolicy tells about the first replication of a policy, and what was
// refused in all.
func writePolicy(w io.Writer, p *result.PolicyRun, n int, c clock) {
	first := &p.First
	fmt.Fprint(w, countedText(&p.Counted))
	if n > 1 {
		fmt.Fprint(w, ", replication 1")
	}
	if !p.Enforced {
		fmt.Fprint(w, " (counts, refuses nobody)")
	}
	fmt.Fprintln(w)
	lines := [][2]string{
		{"  peak", peakText(first.Peak, c) + ", " + words.Plural(first.PeakConnections, "connection") + " at most"},
		{"  held by", cohortsText(first.PeakByCohort)},
	}
	if f := p.FirstRefusals; f != nil && n > 1 {
		lines = append(lines, [2]string{"  all runs", refusalsText(f, c)})
	}
	if p.LimitOn == engine.LimitConnections.String() && first.DemandConnections > first.PeakConnections {
		lines = append(lines, [2]string{"  needed", words.Plural(first.DemandConnections, "connection") + ", if nobody were refused"})
	} else if first.Demand.Units > first.Peak.Units {
		lines = append(lines, [2]string{"  needed", peakText(first.Demand, c) + ", if nobody were refused"})
	}
	if first.Transitions > 0 {
		lines = append(lines, [2]string{"  transitions", words.Plural(first.Transitions, "change") + " of a license user ID to one unit per connection"})
	}
	if f := first.FirstRefusal; f != nil {
		for _, l := range refusalLines(&f.Refusal, p.LimitOn, c) {
			lines = append(lines, [2]string{"  " + l[0], l[1]})
		}
	} else {
		lines = append(lines, [2]string{"  first refusal", "none"})
	}
	paragraphs(w, lines)
	writeTop(w, first)
	writeRefused(w, p, n)
	writeQueues(w, p, n)
}

// fewCohorts is how many cohorts the short answer names.
const fewCohorts = 6

func cohortsText(list []result.CohortUnits) string {
	var parts []string
	others := 0
	for i, c := range list {
		if i < fewCohorts {
			parts = append(parts, fmt.Sprintf("%s %s", c.Cohort, words.Number(c.Units)))
		} else {
			others += c.Units
		}
	}
	if parts == nil {
		return "nobody"
	}
	if others > 0 {
		parts = append(parts, words.Plural(len(list)-fewCohorts, "other")+" "+words.Number(others))
	}
	return strings.Join(parts, ", ")
}

// refusalsText tells when the limit was met first, over the replications.
func refusalsText(f *result.Instants, c clock) string {
	if f.Min == f.Max {
		return fmt.Sprintf("first refusal at %s in all %s that have one", c.at(f.Median), words.Number(f.N))
	}
	return fmt.Sprintf("first refusal at %s (%s to %s), median of the %s that have one", c.at(f.Median), c.at(f.Min), c.at(f.Max), words.Number(f.N))
}

// fewHolders is how many license user IDs the short answer shows.
const fewHolders = 3

// writeTop lists the largest holders at the peak, unless all hold one unit.
func writeTop(w io.Writer, r *result.Replication) {
	if len(r.Holders) == 0 {
		return
	}
	if r.Holders[0].UnitsAtPeak == 1 {
		fmt.Fprintf(w, "  %s at the peak, one unit each\n", words.Plural(r.HoldersTotal, "license user ID"))
		return
	}
	rows := [][]string{{"  largest license user IDs at the peak", "cohort", "units", "connections"}}
	for _, h := range r.Holders[:min(fewHolders, len(r.Holders))] {
		rows = append(rows, []string{"  " + printable(h.LicenseUserID), h.Cohort, words.Number(h.UnitsAtPeak), words.Number(h.ConnectionsAtPeak)})
	}
	table(w, rows)
}

// writeRefused lists what was refused, by cohort, on average a replication.
func writeRefused(w io.Writer, p *result.PolicyRun, n int) {
	heading := "  refused"
	if n > 1 {
		heading = "  refused, mean of the replications"
	}
	rows := [][]string{{heading, "sessions wanted", "attempts refused", "timed out waiting", "sessions lost"}}
	waiting := int64(0)
	for _, c := range p.Cohorts {
		waiting += c.TimedOut
		if c.Refused > 0 || c.Lost > 0 {
			rows = append(rows, []string{"  " + c.Name, meanText(c.Sessions, n), meanText(c.Refused, n), meanText(c.TimedOut, n), meanText(c.Lost, n)})
		}
	}
	if waiting == 0 {
		for i := range rows {
			rows[i] = slices.Delete(rows[i], 3, 4)
		}
	}
	if len(rows) > 1 {
		table(w, rows)
	}
}

func meanText(total int64, n int) string {
	if n == 1 {
		return words.Number(total)
	}
	mean := float64(total) / float64(n)
	if mean >= 100 {
		return words.Number(int64(mean + 0.5))
	}
	return fmt.Sprintf("%.1f", mean)
}
