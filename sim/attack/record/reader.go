package record

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"net/netip"
	"time"

	"highwater/sim"
)

// Errors of [NewReader].
var (
	ErrFormat = errors.New("not a record of requests")
	errCut    = errors.New("the record is cut off in its header")
)

// largestBlock is the most that a block may have: one with entries is written
// when it has 256 KiB, a header names up to 10,000 cohorts, and a file of numbers
// that a scenario names has up to 64 MiB.
const largestBlock = 65 << 20

// A Reader reads a record up to the last whole block.
type Reader struct {
	r       io.Reader
	header  Header
	rest    []byte // of the present block
	good    int64  // bytes of whole blocks
	entries int64
	end     *End
	damage  string // why reading ended

	samples []Sample
	files   []File
	state   *State
}

// NewReader reads the header of a record. It fails with ErrFormat on what is
// no record, and on a schedule that is no SHA-256.
func NewReader(r io.Reader) (*Reader, error) {
	rr := &Reader{r: r}
	begin := make([]byte, len(magic))
	if n, err := io.ReadFull(r, begin); err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return nil, err
	} else if string(begin[:n]) != magic {
		return nil, ErrFormat
	}
	rr.good = int64(len(magic))
	block, err := rr.block()
	switch {
	case err != nil:
		return nil, err
	case block == nil:
		return nil, errCut
	case block[0] != headerBlock || json.Unmarshal(block[1:], &rr.header) != nil:
		return nil, ErrFormat
	}
	if sum, err := hex.DecodeString(rr.header.Schedule); err != nil || len(sum) != sha256.Size && len(sum) != 0 {
		return nil, fmt.Errorf("its schedule must be a SHA-256 in hex, not %q", rr.header.Schedule)
	}
	return rr, nil
}

// Header is what the record says of itself.
func (r *Reader) Header() *Header { return &r.header }

// End is how the attack ended; nil when the record does not say, or has not
// been read to its end.
func (r *Reader) End() *End { return r.end }

// Entries is how many entries have been read.
func (r *Reader) Entries() int64 { return r.entries }

// Samples are what the target said of its units, as far as has been read.
func (r *Reader) Samples() []Sample { return r.samples }

// Files are what the scenario was read from, as far as has been read. Older
// records have none.
func (r *Reader) Files() []File { return r.files }

// State is what the target said of itself; nil when it is not an emulated one.
func (r *Reader) State() *State { return r.state }

// block reads a whole block, nil when there is none any more.
func (r *Reader) block() ([]byte, error) {
	var frame [frameSize]byte
	n, err := io.ReadFull(r.r, frame[:])
	switch {
	case err == io.EOF:
		return nil, nil
	case err == io.ErrUnexpectedEOF:
		r.damage = fmt.Sprintf("%d bytes after byte %d are the begin of a block that was not finished", n, r.good)
		return nil, nil
	case err != nil:
		return nil, err
	}
	size := binary.BigEndian.Uint32(frame[:])
	if size == 0 || size > largestBlock {
		r.damage = fmt.Sprintf("the block at byte %d is damaged, and nothing after it was read", r.good)
		return nil, nil
	}
	block := make([]byte, 0, min(size, 1<<20)) // grows only with what is there
	for len(block) < int(size) {
		part := make([]byte, min(int(size)-len(block), 1<<20))
		n, err := io.ReadFull(r.r, part)
		block = append(block, part[:n]...)
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			r.damage = fmt.Sprintf("%d bytes after byte %d are the begin of a block of %d that was not finished", frameSize+len(block), r.good, size)
			return nil, nil
		} else if err != nil {
			return nil, err
		}
	}
	if crc32.Checksum(block, castagnoli) != binary.BigEndian.Uint32(frame[4:]) {
		r.damage = fmt.Sprintf("the block at byte %d is damaged, and nothing after it was read", r.good)
		return nil, nil
	}
	r.good += frameSize + int64(size)
	return block, nil
}

