package plots

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"highwater/internal/golden"
)

func write(t *testing.T, f Format, c Chart) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := f.Write(&b, c); err != nil {
		t.Fatalf("%s: %v", f.Name, err)
	}
	return b.Bytes()
}

func heading(title string) Heading {
	return Heading{Title: title, Subtitle: "Of a small clinic – Zürich, naïve", Footnote: "seed 7, 100 replications"}
}

func others() map[string]Chart {
	risk := &Graph{
		Heading: heading("Risk"), XTitle: "units on the key", YTitle: "risk of any refusal", LimitX: 0.4, LimitY: -1, LimitName: "present key 9",
		XTicks: []Tick{{0, "5", 0}, {0.5, "10", 0.5}, {0.51, "11", 0.51}, {1, "15", 1}}, YTicks: []Tick{{0, "0 %", 0}, {1, "100 %", 1}},
		Lines: []GraphLine{
			{Name: "iris-2022.3", Note: "12 units", Line: []Spot{{0, 1}, {0.5, 1}, {0.5, 0.2}, {1, 0.2}}, Bands: [][]Spot{{{0, 1}, {1, 1}, {1, 0}, {0.5, 0}}}},
			{Name: "contract <&> " + strings.Repeat("long ", 60), Line: []Spot{{0, 0.5}, {1, 0.5}}},
		},
		Rules: []GraphRule{{0.05, "risk of 5 %"}}, Marks: []GraphMark{{Spot{1, 0.05}, 0}, {Spot{0.5, 0.5}, 1}},
	}
	bars := &Bars{Heading: heading("Holders"), Axis: "units", Rows: []Bar{
		{Name: "early nurses", Length: 1, Text: "10 (60 %)"}, {Name: strings.Repeat("a long name ", 20), Length: 0.5, Text: strings.Repeat("much text ", 20)}, {Name: "none", Text: "0"},
	}}
	parts := &Bars{Heading: heading("Why"), Axis: "units", Parts: []string{"work", "hold", "grace", "surplus", "idle", strings.Repeat("long ", 40)}, Rows: []Bar{
		{Name: "nurses", Length: 1, Parts: []float64{0.3, 0.2, 0.2, 0.1, 0.1, 0.1}, Text: "10"}, {Name: "tablets", Length: 0.4, Parts: []float64{0, 0.4, 0, 0, 0, 0}, Text: "4"},
	}}
	heat := &Heat{Heading: heading("Refusals by hour"), Alarm: true}
	for range 24 {
		heat.Columns = append(heat.Columns, "00")
	}
	for i, name := range []string{"Mon", "Tue"} {
		row := HeatRow{Name: name}
		for j := range 24 {
			row.Cells = append(row.Cells, HeatCell{Text: number(float64(1000 * i * j)), Share: float64(i*j) / 23, Empty: j == 3, Over: i == 1 && j > 20})
		}
		heat.Rows = append(heat.Rows, row)
	}
	return map[string]Chart{"risk": risk, "bars": bars, "parts": parts, "heat": heat}
}

// Every chart can be written in every format; equal charts give equal bytes.
func TestFormats(t *testing.T) {
	charts := others()
	for _, s := range samples() {
		if s.golden {
			charts[s.name] = &s.chart
		}
	}
	begins := map[string]string{"png": "\x89PNG", "svg": "<svg ", "pdf": "%PDF-"}
	for name, c := range charts {
		for _, f := range Formats() {
			doc := write(t, f, c)
			if !strings.HasPrefix(string(doc), begins[f.Name]) {
				t.Errorf("%s.%s begins with %.8q", name, f.Name, doc)
			}
			if f.Name != "png" && !bytes.Equal(doc, write(t, f, c)) {
				t.Errorf("equal charts give unequal %s.%s", name, f.Name)
			}
			if _, other := others()[name]; other && f.Name == "svg" {
				checkXML(t, doc)
				golden.Check(t, filepath.Join("testdata", name+".svg"), doc)
			}
			if *folder != "" {
				if err := os.WriteFile(filepath.Join(*folder, name+"."+f.Name), doc, 0o666); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}

func TestChartsThatCannotBeDrawn(t *testing.T) {
	for name, c := range map[string]Chart{
		"lines": &Graph{Lines: make([]GraphLine, maxSeries+1)}, "bars": &Bars{Rows: make([]Bar, maxBars+1)}, "parts": &Bars{Parts: make([]string, len(partColors)+1)},
		"cells": &Heat{}, "end": &UnitsOverTime{},
	} {
		for _, f := range Formats() {
			var b bytes.Buffer
			if err := f.Write(&b, c); err == nil || !strings.HasPrefix(err.Error(), name+" must be") || b.Len() > 0 {
				t.Errorf("%s as %s: %v after %d bytes", name, f.Name, err, b.Len())
			}
		}
	}
}

// The text of each cell of a map has by WCAG 2 a contrast of at least 4.5 to 1.
func TestHeatIsReadable(t *testing.T) {
	for _, alarm := range []bool{false, true} {
		h := Heat{Alarm: alarm}
		for i := range 101 {
			c := h.shade(float64(i) / 100)
			a, b := luminance(c), luminance(inkOn(c))
			if ratio := (max(a, b) + 0.05) / (min(a, b) + 0.05); ratio < 4.5 {
				t.Errorf("share %d %%, alarm %v: contrast %.2f", i, alarm, ratio)
			}
		}
	}
}
