package trace

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/bits"
	"slices"
	"strconv"
	"strings"
	"time"

	"highwater/engine"
)

// maxLine is the longest line of a trace, in bytes.
const maxLine = 1 << 20

// A JSONReader reads a trace of JSON lines.
type JSONReader struct {
	name    string
	r       *bufio.Reader
	rest    string // of the chunk
	line    int64
	pending bool  // the first line is an event, in ev
	failed  error // of the first line, to be told by Next
	header  Header
	ev      Event
	text    string // of the line

	fields        [numFields]value
	present, seen fieldSet
	others        []string // unknown fields that are null
	take          func(key string, v value) error
}

// NewJSONReader reads the header, if there is one. Name is the file's, for
// messages. A bad header is told by the first Next.
func NewJSONReader(name string, r io.Reader) *JSONReader {
	j := &JSONReader{name: name, r: bufio.NewReaderSize(r, maxLine+2)}
	j.take = j.member // made once
	isHeader, err := j.read(true)
	switch {
	case err != nil:
		j.failed = err
	case !isHeader:
		j.pending = true
	}
	return j
}

// Header says how the trace was made.
func (j *JSONReader) Header() Header { return j.header }

// Name is the file's name.
func (j *JSONReader) Name() string { return j.name }

// Next yields the next event. Its errors are io.EOF, a *[LineError] or the
// underlying reader's.
func (j *JSONReader) Next() (*Event, error) {
	if j.failed != nil {
		err := j.failed
		if err != io.EOF {
			j.failed = nil
		}
		return nil, err
	}
	if j.pending {
		j.pending = false
		return &j.ev, nil
	}
	if _, err := j.read(false); err != nil {
		return nil, err
	}
	return &j.ev, nil
}

// read reads the next line that is not blank, into j.ev or j.header.
func (j *JSONReader) read(first bool) (isHeader bool, err error) {
	for {
		line, err := j.nextLine()
		if err != nil {
			return false, err
		}
		if j.line == 1 {
			line = strings.TrimPrefix(line, "\ufeff")
		}
		if space(line, 0) == len(line) {
			continue
		}
		j.text = line
		isHeader, err = j.parse(first)
		if err != nil {
			return false, j.errorf("%v", err)
		}
		return isHeader, nil
	}
}

func (j *JSONReader) errorf(format string, args ...any) error {
	return &LineError{j.name, j.line, fmt.Sprintf(format, args...)}
}

// chunk is how much of a trace is copied at once, in bytes. Texts of events are
// parts of a chunk: who keeps one for long should clone it.
const chunk = 64 << 10

// nextLine is the next line. One that is too long is passed over and is an
// error.
func (j *JSONReader) nextLine() (string, error) {
	if j.rest == "" {
		if err := j.fill(); err != nil {
			return "", err
		}
	}
	j.line++
	line, rest, _ := strings.Cut(j.rest, "\n")
	j.rest = rest
	if len(line) > maxLine {
		return "", j.errorf("line is longer than %d bytes", maxLine)
	}
	return line, nil
}

// fill copies the whole lines that have been read, up to a chunk, or the next
// line when it is longer or the last one.
func (j *JSONReader) fill() error {
	_, _ = j.r.Peek(1) // reads when nothing is left; ReadSlice tells its error
	read, _ := j.r.Peek(min(chunk, j.r.Buffered()))
	if n := bytes.LastIndexByte(read, '\n') + 1; n > 0 {
		j.rest = string(read[:n])
		_, err := j.r.Discard(n)
		return err
	}
	line, err := j.r.ReadSlice('\n')
	j.rest = string(line)
	for err == bufio.ErrBufferFull { // far too long: nextLine says so
		_, err = j.r.ReadSlice('\n')
	}
	switch {
	case err != nil && err != io.EOF:
		return fmt.Errorf("after line %d: %w", j.line, err)
	case len(line) == 0:
		return io.EOF
	}
	return nil
}

// field numbers the fields of a trace.
type field uint8

const (
	fOp field = iota
	fAt
	fConn
	fVia
	fAddr
	fUser
	fSession
	fParent
	fInstance
	fSessionful
	fPerson
	fDevice
	fCohort
	fForwarded
	fID
	fHow
	fFor
	fUnits
	fName
	fUp
	fTrace
	fEpoch
	fEnd
	fPolicy
	fOptions
	fSchedule
	numFields
)

