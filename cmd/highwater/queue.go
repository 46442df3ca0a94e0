package main

import (
	"fmt"
	"io"

	"highwater/engine"
	"highwater/sim/result"
	"highwater/sim/result/words"
)

// writeQueues tells how long the gateways of a policy made sessions and calls
// wait, over all replications.
func writeQueues(w io.Writer, p *result.PolicyRun, n int) {
	if len(p.Queues) == 0 {
		return
	}
	came := "came"
	if n > 1 {
		came += ", mean"
	}
	rows := [][]string{{"  waiting at", "places", came, "had to wait", "mean wait", "99 % within", "longest queue", "timed out"}}
	for i := range p.Queues {
		q := &p.Queues[i]
		rows = append(rows, []string{"  " + q.Proxy, words.Number(q.Cap), meanText(q.Came, n),
			estimateText(q.ShareWaited, words.Percent), estimateText(q.MeanWait, waitText), waitText(q.P99.Seconds()),
			words.Spread(q.Longest), estimateText(q.ShareTimedOut, words.Percent)})
	}
	table(w, rows)
	fmt.Fprint(w, "  Waits of all that were let in, those at once too")
	if n > 1 {
		fmt.Fprintf(w, "; %.0f %% intervals over the replications", 100*p.Queues[0].MeanLength.Confidence)
	}
	fmt.Fprintln(w, ".")
	for i := range p.Queues {
		if q := &p.Queues[i]; 100*q.Waiting > q.Came {
			fmt.Fprintf(w, "  %s: %s still waiting at the end, not in the table.\n", q.Proxy, meanText(q.Waiting, n))
		}
	}
}

// estimateText is an estimate with its interval, if it has one.
func estimateText(e *result.Estimate, text func(float64) string) string {
	switch {
	case e == nil:
		return "–"
	case e.Low == nil:
		return text(e.Value)
	}
	return fmt.Sprintf("%s (%s–%s)", text(e.Value), text(*e.Low), text(*e.High))
}

// waitText is a length of time, in seconds, with two or three digits.
func waitText(seconds float64) string {
	switch {
	case seconds == 0:
		return "0 s"
	case seconds < 1:
		return fmt.Sprintf("%.0f ms", 1000*seconds)
	case seconds < 100:
		return fmt.Sprintf("%.1f s", seconds)
	}
	return words.Span(engine.Time(seconds+0.5) * engine.Second)
}
