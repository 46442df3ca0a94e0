package accesslog

import (
	"fmt"
	"slices"
	"strings"

	"highwater/engine"
)

// A parser reads the lines of one source.
type parser interface {
	// parse fills a zero record. The slices in it are of the line, or of a
	// buffer that the next line overwrites.
	parse(line []byte, r *record) reason
}

// A format is one that the package knows.
type format struct {
	name  string
	about string
	shape string // of lines of text; "" has a parser of its own
	open  bool   // anything may follow the shape
	stamp Stamp  // what the written time is
	parse func(o *Options, c *clock) parser
}

// The shapes of NCSA's formats: what Apache and nginx call common and combined.
const (
	commonShape   = `$remote_addr $ident $remote_user [$time_local] "$request" $status $number`
	combinedShape = commonShape + ` "$http_referer" "$http_user_agent"`
	mainShape     = combinedShape + ` "$http_x_forwarded_for"`
)

// formats are the formats, the more particular ones first: of two that fit
// equally many lines the first one is taken.
var formats = []format{
	{name: "iis", about: "IIS and other W3C extended logs: #Fields says what a line has; time is the end, UTC",
		stamp: End, parse: func(o *Options, c *clock) parser { return &w3c{clock: c, session: strings.ToLower(o.Session)} }},
	{name: "caddy", about: "Caddy, JSON: ts is the end, duration in seconds",
		stamp: End, parse: func(o *Options, c *clock) parser { return newObjects(caddyKeys, o, c) }},
	{name: "traefik", about: "Traefik, JSON: StartUTC and Duration in ns",
		stamp: Start, parse: func(o *Options, c *clock) parser { return newObjects(traefikKeys, o, c) }},
	{name: "envoy-json", about: "Envoy and Istio, JSON: start_time and duration in ms",
		stamp: Start, parse: func(o *Options, c *clock) parser { return newObjects(envoyKeys, o, c) }},
	{name: "nginx-json", about: "nginx, JSON under the names of its variables: time is the end, request_time in seconds",
		stamp: End, parse: func(o *Options, c *clock) parser { return newObjects(nginxKeys, o, c) }},
	{name: "haproxy", about: "HAProxy's HTTP log, with or without a syslog header: accept time in local time, total in ms",
		stamp: Start, parse: func(o *Options, c *clock) parser { return &haproxy{clock: c, capture: o.Capture} }},
	{name: "alb", about: "AWS application load balancer: request_creation_time, processing times in seconds",
		stamp: Start, open: true, shape: `$type $time_iso8601 $elb $client_port $target $phase $phase $phase $status $number $number $number ` +
			`"$request" "$http_user_agent" $cipher $protocol $arn "$trace" "$domain" "$certificate" $priority $created `},
	{name: "elb", about: "AWS classic load balancer: time is the start, processing times in seconds",
		stamp: Start, open: true, shape: `$time_iso8601 $elb $client_port $backend $phase $phase $phase $status $number $number $number "$request"`},
	{name: "istio", about: "Istio's Envoy, text: start and duration in ms; the client is the last X-Forwarded-For",
		stamp: Start, open: true, shape: `[$time_iso8601] "$request" $status $response_flags $details $termination "$failure" $number $number $took_ms $number ` +
			`"$traced" "$http_user_agent" "$id" "$authority" "$upstream_host"`},
	{name: "envoy", about: "Envoy's default, text: start and duration in ms; the client is the last X-Forwarded-For",
		stamp: Start, open: true, shape: `[$time_iso8601] "$request" $status $response_flags $number $number $took_ms $number ` +
			`"$traced" "$http_user_agent" "$id" "$authority" "$upstream_host"`},
	{name: "traefik-common", about: "Traefik's common format: time is the start, total in ms",
		stamp: Start, shape: `$client - $remote_user [$time_local] "$request" $status $number "$http_referer" "$http_user_agent" $number "$router" "$server" ${took_ms}ms`},
	{name: "ingress-nginx", about: "Kubernetes' ingress-nginx: time is the end, request_time in seconds",
		stamp: End, shape: combinedShape + ` $number $request_time [$upstream] [$alternative] $rest`},
	{name: "vhost-time", about: "vhost and a last number as in combined-time", shape: `$host_port ` + combinedShape + ` $took`},
	{name: "vhost", about: "combined after the server's name and port (Apache's vhost_combined)", shape: `$host_port ` + combinedShape},
	{name: "main-time", about: "main and a last number as in combined-time", shape: mainShape + ` $took`},
	{name: "main", about: "combined and X-Forwarded-For in quotes (the main format of nginx's packages)", shape: mainShape},
	{name: "combined-time", about: "combined and a last number: with decimals nginx's $request_time, without Apache's %D or %T",
		shape: combinedShape + ` $took`},
	{name: "combined", about: "Apache and nginx combined: no request times", shape: combinedShape},
	{name: "common-time", about: "common and a last number as in combined-time", shape: commonShape + ` $took`},
	{name: "common", about: "Apache common: no request times", shape: commonShape},
	{name: "combined-more", about: "combined and fields that are not read: say what they are with a log format", shape: combinedShape + ` $rest`},
}

