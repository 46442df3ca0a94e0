package accesslog

import (
	"fmt"
	"strings"
)

// apacheDirectives are the directives of Apache that matter here, by the
// letter that ends them. Its time is when the request came in.
var apacheDirectives = map[byte]field{
	'h': {kind: kAddr},
	'a': {kind: kAddr},
	'u': {kind: kUser},
	'r': {kind: kRequest},
	'm': {kind: kMethod},
	'U': {kind: kPath},
	'q': {kind: kQuery},
	's': {kind: kStatus},
	'D': {kind: kTook, unit: Microseconds},
	'T': {kind: kTook, unit: Seconds},
}

// apache reads a LogFormat: %r, %>s, %{Name}i, \" and \t.
func (b *builder) apache(format string, o *Options) error {
	format = strings.NewReplacer(`\"`, `"`, `\t`, "\t", `\\`, `\`).Replace(format)
	for format != "" {
		i := strings.IndexByte(format, '%')
		if i < 0 {
			b.literal(format)
			return nil
		}
		b.literal(format[:i])
		format = format[i+1:]
		if strings.HasPrefix(format, "%") {
			b.literal("%")
			format = format[1:]
			continue
		}
		n := strings.IndexFunc(format, func(c rune) bool { return !strings.ContainsRune("!<>,0123456789", c) })
		if n < 0 {
			return fmt.Errorf("log format %q: want a letter after %%", b.given)
		}
		format = format[n:]
		name := ""
		if strings.HasPrefix(format, "{") {
			var found bool
			if name, format, found = strings.Cut(format[1:], "}"); !found {
				return fmt.Errorf("log format %q: want } after %q", b.given, name)
			}
		}
		if format == "" {
			return fmt.Errorf("log format %q: want a letter after %%", b.given)
		}
		letter := format[0]
		format = format[1:]
		if letter == '^' { // %^FB and the like
			format = format[min(2, len(format)):]
		}
		if err := b.directive(letter, name, o); err != nil {
			return err
		}
	}
	return nil
}

// directive adds %{name}letter.
func (b *builder) directive(letter byte, name string, o *Options) error {
	f, shown := apacheDirectives[letter], "%"+string(letter)
	if name != "" {
		shown = "%{" + name + "}" + string(letter)
	}
	switch lower := strings.ToLower(name); letter {
	case 't':
		if name == "" {
			b.literal("[")
			err := b.add(variable{field{kind: kStampCLF}, shown})
			b.literal("]")
			return err
		}
		unit, ok := map[string]Unit{"sec": Seconds, "msec": Milliseconds, "usec": Microseconds}[lower]
		if !ok && !strings.HasSuffix(lower, "sec_frac") {
			return fmt.Errorf("log format %q: %s must be %%t, %%{sec}t, %%{msec}t or %%{usec}t", b.given, shown)
		}
		if f.kind = kSkip; ok {
			f = field{kind: kStampUnix, unit: unit}
		}
	case 'T':
		unit, ok := ParseUnit(lower)
		if name != "" && !ok {
			return fmt.Errorf("log format %q: %s must be %%T or in s, ms or us", b.given, shown)
		}
		if ok {
			f.unit = unit
		}
	case 'i':
		switch lower {
		case "x-forwarded-for", "forwarded":
			f.kind = kForwarded
		case "user-agent":
			f.kind = kAgent
		case "cookie":
			f.kind = kCookie
		}
	case 'C':
		if o.isCookie(name) {
			f.kind = kSession
		}
	case 'a':
		if lower == "c" { // the peer, not the client behind it
			f.kind = kSomeAddr
		}
	}
	if o.Session != "" && name == o.Session {
		f = field{kind: kSession}
	}
	return b.add(variable{f, shown})
}
