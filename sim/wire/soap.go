package wire

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"slices"
	"strings"

	"highwater/engine"
)

// A Version is that of SOAP.
type Version uint8

// The versions.
const (
	SOAP11 Version = iota
	SOAP12
)

// envelopes are the name spaces of envelopes.
var envelopes = [...]string{SOAP11: "http://schemas.xmlsoap.org/soap/envelope/", SOAP12: "http://www.w3.org/2003/05/soap-envelope"}

// The name space of the calls.
const calls = "urn:highwater"

// Action is the action of a cohort's calls.
func (e Endpoint) Action() string { return calls + "/" + e.Slug }

// ContentType is that of an envelope. Of SOAP 1.2 it has the action, when
// there is one.
func (v Version) ContentType(action string) string {
	switch {
	case v == SOAP11:
		return "text/xml; charset=utf-8"
	case action == "":
		return "application/soap+xml; charset=utf-8"
	}
	return `application/soap+xml; charset=utf-8; action="` + action + `"`
}

// Begin is an envelope up to what is in its header.
func (v Version) Begin() string {
	return xml.Header + `<SOAP-ENV:Envelope xmlns:SOAP-ENV="` + envelopes[v] + `">`
}

// Parts of an envelope, around what is in its header and its body.
const (
	HeaderBegin = `<SOAP-ENV:Header>`
	HeaderEnd   = `</SOAP-ENV:Header>`
	BodyBegin   = `<SOAP-ENV:Body>`
	BodyEnd     = `</SOAP-ENV:Body></SOAP-ENV:Envelope>` + "\n"

	CallBody = `<Call xmlns="` + calls + `"/>` // of a call to the emulated target
)

// AppendCall appends the envelope of a call to the emulated target.
func (v Version) AppendCall(b []byte) []byte {
	return append(append(b, v.Begin()+BodyBegin+CallBody...), BodyEnd...)
}

// AppendAnswer appends the envelope of an answer.
func (v Version) AppendAnswer(b []byte) []byte {
	b = append(append(b, v.Begin()...), BodyBegin...)
	return append(append(b, `<CallResponse xmlns="`+calls+`"><CallResult>1</CallResult></CallResponse>`...), BodyEnd...)
}

// AppendFault appends the envelope of a fault, of the client or the server.
func (v Version) AppendFault(b []byte, client bool, text string) []byte {
	b = append(append(b, v.Begin()...), BodyBegin+`<SOAP-ENV:Fault>`...)
	code, begin, mid, end := "Server", `<faultcode>SOAP-ENV:`, `</faultcode><faultstring>`, `</faultstring></SOAP-ENV:Fault>`
	if v == SOAP12 {
		code, begin, mid = "Receiver", `<SOAP-ENV:Code><SOAP-ENV:Value>SOAP-ENV:`, `</SOAP-ENV:Value></SOAP-ENV:Code><SOAP-ENV:Reason><SOAP-ENV:Text xml:lang="en">`
		end = `</SOAP-ENV:Text></SOAP-ENV:Reason></SOAP-ENV:Fault>`
	}
	if client {
		code = [...]string{SOAP11: "Client", SOAP12: "Sender"}[v]
	}
	b = append(append(append(b, begin...), code...), mid...)
	return append(append(append(b, escaped(text)...), end...), BodyEnd...)
}

func escaped(s string) []byte {
	var b bytes.Buffer
	_ = xml.EscapeText(&b, []byte(s)) // a buffer does not fail
	return b.Bytes()
}

// A Fault is what a SOAP envelope says has gone wrong.
type Fault struct {
	Code string
	Text string
}

// Errors of [ParseEnvelope].
var (
	errNoXML      = errors.New("not XML")
	errNoEnvelope = errors.New("not a SOAP envelope")
)

// ParseEnvelope reads a SOAP envelope: its version, and its fault, nil when it
// has none.
func ParseEnvelope(data []byte) (Version, *Fault, error) {
	d := xml.NewDecoder(bytes.NewReader(data))
	d.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) { return r, nil } // names are ASCII
	var e struct {
		XMLName xml.Name
		Body    *struct {
			XMLName xml.Name
			Fault   *struct {
				XMLName xml.Name
				Code    string `xml:"faultcode"`
				Text    string `xml:"faultstring"`
				Value   string `xml:"Code>Value"`
				Reason  string `xml:"Reason>Text"`
			}
		}
	}
	if err := d.Decode(&e); err != nil {
		return 0, nil, errNoXML
	}
	v := Version(slices.Index(envelopes[:], e.XMLName.Space))
	if int(v) >= len(envelopes) || e.XMLName.Local != "Envelope" || e.Body == nil || e.Body.XMLName.Space != e.XMLName.Space {
		return 0, nil, errNoEnvelope
	}
	f := e.Body.Fault
	switch {
	case f == nil || f.XMLName.Space != e.XMLName.Space:
		return v, nil, nil
	case v == SOAP12:
		return v, &Fault{f.Value, f.Reason}, nil
	}
	return v, &Fault{f.Code, f.Text}, nil
}

// licenseErrors are the texts of the error of a refused call: as REST and SOAP
// services give it, and as the error reference does.
var licenseErrors = []string{"Unable to allocate a license", "Cannot allocate a license"}

// LicenseFault reports whether a text tells of a refusal for lack of license
// units.
func LicenseFault(text string) bool {
	for _, s := range licenseErrors {
		if strings.Contains(text, s) {
			return true
		}
	}
	return false
}

// Refused reports whether an answer says that the client was refused for lack
// of license units. Where a status alone tells it, other causes may have the
// same one.
func Refused(via engine.Via, status int, body []byte) bool {
	switch via {
	case engine.REST:
		return status == 503
	case engine.CSP:
		return status == 503 || status == 404 || status == 401 && strings.Contains(string(body), "Login returns 0")
	case engine.SOAP:
		_, fault, err := ParseEnvelope(body)
		return status == 500 && (err == nil && fault != nil && LicenseFault(fault.Text) || err != nil && LicenseFault(string(body)))
	}
	return false
}
