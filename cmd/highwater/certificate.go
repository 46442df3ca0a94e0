package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"highwater/sim/attack"
)

// clientTLS reads the certificates of an attack; it is nil when none are named.
func clientTLS(f *attackFlags) (*tls.Config, error) {
	if f.ca == "" && f.cert == "" {
		return nil, nil
	}
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	var err error
	if f.ca != "" {
		if c.RootCAs, err = authorities(f.ca); err != nil {
			return nil, err
		}
	}
	if f.cert != "" {
		c.Certificates, err = certificate(f.cert, f.key)
	}
	return c, err
}

// serverTLS reads the certificates of a target; it is nil when none are named.
func serverTLS(cert, key, clients string) (*tls.Config, error) {
	if cert == "" {
		return nil, nil
	}
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	var err error
	if c.Certificates, err = certificate(cert, key); err != nil || clients == "" {
		return c, err
	}
	c.ClientAuth = tls.RequireAndVerifyClientCert
	c.ClientCAs, err = authorities(clients)
	return c, err
}

// authorities reads certificates of authorities.
func authorities(file string) (*x509.CertPool, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(data) {
		return nil, &exitError{exitInvalid, fmt.Errorf("%s: has no certificate in PEM", file)}
	}
	return pool, nil
}

// certificate reads a certificate and its key.
func certificate(cert, key string) ([]tls.Certificate, error) {
	chain, err := os.ReadFile(cert)
	if err != nil {
		return nil, err
	}
	secret, err := os.ReadFile(key)
	if err != nil {
		return nil, err
	}
	if hasPassphrase(secret) {
		err := fmt.Errorf("%s: must be a key without a passphrase, which nobody is asked for", key)
		return nil, &exitError{exitInvalid, withHint(err, "openssl pkey -in KEY -out PLAIN writes one, which only its owner should read")}
	}
	pair, err := tls.X509KeyPair(chain, secret)
	if err != nil {
		return nil, &exitError{exitInvalid, fmt.Errorf("%s, %s: %w", cert, key, err)}
	}
	return []tls.Certificate{pair}, nil
}

// hasPassphrase tells whether a key in PEM is encrypted.
func hasPassphrase(data []byte) bool {
	for b, rest := pem.Decode(bytes.TrimSpace(data)); b != nil; b, rest = pem.Decode(rest) {
		if b.Type == "ENCRYPTED PRIVATE KEY" || strings.Contains(b.Headers["Proc-Type"], "ENCRYPTED") {
			return true
		}
	}
	return false
}

// tlsHint says what to do about a certificate; "" is nothing.
func tlsHint(err error) string {
	var (
		unknown x509.UnknownAuthorityError
		name    x509.HostnameError
		invalid x509.CertificateInvalidError
		client  *attack.ClientCertificateError
		header  tls.RecordHeaderError
	)
	switch {
	case errors.As(err, &unknown):
		return "give --ca FILE with the certificate of the authority that signed the target's"
	case errors.As(err, &name):
		names := slices.Clone(name.Certificate.DNSNames)
		for _, ip := range name.Certificate.IPAddresses {
			names = append(names, ip.String())
		}
		return "ask it by a name that its certificate has: " + strings.Join(names, ", ")
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return fmt.Sprintf("the certificate is valid from %s to %s; is this machine's clock right?",
			invalid.Cert.NotBefore.UTC().Format("2006-01-02 15:04"), invalid.Cert.NotAfter.UTC().Format("2006-01-02 15:04"))
	case errors.As(err, &client):
		return "give --cert FILE and --key FILE that the target's authority has signed"
	case errors.As(err, &header):
		return "does the target speak TLS? if not, it is http://"
	}
	return ""
}
