package main

import (
	"encoding/xml"
	"fmt"
	"io"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"highwater/sim/result"
)

// The elements of JUnit XML.
type (
	junitSuites struct {
		XMLName  xml.Name     `xml:"testsuites"`
		Name     string       `xml:"name,attr"`
		Tests    int          `xml:"tests,attr"`
		Failures int          `xml:"failures,attr"`
		Errors   int          `xml:"errors,attr"`
		Skipped  int          `xml:"skipped,attr"`
		Suites   []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name     string      `xml:"name,attr"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Errors   int         `xml:"errors,attr"`
		Skipped  int         `xml:"skipped,attr"`
		Cases    []junitCase `xml:"testcase"`
	}
	junitCase struct {
		Name    string        `xml:"name,attr"`
		Class   string        `xml:"classname,attr"`
		File    string        `xml:"file,attr,omitempty"`
		Line    int           `xml:"line,attr,omitempty"`
		Failure *junitMessage `xml:"failure"`
		Error   *junitMessage `xml:"error"`
		Skipped *junitSkipped `xml:"skipped"`
		Out     string        `xml:"system-out,omitempty"`
	}
	junitSkipped struct {
		Message string `xml:"message,attr"`
	}
	junitMessage struct {
		Message string `xml:"message,attr"`
		Type    string `xml:"type,attr"`
		Text    string `xml:",chardata"`
	}
)

// writeJUnit writes each figure as a test. What is inconclusive is an error,
// so that nobody takes it for a pass, and so is what is wrong with a scenario.
// A gate without figures has one.
func writeJUnit(w io.Writer, o *notice) error {
	lines := o.lines
	if len(lines) == 0 {
		lines = []gateLine{{"expectations", "there is something to judge by", result.CannotTell, "nothing is expected", nil}}
	}
	all := junitSuites{Name: "highwater gate"}
	for _, l := range lines {
		i := slices.IndexFunc(all.Suites, func(s junitSuite) bool { return s.Name == l.group })
		if i < 0 {
			i = len(all.Suites)
			all.Suites = append(all.Suites, junitSuite{Name: l.group})
		}
		s := &all.Suites[i]
		c := junitCase{Name: l.name, Class: "highwater." + l.group}
		if l.at != nil {
			c.File, c.Line = l.at.File, l.at.Line
		}
		m := &junitMessage{Message: l.text, Type: string(l.verdict), Text: l.text}
		switch l.verdict {
		case result.Pass:
			c.Out = l.text
		case result.Skipped:
			c.Skipped = &junitSkipped{l.text}
			s.Skipped++
			all.Skipped++
		case result.Fail:
			c.Failure = m
			s.Failures++
			all.Failures++
		default:
			c.Error = m
			s.Errors++
			all.Errors++
		}
		s.Tests++
		all.Tests++
		s.Cases = append(s.Cases, c)
	}
	text, err := xml.MarshalIndent(all, "", "  ")
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "%s%s\n", xml.Header, text)
	return err
}

// The objects of SARIF 2.1.0.
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool    sarifTool     `json:"tool"`
		Results []sarifResult `json:"results"`
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name    string      `json:"name"`
		Version string      `json:"version"`
		Rules   []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID   string    `json:"id"`
		Text sarifText `json:"shortDescription"`
	}
	sarifText struct {
		Text string `json:"text"`
	}
	sarifResult struct {
		Rule  string          `json:"ruleId"`
		Level string          `json:"level"`
		Text  sarifText       `json:"message"`
		At    []sarifLocation `json:"locations,omitempty"`
	}
	sarifLocation struct {
		Physical sarifPhysical `json:"physicalLocation"`
	}
	sarifPhysical struct {
		Artifact sarifArtifact `json:"artifactLocation"`
		Region   sarifRegion   `json:"region"`
	}
	sarifArtifact struct {
		URI string `json:"uri"`
	}
	sarifRegion struct {
		Line   int `json:"startLine"`
		Column int `json:"startColumn"`
	}
)

// writeSARIF writes the expectations that are not kept at their lines, or what
// is wrong.
func writeSARIF(w io.Writer, o *notice) error {
	run := sarifRun{Results: []sarifResult{}}
	run.Tool.Driver = sarifDriver{Name: "highwater", Version: version, Rules: []sarifRule{
		{"gate/fail", sarifText{"An expectation of the scenario is not kept."}},
		{"gate/inconclusive", sarifText{"Whether an expectation of the scenario is kept cannot be decided."}},
		{"gate/invalid", sarifText{"The scenario or another input is not valid."}},
		{"gate/interrupted", sarifText{"The gate was interrupted before there was a verdict."}},
		{"gate/failed", sarifText{"The gate failed before there was a verdict."}},
	}}
	for _, l := range o.lines {
		if !l.isProblem() || l.group == "baseline" { // which has no lines
			continue
		}
		r := sarifResult{Rule: "gate/" + string(l.verdict), Level: l.level(), Text: sarifText{l.name + ": " + l.text}}
		if l.at != nil {
			r.At = []sarifLocation{{sarifPhysical{sarifArtifact{fileURI(l.at.File)}, sarifRegion{l.at.Line, l.at.Column}}}}
		}
		run.Results = append(run.Results, r)
	}
	return writeJSON(w, sarifLog{"https://json.schemastore.org/sarif-2.1.0.json", "2.1.0", []sarifRun{run}})
}

// fileURI is a file's name as a URI, relative when the name is.
func fileURI(name string) string {
	u := url.URL{Path: filepath.ToSlash(name)}
	if filepath.IsAbs(name) {
		u.Scheme, u.Path = "file", "/"+strings.TrimPrefix(u.Path, "/") // C:/ too
	}
	return u.String()
}

const badgeSVG = `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="20" role="img" aria-label="%s: %s">
<title>%s: %s</title>
<rect width="%d" height="20" rx="3" fill="#444"/>
<path fill="%s" d="M%d 0h%da3 3 0 0 1 3 3v14a3 3 0 0 1-3 3h-%dz"/>
<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">
<text x="6" y="14" textLength="%d">%s</text>
<text x="%d" y="14" textLength="%d">%s</text>
</g>
</svg>
`

// writeBadge writes the verdict as a picture. The word tells it to those who
// do not see the color.
func writeBadge(w io.Writer, o *notice) error {
	const label, wide, edge = "license gate", 7, 6
	word := string(o.word)
	color := map[result.Judgement]string{result.Pass: "#1a7f37", result.CannotTell: "#8a5a00", broken: "#8a5a00"}[o.word]
	if color == "" {
		color = "#b3261e"
	}
	left, right := wide*utf8.RuneCountInString(label), wide*utf8.RuneCountInString(word)
	split := left + 2*edge
	_, err := fmt.Fprintf(w, badgeSVG, split+right+2*edge, label, word, label, word, split+right+2*edge,
		color, split, right+2*edge-3, right+2*edge-3, left, label, split+edge, right, word)
	return err
}
