// Package engine counts license units the way an InterSystems
// concurrent-user key does.
//
// The engine has no clock and does no I/O. Every call carries the time it
// happens at, and a caller that has timers to keep asks [Table.NextExpiry]
// when to come back. Times must not go backwards.
//
// A [Table] is the license table of one instance: rows of license user IDs
// that are small integers, connections and units. An [Instance] is a Table
// that knows who its clients are: it turns addresses, user names and web
// sessions into license user IDs by the options of its [Policy]. Neither is
// safe for concurrent use; each replication has its own.
//
// The rules carry handles ("rules: transition"), which are explained with
// their public sources on the page that highwater help rules prints.
package engine

import "strconv"

// Time is an instant, in microseconds since the start of the run or trace.
// Durations have the same type.
type Time int64

// Units of time.
const (
	Microsecond Time = 1
	Millisecond      = 1000 * Microsecond
	Second           = 1000 * Millisecond
	Minute           = 60 * Second
	Hour             = 60 * Minute
	Day              = 24 * Hour
)

// MaxTime is the latest instant that the engine accepts: about 285 years.
// Up to there a float64 holds every microsecond.
const MaxTime Time = 1<<53 - 1

// Seconds is t in seconds.
func (t Time) Seconds() float64 { return float64(t) / float64(Second) }

// AppendSeconds appends t in seconds, exactly, with at most six decimals.
func (t Time) AppendSeconds(b []byte) []byte {
	if t < 0 {
		b, t = append(b, '-'), -t
	}
	b = strconv.AppendInt(b, int64(t/Second), 10)
	frac := int64(t % Second)
	if frac == 0 {
		return b
	}
	b = append(b, '.')
	for digit := int64(100_000); frac > 0; digit /= 10 {
		b = append(b, byte('0'+frac/digit))
		frac %= digit
	}
	return b
}

// MarshalJSON writes t as a number of seconds.
func (t Time) MarshalJSON() ([]byte, error) { return t.AppendSeconds(nil), nil }

// UnmarshalJSON reads a number of seconds, rounded to the microsecond.
func (t *Time) UnmarshalJSON(b []byte) error {
	v, err := ParseSeconds(string(b))
	if err != nil {
		return err
	}
	*t = v
	return nil
}
