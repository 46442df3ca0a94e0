package scenarios_test

import (
	"context"
	"io/fs"
	"strings"
	"testing"

	"highwater/scenario"
	"highwater/scenarios"
	"highwater/sim"
	"highwater/sim/result"
)

// A claim is what a scenario's opening comment says of its answer. It must
// hold in every replication, not only in the one that the comment quotes.
type claim struct {
	says  string
	holds func(p policies) bool
}

// policies are the runs of a scenario by the names of its policies.
type policies map[string]*result.PolicyRun

// always and never say in how many replications a policy refused somebody.
func (p policies) always(name string) bool { return p[name].Refusing.Count == p[name].Refusing.N }
func (p policies) never(name string) bool  { return p[name].Refusing.Count == 0 }

// needs reports whether the units that would serve everybody lie in a range.
func (p policies) needs(name string, low, high int) bool {
	return p[name].Demand.Min >= low && p[name].Demand.Max <= high
}

// near reports whether a number is at most so far from another.
func near(x, from, by float64) bool { return from-by <= x && x <= from+by }

// cohort is what came of a cohort under a policy, in all replications.
func (p policies) cohort(name, cohort string) result.Cohort {
	for _, c := range p[name].Cohorts {
		if c.Name == cohort {
			return c
		}
	}
	panic("no cohort " + cohort)
}

// refused is how many of a cohort's attempts were refused.
func (p policies) refused(name, cohort string) int64 { return p.cohort(name, cohort).Refused }

// lost is how many of a cohort's sessions came to nothing.
func (p policies) lost(name, cohort string) int64 { return p.cohort(name, cohort).Lost }

// Policies of the scenarios.
const (
	before     = "iris-pre-2022.3"
	after      = "iris-2022.3"
	limit25    = "SetConnectionLimit(25)"
	byName     = "UserNameLicensing(1)"
	altHeaders = "LicenseAltHeaders=1"
)

// The scenarios, and what each one shows.
var claims = map[string][]claim{
	"community-edition-demo.yaml": {
		{"refuses with half of its units free", func(p policies) bool {
			return p.always("community") && p["community"].Peaks.Max == 4 && p["community"].Units == 8
		}},
		{"because 8 connections are open", func(p policies) bool { return p["community"].First.PeakConnections == 8 }},
		{"an ordinary key lets everybody in", func(p policies) bool { return p.never(after) && p.needs(after, 7, 7) }},
	},
	"connection-pool.yaml": {
		{"the pool is one unit", func(p policies) bool { return p.needs(after, 1, 1) && p[after].First.PeakConnections == 20 }},
		{"the contract counts people", func(p policies) bool { return p["contract"].Peaks.Min > 100 }},
	},
	"cookieless-client.yaml": {
		{"10 units with the cookie and 30 times as much without", func(p policies) bool { return p.needs(after, 300, 320) }},
		{"each user pays per connection", func(p policies) bool { return p[after].First.Transitions == 10 }},
	},
	"gateway-cap.yaml": {
		{"nobody is refused, with 24 units", func(p policies) bool { return p.never(after) && p.needs(after, 23, 24) }},
		{"one call in two waits", func(p policies) bool { return near(p[after].Queues[0].ShareWaited.Value, 0.5, 0.1) }},
		{"for 6 s on average", func(p policies) bool { return near(p[after].Queues[0].MeanWait.Value, 6, 1) }},
		{"one in a hundred for more than 40 s", func(p policies) bool { return near(p[after].Queues[0].P99.Seconds(), 40, 5) }},
		{"few are given up, after 60 s", func(p policies) bool {
			q := p[after].Queues[0]
			return q.TimedOut > 0 && q.ShareTimedOut.Value < 0.001 && q.LongestWait.Seconds() <= 60
		}},
		{"one in five is refused if the ten seconds count from the end", func(p policies) bool {
			const name = "held from their end"
			c := p.cohort(name, "reports")
			return p.always(name) && near(float64(c.Refused)/float64(c.Sessions), 0.2, 0.02) && p[name].Peaks.Max == 24
		}},
	},
	"health-connect-hlu.yaml": {
		{"25 units did", func(p policies) bool { return p.never(before) }},
		{"25 units no longer do", func(p policies) bool { return p.always("health-connect-hlu") }},
		{"for the FHIR clients' sake", func(p policies) bool {
			return p["health-connect-hlu"].Demand.Min >= p[before].Demand.Max+10
		}},
	},
	"hospital-day.yaml": {
		{"the key is exceeded on every day", func(p policies) bool { return p.always(after) }},
		{"as counted before it was enough on every day", func(p policies) bool { return p.never(before) }},
		{"the tablets transition", func(p policies) bool {
			top := p[after].First.Holders[0]
			return p[after].First.Transitions > 0 && top.Cohort == "tablets" && top.UnitsAtPeak > 25
		}},
		{"the late shift gets in", func(p policies) bool {
			return p.refused(after, "late nurses") > 0 && p.lost(after, "late nurses") == 0
		}},
		{"the contract sees the callers too", func(p policies) bool { return p["contract"].Peaks.Min > p[before].Peaks.Max }},
	},
	"interface-engine.yaml": {
		{"the engine transitions", func(p policies) bool { return p[after].First.Transitions == 1 && p.never(after) }},
		{"and stays at a unit for each connection", func(p policies) bool {
			return p[after].First.UnitsAtEnd == p[limit25].First.UnitsAtEnd+19
		}},
		{"a limit refuses 3 connections of the backlog", func(p policies) bool {
			return p[limit25].First.Transitions == 0 && p.lost(limit25, "backlog") == int64(3*p[limit25].Refusing.N)
		}},
	},
	"portal-anonymous-visitors.yaml": {
		{"the ten minutes cost 20 units on average", func(p policies) bool {
			d := p[after].MeanUnits - p["without the ten minutes"].MeanUnits
			return 19 < d && d < 21
		}},
		{"the key does", func(p policies) bool { return p.never(after) }},
	},
	"reading-hold-counts-connection.yaml": {
		{"1 unit as we read it", func(p policies) bool { return p.needs(after, 1, 1) }},
		{"30 if held calls count", func(p policies) bool { return p.needs("held calls count", 30, 30) }},
		{"31 from their end", func(p policies) bool { return p.needs("held from their end", 31, 31) }},
		{"30 if each call is a user", func(p policies) bool { return p.needs("each call is a user", 30, 30) }},
	},
	"rest-pollers-behind-gateway.yaml": {
		{"25 behind one gateway are 1 unit, 26 behind the other 26", func(p policies) bool {
			return p.needs(after, 27, 27) && p[after].First.Transitions > 0
		}},
		{"told apart they need 51", func(p policies) bool {
			return p.needs(altHeaders, 51, 51) && p.always(altHeaders)
		}},
		{"a limit of connections refuses one caller a minute", func(p policies) bool {
			return p.needs(limit25, 2, 2) && p.refused(limit25, "south pollers") == int64(60*p[limit25].Refusing.N)
		}},
	},
	"session-leak.yaml": {
		{"the key is exhausted", func(p policies) bool { return p.always(after) && p[after].Units == p[after].Peaks.Min }},
		{"in the third week, with the seed of the comment", func(p policies) bool {
			day := p[after].First.FirstRefusal.At.Seconds() / (24 * 60 * 60)
			return 14 <= day && day < 21
		}},
		{"people are refused as well", func(p policies) bool { return p.refused(after, "staff") > 0 }},
	},
	"shift-change.yaml": {
		{"two crews of 70 and 40 PCs meet", func(p policies) bool { return p.needs(after, 180, 180) }},
		{"the key is exceeded", func(p policies) bool { return p.always(after) }},
		{"but the late shift gets in", func(p policies) bool {
			return p.refused(after, "late handhelds") > 0 && p.lost(after, "late handhelds") == 0
		}},
	},
	"soap-before-and-after-2022-3.yaml": {
		{"60 people fit", func(p policies) bool { return p.never(before) && p.needs(before, 60, 60) }},
		{"people and services do not", func(p policies) bool { return p.always(after) && p[after].Demand.Min > 130 }},
		{"staff find no unit after lunch", func(p policies) bool { return p.refused(after, "staff") > 0 }},
	},
	"terminal-server.yaml": {
		{"windows are too many", func(p policies) bool { return p.always(after) }},
		{"people are not", func(p policies) bool {
			return p.never(byName) && p[byName].Peaks.Max <= 40
		}},
	},
}

