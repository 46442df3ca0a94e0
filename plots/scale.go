package plots

// farAbove is how many times the highest units the limit may be before it is
// left off the scale: beyond that the lines would lie flat on the axis.
const farAbove = 10

// A scale is the vertical axis, from 0 to top.
type scale struct {
	top      float64 // units at the upper edge, > 0
	offScale bool    // the limit is too far above to be drawn
}

// scale returns a vertical axis that holds all lines, marks and the limit, and
// leaves room above them for labels.
func (c *UnitsOverTime) scale() scale {
	most := 0.0
	for i := range c.Series {
		s := &c.Series[i]
		for _, p := range s.Points {
			most = max(most, p.Units, p.High)
		}
		for _, m := range []*Mark{s.Peak, s.FirstRefusal} {
			if m != nil {
				most = max(most, m.Units)
			}
		}
	}
	limit := float64(c.Limit)
	off := most > 0 && limit > farAbove*most
	if !off {
		most = max(most, limit)
	}
	room := 1.16
	if len(c.Series) > 1 {
		room = 1.24 // several peaks
	}
	return scale{max(most, 1) * room, off}
}

// ticks returns whole numbers at 1, 2 or 5 times a power of ten, at most eight.
func (s scale) ticks() []tick {
	size := 1.0
	for i := 0; s.top/size >= 7.5; i++ { // 1, 2, 5, 10, 20 …
		size *= []float64{2, 2.5, 2}[i%3]
	}
	var ticks []tick
	for i := 0.0; i*size <= s.top; i++ {
		ticks = append(ticks, tick{i * size, number(i * size), i * size})
	}
	return ticks
}
