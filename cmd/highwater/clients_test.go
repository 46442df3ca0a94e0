package main

import (
	"context"
	"encoding/json"
	"encoding/xml"
	"io"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"highwater/sim/result"
)

// program finds a program under one of its names.
func program(t *testing.T, names ...string) string {
	t.Helper()
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Skipf("there is no %s here", names[0])
	return ""
}

// output runs a program to its end.
func output(t *testing.T, path string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.WaitDelay = 5 * time.Second
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return string(out)
}

// asked runs a target while something is done to it, and gives its summary.
func asked(t *testing.T, do func(url string), args ...string) (res result.Target) {
	t.Helper()
	code, out, errs := targeted(t, do, append(args, "--json")...)
	if code != 0 {
		t.Fatalf("exit code %d: %s", code, errs)
	}
	if err := json.Unmarshal([]byte(out), &res); err != nil {
		t.Fatal(err)
	}
	return res
}

// curl has one web session with a cookie jar, and one for each page without.
func TestCurl(t *testing.T) {
	curl := program(t, "curl")
	inFolder(t, nil)
	pages := func(url string, n int, args ...string) {
		for range n {
			if out := output(t, curl, append([]string{"-sf", url + "/csp/any/page.csp"}, args...)...); !strings.Contains(out, "<title>any</title>") {
				t.Errorf("a page is %q", out)
			}
		}
	}
	jar := []string{"-b", "jar", "-c", "jar"}
	res := asked(t, func(url string) {
		pages(url, 3, jar...)
		pages(url, 2)
	}, "--units", "9")
	if res.Requests != 5 || res.Sessions != 3 || res.Peak.Units != 3 {
		t.Errorf("%d requests, %d web sessions, %d units; want 5, and 3 for the jar and two pages without", res.Requests, res.Sessions, res.Peak.Units)
	}
	_ = os.Remove("jar")
	res = asked(t, func(url string) {
		pages(url, 1, jar...)
		output(t, curl, append(jar, "-sf", "-d", "IRISUsername=ada&IRISPassword=x&IRISLogin=1", url+"/csp/any/login.csp")...)
		pages(url, 1, jar...)
		output(t, curl, append(jar, "-sf", url+"/csp/any/page.csp?IRISLogout=end")...)
	}, "--units", "9")
	if res.Sessions != 0 || res.Peak.Units != 1 || res.Requests != 4 {
		t.Errorf("%d requests, %d web sessions after the logout, %d units at the peak; want 4, 0 and 1", res.Requests, res.Sessions, res.Peak.Units)
	}
}

// Load generators are callers without cookies from one address: ten
// connections of one license user ID are one unit, and each answer arrives.
func TestGeneratorsOfOthers(t *testing.T) {
	for _, tt := range []struct {
		name, command string
		count         *regexp.Regexp // of the answers, in what it prints
		open          int64          // requests that it may leave at its end
	}{
		{"wrk", "wrk -t1 -c10 -d1s URL", regexp.MustCompile(`(\d+) requests in `), 10},
		{"hey", "hey -n 200 -c 10 URL", regexp.MustCompile(`\[200\]\s+(\d+) responses`), 0},
		{"ab", "ab -q -k -n 200 -c 10 URL", regexp.MustCompile(`Complete requests:\s+(\d+)`), 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := program(t, tt.name)
			var out string
			res := asked(t, func(url string) {
				args := strings.Fields(strings.ReplaceAll(tt.command, "URL", url+"/rest/any"))
				out = output(t, path, args[1:]...)
			}, "--units", "1")
			m := tt.count.FindStringSubmatch(out)
			if m == nil {
				t.Fatalf("%s says %s", tt.name, out)
			}
			n, _ := strconv.ParseInt(m[1], 10, 64)
			if n < 100 || res.Requests < n || res.Requests > n+tt.open || strings.Contains(out, "Non-2xx") {
				t.Errorf("%s has %d answers, the target %d requests:\n%s", tt.name, n, res.Requests, out)
			}
			if res.Peak.Units != 1 || res.Refused != 0 || res.PeakConnections > 10 {
				t.Errorf("%d units, %d connections, %d refused; want one unit", res.Peak.Units, res.PeakConnections, res.Refused)
			}
		})
	}
}

