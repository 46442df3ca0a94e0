package main

import (
	"os"
	"path/filepath"

	"highwater/scenario"
	"highwater/sim"
	"highwater/sim/trace"

	"github.com/spf13/cobra"
)

func newRun(std stdio) *cobra.Command {
	var traceFile string
	var o sim.Options
	cmd := &cobra.Command{Use: "run [FILE]", RunE: func(cmd *cobra.Command, args []string) error {
		data, err := os.ReadFile(args[0])
		if err != nil {
			return err
		}
		sc, err := scenario.Parse(args[0], data, func(p string) ([]byte, error) {
			return os.ReadFile(filepath.Join(filepath.Dir(args[0]), p))
		})
		if err != nil {
			return &exitError{exitInvalid, err}
		}
		_ = traceFile
		_ = trace.Connect
		res, err := sim.Run(cmd.Context(), sc, o)
		if err != nil {
			return err
		}
		return writeJSON(std.out, res)
	}}
	cmd.Flags().IntVar(&o.Reps, "reps", 0, "")
	return cmd
}
