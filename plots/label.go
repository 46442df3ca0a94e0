package plots

import "math"

// A label is a text that wants to stand near a spot of the plot.
type label struct {
	text   string
	face   typeface
	anchor spot // the mark it belongs to
}

// size returns the width and height of the label with a little air around it.
func (l label) size() (w, h float64) { return l.face.width(l.text) + 6, l.face.size + 4 }

// A placed label has found its place.
type placed struct {
	label
	box    box
	leader bool // it stands so far off that a line should lead to its mark
}

// A placer finds places for labels inside the plot, one after the other.
type placer struct {
	within box                 // no label leaves it
	taken  []box               // labels and marks, which no label may cover
	cost   func(b box) float64 // what covering lines costs, in points of distance
}

// rings are the distances from the mark, in points, that are tried.
var rings = []float64{6, 14, 24, 36, 50, 66, 84, 104}

// place finds the cheapest place for a label: near its mark, above rather than
// below, and beside lines rather than over them. It reports false when every
// place would cover another label or mark.
func (p *placer) place(l label) (placed, bool) {
	best, bestCost := placed{label: l}, math.Inf(1)
	for _, d := range rings {
		for i, b := range around(l, d) {
			b = p.inside(b)
			lead := b.nearest(l.anchor)
			far := math.Hypot(lead.x-l.anchor.x, lead.y-l.anchor.y)
			cost := d + 4*float64(i) + far
			if cost >= bestCost || !p.free(b, l.anchor, lead, far) {
				continue
			}
			if cost += p.cost(b); cost < bestCost {
				best.box, best.leader, bestCost = b, far > 13, cost
			}
		}
	}
	if math.IsInf(bestCost, 1) {
		return placed{}, false
	}
	p.taken = append(p.taken, best.box)
	return best, true
}

// around returns boxes at a distance from the mark, the best place first:
// above, above to the right and left, right, left, and below.
func around(l label, d float64) []box {
	w, h := l.size()
	x, y := l.anchor.x, l.anchor.y
	at := func(x, y float64) box { return box{x, y, x + w, y + h} }
	side := d + 2
	return []box{
		at(x-w/2, y+d),
		at(x+side/2, y+d), at(x-side/2-w, y+d),
		at(x+side, y-h/2), at(x-side-w, y-h/2),
		at(x+side, y+d/2), at(x-side-w, y+d/2),
		at(x+side, y-d-h), at(x-side-w, y-d-h),
		at(x-w/2, y-d-h),
	}
}

// inside moves a box into the plot.
func (p *placer) inside(b box) box {
	dx := max(p.within.x0-b.x0, 0) + min(p.within.x1-b.x1, 0)
	dy := max(p.within.y0-b.y0, 0) + min(p.within.y1-b.y1, 0)
	return box{b.x0 + dx, b.y0 + dy, b.x1 + dx, b.y1 + dy}
}

// free reports whether neither the box nor a leader from the mark to it would
// cover a mark or another label.
func (p *placer) free(b box, mark, lead spot, far float64) bool {
	if !p.within.holds(b) || b.grow(1).holds(box{mark.x, mark.y, mark.x, mark.y}) {
		return false
	}
	for _, t := range p.taken {
		if b.meets(t) {
			return false
		}
		own := t.holds(box{mark.x, mark.y, mark.x, mark.y})
		if far > 13 && !own && t.crossed(mark, lead) {
			return false
		}
	}
	return true
}

// crossed reports whether the line from a to c runs through the box.
func (b box) crossed(a, c spot) bool {
	const parts = 16
	for i := range parts + 1 {
		f := float64(i) / parts
		x, y := a.x+f*(c.x-a.x), a.y+f*(c.y-a.y)
		if b.x0 < x && x < b.x1 && b.y0 < y && y < b.y1 {
			return true
		}
	}
	return false
}

// A profile says how high a line reaches in each strip of the plot.
type profile struct {
	x0     float64   // left edge in points
	lo, hi []float64 // lowest and highest place in points of each strip
}

const stripWidth = 2.0 // points

// newProfile returns the profile of a line through spots within b.
func newProfile(b box, spots []spot) profile {
	n := int(b.width()/stripWidth) + 1
	p := profile{b.x0, make([]float64, n), make([]float64, n)}
	for i := range n {
		p.lo[i], p.hi[i] = math.Inf(1), math.Inf(-1)
	}
	for i := 1; i < len(spots); i++ {
		a, c := spots[i-1], spots[i]
		for j := p.strip(a.x); j <= p.strip(c.x); j++ {
			p.lo[j], p.hi[j] = min(p.lo[j], a.y, c.y), max(p.hi[j], a.y, c.y)
		}
	}
	return p
}

func (p profile) strip(x float64) int {
	return min(max(int((x-p.x0)/stripWidth), 0), len(p.lo)-1)
}

// covered returns the part of the box's width, from 0 to 1, in which the line
// runs through the box.
func (p profile) covered(b box) float64 {
	from, to := p.strip(b.x0), p.strip(b.x1)
	n := 0
	for j := from; j <= to; j++ {
		if p.lo[j] < b.y1 && p.hi[j] > b.y0 {
			n++
		}
	}
	return float64(n) / float64(to-from+1)
}
