package sim

import (
	"context"
	"fmt"
	"math"
	"strings"
	"testing"

	"highwater/engine"
	"highwater/sim/result"
	"highwater/sim/stats"
	"highwater/sim/trace"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// waitOf makes of a queue's statistics those of a replication's only queue.
func waitOf(value func(*waits) float64) func(*outcome) float64 {
	return func(o *outcome) float64 { return value(&o.queues[0]) }
}

func shareWaited(s *waits) float64 { return float64(s.waited) / float64(s.came) }
func meanWait(s *waits) float64    { return s.total / float64(engine.Second) / float64(s.passed) }

// longer is the share of those let in whose wait lies in buckets above that of
// an instant, and where these buckets begin.
func longer(than engine.Time) (share func(*waits) float64, from engine.Time) {
	first := bucketOf(than) + 1
	for from = than; bucketOf(from) < first; from++ {
	}
	return func(s *waits) float64 {
		n := int64(0)
		for _, k := range s.buckets[min(first, len(s.buckets)):] {
			n += k
		}
		return float64(n) / float64(s.passed)
	}, from
}

// Erlang's delay formula (Erlang 1917): who comes to c places with load a =
// lambda h < c waits with probability C = B / (1 - a (1 - B) / c), where B is
// the loss formula, h / (c - a) on average if at all, and longer than t with
// probability C exp(-(c - a) t / h). The run begins empty. The number in it
// forgets that in a time of about 1 / (sqrt(c / h) - sqrt(lambda))^2, at most
// four minutes in the first three cases and an hour in the last. That is less
// than a hundredth of a replication, and so is the bias; where it is most, at
// 22, the mean wait has a standard error of three hundredths.
func TestErlangC(t *testing.T) {
	tests := []struct {
		rate, takes string
		hold        float64 // seconds
		load        float64
		cap         int
		duration    string
		waits, mean float64 // probability and seconds
		above       engine.Time
	}{
		{"2/s", "exp(10s)", 10, 20, 25, "1d", 0.209102826599, 0.418205653198, 10 * engine.Second},
		{"2/s", "exp(10s)", 10, 20, 22, "8h", 0.567915162159, 2.83957581079, 10 * engine.Second},
		{"2.2/s", "exp(10s)", 10, 22, 25, "8h", 0.433592430805, 1.44530810268, 10 * engine.Second},
		{"0.043/s", "exp(600s)", 600, 25.8, 30, "20d", 0.32703524636, 46.7193209086, 300 * engine.Second},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprintf("%v at %d", tt.load, tt.cap), func(t *testing.T) {
			sc := oracle(t, "gateway.yaml", "2/s", tt.rate, "exp(10s)", tt.takes, "cap: 25", fmt.Sprint("cap: ", tt.cap), "365d", tt.duration)
			res, outs := replicate(t, sc, 24)
			estimateOf(outs, waitOf(shareWaited)).check(t, "P(wait)", tt.waits, 0.015)
			estimateOf(outs, waitOf(meanWait)).check(t, "mean wait", tt.mean, 0.035)
			share, from := longer(tt.above)
			rest := (float64(tt.cap) - tt.load) / tt.hold
			estimateOf(outs, waitOf(share)).check(t, fmt.Sprintf("P(wait > %v s)", from.Seconds()), tt.waits*math.Exp(-rest*from.Seconds()), 0.2)
			checkQueue(t, &res.Queues[0])
			if res.Peaks.Max != tt.cap {
				t.Errorf("peaks %v: a call has a unit only while it has one of %d places", res.Peaks, tt.cap)
			}
			if got := stats.ErlangC(tt.cap, tt.load); math.Abs(got-tt.waits) > 1e-9 {
				t.Errorf("ErlangC(%d, %v) = %v, want %v", tt.cap, tt.load, got, tt.waits)
			}
		})
	}
}

// checkQueue checks that a queue's numbers fit one another.
func checkQueue(t *testing.T, q *result.Queue) {
	t.Helper()
	if q.Came != q.LetIn+q.TimedOut+q.Waiting || q.Waited > q.Came || q.TimedOut+q.Waiting > q.Waited {
		t.Errorf("who came is let in, timed out or still waits: %+v", q)
	}
	if q.Median > q.P95 || q.P95 > q.P99 || q.P99 > q.LongestWait {
		t.Errorf("quantiles out of order: %+v", q)
	}
	for _, e := range []*result.Estimate{q.ShareWaited, q.ShareTimedOut, q.MeanWait, q.MeanIfWaited, q.MeanLength} {
		if e != nil && e.N > 1 && (*e.Low > e.Value || *e.High < e.Value) {
			t.Errorf("an estimate outside of its interval: %v to %v, not %v", *e.Low, *e.High, e.Value)
		}
	}
}

