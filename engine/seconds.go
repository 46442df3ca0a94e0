package engine

import (
	"errors"
	"math/big"
	"math/bits"
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

// UnitTime is an integral of license units over time, exact to the
// unit-microsecond.
type UnitTime struct{ hi, lo uint64 }

func (u *UnitTime) add(units, d uint64) {
	hi, lo := bits.Mul64(units, d)
	var carry uint64
	u.lo, carry = bits.Add64(u.lo, lo, 0)
	u.hi, _ = bits.Add64(u.hi, hi, carry)
}

// Seconds is u in unit-seconds.
func (u UnitTime) Seconds() float64 {
	return (float64(u.hi)*(1<<64) + float64(u.lo)) / float64(Second)
}

// MarshalJSON writes u as a number of unit-seconds with at most six decimals.
func (u UnitTime) MarshalJSON() ([]byte, error) {
	if u.hi == 0 && u.lo < 1<<63 {
		return Time(u.lo).AppendSeconds(nil), nil
	}
	v := new(big.Int).SetUint64(u.hi)
	v.Lsh(v, 64).Or(v, new(big.Int).SetUint64(u.lo))
	whole, frac := v.DivMod(v, big.NewInt(int64(Second)), new(big.Int))
	b := whole.Append(nil, 10)
	if frac.Sign() != 0 {
		b = append(b, Time(frac.Int64()).AppendSeconds(nil)[1:]...)
	}
	return b, nil
}

// UnmarshalJSON reads a number of unit-seconds with at most six decimals.
func (u *UnitTime) UnmarshalJSON(b []byte) error {
	r, ok := new(big.Rat).SetString(string(b))
	if !ok || r.Sign() < 0 {
		return errSyntax
	}
	r.Mul(r, new(big.Rat).SetInt64(int64(Second)))
	if !r.IsInt() || r.Num().BitLen() > 128 {
		return errSyntax
	}
	u.lo = new(big.Int).And(r.Num(), new(big.Int).SetUint64(1<<64-1)).Uint64()
	u.hi = new(big.Int).Rsh(r.Num(), 64).Uint64()
	return nil
}
