package main

import (
	"archive/tar"
	"bufio"
	"compress/bzip2"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"highwater/engine"
	"highwater/sim/result"
	"highwater/sim/result/words"
	"highwater/sim/stats"
	"highwater/sim/trace"
)

// realLog finds a log that nobody here wrote, in the folder that
// HIGHWATER_LOGS names.
func realLog(t *testing.T, name string) string {
	t.Helper()
	dir := os.Getenv("HIGHWATER_LOGS")
	if dir == "" {
		t.Skip("HIGHWATER_LOGS does not say where the real logs are")
	}
	file := filepath.Join(dir, filepath.FromSlash(name))
	if _, err := os.Stat(file); err != nil {
		t.Skipf("no real log: %v", err)
	}
	return file
}

// replayed counts a log with the program, and tells the result and use over
// time.
func replayed(t *testing.T, file string, args ...string) (r result.Replay, use string) {
	t.Helper()
	series := filepath.Join(t.TempDir(), "use.csv")
	args = append([]string{"replay", "--from", "auto", "-q", file, "--json", "--series", series}, args...)
	code, out, errs := highwater(t.Context(), strings.NewReader(""), args...)
	if code != 0 || errs != "" {
		t.Fatalf("exit code %d: %s", code, errs)
	}
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(series)
	if err != nil {
		t.Fatal(err)
	}
	return r, string(data)
}

// unitsAt finds the units in use after an instant in a series.
func unitsAt(t *testing.T, use string, at engine.Time) (units int) {
	t.Helper()
	for _, l := range strings.Split(strings.TrimSpace(use), "\n")[1:] {
		cells := strings.Split(l, ",")
		seconds, err := strconv.ParseFloat(cells[0], 64)
		if err != nil {
			t.Fatal(err)
		}
		if seconds > at.Seconds() {
			break
		}
		if units, err = strconv.Atoi(cells[1]); err != nil {
			t.Fatal(err)
		}
	}
	return units
}

