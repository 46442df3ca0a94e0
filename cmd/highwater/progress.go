package main

import (
	"os"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// A progress shows on a terminal how much of long work is done.
type progress struct {
	std  stdio
	what string
	on   bool
	bar  *progressbar.ProgressBar
}

func newProgress(std stdio, quiet bool, what string) *progress {
	f, ok := std.err.(*os.File)
	return &progress{std: std, what: what, on: ok && !quiet && term.IsTerminal(int(f.Fd()))}
}

// show is called each time that a part is done.
func (p *progress) show(done, total int) {
	if !p.on || total < 2 {
		return
	}
	if p.bar == nil {
		p.bar = progressbar.NewOptions(total, progressbar.OptionSetWriter(p.std.err), progressbar.OptionSetDescription(p.what),
			progressbar.OptionShowCount(), progressbar.OptionSetPredictTime(true), progressbar.OptionClearOnFinish(),
			progressbar.OptionThrottle(100_000_000), progressbar.OptionSetWidth(30))
	}
	_ = p.bar.Set(done) // a terminal that cannot be written to loses its bar
}

// end takes the bar away.
func (p *progress) end() {
	if p.bar != nil {
		_ = p.bar.Clear()
	}
}
