package curves

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"math"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"highwater/engine"
	"highwater/internal/pipes"
	"highwater/scenario"
	"highwater/sim/attack"
	"highwater/sim/attack/record"
	"highwater/sim/result"
	"highwater/sim/target"
	"highwater/sim/trace"
)

// A waiter waits in the test's time.
type waiter chan struct{}

func (w waiter) Wait(d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-w:
	}
}

func (w waiter) Wake() {
	select {
	case w <- struct{}{}:
	default:
	}
}

func (w waiter) Close() error { return nil }

// clinic has people of all kinds, some of whom the target holds itself.
const clinic = `
name: clinic
duration: 1h
license: {units: UNITS}
proxies: [{name: gateway, address: 10.0.0.5, forwards: x-forwarded-for}]
cohorts:
  - {name: nurses, kind: users, count: 10, via: xdbc, arrivals: {storm: "+10m", spread: 10m}, session: exp(20m)}
  - {name: boards, kind: callers, count: 8, arrivals: {every: 40s, jitter: exp(5s)}, session: exp(CALL), on_refusal: {retry: exp(5s), times: 2}}
  - {name: practices, kind: callers, through: gateway, arrivals: {poisson: 12/min}, session: exp(3s)}
  - {name: staff, kind: browsers, count: 12, arrivals: {storm: "+5m", spread: 30m}, session: {login: true, pages: 4, think: exp(90s), logout: 50%, timeout: 15m}, user: own}
  - {name: lab, kind: callers, via: soap, user: own, count: 6, arrivals: {every: 30s, jitter: exp(3s)}, session: 1s}
`

func parse(t *testing.T, units, call string) *scenario.Scenario {
	t.Helper()
	text := strings.NewReplacer("UNITS", units, "CALL", call).Replace(clinic)
	sc, err := scenario.Parse("clinic.yaml", []byte(text), nil)
	if err != nil {
		t.Fatal(err)
	}
	return sc
}

// rehearse sends a scenario to a target and reads what was recorded. What
// the target counts is in its own result.
func rehearse(t *testing.T, sc *scenario.Scenario, o target.Options) (l *Log, served *result.Target, tape []byte) {
	t.Helper()
	l, served, tape, _ = rehearsed(t, sc, o)
	return l, served, tape
}

// rehearsed has what the attack says of itself as well.
func rehearsed(t *testing.T, sc *scenario.Scenario, o target.Options) (l *Log, served *result.Target, tape []byte, sent *result.Attack) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		var b, written bytes.Buffer
		n := pipes.New()
		o.Trace = &written
		tgt := target.New(o)
		ctx, stop := context.WithCancel(t.Context())
		over := make(chan *result.Target)
		go func() {
			res, err := tgt.Serve(ctx, n)
			if err != nil {
				t.Error(err)
			}
			over <- res
		}()
		s, err := attack.Plan(t.Context(), sc, attack.PlanOptions{})
		if err != nil {
			t.Fatal(err)
		}
		sent, err = attack.Run(t.Context(), t.Context(), s, attack.Options{
			Target: &url.URL{Scheme: "http", Host: "127.0.0.1:8080"}, Dial: n.Dial, Timeout: time.Hour, Scrape: 7 * time.Second, Record: &b,
			Waiter: func() attack.Waiter { return make(waiter, 1) },
		})
		if err != nil {
			t.Error(err)
		}
		stop()
		served = <-over
		tape = written.Bytes()
		r, err := record.NewReader(&b)
		if err != nil {
			t.Fatal(err)
		}
		if l, err = Read(r); err != nil {
			t.Fatal(err)
		}
		l.Scenario, l.Schedule = sc, s
	})
	return l, served, tape, sent
}

func compare(t *testing.T, l *Log, limit Limit) *result.Curves {
	t.Helper()
	res, err := Compare(t.Context(), l, limit)
	if err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(res)
	if err == nil {
		err = json.Unmarshal(data, new(result.Curves))
	}
	if err != nil {
		t.Errorf("what is written is not what is read: %v", err)
	}
	return res
}

