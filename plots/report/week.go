package report

import (
	"math"
	"time"

	"highwater/engine"
)

// addWeek shows the peak and the mean of each hour of the week, of a run that
// is longer than a day and begins at a full hour.
func (r *Report) addWeek(s *timeSeries, c clock) {
	if c.end <= 36*engine.Hour || c.start.IsZero() {
		return
	}
	var peaks, means [7][24]float64
	var hours [7][24]float64
	next, units := 0, 0
	for from := engine.Time(0); from+engine.Hour <= c.end; from += engine.Hour {
		peak, mean := s.stretch(&next, &units, from, from+engine.Hour)
		wall := c.start.Add(secondsOf(from))
		day, hour := (int(wall.Weekday())+6)%7, wall.Hour()
		peaks[day][hour] = max(peaks[day][hour], peak)
		means[day][hour] += mean
		hours[day][hour]++
	}
	for day := range means {
		for hour := range means[day] {
			means[day][hour] /= max(hours[day][hour], 1)
		}
	}
	r.add(section{Title: "Peak by hour and weekday", Text: "The most units in each hour of replication 1, by " + s.name + ".", Table: heatTable(&peaks, &hours)})
	r.add(section{Title: "Mean by hour and weekday", Text: "The mean units in each hour of replication 1, by " + s.name + ".", Table: heatTable(&means, &hours)})
}

// stretch is the peak and the mean of a stretch of time. It goes on from the
// sample next, before which so many units are in use.
func (s *timeSeries) stretch(next, units *int, from, until engine.Time) (peak, mean float64) {
	at, sum := from, 0.0
	for ; *next < len(s.samples) && s.samples[*next].At <= from; *next++ {
		*units = s.value(s.samples[*next])
	}
	peak = float64(*units)
	for ; *next < len(s.samples) && s.samples[*next].At < until; *next++ {
		sum += float64(*units) * (s.samples[*next].At - at).Seconds()
		at, *units = s.samples[*next].At, s.value(s.samples[*next])
		peak = max(peak, float64(*units))
	}
	sum += float64(*units) * (until - at).Seconds()
	return peak, sum / (until - from).Seconds()
}

// heatTable makes a heat map of the hours of the week that there were.
func heatTable(values, hours *[7][24]float64) *table {
	t := &table{Head: []string{""}}
	most := 0.0
	for hour := range 24 {
		t.Head = append(t.Head, time.Date(2024, 1, 1, hour, 0, 0, 0, time.UTC).Format("15"))
	}
	for day := range values {
		for _, v := range values[day] {
			most = max(most, v)
		}
	}
	for day := range values {
		row, heat := []string{time.Weekday((day + 1) % 7).String()[:3]}, []float64{0}
		for hour, v := range values[day] {
			cell := none
			if hours[day][hour] > 0 {
				cell = decimal(math.Round(v))
			}
			row = append(row, cell)
			heat = append(heat, round(0.6*v/max(most, 1)))
		}
		t.Rows, t.Heat = append(t.Rows, row), append(t.Heat, heat)
	}
	return t
}
