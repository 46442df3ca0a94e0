package probe

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"runtime"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"highwater/engine"
	"highwater/internal/pipes"
	"highwater/sim/attack"
	"highwater/sim/result"
	"highwater/sim/target"
)

var long = flag.Bool("long", false, "all readings over a bad network and among others, and real connections to a busy machine")

// delays are what a bad network does: it keeps back some requests and some
// answers, those of the metrics as well.
type delays struct {
	requests, answers float64 // the share of them
	longest           time.Duration

	mu   sync.Mutex
	rand *rand.Rand
}

func (d *delays) draw(share float64) time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.rand.Float64() >= share {
		return 0
	}
	return d.longest/5 + time.Duration(d.rand.Int64N(int64(d.longest*4/5)))
}

// A delayed connection has them.
type delayed struct {
	net.Conn
	*delays
	asked bool // nothing of the answer has come yet
	mu    sync.Mutex
}

func (c *delayed) Write(b []byte) (int, error) {
	<-time.After(c.draw(c.requests))
	c.mu.Lock()
	c.asked = true
	c.mu.Unlock()
	return c.Conn.Write(b)
}

func (c *delayed) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.mu.Lock()
	first := c.asked
	c.asked = false
	c.mu.Unlock()
	if first {
		<-time.After(c.draw(c.answers))
	}
	return n, err
}

// disturb calibrates a target over a bad network, while others may use it.
func disturb(t *testing.T, o target.Options, base engine.Policy, d *delays, others func(context.Context, *pipes.Net)) (res *result.Calibration) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		n := pipes.New()
		ctx, stop := context.WithCancel(t.Context())
		served := make(chan error)
		go func() {
			_, err := target.New(o).Serve(ctx, n)
			served <- err
		}()
		if others != nil {
			go others(ctx, n)
		}
		ask := options(n, base)
		if d != nil {
			ask.Attack.Dial = func(ctx context.Context, from netip.Addr, to netip.AddrPort) (net.Conn, error) {
				c, err := n.Dial(ctx, from, to)
				return &delayed{Conn: c, delays: d}, err
			}
		}
		var err error
		if res, err = Calibrate(t.Context(), ask); err != nil {
			t.Error(err)
		}
		stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
		<-time.After(time.Minute) // what is still delayed
	})
	return res
}

// wrong lists the options of which the target's own value was ruled out.
func wrong(r engine.Reading, res *result.Calibration) (list []string) {
	if res.Verdict == result.Inconclusive {
		return nil
	}
	for _, s := range r.Settings {
		i := slices.IndexFunc(res.Options, func(o result.CalibratedOption) bool { return o.Name == s.Name })
		if !slices.Contains(res.Options[i].Values, s.Value) {
			list = append(list, s.Name)
		}
	}
	return list
}

// decided is how many options are.
func decided(res *result.Calibration) (n int) {
	for _, o := range res.Options {
		if o.Decided {
			n++
		}
	}
	return n
}

// A tenth of all answers, and half as many requests, seconds late: no reading
// of the target is ruled out, and most of what can be told is.
func TestCalibrateOverABadNetwork(t *testing.T) {
	base, _ := engine.NamedPolicy("")
	readings := engine.Readings(base)
	step := 24
	switch {
	case *long:
		step = 1
	case testing.Short():
		step = 47
	}
	told, can := 0, 0
	for i := 0; i < len(readings); i += step {
		r := readings[i]
		d := &delays{requests: 0.05, answers: 0.1, longest: 5 * time.Second, rand: rand.New(rand.NewPCG(1, uint64(i)))}
		res := disturb(t, target.Options{Policy: r.Policy, Service: slow(3 * time.Second)}, base, d, nil)
		if res == nil {
			return
		}
		if list := wrong(r, res); list != nil {
			t.Errorf("%v: %v are decided wrong", r.Settings, list)
		}
		told += decided(res)
		can += len(r.Settings) - len(undecidable(r))
		if res.Requests > res.MostRequests || res.Duration > res.MostDuration+engine.Minute {
			t.Errorf("%v: %d requests in %v, want %d in %v at most", r.Settings, res.Requests, res.Duration, res.MostRequests, res.MostDuration)
		}
	}
	t.Logf("%d of %d options that can be decided are", told, can)
	if told*2 < can {
		t.Errorf("%d of %d options that can be decided are, want half of them", told, can)
	}
}

