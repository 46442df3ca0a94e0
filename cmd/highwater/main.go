// Command highwater counts the InterSystems license units that a scenario, a
// trace or an access log needs: how many are in use at the peak, when, by
// whom, and when the first caller is refused.
package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"highwater/scenario"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// version of the program. Results carry it.
const version = "0.1.0"

func main() {
	ctx, cancel := context.WithCancelCause(context.Background())
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		cancel(&interrupted{<-signals})
		signal.Stop(signals) // the next one ends the process at once
	}()
	os.Exit(run(ctx, os.Args[1:], stdio{os.Stdin, os.Stdout, os.Stderr}))
}

// interrupted is why the context ended: a signal.
type interrupted struct{ signal os.Signal }

func (i *interrupted) Error() string { return i.signal.String() }

// stdio is where a command reads and writes.
type stdio struct {
	in       io.Reader
	out, err io.Writer
}

// print prints a result as text or JSON.
func (s stdio) print(asJSON bool, res any, text func(io.Writer)) error {
	if asJSON {
		return writeJSON(s.out, res)
	}
	w := bufio.NewWriter(s.out)
	text(w)
	return w.Flush()
}

// Exit codes; see highwater help exit-codes.
const (
	exitFailed       = 1
	exitUsage        = 2
	exitNo           = 3
	exitInvalid      = 4
	exitInconclusive = 5
	exitInterrupted  = 130
	exitTerminated   = 143
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
	out := &mindful{w: std.out}
	std.out = out
	root := newRoot(std)
	root.SetArgs(args)
	root.SetIn(std.in)
	root.SetOut(std.out)
	root.SetErr(std.err)
	cmd, err := root.ExecuteContextC(ctx)
	if err == nil {
		err = out.err
	}
	return conclude(ctx, cmd, err, std.err)
}

// A mindful writer remembers that it failed, for those who do not look.
type mindful struct {
	w   io.Writer
	err error
}

func (m *mindful) Write(b []byte) (int, error) {
	n, err := m.w.Write(b)
	if m.err == nil {
		m.err = err
	}
	return n, err
}

// conclude says what went wrong and finds the exit code: the one place where
// errors become codes.
func conclude(ctx context.Context, cmd *cobra.Command, err error, w io.Writer) int {
	if err == nil {
		return 0
	}
	var x *exitError
	switch {
	case ctx.Err() != nil && errors.Is(err, ctx.Err()):
		fmt.Fprintln(w, "highwater: interrupted")
		if i, ok := context.Cause(ctx).(*interrupted); ok && i.signal == syscall.SIGTERM {
			return exitTerminated
		}
		return exitInterrupted
	case !errors.As(err, &x):
		printFailure(w, err)
		return exitFailed
	case x.code == exitInvalid:
		printInvalid(w, x.err)
	case x.code == exitUsage:
		fmt.Fprintf(w, "highwater: %s%v\n", prefix(cmd), x.err)
		fmt.Fprintf(w, "highwater: hint: see %s --help\n", cmd.CommandPath())
	default:
		printFailure(w, x.err)
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

// errPrinted stands for mistakes that have been printed.
var errPrinted = errors.New("")

// hinted is an error with advice, which is printed on a line of its own.
type hinted struct {
	err  error
	hint string
}

func (h *hinted) Error() string { return h.err.Error() }
func (h *hinted) Unwrap() error { return h.err }

func withHint(err error, hint string) error {
	if hint == "" {
		return err
	}
	return &hinted{err, hint}
}

// printFailure prints why the program could not do what it should.
func printFailure(w io.Writer, err error) {
	fmt.Fprintf(w, "highwater: %v\n", err)
	var h *hinted
	if errors.As(err, &h) {
		fmt.Fprintln(w, "highwater: hint:", h.hint)
	}
}

// printInvalid prints what is wrong with an input, as compilers do.
func printInvalid(w io.Writer, err error) {
	var list scenario.Errors
	var h *hinted
	switch {
	case err == errPrinted:
	case errors.As(err, &list):
		for _, e := range list {
			fmt.Fprintln(w, e)
			if e.Hint != "" {
				fmt.Fprintln(w, "highwater: hint:", e.Hint)
			}
		}
	case errors.As(err, &h):
		fmt.Fprintf(w, "%v\nhighwater: hint: %s\n", h.err, h.hint)
	default:
		fmt.Fprintln(w, err)
	}
}

// flagError words what is wrong with a flag.
func flagError(cmd *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	if errors.As(err, &unknown) && unknown.GetSpecifiedShortnames() == "" {
		var names []string
		cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, "--"+f.Name) })
		return usagef("%w%s", err, meant("--"+unknown.GetSpecifiedName(), names))
	}
	var value *pflag.InvalidValueError
	if errors.As(err, &value) {
		want := map[string]string{
			"int": "a whole number", "uint64": "a whole number >= 0", "duration": "a time such as 15m", "bool": "true or false",
			"stringSlice": "a list of names with commas", "intSlice": "whole numbers with commas",
		}
		f := value.GetFlag()
		return usagef("--%s must be %s, not %q", f.Name, want[f.Value.Type()], value.GetValue())
	}
	return &exitError{exitUsage, err}
}

func newRoot(std stdio) *cobra.Command {
	root := &cobra.Command{
		Use:           "highwater",
		Short:         "how many license units are in use at the peak, and who is refused first",
		Long:          rootText(),
		Version:       version,
		SilenceUsage:  true,
		SilenceErrors: true,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			return usagef("unknown command %q%s", args[0], meant(args[0], subjects(cmd)))
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetVersionTemplate("highwater {{.Version}}\n")
	root.SetHelpFunc(func(cmd *cobra.Command, _ []string) { fmt.Fprint(std.out, cmd.Long) })
	root.SetFlagErrorFunc(flagError)
	root.SetHelpCommand(newHelp(root, std))
	root.AddCommand(newRun(std), newSize(std), newAdvise(std), newCompare(std), newReplay(std), newExplain(std), newImport(std), newFit(std), newReport(std), newVerify(std), newGate(std), newCheck(std), newSchema(std))
	root.AddCommand(newAttack(std), newTarget(std), newInit(std), newWatch(std), newCompletion(std), newMan(std))
	root.AddCommand(newTopics()...)
	completes(root, std)
	return root
}
