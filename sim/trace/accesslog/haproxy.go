package accesslog

import "bytes"

// haproxy reads HAProxy's HTTP log:
//
//	client:port [accept date] frontend backend/server TR/Tw/Tc/Tr/Ta status bytes cookie cookie state
//	actconn/feconn/beconn/srvconn/retries queue/queue {request headers} {response headers} "request"
//
// Syslog puts a header before it and may cut it off at its end. The times are
// milliseconds, -1 for what did not happen, + for what was not over yet.
type haproxy struct {
	clock   *clock
	capture int
}

func (h *haproxy) parse(line []byte, r *record) reason {
	at := accepted(line)
	if at < 0 {
		return r.bad(wantShape, line)
	}
	head, tail := bytes.TrimRight(line[:at], " "), line[at+1:]
	head = head[bytes.LastIndexByte(head, ' ')+1:]
	end := bytes.IndexByte(tail, ']')
	why := field{kind: kAddrPort}.set(h.clock, r, head)
	if why == good {
		why = field{kind: kStampCLF}.set(h.clock, r, tail[:end])
	}
	if why != good {
		return why
	}
	_, tail = token(bytes.TrimLeft(tail[end+1:], " ")) // frontend
	for n := 0; n < 9; n++ {
		v, after := token(tail)
		if tail = after; len(v) == 0 {
			return r.bad(wantShape, line)
		}
		switch n {
		case 0: // backend/server
			r.nowhere = bytes.HasSuffix(v, []byte("/<NOSRV>"))
		case 1: // timers
			if bytes.Count(v, []byte("/")) != 4 {
				return r.bad(wantShape, v)
			}
			why = field{kind: kTook, unit: Milliseconds}.set(h.clock, r, v[bytes.LastIndexByte(v, '/')+1:])
		case 2:
			why = field{kind: kStatus}.set(h.clock, r, v)
		case 4, 5: // captured cookies, of the request and of the response
			if c := value(v); c != nil && r.cookie == nil {
				r.cookie = c
			}
		}
		if why != good {
			return why
		}
	}
	h.request(tail, r)
	return good
}

// request reads what may be missing in a line that was cut off.
func (h *haproxy) request(tail []byte, r *record) {
	r.asks = true
	for first := true; len(tail) > 0 && tail[0] == '{'; first = false {
		end := bytes.IndexByte(tail, '}')
		if end < 0 {
			r.cut = true
			return
		}
		headers := tail[1:end]
		for n := 1; first && n <= h.capture; n++ {
			var v []byte
			if v, headers, _ = bytes.Cut(headers, []byte("|")); n == h.capture {
				r.forwarded = value(v)
			}
		}
		tail = bytes.TrimLeft(tail[end+1:], " ")
	}
	if len(tail) == 0 || tail[0] != '"' {
		r.cut = true
		return
	}
	line := tail[1:]
	end := bytes.IndexByte(line, '"')
	if r.cut = end < 0; !r.cut {
		line = line[:end]
	}
	field{kind: kRequest}.set(h.clock, r, line)
}

// accepted finds the accept date in brackets, -1 when there is none.
func accepted(line []byte) int {
	for from := 0; ; {
		i := bytes.IndexByte(line[from:], '[')
		if i < 0 {
			return -1
		}
		i += from
		if d := line[i+1:]; len(d) > 24 && d[2] == '/' && d[6] == '/' && d[11] == ':' && d[20] == '.' {
			if end := bytes.IndexByte(d, ']'); end > 20 && end < 28 {
				return i
			}
		}
		from = i + 1
	}
}
