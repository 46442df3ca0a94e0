package accesslog

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"time"

	"highwater/engine"
	"highwater/sim/trace"
)

// Import reads access logs, one after the other, as one log. The error of
// sources without any line of a log is [ErrNoLog].
func Import(sources []Source, o Options) (*Log, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	m := newImporter(o)
	for _, s := range sources {
		if err := m.source(s); err != nil {
			return nil, err
		}
	}
	if m.report.Requests == 0 {
		return nil, m.nothing()
	}
	return m.log(), nil
}

// check refuses options that contradict one another.
func (o *Options) check() error {
	switch {
	case o.Format != "" && o.LogFormat != "":
		return errors.New("a format and a log format were given: want one of them")
	case o.View >= numViews || o.ID >= numIDs || o.Pick >= numPicks || o.Unit >= numUnits || o.Stamp >= numStamps:
		return errors.New("view, id, pick, unit and stamp must be of the package's own")
	case o.Timeout < 0 || o.Timeout > engine.Time(longest):
		return fmt.Errorf("session timeout must be 0 s to 366 days, not %v s", o.Timeout.Seconds())
	case o.Agents && o.View != CSP:
		return errors.New("user agents tell sessions apart: want the csp view")
	}
	return nil
}

func (o *Options) timeout() engine.Time {
	if o.Timeout == 0 {
		return 900 * engine.Second
	}
	return o.Timeout
}

// An importer collects the requests of all sources.
type importer struct {
	o        Options
	assets   map[string]bool
	report   *Report
	requests []request
	text     *names
	sessions *names // apart: cookies are not shown
	callers  callers
	zone     int
	zoned    bool
	rec      record
	lower    []byte
}

func newImporter(o Options) *importer {
	m := &importer{o: o, report: &Report{}, text: newNames(), sessions: newNames(), callers: callers{ids: map[caller]uint32{}}}
	list := o.Assets
	if list == nil {
		list = assets
	}
	m.assets = make(map[string]bool, len(list))
	for _, ext := range list {
		m.assets[strings.ToLower(strings.TrimPrefix(ext, "."))] = true
	}
	return m
}

// source reads one source.
func (m *importer) source(s Source) error {
	in := newLines(s)
	sample, err := in.sample()
	if err != nil {
		return err
	}
	c := &clock{loc: m.o.Location}
	found, err := m.o.choose(sample, c)
	if err != nil {
		return err
	}
	sr := SourceReport{Name: s.Name, Format: found.format, How: found.how, Matched: found.matched, Sampled: found.sampled}
	if found.parser == nil {
		return m.unknown(in, sr, sample)
	}
	c.zoneless = false // of the formats that were tried
	latest, previous := int64(math.MinInt64), int64(math.MinInt64)
	for {
		line, long, err := in.next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		sr.Lines++
		if !m.line(found.parser, &sr, line, long) {
			continue
		}
		at := m.requests[len(m.requests)-1].at
		if at < previous {
			m.report.OutOfOrder++
			m.report.MaxDisorder = max(m.report.MaxDisorder, engine.Time(latest-at))
		}
		previous, latest = at, max(latest, at)
		sr.Zoneless = sr.Zoneless || c.zoneless
		if !m.zoned {
			m.zone, m.zoned = c.zone, true
		}
	}
	m.report.Lines += sr.Lines
	m.report.Sources = append(m.report.Sources, sr)
	return nil
}

// unknown is the error of a source of no known format. One without a line
// that could be of a log is only counted.
func (m *importer) unknown(in *lines, sr SourceReport, sample [][]byte) error {
	for len(sample) == 0 {
		line, _, err := in.next()
		if err == io.EOF {
			m.report.Lines += sr.Lines
			m.report.Sources = append(m.report.Sources, sr)
			return nil
		}
		if err != nil {
			return err
		}
		sr.Lines++
		if len(line) > 0 {
			return fmt.Errorf("%s:%d: want lines of text of less than %d KiB to find the format by", in.name, sr.Lines, sampleSize>>10)
		}
		m.report.Comments++
	}
	if len(sample) == 0 {
		return nil
	}
	return &FormatError{Source: in.name, Lines: len(sample), First: string(sample[0][:min(len(sample[0]), 80)])}
}

// nothing is the error of sources that have no request.
func (m *importer) nothing() error {
	r := m.report
	if left := r.LeftOut(); len(left) > 0 {
		if r.NotLog > 0 {
			left = append(left, LeftOut{r.NotLog, "line", "not of the log"})
		}
		var names, what []string
		for _, s := range r.Sources {
			names = append(names, s.Name)
		}
		for _, l := range left {
			what = append(what, l.String())
		}
		return fmt.Errorf("no request in %s: %s", strings.Join(names, ", "), strings.Join(what, ", "))
	}
	if len(r.Rejected) > 0 {
		return fmt.Errorf("%s: %w", r.Rejected[0], ErrNoLog)
	}
	return ErrNoLog
}

