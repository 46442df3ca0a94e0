package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"highwater/plots/report"
	"highwater/sim/result/dossier"
	"highwater/sim/result/words"

	"github.com/spf13/cobra"
)

const verifyHelp = `Is this sizing dossier whole, and does its answer follow from its scenario?

Usage: highwater verify DOSSIER [flags]

Reads a ZIP file that highwater report --dossier wrote. Each file must have the
SHA-256 that the manifest says. Then everything is made anew from the scenario,
trace or logs, with the flags of then, and must have the same bytes. Only the
same version of the program, built by the same Go for the same architecture, can
do that; another says so, and the verdict is inconclusive. Where the input is a
result, the report alone is made anew from it: that is all of a measured result,
which only attack has, and inconclusive of one that was simulated or counted.
Nothing is unpacked to disk.

Flags:
  --hashes     compare the hashes alone
  --workers N  processors to use; the bytes are the same
  --json       print the result as JSON
  -q           no progress

The SHA-256 of the manifest is the dossier's seal: who compares it with one that
was told by another way knows that it is the dossier that was sent.

Examples:
  highwater verify clinic.zip
  highwater verify clinic.zip --hashes

Exit codes: 0 all files are as they were made; 2 usage; 3 some are not; 4 it is
no dossier; 5 they could not be made anew; 130 interrupted.
See also: highwater report, highwater help trust
`

// Verdicts on a dossier that is as it was made.
const (
	verified       = "verified"        // all of it was made anew
	reportVerified = "report verified" // of a measured result, which cannot be
)

// A verification is what came of verifying a dossier.
type verification struct {
	Schema  int             `json:"schema"`
	Kind    string          `json:"kind"` // "verification"
	Version string          `json:"version"`
	Dossier string          `json:"dossier"` // what it is about
	Answer  string          `json:"answer"`
	Seal    string          `json:"seal"` // SHA-256 of the manifest
	Files   int             `json:"files"`
	Faults  []dossier.Fault `json:"faults"`               // what is not as the manifest says
	Remade  int             `json:"remade"`               // files
	NotMade string          `json:"not_remade,omitempty"` // why
	Differ  []dossier.Fault `json:"differ"`               // of the files made anew
	Verdict string          `json:"verdict"`              // verified, report verified, hashes hold, changed, differs, inconclusive

	made     dossier.Build
	measured bool // the input is a measured result
}

func newVerify(std stdio) *cobra.Command {
	var hashes, asJSON, quiet bool
	var workers int
	cmd := &cobra.Command{
		Use:   "verify DOSSIER",
		Short: "is a sizing dossier whole, and does its answer follow",
		Long:  verifyHelp,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usagef("want one dossier, not %d files", len(args))
			}
			if cmd.Flags().Changed("workers") && workers < 1 {
				return usagef("--workers must be > 0, not %d", workers)
			}
			d, err := openDossier(args[0])
			if err != nil {
				return err
			}
			v := &verification{
				Schema: dossier.Schema, Kind: "verification", Version: version, Dossier: d.Title, Answer: d.Answer,
				Seal: d.Seal, Files: len(d.Files), Faults: append([]dossier.Fault{}, d.Faults...), Differ: []dossier.Fault{}, made: d.Build,
			}
			if len(v.Faults) == 0 && !hashes {
				if err := v.remake(cmd.Context(), std, d, workers, quiet); err != nil {
					return err
				}
			}
			return v.conclude(std, args[0], hashes, asJSON)
		},
	}
	cmd.Flags().BoolVar(&hashes, "hashes", false, "")
	cmd.Flags().IntVar(&workers, "workers", 0, "")
	cmd.Flags().BoolVar(&asJSON, "json", false, "")
	cmd.Flags().BoolVarP(&quiet, "quiet", "q", false, "")
	return cmd
}

func openDossier(name string) (*dossier.Dossier, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		return nil, fmt.Errorf("%s: is a directory", name)
	}
	d, err := dossier.Read(f, info.Size())
	if errors.Is(err, dossier.ErrNone) {
		return nil, &exitError{exitInvalid, fmt.Errorf("%s: %w", name, err)}
	}
	return d, err
}

// remake makes the files anew and compares them, or says why it cannot.
func (v *verification) remake(ctx context.Context, std stdio, d *dossier.Dossier, workers int, quiet bool) error {
	now := build()
	if v.NotMade = d.Build.Unlike(&now); v.NotMade != "" {
		return nil
	}
	if len(d.Inputs) == 0 {
		v.NotMade = "it has no input"
		return nil
	}
	it, made, err := made(ctx, std, d, workers, quiet)
	if err != nil {
		return err
	}
	v.Remade, v.Differ = len(made), append(v.Differ, d.Compare(made)...)
	v.measured = !it.made && it.src.Attack != nil && it.src.Attack.Sent != nil
	if !it.made && !v.measured {
		of := "scenario that was simulated"
		if it.src.Replay != nil {
			of = "trace or logs that were counted"
		}
		v.NotMade = "it has a result and not the " + of + "; the report alone follows from that"
	}
	return nil
}

