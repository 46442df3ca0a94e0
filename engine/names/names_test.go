package names

import (
	"fmt"
	"strconv"
	"testing"

	"pgregory.net/rapid"
)

// An index agrees with a map, whatever is inserted and deleted.
func TestIndexAgreesWithAMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var texts []string
		x := Index{Text: func(n int32) string { return texts[n] }}
		want := map[string]int32{}
		// Few hashes, so that texts meet in the same places.
		hashes := rapid.IntRange(1, 40).Draw(t, "hashes")
		hash := func(text string) Hash { return HashOf(text) % Hash(hashes) * 0x01010101 }
		for range rapid.IntRange(1, 300).Draw(t, "steps") {
			text := strconv.Itoa(rapid.IntRange(0, 60).Draw(t, "text"))
			n, ok := want[text]
			switch {
			case !ok:
				n = int32(len(texts))
				texts = append(texts, text)
				x.Insert(hash(text), n)
				want[text] = n
			case rapid.Bool().Draw(t, "delete"):
				x.Delete(hash(text), n)
				delete(want, text)
			}
			for i := range 61 {
				text := strconv.Itoa(i)
				got, found := x.Find(hash(text), text)
				n, ok := want[text]
				if found != ok || got != n {
					t.Fatalf("Find(%q) = %d, %v; want %d, %v", text, got, found, n, ok)
				}
			}
		}
	})
}

func TestResetEmpties(t *testing.T) {
	x := Index{Text: func(int32) string { return "a" }}
	x.Insert(HashOf("a"), 0)
	x.Reset()
	if _, ok := x.Find(HashOf("a"), "a"); ok {
		t.Error("Reset left a text")
	}
}

// BenchmarkOpenAndClose inserts, finds and deletes a text while 30,000 others
// are there, against a map of strings.
func BenchmarkOpenAndClose(b *testing.B) {
	const open = 30_000
	texts := make([]string, 1<<16)
	for i := range texts {
		texts[i] = fmt.Sprintf("c%d", i)
	}
	b.Run("index", func(b *testing.B) {
		x := Index{Text: func(n int32) string { return texts[n] }}
		for i := range open {
			x.Insert(HashOf(texts[i]), int32(i))
		}
		for i := 0; b.Loop(); i++ {
			in, out := texts[(i+open)&(1<<16-1)], texts[i&(1<<16-1)]
			if _, ok := x.Find(HashOf(in), in); !ok {
				x.Insert(HashOf(in), int32((i+open)&(1<<16-1)))
			}
			h := HashOf(out)
			n, _ := x.Find(h, out)
			x.Delete(h, n)
		}
	})
	b.Run("map", func(b *testing.B) {
		m := map[string]int32{}
		for i := range open {
			m[texts[i]] = int32(i)
		}
		for i := 0; b.Loop(); i++ {
			in, out := texts[(i+open)&(1<<16-1)], texts[i&(1<<16-1)]
			if _, ok := m[in]; !ok {
				m[in] = int32((i + open) & (1<<16 - 1))
			}
			_ = m[out]
			delete(m, out)
		}
	})
}
