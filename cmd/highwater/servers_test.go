package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"highwater/internal/raw"
	"highwater/sim/result"
)

// nginxConfig is of a server that sets a cookie for who has none, closes
// connections after some requests and after a second, and logs who asked.
const nginxConfig = `
daemon off;
master_process off;
pid DIR/pid;
error_log stderr;
events { worker_connections 500; }
http {
  log_format all '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" $request_time';
  access_log DIR/access.log all;
  log_format jar '$remote_addr $http_cookie';
  client_body_temp_path DIR/body; proxy_temp_path DIR/proxy; fastcgi_temp_path DIR/fastcgi; uwsgi_temp_path DIR/uwsgi; scgi_temp_path DIR/scgi;
  keepalive_timeout 1s;
  keepalive_requests 7;
  map $http_cookie $new { default ""; "" "CSPSESSIONID-SP-1=$request_id; Path=/"; }
  server {
    listen ADDRESS;
    location / { default_type text/plain; return 200 "hello\n"; }
    location /csp/ { access_log DIR/access.log all; access_log DIR/jar.log jar; add_header Set-Cookie $new; default_type text/html; return 200 "<p>page\n"; }
  }
}
`

// freeAddress is one of this machine that nobody listens at. No other test
// comes to it meanwhile: they listen at 127.0.0.1.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.2:0")
	if err != nil {
		t.Skipf("this machine has one address for itself: %v", err)
	}
	defer l.Close()
	return l.Addr().String()
}

// becomes reports whether something comes true within ten seconds.
func becomes(t *testing.T, so func() bool) bool {
	t.Helper()
	every := time.NewTicker(20 * time.Millisecond)
	defer every.Stop()
	for range 500 {
		if so() {
			return true
		}
		<-every.C
	}
	return false
}

