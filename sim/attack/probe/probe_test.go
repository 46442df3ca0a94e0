package probe

import (
	"context"
	"errors"
	"net/http"
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
	"highwater/sim/result"
	"highwater/sim/target"
)

// options are those that reach a network.
func options(n *pipes.Net, policy engine.Policy) Options {
	return Options{
		Attack: attack.Options{Target: &url.URL{Scheme: "http", Host: "127.0.0.1:8080"}, Dial: n.Dial, Timeout: time.Hour}, Policy: policy,
	}
}

// calibrate asks a target that counts by a policy.
func calibrate(t *testing.T, o target.Options, base engine.Policy) (res *result.Calibration) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		n := pipes.New()
		ctx, stop := context.WithCancel(t.Context())
		served := make(chan error)
		go func() {
			_, err := target.New(o).Serve(ctx, n)
			served <- err
		}()
		var err error
		if res, err = Calibrate(t.Context(), options(n, base)); err != nil {
			t.Error(err)
		}
		stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return res
}

// Units of a calibration before are waited for: they would be taken for those
// of what is sent now. A grace takes 10 min of the target's time, here 1 min.
func TestCalibrateTwice(t *testing.T) {
	base, _ := engine.NamedPolicy("")
	synctest.Test(t, func(t *testing.T) {
		n := pipes.New()
		ctx, stop := context.WithCancel(t.Context())
		served := make(chan error)
		go func() {
			_, err := target.New(target.Options{Clock: 10, Service: slow(3 * time.Second)}).Serve(ctx, n)
			served <- err
		}()
		o := options(n, base)
		var said []string
		o.Attack.Waits = func(what string) { said = append(said, what) }
		for again := range 2 {
			began := time.Now()
			res, err := Calibrate(t.Context(), o)
			if err != nil || res.Verdict != result.Decided || res.Idle != 0 || res.Leaves != 10*engine.Minute {
				t.Fatalf("calibration %d: %v, %+v", again+1, err, res)
			}
			if res.Requests > res.MostRequests || res.Duration > res.MostDuration {
				t.Errorf("%d requests in %v, want %d in %v at most", res.Requests, res.Duration, res.MostRequests, res.MostDuration)
			}
			took, left := time.Since(began), len(res.Notes) == 1 && strings.Contains(res.Notes[0], "they may have been of an earlier calibration")
			if left != (again == 1) || len(said) != again || took > 3*time.Minute {
				t.Errorf("calibration %d: %v, %q, %q", again+1, took, res.Notes, said)
			}
		}
		stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
}

func slow(d time.Duration) scenario.Dist {
	return scenario.Dist{Law: scenario.Constant, Mean: d.Seconds()}
}

// setting is a reading's value of an option.
func setting(r engine.Reading, name string) string {
	return r.Settings[slices.IndexFunc(r.Settings, func(s engine.Setting) bool { return s.Name == name })].Value
}

// undecidable lists the options of a reading that no experiment here can
// decide: their values change no unit of what is sent.
func undecidable(r engine.Reading) []string {
	calls := setting(r, "anon_id") != "session" // several have one license user ID
	holds := setting(r, "hold_scope") == "all_sessionless"
	counts := setting(r, "hold_counts_connection") == "true"
	grace := setting(r, "grace_on") == "logout_or_timeout"
	var list []string
	if !calls && !holds { // nobody who holds comes back
		list = append(list, "hold_counts_connection")
	}
	// A row must be kept when its last connection ends: by a grace period, or
	// by a hold that is no connection.
	if !grace && (counts || !calls && !holds) {
		list = append(list, "grace_keeps_transition")
	}
	return list
}

// The reading by which a target counts is always among those that fit, and
// whatever can be decided is.
func TestCalibrateFindsTheReading(t *testing.T) {
	base, _ := engine.NamedPolicy("")
	readings := engine.Readings(base)
	step := 1
	if testing.Short() {
		step = 31
	}
	for i := 0; i < len(readings); i += step {
		r := readings[i]
		p := r.Policy
		res := calibrate(t, target.Options{Policy: p, Service: slow(3 * time.Second)}, base)
		if res == nil {
			return
		}
		for _, s := range r.Settings {
			j := slices.IndexFunc(res.Options, func(o result.CalibratedOption) bool { return o.Name == s.Name })
			if j < 0 || !slices.Contains(res.Options[j].Values, s.Value) {
				t.Fatalf("%v: %s=%s is not among what fits: %+v", r.Settings, s.Name, s.Value, res)
			}
			if want := !slices.Contains(undecidable(r), s.Name); res.Options[j].Decided != want {
				t.Errorf("%v: %s is decided: %v, want %v (%+v)", r.Settings, s.Name, res.Options[j].Decided, want, res.Experiments)
			}
		}
		if res.Requests > res.MostRequests || res.Duration > res.MostDuration {
			t.Errorf("%v: %d requests in %v, want %d in %v at most", r.Settings, res.Requests, res.Duration, res.MostRequests, res.MostDuration)
		}
	}
}

// A target whose timers are fast is asked as fast.
func TestCalibrateAtTheTargetsClock(t *testing.T) {
	base, _ := engine.NamedPolicy("")
	res := calibrate(t, target.Options{Clock: 20, Service: slow(4 * time.Second)}, base)
	if res == nil {
		return
	}
	if res.Verdict != result.Decided || res.Clock != 20 || res.Duration > 40*engine.Second {
		t.Errorf("%s at %vx in %v: %+v", res.Verdict, res.Clock, res.Duration, res.Experiments)
	}
}

// Where calls take no time it stays open where a hold begins.
func TestCalibrateWithFastCalls(t *testing.T) {
	base, _ := engine.NamedPolicy("")
	res := calibrate(t, target.Options{}, base)
	if res == nil {
		return
	}
	for _, o := range res.Options {
		if want := o.Name != "hold_from" && o.Name != "grace_keeps_transition"; o.Decided != want {
			t.Errorf("%s is decided: %v, want %v", o.Name, o.Decided, want)
		}
	}
	if res.Verdict != result.Undecided || len(res.Notes) == 0 {
		t.Errorf("%s, %q; want undecided, and why", res.Verdict, res.Notes)
	}
}

// A target that counts by other rules fits none, which is no answer.
func TestCalibrateOtherRules(t *testing.T) {
	base, _ := engine.NamedPolicy("")
	other := base
	for _, s := range [][2]string{{"hold_seconds", "1"}, {"max_connections", "3"}} {
		if err := other.Set(s[0], s[1]); err != nil {
			t.Fatal(err)
		}
	}
	res := calibrate(t, target.Options{Policy: other, Service: slow(3 * time.Second)}, base)
	if res == nil {
		return
	}
	if res.Fitting != 0 || res.Verdict != result.Inconclusive || len(res.Notes) == 0 {
		t.Errorf("%s, %d fit, %q: %+v", res.Verdict, res.Fitting, res.Notes, res.Experiments)
	}
}

// A target that counts no calls is not said to be used by others: what it says
// itself is, or what its calls show.
func TestCalibrateSuggestsThePolicy(t *testing.T) {
	base, _ := engine.NamedPolicy("")
	before, _ := engine.NamedPolicy("iris-pre-2022.3")
	silent := before
	silent.Base = base.Base // as of a target that says no more
	for want, p := range map[string]engine.Policy{
		"the target says that it counts by iris-pre-2022.3, and these are readings of iris-2022.3: see --policy iris-pre-2022.3": before,
		"servers before 2022.3 count none for REST and SOAP (--policy iris-pre-2022.3)":                                          silent,
	} {
		res := calibrate(t, target.Options{Policy: p}, base)
		if res == nil {
			return
		}
		notes := strings.Join(res.Notes, "\n")
		if !strings.Contains(notes, want) || strings.Contains(notes, "too much") {
			t.Errorf("no %q in:\n%s", want, notes)
		}
	}
	if res := calibrate(t, target.Options{Policy: before}, before); res != nil && strings.Contains(strings.Join(res.Notes, "\n"), "--policy") {
		t.Errorf("another policy than its own is suggested: %q", res.Notes)
	}
	if res := calibrate(t, target.Options{}, base); res != nil && strings.Contains(strings.Join(res.Notes, "\n"), "--policy") {
		t.Errorf("another policy than its own is suggested: %q", res.Notes)
	}
}

// A key that is too small refuses, and what that leaves open stays open.
func TestCalibrateASmallKey(t *testing.T) {
	base, _ := engine.NamedPolicy("")
	res := calibrate(t, target.Options{Units: 8, Service: slow(3 * time.Second)}, base)
	if res == nil {
		return
	}
	for _, o := range res.Options {
		if !slices.Contains(o.Values, setting(engine.Readings(base)[0], o.Name)) {
			t.Errorf("%s: the target's own value is not among %v", o.Name, o.Values)
		}
	}
}

func TestCalibrateWithoutMetrics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := pipes.New()
		s := &http.Server{Handler: http.NotFoundHandler()}
		go func() { _ = s.Serve(n) }()
		base, _ := engine.NamedPolicy("")
		if _, err := Calibrate(t.Context(), options(n, base)); !errors.Is(err, ErrNoMetrics) {
			t.Errorf("Calibrate gives %v, want ErrNoMetrics", err)
		}
		_ = s.Close()
		synctest.Wait()
	})
}

