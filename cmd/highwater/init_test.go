package main

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"highwater/engine"
	"highwater/scenario"
)

// Whatever is answered within its limits makes a scenario of just that.
func TestAnswersMakeAScenario(t *testing.T) {
	everything := []string{"true", "5", "a: b", `say "no"`, "#1", "Zürich", "- x", "first scenario"}
	for i, policy := range engine.PolicyNames() {
		for cohorts := 1; cohorts < 16; cohorts++ {
			there := func(bit int, most string) string {
				if cohorts>>bit&1 == 0 {
					return "0"
				}
				return most
			}
			name, hours := everything[i%len(everything)], []string{"1", "2", "9", "744"}[cohorts%4]
			given := []string{
				name, there(0, "1000000"), there(1, "1"), there(2, "0.001"), there(3, "1000000"), policy,
				[]string{"0", "1", "10000000"}[cohorts%3], hours, "2026-11-23T23:59:59-05:00",
			}
			var a answers
			for i, q := range questions() {
				if err := q.set(&a, given[i]); err != nil {
					t.Fatalf("%s: %v", q.name, err)
				}
			}
			sc, err := scenario.Parse("x.yaml", a.scenario("x.yaml"), nil)
			if err != nil {
				t.Errorf("%q: %v", given, err)
				continue
			}
			want := strings.Count(fmt.Sprintf("%b", cohorts), "1")
			if sc.Name != name || len(sc.Cohorts) != want || sc.License.Policy.Name != policy || sc.License.Units != a.units ||
				sc.Duration != engine.Time(a.hours)*engine.Hour || !sc.Start.Equal(a.start) {
				t.Errorf("%q: the scenario is %+v", given, sc)
			}
		}
	}
}

// Answers that end too early, and a scenario of nobody, write nothing.
func TestQuestionsNeedAnswers(t *testing.T) {
	var open []*question
	list := questions()
	for i := range list {
		open = append(open, &list[i])
	}
	tests := []struct{ in, want string }{
		{"", "the questions ended before the answers did; nothing was written"},
		{"ward\n5\n", "the questions ended before the answers did; nothing was written"},
		{"ward\n0\n0\n0\n0\n\n\n\n\n", "a scenario needs people, devices, calls or visitors; nothing was written"},
	}
	for _, tt := range tests {
		var out bytes.Buffer
		a := answers{name: "x"}
		if err := ask(strings.NewReader(tt.in), &out, &a, open); err == nil || err.Error() != tt.want {
			t.Errorf("%q: got %v, want %s", tt.in, err, tt.want)
		}
	}
}