// A log that is often used for examples, by numbers that independent programs
// found in it.
func TestApacheLog(t *testing.T) {
	file := realLog(t, "apache_combined.log")
	t.Run("each call its own unit for 10 s", func(t *testing.T) {
		r, _ := replayed(t, file, "--set", "anon_id=session")
		if r.Events != 10_000 || r.Admitted != 10_000 || r.Peak.Units != 38 {
			t.Errorf("%d events, %d admitted, peak %d; want 10,000, 10,000, 38", r.Events, r.Admitted, r.Peak.Units)
		}
	})
	t.Run("the busiest address has exactly 25 connections", func(t *testing.T) {
		const busiest = "75.97.9.59"
		more, useMore := replayed(t, file, "--set", "hold_counts_connection=true")
		if len(more.Transitions) != 0 {
			t.Errorf("%d transitions, want none: nobody exceeds 25", len(more.Transitions))
		}
		asMany, useAsMany := replayed(t, file, "--set", "hold_counts_connection=true", "--set", "transition_at=ge_max")
		if len(asMany.Transitions) != 1 || asMany.Transitions[0].LicenseUserID != busiest || asMany.Transitions[0].Connections != 25 {
			t.Fatalf("transitions %+v, want one of %s with 25 connections", asMany.Transitions, busiest)
		}
		at := asMany.Transitions[0].At
		if got := unitsAt(t, useAsMany, at) - unitsAt(t, useMore, at); got != 24 {
			t.Errorf("the transition costs %d units more, want 24: 25 instead of 1", got)
		}
		if fewer, _ := replayed(t, file, "--set", "hold_counts_connection=true", "--set", "max_connections=24"); len(fewer.Transitions) != 1 {
			t.Errorf("%d transitions at more than 24, want 1", len(fewer.Transitions))
		}
	})
	t.Run("before 2022.3 no call counts", func(t *testing.T) {
		r, _ := replayed(t, file)
		own, _ := replayed(t, file, "--policy", "iris-pre-2022.3")
		if r.Uncharged != 0 || own.Peak.Units != 0 || own.Uncharged != 10_000 {
			t.Errorf("%d not counted since 2022.3, %d before with peak %d; want 0, 10,000 and 0", r.Uncharged, own.Uncharged, own.Peak.Units)
		}
	})
	for _, tt := range []struct {
		name     string
		args     string
		sessions int
		onePage  string
		peak     int // of sessions, without grace
	}{
		{"sessions of 15 min by address", "--timeout 15m", 3052, "52.7", 59},
		{"sessions of 30 min by address", "--timeout 30m", 3052, "52.7", 0},
		{"sessions by address and browser", "--timeout 15m --agents", 3224, "55.1", 64},
	} {
		t.Run(tt.name, func(t *testing.T) {
			args := append(strings.Fields(tt.args), "--view", "csp", "--all-pages", "--id", "address")
			code, _, errs := highwater(t.Context(), strings.NewReader(""), append([]string{"import", file}, args...)...)
			if code != 0 {
				t.Fatalf("exit code %d: %s", code, errs)
			}
			var sessions, onePage string
			if _, err := fmt.Sscanf(errs[strings.Index(errs, " web sessions")-5:], "%s web sessions, %s of one page", &sessions, &onePage); err != nil {
				t.Fatalf("%v\n%s", err, errs)
			}
			if sessions != words.Number(tt.sessions) {
				t.Errorf("%s sessions, want %d", sessions, tt.sessions)
			}
			n, err := strconv.ParseFloat(strings.ReplaceAll(onePage, ",", ""), 64)
			if got := fmt.Sprintf("%.1f", 100*n/float64(tt.sessions)); err != nil || got != tt.onePage {
				t.Errorf("%s %% have one page, want %s", got, tt.onePage)
			}
			if r, _ := replayed(t, file, append(args, "--set", "grace_seconds=0")...); tt.peak != 0 && r.Peak.Units != tt.peak {
				t.Errorf("peak %d, want %d", r.Peak.Units, tt.peak)
			}
		})
	}
}

// requestsPerSecond reads a compressed archive of one file, which holds the
// number of requests in each second.
func requestsPerSecond(t *testing.T, file string) (counts []int) {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	archive := tar.NewReader(bzip2.NewReader(bufio.NewReader(f)))
	if _, err := archive.Next(); err != nil {
		t.Fatal(err)
	}
	words := bufio.NewScanner(archive)
	words.Split(bufio.ScanWords)
	for words.Scan() {
		n, err := strconv.Atoi(words.Text())
		if err != nil {
			t.Fatal(err)
		}
		counts = append(counts, n)
	}
	if err := words.Err(); err != nil {
		t.Fatal(err)
	}
	return counts
}

// replayCalls counts a trace of calls that take no time.
func replayCalls(t *testing.T, counts []int, option, value string) *result.Replay {
	t.Helper()
	policy, _ := engine.NamedPolicy("iris-2022.3")
	if err := policy.Set(option, value); err != nil {
		t.Fatal(err)
	}
	r := trace.NewReplay(trace.Options{Policy: policy, End: engine.Time(len(counts)) * engine.Second})
	ev := trace.Event{Op: trace.Request, Via: engine.REST, Addr: "198.51.100.7"}
	for second, n := range counts {
		ev.At = engine.Time(second) * engine.Second
		for range n {
			ev.Line++
			if err := r.Apply(&ev); err != nil {
				t.Fatal(err)
			}
		}
	}
	return r.Finish()
}

