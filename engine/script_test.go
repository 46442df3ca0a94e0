package engine

import (
	"bytes"
	goflag "flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"highwater/internal/golden"
)

// TestMain has rapid try more than its usual 100 sequences.
func TestMain(m *testing.M) {
	if err := goflag.Set("rapid.checks", "400"); err != nil {
		panic(err)
	}
	m.Run()
}

// A script is one file of testdata while it is replayed. Its paragraphs are
// comments, commands, a line of four dashes and the result of the commands;
// testdata/commands.txt explains the commands.
type script struct {
	*Instance
	policy Policy
	at     Time
	used   bool                // anything has happened since the policy was chosen
	number int64               // of connects; names fresh license user IDs
	open   map[string][]ConnID // by name, the oldest first
	out    []string
}

func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) { replay(t, file) })
	}
}

// replay replays a file and compares its results, or rewrites them.
func replay(t *testing.T, file string) {
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	s := &script{}
	s.choose(t, "policy iris-2022.3")
	var rewritten []byte
	line := 0
	for paragraph := range strings.SplitSeq(strings.TrimSuffix(string(text), "\n"), "\n\n") {
		top, want, replayed := strings.Cut(paragraph, "\n----")
		s.out = nil
		for i, command := range strings.Split(top, "\n") {
			if command != "" && command[0] != '#' {
				s.run(t, fmt.Sprintf("%s:%d: %s", file, line+i+1, command), command)
			}
		}
		line += strings.Count(paragraph, "\n") + 2
		if !replayed {
			rewritten = fmt.Appendf(rewritten, "%s\n\n", paragraph)
			continue
		}
		s.say("units %d, connections %d", s.InUse(), s.Connections())
		got := strings.Join(s.out, "\n")
		if want = strings.TrimPrefix(want, "\n"); got != want && !*golden.Update {
			t.Errorf("%s: before line %d:\n%s\n---- got\n%s\n---- want\n%s", file, line, top, got, want)
		}
		rewritten = fmt.Appendf(rewritten, "%s\n----\n%s\n\n", top, got)
	}
	if *golden.Update {
		if err := os.WriteFile(file, append(bytes.TrimSuffix(rewritten, []byte("\n\n")), '\n'), 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

func (s *script) say(format string, args ...any) { s.out = append(s.out, fmt.Sprintf(format, args...)) }

// run does one command; where says where it stands.
func (s *script) run(t *testing.T, where, command string) {
	t.Helper()
	words := strings.Fields(command)
	switch words[0] {
	case "policy", "units":
		s.choose(t, command)
		return
	case "key":
		if len(words) == 1 {
			s.say("key %d", s.Units())
			return
		}
		s.SetKey(s.at, atoi(t, where, words[1]))
	case "at":
		s.at = duration(t, where, words[1])
		s.Advance(s.at)
	case "connect":
		s.connect(t, where, words[1], words[2:])
	case "calls":
		s.calls(t, where, words[1:])
	case "page", "login", "disconnect":
		s.use(t, where, words)
	case "SetConnectionLimit":
		s.say("formerly %d", s.SetConnectionLimit(atoi(t, where, words[1])))
	case "SetUserLimit":
		s.say("formerly %d", s.SetUserLimit(atoi(t, where, words[1])))
	case "table":
		s.table()
	case "peak":
		p := s.Peak()
		s.say("peak %d units at %ss, %d connections", p.Units, p.At.AppendSeconds(nil), s.PeakConnections())
	default:
		t.Fatalf("%s: unknown command", where)
	}
	s.used = true
}

// choose begins anew, with another policy or another key.
func (s *script) choose(t *testing.T, command string) {
	words := strings.Fields(command)
	units := 0
	if words[0] == "policy" {
		p, ok := NamedPolicy(words[1])
		if !ok {
			t.Fatalf("unknown policy %q", words[1])
		}
		for _, setting := range words[2:] {
			name, value, _ := strings.Cut(setting, "=")
			if err := p.Set(name, value); err != nil {
				t.Fatal(err)
			}
		}
		s.policy, units = p, p.DefaultUnits
	} else {
		if s.used {
			t.Fatalf("%s: only after policy; the command key changes the key of a running instance", command)
		}
		units = atoi(t, command, words[1])
	}
	s.Instance = NewInstance(s.policy, units, s.hear)
	s.at, s.used, s.number, s.open = 0, false, 0, map[string][]ConnID{}
}

// hear writes down refusals and transitions.
func (s *script) hear(e Event) {
	switch e.Kind {
	case Refused:
		r := e.Refusal
		s.say("refused: %s (needed %d, %d in use), sees %s", r.Reason, r.Needed, r.InUse, r.ClientSees())
	case Transitioned:
		s.say("%s transitions with %d connections", s.UserName(s.Tag(e.User)), e.RowConnections)
	}
}

func (s *script) connect(t *testing.T, where, name string, words []string) {
	c := Client{Via: Terminal, Addr: name}
	parent, times := ConnID(0), 1
	for len(words) > 0 {
		word := words[0]
		words = words[1:]
		if n, ok := strings.CutPrefix(word, "x"); ok && len(n) > 0 {
			times = atoi(t, where, n)
			continue
		}
		if word == "sessionful" {
			c.Sessionful = true
			continue
		}
		if len(words) == 0 {
			t.Fatalf("%s: %s what?", where, word)
		}
		switch value := words[0]; word {
		case "via":
			via, ok := ParseVia(value)
			if !ok {
				t.Fatalf("%s: unknown via", where)
			}
			if c.Via = via; via == Job {
				c.Addr = ""
			}
		case "from":
			if c.Addr = value; value == "nowhere" {
				c.Addr = ""
			}
		case "parent":
			parent = s.open[value][0]
		default:
			field, ok := map[string]*string{"user": &c.User, "session": &c.Session, "forwarded": &c.Forwarded, "person": &c.Person, "device": &c.Device}[word]
			if !ok {
				t.Fatalf("%s: unknown word %q", where, word)
			}
			*field = value
		}
		words = words[1:]
	}
	for range times {
		s.number++
		if id, refusal := s.Connect(s.at, &c, parent, s.number, 0); refusal == nil {
			s.open[name] = append(s.open[name], id)
		}
	}
}

// calls makes calls that follow one another: N/s for T lasting T, and what
// connect takes.
func (s *script) calls(t *testing.T, where string, words []string) {
	rate, _ := strings.CutSuffix(words[0], "/s")
	start, n, lasting := s.at, Time(atoi(t, where, rate)), duration(t, where, words[4])
	for k := range duration(t, where, words[2]) / Second * n {
		s.at = start + k*Second/n
		s.connect(t, where, "calls", words[5:])
		s.at += lasting
		for _, id := range s.open["calls"] {
			s.Disconnect(s.at, id, 0)
		}
		s.open["calls"] = nil
	}
}

// use does something with open connections, the oldest of the name first.
func (s *script) use(t *testing.T, where string, words []string) {
	open := s.open[words[1]]
	if len(open) == 0 {
		t.Fatalf("%s: nothing is open", where)
	}
	switch words[0] {
	case "page":
		s.Page(s.at, open[0])
	case "login":
		err := s.Login(s.at, open[0], words[2])
		switch {
		case err == ErrIllegalValue:
			s.say("%v", err)
		case err == nil && !s.Charged(open[0]):
			s.say("%s is not counted", words[1])
		case err == nil:
			user := s.UserOf(open[0])
			s.say("%s logs in as %s, connections %d", words[1], s.UserName(s.Tag(user)), s.RowConnections(user))
		}
	case "disconnect":
		times, how := 1, How(0)
		for _, word := range words[2:] {
			if n, ok := strings.CutPrefix(word, "x"); ok {
				times = atoi(t, where, n)
			} else if how, ok = ParseHow(word); !ok {
				t.Fatalf("%s: unknown way to end", where)
			}
		}
		for _, id := range open[:times] {
			s.Disconnect(s.at, id, how)
		}
		s.open[words[1]] = open[times:]
	}
}

// table lists the license table.
func (s *script) table() {
	var list []string
	for id := range s.rows {
		r := &s.rows[id]
		if r.units == 0 && r.apart == 0 {
			continue
		}
		row := fmt.Sprintf("%s: units %d, connections %d", s.UserName(s.Tag(UserID(id))), r.units, r.n)
		if r.apart > 0 {
			row += fmt.Sprintf(", set apart %d", r.apart)
		}
		if r.transitioned {
			row += ", transitioned"
		}
		list = append(list, row)
	}
	slices.Sort(list)
	s.out = append(s.out, list...)
}

func atoi(t *testing.T, where, text string) int {
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("%s: %v", where, err)
	}
	return n
}

func duration(t *testing.T, where, text string) Time {
	d, err := ParseSeconds(strings.TrimSuffix(text, "s"))
	if err != nil {
		t.Fatalf("%s: %v", where, err)
	}
	return d
}

// A new policy, option or value is a new paragraph, before it is anything else.
func TestEveryPolicyOptionAndValueHasAScript(t *testing.T) {
	policies, settings := map[string]bool{}, map[string]bool{}
	files, _ := filepath.Glob("testdata/*.txt")
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			if words := strings.Fields(line); len(words) > 1 && words[0] == "policy" {
				policies[words[1]] = true
				for _, setting := range words[2:] {
					name, _, _ := strings.Cut(setting, "=")
					settings[name], settings[setting] = true, true
				}
			}
		}
	}
	for _, name := range PolicyNames() {
		if !policies[name] {
			t.Errorf("no script has policy %s", name)
		}
	}
	for _, o := range Options() {
		values := o.Values
		switch o.Kind {
		case "bool":
			values = []string{"true", "false"}
		case "list":
			values = nil
		}
		if !settings[o.Name] {
			t.Errorf("no script has option %s", o.Name)
		}
		for _, v := range values {
			if v != o.Value(&defaults) && !settings[o.Name+"="+v] {
				t.Errorf("no script has option %s=%s", o.Name, v)
			}
		}
	}
}
