package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"
)

// An authority signs certificates for a test.
type authority struct {
	t    *testing.T
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// newAuthority makes an authority, whose certificate is in NAME.pem.
func newAuthority(t *testing.T, name string) *authority {
	a := &authority{t: t}
	a.cert = &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	a.key = a.sign(name, a.cert, nil)
	return a
}

// sign writes a certificate to NAME.pem, and its key to NAME.key.
func (a *authority) sign(name string, c, parent *x509.Certificate) *ecdsa.PrivateKey {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	signer := a.key
	if parent == nil {
		parent, signer = c, key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, &key.PublicKey, signer)
	if err != nil {
		a.t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		a.t.Fatal(err)
	}
	for file, b := range map[string]*pem.Block{name + ".pem": {Type: "CERTIFICATE", Bytes: der}, name + ".key": {Type: "PRIVATE KEY", Bytes: secret}} {
		if err := os.WriteFile(file, pem.EncodeToMemory(b), 0o600); err != nil {
			a.t.Fatal(err)
		}
	}
	return key
}

// leaf is a certificate of 127.0.0.1 until an instant.
func (a *authority) leaf(name string, until time.Time, ip string) {
	c := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-2 * time.Hour), NotAfter: until,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		IPAddresses: []net.IP{net.ParseIP(ip)},
	}
	a.sign(name, c, a.cert)
}

// Each way in which certificates can be wrong is said before anything is sent,
// with advice; with the right ones the requests and the metrics are sent over
// TLS.
func TestCertificates(t *testing.T) {
	inFolder(t, map[string]string{"boards.yaml": boards})
	ours, others := newAuthority(t, "ours"), newAuthority(t, "others")
	soon := time.Now().Add(time.Hour)
	ours.leaf("server", soon, "127.0.0.1")
	ours.leaf("expired", time.Now().Add(-time.Hour), "127.0.0.1")
	ours.leaf("elsewhere", soon, "127.0.0.2")
	ours.leaf("client", soon, "127.0.0.1")
	others.leaf("stranger", soon, "127.0.0.1")
	for _, tt := range []struct {
		name           string
		server, client []string
		code           int
		want           string // on standard error
	}{
		{"own authority", []string{"server"}, []string{"--ca", "ours.pem"}, 0, ""},
		{"unknown authority", []string{"server"}, nil, 1, "hint: give --ca FILE"},
		{"another authority", []string{"server"}, []string{"--ca", "others.pem"}, 1, "hint: give --ca FILE"},
		{"expired", []string{"expired"}, []string{"--ca", "ours.pem"}, 1, "hint: the certificate is valid from "},
		{"another name", []string{"elsewhere"}, []string{"--ca", "ours.pem"}, 1, "hint: ask it by a name that its certificate has: 127.0.0.2"},
		{"client certificate", []string{"server", "--client-ca", "ours.pem"}, []string{"--ca", "ours.pem", "--cert", "client.pem", "--key", "client.key"}, 0, ""},
		{"no client certificate", []string{"server", "--client-ca", "ours.pem"}, []string{"--ca", "ours.pem"}, 1, "asks for a client certificate, and there is none"},
		{"a stranger's", []string{"server", "--client-ca", "ours.pem"}, []string{"--ca", "ours.pem", "--cert", "stranger.pem", "--key", "stranger.key"}, 1, "hint: give --cert FILE and --key FILE"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			attack := func(url string) {
				args := append([]string{"attack", "boards.yaml", "--target", url, "--window", "0s..2s", "--clock", "4x", "--max-lag", "1m", "--record", "a.rec"}, tt.client...)
				code, out, errs := highwater(t.Context(), nil, args...)
				if code != tt.code || !strings.Contains(errs, tt.want) || code == 0 && !strings.Contains(out, "100 served") {
					t.Errorf("exit code %d, want %d and %q: %s%s", code, tt.code, tt.want, out, errs)
				}
				if code == 0 && !strings.Contains(out, "as reported") {
					t.Errorf("the metrics were not seen: %s", out)
				}
				if _, err := os.Stat("a.rec"); (err == nil) != (code == 0) {
					t.Errorf("exit code %d, record: %v", code, err)
				}
				_ = os.Remove("a.rec") // of the next
			}
			args := append([]string{"--clock", "4x", "--tls-cert", tt.server[0] + ".pem", "--tls-key", tt.server[0] + ".key"}, tt.server[1:]...)
			if code, _, errs := targeted(t, attack, args...); code != 0 || !strings.Contains(errs, "answering at https://127.0.0.1:") {
				t.Errorf("exit code %d: %s", code, errs)
			}
		})
	}
	t.Run("calibrate", func(t *testing.T) {
		ask := func(url string) {
			code, _, errs := highwater(t.Context(), nil, "attack", "--calibrate", "--target", url)
			if code != exitFailed || !strings.Contains(errs, "hint: give --ca FILE") {
				t.Errorf("exit code %d: %s", code, errs)
			}
		}
		targeted(t, ask, "--tls-cert", "server.pem", "--tls-key", "server.key")
	})
	t.Run("no TLS", func(t *testing.T) {
		ask := func(url string) {
			code, _, errs := highwater(t.Context(), nil, "attack", "boards.yaml", "--target", strings.Replace(url, "http", "https", 1))
			if code != exitFailed || !strings.Contains(errs, "hint: does the target speak TLS?") {
				t.Errorf("exit code %d: %s", code, errs)
			}
		}
		targeted(t, ask)
	})
}

