package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"highwater/plots"
	"highwater/sim/attack/record"
	"highwater/sim/result"
	"highwater/sim/target"
)

// Every file that comes of an attack has the hash of its schedule: those of
// --out, the record in each form, and the reports with all that belongs to them.
func TestEveryArtefactHasTheSchedule(t *testing.T) {
	t.Parallel() // it waits
	path := folder(t, map[string]string{"wards.yaml": wards})
	sc := parseWards(t)
	url := serve(t, target.Options{Scenario: sc, Policy: sc.License.Policy, Units: 9, Clock: 60})
	do := func(args ...string) []byte {
		t.Helper()
		code, out, errs := highwater(t.Context(), nil, args...)
		if code != 0 {
			t.Fatalf("%q: exit code %d: %s%s", args, code, out, errs)
		}
		return []byte(out)
	}
	files := map[string][]byte{}
	files["attack.txt"] = do("attack", path("wards.yaml"), "--target", url, "--clock", "60x", "--scrape", "50ms", "--max-lag", "1m",
		"--record", path("a.rec"), "--out", path("out"))
	var res result.Attack
	if err := json.Unmarshal(mustReadFile(t, path("out/result.json")), &res); err != nil || len(res.Schedule) != 64 || res.Curves.Reported == nil {
		t.Fatalf("schedule %q: %v", res.Schedule, err)
	}
	files["log.txt"] = do("attack", "log", path("a.rec"), "--out", path("log"))
	files["log.json"] = do("attack", "log", path("a.rec"), "--json")
	for _, format := range append(slices.Clone(record.Formats), asTrace) {
		files["log."+format] = do("attack", "log", path("a.rec"), "--to", format)
	}
	files["printed.md"] = do("report", path("out/result.json"))
	do("report", path("out/result.json"), "-o", path("a.html"), "--markdown", path("a.md"), "--charts", path("charts"), "--dossier", path("a.zip"))
	for _, name := range []string{"a.rec", "a.html", "a.md"} {
		files[name] = mustReadFile(t, path(name))
	}
	for _, dir := range []string{"out", "log", "charts"} {
		list, err := os.ReadDir(path(dir))
		if err != nil || len(list) < 6 {
			t.Fatalf("%s has %d files: %v", dir, len(list), err)
		}
		for _, e := range list {
			files[dir+"/"+e.Name()] = mustReadFile(t, path(dir+"/"+e.Name()))
		}
	}
	for name, data := range unzip(t, path("a.zip")) {
		if name != "METHOD.md" && name != "manifest.json" { // the program's own pages, and the hashes of all others
			files["a.zip/"+name] = data
		}
	}
	for name, data := range files {
		checkSchedule(t, files, name, data, res.Schedule)
	}
}

// checkSchedule looks for the schedule in a file. The pixels of an image have no
// text, and PDF has it as glyphs: there it is in the SVG file beside them, which
// is drawn from the same sheet.
func checkSchedule(t *testing.T, files map[string][]byte, name string, data []byte, schedule string) {
	t.Helper()
	switch ext := filepath.Ext(name); ext {
	case ".png", ".pdf":
		twin := strings.TrimSuffix(name, ext) + ".svg"
		if files[twin] == nil {
			t.Errorf("%s has no %s beside it", name, twin)
		}
		return
	case ".csv":
		rows, err := csv.NewReader(bytes.NewReader(data)).ReadAll()
		if err != nil || len(rows) < 2 || rows[0][len(rows[0])-1] != "schedule" {
			t.Fatalf("%s: %d rows, the first %q: %v", name, len(rows), rows, err)
		}
		for _, row := range rows[1:] {
			if row[len(row)-1] != schedule {
				t.Fatalf("%s: the row %q ends without the schedule", name, row)
			}
		}
	}
	if !bytes.Contains(data, []byte(schedule)) {
		t.Errorf("%s does not have the schedule:\n%.1000s", name, data)
	}
}

// Images in pixels and as PDF have the line below them, with the schedule: they
// change with it.
func TestImagesHaveTheSchedule(t *testing.T) {
	image := func(f plots.Format, schedule string) []byte {
		var b bytes.Buffer
		if err := f.Write(&b, curvesChart(&record.Header{Schedule: schedule}, &result.Curves{To: 1e6})); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	for _, f := range plots.Formats() {
		if a := strings.Repeat("a", 64); bytes.Equal(image(f, a), image(f, a[:63]+"b")) {
			t.Errorf("%s is the same with another schedule", f.Name)
		}
	}
}
