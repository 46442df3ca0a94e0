package attack

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"highwater/engine"
	"highwater/sim/attack/record"
	"highwater/sim/result"
	"highwater/sim/result/words"
)

// How often what was heard is summed up and written.
const (
	sumEvery  = 100 * time.Millisecond
	tellEvery = 10 // of those
)

// mostHeard is how many entries may wait to be summed up; who brings more waits.
const mostHeard = 100_000

// The abort rule looks at so many seconds, when there were so many attempts.
const (
	abortSeconds  = 10
	abortAttempts = 50
)

// mostBlind is how many looks in a row may tell nothing of the free units.
const mostBlind = 3

// A recorder hears of each attempt, sums them up and writes them down. Those
// who send do not wait for the disk.
type recorder struct {
	s      *Schedule
	o      *Options
	w      *record.Writer // nil when nothing is written
	agenda *agenda
	start  time.Time

	mu    sync.Mutex
	room  sync.Cond
	heard []record.Entry
	said  []record.Sample

	quit, over chan struct{}
	spare      []record.Entry
	tally      *tally
	err        error
	aborted    string
	seconds    [abortSeconds]struct{ attempts, failed int64 } // a ring
	told       int64                                          // attempts when Progress heard last
	reported   int                                            // units in use; negative when not known
	samples    [2]int64                                       // of the target's units: all, failed
	blind      int                                            // looks in a row that did not tell the free units
	lag        time.Duration                                  // the most since
}

func newRecorder(s *Schedule, o *Options, a *agenda, start time.Time, m *monitor) (*recorder, error) {
	r := &recorder{s: s, o: o, agenda: a, start: start, tally: newTally(s), reported: -1, quit: make(chan struct{}), over: make(chan struct{})}
	r.room.L = &r.mu
	if o.Record != nil {
		var err error
		if r.w, err = record.NewWriter(o.Record, s.header(o, start)); err != nil {
			return nil, err
		}
		for i := range o.Files {
			if err := r.w.File(&o.Files[i]); err != nil {
				return nil, err
			}
		}
	}
	if r.w != nil && m != nil && m.state != nil {
		if err := r.w.State(m.state); err != nil { // who reads what is cut off wants it, too
			return nil, err
		}
	}
	go r.run()
	return r, nil
}

// hear takes an entry.
func (r *recorder) hear(e *record.Entry) {
	r.mu.Lock()
	for len(r.heard) >= mostHeard {
		r.room.Wait()
	}
	r.heard = append(r.heard, *e)
	r.mu.Unlock()
}

// sample takes what the target said of its units.
func (r *recorder) sample(s record.Sample) {
	r.mu.Lock()
	r.said = append(r.said, s)
	r.mu.Unlock()
}

// run sums up until the end.
func (r *recorder) run() {
	defer close(r.over)
	t := time.NewTicker(sumEvery)
	defer t.Stop()
	for n := 1; ; n++ {
		select {
		case <-t.C:
			r.sum()
			if n%tellEvery == 0 {
				r.second()
			}
		case reason := <-r.o.Abort:
			r.abort(reason)
		case <-r.quit:
			r.sum()
			return
		}
	}
}

// sum takes what was heard.
func (r *recorder) sum() {
	r.mu.Lock()
	r.heard, r.spare = r.spare[:0], r.heard
	said := r.said
	r.said = nil
	r.room.Broadcast()
	r.mu.Unlock()
	for i := range said {
		r.keep(&said[i])
	}
	for i := range r.spare {
		e := &r.spare[i]
		r.tally.add(e)
		r.lag = max(r.lag, e.Lag())
		now := &r.seconds[0]
		switch e.Outcome {
		case record.Impatient: // nothing was sent
		case record.Failed:
			now.failed++
			now.attempts++
		default:
			now.attempts++
		}
		if r.w != nil && r.err == nil {
			r.w.Add(e)
		}
	}
}

