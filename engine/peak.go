package engine

import "slices"

// MixedLabel is the label of a holder whose connections have several.
const MixedLabel = ^uint32(0)

// wide is a row's label as a holder's.
func wide(label uint16) uint32 {
	if label == mixed {
		return MixedLabel
	}
	return uint32(label)
}

// A peak is the most units that were ever in use. Who held them is found
// afterwards: a row notes what it cost at the peak when it first changes
// after it, so that a new peak copies nothing.
type peak struct {
	units       int32
	at          Time
	connections int32  // the most connections, at whatever time
	number      uint32 // counts peaks; a row seen under it has noted its cost
	transitions int
	departed    []Holder // of the present peak, rows that are gone
}

// A Peak is a high-water mark of license units.
type Peak struct {
	Units int  `json:"units"`
	At    Time `json:"at"` // the first instant at which so many were in use; 0 when none ever was
}

// A Holder is a license user ID that held units at the peak.
type Holder struct {
	Tag         uint64
	Label       uint32 // of its connections, or MixedLabel
	Units       int    // at the peak, units set apart included
	Connections int    // at the peak
	UnitTime    Time   // integral of its units over time up to now, in unit-microseconds
}

// Peak is the most units in use so far, and when; a [Table.ResetPeak] begins
// anew, as for the two below.
func (t *Table) Peak() Peak { return Peak{int(t.peak.units), t.peak.at} }

// PeakConnections is the most connections charged at once so far.
func (t *Table) PeakConnections() int { return int(t.peak.connections) }

// Transitions is the number of transitions so far.
func (t *Table) Transitions() int { return t.peak.transitions }

// ResetPeak makes the present use the peak, as LUMaxConsumedReset does.
func (t *Table) ResetPeak(at Time) {
	t.Advance(at)
	t.peak = peak{number: t.peak.number + 1, departed: t.peak.departed[:0], units: t.inUse, at: at, connections: t.connections}
}

// notePeak looks at the use after a connection or login.
func (t *Table) notePeak(at Time) {
	if t.connections > t.peak.connections {
		t.peak.connections = t.connections
	}
	if t.inUse <= t.peak.units {
		return
	}
	t.peak.units, t.peak.at = t.inUse, at
	t.peak.number++
	t.peak.departed = t.peak.departed[:0]
}

// touch notes what a row costs before it changes, if it has not changed since
// the peak.
func (t *Table) touch(r *row) {
	if r.seen == t.peak.number {
		return
	}
	r.seen = t.peak.number
	r.peakUnits, r.peakConns, r.peakLabel = r.units+r.apart, r.n, r.label
}

// Holders lists who held units at the peak, in no order.
func (t *Table) Holders() []Holder {
	if t.peak.units == 0 {
		return nil
	}
	list := slices.Clone(t.peak.departed)
	for i := 1; i < len(t.rows); i++ {
		r := &t.rows[i]
		h := Holder{Tag: t.tags[i], Label: wide(r.label), Units: int(r.units + r.apart), Connections: int(r.n)}
		if r.seen == t.peak.number {
			h.Label, h.Units, h.Connections = wide(r.peakLabel), int(r.peakUnits), int(r.peakConns)
		}
		if h.Units > 0 {
			h.UnitTime = r.unitTime + Time(r.units+r.apart)*(t.now-r.since)
			list = append(list, h)
		}
	}
	return list
}
