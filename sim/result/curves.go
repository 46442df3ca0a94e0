package result

import (
	"math"

	"highwater/engine"
)

// Curves are the license units that a scenario's requests were predicted to
// take, those that they took by the instants at which they were sent, and
// those that the target reported. Instants are the scenario's.
type Curves struct {
	From    engine.Time `json:"from"`
	To      engine.Time `json:"to"` // the end of all curves
	Policy  string      `json:"policy"`
	Units   int         `json:"units"`   // of the scenario's key; 0 is unlimited
	Partial bool        `json:"partial"` // the attack ended before its plan did; predicted is what was sent until then
	Held    bool        `json:"held"`    // the people whom the target holds itself are in all of them
	Idle    int         `json:"idle"`    // units that the target reported before the first request, and that are in all of them

	// Before is how many units more than the people whom it holds take the
	// target reported before the first request. They are in no curve, and no
	// difference.
	Before int `json:"before"`

	Predicted *Curve `json:"predicted"` // null when the scenario is not known
	AsRun     *Curve `json:"as_run"`
	Reported  *Curve `json:"as_reported"` // null when the target reported nothing

	Divergence *Divergence  `json:"divergence"` // null when the target reported nothing
	Difference *Attribution `json:"difference"` // null when the target reported nothing
	Outcomes   *Outcomes    `json:"outcomes"`
	Words      []string     `json:"words"` // why they differ
	Notes      []string     `json:"notes"`
	Unlike     string       `json:"unlike,omitempty"`   // why what the target said cannot be compared
	Verdict    string       `json:"verdict,omitempty"`  // of --max-divergence
	Why        string       `json:"why,omitempty"`      // of a verdict other than agrees
	Schedule   string       `json:"schedule,omitempty"` // SHA-256 of the schedule, where they are not part of a result of attack, which has it
}

// The verdicts on a divergence, besides [Inconclusive].
const (
	Agrees   = "agrees"
	Diverges = "diverges" // of an attack, too
)

// A Curve is one of them.
type Curve struct {
	To           engine.Time      `json:"to"` // its end: the last sample as reported, the last answer, predicted and as run, when the attack was cut short
	Peak         engine.Peak      `json:"peak"`
	Mean         float64          `json:"mean"`         // units, over the time; as reported each sample lasts until the next
	Sampled      *float64         `json:"sampled_mean"` // units, at the instants of the samples; null without samples
	FirstRefusal *CurveRefusal    `json:"first_refusal"`
	Refused      int64            `json:"refused"`
	RefusedByVia map[string]int64 `json:"refused_by_via"`
	FirstOpen    bool             `json:"first_refusal_open,omitempty"` // as reported: the target may have refused people whom it holds itself before
	RefusedOpen  bool             `json:"refused_open,omitempty"`       // as reported: it may have refused such people, too
	TimedOut     int64            `json:"timed_out"`                    // attempts that gave up at a proxy, and took no unit; as reported 0, as the target sees none

	Drawn  []Stretch `json:"drawn"` // in at most 600 stretches of equal length, those that differ from the one before
	Series []Sample  `json:"-"`     // each change

	Samples []Point `json:"samples,omitempty"` // as reported, in the time that is compared; none where there are more than 600

	TimeAt   []UnitsTime    `json:"time_at_units,omitempty"` // in the time that is compared; as reported each sample lasts until the next
	Hours    []HourUse      `json:"by_hour,omitempty"`       // of the week, likewise; none when the clock is not known
	Refusals *RefusalCounts `json:"refusals,omitempty"`      // likewise; null in a result from before there were such counts
	AtPeak   *CurvePeak     `json:"at_peak,omitempty"`       // null as reported, as a target does not say it
}

// A CurvePeak says who holds the units at the peak of a curve, and why. The
// units that were in use before the first request are not among them.
type CurvePeak struct {
	Split    []CategoryUnits `json:"split"` // every category, in one order
	ByCohort []CohortSplit   `json:"by_cohort"`
	Top      []CurveHolder   `json:"top"`     // the ten license user IDs with the most units
	Holders  int             `json:"holders"` // license user IDs that hold units
	Notes    []string        `json:"notes"`   // what is doubtful
}

// A CurveHolder is a license user ID that holds units.
type CurveHolder struct {
	LicenseUserID string `json:"license_user_id"`
	Cohort        string `json:"cohort"` // several when they share it
	Units         int    `json:"units"`
	Connections   int    `json:"connections"`
}

// A Point is the units at an instant.
type Point struct {
	At    engine.Time `json:"at"`
	Units int         `json:"units"`
}