// Who waits gives up after a time that is exponential with mean 1/theta (Palm
// 1957): the number n in the system is a birth-death process with rates lambda
// and min(n, c) / h + max(0, n - c) theta, and the fraction that gives up is
// theta / lambda times the mean queue. With theta = 1/h it is an M/M/inf queue,
// and without patience Erlang's loss formula is the fraction.
func TestErlangA(t *testing.T) {
	tests := []struct {
		cap           int
		patience      string
		gives, length float64 // fraction, and mean queue
		share, ofMean float64 // most standard error
	}{
		{20, "exp(60s)", 0.0516367008777, 6.19640410533, 0.015, 0.015},
		{22, "exp(10s)", 0.0489748290244, 0.979496580488, 0.015, 0.015},
		{30, "0s", 0.00845749834019, 0, 0.025, 0},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprintf("%s at %d", tt.patience, tt.cap), func(t *testing.T) {
			sc := oracle(t, "gateway.yaml", "forever", tt.patience, "cap: 25", fmt.Sprint("cap: ", tt.cap), "365d", "8h")
			res, outs := replicate(t, sc, 24)
			estimateOf(outs, waitOf(func(s *waits) float64 { return float64(s.timedOut) / float64(s.came) })).check(t, "fraction that gives up", tt.gives, tt.share)
			estimateOf(outs, waitOf(func(s *waits) float64 { return (s.total + s.vain) / float64(sc.Duration) })).check(t, "mean queue", tt.length, tt.ofMean)
			q := res.Queues[0]
			checkQueue(t, &q)
			c := res.Cohorts[0]
			if c.TimedOut != q.TimedOut || c.Lost != q.TimedOut || c.Started != q.LetIn || c.Refused != 0 || len(res.ByVia) > 0 || res.Refusing.Count > 0 {
				t.Errorf("cohort %+v, refused %v: a queue timeout is no refusal", c, res.ByVia)
			}
		})
	}
}

// happened lists what a trace tells, as "seconds op cohort".
func happened(events []trace.Event) (list []string) {
	whose := map[string]string{}
	for _, e := range events {
		if e.Op == trace.Connect {
			whose[e.Conn] = e.Cohort
		}
		list = append(list, fmt.Sprintf("%s %s %s", e.At.AppendSeconds(nil), e.Op, whose[e.Conn]))
	}
	return list
}

