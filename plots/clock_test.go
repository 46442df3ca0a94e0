package plots

import (
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // the change to summer time, wherever the test runs
)

// axisOf returns the labels of the time axis of a chart, a hyphen where a tick
// has none.
func axisOf(c *UnitsOverTime) (title, labels string) {
	l := newLayout(c, true)
	var s []string
	for _, t := range l.axis.ticks {
		if t.label == "" {
			t.label = "-"
		}
		s = append(s, t.label)
	}
	return l.axis.title, strings.Join(s, "|")
}

func TestTimeAxis(t *testing.T) {
	vienna, err := time.LoadLocation("Europe/Vienna")
	if err != nil {
		t.Fatal(err)
	}
	spring := time.Date(2026, 3, 29, 0, 0, 0, 0, vienna)
	tests := []struct {
		name   string
		start  time.Time
		end    float64
		title  string
		labels string
	}{
		{"5 seconds", time.Time{}, 5, "elapsed time (seconds)", "0|0.5|1|1.5|2|2.5|3|3.5|4|4.5|5"},
		{"90 seconds", time.Time{}, 90, "elapsed time (seconds)", "0|5|10|15|20|25|30|35|40|45|50|55|60|65|70|75|80|85|90"},
		{"5 minutes", time.Time{}, 300, "elapsed time (minutes:seconds)", "0:00|0:30|1:00|1:30|2:00|2:30|3:00|3:30|4:00|4:30|5:00"},
		{"an hour", time.Time{}, hour, "elapsed time (minutes)", "0|5|10|15|20|25|30|35|40|45|50|55|60"},
		{"5 hours", time.Time{}, 5 * hour, "elapsed time (hours:minutes)", "0:00|0:30|1:00|1:30|2:00|2:30|3:00|3:30|4:00|4:30|5:00"},
		{"a day", time.Time{}, day, "elapsed time (hours)", "0|2|4|6|8|10|12|14|16|18|20|22|24"},
		{"a week", time.Time{}, 7 * day, "elapsed time (days)", "0|1|2|3|4|5|6|7"},
		{"a year", time.Time{}, 365 * day, "elapsed time (days)",
			"0|50|100|150|200|250|300|350"},
		{"5 seconds of the clock", monday, 5, "Monday 2 March 2026 (UTC)", "00:00:00|00:00:01|00:00:02|00:00:03|00:00:04|00:00:05"},
		{"minutes of the clock", monday.Add(8*time.Hour + 7*time.Minute), 20 * minute, "Monday 2 March 2026 (UTC)",
			"08:08|08:10|08:12|08:14|08:16|08:18|08:20|08:22|08:24|08:26"},
		{"a day of the clock", monday, day, "Monday 2 March 2026 (UTC)",
			"00:00|02:00|04:00|06:00|08:00|10:00|12:00|14:00|16:00|18:00|20:00|22:00|24:00"},
		{"a night", monday.Add(18 * time.Hour), 12 * hour, "Mon 2 March 2026 to Tue 3 March 2026 (UTC)",
			"18:00|20:00|22:00|Tue 3 Mar|02:00|04:00|06:00"},
		{"a week of the clock", monday, 7 * day, "Mon 2 March 2026 to Sun 8 March 2026 (UTC)",
			"Mon 2 Mar|Tue 3 Mar|Wed 4 Mar|Thu 5 Mar|Fri 6 Mar|Sat 7 Mar|Sun 8 Mar|-"},
		{"a short first day", monday.Add(20 * time.Hour), 7 * day, "Mon 2 March 2026 to Mon 9 March 2026 (UTC)",
			"-|Tue 3 Mar|Wed 4 Mar|Thu 5 Mar|Fri 6 Mar|Sat 7 Mar|Sun 8 Mar|Mon 9 Mar"},
		{"ten weeks", monday.AddDate(0, 0, 2), 70 * day, "Wed 4 March 2026 to Tue 12 May 2026 (UTC)",
			"9 Mar|16 Mar|23 Mar|30 Mar|6 Apr|13 Apr|20 Apr|27 Apr|4 May|11 May"},
		{"a year of the clock", monday, 365 * day, "Mon 2 March 2026 to Mon 1 March 2027 (UTC)",
			"Mar 2026|Apr 2026|May 2026|Jun 2026|Jul 2026|Aug 2026|Sep 2026|Oct 2026|Nov 2026|Dec 2026|Jan 2027|Feb 2027|-"},
		{"a day of 23 hours", spring, 23 * hour, "Sunday 29 March 2026 (CET/CEST)",
			"00:00|04:00|06:00|08:00|10:00|12:00|14:00|16:00|18:00|20:00|22:00|24:00"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			title, labels := axisOf(&UnitsOverTime{Start: tt.start, End: tt.end})
			if title != tt.title || labels != tt.labels {
				t.Errorf("axis %q, %s; want %q, %s", title, labels, tt.title, tt.labels)
			}
		})
	}
}

