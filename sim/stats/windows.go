package stats

// Windows counts events in windows of equal length that follow each other,
// and keeps moments of the counts by the time of the week: of each minute, or
// of each window when those are longer. Its memory does not grow with the
// events.
type Windows struct {
	Length, Cell int64 // in microseconds
	Cells        []Cell

	from, window, count int64
	begun               bool
}

// A Cell is the windows that begin at one time of the week: how many were
// whole, and the sums of their counts and of the squares.
type Cell struct {
	N            int64
	Sum, Squares float64
}

// Lengths in microseconds.
const (
	minute = 60_000_000
	hour   = 60 * minute
	week   = 7 * 24 * hour
)

// NewWindows makes windows for events from an instant on. Instants are
// microseconds since 00:00 of some Monday, and windows are counted from
// there. A week must be a whole number of windows, and an hour too unless a
// window is a whole number of hours.
func NewWindows(length, from int64) *Windows {
	if length <= 0 || week%length != 0 || hour%length != 0 && length%hour != 0 {
		panic("stats: windows must fit the hour or the week")
	}
	cell := max(length, minute)
	return &Windows{Length: length, Cell: cell, Cells: make([]Cell, week/cell), from: from}
}

// Add counts an event. Events come in order.
func (w *Windows) Add(at int64) {
	if n := floor(at, w.Length); n != w.window || !w.begun {
		w.flush()
		w.window, w.begun = n, true
	}
	w.count++
}

// flush ends the present window.
func (w *Windows) flush() {
	if begin := w.window * w.Length; begin >= w.from && w.count > 0 {
		c, x := w.cell(begin), float64(w.count)
		c.Sum += x
		c.Squares += x * x
	}
	w.count = 0
}

func (w *Windows) cell(at int64) *Cell {
	return &w.Cells[floor(at, w.Cell)%int64(len(w.Cells))]
}

// Finish ends the windows: those that are not over at the end do not count.
func (w *Windows) Finish(end int64) {
	if (w.window+1)*w.Length <= end {
		w.flush()
	}
	begin := -floor(-w.from, w.Length) * w.Length // the first whole one
	for last := floor(end, w.Length) * w.Length; begin < last; {
		next := min(last, (floor(begin, w.Cell)+1)*w.Cell)
		w.cell(begin).N += (next - begin) / w.Length
		begin = next
	}
}

// Index is the index of dispersion within the hour of the week: the variance
// of the counts around the mean of their hour of the week, over the mean of
// all. N is the number of windows, and free how many of them are not needed to
// know the means: the index is only known when that is large, and 0 when it
// is 0.
func (w *Windows) Index() (index float64, n, free int64) {
	perHour := max(1, hour/int(w.Cell))
	var squares, sum float64
	for i := 0; i < len(w.Cells); i += perHour {
		var h Cell
		for _, c := range w.Cells[i : i+perHour] {
			h.N += c.N
			h.Sum += c.Sum
			h.Squares += c.Squares
		}
		if h.N > 0 {
			squares += h.Squares - h.Sum*h.Sum/float64(h.N)
			n += h.N
			free += h.N - 1
			sum += h.Sum
		}
	}
	if free == 0 || sum == 0 {
		return 0, n, free
	}
	return squares / float64(free) / (sum / float64(n)), n, free
}

// floor is a/b rounded down, for b > 0.
func floor(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}
