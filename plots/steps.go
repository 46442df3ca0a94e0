package plots

// A step is a stretch of a series from at until the next step, in which the
// units were somewhere from lo to hi. Where they are equal the step is exact.
type step struct {
	at     float64 // seconds since the start
	lo, hi float64 // units
}

func (p Point) step() step {
	if p.High > 0 {
		return step{p.At, p.Low, p.High}
	}
	return step{p.At, p.Units, p.Units}
}

// longBucket reports whether the series has a bucket longer than size seconds.
func (s *Series) longBucket(size, end float64) bool {
	for i, p := range s.Points {
		next := end
		if i+1 < len(s.Points) {
			next = s.Points[i+1].At
		}
		if p.High > p.Low && next-p.At > size {
			return true
		}
	}
	return false
}

// exact returns one step a point.
func exact(points []Point) []step {
	steps := make([]step, len(points))
	for i, p := range points {
		steps[i] = p.step()
	}
	return steps
}

// Columns are stretches of time of equal length, each of which is drawn as one
// thing.
type columns struct {
	size  float64 // seconds, > 0
	phase float64 // seconds from the beginning of column 0 to the start, from 0 to size
}

// of returns the column that an instant falls into.
func (c columns) of(at float64) int { return int((at + c.phase) / c.size) }

// reduce returns at most two steps a column. A column with one point keeps it.
// A column with more has a step that begins with its first point and spans the
// lowest and the highest units of the column; when the next column has no
// points, the last point follows as it is, if there is a next column before the
// end. So whatever the units are at an instant, the step of that instant spans
// them, and no peak is lost.
func reduce(points []Point, end float64, cols columns) []step {
	var steps []step
	for i := 0; i < len(points); {
		col := cols.of(points[i].At)
		span := points[i].step()
		j := i + 1
		for ; j < len(points) && cols.of(points[j].At) == col; j++ {
			s := points[j].step()
			span.lo, span.hi = min(span.lo, s.lo), max(span.hi, s.hi)
		}
		steps = append(steps, span)
		next := cols.of(end)
		if j < len(points) {
			next = cols.of(points[j].At)
		}
		if j-i > 1 && next > col+1 {
			steps = append(steps, points[j-1].step())
		}
		i = j
	}
	return steps
}