func TestStamp(t *testing.T) {
	at := 8*hour + 11*minute + 42.97
	tests := []struct {
		name    string
		start   time.Time
		end, at float64
		short   string // as for a peak
		long    string // as for a refusal
	}{
		{"seconds", time.Time{}, 5, 1.26, "1.2 s", "1.2 s"},
		{"minutes", time.Time{}, 600, 83, "1 min 23 s", "1 min 23 s"},
		{"the start", time.Time{}, day, 0, "the start", "the start"},
		{"hours", time.Time{}, day, at, "8 h 11 min", "8 h 11 min 42 s"},
		{"days", time.Time{}, 9 * day, at + 3*day, "3 d 8 h 11 min", "3 d 8 h 11 min 42 s"},
		{"tenths", monday, 60, 1.26, "00:00:01.2", "00:00:01.2"},
		{"an hour of the clock", monday, hour, 83, "00:01:23", "00:01:23"},
		{"a day of the clock", monday, day, at, "08:11", "08:11:42"},
		{"not quite a second", monday, day, 41.9999999, "00:00", "00:00:42"},
		{"the end of the day", monday, day, day, "24:00", "24:00:00"},
		{"a week of the clock", monday, 7 * day, at + day, "Tue 08:11", "Tue 08:11:42"},
		{"a month of the clock", monday, 30 * day, at + day, "3 Mar 08:11", "3 Mar 08:11:42"},
		{"a year of the clock", monday, 365 * day, at + 360*day, "25 Feb 2027 08:11", "25 Feb 2027 08:11:42"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tl := timeline{tt.start, tt.end}
			if got := tl.stamp(tt.at, false); got != tt.short {
				t.Errorf("stamp(%g, false) = %q; want %q", tt.at, got, tt.short)
			}
			if got := tl.stamp(tt.at, true); got != tt.long {
				t.Errorf("stamp(%g, true) = %q; want %q", tt.at, got, tt.long)
			}
		})
	}
}

func TestUnitTicks(t *testing.T) {
	tests := []struct {
		peak   float64
		limit  int
		labels string
	}{
		{0, 0, "0|1"},
		{1, 0, "0|1"},
		{7, 0, "0|2|4|6|8"},
		{100, 120, "0|20|40|60|80|100|120"},
		{131, 120, "0|50|100|150"},
		{1e6, 0, "0|200,000|400,000|600,000|800,000|1,000,000"},
		{5, 1000, "0|1|2|3|4|5"}, // the limit is off the scale
		{0, 1000, "0|200|400|600|800|1,000"},
	}
	for _, tt := range tests {
		c := &UnitsOverTime{End: 1, Limit: tt.limit, Series: []Series{{Points: []Point{{Units: tt.peak}}}}}
		var labels []string
		for _, tk := range c.scale().ticks() {
			labels = append(labels, tk.label)
		}
		if got := strings.Join(labels, "|"); got != tt.labels {
			t.Errorf("peak %g, limit %d: ticks %s; want %s", tt.peak, tt.limit, got, tt.labels)
		}
	}
}
