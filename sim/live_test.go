package sim

import (
	"bytes"
	"context"
	"testing"

	"highwater/engine"
	"highwater/scenario"
	"highwater/sim/trace"

	"github.com/google/go-cmp/cmp"
)

// crowd has every way in that is not HTTP, with license user IDs of all kinds,
// and browsers.
const crowd = `
name: crowd
duration: 2h
license: {units: 45}
cohorts:
  - {name: nurses, kind: users, via: xdbc, count: 30, connections: 2, arrivals: {storm: +10m, spread: 20m}, session: exp(40m), on_refusal: {retry: exp(1m)}}
  - {name: kiosk, kind: users, via: terminal, count: 40, address: 10.0.0.1, arrivals: {poisson: 1/min}, session: exp(20m)}
  - {name: visitors, kind: browsers, arrivals: {poisson: 1/min}, session: {pages: geometric(mean 3), think: exp(1m), timeout: 5m}}
  - {name: letters, kind: jobs, started_by: nurses, chance: 50%, delay: exp(1m), runs: exp(5m)}
  - {name: nightly, kind: tasks, arrivals: {every: 10m}, runs: 2m}
  - {name: boot, kind: startup, count: 3, arrivals: start, runs: forever}
  - {name: prints, kind: batch, arrivals: {poisson: 1/min}, runs: exp(1m)}
`

// A live scenario is the same as a simulated one while nobody else is there.
func TestLiveIsTheRun(t *testing.T) {
	sc := parse(t, crowd)
	samples, err := Replicate(context.Background(), Cases(sc), Options{Reps: 1})
	if err != nil {
		t.Fatal(err)
	}
	want := &samples[0].Use
	in := engine.NewInstance(sc.License.Policy, sc.License.Units, nil)
	n := int64(0)
	l := NewLive(sc, in, LiveOptions{Number: func() int64 { n++; return n }})
	for {
		at, ok := l.Next()
		if !ok || at >= sc.Duration {
			break
		}
		l.Advance(at)
	}
	in.Advance(sc.Duration)
	if got := in.Peak().Units; got != want.Peaks[0] {
		t.Errorf("peak %d, want %d", got, want.Peaks[0])
	}
	if got := in.PeakConnections(); got != want.Connections[0] {
		t.Errorf("%d connections at most, want %d", got, want.Connections[0])
	}
	if got := in.UnitTime().Seconds(); got != want.UnitSeconds[0] {
		t.Errorf("%v unit-seconds, want %v", got, want.UnitSeconds[0])
	}
}

// What a live scenario and others did in one instance replays to the same:
// terminals and calls of one address share a license user ID.
func TestLiveIsItsTrace(t *testing.T) {
	sc := parse(t, crowd)
	var b bytes.Buffer
	w := trace.NewWriter(&b, &trace.Header{Units: sc.License.Units, HasUnits: true})
	line := int64(1)
	write := func(ev *trace.Event) {
		line++
		w.Write(ev)
	}
	refused, first := int64(0), (*engine.Refusal)(nil)
	in := engine.NewInstance(sc.License.Policy, sc.License.Units, func(e engine.Event) {
		if e.Kind == engine.Refused {
			refused++
			if first == nil {
				f := *e.Refusal
				first = &f
			}
		}
	})
	l := NewLive(sc, in, LiveOptions{
		Keep:  func(c *scenario.Cohort) bool { return c.Kind != scenario.Browsers },
		Trace: write, Number: func() int64 { return line + 1 },
	})
	for at := engine.Time(0); at < 2*engine.Hour; at += 7 * engine.Second { // calls beside them, of the kiosk's address and of others
		l.Advance(at)
		c := engine.Client{Via: engine.REST, Addr: []string{"10.0.0.1", "10.0.0.2", "10.0.0.3"}[at/engine.Second%3]}
		id, refusal := in.Connect(at, &c, 0, line+1, 0)
		write(&trace.Event{Op: trace.Request, At: at, Via: c.Via, Addr: c.Addr})
		if refusal == nil {
			in.Disconnect(at, id, 0)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	r := trace.NewJSONReader("live", &b)
	h := r.Header()
	res, err := trace.Run(r, trace.Options{Policy: sc.License.Policy, Units: h.Units})
	if err != nil {
		t.Fatal(err)
	}
	if refused == 0 || first == nil {
		t.Fatal("nobody was refused")
	}
	type outcome struct {
		Peak        engine.Peak
		Connections int
		Refused     int64
		At          engine.Time
		Who         string
	}
	got := outcome{in.Peak(), in.PeakConnections(), refused, first.At, in.UserName(first.Tag)}
	want := outcome{res.Peak, res.PeakConnections, res.Refused, res.FirstRefusal.At, res.FirstRefusal.LicenseUserID}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("live (+) and replayed (-) differ:\n%s", diff)
	}
}