// cutShort calibrates against a target that is stopped, or whose user is, at
// some time.
func cutShort(t *testing.T, units int, life, user time.Duration) (res *result.Calibration, took time.Duration, bounds Bounds, err error) {
	t.Helper()
	base, _ := engine.NamedPolicy("")
	synctest.Test(t, func(t *testing.T) {
		n := pipes.New()
		ctx, stop := context.WithTimeout(t.Context(), life)
		defer stop()
		served := make(chan error)
		go func() {
			_, err := target.New(target.Options{Units: units, Service: slow(3 * time.Second)}).Serve(ctx, n)
			served <- err
		}()
		o := options(n, base)
		o.Begin = func(b Bounds) { bounds = b }
		within, cancel := context.WithTimeout(t.Context(), user)
		defer cancel()
		began := time.Now()
		res, err = Calibrate(within, o)
		took = time.Since(began)
		stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return res, took, bounds, err
}

// A target that dies ends the experiments soon, with no answer; how much failed
// is said.
func TestCalibrateADyingTarget(t *testing.T) {
	for _, after := range []time.Duration{13 * time.Second, 100 * time.Second} {
		res, took, _, err := cutShort(t, 0, after, time.Hour)
		// What may be waited for is the end of a hold, and of a call: 10 s and 3 s.
		if err != nil || res.Verdict != result.Inconclusive || res.Fitting != 0 || res.First != nil || res.Failed < 1 || took > after+30*time.Second ||
			res.Ended != errGone.Error() || slices.ContainsFunc(res.Options, func(o result.CalibratedOption) bool { return o.Decided }) {
			t.Errorf("after %v: %v, %+v in %v", after, err, res, took)
		}
	}
}

// Who is interrupted gets what is decided so far, or nothing at the very begin.
func TestCalibrateInterrupted(t *testing.T) {
	res, _, _, err := cutShort(t, 0, time.Hour, 150*time.Second)
	if !errors.Is(err, context.DeadlineExceeded) || res == nil || res.Ended != "interrupted" || res.Verdict != result.Undecided || len(res.Experiments) < 2 ||
		!slices.ContainsFunc(res.Options, func(o result.CalibratedOption) bool { return o.Decided }) {
		t.Errorf("%v, %+v", err, res)
	}
	if res, _, _, err = cutShort(t, 0, time.Hour, 100*time.Millisecond); !errors.Is(err, context.DeadlineExceeded) || res != nil {
		t.Errorf("at the begin: %v, %+v", err, res)
	}
}

// That the key is too small is known before the experiments.
func TestCalibrateSaysThatTheKeyIsSmall(t *testing.T) {
	// 26 calls pay for each connection, and four more are made while they hold.
	for units, short := range map[int]bool{0: false, 30: false, 29: true} {
		if _, _, b, _ := cutShort(t, units, time.Hour, 10*time.Second); b.Short() != short || b.Units != 30 {
			t.Errorf("key of %d: %+v, short %v", units, b, b.Short())
		}
	}
}

// How long calls take and how long they should are told in one time, the
// target's. At 20x the 50 ms within which a call begins and ends are 1 s of it:
// a quarter of that is added, for the look, and twice that for both ends.
func TestCalibrateSaysHowLongACallMustBe(t *testing.T) {
	base, _ := engine.NamedPolicy("")
	for took, short := range map[time.Duration]bool{3200 * time.Millisecond: true, 3300 * time.Millisecond: false} {
		res := calibrate(t, target.Options{Clock: 20, Service: slow(took)}, base)
		if w := res.Ways[0]; !w.Offered || w.Takes < engine.Time(took.Microseconds()) || w.Takes > engine.Time(took.Microseconds())+engine.Millisecond {
			t.Errorf("%v: %+v", took, w)
		}
		note := "calls are too short to tell where a hold begins: one that takes more than 3 s 250 ms of the target's time could (--call, or highwater target --service 4s)"
		if slices.Contains(res.Notes, note) != short {
			t.Errorf("%v: %q, want %v: %q", took, res.Notes, short, note)
		}
	}
}