// Who waits is not in the trace until it is let in.
func TestGatewayByHand(t *testing.T) {
	const (
		calls   = "{name: c, kind: callers, through: g, arrivals: {at: [%s]}, session: 10s%s}"
		session = "{name: s, kind: callers, through: g, arrivals: {at: +1s}, session: {calls: 2, takes: 1s, think: 5s, use_session: true, timeout: 10s}%s}"
	)
	users := func(name, at string, connections int) string {
		return fmt.Sprintf("{name: %s, kind: users, through: g, connections: %d, arrivals: {at: %s}, session: 10s}", name, connections, at)
	}
	other := func(at, takes string) string {
		return fmt.Sprintf("{name: b, kind: callers, through: g, arrivals: {at: %s}, session: %s}", at, takes)
	}
	type counts struct{ came, letIn, waited, timedOut, waiting int64 }
	tests := []struct {
		name, units, gateway string
		cohorts              []string
		want                 string
		counts               counts
	}{
		{"in order of arrival", "9", "cap: 1", []string{fmt.Sprintf(calls, "+1s, +2s, +3s", "")},
			"1 connect c, 11 disconnect c, 11 connect c, 21 disconnect c, 21 connect c, 31 disconnect c", counts{3, 3, 2, 0, 0}},
		{"who waits comes before who arrives", "9", "cap: 1", []string{fmt.Sprintf(calls, "+1s, +2s", ""), other("+11s", "10s")},
			"1 connect c, 11 disconnect c, 11 connect c, 21 disconnect c, 21 connect b, 31 disconnect b", counts{3, 3, 2, 0, 0}},
		{"to the end", "9", "cap: 1", []string{fmt.Sprintf(calls, "+111s, +112s", "")}, "111 connect c", counts{2, 1, 1, 0, 1}},
		{"gives up", "9", "cap: 1, patience: 5s", []string{fmt.Sprintf(calls, "+1s, +2s, +8s", "")},
			"1 connect c, 11 disconnect c, 11 connect c, 21 disconnect c", counts{3, 2, 2, 1, 0}},
		{"has just enough patience", "9", "cap: 1, patience: 5s", []string{fmt.Sprintf(calls, "+1s, +6s", "")},
			"1 connect c, 11 disconnect c, 11 connect c, 21 disconnect c", counts{2, 2, 1, 0, 0}},
		{"tries again behind the others", "9", "cap: 1, patience: 5s", []string{fmt.Sprintf(calls, "+1s, +2s, +8s", ", on_refusal: {retry: 4s, times: 1}")},
			"1 connect c, 11 disconnect c, 11 connect c, 21 disconnect c", counts{4, 2, 3, 2, 0}},
		{"tries again until it is let in", "9", "cap: 1, patience: 5s", []string{fmt.Sprintf(calls, "+1s, +2s", ", on_refusal: {retry: 4s}")},
			"1 connect c, 11 disconnect c, 11 connect c, 21 disconnect c", counts{3, 2, 1, 1, 0}},
		{"nobody overtakes", "9", "cap: 3", []string{users("a", "+1s", 2), users("b", "+2s", 2), users("c", "+3s", 1)},
			"1 connect a, 1 connect a, 11 disconnect a, 11 disconnect a, 11 connect b, 11 connect b, 11 connect c, 21 disconnect b, 21 disconnect b, 21 disconnect c",
			counts{3, 3, 2, 0, 0}},
		{"the next one needs less", "9", "cap: 3, patience: 5s", []string{users("a", "+1s", 2), users("b", "+2s", 2), users("c", "+3s", 1)},
			"1 connect a, 1 connect a, 7 connect c, 11 disconnect a, 11 disconnect a, 17 disconnect c", counts{3, 2, 2, 1, 0}},
		{"refused by the server", "1", "cap: 1", []string{"{name: a, kind: devices}", users("b", "+1s", 1), users("c", "+2s", 1)},
			"0 connect a, 1 connect b, 2 connect c, 11 disconnect b, 12 disconnect c", counts{2, 2, 0, 0, 0}},
		{"a call in a session ends", "9", "cap: 1", []string{fmt.Sprintf(session, ""), other("+1500ms", "1s")},
			"1 connect s, 2 connect b, 3 disconnect b, 7 page s, 18 disconnect s", counts{3, 3, 1, 0, 0}},
		{"a call in a session waits", "9", "cap: 1", []string{fmt.Sprintf(session, ""), other("+6s", "3s")},
			"1 connect s, 6 connect b, 9 disconnect b, 9 page s, 20 disconnect s", counts{3, 3, 1, 0, 0}},
		{"its session times out", "9", "cap: 1", []string{fmt.Sprintf(session, ""), other("+6s", "20s")},
			"1 connect s, 6 connect b, 12 disconnect s, 26 disconnect b, 26 connect s, 37 disconnect s", counts{3, 3, 1, 0, 0}},
		{"it gives up", "9", "cap: 1, patience: 2s", []string{fmt.Sprintf(session, ""), other("+6s", "20s")},
			"1 connect s, 6 connect b, 12 disconnect s, 26 disconnect b", counts{3, 2, 1, 1, 0}},
		{"it tries again", "9", "cap: 1, patience: 2s", []string{fmt.Sprintf(session, ", on_refusal: {retry: 2s, times: 1}"), other("+6s", "4s")},
			"1 connect s, 6 connect b, 10 disconnect b, 11 page s, 22 disconnect s", counts{4, 3, 1, 1, 0}},
		{"it tries again too late", "9", "cap: 1, patience: 2s", []string{fmt.Sprintf(session, ", on_refusal: {retry: 4s, times: 1}"), other("+6s", "4s")},
			"1 connect s, 6 connect b, 10 disconnect b, 12 disconnect s, 13 connect s, 24 disconnect s", counts{4, 3, 1, 1, 0}},
		{"browsers pass", "9", "cap: 1", []string{other("+1s", "1m"), "{name: w, kind: browsers, through: g, arrivals: {at: +2s}, session: {pages: 1, think: 8s, logout: 100%}}"},
			"1 connect b, 2 connect w, 10 disconnect w, 61 disconnect b", counts{1, 1, 0, 0, 0}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			text := fmt.Sprintf("name: gateway\nduration: 2m\nlicense: {units: %s}\nproxies: [{name: g, address: 10.0.0.5, %s}]\ncohorts:\n", tt.units, tt.gateway)
			res, events := record(t, parse(t, text+"  - "+strings.Join(tt.cohorts, "\n  - ")+"\n"))
			if diff := cmp.Diff(strings.Split(tt.want, ", "), happened(events)); diff != "" {
				t.Errorf("want (-), got (+):\n%s", diff)
			}
			q := res.Policies[0].Queues[0]
			checkQueue(t, &q)
			if got := (counts{q.Came, q.LetIn, q.Waited, q.TimedOut, q.Waiting}); got != tt.counts {
				t.Errorf("%+v, want %+v", got, tt.counts)
			}
		})
	}
}

