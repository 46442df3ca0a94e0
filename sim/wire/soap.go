package wire

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"

	"highwater/engine"
)

// envelope is the name space of SOAP 1.1 envelopes.
const envelope = "http://schemas.xmlsoap.org/soap/envelope/"

// The name space of the calls.
const calls = "urn:highwater"

const (
	envelopeBegin = xml.Header + `<SOAP-ENV:Envelope xmlns:SOAP-ENV="` + envelope + `"><SOAP-ENV:Body>`
	envelopeEnd   = `</SOAP-ENV:Body></SOAP-ENV:Envelope>` + "\n"
)

// Action is the value of SOAPAction for a cohort's calls.
func (e Endpoint) Action() string { return `"` + calls + "/" + e.Slug + `"` }

// AppendCall appends the envelope of a call.
func AppendCall(b []byte) []byte {
	return append(append(append(b, envelopeBegin...), `<Call xmlns="`+calls+`"/>`...), envelopeEnd...)
}

// AppendAnswer appends the envelope of an answer.
func AppendAnswer(b []byte) []byte {
	return append(append(append(b, envelopeBegin...), `<CallResponse xmlns="`+calls+`"><CallResult>1</CallResult></CallResponse>`...), envelopeEnd...)
}

// AppendFault appends the envelope of a fault, such as code Server.
func AppendFault(b []byte, code, text string) []byte {
	b = append(b, envelopeBegin+`<SOAP-ENV:Fault><faultcode>SOAP-ENV:`...)
	b = append(b, escaped(code)...)
	b = append(b, `</faultcode><faultstring>`...)
	b = append(b, escaped(text)...)
	return append(append(b, `</faultstring></SOAP-ENV:Fault>`...), envelopeEnd...)
}

func escaped(s string) []byte {
	var b bytes.Buffer
	_ = xml.EscapeText(&b, []byte(s)) // a buffer does not fail
	return b.Bytes()
}

// A Fault is what a SOAP envelope says has gone wrong.
type Fault struct {
	Code string `xml:"faultcode"`
	Text string `xml:"faultstring"`
}

// Errors of [ParseEnvelope].
var (
	errNoXML      = errors.New("not XML")
	errNoEnvelope = errors.New("not a SOAP envelope")
)

// ParseEnvelope reads a SOAP 1.1 envelope: its fault, nil when it has none.
func ParseEnvelope(data []byte) (*Fault, error) {
	d := xml.NewDecoder(bytes.NewReader(data))
	d.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) { return r, nil } // names are ASCII
	var e struct {
		XMLName xml.Name
		Body    *struct {
			Fault *Fault `xml:"http://schemas.xmlsoap.org/soap/envelope/ Fault"`
		} `xml:"http://schemas.xmlsoap.org/soap/envelope/ Body"`
	}
	if err := d.Decode(&e); err != nil {
		return nil, errNoXML
	}
	if e.XMLName.Space != envelope || e.XMLName.Local != "Envelope" || e.Body == nil {
		return nil, errNoEnvelope
	}
	return e.Body.Fault, nil
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
		fault, err := ParseEnvelope(body)
		return status == 500 && (err == nil && fault != nil && LicenseFault(fault.Text) || err != nil && LicenseFault(string(body)))
	}
	return false
}
