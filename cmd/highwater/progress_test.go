package main

import (
	"testing"
	"time"

	"highwater/sim/attack"
)

// Beside a bar stands as much as there is room for, what matters most first.
func TestProgressFits(t *testing.T) {
	a := attack.Progress{Rate: 1200, InFlight: 7, Refused: 3, Failed: 1, Lag: 120 * time.Microsecond, Reported: 12}
	for _, tt := range []struct {
		room int
		want string
	}{
		{100, "12 units reported, 3 refused, 1 failed, 1,200/s, 7 in flight, lag 120µs"},
		{71, "12 units reported, 3 refused, 1 failed, 1,200/s, 7 in flight, lag 120µs"},
		{70, "12 units reported, 3 refused, 1 failed, 1,200/s, 7 in flight"},
		{28, "12 units reported, 3 refused"},
		{27, "12 units reported"},
		{16, "12 units report…"},
		{-9, ""},
	} {
		if got := fitting(sending(&a), tt.room); got != tt.want {
			t.Errorf("in %d columns: %q, want %q", tt.room, got, tt.want)
		}
	}
	if a.Reported = -1; fitting(sending(&a), 9) != "3 refused" {
		t.Errorf("without units: %q", sending(&a))
	}
}
