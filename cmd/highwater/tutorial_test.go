package main

import (
	"bytes"
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"highwater/internal/golden"

	"github.com/klauspost/compress/gzip"
)

// portalLog is the made-up access log of the tutorial: two days of a portal
// for patients, who read a page or some and leave.
func portalLog() []byte {
	type request struct {
		done time.Time
		line string
	}
	var list []request
	rnd := rand.New(rand.NewPCG(1, 2))
	pages := []string{"Home", "Appointments", "Results", "Messages", "Bills"}
	perHour := [24]float64{4, 3, 2, 2, 4, 8, 20, 60, 95, 110, 105, 90, 70, 75, 95, 100, 85, 70, 60, 50, 40, 30, 16, 8}
	for day := range 2 {
		for hour, rate := range perHour {
			for at := rnd.ExpFloat64() / rate; at < 1; at += rnd.ExpFloat64() / rate {
				visitor := fmt.Sprintf("10.%d.%d.%d", 64+rnd.IntN(4), rnd.IntN(256), 1+rnd.IntN(254))
				t := time.Date(2026, 11, 16+day, hour, 0, 0, 0, time.UTC).Add(time.Duration(at * float64(time.Hour)))
				more := 0
				if rnd.IntN(10) >= 4 { // the others read one page
					more = 1 + int(rnd.ExpFloat64()*4)
				}
				for i := range 1 + more {
					took := time.Duration(math.Exp(0.6*rnd.NormFloat64()) * float64(180*time.Millisecond)).Truncate(time.Millisecond)
					page := pages[0]
					if i > 0 {
						page = pages[rnd.IntN(len(pages))]
					}
					done := t.Add(took)
					list = append(list, request{done, fmt.Sprintf("%s - - [%s] \"GET /csp/portal/%s.cls HTTP/1.1\" 200 %d \"-\" \"Mozilla/5.0\" %.3f\n",
						visitor, done.Format("02/Jan/2006:15:04:05 -0700"), page, 9000+rnd.IntN(20000), took.Seconds())})
					t = done.Add(time.Duration(rnd.ExpFloat64() * float64(50*time.Second)))
				}
			}
		}
	}
	slices.SortStableFunc(list, func(x, y request) int { return cmp.Compare(x.done.Unix(), y.done.Unix()) })
	var b bytes.Buffer
	for _, r := range list {
		b.WriteString(r.line)
	}
	return b.Bytes()
}

func TestTutorialLogIsMadeUp(t *testing.T) {
	name := filepath.Join(root, "scenarios", "portal.log.gz")
	if *golden.Update {
		var b bytes.Buffer
		z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := z.Write(portalLog()); err != nil {
			t.Fatal(err)
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, b.Bytes(), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	z, err := gzip.NewReader(bytes.NewReader(mustReadFile(t, name)))
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if _, err := b.ReadFrom(z); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(b.Bytes(), portalLog()) {
		t.Errorf("%s is not what its rule makes", name)
	}
}
