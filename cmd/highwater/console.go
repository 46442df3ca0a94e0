package main

import (
	"os"
	"runtime"
	"strings"

	draw "highwater/plots/term"

	"github.com/spf13/cobra"
	"golang.org/x/term"
)

// terminal is the terminal that one of the standard streams is.
func terminal(stream any) (*os.File, bool) {
	if m, ok := stream.(*mindful); ok {
		stream = m.w
	}
	f, ok := stream.(*os.File)
	return f, ok && term.IsTerminal(int(f.Fd()))
}

func isTerminal(stream any) bool {
	_, ok := terminal(stream)
	return ok
}

// A console is what a terminal can show. The zero console is no terminal.
type console struct {
	width, height int // 0 when it is not known
	colors        bool
	ascii         bool
	moves         bool // the cursor, by escape sequences
}

// consoleOf is what standard output can show: on anything but a terminal all
// but colors, so that equal inputs give equal bytes.
func consoleOf(std stdio) console {
	f, ok := terminal(std.out)
	if !ok {
		return console{}
	}
	c := console{ascii: !unicoded(runtime.GOOS, os.Getenv), moves: os.Getenv("TERM") != "dumb" && escapes(f)}
	c.colors = c.moves && os.Getenv("NO_COLOR") == "" // see no-color.org
	c.width, c.height, _ = term.GetSize(int(f.Fd()))  // 0 when it does not say
	return c
}

// unicoded reports whether a terminal shows more than ASCII: by the locale, but
// on Windows, whose consoles are written to in Unicode.
func unicoded(goos string, env func(string) string) bool {
	if goos == "windows" {
		return true
	}
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if v := env(name); v != "" {
			v = strings.ToLower(strings.ReplaceAll(v, "-", ""))
			return strings.Contains(v, "utf8")
		}
	}
	return false
}

// chartFlag is --chart.
type chartFlag struct{ how string }

func (c *chartFlag) flag(cmd *cobra.Command) {
	cmd.Flags().StringVar(&c.how, "chart", "", "")
	cmd.Flags().Lookup("chart").NoOptDefVal = "auto"
}

// options say how charts are drawn; nil when none are asked for.
func (c *chartFlag) options(cmd *cobra.Command, std stdio) (*draw.Options, error) {
	if !cmd.Flags().Changed("chart") {
		return nil, nil
	}
	if other := firstGiven(cmd, "json", "readings"); other != "" {
		return nil, usagef("--chart and --%s exclude each other", other)
	}
	con, err := c.console(std)
	return con.charts(), err
}

// console is what charts are drawn on.
func (c *chartFlag) console(std stdio) (console, error) {
	con := consoleOf(std)
	switch c.how {
	case "", "auto":
	case "braille":
		con.ascii = false
	case "ascii":
		con.ascii = true
	default:
		return con, usagef("--chart must be auto, braille or ascii, not %q%s", c.how, meant(c.how, []string{"auto", "braille", "ascii"}))
	}
	return con, nil
}

// charts is how charts are drawn on it.
func (c console) charts() *draw.Options {
	o := &draw.Options{Width: draw.DefaultWidth, ASCII: c.ascii, Color: c.colors}
	if c.width > 0 {
		o.Width = min(c.width, widest)
	}
	return o
}

// widest is how wide a chart may be: a wider one is not clearer.
const widest = 160