// vegeta's own program attacks the target, and sees as many refusals as the
// target has counted: of two users there is a unit for one.
func TestVegeta(t *testing.T) {
	vegeta := program(t, "vegeta")
	inFolder(t, map[string]string{"targets": ""})
	var report struct {
		Requests int64            `json:"requests"`
		Codes    map[string]int64 `json:"status_codes"`
	}
	res := asked(t, func(url string) {
		targets := "GET " + url + "/rest/any\nAuthorization: Basic YWRhOng=\n\nGET " + url + "/rest/any\nAuthorization: Basic Ym9iOng=\n\n"
		if err := os.WriteFile("targets", []byte(targets), 0o666); err != nil {
			t.Fatal(err)
		}
		output(t, vegeta, "attack", "-targets", "targets", "-rate", "200/s", "-duration", "1s", "-output", "answers")
		if err := json.Unmarshal([]byte(output(t, vegeta, "report", "-type", "json", "answers")), &report); err != nil {
			t.Error(err)
		}
	}, "--units", "1")
	if report.Requests != 200 || report.Codes["200"] != 100 || report.Codes["503"] != 100 || res.Refused != 100 || res.Peak.Units != 1 {
		t.Errorf("vegeta has %+v, the target %d refusals and %d units; want 100 of each, and 1", report, res.Refused, res.Peak.Units)
	}
}

// A browser opens a page and the license table, which has then its session.
func TestBrowser(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel() // it waits
	browser := program(t, "chromium", "chromium-browser", "google-chrome", "chrome")
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	see := func(url string) string {
		cmd := exec.CommandContext(ctx, browser, "--headless=new", "--no-sandbox", "--disable-gpu", "--user-data-dir="+t.TempDir(),
			"--virtual-time-budget=3000", "--dump-dom", url)
		cmd.WaitDelay = 5 * time.Second
		out, err := cmd.Output()
		if err != nil {
			t.Skipf("Chromium does not run here: %v", err)
		}
		return string(out)
	}
	var page, table string
	res := asked(t, func(url string) {
		page = see(url + "/csp/any/page.csp")
		table = see(url)
	}, "--units", "9")
	if !strings.Contains(page, "<h1>any</h1>") || !strings.Contains(page, `name="IRISUsername"`) {
		t.Errorf("the page is %s", page)
	}
	if !strings.Contains(table, "<b>1</b>web session</div>") || !strings.Contains(table, "<td>csp</td>") {
		t.Errorf("the license table has no web session: %s", table)
	}
	if res.Sessions != 1 || res.Peak.Units != 1 {
		t.Errorf("%d web sessions and %d units, want one of each", res.Sessions, res.Peak.Units)
	}
}

// An envelope is SOAP 1.1's, as a client writes and reads it that knows
// nothing of this program.
type (
	outEnvelope struct {
		XMLName xml.Name `xml:"http://schemas.xmlsoap.org/soap/envelope/ Envelope"`
		Body    struct {
			Call struct {
				XMLName xml.Name `xml:"urn:anything Lookup"`
				ID      int      `xml:"id"`
			}
		} `xml:"http://schemas.xmlsoap.org/soap/envelope/ Body"`
	}
	inEnvelope struct {
		XMLName xml.Name `xml:"http://schemas.xmlsoap.org/soap/envelope/ Envelope"`
		Fault   *struct {
			Code string `xml:"faultcode"`
			Text string `xml:"faultstring"`
		} `xml:"Body>Fault"`
		Answer *struct {
			Inner string `xml:",innerxml"`
		} `xml:"Body>CallResponse"`
	}
)

// A SOAP client gets an answer while there is a unit, and a fault when there
// is none.
func TestSOAPClient(t *testing.T) {
	defer http.DefaultClient.CloseIdleConnections()
	var answers []string
	call := func(url, user string) {
		data, err := xml.Marshal(outEnvelope{})
		if err != nil {
			t.Fatal(err)
		}
		req, err := http.NewRequestWithContext(t.Context(), "POST", url+"/soap/any.cls", strings.NewReader(xml.Header+string(data)))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", `text/xml; charset="utf-8"`)
		req.Header.Set("SOAPAction", `"urn:anything/Lookup"`)
		req.SetBasicAuth(user, "x")
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Error(err)
			return
		}
		defer res.Body.Close()
		text, _ := io.ReadAll(res.Body)
		var e inEnvelope
		switch err := xml.Unmarshal(text, &e); {
		case err != nil || (e.Fault == nil) == (e.Answer == nil):
			t.Errorf("%v: %s", err, text)
		case e.Fault != nil:
			answers = append(answers, strconv.Itoa(res.StatusCode)+" "+e.Fault.Code+" "+e.Fault.Text)
		default:
			answers = append(answers, strconv.Itoa(res.StatusCode))
		}
	}
	res := asked(t, func(url string) {
		for _, user := range []string{"ada", "bob", "ada"} {
			call(url, user)
		}
	}, "--units", "1")
	want := []string{"200", "500 SOAP-ENV:Server ERROR #5915: Unable to allocate a license", "200"}
	if !slices.Equal(answers, want) || res.Refused != 1 || res.Peak.Units != 1 {
		t.Errorf("the client has %q, the target %d refusals and %d units; want %q", answers, res.Refused, res.Peak.Units, want)
	}
}
