package plots

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// unknown stands for a character that the fonts have no glyph for.
const unknown = '□'

// glyphs returns s as the fonts can write it: what they lack becomes a box, so
// that it is seen that something is there. Selectors of variants, which show
// nothing themselves, go.
func glyphs(s string) string {
	if strings.IndexFunc(s, func(r rune) bool { return r > unicode.MaxASCII }) < 0 {
		return s
	}
	faces := fonts()
	return strings.Map(func(r rune) rune {
		if r <= unicode.MaxASCII {
			return r
		}
		if unicode.Is(unicode.Variation_Selector, r) {
			return -1
		}
		regular, err := faces.regular.Face.GlyphIndex(nil, r)
		bold, errBold := faces.bold.Face.GlyphIndex(nil, r)
		if err != nil || errBold != nil || regular == 0 || bold == 0 || r > 0xFFFF { // PDF embeds no more
			return unknown
		}
		return r
	}, s)
}

// apart returns names as one line each. Those that differ, but not in what the
// fonts can write of them, are numbered from the second on.
func apart(names []string) []string {
	list := make([]string, len(names))
	seen := map[string][]string{} // by what is written
	for i, name := range names {
		name = clean(name)
		written := glyphs(name)
		n := slices.Index(seen[written], name)
		if n < 0 {
			n = len(seen[written])
			seen[written] = append(seen[written], name)
		}
		if list[i] = name; n > 0 {
			list[i] += fmt.Sprintf(" (%d)", n+1)
		}
	}
	return list
}
