package engine

// A Listener hears what a [Table] does, in order. It must not call the table,
// but for [Table.Rows] when it hears of a refusal.
type Listener func(Event)

// An Event is something that a table did.
type Event struct {
	Kind  Kind
	At    Time
	User  UserID
	Conn  ConnID // Released: the connection, when it is one
	Via   Via    // 0 when a hold, a grace or a unit set apart ended
	Cause Cause  // Released, Reset: why
	Units int    // change of the units in use

	InUse          int // units in use after the event
	Connections    int // connections charged after the event
	RowConnections int // Transitioned: the user's connections

	Refusal *Refusal // Refused; valid during the call
}

// Kind is what an [Event] tells.
type Kind uint8

// The kinds of event.
const (
	Granted Kind = iota + 1
	Refused
	Released
	Transitioned
	Reset
)

var kindNames = [...]string{Granted: "granted", Refused: "refused", Released: "released", Transitioned: "transitioned", Reset: "reset"}

func (k Kind) String() string { return kindNames[k] }

// Cause is why units or a connection were released: the way that a connection
// ended, or one of the constants here.
type Cause uint8

// Causes besides the values of [How].
const (
	HoldEnded Cause = numHows + iota
	GraceEnded
	ApartEnded
	LoggedIn // the connection went to another license user ID
)

func (c Cause) String() string {
	switch c {
	case HoldEnded:
		return "hold ended"
	case GraceEnded:
		return "grace ended"
	case ApartEnded:
		return "unit set apart ended"
	case LoggedIn:
		return "login"
	}
	return How(c).String()
}

// Reason is why a connection was refused.
type Reason uint8

// The reasons.
const (
	LimitReached           Reason = iota + 1 // the key has no unit left
	UserLimitReached                         // SetUserLimit allows no more
	ConnectionLimitReached                   // SetConnectionLimit allows no more
	DiagnosticTaken                          // the emergency session is open
)

var reasonNames = [...]string{
	LimitReached: "limit", UserLimitReached: "user_limit", ConnectionLimitReached: "connection_limit", DiagnosticTaken: "diagnostic",
}

func (r Reason) String() string { return reasonNames[r] }

// short reports whether units or connections of the key were lacking.
func (r Reason) short() bool { return r == LimitReached || r == UserLimitReached }

// viaLogin is the via of a refused login.
const viaLogin Via = numVias

// A Refusal is the error of a connection or login that was refused for lack
// of license units.
type Refusal struct {
	At     Time
	User   UserID // 0 for a second emergency session
	Tag    uint64 // the user's
	Via    Via
	Login  bool // an explicit login was refused; Via is 0
	Reason Reason
	Needed int // units that it would have taken
	InUse  int // units in use just before

	Connections int // charged connections open just before

	Free int // units that were free, or connections where the key limits those; negative is unlimited

	csp CSPRefusal
}

// ViaName is the refused via, or "login".
func (r *Refusal) ViaName() string {
	if r.Login {
		return "login"
	}
	return r.Via.String()
}

func (r *Refusal) Error() string { return r.ClientSees() }

// ClientSees is what the refused client gets (rules: client-sees).
func (r *Refusal) ClientSees() string {
	switch {
	case r.Login:
		return "Login returns 0"
	case r.Via == REST || r.Via == CSP && r.csp == Unavailable:
		return "503 Service Unavailable"
	case r.Via == SOAP:
		return "500 ERROR #5915: Unable to allocate a license"
	case r.Via == CSP:
		return "404 Page not found"
	case r.Via == XDBC:
		return "<COMMUNICATION ERROR> Unable to allocate a license"
	case r.Reason == UserLimitReached:
		return "<LICENSE ALLOCATION EXCEEDED>"
	}
	return "<LICENSE LIMIT EXCEEDED>"
}

func (t *Table) tell(e Event) {
	e.InUse, e.Connections = int(t.inUse), int(t.connections)
	t.listener(e)
}

// free is what the key still allows.
func (t *Table) free() int {
	used := t.inUse
	if t.policy.LimitOn == LimitConnections {
		used = t.connections
	}
	if t.limit < 0 {
		return -1
	}
	return int(max(0, t.limit-used))
}

func (t *Table) refuse(at Time, via Via, user UserID, reason Reason, need int32) *Refusal {
	t.refusal = Refusal{At: at, User: user, Via: via, Reason: reason, Needed: int(max(need, 0)), InUse: int(t.inUse), csp: t.policy.CSPRefusal}
	t.refusal.Free, t.refusal.Connections = t.free(), int(t.connections)
	if user != 0 {
		t.refusal.Tag = t.tags[user]
	}
	if via == viaLogin {
		t.refusal.Via, t.refusal.Login = 0, true
	}
	if t.listener != nil {
		t.tell(Event{Kind: Refused, At: at, User: user, Via: t.refusal.Via, Refusal: &t.refusal})
	}
	return &t.refusal
}