// oneUser counts the units of one user with all the calls, each a connection
// for 10 s, by adding up. Between tells whether a second is also looked at
// after its connections have ended and before new ones begin.
func oneUser(counts []int, between bool) (mean float64, transitions int) {
	connections, units, transitioned := 0, 0, false
	for second, n := range counts {
		if second >= 10 {
			connections -= counts[second-10]
		}
		if between && connections == 0 {
			transitioned = false
		}
		connections += n
		switch {
		case connections == 0:
			transitioned = false
		case connections > 25 && !transitioned:
			transitioned = true
			transitions++
		}
		if transitioned {
			units += connections
		} else {
			units += min(connections, 1)
		}
	}
	return float64(units) / float64(len(counts)), transitions
}

// decimals writes a number with so many decimals as another has.
func decimals(x float64, like string) string {
	return strconv.FormatFloat(x, 'f', len(like)-strings.Index(like, ".")-1, 64)
}

// The requests of two months of a busy web server in 1995. A hold is
// half-open: what ends at an instant has gone when a call comes then.
func TestNASALog(t *testing.T) {
	t.Parallel() // it takes long
	file := realLog(t, "nasa/workload.tbz2")
	if testing.Short() {
		t.Skip("3.5 million calls are much for -short")
	}
	counts := requestsPerSecond(t, file)
	if len(counts) != 5_059_950 {
		t.Fatalf("%d seconds, want 5,059,950", len(counts))
	}
	want := engine.Peak{Units: 93, At: 1_072_192 * engine.Second}
	t.Run("each call its own unit", func(t *testing.T) {
		r := replayCalls(t, counts, "anon_id", "session")
		if r.Peak != want {
			t.Errorf("peak %+v, want %+v", r.Peak, want)
		}
		if got := decimals(r.UnitSeconds.Seconds()/float64(len(counts)), "6.8412"); got != "6.8412" {
			t.Errorf("mean %s, want 6.8412", got)
		}
	})
	t.Run("one user with all calls", func(t *testing.T) {
		r := replayCalls(t, counts, "hold_counts_connection", "true")
		if r.Peak != want {
			t.Errorf("peak %+v, want %+v", r.Peak, want)
		}
		mean, transitions := oneUser(counts, true)
		like := strconv.FormatFloat(mean, 'f', 9, 64)
		if got := decimals(r.UnitSeconds.Seconds()/float64(len(counts)), like); got != like || len(r.Transitions) != transitions {
			t.Errorf("mean %s with %d transitions, added up %s with %d", got, len(r.Transitions), like, transitions)
		}
	})
	t.Run("dispersion in July", func(t *testing.T) {
		const july = 2_381_545 // seconds, from Saturday 1 July 1995
		for length, want := range map[int64]string{1: "1.44", 10: "3.36", 60: "9.77", 600: "58.5"} {
			const start = 5 * int64(engine.Day)
			w := stats.NewWindows(length*int64(engine.Second), start)
			for second, n := range counts[:july] {
				for range n {
					w.Add(start + int64(second)*int64(engine.Second))
				}
			}
			w.Finish(start + july*int64(engine.Second))
			if index, _, _ := w.Index(); decimals(index, want) != want {
				t.Errorf("index of dispersion in %d s: %v, want %s", length, index, want)
			}
		}
	})
	// Looked at once a second, a user does not seem to leave when the last
	// connections end in the second in which new ones begin. That is how an
	// independent program counted.
	t.Run("one user, looked at once a second", func(t *testing.T) {
		mean, transitions := oneUser(counts, false)
		if got := decimals(mean, "3.759926"); got != "3.759926" || transitions != 1104 {
			t.Errorf("mean %s with %d transitions, want 3.759926 with 1,104", got, transitions)
		}
	})
}

// fitted fits a scenario to a log with the program, and tells how well.
func fitted(t *testing.T, args ...string) (r result.Fit, figures map[string]result.FitFigure) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "fitted.yaml")
	code, out, errs := highwater(t.Context(), strings.NewReader(""), append([]string{"fit", "-q", "--json", "-o", file}, args...)...)
	if code != 0 || errs != "" {
		t.Fatalf("exit code %d: %s", code, errs)
	}
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		t.Fatal(err)
	}
	if code, _, errs := highwater(t.Context(), strings.NewReader(""), "check", file); code != 0 {
		t.Errorf("the scenario is not valid: %s", errs)
	}
	figures = map[string]result.FitFigure{}
	for _, f := range r.Figures {
		figures[f.Name] = f
	}
	return r, figures
}