// keep writes down what the target said.
func (r *recorder) keep(s *record.Sample) {
	r.samples[0]++
	if s.Failed != "" {
		r.samples[1]++
	} else {
		r.reported = int(s.Consumed)
		if free := s.Available; free < float64(r.o.AbortFree) { // NaN, which is not known, is not
			r.abort(fmt.Sprintf("the target has %.0f license units free, fewer than %d", free, r.o.AbortFree))
		}
	}
	r.look(s)
	if r.w != nil && r.err == nil {
		r.w.Sample(s)
	}
}

// look ends an attack that depends on the free units, when they are not told
// any more.
func (r *recorder) look(s *record.Sample) {
	why := blind(s)
	if why == "" {
		r.blind = 0
		return
	}
	if r.blind++; r.o.AbortFree > 0 && r.blind >= mostBlind {
		r.abort(fmt.Sprintf("%d looks in a row did not tell whether the target has fewer than %d license units free (%s)", r.blind, r.o.AbortFree, why))
	}
}

// second writes what there is, looks whether too much fails, and tells how far
// the attack is.
func (r *recorder) second() {
	if r.w != nil && r.err == nil {
		if r.err = r.w.Flush(); r.err != nil {
			r.agenda.stop()
		}
	}
	attempts, failed := int64(0), int64(0)
	for _, s := range r.seconds {
		attempts += s.attempts
		failed += s.failed
	}
	copy(r.seconds[1:], r.seconds[:])
	r.seconds[0] = struct{ attempts, failed int64 }{}
	if share := float64(failed) / float64(max(1, attempts)); attempts >= abortAttempts && share > r.o.AbortErrors {
		last := min(abortSeconds*time.Second, time.Since(r.start).Round(100*time.Millisecond))
		r.abort(fmt.Sprintf("%.0f %% of the %d requests of the last %v failed, more than %.0f %%", 100*share, attempts, last, 100*r.o.AbortErrors))
	}
	if r.o.Progress != nil {
		t := r.tally
		now, _, _, _ := r.agenda.state()
		r.o.Progress(Progress{
			Done: min(1, time.Since(r.start).Seconds()/max(1e-9, r.s.length(r.s.To-r.s.From).Seconds())), Rate: float64(t.all.requests - r.told),
			InFlight: now, Refused: t.outcomes[record.Refused], Failed: t.outcomes[record.Failed], TimedOut: t.outcomes[record.Impatient], Lag: r.lag, Reported: r.reported,
		})
	}
	r.told, r.lag = r.tally.all.requests, 0
}

// abort ends the attack for a reason. What is in flight goes on.
func (r *recorder) abort(reason string) {
	if r.aborted == "" {
		r.aborted = "aborted: " + reason
		r.agenda.stop()
	}
}

// close sums up the rest. Nobody sends any more.
func (r *recorder) close() {
	close(r.quit)
	<-r.over
}

// end writes the end of the record, with the result.
func (r *recorder) end(res *result.Attack, stopped bool, m *monitor) error {
	if r.w == nil || r.err != nil {
		return r.err
	}
	if m != nil && m.state != nil {
		r.err = r.w.State(m.state)
	}
	reason := r.aborted
	if stopped && reason == "" {
		reason = "interrupted"
	}
	if r.err == nil {
		r.err = r.w.End(reason, res)
	}
	if r.err != nil {
		r.unwritten(res)
	}
	return r.err
}

// unwritten says that the record is not whole.
func (r *recorder) unwritten(res *result.Attack) {
	res.Verdict, res.Partial = result.Inconclusive, true
	res.Reasons = slices.Insert(res.Reasons, 0, fmt.Sprintf("the record could not be written: %v", r.err))
}