// When the target counts as the scenario says, the curve as run has its peak
// and refusals, and every sample of its metrics, those of its own people
// included.
func TestCurvesAgree(t *testing.T) {
	for _, units := range []string{"1000", "20"} {
		sc := parse(t, units, "3s")
		l, served, _ := rehearse(t, sc, target.Options{Scenario: sc, Policy: sc.License.Policy, Units: sc.License.Units})
		res := compare(t, l, Limit{Set: true})
		if res.Verdict != result.Agrees || !res.Held || res.Divergence.Samples < 400 || res.Divergence.Largest != 0 {
			t.Errorf("key of %s: %s, %+v, %q", units, res.Verdict, res.Divergence, res.Notes)
		}
		// All is known to the microsecond, so that few attempts are in doubt.
		if o := res.Outcomes; o.Wrong() != 0 || o.Certain*10 < o.Attempts*8 || (units == "20") == (o.Certain == o.Attempts && served.Refused == 0) {
			t.Errorf("key of %s: %+v, want all certain ones to be right", units, o)
		}
		before := Log{Header: l.Header, State: l.State, Scenario: l.Scenario, Schedule: l.Schedule, Samples: l.Samples[:1]}
		if ahead, err := Ahead(t.Context(), &before); err != nil || !slices.Equal(ahead, res.Predicted.Series) {
			t.Errorf("key of %s: before the attack %d instants are predicted, and after it %d others: %v", units, len(ahead), len(res.Predicted.Series), err)
		}
		d := res.Difference
		if sum := *d.Timing + d.Open + d.Others + d.Rules; d.Others != 0 || d.Rules != 0 || math.Abs(sum-(*res.Reported.Sampled-*res.Predicted.Sampled)) > 1e-9 {
			t.Errorf("key of %s: %+v with a timing of %v is not %v - %v", units, d, *d.Timing, *res.Reported.Sampled, *res.Predicted.Sampled)
		}
		if res.AsRun.Peak.Units != served.Peak.Units || res.AsRun.Refused != served.Refused {
			t.Errorf("key of %s: as run the peak is %d and %d are refused, the target has %d and %d", units,
				res.AsRun.Peak.Units, res.AsRun.Refused, served.Peak.Units, served.Refused)
		}
		if (units == "20") != (res.Reported.Refused > 0 && res.Predicted.FirstRefusal != nil && res.AsRun.FirstRefusal != nil) {
			t.Errorf("key of %s: %d refusals were met; predicted %+v, as run %+v", units, res.Reported.Refused, res.Predicted.FirstRefusal, res.AsRun.FirstRefusal)
		}
	}
}

// The target's own trace, replayed, is exactly what it reported and refused.
func TestTargetsTraceIsWhatItReported(t *testing.T) {
	for _, units := range []string{"1000", "20"} {
		sc := parse(t, units, "3s")
		l, served, tape := rehearse(t, sc, target.Options{Scenario: sc, Policy: sc.License.Policy, Units: sc.License.Units})
		line := lookup{{}}
		again, err := trace.Run(trace.NewJSONReader("target", bytes.NewReader(tape)), trace.Options{
			Policy: sc.License.Policy, Units: sc.License.Units, End: served.At,
			Usage: func(at engine.Time, units, _ int) { line = append(line, result.Sample{At: at, Units: units}) },
		})
		if err != nil {
			t.Fatal(err)
		}
		if again.Peak != served.Peak || again.Refused != served.Refused || !maps.Equal(again.RefusedByVia, served.RefusedByVia) ||
			again.Admitted != served.Admitted || again.UnitSeconds != served.UnitSeconds {
			t.Errorf("key of %s: replayed %+v, %d refused %v; the target %+v, %d %v", units,
				again.Peak, again.Refused, again.RefusedByVia, served.Peak, served.Refused, served.RefusedByVia)
		}
		met := int64(0)
		for i := range l.Entries {
			if l.Entries[i].Outcome == record.Refused {
				met++
			}
		}
		if (units == "20") != (met > 0) || met > served.Refused {
			t.Errorf("key of %s: %d refusals were met, the target has %d with its own people", units, met, served.Refused)
		}
		a := l.axis()
		for _, s := range l.Samples { // the test's time stands still while one is taken
			low, high := line.over(a.at(s.Sent)-1, a.at(s.Done)+1)
			if n := int(s.Consumed); n < low || n > high {
				t.Errorf("key of %s: at %v the target reports %d units, its trace has %d to %d", units, a.at(s.Sent), n, low, high)
			}
		}
	}
}

