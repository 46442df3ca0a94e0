package attack

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"testing"

	"highwater/sim/files"
)

// asTarget has the test binary be a target, so that what it takes of the
// processor is not the sender's.
const asTarget = "HIGHWATER_TEST_TARGET"

// A cookieServer answers each request at once, and gives who has no cookie a
// new one. At /count it says what it has seen.
type cookieServer struct {
	mu   sync.Mutex
	of   []string // addresses, by cookie
	seen cookieCount
}

// A cookieCount is what a cookieServer has seen.
type cookieCount struct {
	Requests, Cookies, Addresses int
	Wrong                        int // cookies that came from another address
}

func (s *cookieServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.URL.Path == "/count" {
		s.seen.Cookies = len(s.of)
		slices.Sort(s.of)
		s.seen.Addresses = len(slices.Compact(s.of))
		_ = json.NewEncoder(w).Encode(s.seen)
		return
	}
	host, _, _ := net.SplitHostPort(r.RemoteAddr)
	s.seen.Requests++
	if c, err := r.Cookie("CSPSESSIONID"); err != nil {
		http.SetCookie(w, &http.Cookie{Name: "CSPSESSIONID", Value: strconv.Itoa(len(s.of)), Path: "/"})
		s.of = append(s.of, host)
	} else if n, err := strconv.Atoi(c.Value); err != nil || n >= len(s.of) || s.of[n] != host {
		s.seen.Wrong++
	}
	_, _ = io.WriteString(w, "{\"status\":\"ok\"}\n")
}

// serveTarget is a target until its input ends.
func serveTarget() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println(l.Addr())
	go http.Serve(l, new(cookieServer))
	_, _ = io.Copy(io.Discard, os.Stdin)
}

// otherTarget starts a target in a process of its own.
func otherTarget(t testing.TB) string {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), asTarget+"=1")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close()
		_ = cmd.Wait()
	})
	text, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return "http://" + text[:len(text)-1]
}

const crowd = `
name: crowd
duration: 1m
license: {units: 99999}
cohorts: [{name: crowd, kind: browsers, count: 10000, arrivals: {storm: +0s, spread: 3s}, session: {pages: 4, think: 2s}}]
`

// Ten thousand users at once have an address, a cookie and a connection each,
// and what they take is used again, and little.
func TestTenThousandUsers(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	s := plan(t, crowd, PlanOptions{})
	if most := files.Limit(); most != 0 && most < 11_000 {
		t.Skipf("only %d files may be open", most)
	}
	url := otherTarget(t)
	var memory []uint64 // at each second
	used := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc + m.StackInuse
	}
	before := used()
	res, err := Run(t.Context(), t.Context(), s, Options{Target: target(url), Progress: func(Progress) { memory = append(memory, used()-before) }})
	if err != nil {
		t.Fatal(err)
	}
	var seen cookieCount
	answer, err := http.Get(url + "/count")
	if err == nil {
		defer answer.Body.Close()
		err = json.NewDecoder(answer.Body).Decode(&seen)
	}
	http.DefaultClient.CloseIdleConnections()
	if want := (cookieCount{40_000, 10_000, 10_000, 0}); err != nil || seen != want || res.Sent.Served != 40_000 || res.Sent.Dialed < 10_000 {
		t.Errorf("%v: the target has seen %+v, want %+v; %d served over %d connections, %v", err, seen, want, res.Sent.Served, res.Sent.Dialed, res.Sent.Causes)
	}
	t.Logf("bytes at each second: %v", memory)
	// A worker that was needed once waits for more to the end.
	promised := 10_000*perConnection + uint64(res.Sent.InFlight)*perFlight
	if m := slices.Max(memory); m > promised {
		t.Errorf("%d bytes are in use, want %d at most with %d in flight", m, promised, res.Sent.InFlight)
	}
	if half := (len(memory) + 1) / 2; memory[len(memory)-1] > slices.Max(memory[:half]) {
		t.Errorf("more is in use at the end, when users leave, than in the half when they came")
	}
}
