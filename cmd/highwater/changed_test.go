package main

import (
	"encoding/json"
	"errors"
	"io"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"highwater/plots/report"
	"highwater/scenario"
	"highwater/sim/gate"
)

// A leaf is a value of a document, and how it is changed.
type leaf struct {
	value any
	set   func(any)
}

// leaves lists the values of a document, in the order of their names.
func leaves(x any) (list []leaf) {
	switch x := x.(type) {
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(x)) {
			list = append(append(list, leaf{x[k], func(v any) { x[k] = v }}), leaves(x[k])...)
		}
	case []any:
		for i := range x {
			list = append(append(list, leaf{x[i], func(v any) { x[i] = v }}), leaves(x[i])...)
		}
	}
	return list
}

// strange are values that stand in few places.
var strange = []any{-5, 0, 0.5, 1e9, int64(4e18), "", "<script>", true, nil, []any{}, []any{nil}, map[string]any{}}

// change changes a value: to a strange one, or a list to a longer or shorter.
func (l *leaf) change(what uint) {
	x, _ := l.value.([]any)
	switch i := int(what % uint(len(strange)+2)); {
	case i < len(strange):
		l.set(strange[i])
	case len(x) == 0:
	case i == len(strange):
		l.set(append(slices.Clone(x), x[len(x)-1]))
	default:
		l.set(x[1:])
	}
}

// resultsToChange are results of each kind that a report can be made of.
func resultsToChange(t testing.TB) (list []any) {
	const busy = `{name: ward, start: 2026-11-23T07:20:00Z, duration: 90m, license: {units: 3}, compare: [contract], proxies: [{name: gw, address: 10.0.0.5, cap: 2}],
cohorts: [{name: monitors, kind: devices, count: 4, arrivals: {at: +10m}}, {name: lab, kind: callers, count: 5, through: gw, arrivals: {every: 1m}, session: 50s}]}`
	file := folder(t, map[string]string{"busy.yaml": busy, "day.jsonl": call})
	for _, args := range []string{
		"run busy.yaml --reps 2", "run busy.yaml --reps 2 --readings", "size busy.yaml --reps 5", "compare busy.yaml --reps 2", "advise busy.yaml --reps 2",
		"explain busy.yaml", "replay day.jsonl --drawn", "replay day.jsonl --readings", "attack busy.yaml --dry-run --target http://127.0.0.1:1",
	} {
		words := strings.Fields(args)
		for i, w := range words {
			if filepath.Ext(w) != "" && i == 1 {
				words[i] = file(w)
			}
		}
		code, out, errs := highwater(t.Context(), nil, append(words, "--json")...)
		var doc any
		if err := json.Unmarshal([]byte(out), &doc); code != 0 || err != nil {
			t.Fatalf("%s: exit code %d, %v: %s", args, code, err, errs)
		}
		list = append(list, doc)
	}
	var sent any // with all that a target says, which is never twice the same
	if err := json.Unmarshal(mustReadFile(t, "testdata/attack.json"), &sent); err != nil {
		t.Fatal(err)
	}
	return append(list, sent)
}

// FuzzChangedResult: a result with one value changed is reported and judged, or
// is not valid. Without -fuzz some places are changed, always the same.
func FuzzChangedResult(f *testing.F) {
	var texts [][]byte
	random := rand.New(rand.NewPCG(1, 0))
	for i, doc := range resultsToChange(f) {
		text, err := json.Marshal(doc)
		if err != nil {
			f.Fatal(err)
		}
		texts = append(texts, text)
		for range 10 {
			f.Add(uint(i), uint(random.Uint32()), uint(random.Uint32()))
		}
	}
	f.Fuzz(func(t *testing.T, which, where, what uint) {
		var doc any
		if err := json.Unmarshal(texts[which%uint(len(texts))], &doc); err != nil {
			t.Fatal(err)
		}
		list := leaves(doc)
		list[where%uint(len(list))].change(what)
		data, err := json.Marshal(doc)
		if err != nil {
			t.Fatal(err)
		}
		src, err := anyResult("changed.json", data)
		var invalid *exitError
		if err != nil {
			if !errors.As(err, &invalid) || invalid.code != exitInvalid {
				t.Errorf("%v; want that it is not valid", err)
			}
			return
		}
		r, err := report.New(src)
		if err != nil {
			return
		}
		if err := errors.Join(r.WriteMarkdown(io.Discard), r.WriteHTML(io.Discard)); err != nil {
			t.Error(err)
		}
		if s, _, err := gate.Read(data); err == nil && s != nil {
			expect := []scenario.Expectation{{Figure: scenario.Peak, Most: 3, Risk: 0.05, Confidence: 0.95}, {Figure: scenario.Refusals, Risk: 0.05, Confidence: 0.95},
				{Figure: scenario.Lost, Cohort: "lab", Risk: 0.05, Confidence: 0.95}, {Figure: scenario.Failures, Most: 0.01, Confidence: 0.95},
				{Figure: scenario.Latency, Percentile: 0.5, Most: 1, Confidence: 0.95}, {Figure: scenario.Divergence, Most: 1, Confidence: 0.95}}
			gate.Compare(s.Begin(), gate.Judge(s, expect), gate.Allowed{})
		}
	})
}