// Simulating what was fitted to two months of a busy server reproduces its
// mean, how long how many units were in use, and the peaks of its days.
func TestFitNASALog(t *testing.T) {
	t.Parallel() // it takes long
	file := realLog(t, "nasa/workload.tbz2")
	if testing.Short() {
		t.Skip("millions of calls are much for -short")
	}
	counts := requestsPerSecond(t, file)
	write := func(counts []int) string {
		name := filepath.Join(t.TempDir(), "counts.txt")
		if err := os.WriteFile(name, []byte(strings.Trim(fmt.Sprint(counts), "[]")), 0o666); err != nil {
			t.Fatal(err)
		}
		return name
	}
	start := []string{"--from", "counts", "--start", "1995-07-01T00:00:00-04:00"}
	t.Run("July", func(t *testing.T) {
		r, figures := fitted(t, append(start, "--reps", "9", write(counts[:2_381_545]))...)
		for _, d := range r.Cohorts[0].Dispersion {
			exact := d.Window == 10*engine.Second || d.Window == 600*engine.Second
			if far := d.Fit / d.Log; exact && (far < 0.999 || far > 1.001) || far < 0.7 || far > 1.4 {
				t.Errorf("index of dispersion %+v", d)
			}
		}
		for name, want := range map[string]float64{
			"mean_units": 7.9432, "p50_units": 6, "p95_units": 20, "p99_units": 29, "p999_units": 46,
			"day_peak_lowest": 26, "day_peak_p50": 44, "peak_units": 93,
		} {
			f := figures[name]
			if math.Abs(f.Log-want) > 0.00005 {
				t.Errorf("%s of the log is %v, want %v", name, f.Log, want)
			}
			if f.Log < 0.9*f.Low || f.Log > 1.1*f.High {
				t.Errorf("%s of the log is %v, of the scenario %v to %v", name, f.Log, f.Low, f.High)
			}
		}
	})
	t.Run("both months", func(t *testing.T) {
		_, figures := fitted(t, append(start, "--reps", "1", write(counts))...)
		for name, want := range map[string]float64{
			"mean_units": 6.8412, "p50_units": 5, "p95_units": 19, "p99_units": 27, "p999_units": 40, "peak_units": 93,
		} {
			f := figures[name]
			if math.Abs(f.Log-want) > 0.00005 {
				t.Errorf("%s of the log is %v, want %v", name, f.Log, want)
			}
			if f.Median < 0.75*f.Log || f.Median > 1.35*f.Log {
				t.Errorf("%s of the log is %v, of the scenario %v", name, f.Log, f.Median)
			}
		}
	})
}

// All requests of this log lie in one minute of the hour, which the rates
// follow.
func TestFitApacheLog(t *testing.T) {
	file := realLog(t, "apache_combined.log")
	for _, tt := range []struct {
		args    string
		outside []string // what the scenario does not reproduce
	}{
		{"--view csp", nil},
		// Visits that go on for longer than the log's minute.
		{"--set anon_id=ip", []string{"p99_units"}},
	} {
		r, _ := fitted(t, append(strings.Fields(tt.args), file)...)
		var outside []string
		for _, f := range r.Figures {
			if f.Outside {
				outside = append(outside, f.Name)
			}
		}
		if !slices.Equal(outside, tt.outside) {
			t.Errorf("%s: %q are outside their ranges, want %q", tt.args, outside, tt.outside)
		}
		if len(r.Notes) != 1 {
			t.Errorf("%s: notes %q, want one on the minutes of the hour", tt.args, r.Notes)
		}
	}
}
