package main

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"highwater/engine"
)

// A gateway whose 30 callers share a unit when five of them wait; the job of a
// clerk; an interface that pays for each connection.
const crossed = `{name: crossed, duration: 1h, reps: 8, license: {units: 60}, proxies: [{name: gate, address: 10.0.0.5, forwards: x-forwarded-for}], cohorts: [
{name: clerks, kind: browsers, user: own, count: 9, arrivals: {poisson: 2/h each}, session: {pages: 3, think: exp(3m)}},
{name: letters, kind: jobs, started_by: clerks, runs: 1m},
{name: engine, kind: devices, user: svc, connections: 40},
{name: pollers, kind: callers, count: 30, through: gate, arrivals: {every: 5m, phase: aligned}, session: 5s}]}`

// The page explains every field of an advice.
func TestJSONPageHasTheAdvice(t *testing.T) {
	code, out, errs := highwater(t.Context(), strings.NewReader(crossed), "advise", "-", "--json")
	if code != 0 || !strings.Contains(out, `"saved_beyond_the_better": {`) || !strings.Contains(out, `"longest_wait"`) {
		t.Fatalf("exit code %d, want 0, a pair and a wait: %s%s", code, errs, out)
	}
	for _, m := range regexp.MustCompile(`"(\w+)": `).FindAllStringSubmatch(out, -1) {
		if !slices.Contains(engine.Vias(), m[1]) && !strings.Contains(page(t, "json"), "`"+m[1]+"`") {
			t.Errorf("json.md does not explain %s of advise", m[1])
		}
	}
}

// An advice fits 100 columns.
func TestAdviceFitsTheScreen(t *testing.T) {
	code, out, errs := highwater(t.Context(), strings.NewReader(crossed), "advise", "-")
	if code != 0 {
		t.Fatalf("exit code %d: %s", code, errs)
	}
	for _, l := range strings.Split(out, "\n") {
		if utf8.RuneCountInString(l) > 100 {
			t.Errorf("wider than 100 columns: %q", l)
		}
	}
}
