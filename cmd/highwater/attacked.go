package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"highwater/engine"
	"highwater/scenario"
	"highwater/sim/result"
	"highwater/sim/result/words"
)

// writeAttack prints a plan, and what came of it when it was sent.
func writeAttack(w io.Writer, sc *scenario.Scenario, a *result.Attack) {
	c := clock{sc.Start}
	fmt.Fprintf(w, "%s, %s to %s, at %vx, to %s\n", sc.Name, c.at(a.From), c.at(a.To), a.Clock, a.Target)
	fmt.Fprintf(w, "seed %d, replication %d, scale %v, schedule %s\n", a.Seed, a.Replication, a.Scale, a.Schedule)
	if a.Sent == nil {
		writeAttackPlan(w, &a.Plan)
	} else {
		if a.Partial {
			fmt.Fprintln(w, "PARTIAL: it ended before the plan was done")
		}
		writeAttackRun(w, a, c)
		if a.Curves != nil {
			writeCurves(w, a.Curves, c)
		}
	}
	for _, n := range a.Notes {
		fmt.Fprintln(w, "note:", n)
	}
	if a.Verdict != "" {
		fmt.Fprintln(w, "verdict:", a.Verdict)
	}
	for _, r := range a.Reasons {
		fmt.Fprintln(w, "  "+r)
	}
}

func writeAttackPlan(w io.Writer, p *result.AttackPlan) {
	rows := [][]string{{"cohort", "way in", "path", "requests", "visits", "users"}}
	for _, c := range p.Cohorts {
		rows = append(rows, []string{c.Name, c.Via, c.Path, words.Number(c.Requests), words.Number(c.Visits), words.Number(c.Users)})
	}
	table(w, append(rows, []string{"all", "", "", words.Number(p.Requests), words.Number(p.Visits), words.Number(p.Users)}))
	files, ports := "", ""
	if p.FilesLimit > 0 {
		files = " of " + words.Number(p.FilesLimit)
	}
	if p.PortsLimit > 0 {
		ports = " of " + words.Number(p.PortsLimit)
	}
	labelled(w, [][2]string{
		{"duration", words.Span(p.Seconds)},
		{"web sessions", words.Number(p.Sessions)},
		{"busiest second", words.Plural(p.PeakRate, "request")},
		{"in flight", fmt.Sprintf("%s if all take as long as planned; %s are let", words.Number(p.InFlight), words.Number(p.MostFlight))},
		{"connections", words.Number(p.Connections) + " at once"},
		{"open files", words.Number(p.Files) + files},
		{"source addresses", fmt.Sprintf("%s; the busiest needs %s%s ports", words.Number(p.Addresses), words.Number(p.Ports), ports)},
		{"memory", fmt.Sprintf("%s MiB", words.Number(p.Memory>>20))},
	})
	for _, u := range p.Unfit {
		fmt.Fprintln(w, "does not fit:", u)
	}
	for _, c := range p.Cohorts {
		for _, x := range c.Examples {
			fmt.Fprintf(w, "\n%s, for example\n  %s\n", c.Name, strings.ReplaceAll(x, "\n", "\n  "))
		}
	}
}