var fieldNames = [numFields]string{
	"op", "at", "conn", "via", "addr", "user", "session", "parent", "instance", "sessionful", "person", "device",
	"cohort", "forwarded", "id", "how", "for", "units", "name", "up", "trace", "epoch", "end", "policy", "options", "schedule",
}

// kinds of the fields' values; at and epoch are looked at when they are used.
var fieldKinds = [numFields]kindOf{
	fOp: text, fAt: number, fConn: text, fVia: text, fAddr: text, fUser: text, fSession: text, fParent: text,
	fInstance: text, fSessionful: boolean, fPerson: text, fDevice: text, fCohort: text, fForwarded: text, fID: text,
	fHow: text, fFor: number, fUnits: number, fName: text, fUp: boolean,
	fTrace: number, fEpoch: text, fEnd: number, fPolicy: text, fOptions: object, fSchedule: text,
}

type fieldSet uint32

func set(fields ...field) (s fieldSet) {
	for _, f := range fields {
		s |= 1 << f
	}
	return s
}

var (
	who = set(fConn, fVia, fAddr, fUser, fSession, fParent, fInstance, fSessionful, fPerson, fDevice, fCohort, fForwarded)

	// allowed and required fields by operation; operation 0 is the header.
	allowed = [numOps]fieldSet{
		0:       set(fTrace, fEpoch, fEnd, fUnits, fPolicy, fOptions, fSchedule),
		Connect: who | set(fOp, fAt), Page: set(fOp, fAt, fConn), Login: set(fOp, fAt, fConn, fID),
		Disconnect: set(fOp, fAt, fConn, fHow), Request: who | set(fOp, fAt, fFor), Key: set(fOp, fAt, fUnits),
		Server: set(fOp, fAt, fName, fUp), Instance: set(fOp, fAt, fName, fUp),
	}
	required = [numOps]fieldSet{
		0:       set(fTrace),
		Connect: set(fAt, fConn, fVia), Page: set(fAt, fConn), Login: set(fAt, fConn, fID), Disconnect: set(fAt, fConn),
		Request: set(fAt, fVia, fFor), Key: set(fAt, fUnits), Server: set(fAt, fName, fUp), Instance: set(fAt, fName, fUp),
	}
)

// fieldOf finds a field. The first letter is enough to look at few names.
func fieldOf(key string) (field, bool) {
	if key == "" {
		return 0, false
	}
	for _, f := range byLetter[key[0]] {
		if fieldNames[f] == key {
			return f, true
		}
	}
	return 0, false
}

var byLetter = func() (index [256][]field) {
	for f, name := range fieldNames {
		index[name[0]] = append(index[name[0]], field(f))
	}
	return index
}()

// parse reads the scanned line.
func (j *JSONReader) parse(first bool) (isHeader bool, err error) {
	present, err := j.members()
	if err != nil {
		return false, err
	}
	op := Op(0)
	if present&set(fOp) != 0 {
		name := j.fields[fOp].text
		if op = opOf(name); op == 0 {
			return false, fmt.Errorf("unknown op %q", name)
		}
	} else if !first {
		return false, errors.New("only the first line may lack op")
	}
	if err := j.check(op, present); err != nil {
		return false, err
	}
	if op == 0 {
		return true, j.parseHeader(present)
	}
	return false, j.parseEvent(op, present)
}

func opOf(name string) Op {
	for op, n := range opNames {
		if n == name && op != 0 {
			return Op(op)
		}
	}
	return 0
}

// members scans the members of the line's object into j.fields.
func (j *JSONReader) members() (present fieldSet, err error) {
	j.present, j.seen, j.others = 0, 0, j.others[:0]
	end, err := eachMember(j.text, 0, j.take)
	if err == nil && space(j.text, end) != len(j.text) {
		err = errJSON
	}
	return j.present, err
}

// member takes one member of the line's object.
func (j *JSONReader) member(key string, v value) error {
	f, known := fieldOf(key)
	switch {
	case known && j.seen&(1<<f) != 0, !known && slices.Contains(j.others, key):
		return fmt.Errorf("field %q is given twice", key)
	case known:
		j.seen |= 1 << f
	case v.kind != null:
		return fmt.Errorf("unknown field %q", key)
	default:
		j.others = append(j.others, key)
		return nil
	}
	if v.kind != null {
		j.present |= 1 << f
		j.fields[f] = v
	}
	return nil
}

