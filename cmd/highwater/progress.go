package main

import (
	"io"
	"os"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// A progress shows on a terminal how much of long work is done.
type progress struct {
	bar  *progressbar.ProgressBar
	file *os.File // the terminal
	time bool     // the time is shown, too
}

// steps is how finely a share of the work is shown.
const steps = 1000

// newProgress shows nothing when standard error is not a terminal.
func newProgress(std stdio, quiet bool, what string) *progress {
	f, ok := terminal(std.err)
	if quiet || !ok {
		return &progress{}
	}
	width, _, err := term.GetSize(int(f.Fd()))
	p := &progress{file: f, time: err != nil || width >= timedFrom}
	p.bar = progressbar.NewOptions(steps, progressbar.OptionSetWriter(f), progressbar.OptionSetDescription(what),
		progressbar.OptionSetPredictTime(p.time), progressbar.OptionSetElapsedTime(p.time), progressbar.OptionClearOnFinish(),
		progressbar.OptionThrottle(100_000_000), progressbar.OptionSetWidth(30))
	return p
}

// Columns of a terminal: from how many on the time is shown, what the bar and
// the share take at least, and what the time takes.
const (
	timedFrom = 72
	barTakes  = 12
	timeTakes = 20
)

// fitting is as many of some parts, from the first on, as there is room for.
// The first is cut.
func fitting(parts []string, room int) string {
	for n := len(parts); n > 0; n-- {
		if text := strings.Join(parts[:n], ", "); utf8.RuneCountInString(text) <= room {
			return text
		}
	}
	if room < 2 {
		return ""
	}
	return string([]rune(parts[0])[:room-1]) + "…"
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
func (p *progress) say(what string) { p.list([]string{what}) }

// list is say of several things: what matters most comes first, and stays when
// there is no room for all.
func (p *progress) list(parts []string) {
	if p.bar == nil {
		return
	}
	width, _, err := term.GetSize(int(p.file.Fd()))
	if err != nil || width == 0 {
		width = 80
	}
	room := width - barTakes
	if p.time {
		room -= timeTakes
	}
	p.bar.Describe(fitting(parts, room))
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
