package probe

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"sync"

	"highwater/engine"
	"highwater/sim"
	"highwater/sim/attack/record"
	"highwater/sim/wire"
)

// A request is one to be sent.
type request struct {
	who    uint32
	from   netip.Addr
	logout bool
	jar    *[]*http.Cookie // of a web session
	visit  uint32
}

func several(n int, who uint32, from ...netip.Addr) (list []request) {
	for _, a := range from {
		list = append(list, slices.Repeat([]request{{who: who, from: a}}, n)...)
	}
	return list
}

// send sends some requests at once, and waits for them. Meanwhile it looks at
// the units once, when all are under way, if that is wanted.
func (p *prober) send(ctx context.Context, look bool, list ...request) {
	var all sync.WaitGroup
	errs := make([]error, len(list))
	for i, q := range list {
		client := p.client(q.from)
		all.Go(func() { errs[i] = p.one(ctx, client, q) })
	}
	if mid := p.takes[p.via(list[0].who)] / 2; look && mid > p.settle() {
		p.wait(ctx, mid)
		p.look(ctx)
	}
	all.Wait()
	p.came(ctx, errs...)
}

// client reaches the target from an address.
func (p *prober) client(from netip.Addr) *http.Client {
	if !p.line.Many() {
		from = netip.Addr{}
	}
	if p.clients[from] == nil {
		p.clients[from] = p.line.Client(from)
	}
	return p.clients[from]
}

// via is the way in of a cohort of the record.
func (p *prober) via(who uint32) engine.Via {
	v, _ := engine.ParseVia(p.log.Header.Cohorts[who].Via)
	return v
}

// action is what calls of SOAP name.
var action = wire.Endpoint{Via: engine.SOAP, Slug: "calibrate"}.Action()

// made makes the request that a cohort sends.
func (p *prober) made(ctx context.Context, q *request) (*http.Request, error) {
	k := &p.log.Header.Cohorts[q.who]
	method, path, body := http.MethodGet, k.Path, io.Reader(http.NoBody)
	soap := p.via(q.who) == engine.SOAP
	if soap {
		method, body = http.MethodPost, bytes.NewReader(wire.SOAP11.AppendCall(nil))
	}
	if q.logout {
		path += "?" + wire.LogoutField + "=" + wire.LogoutValue
	}
	req, err := http.NewRequestWithContext(ctx, method, p.line.URL(path), body)
	if err != nil {
		return nil, err
	}
	if soap {
		req.Header.Set("Content-Type", wire.SOAP11.ContentType(action))
		req.Header.Set(wire.ActionHeader, strconv.Quote(action))
	}
	if k.User != "" {
		req.SetBasicAuth(k.User, cmp.Or(p.o.Attack.Password, wire.Password))
	}
	if q.jar != nil {
		for _, c := range *q.jar {
			req.AddCookie(c)
		}
	}
	return req, nil
}

// mostAnswer is how much is read of an answer.
const mostAnswer = 1 << 20

// one sends a request and writes it down. The error says why it failed, but
// that what is tried is not offered is none.
func (p *prober) one(ctx context.Context, client *http.Client, q request) error {
	e := record.Entry{Cohort: q.who, Visit: q.visit, Outcome: record.Failed}
	switch {
	case q.logout:
		e.Kind = sim.LogoutRequest
	case p.log.Header.Cohorts[q.who].Session:
		e.Kind = sim.PageRequest
	default:
		e.Kind = sim.CallRequest
	}
	if p.line.Many() {
		e.Address = q.from
	}
	req, err := p.made(ctx, &q)
	if err == nil {
		sent := sync.OnceFunc(func() { e.Sent = p.since() })
		req = req.WithContext(httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) {
			sent()
			e.Out = int64(len(req.URL.Path)) // and more
		}}))
		e.Status, err = exchange(client, req, q.jar, p.via(q.who), &e)
		sent()
	}
	e.Done = p.since()
	p.mu.Lock()
	defer p.mu.Unlock()
	e.Request = uint32(len(p.log.Entries))
	p.log.Entries = append(p.log.Entries, e)
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	if err != nil && ctx.Err() == nil {
		p.failure = err.Error()
	}
	if p.trying && e.Status > 0 {
		return nil
	}
	return err
}

// exchange sends a request and says what came of it.
func exchange(client *http.Client, req *http.Request, jar *[]*http.Cookie, via engine.Via, e *record.Entry) (int, error) {
	res, err := client.Do(req)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, mostAnswer))
	if err != nil {
		return 0, err
	}
	if jar != nil {
		*jar = append(*jar, res.Cookies()...)
	}
	switch {
	case wire.Refused(via, res.StatusCode, body):
		e.Outcome = record.Refused
	case res.StatusCode < 400:
		e.Outcome = record.Served
	default:
		return res.StatusCode, fmt.Errorf("%s: status %d", req.URL.Path, res.StatusCode)
	}
	return res.StatusCode, nil
}

// mostLooks is how often the target is asked for its units until it says
// them.
const mostLooks = 3

// sample asks the target for its units. The state is the path of the emulated
// one's.
func (p *prober) sample(ctx context.Context) (s record.Sample, state string) {
	for range mostLooks {
		p.res.Looks++
		if s, state = p.line.Sample(ctx, p.since); s.Failed == "" || ctx.Err() != nil {
			break
		}
	}
	return s, state
}

// look looks at the units in use.
func (p *prober) look(ctx context.Context) {
	s, _ := p.sample(ctx)
	p.mu.Lock()
	p.log.Samples = append(p.log.Samples, s)
	p.mu.Unlock()
	var err error
	if s.Failed != "" {
		err = errors.New("no units: " + s.Failed)
	}
	p.came(ctx, err)
}