// Next reads an entry, and gives io.EOF at the end of the last whole block.
func (r *Reader) Next(e *Entry) error {
	for len(r.rest) == 0 {
		if r.end != nil || r.damage != "" {
			return io.EOF
		}
		block, err := r.block()
		switch {
		case err != nil:
			return err
		case block == nil:
			return io.EOF
		case block[0] == entriesBlock:
			r.rest = block[1:]
		default:
			if err := r.other(block[0], block[1:]); err != nil {
				return err
			}
		}
	}
	d := decoder{b: r.rest}
	d.entry(e)
	if d.failed {
		return fmt.Errorf("entry %d, before byte %d, is not whole", r.entries+1, r.good)
	}
	r.rest = d.b
	r.entries++
	return nil
}

// other takes a block that has no entries.
func (r *Reader) other(kind byte, b []byte) error {
	d := decoder{b: b}
	var err error
	switch kind {
	case samplesBlock:
		for len(d.b) > 0 {
			r.samples = append(r.samples, d.sample())
		}
	case fileBlock:
		name := string(d.take(int(min(d.uint(), uint64(len(b)+1)))))
		r.files = append(r.files, File{name, d.b})
	case stateBlock:
		r.state = new(State)
		err = json.Unmarshal(b, r.state)
	case endBlock:
		r.end = new(End)
		err = json.Unmarshal(b, r.end)
	default:
		return fmt.Errorf("the block before byte %d is of an unknown kind", r.good)
	}
	if d.failed || err != nil {
		return fmt.Errorf("the block before byte %d is not whole", r.good)
	}
	return nil
}

// Missing says what the record lacks, after the last entry; "" when it is
// whole.
func (r *Reader) Missing() string {
	switch {
	case r.damage != "":
		return r.damage
	case r.end == nil:
		return "the record has no end: what was sent after its last block is not known"
	case r.end.Entries != r.entries:
		return fmt.Sprintf("the end counts %d entries, and %d were read", r.end.Entries, r.entries)
	case r.end.Samples != int64(len(r.samples)):
		return fmt.Sprintf("the end counts %d samples of the target, and %d were read", r.end.Samples, len(r.samples))
	}
	return ""
}

// A decoder takes values from the begin of its bytes.
type decoder struct {
	b      []byte
	failed bool
}

func (d *decoder) entry(e *Entry) {
	begin := d.take(4)
	*e = Entry{
		Kind: sim.RequestKind(begin[0]), Outcome: Outcome(begin[1]), Cause: Cause(begin[2]), Dialed: begin[3]&1 != 0, GaveUp: begin[3]&2 != 0, Resent: begin[3]&4 != 0,
		Request: uint32(d.uint()), Attempt: uint32(d.uint()), Visit: uint32(d.uint()), Cohort: uint32(d.uint()), Member: d.uint(),
		Status: int(d.uint()), Session: uint32(d.uint()), Redirects: uint32(d.uint()), In: int64(d.uint()), Out: int64(d.uint()),
		Planned: d.duration(),
	}
	e.Ready, e.Sent, e.Done = e.Planned+d.duration(), e.Planned+d.duration(), e.Planned+d.duration()
	e.Address, e.Forwarded = d.address(), d.address()
	d.failed = d.failed || e.Kind < sim.CallRequest || e.Kind > sim.LogoutRequest || e.Outcome > Impatient || e.Cause >= numCauses
}

func (d *decoder) sample() (s Sample) {
	s.Sent = d.duration()
	s.Done = s.Sent + d.duration()
	s.Failed = string(d.take(int(min(d.uint(), uint64(len(d.b))+1))))
	for _, v := range []*float64{&s.Consumed, &s.Available, &s.Percent, &s.Sessions} {
		*v = math.Float64frombits(binary.BigEndian.Uint64(d.take(8)))
	}
	return s
}

func (d *decoder) take(n int) []byte {
	if len(d.b) < n {
		d.failed, d.b = true, nil
		return make([]byte, n)
	}
	b := d.b[:n]
	d.b = d.b[n:]
	return b
}

func (d *decoder) byte() byte { return d.take(1)[0] }

func (d *decoder) uint() uint64 {
	v, n := binary.Uvarint(d.b)
	d.take(max(n, 0))
	d.failed = d.failed || n <= 0
	return v
}

func (d *decoder) duration() time.Duration {
	v, n := binary.Varint(d.b)
	d.take(max(n, 0))
	d.failed = d.failed || n <= 0
	return time.Duration(v)
}

func (d *decoder) address() netip.Addr {
	a, _ := netip.AddrFromSlice(d.take(int(d.byte())))
	return a
}