// Without a limit the target opens the web sessions that were planned.
func TestSessionsAsPlanned(t *testing.T) {
	sc := parse(t, "1000", "3s")
	_, served, _, sent := rehearsed(t, sc, target.Options{Scenario: sc, Policy: sc.License.Policy})
	if n := sent.Plan.Sessions; n < 10 || sent.Sent.Sessions != n || served.Refused != 0 {
		t.Errorf("%d web sessions were opened and %d planned, %d were refused", sent.Sent.Sessions, n, served.Refused)
	}
}

// A key of another size is told by who is refused, even where no sample sees
// it; a limit is on attempts as well as on units.
func TestOutcomesOfAnotherKey(t *testing.T) {
	for _, tt := range []struct {
		units string
		key   int
		wrong func(o *result.Outcomes) int64
	}{
		{"20", 12, func(o *result.Outcomes) int64 { return o.RefusedFree }},
		{"10", 1000, func(o *result.Outcomes) int64 { return o.AdmittedFull }},
	} {
		sc := parse(t, tt.units, "3s")
		l, _, _ := rehearse(t, sc, target.Options{Policy: sc.License.Policy, Units: tt.key}) // which holds nobody itself
		res := compare(t, l, Limit{Set: true, Units: 1000})
		inUse := min(tt.key, sc.License.Units) // the smaller key is full
		if n := tt.wrong(res.Outcomes); n < 3 || n != res.Outcomes.Wrong() || res.Outcomes.First == nil || res.Outcomes.First.InUse != inUse {
			t.Errorf("key of %d instead of %s: %+v", tt.key, tt.units, res.Outcomes)
		}
		l.Samples = l.Samples[:2] // what they say is no difference
		if res := compare(t, l, Limit{Set: true, Units: 1}); res.Verdict != result.Diverges || res.Divergence.Most > 1 {
			t.Errorf("key of %d instead of %s: %s, off by %d", tt.key, tt.units, res.Verdict, res.Divergence.Most)
		}
	}
}

// A target that takes longer than planned stretches what is held: the curve
// as run goes above the prediction, and that is no difference in counting.
func TestCurvesOfASlowTarget(t *testing.T) {
	sc, slow := parse(t, "1000", "3s"), parse(t, "1000", "60s")
	l, _, _ := rehearse(t, sc, target.Options{Scenario: slow})
	res := compare(t, l, Limit{Set: true})
	// Each of 8 boards calls every 40 s. As planned a call has its unit for at
	// most 10 s and 3 s on average, 13/40 of the time; when calls last 60 s on
	// average one is under way for at least 60/40 (1 - exp(-40/60)) = 0.73 of it.
	if more := res.AsRun.Mean - res.Predicted.Mean; res.Verdict != result.Agrees || more < 2.5 {
		t.Errorf("%s; as run there are %.1f units more than predicted, want 8 (0.73 - 13/40) = 3.2 or more", res.Verdict, more)
	}
	if !slices.ContainsFunc(res.Words, func(s string) bool { return strings.HasPrefix(s, "timing: ") }) {
		t.Errorf("nothing is said of the time: %q", res.Words)
	}
}

// One unit is no units.
func TestTimingOfOneUnit(t *testing.T) {
	l := &Log{Header: &record.Header{Clock: 1}, Schedule: &attack.Schedule{Requests: []attack.Request{{Service: engine.Second}}},
		Entries: []record.Entry{{Outcome: record.Served, Sent: time.Second, Done: 3 * time.Second}}}
	x := &comparison{l: l, res: &result.Curves{AsRun: &result.Curve{Peak: engine.Peak{Units: 1}}, Predicted: &result.Curve{Peak: engine.Peak{Units: 2}}}}
	x.timing()
	want := []string{"timing: a served request took 2 s of the scenario's time on average, planned 1 s; the peak is 1 unit as run, predicted 2"}
	if !slices.Equal(x.res.Words, want) {
		t.Errorf("%q, want %q", x.res.Words, want)
	}
}

// A target that counts otherwise is found out, and by how much.
func TestCurvesDiverge(t *testing.T) {
	for _, set := range [][2]string{{"anon_id", "global"}, {"hold_seconds", "0"}, {"license_alt_headers", "true"}, {"grace_seconds", "9000"}} {
		sc := parse(t, "1000", "3s")
		other := sc.License.Policy
		if err := other.Set(set[0], set[1]); err != nil {
			t.Fatal(err)
		}
		l, _, _ := rehearse(t, sc, target.Options{Scenario: sc, Policy: other})
		res := compare(t, l, Limit{Set: true, Units: 1})
		if res.Verdict != result.Diverges && set[0] != "grace_seconds" { // nobody has a session of one page
			t.Errorf("%s=%s: %s, %+v", set[0], set[1], res.Verdict, res.Divergence)
		}
		if len(res.Notes) == 0 {
			t.Errorf("%s=%s: nothing is said of the target's policy", set[0], set[1])
		}
	}
}

