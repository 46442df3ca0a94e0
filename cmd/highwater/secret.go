package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// mostSecret is how long a secret in a file may be.
const mostSecret = 64 << 10

// secret reads what a reference such as env:NAME or file:PATH stands for; the
// path may be relative to a folder. What it is shows in no message.
func secret(ref, dir string) (string, error) {
	kind, name, _ := strings.Cut(ref, ":")
	value := ""
	switch {
	case name == "" || kind != "env" && kind != "file":
		return "", errors.New("must be env:NAME or file:PATH; a secret itself is never given")
	case kind == "env":
		var ok bool
		if value, ok = os.LookupEnv(name); !ok {
			return "", fmt.Errorf("there is no environment variable %q", name)
		}
	default:
		if !filepath.IsAbs(name) {
			name = filepath.Join(dir, name)
		}
		f, err := os.Open(name)
		if err != nil {
			return "", err
		}
		defer f.Close()
		data, err := io.ReadAll(io.LimitReader(f, mostSecret+1))
		if err != nil {
			return "", err
		}
		value = strings.TrimRight(string(data), "\r\n")
	}
	if value == "" || len(value) > mostSecret || strings.ContainsAny(value, "\r\n\x00") {
		return "", fmt.Errorf("must stand for one line of text, and %s does not", ref)
	}
	return value, nil
}

// secretError is a usage error, unless a file could not be read.
func secretError(what string, err error) error {
	if file := (*os.PathError)(nil); errors.As(err, &file) {
		return fmt.Errorf("%s: %w", what, err)
	}
	return usagef("%s: %w", what, err)
}

// secrets reads what the requests of a scenario refer to.
func (l *loaded) secrets() (map[string]string, error) {
	all := map[string]string{}
	for _, ref := range l.scenario.Secrets() {
		value, err := secret(ref, l.dir)
		if err != nil {
			return nil, secretError("{{"+ref+"}} of the scenario", err)
		}
		all[ref] = value
	}
	return all, nil
}
