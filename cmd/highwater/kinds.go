package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"highwater/sim/attack/record"
)

// A kind is what an input is, by what stands in it.
type kind uint8

const (
	aText     kind = iota // and no JSON, as most scenarios are
	aScenario             // in JSON
	aTrace
	aResult
	aRecord  // of an attack
	someJSON // that does not say what it is
	nothing
)

// kindOf tells what an input is by its begin. A trace has one of its fields in
// its first line, a result says its kind, and a scenario in JSON has what every
// scenario has.
func kindOf(data []byte) kind {
	data = bytes.TrimLeft(data, blank)
	data = data[:min(len(data), enough)]
	line, _, _ := bytes.Cut(data, []byte("\n"))
	names := members(data)
	has := func(names []string, any ...string) bool {
		return slices.ContainsFunc(any, func(name string) bool { return slices.Contains(names, name) })
	}
	switch {
	case len(data) == 0:
		return nothing
	case record.Begins(data):
		return aRecord
	case has(names, "schema", "kind"):
		return aResult
	case has(members(line), "trace", "op"):
		return aTrace
	case has(names, "name", "license", "cohorts"):
		return aScenario
	case data[0] == '{' && bytes.IndexAny(bytes.TrimLeft(data[1:], blank), `"}`) == 0:
		return someJSON
	}
	return aText
}

// by is what an input is that does not say it clearly: what its name says, else a
// result in JSON, or a scenario.
func (k kind) by(name string) kind {
	ext := filepath.Ext(strings.TrimSuffix(strings.TrimSuffix(name, ".gz"), ".zst"))
	switch k {
	case aScenario, aTrace, aResult, aRecord:
		return k
	}
	switch {
	case ext == ".jsonl":
		return aTrace
	case k == nothing && ext == ".json", k == someJSON && ext != ".yaml" && ext != ".yml":
		return aResult
	}
	return aScenario
}

// members are the names in the JSON object that a text begins with, as far as
// they go.
func members(text []byte) (names []string) {
	d := json.NewDecoder(bytes.NewReader(text))
	if begin, err := d.Token(); err != nil || begin != json.Delim('{') {
		return nil
	}
	for d.More() {
		t, err := d.Token()
		name, isName := t.(string)
		if err != nil || !isName {
			break
		}
		names = append(names, name)
		var value json.RawMessage
		if d.Decode(&value) != nil {
			break
		}
	}
	return names
}

// enough is how much of an input tells what it is, in bytes after the blanks at
// its begin.
const enough = 64 << 10

// beginning is as much of an input as tells what it is.
func beginning(open opener, name string) ([]byte, error) {
	in, err := open(name, &progress{})
	if err != nil {
		return nil, err
	}
	defer in.Close()
	r := bufio.NewReader(in)
	for {
		c, err := r.ReadByte()
		if err == io.EOF {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		if !strings.ContainsRune(blank, rune(c)) {
			break
		}
	}
	if err := r.UnreadByte(); err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(r, enough))
}
