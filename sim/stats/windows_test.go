package stats

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// The index is the variance around the means of the hours of the week, over
// the mean, whatever the windows and wherever the log begins.
func TestWindows(t *testing.T) {
	const second = 1_000_000
	r := rand.New(rand.NewPCG(1, 2))
	for _, length := range []int64{1, 10, 60, 600, 3600, 6 * 3600, 24 * 3600} {
		length *= second
		for _, from := range []int64{0, 5 * week, 3*hour + 17*second/2, week - 1} {
			end := from + 17*24*hour + 1234567890
			var events []int64
			for range 20_000 {
				events = append(events, from+r.Int64N(end-from+1))
			}
			slices.Sort(events)
			w := NewWindows(length, from)
			for _, at := range events {
				w.Add(at)
			}
			w.Finish(end)
			got, n, free := w.Index()

			counts := map[int64]float64{}
			for _, at := range events {
				counts[at/length]++
			}
			byHour := map[int64][]float64{}
			var all []float64
			for i := from / length; (i+1)*length <= end; i++ {
				if begin := i * length; begin >= from {
					h := begin % week / max(hour, length)
					byHour[h] = append(byHour[h], counts[i])
					all = append(all, counts[i])
				}
			}
			squares, sum := 0.0, 0.0
			for _, list := range byHour {
				mean := 0.0
				for _, x := range list {
					mean += x / float64(len(list))
				}
				for _, x := range list {
					squares += (x - mean) * (x - mean)
					sum += x
				}
			}
			dof := float64(len(all) - len(byHour))
			want := squares / dof / (sum / float64(len(all)))
			if n != int64(len(all)) || free != int64(dof) || math.Abs(got-want) > 1e-9*want {
				t.Errorf("windows of %d s from %d: index %v of %d, %d free; want %v of %d, %v free", length/second, from, got, n, free, want, len(all), dof)
			}
		}
	}
}

func TestWindowsOfNothing(t *testing.T) {
	w := NewWindows(minute, 0)
	w.Finish(30_000_000)
	if index, n, free := w.Index(); index != 0 || n != 0 || free != 0 {
		t.Errorf("index %v of %d, %d free; want none", index, n, free)
	}
	w = NewWindows(minute, 0)
	w.Add(5)
	w.Add(90_000_000) // in a window that is not over
	w.Finish(100_000_000)
	if index, n, free := w.Index(); index != 0 || n != 1 || free != 0 {
		t.Errorf("index %v of %d, %d free; want one window", index, n, free)
	}
}
