package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"highwater/sim/result"
)

// The page explains every field of a comparison, and of the readings over all
// replications.
func TestJSONPageHasTheComparison(t *testing.T) {
	const other = "{name: other, duration: 2h, license: {units: 1}, cohorts: [{name: monitors, kind: devices, count: 2}, {name: more, kind: devices, count: 1}]}\n"
	inFolder(t, map[string]string{"ward.yaml": ward, "other.yaml": other})
	text := page(t, "json")
	for _, args := range []string{"compare ward.yaml other.yaml --reps 60 --json --set connection_limit=9", "run ward.yaml --readings --reps 2 --json"} {
		code, out, errs := highwater(t.Context(), strings.NewReader(""), strings.Fields(args)...)
		if code != 0 {
			t.Fatalf("%s: exit code %d: %s", args, code, errs)
		}
		fields := regexp.MustCompile(`"(\w+)": `).FindAllStringSubmatch(out, -1)
		if len(fields) < 100 {
			t.Errorf("%s has only %d fields", args, len(fields))
		}
		for _, m := range fields {
			if !strings.Contains(text, "`"+m[1]+"`") {
				t.Errorf("json.md does not explain %s of %s", m[1], strings.Fields(args)[0])
			}
		}
	}
}

// An interrupted comparison prints and writes the replications that were done
// for all sides, and says that they are not all.
func TestInterruptedComparisonIsPartial(t *testing.T) {
	inFolder(t, map[string]string{"ward.yaml": ward})
	for patience := 50 * time.Millisecond; ; patience *= 2 {
		ctx, cancel := context.WithCancelCause(t.Context())
		timer := time.AfterFunc(patience, func() { cancel(&interrupted{os.Interrupt}) })
		code, out, errs := highwater(ctx, strings.NewReader(""), strings.Fields("compare ward.yaml --units 1,2 --reps 20000000 --out partial")...)
		timer.Stop()
		cancel(nil)
		if out == "" && patience < 10*time.Second {
			continue // none was done in that time
		}
		if code != exitInterrupted || !strings.HasPrefix(errs, "highwater: interrupted") {
			t.Errorf("exit code %d and %q, want 130 and that it was interrupted", code, errs)
		}
		if !regexp.MustCompile(`(?m)^[0-9,]+ replications?, seed 1\nPARTIAL: `).MatchString(out) {
			t.Errorf("the answer does not say that it is partial:\n%s", out)
		}
		data, err := os.ReadFile(filepath.Join("partial", "result.json"))
		if err != nil || !bytes.Contains(data, []byte(`"ended_by": "interrupted"`)) {
			t.Errorf("the result does not say that it is partial: %v", err)
		}
		return
	}
}

func TestDifferenceText(t *testing.T) {
	limits := func(mean, low, high float64) *result.Difference {
		return &result.Difference{Mean: mean, Low: &low, High: &high, N: 9}
	}
	for _, tt := range []struct {
		d    *result.Difference
		want string
	}{
		{limits(82.13, 80.2, 84.04), "+82.1 (+80.2 to +84.0)"},
		{limits(-2520.4, -2837.2, -2203), "-2,520 (-2,837 to -2,203)"},
		{limits(-0.3, -1.2, 0.6), "~ -0.3 (-1.2 to +0.6)"},
		{limits(0.04, 0.01, 0.07), "+0.04 (+0.01 to +0.07)"},
		{limits(0.01, -0.4, 0.42), "~ 0.0 (-0.4 to +0.4)"}, // what rounds to zero has no sign
		{limits(12, 12, 12), "+12 in each run"},
		{&result.Difference{Mean: 5, N: 1, More: 1}, "+5.0"},
		{&result.Difference{Equal: 9, N: 9}, "0 in each run"},
	} {
		if got := pairedText(tt.d); got != tt.want {
			t.Errorf("%v: %q, want %q", tt.d, got, tt.want)
		}
	}
}

// A cell of wide characters takes two columns each, and a percent sign stays
// with its number.
func TestTextWidths(t *testing.T) {
	var b strings.Builder
	table(&b, [][]string{{"name", "units"}, {"看護師", "12"}, {"nurse", "3"}})
	if want := "name    units\n看護師     12\nnurse       3\n"; b.String() != want {
		t.Errorf("got\n%swant\n%s", &b, want)
	}
	b.Reset()
	paragraph(&b, "", strings.Repeat("x", textWidth-3)+" 95 % of them")
	if want := strings.Repeat("x", textWidth-3) + "\n95 % of them\n"; b.String() != want {
		t.Errorf("got\n%swant\n%s", &b, want)
	}
}

// What is rare is not said to be never, nor always.
func TestProportionText(t *testing.T) {
	low, high := 0.9944, 0.999975
	for _, tt := range []struct {
		p    result.Proportion
		want string
	}{
		{result.Proportion{Count: 1000, N: 1001, Low: low, High: high}, "1,000 of 1,001 (99.4–99.99 %)"},
		{result.Proportion{Count: 1, N: 1000, Low: 1 - high, High: 1 - low}, "1 of 1,000 (0.0025–0.56 %)"},
		{result.Proportion{Count: 1, N: 1, Low: 0.025, High: 1}, "1 of 1"},
	} {
		if got := proportionText(tt.p); got != tt.want {
			t.Errorf("got %q, want %q", got, tt.want)
		}
	}
}
