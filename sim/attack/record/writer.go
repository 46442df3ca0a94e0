package record

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"hash/crc32"
	"io"
	"math"
	"net/netip"

	"highwater/sim/result"
)

// magic begins a record.
const magic = "highwater requests 1\n"

// Begins reports whether data begins as a record does.
func Begins(data []byte) bool { return bytes.HasPrefix(data, []byte(magic)) }

// Kinds of block, their first byte.
const (
	headerBlock  = 'H'
	entriesBlock = 'R'
	samplesBlock = 'S'
	fileBlock    = 'F'
	stateBlock   = 'T'
	endBlock     = 'E'
)

// frameSize is the size of what stands before a block: its length and its
// checksum.
const frameSize = 8

// fullBlock is how large a block may grow before it is written.
const fullBlock = 256 << 10

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// A Writer writes a record. Entries are kept until Flush, or until they are
// many.
type Writer struct {
	w     io.Writer
	block []byte // frame, kind, entries
	n     int64
	err   error

	samples []byte // frame, kind, samples
	sampled int64
}

// NewWriter begins a record.
func NewWriter(w io.Writer, h *Header) (*Writer, error) {
	rw := &Writer{w: w}
	if _, err := io.WriteString(w, magic); err != nil {
		return nil, err
	}
	rw.document(headerBlock, h)
	return rw, rw.err
}

// document writes a block of JSON.
func (w *Writer) document(kind byte, v any) {
	text, err := json.Marshal(v)
	if err != nil {
		w.err = err
		return
	}
	w.write(append(begun(nil, kind), text...))
}

// begun is a block of a kind that has nothing in it.
func begun(b []byte, kind byte) []byte {
	return append(append(b[:0], make([]byte, frameSize)...), kind)
}

// write writes a block at once.
func (w *Writer) write(block []byte) {
	if w.err != nil {
		return
	}
	payload := block[frameSize:]
	binary.BigEndian.PutUint32(block, uint32(len(payload)))
	binary.BigEndian.PutUint32(block[4:], crc32.Checksum(payload, castagnoli))
	_, w.err = w.w.Write(block)
}

// File writes a file that the scenario was read from, all of it.
func (w *Writer) File(f *File) error {
	b := binary.AppendUvarint(begun(nil, fileBlock), uint64(len(f.Name)))
	w.write(append(append(b, f.Name...), f.Data...))
	return w.err
}

// State writes what the target said of itself.
func (w *Writer) State(s *State) error {
	w.document(stateBlock, s)
	return w.err
}

// Sample adds a sample. What is wrong shows at the next Flush.
func (w *Writer) Sample(s *Sample) {
	if len(w.samples) == 0 {
		w.samples = begun(w.samples, samplesBlock)
	}
	w.samples = appendSample(w.samples, s)
	w.sampled++
}

func appendSample(b []byte, s *Sample) []byte {
	b = binary.AppendVarint(b, int64(s.Sent))
	b = binary.AppendVarint(b, int64(s.Done-s.Sent))
	b = append(binary.AppendUvarint(b, uint64(len(s.Failed))), s.Failed...)
	for _, v := range [...]float64{s.Consumed, s.Available, s.Percent, s.Sessions} {
		b = binary.BigEndian.AppendUint64(b, math.Float64bits(v))
	}
	return b
}

// Add adds an entry. What is wrong shows at the next Flush.
func (w *Writer) Add(e *Entry) {
	if len(w.block) == 0 {
		w.block = begun(w.block, entriesBlock)
	}
	w.block = appendEntry(w.block, e)
	w.n++
	if len(w.block) >= fullBlock {
		w.write(w.block)
		w.block = w.block[:0]
	}
}

// Flush writes all entries and samples so far. After an error nothing more is
// written.
func (w *Writer) Flush() error {
	for _, b := range []*[]byte{&w.block, &w.samples} {
		if len(*b) > 0 {
			w.write(*b)
			*b = (*b)[:0]
		}
	}
	return w.err
}

// End writes the last block. The result may be nil.
func (w *Writer) End(reason string, res *result.Attack) error {
	if err := w.Flush(); err != nil {
		return err
	}
	w.document(endBlock, End{Reason: reason, Entries: w.n, Samples: w.sampled, Result: res})
	return w.err
}

func appendEntry(b []byte, e *Entry) []byte {
	b = append(b, byte(e.Kind), byte(e.Outcome), byte(e.Cause), flag(e.Dialed, 0)|flag(e.GaveUp, 1)|flag(e.Resent, 2))
	for _, n := range [...]uint64{
		uint64(e.Request), uint64(e.Attempt), uint64(e.Visit), uint64(e.Cohort), e.Member,
		uint64(e.Status), uint64(e.Session), uint64(e.Redirects), uint64(e.In), uint64(e.Out),
	} {
		b = binary.AppendUvarint(b, n)
	}
	b = binary.AppendVarint(b, int64(e.Planned)) // the others stand close to it
	for _, d := range [...]int64{int64(e.Ready - e.Planned), int64(e.Sent - e.Planned), int64(e.Done - e.Planned)} {
		b = binary.AppendVarint(b, d)
	}
	return appendAddress(appendAddress(b, e.Address), e.Forwarded)
}

func appendAddress(b []byte, a netip.Addr) []byte {
	bytes := a.AsSlice() // none of an invalid one
	return append(append(b, byte(len(bytes))), bytes...)
}

func flag(set bool, bit int) byte {
	if set {
		return 1 << bit
	}
	return 0
}
