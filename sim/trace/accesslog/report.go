package accesslog

import (
	"fmt"
	"math"
	"strconv"
	"time"

	"highwater/engine"
	"highwater/sim/stats"
)

// A Report says what was read and what was made of it. Every line is one of
// Requests, Comments, Filtered, Empty, Undispatched and NotLog.
type Report struct {
	Sources []SourceReport `json:"sources"`

	Lines        int         `json:"lines"`
	Requests     int         `json:"requests"`
	Comments     int         `json:"comments"`     // empty lines and directives
	Filtered     int         `json:"filtered"`     // requests outside Only or in Except
	Empty        int         `json:"empty"`        // connections without a request
	Undispatched int         `json:"undispatched"` // requests that the server sent nowhere, which hold no unit
	NotLog       int         `json:"not_log"`      // lines that are not of the format
	Rejected     []Rejection `json:"rejected"`     // the first of them

	Nameless       int         `json:"nameless"`     // requests without an address
	Cut            int         `json:"cut"`          // requests that a log cut short
	OutOfOrder     int         `json:"out_of_order"` // requests that began before the one on the line before
	MaxDisorder    engine.Time `json:"max_disorder"` // how far behind the latest one so far, at most
	LongestRequest engine.Time `json:"longest_request"`
	Busiest        int         `json:"busiest"` // most requests that began in one second
	First          time.Time   `json:"first"`   // when the first request began
	Last           time.Time   `json:"last"`    // when the last one ended
	Callers        int         `json:"callers"` // different identities

	Unidentified int `json:"unidentified"` // requests without the identity that was asked for, told apart by address

	// The CSP view.
	Pages          int `json:"pages"`           // requests that count as pages
	Assets         int `json:"assets"`          // requests that do not
	LogoutRequests int `json:"logout_requests"` // requests that log out, which are neither
	Sessions       int `json:"sessions"`
	OnePage        int `json:"one_page"` // sessions of one page
	Logouts        int `json:"logouts"`  // sessions that ended by a logout
	Open           int `json:"open"`     // sessions that the log's end cut short

	// Dispersion says how bursty the requests are, in windows of which the log
	// has enough.
	Dispersion []Dispersion `json:"dispersion"`

	Warnings []string `json:"warnings"` // doubts about the numbers
}

// A Dispersion is the index of dispersion of the requests in windows of one
// length within the hour of the week; that of Poisson traffic is 1.
type Dispersion struct {
	Window  engine.Time `json:"window"`
	Windows int64       `json:"windows"`
	Index   float64     `json:"index"`
}

// Windows in which requests are counted, and how many of them, and of requests,
// are enough to say anything.
var dispersionWindows = []engine.Time{engine.Second, 10 * engine.Second, engine.Minute, 10 * engine.Minute}

const enoughWindows = 100

// disperse looks how bursty the requests are. Instants are those since 1970,
// which began on a Thursday.
func (r *Report) disperse(requests []request, zone int, end int64) {
	if len(requests) < enoughWindows {
		return
	}
	monday := 3*int64(engine.Day) + int64(zone)*int64(engine.Second)
	for _, length := range dispersionWindows {
		w := stats.NewWindows(int64(length), requests[0].at+monday)
		for i := range requests {
			w.Add(requests[i].at + monday)
		}
		w.Finish(end + monday)
		if index, n, free := w.Index(); free >= enoughWindows {
			r.Dispersion = append(r.Dispersion, Dispersion{length, n, index})
		}
	}
}

// A LeftOut is lines that became no request: how many, of what, and why.
type LeftOut struct {
	Lines     int
	Noun, Why string // "connection", "without a request"
}

func (l LeftOut) String() string { return counted(l.Lines, l.Noun) + " " + l.Why }

// counted is a number and its noun.
func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// LeftOut is the lines of the log that became no request, by reason.
func (r *Report) LeftOut() []LeftOut {
	var list []LeftOut
	for _, l := range []LeftOut{
		{r.Filtered, "request", "filtered by only or except"},
		{r.Empty, "connection", "without a request"},
		{r.Undispatched, "request", "never dispatched to a server"},
	} {
		if l.Lines > 0 {
			list = append(list, l)
		}
	}
	return list
}

