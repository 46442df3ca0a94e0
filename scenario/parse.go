package scenario

import (
	"bytes"
	"fmt"
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
	f.license(p)
	f.key(p, has["license"])
	f.cohorts(p)
	f.expectations(p)
	if len(p.errs) > 0 {
		return nil, p.mistakes(data)
	}
	s := f.Scenario
	return &s, nil
}

// mistakes is the list of what was noted, sorted.
func (p *parser) mistakes(data []byte) Errors {
	lines := bytes.Count(bytes.TrimSuffix(data, []byte("\n")), []byte("\n")) + 1
	for _, e := range p.errs {
		if e.Pos.Line > lines { // after the last line break
			e.Pos.Line, e.Pos.Column = lines, 1
		}
	}
	p.errs.sort()
	if len(p.errs) == maxErrors {
		p.errs[maxErrors-1].Hint = fmt.Sprintf("there may be more; the first %d are listed", maxErrors)
	}
	return p.errs
}