// The curve as run is what its trace is replayed to.
func TestAsRunIsATrace(t *testing.T) {
	sc := parse(t, "20", "3s")
	l, _, _ := rehearse(t, sc, target.Options{Scenario: sc, Policy: sc.License.Policy, Units: 20})
	var b bytes.Buffer
	if err := l.Trace(&b); err != nil {
		t.Fatal(err)
	}
	p, _ := engine.NamedPolicy("")
	again, err := trace.Run(trace.NewJSONReader("run", &b), trace.Options{Policy: p, Units: 20})
	if err != nil {
		t.Fatal(err)
	}
	res := compare(t, l, Limit{})
	if again.Peak.Units != res.AsRun.Peak.Units || again.Refused != res.AsRun.Refused {
		t.Errorf("replayed: peak %d, %d refused; as run: %d, %d", again.Peak.Units, again.Refused, res.AsRun.Peak.Units, res.AsRun.Refused)
	}
}

// Without its scenario and without metrics a record still has a curve as run.
func TestCurvesOfAnOldRecord(t *testing.T) {
	sc := parse(t, "1000", "3s")
	l, served, _ := rehearse(t, sc, target.Options{})
	l.Scenario, l.Schedule, l.State, l.Samples = nil, nil, nil, nil
	res := compare(t, l, Limit{Set: true})
	if res.Predicted != nil || res.Reported != nil || res.Verdict != result.Inconclusive || len(res.Notes) == 0 {
		t.Errorf("%+v", res)
	}
	if got := res.AsRun.Peak.Units; got != served.Peak.Units {
		t.Errorf("as run the peak is %d, the target's %d", got, served.Peak.Units)
	}
}

// A share allows as many attempts as it is of the refusals as run, however many
// are admitted under any key; and what is said first is that the target refuses
// otherwise, by which key, and nothing of the rest is attributed.
func TestRefusesOtherwise(t *testing.T) {
	for _, tt := range []struct {
		units string
		key   int
		says  string
	}{
		{"30", 12, "; it refused first with 12 units in use, as with a key of 12 instead of a key of 30"}, // as run nobody is refused
		{"12", 10, "; it refused first with 10 units in use, as with a key of 10 instead of a key of 12"},
		{"10", 1000, " units in use, as with a key of "},
	} {
		sc := parse(t, tt.units, "3s")
		l, served, _ := rehearse(t, sc, target.Options{Policy: sc.License.Policy, Units: tt.key})
		res := compare(t, l, Limit{Set: true, Share: 0.1})
		o := res.Outcomes
		if res.Verdict != result.Diverges || *o.Allowed != res.AsRun.Refused/10 || o.Wrong() <= *o.Allowed || (tt.units == "30") != (res.AsRun.Refused == 0) {
			t.Errorf("key of %d instead of %s: %s with %d of %d allowed; refused %d as run, %d by the target", tt.key, tt.units, res.Verdict, o.Wrong(), *o.Allowed,
				res.AsRun.Refused, served.Refused)
		}
		if first := res.Words[0]; !strings.HasPrefix(first, "refusing: the target refuses otherwise than the rules: ") || !strings.Contains(first, tt.says) {
			t.Errorf("key of %d instead of %s: it is said first: %s", tt.key, tt.units, first)
		}
		if all := strings.Join(res.Words, "\n"); !strings.Contains(all, " not attributed, ") || strings.Contains(all, "leave open") {
			t.Errorf("key of %d instead of %s: what is open is attributed: %s", tt.key, tt.units, all)
		}
	}
	sc := parse(t, "20", "3s")
	l, _, _ := rehearse(t, sc, target.Options{Scenario: sc, Policy: sc.License.Policy, Units: 20})
	if res := compare(t, l, Limit{Set: true, Share: 0.1}); res.Verdict != result.Agrees || strings.Contains(res.Words[0], "refusing") || *res.Outcomes.Allowed != res.AsRun.Refused/10 {
		t.Errorf("the same key: %s, %q", res.Verdict, res.Words)
	}
}

