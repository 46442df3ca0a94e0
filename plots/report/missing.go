package report

import "strings"

// A part is something that reports have where their results do. From is what
// has it for certain.
type part struct {
	name string
	here bool
	from origin
}

// An origin is what a part is made of.
type origin int

const (
	input  origin = iota // the scenario, or the trace or logs
	runs                 // many replications of a scenario
	clocks               // a trace that says when it began
	tries                // measures that are tried on a scenario
	target               // a target that was sent a scenario's requests
	again                // an attack whose result has all that one has now
	hours                // an attack of several hours
)

// addMissing says what this kind of result does not have, and how to get it.
func (r *Report) addMissing(s *Source, k *courses) {
	how := s.how()
	var places []string
	names := map[string][]string{}
	for _, p := range r.parts(s, k) {
		if p.here {
			continue
		}
		at := how[p.from]
		if names[at] == nil {
			places = append(places, at)
		}
		names[at] = append(names[at], p.name)
	}
	var list []string
	for _, at := range places {
		list = append(list, sentence(strings.Join(names[at], ", "))+": "+at+".")
	}
	if list != nil {
		r.add(section{Title: "What is not here, and how to get it", List: list})
	}
}

// parts are those that a report may have.
func (r *Report) parts(s *Source, k *courses) []part {
	ran, compared := s.Simulation != nil && len(s.Simulation.Policies) > 0, s.Comparison != nil && len(s.Comparison.Sides) > 0
	explained, attacked := explanationOf(s) != nil, s.Attack != nil && s.Attack.Sent != nil
	use := input // where an attack's curves are from
	if k == nil && s.Attack != nil {
		if k = attackCourses(s.Attack); k == nil && s.Attack.Curves != nil {
			use = again
		}
	}
	lasting, refused, wall := false, false, use
	if k != nil {
		lasting = k.list[0].timeAt != nil
		for i := range k.list {
			refused = refused || k.list[i].refusals != nil
		}
		switch {
		case k.window > 0:
			wall = hours
		case k.of == 0 && k.clock.start.IsZero():
			wall = clocks
		}
	}
	return []part{
		{"units over time", r.has("Units over time") || s.Attack != nil && s.Attack.Curves != nil, input},
		{"who holds the units at the peak", ran || sized(s.Sizing) || compared || explained || s.Replay != nil || r.has("Who holds the units at the peak"), use},
		{"why they are in use", explained || r.has("Why the units are in use"), use},
		{"how long so many units are in use", lasting, use},
		{"peak and mean by hour and weekday", r.has("Peak by hour and weekday"), wall},
		{"refusals in three counts", refused, use},
		{"policies side by side", ran || compared || r.has("Policies side by side"), input},
		{"readings side by side", s.Readings != nil, input},
		{"risk and exceedance for each key size", outlookOf(s) != nil, runs},
		{"time to the first refusal over the runs", outlookOf(s) != nil, runs},
		{"how much more traffic the key bears", sized(s.Sizing) && s.Sizing.Policies[0].Growth != nil, runs},
		{"what would save units", s.Advice != nil, tries},
		{"what a real target does (curves, latency, lag)", attacked, target},
	}
}

// has reports whether there is a section with a title.
func (r *Report) has(title string) bool {
	for i := range r.sections {
		if r.sections[i].Title == title {
			return true
		}
	}
	return false
}

// how is what has each part, by its origin.
func (s *Source) how() map[origin]string {
	const replay = "highwater report TRACE, or highwater report --from auto LOG"
	list := map[origin]string{
		input: "of the scenario, highwater report FILE", runs: "of the scenario, highwater report FILE",
		clocks: "of a trace whose first line has the epoch, " + replay,
		tries:  "of the scenario, highwater report FILE --advise, which takes long",
		target: "of the scenario and a target, highwater attack FILE --target URL --json, and highwater report of that",
		again:  "of the scenario sent to the target again by this version, highwater attack FILE --target URL --json",
		hours:  "of an attack whose --window has two hours or more, which --clock 60x sends in minutes",
	}
	switch {
	case s.Replay != nil:
		list[input] = "of the trace or the logs, " + replay
		list[runs] = "of a scenario, such as highwater fit makes of logs, highwater report FILE"
		list[tries] = "of such a scenario, highwater report FILE --advise, which takes long"
		list[target] = "of such a scenario and a target, highwater attack FILE --target URL --json, and highwater report of that"
	case s.unnamed():
		list[input] = "of the scenario or the trace, highwater report FILE"
		list[runs] = "of a scenario, highwater report FILE"
	}
	return list
}

// unnamed reports whether the results do not tell if they are of a scenario.
func (s *Source) unnamed() bool {
	return s.Sizing == nil && s.Simulation == nil && s.Comparison == nil && s.Advice == nil && s.Attack == nil &&
		(s.Explanation == nil || s.Explanation.Scenario == "") && (s.Readings == nil || s.Readings.Scenario == "")
}
