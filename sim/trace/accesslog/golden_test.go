package accesslog

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"highwater/internal/golden"
	"highwater/sim/trace"
)

// TestFormats reads one small log of each format in both views.
func TestFormats(t *testing.T) {
	files, err := filepath.Glob("testdata/*.log")
	if err != nil || len(files) == 0 {
		t.Fatalf("no fixtures: %v", err)
	}
	seen := map[string]bool{}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".log")
		t.Run(name, func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var out bytes.Buffer
			for _, o := range []Options{{Capture: 1}, {View: CSP, Capture: 1, ID: BySession}} {
				l, err := Import([]Source{{filepath.Base(file), bytes.NewReader(data)}}, o)
				if err != nil {
					t.Fatal(err)
				}
				fmt.Fprintf(&out, "# %s view\n", o.View)
				show(&out, l)
				seen[l.Report().Sources[0].Format] = true
			}
			golden.Check(t, filepath.Join("testdata", name+".want"), out.Bytes())
		})
	}
	for _, f := range Formats() {
		if !seen[f.Name] {
			t.Errorf("no fixture is found to be of format %s", f.Name)
		}
	}
}

// show writes what a log is and its events.
func show(w io.Writer, l *Log) {
	r := l.Report()
	for _, s := range r.Sources {
		fmt.Fprintf(w, "%s: %s: %s\n", s.Name, s.Format, s.How)
	}
	fmt.Fprintf(w, "lines %d = requests %d + comments %d + filtered %d + empty %d + undispatched %d + not log %d\n",
		r.Lines, r.Requests, r.Comments, r.Filtered, r.Empty, r.Undispatched, r.NotLog)
	fmt.Fprintf(w, "out of order %d by %v s, cut %d, longest %v s, busiest second %d, callers %d\n",
		r.OutOfOrder, r.MaxDisorder.Seconds(), r.Cut, r.LongestRequest.Seconds(), r.Busiest, r.Callers)
	if r.Sessions > 0 {
		fmt.Fprintf(w, "pages %d, assets %d, log-outs %d, sessions %d, of one page %d, logouts %d, open %d\n", r.Pages, r.Assets, r.LogoutRequests, r.Sessions, r.OnePage, r.Logouts, r.Open)
	}
	for _, s := range r.Rejected {
		fmt.Fprintf(w, "rejected %s\n", s)
	}
	for _, s := range r.Warnings {
		fmt.Fprintf(w, "warning: %s\n", s)
	}
	h := l.Header()
	fmt.Fprintf(w, "epoch %s, end %v\n", h.Epoch.Format(time.RFC3339Nano), h.End.Seconds())
	for {
		e, err := l.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		fmt.Fprintln(w, text1(e))
	}
}

// text1 is an event on one line.
func text1(e *trace.Event) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d %v %s", e.Line, e.At.Seconds(), e.Op)
	add := func(name, v string) {
		if v != "" {
			fmt.Fprintf(&b, " %s=%q", name, v)
		}
	}
	add("conn", e.Conn)
	if e.Op == trace.Request {
		fmt.Fprintf(&b, " for=%v", e.For.Seconds())
	}
	if e.Op == trace.Request || e.Op == trace.Connect {
		fmt.Fprintf(&b, " via=%s", e.Via)
	}
	add("addr", e.Addr)
	add("user", e.User)
	add("forwarded", e.Forwarded)
	add("session", e.Session)
	if e.Sessionful {
		b.WriteString(" sessionful")
	}
	if e.Op == trace.Disconnect {
		fmt.Fprintf(&b, " how=%s", e.How)
	}
	return b.String()
}
