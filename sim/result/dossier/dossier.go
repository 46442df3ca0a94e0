// Package dossier packs what a sizing request rests on into one ZIP file, and
// reads it again without trusting it.
//
// A dossier has a manifest with the SHA-256 of each other file. Equal contents
// give equal bytes. The hashes show what was changed by chance or by one who
// did not make a new manifest; against others the seal, which is the SHA-256 of
// the manifest, has to be told by another way.
package dossier

import (
	"archive/zip"
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"time"
)

const (
	// Schema is the version of the manifest's format.
	Schema = 1
	// Kind is what manifests call themselves.
	Kind = "dossier"
	// ManifestName is the manifest's name in the ZIP file.
	ManifestName = "manifest.json"

	// MaxFiles bounds the files of a dossier.
	MaxFiles = 1000
	// MaxBytes bounds what they take together when unpacked, in bytes.
	MaxBytes = 512 << 20
	// MaxInput bounds an input that is put into one, in bytes; the rest is for
	// what is made of it.
	MaxInput = 400 << 20
)

// A Manifest says what a dossier has, and how it was made.
type Manifest struct {
	Schema      int    `json:"schema"`
	Kind        string `json:"kind"`
	Title       string `json:"title"` // what it is about
	Answer      string `json:"answer"`
	Fingerprint string `json:"fingerprint,omitempty"` // of the scenario
	Seed        uint64 `json:"seed,omitempty"`

	Build
	Flags  []Flag  `json:"flags"`  // of the report, given
	Inputs []Input `json:"inputs"` // the scenario and the files that it names, or a result
	Files  []File  `json:"files"`  // all but the manifest, by name
}

// A Build is a program that makes dossiers. Equal builds make equal bytes.
type Build struct {
	Version  string `json:"version"`
	Revision string `json:"revision,omitempty"` // of its source, when that is known
	Go       string `json:"go"`                 // the compiler
	Arch     string `json:"arch"`               // the processor's
}

// Unlike says in what another build differs, "" when in nothing that is known.
func (b *Build) Unlike(other *Build) string {
	for _, f := range []struct{ name, made, now string }{
		{"highwater", b.Version, other.Version}, {"Go", b.Go, other.Go}, {"architecture", b.Arch, other.Arch}, {"revision", b.Revision, other.Revision},
	} {
		if f.made != f.now && (f.name != "revision" || f.made != "" && f.now != "") {
			return fmt.Sprintf("it was made by %s %s, and this is %s", f.name, f.made, f.now)
		}
	}
	return ""
}

// A Flag is one of a command and its value.
type Flag struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// An Input is a file that the results were made from.
type Input struct {
	Name string `json:"name"` // that it was read by
	File string `json:"file"` // in the dossier
}

// A File is one of a dossier's.
type File struct {
	Name   string `json:"name"` // path with slashes
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
	Given  bool   `json:"given,omitempty"` // it is an input; else it was made
}

// An Entry is a file's contents.
type Entry struct {
	Name string
	Data []byte
}

// Write writes a dossier of inputs and of what was made of them. Names must
// differ.
func Write(w io.Writer, m *Manifest, made, given []Entry) error {
	manifest, err := Encode(m, made, given)
	if err != nil {
		return err
	}
	all := slices.Concat(made, given)
	slices.SortFunc(all, func(x, y Entry) int { return cmp.Compare(x.Name, y.Name) })
	z := zip.NewWriter(w)
	for _, e := range append([]Entry{manifest}, all...) {
		f, err := z.CreateHeader(&zip.FileHeader{Name: e.Name, Method: zip.Deflate, Modified: stamp})
		if err != nil {
			return err
		}
		if _, err := f.Write(e.Data); err != nil {
			return err
		}
	}
	return z.Close()
}

// Encode is the manifest as a file. It fills the manifest's schema, kind and
// files in.
func Encode(m *Manifest, made, given []Entry) (Entry, error) {
	m.Schema, m.Kind, m.Files = Schema, Kind, []File{}
	for i, e := range slices.Concat(made, given) {
		if why := badName(e.Name); why != "" {
			return Entry{}, fmt.Errorf("dossier: %q %s", e.Name, why)
		}
		m.Files = append(m.Files, File{e.Name, int64(len(e.Data)), hash(e.Data), i >= len(made)})
	}
	slices.SortFunc(m.Files, func(x, y File) int { return cmp.Compare(x.Name, y.Name) })
	for i := 1; i < len(m.Files); i++ {
		if m.Files[i-1].Name == m.Files[i].Name {
			return Entry{}, fmt.Errorf("dossier: two files have the name %q", m.Files[i].Name)
		}
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	err := enc.Encode(m)
	return Entry{ManifestName, b.Bytes()}, err
}

// stamp is when every file says that it was made: the first instant that a ZIP
// file can tell.
var stamp = time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)

