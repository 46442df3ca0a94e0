package attack

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"highwater/sim/result"
)

// A target that redirects each request sees no more of them in any second than
// a permission lets go, and the verdict says what held them up.
func TestRedirectsKeepTheRate(t *testing.T) {
	t.Parallel()
	const rate = 12
	var mu sync.Mutex
	var seen []time.Time
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		seen = append(seen, time.Now())
		mu.Unlock()
		if !strings.HasSuffix(r.URL.Path, "/there") {
			http.Redirect(w, r, "/there", http.StatusFound)
		}
	}))
	defer s.Close()
	permissions, err := ParsePermissions("allow.yaml", []byte("[{host: 192.0.2.7, port: 80, max_rate: 12/s, until: 2999-01-01}]"))
	if err != nil {
		t.Fatal(err)
	}
	p := plan(t, "name: n\nduration: 2s\nlicense: {units: 99}\ncohorts: [{name: a, kind: callers, count: 10, arrivals: {every: 1s}}]\n", PlanOptions{})
	o := Options{Target: target("http://192.0.2.7"), Permissions: permissions}
	o.Dial = func(ctx context.Context, _ netip.Addr, _ netip.AddrPort) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "tcp", s.Listener.Addr().String())
	}
	res, err := Run(t.Context(), t.Context(), p, o)
	if err != nil || res.Sent.Served != 20 || res.Sent.Slowed == 0 || res.Verdict != result.Inconclusive || !strings.Contains(strings.Join(res.Reasons, "\n"), "max_rate") {
		t.Errorf("%v, %s, %q: %+v; want 20 served, some slowed", err, res.Verdict, res.Reasons, res.Sent)
	}
	for i := rate; i < len(seen); i++ {
		if d := seen[i].Sub(seen[i-rate]); d < time.Second/2 { // when they leave is exact, when they come is not; without a limit it is less than a third
			t.Errorf("%d requests came in %v", rate+1, d)
		}
	}
	if len(seen) != 40 {
		t.Errorf("%d requests came, want 40", len(seen))
	}
}
