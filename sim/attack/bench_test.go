//go:build unix

package attack

import (
	"slices"
	"syscall"
	"testing"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"
)

// processor is how much of the processors this process has had.
func processor(b *testing.B) time.Duration {
	b.Helper()
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		b.Fatal(err)
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// many is 2,000 users, each with an address and a cookie, of 20 requests each.
const many = `
name: many
duration: 10m
license: {units: 9999}
cohorts: [{name: calls, kind: callers, count: 2000, arrivals: {at: +0s}, session: {calls: 20, think: 0s}}]
`

// What a request costs this process, as fast as 64 at once can be, beside
// vegeta's own attacker, who sends all of them as one user: by turns, so that
// whatever else the machine does is the same to both.
func BenchmarkSend(b *testing.B) {
	url := otherTarget(b)
	s := plan(b, many, PlanOptions{})
	ours, theirs := []float64{}, []float64{}
	for b.Loop() {
		ours = append(ours, costOf(b, func() int {
			res, err := Run(b.Context(), b.Context(), s, Options{Target: target(url), InFlight: 64})
			if err != nil || res.Sent.Failed > 0 {
				b.Fatal(err, res.Sent)
			}
			return int(res.Sent.Served)
		}))
		theirs = append(theirs, costOf(b, func() int {
			a := vegeta.NewAttacker(vegeta.MaxWorkers(64))
			n := 0
			for r := range a.Attack(vegeta.NewStaticTargeter(vegeta.Target{Method: "GET", URL: url}), vegeta.ConstantPacer{}, 0, "") {
				if n++; n == len(s.Requests) {
					a.Stop()
				}
				if r.Error != "" {
					b.Fatal(r.Error)
				}
			}
			return n
		}))
	}
	slices.Sort(ours)
	slices.Sort(theirs)
	o, t := ours[len(ours)/2], theirs[len(theirs)/2]
	b.ReportMetric(o, "µs/request")
	b.ReportMetric(t, "µs/vegeta's")
	b.ReportMetric(t/o, "times-vegeta")
}

// soon is 5,000 requests a second of 5,000 users, each with an address.
const soon = `
name: soon
duration: 3s
license: {units: 9999}
cohorts: [{name: calls, kind: callers, count: 5000, arrivals: {every: 1s}}]
`

// How late requests leave at 5,000 a second, beside those of vegeta's own
// attacker, by turns.
func BenchmarkLag(b *testing.B) {
	url := otherTarget(b)
	s := plan(b, soon, PlanOptions{})
	var p50, p99, theirs50, theirs99 []float64
	for b.Loop() {
		res, err := Run(b.Context(), b.Context(), s, Options{Target: target(url)})
		if err != nil || res.Sent.Failed > 0 {
			b.Fatal(err, res.Sent)
		}
		p50, p99 = append(p50, float64(res.Sent.Lag.P50)), append(p99, float64(res.Sent.Lag.P99))
		var late []float64 // after the schedule that begins with the earliest of all
		pacer := vegeta.ConstantPacer{Freq: 5000, Per: time.Second}
		a := vegeta.NewAttacker()
		begun := time.Now()
		for r := range a.Attack(vegeta.NewStaticTargeter(vegeta.Target{Method: "GET", URL: url}), pacer, 3*time.Second, "") {
			late = append(late, float64((r.Timestamp.Sub(begun) - time.Duration(r.Seq)*time.Second/5000).Microseconds()))
		}
		slices.Sort(late)
		theirs50, theirs99 = append(theirs50, late[len(late)/2]-late[0]), append(theirs99, late[len(late)*99/100]-late[0])
	}
	for name, list := range map[string][]float64{"µs-p50": p50, "µs-p99": p99, "µs-vegeta's-p50": theirs50, "µs-vegeta's-p99": theirs99} {
		slices.Sort(list)
		b.ReportMetric(list[len(list)/2], name)
	}
}

// costOf is how many microseconds of a processor a request takes.
func costOf(b *testing.B, send func() int) float64 {
	b.Helper()
	begun := processor(b)
	n := send()
	return float64((processor(b) - begun).Microseconds()) / float64(n)
}
