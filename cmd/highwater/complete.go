package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"highwater/engine"
	"highwater/sim/trace/accesslog"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

const completionHelp = `How does my shell complete commands, flags and their values?

Usage: highwater completion bash|zsh|fish|powershell

Prints a script for a shell, which asks the program itself: for commands and
flags, the files that a command reads, policies (those of the scenario too),
options and their values, formats, topics and fields of scenarios.

In this session; bash needs the package bash-completion for it:
  source <(highwater completion bash)
  source <(highwater completion zsh)
  highwater completion fish | source
  highwater completion powershell | Out-String | Invoke-Expression

In every session, the script belongs in a file:
  bash        ~/.local/share/bash-completion/completions/highwater
  zsh         a folder of $fpath, as _highwater; ~/.zshrc has the line
              autoload -U compinit && compinit
  fish        ~/.config/fish/completions/highwater.fish
  powershell  the file $PROFILE, as the line above

Example:
  highwater completion bash > highwater.bash

See also: highwater help, highwater man
`

func newCompletion(std stdio) *cobra.Command {
	shells := []string{"bash", "zsh", "fish", "powershell"}
	return &cobra.Command{
		Use:       "completion SHELL",
		Short:     "print a script with which a shell completes commands",
		Long:      completionHelp,
		ValidArgs: shells,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 || !slices.Contains(shells, args[0]) {
				given := strings.Join(args, " ")
				return usagef("want one of %s, not %q%s", strings.Join(shells, ", "), given, meant(given, shells))
			}
			write := map[string]func(io.Writer) error{
				"bash":       func(w io.Writer) error { return cmd.Root().GenBashCompletionV2(w, true) },
				"zsh":        cmd.Root().GenZshCompletion,
				"fish":       func(w io.Writer) error { return cmd.Root().GenFishCompletion(w, true) },
				"powershell": cmd.Root().GenPowerShellCompletionWithDesc,
			}
			return write[args[0]](std.out)
		},
	}
}

// What commands read, by the ends of names.
var (
	scenarioFiles = []string{"yaml", "yml"}
	studyFiles    = []string{"yaml", "yml", "json", "jsonl", "gz", "zst"}
	reads         = map[string][]string{
		"run": scenarioFiles, "size": scenarioFiles, "advise": scenarioFiles, "compare": scenarioFiles, "check": scenarioFiles,
		"watch": scenarioFiles, "init": scenarioFiles, "target": scenarioFiles, "attack": scenarioFiles,
		"explain": studyFiles, "gate": studyFiles, "report": append([]string{"log"}, studyFiles...),
	}
)

// flagWords are the values of flags that have few, by the flag's name, which means
// the same everywhere.
var flagWords = map[string][]string{
	"chart": {"auto", "braille", "ascii"}, "view": {"rest", "csp"}, "id": {"anything", "user", "session", "forwarded", "address"},
	"time-unit": {"s", "ms", "us", "ns"}, "time-is": {"start", "end"}, "at": {"peak", "first-refusal"},
	"risk": {"5%", "1%", "0.1%"}, "confidence": {"95%", "99%", "99.9%"},
}

// flagFiles and flagFolders are flags that name those; other values of flags
// are not completed.
var (
	flagFiles   = []string{"output", "trace", "series", "baseline", "junit", "sarif", "badge", "expect", "markdown", "dossier", "record", "allow", "ca", "cert", "key"}
	flagFolders = []string{"out", "charts"}
)

// completes tells the shells' scripts what the arguments and flags of all
// commands may be.
func completes(root *cobra.Command, std stdio) {
	for _, cmd := range root.Commands() {
		if ends := reads[cmd.Name()]; ends != nil {
			cmd.ValidArgsFunction = func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
				return ends, cobra.ShellCompDirectiveFilterFileExt
			}
		}
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			if complete := flagCompletion(f, std); complete != nil {
				_ = cmd.RegisterFlagCompletionFunc(f.Name, complete) // fails for a flag that has one
			}
		})
	}
}

func flagCompletion(f *pflag.Flag, std stdio) cobra.CompletionFunc {
	switch {
	case f.Name == "policy":
		return func(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
			return completePolicies(cmd, std, args, typed), cobra.ShellCompDirectiveNoFileComp
		}
	case f.Name == "set":
		return completeOptions
	case f.Name == "format" || f.Name == "from":
		return cobra.FixedCompletions(logFormats(), cobra.ShellCompDirectiveNoFileComp)
	case flagWords[f.Name] != nil:
		return cobra.FixedCompletions(flagWords[f.Name], cobra.ShellCompDirectiveNoFileComp)
	case slices.Contains(flagFolders, f.Name):
		return cobra.FixedCompletions(nil, cobra.ShellCompDirectiveFilterDirs)
	case f.Value.Type() == "bool" || slices.Contains(flagFiles, f.Name):
		return nil
	}
	return cobra.NoFileCompletions
}

// completePolicies lists policies, also behind others and a comma, and those
// that the scenario defines.
func completePolicies(cmd *cobra.Command, std stdio, args []string, typed string) (list []string) {
	before := typed[:strings.LastIndex(typed, ",")+1]
	given := strings.Split(before, ",")
	add := func(name, help string) {
		if !slices.Contains(given, name) {
			list = append(list, before+name+"\t"+help)
		}
	}
	for _, name := range engine.PolicyNames() {
		add(name, engine.PolicyHelp(name))
	}
	if len(args) == 0 || args[0] == "-" {
		return list
	}
	if l, err := loadScenario(cmd.Context(), std, args[:1]); err == nil {
		for _, p := range l.scenario.Policies() {
			if !slices.Contains(engine.PolicyNames(), p.Name) {
				add(p.Name, "of the scenario")
			}
		}
	}
	return list
}

// completeOptions lists the options of --set, and behind = their values.
func completeOptions(_ *cobra.Command, _ []string, typed string) (list []string, _ cobra.ShellCompDirective) {
	name, _, valued := strings.Cut(typed, "=")
	for _, o := range engine.Options() {
		if !valued {
			list = append(list, o.Name+"=\t"+o.Help)
		}
		if !valued || o.Name != name {
			continue
		}
		values := o.Values
		if o.Kind == "bool" {
			values = []string{"true", "false"}
		}
		for _, v := range values {
			list = append(list, o.Name+"="+v)
		}
	}
	if valued {
		return list, cobra.ShellCompDirectiveNoFileComp
	}
	return list, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
}

func logFormats() []string {
	list := []string{"auto"}
	for _, f := range accesslog.Formats() {
		list = append(list, fmt.Sprintf("%s\t%s", f.Name, f.About))
	}
	return list
}