// A SourceReport says what one source is.
type SourceReport struct {
	Name     string `json:"name"`
	Format   string `json:"format"`  // "" when it is empty
	How      string `json:"how"`     // how the format was found
	Matched  int    `json:"matched"` // lines of the first 64 KiB that fit
	Sampled  int    `json:"sampled"` // lines there that are not comments
	Lines    int    `json:"lines"`
	Timed    bool   `json:"timed"`    // the log says how long requests took
	Fine     bool   `json:"fine"`     // its times are finer than seconds
	Zoneless bool   `json:"zoneless"` // its times do not say their zone
}

// A Rejection is a line that is not one of a log, and why.
type Rejection struct {
	Source string `json:"source"`
	Line   int    `json:"line"`
	Reason string `json:"reason"`
}

func (r Rejection) String() string { return fmt.Sprintf("%s:%d: %s", r.Source, r.Line, r.Reason) }

// shown is how many rejected lines a report has.
const shown = 5

// reject counts a line that is not one of a log.
func (r *Report) reject(source string, line int, why reason, given []byte) {
	r.NotLog++
	if len(r.Rejected) == shown {
		return
	}
	const width = 80
	text := fmt.Sprintf("%s, not %q", why, given)
	if len(given) > width {
		text = fmt.Sprintf("%s, not %q...", why, given[:width])
	}
	r.Rejected = append(r.Rejected, Rejection{source, line, text})
}

// grace is how long the unit of a web session can outlive it: an instance
// keeps it for 10 minutes.
const grace = 600 * engine.Second

// readable is a length of time in one unit, with one decimal where needed.
func readable(t engine.Time) string {
	unit, name := engine.Time(1), "µs"
	for _, u := range []struct {
		length engine.Time
		name   string
	}{{engine.Millisecond, "ms"}, {engine.Second, "s"}, {engine.Minute, "min"}, {engine.Hour, "h"}, {engine.Day, "d"}} {
		if t >= u.length {
			unit, name = u.length, u.name
		}
	}
	return strconv.FormatFloat(math.Round(10*float64(t)/float64(unit))/10, 'f', -1, 64) + " " + name
}

// warn adds the doubts that the numbers give reason for.
func (r *Report) warn(o *Options) {
	add := func(format string, args ...any) { r.Warnings = append(r.Warnings, fmt.Sprintf(format, args...)) }
	untimed, coarse, zoneless := false, false, false
	for _, s := range r.Sources {
		if s.Lines == 0 {
			add("%s is empty", s.Name)
			continue
		}
		untimed, coarse, zoneless = untimed || !s.Timed, coarse || !s.Fine, zoneless || s.Zoneless
		if s.Format == "combined-more" {
			add("%s has fields that are not read: a log format says what they are", s.Name)
		}
	}
	if untimed {
		add("the log does not say how long requests took: they are counted as if they took no time")
	}
	if coarse && o.Jitter == 0 {
		add("times are whole seconds: in what order and how far apart the requests of one second (%d at most) were is not known", r.Busiest)
	}
	if zoneless && o.Location == nil {
		add("times have no zone: taken as UTC; see --zone")
	}
	if r.NotLog > 0 {
		add("%d of %d lines are not lines of the format", r.NotLog, r.Lines)
	}
	if r.Cut > 0 {
		add("lines cut off before their end: %d", r.Cut)
	}
	if r.Unidentified > 0 {
		add("%d of %d requests have no %s: they are told apart by address", r.Unidentified, r.Requests, o.ID)
	}
	if r.Nameless > 0 {
		add("requests that do not say who asks, and count as one client: %d", r.Nameless)
	}
	if o.View == CSP {
		add("the first %s count too few: sessions that began before the log are not seen", readable(o.timeout()+grace))
	}
}
