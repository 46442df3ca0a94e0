package attack

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"testing"
)

// asTarget has the test binary be a target, so that what it takes of the
// processor is not the sender's.
const asTarget = "HIGHWATER_TEST_TARGET"

// serveTarget answers each request at once, and sets a cookie, until its
// input ends.
func serveTarget() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println(l.Addr())
	go http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if len(r.CookiesNamed("CSPSESSIONID")) == 0 {
			http.SetCookie(w, &http.Cookie{Name: "CSPSESSIONID", Value: "a", Path: "/"})
		}
		_, _ = io.WriteString(w, "{\"status\":\"ok\"}\n")
	}))
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
