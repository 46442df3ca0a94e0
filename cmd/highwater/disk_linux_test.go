package main

import (
	"net/http"
	"net/http/httptest"
	"os"
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
