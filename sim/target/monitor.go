package target

import (
	_ "embed"
	"encoding/json"
	"maps"
	"math"
	"net/http"
	"slices"
	"time"

	"highwater/engine"
	"highwater/engine/msglog"
	"highwater/sim/result"
	"highwater/sim/wire"

	"github.com/prometheus/client_golang/prometheus"
)

//go:embed page.html
var page []byte

// pagePolicy lets the page do what it does and nothing else.
const pagePolicy = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"

// monitor answers what is free of license units; it is false for anything
// else.
func (t *Target) monitor(w http.ResponseWriter, r *http.Request) bool {
	switch r.URL.Path {
	case "/", wire.MetricsPath, wire.AlertsPath, wire.StatePath:
	default:
		return false
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "only to be read", http.StatusMethodNotAllowed)
		return true
	}
	switch r.URL.Path {
	case wire.MetricsPath:
		w.Header().Set(wire.StateHeader, wire.StatePath)
		t.metrics.ServeHTTP(w, r)
	case wire.AlertsPath:
		writeJSON(w, t.core.drain())
	case wire.StatePath:
		writeJSON(w, t.core.look())
	default:
		w.Header().Set("Content-Security-Policy", pagePolicy)
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write(page) // whoever is gone does not read it
	}
	return true
}

func writeJSON(w http.ResponseWriter, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(append(b, '\n')) // whoever is gone does not read it
}

// An alert is what the monitor's list of alerts has of each.
type alert struct {
	Time     string          `json:"time"`
	Severity msglog.Severity `json:"severity"`
	Message  string          `json:"message"`
}

// mostAlerts is how many alerts are kept until somebody asks.
const mostAlerts = 1000

// alert keeps an alert.
func (c *core) alert(l msglog.Line) {
	c.alerted++
	if len(c.alerts) < mostAlerts {
		c.alerts = append(c.alerts, l)
	}
}

// drain lists the alerts since it was asked last.
func (c *core) drain() []alert {
	defer c.leave()
	c.enter()
	list := []alert{}
	for _, l := range c.alerts {
		list = append(list, alert{l.At.Format("2006-01-02T15:04:05.000Z"), l.Severity, l.Text})
	}
	c.alerts = nil
	return list
}

// A gauges collects the metrics.
type gauges struct{ core *core }

// daysRemaining is how long the key is valid: a stand-in's does not end.
const daysRemaining = 365

var (
	available = prometheus.NewDesc(wire.MetricAvailable, "License units not in use; +Inf without a limit.", nil, nil)
	consumed  = prometheus.NewDesc(wire.MetricConsumed, "License units in use.", nil, nil)
	days      = prometheus.NewDesc(wire.MetricDays, "Days that the key is valid.", nil, nil)
	percent   = prometheus.NewDesc(wire.MetricPercent, "License units in use, in percent.", nil, nil)
	webs      = prometheus.NewDesc(wire.MetricCSPSessions, "Web sessions.", nil, nil)
	posted    = prometheus.NewDesc("iris_system_alerts", "Alerts since the start.", nil, nil)
	unread    = prometheus.NewDesc("iris_system_alerts_new", "Whether there are alerts that nobody has asked for.", nil, nil)
)

// Describe is for package prometheus.
func (g *gauges) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{available, consumed, days, percent, webs, posted, unread} {
		to <- d
	}
}

// Collect is for package prometheus.
func (g *gauges) Collect(to chan<- prometheus.Metric) {
	c := g.core
	c.enter()
	units, sessions := c.in.InUse(), len(c.sessions)
	total := c.allowed()
	alerts, fresh := c.alerted, min(1, len(c.alerts))
	c.leave()
	free, share := math.Inf(1), 0.0
	if total > 0 {
		free = float64(max(0, total-units))
		share = math.Floor(100*float64(units)/float64(total) + 0.5)
	}
	for _, m := range []struct {
		desc  *prometheus.Desc
		value float64
	}{
		{available, free}, {consumed, float64(units)}, {days, daysRemaining}, {percent, share}, {webs, float64(sessions)},
		{posted, float64(alerts)}, {unread, float64(fresh)},
	} {
		to <- prometheus.MustNewConstMetric(m.desc, prometheus.GaugeValue, m.value)
	}
}