func hash(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// badName says what is wrong with a file's name, for those who unpack it.
func badName(name string) string {
	switch {
	case !fs.ValidPath(name) || name == ".":
		return "is not a path within the dossier"
	case strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == 0x7f || strings.ContainsRune(`\:*?"<>|`, r) }):
		return "has a character that not every system allows in names"
	case name == ManifestName:
		return "is the manifest's name"
	}
	return ""
}

// A Dossier is one that was read.
type Dossier struct {
	Manifest
	// Seal is the SHA-256 of the manifest.
	Seal string
	// Faults are the files that are not as the manifest says.
	Faults []Fault

	files map[string][]byte
}

// A Fault is what is wrong with a file.
type Fault struct {
	Name string `json:"name"`
	What string `json:"what"`
}

// ErrNone is the error of a file that is no dossier.
var ErrNone = errors.New("it is no dossier")

// Read reads a dossier and checks each file against the manifest. What differs
// is a fault and no error; it fails when there is no manifest that can be read,
// or more than a dossier may have.
func Read(r io.ReaderAt, size int64) (*Dossier, error) { return read(r, size, MaxBytes) }

func read(r io.ReaderAt, size, left int64) (*Dossier, error) {
	z, err := zip.NewReader(r, size)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNone, err)
	}
	if len(z.File) > MaxFiles+1 {
		return nil, fmt.Errorf("%w: it must have at most %d files, and has %d", ErrNone, MaxFiles, len(z.File))
	}
	d := &Dossier{files: map[string][]byte{}}
	for _, f := range z.File {
		data, err := unpack(f, left)
		left -= int64(len(data))
		_, twice := d.files[f.Name]
		switch {
		case errors.Is(err, errTooLarge):
			return nil, fmt.Errorf("%w: it must have at most %d MiB unpacked, and has more", ErrNone, MaxBytes>>20)
		case twice:
			d.fault(f.Name, "is there twice")
			continue
		case err != nil:
			d.fault(f.Name, "cannot be unpacked: "+err.Error())
			continue
		}
		d.files[f.Name] = data
	}
	manifest, ok := d.files[ManifestName]
	if !ok {
		return nil, fmt.Errorf("%w: it has no %s", ErrNone, ManifestName)
	}
	d.Seal = hash(manifest)
	if err := d.parse(manifest); err != nil {
		return nil, err
	}
	d.check()
	return d, nil
}

var errTooLarge = errors.New("too large")

func unpack(f *zip.File, most int64) ([]byte, error) {
	r, err := f.Open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	data, err := io.ReadAll(io.LimitReader(r, most+1))
	if int64(len(data)) > most {
		return nil, errTooLarge
	}
	return data, err
}

func (d *Dossier) parse(manifest []byte) error {
	if err := json.Unmarshal(manifest, &d.Manifest); err != nil {
		return fmt.Errorf("%w: %s: %w", ErrNone, ManifestName, err)
	}
	if d.Kind != Kind {
		return fmt.Errorf("%w: %s: kind must be %q, not %q", ErrNone, ManifestName, Kind, d.Kind)
	}
	if d.Schema != Schema {
		return fmt.Errorf("%w: %s: schema must be %d, not %d", ErrNone, ManifestName, Schema, d.Schema)
	}
	return nil
}

// check looks for what is not as the manifest says.
func (d *Dossier) check() {
	listed := map[string]bool{}
	for _, f := range d.Files {
		data, ok := d.files[f.Name]
		switch {
		case listed[f.Name]:
			d.fault(f.Name, "is twice in the manifest")
		case badName(f.Name) != "":
			d.fault(f.Name, badName(f.Name))
		case !ok:
			d.fault(f.Name, "is missing")
		case hash(data) != f.SHA256:
			d.fault(f.Name, fmt.Sprintf("has %d bytes with the SHA-256 %s, and the manifest says %d with %s", len(data), hash(data), f.Bytes, f.SHA256))
		case int64(len(data)) != f.Bytes:
			d.fault(f.Name, fmt.Sprintf("has %d bytes, and the manifest says %d", len(data), f.Bytes))
		}
		listed[f.Name] = true
	}
	for name, data := range d.files {
		if !listed[name] && name != ManifestName && (len(data) > 0 || !d.folder(name)) {
			d.fault(name, "is not in the manifest")
		}
	}
	for _, in := range d.Inputs {
		if !listed[in.File] {
			d.fault(in.File, "is an input, and not in the manifest")
		}
	}
	slices.SortStableFunc(d.Faults, func(x, y Fault) int { return cmp.Compare(x.Name, y.Name) })
}

