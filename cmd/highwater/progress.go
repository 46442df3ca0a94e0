package main

import (
	"io"
	"time"

	"github.com/schollz/progressbar/v3"
)

// A progress shows on a terminal how much of long work is done.
type progress struct{ bar *progressbar.ProgressBar }

// steps is how finely a share of the work is shown.
const steps = 1000

// newProgress shows nothing when standard error is not a terminal.
func newProgress(std stdio, quiet bool, what string) *progress {
	if quiet || !isTerminal(std.err) {
		return &progress{}
	}
	return &progress{progressbar.NewOptions(steps, progressbar.OptionSetWriter(std.err), progressbar.OptionSetDescription(what),
		progressbar.OptionSetPredictTime(true), progressbar.OptionClearOnFinish(), progressbar.OptionThrottle(100_000_000),
		progressbar.OptionSetWidth(30))}
}

// show is called with the share that is done, 0 to 1.
func (p *progress) show(share float64) {
	if p.bar != nil {
		_ = p.bar.Set(int(share * steps)) // a terminal that cannot be written to loses its bar
	}
}

// until shows how much of the time before an instant is over, if that is more
// than of the work.
func (p *progress) until(end time.Time) func(share float64) {
	begin := time.Now()
	return func(share float64) { p.show(min(1, max(share, float64(time.Since(begin))/float64(end.Sub(begin))))) }
}

// say changes what is said beside the bar.
func (p *progress) say(what string) {
	if p.bar != nil {
		p.bar.Describe(what)
	}
}

// end takes the bar away.
func (p *progress) end() {
	if p.bar != nil {
		_ = p.bar.Clear()
	}
}

// A metered reader shows how much of a file has been read.
type metered struct {
	r    io.Reader
	p    *progress
	size int64
	n    int64
}

func (m *metered) Read(b []byte) (int, error) {
	n, err := m.r.Read(b)
	m.n += int64(n)
	if m.size > 0 {
		m.p.show(float64(m.n) / float64(m.size))
	}
	return n, err
}
