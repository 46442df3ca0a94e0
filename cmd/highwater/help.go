package main

import (
	"embed"
	"fmt"
	"strings"

	"highwater/scenario"

	"github.com/spf13/cobra"
)

//go:embed help/*.md
var pages embed.FS

const rootHelp = `highwater counts InterSystems license units: with this traffic and this
license, how many will be in use at the peak, when is the first caller refused,
and by what rule?

Usage: highwater COMMAND [flags]

Commands:
  init [FILE]      write a first scenario, with comments
  run [FILE]       simulate a scenario: peak, holders, first refusal
  watch FILE       run each time that the file is saved, and draw it
  size [FILE]      how many units are enough, and how sure is that
  advise [FILE]    which settings save units, how many, and at what cost
  compare [FILE..] what changes by policy, key or scenario, and for whom
  replay TRACE     count a trace or an access log
  explain [FILE]   who holds units at an instant of a scenario or trace, and why
  import LOG...    turn access logs into a trace
  attack [FILE]    send a scenario's requests to a real target
  target [FILE]    answer real requests as a licensed server does
  fit LOG...       make a scenario of an access log
  report [FILE]    one HTML file or Markdown of a result, to attach
  verify DOSSIER   is a sizing dossier whole, and does its answer follow
  gate FILE...     pass or fail by expectations and a baseline
  check FILE...    report every mistake in scenarios
  schema           print a JSON Schema of scenarios for editors
  help TOPIC       more about a command, a topic or a field of scenarios
  completion SHELL complete commands with the Tab key
  man [COMMAND]    manual pages

Topics:
%s
Start here:
  highwater run
`

// topics are the pages of highwater help, in the order of the list.
var topics = []struct{ name, about string }{
	{"tutorial", "from an access log to a sizing request in ten minutes"},
	{"scenario", "the fields of a scenario file"},
	{"rules", "the rules of counting and their public sources"},
	{"sizing", "what the numbers of size mean and rest on"},
	{"gating", "expectations, baselines, and recipes for builds"},
	{"policies", "the policies by name and how to make one's own"},
	{"readings", "where the documents are silent, and what that changes"},
	{"trace", "the format of traces"},
	{"load", "real requests: who sends what when, and how it is measured"},
	{"json", "the results as JSON"},
	{"trust", "how far to trust the figures: what was checked against what"},
	{"exit-codes", "what exit codes mean"},
}

func newTopics() []*cobra.Command {
	var list []*cobra.Command
	for _, t := range topics {
		list = append(list, &cobra.Command{Use: t.name, Short: t.about, Long: topicText(t.name)})
	}
	return list
}

func topicText(name string) string {
	if name == "scenario" {
		return scenarioHelp()
	}
	page, err := pages.ReadFile("help/" + name + ".md")
	if err != nil {
		panic("highwater: no page for topic " + name)
	}
	return string(page)
}

// newHelp is highwater help, which knows commands, topics and fields.
func newHelp(root *cobra.Command, std stdio) *cobra.Command {
	return &cobra.Command{
		Use:   "help TOPIC",
		Short: "more about a command, a topic or a field of scenarios",
		Long:  rootText(),
		ValidArgsFunction: func(_ *cobra.Command, args []string, typed string) (names []string, _ cobra.ShellCompDirective) {
			for _, c := range root.Commands() {
				if len(args) == 0 && !c.Hidden {
					names = append(names, c.Name())
				}
			}
			if len(args) == 0 && typed != "" || len(args) == 1 && args[0] == "scenario" {
				names = append(names, fieldNames()...)
			}
			return names, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(_ *cobra.Command, args []string) error {
			about, rest, err := root.Find(args)
			if err == nil && len(rest) == 0 {
				return about.Help()
			}
			if len(args) == 2 && args[0] == "scenario" {
				args = args[1:]
			}
			if list := fieldsNamed(args[0]); len(args) == 1 && list != nil {
				writeFields(std.out, list)
				return nil
			}
			return noHelp(args, append(subjects(root), fieldNames()...))
		},
	}
}

func rootText() string {
	var b strings.Builder
	for _, t := range topics {
		fmt.Fprintf(&b, "  %-15s  %s\n", t.name, t.about)
	}
	return fmt.Sprintf(rootHelp, b.String())
}

// scenarioHelp is the reference of scenario files, from the table that parses
// them.
func scenarioHelp() string {
	var b strings.Builder
	b.WriteString("# Scenario files\n\nA scenario is one YAML document. Every quantity carries its unit.\n\n## Values\n\n")
	for _, q := range scenario.Quantities() {
		fmt.Fprintf(&b, "- %s: %s. Examples: %s\n", q.Name, q.Doc, strings.Join(quoteAll(q.Examples), ", "))
	}
	for _, o := range scenario.Reference() {
		fmt.Fprintf(&b, "\n## %s\n\n%s.\n", o.Name, strings.TrimSuffix(o.Doc, "."))
		if len(o.Exactly) > 0 {
			fmt.Fprintf(&b, "Exactly one of %s.\n", strings.Join(o.Exactly, ", "))
		}
		b.WriteByte('\n')
		for _, f := range o.Fields {
			b.WriteString(fieldHelp(&f))
		}
		if o.Example != "" {
			fmt.Fprintf(&b, "\nExample:\n\n    %s\n", strings.ReplaceAll(strings.TrimSpace(o.Example), "\n", "\n    "))
		}
	}
	return b.String()
}

func quoteAll(list []string) []string {
	quoted := make([]string, len(list))
	for i, s := range list {
		quoted[i] = "`" + s + "`"
	}
	return quoted
}

func fieldHelp(f *scenario.Field) string {
	var notes []string
	if f.Required {
		notes = append(notes, "required")
	}
	if f.Beside != "" {
		notes = append(notes, "beside "+f.Beside)
	}
	if f.Kinds != nil {
		notes = append(notes, "only "+kindsText(f.Kinds))
	}
	if f.Default != "" {
		notes = append(notes, "default "+f.Default)
	}
	s := fmt.Sprintf("- `%s` (%s", f.Name, f.Type)
	if notes != nil {
		s += "; " + strings.Join(notes, "; ")
	}
	s += "): " + f.Doc + "."
	if f.Example != "" {
		s += " Example: `" + strings.ReplaceAll(f.Example, "\n", " ") + "`."
	}
	return s + "\n"
}