// How long each one waits: 0, 9 and 18 s, and one of them to the end.
func TestWaits(t *testing.T) {
	sc := parse(t, `
name: waits
duration: 26s
license: {units: 9}
proxies: [{name: g, address: 10.0.0.5, cap: 1}]
cohorts: [{name: c, kind: callers, through: g, arrivals: {at: [+1s, +2s, +3s, +16s]}, session: 10s}]
`)
	q := run(t, sc, Options{Reps: 2}).Policies[0].Queues[0]
	if q.MeanWait.Value != 9 || q.MeanIfWaited.Value != 13.5 || q.ShareWaited.Value != 0.75 || q.MeanLength.Value != (9+18+10)/26.0 {
		t.Errorf("means %v, %v, share %v, length %v", *q.MeanWait, *q.MeanIfWaited, *q.ShareWaited, *q.MeanLength)
	}
	if *q.MeanWait.Low != 9 || *q.MeanWait.High != 9 || q.MeanWait.N != 2 {
		t.Errorf("%v: two replications that are equal", *q.MeanWait)
	}
	if q.LongestWait != 18*engine.Second || q.Longest != (result.Spread{Min: 2, Median: 2, Max: 2, N: 2}) {
		t.Errorf("longest wait %v, longest queue %v", q.LongestWait, q.Longest)
	}
	for _, tt := range []struct{ got, want engine.Time }{{q.Median, 9 * engine.Second}, {q.P95, 18 * engine.Second}, {q.P99, 18 * engine.Second}} {
		if math.Abs(tt.got.Seconds()/tt.want.Seconds()-1) > 0.004 {
			t.Errorf("quantile %v, want %v within 0.4 %%", tt.got, tt.want)
		}
	}
}

// Every wait lies in its bucket, and the middle of that is near.
func TestBuckets(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		wait := engine.Time(rapid.Int64Range(0, int64(engine.MaxTime)).Draw(t, "wait"))
		wait >>= rapid.IntRange(0, 60).Draw(t, "shift")
		b := bucketOf(wait)
		middle := bucketMiddle(b)
		if math.Abs(float64(middle-wait)) > 0.004*float64(wait) || bucketOf(middle) != b || bucketOf(wait+1)-b > 1 {
			t.Fatalf("wait %d in bucket %d, whose middle is %d", wait, b, middle)
		}
	})
}

// Calls that have ended hold their units, for which the gateway has no eye: at
// three a second for ten seconds each about 30, with 5 places.
func TestCapIsNotOfUnits(t *testing.T) {
	for hold, most := range map[string]int{"0": 5, "10": 60} {
		sc := oracle(t, "gateway.yaml", "365d", "1h", "hold_seconds: 0", "hold_seconds: "+hold, "2/s", "3/s", "exp(10s)", "1s", "cap: 25", "cap: 5")
		p := run(t, sc, Options{Reps: 1}).Policies[0]
		if p.Peaks.Max > most || hold == "10" && p.MeanUnits < 25 {
			t.Errorf("hold %s s: peak of %d units, mean %.1f", hold, p.Peaks.Max, p.MeanUnits)
		}
	}
}