// Who holds fewer units than the rules refuses fewer: that is said to be no key
// of that size, but perhaps other rules.
func TestRefusesByOtherRules(t *testing.T) {
	sc := parse(t, "12", "3s")
	other := sc.License.Policy
	if err := other.Set("hold_scope", "anonymous_only"); err != nil {
		t.Fatal(err)
	}
	l, _, _ := rehearse(t, sc, target.Options{Policy: other, Units: 12})
	res := compare(t, l, Limit{})
	if res.Outcomes.Wrong() == 0 || !strings.Contains(res.Words[0], ": another key, or another reading or policy") {
		t.Errorf("%+v: %q", res.Outcomes, res.Words)
	}
}

// By its epoch the trace of the curve as run has the scenario's instants, even
// if the target is at another time of it; units that were in use before are
// counted.
func TestTraceIsOfTheScenariosTime(t *testing.T) {
	for _, held := range []bool{true, false} {
		sc := parse(t, "12", "3s")
		sc.Start = time.Date(2026, 11, 23, 7, 0, 0, 0, time.UTC)
		o := target.Options{Policy: sc.License.Policy, Units: 12}
		if held {
			o.Scenario, o.Begin = sc, 2*engine.Minute
		}
		l, _, _ := rehearse(t, sc, o)
		if !held {
			l.Samples[0].Sent, l.Samples[0].Consumed = -time.Second, 2
		}
		res := compare(t, l, Limit{})
		if l.axis().ahead != o.Begin || (res.Idle == 2) == held {
			t.Fatalf("the target is %v ahead, want %v; %d units were in use before", l.axis().ahead, o.Begin, res.Idle)
		}
		var b bytes.Buffer
		if err := l.Trace(&b); err != nil {
			t.Fatal(err)
		}
		in := trace.NewJSONReader("run", &b)
		epoch := in.Header().Epoch
		again, err := trace.Run(in, trace.Options{Policy: sc.License.Policy, Units: 12})
		if err != nil {
			t.Fatal(err)
		}
		wall := func(epoch time.Time, at engine.Time) time.Time {
			return epoch.Add(time.Duration(at) * time.Microsecond)
		}
		if again.Peak.Units != res.AsRun.Peak.Units || again.Refused != res.AsRun.Refused || again.Refused == 0 ||
			!wall(epoch, again.FirstRefusal.At).Equal(wall(sc.Start, res.AsRun.FirstRefusal.At)) {
			t.Errorf("held %v: replayed: peak %d, %d refused, first at %v; as run: %d, %d, %v", held, again.Peak.Units, again.Refused,
				wall(epoch, again.FirstRefusal.At), res.AsRun.Peak.Units, res.AsRun.Refused, wall(sc.Start, res.AsRun.FirstRefusal.At))
		}
	}
}

// What the target says of itself tells when it cannot be compared, or holds
// other people than the window has.
func TestOtherState(t *testing.T) {
	sc := parse(t, "1000", "3s")
	began := time.Date(2026, 11, 23, 7, 0, 0, 0, time.UTC)
	for name, tt := range map[string]struct {
		change  func(s *record.State)
		verdict string
		says    string
	}{
		"as it should be":      {func(*record.State) {}, result.Agrees, ""},
		"a little ahead":       {func(s *record.State) { s.At, s.Last.At = aLittle, 2*aLittle }, result.Agrees, ""},
		"an hour ahead":        {func(s *record.State) { s.At, s.Last.At = 61*engine.Minute, engine.Day }, result.Agrees, "the target is at Mon 23 Nov 08:01:00 of the scenario, after the scenario's end: "},
		"another version":      {func(s *record.State) { s.Fingerprint = "b" }, result.Agrees, "an older version of it"},
		"of another version":   {func(s *record.State) { s.Fingerprint = "" }, result.Agrees, ""}, // it does not say
		"started anew":         {func(s *record.State) { s.Last.Started = began.Add(time.Second) }, result.Inconclusive, "started anew"},
		"with an earlier time": {func(s *record.State) { s.At, s.Last.At = 2, 1 }, result.Inconclusive, "started anew"},
		"gone":                 {func(s *record.State) { s.Last = nil }, result.Agrees, ""},
		"at another clock":     {func(s *record.State) { s.Clock = 2 }, result.Inconclusive, "the target's clock goes"},
	} {
		s := &record.State{Scenario: sc.Name, Policy: sc.License.Policy.Name, Units: 1000, Clock: 1, Fingerprint: "a", Started: began, Last: &record.State{At: engine.Minute, Started: began}}
		tt.change(s)
		l := &Log{Header: &record.Header{Clock: 1, To: 40 * engine.Second, Cohorts: append(slices.Clone(people), record.Cohort{Name: "nurses", Via: "xdbc"}), Fingerprint: "a", Epoch: began}, Scenario: sc, State: s}
		l.Entries = []record.Entry{{Kind: 1, Sent: 0, Done: time.Second, Status: 200, Address: localhost}}
		for i := range batches * leastBatch {
			at := time.Duration(i) * time.Second
			l.Samples = append(l.Samples, record.Sample{Sent: at, Done: at, Consumed: 1})
		}
		res := compare(t, l, Limit{Set: true, Units: 100})
		if all := strings.Join(res.Notes, "\n"); res.Verdict != tt.verdict || (tt.says == "") != (len(res.Notes) == 0) || !strings.Contains(all, tt.says) {
			t.Errorf("%s: %s, %s; want %s, %q", name, res.Verdict, all, tt.verdict, tt.says)
		}
	}
}

