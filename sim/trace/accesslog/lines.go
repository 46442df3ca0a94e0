package accesslog

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
)

// The sizes of what is looked at to find the format, and of the longest line.
const (
	sampleSize = 64 << 10
	lineLimit  = 1 << 20
)

// lines reads a source line by line.
type lines struct {
	name string
	r    *bufio.Reader
	buf  []byte // of lines longer than the reader's own
}

func newLines(s Source) *lines {
	return &lines{name: s.Name, r: bufio.NewReaderSize(s.R, sampleSize)}
}

// next is the next line without its end, and whether it was too long: then
// only its beginning is there. The line is valid until the next call.
func (l *lines) next() (line []byte, long bool, err error) {
	line, err = l.r.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		l.buf = append(l.buf[:0], line...)
		for errors.Is(err, bufio.ErrBufferFull) {
			line, err = l.r.ReadSlice('\n')
			if room := lineLimit - len(l.buf); len(line) > room {
				line, long = line[:room], true
			}
			l.buf = append(l.buf, line...)
		}
		line = l.buf
	}
	if errors.Is(err, io.EOF) && len(line) > 0 {
		err = nil
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, false, fmt.Errorf("%s: %w", l.name, err)
	}
	return trim(line), long, err
}

// trim takes the end of a line off.
func trim(line []byte) []byte {
	line = bytes.TrimSuffix(line, []byte{'\n'})
	return bytes.TrimSuffix(line, []byte{'\r'})
}

// mark is what begins a text in UTF-8 on some systems.
var mark = []byte("\xef\xbb\xbf")

// sample is the first lines, without reading them.
func (l *lines) sample() ([][]byte, error) {
	head, err := l.r.Peek(sampleSize)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: %w", l.name, err)
	}
	if bytes.HasPrefix(head, mark) {
		head = head[len(mark):]
		_, _ = l.r.Discard(len(mark)) // it was peeked at
	}
	for _, m := range magics {
		if bytes.HasPrefix(head, []byte(m.start)) {
			return nil, fmt.Errorf("%s: must be text, not %s", l.name, m.what)
		}
	}
	var list [][]byte
	for len(head) > 0 {
		line, after, whole := bytes.Cut(head, []byte{'\n'})
		if !whole && err == nil {
			break
		}
		head = after
		if line = trim(line); usable(line) {
			list = append(list, line)
		}
	}
	return list, nil
}

// usable reports whether a line can be one of a log.
func usable(line []byte) bool { return len(line) > 0 && bytes.IndexByte(line, 0) < 0 }

// magics are the beginnings of files that are not text, or not in UTF-8.
var magics = []struct{ start, what string }{
	{"\x1f\x8b", "gzip"},
	{"\x28\xb5\x2f\xfd", "zstd"},
	{"BZh", "bzip2"},
	{"\xfd7zXZ", "xz"},
	{"PK\x03\x04", "zip"},
	{"\xff\xfe", "UTF-16"},
	{"\xfe\xff", "UTF-16"},
}
