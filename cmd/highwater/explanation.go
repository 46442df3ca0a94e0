package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"highwater/engine"
	"highwater/sim/result"
	"highwater/sim/result/words"
	"highwater/sim/trace"
)

// A category is how a person is told of a category of units.
type category struct{ name, is, short, remedy string }

// categories words the categories of units under a policy: what they are, and
// what would lower them.
func categories(p *engine.Policy) []category {
	return []category{
		{result.Working, "working", "working", "sessions, calls and processes under way: only fewer at once"},
		{result.Idle, "idle until a time-out", "idle", "web sessions after their last page: log out, or a shorter session time-out"},
		{result.Held, "in a hold of " + words.Span(p.HoldSeconds), "hold", "finished REST and SOAP calls: calls of one user and address share a unit"},
		{result.Graced, "in a grace period of " + words.Span(p.GraceSeconds), "grace", "web sessions that ended after one page: clients that keep the session's cookie"},
		{result.TransitionSurplus, "surplus of transitions", "surplus", fmt.Sprintf(
			"license user IDs past %s, one unit each: tell their users apart, or limit them", words.Plural(p.MaxConnections, "connection"))},
		{result.ContractSurplus, "surplus by contract", "surplus", fmt.Sprintf(
			"people and devices with more than %d connections: close some", engine.ContractConnections)},
		{result.Leaked, "leaked", "leaked", "web sessions that nothing ends: a session time-out, or end them by hand"},
	}
}

// writeExplanation tells a person who holds units, and why.
func writeExplanation(w io.Writer, res *result.Explanation, top int, p *engine.Policy, c clock) {
	writeWhat(w, res)
	if res.At == nil {
		fmt.Fprintln(w, "Nobody was refused, so that there is no first refusal to explain: see --at peak.")
		return
	}
	list := categories(p)
	list = slices.DeleteFunc(list, func(k category) bool { return unitsOf(res.Split, k.name) == 0 })
	writeSentence(w, res, list, c)
	fmt.Fprintln(w)
	labelled(w, refusedSoFar(res, c))
	if res.InUse == 0 {
		return
	}
	fmt.Fprintln(w)
	rows := [][]string{{"units in use", "number", "share", "what they are, and what lowers them"}}
	for _, k := range list {
		n := unitsOf(res.Split, k.name)
		rows = append(rows, []string{k.is, words.Number(n), fmt.Sprintf("%.1f %%", 100*float64(n)/float64(res.InUse)), k.remedy})
	}
	table(w, rows)
	writeCohorts(w, res, list)
	writeUnitHolders(w, res, top, list, c)
	writePayers(w, res, top, c)
	for _, note := range res.Notes {
		fmt.Fprintln(w, "note:", note)
	}
}

// writeWhat says what is explained.
func writeWhat(w io.Writer, res *result.Explanation) {
	if res.Scenario == "" {
		fmt.Fprint(w, "trace")
	} else {
		fmt.Fprintf(w, "%s, seed %d, replication %d", res.Scenario, res.Seed, res.Replication)
	}
	policy := countedText(&result.Counted{Policy: res.Policy, Base: res.Base, Options: res.Options})
	fmt.Fprintf(w, ": policy %s, %s", policy, keyText(res.Units, res.LimitOn))
	if !res.Enforced {
		fmt.Fprint(w, ", which refuses nobody")
	}
	fmt.Fprint(w, "\n\n")
}

// writeSentence is the answer in one sentence.
func writeSentence(w io.Writer, res *result.Explanation, list []category, c clock) {
	units, verb := words.Plural(res.InUse, "license unit"), "are"
	limits := res.Enforced && res.Units > 0
	if limits && res.LimitOn == engine.LimitUnits.String() {
		units = words.Number(res.InUse) + " of " + words.Plural(res.Units, "license unit")
	}
	if res.InUse == 1 || strings.HasSuffix(units, "of 1 license unit") {
		verb = "is"
	}
	fmt.Fprintf(w, "%s %s in use at %s", units, verb, c.at(*res.At))
	switch res.Which {
	case trace.AtPeak.String():
		fmt.Fprint(w, ", the peak")
	case trace.AtFirstRefusal.String():
		fmt.Fprint(w, ", when somebody is refused for the first time")
	}
	if limits && res.LimitOn == engine.LimitConnections.String() {
		fmt.Fprintf(w, ", with %s of %s", words.Number(res.Connections), words.Plural(res.Units, "connection"))
	}
	for i, k := range list { // none when nothing is in use
		fmt.Fprintf(w, "%s%s %s", []string{":\n", ", "}[min(i, 1)], words.Number(unitsOf(res.Split, k.name)), k.is)
	}
	fmt.Fprintln(w, ".")
}