// When the attack was cut short the prediction ends with it, its refusals too,
// and that is said.
func TestPredictionIsCutShort(t *testing.T) {
	sc := parse(t, "12", "3s")
	l, _, _ := rehearse(t, sc, target.Options{Scenario: sc, Policy: sc.License.Policy, Units: 12})
	whole := compare(t, l, Limit{})
	l.Partial = true
	l.Entries = slices.DeleteFunc(l.Entries, func(e record.Entry) bool { return e.Done > 20*time.Minute })
	l.Samples = slices.DeleteFunc(l.Samples, func(s record.Sample) bool { return s.Done > 20*time.Minute })
	cut := compare(t, l, Limit{Set: true})
	p, r := cut.Predicted, cut.AsRun
	if p.To != r.To || p.To > 20*engine.Minute || p.Refused >= whole.Predicted.Refused || p.Refused == 0 || p.Peak.At > p.To ||
		cut.Verdict != result.Agrees || !strings.HasPrefix(cut.Notes[0], "partial: ") {
		t.Errorf("predicted to %v with %d of %d refused, as run to %v; %s, %q", p.To, p.Refused, whole.Predicted.Refused, r.To, cut.Verdict, cut.Notes)
	}
}

// Nor is anything predicted to be sent when nothing was any more. With calls
// that take as long as planned both curves are the same, after it as well.
func TestPredictionIsNotSentOn(t *testing.T) {
	sc := parseCapped(t, "20", "12s", "{retry: 30s, times: 1}")
	l, _, _ := rehearse(t, sc, target.Options{Scenario: sc, Policy: sc.License.Policy, Units: 20})
	last, waited := time.Duration(0), false
	for _, until := range []time.Duration{20*time.Minute + 3*time.Second, 50 * time.Minute, 80*time.Minute + 7*time.Second} {
		part := *l
		part.Partial = true
		part.Entries = slices.DeleteFunc(slices.Clone(l.Entries), func(e record.Entry) bool { return e.Sent > until })
		res := compare(t, &part, Limit{Set: true})
		p, r := res.Predicted, res.AsRun
		alike := func(x, y result.Sample) bool { // each wait at the proxy is rounded to 1 µs
			return x.Units == y.Units && x.Connections == y.Connections && max(x.At-y.At, y.At-x.At) < 1000
		}
		if !slices.EqualFunc(p.Series, r.Series, alike) || p.Refused != r.Refused || p.TimedOut != r.TimedOut || p.To != r.To || *res.Difference.Timing != 0 {
			t.Errorf("until %v: predicted to %v a peak of %+v, %d refused, %d gave up; as run to %v %+v, %d, %d", until, p.To, p.Peak, p.Refused, p.TimedOut, r.To, r.Peak, r.Refused, r.TimedOut)
		}
		part.Partial = false // then it is sent on
		if on := compare(t, &part, Limit{}).Predicted; on.To <= p.To || len(on.Series) < len(p.Series)+10 {
			t.Errorf("until %v: the whole prediction has %d changes, and that until then %d", until, len(on.Series), len(p.Series))
		}
		sent := time.Duration(part.sent()) * time.Microsecond
		waited = waited || time.Duration(r.To)*time.Microsecond > sent
		if sent > until || sent < last {
			t.Errorf("until %v: sent until %v", until, sent)
		}
		last = sent
	}
	if !waited {
		t.Error("no call was under way when sending ended")
	}
}