// made are the files that a dossier's inputs make now, the manifest too.
func made(ctx context.Context, std stdio, d *dossier.Dossier, workers int, quiet bool) (*reported, []dossier.Entry, error) {
	cmd, f := newReportFlags(std)
	cmd.SetContext(ctx)
	for _, flag := range d.Flags {
		if !slices.Contains(remaking(), flag.Name) {
			return nil, nil, &exitError{exitInvalid, fmt.Errorf("%s: --%s is not one on which results depend", dossier.ManifestName, visible(flag.Name))}
		}
		if err := cmd.Flags().Set(flag.Name, flag.Value); err != nil {
			return nil, nil, &exitError{exitInvalid, fmt.Errorf("%s: --%s: %w", dossier.ManifestName, flag.Name, err)}
		}
	}
	for _, in := range d.Inputs { // messages have them
		if visible(in.Name) != in.Name {
			return nil, nil, &exitError{exitInvalid, fmt.Errorf("%s: the name of an input must be printable, not %q", dossier.ManifestName, in.Name)}
		}
	}
	f.study.sim.Workers, f.study.quiet = workers, quiet
	if err := f.check(cmd, nil); err != nil {
		return nil, nil, &exitError{exitInvalid, fmt.Errorf("%s: %w", dossier.ManifestName, err)}
	}
	name := d.Inputs[0].Name
	data, err := d.Input(name)
	if err != nil {
		return nil, nil, err
	}
	begin, err := beginning(inDossier(ctx, d), name)
	if err != nil {
		return nil, nil, err
	}
	var it *reported
	switch kind := kindOf(begin).by(name); {
	case f.from != "" || kind == aTrace:
		it, err = f.remade(ctx, cmd, std, d)
	case kind == aResult:
		it, err = reportedResult(name, data)
	default:
		var sc *loaded
		if sc, err = parseLoaded(name, data, d.Input); err == nil {
			it, err = f.make(cmd, std, sc)
		}
	}
	if err != nil {
		return nil, nil, err
	}
	r, err := report.New(it.src)
	if err != nil {
		return nil, nil, &exitError{exitInvalid, fmt.Errorf("%s: %w", name, err)}
	}
	m, given := dossierManifest(cmd, r, it)
	m.Build = d.Build // which is like this one
	files, err := dossierParts(r, it)
	if err != nil {
		return nil, nil, err
	}
	manifest, err := dossier.Encode(m, files, given)
	return it, append(files, manifest), err
}

// conclude prints the result and finds the exit code.
func (v *verification) conclude(std stdio, name string, hashes, asJSON bool) error {
	var verdict error
	switch {
	case len(v.Faults) > 0:
		v.Verdict = "changed"
		verdict = &exitError{exitNo, fmt.Errorf("%s: %s not as the manifest says", name, filesAre(len(v.Faults)))}
	case len(v.Differ) > 0:
		v.Verdict = "differs"
		verdict = &exitError{exitNo, fmt.Errorf("%s: %s made otherwise now", name, filesAre(len(v.Differ)))}
	case hashes:
		v.Verdict = "hashes hold"
	case v.NotMade != "":
		v.Verdict = "inconclusive"
		verdict = &exitError{exitInconclusive, fmt.Errorf("%s: not verified: %s", name, v.NotMade)}
	case v.measured:
		v.Verdict = reportVerified
	default:
		v.Verdict = verified
	}
	var err error
	if asJSON {
		err = writeJSON(std.out, v)
	} else {
		v.write(std.out, name)
	}
	return errors.Join(err, verdict)
}

// write tells a person what came of it.
func (v *verification) write(w io.Writer, name string) {
	fmt.Fprintf(w, "%s: dossier of %s\n\n", name, printable(v.Dossier))
	says := "It says, unverified: "
	switch v.Verdict {
	case verified:
		says = ""
	case reportVerified:
		says = "By what was measured, which cannot be made anew: "
	}
	paragraph(w, "", says+visible(v.Answer))
	lines := [][2]string{
		{"made by", fmt.Sprintf("highwater %s, %s, %s", printable(v.made.Version), printable(v.made.Go), printable(v.made.Arch))},
		{"seal", v.Seal + " (SHA-256 of the manifest)"},
		{"files", words.Number(v.Files) + allBut(len(v.Faults), "as the manifest says")},
	}
	if v.Remade > 0 {
		lines = append(lines, [2]string{"made anew", words.Number(v.Remade) + allBut(len(v.Differ), "with the same bytes")})
	}
	if v.NotMade != "" && v.Remade > 0 {
		lines = append(lines, [2]string{"but", v.NotMade})
	} else if v.NotMade != "" {
		lines = append(lines, [2]string{"made anew", "no: " + v.NotMade})
	}
	lines = append(lines, [2]string{"verdict", v.Verdict})
	fmt.Fprintln(w)
	labelled(w, lines)
	list := slices.Concat(v.Faults, v.Differ)
	for _, f := range list[:min(len(list), mostFaults)] {
		paragraph(w, "", visible(f.Name+" "+f.What))
	}
	if n := len(list) - mostFaults; n > 0 {
		fmt.Fprintf(w, "and %s; --json has all\n", words.Plural(n, "other file"))
	}
}

// mostFaults is how many files a person is told of.
const mostFaults = 10

// allBut says that things are so, but for some.
func allBut(n int, so string) string {
	if n == 0 {
		return ", each " + so
	}
	return ", each " + so + " but for " + words.Number(n)
}

func filesAre(n int) string {
	if n == 1 {
		return "1 file is"
	}
	return words.Number(n) + " files are"
}
