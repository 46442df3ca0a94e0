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
	return newProgressTimed(std, quiet, what, timedFrom)
}

// newProgressTimed is a progress that shows the time from so many columns on.
func newProgressTimed(std stdio, quiet bool, what string, from int) *progress {
	f, ok := terminal(std.err)
	if quiet || !ok {
		return &progress{}
	}
	width, _, err := term.GetSize(int(f.Fd()))
	p := &progress{file: f, time: err != nil || width >= from}
	theme := progressbar.ThemeASCII
	if !p.time {
		theme.BarStart, theme.BarEnd = "", "" // words take their place
	}
	p.bar = progressbar.NewOptions(steps, progressbar.OptionSetWriter(f), progressbar.OptionSetDescription(what),
		progressbar.OptionSetPredictTime(p.time), progressbar.OptionSetElapsedTime(p.time), progressbar.OptionClearOnFinish(),
		progressbar.OptionThrottle(100_000_000), progressbar.OptionSetWidth(30), progressbar.OptionSetTheme(theme))
	return p
}

// Columns of a terminal: from how many on the time is shown, beside a few words
// and beside all that is known of an attack; what the share takes, and what the
// time takes with a bar between brackets.
const (
	timedFrom       = 72
	timedFromAttack = 120
	shareTakes      = 8
	timeTakes       = 24
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

// list is say of several things in some wordings, the longest first: that which
// there is room for. What matters most comes first, and stays when there is no
// room for all. Words go before the bar.
func (p *progress) list(wordings ...[]string) {
	if p.bar == nil {
		return
	}
	width, _, err := term.GetSize(int(p.file.Fd()))
	if err != nil || width == 0 {
		width = 80
	}
	room := width - shareTakes
	if p.time {
		room -= timeTakes
	}
	p.bar.Describe(worded(room, wordings...))
}

// worded is the first wording that there is room for, else what there is room
// for of the last one.
func worded(room int, wordings ...[]string) string {
	for _, parts := range wordings {
		if text := strings.Join(parts, ", "); utf8.RuneCountInString(text) <= room {
			return text
		}
	}
	return fitting(wordings[len(wordings)-1], room)
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
