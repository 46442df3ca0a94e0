// Command highwater counts the InterSystems license units that a scenario, a
// trace or an access log needs: how many are in use at the peak, when, by
// whom, and when the first caller is refused.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop() // os.Exit skips it; the process ends anyway
	os.Exit(run(ctx, os.Args[1:], stdio{os.Stdin, os.Stdout, os.Stderr}))
}

// stdio is where a command reads and writes.
type stdio struct {
	in       io.Reader
	out, err io.Writer
}

// Exit codes; see highwater help exit-codes.
const (
	exitFailed      = 1
	exitUsage       = 2
	exitInvalid     = 4
	exitInterrupted = 130
)

// An exitError knows its exit code.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string { return e.err.Error() }
func (e *exitError) Unwrap() error { return e.err }

// usagef is an error of the command line.
func usagef(format string, args ...any) error {
	return &exitError{exitUsage, fmt.Errorf(format, args...)}
}

// run is the program: it returns the exit code.
func run(ctx context.Context, args []string, std stdio) int {
	root := newRoot(std)
	root.SetArgs(args)
	root.SetIn(std.in)
	root.SetOut(std.out)
	root.SetErr(std.err)
	cmd, err := root.ExecuteContextC(ctx)
	return report(ctx, cmd, err, std.err)
}

// report says what went wrong and finds the exit code: the one place where
// errors become codes.
func report(ctx context.Context, cmd *cobra.Command, err error, w io.Writer) int {
	if err == nil {
		return 0
	}
	var x *exitError
	switch {
	case ctx.Err() != nil && errors.Is(err, ctx.Err()):
		fmt.Fprintln(w, "highwater: interrupted")
		return exitInterrupted
	case !errors.As(err, &x):
		fmt.Fprintf(w, "highwater: %v\n", err)
		return exitFailed
	case x.code == exitInvalid:
		printInvalid(w, x.err)
	case x.code == exitUsage:
		fmt.Fprintf(w, "highwater: %s%v\n", prefix(cmd), x.err)
		fmt.Fprintf(w, "highwater: hint: see %s --help\n", cmd.CommandPath())
	default:
		fmt.Fprintf(w, "highwater: %v\n", x.err)
	}
	return x.code
}

// prefix names the command that an error of usage is about.
func prefix(cmd *cobra.Command) string {
	if !cmd.HasParent() {
		return ""
	}
	return cmd.Name() + ": "
}

// printInvalid prints what is wrong with an input, as compilers do.
func printInvalid(w io.Writer, err error) {
	fmt.Fprintln(w, err)
}

func newRoot(std stdio) *cobra.Command {
	root := &cobra.Command{
		Use:           "highwater",
		Short:         "how many license units will be in use at the peak, and who is refused first",
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          cobra.NoArgs,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return &exitError{exitUsage, err} })
	root.AddCommand(newReplay(std), newRun(std))
	return root
}