// callers call now and then, each from an address of its own.
func callers(every time.Duration, seed uint64) func(context.Context, *pipes.Net) {
	return func(ctx context.Context, n *pipes.Net) {
		r := rand.New(rand.NewPCG(seed, 7))
		for k := 0; ; k++ {
			select {
			case <-time.After(time.Duration(r.ExpFloat64() * float64(every))):
			case <-ctx.Done():
				return
			}
			go func() {
				c := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
					return n.Dial(ctx, netip.AddrFrom4([4]byte{10, 0, byte(k / 250), byte(k%250 + 1)}), netip.AddrPort{})
				}}}
				res, err := c.Get("http://127.0.0.1:8080/rest/others")
				if err == nil {
					_ = res.Body.Close()
				}
			}()
		}
	}
}

// Others who call the test instance, rarely or all the time, have nothing
// decided wrong.
func TestCalibrateAmongOthers(t *testing.T) {
	base, _ := engine.NamedPolicy("")
	readings := engine.Readings(base)
	step := 95
	if *long {
		step = 3
	}
	for _, every := range []time.Duration{5 * time.Minute, time.Minute, 5 * time.Second} {
		told, noticed, n := 0, 0, 0
		for i := 0; i < len(readings); i += step {
			r := readings[i]
			res := disturb(t, target.Options{Policy: r.Policy, Service: slow(3 * time.Second)}, base, nil, callers(every, uint64(i)))
			if res == nil {
				return
			}
			if list := wrong(r, res); list != nil {
				t.Errorf("a call each %v: %v: %v are decided wrong", every, r.Settings, list)
			}
			n++
			told += decided(res)
			for _, x := range res.Experiments {
				if x.Moved+x.Unexplained > 0 {
					noticed++
					break
				}
			}
		}
		t.Logf("a call each %v: noticed in %d of %d, %d options decided of %d", every, noticed, n, told, 6*n)
		if every < time.Minute && noticed < n { // one comes in nearly every round
			t.Errorf("a call each %v is noticed in %d of %d calibrations only", every, noticed, n)
		}
	}
}

// Units that others hold all the while are subtracted.
func TestCalibrateBesideOthers(t *testing.T) {
	base, _ := engine.NamedPolicy("")
	hold := func(ctx context.Context, n *pipes.Net) {
		c := &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return n.Dial(ctx, netip.AddrFrom4([4]byte{10, 0, 0, 1}), netip.AddrPort{})
		}}}
		for k := range 5 { // sessions of their own
			res, err := c.Get(fmt.Sprintf("http://127.0.0.1:8080/csp/others-%d/page.csp", k))
			if err == nil {
				_ = res.Body.Close()
			}
		}
		c.CloseIdleConnections()
	}
	res := disturb(t, target.Options{Service: slow(3 * time.Second), Timeout: engine.Day}, base, nil, hold)
	if res == nil {
		return
	}
	if res.Verdict != result.Decided || res.Others != 5 {
		t.Errorf("%s with %d units of others, %q: %+v", res.Verdict, res.Others, res.Notes, res.Experiments)
	}
}

// On a machine that is busier than it can be, over real connections, nothing
// is decided wrong.
func TestCalibrateUnderStress(t *testing.T) {
	if !*long {
		t.Skip("takes some minutes: -long")
	}
	base, _ := engine.NamedPolicy("")
	readings := engine.Readings(base)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	for range 2 * runtime.GOMAXPROCS(0) {
		go func() {
			for ctx.Err() == nil {
				_ = rand.Uint64()
			}
		}()
	}
	for i := 0; i < len(readings); i += 40 {
		r := readings[i]
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		ctx, done := context.WithCancel(t.Context())
		served := make(chan error)
		go func() {
			_, err := target.New(target.Options{Policy: r.Policy, Service: slow(4 * time.Second), Clock: 8}).Serve(ctx, l)
			served <- err
		}()
		u := &url.URL{Scheme: "http", Host: l.Addr().String()}
		res, err := Calibrate(t.Context(), Options{Attack: attack.Options{Target: u, Timeout: time.Minute}, Policy: base})
		if err != nil {
			t.Fatal(err)
		}
		if list := wrong(r, res); list != nil {
			t.Errorf("%v: %v are decided wrong", r.Settings, list)
		}
		t.Logf("%v: %s, %d options decided, within %v: %v", r.Settings, res.Verdict, decided(res), res.Reach, res.Notes)
		done()
		if err := <-served; err != nil {
			t.Error(err)
		}
	}
}
