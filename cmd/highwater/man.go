package main

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/cpuguy83/go-md2man/v2/md2man"
	"github.com/spf13/cobra"
)

const manHelp = `Where are the manual pages?

Usage: highwater man [COMMAND | TOPIC] [flags]

Prints the manual page of a command or a topic, or of the program, in the
format of man. Commands are in section 1, topics in section 7. What they say is
what highwater help says.

Flags:
  --out DIR  write all pages into a folder instead

Examples:
  highwater man run | man -l -
  highwater man --out ~/.local/share/man

With --out they are DIR/man1/highwater-run.1 and so on, where man finds them if
DIR is in its path (~/.local/share/man mostly is): man highwater-run

Exit codes: 0 written; 1 DIR cannot be written; 2 usage.
See also: highwater help, highwater completion
`

func newMan(std stdio) *cobra.Command {
	var out string
	cmd := &cobra.Command{
		Use:   "man [COMMAND | TOPIC]",
		Short: "print or write manual pages",
		Long:  manHelp,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 && out != "" {
				return usagef("--out writes all pages: want no %q", args[0])
			}
			if out != "" {
				return writeManual(std, cmd.Root(), out)
			}
			about, rest, err := cmd.Root().Find(args)
			if err != nil || len(rest) > 0 {
				return noHelp(args, subjects(cmd.Root()))
			}
			_, err = std.out.Write(manPage(about))
			return err
		},
	}
	cmd.Flags().StringVar(&out, "out", "", "")
	return cmd
}

// subjects are the names of commands and topics.
func subjects(root *cobra.Command) (names []string) {
	for _, c := range root.Commands() {
		names = append(names, c.Name())
	}
	return names
}

// noHelp is the error of those who ask for help on something else.
func noHelp(args, names []string) error {
	given := strings.Join(args, " ")
	if strings.Contains(given, ".") { // a path is like another path
		names = slices.DeleteFunc(names, func(name string) bool { return !strings.Contains(name, ".") })
	}
	return usagef("no help on %q%s", given, meant(given, names))
}

// writeManual writes a page for each command and topic.
func writeManual(std stdio, root *cobra.Command, dir string) error {
	for _, c := range append([]*cobra.Command{root}, root.Commands()...) {
		if c.Hidden || c.Name() == "help" { // whose page is that of the program
			continue
		}
		folder := filepath.Join(dir, fmt.Sprintf("man%d", manSection(c)))
		if err := os.MkdirAll(folder, 0o777); err != nil {
			return err
		}
		name := filepath.Join(folder, fmt.Sprintf("%s.%d", manName(c), manSection(c)))
		if err := writeFile(std, name, func(w io.Writer) error {
			_, err := w.Write(manPage(c))
			return err
		}); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(std.out, "%s: manual pages in man1 and man7\n", dir)
	return err
}

func manName(c *cobra.Command) string { return strings.ReplaceAll(c.CommandPath(), " ", "-") }

// manSection is 1 for commands, 7 for topics.
func manSection(c *cobra.Command) int {
	if c.Runnable() {
		return 1
	}
	return 7
}

// manPage is the page of a command or a topic.
func manPage(c *cobra.Command) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "%% \"%s\" \"%d\" \"\" \"highwater %s\" \"\"\n\n", strings.ToUpper(manName(c)), manSection(c), version)
	fmt.Fprintf(&b, "# NAME\n\n%s - %s\n\n", manName(c), c.Short)
	if manSection(c) == 1 {
		commandPage(&b, c)
	} else {
		b.WriteString(manTable.ReplaceAllString(c.Long, "```\n$0```\n"))
	}
	return md2man.Render([]byte(b.String()))
}

var (
	manHeading = regexp.MustCompile(`^(Flags|Commands|Topics|Examples|Example|Start here):$`)
	manLabel   = regexp.MustCompile(`(?s)^(Usage|Exit codes|See also): (.*)$`)
	manTable   = regexp.MustCompile(`(?m)(?:^\|.*\n)+`) // as it is written: its cells are long
	manItem    = regexp.MustCompile(`^  (\S.*?)(?:  +(\S.*))?$`)
)

// commandPage makes Markdown of the help of a command, which has paragraphs,
// headings with lists below them, and labels.
func commandPage(b *strings.Builder, c *cobra.Command) {
	sections := map[string]*strings.Builder{}
	order := []string{"SYNOPSIS", "DESCRIPTION", "COMMANDS", "OPTIONS", "TOPICS"}
	section := func(name string) *strings.Builder {
		name = cmp.Or(map[string]string{"USAGE": "SYNOPSIS", "FLAGS": "OPTIONS", "EXIT CODES": "EXIT STATUS", "EXAMPLE": "EXAMPLES"}[name], name)
		if sections[name] == nil {
			sections[name] = new(strings.Builder)
			if !slices.Contains(order, name) {
				order = append(order, name)
			}
		}
		return sections[name]
	}
	for _, block := range strings.Split(strings.TrimSpace(c.Long), "\n\n") {
		first, rest, _ := strings.Cut(block, "\n")
		label, heading := manLabel.FindStringSubmatch(block), manHeading.FindStringSubmatch(first)
		switch {
		case heading != nil && slices.Contains([]string{"Flags", "Commands", "Topics"}, heading[1]):
			manItems(section(strings.ToUpper(heading[1])), rest)
		case heading != nil:
			fmt.Fprintf(section(strings.ToUpper(heading[1])), "```\n%s\n```\n\n", rest)
		case label != nil:
			fmt.Fprintf(section(strings.ToUpper(label[1])), "%s\n\n", manText(label[2]))
		case strings.HasPrefix(first, "  "):
			fmt.Fprintf(section("DESCRIPTION"), "```\n%s\n```\n\n", block)
		case strings.HasPrefix(rest, "  "):
			fmt.Fprintf(section("DESCRIPTION"), "%s\n\n```\n%s\n```\n\n", manText(first), rest)
		default:
			fmt.Fprintf(section("DESCRIPTION"), "%s\n\n", manText(block))
		}
	}
	for _, name := range order {
		if s := sections[name]; s != nil {
			fmt.Fprintf(b, "# %s\n\n%s", name, s)
		}
	}
}

// manItems makes a definition list of flags, commands or topics.
func manItems(b *strings.Builder, block string) {
	for _, line := range strings.Split(block, "\n") {
		m := manItem.FindStringSubmatch(line)
		switch {
		case strings.HasPrefix(line, "      ") || m == nil:
			fmt.Fprintf(b, " %s", manText(line))
		default:
			fmt.Fprintf(b, "\n\n**%s**\n: %s", manText(m[1]), manText(m[2]))
		}
	}
	b.WriteString("\n\n")
}

// manText makes one line of a text, without anything that means something in
// Markdown.
func manText(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	var b strings.Builder
	for _, r := range s {
		if strings.ContainsRune("\\`*_[]<>|~&#", r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}
