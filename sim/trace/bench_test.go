package trace

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/valyala/fastjson"

	"highwater/engine"
)

const benchEvents = 100_000

// mixed is a trace of sessions of 1,000 users and calls of 200 systems.
func mixed() []byte {
	r := rand.New(rand.NewPCG(1, 2))
	var b bytes.Buffer
	open := []int{}
	at, named := 0.0, 0
	for range benchEvents {
		at += r.ExpFloat64() / 100
		switch n := r.IntN(10); {
		case n < 4:
			fmt.Fprintf(&b, `{"op":"request","at":%.6f,"for":0.250,"via":"rest","addr":"10.1.0.%d","cohort":"systems"}`+"\n", at, r.IntN(200))
		case n < 7 || len(open) == 0:
			u := r.IntN(1000)
			fmt.Fprintf(&b, `{"op":"connect","at":%.6f,"conn":"w%d","via":"csp","addr":"10.0.%d.%d","user":"user%d","cohort":"nurses"}`+"\n", at, named, u>>8, u&255, u)
			open = append(open, named)
			named++
		default:
			i := r.IntN(len(open))
			fmt.Fprintf(&b, `{"op":"disconnect","at":%.6f,"conn":"w%d","how":"logout"}`+"\n", at, open[i])
			open[i] = open[len(open)-1]
			open = open[:len(open)-1]
		}
	}
	return b.Bytes()
}

// calls is a trace of nothing but calls.
func calls() []byte {
	var b bytes.Buffer
	for i := range benchEvents {
		fmt.Fprintf(&b, `{"op":"request","at":%d.%03d,"for":0.2,"via":"rest","addr":"10.0.%d.%d"}`+"\n", i/100, i%100*10, i>>8&3, i&255)
	}
	return b.Bytes()
}

// BenchmarkReplay replays traces from memory. The ratio compares it with
// merely splitting the same lines with fastjson, in turns.
func BenchmarkReplay(b *testing.B) {
	tests := []struct {
		name  string
		text  []byte
		units int
	}{
		{"mixed", mixed(), 0}, {"refusals", mixed(), 500}, {"calls", calls(), 0},
	}
	for _, tt := range tests {
		b.Run(tt.name, func(b *testing.B) {
			text := tt.text
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			var ours, split time.Duration
			for b.Loop() {
				start := time.Now()
				res, err := Run(NewJSONReader("t.jsonl", bytes.NewReader(text)), Options{Policy: policy(b), Units: tt.units})
				if err != nil || res.Events != benchEvents {
					b.Fatal(res, err)
				}
				ours += time.Since(start)
				b.StopTimer()
				start = time.Now()
				splitLines(b, text)
				split += time.Since(start)
				b.StartTimer()
			}
			b.ReportMetric(float64(benchEvents)*float64(b.N)/ours.Seconds(), "events/s")
			b.ReportMetric(split.Seconds()/ours.Seconds(), "x-fastjson")
		})
	}
}

// splitLines splits lines with fastjson, and looks at two of their fields.
func splitLines(b *testing.B, text []byte) {
	var p fastjson.Parser
	n := 0
	for line := range bytes.SplitSeq(text, []byte("\n")) {
		if len(line) == 0 {
			continue
		}
		v, err := p.ParseBytes(line)
		if err != nil {
			b.Fatal(err)
		}
		if len(v.GetStringBytes("op")) > 0 && v.GetFloat64("at") >= 0 {
			n++
		}
	}
	if n != benchEvents {
		b.Fatal(n)
	}
}

// BenchmarkReader only reads.
func BenchmarkReader(b *testing.B) {
	text := mixed()
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		j := NewJSONReader("t.jsonl", bytes.NewReader(text))
		for {
			if _, err := j.Next(); err != nil {
				break
			}
		}
	}
}

// BenchmarkWriter writes calls.
func BenchmarkWriter(b *testing.B) {
	var out bytes.Buffer
	w := NewWriter(&out, &Header{})
	ev := Event{Op: Request, For: 200 * engine.Millisecond, Via: engine.REST, Addr: "10.0.0.7", Cohort: "systems"}
	b.ReportAllocs()
	for b.Loop() {
		ev.At += 1234
		w.Write(&ev)
		if out.Len() > 1<<20 {
			out.Reset()
		}
	}
}
