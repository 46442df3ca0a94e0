package dossier

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func pack(t *testing.T, made, given []Entry) []byte {
	t.Helper()
	var b bytes.Buffer
	m := Manifest{Title: "clinic", Inputs: []Input{{"clinic.yaml", "scenario/clinic.yaml"}}, Build: Build{Version: "1", Go: "go1", Arch: "amd64"}}
	if err := Write(&b, &m, made, given); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func sample(t *testing.T) []byte {
	return pack(t, []Entry{{"report.md", []byte("# 7 units\n")}, {"result/size.json", []byte(`{"units": [7, 8]}`)}},
		[]Entry{{"scenario/clinic.yaml", []byte("name: clinic\n")}})
}

func mustRead(t *testing.T, data []byte) *Dossier {
	t.Helper()
	d, err := Read(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	data := sample(t)
	d := mustRead(t, data)
	if len(d.Faults) > 0 || d.Title != "clinic" || len(d.Files) != 3 {
		t.Errorf("faults %v, title %q, %d files", d.Faults, d.Title, len(d.Files))
	}
	if got, err := d.Input("clinic.yaml"); err != nil || string(got) != "name: clinic\n" {
		t.Errorf("the input is %q, %v", got, err)
	}
	if _, err := d.Input("/etc/passwd"); err == nil {
		t.Error("a file is read that is not in the dossier")
	}
	if !bytes.Equal(data, sample(t)) {
		t.Error("equal contents give other bytes")
	}
}

// repack makes another ZIP file of one, as change says: it gets each file's
// name and data, and returns those of the files to write instead.
func repack(t *testing.T, data []byte, change func(name string, data []byte) []Entry) []byte {
	t.Helper()
	r, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, f := range r.File {
		in, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		had, err := io.ReadAll(in)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range change(f.Name, had) {
			out, err := w.Create(e.Name)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := out.Write(e.Data); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestFaults(t *testing.T) {
	data := sample(t)
	only := func(name string, f func(Entry) []Entry) func(string, []byte) []Entry {
		return func(n string, data []byte) []Entry {
			if n == name {
				return f(Entry{n, data})
			}
			return []Entry{{n, data}}
		}
	}
	for name, c := range map[string]struct {
		change func(string, []byte) []Entry
		want   []string
	}{
		"changed": {only("report.md", func(e Entry) []Entry { return []Entry{{e.Name, []byte("# 6 units\n")}} }), []string{"report.md has 10 bytes with the SHA-256"}},
		"missing": {only("report.md", func(Entry) []Entry { return nil }), []string{"report.md is missing"}},
		"more": {only("report.md", func(e Entry) []Entry { return []Entry{e, {"../run.sh", nil}} }),
			[]string{"../run.sh is not in the manifest"}},
		"folders of what is there, as of a folder that was zipped again": {only("report.md", func(e Entry) []Entry { return []Entry{{"scenario/", nil}, e} }), nil},
		"folder of nothing": {only("report.md", func(e Entry) []Entry { return []Entry{{"more/", nil}, e} }), []string{"more/ is not in the manifest"}},
		"twice":             {only("report.md", func(e Entry) []Entry { return []Entry{e, {e.Name, []byte("another")}} }), []string{"report.md is there twice"}},
		"input":             {only("scenario/clinic.yaml", func(Entry) []Entry { return nil }), []string{"scenario/clinic.yaml is missing"}},
		"manifest without it": {only(ManifestName, func(e Entry) []Entry {
			return []Entry{{e.Name, bytes.Replace(e.Data, []byte(`"name": "scenario/clinic.yaml"`), []byte(`"name": "scenario/x.yaml"`), 1)}}
		}), []string{"scenario/clinic.yaml is not in the manifest", "scenario/clinic.yaml is an input, and not in the manifest", "scenario/x.yaml is missing"}},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, f := range mustRead(t, repack(t, data, c.change)).Faults {
				got = append(got, f.Name+" "+f.What)
			}
			if len(got) != len(c.want) {
				t.Fatalf("faults %q, want %q", got, c.want)
			}
			for i, want := range c.want {
				if !strings.HasPrefix(got[i], want) {
					t.Errorf("fault %q, want %q", got[i], want)
				}
			}
		})
	}
}

func TestNoDossier(t *testing.T) {
	data := sample(t)
	with := func(manifest string) []byte {
		return repack(t, data, func(name string, data []byte) []Entry {
			if name == ManifestName {
				data = []byte(manifest)
			}
			return []Entry{{name, data}}
		})
	}
	for want, data := range map[string][]byte{
		"not a valid zip file":   []byte("name: clinic\n"),
		"has no manifest.json":   repack(t, data, func(name string, data []byte) []Entry { return []Entry{{"x/" + name, data}} }),
		`kind must be "dossier"`: with(`{"schema": 1, "kind": "sizing"}`),
		"schema must be 1":       with(`{"schema": 2, "kind": "dossier"}`),
		"manifest.json: ":        with(`{"schema": 1,`),
	} {
		if _, err := Read(bytes.NewReader(data), int64(len(data))); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

func TestBombsAreNotUnpacked(t *testing.T) {
	data := pack(t, []Entry{{"zeros", make([]byte, 1<<20)}}, nil)
	if _, err := read(bytes.NewReader(data), int64(len(data)), 1<<20); !errors.Is(err, ErrNone) || !strings.Contains(err.Error(), "MiB unpacked") {
		t.Errorf("error %v of %d bytes that unpack to more than is allowed", err, len(data))
	}
}

func TestNamesThatAreNotWritten(t *testing.T) {
	for _, name := range []string{"../x", "/x", "", ".", "a//b", `a\b`, "a:b", "a\nb", ManifestName} {
		if err := Write(io.Discard, &Manifest{}, []Entry{{name, nil}}, nil); err == nil {
			t.Errorf("a file is called %q", name)
		}
	}
	if err := Write(io.Discard, &Manifest{}, []Entry{{"x", nil}}, []Entry{{"x", nil}}); err == nil {
		t.Error("two files have one name")
	}
}

func TestCompare(t *testing.T) {
	d := mustRead(t, sample(t))
	same := []Entry{{"report.md", []byte("# 7 units\n")}, {"result/size.json", []byte(`{"units": [7, 8]}`)}}
	if got := d.Compare(same); len(got) > 0 {
		t.Errorf("the same files differ: %v", got)
	}
	got := d.Compare([]Entry{{"result/size.json", []byte(`{"units": [7, 9]}`)}, {"new.csv", nil}})
	want := []Fault{
		{"new.csv", "is made now, and not in the dossier"},
		{"report.md", "is in the dossier, and not made now"},
		{"result/size.json", "has units[1] 8, and is made with 9"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	got = d.Compare([]Entry{same[1], {"report.md", []byte("# 7 units\nmore")}})
	if diff := cmp.Diff([]Fault{{"report.md", "has 10 bytes, and is made with 14"}}, got); diff != "" {
		t.Error(diff)
	}
	got = d.Compare([]Entry{same[1], {"report.md", []byte("# 8 units\n")}})
	if diff := cmp.Diff([]Fault{{"report.md", "differs at byte 3, line 1"}}, got); diff != "" {
		t.Error(diff)
	}
}

// A manifest that says something else than the files do is not made again.
func TestManifestIsCompared(t *testing.T) {
	data := repack(t, sample(t), func(name string, data []byte) []Entry {
		if name == ManifestName {
			data = bytes.Replace(data, []byte(`"title": "clinic"`), []byte(`"title": "ward"`), 1)
		}
		return []Entry{{name, data}}
	})
	d := mustRead(t, data)
	if len(d.Faults) > 0 {
		t.Fatalf("faults %v; the files are as they were", d.Faults)
	}
	made := []Entry{{"report.md", d.Data("report.md")}, {"result/size.json", d.Data("result/size.json")}}
	now, err := Encode(&Manifest{Title: "clinic", Inputs: d.Inputs, Build: d.Build}, made, []Entry{{"scenario/clinic.yaml", d.Data("scenario/clinic.yaml")}})
	if err != nil {
		t.Fatal(err)
	}
	want := []Fault{{ManifestName, `has title "ward", and is made with "clinic"`}}
	if diff := cmp.Diff(want, d.Compare(append(made, now))); diff != "" {
		t.Error(diff)
	}
}

func TestUnlikeBuilds(t *testing.T) {
	b := Build{Version: "0.1.0", Revision: "abc", Go: "go1.26", Arch: "amd64"}
	for want, other := range map[string]Build{
		"":                              b,
		"by highwater 0.1.0":            {"0.2.0", "abc", "go1.26", "amd64"},
		"by Go go1.26, and this is go2": {"0.1.0", "abc", "go2", "amd64"},
		"by architecture amd64":         {"0.1.0", "abc", "go1.26", "arm64"},
		"by revision abc":               {"0.1.0", "abd", "go1.26", "amd64"},
	} {
		if got := b.Unlike(&other); !strings.Contains(got, want) || (want == "") != (got == "") {
			t.Errorf("unlike %v: %q, want %q", other, got, want)
		}
	}
	if got := b.Unlike(&Build{"0.1.0", "", "go1.26", "amd64"}); got != "" {
		t.Errorf("a build of an unknown revision: %q", got)
	}
}