// refusedSoFar tells what the key's limit has done by the instant.
func refusedSoFar(res *result.Explanation, c clock) [][2]string {
	var lines [][2]string
	if res.Which != trace.AtFirstRefusal.String() {
		so := "nobody"
		if res.Refused > 0 {
			so = words.Plural(res.Refused, "attempt") + "; who was refused holds nothing here, --units 0 shows what everybody would"
		}
		lines = append(lines, [2]string{"refused so far", so})
	}
	if f := res.FirstRefusal; f != nil {
		lines = append(lines, refusalLines(&f.Refusal, res.LimitOn, c)...)
		if f.Cohort != "" {
			lines = append(lines, [2]string{"its cohort", f.Cohort})
		}
	} else {
		lines = append(lines, [2]string{"first refusal", "none"})
	}
	return lines
}

func unitsOf(split []result.CategoryUnits, name string) int {
	for _, s := range split {
		if s.Category == name {
			return s.Units
		}
	}
	return 0
}

// writeCohorts lists the cohorts by the units of their license user IDs,
// unless nothing is known of them.
func writeCohorts(w io.Writer, res *result.Explanation, list []category) {
	if len(res.ByCohort) == 1 && res.ByCohort[0].Cohort == "" {
		return
	}
	fmt.Fprintln(w)
	head := []string{"cohort", "license user IDs", "units"}
	for _, k := range list {
		head = append(head, k.short)
	}
	rows := [][]string{head}
	for _, b := range res.ByCohort {
		row := []string{printable(orDash(b.Cohort)), words.Number(b.Users), words.Number(b.Units)}
		for _, k := range list {
			cell := "–"
			if n := unitsOf(b.Split, k.name); n > 0 {
				cell = words.Number(n)
			}
			row = append(row, cell)
		}
		rows = append(rows, row)
	}
	table(w, rows)
}

func orDash(s string) string {
	if s == "" {
		return "–"
	}
	return s
}

// writeUnitHolders lists the license user IDs with the most units.
func writeUnitHolders(w io.Writer, res *result.Explanation, top int, list []category, c clock) {
	shown := topOf(res, top)
	head := "license user ID"
	if len(shown) < len(res.Holders) {
		head = fmt.Sprintf("%s of %s", words.Number(len(shown)), words.Plural(len(res.Holders), "license user ID"))
	}
	fmt.Fprintln(w)
	rows := [][]string{{head, "cohort", "via", "connections", "units", "since", "until", "units are"}}
	for i := range shown {
		h := &shown[i]
		until := ""
		if h.Until != nil {
			until = c.beside(*h.Until, *res.At)
		}
		var parts []string
		for _, k := range list {
			if n := unitsOf(h.Split, k.name); n == h.Units {
				parts = append(parts, k.short)
			} else if n > 0 {
				parts = append(parts, k.short+" "+words.Number(n))
			}
		}
		rows = append(rows, []string{printable(h.LicenseUserID), printable(h.Cohort), strings.Join(h.Vias, ", "), words.Number(h.Connections),
			words.Number(h.Units), c.beside(h.Since, *res.At), until, strings.Join(parts, ", ")})
	}
	table(w, filled(rows))
	if len(shown) < len(res.Holders) {
		fmt.Fprintln(w, "The others hold as many units each or fewer; --top 0 lists all.")
	}
}

func topOf(res *result.Explanation, top int) []result.UnitHolder {
	if top == 0 {
		return res.Holders
	}
	return res.Holders[:min(top, len(res.Holders))]
}

// filled leaves out the columns that have nothing but a heading.
func filled(rows [][]string) [][]string {
	kept := make([][]string, len(rows))
	for c := range rows[0] {
		if !slices.ContainsFunc(rows[1:], func(row []string) bool { return row[c] != "" }) {
			continue
		}
		for i, row := range rows {
			kept[i] = append(kept[i], row[c])
		}
	}
	return kept
}

// writePayers tells which license user IDs pay for each connection, and why.
func writePayers(w io.Writer, res *result.Explanation, top int, c clock) {
	n := 0
	for _, h := range topOf(res, top) {
		t := h.Transitioned
		if t == nil {
			continue
		}
		if n++; n == 1 {
			fmt.Fprintln(w)
		}
		if n > mostTransitions {
			fmt.Fprintln(w, "More pay for each connection; --json lists them.")
			return
		}
		who := ""
		if about := slices.DeleteFunc([]string{t.Cohort, t.Who}, func(s string) bool { return s == "" }); len(about) > 0 {
			who = " (" + printable(strings.Join(about, ", ")) + ")"
		}
		fmt.Fprintf(w, "%s pays for each connection since %s, when %s %s%s made its connections %s.\n", printable(h.LicenseUserID),
			c.beside(t.At, *res.At), t.Via, printable(t.Conn), who, words.Number(t.Connections))
		fmt.Fprintf(w, "  It goes on to do so until the last of its %s is closed.\n", words.Plural(h.Connections, "connection"))
	}
}

// beside is an instant to the second, without the date when another one, which
// stands beside it, has the same.
func (c clock) beside(t, other engine.Time) string {
	t = t / engine.Second * engine.Second
	if c.start.IsZero() {
		return elapsed(t)
	}
	if a, b := c.wall(t), c.wall(other); a.YearDay() == b.YearDay() && a.Year() == b.Year() {
		return a.Format("15:04:05")
	}
	return c.at(t)
}