// check looks at which fields an operation has, and at their kinds.
func (j *JSONReader) check(op Op, present fieldSet) error {
	if extra := present &^ allowed[op]; extra != 0 {
		return fmt.Errorf("%s has no field %q", opTitle(op), firstOf(extra))
	}
	if missing := required[op] &^ present; missing != 0 {
		return fmt.Errorf("%s needs field %q", opTitle(op), firstOf(missing))
	}
	for left := present; left != 0; left &= left - 1 {
		f := field(bits.TrailingZeros32(uint32(left)))
		if j.fields[f].kind == fieldKinds[f] || f == fAt && j.fields[f].kind == text {
			continue
		}
		return fmt.Errorf("%s must be %s, not %s", fieldNames[f], kindNames[fieldKinds[f]], kindNames[j.fields[f].kind])
	}
	return nil
}

func opTitle(op Op) string {
	if op == 0 {
		return "a line without op"
	}
	return op.String()
}

func firstOf(s fieldSet) string {
	for f := range numFields {
		if s&(1<<f) != 0 {
			return fieldNames[f]
		}
	}
	return ""
}

// str is the value of a field, "" when it is not present.
func (j *JSONReader) str(f field, present fieldSet) string {
	if present&(1<<f) == 0 {
		return ""
	}
	return j.fields[f].text
}

func (j *JSONReader) parseEvent(op Op, present fieldSet) (err error) {
	j.ev = Event{Op: op, Line: j.line}
	ev := &j.ev
	if err := j.instant(ev); err != nil {
		return err
	}
	if present&(1<<fConn) != 0 {
		ev.Conn, ev.HasConn = j.fields[fConn].text, true
	}
	switch op {
	case Connect, Request:
		return j.parseWho(ev, present)
	case Login:
		ev.ID = j.fields[fID].text
	case Disconnect:
		if present&(1<<fHow) != 0 {
			how, ok := engine.ParseHow(j.fields[fHow].text)
			if !ok {
				return fmt.Errorf("how must be %s, not %q", strings.Join(engine.Hows(), ", "), j.fields[fHow].text)
			}
			ev.How = how
		}
	case Key:
		ev.Units, err = whole(j.fields[fUnits].text)
	case Server, Instance:
		ev.Name, ev.Up = j.fields[fName].text, j.fields[fUp].text == "true"
	}
	return err
}

func (j *JSONReader) parseWho(ev *Event, present fieldSet) (err error) {
	via, ok := engine.ParseVia(j.fields[fVia].text)
	if !ok {
		return fmt.Errorf("via must be %s, not %q", strings.Join(engine.Vias(), ", "), j.fields[fVia].text)
	}
	ev.Via = via
	ev.Addr, ev.User, ev.Session = j.str(fAddr, present), j.str(fUser, present), j.str(fSession, present)
	ev.Person, ev.Device, ev.Cohort = j.str(fPerson, present), j.str(fDevice, present), j.str(fCohort, present)
	ev.Forwarded, ev.Instance = j.str(fForwarded, present), j.str(fInstance, present)
	if present&(1<<fParent) != 0 {
		ev.Parent = j.fields[fParent].text
	}
	ev.Sessionful = present&(1<<fSessionful) != 0 && j.fields[fSessionful].text == "true"
	if ev.Op == Request {
		if ev.For, err = seconds(j.fields[fFor].text); err != nil {
			return fmt.Errorf("for %w, not %s", err, j.fields[fFor].text)
		}
	}
	return nil
}

// instant reads at: seconds, or a clock time.
func (j *JSONReader) instant(ev *Event) (err error) {
	v := j.fields[fAt]
	if v.kind == number {
		if ev.At, err = seconds(v.text); err != nil {
			return fmt.Errorf("at %w, not %s", err, v.text)
		}
		return nil
	}
	clock, err := time.Parse(time.RFC3339, v.text)
	if err != nil || clock.Year() < 1678 || clock.Year() > 2261 {
		return fmt.Errorf("at must be seconds or an RFC 3339 time, not %q", v.text)
	}
	ev.Clock, ev.HasClock = clock.UnixNano(), true
	return nil
}

