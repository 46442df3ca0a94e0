package record

// A Ledger counts requests by their attempts. It hears of the attempts of a
// request in their order. The zero Ledger is empty.
type Ledger struct {
	Sent int64 // requests that were sent, at whatever attempt, each once
	Lost int64 // requests that never were, as they waited in vain until their users gave up

	waited map[uint32]struct{} // in vain so far
}

// Add counts an attempt, and reports whether it is the first one of its request
// that was sent. Attempts that gave up at a proxy before it were not.
func (l *Ledger) Add(e *Entry) (first bool) {
	_, vain := l.waited[e.Request]
	first = e.Outcome != Impatient && (e.Attempt == 0 || vain)
	switch {
	case first:
		l.Sent++
		delete(l.waited, e.Request)
	case e.Outcome == Impatient && e.GaveUp && (e.Attempt == 0 || vain):
		l.Lost++
		delete(l.waited, e.Request)
	case e.Outcome == Impatient && e.Attempt == 0:
		if l.waited == nil {
			l.waited = map[uint32]struct{}{}
		}
		l.waited[e.Request] = struct{}{}
	}
	return first
}
