package record

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"highwater/sim"

	vegeta "github.com/tsenart/vegeta/v12/lib"
)

// Formats lists the formats of [Convert].
var Formats = []string{"jsonl", "vegeta-json", "vegeta-gob", "vegeta-csv"}

// Convert writes the entries of a record in a format: one JSON object a line,
// or the results that vegeta's commands read. Theirs have a timestamp, which
// is the start of the record and the instant of sending, and as latency the
// service time. They come in the order of sending, for which the record is
// read again, and without those that gave up at a proxy and were never sent.
func Convert(w io.Writer, r *Reader, format string, again func() (*Reader, error)) error {
	switch format {
	case "jsonl":
		lines := json.NewEncoder(w)
		return r.each(func(e *Entry) error { return lines.Encode(r.line(e)) })
	case "vegeta-json":
		return bySending(r, again, r.results(vegeta.NewJSONEncoder(w)))
	case "vegeta-gob":
		return bySending(r, again, r.results(vegeta.NewEncoder(w)))
	case "vegeta-csv":
		return bySending(r, again, r.results(vegeta.NewCSVEncoder(w)))
	}
	return fmt.Errorf("no format %q", format)
}

// each reads all entries.
func (r *Reader) each(do func(*Entry) error) error {
	for {
		var e Entry
		err := r.Next(&e)
		if err == io.EOF {
			return nil
		}
		if err == nil {
			err = do(&e)
		}
		if err != nil {
			return err
		}
	}
}

// cohort is an entry's; one that the header does not have is nobody's.
func (r *Reader) cohort(e *Entry) Cohort {
	if int(e.Cohort) < len(r.header.Cohorts) {
		return r.header.Cohorts[e.Cohort]
	}
	return Cohort{}
}

// results writes entries as vegeta's results, numbered in the order in which
// they come: vegeta plot wants them numbered by their timestamps.
func (r *Reader) results(encode vegeta.Encoder) func(*Entry) error {
	seq := uint64(0)
	return func(e *Entry) error {
		if e.Outcome == Impatient {
			return nil
		}
		c := r.cohort(e)
		method := cmp.Or(c.Method, "GET")
		if e.Kind == sim.LoginRequest || c.Via == "soap" {
			method = "POST"
		}
		failure := e.Cause.String()
		if failure == "" && e.Outcome != Served {
			failure = e.Outcome.String()
		}
		seq++
		return encode(&vegeta.Result{
			Attack: r.header.Scenario + ", schedule " + r.header.Schedule, Seq: seq - 1, Code: uint16(e.Status), Timestamp: r.header.Start.Add(e.Sent), Latency: e.Service(),
			BytesOut: uint64(e.Out), BytesIn: uint64(e.In), Error: failure, Method: method, URL: r.header.Target + c.Path,
		})
	}
}

// A line is an entry in JSON, its times in seconds.
type line struct {
	Request   uint32  `json:"request"`
	Attempt   uint32  `json:"attempt"`
	Visit     uint32  `json:"visit"`
	Cohort    string  `json:"cohort"`
	Member    uint64  `json:"member"`
	Via       string  `json:"via"`
	Kind      string  `json:"kind"`
	Planned   float64 `json:"planned"`
	Ready     float64 `json:"ready"`
	Sent      float64 `json:"sent"`
	Done      float64 `json:"done"`
	Outcome   string  `json:"outcome"`
	Cause     string  `json:"cause,omitempty"`
	Status    int     `json:"status"`
	Session   uint32  `json:"session,omitempty"`
	Resent    bool    `json:"resent,omitempty"`
	GaveUp    bool    `json:"gave_up,omitempty"`
	Address   string  `json:"addr,omitempty"`
	Forwarded string  `json:"forwarded,omitempty"`
	In        int64   `json:"bytes_in"`
	Out       int64   `json:"bytes_out"`
	Schedule  string  `json:"schedule"` // its hash
}

func (r *Reader) line(e *Entry) *line {
	c := r.cohort(e)
	seconds := func(d time.Duration) float64 { return float64(d.Round(time.Microsecond)) / float64(time.Second) }
	l := &line{
		Request: e.Request, Attempt: e.Attempt, Visit: e.Visit, Cohort: c.Name, Member: e.Member + 1, Via: c.Via, Kind: e.Kind.String(),
		Planned: seconds(e.Planned), Ready: seconds(e.Ready), Sent: seconds(e.Sent), Done: seconds(e.Done),
		Outcome: e.Outcome.String(), Cause: e.Cause.String(), Status: e.Status, Session: e.Session, Resent: e.Resent, GaveUp: e.GaveUp, In: e.In, Out: e.Out,
		Schedule: r.header.Schedule,
	}
	if e.Address.IsValid() {
		l.Address = e.Address.String()
	}
	if e.Forwarded.IsValid() {
		l.Forwarded = e.Forwarded.String()
	}
	return l
}
