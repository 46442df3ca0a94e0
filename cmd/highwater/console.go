package main

import (
	"os"

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
