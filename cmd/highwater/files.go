package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// shown is what messages call an input.
func shown(name string) string {
	if name == "-" {
		return "standard input"
	}
	return name
}

// openInput opens a file, or standard input for "-", and decompresses .gz and
// .zst, which are known by their first bytes. Reading ends when the context
// ends; p shows how far it is.
func openInput(ctx context.Context, std stdio, name string, p *progress) (io.ReadCloser, error) {
	var file io.ReadCloser
	var size int64
	if name == "-" {
		file = abandonable(ctx, std.in)
	} else {
		f, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		if info, err := f.Stat(); err == nil {
			if info.IsDir() {
				_ = f.Close()
				return nil, fmt.Errorf("%s: is a directory", name)
			}
			size = info.Size()
		}
		file = f
	}
	return opened(ctx, name, file, size, p)
}

// opened decompresses an open file of so many bytes, 0 when that is not known.
func opened(ctx context.Context, name string, file io.ReadCloser, size int64, p *progress) (io.ReadCloser, error) {
	r := bufio.NewReaderSize(&interruptible{ctx, &metered{r: file, p: p, size: size}}, 256<<10)
	magic, err := r.Peek(4)
	switch {
	case err != nil && err != io.EOF:
		_ = file.Close()
		return nil, err
	case bytes.HasPrefix(magic, []byte{0x1f, 0x8b}):
		z, err := gzip.NewReader(r)
		if err != nil {
			_ = file.Close()
			return nil, &exitError{exitInvalid, fmt.Errorf("%s: %w", shown(name), err)}
		}
		return &input{&told{shown(name), z}, file}, nil
	case bytes.HasPrefix(magic, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(256<<20))
		if err != nil {
			_ = file.Close()
			return nil, &exitError{exitInvalid, fmt.Errorf("%s: %w", shown(name), err)}
		}
		return &input{&told{shown(name), z.IOReadCloser()}, file}, nil
	case strings.HasSuffix(name, ".gz"), strings.HasSuffix(name, ".zst"):
		_ = file.Close()
		return nil, &exitError{exitInvalid, fmt.Errorf("%s: is not compressed as its name says", name)}
	}
	return &input{r, file}, nil
}

// An opener opens an input by its name; p shows how far it is read.
type opener func(name string, p *progress) (io.ReadCloser, error)

// inputs opens files and standard input.
func (s stdio) inputs(ctx context.Context) opener {
	return func(name string, p *progress) (io.ReadCloser, error) { return openInput(ctx, s, name, p) }
}

// abandonable is a reader that the end of the context takes away even from
// somebody who waits, as for a terminal.
func abandonable(ctx context.Context, r io.Reader) io.ReadCloser {
	out, in := io.Pipe()
	stop := context.AfterFunc(ctx, func() { _ = in.CloseWithError(ctx.Err()) }) // never fails
	go func() {
		defer stop()
		_, err := io.CopyBuffer(in, struct{ io.Reader }{r}, make([]byte, 256<<10))
		_ = in.CloseWithError(err) // never fails
	}()
	return out
}

// An input closes the file behind a reader.
type input struct {
	io.Reader
	file io.Closer
}

func (i *input) Close() error { return i.file.Close() }

// A told reader says that compressed data are not valid.
type told struct {
	name string
	r    io.Reader
}

func (t *told) Read(b []byte) (int, error) {
	n, err := t.r.Read(b)
	switch {
	case err == nil || err == io.EOF:
		return n, err
	case errors.Is(err, io.ErrUnexpectedEOF):
		err = errors.New("the compressed data are cut short")
	}
	return n, &exitError{exitInvalid, fmt.Errorf("%s: %w", t.name, err)}
}

// mostResult is the size of the largest result that is read, in bytes.
const mostResult = 256 << 20