// Who gave up leaves a queue that others stand in no longer than it is long.
func TestQueueIsTidied(t *testing.T) {
	sc := parse(t, `
name: tidy
duration: 1h
license: {units: 9}
proxies: [{name: g, address: 10.0.0.5, cap: 1, patience: "uniform(1s, 2s)"}]
cohorts:
  - {name: holder, kind: devices, through: g, arrivals: {at: +0s}}
  - {name: c, kind: callers, count: 3, through: g, arrivals: {at: +1s}, on_refusal: {retry: 10ms}}
`)
	w := newWorld(sc, &sc.License.Policy, 9, nil, nil)
	w.reset(1, 0)
	w.run(context.Background(), nil)
	g := &w.gateways[0]
	if g.stats.timedOut < 5000 || g.waiting > 3 || len(g.queue) > 100 || len(w.actors) > 100 {
		t.Errorf("%d timed out, %d wait, %d in the queue, %d actors", g.stats.timedOut, g.waiting, len(g.queue), len(w.actors))
	}
}

// Whatever happens, no more places are taken than there are, each by somebody,
// and nobody gets lost.
func TestGatewayBalances(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := drawScenario(t).text()
		sc := parse(t, text)
		var w *world
		check := func(engine.Event) {
			for i := range w.gateways {
				if g := &w.gateways[i]; g.used < 0 || g.used > g.Cap {
					t.Fatalf("%d of %d places taken\n%s", g.used, g.Cap, text)
				}
			}
		}
		w = newWorld(sc, &sc.License.Policy, sc.License.Units, check, nil)
		w.reset(sc.Seed, 0)
		w.run(context.Background(), nil)
		used, waiters := make([]int, len(w.gateways)), make([]int, len(w.gateways))
		late := make([]bool, len(w.gateways)) // calls in sessions may end after the end, when nobody looks
		for i := range w.actors {
			v := &w.actors[i]
			if v.role != visit || w.cohorts[v.cohort].gateway == nil {
				continue
			}
			g := w.cohorts[v.cohort].Through - 1
			late[g] = late[g] || w.cohorts[v.cohort].UseSession
			switch v.phase {
			case waiting:
				waiters[g]++
			case leaving:
				used[g] += int(v.parentBorn)
			case admitting, losingPatience, lapsing:
			default:
				used[g] += int(v.places)
			}
		}
		for i := range w.gateways {
			g := &w.gateways[i]
			s := w.ended(g)
			if used[i] > g.used || used[i] < g.used && !late[i] || waiters[i] != g.waiting || s.came != s.passed+s.timedOut+int64(g.waiting) {
				t.Fatalf("%d places taken by those who have %d, %d wait of %d, %d came\n%s", g.used, used[i], g.waiting, waiters[i], s.came, text)
			}
			if g.waiting > 0 && g.fits(&w.actors[g.first(w)]) {
				t.Fatalf("%d of %d places taken while somebody waits\n%s", g.used, g.Cap, text)
			}
		}
	})
}

// first is the first actor in the queue.
func (g *gateway) first(w *world) int32 {
	for _, x := range g.queue[g.head:] {
		if w.actors[x.actor].ticket == x.ticket {
			return x.actor
		}
	}
	panic("nobody waits")
}

// Those who come later are not let in earlier.
func TestFirstComeFirstServed(t *testing.T) {
	sc := parse(t, `
name: in order
duration: 1h
license: {units: unlimited}
proxies: [{name: g, address: 10.0.0.5, forwards: x-forwarded-for, cap: 4, patience: exp(20s)}]
cohorts: [{name: c, kind: callers, through: g, arrivals: {poisson: 30/min}, session: exp(10s)}]
`)
	res, events := record(t, sc)
	last, n := 0, int64(0)
	for _, e := range events {
		if e.Op != trace.Connect {
			continue
		}
		n++
		var number int
		if _, err := fmt.Sscanf(e.Forwarded, "c-%d", &number); err != nil || number <= last {
			t.Fatalf("%s is let in after c-%d (%v)", e.Forwarded, last, err)
		}
		last = number
	}
	if q := res.Policies[0].Queues[0]; q.LetIn != n || q.TimedOut == 0 || 2*q.Waited < q.Came {
		t.Errorf("%d connects of %+v", n, q)
	}
}