// line reads one line, and reports whether it added a request.
func (m *importer) line(p parser, sr *SourceReport, line []byte, long bool) bool {
	r := &m.rec
	var why reason
	switch {
	case len(line) == 0:
		why = comment
	case long:
		why = r.bad(wantShort, line)
	case bytes.IndexByte(line, 0) >= 0:
		why = r.bad(wantText, line)
	default:
		why = r.read(p, m.o.Stamp, line)
	}
	switch {
	case why == comment:
		m.report.Comments++
	case why != good:
		m.report.reject(sr.Name, sr.Lines, why, r.given)
	case r.empty():
		m.report.Empty++
	case !m.wanted(r.path):
		m.report.Filtered++
	case r.undispatched():
		m.report.Undispatched++
	default:
		sr.Timed = sr.Timed || r.took > 0
		sr.Fine = sr.Fine || !r.coarse
		m.add(r)
		return true
	}
	return false
}

// wanted reports whether the options take a path.
func (m *importer) wanted(path []byte) bool {
	return (len(m.o.Only) == 0 || begins(path, m.o.Only)) && !begins(path, m.o.Except)
}

func begins(path []byte, with []string) bool {
	for _, w := range with {
		if len(path) >= len(w) && string(path[:len(w)]) == w {
			return true
		}
	}
	return false
}

// add keeps a request.
func (m *importer) add(r *record) {
	if m.o.Jitter != 0 && r.coarse {
		r.at += int64(mix(m.o.Jitter, uint64(len(m.requests))) % 1e6)
	}
	q := request{at: r.at, took: r.took, who: m.callers.id(m.who(r)), seq: uint32(len(m.requests))}
	switch {
	case m.o.View == CSP && logsOut(r.query):
		q.who |= logoutBit
		m.report.LogoutRequests++
	case m.o.View == CSP && m.page(r):
		q.who |= pageBit
	case m.o.View == REST && begins(r.path, m.o.SOAP):
		q.who |= soapBit
	}
	if r.addr == nil {
		m.report.Nameless++
	}
	if r.cut {
		m.report.Cut++
	}
	m.report.LongestRequest = max(m.report.LongestRequest, engine.Time(r.took))
	m.report.Requests++
	m.requests = append(m.requests, q)
}

// mix is a draw from 64 bits that belongs to the nth request (splitmix64).
func mix(seed, n uint64) uint64 {
	z := seed + (n+1)*0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// who is the caller of a request, by the identity that was asked for.
func (m *importer) who(r *record) caller {
	var c caller
	found := true
	if m.o.ID == ByForwarded {
		v := choose(r.forwarded, m.o.Pick)
		if found = v != nil; found {
			r.addr = v
		}
	}
	c.addr = m.text.id(r.addr)
	if m.o.ID == Anything || m.o.ID == ByUser {
		c.user, c.forwarded = m.text.id(r.user), m.text.id(r.forwarded)
	}
	if m.o.ID == Anything || m.o.ID == BySession {
		c.session = m.sessions.id(m.session(r))
	}
	if m.o.Agents {
		c.agent = m.text.id(r.agent)
	}
	if !found || m.o.ID == ByUser && c.user == 0 || m.o.ID == BySession && c.session == 0 {
		m.report.Unidentified++
	}
	return c
}

// session is the session that a request names, nil when it names none.
func (m *importer) session(r *record) []byte {
	if r.session != nil {
		return r.session
	}
	for rest := r.cookie; len(rest) > 0; {
		var one []byte
		one, rest, _ = bytes.Cut(rest, []byte(";"))
		name, v, found := bytes.Cut(bytes.TrimSpace(one), []byte("="))
		if found && len(v) > 0 && m.o.isCookie(string(name)) {
			return v
		}
	}
	return nil
}

// identities counts the callers that the identity asked for tells apart.
func (m *importer) identities() int {
	if m.o.ID != BySession && !m.o.Agents {
		return len(m.callers.list)
	}
	seen := make(map[caller]struct{}, len(m.callers.list))
	for _, c := range m.callers.list {
		if c.agent = 0; m.o.ID == BySession && c.session != 0 {
			c = caller{session: c.session}
		}
		seen[c] = struct{}{}
	}
	return len(seen)
}

// log puts the requests in order and finishes the log.
func (m *importer) log() *Log {
	byStart := func(a, b request) int { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.seq, b.seq)) }
	if !slices.IsSortedFunc(m.requests, byStart) {
		slices.SortFunc(m.requests, byStart)
	}
	c := &content{report: m.report, view: m.o.View, sess: m.o.ID == BySession,
		requests: m.requests, callers: m.callers.list, text: m.text.list}
	r := m.report
	r.Callers = m.identities()
	if len(c.requests) > 0 {
		c.epoch = c.requests[0].at
	}
	last := c.epoch
	second, n := int64(math.MinInt64), 0
	for _, q := range c.requests {
		last = max(last, q.at+q.took)
		if s := q.at / 1e6; s != second {
			second, n = s, 0
		}
		n++
		r.Busiest = max(r.Busiest, n)
	}
	zone := time.UTC
	if m.zone != 0 {
		zone = time.FixedZone("", m.zone)
	}
	r.First, r.Last = time.UnixMicro(c.epoch).In(zone), time.UnixMicro(last).In(zone)
	c.header = trace.Header{Epoch: r.First, End: engine.Time(last - c.epoch)}
	r.disperse(c.requests, m.zone, last)
	if m.o.View == CSP {
		c.web = newSessions(m, c.requests)
		c.web.count(r, last)
		if n := len(c.web.byEnd); n > 0 {
			c.header.End = max(c.header.End, engine.Time(c.web.list[c.web.byEnd[n-1]].end-c.epoch))
		}
		c.requests = nil
	}
	r.warn(&m.o)
	return &Log{content: c}
}