// judge fills a result in and says whether all that users did not give up was
// sent, and in time.
func (r *recorder) judge(res *result.Attack, a *agenda, stopped bool) {
	run := r.tally.result()
	_, peak, held, slowed := a.state()
	run.InFlight, run.Held, run.Slowed, run.MaxLag = peak, int64(held), int64(slowed), engine.Time(r.o.MaxLag.Microseconds())
	run.Samples, run.SamplesFailed = r.samples[0], r.samples[1]
	run.Waited, run.Waiting = a.waited()
	res.Sent, res.Verdict, res.Partial = run, result.Measured, stopped || r.aborted != ""
	wrong := func(format string, args ...any) { res.Reasons = append(res.Reasons, fmt.Sprintf(format, args...)) }
	if r.err != nil {
		r.unwritten(res)
	}
	if r.aborted != "" {
		wrong("%s", r.aborted)
	}
	if run.First == 0 {
		wrong("nothing was sent")
	}
	if n := run.First + run.Retries; n > 0 && run.Failed == n {
		wrong("every request failed: %s%s", failures(run.Causes), r.failHint(run.Causes))
	} else if hint := loginHint(run.Causes); hint != "" {
		res.Notes = append(res.Notes, hint)
	}
	if run.Unsent > 0 {
		wrong("%s of %s were not sent, as the attack ended before", words.Number(run.Unsent), words.Plural(len(r.s.Requests), "planned request"))
	}
	switch {
	case run.Slowed > 0:
		wrong("%s waited because the permission lets no more go in a second: raise its max_rate, or send less (--scale)", words.Plural(run.Slowed, "request"))
	case run.Lag.P99 > run.MaxLag:
		wrong("the generator fell behind: its lag was more than %v in 1 %% of the requests (up to %v), and should not be more than %v",
			roughly(run.Lag.P99), roughly(run.Lag.Max), r.o.MaxLag)
	}
	if run.Held > 0 {
		wrong("%s waited because %s were in flight, the most that are let", words.Plural(run.Held, "request"), words.Number(r.o.InFlight))
	}
	if n := causes(run.Causes, record.NoAddress.String()); n > 0 {
		wrong("%s had no source address, port or file", words.Plural(n, "request"))
	}
	if n := res.Plan.Sessions; run.First == res.Plan.Requests && run.Refused+run.Failed == 0 && run.Sessions != n {
		res.Notes = append(res.Notes, fmt.Sprintf("the plan has %s, and the target opened %s", words.Plural(n, "web session"), words.Number(run.Sessions)))
	}
	if len(res.Reasons) > 0 {
		res.Verdict = result.Inconclusive
	}
}

// failures lists what failed by its causes.
func failures(list []result.CauseCount) string {
	var parts []string
	for _, c := range list {
		parts = append(parts, fmt.Sprintf("%d %s", c.N, c.Cause))
	}
	return strings.Join(parts, ", ")
}

// failHint is what may be wrong when every request failed.
func (r *recorder) failHint(list []result.CauseCount) string {
	if hint := loginHint(list); hint != "" {
		return "; " + hint
	}
	plain := causes(list, record.Reset.String()) + causes(list, record.Garbage.String()) + causes(list, badStatus(http.StatusBadRequest))
	if r.o.Target.Scheme == "http" && plain == r.tally.all.requests {
		return "; does the target speak TLS there? then it is https://"
	}
	return ""
}

// loginHint is what to give when the target wants to know who asks; "" when it
// does not.
func loginHint(list []result.CauseCount) string {
	for _, code := range []int{http.StatusUnauthorized, http.StatusForbidden} {
		if n := causes(list, badStatus(code)); n > 0 {
			return fmt.Sprintf("%d answers with status %d: does it know the users, and their password (--password, or password in a cohort's request)?", n, code)
		}
	}
	return ""
}

// roughly is a time with three digits or so.
func roughly(t engine.Time) time.Duration {
	d := time.Duration(t) * time.Microsecond
	for unit := time.Second; unit >= time.Millisecond; unit /= 10 {
		if d >= 100*unit {
			return d.Round(unit)
		}
	}
	return d
}
