package scenario

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// MaxBytes is the size of the largest file that Parse accepts. Who reads one
// more byte of a larger file need not read the rest.
const MaxBytes = 4 << 20

// mostDepth is how deep the parts of a file may nest.
const mostDepth = 16

// mark is a node for a mistake at a place that has none.
func mark(line, column int) *yaml.Node { return &yaml.Node{Line: line, Column: column} }

// document is the mapping that the only document in data is, or nil.
func (p *parser) document(data []byte) *yaml.Node {
	if len(data) > MaxBytes {
		p.errorf(mark(1, 1), "the file must have at most %d MiB, and has more", MaxBytes>>20)
		return nil
	}
	if len(bytes.TrimLeft(data, "\ufeff \t\r\n")) == 0 {
		p.errorf(mark(1, 1), "the file must hold a scenario, and is empty")
		return nil
	}
	if !p.characters(data) {
		return nil
	}
	doc, second, err := decode(data)
	switch {
	case err != nil:
		p.syntax(err, data)
	case doc == nil:
		p.errorf(mark(1, 1), "the file must hold a scenario, and is empty")
	case second != nil:
		p.errorf(second, "the file must hold one document, and a second one begins here")
	}
	if doc == nil {
		return nil
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

// decode reads the first document, nil without one, and the second, if any.
func decode(data []byte) (doc, second *yaml.Node, err error) {
	d := yaml.NewDecoder(bytes.NewReader(data))
	for _, to := range []**yaml.Node{&doc, &second} {
		n := new(yaml.Node)
		err = d.Decode(n)
		if errors.Is(err, io.EOF) {
			return doc, second, nil
		}
		if err != nil {
			return doc, second, err
		}
		*to = n
	}
	return doc, second, nil
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
	if p.full() {
		return true
	}
	if depth > mostDepth {
		p.errorf(n, "the file must be at most %d levels deep", mostDepth)
		return false
	}
	switch {
	case n.Kind == yaml.AliasNode:
		p.errorf(n, "must be written out, not the alias %s", quote("*"+n.Value))
		return true
	case n.Anchor != "":
		p.errorf(n, "must not have the anchor %s", quote("&"+n.Anchor))
	case n.Style&yaml.TaggedStyle != 0:
		p.errorf(n, "must not have the tag %s", quote(n.Tag))
	}
	for i, c := range n.Content {
		key := n.Kind == yaml.MappingNode && i%2 == 0
		switch {
		case key && c.Kind != yaml.ScalarNode && c.Kind != yaml.AliasNode:
			p.errorf(c, "a field must be named by a text, not %s", describe(c))
		case key && c.ShortTag() == "!!merge":
			p.errorf(c, "must be written out, not merged by %s", quote("<<"))
		}
		if !p.structure(c, depth+1) {
			return false
		}
	}
	return true
}
