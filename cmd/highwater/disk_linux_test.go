package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

// A disk that is full ends the attack, says so, and leaves a record that is
// read up to its last whole block.
func TestAttackOnAFullDisk(t *testing.T) {
	t.Parallel() // it waits
	path := folder(t, map[string]string{"boards.yaml": boards})
	if err := os.Mkdir(path("disk"), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("none", path("disk"), "tmpfs", 0, "size=48k"); err != nil {
		t.Skipf("a small disk cannot be mounted: %v", err)
	}
	defer syscall.Unmount(path("disk"), syscall.MNT_DETACH)
	h := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer h.Close()
	code, out, errs := highwater(t.Context(), nil, "attack", path("boards.yaml"), "--target", h.URL, "--clock", "10x", "--max-lag", "1m", "--record", path("disk/a.rec"))
	if code == 0 || !strings.Contains(errs, "no space left on device") {
		t.Errorf("exit code %d: %s%s", code, out, errs)
	}
	code, out, errs = highwater(t.Context(), nil, "attack", "log", path("disk/a.rec"), "--to", "jsonl")
	if n := strings.Count(out, "\n"); n < 100 || n > 48<<10/20 || code != exitInconclusive || !strings.Contains(errs, "not finished") { // of 20 bytes at least
		t.Errorf("exit code %d, %d requests are read: %s", code, n, errs)
	}
}

// A disk that is full ends a target's trace, and nothing else: that is said at
// once, what was written stays, and the target still says what came of it all.
func TestTargetOnAFullDisk(t *testing.T) {
	t.Parallel() // it waits
	path := folder(t, nil)
	if err := os.Mkdir(path("disk"), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("none", path("disk"), "tmpfs", 0, "size=16k"); err != nil {
		t.Skipf("a small disk cannot be mounted: %v", err)
	}
	defer syscall.Unmount(path("disk"), syscall.MNT_DETACH)
	ctx, stop := context.WithCancelCause(t.Context())
	errs, w := io.Pipe()
	var out bytes.Buffer
	code := 0
	go func() {
		code = run(ctx, []string{"target", "--listen", "127.0.0.1:0", "--units", "9", "--trace", path("disk/t.jsonl")}, stdio{strings.NewReader(""), &out, w})
		_ = w.Close()
	}()
	said := make(chan string, 9)
	go func() {
		for lines := bufio.NewScanner(errs); lines.Scan(); {
			said <- lines.Text()
		}
		close(said)
	}()
	url := regexp.MustCompile(`http://[0-9.:]+`).FindString(<-said)
	const full = "no space left on device; the target goes on"
	for n := 0; len(said) == 0 && n < 2000; n++ {
		answer, err := http.Get(url + "/rest/a")
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
	}
	if first := <-said; !strings.Contains(first, full) {
		t.Errorf("it says %q, want %q", first, full)
	}
	stop(&interrupted{os.Interrupt})
	last := ""
	for line := range said {
		last = line
	}
	if code != exitFailed || !strings.Contains(last, "the trace ends before the target did") || !strings.Contains(out.String(), "admitted") {
		t.Errorf("exit code %d, %q and %q", code, last, out.String())
	}
	if trace := mustReadFile(t, path("disk/t.jsonl")); len(trace) < 4096 {
		t.Errorf("%d bytes of the trace are left", len(trace))
	}
}