// MostStretches is how many stretches a curve is drawn by at the most.
const MostStretches = 600

// A Stretch is a stretch of a curve: the units from an instant to that of the
// next stretch.
type Stretch struct {
	At   engine.Time `json:"at"`
	Low  int         `json:"low"`
	High int         `json:"high"`
}

// A CurveRefusal is the first refusal of a curve.
type CurveRefusal struct {
	At     engine.Time `json:"at"`
	Via    string      `json:"via"`              // or "login"
	Cohort string      `json:"cohort,omitempty"` // "" when it is not known
	InUse  int         `json:"in_use"`           // units in use just before; 0 when it is not known
}

// A Divergence says how far the reported units lie from those as run. A
// request takes its unit at some instant from its sending to its answer; what
// lies outside of that uncertainty is real.
type Divergence struct {
	Samples     int         `json:"samples"`     // looks at the target's units
	Failed      int         `json:"failed"`      // that brought none
	Apart       engine.Time `json:"apart"`       // the median from one sample to the next; 0 of one
	Largest     int         `json:"largest"`     // difference from the curve as run, in units
	LargestAt   engine.Time `json:"largest_at"`  // when it is first so large
	Uncertainty float64     `json:"uncertainty"` // the mean width of what the instants allow, in units
	Outside     int         `json:"outside"`     // samples outside of that
	Most        int         `json:"most"`        // units that one lies outside, at the most
	MostAt      engine.Time `json:"most_at"`     // when it is first so far
	More        bool        `json:"more"`        // the target reported more there, not fewer
	Mean        BatchMean   `json:"mean"`        // of what the samples have beyond the curve as run, in units
	Allowed     *int        `json:"allowed"`     // units; null when any are
	Range       []BandAt    `json:"-"`           // what the instants allow at each sample
}

// Off is by how many units the target is off: by Most for certain at one
// sample, or by more than that on average, which may be within what the
// instants leave open.
func (d *Divergence) Off() float64 { return max(float64(d.Most), math.Abs(d.Mean.Mean)) }

// AtMost is the upper limit of Off, with [LimitConfidence]. It is false where
// there are too few samples for one. The lower limit is Most.
func (d *Divergence) AtMost() (units float64, ok bool) {
	if d.Mean.Low == nil || d.Mean.High == nil {
		return 0, false
	}
	return max(float64(d.Most), -*d.Mean.Low, *d.Mean.High), true
}

// A BatchMean is the mean of what was seen at consecutive instants, which is
// alike where they are close together. Its limits are Student's of the means
// of batches, each with [LimitConfidence]; null where there is too little.
type BatchMean struct {
	Mean    float64  `json:"mean"`
	Low     *float64 `json:"low"`
	High    *float64 `json:"high"`
	N       int      `json:"n"`
	Batches int      `json:"batches"` // of equally many; 0 without limits
}

// An Attribution is what the mean units at the samples, as reported and as
// predicted, differ by. It is the sum of its parts.
type Attribution struct {
	Samples int       `json:"samples"`
	Total   BatchMean `json:"total"`
	Timing  *float64  `json:"timing"` // as run beyond predicted: slower answers, later requests, other refusals; null without a prediction
	Open    float64   `json:"open"`   // as reported beyond as run, within what the instants leave open: attributed to nothing
	Others  float64   `json:"others"` // beyond that, the same units in every sample: others, rather than the rules
	Rules   float64   `json:"rules"`  // the rest of what lies outside: other rules, or others who come and go
}

// Outcomes compare who got in with what the rules leave no doubt about,
// whatever the order of what happened between the instants that are known.
type Outcomes struct {
	Attempts     int64         `json:"attempts"`      // for a connection, that were admitted or refused
	Certain      int64         `json:"certain"`       // of which the rules leave no doubt
	RefusedFree  int64         `json:"refused_free"`  // of those: refused, and units were free
	AdmittedFull int64         `json:"admitted_full"` // of those: admitted, and none was free
	First        *CurveRefusal `json:"first"`         // that differs; null when none does
	Allowed      *int64        `json:"allowed"`       // that differ; null when any are
}

// Wrong is how many attempts differ for certain.
func (o *Outcomes) Wrong() int64 { return o.RefusedFree + o.AdmittedFull }

// A BandAt is what a sample may be, and what it is.
type BandAt struct {
	From, To  engine.Time // when it was taken
	Low, High int
	Reported  int
	Before    int // units of those in use before the first request that may be there yet
}
