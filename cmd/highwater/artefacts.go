package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"highwater/engine"
	"highwater/plots"
	"highwater/scenario"
	"highwater/sim/result"
)

// writeJSON writes a result as one document.
func writeJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// An artefact is a file of a simulation.
type artefact struct {
	name  string
	write func(io.Writer) error
}

// writeArtefacts writes the files of a simulation into a folder that exists,
// each whole or not at all. Tables of an earlier simulation go.
func writeArtefacts(std stdio, sc *scenario.Scenario, res *result.Simulation, dir string) error {
	chart := unitsChart(sc, res)
	files := []artefact{
		{"result.json", func(w io.Writer) error { return writeJSON(w, res) }},
		{"units.png", chart.WritePNG},
		{"units.svg", chart.WriteSVG},
	}
	for i := range res.Policies {
		p := &res.Policies[i]
		suffix := ".csv"
		if i > 0 {
			suffix = fmt.Sprintf("-%d-%s.csv", i+1, fileName(p.Policy))
		}
		files = append(files, artefact{"series" + suffix, func(w io.Writer) error { return writeSamples(w, p.First.Series, "") }})
		if p.First.DemandSeries != nil {
			files = append(files, artefact{"demand" + suffix, func(w io.Writer) error { return writeSamples(w, p.First.DemandSeries, "") }})
		}
	}
	for _, f := range files {
		if err := writeFile(std, filepath.Join(dir, f.name), f.write); err != nil {
			return err
		}
	}
	return removeStale(dir, files)
}

// tables are the names of series of simulations.
var tables = regexp.MustCompile(`^(series|demand)(-\d+-[A-Za-z0-9._-]+)?\.csv$`)

// removeStale removes the tables in a folder that are not of these files.
func removeStale(dir string, files []artefact) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		isOf := func(f artefact) bool { return f.name == e.Name() }
		if !tables.MatchString(e.Name()) || slices.ContainsFunc(files, isOf) {
			continue
		}
		if err := os.Remove(filepath.Join(dir, e.Name())); err != nil {
			return err
		}
	}
	return nil
}

// fileName makes a policy's name fit for a file's.
func fileName(name string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune(".-_", r) {
			return r
		}
		return '-'
	}, name)
}

// writeSamples writes use over time as CSV, with the schedule of an attack.
func writeSamples(w io.Writer, samples []result.Sample, schedule string) error {
	b := bufio.NewWriter(w)
	s := newSeriesWriter(b, schedule)
	for _, sample := range samples {
		s.write(sample.At, sample.Units, sample.Connections)
	}
	return b.Flush()
}

// unitsChart draws the units that each policy asks for, the key, and when the
// first caller is refused.
func unitsChart(sc *scenario.Scenario, res *result.Simulation) *plots.UnitsOverTime {
	chart := &plots.UnitsOverTime{
		Title: "License units: " + res.Scenario,
		Start: sc.Start, End: res.Duration.Seconds(), Limit: sc.License.Units,
		Footnote: fmt.Sprintf("highwater %s, seed %d, replication 1 of %d", version, res.Seed, res.Replications),
	}
	if res.Partial {
		chart.Footnote += ", interrupted"
	}
	for i := range res.Policies {
		p := &res.Policies[i]
		samples := p.First.Series
		if p.First.DemandSeries != nil {
			samples = p.First.DemandSeries
			chart.Subtitle = "What the traffic needs if nobody is refused; above the limit callers are refused"
			chart.PeakHeading = "needed"
		}
		chart.Series = append(chart.Series, seriesOf(p, samples, res.Duration))
	}
	nameAxis(chart, res)
	if len(chart.Series) == 1 {
		chart.Footnote = "policy " + chart.Series[0].Name + ", " + chart.Footnote
	}
	return chart
}

// seriesOf is one policy's line in the chart: units, or connections where the
// key limits those.
func seriesOf(p *result.PolicyRun, samples []result.Sample, end engine.Time) plots.Series {
	s := plots.Series{Name: countedText(&p.Counted), Peak: &plots.Mark{}}
	byConnection := p.LimitOn == engine.LimitConnections.String()
	value := func(units, connections int) float64 {
		if byConnection {
			return float64(connections)
		}
		return float64(units)
	}
	for _, sample := range samples {
		if sample.At > end {
			break
		}
		at, y := sample.At.Seconds(), value(sample.Units, sample.Connections)
		s.Points = append(s.Points, plots.Point{At: at, Units: y})
		if y > s.Peak.Units {
			s.Peak = &plots.Mark{At: at, Units: y}
		}
	}
	if f := p.First.FirstRefusal; f != nil {
		s.FirstRefusal = &plots.Mark{At: f.At.Seconds(), Units: value(f.InUse, f.Connections), Text: f.Via + ": " + f.ClientSees}
	}
	return s
}

// nameAxis says what the lines count: units, or connections where a key limits
// those. Where policies differ, each line says what it counts.
func nameAxis(chart *plots.UnitsOverTime, res *result.Simulation) {
	byConnection := 0
	for i := range res.Policies {
		if res.Policies[i].LimitOn == engine.LimitConnections.String() {
			byConnection++
		}
	}
	switch byConnection {
	case 0:
	case len(res.Policies):
		chart.Axis = "connections"
	default:
		chart.Axis = "units or connections"
		for i := range res.Policies {
			chart.Series[i].Name += " (" + res.Policies[i].LimitOn + ")"
		}
	}
}