// A FormatInfo is a format's name and what it is.
type FormatInfo struct{ Name, About string }

// Formats lists the formats.
func Formats() []FormatInfo {
	list := make([]FormatInfo, len(formats))
	for i, f := range formats {
		list[i] = FormatInfo{f.name, f.about}
	}
	return list
}

// builtin is the variables that the shapes above use.
func builtin(name string, o *Options) field {
	if f, ok := builtinVariables[name]; ok {
		return f
	}
	return nginxField(name, o)
}

// parser makes a parser of the format.
func (f *format) parser(o *Options, c *clock) parser {
	if f.parse != nil {
		return f.parse(o, c)
	}
	b := &builder{given: f.shape}
	err := b.nginx(f.shape, func(name string) field { return builtin(name, o) })
	if err == nil {
		_, err = b.done()
	}
	if err != nil {
		panic("accesslog: " + f.name + ": " + err.Error())
	}
	b.open = f.open
	t := &text{layout: &b.layout, clock: c, ends: f.stamp == End, tail: -1}
	t.tail = slices.IndexFunc(t.fields, func(s slot) bool { return s.kind == kTook && s.unit == 0 })
	return t
}

// A match is how a format was chosen.
type match struct {
	format  string
	how     string
	parser  parser
	matched int // lines of the sample that fit
	sampled int // lines of it that are not comments
	score   int // a line that fits counts twice, one cut short once
}

// choose finds the parser of a source that begins with these lines.
func (o *Options) choose(sample [][]byte, c *clock) (match, error) {
	if o.LogFormat != "" {
		l, ends, err := compile(o.LogFormat, o)
		if err != nil {
			return match{}, err
		}
		t := &text{layout: l, clock: c, ends: ends, tail: -1}
		m := try(t, sample)
		m.format, m.how = "log format", "as asked"
		return m, nil
	}
	var best match
	for i := range formats {
		f := &formats[i]
		if o.Format != "" && f.name != o.Format {
			continue
		}
		m := try(f.parser(o, c), sample)
		if m.score > best.score || best.parser == nil && o.Format != "" {
			best = m
			best.format = f.name
		}
	}
	if o.Format != "" && best.parser == nil {
		return best, fmt.Errorf("format must be one of %s, not %q", strings.Join(formatNames(), ", "), o.Format)
	}
	if best.parser == nil {
		return best, nil
	}
	best.how = fmt.Sprintf("%d of the first %d lines fit", best.matched, best.sampled)
	if o.Format != "" {
		best.how = "as asked"
	}
	if t, ok := best.parser.(*text); ok {
		if how := t.settle(o); how != "" {
			best.how += "; " + how
		}
	}
	return best, nil
}

func formatNames() []string {
	list := make([]string, len(formats))
	for i, f := range formats {
		list[i] = f.name
	}
	return list
}

// try counts the lines of the sample that fit.
func try(p parser, sample [][]byte) match {
	m := match{parser: p}
	var r record
	for _, line := range sample {
		switch r.read(p, 0, line) {
		case good:
			m.matched++
			m.sampled++
			if m.score += 2; r.cut {
				m.score--
			}
		case comment:
		default:
			m.sampled++
		}
	}
	return m
}

// settle decides what a last number is: nginx writes seconds with three
// decimals and the time of the end; Apache whole microseconds (%D) or seconds
// (%T), and the time of the start. Most requests take more than 100 µs and
// fewer than 100 s.
func (t *text) settle(o *Options) string {
	if t.tail < 0 {
		return ""
	}
	s := &t.fields[t.tail]
	slices.Sort(t.seen)
	middle := int64(0)
	if n := len(t.seen); n > 0 {
		middle = t.seen[n/2] / 1e6
	}
	why := ""
	switch {
	case t.dots > 0:
		s.unit, t.ends, why = Seconds, true, "it has decimals, as nginx's $request_time"
	case middle >= 100:
		s.unit, why = Microseconds, fmt.Sprintf("half are %s or more, as Apache's %%D", readable(engine.Time(middle)))
	default:
		s.unit, why = Seconds, fmt.Sprintf("half are %d s or less, as Apache's %%T", middle)
	}
	if o.Unit != 0 {
		s.unit, why = o.Unit, "as asked"
	}
	stamp := Start
	if o.Stamp != 0 {
		stamp = o.Stamp
	} else if t.ends {
		stamp = End
	}
	t.seen = nil
	return fmt.Sprintf("the last number is the request's time in %s (%s), the written time is its %s", s.unit, why, stamp)
}
