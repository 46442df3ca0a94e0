package attack

import (
	"errors"
	"math"
	"testing"

	"highwater/sim/attack/record"
)

// What is no number of units is a look that failed; only where there is no such
// metric at all the target is not asked again.
func TestHostileMetrics(t *testing.T) {
	for _, tt := range []struct {
		text  string
		ok    bool
		none  bool
		units float64
	}{
		{"iris_license_consumed 7\n", true, false, 7},
		{"iris_license_consumed 0\n", true, false, 0},
		{"iris_license_consumed 2147483647\n", true, false, math.MaxInt32},
		{"iris_license_consumed{ns=\"A\"} 3\niris_license_consumed{ns=\"B\"} 4\n", true, false, 7},
		{"iris_license_consumed NaN\n", false, false, 0},
		{"iris_license_consumed +Inf\n", false, false, 0},
		{"iris_license_consumed -5\n", false, false, 0},
		{"iris_license_consumed 1e300\n", false, false, 0},
		{"iris_license_consumed 2147483648\n", false, false, 0},
		{"iris_license_available 7\n", false, true, 0},
	} {
		var s record.Sample
		err := readMetrics(&s, tt.text)
		if (err == nil) != tt.ok || errors.Is(err, errNoMetrics) != tt.none || tt.ok && s.Consumed != tt.units {
			t.Errorf("%q: %v units, %v", tt.text, s.Consumed, err)
		}
	}
}
