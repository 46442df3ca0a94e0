package scenario

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// Limits of a file.
const (
	mostBytes = 4 << 20
	mostDepth = 16
)

// Parse reads the scenario in data, which stands in the file name. The
// function read, which may be nil, loads the files of empirical
// distributions; it takes their paths as written, which are relative to the
// scenario file. The error is an [Errors] with every mistake in the file.
func Parse(name string, data []byte, read func(path string) ([]byte, error)) (*Scenario, error) {
	p := &parser{file: name, read: read, files: map[string]*sample{}}
	root := p.document(data)
	if root == nil {
		return nil, p.mistakes(data)
	}
	var f file
	has := fileObject.read(p, root, 0, &f)
	if has["license"] != nil {
		f.license(p)
		f.key(p, has["license"])
	}
	f.cohorts(p)
	if len(p.errs) > 0 {
		return nil, p.mistakes(data)
	}
	s := f.Scenario
	return &s, nil
}

// mistakes is the list of what was noted, sorted.
func (p *parser) mistakes(data []byte) Errors {
	p.errs.sort()
	if len(p.errs) == maxErrors {
		p.errs[maxErrors-1].Hint = fmt.Sprintf("there may be more; the first %d are listed", maxErrors)
	}
	return p.errs
}

// mark is a node for a mistake at a place that has none.
func mark(line, column int) *yaml.Node { return &yaml.Node{Line: line, Column: column} }

// document is the mapping that the only document in data is, or nil.
func (p *parser) document(data []byte) *yaml.Node {
	if len(data) > mostBytes {
		p.errorf(mark(1, 1), "the file must have at most %d MiB, not %.1f", mostBytes>>20, float64(len(data))/(1<<20))
		return nil
	}
	if !p.characters(data) {
		return nil
	}
	d := yaml.NewDecoder(bytes.NewReader(data))
	var doc, second yaml.Node
	if err := d.Decode(&doc); errors.Is(err, io.EOF) {
		p.errorf(mark(1, 1), "the file must hold a scenario, and is empty")
		return nil
	} else if err != nil {
		p.syntax(err, data)
		return nil
	}
	if err := d.Decode(&second); err == nil {
		p.errorf(&second, "the file must hold one document, and a second one begins here")
	} else if !errors.Is(err, io.EOF) {
		p.syntax(err, data)
	}
	root := doc.Content[0]
	if !p.structure(root, 1) {
		return nil
	}
	if root.Kind != yaml.MappingNode {
		p.wrong(root, "the file", "must be a mapping of fields such as name: and license:")
		return nil
	}
	return root
}

// characters notes the first character that has no place in a text file.
func (p *parser) characters(data []byte) bool {
	line, column := 1, 1
	for i := 0; i < len(data); {
		r, size := utf8.DecodeRune(data[i:])
		bad := ""
		switch {
		case r == utf8.RuneError && size == 1:
			bad = fmt.Sprintf("a byte 0x%02x", data[i])
		case r == '\r' && (i+1 == len(data) || data[i+1] != '\n'):
			bad = "a carriage return without a line feed"
		case r == '\uFEFF' && i == 0:
			column--
		case r < ' ' && !strings.ContainsRune("\t\r\n", r), r >= 0x7f && r < 0xa0, r == '\uFEFF', r == '\u2028', r == '\u2029', r >= '\uFFFE' && r <= '\uFFFF':
			bad = fmt.Sprintf("a character %U", r)
		}
		if bad != "" {
			p.errorf(mark(line, column), "the file must be plain UTF-8 text, and has %s here", bad)
			return false
		}
		i += size
		column++
		if r == '\n' {
			line, column = line+1, 1
		}
	}
	return true
}

// structure notes what YAML has and a scenario has not: aliases, anchors,
// merge keys, tags and great depth. It reports whether the depth is sane.
func (p *parser) structure(n *yaml.Node, depth int) bool {
	if depth > mostDepth {
		p.errorf(n, "the file must be at most %d levels deep", mostDepth)
		return false
	}
	switch {
	case n.Kind == yaml.AliasNode:
		p.errorf(n, "must not have aliases, not %s", quote("*"+n.Value)).Hint = "write it out"
		return true
	case n.Anchor != "":
		p.errorf(n, "must not have anchors, not %s", quote("&"+n.Anchor))
	case n.Style&yaml.TaggedStyle != 0:
		p.errorf(n, "must not have tags, not %s", quote(n.Tag))
	}
	for i, c := range n.Content {
		if key := n.Kind == yaml.MappingNode && i%2 == 0; key {
			switch {
			case c.Kind != yaml.ScalarNode && c.Kind != yaml.AliasNode:
				p.errorf(c, "a field must be named by a text, not %s", describe(c))
			case c.ShortTag() == "!!merge":
				p.errorf(c, "must not have merge keys, not %s", quote("<<")).Hint = "write the fields out"
			}
		}
		if !p.structure(c, depth+1) {
			return false
		}
	}
	return true
}

var syntaxLine = regexp.MustCompile(`^line ([0-9]+): `)

// syntax notes trouble of the YAML reader, which knows the line at best.
func (p *parser) syntax(err error, data []byte) {
	msg := strings.TrimPrefix(err.Error(), "yaml: ")
	line := 1
	if m := syntaxLine.FindStringSubmatch(msg); m != nil {
		line, _ = strconv.Atoi(m[1]) // digits
		msg = msg[len(m[0]):]
	}
	p.errorf(mark(line, 1), "%s", msg)
}
