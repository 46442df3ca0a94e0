package sim

import (
	"time"

	"highwater/engine"
	"highwater/sim/result"
)

// episodeGap ends an episode of refusals: the next one that comes so long after
// the last begins another.
const episodeGap = engine.Minute

// refusals counts refusals in three ways.
type refusals struct {
	attempts, episodes, minutes int64

	byHour [hoursInWeek]int64 // attempts
	last   engine.Time
	minute engine.Time // of the week, of the last
}

// add counts a refused attempt of a run that began at start. They come in order
// of time.
func (r *refusals) add(start time.Time, at engine.Time) {
	clock := sinceMonday(start) + at
	minute := clock / engine.Minute
	if r.attempts == 0 || at-r.last >= episodeGap {
		r.episodes++
	}
	if r.attempts == 0 || minute != r.minute {
		r.minutes++
	}
	r.attempts++
	r.byHour[int(clock/engine.Hour)%hoursInWeek]++
	r.last, r.minute = at, minute
}

// sum adds those of another run.
func (r *refusals) sum(o *refusals) {
	r.attempts += o.attempts
	r.episodes += o.episodes
	r.minutes += o.minutes
	for i, n := range o.byHour {
		r.byHour[i] += n
	}
}

func (r *refusals) result() result.RefusalCounts {
	c := result.RefusalCounts{Attempts: r.attempts, Episodes: r.episodes, Minutes: r.minutes, ByHour: []result.HourCount{}}
	for hour, n := range r.byHour {
		if n > 0 {
			c.ByHour = append(c.ByHour, result.HourCount{Hour: result.WeekHour(hour), Attempts: n})
		}
	}
	return c
}
