package attack

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"time"
)

// patience is how long a first contact may take before it is said what is
// waited for.
const patience = time.Second

// waits tells Waits what is waited for, if that takes long. Who calls it calls
// done when it is over.
func (o *Options) waits(format string, args ...any) (done func()) {
	if o.Waits == nil {
		return func() {}
	}
	quit, over := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(over)
		t := time.NewTimer(patience)
		defer t.Stop()
		select {
		case <-t.C:
			o.Waits(fmt.Sprintf(format, args...))
		case <-quit:
		}
	}()
	return func() {
		close(quit)
		<-over
	}
}

// A ClientCertificateError is a target that asks for a client certificate and
// ends the connection over it.
type ClientCertificateError struct {
	Given bool // there was one
	Err   error
}

func (e *ClientCertificateError) Error() string {
	what := "and there is none"
	if e.Given {
		what = "and does not take the one that is given"
	}
	return fmt.Sprintf("the target asks for a client certificate, %s: %v", what, e.Err)
}

func (e *ClientCertificateError) Unwrap() error { return e.Err }

// alertTime is for how long a target may think about a client certificate.
const alertTime = time.Second

// contact connects once and sends nothing, so that who cannot be reached is
// known before the attack begins.
func (s *sender) contact(ctx context.Context) error {
	defer s.o.waits("waiting for %s to take a connection, up to %v", s.base.Host, s.o.Timeout)()
	asked := false
	config := s.tls
	if config != nil {
		config = config.Clone()
		own := config.Certificates
		config.GetClientCertificate = func(info *tls.CertificateRequestInfo) (*tls.Certificate, error) {
			asked = true
			for i := range own {
				if info.SupportsCertificate(&own[i]) == nil {
					return &own[i], nil
				}
			}
			return new(tls.Certificate), nil // none
		}
	}
	c, err := s.connectBy(ctx, netip.Addr{}, config)
	if err == nil && asked {
		err = refusal(c)
	}
	if c != nil {
		_ = c.Close()
	}
	var alert *net.OpError
	if asked && errors.As(err, &alert) && alert.Op == "remote error" {
		return &ClientCertificateError{len(config.Certificates) > 0, err}
	}
	return err
}

// refusal is what a target says that has looked at a client certificate: with
// TLS 1.3 it does so when the client takes the connection to be made.
func refusal(c *connection) error {
	if err := c.SetReadDeadline(time.Now().Add(alertTime)); err != nil {
		return err
	}
	_, err := c.Conn.Read(make([]byte, 1))
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return nil // it is content
	}
	return err
}
