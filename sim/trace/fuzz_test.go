package trace

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzReader: nothing panics, every error of a trace has a line of the file,
// and a line is taken for an object exactly when encoding/json takes it for
// one, apart from what only this reader minds.
func FuzzReader(f *testing.F) {
	files, err := filepath.Glob("testdata/*.jsonl")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	for _, tt := range invalid {
		f.Add([]byte(head + "\n" + tt.line + "\n" + open5 + "\n" + done9))
	}
	for _, s := range []string{
		`{"a":"\ud83d\ude00\ud800\u0041\ud800\\\udc00"}`, `{"a":"\ud800\u12"}`, `{"":-0.0e-0}`, `{"a":-}`, `{"a":[[],{},[1,2,{"b":null}]]}`, `{"a":[1,]}`,
		strings.Repeat(`{"a":`, 40) + "1" + strings.Repeat("}", 40), "{\"a\":\"\x7f\x01\"}", `{"a":truefalse}`, "\ufeff{}", `{"a":1e}`, `{"op":"\u0070age"}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		_, err := replay("t.jsonl", bytes.NewReader(text), false)
		var line *LineError
		if errors.As(err, &line) && (line.File != "t.jsonl" || line.Line < 1 || line.Line > int64(bytes.Count(text, []byte("\n")))+1 || line.Msg == "") {
			t.Errorf("error %q is not on a line of the file", err)
		}
		if err != nil && line == nil {
			t.Errorf("error %v of a trace in memory", err)
		}
		if res, err := replay("t.jsonl", bytes.NewReader(text), true); err != nil || line == nil != (*res.Skipped == 0) {
			t.Errorf("leniently: %v, %v; not so: %v", res, err, line)
		}
		for one := range bytes.SplitSeq(text, []byte("\n")) {
			compareScanner(t, string(one))
		}
	})
}

// compareScanner compares what the scanner makes of a line with what
// encoding/json does.
func compareScanner(t *testing.T, line string) {
	got, twice := map[string]value{}, false
	end, err := eachMember(line, 0, func(key string, v value) error {
		_, seen := got[key]
		twice = twice || seen
		got[key] = v
		return nil
	})
	if err == nil && space(line, end) != len(line) {
		err = errJSON
	}
	valid := json.Valid([]byte(line)) && strings.TrimLeft(line, " \t\r")[0] == '{'
	if (err == nil) != valid && utf8.ValidString(line) && !deep(line) {
		t.Errorf("%q: scanned with error %v; valid for encoding/json: %v", line, err, valid)
	}
	if err != nil || twice || !valid || !utf8.ValidString(line) {
		return
	}
	var want map[string]json.RawMessage
	if err := json.Unmarshal([]byte(line), &want); err != nil || len(want) != len(got) {
		t.Fatalf("%q: %d members, %v; want %d", line, len(got), err, len(want))
	}
	for key, raw := range want {
		v, ok := got[key]
		wantText := string(raw)
		if raw[0] == '"' {
			if err := json.Unmarshal(raw, &wantText); err != nil {
				t.Fatal(err)
			}
		}
		if !ok || v.text != wantText || v.kind != kindOfRaw(raw) {
			t.Errorf("%q: member %q is %d %q; want %d %q", line, key, v.kind, v.text, kindOfRaw(raw), wantText)
		}
	}
}

func kindOfRaw(raw json.RawMessage) kindOf {
	switch raw[0] {
	case '"':
		return text
	case '{':
		return object
	case '[':
		return array
	case 't', 'f':
		return boolean
	case 'n':
		return null
	}
	return number
}

// deep reports whether a line may nest deeper than a trace has a use for.
func deep(line string) bool { return strings.Count(line, "[")+strings.Count(line, "{") > maxDepth }

func TestDeepNestingIsAnError(t *testing.T) {
	nested := func(depth int) string {
		return `{"trace":1,"options":` + strings.Repeat("[", depth) + strings.Repeat("]", depth) + "}"
	}
	if _, err := NewJSONReader("t.jsonl", lines(nested(1_000_000/2))).Next(); err == nil || err == io.EOF {
		t.Error("half a million lists: no error")
	}
	if _, err := NewJSONReader("t.jsonl", lines(nested(10))).Next(); err == nil || !strings.Contains(err.Error(), "options must be an object") {
		t.Errorf("ten lists: %v", err)
	}
}
