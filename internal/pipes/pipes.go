// Package pipes is a network inside a test, in whose own time nothing else
// waits.
package pipes

import (
	"context"
	"net"
	"net/netip"
)

// A Net is a network with one listener. It is a [net.Listener].
type Net struct {
	conns chan net.Conn
	done  chan struct{}
}

// New makes a network. In a test with time of its own it belongs to that.
func New() *Net { return &Net{make(chan net.Conn), make(chan struct{})} }

// Accept waits for the next connection.
func (n *Net) Accept() (net.Conn, error) {
	select {
	case c := <-n.conns:
		return c, nil
	case <-n.done:
		return nil, net.ErrClosed
	}
}

// Close ends listening and dialing.
func (n *Net) Close() error {
	select {
	case <-n.done:
	default:
		close(n.done)
	}
	return nil
}

// Addr is where the listener is reached, 127.0.0.1:8080.
func (n *Net) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 8080} }

// Dial connects to the listener from an address; the zero one is 127.0.0.1.
func (n *Net) Dial(ctx context.Context, from netip.Addr, _ netip.AddrPort) (net.Conn, error) {
	if !from.IsValid() {
		from = netip.AddrFrom4([4]byte{127, 0, 0, 1})
	}
	client, server := net.Pipe()
	select {
	case n.conns <- addressed{server, from}:
		return client, nil
	case <-n.done:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// An addressed is a connection from an address.
type addressed struct {
	net.Conn
	from netip.Addr
}

func (a addressed) RemoteAddr() net.Addr {
	return net.TCPAddrFromAddrPort(netip.AddrPortFrom(a.from, 40_000))
}