func writeAttackRun(w io.Writer, a *result.Attack, c clock) {
	r := a.Sent
	lines := [][2]string{
		{"sent", fmt.Sprintf("%s of %s planned, and %s; in %s", words.Number(r.First), words.Number(a.Plan.Requests), retries(r.Retries), words.Span(r.Seconds))},
		{"answers", fmt.Sprintf("%s served, %s refused, %s failed%s", words.Number(r.Served), words.Number(r.Refused), words.Number(r.Failed), cutText(r.Cut))},
		{"web sessions", fmt.Sprintf("%s opened by the target, %s planned", words.Number(r.Sessions), words.Number(a.Plan.Sessions))},
	}
	if text := notSent(r); text != "" {
		lines = slices.Insert(lines, 1, [2]string{"not sent", text})
	}
	if r.TimedOut > 0 {
		lines = append(lines, [2]string{"gave up", words.Plural(r.TimedOut, "attempt") + " at a proxy, when their patience ended; they were not sent"})
	}
	if f := r.FirstRefusal; f != nil {
		lines = append(lines, [2]string{"first refusal", fmt.Sprintf("%s: %s by %s, status %d", c.at(f.At), f.Cohort, f.Via, f.Status)})
	} else {
		lines = append(lines, [2]string{"first refusal", "none"})
	}
	lines = append(lines, [2]string{"at once", fmt.Sprintf("%s in flight at the most, over %s", words.Number(r.InFlight), words.Plural(r.Dialed, "connection"))})
	if r.Waited > 0 {
		lines = append(lines, [2]string{"waited", waitedText(r)})
	}
	labelled(w, lines)

	rows := [][]string{{"times in ms", "n", "mean", "p50", "p90", "p99", "p99.9", "longest"}}
	rows = append(rows, latencyRow("generator's lag", &r.Lag), latencyRow("wait for the user", &r.Queue),
		latencyRow("service", &r.Service), latencyRow("response, from the plan", &r.Response))
	table(w, rows)
	for _, part := range []struct {
		name string
		list []result.AttackGroup
	}{{"cohort", r.Cohorts}, {"way in", r.Vias}, {"status", r.Statuses}} {
		rows := [][]string{{part.name, "attempts", "refused", "failed", "service p50 ms", "p99", "response p50", "p99"}}
		for i := range part.list {
			g := &part.list[i]
			row := []string{g.Name, words.Number(g.Requests), words.Number(g.Refused), words.Number(g.Failed),
				milliseconds(g.Service.P50), milliseconds(g.Service.P99), milliseconds(g.Response.P50), milliseconds(g.Response.P99)}
			if r.TimedOut > 0 && part.name != "status" {
				row = append(row, words.Number(g.TimedOut))
			}
			rows = append(rows, row)
		}
		if len(rows) > 1 && len(rows[1]) > len(rows[0]) {
			rows[0] = append(rows[0], "gave up")
		}
		table(w, rows)
	}
	if len(r.Causes) > 0 {
		var parts []string
		for _, x := range r.Causes {
			parts = append(parts, words.Number(x.N)+" "+x.Cause)
		}
		fmt.Fprintln(w, "failed by:", strings.Join(parts, ", "))
	}
	if a.Recorded != "" {
		fmt.Fprintln(w, "recorded in", a.Recorded)
	}
}

// notSent says why planned requests were not sent; "" when all were.
func notSent(r *result.AttackRun) string {
	var parts []string
	if r.Abandoned > 0 {
		why := "a refusal or a wait"
		if r.TimedOut == 0 {
			why = "a refusal"
		} else if r.Refused == 0 {
			why = "a wait"
		}
		parts = append(parts, words.Number(r.Abandoned)+" by users who gave up after "+why+", then or earlier in the visit")
	}
	if r.Unsent > 0 {
		parts = append(parts, words.Number(r.Unsent)+" as the attack ended before")
	}
	return strings.Join(parts, "; ")
}

// waitedText says what came of the attempts that waited at a proxy.
func waitedText(r *result.AttackRun) string {
	text := fmt.Sprintf("%s for a place at a proxy, which %s got", words.Plural(r.Waited, "attempt"), words.Number(r.Waited-r.TimedOut-r.Waiting))
	if r.TimedOut > 0 {
		text += fmt.Sprintf("; %s gave up", words.Number(r.TimedOut))
	}
	if r.Waiting > 0 {
		text += fmt.Sprintf("; %s still waited when it ended", words.Number(r.Waiting))
	}
	return text
}

func retries(n int64) string {
	if n == 1 {
		return "1 retry"
	}
	return words.Number(n) + " retries"
}

func cutText(n int64) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(", %s cut", words.Number(n))
}

func latencyRow(name string, l *result.Latency) []string {
	return []string{name, words.Number(l.N), milliseconds(l.Mean), milliseconds(l.P50), milliseconds(l.P90), milliseconds(l.P99), milliseconds(l.P999), milliseconds(l.Max)}
}

// milliseconds is a time with microseconds when it is short.
func milliseconds(t engine.Time) string {
	ms := float64(t) / float64(engine.Millisecond)
	switch {
	case ms < 10:
		return fmt.Sprintf("%.3f", ms)
	case ms < 1000:
		return fmt.Sprintf("%.1f", ms)
	}
	return words.Number(int64(ms + 0.5))
}