// TestClaims runs every scenario and checks what it says of itself.
func TestClaims(t *testing.T) {
	files, err := fs.Glob(scenarios.Files, "*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if len(files) != len(claims) {
		t.Errorf("%d scenarios, but claims about %d", len(files), len(claims))
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(file, ".yaml"), func(t *testing.T) {
			t.Parallel()
			if len(claims[file]) == 0 {
				t.Fatal("no claim says what it shows")
			}
			p := run(t, file)
			for _, c := range claims[file] {
				if c.holds(p) {
					continue
				}
				t.Errorf("does not hold: %s", c.says)
				for name, run := range p {
					t.Logf("%s: peaks %+v, demand %+v, refusing %d of %d, mean %.1f",
						name, run.Peaks, run.Demand, run.Refusing.Count, run.Refusing.N, run.MeanUnits)
				}
			}
		})
	}
}

// run runs a scenario so often that a claim that holds is no accident.
func run(t *testing.T, file string) policies {
	t.Helper()
	data, err := scenarios.Files.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	sc, err := scenario.Parse(file, data, nil)
	if err != nil {
		t.Fatal(err)
	}
	reps := 20
	if file == "hospital-day.yaml" {
		reps = 8 // by far the largest
	}
	s, err := sim.Run(context.Background(), sc, sim.Options{Reps: reps})
	if err != nil {
		t.Fatal(err)
	}
	p := policies{}
	for i := range s.Policies {
		p[s.Policies[i].Policy] = &s.Policies[i]
	}
	return p
}

// TestQuestion sees that every scenario opens with the question it answers,
// and answers it before it begins.
func TestQuestion(t *testing.T) {
	files, err := fs.Glob(scenarios.Files, "*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		data, err := scenarios.Files.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		question, rest, _ := strings.Cut(string(data), "\n")
		if !strings.HasPrefix(question, "# ") || !strings.HasSuffix(question, "?") {
			t.Errorf("%s opens with %q, not with a question", file, question)
		}
		comment, _, _ := strings.Cut(rest, "\nname:")
		if !strings.Contains(comment, "\n# Answer: ") {
			t.Errorf("%s does not say the answer before it begins", file)
		}
	}
}
