package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"highwater/scenario"
	"highwater/sim/result/words"

	"github.com/spf13/cobra"
)

const initHelp = `What do I write into my first scenario?

Usage: highwater init [FILE] [flags]

Writes a scenario with comments, ready to run and to be changed: scenario.yaml,
or FILE; "-" is standard output. What no flag says is asked on a terminal, and
has its default elsewhere. Beside it goes the schema by which editors complete
and check it, unless there is one. Nothing is overwritten.

Flags:
  --name NAME      what reports call it (the file's name)
  --people N       people who log on at the start (100)
  --devices N      instruments and interfaces that stay connected (10)
  --calls N        REST calls a second, without a web session (2)
  --visitors N     visitors of web pages an hour (60)
  --units N        units of the key; 0 is unlimited (150, or the policy's)
  --policy NAME    how units are counted (iris-2022.3)
  --hours N        how long to simulate, in hours (10)
  --start TIME     when it starts (2026-01-05T08:00:00Z, a Monday)

0 leaves people, devices, calls or visitors out.

Examples:
  highwater init
  highwater init clinic.yaml --people 400 --calls 0.5 --units 500
  highwater init - --people 40 --devices 0 --calls 0 --visitors 0

Exit codes: 0 written; 1 FILE is there already, or cannot be written; 2 usage.
See also: highwater run, highwater watch, highwater help scenario
`

func newInit(std stdio) *cobra.Command {
	list := questions()
	cmd := &cobra.Command{
		Use:   "init [FILE]",
		Short: "write a first scenario",
		Long:  initHelp,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usagef("want one file, not %d", len(args))
			}
			name := "scenario.yaml"
			if len(args) == 1 {
				name = args[0]
			}
			a := answers{name: nameOf(name)}
			open, err := list.flags(cmd, &a)
			if err != nil {
				return err
			}
			if _, err := os.Lstat(name); err == nil && name != "-" {
				return fmt.Errorf("%s is there already, and nothing is overwritten", name)
			}
			if isTerminal(std.in) && isTerminal(std.err) {
				err = ask(abandonable(cmd.Context(), std.in), std.err, &a, open)
			} else {
				err = assume(&a, open)
			}
			if err != nil {
				return err
			}
			return writeFirst(std, name, &a)
		},
	}
	for i := range list {
		cmd.Flags().StringVar(&list[i].flag, list[i].name, "", "")
	}
	return cmd
}

// schemaName is the file that a first scenario points editors to.
const schemaName = "scenario.schema.json"

// writeFirst writes a first scenario, and the schema beside it.
func writeFirst(std stdio, name string, a *answers) error {
	text := a.scenario(name)
	sc, err := scenario.Parse(name, text, nil)
	if err != nil {
		return fmt.Errorf("the answers do not make a scenario: %w", err)
	}
	if name == "-" {
		_, err := std.out.Write(text)
		return err
	}
	if err := writeNew(name, text); err != nil {
		return err
	}
	fmt.Fprintf(std.out, "%s: %s, %s, %s, %s\n", name, sc.Name, words.Span(sc.Duration),
		words.Plural(len(sc.Cohorts), "cohort"), keyText(sc.License.Units, sc.License.Policy.LimitOn.String()))
	beside := filepath.Join(filepath.Dir(name), schemaName)
	switch err := writeNew(beside, scenario.Schema()); {
	case err == nil:
		fmt.Fprintf(std.out, "%s: the schema that editors check it by\n", beside)
	case !errors.Is(err, fs.ErrExist):
		return err
	}
	_, err = fmt.Fprintf(std.out, "\nNext: highwater run %s\n", shellWord(name))
	return err
}

// writeNew writes a file that must not be there yet.
func writeNew(name string, data []byte) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	if _, err := f.Write(data); err != nil {
		_ = f.Close()
		_ = os.Remove(name)
		return err
	}
	return f.Close()
}

// shellWord is a name as a shell takes it.
func shellWord(name string) string {
	if strings.ContainsAny(name, " \t'\"$&|;<>()*?[]#~`!") {
		return `"` + name + `"`
	}
	return name
}

// flags sets the answers that flags give, and lists the open questions.
func (q questionList) flags(cmd *cobra.Command, a *answers) (open []*question, err error) {
	for i := range q {
		one := &q[i]
		if !cmd.Flags().Changed(one.name) {
			open = append(open, one)
		} else if err := one.set(a, one.flag); err != nil {
			return nil, usagef("--%s %w", one.name, err)
		}
	}
	return open, nil
}

// assume takes the defaults.
func assume(a *answers, open []*question) error {
	for _, one := range open {
		if err := one.set(a, one.byDefault(a)); err != nil {
			return err
		}
	}
	if a.empty() {
		return usagef("one of --people, --devices, --calls and --visitors must be > 0")
	}
	return nil
}

// ask asks for what no flag said, each question until it is answered.
func ask(in io.Reader, out io.Writer, a *answers, open []*question) error {
	if len(open) > 0 {
		fmt.Fprintln(out, "Enter takes what stands in brackets.")
	}
	lines := newLineReader(in)
	for i := 0; i < len(open); {
		one := open[i]
		fmt.Fprintf(out, "%s [%s]: ", one.text, one.byDefault(a))
		line, err := lines.read()
		if err == io.EOF {
			return errors.New("the questions ended before the answers did; nothing was written")
		}
		if err != nil {
			return err
		}
		if line == "" {
			line = one.byDefault(a)
		}
		if err := one.set(a, line); err != nil {
			fmt.Fprintf(out, "It %v.\n", err)
			continue
		}
		i++
	}
	if a.empty() {
		return errors.New("a scenario needs people, devices, calls or visitors; nothing was written")
	}
	return nil
}
