package accesslog

import (
	"fmt"
	"strings"
)

// nginxVariables are the variables of nginx that matter here. Its time is
// when the request ended; its request time is in seconds.
var nginxVariables = map[string]field{
	"remote_addr":               {kind: kAddr},
	"proxy_protocol_addr":       {kind: kSomeAddr},
	"http_x_real_ip":            {kind: kSkip},
	"remote_user":               {kind: kUser},
	"time_local":                {kind: kStampCLF},
	"time_iso8601":              {kind: kStampISO},
	"msec":                      {kind: kStampUnix, unit: Seconds},
	"request":                   {kind: kRequest},
	"request_method":            {kind: kMethod},
	"request_uri":               {kind: kURI},
	"uri":                       {kind: kPath},
	"document_uri":              {kind: kPath},
	"args":                      {kind: kQuery},
	"query_string":              {kind: kQuery},
	"status":                    {kind: kStatus},
	"request_time":              {kind: kTook, unit: Seconds},
	"http_x_forwarded_for":      {kind: kForwarded},
	"proxy_add_x_forwarded_for": {kind: kForwarded},
	"http_forwarded":            {kind: kForwarded},
	"http_user_agent":           {kind: kAgent},
	"http_cookie":               {kind: kCookie},
}

// builtinVariables are further names in the formats of this package.
var builtinVariables = map[string]field{
	"host_port":      {kind: kHostPort},
	"client_port":    {kind: kAddrPort},
	"client":         {kind: kClient},
	"traced":         {kind: kTraced},
	"number":         {kind: kNumber},
	"created":        {kind: kCreated},
	"response_flags": {kind: kFlags},
	"upstream_host":  {kind: kUpstream},
	"phase":          {kind: kPhase, unit: Seconds},
	"took":           {kind: kTook},
	"took_ms":        {kind: kTook, unit: Milliseconds},
	"rest":           {kind: kRest},
}

// nginx reads a log_format: $name or ${name}, everything else is literal.
func (b *builder) nginx(format string, find func(name string) field) error {
	for format != "" {
		i := strings.IndexByte(format, '$')
		if i < 0 {
			b.literal(format)
			return nil
		}
		b.literal(format[:i])
		name := variableName(format[i+1:])
		format = format[i+1+len(name):]
		name = strings.Trim(name, "{}")
		if name == "" {
			return fmt.Errorf("log format %q: want a name after $", b.given)
		}
		if err := b.add(variable{find(name), "$" + name}); err != nil {
			return err
		}
	}
	return nil
}

// variableName is the name at the beginning of s, with its braces.
func variableName(s string) string {
	if strings.HasPrefix(s, "{") {
		return s[:strings.IndexByte(s, '}')+1]
	}
	i := 0
	for i < len(s) && (s[i] == '_' || s[i] >= '0' && s[i] <= '9' || s[i]|0x20 >= 'a' && s[i]|0x20 <= 'z') {
		i++
	}
	return s[:i]
}

func nginxField(name string, o *Options) field {
	if o.Session != "" && name == o.Session {
		return field{kind: kSession}
	}
	if c, ok := strings.CutPrefix(name, "cookie_"); ok && o.isCookie(c) {
		return field{kind: kSession}
	}
	return nginxVariables[name]
}

// isCookie reports whether name is the session cookie's.
func (o *Options) isCookie(name string) bool {
	want := o.Cookie
	if want == "" {
		want = "CSPSESSIONID*"
	}
	if start, ok := strings.CutSuffix(want, "*"); ok {
		return len(name) >= len(start) && strings.EqualFold(name[:len(start)], start)
	}
	return strings.EqualFold(name, want)
}