// A key with a passphrase is refused, and said to be one.
func TestKeyWithPassphrase(t *testing.T) {
	inFolder(t, map[string]string{
		"boards.yaml": boards,
		"new.key":     "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMAA=\n-----END ENCRYPTED PRIVATE KEY-----\n",
		"old.key":     "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nMAA=\n-----END RSA PRIVATE KEY-----\n",
		"no.key":      "nothing\n",
	})
	newAuthority(t, "ours")
	for key, want := range map[string]string{"new.key": "without a passphrase", "old.key": "without a passphrase", "no.key": "failed to find any PEM data"} {
		for _, args := range [][]string{
			{"attack", "boards.yaml", "--target", "https://127.0.0.1:1", "--cert", "ours.pem", "--key", key},
			{"target", "--listen", "127.0.0.1:0", "--tls-cert", "ours.pem", "--tls-key", key},
		} {
			if code, _, errs := highwater(t.Context(), nil, args...); code != exitInvalid || !strings.Contains(errs, want) || !strings.Contains(errs, key) {
				t.Errorf("%q: exit code %d: %s", args, code, errs)
			}
		}
	}
}

// A target that takes connections and answers nothing: what is waited for is
// said, and the first interrupt ends it at once.
func TestTargetThatHangs(t *testing.T) {
	inFolder(t, map[string]string{"boards.yaml": boards})
	asked := make(chan struct{}, 1)
	quit := make(chan struct{})
	h := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		asked <- struct{}{}
		<-quit
	}))
	defer h.Close()
	defer close(quit)
	for _, args := range [][]string{{"attack", "boards.yaml", "--record", "a.rec"}, {"attack", "--calibrate"}} {
		ctx, cancel := context.WithCancelCause(t.Context())
		var at time.Time
		go func() {
			<-asked
			<-time.After(1500 * time.Millisecond)
			at = time.Now()
			cancel(&interrupted{os.Interrupt})
		}()
		code, out, errs := highwater(ctx, nil, append(args, "--target", h.URL)...)
		if code != exitInterrupted || out != "" || !strings.HasSuffix(errs, "highwater: interrupted\n") {
			t.Errorf("%q: exit code %d: %s%s", args, code, out, errs)
		}
		if want := "highwater: waiting for " + strings.TrimPrefix(h.URL, "http://") + " to answer at /api/monitor/metrics, up to 5s\n"; !strings.HasPrefix(errs, want) {
			t.Errorf("%q: %q, want %q", args, errs, want)
		}
		if took := time.Since(at); took > time.Second { // the metrics would be waited for 5 s
			t.Errorf("%q: it ended %v after the interrupt", args, took)
		}
		if _, err := os.Stat("a.rec"); err == nil {
			t.Errorf("%q: there is a record of nothing", args)
		}
	}
}

// Metrics that want a login get it, and it shows nowhere.
func TestMetricsLogin(t *testing.T) {
	inFolder(t, map[string]string{"boards.yaml": boards, "secret.txt": "opensesame\n"})
	h := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch user, password, _ := r.BasicAuth(); {
		case r.URL.Path != "/api/monitor/metrics":
			if user != "" {
				w.WriteHeader(http.StatusBadRequest) // the callers are nobody
			}
		case user != "monitor" || password != "opensesame":
			w.WriteHeader(http.StatusUnauthorized)
		default:
			_, _ = w.Write([]byte("iris_license_consumed 3\niris_license_available 6\n"))
		}
	}))
	defer h.Close()
	args := []string{"attack", "boards.yaml", "--target", h.URL, "--window", "0s..2s", "--clock", "4x", "--max-lag", "1m", "--record", "a.rec", "--json"}
	code, out, errs := highwater(t.Context(), nil, append(args, "--metrics-login", "monitor:file:secret.txt")...)
	if code != 0 || !strings.Contains(out, `"samples_failed": 0,`) || strings.Contains(out, `"samples": 0,`) || !strings.Contains(out, `"served": 100,`) {
		t.Errorf("exit code %d: %s%s", code, out, errs)
	}
	if data, err := os.ReadFile("a.rec"); err != nil || strings.Contains(string(data)+out+errs, "opensesame") {
		t.Errorf("the password shows, or there is no record: %v", err)
	}
	if code, _, errs := highwater(t.Context(), nil, append(args, "--metrics-login", ":file:secret.txt")...); code != exitUsage || !strings.Contains(errs, "the user is missing") {
		t.Errorf("exit code %d: %s", code, errs)
	}
	if code, _, errs := highwater(t.Context(), nil, append(args, "--metrics-login", "monitor:hunter2")...); code != exitUsage || !strings.Contains(errs, "--metrics-login: must be env:NAME or file:PATH") || strings.Contains(errs, "hunter2") {
		t.Errorf("exit code %d: %s", code, errs)
	}
}
