package main

import (
	"cmp"
	"context"
	"crypto/sha256"
	"io"
	"os"
)

// A twice is an input that can be read more than once. What comes through
// a pipe is kept in a file meanwhile.
type twice struct {
	std  stdio
	name string // as it was given
	copy string // file that it is kept in; "" when it is a file itself
	open []io.Closer
}

func newTwice(ctx context.Context, std stdio, name string) (*twice, error) {
	in := &twice{std: std, name: name}
	from := std.in
	if name != "-" {
		info, err := os.Stat(name)
		if err != nil || info.Mode().IsRegular() || info.IsDir() {
			return in, nil // to open it says what is wrong
		}
		f, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		from = f
	}
	f, err := os.CreateTemp("", "highwater-*")
	if err != nil {
		return nil, err
	}
	in.copy = f.Name()
	_, err = io.Copy(f, abandonable(ctx, from))
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		in.end()
		return nil, err
	}
	return in, nil
}

// again is how the input is read from its begin: streams and a name.
func (in *twice) again() (stdio, string, error) {
	if in.copy == "" {
		return in.std, in.name, nil
	}
	f, err := os.Open(in.copy)
	if err != nil {
		return in.std, "", err
	}
	in.open = append(in.open, f)
	std := in.std
	std.in = f
	return std, "-", nil
}

// file is where the input is.
func (in *twice) file() string {
	if in.copy != "" {
		return in.copy
	}
	return in.name
}

// sum is the SHA-256 of the input as it is, compressed or not.
func (in *twice) sum() ([]byte, error) {
	f, err := os.Open(in.file())
	if err != nil {
		return nil, err
	}
	defer f.Close()
	hash := sha256.New()
	_, err = io.Copy(hash, f)
	return hash.Sum(nil), err
}

// opener opens the input from its begin, whatever name it is asked for.
func (in *twice) opener(ctx context.Context) opener {
	return func(_ string, p *progress) (io.ReadCloser, error) {
		std, name, err := in.again()
		if err != nil {
			return nil, err
		}
		return openInput(ctx, std, name, p)
	}
}

// read is the input, or the begin of one that is tooLong.
func (in *twice) read(ctx context.Context) ([]byte, error) {
	std, name, err := in.again()
	if err != nil {
		return nil, err
	}
	return readBegin(ctx, std, name)
}

// result is the JSON of the result that the input is, or that the record has
// that it is.
func (in *twice) result(ctx context.Context, kind kind) ([]byte, error) {
	if kind == aRecord {
		from, err := in.opener(ctx)(in.name, &progress{})
		if err != nil {
			return nil, err
		}
		defer from.Close()
		return recordedResult(ctx, in.name, from)
	}
	data, err := in.read(ctx)
	if err == nil {
		err = cmp.Or(tooLong(in.name, data), empty(in.name, data, "the JSON of a result"))
	}
	return data, err
}

// kind is what the input is.
func (in *twice) kind(ctx context.Context) (kind, error) {
	begin, err := beginning(in.opener(ctx), in.name)
	return kindOf(begin).by(in.name), err
}

// end forgets what was kept.
func (in *twice) end() {
	for _, f := range in.open {
		_ = f.Close()
	}
	if in.copy != "" {
		_ = os.Remove(in.copy)
	}
}
