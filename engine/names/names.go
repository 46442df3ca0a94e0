// Package names finds numbers by texts: an index for whoever keeps the texts.
//
// A trace opens and closes millions of connections by name, and looks up a
// license user ID for each. An [Index] does both with one look at memory,
// where a map of strings takes two or three.
package names

import "hash/maphash"

// An Index finds the numbers, >= 0, that texts were inserted with. It keeps no
// texts: the caller's text function gives a number's. The zero Index is empty
// but for its text function.
type Index struct {
	Text func(number int32) string

	slots []slot // a power of 2, at most 3/4 of them in use
	n     int
}

// A slot is empty when its number is 0: it holds the number + 1.
type slot struct {
	hash   uint32
	number int32
}

// A Hash is what a text hashes to, in this process.
type Hash uint32

var seed = maphash.MakeSeed()

// HashOf hashes a text.
func HashOf(text string) Hash { return Hash(maphash.String(seed, text)) }

// HashOfBytes is [HashOf] of the same text as bytes.
func HashOfBytes(text []byte) Hash { return Hash(maphash.Bytes(seed, text)) }

// Find is the number of a text; false when it has none.
func (x *Index) Find(h Hash, text string) (int32, bool) { return find(x, h, text) }

// FindBytes is [Index.Find] of the same text as bytes.
func (x *Index) FindBytes(h Hash, text []byte) (int32, bool) { return find(x, h, text) }

func find[T string | []byte](x *Index, h Hash, text T) (int32, bool) {
	if x.n == 0 {
		return 0, false
	}
	mask := uint32(len(x.slots) - 1)
	for i := uint32(h) & mask; x.slots[i].number != 0; i = (i + 1) & mask {
		if s := x.slots[i]; s.hash == uint32(h) && x.Text(s.number-1) == string(text) {
			return s.number - 1, true
		}
	}
	return 0, false
}

// Insert gives a text, which must have none, a number.
func (x *Index) Insert(h Hash, number int32) {
	if 4*(x.n+1) > 3*len(x.slots) {
		x.grow()
	}
	x.put(slot{uint32(h), number + 1})
	x.n++
}

func (x *Index) put(s slot) {
	mask := uint32(len(x.slots) - 1)
	i := s.hash & mask
	for x.slots[i].number != 0 {
		i = (i + 1) & mask
	}
	x.slots[i] = s
}

func (x *Index) grow() {
	old := x.slots
	x.slots = make([]slot, max(16, 2*len(old)))
	for _, s := range old {
		if s.number != 0 {
			x.put(s)
		}
	}
}

// Delete takes a number, which must be there, away from its text.
func (x *Index) Delete(h Hash, number int32) {
	mask := uint32(len(x.slots) - 1)
	i := uint32(h) & mask
	for x.slots[i].number != number+1 {
		i = (i + 1) & mask
	}
	// What follows moves up, unless that took it before its own place.
	for j := (i + 1) & mask; x.slots[j].number != 0; j = (j + 1) & mask {
		if home := x.slots[j].hash & mask; (j-home)&mask >= (j-i)&mask {
			x.slots[i] = x.slots[j]
			i = j
		}
	}
	x.slots[i] = slot{}
	x.n--
}

// Reset empties the index and keeps its memory.
func (x *Index) Reset() {
	clear(x.slots)
	x.n = 0
}
