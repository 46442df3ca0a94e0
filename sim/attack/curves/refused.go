package curves

import (
	"maps"

	"highwater/engine"
	"highwater/sim/attack/record"
	"highwater/sim/result"
)

// refusedThere takes what the target says of its refusals into the curve as
// reported: it may have refused people whom it holds itself, of whom no request
// tells. What it does not say is open.
func (x *comparison) refusedThere(c *result.Curve) {
	if !x.res.Held || !x.l.others() {
		return
	}
	first, last := x.l.State, x.l.State.Last
	if x.unlike() != "" || last == nil || !counted(first, last) {
		c.FirstOpen, c.RefusedOpen = true, true
		return
	}
	c.Refused, c.RefusedByVia = 0, map[string]int64{}
	for via, n := range last.RefusedByVia {
		if n -= first.RefusedByVia[via]; n > 0 {
			c.Refused += n
			c.RefusedByVia[via] = n
		}
	}
	met := c.FirstRefusal
	switch f := last.FirstRefusal; {
	case c.Refused == x.met():
	case first.FirstRefusal != nil || f == nil:
		c.FirstOpen = true
	case met == nil || f.At-x.l.axis().ahead < met.At:
		c.FirstRefusal = &result.CurveRefusal{At: max(0, f.At-x.l.axis().ahead), Via: f.Via, InUse: f.InUse}
	}
}

// counted reports whether a target has counted its refusals, by ways in that
// there are, and never fewer than before.
func counted(first, last *record.State) bool {
	if first.RefusedByVia == nil || last.RefusedByVia == nil {
		return false
	}
	for via := range maps.Keys(last.RefusedByVia) {
		if !wayIn(via) {
			return false
		}
	}
	for via, n := range first.RefusedByVia {
		if n < 0 || last.RefusedByVia[via] < n {
			return false
		}
	}
	f := last.FirstRefusal
	return f == nil || wayIn(f.Via) && 0 <= f.At && f.At <= last.At
}

func wayIn(via string) bool {
	_, ok := engine.ParseVia(via)
	return ok || via == "login"
}

// met is how many requests were refused.
func (x *comparison) met() (n int64) {
	for i := range x.l.Entries {
		if x.l.Entries[i].Outcome == record.Refused {
			n++
		}
	}
	return n
}
