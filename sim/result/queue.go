package result

import "highwater/engine"

// A Queue is what came of the waiting at a proxy with a cap, over all
// replications. What came, counted again at each retry, was let in, timed out,
// or still waits at the end.
type Queue struct {
	Proxy    string `json:"proxy"`
	Cap      int    `json:"cap"`
	Came     int64  `json:"came"`   // sessions and calls
	LetIn    int64  `json:"let_in"` // at once or later
	Waited   int64  `json:"waited"` // found no place, whatever came of it
	TimedOut int64  `json:"timed_out"`
	Waiting  int64  `json:"waiting_at_end"`

	ShareWaited   *Estimate `json:"share_waited"`     // of what came; null when nothing did
	ShareTimedOut *Estimate `json:"share_timed_out"`  // likewise
	MeanWait      *Estimate `json:"mean_wait"`        // seconds, of all that were let in; null when none was
	MeanIfWaited  *Estimate `json:"mean_wait_if_any"` // seconds, of those let in that had to wait; null when none had
	MeanLength    *Estimate `json:"mean_length"`      // time average of how many wait

	// Waits of all that were let in, within 0.4 %.
	Median      engine.Time `json:"wait_p50"`
	P95         engine.Time `json:"wait_p95"`
	P99         engine.Time `json:"wait_p99"`
	LongestWait engine.Time `json:"longest_wait"` // exact
	Longest     Spread      `json:"longest_queue"`
}

// An Estimate is a quotient of sums over all replications, with Student's
// interval: waits of one replication depend on one another, those of several
// do not.
type Estimate struct {
	Value      float64  `json:"value"`
	Low        *float64 `json:"low"` // null for one replication
	High       *float64 `json:"high"`
	N          int      `json:"n"` // replications
	Confidence float64  `json:"confidence"`
}
