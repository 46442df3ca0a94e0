package accesslog

import (
	"bytes"
	"fmt"
	"os"
	"testing"
	"time"
)

// synthetic is a log of n lines, 20 a second, of 500 addresses.
func synthetic(n int) []byte {
	var b bytes.Buffer
	begin := time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)
	for i := range n {
		fmt.Fprintf(&b, "198.51.%d.%d - - [%s] \"GET /csp/user/page%d.csp?id=%d HTTP/1.1\" 200 %d \"https://example.org/csp/user/menu.csp\" "+
			"\"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36\" %d\n",
			i*7%2, i*13%250, begin.Add(time.Duration(i/20)*time.Second).Format("02/Jan/2006:15:04:05 -0700"), i%30, i, i%9000, 1000+i%5000)
	}
	return b.Bytes()
}

// BenchmarkImport is the whole import; ns/line is what to look at.
func BenchmarkImport(b *testing.B) {
	const n = 100_000
	data := synthetic(n)
	for _, o := range []Options{{}, {View: CSP}} {
		b.Run(o.View.String(), func(b *testing.B) { benchmark(b, data, n, o) })
	}
}

// BenchmarkFormats is the import of each fixture, repeated.
func BenchmarkFormats(b *testing.B) {
	for _, name := range []string{"iis", "caddy", "traefik", "nginx-json", "haproxy", "alb", "envoy"} {
		data, err := os.ReadFile("testdata/" + name + ".log")
		if err != nil {
			b.Fatal(err)
		}
		data = bytes.Repeat(data, 2000)
		b.Run(name, func(b *testing.B) { benchmark(b, data, bytes.Count(data, []byte("\n")), Options{}) })
	}
}

func BenchmarkReal(b *testing.B) {
	data := real(b, "apache_combined.log")
	benchmark(b, data, 10_000, Options{})
}

func benchmark(b *testing.B, data []byte, n int, o Options) {
	b.ReportAllocs()
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if _, err := Import([]Source{{"a.log", bytes.NewReader(data)}}, o); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/line")
}

// BenchmarkStamp compares reading a new time on each call with the library,
// and with the same second again.
func BenchmarkStamp(b *testing.B) {
	stamps := make([][]byte, 60)
	for i := range stamps {
		stamps[i] = fmt.Appendf(nil, "22/Nov/2026:08:00:%02d +0000", i)
	}
	b.Run("scanner", func(b *testing.B) {
		var c clock
		for i := 0; b.Loop(); i++ {
			if _, ok := c.clf(stamps[i%60]); !ok {
				b.Fatal("no time")
			}
		}
	})
	b.Run("same second", func(b *testing.B) {
		var c clock
		for b.Loop() {
			if _, ok := c.clf(stamps[7]); !ok {
				b.Fatal("no time")
			}
		}
	})
	b.Run("time.Parse", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			if _, err := time.Parse("02/Jan/2006:15:04:05 -0700", string(stamps[i%60])); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkNext is reading an imported log once more.
func BenchmarkNext(b *testing.B) {
	l, err := Import([]Source{{"a.log", bytes.NewReader(synthetic(10_000))}}, Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	again := l.Again()
	for b.Loop() {
		if _, err := again.Next(); err != nil {
			again = l.Again()
		}
	}
}