// folder reports whether a name is that of a folder of files, which a ZIP file
// may list, too.
func (d *Dossier) folder(name string) bool {
	return strings.HasSuffix(name, "/") && slices.ContainsFunc(d.Files, func(f File) bool { return strings.HasPrefix(f.Name, name) })
}

func (d *Dossier) fault(name, what string) { d.Faults = append(d.Faults, Fault{name, what}) }

// Data is a file's contents, nil when there is none of that name.
func (d *Dossier) Data(name string) []byte { return d.files[name] }

// Input is the contents of an input by the name that it was read by.
func (d *Dossier) Input(name string) ([]byte, error) {
	for _, in := range d.Inputs {
		if data, ok := d.files[in.File]; ok && in.Name == name {
			return data, nil
		}
	}
	return nil, fmt.Errorf("%s is not in the dossier: %w", name, fs.ErrNotExist)
}

// Compare says which of the files that were made, and the manifest, differ from
// those made now, and how.
func (d *Dossier) Compare(now []Entry) []Fault {
	var list []Fault
	made := map[string]bool{}
	for _, e := range now {
		made[e.Name] = true
		if data, ok := d.files[e.Name]; !ok {
			list = append(list, Fault{e.Name, "is made now, and not in the dossier"})
		} else if !bytes.Equal(data, e.Data) {
			list = append(list, Fault{e.Name, difference(data, e.Data)})
		}
	}
	for _, f := range d.Files {
		if !f.Given && !made[f.Name] {
			list = append(list, Fault{f.Name, "is in the dossier, and not made now"})
		}
	}
	answer := func(f Fault) int { // which matters most
		if f.Name == ManifestName {
			return 0
		}
		return 1
	}
	slices.SortFunc(list, func(x, y Fault) int { return cmp.Or(answer(x)-answer(y), cmp.Compare(x.Name, y.Name)) })
	return list
}

// difference says where two files begin to differ: in JSON by field, else by
// line.
func difference(had, has []byte) string {
	var x, y any
	if json.Unmarshal(had, &x) == nil && json.Unmarshal(has, &y) == nil {
		if place, was, is := unlike("", x, y); place != "" {
			return fmt.Sprintf("has %s %s, and is made with %s", strings.TrimPrefix(place, "."), short(was), short(is))
		}
	}
	line := 1
	for i := range min(len(had), len(has)) {
		if had[i] != has[i] {
			return fmt.Sprintf("differs at byte %d, line %d", i+1, line)
		}
		if had[i] == '\n' {
			line++
		}
	}
	return fmt.Sprintf("has %d bytes, and is made with %d", len(had), len(has))
}

// unlike finds the first field, by its path, that differs between two JSON
// values; its path is "" when none does.
func unlike(at string, x, y any) (place string, was, is any) {
	switch a := x.(type) {
	case map[string]any:
		b, ok := y.(map[string]any)
		if !ok {
			return at, x, y
		}
		for _, key := range keys(a, b) {
			if place, was, is = unlike(at+"."+key, a[key], b[key]); place != "" {
				return place, was, is
			}
		}
		return "", nil, nil
	case []any:
		b, ok := y.([]any)
		if !ok || len(a) != len(b) {
			return at, x, y
		}
		for i := range a {
			if place, was, is = unlike(fmt.Sprintf("%s[%d]", at, i), a[i], b[i]); place != "" {
				return place, was, is
			}
		}
		return "", nil, nil
	}
	if x != y {
		return at, x, y
	}
	return "", nil, nil
}

func keys(a, b map[string]any) []string {
	var list []string
	for k := range a {
		list = append(list, k)
	}
	for k := range b {
		if _, ok := a[k]; !ok {
			list = append(list, k)
		}
	}
	slices.Sort(list)
	return list
}

// mostWords is how long a value may be that is told, in bytes: as long as an
// answer.
const mostWords = 400

// short is a JSON value in few words.
func short(v any) string {
	b, err := json.Marshal(v)
	if err != nil || len(b) > mostWords {
		return "another value"
	}
	return string(b)
}