// startNginx runs an nginx of the test's own until the context ends.
func startNginx(t *testing.T, ctx context.Context, nginx, dir, address string) (wait func()) {
	t.Helper()
	conf := filepath.Join(dir, "nginx.conf")
	text := strings.NewReplacer("DIR", dir, "ADDRESS", address).Replace(nginxConfig)
	if err := os.WriteFile(conf, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	var errs bytes.Buffer
	cmd := exec.CommandContext(ctx, nginx, "-c", conf, "-p", dir, "-e", "stderr")
	cmd.Stderr = &errs
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 5 * time.Second
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	answers := func() bool {
		c, err := net.Dial("tcp", address)
		if err == nil {
			_ = c.Close()
		}
		return err == nil
	}
	if becomes(t, answers) {
		return func() { _ = cmd.Wait() }
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	t.Skipf("nginx does not run here: %s", &errs)
	return nil
}

// attacked runs an attack and gives its result.
func attacked(t *testing.T, args ...string) (code int, res result.Attack, errs string) {
	t.Helper()
	code, out, errs := highwater(t.Context(), nil, append([]string{"attack", "--json", "--max-lag", "1m"}, args...)...)
	if err := json.Unmarshal([]byte(out), &res); err != nil {
		t.Fatalf("exit code %d, %v: %s", code, err, errs)
	}
	return code, res, errs
}

const visitors = `
name: visitors
duration: 10m
license: {units: 99}
cohorts:
  - {name: boards, kind: callers, count: 20, arrivals: {every: 10s}}
  - {name: staff, kind: browsers, count: 30, arrivals: {at: +30s}, session: {pages: 8, think: exp(20s)}}
`

// nginx, which is no emulated target, gets every request once, each user's
// from its address and each visit's with its cookie, though it closes
// connections as it likes. Its log is then counted as the attack was.
func TestNginx(t *testing.T) {
	t.Parallel() // it waits
	nginx := program(t, "nginx")
	path := folder(t, map[string]string{"visitors.yaml": visitors})
	dir, address := t.TempDir(), freeAddress(t)
	ctx, cancel := context.WithCancel(t.Context())
	wait := startNginx(t, ctx, nginx, dir, address)
	code, res, errs := attacked(t, path("visitors.yaml"), "--target", "http://"+address, "--clock", "100x", "--scrape", "0s")
	cancel()
	wait()
	r := res.Sent
	if code != 0 || r.Served != res.Plan.Requests || r.Failed+r.Refused != 0 || r.Sessions != 30 {
		t.Fatalf("exit code %d: %d of %d were served, %v, %d sessions: %s", code, r.Served, res.Plan.Requests, r.Causes, r.Sessions, errs)
	}
	log, err := os.ReadFile(filepath.Join(dir, "access.log"))
	if err != nil {
		t.Fatal(err)
	}
	addresses := map[string]bool{}
	lines := strings.Split(strings.TrimSpace(string(log)), "\n")
	for _, l := range lines {
		from, _, _ := strings.Cut(l, " ")
		addresses[from] = true
	}
	if int64(len(lines)) != r.Served || len(addresses) != 50 {
		t.Errorf("nginx has %d requests from %d addresses, want %d from 50", len(lines), len(addresses), r.Served)
	}
	jar, err := os.ReadFile(filepath.Join(dir, "jar.log"))
	if err != nil {
		t.Fatal(err)
	}
	cookies := map[string]map[string]int{} // by address
	for _, l := range strings.Split(strings.TrimSpace(string(jar)), "\n") {
		from, cookie, _ := strings.Cut(l, " ")
		if cookies[from] == nil {
			cookies[from] = map[string]int{}
		}
		cookies[from][cookie]++
	}
	for from, list := range cookies {
		if len(list) != 2 || list["-"] != 1 { // none at first, and then always the same
			t.Errorf("%s brought the cookies %v", from, list)
		}
	}
	code, out, errs := highwater(t.Context(), nil, "replay", "--from", "auto", filepath.Join(dir, "access.log"), "--json")
	var replayed result.Replay
	if err := json.Unmarshal([]byte(out), &replayed); err != nil || code != 0 {
		t.Fatalf("exit code %d, %v: %s", code, err, errs)
	}
	if replayed.Peak.Units < 20 || replayed.Peak.Units > 50 {
		t.Errorf("the peak of nginx's log is %d units, want one for each of the 20 boards at least", replayed.Peak.Units)
	}
}

// A server that ends and begins anew costs what was under way, and no more.
func TestNginxBeginsAnew(t *testing.T) {
	t.Parallel() // it waits
	nginx := program(t, "nginx")
	path := folder(t, map[string]string{"boards.yaml": boards})
	dir, address := t.TempDir(), freeAddress(t)
	ctx, cancel := context.WithCancel(t.Context())
	wait := startNginx(t, ctx, nginx, dir, address)
	again := make(chan func(), 1)
	go func() {
		becomes(t, func() bool {
			info, err := os.Stat(filepath.Join(dir, "access.log"))
			return err == nil && info.Size() > 100*100 // a hundred requests and more
		})
		cancel()
		wait()
		<-time.After(200 * time.Millisecond) // without a server
		again <- startNginx(t, t.Context(), nginx, dir, address)
	}()
	code, res, errs := attacked(t, path("boards.yaml"), "--target", "http://"+address, "--window", "0s..40s", "--clock", "10x", "--scrape", "0s", "--abort-errors", "99%")
	<-again
	r := res.Sent
	if code != 0 || r.First != 2000 || r.Failed == 0 || r.Served < 1000 || r.Served+r.Failed != 2000 {
		t.Errorf("exit code %d: %d sent, %d served, %d failed, by %v: %s", code, r.First, r.Served, r.Failed, r.Causes, errs)
	}
	if last := len(r.Causes); last == 0 || slices.ContainsFunc(r.Causes, func(c result.CauseCount) bool { return c.Cause != "no connection" && c.Cause != "connection lost" }) {
		t.Errorf("they failed by %v", r.Causes)
	}
}

// Whatever a server does, the attack ends by itself and says what failed. When
// that is all of it, it is inconclusive.
func TestServersThatFail(t *testing.T) {
	t.Parallel() // it waits
	path := folder(t, map[string]string{"boards.yaml": boards})
	elsewhere := make(chan string, 10_000)
	other := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { elsewhere <- r.URL.Path }))
	defer other.Close()
	write := func(text string) func(net.Conn) {
		return func(c net.Conn) { _, _ = io.WriteString(c, text) }
	}
	for _, tt := range []struct {
		name, want string
		timeout    string
		answer     func(net.Conn)
	}{
		{"hangs", "100 no answer in time", "500ms", func(c net.Conn) { _, _ = io.Copy(io.Discard, c) }},
		{"resets", "100 connection lost", "30s", func(c net.Conn) { _ = c.(*net.TCPConn).SetLinger(0) }},
		{"sends garbage", "100 not HTTP", "30s", write("\x16\x03\x01 what?\n")},
		{"redirects", "100 redirected elsewhere", "30s", write("HTTP/1.1 307 Go\r\nLocation: " + other.URL + "/rest/boards\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			address := raw.Listen(t, tt.answer)
			args := []string{"attack", path("boards.yaml"), "--target", "http://" + address, "--clock", "10x", "--max-lag", "1m", "--scrape", "0s", "--timeout", tt.timeout}
			code, out, errs := highwater(t.Context(), nil, append(args, "--window", "0s..60s")...)
			if code != exitInconclusive || !strings.Contains(out, "\nPARTIAL: ") || !strings.Contains(errs, "inconclusive: aborted: ") {
				t.Errorf("exit code %d: %s%s; want that it was aborted", code, out, errs)
			}
			if code, out, errs = highwater(t.Context(), nil, append(args, "--window", "0s..2s")...); code != exitInconclusive || !strings.Contains(errs, "inconclusive: every request failed: "+tt.want) {
				t.Errorf("exit code %d: %s", code, errs)
			}
			if !strings.Contains(out, "failed by: "+tt.want+"\n") {
				t.Errorf("want %s: %s%s", tt.want, out, errs)
			}
		})
	}
	if n := len(elsewhere); n != 0 {
		t.Errorf("another host was asked %d times", n)
	}
}
