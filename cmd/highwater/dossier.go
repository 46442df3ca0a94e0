package main

import (
	"bytes"
	"fmt"
	"io"
	"path"
	"runtime"
	"runtime/debug"
	"slices"

	"highwater/plots/report"
	"highwater/sim/result/dossier"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// writeDossier writes a report with all that it rests on.
func writeDossier(w io.Writer, cmd *cobra.Command, r *report.Report, it *reported) error {
	m, given := dossierManifest(cmd, r, it)
	made, err := dossierParts(r, it)
	if err != nil {
		return err
	}
	return dossier.Write(w, m, made, given)
}

// dossierManifest is the manifest, but for the files, and the inputs.
func dossierManifest(cmd *cobra.Command, r *report.Report, it *reported) (m *dossier.Manifest, given []dossier.Entry) {
	m = &dossier.Manifest{Title: r.Title(), Answer: r.Answer(), Build: build(), Flags: flagsGiven(cmd, remaking()), Inputs: []dossier.Input{}}
	if s := it.src.Sizing; s != nil {
		m.Fingerprint, m.Seed = s.Fingerprint, s.Seed
	}
	for i, in := range it.inputs {
		name := "input/" + fileName(path.Base(in.Name))
		if i > 0 {
			name = fmt.Sprintf("input/%d-%s", i+1, fileName(path.Base(in.Name)))
		}
		m.Inputs = append(m.Inputs, dossier.Input{Name: in.Name, File: name})
		given = append(given, dossier.Entry{Name: name, Data: in.Data})
	}
	return m, given
}

// dossierParts are the files of a dossier that are made of its inputs.
func dossierParts(r *report.Report, it *reported) ([]dossier.Entry, error) {
	files := []artefact{{"METHOD.md", writeMethod}, {"report.html", r.WriteHTML}, {"report.md", r.WriteMarkdown}}
	for _, file := range charts(r) {
		files = append(files, artefact{"charts/" + file.name, file.write})
	}
	if it.made { // else the result is the input
		for _, res := range []struct {
			name  string
			value any
			known bool
		}{
			{"sizing", it.src.Sizing, it.src.Sizing != nil},
			{"simulation", it.src.Simulation, it.src.Simulation != nil},
			{"comparison", it.src.Comparison, it.src.Comparison != nil},
			{"replay", it.src.Replay, it.src.Replay != nil},
			{"explanation", it.src.Explanation, it.src.Explanation != nil},
			{"readings", it.src.Readings, it.src.Readings != nil},
			{"advice", it.src.Advice, it.src.Advice != nil},
		} {
			if res.known {
				files = append(files, artefact{"result/" + res.name + ".json", func(w io.Writer) error { return writeJSON(w, res.value) }})
			}
		}
	}
	var list []dossier.Entry
	for _, file := range files {
		var b bytes.Buffer
		if err := file.write(&b); err != nil {
			return nil, err
		}
		list = append(list, dossier.Entry{Name: file.name, Data: b.Bytes()})
	}
	return list, nil
}

const methodHelp = `# Method and limits

This page belongs to a dossier: a scenario, a trace, access logs or a measured
result, what highwater made of it, and manifest.json with the SHA-256 of each file. What was asked, with
which assumptions, and the answer stand at the head of report.html and
report.md; what the scenario says, under input.

Who has the same version of the program, built by the same Go for the same
architecture, makes the same bytes from the input again:

    highwater verify DOSSIER.zip

The hashes show what was changed by chance, or by one who did not make a new
manifest as well. Whoever wants to know that the dossier is the one that was
sent compares the SHA-256 of the manifest, which verify prints, with one told by
another way, such as a signed letter. Where the input is a scenario, the figures
follow from it; whether it is true to the site is for its people to say. Where it
is a trace or access logs, the figures follow from those, and nothing here shows
that they are all that happened. Where the input is a result, the report follows
from that, and nothing here shows what the result came of.

The pages that follow come with the program: what the figures mean, by which
rules units are counted and where those are published, which readings were taken
where the documents are silent, and how far to trust all of it.
`

// writeMethod is the statement of method and limits.
func writeMethod(w io.Writer) error {
	if _, err := io.WriteString(w, methodHelp); err != nil {
		return err
	}
	for _, name := range []string{"sizing", "rules", "readings", "trust"} {
		if _, err := fmt.Fprintf(w, "\n%s", topicText(name)); err != nil {
			return err
		}
	}
	return nil
}

// build is this program's.
func build() dossier.Build {
	b := dossier.Build{Version: version, Go: runtime.Version(), Arch: runtime.GOARCH}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			switch {
			case s.Key == "vcs.revision":
				b.Revision = s.Value + b.Revision
			case s.Key == "vcs.modified" && s.Value == "true":
				b.Revision += " with changes"
			}
		}
	}
	return b
}

// flagsGiven are those of some flags that were given, each value apart.
func flagsGiven(cmd *cobra.Command, names []string) []dossier.Flag {
	list := []dossier.Flag{}
	cmd.Flags().Visit(func(f *pflag.Flag) {
		if !slices.Contains(names, f.Name) {
			return
		}
		values := []string{f.Value.String()}
		if s, ok := f.Value.(pflag.SliceValue); ok {
			values = s.GetSlice()
		}
		for _, v := range values {
			list = append(list, dossier.Flag{Name: f.Name, Value: v})
		}
	})
	return list
}
