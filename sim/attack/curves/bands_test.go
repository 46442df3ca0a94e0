package curves

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"

	"highwater/engine"
	"highwater/scenario"
	"highwater/sim"
	"highwater/sim/attack/record"
	"highwater/sim/result"
	"highwater/sim/target"

	"pgregory.net/rapid"
)

// people are cohorts of all kinds that a record has.
var people = []record.Cohort{
	{Name: "boards", Via: "rest", Path: "/rest/boards"},
	{Name: "lab", Via: "soap", Path: "/soap/lab.cls", User: "own"},
	{Name: "service", Via: "rest", Path: "/rest/service", User: "svc"},
	{Name: "guests", Via: "csp", Path: "/csp/guests/page.csp", Session: true, Timeout: 4 * engine.Second},
	{Name: "staff", Via: "csp", Path: "/csp/staff/page.csp", Session: true, Timeout: 4 * engine.Second, User: "own", Login: true},
	{Name: "clerks", Via: "csp", Path: "/csp/clerks/page.csp", Session: true, Timeout: 4 * engine.Second, User: "clerk"},
}

// A moment is when the target really begins or ends an attempt.
type moment struct {
	at    time.Duration
	entry int
	end   bool
}

// drawVisits draws what is sent by some visits, and when the target really
// does it.
func drawVisits(t *rapid.T) (list []record.Entry, truth []moment) {
	length := rapid.Int64Range(0, 3_000_000)
	for v := range rapid.IntRange(1, 12).Draw(t, "visits") {
		cohort := rapid.IntRange(0, len(people)-1).Draw(t, "cohort")
		k := people[cohort]
		at := time.Duration(rapid.Int64Range(0, 20_000_000).Draw(t, "begin"))
		address := netip.AddrFrom4([4]byte{127, 0, 0, byte(rapid.IntRange(1, 2).Draw(t, "address"))})
		requests := rapid.IntRange(1, 5).Draw(t, "requests")
		for i := range requests {
			e := record.Entry{
				Request: uint32(len(list)), Visit: uint32(v), Cohort: uint32(cohort), Member: uint64(v % 3), Address: address, Kind: sim.CallRequest,
			}
			switch {
			case k.Session && i > 0 && i == requests-1 && rapid.Bool().Draw(t, "logout"):
				e.Kind = sim.LogoutRequest
			case k.Login && i == 1:
				e.Kind = sim.LoginRequest
			case k.Session:
				e.Kind = sim.PageRequest
			}
			e.Sent = at + time.Duration(length.Draw(t, "think"))
			begin := e.Sent + time.Duration(length.Draw(t, "before"))
			end := begin + time.Duration(length.Draw(t, "takes"))
			e.Done = end + time.Duration(length.Draw(t, "after"))
			at = e.Done
			truth = append(truth, moment{begin, len(list), false}, moment{end, len(list), true})
			list = append(list, e)
		}
	}
	for i := range list {
		list[i].Sent, list[i].Done = 1000*list[i].Sent, 1000*list[i].Done
	}
	for i := range truth {
		truth[i].at *= 1000 // whole microseconds
	}
	slices.SortStableFunc(truth, func(a, b moment) int { return cmp.Compare(a.at, b.at) })
	return list, truth
}

// really counts what the target really does, and notes what its clients see.
func really(l *Log, truth []moment, policy engine.Policy, units int) *curve {
	a := l.axis()
	c := newCounter(cohortsOf(l.Header), policy, units, 0)
	c.begin()
	session := map[uint32]uint32{}
	for _, m := range truth {
		e := &l.Entries[m.entry]
		if m.end {
			if e.Outcome == record.Served {
				c.finish(a.at(m.at), a.at(m.at), e)
			}
			continue
		}
		c.advance(a.at(m.at))
		e.Session = session[e.Visit]
		fresh := people[e.Cohort].Session && c.sessions[sessionKey(e)] == nil
		if fresh && e.Kind == sim.LogoutRequest {
			continue // of a session that has timed out
		}
		if fresh {
			e.Session++
			if e.Kind == sim.LoginRequest {
				e.Kind = sim.PageRequest // one that begins anew logs in later
			}
		}
		if !c.start(a.at(m.at), e) {
			e.Outcome = record.Refused
			if fresh {
				e.Session--
			}
			if e.Kind == sim.LoginRequest {
				c.finish(a.at(m.at), a.at(m.at), e)
			}
		}
		session[e.Visit] = e.Session
	}
	c.advance(a.at(2 * time.Minute))
	return &c.curve
}

