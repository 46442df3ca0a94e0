package files

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
)

// What room is made for is there, and no file stays open.
func TestMakeRoom(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("room is made on Linux alone")
	}
	before := open(t)
	for _, n := range []int{-1, 0, 500, 1 << 30} {
		MakeRoom(n)
	}
	if after := open(t); after != before {
		t.Errorf("%d files are open, and %d were", after, before)
	}
	if got, want := size(t), min(500, int(Limit())); got < want {
		t.Errorf("the table has room for %d files, want %d", got, want)
	}
}

func open(t *testing.T) int {
	t.Helper()
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}

// size is of how many files the kernel's table is.
func size(t *testing.T) (n int) {
	t.Helper()
	data, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(data)) {
		if k, _ := fmt.Sscanf(line, "FDSize: %d", &n); k == 1 {
			return n
		}
	}
	t.Fatal("no FDSize in /proc/self/status")
	return 0
}