// seconds is [engine.ParseSeconds] with a short way for plain numbers.
func seconds(s string) (engine.Time, error) {
	v, decimals := int64(0), -1
	if len(s) > 17 {
		return engine.ParseSeconds(s)
	}
	for i := range len(s) {
		c := s[i]
		switch {
		case c >= '0' && c <= '9':
			v = v*10 + int64(c-'0')
			if decimals >= 0 {
				decimals++
			}
		case c == '.' && decimals < 0:
			decimals = 0
		default:
			return engine.ParseSeconds(s)
		}
	}
	decimals = max(decimals, 0)
	if decimals > 6 || len(s) > 9+decimals {
		return engine.ParseSeconds(s)
	}
	return engine.Time(v * [...]int64{1e6, 1e5, 1e4, 1e3, 100, 10, 1}[decimals]), nil
}

// whole reads a whole number of units.
func whole(s string) (int, error) {
	n, err := strconv.ParseUint(s, 10, 31)
	if err != nil {
		return 0, fmt.Errorf("units must be a whole number >= 0, not %s", s)
	}
	return int(n), nil
}

func (j *JSONReader) parseHeader(present fieldSet) (err error) {
	h := Header{Policy: strings.Clone(j.str(fPolicy, present))}
	if j.fields[fTrace].text != "1" {
		return fmt.Errorf("trace must be 1, not %s", j.fields[fTrace].text)
	}
	if present&(1<<fEpoch) != 0 {
		h.Epoch, err = time.Parse(time.RFC3339, j.fields[fEpoch].text)
		if err != nil || h.Epoch.Year() < 1678 || h.Epoch.Year() > 2261 {
			return fmt.Errorf("epoch must be an RFC 3339 time, not %q", j.fields[fEpoch].text)
		}
	}
	if present&(1<<fEnd) != 0 {
		if h.End, err = seconds(j.fields[fEnd].text); err != nil {
			return fmt.Errorf("end %w, not %s", err, j.fields[fEnd].text)
		}
	}
	if present&(1<<fUnits) != 0 {
		h.HasUnits = true
		if h.Units, err = whole(j.fields[fUnits].text); err != nil {
			return err
		}
	}
	if present&(1<<fSchedule) != 0 {
		h.Schedule = strings.Clone(j.fields[fSchedule].text)
		if sum, err := hex.DecodeString(h.Schedule); err != nil || len(sum) != sha256.Size {
			return fmt.Errorf("schedule must be a SHA-256 in hex, not %q", h.Schedule)
		}
	}
	if present&(1<<fOptions) != 0 {
		if h.Options, err = parseOptions(strings.Clone(j.fields[fOptions].text)); err != nil {
			return err
		}
	}
	if err := h.valid(); err != nil {
		return err
	}
	j.header = h
	return nil
}

// valid looks at whether the policy and the options exist.
func (h *Header) valid() error {
	p, ok := engine.NamedPolicy(h.Policy)
	if !ok {
		return fmt.Errorf("policy must be %s, not %q", strings.Join(engine.PolicyNames(), ", "), h.Policy)
	}
	for _, o := range h.Options {
		if err := p.Set(o.Name, o.Value); err != nil {
			return err
		}
	}
	return nil
}

// parseOptions reads the options of a header, an object of JSON.
func parseOptions(options string) (list []engine.Setting, err error) {
	_, err = eachMember(options, 0, func(name string, v value) error {
		if slices.ContainsFunc(list, func(o engine.Setting) bool { return o.Name == name }) {
			return fmt.Errorf("option %q is given twice", name)
		}
		switch v.kind {
		case null:
		case object:
			return fmt.Errorf("option %q must not be an object", name)
		case array:
			names, err := parseList(name, v.text)
			if err != nil {
				return err
			}
			list = append(list, engine.Setting{Name: name, Value: names})
		default:
			list = append(list, engine.Setting{Name: name, Value: v.text})
		}
		return nil
	})
	return list, err
}

// parseList reads a list of strings and joins them with commas.
func parseList(option, list string) (string, error) {
	var names []string
	_, err := scanArray(list, 1, 0, func(v value) error {
		if v.kind != text {
			return fmt.Errorf("option %q must be a list of strings", option)
		}
		names = append(names, v.text)
		return nil
	})
	return strings.Join(names, ","), err
}
