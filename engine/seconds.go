package engine

import (
	"errors"
	"strconv"
	"strings"
)

// Errors of [ParseSeconds].
var (
	errSyntax   = errors.New("must be a number of seconds")
	errNegative = errors.New("must not be negative")
	errTooLate  = errors.New("must be less than 285 years")
)

// ParseSeconds reads a decimal number of seconds, such as 12, 0.25 or 1e-3,
// and rounds it to the nearest microsecond, halves up. The rounding is done
// on the decimal digits, so that no float comes between. It fails on what is
// not a number, on a negative one and on one after [MaxTime].
func ParseSeconds(s string) (Time, error) {
	digits, negative := strings.CutPrefix(s, "-")
	mantissa, exp, err := cutExponent(digits)
	if err != nil {
		return 0, err
	}
	whole, frac, point := strings.Cut(mantissa, ".")
	if whole == "" || point && frac == "" || !allDigits(whole) || !allDigits(frac) {
		return 0, errSyntax
	}
	all := whole + frac
	if negative && strings.Trim(all, "0") != "" {
		return 0, errNegative
	}
	// all, read as an integer, times 10^shift is a number of microseconds.
	return scale(strings.TrimLeft(all, "0"), exp-len(frac)+6)
}

func cutExponent(s string) (mantissa string, exp int, err error) {
	i := strings.IndexAny(s, "eE")
	if i < 0 {
		return s, 0, nil
	}
	exp, err = strconv.Atoi(s[i+1:])
	if err != nil {
		return "", 0, errSyntax
	}
	return s[:i], max(-10_000_000, min(exp, 10_000_000)), nil
}

func allDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// scale is digits times 10^shift, rounded half up.
func scale(digits string, shift int) (Time, error) {
	if digits == "" {
		return 0, nil
	}
	if len(digits)+shift > 16 {
		return 0, errTooLate
	}
	up := int64(0)
	if shift < 0 {
		cut := len(digits) + shift
		if cut < 0 {
			return 0, nil
		}
		if digits[cut] >= '5' {
			up = 1
		}
		digits, shift = digits[:cut], 0
	}
	v := int64(0)
	if digits != "" {
		v, _ = strconv.ParseInt(digits, 10, 64) // at most 16 digits
	}
	for range shift {
		v *= 10
	}
	if Time(v+up) > MaxTime {
		return 0, errTooLate
	}
	return Time(v + up), nil
}
