package result

import (
	"fmt"
	"strconv"
)

// A WeekHour is an hour of the week from Monday 00:00, 0 to 167.
type WeekHour int

const weekHours = 7 * 24

// Cell is the day from Monday on, 0 to 6, and its hour, 0 to 23.
func (h WeekHour) Cell() (day, hour int) { return int(h) / 24, int(h) % 24 }

// UnmarshalJSON reads an hour that a week has.
func (h *WeekHour) UnmarshalJSON(b []byte) error {
	n, err := strconv.Atoi(string(b))
	if err != nil || n < 0 || n >= weekHours {
		return fmt.Errorf("hour_of_week must be from 0 to %d, not %s", weekHours-1, b)
	}
	*h = WeekHour(n)
	return nil
}