func drawPolicy(t *rapid.T) engine.Policy {
	base, _ := engine.NamedPolicy("")
	readings := engine.Readings(base)
	p := readings[rapid.IntRange(0, len(readings)-1).Draw(t, "reading")].Policy
	for _, s := range [][2]string{{"max_connections", "2"}, {"hold_seconds", "3"}, {"grace_seconds", "5"}} {
		if err := p.Set(s[0], s[1]); err != nil {
			t.Fatal(err)
		}
	}
	return p
}

// Whenever the target really does what it is asked between the instants that
// the client knows, what it reports lies within what these allow.
func TestBandsHoldTheTruth(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := &Log{Header: &record.Header{Clock: 1, Cohorts: people}, State: &record.State{Clock: 1}}
		var truth []moment
		l.Entries, truth = drawVisits(t)
		policy := drawPolicy(t)
		units := rapid.SampledFrom([]int{0, 0, 3, 6}).Draw(t, "units")
		c := really(l, truth, policy, units)
		var seen []time.Duration
		for range 20 {
			at := time.Duration(rapid.Int64Range(0, 60_000_000).Draw(t, "look")) * 1000
			before := time.Duration(rapid.Int64Range(0, 500_000).Draw(t, "sent")) * 1000
			_, n := lookup(c.series).over(l.axis().at(at), l.axis().at(at))
			l.Samples = append(l.Samples, record.Sample{Sent: at - min(at, before), Done: at + 1000, Consumed: float64(n)})
			seen = append(seen, at)
		}
		x := comparison{l: l, res: &result.Curves{}, policy: policy, opens: l.opening()}
		if x.outcomes(l.ranges(policy, 0, units)); x.res.Outcomes.Wrong() > 0 {
			t.Fatalf("the target keeps to the rules, and %+v", x.res.Outcomes)
		}
		for i, b := range l.bands(policy, 0, units) {
			if b.Reported < b.Low || b.Reported > b.High {
				t.Fatalf("at %v there were %d units, and the instants allow %d to %d", seen[i], b.Reported, b.Low, b.High)
			}
		}
	})
}

// What is known to the microsecond leaves no doubt.
func TestBandsOfWhatIsKnown(t *testing.T) {
	l := &Log{Header: &record.Header{Clock: 1, Cohorts: people}, State: &record.State{Clock: 1}}
	policy, _ := engine.NamedPolicy("")
	for i, at := range []time.Duration{1, 3, 5} { // the second call of one address, and another address
		e := record.Entry{Request: uint32(i), Visit: uint32(i), Kind: sim.CallRequest, Sent: at * time.Second, Done: at * time.Second}
		e.Address = netip.AddrFrom4([4]byte{127, 0, 0, byte(1 + i/2)})
		l.Entries = append(l.Entries, e)
	}
	// Held from 1 s and 3 s to 13 s, and from 5 s to 15 s.
	for at, want := range map[time.Duration]int{0: 0, 2: 1, 4: 1, 6: 2, 12: 2, 14: 1, 16: 0} {
		l.Samples = []record.Sample{{Sent: at * time.Second, Done: at * time.Second, Consumed: float64(want)}}
		b := l.bands(policy, 0, 0)[0]
		if b.Low != want || b.High != want {
			t.Errorf("after %d s: %s units, want %d", at, fmt.Sprint(b.Low, " to ", b.High), want)
		}
	}
}

// Whom a full key refuses comes back at another time, of the people whom the
// target holds itself, too: then more of them may be there than without a key.
func TestRefusedPeopleComeBack(t *testing.T) {
	for _, on := range []string{"give up", "{retry: exp(3m), times: 3}"} {
		sc, err := scenario.Parse("back.yaml", []byte(`
name: back
duration: 4h
license: {units: 14}
cohorts:
  - {name: nurses, kind: users, count: 12, via: xdbc, arrivals: {idle: exp(3m)}, session: exp(6m), on_refusal: `+on+`}
  - {name: boards, kind: callers, arrivals: {poisson: 30/min}, session: exp(3s)}
`), nil)
		if err != nil {
			t.Fatal(err)
		}
		l, served, _ := rehearse(t, sc, target.Options{Scenario: sc, Policy: sc.License.Policy, Units: 14})
		res := compare(t, l, Limit{})
		if d := res.Divergence; d.Outside != 0 || res.Outcomes.Wrong() != 0 || res.Outcomes.Certain == 0 || served.RefusedByVia["xdbc"] < 30 {
			t.Errorf("%s: %d samples outside by up to %d units, %+v, %v", on, d.Outside, d.Most, res.Outcomes, served.RefusedByVia)
		}
	}
}
