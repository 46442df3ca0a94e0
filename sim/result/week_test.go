package result

import (
	"encoding/json"
	"strings"
	"testing"
)

// Whoever draws a week by the hours of a result that was changed by hand finds
// a place for each, or hears of it before.
func TestWeekHour(t *testing.T) {
	for text, ok := range map[string]bool{"0": true, "167": true, "168": false, "-1": false, "1.5": false, "null": false, `"7"`: false, "99999999999999999999": false} {
		var h HourMean
		err := json.Unmarshal([]byte(`{"hour_of_week": `+text+`, "mean_units": 1}`), &h)
		if ok != (err == nil) || err != nil && !strings.HasSuffix(err.Error(), "hour_of_week must be from 0 to 167, not "+text) {
			t.Errorf("%s: %v", text, err)
		}
	}
	for h, want := range map[WeekHour][2]int{0: {0, 0}, 23: {0, 23}, 24: {1, 0}, 167: {6, 23}} {
		if day, hour := h.Cell(); day != want[0] || hour != want[1] {
			t.Errorf("hour %d is hour %d of day %d, want %v", h, hour, day, want)
		}
	}
}

// A difference with one limit alone, which nobody computes, is not clear.
func TestDifferenceIsClear(t *testing.T) {
	low, high := 0.5, 2.0
	for _, tt := range []struct {
		d    Difference
		want bool
	}{
		{Difference{Low: &low, High: &high}, true},
		{Difference{Low: &low}, false},
		{Difference{High: &high}, false},
		{Difference{}, false},
		{Difference{Low: &low, High: &high, Equal: 1, P: 0.04, Confidence: 0.95}, true},
		{Difference{Low: &low, High: &high, Equal: 1, P: 0.06, Confidence: 0.95}, false},
	} {
		if got := tt.d.Clear(); got != tt.want {
			t.Errorf("%+v: %v, want %v", tt.d, got, tt.want)
		}
	}
}
