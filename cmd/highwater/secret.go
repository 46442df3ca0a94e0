package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"os"
	"strings"
)

// mostSecret is how long a secret in a file may be.
const mostSecret = 64 << 10

// secret reads what a reference such as env:NAME or file:PATH stands for. What
// it is shows in no message.
func secret(flag, ref string) (string, error) {
	kind, name, _ := strings.Cut(ref, ":")
	value := ""
	switch {
	case name == "" || kind != "env" && kind != "file":
		return "", usagef("--%s must be env:NAME or file:PATH; a secret itself is never given on the command line", flag)
	case kind == "env":
		var ok bool
		if value, ok = os.LookupEnv(name); !ok {
			return "", usagef("--%s: there is no environment variable %q", flag, name)
		}
	default:
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
		return "", usagef("--%s must stand for one line of text, and %s:%s does not", flag, kind, name)
	}
	return value, nil
}

// tlsConfig reads certificates; it is nil when none are named.
func tlsConfig(f *attackFlags) (*tls.Config, error) {
	if f.ca == "" && f.cert == "" {
		return nil, nil
	}
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	if f.ca != "" {
		data, err := os.ReadFile(f.ca)
		if err != nil {
			return nil, err
		}
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(data) {
			return nil, &exitError{exitInvalid, fmt.Errorf("%s: has no certificate in PEM", f.ca)}
		}
	}
	if f.cert != "" {
		pair, err := tls.LoadX509KeyPair(f.cert, f.key)
		if err != nil {
			return nil, &exitError{exitInvalid, fmt.Errorf("%s: %w", f.cert, err)}
		}
		c.Certificates = []tls.Certificate{pair}
	}
	return c, nil
}