// readResult reads what a command has printed as JSON.
func readResult(ctx context.Context, std stdio, name string) ([]byte, error) {
	in, err := newTwice(ctx, std, name)
	if err != nil {
		return nil, err
	}
	defer in.end()
	kind, err := in.kind(ctx)
	if err != nil {
		return nil, err
	}
	return in.result(ctx, kind)
}

// readBegin reads an input, but no more of it than tells that it is tooLong.
func readBegin(ctx context.Context, std stdio, name string) ([]byte, error) {
	r, err := openInput(ctx, std, name, &progress{})
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(io.LimitReader(r, mostResult+1))
}

// tooLong is the error about a result with too many bytes.
func tooLong(name string, data []byte) error {
	if len(data) <= mostResult {
		return nil
	}
	return &exitError{exitInvalid, fmt.Errorf("%s: a result must have at most %d MiB, and has more", shown(name), mostResult>>20)}
}

// blank are the bytes that a text may begin with and say nothing yet.
const blank = "\ufeff \t\r\n"

// empty is the error about an input that has nothing but white space, and must
// be something.
func empty(name string, data []byte, what string) error {
	if len(bytes.TrimLeft(data, blank)) > 0 {
		return nil
	}
	return &exitError{exitInvalid, fmt.Errorf("%s: must be %s, and is empty", shown(name), what)}
}

// distinct makes sure that no two flags name the same file.
func distinct(flags [][2]string) error {
	for i, a := range flags {
		for _, b := range flags[:i] {
			if a[1] != "" && a[1] != "-" && filepath.Clean(a[1]) == filepath.Clean(b[1]) {
				return usagef("%s and %s must be different files, and both are %s", b[0], a[0], shown(a[1]))
			}
		}
	}
	return nil
}

// writeFile writes a file whole or not at all: the writer's work goes to a
// file beside it, which takes its name when all is written. "-" is standard
// output; .gz and .zst are compressed. What is there and no file, such as a
// device, is written to.
func writeFile(std stdio, name string, write func(io.Writer) error) (err error) {
	if name == "-" {
		return write(std.out)
	}
	if real, err := filepath.EvalSymlinks(name); err == nil {
		name = real
	}
	info, statErr := os.Stat(name)
	if statErr == nil && !info.Mode().IsRegular() {
		return writeThrough(name, write)
	}
	beside := filepath.Join(filepath.Dir(name), fmt.Sprintf(".%s.%d", filepath.Base(name), os.Getpid()))
	f, err := os.OpenFile(beside, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o666)
	if err != nil {
		var p *os.PathError
		if errors.As(err, &p) {
			p.Path = name // the file that was asked for
		}
		return err
	}
	defer func() {
		if err != nil {
			_ = f.Close()
			_ = os.Remove(f.Name())
		}
	}()
	if err := compressed(name, f, write); err != nil {
		return err
	}
	if statErr == nil { // who may read it stays as it was
		if err := f.Chmod(info.Mode().Perm()); err != nil {
			return err
		}
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}

func writeThrough(name string, write func(io.Writer) error) error {
	f, err := os.OpenFile(name, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	if err := compressed(name, f, write); err != nil {
		_ = f.Close()
		return err
	}
	return f.Close()
}

func compressed(name string, f io.Writer, write func(io.Writer) error) error {
	var z io.WriteCloser
	switch {
	case strings.HasSuffix(name, ".gz"):
		z = gzip.NewWriter(f)
	case strings.HasSuffix(name, ".zst"):
		var err error
		if z, err = zstd.NewWriter(f, zstd.WithEncoderConcurrency(1)); err != nil {
			return err
		}
	default:
		return write(f)
	}
	if err := write(z); err != nil {
		return err
	}
	return z.Close()
}

// interruptible ends reading when the context ends.
type interruptible struct {
	ctx context.Context
	r   io.Reader
}

func (i *interruptible) Read(b []byte) (int, error) {
	if err := i.ctx.Err(); err != nil {
		return 0, err
	}
	return i.r.Read(b)
}
