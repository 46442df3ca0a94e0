package result

// A Difference is by how much one side of a comparison has more than the
// other, pair by pair over replications with the same people at the same
// instants.
type Difference struct {
	Mean float64  `json:"mean"`
	Low  *float64 `json:"low"` // Student's interval of the mean; null for one replication
	High *float64 `json:"high"`

	Median     float64  `json:"median"`      // the lower one of two
	MedianLow  *float64 `json:"median_low"`  // by order statistics; null: no limit by so few replications
	MedianHigh *float64 `json:"median_high"` // likewise

	Less  int     `json:"less"` // replications
	Equal int     `json:"equal"`
	More  int     `json:"more"`
	P     float64 `json:"p"` // exact two-sided sign test of more against less
	N     int     `json:"n"` // replications
}

// Clear reports whether the interval of the mean leaves out zero.
func (d *Difference) Clear() bool {
	return d.Low != nil && (*d.Low > 0 || *d.High < 0)
}