// allowed is how many units the key allows, 0 without a limit.
func (c *core) allowed() int { return c.in.Policy().Cap(c.in.Units()) }

// lookEvery is how often the rows are looked at for whoever asks: all of them
// takes long when there are many.
const lookEvery = 250 * time.Millisecond

// look is the report as it was a moment ago.
func (c *core) look() result.Target {
	defer c.leave()
	c.enter()
	if time.Since(c.looked) >= lookEvery {
		c.state, c.looked = *c.report(), time.Now()
	}
	c.state.At = c.now // what tells its clock must not be old, nor whom it refused
	c.tellRefused(&c.state)
	return c.state
}

// tellRefused says who was refused so far.
func (c *core) tellRefused(res *result.Target) {
	res.Refused, res.RefusedByVia = 0, maps.Clone(c.refused)
	for _, n := range c.refused {
		res.Refused += n
	}
	if c.first != nil {
		first := *c.first
		res.FirstRefusal = &first
	}
}

// report says what came of it all so far.
func (c *core) report() *result.Target {
	p := c.in.Policy()
	res := &result.Target{
		Schema: result.Schema, Kind: "target", Policy: p.Name, Base: p.Base, Options: p.Changed, LimitOn: p.LimitOn.String(), Units: c.in.Units(), Clock: c.o.Clock,
		Start: c.epoch, Started: c.began.UTC(), Begin: c.o.Begin, At: c.now, Requests: c.requests, Answers: []result.Answer{}, TurnedAway: c.turned, Abandoned: c.abandoned,
		InUse: c.in.InUse(), Connections: c.in.Connections(), Sessions: len(c.sessions),
		Admitted: c.granted - c.moved, Peak: c.in.Peak(), PeakConnections: c.in.PeakConnections(), Transitions: c.in.Transitions(),
		UnitSeconds: c.in.UnitTime(),
	}
	if c.o.Scenario != nil {
		res.Scenario, res.Fingerprint = c.o.Scenario.Name, c.o.Fingerprint
	}
	c.tellRefused(res)
	for _, status := range slices.Sorted(maps.Keys(c.answers)) {
		res.Answers = append(res.Answers, result.Answer{Status: status, Count: c.answers[status]})
	}
	res.Rows, res.RowsTotal = c.rows()
	return res
}

// rows lists the largest rows.
func (c *core) rows() (list []result.TargetRow, total int) {
	rows := c.in.Rows()
	list = []result.TargetRow{}
	for i := range rows {
		r := &rows[i]
		row := result.TargetRow{
			LicenseUserID: c.in.UserName(r.Tag), Units: r.Units + len(r.Apart), Connections: len(r.Conns), Vias: []string{},
			Until: max(r.Hold, r.Grace), Transitioned: r.Transitioned,
		}
		for _, until := range r.Apart {
			row.Until = max(row.Until, until)
		}
		switch {
		case row.Until == 0:
		case row.Until == r.Hold:
			row.Kept = "hold"
		default:
			row.Kept = "grace"
		}
		seen := engine.ViaSet(0)
		for _, k := range r.Conns {
			if !seen.Has(k.Via) {
				seen = seen.With(k.Via)
				row.Vias = append(row.Vias, k.Via.String())
			}
		}
		if len(r.Conns) > 0 {
			row.Since = r.Conns[0].Start
		}
		list = append(list, row)
	}
	slices.SortFunc(list, result.TargetRow.Compare)
	return slices.Clone(list[:min(len(list), result.TargetRows)]), len(list)
}
