package words

import (
	"testing"

	"highwater/engine"
	"highwater/sim/result"
)

func TestWords(t *testing.T) {
	seven := 7000
	tests := []struct{ got, want string }{
		{Number(0), "0"},
		{Number(999), "999"},
		{Number(-100), "-100"},
		{Number(-1000), "-1,000"},
		{Number(int64(1234567)), "1,234,567"},
		{Decimal(-1234.56, 1), "-1,234.6"},
		{Decimal(999999.5, 0), "1,000,000"},
		{Decimal(-0.04, 1), "0.0"},
		{Decimal(12, 2), "12.00"},
		{Plural(1, "event"), "1 event"},
		{Plural(0, "event"), "0 events"},
		{Plural(int64(1234567), "event"), "1,234,567 events"},
		{Percent(0), "0 %"},
		{Percent(0.000123), "0.012 %"},
		{Percent(0.0525), "5.3 %"},
		{Percent(0.05), "5 %"},
		{Percent(0.127), "13 %"},
		{Percent(0.9954), "99.5 %"},
		{Percent(0.99999), "99.99 %"}, // never more than there is: 100 % is all
		{Percent(1), "100 %"},
		{UnitsOr(nil, "none"), "none"},
		{UnitsOr(&seven, "none"), "7,000"},
		{Spread(result.Spread{Min: 5, Median: 5, Max: 5}), "5"},
		{Spread(result.Spread{Min: 5, Median: 6, Max: 1000}), "6 (5–1,000)"},
	}
	for _, tt := range tests {
		if tt.got != tt.want {
			t.Errorf("%q, want %q", tt.got, tt.want)
		}
	}
}

func TestSpan(t *testing.T) {
	tests := []struct {
		at          engine.Time
		short, long string
	}{
		{0, "0 s", "0 seconds"},
		{engine.Millisecond - 1, "0 s", "0 seconds"},
		{2 * engine.Millisecond, "2 ms", "2 milliseconds"},
		{10 * engine.Hour, "10 h", "10 hours"},
		{30 * engine.Hour, "1 d 6 h", "1 day 6 hours"},
		{engine.Day + engine.Minute, "1 d 1 min", "1 day 1 minute"},
		{engine.Hour + engine.Minute + engine.Second, "1 h 1 min", "1 hour 1 minute"},
		{9 * engine.Day, "1 w 2 d", "9 days"},
	}
	for _, tt := range tests {
		if got := Span(tt.at); got != tt.short {
			t.Errorf("%d: %q, want %q", tt.at, got, tt.short)
		}
		if got := LongSpan(tt.at); got != tt.long {
			t.Errorf("%d: %q, want %q", tt.at, got, tt.long)
		}
	}
}
