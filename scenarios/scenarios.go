// Package scenarios holds the scenarios that come with the program. Each opens
// with the question that it answers.
package scenarios

import "embed"

// Files are the scenarios, by file name.
//
//go:embed *.yaml
var Files embed.FS
